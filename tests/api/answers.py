"""The hand-written answers of answers.toml: read, and looked up by what a request asks about which pictures.

There is no default answer: what stands in no entry is an error, whichever API was asked.
"""

import functools
import hashlib
import io
import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jsonschema import validate
from PIL import Image, ImageOps

from course.assets import ROOT
from course.recording import DEFAULT_MODEL
from course.recording.shape import RECORDINGS, load
from helpers import video
from helpers.encoding import DETAILS, open_picture
from helpers.tokens import picture_tokens
from tests.api import faults, receipts
from tests.api.validation import asked_schema

# Constant, so that a rebuilt recording is the same to the byte: 2026-11-22, 12:00 UTC.
CREATED = 1795348800
ANSWERS = Path(__file__).with_name("answers.toml")
_scenes = functools.cache(video.scenes)


@dataclass
class Answer:
    """One hand-written answer of answers.toml, where its fields are explained."""

    pictures: list[str | dict | bytes]
    asked: list[str]
    text: str
    wrong_on_purpose: bool = False
    detail: str | None = None
    fault: str | None = None
    times: int | None = None
    headers: dict[str, str] = field(default_factory=dict)  # sent besides the usual ones
    calls: list[dict] = field(default_factory=list)  # of the tools on offer, in place of a text: name and arguments
    turn: int = 0

    @property
    def question(self) -> tuple:
        return tuple(self.asked), self.detail

    def due(self) -> str | None:
        """The fault whose turn it is: with `times`, the answer comes after so many, and then it all begins again."""
        self.turn += 1
        return None if self.times and self.turn % (self.times + 1) == 0 else self.fault

    def is_about(self, pictures: list[str]) -> bool:
        """Are these the sha256 of its pictures? Only then they are made: all of them take seconds."""
        return pictures == [digest_of(**one) if isinstance(one, dict) else digest_of(one) for one in self.pictures]


@functools.cache
def covering() -> Callable[..., Image.Image]:
    """Return the function of lesson 12 that covers faces and texts, as its cell has it."""
    cells = json.loads((ROOT / "notebooks" / "12_safe_and_fair.ipynb").read_text(encoding="utf-8"))["cells"]
    found = {"Image": Image, "ImageOps": ImageOps}
    exec("".join(next(cell["source"] for cell in cells if cell["id"] == "cover")), found)
    return found["cover"]


@functools.cache  # many entries are about the same picture, and nearly every test starts a server of its own
def digest_of(raw: str | bytes = b"", file: str = "", at: float | None = None, covered: str = "", **how: Any) -> str:
    """The sha256 of a file as it is, or of the picture that an entry's table makes of it."""
    if isinstance(raw, str):
        raw = (ROOT / raw).read_bytes()
    elif at is not None:
        raw = next(scene for scene in _scenes(ROOT / file) if scene.start <= at < scene.end).picture().data
    elif covered:
        faces, texts = ([tuple(map(int, box.split())) for box in boxes.split(",")] for boxes in covered.split(";"))
        raw = open_picture(covering()(Image.open(ROOT / file), faces, texts), **how).data
    elif file:
        raw = open_picture(ROOT / file, **how).data
    return hashlib.sha256(raw).hexdigest()


def ask(api, body: dict, messages: list[dict]) -> SimpleNamespace:
    """Look up what answers a request of any API that asks this in its messages, and what both cost.

    Its `digest` is the same on a machine that packs the same pixels into other bytes. Raises NotImplementedError where
    no entry answers it, and ValidationError where one does not fit the schema that is asked for.
    """
    texts, pictures, tokens, details, as_text = [], [], 0, set(), json.dumps(body, sort_keys=True)
    for message in messages:
        content = message.get("content") or ""
        for part in content if isinstance(content, list) else [{"text": content}]:
            if "text" in part:
                tokens += text_tokens(part["text"])
                texts += [] if message["role"] == "assistant" else [part["text"]]
                continue
            image = part["image_url"] if part["type"] == "image_url" else part  # Chat has one more level
            address = image.get("url") or image.get("image_url") or image["file_id"]
            data, detail = api.fetch(address), image.get("detail", "auto")
            size = Image.open(io.BytesIO(data)).size
            pictures.append(hashlib.sha256(data).hexdigest())
            details.add(detail)
            tokens += picture_tokens(*size, DEFAULT_MODEL, detail).tokens
            if address.startswith("data:"):
                as_text = as_text.replace(address, f"data: {size}")
    detail = details.pop() if len(details) == 1 else None
    alike = [entry for at in (detail, None) for entry in api.answers.get((tuple(texts), at), [])]
    answer = next((entry for entry in alike if entry.is_about(pictures)), None)
    if not answer:
        raise NotImplementedError(f"answers.toml has no answer to {texts} about pictures {pictures} at detail {detail}")
    if (schema := asked_schema(body).get("schema")) and not answer.fault:
        validate(json.loads(answer.text), schema)
    whole, limit = answer.text.strip(), body.get("max_completion_tokens") or body.get("max_output_tokens") or 10**9
    text = whole.encode()[: 4 * limit].decode(errors="ignore")  # as far as so many tokens go
    found = {"texts": texts, "pictures": pictures, "tokens": tokens, "answer": answer, "text": text}
    found |= {"is_cut": text != whole, "source": "sample wrong-on-purpose" if answer.wrong_on_purpose else "sample"}
    return SimpleNamespace(**found, digest=lambda more="": hashlib.sha256((as_text + more).encode()).hexdigest()[:12])


def text_tokens(text: str) -> int:
    """The stated estimate for text: one token for every 4 bytes of UTF-8, rounded up."""
    return -(-len(text.encode()) // 4)


def load_answers(path: Path = ANSWERS) -> dict[tuple, list[Answer]]:
    """The hand-written answers by what they answer: the texts asked, and a detail or None."""
    by_question: dict[tuple, list[Answer]] = {}
    for entry in [*tomllib.loads(path.read_text(encoding="utf-8"))["answer"], *receipts.entries()]:
        answer = Answer(**entry)
        known = answer.detail in (None, *DETAILS) and answer.fault in (None, *faults.ALL)
        alike = by_question.setdefault(answer.question, [])
        if not known or any(answer.pictures == other.pictures for other in alike):
            raise ValueError(f"{path.name}: twice, or of an unknown detail or fault: {entry}")
        alike.append(answer)
    return by_question


def recorded_embeddings(body: dict) -> tuple[dict, str]:
    """What a recording holds for this request, and its day: no hand writes embeddings (tests/tools/embeddings.py)."""
    for path in sorted(RECORDINGS.glob("*.json")):
        for item in load(path).interactions:
            if item.source == "live" and item.request.url.endswith("/v1/embeddings") and item.request.body == body:
                return json.loads(item.response.body()), item.date
    raise NotImplementedError("No recording holds these embeddings. Ask the model for them: make embeddings")

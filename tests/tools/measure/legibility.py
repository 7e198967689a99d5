"""How much of a text can a reader of characters still read, as each `detail` delivers it? Makes legibility.json.

    uv venv --python 3.11 /tmp/ocr && uv pip install --python /tmp/ocr/bin/python rapidocr-onnxruntime==1.4.4 rapidfuzz
    /tmp/ocr/bin/python -m tests.tools.measure.legibility

The reader needs Python below 3.13 and is no part of the lock: it is a stand-in for a model, whose own eyes nobody can
borrow. Each picture is shrunk, with Pillow's LANCZOS, to the size that helpers/tokens says the model gets; the filter
of a service is not published. The reader gets the whole picture at once, with its own settings, except two: it may not
shrink a picture (max_side_len), and before it looks for text, it enlarges one whose shorter side is under ENLARGED
pixels to that (det_limit_side_len; by default only under 736, which finds more in a small picture than in one a little
larger). So a picture is searched at one and the same size at every setting, but for the sheet at original. What was
found is then read from the pixels that the model gets, and held against what is written in the box of a text.

The character error rate is the least number of letters to insert, take out or change, divided by the letters of the
truth: 0 is perfect, 1 is nothing read. White space, of which this reader loses some, and kinds of quotation marks and
dashes do not count.
"""

from importlib.metadata import version
from pathlib import Path

import numpy
from PIL import Image
from rapidfuzz.distance import Levenshtein

from course.assets import ROOT
from helpers.tokens import RULES_DATE, picture_tokens
from tests.tools.make_pictures import RECEIPT, SENTENCE, blocks
from tests.tools.measure import MEASURED, write

RESULT = MEASURED / "legibility.json"
CONGRESS = Path(__file__).with_name("congress.txt").read_text(encoding="utf-8")
ENLARGED = 1472
SETTINGS = [("gpt-5.6-luna", detail) for detail in ("low", "high", "original")]
SETTINGS += [("gpt-4o", detail) for detail in ("low", "high")]
# name: (picture, box of the text in it, height in pixels of a capital letter as it is sent, what is written there)
TEXTS = {
    "page of 1871": ("congress.jpg", (110, 885, 970, 1192), 15, CONGRESS),
    "till receipt": ("receipt.png", (100, 220, 800, 2400), 22, "\n".join(" ".join(line) for line in RECEIPT)),
} | {
    f"sheet, capitals of {capital} pixels": ("letter_sizes.png", box, capital, "\n".join(SENTENCE))
    for capital, box in blocks()
}
ALIKE = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "—": "-", "–": "-", "，": ",", "：": ":", "；": ";"})


def error_rate(read: str, truth: str) -> float:
    """Levenshtein distance, divided by the length of the truth, as the text at the top says. Can be over 1."""
    read, truth = ("".join(text.translate(ALIKE).split()) for text in (read, truth))
    return Levenshtein.distance(read, truth) / len(truth)


def lines(found: list, box: list[float]) -> str:
    """What the reader found, [[four corners], text, score], in a box, from top to bottom and left to right."""
    (left, top, right, bottom), rows = box, []
    for corners, text, _ in sorted(found, key=lambda piece: sum(y for _, y in piece[0])):
        (x, y), high = (sum(side) / 4 for side in zip(*corners, strict=True)), corners[3][1] - corners[0][1]
        if left <= x <= right and top <= y <= bottom:
            if not rows or y - rows[-1][0] > high / 2:
                rows.append((y, []))
            rows[-1][1].append((corners[0][0], text))
    return "\n".join(" ".join(text for _, text in sorted(row)) for _, row in rows)


def main() -> None:
    """Measure each text at each setting, and write it down with tools, versions and date."""
    from rapidocr_onnxruntime import RapidOCR

    reader, rows = RapidOCR(max_side_len=4096, det_limit_side_len=ENLARGED), []
    for file in dict.fromkeys(file for file, *_ in TEXTS.values()):
        picture = Image.open(ROOT / "asset" / "images" / file).convert("RGB")
        for model, detail in SETTINGS:
            counted = picture_tokens(*picture.size, model, detail)
            shrunk = numpy.asarray(picture.resize(counted.size, Image.Resampling.LANCZOS))
            found, scale = reader(shrunk[:, :, ::-1])[0] or [], counted.size[1] / picture.height
            setting = {"model": model, "detail": detail, "size": counted.size, "tokens": counted.tokens}
            for name, (_, box, capital, truth) in ((name, text) for name, text in TEXTS.items() if text[0] == file):
                read = lines(found, [side * scale for side in box])
                row = {"text": name, "picture": file, "sent": picture.size, **setting}
                row |= {"capital": round(capital * scale, 1), "error_rate": round(error_rate(read, truth), 3)}
                rows.append(row | {"read": read})
    about = {name: version(name) for name in ("rapidocr-onnxruntime", "onnxruntime", "Pillow")}
    about |= {"rules": RULES_DATE, "det_limit_side_len": ENLARGED}
    write(RESULT.name, "tests/tools/measure/legibility.py", about, "rows", rows)


if __name__ == "__main__":
    main()

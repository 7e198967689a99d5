"""How much of a text can a reader of characters still read, as each `detail` delivers it? Makes legibility.json.

    uv venv --python 3.11 /tmp/ocr && uv pip install --python /tmp/ocr/bin/python rapidocr-onnxruntime==1.4.4 pydantic
    /tmp/ocr/bin/python -m tests.tools.measure.legibility

The reader needs Python below 3.13 and is no part of the course's lock: it is a stand-in for a model, whose own eyes
nobody can borrow. Each picture is shrunk, with Pillow's LANCZOS, to the size that helpers/tokens says the model
gets; the filter of a service is not published. The reader gets the whole picture at once, with its own settings, except
two. It may not shrink a picture (max_side_len). And before it looks for text, it enlarges every picture whose shorter
side is under ENLARGED pixels to that (det_limit_side_len); by default it does so only under 736, and then finds more in
a small picture than in one that is a little larger. As it is, a picture is searched at one and the same size at every
setting, but for the sheet at original, which is larger. What was found is then read from the pixels that the model
gets. What it finds in the box of a text is held against what is written there.

The character error rate is the least number of letters to insert, take out or change, divided by the letters of the
truth: 0 is perfect, 1 is nothing read. White space does not count, because this reader loses some; kinds of quotation
marks and dashes do not count either.
"""

import sys
from importlib.metadata import version
from pathlib import Path

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


def inside(found: list, box: tuple, scale: float) -> list:
    """The pieces whose middle lies in the box, which is told in pixels of the picture as it is sent."""
    left, top, right, bottom = (side * scale for side in box)
    middles = [[sum(side) / 4 for side in zip(*corners, strict=True)] for corners, _, _ in found]
    return [piece for piece, (x, y) in zip(found, middles, strict=True) if left <= x <= right and top <= y <= bottom]


def lines(found: list) -> str:
    """The pieces that the reader found, [[four corners], text, score], from top to bottom and left to right."""
    rows = []
    for corners, text, _ in sorted(found, key=lambda piece: sum(y for _, y in piece[0])):
        middle, high = sum(y for _, y in corners) / 4, corners[3][1] - corners[0][1]
        if not rows or middle - rows[-1][0] > high / 2:
            rows.append((middle, []))
        rows[-1][1].append((corners[0][0], text))
    return "\n".join(" ".join(text for _, text in sorted(row)) for _, row in rows)


def measure(reader) -> list[dict]:
    """One row for each text and setting; `reader` takes a picture and gives the pieces that it finds."""
    rows = []
    for file in dict.fromkeys(file for file, *_ in TEXTS.values()):
        picture = Image.open(ROOT / "asset" / "images" / file).convert("RGB")
        for model, detail in SETTINGS:
            counted = picture_tokens(*picture.size, model, detail)
            found = reader(picture.resize(counted.size, Image.Resampling.LANCZOS))
            scale = counted.size[1] / picture.height
            setting = {"model": model, "detail": detail, "size": counted.size, "tokens": counted.tokens}
            for name, (_, box, capital, truth) in ((name, text) for name, text in TEXTS.items() if text[0] == file):
                read = lines(inside(found, box, scale))
                row = {"text": name, "picture": file, "sent": picture.size, **setting}
                row |= {"capital": round(capital * scale, 1), "error_rate": round(error_rate(read, truth), 3)}
                rows.append(row | {"read": read})
                print(f"{name}, {model} {detail}: {row['capital']} pixels, {row['error_rate']:.1%}", file=sys.stderr)
    return rows


def main() -> None:
    """Measure all, and write it down with tools, versions and date."""
    import numpy
    from rapidocr_onnxruntime import RapidOCR

    engine = RapidOCR(max_side_len=4096, det_limit_side_len=ENLARGED)
    rows = measure(lambda picture: engine(numpy.asarray(picture)[:, :, ::-1])[0] or [])
    tools = {name: version(name) for name in ("rapidocr-onnxruntime", "onnxruntime", "Pillow")}
    about = {"rules": RULES_DATE, **tools, "det_limit_side_len": ENLARGED}
    write(RESULT.name, "tests/tools/measure/legibility.py", about, "rows", rows)


if __name__ == "__main__":
    main()

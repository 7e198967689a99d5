"""What lesson 08 says beyond what every lesson promises: its truth is that of the pictures, and its scores move."""

import csv
import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from PIL import Image

from course.assets import ROOT
from tests.tools import make_pictures, record_lessons

LESSON = ROOT / "notebooks" / "08_structured_answers.ipynb"
TRUTH = ROOT / "asset" / "truth"


def rows(name, folder=TRUTH):
    with open(folder / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_receipt_says_what_is_drawn():
    bought = [(f"{row['count']} {row['name']}", row["price"]) for row in rows("receipt.csv")]
    assert bought == list(make_pictures.RECEIPT[3:8])
    total = sum(round(100 * float(row["price"])) for row in rows("receipt.csv"))
    assert make_pictures.RECEIPT[8] == ("Total", f"{total / 100:.2f}")


def test_each_true_box_lies_in_its_picture():
    for row in rows("boxes.csv"):
        left, top, right, bottom = (int(row[side]) for side in ("left", "top", "right", "bottom"))
        with Image.open(ROOT / row["file"]) as picture:
            assert 0 <= left < right <= picture.width and 0 <= top < bottom <= picture.height


# What is put into a truth file: (file, what stands there, what comes instead).
OTHER_TRUTH = (
    ("labels.csv", "chicken.webp,hen,grass", "chicken.webp,cat,people"),
    ("boxes.csv", "hen 1,41,124,220,513", "hen 1,241,24,420,113"),
    ("page_of_1871.txt", "HAMILTON FISH.", "JOHN HAY."),
    ("korean_sign.txt", "쉽니다", "엽니다"),
    ("receipt.csv", "7.60", "7.50"),
    ("visitors.csv", "Fri,210", "Fri,110"),
    ("horse_lineup.csv", "2,right", "2,middle"),
    ("horse_lineup.csv", "3,left", "3,right"),
    ("car_park.csv", "17,yellow,black", "17,yellow,"),
    ("car_park.csv", "24,yellow,", "24,yellow,black"),
)
# In which cell, and what it then says.
OTHER_SCORES = {
    'print(f"animal right': "animal right: 4 of 6\n\nasset/images/chicken.webp shows: cat\n",
    "precision:": "precision: 5 of 7 given tags",
    "boxes given": "found, with 0.5 or more: 5 of 7",
    "letters wrong": "korean_sign  1 of 26 letters wrong: 3.85%",
    "visitors off": "receipt: 4 of 5 rows right\nchart:   18.3 visitors off on average, 100 at most",
    "horse right": "horse right: False\ncar right:   False",
}


@pytest.fixture
def lesson(tmp_path):
    """Call it with code: the lesson's cells and that code, run in replay from a folder whose truth can be changed."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "asset").mkdir()
    (tmp_path / "asset" / "images").symlink_to(ROOT / "asset" / "images")
    shutil.copytree(TRUTH, tmp_path / "asset" / "truth")

    def run(*sources):
        notebook = nbformat.read(LESSON, as_version=4)
        notebook.cells += [new_code_cell(source) for source in sources]
        nbformat.write(notebook, tmp_path / "notebooks" / LESSON.name)
        settings = {"COURSE_MODE": "replay", "COURSE_RECORDINGS": None}
        done = record_lessons.run(tmp_path / "notebooks" / LESSON.name, settings)
        return [cell for cell in done.cells if cell.cell_type == "code"]

    return run


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def test_every_score_is_computed_from_its_truth(lesson, tmp_path):
    for name, there, instead in OTHER_TRUTH:
        path = tmp_path / "asset" / "truth" / name
        text = path.read_text(encoding="utf-8")
        assert text.count(there) == 1
        path.write_text(text.replace(there, instead), encoding="utf-8")
    cells = lesson()
    for words, says in OTHER_SCORES.items():
        [cell] = [cell for cell in cells if words in cell.source]
        assert says in printed(cell), printed(cell)
    [page] = [printed(cell) for cell in cells if "letters wrong" in cell.source]
    assert "page_of_1871 1 of" not in page


TRY_HALF_ANSWERS = """
from openai.types.chat import ChatCompletion

for reason, content, refusal in (("length", '{"box": nu', None), ("content_filter", None, None), ("stop", None, "No.")):
    message = {"role": "assistant", "content": content, "refusal": refusal}
    choice = {"index": 0, "finish_reason": reason, "logprobs": None, "message": message}
    half = {"id": "half", "object": "chat.completion", "created": 0, "model": "none", "choices": [choice]}
    try:
        print(text_of(ChatCompletion.model_validate(half)))
    except ValueError as error:
        print(error)
"""
TRY_RECEIPTS = """
tenth = [Item(count=1, name="a", price=0.1), Item(count=1, name="b", price=0.2)]
print(Receipt(items=tenth, total=0.3).total)
try:
    Receipt(items=tenth, total=0.31)
except ValidationError as error:
    print(error.errors()[0]["msg"])
"""


TRY_IOU = """
from helpers.plotting import boxes

given = [*face.boxes, *hens.boxes, *map(true_box, table("boxes.csv"))]
off = max(abs(iou(a, b) - boxes.iou(a, b)) for a in given for b in given)
print(len(given), off < 1e-9)
"""


def test_its_functions_do_what_the_text_says(lesson):
    halves, receipts, overlaps = lesson(TRY_HALF_ANSWERS, TRY_RECEIPTS, TRY_IOU)[-3:]
    assert printed(overlaps) == "14 True\n"
    said = ["No whole answer: length", "No whole answer: content_filter", "No whole answer: No."]
    assert printed(halves).splitlines() == said
    assert printed(receipts).splitlines() == ["0.3", "Value error, the prices of the items do not add up to the total"]

"""What lessons 04 and 08 promise beyond what every lesson does: advice, a truth, scores that follow it."""

import csv
import shutil

from nbformat.v4 import new_code_cell
from PIL import Image

from course.assets import ROOT
from tests.lessons.lesson import LESSONS, code_cells, output_text, printed, read
from tests.tools import make_pictures

REPLAY = {"COURSE_MODE": "replay", "COURSE_RECORDINGS": None, "COURSE_UPSTREAM": None}
TRUTH = ROOT / "asset" / "truth"

LATE = """from datetime import date
from helpers.tokens import rules as late_rules
before_late = dict(late_rules.SHUTDOWN)
late_rules.SHUTDOWN.update(dict.fromkeys(["gpt-4o", "gpt-4o-mini", "gpt-4.1-mini"], date(2020, 1, 1)))"""
OTHER_PICTURES = """print(advise(4000, 3000, 12, "gpt-5.6-luna", "auto"))
print(advise(1000, 1520, 15, "gpt-4o", "original"))
print(cost(10, 10, "gpt-5-mini", "low"))
late_rules.SHUTDOWN.clear()
late_rules.SHUTDOWN.update(before_late)"""


def test_lesson_04_advises_on_other_pictures_and_outlives_its_models(kernel):
    """A day on which the old models that it names have been shut down changes nothing on the page."""
    stored, made = code_cells(read(LESSONS[4])), read(LESSONS[4])
    made.cells = [new_code_cell(LATE), *made.cells, new_code_cell(OTHER_PICTURES)]
    _, *cells, advice = code_cells(kernel.run(made, REPLAY))
    assert list(map(output_text, cells)) == list(map(output_text, stored))
    for words in (
        "(unverified)",
        "3000 pixels reach the model: 14,100 tokens, 0.2820 cents",
        "capitals are 12.0 pixels high there: read by our reader",
        "Not possible: detail 'original' is not known for gpt-4o; known: auto, low, high",
    ):
        assert words in printed(advice)


def rows(name):
    with open(TRUTH / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_truth_of_lesson_08_is_that_of_the_pictures():
    bought = [(f"{row['count']} {row['name']}", row["price"]) for row in rows("receipt.csv")]
    assert bought == list(make_pictures.RECEIPT[3:8])
    total = sum(round(100 * float(row["price"])) for row in rows("receipt.csv"))
    assert make_pictures.RECEIPT[8] == ("Total", f"{total / 100:.2f}")
    for row in rows("boxes.csv"):
        left, top, right, bottom = (int(row[side]) for side in ("left", "top", "right", "bottom"))
        with Image.open(ROOT / row["file"]) as picture:
            assert 0 <= left < right <= picture.width and 0 <= top < bottom <= picture.height


# What is put into a truth file: (file, what stands there, what comes instead).
OTHER_TRUTH = (
    ("labels.csv", "chicken.webp,hen,grass", "chicken.webp,cat,people"),
    ("boxes.csv", "hen 1,41,124,220,513", "hen 1,241,24,420,113"),
)
# In which cell, and what it then says.
OTHER_SCORES = {
    'print(f"animals': "animals:   3 of 5 are right, wrong: ['asset/images/chicken.webp', 'asset/images/horse.webp']\n",
    "precision:": "precision: 5 of 7 given tags",
    "boxes given": "found, with 0.5 or more: 2 of 4",
}
# What is run at the end of the lesson, and what it prints.
TRIES = {
    """from unittest.mock import Mock

client = Mock()
client.chat.completions.parse.return_value.choices = [Mock(message=Mock(parsed=None, refusal="No."))]
try:
    ask_for(Receipt, "What was bought?")
except NoAnswer as error:
    print(error)""": "No.\n",
    """tenth = [Item(count=1, name="a", cents=10), Item(count=1, name="b", cents=20)]
print(Receipt(items=tenth, tip_cents=5, total_cents=35).total_cents)
try:
    Receipt(items=tenth, tip_cents=None, total_cents=31)
except ValidationError as error:
    print(error.errors()[0]["msg"])""": "35\nValue error, the prices add up to 30, and the total is 31\n",
}


def test_scores_follow_the_truth_and_the_functions_do_what_the_text_says(kernel, tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "asset").mkdir()
    (tmp_path / "asset" / "images").symlink_to(ROOT / "asset" / "images")
    shutil.copytree(TRUTH, tmp_path / "asset" / "truth")
    for name, there, instead in OTHER_TRUTH:
        path = tmp_path / "asset" / "truth" / name
        text = path.read_text(encoding="utf-8")
        assert text.count(there) == 1
        path.write_text(text.replace(there, instead), encoding="utf-8")
    made = read(LESSONS[8])
    made.cells += map(new_code_cell, TRIES)
    cells = code_cells(kernel.run(made, REPLAY, tmp_path / "notebooks"))
    for words, says in OTHER_SCORES.items():
        [cell] = [cell for cell in cells if words in cell.source]
        assert says in printed(cell), printed(cell)
    assert list(map(printed, cells[-len(TRIES) :])) == list(TRIES.values())

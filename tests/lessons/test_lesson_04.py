"""What lesson 04 says beyond what every lesson promises: its prices, its chooser, and that it does not age."""

import ast
import json

import nbformat
from nbformat.v4 import new_code_cell

from course.assets import ROOT
from helpers.tokens.rules import PRICES
from tests.tools import record_lessons

OLD = ["gpt-4o", "gpt-4o-mini", "gpt-4.1-mini"]
LESSON = ROOT / "notebooks" / "04_detail_settings.ipynb"


def run(folder, first, last):
    """The code cells of the lesson, run with a cell before and one after."""
    notebook = nbformat.read(LESSON, as_version=4)
    notebook.cells = [new_code_cell(first), *notebook.cells, new_code_cell(last)]
    (folder / "notebooks").mkdir()
    (folder / "asset").symlink_to(ROOT / "asset")
    nbformat.write(notebook, folder / "notebooks" / LESSON.name)
    done = record_lessons.run(folder / "notebooks" / LESSON.name, {"COURSE_MODE": "replay", "COURSE_RECORDINGS": None})
    return [cell for cell in done.cells if cell.cell_type == "code"]


def test_it_uses_the_prices_of_the_course():
    cells = nbformat.read(LESSON, as_version=4).cells
    [source] = [cell.source for cell in cells if cell.source.startswith("PRICES = ")]
    prices = ast.literal_eval(source.removeprefix("PRICES = "))
    assert prices == {model: float(PRICES[model][0]) for model in prices}


TRY_THE_CHOOSER = """
for values in ((4000, 3000, 12, "gpt-5.6-luna", "auto"), (1000, 1520, 15, "gpt-4o", "original")):
    for control, value in zip(controls, values):
        control.value = value
    print(advice.value)
PRICES["gpt-5-mini"] = 1
print(cost(10, 10, "gpt-5-mini", "low"))
"""


def test_the_chooser_follows_and_the_lesson_outlives_its_models(tmp_path):
    """A day on which the old models that it names have been shut down changes nothing on the page."""
    late = "from datetime import date\nfrom helpers import tokens\nfrom helpers.tokens import rules as token_rules\n"
    late += f"OLD = {OLD}\n"
    late += "token_rules.SHUTDOWN.update(dict.fromkeys(OLD, date(2020, 1, 1)))"
    _, *cells, chooser = run(tmp_path, late, TRY_THE_CHOOSER)
    stored = [cell for cell in nbformat.read(LESSON, as_version=4).cells if cell.cell_type == "code"]
    for ours, theirs in zip(stored, cells, strict=True):
        texts = [[output.get("text", output.get("data", {}).get("text/plain")) for output in cell.outputs]
                 for cell in (ours, theirs)]  # fmt: skip
        assert texts[0] == texts[1], ours.source
    assert "widget-view" not in json.dumps(stored), "a stored view shows an error, for its widget is gone"
    said = "".join(output.text for output in chooser.outputs)
    assert "0.0002 cents (unverified)" in said
    assert "3000 pixels reach the model: 14,100 tokens, 0.2820 cents" in said
    assert "capitals are 12.0 pixels high there: read by our reader" in said
    assert "Not possible: detail 'original' is not known for gpt-4o; known: auto, low, high" in said

"""The measured error rates that lessons 04 and 11 show: complete, with their tool and date, by the rules of today."""

import json

import pytest
from PIL import Image, ImageChops

from course.assets import ROOT
from helpers.tokens import RULES_DATE, picture_tokens
from tests.tools import make_pictures
from tests.tools.measure.legibility import ENLARGED, RESULT, SETTINGS, TEXTS, error_rate

MEASURED = json.loads(RESULT.read_text(encoding="utf-8"))
TOOLS = ("rapidocr-onnxruntime", "onnxruntime", "Pillow")
IMAGES = ROOT / "asset" / "images"
pytestmark = pytest.mark.filterwarnings("ignore:.* was shut down by OpenAI")


def test_error_rate():
    quarter = dict.fromkeys(("abxd", "acd", "abbcd"), 0.25)
    rates = quarter | {"abcd": 0, "a b\ncd": 0, "bcda": 0.5, "": 1, "ABCD": 1, "xxxxxxxx": 2}
    assert {read: error_rate(read, "abcd") for read in rates} == rates
    assert error_rate("“ab”—c", '"ab"-c') == 0


def test_what_is_stored_fits_todays_rules():
    """Else measure again: python -m tests.tools.measure.legibility, whose first lines say how."""
    rows = MEASURED["rows"]
    wanted = {(text, *setting) for text in TEXTS for setting in SETTINGS}
    assert {(row["text"], row["model"], row["detail"]) for row in rows} == wanted
    assert len(rows) == len(TEXTS) * len(SETTINGS)
    for row in rows:
        file, _, capital, truth = TEXTS[row["text"]]
        size = Image.open(IMAGES / file).size
        counted = picture_tokens(*size, row["model"], row["detail"])
        assert (row["picture"], tuple(row["sent"])) == (file, size)
        assert (tuple(row["size"]), row["tokens"]) == (counted.size, counted.tokens)
        assert row["capital"] == round(capital * counted.size[1] / size[1], 1)
        assert row["error_rate"] == round(error_rate(row["read"], truth), 3)
    about = MEASURED["about"]
    assert about.keys() == {"date", "rules", *TOOLS, "det_limit_side_len", "script"}
    assert (about["rules"], about["det_limit_side_len"]) == (RULES_DATE, ENLARGED)


def test_the_bounds_that_the_lesson_names_hold():
    def rates(least, most):
        return [row["error_rate"] for row in MEASURED["rows"] if least <= row["capital"] < most]

    assert min(rates(0, 3)) > 0.75 and max(rates(8, 1000)) < 0.04
    assert min(rates(3, 8)) < 0.02 and max(rates(3, 8)) > 0.5
    assert max(rates(5.6, 8)) <= max(rates(8, 1000)), "8 leaves a margin"


def test_the_readings_that_the_lesson_tells_of_are_these():
    found = {(row["text"], row["model"], row["detail"]): row for row in MEASURED["rows"]}
    small, large = "sheet, capitals of 14 pixels", "sheet, capitals of 33 pixels"
    told = [(small, "gpt-5.6-luna", "low"), (small, "gpt-4o", "high"), (small, "gpt-5.6-luna", "high")]
    assert [found[key]["error_rate"] for key in told] == [1, pytest.approx(1 / 8, abs=0.01), 0]
    missed, read = found[small.replace("14", "10"), "gpt-5.6-luna", "high"], found[large, "gpt-5.6-luna", "low"]
    assert (missed["capital"], read["capital"]) == (4.6, 4.2) and read["error_rate"] < 0.05
    assert "\n" not in missed["read"] and "Paid" in missed["read"]


@pytest.mark.parametrize("name", ["front_desk.jpg", "letter_sizes.png", "receipt.png", "receipt_with_note.png"])
def test_the_texts_are_what_the_script_draws(name, tmp_path):
    make_pictures.PICTURES[name](tmp_path / name)
    ours, drawn = (Image.open(folder / name).convert("L") for folder in (IMAGES, tmp_path))
    assert ours.size == drawn.size
    different = ImageChops.difference(ours, drawn).point(lambda value: 255 * (value > 40)).histogram()[255]
    assert different < 0.001 * ours.width * ours.height, "but for another version of the font's renderer"

"""The measured error rates that lessons 04 and 11 show: complete, with their tool and date, by the rules of today."""

import json

import pytest
from PIL import Image

from course.assets import ROOT
from helpers.tokens import RULES_DATE, picture_tokens
from tests.tools.measure.legibility import ENLARGED, RESULT, SETTINGS, TEXTS, error_rate

MEASURED = json.loads(RESULT.read_text(encoding="utf-8"))


def test_what_was_measured_is_complete():
    about = {"rapidocr-onnxruntime", "onnxruntime", "Pillow", "date", "rules", "det_limit_side_len", "script"}
    assert MEASURED["about"].keys() == about
    assert (MEASURED["about"]["rules"], MEASURED["about"]["det_limit_side_len"]) == (RULES_DATE, ENLARGED)
    rows = [(row["text"], row["model"], row["detail"]) for row in MEASURED["rows"]]
    assert sorted(rows) == sorted((text, *setting) for text in TEXTS for setting in SETTINGS)


@pytest.mark.filterwarnings("ignore:.* was shut down by OpenAI")
@pytest.mark.parametrize("row", MEASURED["rows"], ids=lambda row: f"{row['text']}, {row['model']} {row['detail']}")
def test_a_row_is_what_todays_rules_give(row):
    """Else measure again: python -m tests.tools.measure.legibility, whose first lines say how."""
    file, _, capital, truth = TEXTS[row["text"]]
    size = Image.open(ROOT / "asset" / "images" / file).size
    counted = picture_tokens(*size, row["model"], row["detail"])
    measured = {"picture": file, "sent": [*size], "size": [*counted.size], "tokens": counted.tokens}
    measured["capital"] = round(capital * counted.size[1] / size[1], 1)
    measured["error_rate"] = round(error_rate(row["read"], truth), 3)
    assert measured == {name: row[name] for name in measured}

"""The measured error rates that lessons 04 and 11 show: complete, with their tool and date, by the rules of today."""

import json

import pytest
from PIL import Image

from course.assets import ROOT
from helpers.tokens import RULES_DATE, picture_tokens
from tests.tools.measure.legibility import ENLARGED, RESULT, SETTINGS, TEXTS, error_rate


@pytest.mark.filterwarnings("ignore:.* was shut down by OpenAI")
def test_what_was_measured_is_complete_and_what_todays_rules_give():
    """Else measure again: python -m tests.tools.measure.legibility, whose first lines say how."""
    about, rows = json.loads(RESULT.read_text(encoding="utf-8")).values()
    assert (about["rules"], about["det_limit_side_len"]) == (RULES_DATE, ENLARGED) and about["date"]
    assert {(row["text"], row["model"], row["detail"]): row for row in rows}.keys() == {
        (text, *setting) for text in TEXTS for setting in SETTINGS
    }
    for row in rows:
        file, _, capital, truth = TEXTS[row["text"]]
        size = Image.open(ROOT / "asset" / "images" / file).size
        counted = picture_tokens(*size, row["model"], row["detail"])
        measured = {"picture": file, "sent": [*size], "size": [*counted.size], "tokens": counted.tokens}
        measured["capital"] = round(capital * counted.size[1] / size[1], 1)
        measured["error_rate"] = round(error_rate(row["read"], truth), 3)
        assert measured == {name: row[name] for name in measured}

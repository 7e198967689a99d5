"""What lesson 11 computes by hand, a second time by scipy and by pixels; its truth, its report, what it measured."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import stats

from course.assets import ROOT
from helpers import encoding
from helpers.tokens import RULES_DATE, picture_tokens
from tests.lessons.lesson import LESSONS, read
from tests.tools.make_pictures import truth
from tests.tools.measure.legibility import ENLARGED, RESULT, SETTINGS, TEXTS, error_rate

CELLS = {cell.id: cell.source for cell in read(LESSONS[11]).cells}


def run(cell, until="\n\n\nprint", **names):
    """The variables after a cell, up to where it uses what cells before it made."""
    exec(CELLS[cell].partition(until)[0], names := {"np": np, "encoding": encoding, **names})
    return names


wilson = run("wilson")["wilson"]
coin = run("paired", "\n\n\nfirst")["coin"]
boxes = st.tuples(*[st.integers(0, 9)] * 2, *[st.integers(10, 20)] * 2).map(np.array)


@given(st.integers(0, 200), st.integers(1, 200))
def test_an_interval_and_the_comparison_of_two_settings_are_those_of_scipy(one, other):
    assert coin(one, other) == pytest.approx(stats.binomtest(one, one + other).pvalue)
    for found in (one, other):
        interval = stats.binomtest(found, one + other).proportion_ci(method="wilson")
        assert wilson(found, one + other) == pytest.approx(interval, abs=1e-4)


def test_the_mean_moves_as_far_as_scipy_says():
    values = np.random.default_rng(0).exponential(3, 200)
    said = stats.bootstrap([values], np.mean, method="percentile", rng=np.random.default_rng(1)).confidence_interval
    assert run("bootstrap", "\n\n\nlow")["bootstrap"](values) == pytest.approx(tuple(said), rel=0.02)


def test_as_many_cases_as_it_says_are_enough_and_one_less_is_not():
    needed = run("cases", "\n\n\nfor", wilson=wilson)["needed"]
    for within, share in ((0.1, 0.5), (0.05, 0.9), (0.02, 0.99)):
        cases = needed(within, share)
        assert np.ptp(wilson(share * cases, cases)) <= 2 * within < np.ptp(wilson(share * (cases - 1), cases - 1))


def pixels(box):
    left, top, right, bottom = box
    return {(x, y) for x in range(left, right) for y in range(top, bottom)}


@given(boxes, boxes)
def test_the_overlap_of_boxes_is_that_of_their_pixels(one, other):
    iou = run("iou")["iou"]
    assert iou(one, other) == pytest.approx(len(pixels(one) & pixels(other)) / len(pixels(one) | pixels(other)))
    assert iou(one, one + 20) == 0


def test_a_true_box_is_found_once_and_by_the_best():
    wide, near, same, far = np.array([[0, 0, 10, 14], [0, 0, 10, 11], [0, 0, 10, 10], [50, 50, 60, 60]])
    pair = run("iou")["pair"]
    assert pair([wide, near, far], [same]) == {1: 0} and pair([], [same]) == pair([far], [same]) == {}
    assert pair([near, wide], [far, same, far]) == {0: 1}


def test_the_boxes_of_the_cars_are_where_they_are_drawn():
    park, rows = Image.open(ROOT / "asset/images/car_park.png").convert("L"), truth("striped_cars.csv")
    assert [row["number"] for row in rows] == [row["number"] for row in truth("car_park.csv") if row["stripe"]]
    for row in rows:
        left, top, right, bottom = (int(row[side]) for side in ("left", "top", "right", "bottom"))
        around = park.crop((left - 5, top - 3, right + 5, bottom + 5))  # the black outline on grey ground
        assert around.point(lambda grey: grey < 40).getbbox() == (5, 3, right - left + 6, bottom - top + 4), row


def test_what_a_file_or_a_model_says_is_escaped_in_the_report(tmp_path):
    evil = '"><script>alert(1)<'
    Image.new("RGB", (30, 20)).save(path := tmp_path / f"{evil}.png".replace("/", ""))
    cases, names = [{"picture": evil, "truth": evil}], {"wilson": wilson, "headline": lambda *_: evil}
    shown = run("adapt-report", "\ndisplay", my_cases=cases, my_said=[evil], my_wrong=[0], my_paths=[path], **names,
                answers=[SimpleNamespace(model="m")])  # fmt: skip
    assert shown["page"].count("<img") == 1 and "<script" not in shown["page"]
    assert shown["page"].count("&quot;&gt;&lt;script&gt;alert(1)&lt;") == 5


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

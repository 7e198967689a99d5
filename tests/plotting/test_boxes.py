"""draw_boxes: where its lines run, whether its labels can be read, what it refuses, and the same in words."""

from decimal import Decimal
from enum import Enum
from itertools import combinations, cycle, islice
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from PIL import Image
from pydantic import BaseModel

from helpers.plotting import to_fractions
from helpers.plotting.boxes import COLOURS, NAMES, BoxError, check_boxes, draw, draw_boxes
from tests.recording.page import ROOT, described

PHONE = ROOT / "asset" / "images" / "phone_photo.jpg"
WHITE = (255, 255, 255)
GROUND = Image.effect_noise((400, 200), 120).convert("RGB")
RGB = [tuple(bytes.fromhex(colour[1:])) for colour in COLOURS]


def box(*values, label=None):
    return dict(zip(NAMES, values, strict=True)) | ({"label": label} if label is not None else {})


WHOLE = box(0, 0, 1, 1)


def figure_of(picture, boxes, width=400):
    return draw(picture, check_boxes(boxes, picture.size), width)


def plates(figure):
    """(where its plate lies, where its letters lie) for each label: left, top, right, bottom in pixels of the page."""
    axes, high = figure.axes[0], figure.bbox.height
    FigureCanvasAgg(figure).draw()
    filled = [patch for patch in axes.patches if patch.get_fill()]
    extents = [[item.get_window_extent() for item in pair] for pair in zip(filled, axes.texts, strict=True)]
    return [tuple((e.x0, high - e.y1, e.x1, high - e.y0) for e in pair) for pair in extents]


# Lines and colours


def test_a_line_runs_where_the_box_ends_in_a_pale_halo_and_is_whole_at_the_edges():
    figure = figure_of(GROUND, [WHOLE, box(0.3, 0.4, 0.6, 0.9, label="Hg")])
    (_, (inner_plate, _)), (whole, inner) = plates(figure), RGB[:2]
    seen = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    assert seen.shape == (200, 400, 3)
    edges = [(line[:6], whole) for line in (seen[100], seen[100, ::-1], seen[::-1, 200])]
    edges += [(line, inner) for line in (seen[130, 117:123], seen[130, 237:243], seen[77:83, 200], seen[177:183, 200])]
    assert all((line == [WHITE, WHITE, ink, ink, WHITE, WHITE]).all() for line, ink in edges)
    assert (seen[120:170, 130:230] == np.asarray(GROUND)[120:170, 130:230]).all(), "the rest is the picture"
    left, top, right, bottom = (round(at) for at in inner_plate)
    assert (seen[top + 1 : bottom - 1, left + 1 : right - 1] == inner).all(axis=2).mean() > 0.5, "a plate is filled"


# What is left of red, green and blue, in linear light, in the severest forms of red-green blindness: G. M. Machado and
# others, "A physiologically-based model for simulation of color vision deficiency" (2009), table 1.
PROTAN = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
DEUTAN = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]


def lab(linear, sight):
    """A colour in CIELAB (D65) as it is seen."""
    seen = np.clip(sight @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    x, y, z = np.where((t := xyz / (0.9505, 1, 1.089)) > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_white_letters_can_be_read_on_each_colour_and_any_two_colours_told_apart():
    part = np.array(RGB) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    assert min(1.05 / (linear @ (0.2126, 0.7152, 0.0722) + 0.05)) >= 4.5, "the contrast ratio of WCAG 2 (2008)"
    for one, other in combinations(linear, 2):
        assert all(np.linalg.norm(lab(one, sight) - lab(other, sight)) >= 40 for sight in (PROTAN, DEUTAN))


# Labels


@pytest.mark.filterwarnings("error")
def test_every_letter_is_drawn_as_it_is_or_stands_in_the_text(page, capsys):
    drawn = {  # as the label comes: as it stands on the plate
        "$5 and $6": "1 $5 and $6",
        "a_b^c": "2 a_b^c",
        "\\frac\nB": "3 \\frac B",
        "the left eye of a cat that looks at you": "4 the left eye of a cat th…",
        "고양이의 왼쪽 눈은 초록색입니다": "5 고양이의 왼쪽 눈은 초록색…",
        "红色的方块": "6",
        "cat นก": "7",
    }
    boxes = [box(0.1, 0.1 * n, 0.9, 0.1 * n + 0.1, label=label) for n, label in enumerate(drawn)]
    texts = figure_of(GROUND, boxes).axes[0].texts
    assert [text.get_text() for text in texts] == [*drawn.values()] and not any(text.get_parse_math() for text in texts)
    draw_boxes(GROUND, boxes)
    alt, said = described(page.shown[0])[0], capsys.readouterr().out
    for number, label in enumerate(drawn, 1):
        whole = f"{number} {' '.join(label.split())}"
        assert f"{whole}, from 10% to 90%" in alt and f"\n{whole}: x 0.10 to 0.90" in said


ROOM = {(0.2, 0.5, 0.6, 0.9): "above", (0.2, 0.05, 0.6, 0.9): "inside", (0.98, 0, 1, 0.03): "inside"}


def test_a_label_stands_above_its_box_or_inside_and_on_no_other_where_there_is_room():
    for edges, place in ROOM.items():
        [((_, top, _, bottom), _)] = plates(figure_of(GROUND, [box(*edges, label="a label of some length")]))
        assert (bottom <= edges[1] * 200) if place == "above" else (top >= edges[1] * 200), edges
    found = [at for at, _ in plates(figure_of(GROUND, [box(0.2, 0.3, 0.8, 0.9, label="one")] * 4))]
    for a, b in combinations(found, 2):
        assert not (a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3])


def fractions(apart=0.0):
    """Two fractions in their order."""
    pair = st.lists(st.floats(0, 1), min_size=2, max_size=2, unique=True).map(sorted)
    return pair.filter(lambda ends: ends[1] - ends[0] > apart)


some_boxes = st.builds(lambda x, y: box(x[0], y[0], x[1], y[1]), fractions(), fractions())
some_labels = st.sampled_from(["", "hen", "한글과 letters", "a label that is longer than the small pictures are wide"])
some_sizes = st.sampled_from([(1, 1), (40, 30), (3, 5000), (5000, 3), (400, 200), (1500, 1000)])


@settings(max_examples=10, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # simpler cases are slow to find
@given(some_sizes, st.sampled_from([100, 480]), st.lists(st.tuples(some_boxes, some_labels), max_size=7))
def test_whatever_is_drawn_can_be_seen_and_lies_in_the_picture(size, width, boxes):
    figure = figure_of(Image.new("RGB", size, "grey"), [one | {"label": label} for one, label in boxes], width)
    wide, high = figure.bbox.size
    assert 40 <= wide <= max(42, width) and 40 <= high <= 720
    found, lines = plates(figure), [patch for patch in figure.axes[0].patches if not patch.get_fill()]
    colours = [to_hex(line.get_edgecolor()) for line in lines]
    assert colours == [ink for colour in islice(cycle(COLOURS), len(boxes)) for ink in ("#ffffff", colour)]
    for line in (line.get_window_extent() for line in lines):
        assert 3 <= line.x0 <= line.x1 <= wide - 3 and 3 <= line.y0 <= line.y1 <= high - 3
    assert len(found) == len(boxes)
    for plate, letters in found:
        assert 0 <= plate[0] <= letters[0] and letters[2] <= plate[2] <= wide and 0 <= plate[1] < plate[3] <= high


# In words


def test_the_text_says_what_the_figure_shows_of_the_upright_picture(page, capsys):
    draw_boxes(PHONE, [box(0.4, 0.25, 0.6, 0.75, label="rocket"), box(0.3, 0.2, 0.55, 0.42)])
    alt, width, _, stored = described(page.shown[0])
    assert alt.startswith(
        "Boxes on a picture: 1 rocket, from 40% to 60% across and 25% to 75% down. "
        "2, from 30% to 55% across and 20% to 42% down. The picture: A white rocket on its launch pad at dusk "
    )
    assert width == stored.width == 480 + 20 and len(page.shown[0]["text/html"]) < 62_000
    assert capsys.readouterr().out.splitlines() == [
        "picture: 320 x 427 pixels, 2 boxes",
        "1 rocket: x 0.40 to 0.60, y 0.25 to 0.75; pixels: left 128, top 106, right 192, bottom 321 (64 x 215)",
        "2: x 0.30 to 0.55, y 0.20 to 0.42; pixels: left 96, top 85, right 176, bottom 180 (80 x 95)",
    ]
    line = np.asarray(stored.convert("RGB")).astype(int)[400, 180:230]
    assert abs(np.abs(line - RGB[0]).sum(axis=1).argmin() - (10 + 480 * 0.4 - 180)) <= 2, "at 40% of the upright width"


@pytest.mark.parametrize("count", [0, 40])
def test_no_box_is_an_answer_too_and_of_many_ten_stand_in_the_alt_text(count, page, capsys):
    draw_boxes(GROUND, (box(0.1, 0.1, 0.2, 0.2, label="hen") for _ in range(count)), alt="Night.", width=200)
    alt, width, _, _ = described(page.shown[0])
    first, *each = capsys.readouterr().out.splitlines()
    assert width == 220 and first == f"picture: 400 x 200 pixels, {count or 'no'} box{'es' * (count > 1)}"
    assert len(each) == count and alt.count("hen") == min(count, 10)
    assert alt.startswith("Boxes on a picture: 1 hen" if count else "A picture without a box.")
    assert alt.endswith(("And 30 more, listed below." if count else "box.") + " The picture: Night.")


# What a box may be


class Model(BaseModel):
    label: Enum("Animal", {"CAT": "cat"}) = "cat"
    x_min: float = 0.1
    y_min: float = 0.2
    x_max: float = 1
    y_max: float = 0.4


@pytest.mark.parametrize(
    ("one", "title"),
    [
        (Model(label="cat"), "1 cat"),
        (SimpleNamespace(x_min=0.1, y_min=0.2, x_max=1, y_max=0.4), "1"),
        (box(np.float32(0.1), Decimal("0.2"), 1.0000001, np.float64(0.4), label=" cat\n\ud83d"), "1 cat ?"),
    ],
)
def test_a_box_may_be_a_dict_or_an_object_alone_or_in_a_list(one, title):
    for boxes in (one, [one], (one,), iter([one])):
        [checked] = check_boxes(boxes, (100, 100))
        assert checked == (*(pytest.approx(at) for at in (0.1, 0.2, 1, 0.4)), title) and checked.x_max <= 1
    assert str(check_boxes(box(-1e-9, -0.0, 1, 1), (9, 9))[0][:2]) == "(0.0, 0.0)", "what arithmetic adds is cut off"


CUT_OFF, NO_NUMBER = "Fractions go from 0 to 1: cut the box off there.", "is not a number. Give a number from 0 to 1."
NEEDED = "A box is a dict or an object with x_min, y_min, x_max and y_max; this has"
PIXELS = (
    "Divide x by 400 and y by 200, the width and height of this picture; numbers from 0 to 1000 are divided by 1000."
)
REFUSED = {  # what is said of what is given
    f"Box 1 of type dict has no y_max. {NEEDED} x_min, y_min, x_max.": {"x_min": 0.1, "y_min": 0.2, "x_max": 0.5},
    f"Box 1 of type str has no x_min. {NEEDED} none of these.": '[{"x_min": 0.1}]',
    f"Box 1: x_min is '0.1', which {NO_NUMBER}": box("0.1", 0, 1, 1),
    f"Box 1: x_max is True, which {NO_NUMBER}": box(0, 0, True, 1),
    f"Box 1: y_max is nan, which {NO_NUMBER}": box(0, 0, 1, float("nan")),
    f"Box 1 lies beyond the left of the picture: x_min is -0.1. {CUT_OFF}": box(-0.1, 0, 1, 1),
    f"Box 1 lies beyond the top of the picture: y_min is -0.5. {CUT_OFF}": box(0, -0.5, 1, 1),
    f"Box 2 (dog) lies beyond the bottom of the picture: y_max is 2. {CUT_OFF}": [WHOLE, box(0, 0, 1, 2, label="dog")],
    "Box 1 lies beyond the right of the picture: x_min is 54. Fractions go from 0 to 1: are these pixels? "
    + PIXELS: box(54, 15, 361, 191),
    "Box 1: x_min, 0.8, is not less than x_max, 0.2. Are the two swapped?": box(0.8, 0, 0.2, 1),
    "Box 1: x_min, 1, is not less than x_max, 1. Leave the box out, or ask for it again.": box(1, 0, 1.0000001, 1),
}


@pytest.mark.parametrize("says", REFUSED)
def test_a_refusal_says_which_box_and_why_and_the_way_out(says, page, capsys):
    with pytest.raises(BoxError) as caught:
        draw_boxes(GROUND, REFUSED[says])
    assert str(caught.value) == says and isinstance(caught.value, ValueError)
    assert not page.shown and not capsys.readouterr().out, "nothing half done"


@pytest.mark.parametrize("width", [99, 961, "wide"])
def test_a_bad_width_is_refused(width):
    with pytest.raises(ValueError, match=f"from 100 to 960, not {width!r}"):
        draw_boxes(GROUND, [], width=width)


# Pixels, and boxes of other models

whole = st.integers(1, 5000)


@given(whole, fractions(1e-3), whole, fractions(1e-3))
def test_pixels_are_in_the_picture_and_hold_the_whole_box(wide, across, high, down):
    [checked] = check_boxes(box(across[0], down[0], across[1], down[1]), (wide, high))
    left, top, right, bottom = checked.pixels((wide, high))
    for low, most, length, (start, end) in ((left, right, wide, across), (top, bottom, high, down)):
        assert 0 <= low < most <= length and most - low < (end - start) * length + 2
        assert low <= start * length + 1e-5 and most >= end * length - 1e-5, "rounded outward"
    [checked] = check_boxes(box(left / wide, top / high, right / wide, bottom / high), (wide, high))
    assert checked.pixels((wide, high)) == (left, top, right, bottom), "edges on a pixel stay on it"


@given(some_boxes, whole, whole)
def test_boxes_of_other_models_become_fractions(wanted, wide, high):
    x_min, y_min, x_max, y_max = (wanted[name] * side for name, side in zip(NAMES, (wide, high) * 2, strict=True))
    orders = {"xyxy": [x_min, y_min, x_max, y_max], "yxyx": (y_min, x_min, y_max, x_max)}
    for order, numbers in {**orders, "xywh": np.array([x_min, y_min, x_max - x_min, y_max - y_min])}.items():
        assert to_fractions(numbers, order, (wide, high)) == pytest.approx(wanted)


@pytest.mark.parametrize(
    "given", [([1, 2, 3], "xyxy", (9, 9)), (None, "xyxy", (9, 9)), ([1] * 4, "xy", (9, 9)), ([1] * 4, "xywh", (0, 9))]
)
def test_what_is_no_box_of_another_model_is_refused(given):
    with pytest.raises(BoxError) as caught:
        to_fractions(*given)
    needs = 'A box needs four numbers, "xyxy", "yxyx" or "xywh", and a size'
    assert str(caught.value) == "{}, not {!r}, {!r} and {!r}.".format(needs, *given)

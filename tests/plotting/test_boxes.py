"""draw_boxes: where its lines run, whether its labels can be read, what it refuses, and the same in words; and iou."""

from collections import Counter
from decimal import Decimal
from enum import Enum
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from pydantic import BaseModel

from helpers.encoding import PictureError
from helpers.plotting import to_fractions
from helpers.plotting.boxes import COLOURS, NAMES, BoxError, check_boxes, draw, draw_boxes
from tests.recording.page import CHELSEA, CHELSEA_ALT, ROOT, described

PHONE = ROOT / "asset" / "images" / "phone_photo.jpg"
WHITE = (255, 255, 255)
GROUNDS = {
    "white": Image.new("RGB", (400, 200), "white"),
    "black": Image.new("RGB", (400, 200), "black"),
    "noise": Image.effect_noise((400, 200), 120).convert("RGB"),
}


def box(*values, label=None):
    return dict(zip(NAMES, values, strict=True)) | ({"label": label} if label is not None else {})


def figure_of(picture, boxes, width=400):
    return draw(picture, check_boxes(boxes, picture.size), width)


def pixels_of(figure):
    FigureCanvasAgg(figure).draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3]


def rgb(colour):
    return tuple(bytes.fromhex(colour[1:]))


def linear(colour):
    """Red, green and blue in linear light."""
    part = np.array(colour) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


# What is left of red, green and blue, in linear light, in the severest forms of colour blindness: G. M. Machado and
# others, "A physiologically-based model for simulation of color vision deficiency" (2009), table 1.
SIGHT = {
    "full": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def lab(colour, sight):
    """A colour in CIELAB (D65) as it is seen."""
    seen = np.clip(SIGHT[sight] @ linear(colour), 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    x, y, z = np.where((t := xyz / (0.9505, 1, 1.089)) > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def plates(figure):
    """(where its plate lies, where its letters lie) for each label: left, top, right, bottom in pixels of the page."""
    axes, high = figure.axes[0], figure.bbox.height
    FigureCanvasAgg(figure).draw()
    filled = [patch for patch in axes.patches if patch.get_fill()]
    extents = [[item.get_window_extent() for item in pair] for pair in zip(filled, axes.texts, strict=True)]
    return [tuple((e.x0, high - e.y1, e.x1, high - e.y0) for e in pair) for pair in extents]


def labels(*texts):
    """The labels that stand in a figure of boxes with these."""
    boxes = [box(0.1, 0.2 * n, 0.9, 0.2 * n + 0.1, label=text) for n, text in enumerate(texts)]
    return [text.get_text() for text in figure_of(GROUNDS["white"], boxes).axes[0].texts]


# The lines


@pytest.mark.parametrize("ground", GROUNDS)
def test_a_line_runs_where_the_box_ends_in_a_pale_halo(ground):
    seen = pixels_of(figure_of(GROUNDS[ground], [box(0.1, 0.4, 0.6, 0.9)]))
    assert seen.shape == (200, 400, 3)
    colour = rgb(COLOURS[0])
    across = [WHITE, WHITE, colour, colour, WHITE, WHITE]
    for x, y in ((40, 130), (240, 130)):
        assert [tuple(pixel) for pixel in seen[y, x - 3 : x + 3]] == across
    for x, y in ((140, 80), (140, 180)):
        assert [tuple(pixel) for pixel in seen[y - 3 : y + 3, x]] == across
    if ground != "noise":
        rest = GROUNDS[ground].getpixel((0, 0))
        assert tuple(seen[130, 36]) == tuple(seen[130, 43]) == tuple(seen[130, 140]) == rest


def test_at_the_edges_a_line_is_whole():
    seen = pixels_of(figure_of(GROUNDS["black"], [box(0, 0, 1, 1)]))
    across = [WHITE, WHITE, rgb(COLOURS[0]), rgb(COLOURS[0]), WHITE, WHITE, (0, 0, 0)]
    for line in (seen[100], seen[100, ::-1], seen[:, 200], seen[::-1, 200]):
        assert [tuple(pixel) for pixel in line[:7]] == across


def test_each_box_has_a_colour_of_its_own_until_there_are_more_than_colours():
    boxes = [box(0.15 * n, 0.5, 0.15 * n + 0.1, 0.9) for n in range(6)]
    seen = pixels_of(figure_of(GROUNDS["white"], boxes))
    found = [tuple(seen[140, 60 * n]) for n in range(1, 6)]
    assert found == [rgb(colour) for colour in (*COLOURS[1:], COLOURS[0])]
    assert len(set(COLOURS)) == len(COLOURS)


def test_any_two_colours_can_be_told_apart():
    for sight in SIGHT:
        seen = [lab(rgb(colour), sight) for colour in COLOURS]
        assert min(np.linalg.norm(a - b) for n, a in enumerate(seen) for b in seen[:n]) >= 40


def test_the_picture_itself_is_shown():
    photo = Image.open(CHELSEA).convert("RGB")
    seen = pixels_of(figure_of(photo, [], 451))
    assert np.abs(seen.astype(int) - np.asarray(photo, dtype=int)).mean() < 1
    boxed = pixels_of(figure_of(photo, [box(0.5, 0.5, 0.9, 0.9)], 451))
    assert (boxed[:120] == seen[:120]).all() and (boxed != seen).any()


# The labels


@pytest.mark.parametrize("ground", GROUNDS)
def test_a_label_can_be_read_on_any_ground(ground):
    figure = figure_of(GROUNDS[ground], [box(0.05 + 0.19 * n, 0.5, 0.17 + 0.19 * n, 0.9, label="Hg") for n in range(5)])
    seen = pixels_of(figure)
    for number, (plate, letters) in enumerate(plates(figure)):
        left, top, right, bottom = (round(at) for at in plate)
        inside = seen[top + 1 : bottom - 1, left + 1 : right - 1].reshape(-1, 3).astype(int)
        [(most, _)] = Counter(map(tuple, inside)).most_common(1)
        dark, light = (linear(colour) @ (0.2126, 0.7152, 0.0722) + 0.05 for colour in (most, max(inside, key=sum)))
        assert most == rgb(COLOURS[number]) and light / dark >= 4.5, "the contrast ratio of WCAG 2 (2008)"
        assert (inside == most).all(axis=1).mean() > 0.5, "filled, so that the ground does not shine through"
        assert plate[0] <= letters[0] and letters[2] <= plate[2] and plate[1] <= letters[1] and letters[3] <= plate[3]


@pytest.mark.parametrize(
    ("edges", "place"),
    [
        ((0.2, 0.5, 0.6, 0.9), "above"),
        ((0.2, 0.0, 0.6, 0.9), "inside"),
        ((0.2, 0.05, 0.6, 0.9), "inside"),
        ((0.97, 0.5, 1.0, 0.9), "above"),
        ((0.0, 0.0, 1.0, 1.0), "inside"),
        ((0.98, 0.0, 1.0, 0.03), "inside"),
    ],
)
def test_a_label_stands_above_its_box_or_inside_where_there_is_no_room(edges, place):
    figure = figure_of(GROUNDS["white"], [box(*edges, label="a label of some length")])
    [((left, top, right, bottom), _)] = plates(figure)
    edge = edges[1] * 200
    assert (bottom <= edge) if place == "above" else (top >= edge)
    assert 0 <= left < right <= 400 and 0 <= top < bottom <= 200


def test_labels_do_not_cover_each_other_where_there_is_room():
    figure = figure_of(
        GROUNDS["white"], [box(0.2, 0.3, 0.8, 0.9, label=label) for label in ("one", "two", "three", "four")]
    )
    found = [plate for plate, _ in plates(figure)]
    for n, a in enumerate(found):
        for b in found[:n]:
            assert not (a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3])


@pytest.mark.filterwarnings("error")
def test_every_letter_is_drawn_as_it_is(page):
    ours = ("한글", "$5 and $6", "a_b^c", "A\nB", "\\frac")
    assert labels(*ours) == ["1 한글", "2 $5 and $6", "3 a_b^c", "4 A B", "5 \\frac"]
    (plain, _), (dollars, _) = plates(
        figure_of(GROUNDS["white"], [box(0, 0, 1, 1, label=text) for text in ("a", "$a$")])
    )
    assert dollars[2] - dollars[0] > plain[2] - plain[0] + 10, "and not as a formula"


def test_a_long_label_is_short_on_its_plate_and_whole_in_the_text(page, capsys):
    long = "the left eye of a cat that looks at whoever holds the camera"
    draw_boxes(CHELSEA, box(0.3, 0.3, 0.6, 0.6, label=long))
    assert long in described(page.shown[0])[0] and long in capsys.readouterr().out
    assert labels(long, "고양이의 왼쪽 눈은 초록색입니다") == [
        "1 the left eye of a cat th…",
        "2 고양이의 왼쪽 눈은 초록색…",
    ]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("label", ["红色的方块", "นก", "cat 红", "हिन्दी"])
def test_a_label_that_no_font_can_draw_stands_in_the_text(label, page, capsys):
    assert labels("cat", label) == ["1 cat", "2"]
    draw_boxes(GROUNDS["white"], box(0.3, 0.3, 0.6, 0.6, label=label))
    assert f"1 {label}, from" in described(page.shown[0])[0] and f"\n1 {label}: x 0.30" in capsys.readouterr().out


# Sizes


@pytest.mark.parametrize("size", [(1, 1), (5000, 3), (3, 5000), (4000, 3000)])
def test_every_picture_has_a_figure_that_can_be_seen(size):
    for width in (100, 480, 960):
        figure = figure_of(Image.new("RGB", size, "grey"), [box(0, 0, 1, 1, label="한글과 letters")], width)
        wide, high = figure.bbox.size
        assert 40 <= wide <= max(42, width) and 40 <= high <= 720
        for plate, letters in plates(figure):
            assert 0 <= plate[0] <= letters[0] and letters[2] <= plate[2] <= wide and 0 <= plate[1] < plate[3] <= high
        assert tuple(pixels_of(figure)[int(high) // 2, 2]) == rgb(COLOURS[0])


def test_many_boxes_keep_within_the_picture(page, capsys):
    boxes = [box(x / 10, y / 4, x / 10 + 0.04, y / 4 + 0.08, label="hen") for y in range(4) for x in range(10)]
    draw_boxes(CHELSEA, boxes)
    alt, width, _, _ = described(page.shown[0])
    assert width == 480 + 20 and len(page.shown[0]["text/html"]) < 62_000
    assert "10 hen, from 90% to 94% across" in alt and "11 hen" not in alt and "And 30 more, listed below." in alt
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("40 boxes") and len(said) == 41 and said[-1].startswith("40 hen: x 0.90 to 0.94")
    found = plates(figure_of(GROUNDS["noise"], boxes))
    assert len(found) == 40
    assert all(at[0] >= 0 and at[2] <= 400 and at[1] >= 0 and at[3] <= 200 for at, _ in found)


def test_nothing_is_drawn_outside_the_picture(page):
    draw_boxes(
        GROUNDS["black"], [box(0, 0, 1, 1, label="all of it"), box(0.9, 0.9, 1, 1, label="a corner of the picture")]
    )
    stored = np.asarray(described(page.shown[0])[3].convert("RGB"))
    assert stored.shape == (260, 500, 3)
    around = np.ones(stored.shape[:2], dtype=bool)
    around[8:-8, 8:-8] = False
    assert stored[around].min() >= 245


# In words


def test_the_text_says_what_the_figure_shows(page, capsys):
    draw_boxes(CHELSEA, [box(0.12, 0.05, 0.8, 0.97, label="cat"), box(0.3, 0.2, 0.55, 0.42)])
    alt = described(page.shown[0])[0]
    assert alt.startswith(
        "Boxes on a picture: 1 cat, from 12% to 80% across and 5% to 97% down. "
        f"2, from 30% to 55% across and 20% to 42% down. The picture: {CHELSEA_ALT}"
    )
    assert capsys.readouterr().out.splitlines() == [
        "picture: 451 x 300 pixels, 2 boxes",
        "1 cat: x 0.12 to 0.80, y 0.05 to 0.97; pixels: left 54, top 15, right 361, bottom 291 (307 x 276)",
        "2: x 0.30 to 0.55, y 0.20 to 0.42; pixels: left 135, top 60, right 249, bottom 126 (114 x 66)",
    ]


def test_no_box_is_an_answer_too(page, capsys):
    for none in ([], (), iter(())):
        draw_boxes(GROUNDS["black"], none, alt="Night.", width=200)
        alt, width, _, _ = described(page.shown[-1])
        assert (alt, width) == ("A picture without a box. The picture: Night.", 220)
        assert capsys.readouterr().out == "picture: 400 x 200 pixels, no box\n"


def test_a_photo_is_upright_as_its_boxes_are(page, capsys):
    draw_boxes(PHONE, box(0.4, 0.25, 0.6, 0.75, label="rocket"))
    said = capsys.readouterr().out
    assert "picture: 320 x 427 pixels, 1 box" in said and "left 128, top 106, right 192, bottom 321 (64 x 215)" in said
    stored = described(page.shown[0])[3].convert("RGB")
    assert (stored.width, stored.height) == (500, 660)
    line = np.asarray(stored)[300, 180:230].astype(int)
    purple = np.abs(line - rgb(COLOURS[0])).sum(axis=1)
    assert 10 + 480 * 0.4 - 180 - 2 <= purple.argmin() <= 10 + 480 * 0.4 - 180 + 2, "at 40% of the upright width"


class Animal(Enum):
    CAT = "cat"


class Model(BaseModel):
    label: Animal
    x_min: float
    y_min: float
    x_max: float
    y_max: float


@pytest.mark.parametrize(
    ("one", "title"),
    [
        (Model(label="cat", x_min=0.1, y_min=0.2, x_max=1, y_max=0.4), "1 cat"),
        (SimpleNamespace(x_min=0.1, y_min=0.2, x_max=1, y_max=0.4), "1"),
        (box(np.float32(0.1), Decimal("0.2"), 1, np.float64(0.4), label=" cat\n\ud83d"), "1 cat ?"),
        (box(0.1, 0.2, 1.0000001, 0.4, label=None) | {"label": None}, "1"),
    ],
)
def test_a_box_may_be_a_dict_or_an_object_alone_or_in_a_list(one, title):
    for boxes in (one, [one], (one,), iter([one])):
        [checked] = check_boxes(boxes, (100, 100))
        assert checked == (*(pytest.approx(at) for at in (0.1, 0.2, 1, 0.4)), title) and checked.x_max <= 1
    assert str(check_boxes(box(-1e-9, -0.0, 1, 1), (9, 9))[0][:2]) == "(0.0, 0.0)", "what arithmetic adds is cut off"


# What is refused

FINE = box(0, 0, 1, 1)
# what is given, the box that is named, why, the way out
REFUSED = {
    "missing": ({"x_min": 0.1, "y_min": 0.2, "x_max": 0.5}, "Box 1", "of type dict has no y_max.",
                "A box is a dict or an object with x_min, y_min, x_max and y_max; this has x_min, y_min, x_max."),
    "an object without": (object(), "Box 1", "of type object has no x_min", "; this has none of these."),
    "four numbers": ([0.1, 0.2, 0.5, 0.6], "Box 1", "of type float", "A box is a dict or an object with"),
    "an answer's text": ('[{"x_min": 0.1}]', "Box 1", "of type str", "A box is a dict or an object with"),
    "text": (box("0.1", 0, 1, 1), "Box 1", "x_min is '0.1', which is not a number", "Give a number from 0 to 1."),
    "None": (box(0, None, 1, 1, label="cat"), "Box 1 (cat)", "y_min is None, which is not a number", "Give a number"),
    "bool": (box(0, 0, True, 1), "Box 1", "x_max is True, which is not a number", "Give a number"),
    "nan": (box(0, 0, 1, float("nan")), "Box 1", "y_max is nan, which is not a number", "Give a number"),
    "longer than any number": (box(0, 0, 10**400, 1), "Box 1", "which is not a number", "Give a number"),
    "left": (box(-0.1, 0, 1, 1), "Box 1", "beyond the left of the picture: x_min is -0.1", "cut the box off there."),
    "right": (box(0, 0, 1.2, 1), "Box 1", "beyond the right of the picture: x_max is 1.2", "cut the box off there."),
    "top": (box(0, -0.5, 1, 1), "Box 1", "beyond the top of the picture: y_min is -0.5", "cut the box off there."),
    "the second": ([FINE, box(0, 0, 1, 2, label="dog")], "Box 2 (dog)", "bottom of the picture: y_max is 2", "cut the"),
    "pixels": (box(54, 15, 361, 191), "Box 1", "x_min is 54",
               "are these pixels? Divide x by 400 and y by 200, the width and height of this picture; numbers from "
               "0 to 1000 are divided by 1000."),
    "x swapped": (box(0.8, 0, 0.2, 1, label="cat"), "Box 1 (cat)", "x_min, 0.8, is not less than x_max, 0.2.",
                  "Are the two swapped?"),
    "no height": (box(0, 0.5, 1, 0.5), "Box 1", "y_min, 0.5, is not less than y_max, 0.5.", "Leave the box out"),
    "no width once cut": (box(1, 0, 1.0000001, 1), "Box 1", "x_min, 1, is not less than x_max, 1.", "Leave the box"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_which_box_and_why_and_the_way_out(name, page, capsys):
    boxes, which, why, way_out = REFUSED[name]
    with pytest.raises(BoxError) as caught:
        draw_boxes(GROUNDS["white"], boxes)
    said = str(caught.value)
    assert said.startswith(f"{which} ") or said.startswith(f"{which}: ")
    assert why in said and way_out in said and said[-1] in ".?" and "\n" not in said
    assert isinstance(caught.value, ValueError)
    assert not page.shown and not capsys.readouterr().out, "nothing half done"


@pytest.mark.parametrize(
    ("picture", "options", "error"),
    [(CHELSEA, {"width": 99}, "from 100 to 960, not 99"), (CHELSEA, {"width": "wide"}, "not 'wide'"),
     (CHELSEA, {"width": 961}, "not 961"), ("nowhere.jpg", {}, "no file"), ("https://a.example/cat", {}, "address")],
)  # fmt: skip
def test_a_bad_width_and_what_is_no_picture_are_refused(picture, options, error, page):
    with pytest.raises(ValueError, match=error) as caught:
        draw_boxes(picture, FINE, **options)
    assert not page.shown and isinstance(caught.value, PictureError) == (not options)


@pytest.mark.parametrize("at", [0, 0.4975, 0.998])
def test_a_box_thinner_than_a_pixel_is_drawn_and_counted(at, page, capsys):
    draw_boxes(GROUNDS["white"], [box(0.2, at, 0.6, at + 0.001), box(at, 0.2, at + 0.001, 0.6)], alt="White.")
    said = capsys.readouterr().out.splitlines()
    assert said[1].endswith("(160 x 1)") and said[2].endswith("x 80)")
    for size in ((5000, 3), (3, 5000), (40, 30)):
        [(plate, _)] = plates(
            figure_of(Image.new("RGB", size), [box(0.4999, at, 0.5001, at + 0.002, label="thin")], 100)
        )
        assert plate[0] >= 0 and plate[1] >= 0


# Pixels, overlap, and boxes of other models


def fractions(apart=0.0):
    """Two fractions in their order."""
    pair = st.lists(st.floats(0, 1), min_size=2, max_size=2, unique=True).map(sorted)
    return pair.filter(lambda ends: ends[1] - ends[0] > apart)


some_boxes = st.builds(lambda x, y: box(x[0], y[0], x[1], y[1]), fractions(), fractions())
whole = st.integers(1, 5000)


@given(whole, fractions(1e-3), whole, fractions(1e-3))
def test_pixels_are_in_the_picture_and_hold_the_whole_box(wide, across, high, down):
    [checked] = check_boxes(box(across[0], down[0], across[1], down[1]), (wide, high))
    left, top, right, bottom = checked.pixels((wide, high))
    for low, most, length, (start, end) in ((left, right, wide, across), (top, bottom, high, down)):
        assert 0 <= low < most <= length and most - low < (end - start) * length + 2
        assert low <= start * length + 1e-5 and most >= end * length - 1e-5, "rounded outward"


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=2, unique=True), whole)
def test_edges_on_a_pixel_stay_on_it(edges, more):
    left, right = sorted(edges)
    wide = right + more - 1
    [checked] = check_boxes(box(left / wide, 0, right / wide, 1), (wide, 1))
    assert checked.pixels((wide, 1)) == (left, 0, right, 1)


@given(some_boxes, st.integers(1, 4000), st.integers(1, 4000))
def test_boxes_of_other_models_become_fractions(wanted, wide, high):
    x_min, y_min, x_max, y_max = (wanted[name] * side for name, side in zip(NAMES, (wide, high) * 2, strict=True))
    for numbers, order in (([x_min, y_min, x_max, y_max], "xyxy"), ((y_min, x_min, y_max, x_max), "yxyx"),
                           (np.array([x_min, y_min, x_max - x_min, y_max - y_min]), "xywh")):  # fmt: skip
        assert to_fractions(numbers, order, (wide, high)) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("numbers", "order", "size"),
    [([1, 2, 3], "xyxy", (9, 9)), (None, "xyxy", (9, 9)), ([1, 2, 3, "x"], "xyxy", (9, 9)), ([1] * 4, "xy", (9, 9)),
     ([1, 2, 3, 4], "xywh", (0, 9)), ([1, 2, 3, 4], "yxyx", None), ({"box_2d": [1, 2, 3, 4]}, "yxyx", (9, 9))],
)  # fmt: skip
def test_what_is_no_box_of_another_model_is_refused(numbers, order, size):
    with pytest.raises(BoxError, match=r'^A box needs four numbers, "xyxy", "yxyx" or "xywh", and a size, not '):
        to_fractions(numbers, order, size)

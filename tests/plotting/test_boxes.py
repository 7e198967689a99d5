"""draw_boxes: where its lines run, whether its labels can be read, what it refuses, and the same in words; and iou."""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from pydantic import BaseModel

from helpers import plotting
from helpers.encoding import PictureError
from helpers.plotting.boxes import COLOURS, NAMES, BoxError, check_boxes, draw, draw_boxes, iou
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


def contrast(a, b):
    """The contrast ratio of WCAG 2 (2008), 1 to 21."""
    parts = [
        np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) for c in (np.array(x) / 255 for x in (a, b))
    ]
    light, dark = sorted((part @ (0.2126, 0.7152, 0.0722) for part in parts), reverse=True)
    return (light + 0.05) / (dark + 0.05)


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
    part = np.array(colour) / 255
    seen = np.clip(SIGHT[sight] @ np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4), 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    x, y, z = np.where((t := xyz / (0.9505, 1, 1.089)) > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def plates(figure):
    """(where its plate lies, where its letters lie) for each label: left, top, right, bottom in pixels of the page."""
    axes = figure.axes[0]
    FigureCanvasAgg(figure).draw()
    high = figure.bbox.height

    def place(extent):
        return extent.x0, high - extent.y1, extent.x1, high - extent.y0

    filled = [patch for patch in axes.patches if patch.get_fill()]
    return [
        (place(plate.get_window_extent()), place(text.get_window_extent()))
        for plate, text in zip(filled, axes.texts, strict=True)
    ]


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


@pytest.mark.parametrize("sight", SIGHT)
def test_any_two_colours_can_be_told_apart(sight):
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
    boxes = [box(0.05 + 0.19 * n, 0.5, 0.17 + 0.19 * n, 0.9, label="Hg") for n in range(5)]
    figure = figure_of(GROUNDS[ground], boxes)
    seen = pixels_of(figure)
    for number, (plate, letters) in enumerate(plates(figure)):
        left, top, right, bottom = (round(at) for at in plate)
        inside = seen[top + 1 : bottom - 1, left + 1 : right - 1].reshape(-1, 3).astype(int)
        [(most, _)] = Counter(map(tuple, inside)).most_common(1)
        brightest = max(map(tuple, inside), key=sum)
        assert most == rgb(COLOURS[number]) and contrast(most, brightest) >= 4.5
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


def test_a_long_label_is_short_on_its_plate_and_whole_in_the_text(page, capsys):
    long = "the left eye of a cat that looks at whoever holds the camera"
    draw_boxes(CHELSEA, box(0.3, 0.3, 0.6, 0.6, label=long))
    assert long in described(page.shown[0])[0] and long in capsys.readouterr().out
    [text] = figure_of(GROUNDS["white"], [box(0.3, 0.3, 0.6, 0.6, label=long)]).axes[0].texts
    assert text.get_text() == "1 the left eye of a cat th…"
    wide = "고양이의 왼쪽 눈은 초록색입니다"
    [text] = figure_of(GROUNDS["white"], [box(0.3, 0.3, 0.6, 0.6, label=wide)]).axes[0].texts
    assert text.get_text() == "1 고양이의 왼쪽 눈은 초록색…"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("label", ["한글", "$5 and $6", "a_b^c", "%", "A\nB", "\\frac"])
def test_every_letter_is_drawn_as_it_is(label, page):
    figure = figure_of(GROUNDS["white"], [box(0.1, 0.5, 0.9, 0.9, label=label)])
    pixels_of(figure)
    [text] = figure.axes[0].texts
    assert text.get_text() == "1 " + " ".join(label.split())


def test_dollars_make_no_formula():
    wide = [plates(figure_of(GROUNDS["white"], [box(0.1, 0.5, 0.9, 0.9, label=label)])) for label in ("a", "$a$")]
    (plain, _), (dollars, _) = (found for [found] in wide)
    assert dollars[2] - dollars[0] > plain[2] - plain[0] + 10


# Sizes


@pytest.mark.parametrize("size", [(1, 1), (5000, 3), (3, 5000), (40, 30), (4000, 3000), (6000, 6000)])
@pytest.mark.parametrize("width", [480, 100, 960])
def test_every_picture_has_a_figure_that_can_be_seen(size, width):
    figure = figure_of(Image.new("RGB", size, "grey"), [box(0, 0, 1, 1, label="한글과 letters")], width)
    wide, high = figure.bbox.size
    assert 40 <= wide <= max(42, width) and 40 <= high <= 720
    for plate, letters in plates(figure):
        assert 0 <= plate[0] <= letters[0] and letters[2] <= plate[2] <= wide and plate[1] >= 0 and plate[3] <= high
    seen = pixels_of(figure)
    assert tuple(seen[int(high) // 2, 2]) == rgb(COLOURS[0])


def test_200_boxes_keep_within_the_picture(page, capsys):
    boxes = [box(x / 20, y / 10, x / 20 + 0.04, y / 10 + 0.08, label="hen") for y in range(10) for x in range(20)]
    draw_boxes(CHELSEA, boxes)
    alt, width, _, _ = described(page.shown[0])
    assert width == 480 + 20 and len(page.shown[0]["text/html"]) < 62_000
    assert "10 hen, from 45% to 49% across" in alt and "11 hen" not in alt and "And 190 more, listed below." in alt
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith("200 boxes") and len(said) == 201 and said[-1].startswith("200 hen: x 0.95 to 0.99")
    figure = figure_of(GROUNDS["noise"], boxes)
    assert len(plates(figure)) == 200
    assert all(at[0] >= 0 and at[2] <= 400 and at[1] >= 0 and at[3] <= 200 for at, _ in plates(figure))


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


@pytest.mark.parametrize("none", [[], (), iter(())])
def test_no_box_is_an_answer_too(none, page, capsys):
    draw_boxes(CHELSEA, none)
    assert described(page.shown[0])[0].startswith(f"A picture without a box. The picture: {CHELSEA_ALT}")
    assert capsys.readouterr().out == "picture: 451 x 300 pixels, no box\n"


def test_a_text_for_the_picture_may_be_given(page, capsys):
    draw_boxes(GROUNDS["black"], box(0, 0, 0.5, 0.5), alt="Night.", width=200)
    alt, width, _, _ = described(page.shown[0])
    assert alt.endswith("0% to 50% down. The picture: Night.") and width == 220
    assert "400 x 200 pixels, 1 box" in capsys.readouterr().out


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


@dataclass
class Plain:
    x_min: float
    y_min: float
    x_max: float
    y_max: float
    label: str = "cat"


@pytest.mark.parametrize(
    "one", [Model(label="cat", x_min=0.1, y_min=0.2, x_max=1, y_max=0.4), Plain(0.1, 0.2, 1, 0.4),
            box(np.float32(0.1), 0.2, 1, np.float64(0.4), label=" cat\n"), box(0.1, 0.2, 1, 0.4, label=Animal.CAT)]
)  # fmt: skip
def test_a_box_may_be_a_dict_a_model_or_a_dataclass_alone_or_in_a_list(one):
    expected = pytest.approx((0.1, 0.2, 1, 0.4))
    for boxes in (one, [one], (one,), iter([one])):
        [checked] = check_boxes(boxes, (100, 100))
        assert (checked.x_min, checked.y_min, checked.x_max, checked.y_max) == expected and checked.title == "1 cat"


# What is refused

FINE = box(0, 0, 1, 1)
# what is given, the box that is named, why, the way out
REFUSED = {
    "missing": ({"x_min": 0.1, "y_min": 0.2, "x_max": 0.5}, "Box 1", "of type dict has no y_max.",
                "A box is a dict or an object with x_min, y_min, x_max and y_max; this has x_min, y_min, x_max."),
    "wrapped": ({"boxes": [FINE]}, "Box 1", "of type dict has no x_min", "; this has boxes."),
    "an object without": (object(), "Box 1", "of type object has no x_min", "; this has none of these."),
    "text": (box("0.1", 0, 1, 1), "Box 1", "x_min is '0.1', which is not a number", "Give a number from 0 to 1."),
    "None": (box(0, None, 1, 1, label="cat"), "Box 1 (cat)", "y_min is None, which is not a number", "Give a number"),
    "bool": (box(0, 0, True, 1), "Box 1", "x_max is True, which is not a number", "Give a number"),
    "nan": (box(0, 0, 1, float("nan")), "Box 1", "y_max is nan, which is not a number", "Give a number"),
    "inf": (box(0, 0, float("inf"), 1), "Box 1", "x_max is inf, which is not a number", "Give a number"),
    "longer than any number": (box(0, 0, 10**400, 1), "Box 1", "which is not a number", "Give a number"),
    "a list of numbers": ([[0.1, 0.2, 0.5, 0.6]], "Box 1", "of type list has no x_min",
                          "A box is a dict or an object with x_min, y_min, x_max and y_max"),
    "four numbers": ([0.1, 0.2, 0.5, 0.6], "Box 1", "of type float", "A box is a dict or an object with"),
    "an answer's text": ('[{"x_min": 0.1}]', "Box 1", "of type str", "A box is a dict or an object with"),
    "None alone": (None, "Box 1", "of type NoneType", "A box is a dict or an object with"),
    "left": (box(-0.1, 0, 1, 1), "Box 1", "beyond the left of the picture: x_min is -0.1", "cut the box off there."),
    "right": (box(0, 0, 1.2, 1), "Box 1", "beyond the right of the picture: x_max is 1.2", "cut the box off there."),
    "top": (box(0, -0.5, 1, 1), "Box 1", "beyond the top of the picture: y_min is -0.5", "cut the box off there."),
    "bottom": (box(0, 0, 1, 1.5), "Box 1", "beyond the bottom of the picture: y_max is 1.5", "cut the box off there."),
    "the second": ([FINE, box(0, 0, 1, 1.5, label="dog")], "Box 2 (dog)", "beyond the bottom", "cut the box off"),
    "pixels": (box(54, 15, 361, 191), "Box 1", "x_min is 54",
               "are these pixels? Divide x by 400 and y by 200, the width and height of this picture; numbers from "
               "0 to 1000 are divided by 1000."),
    "x swapped": (box(0.8, 0, 0.2, 1, label="cat"), "Box 1 (cat)", "x_min, 0.8, is not less than x_max, 0.2.",
                  "Are the two swapped?"),
    "y swapped": (box(0, 0.8, 1, 0.2), "Box 1", "y_min, 0.8, is not less than y_max, 0.2.", "Are the two swapped?"),
    "no width": (box(0.5, 0, 0.5, 1), "Box 1", "x_min, 0.5, is not less than x_max, 0.5.", "Leave the box out"),
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


@pytest.mark.parametrize("options", [{"width": 20}, {"width": "wide"}, {"width": 961}])
def test_a_width_that_is_none_is_refused(options, page):
    with pytest.raises(ValueError, match="from 100 to 960, not"):
        draw_boxes(CHELSEA, FINE, **options)
    assert not page.shown


@pytest.mark.parametrize("picture", ["nowhere.jpg", b"<html>", "https://example.com/cat.jpg"])
def test_what_is_no_picture_is_refused(picture, page):
    with pytest.raises(PictureError):
        draw_boxes(picture, FINE)
    assert not page.shown


@pytest.mark.parametrize("at", [0, 0.45, 0.4975, 0.998])
def test_a_box_thinner_than_a_pixel_is_drawn_and_counted(at, page, capsys):
    draw_boxes(GROUNDS["white"], [box(0.2, at, 0.6, at + 0.001), box(at, 0.2, at + 0.001, 0.6)], alt="White.")
    said = capsys.readouterr().out.splitlines()
    assert said[1].endswith("(160 x 1)") and said[2].endswith("x 80)")
    for size in ((5000, 3), (3, 5000), (40, 30)):
        thin = box(0.4999, at, 0.5001, at + 0.002, label="thin")
        [(plate, _)] = plates(figure_of(Image.new("RGB", size), [thin], 100))
        assert plate[0] >= 0 and plate[1] >= 0


def test_what_arithmetic_adds_is_cut_off():
    [checked] = check_boxes(box(-1e-9, -0.0, 1.0000001, 1), (400, 200))
    assert (checked.x_min, checked.y_min, checked.x_max, checked.y_max) == (0, 0, 1, 1)
    assert "-" not in f"{checked.x_min:.2f}{checked.y_min:.2f}"


# Pixels and overlap

fraction = st.floats(0, 1)
whole = st.integers(1, 5000)


@st.composite
def spans(draw_from):
    """A length in pixels, and two fractions of it that are a pixel or more apart."""
    pixels = draw_from(whole)
    apart = draw_from(st.floats(1 / pixels, 1))
    start = draw_from(st.floats(0, 1 - apart))
    return pixels, start, min(start + apart, 1)


@given(spans(), spans())
def test_pixels_are_in_the_picture_and_hold_the_whole_box(across, down):
    (wide, x_min, x_max), (high, y_min, y_max) = across, down
    [checked] = check_boxes(box(x_min, y_min, x_max, y_max), (wide, high))
    left, top, right, bottom = checked.pixels((wide, high))
    assert 0 <= left < right <= wide and 0 <= top < bottom <= high
    assert left <= x_min * wide + 1e-5 and right >= x_max * wide - 1e-5, "rounded outward"
    assert top <= y_min * high + 1e-5 and bottom >= y_max * high - 1e-5
    assert right - left < (x_max - x_min) * wide + 2 and bottom - top < (y_max - y_min) * high + 2


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=2, unique=True), whole)
def test_edges_on_a_pixel_stay_on_it(edges, more):
    left, right = sorted(edges)
    wide = right + more - 1
    [checked] = check_boxes(box(left / wide, 0, right / wide, 1), (wide, 1))
    assert checked.pixels((wide, 1)) == (left, 0, right, 1)


@st.composite
def some_boxes(draw_from):
    x, y = (sorted(draw_from(st.lists(fraction, min_size=2, max_size=2, unique=True))) for _ in "xy")
    return box(x[0], y[0], x[1], y[1])


@given(some_boxes(), some_boxes())
def test_iou_is_symmetric_and_between_0_and_1(a, b):
    assert iou(a, b) == iou(b, a) and 0 <= iou(a, b) <= 1


@given(some_boxes())
def test_iou_with_itself_is_1(a):
    assert iou(a, a) == iou(a, Plain(*(a[name] for name in NAMES))) == 1


@given(some_boxes(), some_boxes())
def test_iou_is_1_for_the_same_box_only(a, b):
    assume(a != b)
    assert iou(a, b) < 1 or all(abs(a[name] - b[name]) < 1e-12 for name in NAMES), "but for what a float can't tell"


@given(some_boxes(), st.sampled_from("xy"), st.floats(0, 1), some_boxes())
def test_iou_of_boxes_that_touch_or_are_apart_is_0(a, axis, apart, b):
    beside = dict(b)
    beside[f"{axis}_min"] = a[f"{axis}_max"] + apart
    beside[f"{axis}_max"] = beside[f"{axis}_min"] + 0.5
    assert iou(a, beside) == iou(beside, a) == 0


@given(some_boxes(), st.integers(1, 4000), st.integers(1, 4000), some_boxes())
def test_iou_is_the_same_in_pixels(a, wide, high, b):
    def scaled(one):
        return box(*(one[name] * length for name, length in zip(NAMES, (wide, high) * 2, strict=True)))

    # Boxes thinner than this lose digits in the multiplication.
    assume(all(one[f"{axis}_max"] - one[f"{axis}_min"] > 1e-6 for one in (a, b) for axis in "xy"))
    assert iou(scaled(a), scaled(b)) == pytest.approx(iou(a, b), abs=1e-6)


def test_iou_of_boxes_worked_out_by_hand():
    assert iou(box(0, 0, 2, 2), box(1, 1, 3, 3)) == 1 / 7
    assert iou(box(0, 0, 1, 1), box(0, 0, 0.5, 1)) == 0.5
    assert iou(box(0, 0, 1e-200, 1e-200), box(0, 0, 1e-200, 5e-201)) == pytest.approx(0.5), "no area is too small"


@pytest.mark.parametrize(
    ("a", "b", "says"),
    [
        (FINE, box(0.8, 0, 0.2, 1, label="cat"), r"Box 2 \(cat\): x_min, 0\.8, is not less than x_max, 0\.2\. Are the"),
        (box(0, 0, 0, 1), FINE, "Box 1: x_min, 0, is not less than x_max, 0"),
        (FINE, {"x_min": 0}, "Box 2 of type dict has no y_min"),
        (FINE, "cat", "Box 2 of type str"),
    ],
)
def test_iou_refuses_what_has_no_area(a, b, says):
    with pytest.raises(BoxError, match=f"^{says}"):
        iou(a, b)


def test_it_is_one_of_the_public_names():
    assert "draw_boxes" in plotting.__all__


def test_decimals_and_half_an_emoji_are_borne(capsys):
    exact = {name: Decimal(text) for name, text in zip(NAMES, ("0.1", "0.2", "0.5", "0.6"), strict=True)}
    plotting.draw_boxes(Image.new("RGB", (100, 100), "white"), exact | {"label": "cat \ud83d"}, alt="White.")
    assert "1 cat ?: x 0.10 to 0.50, y 0.20 to 0.60" in capsys.readouterr().out

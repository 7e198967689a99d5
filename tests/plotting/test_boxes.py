"""draw_boxes: where its lines run, whether its labels can be read, what it refuses, and the same in words."""

import re
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
from pydantic import create_model

from helpers.plotting import to_fractions
from helpers.plotting.boxes import COLOURS, NAMES, BoxError, check_boxes, draw, draw_boxes
from tests.recording.page import ROOT, described

WHITE = (255, 255, 255)
GROUND = Image.effect_noise((400, 200), 120).convert("RGB")
RGB = [tuple(bytes.fromhex(colour[1:])) for colour in COLOURS]


def box(*values, label=None):
    return dict(zip(NAMES, values, strict=True)) | ({"label": label} if label is not None else {})


def figure_of(picture, boxes, width=400):
    return draw(picture, check_boxes(boxes, picture.size), width)


def plates(figure):
    """(where its plate lies, where its letters lie) for each label, in pixels of the page, up from its lower edge."""
    FigureCanvasAgg(figure).draw()
    filled = [patch for patch in figure.axes[0].patches if patch.get_fill()]
    pairs = zip(filled, figure.axes[0].texts, strict=True)
    return [(plate.get_window_extent(), letters.get_window_extent()) for plate, letters in pairs]


def test_a_line_runs_where_the_box_ends_in_a_pale_halo_and_is_whole_at_the_edges():
    figure, (whole, inner) = figure_of(GROUND, [box(0, 0, 1, 1), box(0.3, 0.4, 0.6, 0.9)]), RGB[:2]
    FigureCanvasAgg(figure).draw()
    seen = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    assert seen.shape == (200, 400, 3)
    edges = [(line[:6], whole) for line in (seen[100], seen[100, ::-1], seen[::-1, 200])]
    edges += [(line, inner) for line in (seen[130, 117:123], seen[130, 237:243], seen[77:83, 200], seen[177:183, 200])]
    assert all((line == [WHITE, WHITE, ink, ink, WHITE, WHITE]).all() for line, ink in edges)
    assert (seen[120:170, 130:230] == np.asarray(GROUND)[120:170, 130:230]).all(), "the rest is the picture"


def test_white_letters_can_be_read_on_each_colour_and_any_two_colours_told_apart():
    part, luminance = np.array(RGB) / 255, (0.2126, 0.7152, 0.0722)
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    assert min(1.05 / (linear @ luminance + 0.05)) >= 4.5, "the contrast ratio of WCAG 2 (2008)"
    left = np.stack([linear @ luminance, linear[:, 2]], axis=1) ** (1 / 2.4)  # lightness and blue
    apart = min(np.linalg.norm(one - other) for one, other in combinations(left, 2))
    assert apart > 0.2, "what red-green blindness leaves, from 0 to 1 each"


@pytest.mark.filterwarnings("error")
def test_every_letter_is_drawn_as_it_is_or_stands_in_the_text(page, capsys):
    drawn = {  # as the label comes: as it stands on the plate
        "$5 and $6": "1 $5 and $6",
        "the left eye of a cat that looks at you": "2 the left eye of a cat th…",
        "고양이의 왼쪽 눈은 초록색입니다": "3 고양이의 왼쪽 눈은 초록색…",
        "红色的方块": "4",
    }
    boxes = [box(0.1, 0.1 * n, 0.9, 0.1 * n + 0.1, label=label) for n, label in enumerate(drawn)]
    texts = figure_of(GROUND, boxes).axes[0].texts
    assert [text.get_text() for text in texts] == [*drawn.values()] and not any(text.get_parse_math() for text in texts)
    draw_boxes(GROUND, boxes)
    alt, said = described(page.shown[0])[0], capsys.readouterr().out
    for number, label in enumerate(drawn, 1):
        assert f"{number} {label}, from 10% to 90%" in alt and f"\n{number} {label}: x 0.10 to 0.90" in said


def test_a_label_stands_above_its_box_or_inside_and_on_no_other_where_there_is_room():
    for edges, above in {(0.2, 0.5, 0.6, 0.9): True, (0.2, 0.05, 0.6, 0.9): False, (0.98, 0, 1, 0.03): False}.items():
        [(plate, _)] = plates(figure_of(GROUND, [box(*edges, label="a label of some length")]))
        assert (plate.y0 >= 200 - edges[1] * 200) if above else (plate.y1 <= 200 - edges[1] * 200), edges
    found = [plate for plate, _ in plates(figure_of(GROUND, [box(0.2, 0.3, 0.8, 0.9, label="one")] * 4))]
    assert not any(one.fully_overlaps(other) for one, other in combinations(found, 2))


sides = st.integers(1, 5000)
fractions = st.sets(st.integers(0, 999), min_size=2, max_size=2).map(lambda two: [at / 999 for at in sorted(two)])
some_boxes = st.builds(lambda x, y: box(x[0], y[0], x[1], y[1]), fractions, fractions)
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
    filled = [to_hex(patch.get_facecolor()) for patch in figure.axes[0].patches if patch.get_fill()]
    assert filled == colours[1::2], "a plate has the colour of its line"
    for plate, letters in found:
        assert 0 <= plate.x0 <= letters.x0 and letters.x1 <= plate.x1 <= wide and 0 <= plate.y0 < plate.y1 <= high


def test_the_text_says_what_the_figure_shows_of_the_upright_picture(page, capsys):
    draw_boxes(
        ROOT / "asset/images/phone_photo.jpg", [box(0.4, 0.25, 0.6, 0.75, label="rocket"), box(0.3, 0.2, 0.55, 0.42)]
    )
    draw_boxes(GROUND, [], alt="Night.", width=200)
    draw_boxes(GROUND, (box(0.1, 0.1, 0.2, 0.2, label="hen") for _ in range(40)), alt="Night.")
    (alt, width, _, stored), (none, narrow, *_), (many, *_) = map(described, page.shown)
    assert alt.startswith("Boxes on a picture: 1 rocket, from 40% to 60% across and 25% to 75% down. 2, from 30% to ")
    assert none == "A picture without a box. The picture: Night."
    assert many.count("hen") == 10 and many.endswith(" down. And 30 more, listed below. The picture: Night.")
    assert width == stored.width == 480 + 20 and narrow == 220 and len(page.shown[0]["text/html"]) < 62_000
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "picture: 320 x 427 pixels, 2 boxes",
        "1 rocket: x 0.40 to 0.60, y 0.25 to 0.75; pixels: left 128, top 106, right 192, bottom 321 (64 x 215)",
        "2: x 0.30 to 0.55, y 0.20 to 0.42; pixels: left 96, top 85, right 176, bottom 180 (80 x 95)",
    ]
    assert [line[-8:] for line in lines[3:5]] == [", no box", "40 boxes"] and len(lines) == 3 + 1 + 41


Model = create_model("Model", label=(Enum("Animal", {"CAT": "cat"}), ...), **dict.fromkeys(NAMES, (float, ...)))


def test_a_box_may_be_a_dict_or_an_object_alone_or_in_a_list():
    values = box(0.1, 0.2, 1, 0.4)
    unusual = box(np.float32(0.1), Decimal("0.2"), 1.0000001, np.float64(0.4), label=" cat\n\ud83d")
    for one, title in ((Model(**values, label="cat"), "1 cat"), (SimpleNamespace(**values), "1"), (unusual, "1 cat ?")):
        for boxes in (one, [one], (one,), iter([one])):
            [checked] = check_boxes(boxes, (100, 100))
            assert checked == (*map(pytest.approx, values.values()), title) and checked.x_max <= 1
    assert str(check_boxes(box(-1e-9, -0.0, 1, 1), (9, 9))[0][:2]) == "(0.0, 0.0)", "what arithmetic adds is cut off"


REFUSED = {  # what is said of what is given
    "Box 1 of type dict has no y_max. A box is a dict or an object": {"x_min": 0.1, "y_min": 0.2, "x_max": 0.5},
    "; this has none of these.": '[{"x_min": 0.1}]',
    "Box 1: x_min is '0.1', which is not a number. Give a number from 0 to 1.": box("0.1", 0, 1, 1),
    "Box 1: y_max is nan, which is not a number.": box(0, 0, 1, float("nan")),
    "Box 1 lies beyond the left of the picture: x_min is -0.1. Fractions go from 0 to 1: cut the": box(-0.1, 0, 1, 1),
    "Box 2 (dog) lies beyond the bottom of the picture: y_max is 2.": [box(0, 0, 1, 1), box(0, 0, 1, 2, label="dog")],
    "x by 400 and y by 200, the width and height of this picture; numbers from 0 to 1000": box(54, 15, 361, 191),
    "Box 1: x_min, 0.8, is not less than x_max, 0.2. Are the two swapped?": box(0.8, 0, 0.2, 1),
    "Box 1: x_min, 1, is not less than x_max, 1. Leave the box out, or ask for it again.": box(1, 0, 1.0000001, 1),
}


@pytest.mark.parametrize("says", REFUSED)
def test_a_refusal_says_which_box_and_why_and_the_way_out(says, page, capsys):
    with pytest.raises(BoxError, match=re.escape(says)):
        draw_boxes(GROUND, REFUSED[says])
    assert not page.shown and not capsys.readouterr().out, "nothing half done"


@given(sides, fractions, sides, fractions)
def test_pixels_are_in_the_picture_and_hold_the_whole_box(wide, across, high, down):
    [checked] = check_boxes(box(across[0], down[0], across[1], down[1]), (wide, high))
    left, top, right, bottom = checked.pixels((wide, high))
    for low, most, length, (start, end) in ((left, right, wide, across), (top, bottom, high, down)):
        assert 0 <= low < most <= length and most - low < (end - start) * length + 2
        assert low <= start * length + 1e-5 and most >= end * length - 1e-5, "rounded outward"
    [checked] = check_boxes(box(left / wide, top / high, right / wide, bottom / high), (wide, high))
    assert checked.pixels((wide, high)) == (left, top, right, bottom), "edges on a pixel stay on it"


@given(some_boxes, sides, sides)
def test_boxes_of_other_models_become_fractions(wanted, wide, high):
    x_min, y_min, x_max, y_max = (wanted[name] * side for name, side in zip(NAMES, (wide, high) * 2, strict=True))
    orders = {"xyxy": [x_min, y_min, x_max, y_max], "yxyx": (y_min, x_min, y_max, x_max)}
    for order, numbers in {**orders, "xywh": np.array([x_min, y_min, x_max - x_min, y_max - y_min])}.items():
        assert to_fractions(numbers, order, (wide, high)) == pytest.approx(wanted)

"""show and draw_grid: pictures that are seen, of the right size, described in words, and alone on the page."""

from contextlib import nullcontext
from importlib import import_module
from itertools import pairwise
from unittest.mock import Mock

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from helpers.encoding import PictureError, open_picture
from helpers.plotting import draw_boxes, draw_grid, grids, show
from helpers.tokens import picture_tokens
from tests.recording.page import CHELSEA, COFFEE, COFFEE_ALT, ROOT, described, drawn, encoded

SHOW, LUNA = import_module("helpers.plotting.show"), "gpt-5.6-luna"


def test_one_picture_has_the_asked_size_and_its_own_pixels(page):
    show(COFFEE, width=400)
    _, width, kind, stored = described(page.shown[0])
    assert (width, stored.size, kind) == (420, (420, 287), "jpeg"), "10 pixels of margin all around"
    expected = Image.open(COFFEE).convert("RGB").resize((400, 267), Image.Resampling.LANCZOS)
    inside = stored.convert("RGB").crop((10, 10, 410, 277))
    assert np.abs(np.asarray(inside, int) - np.asarray(expected, int)).mean() < 6, "not the picture, or blurred"
    assert stored.convert("RGB").getpixel((2, 2)) >= (250, 250, 250), "the edge is white on a dark page too"


@pytest.mark.parametrize(
    ("sizes", "width", "expected"),
    [
        ([(600, 400)], None, [(480, 320)]),
        ([(600, 400)] * 2, None, [(315, 210)] * 2),
        ([(100, 1000)], None, [(72, 720)]),
        ([(600, 200), (200, 400)], 710, [(600, 200), (100, 200)]),
    ],
)
def test_a_row_is_equally_high_and_fits_the_page(sizes, width, expected):
    figure = SHOW._row([drawn(size) for size in sizes], [None] * len(sizes), width)
    places = [axes.get_window_extent() for axes in figure.axes]
    assert [(round(place.width), round(place.height)) for place in places] == expected
    assert all(right.x0 - left.x1 == pytest.approx(SHOW.GAP) for left, right in pairwise(places))
    assert not any(axes.axison for axes in figure.axes)


@pytest.mark.filterwarnings("error")
def test_captions_are_dark_letters_above_their_picture_and_a_number_where_no_font_can_draw_them(page):
    for captions in (None, "커피 한 잔 — a cup, −3 °C"):
        show(COFFEE, captions=captions, width=300)
    bare, captioned = (np.asarray(described(bundle)[3].convert("L")) for bundle in page.shown)
    assert (captioned[: len(captioned) - len(bare)] < 80).sum() > 50
    figure = SHOW._row([drawn()] * 3, ["a  cup\n", "红色的方块", "커피 " * 9], 960)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["a  cup", "2", "커피 커피 커피 커피 커피 커피\n커피 커피 커피"]
    plain = Figure()  # of the reader's own, with Hangul in every style
    plain.suptitle("위 제목", weight="bold")
    plain.add_subplot(xlabel="가로 축").xaxis.label.set_style("italic")
    assert described(page.of(plain))[0] == "위 제목"


def test_a_row_is_told_in_words_one_line_a_picture(page, capsys):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(drawn((90, 60)), "JPEG", exif=exif)
    pictures = [CHELSEA.read_bytes(), open_picture(COFFEE), open_picture(COFFEE, max_side=200), turned]
    show(*pictures, captions=["고양이\n(cat)", None, None, None], alt=['A <cat> & "more"', None, None, None])
    told = described(page.shown[0])[0]
    assert told.startswith(f'Picture 1 of 4 (고양이 (cat)): A <cat> & "more" Picture 2 of 4: {COFFEE_ALT}')
    assert told.endswith("Picture 3 of 4: Picture, 200 x 133 pixels Picture 4 of 4: Picture, 60 x 90 pixels")
    assert capsys.readouterr().out.splitlines() == [
        "고양이 (cat): 451 x 300 pixels, RGB, PNG",
        "coffee.png: 600 x 400 pixels, RGB, PNG",
        "coffee.png: 200 x 133 pixels, RGB, JPEG",
        "picture 4: 60 x 90 pixels, RGB, JPEG, turned upright (EXIF)",
    ]


def test_a_program_describes_its_own_pictures(page, monkeypatch):
    sources = [lambda image, data: None, lambda image, data: f"Mine, {image.size}, {data}." if not data else None]
    monkeypatch.setattr(SHOW, "alt_text_sources", sources)
    show(drawn(), encoded(drawn((9, 9))))
    told = described(page.shown[0])[0]
    assert told == "Picture 1 of 2: Mine, (60, 40), None. Picture 2 of 2: Picture, 9 x 9 pixels"


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_figure_of_your_own_waits_untouched(interrupted, page, monkeypatch):
    first, second = plt.figure(), plt.figure()
    if interrupted:
        monkeypatch.setattr(plt, "show", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt) if interrupted else nullcontext():
        show(drawn(), alt="A dark square")
    assert [described(bundle)[0] for bundle in page.shown] == ["A dark square"] * (not interrupted)
    assert plt.get_fignums() == [first.number, second.number] and plt.gcf() is second
    plt.close("all")


@pytest.mark.filterwarnings("error")
def test_without_a_window_the_numbers_are_printed_and_no_figure_stays_open(capsys):
    show(drawn())
    draw_boxes(drawn(), [{"x_min": 0, "y_min": 0, "x_max": 0.5, "y_max": 1, "label": "left"}])
    draw_grid(drawn(), LUNA, "low")
    first, _, box, *_, last = capsys.readouterr().out.splitlines()
    assert first == "picture: 60 x 40 pixels, RGB" and box.startswith("1 left: x 0.00 to 0.50")
    assert last == "tokens: 5 (estimated)" and plt.get_fignums() == []


@pytest.mark.parametrize(
    ("pictures", "options", "error", "says"),
    [
        (["https://example.com/cat.jpg"], {}, PictureError, r"requests\.get\(url\)\.content"),
        ([[COFFEE, CHELSEA]], {}, PictureError, r"not list\."),
        ([], {}, TypeError, "at least one picture"),
        ([COFFEE, CHELSEA], {"captions": "one"}, ValueError, "2 pictures but 1 captions"),
        ([COFFEE], {"alt": ["a", "b"]}, ValueError, "1 pictures but 2 alt texts"),
    ],
)
def test_what_cannot_be_shown_gets_one_sentence(pictures, options, error, says):
    with pytest.raises(error, match=says) as caught:
        show(*pictures, **options)
    assert "\n" not in str(caught.value) and str(ROOT) not in str(caught.value)


# The picture as a model gets it, and the lines of its tiles or patches


@pytest.mark.parametrize(("model", "size", "extent", "every"), [
    (LUNA, (600, 400), (608, 416), 1), ("gpt-4o", (1000, 1520), (1024, 1536), 1), (LUNA, (1472, 960), (1472, 960), 5),
    (LUNA, (60_000, 30), (60_000, 32), 50), (LUNA, (1, 1), (32, 32), 1),
])  # fmt: skip
def test_whole_tiles_or_patches_lie_over_the_picture(model, size, extent, every):
    counted = picture_tokens(*size, model)
    figure = grids.draw(Image.new("RGB", size, "white"), counted, "title", 360)
    unit, axes = {"tile": 512, "patch": 32}[counted.unit], figure.axes[0]
    for axis, lines in enumerate(axes.collections):
        expected = [*range(0, extent[axis], unit * every), extent[axis]]
        assert [segment[0][axis] for segment in lines.get_segments()] == expected
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, extent[0]), (extent[1], 0)), "the last one is whole"
    assert axes.images[0].get_extent() == [0, *counted.size, 0], "and the picture is not"
    page = figure.get_size_inches() * 100
    assert max(page) == pytest.approx(360) and min(page) >= 24
    assert (f"every {every}th line" in grids.describe(counted, 360)[2]) == (every > 1)


def test_what_is_lost_is_not_drawn():
    stripes, contrast = Image.fromarray(np.tile(np.uint8([0, 255]), (1024, 512))).convert("RGB"), {}
    for detail in ("low", "high"):
        figure = grids.draw(stripes, picture_tokens(1024, 1024, LUNA, detail), "", 900)
        contrast[detail] = np.asarray(figure.axes[0].images[0].get_array())[100:-100, 100:-100].std()
    assert contrast["high"] > 100 > 10 * contrast["low"], "at low two stripes fall on one pixel"


@pytest.mark.parametrize(
    ("picture", "arguments", "alt", "numbers"),
    [
        (COFFEE, ("gpt-4o", "low"), "(gpt-4o, low): 512 x 341 pixels, no grid, 85 tokens. The picture: A half",
         ["gpt-4o, low, rules of 2026-10", "size:   600 x 400 -> 512 x 341 pixels",
          "grid:   none; the small picture has one price", "tokens: 85 (estimated)"]),
        (drawn(), ("gpt-4o-2024-08-06",), "auto (which is high)): 60 x 40 pixels, 1 x 1 = 1 tile, 255 tokens. The pic",
         ["gpt-4o, high, rules of 2026-10", "size:   60 x 40 pixels, as it is sent",
          "grid:   1 x 1 = 1 tile of 512 x 512 pixels", "tokens: 255 (estimated)",
          "note:   gpt-4o-2024-08-06 is counted as gpt-4o"]),
    ],
)  # fmt: skip
def test_alt_text_and_numbers_say_what_is_drawn(picture, arguments, alt, numbers, page, capsys):
    draw_grid(picture, *arguments)
    assert alt in described(page.shown[0])[0] and len(page.shown[0]["text/html"]) < 60_900
    assert capsys.readouterr().out.splitlines() == numbers

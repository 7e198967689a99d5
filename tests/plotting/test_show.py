"""show and draw_grid: pictures that are seen, of the right size, described in words, and alone on the page."""

from importlib import import_module
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from helpers.encoding import PictureError, open_picture
from helpers.plotting import BoxError, draw_boxes, draw_grid, grids, show, to_fractions
from helpers.tokens import picture_tokens
from tests.recording.page import CHELSEA, COFFEE, COFFEE_ALT, ROOT, described, drawn, encoded

SHOW, LUNA = import_module("helpers.plotting.show"), "gpt-5.6-luna"


@pytest.mark.filterwarnings("error")
def test_one_picture_has_the_asked_size_its_own_pixels_and_dark_letters_above(page):
    for captions in (None, "커피 한 잔 — a cup, −3 °C"):
        show(COFFEE, captions=captions, width=400)
    (_, width, kind, stored), (*_, captioned) = map(described, page.shown)
    assert (width, stored.size, kind) == (420, (420, 287), "jpeg"), "10 pixels of margin all around"
    expected = Image.open(COFFEE).convert("RGB").resize((400, 267), Image.Resampling.LANCZOS)
    inside = stored.convert("RGB").crop((10, 10, 410, 277))
    assert np.abs(np.asarray(inside, int) - np.asarray(expected, int)).mean() < 6, "not the picture, or blurred"
    assert stored.convert("RGB").getpixel((2, 2)) >= (250, 250, 250), "the edge is white on a dark page too"
    assert (np.asarray(captioned.convert("L"))[: captioned.height - stored.height] < 80).sum() > 50


ROWS = [  # sizes of pictures, the width that is asked for, their sizes on the page
    ([(600, 400)], None, [(480, 320)]),
    ([(600, 400)] * 2, None, [(315, 210)] * 2),
    ([(100, 1000)], None, [(72, 720)]),
    ([(600, 200), (200, 400)], 710, [(600, 200), (100, 200)]),
]


@pytest.mark.parametrize(("sizes", "width", "expected"), ROWS)
def test_a_row_is_equally_high_and_fits_the_page(sizes, width, expected):
    figure = SHOW._row([drawn(size) for size in sizes], [None] * len(sizes), width)
    places = [axes.get_window_extent() for axes in figure.axes]
    assert [(round(place.width), round(place.height)) for place in places] == expected
    assert all(right.x0 - left.x1 == pytest.approx(SHOW.GAP) for left, right in pairwise(places))
    assert not any(axes.axison for axes in figure.axes)


@pytest.mark.filterwarnings("error")
def test_a_caption_is_wrapped_and_a_number_where_no_font_can_draw_it(page):
    figure = SHOW._row([drawn()] * 3, ["a  cup\n", "红色的方块", "커피 " * 9], 960)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == ["a  cup", "2", "커피 커피 커피 커피 커피 커피\n커피 커피 커피"]


def test_a_row_is_told_in_words_one_line_a_picture(page, capsys, monkeypatch):
    mine = lambda image, data: None if data else f"Mine, {image.size}."  # noqa: E731 (a program describes its own)
    monkeypatch.setattr(SHOW, "alt_text_sources", [*SHOW.alt_text_sources, mine])
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(drawn((90, 60)), "JPEG", exif=exif)
    pictures = [CHELSEA.read_bytes(), open_picture(COFFEE), open_picture(COFFEE, max_side=200), turned, drawn()]
    show(*pictures, captions=["고양이\n(cat)", *[None] * 4], alt=['A <cat> & "more"', *[None] * 4])
    told = described(page.shown[0])[0]
    assert told.startswith(f'Picture 1 of 5 (고양이 (cat)): A <cat> & "more" Picture 2 of 5: {COFFEE_ALT}')
    assert "Picture 3 of 5: Picture, 200 x 133 pixels Picture 4 of 5: Picture, 60 x 90 pixels" in told
    assert told.endswith(" Picture 5 of 5: Mine, (60, 40).")
    assert capsys.readouterr().out.splitlines() == [
        "고양이 (cat): 451 x 300 pixels, RGB, PNG",
        "coffee.png: 600 x 400 pixels, RGB, PNG",
        "coffee.png: 200 x 133 pixels, RGB, JPEG",
        "picture 4: 60 x 90 pixels, RGB, JPEG, turned upright (EXIF)",
        "picture 5: 60 x 40 pixels, RGB",
    ]


def test_a_figure_of_your_own_waits_untouched(page):
    first, second = plt.figure(), plt.figure()
    show(drawn(), alt="A dark square")
    assert [described(bundle)[0] for bundle in page.shown] == ["A dark square"]
    assert plt.get_fignums() == [first.number, second.number] and plt.gcf() is second
    plt.close("all")


@pytest.mark.filterwarnings("error")
def test_without_a_window_the_numbers_are_printed_and_no_figure_stays_open(capsys):
    show(drawn())
    assert capsys.readouterr().out == "picture: 60 x 40 pixels, RGB\n" and plt.get_fignums() == []


REFUSED = [
    (lambda: show("https://example.com/cat.jpg"), PictureError, r"requests\.get\(url\)\.content"),
    (lambda: show(), TypeError, "at least one picture"),
    (lambda: show(COFFEE, CHELSEA, captions="one"), ValueError, "2 pictures but 1 captions"),
    (lambda: draw_boxes(COFFEE, [], width=99), ValueError, "from 100 to 960, not 99"),
    (lambda: draw_grid(COFFEE, LUNA, width=961), ValueError, "from 100 to 960, not 961"),
    (lambda: to_fractions([1, 2, 3], "xyxy", (9, 9)), BoxError, r"four numbers, .*, not \[1, 2, 3\], 'xyxy' and"),
    (lambda: to_fractions([1] * 4, "xy", (9, 9)), BoxError, '"xyxy", "yxyx" or "xywh"'),
]


@pytest.mark.parametrize(("call", "error", "says"), REFUSED)
def test_what_cannot_be_shown_or_read_gets_one_sentence(call, error, says):
    with pytest.raises(error, match=says) as caught:
        call()
    assert "\n" not in str(caught.value) and str(ROOT) not in str(caught.value)


GRIDS = [  # a model, a picture's size, what its tiles or patches cover, which lines are drawn
    ("gpt-4o", (1000, 1520), (1024, 1536), 1),
    (LUNA, (1472, 960), (1472, 960), 5),
]


@pytest.mark.parametrize(("model", "size", "extent", "every"), GRIDS)
def test_whole_tiles_or_patches_lie_over_the_picture(model, size, extent, every):
    counted = picture_tokens(*size, model)
    figure = grids.draw(Image.new("RGB", size, "white"), counted, "title", 360)
    unit, axes = {"tile": 512, "patch": 32}[counted.unit], figure.axes[0]
    for axis, lines in enumerate(axes.collections):
        expected = [*range(0, extent[axis], unit * every), extent[axis]]
        assert [segment[0][axis] for segment in lines.get_segments()] == expected
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, extent[0]), (extent[1], 0)), "the last one is whole"
    assert axes.images[0].get_extent() == [0, *counted.size, 0], "and the picture is not"
    assert max(figure.get_size_inches() * 100) == pytest.approx(360)
    assert (f"every {every}th line" in grids.describe(counted, 360)[2]) == (every > 1)


def test_what_is_lost_is_not_drawn():
    stripes, contrast = Image.fromarray(np.tile(np.uint8([0, 255]), (1024, 512))).convert("RGB"), {}
    for detail in ("low", "high"):
        figure = grids.draw(stripes, picture_tokens(1024, 1024, LUNA, detail), "", 900)
        contrast[detail] = np.asarray(figure.axes[0].images[0].get_array())[100:-100, 100:-100].std()
    assert contrast["high"] > 100 > 10 * contrast["low"], "at low two stripes fall on one pixel"


def test_alt_text_and_numbers_say_what_is_drawn(page, capsys):
    draw_grid(COFFEE, "gpt-4o", "low")
    draw_grid(drawn(), "gpt-4o-2024-08-06")
    low, auto = (described(bundle)[0] for bundle in page.shown)
    assert "(gpt-4o, low): 512 x 341 pixels, no grid, 85 tokens. The picture: A half" in low
    assert "auto (which is high)): 60 x 40 pixels, 1 x 1 = 1 tile, 255 tokens. The pic" in auto
    said = capsys.readouterr().out
    assert " -> 512 x 341 pixels\ngrid:   none; the small picture has one price\ntokens: 85 (estimated)\n" in said
    assert "pixels, as it is sent\ngrid:   1 x 1 = 1 tile of 512 x 512 pixels\ntokens: 255 (estimated)\n" in said
    assert said.startswith("gpt-4o, low, rules of 2026-10\n") and said.endswith("-06 is counted as gpt-4o\n")

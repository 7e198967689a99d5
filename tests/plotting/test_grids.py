"""draw_grid: the picture as a model gets it, the lines of its tiles or patches, and the same in words."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from helpers.encoding import PictureError, open_picture
from helpers.plotting import draw_grid, grids
from helpers.tokens import picture_tokens
from tests.recording.page import COFFEE, described, drawn, encoded

LUNA = "gpt-5.6-luna"


def lines(figure):
    """(x of the upright lines, y of the others), in pixels of the picture."""
    upright, level = (collection.get_segments() for collection in figure.axes[0].collections)
    return [segment[0][0] for segment in upright], [segment[0][1] for segment in level]


def figure_of(size, model, detail, side=360):
    return grids.draw(Image.new("RGB", size, "white"), picture_tokens(*size, model, detail), "title", side)


@pytest.mark.parametrize(
    ("model", "detail", "size", "extent", "every"),
    [
        (LUNA, "high", (600, 400), (608, 416), 1),
        ("gpt-4o", "high", (1000, 1520), (1024, 1536), 1),
        (LUNA, "auto", (1440, 960), (1440, 960), 1),
        (LUNA, "auto", (1472, 960), (1472, 960), 5),
        (LUNA, "auto", (60_000, 30), (60_000, 32), 50),
        (LUNA, "auto", (1, 1), (32, 32), 1),
    ],
)
def test_whole_tiles_or_patches_lie_over_the_picture(model, detail, size, extent, every):
    counted, figure = picture_tokens(*size, model, detail), figure_of(size, model, detail)
    unit = {"tile": 512, "patch": 32}[counted.unit]
    assert lines(figure) == tuple([*range(0, length, unit * every), length] for length in extent)
    axes = figure.axes[0]
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, extent[0]), (extent[1], 0)), "the last one is whole"
    assert axes.images[0].get_extent() == [0, counted.size[0], counted.size[1], 0], "and the picture is not"
    page = figure.get_size_inches() * 100
    assert max(page) == pytest.approx(360) and min(page) >= 24
    [said] = [line for line in grids.describe(counted, 360) if line.startswith("grid:")]
    assert said.partition("; ")[2] == ("" if every == 1 else f"every {every}th line is drawn")


def test_what_is_lost_is_not_drawn():
    stripes = Image.new("L", (1024, 1024), 255)
    for x in range(0, 1024, 2):
        ImageDraw.Draw(stripes).line((x, 0, x, 1023), fill=0)
    contrast = {}
    for detail in ("low", "high"):
        figure = grids.draw(stripes.convert("RGB"), picture_tokens(1024, 1024, LUNA, detail), "", 900)
        contrast[detail] = np.asarray(figure.axes[0].images[0].get_array())[100:-100, 100:-100].std()
    assert contrast["high"] > 100 > 10 * contrast["low"], "at low two stripes fall on one pixel"


EXIF = Image.Exif()
EXIF[0x0112] = 6  # to be turned


@pytest.mark.parametrize(
    ("picture", "arguments", "options", "alt", "numbers"),
    [
        (COFFEE, ("gpt-4o", "low"), {}, "(gpt-4o, low): 512 x 341 pixels, no grid, 85 tokens. The picture: A half",
         ["gpt-4o, low, rules of 2026-10", "size:   600 x 400 -> 512 x 341 pixels",
          "grid:   none; the small picture has one price", "tokens: 85 (estimated)"]),
        (COFFEE, (LUNA,), {}, "(gpt-5.6-luna, auto (which is original)): 600 x 400 pixels, 19 x 13 = 247 patches, 297",
         ["gpt-5.6-luna, original, rules of 2026-10", "size:   600 x 400 pixels, as it is sent",
          "grid:   19 x 13 = 247 patches of 32 x 32 pixels", "tokens: 297 (estimated)"]),
        (drawn(), ("gpt-5-mini-2025-08-07", "high"), {}, "The picture: Picture, 60 x 40 pixels",
         ["gpt-5-mini, high, rules of 2026-10", "size:   60 x 40 pixels, as it is sent",
          "grid:   2 x 2 = 4 patches of 32 x 32 pixels", "tokens: 5 (estimated)",
          "note:   unverified: its sizes under these rules were not seen, so those of 2025 are used",
          "note:   gpt-5-mini-2025-08-07 is counted as gpt-5-mini"]),
        (encoded(drawn((90, 60)), "JPEG", exif=EXIF), ("gpt-4o", "high"), {}, "60 x 90 pixels, 1 x 1 = 1 tile",
         ["gpt-4o, high, rules of 2026-10", "size:   60 x 90 pixels, as it is sent",
          "grid:   1 x 1 = 1 tile of 512 x 512 pixels", "tokens: 255 (estimated)"]),
        (Image.effect_noise((1500, 1000), 80), (LUNA, "low"), {"alt": "Grain.", "width": 100}, ". The picture: Grain.",
         ["gpt-5.6-luna, low, rules of 2026-10", "size:   1500 x 1000 -> 512 x 341 pixels",
          "grid:   16 x 11 = 176 patches of 32 x 32 pixels; every 5th line is drawn", "tokens: 212 (estimated)"]),
        (open_picture(drawn((40, 40)), max_side=20), (LUNA,), {}, ". The picture: Picture, 20 x 20 pixels",
         ["gpt-5.6-luna, original, rules of 2026-10", "size:   20 x 20 pixels, as it is sent",
          "grid:   1 x 1 = 1 patch of 32 x 32 pixels", "tokens: 2 (estimated)"]),
    ],
)  # fmt: skip
def test_alt_text_and_numbers_say_what_is_drawn(picture, arguments, options, alt, numbers, page, capsys):
    draw_grid(picture, *arguments, **options)
    [bundle] = page.shown
    assert alt in described(bundle)[0] and len(bundle["text/html"]) < 60_900
    assert described(bundle)[1] == 380 or arguments != ("gpt-4o", "low"), "360 and a margin, where no title is wider"
    assert capsys.readouterr().out.splitlines() == numbers


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        ((drawn(), "gpt-9"), {}, "unknown model under the rules of 2026-10"),
        ((drawn(), LUNA, "huge"), {}, "detail 'huge' is not known for gpt-5.6-luna; known: auto, low, high, original"),
        ((drawn((6000, 6000), "L"), LUNA, "original"), {}, "refuses a picture of 35,344 patches"),
        ((drawn(), LUNA, "low"), {"width": 99}, "from 100 to 960, not 99"),
        (("nowhere.jpg", LUNA), {}, "There is no file nowhere.jpg"),
        (("https://example.com/cat.jpg", LUNA), {}, "takes the picture, not its address"),
    ],
)
def test_a_refusal_is_one_sentence(arguments, options, says, page):
    with pytest.raises(ValueError, match=says) as caught:
        draw_grid(*arguments, **options)
    assert "\n" not in str(caught.value) and not page.shown
    assert isinstance(caught.value, PictureError) == isinstance(arguments[0], str)

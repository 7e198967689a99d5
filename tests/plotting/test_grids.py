"""draw_grid: the picture as a model gets it, the lines of its tiles or patches, and the same in words."""

import numpy as np
import pytest
from PIL import Image

from helpers.plotting import draw_grid, grids
from helpers.tokens import picture_tokens
from tests.recording.page import COFFEE, described, drawn

LUNA = "gpt-5.6-luna"


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

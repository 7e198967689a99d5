"""draw_grid: the picture as a model gets it, the lines of its tiles or patches, and the same in words."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from helpers import plotting
from helpers.encoding import PictureError, open_picture
from helpers.plotting import draw_grid, grids
from helpers.tokens import picture_tokens
from helpers.tokens.rules import RULES, TileRule
from tests.recording.page import COFFEE, COFFEE_ALT, FALLBACK, described, drawn, encoded

LUNA = "gpt-5.6-luna"
NEWEST = RULES["2026-10"]
SETTINGS = [
    (model, detail)
    for model in {repr(rule): model for model, rule in NEWEST.items()}.values()  # one for each rule
    for detail in ("auto", *(("low", "high") if isinstance(NEWEST[model], TileRule) else NEWEST[model].limits))
]
pytestmark = pytest.mark.filterwarnings("ignore:.* was shut down by OpenAI")


def lines(figure):
    """(x of the upright lines, y of the others), in pixels of the picture."""
    upright, level = (collection.get_segments() for collection in figure.axes[0].collections)
    return [segment[0][0] for segment in upright], [segment[0][1] for segment in level]


def figure_of(size, model, detail, side=360):
    return grids.draw(Image.new("RGB", size, "white"), picture_tokens(*size, model, detail), "title", side)


# The lines


def test_patches_lie_over_the_whole_picture():
    upright, level = lines(figure_of((600, 400), LUNA, "high"))
    assert upright == list(range(0, 609, 32)) and level == list(range(0, 417, 32))
    axes = figure_of((600, 400), LUNA, "high").axes[0]
    assert axes.get_xlim() == (0, 608) and axes.get_ylim() == (416, 0), "the last patch is whole, the picture is not"
    assert axes.images[0].get_extent() == [0, 600, 400, 0]


def test_tiles_lie_over_what_is_shrunk():
    upright, level = lines(figure_of((1000, 1520), "gpt-4o", "high"))
    assert (upright, level) == ([0, 512, 1024], [0, 512, 1024, 1536])


def test_a_tile_model_has_no_grid_at_low(page, capsys):
    assert not figure_of((1000, 1520), "gpt-4o", "low").axes[0].collections
    draw_grid(COFFEE, "gpt-4o", "low")
    assert "512 x 341 pixels, no grid, 85 tokens" in described(page.shown[0])[0]
    assert capsys.readouterr().out.splitlines() == [
        "gpt-4o, low, rules of 2026-10",
        "size:   600 x 400 -> 512 x 341 pixels",
        "grid:   none; the small picture has one price",
        "tokens: 85 (estimated)",
    ]


@pytest.mark.parametrize(
    ("size", "every"), [((1024, 1024), 1), ((1440, 960), 1), ((1472, 960), 5), ((4000, 3000), 5), ((60_000, 30), 50)]
)
def test_lines_that_would_run_together_are_left_out(size, every):
    counted = picture_tokens(*size, LUNA, "auto")
    upright, _ = lines(figure_of(size, LUNA, "auto"))
    wide = counted.grid[0] * 32
    assert upright == [*range(0, wide, 32 * every), wide]
    [said] = [line for line in grids.describe(counted, 360) if line.startswith("grid:")]
    assert ("every" in said) == (every > 1) and (f"; every {every}th line is drawn" in said) == (every > 1)


def test_what_is_drawn_is_what_is_counted():
    for model, detail in SETTINGS:
        for size in ((1000, 1520), (1, 1), (5000, 3), (7, 900)):
            counted, figure = picture_tokens(*size, model, detail), figure_of(size, model, detail)
            assert max(figure.get_size_inches() * 100) == pytest.approx(360)
            assert min(figure.get_size_inches() * 100) >= grids.LEAST
            if counted.grid != (0, 0) and "every" not in "".join(grids.describe(counted, 360)):
                assert tuple(len(some) - 1 for some in lines(figure)) == counted.grid, (model, detail, size)
            assert f"{counted.tokens:,} (estimated)" in "\n".join(grids.describe(counted, 360))


# The picture


def test_what_is_lost_is_not_drawn():
    stripes = Image.new("L", (1024, 1024), 255)
    for x in range(0, 1024, 2):
        ImageDraw.Draw(stripes).line((x, 0, x, 1023), fill=0)
    contrast = {}
    for detail in ("low", "high"):
        figure = grids.draw(stripes.convert("RGB"), picture_tokens(1024, 1024, LUNA, detail), "", 900)
        contrast[detail] = np.asarray(figure.axes[0].images[0].get_array())[100:-100, 100:-100].std()
    assert contrast["high"] > 100 > 10 * contrast["low"], "at low two stripes fall on one pixel"


def test_a_photo_is_stored_small_and_described(page, capsys):
    noise = Image.effect_noise((2000, 1500), 80).convert("RGB")
    for picture, model, detail, width in (
        (noise, LUNA, "auto", 960),
        (noise, "gpt-4o", "high", 100),
        (COFFEE, LUNA, "low", 360),
    ):
        draw_grid(picture, model, detail, width=width)
        alt, _, _, stored = described(page.shown[-1])
        assert len(page.shown[-1]["text/html"]) < 60_900
        assert f"({model}, {detail}" in alt and " tokens. The picture: " in alt and stored.width > 90
    assert FALLBACK.search(described(page.shown[0])[0]) and COFFEE_ALT in alt
    draw_grid(noise, LUNA, "low", alt="Grain.")
    assert described(page.shown[-1])[0].endswith("231 tokens. The picture: Grain.")
    assert capsys.readouterr().out.count("tokens: ") == 4


def test_auto_says_what_it_stands_for(page, capsys):
    draw_grid(COFFEE, LUNA)
    alt = described(page.shown[0])[0]
    assert "(gpt-5.6-luna, auto (which is original)): 600 x 400 pixels, 19 x 13 = 247 patches" in alt
    assert capsys.readouterr().out.splitlines() == [
        "gpt-5.6-luna, original, rules of 2026-10",
        "size:   600 x 400 pixels, as it is sent",
        "grid:   19 x 13 = 247 patches of 32 x 32 pixels",
        "tokens: 297 (estimated)",
    ]


def test_one_tile_and_a_rule_that_is_unverified(page, capsys):
    draw_grid(drawn(), "gpt-4o", "high")
    draw_grid(drawn(), "gpt-5-mini", "high")
    said = capsys.readouterr().out
    assert "1 x 1 = 1 tile of 512" in said and "2 x 2 = 4 patches of 32" in said
    assert said.count("note:   unverified: its sizes under these rules") == 1


def test_the_picture_is_upright_however_it_comes(page, capsys):
    exif = Image.Exif()
    exif[0x0112] = 6
    draw_grid(encoded(drawn((90, 60)), "JPEG", exif=exif), LUNA)
    assert "size:   60 x 90 pixels, as it is sent" in capsys.readouterr().out
    draw_grid(open_picture(COFFEE, max_side=200), LUNA)
    draw_grid(drawn((40, 40), "RGBA"), LUNA)
    assert "size:   200 x 133 pixels" in capsys.readouterr().out and len(page.shown) == 3


# What is refused


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        ((drawn(), "gpt-9"), {}, "unknown model under the rules of 2026-10"),
        ((drawn(), LUNA, "huge"), {}, "detail 'huge' is not known for gpt-5.6-luna; known: auto, low, high, original"),
        ((drawn(), "gpt-4o", "original"), {}, "detail 'original' is not known for gpt-4o"),
        ((drawn((6000, 6000), "L"), LUNA, "original"), {}, "refuses a picture of 35,344 patches"),
        ((drawn(), LUNA, "low"), {"width": 20}, "from 100 to 960, not 20"),
        ((drawn(), LUNA, "low"), {"width": "wide"}, "from 100 to 960, not 'wide'"),
        (("nowhere.jpg", LUNA), {}, "There is no file nowhere.jpg"),
        ((b"<html>", LUNA), {}, "web page"),
        (("https://example.com/cat.jpg", LUNA), {}, "takes the picture, not its address"),
    ],
)
def test_a_refusal_is_one_sentence(arguments, options, says, page):
    with pytest.raises(ValueError, match=says) as caught:
        draw_grid(*arguments, **options)
    assert "\n" not in str(caught.value) and not page.shown
    assert isinstance(caught.value, PictureError) == isinstance(arguments[0], str | bytes)


def test_it_is_one_of_the_public_names():
    assert "draw_grid" in plotting.__all__

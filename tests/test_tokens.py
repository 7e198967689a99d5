"""helpers/tokens.py against figures published for its rule (OpenAI guide "Images and vision", 2026)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.recording import DEFAULT_MODEL
from helpers.tokens import picture_tokens, price

LUNA = "gpt-5.6-luna"


@pytest.mark.parametrize(
    ("size", "detail", "tokens", "shrunk", "grid"),
    [
        # Published for this rule's limits (2048 px, 2,500 patches, multiplier 1.2).
        ((1024, 1024), "high", 1229, (1024, 1024), (32, 32)),
        ((2048, 2048), "high", 3000, (1600, 1600), (50, 50)),
        # By hand: 600 x 400 fits 512 x 341, 16 x 11 = 176 patches, times 1.2 is 211.2.
        ((600, 400), "low", 212, (512, 341), (16, 11)),
        ((600, 400), "original", 297, (600, 400), (19, 13)),
        ((4096, 512), "high", 615, (2048, 256), (64, 8)),
        ((4000, 3000), "auto", 14_100, (4000, 3000), (125, 94)),
        ((1, 1), "low", 2, (1, 1), (1, 1)),
        ((60_000, 30), "high", 77, (2048, 1), (64, 1)),
    ],
)
def test_examples(size, detail, tokens, shrunk, grid):
    result = picture_tokens(*size, LUNA, detail)
    assert (result.tokens, result.size, result.grid) == (tokens, shrunk, grid)
    assert result.date == "2026-11-22"


def test_auto_is_original_for_this_model():
    assert picture_tokens(3000, 2000, LUNA) == picture_tokens(3000, 2000, LUNA, "original")


sides = st.integers(1, 70_000)


@given(sides, sides, st.sampled_from(["low", "high"]))
def test_a_bounded_detail_stays_in_its_bounds_and_never_enlarges(width, height, detail):
    result = picture_tokens(width, height, LUNA, detail)
    across, down = result.grid
    assert 1 <= across * down <= {"low": 256, "high": 2_500}[detail]
    assert result.size[0] <= width and result.size[1] <= height
    assert max(result.size) <= {"low": 512, "high": 2048}[detail]
    assert -(-result.size[0] // 32) == across and -(-result.size[1] // 32) == down
    assert picture_tokens(height, width, LUNA, detail).grid == (down, across), "turning a picture changes nothing"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((10, 10, "gpt-9"), r"model 'gpt-9' is not in the table of 2026-11-22; known: gpt-5\.6-luna"),
        ((10, 10, LUNA, "huge"), "detail 'huge' is not known for gpt-5.6-luna; known: auto, low, high, original"),
        ((0, 10, LUNA), "at least 1 x 1 pixels, not 0 x 10"),
        ((6000, 6000, LUNA, "original"), r"refuses a picture of 35,344 patches \(limit 30,000\)"),
    ],
)
def test_refusals(arguments, says):
    with pytest.raises(ValueError, match=says):
        picture_tokens(*arguments)


def test_price():
    assert price(DEFAULT_MODEL, 1_000_000, 0) == 20 and price(DEFAULT_MODEL, 0, 1_000_000) == 120
    with pytest.raises(ValueError, match="known"):
        price("gpt-9", 1, 1)

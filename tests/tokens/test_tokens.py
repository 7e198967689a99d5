"""helpers/tokens against every figure published for its rules, and against what no rule may ever do."""

import base64
import io
import warnings
from datetime import date
from fractions import Fraction
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat.chat_completion_content_part_image_param import ImageURL
from openai.types.responses import ResponseInputImageParam
from PIL import Image

from course.recording import DEFAULT_MODEL
from helpers.tokens import check_limits, picture_tokens, price, request_tokens
from helpers.tokens import rules as token_rules
from helpers.tokens.rules import LIMITS, PRICES, RULES, SHUTDOWN, PatchRule, TileRule
from tests.conftest import COFFEE, data_url, question

LUNA = "gpt-5.6-luna"
pytestmark = pytest.mark.filterwarnings("ignore:.* was shut down by OpenAI")

# --- published examples, each with its source ---

GUIDE_2026 = 'OpenAI guide "Images and vision", 2026'
GUIDE_2025 = 'OpenAI guide "Images and vision", 2025'
AZURE = "Azure OpenAI overview, image tokens, 2025-03-25"
PUBLISHED = [
    ("gpt-4o", (1024, 1024), "high", "2026-10", 765, (768, 768), (2, 2), f"{GUIDE_2025}; {AZURE}"),
    ("gpt-4o", (2048, 4096), "high", "2026-10", 1105, (768, 1536), (2, 3), f"{GUIDE_2025}; {AZURE}"),
    ("gpt-4o", (4096, 8192), "low", "2026-10", 85, (256, 512), (0, 0), f"{GUIDE_2025}; {AZURE}"),
    ("gpt-4o-mini", (2048, 4096), "high", "2026-10", 36_835, (768, 1536), (2, 3), AZURE),
    ("gpt-4o-mini", (2048, 4096), "low", "2026-10", 2_833, (256, 512), (0, 0), AZURE),
    ("gpt-4.1-mini", (1024, 1024), "high", "2025-05", 1_659, (1024, 1024), (32, 32), GUIDE_2025),
    ("gpt-4.1-mini", (1800, 2400), "high", "2025-05", 2_353, (1056, 1408), (33, 44), GUIDE_2025),
    ("gpt-5.4", (1024, 1024), "high", "2026-10", 1_229, (1024, 1024), (32, 32), GUIDE_2026),
    ("gpt-5.4", (2048, 2048), "high", "2026-10", 3_000, (1600, 1600), (50, 50), GUIDE_2026),
    ("gpt-6-astra", (4096, 512), "high", "2026-10", 2_458, (4096, 512), (128, 16), GUIDE_2026),
]
# By hand from the published rules: no page prints these.
BY_HAND = [
    (LUNA, (600, 400), "low", "2026-10", 212, (512, 341), (16, 11), "176 patches x 1.2"),
    (LUNA, (600, 400), "original", "2026-10", 297, (600, 400), (19, 13), "247 x 1.2"),
    (LUNA, (4096, 512), "high", "2026-10", 615, (2048, 256), (64, 8), "512 x 1.2"),
    (LUNA, (4000, 3000), "auto", "2026-10", 14_100, (4000, 3000), (125, 94), "11,750 x 1.2"),
    (LUNA, (4000, 3000), "high", "2026-10", 2_942, (1824, 1368), (57, 43), "2,451 x 1.2"),
    (LUNA, (1, 1), "low", "2026-10", 2, (1, 1), (1, 1), "1 x 1.2, rounded up"),
    ("gpt-5-mini", (23, 68_353), "low", "2026-10", 1_844, (16, 49_152), (1, 1_536), "1,536 x 1.2, one column"),
    (LUNA, (60_000, 30), "high", "2026-10", 77, (2048, 1), (64, 1), "64 x 1.2"),
    ("gpt-5.5", (6000, 6000), "original", "2026-10", 12_000, (3200, 3200), (100, 100), "10,000 x 1.2"),
    ("gpt-5.4", (3000, 2000), "low", "2026-10", 3_303, (2048, 1365), (64, 43), "2,752 x 1.2: low is dearer than high"),
    ("gpt-5.4", (3000, 2000), "high", "2026-10", 2_880, (1920, 1280), (60, 40), "2,400 x 1.2"),
    ("o3", (1024, 1024), "auto", "2026-10", 675, (768, 768), (2, 2), "75 + 4 x 150"),
    ("gpt-image-1", (1024, 1024), "high", "2026-10", 194, (512, 512), (1, 1), "65 + 129"),
    ("gpt-4o", (512, 512), "high", "2023-11", 255, (512, 512), (1, 1), "85 + 170: never enlarged"),
    ("gpt-4o", (5000, 1), "high", "2026-10", 765, (2048, 1), (4, 1), "85 + 4 x 170"),
    ("gpt-4o", (4096, 1023), "high", "2026-10", 765, (2048, 512), (4, 1), "85 + 4 x 170"),
]


@pytest.mark.parametrize(
    ("model", "size", "detail", "rules", "tokens", "shrunk", "grid", "source"), PUBLISHED + BY_HAND
)
def test_examples(model, size, detail, rules, tokens, shrunk, grid, source):
    result = picture_tokens(*size, model, detail, rules=rules)
    assert (result.tokens, result.size, result.grid) == (tokens, shrunk, grid), source
    assert result.sizes[0] == size and result.date == "2026-11-22" and rules in result.rule and model in result.rule
    assert result.unit == ("tile" if isinstance(RULES[rules][model], TileRule) else "patch")


def test_the_sizes_after_each_resize():
    assert picture_tokens(2048, 4096, "gpt-4o").sizes == ((2048, 4096), (1024, 2048), (768, 1536))
    assert picture_tokens(4000, 3000, LUNA, "high").sizes == ((4000, 3000), (2048, 1536), (1824, 1368))
    assert picture_tokens(100, 80, LUNA, "high").sizes == ((100, 80),)


def test_what_auto_means():
    for model, means in ((LUNA, "original"), ("gpt-5.5", "original"), ("gpt-5.4", "high"), ("gpt-4o", "high")):
        assert picture_tokens(3000, 2000, model) == picture_tokens(3000, 2000, model, means)


def test_one_model_under_two_sets_of_rules():
    """4,275 patches fit into the budget of today, and not into that of 2025."""
    assert picture_tokens(1800, 2400, "gpt-4.1-mini").tokens == 4_977  # 48 x 64 patches x 1.62
    assert picture_tokens(1800, 2400, "gpt-4.1-mini", rules="2025-05").tokens == 2_353


# --- what no rule may ever do ---

sides = st.integers(1, 70_000)
every_rule = [(rules, model) for rules, table in RULES.items() for model in table]
patch_rules = [
    (rules, model, detail)
    for rules, model in every_rule
    if isinstance(rule := RULES[rules][model], PatchRule)
    for detail in rule.limits
]


@given(sides, sides, st.sampled_from(patch_rules))
def test_patches_stay_in_their_bounds(width, height, which):
    rules, model, detail = which
    rule = RULES[rules][model]
    limit = rule.limits[detail]
    try:
        result = picture_tokens(width, height, model, detail, rules=rules)
    except ValueError as error:
        assert "refuses a picture of" in str(error) and limit.patches is None
        return
    across, down = result.grid
    assert 1 <= across * down <= (limit.patches or 30_000) and min(result.size) >= 1
    assert max(result.size) <= (limit.side or 70_000)
    assert all(after <= before for after, before in zip(result.size, (width, height), strict=True)), "never enlarged"
    assert (-(-result.size[0] // 32), -(-result.size[1] // 32)) == result.grid
    exact = across * down * rule.multiplier
    assert exact <= result.tokens < exact + 1
    assert picture_tokens(height, width, model, detail, rules=rules).grid == (down, across), "a turn changes nothing"


@given(sides, sides, st.sampled_from([m for m, rule in RULES["2026-10"].items() if isinstance(rule, TileRule)]))
def test_tiles_stay_in_their_bounds(width, height, model):
    rule = RULES["2026-10"][model]
    result = picture_tokens(width, height, model, "high")
    across, down = result.grid
    assert 1 <= across * down <= 8 and result.tokens == rule.base + rule.per_tile * across * down
    assert max(result.size) <= 2048 and 1 <= min(result.size) <= rule.shortest
    assert result.size[0] <= width and result.size[1] <= height
    assert picture_tokens(width, height, model, "low").tokens == rule.base


@given(sides, sides)
def test_the_one_step_shrink_is_the_published_two_step_one(width, height):
    """Where a float is safe: s = sqrt(32^2 B / (w h)), s' = s min(floor(w s / 32) / (w s / 32), …)."""
    budget, patches = 2_500, -(-width // 32) * -(-height // 32)
    if max(width, height) > 2048 or patches <= budget:
        return
    s = (32**2 * budget / (width * height)) ** 0.5
    columns, rows = width * s / 32, height * s / 32
    if min(columns % 1, rows % 1, 1 - columns % 1, 1 - rows % 1) < 1e-6:
        return
    shrunk = s * min(columns // 1 / columns, rows // 1 / rows)
    got = picture_tokens(width, height, "gpt-5.4", "high").size
    assert all(abs(side - pixels * shrunk) < 1.001 for side, pixels in zip(got, (width, height), strict=True))


# --- what is not known, is not guessed ---


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        ((10, 10, "gpt-9"), {}, r"unknown model under the rules of 2026-10, .* 'gpt-9'; known: gpt-4-vision-preview, "),
        ((10, 10, "gpt-6-luna"), {}, "unknown model"),
        ((10, 10, LUNA), {"rules": "2025-05"}, "unknown model under the rules of 2025-05"),
        ((10, 10, LUNA), {"rules": "2024"}, "unknown set of rules '2024'; known: 2026-10, 2025-05, 2023-11"),
        ((10, 10, LUNA, "huge"), {}, "detail 'huge' is not known for gpt-5.6-luna; known: auto, low, high, original"),
        ((10, 10, "gpt-4o", "original"), {}, "detail 'original' is not known for gpt-4o; known: auto, low, high"),
        ((10, 10, "gpt-5.2", "original"), {}, "detail 'original' is not known for gpt-5.2"),
        ((0, 10, LUNA), {}, "at least 1 x 1 pixels, not 0 x 10"),
        ((6000, 6000, LUNA, "original"), {}, r"gpt-5.6-luna refuses a picture of 35,344 patches \(limit 30,000\)"),
    ],
)
def test_refusals(arguments, options, says):
    with pytest.raises(ValueError, match=says):
        picture_tokens(*arguments, **options)


def test_a_detail_that_the_sdk_learns_is_noticed_here():
    ours = {detail for _, _, detail in patch_rules} | {"auto", "low", "high"}
    for literal in (get_type_hints(ImageURL)["detail"], get_type_hints(ResponseInputImageParam)["detail"]):
        assert set(get_args(literal)) == ours


def test_an_unverified_row_says_so_and_a_verified_one_does_not():
    assert "unverified: its sizes" in picture_tokens(99, 99, "gpt-5-mini").notes[0]
    assert "third parties" in picture_tokens(99, 99, "gpt-5.2", rules="2025-05").notes[0]
    assert picture_tokens(99, 99, LUNA).notes == ()
    both = request_tokens(question(picture=data_url())["messages"] * 2, "gpt-5-mini").pictures
    assert len(both) == 2 and all("unverified" in picture.notes[0] for picture in both)


@pytest.mark.filterwarnings("default:.* was shut down by OpenAI")
def test_a_model_that_is_shut_down_warns(monkeypatch):
    with pytest.warns(UserWarning, match="gpt-4-turbo was shut down by OpenAI on 2026-10-23") as caught:
        assert picture_tokens(1024, 1024, "gpt-4-turbo").tokens == 765
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture_tokens(1024, 1024, LUNA)
        monkeypatch.setitem(SHUTDOWN, LUNA, date.today())
        picture_tokens(1024, 1024, LUNA)  # its last day


def test_a_deployment_stands_for_a_model():
    ours = {"my-vision": "gpt-4o"}
    assert picture_tokens(1024, 1024, "my-vision", deployments=ours) == picture_tokens(1024, 1024, "gpt-4o")
    with pytest.raises(ValueError, match="unknown model"):
        picture_tokens(1024, 1024, "my-vision")


def test_the_tables_fit_together():
    assert list(RULES) == sorted(RULES, reverse=True) and next(iter(RULES)) == token_rules.NEWEST
    assert set(SHUTDOWN) <= {model for _, model in every_rule}
    for rules, model in every_rule:
        rule = RULES[rules][model]
        if isinstance(rule, PatchRule):
            assert rule.auto in rule.limits and {"low", "high"} <= set(rule.limits)
            assert rule.multiplier >= 1 and isinstance(rule.multiplier, Fraction)


# --- a whole request ---


def test_the_pictures_of_a_request_are_added_up():
    messages = question(picture=data_url())["messages"]
    messages[0]["content"].append({"type": "image_url", "image_url": {"url": COFFEE}})
    whole = request_tokens(messages, LUNA, sizes={COFFEE: (600, 400)})
    assert [picture.tokens for picture in whole.pictures] == [212, 297] and whole.tokens == 509
    assert request_tokens([{"role": "user", "content": "No picture."}], LUNA).tokens == 0
    responses = [{"role": "user", "content": [{"type": "input_image", "image_url": data_url(), "detail": "low"}]}]
    assert request_tokens(responses, LUNA).tokens == 212
    assert request_tokens(responses, "mine", deployments={"mine": "gpt-4o"}, rules="2023-11").tokens == 85


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"type": "image_url", "image_url": {"url": COFFEE}}, "how large is https://raw.* sizes="),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}, "this data URL holds no picture"),
        ({"type": "input_image", "file_id": "file-1"}, "'file-1' is a file at the service"),
    ],
)
def test_a_picture_of_unknown_size(part, says):
    with pytest.raises(ValueError, match=says):
        request_tokens([{"role": "user", "content": [part]}], LUNA)


def pictures(count, url=COFFEE):
    return [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}] * count}]


def test_limits_of_each_provider():
    for provider, limits in LIMITS.items():
        check_limits(pictures(limits.pictures), provider)
        says = rf"{provider} takes {limits.pictures:,} pictures in one request .*and here are {limits.pictures + 1:,}\."
        with pytest.raises(ValueError, match=says):
            check_limits(pictures(limits.pictures + 1), provider)
    big = "data:image/png;base64," + "A" * 21_000_000
    with pytest.raises(ValueError, match=r"data URLs of 20,971,520 characters .* that of picture 1 has 21,000,022\."):
        check_limits(pictures(1, big), "openai")
    check_limits(pictures(1, big), "azure")
    with pytest.raises(ValueError, match=r"takes 20,971,520 bytes a picture .* picture 1 has about 21,750,000\."):
        check_limits(pictures(1, big + "A" * 8_000_000), "azure")
    with pytest.raises(ValueError, match=r"takes 536,870,912 bytes in one request .* have 600,000,000"):
        check_limits(pictures(600, big[:1_000_000]), "openai")
    with pytest.raises(ValueError, match="unknown provider 'aws'; known: openai, azure"):
        check_limits([], "aws")


# --- prices ---


def test_price():
    assert price(DEFAULT_MODEL, 1_000_000, 0) == 20 and price(DEFAULT_MODEL, 0, 1_000_000) == 120
    assert price("gpt-4o", 1_000_000, 0) == 250 and price("gpt-4o", 1, 0).date == "2026-11-22"
    with pytest.raises(ValueError, match="no price of 2026-11-22 is known for tokens out of gpt-4o"):
        price("gpt-4o", 0, 1)
    with pytest.raises(ValueError, match=r"unknown model .gpt-9.; known: gpt-5\.6-luna"):
        price("gpt-9", 1, 1)
    assert all(price(model, 1_000_000, 0) > 0 for model in PRICES)


def test_a_real_picture_has_the_size_that_is_counted():
    Image.new("RGB", (900, 700)).save(file := io.BytesIO(), "WEBP")
    url = f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
    assert request_tokens(pictures(1, url), "gpt-4o").pictures[0].sizes[0] == (900, 700)

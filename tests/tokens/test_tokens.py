"""helpers/tokens against every figure published for its rules and by them, and what no rule may ever do."""

import warnings
from datetime import date
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionMessage
from openai.types.responses import ResponseComputerToolCallOutputScreenshot, ResponseInputImage
from openai.types.responses.response_input_item import FunctionCallOutput
from PIL import Image

from helpers.encoding import open_picture
from helpers.tokens import check_limits, picture_tokens, price, request_tokens
from helpers.tokens.rules import LIMITS, PRICES, RULES, RULES_DATE, SHUTDOWN, TileRule
from tests.conftest import COFFEE

LUNA = "gpt-5.6-luna"
PICTURE = open_picture(Image.new("RGB", (600, 400)))
PART, ITEM = PICTURE.chat_part("low"), PICTURE.input_item("low")
pytestmark = pytest.mark.filterwarnings("ignore:.* was shut down by OpenAI")

# model, size, detail, set of rules, then what comes of it: tokens, size and grid; and who says so: the OpenAI guide
# "Images and vision" (2025 or 2026), the Azure OpenAI overview, image tokens (2025-03-25), or, where no page prints it,
# the published rule by hand
EXAMPLES = [
    ("gpt-4o", (1024, 1024), "high", "2026-10", 765, (768, 768), (2, 2), "2025; Azure"),
    ("gpt-4o", (2048, 4096), "high", "2026-10", 1105, (768, 1536), (2, 3), "2025; Azure"),
    ("gpt-4o", (4096, 8192), "low", "2026-10", 85, (256, 512), (0, 0), "2025; Azure"),
    ("gpt-4o-mini", (2048, 4096), "high", "2026-10", 36_835, (768, 1536), (2, 3), "Azure"),
    ("gpt-4o-mini", (2048, 4096), "low", "2026-10", 2_833, (256, 512), (0, 0), "Azure"),
    ("gpt-4.1-mini", (1024, 1024), "high", "2025-05", 1_659, (1024, 1024), (32, 32), "2025"),
    ("gpt-4.1-mini", (1800, 2400), "high", "2025-05", 2_353, (1056, 1408), (33, 44), "2025"),
    ("gpt-5.4", (1024, 1024), "high", "2026-10", 1_229, (1024, 1024), (32, 32), "2026"),
    ("gpt-5.4", (2048, 2048), "high", "2026-10", 3_000, (1600, 1600), (50, 50), "2026"),
    ("gpt-6-astra", (4096, 512), "high", "2026-10", 2_458, (4096, 512), (128, 16), "2026"),
    (LUNA, (600, 400), "low", "2026-10", 212, (512, 341), (16, 11), "176 patches x 1.2"),
    (LUNA, (700, 400), "low", "2026-10", 192, (512, 293), (16, 10), "160 x 1.2: 292.57 is rounded"),
    (LUNA, (4000, 3000), "auto", "2026-10", 14_100, (4000, 3000), (125, 94), "11,750 x 1.2: auto is original"),
    ("gpt-5-mini", (23, 68_353), "low", "2026-10", 1_844, (16, 49_152), (1, 1_536), "1,536 x 1.2, one column"),
    (LUNA, (60_000, 30), "high", "2026-10", 77, (2048, 1), (64, 1), "64 x 1.2"),
    ("gpt-5.4", (3000, 2000), "low", "2026-10", 3_303, (2048, 1365), (64, 43), "2,752 x 1.2: low is dearer than high"),
    ("gpt-4o", (5000, 1), "high", "2026-10", 765, (2048, 1), (4, 1), "85 + 4 x 170"),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_examples(example):
    model, size, detail, rules, *expected, _ = example
    result = picture_tokens(*size, model, detail, rules=rules)
    assert [result.tokens, result.size, result.grid] == expected
    assert result.sizes[0] == size and result.date == "2026-11-22" and rules in result.rule and model in result.rule
    if example is EXAMPLES[1]:
        assert result.sizes == ((2048, 4096), (1024, 2048), (768, 1536)), "each resize is named"
    assert result.unit == ("tile" if isinstance(RULES[rules][model], TileRule) else "patch")


# --- what no rule may ever do ---

sides = st.integers(1, 70_000)
settings = [
    (rules, model, detail)
    for rules, table in RULES.items()
    for model, rule in table.items()
    for detail in ("low", "high", *(getattr(rule, "limits", {}).keys() - {"low", "high"}))
]


@given(sides, sides, st.sampled_from(settings))
def test_tiles_and_patches_stay_in_their_bounds(width, height, setting):
    rules, model, detail = setting
    rule = RULES[rules][model]
    try:
        result = picture_tokens(width, height, model, detail, rules=rules)
    except ValueError as error:
        assert "refuses a picture of" in str(error) and rule.limits[detail].patches is None
        return
    across, down = result.grid
    assert all(1 <= after <= before for after, before in zip(result.size, (width, height), strict=True))
    assert len({*result.sizes}) == len(result.sizes), "a resize that changes nothing is none"
    if isinstance(rule, TileRule):
        assert result.tokens == rule.base + rule.per_tile * across * down and max(result.size) <= 2048
        assert (across, down) == (0, 0) if detail == "low" else min(result.size) <= rule.shortest and across * down <= 8
    else:
        limit = rule.limits[detail]
        assert across * down <= (limit.patches or 30_000) and max(result.size) <= (limit.side or 70_000)
        assert (-(-result.size[0] // 32), -(-result.size[1] // 32)) == result.grid
        assert 0 <= result.tokens - across * down * rule.multiplier < 1
        assert picture_tokens(height, width, model, detail, rules=rules).grid == (down, across)


# --- every number of the rules, in one table: what was read, on which day, and nothing else ---

# By hand from the sources that `helpers/tokens/rules.py` names (read on 2026-11-22; on 2026-11-27 the prices out,
# gpt-4o-2024-05-13 and gpt-4.5-preview's end were added). What changes is read again, and written down here too.
# How a patch rule shrinks: what auto means, patches over which it refuses, and a detail's longest side and patches.
SMALL, HIGH, LARGE, SAME = (512, None), (2048, 2500), (6000, 10000), (2048, 6144)
PATCHES = {
    "fine": ("original", 30000, {"low": SMALL, "high": HIGH, "original": (65535, None)}),
    "wide": ("original", 30000, {"low": SMALL, "high": (65535, 2500), "original": (65535, None)}),
    "large": ("original", 30000, {"low": SMALL, "high": HIGH, "original": LARGE}),
    "older": ("high", 30000, {"low": SAME, "high": HIGH, "original": LARGE}),
    "same": ("high", 30000, {"low": SAME, "high": SAME}),
    "budget": ("high", None, {"low": (None, 1536), "high": (None, 1536)}),
}
# For each set of rules a tile rule (base + per tile / shortest side in pixels) or a patch rule (multiplier:shrinking);
# US dollars per million tokens in and out (the price map of litellm 1.109.1); the last day.
MODELS = """\
gpt-4-vision-preview  85+170/768     85+170/768     85+170/768     -      -      2024-12-06
gpt-4-turbo           85+170/768     85+170/768     85+170/768     10     30     2026-10-23
gpt-4o                85+170/768     85+170/768     85+170/768     2.5    10     2027-01-14
gpt-4.1               85+170/768     85+170/768     -              2      8      2027-01-14
gpt-4.5-preview       85+170/768     85+170/768     -              -      -      2025-07-14
gpt-4o-mini           2833+5667/768  2833+5667/768  2833+5667/768  0.15   0.60   2027-01-14
gpt-5                 70+140/768     70+140/768     -              1.25   10     2026-12-11
gpt-5-chat-latest     70+140/768     70+140/768     -              1.25   10     2026-07-23
gpt-5.1               70+140/768     70+140/768     -              1.25   10     2027-04-01
o1                    75+150/768     75+150/768     75+150/768     15     60     2026-10-23
o1-pro                75+150/768     75+150/768     75+150/768     150    600    2026-10-23
o3                    75+150/768     75+150/768     -              2      8      2026-12-11
computer-use-preview  65+129/768     65+129/768     -              3      12     2026-07-23
gpt-image-1           65+129/512     65+129/512     -              -      -      2026-10-23
gpt-6-astra           1.2:wide       -              -              10     50     -
gpt-5.6-sol           1.2:fine       -              -              4      20     -
gpt-5.6-terra         1.2:fine       -              -              2      12     -
gpt-5.6-luna          1.2:fine       -              -              0.20   1.20   -
gpt-5.5               1.2:large      -              -              5      30     -
gpt-5.4               1.2:older      -              -              2.5    15     -
gpt-5.4-mini          1.2:older      1.62:budget    -              0.75   4.50   -
gpt-5.4-nano          1.2:older      2.46:budget    -              0.20   1.25   2027-04-01
gpt-5.2               1.2:same       1:budget       -              1.75   14     -
gpt-4.1-mini          1.62:same      1.62:budget    -              0.40   1.60   2027-01-14
gpt-5-mini            1.2:budget     1.62:budget    -              0.25   2      2026-12-11
gpt-5-nano            1.5:budget     2.46:budget    -              0.05   0.40   2026-12-11
gpt-4.1-nano          2.46:budget    2.46:budget    -              0.10   0.40   2026-10-23
o4-mini               1.72:budget    1.72:budget    -              1.10   4.40   2026-10-23
gpt-6-luna            -              -              -              0.10   0.50   -
gpt-6-sol             -              -              -              2      10     -
gpt-6.1-sol           -              -              -              2      10     -
gpt-6.1-terra         -              -              -              1      5      -
gpt-4o-2024-05-13     -              -              -              5      15     2026-10-23
"""  # model, 2026-10, 2025-05, 2023-11, dollars in and out, last day
# pictures, characters of a data URL, bytes a picture, bytes a request, read in
MOST = {
    "openai": (1500, 20971520, None, 536870912, "2026-10"),
    "azure": (50, None, 20971520, None, "2026-09"),
    "azure-gpt-4-turbo": (10, None, 20971520, None, "2026-01"),
}


def as_written(rule):
    """A rule in the form of the table above."""
    if rule is None:
        return "-"
    if isinstance(rule, TileRule):
        return f"{rule.base}+{rule.per_tile}/{rule.shortest}"
    limits = {detail: (limit.side, limit.patches) for detail, limit in rule.limits.items()}
    [name] = [name for name, known in PATCHES.items() if known == (rule.auto, rule.refused_over, limits)]
    return f"{float(rule.multiplier):g}:{name}"


def test_the_rules_prices_last_days_and_limits_are_those_that_were_read():
    assert RULES_DATE == "2026-11-22" and {name: tuple(limits) for name, limits in LIMITS.items()} == MOST
    rows = {name: [name] for name in (name for table in (*RULES.values(), PRICES, SHUTDOWN) for name in table)}
    for name, row in rows.items():
        row += [as_written(RULES[day].get(name)) for day in ("2026-10", "2025-05", "2023-11")]
        row += [*PRICES.get(name, "--"), str(SHUTDOWN.get(name, "-"))]
    assert sorted(rows.values()) == sorted(line.split() for line in MODELS.splitlines())


# --- what is not known, is not guessed ---


def said(part):
    return {"role": "user", "content": [part]}


count = partial(request_tokens, model=LUNA)
REFUSED = [
    (picture_tokens, (9, 9, "gpt-9"), r"^unknown model under the rules of 2026-10, .* 'gpt-9'; known: gpt-4-vision-pr"),
    (picture_tokens, (9, 9, "gpt-4o", "original"), "^detail 'original' is not known for .*; known: auto, low, high$"),
    (picture_tokens, (0, 9, LUNA), "at least 1 x 1 pixels, not 0 x 9; both are whole numbers$"),
    (picture_tokens, (9, "9", LUNA), "both are whole numbers$"),
    (picture_tokens, (6000, 6000, LUNA), r"gpt-5.6-luna refuses a picture of 35,344 patches \(limit 30,000\)$"),
    (partial(picture_tokens, rules="2024"), (9, 9, LUNA), "set of rules '2024'; known: 2026-10, 2025-05, 2023-11$"),
    (price, ("gpt-9", 1, 1), "^no price of 2026-11-22 is known for 'gpt-9'; known: gpt-5.6-luna, "),
    (price, ("gpt-4o", None, 1), "tokens are two numbers from 0 on, not None and 1$"),
    (price, ("gpt-4o", float("inf"), 1), "not inf and 1$"),
    (check_limits, ([], "aws"), "^unknown provider 'aws'; known: openai, azure"),
    (count, [[said({"type": "image_url", "image_url": {"url": COFFEE}})]], "large is https://.*sizes="),
    (count, [[said({"type": "input_image", "image_url": "data:,AA"})]], "no picture that Pillow can"),
    (count, [[said({"type": "input_image", "image_url": b"x"})]], "or a file id, not b'x'$"),
    (count, [[said({"type": "image", "source": {}})]], "'image' belongs to another API"),
    (count, [[said(PICTURE)]], r"a dict, as Picture.chat_part\(\) makes it, not Picture$"),
    (count, [[PICTURE]], "a message is a dict with a role or a type, .* not Picture"),
    (check_limits, (said(PART),), "messages are a list .* not dict$"),
]


@pytest.mark.parametrize(("call", "arguments", "says"), REFUSED)
def test_a_refusal_is_one_sentence(call, arguments, says):
    with pytest.raises(ValueError, match=says) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)


def test_notes_say_what_is_unverified_and_what_is_counted_by_another_name():
    assert "unverified: its sizes" in picture_tokens(99, 99, "o4-mini").notes[0]
    for dated in ("gpt-4o-2024-11-20", "gpt-4o-20241120"):
        *same, notes = picture_tokens(99, 99, dated)
        assert (same, notes) == ([*picture_tokens(99, 99, "gpt-4o")[:-1]], (f"{dated} is counted as gpt-4o",))


def test_a_model_that_is_shut_down_warns_from_the_day_after_its_last(monkeypatch):
    with pytest.warns(UserWarning, match="^gpt-4o-2024-05-13 was shut down by OpenAI on 2026-10-23") as caught:
        picture_tokens(1024, 1024, "gpt-4o-2024-05-13")
    assert caught[0].filename == __file__
    monkeypatch.setitem(SHUTDOWN, LUNA, date.today())
    with warnings.catch_warnings(action="error"):
        picture_tokens(1024, 1024, LUNA)


def test_a_price_is_in_cents_and_dated():
    assert price(LUNA, 1_000_000, 0) == 20 and price(LUNA, 0, 1_000_000) == 120
    assert price("gpt-4o-2024-08-06", 1_000_000, 10_000) == 260 and price("gpt-4o-2024-05-13", 1_000_000, 0) == 500
    assert price("gpt-4o", 1, 0).date == "2026-11-22" and all(price(model, 1, 1) > 0 for model in PRICES)


# --- a whole request ---

SCREEN = {"type": "computer_screenshot", "image_url": PICTURE.data_url}
FAR = {"type": "image_url", "image_url": {"url": COFFEE}}
# What may be in a request, and the tokens of the pictures in it.
LEAVES = [(PART, [85]), (ITEM, [85]), (SCREEN, [425]), (FAR, [425]),
          ({"type": "input_image", "file_id": "file-1"}, [425]),
          (ResponseInputImage(**ITEM), [85]), (ResponseComputerToolCallOutputScreenshot(**SCREEN), [425]),
          (FunctionCallOutput(type="function_call_output", call_id="c", output=[ITEM]), [85]),
          (ChatCompletionMessage.model_construct(role="assistant", content=[{"type": "text"}]), []),
          ("text", []), (None, []), (0.5, []), ({"type": "input_text", "text": PICTURE.data_url}, [])]  # fmt: skip
nested = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.builds(
        lambda kind, pairs: (kind(value for value, _ in pairs), [number for _, tokens in pairs for number in tokens]),
        st.sampled_from([list, tuple, lambda values: {"output": [*values]}, lambda values: dict(enumerate(values))]),
        st.lists(inner, max_size=3),
    ),
)


@pytest.mark.filterwarnings("error")
@given(nested, nested)
def test_every_picture_of_a_request_is_counted_however_deep(content, output):
    request = ({"role": "user", "content": content[0]}, {"type": "function_call_output", "output": output[0]})
    sizes, ours = {"file-1": (600, 400), COFFEE: (600, 400)}, {"my-vision": "gpt-4o"}
    counted = request_tokens(request, "my-vision", sizes=sizes, deployments=ours, rules="2023-11")
    assert [picture.tokens for picture in counted.pictures] == content[1] + output[1]
    assert counted.tokens == sum(content[1] + output[1])


FULL = [  # how many pictures of how many characters a provider takes, and what it says of one picture or character more
    *((provider, (most.pictures, 9), (1, 0), rf"{most.pictures:,} pictures .* are {most.pictures + 1:,}\. Send ")
      for provider, most in LIMITS.items()),
    ("openai", (1, 20_971_520), (0, 1), "20,971,520 .* picture 1 has 20,971,521. Shrink it"),
    ("azure", (1, 27_962_033), (0, 1), "20,971,520 .* picture 1 has about 20,971,521. Shrink it"),
    ("openai", (512, 2**20), (1, 0), "536,870,912 bytes in one request .* alone have 537,919,488. Send them in turns"),
]  # fmt: skip


@pytest.mark.parametrize(("provider", "fits", "more", "says"), FULL)
def test_limits_of_each_provider(provider, fits, more, says):
    def pictures(count, characters):
        part = {"type": "input_image", "image_url": "data:,".ljust(characters, "A")}
        return [{"type": "function_call_output", "output": [part] * count}]

    check_limits([said(FAR)], provider)  # an address, whose bytes nobody knows
    check_limits(pictures(*fits), provider)
    with pytest.raises(ValueError, match=f"^{provider} takes {says}"):
        check_limits(pictures(fits[0] + more[0], fits[1] + more[1]), provider)

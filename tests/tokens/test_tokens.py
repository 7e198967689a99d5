"""helpers/tokens against every figure published for its rules and by them, and what no rule may ever do."""

from datetime import date
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionMessage
from openai.types.responses.response_input_item import FunctionCallOutput
from PIL import Image

from helpers.encoding import open_picture
from helpers.tokens import check_limits, picture_tokens, price, request_tokens
from helpers.tokens.rules import PRICES, RULES, RULES_DATE, SHUTDOWN, PatchRule, TileRule
from tests.conftest import COFFEE

LUNA = "gpt-5.6-luna"
PICTURE = open_picture(Image.new("RGB", (600, 400)))
PART, ITEM = PICTURE.chat_part("low"), PICTURE.input_item("low")
FAR = {"type": "image_url", "image_url": {"url": COFFEE}}
pytestmark = pytest.mark.filterwarnings("ignore:.* was shut down by OpenAI")

# Model, size, detail, set of rules, then tokens, size and grid; and who says so: OpenAI's guide "Images and vision" of
# 2025 or 2026, Azure's overview, image tokens (2025-03-25), or, where no page prints it, the published rule by hand.
EXAMPLES = [
    ("gpt-4o", (1024, 1024), "high", "2026-10", 765, (768, 768), (2, 2), "2025; Azure"),
    ("gpt-4o", (2048, 4096), "high", "2026-10", 1105, (768, 1536), (2, 3), "2025; Azure"),
    ("gpt-4o", (4096, 8192), "low", "2026-10", 85, (256, 512), (0, 0), "2025; Azure"),
    ("gpt-4o-mini", (2048, 4096), "high", "2026-10", 36_835, (768, 1536), (2, 3), "Azure"),
    ("gpt-4.1-mini", (1024, 1024), "high", "2025-05", 1_659, (1024, 1024), (32, 32), "2025"),
    ("gpt-4.1-mini", (1800, 2400), "high", "2025-05", 2_353, (1056, 1408), (33, 44), "2025"),
    ("gpt-5.4", (1024, 1024), "high", "2026-10", 1_229, (1024, 1024), (32, 32), "2026"),
    ("gpt-5.4", (2048, 2048), "high", "2026-10", 3_000, (1600, 1600), (50, 50), "2026"),
    ("gpt-6-astra", (4096, 512), "high", "2026-10", 2_458, (4096, 512), (128, 16), "2026"),
    (LUNA, (600, 400), "low", "2026-10", 212, (512, 341), (16, 11), "176 patches x 1.2"),
    (LUNA, (700, 400), "low", "2026-10", 192, (512, 293), (16, 10), "160 x 1.2: 292.57 is rounded"),
    (LUNA, (4000, 3000), "auto", "2026-10", 14_100, (4000, 3000), (125, 94), "11,750 x 1.2: auto is original"),
    ("gpt-5-mini", (23, 68_353), "low", "2026-10", 1_844, (16, 49_152), (1, 1_536), "1,536 x 1.2, one column"),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_examples(example):
    model, size, detail, rules, *expected, _ = example
    result = picture_tokens(*size, model, detail, rules=rules)
    assert [result.tokens, result.size, result.grid] == expected and result.sizes[0] == size
    assert result.date == "2026-11-22" and rules in result.rule and model in result.rule
    assert result.unit == ("tile" if isinstance(RULES[rules][model], TileRule) else "patch")


NOW, SIDES = RULES["2026-10"], st.integers(1, 5_000)
SETTINGS = [(model, detail) for model, rule in NOW.items() for detail in getattr(rule, "limits", ("low", "high"))]


@given(SIDES, SIDES, st.sampled_from(SETTINGS))
def test_tiles_and_patches_stay_in_their_bounds(width, height, setting):
    (model, detail), rule = setting, NOW[setting[0]]
    result = picture_tokens(width, height, model, detail)
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
        assert picture_tokens(height, width, model, detail).grid == (down, across)


# Every number, by hand from the sources that `helpers/tokens/rules.py` names (read on 2026-11-22; on 2026-11-27 prices
# out, gpt-4o-2024-05-13 and gpt-4.5-preview's end). What changes is read again, and written down here too.
# For rules of 2026-10, 2025-05 and 2023-11 a tile rule, base + per tile / shortest side in pixels, or a patch rule:
# multiplier, what auto means, side/patches of low, high and original. Dollars per million tokens in and out. Last day.
READ = """\
gpt-4-vision-preview  85+170/768                              85+170/768            85+170/768    -    -    2024-12-06
gpt-4-turbo           85+170/768                              85+170/768            85+170/768    10   30   2026-10-23
gpt-4o                85+170/768                              85+170/768            85+170/768    2.5  10   2027-01-14
gpt-4.1               85+170/768                              85+170/768            -             2    8    2027-01-14
gpt-4.5-preview       85+170/768                              85+170/768            -             -    -    2025-07-14
gpt-4o-mini           2833+5667/768                           2833+5667/768         2833+5667/768 0.15 0.60 2027-01-14
gpt-5                 70+140/768                              70+140/768            -             1.25 10   2026-12-11
gpt-5-chat-latest     70+140/768                              70+140/768            -             1.25 10   2026-07-23
gpt-5.1               70+140/768                              70+140/768            -             1.25 10   2027-04-01
o1                    75+150/768                              75+150/768            75+150/768    15   60   2026-10-23
o1-pro                75+150/768                              75+150/768            75+150/768    150  600  2026-10-23
o3                    75+150/768                              75+150/768            -             2    8    2026-12-11
computer-use-preview  65+129/768                              65+129/768            -             3    12   2026-07-23
gpt-image-1           65+129/512                              65+129/512            -             -    -    2026-10-23
gpt-6-astra           1.2,original,512,65535/2500,65535       -                     -             10   50   -
gpt-5.6-sol           1.2,original,512,2048/2500,65535        -                     -             4    20   -
gpt-5.6-terra         1.2,original,512,2048/2500,65535        -                     -             2    12   -
gpt-5.6-luna          1.2,original,512,2048/2500,65535        -                     -             0.20 1.20 -
gpt-5.5               1.2,original,512,2048/2500,6000/10000   -                     -             5    30   -
gpt-5.4               1.2,high,2048/6144,2048/2500,6000/10000 -                     -             2.5  15   -
gpt-5.4-mini          1.2,high,2048/6144,2048/2500,6000/10000 1.62,high,/1536,/1536 -             0.75 4.50 -
gpt-5.4-nano          1.2,high,2048/6144,2048/2500,6000/10000 2.46,high,/1536,/1536 -             0.20 1.25 2027-04-01
gpt-5.2               1.2,high,2048/6144,2048/6144            1,high,/1536,/1536    -             1.75 14   -
gpt-4.1-mini          1.62,high,2048/6144,2048/6144           1.62,high,/1536,/1536 -             0.40 1.60 2027-01-14
gpt-5-mini            1.2,high,/1536,/1536                    1.62,high,/1536,/1536 -             0.25 2    2026-12-11
gpt-5-nano            1.5,high,/1536,/1536                    2.46,high,/1536,/1536 -             0.05 0.40 2026-12-11
gpt-4.1-nano          2.46,high,/1536,/1536                   2.46,high,/1536,/1536 -             0.10 0.40 2026-10-23
o4-mini               1.72,high,/1536,/1536                   1.72,high,/1536,/1536 -             1.10 4.40 2026-10-23
gpt-6-luna            -                                       -                     -             0.10 0.50 -
gpt-6-sol             -                                       -                     -             2    10   -
gpt-6.1-sol           -                                       -                     -             2    10   -
gpt-6.1-terra         -                                       -                     -             1    5    -
gpt-4o-2024-05-13     -                                       -                     -             5    15   2026-10-23
"""


def as_read(rule):
    if not isinstance(rule, PatchRule):
        return f"{rule.base}+{rule.per_tile}/{rule.shortest}" if rule else "-"
    limits = [rule.limits[detail] for detail in ("low", "high", "original")[: len(rule.limits)]]
    sizes = [f"{limit.side or ''}{f'/{limit.patches}' if limit.patches else ''}" for limit in limits]
    return ",".join([f"{float(rule.multiplier):g}", rule.auto, *sizes])


def test_the_rules_prices_and_last_days_are_those_that_were_read():
    rows = {name: [name] for table in (*RULES.values(), PRICES, SHUTDOWN) for name in table}
    for name, row in rows.items():
        row += [as_read(table.get(name)) for table in RULES.values()]
        row += [*PRICES.get(name, "--"), str(SHUTDOWN.get(name, "-"))]
    assert sorted(rows.values()) == sorted(line.split() for line in READ.splitlines())
    assert [*RULES] == ["2026-10", "2025-05", "2023-11"] and RULES_DATE == price(LUNA, 1, 0).date == "2026-11-22"
    assert price(LUNA, 1_000_000, 0) == 20 and price(LUNA, 0, 1_000_000) == 120, "in cents"
    assert price("gpt-4o-2024-08-06", 1_000_000, 10_000) == 260 and price("gpt-4o-2024-05-13", 1_000_000, 0) == 500


count = partial(request_tokens, model=LUNA)
REFUSED = [
    (picture_tokens, (9, 9, "gpt-9"), r"^unknown model under the rules of 2026-10, .* 'gpt-9'; known: gpt-4-vision-pr"),
    (picture_tokens, (9, 9, "gpt-4o", "original"), "^detail 'original' is not known for .*; known: auto, low, high$"),
    (picture_tokens, (0, 9, LUNA), "at least 1 x 1 pixels, not 0 x 9; both are whole numbers$"),
    (picture_tokens, (6000, 6000, LUNA), r"gpt-5.6-luna refuses a picture of 35,344 patches \(limit 30,000\)$"),
    (partial(picture_tokens, rules="2024"), (9, 9, LUNA), "set of rules '2024'; known: 2026-10, 2025-05, 2023-11$"),
    (price, ("gpt-4o", None, 1), "tokens are two numbers from 0 on, not None and 1$"),
    (check_limits, ([], "aws"), "^unknown provider 'aws'; known: openai, azure"),
    (count, [[FAR]], "large is https://.*sizes="),
    (count, [[{"type": "input_image", "image_url": "data:,AA"}]], "no picture that Pillow can"),
    (count, [[{"type": "input_image", "image_url": b"x"}]], "or a file id, not b'x'$"),
    (count, [[{"type": "image", "source": {}}]], "'image' belongs to another API"),
    (count, [[{"role": "user", "content": [PICTURE]}]], r"a dict, as Picture.chat_part\(\) makes it, not Picture$"),
    (count, [[PICTURE]], "a message is a dict with a role or a type, .* not Picture"),
    (check_limits, (PART,), "messages are a list .* not dict$"),
]


@pytest.mark.parametrize(("call", "arguments", "says"), REFUSED)
def test_what_is_not_known_is_not_guessed(call, arguments, says):
    with pytest.raises(ValueError, match=says):
        call(*arguments)


def test_a_result_says_each_resize_what_is_unverified_and_what_is_counted_by_another_name():
    assert picture_tokens(2048, 4096, "gpt-4o", "high").sizes == ((2048, 4096), (1024, 2048), (768, 1536))
    assert "unverified: its sizes" in picture_tokens(99, 99, "o4-mini").notes[0]
    for dated in ("gpt-4o-2024-11-20", "gpt-4o-20241120"):
        result = picture_tokens(99, 99, "gpt-4o")._replace(notes=(f"{dated} is counted as gpt-4o",))
        assert picture_tokens(99, 99, dated) == result


def test_a_model_that_is_shut_down_warns_from_the_day_after_its_last(monkeypatch, recwarn):
    monkeypatch.setitem(SHUTDOWN, LUNA, date.today())
    picture_tokens(1024, 1024, LUNA)
    picture_tokens(1024, 1024, "gpt-4o-2024-05-13")
    [warned] = recwarn
    says = "gpt-4o-2024-05-13 was shut down by OpenAI on 2026-10-23"
    assert (str(warned.message), warned.filename) == (says, __file__)


@pytest.mark.filterwarnings("error")
def test_every_picture_of_a_request_is_counted_however_deep():
    parts = [PART, ITEM, FAR, {"type": "input_image", "file_id": "file-1"}, ITEM | {"type": "computer_screenshot"}]
    parts += ["text", None, 0.5, {"type": "input_text", "text": PICTURE.data_url}]
    output = FunctionCallOutput(type="function_call_output", call_id="c", output=[ITEM])
    answered = ChatCompletionMessage.model_construct(role="assistant", content=[{"type": "text"}])
    request = ({"role": "user", "content": parts}, output, answered, {"type": "message", "a": {"b": ([parts], parts)}})
    expected = [85, 85, 425, 425, 85, 85, *2 * [85, 85, 425, 425, 85]]
    sizes, ours = {"file-1": (600, 400), COFFEE: (600, 400)}, {"my-vision": "gpt-4o"}
    counted = request_tokens(request, "my-vision", sizes=sizes, deployments=ours, rules="2023-11")
    assert ([picture.tokens for picture in counted.pictures], counted.tokens) == (expected, sum(expected))


FULL = [  # how many pictures of how many characters a provider takes, how many it doesn't, and what it says of these
    ("openai", (1500, 9), (1501, 9), r"1,500 pictures in one request \(as of 2026-10\), and here are 1,501\. Send "),
    ("azure", (50, 9), (51, 9), r"50 pictures in one request \(as of 2026-09\), and here are 51\. Send "),
    ("azure-gpt-4-turbo", (10, 9), (11, 9), r"10 pictures in one request \(as of 2026-01\), and here are 11\. Send "),
    ("openai", (1, 20_971_520), (1, 20_971_521), "20,971,520 .* picture 1 has 20,971,521. Shrink it"),
    ("azure", (1, 27_962_033), (1, 27_962_034), "20,971,520 .* picture 1 has about 20,971,521. Shrink it"),
    ("openai", (512, 2**20), (513, 2**20), "536,870,912 bytes in one request .* alone have 537,919,488. Send them in"),
]


@pytest.mark.parametrize(("provider", "fits", "more", "says"), FULL)
def test_limits_of_each_provider(provider, fits, more, says):
    def pictures(count, characters):
        part = {"type": "input_image", "image_url": "data:,".ljust(characters, "A")}
        return [{"type": "function_call_output", "output": [part] * count}]

    check_limits([FAR], provider)  # an address, whose bytes nobody knows
    check_limits(pictures(*fits), provider)
    with pytest.raises(ValueError, match=f"^{provider} takes {says}"):
        check_limits(pictures(*more), provider)

"""helpers/tokens against every figure published for its rules, and against what no rule may ever do."""

import warnings
from datetime import date
from fractions import Fraction
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionMessage
from openai.types.chat.chat_completion_content_part_image_param import ImageURL
from openai.types.responses import ResponseComputerToolCallOutputScreenshot, ResponseInputImage, ResponseInputImageParam
from openai.types.responses.response_input_item import FunctionCallOutput
from PIL import Image

from course.recording import DEFAULT_MODEL
from helpers.encoding import open_picture
from helpers.tokens import check_limits, picture_tokens, price, request_tokens
from helpers.tokens.rules import LIMITS, NEWEST, PRICES, RULES, SHUTDOWN, PatchRule, TileRule
from tests.conftest import COFFEE

LUNA = "gpt-5.6-luna"
PICTURE = open_picture(Image.new("RGB", (600, 400)))
PART, ITEM = PICTURE.chat_part("low"), PICTURE.input_item("low")
pytestmark = pytest.mark.filterwarnings("ignore:.* was shut down by OpenAI")

GUIDE_2026 = 'OpenAI guide "Images and vision", 2026'
GUIDE_2025 = 'OpenAI guide "Images and vision", 2025'
AZURE = "Azure OpenAI overview, image tokens, 2025-03-25"
# model, size, detail, set of rules, then what comes of it: tokens, size and grid; and who says so
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
    (LUNA, (4096, 512), "high", "2026-10", 615, (2048, 256), (64, 8), "512 x 1.2"),
    (LUNA, (4000, 3000), "auto", "2026-10", 14_100, (4000, 3000), (125, 94), "11,750 x 1.2: auto is original"),
    (LUNA, (4000, 3000), "high", "2026-10", 2_942, (1824, 1368), (57, 43), "2,451 x 1.2"),
    (LUNA, (1, 1), "low", "2026-10", 2, (1, 1), (1, 1), "1 x 1.2, rounded up"),
    ("gpt-5-mini", (23, 68_353), "low", "2026-10", 1_844, (16, 49_152), (1, 1_536), "1,536 x 1.2, one column"),
    (LUNA, (60_000, 30), "high", "2026-10", 77, (2048, 1), (64, 1), "64 x 1.2"),
    ("gpt-5.5", (6000, 6000), "auto", "2026-10", 12_000, (3200, 3200), (100, 100), "10,000 x 1.2: auto is original"),
    ("gpt-5.4", (3000, 2000), "low", "2026-10", 3_303, (2048, 1365), (64, 43), "2,752 x 1.2: low is dearer than high"),
    ("gpt-4.1-mini", (1800, 2400), "high", "2026-10", 4_977, (1536, 2048), (48, 64), "3,072 x 1.62"),
    ("gpt-image-1", (1024, 1024), "high", "2026-10", 194, (512, 512), (1, 1), "65 + 129"),
    ("gpt-4o", (512, 512), "high", "2023-11", 255, (512, 512), (1, 1), "85 + 170: never enlarged"),
    ("gpt-4o", (5000, 1), "high", "2026-10", 765, (2048, 1), (4, 1), "85 + 4 x 170"),
]


def test_examples():
    for model, size, detail, rules, tokens, shrunk, grid, source in PUBLISHED + BY_HAND:
        result = picture_tokens(*size, model, detail, rules=rules)
        assert (result.tokens, result.size, result.grid) == (tokens, shrunk, grid), source
        assert result.sizes[0] == size and result.date == "2026-11-22" and rules in result.rule and model in result.rule
        assert result.unit == ("tile" if isinstance(RULES[rules][model], TileRule) else "patch")
    assert picture_tokens(2048, 4096, "gpt-4o").sizes == ((2048, 4096), (1024, 2048), (768, 1536))
    assert picture_tokens(100, 80, LUNA, "high").sizes == ((100, 80),), "a resize that changes nothing is none"


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
    if isinstance(rule, TileRule):
        assert result.tokens == rule.base + rule.per_tile * across * down and max(result.size) <= 2048
        assert (across, down) == (0, 0) if detail == "low" else min(result.size) <= rule.shortest
        assert across * down <= 8
    else:
        limit = rule.limits[detail]
        assert across * down <= (limit.patches or 30_000) and max(result.size) <= (limit.side or 70_000)
        assert (-(-result.size[0] // 32), -(-result.size[1] // 32)) == result.grid
        assert 0 <= result.tokens - across * down * rule.multiplier < 1
        assert picture_tokens(height, width, model, detail, rules=rules).grid == (down, across)


def test_the_tables_fit_together_and_to_the_sdk():
    assert list(RULES) == sorted(RULES, reverse=True) and next(iter(RULES)) == NEWEST
    assert set(SHUTDOWN) <= {model for _, model, _ in settings} | {"gpt-4o-2024-05-13"}
    for rule in (rule for table in RULES.values() for rule in table.values() if isinstance(rule, PatchRule)):
        assert rule.auto in rule.limits and rule.multiplier >= 1 and isinstance(rule.multiplier, Fraction)
    for types in (ImageURL, ResponseInputImageParam):
        assert set(get_args(get_type_hints(types)["detail"])) == {detail for *_, detail in settings} | {"auto"}


# --- what is not known, is not guessed ---


def said(part):
    return [{"role": "user", "content": [part]}]


def count(message):
    return request_tokens([message], LUNA)


def in_2024(*arguments):
    return picture_tokens(*arguments, rules="2024")


REFUSED = [
    (picture_tokens, (9, 9, "gpt-9"), r"^unknown model under the rules of 2026-10, .* 'gpt-9'; known: gpt-4-vision-pr"),
    (picture_tokens, (9, 9, LUNA, "huge"), "^detail 'huge' is not known for .*; known: auto, low, high, original$"),
    (picture_tokens, (9, 9, "gpt-4o", "original"), "'original' is not known for gpt-4o; known: auto, low, high$"),
    (picture_tokens, (9, 9, "gpt-5.2", "original"), "'original' is not known for gpt-5.2"),
    (picture_tokens, (0, 9, LUNA), "at least 1 x 1 pixels, not 0 x 9; both are whole numbers$"),
    (picture_tokens, (9, "9", LUNA), "both are whole numbers$"),
    (picture_tokens, (6000, 6000, LUNA), r"gpt-5.6-luna refuses a picture of 35,344 patches \(limit 30,000\)$"),
    (in_2024, (9, 9, LUNA), "set of rules '2024'; known: 2026-10, 2025-05, 2023-11$"),
    (price, ("gpt-9", 1, 1), "^no price of 2026-11-22 is known for 'gpt-9'; known: gpt-5.6-luna, "),
    (price, ("gpt-4o", None, 1), "tokens are two numbers from 0 on, not None and 1$"),
    (price, ("gpt-4o", 1, -1), "not 1 and -1$"),
    (price, ("gpt-4o", float("inf"), 1), "not inf and 1$"),
    (check_limits, ([], "aws"), "^unknown provider 'aws'; known: openai, azure"),
    (count, said({"type": "image_url", "image_url": {"url": COFFEE}}), "large is https://.*sizes="),
    (count, said({"type": "input_image", "file_id": "file-1"}), "how large is file-1?"),
    (count, said({"type": "input_image", "image_url": "data:,AA"}), "no picture that Pillow can"),
    (count, said({"type": "input_image", "image_url": b"x"}), "or a file id, not b'x'$"),
    (count, said({"type": "image", "source": {}}), "'image' belongs to another API"),
    (count, said(PICTURE), r"a dict, as Picture.chat_part\(\) makes it, not Picture$"),
    (count, [{"role": "user", "content": iter([PART])}], "not list_iterator$"),
    (count, [PICTURE], "a message is a dict with a role or a type, .* not Picture"),
    (check_limits, (said(PART)[0],), "messages are a list .* not dict$"),
    (check_limits, ("a prompt",), "messages are a list .* not str$"),
]


@pytest.mark.parametrize(("call", "arguments", "says"), REFUSED)
def test_a_refusal_is_one_sentence(call, arguments, says):
    with pytest.raises(ValueError, match=says) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)


def test_notes_say_what_is_unverified_and_what_is_counted_by_another_name():
    assert "unverified: its sizes" in picture_tokens(99, 99, "gpt-5-mini").notes[0]
    assert "third parties" in picture_tokens(99, 99, "gpt-5.2", rules="2025-05").notes[0]
    assert picture_tokens(99, 99, LUNA).notes == ()
    for dated in ("gpt-4o-2024-11-20", "gpt-4o-20241120"):
        assert picture_tokens(99, 99, dated).notes == (f"{dated} is counted as gpt-4o",)
        assert picture_tokens(99, 99, dated)[:-1] == picture_tokens(99, 99, "gpt-4o")[:-1]
    assert len(picture_tokens(99, 99, "gpt-5-mini-2025-08-07").notes) == 2


@pytest.mark.filterwarnings("default:.* was shut down by OpenAI")
def test_a_model_that_is_shut_down_warns_from_the_day_after_its_last(monkeypatch):
    for model in ("gpt-4-turbo", "gpt-4o-2024-05-13"):
        with pytest.warns(UserWarning, match=f"^{model} was shut down by OpenAI on 2026-10-23") as caught:
            picture_tokens(1024, 1024, model)
        assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        monkeypatch.setitem(SHUTDOWN, LUNA, date.today())
        picture_tokens(1024, 1024, LUNA)


def test_a_price_is_in_cents_and_dated():
    assert price(DEFAULT_MODEL, 1_000_000, 0) == 20 and price(DEFAULT_MODEL, 0, 1_000_000) == 120
    assert price("gpt-4o-2024-08-06", 1_000_000, 10_000) == 260 and price("gpt-4o-2024-05-13", 1_000_000, 0) == 500
    assert price("gpt-4o", 1, 0).date == "2026-11-22" and all(price(model, 1, 1) > 0 for model in PRICES)


# --- a whole request ---

SCREEN = {"type": "computer_screenshot", "image_url": PICTURE.data_url}
FAR = {"type": "image_url", "image_url": {"url": COFFEE}}
AS_OTHERS = [{"type": "text", "text": "As other servers answer."}]
# What may be in a request, and the tokens of the pictures in it.
LEAVES = [(PART, [85]), (ITEM, [85]), (SCREEN, [425]), (FAR, [425]),
          ({"type": "input_image", "file_id": "file-1"}, [425]),
          (ResponseInputImage(**ITEM), [85]), (ResponseComputerToolCallOutputScreenshot(**SCREEN), [425]),
          (FunctionCallOutput(type="function_call_output", call_id="c", output=[ITEM]), [85]),
          (ChatCompletionMessage(role="assistant", content="A red square."), []),
          (ChatCompletionMessage.model_construct(role="assistant", content=AS_OTHERS), []),
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


def test_limits_of_each_provider():
    def pictures(count, url=COFFEE):
        return [{"type": "function_call_output", "output": [{"type": "input_image", "image_url": url}] * count}]

    def holds(fits, too_much, provider, says):
        check_limits(fits, provider)
        with pytest.raises(ValueError, match=rf"^{provider} takes {says}\.$"):
            check_limits(too_much, provider)

    for provider, limits in LIMITS.items():
        says = f"{limits.pictures:,} pictures .*and here are {limits.pictures + 1:,}. Send them in turns"
        holds(pictures(limits.pictures), pictures(limits.pictures + 1), provider, says)
    check_limits(said({"type": "input_image", "file_id": "file-1"}) * 50, "azure")
    for provider, fits, has in (("openai", 20_971_520, "has"), ("azure", 27_962_033, "has about")):
        url, says = "data:,".ljust(fits, "A"), f"20,971,520 .* picture 1 {has} 20,971,521. Shrink it"
        holds(pictures(1, url), pictures(1, url + "A"), provider, says)
    url, says = (
        "data:,".ljust(2**20, "A"),
        "536,870,912 bytes in one request .* alone have 537,919,488. Send them in turns",
    )
    holds(pictures(512, url), pictures(513, url), "openai", says)

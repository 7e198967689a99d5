"""The message for what was never recorded: the nearest request, exactly what differs, and the way out."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course.recording.not_recorded import explain
from course.recording.shape import Recording
from helpers.encoding import DETAILS
from tests.conftest import COFFEE, QUESTION, data_url, question
from tests.recording.made import item, kept


def message(body, *recorded, cell="", **how):
    return explain(kept(body, **how), Recording(lesson="lesson", interactions=list(recorded)), cell)


def differences(text):
    return {name: both for name, *both in re.findall(r'^  (.+): recorded "(.*)" - yours "(.*)"$', text, re.M)}


# field: what may stand there
FIELDS = {"prompt": st.text("aB é한\n\u200b-'\"", max_size=99), "picture": st.sampled_from([COFFEE, f"{COFFEE}?b"]),
          "detail": st.sampled_from(sorted(DETAILS)), "model": st.sampled_from(["gpt-4o", "gpt-5.6-luna"]),
          "max_completion_tokens": st.one_of(st.integers(1, 999), st.just('"300"')), "temperature": st.floats(0, 2),
          "stop": st.lists(st.sampled_from("ab"), max_size=1)}  # fmt: skip


@settings(max_examples=25)
@given(st.fixed_dictionaries(FIELDS), st.sets(st.sampled_from(sorted(FIELDS))), st.fixed_dictionaries(FIELDS))
def test_the_message_names_exactly_the_fields_that_were_changed(one, changed, other):
    new = one | {name: other[name] for name in changed}
    expected = {name for name in changed if one[name] != new[name]}
    text = message(question(**new), item(question(**one)))
    found = differences(text).keys()
    assert found <= expected and len(found) == min(4, len(expected)), text
    assert ("more" in text.split("recorded request")[1]) == (len(expected) > 4) and len(text.splitlines()) <= 11


def test_a_difference_is_shown_from_where_it_begins():
    turned = [{"role": "user", "content": question()["messages"][0]["content"][::-1]}]
    for new, differs in (
        ({"temperature": 1, "tools": []}, {"temperature": ["(nothing)", "1"], "tools": ["(nothing)", "[]"]}),
        ({"prompt": QUESTION + "\n\u200b"}, {"prompt": [QUESTION, QUESTION + r"\n\u200b"]}),
        ({"prompt": QUESTION + " " + "x" * 99}, {"prompt": ["…his picture?", "…his picture? " + "x" * 31 + "…"]}),
        ({"messages": turned}, {"type": ["text", "image_url"], "type 2": ["image_url", "text"]}),
        ({"response_format": {"schema": {"a": [1]}}}, {"schema": ["(nothing)", '{"a": [1]}']}),
    ):
        assert differences(message(question(**new), item())) == differs
    assert "the order of its parts" in message(question(), item())
    picture = differences(message(question(picture=data_url()), item()))
    assert picture["picture"][1].startswith("asset/images/coffee.png, fingerprint e2c9704")
    assert picture["media type"] == ["(nothing)", "image/png"]


def test_nearest_is_of_the_cell_that_was_adapted_then_by_method_by_prompt_and_by_picture():
    cells = {"one": "What is in this picture?", "two": "How many?", "three": "How many spoons?"}
    items = [item(question(prompt), cell=name) for name, prompt in cells.items()] + [item(url=COFFEE, method="GET")]
    items.append(item(question("How many?", picture=data_url()), cell="five"))
    for nearest, asked, how in (
        (1, question("How many spoons are there?"), {"cell": items[0].cell}),
        (3, question("How many spoons are there?"), {"cell": "new"}),
        (2, question("How many?", max_completion_tokens=1), {}),
        (5, question("How many?", picture=data_url(), detail="high"), {}),
        (4, question("How many?"), {"method": "GET", "url": f"{COFFEE}?other"}),
    ):
        assert f"recorded request {nearest} of 5" in message(asked, *items, **how)


def with_part(image):
    return question(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": image}]}])


PRINTED = f"{b'iVBORw0KGgo' * 60}"
LIVE = r'  recording\.start\("lesson", mode="live"\)'
KEY = rf"{LIVE} asks for your key; after it, client = OpenAI\(\)\."
OUT = rf".*Undo the change .*:\n{KEY}\n.*OPENAI_BASE_URL.*\n.*VISION_MODEL.* MODEL = recording.model\(\)\."
REFUSED = r"A service would refuse yours, too: {} Put that right, or undo the change\.".format
AN_OBJECT, A_PRINT = REFUSED('.*an object, "image_url": .*'), REFUSED("base64 that begins with b' .*")


@pytest.mark.parametrize(
    ("body", "how", "end"),
    [
        (question("New?"), {}, OUT),
        (
            question(),
            {"url": "https://mine.openai.azure.com/openai/v1/x"},
            f".*\n{LIVE}, with AZURE_OPENAI_ENDPOINT .*",
        ),
        ({}, {"url": "https://my.cognitiveservices.azure.com/computervision/retrieval/indexes"}, "Azure retired .*"),
        (None, {"method": "GET", "url": "https://a.example/mine.png"}, f".*Save it and give its path, .*\n{KEY}"),
        (None, {"method": "GET", "url": "/v1/responses/1"}, f"It asks the service to look something up.*\n{KEY}"),
        (question(detail="hgih"), {}, REFUSED("detail is one of auto, low, high, original, not 'hgih'.")),
        (with_part(COFFEE), {}, AN_OBJECT),
        (with_part(data_url()), {}, AN_OBJECT),
        (with_part({"url": f"data:image/png;base64,{PRINTED}"}), {}, A_PRINT),
        (with_part({"url": PRINTED}), {}, A_PRINT),
    ],
)
def test_the_ways_out_are_those_that_are_there(body, how, end):
    compared, alone = message(body, item(), **how), message(body, **how)
    assert re.fullmatch(f"no answer to this request is recorded for lesson lesson, .*\n{end}", alone)
    assert compared.endswith(alone.split("\n", 1)[1]) and len(compared.splitlines()) <= 11
    assert ("Nearest" in compared) == (body is not None), "a GET is compared with none but a GET"
    assert "iVBORw0KGgoiVBORw0KGgo" not in compared

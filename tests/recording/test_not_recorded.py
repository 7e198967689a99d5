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


@pytest.mark.parametrize(
    ("new", "differs"),
    [
        ({"temperature": 1, "tools": []}, {"temperature": ["(nothing)", "1"], "tools": ["(nothing)", "[]"]}),
        ({"prompt": QUESTION + "\n\u200b"}, {"prompt": [QUESTION, QUESTION + r"\n\u200b"]}),
        ({"prompt": QUESTION + " " + "x" * 99}, {"prompt": ["…his picture?", "…his picture? " + "x" * 31 + "…"]}),
        ({"messages": [{"role": "user", "content": question()["messages"][0]["content"][::-1]}]},
         {"type": ["text", "image_url"], "type 2": ["image_url", "text"]}),
        ({"response_format": {"schema": {"a": [1]}}}, {"schema": ["(nothing)", '{"a": [1]}']}),
        ({"picture": data_url()}, {"picture": ["https://raw.githubusercontent.com/scikit-ima…",
         "asset/images/coffee.png, fingerprint e2c9704…"], "media type": ["(nothing)", "image/png"]}),
    ],
)  # fmt: skip
def test_a_difference_is_shown_from_where_it_begins(new, differs):
    assert differences(message(question(**new), item())) == differs
    assert "the order of its parts" in message(question(**new), item(question(**new)))


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
LIVE = '  recording.start("lesson", mode="live")'
OUT = f"""Undo the change to see the recorded answer again, or ask a real model:
{LIVE} asks for your key; after it, client = OpenAI().
  A local server needs no key: set os.environ["OPENAI_BASE_URL"] (its address, up to /v1) and
  os.environ["VISION_MODEL"] first, then do the same, and MODEL = recording.model()."""
ON_AZURE = f"""Undo the change to see the recorded answer again, or ask a real model:
{LIVE}, with AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_DEPLOYMENT set; after it, a new client."""
RETIRED = "Azure retired this service on 2025-06-30, so nobody can answer it any more. Undo the change."
DOWNLOAD = f"""It would download something, and replay has no network. Save it and give its path, or go live:
{LIVE} asks for your key; after it, client = OpenAI()."""
LOOK_UP = f"""It asks the service to look something up. Go live:
{LIVE} asks for your key; after it, client = OpenAI()."""
REFUSED = "A service would refuse yours, too: {} Put that right, or undo the change.".format
AN_OBJECT = REFUSED('Chat Completions wants an object, "image_url": {"url": …}, not the address alone.')
A_PRINT = REFUSED("base64 that begins with b' is Python's print of bytes: add .decode().")


@pytest.mark.parametrize(
    ("body", "how", "end"),
    [
        (question("New?"), {}, OUT),
        (question("New?"), {"url": "https://your_resource.openai.azure.com/openai/v1/x"}, ON_AZURE),
        ({}, {"url": "https://my.cognitiveservices.azure.com/computervision/retrieval/indexes"}, RETIRED),
        (None, {"method": "GET", "url": "https://a.example/mine.png"}, DOWNLOAD),
        (None, {"method": "GET", "url": "/v1/responses/1"}, LOOK_UP),
        (question(detail="hgih"), {}, REFUSED("detail is one of auto, low, high, original, not 'hgih'.")),
        (with_part(COFFEE), {}, AN_OBJECT),
        (with_part(data_url()), {}, AN_OBJECT),
        (with_part({"url": f"data:image/png;base64,{PRINTED}"}), {}, A_PRINT),
        (with_part({"url": PRINTED}), {}, A_PRINT),
    ],
)
def test_the_ways_out_are_those_that_are_there(body, how, end):
    first = "no answer to this request is recorded for lesson lesson, and replay asks no service.\n"
    compared, alone = message(body, item(), **how), message(body, **how)
    assert alone == first + end, "nothing is recorded"
    assert compared.startswith(first) and compared.endswith(end) and len(compared.splitlines()) <= 11
    assert ("Nearest" in compared) == (body is not None), "a GET is compared with none but a GET"
    assert "iVBORw0KGgoiVBORw0KGgo" not in compared

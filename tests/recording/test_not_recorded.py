"""The message for what was never recorded: the nearest request, exactly what differs, and the way out."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course import recording
from course.recording.not_recorded import explain
from course.recording.readable import recorded_request
from course.recording.shape import Recording
from helpers.encoding import DETAILS
from tests.conftest import COFFEE, QUESTION, data_url, question
from tests.recording.made import CHAT, item

DIFFERS = re.compile(r'^  (.+): recorded "(.*)" - yours "(.*)"$', re.M)


def asked(body, method="POST", url=CHAT):
    headers = {"content-type": "application/json"}
    return recorded_request(method, url, headers, json.dumps(body).encode(), recording.DEFAULT_MODEL)


def message(body, *recorded, cell="", **how):
    return explain(asked(body, **how), Recording(lesson="lesson", interactions=list(recorded)), cell)


def differences(text):
    return {name: (was, now) for name, was, now in DIFFERS.findall(text)}


# field: what may stand there
FIELDS = {"prompt": st.text(max_size=99), "picture": st.sampled_from([COFFEE, "https://a.example/b.png"]),
          "detail": st.sampled_from(sorted(DETAILS)), "model": st.sampled_from(["gpt-4o", "gpt-5.6-luna"]),
          "max_completion_tokens": st.one_of(st.integers(1, 999), st.just('"300"')), "temperature": st.floats(0, 2),
          "stop": st.lists(st.sampled_from("ab"), max_size=1)}  # fmt: skip


@settings(max_examples=25)
@given(st.fixed_dictionaries(FIELDS), st.sets(st.sampled_from(sorted(FIELDS))), st.fixed_dictionaries(FIELDS))
def test_the_message_names_exactly_the_fields_that_were_changed(one, changed, other):
    new = one | {name: other[name] for name in changed}
    expected = {name for name in changed if one[name] != new[name]}
    if asked(question(one["prompt"])) == asked(question(new["prompt"])):  # what looks like a secret is masked
        expected -= {"prompt"}
    text = message(question(**new), item(question(**one)))
    found = differences(text).keys()
    assert found <= expected and len(found) == min(4, len(expected)), text
    assert ("more" in text.split("recorded request")[1]) == (len(expected) > 4) and len(text.splitlines()) <= 11


PARTS = question()["messages"][0]["content"]


@pytest.mark.parametrize(
    ("new", "differs"),
    [
        (question(temperature=1, tools=[]), {"temperature": ("(nothing)", "1"), "tools": ("(nothing)", "[]")}),
        (question(QUESTION + "\n\u200b"), {"prompt": (QUESTION, QUESTION + r"\n\u200b")}),
        (question(QUESTION + " " + "x" * 99), {"prompt": ("…his picture?", "…his picture? " + "x" * 31 + "…")}),
        (question(messages=[{"role": "user", "content": PARTS[::-1]}]),
         {"type": ("text", "image_url"), "type 2": ("image_url", "text")}),
        (question(response_format={"json_schema": {"schema": {"a": [1]}}}), {"schema": ("(nothing)", '{"a": [1]}')}),
        (question(picture=data_url()), {"picture": ("https://raw.githubusercontent.com/scikit-ima…",
         "asset/images/coffee.png, fingerprint e2c9704…"), "media type": ("(nothing)", "image/png")}),
    ],
)  # fmt: skip
def test_a_difference_is_shown_from_where_it_begins(new, differs):
    assert differences(message(new, item())) == differs
    assert "the order of its parts" in message(new, item(new))


def test_nearest_is_of_the_cell_that_was_adapted_then_by_method_by_prompt_and_by_picture():
    cells = {"one": "What is in this picture?", "two": "How many?", "three": "How many spoons?"}
    items = [item(question(prompt), cell=name) for name, prompt in cells.items()] + [item(url=COFFEE, method="GET")]
    items.append(item(question("How many?", picture=data_url()), cell="five"))
    for prompt, cell, how, nearest in (
        ("How many spoons are there?", items[0].cell, {}, 1),
        ("How many spoons are there?", "new", {}, 3),
        ("How many?", "", {"max_completion_tokens": 1}, 2),
        ("How many?", "", {"picture": data_url(), "detail": "high"}, 5),
    ):
        assert f"recorded request {nearest} of 5" in message(question(prompt, **how), *items, cell=cell)
    assert "recorded request 4 of 5" in message(question("How many?"), *items, method="GET", url=COFFEE + "?other")


def test_the_ways_out_are_those_that_are_there():
    text = message(question("New?"), item())
    assert text.startswith("no answer to this request is recorded for lesson lesson, and replay asks no service.\n")
    assert text.endswith("""Undo the change to see the recorded answer again, or ask a real model:
  recording.start("lesson", mode="live") asks for your key; after it, client = OpenAI().
  A local server needs no key: set os.environ["OPENAI_BASE_URL"] (its address, up to /v1) and
  os.environ["VISION_MODEL"] first, then do the same, and MODEL = recording.model().""")
    on_azure = message(question("New?"), item(), url="https://your_resource.openai.azure.com/openai/v1/x")
    assert "AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_DEPLOYMENT" in on_azure and "OPENAI_BASE_URL" not in on_azure
    retired = message({}, item(), url="https://my-vision.cognitiveservices.azure.com/computervision/retrieval/indexes")
    assert retired.endswith("retired this service on 2025-06-30, so nobody can answer it any more. Undo the change.")
    assert "live" not in retired
    assert len(message(question()).splitlines()) == 5 and "Nearest" not in message(question()), "nothing is recorded"


@pytest.mark.parametrize(
    ("url", "says"),
    [("https://a.example/mine.png", "would download .*give its path"), ("/v1/responses/1", "look some")],
)
def test_a_get_where_none_is_recorded_is_compared_with_nothing_and_said_to_be_what_it_is(url, says):
    text = message(None, item(), method="GET", url=url)
    assert re.search(says, text) and "Nearest" not in text and 'mode="live"' in text


PRINTED = f"{b'iVBORw0KGgo' * 60}"


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"type": "image_url", "image_url": {"url": COFFEE, "detail": "hgih"}}, "detail is one of"),
        ({"type": "image_url", "image_url": COFFEE}, "Chat Completions wants an object"),
        ({"type": "image_url", "image_url": data_url()}, "Chat Completions wants an object"),
        ({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PRINTED}"}}, ".*add .decode"),
        ({"type": "image_url", "image_url": {"url": PRINTED}}, ".*add .decode"),
    ],
)
def test_a_request_that_no_service_answers_is_told_so(part, says):
    text = message(question(messages=[{"role": "user", "content": [part]}]), item())
    assert re.search(f"A service would refuse yours, too: {says}", text) and 'mode="live"' not in text
    assert "iVBORw0KGgoiVBORw0KGgo" not in text and len(text.splitlines()) <= 11

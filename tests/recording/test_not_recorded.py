"""The message for what was never recorded: the nearest request, exactly what differs, and the way out."""

import copy
import json
import re

import openai
import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st

from course import recording
from course.recording.not_recorded import explain
from course.recording.readable import recorded_request
from course.recording.shape import Recording
from helpers.encoding import DETAILS
from tests.conftest import COFFEE, QUESTION, data_url, question
from tests.recording.made import CHAT, item, put

HEADERS = {"content-type": "application/json"}
DIFFERS = re.compile(r'^  (.+): recorded (".*") - yours (".*")$', re.M)


def asked(body, method="POST", url=CHAT, headers=HEADERS):
    return recorded_request(method, url, headers, json.dumps(body).encode(), recording.DEFAULT_MODEL)


def message(body, *recorded, cell="", **how):
    return explain(asked(body, **how), Recording(lesson="lesson", interactions=list(recorded)), cell)


def differences(text):
    return {name: (was.strip('"'), now.strip('"')) for name, was, now in DIFFERS.findall(text)}


# --- any two requests ---

# field: what may stand there, and where it is in the request
FIELDS = {
    "prompt": (st.text(max_size=300), ("messages", 0, "content", 0, "text")),
    "picture": (st.sampled_from([COFFEE, "https://a.example/b.png", data_url(), data_url(b"\x89PNG mine")]),
                ("messages", 0, "content", 1, "image_url", "url")),
    "detail": (st.sampled_from(sorted(DETAILS)), ("messages", 0, "content", 1, "image_url", "detail")),
    "role": (st.sampled_from(["user", "developer"]), ("messages", 0, "role")),
    "model": (st.sampled_from(["gpt-4o", "gpt-5.6-luna"]), ("model",)),
    "max_completion_tokens": (st.one_of(st.integers(1, 999), st.just('"300"')), ("max_completion_tokens",)),
    "temperature": (st.floats(0, 2), ("temperature",)),
    "stop": (st.lists(st.sampled_from("ab"), max_size=1), ("stop",)),
    "prompt 2": (st.text(max_size=60), ("prediction", "content")),
}  # fmt: skip
VALUES = st.fixed_dictionaries({name: values for name, (values, _) in FIELDS.items()})


def request_of(values):
    body = copy.deepcopy(question()) | {"prediction": {"type": "content"}}
    for name, value in values.items():
        *path, last = FIELDS[name][1]
        place = body
        for key in path:
            place = place[key]
        place[last] = value
    return body


@settings(max_examples=50)
@given(one=VALUES, changed=st.sets(st.sampled_from(sorted(FIELDS))), other=VALUES)
def test_the_message_names_exactly_the_fields_that_were_changed(one, changed, other):
    new = one | {name: other[name] for name in changed}
    # A label is told apart from a picture, a secret-looking text is masked: compared is what is recorded of each.
    was, now = (asked(request_of(values)).body for values in (one, new))
    expected = [name for name in FIELDS if name in changed and one[name] != new[name]]
    if (was["messages"], was.get("prediction")) == (now["messages"], now.get("prediction")):
        expected = [name for name in expected if name in ("model", "max_completion_tokens", "temperature", "stop")]
    text = message(request_of(new), item(request_of(one)))
    kinds = {"data_url" in str(body["messages"][0]["content"][1]["image_url"]["url"]) for body in (was, now)}
    found = list(differences(text)) + re.findall(r"and (\d) more", text)
    if len(kinds) == 2:  # an address became bytes: these have a media type
        expected.append("media type")
    assert set(found[:4]) <= set(expected) and len(found[:4]) == min(4, len(expected)), text
    assert found[4:] == ([str(len(expected) - 4)] if len(expected) > 4 else [])
    assert len(text.splitlines()) <= 11 and all(len(line) < 140 for line in text.splitlines())


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                        st.sampled_from(["look", "sha256", "schema", "name", "value", "file", "url", "detail", "type",
                                         "properties", "image_url"]), inner, max_size=4))  # fmt: skip


NAMES = st.text("abcdefg", max_size=9)


@settings(max_examples=50)
@given(st.dictionaries(NAMES, JSON, max_size=4), st.dictionaries(NAMES, JSON, max_size=4))
@example({"look": "x", "sha256": {}, "filename": 3}, {})
def test_whatever_is_asked_has_a_message_of_eleven_lines(one, other):
    text = message(one, item(other))
    assert len(text.splitlines()) <= 11 and "Nearest is recorded request 1 of 1" in text


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"prompt": "Is it full?"}, {"prompt": ("What is in this picture?", "Is it full?")}),
        ({"temperature": 1}, {"temperature": ("(nothing)", "1")}),
        ({"tools": []}, {"tools": ("(nothing)", "[]")}),
        ({"model": "gpt-4o"}, {"model": ("gpt-5.6-luna", "gpt-4o")}),
        ({"picture": COFFEE.replace("coffee", "chelsea")}, {"picture": ("…/skimage/data/coffee.png", None)}),
        ({"prompt": QUESTION + " " + "x" * 99}, {"prompt": ("…his picture?", "…his picture? " + "x" * 31 + "…")}),
        ({"picture": data_url(b"\x89PNG mine")}, {"picture": (None, None), "media type": ("(nothing)", "image/png")}),
    ],
    ids=lambda value: next(iter(value)),
)
def test_a_difference_is_shown_from_where_it_begins(changes, differs):
    found = differences(message(question(**changes), item()))
    assert found.keys() == differs.keys()
    for name, texts in differs.items():
        assert all(wanted in (None, said) for wanted, said in zip(texts, found[name], strict=True)) or name == "picture"


def test_another_label_and_another_shape_have_their_names():
    text = message(question(picture=data_url(kind="image/jpeg")), item(question(picture=data_url())))
    assert differences(text) == {"media type": ("image/png", "image/jpeg")}

    def shaped(*names):
        return question(response_format={"json_schema": {"name": "Drink", "schema": {"properties": list(names)}}})

    assert differences(message(shaped("name", "cup", "size"), item(shaped("name", "cup")))) == {
        "schema": ('{"properties": ["name", "cup"]}', '{"properties": ["name", "cup", "size"]}')
    }
    parts = question()
    parts["messages"][0]["content"].reverse()
    assert differences(message(parts, item())) == {"type": ("text", "image_url"), "type 2": ("image_url", "text")}
    form = 'multipart/form-data; boundary="x"'
    one, other = (b'--x\r\ncontent-disposition: form-data; name="purpose"\r\n\r\n%b\r\n--x--' % said
                  for said in (b"vision", b"batch"))  # fmt: skip
    recorded, new = (recorded_request("POST", CHAT, {"Content-Type": form}, body, "m") for body in (one, other))
    recorded = item().model_copy(update={"request": recorded})
    text = explain(new, Recording(lesson="lesson", interactions=[recorded]))
    assert differences(text) == {"purpose": ("vision", "batch")}
    new.body = {"parts": []}
    assert "the order of its parts" in explain(recorded.request, Recording(lesson="x", interactions=[recorded]))


# --- which is nearest ---


def test_nearest_is_of_the_cell_that_was_adapted_then_by_method_and_by_prompt():
    cells = {"one": "What is in this picture?", "two": "How many?", "three": "How many spoons?"}
    items = [item(question(prompt), cell=name) for name, prompt in cells.items()] + [item(url=COFFEE, method="GET")]

    def nearest(prompt, cell="", **how):
        return message(question(prompt), *items, cell=cell, **how).split("request ")[2][:6]

    assert nearest("How many spoons are there?", items[0].cell) == "1 of 4", "this cell's own"
    assert nearest("How many spoons are there?", "new") == "3 of 4", "by its prompt"
    assert nearest("How many?") == "2 of 4"
    assert nearest("How many?", method="GET", url=COFFEE + "?other") == "4 of 4", "by its method"


def test_the_pictures_of_equal_prompts_decide():
    items = [item(), item(question(picture=data_url()))]
    assert "recorded request 2 of 2" in message(question(picture=data_url(), detail="high"), *items)


# --- the way out ---


def test_the_ways_out_are_those_that_are_there():
    text = message(question("New?"), item())
    assert text.startswith("no answer to this request is recorded for lesson lesson, and replay asks no service.\n")
    assert text.endswith("""Undo the change to see the recorded answer again, or ask a real model:
  recording.start("lesson", mode="live") asks for your key; after it, client = OpenAI().
  A local server needs no key: set os.environ["OPENAI_BASE_URL"] (its address, up to /v1) and
  os.environ["VISION_MODEL"] first, then do the same, and MODEL = recording.model().""")
    on_azure = message(question("New?"), item(), url="https://your_resource.openai.azure.com/openai/v1/x")
    assert "AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_DEPLOYMENT" in on_azure and "OPENAI_BASE_URL" not in on_azure
    retired = "https://my-vision.cognitiveservices.azure.com/computervision/retrieval/indexes/cameras:queryByText"
    text = message({"queryText": "a dog"}, item(), url=retired)
    assert text.endswith("retired this service on 2025-06-30, so nobody can answer it any more. Undo the change.")
    assert "live" not in text
    assert len(message(question()).splitlines()) == 5 and "Nearest" not in message(question()), "nothing is recorded"


def test_a_download_where_none_is_recorded_is_compared_with_nothing(folder, replay):
    put(folder, item())
    replay()
    with pytest.raises(recording.NotRecorded, match=r"Save it and give its path, or go live:\n") as caught:
        requests.get("https://example.org/mine.png", timeout=9)
    assert "Nearest" not in str(caught.value) and 'mode="live"' in str(caught.value)
    put(folder, item(), item(url=COFFEE, method="GET"))
    replay()
    with pytest.raises(recording.NotRecorded, match=r"recorded request 2 of 2(.|\n)*url: recorded"):
        requests.get("https://example.org/mine.png", timeout=9)


PRINTED = f"{b'iVBORw0KGgo' * 60}"
REFUSED = {
    "detail": ({"type": "image_url", "image_url": {"url": COFFEE, "detail": "hgih"}}, "detail is one of"),
    "bare string": ({"type": "image_url", "image_url": COFFEE}, "Chat Completions wants an object"),
    "object": ({"type": "input_image", "image_url": {"url": COFFEE}}, "Responses wants the address itself"),
    "printed": ({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PRINTED}"}}, "add .decode"),
    "printed alone": ({"type": "image_url", "image_url": {"url": PRINTED}}, "add .decode"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_that_no_service_answers_is_told_so(name):
    part, says = REFUSED[name]
    text = message(question() | {"messages": [{"role": "user", "content": [part]}]}, item())
    assert f"A service would refuse yours, too: {says}" in text.replace("base64 that begins with b' is Python's print "
                                                                        "of bytes: ", "")  # fmt: skip
    assert 'mode="live"' not in text and "iVBORw0KGgoiVBORw0KGgo" not in text and len(text.splitlines()) <= 11


def test_a_variable_that_a_cell_sets_during_replay_changes_nothing(folder, replay, monkeypatch):
    put(folder, item())
    replay()
    monkeypatch.setenv("VISION_MODEL", "llava")
    assert openai.OpenAI().chat.completions.create(**question()).choices

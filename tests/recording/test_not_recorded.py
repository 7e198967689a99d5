"""The message for what was never recorded: the nearest request, exactly what differs, and the way out."""

import re

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


def test_the_message_names_what_was_changed_from_where_it_begins_to_differ():
    turned = [{"role": "user", "content": question()["messages"][0]["content"][::-1]}]
    for new, differs in (
        ({"temperature": 1, "tools": []}, {"temperature": ["(nothing)", "1"], "tools": ["(nothing)", "[]"]}),
        ({"prompt": QUESTION + "\n\u200b"}, {"prompt": [QUESTION, QUESTION + r"\n\u200b"]}),
        ({"prompt": QUESTION + " " + "x" * 99}, {"prompt": ["…his picture?", "…his picture? " + "x" * 31 + "…"]}),
        ({"messages": turned}, {"type": ["text", "image_url"], "type 2": ["image_url", "text"]}),
        ({"response_format": {"schema": {"a": [1]}}}, {"schema": ["(nothing)", '{"a": [1]}']}),
    ):
        text = message(question(**new), item())
        assert differences(text) == differs and "more field" not in text
    assert "the order of its parts" in message(question(), item())
    picture = message(question(picture=data_url()), item())
    assert "asset/images/coffee.png, fingerprint e2c9704" in picture and differences(picture)["media type"]


def test_nearest_is_of_the_cell_that_was_adapted_then_by_method_and_by_prompt():
    cells = {"one": "What is in this picture?", "two": "How many?", "three": "How many spoons?"}
    items = [item(question(prompt), cell=name) for name, prompt in cells.items()] + [item(url=COFFEE, method="GET")]
    for nearest, asked, how in (
        (1, question("How many spoons are there?"), {"cell": items[0].cell}),
        (3, question("How many spoons are there?"), {"cell": "new"}),
        (2, question("How many?", max_completion_tokens=1), {}),
        (4, question("How many?"), {"method": "GET", "url": f"{COFFEE}?other"}),
    ):
        assert f"recorded request {nearest} of 4" in message(asked, *items, **how)


PRINTED = f"{b'iVBORw0KGgo' * 60}"
LIVE = 'recording.start("lesson", mode="live") asks for your key; after it, client = OpenAI().'
A_PRINT = "refuse yours, too: base64 that begins with b' is Python's print of bytes: add .decode()."


def test_the_way_out_is_the_one_that_is_there():
    for body, how, says in (
        (question("New?"), {}, f"ask a real model:\n  {LIVE}\n  A local server needs no key"),
        (question(), {"url": "https://mine.openai.azure.com/openai/v1/x"}, '"live"), with AZURE_OPENAI_ENDPOINT and'),
        ({}, {"url": "https://my.azure.com/computervision/retrieval/x"}, "Azure retired this service on 2025-06-30"),
        (None, {"method": "GET", "url": "https://a.example/mine.png"}, f"its path, or go live:\n  {LIVE}"),
        (None, {"method": "GET", "url": "/v1/responses/1"}, f"service to look something up. Go live:\n  {LIVE}"),
        (question(detail="hgih"), {}, "refuse yours, too: detail is one of auto, low, high, original, not 'hgih'."),
        ({"type": "image_url", "image_url": COFFEE}, {}, 'too: Chat Completions wants an object, "image_url": {"url'),
        (question(picture=f"data:image/png;base64,{PRINTED}"), {}, A_PRINT),
        (question(picture=PRINTED), {}, A_PRINT),
    ):
        compared, (first, way_out) = message(body, item(), **how), message(body, **how).split("\n", 1)
        assert first == "no answer to this request is recorded for lesson lesson, and replay asks no service."
        assert says in way_out and compared.startswith(first) and compared.endswith(way_out)
        assert ("Nearest" in compared) == (body is not None), "a GET is compared with none but a GET"
        assert "iVBORw0KGgoiVBORw0KGgo" not in compared

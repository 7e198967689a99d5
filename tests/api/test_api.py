"""The local API refuses and answers as the services do, and never by default, where no lesson asks.

What a lesson asks is recorded in its own run, to the byte (tests/lessons/test_run.py).
"""

import json

import openai
import pytest
import requests

from helpers.encoding import open_picture
from tests.api import API_KEY, serve
from tests.api.answers import Answer, load_answers
from tests.api.schemas import strict_problems
from tests.conftest import COFFEE, COFFEE_FILE, QUESTION, data_url, question

CHAT, RESPONSES = "v1/chat/completions", "v1/responses"
TEXT = {"type": "string"}
IMAGE = {"type": "image_url", "image_url": {"url": COFFEE, "detail": "low"}}
INPUT_IMAGE = {"type": "input_image", "image_url": COFFEE, "detail": "low"}
RESOURCE, KEY = "contoso-5.openai.azure.com", "the-key-of-your-resource"
V1, MINE = f"{RESOURCE}/openai/v1/chat/completions", question(model="my-vision")
CLASSIC = f"{RESOURCE}/openai/deployments/my-vision/chat/completions?api-version=2024-10-21"


@pytest.fixture(scope="module")
def api():
    with serve() as running:
        yield running


@pytest.fixture
def post(api):
    """Call it with a path and a body, JSON or bytes."""

    def call(path, body, key=f"Bearer {API_KEY}"):
        kind = "data" if isinstance(body, bytes) else "json"
        return requests.post(f"{api.url}/{path}", headers={"Authorization": key}, timeout=9, **{kind: body})

    return call


@pytest.fixture
def noted(api):
    """The one hole that a test has met."""
    before = len(api.unanswered)
    yield lambda: "; ".join(api.unanswered[before:])


def asking(prompt="Describe this picture in one sentence.", image=None, detail="low", **more):
    """The arguments of a request to Responses about one picture."""
    image = {"image_url": COFFEE} if image is None else image
    parts = [{"type": "input_text", "text": prompt}, {"type": "input_image", "detail": detail, **image}]
    asked = {"model": "gpt-5.6-luna", "input": [{"role": "user", "content": parts}], "max_output_tokens": 300}
    return asked | more


def with_part(name, role, part):
    return {name: [{"role": role, "content": [part]}], "model": "gpt-5.6-luna"}


def as_json(schema, **strict):
    return asking(text={"format": {"type": "json_schema", "name": "a", "schema": schema, **strict}})


@pytest.mark.parametrize(
    "picture", ["data:image/png;base64,!!!", data_url(b"BM" * 99), data_url(kind="image/jpg")],
    ids=["no base64", "no picture", "another label"],
)  # fmt: skip
def test_what_is_no_picture_is_refused(post, picture):
    response = post(CHAT, question(picture=picture))
    says = "You uploaded an unsupported image. Please make sure your image has of one the following formats: "
    error = {"message": f"{says}['png', 'jpeg', 'gif', 'webp'].", "code": "invalid_image_format"}
    assert response.json()["error"] == error | {"type": "invalid_request_error", "param": None}
    assert (response.status_code, response.headers["x-course-source"]) == (400, "constructed")


@pytest.mark.parametrize(
    ("path", "key", "body", "answer"),
    [
        (CHAT, API_KEY, MINE, (401, "invalid_api_key", "constructed")),
        (CLASSIC, f"Bearer {KEY}", MINE, (401, "401", "constructed staged")),
        (V1, f"Bearer {KEY}", MINE | {"model": "gpt-4"}, (404, "DeploymentNotFound", "constructed staged")),
    ],
)
def test_who_asks_where_is_checked(post, path, key, body, answer):
    response = post(path, body, key)
    assert (response.status_code, response.json()["error"]["code"], response.headers["x-course-source"]) == answer


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        (CHAT, question("Who drinks this?"), "answers.toml has no answer to ['Who drinks this?'] about"),
        (CHAT, b"{", "JSONDecodeError"),
        (CHAT, {"model": "m"}, "$: 'messages' is a required property"),
        (CHAT, question(temperature=1), "$: Additional properties are not allowed ('temperature' was unexpected)"),
        (CHAT, question(max_completion_tokens=True), "$.max_completion_tokens: True is not valid under any"),
        (CHAT, question(max_completion_tokens=0), "$.max_completion_tokens: 0 is less than the minimum of 1"),
        (CHAT, question(detail="huge"), "$.messages[0].content[1].image_url.detail: 'huge' is not one of ['auto',"),
        (CHAT, with_part("messages", "user", "hello"), "$.messages[0].content[0]: 'hello' is not valid under any"),
        (CHAT, with_part("messages", "robot", IMAGE), "$.messages[0]: {'role': 'robot'"),
        (CHAT, with_part("messages", "system", IMAGE), "$.messages[0].content[0].type: 'text' was expected"),
        (CHAT, question(response_format={"type": "json_object"}), "JSON mode"),
        (RESPONSES, with_part("input", "user", {"type": "input_image", "image_url": COFFEE}), "'detail' is a required"),
        (RESPONSES, with_part("input", "user", {"type": "input_file", "file_id": "a"}), "a part of type input_file"),
        (RESPONSES, with_part("input", "assistant", INPUT_IMAGE), "$.input[0].role: 'assistant' is not one of"),
        (RESPONSES, asking(input=[{"type": "item_reference", "id": "msg_1"}]), "$.input[0].type: 'message' was expect"),
        (RESPONSES, asking(max_output_tokens=15), "15 is less than the minimum of 16"),
        (RESPONSES, as_json({}, strict=True), "the schema is no object"),
        (RESPONSES, as_json({"type": "objekt"}), "SchemaError: 'objekt' is not valid under any of the given schemas"),
        ("v1/moderations", {"input": [{"type": "input_image"}]}, "$.input[0]: {'type': 'input_image'} is not"),
        ("v1/images", {}, "can't answer POST /v1/images: NotImplementedError: no such path"),
    ],
)  # fmt: skip
def test_what_it_cannot_answer_is_a_hole_that_is_remembered(post, noted, path, body, why):
    response = post(path, body)
    message = response.json()["error"]["message"]
    assert why in message and message == noted()
    assert (response.status_code, response.headers["x-course-source"]) == (500, "constructed")


def line(custom_id, **changes):
    asked = {"custom_id": custom_id, "method": "POST", "url": f"/{CHAT}", "body": question()}
    return json.dumps(asked | changes)


@pytest.mark.parametrize(
    ("purpose", "lines"),
    [
        ("vision", [line("a")]),
        ("batch", [line("a"), line("a")]),
        ("batch", [line("a"), line("b", url=f"/{RESPONSES}")]),
        ("batch", [line("a", method="GET")]),
        ("batch", []),
    ],
)
def test_a_batch_that_would_fail_is_a_hole(client, noted, purpose, lines):
    file = client.files.create(file=("asked.jsonl", "\n".join(lines).encode()), purpose=purpose)
    with pytest.raises(openai.InternalServerError):
        client.batches.create(input_file_id=file.id, endpoint=f"/{CHAT}", completion_window="24h")
    assert "NotImplementedError: a batch that fails" in noted()


def test_a_conversation_goes_on_without_instructions_and_only_where_it_is_kept(client):
    rule = "You answer in at most five words."
    ruled = asking(image={"image_url": open_picture(COFFEE_FILE).data_url}, instructions=rule)
    for store, why in ((True, "'And now?'] about"), (False, "Previous response with id 'resp_sample_")):
        first = client.responses.create(**ruled, store=store)
        with pytest.raises(openai.APIStatusError) as caught:
            client.responses.create(model="m", input="And now?", previous_response_id=first.id)
        assert why in caught.value.message and rule not in caught.value.message
        if store:
            client.responses.delete(first.id)  # the other one has its id


def test_a_moderation_flags_by_its_highest_score_and_names_where_it_looked():
    entry = Answer([], ["words"], '{"hate": 0.4, "violence": 0.5}')
    with serve(answers={entry.question: [entry]}, keys=set()) as api:
        asked = {"input": [{"type": "text", "text": "words"}]}
        [result] = requests.post(f"{api.url}/v1/moderations", json=asked, timeout=9).json()["results"]
    assert result["flagged"] and [name for name, over in result["categories"].items() if over] == ["violence"]
    assert {tuple(kinds) for kinds in result["category_applied_input_types"].values()} == {("text",)}


def test_acting_as_a_real_service_it_compresses_and_leaves_no_mark():
    with serve(acts_as="gpt-5.6-luna", keys=set()) as real:
        response = requests.post(f"{real.url}/{CHAT}", json=question(), timeout=9)
    assert response.json()["model"] == "gpt-5.6-luna" and "x-course-source" not in response.headers
    assert response.headers["content-encoding"] == "gzip"


# Structured outputs


def closed(**properties):
    """An object as strict mode wants it."""
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


FREE = closed(b=TEXT) | {"required": []}
STRICT = [
    (closed(a=TEXT | {"pattern": "^a"}, b={"type": ["string", "null"]}, oneOf={"anyOf": [TEXT, {"enum": ["x"]}]}), []),
    (closed(a={"type": "array", "items": {"$ref": "#/$defs/x"}}) | {"$defs": {"x": closed(x=TEXT)}}, []),
    ({"type": "array", "items": TEXT}, ["the schema is no object"]),
    (closed(a=TEXT) | {"additionalProperties": True}, ["the schema takes other keys"]),
    (closed(a={"type": "array", "items": FREE}), ["the schema/a/items does not require every key"]),
    (closed() | {"$defs": {"d": FREE}}, ["the schema/d does not require every key"]),
    (
        closed(a={"anyOf": [TEXT, {"type": "string", "oneOf": [TEXT]}]}),
        ["the schema/a/1 has a keyword that is not permitted"],
    ),
    (closed(a={"description": "anything"}), ["the schema/a has no type"]),
    (closed(a={"type": ["array", "null"]}), ["the schema/a is an array without items"]),
]


@pytest.mark.parametrize(("schema", "problems"), STRICT)
def test_a_strict_schema_has_its_rules_and_a_loose_one_none(schema, problems):
    for strict in (True, False):
        asked = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema, "strict": strict}}
        assert list(strict_problems({"response_format": asked})) == (problems if strict else [])


FORMAT = {"type": "json_schema", "json_schema": {"name": "a", "schema": closed(a=TEXT), "strict": True}}
PAY = {"type": "function", "function": {"name": "Pay", "parameters": closed(cents={"type": "integer"})}}
AS_ASKED, WITH_TOOL = {"response_format": FORMAT}, {"tools": [PAY]}


@pytest.mark.parametrize(
    ("asked", "text", "entry", "why"),
    [
        (AS_ASKED, '{"a": "x"}', {}, None),
        (AS_ASKED, '{"a": 1}', {}, "does not fit (at $.a: 1 is not of type 'string')"),
        (AS_ASKED, "A cup.", {"fault": "server_error", "times": 1}, "(it is no JSON: Expecting value: line 1 column 1"),
        (AS_ASKED, "A cup.", {"fault": "refusal"}, None),
        (WITH_TOOL, "", {"calls": [{"name": "Pay", "arguments": {"cents": 5}}]}, None),
        (WITH_TOOL, "", {"calls": [{"name": "Pay", "arguments": {"cents": "5"}}]}, "at $.cents: '5' is not of type"),
        (WITH_TOOL, "", {"calls": [{"name": "File", "arguments": {"cents": 5}}]}, "KeyError: 'File'"),
    ],
)
def test_an_answer_that_does_not_fit_what_is_asked_for_is_a_hole(asked, text, entry, why):
    answer = Answer(["asset/images/coffee.png"], [QUESTION], text, **entry)
    with serve(answers={answer.question: [answer]}, keys=set()) as api:
        response = requests.post(f"{api.url}/{CHAT}", json=question(**asked), timeout=9)
    assert response.ok == (why is None)
    assert [why in one for one in api.unanswered] == [True] * bool(why), api.unanswered


# Data


ENTRY = '[[answer]]\npictures = []\nasked = ["a"]\ntext = "b"\n'


@pytest.mark.parametrize(("lines", "says"), [(ENTRY, "twice"), ('detail = "lwo"', "lwo"), ('fault = "late"', "late")])
def test_a_mistake_in_the_file_of_answers_is_named(tmp_path, lines, says):
    file = tmp_path / "answers.toml"
    file.write_text(ENTRY + lines, "utf-8")
    with pytest.raises(ValueError, match=says):
        load_answers(file)

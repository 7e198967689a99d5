"""The local API refuses and answers as the services do, and never by default, where no lesson asks.

What a lesson asks is recorded in its own run, to the byte (tests/lessons/test_run.py).
"""

import json
from typing import get_type_hints

import openai
import pytest
import requests
from azure.ai.contentunderstanding import models
from pydantic import ConfigDict, TypeAdapter, ValidationError

from helpers.encoding import open_picture
from tests.api import API_KEY, films, serve
from tests.api.answers import Answer, load_answers
from tests.api.schemas import strict_problems, tool_calls
from tests.conftest import COFFEE, COFFEE_FILE, QUESTION, data_url, question

CHAT, RESPONSES = "v1/chat/completions", "v1/responses"
PICTURES, TEXT = ["asset/images/coffee.png"], {"type": "string"}
IMAGE = {"type": "image_url", "image_url": {"url": COFFEE, "detail": "low"}}
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


def said(role, part):
    return {"messages": [{"role": role, "content": [part]}], "model": "gpt-5.6-luna"}


def put_in(role, part):
    return {"input": [{"role": role, "content": [part]}], "model": "gpt-5.6-luna"}


NO_PICTURE = (
    "400 invalid_image_format None: You uploaded an unsupported image. Please make sure your image has of one the "
    "following formats: ['png', 'jpeg', 'gif', 'webp']."
)
# path, body, the answer: status, code, param and message
REFUSED = [
    (CHAT, said("user", "hello"), "400 invalid_type messages[0].content[0]: Invalid type for 'messages[0].content[0]': "
     "expected an object, but got a string instead."),
    (CHAT, question(messages="hi"), "400 invalid_type messages: Invalid type for 'messages': expected an array, but "
     "got a string instead."),
    (CHAT, question(max_completion_tokens=True), "400 invalid_type max_completion_tokens: Invalid type for "
     "'max_completion_tokens': expected an integer, but got a boolean instead."),
    (CHAT, question(detail="huge"), "400 invalid_value messages[0].content[1].image_url.detail: Invalid value: 'huge'. "
     "Supported values are: 'auto', 'low', 'high', 'original'."),
    (CHAT, said("robot", IMAGE), "400 invalid_value messages[0].role: Invalid value: 'robot'. Supported values are: "
     "'developer', 'system', 'user', 'assistant', 'tool', 'function'."),
    (CHAT, said("system", IMAGE), "400 invalid_value messages[0].content[0].type: Invalid value: 'image_url'. "
     "Supported values are: 'text'."),
    (CHAT, question(picture="data:image/png;base64,!!!"), NO_PICTURE),
    (CHAT, question(picture=data_url(b"BM" * 99)), NO_PICTURE),
    (CHAT, question(picture=data_url(kind="image/jpg")), NO_PICTURE),
    (RESPONSES, asking(input=7), "400 invalid_type input: Invalid type for 'input': expected a string or an array, but "
     "got an integer instead."),
    (RESPONSES, put_in("user", IMAGE), "400 invalid_value input[0].content[0].type: Invalid value: 'image_url'. "
     "Supported values are: 'input_text', 'input_image', 'input_file'."),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "answer"), REFUSED)
def test_a_wrong_body_is_refused_in_the_services_own_words(post, path, body, answer):
    response = post(path, body)
    error = response.json()["error"]
    assert "{} {code} {param}: {message}".format(response.status_code, **error) == answer
    assert (error["type"], response.headers["x-course-source"]) == ("invalid_request_error", "constructed")


@pytest.mark.parametrize(
    ("path", "key", "body", "answer"),
    [
        (CHAT, API_KEY, MINE, (401, "invalid_api_key", "constructed")),
        (CLASSIC, f"Bearer {KEY}", MINE, (401, "401", "constructed staged")),
        (V1, f"Bearer {KEY}", MINE | {"model": "gpt-4"}, (404, "DeploymentNotFound", "constructed staged")),
        (V1, f"Bearer {KEY}", MINE | {"messages": "hi"}, (400, "invalid_type", "constructed staged")),
    ],
)
def test_who_asks_where_is_checked(post, path, key, body, answer):
    response = post(path, body, key)
    assert (response.status_code, response.json()["error"]["code"], response.headers["x-course-source"]) == answer


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        (CHAT, question("Who drinks this?"), "answers.toml has no answer to ['Who drinks this?'] about pictures"),
        (CHAT, b"{", "JSONDecodeError"),
        (CHAT, {"model": "m"}, "'messages' is a required property"),
        (CHAT, question(temperature=1), "('temperature' was unexpected)"),
        (CHAT, question(response_format={"type": "json_object"}), "JSON mode"),
        (RESPONSES, put_in("user", {"type": "input_image", "image_url": COFFEE}), "'detail' is a required property"),
        (RESPONSES, put_in("user", {"type": "input_file", "file_id": "a"}), "a part of type input_file"),
        (RESPONSES, put_in("assistant", asking()["input"][0]["content"][1]), "'assistant' does not match"),
        (RESPONSES, asking(input=[{"type": "item_reference", "id": "msg_1"}]), "'role' is a required property"),
        (RESPONSES, asking(max_output_tokens=15), "15 is less than the minimum of 16"),
        (RESPONSES, asking(text={"format": {"type": "json_schema", "name": "a", "schema": {}, "strict": True}}),
         "the schema is no object"),
        ("v1/images", {}, "can't answer POST /v1/images: NotImplementedError()"),
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
    assert "NotImplementedError('a batch that fails')" in noted()


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
    with serve(answers={entry.key(): entry}, keys=set()) as api:
        bodies = [{"input": [{"type": kind, "text": "words"}]} for kind in ("text", "input_text")]
        made, refused = (requests.post(f"{api.url}/v1/moderations", json=body, timeout=9) for body in bodies)
    [result] = made.json()["results"]
    assert refused.status_code == 400
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
        closed(a={"anyOf": [TEXT, {"type": "string", "not": TEXT}]}),
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


def test_even_a_loose_schema_is_one(post, noted):
    post(RESPONSES, asking(text={"format": {"type": "json_schema", "name": "a", "schema": {"type": "objekt"}}}))
    assert "SchemaError" in noted()


@pytest.mark.parametrize(
    ("text", "fault", "why"),
    [
        ('{"a": "x"}', {}, None),
        ('{"a": 1}', {}, "at $.a: 1 is not of type 'string'"),
        ("A cup.", {"fault": "server_error", "times": 1}, "it is no JSON: Expecting value: line 1 column 1 (char 0)"),
        ("A cup.", {"fault": "refusal"}, None),
    ],
)
def test_an_answer_that_does_not_fit_the_schema_that_is_asked_for_is_a_hole(text, fault, why):
    schema, entry = {"name": "a", "schema": closed(a=TEXT), "strict": True}, Answer(PICTURES, [QUESTION], text, **fault)
    body = question(response_format={"type": "json_schema", "json_schema": schema})
    with serve(answers={entry.key(): entry}, keys=set()) as api:
        answer = requests.post(f"{api.url}/{CHAT}", json=body, timeout=9)
    assert answer.ok == (why is None)
    assert [f"has an answer that does not fit ({why})" in one for one in api.unanswered] == [True] * bool(why)


def test_a_tool_is_called_that_is_on_offer_and_as_its_schema_says():
    function = {"name": "Pay", "parameters": {"properties": {"cents": {"type": "integer"}}}}
    tools = [{"type": "function", "function": function}]
    [made] = tool_calls([{"name": "Pay", "arguments": {"cents": 5}}], tools)
    assert made["function"] == {"name": "Pay", "arguments": '{"cents": 5}'}
    for name, cents in (("File", 5), ("Pay", "5")):
        with pytest.raises((KeyError, ValueError), match=r"File|'5' is not of type 'integer'"):
            tool_calls([{"name": name, "arguments": {"cents": cents}}], tools)


# Data


ENTRY = '[[answer]]\npictures = []\nasked = ["a"]\ntext = "b"\n'


@pytest.mark.parametrize(("lines", "says"), [(ENTRY, "twice"), ('detail = "lwo"', "lwo"), ('fault = "late"', "late")])
def test_a_mistake_in_the_file_of_answers_is_named(tmp_path, lines, says):
    file = tmp_path / "answers.toml"
    file.write_text(ENTRY + lines, "utf-8")
    with pytest.raises(ValueError, match=says):
        load_answers(file)


def misfits(part):
    """Names that the SDK's model of a part does not have, or requires, or has another type for; in what it holds, too.

    The model itself takes anything; its annotations say what there is.
    """
    if not isinstance(part, models._models._Model):
        inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
        return [name for one in inner for name in misfits(one)]
    fields, hints = part._attr_to_rest_field, get_type_hints(type(part), {**vars(models._models), "_models": models})
    found = [*(part.keys() - {field._rest_name for field in fields.values()})]
    for name in fields:
        try:
            kind = TypeAdapter(hints[name], config=ConfigDict(arbitrary_types_allowed=True))  # Azure's own classes
            kind.validate_python(value := getattr(part, name))
        except ValidationError:
            found.append(name)
        found += misfits(value)
    return found


def test_what_content_understanding_says_of_a_film_is_one_of_the_sdks_models():
    whole = models.AnalysisResult(films.result("tour.mp4"))
    assert misfits(whole) == []
    assert sum(len(content.transcript_phrases) for content in whole.contents) == 8, "all that is said in the film"
    spoilt = {"contents": [{"kind": "audioVisual", "mimeType": "video/mp4", "startTimeMs": "x", "sound": 1}]}
    assert misfits(models.AnalysisResult(spoilt)) == ["sound", "start_time_ms", "end_time_ms"]

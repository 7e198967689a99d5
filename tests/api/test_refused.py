"""The local API refuses what the services refuse, in their words, and never answers by default.

What a lesson shows of it is recorded in its own run, to the byte.
"""

import pytest

from tests.api import API_KEY
from tests.api.schemas import schema_problem
from tests.conftest import COFFEE, data_url, question

CHAT, RESPONSES = "v1/chat/completions", "v1/responses"
TYPE, MISSING, VALUE = "invalid_type", "missing_required_parameter", "invalid_value"
IMAGE = {"type": "image_url", "image_url": {"url": COFFEE, "detail": "low"}}
# How a message of these codes begins.
BEGINS = {
    TYPE: "Invalid type for '{}': expected ",
    MISSING: "Missing required parameter: '{}'.",
    VALUE: "Invalid value: ",
}
SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def asking(prompt="Describe this picture in one sentence.", image=None, detail="low", **more):
    """The arguments of a request to Responses about one picture."""
    image = {"image_url": COFFEE} if image is None else image
    parts = [{"type": "input_text", "text": prompt}, {"type": "input_image", "detail": detail, **image}]
    asked = {"model": "gpt-5.6-luna", "input": [{"role": "user", "content": parts}], "max_output_tokens": 300}
    return asked | more


def said(role, *content, **more):
    return question(messages=[{"role": role, "content": [*content]}], **more)


def put_in(role, *content):
    return asking(input=[{"role": role, "content": [*content]}])


PART, INPUT, DETAIL = "messages[0].content[0]", "input[0].content[0]", "messages[0].content[1].image_url.detail"
LIMIT, OUT, LEAST = "max_completion_tokens", "max_output_tokens", "integer_below_min_value"
NO_JSON, NO_SCHEMA = "We could not parse the JSON body", "Invalid schema for response_format 'a': schema must be"
NO_PICTURE = ("invalid_image_format", None, "You uploaded an unsupported image. Please make sure your image has of one")
FEW = "Invalid '{}': integer below minimum value. Expected a value >= {}, but got"
FORMAT = {"type": "json_schema", "name": "a", "schema": {}, "strict": True}
# path, body, code, param, how the message goes on, or begins where its code has no beginning of its own
ROWS = [
    (CHAT, said("user", "hello"), TYPE, PART, "an object, but got a string instead."),
    (CHAT, said("user", {"type": "image_url", "image_url": {}}), MISSING, f"{PART}.image_url.url", ""),
    (CHAT, question(detail="huge"), VALUE, DETAIL, "'huge'. Supported values are: 'auto', 'low', 'high'"),
    (CHAT, said("robot"), VALUE, "messages[0].role",
     "'robot'. Supported values are: 'developer', 'system', 'user', 'assistant', 'tool', 'function'."),
    (CHAT, said("system", IMAGE), VALUE, f"{PART}.type", "'image_url'. Supported values are: 'text'."),
    (CHAT, question(messages="hi"), TYPE, "messages", "an array, but got a string instead."),
    (CHAT, {"model": "m"}, MISSING, "messages", ""),
    (CHAT, question(model=None), TYPE, "model", "a string, but got null instead."),
    (CHAT, question(temperature="1"), TYPE, "temperature", "a decimal, but got a string instead."),
    (CHAT, question(max_completion_tokens=True), TYPE, LIMIT, "an integer, but got a boolean instead."),
    (CHAT, question(max_completion_tokens=0), LEAST, LIMIT, FEW.format(LIMIT, 1)),
    (CHAT, question(colour="red"), None, None, "Unrecognized request argument supplied: colour"),
    *((CHAT, body, None, None, NO_JSON) for body in (b"{", b"[1]")),
    *((CHAT, question(picture=url), *NO_PICTURE)
      for url in ("data:image/png;base64,!!!", data_url(b"BM" * 99), data_url(kind="image/jpg"))),
    (CHAT, question(response_format={"type": "json_schema"}), MISSING, "response_format.json_schema", ""),
    (CHAT, question(response_format=FORMAT | {"json_schema": FORMAT}), None, "response_format", NO_SCHEMA),
    (RESPONSES, asking(text={"format": FORMAT}), "invalid_json_schema", "text.format.schema", NO_SCHEMA),
    (RESPONSES, put_in("user", {"type": "input_image", "image_url": COFFEE}), MISSING, f"{INPUT}.detail", ""),
    (RESPONSES, put_in("user", IMAGE), VALUE, f"{INPUT}.type", "'image_url'. Supported values are: 'input_text'"),
    (RESPONSES, put_in("assistant", {"type": "input_image"}), VALUE, f"{INPUT}.type", "'input_image'"),
    (RESPONSES, asking(input=7), TYPE, "input", "a string or an array, but got an integer instead."),
    (RESPONSES, asking(colour="red"), "unknown_parameter", "colour", "Unknown parameter: 'colour'."),
    (RESPONSES, asking(max_output_tokens=15), LEAST, OUT, FEW.format(OUT, 16)),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "code", "param", "says"), ROWS)
def test_a_wrong_body_is_refused_in_the_services_own_words(post, path, body, code, param, says):
    response = post(path, body)
    error = response.json()["error"]
    begin = "" if says.startswith("Invalid ") else BEGINS.get(code, "").format(param)
    assert error["message"].startswith(begin + says)
    assert error == {"message": error["message"], "type": "invalid_request_error", "param": param, "code": code}
    assert (response.status_code, response.headers["x-course-source"]) == (400, "constructed")


KEY, HOST = "the-key-of-your-resource", "contoso-5.openai.azure.com"
CLASSIC, V1 = (f"{HOST}/openai/{path}chat/completions" for path in ("deployments/my-vision/", "v1/"))
RIGHT, MINE = {"api-key": KEY}, question(model="my-vision")


@pytest.mark.parametrize(
    ("path", "headers", "body", "status", "code"),
    [
        (CHAT, {"Authorization": API_KEY}, MINE, 401, "invalid_api_key"),
        (f"{CLASSIC}?api-version=2024-10-21", {"Authorization": f"Bearer {KEY}"}, MINE, 401, "401"),
        (V1, {"Authorization": "Bearer x"}, MINE, 401, "401"),
        (CLASSIC, RIGHT, MINE, 404, "404"),
        (V1, RIGHT, MINE | {"model": "gpt-4"}, 404, "DeploymentNotFound"),
        (V1, RIGHT, MINE | {"temperature": "hot"}, 400, TYPE),
    ],
)
def test_who_asks_where_is_checked(post, path, headers, body, status, code):
    response = post(path, body, headers)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert response.headers["x-course-source"] == ("constructed staged" if HOST in path else "constructed")


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        (CHAT, question("Who drinks this?"), "answers.toml has no answer to ['Who drinks this?'] about pictures"),
        (RESPONSES, asking(background=True), "the local API can't answer POST /v1/responses: NotImplementedError('Res"),
        (RESPONSES, asking(input=[{"type": "item_reference", "id": "msg_1"}]), "the local API can't answer"),
        (CHAT, question(response_format={"type": "json_object"}), "the local API can't answer"),
        (RESPONSES, put_in("user", {"type": "input_file", "file_id": "file-1"}), "the local API can't answer"),
        ("v1/embeddings", {}, "the local API can't answer POST /v1/embeddings"),
    ],
)
def test_what_it_cannot_answer_is_a_hole_that_is_remembered(api, post, path, body, says):
    before = len(api.unanswered)
    response = post(path, body)
    [noted] = api.unanswered[before:]
    assert noted.startswith(says) and response.json()["error"]["message"] == noted
    assert (response.status_code, response.headers["x-course-source"]) == (500, "constructed")


TEXT = {"type": "string"}


def closed(**properties):
    """An object as strict mode wants it."""
    return SCHEMA | {"properties": properties, "required": [*properties]}


IN_A, OPEN = "In context=('properties', 'a'", "'additionalProperties' is required to be supplied and to be false."
EVERY = "'required' is required to be supplied and to be an array including every key in properties."
FREE = closed(b=TEXT) | {"required": []}
# schema, what the message says; None: it is taken
SCHEMAS = [
    ({"type": "objekt"}, "Please ensure it is a valid JSON Schema."),
    ({"type": "array", "items": TEXT}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'."),
    (closed(a=TEXT) | {"additionalProperties": True}, f"In context=(), {OPEN}"),
    (closed(a=TEXT, b=TEXT) | {"required": ["a"]}, f"In context=(), {EVERY} Missing 'b'."),
    (closed(a={"type": "array", "items": FREE}), f"{IN_A}, 'items'), {EVERY} Missing 'b'."),
    (closed() | {"$defs": {"d": FREE}}, f"In context=('$defs', 'd'), {EVERY} Missing 'b'."),
    (closed(a={"anyOf": [TEXT, {"oneOf": [TEXT]}]}), f"{IN_A}, 'anyOf', '1'), 'oneOf' is not permitted."),
    (closed(a={"description": "anything"}), f"{IN_A}), schema must have a 'type' key."),
    (closed(a={"type": ["array", "null"]}), f"{IN_A}), array schema missing items."),
    (
        closed(a=TEXT | {"pattern": "^a"}, b={"type": ["string", "null"]}, oneOf={"anyOf": [TEXT, {"enum": ["x"]}]}),
        None,
    ),
    (closed(a={"type": "array", "items": {"$ref": "#/$defs/x"}}) | {"$defs": {"x": closed(x=TEXT)}}, None),
]


@pytest.mark.parametrize(("schema", "says"), SCHEMAS)
def test_a_strict_schema_is_refused_as_the_service_does_and_a_loose_one_only_when_it_is_none(schema, says):
    strict, loose = (schema_problem("thing", schema, strict) for strict in (True, False))
    assert (strict is None) if says is None else strict.endswith(says)
    assert loose == (strict if str(says).startswith("Please") else None)

"""The local API refuses and answers as the services do, and never by default, where no lesson asks.

What a lesson asks is recorded in its own run, to the byte (tests/lessons/test_run.py).
"""

import json

import openai
import pytest
import requests

from tests.api import API_KEY, serve
from tests.api.answers import load_answers
from tests.conftest import COFFEE, data_url, question

CHAT, RESPONSES = "v1/chat/completions", "v1/responses"
TEXT = {"type": "string"}
RESOURCE, KEY = "contoso-5.openai.azure.com", "the-key-of-your-resource"
V1, MINE = f"{RESOURCE}/openai/v1/chat/completions", question(model="my-vision")
CLASSIC = f"{RESOURCE}/openai/deployments/my-vision/chat/completions?api-version=2024-10-21"
OURS, AZURES = f"Bearer {API_KEY}", f"Bearer {KEY}"


@pytest.fixture(scope="module")
def api():
    with serve() as running:
        yield running


def asking(prompt="Describe this picture in one sentence.", image=None, **more):
    """The arguments of a request to Responses about one picture."""
    image = {"image_url": COFFEE, "detail": "low"} if image is None else image
    parts = [{"type": "input_text", "text": prompt}, {"type": "input_image", **image}]
    asked = {"model": "gpt-5.6-luna", "input": [{"role": "user", "content": parts}], "max_output_tokens": 300}
    return asked | more


@pytest.mark.parametrize(
    ("path", "key", "body", "status", "code", "source"),
    [
        (CHAT, API_KEY, question(), 401, "invalid_api_key", "constructed"),
        (CHAT, OURS, question(picture="data:image/png;base64,!!!"), 400, "invalid_image_format", "constructed"),
        (CHAT, OURS, question(picture=data_url(b"BM" * 99)), 400, "invalid_image_format", "constructed"),
        (CHAT, OURS, question(picture=data_url(kind="image/jpg")), 400, "invalid_image_format", "constructed"),
        (CLASSIC, AZURES, MINE, 401, "401", "constructed staged"),
        (V1, KEY, MINE, 401, "401", "constructed staged"),
        (V1, AZURES, question(model="gpt-4"), 404, "DeploymentNotFound", "constructed staged"),
    ],
)
def test_what_a_service_refuses(api, path, key, body, status, code, source):
    response = requests.post(f"{api.url}/{path}", headers={"Authorization": key}, json=body, timeout=9)
    refused = response.status_code, response.json()["error"]["code"], response.headers["x-course-source"]
    assert refused == (status, code, source)


def closed(**properties):
    """An object as strict mode wants it."""
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def as_json(schema):
    """A question to Chat whose answer has to fit a schema, strictly."""
    return question(
        response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": schema, "strict": True}}
    )


FREE = closed(b=TEXT) | {"required": []}
NO_JSON, NOT_STRICT = "JSONDecodeError", "strict mode does not take"


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        (CHAT, question("Who drinks this?"), "answers.toml has no answer to ['Who drinks this?'] about"),
        (CHAT, {"model": "m"}, "$: 'messages' is a required property"),
        (CHAT, question(temperature=1), "$: Additional properties are not allowed ('temperature' was unexpected)"),
        (CHAT, question(detail="huge"), "$.messages[0]: {'role': 'user', 'content': [{"),
        (RESPONSES, asking(image={"image_url": COFFEE}), "$.input[0].content[1]: {'type': 'input_image', "),
        (RESPONSES, asking(max_output_tokens=15), "15 is less than the minimum of 16"),
        ("v1/moderations", {"input": [{"type": "input_image"}]}, "$.input[0]: {'type': 'input_image'} is not"),
        ("v1/images", {}, "can't answer POST /v1/images: NotImplementedError: no such path"),
        # A schema that passes meets an answer that is no JSON.
        (CHAT, as_json(closed(a=TEXT, b={"anyOf": [TEXT, {"type": "null"}]})), NO_JSON),
        (
            CHAT,
            as_json(closed(a={"type": "array", "items": {"$ref": "#/$defs/x"}}) | {"$defs": {"x": closed()}}),
            NO_JSON,
        ),
        (CHAT, as_json({"type": "objekt"}), "SchemaError: 'objekt' is not valid under any of the given schemas"),
        (CHAT, as_json({"type": "array", "items": TEXT}), NOT_STRICT),
        (CHAT, as_json(closed(a=TEXT) | {"additionalProperties": True}), NOT_STRICT),
        (CHAT, as_json(closed(a={"type": "array", "items": FREE})), NOT_STRICT),
        (CHAT, as_json(closed(a={"anyOf": [TEXT, {"type": "string", "oneOf": [TEXT]}]})), NOT_STRICT),
    ],
)
def test_what_it_cannot_answer_is_a_hole_that_is_remembered(api, path, body, why):
    response = requests.post(f"{api.url}/{path}", headers={"Authorization": OURS}, json=body, timeout=9)
    assert why in response.json()["error"]["message"] == api.unanswered[-1]
    assert (response.status_code, response.headers["x-course-source"]) == (500, "constructed")


def test_a_batch_that_would_fail_is_a_hole(client, api):
    asked = [{"custom_id": "twice", "method": "POST", "url": f"/{CHAT}", "body": question()}] * 2
    lines = "\n".join(map(json.dumps, asked)).encode()
    file = client.files.create(file=("asked.jsonl", lines), purpose="batch")
    with pytest.raises(openai.InternalServerError):
        client.batches.create(input_file_id=file.id, endpoint=f"/{CHAT}", completion_window="24h")
    assert "NotImplementedError: a batch that fails" in api.unanswered[-1]


ENTRY = '[[answer]]\npictures = []\nasked = ["a"]\ntext = "b"\n'


@pytest.mark.parametrize("more", [ENTRY, 'detail = "lwo"', 'fault = "late"'])
def test_a_mistake_in_the_file_of_answers_is_named(tmp_path, more):
    (tmp_path / "answers.toml").write_text(ENTRY + more, "utf-8")
    with pytest.raises(ValueError, match="twice, or of an unknown detail or fault: "):
        load_answers(tmp_path / "answers.toml")

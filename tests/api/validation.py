"""Checks requests against the SDK's own parameter types, and refuses in the service's words what a lesson asks wrongly.

Where those words were quoted is said beside them. For other mistakes there are none here: they are holes.
"""

import base64
import io
import json
from contextlib import suppress
from functools import partial
from typing import Any

from jsonschema import Draft202012Validator  # in the lock of the course, where nbformat brings it
from jsonschema.exceptions import best_match

# Private, but the one place where the SDK says what a strict schema is.
from openai.lib._pydantic import _ensure_strict_json_schema
from openai.types import BatchCreateParams, ModerationCreateParams
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from PIL import Image
from pydantic import TypeAdapter

FORMATS = ("png", "jpeg", "gif", "webp")


class ApiError(Exception):
    """An error answer: its status, and the body every error of this API has."""

    def __init__(self, message: str, code=None, param=None, status=400, kind="invalid_request_error"):
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _schema_of(params: Any, heeded: str) -> dict:
    """The type as JSON Schema, without the parameters that would change an answer in a way that none here follows."""
    schema = TypeAdapter(params).json_schema()
    properties = {name: schema["properties"][name] for name in heeded.split()}
    if "stream" in properties:
        properties["stream"] = {"type": "boolean"}  # the SDK has a type for each
    return schema | {"properties": properties, "additionalProperties": False}


_CHAT = _schema_of(
    CompletionCreateParamsNonStreaming,
    "model messages max_completion_tokens response_format stream stream_options tools",
)
_RESPONSE = _schema_of(
    ResponseCreateParamsNonStreaming,
    "model input instructions max_output_tokens previous_response_id store stream text",
)
_RESPONSE["required"] = ["model", "input"]  # a stored prompt may have both, which is not answered here
# Of some thirty kinds of items only messages are answered here, and not the model's own.
_RESPONSE["properties"]["input"]["anyOf"][1]["items"] = {"$ref": "#/$defs/Message"}
# earendil-works/pi issue 6265 (2026-07); the SDK's types name no least value.
_RESPONSE["properties"]["max_output_tokens"]["anyOf"][0]["minimum"] = 16


def _check(schema: dict, messages: str, body: dict) -> None:
    """Raise ApiError(400) or another error unless the real service would read this body, by the SDK's types.

    `detail` is required of an `input_image`, as in those; whether the service insists is unverified.
    """
    if error := best_match(Draft202012Validator(schema).iter_errors(body)):
        for m, message in enumerate(body.get(messages, ())):
            for p, part in enumerate(message["content"]):
                _refuse_part(part, f"{messages}[{m}].content[{p}]", is_chat=messages == "messages")
        raise NotImplementedError(f"{error.json_path}: {error.message:.200}")
    asked = asked_schema(body)
    Draft202012Validator.check_schema(schema := asked.get("schema", {}))
    if asked.get("strict"):
        text = json.dumps(schema)
        made = _ensure_strict_json_schema(json.loads(text), path=(), root=schema)
        if made != schema or schema.get("type") != "object" or '"oneOf"' in text:
            raise NotImplementedError(f"strict mode does not take {text}")


def _refuse_part(part: dict, where: str, is_chat: bool) -> None:
    """Raise ApiError for a part that belongs to the other API."""
    if is_chat and part["type"] not in (known := ("text", "image_url", "input_audio", "file")):
        supported = ", ".join(map(repr, known))
        message = f"Invalid value: '{part['type']}'. Supported values are: {supported}."
        raise ApiError(message, "invalid_value", f"{where}.type")
    if isinstance(part.get("image_url"), str if is_chat else dict):
        # aplpolaris/promptfx issue 724 (2026-03), 0xPlaygrounds/rig issue 879 (2025-10)
        expected = "an object, but got a string" if is_chat else "an image URL, but got an object"
        where += ".image_url"
        raise ApiError(f"Invalid type for '{where}': expected {expected} instead.", "invalid_type", where)


check_chat = partial(_check, _CHAT, "messages")
check_response = partial(_check, _RESPONSE, "input")
check_batch = partial(_check, _schema_of(BatchCreateParams, "input_file_id endpoint completion_window"), "")
check_moderation = partial(_check, _schema_of(ModerationCreateParams, "input model"), "")


def asked_schema(body: dict) -> dict:
    """Name, schema and strictness that a request of either API asks for; nothing where any text will do."""
    chosen = body.get("response_format") or (body.get("text") or {}).get("format") or {"type": "text"}
    return chosen.get("json_schema", chosen) if chosen["type"] == "json_schema" else {}  # Chat has one more level


def picture_of_data_url(url: str) -> bytes:
    """The bytes of a data URL. Raises ApiError(400) when they are no PNG, JPEG, GIF or WebP, or the label lies."""
    head, _, encoded = url.partition(",")
    with suppress(ValueError, OSError):  # binascii.Error is a ValueError, and so is what a letter beyond ASCII raises
        data = base64.b64decode(encoded, validate=True)
        if head == f"data:{media_type(data)};base64":
            return data
    unsupported = "You uploaded an unsupported image. Please make sure your image has of one the following formats"
    raise ApiError(f"{unsupported}: {[*FORMATS]}.", "invalid_image_format")


def media_type(data: bytes) -> str:
    return Image.open(io.BytesIO(data), formats=FORMATS).get_format_mimetype()

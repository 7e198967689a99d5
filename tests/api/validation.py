"""Checks requests against the SDK's own parameter types, and refuses in the service's words what a lesson asks wrongly.

Where those words were quoted is said beside them. For other mistakes there are none here: they are holes.
"""

import base64
import io
import re
from functools import partial
from itertools import groupby
from typing import Any

from jsonschema import Draft202012Validator, ValidationError  # in the lock of the course, where nbformat brings it
from openai.types import BatchCreateParams, ModerationCreateParams
from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from PIL import Image
from pydantic import TypeAdapter

from tests.api.schemas import strict_problems


class ApiError(Exception):
    """An error answer: its status, and the body every error of this API has."""

    def __init__(self, message: str, code=None, param=None, status=400, kind="invalid_request_error"):
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


# --- bodies ---


def _schema_of(params: Any, *heeded: str) -> dict:
    """The type as JSON Schema, without the parameters that would change an answer in a way that none here follows."""
    schema = TypeAdapter(params).json_schema()
    properties = {name: schema["properties"][name] for name in heeded}
    if "stream" in heeded:
        properties["stream"] = {"type": "boolean"}  # the SDK has a type for each
    return schema | {"properties": properties, "additionalProperties": False}


_CHAT = _schema_of(
    CompletionCreateParamsNonStreaming,
    *("model", "messages", "max_completion_tokens", "response_format", "stream", "stream_options", "tools"),
)
_RESPONSE = _schema_of(
    ResponseCreateParamsNonStreaming,
    *("model", "input", "instructions", "max_output_tokens", "previous_response_id", "store", "stream", "text"),
)
_RESPONSE["required"] = ["model", "input"]  # a stored prompt may have both, which is not answered here
# Of some thirty kinds of items only messages are answered here, and not the model's own.
_RESPONSE["properties"]["input"]["anyOf"][1]["items"] = {"$ref": "#/$defs/Message"}
# earendil-works/pi issue 6265 (2026-07); the SDK's types name no least value.
_CHAT["properties"]["max_completion_tokens"]["anyOf"][0]["minimum"] = 1
_RESPONSE["properties"]["max_output_tokens"]["anyOf"][0]["minimum"] = 16


# What a lesson asks wrongly: the place and its type, what is wrong there, a code, and the service's words.
# aplpolaris/promptfx issue 724 (2026-03), 0xPlaygrounds/rig issue 879 (2025-10)
_EXPECTED = "Invalid type for '{}': expected {}, but got {} instead."
_WORDS = {
    ("$.messages[].content[].image_url", str): ("", "invalid_type", _EXPECTED.format("{}", "an object", "a string")),
    ("$.input[].content[].image_url", dict): ("", "invalid_type", _EXPECTED.format("{}", "an image URL", "an object")),
    ("$.messages[].content[]", dict): (
        ".type", "invalid_value",
        "Invalid value: '{1[type]}'. Supported values are: 'text', 'image_url', 'input_audio', 'file'.",
    ),
}  # fmt: skip


def _check(schema: dict, body: dict) -> None:
    """Raise ApiError(400) or NotImplementedError unless the real service would read this body, by the SDK's types.

    `detail` is required of an `input_image`, as in those; whether the service insists is unverified.
    """
    for error in map(_meant, Draft202012Validator(schema).iter_errors(body)):
        if words := _WORDS.get((re.sub(r"\d+", "", error.json_path), type(error.instance))):
            more, code, message = words
            where = error.json_path.removeprefix("$.") + more
            raise ApiError(message.format(where, error.instance), code, where)
        raise NotImplementedError(f"{error.json_path}: {error.message:.200}")
    for problem in strict_problems(body):
        raise NotImplementedError(problem)


def _meant(error: ValidationError) -> ValidationError:
    """Of a union, the error of the member whose type, role or kind the value has."""
    members = [[*found] for _, found in groupby(error.context, lambda one: one.relative_schema_path[0])]
    tags = ([], ["role"], ["type"])
    for found in members:
        if not any([*one.relative_path] in tags and one.validator in ("type", "const", "enum") for one in found):
            return _meant(found[0])
    return error


check_chat = partial(_check, _CHAT)
check_response = partial(_check, _RESPONSE)
check_batch = partial(_check, _schema_of(BatchCreateParams, "input_file_id", "endpoint", "completion_window"))
check_moderation = partial(_check, _schema_of(ModerationCreateParams, "input", "model"))


# --- pictures ---


def picture_of_data_url(url: str) -> bytes:
    """The bytes of a data URL. Raises ApiError(400) when they are no PNG, JPEG, GIF or WebP, or the label lies."""
    head, _, encoded = url.partition(",")
    try:
        data = base64.b64decode(encoded, validate=True)
        kind = media_type(data)
    except (ValueError, OSError):  # binascii.Error is a ValueError, and so is what a letter beyond ASCII raises
        kind = None
    if kind not in ("image/png", "image/jpeg", "image/gif", "image/webp") or head != f"data:{kind};base64":
        formats = "['png', 'jpeg', 'gif', 'webp']"
        unsupported = "You uploaded an unsupported image. Please make sure your image has of one the following formats"
        raise ApiError(f"{unsupported}: {formats}.", "invalid_image_format")
    return data


def media_type(data: bytes) -> str:
    return Image.open(io.BytesIO(data)).get_format_mimetype()

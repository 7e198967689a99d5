"""Checks requests against the SDK's own parameter types, and refuses in the service's words what a lesson asks wrongly.

Where those words were quoted is said beside them. What no lesson asks wrongly has no words here: it is a hole.
"""

import base64
import io
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
    properties = {name: schema["properties"].get(name) for name in heeded}
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
# Of some thirty kinds of items only messages are answered here, and not the model's own; another is no mistake of a
# lesson, but a hole.
_RESPONSE["properties"]["input"]["anyOf"][1]["items"] = {
    "required": ["role", "content"],
    "properties": {
        "type": {"pattern": "^message$"},
        "role": {"pattern": "^(user|system|developer)$"},
        "content": _RESPONSE["$defs"]["EasyInputMessageParam"]["properties"]["content"],
    },
}
# earendil-works/pi issue 6265 (2026-07); the SDK's types name no least value.
_RESPONSE["properties"]["max_output_tokens"]["anyOf"][0]["minimum"] = 16


def _check(schema: dict, body: dict) -> None:
    """Raise ApiError(400) unless the real service would read this body, as far as the SDK's types tell.

    `detail` is required of an `input_image`, as in those; whether the service insists is unverified.
    """
    for error in Draft202012Validator(schema).iter_errors(body):
        raise _refusal(*_meant(error))
    for problem in strict_problems(body):
        raise NotImplementedError(problem)


check_chat = partial(_check, _CHAT)
check_response = partial(_check, _RESPONSE)
check_batch = partial(_check, _schema_of(BatchCreateParams, "input_file_id", "endpoint", "completion_window"))
check_moderation = partial(_check, _schema_of(ModerationCreateParams, "input", "model"))


def _meant(error: ValidationError) -> list[ValidationError]:
    """Of a union, the errors of the member whose type, role or kind the value has, or those that all members share."""
    if error.validator != "anyOf":
        return [error]
    members = [[*found] for _, found in groupby(error.context, lambda one: one.relative_schema_path[0])]
    for path, keywords in (([], ["type"]), (["role"], ["const", "enum"]), (["type"], ["const", "enum"])):
        wrong = [
            next((one for one in found if [*one.relative_path] == path and one.validator in keywords), None)
            for found in members
        ]
        if all(wrong):
            return wrong
        members = [found for found, one in zip(members, wrong, strict=True) if not one]
    return _meant(members[0][0])


_TYPES = {
    "object": "an object", "array": "an array", "string": "a string", "null": "null", "boolean": "a boolean",
    "integer": "an integer", "number": "a decimal",
}  # fmt: skip


def _refusal(first: ValidationError, *others: ValidationError) -> ApiError:
    """What the service says of a value that has none of these types. Raises NotImplementedError for other mistakes."""
    where, given, wanted = first.json_path[2:], first.instance, []
    for error in (first, *others):
        wanted += error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    if first.validator == "type":
        # aplpolaris/promptfx issue 724 (2026-03), 0xPlaygrounds/rig issue 879 (2025-10)
        expected = " or ".join(_TYPES[name] for name in dict.fromkeys(wanted) if name != "null")
        expected = "an image URL" if where.endswith("image_url") and "string" in wanted else expected
        got = next(_TYPES[name] for name in _TYPES if Draft202012Validator.TYPE_CHECKER.is_type(given, name))
        return ApiError(
            f"Invalid type for '{where}': expected {expected}, but got {got} instead.", "invalid_type", where
        )
    if first.validator in ("const", "enum"):
        supported = ", ".join(map(repr, wanted))
        return ApiError(f"Invalid value: {given!r}. Supported values are: {supported}.", "invalid_value", where)
    raise NotImplementedError(f"{where}: {first.message}")


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

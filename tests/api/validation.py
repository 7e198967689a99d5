"""Checks requests against the SDK's own parameter types, and refuses them in the words of the service.

Where those words were quoted is said beside them.
"""

import base64
import io
import json
from contextlib import suppress
from types import NoneType
from typing import Any

from openai.types.chat import completion_create_params as chat_params
from openai.types.responses import response_create_params as response_params
from PIL import Image
from pydantic import TypeAdapter

from tests.api.schemas import asked_schema, schema_problem


class ApiError(Exception):
    """An error answer: its status, and the body every error of this API has."""

    def __init__(self, message: str, code=None, param=None, status=400, kind="invalid_request_error"):
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def read_json(data: bytes) -> dict:
    """Return a request's body; raise ApiError(400) when it is no JSON object."""
    with suppress(ValueError):
        if isinstance(body := json.loads(data), dict):
            return body
    raise ApiError("We could not parse the JSON body of your request.")


# --- the types of the SDK, as JSON Schema ---

_TYPES = {
    dict: ("object", "an object"), list: ("array", "an array"), str: ("string", "a string"), NoneType: ("null", "null"),
    int: ("integer", "an integer"), float: ("number", "a decimal"), bool: ("boolean", "a boolean"),
}  # fmt: skip
_NAMES = dict(_TYPES.values())


def _schema_of(params: Any) -> dict:
    schema = TypeAdapter(params).json_schema()
    schema["properties"]["stream"] = {"anyOf": [{"type": "boolean"}, {"type": "null"}]}  # the SDK has a type for each
    return schema


def _message(roles: list[str], *parts: str) -> dict:
    listed = {"type": "array", "items": {"anyOf": [{"$ref": f"#/$defs/{part}Param"} for part in parts]}}
    properties = {"role": {"enum": roles}, "content": {"anyOf": [{"type": "string"}, listed]}}
    return {"type": "object", "properties": properties, "required": ["role", "content"]}


_CHAT = _schema_of(chat_params.CompletionCreateParamsNonStreaming)
_RESPONSE = _schema_of(response_params.ResponseCreateParamsNonStreaming)
_RESPONSE["required"] = ["model", "input"]  # a stored prompt may have both, which is not answered here
# Of some thirty kinds of items only messages are answered here.
_RESPONSE["properties"]["input"]["anyOf"][1]["items"]["anyOf"] = [
    _message(["user", "system", "developer"], "ResponseInputText", "ResponseInputImage", "ResponseInputFile"),
    _message(["assistant"], "ResponseOutputText", "ResponseOutputRefusal"),
]


def _check(value: Any, schema: dict, defs: dict, where: str = "") -> None:
    """Refuse a value that has not this type. Of a union, the member counts whose role or type the value has."""
    kind, members = _TYPES[type(value)][0], _members(schema, defs)
    wanted = dict.fromkeys(member.get("type", kind) for member in members)
    fitting = {kind, "number"} if kind == "integer" else {kind}
    if not fitting & wanted.keys():
        # aplpolaris/promptfx issue 724 (2026-03), 0xPlaygrounds/rig issue 879 (2025-10)
        expected = " or ".join(_NAMES[name] for name in wanted if name != "null")
        expected = "an image URL" if where.endswith("image_url") and "string" in wanted else expected
        message = f"Invalid type for '{where}': expected {expected}, but got {_NAMES[kind]} instead."
        raise ApiError(message, "invalid_type", where)
    members = [member for member in members if member.get("type", kind) in fitting]
    for tag in (None, "role", "type"):
        known = [_choices(member.get("properties", {}).get(tag, {}) if tag else member) for member in members]
        if all(known):
            given, place = (value.get(tag), f"{where}.{tag}") if tag else (value, where)
            if given not in (choices := [choice for choices in known for choice in choices]):
                supported = ", ".join(map(repr, choices))
                raise ApiError(f"Invalid value: {given!r}. Supported values are: {supported}.", "invalid_value", place)
            members = [member for member, choices in zip(members, known, strict=True) if given in choices]
    member = members[0]
    for name in member.get("required", ()):
        if name not in value:
            place = f"{where}.{name}".lstrip(".")
            raise ApiError(f"Missing required parameter: '{place}'.", "missing_required_parameter", place)
    for name, of_name in member.get("properties", {}).items():
        if name in value:
            _check(value[name], of_name, defs, f"{where}.{name}".lstrip("."))
    for n, item in enumerate(value if "items" in member else ()):
        _check(item, member["items"], defs, f"{where}[{n}]")


def _members(schema: dict, defs: dict) -> list[dict]:
    """The members of a union, or this type alone."""
    if "$ref" in schema:
        return _members(defs[schema["$ref"].rpartition("/")[2]], defs)
    return [one for member in schema.get("anyOf", ()) for one in _members(member, defs)] or [schema]


def _choices(schema: dict) -> list:
    return schema.get("enum") or ([schema["const"]] if "const" in schema else [])


# --- the rules of the service ---


# The fewest tokens: earendil-works/pi issue 6265 (2026-07) of Responses; the SDK's types name no least value.
_LEAST = {"max_completion_tokens": 1, "max_tokens": 1, "max_output_tokens": 16}


def check_chat(body: dict) -> None:
    """Raise ApiError(400) unless `body` is a chat request that the real service would read."""
    for name in sorted(body.keys() - _CHAT["properties"].keys()):
        raise ApiError(f"Unrecognized request argument supplied: {name}")
    _check_body(body, _CHAT, "response_format", None)


def check_response(body: dict) -> None:
    """Raise ApiError(400) unless `body` is a request for Responses that the real service would read.

    `detail` is required of an `input_image`, as in the SDK's types; whether the service insists is unverified.
    """
    for name in sorted(body.keys() - _RESPONSE["properties"].keys()):
        raise ApiError(f"Unknown parameter: '{name}'.", "unknown_parameter", name)
    # xavierzheng/pxgpt, a test that quotes the service (2026)
    _check_body(body, _RESPONSE, "text.format.schema", "invalid_json_schema")


def _check_body(body: dict, schema: dict, param: str, code: str | None) -> None:
    """Check what both APIs have; `param` and `code` are those of an error in the schema that is asked for."""
    _check(body, schema, schema["$defs"])
    for name, least in _LEAST.items():
        if body.get(name) is not None and body[name] < least:
            wrong = f"integer below minimum value. Expected a value >= {least}, but got {body[name]} instead."
            raise ApiError(f"Invalid '{name}': {wrong}", "integer_below_min_value", name)
    asked = asked_schema(body)
    if asked and (why := schema_problem(asked["name"], asked.get("schema", {}), asked.get("strict") is True)):
        raise ApiError(why, code, param)


# --- pictures ---


def picture_of_data_url(url: str) -> bytes:
    """The bytes of a data URL. Raises ApiError(400) when they are no PNG, JPEG, GIF or WebP, or the label lies."""
    head, _, encoded = url.partition(",")
    try:
        data = base64.b64decode(encoded, validate=True)
    except ValueError:  # binascii.Error is one, and so is what a letter beyond ASCII raises
        data = b""
    media_type(data, head)
    return data


def media_type(data: bytes, head: str | None = None) -> str:
    """What picture these bytes are. Raises ApiError(400) if the service takes none such, or a data URL's head lies."""
    try:
        kind = Image.open(io.BytesIO(data)).get_format_mimetype()
    except (OSError, Image.DecompressionBombError):
        kind = None
    if kind not in ("image/png", "image/jpeg", "image/gif", "image/webp") or head not in (None, f"data:{kind};base64"):
        formats = "['png', 'jpeg', 'gif', 'webp']"
        unsupported = "You uploaded an unsupported image. Please make sure your image has of one the following formats"
        raise ApiError(f"{unsupported}: {formats}.", "invalid_image_format")
    return kind

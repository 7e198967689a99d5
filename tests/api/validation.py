"""Checks requests against the SDK's own parameter types, and refuses them in the API's own error shape.

Chat Completions first, then what Responses has of its own.
"""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from openai.types.chat import ChatCompletionContentPartParam, ChatCompletionMessageParam
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
    ResponseFormat,
)
from openai.types.responses import (
    EasyInputMessageParam,
    ResponseFormatTextConfigParam,
    ResponseInputContentParam,
    ResponseOutputMessageParam,
    ResponseOutputRefusalParam,
    ResponseOutputTextParam,
)
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from tests.api.schemas import name_problem, schema_problem


class ApiError(Exception):
    """An error answer: status, and the body every error of this API has."""

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None,
                 kind: str = "invalid_request_error"):  # fmt: skip
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _by_tag(union: Any, tag: str) -> dict[str, TypeAdapter]:
    """The members of a union of TypedDicts, by the literal in their `tag` field."""
    members = {}
    for member in get_args(union):
        for literal in get_args(get_args(get_type_hints(member, include_extras=True)[tag])[0]) or get_args(
            get_type_hints(member)[tag]
        ):
            members[literal] = TypeAdapter(member)
    return members


_MESSAGES = _by_tag(ChatCompletionMessageParam, "role")
_PARTS = _by_tag(ChatCompletionContentPartParam, "type")
_FORMATS = _by_tag(ResponseFormat, "type")
_TEXT_FORMATS = _by_tag(ResponseFormatTextConfigParam, "type")
# epuerta9/deep-research-py issue 19 (2025-02)
_FORMATS_SAID = "'json_object', 'json_schema', and 'text'"
_BODIES = {True: TypeAdapter(CompletionCreateParamsStreaming), False: TypeAdapter(CompletionCreateParamsNonStreaming)}
_FIELDS = {*CompletionCreateParamsStreaming.__annotations__, *get_type_hints(CompletionCreateParamsStreaming)}
_JSON_NAMES = {"dict": "an object", "list": "an array", "str": "a string", "int": "an integer", "bool": "a boolean",
               "float": "a decimal", "NoneType": "null"}  # fmt: skip

_TYPES = {
    "dict_type": "dict",
    "list_type": "list",
    "string_type": "str",
    "int_type": "int",
    "float_type": "float",
    "bool_type": "bool",
}


def check_chat(body: Any) -> None:
    """Raise ApiError(400) unless `body` is a chat request that the real service would read."""
    if not isinstance(body, dict):
        raise ApiError(400, "We could not parse the JSON body of your request.")
    for name in body:
        if name not in _FIELDS:
            raise ApiError(400, f"Unrecognized request argument supplied: {name}")
    for name in ("max_completion_tokens", "max_tokens"):
        if isinstance(body.get(name), int) and (body[name] < 1 or body[name] is True):
            raise ApiError(400, f"Invalid '{name}': expected a value of at least 1.", code="integer_below_min_value",
                           param=name)  # fmt: skip
    for name in ("messages", "model"):
        if name not in body:
            raise ApiError(400, f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name)
    # The format is checked below, as one of its three kinds: pydantic would name the first of them.
    _check(_BODIES[body.get("stream") is True], {k: v for k, v in body.items() if k != "response_format"}, "")
    if not isinstance(body["messages"], list):
        raise _wrong_type("messages", body["messages"], "an array of objects")
    for n, message in enumerate(body["messages"]):
        _check_message(message, f"messages[{n}]")
    if body.get("response_format") is None:
        return
    chosen = _check_format(body["response_format"], "response_format", _FORMATS)
    if chosen["type"] == "json_schema":
        _check_schema(chosen["json_schema"], "response_format.json_schema", "response_format", None)
    if chosen["type"] == "json_object" and not _speak_of_json(body["messages"]):
        # mem0ai/mem0 issue 3008 (2025-06), ultimatejimmy/xray.koplugin issue 33 (2026-05)
        word = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        raise ApiError(400, word, param="messages")


def _check_message(message: Any, place: str) -> None:
    if not isinstance(message, dict):
        raise _wrong_type(place, message, "an object")
    role = message.get("role")
    if role not in [*_MESSAGES]:  # a list, because who sends a list for a name can't be looked up
        raise _wrong_value(f"{place}.role", role, _MESSAGES)
    content = message.get("content")
    _check(_MESSAGES[role], message | ({"content": "checked below"} if isinstance(content, list) else {}), place)
    for where, part in _parts_of(content, place, _PARTS, _PARTS):
        if part["type"] == "image_url" and role != "user":
            raise ApiError(
                400, f"Invalid 'messages'. Image URLs are only allowed for messages with role 'user', but this "
                f"message with role '{role}' contains an image URL.", code="invalid_value", param=place)  # fmt: skip
        _check(_PARTS[part["type"]], part, where)


# --- Responses ---

_RESPONSE_BODIES = {
    True: TypeAdapter(ResponseCreateParamsStreaming),
    False: TypeAdapter(ResponseCreateParamsNonStreaming),
}
_RESPONSE_FIELDS = {*get_type_hints(ResponseCreateParamsStreaming)}
_INPUT_PARTS = _by_tag(ResponseInputContentParam, "type")
_OUTPUT_PARTS = {
    "output_text": TypeAdapter(ResponseOutputTextParam),
    "refusal": TypeAdapter(ResponseOutputRefusalParam),
}
_EASY_MESSAGE, _OUTPUT_MESSAGE = TypeAdapter(EasyInputMessageParam), TypeAdapter(ResponseOutputMessageParam)
_ROLES = ("assistant", "system", "developer", "user")
# Wording: langchain-ai/langchainjs issue 11248 (2026-07). The last three are for tools, and not answered here.
_PARTS_SAID = (
    "'input_text', 'input_image', 'output_text', 'refusal', 'input_file', 'computer_screenshot', 'summary_text', and "
    "'encrypted_content'"
)
# What people bring along from Chat, and where it went. Wording: error messages that users quote in public (2026).
_MOVED = {"messages": "input", "max_completion_tokens": "max_output_tokens", "response_format": "text.format"}
# earendil-works/pi issue 6265 (2026-07); the SDK's types name no least value.
_LEAST_OUTPUT = 16


def check_response(body: Any) -> None:
    """Raise ApiError(400) unless `body` is a request for Responses that the real service would read.

    `detail` is required of an `input_image`, as in the SDK's types; whether the service insists is unverified.
    """
    if not isinstance(body, dict):
        raise ApiError(400, "We could not parse the JSON body of your request.")
    for name in body:
        if name in _MOVED:
            moved = f"In the Responses API, this parameter has moved to '{_MOVED[name]}'."
            raise ApiError(400, f"Unsupported parameter: '{name}'. {moved}", code="unsupported_parameter")
        if name not in _RESPONSE_FIELDS:
            raise ApiError(400, f"Unknown parameter: '{name}'.", code="unknown_parameter", param=name)
    limit = body.get("max_output_tokens")
    if isinstance(limit, int) and not isinstance(limit, bool) and limit < _LEAST_OUTPUT:
        expected = f"integer below minimum value. Expected a value >= {_LEAST_OUTPUT}, but got {limit} instead."
        raise ApiError(400, f"Invalid 'max_output_tokens': {expected}", code="integer_below_min_value",
                       param="max_output_tokens")  # fmt: skip
    for name in ("model", "input"):
        if name not in body:
            raise ApiError(400, f"Missing required parameter: '{name}'.", code="missing_required_parameter", param=name)
    # The items are checked one by one below: a union of thirty shapes tells nobody which of them was meant.
    simple = body | {"input": "checked below"} if isinstance(body["input"], list) else dict(body)
    chosen = (body.get("text") or {}).get("format") if isinstance(body.get("text"), dict | None) else None
    if chosen is not None:
        simple["text"] = {k: v for k, v in body["text"].items() if k != "format"}
    if not isinstance(simple["input"], str):
        raise _wrong_type("input", body["input"], "a string or an array of input items")
    _check(_RESPONSE_BODIES[body.get("stream") is True], simple, "")
    for n, item in enumerate(body["input"] if isinstance(body["input"], list) else ()):
        _check_input_item(item, f"input[{n}]")
    if chosen is None:
        return
    chosen = _check_format(chosen, "text.format", _TEXT_FORMATS)
    if chosen["type"] == "json_schema":
        # xavierzheng/pxgpt, a test that quotes the service (2026)
        _check_schema(chosen, "text.format", "text.format.schema", "invalid_json_schema")
    if chosen["type"] == "json_object" and not _speak_of_json(body["input"]):
        # Only the input counts, not `instructions`: BigDawnGhost/wenyi pull request 66 (2026-07). Public code of 2026
        # quotes the words.
        word = "Response input messages must contain the word 'json' in some form to use 'text.format' of type"
        raise ApiError(400, f"{word} 'json_object'.", param="text.format")


def _check_input_item(item: Any, place: str) -> None:
    if not isinstance(item, dict):
        raise _wrong_type(place, item, "an object")
    if item.get("type", "message") != "message":
        raise NotImplementedError(f"an input item of type {item['type']!r}: only messages are answered here")
    if item.get("role") not in _ROLES:
        raise _wrong_value(f"{place}.role", item.get("role"), _ROLES)
    content = item.get("content")
    of_the_model = item["role"] == "assistant" and isinstance(content, list)
    known = _OUTPUT_PARTS if of_the_model else _INPUT_PARTS
    if of_the_model and "id" in item:  # as it stands in the `output` of an answer
        _check(_OUTPUT_MESSAGE, item | {"content": []}, place)
    else:
        _check(_EASY_MESSAGE, item | ({"content": "checked below"} if isinstance(content, list) else {}), place)
    for where, part in _parts_of(content, place, known, _PARTS_SAID):
        if part["type"] == "input_image":
            _check_input_image(part, where)
        _check(known[part["type"]], part, where)


def _check_input_image(part: dict, where: str) -> None:
    if isinstance(part.get("image_url"), dict):
        # Wording: aplpolaris/promptfx issue 724 (2026-03), 0xPlaygrounds/rig issue 879 (2025-10).
        raise _wrong_type(f"{where}.image_url", part["image_url"], "an image URL")
    if bool(part.get("image_url")) == bool(part.get("file_id")):
        message = f"Invalid '{where}': expected exactly one of 'image_url' or 'file_id'."
        raise ApiError(400, message, code="invalid_value", param=where)


# --- both ---


def _check_format(given: Any, place: str, known: dict[str, TypeAdapter]) -> dict:
    """The format of the answer, one of those in `known`."""
    if not isinstance(given, dict):
        raise _wrong_type(place, given, "an object")
    if given.get("type") not in [*known]:
        raise _wrong_value(f"{place}.type", given.get("type"), _FORMATS_SAID)
    _check(known[given["type"]], given, place)
    return given


def _check_schema(given: dict, place: str, param: str, code: str | None) -> None:
    """`place` is where name and schema are; `param` and `code` are those of an error about the schema."""
    if problem := name_problem(given["name"]):
        raise ApiError(400, f"Invalid '{place}.name': {problem[0]}", code=problem[1], param=f"{place}.name")
    # Chat can do without a schema: 64bit/async-openai issue 534.
    if "schema" in given and (why := schema_problem(given["name"], given["schema"], given.get("strict") is True)):
        raise ApiError(400, why, code=code, param=param)


def _speak_of_json(messages: Any) -> bool:
    """Does any text of the messages have the word? A picture's data URL has no say."""
    contents = [messages] if isinstance(messages, str) else [message.get("content") for message in messages]
    texts = [part.get("text") if isinstance(part, dict) else part
             for content in contents for part in (content if isinstance(content, list) else [content])]  # fmt: skip
    return any("json" in text.lower() for text in texts if text)


def _parts_of(content: Any, place: str, known: Any, said: Any) -> Iterator[tuple[str, dict]]:
    """Each part of a list of content with its place; ApiError(400) for one of no known type (`said`: which are)."""
    for k, part in enumerate(content if isinstance(content, list) else ()):
        where = f"{place}.content[{k}]"
        if not isinstance(part, dict):
            raise _wrong_type(where, part, "an object")
        if part.get("type") not in [*known]:
            raise _wrong_value(f"{where}.type", part.get("type"), said)
        yield where, part


def _check(adapter: TypeAdapter, value: dict, place: str) -> None:
    try:
        adapter.validate_python(value, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join([*([place] if place else []), *_fields_of(first["loc"], value, first["type"] == "missing")])
        if first["type"] == "missing":
            message = f"Missing required parameter: '{where}'."
            raise ApiError(400, message, code="missing_required_parameter", param=where) from None
        if first["type"] == "literal_error":
            raise _wrong_value(where, first["input"], first["ctx"]["expected"]) from None
        if first["type"].endswith("_type"):
            expected = _JSON_NAMES.get(_TYPES.get(first["type"], ""), first["msg"])
            raise _wrong_type(where, first["input"], expected) from None
        message = f"Invalid value for '{where}': {first['msg']}."
        raise ApiError(400, message, code="invalid_value", param=where) from None


def _fields_of(location: tuple, value: Any, last_is_missing: bool) -> Iterator[str]:
    """pydantic's location without the names of union members, which are no part of the request."""
    for n, part in enumerate(location):
        if isinstance(value, dict) and part in value:
            value = value[part]
            yield str(part)
        elif last_is_missing and n == len(location) - 1:
            yield str(part)


def _wrong_type(where: str, value: Any, expected: str) -> ApiError:
    got = _JSON_NAMES.get(type(value).__name__, type(value).__name__)
    message = f"Invalid type for '{where}': expected {expected}, but got {got} instead."
    return ApiError(400, message, code="invalid_type", param=where)


def _wrong_value(where: str, value: Any, known: Any) -> ApiError:
    supported = known if isinstance(known, str) else ", ".join(repr(k) for k in known)
    message = f"Invalid value: {value!r}. Supported values are: {supported}."
    return ApiError(400, message, code="invalid_value", param=where)


def read_json(data: bytes) -> Any:
    """A request's body. Raises ApiError(400) when it is no JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise ApiError(400, "We could not parse the JSON body of your request.") from None


def picture_of_data_url(url: str) -> bytes:
    """The bytes of a data URL. Raises ApiError(400) when they are no PNG, JPEG, GIF or WebP, or the label lies."""
    head, _, encoded = url.partition(",")
    try:
        data = base64.b64decode(encoded, validate=True)
    except ValueError:  # binascii.Error is one, and so is what a letter beyond ASCII raises
        raise _unsupported() from None
    if head != f"data:{media_type(data)};base64":
        raise _unsupported()
    return data


def media_type(data: bytes) -> str:
    """What picture these bytes are. Raises ApiError(400) unless it is PNG, JPEG, GIF or WebP."""
    try:
        kind = Image.open(io.BytesIO(data)).get_format_mimetype()
    except (OSError, Image.DecompressionBombError):
        raise _unsupported() from None
    if kind not in ("image/png", "image/jpeg", "image/gif", "image/webp"):
        raise _unsupported()
    return kind


def _unsupported() -> ApiError:
    return ApiError(
        400, "You uploaded an unsupported image. Please make sure your image has of one the following formats: "
        "['png', 'jpeg', 'gif', 'webp'].", code="invalid_image_format")  # fmt: skip

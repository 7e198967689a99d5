"""Checks requests against the SDK's own parameter types, and refuses them in the API's own error shape.

What `pydantic` finds wrong is put into the service's words; where those were quoted is said beside them.
"""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from openai.types import chat, responses
from openai.types.chat import completion_create_params as chat_params
from openai.types.responses import response_create_params as response_params
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from tests.api.schemas import name_problem, schema_problem


class ApiError(Exception):
    """An error answer: status, and the body every error of this API has."""

    def __init__(
        self, message: str, code: str | None = None, param: str | None = None, *, status: int = 400,
        kind: str = "invalid_request_error",
    ):  # fmt: skip
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": code}}


def _by_tag(union: Any, tag: str) -> dict[str, TypeAdapter]:
    """The members of a union of TypedDicts, by the literals in their `tag` field."""
    members = get_args(union)
    return {value: TypeAdapter(member) for member in members for value in get_args(get_type_hints(member)[tag])}


_MESSAGES = _by_tag(chat.ChatCompletionMessageParam, "role")
_CHAT_PARTS = _by_tag(chat.ChatCompletionContentPartParam, "type")
_CHAT_FORMATS = _by_tag(chat_params.ResponseFormat, "type")
_CHAT_FIELDS = {*get_type_hints(chat_params.CompletionCreateParamsStreaming)}
_CHAT = {
    True: TypeAdapter(chat_params.CompletionCreateParamsStreaming),
    False: TypeAdapter(chat_params.CompletionCreateParamsNonStreaming),
}


def check_chat(body: Any) -> None:
    """Raise ApiError(400) unless `body` is a chat request that the real service would read."""
    for name in _object(body):
        if name not in _CHAT_FIELDS:
            raise ApiError(f"Unrecognized request argument supplied: {name}")
    for name in ("max_completion_tokens", "max_tokens"):
        if isinstance(body.get(name), int) and (body[name] < 1 or body[name] is True):
            raise ApiError(f"Invalid '{name}': expected a value of at least 1.", "integer_below_min_value", name)
    _check_there(body, "messages", "model")
    # The format is checked below, as one of its three kinds: pydantic would name the first of them.
    _check(_CHAT[body.get("stream") is True], {k: v for k, v in body.items() if k != "response_format"}, "")
    if not isinstance(body["messages"], list):
        raise _wrong_type("messages", body["messages"], "an array of objects")
    for n, message in enumerate(body["messages"]):
        _check_message(message, f"messages[{n}]")
    # mem0ai/mem0 issue 3008 (2025-06), ultimatejimmy/xray.koplugin issue 33 (2026-05)
    word = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
    _check_format(body.get("response_format"), "response_format", _CHAT_FORMATS, "response_format.json_schema",
                  ("response_format", None), body["messages"], ApiError(word, param="messages"))  # fmt: skip


def _check_message(message: Any, place: str) -> None:
    role = _object(message, place).get("role")
    if role not in [*_MESSAGES]:  # a list, because who sends a list for a name can't be looked up
        raise _wrong_value(f"{place}.role", role, _MESSAGES)
    content = message.get("content")
    _check(_MESSAGES[role], message | ({"content": "checked below"} if isinstance(content, list) else {}), place)
    for where, part in _parts_of(content, place, _CHAT_PARTS, _CHAT_PARTS):
        if part["type"] == "image_url" and role != "user":
            only = "Invalid 'messages'. Image URLs are only allowed for messages with role 'user', but this message"
            raise ApiError(f"{only} with role '{role}' contains an image URL.", "invalid_value", place)
        _check(_CHAT_PARTS[part["type"]], part, where)


# --- Responses ---

_RESPONSE = {
    True: TypeAdapter(response_params.ResponseCreateParamsStreaming),
    False: TypeAdapter(response_params.ResponseCreateParamsNonStreaming),
}
_RESPONSE_FIELDS = {*get_type_hints(response_params.ResponseCreateParamsStreaming)}
_RESPONSE_FORMATS = _by_tag(responses.ResponseFormatTextConfigParam, "type")
_INPUT_PARTS = _by_tag(responses.ResponseInputContentParam, "type")
_OUTPUT_PARTS = {
    "output_text": TypeAdapter(responses.ResponseOutputTextParam),
    "refusal": TypeAdapter(responses.ResponseOutputRefusalParam),
}
_EASY_MESSAGE = TypeAdapter(responses.EasyInputMessageParam)
_OUTPUT_MESSAGE = TypeAdapter(responses.ResponseOutputMessageParam)
_ROLES = ("assistant", "system", "developer", "user")
# langchain-ai/langchainjs issue 11248 (2026-07). The last three are for tools, and not answered here.
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
    for name in _object(body):
        if name in _MOVED:
            moved = f"In the Responses API, this parameter has moved to '{_MOVED[name]}'."
            raise ApiError(f"Unsupported parameter: '{name}'. {moved}", "unsupported_parameter")
        if name not in _RESPONSE_FIELDS:
            raise ApiError(f"Unknown parameter: '{name}'.", "unknown_parameter", name)
    if type(limit := body.get("max_output_tokens")) is int and limit < _LEAST_OUTPUT:
        expected = f"integer below minimum value. Expected a value >= {_LEAST_OUTPUT}, but got {limit} instead."
        raise ApiError(f"Invalid 'max_output_tokens': {expected}", "integer_below_min_value", "max_output_tokens")
    _check_there(body, "model", "input")
    given, text = body["input"], body.get("text")
    if not isinstance(given, str | list):
        raise _wrong_type("input", given, "a string or an array of input items")
    # The items are checked one by one below: a union of thirty shapes tells nobody which of them was meant.
    simple = body | {"input": "checked below"}
    if isinstance(text, dict):
        simple["text"] = {k: v for k, v in text.items() if k != "format"}
    _check(_RESPONSE[body.get("stream") is True], simple, "")
    for n, item in enumerate(given if isinstance(given, list) else ()):
        _check_input_item(item, f"input[{n}]")
    # Only the input counts, not `instructions`: BigDawnGhost/wenyi pull request 66 (2026-07). Public code of 2026
    # quotes the words. The error about a schema: xavierzheng/pxgpt, a test that quotes the service (2026).
    word = "Response input messages must contain the word 'json' in some form to use 'text.format' of type"
    _check_format((text or {}).get("format"), "text.format", _RESPONSE_FORMATS, "text.format",
                  ("text.format.schema", "invalid_json_schema"), given,
                  ApiError(f"{word} 'json_object'.", param="text.format"))  # fmt: skip


def _check_input_item(item: Any, place: str) -> None:
    if _object(item, place).get("type", "message") != "message":
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
            if isinstance(part.get("image_url"), dict):
                # aplpolaris/promptfx issue 724 (2026-03), 0xPlaygrounds/rig issue 879 (2025-10)
                raise _wrong_type(f"{where}.image_url", part["image_url"], "an image URL")
            if bool(part.get("image_url")) == bool(part.get("file_id")):
                one = f"Invalid '{where}': expected exactly one of 'image_url' or 'file_id'."
                raise ApiError(one, "invalid_value", where)
        _check(known[part["type"]], part, where)


# --- both ---


def _object(value: Any, place: str = "") -> dict:
    if not isinstance(value, dict):
        no_json = "We could not parse the JSON body of your request."
        raise _wrong_type(place, value, "an object") if place else ApiError(no_json)
    return value


def _check_there(body: dict, *names: str) -> None:
    for name in names:
        if name not in body:
            raise ApiError(f"Missing required parameter: '{name}'.", "missing_required_parameter", name)


def _check_format(
    given: Any, place: str, known: dict, schema_place: str, schema_error: tuple, messages: Any, no_json: ApiError
) -> None:
    """The format of the answer, one of those in `known`; `schema_error` has param and code of one about the schema."""
    if given is None:
        return
    kind = _object(given, place).get("type")
    if kind not in [*known]:
        # epuerta9/deep-research-py issue 19 (2025-02)
        raise _wrong_value(f"{place}.type", kind, "'json_object', 'json_schema', and 'text'")
    _check(known[kind], given, place)
    if kind == "json_object" and not _speak_of_json(messages):
        raise no_json
    if kind == "json_schema":
        given = given.get("json_schema", given)
        if problem := name_problem(given["name"]):
            raise ApiError(f"Invalid '{schema_place}.name': {problem[0]}", problem[1], f"{schema_place}.name")
        # Chat can do without a schema: 64bit/async-openai issue 534.
        if "schema" in given and (why := schema_problem(given["name"], given["schema"], given.get("strict") is True)):
            raise ApiError(why, schema_error[1], schema_error[0])


def _speak_of_json(messages: Any) -> bool:
    """Does any text of the messages have the word? A picture's data URL has no say."""
    contents = [messages] if isinstance(messages, str) else [message.get("content") for message in messages]
    parts = [part for content in contents for part in (content if isinstance(content, list) else [content])]
    texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
    return any("json" in text.lower() for text in texts if text)


def _parts_of(content: Any, place: str, known: Any, said: Any) -> Iterator[tuple[str, dict]]:
    """Each part of a list of content with its place; ApiError(400) for one of no known type (`said`: which are)."""
    for k, part in enumerate(content if isinstance(content, list) else ()):
        where = f"{place}.content[{k}]"
        if _object(part, where).get("type") not in [*known]:
            raise _wrong_value(f"{where}.type", part.get("type"), said)
        yield where, part


_TYPES = {"dict": "an object", "list": "an array", "string": "a string", "int": "an integer", "bool": "a boolean",
          "float": "a decimal", "str": "a string", "NoneType": "null"}  # fmt: skip


def _check(adapter: TypeAdapter, value: dict, place: str) -> None:
    try:
        adapter.validate_python(value, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        kind = first["type"]
        where = ".".join([*([place] if place else []), *_fields_of(first["loc"], value, kind == "missing")])
        if kind == "missing":
            _check_there({}, where)
        if kind == "literal_error":
            raise _wrong_value(where, first["input"], first["ctx"]["expected"]) from None
        if kind.endswith("_type"):
            expected = _TYPES.get(kind.removesuffix("_type"), first["msg"])
            raise _wrong_type(where, first["input"], expected) from None
        raise ApiError(f"Invalid value for '{where}': {first['msg']}.", "invalid_value", where) from None


def _fields_of(location: tuple, value: Any, last_is_missing: bool) -> Iterator[str]:
    """pydantic's location without the names of union members, which are no part of the request."""
    for n, part in enumerate(location):
        if isinstance(value, dict) and part in value:
            value = value[part]
            yield str(part)
        elif last_is_missing and n == len(location) - 1:
            yield str(part)


def _wrong_type(where: str, value: Any, expected: str) -> ApiError:
    got = _TYPES.get(type(value).__name__, type(value).__name__)
    message = f"Invalid type for '{where}': expected {expected}, but got {got} instead."
    return ApiError(message, "invalid_type", where)


def _wrong_value(where: str, value: Any, known: Any) -> ApiError:
    supported = known if isinstance(known, str) else ", ".join(map(repr, known))
    return ApiError(f"Invalid value: {value!r}. Supported values are: {supported}.", "invalid_value", where)


def read_json(data: bytes) -> Any:
    """A request's body. Raises ApiError(400) when it is no JSON."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return _object(None)


_UNSUPPORTED = (
    "You uploaded an unsupported image. Please make sure your image has of one the following formats: ['png', 'jpeg', "
    "'gif', 'webp'].",
    "invalid_image_format",
)


def picture_of_data_url(url: str) -> bytes:
    """The bytes of a data URL. Raises ApiError(400) when they are no PNG, JPEG, GIF or WebP, or the label lies."""
    head, _, encoded = url.partition(",")
    try:
        data = base64.b64decode(encoded, validate=True)
    except ValueError:  # binascii.Error is one, and so is what a letter beyond ASCII raises
        data = b""
    if head != f"data:{media_type(data)};base64":
        raise ApiError(*_UNSUPPORTED)
    return data


def media_type(data: bytes) -> str:
    """What picture these bytes are. Raises ApiError(400) unless it is PNG, JPEG, GIF or WebP."""
    try:
        kind = Image.open(io.BytesIO(data)).get_format_mimetype()
    except (OSError, Image.DecompressionBombError):
        kind = None
    if kind not in ("image/png", "image/jpeg", "image/gif", "image/webp"):
        raise ApiError(*_UNSUPPORTED)
    return kind

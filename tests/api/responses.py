"""Responses and Files of the local API: answered whole or as a stream of events, with what the service keeps.

Every answer is checked against the SDK's own types before it leaves. What no source says is our choice and marked so.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

from openai.types import FileObject, FilePurpose
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from course.recording.readable import parts_of
from tests.api.answers import CREATED, Question, cut, pieces, text_tokens
from tests.api.schemas import asked_schema
from tests.api.validation import ApiError, check_response, media_type, read_json

HOSTS = ("", "/api.openai.com")
_EVENT = TypeAdapter(ResponseStreamEvent)
# What would change an answer in a way that no hand-written one follows.
_NOT_HERE = ("background", "conversation", "prompt", "tools")


class Kept(NamedTuple):
    """A file and its bytes, or a response and the conversation up to its end, which the next one may go on from."""

    shown: dict
    more: Any


def routes(api: Any) -> list[Route]:
    said: dict[str, Kept] = {}
    files = api.files

    def fetch(part: dict) -> bytes:
        if part.get("image_url"):
            return api.fetch(part["image_url"])
        if part["file_id"] not in files:
            # Unverified: neither status nor wording was found. The code is one of those that the SDK's types list.
            raise ApiError(f"No such File object: {part['file_id']}", "image_file_not_found")
        data = files[part["file_id"]].more
        media_type(data)
        return data

    async def create(request: Request) -> HttpResponse:
        body = read_json(await request.body())
        check_response(body)
        if unknown := [name for name in _NOT_HERE if body.get(name)]:
            raise NotImplementedError(f"Responses with {unknown[0]}")
        question = Question(asked_schema((body.get("text") or {}).get("format")))
        if body.get("instructions"):
            question.add_text(body["instructions"])
        conversation = _items(body["input"])
        if previous := body.get("previous_response_id"):
            if previous not in said:
                # Shape: maximhq/bifrost issue 2441 (2026-03).
                lost = f"Previous response with id '{previous}' not found."
                raise ApiError(lost, "previous_response_not_found", "previous_response_id")
            # Without its instructions: those hold for one request only.
            conversation = [*said[previous].more, *conversation]
        for item in conversation:
            for part in item["content"]:
                if part["type"] == "input_image":
                    question.add_picture(part.get("image_url") or "", fetch(part), part["detail"])
                elif part["type"] in ("input_text", "output_text"):
                    question.add_text(part["text"], by_model=item["role"] == "assistant")
        answer = question.answer(api)
        text, is_cut = cut(answer.text.strip(), body.get("max_output_tokens"))
        response = _response(body, question, text, is_cut, api.acts_as or "course-sample")
        if response["store"]:
            said[response["id"]] = Kept(response, [*conversation, *_items(response["output"])])
        headers = api.marks("sample wrong-on-purpose" if answer.wrong_on_purpose else "sample")
        if body.get("stream"):
            events = list(_events(response, text))
            return StreamingResponse(iter(events), media_type="text/event-stream", headers=headers)
        return JSONResponse(response, headers=headers)

    async def upload(request: Request) -> HttpResponse:
        parts = {part.name: part for part in parts_of(await request.body(), request.headers.get("content-type", ""))}
        for name in ("file", "purpose"):
            if name not in parts:
                raise ApiError(f"Missing required parameter: '{name}'.", "missing_required_parameter", name)
        file, purpose = parts["file"], parts["purpose"].data.decode()
        if purpose not in get_args(FilePurpose):
            known = ", ".join(map(repr, get_args(FilePurpose)))
            raise ApiError(f"Invalid value: {purpose!r}. Supported values are: {known}.", "invalid_value", "purpose")
        shown = keep(api, file.filename or "", purpose, file.data)
        return JSONResponse(shown, headers=api.marks("constructed"))

    async def content(request: Request) -> HttpResponse:
        if (name := request.path_params["id"]) not in files:
            raise ApiError(f"No such File object: {name}", param="id", status=404)
        return HttpResponse(files[name].more, headers=api.marks("constructed"), media_type="application/octet-stream")

    def kept_routes(path: str, kept: dict[str, Kept], what: str, source: str, lost: str) -> list[Route]:
        async def answer(request: Request) -> HttpResponse:
            name = request.path_params["id"]
            if name not in kept:
                raise ApiError(lost.format(name), param="id", status=404)
            if request.method == "GET":
                return JSONResponse(kept[name].shown, headers=api.marks(source))
            del kept[name]
            return JSONResponse({"id": name, "object": what, "deleted": True}, headers=api.marks("constructed"))

        return [Route(f"{host}/v1/{path}/{{id}}", api.guarded(answer), methods=["GET", "DELETE"]) for host in HOSTS]

    return [
        *(Route(f"{host}/v1/responses", api.guarded(create), methods=["POST"]) for host in HOSTS),
        *(Route(f"{host}/v1/files", api.guarded(upload), methods=["POST"]) for host in HOSTS),
        *(Route(f"{host}/v1/files/{{id}}/content", api.guarded(content), methods=["GET"]) for host in HOSTS),
        *kept_routes("responses", said, "response", "sample", "Response with id '{}' not found."),
        *kept_routes("files", files, "file", "constructed", "No such File object: {}"),
    ]


def keep(api: Any, filename: str, purpose: str, data: bytes) -> dict:
    """Keep a file, and return what the service shows of it."""
    digest = hashlib.sha256(b"\0".join([filename.encode(), purpose.encode(), data])).hexdigest()
    shown = {"id": f"file-sample-{digest[:12]}", "object": "file", "bytes": len(data), "created_at": CREATED,
             "filename": filename or "file", "purpose": purpose, "status": "processed", "expires_at": None,
             "status_details": None}  # fmt: skip
    FileObject.model_validate(shown)
    api.files[shown["id"]] = Kept(shown, data)
    return shown


def _items(given: str | list[dict]) -> list[dict]:
    """Messages whose content is a list of parts, however they were written."""
    items = []
    for item in [{"role": "user", "content": given}] if isinstance(given, str) else given:
        role, content = item["role"], item["content"]
        kind = "output_text" if role == "assistant" else "input_text"
        content = [{"type": kind, "text": content}] if isinstance(content, str) else content
        items.append({"role": role, "content": content})
    return items


def _response(body: dict, question: Question, text: str, is_cut: bool, model: str) -> dict:
    digest, tokens, said = question.digest(body), question.tokens, text_tokens(text)
    status = "incomplete" if is_cut else "completed"
    message = {
        "id": f"msg_sample_{digest}",
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": [], "logprobs": []}],
    }
    # No count of pictures: the SDK's types have none.
    usage = {
        "input_tokens": tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": said,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": tokens + said,
    }
    given = {"temperature": 1.0, "top_p": 1.0, "instructions": None, "max_output_tokens": None, "metadata": {},
             "parallel_tool_calls": True, "previous_response_id": None, "store": True, "tool_choice": "auto",
             "truncation": "disabled"}  # fmt: skip
    response = {
        "id": f"resp_sample_{digest}",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "model": model,
        "output": [message],
        "tools": [],
        "usage": usage,
        **{name: default if body.get(name) is None else body[name] for name, default in given.items()},
    }
    Response.model_validate(response)
    return response


def _events(response: dict, text: str) -> Iterator[str]:
    (message,) = response["output"]
    (part,) = message["content"]
    begun = response | {"status": "in_progress", "incomplete_details": None, "output": [], "usage": None}
    place = {"output_index": 0}
    within = {"item_id": message["id"], **place, "content_index": 0}
    events = [
        ("response.created", {"response": begun}),
        ("response.in_progress", {"response": begun}),
        ("response.output_item.added", {**place, "item": message | {"status": "in_progress", "content": []}}),
        ("response.content_part.added", {**within, "part": part | {"text": ""}}),
        *(("response.output_text.delta", {**within, "delta": piece, "logprobs": []}) for piece in pieces(text)),
        ("response.output_text.done", {**within, "text": text, "logprobs": []}),
        ("response.content_part.done", {**within, "part": part}),
        ("response.output_item.done", {**place, "item": message}),
        (f"response.{response['status']}", {"response": response}),
    ]
    for number, (kind, fields) in enumerate(events):
        event = {"type": kind, "sequence_number": number, **fields}
        _EVENT.validate_python(event)
        yield f"event: {kind}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"

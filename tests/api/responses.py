"""Responses and Files of the local API: answered whole or as a stream of events, with what the service keeps.

Every answer is checked against the SDK's own types before it leaves. What no source says is our choice and marked so.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, get_args

from openai.types import FileObject, FilePurpose
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from course.recording.readable import parts_of
from tests.api.answers import CREATED, Question, cut, text_tokens
from tests.api.schemas import asked_schema
from tests.api.validation import ApiError, check_response, media_type, read_json

PURPOSES = get_args(FilePurpose)
_EVENT = TypeAdapter(ResponseStreamEvent)
# What would change an answer in a way that no hand-written one follows.
_NOT_HERE = ("background", "conversation", "prompt", "tools")


@dataclass(frozen=True)
class _Said:
    """A response that is kept, and the conversation up to its end, which the next one may go on from."""

    body: dict
    conversation: list[dict]


@dataclass(frozen=True)
class _File:
    shown: dict
    data: bytes


def routes(api: Any, guarded: Callable, fetch: Callable[[str], bytes], marks: Callable[[str], dict]) -> list[Route]:
    """The routes. `fetch` gives the bytes behind an `image_url`, `marks` the headers that name an answer's source."""
    said: dict[str, _Said] = {}
    files: dict[str, _File] = {}

    async def create(request: Request) -> HttpResponse:
        body = read_json(await request.body())
        check_response(body)
        if unknown := [name for name in _NOT_HERE if body.get(name)]:
            raise NotImplementedError(f"Responses with {unknown[0]}")
        conversation = [*_before(body, said), *_items(body["input"])]
        wanted = asked_schema((body.get("text") or {}).get("format"))
        question, asked = Question(schema=wanted), json.dumps(body, sort_keys=True)
        if body.get("instructions"):
            question.add_text(body["instructions"])
        for item in conversation:
            for part in item["content"]:
                if part["type"] == "input_image":
                    size = question.add_picture(_picture(part, files, fetch), part["detail"])
                    url = part.get("image_url") or ""
                    # The answer's id is the same on a machine that packs the same pixels into other bytes.
                    asked = asked.replace(url, f"data: {size}") if url.startswith("data:") else asked
                elif part["type"] in ("input_text", "output_text"):
                    question.add_text(part["text"], by_model=item["role"] == "assistant")
        answer = question.answer(api.answers, api.unanswered)
        digest = hashlib.sha256(asked.encode()).hexdigest()[:12]
        text, is_cut = cut(answer.text.strip(), body.get("max_output_tokens"))
        response = _response(body, digest, text, is_cut, question.tokens, api.acts_as or "course-sample")
        if response["store"]:
            said[response["id"]] = _Said(response, [*conversation, *_items(response["output"])])
        headers = marks("sample wrong-on-purpose" if answer.wrong_on_purpose else "sample")
        if body.get("stream"):
            events = list(_events(response, text))
            return StreamingResponse(iter(events), media_type="text/event-stream", headers=headers)
        return JSONResponse(response, headers=headers)

    async def retrieve(request: Request) -> HttpResponse:
        return JSONResponse(_known(said, request, "Response with id '{}' not found.").body, headers=marks("sample"))

    async def forget(request: Request) -> HttpResponse:
        _known(said, request, "Response with id '{}' not found.")
        del said[request.path_params["id"]]
        return JSONResponse(_deleted(request, "response"), headers=marks("constructed"))

    async def upload(request: Request) -> HttpResponse:
        parts = {part.name: part for part in parts_of(await request.body(), request.headers.get("content-type", ""))}
        for name in ("file", "purpose"):
            if name not in parts:
                message = f"Missing required parameter: '{name}'."
                raise ApiError(400, message, code="missing_required_parameter", param=name)
        file, purpose = parts["file"], parts["purpose"].data.decode()
        if purpose not in PURPOSES:
            known = ", ".join(map(repr, PURPOSES))
            message = f"Invalid value: {purpose!r}. Supported values are: {known}."
            raise ApiError(400, message, code="invalid_value", param="purpose")
        digest = hashlib.sha256(b"\0".join([(file.filename or "").encode(), purpose.encode(), file.data])).hexdigest()
        shown = {"id": f"file-sample-{digest[:12]}", "object": "file", "bytes": len(file.data), "created_at": CREATED,
                 "filename": file.filename or "file", "purpose": purpose, "status": "processed", "expires_at": None,
                 "status_details": None}  # fmt: skip
        FileObject.model_validate(shown)
        files[shown["id"]] = _File(shown, file.data)
        return JSONResponse(shown, headers=marks("constructed"))

    async def look(request: Request) -> HttpResponse:
        return JSONResponse(_known(files, request, "No such File object: {}").shown, headers=marks("constructed"))

    async def remove(request: Request) -> HttpResponse:
        _known(files, request, "No such File object: {}")
        del files[request.path_params["id"]]
        return JSONResponse(_deleted(request, "file"), headers=marks("constructed"))

    return [
        Route(f"{host}/v1/{path}", guarded(answer), methods=[method])
        for host in ("", "/api.openai.com")
        for path, method, answer in (
            ("responses", "POST", create),
            ("responses/{id}", "GET", retrieve),
            ("responses/{id}", "DELETE", forget),
            ("files", "POST", upload),
            ("files/{id}", "GET", look),
            ("files/{id}", "DELETE", remove),
        )
    ]


def _known(kept: dict, request: Request, message: str) -> Any:
    name = request.path_params["id"]
    if name not in kept:
        raise ApiError(404, message.format(name), param="id")
    return kept[name]


def _deleted(request: Request, what: str) -> dict:
    return {"id": request.path_params["id"], "object": what, "deleted": True}


def _before(body: dict, said: dict[str, _Said]) -> list[dict]:
    """The conversation that a request goes on from, without instructions: those hold for one request only."""
    previous = body.get("previous_response_id")
    if not previous:
        return []
    if previous not in said:
        # Shape: maximhq/bifrost issue 2441 (2026-03).
        raise ApiError(400, f"Previous response with id '{previous}' not found.", code="previous_response_not_found",
                       param="previous_response_id")  # fmt: skip
    return said[previous].conversation


def _items(given: str | list[dict]) -> list[dict]:
    """Messages whose content is a list of parts, however they were written."""
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    kinds = {"assistant": "output_text"}
    return [
        {"role": item["role"], "content": [{"type": kinds.get(item["role"], "input_text"), "text": item["content"]}]}
        if isinstance(item["content"], str)
        else {"role": item["role"], "content": item["content"]}
        for item in items
    ]


def _picture(part: dict, files: dict[str, _File], fetch: Callable[[str], bytes]) -> bytes:
    if part.get("image_url"):
        return fetch(part["image_url"])
    if part["file_id"] not in files:
        # Unverified: neither status nor wording was found. The code is one of those that the SDK's types list.
        raise ApiError(400, f"No such File object: {part['file_id']}", code="image_file_not_found")
    data = files[part["file_id"]].data
    media_type(data)
    return data


def _response(body: dict, digest: str, text: str, is_cut: bool, tokens: int, model: str) -> dict:
    status = "incomplete" if is_cut else "completed"
    said = text_tokens(text)
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
    words = text.split(" ")
    pieces = [word + " " for word in words[:-1]] + words[-1:]
    events = [
        ("response.created", {"response": begun}),
        ("response.in_progress", {"response": begun}),
        ("response.output_item.added", {**place, "item": message | {"status": "in_progress", "content": []}}),
        ("response.content_part.added", {**within, "part": part | {"text": ""}}),
        *(("response.output_text.delta", {**within, "delta": piece, "logprobs": []}) for piece in pieces),
        ("response.output_text.done", {**within, "text": text, "logprobs": []}),
        ("response.content_part.done", {**within, "part": part}),
        ("response.output_item.done", {**place, "item": message}),
        (f"response.{response['status']}", {"response": response}),
    ]
    for number, (kind, fields) in enumerate(events):
        event = {"type": kind, "sequence_number": number, **fields}
        _EVENT.validate_python(event)
        yield f"event: {kind}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"

"""Responses and Files of the local API, whole or as a stream, each checked against the SDK's own types."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from openai.types import FileObject
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from course.recording.readable import parts_of
from tests.api.answers import CREATED, Question, ask, cut, pieces, text_tokens
from tests.api.validation import ApiError, check_response

_EVENT = TypeAdapter(ResponseStreamEvent)
# What an answer repeats of its request, and what stands there otherwise.
_REPEATED = {
    "temperature": 1.0, "top_p": 1.0, "instructions": None, "max_output_tokens": None, "metadata": {},
    "parallel_tool_calls": True, "previous_response_id": None, "store": True, "tool_choice": "auto",
    "truncation": "disabled",
}  # fmt: skip


def routes(api: Any) -> list[Route]:
    said: dict[str, list[dict]] = {}  # by the id of an answer: the conversation up to its end

    async def create(request: Request) -> HttpResponse:
        check_response(body := await request.json())
        given, previous = body["input"], body.get("previous_response_id")
        items = given if isinstance(given, list) else [{"role": "user", "content": given}]
        if previous and previous not in said:
            # Shape: maximhq/bifrost issue 2441 (2026-03).
            lost = f"Previous response with id '{previous}' not found."
            raise ApiError(lost, "previous_response_not_found", "previous_response_id")
        conversation = said.get(previous, []) + items
        # Instructions hold for one request only.
        rules = [{"role": "system", "content": body["instructions"]}] if body.get("instructions") else []
        question, answer = ask(api, body, rules + conversation)
        text, is_cut = cut(answer.text.strip(), body.get("max_output_tokens"))
        response = _response(body, question, text, is_cut, api.acts_as or "course-sample")
        if response["store"]:
            said[response["id"]] = conversation + response["output"]
        if body.get("stream"):
            events = [*_events(response, text)]
            return StreamingResponse(events, media_type="text/event-stream", headers=api.marks(answer.source))
        return JSONResponse(response, headers=api.marks(answer.source))

    async def upload(request: Request) -> dict:
        parts = {part.name: part for part in parts_of(await request.body(), request.headers["content-type"])}
        return keep(api, parts["file"].filename, parts["purpose"].data.decode(), parts["file"].data)

    async def content(request: Request) -> HttpResponse:
        _, data = api.files[request.path_params["id"]]
        return HttpResponse(data, headers=api.marks("constructed"), media_type="application/octet-stream")

    def deletion(kept: dict, what: str) -> Route:
        async def delete(request: Request) -> dict:
            del kept[request.path_params["id"]]
            return {"id": request.path_params["id"], "object": what, "deleted": True}

        return api.route("DELETE", f"/v1/{what}s/{{id}}", delete)

    return [
        api.route("POST", "/v1/responses", create),
        api.route("POST", "/v1/files", upload),
        api.route("GET", "/v1/files/{id}/content", content),
        deletion(said, "response"),
        deletion(api.files, "file"),
    ]


def keep(api: Any, filename: str, purpose: str, data: bytes) -> dict:
    """Keep a file, and return what the service shows of it."""
    digest = hashlib.sha256(b"\0".join([filename.encode(), purpose.encode(), data])).hexdigest()
    shown = {"id": f"file-sample-{digest[:12]}", "object": "file", "bytes": len(data), "created_at": CREATED,
             "filename": filename, "purpose": purpose, "status": "processed", "expires_at": None,
             "status_details": None}  # fmt: skip
    FileObject.model_validate(shown)
    api.files[shown["id"]] = purpose, data
    return shown


def _response(body: dict, question: Question, text: str, is_cut: bool, model: str) -> dict:
    digest, tokens, said = question.digest(body), question.tokens, text_tokens(text)
    status = "incomplete" if is_cut else "completed"
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    message = {"id": f"msg_sample_{digest}", "type": "message", "status": status, "role": "assistant"}
    usage = {
        "input_tokens": tokens, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": said, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": tokens + said,
    }  # fmt: skip
    response = {
        "id": f"resp_sample_{digest}", "object": "response", "created_at": CREATED, "status": status, "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None, "model": model,
        "output": [message | {"content": [part]}], "tools": [], "usage": usage,
        **{name: default if body.get(name) is None else body[name] for name, default in _REPEATED.items()},
    }  # fmt: skip
    Response.model_validate(response)
    return response


def _events(response: dict, text: str) -> Iterator[str]:
    (message,) = response["output"]
    (part,) = message["content"]
    begun = response | {"status": "in_progress", "incomplete_details": None, "output": [], "usage": None}
    place = {"output_index": 0}
    within = {"item_id": message["id"], **place, "content_index": 0}
    events = [
        ("created", {"response": begun}),
        ("in_progress", {"response": begun}),
        ("output_item.added", {**place, "item": message | {"status": "in_progress", "content": []}}),
        ("content_part.added", {**within, "part": part | {"text": ""}}),
        *(("output_text.delta", {**within, "delta": piece, "logprobs": []}) for piece in pieces(text)),
        ("output_text.done", {**within, "text": text, "logprobs": []}),
        ("content_part.done", {**within, "part": part}),
        ("output_item.done", {**place, "item": message}),
        (response["status"], {"response": response}),
    ]
    for number, (name, fields) in enumerate(events):
        event = {"type": f"response.{name}", "sequence_number": number, **fields}
        _EVENT.validate_python(event)
        yield f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"

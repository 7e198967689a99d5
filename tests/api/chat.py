"""Chat completions of the local API, whole or as a stream, with what goes wrong on purpose."""

import json
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from helpers.tokens.rules import SHUTDOWN
from tests.api import faults
from tests.api.answers import CREATED, ask, digest_of, text_tokens, words
from tests.api.validation import ApiError, check_chat

# A model that was shut down before this day is not there; a fixed day, or a recording would change with the calendar.
TODAY = date(2026, 11, 22)


def routes(api: Any) -> list[Route]:
    async def create(request: Request) -> Response:
        check_chat(body := await request.json())
        if SHUTDOWN.get(body["model"], TODAY) < TODAY:
            # Shape: vertyco/vrt-cogs pull request 218 (2024-12), alexrudall/ruby-openai issue 607 (2025-07).
            more = "has been deprecated, learn more here: https://platform.openai.com/docs/deprecations"
            raise ApiError(f"The model `{body['model']}` {more}", "model_not_found", status=404)
        return answer_to(api, request, body)

    return [api.route("POST", "/v1/chat/completions", create)]


def answer_to(api: Any, request: Request, body: dict, on_azure: bool = False) -> Response:
    """Look the request up by its pictures, texts and detail; there is no default answer.

    On Azure an answer carries the results of content filters. Nobody with a key of OpenAI gets it, so it is staged.
    """
    if on_azure and body.get("stream"):
        raise NotImplementedError("a stream of Azure, which begins with what its filters found")
    asked = ask(api, body, body["messages"])
    answer = asked.answer
    fault = None if api.acts_as else answer.due()
    source = "constructed staged" if fault else "sample staged" if on_azure else answer.source
    marks = api.marks(source) | answer.headers
    if fault in faults.ERRORS:
        status, error, headers = faults.ERRORS[fault]
        return JSONResponse(error, status, headers=headers | marks)
    usual = "tool_calls" if answer.calls else "length" if asked.is_cut else "stop"
    reason, place, share = faults.ODD.get(fault, (usual, "content", 1))
    text = asked.text[: int(len(asked.text) * share)]
    calls = [{"name": call["name"], "arguments": json.dumps(call["arguments"])} for call in answer.calls]
    said = text or "".join(map(json.dumps, calls))
    limit = body.get("max_completion_tokens")
    usage = {"prompt_tokens": asked.tokens, "completion_tokens": text_tokens(said) if said else limit}
    usage["total_tokens"] = sum(usage.values())
    if not said:
        usage["completion_tokens_details"] = {"reasoning_tokens": limit}
    name = api.acts_as or ("course-constructed" if fault else "course-sample")
    digest = asked.digest(json.dumps(answer.pictures, default=digest_of))  # frames of a video have one size
    common = {"id": f"chatcmpl-{name.removeprefix('course-')}-{digest}", "created": CREATED, "model": name}
    message = {"role": "assistant", "content": None, "refusal": None, place: text}
    if calls:
        called = [{"id": f"call_sample_{n}", "type": "function", "function": call} for n, call in enumerate(calls, 1)]
        message |= {"content": text or None, "tool_calls": called}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    whole = {**common, "object": "chat.completion", "choices": [choice], "usage": usage}
    if on_azure:
        choice["content_filter_results"] = faults.verdicts(**{"violence": "medium"} if fault == "filtered" else {})
        whole["prompt_filter_results"] = [{"prompt_index": 0, "content_filter_results": faults.verdicts()}]
    events = []
    if body.get("stream"):
        deltas = [{"role": "assistant", "content": ""}, *({place: word} for word in words(text)), {}]
        choices = [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None} for delta in deltas]
        choices[-1]["finish_reason"] = reason
        chunks = [{**common, "object": "chat.completion.chunk", "choices": [choice]} for choice in choices]
        if (body.get("stream_options") or {}).get("include_usage"):
            chunks.append(chunks[0] | {"choices": [], "usage": usage})
        events = [f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]
    if fault in faults.WIRE:
        return faults.broken(fault, events or whole, request, marks)
    if events:
        return StreamingResponse(events, media_type="text/event-stream", headers=marks)
    return JSONResponse(whole, headers=marks)

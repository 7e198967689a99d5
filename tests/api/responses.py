"""Responses of the local API, whole or as a stream, moderations and embeddings; checked against the SDK's own types."""

import json
import re
from typing import get_args

from openai.types import ModerationCreateResponse
from openai.types.moderation import CategoryAppliedInputTypes
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter
from starlette.responses import JSONResponse, StreamingResponse

from tests.api.answers import CREATED, ask, text_tokens
from tests.api.validation import ApiError, check_moderation, check_response

_EVENT = TypeAdapter(ResponseStreamEvent)
# What an answer repeats of its request, and what stands there otherwise.
_REPEATED = {
    "temperature": 1.0, "top_p": 1.0, "instructions": None, "max_output_tokens": None, "metadata": {},
    "parallel_tool_calls": True, "previous_response_id": None, "store": True, "tool_choice": "auto",
    "truncation": "disabled",
}  # fmt: skip
# What each category is looked for in: {"violence": ("text", "image"), …}.
_LOOKED_IN = {
    field.alias or name: get_args(get_args(field.annotation)[0])
    for name, field in CategoryAppliedInputTypes.model_fields.items()
}
_FLAGGED = 0.5  # unverified: the service tells no score from which it flags


def routes(api):
    said: dict[str, list[dict]] = {}  # by the id of an answer: the conversation up to its end

    async def create(request):
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
        asked = ask(api, body, rules + conversation)
        response = _response(body, asked, api.acts_as or "course-sample")
        if response["store"]:
            said[response["id"]] = conversation + response["output"]
        marks = api.marks(asked.source)
        if body.get("stream"):
            return StreamingResponse([*_events(response)], media_type="text/event-stream", headers=marks)
        return JSONResponse(response, headers=marks)

    async def moderate(request):
        check_moderation(body := await request.json())
        asked = ask(api, body, [{"role": "user", "content": body["input"]}])
        scores = dict.fromkeys(_LOOKED_IN, 0.0) | json.loads(asked.answer.text)
        sent = {"text": asked.texts, "image": asked.pictures}
        result = {
            "flagged": max(scores.values()) >= _FLAGGED,
            "categories": {name: score >= _FLAGGED for name, score in scores.items()},
            "category_scores": scores,
            "category_applied_input_types": {
                name: [kind for kind in kinds if sent[kind]] for name, kinds in _LOOKED_IN.items()
            },
        }
        shown = {"id": f"modr-sample-{asked.digest()}", "model": api.acts_as or "course-sample", "results": [result]}
        ModerationCreateResponse.model_validate(shown)
        return JSONResponse(shown, headers=api.marks(asked.source))

    async def embed(request):
        answer, day = api.embed(await request.json())
        return JSONResponse(answer, headers=api.marks(f"live {day}"))

    return [
        api.route("POST", "/v1/responses", create),
        api.route("POST", "/v1/embeddings", embed),
        api.deletion(said, "response"),
        api.route("POST", "/v1/moderations", moderate),
    ]


def _response(body: dict, asked, model: str) -> dict:
    tokens, said = asked.tokens, text_tokens(asked.text)
    status = "incomplete" if asked.is_cut else "completed"
    part = {"type": "output_text", "text": asked.text, "annotations": [], "logprobs": []}
    message = {"id": f"msg_sample_{asked.digest()}", "type": "message", "status": status, "role": "assistant"}
    usage = {
        "input_tokens": tokens, "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": said, "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": tokens + said,
    }  # fmt: skip
    response = {
        "id": f"resp_sample_{asked.digest()}", "object": "response", "created_at": CREATED, "status": status,
        "error": None, "incomplete_details": {"reason": "max_output_tokens"} if asked.is_cut else None, "model": model,
        "output": [message | {"content": [part]}], "tools": [], "usage": usage,
        **{name: default if body.get(name) is None else body[name] for name, default in _REPEATED.items()},
    }  # fmt: skip
    Response.model_validate(response)
    return response


def _events(response: dict):
    (message,) = response["output"]
    (part,) = message["content"]
    words = re.split("(?<= )", part["text"])
    begun = response | {"status": "in_progress", "incomplete_details": None, "output": [], "usage": None}
    place = {"output_index": 0}
    within = {"item_id": message["id"], **place, "content_index": 0}
    events = [
        ("created", {"response": begun}),
        ("in_progress", {"response": begun}),
        ("output_item.added", {**place, "item": message | {"status": "in_progress", "content": []}}),
        ("content_part.added", {**within, "part": part | {"text": ""}}),
        *(("output_text.delta", {**within, "delta": word, "logprobs": []}) for word in words),
        ("output_text.done", {**within, "text": part["text"], "logprobs": []}),
        ("content_part.done", {**within, "part": part}),
        ("output_item.done", {**place, "item": message}),
        (response["status"], {"response": response}),
    ]
    for number, (name, fields) in enumerate(events):
        event = {"type": f"response.{name}", "sequence_number": number, **fields}
        _EVENT.validate_python(event)
        yield f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"

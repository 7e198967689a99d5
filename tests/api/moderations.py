"""Moderations of the local API: the scores of a hand-written entry, in the shape of the SDK's types."""

import json
from typing import Any, get_args

from openai.types import ModerationCreateParams, ModerationCreateResponse
from openai.types.moderation import CategoryAppliedInputTypes
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.api.answers import Question
from tests.api.schemas import misfit
from tests.api.validation import ApiError, read_json

_REQUEST = TypeAdapter(ModerationCreateParams).json_schema()
# What each category is looked for in: {"violence": ("text", "image"), …}.
_LOOKED_IN = {
    field.alias or name: get_args(get_args(field.annotation)[0])
    for name, field in CategoryAppliedInputTypes.model_fields.items()
}
_FLAGGED = 0.5  # unverified: the service tells no score from which it flags


def routes(api: Any) -> list[Route]:
    """Return the route that lesson 12 asks: parts of text, and pictures."""

    async def create(request: Request) -> Response:
        body, question = read_json(await request.body()), Question()
        if why := misfit(json.dumps(body), _REQUEST):
            raise ApiError(f"Invalid request ({why}).", param="input")  # constructed
        question.add("user", body["input"], api.fetch)
        answer = question.answer(api)
        scores = dict.fromkeys(_LOOKED_IN, 0.0) | json.loads(answer.text)
        sent = {"text": question.texts, "image": question.pictures}
        result = {
            "flagged": max(scores.values()) >= _FLAGGED,
            "categories": {name: score >= _FLAGGED for name, score in scores.items()},
            "category_scores": scores,
            "category_applied_input_types": {
                name: [kind for kind in kinds if sent[kind]] for name, kinds in _LOOKED_IN.items()
            },
        }
        name = f"modr-sample-{question.digest(body)}"
        shown = {"id": name, "model": api.acts_as or "course-sample", "results": [result]}
        ModerationCreateResponse.model_validate(shown)
        return JSONResponse(shown, headers=api.marks(answer.source))

    return [Route("/v1/moderations", api.guarded(create), methods=["POST"])]

"""Moderations of the local API: the scores of a hand-written entry, in the shape of the SDK's types."""

import json
from typing import Any, get_args

from openai.types import ModerationCreateResponse
from openai.types.moderation import CategoryAppliedInputTypes
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.api.answers import Question
from tests.api.validation import check_moderation

# What each category is looked for in: {"violence": ("text", "image"), …}.
_LOOKED_IN = {
    field.alias or name: get_args(get_args(field.annotation)[0])
    for name, field in CategoryAppliedInputTypes.model_fields.items()
}
_FLAGGED = 0.5  # unverified: the service tells no score from which it flags


def routes(api: Any) -> list[Route]:
    async def create(request: Request) -> JSONResponse:
        check_moderation(body := await request.json())
        question = Question()
        question.add("user", body["input"], api.fetch)
        answer = question.answer(api.answers)
        scores = dict.fromkeys(_LOOKED_IN, 0.0) | json.loads(answer.text)
        sent = {"text": question.texts, "image": question.pictures}
        looked_in = {name: [kind for kind in kinds if sent[kind]] for name, kinds in _LOOKED_IN.items()}
        result = {
            "flagged": max(scores.values()) >= _FLAGGED,
            "categories": {name: score >= _FLAGGED for name, score in scores.items()},
            "category_scores": scores,
            "category_applied_input_types": looked_in,
        }
        name = f"modr-sample-{question.digest(body)}"
        shown = {"id": name, "model": api.acts_as or "course-sample", "results": [result]}
        ModerationCreateResponse.model_validate(shown)
        return JSONResponse(shown, headers=api.marks(answer.source))

    return [api.route("POST", "/v1/moderations", create)]

"""Azure AI Vision's video retrieval, retired on 2025-06-30: lesson 05's calls, as video_retrieval.toml has them."""

import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CALLS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["call"]
VERSION = "2023-05-01-preview"


def routes(api: Any) -> list[Route]:
    """Return the route of any *.cognitiveservices.azure.com host. Any key will do; another call is a hole."""
    asked = Counter[str]()

    async def answer(request: Request) -> Response:
        what, data = f"{request.method} {request.path_params['call']}", await request.body()
        version, body = request.query_params.get("api-version"), json.loads(data) if data else None
        [call] = [call for call in CALLS if (call["asked"], call.get("body"), VERSION) == (what, body, version)]
        headers, answers = api.marks("constructed"), call.get("answers")
        if call["status"] == 202:
            headers["operation-location"] = f"https:/{request.url.path}?api-version={VERSION}"
        if answers is None:
            return Response(None, call["status"], headers)
        asked[what] += 1
        return JSONResponse(answers[(asked[what] - 1) % len(answers)], call["status"], headers)

    where = "/{host}.cognitiveservices.azure.com/computervision/retrieval/indexes/{call:path}"
    return [Route(where, api.guarded(answer, lambda request: None), methods=["GET", "POST", "PUT", "DELETE"])]

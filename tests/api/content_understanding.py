"""Azure AI Content Understanding, api-version 2025-11-01: as much of it as lesson 05 asks, constructed in memory.

Built to the models of azure-ai-contentunderstanding 1.1.0 (read on 2026-11-27). Nothing here looks at a film: what is
seen in one stands in asset/videos/moments.csv, what is said in the subtitles beside it.
"""

import csv
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from course.assets import ROOT
from tests.api.transcriptions import subtitles_of

VERSION, ANALYZER = "2025-11-01", "prebuilt-videoSearch"
VIDEOS = ROOT / "asset" / "videos"
MARKS = {"x-course-source": "constructed staged"}


def routes(api: Any) -> list[Route]:
    """Return the routes of any *.services.ai.azure.com host. Any key but `wrong` will do."""
    asked: dict[str, tuple[str, int]] = {}  # operation: the film's name, how often somebody has looked

    def check(request: Request) -> JSONResponse | None:
        api.requests.append(f"{request.method} {request.url.path}")
        known = request.path_params["host"].endswith(".services.ai.azure.com")
        if not known or request.query_params.get("api-version") != VERSION:
            return refuse(404, "NotFound", "Resource not found.")
        if request.headers.get("Ocp-Apim-Subscription-Key", "wrong") == "wrong":
            return refuse(401, "Unauthorized", "Access denied due to invalid subscription key or wrong API endpoint.")
        return None

    async def analyze(request: Request) -> Response:
        if refused := check(request):
            return refused
        (source,) = (await request.json())["inputs"]
        name = urlsplit(source["url"]).path.rpartition("/")[2]
        if not (VIDEOS / name).is_file():
            return refuse(400, "InvalidRequest", f"The content at {name} can't be read.")
        operation = str(uuid5(NAMESPACE_URL, name))
        asked[operation] = name, 0
        where = f"{request.path_params['host']}/contentunderstanding/analyzerResults/{operation}?api-version={VERSION}"
        headers = MARKS | {"operation-location": f"https://{where}"}
        return JSONResponse({"id": operation, "status": "NotStarted"}, 202, headers)

    async def look(request: Request) -> Response:
        """Take one step each time somebody asks: Running, then Succeeded. Our choice."""
        operation = request.path_params["operation"]
        if refused := check(request):
            return refused
        name, times = asked[operation]
        asked[operation] = name, times + 1
        status = "Running" if times == 0 else "Succeeded"
        answer = {"id": operation, "status": status} | ({"result": result(name)} if times else {})
        return JSONResponse(answer, headers=MARKS)

    start = f"/{{host}}/contentunderstanding/analyzers/{ANALYZER}:analyze"
    return [
        Route(start, analyze, methods=["POST"]),
        Route("/{host}/contentunderstanding/analyzerResults/{operation}", look, methods=["GET"]),
    ]


def refuse(status: int, code: str, message: str) -> JSONResponse:
    """Make an error answer in the shape that Azure's services share."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, MARKS)


def result(name: str) -> dict:
    """Describe a film of asset/videos: a content for each moment, with what is said in it."""
    with open(VIDEOS / "moments.csv", encoding="utf-8", newline="") as file:
        moments = [row for row in csv.DictReader(file) if row["video"] == name]
    said = subtitles_of(VIDEOS / name)
    contents = []
    for row in moments:
        start, end = (round(float(row[edge]) * 1000) for edge in ("start", "end"))
        phrases = [phrase(*one) for one in said if start <= one[0] * 1000 < end]
        summary = {"type": "string", "valueString": f"The scene shows {row['what']}."}
        times = {"startTimeMs": start, "endTimeMs": end, "width": 640, "height": 360}
        found = {"fields": {"Summary": summary}, "keyFrameTimesMs": [(start + end) // 2], "transcriptPhrases": phrases}
        markdown = f"# Video: {start} ms => {end} ms\n\n{summary['valueString']}"
        contents.append({"kind": "audioVisual", "mimeType": "video/mp4", **times, "markdown": markdown, **found})
    head = {"analyzerId": ANALYZER, "apiVersion": VERSION, "createdAt": "2026-11-27T12:00:00Z", "warnings": []}
    return head | {"contents": contents}


def phrase(start: float, end: float, text: str) -> dict:
    """Make a phrase of a transcript; times in seconds become milliseconds."""
    times = {"startTimeMs": round(start * 1000), "endTimeMs": round(end * 1000)}
    return {"speaker": "Speaker 1", **times, "locale": "en-US", "text": text, "confidence": 0.9, "words": []}

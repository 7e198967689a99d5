"""Azure AI Content Understanding, api-version 2025-11-01: as much of it as lesson 05 asks, constructed in memory.

Nothing here looks at a film: what is seen in one stands in asset/videos/moments.csv, what is said in the subtitles
beside it. A test holds the answers to the models of Azure's own package.
"""

import csv
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from course.assets import ROOT
from helpers import video
from tests.api.validation import read_json

VERSION, ANALYZER = "2025-11-01", "prebuilt-videoSearch"
VIDEOS = ROOT / "asset" / "videos"


def routes(api: Any) -> list[Route]:
    """Return the routes of any *.services.ai.azure.com host. Any key will do; an unknown version or film is a hole."""
    marks, states = api.marks("constructed staged"), dict[str, list[dict]]()  # by operation: those still to come

    async def analyze(request: Request) -> Response:
        (source,) = read_json(await request.body())["inputs"]
        name = urlsplit(source["url"]).path.rpartition("/")[2]
        if request.query_params.get("api-version") != VERSION:
            raise NotImplementedError("another version")
        begun = {"id": str(uuid5(NAMESPACE_URL, name)), "status": "NotStarted"}
        done = begun | {"status": "Succeeded", "result": result(name)}
        states[begun["id"]] = [begun | {"status": "Running"}, done]
        where = f"{request.url.path.partition('/analyzers/')[0]}/analyzerResults/{begun['id']}?api-version={VERSION}"
        return JSONResponse(begun, 202, marks | {"operation-location": f"https:/{where}"})

    async def look(request: Request) -> Response:
        """Take one step each time somebody asks. Our choice."""
        to_come = states[request.path_params["operation"]]
        return JSONResponse(to_come.pop(0) if len(to_come) > 1 else to_come[0], headers=marks)

    start = "/{host}.services.ai.azure.com/contentunderstanding"
    return [
        Route(f"{start}/analyzers/{ANALYZER}:analyze", api.guarded(analyze, lambda request: None), methods=["POST"]),
        Route(f"{start}/analyzerResults/{{operation}}", api.guarded(look, lambda request: None), methods=["GET"]),
    ]


def result(name: str) -> dict:
    """Describe a film of asset/videos: a content for each moment, with what is said in it."""
    said, contents = video.read_subtitles((VIDEOS / name).with_suffix(".srt")), []
    with open(VIDEOS / "moments.csv", encoding="utf-8", newline="") as file:
        moments = [row for row in csv.DictReader(file) if row["video"] == name]
    for row in moments:
        times = _times(float(row["start"]), float(row["end"]))
        start, end = times.values()
        phrases = [{"speaker": "Speaker 1", **_times(*one[:2]), "locale": "en-US", "text": one[2], "confidence": 0.9,
                    "words": []} for one in said if start <= one[0] * 1000 < end]  # fmt: skip
        summary = f"The scene shows {row['what']}."
        contents.append({
            "kind": "audioVisual", "mimeType": "video/mp4", **times, "width": 640, "height": 360,
            "markdown": f"# Video: {start} ms => {end} ms\n\n{summary}",
            "fields": {"Summary": {"type": "string", "valueString": summary}},
            "keyFrameTimesMs": [(start + end) // 2], "transcriptPhrases": phrases,
        })  # fmt: skip
    head = {"analyzerId": ANALYZER, "apiVersion": VERSION, "createdAt": "2026-11-27T12:00:00Z", "warnings": []}
    return head | {"contents": contents}


def _times(start: float, end: float) -> dict[str, int]:
    """Seconds as whole milliseconds."""
    return {"startTimeMs": round(start * 1000), "endTimeMs": round(end * 1000)}

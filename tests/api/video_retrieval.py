"""Azure AI Vision's video retrieval, retired on 2025-06-30: as much of it as lesson 05 asks, constructed in memory.

Built to Microsoft's API reference of 2024-03-11. Nothing here looks at a video: what is seen in one, and when, stands
in asset/videos/moments.csv. Any key will do.
"""

import csv
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from course.assets import ROOT
from tests.api.validation import ApiError, read_json

VERSION, MODEL_VERSIONS = "2023-05-01-preview", {"vision": "2023-05-31", "speech": "2023-06-30"}
NOW = "2025-06-02T09:00:00Z"  # constant, so that a rebuilt recording is the same to the byte
WHEN = {"createdDateTime": NOW, "lastModifiedDateTime": NOW}


def routes(api: Any) -> list[Route]:
    """Return the routes of any *.cognitiveservices.azure.com host, with a memory of their own."""
    videos: dict[str, list[dict]] = {}  # by index: those that are read
    states: dict[str, list[dict]] = {}  # of the last ingestion of an index: those still to come

    def create(body: dict, index: str) -> tuple[int, dict]:
        schema, features = body["metadataSchema"], body["features"]
        fields = [{"name": field["name"].lower(), "searchable": field["searchable"], "filterable": field["filterable"],
                   "type": field["type"]} for field in schema["fields"]]  # fmt: skip
        shown = [{"name": one["name"], "modelVersion": MODEL_VERSIONS[one["name"]],
                  "domain": one.get("domain", "generic")} for one in features]  # fmt: skip
        videos[index] = []
        made = {"name": index, "metadataSchema": {"language": schema["language"], "fields": fields}, "features": shown}
        return 201, made | {"userData": {}, "eTag": '"constructed"', **WHEN}

    def ingest(body: dict, index: str, ingestion: str) -> tuple[int, dict]:
        for video in body["videos"]:
            metadata = {name.lower(): value for name, value in video["metadata"].items()}
            videos[index].append(video | {"metadata": metadata, "documentUrl": video["documentUrl"].partition("?")[0]})
        done = [{"lastUpdateTime": NOW, "documentId": video["documentId"], "documentUrl": video["documentUrl"],
                 "succeeded": True} for video in videos[index]]  # fmt: skip
        begun = {"name": ingestion, "state": "NotStarted", "batchName": f"batch-{ingestion}", **WHEN}
        states[index] = [begun | {"state": "Running"}, begun | {"state": "Completed", "fileStatusDetails": done}]
        return 202, begun

    def look(body: dict, index: str, ingestion: str) -> tuple[int, dict]:
        """Take one step each time somebody asks. Our choice."""
        return 200, states[index].pop(0) if len(states[index]) > 1 else states[index][0]

    def search(body: dict, index: str) -> tuple[int, dict]:
        wanted = {only["fieldName"].lower(): only["values"] for only in body["filters"]["stringFilters"]}
        asked, hits = words(body["queryText"]), []
        with open(ROOT / "asset" / "videos" / "moments.csv", encoding="utf-8", newline="") as file:
            moments = list(csv.DictReader(file))
        for video in videos[index]:
            is_wanted = all(video["metadata"].get(name) in values for name, values in wanted.items())
            for moment in moments if is_wanted else []:
                shared = len(asked & words(moment["what"]))
                if shared and video["documentUrl"].endswith(f"/{moment['video']}"):
                    start, end = float(moment["start"]), float(moment["end"])
                    times = {"start": timespan(start), "end": timespan(end), "best": timespan((start + end) / 2)}
                    # Constructed; the frames that Microsoft published have about 0.24.
                    about = {"relevance": 0.3 * shared / len(asked), "additionalMetadata": video["metadata"]}
                    hits.append({"documentId": video["documentId"], "documentKind": "VideoFrame", **times, **about})
        return 200, {"value": sorted(hits, key=lambda hit: -hit["relevance"])}

    def delete(body: dict, index: str) -> tuple[int, None]:
        del videos[index]
        return 204, None

    def route(path: str, method: str, act: Callable[..., tuple[int, dict | None]]) -> Route:
        async def answer(request: Request) -> Response:
            if request.query_params.get("api-version") != VERSION:
                raise ApiError(f"The query must say api-version={VERSION}.", "InvalidRequest")
            data, names = await request.body(), request.path_params.copy()
            del names["host"]
            status, body = act(read_json(data) if data else {}, **names)
            headers = api.marks("constructed")
            if status == 202:
                headers["operation-location"] = f"https:/{request.url.path}?api-version={VERSION}"
            return JSONResponse(body, status, headers) if body else Response(None, status, headers)

        where = f"/{{host}}.cognitiveservices.azure.com/computervision/retrieval/indexes/{{index}}{path}"
        return Route(where, api.guarded(answer, lambda request: None), methods=[method])

    return [
        route(":queryByText", "POST", search),
        route("/ingestions/{ingestion}", "PUT", ingest),
        route("/ingestions/{ingestion}", "GET", look),
        route("", "PUT", create),
        route("", "DELETE", delete),
    ]


def timespan(seconds: float) -> str:
    """Write seconds as Azure did: 00:00:21, or 00:00:22.5000000 with a fraction, in units of 100 nanoseconds."""
    text = f"0{timedelta(seconds=seconds)}"
    return f"{text}0" if "." in text else text


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))

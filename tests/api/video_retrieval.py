"""Azure AI Vision's video retrieval, retired on 2025-06-30: as much of it as lesson 05 asks, constructed in memory.

Built to Microsoft's API reference of 2024-03-11; what that leaves open is marked "our choice". Nothing here looks at a
video: what is seen in one, and when, stands in asset/videos/moments.csv.
"""

import csv
import functools
import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from course.assets import ROOT

VERSION = "2023-05-01-preview"
MODEL_VERSIONS = {"vision": "2023-05-31", "speech": "2023-06-30"}
NOW = "2025-06-02T09:00:00Z"  # constant, so that a rebuilt recording is the same to the byte
WHEN = {"createdDateTime": NOW, "lastModifiedDateTime": NOW}

# An unknown field is refused, so that a misspelt one is noticed: our choice, the real service ignored it.
_body = functools.partial(create_model, __config__=ConfigDict(extra="forbid", strict=True))
Domain, Url = Literal["generic", "surveillance"], Annotated[str, Field(pattern=r"^https?://[^/]+/")]
FieldBody = _body("FieldBody", name=str, searchable=bool, filterable=bool, type=Literal["string", "datetime"])
SchemaBody = _body("SchemaBody", language=Literal["en"], fields=list[FieldBody])
FeatureBody = _body(
    "FeatureBody", name=Literal["vision", "speech"], modelVersion=(str | None, None), domain=(Domain, "generic")
)
IndexBody = _body("IndexBody", metadataSchema=SchemaBody, features=list[FeatureBody], userData=(dict, {}))
# The reference has update and remove as well, and does not require the documentId.
VideoBody = _body("VideoBody", mode=Literal["add"], documentId=str, documentUrl=Url, metadata=(dict[str, str], {}))
OrderBody = _body("OrderBody", videos=list[VideoBody], includeSpeechTranscript=(bool, False))
StringFilter = _body("StringFilter", fieldName=str, values=list[str])
Filters = _body("Filters", stringFilters=(list[StringFilter], []), featureFilters=(list[Literal["vision"]], []))
QueryBody = _body("QueryBody", queryText=Annotated[str, Field(min_length=1)], filters=(Filters, Filters()))


class Refused(Exception):
    """An error answer in the shape of the reference. The inner codes are our choice."""

    def __init__(self, status: int, code: str, message: str, inner: str | None = None):
        innererror = {"innererror": {"code": inner, "message": message}} if inner else {}
        self.answer = {"error": {"code": code, "message": message, **innererror}}, status


class Service:
    """The indexes of one server. Each public method answers one call, with a body and a status."""

    def __init__(self) -> None:
        self.indexes: dict[str, dict[str, Any]] = {}

    def create(self, body: bytes, index: str) -> tuple[dict, int]:
        made = _read(IndexBody, body)
        for entry in made.metadataSchema.fields:
            entry.name = entry.name.lower()
        for feature in made.features:
            feature.modelVersion = MODEL_VERSIONS[feature.name]
        types = {entry.name: entry.type for entry in made.metadataSchema.fields}
        self.indexes[index] = {"types": types, "ingestions": {}, "videos": []}
        return {"name": index, **made.model_dump(), "eTag": '"constructed"', **WHEN}, 201

    def delete(self, body: bytes, index: str) -> tuple[None, int]:
        self._index(index)
        del self.indexes[index]
        return None, 204

    def ingest(self, body: bytes, index: str, ingestion: str) -> tuple[dict, int]:
        kept, videos = self._index(index), _read(OrderBody, body).videos
        for video in videos:
            video.metadata = {_known(name, kept["types"]): value for name, value in video.metadata.items()}
            for name, value in video.metadata.items():
                if kept["types"][name] == "datetime":
                    _check_time(name, value)
        answer = {"name": ingestion, "state": "NotStarted", "batchName": f"batch-{ingestion}", **WHEN}
        kept["ingestions"][ingestion] = answer, videos
        return answer, 202

    def look(self, body: bytes, index: str, ingestion: str) -> tuple[dict, int]:
        """Take one step each time somebody asks: Running, then Completed. Our choice."""
        kept = self._index(index)
        answer, videos = kept["ingestions"][ingestion]
        if answer["state"] == "NotStarted":
            answer["state"] = "Running"
        elif answer["state"] == "Running":
            answer |= {"state": "Completed", "fileStatusDetails": [_done(video) for video in videos]}
            kept["videos"] += videos
        return answer, 200

    def search(self, body: bytes, index: str) -> tuple[dict, int]:
        kept, query = self._index(index), _read(QueryBody, body)
        wanted = {_known(entry.fieldName, kept["types"]): entry.values for entry in query.filters.stringFilters}
        asked, hits = _words(query.queryText) - {"a"}, []
        with open(ROOT / "asset" / "videos" / "moments.csv", encoding="utf-8", newline="") as file:
            moments = list(csv.DictReader(file))
        for video in kept["videos"]:
            is_wanted = all(video.metadata.get(name) in values for name, values in wanted.items())
            for moment in moments if is_wanted else []:
                shared = len(asked & _words(moment["what"]))
                if shared and urlsplit(video.documentUrl).path.endswith(f"/{moment['video']}"):
                    hits.append(_hit(video, moment, shared / len(asked)))
        return {"value": sorted(hits, key=lambda hit: -hit["relevance"])}, 200

    def _index(self, name: str) -> dict[str, Any]:
        if name in self.indexes:
            return self.indexes[name]
        raise Refused(404, "NotFound", f"Index {name} not found.", "IndexNotFound")


def routes(api: Any) -> list[Route]:
    """The routes of any *.cognitiveservices.azure.com host, with a memory of their own. Any key but `wrong` will do."""
    service = Service()

    def route(path: str, method: str, act: Any) -> Route:
        async def answer(request: Request) -> Response:
            api.requests.append(f"{method} {request.url.path}")
            host, *names = request.path_params.values()
            try:
                _check_request(host, request)
                body, status = act(await request.body(), *names)
            except Refused as error:
                body, status = error.answer
            except Exception as error:  # a hole in this server, not an answer of the service
                api.unanswered.append(f"the local video retrieval failed: {error!r}")
                body, status = {"error": {"code": "InternalServerError", "message": repr(error)}}, 500
            headers = {"x-course-source": "constructed"}
            if status == 202:
                headers["operation-location"] = f"https:/{request.url.path}?api-version={VERSION}"
            return Response(None, status, headers) if body is None else JSONResponse(body, status, headers)

        return Route(f"/{{host}}/computervision/retrieval/indexes/{{index}}{path}", answer, methods=[method])

    return [
        route(":queryByText", "POST", service.search),
        route("/ingestions/{ingestion}", "PUT", service.ingest),
        route("/ingestions/{ingestion}", "GET", service.look),
        route("", "PUT", service.create),
        route("", "DELETE", service.delete),
    ]


def _check_request(host: str, request: Request) -> None:
    if not host.endswith(".cognitiveservices.azure.com"):
        raise Refused(404, "404", "Resource not found.")
    if request.headers.get("Ocp-Apim-Subscription-Key", "wrong") in ("", "wrong"):
        raise Refused(401, "401", "Access denied: the subscription key is missing or not valid for this endpoint.")
    if request.query_params.get("api-version") != VERSION:
        raise Refused(400, "InvalidRequest", f"The query must say api-version={VERSION}.", "UnsupportedApiVersion")


def _read(shape: type[BaseModel], body: bytes) -> Any:
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the body"
        raise Refused(400, "InvalidRequest", f"{place}: {first['msg']}.", "InvalidParameter") from None


def _known(name: str, types: dict[str, str]) -> str:
    """The name that this field of the metadata has in the index."""
    if name.lower() in types:
        return name.lower()
    raise Refused(400, "InvalidRequest", f"The index has no such field: {name}.", "InvalidField")


def _check_time(name: str, value: str) -> None:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise Refused(400, "InvalidRequest", f"{name} is no date and time.", "InvalidParameter") from None


def _done(video: Any) -> dict:
    url = video.documentUrl.split("?")[0]
    return {"lastUpdateTime": NOW, "documentId": video.documentId, "documentUrl": url, "succeeded": True}


def _hit(video: Any, moment: dict, share: float) -> dict:
    start, end = float(moment["start"]), float(moment["end"])
    times = {"start": _timespan(start), "end": _timespan(end), "best": _timespan((start + end) / 2)}
    # Constructed: 0.3 times the share of the query's words; the frames that Microsoft published have about 0.24.
    relevance = {"relevance": round(0.3 * share, 4), "additionalMetadata": video.metadata}
    return {"documentId": video.documentId, "documentKind": "VideoFrame", **times, **relevance}


def _timespan(seconds: float) -> str:
    """Seconds as Azure wrote them: 00:00:21, or 00:00:22.5000000 with a fraction, in units of 100 nanoseconds."""
    text = f"0{timedelta(seconds=seconds)}"
    return f"{text}0" if "." in text else text


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))

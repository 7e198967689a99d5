"""The retired video retrieval of Azure AI Vision, in memory, built to Microsoft's API reference of 2024-03-11.

What the reference leaves open is our choice and marked so. Nothing here looks at a video: what is seen in one, and
when, stands in asset/videos/moments.csv.
"""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from course.assets import ROOT
from helpers.video import moments
from tests.api.video_bodies import Filters, IndexBody, IndexChange, IngestionBody, Query, Video

VERSION = "2023-05-01-preview"
VIDEOS = ROOT / "asset" / "videos"
# Constant, so that a rebuilt recording is the same to the byte.
WHEN = {"createdDateTime": "2025-06-02T09:00:00Z", "lastModifiedDateTime": "2025-06-02T09:00:00Z"}
PAGE = 2  # hits; few, so that a lesson shows paging
# Words of a query that say nothing about a picture.
FUNCTION_WORDS = {"a", "an", "and", "are", "at", "by", "for", "from", "has", "in", "is", "of", "on", "or", "the",
                  "there", "this", "to", "who", "with"}  # fmt: skip


class Refused(Exception):
    """An error answer in the shape of the reference."""

    def __init__(self, status: int, code: str, message: str, inner: str | None = None):
        super().__init__(message)
        innererror = {"innererror": {"code": inner, "message": message}} if inner else {}
        self.status, self.body = status, {"error": {"code": code, "message": message, **innererror}}


@dataclass
class Ingestion:
    name: str
    videos: list[Video]
    asked: int = 0
    state: str = "NotStarted"
    details: list[dict] = field(default_factory=list)

    def shown(self) -> dict:
        details = {"fileStatusDetails": self.details} if self.details else {}
        return {"name": self.name, "state": self.state, "batchName": f"batch-{self.name}", **WHEN, **details}


@dataclass
class Index:
    name: str
    body: IndexBody
    ingestions: dict[str, Ingestion] = field(default_factory=dict)
    documents: dict[str, Video] = field(default_factory=dict)

    def shown(self) -> dict:
        return {"name": self.name, **self.body.model_dump(exclude_none=True), "eTag": '"constructed"', **WHEN}

    def field_type(self, name: str, filterable: bool = False) -> str:
        for known in self.body.metadataSchema.fields:
            if known.name == name.lower() and (known.filterable or not filterable):
                return known.type
        raise Refused(400, "InvalidRequest", f"The index has no such field to use here: {name}.", "InvalidField")

    def go_on(self, ingestion: Ingestion) -> None:
        """One step each time somebody asks: Running with the first video done, then the end."""
        ingestion.asked += 1
        done = ingestion.videos[: 1 if ingestion.asked == 1 else None]
        for video in done[len(ingestion.details) :]:
            error = self._take(video)
            failed = {"error": error} if error else {}
            details = {"lastUpdateTime": WHEN["createdDateTime"], **video.shown(), "succeeded": not error, **failed}
            ingestion.details.append(details)
        good = [item["succeeded"] for item in ingestion.details]
        ended = "Completed" if all(good) else "PartiallySucceeded" if any(good) else "Failed"
        ingestion.state = "Running" if ingestion.asked == 1 else ended

    def _take(self, video: Video) -> dict | None:
        if video.mode == "add" and video.file() not in {path.name for path in VIDEOS.glob("*.mp4")}:
            inner = {"code": "DownloadFailed", "message": f"There is no file {video.file()} at that address."}
            return {"code": "InvalidVideo", "message": "The video could not be read.", "innerError": inner}
        if video.mode != "add" and video.documentId not in self.documents:
            return {"code": "DocumentNotFound", "message": "The index has no such document."}
        metadata = {name.lower(): value for name, value in video.metadata.items()}
        if video.mode == "remove":
            del self.documents[video.documentId]
        elif video.mode == "update":
            self.documents[video.documentId] = self.documents[video.documentId].model_copy(
                update={"metadata": metadata}
            )
        else:
            self.documents[video.documentId] = video.model_copy(update={"metadata": metadata})
        return None

    def hits(self, query: Query) -> list[dict]:
        filters = query.filters
        for entry in [*filters.stringFilters, *filters.datetimeFilters]:
            self.field_type(entry.fieldName, filterable=True)
        asked = set(re.findall(r"\w+", query.queryText.lower())) - FUNCTION_WORDS
        found = []
        with open(VIDEOS / "moments.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        # None of our videos has speech in it.
        for document in [] if filters.featureFilters == ["speech"] else self.documents.values():
            for row in rows if _passes(document, filters) else []:
                share = len(asked & set(re.findall(r"\w+", row["what"].lower()))) / max(len(asked), 1)
                if row["video"] == document.file() and share:
                    start, end = float(row["start"]), float(row["end"])
                    times = {"start": start, "end": end, "best": (start + end) / 2}
                    # Constructed: 0.3 times the share of the query's words; the published frames have about 0.24.
                    found.append(
                        {"documentId": document.documentId, "documentKind": "VideoFrame"}
                        | {name: moments.timespan(at) for name, at in times.items()}
                        | {"relevance": round(0.3 * share, 4)}
                        | ({"additionalMetadata": document.metadata} if document.metadata else {})
                    )
        return found


def _passes(document: Video, filters: Filters) -> bool:
    def time(text: str) -> datetime:
        return datetime.fromisoformat(moments.date_time(text))

    for entry in filters.stringFilters:
        if document.metadata.get(entry.fieldName.lower()) not in entry.values:
            return False
    for entry in filters.datetimeFilters:
        at = document.metadata.get(entry.fieldName.lower())
        if at is None or time(at) < time(entry.startTime or at) or time(at) > time(entry.endTime or at):
            return False
    return True


def routes(api: Any) -> list[Route]:
    """The routes of any *.cognitiveservices.azure.com host, with a memory of their own. Any key but `wrong` will do."""
    indexes: dict[str, Index] = {}

    def index_of(request: Request, name: str = "") -> Index:
        name = name or request.path_params["index"]
        if name not in indexes:
            raise Refused(404, "NotFound", f"Index {name} not found.", "IndexNotFound")
        return indexes[name]

    def create(request: Request, body: bytes) -> Response:
        name, made = request.path_params["index"], _read(IndexBody, body)
        if name in indexes:  # 409 and the inner codes are our choice
            raise Refused(409, "Conflict", f"Index {name} exists already.", "IndexExists")
        for entry in made.metadataSchema.fields:
            entry.name = entry.name.lower()
        for feature in made.features:
            feature.modelVersion = {"vision": "2023-05-31", "speech": "2023-06-30"}[feature.name]
        indexes[name] = Index(name, made)
        return JSONResponse(indexes[name].shown(), 201)

    def get(request: Request, body: bytes) -> Response:
        return JSONResponse(index_of(request).shown())

    def change(request: Request, body: bytes) -> Response:
        index = index_of(request)
        changed = _read(IndexChange, body)
        index.body = index.body.model_copy(update={n: v for n, v in changed if v is not None})
        for entry in index.body.metadataSchema.fields:
            entry.name = entry.name.lower()
        return JSONResponse(index.shown())

    def delete(request: Request, body: bytes) -> Response:
        del indexes[index_of(request).name]
        return Response(status_code=204)

    def list_indexes(request: Request, body: bytes) -> Response:
        return _part(request, [index.shown() for index in indexes.values()])

    def ingest(request: Request, body: bytes) -> Response:
        index, name, asked = index_of(request), request.path_params["ingestion"], _read(IngestionBody, body)
        if name in index.ingestions:  # our choice
            raise Refused(409, "Conflict", f"Ingestion {name} exists already.", "IngestionExists")
        for video in asked.videos:
            for label, value in video.metadata.items():
                if index.field_type(label) == "datetime":
                    _time(label, value)
        index.ingestions[name] = made = Ingestion(name, asked.videos)
        here = f"https://{request.path_params['host']}/computervision/retrieval/indexes/{index.name}/ingestions/{name}"
        return JSONResponse(made.shown(), 202, headers={"operation-location": f"{here}?api-version={VERSION}"})

    def get_ingestion(request: Request, body: bytes) -> Response:
        index, name = index_of(request), request.path_params["ingestion"]
        if name not in index.ingestions:
            raise Refused(404, "NotFound", f"Ingestion {name} not found.", "IngestionNotFound")
        index.go_on(index.ingestions[name])
        return JSONResponse(index.ingestions[name].shown())

    def list_ingestions(request: Request, body: bytes) -> Response:
        return _part(request, [ingestion.shown() for ingestion in index_of(request).ingestions.values()])

    def list_documents(request: Request, body: bytes) -> Response:
        documents = index_of(request).documents.values()
        return _part(request, [{**video.shown(), "metadata": video.metadata, **WHEN} for video in documents])

    def search(request: Request, body: bytes) -> Response:
        index, query = index_of(request), _read(Query, body)
        for entry in query.filters.datetimeFilters:
            for at in filter(None, (entry.startTime, entry.endTime)):
                _time(entry.fieldName, at)
        asked = [index, *(index_of(request, name) for name in query.additionalIndexNames)]
        hits = sorted((hit for index in asked for hit in index.hits(query)), key=lambda hit: -hit["relevance"])
        hits = hits[query.skip : query.skip + query.top]
        # The place of the next page in its link, and that it is asked for with the same body: our choice.
        begin = _number(request, "$skip", 0)
        more = f"https://{request.path_params['host']}/computervision/retrieval/indexes/{index.name}:queryByText"
        link = {"nextLink": f"{more}?api-version={VERSION}&$skip={begin + PAGE}"} if hits[begin + PAGE :] else {}
        return JSONResponse({"value": hits[begin : begin + PAGE], **link})

    def route(path: str, method: str, act: Callable[[Request, bytes], Response]) -> Route:
        async def answer(request: Request) -> Response:
            api.requests.append(f"{method} {request.url.path}")
            try:
                _check(request)
                response = act(request, await request.body())
            except Refused as error:
                response = JSONResponse(error.body, error.status)
            except Exception as error:  # a hole in this server, not an answer of the service
                api.unanswered.append(f"the local video retrieval failed: {error!r}")
                response = JSONResponse(Refused(500, "InternalServerError", repr(error)).body, 500)
            response.headers["x-course-source"] = "constructed"
            return response

        return Route(f"/{{host}}/computervision/retrieval/indexes{path}", answer, methods=[method])

    return [
        route("/{index}:queryByText", "POST", search),
        route("", "GET", list_indexes),
        route("/{index}/ingestions", "GET", list_ingestions),
        route("/{index}/ingestions/{ingestion}", "PUT", ingest),
        route("/{index}/ingestions/{ingestion}", "GET", get_ingestion),
        route("/{index}/documents", "GET", list_documents),
        route("/{index}", "PUT", create),
        route("/{index}", "GET", get),
        route("/{index}", "PATCH", change),
        route("/{index}", "DELETE", delete),
    ]


def _check(request: Request) -> None:
    if not request.path_params["host"].endswith(".cognitiveservices.azure.com"):
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


def _time(name: str, value: str) -> None:
    try:
        moments.date_time(value)
    except ValueError:
        raise Refused(400, "InvalidRequest", f"{name} is no date and time.", "InvalidParameter") from None


def _number(request: Request, name: str, default: int) -> int:
    value = request.query_params.get(name, str(default))
    if not value.isdecimal():
        raise Refused(400, "InvalidRequest", f"{name} is a whole number.", "InvalidParameter")
    return int(value)


def _part(request: Request, items: list[dict]) -> Response:
    skip, top = _number(request, "$skip", 0), _number(request, "$top", len(items))
    return JSONResponse({"value": items[skip : skip + top]})

"""Azure AI Vision's video retrieval, which found moments in videos by text until it was retired on 2025-06-30.

    vision = VideoRetrieval("https://my-vision.cognitiveservices.azure.com", key)
    vision.create_index("cameras", {"cameraId": "string"})
    vision.add_videos("cameras", "first", [{"documentId": "camera1", "documentUrl": url}])
    vision.wait("cameras", "first")
    hits = vision.search("cameras", "a red cup")

What the service would refuse, or drop without a word, `azure_checks.py` refuses first; `azure_calls.py` asks.
"""

import os
import sys
import time
import warnings
from dataclasses import dataclass

from tqdm import tqdm

from helpers.video.moments import Hit, seconds

from . import azure_checks as checks
from .azure_calls import RETIRED, Service, read
from .azure_checks import AzureVideoError
from .recording import session as recording
from .recording.readable import mask

__all__ = ["AzureVideoError", "IngestedVideo", "Ingestion", "VideoRetrieval"]

FINISHED = ("completed", "partiallysucceeded", "failed")
MAX_PAGES = 100  # a service that names a next page for ever is left there


@dataclass(frozen=True)
class IngestedVideo:
    """What became of one video, and why where it failed."""

    document_id: str
    succeeded: bool
    reason: str = ""


@dataclass(frozen=True)
class Ingestion:
    """Videos on their way into an index. `state` is as the service writes it, `videos` those that it speaks of."""

    name: str
    state: str
    videos: tuple[IngestedVideo, ...] = ()
    reason: str = ""


class VideoRetrieval:
    """A client of one Vision resource. `endpoint` is its https address, with or without /computervision at its end.

    Every method raises AzureVideoError: before any call for what is wrong on this side, after it for what the service
    refuses. The key goes to the endpoint's host alone, and into no message.
    """

    def __init__(self, endpoint: str, key: str):
        self._service = Service(endpoint, key)
        self._schemas: dict[str, dict[str, str]] = {}  # index -> name of a field in small letters -> type
        self._sizes: dict[tuple[str, str], int] = {}  # index and ingestion -> videos
        if recording.mode() != "replay" and not os.environ.get("COURSE_UPSTREAM"):
            warnings.warn(RETIRED, UserWarning, stacklevel=2)

    def __repr__(self) -> str:
        return f"VideoRetrieval({self._service.endpoint!r})"

    def create_index(self, index: str, fields: dict | None = None, *, domain="generic", speech=False) -> dict:
        """Make an index. `fields` are the metadata that its videos may have: name -> "string" or "datetime".

        A field is filterable and not searchable, unless given as {"type": …, "searchable": …, "filterable": …}.
        `domain` is "generic" or "surveillance"; with `speech`, what is said is indexed too.
        """
        path, body = checks.path(index), checks.index(fields or {}, domain, bool(speech))
        answer = self._service.call("PUT", path, body)
        self._schemas[index] = _types(body["metadataSchema"])
        return answer

    def get_index(self, index: str) -> dict:
        """What the service says about an index; it gives the names of fields in small letters."""
        answer = self._service.call("GET", checks.path(index))
        self._schemas[index] = read(_types, answer.get("metadataSchema") or {})
        return answer

    def delete_index(self, index: str) -> None:
        """Delete an index with all that was read out of its videos; the video files stay where they are."""
        self._service.call("DELETE", checks.path(index))
        self._schemas.pop(index, None)

    def add_videos(self, index: str, ingestion: str, videos: list[dict], *, transcript=False) -> Ingestion:
        """Have videos fetched and read in the background, under the name `ingestion`; `wait` says when that is done.

        A video has a documentId that you choose, a documentUrl where the service can fetch it (in Azure Storage with a
        SAS), perhaps metadata, and a mode: "add", "update" (its metadata alone) or "remove"; "add" if none is given.
        """
        path, notes = checks.path(index, ingestion), []
        checked = checks.videos(videos, notes)
        if any(video.get("metadata") for video in checked):
            if index not in self._schemas:
                self.get_index(index)
            checked = [checks.with_metadata(video, self._schemas[index], notes) for video in checked]
        _say(notes)
        answer = self._service.call("PUT", path, {"videos": checked, "includeSpeechTranscript": bool(transcript)})
        self._sizes[index, ingestion] = len(checked)
        return self._ingestion({"name": ingestion, "state": "NotStarted"} | answer)

    def ingestion(self, index: str, ingestion: str) -> Ingestion:
        """How far this ingestion is, whichever others the index has."""
        # What `detailLevel` may say is published nowhere, so it is left to the service.
        return self._ingestion(self._service.call("GET", checks.path(index, ingestion)))

    def wait(self, index: str, ingestion: str, *, timeout: float = 1800, first: float = 1.0) -> Ingestion:
        """Ask until the ingestion is done: again after `first` seconds, then after twice as long, up to 30 s.

        Prints why a video failed where others came through. Raises AzureVideoError with the reasons when all failed,
        and after `timeout` seconds: then the service works on, and `wait` may be called again.
        """
        until, pause, total = time.monotonic() + timeout, first, self._sizes.get((index, ingestion), 1)
        # No rates, no times, one width, plain letters: what a notebook stores of it is the same each time.
        look = {"bar_format": "{desc} |{bar}| {n_fmt} of {total_fmt} videos", "ncols": 79, "ascii": " #"}
        with tqdm(total=total, desc=ingestion, file=sys.stdout, **look) as bar:
            while True:
                found = self.ingestion(index, ingestion)
                state = found.state.lower()
                bar.total = max(total, len(found.videos))
                bar.n = bar.total if state == "completed" else sum(video.succeeded for video in found.videos)
                bar.set_description_str(f"{ingestion}: {found.state}")
                left = until - time.monotonic()
                if state in FINISHED or left <= 0:
                    break
                time.sleep(min(pause, left))
                pause = min(2 * pause, 30)
        if state not in FINISHED:
            raise AzureVideoError(f"After {timeout:g} s {ingestion} is still {found.state}. To go on, call wait again.")
        bad = [f"{video.document_id}: {video.reason}" for video in found.videos if not video.succeeded]
        if state != "completed" and not bad:
            bad = [found.reason or "The service does not say which video failed, or why."]
        if state == "failed":
            raise AzureVideoError(f"No video was added. {' '.join(bad)} Correct that, and add them as a new ingestion.")
        for reason in bad:
            print(reason)
        return found

    def search(self, index: str, query: str, *, strings=None, times=None, features=None, top: int = 10) -> list[Hit]:
        """The `top` moments that fit `query` best, from as many pages of answers as that takes.

        `strings` keeps videos with one of some values: {"cameraId": ["1", "2"]}; `times` those between two times:
        {"timestamp": ("2023-06-30T17:00:00Z", "2023-06-30T18:00:00Z")}; `features` are of "vision" and "speech".
        """
        path, notes, hits = f"{checks.path(index)}:queryByText", [], []
        body = checks.query(query, self._schemas.get(index), strings, times, features, top, notes)
        _say(notes)
        for _ in range(MAX_PAGES):
            # How the next page is asked for is published nowhere: unverified. Here with the same body.
            page = self._service.call("POST", path, body)
            hits += read(lambda value: [_hit(item) for item in value], page.get("value"))
            if len(hits) >= top or not page.get("nextLink"):
                break
            path = self._service.own_link(page["nextLink"])
        return hits[:top]

    def _ingestion(self, answer: dict) -> Ingestion:
        def video(item: dict) -> IngestedVideo:
            done = item["succeeded"] is True
            return IngestedVideo(item["documentId"], done, "" if done else self._service.reason(item.get("error")))

        videos = read(lambda items: tuple(map(video, items)), answer.get("fileStatusDetails") or [])
        reason = self._service.reason(answer["error"]) if answer.get("error") else ""
        return Ingestion(answer.get("name") or "", str(answer.get("state")), videos, reason)


def _types(schema: dict) -> dict[str, str]:
    return {field["name"].lower(): field["type"] for field in schema.get("fields") or []}


def _hit(item: dict) -> Hit:
    # Of a hit's fields the reference promises the relevance alone.
    times = {name: seconds(item[name]) for name in ("start", "end", "best") if item.get(name)}
    start = times.get("start", 0.0)
    end, best, relevance = times.get("end", start), times.get("best", start), float(item.get("relevance") or 0)
    metadata, kind = item.get("additionalMetadata") or {}, item.get("documentKind") or "VideoFrame"
    return Hit(item.get("documentId") or "", start, end, best, relevance, metadata, kind)


def _say(notes: list[str]) -> None:
    for note in notes[:6]:
        print(mask(note, set()))
    if len(notes) > 6:
        print(f"And {len(notes) - 6} more like these.")

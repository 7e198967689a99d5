"""The recording of a lesson as vcrpy plays it: which answer for which cell, and in which order."""

import os
import threading
from datetime import date
from pathlib import Path

from vcr.cassette import Cassette

from .. import CourseError
from . import readable
from .clients import PlayedFault
from .nearest import explain
from .shape import Interaction, RecordedRequest, Recording, cell_digest, load


class NotRecorded(CourseError):
    """Replay was asked for something that is not in the lesson's recording. The SDK passes it on and does not retry."""


class Tape(Cassette):
    """A vcrpy cassette that reads our files and knows which cell asks.

    Each interaction belongs to the cell that asked for it. Running that cell again plays its own interactions from
    the first on; another cell (a learner's, or an edited one) is served from all of them, onwards from where the tape
    stands.
    """

    def __init__(self, path: Path, lesson: str, mode: str, model: str):
        super().__init__(path)
        self.mode, self.model, self.cell, self.last = mode, model, None, -1
        self.lock, self.played, self.cell_ids, self.runs = threading.RLock(), set(), {}, {}
        self.recording = load(path) if mode == "replay" or path.is_file() else Recording(lesson=lesson)
        self.kept = []
        if mode == "record":
            old = self.recording.interactions
            # What no live service gives is played once more while recording, and so kept.
            self.kept = [i for i in old if i.fault or i.staged or _is_of_a_retired_service(i)]
            # Each cell that runs replaces what it asked before; what no cell asked has nobody to replace it.
            self.recording.interactions = [item for item in old if item.cell]

    def begin_cell(self, source: str, cell_id: str | None = None) -> None:
        """A cell is about to run: its own interactions are played from the first on."""
        digest = cell_digest(source)
        with self.lock:
            if self.mode == "record":
                self.cell = self._nth(digest, cell_id, None)
                others = [i for i in self.recording.interactions if i.cell != self.cell]
                if len(others) < len(self.recording.interactions):
                    self.recording.interactions = others
                    self.recording.save(self._path)
                return
            twins = sorted({i.cell for i in self.recording.interactions if i.cell.split("-")[0] == digest})
            if twins:
                self.cell = self._nth(digest, cell_id, len(twins))
                self.cell_ids[cell_id] = self.cell
            else:
                # A cell edited in JupyterLab keeps its id, and so its place on the tape.
                self.cell = self.cell_ids.get(cell_id) if cell_id else None
            self.played -= {n for n, i in enumerate(self.recording.interactions) if i.cell == self.cell}

    def _nth(self, digest: str, cell_id: str | None, count: int | None) -> str:
        """`digest`, or `digest-2` … for the second cell with the same source, as `info.cell_id` or the order tells."""
        seen = self.runs.setdefault(digest, [])
        if cell_id is None or cell_id not in seen:
            seen.append(cell_id)
        n = len(seen) if cell_id is None else seen.index(cell_id) + 1
        if count:
            n = (n - 1) % count + 1 if cell_id is None else min(n, count)
        return digest if n == 1 else f"{digest}-{n}"

    # --- what vcrpy calls ---

    def can_play_response_for(self, request) -> bool:
        # In replay always: `play_response` then plays or raises, and no socket is ever opened.
        return self.mode == "replay" or self._kept(request) is not None

    def play_response(self, request) -> dict:
        with self.lock:
            if self.mode == "record":
                item = self._kept(request)
                self.kept.remove(item)
                self._add(item.model_copy(update={"cell": self.cell or ""}))
            else:
                item = self._choose(self._asked(request))
        if item.fault:
            raise PlayedFault(item.fault, item.response)
        return item.response.for_vcr()

    def append(self, request, response) -> None:
        said = {name.lower(): values[0] for name, values in response["headers"].items()}
        marks = said.get("x-course-source", "live").split() if os.environ.get("COURSE_UPSTREAM") else ["live"]
        answer = readable.recorded_response(response, dict(request.headers), request.body_bytes)
        fault = said.get("x-course-fault") if marks != ["live"] else None
        item = Interaction(
            cell=self.cell or "",
            source=marks[0],
            wrong_on_purpose="wrong-on-purpose" in marks,
            staged="staged" in marks,
            request=self._asked(request),
            response=answer if answer.body() or not fault else None,
            fault=fault,
        )
        if item.source == "live":
            item.model = answer.about().get("model")
            item.date = date.today().isoformat()
        with self.lock:
            self._add(item)
        if item.fault:
            raise PlayedFault(item.fault, item.response)

    def _add(self, item: Interaction) -> None:
        self.recording.interactions.append(item)
        self.recording.save(self._path)

    def _asked(self, request) -> RecordedRequest:
        body = request.body_bytes
        return readable.recorded_request(request.method, request.uri, dict(request.headers), body, self.model)

    def _kept(self, request) -> Interaction | None:
        asked = self._asked(request)
        if readable.is_azure(asked.url) and not _asks_nobody(request):
            return None  # a resource of one's own can answer what was staged for those who have none
        return next((item for item in self.kept if _matches(item.request, asked)), None)

    def _choose(self, asked: RecordedRequest) -> Interaction:
        matches = [n for n, i in enumerate(self.recording.interactions) if _matches(i.request, asked)]
        if not matches:
            raise NotRecorded(explain(asked, self.recording))
        own = [n for n in matches if self.recording.interactions[n].cell == self.cell]
        fresh = [n for n in own or matches if n not in self.played]
        onwards = [n for n in fresh if own or n >= self.last]
        # A poll that is asked once more than recorded gets its last state again.
        self.last = (onwards or fresh or own or matches)[0 if fresh else -1]
        self.played.add(self.last)
        return self.recording.interactions[self.last]


def _asks_nobody(request) -> bool:
    nowhere = readable.NO_RESOURCE in request.uri or ".invalid/" in request.uri
    return nowhere or readable.NO_TOKEN in str(dict(request.headers))


def _is_of_a_retired_service(item: Interaction) -> bool:
    # The local API still gives these answers, and then they are recorded anew.
    retired = item.source == "constructed" and readable.RETIRED_SERVICE in item.request.url
    return retired and not os.environ.get("COURSE_UPSTREAM")


def _matches(recorded: RecordedRequest, asked: RecordedRequest) -> bool:
    names = ("method", "url", "content_type")
    return all(getattr(recorded, name) == getattr(asked, name) for name in names) and readable.same(
        recorded.body, asked.body
    )

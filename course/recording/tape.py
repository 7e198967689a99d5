"""The recording of a lesson as it is played: which answer for which cell, and in which order; and as it is made."""

import threading
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from .. import CourseError
from . import readable, shape
from .clients import PlayedFault
from .nearest import explain
from .pictures import bodies_match
from .shape import Interaction, RecordedRequest, Recording, RecordingError

# What depends on who asks, and when: the same request may be answered well a moment later.
_PASSING = (401, 403, 408, 409, 429)


class NotRecorded(CourseError):
    """Replay was asked for something that is not in the lesson's recording. The SDK passes it on and does not retry."""


class Tape:
    """A recording, and which cell asks.

    Each interaction belongs to the cell that asked for it. Running that cell again plays its own interactions from
    the first on; another cell (a learner's, or an edited one) is served from all of them, onwards from where the tape
    stands, and never with what went wrong in another cell if the same request was answered well.
    """

    def __init__(self, path: Path, lesson: str, mode: str, model: str):
        self.path, self.mode, self.model, self.cell, self.last = path, mode, model, "", -1
        self.lock, self.played, self.unsaved = threading.RLock(), set[int](), False
        self.cell_ids: dict[str | None, str] = {}
        self.runs: dict[str, list[str | None]] = {}
        self.recording = shape.load(path) if mode == "replay" or path.is_file() else Recording(lesson=lesson)
        self.kept: list[Interaction] = []
        if mode == "record":
            old = self.recording.interactions
            self.recording.save(path, keep=False)
            # What no live service gives is played once more while recording, and so kept.
            self.kept = [item for item in old if item.fault or item.staged or self.is_retired(item)]
            # Each cell that runs replaces what it asked before; what no cell asked has nobody to replace it.
            self.recording.interactions = [item for item in old if item.cell]

    def begin_cell(self, source: str, cell_id: str | None = None) -> None:
        """A cell is about to run: its own interactions are played from the first on, or recorded again."""
        digest, items = shape.cell_digest(source), self.recording.interactions
        with self.lock:
            if self.mode == "record":
                self.cell = self._nth(digest, cell_id, None)
                others = [item for item in items if item.cell != self.cell]
                if len(others) < len(items):
                    self.recording.interactions = others
                    self._save()
                return
            if twins := {item.cell for item in items if item.cell.split("-")[0] == digest}:
                self.cell = self.cell_ids[cell_id] = self._nth(digest, cell_id, len(twins))
            else:
                # A cell edited in JupyterLab keeps its id, and so its place on the tape.
                self.cell = self.cell_ids.get(cell_id, "") if cell_id else ""
            self.played -= {n for n, item in enumerate(items) if item.cell == self.cell}

    def _nth(self, digest: str, cell_id: str | None, count: int | None) -> str:
        """`digest`, or `digest-2` … for the second cell with the same source, as `info.cell_id` or the order tells."""
        seen = self.runs.setdefault(digest, [])
        if cell_id is None or cell_id not in seen:
            seen.append(cell_id)
        n = len(seen) if cell_id is None else seen.index(cell_id) + 1
        if count:
            n = (n - 1) % count + 1 if cell_id is None else min(n, count)
        return digest if n == 1 else f"{digest}-{n}"

    # --- what vcrpy calls, by way of clients.py ---

    def can_play(self, request) -> bool:
        # In replay always: `play` then plays or raises, and no socket is ever opened.
        if self.mode == "replay":
            return True
        if self.unsaved:  # before more is paid for
            self.finish()
        return self._find_kept(request) is not None

    def play(self, request) -> dict:
        with self.lock:
            item = self._find_kept(request)
            if item:
                self.kept.remove(item)
                self._add(item.model_copy(update={"cell": self.cell}))
            else:
                item = self._choose(request)
        if item.fault:
            raise PlayedFault(item.fault, item.response)
        return item.response.for_vcr()  # type: ignore[union-attr]  # the shape sees to it that one is there

    def append(self, request, response) -> Interaction:
        """Store what a service has just answered."""
        item = self.interaction(request, response)
        with self.lock:
            self._add(item)
        return item

    def finish(self) -> None:
        """Write what could not be written before. Raises RecordingError when that still fails."""
        if self.unsaved:
            self.recording.save(self.path)
            self.unsaved = False

    # --- what tests put something else in the place of (tests/api/redirect.py) ---

    def asked(self, request) -> RecordedRequest:
        method, url, headers, body = request.method, request.uri, dict(request.headers), request.body_bytes
        asked = readable.recorded_request(method, url, headers, body, self.model)
        if self.mode == "replay" and readable.is_wrong_host(asked.url, url):
            asked.url = f"https://{urlsplit(url).hostname}{asked.url}"
        return asked

    def interaction(self, request, response) -> Interaction:
        asked, answer = self.asked(request), readable.recorded_response(response, dict(request.headers))
        named, today = answer.about().get("model"), date.today().isoformat()
        return Interaction(cell=self.cell, source="live", model=named, date=today, request=asked, response=answer)

    def is_retired(self, item: Interaction) -> bool:
        return item.source == "constructed" and readable.RETIRED_SERVICE in item.request.url

    # --- which one ---

    def _add(self, item: Interaction) -> None:
        self.recording.interactions.append(item)
        self._save()

    def _save(self) -> None:
        try:
            self.recording.save(self.path)
            self.unsaved = False
        except RecordingError:
            # The answer was paid for, so it is handed on first; the next request, or `stop`, tries again and says so.
            self.unsaved = True

    def _find_kept(self, request) -> Interaction | None:
        if self.mode == "replay" or not self.kept:
            return None
        asked = self.asked(request)
        nobody = readable.NO_RESOURCE in request.uri or ".invalid/" in request.uri
        if readable.is_azure(asked.url) and not nobody and readable.NO_TOKEN not in str(dict(request.headers)):
            return None  # a resource of one's own can answer what was staged for those who have none
        return next((item for item in self.kept if _matches(item.request, asked)), None)

    def _choose(self, request) -> Interaction:
        asked, items = self.asked(request), self.recording.interactions
        matches = [n for n, item in enumerate(items) if _matches(item.request, asked)]
        if not matches:
            raise NotRecorded(explain(asked, self.recording, self.cell))
        own = [n for n in matches if self.cell and items[n].cell == self.cell]
        ours = own or [n for n in matches if _went_well(items[n])] or matches
        fresh = [n for n in ours if n not in self.played]
        onwards = [n for n in fresh if own or n >= self.last]
        # A poll that is asked once more than recorded gets its last state again.
        self.last = (onwards or fresh or ours)[0 if fresh else -1]
        self.played.add(self.last)
        return items[self.last]


def _went_well(item: Interaction) -> bool:
    status = item.response.status if item.response else 500
    return not item.fault and not item.staged and status < 500 and status not in _PASSING


def _matches(recorded: RecordedRequest, asked: RecordedRequest) -> bool:
    names = ("method", "url", "content_type")
    same = all(getattr(recorded, name) == getattr(asked, name) for name in names)
    return same and bodies_match(recorded.body, asked.body)

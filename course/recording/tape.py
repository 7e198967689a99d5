"""The recording of a lesson as it is played: which answer for which cell, and in which order; and as it is made."""

import threading
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from . import readable, shape
from .clients import Answer, Sent
from .not_recorded import NotRecorded, explain
from .readable import bodies_match
from .shape import Interaction, RecordedRequest, Recording, RecordingError

# What depends on who asks, and when: the same request may be answered well a moment later.
_PASSING = (401, 403, 408, 409, 429)


class Tape:
    """A recording, and which cell asks.

    A cell that asked is answered from its own interactions, first to last, again each time it runs. Any other cell is
    served from all of them, onwards from where the tape stands, and never with what went wrong in another cell if the
    same request was answered well.
    """

    def __init__(self, path: Path, lesson: str, mode: str, model: str):
        self.path, self.mode, self.model, self.cell, self.last = path, mode, model, "", -1
        self.lock, self.played, self.unsaved = threading.RLock(), set[int](), False
        self.cell_ids: dict[str | None, str] = {}
        self.recording = shape.load(path) if mode == "replay" or path.is_file() else Recording(lesson=lesson)
        self.kept: list[Interaction] = []
        if mode == "record":
            self.recording.save(path)  # so a full disk is known before anything is paid for
            old = self.recording.interactions
            # What the API itself does not give, or not on demand, is played once more while recording, and so kept.
            self.kept = [i for i in old if i.fault or i.staged or not i.request.url.startswith("/v1/")]
            # Each cell that runs replaces what it asked before; what no cell asked has nobody to replace it.
            self.recording.interactions = [item for item in old if item.cell]

    def begin_cell(self, source: str, cell_id: str | None = None) -> None:
        """Play the interactions of the cell that is about to run from the first on, or record them again."""
        digest, items = shape.cell_digest(source), self.recording.interactions
        with self.lock:
            known = self.mode == "record" or any(item.cell == digest for item in items)
            # A cell edited in JupyterLab keeps its id, and so its place on the tape.
            self.cell = digest if known else self.cell_ids.get(cell_id, "")
            if cell_id:
                self.cell_ids[cell_id] = self.cell
            own = {n for n, item in enumerate(items) if item.cell == self.cell}
            self.played -= own
            if self.mode == "record" and own:
                self._replace_all([item for n, item in enumerate(items) if n not in own])

    def play(self, sent: Sent) -> Answer | None:
        """Give the recorded answer; None where the service is to be asked, which is never in replay."""
        asked = readable.recorded_request(*sent, self.model)
        with self.lock:
            kept = next((item for item in self.kept if bodies_match(vars(item.request), vars(asked))), None)
            if self.mode == "record" and not kept:
                self.finish()  # before more is paid for
                return None
            item = kept or self._choose(asked)
            if kept:
                self.kept.remove(kept)
                self._replace_all([*self.recording.interactions, kept.model_copy(update={"cell": self.cell})])
        if response := item.response:
            return Answer(response.status, response.headers, response.body(), item.fault)
        return Answer(0, {}, b"", item.fault)

    def store(self, answer: Answer, sent: Sent, **marks: Any) -> Answer:
        """Store what a service has just answered, with other fields from the tests; give what the client gets."""
        asked = readable.recorded_request(*sent, self.model)
        response = readable.recorded_response(answer.status, answer.headers, answer.body)
        about = {"source": "live", "model": response.about().get("model"), "date": date.today().isoformat()}
        item = Interaction(**{"cell": self.cell, "request": asked, "response": response, **about, **marks})
        with self.lock:
            self._replace_all([*self.recording.interactions, item])
        return answer

    def finish(self) -> None:
        """Write what could not be written before. Raises RecordingError when that still fails."""
        with self.lock:
            if self.unsaved:
                self.recording.save(self.path)
            self.unsaved = False

    def _replace_all(self, interactions: list[Interaction]) -> None:
        self.recording.interactions, self.unsaved = interactions, True
        # The answer was paid for, so it is handed on first; the next request, or `stop`, tries again and says so.
        with suppress(RecordingError):
            self.finish()

    def _choose(self, asked: RecordedRequest) -> Interaction:
        items = self.recording.interactions
        matches = [n for n, item in enumerate(items) if bodies_match(vars(item.request), vars(asked))]
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

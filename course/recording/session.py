"""Replay, live, record: where the answers of a lesson come from, and how that changes in one step."""

import os
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from . import environment, masking, publishing, readable, shape
from .clients import wrap_clients
from .environment import LiveModeError
from .shape import Interaction, RecordingError
from .tape import Tape

# The tape that plays or records; while it records, the lock on its file.
_state: Any = SimpleNamespace(tape=None, lock=None)


class Origin(NamedTuple):
    """Where an answer came from. `date` is ISO 8601 and set for answers recorded from a live service."""

    source: str
    model: str
    date: str | None = None
    wrong_on_purpose: bool = False


def model() -> str:
    """Return the model that every lesson asks: `VISION_MODEL`, or the course's default. In replay the default."""
    return _state.tape.model if _state.tape else os.environ.get("VISION_MODEL") or readable.DEFAULT_MODEL


def mode() -> str:
    """Return where answers come from now: "replay", "record" or "live"; live too before any `start`."""
    return _state.tape.mode if _state.tape else "live"


def start(lesson: str, mode: str | None = None) -> None:
    """Begin a lesson, or go on in another mode; then make a new `OpenAI()`. Where it fails, all stays as it was.

    Args:
        lesson: the name of its notebook, without .ipynb.
        mode: "replay", "live" or "record"; without it, the environment's `COURSE_MODE`, or replay.

    Raises:
        LiveModeError: no key, no resource of Azure, no such mode.
        RecordingError: no such lesson, or its file is damaged, can't be written, or is being recorded.
    """
    mode = mode or os.environ.get("COURSE_MODE") or "replay"
    if mode not in ("replay", "live", "record"):
        raise LiveModeError(f"There is no mode {mode!r}. Choose one of: replay, live, record.")
    path = Path(os.environ.get("COURSE_RECORDINGS") or shape.RECORDINGS) / f"{lesson}.json"
    recorded = _recorded(path)
    # A lesson that asks a resource of Azure OpenAI, with its key, and never OpenAI itself.
    on_azure = bool(recorded) and all(readable.is_azure(item.request.url) for item in recorded)
    keys = environment.find_keys(mode, on_azure)
    named = None if mode == "replay" or on_azure else environment.readers_variables().get("VISION_MODEL")
    if old := _state.tape:
        old.finish()
    with ExitStack() as undo:
        lock = _state.lock if mode == "record" and old and old.path == path else None
        if mode == "record" and not lock:
            lock = undo.enter_context(closing(shape.lock(path)))
        tape = None if mode == "live" else Tape(path, lesson, mode, named or readable.DEFAULT_MODEL)
        undo.pop_all()
    # From here on nothing fails.
    _play(tape, lock)
    environment.change(mode, on_azure, keys)
    masking.forget_secrets()
    wrap_clients(_tape_for)
    publishing.install(_before_cell)
    _announce(on_azure)


def stop() -> None:
    """End a lesson: requests are sent as usual, hidden variables are back. Raises RecordingError for a full disk."""
    tape = _state.tape
    _play(None, None)
    environment.change("live", False, {})
    if tape:
        tape.finish()


def origin(answer_id: str) -> Origin | None:
    """Return where the answer with this `id` came from; None for one that a live service has just given."""
    for item in _state.tape.recording.interactions if _state.tape else ():
        if item.response and (about := item.response.about()).get("id") == answer_id:
            named = item.model or about.get("model", "course-sample")
            return Origin(item.source, named, item.date, item.wrong_on_purpose)
    return None


def _play(tape: Tape | None, lock: Any) -> None:
    if _state.lock and _state.lock is not lock:
        _state.lock.close()
    _state.tape, _state.lock = tape, lock


def _before_cell(info) -> None:
    if _state.tape and not info.silent:
        _state.tape.begin_cell(info.raw_cell, info.cell_id)


def _recorded(path: Path) -> list[Interaction]:
    """Return what is known of a lesson, here or in the course's own recordings; going live needs none."""
    for file in (path, shape.RECORDINGS / path.name):
        with suppress(RecordingError):
            return shape.load(file).interactions
    return []


def _announce(on_azure: bool) -> None:
    """Print one line: the mode, and how many answers are recorded or who is asked."""
    if mode() == "replay":
        answers = sum(item.response is not None for item in _state.tape.recording.interactions)
        print(f"Replay: {answers} recorded answer{'s' * (answers != 1)}, no request leaves this machine.")
        return
    base = os.environ.get("AZURE_OPENAI_ENDPOINT" if on_azure else "OPENAI_BASE_URL")
    asked = f"deployment {readable.deployment()}" if on_azure else f"model {model()}"
    stored = f" Answers are stored in {_state.tape.path.name}." if _state.tape else ""
    host = masking.shown_address(base) if base else "api.openai.com"
    print(f"{mode().title()}: requests go to {host}, {asked}.{stored}")


def _tape_for(headers: Mapping) -> Tape | None:
    """Return what answers a request, None for the service itself.

    A client made in replay is refused there: it would ask the wrong host, with a key that is none.
    """
    if not _state.tape and environment.REPLAY_KEY in f"{headers.get('authorization')} {headers.get('api-key')}":
        what = "This client, or these headers, were made in replay"
        raise LiveModeError(f"{what}. Make them again, for instance client = OpenAI(), and then ask.")
    return _state.tape

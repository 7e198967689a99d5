"""Replay, live, record: where the answers of a lesson come from, and how that changes in one step."""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from vcr.patch import CassettePatcherBuilder

from helpers import tokens

from . import environment, masking, notebook, publishing, readable, shape
from .clients import CurrentTape, one_at_a_time, wrap_clients
from .environment import LiveModeError
from .shape import Interaction, RecordingError
from .tape import Tape

MODES = ("replay", "live", "record")


@dataclass(frozen=True)
class Origin:
    """Where an answer came from. `date` is ISO 8601 and set for answers recorded from a live service."""

    source: str
    model: str
    date: str | None = None
    wrong_on_purpose: bool = False


@dataclass
class _State:
    tape: Tape | None = None
    lock: sqlite3.Connection | None = None
    patches: ExitStack = field(default_factory=ExitStack)


_state = _State()


def model() -> str:
    """Return the model that every lesson asks: `VISION_MODEL`, or the course's default. In replay the default."""
    return _state.tape.model if _state.tape else os.environ.get("VISION_MODEL") or readable.DEFAULT_MODEL


def mode() -> str:
    """Return where answers come from now: "replay", "record" or "live"; live too before any `start`."""
    return _state.tape.mode if _state.tape else "live"


def start(lesson: str, mode: str | None = None) -> None:
    """Begin a lesson: from here on, requests are answered as `mode` says.

    May be called again at any time, for instance to go live in the middle of a lesson; then make a new `OpenAI()`.

    Args:
        lesson: the name of its notebook, without .ipynb.
        mode: "replay", "live" or "record"; without it, the environment's `COURSE_MODE`, or replay.

    Raises:
        LiveModeError: before any request: no key, no resource of Azure, no such mode.
        RecordingError: likewise: no such lesson, or its file is damaged, can't be written, or is being recorded.
    """
    mode = mode or os.environ.get("COURSE_MODE") or "replay"
    if mode not in MODES:
        raise LiveModeError(f"There is no mode {mode!r}. Choose one of: {', '.join(MODES)}.")
    # What can fail comes first: then the mode stays as it was, and no request goes astray.
    path = Path(os.environ.get("COURSE_RECORDINGS") or shape.RECORDINGS) / f"{lesson}.json"
    recorded = _recorded(path)
    # A lesson that asks a resource of Azure OpenAI, with its key, and never OpenAI itself.
    on_azure = bool(recorded) and all(readable.is_azure(item.request.url) for item in recorded)
    keys = environment.find_keys(mode, on_azure)
    named = None if mode == "replay" or on_azure else environment.readers_variables().get("VISION_MODEL")
    if _state.tape:
        _state.tape.finish()
    with ExitStack() as undo:
        lock = _state.lock if _state.tape and _state.tape.path == path else None
        if mode == "record" and not lock:
            lock = undo.enter_context(closing(shape.lock(path)))
        tape = Tape(path, lesson, mode, named or readable.DEFAULT_MODEL) if mode != "live" else None
        undo.pop_all()
    _play(tape, lock if mode == "record" else None)
    environment.change(mode, on_azure, keys)
    masking.forget_secrets()
    wrap_clients(_refuse_replays_key, lambda: _state.tape is not None)
    publishing.install()
    if (running := notebook.join(_before_cell)) and tape:
        tape.begin_cell(running)
    if not tape:
        _say_what_it_costs(recorded, on_azure)


def stop() -> None:
    """End a lesson: requests are sent as usual, and the variables that replay has hidden are back.

    Raises RecordingError if an answer could not be written, and still can't.
    """
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


def _play(tape: Tape | None, lock: sqlite3.Connection | None) -> None:
    """Answer requests from this tape. From one tape to the next, vcrpy stays in its place: nothing slips through."""
    with one_at_a_time:
        if tape and not _state.tape:
            for patch in CassettePatcherBuilder(CurrentTape(lambda: _state.tape)).build():
                _state.patches.enter_context(patch)
        elif not tape:
            _state.patches.close()
        if _state.lock and _state.lock is not lock:
            _state.lock.close()
        _state.tape, _state.lock = tape, lock


def _before_cell(info) -> None:
    if _state.tape and not info.silent:
        _state.tape.begin_cell(info.raw_cell, info.cell_id)


def _recorded(path: Path) -> list[Interaction]:
    """What is known of a lesson, here or in the course's own recordings; going live needs none."""
    for file in (path, shape.RECORDINGS / path.name):
        with suppress(RecordingError):
            return shape.load(file).interactions
    return []


def _say_what_it_costs(recorded: list[Interaction], on_azure: bool) -> None:
    """One line: who is asked, and what a full run of the lesson costs (from the recorded usage; estimated)."""
    base, cost, asks = os.environ.get("OPENAI_BASE_URL"), "unknown to this course", f"model {model()}"
    # What is only fetched again was paid before.
    counted = [item.response.tokens() for item in recorded if item.request.method == "POST" and item.response]
    asked, answered = (sum(numbers) for numbers in zip((0, 0), *counted, strict=True))
    with suppress(ValueError):
        cost = f"about {tokens.price(model(), asked, answered):.2f} US cents" if asked else cost
    if on_azure:
        # Which model stands behind a deployment is not ours to know: the price is that of the course's model.
        base = os.environ["AZURE_OPENAI_ENDPOINT"]
        deployment = os.environ.get("AZURE_OPENAI_DEPLOYMENT") or readable.DEFAULT_DEPLOYMENT
        asks = f"deployment {deployment}, priced as {model()}"
    elif base:
        cost = "what your own server costs you"
    host = masking.shown_address(base) if base else "api.openai.com"
    print(f"Live: requests go to {host}, {asks}. The price of a run of the whole lesson: {cost}", end=" ")
    print(f"({asked:,} tokens in, {answered:,} out, estimated).")


def _refuse_replays_key(headers: Mapping) -> None:
    """A client made in replay would ask the wrong host, with a key that is none."""
    sent = [str(headers.get(name, "")) for name in ("authorization", "api-key")]
    if not _state.tape and any(environment.REPLAY_KEY in value for value in sent):
        what = "This client, or these headers, were made in replay"
        raise LiveModeError(f"{what}. Make them again, for instance client = OpenAI(), and then ask.")

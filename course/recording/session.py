"""Replay, live, record: where the answers of a lesson come from, and how that changes in one step."""

import os
import sys
from collections.abc import Mapping
from contextlib import ExitStack, closing
from getpass import getpass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from IPython import get_ipython

from .. import CourseError, language
from . import publishing, readable, shape
from .clients import wrap_clients
from .tape import Tape

# In replay these would change what a client asks, where or how; they are hidden and come back with live.
_HIDDEN_IN_REPLAY = ("OPENAI_", "AZURE_OPENAI_", "VISION_MODEL", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
                     "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")  # fmt: skip
_HIDDEN_WHILE_RECORDING = ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_DEPLOYMENT")  # what Azure answered is kept
REPLAY_KEY, LOCAL_KEY = "replay-needs-no-key", "local-server-needs-no-key"
# What plays or records, the lock on its file, the reader's hidden variables, and keys that only the course has set.
_state: Any = SimpleNamespace(tape=None, lock=None, hidden={}, keys={REPLAY_KEY, LOCAL_KEY})


class LiveModeError(CourseError):
    """Live or record mode was asked for and can't start: an unknown mode, no key, or nobody to ask."""


class Origin(NamedTuple):
    """Where an answer came from. `date` is ISO 8601 and set for answers recorded from a live service."""

    source: str
    model: str
    date: str | None = None
    wrong_on_purpose: bool = False


def model() -> str:
    """Return the model that every lesson asks: `VISION_MODEL`, or the course's default. In replay the default."""
    return _state.tape.model if _state.tape else os.environ.get("VISION_MODEL") or readable.DEFAULT_MODEL


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
    known = shape.RECORDINGS / path.name
    asked = [item.request.url for item in shape.load(known).interactions] if known.is_file() else []
    on_azure = bool(asked) and all("/openai/" in url for url in asked)  # and with a key of Azure, never of OpenAI
    variables = "replay" if on_azure and mode == "record" else mode  # what it recorded is kept, and nobody is asked
    keys = _find_keys(variables, on_azure)
    own_model = None if variables == "replay" else _readers_variables().get("VISION_MODEL")
    if old := _state.tape:
        old.finish()
    with ExitStack() as undo:
        lock = _state.lock if mode == "record" and old and old.path == path else None
        if mode == "record" and not lock:
            lock = undo.enter_context(closing(shape.lock(path)))
        tape = None if mode == "live" else Tape(path, lesson, mode, own_model or readable.DEFAULT_MODEL)
        undo.pop_all()
    # From here on nothing fails.
    _switch(variables, keys, tape, lock)
    wrap_clients(_tape_for)
    publishing.install(_before_cell)
    base = os.environ.get("AZURE_OPENAI_ENDPOINT" if on_azure else "OPENAI_BASE_URL", "https://api.openai.com")
    host = base.split("//")[-1].split("/")[0].rpartition("@")[2]  # without a user's name and password
    if tape and variables == "replay":
        count = sum(item.response is not None for item in tape.recording.interactions)
        print(f"{mode.title()}: {count} recorded answer{'s' * (count != 1)}, no request leaves this machine.")
    else:
        print(f"{mode.title()}: requests go to {host}{'' if on_azure else f', model {model()}'}.")


def stop() -> None:
    """End a lesson: requests are sent as usual, hidden variables are back. Raises RecordingError for a full disk."""
    tape = _state.tape
    _switch("live", {})
    if tape:
        tape.finish()


def origin(answer_id: str) -> Origin | None:
    """Return where the answer with this `id` came from; None for one that a live service has just given."""
    for item in _state.tape.recording.interactions if _state.tape else ():
        if item.response and (about := item.response.about()).get("id") == answer_id:
            return Origin(item.source, about.get("model", ""), item.date, item.wrong_on_purpose)
    return None


def _before_cell(info) -> None:
    if _state.tape and not info.silent:
        _state.tape.begin_cell(info.raw_cell, info.cell_id)


def _tape_for(headers: Mapping) -> Tape | None:
    """Return what answers a request, None for the service itself.

    A client made in replay is refused there: it would ask the wrong host, with a key that is none.
    """
    if not _state.tape and REPLAY_KEY in f"{headers.get('authorization')} {headers.get('api-key')}":
        what = "This client, or these headers, were made in replay"
        raise LiveModeError(f"{what}. Make them again, for instance client = OpenAI(), and then ask.")
    return _state.tape


def _readers_variables() -> dict[str, str]:
    """Return the reader's own environment: with what is hidden, without the keys that the course has set."""
    return _state.hidden | {name: value for name, value in os.environ.items() if value not in _state.keys}


def _switch(mode: str, keys: dict[str, str], tape: Tape | None = None, lock: Any = None) -> None:
    """Play this tape, and set the variables of this mode, with no moment in which one that stays hidden is seen."""
    if _state.lock and _state.lock is not lock:
        _state.lock.close()
    _state.tape, _state.lock = tape, lock
    hide = _HIDDEN_IN_REPLAY if mode == "replay" else _HIDDEN_WHILE_RECORDING if tape else ()
    readers = _readers_variables()
    visible = {name: value for name, value in readers.items() if not name.upper().startswith(hide)} | keys
    os.environ.update(visible)
    for name in os.environ.keys() - visible.keys():
        del os.environ[name]
    _state.keys &= {REPLAY_KEY, LOCAL_KEY, *keys.values()}  # a mistyped one must not stay
    _state.hidden = {name: value for name, value in readers.items() if name.upper().startswith(hide)}


def _find_keys(mode: str, on_azure: bool) -> dict[str, str]:
    """Return the key to set: a stand-in, the reader's, or a typed one. Raises LiveModeError where there is none."""
    name = "AZURE_OPENAI_API_KEY" if on_azure else "OPENAI_API_KEY"
    if mode == "replay":  # with Azure's key beside it, the SDK's module-level client does not know whom to ask
        return dict.fromkeys(("OPENAI_API_KEY", name), REPLAY_KEY)
    readers = _readers_variables()
    if on_azure and "://" not in readers.get("AZURE_OPENAI_ENDPOINT", ""):
        what = "AZURE_OPENAI_ENDPOINT (like https://my-resource.openai.azure.com), its key and AZURE_OPENAI_DEPLOYMENT"
        raise LiveModeError(f"This lesson asks Azure OpenAI. Before you start Jupyter, set {what}.")
    key = readers.get(name) or (LOCAL_KEY if readers.get("OPENAI_BASE_URL") and not on_azure else "")
    kernel = getattr(get_ipython(), "kernel", None)
    if not key and (kernel._allow_stdin if kernel else sys.stdin and sys.stdin.isatty()):
        _state.keys.add(key := getpass(language.translate(f"Your {name} (for this kernel, never stored): ")).strip())
    if not key:
        local = "" if on_azure else " (or OPENAI_BASE_URL and VISION_MODEL for a local server)"
        raise LiveModeError(f"Live answers need a key: set {name}{local} before you start Jupyter.")
    return {name: key}

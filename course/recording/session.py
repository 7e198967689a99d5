"""Replay, live, record: the one line at the top of a lesson that decides where answers come from.

    recording.start("01_url_input")

In replay (the default) every request of `openai` and `requests` is answered from `asset/recordings/`, through vcrpy,
without opening a socket. `COURSE_MODE` or `start(lesson, mode="live")` changes that; no other line of a lesson knows.
"""

import logging
import os
import re
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from getpass import getpass
from pathlib import Path
from urllib.parse import urlsplit

import openai
import pydantic
import requests
from IPython import get_ipython
from vcr.patch import CassettePatcherBuilder

from helpers import tokens

from .. import CourseError
from . import publishing, readable
from . import shape as cassette
from .clients import wrap_clients
from .readable import DEFAULT_MODEL
from .shape import RecordingError
from .tape import NotRecorded, Tape

__all__ = ["DEFAULT_MODEL", "LiveModeError", "NotRecorded", "Origin", "mode", "model", "origin", "start", "stop"]

MODES = ("replay", "live", "record")
# In replay these would change what a client asks, where or how; they are set aside and come back with live.
_DISTURBING = ("OPENAI_", "AZURE_OPENAI_", "VISION_MODEL", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
               "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")  # fmt: skip
_DUMMY_KEYS = {"replay": "replay-needs-no-key", "live": "local-server-needs-no-key"}
_KEY, _AZURE_KEY = "OPENAI_API_KEY", "AZURE_OPENAI_API_KEY"
# The lessons that ask a resource of Azure OpenAI, with its key, and never OpenAI itself.
_ON_AZURE = ("09_azure_openai",)


class LiveModeError(CourseError):
    """Live or record mode was asked for and can't start: an unknown mode, no key, or nobody to ask."""


@dataclass(frozen=True)
class Origin:
    """Where an answer came from. `date` is ISO 8601 and set for answers recorded from a live service."""

    source: str
    model: str
    date: str | None = None
    wrong_on_purpose: bool = False


def model() -> str:
    """The model that every lesson asks: `VISION_MODEL`, or the course's default. In replay always the default."""
    return _state.tape.model if _has_tape() else os.environ.get("VISION_MODEL") or DEFAULT_MODEL


def mode() -> str:
    """Where answers come from now: "replay", "record" or "live"; live too before any `start`."""
    return _state.tape.mode if _has_tape() else "live"


def start(lesson: str, mode: str | None = None) -> None:
    """Begin a lesson: from here on, requests are answered as `mode` says.

    `mode` is "replay", "live" or "record"; without it, the environment's `COURSE_MODE`, or replay. May be called
    again at any time, for instance to go live in the middle of a lesson; build a new `OpenAI()` client after that.

    Raises LiveModeError (no key, no resource of Azure, unknown mode) and RecordingError (no such lesson, damaged file)
    before any request.
    """
    mode = mode or os.environ.get("COURSE_MODE") or "replay"
    if mode not in MODES:
        raise LiveModeError(f"There is no mode {mode!r}. Choose one of: {', '.join(MODES)}.")
    # What can fail comes first: then the mode stays as it was, and no request goes astray.
    keys, typed = _find_keys(lesson, mode)
    path = Path(os.environ.get("COURSE_RECORDINGS") or cassette.RECORDINGS) / f"{lesson}.json"
    variables = _state.aside | os.environ
    named = None if mode == "replay" or lesson in _ON_AZURE else variables.get("VISION_MODEL")
    course_model = named or DEFAULT_MODEL
    tape = Tape(path, lesson, mode, course_model) if mode != "live" else None
    stop()
    if mode == "replay":
        _set_environment_aside(_DISTURBING)
    elif lesson in _ON_AZURE:
        # These name another service and its model, and with another version nobody could replay what was recorded.
        _set_environment_aside(("OPENAI_BASE_URL", "VISION_MODEL", *["OPENAI_API_VERSION"][: mode == "record"]))
    os.environ.update(keys)
    _state.typed = keys if typed else {}
    if tape is None:
        _say_what_it_costs(path, lesson in _ON_AZURE)
    else:
        _state.tape = tape
        for patch in CassettePatcherBuilder(tape).build():
            _state.exit.enter_context(patch)
    readable.forget_secrets()
    wrap_clients(_refuse_replays_key, _has_tape)
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_without_secrets)
    publishing.install()
    _join_ipython()


def stop() -> None:
    """End a lesson: requests are sent as usual, and the variables that replay set aside are back."""
    _state.exit.close()
    # A mistyped key must not stay: the next live start asks again.
    ours = {*_DUMMY_KEYS.values(), *_state.typed.values()}
    for name in (_KEY, _AZURE_KEY):
        if os.environ.get(name) in ours:
            del os.environ[name]
    _state.typed = {}
    _state.tape = None
    # A variable that the reader has set meanwhile stays.
    os.environ.update({n: v for n, v in _state.aside.items() if n not in os.environ})
    _state.aside = {}


@dataclass
class _State:
    tape: "Tape | None" = None
    exit: ExitStack = field(default_factory=ExitStack)
    aside: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)


_state = _State()


def _has_tape() -> bool:
    # A tape is a vcrpy cassette, and an empty one of those is false.
    return _state.tape is not None


def origin(answer_id: str) -> Origin | None:
    """Where the answer with this `id` came from; None for one that a live service has just given."""
    for item in _state.tape.recording.interactions if _has_tape() else ():
        if item.response and item.response.answer_id() == answer_id:
            said = item.model or item.response.about().get("model", "course-sample")
            return Origin(item.source, said, item.date, item.wrong_on_purpose)
    return None


# --- the environment and the key ---


def _set_environment_aside(names: tuple[str, ...]) -> None:
    _state.aside = {n: v for n, v in os.environ.items() if n.upper().startswith(names)}
    for name in _state.aside:
        del os.environ[name]


def _find_keys(lesson: str, mode: str) -> tuple[dict[str, str], bool]:
    """The variables to set, and whether the reader typed what is in them.

    In replay stand-ins; else the environment's key, a stand-in for whoever needs none, or what the reader types.
    """
    if mode == "replay":
        return dict.fromkeys((_KEY, _AZURE_KEY), _DUMMY_KEYS["replay"]), False
    ours = {*_DUMMY_KEYS.values(), *_state.typed.values()}
    variables = _state.aside | {n: v for n, v in os.environ.items() if v not in ours}
    on_azure = lesson in _ON_AZURE
    name, whose = (_AZURE_KEY, "Azure OpenAI") if on_azure else (_KEY, "OpenAI")
    key = variables.get(name)
    endpoint = variables.get("AZURE_OPENAI_ENDPOINT")
    if on_azure and endpoint and not _is_address(endpoint):
        raise LiveModeError(
            "AZURE_OPENAI_ENDPOINT is no address. The portal shows it, such as https://my-resource.openai.azure.com."
        )
    if on_azure and not endpoint:
        if mode == "live":
            raise LiveModeError(
                "This lesson asks Azure OpenAI: set AZURE_OPENAI_ENDPOINT to the address of your resource, "
                "AZURE_OPENAI_API_KEY to its key, and AZURE_OPENAI_DEPLOYMENT to the name of a deployment that takes "
                "pictures, before you start Jupyter."
            )
        # While recording nobody is asked then, and what is recorded is kept.
        key = key or _DUMMY_KEYS["replay"]
    elif not on_azure and variables.get("OPENAI_BASE_URL"):
        key = key or _DUMMY_KEYS["live"]
    if key:
        return {name: key}, False
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel._allow_stdin if kernel else sys.stdin and sys.stdin.isatty():
        key = getpass(f"{whose} API key (used by this kernel only, never stored): ").strip()
    if not key:
        local = "" if on_azure else " (or OPENAI_BASE_URL and VISION_MODEL for a local server)"
        raise LiveModeError(f"Live answers need a key: set {name}{local} before you start Jupyter.")
    return {name: key}, True


def _is_address(text: str) -> bool:
    with suppress(ValueError):
        parts = urlsplit(text.strip())
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    return False


def _say_what_it_costs(path: Path, on_azure: bool) -> None:
    """One line: who is asked, and what a full run of the lesson costs (from the recorded usage; estimated)."""
    base, paid = os.environ.get("OPENAI_BASE_URL"), []
    with suppress(RecordingError):  # going live needs no recording
        # What is only fetched again was paid before.
        items = [item for item in cassette.load(path).interactions if item.request.method == "POST" and item.response]
        paid = [counted for item in items if any(counted := item.response.tokens())]
    asked, said = map(sum, zip(*paid, strict=True)) if paid else (0, 0)
    cost = "unknown to this course"
    with suppress(ValueError):
        cost = f"about {tokens.price(model(), asked, said):.2f} US cents" if paid else cost
    asks = f"model {model()}"
    if on_azure:
        # Which model stands behind a deployment is not ours to know: the price is that of the course's model.
        base = os.environ["AZURE_OPENAI_ENDPOINT"]
        deployment = os.environ.get("AZURE_OPENAI_DEPLOYMENT") or readable.DEFAULT_DEPLOYMENT
        asks = f"deployment {deployment}, priced as {model()}"
    elif base:
        cost = "what your own server costs you"
    print(f"Live: requests go to {urlsplit(base).netloc if base else 'api.openai.com'}, {asks}.", end=" ")
    print(f"The price of a run of the whole lesson: {cost} ({asked:,} tokens in, {said:,} out, estimated).")


def _refuse_replays_key(headers: Mapping) -> None:
    """A client made in replay would ask the wrong host, with a key that is none."""
    sent = [str(headers.get(name, "")) for name in ("authorization", "api-key")]
    if not _has_tape() and any(_DUMMY_KEYS["replay"] in value for value in sent):
        what = "This client, or these headers, were made in replay"
        raise LiveModeError(f"{what}. Make them again, for instance client = OpenAI(), and then ask.")


# At the level DEBUG these write down whole addresses and requests, with signatures and pictures in them.
_TALKATIVE = ("openai._base_client", "httpx2", "httpcore2.connection", "httpcore2.http11", "urllib3.connectionpool",
              "vcr.cassette", "vcr.request", "vcr.stubs", "vcr.stubs.httpx_stubs")  # fmt: skip


def _without_secrets(record: logging.LogRecord) -> bool:
    record.msg, record.args = readable.mask(record.getMessage()), None
    return True


# --- the notebook ---


def _join_ipython() -> None:
    """Tell the tape which cell runs, and show errors of the SDK, of requests and of pydantic without the libraries."""
    shell = get_ipython()
    if shell is None:
        return
    shell.events.register("pre_run_cell", _before_cell)
    shell.set_custom_exc((openai.OpenAIError, requests.RequestException, ValueError), _show_briefly)
    if _has_tape() and len(shell.history_manager.input_hist_raw) > 1:
        _state.tape.begin_cell(shell.history_manager.input_hist_raw[-1])


def _before_cell(info) -> None:
    if _has_tape() and not info.silent:
        _state.tape.begin_cell(info.raw_cell, info.cell_id)


def _show_briefly(shell, kind, error, traceback, tb_offset=None) -> list[str]:
    if isinstance(error, ValueError) and not isinstance(error, pydantic.ValidationError | requests.RequestException):
        while traceback.tb_next:
            traceback = traceback.tb_next
        if not traceback.tb_frame.f_globals.get("__name__", "").startswith("helpers."):
            # The reader's own mistake, which is seen where it stands.
            lines = shell.InteractiveTB.structured_traceback(kind, error, error.__traceback__, tb_offset=tb_offset)
            shell._showtraceback(kind, error, lines)
            return lines
    # A full traceback of these is 14,000 characters of library internals.
    # It may repeat a part of the key, or an address with its signature, and notebooks are saved and shared.
    said = readable.mask(str(error))
    # pydantic names a page of its version for each field.
    said = re.sub(r"\n +For further information visit \S+", "", said)
    lines = [f"{kind.__name__}: {said}"]
    # llama.cpp's server speaks of a missing mmproj (tried on 2026-11-23), which says little to whoever meets it first.
    if os.environ.get("OPENAI_BASE_URL") and re.search(r"image input|mmproj|multimodal", said, re.I):
        lines.append('Does this model take pictures? Serve one that does: README, "A model on your own machine".')
    shell._showtraceback(kind, said, lines)
    return lines

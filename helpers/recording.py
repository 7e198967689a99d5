"""Replay, live, record: the one line at the top of a lesson that decides where answers come from.

    recording.start("01_url_input")

In replay (the default) every request of `openai` and `requests` is answered from `asset/recordings/`, through vcrpy,
without opening a socket. `COURSE_MODE` or `start(lesson, mode="live")` changes that; no other line of a lesson knows.
"""

import os
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import date
from getpass import getpass
from pathlib import Path
from urllib.parse import urlsplit

import openai
import requests
from IPython import get_ipython
from vcr.cassette import Cassette
from vcr.patch import CassettePatcherBuilder

from . import cassette, readable, tokens
from .cassette import CourseError, Interaction, RecordedRequest, Recording, RecordingError
from .nearest import explain
from .readable import DEFAULT_MODEL
from .wire import PlayedFault, wrap_clients

MODES = ("replay", "live", "record")
# In replay these would change what a client asks, where or how; they are set aside and come back with live.
_DISTURBING = ("OPENAI_", "AZURE_OPENAI_", "VISION_MODEL", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
               "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")  # fmt: skip
_DUMMY_KEYS = {"replay": "replay-needs-no-key", "live": "local-server-needs-no-key"}


class NotRecorded(CourseError):
    """Replay was asked for something that is not in the lesson's recording. The SDK passes it on and does not retry."""


class LiveModeError(CourseError):
    """Live or record mode was asked for and can't start: an unknown mode, or no key."""


@dataclass(frozen=True)
class Origin:
    """Where an answer came from. `date` is ISO 8601 and set for answers recorded from a live service."""

    source: str
    model: str
    date: str | None = None
    wrong_on_purpose: bool = False


def model() -> str:
    """The model that every lesson asks: `VISION_MODEL`, or the course's default. In replay always the default."""
    replaying = _state.tape is not None and _state.tape.mode == "replay"
    return DEFAULT_MODEL if replaying else os.environ.get("VISION_MODEL") or DEFAULT_MODEL


def start(lesson: str, mode: str | None = None) -> None:
    """Begin a lesson: from here on, requests are answered as `mode` says.

    `mode` is "replay", "live" or "record"; without it, the environment's `COURSE_MODE`, or replay. May be called
    again at any time, for instance to go live in the middle of a lesson; build a new `OpenAI()` client after that.

    Raises LiveModeError (no key, unknown mode) and RecordingError (no such lesson, damaged file) before any request.
    """
    mode = mode or os.environ.get("COURSE_MODE") or "replay"
    if mode not in MODES:
        raise LiveModeError(f"There is no mode {mode!r}. Choose one of: {', '.join(MODES)}.")
    # What can fail comes first: then the mode stays as it was, and no request goes astray.
    key = _find_key() if mode != "replay" else _DUMMY_KEYS["replay"]
    path = Path(os.environ.get("COURSE_RECORDINGS") or cassette.RECORDINGS) / f"{lesson}.json"
    tape = Tape(str(path), lesson, mode) if mode != "live" else None
    typed = "" if key in {*os.environ.values(), *_state.aside.values(), *_DUMMY_KEYS.values()} else key
    stop()
    if mode == "replay":
        _set_environment_aside()
    os.environ["OPENAI_API_KEY"], _state.typed_key = key, typed
    if tape is None:
        _say_what_it_costs(path)
    else:
        _state.tape = tape
        for patch in CassettePatcherBuilder(tape).build():
            _state.exit.enter_context(patch)
    readable.forget_secrets()
    wrap_clients(_refuse_replays_key, _has_tape)
    _join_ipython()


def stop() -> None:
    """End a lesson: requests are sent as usual, and the variables that replay set aside are back."""
    _state.exit.close()
    if _state.typed_key and os.environ.get("OPENAI_API_KEY") == _state.typed_key:
        del os.environ["OPENAI_API_KEY"]  # a mistyped key must not stay; the next live start asks again
    _state.typed_key = ""
    _state.tape = None
    if os.environ.get("OPENAI_API_KEY") in _DUMMY_KEYS.values():
        del os.environ["OPENAI_API_KEY"]
    # A variable that the reader has set meanwhile stays.
    os.environ.update({n: v for n, v in _state.aside.items() if n not in os.environ})
    _state.aside = {}


@dataclass
class _State:
    tape: "Tape | None" = None
    exit: ExitStack = field(default_factory=ExitStack)
    aside: dict[str, str] = field(default_factory=dict)
    typed_key: str = ""


_state = _State()


def origin(answer_id: str) -> Origin | None:
    """Where the answer with this `id` came from; None for one that a live service has just given."""
    # (A tape is a vcrpy cassette, and an empty one of those is false.)
    for item in _state.tape.recording.interactions if _state.tape is not None else ():
        if item.response and item.response.answer_id() == answer_id:
            said = item.model or (item.response.json_ or {}).get("model", "course-sample")
            return Origin(item.source, said, item.date, item.wrong_on_purpose)
    return None


class Tape(Cassette):
    """A vcrpy cassette that reads our files and knows which cell asks.

    Each interaction belongs to the cell that asked for it. Running that cell again plays its own interactions from
    the first on; another cell (a learner's, or an edited one) is served from all of them, onwards from where the tape
    stands.
    """

    def __init__(self, path: str, lesson: str, mode: str):
        super().__init__(path)
        self.mode, self.cell, self.last = mode, None, -1
        self.lock, self.played, self.cell_ids, self.runs = threading.RLock(), set(), {}, {}
        old = cassette.load(Path(path)) if mode == "replay" or Path(path).is_file() else Recording(lesson=lesson)
        self.recording = old
        # What no live service gives is played once more while recording, and so kept.
        self.kept = [item for item in old.interactions if item.fault] if mode == "record" else []
        if mode == "record":
            # Each cell that runs replaces what it asked before; what no cell asked has nobody to replace it.
            self.recording.interactions = [item for item in old.interactions if item.cell]

    def begin_cell(self, source: str, cell_id: str | None = None) -> None:
        """A cell is about to run: its own interactions are played from the first on."""
        digest = cassette.cell_digest(source)
        with self.lock:
            if self.mode == "record":
                self.cell = self._nth(digest, cell_id, None)
                self.recording.interactions = [i for i in self.recording.interactions if i.cell != self.cell]
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

    @property
    def write_protected(self) -> bool:
        return self.mode == "replay"

    def can_play_response_for(self, request) -> bool:
        # In replay always: `play_response` then plays or raises, and no socket is ever opened.
        return self.mode == "replay" or self._find(self.kept, _asked(request)) is not None

    def play_response(self, request) -> dict:
        asked = _asked(request)
        with self.lock:
            if self.mode == "record":
                item = self._find(self.kept, asked)
                self.kept.remove(item)
                self._add(item.model_copy(update={"cell": self.cell or ""}))
            else:
                item = self._choose(asked)
        if item.fault:
            raise PlayedFault(item.fault, item.response)
        return item.response.for_vcr()

    def append(self, request, response) -> None:
        said = {name.lower(): values[0] for name, values in response["headers"].items()}
        marks = said.get("x-course-source", "live").split() if os.environ.get("COURSE_UPSTREAM") else ["live"]
        answer = readable.recorded_response(response, dict(request.headers), request.body_bytes)
        item = Interaction(
            cell=self.cell or "",
            source=marks[0],
            wrong_on_purpose="wrong-on-purpose" in marks,
            request=_asked(request),
            response=answer,
            fault=said.get("x-course-fault") if marks != ["live"] else None,
        )
        if item.source == "live":
            item.model = answer.json_.get("model") if isinstance(answer.json_, dict) else None
            item.date = date.today().isoformat()
        with self.lock:
            self._add(item)
        if item.fault:
            raise PlayedFault(item.fault, item.response)

    def _save(self, force=False) -> None:
        """Nothing left to do: each interaction is saved as it comes."""

    def _add(self, item: Interaction) -> None:
        self.recording.interactions.append(item)
        self.recording.save(Path(self._path))

    def _find(self, items: list[Interaction], asked: RecordedRequest) -> Interaction | None:
        return next((i for i in items if i.request == asked), None)

    def _choose(self, asked: RecordedRequest) -> Interaction:
        matches = [n for n, i in enumerate(self.recording.interactions) if i.request == asked]
        if not matches:
            raise NotRecorded(explain(asked, self.recording))
        own = [n for n in matches if self.recording.interactions[n].cell == self.cell]
        fresh = [n for n in own or matches if n not in self.played]
        onwards = [n for n in fresh if own or n >= self.last]
        # A poll that is asked once more than recorded gets its last state again.
        self.last = (onwards or fresh or own or matches)[0 if fresh else -1]
        self.played.add(self.last)
        return self.recording.interactions[self.last]


def _asked(request) -> RecordedRequest:
    body = request.body_bytes
    return readable.recorded_request(request.method, request.uri, dict(request.headers), body, model())


# --- the environment and the key ---


def _set_environment_aside() -> None:
    _state.aside = {n: v for n, v in os.environ.items() if n.upper().startswith(_DISTURBING)}
    for name in _state.aside:
        del os.environ[name]


def _find_key() -> str:
    """The environment's key, a stand-in for a local server (which needs none), or what the reader types."""
    ours = {*_DUMMY_KEYS.values(), _state.typed_key} - {""}
    variables = _state.aside | {n: v for n, v in os.environ.items() if v not in ours}
    if key := variables.get("OPENAI_API_KEY"):
        return key
    if variables.get("OPENAI_BASE_URL"):
        return _DUMMY_KEYS["live"]
    kernel = getattr(get_ipython(), "kernel", None)
    if kernel._allow_stdin if kernel else sys.stdin and sys.stdin.isatty():
        key = getpass("OpenAI API key (used by this kernel only, never stored): ").strip()
    if not key:
        raise LiveModeError(
            "Live answers need a key: set OPENAI_API_KEY (or OPENAI_BASE_URL and VISION_MODEL for a local server) "
            "before you start Jupyter."
        )
    return key


def _say_what_it_costs(path: Path) -> None:
    """One line: who is asked, and what a full run of the lesson costs (from the recorded usage; estimated)."""
    base, answers = os.environ.get("OPENAI_BASE_URL"), []
    with suppress(RecordingError):  # going live needs no recording
        answers = [item.response.json_ for item in cassette.load(path).interactions if item.response]
    usages = [answer["usage"] for answer in answers if isinstance(answer, dict) and answer.get("usage")]
    asked, said = (sum(usage.get(name, 0) for usage in usages) for name in ("prompt_tokens", "completion_tokens"))
    cost = "unknown to this course"
    with suppress(ValueError):
        cost = f"about {tokens.price(model(), asked, said):.2f} US cents" if usages else cost
    cost = "what your own server costs you" if base else cost
    print(f"Live: requests go to {urlsplit(base).netloc if base else 'api.openai.com'}, model {model()}.", end=" ")
    print(f"The price of a run of the whole lesson: {cost} ({asked:,} tokens in, {said:,} out, estimated).")


def _has_tape() -> bool:
    return _state.tape is not None


def _refuse_replays_key(headers: Mapping) -> None:
    """A client made in replay would ask the wrong host, with a key that is none."""
    if _state.tape is None and _DUMMY_KEYS["replay"] in str(headers.get("authorization", "")):
        raise LiveModeError("This client was made in replay. Make a new one with client = OpenAI(), then ask again.")


# --- the notebook ---


def _join_ipython() -> None:
    """Tell the tape which cell runs, and show errors of the SDK and of requests as one line."""
    shell = get_ipython()
    if shell is None:
        return
    shell.events.register("pre_run_cell", _before_cell)
    shell.set_custom_exc((openai.OpenAIError, requests.RequestException), _show_in_one_line)
    if _state.tape is not None and len(shell.history_manager.input_hist_raw) > 1:
        _state.tape.begin_cell(shell.history_manager.input_hist_raw[-1])


def _before_cell(info) -> None:
    if _state.tape is not None and not info.silent:
        _state.tape.begin_cell(info.raw_cell, info.cell_id)


def _show_in_one_line(shell, kind, error, _traceback, tb_offset=None) -> list[str]:
    # A full traceback of these is 14,000 characters of library internals.
    lines = [f"{kind.__name__}: {error}"]
    shell._showtraceback(kind, error, lines)
    return lines

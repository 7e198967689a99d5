"""The shape of `asset/recordings/*.json`, how such a file is written, and a plain sentence for a damaged one."""

import hashlib
import json
import os
import re
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from .. import CourseError
from ..assets import ROOT

RECORDINGS = ROOT / "asset" / "recordings"


class RecordingError(CourseError):
    """A recording, or a file it refers to, is missing or damaged; the message says where and how to repair it."""


class RecordedRequest(BaseModel, extra="forbid"):
    """`url` has no host for the API itself (`/v1/…`), whose host is the reader's choice; other URLs are whole."""

    method: str
    url: str
    content_type: str | None = None
    body: Any = None


class RecordedResponse(BaseModel, extra="forbid", validate_by_name=True):
    """One of `json`, `events` (server-sent), `text` or `file` holds the body; none of them means an empty one."""

    status: int = Field(ge=100, le=599)
    headers: dict[str, str] = {}
    json_: Any = Field(default=None, alias="json")
    events: list[str] | None = None
    text: str | None = None
    file: dict[Literal["file", "sha256"], str] | None = None  # of ours, below the repository's root

    def body(self) -> bytes:
        """Return the body. Raises RecordingError where it is a file that is missing, or not the one recorded."""
        if self.file:
            path = ROOT / (name := self.file["file"])
            data = path.read_bytes() if path.is_file() else b""
            if hashlib.sha256(data).hexdigest() != self.file["sha256"]:
                raise RecordingError(f"{name} is missing or was changed. Bring it back with: git checkout -- :/{name}")
            return data
        if self.json_ is not None:
            return json.dumps(self.json_, ensure_ascii=False).encode()
        return "".join([f"{event}\n\n" for event in self.events or ()] or self.text or "").encode()

    def about(self) -> dict:
        """Return what the answer says about itself (`id`, `model`, `usage` …), whole or as a stream."""
        about = dict(self.json_) if isinstance(self.json_, dict) else {}
        # Of a stream's chunks the first has the id, the last the usage; Responses put theirs below `response`.
        for found in re.findall(r"(?m)^data: (\{.*)", "\n".join(self.events or ())):
            with suppress(ValueError):
                data = json.loads(found)
                about |= data.get("response") or data
        return about


class Interaction(BaseModel, extra="forbid"):
    """A request of the cell whose source has this `cell_digest`, and what became of it."""

    cell: str
    # by hand from looking at the picture; from a real service, with model and date; built to a documented shape
    source: Literal["sample", "live", "constructed"]
    model: str | None = None
    date: str | None = None
    wrong_on_purpose: bool = False
    # It went wrong on purpose, which no live service does on demand: kept when the lesson is recorded with a key.
    staged: bool = False
    request: RecordedRequest
    fault: Literal["timeout", "cut", "stalled", "unreachable"] | None = None
    response: RecordedResponse | None = None


class Recording(BaseModel, extra="forbid"):
    """A lesson's recording: one file, interactions in the order in which they were asked."""

    lesson: str
    interactions: list[Interaction] = []

    def save(self, path: Path) -> None:
        """Write the file in one step. Raises RecordingError for a full disk and such."""
        data = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
            os.replace(part, path)
        except OSError as error:
            raise RecordingError(f"{path.name} can't be written in {path.parent}: {error.strerror}.") from None


def lock(path: Path) -> sqlite3.Connection:
    """Hold a recording for this process until the result is closed. Raises RecordingError if another one holds it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # SQLite's lock on a file is the same on every system, and a kill does not leave it behind.
        held = sqlite3.connect(path.with_suffix(".lock"), timeout=0, isolation_level=None, check_same_thread=False)
        held.execute("BEGIN EXCLUSIVE")
        return held
    except (OSError, sqlite3.OperationalError) as error:
        why = "another program or notebook is recording it" if "locked" in str(error) else f"{path.parent}: {error}"
        raise RecordingError(f"{path.name} can't be recorded now: {why}.") from None


def load(path: Path) -> Recording:
    """Read a recording. Raises RecordingError with the file, the place and the way out."""
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.json"))) or "none"
        raise RecordingError(f"There is no recording {path.name}; recorded lessons are: {known}.")
    try:
        return Recording.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        what = f"{path.name} does not fit at {'.'.join(map(str, first['loc'])) or 'the top level'}: {first['msg']}"
        raise RecordingError(f"{what}. Bring it back with: git checkout -- :/asset/recordings/{path.name}") from None


def cell_digest(source: str) -> str:
    """Return eight hex digits that stand for a cell's source; white space at its ends does not count."""
    return hashlib.sha256(source.strip().encode()).hexdigest()[:8]

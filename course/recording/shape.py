"""The shape of `asset/recordings/*.json`, how such a file is written, and a plain sentence for a damaged one."""

import hashlib
import json
import os
import re
import sqlite3
from contextlib import suppress
from http.client import responses
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .. import CourseError
from ..assets import ROOT

RECORDINGS = ROOT / "asset" / "recordings"

Fault = Literal["timeout", "reset", "cut", "stalled", "unreachable"]
_SILENT = ("timeout", "reset", "unreachable")  # those that may leave nothing at all behind


class RecordingError(CourseError):
    """A recording, or a file it refers to, is missing or damaged; the message says where and how to repair it."""


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FileReference(_Shape):
    """Bytes of a file of ours, named instead of repeated: the path below the repository root, and its sha256."""

    file: str
    sha256: str

    def read(self) -> bytes:
        """The file's bytes. Raises RecordingError when it is missing or is not the one recorded."""
        path = ROOT / self.file
        data = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(data).hexdigest() != self.sha256:
            state = "has changed since it was recorded" if path.is_file() else "is missing"
            raise RecordingError(f"{self.file} {state}. Bring it back with: git checkout -- :/{self.file}")
        return data


class RecordedRequest(_Shape):
    """`url` has no host for the API itself (`/v1/…`), whose host is the reader's choice; other URLs are whole."""

    method: str
    url: str
    content_type: str | None = None
    body: Any = None


class RecordedResponse(_Shape):
    """One of `json`, `events` (server-sent), `text` or `file` holds the body; none of them means an empty one."""

    status: int = Field(ge=100, le=599)
    headers: dict[str, str] = {}
    json_: Any = None
    events: list[str] | None = None
    text: str | None = None
    file: FileReference | None = None

    # `json` is the field's name in the file; pydantic's own method of that name keeps it from being one in Python.
    model_config = ConfigDict(extra="forbid", alias_generator=lambda name: name.rstrip("_"), validate_by_name=True)

    def body(self) -> bytes:
        """The body as it would come over the wire, decompressed."""
        if self.file is not None:
            return self.file.read()
        if self.events is not None:
            return "".join(f"{event}\n\n" for event in self.events).encode()
        if self.json_ is not None:
            return json.dumps(self.json_, ensure_ascii=False).encode()
        return (self.text or "").encode()

    def for_vcr(self) -> dict:
        """The response as vcrpy hands it to `httpx2` and `requests`."""
        return {
            "status": {"code": self.status, "message": responses.get(self.status, "")},
            "headers": {name: [value] for name, value in self.headers.items()},
            "body": {"string": self.body()},
        }

    def about(self) -> dict:
        """What the answer says about itself (`id`, `model`, `usage` …), whether it came whole or as a stream."""
        about = self.json_ if isinstance(self.json_, dict) else {}
        # In a stream of Chat Completions the first chunk has the id and the last one the usage; in one of Responses,
        # some events carry the response as far as it has come, the last of them all of it.
        for found in re.findall(r"(?m)^data: (\{.*)", "\n".join(self.events or ())):
            with suppress(ValueError):
                data = json.loads(found)
                about |= data.get("response") or data
        return about

    def tokens(self) -> tuple[int, int]:
        """Tokens in and out that the answer reports, under the names of either API; 0 and 0 when it reports none."""
        usage = self.about().get("usage") or {}
        asked = usage.get("prompt_tokens", usage.get("input_tokens", 0))
        return asked, usage.get("completion_tokens", usage.get("output_tokens", 0))


class Interaction(_Shape):
    """A request and what became of it.

    `cell` is a digest of the source of the cell that asked (see `cell_digest`). `source` says where the answer is
    from: `sample` (written by hand by looking at the picture), `live` (a real service; with `model` and `date`) or
    `constructed` (a fault or a retired service, built to its documented shape). `staged` is what went wrong on
    purpose: no live service does that on demand, so it is kept when the lesson is recorded with a key.
    """

    cell: str
    source: Literal["sample", "live", "constructed"]
    model: str | None = None
    date: str | None = None
    wrong_on_purpose: bool = False
    staged: bool = False
    request: RecordedRequest
    fault: Fault | None = None
    response: RecordedResponse | None = None

    @model_validator(mode="after")
    def _has_an_outcome(self):
        if self.response is None and self.fault not in _SILENT:
            raise ValueError(f"an interaction needs a response, or a fault in its place: {', '.join(_SILENT)}")
        return self


class Recording(_Shape):
    """A lesson's recording: one file, interactions in the order in which they were asked."""

    lesson: str
    interactions: list[Interaction] = []

    def save(self, path: Path, keep: bool = True) -> None:
        """Write the file in one step, so that a crash leaves the old one. Without `keep`, only try whether one could.

        Raises RecordingError for a full disk, or a folder that can't be written to.
        """
        data = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
            if keep:
                os.replace(part, path)
        except OSError as error:
            raise RecordingError(f"{path.name} can't be written in {path.parent}: {error.strerror}.") from None
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def lock(path: Path) -> sqlite3.Connection:
    """Hold a recording for this process alone, until what is returned is closed, be it by a kill.

    Raises RecordingError when another process holds it, or when nothing can be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # SQLite's lock on a file is the same on every system, and no kill leaves it behind.
        held = sqlite3.connect(path.with_suffix(".lock"), timeout=0, isolation_level=None, check_same_thread=False)
        held.execute("BEGIN EXCLUSIVE")
    except (OSError, sqlite3.OperationalError) as error:
        why = "another program or notebook is recording it" if "locked" in str(error) else f"{path.parent}: {error}"
        raise RecordingError(f"{path.name} can't be recorded now: {why}.") from None
    return held


def load(path: Path) -> Recording:
    """Read a recording. Raises RecordingError with the file, the place and the way out."""
    name = f"asset/recordings/{path.name}" if path.parent == RECORDINGS else path.name
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.json"))) or "none"
        raise RecordingError(f"There is no recording {name}; recorded lessons are: {known}.")
    try:
        return Recording.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the top level"
        way_out = f"Bring it back with: git checkout -- :/{name}"
        raise RecordingError(f"{name} does not fit at {place}: {first['msg']}. {way_out}") from None


def cell_digest(source: str) -> str:
    """Eight hex digits that stand for a cell's source; white space at its ends does not count."""
    return hashlib.sha256(source.strip().encode()).hexdigest()[:8]

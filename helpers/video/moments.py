"""A moment in a video, in the one shape that both indexes give it: `azure_video`'s and `video`'s.

Times are seconds from the beginning of the video, as numbers; `clock` writes them as a player does, `timespan` and
`seconds` as Azure did.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from ..encoding import Picture

_TIMESPAN = re.compile(r"(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)")


@dataclass(frozen=True)
class Hit:
    """A part of a video that a search found: `start` to `end`, and `best`, the time of the frame that stands for it.

    `relevance`: the higher the better, comparable within one search only. `caption` and `thumbnail`, the very picture
    that was captioned, are there if the index keeps them. `kind` is Azure's documentKind.
    """

    document_id: str
    start: float
    end: float
    best: float
    relevance: float
    metadata: dict[str, str] = field(default_factory=dict)
    kind: str = "VideoFrame"
    caption: str = ""
    thumbnail: Picture | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.document_id}  {clock(self.start)} to {clock(self.end)}, best {clock(self.best)}"

    def as_azure(self) -> dict:
        """The hit with the field names of Azure AI Vision's answers (reference of 2024-03-11)."""
        times = {"start": timespan(self.start), "end": timespan(self.end), "best": timespan(self.best)}
        names = {"documentId": self.document_id, "documentKind": self.kind}
        return names | times | {"relevance": self.relevance, "additionalMetadata": self.metadata}


def clock(at: float) -> str:
    """Seconds as a player shows them, tenths where there are any: 0:08, 1:02.5, 1:00:00."""
    tenths = round(at * 10)
    whole, tenth = divmod(tenths, 10)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    text = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return f"{text}.{tenth}" if tenth else text


def timespan(at: float) -> str:
    """Seconds as Azure wrote them: 00:01:58, or 00:07:07.8400000 with a fraction."""
    ticks = round(at * 10_000_000)  # .NET's, of 100 nanoseconds
    whole, rest = divmod(ticks, 10_000_000)
    text = f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{text}.{rest:07}" if rest else text


def seconds(text: str) -> float:
    """Azure's 00:01:58 or 00:07:07.8400000 as seconds. Raises ValueError for what is neither."""
    if not (found := _TIMESPAN.fullmatch(text)):
        raise ValueError(f"{text!r} is no time in a video; they look like 00:01:58 or 00:07:07.8400000.")
    hours, minutes, rest = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def date_time(text: str) -> str:
    """A point in time as ISO 8601 in UTC, 2023-06-30T17:40:33Z; without a zone it is taken for UTC.

    Raises ValueError for what is no date and time.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except (ValueError, AttributeError):
        raise ValueError(f"{text!r} is no date and time; they look like 2023-06-30T17:40:33Z.") from None
    if not re.search(r"\d[T ]\d", text.strip()):
        raise ValueError(f"{text!r} has no time of day; write it like 2023-06-30T17:40:33Z.")
    try:
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except OverflowError:  # the first day of the year 1, or the last of 9999, in another zone
        raise ValueError(f"{text!r} is outside of the years 1 to 9999.") from None
    return at.isoformat().replace("+00:00", "Z")

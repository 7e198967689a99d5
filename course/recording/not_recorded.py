"""The message for a request that was never recorded: which one is nearest, what differs, what to do."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from os.path import commonprefix
from typing import Any
from zlib import crc32

from helpers.encoding import DETAILS

from .. import CourseError
from .readable import DEFAULT_MODEL
from .shape import Interaction, RecordedRequest, Recording

# Fields of a request, and what a reader calls what stands in them.
_AS_READ = {"text": "prompt", "content": "prompt", "input": "prompt", "url": "picture", "image_url": "picture",
            "data_url": "media type", "filename": "file name"}  # fmt: skip
_WAYS_OUT = """{} asks for your key; after it, client = OpenAI().
  A local server needs no key: set os.environ["OPENAI_BASE_URL"] (its address, up to /v1) and
  os.environ["VISION_MODEL"] first, then do the same, and MODEL = recording.model()."""
_WAYS_ON_AZURE = "{}, with AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_DEPLOYMENT set; after it, a new client."


class NotRecorded(CourseError):
    """Replay was asked for something that is not in the lesson's recording. The SDK passes it on and does not retry."""


def explain(asked: RecordedRequest, recording: Recording, cell: str = "") -> str:
    """Compare with the nearest recorded request, of this cell if it has any, in at most eleven lines."""
    items, start = recording.interactions, f'  recording.start("{recording.lesson}", mode="live")'
    lines = [f"no answer to this request is recorded for lesson {recording.lesson}, and replay asks no service."]
    if asked.method == "GET" and not any(item.request.method == "GET" for item in items):
        download = "It would download something, and replay has no network. Save it and give its path, or go live:"
        lines.append("It asks the service to look something up. Go live:" if asked.url[:4] == "/v1/" else download)
        return "\n".join([*lines, f"{start} asks for your key; after it, client = OpenAI()."])
    yours = _named(asked)

    def distance(item: Interaction) -> tuple:
        texts = [" ".join(named.values()).split()[:200] for named in (_named(item.request), yours)]
        likeness = SequenceMatcher(None, texts[0], texts[1]).ratio()
        return asked.method != item.request.method, not cell or item.cell != cell, -likeness

    if items:
        nearest = min(items, key=distance)
        theirs = _named(nearest.request)
        names = [name for name in {**theirs, **yours} if theirs.get(name) != yours.get(name)]
        lines.append(f"Nearest is recorded request {items.index(nearest) + 1} of {len(items)}. What differs:")
        pairs = [(name, theirs.get(name, "(nothing)"), yours.get(name, "(nothing)")) for name in names[:4]]
        lines += [f"  {name}: recorded {_cut(was, now)} - yours {_cut(now, was)}" for name, was, now in pairs]
        lines += [f"  and {len(names) - 4} more fields"] if names[4:] else [] if names else ["  the order of its parts"]
    if "/computervision/retrieval/" in asked.url:
        lines.append("Azure retired this service on 2025-06-30, so nobody can answer it any more. Undo the change.")
    elif refusal := _refusal(asked.body):
        lines.append(f"A service would refuse yours, too: {refusal} Put that right, or undo the change.")
    else:
        lines.append("Undo the change to see the recorded answer again, or ask a real model:")
        lines.append((_WAYS_ON_AZURE if "/openai/" in asked.url else _WAYS_OUT).format(start))
    return "\n".join(lines)


def _named(request: RecordedRequest) -> dict[str, str]:
    """Return a request as names a reader knows (prompt, picture, model, detail …) and short texts."""
    named = {"method": request.method, "url": request.url, "content type": request.content_type or "(none)"}
    seen = Counter(named.keys())
    for name, text in _texts(request.body, "body"):
        seen[name] += 1
        named[f"{name} {seen[name]}" if seen[name] > 1 else name] = text
    return named


def _texts(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, list) and value:
        for item in value:
            yield from _texts(item, name)
    elif isinstance(value, dict) and value and name != "schema":
        if isinstance(digest := value.get("sha256") or value.get("look"), str):  # a picture, as readable.py writes it
            what = value.get("file") or value.get("picture") or f"{value.get('bytes')} bytes"
            yield "picture", f"{what}, fingerprint {crc32(digest.encode()):08x}"
            value = {key: value[key] for key in value if key not in {"file", "picture", "bytes", "sha256", "look"}}
        for key in value:
            yield from _texts(value[key], _AS_READ.get(key, key))
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield name, DEFAULT_MODEL if text == "$VISION_MODEL" else text


def _cut(text: str, other: str, width: int = 44) -> str:
    """Cut a text to the place where the other begins to differ; show what is invisible, such as a line break."""
    same = len(commonprefix([text, other]))  # noqa: RUF071 - character by character
    begin = max(0, same - 12) if max(len(text), len(other)) > width else 0
    middle = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[begin : begin + width])
    return f'"{"…" if begin else ""}{middle}{"…" if text[begin + width :] else ""}"'


def _refusal(value: Any) -> str | None:
    """Say why a service refuses such a body, for the mistakes that are made most; None if it may well answer."""
    if isinstance(value, str) and re.match(r"(?:data:[^,]*,)?b'", value):
        return "base64 that begins with b' is Python's print of bytes: add .decode()."
    if isinstance(value, dict):
        detail = value.get("detail", "auto")
        if isinstance(detail, str) and detail not in DETAILS:
            return f"detail is one of {', '.join(DETAILS)}, not {detail!r}."
        picture = value.get("image_url")
        if value.get("type") == "image_url" and not (isinstance(picture, dict) and "url" in picture):
            return 'Chat Completions wants an object, "image_url": {"url": …}, not the address alone.'
        value = list(value.values())
    return next(filter(None, map(_refusal, value)), None) if isinstance(value, list) else None

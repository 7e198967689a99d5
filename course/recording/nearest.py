"""The message for a request that was never recorded: which one is nearest, what differs, what to do."""

import difflib
import json
from itertools import chain, count, takewhile
from zlib import crc32

from helpers.encoding import DETAILS

from .pictures import PRINTED_BYTES
from .readable import DEFAULT_MODEL, RETIRED_SERVICE, is_azure
from .shape import RecordedRequest, Recording

# Fields of a request, and what a reader calls what stands in them.
_AS_READ = {"text": "prompt", "content": "prompt", "input": "prompt", "url": "picture", "image_url": "picture"}
_WAYS_OUT = """{} asks for your key; after it, client = OpenAI().
  A local server needs no key: set os.environ["OPENAI_BASE_URL"] (its address, up to /v1) and
  os.environ["VISION_MODEL"] first, then do the same, and MODEL = recording.model()."""
_WAYS_ON_AZURE = """  set AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_DEPLOYMENT in os.environ to say which, and then run
{}, which asks for the key; after it, a new client."""


def explain(asked: RecordedRequest, recording: Recording, cell: str = "") -> str:
    """Compare with the nearest recorded request, of this cell if it has any, in at most eleven lines."""
    items, start = recording.interactions, f'  recording.start("{recording.lesson}", mode="live")'
    lines = [f"no answer to this request is recorded for lesson {recording.lesson}, and replay asks no service."]
    if asked.method == "GET" and not any(item.request.method == "GET" for item in items):
        lines.append("It would download something, and replay has no network. Save it and give its path, or go live:")
        return "\n".join([*lines, f"{start} asks for your key; after it, client = OpenAI()."])
    yours, ranked = _parts(asked), []
    for number, item in enumerate(items, 1):
        theirs = _parts(item.request)
        names = [name for name in {**theirs, **yours} if theirs.get(name) != yours.get(name)]
        unlike = 1 - difflib.SequenceMatcher(None, _prompt(theirs), _prompt(yours)).ratio()
        elsewhere = asked.method != item.request.method, not cell or item.cell != cell
        ranked.append((elsewhere, unlike, len(names), number, names, theirs))
    if ranked:
        *_, number, names, theirs = min(ranked)
        lines.append(f"Nearest is recorded request {number} of {len(items)}. What differs:")
        for name in names[:4]:
            was, now = _around_difference(theirs.get(name, "(nothing)"), yours.get(name, "(nothing)"))
            lines.append(f"  {name}: recorded {was} - yours {now}")
        lines += [f"  and {len(names) - 4} more"] if len(names) > 4 else [] if names else ["  the order of its parts"]
    if RETIRED_SERVICE in asked.url:
        lines.append("Azure retired this service on 2025-06-30, so nobody can answer it any more. Undo the change.")
    elif refusal := _refusal(asked.body):
        lines.append(f"A service would refuse yours, too: {refusal} Put that right, or undo the change.")
    else:
        lines.append("Undo the change to see the recorded answer again, or ask a real model:")
        lines.append((_WAYS_ON_AZURE if is_azure(asked.url) else _WAYS_OUT).format(start))
    return "\n".join(lines)


def _prompt(parts: dict[str, str]) -> list[str]:
    return " ".join(text for name, text in parts.items() if name.startswith("prompt")).split()[:200]


def _refusal(value) -> str | None:
    """Why a service refuses such a body, for the mistakes that are made most; None if it may well answer."""
    if isinstance(value, list):
        return next(filter(None, map(_refusal, value)), None)
    if isinstance(value, str):
        printed = PRINTED_BYTES.match(value)
        return "base64 that begins with b' is Python's print of bytes: add .decode()." if printed else None
    if not isinstance(value, dict):
        return None
    picture, detail = value.get("image_url"), value.get("detail", "auto")
    if isinstance(detail, str) and detail not in DETAILS:
        return f"detail is one of {', '.join(DETAILS)}, not {detail!r}."
    if value.get("type") == "image_url" and not (isinstance(picture, dict) and "url" in picture):
        return 'Chat Completions wants an object, "image_url": {"url": …}, not the address alone.'
    if value.get("type") == "input_image" and isinstance(picture, dict) and "url" in picture:
        return 'Responses wants the address itself, "image_url": "…", not an object.'
    return _refusal(list(value.values()))


def _parts(request: RecordedRequest) -> dict[str, str]:
    """A request as names a reader knows (prompt, picture, model, detail …) and short texts."""
    parts = {"method": request.method, "url": request.url, "content type": request.content_type or "(none)"}

    def add(name, text):
        parts[next(n for n in chain([name], (f"{name} {k}" for k in count(2))) if n not in parts)] = text

    def walk(value, name):
        if isinstance(value, list) and value:
            for item in value:
                walk(item, name)
            return
        if not isinstance(value, dict) or not value:
            text = value if isinstance(value, str) else json.dumps(value)
            return add(name, DEFAULT_MODEL if text == "$VISION_MODEL" else text)
        if {"name", "value"} <= value.keys():  # a field of a form
            return walk(value["value"], value["name"])
        if isinstance(value.get("schema"), dict):  # of a structured answer
            fields = value["schema"].get("properties")
            fields = [value.get("name", "(no name)"), *(fields if isinstance(fields, (dict, list)) else [])]
            parts["shape"] = ", ".join(map(str, fields))
            parts["schema"] = json.dumps(value["schema"], ensure_ascii=False)
            value = {key: item for key, item in value.items() if key not in ("name", "schema")}
        if isinstance(value.get("filename"), str):  # a file in a form
            add("file name", value["filename"])
        if isinstance(value.get("data_url"), str):
            add("media type", value["data_url"])
        if isinstance(value.get("sha256"), str):
            return add("picture", f"{value.get('file') or value.get('bytes')} {value['sha256'][:8]}")
        if all(isinstance(value.get(key), str) for key in ("picture", "look")):
            return add("picture", f"{value['picture']}, fingerprint {crc32(value['look'].encode()):08x}")
        for key, item in value.items():
            walk(item, _AS_READ.get(key, key))

    walk(request.body, "body")
    return parts


def _around_difference(was: str, now: str, width: int = 44) -> tuple[str, str]:
    """Both texts, cut to the place where they begin to differ."""
    same = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(was, now, strict=False))))
    begin = max(0, same - 12) if max(len(was), len(now)) > width else 0

    def cut(text: str) -> str:
        middle = " ".join(text[begin : begin + width].split())
        return f'"{"…" if begin else ""}{middle}{"…" if text[begin + width :] else ""}"'

    return cut(was), cut(now)

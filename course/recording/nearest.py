"""The message for a request that was never recorded: which one is nearest, what differs, what to do."""

import difflib
import json
from itertools import chain, count
from zlib import crc32

from .readable import DEFAULT_MODEL, RETIRED_SERVICE, is_azure
from .shape import RecordedRequest, Recording


def explain(asked: RecordedRequest, recording: Recording) -> str:
    """At most eleven lines: the nearest recorded request, what differs, and the ways out."""
    lines = [f"no answer to this request is recorded for lesson {recording.lesson}, and replay asks no service."]
    if asked.method == "GET" and not any(item.request.method == "GET" for item in recording.interactions):
        lines += [
            "It would download something, and replay has no network. Save it and give its path, or go live:",
            f'  recording.start("{recording.lesson}", mode="live") asks for your key; after it, client = OpenAI().',
        ]
        return "\n".join(lines)
    yours = _parts(asked)
    differing = []
    for number, item in enumerate(recording.interactions, 1):
        theirs = _parts(item.request)
        names = [name for name in {**theirs, **yours} if theirs.get(name) != yours.get(name)]
        differing.append((asked.method != item.request.method, len(names), number, names, theirs))
    if differing:
        fewest = min(differing)[:2]
        ties = [near for near in differing if near[:2] == fewest]
        # Comparing texts takes time, so only where the number of differences does not decide.
        *_, number, names, theirs = min(ties[:20], key=lambda near: (_distance(near[4], yours, near[3]), near[2]))
        lines.append(f"Nearest is recorded request {number} of {len(recording.interactions)}. What differs:")
        for name in names[:4]:
            was, now = _around_difference(theirs.get(name, "(nothing)"), yours.get(name, "(nothing)"))
            lines.append(f"  {name}: recorded {was} - yours {now}")
        if len(names) > 4:
            lines.append(f"  and {len(names) - 4} more")
        if not names:
            lines.append("  the order of its parts")
    if RETIRED_SERVICE in asked.url:
        lines.append("Azure retired this service on 2025-06-30, so nobody can answer it any more. Undo the change.")
        return "\n".join(lines)
    lines.append("Undo the change to see the recorded answer again, or ask a real model:")
    if is_azure(asked.url):
        lines += [
            "  set AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_DEPLOYMENT in os.environ to say which, and then run",
            f'  recording.start("{recording.lesson}", mode="live"), which asks for the key; after it, a new client.',
        ]
        return "\n".join(lines)
    lines += [
        f'  recording.start("{recording.lesson}", mode="live") asks for your key; after it, client = OpenAI().',
        '  A local server needs no key: set os.environ["OPENAI_BASE_URL"] (its address, up to /v1) and',
        '  os.environ["VISION_MODEL"] first, then do the same, and MODEL = recording.model().',
    ]
    return "\n".join(lines)


def _distance(theirs: dict[str, str], yours: dict[str, str], names: list[str]) -> float:
    return sum(_unlike(theirs.get(name, ""), yours.get(name, "")) for name in names)


def _unlike(was: str, now: str) -> float:
    """0 to 1: two prompts that share most of their words are nearer than two that share none."""
    return 1 - difflib.SequenceMatcher(None, was[:500], now[:500]).ratio()


# Fields of a request, and what a reader calls what stands in them.
_AS_READ = {"text": "prompt", "content": "prompt", "input": "prompt", "url": "picture", "image_url": "picture"}


def _parts(request: RecordedRequest) -> dict[str, str]:
    """A request as names a reader knows (prompt, picture, model, detail …) and short texts."""
    parts = {"method": request.method, "url": request.url, "content type": request.content_type or "(none)"}

    def walk(value, name):
        if isinstance(value, dict) and {"name", "value"} <= value.keys():  # a field of an uploaded form
            return walk(value["value"], value["name"])
        if isinstance(value, dict) and isinstance(value.get("schema"), dict):  # of a structured answer
            fields = value["schema"].get("properties")
            fields = [value.get("name", "(no name)"), *(fields if isinstance(fields, (dict, list)) else [])]
            parts["shape"] = ", ".join(map(str, fields))
            parts["schema"] = json.dumps(value["schema"], ensure_ascii=False)
            value = {key: item for key, item in value.items() if key not in ("name", "schema")}
        if isinstance(value, dict) and isinstance(value.get("filename"), str):  # a file in it
            parts[_free("file name")] = value["filename"]
            parts[_free("media type")] = value.get("content_type", "(none)")
        if isinstance(value, dict) and isinstance(value.get("data_url"), str):
            parts[_free("media type")] = value["data_url"]
        if isinstance(value, dict) and isinstance(value.get("sha256"), str):
            parts[_free("picture")] = f"{value.get('file') or value.get('bytes')} {value['sha256'][:8]}"
        elif isinstance(value, dict) and all(isinstance(value.get(key), str) for key in ("picture", "look")):
            parts[_free("picture")] = f"{value['picture']}, fingerprint {crc32(value['look'].encode()):08x}"
        elif isinstance(value, dict) and value:
            for key, item in value.items():
                walk(item, _AS_READ.get(key, key))
        elif isinstance(value, list) and value:
            for item in value:
                walk(item, name)
        else:
            text = value if isinstance(value, str) else json.dumps(value)
            parts[_free(name)] = DEFAULT_MODEL if text == "$VISION_MODEL" else text

    def _free(name):
        return next(n for n in chain([name], (f"{name} {k}" for k in count(2))) if n not in parts)

    walk(request.body, "body")
    return parts


def _around_difference(was: str, now: str, width: int = 44) -> tuple[str, str]:
    """Both texts, cut to the place where they begin to differ."""
    same = next((n for n, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now)))
    begin = max(0, same - 12) if max(len(was), len(now)) > width else 0

    def cut(text: str) -> str:
        middle = " ".join(text[begin : begin + width].split())
        return f'"{"…" if begin else ""}{middle}{"…" if text[begin + width :] else ""}"'

    return cut(was), cut(now)

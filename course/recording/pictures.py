"""Pictures in a recording: named if they are files of ours, else described; never stored as base64."""

import base64
import binascii
import hashlib
import re
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import unquote

from PIL import Image

from ..assets import our_files
from .shape import FileReference

_DATA_URL = re.compile(r"data:([\w.+/-]*)(?:;[\w=.-]+)*;base64,([A-Za-z0-9+/=_%\s-]*)", re.I)
# Long enough to be a picture, and nothing that a person writes; or the beginning of a PNG, JPEG, GIF or WebP.
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{400,}={0,2}")
_BASE64_ALONE = re.compile(rf"{_BASE64.pattern}|(?:iVBORw0K|/9j/|R0lGOD(?:dh|lh)|UklGR[\w+/]{{6}}XRUJQ)[\w+/=-]*")
# What str() makes of bytes, which no service takes for base64.
PRINTED_BYTES = re.compile(r"((?:data:[^,]*,)?b')[\w+/=-]*'?")
# A JPEG or WebP made on the way is compared by the mean grey of 48 x 48 fields, none of which may be farther from the
# recorded one. Another processor's JPEG is off by less, other words on a page by more; a single digit may pass.
_FIELDS, MAX_DIFFERENCE = (48, 48), 1


@cache
def _files() -> dict[str, str]:
    """sha256 -> path below the root, for every file of asset/SOURCES.csv."""
    return {row["sha256"]: row["file"] for row in our_files()}


def reference(data: bytes) -> FileReference | None:
    """Name the file of ours with these bytes; None where there is none."""
    digest = hashlib.sha256(data).hexdigest()
    return FileReference(file=_files()[digest], sha256=digest) if digest in _files() else None


def describe(data: bytes) -> dict[str, Any]:
    """Describe bytes by the file of ours that they are, by what a picture looks like, or by size and sha256."""
    ours = reference(data)
    described = ours.model_dump() if ours else _fingerprint(data)
    return described or {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def describe_text(text: str) -> dict | str | None:
    """Describe a string that is nothing but a data URL, or base64 of a picture; None when it is neither."""
    if found := _DATA_URL.fullmatch(text.strip()):
        return {"data_url": found[1], **_describe_base64(found[2])}
    if found := PRINTED_BYTES.fullmatch(text.strip()):
        return f"{found[1]}… ({len(text):,} characters, {hashlib.sha256(text.encode()).hexdigest()[:8]})"
    compact = "".join(text.split()) if len(text) > 32 and " " not in text else ""
    return {"base64": _describe_base64(compact)} if _BASE64_ALONE.fullmatch(compact) else None


def describe_inside(text: str) -> str:
    """Replace pictures in the middle of a text by words."""

    def in_words(found: re.Match) -> str:
        first, second, *_ = _describe_base64(found[found.lastindex or 0]).values()
        return f"({first}, {second})"

    return _BASE64.sub(in_words, _DATA_URL.sub(in_words, text))


def _describe_base64(encoded: str) -> dict[str, Any]:
    text = "".join(unquote(encoded).split()).translate({45: "+", 95: "/"}).rstrip("=")
    try:
        return describe(base64.b64decode(text + "=" * (-len(text) % 4)))
    except binascii.Error:
        return describe(text.encode())


def _fingerprint(data: bytes) -> dict[str, Any] | None:
    """Describe what a picture that was made on the way (shrunk, turned) looks like; None when Pillow can't read it.

    Another machine packs the same pixels into other bytes (the PNG compressor of Pillow chooses by the processor), so
    a digest of these would let nobody else replay. Of a PNG it is a digest of its pixels, which are the same anywhere.
    """
    try:
        image = Image.open(BytesIO(data))
        what = f"{image.get_format_mimetype()}, {image.width} x {image.height} pixels"
        if image.format == "PNG":
            return {"picture": what, "look": hashlib.sha256(image.convert("RGBA").tobytes()).hexdigest()}
        image.draft(None, (512, 512))
        fields = image.convert("L").resize(_FIELDS, Image.Resampling.BOX).tobytes()
        return {"picture": what, "look": base64.b64encode(fields).decode()}
    except Exception:  # Pillow's readers raise whatever a damaged file makes them stumble over
        return None


def bodies_match(recorded: Any, asked: Any, name: str = "") -> bool:
    """Are two recorded bodies the same request? Pictures made on the way are, if they look alike."""
    if isinstance(recorded, dict) and isinstance(asked, dict) and recorded.keys() == asked.keys():
        return all(bodies_match(recorded[key], asked[key], key) for key in recorded)
    if isinstance(recorded, list) and isinstance(asked, list) and len(recorded) == len(asked):
        return all(map(bodies_match, recorded, asked))
    if name == "look" and all(re.fullmatch(r"[A-Za-z0-9+/]{3072}", str(look)) for look in (recorded, asked)):
        fields = zip(base64.b64decode(recorded), base64.b64decode(asked), strict=True)
        return all(abs(a - b) <= MAX_DIFFERENCE for a, b in fields)
    return recorded == asked

"""Pictures in a recording: named if they are files of ours, else described; never stored as base64."""

import base64
import hashlib
import re
from contextlib import suppress
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import unquote

from PIL import Image

from ..assets import our_files

# (What follows b' is Python's print of bytes, which no service takes for base64.)
_DATA_URL = re.compile(r"data:([\w.+/-]*)(?:;[\w=.-]+)*;base64,(?!b')([A-Za-z0-9+/=_%\s-]*)", re.I)
# Long enough to be a picture, and nothing that a person writes; or the beginning of a PNG, JPEG, GIF or WebP.
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{400,}={0,2}")
_BASE64_ALONE = re.compile(rf"{_BASE64.pattern}|(?:iVBORw0K|/9j/|R0lGOD(?:dh|lh)|UklGR[\w+/]{{6}}XRUJQ)[\w+/=-]*")
# What a request may carry as a picture; of anything else, PostScript above all, nothing is opened.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "WEBP")
# A JPEG or WebP made on the way is compared by the mean grey of 48 x 48 fields, none of which may be farther from the
# recorded one. Another processor's JPEG is off by less, other words on a page by more; a single digit may pass.
_FIELDS, MAX_DIFFERENCE = (48, 48), 1
_our_files = cache(our_files)


def describe(data: bytes) -> dict:
    """Describe bytes in two fields: the file of ours or the look of the picture that they are, or size and sha256.

    A picture that was made on the way (shrunk, turned) has other bytes on another machine (the PNG compressor of Pillow
    chooses by the processor): its digest would let nobody else replay. The pixels of a PNG are the same anywhere.
    """
    digest = hashlib.sha256(data).hexdigest()
    if file := next((row["file"] for row in _our_files() if row["sha256"] == digest), None):
        return {"file": file, "sha256": digest}
    with suppress(Exception):  # Pillow's readers raise whatever a damaged file makes them stumble over
        image = Image.open(BytesIO(data), formats=_FORMATS)
        what = f"{image.get_format_mimetype()}, {image.width} x {image.height} pixels"
        if image.format == "PNG":
            return {"picture": what, "look": hashlib.sha256(image.convert("RGBA").tobytes()).hexdigest()}
        image.draft(None, (512, 512))
        fields = image.convert("L").resize(_FIELDS, Image.Resampling.BOX).tobytes()
        return {"picture": what, "look": base64.b64encode(fields).decode()}
    return {"bytes": len(data), "sha256": digest}


def describe_text(text: str) -> dict | None:
    """Describe a string that is nothing but a data URL, or base64 of a picture; None when it is neither."""
    if found := _DATA_URL.fullmatch(text.strip()):
        return {"data_url": found[1], **_describe_base64(found[2])}
    compact = "".join(text.split()) if len(text) > 32 and " " not in text else ""
    return {"base64": _describe_base64(compact)} if _BASE64_ALONE.fullmatch(compact) else None


def describe_inside(text: str) -> str:
    """Replace pictures in the middle of a text by words."""

    def in_words(found: re.Match) -> str:
        return "({}, {})".format(*_describe_base64(found[found.lastindex or 0]).values())

    return _BASE64.sub(in_words, _DATA_URL.sub(in_words, text))


def _describe_base64(encoded: str) -> dict[str, Any]:
    text = "".join(unquote(encoded).split()).translate({45: "+", 95: "/"}).rstrip("=")
    with suppress(ValueError):
        return describe(base64.b64decode(text + "=" * (-len(text) % 4)))
    return describe(text.encode())


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

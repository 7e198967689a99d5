"""How a request or an answer becomes something one can read in a diff: bodies parsed, pictures named, no secrets."""

import base64
import hashlib
import json
import os
import re
from collections import namedtuple
from collections.abc import Mapping
from contextlib import suppress
from email import message_from_bytes, policy
from functools import cache, partial
from io import BytesIO
from typing import Any
from urllib.parse import unquote

from PIL import Image

from ..assets import our_files
from .masking import is_secret, mask, secrets_of
from .shape import RecordedRequest, RecordedResponse, RecordingError

DEFAULT_MODEL = "gpt-5.6-luna"
_KEPT_HEADERS = re.compile(r"content-type|retry-after(-ms)?|(operation-)?location|x-ratelimit-[a-z-]+")
# (What follows b' is Python's print of bytes, which no service takes for base64.)
_DATA_URL = re.compile(r"data:([\w.+/-]*)(?:;[\w=.-]+)*;base64,(?!b')([A-Za-z0-9+/=_%\s-]*)", re.I)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{400,}={0,2}")  # long enough to be a picture, and nothing that a person writes
# What a request may carry as a picture; of anything else, PostScript above all, nothing is opened.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "WEBP")
# A JPEG or WebP made on the way is compared by the mean grey of 48 x 48 fields, none of which may be farther from the
# recorded one. Another processor's JPEG is off by less, other words on a page by more; a single digit may pass.
_FIELDS, MAX_DIFFERENCE = (48, 48), 1
_our_files = cache(our_files)
Part = namedtuple("Part", "name data filename content_type")  # of a form: with a file name a file, else a field


def recorded_request(method: str, url: str, headers: Mapping, body: bytes | None, model: str) -> RecordedRequest:
    """Make the readable form of a request, to store and to compare: with `$VISION_MODEL` in the place of this model."""
    content_type, value = str(headers.get("content-type") or ""), None
    parts = parts_of(body or b"", content_type)
    with suppress(ValueError):
        value = json.loads(body or b"null")
    secrets_of(headers, url, {part.name: part.data.decode("latin-1") for part in parts} or value)  # from here on masked
    if parts:  # by name: the order of the parts says nothing
        value = {"parts": [_recorded_part(part) for part in sorted(parts, key=lambda part: part.name)]}
    else:
        value = describe(body) if body and value is None else clean(value)
    if isinstance(value, dict) and value.get("model") == model:
        value["model"] = "$VISION_MODEL"
    kind = content_type.split(";")[0] or None
    return RecordedRequest(method=method.upper(), url=mask(_without_host(url)), content_type=kind, body=value)


def recorded_response(status: int, headers: Mapping, body: bytes) -> RecordedResponse:
    """Make the readable form of an answer. Raises RecordingError for bytes that are neither text nor a file of ours."""
    kept = {name: mask(headers[name]) for name in sorted(headers) if _KEPT_HEADERS.fullmatch(name)}
    response, kind, value = partial(RecordedResponse, status=status, headers=kept), kept.get("content-type", ""), None
    if "file" in (described := describe(body)):
        return response(file=described)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise RecordingError(f"The answer ({kind}) is no text: put it into asset/ and SOURCES.csv.") from None
    if kind.startswith("text/event-stream"):
        return response(events=[event for event in clean(text, False).replace("\r\n", "\n").split("\n\n") if event])
    with suppress(ValueError):
        secrets_of(body=(value := json.loads(text)))
    # Here a string stays a string: what replays has the type that the service sent.
    return response(text=clean(text, False) or None) if value is None else response(json=clean(value, pictures=False))


def clean(value: Any, pictures: bool = True) -> Any:
    """Return the same JSON with secrets masked and pictures described, or in words."""
    if isinstance(value, dict):
        kept = {"embedding": value["embedding"]} if "embedding" in value else {}  # a vector, in base64 as the SDK asks
        cleaned = {mask(key): "***" if is_secret(key, one) else clean(one, pictures) for key, one in value.items()}
        return cleaned | kept
    if isinstance(value, list):
        return [clean(item, pictures) for item in value]
    if not isinstance(value, str):
        return value
    if pictures and (picture := describe_text(value)):
        return picture
    return mask(_BASE64.sub(lambda found: "({}, {})".format(*_describe_base64(found[0]).values()), value))


def describe(data: bytes) -> dict:
    """Describe bytes in two fields: the file of ours or the look of the picture that they are, or size and sha256.

    Packed again, a picture has other bytes on another machine, whose digest would let nobody else replay.
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
    return {"base64": _describe_base64(compact)} if _BASE64.fullmatch(compact) else None


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


def parts_of(body: bytes, content_type: str) -> list[Part]:
    """Take an uploaded form apart (RFC 7578, 2015); no parts if it is none."""
    if not content_type.lower().startswith("multipart/form-data"):
        return []
    form = message_from_bytes(b"content-type: %b\r\n\r\n%b" % (content_type.encode(), body), policy=policy.HTTP)
    return [
        Part(str(part.get_param("name", "", header="content-disposition")), part.get_payload(decode=True),
             part.get_filename(), part.get_content_type() if "content-type" in part else None)
        for part in form.iter_parts()
    ]  # fmt: skip


def _recorded_part(part: Part) -> dict:
    if part.filename is None:
        return clean({part.name: part.data.decode(errors="replace")})
    return clean({"name": part.name, "content_type": part.content_type, "filename": part.filename}) | describe(
        part.data
    )


def _without_host(url: str) -> str:
    """Take the host of the API off an address, for it is the reader's choice; others stay."""
    for base in (os.environ.get("OPENAI_BASE_URL", "").strip(), "https://api.openai.com/v1"):
        # requests leaves a user and a password in it, and openai does not.
        behind, asked = (re.sub("(?<=//)[^/]*@", "", one) for one in (f"{base.rstrip('/')}/", url))
        if base and asked.startswith(behind):
            return f"/v1/{asked.removeprefix(behind)}"
    return url

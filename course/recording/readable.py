"""How a request or an answer becomes something one can read in a diff: pictures as references, no secret anywhere."""

import base64
import binascii
import hashlib
import json
import os
import re
from contextlib import suppress
from functools import cache
from io import BytesIO
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import httpx2
from PIL import Image
from vcr.filters import decode_response

from ..assets import our_files
from .multipart import Part, parts_of
from .shape import FileReference, RecordedRequest, RecordedResponse, RecordingError

DEFAULT_MODEL = "gpt-5.6-luna"
# In the URL of Azure AI Vision's video retrieval, which ended on 2025-06-30: nobody can ask it any more.
RETIRED_SERVICE = "/computervision/retrieval/"

# A resource of Azure OpenAI that can't exist under such a name, and a token that opens none: whoever has no resource
# asks with these, and what is recorded of them is kept.
NO_RESOURCE, NO_TOKEN = "your_resource.openai.azure.com", "a-token-for-replay-alone"
# What the readers call a deployment of their own is recorded under this name.
DEFAULT_DEPLOYMENT = "my-vision"

# The hosts that are the API itself. OPENAI_BASE_URL and AZURE_OPENAI_ENDPOINT add one each.
_AZURE = r"[\w-]+\.(?:(?:openai|cognitiveservices|services\.ai)\.azure\.com|api\.cognitive\.microsoft\.com)"
_API_HOST = re.compile(rf"^https://(?:api\.openai\.com|{_AZURE})(?=/)", re.I)


def recorded_request(method: str, url: str, headers: dict, body: bytes | None, model: str) -> RecordedRequest:
    """The readable form of a request: what is stored, and what two requests are compared by.

    `model` is the course's model at the moment; it is stored as `$VISION_MODEL`, so that a recording made with
    another model still plays.
    """
    upstream = os.environ.get("COURSE_UPSTREAM")
    if upstream and url.startswith(upstream):
        url = "https:/" + url.removeprefix(upstream.rstrip("/"))
    for variable, path in (("OPENAI_BASE_URL", "/v1"), ("AZURE_OPENAI_ENDPOINT", "")):
        base = os.environ.get(variable, "").strip()
        url = f"{path}{behind}" if base and (behind := _behind(base, url)) else url
    url, names = _API_HOST.sub("", url), {model: "$VISION_MODEL"}
    if is_azure(url):
        deployment = os.environ.get("AZURE_OPENAI_DEPLOYMENT") or DEFAULT_DEPLOYMENT
        url = url.replace(f"/deployments/{deployment}/", f"/deployments/{DEFAULT_DEPLOYMENT}/")
        names = {deployment: DEFAULT_DEPLOYMENT}
    secrets = _secrets(headers, body)
    content_type = _content_type(headers)
    return RecordedRequest(
        method=method.upper(),
        url=mask(url, secrets),
        content_type=content_type.split(";")[0] or None,
        body=_form(body, content_type, secrets) or _readable(body, secrets, names),
    )


def _behind(base: str, url: str) -> str | None:
    """What of an address comes after this base, both as the clients write them; None if it is elsewhere."""
    with suppress(Exception):  # whatever was typed may be no address at all
        base, url = str(httpx2.URL(base)).rstrip("/"), str(httpx2.URL(url))
        return url.removeprefix(base) if url.startswith(f"{base}/") else None
    return None


def is_azure(url: str) -> bool:
    """Was this, the `url` of a recorded request, asked at a resource of Azure OpenAI, be it one that does not exist?"""
    return urlsplit(url).path.startswith("/openai/")


def _content_type(headers: dict) -> str:
    return next((str(value) for name, value in headers.items() if name.lower() == "content-type"), "")


def recorded_response(vcr_response: dict, request_headers: dict, request_body: bytes | None) -> RecordedResponse:
    """The readable form of an answer, without anything that is a secret, be it the answer's own or the request's."""
    response = decode_response(vcr_response)
    secrets = _secrets(request_headers, request_body)
    headers = {name.lower(): ", ".join(values) for name, values in response["headers"].items()}
    kept = {name: mask(headers[name], secrets) for name in _KEPT_HEADERS if name in headers}
    fields: dict[str, Any] = {"status": response["status"]["code"], "headers": kept}
    body, kind = response["body"]["string"], headers.get("content-type", "")
    if reference := _reference(body):
        return RecordedResponse(**fields, file=reference)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise RecordingError(
            f"The answer ({kind}, {len(body):,} bytes) is no text and no file of asset/. To record it, put the file "
            "into asset/ with its row in asset/SOURCES.csv."
        ) from None
    if kind.startswith("text/event-stream"):
        events = mask(text, secrets).replace("\r\n", "\n").split("\n\n")
        return RecordedResponse(**fields, events=[event for event in events if event])
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if value is None:
        return RecordedResponse(**fields, text=mask(text, secrets) or None)
    # In an answer a string stays a string: what replays has the type that the service sent.
    return RecordedResponse(**fields, json_=_clean(value, secrets, pictures=False))


def _readable(body: bytes | None, secrets: set[str], names: dict[str, str]) -> Any:
    if not body:
        return None
    try:
        value = _clean(json.loads(body), secrets)
    except ValueError:
        return {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    if isinstance(value, dict) and isinstance(value.get("model"), str):
        value["model"] = names.get(value["model"], value["model"])
    return value


def _form(body: bytes | None, content_type: str, secrets: set[str]) -> dict | None:
    """An uploaded form as its parts, by name: its boundary is another one each time, and their order says nothing."""
    parts = sorted(parts_of(body or b"", content_type), key=lambda part: part.name)
    return {"parts": [_form_part(part, secrets) for part in parts]} if parts else None


def _form_part(part: Part, secrets: set[str]) -> dict:
    readable: dict[str, Any] = {"name": mask(part.name, secrets)}
    if part.content_type:
        readable["content_type"] = part.content_type
    if part.filename is not None:
        return readable | {"filename": mask(part.filename, secrets), **_described_bytes(part.data)}
    try:
        value = part.data.decode()
    except UnicodeDecodeError:
        return readable | _described_bytes(part.data)
    return readable | {"value": _clean({part.name: value}, secrets)[mask(part.name, secrets)]}


# --- pictures: never as base64 ---

_DATA_URL = re.compile(r"data:([\w.+/-]*)(?:;[\w=.-]+)*;base64,([A-Za-z0-9+/=_%\s-]*)", re.I)
# Long enough to be a picture, and nothing that a person writes.
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{400,}={0,2}")


@cache
def _files() -> dict[str, str]:
    """sha256 -> path below the root, for every file of `asset/SOURCES.csv`."""
    return {row["sha256"]: row["file"] for row in our_files()}


def _reference(data: bytes) -> FileReference | None:
    digest = hashlib.sha256(data).hexdigest()
    return FileReference(file=_files()[digest], sha256=digest) if digest in _files() else None


# How a JPEG or WebP made on the way is compared: by the mean grey of 48 x 48 fields, none of which may be farther from
# the recorded one. Another processor's JPEG is off by less, other words on a page by more; a single digit may pass.
_FIELDS, _FAR = (48, 48), 1


def _look(data: bytes) -> dict | None:
    """What a picture looks like, for one that was made on the way (shrunk, turned); None when Pillow can't read it.

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


def same(recorded: Any, asked: Any) -> bool:
    """Are two readable bodies the same request? Pictures made on the way are, if they look alike."""
    if recorded == asked:
        return True
    if isinstance(recorded, dict) and isinstance(asked, dict) and recorded.keys() == asked.keys():
        looks = recorded.get("look"), asked.get("look")
        if all(isinstance(look, str) and re.fullmatch(r"[A-Za-z0-9+/]{3072}", look) for look in looks):
            far = max(abs(a - b) for a, b in zip(*map(base64.b64decode, looks), strict=True))
            recorded, asked = ({**body, "look": ""} for body in (recorded, asked))
            return far <= _FAR and recorded == asked
        return all(same(recorded[name], asked[name]) for name in recorded)
    if isinstance(recorded, list) and isinstance(asked, list) and len(recorded) == len(asked):
        return all(map(same, recorded, asked))
    return False


def _described(encoded: str) -> dict:
    """Base64 as a reference to a file of ours, as what a picture looks like, or as size and sha256."""
    text = "".join(unquote(encoded).split()).translate({45: "+", 95: "/"}).rstrip("=")
    try:
        return _described_bytes(base64.b64decode(text + "=" * (-len(text) % 4)))
    except binascii.Error:
        return _described_bytes(text.encode())


def _described_bytes(data: bytes) -> dict:
    if reference := _reference(data):
        return reference.model_dump()
    return _look(data) or {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _picture(text: str) -> dict | None:
    """A string that is nothing but a data URL, or base64 of a picture, as a reference; None when it is neither."""
    if found := _DATA_URL.fullmatch(text.strip()):
        return {"data_url": found[1], **_described(found[2])}
    compact = "".join(text.split()) if len(text) > 32 and " " not in text else ""
    start = b""
    with suppress(binascii.Error, ValueError):
        start = base64.b64decode(compact[:32], validate=True)
    known = start.startswith((b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")) or start[8:12] == b"WEBP"
    return {"base64": _described(compact)} if known or _BASE64.fullmatch(compact) else None


def _in_words(found: re.Match) -> str:
    what = _described(found[found.lastindex or 0])
    if "look" in what:
        return f"({what['picture']}, {what['look']})"
    return f"({what.get('file') or what.get('bytes')} {what['sha256']})"


# --- secrets: never at all ---

_KEPT_HEADERS = ("content-type", "retry-after", "location", "operation-location")
_SECRET_HEADERS = re.compile(r"authorization|cookie|api-key|subscription-key|organization|project", re.I)
_SECRET_VARIABLES = re.compile(r"(OPENAI|AZURE).*(KEY|TOKEN|SECRET|ORG|PROJECT)")
# Names whose value is a secret whatever it looks like; and names whose value is one if it looks like one.
_ALWAYS = (
    r"[\w-]*(?:api|subscription|account|access|shared|primary|secondary|secret)[-_]?key|authorization|password|"
    r"client_?secret|(?:access|refresh|id|sas|auth)_?token|set-cookie"
)
_PERHAPS = r"key|code|token|auth|secret|cookie|sas|project(?:_?id)?|organi[sz]ation(?:_?id)?"
_SAS = "sig|se|sp|sv|sr|st|spr|ss|srt|sip|skoid|sktid|skt|ske|sks|skv"
_SIGNED = r"signature|expires|x-amz-[\w-]+|x-goog-[\w-]+|awsaccesskeyid|googleaccessid"
# What looks like a secret: long, without a space, and with a digit in it.
_LOOKS = r"(?=[^\s\"'&]*\d)[^\s\"'&\\]{16,}"
_BEGIN, _IS, _VALUE = r"(?:[?&;]|&amp;|%3F|%26|%2526)", r"(?:=|%3D|%253D)", r"[^&;\s\"'<>\\]+"
_PATTERNS = [
    (re.compile(rf"({_BEGIN}(?:{_ALWAYS}|{_SIGNED}){_IS}){_VALUE}", re.I), r"\1***"),
    (re.compile(rf"({_BEGIN}(?:{_PERHAPS}){_IS}){_LOOKS}", re.I), r"\1***"),
    (re.compile(rf"(\\*\"(?:{_ALWAYS})\\*\"\s*:\s*\\*\")[^\"\\]+", re.I), r"\1***"),
    (re.compile(r"(Incorrect API key provided: )\S+?(?=\.?[\s\"\\]|\.?$)"), r"\1***"),
    (re.compile(rf"\b(Bearer |Basic ){_LOOKS}", re.I), r"\1***"),
    (re.compile(r"\b(sk-|org-|proj_)(?=[\w-]*\d)[\w-]{16,}"), r"\1***"),
    (re.compile(r"(?<=://)[^/@\s\"']+@"), "***@"),
]
_SAS_PART = re.compile(rf"({_BEGIN}(?:{_SAS}){_IS}){_VALUE}", re.I)
_seen: set[str] = set()


def forget_secrets() -> None:
    """Begin anew: what one lesson's requests carried says nothing about the next lesson's."""
    _seen.clear()


def _secrets(headers: dict, body: bytes | None) -> set[str]:
    """Every credential that this request or an earlier one carried, and those of the environment.

    Only what looks like a secret: a short or plain word would blank ordinary text.
    """
    values = [value for name, value in headers.items() if _SECRET_HEADERS.search(name)]
    values += [value for name, value in os.environ.items() if _SECRET_VARIABLES.match(name)]
    # The name of a resource is no secret, but nobody's business either. (One without a dot might be any word.)
    endpoint = os.environ.get("AZURE_OPENAI_ENDPOINT", "").strip()
    with suppress(ValueError):  # a placeholder in brackets is taken for an address of another kind
        host = urlsplit(endpoint if "://" in endpoint else f"https://{endpoint}").hostname or ""
        _seen.update({host} if "." in host and host != NO_RESOURCE else ())

    def note(fields: dict) -> dict:
        values.extend(v for name, v in fields.items() if isinstance(v, str) and _is_secret(name, v))
        return fields

    with suppress(ValueError):
        json.loads(body or b"", object_hook=note)
    for part in parts_of(body or b"", _content_type(headers)):
        note({part.name: part.data.decode("latin-1")} if part.filename is None else {})
    for value in values:
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        secret = re.sub(r"^(bearer|basic) ", "", text.strip(), flags=re.I)
        if re.fullmatch(_LOOKS, secret):
            _seen.update((secret, quote(secret, safe="")))
    return _seen


def _is_secret(name: str, value: Any) -> bool:
    if re.fullmatch(_ALWAYS, name, re.I):
        return not isinstance(value, dict)
    return isinstance(value, str) and bool(re.fullmatch(_PERHAPS, name, re.I) and re.fullmatch(_LOOKS, value))


def mask(text: str, secrets: set[str] | None = None) -> str:
    """Text without secrets (by default those of the environment), and without pictures in the middle of it."""
    secrets = _secrets({}, None) if secrets is None else secrets
    text = _BASE64.sub(_in_words, _DATA_URL.sub(_in_words, text))
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    if re.search(rf"{_BEGIN}sig{_IS}", text, re.I):
        text = _SAS_PART.sub(r"\1***", text)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _clean(value: Any, secrets: set[str], pictures: bool = True) -> Any:
    """The same JSON with secrets masked, and strings that are pictures as references (or in words)."""
    if isinstance(value, dict):
        return {
            mask(name, secrets): "***" if _is_secret(name, item) else _clean(item, secrets, pictures)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_clean(item, secrets, pictures) for item in value]
    return ((pictures and _picture(value)) or mask(value, secrets)) if isinstance(value, str) else value

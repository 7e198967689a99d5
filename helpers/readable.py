"""How a request or an answer becomes something one can read in a diff: pictures as references, no secret anywhere."""

import base64
import binascii
import csv
import hashlib
import json
import os
import re
from contextlib import suppress
from functools import cache
from typing import Any

from vcr.filters import decode_response

from .cassette import ROOT, FileReference, RecordedRequest, RecordedResponse, RecordingError

DEFAULT_MODEL = "gpt-5.6-luna"

# The hosts that are the API itself. OPENAI_BASE_URL adds one.
_API_HOST = re.compile(r"https://(api\.openai\.com|[\w-]+\.(openai|cognitiveservices)\.azure\.com)(?=/)", re.I)


def recorded_request(method: str, url: str, headers: dict, body: bytes | None, model: str) -> RecordedRequest:
    """The readable form of a request: what is stored, and what two requests are compared by.

    `model` is the course's model at the moment; it is stored as `$VISION_MODEL`, so that a recording made with
    another model still plays.
    """
    upstream, base = os.environ.get("COURSE_UPSTREAM"), os.environ.get("OPENAI_BASE_URL", "").rstrip("/")
    if upstream and url.startswith(upstream):
        url = "https:/" + url.removeprefix(upstream.rstrip("/"))
    url = f"/v1{url.removeprefix(base)}" if base and url.startswith(f"{base}/") else _API_HOST.sub("", url)
    secrets = _secrets(headers, body)
    content_type = next((v.split(";")[0] for name, v in headers.items() if name.lower() == "content-type"), None)
    return RecordedRequest(
        method=method.upper(),
        url=_mask(url, secrets),
        content_type=content_type,
        body=_readable(body, secrets, model),
    )


def recorded_response(vcr_response: dict, request_headers: dict, request_body: bytes | None) -> RecordedResponse:
    """The readable form of an answer, without anything that is a secret, be it the answer's own or the request's."""
    response = decode_response(vcr_response)
    secrets = _secrets(request_headers, request_body)
    headers = {name.lower(): ", ".join(values) for name, values in response["headers"].items()}
    kept = {name: _mask(headers[name], secrets) for name in _KEPT_HEADERS if name in headers}
    fields: dict[str, Any] = {"status": response["status"]["code"], "headers": kept}
    body, kind = response["body"]["string"], headers.get("content-type", "")
    if reference := _reference(body):
        return RecordedResponse(**fields, file=reference)
    try:
        text = _mask(body.decode("utf-8"), secrets)
    except UnicodeDecodeError:
        raise RecordingError(
            f"The answer ({kind}, {len(body):,} bytes) is no text and no file of asset/. To record it, put the file "
            "into asset/ with its row in asset/SOURCES.csv."
        ) from None
    if kind.startswith("text/event-stream"):
        return RecordedResponse(**fields, events=[e for e in text.replace("\r\n", "\n").split("\n\n") if e])
    try:
        return RecordedResponse(**fields, json_=_clean(json.loads(text), secrets))
    except ValueError:
        return RecordedResponse(**fields, text=text or None)


def _readable(body: bytes | None, secrets: set[str], model: str) -> Any:
    if not body:
        return None
    try:
        value = _clean(json.loads(body), secrets)
    except ValueError:
        return {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    if isinstance(value, dict) and value.get("model") == model:
        value["model"] = "$VISION_MODEL"
    return value


# --- pictures: never as base64 ---

_DATA_URL = re.compile(r"data:([^;,]*)[^,]*;base64,(.*)", re.S)
_PICTURE_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"II*\0", b"MM\0*")
_LONG_BASE64 = re.compile(r"[A-Za-z0-9+/_=\r\n-]{512,}")


@cache
def _files() -> dict[str, str]:
    """sha256 -> path below the root, for every file of `asset/SOURCES.csv`."""
    with open(ROOT / "asset" / "SOURCES.csv", encoding="utf-8", newline="") as rows:
        return {row["sha256"]: row["file"] for row in csv.DictReader(rows)}


def _reference(data: bytes) -> FileReference | None:
    digest = hashlib.sha256(data).hexdigest()
    return FileReference(file=_files()[digest], sha256=digest) if digest in _files() else None


def _picture(text: str) -> dict | None:
    """A data URL, or bare base64 of a picture, as a reference; None when the text is neither."""
    found = _DATA_URL.fullmatch(text)
    encoded = found[2] if found else text
    try:
        # The first characters tell a picture; long base64 is taken for one in any case.
        looks = found or _LONG_BASE64.fullmatch(text)
        looks = looks or base64.b64decode(text[:16], validate=True).startswith(_PICTURE_STARTS)
        data = base64.b64decode(encoded, altchars=b"-_" if set("-_") & set(encoded) else None) if looks else None
    except (binascii.Error, ValueError):
        # Not decodable: still a picture's worth of characters if it says it is a data URL.
        data = encoded.encode() if found else None
    if data is None:
        return None
    reference = _reference(data)
    what = reference.model_dump() if reference else {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    return {"data_url": found[1], **what} if found else {"base64": what}


# --- secrets: never at all ---

_KEPT_HEADERS = ("content-type", "retry-after", "operation-location")
_SECRET_HEADERS = re.compile(r"authorization|cookie|api-key|subscription-key|organization|project|token", re.I)
_SECRET_VARIABLES = re.compile(r"(OPENAI|AZURE).*(KEY|TOKEN|SECRET|ORG|PROJECT)")
_SECRET_FIELDS = re.compile(
    r"(api|subscription|account|access|shared)?[-_]?key|\w+(api|subscription|account|access)[-_]?key|authorization|"
    r"password|secret|client_secret|(access|refresh|id|sas|auth)_?token|cookie|organi[sz]ation(_id)?",
    re.I,
)
_QUERY = (
    "sig|se|sp|sv|sr|st|spr|ss|srt|sip|skoid|sktid|skt|ske|sks|skv|api[-_]key|subscription[-_]key|key|code|"
    r"(?:access_)?token|signature|expires|x-amz-[\w-]+|x-goog-[\w-]+|awsaccesskeyid|googleaccessid"
)
_PATTERNS = [
    (re.compile(rf"([?&](?:{_QUERY})=)[^&#\s\"'\\]+", re.I), r"\1***"),
    (re.compile(r"(Incorrect API key provided: )\S+?(?=\.?[\s\"\\]|\.?$)"), r"\1***"),
    (re.compile(r"\b(sk-|org-|proj_|Bearer )[A-Za-z0-9_-]{6,}"), r"\1***"),
]


_seen: set[str] = set()


def _secrets(headers: dict, body: bytes | None) -> set[str]:
    """Every credential that this request or an earlier one carried, and those of the environment."""
    values = [value for name, value in headers.items() if _SECRET_HEADERS.search(name)]
    values += [value for name, value in os.environ.items() if _SECRET_VARIABLES.match(name)]

    def note(fields: dict) -> dict:
        values.extend(v for name, v in fields.items() if isinstance(v, str) and _SECRET_FIELDS.fullmatch(name))
        return fields

    with suppress(ValueError):
        json.loads(body or b"", object_hook=note)
    texts = [v.decode("latin-1") if isinstance(v, bytes) else str(v) for v in values]
    # Very short values would blank ordinary words.
    _seen.update(secret for text in texts if len(secret := text.removeprefix("Bearer ").strip()) >= 6)
    return _seen


def _mask(text: str, secrets: set[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def _clean(value: Any, secrets: set[str]) -> Any:
    """The same JSON with pictures as references and secrets masked."""
    if isinstance(value, dict):
        return {
            name: "***" if isinstance(item, str) and _SECRET_FIELDS.fullmatch(name) else _clean(item, secrets)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_clean(item, secrets) for item in value]
    return (_picture(value) or _mask(value, secrets)) if isinstance(value, str) else value

"""How a request or an answer becomes something one can read in a diff: bodies parsed, no hosts, no secrets."""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx2
from vcr.filters import decode_response

from . import pictures
from .masking import NO_RESOURCE, clean, mask, secrets_of, shown_address
from .shape import RecordedRequest, RecordedResponse, RecordingError

DEFAULT_MODEL = "gpt-5.6-luna"
# In the URL of Azure AI Vision's video retrieval, which ended on 2025-06-30: nobody can ask it any more.
RETIRED_SERVICE = "/computervision/retrieval/"
# A token of Entra ID that opens nothing: whoever has no resource asks with it, and what is recorded of that is kept.
NO_TOKEN = "a-token-for-replay-alone"
# What the readers call a deployment of their own is recorded under this name.
DEFAULT_DEPLOYMENT = "my-vision"

# The hosts that are the API itself. OPENAI_BASE_URL and AZURE_OPENAI_ENDPOINT add one each.
_AZURE = r"[\w-]+\.(?:(?:openai|cognitiveservices|services\.ai)\.azure\.com|api\.cognitive\.microsoft\.com)"
_API_HOST = re.compile(rf"^https://(?:api\.openai\.com|{_AZURE})(?=/)", re.I)
_KEPT_HEADERS = ("content-type", "retry-after", "location", "operation-location")


class Part(NamedTuple):
    """One part of a form: a field, or, when it has a `filename`, a file. `data` are its bytes."""

    name: str
    data: bytes
    filename: str | None
    content_type: str | None


def recorded_request(method: str, url: str, headers: Mapping, body: bytes | None, model: str) -> RecordedRequest:
    """Make the readable form of a request: what is stored, and what two requests are compared by.

    `model` is the course's model at the moment; it is stored as `$VISION_MODEL`, so that a recording made with
    another model still plays.
    """
    asked = url
    for variable, path in (("OPENAI_BASE_URL", "/v1"), ("AZURE_OPENAI_ENDPOINT", "")):
        base = os.environ.get(variable, "").strip()
        url = f"{path}{behind}" if base and (behind := _behind(base, url)) else url
    url, names = _API_HOST.sub("", url), {model: "$VISION_MODEL"}
    if is_azure(url):
        deployment = os.environ.get("AZURE_OPENAI_DEPLOYMENT") or DEFAULT_DEPLOYMENT
        url = url.replace(f"/deployments/{deployment}/", f"/deployments/{DEFAULT_DEPLOYMENT}/")
        names = {deployment: DEFAULT_DEPLOYMENT}
    content_type = next((str(value) for name, value in headers.items() if name.lower() == "content-type"), "")
    parts, value = parts_of(body or b"", content_type), None
    with suppress(ValueError):
        value = json.loads(body or b"null")
    fields = {part.name: part.data.decode("latin-1") for part in parts if part.filename is None}
    secrets = secrets_of(headers, asked, fields or value)
    if parts:
        # The boundary is another one each time, and the order of the parts says nothing.
        value = {"parts": [_recorded_part(part, secrets) for part in sorted(parts, key=lambda part: part.name)]}
    elif body and value is None:
        value = {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    else:
        value = clean(value, secrets)
        if isinstance(value, dict) and isinstance(value.get("model"), str):
            value["model"] = names.get(value["model"], value["model"])
    kind = content_type.split(";")[0] or None
    return RecordedRequest(method=method.upper(), url=mask(url, secrets), content_type=kind, body=value)


def recorded_response(vcr_response: dict, request_headers: Mapping) -> RecordedResponse:
    """Make the readable form of an answer, without anything that is a secret, be it its own or the request's.

    Raises RecordingError for bytes that are neither text nor a file of ours.
    """
    response = decode_response(vcr_response)
    secrets = secrets_of(request_headers)  # those of the body are known since the request was recorded
    headers = {name.lower(): ", ".join(values) for name, values in response["headers"].items()}
    kept = {name: mask(headers[name], secrets) for name in _KEPT_HEADERS if name in headers}
    fields: dict[str, Any] = {"status": response["status"]["code"], "headers": kept}
    body, kind = response["body"]["string"], headers.get("content-type", "")
    if ours := pictures.reference(body):
        return RecordedResponse(**fields, file=ours)
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
    with suppress(ValueError):
        if (value := json.loads(text)) is not None:
            # In an answer a string stays a string: what replays has the type that the service sent.
            return RecordedResponse(**fields, json_=clean(value, secrets, pictures=False))
    return RecordedResponse(**fields, text=mask(text, secrets) or None)


def parts_of(body: bytes, content_type: str) -> list[Part]:
    """Take an uploaded form apart (RFC 7578, 2015); no parts if it is none."""
    if not content_type.lower().startswith("multipart/form-data"):
        return []
    form = BytesParser(policy=HTTP).parsebytes(b"content-type: " + content_type.encode() + b"\r\n\r\n" + body)
    return [
        Part(
            str(part.get_param("name", "", header="content-disposition")),
            bytes(part.get_payload(decode=True)),  # type: ignore[arg-type]
            part.get_filename(),
            part.get_content_type() if "content-type" in part else None,
        )
        for part in (form.iter_parts() if form.is_multipart() else ())
    ]


def _recorded_part(part: Part, secrets: set[str]) -> dict:
    readable: dict[str, Any] = {"name": mask(part.name, secrets)}
    if part.content_type:
        readable["content_type"] = part.content_type
    if part.filename is not None:
        return readable | {"filename": mask(part.filename, secrets), **pictures.describe(part.data)}
    try:
        return readable | {"value": clean(part.data.decode(), secrets, name=part.name)}
    except UnicodeDecodeError:
        return readable | pictures.describe(part.data)


def _behind(base: str, url: str) -> str | None:
    """What of an address comes after this base, both as the clients write them; None if it is elsewhere."""
    with suppress(Exception):  # whatever was typed may be no address at all
        # vcrpy is not told the user and the password of an address.
        base, url = (str(httpx2.URL(one).copy_with(userinfo=b"")) for one in (base, url))
        return url.removeprefix(base.rstrip("/")) if url.startswith(f"{base.rstrip('/')}/") else None
    return None


def is_azure(url: str) -> bool:
    """Was this, the `url` of a recorded request, asked at a resource of Azure OpenAI, be it one that does not exist?"""
    return urlsplit(url).path.startswith("/openai/")


def is_wrong_host(recorded: str, asked: str) -> bool:
    """Was the API of this recorded URL asked at a host that belongs to somebody else? Hosts are not recorded."""
    host = (urlsplit(asked).hostname or "").lower()
    own = [os.environ.get(name, "") for name in ("OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT")]
    if host in {NO_RESOURCE, *(shown_address(base).partition(":")[0].lower() for base in own)}:
        return False
    return recorded.startswith("/openai/") or (recorded.startswith("/v1/") and bool(re.fullmatch(_AZURE, host)))

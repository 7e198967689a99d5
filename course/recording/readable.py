"""How a request or an answer becomes something one can read in a diff: bodies parsed, no hosts, no secrets."""

import json
import os
import re
from collections import namedtuple
from collections.abc import Mapping
from contextlib import suppress
from email import message_from_bytes, policy
from urllib.parse import urlsplit

import httpx2

from . import pictures
from .masking import NO_RESOURCE, clean, mask, secrets_of
from .shape import RecordedRequest, RecordedResponse, RecordingError

DEFAULT_MODEL = "gpt-5.6-luna"
DEFAULT_DEPLOYMENT = "my-vision"  # under this name a deployment of the readers' own is recorded
# In the URL of Azure AI Vision's video retrieval, which ended on 2025-06-30: nobody can ask it any more.
RETIRED_SERVICE = "/computervision/retrieval/"
# A token of Entra ID that opens nothing: whoever has no resource asks with it, and what is recorded of that is kept.
NO_TOKEN = "a-token-for-replay-alone"
# The hosts that are the API itself. Each of these variables adds one, whose addresses begin with what stands here.
_AZURE = r"[\w-]+\.(?:(?:openai|cognitiveservices|services\.ai)\.azure\.com|api\.cognitive\.microsoft\.com)"
_API_HOST = re.compile(rf"^https://(?:api\.openai\.com(?!/openai/)|{_AZURE})(?=/)", re.I)
# A resource of somebody else, who can't have given what is recorded.
_OF_OTHERS = re.compile(rf"^https://(?!{NO_RESOURCE}){_AZURE}(?=/(?:openai|v1)/)", re.I)
_ENDPOINTS = {"OPENAI_BASE_URL": "/v1", "AZURE_OPENAI_ENDPOINT": ""}
_KEPT_HEADERS = re.compile(r"content-type|retry-after(-ms)?|(operation-)?location|x-ratelimit-[a-z-]+")
# One part of a form: a field, or, when it has a `filename`, a file. `data` are its bytes.
Part = namedtuple("Part", "name data filename content_type")


def recorded_request(
    method: str, url: str, headers: Mapping, body: bytes | None, model: str, to_replay: bool = False
) -> RecordedRequest:
    """Make the readable form of a request, to store and to compare: with `$VISION_MODEL` in the place of this model."""
    path, stored_model = _without_host(url, to_replay), "$VISION_MODEL"
    if is_azure(path):
        model, stored_model = deployment(), DEFAULT_DEPLOYMENT
        path = path.replace(f"/deployments/{model}/", f"/deployments/{stored_model}/")
    content_type = str({name.lower(): value for name, value in headers.items()}.get("content-type", ""))
    parts, value = parts_of(body or b"", content_type), None
    with suppress(ValueError):
        value = json.loads(body or b"null")
    secrets = secrets_of(headers, url, {part.name: part.data.decode("latin-1") for part in parts} or value)
    if parts:  # by name: the order of the parts says nothing
        value = {"parts": sorted((_recorded_part(part, secrets) for part in parts), key=lambda part: part["name"])}
    else:
        value = pictures.describe(body) if body and value is None else clean(value, secrets)
    if isinstance(value, dict) and value.get("model") == model:
        value["model"] = stored_model
    kind = content_type.split(";")[0] or None
    return RecordedRequest(method=method.upper(), url=mask(path, secrets), content_type=kind, body=value)


def recorded_response(status: int, headers: Mapping, body: bytes, request_headers: Mapping) -> RecordedResponse:
    """Make the readable form of an answer. Raises RecordingError for bytes that are neither text nor a file of ours."""
    secrets = secrets_of(request_headers)  # those of the body are known since the request was recorded
    kept = {name: mask(headers[name], secrets) for name in sorted(headers) if _KEPT_HEADERS.fullmatch(name)}
    answer, kind, value = RecordedResponse(status=status, headers=kept), kept.get("content-type", ""), None
    if "file" in (described := pictures.describe(body)):
        answer.file = described
        return answer
    try:
        text = body.decode()
    except UnicodeDecodeError:
        what = f"The answer ({kind}, {len(body):,} bytes) is no text and no file of asset/. To record it, put the file"
        raise RecordingError(f"{what} into asset/ with its row in asset/SOURCES.csv.") from None
    with suppress(ValueError):
        value = json.loads(text)
    if kind.startswith("text/event-stream"):
        answer.events = [event for event in mask(text, secrets).replace("\r\n", "\n").split("\n\n") if event]
    elif value is not None:  # here a string stays a string: what replays has the type that the service sent
        answer.json_ = clean(value, secrets, pictures=False)
    else:
        answer.text = mask(text, secrets) or None
    return answer


def parts_of(body: bytes, content_type: str) -> list[Part]:
    """Take an uploaded form apart (RFC 7578, 2015); no parts if it is none."""
    if not content_type.lower().startswith("multipart/form-data"):
        return []
    form = message_from_bytes(b"content-type: %b\r\n\r\n%b" % (content_type.encode(), body), policy=policy.HTTP)
    parts = []
    for part in form.iter_parts():
        name = str(part.get_param("name", "", header="content-disposition"))
        kind = part.get_content_type() if "content-type" in part else None
        parts.append(Part(name, part.get_payload(decode=True), part.get_filename(), kind))
    return parts


def _recorded_part(part: Part, secrets: set[str]) -> dict:
    known = {"name": part.name, "content_type": part.content_type, "filename": part.filename}
    readable = {field: mask(text, secrets) for field, text in known.items() if text is not None}
    with suppress(UnicodeDecodeError):
        if part.filename is None:
            return readable | {"value": clean(part.data.decode(), secrets, name=part.name)}
    return readable | pictures.describe(part.data)


def _without_host(url: str, to_replay: bool) -> str:
    """Take the host of the API off an address, for it is the reader's choice; others stay."""
    for variable, path in _ENDPOINTS.items():
        with suppress(Exception):  # whatever was typed may be no address at all
            # As the clients write them.
            base, asked = (str(httpx2.URL(one).copy_with(userinfo=b"")) for one in (os.environ[variable].strip(), url))
            if asked.startswith(behind := f"{base.rstrip('/')}/"):
                return f"{path}/{asked.removeprefix(behind)}"
    return url if to_replay and _OF_OTHERS.match(url) else _API_HOST.sub("", url)


def deployment() -> str:
    """Return the name of the deployment that is asked on Azure OpenAI."""
    return os.environ.get("AZURE_OPENAI_DEPLOYMENT") or DEFAULT_DEPLOYMENT


def is_azure(url: str) -> bool:
    """Was this, the `url` of a recorded request, asked at a resource of Azure OpenAI, be it one that does not exist?"""
    return urlsplit(url).path.startswith("/openai/")

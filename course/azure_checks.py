"""What is wrong with a call of `azure_video`, said before it is made: pure functions from what a lesson gives to JSON.

Fields and limits are those of Microsoft's API reference of 2024-03-11; what it leaves open is marked as unverified.
`notes` is a list that fills with sentences for the reader: of what was put right, and of what looks wrong.
"""

import ipaddress
import re
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

from helpers.video import moments

from . import CourseError
from .recording import readable

# 24 characters, or a GUID; which letters, and what names of ingestions may be, is published nowhere: unverified.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,24}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_OF_A_VIDEO = {"mode", "documentId", "documentUrl", "metadata", "userData"}


class AzureVideoError(CourseError):
    """A call that can't be made, or that failed. `status` is HTTP's; `code` and `inner_code` are the service's own."""

    def __init__(self, message: str, status: int | None = None, code: str | None = None, inner_code: str | None = None):
        super().__init__(readable.mask(message, set()))
        self.status, self.code, self.inner_code = status, code, inner_code


def endpoint(address: str) -> str:
    """The address of the resource without a slash or /computervision at its end."""
    with suppress(ValueError, AttributeError):
        address = re.sub(r"(/computervision)?/*$", "", address.strip())
        parts = urlsplit(address)
        plain = (
            parts.hostname
            and parts.port != 0
            and not (parts.query or parts.fragment or "@" in parts.netloc or "\\" in address)
        )
        if plain and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))):
            return address
    raise AzureVideoError("The endpoint is an https address like https://my-vision.cognitiveservices.azure.com.")


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def key(text: str) -> str:
    """The key; it must be fit for a header, or a library would show it in its own error."""
    if isinstance(text, str) and re.fullmatch(r"[!-~]+", text.strip()):
        return text.strip()
    raise AzureVideoError('The key is empty or no key. Copy it from the page "Keys and Endpoint" of your resource.')


def path(index: str, ingestion: str | None = None) -> str:
    """What follows /retrieval/indexes in the URL of an index, or of an ingestion of it."""
    path = f"/{_name('index', index)}"
    return path if ingestion is None else f"{path}/ingestions/{_name('ingestion', ingestion)}"


def _name(kind: str, text: str) -> str:
    if isinstance(text, str) and _NAME.fullmatch(text):
        return text
    raise AzureVideoError(f"The name of an {kind} is 1 to 24 letters, digits, - and _, or a GUID; not {text!r}.")


def one_of(what: str, given, known) -> str:
    """`given`, if it is one of `known`."""
    if given in known:
        return given
    raise AzureVideoError(f"{what} is one of {', '.join(known) or '(none)'}, not {given!r}.")


def _no_twins(what: str, names: list[str]) -> None:
    if twins := sorted({text for text in names if names.count(text) > 1}):
        raise AzureVideoError(f"{what} {twins[0]!r} is there twice. Give each its own.")


def index(fields: dict, domain: str, speech: bool) -> dict:
    """The body that makes an index."""
    described = [_field(title, how) for title, how in fields.items()]
    # The service writes all names in small letters.
    _no_twins("The field", [field["name"].lower() for field in described])
    one_of("The domain", domain, ("generic", "surveillance"))
    features = [{"name": "vision", "domain": domain}] + [{"name": "speech"}] * speech
    return {"metadataSchema": {"language": "en", "fields": described}, "features": features}


def _field(title: str, how: str | dict) -> dict:
    how = {"type": how} if isinstance(how, str) else how
    if not isinstance(title, str) or not title.strip() or not isinstance(how, dict):
        raise AzureVideoError('A field is a name and a type: {"cameraId": "string"}.')
    for part in how:
        one_of(f"What is said of field {title!r}", part, ("type", "searchable", "filterable"))
    one_of(f"The type of field {title!r}", how.get("type"), ("string", "datetime"))
    return {"name": title, "searchable": False, "filterable": True, **how}


def videos(given: list[dict], notes: list[str]) -> list[dict]:
    """The videos of an ingestion, but for their metadata."""
    if not isinstance(given, list | tuple) or not given:
        raise AzureVideoError("There is no video in the list. Give at least one.")
    checked = [_video(video, notes) for video in given]
    _no_twins("The documentId", [video["documentId"] for video in checked])
    return checked


def _video(given: dict, notes: list[str]) -> dict:
    if not isinstance(given, dict) or not all(
        isinstance(given.get(part), str) and given[part].strip() for part in ("documentId", "documentUrl")
    ):
        raise AzureVideoError('A video is a dict with two texts at least: "documentId" and "documentUrl".')
    title = given["documentId"]
    for part in given:
        one_of(f"What is said of video {title!r}", part, sorted(_OF_A_VIDEO))
    mode = one_of(f"The mode of video {title!r}", given.get("mode", "add"), ("add", "update", "remove"))
    _check_url(title, given["documentUrl"], notes)
    if not isinstance(given.get("metadata") or {}, dict):
        raise AzureVideoError(f'{title}: the metadata are names and texts: {{"cameraId": "1"}}.')
    return {"mode": mode, **given}


def with_metadata(video: dict, schema: dict[str, str], notes: list[str]) -> dict:
    """The video with its metadata as the index wants them. `schema`: name of a field in small letters -> type."""
    title, checked = video["documentId"], {}
    for label, value in (video.get("metadata") or {}).items():
        kind = schema[one_of(f"{title}: a field of this index", str(label).lower(), schema)]
        if kind == "datetime":
            value = date_time(f"{title}: {label}", value, notes)
        elif not isinstance(value, str):
            raise AzureVideoError(f"{title}: {label} is a text. Write it in quotes: {str(value)!r}.")
        checked[label] = value
    return {**video, "metadata": checked} if checked else video


def _check_url(title: str, url: str, notes: list[str]) -> None:
    parts = None
    with suppress(ValueError):
        parts = urlsplit(url)
    if not parts or parts.scheme not in ("http", "https") or not parts.hostname:
        raise AzureVideoError(f"{title}: the documentUrl is an http(s) address that the service can fetch.")
    query = parse_qs(parts.query)
    if ".blob.core." in parts.hostname and "sig" not in query:
        notes.append(
            f"{title}: its URL has no SAS (sig=…), so the service can fetch it only if the container is public."
        )
    with suppress(ValueError, KeyError):
        end = query["se"][0]
        end = moments.date_time(end if "T" in end else f"{end}T00:00:00Z")
        if datetime.fromisoformat(end) < datetime.now(UTC):
            notes.append(f"{title}: its SAS ended on {end}, so the service can't fetch it. Make a new one.")


def date_time(label: str, value: str | datetime, notes: list[str]) -> str:
    """A point in time as ISO 8601 in UTC."""
    try:
        at = moments.date_time(str(value))
    except ValueError:
        raise AzureVideoError(f"{label}: {value!r} is no date and time. Write 2023-06-30T17:40:33Z.") from None
    if at != str(value):
        notes.append(f"{label}: {value} is sent as {at}, which is ISO 8601 in UTC.")
    return at


def query(text: str, schema: dict[str, str] | None, strings, times, features, top, notes: list[str]) -> dict:
    """The body of a search; filters are checked against `schema` where that is known."""
    if not isinstance(text, str) or not text.strip():
        raise AzureVideoError("The query is empty. Write what is to be seen, for instance: a red cup.")
    if type(top) is not int or top < 1:
        raise AzureVideoError(f"top is a whole number, at least 1, not {top!r}.")
    strings, times, features = strings or {}, times or {}, _listed(features or [])
    for label in [*strings, *times] if schema is not None else []:
        one_of("The field of a filter", label.lower(), schema)
    spans = []
    for label, span in times.items():
        if not isinstance(span, list | tuple) or len(span) != 2:
            raise AzureVideoError(f"The filter {label} has two times: (start, end), one of which may be None.")
        start, end = (at and date_time(label, at, notes) for at in span)
        if start and end and datetime.fromisoformat(start) > datetime.fromisoformat(end):
            raise AzureVideoError(f"The filter {label} ends before it starts. Turn the two round.")
        ends = {"startTime": start, "endTime": end}
        spans.append({"fieldName": label, **{name: at for name, at in ends.items() if at}})
    filters = {
        "stringFilters": [{"fieldName": label, "values": _listed(values)} for label, values in strings.items()],
        "datetimeFilters": spans,
        "featureFilters": [one_of("A feature", feature, ("vision", "speech")) for feature in features],
    }
    filters = {kind: entries for kind, entries in filters.items() if entries}
    return {"queryText": text, **({"filters": filters} if filters else {}), "top": top}


def _listed(values) -> list:
    return [values] if isinstance(values, str) else list(values)

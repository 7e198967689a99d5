"""Secrets are never stored and never shown: what a request carried is masked wherever it is echoed."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from .pictures import describe_inside, describe_text

# What a secret looks like that stands alone. The 84 characters of a newer Azure key have this signature in their
# middle (microsoft/security-utilities, read on 2026-11-23); the older ones are 32 hexadecimal digits.
SHAPES = {
    "an OpenAI key": r"\bsk-(?=[\w-]*\d)[\w-]{16,}",
    "an OpenAI organisation or project": r"\b(?:org-|proj_)(?=[\w-]*\d)[\w-]{16,}",
    "an Azure key": r"(?<![0-9A-Za-z])[0-9A-Za-z]{52}JQQJ9[9DH][0-9A-Za-z]{26}(?![0-9A-Za-z])",
    "an Azure key of 32 digits": r"(?<![0-9A-Za-z_/+-])(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{32}(?![0-9A-Za-z_/+=-])",
    "a SAS signature": r"(?<=[?&]sig=)(?:[\w+/-]|%[0-9A-Fa-f]{2}){20,}",
    "a bearer token": r"(?i:(?<=\bbearer )|(?<=\bbasic ))(?=[^\s\"'&]*\d)[^\s\"'&\\]{16,}",
    "a JSON web token": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "an AWS key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_\w{36}|github_pat_\w{40,})",
    "a token of another service": r"\b(?:xox[abprs]-|[rs]k_live_|glpat-|npm_|hf_|AIza)(?=[\w-]*\d)[\w-]{20,}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\w+/=\s\\]*(?:-----END [A-Z ]*PRIVATE KEY-----)?)",
}
# Names whose value is a secret whatever it looks like, and names whose value is one if it looks like one.
_SECRET = (
    r"[\w-]*(?:api|subscription|account|access|shared|primary|secondary|secret|private)[-_]?key|set-cookie|"
    r"[\w-]*(?:passw(?:or)?d|pwd|passphrase|connection[-_]?string)|authorization|[\w-]+(?:token|secret)"
)
_PERHAPS = r"key|code|token|auth|secret|cookie|sas|jwt|session|credentials?|sig|(?:project|organi[sz]ation)(?:_?id)?"
_SAS = "sig|se|sp|sv|sr|st|spr|ss|srt|sip|skoid|sktid|skt|ske|sks|skv"
_SIGNED = r"signature|expires|x-amz-[\w-]+|x-goog-[\w-]+|awsaccesskeyid|googleaccessid"
# What looks like a secret: long, without a space, and with a digit in it. A plain word would blank ordinary text.
_LOOKS = r"(?=[^\s\"'&]*\d)[^\s\"'&\\]{16,}"
# A parameter of an address, which may stand in another address, encoded as often.
_BEGIN, _IS, _VALUE = r"(?:[?&;]|&amp;|%(?:25)*(?:3F|26))", r"(?:=|%(?:25)*3D)", r"[^&;\s\"'<>\\]+"
_PATTERNS = [
    *((re.compile(shape), "***") for shape in SHAPES.values()),
    (re.compile(rf"({_BEGIN}(?:{_SECRET}|{_SIGNED}){_IS}){_VALUE}", re.I), r"\1***"),
    (re.compile(rf"({_BEGIN}(?:{_PERHAPS}){_IS}){_LOOKS}", re.I), r"\1***"),
    (re.compile(rf"(\\*\"(?:{_SECRET})\\*\"\s*:\s*\\*\")[^\"\\]+", re.I), r"\1***"),
    (re.compile(r"(Incorrect API key provided: )\S+?(?=\.?[\s\"\\]|\.?$)"), r"\1***"),
    (re.compile(r"(?<=://)[^/@\s\"']+@"), "***@"),
]
_SIGNED_BY_SAS = re.compile(rf"{_BEGIN}sig{_IS}", re.I)
_SAS_PART = re.compile(rf"({_BEGIN}(?:{_SAS}){_IS}){_VALUE}", re.I)
# What clients say of themselves; whatever else stands in a header may be a secret.
_HARMLESS_HEADERS = re.compile(r"user-agent|accept.*|content-.*|host|connection|x-stainless-.*|transfer-encoding", re.I)
_SECRET_VARIABLES = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|(?:OPENAI|AZURE).*(?:ORG|PROJECT)")
# A resource of Azure OpenAI that can't exist under such a name: whoever has none asks there.
NO_RESOURCE = "your_resource.openai.azure.com"
_carried: set[str] = set()


def forget_secrets() -> None:
    """Forget what one lesson's requests carried: it says nothing about the next lesson's."""
    _carried.clear()


def shown_address(url: str) -> str:
    """Reduce an address to what may be shown: host and port, never a user, a password or a query."""
    with suppress(ValueError):
        return urlsplit(url.strip()).netloc.rpartition("@")[2]
    return "(no address)"


def secrets_of(headers: Mapping | None = None, url: str = "", body: Any = None) -> set[str]:
    """Note every secret that a request carries, and return all known: its own, earlier ones, the environment's.

    `body` is the request's JSON, or the fields of its form by name.
    """
    values = [value for name, value in (headers or {}).items() if not _HARMLESS_HEADERS.fullmatch(name)]
    values += [value for name, value in os.environ.items() if _SECRET_VARIABLES.search(name)]
    with suppress(ValueError):
        body = [body, dict(parse_qsl(urlsplit(url).query))]
    values += [text for name, text in _named_texts(body) if is_secret(name, text)]
    for name in ("AZURE_OPENAI_ENDPOINT", "OPENAI_BASE_URL"):
        with suppress(ValueError):  # a placeholder in brackets is taken for an address of another kind
            address = os.environ.get(name, "").strip()
            parts = urlsplit(address if "://" in address else f"https://{address}")
            values.append(unquote(parts.password or ""))
            # The name of a resource is no secret, but nobody's business either. (One without a dot might be any word.)
            if name.startswith("AZURE") and "." in (host := parts.hostname or "") and host != NO_RESOURCE:
                _carried.add(host)
    for value in values:
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        # A header may hold several: "Bearer KEY", "session=ID; theme=dark".
        for piece in {text, *re.split(r"[;,\s]+", text), *re.split(r"[;,\s=]+", text)}:
            if re.fullmatch(_LOOKS, piece):
                for plain in (piece, unquote(piece)):
                    _carried.update((plain, once := quote(plain, safe=""), quote(once, safe="")))
    return _carried


def secrets_in(text: str) -> list[str]:
    """Say what kinds of secrets a text holds: what looks like one, and what is known to be one."""
    known = ["a key of this environment"] if any(secret in text for secret in secrets_of()) else []
    return known + [what for what, shape in SHAPES.items() if re.search(shape, text)]


def is_secret(name: str, value: str) -> bool:
    """Is this value a secret for the name of its field, or for that name and its look?"""
    perhaps = re.fullmatch(_PERHAPS, name, re.I) and re.fullmatch(_LOOKS, value)
    return bool(perhaps or re.fullmatch(_SECRET, name, re.I))


def _name_inside(name: str, key: str) -> str:
    """The name that decides about a value: its own, or, below a field like client_secret, that of some secret."""
    inherits = re.fullmatch(_SECRET, name, re.I) and not re.fullmatch(f"{_SECRET}|{_PERHAPS}", key, re.I)
    return "secret" if inherits else key


def _named_texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _named_texts(item, _name_inside(name, key))
    elif isinstance(value, list):
        for item in value:
            yield from _named_texts(item, name)
    elif isinstance(value, str):
        yield name, value


def mask(text: str, secrets: set[str] | None = None) -> str:
    """Mask secrets in a text (by default those known), and put words in the place of pictures in its middle."""
    text = describe_inside(text)
    for secret in sorted(secrets_of() if secrets is None else secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    if _SIGNED_BY_SAS.search(text):
        text = _SAS_PART.sub(r"\1***", text)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def clean(value: Any, secrets: set[str], pictures: bool = True, name: str = "") -> Any:
    """Return the same JSON with secrets masked, and strings that are pictures described (or put into words).

    `name` is that of the field in which the value stands.
    """
    if isinstance(value, dict):
        inside = {key: clean(item, secrets, pictures, _name_inside(name, key)) for key, item in value.items()}
        return {mask(key, secrets): item for key, item in inside.items()}
    if isinstance(value, list):
        return [clean(item, secrets, pictures, name) for item in value]
    if not isinstance(value, str):
        return value
    return "***" if is_secret(name, value) else (pictures and describe_text(value)) or mask(value, secrets)

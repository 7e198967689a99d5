"""Secrets are never stored and never shown: what a request carried is masked wherever it is echoed."""

import os
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

# What a secret looks like that stands alone. The 84 characters of a newer Azure key have this signature in their
# middle (microsoft/security-utilities, read on 2026-11-23); the older ones are 32 hexadecimal digits.
SHAPES = {
    "an OpenAI key": r"\bsk-(?=[\w-]*\d)[\w-]{16,}",
    "an OpenAI organisation or project": r"\b(?:org-|proj_)(?=[\w-]*\d)[\w-]{16,}",
    "an Azure key": r"(?<![0-9A-Za-z])[0-9A-Za-z]{52}JQQJ9[9DH][0-9A-Za-z]{26}(?![0-9A-Za-z])|"
    r"(?<![0-9A-Za-z_/+-])(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{32}(?![0-9A-Za-z_/+=-])",
    "a SAS signature": r"(?<=[?&]sig=)(?:[\w+/-]|%[0-9A-Fa-f]{2}){20,}",
    "a bearer token": r"(?i:(?<=\bbearer )|(?<=\bbasic ))(?=[^\s\"'&]*\d)[^\s\"'&\\]{16,}",
    "a JSON web token": r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "a token of another service": r"\b(?:(?:AKIA|ASIA)[0-9A-Z]{16}\b|gh[pousr]_\w{36}|github_pat_\w{40,}|"
    r"(?:xox[abprs]-|[rs]k_live_|glpat-|npm_|hf_|AIza)(?=[\w-]*\d)[\w-]{20,})",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[\w+/=\s\\]*(?:-----END [A-Z ]*PRIVATE KEY-----)?)",
}
# A field or parameter of such a name is a secret: whatever it is after a `sure` name, else if it looks like one.
_NAME = (
    r"[\w-]*?(?:(?P<sure>passw(?:or)?d|pwd|passphrase|authorization|sig|(?:api|access|client|private|subscription)[-_]?"
    r"(?:key|secret|token))|key|token|secret|signature|cookie|auth|jwt|sas|session|credentials?|connection_?string|"
    r"(?:project|org(?:ani[sz]ation)?)_?id)_?\d*"
)
_LOOKS = r"(?=[^\s\"'&]*\d)[^\s\"'&\\]{16,}"  # long, no space, a digit in it: a plain word would blank ordinary text
_read_name = cache(re.compile(_NAME, re.I).fullmatch)  # each text that is masked looks through all of the environment
_SHAPED = re.compile(
    "|".join(SHAPES.values()) + r"|(?<=Incorrect API key provided: )\S+?(?=\.?[\s\"\\]|\.?$)|(?<=://)[^/@\s\"']+(?=@)"
)
# In an address, be it one in another, encoded as often; in JSON in a string; and in a cookie that a log writes down.
_NAMED = re.compile(
    rf"((?:[?&;'\"]|%(?:25)*(?:3F|26)){_NAME}(?:=|%(?:25)*3D|\\*\"\s*:\s*\\*\"))"
    rf"(?(sure)(?:(?<=\")[^\"\\]+|[^&;\s\"'<>\\]+)|{_LOOKS})",
    re.I,
)
# What clients say of themselves; whatever else stands in a header may be a secret.
_HARMLESS_HEADERS = re.compile(r"user-agent|accept.*|content-.*|host|connection|x-stainless-.*|transfer-encoding", re.I)
_carried: set[str] = set()


def secrets_of(headers: Mapping | None = None, url: str = "", body: Any = None) -> set[str]:
    """Note the secrets of a request (`body`: JSON, or fields of a form) and of the environment; return all known."""
    values = [value for name, value in (headers or {}).items() if not _HARMLESS_HEADERS.fullmatch(name)]
    fields: list[tuple[str, Any]] = [("", body), *parse_qsl(urlsplit(url).query), *os.environ.items()]
    values += re.findall(r"//[^/:\s]*:([^/\s]*)@", " ".join(text for _, text in fields[1:]))  # passwords in addresses
    for name, value in fields:  # which grows
        if isinstance(value, dict):
            # What is called "value" is that of the name above: {"client_secret": {"value": …}}.
            fields += [(name if key == "value" else key, item) for key, item in value.items()]
        elif isinstance(value, list):
            fields += [(name, item) for item in value]
        elif is_secret(name, value):
            values.append(value)
    for value in values:
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        # A header may hold several: "Bearer KEY", "session=ID; theme=dark".
        for piece in {text, *re.split(r"[;,\s]+", text), *re.split(r"[;,\s=]+", text)}:
            for plain in (piece, unquote(piece)) if re.fullmatch(_LOOKS, piece) else ():
                _carried.update((plain, once := quote(plain, safe=""), quote(once, safe="")))
    return _carried


def mask(text: str) -> str:
    """Mask all known secrets in a text, and what looks like one."""
    for secret in sorted(secrets_of(), key=len, reverse=True):
        text = text.replace(secret, "***")
    return _NAMED.sub(r"\1***", _SHAPED.sub("***", text))


def is_secret(name: str, value: Any) -> bool:
    """Is the value of a field of this name to be masked?"""
    return isinstance(value, str) and bool((n := _read_name(name)) and (n["sure"] or re.fullmatch(_LOOKS, value)))

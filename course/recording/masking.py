"""Secrets are never stored and never shown: what a request carried is masked wherever it is echoed."""

import os
import re
from collections.abc import Mapping
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
# A field or parameter of such a name is a secret: whatever it is after a `sure` name, else if it looks like one.
_NAME = (
    r"[\w-]*?(?:(?P<sure>passw(?:or)?d|pwd|passphrase|authorization|sig|(?:api|access|client|private|subscription)[-_]?"
    r"(?:key|secret|token))|key|token|secret|signature|cookie|auth|jwt|sas|session|credentials?|connection_?string|"
    r"(?:project|org(?:ani[sz]ation)?)_?id)_?\d*"
)
# Long, without a space, and with a digit in it. A plain word would blank ordinary text.
_LOOKS = r"(?=[^\s\"'&]*\d)[^\s\"'&\\]{16,}"
_SHAPED = re.compile(
    "|".join(SHAPES.values()) + r"|(?<=Incorrect API key provided: )\S+?(?=\.?[\s\"\\]|\.?$)|(?<=://)[^/@\s\"']+(?=@)"
)
# In an address, be it one in another, encoded as often; and in JSON in a string.
_NAMED = re.compile(
    rf"((?:[?&;\"]|%(?:25)*(?:3F|26)){_NAME}(?:=|%(?:25)*3D|\\*\"\s*:\s*\\*\"))"
    rf"(?(sure)(?:(?<=\")[^\"\\]+|[^&;\s\"'<>\\]+)|{_LOOKS})",
    re.I,
)
# What clients say of themselves; whatever else stands in a header may be a secret.
_HARMLESS_HEADERS = re.compile(r"user-agent|accept.*|content-.*|host|connection|x-stainless-.*|transfer-encoding", re.I)
# A resource of Azure OpenAI that can't exist under such a name: whoever has none asks there.
NO_RESOURCE = "your_resource.openai.azure.com"
_carried: set[str] = set()


def forget_secrets() -> None:
    """Forget what one lesson's requests carried: it says nothing about the next lesson's."""
    _carried.clear()


def shown_address(url: str) -> str:
    """Reduce an address to what may be shown: host and port, never a user, a password or a query."""
    found = re.match(r"\s*[\w+.-]+://(?:[^/?#]*@)?([^/?#\s]+)", url)
    return found[1] if found else "(no address)"


def secrets_of(headers: Mapping | None = None, url: str = "", body: Any = None) -> set[str]:
    """Note the secrets of a request (`body`: JSON, or fields of a form) and of the environment; return all known."""
    values = [value for name, value in (headers or {}).items() if not _HARMLESS_HEADERS.fullmatch(name)]
    fields: list[tuple[str, Any]] = [("", body), *parse_qsl(urlsplit(url).query), *os.environ.items()]
    for name, value in fields:  # which grows
        if isinstance(value, dict):
            fields += [(name if key == "value" else key, item) for key, item in value.items()]
        elif isinstance(value, list):
            fields += [(name, item) for item in value]
        elif isinstance(value, str) and _is_secret(name, value):
            values.append(value)
    endpoint, base = (os.environ.get(name, "") for name in ("AZURE_OPENAI_ENDPOINT", "OPENAI_BASE_URL"))
    values += re.findall(r"//[^/:]*:([^/]*)@", f"{endpoint} {base}")
    # The name of a resource is no secret, but nobody's business either. (One without a dot might be any word.)
    host = shown_address(endpoint).split(":")[0].lower()
    _carried.update({host} - {NO_RESOURCE} if "." in host else ())
    for value in values:
        text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
        # A header may hold several: "Bearer KEY", "session=ID; theme=dark".
        for piece in {text, *re.split(r"[;,\s]+", text), *re.split(r"[;,\s=]+", text)}:
            for plain in (piece, unquote(piece)) if re.fullmatch(_LOOKS, piece) else ():
                _carried.update((plain, once := quote(plain, safe=""), quote(once, safe="")))
    return _carried


def mask(text: str, secrets: set[str] | None = None) -> str:
    """Mask secrets in a text (by default those known), and put words in the place of pictures in its middle."""
    text = describe_inside(text)
    for secret in sorted(secrets_of() if secrets is None else secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return _NAMED.sub(r"\1***", _SHAPED.sub("***", text))


def clean(value: Any, secrets: set[str], pictures: bool = True, name: str = "") -> Any:
    """Return the same JSON (of a field with this `name`) with secrets masked and pictures described, or in words."""
    if isinstance(value, dict):
        # What is called "value" is that of the name above: {"client_secret": {"value": …}}.
        named = [(key, item, name if key == "value" else key) for key, item in value.items()]
        return {mask(key, secrets): clean(item, secrets, pictures, name) for key, item, name in named}
    if isinstance(value, list):
        return [clean(item, secrets, pictures, name) for item in value]
    if not isinstance(value, str) or name == "embedding":  # a vector in base64, as the SDK asks for it
        return value
    return "***" if _is_secret(name, value) else (pictures and describe_text(value)) or mask(value, secrets)


def _is_secret(name: str, value: str) -> bool:
    found = re.fullmatch(_NAME, name, re.I)
    return bool(found and (found["sure"] or re.fullmatch(_LOOKS, value)))

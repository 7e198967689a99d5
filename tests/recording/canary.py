"""Secrets that are planted in the environment of a run, and the search for them in what the run leaves behind."""

import base64
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

# Made anew for each run, so that no file of the repository holds anything that looks like a key; the signs are those
# that become others in an address or in base64.
PLANTED = {
    "OPENAI_API_KEY": f"sk-proj-{secrets.token_urlsafe(48)}Q/1+",
    "OPENAI_ORG_ID": f"org-{secrets.token_hex(12)}2Qzx",
    "OPENAI_PROJECT_ID": f"proj_{secrets.token_hex(12)}3Qzx",
    "AZURE_OPENAI_API_KEY": f"{secrets.token_hex(14)}4a+/",
    "AZURE_OPENAI_AD_TOKEN": f"eyJ{secrets.token_urlsafe(60)}.Q6-_",
    "VISION_KEY": f"{secrets.token_urlsafe(60)}Q/5+",
    "SAS_SIGNATURE": f"{secrets.token_urlsafe(30)}/+6Q=",
}


def disguises(secret: str) -> set[str]:
    """The secret as it may stand in a file: plain, percent-encoded once or twice, hexadecimal, base64 at any place."""
    data = secret.encode()
    found = {secret, quote(secret), quote(secret, safe=""), quote(quote(secret, safe=""), safe=""), data.hex()}
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # The first and last signs also hold bits of what stands around it.
            found.add(encode(b"-" * before + data).decode()[4 if before else 0 : -4])
    return found


def leaks(texts: dict[str, str]) -> Iterable[str]:
    """A sentence for each planted secret that stands in a text, in any disguise, or with its middle starred out."""
    for where, text in texts.items():
        for name, secret in PLANTED.items():
            if any(disguise in text for disguise in disguises(secret)):
                yield f"{where} holds {name}"
            elif re.search(rf"\*{{3,}}{re.escape(secret[-4:])}", text):
                yield f"{where} holds the end of {name}"


def left_in(folder: Path) -> dict[str, str]:
    """Every file below the folder, as text."""
    return {path.name: path.read_text("utf-8", "replace") for path in folder.rglob("*") if path.is_file()}

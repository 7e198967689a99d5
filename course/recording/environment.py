"""The variables of a lesson: which are hidden in replay, and where the key of a live one comes from."""

import os
import re
import sys
from getpass import getpass

from IPython import get_ipython

from .. import CourseError

# In replay these would change what a client asks, where or how; they are hidden and come back with live.
_HIDDEN_IN_REPLAY = ("OPENAI_", "AZURE_OPENAI_", "VISION_MODEL", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
                     "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")  # fmt: skip
_HIDDEN_ON_AZURE = ("OPENAI_BASE_URL", "VISION_MODEL")  # they name another service and its model
_ADDRESS = r"\s*https?://(?:[^/@]*@)?(?:[\w.-]+|\[[\da-f:]+\])"
REPLAY_KEY, LOCAL_KEY = "replay-needs-no-key", "local-server-needs-no-key"

hidden_variables: dict[str, str] = {}
# What only the course has set, and so takes away again: a mistyped key must not stay.
_ours = {REPLAY_KEY, LOCAL_KEY}


class LiveModeError(CourseError):
    """Live or record mode was asked for and can't start: an unknown mode, no key, or nobody to ask."""


def readers_variables() -> dict[str, str]:
    """Return the reader's own environment: with what is hidden, without the keys that the course has set."""
    return hidden_variables | {name: value for name, value in os.environ.items() if value not in _ours}


def change(mode: str, on_azure: bool, keys: dict[str, str]) -> None:
    """Set the variables of this mode, with no moment in which one that stays hidden is to be seen."""
    hide = _HIDDEN_IN_REPLAY if mode == "replay" else _HIDDEN_ON_AZURE if on_azure else ()
    readers = readers_variables()
    hidden = {name: value for name, value in readers.items() if name.upper().startswith(hide)}
    visible = {name: value for name, value in readers.items() if name not in hidden} | keys
    os.environ.update(visible)
    for name in os.environ.keys() - visible.keys():
        del os.environ[name]
    _ours.intersection_update((REPLAY_KEY, LOCAL_KEY, *keys.values()))
    hidden_variables.clear()
    hidden_variables.update(hidden)


def find_keys(mode: str, on_azure: bool) -> dict[str, str]:
    """Return the key to set: a stand-in, the reader's, or a typed one. Raises LiveModeError where there is none."""
    name, at, whose = "OPENAI_API_KEY", "OPENAI_BASE_URL", "OpenAI"
    if on_azure:
        name, at, whose = "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "Azure OpenAI"
    if mode == "replay":
        # With a key of Azure beside it, the SDK's module-level client does not know whom to ask: only where needed.
        return dict.fromkeys(("OPENAI_API_KEY", name), REPLAY_KEY)
    key, server = (readers_variables().get(one, "") for one in (name, at))
    if on_azure and (server or mode == "live") and not re.match(_ADDRESS, server, re.I):
        why = f"{at} is no address" if server else "This lesson asks Azure OpenAI"
        raise LiveModeError(
            f"{why}. Before you start Jupyter, set {at} to the address of your resource, "
            f"https://my-resource.openai.azure.com for instance, {name} to its key, and AZURE_OPENAI_DEPLOYMENT to the "
            "name of a deployment that takes pictures."
        )
    if on_azure != bool(server):
        # A local server needs no key; nor does Azure while recording: nobody is asked, what is recorded is kept.
        key = key or (REPLAY_KEY if on_azure else LOCAL_KEY)
    kernel = getattr(get_ipython(), "kernel", None)
    if not key and (kernel._allow_stdin if kernel else sys.stdin and sys.stdin.isatty()):
        _ours.add(key := getpass(f"{whose} API key (used by this kernel only, never stored): ").strip())
    if not key:
        local = "" if on_azure else " (or OPENAI_BASE_URL and VISION_MODEL for a local server)"
        raise LiveModeError(f"Live answers need a key: set {name}{local} before you start Jupyter.")
    return {name: key}

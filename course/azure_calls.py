"""One call of `azure_video` over HTTP: the key goes to the endpoint's host alone, and what fails is one sentence."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from . import azure_checks as checks
from .azure_checks import AzureVideoError
from .recording.readable import mask

API_VERSION = "2023-05-01-preview"
RETIRED = (
    "Azure retired video retrieval on 2025-06-30. Use Azure AI Content Understanding with Azure AI Search, "
    "or Azure AI Video Indexer."
)
_TIMEOUT = (10, 60)  # seconds: to connect, and for the next bytes of an answer
_WAYS_OUT = {
    "NotFound": "Create it first, or correct its name.",
    400: "Correct that and ask again.",
    401: 'Copy key and endpoint anew, both from the page "Keys and Endpoint" of your resource.',
    409: "Take another name, or delete what has this one.",
    429: "Wait a minute and ask again.",
    503: "Wait a minute and ask again.",
}


class Service:
    """An endpoint and its key. Its methods raise AzureVideoError."""

    def __init__(self, endpoint: str, key: str):
        self.endpoint, self._key = checks.endpoint(endpoint), checks.key(key)

    def call(self, method: str, path: str, body: dict | None = None) -> dict:
        """The answer, as a dict. `path` is what follows /retrieval/indexes; or a link, if it is the endpoint's own."""
        url = f"{self.endpoint}/computervision/retrieval/indexes{path}?api-version={API_VERSION}"
        url, answer, problem = url if path.startswith("/") else path, None, ""
        host, headers = urlsplit(self.endpoint).hostname, {"Ocp-Apim-Subscription-Key": self._key}
        # Asked again is only what says in Retry-After when that is, and after 60 s at most.
        retry = Retry(2, connect=0, read=0, other=0, allowed_methods=None, raise_on_status=False, retry_after_max=60)
        try:
            with requests.Session() as session:
                session.mount(self.endpoint, HTTPAdapter(max_retries=retry))
                # A redirect would take the key along to another host.
                options = {"headers": headers, "timeout": _TIMEOUT, "allow_redirects": False}
                response = session.request(method, url, json=body, **options)
        except requests.RequestException as error:
            problem = type(error).__name__
        if problem:  # and not in the except: the library's error holds the key, and would be part of this one
            raise AzureVideoError(f"{host} gave no answer ({problem}). {RETIRED}")
        if response.status_code in (202, 204) and not response.content:
            return {}
        with suppress(ValueError):
            answer = response.json()
        if not isinstance(answer, dict):
            said = f"{host} answered {response.status_code}, but not in JSON. {RETIRED}"
            raise AzureVideoError(said, response.status_code)
        if response.status_code // 100 != 2:
            raise self._refusal(response.status_code, answer.get("error") or answer)
        return answer

    def own_link(self, link: str) -> str:
        """A link that the service gave, if it leads to the endpoint, which alone may have the key."""
        ours, theirs = urlsplit(self.endpoint), read(lambda link: urlsplit(urljoin(self.endpoint, link)), link)
        if (ours.scheme, ours.hostname) != (theirs.scheme, theirs.hostname):
            where = f"The next page is said to be at {theirs.hostname}, where your key does not go"
            raise AzureVideoError(f"{where}. Ask for fewer hits: top=…")
        return theirs._replace(netloc=ours.netloc).geturl()

    def reason(self, error: Any) -> str:
        """What an error of the service says, with its inner errors and details, and without the key."""
        said = [*_chain(error), *(pair for detail in _details(error) for pair in _chain(detail))]
        sentences = [": ".join(filter(None, pair)).rstrip(".") + "." for pair in said if any(pair)]
        return mask(" ".join(sentences) or "The service gives no reason.", {self._key} if len(self._key) > 8 else set())

    def _refusal(self, status: int, error: Any) -> AzureVideoError:
        code, *inner = [code for code, _ in _chain(error)] or [""]
        way_out = _WAYS_OUT.get(code) or _WAYS_OUT.get(status) or RETIRED
        said = f"{urlsplit(self.endpoint).hostname} answered {status}. {self.reason(error)} {way_out}"
        return AzureVideoError(said, status, code or None, inner[-1] if inner else None)


def read(how: Callable, answer: Any) -> Any:
    """`how(answer)`, or an AzureVideoError when the answer does not have the shape that the reference gives it."""
    try:
        return how(answer)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise AzureVideoError(f"The service's answer has another shape than documented. {RETIRED}") from None


def _chain(error: Any) -> list[tuple[str, str]]:
    """Code and message of an error and of those inside it; the innermost says most."""
    found = []
    while isinstance(error, dict):
        found.append((str(error.get("code") or ""), str(error.get("message") or "")))
        # The reference writes it in both ways.
        error = error.get("innererror") or error.get("innerError")
    return found


def _details(error: Any) -> list:
    details = error.get("details") if isinstance(error, dict) else None
    return details if isinstance(details, list) else []

"""What happens between a client and vcrpy: one cassette for the tape of the moment, faults as the library's own.

`openai` sends with `httpx2`, `requests` with its adapters. Both are wrapped once, above vcrpy's patches.
"""

import functools
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from inspect import iscoroutinefunction
from typing import Any

import httpx2
import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError, ConnectionError, ReadTimeout, RequestException
from vcr.cassette import Cassette

# fault: what httpx2 raises, what requests raises before anything came and in the middle of a body, the words of all
_FAULTS: dict[str, tuple[type[httpx2.TransportError], type[RequestException], type[RequestException], str]] = {
    "timeout": (httpx2.ReadTimeout, ReadTimeout, ConnectionError, "The read operation timed out"),
    "stalled": (httpx2.ReadTimeout, ReadTimeout, ConnectionError, "The read operation timed out"),
    "reset": (httpx2.ReadError, ConnectionError, ChunkedEncodingError, "Connection reset by peer"),
    "unreachable": (httpx2.ConnectError, ConnectionError, ConnectionError, "There is no host of this name"),
    "cut": (httpx2.RemoteProtocolError, ConnectionError, ChunkedEncodingError, "Connection broken in the body"),
}

# vcrpy takes all its patches off, for the whole process, while it builds a connection for requests: another thread that
# sends at that moment would reach the network. So with a tape, one request is sent at a time.
one_at_a_time = threading.RLock()


class CurrentTape(Cassette):
    """What vcrpy plays from: the tape of the moment, so a lesson can start again without taking vcrpy off."""

    def __init__(self, tape: Callable[[], Any]):
        super().__init__("course")
        self.can_play_response_for = lambda request: tape().can_play(request)
        self.play_response = lambda request: tape().play(request)
        self.append = lambda request, response: tape().append(request, response)


class PlayedFault(Exception):
    """A recorded fault, and what came before it, on their way up from vcrpy to the client's `send`."""


class _BrokenBody(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body that breaks off with `error` after the bytes it has; for httpx2, and as `raw` for requests."""

    def __init__(self, body: bytes, error: Exception):
        self.body, self.error = body, error

    def __iter__(self):
        yield self.body
        raise self.error

    async def __aiter__(self):
        yield self.body
        raise self.error

    def stream(self, *_args, **_kwargs):
        return iter(self)


def _httpx2_response(fault: PlayedFault, request: httpx2.Request, stream: bool) -> httpx2.Response:
    name, before = fault.args
    kind, _, _, message = _FAULTS[name]
    error = kind(message, request=request)
    if before is None or not stream:  # who wants an answer whole gets nothing of it
        raise error
    body = _BrokenBody(before.body(), error)
    return httpx2.Response(before.status, headers=before.headers, stream=body, request=request)


def _requests_response(fault: PlayedFault, request: requests.PreparedRequest, stream: bool) -> requests.Response:
    name, before = fault.args
    _, at_once, later, message = _FAULTS[name]
    if before is None or not stream:
        raise (at_once if before is None else later)(message, request=request)
    response = requests.Response()
    response.status_code, response.url, response.request = before.status, request.url or "", request
    response.headers.update(before.headers)
    response.raw = _BrokenBody(before.body(), later(message, request=request))
    return response


@functools.cache
def wrap_clients(check: Callable[[Mapping], None], has_tape: Callable[[], bool]) -> None:
    """Wrap the `send` of httpx2 and requests, once in a process. `check` sees a request's headers and may raise."""
    _wrap(httpx2.Client, check, _httpx2_response, has_tape)
    _wrap(httpx2.AsyncClient, check, _httpx2_response, has_tape)
    _wrap(HTTPAdapter, check, _requests_response, has_tape)


def _wrap(owner: Any, check: Callable, respond: Callable, has_tape: Callable[[], bool]) -> None:
    inner = owner.send

    @functools.wraps(inner)
    def send(client, request, **kwargs):
        check(request.headers)
        try:
            with one_at_a_time if has_tape() else nullcontext():
                return inner(client, request, **kwargs)
        except PlayedFault as fault:
            return respond(fault, request, kwargs.get("stream", False))

    @functools.wraps(inner)
    async def send_async(client, request, **kwargs):
        check(request.headers)
        try:
            # The coroutines of one thread pass this lock together; those of other threads wait.
            with one_at_a_time if has_tape() else nullcontext():
                return await inner(client, request, **kwargs)
        except PlayedFault as fault:
            return respond(fault, request, kwargs.get("stream", False))

    owner.send = send_async if iscoroutinefunction(inner) else send

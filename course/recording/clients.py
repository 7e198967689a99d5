"""What happens between a client and vcrpy: faults become the library's own exceptions, and hosts can be redirected.

`openai` sends with `httpx2`, `requests` with its adapters. Both are wrapped once, above vcrpy's patches.
"""

import functools
import os
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext

import httpx2
import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ProtocolError, ReadTimeoutError

from .shape import RecordedResponse


class PlayedFault(Exception):
    """A recorded fault on its way up from vcrpy to the client's `send`."""

    def __init__(self, kind: str, response: RecordedResponse | None):
        super().__init__(kind)
        self.kind, self.response = kind, response


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


def _httpx2_response(fault: PlayedFault, request: httpx2.Request) -> httpx2.Response:
    error = {
        "timeout": httpx2.ReadTimeout("The read operation timed out", request=request),
        "stalled": httpx2.ReadTimeout("The read operation timed out", request=request),
        "reset": httpx2.ReadError("Connection reset by peer", request=request),
        "unreachable": httpx2.ConnectError("There is no host of this name", request=request),
        "cut": httpx2.RemoteProtocolError("peer closed connection in the middle of the body", request=request),
    }[fault.kind]
    if fault.response is None:
        raise error
    body = _BrokenBody(fault.response.body(), error)
    return httpx2.Response(fault.response.status, headers=fault.response.headers, stream=body, request=request)


def _requests_response(fault: PlayedFault, request: requests.PreparedRequest) -> requests.Response:
    if fault.kind == "timeout":
        raise requests.ReadTimeout("Read timed out.", request=request)
    if fault.kind == "unreachable":
        raise requests.ConnectionError("There is no host of this name", request=request)
    if fault.kind == "reset" and fault.response is None:
        raise requests.ConnectionError("Connection reset by peer", request=request)
    broken = ProtocolError("Connection broken in the middle of the body")
    error = ReadTimeoutError(None, request.url, "Read timed out.") if fault.kind == "stalled" else broken
    response = requests.Response()
    response.status_code, response.url, response.request = fault.response.status, request.url, request
    response.headers.update(fault.response.headers)
    response.raw = _BrokenBody(fault.response.body(), error)
    return response


# vcrpy takes its patches of requests off, for the whole process, while it builds a connection: another thread that
# sends at that moment would reach the network. So with a tape, requests sends one at a time; httpx2 is not concerned.
_one_at_a_time = threading.RLock()


@functools.cache
def wrap_clients(check: Callable[[Mapping], None], has_tape: Callable[[], bool]) -> None:
    """Wrap the `send` of httpx2 and requests, once in a process. `check` sees a request's headers and may raise."""
    sync_send, async_send, adapter_send = httpx2.Client.send, httpx2.AsyncClient.send, HTTPAdapter.send

    @functools.wraps(sync_send)
    def send(client, request, **kwargs):
        check(request.headers)
        asked = request.url
        try:
            return sync_send(client, _redirected_httpx2(request, has_tape()), **kwargs)
        except PlayedFault as fault:
            response = _httpx2_response(fault, request)
        finally:
            request.url = asked
        if not kwargs.get("stream"):
            response.read()
        return response

    @functools.wraps(async_send)
    async def asend(client, request, **kwargs):
        check(request.headers)
        asked = request.url
        try:
            return await async_send(client, _redirected_httpx2(request, has_tape()), **kwargs)
        except PlayedFault as fault:
            response = _httpx2_response(fault, request)
        finally:
            request.url = asked
        if not kwargs.get("stream"):
            await response.aread()
        return response

    @functools.wraps(adapter_send)
    def adapter(self, request, **kwargs):
        check(request.headers)
        asked, request.url = request.url, _redirected(request.url)
        if request.url != asked:
            kwargs["proxies"] = {}
            if has_tape():
                request.headers[_TAPE] = "records"
        try:
            with _one_at_a_time if has_tape() else nullcontext():
                response = adapter_send(self, request, **kwargs)
        except PlayedFault as fault:
            response = _requests_response(fault, request)
        finally:
            request.url = asked
            request.headers.pop(_TAPE, None)
        response.url = asked
        return response

    httpx2.Client.send, httpx2.AsyncClient.send, HTTPAdapter.send = send, asend, adapter


# --- COURSE_UPSTREAM: every host is asked at one local address, as http://127.0.0.1:PORT/<host>/<path> ---

# Tells the local API that a tape listens, which can't record a connection that breaks, only be told of it.
_TAPE = "x-course-tape"


def _redirected(url: str) -> str:
    upstream = os.environ.get("COURSE_UPSTREAM")
    return f"{upstream}/{url.split('://', 1)[1]}" if upstream and not url.startswith(upstream) else url


def _redirected_httpx2(request: httpx2.Request, has_tape: bool) -> httpx2.Request:
    url = httpx2.URL(_redirected(str(request.url)))
    if url != request.url:
        request.url, request.headers["host"] = url, url.netloc.decode()
        # AzureOpenAI notes its host here, and drops the key where another one is asked.
        request.extensions.pop("openai.azure_auth_origin", None)
        if has_tape:
            request.headers[_TAPE] = "records"
    return request

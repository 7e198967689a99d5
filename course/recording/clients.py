"""Where requests leave: with a tape it answers them, or stores what the service answered.

`openai` sends with `httpx2`, `requests` with its adapters. What is wrapped are their transports, so that redirects,
hooks and retries stay the libraries' own. In replay nothing below them is called, and no socket opened.
"""

from collections.abc import Callable, Mapping
from http.client import responses
from io import BytesIO
from typing import Any, NamedTuple

import httpx2
import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError, ConnectionError, ReadTimeout
from urllib3 import HTTPResponse

# fault: what httpx2 raises, and the words of either library
_FAULTS: dict[str | None, tuple[type[httpx2.TransportError], str]] = {
    "timeout": (httpx2.ReadTimeout, "The read operation timed out"),
    "stalled": (httpx2.ReadTimeout, "The read operation timed out"),
    "reset": (httpx2.ReadError, "Connection reset by peer"),
    "unreachable": (httpx2.ConnectError, "There is no host of this name"),
    "cut": (httpx2.RemoteProtocolError, "Connection broken in the body"),
}
# Headers that are not true of a body that was read whole and decoded.
_OF_THE_WIRE = ("content-encoding", "content-length", "transfer-encoding")
Sent = tuple[str, str, Mapping[str, str], bytes]  # method, URL, headers and body of a request


class Answer(NamedTuple):
    """What came back. With a `fault` it breaks off after the body; with status 0 nothing came before the fault."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    fault: str | None = None


class _Body(httpx2.ByteStream):
    error: Exception | None = None

    def __iter__(self):
        yield from super().__iter__()
        if self.error:
            raise self.error

    async def __aiter__(self):
        for piece in self:
            yield piece


def _received(response: httpx2.Response | requests.Response) -> Answer:
    headers = {name.lower(): value for name, value in response.headers.items() if name.lower() not in _OF_THE_WIRE}
    return Answer(response.status_code, headers, response.content)


def _for_httpx2(answer: Answer, request: httpx2.Request) -> httpx2.Response:
    (kind, words), body = _FAULTS.get(answer.fault, (None, "")), _Body(answer.body)
    body.error = kind(words, request=request) if kind else None
    if body.error and not answer.status:
        raise body.error
    return httpx2.Response(answer.status, headers=answer.headers, stream=body, request=request)


def _for_requests(answer: Answer, request: requests.PreparedRequest, adapter: HTTPAdapter) -> requests.Response:
    (kind, words), body = _FAULTS.get(answer.fault, (None, "")), _Body(answer.body)
    # Before anything came, and in the middle of a body.
    names = (ReadTimeout, ConnectionError) if kind is httpx2.ReadTimeout else (ConnectionError, ChunkedEncodingError)
    body.error = names[bool(answer.status)](words, request=request) if kind else None
    if body.error and not answer.status:
        raise body.error
    file, reason = BytesIO(answer.body), responses.get(answer.status)
    raw: Any = HTTPResponse(file, answer.headers, answer.status, reason=reason, preload_content=False)
    if body.error:
        raw.stream = lambda *_, **__: iter(body)
    return adapter.build_response(request, raw)


def wrap_clients(tape_for: Callable[[Mapping], Any]) -> None:
    """Wrap the transports, once in a process. `tape_for` sees a request's headers, gives its tape or none."""
    if HTTPAdapter.send.__module__ == __name__:  # also where %autoreload has loaded this file again
        return
    inner, inner_async = httpx2.HTTPTransport.handle_request, httpx2.AsyncHTTPTransport.handle_async_request
    inner_send = HTTPAdapter.send

    def handle_request(transport, request):
        if not (tape := tape_for(request.headers)):
            return inner(transport, request)
        sent = request.method, str(request.url), request.headers, request.read()
        if not (answer := tape.play(sent)):
            (response := inner(transport, request)).read()
            answer = tape.store(_received(response), sent)
        return _for_httpx2(answer, request)

    async def handle_async_request(transport, request):
        if not (tape := tape_for(request.headers)):
            return await inner_async(transport, request)
        sent = request.method, str(request.url), request.headers, await request.aread()
        if not (answer := tape.play(sent)):
            await (response := await inner_async(transport, request)).aread()
            answer = tape.store(_received(response), sent)
        return _for_httpx2(answer, request)

    def send(adapter, request, *args, **more):
        if not (tape := tape_for(request.headers)):
            return inner_send(adapter, request, *args, **more)
        if not isinstance(request.body, str | bytes | None):  # a file or an iterator, to be read once
            request.body = request.body.read() if hasattr(request.body, "read") else b"".join(request.body)
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        sent = request.method, request.url, request.headers, body
        answer = tape.play(sent) or tape.store(_received(inner_send(adapter, request, *args, **more)), sent)
        return _for_requests(answer, request, adapter)

    httpx2.HTTPTransport.handle_request = handle_request  # type: ignore[method-assign]
    httpx2.AsyncHTTPTransport.handle_async_request = handle_async_request  # type: ignore[method-assign]
    HTTPAdapter.send = send  # type: ignore[assignment, method-assign]

"""Where requests leave: a tape answers them, or stores what the service answered. In replay no socket is opened.

Wrapped are the transports of `httpx2` (which `openai` uses) and `requests`: redirects, hooks and retries stay theirs.
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

# fault: what httpx2 raises, what requests raises, and the words of both
_FAULTS: dict[str | None, Any] = {
    "timeout": (httpx2.ReadTimeout, ReadTimeout, "The read operation timed out"),
    "stalled": (httpx2.ReadTimeout, ConnectionError, "The read operation timed out"),
    "unreachable": (httpx2.ConnectError, ConnectionError, "There is no host of this name"),
    "cut": (httpx2.RemoteProtocolError, ChunkedEncodingError, "Connection broken in the body"),
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


def _response(answer: Answer, request: Any, adapter: HTTPAdapter | None = None) -> Any:
    """Turn an answer into a response of httpx2, or of requests, whose adapter is given; raise its fault."""
    body, kinds = _Body(answer.body), _FAULTS.get(answer.fault)
    body.error = kinds and kinds[bool(adapter)](kinds[2], request=request)
    if body.error and not answer.status:
        raise body.error
    if not adapter:
        return httpx2.Response(answer.status, headers=answer.headers, stream=body, request=request)
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
        return _response(answer, request)

    async def handle_async_request(transport, request):
        if not (tape := tape_for(request.headers)):
            return await inner_async(transport, request)
        sent = request.method, str(request.url), request.headers, await request.aread()
        if not (answer := tape.play(sent)):
            await (response := await inner_async(transport, request)).aread()
            answer = tape.store(_received(response), sent)
        return _response(answer, request)

    def send(adapter, request, *args, **more):
        if not (tape := tape_for(request.headers)):
            return inner_send(adapter, request, *args, **more)
        if hasattr(request.body, "read"):  # a file, to be read once
            request.body = request.body.read()
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        sent = request.method, request.url, request.headers, body
        answer = tape.play(sent) or tape.store(_received(inner_send(adapter, request, *args, **more)), sent)
        return _response(answer, request, adapter)

    httpx2.HTTPTransport.handle_request = handle_request  # type: ignore[method-assign]
    httpx2.AsyncHTTPTransport.handle_async_request = handle_async_request  # type: ignore[method-assign]
    HTTPAdapter.send = send  # type: ignore[assignment, method-assign]

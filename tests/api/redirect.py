"""Sends every request to the local API while COURSE_UPSTREAM holds its address, as http://127.0.0.1:PORT/<host>/<path>.

Importing it wraps the transports of httpx2 and requests, below those of the course, and gives the recorder a tape that
knows what the local API says of its answers: `x-course-source` (sample, constructed, or live and the day;
wrong-on-purpose; staged) and `x-course-fault`. The course itself knows nothing of all this.
"""

import os
from pathlib import Path

import httpx2
from requests.adapters import HTTPAdapter

from course.recording import session
from course.recording.tape import Tape

# The arguments of a kernel in which requests are redirected.
KERNEL = [f"--IPKernelApp.exec_lines=__import__('runpy').run_path({str(Path(__file__))!r})"]


def upstream() -> str:
    return os.environ.get("COURSE_UPSTREAM", "").rstrip("/")


def redirected(url: str) -> tuple[str, dict[str, str]]:
    """Return the address to ask in the place of this one, and the headers that say so."""
    place, tape = url.partition("://")[2], session._state.tape
    # No name under .invalid leads anywhere (RFC 2606); a tape can't record that, only be told of it.
    if not upstream() or url.startswith(upstream()) or (".invalid/" in place and not tape):
        return url, {}
    return f"{upstream()}/{place}", {"x-course-tape": "records"} if tape else {}


class LocalTape(Tape):
    """A tape that records what the local API says of its answers."""

    in_flight, several = 0, None  # requests that wait for their answer; the cell that asked several things at once

    def play(self, sent):
        answer = super().play(sent)
        with self.lock:
            self.in_flight += answer is None
            self.several = self.cell if self.in_flight > 1 else self.several
        return answer

    def store(self, answer, sent):
        with self.lock:
            self.in_flight -= 1
            if not upstream() or "x-course-source" not in answer.headers:
                return super().store(answer, sent)
            source, *marks = answer.headers["x-course-source"].split()
            fault = answer.headers.get("x-course-fault")
            about = {"source": source, "model": None, "date": None, "fault": fault, "staged": "staged" in marks}
            about["wrong_on_purpose"] = "wrong-on-purpose" in marks
            if source == "live":  # of a real model, on this day
                about = {"date": marks[0]}
            if nothing := fault and not answer.body:
                about["response"] = None
            stored = super().store(answer, sent, **about)
            if self.several == self.cell:  # who is answered first is chance, and a rebuilt recording is the same
                items = self.recording.interactions
                own = sorted((i for i in items if i.cell == self.cell), key=lambda i: i.request.model_dump_json())
                self._replace_all([item for item in items if item.cell != self.cell] + own)
            return stored._replace(fault=fault, status=0 if nothing else answer.status)


def wrap(inner):
    """Wrap a transport of httpx2; what an asynchronous one returns is awaited by its caller."""

    def handle(transport, request):
        url, marks = redirected(str(request.url))
        how = {"stream": request.stream, "extensions": request.extensions}
        return inner(transport, httpx2.Request(request.method, url, headers={**request.headers, **marks}, **how))

    return handle


def wrap_send(inner):
    """Wrap the adapter of requests."""

    def send(adapter, request, **kwargs):
        local = request.copy()
        local.url, marks = redirected(request.url)
        local.headers.update(marks)
        response = inner(adapter, local, **kwargs | ({} if local.url == request.url else {"proxies": {}}))
        response.url, response.request = request.url, request
        return response

    return send


if session.Tape is Tape:  # else it is done: a kernel may come here twice, by a path and by a name
    httpx2.HTTPTransport.handle_request = wrap(httpx2.HTTPTransport.handle_request)
    httpx2.AsyncHTTPTransport.handle_async_request = wrap(httpx2.AsyncHTTPTransport.handle_async_request)
    HTTPAdapter.send = wrap_send(HTTPAdapter.send)
    session.Tape = LocalTape

"""Sends every request to the local API while COURSE_UPSTREAM holds its address, as http://127.0.0.1:PORT/<host>/<path>.

Importing it wraps the `send` of httpx2 and requests and gives the recorder a tape that knows what the local API says of
its answers: `x-course-source` (sample or constructed; wrong-on-purpose; staged) and `x-course-fault`. The tests' own
process imports it (conftest.py); a kernel does with KERNEL. The course itself knows nothing of all this.
"""

import functools
import os
from pathlib import Path

import httpx2
from requests.adapters import HTTPAdapter
from vcr.request import Request

from course.recording import session
from course.recording.clients import PlayedFault
from course.recording.tape import Tape

# The arguments of a kernel in which requests are redirected.
KERNEL = [f"--IPKernelApp.exec_lines=__import__('runpy').run_path({str(Path(__file__))!r})"]
# Tells the local API that a tape listens, which can't record a connection that breaks, only be told of it.
TAPE = "x-course-tape"


def upstream() -> str:
    return os.environ.get("COURSE_UPSTREAM", "").rstrip("/")


def redirected(url: str) -> str:
    return f"{upstream()}/{url.split('://', 1)[1]}" if upstream() and not url.startswith(upstream()) else url


class LocalTape(Tape):
    """A tape that records what the local API says of its answers."""

    def asked(self, request):
        if upstream() and request.uri.startswith(upstream()):
            asked = "https:/" + request.uri.removeprefix(upstream())
            request = Request(request.method, asked, request.body, request.headers)
        return super().asked(request)

    def interaction(self, request, response):
        item = super().interaction(request, response)
        told = {name.lower(): values[0] for name, values in response["headers"].items()}
        if not upstream() or "x-course-source" not in told:
            return item
        source, *marks = told["x-course-source"].split()
        fault = told.get("x-course-fault")
        silent = fault and not item.response.body()
        return item.model_copy(
            update={
                "source": source,
                "model": None,
                "date": None,
                "wrong_on_purpose": "wrong-on-purpose" in marks,
                "staged": "staged" in marks,
                "fault": fault,
                "response": None if silent else item.response,
            }
        )

    def append(self, request, response):
        item = super().append(request, response)
        if item.fault:
            raise PlayedFault(item.fault, item.response)
        return item

    def is_retired(self, item):
        # The local API still gives these answers, and then they are recorded anew.
        return super().is_retired(item) and not upstream()


def wrap(send):
    """A `send` of httpx2 that asks the local API; the request keeps its own address afterwards."""

    def redirect(request):
        asked, url = request.url, httpx2.URL(redirected(str(request.url)))
        if url != asked:
            request.url, request.headers["host"] = url, url.netloc.decode()
            # AzureOpenAI notes its host here, and drops the key where another one is asked.
            request.extensions.pop("openai.azure_auth_origin", None)
            if session._state.tape:
                request.headers[TAPE] = "records"
        return asked

    @functools.wraps(send)
    def sync(client, request, **kwargs):
        asked = redirect(request)
        try:
            return send(client, request, **kwargs)
        finally:
            request.url = asked

    @functools.wraps(send)
    async def asynchronous(client, request, **kwargs):
        asked = redirect(request)
        try:
            return await send(client, request, **kwargs)
        finally:
            request.url = asked

    return asynchronous if send is httpx2.AsyncClient.send else sync


def wrap_adapter(send):
    """The same for requests."""

    @functools.wraps(send)
    def adapter(self, request, **kwargs):
        asked, request.url = request.url, redirected(request.url)
        if request.url != asked:
            kwargs["proxies"] = {}
            if session._state.tape:
                request.headers[TAPE] = "records"
        try:
            response = send(self, request, **kwargs)
        finally:
            request.url = asked
            request.headers.pop(TAPE, None)
        response.url = asked
        return response

    return adapter


httpx2.Client.send, httpx2.AsyncClient.send = wrap(httpx2.Client.send), wrap(httpx2.AsyncClient.send)
HTTPAdapter.send = wrap_adapter(HTTPAdapter.send)
session.Tape = LocalTape

"""The real openai SDK, httpx2 and requests: what they send is recorded over a socket, and replayed without one.

What goes wrong does so alike. The SDK's waits are noted, not waited for (`slept`); a time-out is short only where the
local API is silent on purpose.
"""

import asyncio
import gzip
import importlib
import io
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import Mock

import httpx2
import openai
import pytest
import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import ChunkedEncodingError
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from course import recording
from course.recording import clients
from tests.api import API_KEY, serve
from tests.api.answers import load_answers
from tests.api.faults import ERRORS, WIRE
from tests.conftest import COFFEE, COFFEE_FILE, question
from tests.recording.made import ask, item, post, staged, stored

ECHO, MOVED = "https://api.openai.com/v1/echo", "https://api.openai.com/v1/moved"
# Every use of the network by Python itself; an audit hook can't be removed.
network = []
USES = ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto")
sys.addaudithook(lambda event, args: event in USES and network.append((event, args[-1])))


async def echo(request):
    """What came, compressed, and in chunks of unknown length where it is asked for."""
    body = gzip.compress(b"you sent: " + await request.body())
    response = Response(body, headers={"content-encoding": "gzip", "content-type": "text/plain", "set-cookie": "a=b"})
    if "chunked" in str(request.url):
        del response.headers["content-length"]
    return response


async def moved(request):
    return RedirectResponse("/v1/echo?moved", 307)


@pytest.fixture(scope="module")
def api():
    routes = [Route(f"/api.openai.com/v1/{one.__name__}", one, methods=["GET", "POST"]) for one in (echo, moved)]
    with serve(routes=routes, answers=load_answers() | staged(*ERRORS, *WIRE)) as running:
        yield running


def ways(**how):
    """The SDK, its asynchronous half and requests, made now: call one to ask `question`."""
    client, later, headers = openai.OpenAI(**how), openai.AsyncOpenAI(**how), {"api-key": os.environ["OPENAI_API_KEY"]}
    return [
        lambda *about: ask(*about, client=client, stream=True),
        lambda *about: asyncio.run(later.chat.completions.create(**question(*about))),
        lambda *about: post(*about, headers=headers),
    ]


async def by_async_sdk():
    async with openai.AsyncOpenAI() as client:
        chunks = await client.chat.completions.create(**question(stream=True))
        return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])


def everything():
    """What every kind of client gives for one question, for a picture, and for what it sends in another form."""
    session, headers = requests.Session(), {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    with session.get(COFFEE, stream=True, timeout=9) as picture, httpx2.stream("GET", f"{ECHO}?a") as streamed:
        raw_bytes, piece = picture.raw.read(), next(streamed.iter_raw())
    files = session.post(ECHO, data=io.BytesIO(b"a"), timeout=9), httpx2.post(ECHO, content=iter([b"b"]))
    steps = requests.post(MOVED, data="x", timeout=9), httpx2.post(MOVED, content="x", follow_redirects=True)
    gone = session.get(f"{ECHO}/none", timeout=9)
    return {
        "answers": [ask().choices[0].message.content, asyncio.run(by_async_sdk())],
        "requests": post(headers=headers).json()["choices"],
        "picture": [raw_bytes == COFFEE_FILE.read_bytes(), session.get(COFFEE, timeout=9).content == raw_bytes],
        "pieces": [piece, *session.get(f"{ECHO}?chunked", stream=True, timeout=9).iter_lines()],
        "files": [one.text for one in files],
        "moved": [(one.text, [step.status_code for step in one.history]) for one in steps],
        "not found": (gone.status_code, gone.reason, gone.ok),
    }


def test_every_client_replays_what_was_recorded_without_network(record, replay, api, folder):
    network.clear()
    record()
    recorded = everything()
    text, streamed = recorded["answers"]
    assert text.startswith("A small red-brown espresso cup") and streamed == text
    assert recorded["picture"] == [True, True] and recorded["files"] == ["you sent: a", "you sent: b"]
    assert recorded["moved"] == [("you sent: x", [307])] * 2, "the libraries follow, and each step is recorded"
    kept = {name for one in stored(folder) for name in one["response"].get("headers", {})}
    assert kept == {"content-type", "location"}, "neither cookies nor what is true of compressed bytes alone"
    assert network, "the recording came over a socket"
    network.clear()
    replay()
    assert everything() == recorded and network == []


def test_a_transport_of_ones_own_stays_ones_own_and_the_others_are_wrapped_once(replay):
    replay(item())
    mock = httpx2.MockTransport(lambda request: httpx2.Response(200, json={"id": "mine"}))
    for transport, answer in ((mock, "mine"), (httpx2.HTTPTransport(retries=2), "chatcmpl-A cup.")):
        assert ask(client=openai.OpenAI(http_client=openai.DefaultHttpxClient(transport=transport))).id == answer
    wrapped = HTTPAdapter.send, httpx2.HTTPTransport.handle_request, httpx2.AsyncHTTPTransport.handle_async_request
    importlib.reload(clients).wrap_clients(lambda headers: None)  # as %autoreload does
    now = HTTPAdapter.send, httpx2.HTTPTransport.handle_request, httpx2.AsyncHTTPTransport.handle_async_request
    assert now == wrapped and post().ok


def test_live_all_is_as_usual_and_a_client_made_in_replay_is_refused(folder, begin, api):
    begin("replay", item())
    old, before = ways(), (folder / "lesson.json").read_bytes()
    begin("live", api=api)
    network.clear()
    for way in old:
        with pytest.raises(recording.LiveModeError, match=r"made in replay.*client = OpenAI\(\)"):
            way()
    assert network == []
    answer = requests.get(ECHO, timeout=9)
    assert answer.headers["content-encoding"] == "gzip" and answer.cookies["a"] == "b"
    assert httpx2.get(ECHO).headers["content-encoding"] == "gzip"
    assert asyncio.run(by_async_sdk()).startswith("A small red-brown")
    assert (folder / "lesson.json").read_bytes() == before and len(list(folder.iterdir())) == 1, "live writes nothing"


def test_threads_get_each_its_own_answer_also_while_the_lesson_is_started_again(replay):
    """While one starts the lesson again and again, others ask: none of them asks the network, or finds no key."""
    replay(*(item(question() | {"max_completion_tokens": limit}, f"answer {limit}") for limit in range(5)))
    network.clear()

    def by_turns(n):
        limit = {"max_completion_tokens": n % 5}
        return post(**limit).json()["id"] if n % 2 else ask(client=openai.OpenAI(max_retries=0), **limit).id

    with ThreadPoolExecutor(4) as pool:
        again = [pool.submit(recording.start, "lesson", mode="replay") for _ in range(30)]
        assert list(pool.map(by_turns, range(20))) == [f"chatcmpl-answer {n % 5}" for n in range(20)]
        assert network == [] == [one.result() for one in again if one.result()]


def test_what_was_never_recorded_is_asked_for_once_by_every_client(replay, monkeypatch):
    choose = Mock(wraps=(tape := replay(item()))._choose)
    monkeypatch.setattr(tape, "_choose", choose)
    for way in ways(max_retries=5):
        with pytest.raises(recording.NotRecorded) as caught:
            way("New?")
        assert caught.value.__cause__ is None
    assert choose.call_count == 3


@pytest.fixture
def slept(monkeypatch):
    """The seconds for which the SDK would have waited."""
    waits = []
    monkeypatch.setattr("openai._base_client.time.sleep", waits.append)
    return waits


SILENT = [(0.375, 0.5), (0.75, 1)]  # where the service does not say
REFUSED = {  # fault: status, code, and how long the SDK waits before each retry, at least and at most
    "blocked_prompt": (400, "content_filter", []),
    "forbidden": (403, "unsupported_country_region_territory", []),
    "request_timeout": (408, None, SILENT),
    "conflict": (409, None, SILENT),
    "too_large": (413, None, []),
    "rate_limit": (429, "rate_limit_exceeded", [(1, 1), (1, 1)]),
    "rate_limit_long": (429, "rate_limit_exceeded", []),
    "rate_limit_date": (429, "rate_limit_exceeded", [(0, 2), (0, 2)]),
    "rate_limit_reached": (429, "rate_limit_exceeded", [(0.12, 0.12), (0.12, 0.12)]),
    "rate_limit_silent": (429, "rate_limit_exceeded", SILENT),
    "quota": (429, "insufficient_quota", SILENT),
    "server_error": (500, None, SILENT),
    "overloaded": (503, None, SILENT),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_status_is_raised_and_asked_again_as_lesson_07_says(api, slept, name):
    status, code, waits = REFUSED[name]
    api.requests.clear()
    with pytest.raises(openai.APIStatusError) as caught:
        ask(name, client=openai.OpenAI(base_url=f"{api.url}/v1", api_key=API_KEY))
    assert (caught.value.status_code, caught.value.code) == (status, code) and API_KEY not in str(caught.value)
    assert len(api.requests) == len(slept) + 1
    assert all(low <= wait <= high for (low, high), wait in zip(waits, slept, strict=True)), slept


LOST = {  # fault: the SDK's exception, that of requests, replay's own words
    "timeout": (openai.APITimeoutError, requests.ReadTimeout, "The read operation timed out"),
    "reset": (openai.APIConnectionError, ChunkedEncodingError, "Connection reset by peer"),
    "cut": (openai.APIConnectionError, ChunkedEncodingError, "Connection broken in the body"),
    "stalled": (openai.APITimeoutError, requests.ConnectionError, "The read operation timed out"),
    "unreachable": (openai.APIConnectionError, requests.ConnectionError, "There is no host of this name"),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", WIRE)
def test_a_connection_breaks_alike_on_the_socket_while_recording_and_in_replay(api, begin, slept, name, stream):
    """What is raised, what was read by then, how often it is asked: a stream that has begun is not asked for again."""
    of_sdk, of_requests, words = LOST[name]
    begun = stream and name not in ("timeout", "unreachable")
    timeout = {"timeout": 0.5, "stalled": 1}.get(name, 30)  # seconds; the second has to bring half an answer first
    for mode in ("live", "record", "replay"):
        begin(mode, api=api if mode != "replay" else None)
        client, text, raw = openai.OpenAI(timeout=timeout, max_retries=1), "", b""
        slept.clear()
        api.requests.clear()
        with pytest.raises(of_sdk) as broke:
            for chunk in ask(name, client=client, stream=stream):
                text += chunk.choices[0].delta.content
        assert (text, len(slept)) == ("A small red-brown " if begun else "", 0 if begun else 1)
        with pytest.raises(of_requests) as broken:
            for piece in post(name, headers={"Authorization": f"Bearer {API_KEY}"}, timeout=timeout, stream=stream):
                raw += piece
        assert (b"red-brown" in raw) == begun
        assert (type(broke.value), type(broken.value)) == (of_sdk, of_requests), "not one of its kinds"
        if mode == "replay":
            assert str(broke.value.__cause__) == str(broken.value) == words
        assert len(api.requests) == (0 if mode == "replay" else len(slept) + 2)

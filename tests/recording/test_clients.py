"""The real openai SDK, httpx2 and requests: what they send is recorded over a socket, and replayed without one."""

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
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from course import recording
from course.recording import clients
from tests.api import serve
from tests.conftest import COFFEE, COFFEE_FILE, question
from tests.recording.made import ask, item, post, stored

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


async def move(request):
    return RedirectResponse("/v1/echo?moved", 307)


@pytest.fixture(scope="module")
def api():
    routes = {"echo": echo, "moved": move}
    with serve(routes=[Route(f"/api.openai.com/v1/{n}", f, methods=["GET", "POST"]) for n, f in routes.items()]) as api:
        yield api


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
    moved = requests.post(MOVED, data="x", timeout=9), httpx2.post(MOVED, content="x", follow_redirects=True)
    gone = session.get(f"{ECHO}/none", timeout=9)
    return {
        "answers": [ask().choices[0].message.content, asyncio.run(by_async_sdk())],
        "requests": post(headers=headers).json()["choices"],
        "picture": [raw_bytes == COFFEE_FILE.read_bytes(), session.get(COFFEE, timeout=9).content == raw_bytes],
        "pieces": [piece, *session.get(f"{ECHO}?chunked", stream=True, timeout=9).iter_lines()],
        "files": [one.text for one in files],
        "moved": [(one.text, [step.status_code for step in one.history]) for one in moved],
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

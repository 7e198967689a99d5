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
from course.recording import clients, session
from tests.api import API_KEY, serve
from tests.conftest import COFFEE, COFFEE_FILE, question
from tests.recording.made import CHAT, item, put, stored

ECHO, MOVED = "https://api.openai.com/v1/echo", "https://api.openai.com/v1/moved"
# What Python itself does on the network while `watched` is a list: an audit hook can't be removed, only unheeded.
watched = None


def _note(event, args):
    if watched is not None and event in ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"):
        watched.append((event, args[-1]))


sys.addaudithook(_note)


@pytest.fixture
def network(monkeypatch):
    """A list that fills with every use of the network."""
    monkeypatch.setattr(sys.modules[__name__], "watched", [])
    return watched


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


async def by_async_sdk():
    async with openai.AsyncOpenAI() as client:
        chunks = await client.chat.completions.create(**question(stream=True))
        return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])


def everything():
    """What every kind of client gives for one question, for a picture, and for what it sends in another form."""
    client, session = openai.OpenAI(), requests.Session()
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    with session.get(COFFEE, stream=True, timeout=9) as picture, httpx2.stream("GET", f"{ECHO}?a") as streamed:
        raw_bytes, piece = picture.raw.read(), next(streamed.iter_raw())
    moved = requests.post(MOVED, data="x", timeout=9), httpx2.post(MOVED, content="x", follow_redirects=True)
    gone = session.get(f"{ECHO}/none", timeout=9)
    return {
        "sdk": client.chat.completions.create(**question()).choices[0].message.content,
        "async": asyncio.run(by_async_sdk()),
        "requests": session.post(CHAT, headers=headers, json=question(), timeout=9).json()["choices"],
        "picture": (raw_bytes == COFFEE_FILE.read_bytes(), session.get(COFFEE, timeout=9).content == raw_bytes),
        "pieces": (piece, list(session.get(f"{ECHO}?chunked", stream=True, timeout=9).iter_lines())),
        "file": (
            session.post(ECHO, data=io.BytesIO(b"a"), timeout=9).text,
            httpx2.post(ECHO, content=iter([b"b"])).text,
        ),
        "moved": [(one.text, [step.status_code for step in one.history]) for one in moved],
        "not found": (gone.status_code, gone.reason, gone.ok),
    }


def test_every_client_replays_what_was_recorded_without_network(record, replay, api, network, folder):
    record()
    recorded = everything()
    assert recorded["sdk"].startswith("A small red-brown espresso cup") and recorded["picture"] == (True, True)
    assert recorded["sdk"] == recorded["async"] and recorded["file"] == ("you sent: a", "you sent: b")
    assert recorded["moved"] == [("you sent: x", [307])] * 2, "the libraries follow, and each step is recorded"
    kept = {name for one in stored(folder) for name in one["response"].get("headers", {})}
    assert kept == {"content-type", "location"}, "neither cookies nor what is true of compressed bytes alone"
    assert network, "the recording came over a socket"
    network.clear()
    asked = len(api.requests)
    replay()
    assert everything() == recorded
    assert len(api.requests) == asked and network == []


def test_a_transport_of_ones_own_stays_ones_own_and_the_others_are_wrapped_once(folder, replay):
    put(folder, item())
    replay()
    mock = httpx2.MockTransport(lambda request: httpx2.Response(200, json={"id": "mine"}))
    for transport, answer in ((mock, "mine"), (httpx2.HTTPTransport(retries=2), "chatcmpl-A cup.")):
        client = openai.OpenAI(http_client=openai.DefaultHttpxClient(transport=transport))
        assert client.chat.completions.create(**question()).id == answer
    wrapped = HTTPAdapter.send, httpx2.HTTPTransport.handle_request, httpx2.AsyncHTTPTransport.handle_async_request
    importlib.reload(clients).wrap_clients(lambda headers: None)  # as %autoreload does
    now = HTTPAdapter.send, httpx2.HTTPTransport.handle_request, httpx2.AsyncHTTPTransport.handle_async_request
    assert now == wrapped and requests.post(CHAT, json=question(), timeout=9).ok


def test_live_all_is_as_usual_and_a_client_made_in_replay_is_refused(folder, replay, api, network, monkeypatch):
    put(folder, item())
    replay()
    old, old_async, headers = openai.OpenAI(), openai.AsyncOpenAI(), {"api-key": os.environ["OPENAI_API_KEY"]}
    before = (folder / "lesson.json").read_bytes()
    monkeypatch.setenv("COURSE_UPSTREAM", api.url)
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    recording.start("lesson", mode="live")
    for call in (
        lambda: old.chat.completions.create(**question()),
        lambda: requests.post(CHAT, json=question(), headers=headers, timeout=9),
        lambda: asyncio.run(old_async.chat.completions.create(**question())),
    ):
        with pytest.raises(recording.LiveModeError, match=r"made in replay.*client = OpenAI\(\)"):
            call()
    assert network == [] and session._state.tape is None
    answer = requests.get(ECHO, timeout=9)
    assert answer.headers["content-encoding"] == "gzip" and answer.cookies["a"] == "b"
    assert httpx2.get(ECHO).headers["content-encoding"] == "gzip"
    assert asyncio.run(by_async_sdk()).startswith("A small red-brown")
    assert (folder / "lesson.json").read_bytes() == before and len(list(folder.iterdir())) == 1, "live writes nothing"


def test_threads_get_each_its_own_answer_also_while_the_lesson_is_started_again(folder, replay, network):
    """While one starts the lesson again and again, others ask: none of them asks the network, or finds no key."""
    put(folder, *(item(question() | {"max_completion_tokens": limit}, f"answer {limit}") for limit in range(5)))
    replay()

    def ask(n):
        asked = question() | {"max_completion_tokens": n % 5}
        if n % 2:
            return requests.post(CHAT, json=asked, timeout=9).json()["id"]
        return openai.OpenAI(max_retries=0).chat.completions.create(**asked).id

    with ThreadPoolExecutor(4) as pool:
        again = [pool.submit(recording.start, "lesson", mode="replay") for _ in range(30)]
        assert list(pool.map(ask, range(20))) == [f"chatcmpl-answer {n % 5}" for n in range(20)]
        assert network == [] == [one.result() for one in again if one.result()]


def test_what_was_never_recorded_is_asked_for_once_by_every_client(folder, replay, monkeypatch):
    put(folder, item())
    choose = Mock(wraps=(tape := replay())._choose)
    monkeypatch.setattr(tape, "_choose", choose)
    client, new = openai.OpenAI(max_retries=5), question("New?")
    for call in (
        lambda: client.chat.completions.create(**new, stream=True),
        lambda: asyncio.run(openai.AsyncOpenAI(max_retries=5).chat.completions.create(**new)),
        lambda: requests.post(CHAT, json=new, timeout=9),
    ):
        with pytest.raises(recording.NotRecorded) as caught:
            call()
        assert caught.value.__cause__ is None
    assert choose.call_count == 3

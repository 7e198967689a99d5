"""The real openai SDK, httpx2 and requests: what they send is recorded over a socket, and replayed without one."""

import asyncio
import gzip
import importlib
import io
import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

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
    headers = {"content-encoding": "gzip", "content-type": "text/plain", "set-cookie": "a=b"}
    response = Response(body, headers=headers)
    if "chunked" in str(request.url):
        del response.headers["content-length"]
    return response


async def move(request):
    return RedirectResponse("/v1/echo?moved", 307)


@pytest.fixture(scope="module")
def api():
    routes = [Route("/api.openai.com/v1/echo", echo, methods=["GET", "POST"]),
              Route("/api.openai.com/v1/moved", move, methods=["GET", "POST"])]  # fmt: skip
    with serve(routes=routes) as running:
        yield running


async def by_async_sdk():
    async with openai.AsyncOpenAI() as client:
        whole = await client.chat.completions.create(**question())
        chunks = await client.chat.completions.create(**question(stream=True))
        streamed = "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])
        with_raw = await client.chat.completions.with_raw_response.create(**question())
        return whole.choices[0].message.content, streamed, with_raw.elapsed.total_seconds() >= 0


def everything(echoed="https://api.openai.com/v1/echo"):
    """What every kind of client gives for one question, for a picture, and for what it sends in another form."""
    client, headers = openai.OpenAI(), {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    session = requests.Session()
    with client.chat.completions.with_streaming_response.create(**question()) as raw:
        lines = list(raw.iter_lines())
    with session.get(COFFEE, stream=True, timeout=9) as picture, httpx2.stream("GET", f"{echoed}?a") as streamed:
        raw_bytes, piece = picture.raw.read(), next(streamed.iter_raw())
    return {
        "sdk": client.chat.completions.create(**question()).choices[0].message.content,
        "stream": [chunk.choices[0].delta.content for chunk in client.chat.completions.create(**question(stream=True))],
        "lines": json.loads("\n".join(lines)),
        "async": asyncio.run(by_async_sdk()),
        "requests": session.post(CHAT, headers=headers, json=question(), timeout=9).json()["choices"],
        "picture": (raw_bytes == COFFEE_FILE.read_bytes(), session.get(COFFEE, timeout=9).content == raw_bytes),
        "iter": list(session.get(f"{echoed}?chunked", stream=True, timeout=9).iter_lines()),
        "pieces": piece,
        "file": session.post(echoed, data=io.BytesIO(b"a file"), timeout=9).text,
        "iterator": session.post(echoed, data=iter([b"an ", b"iterator"]), timeout=9).text,
        "text": session.post(echoed, data="a text", timeout=9).text,
        "sdk's iterator": httpx2.post(echoed, content=iter([b"another ", b"one"])).text,
        "not found": (gone := session.get(f"{echoed}/none", timeout=9)).status_code and (gone.reason, gone.ok),
    }


def test_every_client_replays_what_was_recorded_without_network(record, replay, api, network, folder):
    record()
    recorded = everything()
    assert recorded["sdk"].startswith("A small red-brown espresso cup") and recorded["picture"] == (True, True)
    assert recorded["sdk"] == "".join(filter(None, recorded["stream"])) == recorded["async"][0] == recorded["async"][1]
    assert (recorded["file"], recorded["iterator"]) == ("you sent: a file", "you sent: an iterator")
    assert recorded["not found"] == ("Not Found", False)
    assert network, "the recording came over a socket"
    answered = next(one["response"]["json"] for one in stored(folder) if "json" in one["response"])
    assert answered["choices"] == recorded["requests"], "what came compressed is stored as one reads it"
    kept = {name for one in stored(folder) for name in one["response"].get("headers", {})}
    assert kept == {"content-type"}, "neither cookies nor what is true of compressed bytes alone"
    network.clear()
    asked = len(api.requests)
    replay()
    assert everything() == recorded
    assert len(api.requests) == asked and network == []


def test_a_redirect_is_followed_by_the_library_and_each_step_recorded(record, replay, folder):
    def ask(body):
        answer = requests.post("https://api.openai.com/v1/moved", data=body, timeout=9)
        one = httpx2.post("https://api.openai.com/v1/moved", content=body, follow_redirects=True)
        return answer.text, [step.status_code for step in answer.history], one.text, len(one.history)

    record()
    moved = ask("x")
    assert moved == ("you sent: x", [307], "you sent: x", 1)
    assert [one["response"]["status"] for one in stored(folder)] == [307, 200, 307, 200]
    replay()
    assert ask("x") == moved


def test_recording_gives_each_connection_back(record):
    record()
    with httpx2.Client(limits=httpx2.Limits(max_connections=1), timeout=httpx2.Timeout(9, pool=1)) as client:
        for _ in range(3):
            client.send(client.build_request("GET", "https://api.openai.com/v1/echo"), stream=True)
    session = requests.Session()
    session.mount("https://", adapter := HTTPAdapter(pool_maxsize=1, pool_block=True))
    for _ in range(3):
        session.get("https://api.openai.com/v1/echo", stream=True, timeout=9)
    adapter.close()


def test_a_transport_of_ones_own_stays_ones_own(folder, replay):
    put(folder, item())
    replay()
    mock = httpx2.MockTransport(lambda request: httpx2.Response(200, json={"id": "mine"}))
    client = openai.OpenAI(http_client=openai.DefaultHttpxClient(transport=mock))
    assert client.chat.completions.create(**question("Never asked")).id == "mine"
    plain = openai.OpenAI(http_client=openai.DefaultHttpxClient(transport=httpx2.HTTPTransport(retries=2)))
    assert plain.chat.completions.create(**question()).id == "chatcmpl-A cup."


def test_the_transports_are_wrapped_once(folder, replay):
    put(folder, item())
    replay()
    before = HTTPAdapter.send, httpx2.HTTPTransport.handle_request, httpx2.AsyncHTTPTransport.handle_async_request
    replay()
    importlib.reload(clients).wrap_clients(lambda headers: None)  # as %autoreload does
    assert before == (
        HTTPAdapter.send, httpx2.HTTPTransport.handle_request, httpx2.AsyncHTTPTransport.handle_async_request
    )  # fmt: skip
    assert requests.post(CHAT, json=question(), timeout=9).ok


def test_without_a_tape_all_is_as_usual(folder, api, monkeypatch):
    monkeypatch.setenv("COURSE_UPSTREAM", api.url)
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    recording.start("lesson", mode="live")
    answer = requests.get("https://api.openai.com/v1/echo", timeout=9)
    assert answer.headers["content-encoding"] == "gzip" and answer.cookies["a"] == "b"
    assert asyncio.run(by_async_sdk())[0].startswith("A small red-brown")
    assert httpx2.get("https://api.openai.com/v1/echo").headers["content-encoding"] == "gzip"
    assert not folder.exists(), "live writes nothing"


def test_threads_get_each_its_own_answer(folder, replay, network):
    put(folder, *(item(question() | {"max_completion_tokens": limit}, f"answer {limit}") for limit in range(5)))
    replay()
    client = openai.OpenAI()

    def ask(n):
        asked = question() | {"max_completion_tokens": n % 5}
        if n % 2:
            return requests.post(CHAT, json=asked, timeout=9).json()["id"]
        return client.chat.completions.create(**asked).id

    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(ask, range(50))) == [f"chatcmpl-answer {n % 5}" for n in range(50)]
    assert network == []


def test_starting_again_lets_no_request_through(folder, replay, network):
    """Three threads ask while another starts the lesson again and again: none of them asks the network."""
    put(folder, item())
    replay()
    done = threading.Event()

    def start_again():
        while not done.is_set():
            recording.start("lesson", mode="replay")

    def ask(n):
        with pytest.raises(recording.NotRecorded):
            if n % 2:
                openai.OpenAI(max_retries=0).chat.completions.create(**question("Never asked"))
            else:
                requests.post(CHAT, json=question("Never asked"), timeout=9)
        return "replay-needs-no-key" in os.environ.get("OPENAI_API_KEY", "")

    starter = threading.Thread(target=start_again)
    starter.start()
    try:
        with ThreadPoolExecutor(3) as pool:
            assert all(pool.map(ask, range(30)))
    finally:
        done.set()
        starter.join()
    assert network == []


def test_what_was_never_recorded_is_asked_for_once_by_every_client(folder, replay, monkeypatch):
    put(folder, item())
    tape, asked = replay(), []
    choose = type(tape)._choose
    monkeypatch.setattr(type(tape), "_choose", lambda tape, sent: asked.append(1) or choose(tape, sent))
    client = openai.OpenAI(max_retries=5)
    for call in (
        lambda: client.chat.completions.create(**question("New?")),
        lambda: client.chat.completions.create(**question("New?", stream=True)),
        lambda: asyncio.run(openai.AsyncOpenAI(max_retries=5).chat.completions.create(**question("New?"))),
        lambda: requests.post(CHAT, json=question("New?"), timeout=9),
    ):
        with pytest.raises(recording.NotRecorded) as caught:
            call()
        assert caught.value.__cause__ is None
    assert len(asked) == 4


def test_a_client_made_in_replay_is_told_so_in_live(folder, replay, network, monkeypatch):
    put(folder, item())
    replay()
    old, old_async, headers = openai.OpenAI(), openai.AsyncOpenAI(), {"api-key": os.environ["OPENAI_API_KEY"]}
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

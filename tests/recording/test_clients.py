"""The real openai SDK, httpx2 and requests: what they send is recorded over a socket, and replayed without one."""

import asyncio
import io
import os
import sys

import httpx2
import openai
import pytest
import requests
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from course import recording
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
    return Response(b"you sent: " + await request.body(), media_type="text/plain", headers={"set-cookie": "a=b"})


async def moved(request):
    return RedirectResponse("/v1/echo?moved", 307)


@pytest.fixture(scope="module")
def api():
    routes = [Route(f"/api.openai.com/v1/{one.__name__}", one, methods=["GET", "POST"]) for one in (echo, moved)]
    with serve(routes=routes, answers=load_answers() | staged(*ERRORS, *WIRE)) as running:
        yield running


@pytest.fixture
def slept(monkeypatch):
    """The seconds for which the SDK would have waited."""
    waits = []
    monkeypatch.setattr("openai._base_client.time.sleep", waits.append)
    return waits


async def by_async_sdk():
    async with openai.AsyncOpenAI() as client:
        chunks = await client.chat.completions.create(**question(stream=True))
        return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks])


def everything():
    """What every kind of client gives for one question, for a picture, and for what it sends in another form."""
    session, headers = requests.Session(), {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    with session.get(COFFEE, stream=True, timeout=9) as picture:
        raw_bytes = picture.raw.read()
    files = session.post(ECHO, data=io.BytesIO(b"a"), timeout=9), httpx2.post(ECHO, content=iter([b"b"]))
    steps = requests.post(MOVED, data="x", timeout=9), httpx2.post(MOVED, content="x", follow_redirects=True)
    gone = session.get(f"{ECHO}/none", timeout=9)
    return {
        "answers": [ask().choices[0].message.content, asyncio.run(by_async_sdk())],
        "requests": post(headers=headers).json()["choices"],
        "picture": raw_bytes == COFFEE_FILE.read_bytes() == session.get(COFFEE, timeout=9).content,
        "files": [one.text for one in files],
        "moved": [(one.text, [step.status_code for step in one.history]) for one in steps],
        "not found": (gone.status_code, gone.reason, gone.ok),
    }


def test_every_client_replays_what_was_recorded_without_network(record, replay, api, folder):
    record()
    network.clear()
    recorded = everything()
    text, streamed = recorded["answers"]
    assert text.startswith("A small red-brown espresso cup") and streamed == text and recorded["picture"]
    assert recorded["files"] == ["you sent: a", "you sent: b"]
    assert recorded["moved"] == [("you sent: x", [307])] * 2, "the libraries follow, and each step is recorded"
    kept = {name for one in stored(folder) for name in one["response"].get("headers", {})}
    assert kept == {"content-type", "location"}, "neither cookies nor what is true of compressed bytes alone"
    assert network, "the recording came over a socket"
    replay()
    network.clear()
    assert everything() == recorded and network == []


def test_what_only_replay_refuses_is_refused_at_once_and_live_all_is_as_usual(folder, begin, api, slept):
    begin("replay", item())
    client, later, headers = openai.OpenAI(), openai.AsyncOpenAI(), {"api-key": os.environ["OPENAI_API_KEY"]}
    ways = [
        lambda: ask("New?", client=client, stream=True),
        lambda: asyncio.run(later.chat.completions.create(**question("New?"))),
        lambda: post("New?", headers=headers),
    ]
    network.clear()
    for way in ways:
        with pytest.raises(recording.NotRecorded):
            way()
    begin("live", api=api)
    for way in ways:
        with pytest.raises(recording.LiveModeError, match=r"made in replay.*client = OpenAI\(\)"):
            way()
    assert network == slept == [], "nobody was asked, and not twice"
    before = (folder / "lesson.json").read_bytes()
    answer = requests.get(ECHO, timeout=9)
    assert answer.headers["content-encoding"] == "gzip" and answer.cookies["a"] == "b"
    assert asyncio.run(by_async_sdk()).startswith("A small red-brown")
    assert [path.read_bytes() for path in folder.iterdir()] == [before], "live writes nothing"


NOT_AGAIN = ("blocked_prompt", "forbidden", "too_large", "rate_limit_long")
# How long the SDK waits where the service says it, in seconds, at least and at most.
TOLD = {"rate_limit": [(1, 1)] * 2, "rate_limit_date": [(0, 2)] * 2, "rate_limit_reached": [(0.12, 0.12)] * 2}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_status_is_raised_and_asked_again_as_lesson_07_says(api, slept, name):
    with pytest.raises(openai.APIStatusError) as caught:
        ask(name, client=openai.OpenAI(base_url=f"{api.url}/v1", api_key=API_KEY))
    assert caught.value.status_code == ERRORS[name][0] and API_KEY not in str(caught.value)
    waits = [] if name in NOT_AGAIN else TOLD.get(name, [(0.375, 0.5), (0.75, 1)])
    assert all(low <= wait <= high for (low, high), wait in zip(waits, slept, strict=True)), slept


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", WIRE)
def test_a_connection_breaks_alike_on_the_socket_while_recording_and_in_replay(api, begin, slept, name, stream):
    """What is raised, what was read by then, how often it is asked: a stream that has begun is not asked for again."""
    timeout = {"timeout": 0.5, "stalled": 1}.get(name, 30)  # seconds; the second has to bring half an answer first
    found = {}
    for mode in ("live", "record", "replay"):
        begin(mode, api=api if mode != "replay" else None)
        client, text, raw = openai.OpenAI(timeout=timeout, max_retries=1), "", b""
        slept.clear()
        api.requests.clear()
        with pytest.raises(openai.APIConnectionError) as broke:
            for chunk in ask(name, client=client, stream=stream):
                text += chunk.choices[0].delta.content
        with pytest.raises(requests.RequestException) as broken:
            for piece in post(name, headers={"Authorization": f"Bearer {API_KEY}"}, timeout=timeout, stream=stream):
                raw += piece
        begun = text == "A small red-brown "
        assert len(slept) == (not begun) and len(api.requests) == (0 if mode == "replay" else len(slept) + 2)
        found[mode] = text, b"red-brown" in raw, type(broke.value), type(broken.value)
    assert found["live"] == found["record"] == found["replay"] and str(broke.value.__cause__) == str(broken.value)
    assert begun == (stream and name not in ("timeout", "unreachable"))

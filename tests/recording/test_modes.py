"""Replay, live, record: what `start` hides, asks for and says; what every client gets, over a socket and without."""

import asyncio
import io
import os
import re
import sys
from datetime import date

import httpx2
import openai
import pytest
import requests
from starlette.responses import Response
from starlette.routing import Route

from course import recording
from course.recording import session, shape
from tests.api import API_KEY, serve
from tests.api.answers import Answer, load_answers
from tests.api.faults import WIRE
from tests.conftest import COFFEE, COFFEE_FILE, question
from tests.recording.made import ask, item, post, stored

ECHO = "https://api.openai.com/v1/echo"
# Every use of the network by Python itself; an audit hook can't be removed.
network = []
USES = ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto")
sys.addaudithook(lambda event, args: event in USES and network.append((event, args[-1])))


async def echo(request):
    headers = {"set-cookie": "a=b", "location": "/elsewhere"}
    return Response(b"you sent: " + await request.body(), media_type="text/plain", headers=headers)


@pytest.fixture(scope="module")
def api():
    """The local API, where the question "cut" is answered by a connection that is cut, and so on."""
    routes = [Route("/api.openai.com/v1/echo", echo, methods=["GET", "POST"])]
    faults = [Answer(["asset/images/coffee.png"], [name], "A small red cup.", fault=name) for name in WIRE]
    answers = load_answers() | {fault.question: [fault] for fault in faults}
    with serve(routes=routes, keys={API_KEY, "local-server-needs-no-key"}, answers=answers) as running:
        yield running


@pytest.fixture
def slept(monkeypatch):
    """The seconds for which the SDK would have waited."""
    monkeypatch.setattr("openai._base_client.time.sleep", (waits := []).append)
    return waits


NOWHERE = "http://127.0.0.1:9"
DISTURBING = {"OPENAI_API_KEY": "sk-somebody-elses-key", "OPENAI_BASE_URL": f"{NOWHERE}/v1", "VISION_MODEL": "another",
              "AZURE_OPENAI_ENDPOINT": NOWHERE, "https_proxy": NOWHERE, "ALL_PROXY": "socks5://127.0.0.1:9",
              "SSL_CERT_FILE": "no-such-file.pem", "REQUESTS_CA_BUNDLE": "no-such-file.pem"}  # fmt: skip


def test_replay_needs_no_variable_none_disturbs_it_and_all_are_back_afterwards(replay, monkeypatch, capsys):
    replay(item(), item(fault="timeout", response=None))
    recording.stop()
    for name, value in DISTURBING.items():
        monkeypatch.setenv(name, value)
    recording.start("lesson")
    left = {*DISTURBING, "AZURE_OPENAI_API_KEY"} & set(os.environ)
    assert left == {"OPENAI_API_KEY"}, "with a key of Azure beside it, the SDK's module-level client asks nobody"
    assert ask(client=openai).id == "chatcmpl-A cup." and post().ok and recording.model() == recording.DEFAULT_MODEL
    new = {"OPENAI_BASE_URL": f"{NOWHERE}/new", "VISION_MODEL": "llava"}
    os.environ.update(new)
    assert ask(client=openai.OpenAI(base_url="https://api.openai.com/v1")).choices
    with pytest.raises(recording.NotRecorded, match="https://contoso"):
        ask(client=openai.OpenAI(base_url="https://contoso.openai.azure.com/openai/v1"))
    recording.start("lesson", mode="record")
    recording.stop()
    assert {name: os.environ.get(name) for name in DISTURBING} == DISTURBING | new, "what a cell has set stays"
    replays, asks = "Replay: 1 recorded answer, no request leaves this machine.", "Record: requests go to 127.0.0.1:9"
    assert capsys.readouterr().out.splitlines() == [replays, replays, f"{asks}, model llava."]


def test_live_asks_again_for_a_mistyped_key_and_a_server_of_ones_own_needs_none(folder, replay, api, monkeypatch):
    replay(item())
    typed, own = [" sk-a-mistyped-key ", API_KEY, API_KEY], {"OPENAI_BASE_URL": f"{api.url}/v1/", "VISION_MODEL": "own"}
    monkeypatch.setattr(session, "getpass", lambda prompt: typed.pop(0))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    for key in typed[:]:
        recording.start("lesson", mode="live")
        assert os.environ["OPENAI_API_KEY"] == key.strip()
    recording.stop()
    assert "OPENAI_API_KEY" not in os.environ
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    recording.start("lesson", mode="live")
    assert recording.origin(ask().id) is None
    recording.start("lesson", mode="record")
    answer, chunk = ask(), next(iter(ask(stream=True)))
    origin = session.Origin("live", "course-sample", date.today().isoformat())
    assert recording.origin(answer.id) == recording.origin(chunk.id) == origin, "not what it says of itself"
    asked = stored(folder)[0]["request"]
    assert (asked["url"], asked["body"]["model"]) == ("/v1/chat/completions", "$VISION_MODEL")
    for name in own:
        monkeypatch.delenv(name)
    recording.start("lesson")
    assert ask().id == answer.id and recording.origin("something else") is None, "by its own model and address"


FIRST = """from course import recording
from helpers import encoding
from openai import OpenAI
from tests.conftest import question
recording.start('lesson')
state = lambda: OpenAI().get('/job', cast_to=object)['id']
print(state(), state(), recording.session._state.tape.cell)"""
SECOND = "get_ipython().run_cell('1', silent=True)\nprint(state(), recording.session._state.tape.cell)"
LIVE = f"""recording.session.getpass = lambda prompt: print(prompt) or '{API_KEY}'
get_ipython().kernel._allow_stdin = True
recording.start('lesson', mode='live')
print(OpenAI().chat.completions.create(**question()).model)"""
# What fails, and what is shown: few lines, or a traceback where it is the reader's own. Lessons show more of them.
FAILS = {
    "recording.start('lesson', mode='live')": r"LiveModeError: Live answers need a key: set OPENAI_API_KEY \(or .*",
    "__import__('pydantic').TypeAdapter(float).validate_python('half')": "ValidationError: 1 validation .*\n  Input .*",
    "def mine():\n    raise encoding.PictureError('raised in a cell')\nmine()": "(.|\n)*Traceback(.|\n)*",
}


def test_a_notebook_from_replay_to_live(folder, replay, api, kernel):
    """The cell that starts may ask too; what a front end runs silently is no cell; errors are brief; a key is asked."""
    states = [item(url="https://api.openai.com/v1/job", method="GET", text=n, cell=cell)
              for n, cell in (("1", FIRST), ("2", FIRST), ("3", SECOND))]  # fmt: skip
    replay(*states, item())
    sources = [FIRST, SECOND, *FAILS, "print(OpenAI().chat.completions.create(**question()).id)", LIVE]
    settings = {"COURSE_RECORDINGS": str(folder), "COURSE_UPSTREAM": api.url, "COURSE_MODE": None}
    start, second, *failed, again, live = kernel.run(sources, settings, allow_errors=True).cells
    shown = ["".join(one.get("text", "") for one in cell.outputs) for cell in (start, second, again, live)]
    assert shown[0].endswith(f"leaves this machine.\nchatcmpl-1 chatcmpl-2 {shape.cell_digest(FIRST)}\n")
    assert shown[1] == f"chatcmpl-3 {shape.cell_digest(SECOND)}\n"
    for cell, expected in zip(failed, FAILS.values(), strict=True):
        assert re.fullmatch(expected, "\n".join(cell.outputs[-1].traceback)), cell.source
    assert shown[2] == "chatcmpl-A cup.\n", "a failed start leaves replay as it was"
    assert "OPENAI_API_KEY (" in shown[3] and API_KEY not in shown[3] and shown[3].endswith("\ncourse-sample\n")


def by_async_sdk():
    return asyncio.run(openai.AsyncOpenAI().chat.completions.create(**question())).choices[0].message.content


def everything():
    """What every kind of client gives for one question, for a picture, and for what it sends in another form."""
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    with requests.get(COFFEE, stream=True, timeout=9) as streamed:
        picture = streamed.raw.read()
    return {
        "answers": [by_async_sdk(), "".join(chunk.choices[0].delta.content or "" for chunk in ask(stream=True))],
        "requests": post(headers=headers).json()["choices"],
        "picture": picture == COFFEE_FILE.read_bytes() == requests.get(COFFEE, timeout=9).content,
        "file": requests.post(ECHO, data=io.BytesIO(b"a"), timeout=9).text,
    }


def test_every_client_replays_what_was_recorded_without_network(record, replay, folder):
    record()
    recorded = everything()
    text, streamed = recorded["answers"]
    assert text.startswith("A small red-brown espresso cup") and streamed == text and recorded["picture"]
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
    before, answer = (folder / "lesson.json").read_bytes(), requests.get(ECHO, timeout=9)
    assert answer.headers["content-encoding"] == "gzip" and answer.cookies["a"] == "b"
    assert by_async_sdk().startswith("A small red-brown")
    assert [path.read_bytes() for path in folder.iterdir()] == [before], "live writes nothing"


def test_an_error_status_is_asked_for_again_as_lesson_07_says():
    client = openai.OpenAI(api_key="none")
    again = [status for status in range(400, 600) if client._should_retry(httpx2.Response(status))]
    assert again == [408, 409, 429, *range(500, 600)] and client.max_retries == 2
    assert not client._should_retry(httpx2.Response(429, headers={"retry-after": "121"}))


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
        begun = text == "A small red "
        assert len(slept) == (not begun) and len(api.requests) == (0 if mode == "replay" else len(slept) + 2)
        found[mode] = text, b"small" in raw, type(broke.value), type(broken.value)
    assert found["live"] == found["record"] == found["replay"] and str(broke.value.__cause__) == str(broken.value)
    assert begun == (stream and name not in ("timeout", "unreachable"))

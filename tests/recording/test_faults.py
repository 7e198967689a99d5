"""Everything that goes wrong, over a real socket, with the real SDK and with `requests`: what is raised, and how often.

The SDK's waits are noted and not waited for (`slept`). Where the local API is silent on purpose, the time-out is short;
elsewhere it is far longer than any answer takes, so that a mistake of ours fails instead of hanging.
"""

import asyncio

import openai
import pytest
import requests
from requests.exceptions import ChunkedEncodingError

from course import recording
from course.recording import session, shape
from tests.api import API_KEY, serve
from tests.api.answers import Answer
from tests.api.faults import ERRORS, WIRE
from tests.conftest import question
from tests.recording.made import CHAT, stored

TIMEOUT = {"timeout": 0.5, "stalled": 1}  # seconds; the second has to bring half an answer first
LONG = 30
TEXT = "A small red-brown cup on a table."
HEADERS = {"Authorization": f"Bearer {API_KEY}"}


def staged(*names, times=None):
    """Entries that go wrong: to the question "cut" the answer is cut off, and so on."""
    entries = [Answer(["asset/images/coffee.png"], [name], TEXT, fault=name, times=times) for name in names]
    return {entry.key(): entry for entry in entries}


@pytest.fixture(scope="module")
def api():
    with serve(answers=staged(*ERRORS, *WIRE)) as running:
        yield running


@pytest.fixture
def slept(monkeypatch):
    """The seconds for which the SDK would have waited."""
    waits = []
    monkeypatch.setattr("openai._base_client.time.sleep", waits.append)
    return waits


def post(api, name, stream=False):
    body, seconds = question(name, stream=stream), TIMEOUT.get(name, LONG)
    return requests.post(f"{api.url}/v1/chat/completions", headers=HEADERS, json=body, timeout=seconds, stream=stream)


# fault: the SDK's exception, status, code, how often it asks (1 is no retry), and the waits it chooses where it is told
REFUSED = {
    "blocked_prompt": (openai.BadRequestError, 400, "content_filter", 1, []),
    "forbidden": (openai.PermissionDeniedError, 403, "unsupported_country_region_territory", 1, []),
    "request_timeout": (openai.APIStatusError, 408, None, 3, None),
    "conflict": (openai.ConflictError, 409, None, 3, None),
    "too_large": (openai.APIStatusError, 413, None, 1, []),
    "rate_limit": (openai.RateLimitError, 429, "rate_limit_exceeded", 3, [1.0, 1.0]),
    "rate_limit_long": (openai.RateLimitError, 429, "rate_limit_exceeded", 1, []),
    "rate_limit_date": (openai.RateLimitError, 429, "rate_limit_exceeded", 3, "a date"),
    "rate_limit_silent": (openai.RateLimitError, 429, "rate_limit_exceeded", 3, None),
    "quota": (openai.RateLimitError, 429, "insufficient_quota", 3, None),
    "server_error": (openai.InternalServerError, 500, None, 3, None),
    "overloaded": (openai.InternalServerError, 503, None, 3, None),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_error_status_with_the_sdk_and_with_requests(api, slept, name):
    kind, status, code, tries, waits = REFUSED[name]
    for stream in (False, True):
        slept.clear()
        before = len(api.requests)
        with pytest.raises(openai.APIStatusError) as caught:
            openai.OpenAI(base_url=f"{api.url}/v1", api_key=API_KEY).chat.completions.create(
                **question(name, stream=stream)
            )
        error = caught.value
        assert (type(error), error.status_code, error.code) == (kind, status, code)
        assert str(error).startswith(f"Error code: {status}") and "\n" not in str(error) and API_KEY not in str(error)
        assert len(api.requests) - before == tries and len(slept) == tries - 1
        # A date is two seconds away; without word it is 0.5 and 1 second, each shortened by up to a quarter by chance.
        most = waits if isinstance(waits, list) else [2, 2] if waits else [0.5, 1]
        least = waits if isinstance(waits, list) else [0, 0] if waits else [0.375, 0.75]
        assert all(low <= wait <= high for low, wait, high in zip(least, slept, most, strict=True))
    response = post(api, name)
    assert (response.status_code, response.headers["x-course-source"]) == (status, "constructed staged")
    assert name == "too_large" or response.json()["error"]["code"] == code


# fault: the SDK's exception and its message; that of requests; replay's own words
LOST = {
    "timeout": (openai.APITimeoutError, "Request timed out.", requests.ReadTimeout, "The read operation timed out"),
    "reset": (openai.APIConnectionError, "Connection error.", ChunkedEncodingError, "Connection reset by peer"),
    "cut": (openai.APIConnectionError, "Connection error.", ChunkedEncodingError, "Connection broken in the body"),
    "stalled": (openai.APITimeoutError, "Request timed out.", requests.ConnectionError, "The read operation timed out"),
    "unreachable": (
        openai.APIConnectionError, "Connection error.", requests.ConnectionError, "There is no host of this name"
    ),
}  # fmt: skip


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", WIRE)
def test_a_connection_breaks_alike_on_the_socket_while_recording_and_in_replay(
    api, folder, replay, monkeypatch, slept, name, stream
):
    """What is raised, what was read by then, how often it is asked: a stream that has begun is not asked for again."""
    kind, message, of_requests, words = LOST[name]
    begun = stream and name not in ("timeout", "unreachable")
    how, asked = {"timeout": TIMEOUT.get(name, LONG), "max_retries": 1}, question(name, stream=stream)

    def outcomes(tries):
        came, slept[:], before = [], [], len(api.requests)
        with pytest.raises(kind) as caught:
            for chunk in openai.OpenAI(**how).chat.completions.create(**asked):
                came.append(chunk.choices[0].delta.content)
        assert (type(caught.value), str(caught.value)) == (kind, message)
        assert tries or str(caught.value.__cause__) == words
        assert (len(api.requests) - before, len(slept)) == (tries, 0 if begun else 1)
        assert "".join(came) == ("A small red-brown " if begun else "")
        raw, before = b"", len(api.requests)
        with pytest.raises(requests.RequestException) as caught:
            for piece in requests.post(CHAT, json=asked, headers=HEADERS, timeout=how["timeout"], stream=stream):
                raw += piece
        assert type(caught.value) is of_requests and API_KEY not in str(caught.value)
        assert tries or str(caught.value) == words
        assert (b"red-brown" in raw) == begun and len(api.requests) - before == bool(tries)

    monkeypatch.setenv("COURSE_UPSTREAM", api.url)
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    for mode in ("live", "record"):
        recording.start("lesson", mode=mode)
        outcomes(tries=1 if begun else 2)
    recording.stop()
    replay()
    outcomes(tries=0)

    async def listen():
        came = []
        with pytest.raises(kind, match=message):
            async for chunk in await openai.AsyncOpenAI(max_retries=0).chat.completions.create(**asked):
                came.append(chunk.choices[0].delta.content)
        return "".join(came)

    assert asyncio.run(listen()) == ("A small red-brown " if begun else "")


def test_what_breaks_while_a_real_service_is_recorded_is_not_stored(api, folder, monkeypatch):
    """And what such a service says of its answers is not believed: only the local API knows of samples and faults."""
    monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    recording.start("lesson", mode="record")
    for stream in (False, True):
        with pytest.raises(openai.APIConnectionError):
            openai.OpenAI(max_retries=0).chat.completions.create(**question("cut", stream=stream))
        with pytest.raises(ChunkedEncodingError):
            post(api, "cut", stream=stream)
    assert stored(folder) == []
    with pytest.raises(openai.RateLimitError):
        openai.OpenAI(max_retries=0).chat.completions.create(**question("rate_limit"))
    [one] = stored(folder)
    assert (one["source"], "staged" in one, one["response"]["status"]) == ("live", False, 429)


def test_what_was_staged_is_kept_in_its_cell_when_a_real_service_is_recorded(folder, monkeypatch, slept):
    def record(api):
        monkeypatch.setenv("COURSE_UPSTREAM", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
        recording.start("lesson", mode="record")
        session._state.tape.begin_cell("the cell as it is now")
        limited = openai.OpenAI().chat.completions.create(**question("rate_limit"))
        with pytest.raises(openai.APIConnectionError):
            openai.OpenAI(max_retries=0).chat.completions.create(**question("reset"))
        return limited, [(one["source"], one.get("staged", False), one.get("fault")) for one in stored(folder)]

    entries = staged("rate_limit", times=1) | staged("reset")
    limit, reset = ("constructed", True, None), ("constructed", True, "reset")
    with serve(answers=entries) as api:
        assert record(api)[1] == [limit, ("sample", False, None), reset]
    with serve(answers=entries, acts_as="gpt-5.6-luna") as real:
        limited, sources = record(real)
    assert limited.model == "gpt-5.6-luna" and len(real.requests) == 1 and slept == [1.0, 1.0]
    assert sources == [limit, ("live", False, None), reset]
    assert {one["cell"] for one in stored(folder)} == {shape.cell_digest("the cell as it is now")}


def test_every_fault_that_breaks_a_request_is_tried():
    assert [*REFUSED, "not_json"] == list(ERRORS) and set(LOST) == set(WIRE)

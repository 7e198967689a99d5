"""Everything that goes wrong, over a real socket, with the real SDK and with `requests`: what is raised, and how often.

The SDK's waits are noted, not waited for (`slept`). A time-out is short only where the local API is silent on purpose.
"""

import openai
import pytest
import requests
from requests.exceptions import ChunkedEncodingError

from course import recording
from course.recording import session
from course.recording.shape import cell_digest, load
from tests.api import API_KEY, serve
from tests.api.answers import Answer
from tests.api.faults import ERRORS, WIRE
from tests.conftest import question
from tests.recording.made import CHAT, item, put, stored

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


# How long the SDK waits, at least and at most: as it is told, until a date two seconds away, or by itself.
NEVER, TOLD, DATE, SILENT = ([], []), ([1, 1], [1, 1]), ([0, 0], [2, 2]), ([0.375, 0.75], [0.5, 1])
REFUSED = {  # fault: status, code, waits (none is no retry)
    "blocked_prompt": (400, "content_filter", NEVER),
    "forbidden": (403, "unsupported_country_region_territory", NEVER),
    "request_timeout": (408, None, SILENT),
    "conflict": (409, None, SILENT),
    "too_large": (413, None, NEVER),
    "rate_limit": (429, "rate_limit_exceeded", TOLD),
    "rate_limit_long": (429, "rate_limit_exceeded", NEVER),
    "rate_limit_date": (429, "rate_limit_exceeded", DATE),
    "rate_limit_reached": (429, "rate_limit_exceeded", ([0.12, 0.12], [0.12, 0.12])),
    "rate_limit_silent": (429, "rate_limit_exceeded", SILENT),
    "quota": (429, "insufficient_quota", SILENT),
    "server_error": (500, None, SILENT),
    "overloaded": (503, None, SILENT),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_error_status_is_raised_and_asked_again_as_lesson_07_says(api, slept, name):
    status, code, (least, most) = REFUSED[name]
    before = len(api.requests)
    with pytest.raises(openai.APIStatusError) as caught:
        openai.OpenAI(base_url=f"{api.url}/v1", api_key=API_KEY).chat.completions.create(**question(name))
    assert (caught.value.status_code, caught.value.code) == (status, code) and API_KEY not in str(caught.value)
    assert len(api.requests) - before == len(slept) + 1
    assert all(low <= wait <= high for low, wait, high in zip(least, slept, most, strict=True))


LOST = {  # fault: the SDK's exception, that of requests, replay's own words
    "timeout": (openai.APITimeoutError, requests.ReadTimeout, "The read operation timed out"),
    "reset": (openai.APIConnectionError, ChunkedEncodingError, "Connection reset by peer"),
    "cut": (openai.APIConnectionError, ChunkedEncodingError, "Connection broken in the body"),
    "stalled": (openai.APITimeoutError, requests.ConnectionError, "The read operation timed out"),
    "unreachable": (openai.APIConnectionError, requests.ConnectionError, "There is no host of this name"),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", WIRE)
def test_a_connection_breaks_alike_on_the_socket_while_recording_and_in_replay(
    api, folder, replay, monkeypatch, slept, name, stream
):
    """What is raised, what was read by then, how often it is asked: a stream that has begun is not asked for again."""
    kind, of_requests, words = LOST[name]
    begun = stream and name not in ("timeout", "unreachable")
    how, asked = {"timeout": TIMEOUT.get(name, LONG), "max_retries": 1}, question(name, stream=stream)

    def outcomes(tries):
        came, slept[:], before = [], [], len(api.requests)
        with pytest.raises(kind) as caught:
            for chunk in openai.OpenAI(**how).chat.completions.create(**asked):
                came.append(chunk.choices[0].delta.content)
        assert type(caught.value) is kind and (tries or str(caught.value.__cause__) == words)
        assert (len(api.requests) - before, len(slept)) == (tries, 0 if begun else 1)
        assert "".join(came) == ("A small red-brown " if begun else "")
        raw, before = b"", len(api.requests)
        with pytest.raises(requests.RequestException) as caught:
            for piece in requests.post(CHAT, json=asked, headers=HEADERS, timeout=how["timeout"], stream=stream):
                raw += piece
        assert type(caught.value) is of_requests and (tries or str(caught.value) == words)
        assert (b"red-brown" in raw) == begun and len(api.requests) - before == bool(tries)

    monkeypatch.setenv("COURSE_UPSTREAM", api.url)
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    for mode in ("live", "record"):
        recording.start("lesson", mode=mode)
        outcomes(tries=1 if begun else 2)
    recording.stop()
    replay()
    outcomes(tries=0)


def test_what_breaks_while_a_real_service_is_recorded_is_not_stored(api, folder, monkeypatch):
    """And what such a service says of its answers is not believed: only the local API knows of samples and faults."""
    monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    recording.start("lesson", mode="record")
    for stream in (False, True):
        with pytest.raises(openai.APIConnectionError):
            openai.OpenAI(max_retries=0).chat.completions.create(**question("cut", stream=stream))
        with pytest.raises(ChunkedEncodingError):
            requests.post(
                f"{api.url}/v1/chat/completions", json=question("cut", stream=stream), headers=HEADERS, timeout=9
            )
    assert stored(folder) == []
    with pytest.raises(openai.RateLimitError):
        openai.OpenAI(max_retries=0).chat.completions.create(**question("rate_limit"))
    [one] = stored(folder)
    assert (one["source"], "staged" in one, one["response"]["status"]) == ("live", False, 429)


def test_what_was_staged_is_kept_by_the_cell_that_asks_now_when_a_real_service_is_recorded(folder, monkeypatch, slept):
    limit = item(question("rate_limit"), "Slow down.", status=429, staged=True, cell="before")
    reset = item(question("reset"), fault="reset", response=None, cell="before")
    put(folder, limit, item(question("rate_limit"), cell="before"), reset)
    with serve(answers=staged("rate_limit"), acts_as="gpt-5.6-luna") as real:
        monkeypatch.setenv("COURSE_UPSTREAM", real.url)
        monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
        recording.start("lesson", mode="record")
        session._state.tape.begin_cell("now")
        assert openai.OpenAI().chat.completions.create(**question("rate_limit")).model == "gpt-5.6-luna"
        with pytest.raises(openai.APIConnectionError):
            openai.OpenAI(max_retries=0).chat.completions.create(**question("reset"))
    assert len(real.requests) == len(slept) == 1
    *_, first, live, last = load(folder / "lesson.json").interactions
    now = {"cell": cell_digest("now")}
    assert (first, last) == (limit.model_copy(update=now), reset.model_copy(update=now)) and live.source == "live"


def test_every_fault_that_breaks_a_request_is_tried():
    assert [*REFUSED, "not_json"] == list(ERRORS) and set(LOST) == set(WIRE)

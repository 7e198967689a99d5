"""Everything that goes wrong, over a real socket, with the real SDK and with `requests`: what is raised, and how often.

The SDK's waits are noted, not waited for (`slept`). A time-out is short only where the local API is silent on purpose.
"""

import openai
import pytest
import requests
from requests.exceptions import ChunkedEncodingError

from tests.api import API_KEY, serve
from tests.api.faults import ERRORS, WIRE
from tests.recording.made import ask, post, staged


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


# The seconds that the SDK waits before each retry, at least and at most, when the service does not say.
SILENT = [(0.375, 0.5), (0.75, 1)]
REFUSED = {  # fault: status, code, waits (none is no retry)
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


@pytest.mark.parametrize("name", [name for name in ERRORS if name != "not_json"])
def test_an_error_status_is_raised_and_asked_again_as_lesson_07_says(api, slept, name):
    status, code, waits = REFUSED[name]
    before = len(api.requests)
    with pytest.raises(openai.APIStatusError) as caught:
        ask(name, client=openai.OpenAI(base_url=f"{api.url}/v1", api_key=API_KEY))
    assert (caught.value.status_code, caught.value.code) == (status, code) and API_KEY not in str(caught.value)
    assert len(api.requests) - before == len(slept) + 1
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

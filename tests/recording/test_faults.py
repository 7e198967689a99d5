"""Everything that goes wrong, over a real socket, with the real SDK and with `requests`: what is raised, how often it
is asked, and that nothing hangs.

The SDK's waits between two tries are noted and not waited for (`slept`), so that no test depends on a clock. Where the
local API is silent on purpose, the time-out is short, for it is waited for; elsewhere it is far longer than any answer
takes, and is there so that a mistake of ours fails instead of hanging.
"""

import asyncio
import json
from collections import Counter

import nbformat
import openai
import pytest
import requests
import tenacity
from requests.exceptions import ChunkedEncodingError
from starlette.responses import Response
from starlette.routing import Route

from course import recording
from course.assets import ROOT
from course.recording import session
from course.recording import shape as cassette
from course.recording.readable import NO_RESOURCE
from tests.api import API_KEY, serve
from tests.api.answers import Answer, load_answers
from tests.api.faults import ERRORS, ODD, WIRE, check
from tests.conftest import question
from tests.recording.made import CHAT, stored
from tests.tools import record_lessons

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
    with serve(answers=staged(*ERRORS, *ODD, *WIRE)) as running:
        yield running


@pytest.fixture
def slept(monkeypatch):
    """The seconds for which the SDK, or tenacity, would have waited."""
    waits = []
    for module in ("openai._base_client.time.sleep", "tenacity.nap.sleep"):
        monkeypatch.setattr(module, waits.append)
    return waits


@pytest.fixture
def ask(api):
    """Call it with the name of a fault to ask once; `ask.tries()` is how often the server was asked since then."""

    def by_sdk(name, **more):
        asked.clear()
        asked["before"] = len(api.requests)
        client = openai.OpenAI(base_url=f"{api.url}/v1", api_key=API_KEY, timeout=TIMEOUT.get(name, LONG))
        return client.chat.completions.create(**question(name, **more))

    asked = Counter()
    by_sdk.tries = lambda: len(api.requests) - asked["before"]
    return by_sdk


def post(api, name, stream=False):
    body = question(name, stream=stream)
    seconds = TIMEOUT.get(name, LONG)
    return requests.post(f"{api.url}/v1/chat/completions", headers=HEADERS, json=body, timeout=seconds, stream=stream)


# --- errors with a status ---

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
    "rate_limit_reached": (openai.RateLimitError, 429, "rate_limit_exceeded", 3, [0.12, 0.12]),
    "rate_limit_silent": (openai.RateLimitError, 429, "rate_limit_exceeded", 3, None),
    "quota": (openai.RateLimitError, 429, "insufficient_quota", 3, None),
    "server_error": (openai.InternalServerError, 500, None, 3, None),
    "overloaded": (openai.InternalServerError, 503, None, 3, None),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_error_status_with_the_sdk_and_with_requests(ask, api, slept, name):
    kind, status, code, tries, waits = REFUSED[name]
    for stream in (False, True):
        slept.clear()
        with pytest.raises(openai.APIStatusError) as caught:
            ask(name, stream=stream)
        error = caught.value
        assert (type(error), error.status_code, error.code, ask.tries()) == (kind, status, code, tries)
        assert str(error).startswith(f"Error code: {status}") and "\n" not in str(error) and API_KEY not in str(error)
        if waits == "a date":
            assert len(slept) == 2 and all(0 < wait <= 2 for wait in slept), "until the date that Retry-After names"
        elif waits is None:
            # 0.5 and 1 second, each shortened by up to a quarter by chance.
            assert 0.375 <= slept[0] <= 0.5 and 0.75 <= slept[1] <= 1 and len(slept) == 2
        else:
            assert slept == waits
    before, response = len(api.requests), post(api, name)
    assert (response.status_code, len(api.requests) - before) == (status, 1), "requests raises nothing by itself"
    with pytest.raises(requests.HTTPError, match=f"^{status} "):
        response.raise_for_status()
    assert response.headers["x-course-source"] == "constructed staged"
    if name == "too_large":
        with pytest.raises(requests.exceptions.JSONDecodeError):
            response.json()
    else:
        assert response.json()["error"]["code"] == code


def test_a_prompt_that_azure_blocked_says_by_which_filter(ask):
    with pytest.raises(openai.BadRequestError) as caught:
        ask("blocked_prompt")
    inner = caught.value.body["innererror"]
    assert inner["code"] == "ResponsibleAIPolicyViolation" and caught.value.param == "prompt"
    assert inner["content_filter_result"] == {
        "hate": {"filtered": False, "severity": "safe"},
        "self_harm": {"filtered": False, "severity": "safe"},
        "sexual": {"filtered": False, "severity": "safe"},
        "violence": {"filtered": True, "severity": "medium"},
    }


# --- answers with status 200 that are none ---


def test_invalid_json_is_no_error_of_the_sdk_and_not_tried_again(ask, api, slept):
    with pytest.raises(json.JSONDecodeError) as caught:
        ask("not_json")
    assert not isinstance(caught.value, openai.OpenAIError) and ask.tries() == 1 and slept == []
    assert list(ask("not_json", stream=True)) == [], "a stream of what is none ends without a word"
    with pytest.raises(requests.exceptions.JSONDecodeError):
        post(api, "not_json").json()


# fault: content, refusal, finish_reason
ANSWERED = {
    "filtered": (TEXT[: len(TEXT) // 2], None, "content_filter"),
    "refusal": (None, TEXT, "stop"),
    "thought_only": ("", None, "length"),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_an_answer_that_may_not_be_used_is_no_exception(ask, api, name):
    content, refusal, reason = ANSWERED[name]
    answer = ask(name)
    choice = answer.choices[0]
    assert (choice.message.content, choice.message.refusal, choice.finish_reason) == (content, refusal, reason)
    assert answer.model == "course-constructed" and ask.tries() == 1
    if name == "thought_only":
        usage = answer.usage
        assert usage.completion_tokens == usage.completion_tokens_details.reasoning_tokens == 300, "all of its limit"
    assert post(api, name).json()["choices"] == [choice.model_dump(exclude_unset=True)]
    deltas = [chunk.choices[0] for chunk in ask(name, stream=True)]
    assert "".join(delta.delta.content or "" for delta in deltas) == (content or "")
    assert "".join(delta.delta.refusal or "" for delta in deltas) == (refusal or "")
    assert [delta.finish_reason for delta in deltas if delta.finish_reason] == [reason]


def test_an_answer_without_choices(ask, api):
    assert ask("no_choices").choices == [] == post(api, "no_choices").json()["choices"]
    assert [chunk for chunk in ask("no_choices", stream=True) if chunk.choices] == []


@pytest.mark.parametrize(("name", "violence"), [("filtered", "medium"), ("refusal", "safe")])
def test_azure_says_what_its_filters_found_in_prompt_and_answer(api, name, violence):
    key = "the-key-of-your-resource"
    client = openai.OpenAI(base_url=f"{api.url}/{NO_RESOURCE}/openai/v1", api_key=key, timeout=LONG)
    answer = client.chat.completions.create(**question(name))
    safe = {"filtered": False, "severity": "safe"}
    assert answer.prompt_filter_results == [
        {"prompt_index": 0, "content_filter_results": dict.fromkeys(("hate", "self_harm", "sexual", "violence"), safe)}
    ]
    found = {"filtered": violence != "safe", "severity": violence}
    assert answer.choices[0].content_filter_results == {
        **dict.fromkeys(("hate", "self_harm", "sexual"), safe),
        "violence": found,
    }


# --- connections that break ---

# fault: the SDK's exception and its message; that of requests, for a whole answer and for a stream; replay's own words
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
    assert not (folder / "lesson.json").exists()
    with pytest.raises(openai.RateLimitError):
        openai.OpenAI(max_retries=0).chat.completions.create(**question("rate_limit"))
    [one] = stored(folder)
    assert (one["source"], "staged" in one, one["response"]["status"]) == ("live", False, 429)


def test_a_stream_that_is_closed_properly_in_the_middle_ends_without_an_error():
    async def half(request):
        chunk = {"id": "c", "choices": [{"index": 0, "delta": {"content": "A red"}, "finish_reason": None}]}
        return Response(f"data: {json.dumps(chunk)}\n\n", media_type="text/event-stream")

    with serve(answers={}, routes=[Route("/v1/chat/completions", half, methods=["POST"])]) as api:
        client = openai.OpenAI(base_url=f"{api.url}/v1", api_key=API_KEY, timeout=LONG)
        choices = [chunk.choices[0] for chunk in client.chat.completions.create(**question(stream=True))]
    assert [(choice.delta.content, choice.finish_reason) for choice in choices] == [("A red", None)]


# --- once, and then well ---


def test_a_fault_comes_as_often_as_it_is_told_and_then_the_answer(slept):
    with serve(answers=staged("rate_limit", times=1)) as api:
        client = openai.OpenAI(base_url=f"{api.url}/v1", api_key=API_KEY, timeout=LONG)
        for _ in "one", "two":
            answer = client.chat.completions.create(**question("rate_limit"))
            assert answer.choices[0].message.content == TEXT and answer.model == "course-sample"
    assert len(api.requests) == 4 and slept == [1.0, 1.0]


def test_tenacity_asks_again_for_requests(slept):
    def seconds(error):
        return float(error.response.headers.get("retry-after", 1))

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type(requests.HTTPError),
        wait=tenacity.wait_exception(seconds),
        stop=tenacity.stop_after_attempt(3),
        reraise=True,
        sleep=slept.append,
    )
    def fetch(url):
        response = requests.post(url, headers=HEADERS, json=question("rate_limit"), timeout=LONG)
        response.raise_for_status()
        return response.json()

    with serve(answers=staged("rate_limit", times=2)) as api:
        body = fetch(f"{api.url}/v1/chat/completions")
    assert body["choices"][0]["message"]["content"] == TEXT and len(api.requests) == 3 and slept == [1.0, 1.0]


def test_a_real_service_does_not_misbehave_on_demand():
    with serve(answers=staged("rate_limit"), acts_as="gpt-5.6-luna") as real:
        response = post(real, "rate_limit")
    assert response.json()["choices"][0]["message"]["content"] == TEXT


@pytest.mark.parametrize(
    ("entry", "says"),
    [('fault = "flood"', "there is no fault 'flood'"), ("times = 1", "needs a fault"),
     ('fault = "cut"\ntimes = 0', "times = 0")],
)  # fmt: skip
def test_a_fault_in_the_answers_is_one_that_there_is(tmp_path, entry, says):
    file = tmp_path / "answers.toml"
    file.write_text(f'[[answer]]\npictures = []\nasked = ["a"]\ntext = "b"\n{entry}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=says):
        load_answers(file)


def test_every_fault_is_tried():
    assert [*REFUSED, "not_json"] == list(ERRORS) and {*ANSWERED, "no_choices"} == set(ODD) and set(LOST) == set(WIRE)
    for name in (*ERRORS, *ODD, *WIRE):
        check(name, 1)


# --- kept when the lesson is recorded with a key ---


def test_what_was_staged_is_kept_in_its_cell_when_a_real_service_is_recorded(folder, monkeypatch, slept):
    def ask_both():
        client = openai.OpenAI()
        limited = client.chat.completions.create(**question("rate_limit"))
        with pytest.raises(openai.APIConnectionError):
            client.with_options(max_retries=0).chat.completions.create(**question("reset"))
        return limited

    def sources():
        return [(one["source"], one.get("staged", False), one.get("fault")) for one in stored(folder)]

    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    entries = staged("rate_limit", times=1) | staged("reset")
    with serve(answers=entries) as api:
        monkeypatch.setenv("COURSE_UPSTREAM", api.url)
        recording.start("lesson", mode="record")
        ask_both()
    broken = ("constructed", True, "reset")
    assert sources() == [("constructed", True, None), ("sample", False, None), broken]
    with serve(answers=entries, acts_as="gpt-5.6-luna") as real:
        monkeypatch.setenv("COURSE_UPSTREAM", real.url)
        recording.start("lesson", mode="record")
        session._state.tape.begin_cell("the cell as it is now")
        limited = ask_both()
    assert limited.model == "gpt-5.6-luna" and len(real.requests) == 1
    assert [one for one in sources() if one[0] != "sample"] == [
        ("constructed", True, None),
        ("live", False, None),
        broken,
    ]
    now = cassette.cell_digest("the cell as it is now")
    assert [one["cell"] for one in stored(folder)].count(now) == 3, "and belongs to the cell that asked"


def test_lesson_07_recorded_with_a_key_keeps_what_no_service_gives(tmp_path, monkeypatch):
    name, key = "07_when_it_goes_wrong", "sk-the-users-own-key"
    for folder, kind in (("notebooks", "ipynb"), ("recordings", "json")):
        source = (ROOT if folder == "notebooks" else ROOT / "asset") / folder / f"{name}.{kind}"
        (tmp_path / folder).mkdir()
        (tmp_path / folder / source.name).write_bytes(source.read_bytes())
        monkeypatch.setattr(record_lessons, folder.upper(), tmp_path / folder)
    (tmp_path / "asset").symlink_to(ROOT / "asset")
    before = cassette.load(cassette.RECORDINGS / f"{name}.json").interactions
    with serve(acts_as="gpt-5.6-luna-2026-09-01", keys={key}) as api:
        settings = {"COURSE_UPSTREAM": api.url, "OPENAI_API_KEY": key, "OPENAI_BASE_URL": None}
        after = record_lessons.record(name, settings, None).interactions
    staged = [(item.request, item.fault, item.response) for item in before if item.staged]
    assert [(item.request, item.fault, item.response) for item in after if item.staged] == staged and len(staged) > 9
    assert {item.source for item in after if not item.staged} == {"live"}
    notebook = nbformat.read(tmp_path / "notebooks" / f"{name}.ipynb", as_version=4)
    text = json.dumps([cell.get("outputs") for cell in notebook.cells])
    assert "gpt-5.6-luna-2026-09-01" in text and key not in text
    assert "your_resource" not in "".join(api.requests), "nobody is asked at a host that only the lesson knows"


def test_what_a_learner_sees_of_an_error_is_one_line_without_a_key():
    notebook = nbformat.read(ROOT / "notebooks" / "07_when_it_goes_wrong.ipynb", as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    errors = [output for output in outputs if output.output_type == "error"]
    assert len(errors) > 5
    for error in errors:
        (line,) = error.traceback
        assert line.startswith(f"{error.ename}: ") and "\n" not in line and len(line) < 250
        assert "sk-" not in line and "not-a-key" not in line

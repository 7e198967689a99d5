"""Everything that goes wrong, over a real socket, with the real SDK and with `requests`: what is raised, how often it
is asked, and that nothing hangs.

The SDK's waits between two tries are noted and not waited for (`slept`), so that no test depends on a clock. Where the
local API is silent on purpose, the time-out is short, for it is waited for; elsewhere it is far longer than any answer
takes, and is there so that a mistake of ours fails instead of hanging.
"""

import json
from collections import Counter

import nbformat
import openai
import pytest
import requests
import tenacity
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
from tests.conftest import data_url, question
from tests.tools import record_lessons

TIMEOUT = {"timeout": 1, "stalled": 2}  # seconds; the second has to bring half an answer first
LONG = 30
TEXT = "A small red-brown cup on a table."
CHAT = "https://api.openai.com/v1/chat/completions"
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
    "rate_limit_silent": (openai.RateLimitError, 429, "rate_limit_exceeded", 3, None),
    "quota": (openai.RateLimitError, 429, "insufficient_quota", 3, None),
    "server_error": (openai.InternalServerError, 500, None, 3, None),
    "overloaded": (openai.InternalServerError, 503, None, 3, None),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", REFUSED)
def test_an_error_status_with_the_sdk(ask, slept, name, stream):
    kind, status, code, tries, waits = REFUSED[name]
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


@pytest.mark.parametrize("name", REFUSED)
def test_an_error_status_with_requests_is_asked_once_and_raises_nothing_by_itself(api, name):
    before = len(api.requests)
    response = post(api, name)
    assert (response.status_code, len(api.requests) - before) == (REFUSED[name][1], 1)
    with pytest.raises(requests.HTTPError, match=f"^{response.status_code} "):
        response.raise_for_status()
    assert response.headers["x-course-source"] == "constructed staged"
    if name == "too_large":
        with pytest.raises(requests.exceptions.JSONDecodeError):
            response.json()
    else:
        assert response.json()["error"]["code"] == REFUSED[name][2]


# What the server finds out by itself, without being told to: the change to a request, status, code.
WRONG = {
    "no key": ({"key": ""}, 401, None),
    "another key": ({"key": "sk-old-key-00000000000000"}, 401, "invalid_api_key"),
    "a retired model": ({"model": "gpt-4-vision-preview"}, 404, "model_not_found"),
    "a bad picture": ({"picture": data_url(b"GIF89a, or so it says")}, 400, "invalid_image_format"),
    "a bad address": ({"picture": "https://pictures.invalid/x.png"}, 400, "invalid_image_url"),
}
CLASSES = {400: openai.BadRequestError, 401: openai.AuthenticationError, 404: openai.NotFoundError}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_refused_at_the_door(api, slept, name):
    change, status, code = WRONG[name]
    key = change.get("key", API_KEY)
    body = question("rate_limit", **{k: v for k, v in change.items() if k != "key"})
    before = len(api.requests)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    response = requests.post(f"{api.url}/v1/chat/completions", headers=headers, json=body, timeout=LONG)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    client = openai.OpenAI(base_url=f"{api.url}/v1", api_key=key or "x", default_headers=headers or None, timeout=LONG)
    with pytest.raises(CLASSES[status]) as caught:
        client.chat.completions.create(**body)
    assert caught.value.code == (code or "invalid_api_key") and len(api.requests) - before == 2 and slept == []
    assert not key or key == API_KEY or key not in str(caught.value)


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
    assert post(api, name).json()["choices"] == [choice.model_dump(exclude_unset=True)]
    deltas = [chunk.choices[0] for chunk in ask(name, stream=True)]
    assert "".join(delta.delta.content or "" for delta in deltas) == (content or "")
    assert "".join(delta.delta.refusal or "" for delta in deltas) == (refusal or "")
    assert [delta.finish_reason for delta in deltas if delta.finish_reason] == [reason]


def test_a_model_that_only_thought_used_up_its_limit(ask):
    usage = ask("thought_only").usage
    assert usage.completion_tokens == usage.completion_tokens_details.reasoning_tokens == 300


def test_an_answer_without_choices(ask, api):
    assert ask("no_choices").choices == [] == post(api, "no_choices").json()["choices"]
    assert [chunk for chunk in ask("no_choices", stream=True) if chunk.choices] == []


def test_a_limit_cuts_an_answer_and_says_so(api):
    with serve() as whole:
        client = openai.OpenAI(base_url=f"{whole.url}/v1", api_key=API_KEY, timeout=LONG)
        answer = client.chat.completions.create(**question() | {"max_completion_tokens": 5})
        body = requests.post(f"{whole.url}/v1/chat/completions", headers=HEADERS, timeout=LONG,
                             json=question() | {"max_completion_tokens": 5}).json()  # fmt: skip
    assert answer.choices[0].finish_reason == body["choices"][0]["finish_reason"] == "length"


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


def test_what_is_shown_of_an_answer_without_choices(ask):
    with pytest.raises(TypeError, match=r"^This answer has no choices, and so no text\. Ask once more"):
        recording.show_answer(ask("no_choices"))


# --- connections that break ---

# fault: the SDK's exception and its message; that of requests for a whole answer, and for a stream
LOST = {
    "timeout": (openai.APITimeoutError, "Request timed out.", requests.ReadTimeout),
    "reset": (openai.APIConnectionError, "Connection error.", requests.exceptions.ChunkedEncodingError),
    "cut": (openai.APIConnectionError, "Connection error.", requests.exceptions.ChunkedEncodingError),
    "stalled": (openai.APITimeoutError, "Request timed out.", requests.ConnectionError),
    "unreachable": (openai.APIConnectionError, "Connection error.", requests.ConnectionError),
}


@pytest.mark.parametrize("name", WIRE)
def test_a_whole_answer_that_breaks_off_is_asked_for_again(ask, slept, name):
    with pytest.raises(openai.APIConnectionError) as caught:
        ask(name)
    assert (type(caught.value), str(caught.value)) == LOST[name][:2]
    assert ask.tries() == 3 and len(slept) == 2


@pytest.mark.parametrize("name", WIRE)
def test_a_stream_that_has_begun_is_not_asked_for_again_and_leaves_what_came(ask, slept, name):
    came, reasons = [], []
    with pytest.raises(LOST[name][0], match=LOST[name][1]):
        for chunk in ask(name, stream=True, stream_options={"include_usage": True}):
            came.append(chunk.choices[0].delta.content)
            reasons.append(chunk.choices[0].finish_reason)
    begun = name not in ("timeout", "unreachable")
    assert "".join(came) == ("A small red-brown " if begun else "") and not any(reasons)
    assert ask.tries() == (1 if begun else 3) and len(slept) == (0 if begun else 2)


def test_a_stream_that_is_closed_properly_in_the_middle_ends_without_an_error():
    async def half(request):
        chunk = {"id": "c", "choices": [{"index": 0, "delta": {"content": "A red"}, "finish_reason": None}]}
        return Response(f"data: {json.dumps(chunk)}\n\n", media_type="text/event-stream")

    with serve(answers={}, routes=[Route("/v1/chat/completions", half, methods=["POST"])]) as api:
        client = openai.OpenAI(base_url=f"{api.url}/v1", api_key=API_KEY, timeout=LONG)
        choices = [chunk.choices[0] for chunk in client.chat.completions.create(**question(stream=True))]
    assert [(choice.delta.content, choice.finish_reason) for choice in choices] == [("A red", None)]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", WIRE)
def test_a_broken_connection_with_requests(api, name, stream):
    before, came = len(api.requests), b""
    with pytest.raises(LOST[name][2]) as caught:
        for piece in post(api, name, stream).iter_content(None):
            came += piece
    assert type(caught.value) is LOST[name][2] and len(api.requests) - before == 1 and API_KEY not in str(caught.value)
    assert (b"red-brown" in came) == (stream and name not in ("timeout", "unreachable"))


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", WIRE)
def test_recorded_and_replayed_it_is_the_same(api, folder, replay, monkeypatch, slept, name, stream):
    """What the socket does, what is raised while recording, and what replay raises are one."""
    seconds = TIMEOUT.get(name, LONG)
    client = openai.OpenAI(api_key=API_KEY, timeout=seconds, max_retries=0)

    def by_sdk(came):
        for chunk in client.chat.completions.create(**question(name, stream=stream)):
            came.append(chunk.choices[0].delta.content)

    def by_requests(came):
        body = question(name, stream=stream)
        for piece in requests.post(CHAT, json=body, headers=HEADERS, timeout=seconds, stream=stream):
            came.append(piece)

    def outcomes():
        for call in (by_sdk, by_requests):
            with pytest.raises((openai.OpenAIError, requests.RequestException)) as caught:
                call(came := [])
            yield type(caught.value), [piece for piece in came if isinstance(piece, str)]

    monkeypatch.setenv("COURSE_UPSTREAM", api.url)
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    recording.start("lesson", mode="live")
    on_the_socket = list(outcomes())
    recording.start("lesson", mode="record")
    recorded = list(outcomes())
    recording.stop()
    replay()
    client = openai.OpenAI(timeout=seconds, max_retries=0)
    assert on_the_socket == recorded == list(outcomes())


# --- once, and then well ---


def test_a_fault_comes_as_often_as_it_is_told_and_then_the_answer(slept):
    with serve(answers=staged("rate_limit", times=1)) as api:
        client = openai.OpenAI(base_url=f"{api.url}/v1", api_key=API_KEY, timeout=LONG)
        for _ in "one", "two":
            answer = client.chat.completions.create(**question("rate_limit"))
            assert answer.choices[0].message.content == TEXT and answer.model == "course-sample"
    assert len(api.requests) == 4 and slept == [1.0, 1.0]


def test_a_fault_that_outlasts_the_retries_and_more_retries(slept):
    with serve(answers=staged("overloaded", times=3)) as api:
        client = openai.OpenAI(base_url=f"{api.url}/v1", api_key=API_KEY, timeout=LONG)
        with pytest.raises(openai.InternalServerError):
            client.with_options(max_retries=1).chat.completions.create(**question("overloaded"))
        assert len(api.requests) == 2
        assert client.chat.completions.create(**question("overloaded")).choices
    assert len(api.requests) == 4


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


def test_what_was_staged_is_kept_when_a_real_service_is_recorded(folder, monkeypatch, slept):
    def ask_both():
        client = openai.OpenAI()
        limited = client.chat.completions.create(**question("rate_limit"))
        with pytest.raises(openai.APIConnectionError):
            client.with_options(max_retries=0).chat.completions.create(**question("reset"))
        return limited

    def sources():
        items = json.loads((folder / "lesson.json").read_text(encoding="utf-8"))["interactions"]
        return [(item["source"], item.get("staged", False), item.get("fault")) for item in items]

    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    entries = staged("rate_limit", times=1) | staged("reset")
    with serve(answers=entries) as api:
        monkeypatch.setenv("COURSE_UPSTREAM", api.url)
        recording.start("lesson", mode="record")
        ask_both()
    broken = ("constructed", True, "reset")
    assert sources() == [("constructed", True, None), ("sample", False, None), broken]
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    with serve(answers=entries, acts_as="gpt-5.6-luna") as real:
        monkeypatch.setenv("COURSE_UPSTREAM", real.url)
        recording.start("lesson", mode="record")
        session._state.tape.begin_cell("the same cell")
        limited = ask_both()
    assert limited.model == "gpt-5.6-luna" and len(real.requests) == 1
    assert [i for i in sources() if i[0] != "sample"] == [("constructed", True, None), ("live", False, None), broken]


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
    assert len(errors) > 9
    for error in errors:
        (line,) = error.traceback
        assert line.startswith(f"{error.ename}: ") and "\n" not in line and len(line) < 250
        assert "sk-" not in line and "not-a-key" not in line

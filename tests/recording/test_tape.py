"""Who gets which answer: each cell its own, in order and again; everybody else the good one."""

import itertools
import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import nbformat
import openai
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from course import recording
from course.assets import ROOT
from course.recording import readable, session, shape
from course.recording.readable import bodies_match
from course.recording.tape import Tape
from helpers.encoding import open_picture
from tests.api import API_KEY, serve
from tests.conftest import question
from tests.recording.made import CHAT, item, put, stored

RECORDINGS = sorted(shape.RECORDINGS.glob("*.json"))
THING, JOB = "https://api.openai.com/v1/thing", "https://api.openai.com/v1/job"


@pytest.fixture
def recorded(monkeypatch):
    """Requests on their way are recorded ones here, which stand in the place of the headers."""
    monkeypatch.setattr(readable, "recorded_request", lambda method, url, recorded, *_, **__: recorded.model_copy())


def ask(tape, recorded):
    """The status of the answer, or the fault."""
    answer = tape.play((recorded.method, "https://a.example/", recorded, b""))
    return answer.fault or answer.status


# --- a tape of three cells: a thing that exists, is deleted and is gone; and a job that runs, runs and completes ---

CELLS = {"one": ("GET", 200), "two": ("DELETE", 204), "three": ("GET", 404)}


@pytest.fixture
def tape(folder, replay):
    things = [item(url=THING, method=method, cell=name, status=status) for name, (method, status) in CELLS.items()]
    put(folder, *things, *(item(None, state, url=JOB, method="GET", cell="poll") for state in ("Runs", "Runs", "Done")))
    return replay()


def run(tape, source, cell_id=None, times=1):
    """The statuses, or states, that this cell gets; in it stands whatever asks for the thing, or for the job."""
    tape.begin_cell(source, cell_id)
    name = source.split()[0]
    if name not in CELLS:
        return [requests.get(JOB, timeout=9).json()["id"].removeprefix("chatcmpl-") for _ in range(times)]
    return [requests.request(CELLS[name][0], THING, timeout=9).status_code for _ in range(times)]


@pytest.mark.parametrize(
    "order",
    ["one two three", "one two three one two three", "three one one three two one", "three three", "two two one"],
)
def test_each_cell_gets_its_own_answer_forwards_backwards_and_again(tape, order):
    names = order.split()
    assert [run(tape, name) for name in names] == [[CELLS[name][1]] for name in names]


def test_a_poll_plays_its_states_in_order_each_time_and_then_the_last_for_ever(tape):
    for cell_id in ("a", "b", "a", None):  # cells of the same source share their answers
        assert run(tape, "poll", cell_id, times=3) == ["Runs", "Runs", "Done"]
    assert run(tape, "poll", times=5) == ["Runs", "Runs", "Done", "Done", "Done"]


def test_a_learners_own_cell_goes_on_where_the_tape_stands(tape):
    assert [run(tape, f"new {n}")[0] for n in range(4)] == ["Runs", "Runs", "Done", "Done"]


def test_an_edited_cell_keeps_its_place_in_jupyterlab(tape):
    for name in CELLS:
        run(tape, name, cell_id=name)
    assert run(tape, "one edited", "one") == [200] and run(tape, "three edited", "three") == [404]


def test_a_cell_edited_before_it_ran_is_served_from_where_the_tape_stands(tape):
    run(tape, "two")
    assert run(tape, "three edited") == [404], "what was recorded after the DELETE"


def test_the_same_question_in_two_cells_is_answered_in_both(folder, replay):
    put(folder, item(cell="first", text="first"), item(cell="second", text="second"))
    tape = replay()
    for source in ("first", "second", "first", "second", "second"):
        tape.begin_cell(source)
        assert openai.OpenAI().chat.completions.create(**question()).choices[0].message.content == source


def test_no_lesson_has_two_cells_of_the_same_source_that_ask():
    """They would share a digest, and so their interactions: a cell recorded later would replace an earlier one's."""
    for path in RECORDINGS:
        cells = nbformat.read(ROOT / "notebooks" / f"{path.stem}.ipynb", as_version=4).cells
        digests = Counter(shape.cell_digest(cell.source) for cell in cells if cell.cell_type == "code")
        asking = {one.cell for one in shape.load(path).interactions}
        assert [digest for digest in asking if digests[digest] > 1] == [], path.stem


# --- what was staged in one cell, and everybody else ---

OUTCOMES = st.sampled_from([200, 200, 404, 401, 403, 408, 409, 429, 500, 503, "staged", "timeout"])


@settings(max_examples=50)
@given(outcomes=st.lists(OUTCOMES, min_size=1, max_size=5), askers=st.integers(1, 9))
def test_nobody_but_its_own_cell_gets_what_went_wrong_if_it_went_well_elsewhere(tmp_path_factory, outcomes, askers):
    folder = tmp_path_factory.mktemp("any")
    items = []
    for n, outcome in enumerate(outcomes):
        made = item(cell=f"cell {n}", status=outcome if isinstance(outcome, int) else 200, staged=outcome == "staged")
        items.append(made.model_copy(update={"fault": "timeout", "response": None} if outcome == "timeout" else {}))
    put(folder, *items)
    tape = Tape(folder / "lesson.json", "lesson", "replay", recording.DEFAULT_MODEL)
    sent = ("POST", CHAT, {"content-type": "application/json"}, json.dumps(question()).encode())

    def asked():
        answer = tape.play(sent)
        return answer.fault or answer.status

    good = [outcome for outcome in outcomes if outcome in (200, 404)]
    tape.begin_cell("somebody's own")
    with ThreadPoolExecutor(askers) as pool:
        found = list(pool.map(lambda _: asked(), range(askers)))
    everything = [200 if outcome == "staged" else outcome for outcome in outcomes]
    expected = good or everything
    wanted = [*expected, *[expected[-1]] * askers][:askers]  # each once, then the last
    assert sorted(map(str, found)) == sorted(map(str, wanted)), "which of several askers gets which is chance"
    for n in reversed(range(len(outcomes))):
        tape.begin_cell(f"cell {n}")
        assert [asked(), asked()] == [everything[n]] * 2


def pairs_of(items):
    """Pairs of equal requests of which one was answered well and the other was not."""
    for first, second in itertools.permutations(items, 2):
        alike = all(getattr(first.request, name) == getattr(second.request, name) for name in ("method", "url"))
        good = first.response and first.response.status == 200 and not first.fault and not first.staged
        bad = second.fault or second.staged or second.response.status >= 400
        if good and bad and alike and bodies_match(first.request.body, second.request.body):
            yield first, second


def test_in_every_lesson_another_cell_and_any_number_at_once_get_the_good_answer(recorded):
    found = {}
    for path in RECORDINGS:
        tape = Tape(path, path.stem, "replay", "m")
        found[path.stem[:2]] = len(pairs := list(pairs_of(tape.recording.interactions)))
        for good, bad in pairs:
            for source in ("a cell of the reader's", "another one"):
                tape.begin_cell(source)
                assert [ask(tape, bad.request) for _ in range(3)] == [200] * 3
            with ThreadPoolExecutor(8) as pool:
                assert list(pool.map(lambda _: ask(tape, good.request), range(8))) == [200] * 8  # noqa: B023
    assert found["07"] == 3, "there are such pairs"


def test_what_lesson_07_staged_plays_in_its_own_cell_in_order_and_again(recorded):
    path = shape.RECORDINGS / "07_when_it_goes_wrong.json"
    tape = Tape(path, path.stem, "replay", "m")
    items, seen = tape.recording.interactions, {}
    for _ in range(2):
        for cell in {good.cell for good, bad in pairs_of(items) if good.cell == bad.cell}:
            tape.cell, own = cell, [one for one in items if one.cell == cell]
            tape.played -= {items.index(one) for one in own}  # as `begin_cell` does; sources are not recorded
            seen.setdefault(cell, []).append([ask(tape, one.request) for one in own])
    assert sorted(runs[0] for runs in seen.values()) == [[429, 200], [503, 200]]
    assert all(runs[0] == runs[1] for runs in seen.values())


# --- hosts ---


def test_a_host_of_somebody_else_gets_no_recorded_answer(folder, monkeypatch):
    monkeypatch.delenv("COURSE_RECORDINGS")
    recording.start("09_azure_openai", mode="replay")
    item = next(i for i in session._state.tape.recording.interactions if i.request.url == "/openai/v1/chat/completions")
    body = dict(item.request.body)
    parts = body["messages"][0]["content"]
    picture = next(part["image_url"] for part in parts if "image_url" in part)
    picture["url"] = open_picture(ROOT / "asset/images/cow.webp").chat_part("low")["image_url"]["url"]

    def ask_at(host):
        return requests.post(f"https://{host}/openai/v1/chat/completions", json=body, timeout=9)

    assert ask_at(NO_RESOURCE).status_code == 200
    for host in ("contoso.openai.azure.com", "api.openai.com"):
        with pytest.raises(recording.NotRecorded, match=f'url: recorded "/openai/.*" - yours "https://{host}'):
            ask_at(host)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://contoso.openai.azure.com/")
    assert ask_at("contoso.openai.azure.com").status_code == 200, "the reader says that this is the resource"


def test_a_resource_of_azure_is_not_openai_and_an_address_recorded_whole_is_its_own_host(folder, replay):
    whole = "https://no-such-resource.invalid/openai/v1/chat/completions"
    put(folder, item(), item(url=whole, text="whole"))
    replay()
    with pytest.raises(recording.NotRecorded, match=r"https://contoso\.openai\.azure\.com/v1/chat"):
        openai.OpenAI(base_url="https://contoso.openai.azure.com/v1").chat.completions.create(**question())
    assert requests.post(whole, json=question(), timeout=9).json()["id"] == "chatcmpl-whole"


def test_a_key_of_azure_is_set_where_it_is_needed(folder, monkeypatch):
    """With both in the environment, the SDK's own module-level client refuses to choose."""
    monkeypatch.delenv("COURSE_RECORDINGS")
    for lesson in ("09_azure_openai", "00_start_here"):
        recording.start(lesson, mode="replay")
        assert ("AZURE_OPENAI_API_KEY" in os.environ) == (lesson == "09_azure_openai")
    with pytest.raises(recording.NotRecorded):
        openai.chat.completions.create(**question("New?"))


# --- recording ---


@pytest.fixture(scope="module")
def api():
    with serve() as running:
        yield running


def test_recording_a_cell_again_replaces_what_it_asked_and_leaves_the_others(record, folder):
    def cells():
        return [one["cell"] for one in stored(folder)]

    tape, digests = record(), [shape.cell_digest(source) for source in ("one", "two")]
    for source in ("one", "two", "two"):
        tape.begin_cell(source, source)
        openai.OpenAI().chat.completions.create(**question())
    assert cells() == digests
    tape = record()
    tape.begin_cell("two")
    assert cells() == digests[:1], "a cell that asks nothing now"
    openai.OpenAI().chat.completions.create(**question())
    assert cells() == digests


def test_a_real_service_is_recorded_as_live_with_model_and_date(folder, monkeypatch, replay):
    with serve(acts_as="gpt-5.6-luna-2026-09-01") as api:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
        monkeypatch.setenv("VISION_MODEL", "llava")
        recording.start("lesson", mode="record")
        answer = openai.OpenAI().chat.completions.create(**question())
        origin = recording.Origin("live", "gpt-5.6-luna-2026-09-01", date.today().isoformat())
        assert recording.origin(answer.id) == origin
    [one] = stored(folder)
    assert (one["source"], one["model"], one["date"]) == origin[:3]
    assert (one["request"]["url"], one["request"]["body"]["model"]) == ("/v1/chat/completions", "$VISION_MODEL")
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.delenv("VISION_MODEL")
    replay()
    assert openai.OpenAI().chat.completions.create(**question()).id == answer.id, "by its own model and address"
    assert recording.origin("something else") is None


def test_a_streamed_answer_has_an_origin_too(record, replay):
    record()
    chunk = next(iter(openai.OpenAI().chat.completions.create(**question(stream=True))))
    assert recording.origin(chunk.id) == recording.Origin("sample", "course-sample")


RETIRED = "https://my-vision.cognitiveservices.azure.com/computervision/retrieval/indexes/cameras"


def test_what_no_service_gives_any_more_is_kept_cell_by_cell_and_asked_of_nobody(folder, api, replay, monkeypatch):
    """A retired service: its host is not recorded, its answers play in order, also while the rest is asked anew."""
    cells = {
        "create": [("PUT", 201)],
        "wait": [("GET", 200), ("GET", 202)],
        "delete": [("DELETE", 204)],
        "gone": [("GET", 404)],
    }
    before = [item(url=RETIRED, method=method, cell=cell, status=status, source="constructed")
              for cell, calls in cells.items() for method, status in calls]  # fmt: skip
    assert {one.request.url for one in before} == {"/computervision/retrieval/indexes/cameras"}
    put(folder, *before, item(cell="ask"), item(url=RETIRED, method="POST", cell="sample"))

    def run(tape):
        for cell, calls in cells.items():
            tape.begin_cell(cell)
            assert [requests.request(method, RETIRED, timeout=9).status_code for method, _ in calls] == [
                status for _, status in calls
            ]
        tape.begin_cell("ask")
        return openai.OpenAI().chat.completions.create(**question()).id

    asked = len(api.requests)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")  # stands for the real API
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    recording.start("lesson", mode="record")
    answered = run(session._state.tape)
    assert api.requests[asked:] == ["POST /v1/chat/completions"]
    assert [one["source"] for one in stored(folder)] == ["sample", *["constructed"] * 5, "live"]
    assert [one.request for one in shape.load(folder / "lesson.json").interactions[1:6]] == [
        one.request for one in before
    ]
    recording.stop()
    monkeypatch.delenv("OPENAI_BASE_URL")
    tape = replay()
    assert run(tape) == run(tape) == answered

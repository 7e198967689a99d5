"""Who gets which answer: each cell its own, in order and again; everybody else the good one. And what is recorded."""

import itertools
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import openai
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from course import recording
from course.recording import readable, session, shape
from course.recording.shape import Recording
from course.recording.tape import Tape
from tests.api import API_KEY, serve
from tests.conftest import question
from tests.recording.made import CHAT, item, put, stored

RECORDING = next(shape.RECORDINGS.glob("*.json"))
THING, JOB = "https://api.openai.com/v1/thing", "https://api.openai.com/v1/job"
# A thing that exists, is deleted and is gone; and a job that runs, runs and is done.
CELLS = {"one": ("GET", 200), "two": ("DELETE", 204), "three": ("GET", 404)}


@pytest.fixture
def tape(folder, replay):
    things = [item(url=THING, method=method, cell=name, status=status) for name, (method, status) in CELLS.items()]
    put(folder, *things, *(item(None, state, url=JOB, method="GET", cell="poll") for state in ("Runs", "Runs", "Done")))
    return replay()


def run(tape, source, cell_id=None, times=1):
    """The statuses, or states, that this cell gets; in it stands whatever asks for the thing, or for the job."""
    tape.begin_cell(source, cell_id)
    if (name := source.split()[0]) not in CELLS:
        return [requests.get(JOB, timeout=9).json()["id"].removeprefix("chatcmpl-") for _ in range(times)]
    return [requests.request(CELLS[name][0], THING, timeout=9).status_code for _ in range(times)]


@pytest.mark.parametrize("order", ["one two three one two three", "three one one three two one", "two two one"])
def test_each_cell_gets_its_own_answer_forwards_backwards_and_again(tape, order):
    assert [run(tape, name) for name in order.split()] == [[CELLS[name][1]] for name in order.split()]


def test_a_poll_plays_its_states_in_order_each_time_and_then_the_last_for_ever(tape):
    for cell_id in ("a", "b", "a", None):  # cells of the same source share their answers
        assert run(tape, "poll", cell_id, times=4) == ["Runs", "Runs", "Done", "Done"]


def test_a_cell_of_ones_own_goes_on_where_the_tape_stands_and_an_edited_one_keeps_its_place(tape):
    assert run(tape, "two") + run(tape, "three of mine") == [204, 404], "what was recorded after the DELETE"
    for name in CELLS:
        run(tape, name, cell_id=name)
    assert run(tape, "one edited", "one") == [200] and run(tape, "three edited", "three") == [404]
    assert run(tape, "two") + run(tape, "three of mine") == [204, 404]
    assert [run(tape, f"new {n}")[0] for n in range(4)] == ["Runs", "Runs", "Done", "Done"]


OUTCOMES = {str(status): item(status=status) for status in (200, 404, 401, 403, 408, 409, 429, 500, 503)}
OUTCOMES |= {"staged": item(staged=True), "timeout": item(fault="timeout", response=None)}
PLAYER = Tape(RECORDING, "lesson", "replay", recording.DEFAULT_MODEL)
SENT = "POST", CHAT, {"content-type": "application/json"}, json.dumps(question()).encode()


@settings(max_examples=25)
@given(outcomes=st.lists(st.sampled_from([*OUTCOMES]), min_size=1, max_size=5), askers=st.integers(1, 6))
def test_nobody_but_its_own_cell_gets_what_went_wrong_if_it_went_well_elsewhere(outcomes, askers):
    def asked(_=None):
        answer = PLAYER.play(SENT)
        return answer.fault or str(answer.status)

    cells = [{"cell": shape.cell_digest(f"cell {n}")} for n in range(len(outcomes))]
    items = [OUTCOMES[name].model_copy(update=cell) for name, cell in zip(outcomes, cells, strict=True)]
    PLAYER.recording, PLAYER.played, PLAYER.last = Recording(lesson="lesson", interactions=items), set(), -1
    PLAYER.begin_cell("somebody's own")
    with ThreadPoolExecutor(askers) as pool:
        found = list(pool.map(asked, range(askers)))
    everything = ["200" if outcome == "staged" else outcome for outcome in outcomes]
    expected = [outcome for outcome in outcomes if outcome in ("200", "404")] or everything
    wanted = [*expected, *[expected[-1]] * askers][:askers]  # each once, then the last
    assert sorted(found) == sorted(wanted), "which of several askers gets which is chance"
    for n in reversed(range(len(outcomes))):
        PLAYER.begin_cell(f"cell {n}")
        assert [asked(), asked()] == [everything[n]] * 2


def test_in_every_lesson_others_get_the_good_answer_and_twins_play_in_order_to_their_own_cell(monkeypatch):
    """Whoever asks what was answered well and badly: another cell, and eight at once; and the cell that staged it."""
    monkeypatch.setattr(readable, "recorded_request", lambda method, url, recorded, *_: recorded.model_copy())
    found, in_order = Counter(), []

    def ask(request):
        answer = tape.play(("", "", request, b""))
        return answer.fault or answer.status

    for path in sorted(shape.RECORDINGS.glob("*.json")):
        tape = Tape(path, path.stem, "replay", "m")
        items = tape.recording.interactions
        for good, bad in itertools.permutations(items, 2):
            alike = (good.request.method, good.request.url) == (bad.request.method, bad.request.url)
            well = good.response and good.response.status == 200 and not good.fault and not good.staged
            badly = bad.fault or bad.staged or bad.response.status >= 400
            if not (alike and well and badly and readable.bodies_match(good.request.body, bad.request.body)):
                continue
            found[path.stem[:2]] += 1
            for source in ("a cell of the reader's", "another one"):
                tape.begin_cell(source)
                assert [ask(bad.request) for _ in range(3)] == [200] * 3
            with ThreadPoolExecutor(8) as pool:
                assert list(pool.map(ask, [good.request] * 8)) == [200] * 8
            if good.cell == bad.cell:
                for _ in range(2):
                    tape.cell = good.cell
                    tape.played -= {n for n, one in enumerate(items) if one.cell == good.cell}  # as `begin_cell` does
                    in_order.append([ask(one.request) for one in items if one.cell == good.cell])
    assert found["07"] == 2 and in_order[:4] == [[429, 200]] * 2 + [[503, 200]] * 2, "of lesson 07, each cell twice"
    assert all(statuses == sorted(statuses, reverse=True) and statuses[-1] == 200 for statuses in in_order)


def test_a_host_of_somebody_else_gets_no_recorded_answer(folder, replay):
    hosts = ["api.openai.com", "your_resource.openai.azure.com", "no-such-resource.invalid"]
    path = "/openai/v1/chat/completions"
    put(folder, *(item(url=f"https://{host}{path}", text=host) for host in hosts[1:]), item())
    replay()
    for host in hosts[1:]:
        assert requests.post(f"https://{host}{path}", json=question(), timeout=9).json()["id"] == f"chatcmpl-{host}"
    for host in (hosts[0], "contoso.openai.azure.com"):
        with pytest.raises(recording.NotRecorded, match=f'url: recorded ".*" - yours ".*{host}'):
            requests.post(f"https://{host}{path}", json=question(), timeout=9)


def test_recording_a_cell_again_replaces_what_it_asked_and_leaves_the_others(record, folder):
    def cells():
        return [one["cell"] for one in stored(folder)]

    tape, digests = record(), [shape.cell_digest(source) for source in ("one", "two")]
    for source in ("one", "two", "two"):
        tape.begin_cell(source, source)
        openai.OpenAI().chat.completions.create(**question())
    assert cells() == digests
    record().begin_cell("two")
    assert cells() == digests[:1], "a cell that asks nothing now"


def test_a_real_service_is_recorded_as_live_with_model_and_date(folder, monkeypatch, replay):
    with serve(acts_as="gpt-5.6-luna-2026-09-01") as api:
        readers = {"OPENAI_BASE_URL": f"{api.url}/v1/", "OPENAI_API_KEY": API_KEY, "VISION_MODEL": "llava"}
        for name, value in readers.items():
            monkeypatch.setenv(name, value)
        recording.start("lesson", mode="record")
        answer = openai.OpenAI().chat.completions.create(**question())
        chunk = next(iter(openai.OpenAI().chat.completions.create(**question(stream=True))))
        origin = session.Origin("live", "gpt-5.6-luna-2026-09-01", date.today().isoformat())
        assert recording.origin(answer.id) == recording.origin(chunk.id) == origin
    one, _ = stored(folder)
    assert (one["source"], one["model"], one["date"]) == origin[:3]
    assert (one["request"]["url"], one["request"]["body"]["model"]) == ("/v1/chat/completions", "$VISION_MODEL")
    for name in readers:
        monkeypatch.delenv(name)
    replay()
    assert openai.OpenAI().chat.completions.create(**question()).id == answer.id, "by its own model and address"
    assert recording.origin("something else") is None


def test_what_the_api_does_not_give_is_kept_in_order_and_asked_of_nobody(folder, api, monkeypatch):
    index = "https://my-vision.cognitiveservices.azure.com/computervision/retrieval/indexes/cameras"
    calls = [("PUT", 201), ("GET", 200), ("GET", 202), ("DELETE", 204), ("GET", 404)]
    before = [item(url=index, method=method, cell="kept", status=status) for method, status in calls]
    put(folder, *before, item(cell="ask"))
    monkeypatch.setenv("OPENAI_BASE_URL", f"{api.url}/v1")  # stands for the real API
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    recording.start("lesson", mode="record")
    session._state.tape.begin_cell("kept")
    assert [(method, requests.request(method, index, timeout=9).status_code) for method, _ in calls] == calls
    session._state.tape.begin_cell("ask")
    assert openai.OpenAI().chat.completions.create(**question()).choices
    assert api.requests == ["POST /v1/chat/completions"]
    *kept, live = shape.load(folder / "lesson.json").interactions
    assert kept == before and live.source == "live"

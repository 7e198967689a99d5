"""Who gets which answer: each cell its own, in order and again; everybody else the good one. And what is recorded."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import openai
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from course import recording
from course.recording import shape
from course.recording.session import Origin
from course.recording.shape import Recording, cell_digest
from course.recording.tape import Tape
from tests.api import API_KEY, serve
from tests.api.answers import load_answers
from tests.conftest import question
from tests.recording.made import CHAT, ask, item, staged, stored

# What may be recorded, and what is found of it in an answer.
OUTCOMES = {f"{n}": item(text=f"{n}", status=n) for n in (200, 404, 401, 403, 408, 409, 429, 500, 503)}
OUTCOMES |= {"staged": item(text="staged", staged=True), "timeout": item(fault="timeout", response=None)}
PLAYER = Tape(shape.RECORDINGS / "01_url_input.json", "lesson", "replay", recording.DEFAULT_MODEL)
SENT = "POST", CHAT, {"content-type": "application/json"}, json.dumps(question()).encode()
CELLS = st.lists(st.lists(st.sampled_from([*OUTCOMES]), min_size=1, max_size=3), min_size=1, max_size=4)


@settings(max_examples=25)
@given(CELLS, st.integers(1, 6))
def test_a_cell_gets_its_own_in_order_and_again_and_others_what_went_well_if_anything_did(cells, askers):
    def asked(_=None):
        answer = PLAYER.play(SENT)
        return next(name for name in OUTCOMES if name in (answer.fault or answer.body.decode()))

    asks = [(cell_digest(f"cell {n}"), name) for n, names in enumerate(cells) for name in names]
    items = [OUTCOMES[name].model_copy(update={"cell": digest}) for digest, name in asks]
    PLAYER.recording, PLAYER.played, PLAYER.last = Recording(lesson="lesson", interactions=items), set(), -1
    PLAYER.begin_cell("somebody's own")
    with ThreadPoolExecutor(askers) as pool:
        found = list(pool.map(asked, range(askers)))
    names = [name for _, name in asks]
    good = [name for name in names if name in ("200", "404")] or names
    wanted = [*good, *[good[-1]] * askers][:askers]  # each once, then the last
    assert sorted(found) == sorted(wanted), "which of several askers gets which is chance"
    for n in [*reversed(range(len(cells)))] * 2:
        PLAYER.begin_cell(f"cell {n}\n")
        assert [asked() for _ in [*cells[n], "once more"]] == [*cells[n], cells[n][-1]]


def test_a_cell_of_ones_own_goes_on_where_the_tape_stands_and_an_edited_one_keeps_its_place(replay):
    """A thing is there, is deleted and is gone."""
    thing = "https://api.openai.com/v1/thing"
    cells = {"one": ("GET", 200), "two": ("DELETE", 204), "three": ("GET", 404)}
    tape = replay(*(item(url=thing, method=how, cell=name, status=status) for name, (how, status) in cells.items()))

    def run(source, method="GET", cell_id=None):
        tape.begin_cell(source, cell_id)
        return requests.request(method, thing, timeout=9).status_code

    assert [run("two", "DELETE"), run("mine")] == [204, 404], "what was recorded after the DELETE"
    assert [run(name, how, name) for name, (how, _) in cells.items()] == [200, 204, 404]
    assert [run("one edited", "GET", "one"), run("three edited", "GET", "three")] == [200, 404]


def test_recording_a_cell_again_replaces_what_it_asked_and_leaves_the_others(record, folder):
    def cells():
        return [one["cell"] for one in stored(folder)]

    tape, digests = record(item()), [cell_digest(source) for source in ("one", "two")]
    for source in ("one", "two", "two"):
        tape.begin_cell(source)
        ask()
    assert cells() == digests, "what no cell had asked is gone"
    record().begin_cell("two")
    assert cells() == digests[:1], "a cell that asks nothing now"


def test_a_real_service_is_recorded_as_live_with_model_and_date_without_what_broke(folder, replay, monkeypatch):
    """And what it says of its answers is not believed: only the local API knows of samples and faults."""
    with serve(answers=load_answers() | staged("cut", "rate_limit")) as real:
        readers = {"OPENAI_BASE_URL": f"{real.url}/v1/", "OPENAI_API_KEY": API_KEY, "VISION_MODEL": "llava"}
        for name, value in readers.items():
            monkeypatch.setenv(name, value)
        recording.start("lesson", mode="record")
        client = openai.OpenAI(max_retries=0)
        for about, stream, error in (
            ("cut", False, openai.APIConnectionError),
            ("cut", True, openai.APIConnectionError),
            ("rate_limit", False, openai.RateLimitError),
        ):
            with pytest.raises(error):
                ask(about, client=client, stream=stream)
        answer, chunk = ask(), next(iter(ask(stream=True)))
    origin = Origin("live", "course-sample", date.today().isoformat())
    assert recording.origin(answer.id) == recording.origin(chunk.id) == origin
    limit, one, _ = stored(folder)
    assert (limit["source"], "staged" in limit, limit["response"]["status"]) == ("live", False, 429)
    assert (one["source"], one["model"], one["date"]) == origin[:3]
    assert (one["request"]["url"], one["request"]["body"]["model"]) == ("/v1/chat/completions", "$VISION_MODEL")
    for name in readers:
        monkeypatch.delenv(name)
    replay()
    assert ask().id == answer.id and recording.origin("something else") is None, "by its own model and address"


def test_what_no_real_service_gives_on_demand_is_kept_in_order_for_the_cell_that_asks_now(folder, begin):
    index = "https://my-vision.cognitiveservices.azure.com/computervision/retrieval/indexes/cameras"
    calls = [("PUT", 201), ("GET", 200), ("GET", 202), ("DELETE", 204), ("GET", 404)]
    foreign = [item(url=index, method=method, cell="kept", status=status) for method, status in calls]
    limit = item(question("rate_limit"), "Slow down.", status=429, staged=True, cell="before")
    reset = item(question("reset"), fault="reset", response=None, cell="before")
    with serve(answers=staged("rate_limit"), acts_as="gpt-5.6-luna") as real:
        tape = begin("record", *foreign, limit, item(question("rate_limit"), cell="before"), reset, api=real)
        tape.begin_cell("kept")
        assert [(method, requests.request(method, index, timeout=9).status_code) for method, _ in calls] == calls
        tape.begin_cell("now")
        for error, about in ((openai.RateLimitError, "rate_limit"), (openai.APIConnectionError, "reset")):
            with pytest.raises(error):
                ask(about, client=openai.OpenAI(max_retries=0))
        assert ask("rate_limit").model == "gpt-5.6-luna" and len(real.requests) == 1
    *kept, first, second, live = tape.recording.interactions[-len(calls) - 3 :]
    now = [one.model_copy(update={"cell": cell_digest("now")}) for one in (limit, reset)]
    assert kept == foreign and [first, second] == now and live.source == "live"

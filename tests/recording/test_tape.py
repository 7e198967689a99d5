"""Who gets which answer, what is recorded, and that nothing is lost that was paid for."""

import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from unittest.mock import patch

import openai
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from course import recording
from course.recording import session, shape
from course.recording.shape import Recording, cell_digest
from course.recording.tape import Tape
from tests.api import serve
from tests.conftest import question
from tests.recording.made import CHAT, ask, item, stored

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
    tape, digests = record(item()), [cell_digest(source) for source in ("one", "two")]
    for source in ("one", "two", "two"):
        tape.begin_cell(source)
        ask()
    assert [one["cell"] for one in stored(folder)] == digests, "what no cell had asked is gone"
    record().begin_cell("two")
    assert [one["cell"] for one in stored(folder)] == digests[:1], "a cell that asks nothing now"


def test_what_no_real_service_gives_on_demand_is_kept_in_order_for_the_cell_that_asks_now(begin):
    index = "https://my-vision.cognitiveservices.azure.com/computervision/retrieval/indexes/cameras"
    calls = [("PUT", 201), ("GET", 200), ("GET", 202), ("DELETE", 204), ("GET", 404)]
    foreign = [item(url=index, method=method, cell="kept", status=status) for method, status in calls]
    limit = item(None, "Slow down.", status=429, staged=True, cell="before")
    broken = item(fault="unreachable", response=None, cell="before")
    with serve(acts_as="gpt-5.6-luna") as real:
        tape = begin("record", *foreign, limit, item(cell="before"), broken, api=real)
        tape.begin_cell("kept")
        assert [(method, requests.request(method, index, timeout=9).status_code) for method, _ in calls] == calls
        tape.begin_cell("now")
        for error in (openai.RateLimitError, openai.APIConnectionError):
            with pytest.raises(error):
                ask(client=openai.OpenAI(max_retries=0))
        assert ask().model == "gpt-5.6-luna" and len(real.requests) == 1
    *kept, first, second, live = tape.recording.interactions[-len(calls) - 3 :]
    now = [one.model_copy(update={"cell": cell_digest("now")}) for one in (limit, broken)]
    assert kept == foreign and [first, second] == now and live.source == "live"


FULL_DISK = patch.object(os, "replace", side_effect=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
NO_ROOM = pytest.raises(recording.RecordingError, match=r"lesson\.json can't be written in .*: No space left")


def test_who_cannot_record_is_told_before_anything_is_asked_and_the_lesson_is_free_again(record, replay, folder):
    path = folder / "lesson.json"
    with closing(shape.lock(path)), pytest.raises(recording.RecordingError, match="recorded now: another program"):
        record()
    with FULL_DISK, NO_ROOM:
        record()
    assert session._state.tape is None and not path.exists(), "nothing has begun"
    for end in (replay, recording.stop):
        record()
        record()  # the same program may start again
        end()
        shape.lock(path).close()
    path.write_text("{", encoding="utf-8")
    damaged = r"lesson\.json does not fit at the top level: Invalid.*git checkout -- :/asset/recordings/lesson\.json$"
    with pytest.raises(recording.RecordingError, match=damaged) as caught:
        record()
    shape.lock(path).close()
    assert caught.value.__traceback__, "a notebook keeps the error, and all that stands in its frames"
    with pytest.raises(recording.RecordingError, match=r"no recording none\.json; recorded lessons are: lesson\.$"):
        recording.start("none")


def test_when_the_disk_is_full_an_answer_is_handed_on_and_stored_when_there_is_room(record, folder, api):
    record()
    client = openai.OpenAI()
    with FULL_DISK:
        assert ask(client=client).choices, "it was paid for"
        with NO_ROOM:
            ask(client=client, stream=True)
        with NO_ROOM:
            recording.start("lesson", mode="replay")
    assert len(api.requests) == 1, "no more is paid for until there is room"
    assert session._state.tape.mode == "record" and stored(folder) == [], "nothing is lost or half written"
    ask(client=client, stream=True)
    assert len(stored(folder)) == 2, "the next save writes both"
    with FULL_DISK:
        ask(client=client, detail="high")
    recording.stop()
    assert len(stored(folder)) == 3, "and so does the end"

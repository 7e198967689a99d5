"""Nothing is lost that was paid for: one writer at a time, each file in one step, and a full disk says so."""

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import nbformat
import openai
import pytest
from nbformat.v4 import new_notebook

from course import recording
from course.assets import ROOT
from course.recording import session, shape
from course.recording.shape import RecordedResponse, Recording
from tests.api import API_KEY, serve
from tests.conftest import question
from tests.recording.made import item, put, stored
from tests.tools import record_lessons


@pytest.fixture(scope="module")
def api():
    with serve() as running:
        yield running


def full_disk(*args, **more):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def other_program(folder):
    """Another process that records the lesson."""
    context = multiprocessing.get_context("fork")
    ready, never = context.Event(), context.Event()

    def hold():
        held = shape.lock(folder / "lesson.json")
        ready.set()
        never.wait()
        held.close()

    process = context.Process(target=hold)
    process.start()
    assert ready.wait(30)
    yield process
    process.kill()


def test_a_second_program_does_not_record_the_same_lesson(record, folder, other_program):
    with pytest.raises(recording.RecordingError, match=r"lesson\.json can't be recorded now: another program"):
        record()
    assert recording.mode() == "live" and not (folder / "lesson.json").exists(), "nothing has begun"
    other_program.kill()
    other_program.join()
    record()
    openai.OpenAI().chat.completions.create(**question())
    assert len(stored(folder)) == 1, "a kill leaves no lock behind"


def test_the_same_program_may_start_again_and_gives_the_lock_back(record, folder, replay):
    for _ in range(2):
        record()
    put(folder, item())
    replay()
    shape.lock(folder / "lesson.json").close()
    record()
    recording.stop()
    shape.lock(folder / "lesson.json").close()
    (folder / "lesson.json").write_text("{", encoding="utf-8")
    with pytest.raises(recording.RecordingError, match="Invalid JSON") as caught:
        record()
    shape.lock(folder / "lesson.json").close()
    assert caught.value.__traceback__, "a notebook keeps the error, and all that stands in its frames"


def test_a_folder_that_cannot_be_written_is_noticed_before_anything_is_asked(record, api, monkeypatch):
    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(recording.RecordingError, match=r"lesson\.json can't be written in .*: No space left"):
        record()
    assert recording.mode() == "live"


def test_a_full_disk_is_told_after_the_answer_was_handed_on(record, folder, api, monkeypatch):
    record()
    before = len(api.requests)
    client = openai.OpenAI()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full_disk)
        assert client.chat.completions.create(**question()).choices, "it was paid for"
        with pytest.raises(recording.RecordingError, match="No space left"):
            client.chat.completions.create(**question(stream=True))
        assert len(api.requests) - before == 1, "no more is paid for until there is room"
    client.chat.completions.create(**question(stream=True))
    assert len(stored(folder)) == 2 and len(api.requests) - before == 2, "the next save writes both"


def test_a_disk_that_stays_full_is_told_at_the_end(record, folder, monkeypatch):
    record()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", full_disk)
        openai.OpenAI().chat.completions.create(**question())
        with pytest.raises(recording.RecordingError, match="No space left"):
            recording.start("lesson", mode="record")
        assert recording.mode() == "record", "the answer is still in memory"
    recording.stop()
    assert len(stored(folder)) == 1
    assert [path.name for path in folder.iterdir() if path.suffix == ".part"] == []


def test_two_programs_write_through_files_of_their_own(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(os, "replace", lambda part, path: seen.append(part.name))
    Recording(lesson="x").save(tmp_path / "x.json")
    assert seen == [f"x.{os.getpid()}.part"]
    ignored = subprocess.run(
        ["git", "check-ignore", f"asset/recordings/{seen[0]}", "asset/recordings/x.lock"], cwd=ROOT
    )
    assert ignored.returncode == 0


KILLS = int(os.environ.get("COURSE_KILLS", 30))


def steps_of(save, die_after=None):
    """Count the steps of Python that write a file, in whatever module they stand; or be killed after so many."""
    count, before = 0, sys.gettrace()

    def step(frame, event, arg):
        nonlocal count
        if frame.f_code.co_name not in ("save", "write_text", "open", "mkdir", "unlink", "exists"):
            return None
        frame.f_trace_opcodes = True
        count += 1
        if count == die_after:
            os.kill(os.getpid(), signal.SIGKILL)
        return step

    sys.settrace(step)
    try:
        save()
    finally:
        sys.settrace(before)
    return count


def test_a_kill_at_any_moment_damages_nothing(tmp_path):
    """30 of the moments that there are; all of them with COURSE_KILLS=300."""
    path, answer = tmp_path / "x.json", RecordedResponse(status=200, text="x" * 9_000)
    made, more = (Recording(lesson="x", interactions=[item(response=answer)] * n) for n in (2, 3))
    made.save(path)
    old, steps = path.read_bytes(), steps_of(lambda: more.save(path))
    new, ended = path.read_bytes(), Counter()
    for n in range(KILLS):
        made.save(path)
        if not (child := os.fork()):
            steps_of(lambda: more.save(path), die_after=1 + n * steps // KILLS)
            os._exit(0)
        ended[os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])] += 1
        assert path.read_bytes() in (old, new), n
    assert ended == {-signal.SIGKILL: KILLS} and steps > 100
    more.save(path)
    assert path.read_bytes() == new, "and what a kill has left is in nobody's way"


# --- damaged by hand ---

DAMAGES = {
    "a comma lost": (lambda t: t.replace('",', '"', 1), r"Invalid JSON: .+ at line \d+ column \d+"),
    "cut off": (lambda t: t[:200], r"Invalid JSON: .+ at line \d+ column \d+"),
    "empty": (lambda t: "", r"Invalid JSON: .+ at line 1 column 0"),
    "no request": (lambda t: t.replace('"request"', '"reqest"', 1), r"interactions\.0\.request: Field required"),
    "no source": (lambda t: t.replace('"source": "sample",', "", 1), r"interactions\.0\.source: Field required"),
    "unknown source": (lambda t: t.replace('"sample"', '"smaple"', 1), r"interactions\.0\.source: .*'sample', 'live'"),
    "response misspelt": (lambda t: t.replace('"response"', '"respnse"', 1), r"interactions\.0"),
    "no outcome": (
        lambda t: json.dumps({"lesson": "x", "interactions": [{**json.loads(t)["interactions"][0], "response": None}]}),
        r"interactions\.0: .*needs a response, or a fault",
    ),
    "status as text": (lambda t: t.replace("200", '"fine"', 1), r"interactions\.0\.response\.status"),
    "a list": (lambda t: "[]", r"does not fit at the top level"),
    "not UTF-8": (lambda t: t.encode().replace(b"sample", b"s\xff", 1), r"Invalid JSON: .*unicode.* at line \d+"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_recording_names_file_place_and_way_out(folder, damage):
    put(folder, item())
    change, place = DAMAGES[damage]
    path = folder / "lesson.json"
    broken = change(path.read_text(encoding="utf-8"))
    path.write_bytes(broken if isinstance(broken, bytes) else broken.encode())
    with pytest.raises(recording.RecordingError, match=place) as caught:
        recording.start("lesson", mode="replay")
    assert "lesson.json" in str(caught.value) and "git checkout -- :/" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_lesson_lists_the_known_ones(folder):
    with pytest.raises(recording.RecordingError, match=r"no recording nothing\.json; recorded lessons are: none\.$"):
        recording.start("nothing")
    put(folder, item())
    with pytest.raises(recording.RecordingError, match=r"recorded lessons are: lesson\.$"):
        recording.start("nothing")


# --- the last step of `make sample` and `make record` ---


@pytest.fixture
def places(tmp_path):
    """A recording and a notebook to be replaced, and what replaces them."""
    target, source = tmp_path / "x.json", tmp_path / "x.ipynb"
    target.write_text("old", encoding="utf-8")
    source.write_text("old", encoding="utf-8")
    return Recording(lesson="x"), target, new_notebook(), source


def texts(places):
    return places[1].read_text(encoding="utf-8"), places[3].read_text(encoding="utf-8")


def test_both_are_replaced(places):
    record_lessons.put_in_place(*places)
    assert shape.load(places[1]).lesson == "x" and nbformat.read(places[3], as_version=4).cells == []
    assert {path.suffix for path in places[1].parent.iterdir()} == {".json", ".ipynb", ".lock"}


def test_a_full_disk_replaces_neither(places, monkeypatch):
    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(recording.RecordingError, match="No space left"):
        record_lessons.put_in_place(*places)
    assert texts(places) == ("old", "old") and not list(places[1].parent.glob("*.part"))


def test_what_looks_like_a_key_replaces_neither(places):
    places[2].metadata["found"] = "AKIA" + "ABCDEFGH12345678"
    with pytest.raises(recording.RecordingError, match=r"x\.ipynb would hold an AWS key"):
        record_lessons.put_in_place(*places)
    assert texts(places) == ("old", "old")


def test_what_was_paid_for_is_kept_when_it_cannot_be_put_in_place(tmp_path, monkeypatch, capsys):
    answered = Recording(lesson="x")
    (tmp_path / "x.ipynb").write_text(nbformat.writes(new_notebook()), encoding="utf-8")

    def run(path, environment, *how, **more):
        answered.save(Path(environment["COURSE_RECORDINGS"]) / "x.json")
        return new_notebook()

    monkeypatch.setattr(record_lessons, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(record_lessons, "RECORDINGS", tmp_path / "recordings")
    monkeypatch.setattr(record_lessons, "run", run)
    monkeypatch.setattr(record_lessons.os, "replace", lambda part, path: full_disk() if path.suffix == ".ipynb"
                        else Path(part).rename(path))  # fmt: skip
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    assert record_lessons.main(["record", "x"]) == 1
    said = capsys.readouterr().out
    assert "x: stopped" in said and "No space left" in said
    kept = Path(said.split("What was answered is kept in ")[1].strip().rstrip("."))
    assert shape.load(kept / "x.json") == answered
    assert session._state.tape is None


def test_make_record_says_what_it_kept(tmp_path, monkeypatch, capsys):
    host, gone = "https://my-vision.cognitiveservices.azure.com", "/computervision/retrieval/indexes/cameras"
    items = [item(), item(url=host + gone, method="GET", source="constructed"), item(staged=True),
             item(fault="timeout"), item(source="live")]  # fmt: skip
    monkeypatch.setattr(record_lessons, "record", lambda *_: shape.Recording(lesson="x", interactions=items))
    monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
    assert record_lessons.main(["record", "00_start_here"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "00_start_here: 1 constructed, 1 live, 3 sample",
        "  kept, no live service gives it: POST /v1/chat/completions (a retired service)",
        f"  kept, no live service gives it: GET {gone} (a retired service)",
        "  kept, no live service gives it: POST /v1/chat/completions (staged)",
        "  kept, no live service gives it: POST /v1/chat/completions (timeout)",
    ]
    assert record_lessons.main(["sample", "no_such_lesson"]) == record_lessons.main([]) == 2

"""Nothing is lost that was paid for: one writer at a time, each file in one step, and a full disk says so."""

import contextlib
import errno
import os
import signal
import subprocess
from pathlib import Path

import openai
import pytest
from nbformat.v4 import new_notebook, writes

from course import recording
from course.assets import ROOT
from course.recording import session, shape
from course.recording.shape import RecordedResponse, Recording
from tests.conftest import question
from tests.recording.made import item, put, stored
from tests.tools import record_lessons


def full_disk(*args, **more):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_second_program_does_not_record_the_same_lesson_and_a_kill_leaves_no_lock(record, folder):
    ready, holds = os.pipe()
    if not (other := os.fork()):
        held = shape.lock(folder / "lesson.json")
        os.write(holds, b"ready")
        signal.pause()
        held.close()
    try:
        assert os.read(ready, 5) == b"ready"
        with pytest.raises(recording.RecordingError, match=r"lesson\.json can't be recorded now: another program"):
            record()
        assert session._state.tape is None and not (folder / "lesson.json").exists(), "nothing has begun"
    finally:
        os.kill(other, signal.SIGKILL)
        os.waitpid(other, 0)
    record()
    openai.OpenAI().chat.completions.create(**question())
    assert len(stored(folder)) == 1


def test_the_same_program_may_start_again_and_gives_the_lock_back(record, folder, replay):
    def is_free():
        shape.lock(folder / "lesson.json").close()
        return True

    for _ in range(2):
        record()
    replay()
    assert is_free()
    record()
    recording.stop()
    assert is_free()
    (folder / "lesson.json").write_text("{", encoding="utf-8")
    with pytest.raises(recording.RecordingError, match="Invalid JSON") as caught:
        record()
    assert is_free() and caught.value.__traceback__, "a notebook keeps the error, and all that stands in its frames"


def test_a_full_disk_is_told_before_anything_is_asked_else_after_the_answer_and_at_the_end(
    record, folder, api, monkeypatch
):
    no_room = pytest.raises(recording.RecordingError, match=r"lesson\.json can't be written in .*: No space left")
    with monkeypatch.context() as full, no_room:
        full.setattr(Path, "write_text", full_disk)
        record()
    record()
    before, client = len(api.requests), openai.OpenAI()
    with monkeypatch.context() as full:
        full.setattr(Path, "write_text", full_disk)
        assert client.chat.completions.create(**question()).choices, "it was paid for"
        for next_step in (
            lambda: client.chat.completions.create(**question(stream=True)),
            lambda: recording.start("lesson", mode="replay"),
        ):
            with no_room:
                next_step()
        assert session._state.tape.mode == "record", "the answer is still in memory"
        assert len(api.requests) - before == 1, "no more is paid for until there is room"
    client.chat.completions.create(**question(stream=True))
    assert len(stored(folder)) == 2, "the next save writes both"


@pytest.mark.parametrize("moment", ["half written", "written", "replaced"])
def test_a_kill_damages_nothing(tmp_path, moment):
    """Between two steps of the disk; between any two steps of Python it was tried 300 times by hand (2026-11-27)."""
    path, answer = tmp_path / "x.json", RecordedResponse(status=200, text="x" * 9_000)
    made, more = (Recording(lesson="x", interactions=[item(response=answer)] * n) for n in (2, 3))
    new, old = ((one.save(path), path.read_bytes())[1] for one in (more, made))
    write, replace = Path.write_text, os.replace

    def die(*_):
        os.kill(os.getpid(), signal.SIGKILL)

    if not (child := os.fork()):
        if moment == "half written":
            Path.write_text = lambda path, text, **how: die(write(path, text[:5_000], **how))
        os.replace = die if moment == "written" else lambda *both: die(replace(*both))
        more.save(path)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert path.read_bytes() == (new if moment == "replaced" else old)
    more.save(path)
    assert path.read_bytes() == new, "and what a kill has left is in nobody's way"
    left = [one.name for one in tmp_path.glob("*.part")]
    assert left == [f"x.{child}.part"] * (moment != "replaced"), "each program has a file of its own"
    assert subprocess.run(["git", "check-ignore", *left, "asset/recordings/x.lock"], cwd=ROOT).returncode == 0


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('",', '"', r"Invalid JSON: .+ at line \d+ column \d+"),
        ('"request"', '"reqest"', r"interactions\.0\.request: Field required"),
        ('"sample"', '"smaple"', r"interactions\.0\.source: .*'sample', 'live'"),
        ("", "[] #", "Invalid JSON"),
    ],
)
def test_a_damaged_recording_names_file_place_and_way_out(folder, old, new, place):
    put(folder, item())
    path = folder / "lesson.json"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(recording.RecordingError, match=rf"lesson\.json [^\n]*{place}[^\n]*git checkout -- :/asset"):
        recording.start("lesson", mode="replay")
    with pytest.raises(recording.RecordingError, match=r"no recording none\.json; recorded lessons are: lesson\.$"):
        recording.start("none")


@pytest.mark.parametrize(
    ("wrong", "says"), [("", ""), ("full", "No space left"), ("key", r"x\.ipynb would hold a token of another service")]
)
def test_recording_and_notebook_are_both_replaced_or_neither(tmp_path, monkeypatch, wrong, says):
    target, source, notebook = tmp_path / "x.json", tmp_path / "x.ipynb", new_notebook()
    for path in (target, source):
        path.write_text("old", encoding="utf-8")
    notebook.metadata["found"] = "AKIA" + "ABCDEFGH12345678" if wrong == "key" else "nothing"
    if wrong == "full":
        monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(recording.RecordingError, match=says) if wrong else contextlib.nullcontext():
        record_lessons.put_in_place(Recording(lesson="x"), target, notebook, source)
    now = [path.read_text(encoding="utf-8") for path in (target, source)]
    assert now == ["old", "old"] if wrong else ("old" not in now and shape.load(target).lesson == "x")
    assert not list(tmp_path.glob("*.ipynb.*"))


def test_what_was_paid_for_is_kept_when_it_cannot_be_put_in_place(tmp_path, monkeypatch, capsys):
    answered = Recording(lesson="x")
    (tmp_path / "x.ipynb").write_text(writes(new_notebook()), encoding="utf-8")

    def run(path, environment, *how, **more):
        answered.save(Path(environment["COURSE_RECORDINGS"]) / "x.json")

    news = {"NOTEBOOKS": tmp_path, "RECORDINGS": tmp_path / "recordings", "run": run, "put_in_place": full_disk}
    for name, value in news.items():
        monkeypatch.setattr(record_lessons, name, value)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    assert record_lessons.main(["record", "x"]) == 1
    said = capsys.readouterr().out
    assert "x: stopped" in said and "No space left" in said
    kept = Path(said.split("What was answered is kept in ")[1].strip().rstrip("."))
    assert shape.load(kept / "x.json") == answered and session._state.tape is None

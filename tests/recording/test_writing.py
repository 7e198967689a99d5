"""Nothing is lost that was paid for: one writer at a time, each file in one step, and a full disk says so."""

import errno
import os
import re
from contextlib import closing
from pathlib import Path

import nbformat
import openai
import pytest
from nbformat.v4 import new_notebook

from course import recording
from course.recording import session, shape
from course.recording.shape import Recording
from tests.recording.made import ask, item, stored
from tests.tools import record_lessons


def full_disk(*args, **more):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_lesson_is_recorded_once_at_a_time_and_then_free_again(record, replay, folder):
    path = folder / "lesson.json"
    with closing(shape.lock(path)), pytest.raises(recording.RecordingError, match="recorded now: another program"):
        record()
    assert session._state.tape is None and not path.exists(), "nothing has begun"
    for end in (replay, recording.stop):
        record()
        record()  # the same program may start again
        end()
        shape.lock(path).close()
    path.write_text("{", encoding="utf-8")
    with pytest.raises(recording.RecordingError, match="Invalid JSON") as caught:
        record()
    shape.lock(path).close()
    assert caught.value.__traceback__, "a notebook keeps the error, and all that stands in its frames"


def test_a_full_disk_is_told_before_anything_is_asked_else_after_the_answer_and_at_the_end(
    record, folder, api, monkeypatch
):
    no_room = pytest.raises(recording.RecordingError, match=r"lesson\.json can't be written in .*: No space left")
    with monkeypatch.context() as full, no_room:
        full.setattr(Path, "write_text", full_disk)
        record()
    record()
    client, empty = openai.OpenAI(), (folder / "lesson.json").read_bytes()
    with monkeypatch.context() as full:
        full.setattr(os, "replace", full_disk)
        assert ask(client=client).choices, "it was paid for"
        with no_room:
            ask(client=client, stream=True)
        with no_room:
            recording.start("lesson", mode="replay")
        assert session._state.tape.mode == "record", "the answer is still in memory"
        assert len(api.requests) == 1, "no more is paid for until there is room"
    assert (folder / "lesson.json").read_bytes() == empty, "a file is replaced in one step, or stays as it was"
    ask(client=client, stream=True)
    assert len(stored(folder)) == 2, "the next save writes both"
    with monkeypatch.context() as full:
        full.setattr(Path, "write_text", full_disk)
        ask(client=client, detail="high")
    recording.stop()
    assert len(stored(folder)) == 3, "and so does the end"


def test_a_damaged_recording_names_file_place_and_way_out(folder, replay):
    replay(item())
    path = folder / "lesson.json"
    whole = path.read_text(encoding="utf-8")
    for old, new, place in (
        ('",', '"', r"the top level: Invalid JSON: .+ at line \d+ column \d+"),
        ('"request"', '"reqest"', r"interactions\.0\.request: Field required"),
    ):
        path.write_text(whole.replace(old, new, 1), encoding="utf-8")
        with pytest.raises(recording.RecordingError, match=rf"lesson\.json [^\n]*{place}[^\n]*git checkout -- :/asset"):
            replay()
    with pytest.raises(recording.RecordingError, match=r"no recording none\.json; recorded lessons are: lesson\.$"):
        recording.start("none")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("nothing", "x: no request"),
        ("a full disk", "x: stopped, nothing was changed.*No space left"),
        ("a key", r"x\.ipynb would hold a token of another service"),
    ],
)
def test_recording_and_notebook_are_replaced_or_neither_and_what_was_paid_for_is_kept(
    tmp_path, monkeypatch, capsys, wrong, says
):
    target, source, answered = tmp_path / "x.json", tmp_path / "x.ipynb", Recording(lesson="x")
    target.write_text("old", encoding="utf-8")
    nbformat.write(new_notebook(metadata={"it is": "old"}), source)

    def run(path, environment, *how):
        if environment["COURSE_MODE"] == "record":
            answered.save(Path(environment["COURSE_RECORDINGS"]) / "x.json")
        elif wrong == "a full disk":
            monkeypatch.setattr(nbformat, "write", full_disk)
        return new_notebook(metadata={"found": "AKIA" + "ABCDEFGH12345678" if wrong == "a key" else "nothing"})

    for name, value in {"NOTEBOOKS": tmp_path, "RECORDINGS": tmp_path, "run": run}.items():
        monkeypatch.setattr(record_lessons, name, value)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    assert record_lessons.main(["record", "x"]) == (wrong != "nothing")
    said = capsys.readouterr().out
    assert re.search(says, said)
    kept = said.partition("What was answered is kept in ")[2].strip().rstrip(".")
    assert ("old" in source.read_text(encoding="utf-8")) == (target.read_text(encoding="utf-8") == "old") == bool(kept)
    assert shape.load(Path(kept, "x.json") if kept else target) == answered and not list(tmp_path.glob("*.part"))

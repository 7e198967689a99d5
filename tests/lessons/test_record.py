"""`make sample` and `make record`, on a copy; and what the search for secrets that a run left behind notices."""

import errno
import re
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import Mock

import nbformat
import pytest
from nbformat.v4 import new_notebook

from course.assets import ROOT
from course.recording.shape import RECORDINGS, Recording, load
from tests.api import serve
from tests.lessons.lesson import LESSONS, NAMES, code_cells, output_text, read
from tests.recording import canary
from tests.tools import record_lessons
from tests.tools.check_files import problems_of_notebook

KEY, MODEL = "sk-the-users-own-key", "gpt-5.6-luna-2026-09-01"


def test_a_lesson_is_recorded_with_a_key_unless_a_question_has_no_answer(kernel, tmp_path, monkeypatch, capsys):
    for folder in ("notebooks", "recordings"):
        (tmp_path / folder).mkdir()
        monkeypatch.setattr(record_lessons, folder.upper(), tmp_path / folder)
    (tmp_path / "asset").symlink_to(ROOT / "asset")
    lesson, recording = tmp_path / "notebooks" / LESSONS[0].name, tmp_path / "recordings" / f"{NAMES[0]}.json"
    recording.write_bytes((RECORDINGS / recording.name).read_bytes())
    for name in ("COURSE_MODE", "COURSE_RECORDINGS", "COURSE_UPSTREAM", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(record_lessons, "Kernel", lambda: nullcontext(kernel))

    stored = LESSONS[0].read_text("utf-8")
    lesson.write_text(stored.replace("What is in this picture?", "Who is this?"), "utf-8")
    before = lesson.read_bytes(), recording.read_bytes()
    assert record_lessons.main(["sample", NAMES[0]]) == 1
    shown = capsys.readouterr().out
    assert "nothing was changed" in shown and "answers.toml has no answer to ['Who is this?']" in shown
    assert (lesson.read_bytes(), recording.read_bytes()) == before

    lesson.write_text(stored, "utf-8")
    assert record_lessons.main(["record"]) == 2, "no key"
    assert "set OPENAI_API_KEY first" in capsys.readouterr().out
    with serve(acts_as=MODEL, keys={KEY}) as api:  # as the real API
        monkeypatch.setenv("COURSE_UPSTREAM", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        assert record_lessons.main(["record", NAMES[0]]) == 0
    assert f"{NAMES[0]}: 2 live" in capsys.readouterr().out
    item, notebook = load(recording).interactions[0], read(lesson)
    assert (item.source, item.model) == ("live", MODEL) and item.date
    shown = "".join(map(output_text, code_cells(notebook)))
    assert f"recorded from a live service on {item.date}" in shown
    assert "NotRecorded" in shown and problems_of_notebook(notebook) == [], "the cell for replay alone was replayed"
    assert KEY not in lesson.read_text("utf-8") + recording.read_text("utf-8")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("full disk", "x: stopped, nothing was changed.*No space left"),
        ("a key", r"x\.ipynb would hold a token of another service"),
    ],
)
def test_recording_and_notebook_stay_when_one_can_not_be_replaced_and_what_was_paid_for_is_kept(
    tmp_path, monkeypatch, capsys, wrong, says
):
    target, source, answered = tmp_path / "x.json", tmp_path / "x.ipynb", Recording(lesson="x")
    target.write_text("old", encoding="utf-8")
    nbformat.write(new_notebook(metadata={"it is": "old"}), source)

    def run(path, environment, *how):
        if environment["COURSE_MODE"] == "record":
            answered.save(Path(environment["COURSE_RECORDINGS"]) / "x.json")
        elif wrong == "full disk":
            monkeypatch.setattr(nbformat, "write", Mock(side_effect=OSError(errno.ENOSPC, "No space left on device")))
        return new_notebook(metadata={"found": "AKIA" + "ABCDEFGH12345678" if wrong == "a key" else "nothing"})

    for name, value in {"NOTEBOOKS": tmp_path, "RECORDINGS": tmp_path, "run": run}.items():
        monkeypatch.setattr(record_lessons, name, value)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    assert record_lessons.main(["record", "x"]) == 1
    said = capsys.readouterr().out
    assert re.search(says, said)
    kept = said.partition("What was answered is kept in ")[2].strip().rstrip(".")
    assert load(Path(kept, "x.json")) == answered and not list(tmp_path.glob("*.part"))
    assert target.read_text(encoding="utf-8") == "old" and '"old"' in source.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", canary.PLANTED)
def test_a_secret_that_is_left_behind_is_noticed(name):
    for disguise in canary.disguises(canary.PLANTED[name]):
        assert list(canary.leaks({"a log": f'{{"x": "a{disguise}b"}}'})) == [f"a log holds {name}"]
    assert list(canary.leaks({"a log": f"sk-p****{canary.PLANTED[name][-4:]}"})) == [f"a log holds the end of {name}"]
    assert list(canary.leaks({"a log": "sk-p****"})) == []

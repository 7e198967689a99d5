"""`make sample` and `make record`; and what the run of a lesson and nbval notice."""

import os
import re
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course.assets import ROOT
from course.recording.shape import RECORDINGS, load
from tests.api import serve
from tests.lessons.lesson import DATA_URL, LESSONS, NAMES, code_cells, output_text, read
from tests.lessons.test_promises import problems
from tests.recording import canary
from tests.tools import record_lessons

NAME, OTHER = NAMES[:2]


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A copy of two lessons and their recordings, which a test may overwrite."""
    for folder in ("notebooks", "recordings"):
        (tmp_path / folder).mkdir()
        monkeypatch.setattr(record_lessons, folder.upper(), tmp_path / folder)
    for path in [*LESSONS[:2], *(RECORDINGS / f"{name}.json" for name in (NAME, OTHER))]:
        folder = tmp_path / ("notebooks" if path.suffix == ".ipynb" else "recordings")
        (folder / path.name).write_bytes(path.read_bytes())
    (tmp_path / "asset").symlink_to(ROOT / "asset")
    for name in ("COURSE_MODE", "COURSE_RECORDINGS", "COURSE_UPSTREAM", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def files(course):
    """{name: bytes} of the copy, pictures left out."""
    paths = [*(course / "notebooks").iterdir(), *(course / "recordings").iterdir()]
    return {path.name: DATA_URL.sub("", path.read_text("utf-8")) for path in paths if path.suffix != ".lock"}


@pytest.mark.slow
def test_make_sample_stops_at_a_question_without_an_answer(course, capsys):
    path = course / "notebooks" / f"{NAME}.ipynb"
    path.write_text(path.read_text("utf-8").replace("What is in this picture?", "Who is this?"), "utf-8")
    before = files(course)
    assert record_lessons.main(["sample", NAME]) == 1
    said = capsys.readouterr().out
    assert "nothing was changed" in said and "answers.toml has no answer to ['Who is this?']" in said
    assert files(course) == before


@pytest.mark.slow
def test_make_record_with_a_key_and_the_real_api(course, capsys, monkeypatch):
    """The local API acts as the real one: its answers are live, dated, and stored in the notebook's outputs too."""
    before = files(course)
    with serve(acts_as="gpt-5.6-luna-2026-09-01", keys={"sk-the-users-own-key"}) as api:
        monkeypatch.setenv("COURSE_UPSTREAM", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-the-users-own-key")
        assert record_lessons.main(["record", NAME]) == 0
    assert f"{NAME}: 2 live" in capsys.readouterr().out
    item = load(course / "recordings" / f"{NAME}.json").interactions[0]
    assert (item.source, item.model) == ("live", "gpt-5.6-luna-2026-09-01") and item.date
    notebook = read(course / "notebooks" / f"{NAME}.ipynb")
    assert f"recorded from a live service on {item.date}" in "".join(map(output_text, code_cells(notebook)))
    assert list(problems(notebook)) == [], "the cell for replay alone shows its message as before"
    after = files(course)
    assert not any("users-own" in text for text in after.values())
    assert {name for name in before if before[name] != after[name]} == {f"{NAME}.ipynb", f"{NAME}.json"}


def test_a_wrong_command_is_one_sentence(course, capsys):
    unknown = f"There is no lesson 99_nothing; lessons are: {NAME}, {OTHER}"
    wrong = {"": "make sample", "record": "set OPENAI_API_KEY first", "sample 99_nothing": unknown}
    for command, says in wrong.items():
        assert record_lessons.main(command.split()) == 2
        assert says in capsys.readouterr().out


# --- what is noticed ---


@pytest.mark.parametrize("name", canary.PLANTED)
def test_a_secret_that_is_left_behind_is_noticed(name):
    for disguise in canary.disguises(canary.PLANTED[name]):
        assert list(canary.leaks({"a log": f'{{"x": "a{disguise}b"}}'})) == [f"a log holds {name}"]
    assert list(canary.leaks({"a log": f"sk-p****{canary.PLANTED[name][-4:]}"})) == [f"a log holds the end of {name}"]
    assert list(canary.leaks({"a log": "sk-p****"})) == []


def test_nbval_notices_other_words_and_another_alt_text_but_not_other_bytes(kernel, tmp_path):
    source = "from course.recording import publishing\nfrom helpers import plotting\npublishing.install()\n"
    source += f"plotting.show({(ROOT / 'asset' / 'images' / 'coffee.png').as_posix()!r}, captions='A cup')"
    sources = [source] * 2 + ["print('fine')"] * 2
    notebook = kernel.run(new_notebook(cells=list(map(new_code_cell, sources))))
    first, second, _same, other = notebook.cells
    first.outputs[0].data["text/html"] = DATA_URL.sub("data:image/png;base64,AAAA", first.outputs[0].data["text/html"])
    second.outputs[0].data["text/html"] = second.outputs[0].data["text/html"].replace("espresso", "tea")
    other.outputs[0].text = "finer\n"
    nbformat.write(notebook, tmp_path / "small.ipynb")
    options = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", str(ROOT / "tests" / "nbval_sanitize.cfg")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-p", "no:xdist", *options],
        cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    verdicts = re.findall(r"^(PASSED|FAILED) .+::Cell (\d)", done.stdout, re.M)
    assert sorted(verdicts, key=lambda v: v[1]) == [("PASSED", "0"), ("FAILED", "1"), ("PASSED", "2"), ("FAILED", "3")]

"""The look at a machine before a workshop names what is wrong; the plans of the page add up."""

import re
from collections import namedtuple
from hashlib import sha256

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course.assets import ROOT
from docs import preflight
from tests.lessons.lesson import LESSONS, NAMES, read

PAGE = (ROOT / "docs" / "workshop.md").read_text("utf-8")
TOPS = {path.stem: read(path).cells[0].source for path in LESSONS}
Version = namedtuple("Version", "major minor")


def test_a_machine_like_this_one_is_ready(monkeypatch, capsys):
    monkeypatch.setattr(preflight, "replay", lambda lesson: [])
    assert preflight.main([]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        *([name, "fine"] for name in ("Python", "packages", "files", *NAMES)),
        ["READY"],
    ]
    assert preflight.main(["00"]) == 2 and capsys.readouterr().out.startswith("There is no lesson 00; lessons are: 00_")


@pytest.mark.slow
def test_whatever_is_wrong_is_named(tmp_path, monkeypatch, capsys):
    for folder in ("asset", "notebooks", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "tests" / "nbval_sanitize.cfg").write_bytes((ROOT / "tests" / "nbval_sanitize.cfg").read_bytes())
    lock = "# a\npytest==0.1 ; os_name != 'x'  # via nbval\nno-such-thing==1\nelsewhere==1 ; os_name == 'x'\n-e .\n"
    (tmp_path / "requirements.txt").write_text(lock, "utf-8")
    rows = [("file", "sha256"), ("gone.png", ""), ("asset/old.png", "0"), ("asset/new.png", sha256(b"new").hexdigest())]
    (tmp_path / "asset" / "SOURCES.csv").write_text("".join(f"{name},{digest}\n" for name, digest in rows), "utf-8")
    for name in ("old", "new"):
        (tmp_path / "asset" / f"{name}.png").write_bytes(name.encode())
    asked = {"import os; print(os.environ.get('COURSE_MODE'))": "None\n", "print(2)": "3\n"}
    cells = [new_code_cell(source, execution_count=1, outputs=[new_output("stream", text=text)])
             for source, text in asked.items()]  # fmt: skip
    nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / "00_wrong.ipynb")
    monkeypatch.setenv("COURSE_MODE", "live")  # of the shell around it
    monkeypatch.setattr(preflight, "ROOT", tmp_path)
    monkeypatch.setattr(preflight.sys, "version_info", Version(3, 14))
    assert preflight.main([]) == 1
    python, packages, files, lesson, last = capsys.readouterr().out.splitlines()
    assert python.endswith("this is 3.14, the course takes 3.11, 3.12 or 3.13")
    assert re.search(r" pytest [\d.]+, the lock has ==0\.1; no-such-thing is missing, the lock has ==1; with", packages)
    assert preflight.sys.executable in packages and files.endswith(" gone.png is missing; asset/old.png has changed")
    assert lesson.startswith("00_wrong ") and "00_wrong.ipynb, code cell 2" in lesson
    assert " -m pip install -r requirements.txt" in packages and last.startswith("NOT READY")


def test_the_plans_of_the_page_add_up_by_the_lessons_minutes():
    plans = re.findall(r"(?m)^### (?:Two hours|Half a day|A day)\n\n((?:\|.*\n)+)", PAGE)
    assert len(plans) == 3
    for plan in plans:
        rows = re.findall(r"(?m)^\| (.+?) \| (\d+) \| (\d*) ?\|$", plan)
        for what, minutes, exercises in rows:
            if found := re.match(r"\[.+\]\(\.\./notebooks/(\w+)\.ipynb\)$", what):
                lesson, most = map(int, re.search(r"\*(\d+) minutes · exercises (\d+) more", TOPS[found[1]]).groups())
                assert int(minutes) == lesson and int(exercises) in range(5, most + 1, 5), what
        (together,) = re.findall(r"\*\*Together\*\* \| \*\*(\d+)\*\*", plan)
        assert sum(int(minutes) + int(exercises or 0) for _, minutes, exercises in rows) == int(together)


def test_the_page_knows_what_the_course_costs_and_asks_ten_questions_with_answers_by_lesson():
    costs = re.findall(r"about ([\d.]+) US cents live(?:, and ([\d.]+) more)?", "".join(TOPS.values()))
    assert len(costs) == len(NAMES)
    cents = sum(float(once) + float(more or 0) for once, more in costs)
    assert 0 < int(re.search(r"together cost less than (\d+) US\s+cents", PAGE)[1]) - cents <= 1
    questions = re.findall(r"(?m)^(\d+)\. .+\?$|^(\d+)\. .*\. ", PAGE.partition("## Quiz at the door")[2])
    answers = re.findall(r"(?m)^\| (\d+) \| .+ \| (\d\d) \|$", PAGE)
    assert [int(one or other) for one, other in questions] == [int(number) for number, _ in answers] == [*range(1, 11)]
    assert {lesson for _, lesson in answers} <= {name[:2] for name in NAMES}

"""The README is short and its program runs; what a commit may hold; the locks hold what is wished for and say why."""

import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course.assets import ROOT
from tests.api import API_KEY, serve
from tests.tools import check_files

LINES_OF_README = 110
FENCE = re.compile(r"(?ms)^ *```(\w*)\n(.*?)^ *```\n")
README = (ROOT / "README.md").read_text("utf-8")


def test_the_readme_is_short():
    lines = FENCE.sub("", README).splitlines()
    assert len(lines) <= LINES_OF_README, "what does no learner, adapter or presenter need? CONTRIBUTING has room"


@pytest.mark.slow
def test_the_program_of_ones_own_runs_with_helpers_alone(tmp_path):
    program = dict(FENCE.findall(README))["python"]
    assert len(program.splitlines()) <= 20
    (tmp_path / "describe.py").write_text(program, "utf-8")
    (tmp_path / "course.py").write_text("raise ImportError('a program of your own has no course')", "utf-8")
    shutil.copytree(ROOT / "helpers", tmp_path / "helpers")
    with serve() as api:
        env = {**os.environ, "OPENAI_BASE_URL": f"{api.url}/v1", "OPENAI_API_KEY": API_KEY, "PYTHONPATH": ""}
        command = [sys.executable, "describe.py", ROOT / "asset" / "images" / "cow.webp"]
        done = subprocess.run(command, cwd=tmp_path, env=env, text=True, capture_output=True, timeout=60)
    assert done.stdout.startswith("A black-and-white cow with a yellow ear tag stands in a meadow"), done.stderr


# What a commit runs


def test_every_file_here_may_be_committed(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert check_files.main([]) == 0, capsys.readouterr().out


def test_what_may_not_be_committed_is_named(tmp_path, capsys):
    text, lesson = tmp_path / "a.md", tmp_path / "a.ipynb"
    text.write_bytes(b"a\r\nb")
    cell = new_code_cell("1", outputs=[new_output("error", ename="E", evalue="")])
    about = {"language_info": {"name": "python", "version": "3"}}
    nbformat.write(new_notebook(cells=[cell], metadata=about), lesson)
    assert check_files.main([str(text), str(lesson)]) == 1
    wrong = ["line ends of Windows", "one newline", "stored as one run", "versions of this machine", "cell 1: an error"]
    assert all(words in said for words, said in zip(wrong, capsys.readouterr().out.splitlines(), strict=True))


# What `make lock` makes


def requirements(name):
    """{package: the rest of its line} of a requirements file, comments and options left out."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    parts = [re.fullmatch(r"([\w.-]+)(.*)", line).groups() for line in lines if line and line[0] not in "#-"]
    return {re.sub(r"[-_.]+", "-", package).lower(): rest for package, rest in parts}


def test_the_locks_pin_each_wish_which_has_a_reason_agree_and_name_no_place():
    learner = requirements("requirements.txt")
    for name in ("requirements", "tests/requirements", "docs/requirements"):
        pins, wishes = requirements(f"{name}.txt"), requirements(f"{name}.in")
        assert [package for package, rest in pins.items() if not re.match(r"==\d[\w.]*( |$)", rest)] == []
        assert [package for package, rest in wishes.items() if not re.search(r"\s# \w+.* \w+", rest)] == []
        assert wishes.keys() <= pins.keys()
        assert all(pins[shared].split()[0] == learner[shared].split()[0] for shared in pins.keys() & learner.keys())
        place = r"(?m)://|file:|^-(?!e \.)|(^|\s)[/~]|[A-Z]:\\| @ "
        assert not re.search(place, (ROOT / f"{name}.txt").read_text("utf-8"))
    both = requirements("tests/requirements.in").keys() & learner.keys()
    assert both == {"pytest"}, "nbval brings it to a learner, who needs no other test tool"

"""Each lock holds what the file .in beside it wishes for, and that says why."""

import re

import pytest

from course.assets import ROOT


def requirements(name):
    """{package: the rest of its line} of a requirements file, comments and options left out."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    parts = [re.fullmatch(r"([\w.-]+)(.*)", line).groups() for line in lines if line and line[0] not in "#-"]
    return {re.sub(r"[-_.]+", "-", package).lower(): rest for package, rest in parts}


@pytest.mark.parametrize("name", ["requirements", "tests/requirements", "docs/requirements"])
def test_every_line_is_pinned_names_no_place_and_every_wish_has_a_reason(name):
    text = (ROOT / f"{name}.txt").read_text("utf-8")
    pins, wishes = requirements(f"{name}.txt"), requirements(f"{name}.in")
    assert [package for package, rest in pins.items() if not re.match(r"==\d[\w.]*( |$)", rest)] == []
    assert not re.search(r"://|file:|index-url|find-links|(^|\s)[/~]|[A-Z]:\\| @ ", text, re.MULTILINE)
    options = [line.partition("#")[0].strip() for line in text.splitlines() if line.startswith("-")]
    assert options == (["-e ."] if name == "requirements" else [])
    assert wishes and wishes.keys() <= pins.keys()
    assert [package for package, rest in wishes.items() if not re.search(r"\s# \w+.* \w+", rest)] == []


def test_the_locks_agree_and_no_test_tool_reaches_a_learner():
    learner, tools = requirements("requirements.txt"), requirements("tests/requirements.in")
    for others in map(requirements, ("tests/requirements.txt", "docs/requirements.txt")):
        shared = learner.keys() & others.keys()
        assert shared and [name for name in shared if others[name].split()[0] != learner[name].split()[0]] == []
    assert tools.keys() & learner.keys() == {"psutil", "pytest"}
    assert "nbval" in learner["pytest"] and "via ipy" in learner["psutil"], "nbval and IPython need them, nobody else"

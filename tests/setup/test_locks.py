"""The locks hold what requirements.in and tests/requirements.in wish for, and both say why."""

import re

import pytest

from course.assets import ROOT


def requirements(name):
    """{package: the rest of its line} of a requirements file, comments and options left out."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    parts = [re.fullmatch(r"([\w.-]+)(.*)", line).groups() for line in lines if line and line[0] not in "#-"]
    return {re.sub(r"[-_.]+", "-", package).lower(): rest for package, rest in parts}


@pytest.mark.parametrize("name", ["requirements", "tests/requirements"])
def test_every_line_is_pinned_names_no_place_and_every_wish_has_a_reason(name):
    text = (ROOT / f"{name}.txt").read_text("utf-8")
    pins, wishes = requirements(f"{name}.txt"), requirements(f"{name}.in")
    assert [package for package, rest in pins.items() if not re.match(r"==\d[\w.]*( |$)", rest)] == []
    assert not re.search(r"://|file:|index-url|find-links|(^|\s)[/~]|[A-Z]:\\| @ ", text, re.MULTILINE)
    options = [line.partition("#")[0].strip() for line in text.splitlines() if line.startswith("-")]
    assert options == (["-e ."] if name == "requirements" else [])
    assert wishes and wishes.keys() <= pins.keys()
    assert [package for package, rest in wishes.items() if not re.search(r"\s# \w+.* \w+", rest)] == []


def test_both_locks_agree_and_no_test_tool_reaches_a_learner():
    learner, locked, tools = map(requirements, ("requirements.txt", "tests/requirements.txt", "tests/requirements.in"))
    shared = [(locked[name].split()[0], learner[name].split()[0]) for name in learner.keys() & locked.keys()]
    assert shared and all(tests == ours for tests, ours in shared)
    assert tools.keys() & learner.keys() == {"psutil", "pytest"}
    assert "via nbval" in learner["pytest"] and "via distributed" in learner["psutil"], "others need them, not we"

"""The locks hold what requirements.in and tests/requirements.in wish for, and both say why."""

import re

import pytest

from course.assets import ROOT

LOCKS = ("requirements", "tests/requirements")


def requirements(name):
    """{package: the rest of its line} of a requirements file, comments and options left out."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    parts = [re.fullmatch(r"([\w.-]+)(.*)", line).groups() for line in lines if line and line[0] not in "#-"]
    return {re.sub(r"[-_.]+", "-", package).lower(): rest for package, rest in parts}


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_is_pinned_names_no_place_and_every_wish_has_a_reason(name):
    text, pins, wishes = (
        (ROOT / f"{name}.txt").read_text("utf-8"),
        requirements(f"{name}.txt"),
        requirements(f"{name}.in"),
    )
    assert [package for package, rest in pins.items() if not re.match(r"==\d[\w.]*( |$)", rest)] == []
    assert not re.search(r"://|file:|index-url|find-links|(^|\s)[/~]|[A-Z]:\\| @ ", text, re.MULTILINE)
    options = [line.partition("#")[0].strip() for line in text.splitlines() if line.startswith("-")]
    assert options == (["-e ."] if name == "requirements" else [])
    assert wishes and wishes.keys() <= pins.keys()
    assert [package for package, rest in wishes.items() if not re.search(r"\s# \w+.* \w+", rest)] == []


def test_the_courses_own_choice_stands_first_and_this_folder_last():
    chosen = ["openai", "pillow", "matplotlib", "requests", "jupyter", "nbval"]
    assert list(requirements("requirements.in"))[:6] == chosen
    assert (ROOT / "requirements.in").read_text("utf-8").endswith("\n-e .\n")


def test_both_locks_agree_and_no_test_tool_reaches_a_learner():
    learner, locked, tools = map(requirements, ("requirements.txt", "tests/requirements.txt", "tests/requirements.in"))
    shared = learner.keys() & locked.keys()
    assert shared and {name: locked[name].split()[0] for name in shared} == {
        name: learner[name].split()[0] for name in shared
    }
    assert tools.keys() & learner.keys() == {"psutil", "pytest"}
    assert "nbval" in learner["pytest"], "pytest may be there because nbval needs it, for no other reason"
    assert "via ipy" in learner["psutil"], "and psutil because IPython does"

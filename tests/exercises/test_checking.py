"""Checking itself: nothing, nonsense and any request are answered with a reason; what is printed; the numbers."""

import os
import re
from importlib import import_module
from itertools import pairwise

import numpy as np
import pytest

from course import CourseError, exercises
from course.exercises import done, lesson_00
from course.recording import DEFAULT_MODEL
from helpers.tokens import price
from tests.exercises.cases import ALL, FUNCTIONS, answer_of
from tests.exercises.given import picture
from tests.lessons.lesson import NAMES

EMPTY = [None, ..., "", " ", [], (), {}, b"", {"content": None, "prediction": ...}, {"a": {"b": []}}]
FIELDS = sorted({name for exercise in ALL.values() for name in re.findall(r'"(\w+)"', exercise.expects)})
ENDLESS = []
ENDLESS.append(ENDLESS)
WILD = [
    7, [None], {"nonsense": 1}, True, float("nan"), 10**400, b"x", dict, np.zeros(3), ENDLESS, [{"type": []}, {}],
    dict.fromkeys(FIELDS, np.zeros(3)), {key: [{"role": []}] for key in FIELDS} | {"parts": [picture()], "data_url": 1},
]  # fmt: skip


def test_nothing_is_not_an_attempt_and_nonsense_is_a_reason_and_no_traceback():
    for number, exercise in ALL.items():
        for empty in EMPTY:
            assert exercises.judge(number, empty) == ("not attempted", f"it wants {exercise.expects}.")
        for answer in WILD:
            state, said = exercises.judge(number, answer)
            assert state == "not right yet" and 20 < len(said) < 400, (number, state, said)
        assert "What came is an object" in exercises.judge(number, object())[1]


@pytest.mark.parametrize("number", FUNCTIONS)
def test_a_function_that_fails_returns_nothing_or_spoils_what_it_was_given_is_told_so(number):
    said = exercises.judge(number, lambda *_: {}["my own"])[1]
    assert said.startswith("Given ") and "your function raised KeyError: 'my own'" in said
    assert "Does each branch end in a return?" in exercises.judge(number, lambda *_: None)[1]
    assert "without brackets" in exercises.judge(number, "called at once")[1]
    right = getattr(import_module(f"course.exercises.lesson_{number[:2]}"), answer_of(number).__name__)

    def spoil(first, *others):
        returned = right(first, *others)
        first.clear()
        return returned

    said = exercises.judge(number, spoil)[1]
    assert "your function changes what it was given. Change a copy" in said or "has no attribute 'clear'" in said
    assert exercises.judge(number, right)[0] == "right", "what was spoiled is not asked again"


def test_the_three_verdicts(capsys):
    exercises.check("00.3", None)
    exercises.check("00.3", 22_936)
    assert exercises.check("00.3", 8474) is None
    assert capsys.readouterr().out == (
        "00.3 is not attempted: it wants a number: how many such requests one US dollar buys.\n"
        'exercises.hint("00.3") gives a hint.\n'
        "00.3 is not right yet: It is not 22,936. The 62 tokens that the model writes are\n"
        "missing: they are paid too.\n"
        'exercises.hint("00.3") gives a hint.\n'
        "00.3 is right. One request costs 0.000118 dollars: 62 tokens out cost more than the 218\n"
        "tokens in with the picture.\n"
    )


@pytest.mark.parametrize("number", ALL)
def test_a_hint_is_no_solution_and_a_solution_can_be_pasted(number, capsys):
    exercise = ALL[number]
    exercises.hint(number)
    assert capsys.readouterr().out.split() == f"Hint for {number}: {exercise.hint}".split()
    exercises.solution(number)
    printed, solution = capsys.readouterr().out, exercise.solution.strip()
    compile(printed, number, "exec")
    assert printed.startswith(f"{solution}\n\n# Why: ")
    assert all(line.startswith("# ") and len(line) <= 88 for line in printed[len(solution) :].split("\n")[2:-1])


@pytest.mark.parametrize("call", [exercises.hint, exercises.solution, lambda n: exercises.check(n, 1)])
@pytest.mark.parametrize("number", ["00.4", 1.1, []])
def test_an_unknown_number_lists_what_there_is(call, number):
    with pytest.raises(CourseError, match=re.escape("There are: " + ", ".join(ALL) + ".")) as error:
        call(number)
    assert repr(number) in str(error.value) and ('Do you mean "01.1"?' in str(error.value)) is (number == 1.1)


@pytest.mark.parametrize("left", [None, b"00.3\n00", b"\xff\0"], ids=["no file", "cut off", "broken"])
def test_progress_knows_what_was_right_here_and_a_file_disturbs_no_check(left, tmp_path, monkeypatch, capsys):
    assert str(done.FILE) == os.devnull, "a test is no progress of whoever runs it"
    monkeypatch.setattr(done, "FILE", tmp_path / "progress")
    if left is not None:
        done.FILE.write_bytes(left)
    for number, answer in [("00.3", 8474), ("01.3", answer_of("01.3")), ("00.1", None), ("00.2", 7)] * 2:
        exercises.check(number, answer)
    assert done.FILE.stat().st_size <= len(left or b"") + 14, "each is kept once"
    capsys.readouterr()
    exercises.progress()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == NAMES
    assert lines[0].endswith(" 1 of 3 · left: 00.1 00.2") and lines[1].endswith(" 1 of 3 · left: 01.1 01.2")
    done.FILE.unlink()
    done.FILE.mkdir()  # neither read nor written
    exercises.check("00.3", 8474)
    exercises.progress()
    assert "00.3 is right" in (out := capsys.readouterr().out) and " 0 of 3 · left: 00.1 00.2 00.3\n" in out


def test_the_price_of_an_exercise_is_the_price_of_the_course():
    assert 100 / price(DEFAULT_MODEL, 218, 62) == pytest.approx(lesson_00.PER_DOLLAR)
    values = sorted([lesson_00.PER_DOLLAR, *lesson_00.SLIPS])
    assert all(after / before > 1.02 for before, after in pairwise(values)), "slips can be told apart"

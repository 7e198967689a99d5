"""Answers that learners give: each mistake is named, and what is right in another form is right.

Each lesson has a table of wrong answers, with a piece of the reason that must be given, and one of right answers:
other types, other words, more than was asked for. What makes an answer is called when it is needed.
"""

import re

import pytest

from course import exercises
from tests.exercises import lessons_00_02, lessons_03_04, lessons_05_09, lessons_10_13
from tests.exercises.cases import ALL, FUNCTIONS, function_of
from tests.tools.mutate import mistakes_in_code

TABLES = (lessons_00_02, lessons_03_04, lessons_05_09, lessons_10_13)
WRONG = [(number, *row) for table in TABLES for number, rows in table.WRONG.items() for row in rows]
RIGHT = [(number, answer) for table in TABLES for number, answers in table.RIGHT.items() for answer in answers]


def made(number, answer):
    return answer() if callable(answer) and not isinstance(answer, type) and number not in FUNCTIONS else answer


@pytest.mark.parametrize(("number", "answer", "reason"), WRONG, ids=[f"{row[0]} {row[2]}" for row in WRONG])
def test_a_mistake_is_named(number, answer, reason):
    """A reason that ends with $ is the end of what is said."""
    state, said = exercises.judge(number, made(number, answer))
    assert state == "not right yet" and reason in f"{said}$", said


@pytest.mark.parametrize("number", FUNCTIONS)
def test_any_function_that_differs_from_the_solution_in_one_place_is_noticed(number):
    source = ALL[number].solution.encode()
    for begin, end, instead in mistakes_in_code(source):
        if source[begin:end] != instead and not source[begin:].startswith(b"exercises.check"):
            changed = (source[:begin] + instead + source[end:]).decode()
            assert exercises.judge(number, function_of(number, changed))[0] == "not right yet", changed


@pytest.mark.parametrize(("number", "answer"), RIGHT)
def test_other_right_answers_are_right_unless_a_field_is_empty(number, answer):
    answer = made(number, answer)
    state, said = exercises.judge(number, answer)
    assert state == "right", said
    for name in re.findall(r'"(\w+)"', ALL[number].expects) if isinstance(answer, dict) else ():
        assert exercises.judge(number, answer | {name: None})[1].startswith(f'"{name}" is empty or missing.')


def test_the_tables_hold_every_exercise():
    wrong = [number for number, _, _ in WRONG]
    assert {number for number in ALL if wrong.count(number) >= 2} == {number for number, _ in RIGHT} == {*ALL}

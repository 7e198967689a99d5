"""Answers that learners give: each mistake is named, and what is right in another form is right."""

import pytest

from course import exercises
from tests.exercises import lesson_10, lesson_11, lesson_12, lessons_00_02, lessons_03_04, lessons_05_09, lessons_13
from tests.exercises.cases import ALL, FUNCTIONS, function_of
from tests.tools.mutate import mistakes_in_code

TABLES = (lessons_00_02, lessons_03_04, lessons_05_09, lesson_10, lesson_11, lesson_12, lessons_13)
WRONG = [(number, *row) for table in TABLES for number, rows in table.WRONG.items() for row in rows]
RIGHT = [(number, answer) for table in TABLES for number, answers in table.RIGHT.items() for answer in answers]


def judge(number, answer):
    makes_one = callable(answer) and not isinstance(answer, type) and number not in FUNCTIONS
    return exercises.judge(number, answer() if makes_one else answer)


@pytest.mark.parametrize(("number", "answer", "reason"), WRONG, ids=[f"{row[0]} {row[2]}" for row in WRONG])
def test_a_mistake_is_named(number, answer, reason):
    """A reason that ends with $ is the end of what is said."""
    state, said = judge(number, answer)
    assert state == "not right yet", said
    assert reason in said or (reason[-1] == "$" and said.endswith(reason[:-1])), said


@pytest.mark.parametrize("number", FUNCTIONS)
def test_any_function_that_differs_from_the_solution_in_one_place_is_noticed(number):
    source = ALL[number].solution.encode()
    for begin, end, instead in mistakes_in_code(source):
        if source[begin:end] != instead and not source[begin:].startswith(b"exercises.check"):
            changed = (source[:begin] + instead + source[end:]).decode()
            assert exercises.judge(number, function_of(number, changed))[0] == "not right yet", changed


@pytest.mark.parametrize(("number", "answer"), RIGHT)
def test_other_right_answers_are_right(number, answer):
    assert judge(number, answer)[0] == "right", judge(number, answer)[1]


def test_the_tables_hold_every_exercise():
    wrong = [number for number, _, _ in WRONG]
    assert {number for number in ALL if wrong.count(number) >= 2} == {number for number, _ in RIGHT} == {*ALL}

"""Answers that learners give: each mistake is named, and what is right in another form is right."""

import re

import pytest

from course import exercises
from tests.exercises.cases import ALL, FUNCTIONS, answer_of, hand_in, slips
from tests.exercises.right import OTHER_WAYS, RIGHT
from tests.exercises.wrong import WRONG

# Slips that change nothing: no case of 09.2 has spaces around it, and 10.2 asks alone for a line that is too large.
SAME = ("pasted)", "files: (list)", "size = (-1)", "true[(-1)]", "            pass")
LETTERS = ("00.1", "07.1", "12.1")


@pytest.mark.parametrize(("number", "there", "instead", "reason"), WRONG, ids=[f"{row[0]} {row[3]}" for row in WRONG])
def test_a_mistake_is_named(number, there, instead, reason):
    state, said = exercises.judge(number, answer_of(number, there, instead))
    assert state == "not right yet" and reason in said, said


@pytest.mark.parametrize("number", LETTERS)
def test_each_letter_has_a_reason_of_its_own(number):
    right = set(answer_of(number))
    reasons = {letter: exercises.judge(number, right ^ {letter})[1] for letter in "abcdef"}
    assert len({*reasons.values()}) == 6 and "There is no" not in str(reasons)
    assert number == "12.1" or all(re.search(rf"\b{letter}\b", reasons[letter]) for letter in reasons)


@pytest.mark.parametrize("number", FUNCTIONS)
def test_any_function_that_differs_from_the_solution_in_one_place_is_noticed(number):
    for changed in slips(ALL[number].solution):
        if not any(same in changed for same in SAME):
            assert exercises.judge(number, hand_in(number, changed))[0] == "not right yet", changed


@pytest.mark.parametrize("number", [n for n in ALL if " dict" in ALL[n].expects and n not in FUNCTIONS])
def test_a_solution_is_right_unless_a_field_is_empty(number):
    answer = answer_of(number)
    assert exercises.judge(number, answer)[0] == "right"
    for name in re.findall(r'"(\w+)"', ALL[number].expects):
        assert exercises.judge(number, answer | {name: None})[1].startswith(f'"{name}" is empty or missing.')


@pytest.mark.parametrize(("number", "slip"), [*((number, slip) for number, *slip in RIGHT), *OTHER_WAYS.items()])
def test_what_is_right_in_another_form_or_by_another_way_is_right(number, slip):
    state, said = exercises.judge(number, slip if callable(slip) else answer_of(number, *slip))
    assert state == "right", said


def test_the_table_holds_every_exercise_that_has_no_slips_or_letters():
    wrong = [number for number, *_ in WRONG]
    assert [number for number in ALL if wrong.count(number) < 2 and number not in (*FUNCTIONS, *LETTERS)] == []

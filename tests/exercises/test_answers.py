"""Answers that learners give: each mistake is named, and what is right in another form is right."""

import re

import pytest

from course import exercises
from tests.exercises.cases import ALL, FUNCTIONS, answer_of, hand_in, slips
from tests.exercises.right import OTHER_WAYS, RIGHT
from tests.exercises.wrong import WRONG

# Slips that change nothing: no case of 09.2 has spaces around it, and 10.2 asks alone for a line that is too large.
SAME = ("pasted)", "files: (list)", "size = (-1)", "true[(-1)]", "            pass")


@pytest.mark.parametrize(("number", "there", "instead", "reason"), WRONG, ids=[f"{row[0]} {row[3]}" for row in WRONG])
def test_a_mistake_is_named(number, there, instead, reason):
    """A reason that ends with $ is the end of what is said."""
    state, said = exercises.judge(number, answer_of(number, there, instead))
    assert state == "not right yet" and reason in f"{said}$", said


@pytest.mark.parametrize("number", ["00.1", "07.1", "12.1"])
def test_each_letter_has_a_reason_of_its_own(number):
    right = set(answer_of(number))
    reasons = [exercises.judge(number, right ^ {letter})[1] for letter in "abcdef"]
    assert len({*reasons}) == 6 and not any("There is no" in reason for reason in reasons)
    named = [bool(re.search(rf"\b{letter}\b", reason)) for letter, reason in zip("abcdef", reasons, strict=True)]
    assert all(named) or number == "12.1", reasons


@pytest.mark.parametrize("number", FUNCTIONS)
def test_any_function_that_differs_from_the_solution_in_one_place_is_noticed(number):
    for changed in slips(ALL[number].solution):
        if not any(same in changed for same in SAME):
            assert exercises.judge(number, hand_in(number, changed))[0] == "not right yet", changed


@pytest.mark.parametrize(
    "number", [number for number in ALL if " dict" in ALL[number].expects and number not in FUNCTIONS]
)
def test_a_solution_is_right_unless_a_field_is_empty(number):
    answer = answer_of(number)
    assert exercises.judge(number, answer)[0] == "right"
    for name in re.findall(r'"(\w+)"', ALL[number].expects):
        assert exercises.judge(number, answer | {name: None})[1].startswith(f'"{name}" is empty or missing.')


@pytest.mark.parametrize(("number", "there", "instead"), RIGHT)
def test_a_right_answer_in_another_form_is_right(number, there, instead):
    state, said = exercises.judge(number, answer_of(number, there, instead))
    assert state == "right", said


@pytest.mark.parametrize("number", OTHER_WAYS)
def test_another_way_to_the_same_results_is_right(number):
    state, said = exercises.judge(number, OTHER_WAYS[number])
    assert state == "right", said


def test_the_table_holds_every_exercise():
    wrong = [number for number, *_ in WRONG]
    assert [number for number in ALL if wrong.count(number) < 2] == []

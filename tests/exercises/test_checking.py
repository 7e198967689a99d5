"""Checking itself: nothing, nonsense and any request are answered with a reason; what is printed; the numbers."""

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion

from course import CourseError, exercises
from course.assets import ROOT
from course.exercises import exercise as checks
from course.exercises import lesson_00, lesson_01
from course.recording import DEFAULT_MODEL
from helpers.tokens import price
from tests.exercises import test_lessons_00_02, test_lessons_03_04, test_lessons_05_09, test_verdicts
from tests.exercises.cases import ALL, FUNCTIONS, LESSONS, picture, text
from tests.exercises.test_lessons_00_02 import TALK, request

TABLES = (test_lessons_00_02, test_lessons_03_04, test_lessons_05_09)


def test_the_tables_hold_every_exercise():
    names = sorted(path.stem for path in (ROOT / "course" / "exercises").glob("lesson_*.py"))
    assert names == [f"lesson_{lesson}" for lesson in LESSONS]
    wrong = [number for tables in TABLES for number, cases in tables.WRONG.items() for _ in cases]
    wrong += [number for number, _, _ in test_verdicts.WRONG]
    right = [number for tables in TABLES for number in tables.ALSO_RIGHT]
    right += [number for number, _ in test_verdicts.RIGHT]
    assert list(ALL) == sorted(set(wrong)) == sorted(set(right))
    assert min(map(wrong.count, ALL)) >= 2


EMPTY = [None, ..., "", " ", [], (), {}, b"", {"content": None, "prediction": ...}, {"a": {"b": []}}]


@pytest.mark.parametrize("number", ALL)
def test_nothing_is_not_an_attempt(number):
    for empty in EMPTY:
        assert exercises.judge(number, empty) == ("not attempted", f"it wants {ALL[number].expects}.")


class Strange:
    """An object that answers nothing as it should."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __eq__(self, other):
        raise RuntimeError("==")

    __hash__ = None


def of_all_fields(value):
    names = (
        "content",
        "prediction",
        "messages",
        "pictures_paid",
        "data_url",
        "low",
        "high",
        "width",
        "height",
        "parts",
    )
    return dict.fromkeys(names, value)


ENDLESS = []


ENDLESS.append(ENDLESS)


WILD = {
    "an int": 7, "a str": "words", "an object": object(), "a list of None": [None], "nonsense": {"nonsense": 1},
    "True": True, "nan": float("nan"), "infinite": float("inf"), "huge": 10**400, "bytes": b"x", "a class": dict,
    "an SDK class": ChatCompletion, "a function": print, "an array": np.zeros(3), "a set": {1}, "a range": range(3),
    "strange": Strange(), "endless": ENDLESS, "a list of strange": [Strange()], "dicts": [{"type": []}, {}],
    "fields of strange": of_all_fields(Strange()),
    "fields of lists": of_all_fields([[1], None]),
    "functions as numbers": of_all_fields(max) | {"content": [text("a"), picture()], "messages": TALK},
    "odd types": of_all_fields([{"role": []}]) | {"content": [text("a"), picture()], "data_url": 1},
}  # fmt: skip


@pytest.mark.parametrize("name", WILD)
@pytest.mark.parametrize("number", ALL)
def test_whatever_comes_is_a_reason_and_no_traceback(number, name, capsys):
    state, said = exercises.judge(number, WILD[name])
    assert state == "not right yet"
    assert 20 < len(said) < 400
    exercises.check(number, WILD[name])


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["user", "text"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["role", "content", "type", "text", "image_url", "url", "detail", "messages", "model"]), inner
    ),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(json_like, json_like)
def test_any_request_is_read_or_refused(one, other):
    for number in ALL:
        names = re.findall(r'"(\w+)"', ALL[number].expects)
        for answer in (one, dict(zip(names, (one, other), strict=False)), request(messages=one)):
            assert exercises.judge(number, answer)[0] in ("not right yet", "not attempted")


@pytest.mark.parametrize("number", FUNCTIONS)
def test_functions_of_learners(number):
    def raises(*_):
        raise KeyError("the learner's own")

    def unfinished(*_): ...

    state, said = exercises.judge(number, raises)
    assert state == "not right yet" and 'your function raised KeyError: "the learner\'s own"' in said
    assert said.startswith("Given a")
    state, said = exercises.judge(number, unfinished)
    assert state == "not right yet" and "Does each branch end in a return?" in said


def test_a_function_may_not_spoil_the_cases_for_the_next():
    def spoils(conversation, answer, question):
        conversation.clear()
        answer.choices[0].message.content = None

    exercises.judge("01.3", spoils)
    assert exercises.judge("01.3", lesson_01.go_on)[0] == "right"


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
def test_hint_and_solution(number, capsys):
    exercise = ALL[number]
    assert exercises.hint(number) is None
    hint = " ".join(capsys.readouterr().out.split())
    assert hint == f"Hint for {number}: {' '.join(exercise.hint.split())}"
    assert exercises.solution(number) is None
    printed = capsys.readouterr().out
    compile(printed, number, "exec")  # all of it can be pasted
    assert printed.startswith(exercise.solution.strip())
    *_, last = exercise.solution.strip().splitlines()
    assert last.startswith(f'exercises.check("{number}", ') and last not in exercise.hint
    why = printed.removeprefix(exercise.solution.strip()).strip().splitlines()
    assert all(line.startswith("# ") and len(line) <= 88 for line in why) and why[0].startswith("# Why: ")


@pytest.mark.parametrize("call", [exercises.hint, exercises.solution, lambda n: exercises.check(n, 1)])
@pytest.mark.parametrize("number", ["00.4", "99.1", "1.1", 1.1, "", None, [], "00"])
def test_an_unknown_number_lists_what_there_is(call, number):
    with pytest.raises(CourseError, match=re.escape("there are: " + ", ".join(ALL) + ".")) as error:
        call(number)
    assert repr(number) in str(error.value)
    assert ('Do you mean "01.1"?' in str(error.value)) is (str(number) == "1.1")


def test_a_mistake_of_a_checker_is_no_traceback(monkeypatch):
    def broken(answer):
        return 1 / 0

    nine = checks.Exercise("00.9", "a dog", "", "", "")
    monkeypatch.setitem(checks.EXERCISES, "00.9", nine)
    nine(broken)
    state, said = exercises.judge("00.9", 3)
    assert state == "not right yet"
    assert said == "it wants a dog. What came is an int that cannot be read (ZeroDivisionError)."


def test_the_price_of_an_exercise_is_the_price_of_the_course():
    assert 100 / price(DEFAULT_MODEL, 218, 62) == pytest.approx(lesson_00.PER_DOLLAR)
    assert int(lesson_00.PER_DOLLAR) == 8474


def test_slips_can_be_told_apart():
    values = sorted([lesson_00.PER_DOLLAR, *lesson_00.SLIPS])
    assert all(after / before > 1.02 for before, after in pairwise(values))

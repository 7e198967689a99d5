"""What a lesson calls: `check` an answer, ask for a `hint`, see the `solution`. The rules are in the lessons' files."""

import textwrap
from importlib import import_module
from pathlib import Path

from .. import CourseError
from ..language import language, translate
from .done import remember
from .exercise import EXERCISES, Exercise, Wrong, WrongShape
from .reading import is_blank, type_name


def check(number: str, answer) -> None:
    """Print what there is to say about an answer: not attempted, not right yet and why, or right and why.

    Raises CourseError if there is no exercise of this number ("01.1"), and nothing else, whatever the answer.
    """
    state, reason = judge(number, answer)
    _say(f"{number} is {state}. {reason}" if state == "right" else f"{number} is {state}: {reason}")
    if state == "right":
        remember(number)
    else:
        print(f'exercises.hint("{number}") gives a hint.')


def hint(number: str) -> None:
    """Print a hint: where to look, not what to write. Raises CourseError for an unknown number."""
    _say(f"Hint for {number}: {_find(number).hint}")


def solution(number: str) -> None:
    """Print code to paste into the exercise's cell, and a comment that says why. Raises CourseError if unknown."""
    exercise = _find(number)
    print(exercise.solution.strip(), end="\n\n")
    _say(f"Why: {exercise.why}", mark="# ")


def judge(number: str, answer) -> tuple[str, str]:
    """Return the verdict, "right", "not right yet" or "not attempted", and the sentence that says why."""
    exercise = _find(number)
    wanted = f"it wants {exercise.expects}."
    if is_blank(answer):
        return "not attempted", wanted
    try:
        exercise.check(answer)
        return "right", exercise.why[:1].upper() + exercise.why[1:]
    except WrongShape as reason:
        return "not right yet", f"{wanted} What came is {reason}."
    except Wrong as reason:
        return "not right yet", str(reason)
    except Exception as error:  # whatever a learner hands in, a reason helps and a traceback of ours does not
        came = f"{type_name(answer)} that cannot be read ({type(error).__name__})"
        return "not right yet", f"{wanted} What came is {came}."


def _find(number: str) -> Exercise:
    """Return the exercise of this number; its lesson's file is loaded when it is first asked for."""
    lessons = sorted(path.stem for path in Path(__file__).parent.glob("lesson_*.py"))
    for lesson in sorted(lessons, key=lambda lesson: lesson != f"lesson_{str(number)[:2]}"):  # its own first
        import_module(f"{__package__}.{lesson}")
        if str(number) in EXERCISES:
            return EXERCISES[str(number)]
    known = ", ".join(sorted(EXERCISES))
    near = f' Do you mean "0{number}"?' if f"0{number}" in EXERCISES else ""
    raise CourseError(f"There is no exercise {number!r}; write it in quotation marks.{near} There are: {known}.")


def _say(text: str, mark: str = "") -> None:
    print(in_lines(text, language(), mark))


def in_lines(text: str, into: str, mark: str = "") -> str:
    """Translate a text and fill lines as wide as an answer; what is quoted, such as an address, is kept whole."""
    width = 60 if into else 88  # a letter of Hangul is as wide as two
    wrapper = textwrap.TextWrapper(width, mark, mark, break_long_words=False, break_on_hyphens=False)
    return wrapper.fill(translate(text, into))

"""The rules of the exercises: one file a lesson, three exercises a file.

To add those of the next lesson, copy `lesson_00.py` to `lesson_NN.py`. `exercises.py` finds the file by its name, and
its `EXERCISES` by their numbers. For each exercise write

1. a checker: a function that takes the learner's answer, raises `Wrong("reason")` for each mistake that people really
   make, and may return a sentence that says why the answer is right. It computes the truth from what the learner built
   and compares; it never reads a model's words, and never takes an answer for its length or for a word in it.
   `reading.py` takes requests and values apart, and raises for what can't be read; `comparing.py` holds a number, a
   request or a function's results against what is wanted, and has most of what a checker needs.
2. an `Exercise`: what is expected, a hint, a solution to paste, why it is one. A function that is the solution stands
   in the file as such: `getsource` shows it, and `cases_by` lets it say what is right for each case.

At least one exercise of a lesson has `predicts=True`: the learner says what will happen before running it. Then put
the cells into the notebook as lesson 00 does, and cases into `tests/exercises/test_exercises.py`: two wrong answers at
least.
"""

from collections.abc import Callable
from dataclasses import dataclass


class Wrong(Exception):
    """The answer is wrong; the message is a reason that teaches, whole sentences."""


class WrongShape(Wrong):
    """The answer has another shape; the message says what came ("a list"), and `expects` is added to it."""


def require(condition, reason: str) -> None:
    """Raise Wrong with this reason unless the condition holds."""
    if not condition:
        raise Wrong(reason)


@dataclass(frozen=True)
class Exercise:
    """One exercise. `expects` goes on from "it wants …" and has no full stop; `solution` ends with its own check.

    `why` goes on from "Why: …"; it is also what is said of a right answer, unless `check` returns a sentence.
    """

    check: Callable[[object], str | None]
    expects: str
    hint: str
    solution: str
    why: str
    predicts: bool = False

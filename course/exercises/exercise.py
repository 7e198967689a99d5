"""What an exercise is: one file a lesson, three exercises a file.

Copy `lesson_00.py` to `lesson_NN.py`; `checking.py` finds the file by its name. For each exercise write

1. a checker: a function that takes the learner's answer and raises `Wrong` (or calls `require`) with a reason for each
   mistake that people really make. It compares with a truth that it computes, never with a model's words.
   `reading.py` takes answers apart, `comparing.py` compares. It may return a sentence for a right answer;
2. an `Exercise`: what is expected, a hint, a solution to paste, why it is one. A function that is the solution stands
   in the file as such: `getsource` shows it, and `cases_by` lets it say what is right for each case. One exercise a
   lesson has `predicts=True`: the learner says what will happen before running it;
3. its cells in the notebook, as in lesson 00, and cases in `tests/exercises/`: two wrong answers at least.
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
    """An exercise. `expects` goes on from "it wants …", without a full stop; `solution` ends with its own check.

    `why` goes on from "Why: …"; it is also what is said of a right answer, unless `check` returns a sentence.
    """

    check: Callable[[object], str | None]
    expects: str
    hint: str
    solution: str
    why: str
    predicts: bool = False

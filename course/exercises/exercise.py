"""What an exercise is: one file a lesson, three exercises a file.

Copy `lesson_00.py` to `lesson_NN.py`; `checking.py` finds it by its name. For each exercise write

1. a checker: a function that takes the learner's answer and raises `Wrong` (or calls `require`) with a reason for each
   mistake that people really make. It compares with a truth that it computes, never with a model's words.
   `reading.py` takes answers apart, `comparing.py` compares;
2. an `@Exercise` above it. A solution ends with its own check. A function that is one stands in the file: `getsource`
   shows it, and `cases_by` lets it say what is right. The first exercise of a lesson is a prediction;
3. its cells in the notebook, as in lesson 00, and cases in `tests/exercises/`: two wrong answers at least.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


class Wrong(Exception):
    """The answer is wrong; the message is a reason that teaches, whole sentences."""


class WrongShape(Wrong):
    """The answer has another shape; the message says what came ("a list"), and `expects` is added to it."""


def require(condition, reason: str) -> None:
    """Raise Wrong with this reason unless the condition holds."""
    if not condition:
        raise Wrong(reason)


EXERCISES: dict[str, "Exercise"] = {}  # by number, those of the lessons that are loaded


@dataclass
class Exercise:
    """An exercise, written above its checker. `expects` goes on from "it wants …", `why` from "Why: …"."""

    number: str
    expects: str
    hint: str
    solution: str
    why: str
    check: Callable[[object], None] = field(init=False)

    def __call__(self, check):
        self.check, EXERCISES[self.number] = check, self
        return check

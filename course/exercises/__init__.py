"""The exercises: `check` an answer, ask for a `hint`, see the `solution`.

    exercises.check("01.1", my_answer)
"""

from .checking import check, hint, judge, solution

__all__ = ["check", "hint", "judge", "solution"]

"""The exercises: `check` an answer, ask for a `hint`, see the `solution`; `progress` says how far you are.

Nothing here asks a service or needs a key: a checker looks at the request that a learner built, or at a value that they
computed, never at a model's words. So it says the same in replay and live. No answer leads to a traceback.

>>> from course import exercises
>>> exercises.check("00.3", 8474)
00.3 is right. One request costs 0.000118 dollars: 62 tokens out cost more than the 218
tokens in with the picture.

`lesson_NN.py` holds the exercises of a lesson; `exercise.py` says how to add one.
"""

from .checking import check, hint, judge, solution
from .done import progress

__all__ = ["check", "hint", "judge", "progress", "solution"]

"""The machinery of the lessons: a program of your own leaves it out.

recording   answers replayed from a file, or live; where an answer came from
exercises   check an answer, get a hint, see the solution
"""


class CourseError(Exception):
    """Base of the course's own errors: shown in a notebook as its sentences alone, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]

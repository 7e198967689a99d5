"""Replay, live, record: `start` at the top of a lesson decides where answers come from; no other line knows.

In replay (the default) they come from asset/recordings/; `COURSE_MODE` or `start(lesson, mode="live")` changes that.
`show_answer` shows an answer and where it came from, which `origin(id)` tells. Inside, `tape.py` chooses the answer,
`shape.py` is the file, `not_recorded.py` writes the message for what is not in it, `masking.py` hides secrets.

    >>> from course import recording
    >>> recording.start("01_url_input", mode="replay")  # doctest: +ELLIPSIS
    Replay: ... recorded answers, no request leaves this machine.
    >>> recording.stop()  # requests and environment are as they were
"""

from .answer import show_answer
from .not_recorded import NotRecorded
from .readable import DEFAULT_MODEL
from .session import LiveModeError, model, origin, start, stop
from .shape import RecordingError

__all__ = ["DEFAULT_MODEL", "LiveModeError", "NotRecorded", "RecordingError", "model", "origin", "show_answer"]
__all__ += ["start", "stop"]

"""Replay, live, record: the one line at the top of a lesson that decides where answers come from.

In replay (the default) every request of `openai` and `requests` is answered from asset/recordings/ without opening a
socket; `COURSE_MODE` or `start(lesson, mode="live")` changes that, and no other line of a lesson knows.

    >>> from course import recording
    >>> recording.start("01_url_input", mode="replay")
    >>> recording.mode(), recording.model()
    ('replay', 'gpt-5.6-luna')
    >>> recording.stop()  # requests and environment are as they were

origin(id) tells where an answer came from; show_answer(answer) shows it with that, its tokens and why it ended.
"""

from .answer import show_answer
from .environment import LiveModeError
from .readable import DEFAULT_MODEL
from .session import Origin, mode, model, origin, start, stop
from .shape import RecordingError
from .tape import NotRecorded

__all__ = ["DEFAULT_MODEL", "LiveModeError", "NotRecorded", "Origin", "RecordingError", "mode", "model", "origin",
           "show_answer", "start", "stop"]  # fmt: skip

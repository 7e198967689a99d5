"""Replay, live, record: the one line at the top of a lesson that decides where answers come from.

    recording.start("01_url_input")

start(lesson)    open the lesson's recording, or go live
stop()           leave requests and environment as they were
mode(), model()  replay, live or record; the model that every lesson asks
origin(id)       where an answer came from
show_answer(a)   an answer's text, where it came from, its tokens, why it ended
"""

from .answer import show_answer
from .session import DEFAULT_MODEL, LiveModeError, NotRecorded, Origin, mode, model, origin, start, stop
from .shape import RecordingError

__all__ = ["DEFAULT_MODEL", "LiveModeError", "NotRecorded", "Origin", "RecordingError", "mode", "model", "origin",
           "show_answer", "start", "stop"]  # fmt: skip

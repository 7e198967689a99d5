"""Subtitles, as times and texts."""

import html
import re

from .scenes import VideoError, check_path

CLOCK = r"(?:(\d+):)?(\d\d?):(\d\d)[.,](\d{1,3})"
CUE = re.compile(rf"^[ \t]*{CLOCK}[ \t]*-->[ \t]*{CLOCK}.*\n((?:(?!.*-->).*\S.*\n?)*)", re.MULTILINE)
TAG = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")  # <i>, <v Ann>, <00:01.000>, and {\an8} of SubStation Alpha


def read_subtitles(path) -> list[tuple[float, float, str]]:
    """Read an .srt or .vtt file: (start, end, text) of each subtitle, in seconds; its text in one line, without tags.

    Raises:
        VideoError: for what is no text in UTF-8, and where no subtitle is found.
    """
    path = check_path(path)
    try:
        cues = CUE.findall(path.read_text("utf-8-sig") + "\n")
    except (OSError, ValueError) as error:
        raise VideoError(f"{path.name}: can't be read as text in UTF-8 ({error}). Save it in this encoding.") from None
    if not cues:
        raise VideoError(f"{path.name}: no subtitle in it. Each has a line such as 00:00:01,000 --> 00:00:02,500.")
    timed = [(_seconds(*cue[:4]), _seconds(*cue[4:8]), html.unescape(TAG.sub("", cue[8]))) for cue in cues]
    return [(start, end, " ".join(text.split())) for start, end, text in timed if text.strip()]


def _seconds(hours: str, minutes: str, seconds: str, fraction: str) -> float:
    return float(f"{int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)}.{fraction}")

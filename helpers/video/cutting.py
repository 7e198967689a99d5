"""Where a video cuts from one picture to another: its scenes, each with the time of a frame that stands for it."""

import math
from array import array
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
from av.video.reformatter import Interpolation, VideoReformatter

from ..encoding import Picture, open_picture
from .frames import converting, frame_at, opened, timed
from .moments import clock
from .sources import VideoError, existing, number

# ffmpeg's scene score says how far a frame differs from the one before, 0 to 1. Measured on 2026-11-23 at 160 pixels
# wide in RGB, for each clip its highest score. Cuts: 0.36 to 1.0 in camera1.mp4 and camera2.mp4, 0.63 to 1.0 between
# photographs of ours. No cuts: 0.13 in these two videos; in clips made from photographs at 25 frames a second, pans of
# 8 and 24 of 640 pixels a frame 0.20, zooms of 3 % a frame 0.18, fades of 8 and 25 frames 0.12, noise 0.03. Above the
# threshold, so taken for cuts: a whip pan (64 pixels a frame) 0.32, a camera shaken hard 0.284, a fade to black in 5
# frames 0.29, a flash of light 1.0.
THRESHOLD = 0.28
WIDTH = 160  # pixels: at 320, noise and the keyframes of a codec count for more


@dataclass(frozen=True)
class Scene:
    """A part of the video at `path`, from `start` until before `end`; a frame is at exactly `best`. All in seconds."""

    path: Path
    start: float
    end: float
    best: float

    def picture(self, max_side: int | None = 512) -> Picture:
        """The frame at `best`, upright, as JPEG, its longer side at most `max_side` pixels. Raises VideoError."""
        return open_picture(frame_at(self.path, self.best), max_side=max_side)

    def __str__(self) -> str:
        return f"{clock(self.start)} to {clock(self.end)}"


def scenes(path, *, threshold: float = THRESHOLD, shortest: float = 1.0, longest: float = 30.0) -> list[Scene]:
    """The scenes of a video, one after the other without a gap; `best` is the frame in the middle of each.

    A cut is where ffmpeg's scene score is above `threshold` (0 to 1; see THRESHOLD for what was measured). A cut that
    would leave less than `shortest` seconds before or behind it is dropped. A scene of more than `longest` seconds
    becomes equal parts of at most that length, so a video without cuts is divided evenly (a single frame that stands
    still for longer is not divided). Fades are no cuts.

    Raises VideoError for what is no readable video, and for bounds that make no sense.
    """
    threshold = number("threshold", threshold, above=0, most=1)
    shortest, longest = number("shortest", shortest), number("longest", longest, above=0)
    if longest < 2 * shortest:  # the halves of what is a little too long would be too short
        raise VideoError(
            f"longest is at least twice shortest: with shortest={shortest:g} give longest={2 * shortest:g} or more."
        )
    path = existing(path)
    times, cuts, end = array("d"), [0.0], 0.0  # 8 bytes a frame are all that grows with the video
    with opened(path) as (container, stream):
        is_cut = _detector(threshold)
        for at, lasts, frame in timed(container, stream, path):
            with converting(path):
                if is_cut(frame) and at - cuts[-1] >= shortest - 1e-6:
                    cuts.append(at)
            times.append(at)
            end = at + lasts
    while len(cuts) > 1 and end - cuts[-1] < shortest - 1e-6:
        cuts.pop()
    bounds = [
        *(bound for start, stop in pairwise([*cuts, end]) for bound in _divided(start, stop, longest, times)),
        end,
    ]
    return [Scene(path, start, stop, _middle(start, stop, times)) for start, stop in pairwise(bounds)]


def _detector(threshold: float) -> Callable[[av.VideoFrame], bool]:
    """A function to be given each frame in turn, which says whether a new scene begins with it."""
    shrink, height, graph = VideoReformatter(), 0, None
    exact = Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.BITEXACT

    def is_cut(frame: av.VideoFrame) -> bool:
        nonlocal height, graph
        if graph is None:
            height = min(max(2, round(WIDTH * frame.height / frame.width)), 4 * WIDTH)
            graph = av.filter.Graph()
            source = graph.add_buffer(width=WIDTH, height=height, format="rgb24", time_base=Fraction(1, 1000))
            select, sink = graph.add("select", f"gt(scene,{threshold})"), graph.add("buffersink")
            source.link_to(select)
            select.link_to(sink)
            graph.configure()
        graph.push(shrink.reformat(frame, WIDTH, height, "rgb24", interpolation=exact, threads=1))
        try:
            graph.pull()
        except (av.BlockingIOError, av.EOFError):  # nothing was selected
            return False
        return True

    return is_cut


def _divided(start: float, end: float, longest: float, times: array) -> list[float]:
    """Where the equal parts of a scene begin; a part in which no frame begins is left to the one before it."""
    parts = max(1, math.ceil((end - start - 1e-6) / longest))
    length, bounds = (end - start) / parts, []
    begun = {int((at - start) / length) for at in times[bisect_left(times, start) : bisect_left(times, end)]}
    for part in sorted(begun, reverse=True):
        bound = start + part * length
        if bisect_left(times, bound) < bisect_left(times, end):
            bounds.append(bound)
            end = bound
    return bounds[::-1]


def _middle(start: float, end: float, times: array) -> float:
    """The time of the frame that begins nearest to the middle, of those that begin in the scene."""
    first, after = bisect_left(times, start), bisect_left(times, end)
    middle = bisect_left(times, (start + end) / 2, first, after)
    near = times[max(first, middle - 1) : min(after, middle + 1)]
    return min(near, key=lambda at: abs(at - (start + end) / 2))

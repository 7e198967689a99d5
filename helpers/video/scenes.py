"""Where a video cuts, and its frames: each with its time, upright, in its true proportions.

A file is judged by what ffmpeg's libraries (in PyAV's wheel) find in it, never by its name. One frame is in memory at a
time, so a video may be of any length.
"""

import math
import os
import struct
import warnings
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from av.video.reformatter import Interpolation, VideoReformatter
from PIL import Image, ImageChops, ImageOps

from ..encoding import Picture, open_picture

# A scene score says how far a frame differs from the one before, 0 to 1. Highest of each clip, measured on 2026-11-23
# with ffmpeg's filter at WIDTH in RGB. Cuts: 0.36 to 1.0 in our two videos, 0.63 to 1.0 between photographs. No cuts:
# pans of up to 24 of 640 pixels a frame 0.20, zooms of 3 % a frame 0.18, fades of 8 frames 0.12, noise 0.03. Taken for
# cuts: a whip pan 0.32, a camera shaken hard 0.284, a fade to black in 5 frames 0.29, a flash of light 1.0.
THRESHOLD = 0.28
WIDTH = 160  # pixels: at 320, noise and the keyframes of a codec count for more
MAX_PIXELS = 2**26  # 8K has 33 million; decoding holds several frames at once, of at least 1.5 bytes a pixel
LEAP = 24 * 3600  # seconds: where two frames are farther apart than a day, the time stamps are broken
# The containers that are opened. Not among them: pictures; playlists, which would open other files and addresses.
FORMATS = "mov,matroska,avi,flv,asf,mpeg,mpegts,mpegvideo,h264,hevc,m4v,ivf,obu,ogg,mxf,dv,mp3,wav,flac,aac"
# Slower, but without the short cuts that differ between processors: a recording is found again by how a frame looks.
EXACT = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.BITEXACT | Interpolation.FULL_CHR_H_INT
# Before version 19, PyAV refuses a file for a title that is not UTF-8, unless it is told not to.
_LENIENT: Any = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
_DAMAGE = (av.FFmpegError, OSError, ValueError, MemoryError)  # what PyAV raises when a file is not what it should be


class VideoError(ValueError):
    """A video, or what was asked of it, that can't be used; the message says why, and what to do."""


@dataclass(frozen=True)
class Frame:
    """A frame of a video: `seconds` after its first one, and the upright PIL `image`."""

    seconds: float
    image: Image.Image


@dataclass(frozen=True)
class Scene:
    """A part of the video at `path`, from `start` until before `end`; a frame is at exactly `best`. All in seconds."""

    path: Path
    start: float
    end: float
    best: float

    def picture(self, max_side: int | None = 512) -> Picture:
        """Return the frame at `best`, upright, as JPEG, its longer side at most `max_side` pixels."""
        return open_picture(_frame_at(self.path, self.best), max_side=max_side)

    def __str__(self) -> str:
        return f"{clock(self.start)} to {clock(self.end)}"


def scenes(path, *, threshold: float = THRESHOLD, shortest: float = 1, longest: float = 30) -> list[Scene]:
    """Find the scenes of a video, one after the other without a gap; `best` is the frame in the middle of each.

    Args:
        threshold: a cut is where the scene score, 0 to 1, is above it. Fades are no cuts.
        shortest: seconds; a cut that would leave a shorter scene before or behind it is dropped.
        longest: seconds, at least twice `shortest`; a longer scene is divided into equal parts (a still frame is not).
    Raises:
        VideoError: for what is no readable video, and for bounds that make no sense.
    """
    check_number("threshold", threshold, 0.001, 1)
    check_number("longest, at least twice shortest,", longest, max(0.001, 2 * check_number("shortest", shortest, 0)))
    path, times, cuts, end, score = check_path(path), [], [0.0], 0.0, _scene_scorer()
    with open_video(path) as (container, stream):
        for at, end, frame in decode_with_times(container, stream, path):  # noqa: B007, the last end counts
            times.append(at)
            if score(frame) > threshold and at - cuts[-1] >= shortest - 1e-6:
                cuts.append(at)
    while len(cuts) > 1 and end - cuts[-1] < shortest - 1e-6:
        cuts.pop()
    bounds = [part for scene in pairwise([*cuts, end]) for part in _divide(*scene, longest, times)] + [end]
    return [Scene(path, start, stop, _middle(start, stop, times)) for start, stop in pairwise(bounds)]


def sample_frames(path, every: float = 2.0) -> Iterator[Frame]:
    """Yield a frame every so many seconds: the first at or after 0, `every`, 2 * `every`, each frame once.

    One frame is in memory at a time; do not keep them all. `encoding.open_picture(frame.image)` makes one ready to
    send. Raises VideoError, once asked for the first frame, for what is no readable video.
    """
    path, due = check_path(path), 0.0
    check_number("every", every, 0.001)
    with open_video(path) as (container, stream):
        for seconds, _, frame in decode_with_times(container, stream, path):
            if seconds >= due - 1e-6:
                yield Frame(seconds, _upright(frame, stream, path, seconds))
                due = every * (math.floor((seconds + 1e-6) / every) + 1)


def check_path(path) -> Path:
    """Return the path of a file that is there; raise VideoError for anything else."""
    if not isinstance(path, str | os.PathLike) or "://" in str(path):  # an address is not shown, as it may hold a key
        raise VideoError("A video is given by the path of a file on your disk. From an address, download it first.")
    path = Path(os.path.expanduser(path))
    if not os.path.isfile(path):
        where = "A path starts where Python runs, which in a lesson is notebooks/: ../asset/videos/…"
        raise VideoError(f"There is no file {str(path)[:99]!r}. {where}")
    return path


def check_number(name: str, value, least: float, most: float = 1e9) -> float:
    """Return a number within its bounds; raise VideoError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise VideoError(f"{name} is a number from {least:g} to {most:,.0f}, not {value!r}.")
    return value


@contextmanager
def open_video(path: Path) -> Iterator[tuple]:
    """Open the container and its first video stream; make what PyAV raises, also while decoding, a VideoError."""
    limit = {"max_pixels": str(MAX_PIXELS)}
    try:
        # "file:" keeps a colon in a name from being taken for a protocol.
        with av.open(f"file:{path}", options={"format_whitelist": FORMATS, **limit}, **_LENIENT) as container:
            cover = av.stream.Disposition.attached_pic
            streams = [s for s in container.streams.video if s.codec_context and not s.disposition & cover]
            if not streams or container.metadata.get("major_brand", "")[:3] in ("hei", "mif", "avi"):  # HEIC, AVIF
                what = "no video in it that can be decoded here, but perhaps sound, a picture or another codec"
                raise VideoError(f"{path.name}: {what}. Convert a video to MP4 with H.264.")
            streams[0].thread_type = "AUTO"
            streams[0].codec_context.options = limit
            yield container, streams[0]
    except VideoError:
        raise
    except _DAMAGE as error:
        what = f"it can't be read as a video ({type(error).__name__}): damaged, cut off, or another kind of file"
        way_out = "Get it again, convert it to MP4 with H.264, or use encoding.open_picture for a picture."
        raise VideoError(f"{path.name}: {what}. {way_out}") from None


def decode_with_times(container, stream, path: Path) -> Iterator[tuple[float, float, av.VideoFrame]]:
    """Yield (start, end, frame) in the order in which frames are shown, in seconds from the start of the first one.

    A time stamp that is missing, goes back or leaps over a day is replaced by counting on at the video's rate. Raises
    VideoError when there is no frame at all. Warns (UserWarning) when the file ends before its video does.
    """
    rate = stream.guessed_rate or stream.average_rate
    step = float(1 / rate) if rate and 0.01 <= rate <= 1000 else 1 / 25
    first, at = None, -step
    for frame in _decode(container, stream, path):
        stamped = at
        if frame.pts is not None and frame.time_base:
            first = frame.pts * frame.time_base if first is None else first
            stamped = float(frame.pts * frame.time_base - first)
        at = stamped if 0 < stamped - at <= LEAP else at + step
        yield at, at + step, frame
    if at < 0:
        why = f"no frame in it can be decoded ({stream.codec_context.name}, at most {MAX_PIXELS:,} pixels)"
        raise VideoError(f"{path.name}: {why}. Get it again, or convert it to MP4 with H.264.")
    if at + step < _header_duration(stream, first) - 0.5:
        said = f"only its first {at + step:.1f} seconds can be read; the file is cut off or damaged"
        warnings.warn(f"{path.name}: {said}. Get it again from where it came from.", UserWarning, stacklevel=3)


def _decode(container, stream, path: Path) -> Iterator[av.VideoFrame]:
    """Yield every frame that can be decoded; what is damaged between them is left out."""
    packets, packet = container.demux(stream), stream
    while packet is not None:
        packet, frames = None, []
        with suppress(*_DAMAGE):  # where reading breaks off, what the decoder still holds comes out
            packet = next(packets, None)
        if packet is not None and packet.has_sidedata("encryption_info"):  # a decoder may take noise for a frame
            raise VideoError(f"{path.name}: it is encrypted (DRM). Use a copy without protection.")
        with suppress(*_DAMAGE):
            frames = packet.decode() if packet is not None else stream.codec_context.decode(None)
        yield from frames


def _header_duration(stream, first: Fraction | None) -> float:
    """Seconds of video by the file's own header; 0 where it says nothing that can be relied on."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    with suppress(KeyError, ValueError):  # Matroska notes the end of a stream as a tag, 00:00:22.000000000
        hours, minutes, seconds = stream.metadata["DURATION"].split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds) - float(first or 0)
    return 0.0


def _frame_at(path: Path, seconds: float) -> Image.Image:
    """The frame at `seconds`, upright: found by its time stamp, or else counted from the beginning."""
    for find in (_seek_frame, _count_frame):
        with open_video(path) as (container, stream):
            if frame := find(container, stream, path, seconds):
                return _upright(frame, stream, path, seconds)
    raise VideoError(f"{path.name}: it has no frame at {clock(seconds)} any more. Has the file changed? Cut it again.")


def _seek_frame(container, stream, path: Path, seconds: float) -> av.VideoFrame | None:
    first = next(decode_with_times(container, stream, path))[2]
    if first.pts is not None and first.time_base:
        target = first.pts + round(seconds / first.time_base)
        with suppress(av.FFmpegError):
            # A second early, as frames shown before a keyframe may follow it in the file and need what is before it.
            container.seek(max(first.pts, target - round(1 / first.time_base)), stream=stream)
            frame = next((f for f in _decode(container, stream, path) if f.pts is None or f.pts >= target), None)
            return frame if frame and frame.pts == target and not frame.is_corrupt else None
    return None


def _count_frame(container, stream, path: Path, seconds: float) -> av.VideoFrame | None:
    frames = decode_with_times(container, stream, path)
    return next((frame for at, _, frame in frames if at >= seconds - 1e-6), None)


def _upright(frame, stream, path: Path, seconds: float) -> Image.Image:
    """The frame as a PIL image: in RGB, with square pixels, turned and mirrored as the file says."""
    image = frame.to_image(interpolation=EXACT)
    ratio = stream.sample_aspect_ratio or 1
    if ratio != 1 and Fraction(1, 4) <= ratio <= 4:  # beyond that it is damage
        size = (round(image.width * max(ratio, 1)), round(image.height / min(ratio, 1)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    if matrix := frame.side_data.get("DISPLAYMATRIX"):  # ISO/IEC 14496-12, tkhd
        a, b, _, c, d = struct.unpack_from("5i", bytes(matrix))
        image = ImageOps.flip(image) if a * d < b * c else image  # mirrored, as a negative determinant says
        image = image.rotate(frame.rotation, expand=True)
    # What open_picture goes by: the name it shows, and that the pixels have been through lossy compression already, so
    # JPEG is right for a cartoon too, whose PNG would be several times as large.
    image.filename, image.format = f"{path.name} at {clock(seconds)}", "JPEG"
    return image


def _scene_scorer() -> Callable[[av.VideoFrame], float]:
    """Make a function that gives each frame's scene score, as ffmpeg's filter `select` does: 0 to 1, 0 for the first.

    It is the mean difference from the frame before, or what that has changed by since the last frame if that is less.
    """
    shrink, last = VideoReformatter(), 0.0
    before: Image.Image | None = None
    exact = Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.BITEXACT

    def score(frame: av.VideoFrame) -> float:
        nonlocal before, last
        height = before.height if before else min(max(2, round(WIDTH * frame.height / frame.width)), 4 * WIDTH)
        small = shrink.reformat(frame, WIDTH, height, "rgb24", interpolation=exact, threads=1).to_image()
        histogram = ImageChops.difference(before or small, small).histogram()  # 256 levels for each of red, green, blue
        levels = sum(value % 256 * count for value, count in enumerate(histogram))
        difference = levels / (3 * WIDTH * height) / 100  # so ffmpeg has it, and not of 255
        change, before, last = abs(difference - last), small, difference
        return min(difference, change, 1.0)

    return score


def _divide(start: float, end: float, longest: float, times: list[float]) -> list[float]:
    """Where the equal parts of a scene begin; a part in which no frame begins belongs to the one before it."""
    count = max(1, math.ceil((end - start - 1e-6) / longest))
    starts = [start + part * (end - start) / count for part in range(count)]
    return [a for a, b in pairwise([*starts, end]) if bisect_left(times, a) < bisect_left(times, b)]


def _middle(start: float, end: float, times: list[float]) -> float:
    """The time of the frame that begins nearest to the middle, of those that begin in the scene."""
    within = times[bisect_left(times, start) : bisect_left(times, end)]
    return min(within, key=lambda at: abs(at - (start + end) / 2))


def clock(at: float) -> str:
    """Seconds as a player shows them, tenths where there are any: 0:08, 1:02.5, 1:00:00."""
    minutes, tenths = divmod(round(at * 10), 600)
    hours = f"{minutes // 60}:{minutes % 60:02}" if minutes >= 60 else minutes
    return f"{hours}:{tenths / 10:04.1f}".removesuffix(".0")

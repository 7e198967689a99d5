"""A video opened with care, and its frames one after the other: each with its time, upright, in its true proportions.

A file is judged by what ffmpeg's libraries (in PyAV's wheel) find in it, never by its name, and what can't be read ends
in a VideoError. Only one frame at a time is in memory, so a video may be as long as it likes.
"""

import math
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
from av.video.reformatter import Interpolation
from PIL import Image

from .moments import clock
from .sources import AGAIN, VideoError, check_beginning, existing, number, why_not_opened

MAX_PIXELS = 2**26  # 8K has 33 million; decoding holds several frames at once, of at least 1.5 bytes a pixel
LEAP = 24 * 3600  # seconds: where two frames are farther apart than a day, the time stamps are broken
# The kinds of file that are opened. Not among them: pictures; playlists, which would open other files and addresses.
_FORMATS = ("mov,matroska,avi,flv,asf,mpeg,mpegts,mpegvideo,h264,hevc,m4v,ivf,obu,ogg,mxf,dv,"
            "mp3,wav,flac,aac")  # fmt: skip
# What PyAV raises when a file is not what it should be.
_DAMAGE = (av.FFmpegError, OSError, ValueError, MemoryError)
# Before its version 19 PyAV refuses a file for a title that is no UTF-8, unless it is told not to.
_LENIENT = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
# Slower, but without the short cuts that differ between processors: a recording is found again by how a frame looks.
EXACT = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.BITEXACT | Interpolation.FULL_CHR_H_INT
# A display matrix (ISO/IEC 14496-12, tkhd) by the signs of its a, b, c, d -> what makes the picture upright.
_TURNS = {
    (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT,
    (-1, 0, 0, -1): Image.Transpose.ROTATE_180,
    (1, 0, 0, -1): Image.Transpose.FLIP_TOP_BOTTOM,
    (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
    (0, 1, -1, 0): Image.Transpose.ROTATE_270,
    (0, -1, -1, 0): Image.Transpose.TRANSVERSE,
    (0, -1, 1, 0): Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True)
class Frame:
    """A frame of a video: `seconds` after its first one, and the upright PIL `image`."""

    seconds: float
    image: Image.Image


def sample_frames(path, every: float = 2.0) -> Iterator[Frame]:
    """A frame every so many seconds, the first one included: the first frame at 0, `every`, 2 * `every` or after that.

    One frame is in memory at a time; do not keep them all. Where frames are farther apart than `every`, each is given
    once. `encoding.open_picture(frame.image, max_side=512)` makes one ready to send.

    Raises VideoError for what is no readable video, and when `every` is not above 0.
    """
    every, path = number("every", every, above=0), existing(path)

    def frames():
        due = 0.0
        with opened(path) as (container, stream):
            for seconds, _, frame in timed(container, stream, path):
                if seconds >= due - 1e-6:
                    yield Frame(seconds, upright(frame, stream, path, seconds))
                    due = every * (math.floor((seconds + 1e-6) / every) + 1)

    return frames()


def frame_at(path: Path, seconds: float) -> Image.Image:
    """The frame shown at exactly that time (as `timed` gives it), upright. Raises VideoError when there is none."""
    with opened(path) as (container, stream):
        _, _, first = next(timed(container, stream, path))
        if seconds <= 0:
            return upright(first, stream, path, 0.0)
        frame = _sought(container, stream, first, seconds)
        if frame is not None:
            return upright(frame, stream, path, seconds)
    with opened(path) as (container, stream):  # from the beginning, as some files can't be sought in
        for at, _, frame in timed(container, stream, path):
            if at >= seconds - 1e-6:
                return upright(frame, stream, path, at)
    raise VideoError(f"{path.name}: it has no frame at {clock(seconds)} any more. Has the file changed? Cut it again.")


def _sought(container, stream, first, seconds):
    """The frame by its time stamp, decoded from a keyframe at least a second earlier; None if that does not find it."""
    if first.pts is None or not first.time_base:
        return None
    target = first.pts + round(seconds / first.time_base)
    try:
        # A second earlier, because frames shown before a keyframe may follow it in the file and need what is before it.
        container.seek(max(first.pts, target - round(1 / first.time_base)), stream=stream)
    except av.FFmpegError:
        return None
    for frame in _decoded(container, stream):
        if frame.pts is None or frame.pts >= target:
            return frame if frame.pts == target and not frame.is_corrupt else None
    return None


def upright(frame, stream, path: Path, seconds: float) -> Image.Image:
    """The frame as a PIL image: in RGB, with square pixels, turned and mirrored as the file says."""
    with converting(path):
        image = frame.to_image(interpolation=EXACT)
    ratio = stream.sample_aspect_ratio or 1
    if ratio != 1 and Fraction(1, 4) <= ratio <= 4:  # beyond that it is damage
        size = (image.width * max(ratio, 1), image.height / min(ratio, 1))
        image = image.resize((round(size[0]), round(size[1])), Image.Resampling.LANCZOS)
    if matrix := frame.side_data.get("DISPLAYMATRIX"):
        a, b, _, c, d = struct.unpack_from("5i", bytes(matrix))
        signs = tuple((value > 0) - (value < 0) if abs(value) > 2**15 else 0 for value in (a, b, c, d))
        image = image.transpose(_TURNS[signs]) if signs in _TURNS else image
    # What open_picture goes by: the name it shows, and that the pixels have been through lossy compression already, so
    # JPEG is right for a cartoon too, whose PNG would be several times as large.
    image.filename, image.format = f"{path.name} at {clock(seconds)}", "JPEG"
    return image


@contextmanager
def opened(path: Path):
    """The container and its first video stream, ready to decode. Raises VideoError when there is none."""
    check_beginning(path)
    limits = {"format_whitelist": _FORMATS, "max_pixels": str(MAX_PIXELS)}
    try:
        # "file:" keeps a colon in a name from being taken for a protocol.
        container = av.open(f"file:{path}", options=limits, **_LENIENT)
    except _DAMAGE as error:
        raise VideoError(f"{path.name}: {why_not_opened(path, error)}") from None
    with container:
        streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
        if not streams:
            what = "only sound, no pictures" if container.streams.audio else "no video in it"
            raise VideoError(f"{path.name}: {what}. Give a file with a video stream.")
        stream = streams[0]
        if stream.codec_context is None:
            raise VideoError(f"{path.name}: its codec is unknown here. Convert it to MP4 with H.264 first.")
        if stream.width * stream.height > MAX_PIXELS:
            what = f"{stream.width:,} x {stream.height:,} pixels a frame, over the limit of {MAX_PIXELS:,}"
            raise VideoError(f"{path.name}: {what}. Shrink it first.")
        stream.thread_type = "AUTO"
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        yield container, stream


def timed(container, stream, path: Path) -> Iterator[tuple[float, float, av.VideoFrame]]:
    """Each frame as (seconds after the first one, seconds it is shown, frame), in the order in which they are shown.

    A time stamp that is missing, goes back or leaps over a day is replaced by counting on at the video's rate. Raises
    VideoError when there is no frame at all. Warns (UserWarning) when the file ends before its video does.
    """
    rate = stream.guessed_rate or stream.average_rate
    step = float(1 / rate) if rate and 0.01 <= rate <= 1000 else 1 / 25
    first, at, lasts = None, -step, step
    for frame in _decoded(container, stream):
        said = None
        if frame.pts is not None and frame.time_base:
            stamp = frame.pts * frame.time_base
            first = stamp if first is None else first
            said = float(stamp - first)
        on_time = said is not None and (0 < said - at <= LEAP if at >= 0 else said == 0)
        at = said if on_time else at + step
        shown = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else 0
        lasts = shown if 0 < shown <= LEAP else step
        yield at, lasts, frame
    if at < 0:
        raise VideoError(f"{path.name}: {_why_no_frame(path, stream.codec_context.name)}")
    if at + lasts < _promised(stream, first) - 0.5:
        said = f"only its first {at + lasts:.1f} seconds can be read; the file is cut off or damaged"
        warnings.warn(f"{path.name}: {said}. {AGAIN}", UserWarning, stacklevel=3)


def _decoded(container, stream) -> Iterator[av.VideoFrame]:
    """Every frame that can be decoded; what is damaged between them is left out."""
    packets, packet = container.demux(stream), stream
    while packet is not None:
        packet, frames = None, []
        with suppress(*_DAMAGE):  # where reading breaks off, what the decoder still holds comes out
            packet = next(packets, None)
        if packet is not None and packet.has_sidedata("encryption_info"):
            continue  # a decoder now and then takes the noise for a frame
        with suppress(*_DAMAGE):
            frames = packet.decode() if packet is not None else stream.codec_context.decode(None)
        yield from frames


@contextmanager
def converting(path: Path):
    """Turns what PyAV raises over a frame whose pixels it can't convert into a VideoError."""
    try:
        yield
    except _DAMAGE as error:
        why = f"a frame in it can't be converted ({type(error).__name__})"
        raise VideoError(f"{path.name}: {why}. Convert the video to MP4 with H.264 first.") from None


def _promised(stream, first: Fraction | None) -> float:
    """Seconds of video that the file's own header promises; 0 where it says nothing that can be relied on."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    with suppress(KeyError, ValueError):  # Matroska notes the end of a stream as a tag, 00:00:22.000000000
        hours, minutes, seconds = stream.metadata["DURATION"].split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds) - float(first or 0)
    return 0.0


def _why_no_frame(path: Path, codec: str) -> str:
    with opened(path) as (container, stream), suppress(av.FFmpegError):
        if any(packet.has_sidedata("encryption_info") for packet in islice(container.demux(stream), 1)):
            return "it is encrypted (DRM), so no frame can be read. Use a copy without protection."
    return f"there is no frame in it that can be decoded ({codec}). {AGAIN}"

"""Where a video cuts, and its frames: each with its time, upright, in its true proportions."""

import sys
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from warnings import warn

import av
from av.video.reformatter import Interpolation, VideoReformatter
from PIL import Image, ImageChops, ImageOps, ImageStat
from tqdm import tqdm

from ..encoding import Picture, PictureError, open_picture
from ..encoding.sources import find_file

THRESHOLD = 0.28  # of the scene score; what lies above and below it was measured: tests/video/test_scenes.py
BAR = "{desc}: {percentage:3.0f}%|{bar:40}| {remaining} left"
WIDTH = 160  # pixels: at 320, noise and the keyframes of a codec count for more
# By content, not by name; no pictures, and no playlists, which open other files and addresses. 8K: 33 million pixels.
FORMATS = "mov,matroska,avi,flv,asf,mpeg,mpegts,mpegvideo,h264,hevc,m4v,ivf,obu,ogg,mxf,dv,mp3,wav,flac,aac"
OPTIONS = {"format_whitelist": FORMATS, "max_pixels": str(2**26)}
# Slower, but without the short cuts that differ between processors: a recording is found again by how a frame looks.
_EXACT = Interpolation.ACCURATE_RND | Interpolation.BITEXACT
EXACT, EXACT_AREA = _EXACT | Interpolation.BILINEAR | Interpolation.FULL_CHR_H_INT, _EXACT | Interpolation.AREA
# Before version 19, PyAV refuses a file for a title that is not UTF-8, unless it is told not to.
_LENIENT: Any = {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}  # ffmpeg's own decoders of WebM leave out the transparency
_DAMAGE = (av.FFmpegError, OSError, ValueError, MemoryError)  # what PyAV raises when a file is not what it should be


class VideoError(ValueError):
    """A video, or what was asked of it, that can't be used; the message says why, and what to do."""


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
        threshold: a cut is where the scene score of ffmpeg's filter `select`, 0 to 1, is above it. Fades are no cuts.
        shortest: seconds; a cut that would leave a shorter scene before or behind it is dropped.
        longest: seconds, at least twice `shortest`; a longer scene is divided into equal parts (a still frame is not).
    Raises:
        VideoError: for what is no readable video, and for bounds that make no sense. Warns of a file that is cut off.
    """
    if not (0 < threshold <= 1 and 0 <= 2 * shortest <= longest > 0):
        raise VideoError("threshold is from 0 to 1, shortest at least 0 seconds, and longest at least twice shortest.")
    path, times, cuts, end, shrink = check_path(path), [], [0.0], 0.0, VideoReformatter()
    before, last = None, 0.0
    progress = {"desc": path.name, "delay": 5, "leave": False, "file": sys.stdout, "bar_format": BAR}  # delay: seconds
    with open_video(path) as (container, stream), tqdm(total=_header_duration(stream) or None, **progress) as bar:
        for at, end, frame in decode_with_times(container, stream, path):
            bar.update(end - bar.n)
            height = before.height if before else min(max(2, round(WIDTH * frame.height / frame.width)), 4 * WIDTH)
            small = shrink.reformat(frame, WIDTH, height, "rgb24", interpolation=EXACT_AREA, threads=1).to_image()
            difference = sum(ImageStat.Stat(ImageChops.difference(before or small, small)).mean) / 3 / 100  # as ffmpeg
            score = min(difference, abs(difference - last), 1)  # low where the frame before differed, too: a movement
            if score > threshold and at - cuts[-1] >= shortest - 1e-6:
                cuts.append(at)
            times.append(at)
            before, last = small, difference
        if not times:
            raise VideoError(f"{path.name}: no frame in it can be decoded. Convert it to MP4 with H.264.")
        if end < _header_duration(stream) - 0.5:
            warn(f"{path.name}: only its first {end:.1f} seconds can be read; it is cut off or damaged.", stacklevel=2)
    edges = [at for at in cuts if at == 0 or end - at >= shortest - 1e-6]
    return [part for scene in pairwise([*edges, end]) for part in _divide(path, *scene, longest, times)]


def check_path(path) -> Path:
    """Return the path of a file that is there, found as pictures are; raise VideoError for anything else."""
    if "://" in str(path):  # an address is not shown, as it may hold a key
        raise VideoError("A video is given by the path of a file on your disk. From an address, download it first.")
    try:
        return find_file(str(Path(path)))
    except (TypeError, PictureError) as error:
        raise VideoError(f"A video is given by its path: {error}".replace("picture", "video")) from None


@contextmanager
def open_video(path: Path) -> Iterator[tuple]:
    """Open the container and its largest video stream; make what PyAV raises, also while decoding, a VideoError."""
    try:
        # "file:" keeps a colon in a name from being taken for a protocol.
        with av.open(f"file:{path}", options=OPTIONS, **_LENIENT) as container:
            cover = av.stream.Disposition.attached_pic
            streams = [s for s in container.streams.video if s.codec_context and not s.disposition & cover]
            stream = max(streams, key=lambda s: (s.frames != 1, s.width * s.height), default=None)
            if not stream or container.metadata.get("major_brand", "")[:3] in ("hei", "mif", "avi"):  # HEIC, AVIF
                raise VideoError(f"{path.name}: no video that can be decoded here. Convert a video to MP4 with H.264.")
            stream.thread_type, stream.codec_context.options = "AUTO", OPTIONS
            yield container, stream
    except VideoError:
        raise
    except _DAMAGE as error:
        what = f"it can't be read as a video ({type(error).__name__}): damaged, cut off, or another kind of file"
        raise VideoError(f"{path.name}: {what}. Get it again, or convert it to MP4 with H.264.") from None


def decode_with_times(container, stream, path: Path) -> Iterator[tuple[float, float, Any]]:
    """Yield (start, end, frame) of what can be decoded, as it is shown, seconds from the start of the first frame."""
    rate = stream.guessed_rate or stream.average_rate
    step = float(1 / rate) if rate and 0.01 <= rate <= 1000 else 1 / 25
    packets, packet, first, at, decoder = container.demux(stream), stream, None, -step, stream.codec_context
    if "1" in (stream.metadata.get("alpha_mode"), stream.metadata.get("ALPHA_MODE")) and decoder.name in _WITH_ALPHA:
        decoder = av.CodecContext.create(_WITH_ALPHA[decoder.name], "r")
        decoder.options = OPTIONS
    while packet is not None:
        packet = None
        with suppress(*_DAMAGE):  # where reading breaks off, what the decoder still holds comes out
            packet = next(packets, None)
        if packet is not None and packet.has_sidedata("encryption_info"):  # a decoder may take noise for a frame
            raise VideoError(f"{path.name}: it is encrypted (DRM). Use a copy without protection.")
        with suppress(*_DAMAGE):
            for frame in decoder.decode(packet):
                first = frame.time if first is None else first
                stamped = at if frame.time is None else frame.time - first
                # A time stamp that is missing, goes back or leaps over a day is replaced by counting on.
                at = stamped if 0 < stamped - at <= 86_400 else at + step
                yield at, at + step, frame


def _header_duration(stream) -> float:
    """Seconds of video by the file's own header, 0 where it says nothing."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    hours, minutes, seconds = map(float, stream.metadata.get("DURATION", "0:0:0").split(":"))  # Matroska: where it ends
    return max(0, hours * 3600 + minutes * 60 + seconds - float((stream.start_time or 0) * stream.time_base))


def _frame_at(path: Path, seconds: float) -> Image.Image:
    """Return the frame at `seconds`, upright: found by its time stamp, or else counted from the beginning."""
    with open_video(path) as (container, stream), suppress(av.FFmpegError, StopIteration, TypeError):
        _, _, first = next(decode_with_times(container, stream, path))
        target = first.pts + round(seconds / first.time_base)  # without time stamps, TypeError: they are counted
        # A second early, as frames shown before a keyframe may follow it in the file and need what is before it.
        container.seek(max(first.pts, target - round(1 / first.time_base)), stream=stream)
        frame = next(frame for _, _, frame in decode_with_times(container, stream, path) if frame.pts >= target)
        if frame.pts == target and not frame.is_corrupt:
            return _upright(frame, stream, path, seconds)
    with open_video(path) as (container, stream):
        for at, _, frame in decode_with_times(container, stream, path):
            if at >= seconds - 1e-6:
                return _upright(frame, stream, path, seconds)
    raise VideoError(f"{path.name}: it has no frame at {clock(seconds)} any more. Has the file changed? Cut it again.")


def _upright(frame, stream, path: Path, seconds: float) -> Image.Image:
    """The frame as a PIL image: in RGB or RGBA, with square pixels, turned and mirrored as the file says."""
    if frame.interlaced_frame:  # every other line is of another moment
        graph = av.filter.Graph()
        graph.link_nodes(graph.add_buffer(frame), graph.add("yadif"), graph.add("buffersink")).configure()
        graph.push(frame)
        graph.push(None)
        frame = graph.pull()
    if frame.color_trc in (16, 18):  # PQ, HLG
        warn(f"{path.name}: HDR is not converted; its colours are off. Export the video as SDR.", stacklevel=4)
    if frame.colorspace == 2 and frame.height >= 720:  # unspecified: BT.709 in HD, as players take it, else BT.601
        frame.colorspace = 1
    pixels = "rgba" if any(component.is_alpha for component in frame.format.components) else "rgb24"
    image: Any = Image.fromarray(frame.reformat(format=pixels, interpolation=EXACT).to_ndarray())
    ratio = float(stream.sample_aspect_ratio or 1)
    if ratio != 1 and 0.25 <= ratio <= 4:  # beyond that it is damage
        size = (round(image.width * max(ratio, 1)), round(image.height / min(ratio, 1)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    if matrix := frame.side_data.get("DISPLAYMATRIX"):  # ISO/IEC 14496-12, tkhd; a negative determinant mirrors
        a, b, _, c, d = memoryview(bytes(matrix)).cast("i")[:5]
        image = (ImageOps.flip(image) if a * d < b * c else image).rotate(frame.rotation, expand=True)
    # open_picture goes by the name, and by the format: after a lossy compression no PNG, not even for a cartoon.
    image.filename, image.format = f"{path.name} at {clock(seconds)}", "JPEG"
    return image


def _divide(path: Path, start: float, end: float, longest: float, times: list[float]) -> Iterator[Scene]:
    """Yield a scene in parts of about the same length, each from a frame on."""
    within = times[bisect_left(times, start) : bisect_left(times, end)]
    count = 1 + int((end - start - 1e-6) / longest)
    edges = (start + part * (end - start) / count for part in range(count))
    starts = sorted({within[bisect_left(within, edge)] for edge in edges if edge <= within[-1]})
    for a, b in pairwise([*starts, end]):
        shown = within[bisect_left(within, a) : bisect_left(within, b)]
        yield Scene(path, a, b, best=min(shown, key=lambda at: abs(at - (a + b) / 2)))


def clock(at: float) -> str:
    """Seconds as a player shows them, tenths where there are any: 0:08, 1:02.5, 1:00:00."""
    minutes, tenths = divmod(round(at * 10), 600)
    hours = f"{minutes // 60}:{minutes % 60:02}" if minutes >= 60 else minutes
    return f"{hours}:{tenths / 10:04.1f}".removesuffix(".0")

"""Videos made for tests, whose frames say their number."""

import io
import itertools
import random
from fractions import Fraction

import av
import numpy
import pytest
from PIL import Image

from course.assets import ROOT
from helpers import video

VIDEOS = ROOT / "asset" / "videos"
SIZE = (320, 180)


def numbered(number, size=SIZE, hue=0):
    """A picture that says its number in blocks of black and white, above a pattern that `hue` changes altogether."""
    pattern = Image.frombytes("RGB", (16, 9), random.Random(hue).randbytes(16 * 9 * 3))
    image = pattern.resize(size, Image.Resampling.NEAREST)
    for bit in range(10):
        image.paste("white" if number >> bit & 1 else "black", (16 * bit, 0, 16 * bit + 16, 16))
    return image


def number_of(picture):
    """Which number the blocks of a picture say."""
    grey = pixels(picture).convert("L").resize(SIZE)
    return sum(1 << bit for bit in range(10) if grey.getpixel((bit * 16 + 8, 8)) > 127)


def add_track(out, images, codec="libx264", rate=10, options=(), stamps=(), matrix=None, **tags):
    """Add a stream of pictures, and return what writes them; without `matrix` they are coded by BT.601.

    `stamps` are times in 1/1000 s, `tags` what else the stream says of itself.
    """
    quick = {"preset": "veryfast", "crf": "16", "g": "12", "deadline": "realtime", "cpu-used": "8"}
    stream = out.add_stream(codec, rate=rate, options=quick | dict(options))
    stream.width, stream.height = images[0].size if images else SIZE
    if stamps:
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
    for name, value in {"pix_fmt": "yuv420p", "bit_rate": 3_000_000, **tags}.items():
        setattr(stream.codec_context, name, value)
    stream.metadata.update({"alpha_mode": "1"} if stream.pix_fmt == "yuva420p" else {})  # as WebM notes transparency

    def write():
        for image, stamp in itertools.zip_longest(images, stamps):
            frame = av.VideoFrame.from_ndarray(numpy.asarray(image), format="rgb24" if image.mode == "RGB" else "rgba")
            frame = frame.reformat(format=stream.pix_fmt, dst_colorspace=matrix)
            if stamps:
                frame.pts, frame.time_base = stamp, Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())

    return write


def coded(images, path, *, container=(), **track):
    """Encode pictures as a video of one stream."""
    with av.open(str(path), "w", options=dict(container)) as out:
        write = add_track(out, list(images), **track)
        out.start_encoding()
        write()
    return path


def cut_clip(path, *lengths, **options):
    """A video of numbered frames, 10 a second, with a hard cut after each of `lengths` frames."""
    hues = [hue for hue, length in enumerate(lengths) for _ in range(length)]
    return coded((numbered(n, hue=hue) for n, hue in enumerate(hues)), path, **options)


def refusal(call, *given, **options):
    """What the VideoError of this call says, which is short and hides nothing behind it."""
    with pytest.raises(video.VideoError) as caught:
        call(*given, **options)
    assert len(str(caught.value)) < 400 and caught.value.__cause__ is None
    return str(caught.value)


def pixels(picture):
    return Image.open(io.BytesIO(picture.data))

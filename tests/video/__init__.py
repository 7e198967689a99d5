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


def numbered(number, hue=0):
    """A picture that says its number in blocks of black and white, above a pattern that `hue` changes altogether."""
    pattern = Image.frombytes("RGB", (16, 9), random.Random(hue).randbytes(16 * 9 * 3))
    image = pattern.resize(SIZE, Image.Resampling.NEAREST)
    for bit in range(10):
        image.paste("white" if number >> bit & 1 else "black", (16 * bit, 0, 16 * bit + 16, 16))
    return image


def number_of(picture):
    """Which number the blocks of a picture say."""
    grey = pixels(picture).convert("L").resize(SIZE)  # it may be shrunk
    return sum(1 << bit for bit in range(10) if grey.getpixel((bit * 16 + 8, 8)) > 127)


def coded(images, path, *, codec="libx264", options=(), container=(), stamps=(), matrix=None, **tags):
    """Encode pictures as a video, 10 a second, or at `stamps` in 1/1000 s; without `matrix` they are coded by BT.601.

    `options` are the encoder's, `container` those of the file; `tags` is what else the stream says of itself.
    """
    quick = {"preset": "veryfast", "crf": "16", "g": "12", "deadline": "realtime", "cpu-used": "8"}
    with av.open(str(path), "w", options=dict(container)) as out:
        stream = out.add_stream(codec, rate=10, options=quick | dict(options))
        stream.width, stream.height = images[0].size
        if stamps:
            stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for name, value in {"pix_fmt": "yuv420p", "bit_rate": 3_000_000, **tags}.items():
            setattr(stream.codec_context, name, value)
        if stream.pix_fmt == "yuva420p":
            stream.metadata["alpha_mode"] = "1"  # as WebM notes transparency
        for image, stamp in itertools.zip_longest(images, stamps):
            frame = av.VideoFrame.from_ndarray(numpy.asarray(image.convert("RGBA")), format="rgba")
            frame = frame.reformat(format=stream.pix_fmt, dst_colorspace=matrix)
            if stamps:
                frame.pts, frame.time_base = stamp, Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def cut_clip(path, *lengths, **options):
    """A video of numbered frames, 10 a second, with a hard cut after each of `lengths` frames."""
    hues = [hue for hue, length in enumerate(lengths) for _ in range(length)]
    return coded([numbered(n, hue) for n, hue in enumerate(hues)], path, **options)


def refusal(call, *given, **options):
    """What the VideoError of this call says, which is short and hides nothing behind it."""
    with pytest.raises(video.VideoError) as caught:
        call(*given, **options)
    assert len(str(caught.value)) < 400 and caught.value.__cause__ is None
    return str(caught.value)


def pixels(picture):
    return Image.open(io.BytesIO(picture.data))

"""Videos made for tests, whose frames say their number."""

import io
import itertools
import random
from fractions import Fraction
from pathlib import Path

import av
import numpy
import pytest
from PIL import Image, ImageDraw

from course.assets import ROOT
from helpers import video

VIDEOS = ROOT / "asset" / "videos"
SIZE = (320, 180)


def numbered(number, size=SIZE, hue=0):
    """A picture that says its number in blocks of black and white, above a pattern that `hue` changes altogether."""
    dice = random.Random(hue)
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    for x, y in itertools.product(range(0, size[0], 20), range(20, size[1], 20)):
        draw.rectangle((x, y, x + 19, y + 19), tuple(dice.choices(range(256), k=3)))
    for bit in range(10):
        draw.rectangle((bit * 16, 0, bit * 16 + 15, 15), "white" if number >> bit & 1 else "black")
    return image


def number_of(image):
    """Which number the blocks of a picture say."""
    grey = image.convert("L").resize(SIZE)
    return sum(1 << bit for bit in range(10) if grey.getpixel((bit * 16 + 8, 8)) > 127)


def add_track(out, images, codec="libx264", rate=10, pix_fmt="yuv420p", options=None, ratio=None, stamps=None, **tags):
    """Add a stream of pictures to the container; without `matrix` they are coded by BT.601, and `tags` say nothing."""
    stream, matrix = out.add_stream(codec, rate=rate), tags.pop("matrix", None)
    stream.width, stream.height = images[0].size if images else SIZE
    stream.pix_fmt, stream.options = pix_fmt, options or {}
    if codec == "libx264":
        stream.options = {"preset": "veryfast", "crf": "16", "g": "12", **(options or {})}
    elif codec in ("mpeg2video", "mpeg4", "libvpx-vp9"):
        stream.codec_context.bit_rate = 3_000_000
    if ratio:
        stream.codec_context.sample_aspect_ratio = ratio
    if stamps:
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
    stream.metadata.update({"alpha_mode": "1"} if pix_fmt == "yuva420p" else {})  # as WebM notes transparency
    for name, value in tags.items():
        setattr(stream.codec_context, name, value)

    def write():
        for number, image in enumerate(images):
            layout = {"RGB": "rgb24", "RGBA": "rgba"}[image.mode]
            frame = av.VideoFrame.from_ndarray(numpy.asarray(image), format=layout)
            frame = frame.reformat(format=pix_fmt, dst_colorspace=matrix) if matrix else frame
            if stamps:
                frame.pts, frame.time_base = stamps[number], Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())

    return write


def coded(images, path, *, muxer=None, title=None, container=None, **track):
    """Encode pictures as a video; `stamps` are their times in units of 1/1000 s."""
    with av.open(str(path), "w", format=muxer, options=container or {}) as out:
        write = add_track(out, list(images), **track)
        out.metadata.update({"title": title} if title else {})
        out.start_encoding()
        write()
    return Path(path)


def cut_clip(path, *lengths, **options):
    """A video of numbered frames, 10 a second, with a hard cut after each of `lengths` frames."""
    hues = [hue for hue, length in enumerate(lengths) for _ in range(length)]
    return coded((numbered(n, hue=hue) for n, hue in enumerate(hues)), path, **options)


def refusal(call, *given, **options):
    """What the VideoError says that this call raises, which is short and hides nothing behind it."""
    with pytest.raises(video.VideoError) as caught:
        call(*given, **options)
    said = str(caught.value)
    assert len(said) < 400 and "Traceback" not in said and caught.value.__cause__ is None
    return said


class Asked:
    """A caption function that notes what it was asked, and at one of the calls raises an error or returns no text."""

    def __init__(self, fails_at=None, fault=None):
        self.pictures, self.fails_at, self.fault = [], fails_at, fault

    def __call__(self, picture):
        self.pictures.append(picture)
        if len(self.pictures) == self.fails_at and isinstance(self.fault, Exception):
            raise self.fault
        return self.fault if len(self.pictures) == self.fails_at else f"scene seen at {picture.origin.split()[-1]}"


def pixels(picture):
    return Image.open(io.BytesIO(picture.data))


def spans(scenes):
    return [(round(scene.start, 3), round(scene.end, 3)) for scene in scenes]


def corners():
    """Red on the left, blue at the top right, green at the bottom right."""
    image = Image.new("RGB", SIZE, (200, 30, 30))
    draw = ImageDraw.Draw(image)
    draw.rectangle((160, 0, 320, 89), (30, 30, 200))
    draw.rectangle((160, 90, 320, 180), (30, 160, 30))
    return image

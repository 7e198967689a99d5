"""What the tests of pictures share: files of every kind, made when they are needed, and how to judge what comes out."""

import io
import struct
import zlib

import numpy
import pytest
from PIL import Image, ImageOps, PngImagePlugin

from course.assets import ROOT
from helpers.encoding import PictureError, open_picture

IMAGES = ROOT / "asset" / "images"
CANARY = b"CANARY-48.876667S"


def scene(size=(40, 30), mode="RGB"):
    """A picture in which up, down, left and right differ: red on the left, blue at the top right, green below it."""
    image, x, y = Image.new("RGB", size, (200, 30, 30)), size[0] // 2, size[1] // 2
    image.paste((30, 30, 200), (x, 0, *size))
    image.paste((30, 160, 30), (x, y + 1, *size))
    return image.convert(mode)


def photo(size=(300, 200)):
    """Our coffee, which no decoder gets right by chance."""
    return Image.open(IMAGES / "coffee.png").convert("RGB").resize(size)


def saved(image, kind, **options):
    image.save(file := io.BytesIO(), kind, **options)
    return file.getvalue()


def opened(data):
    return Image.open(io.BytesIO(data))


def pixels(picture):
    return opened(picture.data).convert("RGB")


def alike(first, second, most=24):
    """Is no pixel of the middle of each quarter far from the other's? (JPEG blurs the edges of the fields.)"""
    middles = numpy.ix_(*([int(0.15 * side), int(0.85 * side)] for side in (first.height, first.width)))
    one, two = (numpy.asarray(image, int)[middles] for image in (first, second.resize(first.size)))
    return first.size == second.size and abs(one - two).max() <= most


def refusal(source, **options):
    """What is said of a picture that can't be sent: one short line, and nothing of what went on inside."""
    with pytest.raises(PictureError) as caught:
        open_picture(source, **options)
    said = str(caught.value)
    assert len(said) < 400 and "\n" not in said and "Traceback" not in said and caught.value.__cause__ is None
    return said


def exif(orientation=1):
    """With a canary for a description, and for the date of a place."""
    made, place = Image.Exif(), {1: "S", 2: (48, 52, 36), 3: "W", 4: (123, 23, 36), 29: CANARY.decode()}
    made.update({0x0112: orientation, 0x010E: CANARY.decode(), 0x8825: place})
    return made.tobytes()


def jpeg_segment(marker, content):
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def png_chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(width, height, bits, colours, rows):
    """A PNG from its raw rows, whatever its header says."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")


def with_chunk(png, kind, content):
    """The same PNG with a chunk more before its pixels."""
    at = png.index(b"IDAT") - 4
    return png[:at] + png_chunk(kind, content) + png[at:]


def see_through(mode):
    """The scene with a left half that is not there."""
    image = scene(mode="RGBA")
    image.paste((9, 9, 9, 0), (0, 0, 20, 30))
    return image.quantize() if mode == "P" else image.convert(mode)


def animation(kind):
    frames = [ImageOps.mirror(SCENE), ImageOps.flip(SCENE)]
    return saved(SCENE, kind, save_all=True, append_images=frames, **({"duration": 100} if kind != "TIFF" else {}))


SCENE, GREY = scene(), scene(mode="L")
DEEP = numpy.asarray(GREY).astype("uint16")
PLAIN = {
    **{kind: saved(SCENE, kind) for kind in ("JPEG", "PNG")},
    "progressive JPEG": saved(SCENE, "JPEG", progressive=True),
    "grey JPEG": saved(GREY, "JPEG"),
    "JPEG with restarts": saved(SCENE, "JPEG", restart_marker_blocks=1),
    **{f"{mode} PNG": saved(scene(mode=mode), "PNG") for mode in ("L", "1", "P", "RGBA", "LA")},
    "lossy WebP": saved(SCENE, "WEBP"),
    "lossless WebP": saved(SCENE, "WEBP", lossless=True),
}
ADOBE_RGB = Image.open(IMAGES / "rocket.jpg").info["icc_profile"]
WHITE_ON_NOTHING = Image.new("RGBA", (40, 30), (255, 255, 255, 0))
WHITE_ON_NOTHING.paste((255, 255, 255, 255), (4, 4, 36, 26))


def talkative():
    """Files of each kind with a canary in every place that may hold words."""
    words, info = CANARY.decode(), PngImagePlugin.PngInfo()
    info.add_text("Comment", words, zip=True)
    info.add_itxt("XML:com.adobe.xmp", xmp := f"<x:xmpmeta>{words}</x:xmpmeta>")
    notes = {"exif": exif(), "xmp": xmp.encode(), "comment": CANARY, "pnginfo": info, "description": words}
    made = {kind: saved(SCENE, kind, **notes) for kind in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF")}
    made["MPO"] = saved(SCENE, "MPO", save_all=True, append_images=[SCENE], **notes) + CANARY
    parts = {0xED: b"Photoshop 3.0\0", 0xE0: b"JFXX\0\x13", 0xEB: b"", 0xFE: b""}
    more = b"\xff".join(jpeg_segment(marker, begin + CANARY) for marker, begin in parts.items())  # FF may fill a gap
    made["JPEG"] = made["JPEG"][:2] + more + made["JPEG"][2:]
    made["PNG"] = with_chunk(with_chunk(made["PNG"], b"tIME", CANARY[:7]), b"prIV", CANARY) + CANARY
    webp = made["WEBP"] + b"OWN " + struct.pack("<I", len(CANARY) + 1) + CANARY + b"\0"
    made["WEBP"] = webp[:4] + struct.pack("<I", len(webp) - 8) + webp[8:] + CANARY
    return made

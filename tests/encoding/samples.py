"""What the tests of pictures share: files of every kind, made when they are needed, and how to judge what comes out."""

import io
import re
import struct
import zlib

import numpy
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageOps, PngImagePlugin

from course.assets import ROOT
from helpers.encoding import PictureError, open_picture

IMAGES = ROOT / "asset" / "images"
CANARY = b"CANARY-48.876667S"


def scene(size=(40, 30), mode="RGB"):
    """A picture in which up, down, left and right differ: red on the left, blue at the top right, green below it."""
    image = Image.new("RGB", size, (200, 30, 30))
    draw = ImageDraw.Draw(image)
    middle = (size[0] // 2, size[1] // 2)
    draw.rectangle((middle[0], 0, size[0], middle[1]), fill=(30, 30, 200))
    draw.rectangle((middle[0], middle[1] + 1, *size), fill=(30, 160, 30))
    return image.convert(mode)


def photo(size=(300, 200)):
    """Our coffee, which no decoder gets right by chance."""
    return Image.open(IMAGES / "coffee.png").convert("RGB").resize(size)


def saved(image, kind, **options):
    image.save(file := io.BytesIO(), kind, **options)
    return file.getvalue()


def pixels(picture):
    return Image.open(io.BytesIO(picture.data)).convert("RGB")


def alike(first, second, most=24):
    """Is no pixel of the middle rows and columns far from the other's? (JPEG blurs the edges of the fields.)"""
    points = [(int(x * first.width), int(y * first.height)) for x in (0.15, 0.85) for y in (0.15, 0.85)]
    pairs = [(first.getpixel(point), second.getpixel(point)) for point in points]
    near = all(abs(a - b) <= most for one, two in pairs for a, b in zip(one, two, strict=True))
    return first.size == second.size and near


def refusal(source, **options):
    with pytest.raises(PictureError) as caught:
        open_picture(source, **options)
    said = str(caught.value)
    assert len(said) < 400 and "\n" not in said and "Traceback" not in said and caught.value.__cause__ is None
    return said


def fits(said, says):
    """Is this the whole message? In what it should be, … stands for anything."""
    return re.fullmatch(".*".join(map(re.escape, says.split("…"))), said)


def exif(orientation=1):
    made = Image.Exif()
    made[0x0112] = orientation
    made[0x010E] = CANARY.decode()  # description
    made[0x8825] = {1: "S", 2: (48, 52, 36), 3: "W", 4: (123, 23, 36), 29: CANARY.decode()}
    return made.tobytes()


def stored(image, orientation):
    """The image as a camera stores it that was held so: what makes it upright, undone."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}.get(orientation)
    return image if undo is None else image.transpose(Image.Transpose(undo))


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


def tiff_of(image, tags, data=b""):
    """An uncompressed little-endian TIFF of one strip, with these tags besides its own: {tag: its numbers}."""
    data, bands = data or image.tobytes(), len(image.getbands())
    own = {256: [image.width], 257: [image.height], 258: [8] * bands, 259: [1], 262: [2 if bands == 3 else 1]}
    own |= {273: [8], 277: [bands], 278: [image.height], 279: [len(data)], **tags}
    at, entries, tail = 8 + len(data) + 6 + 12 * len(own), struct.pack("<H", len(own)), b""
    for tag, numbers in sorted(own.items()):
        value = struct.pack(f"<{len(numbers)}I", *numbers)
        entries += struct.pack("<HHI", tag, 4, len(numbers))
        entries += value if len(numbers) == 1 else struct.pack("<I", at + len(tail))
        tail += value if len(numbers) > 1 else b""
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + entries + bytes(4) + tail


def webp_frame(webp, width, height):
    """A WebP as an animation of one frame, as some programs write it: its pixels lie inside the frame."""
    sides = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    frame = bytes(6) + sides + struct.pack("<I", 100)[:3] + b"\2" + webp[12:]
    chunks = b"VP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + sides + b"ANIM" + struct.pack("<I", 6) + bytes(6)
    chunks += b"ANMF" + struct.pack("<I", len(frame)) + frame + b"\0" * (len(frame) % 2)
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def profile(name):
    """A real ICC profile that is not sRGB: the one in our rocket (Adobe RGB), or made by LittleCMS."""
    if name == "Adobe RGB":
        return Image.open(IMAGES / "rocket.jpg").info["icc_profile"]
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


def linear_profile():
    """That of our rocket, its curves made one of gamma 1."""
    data = bytearray(profile("Adobe RGB"))
    for colour in b"rgb":
        entry = data.index(bytes([colour]) + b"TRC") + 4
        at = int.from_bytes(data[entry : entry + 4], "big")
        data[at : at + 14] = b"curv" + bytes(4) + struct.pack(">IH", 1, 256)
    return bytes(data)


def see_through(mode):
    """The scene with a left half that is not there."""
    if mode == "P":
        image = scene().quantize(8)
        image.info["transparency"] = image.getpixel((2, 2))
        return image
    image = scene(mode="RGBA")
    image.paste((9, 9, 9, 0), (0, 0, 20, 30))
    return image.convert(mode)


def animation(kind):
    frames = [ImageOps.mirror(scene()), ImageOps.flip(scene())]
    return saved(scene(), kind, save_all=True, append_images=frames, **({"duration": 100} if kind != "TIFF" else {}))


PLAIN = {
    **{kind: saved(scene(), kind) for kind in ("JPEG", "PNG")},
    "progressive JPEG": saved(scene(), "JPEG", progressive=True),
    "grey JPEG": saved(scene(mode="L"), "JPEG"),
    "JPEG with restarts": saved(scene(), "JPEG", restart_marker_blocks=1),
    **{f"{mode} PNG": saved(scene(mode=mode), "PNG") for mode in ("L", "1", "P", "RGBA", "LA")},
    "lossy WebP": saved(scene(), "WEBP"),
    "lossless WebP": saved(scene(), "WEBP", lossless=True),
}
DEEP = numpy.asarray(scene(mode="L")).astype("uint16")
DEEP_RGB = numpy.asarray(scene()).astype("uint16").transpose(2, 0, 1)  # three planes

LETTERS = Image.new("RGBA", (40, 30), (255, 255, 255, 0))
LETTERS.paste((255, 255, 255, 255), (4, 4, 36, 26))
WHITE_ON_NOTHING = [saved(LETTERS, kind, lossless=True) for kind in ("PNG", "WEBP", "TIFF")]


def talkative():
    """Files of each kind with a canary in every place that may hold words."""
    xmp, words, info = b"<x:xmpmeta>" + CANARY + b"</x:xmpmeta>", CANARY.decode(), PngImagePlugin.PngInfo()
    info.add_text("Comment", words, zip=True)
    info.add_itxt("XML:com.adobe.xmp", xmp.decode())
    notes = {"exif": exif(), "xmp": xmp, "comment": CANARY, "pnginfo": info, "description": words}
    made = {kind: saved(scene(), kind, **notes) for kind in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "AVIF")}
    made["progressive JPEG"] = saved(scene(), "JPEG", progressive=True, **notes)
    made["MPO"] = saved(scene(), "MPO", save_all=True, append_images=[scene()], **notes) + CANARY
    parts = [(0xED, b"Photoshop 3.0\0"), (0xE0, b"JFXX\0\x13"), (0xE0, b"JFIF\0\1\1\0\0\1\0\1\1\1"), (0xEB, b"")]
    more = b"".join(jpeg_segment(marker, begin + CANARY) for marker, begin in parts)
    made["JPEG"] = made["JPEG"][:2] + more + b"\xff\xff" + jpeg_segment(0xFE, CANARY)[1:] + made["JPEG"][2:]
    made["PNG"] = with_chunk(with_chunk(made["PNG"], b"tIME", CANARY[:7]), b"prIV", CANARY) + CANARY
    made["GIF"] = made["GIF"][:-1] + b"\x21\xff\x0bXMP DataXMP" + bytes([len(CANARY)]) + CANARY + b"\0;" + CANARY
    webp = made["WEBP"] + b"OWN " + struct.pack("<I", len(CANARY) + 1) + CANARY + b"\0"
    made["WEBP"] = webp[:4] + struct.pack("<I", len(webp) - 8) + webp[8:] + CANARY
    return made

"""Picture files opened or refused by kind (HEIC, raw), whole, rid of metadata; pixels as every model expects them."""

import re
import struct
import threading
import warnings
import zlib
from contextlib import contextmanager, suppress
from io import BytesIO

from PIL import Image, ImageCms, ImageStat, JpegImagePlugin, features

# A 108-megapixel phone is below the first; the second is for kinds that need up to 24 bytes a pixel, a gigabyte.
MAX_PIXELS, MAX_DEEP_PIXELS = 110_000_000, 40_000_000
# What the APIs take as it is, and what Pillow opens here besides (EPS, which starts another program, is not among it).
MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
FORMATS = (*MEDIA_TYPES, "GIF", "TIFF", "BMP", "DIB", "AVIF", "HEIF", "JPEG2000", "ICO", "PPM")
SRGB_NAMES, HAS_CMS = ("sRGB IEC61966-2.1", "sRGB built-in", "GIMP built-in sRGB"), features.check("littlecms2")
# EXIF orientation (CIPA DC-008, tag 274) from 2 on -> what makes it upright. ImageOps.exif_transpose fails on odd EXIF.
TURNS = dict(enumerate(map(Image.Transpose, (0, 3, 1, 5, 4, 6, 2)), 2))
# Pillow warns of odd metadata, which are dropped. Python's warning filters are those of the process, so one at a time.
one_at_a_time = threading.Lock()

_RAW = "a camera's raw picture, of which at best the preview opens. Export it as JPEG with the camera's program."
_CUT = "it is cut off: pixels are missing. Get it again."
_RARE = "not intact, no picture, or of a kind that can't be read here. Get it again, or save it as PNG."
_PARTS = "it has so many small parts that it takes too long. Save it again with its own program."
# How files begin that people bring for a picture, what they are, and the way out.
_KINDS = {
    rb".{4}ftypcrx|FUJIFILMCCD|II(RO|RS|U\0)|MMOR|\0MRM|FOVb": _RAW,
    rb".{4}ftyp(hei|hev|avc[is]|mif1(?!.{0,40}avif)|msf1)": "a HEIC photo, which this Python can't open. On the phone "
    "choose JPEG (iPhone: Camera, Formats, Most Compatible), or: pip install pillow-heif, and register its opener.",
    rb".{4}(ftyp(?!avi[fs]|mif1)|moov|mdat)|\x1aE\xdf\xa3|RIFF.{4}(AVI |WAVE)": "a video or a sound, no picture.",
    rb"(\xef\xbb\xbf)?(?><\?xml[^>]*>|<!--.*?-->|\s)*+<(!doctype html|html|head|body|title|meta|script)\b":
    "a web page, not a picture. Copy the address of the picture itself.",
    b"": _RARE,
}  # fmt: skip


class PictureError(ValueError):
    """A picture that can't be sent; the message says what it is, why not, and what to do."""


def refuse(when: object, why: str) -> None:
    """Raise PictureError, when something is so."""
    if when:
        raise PictureError(why)


def shorten(text: object) -> str:
    """Return text fit for a message: its first 120 characters, the unusual ones (controls, odd spaces) escaped."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(text)[:120])[:150]


@contextmanager
def explain_damage(name: str, data: bytes):
    """Turn whatever Pillow's readers raise into a PictureError that says what the file is."""
    try:
        yield
    except (PictureError, Image.DecompressionBombError) as error:
        raise PictureError(f"{name}: {error}") from None
    except Exception:
        what = next(what for begins, what in _KINDS.items() if re.match(begins, data[:4000], re.S | re.I))
        begins = f" It begins with {data[:16]!r}." if what == _RARE and data else ""
        raise PictureError(f"{name}: this is {what}{begins}") from None


class _Parts(BytesIO):
    """A file that is read in half a million parts at most: tiny ones would keep Pillow's loops busy for minutes."""

    left = 2**19

    def read(self, size=-1, /):
        self.left -= 1
        refuse(self.left < 0, _PARTS)
        return super().read(size)


def open_image(data: bytes, name: str) -> tuple[Image.Image, bytes]:
    """Open a picture file, all of it there, its pixels unread; return it, and what may be sent, b"" to encode it."""
    Image.init()
    with explain_damage(name, data), one_at_a_time, warnings.catch_warnings(action="ignore"):
        if data.startswith(b"\xff\xd8\xff"):  # which may lack no more than its end; and phones append other pictures
            data = (data.rstrip(b"\0") if data.endswith(bytes(64)) else data).rstrip(b"\xff") + b"\xff\xd9"
            image: Image.Image = JpegImagePlugin.JpegImageFile(_Parts(data))
        else:
            image = Image.open(_Parts(data), formats=[kind for kind in FORMATS if kind in Image.OPEN])
        check_image(image)
        refuse(data[8:11] == b"CR\2", f"this is {_RAW}")
        refuse(image.format in ("WEBP", "AVIF") and data.endswith(bytes(64)), _CUT)  # compressed pixels never end so
        strip = {"JPEG": _strip_jpeg, "PNG": _strip_png, "WEBP": _strip_webp}.get(image.format or "")
        return image, strip(image, data) if strip else b""


def check_image(image: Image.Image) -> None:
    """Refuse no pixels, more than a gigabyte can hold, a raw picture's preview, and planes of 16 bits (Pillow errs)."""
    deep = image.mode not in ("1", "L", "P", "RGB") or image.has_transparency_data
    limit = MAX_DEEP_PIXELS if deep or image.format in ("WEBP", "AVIF", "HEIF", "JPEG2000") else MAX_PIXELS
    what = f"{image.width:,} x {image.height:,} pixels, and 1 to {limit:,} of this kind can be unpacked"
    refuse(not 0 < image.width * image.height <= limit, f"{what}. Shrink it, or is it a decompression bomb?")
    tags = getattr(image, "tag_v2", {})  # of a TIFF
    # 254: a smaller copy; it may be missing where a camera (271) stored others beside it (330), and in a DNG (50706).
    preview = tags.get(254, 271 in tags and bool({330, 50706} & {*tags})) & 1
    refuse(preview and image.tell() == 0, f"this is {_RAW}")
    refuse(tags.get(284) == 2 and tags.get(259, 1) == 1 and max(tags.get(258, (1,))) > 8, f"this is {_RARE}")


_MARKER = re.compile(rb"\xff([^\0\xff\xd0-\xd7])")  # in a scan, FF comes with 00 and restarts only (ITU-T T.81, B)
# A frame that all readers take alike: baseline or progressive, 8 bits, grey or YCbCr by its numbers.
_FRAME = re.compile(rb"\xff[\xc0-\xc2]\0(\x0b\x08.{4}\x01\x01|\x11\x08.{4}\x03\x01..\x02..\x03)", re.S)
_SURPLUS = b"".join(b"\x5a\xa5\x33\xcc" * 16 + bytes((255, 0xD0 + n)) for n in range(8))  # as if a scan went on


def _strip_jpeg(image, data: bytes) -> bytes:
    """Refuse a JPEG whose last scan does not fill it: decoded at an eighth with two endings, is it the same?"""
    start, seen = image.fp.tell(), set()  # where its pixels begin
    end = data.index(b"\xff\xd9", start)
    scans = data.count(b"\xff\xda", start, end) * image.width * image.height  # each goes over the whole picture
    refuse(scans > 1_200_000_000 or b"\xff" * 2**16 in data[:end], _PARTS)
    for more in (b"", _SURPLUS):
        small = JpegImagePlugin.JpegImageFile(_Parts(data[:end] + more + b"\xff\xd9"))
        small.draft(None, (1, 1))
        seen.add(small.tobytes())
    refuse(len(seen) > 1 or (end == len(data) - 2 and image.info.get("progressive")), _CUT)
    is_plain = _FRAME.search(data[:start]) and {*_MARKER.findall(data, start, end)} <= {b"\xc4", b"\xda", b"\xdd"}
    is_jfif = all(len(app) == 14 and app.startswith(b"JFIF\0") for _, app in image.applist)  # without a thumbnail
    return data[:-2] if is_plain and is_jfif and end == len(data) - 4 else b""


# Chunks that an opaque picture needs in PNG (W3C, third edition); longer ones hold something else.
_CHUNKS = {b"IHDR": 13, b"PLTE": 768, b"tRNS": 256, b"IDAT": 2**31, b"IEND": 0, b"gAMA": 4, b"sRGB": 1, b"pHYs": 9}


def _strip_png(image, data: bytes) -> bytes:
    """Refuse a PNG without all pixels, with two headers or palettes, or Apple's."""
    kept, names, at = [data[:8]], [b""], 8
    while names[-1] != b"IEND" and at + 8 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        kept += [data[at : at + 12 + size]] if size <= _CHUNKS.get(name, -1) else []
        names.append(name)
        at += 12 + size
    refuse(names[1] != b"IHDR" or max(names.count(b"IHDR"), names.count(b"PLTE")) > 1, f"this is {_RARE}")
    if not data[28]:  # not interlaced: of these, Pillow fills what is missing
        needed = image.height * (1 + (image.width * data[24] * {2: 3, 4: 2, 6: 4}.get(data[25], 1) + 7) // 8)
        packed, unpacker = b"".join(chunk[8:-4] for chunk in kept if chunk[4:8] == b"IDAT"), zlib.decompressobj()
        refuse(len(unpacker.decompress(packed, needed + 1)) < needed or not unpacker.eof, _CUT)
    return b"".join(kept) if data[24] <= 8 else b""


def _strip_webp(_, data: bytes) -> bytes:
    """Keep the pixels of a WebP alone (RFC 9649); an animation has them inside its frames."""
    found = re.search(rb"ANMF|VP8[ L](.{4})", data, re.S)
    size = int.from_bytes(found[1], "little") if found and found[1] else 0
    chunk = data[found.start() : found.end() + size + size % 2] if found else b""
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk if size else b""


_HDR = re.compile(rb"(?:colrnclx..\0|cICP.|cicp\0{4}.)([\x10\x12])", re.S)  # of AVIF and HEIF, of PNG, of a profile


def warn_of_pixels(image, plain, data: bytes, name: str) -> None:
    """Warn of what will look wrong: HDR, and values that leave `plain` dark, such as those of a camera for depth."""
    if _HDR.search((data if image.format in ("PNG", "AVIF", "HEIF") else b"") + (image.info.get("icc_profile") or b"")):
        warnings.warn(f"{name}: HDR, sent without its curve, so its colours are dull. Export it as SDR.", stacklevel=3)
    if 0 < (most := max(high for _, high in ImageStat.Stat(plain).extrema)) < 32:
        warnings.warn(f"{name}: nearly black, no value is over {most} of 255. Make it brighter first.", stacklevel=3)


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8 (or that of XMP, which Pillow asks too); 1 is upright."""
    value = 1
    with suppress(Exception), one_at_a_time, warnings.catch_warnings(action="ignore"):
        value = image.getexif()[0x0112]  # damaged EXIF is dropped anyway
    if value in TURNS and image.format is None:  # whoever changed the pixels may have turned them
        warnings.warn(f"Changed pixels are not turned (orientation {value}): ImageOps.exif_transpose.", stacklevel=3)
    return value if value in TURNS and image.format not in (None, "TIFF") else 1  # Pillow turns a TIFF itself


def make_plain(image, background: str | None = None) -> tuple[Image.Image, list[str]]:
    """Make pixels L or RGB, 8 bits, sRGB, on `background` (None: on white, even if all is lost); say what changed."""
    alpha, changes = None, [] if HAS_CMS or "icc_profile" not in image.info else ["profile not applied: no LittleCMS"]
    if image.mode[0] in "IF":  # tag 262 is 0 in a TIFF whose 0 is white
        odd = getattr(image, "tag_v2", {}).get(262) == 0 or "transparency" in image.info or image.mode[:4] != "I;16"
        refuse(odd, "Greys of 32 bits, floats, and 16 bits with a transparent one, are not read. Save it with 8 bits.")
        image, changes = image.convert("F").point(lambda value: value / 257).convert("L"), [*changes, "16 bits made 8"]
    elif image.has_transparency_data:
        image = image.convert("LA" if image.mode in ("1", "L", "La", "LA") else "RGBA")
        alpha = image.getchannel("A")
    if image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("L" if image.mode in ("1", "LA") else "RGB")
    with suppress(ImportError, KeyError, OSError, TypeError, ImageCms.PyCMSError):  # no profile, damaged, for others
        profile = ImageCms.ImageCmsProfile(BytesIO(image.info["icc_profile"]))
        if ImageCms.getProfileDescription(profile).strip() not in SRGB_NAMES:  # others that say sRGB may be linear
            image = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
            changes = [*changes, "colours made sRGB"]
    if image.mode == "CMYK":
        image, changes = image.convert("RGB"), [*changes, "CMYK made RGB"]
    if alpha is None or alpha.getextrema()[0] == 255:
        return image, changes
    canvas = Image.new("RGB", image.size, background or "white")
    canvas.paste(image, mask=alpha)
    laid, *before = (max(high - low for low, high in ImageStat.Stat(one).extrema) for one in (canvas, image, alpha))
    if laid < 8 <= max(before) and alpha.getextrema()[1] == 0:  # as on the clipboard of Windows
        return image, [*changes, "alpha of 0 everywhere ignored"]
    refuse(background and laid < 8 <= max(before), f"On {background} nothing is seen. Give background=, say 'grey'.")
    return canvas, [*changes, f"laid on {background}"]

"""Picture files: recognized, opened, checked to be whole, and rid of what is not the picture."""

import re
import struct
import threading
import warnings
import zlib
from contextlib import contextmanager
from io import BytesIO

from PIL import Image, ImageStat

# A 108-megapixel phone is below the first; the second is for kinds that need up to 24 bytes a pixel, a gigabyte.
MAX_PIXELS, MAX_DEEP_PIXELS = 120_000_000, 40_000_000
# What the APIs take as it is, and what Pillow opens here besides (EPS, which starts another program, is not among it).
MEDIA_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
FORMATS = (*MEDIA_TYPES, "GIF", "TIFF", "BMP", "DIB", "AVIF", "HEIF", "JPEG2000", "ICO", "PPM")
# Pillow warns of odd metadata, which are dropped. Python's warning filters are those of the process, so one at a time.
one_at_a_time = threading.Lock()


class PictureError(ValueError):
    """A picture that can't be sent; the message says what it is, why not, and what to do."""


def refuse(when: object, why: str) -> None:
    """Raise PictureError, when something is so."""
    if when:
        raise PictureError(why)


def shorten(text: object) -> str:
    """Return text fit for a message: its first 120 characters, the unusual ones (controls, odd spaces) escaped."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(text)[:120])[:150]


_RARE = "not intact, or of a kind that can't be read here. Get it again, or save it as PNG with its own program."
_CUT = "it is cut off: pixels are missing. Get it again."
_PARTS = "it has so many small parts that it takes too long. Save it again with its own program."
_RAW = "a camera's raw picture, of which at best the preview opens. Export it as JPEG with the camera's program."
# How files begin that people bring for a picture, what they are, and the way out.
_KINDS = [
    (rb".{4}ftypcrx|FUJIFILMCCD|II(RO|RS|U\0)|MMOR|\0MRM|FOVb", _RAW),
    (rb".{4}ftyp(hei|hev|avc[is]|mif1(?!.{0,40}avif)|msf1)", "a HEIC photo, which this Python can't open. On the phone "
     "choose JPEG (iPhone: Camera, Formats, Most Compatible), or: pip install pillow-heif, and register its opener."),
    (rb".{4}(ftyp(?!avi[fs]|mif1)|moov|mdat)|\x1aE\xdf\xa3|RIFF.{4}(AVI |WAVE)", "a video or a sound, no picture."),
    (rb"(\xef\xbb\xbf)?(?><\?xml[^>]*>|<!--.*?-->|\s)*+<(!doctype html|html|head|body|title|meta|script)\b",
     "a web page, not a picture. Copy the address of the picture itself."),
]  # fmt: skip


class _Parts(BytesIO):
    """A file that is read in half a million parts at most: tiny ones would keep Pillow's loops busy for minutes."""

    left = 2**19

    def read(self, size=-1, /):
        self.left -= 1
        refuse(self.left < 0, _PARTS)
        return super().read(size)


@contextmanager
def explain_damage(name: str, data: bytes = b""):
    """Turn whatever Pillow's readers raise into a PictureError; `data` are bytes that it may not even recognize."""
    try:
        yield
    except (PictureError, Image.DecompressionBombError) as error:
        raise PictureError(f"{name}: {error}") from None
    except Exception:
        rest = f"no picture (it begins with {data[:16]!r}), {_RARE}" if data else f"closed, {_RARE}"
        what = next((what for begins, what in _KINDS if re.match(begins, data[:4000], re.S | re.I)), rest)
        raise PictureError(f"{name}: this is {what}") from None


def open_image(data: bytes, name: str) -> tuple[Image.Image, bytes, bytes | None]:
    """Open a picture file without reading its pixels. Raises PictureError for no picture, half a picture, and a bomb.

    Return it, its bytes (a JPEG's up to its end), and these without metadata: b"" to encode it, None if that drops any.
    """
    Image.init()
    with explain_damage(name, data):
        with one_at_a_time, warnings.catch_warnings(action="ignore"):
            data, stripped = _check_jpeg(data) if data.startswith(b"\xff\xd8\xff") else (data, b"")
            image = Image.open(_Parts(data), formats=[kind for kind in FORMATS if kind in Image.OPEN])
        check_image(image)
        refuse(data[8:11] == b"CR\2", f"this is {_RAW}")
        refuse(image.format in ("WEBP", "AVIF") and data.endswith(bytes(64)), _CUT)  # compressed pixels never end so
        stripped = _check_chunks(data) if image.format in ("PNG", "WEBP") else stripped
    return image, data, stripped


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
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_NEEDED, _USUAL = _FRAMES | {0xC4, 0xCC, 0xDA, 0xDB, 0xDD, 0xD9}, [(0xE0, b"JFIF\0", 14), (0xEE, b"Adobe", 12)]
_SURPLUS = b"".join(b"\x5a\xa5\x33\xcc" * 16 + bytes((255, 0xD0 + n)) for n in range(8))  # as if a scan went on


def _check_jpeg(data: bytes) -> tuple[bytes, bytes | None]:
    """Refuse half a JPEG, and one of too many scans; return what `open_image` does."""
    at, code, has_notes, segments = 2, 0, False, list[tuple[int, bytes]]()
    while code != 0xD9 and len(segments) < 20_000 and (marker := _MARKER.search(data, at)):
        has_notes |= marker.start() != at and code != 0xDA  # something between segments
        code, at = marker[1][0], marker.end()
        at += int.from_bytes(data[at : at + 2]) * (code != 0xD9)
        segments.append((code, content := data[marker.end() + 2 : at]))
        has_notes |= code not in _NEEDED and (code, content[:5], len(content)) not in _USUAL
    frames, codes = [one for one in segments if one[0] in _FRAMES], [code for code, _ in segments]
    refuse(len(codes) == 20_000 or b"\xff" * 2**16 in data[:at], _PARTS)
    kind, head = frames[0]
    refuse(codes.count(0xDA) * int.from_bytes(head[1:3]) * int.from_bytes(head[3:5]) > 1_000_000_000, _PARTS)
    last = [scan[1:-3:2] for mark, scan in segments if mark == 0xDA and scan[-2] == 63 and scan[-1] & 15 == 0]
    is_half = kind == 0xC2 and {*b"".join(last)} < {*head[6::3]}  # of a component, the last bits never came
    refuse(is_half or (code != 0xD9 and (kind > 0xC1 or not is_whole_jpeg(data))), _CUT)
    has_notes |= code == 0xD9 and at < len(data)
    data = data[:at] if code == 0xD9 else data + b"\xff\xd9"
    is_plain = 0xC4 in codes and kind < 0xC3 and head[6::3] != b"RGB" and code == 0xD9 and len(frames) == 1
    return data, None if has_notes else data if is_plain else b""


def is_whole_jpeg(data: bytes) -> bool:
    """Does the last scan of a JPEG fill it? Decode it at an eighth with two endings, to see if more changes a pixel."""
    body, seen = data.removesuffix(b"\xff\xd9").rstrip(b"\xff"), []
    body = body.rstrip(b"\0") if body.endswith(bytes(64)) else body
    for ending in (b"\xff\xd9", _SURPLUS + b"\xff\xd9"):
        image = Image.open(_Parts(body + ending), formats=["JPEG"])
        image.draft(None, (1, 1))
        seen.append(image.tobytes())
    return seen[0] == seen[1]


# Chunks that an opaque picture needs in PNG (W3C, third edition) and WebP (RFC 9649); longer ones hold something else.
_CHUNKS = {b"IHDR": 13, b"PLTE": 768, b"tRNS": 256, b"IDAT": 2**31, b"IEND": 0, b"gAMA": 4, b"sRGB": 1, b"pHYs": 9,
           b"VP8 ": 2**31, b"VP8L": 2**31}  # fmt: skip


def _check_chunks(data: bytes) -> bytes:
    """Refuse a PNG without all pixels, with two headers or Apple's (CgBI); return it, or a WebP, without metadata."""
    is_png, kept, names, intact, at = data[:1] == b"\x89", [], [b""], True, 8 if data[:1] == b"\x89" else 12
    while at + 8 <= len(data) and names[-1] != b"IEND" and (is_png or at < 8 + int.from_bytes(data[4:8], "little")):
        size, name = struct.unpack_from(">I4s", data, at) if is_png else struct.unpack_from("<4sI", data, at)[::-1]
        chunk = data[at : at + (12 + size if is_png else 8 + size + size % 2)]
        # Pillow does not mind a wrong checksum; browsers and other readers do.
        intact &= not is_png or zlib.crc32(chunk[4:-4]) == int.from_bytes(chunk[-4:])
        kept += [chunk] if size <= _CHUNKS.get(name, -1) else []
        names.append(name)
        at += len(chunk)
        refuse(len(names) > 100_000, _PARTS)
    if not is_png:  # an animation has its pixels inside its frames
        return b"RIFF" + struct.pack("<I", 4 + len(kept[0])) + b"WEBP" + kept[0] if len(kept) == 1 else b""
    refuse(names[1] == b"CgBI" or max(map(names.count, (b"IHDR", b"PLTE"))) > 1, f"this is {_RARE}")
    width, height, bits, colours, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    if not interlaced and width * height <= MAX_PIXELS:  # of these, Pillow fills what is missing
        missing = height * (1 + (width * bits * {2: 3, 4: 2, 6: 4}.get(colours, 1) + 7) // 8)
        unpacker, packed = zlib.decompressobj(), b"".join(chunk[8:-4] for chunk in kept if chunk[4:8] == b"IDAT")
        while packed and missing >= 0:
            missing -= len(unpacker.decompress(packed, 2**20))
            packed = unpacker.unconsumed_tail
        refuse(missing > 0 or not unpacker.eof, _CUT)
    return data[:8] + b"".join(kept) if intact and bits <= 8 else b""


_HDR = re.compile(rb"(?:colrnclx..\0|cICP.|cicp\0{4}.)([\x10\x12])", re.S)  # of AVIF and HEIF, of PNG, of a profile


def check_pixels(image, data: bytes, name: str) -> bool:
    """Refuse a JPEG that lacks pixels, warn of what will look wrong; return if all programs see the same pixels."""
    corner = image.crop((image.width - 1, image.height - 1, *image.size))  # what a JPEG lacks comes out as middle grey
    if image.format in ("JPEG", "MPO") and {*corner.tobytes()} <= {127, 128, 129}:
        with one_at_a_time, warnings.catch_warnings(action="ignore"):
            refuse(not is_whole_jpeg(data), _CUT)
    coded = (data if image.format in ("PNG", "AVIF", "HEIF") else b"", image.info.get("icc_profile") or b"")
    if any(map(_HDR.search, coded)):
        warnings.warn(f"{name}: HDR, sent without its curve, so its colours are dull. Export it as SDR.", stacklevel=3)
    if image.mode in ("L", "RGB") and 0 < max(high for _, high in ImageStat.Stat(image).extrema) < 8:
        warnings.warn(f"{name}: nearly black, no value is over 7 of 255. Make it brighter first.", stacklevel=3)
    palette = image.palette if image.mode == "P" else None  # which some numbers may not be in
    return not palette or image.getextrema()[1] < len(palette.palette) // len(palette.mode)

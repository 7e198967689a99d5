"""The bytes of a picture: read from wherever they are, recognized, opened, and rid of what is not the picture."""

import base64
import os
import re
import struct
import threading
import warnings
from contextlib import contextmanager
from difflib import get_close_matches
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit
from zlib import crc32

import requests
from PIL import Image

MAX_FILE = 256 * 2**20  # bytes that are read at all, before anything is shrunk
MAX_PIXELS = 120_000_000  # a 108-megapixel phone is below it
# What the APIs take as it is, and what Pillow opens here besides (EPS, which starts another program, is not among it).
MEDIA_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
FORMATS = (*MEDIA_TYPES, "GIF", "TIFF", "BMP", "DIB", "AVIF", "HEIF", "JPEG2000", "ICO", "PPM")
# Pillow warns of odd metadata, which are dropped. Python's warning filters are those of the process, so one at a time.
one_at_a_time = threading.Lock()


class PictureError(ValueError):
    """A picture that can't be sent; the message says what it is, why not, and what to do."""


@contextmanager
def explain_damage(name: str):
    """Turn whatever Pillow's readers raise over a damaged picture into a PictureError."""
    try:
        yield
    except PictureError:
        raise
    except Exception as error:
        raise PictureError(f"{name} is damaged, cut off or closed ({type(error).__name__}), or {_GET_AGAIN}") from None


def load_image(source) -> tuple[Image.Image, str, bytes | None]:
    """Return the PIL image, loaded, the name of its file or "", and its bytes or None. Raises PictureError."""
    image, name, data = open_source(source)
    with explain_damage(name):
        image.load()
        check_size(image.size, name)
    return image, "" if name in ("bytes", "a PIL image") else name, data


def open_source(source) -> tuple[Image.Image, str, bytes | None]:
    """Return the PIL image of a source (see `open_picture`), pixels unread, a name for it, and its bytes or None."""
    if isinstance(source, Image.Image):
        return source, os.path.basename(str(getattr(source, "filename", "") or "a PIL image")), None
    if isinstance(source, bytes | bytearray | memoryview):
        data, name = bytes(source), "bytes"
    elif isinstance(source, str) and re.match(r"\s*data:", source, re.I):
        data, name = _decode_data_url(source.strip()), "data URL"
    elif isinstance(source, str) and re.match(r"\s*([a-z][\w+.-]+://|https?:)", source, re.I):
        data, name = _download(source.strip())
    elif isinstance(source, str | os.PathLike):
        data, name = _read_path(os.fsdecode(source))
    elif callable(getattr(source, "read", None)):
        data, name = _read_file(source)
    else:
        kinds = "a path, bytes, a PIL image (of an array: Image.fromarray), an open file, an address or a data URL"
        raise PictureError(f"A picture is {kinds}, not {type(source).__name__}.")
    if not 0 < len(data) <= MAX_FILE:
        what = "empty, 0 bytes. Was it read already? file.seek(0) rewinds it" if not data else "too many bytes to read"
        raise PictureError(f"{name}: {what}. (The limit is {MAX_FILE:,}.)")
    return open_image(data, name), name, data


def _read_path(given: str) -> tuple[bytes, str]:
    shown = given if len(given) < 200 else f"{given[:40]}… (if it is base64, give the bytes: base64.b64decode(text))"
    try:
        path = Path(given).expanduser()
        if path.is_dir():
            raise PictureError(f"{shown or '.'} is a folder. Give the path of one picture in it.")
        if not path.is_file():  # a pipe would be waited for
            near = get_close_matches(path.name, {file.name for file in path.parent.glob("*")} - {path.name}, 1, 0.8)
            hint = "A path starts where Python runs (in a lesson: notebooks/), and an address with https://"
            raise PictureError(f"There is no file {shown}. {f'Did you mean {near[0]}?' if near else hint}")
        with path.open("rb") as file:
            return _read_file(file)
    except (OSError, RuntimeError) as error:  # no permission, a name too long, of no user
        raise PictureError(f"{shown} can't be read ({getattr(error, 'strerror', error)}).") from None


def _read_file(file) -> tuple[bytes, str]:
    name, kept = os.path.basename(str(getattr(file, "name", "an open file"))), BytesIO()
    try:
        while part := file.read(MAX_FILE + 1 - kept.tell()):  # a pipe gives what it has, so until it ends
            kept.write(part)
    except Exception as error:  # of an archive, a stream, a connection: each has its own
        raise PictureError(f"{name}: it can't be read ({error}). Open it with open(path, 'rb').") from None
    return kept.getvalue(), name


def _decode_data_url(url: str) -> bytes:
    head, _, encoded = url.partition(",")
    declared = head[5:].partition(";")[0].strip().lower()[:40] or "nothing"
    try:
        data = base64.b64decode(encoded if ";base64" in head.lower() else "-", validate=True)
    except ValueError as error:
        hint = "data:image/png;base64,… with base64.b64encode(data).decode()"
        raise PictureError(f"This data URL is malformed ({error}). It is {hint}.") from None
    kind = open_image(data, "data URL").format or ""
    actual = MEDIA_TYPES.get(kind, Image.MIME.get(kind, declared))
    # What is converted anyway may go by any of its names, but not by one that is sent.
    if declared != actual and {declared, actual} & {*MEDIA_TYPES.values()}:
        raise PictureError(f"This data URL says {declared}, but its bytes are {actual}. Write data:{actual};base64,…")
    return data


def _download(url: str) -> tuple[bytes, str]:
    scheme, kept = url.partition(":")[0].lower(), BytesIO()
    if scheme not in ("http", "https"):
        raise PictureError(f"Pictures come by http or https, but this address begins with {scheme}:. Download it.")
    try:
        address = urlsplit(url)
        if not address.hostname or address.port == 0 or re.search(r"[\s\x00-\x1f\\]", url):
            raise ValueError
    except ValueError:  # whose words may hold user and password
        raise PictureError("This address is malformed. It is https://host/picture.jpg, without spaces.") from None
    shown = f"{scheme}://{address.netloc.rpartition('@')[2]}{address.path}"[:200]  # user and query may hold a key
    try:
        with requests.get(url, timeout=(5, 30), stream=True) as response:
            response.raise_for_status()
            for part in response.iter_content(2**20):
                kept.write(part)
                if kept.tell() > MAX_FILE:
                    break
    except (OSError, ValueError) as error:  # requests' own are OSErrors; some ValueErrors of urllib3 come through
        reason = getattr(getattr(error, "response", None), "status_code", type(error).__name__)
        raise PictureError(f"{shown}: no picture came ({reason}). Is the address right?") from None
    return kept.getvalue(), shown


def open_image(data: bytes, name: str) -> Image.Image:
    """Open the bytes as a PIL image whose pixels are not read yet. Raises PictureError for no picture and a bomb."""
    Image.init()
    try:
        with one_at_a_time, warnings.catch_warnings(action="ignore"):
            image = Image.open(BytesIO(data), formats=[kind for kind in FORMATS if kind in Image.OPEN])
    except Exception as error:  # Pillow's readers raise whatever a damaged file makes them stumble over
        bomb = isinstance(error, Image.DecompressionBombError) and "far too many pixels; is it a decompression bomb?"
        raise PictureError(f"{name}: {bomb or describe_unreadable(data)}") from None
    check_size(image.size, name)
    return image


def check_size(size: tuple[int, int], name: str) -> None:
    """Raise PictureError for a picture without pixels, or with more than can be unpacked safely."""
    if not 0 < size[0] * size[1] <= MAX_PIXELS:
        limit = f"and 1 to {MAX_PIXELS:,} can be unpacked. Shrink it, or is it a decompression bomb?"
        raise PictureError(f"{name}: {size[0]:,} x {size[1]:,} pixels, {limit}")


# How files begin, what they are, and the way out. First fit wins.
_GET_AGAIN = "of a kind that Pillow can't open. Get it again, or save it as PNG with its own program."
_CUT = f"by its first bytes, but it is cut off or damaged, or {_GET_AGAIN}"
_KINDS = [
    (rb".{4}ftyp(hei|hev|mif1(?!.{0,40}avif)|msf1)", "a HEIC photo, which this Python can't open. On the phone choose "
     "JPEG (iPhone: Camera, Formats, Most Compatible), or: pip install pillow-heif, and register its opener."),
    (rb".{4}(ftyp(?!avi[fs]|mif1)|moov|mdat)|\x1aE\xdf\xa3|RIFF.{4}(AVI |WAVE)", "a video or a sound, not a picture."),
    (rb"%PDF|%!PS|8BPS", "a document, not a picture. Export the page that you mean as PNG."),
    (rb"PK\x03\x04|\x1f\x8b|Rar!|7z\xbc\xaf", "an archive. Unpack it first, and give one picture in it."),
    (rb"(<\?xml[^>]*>|<!--.*?-->|<!doctype svg[^>]*>|\s)*<svg", "an SVG drawing, made of lines. Export it as PNG."),
    (rb"<(.*<)?(!doctype html|html|head|body)\b", "a web page, not a picture. Copy the address of the picture itself."),
    (rb"\{\s*\"|\[\s*[{\"]", "JSON text, perhaps an error message of the service it came from. Read it."),
    (rb"data:image/|iVBORw0KGgo|/9j/|R0lGOD|UklGR", "base64 of a picture. Give a data URL as str, or b64decode(text)."),
    (rb"\xff\xd8|\x89PNG|GIF8|RIFF|BM.{4}\0{4}|II[*+]\0|MM\0[*+]|.{4}ftyp", f"a picture {_CUT}"),
]  # fmt: skip


def describe_unreadable(data: bytes) -> str:
    """Say in one or two sentences what bytes are that Pillow could not open, and what to do."""
    start = data[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()
    unknown = f"no picture that can be opened here (it begins with {data[:8]!r}). Save it as PNG with its own program."
    return "this is " + next((what for begins, what in _KINDS if re.match(begins, start, re.S | re.I)), unknown)


# What a JPEG holds besides its picture: comments, application segments (but for JFIF without a preview and Adobe's),
# bytes behind its end. Within a scan, FF comes with 00 and restart markers only. (ITU-T T.81, annex B)
_JPEG_NOTES = re.compile(rb"\xff([\xe1-\xed\xef-\xfe]|\xe0(?!\0\x10JFIF\0)|\xee(?!\0\x0eAdobe)|\xd9.)", re.S)
# Chunks that an opaque picture needs in PNG (W3C, third edition) and WebP (RFC 9649); longer ones hold something else.
_CHUNKS = {b"IHDR": 13, b"PLTE": 768, b"tRNS": 256, b"IDAT": 2**31, b"IEND": 0, b"gAMA": 4, b"sRGB": 1, b"pHYs": 9,
           b"VP8 ": 2**31, b"VP8L": 2**31}  # fmt: skip


def strip_metadata(data: bytes, kind: str | None) -> bytes | None:
    """Remove metadata (EXIF, XMP, IPTC, ICC, comments) and what follows the end; None where that takes encoding."""
    is_png = kind == "PNG"
    if kind in ("JPEG", "MPO"):
        return None if _JPEG_NOTES.search(data) else data
    if kind not in ("PNG", "WEBP") or (is_png and data[24] > 8):
        return None
    kept, at, name = [], 8 if is_png else 12, b""
    while at + 8 <= len(data) and name != b"IEND" and (is_png or at < 8 + int.from_bytes(data[4:8], "little")):
        size, name = struct.unpack_from(">I4s", data, at) if is_png else struct.unpack_from("<4sI", data, at)[::-1]
        chunk = data[at : at + (12 + size if is_png else 8 + size + size % 2)]
        if is_png and crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
            return None  # Pillow does not mind a wrong checksum; browsers and other readers do
        kept += [chunk] if size <= _CHUNKS.get(name, -1) else []
        at += len(chunk)
    if is_png:
        return data[:8] + b"".join(kept)
    # An animation has its pixels inside its frames.
    return b"RIFF" + struct.pack("<I", 4 + len(kept[0])) + b"WEBP" + kept[0] if len(kept) == 1 else None

"""The bytes of a picture: read from wherever they are, recognized, opened, and rid of what is not the picture."""

import base64
import os
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
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
MEDIA_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
FORMATS = (*MEDIA_TYPES, "TIFF", "BMP", "DIB", "AVIF", "HEIF", "JPEG2000", "ICO", "PPM")
_GET_AGAIN = "of a kind that Pillow can't decode. Get it again, or save it as PNG with its own program."
_one_at_a_time = threading.Lock()


class PictureError(ValueError):
    """A picture that can't be sent; the message says what it is, why not, and what to do."""


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Pillow's warnings of odd metadata and of sizes; for the process, so this is no place to decode pixels."""
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def explain_damage(name: str) -> Iterator[None]:
    """Turn whatever Pillow's readers raise over a damaged picture into a PictureError."""
    try:
        yield
    except PictureError:
        raise
    except Exception as error:
        raise PictureError(f"{name}: damaged or cut off, or {_GET_AGAIN} ({type(error).__name__})") from None


def load_image(source) -> tuple[Image.Image, str, bytes | None]:
    """Return the PIL image with its pixels loaded, the name of its file or "", and the bytes of its file or None.

    Raises PictureError for what can't be read, and for more than MAX_PIXELS.
    """
    image, name, data = open_source(source)
    with explain_damage(name):
        load(image)
        check_size(image.size, name)
    return image, "" if name in ("bytes", "a PIL image") else name, data


def open_source(source) -> tuple[Image.Image, str, bytes | None]:
    """Return the PIL image of a source (see `open_picture`), a name for it, and its bytes or None.

    Raises PictureError for what can't be opened; no pixel is read yet.
    """
    if isinstance(source, Image.Image):
        return source, _file_name(getattr(source, "filename", "")) or "a PIL image", None
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
        what = f"an open file, an address or a data URL, not {type(source).__name__}"
        raise PictureError(f"A picture is a path, bytes, a PIL image (for an array: Image.fromarray), {what}.")
    if not data:
        raise PictureError(f"{name}: empty, 0 bytes. If it is a file that was read already, file.seek(0) rewinds it.")
    if len(data) > MAX_FILE:
        raise PictureError(f"{name}: over {MAX_FILE:,} bytes, which is too many to read. Shrink it first.")
    return open_image(data, name), name, data


def _read_path(given: str) -> tuple[bytes, str]:
    shown = given if len(given) < 200 else f"{given[:40]}… (if it is base64, give the bytes: base64.b64decode(text))"
    try:
        path = Path(given).expanduser()
        if path.is_dir():
            pictures = sorted(file.name for file in path.glob("*.*") if file.suffix.lower() in (".jpg", ".png", ".webp"))
            example = f" in it, such as {pictures[0]}" if pictures else ""
            raise PictureError(f"{shown or 'An empty path'} is a folder. Give the path of one picture{example}.")
        if not path.is_file():  # a pipe would be waited for
            near = get_close_matches(path.name, {file.name for file in path.parent.glob("*")} - {path.name}, 1, 0.8)
            hint = "A path starts where Python runs (in a lesson: notebooks/), and an address with https://"
            raise PictureError(f"There is no file {shown}. {f'Did you mean {near[0]}?' if near else hint}")
        with path.open("rb") as file:
            return _read_file(file)
    except (OSError, RuntimeError) as error:  # no permission, a name too long, of no user
        raise PictureError(f"{shown} can't be read ({getattr(error, 'strerror', error)}).") from None


def _read_file(file) -> tuple[bytes, str]:
    name, kept = _file_name(getattr(file, "name", "")) or "an open file", BytesIO()
    try:
        while part := file.read(MAX_FILE + 1 - kept.tell()):  # a pipe gives what it has, so until it ends
            kept.write(part)
    except Exception as error:  # of an archive, a stream, a connection: each has its own
        raise PictureError(f"{name}: it can't be read ({error}). Open it with open(path, 'rb').") from None
    return kept.getvalue(), name


def _file_name(path) -> str:
    return os.path.basename(path) if isinstance(path, str) else ""


def _decode_data_url(url: str) -> bytes:
    head, _, encoded = url.partition(",")
    declared, *parameters = (part.strip().lower() for part in head[5:].split(";"))
    try:
        data = base64.b64decode(encoded if "base64" in parameters else "-", validate=True)
    except ValueError as error:
        right = "It is data:image/png;base64,… with the type that fits, and base64.b64encode(data).decode() after it."
        raise PictureError(f"This data URL is malformed ({error}). {right}") from None
    kind = open_image(data, "data URL").format or ""
    actual = MEDIA_TYPES.get(kind, Image.MIME.get(kind, declared))
    # What is converted anyway may go by any of its names, but not by one that is sent.
    if declared != actual and {declared, actual} & {*MEDIA_TYPES.values()}:
        says = f"This data URL says {declared[:40] or 'nothing'}, but its bytes are {actual}"
        raise PictureError(f"{says}. Write data:{actual};base64,…")
    return data


def _download(url: str) -> tuple[bytes, str]:
    try:
        address = urlsplit(url)
        scheme, host, _ = address.scheme, address.netloc.rpartition("@")[2], address.port
    except ValueError:  # whose words may hold user and password
        raise PictureError("This address is malformed in its host or port.") from None
    if scheme not in ("http", "https"):
        hint = "Download it first, then give the bytes."
        raise PictureError(f"This address begins with {scheme}:, and pictures come by http or https. {hint}")
    if not address.hostname or re.search(r"[\s\x00-\x1f\\]", url):
        raise PictureError("This address has no host, or a space in it. A whole one is https://host/path/picture.jpg")
    shown, kept = f"{scheme}://{host}{address.path}"[:200], BytesIO()  # no user, no query: they may hold a key
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
        with quiet():
            image = Image.open(BytesIO(data), formats=[kind for kind in FORMATS if kind in Image.OPEN])
    except Image.DecompressionBombError:
        raise PictureError(f"{name}: far over {MAX_PIXELS:,} pixels; is it a decompression bomb?") from None
    except Exception:  # Pillow's readers raise whatever a damaged file makes them stumble over
        raise PictureError(f"{name}: {describe_unreadable(data)}") from None
    check_size(image.size, name)
    return image


def check_size(size: tuple[int, int], name: str) -> None:
    """Raise PictureError for a picture without pixels, or with more than can be unpacked safely."""
    sides = f"{name}: {size[0]:,} x {size[1]:,} pixels"
    if min(size) < 1:
        raise PictureError(f"{sides}, so nothing to see. Check how it was cut.")
    if size[0] * size[1] > MAX_PIXELS:
        raise PictureError(f"{sides}, over the limit of {MAX_PIXELS:,}; is it a decompression bomb? Else shrink it.")


def load(image: Image.Image) -> None:
    """Read the pixels of a PIL image, quietly."""
    with quiet() if image.format == "TIFF" else nullcontext():  # which reads its notes after its pixels
        image.load()


def check_whole(data: bytes, name: str) -> None:
    """Decode a file that is about to be sent; a JPEG at an eighth of its sides, which is enough to see it is whole."""
    image = open_image(data, name)
    image.draft(None, (1, 1))
    image.load()


# How files begin, what they are, and the way out. First fit wins.
_CUT = f"by its first bytes, but it is cut off or damaged, or {_GET_AGAIN}"
_KINDS = [
    (rb".{4}ftyp(hei|hev|mif1(?!.{0,40}avif)|msf1)", "a HEIC photo, which this Python can't open. On the phone choose "
     "JPEG (iPhone: Camera, Formats, Most Compatible), or: pip install pillow-heif, and register its opener."),
    (rb".{4}(ftyp(?!avi[fs]|mif1)|moov|mdat)|\x1aE\xdf\xa3|RIFF.{4}(AVI |WAVE)", "a video or a sound, not a picture."),
    (rb"%PDF|%!PS|8BPS", "a PDF, PostScript or Photoshop document. Export the page that you mean as PNG."),
    (rb"(<\?xml[^>]*>|<!--.*?-->|<!doctype svg[^>]*>|\s)*<svg", "an SVG drawing, made of lines. Export it as PNG."),
    (rb"<(.*<)?(!doctype html|html|head|body|script)\b",
     "a web page, not a picture. Copy the address of the picture itself."),
    (rb"PK\x03\x04|\x1f\x8b|Rar!|7z\xbc\xaf", "an archive. Unpack it first, and give one picture in it."),
    (rb"\{\s*\"|\[\s*[{\"]", "JSON text, perhaps an error message of the service it came from. Read it."),
    (rb"data:image/", "a data URL. Give it as str, not as bytes."),
    (rb"iVBORw0KGgo|/9j/|R0lGOD|UklGR", "base64 of a picture. Give the bytes: base64.b64decode(text)."),
    (rb"version https://git-lfs", "a pointer of Git LFS instead of the file. Fetch it with: git lfs pull"),
    (rb"\xff\xd8", f"a JPEG {_CUT}"),
    (rb"\x89PNG|GIF8|RIFF|BM.{4}\0{4}|II[*+]\0|MM\0[*+]|.{4}ftyp", f"a picture {_CUT}"),
]  # fmt: skip


def describe_unreadable(data: bytes) -> str:
    """Say in one or two sentences what bytes are that Pillow could not open, and what to do."""
    start = data[:1000].removeprefix(b"\xef\xbb\xbf").lstrip()
    unknown = f"no picture that can be opened here (it begins with {data[:8]!r}). Save it as PNG with its own program."
    return "this is " + next((what for begins, what in _KINDS if re.match(begins, start, re.S | re.I)), unknown)


def strip_metadata(data: bytes, image: Image.Image) -> bytes | None:
    """Remove metadata (EXIF, XMP, IPTC, ICC, comments, previews) and whatever follows the picture's end.

    No pixel is touched, and only what decoding an opaque picture needs is kept. `image` is the opened file `data`.
    Returns None for a file that is built in another way: only decoding and encoding it gives a clean picture.
    """
    strip = {"JPEG": _strip_jpeg, "MPO": _strip_jpeg, "PNG": _strip_png, "GIF": _check_gif, "WEBP": _strip_webp}
    try:
        return strip[image.format or ""](data, image)
    except (KeyError, IndexError, ValueError, struct.error):
        return None


def _strip_jpeg(data: bytes, image) -> bytes:
    """Drop application segments, but JFIF without a preview and Adobe's colour transform, and comments."""
    for name, content in image.applist:
        if (content[:5], len(content)) not in ((b"JFIF\0", 14), (b"Adobe", 12)):
            marker = b"\xff\xfe" if name == "COM" else bytes((0xFF, 0xE0 + int(name[3:])))
            data = data.replace(marker + (len(content) + 2).to_bytes(2, "big") + content, b"")
    data = data[: data.index(b"\xff\xd9", data.index(b"\xff\xda")) + 2]
    # In a scan, FF is followed by 00 or a restart marker. (ITU-T T.81, annex B) So what is found here is left over.
    if re.search(rb"\xff([\xe1-\xed\xef-\xfe]|\xe0(?!\0\x10JFIF\0)|\xee(?!\0\x0eAdobe))", data):
        raise ValueError("notes in another place")
    return data


# Chunks that are kept, and how long they may be: a longer one holds something else. (W3C PNG, third edition)
_PNG_CHUNKS = {b"IHDR": 13, b"PLTE": 768, b"tRNS": 256, b"IDAT": 2**31, b"IEND": 0, b"gAMA": 4, b"sRGB": 1, b"pHYs": 9}


def _strip_png(data: bytes, _) -> bytes:
    kept, at, name = [data[:8]], 8, b""
    while name != b"IEND":
        size, name = struct.unpack_from(">I4s", data, at)
        chunk, at = data[at : at + 12 + size], at + 12 + size
        if name in _PNG_CHUNKS:
            # Pillow does not mind a wrong checksum of pixels; browsers and other readers do. It makes 16 bits 8.
            if size > _PNG_CHUNKS[name] or crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big") or data[24] > 8:
                raise ValueError("damaged or deep")
            kept.append(chunk)
    return b"".join(kept)


def _check_gif(data: bytes, _) -> bytes:
    def table(flags: int) -> int:
        return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0

    at = 13 + table(data[10])
    at += 8 if data[at : at + 3] == b"!\xf9\x04" else 0  # which colour is transparent
    at += 11 + table(data[at + 9])
    while data[at]:
        at += data[at] + 1
    if data[at:] != b"\0;":
        raise ValueError("more than one picture")
    return data


def _strip_webp(data: bytes, _) -> bytes:
    kept, at = [], 12
    while at < 8 + int.from_bytes(data[4:8], "little"):
        name, size = struct.unpack_from("<4sI", data, at)
        kept += [data[at : at + 8 + size] + b"\0" * (size % 2)] if name in (b"VP8 ", b"VP8L") else []
        at += 8 + size + size % 2
    (pixels,) = kept  # those of an animation lie inside its frames
    return b"RIFF" + (4 + len(pixels)).to_bytes(4, "little") + b"WEBP" + pixels

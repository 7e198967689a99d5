"""Where a picture comes from: a path, bytes, an open file, a data URL or an address, read and opened with care.

What is wrong with a source ends in a PictureError, before any service is asked.
"""

import base64
import binascii
import os
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from io import BytesIO
from os import PathLike
from pathlib import Path
from urllib.parse import urlsplit

import requests
from PIL import Image

from .metadata import bare
from .refusals import PictureError, why_no_picture

MAX_FILE = 256 * 2**20  # bytes that are read at all, before anything is shrunk
MAX_PIXELS = 120_000_000  # a 108-megapixel phone is below it; as RGBA this is 480 MB, and twice that while it changes

# What the APIs take as it is, and what Pillow opens here besides (EPS, which starts another program, is not among it).
SENT = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
OPENED = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "DIB", "AVIF", "HEIF", "JPEG2000", "ICO", "PPM")

_RELATIVE = "A path starts where Python runs, which in a lesson is notebooks/: ../asset/images/…"
_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def quiet() -> Iterator[None]:
    """Without Pillow's warnings: of odd metadata, which are dropped, and of sizes, which are checked.

    Python keeps its warning filters for the whole process, so one thread at a time.
    """
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read(source) -> tuple[bytes, str]:
    """The bytes of a source (see `open_picture`; not of a PIL image) and a name for it. Raises PictureError."""
    if isinstance(source, bytes | bytearray | memoryview):
        data, name = _of_bytes(source), "bytes"
    elif isinstance(source, str) and re.match(r"\s*data:", source, re.I):
        data, name = _of_data_url(source.strip()), "data URL"
    elif isinstance(source, str) and re.match(r"\s*([a-z][\w+.-]+://|(https?|ftp|file|s3|gs|blob):)", source, re.I):
        data, name = _downloaded(source.strip())
    elif isinstance(source, str | PathLike):
        data, name = _of_file(source)
    elif callable(getattr(source, "read", None)):
        data, name = _of_open_file(source)
    else:
        hints = {"list": "give them one at a time", "tuple": "give them one at a time", "NoneType": "it is missing",
                 "ndarray": "use Image.fromarray(array)", "Response": "use its .content",
                 "dict": "this may be a content part already", "Figure": "save it first: figure.savefig('f.png')",
                 "Picture": "it is checked already"}  # fmt: skip
        kind = type(source).__name__
        what = "A picture is a path, bytes, a PIL image, an open file, an address or a data URL"
        raise PictureError(f"{what}, not {kind}" + (f": {hints[kind]}." if kind in hints else "."))
    if not data:
        hint = " Is it read already? Then file.seek(0) goes back to its start." if hasattr(source, "read") else ""
        raise PictureError(f"{name}: empty, 0 bytes, so there is no picture in it.{hint}")
    return data, name


def name_of(image: Image.Image) -> str:
    """The name of the file that a PIL image came from, without its folder."""
    return _last_part(getattr(image, "filename", "")) or "a PIL image"


def _last_part(path) -> str:
    """The end of a path in any form, in letters that can be printed; nothing for what is no path."""
    with suppress(TypeError, ValueError):
        return os.fsencode(path).decode("utf-8", "replace").replace("\\", "/").rsplit("/", 1)[-1]
    return ""


def _of_bytes(source) -> bytes:
    try:
        return bytes(source)
    except ValueError:
        raise PictureError("This memoryview was released, so its bytes are gone.") from None


def _of_file(source) -> tuple[bytes, str]:
    name = "this path"
    try:
        given = os.fsdecode(source)
        name = _last_part(given) if len(given) < 200 else f"{given[:40]}…"
        if not given.strip():
            raise PictureError(f"This path is empty. {_RELATIVE}")
        path = Path(given).expanduser()
        if path.is_dir():
            inside = [file for file in _names_in(path) if file.lower().endswith((".jpg", ".jpeg", ".png", ".webp"))]
            what = f"{given} is a folder. Give the path of one picture"
            raise PictureError(f"{what} in it, such as {inside[0]}." if inside else f"{what}.")
        size = path.stat().st_size
        if not path.is_file():
            raise PictureError(f"{given} is a device or a pipe, not a file.")
        if size > MAX_FILE:
            raise PictureError(f"{name}: {size:,} bytes are too many to read (limit {MAX_FILE:,}). Shrink it first.")
        return path.read_bytes(), name
    except PictureError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        near = get_close_matches(path.name, _names_in(path.parent), 1, 0.8)
        hint = "Is its folder the right one?" if path.is_absolute() else _RELATIVE
        hint = f"Did you mean {near[0]}?" if near else hint
        hint = "For an address put https:// before it." if given.startswith("www.") else hint
        hint = "An address is given as a str, not as a Path." if re.match("https?:/", given) else hint
        hint = "On this system folders are separated by /." if "\\" in given and os.sep == "/" else hint
        raise PictureError(f"There is no file {given}. {hint}") from None
    except PermissionError:
        raise PictureError(f"{name}: you have no permission to read it. Change that, or copy it elsewhere.") from None
    except (OSError, ValueError, TypeError, RuntimeError):  # a name too long, with a NUL, of no user
        hint = " If it is base64, give the bytes: base64.b64decode(text)." if len(name) == 41 else ""
        raise PictureError(f"{name!r} is no path that this system can open.{hint}") from None


def _names_in(folder: Path) -> list[str]:
    with suppress(OSError):
        return sorted(path.name for path in folder.iterdir())
    return []


def _of_open_file(file) -> tuple[bytes, str]:
    name, parts = _last_part(getattr(file, "name", "")) or "an open file", []
    try:
        while part := file.read(MAX_FILE + 1 - sum(map(len, parts))):  # a pipe gives what it has, so until it ends
            if not isinstance(part, bytes | bytearray):
                break
            parts.append(part)
            if sum(map(len, parts)) > MAX_FILE:
                raise PictureError(f"{name}: over {MAX_FILE:,} bytes are too many to read. Shrink it first.")
    except PictureError:
        raise
    except UnicodeDecodeError:
        part = ""
    except Exception as error:  # of an archive, a stream, a connection: each has its own
        raise PictureError(f"{name}: it can't be read ({error}). Is it open for reading, and whole?") from None
    if isinstance(part, str):
        raise PictureError(f"{name}: opened as text. Open it with open(path, 'rb').")
    if part is None or not isinstance(part, bytes | bytearray):
        raise PictureError(f"{name}: its read() gives {type(part).__name__} and no bytes.")
    return b"".join(parts), name


def _of_data_url(url: str) -> bytes:
    head, comma, encoded = url.partition(",")
    declared, *parameters = head[5:].split(";")
    declared = declared.strip().lower()
    right = "A data URL for a picture is data:image/png;base64,… with the type that fits"
    if not comma:
        raise PictureError(f"This data URL has no comma, so it holds nothing. {right}.")
    if "base64" not in [parameter.strip().lower() for parameter in parameters]:
        raise PictureError(f"This data URL is not base64 (it begins {head[:40]!r}). {right}.")
    if len(encoded) > MAX_FILE:
        raise PictureError(f"This data URL has {len(encoded):,} characters, too many to read (limit {MAX_FILE:,}).")
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        hint = "It begins with b', so it was made with str(…); use .decode() instead." if encoded[:2] == "b'" else right
        raise PictureError(f"The base64 of this data URL is malformed ({error}). {hint}") from None
    if not data:
        raise PictureError(f"This data URL is empty after its comma. {right}.")
    with quiet():
        kind = open_image(data, "data URL").format
    is_really = SENT.get(kind) or Image.MIME.get(kind, "a picture")
    # What is converted anyway may go by any of its names, but not by one that is sent.
    if declared != is_really and (kind in SENT or declared in SENT.values()):
        said = f"says {declared or 'nothing'}" + (", a type that does not exist" if declared == "image/jpg" else "")
        raise PictureError(f"This data URL {said}, but its bytes are {is_really}. Write data:{is_really};base64,…")
    return data


def _downloaded(url: str) -> tuple[bytes, str]:
    try:
        address = urlsplit(url)
        scheme, host, _ = address.scheme.lower(), address.hostname, address.port
    except ValueError:  # whose words may hold user and password
        raise PictureError("This address is malformed in its host or port.") from None
    shown = f"{scheme}://{host}{address.path}"  # no user, no query: they may hold a key
    if scheme not in ("http", "https"):
        hint = "Give the path of the file instead." if scheme == "file" else "Download it first, then give the bytes."
        raise PictureError(f"This address begins with {scheme}:, and pictures come by http or https. {hint}")
    if not host or re.search(r"[\s\x00-\x1f\\]", url):
        raise PictureError("This address has no host, or a space in it. A whole one is https://host/path/picture.jpg")
    try:
        with requests.get(url, timeout=(5, 30), stream=True) as response:
            if response.status_code != 200:
                hint = {401: "it wants a login", 403: "the host refuses programs or strangers", 404: "it has moved"}
                why = hint.get(response.status_code, "the host can't give it now")
                raise PictureError(f"{shown}: status {response.status_code}, {why}. Download it yourself.")
            parts = []
            for part in response.iter_content(2**20):
                parts.append(part)
                if sum(map(len, parts)) > MAX_FILE:
                    raise PictureError(f"{shown}: over {MAX_FILE:,} bytes, which is too many to read.")
            return b"".join(parts), shown
    except (requests.RequestException, UnicodeError) as error:
        raise PictureError(f"{shown}: no picture came ({type(error).__name__}). Is the address right?") from None


def open_image(data: bytes, name: str) -> Image.Image:
    """The bytes as a PIL image whose pixels are not read yet. Raises PictureError for no picture, and for a bomb."""
    Image.init()
    formats = [kind for kind in OPENED if kind in Image.OPEN]
    try:
        try:
            image = Image.open(BytesIO(data), formats=formats)
        except ValueError:
            # Pillow reads no PNG with over a megabyte of text; without its texts it does.
            image = Image.open(BytesIO(bare(data, "PNG") or b""), formats=["PNG"])
    except Image.DecompressionBombError:
        what = f"{name}: far over {MAX_PIXELS:,} pixels when unpacked, perhaps a decompression bomb"
        raise PictureError(f"{what}. If you trust it, shrink it with its program first.") from None
    except Exception:  # Pillow's readers raise whatever a damaged file makes them stumble over
        raise PictureError(f"{name}: {why_no_picture(data)}") from None
    check_size(image.size, name)
    return image


def check_size(size: tuple[int, int], name: str) -> None:
    """Raise PictureError for a picture without pixels, or with more than can be unpacked safely."""
    width, height = size
    if width < 1 or height < 1:
        raise PictureError(f"{name}: {width} x {height} pixels, so nothing to see. Check how it was cut.")
    if width * height > MAX_PIXELS:
        raise PictureError(
            f"{name}: {width:,} x {height:,} pixels when unpacked, over the limit of {MAX_PIXELS:,}. It may be a "
            "decompression bomb; if you trust it, shrink it with its program first."
        )


def load_image(source) -> tuple[Image.Image, str, bytes | None]:
    """The picture behind a source as a PIL image with its pixels loaded, its file's name or "", its bytes or None.

    Raises PictureError for what can't be read, and for more than MAX_PIXELS.
    """
    if isinstance(source, Image.Image):
        name, data = name_of(source), None
        name = "" if name == "a PIL image" else name
    else:
        data, name = read(source)
        name = "" if isinstance(source, bytes | bytearray) else name
    try:
        with quiet():
            image = source if data is None else open_image(data, name or "The picture")
            image.load()
    except PictureError:
        raise
    except Exception as error:  # Pillow's readers raise whatever a damaged file makes them stumble over
        what = name or "The picture"
        raise PictureError(f"{what} is damaged or cut off ({type(error).__name__}). Get it again.") from None
    check_size(image.size, name or "this picture")
    return image, name, data

"""Where a picture comes from: a path, bytes, an open file, a data URL or an address, read and opened with care.

What is wrong with a source ends in a PictureError, before any service is asked.
"""

import base64
import binascii
import os
import re
import warnings
from contextlib import suppress
from difflib import get_close_matches
from io import BytesIO
from os import PathLike
from pathlib import Path
from urllib.parse import urlsplit

import requests
from PIL import Image

from .refusals import PictureError, why_no_picture

MAX_FILE = 256 * 2**20  # bytes that are read at all, before anything is shrunk
MAX_PIXELS = 120_000_000  # a 108-megapixel phone is below it; as RGBA this is 480 MB of memory

# What the APIs take as it is, and what Pillow opens here besides (EPS, which starts another program, is not among it).
SENT = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
OPENED = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "DIB", "AVIF", "HEIF", "JPEG2000", "ICO", "PPM")


def read(source) -> tuple[bytes, str]:
    """The bytes of a source (see `open_picture`; not of a PIL image) and a name for it. Raises PictureError."""
    if isinstance(source, bytes | bytearray | memoryview):
        data, name = bytes(source), "bytes"
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


def _of_file(source) -> tuple[bytes, str]:
    given = str(source)
    if not given.strip():
        raise PictureError("This path is empty. A path starts at the folder of the notebook: ../asset/images/…")
    name = given.replace("\\", "/").rsplit("/", 1)[-1] if len(given) < 200 else f"{given[:40]}…"
    try:
        path = Path(source).expanduser()
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
        relative = "A path starts at the folder of the notebook: ../asset/images/…"
        start = "Is its folder the right one?" if path.is_absolute() else relative
        hint = f"Did you mean {near[0]}?" if near else start
        hint = "For an address put https:// before it." if given.startswith("www.") else hint
        hint = "On this system folders are separated by /." if "\\" in given and os.sep == "/" else hint
        raise PictureError(f"There is no file {given}. {hint}") from None
    except PermissionError:
        raise PictureError(f"{name}: you have no permission to read it. Change that, or copy it elsewhere.") from None
    except (OSError, ValueError, RuntimeError):  # a name too long, with a NUL, of no user
        hint = " If it is base64, give the bytes: base64.b64decode(text)." if len(given) > 200 else ""
        raise PictureError(f"{name!r} is no path that this system can open.{hint}") from None


def _names_in(folder: Path) -> list[str]:
    with suppress(OSError):
        return sorted(path.name for path in folder.iterdir())
    return []


def _of_open_file(file) -> tuple[bytes, str]:
    name = Path(str(getattr(file, "name", ""))).name or "an open file"
    try:
        data = file.read(MAX_FILE + 1)
    except (OSError, ValueError, TypeError) as error:
        raise PictureError(f"{name}: it can't be read ({error}). Open it with open(path, 'rb').") from None
    if not isinstance(data, bytes | bytearray):
        raise PictureError(f"{name}: opened as text. Open it with open(path, 'rb').")
    if len(data) > MAX_FILE:
        raise PictureError(f"{name}: over {MAX_FILE:,} bytes are too many to read. Shrink it first.")
    return bytes(data), name


def _of_data_url(url: str) -> bytes:
    head, comma, encoded = url.partition(",")
    declared, *parameters = head[5:].split(";")
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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        is_really = Image.MIME.get(open_image(data, "data URL").format, "")
    is_really = SENT.get("JPEG") if is_really == "image/mpo" else is_really
    if declared.strip().lower() != is_really:
        said = f"says {declared.strip() or 'nothing'}" + (", a type that does not exist" if "jpg" in declared else "")
        raise PictureError(f"This data URL {said}, but its bytes are {is_really}. Write data:{is_really};base64,…")
    return data


def _downloaded(url: str) -> tuple[bytes, str]:
    try:
        parts = urlsplit(url)
        scheme, host, _ = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError as error:
        raise PictureError(f"This address is malformed: {error}.") from None
    shown = f"{scheme}://{host}{parts.path}"  # no user, no query: they may hold a key
    if scheme not in ("http", "https"):
        hint = "Give the path of the file instead." if scheme == "file" else "Download it first, then give the bytes."
        raise PictureError(f"This address begins with {scheme}:, and pictures come by http or https. {hint}")
    if not host or not re.fullmatch(r"[^\s/\\]+\.?", host) or re.search(r"[\s\x00-\x1f]", url):
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
    try:
        image = Image.open(BytesIO(data), formats=[kind for kind in OPENED if kind in Image.OPEN])
    except Image.DecompressionBombError:
        what = f"{name}: far over {MAX_PIXELS:,} pixels when unpacked, perhaps a decompression bomb"
        raise PictureError(f"{what}. If you trust it, shrink it with its program first.") from None
    except Exception:  # see open_picture
        raise PictureError(f"{name}: {why_no_picture(data)}") from None
    check_size(image.size, name, MAX_PIXELS)
    return image


def check_size(size: tuple[int, int], name: str, pixels: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise PictureError(f"{name}: {width} x {height} pixels, so nothing to see. Check how it was cut.")
    if width * height > pixels:
        raise PictureError(
            f"{name}: {width:,} x {height:,} pixels when unpacked, over the limit of {pixels:,}. It may be a "
            "decompression bomb; if you trust it, shrink it with its program first."
        )

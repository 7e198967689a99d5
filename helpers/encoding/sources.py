"""The bytes of a picture, from wherever they are: a path, an address, base64, an open file, an answer."""

import base64
import inspect
import os
import re
import time
import unicodedata
from concurrent.futures import Future
from contextlib import suppress
from difflib import get_close_matches
from io import BytesIO
from itertools import chain
from pathlib import Path
from threading import Thread
from urllib.parse import unquote, urlsplit

import requests
import urllib3
from PIL import Image

from .formats import MEDIA_TYPES, PictureError, check_size, explain_damage, open_image, shorten

MAX_FILE = 256 * 2**20  # bytes that are read at all, before anything is shrunk
# A data URL, or base64 of a JPEG, PNG, GIF, WebP, BMP, TIFF or AVIF without its head.
_BASE64 = re.compile(
    rb"[\s\"']*(data:(?=\S|$)|([/_]9j[/_]|iVBOR|R0lGOD|UklGR|Qk\w|SUkq|TU0A|AAAA\wGZ0eX)[\w+/=\s%-]{40})", re.I
)


def load_image(source) -> tuple[Image.Image, str, bytes | None]:
    """Return the PIL image, loaded, the name of its file or "", and its bytes or None. Raises PictureError."""
    image, name, data, _ = open_source(source)
    with explain_damage(name):
        image.load()
        check_size(image)
    return image, "" if name in ("bytes", "a PIL image") else name, data


def open_source(source, timeout: float = 60) -> tuple[Image.Image, str, bytes | None, bytes | None]:
    """Return the PIL image of a source (see `open_picture`), pixels unread, a name, and what `open_image` returns."""
    if isinstance(source, Image.Image):
        return source, shorten(os.path.basename(str(getattr(source, "filename", "") or "a PIL image"))), None, None
    try:
        data, name = _read(source, time.monotonic() + timeout)
    except PictureError:
        raise
    except Exception as error:  # of a path, an archive, a stream, a connection: each has its own
        what, why = source if isinstance(source, str | Path) else "The file", getattr(error, "strerror", None) or error
        raise PictureError(f"{shorten(what)} can't be read ({shorten(why)}). Open it with open(path, 'rb').") from None
    data, declared = _decode(data.decode(errors="replace")) if _BASE64.match(data) else (data, "")
    if not 0 < len(data) <= MAX_FILE:
        what = "empty, 0 bytes. Was it read already? file.seek(0) rewinds it" if not data else "too many bytes to read"
        raise PictureError(f"{name}: {what}. (The limit is {MAX_FILE:,}.)")
    image, data, stripped = open_image(data, name)
    actual = MEDIA_TYPES.get(image.format or "", Image.MIME.get(image.format or "", declared))
    # What is converted anyway may go by any of its names, but not by one that is sent.
    if declared not in ("", actual) and {declared, actual} & {*MEDIA_TYPES.values()}:
        raise PictureError(f"This data URL says {declared}, but its bytes are {actual}. Write data:{actual};base64,…")
    return image, name, data, stripped


def _read(source, deadline: float) -> tuple[bytes, str]:
    if isinstance(source, str) and _BASE64.match(source[:200].encode()):
        return source.encode(), "data URL" if "data:" in source[:20].lower() else "base64"
    if isinstance(source, str) and re.match(r"\s*([a-z][\w+.-]+://|https?:)", source, re.I):
        return _download(source.strip(), deadline)
    if isinstance(source, str | os.PathLike):
        with (path := find_file(os.fsdecode(source))).open("rb") as file:
            return file.read(MAX_FILE + 1), shorten(path.name)
    with suppress(TypeError):  # bytes, and a row of them, such as the array of cv2.imencode
        view = memoryview(source)
        if view.itemsize == 1 and sum(side > 1 for side in view.shape or ()) <= 1:
            return view.tobytes(), "bytes"
    if isinstance(content := getattr(source, "content", None), bytes):  # the answer to a request
        return content, "an answer"
    if not callable(read := getattr(source, "read", None)):
        kinds = "a path, bytes, a PIL image (of an array: Image.fromarray; OpenCV's is BGR: array[..., ::-1])"
        raise PictureError(f"A picture is {kinds}, an open file, an address or data URL, not {type(source).__name__}.")
    try:
        part = read(MAX_FILE + 1)
        parts = chain([part], iter(lambda: read(MAX_FILE + 1) or b"", b""))
    except TypeError:  # some take no size, and give all
        parts = chain([part := read()])
    if inspect.isawaitable(part):
        getattr(part, "close", bool)()
        raise PictureError("Its read() is a coroutine. Give what `await file.read()` returns.")
    return _join(parts, deadline), shorten(os.path.basename(str(getattr(source, "name", "an open file"))))


def _join(parts, deadline: float) -> bytes:
    kept = BytesIO()
    for number, part in enumerate(parts):
        kept.write(part or b"")
        if number > 2**19 or time.monotonic() > deadline:
            raise TimeoutError("it takes too long, or has no end")
        if kept.tell() > MAX_FILE:
            break
    return kept.getvalue()


def find_file(given: str) -> Path:
    """Find a file, also without the quotes, percent signs and backslashes of a name, or with other spaces (NFKC)."""
    shown = shorten(re.sub(r"^[^/\\@]*:[^/\\@]*@", "", given))  # a password, if it is an address without https://
    hint = "A path starts where Python runs (in a lesson: notebooks/), and an address with https://"
    try:
        for text in (given, unquote(given.strip(" \t\n\"'“”‘’")).replace("\\ ", " ")):
            if (path := _on_disk(Path(text).expanduser())).is_file():  # a pipe would be waited for
                return path
        near = get_close_matches(path.name, {file.name for file in path.parent.glob("*")} - {path.name}, 1, 0.8)
        what = f"There is no file {shown}. {f'Did you mean {shorten(near[0])}?' if near else hint}"
        what = f"{shown or '.'} is a folder. Give the path of one picture in it." if path.is_dir() else what
    except (OSError, RuntimeError, ValueError) as error:  # no permission, a name too long, of no user
        what = f"{shown} can't be read ({getattr(error, 'strerror', 0) or shorten(error)})."
    raise PictureError(what)


def _on_disk(path: Path) -> Path:
    if path.exists() or path.parent == path:
        return path
    parent, same = _on_disk(path.parent), []
    for file in parent.glob("*"):
        here, asked = (unicodedata.normalize("NFKC", name).split() for name in (file.name, path.name))
        same += [file] if here == asked else []
    return same[0] if len(same) == 1 else parent / path.name


def _decode(text: str) -> tuple[bytes, str]:
    """Decode base64 as people have it (in lines, url-safe, spaces for +, no padding) and the type that it declares."""
    head, comma, encoded = text.strip(" \t\r\n\"'").rpartition(",")
    encoded = unquote(encoded).strip()
    encoded = encoded if {*"+-\n"} & {*encoded} else encoded.replace(" ", "+")
    encoded = re.sub(r"\s", "", encoded).translate({45: "+", 95: "/"}).rstrip("=")
    odd = re.search(r"[^A-Za-z0-9+/]", encoded) or (comma and re.match(r"(?!.*;base64)", head, re.I))
    if odd or len(encoded) % 4 == 1:
        why = f"it has {odd[0]!r}" if odd and odd[0] else "it has no ;base64," if odd else "its length is wrong"
        raise PictureError(f"This base64 is malformed ({why}). Make it with base64.b64encode(data).decode().")
    declared = head[5:].partition(";")[0].strip().lower()[:40] or "nothing"
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4)), declared if comma else ""


def _download(url: str, deadline: float) -> tuple[bytes, str]:
    scheme = url.partition(":")[0].lower()
    if scheme not in ("http", "https"):
        begins = f"this address begins with {shorten(scheme)}:. Download it."
        raise PictureError(f"Pictures come by http or https, but {begins}")
    try:
        address = urlsplit(url)
        if not address.hostname or address.port == 0 or re.search(r"[\s\x00-\x1f\\]", url):
            raise ValueError
    except ValueError:  # whose words may hold user and password
        raise PictureError("This address is malformed. It is https://host/picture.jpg, without spaces.") from None
    shown = shorten(f"{scheme}://{address.netloc.rpartition('@')[2]}{address.path}")  # user and query may hold a key
    came: Future[bytes] = Future()

    def get():
        try:
            with requests.get(url, timeout=(5, 30), stream=True) as response:  # of which each read may take so long
                response.raise_for_status()
                came.set_result(_join(response.iter_content(2**20), deadline))
        except BaseException as error:
            came.set_exception(error)

    Thread(target=get, daemon=True).start()
    try:
        return came.result(deadline - time.monotonic()), shown
    except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
        reason = getattr(getattr(error, "response", None), "status_code", type(error).__name__)
        hint = {"SSLError": "Its certificate is not trusted here.", "ProxyError": "The proxy (HTTPS_PROXY) refuses it.",
                "TimeoutError": "It took too long; timeout= gives it more seconds."}.get(reason)  # fmt: skip
        if isinstance(reason, int) and re.search("sig|expire|token|x-amz|x-goog|se=|hm=|policy", address.query, re.I):
            hint = "The address is signed, and such an address expires: get a new one."
        raise PictureError(f"{shown}: no picture came ({reason}). {hint or 'Is the address right?'}") from None

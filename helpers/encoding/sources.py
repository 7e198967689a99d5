"""The bytes of a picture, from wherever they are: a path, an address, base64, an open file, an answer."""

import base64
import os
import re
import time
from contextlib import suppress
from difflib import get_close_matches
from io import BytesIO
from pathlib import Path
from unicodedata import normalize
from urllib.parse import unquote

import requests
from PIL import Image

from .pixels import MEDIA_TYPES, PictureError, open_image, refuse, shorten

MAX_FILE = 256 * 2**20  # bytes that are read at all, before anything is shrunk
# A data URL, or base64 of a JPEG, PNG, GIF, WebP, BMP, TIFF or AVIF without its head.
_BASE64 = re.compile(rb"[\s\"']*(data:\S|([/_]9j[/_]|iVBOR|R0lGOD|UklGR|Qk\w|SUkq|TU0A|AAAA\w)[\w+/=\s%-]{40})", re.I)


def open_source(source, timeout: float = 60) -> tuple[Image.Image, str, bytes, bytes]:
    """Return the PIL image of a source (see `open_picture`), pixels unread, a name, its bytes, and what may be sent."""
    if isinstance(source, Image.Image):
        return source, shorten(os.path.basename(str(getattr(source, "filename", "") or "a PIL image"))), b"", b""
    is_address = isinstance(source, str) and re.match(r"\s*([a-z][\w+.-]+://|https?:)", source, re.I)
    name, data = (_download if is_address else _read)(source, time.monotonic() + timeout)
    data, declared = _decode(data.decode(errors="replace")) if _BASE64.match(data) else (data, "")
    what = "more bytes than are read here" if data else "empty, 0 bytes. Was it read already? file.seek(0) rewinds it"
    refuse(not 0 < len(data) <= MAX_FILE, f"{name}: {what}.")
    image, own = open_image(data, name)
    actual = (Image.MIME | MEDIA_TYPES).get(image.format or "")
    lies = declared in MEDIA_TYPES.values() and declared != actual
    refuse(lies, f"This data URL says {declared}, but its bytes are {actual}. Write data:{actual};base64,…")
    return image, name, data, own


def _read(source, deadline: float) -> tuple[str, bytes]:
    what = source if isinstance(source, str | Path) else "The file"
    try:
        if isinstance(source, str) and _BASE64.match(source[:200].encode()):
            return "data URL" if "data:" in source[:20].lower() else "base64", source.encode()
        if isinstance(source, str | os.PathLike):
            with (path := find_file(os.fsdecode(source))).open("rb") as file:
                return shorten(path.name), file.read(MAX_FILE + 1)
        with suppress(TypeError):  # bytes, and a row of them, such as the array of cv2.imencode
            view = memoryview(source)
            if view.itemsize == 1 and sum(side > 1 for side in view.shape or ()) <= 1:
                return "bytes", view.tobytes()
        if isinstance(content := getattr(source, "content", None), bytes):  # the answer to a request
            return "an answer", content
        if callable(read := getattr(source, "read", None)):
            name = shorten(os.path.basename(str(getattr(source, "name", "an open file"))))
            with suppress(TypeError):  # some take no size, and give all
                return name, _join(iter(lambda: read(MAX_FILE + 1), b""), deadline)
            return name, bytes(read())
    except PictureError:
        raise
    except Exception as error:  # of a path, an archive, a stream: each has its own
        why = f"{shorten(what)} can't be read ({shorten(getattr(error, 'strerror', None) or error)})."
        raise PictureError(f"{why} Open it with open(path, 'rb'), and await what has to be awaited.") from None
    kind = type(source).__name__ + (" (await it)" if hasattr(source, "__await__") else "")
    kinds = "a path, bytes, a PIL image (of an array: Image.fromarray; OpenCV's is BGR: array[..., ::-1])"
    raise PictureError(f"A picture is {kinds}, an open file, an address or data URL, not {kind}.")


def _join(parts, deadline: float) -> bytes:
    kept = BytesIO()
    for number, part in enumerate(parts):
        if kept.write(part or b"") == 0 or kept.tell() > MAX_FILE:
            break
        if number > 2**19 or time.monotonic() > deadline:
            raise TimeoutError("it takes too long, or has no end")
    return kept.getvalue()


def find_file(given: str) -> Path:
    """Find a file, also without the quotes, percent signs and backslashes of a name, or with other spaces (NFKC)."""
    try:
        for text in (given, unquote(given.strip(" \t\n\"'“”‘’")).replace("\\ ", " ")):
            path = Path(text).expanduser()
            asked, others = normalize("NFKC", path.name).split(), [] if path.exists() else [*path.parent.glob("*")]
            same = [file for file in others if normalize("NFKC", file.name).split() == asked] or [path]
            if len(same) == 1 and same[0].is_file():  # a pipe would be waited for
                return same[0]
        refuse(path.is_dir(), f"{shorten(given) or '.'} is a folder. Give the path of one picture in it.")
    except (OSError, RuntimeError) as error:  # no permission, a name too long, of no user
        raise PictureError(f"{shorten(given)} can't be read ({shorten(error)}).") from None
    near = get_close_matches(path.name, {file.name for file in others} - {path.name}, 1, 0.8)
    hint = "A path starts where Python runs (in a lesson: notebooks/), and an address with https://"
    raise PictureError(f"There is no file {shorten(given)}. {f'Did you mean {shorten(near[0])}?' if near else hint}")


def _decode(text: str) -> tuple[bytes, str]:
    """Decode base64 as people have it (in lines, url-safe, spaces for +, no padding) and the type that it declares."""
    head, _, encoded = unquote(text).strip(" \t\r\n\"'").rpartition(",")
    encoded = encoded if {*"+-\n"} & {*encoded} else encoded.strip().replace(" ", "+")
    encoded = re.sub(r"\s", "", encoded).translate({45: "+", 95: "/"}).rstrip("=")
    odd = re.search(r"[^A-Za-z0-9+/]", encoded) or len(encoded) % 4 == 1
    refuse(odd, "This base64 is malformed or cut off. Make it with base64.b64encode(data).decode().")
    return base64.b64decode(encoded + "=" * (-len(encoded) % 4)), head[5:].partition(";")[0].strip().lower()[:40]


def _download(url: str, deadline: float) -> tuple[str, bytes]:
    scheme = shorten(url.partition(":")[0].strip().lower())
    refuse(scheme not in ("http", "https"), f"Pictures come by http or https, not by {scheme}:. Download it.")
    import multiprocessing.pool  # here: a twentieth of the time that importing this takes, and no browser has it

    # Neither the query nor user and password are shown, which may hold a key.
    shown = shorten(re.sub(r"[?#].*", "", re.sub(r"//[^/?#@]*(:.*)?@", "//", url.strip()), flags=re.S))

    def get() -> bytes:
        with requests.get(url.strip(), timeout=(5, 30), stream=True) as response:  # each read may take so long
            response.raise_for_status()
            return _join(response.iter_content(2**20), deadline)

    try:
        with multiprocessing.pool.ThreadPool(1) as pool:  # whose thread is left alone, should it take longer
            return shown, pool.apply_async(get).get(deadline - time.monotonic())
    except (OSError, ValueError, multiprocessing.TimeoutError) as error:
        reason = getattr(getattr(error, "response", None), "status_code", type(error).__name__)
        hint = "Is the address right? A signed one may have expired, and a slow one needs a larger timeout=."
        raise PictureError(f"{shown}: no picture came ({reason}). {hint}") from None

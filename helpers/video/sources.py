"""A video given by its path, checked before ffmpeg sees it, and a plain sentence for what is none."""

import math
import os
import re
import struct
from codecs import getincrementaldecoder
from contextlib import suppress
from pathlib import Path

from PIL import Image

AGAIN = "Get it again from where it came from."

# How files begin that are no video, what they are, and the way out. First fit wins.
_KINDS = [
    (rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF.{4}WEBP|BM.{4}\0{4}|II[*+]\0|MM\0[*+]|.{4}ftyp(avi[fs]|hei[cx]|mif1)",
     "a picture, not a video. Use encoding.open_picture for it."),
    (rb"(\xef\xbb\xbf)?\s*(<!doctype html|<html|<head|<body)",
     "a web page, not a video. Download the video itself, not the page that plays it."),
    (rb"(\xef\xbb\xbf)?\s*#EXTM3U", "a playlist, not a video. Download the video that it names."),
    (rb"version https://git-lfs", "a pointer of Git LFS instead of the file. Fetch it with: git lfs pull"),
    (rb"%PDF", "a PDF document, not a video."),
    (rb"PK\x03\x04|\x1f\x8b|Rar!|7z\xbc\xaf", "an archive. Unpack it first."),
    (rb"SQLite format 3\0", "an SQLite database, not a video."),
]  # fmt: skip


class VideoError(ValueError):
    """A video, or what was asked of it, that can't be used; the message says why, and what to do."""


def existing(path) -> Path:
    """A path given by the reader, checked: a file that is there and is not empty. Raises VideoError."""
    if isinstance(path, str) and re.match(r"\s*[a-z][a-z0-9+.-]+://", path, re.I):
        raise VideoError("A video is read from your disk, not from an address. Download it first, then give its path.")
    if not isinstance(path, str | os.PathLike):
        hints = {"bytes": "save them to a file first", "list": "give them one at a time", "NoneType": "it is missing",
                 "Scene": "give its path, scene.path"}  # fmt: skip
        kind = type(path).__name__
        hint = hints.get(kind, "use encoding.open_picture for a picture" if isinstance(path, Image.Image) else "")
        raise VideoError(f"A video is given by its path, not as {kind}" + (f": {hint}." if hint else "."))
    try:
        path = Path(os.fsdecode(path)).expanduser()
        if path.is_dir():
            raise VideoError(f"{path} is a folder. Give the path of one video in it.")
        size = path.stat().st_size
        if not path.is_file():  # asked first, as opening a pipe would wait for its writer
            raise VideoError(f"{path} is a device or a pipe, not a file.")
        with open(path, "rb") as file:
            file.read(1)
    except VideoError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        start = "A path starts where Python runs, which in a lesson is notebooks/: ../asset/videos/…"
        raise VideoError(f"There is no file {path}. {start}") from None
    except PermissionError:
        what = "you have no permission to read it. Change that, or copy it elsewhere"
        raise VideoError(f"{path.name}: {what}.") from None
    except (OSError, ValueError, RuntimeError):  # a name too long, with a NUL, of no user
        raise VideoError(f"{str(path)[:60]!r} is no path that this system can open.") from None
    if not size:
        raise VideoError(f"{path.name}: empty, 0 bytes. {AGAIN}")
    return path


def number(name: str, value, *, above: float | None = None, least: float = 0.0, most: float = math.inf) -> float:
    """A finite number within its bounds, as float. Raises VideoError with the bounds."""
    fits = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if fits and (value > above if above is not None else value >= least) and value <= most:
        return float(value)
    bounds = f"above {above:g}" if above is not None else f"at least {least:g}"
    bounds += f" and at most {most:g}" if math.isfinite(most) else ""
    raise VideoError(f"{name} is a number {bounds}, not {value!r}.")


def check_beginning(path: Path) -> None:
    """Raise VideoError for what is seen by its first bytes to be something else; ffmpeg would take text for a sound."""
    try:
        with open(path, "rb") as file:
            head = file.read(1000)
    except OSError:
        raise VideoError(f"{path} can't be read any more. Was it moved?") from None
    for begins, said in _KINDS:
        if re.match(begins, head, re.S | re.I):
            raise VideoError(f"{path.name}: this is {said}")
    with suppress(UnicodeDecodeError):
        text = getincrementaldecoder("utf-8")().decode(head)  # which may end within a letter
        if all(letter.isprintable() or letter.isspace() for letter in text):
            raise VideoError(f"{path.name}: this is text, not a video. Open it in an editor to see what it says.")


def why_not_opened(path: Path, error: Exception) -> str:
    """One or two sentences about a file that ffmpeg can't open."""
    boxes = _boxes(path)
    if boxes and "moov" not in boxes:
        return f"an MP4 whose index (moov) is missing: cut off before its end, where the index stands. {AGAIN}"
    if boxes:
        return f"an MP4 that is damaged or cut off in its index ({type(error).__name__}). {AGAIN}"
    return f"no video that can be opened here ({type(error).__name__}). {AGAIN} Or convert it to MP4 with H.264."


def _boxes(path: Path) -> list[str]:
    """The names of the top-level boxes of an MP4 or MOV (ISO/IEC 14496-12); none for another kind of file."""
    names = []
    with suppress(OSError, struct.error), open(path, "rb") as file:
        while len(names) < 1000:
            size, name = struct.unpack(">I4s", file.read(8))
            names.append(name.decode("latin-1"))
            if names[0] not in ("ftyp", "moov", "mdat", "wide", "free", "skip"):
                return []
            header = 8
            if size == 1:
                header, size = 16, struct.unpack(">Q", file.read(8))[0]
            if size < header:
                break
            file.seek(size - header, os.SEEK_CUR)
    return names

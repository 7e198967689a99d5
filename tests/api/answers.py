"""The hand-written answers of answers.toml: read, and looked up by what a request asks about which pictures.

There is no default answer: what stands in no entry is an error, whichever API was asked.
"""

import functools
import hashlib
import io
import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

from course.assets import ROOT
from course.recording import DEFAULT_MODEL
from helpers import video
from helpers.encoding import DETAILS, open_picture
from helpers.tokens import picture_tokens
from tests.api import faults, receipts
from tests.api.schemas import misfit
from tests.api.validation import ApiError

# Constant, so that a rebuilt recording is the same to the byte: 2026-11-22, 12:00 UTC.
CREATED = 1795348800
ANSWERS = Path(__file__).with_name("answers.toml")
_PILLOW = {"Image": Image, "ImageOps": ImageOps}


@dataclass
class Answer:
    """One hand-written answer of answers.toml. A picture is a file, or a table of a file and how it was made ready;
    of a video, `at` names a second of the scene whose picture it is. `covered` are its boxes of faces; and of texts.

    With `detail` it answers only when every picture is asked about at that detail: what can be seen may depend on it.
    With `fault`, one of those in faults.py, it goes wrong instead: always, or `times` times before the answer comes.
    Where a request asks for JSON that fits a schema, the text has to.
    """

    pictures: list[str | dict | bytes]
    asked: list[str]
    text: str
    wrong_on_purpose: bool = False
    detail: str | None = None
    fault: str | None = None
    times: int | None = None
    headers: dict[str, str] = field(default_factory=dict)  # sent besides the usual ones
    calls: list[dict] = field(default_factory=list)  # of the tools on offer, in place of a text: name and arguments

    def key(self) -> tuple:
        hashes = (_digest(**picture) if isinstance(picture, dict) else _digest(picture) for picture in self.pictures)
        return tuple(hashes), tuple(self.asked), self.detail


_scenes = functools.cache(video.scenes)


@functools.cache
def covering() -> Callable[..., Image.Image]:
    """Return the function of lesson 12 that covers faces and texts, as its cell has it."""
    cells = json.loads((ROOT / "notebooks" / "12_safe_and_fair.ipynb").read_text(encoding="utf-8"))["cells"]
    exec("".join(next(cell["source"] for cell in cells if cell["id"] == "cover")), found := dict(_PILLOW))
    return found["cover"]


@functools.cache  # many entries are about the same picture, and nearly every test starts a server of its own
def _digest(*raw: str | bytes, file: str = "", at: float | None = None, covered: str = "", **how: Any) -> str:
    """The sha256 of a file as it is, or of the picture that an entry's table makes of it."""
    if raw:
        data = raw[0] if isinstance(raw[0], bytes) else (ROOT / raw[0]).read_bytes()
    elif covered:
        faces, texts = ([tuple(map(int, box.split())) for box in boxes.split(",")] for boxes in covered.split(";"))
        data = open_picture(covering()(Image.open(ROOT / file), faces, texts), **how).data
    elif at is None:
        data = open_picture(ROOT / file, **how).data
    else:
        data = next(scene for scene in _scenes(ROOT / file) if scene.start <= at < scene.end).picture().data
    return sha256_of(data)


@dataclass
class Question:
    """What one request asks, part by part: texts that are not the model's own, pictures, and what all of it costs."""

    schema: dict | None = None  # that the answer has to fit
    texts: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    details: set[str] = field(default_factory=set)
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)  # of pictures that came in a data URL
    tokens: int = 0

    def add(self, role: str, content: str | list[dict], fetch: Callable[[str], bytes]) -> None:
        """Add a message of either API; `fetch` gives the picture behind an address, or the id of a file."""
        for part in content if isinstance(content, list) else [{"text": content}]:
            if "text" in part:
                self.tokens += text_tokens(part["text"])
                self.texts += [] if role == "assistant" else [part["text"]]
                continue
            if part["type"] not in ("image_url", "input_image"):
                raise NotImplementedError(f"a part of type {part['type']}")
            image = part["image_url"] if part["type"] == "image_url" else part  # Chat has one more level
            address = image.get("url") or image.get("image_url") or image["file_id"]
            data, detail = fetch(address), image.get("detail", "auto")
            size = Image.open(io.BytesIO(data)).size
            self.pictures.append(sha256_of(data))
            self.details.add(detail)
            self.tokens += picture_tokens(*size, DEFAULT_MODEL, detail).tokens
            if address.startswith("data:"):
                self.sizes[address] = size

    def answer(self, api: Any) -> Answer:
        """The entry for it. Raises ApiError(500) where there is none that fits, and notes that in `api.unanswered`."""
        detail = next(iter(self.details)) if len(self.details) == 1 else None
        keys = [(tuple(self.pictures), tuple(self.texts), at) for at in (detail, None)]
        found = next(filter(None, map(api.answers.get, keys)), None)
        problem = None if found else "has no answer to"
        if found and self.schema is not None and (found.times or not found.fault):  # what always goes wrong is not read
            why = misfit(found.text.strip(), self.schema)
            problem = why and f"has an answer that does not fit ({why}) to"
        if not problem:
            return found
        api.unanswered.append(f"answers.toml {problem} {self.texts} about pictures {self.pictures} at detail {detail}")
        raise ApiError(api.unanswered[-1], status=500, kind="server_error")

    def digest(self, body: dict, more: str = "") -> str:
        """What the answer's id ends with: the same on a machine that packs the same pixels into other bytes."""
        asked = json.dumps(body, sort_keys=True)
        for url, size in self.sizes.items():
            asked = asked.replace(url, f"data: {size}")
        return hashlib.sha256((asked + more).encode()).hexdigest()[:12]


def sha256_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def pieces(text: str) -> list[str]:
    """A text as a stream sends it, word by word."""
    *words, last = text.split(" ")
    return [*(f"{word} " for word in words), last]


def cut(text: str, limit: int | None) -> tuple[str, bool]:
    """The text as far as `limit` tokens go, and whether something is missing."""
    if not limit or text_tokens(text) <= limit:
        return text, False
    return text.encode()[: limit * 4].decode(errors="ignore"), True


def text_tokens(text: str) -> int:
    """The stated estimate for text: one token for every 4 bytes of UTF-8, rounded up."""
    return -(-len(text.encode()) // 4)


def load_answers(path: Path = ANSWERS) -> dict[tuple, Answer]:
    """The hand-written answers by what they answer: hashes of the pictures, the texts asked, and a detail or None."""
    by_key = {}
    for entry in [*tomllib.loads(path.read_text(encoding="utf-8"))["answer"], *receipts.entries()]:
        answer = Answer(**entry)
        faults.check(answer.fault, answer.times)
        if answer.detail not in (None, *DETAILS) or by_key.setdefault(answer.key(), answer) is not answer:
            raise ValueError(f"{path.name}: twice, or of an unknown detail: {entry}")
    return by_key

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

from jsonschema import validate
from PIL import Image, ImageOps

from course.assets import ROOT
from course.recording import DEFAULT_MODEL
from helpers import video
from helpers.encoding import DETAILS, open_picture
from helpers.tokens import picture_tokens
from tests.api import faults, receipts
from tests.api.validation import asked_schema

# Constant, so that a rebuilt recording is the same to the byte: 2026-11-22, 12:00 UTC.
CREATED = 1795348800
ANSWERS = Path(__file__).with_name("answers.toml")


@dataclass
class Answer:
    """One hand-written answer of answers.toml, where its fields are explained."""

    pictures: list[str | dict | bytes]
    asked: list[str]
    text: str
    wrong_on_purpose: bool = False
    detail: str | None = None
    fault: str | None = None
    times: int | None = None
    headers: dict[str, str] = field(default_factory=dict)  # sent besides the usual ones
    calls: list[dict] = field(default_factory=list)  # of the tools on offer, in place of a text: name and arguments
    turn: int = 0

    @property
    def source(self) -> str:
        return "sample wrong-on-purpose" if self.wrong_on_purpose else "sample"

    @property
    def question(self) -> tuple:
        return tuple(self.asked), self.detail

    def due(self) -> str | None:
        """The fault whose turn it is: with `times`, the answer comes after so many, and then it all begins again."""
        self.turn += 1
        return None if self.times and self.turn % (self.times + 1) == 0 else self.fault

    def is_about(self, pictures: list[str]) -> bool:
        """Are these the sha256 of its pictures? Only then they are made: all of them take seconds."""
        made = (digest_of(**one) if isinstance(one, dict) else digest_of(one) for one in self.pictures)
        return len(pictures) == len(self.pictures) and all(map(str.__eq__, made, pictures))


_scenes = functools.cache(video.scenes)


@functools.cache
def covering() -> Callable[..., Image.Image]:
    """Return the function of lesson 12 that covers faces and texts, as its cell has it."""
    cells = json.loads((ROOT / "notebooks" / "12_safe_and_fair.ipynb").read_text(encoding="utf-8"))["cells"]
    source = "".join(next(cell["source"] for cell in cells if cell["id"] == "cover"))
    exec(source, found := {"Image": Image, "ImageOps": ImageOps})
    return found["cover"]


@functools.cache  # many entries are about the same picture, and nearly every test starts a server of its own
def digest_of(raw: str | bytes = b"", file: str = "", at: float | None = None, covered: str = "", **how: Any) -> str:
    """The sha256 of a file as it is, or of the picture that an entry's table makes of it."""
    if isinstance(raw, str):
        raw = (ROOT / raw).read_bytes()
    elif at is not None:
        raw = next(scene for scene in _scenes(ROOT / file) if scene.start <= at < scene.end).picture().data
    elif covered:
        faces, texts = ([tuple(map(int, box.split())) for box in boxes.split(",")] for boxes in covered.split(";"))
        raw = open_picture(covering()(Image.open(ROOT / file), faces, texts), **how).data
    elif file:
        raw = open_picture(ROOT / file, **how).data
    return hashlib.sha256(raw).hexdigest()


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
            self.pictures.append(hashlib.sha256(data).hexdigest())
            self.details.add(detail)
            self.tokens += picture_tokens(*size, DEFAULT_MODEL, detail).tokens
            self.sizes |= {address: size} if address.startswith("data:") else {}

    def answer(self, answers: dict) -> Answer:
        """The entry for it. Raises NotImplementedError without one, and ValidationError where a schema is asked for."""
        detail = next(iter(self.details)) if len(self.details) == 1 else None
        alike = [entry for at in (detail, None) for entry in answers.get((tuple(self.texts), at), [])]
        found = next((entry for entry in alike if entry.is_about(self.pictures)), None)
        if not found:
            about = f"{self.texts} about pictures {self.pictures} at detail {detail}"
            raise NotImplementedError(f"answers.toml has no answer to {about}")
        if self.schema and not found.fault:
            validate(json.loads(found.text), self.schema)
        return found

    def digest(self, body: dict, more: str = "") -> str:
        """What the answer's id ends with: the same on a machine that packs the same pixels into other bytes."""
        asked = json.dumps(body, sort_keys=True)
        for url, size in self.sizes.items():
            asked = asked.replace(url, f"data: {size}")
        return hashlib.sha256((asked + more).encode()).hexdigest()[:12]


def ask(api: Any, body: dict, messages: list[dict]) -> tuple[Question, Answer]:
    """What a request of either API asks in these messages, and the entry for it."""
    question = Question(asked_schema(body).get("schema"))
    for message in messages:
        question.add(message["role"], message.get("content") or "", api.fetch)
    return question, question.answer(api.answers)


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


def load_answers(path: Path = ANSWERS) -> dict[tuple, list[Answer]]:
    """The hand-written answers by what they answer: the texts asked, and a detail or None."""
    by_question: dict[tuple, list[Answer]] = {}
    for entry in [*tomllib.loads(path.read_text(encoding="utf-8"))["answer"], *receipts.entries()]:
        answer = Answer(**entry)
        known = answer.detail in (None, *DETAILS) and answer.fault in (None, *faults.ALL)
        alike = by_question.setdefault(answer.question, [])
        if not known or any(answer.pictures == other.pictures for other in alike):
            raise ValueError(f"{path.name}: twice, or of an unknown detail or fault: {entry}")
        alike.append(answer)
    return by_question

"""What wrong.py and right.py use: the names that a solution finds in its notebook, and parts of requests."""

# ruff: noqa: F401
import base64
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import pydantic
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydantic import BaseModel, model_validator

from course.exercises import lesson_03
from course.exercises.reading import ROCKET
from course.recording import DEFAULT_MODEL as MODEL
from helpers import encoding, tokens
from tests.conftest import COFFEE, COFFEE_FILE

FILES = {kind: f"../asset/images/{name}" for kind, name in lesson_03.FILES.items()}
PHOTO = "../asset/images/phone_photo.jpg"
NOTES = PngInfo()
NOTES.add_text("Author", "A. Learner")


def text(words):
    return {"type": "text", "text": words}


def picture(url=ROCKET, detail="high"):
    return {"type": "image_url", "image_url": {"url": url, "detail": detail}}


def says(role, *content):
    return {"role": role, "content": content[0] if isinstance(content[0], str) else list(content)}


content = [
    {"type": "input_text", "text": "Describe this picture in one sentence."},
    {"type": "input_image", "image_url": COFFEE, "detail": "low"},
]
coins = picture(lesson_03.COINS, "low")


@cache
def part(kind, max_side=None, detail="low"):
    return encoding.open_picture(FILES[kind], max_side=max_side).chat_part(detail)


def three(*names, ask="Are there more animals in Hens or in Horses?", **instead):
    """A right content for 03.2, but for its names, its question and the pictures that are others."""
    shown = {"hens": part("hens"), "coins": coins, "horses": part("horses")} | instead
    pairs = zip(names or ("Hens", "Coins", "Horses"), shown.values(), strict=True)
    return [*(one for name, shown in pairs for one in (text(f"{name}:"), shown)), text(ask)]


def photo(change=lambda image: image, name="JPEG", **options):
    """The bytes of the photo as a learner may prepare it: 192 x 256 pixels, upright and clean, but for a change."""
    ready = encoding.open_picture(PHOTO, max_side=256)
    change(Image.open(BytesIO(ready.data))).save(file := BytesIO(), name, **options)
    return file.getvalue()

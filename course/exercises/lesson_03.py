"""Lesson 03: what half the side costs, pictures with names of their own, more pictures than one request takes."""

import re
from base64 import b64decode
from functools import partial
from inspect import getsource
from io import BytesIO
from itertools import chain

from PIL import Image

from helpers.tokens import request_tokens

from ..assets import ROOT
from ..recording import DEFAULT_MODEL
from .comparing import check_number, check_results, picture_difference
from .exercise import Exercise, require
from .reading import PICTURES, as_json, read_fields, read_number, read_parts

COINS = f"{PICTURES}coins.png"
FILES = {"hens": "chicken.webp", "cows": "cow.webp", "coins": "coins.png", "horses": "horse.webp"}


def _recognise(pictures: list[dict], wanted: list[str]) -> list[tuple[str, tuple[int, int] | None]]:
    """Name the lesson's pictures, with their sizes if they are bytes. Wrong unless each is there once, at low."""
    found = [_see(picture["url"]) for picture in pictures]
    came = ", ".join(what for what, _ in found) or "none"
    there = sorted(what for what, _ in found) == sorted(wanted)
    require(there, f"These pictures are wanted, each once: {', '.join(wanted)}. In it there are: {came}.")
    details = [picture.get("detail") for picture in pictures]
    require(set(details) == {"low"}, f"The exercise asks for detail 'low'. Yours have {', '.join(map(str, details))}.")
    return found


def _see(url: str) -> tuple[str, tuple[int, int] | None]:
    if not url.startswith("data:"):
        return ("coins" if url == COINS else "something else"), None
    image, folder = Image.open(BytesIO(b64decode(url.partition(",")[2]))), ROOT / "asset" / "images"
    alike = (what for what, file in FILES.items() if picture_difference(image, Image.open(folder / file)) < 8)
    return next(alike, "something else"), image.size


@Exercise(
    "03.1",
    expects='a dict with "prediction", a number of picture tokens, and "parts", a list of four picture parts',
    hint="What is left of the area? Go through FILES.values() as the lesson does, with a max_side.",
    solution="""
my_prediction = 799 / 4
my_parts = [encoding.open_picture(path, max_side=256).chat_part("low") for path in FILES.values()]
exercises.check("03.1", {"prediction": my_prediction, "parts": my_parts})""",
    why="half as wide and half as high is a quarter of the pixels and tokens. Only the coins shrink less.",
)
def half_the_side(answer):
    prediction, content = read_fields(answer, "prediction", "parts")
    texts, pictures = read_parts(content)
    require(not (texts and pictures), "There are texts among the parts. The list holds picture parts and nothing else.")
    for what, size in _recognise(pictures, list(FILES)):
        came = "{} x {} pixels".format(*size) if size else "an address, and stay as large as they are"
        require(size and max(size) == 256, f"The {what} have {came}. What does max_side=256 give?")
    truth = request_tokens([{"role": "user", "content": content}], DEFAULT_MODEL).tokens
    way = "It is less than yours." if read_number(prediction) > truth else "It is more than yours."
    hint = f"Half the side is half as wide and half as high. How much of the area is left? {way}"
    check_number("The number of picture tokens", prediction, truth, {}, hint, percent=20)


# A name of nothing but these words, or of no word at all, says a place in a list or on a page.
PLACES = """the picture image photo pic img figure fig number no one two three i ii iii first second third last next
left right middle centre center top bottom upper lower 사진 그림 이미지 번 첫 첫번째 두번째 세번째 왼쪽 오른쪽"""


@Exercise(
    "03.2",
    expects="a content list: three pictures, a name right before each, and the question at the end",
    hint="The lesson has the pictures in the dict parts, and named puts names before them. Name what is in it.",
    solution="""
my_content = named(["Hens", "Coins", "Horses"], [parts["hens"], parts["coins"], parts["horses"]])
my_content += [{"type": "text", "text": "Are there more animals in Hens or in Horses?"}]
exercises.check("03.2", my_content)""",
    why="each name stands right before its picture, and the question uses these very names.",
)
def name_the_pictures(answer):
    content = as_json(answer)
    found = _recognise(read_parts(content)[1], ["hens", "horses", "coins"])
    require(dict(found)["coins"] is None, "The coins are in it as bytes. Send them by their address, COINS.")
    require(content[-1]["type"] == "text", "The last part is a picture. The question comes last.")
    before = [content[n - 1] if n else {} for n, part in enumerate(content) if part["type"] == "image_url"]
    names = [re.sub(r"^\W+|\W+$", "", part.get("text", "")) for part in before]  # without colons and brackets
    require(all(names), "A picture has no name: the part right before it is not a text with a word in it.")
    for name, (what, _) in zip(names, found, strict=True):
        place = set(re.findall(r"(?<!\w)[^\W\d_]+", name.casefold())) <= set(PLACES.split())
        require(not place, f"The name {name!r:.40} says a place or nothing. Take a word instead.")
        said = [kind for kind in FILES if re.search(rf"\b{kind[:-1]}s?\b", name.casefold())]
        require(not said or what in said, f"The name {name!r:.40} stands before the {what}.")
    require(len(set(map(str.casefold, names))) == 3, "Two pictures have the same name. Which one is meant?")
    called = [name for name in names if _is_called(name, content[-1]["text"])]
    require(len(called) > 1, f"The question has fewer than two of the names in it. Yours are: {', '.join(names):.120}.")


def _is_called(name: str, question: str) -> bool:
    edge = r"\b" * name.isascii()  # a Korean particle follows its word without a space
    return bool(re.search(f"{edge}{re.escape(name)}{edge}", question, re.IGNORECASE * (len(name) > 1)))  # A is no a


def in_turns(content, limit):
    step = 2 * limit  # a name and a picture
    return [content[start : start + step] for start in range(0, len(content), step)]


def _check_turns(content, limit, turns):
    given = f"Given a list of {len(content) // 2} pictures and a limit of {limit}, your function"
    lists = isinstance(turns, list) and all(isinstance(turn, list) for turn in turns)
    require(lists, f"{given} does not return a list of lists, one for each request.")
    require(list(chain(*turns)) == content, f"{given} loses, repeats or moves something, perhaps the rest at the end.")
    sizes, full = [len(turn) for turn in turns], f"{limit} pictures with a name are {2 * limit} parts"
    require(turns == in_turns(content, limit), f"{given} makes requests of {sizes!s:.60} parts. {full}.")


@Exercise(
    "03.3",
    expects="a function that takes a content list and a limit, and returns a list of content lists",
    hint="A request takes 2 * limit parts. content[start:end] cuts a piece out, range(0, …, step) its starts.",
    solution=f'{getsource(in_turns)}\nexercises.check("03.3", in_turns)',
    why="each piece but the last is full, and its even number of parts keeps every name with its picture.",
)
def split_in_turns(answer):
    cases, parts = {}, []
    for n in range(51):
        parts += [{"type": "text", "text": f"{n}:"}, {"type": "image_url", "image_url": {"url": f"{n}.png"}}]
    for count, limit in ((5, 2), (4, 2), (9, 6), (3, 10), (3, 1), (51, 50), (0, 10)):
        given = (parts[: 2 * count], limit)
        cases[f"a list of {count} pictures and a limit of {limit}"] = (given, partial(_check_turns, *given))
    check_results(answer, cases)

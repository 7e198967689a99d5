"""Lesson 03: what half the side costs, pictures with names of their own, more pictures than one request takes."""

import re
from base64 import b64decode
from functools import cache
from io import BytesIO

from PIL import Image

from helpers.tokens import request_tokens

from ..assets import ROOT
from ..recording import DEFAULT_MODEL
from .comparing import check_number, picture_difference, run_cases
from .exercise import Exercise, Wrong, require
from .reading import PICTURES, as_json, has_words, read_fields, read_parts

COINS = f"{PICTURES}coins.png"
FILES = {"hens": "chicken.webp", "cows": "cow.webp", "coins": "coins.png", "horses": "horse.webp"}
AT_512 = 799  # picture tokens of the four as the lesson sends them


def _recognise(pictures: list[dict], wanted: list[str]) -> list[tuple[str, Image.Image | None]]:
    """Name the lesson's pictures and open them (None: sent by address). Wrong unless each is there once, at low."""
    found = [_see(picture["url"]) for picture in pictures]
    missing = [what for what in wanted if what not in dict(found)]
    require(not missing, f"The {' and the '.join(missing)} are missing.")
    require(len(found) == len(wanted), f"There are {len(found)} pictures in it, and {len(wanted)} are wanted.")
    details = [picture.get("detail") for picture in pictures]
    require(set(details) == {"low"}, f"The exercise asks for detail 'low'. Yours have {', '.join(map(str, details))}.")
    return found


def _see(url: str) -> tuple[str, Image.Image | None]:
    if not url.startswith("data:"):
        return ("coins" if url == COINS else "something else"), None
    try:
        image = Image.open(BytesIO(b64decode(url.partition(",")[2])))
        image.load()
    except Exception:
        raise Wrong("A data URL holds no picture that can be opened. encoding.open_picture makes good ones.") from None
    alike = (what for what, ours in _small_pictures().items() if picture_difference(image, ours) < 8)
    return next(alike, "something else"), image


@cache
def _small_pictures() -> dict[str, Image.Image]:
    return {what: Image.open(ROOT / "asset" / "images" / file).resize((64, 64)) for what, file in FILES.items()}


def half_the_side(answer):
    prediction, content = read_fields(answer, "prediction", "parts")
    for what, image in _recognise(read_parts(content)[1], list(FILES)):
        size = f"{image.width} x {image.height} pixels" if image else "an address, and stay as large as they are"
        require(image and max(image.size) == 256, f"The {what} have {size}. What does max_side=256 give?")
    slips = {
        AT_512 / 2: "Half the side is half as wide and half as high. How much of the area is left?",
        AT_512 / 16: "At low the service shrinks to 512 anyway. From there to 256 is half the side.",
        AT_512: "That is what they cost before they were shrunk.",
    }
    truth = request_tokens([{"role": "user", "content": content}], DEFAULT_MODEL).tokens
    hint = "Fewer pixels make fewer patches, and patches are what is paid."
    check_number("The number of picture tokens", prediction, truth, slips, hint, percent=20)


# A name that is nothing but a place in a list or on a page.
PLACE = re.compile(
    r"(the )?((picture|image|photo|number|no\.?)\s*)?(first|second|third|last|left|right|middle|top|bottom|one|two|"
    r"three|\d+(st|nd|rd|th)?|\w)(\s*(one|picture|image|photo))?",
    re.IGNORECASE,
)


def name_the_pictures(answer):
    content = as_json(answer)
    found = _recognise(read_parts(content)[1], ["hens", "horses", "coins"])
    require(dict(found)["coins"] is None, "The coins are in it as bytes. Send them by their address, COINS.")
    require(content[-1]["type"] == "text", "The last part is a picture. The question comes last.")
    before = [content[n - 1] if n else {} for n, part in enumerate(content) if part["type"] == "image_url"]
    names = [part.get("text", "").strip().rstrip(":").strip() for part in before]
    named = all(map(has_words, names))
    require(named, "A picture has no name: the part right before it is not a text with a word in it.")
    for name, (what, _) in zip(names, found, strict=True):
        require(not PLACE.fullmatch(name), f"The name {name!r:.40} says a place or nothing. Take a word instead.")
        said = [kind for kind in FILES if kind.rstrip("s") in name.casefold()]
        require(not said or what in said, f"The name {name!r:.40} stands before the {what}.")
    require(len({name.casefold() for name in names}) == 3, "Two pictures have the same name. Which one is meant?")
    question = content[-1]["text"].casefold()
    called = [name for name in names if re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", question)]
    require(len(called) > 1, f"The question has fewer than two of the names in it. Yours are: {', '.join(names):.120}.")


def split_in_turns(answer):
    sizes = [(5, 2), (4, 2), (3, 10), (3, 1), (51, 50), (0, 10)]
    crowd: list[dict] = []
    for n in range(1, 52):
        crowd += [{"type": "text", "text": f"Picture {n}:"}, {"type": "image_url", "image_url": {"url": f"{n}.png"}}]
    cases = {f"a list of {count} pictures and a limit of {limit}": (count, limit) for count, limit in sizes}
    returned = run_cases(answer, {name: (crowd[: 2 * count], limit) for name, (count, limit) in cases.items()})
    for name, (count, limit) in cases.items():
        turns, given = as_json(returned[name]), f"Given {name}, your function"
        lists = isinstance(turns, list) and all(isinstance(turn, list) for turn in turns)
        require(lists, f"{given} does not return a list of lists, one for each request.")
        sent = [part for turn in turns for part in turn]
        order = f"{given} loses, repeats or moves something: of {2 * count} parts {len(sent)} come out."
        require(sent == crowd[: 2 * count], order)
        odd = next((len(turn) for turn in turns if len(turn) not in range(2, 2 * limit + 1, 2)), None)
        require(odd is None, f"{given} makes a request of {odd} parts. {limit} pictures with a name are {2 * limit}.")
        made, least = len(turns), -(-count // limit)
        require(made == least, f"{given} makes {made} requests, and {least} would do. A picture takes two parts.")


EXERCISES = {
    "03.1": Exercise(
        half_the_side,
        predicts=True,
        expects='a dict with "prediction", a number of picture tokens, and "parts", a list of four picture parts',
        hint="What is left of the area when a side is halved? The tokens follow. For the parts, go through "
        "FILES.values() as the lesson does, and give open_picture a max_side.",
        solution="""
my_prediction = 799 / 4
my_parts = [
    encoding.open_picture(path, max_side=256).chat_part("low") for path in FILES.values()
]
exercises.check("03.1", {"prediction": my_prediction, "parts": my_parts})""",
        why="half as wide and half as high is a quarter of the pixels and tokens. Only the coins shrink less.",
    ),
    "03.2": Exercise(
        name_the_pictures,
        expects="a content list: three pictures, a name right before each, and the question at the end",
        hint="The lesson has a part of each kind in the dict parts, and named puts names before them. A name that "
        "says what is to be seen goes with its picture.",
        solution="""
my_content = named(["Hens", "Coins", "Horses"], [parts["hens"], parts["coins"], parts["horses"]])
my_content += [{"type": "text", "text": "Are there more animals in Hens or in Horses?"}]
exercises.check("03.2", my_content)""",
        why="each name stands right before its picture, and the question uses these very names.",
    ),
    "03.3": Exercise(
        split_in_turns,
        expects="a function that takes a content list and a limit, and returns a list of content lists",
        hint="A picture and its name are two parts, so a request takes 2 * limit of them. content[start:end] cuts a "
        "piece out, and range(0, len(content), step) gives the starts.",
        solution="""
def in_turns(content, limit):
    step = 2 * limit  # a name and a picture
    return [content[start : start + step] for start in range(0, len(content), step)]

exercises.check("03.3", in_turns)""",
        why="the pieces have an even number of parts, so none ends between a name and its picture.",
    ),
}

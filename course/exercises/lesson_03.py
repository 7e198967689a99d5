"""Lesson 03: what half the side costs, pictures with names of their own, more pictures than one request takes."""

import re
from base64 import b64decode
from functools import cache
from io import BytesIO

from PIL import Image, ImageChops, ImageStat

from helpers.tokens import request_tokens

from ..assets import ROOT
from ..recording import DEFAULT_MODEL
from .comparing import is_close, run_cases
from .exercise import Exercise, Wrong
from .reading import PICTURES, as_json, has_words, read_fields, read_number, read_parts, type_name

COINS = f"{PICTURES}coins.png"
FILES = {"hens": "chicken.webp", "cows": "cow.webp", "coins": "coins.png", "horses": "horse.webp"}
SIDE, AT_512 = 256, 799  # pixels; picture tokens of the four as the lesson sends them


def half_the_side(answer):
    prediction, content = read_fields(answer, "prediction", "parts")
    _, pictures = read_parts(content)
    found = [_see(picture) for picture in pictures]
    for what, image in found:
        if image is None:
            raise Wrong("One part has an address in it. What is behind an address stays as large as it is: open all "
                        "four from their files.")  # fmt: skip
        if max(image.size) != SIDE:
            way = "at most 256" if max(image.size) > SIDE else "256, no less,"
            raise Wrong(f"The {what} have {image.width} x {image.height} pixels, and {way} on the longer side is "
                        "asked for. What does max_side=256 give?")  # fmt: skip
    _complain_of_what(found, list(FILES))
    _all_low(pictures)
    truth = request_tokens([{"role": "user", "content": content}], DEFAULT_MODEL).tokens
    predicted = read_number(prediction)
    if not is_close(predicted, truth, 20):
        slip = "Fewer pixels make fewer patches, and patches are what is paid."
        if is_close(predicted, AT_512 / 2, 10):
            slip = "Half the side is half as wide and half as high. How much of the area is left?"
        if is_close(predicted, AT_512 / 16, 10):
            slip = "At low the service shrinks to 512 anyway. From there to 256 is half the side."
        if is_close(predicted, AT_512, 10):
            slip = "That is what they cost before they were shrunk."
        raise Wrong(f"You predicted {predicted:,.0f} picture tokens. {slip}")
    return (f"{truth} picture tokens, where it was {AT_512}. The three photos reached the model 512 wide and are now "
            "256: a quarter of the area, and of the tokens, rounded up. The coins were only 384 wide, so they shrink "
            "less.")  # fmt: skip


def name_the_pictures(answer):
    content = as_json(answer)
    _, pictures = read_parts(content)
    found = [_see(picture) for picture in pictures]
    if any(what == "coins" and image for what, image in found):
        raise Wrong("The coins are in it as bytes. Send them by their address, which stands in COINS.")
    _complain_of_what(found, ["hens", "horses", "coins"])
    _all_low(pictures)
    if content[-1]["type"] != "text":
        raise Wrong("The last part is a picture. The question comes last.")
    before = [content[n - 1] if n else {} for n, part in enumerate(content) if part["type"] == "image_url"]
    names = [part.get("text", "").strip().rstrip(":").strip() for part in before]
    if not all(map(has_words, names)):
        raise Wrong("A picture has no name: the part right before it is not a text with a word in it.")
    if len({name.casefold() for name in names}) < 3:
        raise Wrong("Two pictures have the same name. Which one would an answer mean?")
    for name, (what, _) in zip(names, found, strict=True):
        if _PLACE.fullmatch(name):
            raise Wrong(f"The name {name!r:.40} says a place, which changes with the order. Take a name that would go "
                        "with its picture.")  # fmt: skip
        if len(name) < 2:
            raise Wrong(f"The name {name!r} is a single letter, which is easily missed. Take a word.")
        said = [kind for kind in FILES if kind.rstrip("s") in name.casefold()]
        if said and what not in said:
            raise Wrong(f"The name {name!r:.40} stands before the {what}.")
    question = content[-1]["text"].casefold()
    called = [re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", question) for name in names]
    if sum(map(bool, called)) < 2:
        listed = ", ".join(repr(name[:40]) for name in names)
        raise Wrong(f"The question calls fewer than two of the pictures by their names. Yours are: {listed}.")
    return "Sort the pictures as you like: question and answer still mean the same ones."


# A name that is nothing but a place in a list or on a page.
_PLACE = re.compile(
    r"(the )?((picture|image|photo|number|no\.?)\s*)?(first|second|third|last|left|right|middle|top|bottom|one|two|"
    r"three|\d+(st|nd|rd|th)?)(\s*(one|picture|image|photo))?", re.I)  # fmt: skip

CASES = {
    "a list of 5 pictures and a limit of 2": (5, 2),
    "a list of 4 pictures and a limit of 2": (4, 2),
    "a list of 3 pictures and a limit of 10": (3, 10),
    "a list of 3 pictures and a limit of 1": (3, 1),
    "a list of 51 pictures and a limit of 50": (51, 50),
    "an empty list and a limit of 10": (0, 10),
}


def _crowd(count: int) -> list[dict]:
    """Content as the lesson's `named` returns it."""
    content = []
    for n in range(1, count + 1):
        url = f"https://pictures.invalid/{n}.png"
        content += [{"type": "text", "text": f"Picture {n}:"}, {"type": "image_url", "image_url": {"url": url}}]
    return content


def split_in_turns(answer):
    returned = run_cases(answer, {name: (_crowd(count), limit) for name, (count, limit) in CASES.items()})
    for name, (count, limit) in CASES.items():
        turns, given = as_json(returned[name]), f"Given {name}, your function"
        if not isinstance(turns, list) or not all(isinstance(turn, list) for turn in turns):
            raise Wrong(f"{given} returns {type_name(returned[name])}, and not a list of lists, one for each request.")
        if not all(turns):
            raise Wrong(f"{given} makes a request with nothing in it.")
        sent = [part for turn in turns for part in turn]
        if len(sent) < 2 * count:
            raise Wrong(f"{given} loses something: {len(sent)} of {2 * count} parts come out.")
        if sent != _crowd(count):
            raise Wrong(f"{given} sends something twice, or changes a part or the order.")
        if any(turn[0]["type"] != "text" or turn[-1]["type"] == "text" for turn in turns):
            raise Wrong(f"{given} cuts a name off from its picture. Each picture takes two parts of the list.")
        most = max((len(turn) // 2 for turn in turns), default=0)
        if most > limit:
            raise Wrong(f"{given} makes a request with {most} pictures.")
        if len(turns) > (least := -(-count // limit)):
            raise Wrong(f"{given} makes {len(turns)} requests, and {least} would do. Each picture takes two parts of "
                        "the list.")  # fmt: skip
    return "Each request is full but for the last, and every picture keeps the name that it has in the whole."


def _see(picture: dict) -> tuple[str, Image.Image | None]:
    """Which of the lesson's pictures it is (or "something else"), and its pixels; None for one behind an address."""
    url = picture["url"]
    if not url.startswith("data:"):
        return ("coins" if url == COINS else "something else"), None
    try:
        image = Image.open(BytesIO(b64decode(url.partition(",")[2])))
        image.load()
    except Exception:
        raise Wrong("A data URL holds no picture that can be opened. encoding.open_picture makes good ones.") from None
    differences = {what: ImageStat.Stat(ImageChops.difference(_small(image), _look(what))).mean[0] for what in FILES}
    nearest = min(differences, key=differences.get)
    return (nearest if differences[nearest] < 8 else "something else"), image


def _small(image: Image.Image) -> Image.Image:
    return image.convert("L").resize((64, 64))


@cache
def _look(what: str) -> Image.Image:
    with Image.open(ROOT / "asset" / "images" / FILES[what]) as image:
        return _small(image)


def _complain_of_what(found: list[tuple], wanted: list[str]) -> None:
    """Wrong unless these pictures are there, each once."""
    there = [what for what, _ in found]
    if missing := [what for what in wanted if what not in there]:
        raise Wrong(f"The {' and the '.join(missing)} are missing." if there else "There is no picture in it.")
    if len(there) > len(wanted):
        raise Wrong(f"There are {len(there)} pictures in it, and {len(wanted)} are wanted. Each is paid.")


def _all_low(pictures: list[dict]) -> None:
    for picture in pictures:
        if (detail := picture.get("detail")) != "low":
            raise Wrong(f"A picture has {f'detail {detail!r}' if detail else 'no detail'}. The exercise says 'low'.")


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
exercises.check("03.1", {"prediction": my_prediction, "parts": my_parts})
""",
        why="half as wide and half as high is a quarter of the pixels, and the tokens follow the pixels.",
    ),
    "03.2": Exercise(
        name_the_pictures,
        expects="a content list: three pictures, a name right before each, and the question at the end",
        hint="The lesson has a part of each kind in the dict parts, and named puts names before them. A name that "
        "says what is to be seen goes with its picture.",
        solution="""
my_content = named(["Hens", "Coins", "Horses"], [parts["hens"], parts["coins"], parts["horses"]])
my_content += [{"type": "text", "text": "Are there more animals in Hens or in Horses?"}]
exercises.check("03.2", my_content)
""",
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

exercises.check("03.3", in_turns)
""",
        why="the pieces have an even number of parts, so none ends between a name and its picture.",
    ),
}

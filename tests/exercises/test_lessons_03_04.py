"""Lessons 03 and 04: mistakes that people make, and other right answers."""

import numpy as np
import pytest

from course.exercises import lesson_03
from helpers.encoding import open_picture
from helpers.tokens import picture_tokens
from tests.exercises.cases import IMAGES, assert_named, assert_right, cases_of, picture, says, text


def part_of(name, max_side=None, detail="low"):
    return open_picture(IMAGES / name, max_side=max_side).chat_part(detail)


FOUR = list(lesson_03.FILES.values())


def four(prediction=200, max_side=256, detail="low", names=FOUR, more=()):
    return {"prediction": prediction, "parts": [*(part_of(name, max_side, detail) for name in names), *more]}


def three(names=("Hens", "Coins", "Horses"), question="Are there more animals in Hens or in Horses?", **changes):
    """A right content for 03.2, but for the changes: None takes a picture or a text out."""
    shown = {"hens": part_of("chicken.webp"), "coins": picture(lesson_03.COINS, "low"), "horses": part_of("horse.webp")}
    content = []
    for name, part in zip(names, {**shown, **changes}.values(), strict=True):
        content += [part_ for part_ in (name and text(f"{name}:"), part) if part_]
    return [*content, *([text(question)] if question else [])]


def in_turns(content, limit, parts_each=2):
    """As 03.3 wants it, if a picture and its name are counted as two parts."""
    return [content[n : n + parts_each * limit] for n in range(0, len(content), parts_each * limit)]


def screen(low=173, high=1_239):
    return {"low": low, "high": high}


def shrunk(width, height=None):
    return {"width": width, "height": width * 3 // 4 if height is None else height}


def cheapest(width, height, capital, details=("low", "high", "original"), least=8, best=min, none=None, **wrong):
    """A function as 04.3 wants it, which can be told to be wrong in many ways."""
    found, side = {}, wrong.get("side", 0)
    for detail in details:
        try:
            counted = picture_tokens(width, height, "gpt-5.6-luna", detail)
        except ValueError:
            if "refused" in wrong:
                raise
            continue
        if capital * counted.size[side] / (width, height)[side] >= least:
            found[detail] = counted.tokens
    return best(found, key=found.get) if found else none


# Each mistake with a piece of the reason that must be given for it; with $ behind it, the reason ends there. Callables
# are made when they are needed.
WRONG = {
    "03.1": {
        "half": (lambda: four(400), "How much of the area is left?"),
        "the same": (lambda: four(799), "is not 799. Half the side is half as wide and half as high"),
        "a sixteenth": (lambda: four(50), "is not 50. Half the side is half as wide and half as high"),
        "far too few": (lambda: four(20), "is not 20. Half the side"),
        "twice": (lambda: four(1_598), "is not 1,598. Half the side"),
        "in words": (lambda: four("200"), "without quotation marks"),
        "not shrunk": (lambda: four(max_side=None), "The hens have 1024 x 683 pixels"),
        "shrunk to 512": (lambda: four(max_side=512), "The hens have 512 x 342 pixels"),
        "shrunk too far": (lambda: four(max_side=128), "The hens have 128 x 85 pixels. What does max_side=256 give?"),
        "detail high": (lambda: four(detail="high"), "Yours have high, high"),
        "coins by their address": (
            lambda: four(names=["chicken.webp", "cow.webp", "horse.webp"], more=[picture(lesson_03.COINS, "low")]),
            "stay as large as they are",
        ),
        "three": (lambda: four(names=["chicken.webp", "cow.webp", "coins.png"]), "In it there are: hens, cows, coins."),
        "one twice": (lambda: four(names=["cow.webp"] * 4), "In it there are: cows, cows, cows, cows."),
        "five": (lambda: four(more=[part_of("cow.webp", 256)]), "In it there are: hens, cows, coins, horses, cows."),
        "no pictures": (
            {"prediction": 200, "parts": [text("Four.")]},
            "wanted, each once: hens, cows, coins, horses. In it there are: none.",
        ),
        "a part alone": (lambda: {"prediction": 200, "parts": part_of("cow.webp", 256)}, "also of one part"),
        "pictures, no parts": (
            lambda: {"prediction": 200, "parts": [open_picture(IMAGES / "cow.webp", max_side=256)]},
            "One of your parts is a Picture",
        ),
        "a damaged data URL": (
            {"prediction": 200, "parts": [picture("data:,AAAA")]},
            "a dict that cannot be read (UnidentifiedImageError)",
        ),
        "no prediction": (lambda: four(None), '"prediction" is empty or missing'),
    },
    "03.2": {
        "places": (lambda: three(("First picture", "Coins", "Horses")), "The name 'First picture' says a place"),
        "numbers": (lambda: three(("Picture 1", "Picture 2", "Picture 3")), "The name 'Picture 1' says a place"),
        "left and right": (lambda: three(("Left", "Middle", "Right")), "The name 'Left' says a place"),
        "numbers in words": (lambda: three(("The 1st", "2nd photo", "Bottom")), "The name 'The 1st' says a place"),
        "bottom": (lambda: three(("Bottom", "Coins", "Horses")), "The name 'Bottom' says a place"),
        "letters": (lambda: three(("A", "B", "C"), "Which animals are there?"), "fewer than two of the names"),
        "wrong names": (lambda: three(("Horses", "Coins", "Hens")), "The name 'Horses' stands before the hens"),
        "inside a word": (
            lambda: three(("Hens", "Old money", "Herd"), "Which herder keeps these?"),
            "fewer than two",
        ),
        "no name": (lambda: three(("Hens", None, "Horses")), "A picture has no name"),
        "an empty name": (lambda: three(("Hens", " ", "Horses")), "A picture has no name"),
        "no names at all": (lambda: three((None, None, None)), "A picture has no name"),
        "the same name": (lambda: three(("Animals", "Coins", "animals")), "Two pictures have the same name"),
        "names behind": (lambda: [three()[n] for n in (1, 0, 3, 2, 5, 4)] + three()[-1:], "A picture has no name"),
        "other names asked": (lambda: three(question="Which birds are outnumbered by Horses?"), "fewer than two"),
        "the question first": (lambda: three()[-1:] + three()[:-1], "The last part is a picture"),
        "no question": (lambda: three(question=None), "The last part is a picture"),
        "coins as bytes": (lambda: three(coins=part_of("coins.png")), "Send them by their address"),
        "cows": (lambda: three(horses=part_of("cow.webp")), "In it there are: hens, coins, cows."),
        "no coins": (lambda: three(coins=None), "In it there are: hens, horses."),
        "all four": (
            lambda: [*three()[:-1], text("Cows:"), part_of("cow.webp"), three()[-1]],
            "In it there are: hens, coins, horses, cows.",
        ),
        "detail high": (lambda: three(hens=part_of("chicken.webp", detail="high")), "Yours have high, low, low"),
        "no detail": (
            lambda: three(coins={"type": "image_url", "image_url": {"url": lesson_03.COINS}}),
            "Yours have low, None, low",
        ),
        "names as strings": (lambda: ["Hens:", *three()[1:]], "One of your parts is a str"),
        "a message": (lambda: [says("user", *three())], "One of your parts is {'role'"),
        "the question alone": (
            lambda: three()[-1]["text"],
            "wanted, each once: hens, horses, coins. In it there are: none.",
        ),
    },
    "03.3": {
        "parts for pictures": (lambda c, n: in_turns(c, n, 1), "makes requests of [2, 2, 2, 2, 2] parts"),
        "an odd number of parts": (
            lambda c, n: in_turns(c, 3, 1),
            "makes requests of [3, 3, 3, 1] parts. 2 pictures with a name are 4 parts",
        ),
        "the limit forgotten": (lambda c, n: [c] if c else [], "makes requests of [10] parts"),
        "one each": (lambda c, n: in_turns(c, 1), "makes requests of [2, 2, 2, 2, 2] parts"),
        "the rest lost": (
            lambda c, n: [turn for turn in in_turns(c, n) if len(turn) == 2 * n],
            "loses, repeats or moves something, perhaps the rest at the end",
        ),
        "the first only": (lambda c, n: in_turns(c, n)[:1], "loses, repeats or moves something"),
        "turned round": (lambda c, n: in_turns(c, n)[::-1], "or moves something"),
        "twice": (lambda c, n: [turn + turn for turn in in_turns(c, n)], "loses, repeats or moves something"),
        "an empty request": (lambda c, n: [*in_turns(c, n), []], "makes requests of [4, 4, 2, 0] parts"),
        "pictures without names": (
            lambda c, n: [[part for part in turn if part["type"] == "image_url"] for turn in in_turns(c, n)],
            "loses, repeats or moves something",
        ),
        "not cut": (lambda c, n: c, "does not return a list of lists"),
        "a generator": (lambda c, n: (turn for turn in in_turns(c, n)), "does not return a list of lists"),
        "nothing for nothing": (
            lambda c, n: in_turns(c, n) or None,
            "Given a list of 0 pictures and a limit of 10, your f",
        ),
        "one argument": (lambda content: [content], "your function raised TypeError"),
        "called at once": ([[text("Hens:")]], "without brackets"),
    },
    "04.1": {
        "patches": (screen(144), "Those are the patches, at low 16 x 9"),
        "patches at high": (screen(high=1_032), "at high 43 x 24. Each counts 1.2 tokens"),
        "rounded down": (screen(172), "round up"),
        "rounded down at high": (screen(high=1_238), "round up"),
        "not rounded": (screen(172.8), "At low it is not 172.8. A part of a token counts as a whole one: round up.$"),
        "not rounded at high": (screen(high=1_238.4), "A part of a token counts as a whole one: round up.$"),
        "cut patches left out": (screen(high=1_210), "Patches are whole: divide each side by 32 and round up"),
        "area": (screen(high=1_230), "Patches are whole"),
        "a square": (screen(308), "is not 308. Think of 512 pixels on the longer side first"),
        "gpt-4o": (screen(85), "not 85. That is gpt-4o, which counts tiles"),
        "tiles": (screen(high=1_105), "which counts tiles"),
        "gpt-5.4": (screen(low=1_239), "gpt-5.4, whose low has no small version"),
        "swapped": (screen(1_239, 173), "That is high"),
        "another number": (screen(500), "Think of 512 pixels on the longer side first"),
        "another at high": (screen(high=2_000.5), "At high it is not 2,000.5. Think of the limit of 2,048"),
        "one alone": (screen(high=None), '"high" is empty or missing'),
        "a text": (screen("173"), "without quotation marks"),
        "a list": ([173, 1_239], "What came is a list."),
    },
    "04.2": {
        "as it was": (shrunk(4000), "14,100 tokens at auto, where the service shrinks nothing: over 1,500.$"),
        "the first step of high": (
            shrunk(2048),
            "3,687 tokens at auto, where the service shrinks nothing: over 1,500.$",
        ),
        "what high makes of it": (
            shrunk(1824),
            "2,942 tokens at auto, where the service shrinks nothing: over 1,500.$",
        ),
        "a little too much": (shrunk(1312), "1,526 tokens at auto, where the service shrinks nothing: over 1,500.$"),
        "low": (shrunk(512), "there is room for more pixels"),
        "a habit": (shrunk(1024), "there is room for more pixels"),
        "a square": (shrunk(1600, 1600), "another proportion"),
        "upright": (shrunk(1368, 1824), "the photo is wider than high"),
        "enlarged": (shrunk(8000), "larger than the photo"),
        "half a pixel": (shrunk(1270, 952.5), "whole pixels"),
        "nothing left": (shrunk(0, 0), "whole pixels"),
        "tokens": ({"width": 3000, "height": None}, '"height" is empty or missing'),
        "a text": (shrunk(1280, "960"), "without quotation marks"),
        "a tuple": ((1280, 960), "What came is a tuple."),
    },
    "04.3": {
        "always high": (lambda w, h, c: "high", "returns 'high' and not 'original'"),
        "always low": (lambda w, h, c: "low", "returns 'low' and not 'high'. A capital arrives"),
        "the finest": (lambda *case: cheapest(*case, best=max), "returns 'original' and not 'high'"),
        "original forgotten": (lambda *case: cheapest(*case, details=("low", "high")), "and not 'original'"),
        "the size as it is sent": (lambda w, h, c: "low" if c >= 8 else None, "returns 'low' and not"),
        "refusal not caught": (lambda *case: cheapest(*case, refused=True), "raised ValueError: gpt-5.6-luna ref"),
        "never None": (lambda *case: cheapest(*case, none="original"), "returns 'original' and not None"),
        "over eight": (
            lambda *case: cheapest(*case, least=8.1),
            "capitals of 16, your function returns 'original' and not 'high'",
        ),
        "four pixels": (
            lambda *case: cheapest(*case, least=4),
            "capitals of 12, your function returns 'high' and not 'original'",
        ),
        "another word": (lambda *case: (cheapest(*case) or "").upper(), "returns 'HIGH' and not"),
        "called at once": ("high", "without brackets"),
        "no argument": (lambda: "high", "your function raised TypeError"),
    },
}

# What is right besides the solution: other types, other words, more than was asked for.
ALSO_RIGHT = {
    "03.1": [
        four,
        lambda: four(799 / 4),
        lambda: four(242),
        lambda: four(290),
        lambda: four(names=FOUR[::-1]),
    ],
    "03.2": [
        three,
        lambda: tuple(three()),
        lambda: three(("The farm birds", "Old money", "Herd"), "Is there more of Old Money than of the herd?"),
        lambda: [text("Look at these."), *three()],
        lambda: three(("One-eyed hens", "24 coins", "Herd"), "Are there more one-eyed hens than 24 coins?"),
        lambda: [three()[n] for n in (4, 5, 2, 3, 0, 1, 6)],
        lambda: three(hens=part_of("chicken.webp", 512)),
    ],
    "03.3": [in_turns, lambda content, limit: tuple(map(tuple, in_turns(content, limit)))],
    "04.1": [screen(), screen(173.0, np.int64(1_239))],
    "04.2": [shrunk(1280), shrunk(1240), shrunk(1260.0, 945), shrunk(1278, 959)],
    "04.3": [
        cheapest,
        lambda *case: cheapest(*case, side=1),
        lambda *case: cheapest(*case, details=("original", "high", "low")),
        lambda *case: cheapest(*case) or "",
    ],
}


@pytest.mark.parametrize(("number", "name"), cases_of(WRONG))
def test_a_mistake_is_named(number, name):
    assert_named(number, *WRONG[number][name])


@pytest.mark.parametrize(("number", "n"), cases_of(ALSO_RIGHT))
def test_other_right_answers_are_right(number, n):
    assert_right(number, ALSO_RIGHT[number][n])

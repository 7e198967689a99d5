"""Lessons 03 and 04: mistakes that people make, and other right answers."""

from functools import cache

import numpy as np

from course.exercises import lesson_03
from course.exercises.lesson_03 import in_turns
from course.exercises.lesson_04 import cheapest
from helpers.encoding import open_picture
from tests.exercises.cases import IMAGES, picture, slip, text

opened = cache(open_picture)


def part_of(name, max_side=None, detail="low"):
    return opened(IMAGES / name, max_side=max_side).chat_part(detail)


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


def screen(low=173, high=1_239):
    return {"low": low, "high": high}


def shrunk(width, height=None):
    return {"width": width, "height": width * 3 // 4 if height is None else height}


WRONG = {
    "03.1": [
        (lambda: four(detail="high"), "Yours have high, high"),
        (lambda: four(more=[part_of("cow.webp", 256)]), "In it there are: hens, cows, coins, horses, cows."),
        (lambda: four(400), "How much of the area is left? It is less than yours."),
        (lambda: four(190), "How much of the area is left? It is more than yours."),
        (lambda: four(more=[text("Hens:")]), "There are texts among the parts"),
        (lambda: four(max_side=None), "The hens have 1024 x 683 pixels"),
        (lambda: four(names=["chicken.webp", "cow.webp", "horse.webp"], more=[picture(lesson_03.COINS, "low")]),
         "stay as large as they are"),
    ],
    "03.2": [
        (lambda: three(("First picture", "Coins", "Horses")), "The name 'First picture' says a place"),
        (lambda: three(("Picture 1: left photo II", "Coins", "Horses")), "'Picture 1: left photo II' says a place"),
        (lambda: three(("사진 1", "사진 2", "사진 3"), "사진 1과 사진 2?"), "'사진 1' says a place"),
        (lambda: three(("A", "B", "C"), "Is there a hen in B?"), "fewer than two"),
        (lambda: three(("Horses", "Coins", "Hens")), "The name 'Horses' stands before the hens"),
        (lambda: three(("Hens", "Old money", "Herd"), "Which herder keeps these?"), "fewer than two"),
        (lambda: three(("Animals", "Coins", "animals")), "Two pictures have the same name"),
        (lambda: [three()[n] for n in (1, 0, 3, 2, 5, 4)] + three()[-1:], "A picture has no name"),
        (lambda: three(question=None), "The last part is a picture"),
        (lambda: three(coins=part_of("coins.png")), "Send them by their address"),
        (lambda: three(horses=part_of("cow.webp")), "In it there are: hens, coins, cows."),
        (lambda: three(hens=part_of("chicken.webp", detail="high")), "Yours have high, low, low"),
        (lambda: three()[-1]["text"], "wanted, each once: hens, horses, coins. In it there are: none."),
    ],
    "03.3": [
        (slip("03.3", "2 * limit", "limit"), "makes requests of [2, 2, 2, 2, 2] parts"),
        (slip("03.3", "0, len(content), step", "0, len(content) - step + 1, step"),
         "loses, repeats or moves something, perhaps the rest at the end"),
        (lambda c, n: [*in_turns(c, n), []], "makes requests of [4, 4, 2, 0] parts"),
        (lambda c, n: in_turns(c, 5 if len(c) == 18 else n), "limit of 6, your function makes requests of [10, 8]"),
        (lambda c, n: c, "does not return a list of lists"),
        (lambda c, n: (turn for turn in in_turns(c, n)), "does not return a list of lists"),
        (lambda c, n: in_turns(c, n) or None, "Given a list of 0 pictures and a limit of 10, your f"),
    ],
    "04.1": [
        (screen(144), "Those are the patches, at low 16 x 9"),
        (screen(high=1_032), "at high 43 x 24. Each counts 1.2 tokens"), (screen(172), "round up"),
        (screen(172.8), "At low it is not 172.8. A part of a token counts as a whole one: round up.$"),
        (screen(high=1_210), "Patches are whole: divide each side by 32 and round up"),
        (screen(85), "not 85. That is gpt-4o, which counts tiles"), (screen(1_239, 173), "That is high"),
        (screen(500), "Think of 512 pixels on the longer side first"),
        (screen(high=2_000.5), "At high it is not 2,000.5. Think of the limit of 2,048"),
    ],
    "04.2": [
        (shrunk(4000), "14,100 tokens at auto, where the service shrinks nothing: over 1,500.$"),
        (shrunk(512), "there is room for more pixels"), (shrunk(1368, 1824), "is not 4 to 3"),
        (shrunk(8000), "larger than the photo"), (shrunk(1270, 952.5), "whole pixels"), (shrunk(0, 0), "whole pixels"),
    ],
    "04.3": [
        (lambda w, h, c: "high", "returns 'high' and not 'original'"),
        (slip("04.3", "ValueError", "KeyError"), "raised ValueError: gpt-5.6-luna ref"),
        (slip("04.3", "default=None", "default='original'"), "returns 'original' and not None"),
        (slip("04.3", ">= 8", "> 8"), "capitals of 16, your function returns 'original' and not 'high'"),
        (lambda w, h, c: "high" if c == 17 else cheapest(w, h, c), "of 17, your function returns 'high' and not"),
    ],
}  # fmt: skip
RIGHT = {
    "03.1": [four, lambda: four(799 / 4), lambda: four(242), lambda: four(195), lambda: four(290),
            lambda: four(names=FOUR[::-1])],
    "03.2": [three, lambda: tuple(three()),
            lambda: three(("The farm birds", "Old money", "Herd"), "Is there more of Old Money than of the herd?"),
            lambda: [text("Look at these."), *three()],
            lambda: three(("닭", "동전", "말"), "닭과 말 중 어느 쪽이 더 많나요?"),
            lambda: three(("鸡", "硬币", "马"), "鸡和马哪个更多?"),
            lambda: three(("A", "Picture B", "C"), "Are there more animals in A or in picture b?"),
            lambda: three(("[Hens]", '"Kitchen money"', "Cowboy's horses -"), "More Hens than cowboy's horses?"),
            lambda: three(("One-eyed hens", "24 coins", "Herd"), "Are there more one-eyed hens than 24 coins?"),
            lambda: [three()[n] for n in (4, 5, 2, 3, 0, 1, 6)], lambda: three(hens=part_of("chicken.webp", 512))],
    "03.3": [lambda content, limit: tuple(map(tuple, in_turns(content, limit)))],
    "04.1": [screen(), screen(173.0, np.int64(1_239))],
    "04.2": [shrunk(1280), shrunk(1240), shrunk(1260.0, 945), shrunk(1278, 959)],
    "04.3": [slip("04.3", "size[0] / width", "size[1] / height"), lambda *case: cheapest(*case) or ""],
}  # fmt: skip

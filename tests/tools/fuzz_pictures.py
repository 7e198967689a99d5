"""Mutate picture files of all kinds: each is to end in a picture that decodes, or in a sentence."""

import io
import random
from collections import Counter

from PIL import Image

from helpers.encoding import PictureError, open_picture


def mutate(data: bytes, dice: random.Random) -> bytes:
    """Cut it, drop or double a piece, fill with zeros, or flip a few bytes, mostly where the structure is."""
    kind, at = dice.choice(["cut", "drop", "double", "zeros", "flip", "flip", "flip"]), dice.randrange(len(data))
    if kind != "flip":
        size = len(data) if kind == "cut" else dice.choice([1, 2, 8, 100])
        middle = {"double": 2 * data[at : at + size], "zeros": bytes(size)}.get(kind, b"")
        return data[:at] + middle + data[at + size :]
    flipped = bytearray(data)
    for _ in range(dice.choice([1, 1, 2, 8])):
        place = dice.randrange(len(data)) if dice.random() < 0.5 else dice.randrange(min(len(data), 120))
        flipped[place] = dice.choice([0, 255, dice.randrange(256), flipped[place] ^ 1 << dice.randrange(8)])
    return bytes(flipped)


def fuzz(files: dict[str, bytes], count: int, seed: int) -> Counter:
    """Open `count` mutated files, the same for the same seed; return how many ended how."""
    ended = Counter[str]()
    for number in range(count):
        dice = random.Random(f"{seed} {number}")
        data = mutate(files[dice.choice(sorted(files))], dice)
        try:
            picture = open_picture(data, max_side=dice.choice([None, 10]), frame=dice.choice([None, None, 0]))
            with Image.open(io.BytesIO(picture.data)) as image:
                image.load()
                assert image.size == (picture.width, picture.height), "it has another size"
            ended["picture"] += 1
        except PictureError as error:
            assert 10 < len(str(error)) < 400, (seed, number, str(error))
            ended["refused"] += 1
        except BaseException as error:
            error.add_note(f"seed {seed}, number {number}")
            raise
    return ended

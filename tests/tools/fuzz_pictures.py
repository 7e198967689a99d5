"""Damage picture files of all kinds: each is to end in a picture that decodes, or in a sentence."""

import io
import random
from collections import Counter

from PIL import Image

from helpers.encoding import PictureError, open_picture


def damage(data: bytes, dice: random.Random) -> bytes:
    """Drop a piece, double it, or write zeros or anything over it; mostly a few bytes, where the structure is."""
    at = dice.randrange(dice.choice([len(data), min(len(data), 120)]))
    piece = data[at : at + dice.choice([1, 1, 2, 8, 100, len(data)])]
    damaged = dice.choice([b"", 2 * piece, bytes(len(piece)), dice.randbytes(len(piece))])
    return data[:at] + damaged + data[at + len(piece) :]


def fuzz(files: dict[str, bytes], count: int, seed: int) -> Counter:
    """Open `count` damaged files, the same for the same seed; return how many ended how."""
    ended = Counter[str]()
    for number in range(count):
        dice = random.Random(f"{seed} {number}")
        data = damage(files[dice.choice(sorted(files))], dice)
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

"""What lesson 12 promises of any picture: what it covers is gone from the bytes that are sent."""

import random

from PIL import Image, ImageChops, ImageOps

from course.assets import ROOT
from helpers.encoding import open_picture
from tests.api.answers import covering

SIZE, FACE, TEXT = (64, 48), (8, 4, 40, 36), (44, 10, 60, 30)  # a face of 4 x 4 fields, 8 x 8 pixels each


def noise(seed):
    return Image.frombytes("RGB", SIZE, random.Random(seed).randbytes(3 * SIZE[0] * SIZE[1]))


def test_pictures_that_differ_only_in_what_is_covered_are_sent_as_the_same_bytes():
    """Their fields have the same means: all that is left of a face is 16 colours, and of a text nothing."""
    one, other = noise(1), noise(1)
    other.paste(noise(2).crop(TEXT), TEXT)
    for left in range(FACE[0], FACE[2], 8):
        for top in range(FACE[1], FACE[3], 8):
            field = (left, top, left + 8, top + 8)
            other.paste(ImageOps.flip(ImageOps.mirror(one.crop(field))), field)
    covered = [covering()(picture, [FACE], [TEXT]) for picture in (one, other)]
    assert len({open_picture(picture).data for picture in covered}) == 1
    for box in (FACE, TEXT):
        one.paste("black", box)
        covered[0].paste("black", box)
    assert ImageChops.difference(covered[0], one).getbbox() is None, "outside nothing changes"


def test_boxes_are_those_of_the_upright_picture():
    turned = Image.open(ROOT / "asset" / "images" / "phone_photo.jpg")
    upright = ImageOps.exif_transpose(turned)
    upright.paste("black", TEXT)
    assert covering()(turned, texts=[TEXT]).tobytes() == upright.tobytes() != turned.tobytes()

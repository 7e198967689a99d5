"""What lesson 12 promises: what it covers is gone from the bytes that are sent, and nothing else of the picture is."""

import random
from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from course.assets import ROOT
from helpers.encoding import open_picture
from tests.api.answers import covering

SIZE, FACE, TEXT = (64, 48), (8, 4, 40, 36), (44, 10, 60, 30)  # a face of 4 x 4 fields, 8 x 8 pixels each
IMAGES = ROOT / "asset" / "images"


def noise(seed):
    return Image.frombytes("RGB", SIZE, random.Random(seed).randbytes(3 * SIZE[0] * SIZE[1]))


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_pictures_that_differ_only_in_what_is_covered_are_sent_as_the_same_bytes(seed):
    """Their fields have the same means: all that is left of a face is 16 colours, and of a text nothing."""
    one, other = noise(seed), noise(seed)
    other.paste(noise(-seed - 1).crop(TEXT), TEXT)
    for left in range(FACE[0], FACE[2], 8):
        for top in range(FACE[1], FACE[3], 8):
            field = (left, top, left + 8, top + 8)
            other.paste(ImageOps.flip(ImageOps.mirror(one.crop(field))), field)
    covered = [covering()(picture, [FACE], [TEXT]) for picture in (one, other)]
    assert one.tobytes() != other.tobytes() and covered[0].tobytes() == covered[1].tobytes()
    assert open_picture(covered[0]).data == open_picture(covered[1]).data
    for box in (FACE, TEXT):
        assert covered[0].crop(box).tobytes() != one.crop(box).tobytes()
        one.paste("black", box)
        covered[0].paste("black", box)
    assert covered[0].tobytes() == one.tobytes(), "outside nothing changes"


def test_no_second_picture_is_sent_and_boxes_are_those_of_the_upright_picture():
    file = IMAGES / "front_desk.jpg"
    sent = open_picture(covering()(Image.open(file), [FACE])).data
    assert [data.count(b"\xff\xd8\xff") for data in (file.read_bytes(), sent)] == [2, 1] and b"Exif" not in sent
    turned = Image.open(IMAGES / "phone_photo.jpg")
    covered, upright = covering()(turned, texts=[TEXT]), ImageOps.exif_transpose(turned)
    upright.paste("black", TEXT)
    assert covered.tobytes() == upright.tobytes() and covered.size == turned.size[::-1]
    assert not Image.open(BytesIO(open_picture(covered).data)).getexif()

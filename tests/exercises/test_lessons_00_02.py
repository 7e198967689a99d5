"""Lessons 00 to 02: mistakes that people make, and other right answers."""

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from course.recording import DEFAULT_MODEL
from helpers.encoding import open_picture
from helpers.tokens import price
from tests.conftest import COFFEE, QUESTION, data_url
from tests.exercises.cases import (
    IMAGES,
    ROCKET,
    ROCKET_BYTES,
    assert_named,
    assert_right,
    cases_of,
    picture,
    says,
    text,
)

FIRST = says("user", text("Describe this picture."), picture(detail="low"))


TALK = [FIRST, says("assistant", "A rocket."), says("user", "Noon?"), says("assistant", "No."), says("user", "Why?")]


def request(*content, **changes):
    """A right request, but for the changes; None takes an argument out."""
    asked = says("user", *(content or (text("What is the weather like?"), picture())))
    right = {"model": "gpt-5.6-luna", "messages": [says("system", "Be short."), asked], "max_completion_tokens": 200}
    return {name: value for name, value in {**right, **changes}.items() if value is not None}


def sent(answer=None, prediction=150_036, kind="image/jpeg"):
    return {"prediction": prediction, "data_url": answer or data_url(ROCKET_BYTES, kind)}


def media_type(data, jpeg=b"\xff\xd8", jpeg_name="image/jpeg", webp=b"WEBP", gif=b"GIF8", png=b"\x89PNG", other=None):
    if data.startswith(b"RIFF") and data[8 : 8 + len(webp)] == webp:
        return "image/webp"
    signatures = {png: "image/png", jpeg: jpeg_name, gif: "image/gif"}
    return next((name for start, name in signatures.items() if data.startswith(start)), other)


def photo(side=256, name="JPEG", upright=True, keep=(), turn=None, size=None, crop=None, **options):
    """The bytes of phone_photo.jpg as a learner may prepare it."""
    image = Image.open(IMAGES / "phone_photo.jpg")
    exif = image.getexif()
    for tag in set(exif) - set(keep):
        del exif[tag]
    image = ImageOps.exif_transpose(Image.open(IMAGES / "phone_photo.jpg")) if upright else image
    image = image.transpose(turn) if turn is not None else image
    image = image.crop(crop) if crop else image
    image.thumbnail((side, side))
    clean = Image.new("RGB", image.size)
    clean.paste(image)
    clean = clean.resize(size) if size else clean
    clean.save(file := BytesIO(), name, **({"exif": exif} if keep else {}), **options)
    return file.getvalue()


def png_with_text():
    notes = PngInfo()
    notes.add_text("Author", "A. Learner")
    return photo(name="PNG", pnginfo=notes)


# Each mistake with a piece of the reason that must be given for it; with $ behind it, the reason ends there. Callables
# are made when they are needed.
WRONG = {
    "00.2": {
        "a bare string": ([text("What?"), {"type": "image_url", "image_url": ROCKET}], "a habit of 2023"),
        "a variable in quotation marks": (
            [text("What?"), picture("ROCKET")],
            "The address 'ROCKET' is not that of rocket.jpg. Write ROCKET, unquoted.",
        ),
        "no text": ([picture()], "no question"),
        "an empty text": ([text(" … "), picture()], "no question"),
        "no picture": ([text("What?")], "and there are 0"),
        "a string": (f"What is in {ROCKET}?", "and there are 0"),
        "the coffee": ([text("What?"), picture(COFFEE)], "coffee.png' is not that of rocket.jpg"),
        "a web page": (
            [text("What?"), picture("https://github.com/scikit-image/scikit-image/blob/main/data/rocket.jpg")],
            "main/data/rocket.jpg' is not that of rocket.jpg",
        ),
        "a file": (
            [text("What?"), picture("../asset/images/rocket.jpg")],
            "images/rocket.jpg' is not that of rocket.jpg",
        ),
        "cut off": ([text("What?"), picture(ROCKET[:-4])], "is not that of rocket.jpg"),
        "detail low": ([text("What?"), picture(detail="low")], "Yours is 'low'"),
        "no detail": ([text("What?"), {"type": "image_url", "image_url": {"url": ROCKET}}], "Yours is None"),
        "detail outside": (
            [text("What?"), {"type": "image_url", "image_url": {"url": ROCKET}, "detail": "high"}],
            "belongs inside",
        ),
        "one part": (picture(), "a list of parts, also of one part"),
        "the lesson's question": ([text(QUESTION), picture()], "the lesson's own question"),
        "Responses": (
            [{"type": "input_text", "text": "What?"}, {"type": "input_image", "image_url": ROCKET}],
            "One of your parts is {'type': 'input_text'",
        ),
        "two pictures": ([text("What?"), picture(), picture()], "and there are 2"),
        "a string among the parts": (["What?", picture()], "One of your parts is a str"),
        "url missing": ([text("What?"), {"type": "image_url", "image_url": {"detail": "high"}}], "with the address"),
        "url empty": ([text("What?"), picture("")], "with the address"),
        "nothing in it": ([text("What?"), {"type": "image_url"}], "with the address under url"),
        "no type": ([{"text": "What?"}, picture()], "One of your parts is {'text'"),
        "a type alone": ([{"type": "text"}, picture()], "One of your parts is {'type': 'text'}"),
        "another type": ([text("What?"), {"type": "image", "image": ROCKET}], "One of your parts is {'type': 'image'"),
        "a number": (7, "also of one part. What came is an int.$"),
    },
    "00.3": {
        "prices swapped": (3649, "swapped"),
        "output forgotten": (22_936, "62 tokens that the model writes are missing"),
        "input forgotten": (13_441, "218 tokens that you send are missing"),
        "one price": (17_857, "price of their own, 1.20"),
        "one cent": (84.7, "in dollars, not in cents"),
        "100 times": (847_457, "not in cents"),
        "a thousand": (8.47, "not for a thousand"),
        "one request": (0.000118, "not 0.000118. That is what one request costs"),
        "one request in cents": (0.0118, "not 0.0118. That is what one request costs"),
        "1.5 % off": (8_602, "Work out the price of one request"),
        "nothing at all": (0, "Work out the price of one request"),
        "a text": ("8474", "without quotation marks"),
        "True": (True, "What came is a bool"),
    },
    "01.2": {
        "picture in the rule": (
            request(messages=[says("system", text("Be short."), picture()), says("user", "What?")]),
            "A picture in a message of the system",
        ),
        "a bare string": (
            request(text("What?"), {"type": "image_url", "image_url": ROCKET}),
            "a bare address was a habit of 2023",
        ),
        "the old name": (request(max_completion_tokens=None, max_tokens=200), '"max_tokens" is the older name'),
        "a sample's model": (
            request(model="course-sample"),
            "'course-sample' is not the name of a model that can be asked",
        ),
        "a model of 2023": (
            request(model="gpt-4-vision-preview"),
            "'gpt-4-vision-preview' is not the name of a model that can be asked",
        ),
        "an argument too many": (request(rule="Be short."), 'create() knows no argument "rule"'),
        "both names": (request(max_tokens=200), '"max_tokens" is the older name'),
        "the other API's name": (request(max_completion_tokens=None, max_output_tokens=200), "of the Responses API"),
        "an empty model": (request(model=""), '"model" is empty or missing'),
        "no model": (request(model=None), '"model" is empty or missing'),
        "no limit": (request(max_completion_tokens=None), "Yours is None"),
        "another limit": (request(max_completion_tokens=500), "Yours is 500"),
        "a limit with a point": (request(max_completion_tokens=200.0), "Yours is 200.0"),
        "a limit in words": (request(max_completion_tokens="200"), "Yours is '200'"),
        "no messages": (request(messages=[]), '"messages" is empty or missing'),
        "no rule": (request(messages=request()["messages"][1:]), "The rule (role system) is missing"),
        "the rule last": (request(messages=request()["messages"][::-1]), "not the first message"),
        "an empty rule": (
            request(messages=[says("system", ""), request()["messages"][1]]),
            "the system has no word",
        ),
        "nobody asks": (request(messages=[says("system", "Be short.")]), "Yours has 0"),
        "no question": (request(picture()), "no question"),
        "detail low": (request(text("What?"), picture(detail="low")), "Yours is 'low'"),
        "the coffee": (request(text("What?"), picture(COFFEE)), "coffee.png' is not that of rocket.jpg"),
        "a single message": (request(messages=says("user", "What?")), "Messages are a list"),
        "the messages alone": (request()["messages"], "What came is a list.$"),
    },
    "02.1": {
        "3/4": (sent(prediction=84_394), "the other way round"),
        "bytes": (sent(prediction=112_525), "not 112,525. The file has 112,525 bytes, and base64 writes 4"),
        "hexadecimal": (sent(prediction=225_050), "not 225,050. The file has 112,525 bytes, and base64 writes 4"),
        "the other file's": (sent(prediction=320_684), "not 320,684. The file has 112,525 bytes"),
        "1.5 % off": (sent(prediction=152_300), "is not 152,300. The file has 112,525 bytes"),
        "a text": (sent(prediction="150036"), "without quotation marks"),
        "image/jpg": (sent(kind="image/jpg"), "and yours with 'data:image/jpg;"),
        "image/png": (sent(kind="image/png"), "and yours with 'data:image/png;"),
        "the lesson's own": (
            sent(data_url((IMAGES / "chelsea.png").read_bytes())),
            "and yours with 'data:image/png;base64,iVBOR",
        ),
        "raw bytes": (sent(f"data:image/jpeg;base64,{ROCKET_BYTES}"), "then base64.b64encode(…), then .decode()"),
        "no f": (sent("data:image/jpeg;base64,{text}"), "It begins '{text}'"),
        "b'": (sent(f"data:image/jpeg;base64,{base64.b64encode(ROCKET_BYTES)}"), "then .decode()"),
        "no ;base64": (
            sent(data_url(ROCKET_BYTES, "image/jpeg").replace(";base64", "")),
            "and yours with 'data:image/jpeg,/9j",
        ),
        "no data:": (sent(base64.b64encode(ROCKET_BYTES).decode()), "and yours with '/9j/"),
        "no data: but the rest": (sent("image/jpeg;base64,/9j/"), "and yours with 'image/jpeg;base64"),
        "no comma": (sent("data:image/jpeg;base64"), "and yours with 'data:image/jpeg;base64'"),
        "bytes of a URL": (sent(data_url(ROCKET_BYTES, "image/jpeg").encode()), "and yours with \"b'data:"),
        "lines": (
            sent(f"data:image/jpeg;base64,{base64.encodebytes(ROCKET_BYTES).decode()}"),
            "not base64 in one piece",
        ),
        "the file not changed": (
            sent(data_url((IMAGES / "chelsea.png").read_bytes(), "image/jpeg")),
            "of the bytes in rocket.jpg. It begins 'iVBORw0K",
        ),
        "saved again": (
            lambda: sent(open_picture(IMAGES / "rocket.jpg", max_side=600).data_url),
            "not base64 in one piece of the bytes in rocket.jpg. It begins '/9j/",
        ),
        "URL-safe letters": (sent("data:image/jpeg;base64,_-__"), "is not base64"),
        "no characters": (sent("data:image/jpeg;base64,"), "It begins ''"),
    },
    "02.2": {
        "image/jpg": (lambda d: media_type(d, jpeg_name="image/jpg"), "returns 'image/jpg' and not 'image/jpeg'"),
        "no prefix": (
            lambda d: (media_type(d) or "").removeprefix("image/") or None,
            "returns 'png' and not 'image/png'. Compare",
        ),
        "RIFF alone": (lambda d: media_type(d, webp=b""), "a sound file"),
        "JFIF alone": (lambda d: media_type(d, jpeg=b"\xff\xd8\xff\xe0"), "as phones write it"),
        "GIF of 1989 alone": (lambda d: media_type(d, gif=b"GIF89a"), "Given a GIF (GIF87a),"),
        "text instead of bytes": (lambda d: "image/png" if d[:4] == "\x89PNG" else None, "with a b in front"),
        "GIF of 1987 alone": (lambda d: media_type(d, gif=b"GIF87a"), "Given a GIF of today (GIF89a)"),
        "a word anywhere": (lambda d: "image/gif" if b"GIF" in d else media_type(d), "a text that speaks of pictures"),
        "never None": (lambda d: media_type(d, other="image/png"), "Given a BMP"),
        "no bytes": (lambda d: media_type(d) if d[0] else None, 'no bytes at all (b""), your function raised Ind'),
        "Pillow": (lambda d: Image.open(BytesIO(d)).get_format_mimetype(), "raised UnidentifiedImageError"),
        "another word": (lambda d: media_type(d) or "unknown", "returns 'unknown' and not None"),
    },
    "02.3": {
        "unchanged": ((IMAGES / "phone_photo.jpg").read_bytes(), "It is 427 x 320 pixels, and 128 to 256 are wanted"),
        "on its side": (lambda: photo(upright=False), "It lies on its side"),
        "upside down": (lambda: photo(turn=Image.Transpose.ROTATE_180), "upside down or mirrored"),
        "mirrored": (lambda: photo(turn=Image.Transpose.FLIP_LEFT_RIGHT), "upside down or mirrored"),
        "GPS": (lambda: photo(keep={0x8825}), "metadata in it (exif, the GPS position)"),
        "author": (lambda: photo(keep={0x013B}), "metadata in it (exif)"),
        "comment": (lambda: photo(comment=b"A. Learner"), "metadata in it (comment)"),
        "XMP": (lambda: photo(xmp=b"<x:xmpmeta/>"), "metadata in it (xmp)"),
        "a PNG's texts": (png_with_text, "metadata in it (Author)"),
        "too large": (lambda: photo(257), "It is 193 x 257 pixels, and 128 to 256 are wanted"),
        "too small": (lambda: photo(100), "It is 75 x 100 pixels, and 128 to 256 are wanted"),
        "squeezed": (lambda: photo(size=(256, 256)), "or its colours or proportion differ"),
        "a piece": (lambda: photo(crop=(0, 0, 200, 200)), "or only a piece of phone_photo.jpg"),
        "a GIF": (lambda: photo(name="GIF"), "The picture is a GIF"),
        "another picture": (lambda: open_picture(IMAGES / "coffee.png", max_side=256), "another picture"),
        "not a picture": (b"\xff\xd8\xff and so on", "Are they cut off"),
        "base64": (lambda: base64.b64encode(photo()), "or base64?"),
        "a data URL": (lambda: data_url(photo(), "image/jpeg"), "What came is a str; a Picture has its bytes"),
        "a part": (
            lambda: open_picture(IMAGES / "phone_photo.jpg").chat_part(),
            "What came is a dict; a Picture has its bytes",
        ),
        "a path": ("../asset/images/phone_photo.jpg", "What came is a str"),
        "a PIL image": (lambda: Image.new("RGB", (9, 9)), "What came is an Image"),
    },
}

# What is right besides the solution: other types, other words, more than was asked for.
ALSO_RIGHT = {
    "00.2": [(text("What is it?"), picture()), [picture(), text("Tall?")], [text(""), text("Is it tall?"), picture()]],
    "00.3": [8474, 8475, 8400.0, 8550, np.float64(8474.6), price(DEFAULT_MODEL, 0, 1) * 0 + 8474],
    "01.2": [
        request(),
        request(temperature=0, messages=[says("developer", text("Be short.")), request()["messages"][1]]),
        request(picture(), text("Wetter?")),
    ],
    "02.1": [sent(), sent(prediction=150_036.0), sent(prediction=112_525 * 4 // 3), sent(prediction=151_000)],
    "02.2": [media_type, lambda d: media_type(bytes(d)) or ""],
    "02.3": [
        photo,
        lambda: photo(128, "WEBP"),
        lambda: photo(name="PNG"),
        lambda: photo(quality=30),
        lambda: bytearray(photo()),
        lambda: open_picture(IMAGES / "phone_photo.jpg", max_side=256),
    ],
}


@pytest.mark.parametrize(("number", "name"), cases_of(WRONG))
def test_a_mistake_is_named(number, name):
    assert_named(number, *WRONG[number][name])


@pytest.mark.parametrize(("number", "n"), cases_of(ALSO_RIGHT))
def test_other_right_answers_are_right(number, n):
    assert_right(number, ALSO_RIGHT[number][n])

"""Lessons 00 to 02: mistakes that people make, and other right answers."""

import base64
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from course.exercises.lesson_01 import go_on
from course.exercises.lesson_02 import media_type
from course.recording import DEFAULT_MODEL
from helpers.encoding import open_picture
from helpers.tokens import price
from tests.conftest import QUESTION, data_url
from tests.exercises.cases import IMAGES, ROCKET, picture, says, slip, text

ROCKET_JPG = (IMAGES / "rocket.jpg").read_bytes()
SYSTEM, USER = says("system", "Be short."), says("user", text("What is the weather like?"), picture())


def request(*content, **changes):
    """A right request, but for the changes; None takes an argument out."""
    asked = says("user", *content) if content else USER
    right = {"model": "gpt-5.6-luna", "messages": [SYSTEM, asked], "max_completion_tokens": 200}
    return {name: value for name, value in {**right, **changes}.items() if value is not None}


def sent(answer=None, prediction=150_036, kind="image/jpeg"):
    return {"prediction": prediction, "data_url": answer or data_url(ROCKET_JPG, kind)}


def photo(side=256, name="JPEG", upright=True, keep=(), change=None, size=None, **options):
    """The bytes of phone_photo.jpg as a learner may prepare it."""
    image = Image.open(IMAGES / "phone_photo.jpg")
    exif = image.getexif()
    for tag in set(exif) - set(keep):
        del exif[tag]
    image = ImageOps.exif_transpose(Image.open(IMAGES / "phone_photo.jpg")) if upright else image
    image = change(image) if change else image
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


def pillow(data):
    """02.2 without a signature."""
    try:
        image = Image.open(BytesIO(data))
    except OSError:
        return None
    return image.get_format_mimetype() if image.format in ("PNG", "JPEG", "GIF", "WEBP") else None


WRONG = {
    "00.1": [
        ("abcdef", "d is answered: the same request"), (["a"], "b is missed: a space"),
        ("abe", "c is missed: the order of the parts counts"), ("abc", "e is missed: the limit"),
        ("abcef", "f is answered: the order of the names"),
        ("abceg", "There is no 'g'. The letters are: a, b, c, d, e, f."),
    ],
    "00.2": [
        ([text("What?"), {"type": "image_url", "image_url": ROCKET}], "a habit of 2023"),
        ([text("What?"), picture("ROCKET")], "The address 'ROCKET' is not that of rocket.jpg. Write ROCKET, unquoted."),
        ([text("What?"), picture(detail="low")], "Yours is 'low'"),
        ([text("What?"), {"type": "image_url", "image_url": {"url": ROCKET}, "detail": "high"}], "belongs inside"),
        ([text(QUESTION), picture()], "the lesson's own question"),
        ([{"type": "input_text", "text": "What?"}, {"type": "input_image", "image_url": ROCKET}],
         "One of your parts is {'type': 'input_text'"),
        ([text("What?"), picture(), picture()], "and there are 2"),
        (["What?", picture()], "One of your parts is a str"),
        ([text("What?") | {"detail": "high"}, picture()], 'A part of text has no field "detail"'),
        ([text("What?"), picture() | {"size": 9}], 'A picture part has no field "size"'),
        ([text("What?"), {"type": "image_url", "image_url": picture()["image_url"] | {"size": 9}}], "url and detail"),
    ],
    "00.3": [
        (3649, "swapped"), (22_936, "62 tokens that the model writes are missing"),
        (13_441, "218 tokens that you send are missing"), (17_857, "price of their own, 1.20"),
        (84.7, "in dollars, not in cents"), (8.47, "not for a thousand"),
        (0.000118, "not 0.000118. That is what one request costs"), (8_602, "Work out the price of one request"),
    ],
    "01.1": [
        ({"pictures": 1, "messages": 9}, "The number of pictures is not 1. Each of the three requests"),
        ({"pictures": 3, "messages": 5}, "The number of messages is not 5. Each of the three"),
        ({"pictures": [3], "messages": 9}, "A number is wanted. What came is a list."),
    ],
    "01.2": [
        (request(messages=[says("system", text("Be short."), picture()), says("user", "What?")]),
         "A picture in a message of the system"),
        (request(max_completion_tokens=None, max_tokens=200), '"max_tokens" is the older name'),
        (request(model="gpt-4-vision-preview"), "'gpt-4-vision-preview' is not the name of a model that can be asked"),
        (request(rule="Be short."), 'create() knows no argument "rule"'),
        (request(max_completion_tokens=None, max_output_tokens=200), "of the Responses API"),
        (request(max_completion_tokens="200"), "Yours is '200'"),
        (request(messages=request()["messages"][::-1]), "not the first message"),
        (request(messages=[says("system", ""), USER]), "the system has no word"),
        (request(messages=[says("system", "Be short.")]), "Yours has 0"),
        (request(picture()), "no question"),
        (request(messages=says("user", "What?")), "Messages are a list"),
        (request(messages=[SYSTEM, USER, says("assistant", "It is 70 m tall.")]), "the model has not answered yet"),
        (request(messages=[SYSTEM, USER | {"detail": "high"}]), 'A message of the user has no field "detail"'),
        (request(model="MODEL"), "'MODEL' is not the name of a model that can be asked. Write MODEL, unquoted."),
    ],
    "01.3": [
        (slip("01.3", "choices[0]", "choices[-1]"), "The text of the first choice is wanted. The assistant says"),
        (lambda c, a, q: go_on(c[1:], a, q), "The roles of its messages are to be: user, assistant, user."),
        (lambda c, a, q: go_on([says("user", "What?"), *c[1:]], a, q), "What was said before is not all there"),
        (lambda c, a, q: go_on(c, a, "question"), "The question at the end is not the one it was given"),
        (lambda c, a, q: [c, *go_on([], a, q)], "unpack it with a star"),
        (lambda c, a, q: [*c, a, says("user", q)], 'a dict with a "role"'),
    ],
    "02.1": [
        (sent(kind="image/jpg"), "and yours with 'data:image/jpg;"),
        (sent(f"data:image/jpeg;base64,{base64.b64encode(ROCKET_JPG)}"), "then .decode()"),
        (sent(prediction=84_394), "the other way round"),
        (sent(prediction=152_300), "is not 152,300. The file has 112,525 bytes"),
    ],
    "02.2": [
        (lambda d: (media_type(d) or "").replace("jpeg", "jpg") or None, "returns 'image/jpg' and not 'image/jpeg'"),
        (slip("02.2", 'data[8:12] == b"WEBP"', "True"), "a sound file"),
        (slip("02.2", r"xff\xd8\xff", r"xff\xd8\xff\xe0"), "as phones write it"),
        (slip("02.2", "GIF87a", "GIF89a"), "Given a GIF (GIF87a),"),
        (slip("02.2", "GIF89a", "GIF87a"), "Given a GIF of today (GIF89a)"),
        (slip("02.2", "GIF87a", "GIF"), "a text that begins with GIF"),
        (slip("02.2", "data.startswith(signature)", "signature in data"), "a text that speaks of pictures"),
        (slip("02.2", 'data.startswith(b"RIFF")', "True"), "a text with WEBP at its ninth byte"),
        (lambda d: "image/png" if d[:4] == "\x89PNG" else None, "with a b in front"),
        (lambda d: media_type(d) if d[0] else None, 'no bytes at all (b""), your function raised Ind'),
        (lambda d: media_type(d) or "unknown", "returns 'unknown' and not None"),
        (lambda d: media_type(d) if d[:2] != b"\xff\xd8" or d[6:10] in (b"JFIF", b"Exif") else None, "neither"),
    ],
    "02.3": [
        (lambda: photo(change=lambda image: image.transpose(Image.Transpose.ROTATE_180)), "upside down or mirrored"),
        (lambda: photo(keep={0x8825}), "metadata in it (exif, the GPS position)"),
        (lambda: photo(comment=b"A. Learner"), "metadata in it (comment)"),
        (png_with_text, "metadata in it (Author)"),
        (lambda: photo(257), "It is 193 x 257 pixels, and 128 to 256 are wanted"),
        (lambda: photo(size=(256, 256)), "or its colours or proportion differ"),
        (lambda: photo(name="GIF"), "The picture is a GIF"),
        (b"\xff\xd8\xff and so on", "Are they cut off"),
    ],
}  # fmt: skip
RIGHT = {
    "00.1": [["a", "b", "c", "e"], {"E", "c", "b", "a"}, "a, b, c, e"],
    "00.2": [(text("What is it?"), picture()), [picture(), text("Tall?")], [text(""), text("Is it tall?"), picture()],
            [text("What?") | {"prompt_cache_breakpoint": {"mode": "explicit"}}, picture()]],
    "00.3": [8474, 8475, 8400.0, 8550, np.float64(8474.6), price(DEFAULT_MODEL, 0, 1) * 0 + 8474],
    "01.1": [{"pictures": 3, "messages": 9}, {"messages": np.int64(9), "pictures": 3.0, "why": "all again"}],
    "01.2": [request(), request(messages=[SYSTEM | {"name": "teacher"}, USER]),
            request(temperature=0, messages=[says("developer", text("Be short.")), USER]),
            request(picture(), text("Wetter?"))],
    "01.3": [lambda c, a, q: [*c, a.choices[0].message, says("user", text(q))],
            lambda c, a, q: (*c, a.choices[0].message.model_dump(), {"content": q, "role": "user"})],
    "02.1": [sent(), sent(prediction=150_036.0), sent(prediction=112_525 * 4 // 3), sent(prediction=151_000)],
    "02.2": [pillow, lambda d: media_type(bytes(d)) or ""],
    "02.3": [photo, lambda: photo(128, "WEBP"), lambda: photo(name="PNG"), lambda: photo(quality=30),
            lambda: bytearray(photo()), lambda: open_picture(IMAGES / "phone_photo.jpg", max_side=256)],
}  # fmt: skip

"""Lessons 00 to 02: mistakes that people make, and other right answers."""

import base64
from io import BytesIO

import numpy as np
from openai.types.chat import ChatCompletionMessage
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from course.exercises import lesson_00
from course.recording import DEFAULT_MODEL
from helpers.encoding import open_picture
from helpers.tokens import price
from tests.conftest import COFFEE, data_url
from tests.exercises.cases import IMAGES, ROCKET, picture, says, text


def changed(prediction, prompt="Is the cup full?", url=COFFEE, detail="high"):
    return {"content": [text(prompt), picture(url, detail)], "prediction": prediction}


ROCKET_JPG = (IMAGES / "rocket.jpg").read_bytes()
FIRST = says("user", text("Describe this picture."), picture(detail="low"))
TALK = [FIRST, says("assistant", "A rocket."), says("user", "Noon?"), says("assistant", "No."), says("user", "Why?")]


def talk(paid, *messages):
    return {"messages": list(messages or TALK), "pictures_paid": paid}


def request(*content, **changes):
    """A right request, but for the changes; None takes an argument out."""
    asked = says("user", *(content or (text("What is the weather like?"), picture())))
    right = {"model": "gpt-5.6-luna", "messages": [says("system", "Be short."), asked], "max_completion_tokens": 200}
    return {name: value for name, value in {**right, **changes}.items() if value is not None}


def whole(reason="stop", content=True, wanted="content"):
    """A function as 01.3 wants it, which can be told to forget the reason or the text."""

    def is_whole(answer):
        choice = answer.choices[0]
        return (not reason or choice.finish_reason == reason) and (not content or bool(getattr(choice.message, wanted)))

    return is_whole


def sent(answer=None, prediction=150_036, kind="image/jpeg"):
    return {"prediction": prediction, "data_url": answer or data_url(ROCKET_JPG, kind)}


def media_type(data, jpeg=b"\xff\xd8", jpeg_name="image/jpeg", webp=b"WEBP", gif=b"GIF8", png=b"\x89PNG", other=None):
    if data.startswith(b"RIFF") and webp in data:
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
    "00.1": [
        (changed(["prompt"], lesson_00.OURS["prompt"], detail="low"), "the lesson's own"),
        (changed(["prompt"], detail="low"), "The detail is still the lesson's, 'low'"),
        (changed(["detail"], lesson_00.OURS["prompt"]), "The prompt is still the lesson's"),
        (changed(["prompt"]), "Detail would be in the message as well"),
        (changed(["prompt", "detail", "picture"]), "Picture does not differ from the lesson's"),
        (changed(["prompt", "detail"], url=ROCKET), "Picture would be in the message"),
        (changed(["text", "detail"]), "no part called 'text'. Its names are: prompt, picture, detail."),
        (changed(2), "The prediction is a list of names"),
        (changed(["prompt", "detail"], detail="medium"), "There is no detail 'medium'"),
        (changed([1, 2]), "The prediction is a list of names"),
        ({"content": [text("Is it"), picture(COFFEE), text("full?")], "prediction": ["prompt"]},
         "Keep the lesson's two parts"),
        (changed(None), '"prediction" is empty or missing'),
        ({"content": [says("user", text("Full?"), picture())], "prediction": ["prompt"]},
         "One of your parts is {'role'"),
    ],
    "00.2": [
        ([text("What?"), {"type": "image_url", "image_url": ROCKET}], "a habit of 2023"),
        ([text("What?"), picture("ROCKET")], "The address 'ROCKET' is not that of rocket.jpg. Write ROCKET, unquoted."),
        ([text("What?"), picture(detail="low")], "Yours is 'low'"),
        ([text("What?"), {"type": "image_url", "image_url": {"url": ROCKET}}], "Yours is None"),
        ([text("What?"), {"type": "image_url", "image_url": {"url": ROCKET}, "detail": "high"}], "belongs inside"),
        ([text(lesson_00.OURS["prompt"]), picture()], "the lesson's own question"),
        ([{"type": "input_text", "text": "What?"}, {"type": "input_image", "image_url": ROCKET}],
         "One of your parts is {'type': 'input_text'"),
        ([text("What?"), picture(), picture()], "and there are 2"),
        (["What?", picture()], "One of your parts is a str"),
        ([text("What?"), {"type": "image_url", "image_url": {"detail": "high"}}], "with the address"),
        ([text("What?"), picture("")], "with the address"),
        ([text("What?"), {"type": "image_url"}], "with the address under url"),
        ([{"text": "What?"}, picture()], "One of your parts is {'text'"),
        ([text("What?"), {"type": "image", "image": ROCKET}], "One of your parts is {'type': 'image'"),
        (7, "also of one part. What came is an int.$"),
    ],
    "00.3": [
        (3649, "swapped"),
        (22_936, "62 tokens that the model writes are missing"),
        (13_441, "218 tokens that you send are missing"),
        (17_857, "price of their own, 1.20"),
        (84.7, "in dollars, not in cents"),
        (847_457, "not in cents"),
        (8.47, "not for a thousand"),
        (0.000118, "not 0.000118. That is what one request costs"),
        (0.0118, "not 0.0118. That is what one request costs"),
        (8_602, "Work out the price of one request"),
    ],
    "01.1": [
        (talk(1), "Pictures in the last request: 1"),
        (talk(2, *TALK[:3]), "Yours are: user, assistant, user.$"),
        (talk(3, "What?", "Why?"), 'a dict with a "role"'),
        (talk(3, *TALK[2:], *TALK[1:3]), "lost its picture"),
        (talk(3, *TALK[:4], says("user", text("And here?"), picture())), "It is not 3"),
        (talk(3, FIRST, says("assistant", text("So:"), picture()), *TALK[2:]),
         "A picture in a message of the assistant"),
        (talk(3, FIRST, says("assistant", ""), *TALK[2:]), "message of the assistant is empty"),
        (talk([3]), "A number is wanted. What came is a list."),
        (talk(3, FIRST, {"role": "assistant"}), "What came is nothing."),
        (talk(3, {"content": "Hello"}), 'a dict with a "role"'),
        (talk(3, TALK[:3], *TALK[3:]), "unpack it with a star"),
        (talk(3, *TALK[:3], says("assistant", "second.choices[0].message.content"), TALK[4]),
         "stands in quotation marks"),
        (talk(3, *TALK[:3], TALK[1], TALK[4]), "The same answer stands there twice"),
    ],
    "01.2": [
        (request(messages=[says("system", text("Be short."), picture()), says("user", "What?")]),
         "A picture in a message of the system"),
        (request(max_completion_tokens=None, max_tokens=200), '"max_tokens" is the older name'),
        (request(model="gpt-4-vision-preview"), "'gpt-4-vision-preview' is not the name of a model that can be asked"),
        (request(rule="Be short."), 'create() knows no argument "rule"'),
        (request(max_completion_tokens=None, max_output_tokens=200), "of the Responses API"),
        (request(model=""), '"model" is empty or missing'),
        (request(max_completion_tokens=None), "Yours is None"),
        (request(max_completion_tokens=500), "Yours is 500"),
        (request(max_completion_tokens="200"), "Yours is '200'"),
        (request(messages=[]), '"messages" is empty or missing'),
        (request(messages=request()["messages"][::-1]), "not the first message"),
        (request(messages=[says("system", ""), request()["messages"][1]]), "the system is empty"),
        (request(messages=[says("system", "Be short.")]), "Yours has 0"),
        (request(picture()), "no question"),
        (request(text("What?"), picture(COFFEE)), "coffee.png' is not that of rocket.jpg"),
        (request(messages=says("user", "What?")), "Messages are a list"),
    ],
    "01.3": [
        (whole(reason=""), "with 'length' and has the text 'A rocket.', your function returns True"),
        (whole(content=False), "with 'stop' and has the text '', your function returns True"),
        (lambda a: a.choices[0].finish_reason == "stop" and a.choices[0].message.content != "",
         "with 'stop' and has the text None, your function returns True"),
        (lambda a: a.choices[0].finish_reason != "length" and bool(a.choices[0].message.content), "content_filter"),
        (lambda a: a.choices[0].finish_reason == "stop" and (a.choices[0].message.content or "")[-1:] == ".",
         "with 'stop' and has the text 'No', your function returns False"),
        (lambda a: False, "with 'stop' and has the text 'A rocket.', your function returns False"),
        (bool, "the text '', your function returns True"),
        (lambda a: not whole()(a), "with 'stop' and has the text 'A rocket.', your function returns False"),
        (lambda a: str(whole()(a)), "your function returns 'False' and not False"),
        (lambda a: a["choices"], "your function raised TypeError"),
        (lambda a: a.choices[0].finish_reason == "stop" and a.choices[0].message.content is not None,
         "with 'stop' and has the text '', your function returns True"),
    ],
    "02.1": [
        (sent(kind="image/jpg"), "and yours with 'data:image/jpg;"),
        (sent(f"data:image/jpeg;base64,{base64.b64encode(ROCKET_JPG)}"), "then .decode()"),
        (sent(f"data:image/jpeg;base64,{base64.encodebytes(ROCKET_JPG).decode()}"), "not base64 in one piece"),
        (sent(prediction=84_394), "the other way round"),
        (sent(prediction=152_300), "is not 152,300. The file has 112,525 bytes"),
        (sent(base64.b64encode(ROCKET_JPG).decode()), "and yours with '/9j/"),
        (sent(data_url((IMAGES / "chelsea.png").read_bytes(), "image/jpeg")),
         "of the bytes in rocket.jpg. It begins 'iVBORw0K"),
    ],
    "02.2": [
        (lambda d: media_type(d, jpeg_name="image/jpg"), "returns 'image/jpg' and not 'image/jpeg'"),
        (lambda d: (media_type(d) or "").removeprefix("image/") or None, "returns 'png' and not 'image/png'. Compare"),
        (lambda d: media_type(d, webp=b""), "a sound file"),
        (lambda d: media_type(d, jpeg=b"\xff\xd8\xff\xe0"), "as phones write it"),
        (lambda d: media_type(d, gif=b"GIF89a"), "Given a GIF (GIF87a),"),
        (lambda d: "image/png" if d[:4] == "\x89PNG" else None, "with a b in front"),
        (lambda d: media_type(d, gif=b"GIF87a"), "Given a GIF of today (GIF89a)"),
        (lambda d: "image/gif" if b"GIF" in d else media_type(d), "a text that speaks of pictures"),
        (lambda d: media_type(d, other="image/png"), "a sound file"),
        (lambda d: media_type(d) if d[0] else None, 'no bytes at all (b""), your function raised Ind'),
        (lambda d: Image.open(BytesIO(d)).get_format_mimetype(), "raised UnidentifiedImageError"),
        (lambda d: media_type(d) or "unknown", "returns 'unknown' and not None"),
    ],
    "02.3": [
        (lambda: photo(turn=Image.Transpose.ROTATE_180), "upside down or mirrored"),
        (lambda: photo(keep={0x8825}), "metadata in it (exif, the GPS position)"),
        (lambda: photo(keep={0x013B}), "metadata in it (exif)"),
        (lambda: photo(comment=b"A. Learner"), "metadata in it (comment)"),
        (lambda: photo(xmp=b"<x:xmpmeta/>"), "metadata in it (xmp)"),
        (png_with_text, "metadata in it (Author)"),
        (lambda: photo(257), "It is 193 x 257 pixels, and 128 to 256 are wanted"),
        (lambda: photo(size=(256, 256)), "or its proportion is another"),
        (lambda: photo(name="GIF"), "The picture is a GIF"),
        (b"\xff\xd8\xff and so on", "Are they cut off"),
        ("../asset/images/phone_photo.jpg", "What came is a str"),
    ],
}  # fmt: skip
# What is right besides the solution: other types, other words, more than was asked for.
RIGHT = {
    "00.1": [changed(("Detail ", "PROMPT")), changed({"prompt", "detail"}), changed("prompt, detail", detail="auto"),
            changed(["detail", "picture", "prompt"], url=ROCKET), {**changed(["prompt", "detail"]), "note": "mine"}],
    "00.2": [(text("What is it?"), picture()), [picture(), text("Tall?")], [text(""), text("Is it tall?"), picture()]],
    "00.3": [8474, 8475, 8400.0, 8550, np.float64(8474.6), price(DEFAULT_MODEL, 0, 1) * 0 + 8474],
    "01.1": [talk(3), talk(3.0, says("developer", "Be short."), *TALK),
            talk(4, *TALK[:4], says("user", text("And here?"), picture())),
            talk(6, says("user", text("Both?"), picture(), picture(COFFEE)), *TALK[1:]),
            {"messages": tuple(TALK), "pictures_paid": np.int64(3)},
            talk(3, FIRST, ChatCompletionMessage(role="assistant", content="A rocket."), *TALK[2:])],
    "01.2": [request(),
            request(temperature=0, messages=[says("developer", text("Be short.")), request()["messages"][1]]),
            request(picture(), text("Wetter?"))],
    "01.3": [whole(), lambda a: a.choices[0].finish_reason == "stop" and a.choices[0].message.content,
            lambda a: a.choices[0].finish_reason == "stop" and len(a.choices[0].message.content or [])],
    "02.1": [sent(), sent(prediction=150_036.0), sent(prediction=112_525 * 4 // 3), sent(prediction=151_000)],
    "02.2": [media_type, lambda d: media_type(bytes(d)) or ""],
    "02.3": [photo, lambda: photo(128, "WEBP"), lambda: photo(name="PNG"), lambda: photo(quality=30),
            lambda: bytearray(photo()), lambda: open_picture(IMAGES / "phone_photo.jpg", max_side=256)],
}  # fmt: skip

"""The exercises: each is tried with its solution, with mistakes that people make, with nothing and with nonsense."""

import base64
import json
import re
from collections import Counter
from fractions import Fraction
from importlib import import_module
from io import BytesIO
from itertools import pairwise

import nbformat
import numpy as np
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell
from openai.types.chat import ChatCompletion, ChatCompletionMessage
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from course import CourseError, exercises
from course.assets import ROOT
from course.exercises import exercise as checks
from course.exercises import lesson_00, lesson_03
from course.recording import DEFAULT_MODEL
from helpers.encoding import open_picture
from helpers.tokens import picture_tokens, price
from tests.api.validation import check_chat, check_response
from tests.conftest import COFFEE, data_url
from tests.tools import record_lessons

NUMBERS = sorted(path.name[:2] for path in (ROOT / "notebooks").glob("*.ipynb"))
LESSONS = {number: import_module(f"course.exercises.lesson_{number}").EXERCISES for number in NUMBERS}
ALL = {number: exercise for lesson in LESSONS.values() for number, exercise in lesson.items()}
ROCKET = COFFEE.replace("coffee.png", "rocket.jpg")
FILM = "https://myvideos.blob.core.windows.net/films/camera3.mp4?sp=r&sr=b&sig=invented"
IMAGES = ROOT / "asset" / "images"
ROCKET_BYTES = (IMAGES / "rocket.jpg").read_bytes()


def notebook_of(lesson):
    return next((ROOT / "notebooks").glob(f"{lesson}_*.ipynb"))


def text(words):
    return {"type": "text", "text": words}


def picture(url=ROCKET, detail="high", **beside):
    return {"type": "image_url", "image_url": {"url": url, "detail": detail}, **beside}


def says(role, *content):
    return {"role": role, "content": content[0] if isinstance(content[0], str) else list(content)}


# --- 00 and 01: what is handed in ---


def changed(prediction, prompt="Is the cup full?", url=COFFEE, detail="high"):
    return {"content": [text(prompt), picture(url, detail)], "prediction": prediction}


FIRST = says("user", text("Describe this picture."), picture(detail="low"))
TALK = [FIRST, says("assistant", "A rocket."), says("user", "Noon?"), says("assistant", "No."), says("user", "Why?")]


def talk(paid, *messages):
    return {"messages": list(messages or TALK), "pictures_paid": paid}


def request(*content, **changes):
    """A right request, but for the changes; None takes an argument out."""
    asked = says("user", *(content or (text("What is the weather like?"), picture())))
    right = {"model": "gpt-5.6-luna", "messages": [says("system", "Be short."), asked], "max_completion_tokens": 200}
    return {name: value for name, value in {**right, **changes}.items() if value is not None}


def filtered(answer, held=lambda found: found.get("filtered"), safe=True, choices=slice(None)):
    """07.2, right or with one slip."""
    prompts = answer.get("prompt_filter_results", []) if safe else answer["prompt_filter_results"]
    prompt = [name for one in prompts for name, found in one["content_filter_results"].items() if held(found)]
    parts = [choice.get("content_filter_results", {}) for choice in answer["choices"][choices]]
    return prompt, [name for part in parts for name, found in part.items() if held(found)]


def verdict(answer, skip="", strip=True):
    """07.3, right, or with one question left out."""
    if not answer.choices and skip != "no choices":
        return "no choices"
    choice = answer.choices[0]
    text = choice.message.content or ""
    questions = {
        "refused": choice.message.refusal,
        "filtered": choice.finish_reason == "content_filter",
        "cut off": choice.finish_reason == "length",
        "empty": not (text.strip() if strip else text),
    }
    return next((said for said, yes in questions.items() if yes and said != skip), "use")


def spine(least=1, most=1_000, extra="forbid", gives="self", **fields):
    """08.2, right or with one slip; least None refuses 0 alone."""

    def is_counted_from_one(self):
        if self.place == 0 if least is None else not least <= self.place <= most:
            raise ValueError("places are counted from 1")
        return self if gives else None

    fields = {"title": (str, ...), "author": (str | None, ...), "place": (int, ...)} | fields
    check = {"check": pydantic.model_validator(mode="after")(is_counted_from_one)}
    return pydantic.create_model("Spine", __config__={"extra": extra}, __validators__=check, **fields)


def wrong_fields(said, true, alike=lambda text: text.strip().lower()):
    """08.3, right, or with another rule of when texts are equal."""

    def plain(value):
        return alike(value) if isinstance(value, str) else value

    return {name: sum(plain(a[name]) != plain(b[name]) for a, b in zip(said, true, strict=True)) for name in true[0]}


def whole(reason="stop", content=True, wanted="content"):
    """A function as 01.3 wants it, which can be told to forget the reason or the text."""

    def is_whole(answer):
        choice = answer.choices[0]
        return (not reason or choice.finish_reason == reason) and (not content or bool(getattr(choice.message, wanted)))

    return is_whole


# --- 02: files ---


def sent(answer=None, prediction=150_036, kind="image/jpeg"):
    return {"prediction": prediction, "data_url": answer or data_url(ROCKET_BYTES, kind)}


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


# --- 03: several pictures ---


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


# --- 04: numbers, and a choice ---


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
def film(shortest=5, longest=11):
    return {"shortest": shortest, "longest": longest}


def ordered(video=None, metadata=None, without=(), **beside):
    """The order of 05.2; `without` names fields of the order, the video or its metadata that are left out."""
    metadata = {"cameraId": "3", "timestamp": "2023-07-01T08:15:00Z"} | (metadata or {})
    one = {"mode": "add", "documentId": "camera3", "documentUrl": FILM, "metadata": metadata} | (video or {})
    order = {"videos": [one], "includeSpeechTranscript": True} | beside
    for some in (metadata, one, order):
        for name in set(without) & set(some):
            del some[name]
    return order


def matched(found, true, within=0.5, once=True, nearest=False):
    """05.3, right or with one slip."""
    left, hits = list(found), 0
    for at in true:
        near = [cut for cut in left if abs(cut - at) <= within]
        if near:
            hits += 1
            if once:
                left.remove(min(near, key=lambda cut: abs(cut - at)) if nearest else near[0])
    return hits, len(left) if once else len(found) - hits


def saved(by_file=636, in_conversation=636, times_sent=1):
    return {"by_file": by_file, "in_conversation": in_conversation, "times_sent": times_sent}


def translated(*parts, without="", image=None, **changes):
    """The request of 06.2; `parts` take the place of its content, `image` changes fields of its picture."""
    shown = {"type": "input_image", "image_url": COFFEE, "detail": "low"} | (image or {})
    asked = {"type": "input_text", "text": "Describe this picture in one sentence."}
    right = {
        "model": "gpt-5.6-luna",
        "instructions": "Be short.",
        "input": [{"role": "user", "content": list(parts) or [asked, shown]}],
        "max_output_tokens": 500,
        "store": False,
    }
    return {name: value for name, value in (right | changes).items() if name != without}


def text_if_whole(answer, check=True, after=0, first=False, none=None):
    """06.3, right or with one slip."""
    if check and answer["status"] != "completed":
        return none
    messages = [item for item in answer["output"][after:] if item["type"] == "message"]
    texts = [part["text"] for item in messages for part in item["content"] if part["type"] == "output_text"]
    return "".join(texts[:1] if first else texts) or none


WRONG = {
    "00.1": {
        "nothing changed": (
            changed(["prompt"], lesson_00.OURS["prompt"], detail="low"),
            "The prompt is still the lesson's",
        ),
        "detail forgotten": (changed(["prompt"], detail="low"), "The detail is still the lesson's"),
        "prompt forgotten": (changed(["detail"], lesson_00.OURS["prompt"]), "The prompt is still the lesson's"),
        "only the first": (changed(["prompt"]), "Detail would be in the message as well"),
        "too many": (changed(["prompt", "detail", "picture"]), "You predicted picture,"),
        "picture not noticed": (changed(["prompt", "detail"], url=ROCKET), "Picture would be in the message"),
        "other names": (changed(["text", "detail"]), "no part called 'text'. Its names are: prompt, picture, detail."),
        "a sentence": (changed("prompt and detail"), "no part called 'prompt and detail'"),
        "a number": (changed(2), "The prediction is a list of names"),
        "no such detail": (changed(["prompt", "detail"], detail="medium"), "There is no detail 'medium'"),
        "numbers predicted": (changed([1, 2]), "The prediction is a list of names"),
        "two texts": (
            {"content": [text("Is it"), picture(COFFEE), text("full?")], "prediction": ["prompt"]},
            "Keep the lesson's two parts",
        ),
        "two pictures": (
            {"content": [text("Full?"), picture(COFFEE), picture()], "prediction": ["prompt"]},
            "Keep the lesson's two parts",
        ),
        "parts turned": (
            {"content": [picture(), text("Is it full?")], "prediction": ["prompt", "detail"]},
            "first one text and then one picture",
        ),
        "the list alone": (changed(["prompt"])["content"], "What came is a list."),
        "content a number": ({"content": 7, "prediction": ["prompt"]}, "What came is an int."),
        "no prediction": (changed(None), '"prediction" is empty or missing'),
        "messages for content": (
            {"content": [says("user", text("Full?"), picture())], "prediction": ["prompt"]},
            "One of your parts is {'role'",
        ),
    },
    "00.2": {
        "a bare string": ([text("What?"), {"type": "image_url", "image_url": ROCKET}], "a habit of 2023"),
        "a variable in quotation marks": ([text("What?"), picture("ROCKET")], "A variable has no quotation marks"),
        "no text": ([picture()], "no question"),
        "an empty text": ([text(" … "), picture()], "no question"),
        "no picture": ([text("What?")], "and there are 0"),
        "a string": (f"What is in {ROCKET}?", "and there are 0"),
        "the coffee": ([text("What?"), picture(COFFEE)], "coffee.png' is not that of rocket.jpg"),
        "a web page": (
            [text("What?"), picture("https://github.com/scikit-image/scikit-image/blob/main/data/rocket.jpg")],
            "nor a web page with it",
        ),
        "a file": ([text("What?"), picture("../asset/images/rocket.jpg")], "Not a file of yours"),
        "cut off": ([text("What?"), picture(ROCKET[:-4])], "is not that of rocket.jpg"),
        "detail low": ([text("What?"), picture(detail="low")], "Yours is 'low'"),
        "no detail": ([text("What?"), {"type": "image_url", "image_url": {"url": ROCKET}}], "Yours is None"),
        "detail outside": (
            [text("What?"), {"type": "image_url", "image_url": {"url": ROCKET}, "detail": "high"}],
            "belongs inside",
        ),
        "one part": (picture(), "a list of parts, also of one part"),
        "the lesson's question": ([text(lesson_00.OURS["prompt"]), picture()], "the lesson's own question"),
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
        "one cent": (84.7, "what one cent buys"),
        "100 times": (847_457, "not in cents"),
        "a thousand": (8.47, "not for a thousand"),
        "one request": (0.000118, "what one request costs, in dollars"),
        "one request in cents": (0.0118, "what one request costs, in cents"),
        "1.5 % off": (8_602, "Work out the price of one request"),
        "nothing at all": (0, "Work out the price of one request"),
        "a text": ("8474", "without quotation marks"),
        "True": (True, "What came is a bool"),
    },
    "01.1": {
        "sent once": (talk(1), "Pictures in the last request: 1"),
        "another count": (talk(2), "It is not 2"),
        "no answer between": (talk(3, *TALK[:3], TALK[4]), "Yours are: user, assistant, user, user.$"),
        "two questions": (talk(2, *TALK[:3]), "Yours are: user, assistant, user.$"),
        "nobody asks": (talk(3, says("assistant", "Hello.")), "lost its picture"),
        "texts alone": (talk(3, "What?", "Why?"), 'a dict with a "role"'),
        "run twice": (talk(4, *TALK, TALK[1], TALK[2]), "grows with each run"),
        "ends with an answer": (
            talk(3, *TALK, TALK[1]),
            "Yours are: user, assistant, user, assistant, user, assistant",
        ),
        "picture lost": (talk(3, *TALK[2:], *TALK[1:3]), "lost its picture"),
        "picture again": (talk(3, *TALK[:4], says("user", text("And here?"), picture())), "It is not 3"),
        "picture of the assistant": (
            talk(3, FIRST, says("assistant", text("So:"), picture()), *TALK[2:]),
            "A picture in a message of the assistant",
        ),
        "an empty answer": (talk(3, FIRST, says("assistant", ""), *TALK[2:]), "message of the assistant is empty"),
        "a prediction in words": (talk("three"), "without quotation marks"),
        "a prediction in a list": (talk([3]), "A number is wanted. What came is a list."),
        "no content": (talk(3, FIRST, {"role": "assistant"}), "What came is nothing."),
        "no role": (talk(3, {"content": "Hello"}), 'a dict with a "role"'),
        "a list not unpacked": (talk(3, TALK[:3], *TALK[3:]), "unpack it with a star"),
        "a whole message": (
            talk(3, FIRST, {"role": "assistant", "content": TALK[1]}, *TALK[2:]),
            "What came is a dict",
        ),
        "code in quotation marks": (
            talk(3, *TALK[:3], says("assistant", "second.choices[0].message.content"), TALK[4]),
            "stands in quotation marks",
        ),
        "the first answer twice": (talk(3, *TALK[:3], TALK[1], TALK[4]), "The same answer stands there twice"),
        "a single message": ({"messages": FIRST, "pictures_paid": 3}, "Messages are a list"),
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
        "a sample's model": (request(model="course-sample"), "only marks our samples"),
        "a model of 2023": (request(model="gpt-4-vision-preview"), "was shut down on 2024-12-06"),
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
        "no rule": (request(messages=request()["messages"][1:]), "The rule is missing"),
        "the rule last": (request(messages=request()["messages"][::-1]), "not the first message"),
        "an empty rule": (request(messages=[says("system", ""), request()["messages"][1]]), "the system is empty"),
        "nobody asks": (request(messages=[says("system", "Be short.")]), "Yours has 0"),
        "no question": (request(picture()), "no question"),
        "detail low": (request(text("What?"), picture(detail="low")), "Yours is 'low'"),
        "the coffee": (request(text("What?"), picture(COFFEE)), "coffee.png' is not that of rocket.jpg"),
        "a single message": (request(messages=says("user", "What?")), "Messages are a list"),
        "the messages alone": (request()["messages"], "What came is a list.$"),
    },
    "01.3": {
        "the text alone": (whole(reason=""), 'cut off ("length"), your function returns True'),
        "the reason alone": (whole(content=False), 'has the empty text ""'),
        "None forgotten": (
            lambda a: a.choices[0].finish_reason == "stop" and a.choices[0].message.content != "",
            "whose content is None",
        ),
        "the filter forgotten": (
            lambda a: a.choices[0].finish_reason != "length" and bool(a.choices[0].message.content),
            "content_filter",
        ),
        "a full stop": (
            lambda a: a.choices[0].finish_reason == "stop" and (a.choices[0].message.content or "")[-1:] == ".",
            "a short answer, whole all the same, your function returns False",
        ),
        "never": (lambda a: False, 'ended with "stop", your function returns False'),
        "a type": (bool, 'cut off ("length"), your function returns True'),
        "turned round": (lambda a: not whole()(a), 'ended with "stop", your function returns False'),
        "texts": (lambda a: str(whole()(a)), "your function returns 'False' and not False"),
        "a dict expected": (lambda a: a["choices"], "your function raised TypeError"),
        "called at once": (True, "without brackets"),
        "no argument": (lambda: True, "your function raised TypeError"),
        "empty forgotten and refusal trusted": (
            lambda a: a.choices[0].finish_reason == "stop" and a.choices[0].message.content is not None,
            'empty text ""',
        ),
    },
    "02.1": {
        "3/4": (sent(prediction=84_394), "the other way round"),
        "bytes": (sent(prediction=112_525), "That is the number of bytes"),
        "hexadecimal": (sent(prediction=225_050), "hexadecimal"),
        "the other file's": (sent(prediction=320_684), "would fit chelsea.png"),
        "1.5 % off": (sent(prediction=152_300), "is not 152,300. Base64 writes"),
        "a text": (sent(prediction="150036"), "without quotation marks"),
        "image/jpg": (sent(kind="image/jpg"), "and yours with 'data:image/jpg;"),
        "image/png": (sent(kind="image/png"), "and yours with 'data:image/png;"),
        "the lesson's own": (
            sent(data_url((IMAGES / "chelsea.png").read_bytes())),
            "and yours with 'data:image/png;base64,iVBOR",
        ),
        "raw bytes": (sent(f"data:image/jpeg;base64,{ROCKET_BYTES}"), "first base64.b64encode(…), then .decode()"),
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
            "It holds 240,512 bytes that are not those",
        ),
        "saved again": (
            lambda: sent(open_picture(IMAGES / "rocket.jpg", max_side=600).data_url),
            "not those of rocket.jpg (112,525)",
        ),
        "URL-safe letters": (sent("data:image/jpeg;base64,_-__"), "is not base64"),
        "no characters": (sent("data:image/jpeg;base64,"), "It holds 0 bytes"),
    },
    "02.2": {
        "image/jpg": (lambda d: media_type(d, jpeg_name="image/jpg"), "There is no image/jpg"),
        "no prefix": (lambda d: (media_type(d) or "").removeprefix("image/") or None, " and not 'image/png'.$"),
        "RIFF alone": (lambda d: media_type(d, webp=b""), "a sound file"),
        "JFIF alone": (lambda d: media_type(d, jpeg=b"\xff\xd8\xff\xe0"), "as phones write it"),
        "GIF of 1989 alone": (lambda d: media_type(d, gif=b"GIF89a"), "Given a GIF (GIF87a),"),
        "text instead of bytes": (lambda d: "image/png" if d[:4] == "\x89PNG" else None, "with a b in front"),
        "GIF of 1987 alone": (lambda d: media_type(d, gif=b"GIF87a"), "Given a GIF with a comment"),
        "a word anywhere": (lambda d: "image/gif" if b"GIF" in d else media_type(d), "a text that speaks of pictures"),
        "never None": (lambda d: media_type(d, other="image/png"), "a sound file"),
        "no bytes": (lambda d: media_type(d) if d[0] else None, 'no bytes at all (b""), your function raised Ind'),
        "Pillow": (lambda d: Image.open(BytesIO(d)).get_format_mimetype(), "raised UnidentifiedImageError"),
        "another word": (lambda d: media_type(d) or "unknown", "returns 'unknown' and not None"),
    },
    "02.3": {
        "unchanged": ((IMAGES / "phone_photo.jpg").read_bytes(), "256 on the longest side are enough"),
        "on its side": (lambda: photo(upright=False), "It lies on its side"),
        "upside down": (lambda: photo(turn=Image.Transpose.ROTATE_180), "upside down or mirrored"),
        "mirrored": (lambda: photo(turn=Image.Transpose.FLIP_LEFT_RIGHT), "upside down or mirrored"),
        "GPS": (lambda: photo(keep={0x8825}), "metadata in it (exif, the GPS position)"),
        "author": (lambda: photo(keep={0x013B}), "metadata in it (exif)"),
        "comment": (lambda: photo(comment=b"A. Learner"), "metadata in it (comment)"),
        "XMP": (lambda: photo(xmp=b"<x:xmpmeta/>"), "metadata in it (xmp)"),
        "a PNG's texts": (png_with_text, "metadata in it (Author)"),
        "too large": (lambda: photo(257), "256 on the longest side are enough"),
        "too small": (lambda: photo(100), "Keep 128 or more"),
        "squeezed": (lambda: photo(size=(256, 256)), "another proportion"),
        "a piece": (lambda: photo(crop=(0, 0, 200, 200)), "or only a piece of it"),
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
    "03.1": {
        "half": (lambda: four(400), "How much of the area is left?"),
        "the same": (lambda: four(799), "before they were shrunk"),
        "a sixteenth": (lambda: four(50), "At low the service shrinks to 512 anyway"),
        "far too few": (lambda: four(20), "is not 20. Fewer pixels"),
        "twice": (lambda: four(1_598), "is not 1,598. Fewer pixels"),
        "in words": (lambda: four("200"), "without quotation marks"),
        "not shrunk": (lambda: four(max_side=None), "The hens have 1024 x 683 pixels"),
        "shrunk to 512": (lambda: four(max_side=512), "The hens have 512 x 342 pixels"),
        "shrunk too far": (lambda: four(max_side=128), "The hens have 128 x 85 pixels. What does max_side=256 give?"),
        "detail high": (lambda: four(detail="high"), "Yours have high, high"),
        "coins by their address": (
            lambda: four(names=["chicken.webp", "cow.webp", "horse.webp"], more=[picture(lesson_03.COINS, "low")]),
            "stay as large as they are",
        ),
        "three": (lambda: four(names=["chicken.webp", "cow.webp", "coins.png"]), "The horses are missing"),
        "one twice": (lambda: four(names=["cow.webp"] * 4), "The hens and the coins and the horses are missing"),
        "five": (lambda: four(more=[part_of("cow.webp", 256)]), "There are 5 pictures in it, and 4 are wanted"),
        "no pictures": (
            {"prediction": 200, "parts": [text("Four.")]},
            "The hens and the cows and the coins and the horses are missing",
        ),
        "a part alone": (lambda: {"prediction": 200, "parts": part_of("cow.webp", 256)}, "also of one part"),
        "pictures, no parts": (
            lambda: {"prediction": 200, "parts": [open_picture(IMAGES / "cow.webp", max_side=256)]},
            "One of your parts is a Picture",
        ),
        "a damaged data URL": ({"prediction": 200, "parts": [picture("data:,AAAA")]}, "no picture that can be opened"),
        "no prediction": (lambda: four(None), '"prediction" is empty or missing'),
    },
    "03.2": {
        "places": (lambda: three(("First picture", "Coins", "Horses")), "The name 'First picture' says a place"),
        "numbers": (lambda: three(("Picture 1", "Picture 2", "Picture 3")), "The name 'Picture 1' says a place"),
        "left and right": (lambda: three(("Left", "Middle", "Right")), "The name 'Left' says a place"),
        "letters": (lambda: three(("A", "B", "C"), "Which animals are there?"), "The name 'A' says a place or nothing"),
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
        "cows": (lambda: three(horses=part_of("cow.webp")), "The horses are missing"),
        "no coins": (lambda: three(coins=None), "The coins are missing"),
        "all four": (lambda: [*three()[:-1], text("Cows:"), part_of("cow.webp"), three()[-1]], "There are 4 pictures"),
        "detail high": (lambda: three(hens=part_of("chicken.webp", detail="high")), "Yours have high, low, low"),
        "no detail": (
            lambda: three(coins={"type": "image_url", "image_url": {"url": lesson_03.COINS}}),
            "Yours have low, None, low",
        ),
        "names as strings": (lambda: ["Hens:", *three()[1:]], "One of your parts is a str"),
        "a message": (lambda: [says("user", *three())], "One of your parts is {'role'"),
        "the question alone": (lambda: three()[-1]["text"], "The hens and the horses and the coins are missing"),
    },
    "03.3": {
        "parts for pictures": (lambda c, n: in_turns(c, n, 1), "makes 5 requests, and 3 would do"),
        "an odd number of parts": (
            lambda c, n: in_turns(c, 3, 1),
            "makes a request of 3 parts. 2 pictures with a name are 4",
        ),
        "the limit forgotten": (lambda c, n: [c] if c else [], "makes a request of 10 parts"),
        "one each": (lambda c, n: in_turns(c, 1), "makes 5 requests, and 3 would do"),
        "the rest lost": (
            lambda c, n: [turn for turn in in_turns(c, n) if len(turn) == 2 * n],
            "of 10 parts 8 come out",
        ),
        "the first only": (lambda c, n: in_turns(c, n)[:1], "of 10 parts 4 come out"),
        "turned round": (lambda c, n: in_turns(c, n)[::-1], "or moves something"),
        "twice": (lambda c, n: [turn + turn for turn in in_turns(c, n)], "of 10 parts 20 come out"),
        "an empty request": (lambda c, n: [*in_turns(c, n), []], "makes a request of 0 parts"),
        "pictures without names": (
            lambda c, n: [[part for part in turn if part["type"] == "image_url"] for turn in in_turns(c, n)],
            "of 10 parts 5 come out",
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
        "patches": (screen(144), "Those are the patches, 16 x 9. Each counts 1.2"),
        "patches at high": (screen(high=1_032), "Those are the patches, 43 x 24"),
        "rounded down": (screen(172), "round up"),
        "rounded down at high": (screen(high=1_238), "round up"),
        "not rounded": (screen(172.8), "At low it is not 172.8. A part of a token counts as a whole one: round up.$"),
        "not rounded at high": (screen(high=1_238.4), "A part of a token counts as a whole one: round up.$"),
        "cut patches left out": (screen(high=1_210), "A patch that the edge cuts counts as a whole one"),
        "area": (screen(high=1_230), "Patches are whole"),
        "a square": (screen(308), "The screenshot keeps its proportion"),
        "gpt-4o": (screen(85), "the base of gpt-4o"),
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
        "as it was": (shrunk(4000), "125 x 94 = 11,750 patches, 14,100 tokens at auto: over 1,500.$"),
        "the first step of high": (shrunk(2048), "At high the service would shrink it"),
        "what high makes of it": (shrunk(1824), "That is what high makes of the photo."),
        "a little too much": (shrunk(1312), "41 x 31 = 1,271 patches, 1,526 tokens at auto: over 1,500.$"),
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
        "always low": (lambda w, h, c: "low", "returns 'low' and not 'high' or 'original'"),
        "the finest": (lambda *case: cheapest(*case, best=max), "returns 'original' and not 'high'"),
        "original forgotten": (lambda *case: cheapest(*case, details=("low", "high")), "and not 'original'"),
        "the size as it is sent": (lambda w, h, c: "low" if c >= 8 else None, "returns 'low' and not"),
        "refusal not caught": (lambda *case: cheapest(*case, refused=True), "raised ValueError: gpt-5.6-luna ref"),
        "never None": (lambda *case: cheapest(*case, none="original"), "returns 'original' and not None"),
        "over eight": (lambda *case: cheapest(*case, least=8.1), "returns None and not 'high' or 'low' or 'original'"),
        "four pixels": (lambda *case: cheapest(*case, least=4), "returns 'low' and not 'high' or 'original'"),
        "another word": (lambda *case: (cheapest(*case) or "").upper(), "returns 'HIGH' and not"),
        "called at once": ("high", "without brackets"),
        "no argument": (lambda: "high", "your function raised TypeError"),
    },
    "05.1": {
        "as it is": (film(6), "not 6. That is what the default setting gives"),
        "four is too short": (film(2), "exactly 4 seconds is not shorter than 4"),
        "another number": (film(3), "With shortest=4 it is not 3. Are there 4 seconds"),
        "without cuts": (film(longest=8), "as if there were no cuts"),
        "as it is with longest": (film(longest=6), "Five of the scenes are longer"),
        "three is too long": (film(longest=12), "the last scene is exactly 3"),
        "the last forgotten": (film(longest=10), "counts as well"),
        "another number with longest": (film(longest=9), "Divide the length of each scene by 3"),
        "swapped": (film(11, 5), "With shortest=4 it is not 11"),
        "one alone": (film(longest=None), '"longest" is empty or missing'),
        "a text": (film("5"), "without quotation marks"),
        "a list": ([5, 11], "What came is a list."),
    },
    "05.2": {
        "the list alone": (ordered()["videos"], "What came is a list."),
        "the video alone": (ordered()["videos"][0], '"videos" is empty or missing'),
        "no list": (ordered() | {"videos": ordered()["videos"][0]}, "is to be a list of 1. What came is a dict"),
        "two videos": (ordered() | {"videos": ordered()["videos"] * 2}, "What came is a list of 2"),
        "the sample's spelling": (
            ordered(without=["includeSpeechTranscript"], includeSpeechTranscrpt=True),
            '"includeSpeechTranscrpt" does not belong in your answer. Do you mean "includeSpeechTranscript"?$',
        ),
        "the wish in the video": (
            ordered({"includeSpeechTranscript": True}) | {"includeSpeechTranscript": True},
            '"includeSpeechTranscript" does not belong in ["videos"][0] of your answer',
        ),
        "metadata beside": (ordered({"cameraId": "3"}), '"cameraId" does not belong in ["videos"][0]'),
        "no transcript": (ordered(without=["includeSpeechTranscript"]), '"includeSpeechTranscript" is missing'),
        "transcript a word": (ordered(includeSpeechTranscript="true"), "is 'true'. The exercise asks for True"),
        "no mode": (ordered(without=["mode"]), '"mode" is missing in ["videos"][0]'),
        "another mode": (ordered({"mode": "update"}), 'To add a video, the mode is "add"'),
        "another name": (
            ordered({"documentId": "camera1"}),
            "[\"documentId\"] is 'camera1'. The exercise asks for 'camera3'",
        ),
        "no address": (ordered(without=["documentUrl"]), '"documentUrl" is missing'),
        "the pattern": (ordered({"documentUrl": FILM.replace("camera3", "{}")}), 'SAS_URL.format("camera3")'),
        "a file": (
            ordered({"documentUrl": "../asset/videos/camera3.mp4"}),
            "is the address from which the service fetches",
        ),
        "another film": (ordered({"documentUrl": FILM.replace("camera3", "camera1")}), 'SAS_URL.format("camera3")'),
        "unsigned": (ordered({"documentUrl": FILM.partition("?")[0]}), "fetches the video, signed"),
        "no metadata": (ordered(without=["metadata"]), '"metadata" is missing'),
        "a number": (ordered(metadata={"cameraId": 3}), "[\"cameraId\"] is 3. The exercise asks for '3'"),
        "another camera": (ordered(metadata={"cameraId": "1"}), "[\"cameraId\"] is '1'. The exercise asks for '3'"),
        "no time": (ordered(metadata={"timestamp": "2023-07-01"}), "the time, and Z for UTC. Not '2023-07-01'"),
        "no time at all": (ordered(without=["timestamp"]), '"timestamp" is missing'),
        "the published habit": (ordered(metadata={"timestamp": "2023-07-01 08:15:00"}), "day, a T, the time"),
        "no zone": (ordered(metadata={"timestamp": "2023-07-01T08:15:00"}), "and Z for UTC. Not"),
        "day and month": (ordered(metadata={"timestamp": "2023-01-07T08:15:00Z"}), "1 July 2023: year, month, day"),
        "another time": (ordered(metadata={"timestamp": "2023-07-01T20:15:00Z"}), "08:15 UTC on 1 July 2023"),
        "a field of ours": (
            ordered(metadata={"place": "yard"}),
            '"place" does not belong in ["videos"][0]["metadata"]',
        ),
    },
    "05.3": {
        "used twice": (lambda f, t: matched(f, t, once=False), "and not [1, 0]. Each found cut serves once"),
        "the nearest": (lambda f, t: matched(f, t, nearest=True), "returns (1, 1) and not [2, 0]"),
        "too strict": (lambda f, t: matched(f, t, within=0.3), "Given a call score([3.5], [4.0])"),
        "too kind": (lambda f, t: matched(f, t, within=0.8), "Given a call score([4.0], [4.8])"),
        "nothing left over": (lambda f, t: (matched(f, t)[0], 0), "The second number counts those that are left"),
        "missed ones": (lambda f, t: (matched(f, t)[0], len(t) - matched(f, t)[0]), "The second number counts"),
        "one number": (lambda f, t: matched(f, t)[0], "returns 0 and not [0, 0]"),
        "words": (lambda f, t: ("all", "none"), "and not"),
        "from the end": (lambda f, t: matched(f, t[::-1]), "returns (1, 1) and not [2, 0]"),
        "the nearest true cut": (
            lambda f, t: (matched(t, f, nearest=True)[0], len(f) - matched(t, f, nearest=True)[0]),
            "returns (1, 1) and not [2, 0]",
        ),
        "called at once": ((3, 0), "without brackets"),
    },
    "06.1": {
        "a file is paid once": (saved(by_file=212), "With a file id it is not 212. However it gets there"),
        "a conversation is paid once": (
            saved(in_conversation=212),
            "goes into the model with each question, and is paid each time",
        ),
        "it piles up": (saved(in_conversation=1272), "It is in the conversation once"),
        "another number": (saved(by_file=400), "it is not 400. However it gets there"),
        "sent each time": (saved(times_sent=3), "paid three times and sent once"),
        "never sent": (saved(times_sent=0), "times is not 0. Which of the three requests"),
        "one alone": (saved(times_sent=None), '"times_sent" is empty or missing'),
        "a text": (saved(by_file="636"), "without quotation marks"),
        "a list": ([636, 636, 1], "What came is a list."),
    },
    "06.2": {
        "messages": (translated(messages=[]), '"messages" was right for Chat. For Responses write "input"'),
        "the old limit": (translated(max_completion_tokens=500), 'Do you mean "max_output_tokens"?'),
        "no model": (translated(without="model"), 'There is no "model"'),
        "no input": (translated(without="input"), '"input" is missing'),
        "more than asked for": (translated(temperature=0), '"temperature" does not belong in your answer'),
        "a string": (translated(input="What?"), "What came is a str"),
        "the content alone": (
            translated(input=translated()["input"][0]["content"]),
            "is to be a list of 1. What came is a list of 2",
        ),
        "the rule as a message": (
            translated(input=[says("system", "Be short."), *translated()["input"]], without="instructions"),
            '"role": "system" was right for Chat. For Responses write "instructions" beside',
        ),
        "a text for content": (translated(input=[says("user", "What?")]), "is to be a list of 2. What came is a str"),
        "a text part of Chat": (translated(text("What?")), 'For Responses write "type": "input_text"'),
        "a picture part of Chat": (translated(picture(COFFEE)), 'For Responses write "type": "input_image"'),
        "an odd part": (translated("What?"), "What came is a list of 1"),
        "no picture": (
            translated(translated()["input"][0]["content"][0]),
            "to be a list of 2. What came is a list of 1",
        ),
        "an object": (translated(image={"image_url": {"url": COFFEE}}), "write the address itself"),
        "another picture": (translated(image={"image_url": ROCKET}), "skimage/data/coffee.png"),
        "no detail": (
            translated(translated()["input"][0]["content"][0], {"type": "input_image", "image_url": COFFEE}),
            '"detail" is missing in ["input"][0]["content"][1] of your answer',
        ),
        "another detail": (translated(image={"detail": "high"}), "[\"detail\"] is 'high'. The exercise asks for 'low'"),
        "other words": (
            translated({"type": "input_text", "text": "What?"}, translated()["input"][0]["content"][1]),
            "is 'What?'. The exercise asks for 'Describe this picture",
        ),
        "no rule": (translated(without="instructions"), '"instructions" is missing'),
        "no limit": (translated(without="max_output_tokens"), '"max_output_tokens" is missing'),
        "half a token": (translated(max_output_tokens=500.0), "is 500.0. The exercise asks for 500"),
        "another limit": (translated(max_output_tokens=300), "is 300. The exercise asks for 500"),
        "it is kept": (translated(without="store"), "The service would keep it"),
        "it is kept on purpose": (translated(store=True), "The service would keep it"),
        "the list alone": (translated()["input"], "What came is a list."),
    },
    "06.3": {
        "status forgotten": (
            lambda a: text_if_whole(a, check=False),
            "Given an answer with a text, max_output_tokens, your function returns 'A cup.'",
        ),
        "cut off alone": (
            lambda a: None if a["incomplete_details"] else text_if_whole(a, check=False),
            "Given an answer with a text, failed",
        ),
        "the second item": (
            lambda a: text_if_whole(a, after=1),
            "Given an answer with a text, completed, your function returns None",
        ),
        "the first item": (
            lambda a: a["output"][0]["content"][0]["text"] if a["status"] == "completed" else None,
            "Given an answer with nothing in it, completed, your function raised IndexError",
        ),
        "the first part": (lambda a: text_if_whole(a, first=True), "Given an answer with a text in two parts"),
        "an empty text": (lambda a: text_if_whole(a, none=""), "returns '' and not None. An empty text is no text"),
        "the SDK's way": (lambda a: a.output_text, "raised AttributeError"),
        "True": (lambda a: bool(text_if_whole(a)), "returns False and not None"),
        "called at once": ("A cup.", "without brackets"),
    },
}

WRONG |= {
    "07.1": {
        "all": ("abcdef", "the same key is refused again"),
        "by the status": (["b", "c", "d", "f"], "look at its code: the money is spent"),
        "the verdict": (["b", "d", "e", "f"], "the same prompt gets the same verdict"),
        "haste forgotten": (["d", "f"], "One is missing: b passes by itself"),
        "no service": (["b", "f"], "One is missing: d is the service's own trouble"),
        "no wire": ({"b", "d"}, "One is missing: f is the wire"),
        "words": (["429", "503"], "There is no error '429'"),
        "a number": (3, "What came is an int."),
    },
    "07.2": {
        "by severity": (
            lambda a: filtered(a, held=lambda f: f.get("severity") != "safe"),
            "Given an answer with violence noticed and let through",
        ),
        "medium and more": (
            lambda a: filtered(a, held=lambda f: f.get("severity", "high") in ("medium", "high")),
            "Given an answer with violence in its second choice",
        ),
        "severity asked of all": (lambda a: filtered(a, held=lambda f: f["severity"] and f["filtered"]), "KeyError"),
        "without get": (lambda a: filtered(a, safe=False), "without any results, your function raised KeyError"),
        "one choice": (lambda a: filtered(a, choices=slice(1)), "Given an answer with violence in its second choice"),
        "the wrong way round": (lambda a: filtered(a)[::-1], "returns (['violence'], []) and not [[], ['violence']]"),
        "all in one": (lambda a: [*filtered(a)[0], *filtered(a)[1]], "returns [] and not [[], []]"),
        "texts": (lambda a: tuple(map(" ".join, filtered(a))), "returns ('', 'violence') and not [[], ['violence']]"),
        "nothing": (lambda a: ([], []), "returns ([], []) and not [[], ['violence']]"),
        "called at once": (([], ["violence"]), "without brackets"),
    },
    "07.3": {
        "no look at choices": (lambda a: verdict(a, skip="no choices"), "raised IndexError"),
        "no refusal": (lambda a: verdict(a, skip="refused"), "returns 'use' and not 'refused'"),
        "no filter": (lambda a: verdict(a, skip="filtered"), "returns 'use' and not 'filtered'"),
        "no limit": (lambda a: verdict(a, skip="cut off"), "returns 'use' and not 'cut off'"),
        "no text": (lambda a: verdict(a, skip="empty"), "returns 'use' and not 'empty'"),
        "white space is text": (lambda a: verdict(a, strip=False), "the text '\\n' and the refusal None"),
        "the filter first": (
            lambda a: "filtered" if a.choices and a.choices[0].finish_reason == "content_filter" else verdict(a),
            "returns 'filtered' and not 'refused'",
        ),
        "true or false": (lambda a: verdict(a) == "use", "returns False and not 'no choices'"),
        "called at once": ("use", "without brackets"),
    },
}

WRONG |= {
    "08.1": {
        "the shared part": ({"right": 0.5, "corner": 1 / 7}, "is not 0.5. That is the shared part of one square"),
        "both areas": ({"right": 0.25, "corner": 0.125}, "counts the shared part twice"),
        "of the corner": ({"right": 0.33, "corner": 0.25}, '"corner" is not 0.25. That is the shared part'),
        "percent": ({"right": 33.3, "corner": 14.3}, "IoU goes from 0 to 1"),
        "what is not shared": ({"right": 0.67, "corner": 0.86}, "what they do not share"),
        "a guess": ({"right": 0.4, "corner": 0.14}, "Draw both squares with a side of 2"),
        "one only": ({"right": 0.33, "corner": None}, '"corner" is empty or missing'),
        "texts": ({"right": "1/3", "corner": "1/7"}, "a text: write it without quotation marks"),
        "a number": (0.33, "What came is a float."),
    },
    "08.2": {
        "no base": (type("Spine", (), {}), "What came is a type."),
        "one book": (spine()(title="Emma", author=None, place=1), "That is one book, not the class"),
        "a dict": ({"title": "Emma"}, "What came is a dict."),
        "another field": (spine(shelf=(int, ...)), "Yours: author, place, shelf, title"),
        "a default": (spine(author=(str | None, None)), '"author" has a default'),
        "no way out": (spine(author=(str, ...)), 'Let "author" be of the type str | None'),
        "anything": (spine(author=(object, ...)), 'Let "author" be of the type str | None'),
        "a way out too many": (spine(title=(str | None, ...)), 'Let "title" be of the type str.'),
        "no validator": (spine(least=-9), "takes a book in place 0"),
        "zero is taken": (spine(least=0), "takes a book in place 0. A validator is to raise ValueError"),
        "zero alone": (spine(least=None), "takes a book in place -3"),
        "nothing returned": (spine(gives=None), "Your validator returns nothing, and so the book is lost"),
        "from 0": (spine(most=9), "refuses a book in place 12"),
        "fractions": (spine(place=(float, ...)), 'Let "place" be of the type int'),
        "others ignored": (spine(extra="ignore"), 'forbidden: extra="forbid"'),
    },
    "08.3": {
        "capital letters": (lambda a, b: wrong_fields(a, b, str.strip), "and the truth ' ANN ', your"),
        "spaces": (lambda a, b: wrong_fields(a, b, str.lower), "and the truth ' ANN ', your"),
        "all spaces": (
            lambda a, b: wrong_fields(a, b, lambda t: t.lower().replace(" ", "")), "and the truth 'An n'"),
        "texts alone": (
            lambda a, b: {n: sum(x[n].strip().lower() != y[n].strip().lower() for x, y in zip(a, b, strict=True))
                          for n in b[0]}, "raised AttributeError"),
        "everything a text": (
            lambda a, b: wrong_fields([{n: str(v) for n, v in x.items()} for x in a],
                                      [{n: str(v) for n, v in x.items()} for x in b]), "with 7 and the truth '7'"),
        "one at most": (lambda a, b: {n: min(c, 1) for n, c in wrong_fields(a, b).items()}, "that is wrong twice"),
        "without zeros": (lambda a, b: {n: c for n, c in wrong_fields(a, b).items() if c}, "is there, too, with 0"),
        "a sum": (lambda a, b: sum(wrong_fields(a, b).values()), "returns 0 and not {'x': 0}"),
        "names of fields": (lambda a, b: [n for n, c in wrong_fields(a, b).items() if c], "returns [] and not {'x'"),
        "right and not wrong": (
            lambda a, b: {n: len(a) - c for n, c in wrong_fields(a, b).items()}, "returns {'x': 1} and not {'x': 0}"),
        "shares": (lambda a, b: {n: c / len(a) for n, c in wrong_fields(a, b).items()}, "'city': 0.0} and not"),
        "called at once": ({"name": 1}, "without brackets"),
    },
}  # fmt: skip

V1 = "/openai/v1/chat/completions"
CLASSIC = "/openai/deployments/photos/chat/completions?api-version=2024-10-21"


def paths(a=V1, b=CLASSIC, c=f"/openai/v1{CLASSIC}"):
    return {"a": a, "b": b, "c": c}


def old_reason(choice):
    """Right but for the old word for `length`, which nobody asks for."""
    reason = choice.get("finish_reason") or choice.get("finish_details")
    return reason["type"] if isinstance(reason, dict) else reason


def whole_text(answer, why=old_reason):
    choices = answer["choices"]
    return choices[0]["message"]["content"] if choices and why(choices[0]) == "stop" else None


WRONG |= {
    "09.1": {
        "deployment in the path of a": (paths(a=CLASSIC), "a goes to another path than /openai/deployments/photos"),
        "nothing added to a": (paths(a="/openai/v1/"), "Plain OpenAI adds /chat/completions"),
        "no deployment in b": (paths(b="/openai/chat/completions"), "AzureOpenAI adds /openai/deployments/"),
        "c as b": (paths(c=CLASSIC), "whatever its endpoint ends with"),
        "c as a": (paths(c=f"{V1}?api-version=2024-10-21"), "AzureOpenAI adds the same as in b"),
        "no version": (paths(b=CLASSIC.partition("?")[0]), "?api-version=2024-10-21 is missing"),
        "a version in a": (paths(a=f"{V1}?api-version=2024-10-21"), "this path takes no version"),
        "another deployment": (
            paths(b=CLASSIC.replace("photos", "my-vision")),
            "another path than /openai/deployments/my-vision/",
        ),
        "a number": (paths(c=404), "c is to be a text"),
        "one missing": ({"a": V1, "b": CLASSIC, "c": None}, '"c" is empty or missing'),
        "one text": (V1, "What came is a str"),
    },
    "09.2": {
        "as it comes": (lambda pasted: pasted, "Given an address such as https://r.openai.azure.com, your function"),
        "added to the end": (
            lambda pasted: f"{pasted.rstrip('/')}/openai/v1/",
            "such as https://r.openai.azure.com/openai, your",
        ),
        "cut at openai": (lambda pasted: f"{pasted.split('openai')[0]}openai/v1/", "returns 'https://r.openai/v1/'"),
        "cut at /openai": (
            lambda pasted: f"{pasted.partition('/openai')[0].rstrip('/')}/openai/v1/",
            "such as https://openai.openai.azure.com, your",
        ),
        "the host alone": (lambda pasted: pasted.split("/")[2], "returns 'r.openai.azure.com' and not"),
        "always the same": (
            lambda pasted: "https://r.openai.azure.com/openai/v1/",
            "such as https://a-b.services.ai.azure.com, your",
        ),
        "only what comes back by itself": (lambda pasted: pasted.index("/v2"), "raised ValueError"),
        "no return": (lambda pasted: None, "Does each branch end in a return?"),
        "called at once": ("https://r.openai.azure.com/openai/v1/", "without brackets"),
    },
    "09.3": {
        "new ones alone": (
            lambda a: whole_text(a, why=lambda choice: choice.get("finish_reason")),
            "Given an old answer that ended with stop, 1 in choices, your function returns None",
        ),
        "without get": (
            lambda a: whole_text(a, why=lambda c: c["finish_reason"]),
            "Given an old answer that ended with stop",
        ),
        "details first": (
            lambda a: whole_text(a, why=lambda c: (c.get("finish_details") or {}).get("type", c.get("finish_reason"))),
            "with the old object under the new name that ended with stop",
        ),
        "any end": (
            lambda a: a["choices"][0]["message"]["content"] if a["choices"] else None,
            "that ended with length",
        ),
        "no look at choices": (
            lambda a: whole_text({"choices": [a["choices"][0]]}),
            "Given an answer without choices, your function raised IndexError",
        ),
        "the last choice": (lambda a: whole_text({"choices": a["choices"][-1:]}), "ended with stop, 2 in choices"),
        "the first that is whole": (
            lambda a: next((c["message"]["content"] for c in a["choices"] if old_reason(c) == "stop"), None),
            "Given a new answer that ended with length, 2 in choices, your function returns 'No.'",
        ),
        "the reason": (lambda a: old_reason(a["choices"][0]) if a["choices"] else None, "returns 'stop'"),
        "called at once": ("A cow on a meadow.", "without brackets"),
    },
}

# What is right besides the solution: other types, other words, more than was asked for.
ALSO_RIGHT = {
    "00.1": [
        changed(("Detail ", "PROMPT")),
        changed({"prompt", "detail"}),
        changed("prompt, detail", detail="auto"),
        changed(["detail", "picture", "prompt"], url=ROCKET),
        {**changed(["prompt", "detail"]), "note": "mine"},
    ],
    "00.2": [(text("What is it?"), picture()), [picture(), text("Tall?")], [text(""), text("Is it tall?"), picture()]],
    "00.3": [8474, 8475, 8400.0, 8550, np.float64(8474.6), price(DEFAULT_MODEL, 0, 1) * 0 + 8474],
    "01.1": [
        talk(3),
        talk(3.0, says("developer", "Be short."), *TALK),
        talk(4, *TALK[:4], says("user", text("And here?"), picture())),
        talk(6, says("user", text("Both?"), picture(), picture(COFFEE)), *TALK[1:]),
        {"messages": tuple(TALK), "pictures_paid": np.int64(3)},
        talk(3, FIRST, ChatCompletionMessage(role="assistant", content="A rocket."), *TALK[2:]),
    ],
    "01.2": [
        request(),
        request(temperature=0, messages=[says("developer", text("Be short.")), request()["messages"][1]]),
        request(picture(), text("Wetter?")),
    ],
    "01.3": [
        whole(),
        lambda a: a.choices[0].finish_reason == "stop" and a.choices[0].message.content,
        lambda a: a.choices[0].finish_reason == "stop" and len(a.choices[0].message.content or []),
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
    "03.1": [
        four,
        lambda: four(799 / 4),
        lambda: four(242),
        lambda: four(290),
        lambda: four(names=FOUR[::-1], more=[text("Which?")]),
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
    "05.1": [film(), film(5.0, np.int64(11))],
    "05.2": [
        ordered(),
        ordered({"mode": "Add"}),
        ordered(metadata={"timestamp": "2023-07-01T08:15:00+00:00"}),
        ordered(metadata={"timestamp": "2023-07-01T08:15Z"}),
        ordered(metadata={"timestamp": "2023-07-01T10:15:00+02:00"}),
        ordered({"userData": {"note": "yard"}}, moderation=False),
    ],
    "05.3": [matched, lambda f, t: list(matched(f, t)), lambda f, t: matched(f, t, within=0.5 + 1e-9)],
    "06.1": [saved(), saved(636.0, np.int64(636), 1.0)],
    "06.2": [
        translated(),
        translated(*translated()["input"][0]["content"][::-1]),
        translated(input=tuple({"type": "message", **item} for item in translated()["input"])),
    ],
    "06.3": [text_if_whole, lambda answer: text_if_whole(answer) or None],
}

ALSO_RIGHT |= {
    "07.1": [("f", "D", "b"), {"b", "d", "f"}, "b, d, f", "bdf", ["b", "b", "d", "f"]],
    "07.2": [
        filtered,
        lambda a: [set(names) for names in filtered(a)],
        lambda a: dict(zip(("prompt", "answer"), filtered(a), strict=True)),
    ],
    "07.3": [verdict, lambda a: verdict(a).upper()],
}

ALSO_RIGHT |= {
    "08.1": [{"right": 0.33, "corner": 0.14}, {"corner": Fraction(1, 7), "right": Fraction(1, 3)}],
    "08.2": [
        spine(),
        spine(place=(int, pydantic.Field(ge=1))),
        spine(title=(str, pydantic.Field(description="whole"))),
    ],
    "08.3": [wrong_fields, lambda a, b: Counter(wrong_fields(a, b))],
    "09.1": [
        paths(),
        paths(a="openai/v1/chat/completions/", b=f"POST {CLASSIC}"),
        {letter: f"https://r.openai.azure.com{path}" for letter, path in paths().items()},
    ],
    "09.2": [
        lambda pasted: f"https://{pasted.split('/')[2]}/openai/v1",
        lambda pasted: "/".join([*pasted.split("/")[:3], "openai", "v1", ""]),
    ],
    "09.3": [whole_text, lambda answer: next(filter(None, [whole_text(answer)]), None)],
}

# Where a function is the answer, and not what makes one.
FUNCTIONS = ("01.3", "02.2", "03.3", "04.3", "05.3", "06.3", "07.2", "07.3", "08.3", "09.2", "09.3")


def made(number, answer):
    makes_one = callable(answer) and not isinstance(answer, type) and number not in FUNCTIONS
    return answer() if makes_one else answer


# --- each exercise ---


def test_the_tables_hold_every_exercise():
    names = sorted(path.stem for path in (ROOT / "course" / "exercises").glob("lesson_*.py"))
    assert names == [f"lesson_{lesson}" for lesson in LESSONS]
    assert list(ALL) == list(WRONG) == list(ALSO_RIGHT)
    assert min(map(len, WRONG.values())) >= 2


@pytest.mark.parametrize(("number", "name"), [(number, name) for number, cases in WRONG.items() for name in cases])
def test_a_mistake_is_named(number, name):
    answer, reason = WRONG[number][name]
    state, said = exercises.judge(number, made(number, answer))
    assert state == "not right yet"
    assert reason in said or (reason[-1] == "$" and said.endswith(reason[:-1])), said


@pytest.mark.parametrize(("number", "n"), [(key, n) for key, cases in ALSO_RIGHT.items() for n in range(len(cases))])
def test_other_right_answers_are_right(number, n):
    state, said = exercises.judge(number, made(number, ALSO_RIGHT[number][n]))
    assert state == "right", said


EMPTY = [None, ..., "", " ", [], (), {}, b"", {"content": None, "prediction": ...}, {"a": {"b": []}}]


@pytest.mark.parametrize("number", ALL)
def test_nothing_is_not_an_attempt(number):
    for empty in EMPTY:
        assert exercises.judge(number, empty) == ("not attempted", f"it wants {ALL[number].expects}.")


class Strange:
    """An object that answers nothing as it should."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __eq__(self, other):
        raise RuntimeError("==")

    __hash__ = None


def of_all_fields(value):
    names = (
        "content",
        "prediction",
        "messages",
        "pictures_paid",
        "data_url",
        "low",
        "high",
        "width",
        "height",
        "parts",
    )
    return dict.fromkeys(names, value)


ENDLESS = []
ENDLESS.append(ENDLESS)
WILD = {
    "an int": 7, "a str": "words", "an object": object(), "a list of None": [None], "nonsense": {"nonsense": 1},
    "True": True, "nan": float("nan"), "infinite": float("inf"), "huge": 10**400, "bytes": b"x", "a class": dict,
    "an SDK class": ChatCompletion, "a function": print, "an array": np.zeros(3), "a set": {1}, "a range": range(3),
    "strange": Strange(), "endless": ENDLESS, "a list of strange": [Strange()], "dicts": [{"type": []}, {}],
    "fields of strange": of_all_fields(Strange()),
    "fields of lists": of_all_fields([[1], None]),
    "functions as numbers": of_all_fields(max) | {"content": [text("a"), picture()], "messages": TALK},
    "odd types": of_all_fields([{"role": []}]) | {"content": [text("a"), picture()], "data_url": 1},
}  # fmt: skip


@pytest.mark.parametrize("name", WILD)
@pytest.mark.parametrize("number", ALL)
def test_whatever_comes_is_a_reason_and_no_traceback(number, name, capsys):
    state, said = exercises.judge(number, WILD[name])
    assert state == "not right yet"
    assert 20 < len(said) < 400
    exercises.check(number, WILD[name])


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["user", "text"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["role", "content", "type", "text", "image_url", "url", "detail", "messages", "model"]), inner
    ),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(json_like, json_like)
def test_any_request_is_read_or_refused(one, other):
    for number in ALL:
        names = re.findall(r'"(\w+)"', ALL[number].expects)
        for answer in (one, dict(zip(names, (one, other), strict=False)), request(messages=one)):
            assert exercises.judge(number, answer)[0] in ("not right yet", "not attempted")


@pytest.mark.parametrize("number", FUNCTIONS)
def test_functions_of_learners(number):
    def raises(*_):
        raise KeyError("the learner's own")

    def unfinished(*_): ...

    state, said = exercises.judge(number, raises)
    assert state == "not right yet" and 'your function raised KeyError: "the learner\'s own"' in said
    assert said.startswith("Given a")
    state, said = exercises.judge(number, unfinished)
    assert state == "not right yet" and "Does each branch end in a return?" in said


def test_a_function_may_not_spoil_the_cases_for_the_next():
    def spoils(answer):
        answer.choices[0].message.content = None

    exercises.judge("01.3", spoils)
    assert exercises.judge("01.3", whole())[0] == "right"


# --- what is printed ---


def test_the_three_verdicts(capsys):
    exercises.check("00.3", None)
    exercises.check("00.3", 22_936)
    assert exercises.check("00.3", 8474) is None
    assert capsys.readouterr().out == (
        "00.3 is not attempted: it wants a number: how many such requests one US dollar buys.\n"
        'exercises.hint("00.3") gives a hint.\n'
        "00.3 is not right yet: It is not 22,936. The 62 tokens that the model writes are\n"
        "missing: they are paid too.\n"
        'exercises.hint("00.3") gives a hint.\n'
        "00.3 is right. One request costs 0.000118 dollars: 62 tokens out cost more than the 218\n"
        "tokens in with the picture.\n"
    )


@pytest.mark.parametrize("number", ALL)
def test_hint_and_solution(number, capsys):
    exercise = ALL[number]
    assert exercises.hint(number) is None
    hint = " ".join(capsys.readouterr().out.split())
    assert hint == f"Hint for {number}: {' '.join(exercise.hint.split())}"
    assert exercises.solution(number) is None
    printed = capsys.readouterr().out
    compile(printed, number, "exec")  # all of it can be pasted
    assert printed.startswith(exercise.solution.strip())
    *_, last = exercise.solution.strip().splitlines()
    assert last.startswith(f'exercises.check("{number}", ') and last not in exercise.hint
    why = printed.removeprefix(exercise.solution.strip()).strip().splitlines()
    assert all(line.startswith("# ") and len(line) <= 88 for line in why) and why[0].startswith("# Why: ")


@pytest.mark.parametrize("call", [exercises.hint, exercises.solution, lambda n: exercises.check(n, 1)])
@pytest.mark.parametrize("number", ["00.4", "99.1", "1.1", 1.1, "", None, [], "00"])
def test_an_unknown_number_lists_what_there_is(call, number):
    with pytest.raises(CourseError, match=re.escape("there are: " + ", ".join(ALL) + ".")) as error:
        call(number)
    assert repr(number) in str(error.value)


def test_a_mistake_of_a_checker_is_no_traceback(monkeypatch):
    def broken(answer):
        return 1 / 0

    monkeypatch.setitem(lesson_00.EXERCISES, "00.9", checks.Exercise(broken, "a dog", "", "", ""))
    state, said = exercises.judge("00.9", 3)
    assert state == "not right yet"
    assert said == "it wants a dog. What came is an int that cannot be read (ZeroDivisionError)."


# --- the facts in them ---


def test_the_price_of_an_exercise_is_the_price_of_the_course():
    assert 100 / price(DEFAULT_MODEL, 218, 62) == pytest.approx(lesson_00.PER_DOLLAR)
    assert int(lesson_00.PER_DOLLAR) == 8474


def test_slips_can_be_told_apart():
    values = sorted([lesson_00.PER_DOLLAR, *lesson_00.SLIPS])
    assert all(after / before > 1.02 for before, after in pairwise(values))


# --- the solutions, in their lesson ---


def run_in_lesson(lesson, sources, folder):
    """The printed text of these cells, run at the end of the lesson in a real kernel."""
    path = notebook_of(lesson)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells += map(new_code_cell, sources)
    (folder / "notebooks").mkdir()
    (folder / "asset").symlink_to(ROOT / "asset")
    nbformat.write(notebook, folder / "notebooks" / path.name)
    environment = {"COURSE_MODE": "replay", "COURSE_RECORDINGS": None}
    done = record_lessons.run(folder / "notebooks" / path.name, environment)
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in done.cells[-len(sources) :]]


# What is run after a solution, to hold it against the real thing.
AFTER = {
    "00.1": """
exercises.check("00.1", {"content": content, "prediction": ["prompt"]})
try:
    asked = [{"role": "user", "content": my_content}]
    client.chat.completions.create(model=MODEL, messages=asked, max_completion_tokens=500)
except Exception as error:
    print(error)
""",
    "01.2": "import json; print(json.dumps(my_request))",
    "05.1": "print(*(len(video.scenes(CAMERAS['camera2'], **a)) for a in ({'shortest': 4}, {'longest': 3})))",
    "06.2": "print(json.dumps(my_request))",
    "03.1": "print(tokens.request_tokens(odd_messages, MODEL, sizes={COINS: (384, 303)}).tokens)",
}


@pytest.mark.parametrize("lesson", LESSONS)
def test_solutions_are_right_in_their_lesson(lesson, tmp_path):
    solutions = {number: exercise.solution for number, exercise in LESSONS[lesson].items()}
    sources = [part for number, solution in solutions.items() for part in (solution, AFTER.get(number, "pass"))]
    printed = run_in_lesson(lesson, sources, tmp_path)
    for number, said, after in zip(solutions, printed[::2], printed[1::2], strict=True):
        assert said.startswith(f"{number} is right. ")
        if number == "00.1":
            assert "This content is the lesson's own" in after, "OURS is what the lesson asks"
            assert re.findall(r"^  (\w[\w ]*): recorded", after, re.M) == ["prompt", "detail"], "the prediction is true"
        if number == "01.2":
            check_chat(json.loads(after))
        if number == "06.2":
            check_response(json.loads(after))
        if number == "05.1":
            assert after == "5 11\n", "the prediction is true of the film"
        if number == "03.1":
            assert after == f"{lesson_03.AT_512}\n", "the lesson's four pictures cost what the exercise says"


# --- the lessons' cells ---


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_has_three_exercises_and_one_to_predict(lesson):
    assert list(LESSONS[lesson]) == [f"{lesson}.{n}" for n in (1, 2, 3)]
    assert any(exercise.predicts for exercise in LESSONS[lesson].values())


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_asks_its_exercises(path):
    notebook, lesson = nbformat.read(path, as_version=4), path.stem[:2]
    assert list(problems_of_cells(notebook, LESSONS.get(lesson, {}))) == []


def problems_of_cells(notebook, lesson):
    """What is wrong with the exercises of a notebook, a sentence each."""
    cells = notebook.cells
    heads = [n for n, cell in enumerate(cells) if cell.source.startswith("## ")]
    titles = [cells[n].source.splitlines()[0] for n in heads]
    if titles[-2:] != ["## Exercises", "## What you did"]:
        yield f"the exercises do not stand before What you did: {titles[-2:]}"
        return
    section = cells[heads[-2] + 1 : heads[-1]]
    if [cell.cell_type for cell in section] != ["markdown", "code"] * 3 or len(lesson) != 3:
        yield "a lesson has three exercises, each a text and a cell"
        return
    for n, (number, task, cell) in enumerate(zip(lesson, section[::2], section[1::2], strict=True), 1):
        lines = cell.source.splitlines()
        if not task.source.startswith(f"### {n}. "):
            yield f"{number}: the heading does not begin with its number"
        if lesson[number].predicts != bool(re.search("(?i)predict", task.source)):
            yield f"{number}: the text asks for a prediction, or it does not, against what the exercise says"
        if lesson[number].solution.strip().splitlines()[-1] not in lines:
            yield f"{number}: the solution does not end with the check of the cell"
        if lines[-2:] != [f'# exercises.hint("{number}")', f'# exercises.solution("{number}")']:
            yield f"{number}: hint and solution are not the last two lines"
        if len(lines) > 8:
            yield f"{number}: more than 8 lines"
        if not "".join(output.get("text", "") for output in cell.outputs).startswith(f"{number} is not attempted"):
            yield f"{number}: the stored output is not that of an empty answer"


def without(cells, n):
    del cells[n]


CELL_BREAKS = {
    "no section": (lambda cells: without(cells, -8), "do not stand before What you did"),
    "two exercises": (lambda cells: without(cells, -2), "three exercises"),
    "another number": (lambda cells: cells[-7].update(source="### 4. Predict"), "heading"),
    "no prediction": (lambda cells: cells[-7].update(source="### 1. Guess"), "asks for a prediction"),
    "another check": (lambda cells: edit(cells[-2], "exercises.check(", "exercises.check (", 1), "end with the check"),
    "no hint": (lambda cells: edit(cells[-4], "# exercises.hint", "exercises.hint"), "last two lines"),
    "long": (lambda cells: cells[-2].update(source="#\n" * 9 + cells[-2].source), "more than 8 lines"),
    "solved": (lambda cells: cells[-2].outputs[0].update(text="00.3 is right."), "that of an empty answer"),
}


def edit(cell, old, new, count=-1):
    cell.source = cell.source.replace(old, new, count)


@pytest.mark.parametrize("name", CELL_BREAKS)
def test_broken_cells_are_noticed(name):
    notebook = nbformat.read(notebook_of("00"), as_version=4)
    assert list(problems_of_cells(notebook, LESSONS["00"])) == []
    change, reason = CELL_BREAKS[name]
    change(notebook.cells)
    assert any(reason in sentence for sentence in problems_of_cells(notebook, LESSONS["00"]))

"""Verdicts that were false once, or nearly: wrong answers that learners really give, and right ones in an odd form.

Most wrong functions are the exercise's own solution with one slip.
"""

from functools import partial
from io import BytesIO
from itertools import permutations
from typing import Any, Literal

import numpy as np
import openai
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from course import exercises, recording
from course.exercises.lesson_02 import media_type
from course.exercises.lesson_03 import in_turns
from course.exercises.lesson_04 import cheapest
from course.exercises.lesson_05 import scene_at, score
from course.exercises.lesson_06 import gather
from course.exercises.lesson_07 import filtered
from course.exercises.lesson_07 import whole as verdict
from course.exercises.lesson_08 import wrong_fields
from course.exercises.lesson_09 import look_at
from helpers.encoding import open_picture
from tests.conftest import COFFEE
from tests.exercises.cases import IMAGES, picture, says, text

SYSTEM, USER = says("system", "Be short."), says("user", text("What is the weather like?"), picture())
FILES = {"hens": "chicken.webp", "cows": "cow.webp", "coins": "coins.png", "horses": "horse.webp"}
V1, CLASSIC = "/openai/v1/chat/completions", "/openai/deployments/photos/chat/completions?api-version=2024-10-21"


def request(*messages, **changes):
    messages = list(messages or (SYSTEM, USER))
    return {"model": "gpt-5.6-luna", "messages": messages, "max_completion_tokens": 200} | changes


def photo(change):
    upright = ImageOps.exif_transpose(Image.open(IMAGES / "phone_photo.jpg"))
    return open_picture(change(upright), max_side=256).data


def four(prediction, *more):
    shrunk = [open_picture(IMAGES / name, max_side=256).chat_part("low") for name in FILES.values()]
    return {"prediction": prediction, "parts": [*shrunk, *more]}


def three(names, question):
    hens, horses = (open_picture(IMAGES / FILES[name]).chat_part("low") for name in ("hens", "horses"))
    shown = (hens, picture(COFFEE.replace("coffee", "coins"), "low"), horses)
    return [part for name, one in zip(names, shown, strict=True) for part in (text(name), one)] + [text(question)]


def translated(image=COFFEE, rule=(), **changes):
    shown = {"type": "input_image", "image_url": image, "detail": "low"}
    asked = {"type": "input_text", "text": "Describe this picture in one sentence."}
    right = {"model": "gpt-5.6-luna", "instructions": "Be short.", "max_output_tokens": 500, "store": False}
    return right | {"input": [*rule, {"role": "user", "content": [asked, shown]}]} | changes


def spine(**fields):
    def is_counted_from_one(self):
        if self.place < 1:
            raise ValueError("places are counted from 1")
        return self

    fields = {"title": (str, ...), "author": (str | None, ...), "place": (int, ...)} | fields
    check = {"check": pydantic.model_validator(mode="after")(is_counted_from_one)}
    return pydantic.create_model("Spine", __config__={"extra": "forbid"}, __validators__=check, **fields)


def paths(**changes):
    return {"a": V1, "b": CLASSIC, "c": f"/openai/v1{CLASSIC}"} | changes


def pillow(data, known=("PNG", "JPEG", "GIF", "WEBP")):
    try:
        image = Image.open(BytesIO(data))
    except OSError:
        return None
    return image.get_format_mimetype() if image.format in known else None


def spoils(function):
    """Do the same, and empty the list that comes first."""

    def call(first, *others):
        returned = function(first, *others)
        first.clear()
        return returned

    return call


def nearest(found, true):
    free, hits = list(true), 0
    for cut in found:
        near = [at for at in free if abs(cut - at) <= 0.5]
        if near:
            free.remove(min(near, key=lambda at: abs(cut - at)))
            hits += 1
    return hits, len(found) - hits


def go_on(conversation, answer, question, choice=0, said=""):
    said = said or answer.choices[choice].message.content
    return [*conversation, says("assistant", said), says("user", question)]


def scene(inside):
    return lambda parts, at: next((part for part in parts if inside(part, at)), None)


def pieces(*kinds, whole=("response.completed",)):
    types = [f"response.{kind}.delta" for kind in kinds]
    return lambda events: (
        "".join(event["delta"] for event in events if event["type"] in types),
        any(event["type"] in whole for event in events),
    )


def only(answer, *choices):
    return answer.model_copy(update={"choices": choices})


# What is wrong, and a piece of the reason that must be given for it

WRONG = [
    ("00.1", "abcdef", "d is answered: the same request"),
    ("00.1", ["a"], "b is missed: a space"),
    ("00.1", "abe", "c is missed: the order of the parts counts"),
    ("00.1", "abc", "e is missed: the limit"),
    ("00.1", "abcef", "f is answered: the order of the names"),
    ("00.1", "abceg", "There is no 'g'. The letters are: a, b, c, d, e, f."),
    ("00.2", [text("What?") | {"detail": "high"}, picture()], 'A part of text has no field "detail"'),
    ("00.2", [text("What?"), picture() | {"size": 9}], 'A picture part has no field "size"'),
    ("00.2", [text("What?"), {"type": "image_url", "image_url": picture()["image_url"] | {"size": 9}}], "url and det"),
    ("01.1", {"pictures": 1, "messages": 9}, "The number of pictures is not 1. Each of the three requests"),
    ("01.1", {"pictures": 3, "messages": 5}, "The number of messages is not 5. Each of the three"),
    ("01.1", {"pictures": 3, "messages": None}, '"messages" is empty or missing'),
    ("01.2", request(SYSTEM, USER, says("assistant", "It is 70 m tall.")), "the model has not answered yet"),
    ("01.2", request(SYSTEM, says("assistant", "Yes?"), USER), "the model has not answered yet"),
    ("01.2", request(SYSTEM, USER | {"detail": "high"}), 'A message of the user has no field "detail"'),
    ("01.2", request(model="MODEL"), "'MODEL' is not the name of a model that can be asked. Write MODEL, unquoted."),
    ("01.2", request(self=1), 'create() knows no argument "self"'),
    ("01.3", spoils(go_on), "changes what it was given. Change a copy"),
    ("01.3", partial(go_on, choice=-1), "The text of the first choice is wanted. The assistant says ['Yes.']"),
    ("01.3", partial(go_on, said="It is 70 m tall."), "The assistant says ['It is 70 m tall.']"),
    ("01.3", lambda c, a, q: go_on(c[1:], a, q), "The roles of its messages are to be: user, assistant, user."),
    ("01.3", lambda c, a, q: go_on([says("user", "What?"), *c[1:]], a, q), "What was said before is not all there"),
    ("01.3", lambda c, a, q: go_on(c, a, "question"), "The question at the end is not the one it was given"),
    ("01.3", lambda c, a, q: [*c, says("user", q)], "Yours are: user, user."),
    ("01.3", lambda c, a, q: [c, *go_on([], a, q)], "unpack it with a star"),
    ("01.3", lambda c, a, q: [*c, a, says("user", q)], 'a dict with a "role"'),
    ("01.3", lambda c, a, q: None, "Does each branch end in a return?"),
    ("02.2", partial(pillow, known=("PNG", "JPEG", "GIF", "WEBP", "BMP")), "Given a BMP, your function returns"),
    ("02.2", lambda d: "image/gif" if d[:3] == b"GIF" else media_type(d), "a text that begins with GIF"),
    ("02.2", lambda d: "image/png" if d[1:4] == b"PNG" else media_type(d), "a text that speaks of pictures"),
    ("02.2", lambda d: "image/jpeg" if d[6:10] == b"JFIF" else media_type(d), "a text that speaks of pictures"),
    ("02.2", lambda d: "image/webp" if d[8:12] == b"WEBP" else media_type(d), "a text with WEBP at its ninth byte"),
    ("02.2", lambda d: "image/webp" if d[:4] == b"RIFF" and b"WEBP" in d else media_type(d), "Given a sound file"),
    ("02.2", lambda d: media_type(d) if d[:2] != b"\xff\xd8" or d[6:10] in (b"JFIF", b"Exif") else None, "neither"),
    ("02.3", lambda: photo(lambda image: Image.merge("RGB", image.split()[::-1])), "or its colours or proportion diff"),
    ("02.3", lambda: photo(ImageOps.grayscale), "or its colours or proportion differ"),
    ("02.3", lambda: photo(lambda image: image.crop((20, 20, 300, 400))), "or only a piece of phone_photo.jpg"),
    ("03.1", lambda: four(200, text("Hens:")), "There are texts among the parts"),
    ("03.1", lambda: four(190), "How much of the area is left? It is more than yours."),
    ("03.1", lambda: four(295), "How much of the area is left? It is less than yours."),
    ("03.2", lambda: three(("사진 1", "사진 2", "사진 3"), "사진 1과 사진 2?"), "'사진 1' says a place"),
    ("03.2", lambda: three(("Picture I", "Picture II", "Photo III"), "Picture I or II?"), "'Picture I' says a place"),
    ("03.2", lambda: three(("Upper left", "Coins", "Horses"), "Coins or Horses?"), "'Upper left' says a place"),
    ("03.2", lambda: three(("A", "B", "C"), "Is there a hen in B?"), "fewer than two"),
    ("03.2", lambda: three(("Horse", "Coins", "Hen"), "Horse or Hen?"), "'Horse' stands before the hens"),
    ("03.3", lambda c, n: in_turns(c, 5 if len(c) == 18 else n), "limit of 6, your function makes requests of [10, 8]"),
    ("03.3", lambda c, n: [c[: len(c) % (2 * n)], *in_turns(c[len(c) % (2 * n) :], n)], "makes requests of"),
    ("03.3", lambda c, n: in_turns(c, n) or [[]], "makes requests of [0] parts"),
    ("03.3", spoils(in_turns), "changes what it was given"),
    ("04.3", lambda w, h, c: "high" if c == 17 else cheapest(w, h, c), "of 17, your function returns 'high' and not"),
    ("05.2", scene(lambda part, at: part.start <= at <= part.end), "and the time 4.0"),
    ("05.2", scene(lambda part, at: part.start < at <= part.end), "and the time 0.0"),
    ("05.2", lambda parts, at: [part for part in parts if part.start <= at][-1], "and the time -1.0, your function r"),
    ("05.2", lambda parts, at: scene_at(parts, at) or (parts[-1] if parts else None), "and the time 13.5, your"),
    ("05.2", lambda parts, at: min(parts, key=lambda part: abs(part.best - at), default=None), "the time 4.0, your"),
    ("05.2", lambda parts, at: str(scene_at(parts, at)), "returns '0:00 to 0:04' and not Scene("),
    ("05.3", nearest, "and not [2, 0]. Each found cut serves once"),
    ("05.3", lambda found, true: score(found, true[::-1]), "and not [2, 0]"),
    ("05.3", lambda found, true: score(found[::-1], true), "and not [2, 0]"),
    ("05.3", spoils(score), "changes what it was given"),
    ("06.2", translated(model="gpt-4o"), "[\"model\"] is 'gpt-4o'. The exercise asks for 'gpt-5.6-luna'"),
    ("06.2", translated(f"data:image/png;base64,iVBO{'A' * 900}"), "AAA'. The exercise asks for"),
    ("06.2", translated(rule=[says("developer", "Be short.")]), "is to be a list of 1"),
    ("06.2", translated(max_output_tokens=500.0), "is 500.0. The exercise asks for 500"),
    ("06.3", pieces("output_text", "refusal"), "a stream with a refusal and completed at its end"),
    ("06.3", pieces("output_text", "reasoning_text"), "a thought before its text and completed at its end"),
    ("06.3", pieces("output_text", "reasoning_summary_text"), "a thought before its text and completed at its end"),
    ("06.3", pieces("output_text", whole=("response.completed", "response.failed")), "and failed at its end"),
    ("06.3", pieces("output_text", whole=("response.output_text.done",)), "no text and completed at its end"),
    ("06.3", lambda e: gather(e) if gather(e)[1] else ("", False), "and incomplete at its end, your function returns"),
    ("06.3", lambda e: (gather(e)[0], bool(gather(e)[0])), "no text and completed at its end"),
    ("06.3", lambda e: (gather(e)[0], e[-1]["type"] != "error"), "a stream without any event, your function raised"),
    ("06.3", lambda e: gather(e)[0], "returns '' and not ['', False]"),
    ("07.2", lambda a: filtered(a | {"prompt_filter_results": a.get("prompt_filter_results", [])[:1]}), "its prompt"),
    ("07.2", lambda a: filtered(a | {"choices": a["choices"][-1:]}), "violence in its second choice"),
    ("07.3", lambda a: verdict(only(a, *a.choices[-1:])), "then a choice with 'stop'"),
    ("07.3", lambda a: min((verdict(only(a, one)) for one in a.choices), default="no choices"), "then a choice with"),
    ("08.2", spine(author=(Any, ...)), "Your class takes the book {'title': 'Emma', 'author': 7"),
    ("08.2", spine(author=(str | list[str] | None, ...)), "author may be array or null or string. The exercise asks"),
    ("08.2", spine(author=(str | Literal[True] | None, ...)), "author may be boolean or null or string"),
    ("08.2", spine(place=(int | None, ...)), "place may be integer or null. The exercise asks for integer."),
    ("08.2", spine(shelf=(str | None, None)), "shelf may be null or string. The exercise asks for no such field."),
    ("08.2", pydantic.dataclasses.dataclass(type("Spine", (), {})), "What came is a class not derived from BaseModel."),
    ("08.3", spoils(wrong_fields), "changes what it was given"),
    ("08.3", lambda a, b: wrong_fields([{"x": form["x"] or ""} if "x" in form else form for form in a], b), "'x': 0"),
    ("09.1", paths(a=f"{V1}/"), "a goes to another path than /openai/v1/chat/completions/."),
    ("09.1", paths(b=CLASSIC.replace("?", "/?")), "/chat/completions/?api-version=2024-10-21"),
    ("09.1", paths(a=f"https://api.openai.com{V1}"), "than api.openai.com/openai/v1"),
    ("09.2", lambda pasted: f"{pasted.split('.com')[0]}.com/openai/v1/", "such as https://r.openai.azure.us, your"),
    ("09.2", lambda pasted: f"https://{pasted.split('/')[2]}/openai/v1//", "/openai/v1//' and not"),
    ("09.3", lambda s, c: "key" if s == 401 else look_at(s, c), "401 and the code 'PermissionDenied', your function r"),
    ("09.3", lambda s, c: "path" if s == 404 else look_at(s, c), "404 and the code 'DeploymentNotFound', your"),
    ("09.3", lambda s, c: "prompt" if s == 400 else look_at(s, c), "a status of 400 and the code None, your"),
    ("09.3", lambda s, c: look_at(c and s, c), "a status of 401 and the code None, your function returns 'host'"),
    ("09.3", lambda s, c: look_at(s or 500, c), "a status of None and the code None, your function returns 'other'"),
    ("09.3", lambda s, c: look_at(s, c).replace("other", "") or None, "returns None and not 'other'"),
]

RIGHT = [
    ("00.1", {"E", "c", "b", "a"}),
    ("00.1", "a, b, c, e"),
    ("00.2", [text("What?") | {"prompt_cache_breakpoint": {"mode": "explicit"}}, picture()]),
    ("01.1", {"messages": np.int64(9), "pictures": 3.0, "why": "all again"}),
    ("01.2", request(SYSTEM | {"name": "teacher"}, USER)),
    ("01.3", lambda c, a, q: [*c, a.choices[0].message, says("user", text(q))]),
    ("01.3", lambda c, a, q: (*c, a.choices[0].message.model_dump(), {"content": q, "role": "user"})),
    ("02.2", pillow),
    ("03.1", lambda: four(195)),
    ("03.1", lambda: four(290)),
    ("03.2", lambda: three(("닭", "동전", "말"), "닭과 말 중 어느 쪽이 더 많나요?")),
    ("03.2", lambda: three(("鸡", "硬币", "马"), "鸡和马哪个更多?")),
    ("03.2", lambda: three(("A", "Picture B", "C"), "Are there more animals in A or in picture b?")),
    ("03.2", lambda: three(("[Hens]", '"Kitchen money"', "Cowboy's horses -"), "More Hens than cowboy's horses?")),
    ("05.2", lambda parts, at: ([part for part in parts if part.start <= at < part.end] or [None])[0]),
    ("05.3", lambda found, true: np.array(score(found, true))),
    ("06.3", lambda e: [gather(e)[0], bool(e) and e[-1]["type"] == "response.completed"]),
    ("08.2", spine(author=(Literal[None] | str, ...))),
    ("08.2", spine(title=(pydantic.constr(min_length=1), ...), place=(pydantic.PositiveInt, ...))),
    ("09.1", paths(a=" openai/v1/chat/completions\n", b=f"POST https://r.openai.azure.com{CLASSIC}")),
    ("09.2", lambda pasted: f"https://{pasted.split('/')[2]}/openai/v1"),
    ("09.3", lambda status, code: look_at(status, code).upper()),
]


def judge(number, answer):
    # A function without arguments makes what would slow down the start.
    makes_it = getattr(answer, "__name__", "") == "<lambda>" and not answer.__code__.co_argcount
    return exercises.judge(number, answer() if makes_it else answer)


@pytest.mark.parametrize(("number", "answer", "reason"), WRONG)
def test_a_wrong_answer_is_told_what_is_wrong(number, answer, reason):
    state, said = judge(number, answer)
    assert state == "not right yet" and reason in said, said


@pytest.mark.parametrize(("number", "answer"), RIGHT)
def test_a_right_answer_is_right_in_an_odd_form(number, answer):
    state, said = judge(number, answer)
    assert state == "right", said


cuts = st.lists(st.integers(0, 16).map(lambda n: n / 8), max_size=4, unique=True).map(sorted)


@given(cuts, cuts)
def test_score_finds_the_largest_number_of_pairs(found, true):
    rows = permutations(found + [99.0] * len(true), len(true))
    most = max(sum(abs(cut - at) <= 0.5 for cut, at in zip(row, true, strict=True)) for row in rows)
    assert score(found, true) == (most, len(found) - most)


def test_the_letters_of_00_1_are_what_replay_misses(folder, monkeypatch):
    monkeypatch.delenv("COURSE_RECORDINGS")
    recording.start("00_start_here", mode="replay")
    asked, shown = text("What is in this picture?"), picture(COFFEE, "low")
    spaced, reordered = text(asked["text"] + " "), dict(reversed(shown.items()))
    contents = {"a": [asked, picture(COFFEE, "high")], "b": [spaced, shown], "c": [shown, asked], "d": [asked, shown]}
    missed = set()
    for letter, content in (contents | {"e": [asked, shown], "f": [asked, reordered]}).items():
        body = {"model": recording.model(), "messages": [says("user", *content)]}
        try:
            openai.OpenAI().chat.completions.create(**body, max_completion_tokens=501 if letter == "e" else 500)
        except recording.NotRecorded:
            missed.add(letter)
    assert missed == set("abce")

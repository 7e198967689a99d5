"""Lessons 05 to 09: mistakes that people make, and other right answers."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pydantic
import pytest

from tests.conftest import COFFEE
from tests.exercises.cases import ROCKET, assert_named, assert_right, cases_of, picture, says, text

FILM = "https://myvideos.blob.core.windows.net/films/camera3.mp4?sp=r&sr=b&sig=invented"


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


# Each mistake with a piece of the reason that must be given for it; with $ behind it, the reason ends there. Callables
# are made when they are needed.
def film(shortest=5, longest=11):
    return {"shortest": shortest, "longest": longest}


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


V1 = "/openai/v1/chat/completions"


CLASSIC = "/openai/deployments/photos/chat/completions?api-version=2024-10-21"


def paths(a=V1, b=CLASSIC, c=f"/openai/v1{CLASSIC}"):
    return {"a": a, "b": b, "c": c}


# Each mistake with a piece of the reason that must be given for it; with $ behind it, the reason ends there. Callables
# are made when they are needed.
WRONG = {
    "05.1": {
        "as it is": (film(6), "not 6. That is what the default setting gives"),
        "four is too short": (film(2), "exactly 4 seconds is not shorter than 4"),
        "another number": (film(3), "With shortest=4 it is not 3. Are there 4 seconds"),
        "without cuts": (film(longest=8), "not 8. Divide the length of each scene by 3"),
        "as it is with longest": (film(longest=6), "The last scene lasts 3 seconds, and the others longer"),
        "three is too long": (film(longest=12), "the last scene is exactly 3"),
        "the last forgotten": (film(longest=10), "not 10. Divide the length of each scene by 3"),
        "another number with longest": (film(longest=9), "Divide the length of each scene by 3"),
        "swapped": (film(11, 5), "With shortest=4 it is not 11"),
        "one alone": (film(longest=None), '"longest" is empty or missing'),
        "a text": (film("5"), "without quotation marks"),
        "a list": ([5, 11], "What came is a list."),
    },
    "05.3": {
        "used twice": (lambda f, t: matched(f, t, once=False), "and not [1, 0]. Each found cut serves once"),
        "the nearest": (lambda f, t: matched(f, t, nearest=True), "returns (1, 1) and not [2, 0]"),
        "too strict": (lambda f, t: matched(f, t, within=0.3), "Given a call score([3.5], [3.875])"),
        "too kind": (lambda f, t: matched(f, t, within=0.8), "Given a call score([3.875], [4.5])"),
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
            "goes into the model once with each question, and is paid each time",
        ),
        "it piles up": (
            saved(in_conversation=1272),
            "not 1,272. However it gets there, the picture goes into the model once with each",
        ),
        "another number": (saved(by_file=400), "it is not 400. However it gets there"),
        "sent each time": (saved(times_sent=3), "not 3. It is paid with each request, but which carries the data URL"),
        "never sent": (saved(times_sent=0), "times is not 0. It is paid with each request, but which"),
        "one alone": (saved(times_sent=None), '"times_sent" is empty or missing'),
        "a text": (saved(by_file="636"), "without quotation marks"),
        "a list": ([636, 636, 1], "What came is a list."),
    },
    "06.2": {
        "messages": (translated(messages=[]), '"messages" was right for Chat. For Responses write "input"'),
        "the old limit": (translated(max_completion_tokens=500), 'Do you mean "max_output_tokens"?'),
        "no model": (translated(without="model"), '"model" is missing'),
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
    "07.1": {
        "all": ("abcdef", "the same key is refused again"),
        "by the status": (["b", "c", "d", "f"], "look at its code: the money is spent"),
        "the verdict": (["b", "d", "e", "f"], "the same prompt gets the same verdict"),
        "haste forgotten": (["d", "f"], "One is missing: b passes by itself"),
        "no service": (["b", "f"], "One is missing: d is the service's own trouble"),
        "no wire": ({"b", "d"}, "One is missing: f is the wire"),
        "words": (["429", "503"], "There is no '429'"),
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
        "the shared part": ({"right": 0.5, "corner": 1 / 7}, "is not 0.5. Divide the shared part"),
        "both areas": ({"right": 0.25, "corner": 0.125}, "is not 0.25. Divide the shared part"),
        "of the corner": ({"right": 0.33, "corner": 0.25}, '"corner" is not 0.25. Divide the shared part'),
        "percent": ({"right": 33.3, "corner": 14.3}, "IoU goes from 0 to 1"),
        "what is not shared": ({"right": 0.67, "corner": 0.86}, "is not 0.67. Draw both squares"),
        "a guess": ({"right": 0.4, "corner": 0.14}, "Draw both squares with a side of 2"),
        "one only": ({"right": 0.33, "corner": None}, '"corner" is empty or missing'),
        "texts": ({"right": "1/3", "corner": "1/7"}, "a text: write it without quotation marks"),
        "a number": (0.33, "What came is a float."),
    },
    "08.2": {
        "no base": (type("Spine", (), {}), "What came is a class not derived"),
        "one book": (spine()(title="Emma", author=None, place=1), "That is one book, not the class"),
        "a dict": ({"title": "Emma"}, "What came is a dict."),
        "another field": (spine(shelf=(int, ...)), "refuses the book {'title': 'Emma', 'author': None, 'place': 1}"),
        "a default": (spine(author=(str | None, None)), "Your class takes the book {'title': 'Emma', 'place': 1}"),
        "no way out": (spine(author=(str, ...)), "refuses the book {'title': 'Emma', 'author': None, 'place': 1}"),
        "anything": (spine(author=(object, ...)), "Your class takes the book {'title': 'Emma', 'author': 7,"),
        "a way out too many": (spine(title=(str | None, ...)), "Your class takes the book {'title': None,"),
        "no validator": (spine(least=-9), "takes the book {'title': 'Emma', 'author': None, 'place': 0}"),
        "zero is taken": (spine(least=0), "'place': 0}. All three fields are required"),
        "zero alone": (spine(least=None), "takes the book {'title': 'Emma', 'author': None, 'place': -3}"),
        "nothing returned": (spine(gives=None), "loses (a validator ends with: return self) the book"),
        "from 0": (spine(most=9), "refuses the book {'title': 'Emma', 'author': 'Jane Austen', 'place': 12}"),
        "fractions": (spine(place=(float, ...)), "takes the book {'title': 'Emma', 'author': None, 'place': 1.5}"),
        "a number or a word": (spine(place=(int | str, ...)), "place may be integer or string"),
        "others ignored": (spine(extra="ignore"), "'place': 1, 'shelf': 7}. All three fields are required"),
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

WRONG |= {
    "09.1": {
        "deployment in the path of a": (paths(a=CLASSIC), "a goes to another path than /openai/deployments/photos"),
        "nothing added to a": (paths(a="/openai/v1/"), "than /openai/v1/. OpenAI adds /chat/completions"),
        "no deployment in b": (paths(b="/openai/chat/completions"), "AzureOpenAI adds /openai/deployments/"),
        "c as b": (paths(c=CLASSIC), "and the version to whatever endpoint"),
        "c as a": (
            paths(c=f"{V1}?api-version=2024-10-21"),
            "c goes to another path than /openai/v1/chat/completions?api-version=2024-10-21",
        ),
        "no version": (
            paths(b=CLASSIC.partition("?")[0]),
            "b goes to another path than /openai/deployments/photos/chat/completions. OpenAI adds",
        ),
        "a version in a": (
            paths(a=f"{V1}?api-version=2024-10-21"),
            "a goes to another path than /openai/v1/chat/completions?api-version=2024-10-21",
        ),
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
}

# What is right besides the solution: other types, other words, more than was asked for.
ALSO_RIGHT = {
    "05.1": [film(), film(5.0, np.int64(11))],
    "05.3": [matched, lambda f, t: list(matched(f, t)), lambda f, t: matched(f, t, within=0.5 + 1e-9)],
    "06.1": [saved(), saved(636.0, np.int64(636), 1.0)],
    "06.2": [
        translated(),
        translated(*translated()["input"][0]["content"][::-1]),
        translated(input=tuple({"type": "message", **item} for item in translated()["input"])),
    ],
    "07.1": [("f", "D", "b"), {"b", "d", "f"}, "b, d, f", "bdf", ["b", "b", "d", "f"]],
    "07.2": [
        filtered,
        lambda a: [set(names) for names in filtered(a)],
        lambda a: dict(zip(("prompt", "answer"), filtered(a), strict=True)),
    ],
    "07.3": [verdict, lambda a: verdict(a).upper()],
    "08.1": [{"right": 0.33, "corner": 0.14}, {"corner": Fraction(1, 7), "right": Fraction(1, 3)}],
    "08.2": [
        spine(),
        spine(place=(int, pydantic.Field(ge=1))),
        spine(title=(str, pydantic.Field(description="whole"))),
    ],
    "08.3": [wrong_fields, lambda a, b: Counter(wrong_fields(a, b))],
    "09.1": [
        paths(),
        paths(a="openai/v1/chat/completions", b=f"POST {CLASSIC}"),
        {letter: f"https://r.openai.azure.com{path}" for letter, path in paths().items()},
    ],
    "09.2": [
        lambda pasted: f"https://{pasted.split('/')[2]}/openai/v1",
        lambda pasted: "/".join([*pasted.split("/")[:3], "openai", "v1", ""]),
    ],
}


@pytest.mark.parametrize(("number", "name"), cases_of(WRONG))
def test_a_mistake_is_named(number, name):
    assert_named(number, *WRONG[number][name])


@pytest.mark.parametrize(("number", "n"), cases_of(ALSO_RIGHT))
def test_other_right_answers_are_right(number, n):
    assert_right(number, ALSO_RIGHT[number][n])

"""Lessons 05 to 09: mistakes that people make, and other right answers."""

from collections import Counter
from fractions import Fraction
from typing import Literal

import numpy as np
import pydantic

from course.exercises.lesson_05 import scene_at, score
from course.exercises.lesson_06 import gather
from course.exercises.lesson_07 import filtered, whole
from course.exercises.lesson_08 import wrong_fields
from course.exercises.lesson_09 import look_at
from tests.conftest import COFFEE
from tests.exercises.cases import ROCKET, says, slip, text


def spine(least=1, most=1_000, extra="forbid", gives="self", **fields):
    """08.2, right or with one slip; least None refuses 0 alone."""

    def is_counted_from_one(self):
        if self.place == 0 if least is None else not least <= self.place <= most:
            raise ValueError("places are counted from 1")
        return self if gives else None

    fields = {"title": (str, ...), "author": (str | None, ...), "place": (int, ...)} | fields
    check = {"check": pydantic.model_validator(mode="after")(is_counted_from_one)}
    return pydantic.create_model("Spine", __config__={"extra": extra}, __validators__=check, **fields)


def film(shortest=5, longest=11):
    return {"shortest": shortest, "longest": longest}


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


def only(answer, *choices):
    return answer.model_copy(update={"choices": choices})


WRONG = {
    "05.1": [
        (film(6), "not 6. That is what the default setting gives"),
        (film(longest=8), "not 8. Divide the length of each scene by 3"),
        (film(longest=6), "The last scene lasts 3 seconds, and the others longer"),
        (film(11, 5), "With shortest=4 it is not 11"),
    ],
    "05.2": [
        (slip("05.2", "< scene.end", "<= scene.end"), "and the time 4.0"),
        (slip("05.2", "scene.start <=", "scene.start <"), "and the time 0.0"),
        (lambda parts, at: [part for part in parts if part.start <= at][-1], "and the time -1.0, your function raised"),
        (lambda parts, at: scene_at(parts, at) or (parts[-1] if parts else None), "and the time 13.5, your"),
        (lambda parts, at: str(scene_at(parts, at)), "returns '0:00 to 0:04' and not Scene("),
    ],
    "05.3": [
        (slip("05.3", "left.remove(near[0])", "left = left[1:] if near else left"), "Each found cut serves once"),
        (slip("05.3", "near[0]", "min(near, key=lambda cut: abs(cut - at))"), "returns (1, 1) and not [2, 0]"),
        (slip("05.3", "0.5", "0.3"), "Given a call score([3.5], [3.875])"),
        (slip("05.3", "0.5", "0.8"), "Given a call score([3.875], [4.5])"),
        (lambda f, t: (score(f, t)[0], len(t) - score(f, t)[0]), "The second number counts those that are left"),
        (lambda f, t: score(f, t)[0], "returns 0 and not [0, 0]"),
    ],
    "06.1": [
        (saved(in_conversation=1272),
         "not 1,272. However it gets there, the picture goes into the model once with each"),
        (saved(by_file=400), "it is not 400. However it gets there"),
        (saved(times_sent=0), "times is not 0. It is paid with each request, but which"),
    ],
    "06.2": [
        (translated(messages=[]), '"messages" was right for Chat. For Responses write "input"'),
        (translated(max_completion_tokens=500), 'Do you mean "max_output_tokens"?'),
        (translated(without="model"), '"model" is missing'),
        (translated(model="gpt-4o"), "[\"model\"] is 'gpt-4o'. The exercise asks for 'gpt-5.6-luna'"),
        (translated(input=translated()["input"][0]["content"]), "is to be a list of 1. What came is a list of 2"),
        (translated(input=[says("system", "Be short."), *translated()["input"]], without="instructions"),
         '"role": "system" was right for Chat. For Responses write "instructions" beside'),
        (translated(input=[says("user", "What?")]), "is to be a list of 2. What came is a str"),
        (translated(text("What?")), 'For Responses write "type": "input_text"'),
        (translated(image={"image_url": {"url": COFFEE}}), "write the address itself"),
        (translated(image={"image_url": ROCKET}), "skimage/data/coffee.png"),
        (translated(max_output_tokens=500.0), "is 500.0. The exercise asks for 500"),
        (translated(without="store"), "The service would keep it"),
    ],
    "06.3": [
        (slip("06.3", '== "response.output_text.delta"', '.endswith((".refusal.delta", "put_text.delta"))'),
         "a stream with a refusal and completed at its end"),
        (slip("06.3", '== "response.output_text.delta"', '.endswith("text.delta")'), "a thought before its text"),
        (slip("06.3", '== "response.completed"', 'in ("response.completed", "response.failed")'), "failed at its end"),
        (slip("06.3", "response.completed", "response.output_text.done"), "no text and completed at its end"),
        (lambda e: gather(e) if gather(e)[1] else ("", False), "and incomplete at its end, your function returns"),
        (lambda e: (gather(e)[0], e[-1]["type"] != "error"), "a stream without any event, your function raised"),
    ],
    "07.1": [
        ("abcdef", "the same key is refused again"), (["b", "c", "d", "f"], "look at its code: the money is spent"),
        (["b", "d", "e", "f"], "the same prompt gets the same verdict"),
        (["d", "f"], "One is missing: b passes by itself"),
        (["b", "f"], "One is missing: d is the service's own trouble"), ({"b", "d"}, "One is missing: f is the wire"),
        (["429", "503"], "There is no '429'. The letters are"),
    ],
    "07.2": [
        (slip("07.2", '.get("filtered")', '["severity"] != "safe"'), "KeyError"),
        (slip("07.2", 'verdict.get("filtered")', 'verdict.get("severity") != "safe"'),
         "Given an answer with violence noticed and let through"),
        (slip("07.2", '.get("prompt_filter_results", [])', '["prompt_filter_results"]'), "raised KeyError"),
        (slip("07.2", 'answer["choices"]', 'answer["choices"][:1]'), "Given an answer with violence in its second"),
        (lambda a: [*filtered(a)[0], *filtered(a)[1]], "returns [] and not [[], []]"),
        (lambda a: filtered(a | {"prompt_filter_results": a.get("prompt_filter_results", [])[:1]}), "its prompt"),
    ],
    "07.3": [
        (slip("07.3", "if not answer.choices", "if False"), "raised IndexError"),
        (slip("07.3", "if choice.message.refusal", "if False"), "returns 'use' and not 'refused'"),
        (slip("07.3", 'choice.finish_reason == "length"', "False"), "returns 'use' and not 'cut off'"),
        (slip("07.3", ".strip()", ""), "the text '\\n' and the refusal None"),
        (lambda a: "filtered" if a.choices and a.choices[0].finish_reason == "content_filter" else whole(a),
         "returns 'filtered' and not 'refused'"),
        (lambda a: whole(only(a, *a.choices[-1:])), "then a choice with 'stop'"),
        (lambda a: whole(a) == "use", "returns False and not 'no choices'"),
    ],
    "08.1": [
        ({"right": 0.25, "corner": 0.125}, "is not 0.25. Divide the shared part"),
        ({"right": 0.33, "corner": 0.25}, '"corner" is not 0.25. Divide the shared part'),
        ({"right": 33.3, "corner": 14.3}, "IoU goes from 0 to 1"),
        ({"right": 0.67, "corner": 0.86}, "is not 0.67. Draw both squares"),
    ],
    "08.2": [
        (pydantic.dataclasses.dataclass(type("Spine", (), {})), "What came is a class not derived from BaseModel."),
        (spine()(title="Emma", author=None, place=1), "That is one book, not the class"),
        (spine(shelf=(int, ...)), "refuses the book {'title': 'Emma', 'author': None, 'place': 1}"),
        (spine(author=(str | None, None)), "Your class takes the book {'title': 'Emma', 'place': 1}"),
        (spine(author=(object, ...)), "Your class takes the book {'title': 'Emma', 'author': 7,"),
        (spine(least=0), "'place': 0}. All three fields are required"),
        (spine(least=None), "takes the book {'title': 'Emma', 'author': None, 'place': -3}"),
        (spine(gives=None), "loses (a validator ends with: return self) the book"),
        (spine(most=9), "refuses the book {'title': 'Emma', 'author': 'Jane Austen', 'place': 12}"),
        (spine(place=(float, ...)), "takes the book {'title': 'Emma', 'author': None, 'place': 1.5}"),
        (spine(author=(str | list[str] | None, ...)), "author may be array or null or string. The exercise asks"),
        (spine(place=(int | None, ...)), "place may be integer or null. The exercise asks for integer."),
        (spine(shelf=(str | None, None)), "shelf may be null or string. The exercise asks for no such field."),
        (spine(extra="ignore"), "'place': 1, 'shelf': 7}. All three fields are required"),
    ],
    "08.3": [
        (slip("08.3", ".lower()", ""), "and the truth ' ANN ', your"),
        (slip("08.3", ".strip()", '.replace(" ", "")'), "and the truth 'An n'"),
        (slip("08.3", " if isinstance(value, str) else value", ""), "raised AttributeError"),
        (slip("08.3", "value.strip().lower() if isinstance(value, str) else value", "str(value).strip().lower()"),
         "with 7 and the truth '7'"),
        (lambda a, b: {n: min(c, 1) for n, c in wrong_fields(a, b).items()}, "that is wrong twice"),
        (lambda a, b: {n: c for n, c in wrong_fields(a, b).items() if c}, "is there, too, with 0"),
        (lambda a, b: wrong_fields([{"x": form["x"] or ""} if "x" in form else form for form in a], b), "'x': 0"),
    ],
    "09.1": [
        (paths(a=CLASSIC), "a goes to another path than /openai/deployments/photos"),
        (paths(a="/openai/v1/"), "than /openai/v1/. OpenAI adds /chat/completions"),
        (paths(b="/openai/chat/completions"), "AzureOpenAI adds /openai/deployments/"),
        (paths(c=CLASSIC), "and the version to whatever endpoint"),
        (paths(c=f"{V1}?api-version=2024-10-21"),
         "c goes to another path than /openai/v1/chat/completions?api-version=2024-10-21"),
        (paths(b=CLASSIC.replace("photos", "my-vision")), "another path than /openai/deployments/my-vision/"),
        (paths(a=f"https://api.openai.com{V1}"), "than api.openai.com/openai/v1"),
        (paths(c=404), "c is to be a text"),
    ],
    "09.2": [
        (lambda p: p, "Given an address such as https://r.openai.azure.com, your function"),
        (lambda p: f"{p.rstrip('/')}/openai/v1/", "such as https://r.openai.azure.com/openai, your"),
        (lambda p: f"{p.partition('/openai')[0].rstrip('/')}/openai/v1/",
         "such as https://openai.openai.azure.com, your"),
        (lambda p: "https://r.openai.azure.com/openai/v1/", "such as https://a-b.services.ai.azure.com, your"),
        (lambda p: f"{p.split('.com')[0]}.com/openai/v1/", "such as https://r.openai.azure.us, your"),
        (lambda p: p.index("/v2"), "raised ValueError"),
    ],
    "09.3": [
        (lambda s, c: "key" if s == 401 else look_at(s, c), "401 and the code 'PermissionDenied', your function r"),
        (lambda s, c: "path" if s == 404 else look_at(s, c), "404 and the code 'DeploymentNotFound', your"),
        (lambda s, c: "prompt" if s == 400 else look_at(s, c), "a status of 400 and the code None, your"),
        (lambda s, c: "role" if s == 403 else look_at(s, c), "returns 'role' and not 'admin'"),
        (lambda s, c: "admin" if c == "403" else look_at(s if s != 403 else 500, c), "403 and the code None, your"),
        (lambda s, c: "admin" if s == 429 else look_at(s, c), "429 and the code '429', your function returns"),
        (lambda s, c: look_at(c and s, c), "a status of 401 and the code None, your function returns 'host'"),
        (lambda s, c: look_at(s or 500, c), "a status of None and the code None, your function returns 'other'"),
        (lambda s, c: look_at(s, c).replace("other", "") or None, "returns None and not 'other'"),
    ],
}  # fmt: skip
RIGHT = {
    "05.1": [film(), film(5.0, np.int64(11))],
    "05.2": [lambda parts, at: ([part for part in parts if part.start <= at < part.end] or [None])[0]],
    "05.3": [lambda f, t: np.array(score(f, t)), lambda f, t: list(score(f, t)), slip("05.3", "0.5", "0.5 + 1e-9")],
    "06.1": [saved(), saved(636.0, np.int64(636), 1.0)],
    "06.2": [translated(), translated(*translated()["input"][0]["content"][::-1]),
            translated(input=tuple({"type": "message", **item} for item in translated()["input"]))],
    "06.3": [lambda e: [gather(e)[0], bool(e) and e[-1]["type"] == "response.completed"]],
    "07.1": [("f", "D", "b"), {"b", "d", "f"}, "b, d, f", "bdf", ["b", "b", "d", "f"]],
    "07.2": [lambda a: [set(names) for names in filtered(a)],
            lambda a: dict(zip(("prompt", "answer"), filtered(a), strict=True))],
    "07.3": [lambda a: whole(a).upper()],
    "08.1": [{"right": 0.33, "corner": 0.14}, {"corner": Fraction(1, 7), "right": Fraction(1, 3)}],
    "08.2": [spine(), spine(place=(int, pydantic.Field(ge=1))),
            spine(title=(str, pydantic.Field(description="whole"))), spine(author=(Literal[None] | str, ...)),
            spine(title=(pydantic.constr(min_length=1), ...), place=(pydantic.PositiveInt, ...))],
    "08.3": [lambda a, b: Counter(wrong_fields(a, b))],
    "09.1": [paths(), paths(a=" openai/v1/chat/completions\n", b=f"POST {CLASSIC}"),
            paths(b=f"POST https://r.openai.azure.com{CLASSIC}"),
            {letter: f"https://r.openai.azure.com{path}" for letter, path in paths().items()}],
    "09.2": [lambda p: f"https://{p.split('/')[2]}/openai/v1",
            lambda p: "/".join([*p.split("/")[:3], "openai", "v1", ""])],
    "09.3": [look_at, lambda status, code: look_at(status, code).upper()],
}  # fmt: skip

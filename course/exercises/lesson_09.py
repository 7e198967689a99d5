"""Lesson 09: where a request to Azure goes, which base URL it needs, how answers of all ages end."""

import re
from urllib.parse import parse_qs, urlsplit

from .comparing import run_cases
from .exercise import Exercise, Wrong
from .reading import read_fields, type_name

_CLASSIC = "/openai/deployments/photos/chat/completions"
_VERSION = "2024-10-21"
# Path, and version in the query, of what each of the three clients sends (openai 3.54.0).
SENT = {
    "a": ("/openai/v1/chat/completions", None),
    "b": (_CLASSIC, _VERSION),
    "c": (f"/openai/v1{_CLASSIC}", _VERSION),
}


def predict_the_path(answer):
    for letter, given in zip(SENT, read_fields(answer, *SENT), strict=True):
        if not isinstance(given, str):
            raise Wrong(f"{letter} is to be a text, a path that begins with a slash. What came is {type_name(given)}.")
        path, version = SENT[letter]
        parts = urlsplit(given.strip().removeprefix("POST").strip())
        came = "/" + parts.path.strip("/")
        if re.search(r"deployments/(?!photos/)", came):
            raise Wrong(f'In {letter}, a deployment of another name is asked. The client is told model="photos".')
        if came != path:
            raise Wrong(f"{letter} goes to another path than {came:.80}. {_why_the_path(letter, came)}")
        versions = parse_qs(parts.query).get("api-version", [None])
        if versions != [version]:
            about = f"?api-version={version} is missing, or is another" if version else "this path takes no version"
            raise Wrong(f"The path of {letter} is right, but look at its query: {about}.")
    return "One client takes the path that you write, the other adds its own: what fits one fails with the other."


def _why_the_path(letter: str, given: str) -> str:
    if not given.endswith("/chat/completions"):
        return "Each of them ends with the name of the API: /chat/completions."
    if letter == "a":
        return "Plain OpenAI adds /chat/completions to its base_url, and puts the deployment into the body alone."
    if letter == "b":
        return "AzureOpenAI adds /openai/deployments/ and the deployment's name to its endpoint."
    return "AzureOpenAI does not look at what its endpoint ends with: it adds all that it adds in b."


# What people paste, and what is wanted; names of hosts are invented.
PASTED = {
    "an endpoint": ("https://r.openai.azure.com", "r.openai.azure.com"),
    "an endpoint with a slash at its end": ("https://r.openai.azure.com/", "r.openai.azure.com"),
    "a base URL that is right already": ("https://r.openai.azure.com/openai/v1/", "r.openai.azure.com"),
    "a base URL without its last slash": ("https://r.openai.azure.com/openai/v1", "r.openai.azure.com"),
    "an endpoint with /openai": ("https://my-team.openai.azure.com/openai", "my-team.openai.azure.com"),
    "the whole address of a call of 2024": (
        "https://r.openai.azure.com/openai/deployments/photos/chat/completions?api-version=2024-10-21",
        "r.openai.azure.com",
    ),
    "the whole address of a call of today": (
        "https://hub.services.ai.azure.com/openai/v1/chat/completions", "hub.services.ai.azure.com"),
    "an endpoint of another kind of resource": (
        "https://r.cognitiveservices.azure.com/", "r.cognitiveservices.azure.com"),
    "a resource that is named openai": ("https://openai.openai.azure.com/", "openai.openai.azure.com"),
}  # fmt: skip


def make_the_base_url(answer):
    returned = run_cases(answer, {name: (pasted,) for name, (pasted, _) in PASTED.items()})
    for name, (pasted, host) in PASTED.items():
        given = returned[name]
        if not isinstance(given, str):
            raise Wrong(f"Given {name}, your function returns {type_name(given)}. It is to return a text, an address.")
        if given.rstrip("/") != f"https://{host}/openai/v1":
            raise Wrong(f"Given {name} ({pasted}), it returns {given!r:.110}. Wanted is https://{host}/openai/v1/")
    return "Whatever is pasted, only its host counts: scheme and path of the base URL are always the same."


def _choice(text="A cow on a meadow.", **how) -> dict:
    message = {"role": "assistant", "content": text}
    filters = {"content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}
    return {"index": 0, "message": message, **how} | (filters if "finish_reason" in how else {})


def _ended(kind: str) -> dict:
    return {"type": kind, "stop": "<|fim_suffix|>"} if kind == "stop" else {"type": kind}


# name: the choices, and the text that is wanted. Made afresh, as a function may change them.
LOGGED = {
    "a new answer that is whole": (lambda: [_choice(finish_reason="stop")], "A cow on a meadow."),
    "a new answer that was cut off": (lambda: [_choice("A cow on", finish_reason="length")], None),
    "a new answer that was filtered": (lambda: [_choice("A cow", finish_reason="content_filter")], None),
    "an old answer that is whole": (lambda: [_choice(finish_details=_ended("stop"))], "A cow on a meadow."),
    "an old answer that was cut off": (lambda: [_choice("A cow on", finish_details=_ended("max_tokens"))], None),
    "an old answer whose finish_reason is there, and None": (
        lambda: [_choice(finish_reason=None, finish_details=_ended("stop"))], "A cow on a meadow."),
    "an answer with the old object under the new name": (
        lambda: [_choice(finish_reason=_ended("stop"))], "A cow on a meadow."),
    "an answer with the old object under the new name, cut off": (
        lambda: [_choice("A cow on", finish_reason=_ended("max_tokens"))], None),
    "two choices, of which the first is whole": (
        lambda: [_choice("Yes.", finish_reason="stop"), _choice("No", finish_reason="length")], "Yes."),
    "an answer without choices": (lambda: [], None),
}  # fmt: skip


def read_whole_texts(answer):
    cases = {name: ({"object": "chat.completion", "choices": make()},) for name, (make, _) in LOGGED.items()}
    returned = run_cases(answer, cases)
    for name, (_, want) in LOGGED.items():
        if returned[name] != want:
            raise Wrong(f"Given {name}, your function returns {returned[name]!r:.60}, and {want!r} is wanted.")
    return "It tells whole from cut off in logs of any age, and gives no half text away."


EXERCISES = {
    "09.1": Exercise(
        predict_the_path,
        predicts=True,
        expects="three paths as texts, a, b and c",
        hint="Look at what show_sent printed for the two clients: what is there beside what the client was told? Then "
        "do the same to the endpoint of c, letter by letter.",
        solution="""
my_a = "/openai/v1/chat/completions"
my_b = "/openai/deployments/photos/chat/completions?api-version=2024-10-21"
my_c = "/openai/v1/openai/deployments/photos/chat/completions?api-version=2024-10-21"
exercises.check("09.1", {"a": my_a, "b": my_b, "c": my_c})
""",
        why="AzureOpenAI adds /openai/deployments/ and the name to whatever endpoint it has; c is answered with "
        "404, Resource not found.",
    ),
    "09.2": Exercise(
        make_the_base_url,
        expects="a function of a text that returns an address",
        hint="Don't cut endings off: take the host out, and write the rest yourself. The host is what stands between "
        "the second and the third slash; urlsplit of urllib.parse has it as netloc.",
        solution="""
from urllib.parse import urlsplit

def base_url(pasted):
    return f"https://{urlsplit(pasted.strip()).netloc}/openai/v1/"

exercises.check("09.2", base_url)
""",
        why="cutting endings off needs a rule for each form, and the next form is always a new one.",
    ),
    "09.3": Exercise(
        read_whole_texts,
        expects="a function of an answer, a dict, that returns a text or None",
        hint="The lesson's why(choice) reads all three shapes already. Ask first whether there is a choice.",
        solution="""
def whole_text(answer):
    for choice in answer["choices"][:1]:
        if why(choice) == "stop":
            return choice["message"]["content"]
    return None

exercises.check("09.3", whole_text)
""",
        why="the shapes are sorted out in one place, and the rest of a program knows only one of them.",
    ),
}

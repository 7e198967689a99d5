"""Lesson 09: where a request to Azure goes, which base URL it needs, how answers of all ages end."""

from inspect import getsource
from itertools import product
from urllib.parse import urlsplit

from .comparing import cases_by, check_results
from .exercise import Exercise, require
from .reading import read_fields, type_name

V1, CLASSIC = "/openai/v1/chat/completions", "/openai/deployments/photos/chat/completions?api-version=2024-10-21"
SENT = {"a": V1, "b": CLASSIC, "c": f"/openai/v1{CLASSIC}"}  # by openai 3.54.0
ADDS = "OpenAI adds /chat/completions; AzureOpenAI adds /openai/deployments/… and the version to whatever endpoint."


@Exercise(
    "09.1",
    expects="three paths as texts, a, b and c",
    hint="What did show_sent print for the two clients, beside what they were told? Do the same with c.",
    solution=f"""
my_a = "{SENT["a"]}"
my_b = "{SENT["b"]}"
my_c = "{SENT["c"]}"
exercises.check("09.1", {{"a": my_a, "b": my_b, "c": my_c}})""",
    why="AzureOpenAI adds /openai/deployments/ and the name to whatever endpoint it has: c is answered with 404.",
)
def predict_the_path(answer):
    for letter, given in zip(SENT, read_fields(answer, *SENT), strict=True):
        require(isinstance(given, str), f"{letter} is to be a text, a path. What came is {type_name(given)}.")
        parts = urlsplit(given.strip().removeprefix("POST").strip())
        came = f"/{parts.path.strip('/')}" + f"?{parts.query}" * bool(parts.query)
        require(came == SENT[letter], f"{letter} goes to another path than {came:.120}. {ADDS}")


def base_url(pasted):
    return f"https://{urlsplit(pasted.strip()).netloc}/openai/v1/"


HOSTS = ("r.openai.azure.com", "a-b.services.ai.azure.com", "r.cognitiveservices.azure.com", "openai.openai.azure.com")
ENDINGS = ("", "/", "/openai", "/openai/v1", "/openai/v1/", V1, CLASSIC)


@Exercise(
    "09.2",
    expects="a function of a text that returns an address",
    hint="Don't cut endings off: take the host out (urlsplit has it as netloc), and write the rest yourself.",
    solution=f"""
from urllib.parse import urlsplit

{getsource(base_url)}
exercises.check("09.2", base_url)""",
    why="only the host counts. Cutting endings off needs a rule for each form, and there is always a new one.",
)
def make_the_base_url(answer):
    pasted = [f"https://{host}{ending}" for host, ending in product(HOSTS, ENDINGS)]
    cases = cases_by(base_url, {f"an address such as {address}": (address,) for address in pasted})
    check_results(answer, cases, read=lambda url: f"{url.rstrip('/')}/")


# How a choice tells its end: the field that holds the reason or an object with the reason.
SHAPES = {
    "a new answer": lambda end: {"finish_reason": end},
    "an old answer": lambda end: {"finish_details": {"type": end}},
    "an old answer with finish_reason None": lambda end: {"finish_reason": None, "finish_details": {"type": end}},
    "an answer with the old object under the new name": lambda end: {"finish_reason": {"type": end}},
}


@Exercise(
    "09.3",
    expects="a function of an answer, a dict, that returns a text or None",
    hint="The lesson's why(choice) reads all three shapes already. Ask first whether there is a choice.",
    solution="""
def whole_text(answer):
    for choice in answer["choices"][:1]:
        if why(choice) == "stop":
            return choice["message"]["content"]
    return None

exercises.check("09.3", whole_text)""",
    why="the shapes are sorted out in one place, and the rest of a program knows only one of them.",
)
def read_whole_texts(answer):
    cases: dict[str, tuple] = {"an answer without choices": (({"object": "chat.completion", "choices": []},), None)}
    for (shape, ended), end in product(SHAPES.items(), ("stop", "length", "max_tokens", "content_filter")):
        first = {"index": 0, "message": {"role": "assistant", "content": "A cow."}} | ended(end)
        second = {"index": 1, "message": {"role": "assistant", "content": "No."}, "finish_reason": "stop"}
        for choices in ([first], [first, second]):
            name = f"{shape} that ended with {end}, {len(choices)} in choices"
            cases[name] = (({"object": "chat.completion", "choices": choices},), "A cow." if end == "stop" else None)
    check_results(answer, cases)

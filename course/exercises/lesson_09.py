"""Lesson 09: where a request to Azure goes, which base URL it needs, what an error says is wrong."""

from inspect import getsource
from itertools import product
from urllib.parse import urlsplit

from .comparing import cases_by, check_results
from .exercise import Exercise, require
from .reading import read_fields, type_name

V1, CLASSIC = "/openai/v1/chat/completions", "/openai/deployments/photos/chat/completions?api-version=2024-10-21"
SENT = {"a": V1, "b": CLASSIC, "c": f"/openai/v1{CLASSIC}"}  # by openai 3.57.0
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
        host = parts.netloc.removeprefix("r.openai.azure.com")
        came = f"{host}/{parts.path.lstrip('/')}" + f"?{parts.query}" * bool(parts.query)
        require(came == SENT[letter], f"{letter} goes to another path than {came:.120}. {ADDS}")


def base_url(pasted):
    return f"https://{urlsplit(pasted.strip()).netloc}/openai/v1/"


HOSTS = ["r.openai.azure.com", "a-b.services.ai.azure.com", "openai.openai.azure.com", "r.openai.azure.us"]
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
    check_results(answer, cases, read=lambda url: f"{url.removesuffix('/')}/")


def look_at(status, code):
    if status is None:
        return "host"
    by_code = {"PermissionDenied": "role", "DeploymentNotFound": "deployment", "content_filter": "prompt"}
    return by_code.get(code) or {401: "key", 403: "admin", 404: "path"}.get(status, "other")


ERRORS = [(None, None), (401, "401"), (401, None), (401, "PermissionDenied"), (403, "403"), (404, "404"), (404, None)]
ERRORS += [(404, "DeploymentNotFound"), (400, "content_filter"), (400, None), (403, None), (429, "429"), (500, None)]


@Exercise(
    "09.3",
    expects="a function of a status and a code that returns one of eight texts",
    hint="Begin with status None, then the three codes. For the rest look at the status: 401, 403 or 404.",
    solution=f'{getsource(look_at)}\nexercises.check("09.3", look_at)',
    why="a code says more than a status, so it comes first: 401 and 404 mean two things each.",
)
def say_what_is_wrong(answer):
    cases = {f"a status of {status} and the code {code!r}": (status, code) for status, code in ERRORS}
    check_results(answer, cases_by(look_at, cases), read=lambda text: text.strip().lower())

"""Takes apart what a learner hands in: requests, conversations, numbers, functions.

It reads what the service would read. Objects of the SDK are as good as dicts, a tuple is as good as a list, and
fields that a checker does not ask for may stand beside the others.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from .exercise import Wrong, WrongShape, require

PICTURES = "https://raw.githubusercontent.com/scikit-image/scikit-image/v0.25.2/skimage/data/"
DETAILS = ("low", "high", "auto", "original")
ROLES = ("system", "developer", "user", "assistant", "tool")


class Message(NamedTuple):
    """A message of a request: its texts, and of each picture the `image_url` object."""

    role: str
    texts: list[str]
    pictures: list[dict]


def is_blank(answer) -> bool:
    """Is it what a cell holds before anybody has written an answer?"""
    if isinstance(answer, dict):
        return all(map(is_blank, answer.values()))
    if isinstance(answer, str):
        return not answer.strip()
    return answer is None or answer is ... or (isinstance(answer, (bytes, list, tuple, set)) and not answer)


def type_name(value) -> str:
    """What came, in two words: "a list", "an int", "nothing"."""
    name = type(value).__name__
    return "nothing" if value is None else f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def as_json(value):
    """The value as JSON would have it: objects of the SDK as dicts, tuples as lists."""
    if hasattr(value, "model_dump"):
        value = value.model_dump(exclude_none=True, warnings=False)
    if isinstance(value, Mapping):
        return {name: as_json(item) for name, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, (list, tuple)) else value


def read_fields(answer, *names: str) -> list:
    """The values of a dict, in this order."""
    given = as_json(answer)
    if not isinstance(given, dict):
        raise WrongShape(type_name(answer))
    for name in names:
        listed = ", ".join(names)
        require(not is_blank(given.get(name)), f'"{name}" is empty or missing. The answer is a dict with: {listed}.')
    return [given[name] for name in names]


def read_number(value) -> float:
    """A number of any type, but not True, and not a text that looks like one."""
    if isinstance(value, str):
        raise Wrong(f"A number is wanted, and {value[:20]!r} is a text: write it without quotation marks.")
    if isinstance(value, (bool, list, dict, Callable)):
        raise Wrong(f"A number is wanted. What came is {type_name(value)}.")
    return float(value)


def read_parts(content) -> tuple[list[str], list[dict]]:
    """Read the texts and pictures of a message's content. Wrong for what the service would refuse."""
    if isinstance(content, str):
        return [content], []
    require(not isinstance(content, dict), "That is one part alone. Content is a list, also of one part: [ … ].")
    require(isinstance(content, list), f"Content is a list of parts (or a text). What came is {type_name(content)}.")
    texts, pictures = [], []
    for part in content:
        example, came = '{"type": "text", "text": "…"}', type_name(part)
        require(isinstance(part, dict), f"Each part is a dict, a text too: {example}. One of yours is {came}.")
        require("role" not in part, "There is a whole message where content is wanted: take what stands under it.")
        name = part.get("type")
        responses = str(name).startswith("input_")
        require(not responses, f"{name!r} is of the Responses API. Chat Completions has 'text' and 'image_url'.")
        if name == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif name == "image_url":
            pictures.append(_read_picture(part))
        else:
            raise Wrong(f"Each part has the type 'text' or 'image_url' and a field of that name, but not {part!r:.60}.")
    return texts, pictures


def _read_picture(part: dict) -> dict:
    target, example = part.get("image_url"), '{"url": …, "detail": …}'
    bare = isinstance(target, str)
    require(not bare, f'"image_url" is a bare string, a habit of 2023. It wants an object: {example}.')
    address = isinstance(target, dict) and target.get("url")
    require(address and isinstance(address, str), f'"image_url" wants an object with the address in it: {example}.')
    require("detail" not in part, '"detail" stands beside "image_url". It belongs inside that object, beside "url".')
    detail = target.get("detail", "auto")
    require(detail in DETAILS, f"There is no detail {detail!r}. There are: {', '.join(DETAILS)}.")
    return target


def read_messages(value) -> list[Message]:
    """Read the messages of a request. Wrong for what the service would refuse."""
    require(isinstance(value, list), f"Messages are a list, also when there is one. What came is {type_name(value)}.")
    read = []
    for message in value:
        known = isinstance(message, dict) and message.get("role") in ROLES
        require(known, 'Each message is a dict with a "role" (system, user or assistant) and a "content".')
        role, (texts, pictures) = message["role"], read_parts(message.get("content"))
        allowed = not pictures or role == "user"
        require(allowed, f"There is a picture in a message of the {role}. The service takes them from the user only.")
        require(pictures or any(map(has_words, texts)), f"A message of the {role} is empty.")
        read.append(Message(role, texts, pictures))
    return read


def has_words(text: str) -> bool:
    """Say whether there is a letter or a digit in it."""
    return any(map(str.isalnum, text))


def check_rocket_question(texts: list[str], pictures: list[dict]) -> None:
    """Refuse anything but a question about the rocket, with detail "high"."""
    require(pictures, 'There is no picture in it: a part {"type": "image_url", "image_url": {…}}.')
    require(len(pictures) == 1, f"There are {len(pictures)} pictures in it. Each is paid; the exercise needs one.")
    require(any(map(has_words, texts)), 'There is no question in it: a part {"type": "text", "text": "…"} with words.')
    url, detail = pictures[0]["url"], pictures[0].get("detail")
    coffee = url.endswith("coffee.png")
    require(not coffee, "That is still the address of the coffee. The exercise asks about the rocket.")
    require(not url.isidentifier(), f"The address is {url!r}. If it is a variable, write it without quotation marks.")
    require("/blob/" not in url, "That address leads to a web page that shows the picture. Take the one with raw.")
    on_web = url.startswith(("http://", "https://"))
    require(on_web, f"The service cannot reach {url[:40]!r}: it needs an address on the web. Files are for lesson 02.")
    require(url == f"{PICTURES}rocket.jpg", f"The address {url[:100]!r} is not that of the rocket. Copy it whole.")
    says = f'says detail "{detail}"' if detail else "says no detail, and the default differs from model to model"
    require(detail == "high", f'The picture {says}. The exercise asks for "high".')

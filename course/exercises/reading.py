"""Takes apart what a learner hands in: requests, conversations, numbers, functions.

It reads what the service would read. Objects of the SDK are as good as dicts, a tuple is as good as a list, and
fields that a checker does not ask for may stand beside the others.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from .exercise import Wrong, WrongShape

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
        if is_blank(given.get(name)):
            raise Wrong(f'"{name}" is empty or missing. The answer is a dict with these names: {", ".join(names)}.')
    return [given[name] for name in names]


def read_number(value) -> float:
    """A number of any type, but not True, and not a text that looks like one."""
    if isinstance(value, str):
        raise Wrong(f"A number is wanted, and {value[:20]!r} is a text: write it without quotation marks.")
    if isinstance(value, (bool, list, dict, Callable)):
        raise Wrong(f"A number is wanted. What came is {type_name(value)}.")
    return float(value)


def read_parts(content) -> tuple[list[str], list[dict]]:
    """Texts and pictures of a message's content. Wrong for what the service would refuse."""
    if isinstance(content, str):
        return [content], []
    if isinstance(content, dict):
        raise Wrong("That is one part alone. Content is a list of parts, also when there is one: [ … ].")
    if not isinstance(content, list):
        raise Wrong(f"Content is a list of parts (or a text). What came is {type_name(content)}.")
    texts, pictures = [], []
    for part in content:
        if not isinstance(part, dict):
            came = type_name(part)
            raise Wrong(f'Each part is a dict, a text too: {{"type": "text", "text": "…"}}. One of yours is {came}.')
        if "role" in part:
            raise Wrong("There is a whole message, with its role, where content is wanted: take what stands under it.")
        name = part.get("type")
        if name == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif name == "image_url":
            pictures.append(_picture(part))
        elif str(name).startswith("input_"):
            raise Wrong(f"The type {name!r} is of the Responses API. Chat Completions has 'text' and 'image_url'.")
        else:
            raise Wrong("Each part has the type 'text' or 'image_url', and a field of that name with what it carries. "
                        f"One of yours is {part!r:.60}.")  # fmt: skip
    return texts, pictures


def _picture(part: dict) -> dict:
    target = part.get("image_url")
    if isinstance(target, str):
        raise Wrong('"image_url" is a bare string, a habit of 2023. It wants an object: {"url": …, "detail": …}.')
    if not isinstance(target, dict) or not isinstance(target.get("url"), str) or not target["url"]:
        raise Wrong('"image_url" wants an object with the address in it: {"url": …, "detail": …}.')
    if "detail" in part:
        raise Wrong('"detail" stands beside "image_url". It belongs inside that object, beside "url".')
    if target.get("detail", "auto") not in DETAILS:
        raise Wrong(f"There is no detail {target['detail']!r}. There are: {', '.join(DETAILS)}.")
    return target


def read_messages(value) -> list[Message]:
    """The messages of a request. Wrong for what the service would refuse."""
    if not isinstance(value, list):
        raise Wrong(f"Messages are a list, also when there is one: [ … ]. What came is {type_name(value)}.")
    read = []
    for message in value:
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise Wrong('Each message is a dict with a "role" (system, user or assistant) and a "content".')
        role, (texts, pictures) = message["role"], read_parts(message.get("content"))
        if pictures and role != "user":
            raise Wrong(f"There is a picture in a message of the {role}. The service takes them from the user only.")
        if not pictures and not any(map(has_words, texts)):
            raise Wrong(f"A message of the {role} is empty.")
        read.append(Message(role, texts, pictures))
    return read


def has_words(text: str) -> bool:
    """Is there a letter or a digit in it?"""
    return any(map(str.isalnum, text))


def check_rocket_question(texts: list[str], pictures: list[dict], lesson_question: str | None = None) -> None:
    """Wrong unless there is a question about the rocket, with detail "high"."""
    if not pictures:
        raise Wrong('There is no picture in it. It is a part of the list: {"type": "image_url", "image_url": {…}}.')
    if len(pictures) > 1:
        raise Wrong(f"There are {len(pictures)} pictures in it. Each is paid; the exercise needs one.")
    if not any(map(has_words, texts)):
        raise Wrong('There is no question in it: a part {"type": "text", "text": "…"} with words.')
    if lesson_question in (text.strip() for text in texts):
        raise Wrong("That is the lesson's own question. Ask one of your own.")
    url = pictures[0]["url"]
    if url != f"{PICTURES}rocket.jpg":
        raise Wrong(_another_address(url))
    if (detail := pictures[0].get("detail")) != "high":
        said = f'says detail "{detail}"' if detail else "says no detail, and the default differs from model to model"
        raise Wrong(f'The picture {said}. The exercise asks for "high".')


def _another_address(url: str) -> str:
    if url.endswith("coffee.png"):
        return "That is still the address of the coffee. The exercise asks about the rocket."
    if url.isidentifier():
        return f"The address is the word {url!r}. If you mean the variable, write it without quotation marks."
    if "/blob/" in url:
        return "That address leads to a web page that shows the picture, not to the picture. Take the one with raw."
    if not url.startswith(("http://", "https://")):
        return f"The service cannot reach {url[:40]!r}: it needs an address on the web. Files are for lesson 02."
    return f"The address is another one: {url[:100]!r} is not that of the rocket. Copy it whole."

"""Take apart what a learner hands in, as the service would read it: numbers, fields, parts, messages.

Objects of the SDK are as good as dicts, and a tuple is as good as a list. What can't be read raises `Wrong`.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from .exercise import Wrong, WrongShape, require

PICTURES = "https://raw.githubusercontent.com/scikit-image/scikit-image/v0.25.2/skimage/data/"
ROCKET = f"{PICTURES}rocket.jpg"
DETAILS = ("low", "high", "auto", "original")
A_WORD = r"[^\W_]"  # a letter or a digit
ROLES = ("system", "developer", "user", "assistant", "tool")
TEXT, PICTURE = '{"type": "text", "text": …}', '{"type": "image_url", "image_url": {"url": …, "detail": …}}'


class Message(NamedTuple):
    """A message of a request: its texts, and of each picture the `image_url` object."""

    role: str
    texts: list[str]
    pictures: list[dict]


def is_blank(answer) -> bool:
    """Say whether this is what a cell holds before anybody has written an answer."""
    if isinstance(answer, dict):
        return all(map(is_blank, answer.values()))
    if isinstance(answer, str):
        return not answer.strip()
    return answer is None or answer is ... or (isinstance(answer, (bytes, list, tuple, set)) and not answer)


def type_name(value) -> str:
    """Say in two words what came: "a list", "an int", "nothing"."""
    name = type(value).__name__
    return "nothing" if value is None else f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def as_json(value):
    """Return the value as JSON would have it: objects of the SDK as dicts, tuples as lists."""
    if hasattr(value, "model_dump"):
        value = value.model_dump(exclude_none=True, warnings=False)
    if isinstance(value, Mapping):
        return {name: as_json(item) for name, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, (list, tuple)) else value


def read_fields(answer, *names: str) -> list:
    """Return the values of a dict, in this order; other names may stand beside them."""
    given = as_json(answer)
    if not isinstance(given, dict):
        raise WrongShape(type_name(answer))
    for name in names:
        there = not is_blank(given.get(name))
        require(there, f'"{name}" is empty or missing. The answer is a dict with: {", ".join(names)}.')
    return [given[name] for name in names]


def read_number(value) -> float:
    """Return a number of any type as a float; not True, and not a text that looks like a number."""
    came = "a text: write it without quotation marks" if isinstance(value, str) else type_name(value)
    other = isinstance(value, (str, bool, list, dict)) or callable(value)
    require(not other, f"A number is wanted. What came is {came}.")
    return float(value)


def _check_names(what: str, given: dict, *known: str) -> None:
    for name in sorted(set(given) - {*known, "prompt_cache_breakpoint"}):
        raise Wrong(f'{what} has no field "{name}", only {" and ".join(known)}.')


def read_parts(content) -> tuple[list[str], list[dict]]:
    """Read the texts and pictures of a message's content. Wrong for what the service would refuse."""
    came = type_name(content)
    if isinstance(content, str):
        return [content], []
    require(isinstance(content, list), f"Content is a text or a list of parts, also of one part. What came is {came}.")
    texts, pictures = [], []
    for part in content:
        match part:
            case {"type": "text", "text": str(text)}:
                _check_names("A part of text", part, "type", "text")
                texts.append(text)
            case {"type": "image_url", "image_url": {"url": str(url)} as picture} if url and "detail" not in part:
                _check_names("A picture part", part, "type", "image_url")
                _check_names("An image_url", picture, "url", "detail")
                detail = picture.get("detail", "auto")
                require(detail in DETAILS, f"There is no detail {detail!r:.40}. There are: {', '.join(DETAILS)}.")
                pictures.append(picture)
            case {"type": "image_url"}:
                shape = f"{PICTURE}, with the address under url (a bare address was a habit of 2023)"
                raise Wrong(f"A picture is {shape}, and its detail belongs inside. Yours is {part!r:.120}.")
            case _:
                came = f"{part!r:.60}" if part and isinstance(part, dict) else type_name(part)
                raise Wrong(f"Chat Completions takes {TEXT} and {PICTURE}. One of your parts is {came}.")
    return texts, pictures


def read_messages(value) -> list[Message]:
    """Read the messages of a request. Wrong for what the service would refuse."""
    require(isinstance(value, list), f"Messages are a list, also when there is one. What came is {type_name(value)}.")
    read = []
    for message in value:
        known, came = isinstance(message, dict) and message.get("role") in ROLES, type_name(message)
        star = "; unpack it with a star: [*conversation, …]" * isinstance(message, list)
        require(known, f'Each message is a dict with a "role" and a "content". One of yours is {came}{star}.')
        role, (texts, pictures) = message["role"], read_parts(message.get("content"))
        if role in ("system", "user"):
            _check_names(f"A message of the {role}", message, "role", "content", "name")
        require(role == "user" or not pictures, f"A picture in a message of the {role}: only the user may send one.")
        require(pictures or re.search(A_WORD, " ".join(texts)), f"A message of the {role} has no word in it.")
        read.append(Message(role, texts, pictures))
    return read


def check_rocket_question(texts: list[str], pictures: list[dict]) -> None:
    """Refuse anything but a question about the rocket, with detail "high"."""
    require(len(pictures) == 1, f"One picture is wanted, and there are {len(pictures)}. Each is a part: {PICTURE}.")
    require(re.search(A_WORD, " ".join(texts)), f"There is no question in it: a part {TEXT} with words.")
    url, detail = pictures[0]["url"], pictures[0].get("detail")
    require(url == ROCKET, f"The address {url!r:.100} is not that of rocket.jpg. Write ROCKET, unquoted.")
    require(detail == "high", f'The exercise asks for the detail "high". Yours is {detail!r}.')

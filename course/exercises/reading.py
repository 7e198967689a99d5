"""Take apart what a learner hands in, as the service would read it: numbers, fields, parts, messages.

Objects of the SDK are as good as dicts, and a tuple is as good as a list. What can't be read raises `Wrong`.
"""

from collections.abc import Mapping
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
    text = isinstance(value, str)
    require(not text, f"A number is wanted, and {value!r:.20} is a text: write it without quotation marks.")
    other = isinstance(value, (bool, list, dict)) or callable(value)
    require(not other, f"A number is wanted. What came is {type_name(value)}.")
    return float(value)


def read_parts(content) -> tuple[list[str], list[dict]]:
    """Read the texts and pictures of a message's content. Wrong for what the service would refuse."""
    if isinstance(content, str):
        return [content], []
    came = type_name(content)
    require(isinstance(content, list), f"Content is a text or a list of parts, also of one part. What came is {came}.")
    texts, pictures = [], []
    for part in content:
        given = part if isinstance(part, dict) else {}
        if given.get("type") == "text" and isinstance(given.get("text"), str):
            texts.append(given["text"])
        elif given.get("type") == "image_url":
            pictures.append(_read_picture(given))
        else:
            came = f"{part!r:.60}" if given else type_name(part)
            raise Wrong(f"Chat Completions takes {_TEXT} and {_PICTURE}. One of your parts is {came}.")
    return texts, pictures


_TEXT, _PICTURE = '{"type": "text", "text": …}', '{"type": "image_url", "image_url": {"url": …, "detail": …}}'


def _read_picture(part: dict) -> dict:
    target: dict = part.get("image_url", {})
    shape, came = f"A picture is {_PICTURE}", f"{type_name(target)} (a bare address was a habit of 2023)"
    require(isinstance(target, dict), f'{shape}, with an object under "image_url" and not {came}.')
    require("detail" not in part, f"{shape}: the detail belongs inside, beside the address.")
    require(target.get("url") and isinstance(target["url"], str), f"{shape}, with the address under url.")
    detail = target.get("detail", "auto")
    require(detail in DETAILS, f"There is no detail {detail!r}. There are: {', '.join(DETAILS)}.")
    return target


def read_messages(value) -> list[Message]:
    """Read the messages of a request. Wrong for what the service would refuse."""
    require(isinstance(value, list), f"Messages are a list, also when there is one. What came is {type_name(value)}.")
    read = []
    for message in value:
        known, came = isinstance(message, dict) and message.get("role") in ROLES, type_name(message)
        star = "; unpack it with a star: [*conversation, …]" * isinstance(message, list)
        require(known, f'Each message is a dict with a "role" and a "content". One of yours is {came}{star}.')
        role, (texts, pictures) = message["role"], read_parts(message.get("content"))
        require(role == "user" or not pictures, f"A picture in a message of the {role}: only the user may send one.")
        require(pictures or any(map(has_words, texts)), f"A message of the {role} is empty.")
        read.append(Message(role, texts, pictures))
    return read


def has_words(text: str) -> bool:
    """Say whether there is a letter or a digit in it."""
    return any(map(str.isalnum, text))


def check_rocket_question(texts: list[str], pictures: list[dict]) -> None:
    """Refuse anything but a question about the rocket, with detail "high"."""
    require(len(pictures) == 1, f"One picture is wanted, and there are {len(pictures)}. Each is a part: {_PICTURE}.")
    require(any(map(has_words, texts)), f"There is no question in it: a part {_TEXT} with words.")
    url, detail = pictures[0]["url"], pictures[0].get("detail")
    hint = "A variable has no quotation marks" if url.isidentifier() else "Not a file of yours, nor a web page with it"
    require(url == f"{PICTURES}rocket.jpg", f"The address {url[:100]!r} is not that of rocket.jpg. {hint}.")
    require(detail == "high", f'The exercise asks for the detail "high". Yours is {detail!r}.')

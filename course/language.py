"""What the course says in another language: each sentence is looked up in a catalogue at the moment it is shown.

The code that says it knows nothing of this. A message in docs/locale/LANGUAGE/messages.po is a sentence of that code,
with `{name}` where a value comes in; what a cell shows is compared with all of them, and the values in turn.
"""

import html
import os
import re
import sys
from functools import cache, partial
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from IPython import get_ipython

from .assets import ROOT

LOCALE = ROOT / "docs" / "locale"
PLACE = re.compile(r"\{(\w*)\}")
WORD = re.compile(r"[^\W\d_]{2,}")
_VERDICT, _VALUE = "{number} is", r"((?:(?![%s] ).)*?[.?!]?)"
# What a lesson may print, too; it is translated in a verdict or an answer's card alone.
_AS_MUCH_ELSE = ("{what} is not", "{0} in, ", "tokens: {tokens} in", "status: ", "finish reason: ")
_MOST = 29  # pieces at once, if not all: 15 sentences or parts of one, and the spaces between them
_SENTENCE, _PART = re.compile(r"(?<=[.?!:;])( +)"), re.compile(r"(?<=[.?!:;,])( +)")
# What stands before the words of a line: space, the kind of an error, code with a comment behind it.
_LEAD = re.compile(r"\s*(?:- )?(?:(?:\w+(?:Error|Warning)|NotRecorded): |.*(?:^|\s)# )?")
# Of a page: an answer's own text, the alt text of a picture, what stands between tags.
_PAGE = re.compile(r'<pre[^>]*>(?!\(No text: ).*?</pre>|(?<=alt=")[^"]*|(?<=>)[^<>]+(?=<)', re.S)


@cache
def language() -> str:
    """Return the language of the lessons, "" for English: COURSE_LANGUAGE, or that of the notebook's folder."""
    return os.environ.get("COURSE_LANGUAGE", language_of(Path.cwd().name))


def language_of(folder: str) -> str:
    """Return the language of the lessons in a folder of this name: "ko" for notebooks_ko, "" for English."""
    return folder.partition("notebooks_")[2]


def translate(text: str, into: str | None = None, *, is_part: bool = False) -> str:
    """Return a text of the course in the reader's language; what the catalogue does not know stays as it is.

    A message never reaches over a line that it does not contain, so it does not matter what is printed at once.
    `is_part`: the text is a value in a sentence, or stands alone; messages of one or two words hold for it, too.
    """
    into = language() if into is None else into
    for message in _messages(into):
        if "\n" in message.english and message.literal in text:
            text = re.sub(f"(?m)^{message.pattern.pattern}$", partial(_fill, message, into), text)
    return "\n".join(_line(line, into, is_part) for line in text.split("\n")) if _messages(into) else text


def translate_page(page: str, into: str | None = None) -> str:
    """Translate the HTML of an output: what stands between tags and in alt texts, but not an answer's own text."""

    def one(found: re.Match) -> str:
        kept = found[0].startswith("<pre")
        return found[0] if kept else html.escape(translate(html.unescape(found[0]), into, is_part=True))

    return _PAGE.sub(one, page)


def translate_output(output: Any, into: str | None = None) -> Any:
    """Translate in place what an output holds, as a kernel sends it and a notebook stores it; return it."""
    data = output.get("data", {})
    for holder, name in ((output, "text"), (output, "evalue"), (data, "text/plain")):
        if name in holder and "<pre" not in data.get("text/html", ""):
            holder[name] = translate(holder[name], into)
    if "traceback" in output:
        output["traceback"] = [translate(line, into) for line in output["traceback"]]
    if "text/html" in data:
        data["text/html"] = translate_page(data["text/html"], into)
    return output


def install() -> None:
    """Translate from here on what this kernel shows, if its lessons have another language than English."""
    shell: Any = get_ipython()
    if not language() or not hasattr(shell, "kernel") or hasattr(shell, "send_error_in_english"):
        return
    shell.send_error_in_english = shell._showtraceback

    def hook(message: dict) -> dict:
        return message | {"content": translate_output(message["content"])}

    shell.display_pub.register_hook(hook)
    for stream in (sys.stdout, sys.stderr):  # a hook holds for one thread, and theirs is that which sends
        stream.pub_thread.schedule(partial(stream.register_hook, hook))  # type: ignore[union-attr]
    shell._showtraceback = lambda kind, error, lines: shell.send_error_in_english(
        kind, translate(str(error)), [translate(line) for line in lines]
    )


class _Message(NamedTuple):
    english: str
    other: str
    pattern: re.Pattern
    literal: str  # its longest piece between two values
    is_sentence: bool  # and so looked for in whatever is shown; else it is a value in a sentence, or stands alone


@cache
def _messages(into: str) -> list[_Message]:
    """Read the messages of a language, those with most words first: a message of few words may fit many texts."""
    if not into or not (path := LOCALE / into / "messages.po").is_file():
        return []
    from babel.messages.pofile import read_po  # who reads English does not wait for it

    entries = [entry for entry in read_po(BytesIO(path.read_bytes()), into) if entry.id and entry.string]
    found = [_message(str(entry.id), str(entry.string)) for entry in entries if not entry.fuzzy]
    # A verdict first: a value at the beginning of another message would take it in.
    return sorted(found, key=lambda one: (not one.english.startswith(_VERDICT), -_count_words(one.english)))


def _message(english: str, other: str) -> _Message:
    english, other = english.lstrip(";, "), other.lstrip(";, ")
    first, *rest = PLACE.split(english)
    begin = f"(?i:{first[0]})" if " " in first and first[0].isalpha() else re.escape(first[:1])
    # A value is no more than a sentence, unless it is the last thing that is said.
    value = _VALUE % (".?!:" if english.endswith(":") else ".?!")
    pieces = [value if n % 2 == 0 else re.escape(piece) for n, piece in enumerate(rest)]
    if rest and not rest[-1]:
        pieces[-2:] = ["(.*)"]
    is_sentence = _count_words(english) > 2 or len(rest) > 3 or bool(re.search(r"[.:?!](?: |$)", english))
    pattern = re.compile("".join([begin, re.escape(first[1:]), *pieces]))
    literal = max((first[1:], *rest[1::2]), key=len)
    return _Message(english, other, pattern, literal, is_sentence and not english.startswith(_AS_MUCH_ELSE))


def _count_words(english: str) -> int:
    return len(WORD.findall(PLACE.sub("", english)))


def _fill(message: _Message, into: str, found: re.Match) -> str:
    """Put the values that were found into the translation, each in the reader's language."""
    values: dict[str, list[str]] = {}
    for name, value in zip(PLACE.findall(message.english), found.groups(), strict=True):
        values.setdefault(name, []).append(translate(value, into, is_part=True))
    return PLACE.sub(lambda place: values[place[1]].pop(0) if values.get(place[1]) else place[0], message.other)


def _sentence(text: str, likely: list[_Message], into: str, is_part: bool) -> str | None:
    """Return the translation of what one of these messages says; None if no message does."""
    for message in likely:
        if (is_part or message.is_sentence) and (found := message.pattern.fullmatch(text)):
            return _fill(message, into, found)
    if text[-1:] in (",", ";", ":") and (other := _sentence(text[:-1], likely, into, is_part)):
        return other + text[-1]
    if is_part and text[-1:] not in ("", ".") and (other := _sentence(f"{text}.", likely, into, False)):
        return other.removesuffix(".")  # the sentence around it has the full stop
    return None


def _line(line: str, into: str, is_part: bool) -> str:
    """Translate a line: as many of its sentences at once as one message has. A long one is not the course's."""
    if len(line) > 1000:
        return line
    lead = _LEAD.match(line)[0]  # type: ignore[index]  # it fits anything
    likely = [message for message in _messages(into) if message.literal in f"{line}."]  # this alone is fast
    if whole := _sentence(line[len(lead) :], likely, into, is_part):
        return lead + whole
    pieces = (_PART if is_part else _SENTENCE).split(line[len(lead) :])  # each second one is the space between two
    said, begin = [lead], 0
    while begin < len(pieces):
        for end in range(min(len(pieces), begin + _MOST), begin, -2):
            if other := _sentence("".join(pieces[begin:end]), likely, into, is_part):
                break
        said += [other or pieces[begin], *pieces[end : end + 1]]
        begin = end + 1
    return "".join(said)

"""What the course says in another language: sentences are looked up in its catalogue when they are shown.

The English code knows nothing of it. A message in docs/locale/LANGUAGE/messages.po is a sentence of the code, with
`{name}` where a value comes in; what a cell shows is compared with them, and the values are looked up in turn.
"""

import html
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

from IPython import get_ipython

from .assets import ROOT

LOCALE = ROOT / "docs" / "locale"
_PLACE = re.compile(r"\{(\w+)\}")
_SENTENCE = re.compile(r"(?<=[.?!:;…)])( +)")
# Of a page: what is an answer's own text, the alt text of a picture, and what stands between tags.
_PAGE = re.compile(r'<pre.*?</pre>|(?<=alt=")[^"]*|(?<=>)[^<>]+(?=<)', re.S)
_ERROR = re.compile(r"(\w*(?:Error|Warning|Wrong|NotRecorded|Exception): )(.*)")


def language() -> str:
    """Return the language of the lessons, "" for English: `COURSE_LANGUAGE`, or that of the folder of this notebook."""
    folder = Path.cwd().name
    return os.environ.get("COURSE_LANGUAGE", folder.partition("_")[2] if folder.startswith("notebooks_") else "")


def translate(text: str, into: str | None = None) -> str:
    """Return a text of the course in the reader's language; what no catalogue knows stays as it is.

    Looks line by line, in a line for as many sentences at once as a message has, and never further than a line, so
    that it does not matter how much is printed at once.
    """
    into = language() if into is None else into
    if not into or not text.strip():
        return text
    text = re.sub(r"(?m)^.*$", lambda line: _line(line[0], into), _several_lines(text, into))
    return text


def translate_page(page: str, into: str | None = None) -> str:
    """Translate the HTML of an output: what stands between its tags and in alt texts, but no answer's own text."""

    def part(found: re.Match) -> str:
        kept = found[0].startswith("<pre")
        return found[0] if kept else html.escape(translate(html.unescape(found[0]), into))

    return _PAGE.sub(part, page)


def translate_output(output: dict[str, Any], into: str | None = None) -> None:
    """Translate in place the content of an output as the kernel sends it and a notebook stores it."""
    for name in ("text", "evalue"):
        if name in output:
            output[name] = translate(output[name], into)
    if "traceback" in output:
        output["traceback"] = [translate(line, into) for line in output["traceback"]]
    data = output.get("data", {})
    for kind, change in (("text/plain", translate), ("text/html", translate_page)):
        if kind in data and not (kind == "text/plain" and "<pre" in data.get("text/html", "")):
            data[kind] = change(data[kind], into)


def install() -> None:
    """Translate from here on what this kernel shows. Does nothing for English, or a second time."""
    shell: Any = get_ipython()
    if not language() or not hasattr(shell, "kernel") or hasattr(shell, "_course_language"):
        return
    shell._course_language, send_error = language(), shell._showtraceback

    def hook(message: dict) -> dict:
        translate_output(message["content"])
        return message

    def show_error(kind, error, lines) -> None:
        send_error(kind, translate(str(error)), [translate(line) for line in lines])

    import sys

    for stream in (sys.stdout, sys.stderr):
        stream.register_hook(hook)  # type: ignore[attr-defined]
    shell.display_pub.register_hook(hook)
    shell._showtraceback = show_error

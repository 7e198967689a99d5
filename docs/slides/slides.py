"""Make slides of the lessons as they are stored: `make slides`, or python docs/slides/slides.py [LESSON ...]

Each lesson becomes one file, build/slides/LESSON.html, which opens with a double click and asks nobody for anything:
reveal.js, pictures and films are inside. A lesson needs no marks for it. A heading begins a slide; code, outputs,
lists, tables and what begins in bold are shown; a paragraph is what a presenter says, so it becomes the speaker note.
Where a part of a lesson is prose alone, the prose is shown. `deck.js` cuts in the browser what is too tall for a slide.
"""

import base64
import html
import mimetypes
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import mistune
import nbformat
import pygments
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from course.exercises.exercise import EXERCISES
from course.language import language_of, translate

ROOT = Path(__file__).resolve().parents[2]
HERE, NOTEBOOKS = Path(__file__).parent, ROOT / os.environ.get("LESSONS", "notebooks")
LANGUAGE = language_of(NOTEBOOKS.name)
OUT = ROOT / "build" / NOTEBOOKS.name.replace("notebooks", "slides")
REVEAL = ROOT / "build" / "reveal" / "sphinx_revealjs" / "_static" / "revealjs"
# A fence as a whole, a heading, or what stands between empty lines; what is indented after one goes on with its list.
BLOCK = re.compile(r"^```.*?^```|^#+ [^\n]*|[^\n](?:(?!\n{2,}(?! )|\n#+ |\n```).)*", re.M | re.S)
SHOWN = re.compile(r"\||[-*] |\d+\. |```|!\[|\*\*")  # how a block begins that is shown: bold text is a key point
LED_TO = re.compile(r"\||[-*] |\d+\. |```")  # what the sentence before it leads to
MINUTES = re.compile(r"\*(\d+) minutes · exercises (\d+) more")
A_WORD, A_CODE_CELL = 60 / 150, 30  # seconds, by the rule for a lesson's minutes
markdown = mistune.create_markdown(plugins=["table"], escape=False)


def main(lessons: list[str]) -> None:
    """Write the slides of these lessons, or of all."""
    paths = {path.stem: path for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
    if unknown := [name for name in lessons if name not in paths]:
        sys.exit(f"There is no lesson {unknown[0]}; lessons are: {', '.join(paths)}")
    if not REVEAL.is_dir():
        pin = re.search(r"sphinx-revealjs==\S+", read(ROOT / "docs" / "requirements.txt"))[0]
        command = subprocess.list2cmdline([sys.executable, "-m", "pip", "install", "--no-deps", "--target"])
        sys.exit(f"reveal.js is missing; {command} build/reveal {pin} fetches it.")
    OUT.mkdir(parents=True, exist_ok=True)
    for path in map(paths.get, lessons or paths):
        target = OUT / f"{path.stem}.html"
        target.write_text(page(path), "utf-8")
        print(target.relative_to(ROOT))


def page(path: Path) -> str:
    """Return the whole file of a lesson's slides."""
    notebook = nbformat.read(path, 4)
    title = notebook.cells[0].source.partition("\n")[0].lstrip("# ")
    parts = {
        "lang": LANGUAGE or "en",
        "sources": translate("pictures: see asset/SOURCES.csv", LANGUAGE),
        "title": html.escape(f"{path.stem[:2]} {title}"),
        "css": "\n".join([read(REVEAL / "dist" / "reveal.css"), colours(), colours(".dark "), read(HERE / "deck.css")]),
        "reveal": "\n".join(map(read, (REVEAL / "dist" / "reveal.js", REVEAL / "plugin" / "notes" / "notes.js"))),
        "deck": read(HERE / "deck.js"),
        "sections": "\n".join(sections(notebook, path)),
    }
    for name in ("reveal", "deck"):
        parts[name] = parts[name].replace("</script", r"<\/script")
    return re.sub(r"\{\{ (\w+) \}\}", lambda found: parts[found[1]], read(HERE / "deck.html"))


def sections(notebook, path: Path):
    """Yield the parts of a lesson, from a heading to the next; each block knows how many seconds it is to take."""
    parts, chapter, is_exercise = [], "", False
    english = nbformat.read(ROOT / "notebooks" / path.name, 4) if LANGUAGE else notebook
    for (heading, cells), (in_english, _) in zip(headings(notebook), headings(english), strict=True):
        level, title = len(heading) - len(heading.lstrip("#")), markdown(f"# {heading.lstrip('# ')}").strip()[4:-5]
        kicker = f'<p class="kicker">{chapter}</p>' if level == 3 else ""
        chapter = chapter if level == 3 else title
        is_exercise = (is_exercise or in_english == "## Exercises") and in_english != "## What you did"
        header = f"<header>{kicker}<h{level}>{title}</h{level}></header>"
        parts.append((is_exercise, header, list(blocks_of(cells, path, is_exercise))))
    minutes = MINUTES.search(english.cells[0].source).groups()  # of the lesson, of its exercises
    needed = [0.0, 0.0]
    for kind, _, blocks in parts:
        needed[kind] += sum(seconds for seconds, _, _ in blocks)
    for kind, header, blocks in parts:
        pace = int(minutes[kind]) * 60 / needed[kind]
        divs = [
            f'<div class="{role}" data-seconds="{seconds * pace:.1f}">{text}</div>' for seconds, role, text in blocks
        ]
        if divs:
            yield "\n".join(["<section>", header, *divs, "</section>"])


def headings(notebook):
    """Yield (heading, what stands below it): texts of Markdown blocks, and code cells."""
    heading, below = "", []
    for cell in notebook.cells:
        for block in [cell] if cell.cell_type == "code" else BLOCK.findall(cell.source):
            if isinstance(block, str) and block.startswith("#"):
                if heading:
                    yield heading, below
                heading, below = block, []
            elif not isinstance(block, str) or block.strip():
                below.append(block.strip() if isinstance(block, str) else block)
    yield heading, below


def blocks_of(cells, path: Path, is_exercise: bool):
    """Yield (seconds, role, HTML) of each block.

    A lead stays beside the block after it. A note goes with what comes next, and a remark with what was before: the
    last paragraph between two blocks leads on, those above it look back.
    """
    is_shown = [not isinstance(cell, str) or bool(SHOWN.match(cell)) for cell in cells]
    is_prose = not any(is_shown)
    for at, cell in enumerate(cells):
        if not isinstance(cell, str):
            yield A_CODE_CELL, "", f'<div class="cell">{"".join(code(cell, path, is_exercise))}</div>'
            if is_exercise:
                yield 0, "remark", solution(cell)
            continue
        seconds, block = len(cell.split()) * A_WORD, embed(markdown(cell), path)
        after = cells[at + 1] if at + 1 < len(cells) else ""
        leads_to_text = isinstance(after, str) and LED_TO.match(after)
        *_, last = re.split(r"(?<=[.?!]) (?=[A-Z가-힣`*])", cell)
        if fenced := re.fullmatch(r"```(\w*)\n(.*)```", cell, re.S):
            block = lines("code", coloured(fenced[2], fenced[1]))
        if cell.startswith("*") and " · " in cell:
            yield 0, "", block.replace("<p>", '<p class="kicker">')
        elif is_prose or is_exercise or is_shown[at]:
            yield seconds, "lead" if cell.endswith(":") or is_exercise else "", block
        elif leads_to_text and last == cell:
            yield seconds, "lead", block
        else:
            looks_back = any(is_shown[:at]) and isinstance(after, str) and not leads_to_text
            yield seconds, "remark" if looks_back else "note", block
            if leads_to_text:
                yield 0, "lead", embed(markdown(last), path)


def code(cell, path: Path, is_exercise: bool):
    """Yield a cell's code, then its outputs: lines of text, the page of a figure, an answer or a film, an error."""
    yield lines("code", coloured(cell.source))
    for output in [] if is_exercise else cell.outputs:
        data = output.get("data", {})
        if "text/html" in data:
            yield f'<div class="page">{embed(data["text/html"], path)}</div>'
        elif output.output_type == "error":
            yield lines("error", html.escape(f"{output.ename}: {output.evalue}"))
        else:
            yield lines("out", html.escape(output.get("text") or data["text/plain"]))


def coloured(source: str, language: str = "python") -> str:
    return pygments.highlight(source, get_lexer_by_name(language), HtmlFormatter(nowrap=True))


def lines(kind: str, text: str) -> str:
    """Return a <pre> whose lines are elements, so that it can be cut between two of them."""
    return f'<pre class="{kind}">{"".join(f"<code>{line}</code>" for line in text.rstrip().split(chr(10)))}</pre>'


def solution(cell) -> str:
    """Return hint and solution of an exercise, for the presenter alone."""
    number = re.search(r'exercises\.check\("([\d.]+)"', cell.source)[1]
    import_module(f"course.exercises.lesson_{number[:2]}")
    exercise = EXERCISES[number]
    code = html.escape(exercise.solution.strip())
    solved = f'<p>{translate("Solution:", LANGUAGE)}</p><pre style="white-space:pre-wrap">{code}</pre>'
    hint, why = (translate(text, LANGUAGE) for text in (f"Hint for {number}: {exercise.hint}", f"Why: {exercise.why}"))
    return f"{markdown(hint)}{solved}{markdown(why)}"


def embed(block: str, path: Path) -> str:
    """Put pictures and films of the course into the page; a link to another lesson leads to its slides, if at all."""

    def inside(found):
        file = path.parent / found[1]
        data = base64.b64encode(file.read_bytes()).decode()
        return f'src="data:{mimetypes.guess_type(file.name)[0]};base64,{data}"'

    block = re.sub(r'src="(\.\./asset/[^"]+)"', inside, block)
    block = re.sub(r'href="(\d\d_\w+)\.ipynb(#[^"]*)?"', r'href="\1.html"', block)
    return re.sub(r'<a href="(?!https:|\d\d_)[^"]*">(.*?)</a>', r"\1", block)


def colours(before: str = "") -> str:
    """Return the colours of code: on a light page, or below .dark on a dark one."""
    return HtmlFormatter(style="github-dark" if before else "xcode").get_style_defs(f"{before}.code")


def read(path: Path) -> str:
    return path.read_text("utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

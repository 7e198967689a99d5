"""The course in another language, which cannot drift: python docs/translate.py update|check|build [LANGUAGE]

The text of lessons, of README.md and of two documents in docs is translated paragraph by paragraph, in a catalogue
for each in docs/locale/LANGUAGE, which any editor for gettext opens. What the course's code says is in messages.po,
and course/language.py shows it. Code and ids of cells are those of the English notebook; of outputs the course's own
sentences alone differ.

update  a new paragraph comes in empty; where the English changed, the translation stays, is marked fuzzy and stands
        beside the English of before; what is gone is dropped
check   name what is missing, out of date, or has other code, links, numbers or emphasis than its English; 1 if any
build   write notebooks_LANGUAGE, README.LANGUAGE.md and its like; what check names is in English
"""

import ast
import calendar
import html
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from io import BytesIO
from pathlib import Path

import nbformat
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from course.assets import our_files  # noqa: E402
from course.exercises.checking import in_lines  # noqa: E402
from course.language import LOCALE, translate, translate_output  # noqa: E402

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DOCUMENTS = [ROOT / name for name in ("README.md", "docs/workshop.md", "docs/local_models.md")]
NOTE = "Code, answers and the errors of services stay in English."
HEADER = """msgid ""
msgstr ""
"Language: {}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""
# Sentences that the code puts together out of parts, and names of what it finds.
COMPOSED = LOCALE / "composed.txt"
LINK = re.compile(r"\]\(([^)\s]*)\)")
# What is to be the same in both languages, and is no longer looked at after its line.
SAME = {
    "code": re.compile(r"`[^`]+`"),
    "links": LINK,
    "places": re.compile(r"\{\w*\}"),
    "rows": re.compile(r"(?m)^ *(?:\||-|\d+\.|#+) "),
    "bold words": re.compile(r"\*\*"),
    "emphasis": re.compile(r"\*"),
    "numbers": re.compile(r"\d+(?:[.,]\d+)*"),
}
# Numbers that English writes as words, and Korean may write in digits.
IN_WORDS = {month: str(number) for number, month in enumerate(calendar.month_name) if month}
IN_WORDS |= {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8"}
IN_WORDS |= {"nine": "9", "ten": "10", "eleven": "11", "twelve": "12", "fifteen": "15", "twenty": "20", "thirty": "30"}
IN_WORDS |= {"fifty": "50", "hexadecimal": "16"}
ALT, PICTURE_OF = re.compile('alt="([^"]*)"'), re.compile(r" *Picture \d+ of \d+(?: \(.*?\))?: ")
MADE_ALT = ("Boxes on a picture", "What the model gets")  # by helpers.plotting, of messages
HEADING = re.compile(r"(?m)^#+ (.+)$")
COMMENT = re.compile(r"(?m)(?<=# ).*$")
A_WORD = re.compile(r"(?:^|(?<= ))[\"(“]?[A-Za-z][a-z]+(?=[ ,;:.?!)”\"]|$)")
NO_TEXT = re.compile(r"""<|\(\?|^[A-Z]{4,} |_ |^[{]"|^"\w+":""")  # but HTML, a pattern, SQL, JSON
# An exercise's verdict or hint, which is filled to a width.
FILLED = re.compile(r"(?m)^(?:\d\d\.\d is |Hint for ).*(?:\n(?!exercises\.hint|\d\d\.\d is ).+)*")


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a Markdown text; empty lines inside a fence divide nothing."""
    found: list[list[str]] = [[]]
    fenced = False
    for line in text.strip().splitlines():
        fenced ^= line.lstrip().startswith("```")
        if line.strip() or fenced:
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return ["\n".join(lines) for lines in found]


def said_in(source: str) -> Iterator[str]:
    """Yield the messages of Python code: texts of words, with `{name}` or `{1}` for what is filled in."""
    nodes = list(ast.walk(ast.parse(source)))
    known = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}  # docstrings
    known |= {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            text = "".join(_piece(part, n) for n, part in enumerate(node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in known:
            text = node.value
        else:
            continue
        if "exercises.check(" in text:  # a solution
            yield from (comment[0] for comment in COMMENT.finditer(text) if " " in comment[0])
        elif _has_words(text):
            yield text.strip()


def _has_words(text: str) -> bool:
    words = A_WORD.findall(re.sub(r"\{\w+\}", "", text))
    return " " in text and len(words) > (text[-1:] != ".") and not NO_TEXT.search(text.strip())


def alts(cell: nbformat.NotebookNode) -> Iterator[str]:
    """Yield the alt texts of the figures that a cell shows, each picture's alone."""
    for output in cell.get("outputs", ()):
        for alt in ALT.findall(output.get("data", {}).get("text/html", "")):
            if not alt.startswith(MADE_ALT):
                yield from (one for one in PICTURE_OF.split(html.unescape(alt)) if " " in one)


def _piece(part: ast.expr, number: int) -> str:
    if isinstance(part, ast.Constant):
        return part.value
    value = part.value
    return f"{{{getattr(value, 'id', None) or getattr(value, 'attr', None) or number}}}"


def sources() -> dict[str, list[tuple[str | None, str]]]:
    """Return what there is to translate, by the name of its catalogue: (id of the cell or None, English)."""
    found: dict[str, list[tuple[str | None, str]]] = {}
    found["messages"] = [(None, text) for text in [NOTE, *COMPOSED.read_text("utf-8").splitlines()]]
    for path in [*sorted(ROOT.glob("course/**/*.py")), *sorted(ROOT.glob("helpers/**/*.py"))]:
        if path.name != "language.py":
            found["messages"] += [(None, text) for text in said_in(path.read_text("utf-8"))]
    found["messages"] += [(None, row["alt"]) for row in our_files() if row["alt"]]
    for path in NOTEBOOKS:
        cells = nbformat.read(path, 4).cells
        texts = [(cell.id, text) for cell in cells if cell.cell_type == "markdown" for text in paragraphs(cell.source)]
        found[path.stem] = texts
        found["messages"] += [(None, alt) for cell in cells for alt in alts(cell)]
    return found | {path.stem: [(None, text) for text in paragraphs(path.read_text("utf-8"))] for path in DOCUMENTS}


def read(name: str, language: str) -> Catalog:
    path = LOCALE / language / f"{name}.po"
    return read_po(BytesIO(path.read_bytes()), language) if path.is_file() else Catalog(language)


def write(name: str, language: str, catalogue: Catalog) -> None:
    for message in catalogue:
        message.flags -= {"python-format", "python-brace-format"}
    write_po(file := BytesIO(), catalogue, width=100, omit_header=True, include_previous=True, ignore_obsolete=True)
    text = HEADER.format(language) + file.getvalue().decode().strip() + "\n"
    (LOCALE / language / f"{name}.po").write_text(text, "utf-8")


def update(language: str) -> int:
    (LOCALE / language).mkdir(parents=True, exist_ok=True)
    for name, texts in sources().items():
        known, fresh = read(name, language), Catalog(language)
        for context, text in texts:
            fresh.add(text, context=context)
        known.update(fresh)
        write(name, language, known)
    return 0


def differences(english: str, other: str) -> list[str]:
    """Name what must be the same in both languages and is not."""
    if "```" in english:
        return [] if COMMENT.sub("", english) == COMMENT.sub("", other) else ["code in the fence"]
    for ending in re.findall(r"(?<=[a-z])\{\w*\}", english):  # answer{s}: not every language needs it
        english = english if ending in other else english.replace(ending, "", 1)
    found = []
    in_words = Counter(number for word, number in IN_WORDS.items() if re.search(rf"(?i)\b{word}\b", english))
    for what, pattern in SAME.items():
        ours, theirs = (Counter(pattern.findall(text)) for text in (english, other))
        # Korean may write as a number what English writes as a word.
        if wrong := [*(ours - theirs), *(theirs - ours - (in_words if what == "numbers" else Counter()))]:
            found.append(f"{what} {', '.join(map(repr, wrong))}")
        english, other = (pattern.sub(" ", text) for text in (english, other))  # code holds no links, and so on
    return found


def problems(language: str) -> list[str]:
    """Name every text that is missing, out of date, or differs in what must be the same."""
    found = []
    for name, texts in sources().items():
        known, wanted = read(name, language), set(texts)
        found += [
            f"{name}: no longer in the English: {m.id[:70]!r}"
            for m in known
            if m.id and (m.context, m.id) not in wanted
        ]
        for context, text in dict.fromkeys(texts):
            message, where = known.get(text, context), f"{name} {context or ''}".strip()
            if not (message and message.string):
                found.append(f"{where}: not translated: {text[:70]!r}")
            elif message.fuzzy:
                found.append(f"{where}: its English changed: {text[:70]!r}")
            elif wrong := differences(text, message.string):
                found.append(f"{where}: not as in the English: {'; '.join(wrong)}: {text[:70]!r}")
    return found


def check(language: str) -> int:
    """Print what is wrong; 1 if anything is."""
    print(*(found := problems(language)), sep="\n")
    return int(bool(found))


def translated(texts: list[tuple[str | None, str]], known: Catalog) -> Iterator[str]:
    """Yield each paragraph in the other language, or in English where its translation does not hold."""
    for context, text in texts:
        message = known.get(text, context)
        yield message.string if message and message.string and not message.fuzzy else text


def anchors(texts: Iterable[str], is_document: bool = False) -> list[str]:
    """Return what `#…` may name in these Markdown texts: in JupyterLab, or in a document on GitHub."""
    titles = [title.strip() for text in texts for title in HEADING.findall(text)]
    titles = [re.sub(r"[^\w -]", "", title.lower()) for title in titles] if is_document else titles
    return [title.replace(" ", "-") for title in titles]


def made(language: str) -> dict[Path, str]:
    """Return the lessons and documents in this language, by the path where they belong."""
    english = sources()
    other = {name: list(translated(texts, read(name, language))) for name, texts in english.items()}
    # Where a link leads to a heading, its anchor is made of the heading's own words.
    moved = {}
    for name, texts in english.items():
        here = name in {path.stem for path in DOCUMENTS}
        pairs = zip(anchors((text for _, text in texts), here), anchors(other[name], here), strict=False)
        moved[name] = dict(pairs)

    def lead(here: str, link: re.Match) -> str:
        target, _, anchor = link[1].partition("#")
        anchor = moved.get(Path(target).stem if target else here, {}).get(anchor, anchor)
        if Path(target).name in {path.name for path in DOCUMENTS}:
            target = target.replace(".md", f".{language}.md")
        return f"]({target}{'#' * bool(anchor)}{anchor})"

    files = {}
    for path in DOCUMENTS:
        text = LINK.sub(partial(lead, path.stem), "\n\n".join(other[path.stem]))
        files[path.with_suffix(f".{language}.md")] = text + "\n"
    for path in NOTEBOOKS:
        notebook, texts = nbformat.read(path, 4), iter(other[path.stem])
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                text = "\n\n".join(next(texts) for _ in paragraphs(cell.source))
                cell.source = LINK.sub(partial(lead, path.stem), text)
            for output in cell.get("outputs", ()):
                if "exercises." in cell.source and "text" in output:
                    output.text = FILLED.sub(lambda said: in_lines(said[0].replace("\n", " "), language), output.text)
                translate_output(output, language)
        notebook.cells[0].source += f"\n\n{translate(NOTE, language)}"
        files[ROOT / f"notebooks_{language}" / path.name] = nbformat.writes(notebook) + "\n"
    return files


def build(language: str) -> int:
    """Write the lessons and documents in this language."""
    for path, text in made(language).items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    action, language = (*sys.argv[1:], "ko")[:2]
    sys.exit({"update": update, "check": check, "build": build}[action](language))

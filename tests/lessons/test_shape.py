"""The shape of a lesson, as its reader meets it: headings, links, code, the top and the end.

`problems_of_shape(notebook, path)` yields a sentence a problem; below, lesson 00 is broken to see that it does.
"""

import ast
import io
import re
import tokenize
from itertools import pairwise, takewhile
from urllib.parse import unquote, urlsplit

import pytest

from tests.lessons.lesson import LESSONS, NAMES, README, code_cells, read

# A link's text that says nothing of where it leads, for a reader who hears the links alone.
NO_LINK_TEXT = re.compile(r"(?i)(click )?here|(this |the )?(link|page|site)|(read |see )?more|https?://.*|www\..*|")
LINK = re.compile(r"\[([^\[\]]*)\]\(([^()\s]*)\)")
PICTURE = re.compile(r"!\[([^\[\]]*)\]\(([^()\s]*)\)")


def texts_of(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def parts_of(notebook):
    """[(level, title, text), …] of each heading with the text up to the next one, without what stands in fences."""
    text = re.sub(r"(?ms)^ *(```+|~~~+).*?^ *\1[ \t]*$", "", "\n\n".join(texts_of(notebook)))
    _, *split = re.split(r"(?m)^(#{1,6})[ \t]+(.*?)[ \t#]*$", text)
    return [(len(marks), title, text) for marks, title, text in zip(*[iter(split)] * 3, strict=True)]


def anchors_of(notebook):
    """What `#…` may name: JupyterLab makes an anchor of each heading by putting - for spaces."""
    return {re.sub(r"[*`]", "", title).replace(" ", "-") for _, title, _ in parts_of(notebook)}


def problems_of_links(notebook, path):
    """What is wrong with links and pictures in the text; a web address is not fetched."""
    text = "\n".join(text for _, title, below in parts_of(notebook) for text in (title, below))
    text = re.sub(r"`[^`\n]*`", "code", text)
    targets = [target for _, target in PICTURE.findall(text)]
    text = PICTURE.sub(r"\1", text)
    for said, target in LINK.findall(text):
        targets.append(target)
        if NO_LINK_TEXT.fullmatch(said.strip(" .*")):
            yield f"the text of the link [{said}]({target}) does not say where it leads"
    if found := re.search(r"https?://\S+|\S*\]\([^)]*\)?|\]\[\S*", LINK.sub("", text)):
        yield f"an address or a link that is not written as [text](target): {found[0]}"
    for target in targets:
        address, anchor = urlsplit(target), unquote(target.partition("#")[2])
        file = path.parent / unquote(address.path) if address.path else path
        if address.scheme or address.netloc:
            if address.scheme != "https":
                yield f"no https address: {target}"
        elif not (file.resolve().is_relative_to(path.parent.parent) and file.is_file()):
            yield f"leads to no file of the course: {target}"
        elif anchor and anchor not in anchors_of(notebook if file == path else read(file)):
            yield f"leads to no heading: {target}"


def problems_of_headings(notebook):
    """What is wrong with headings, and with what stands below them."""
    parts = parts_of(notebook)
    levels = [level for level, _, _ in parts]
    if levels.count(1) != 1 or not re.match(r"# ", notebook.cells[0].source):
        yield "not one title, in the first line of the first cell"
    for before, after in pairwise(levels):
        if after > before + 1:
            yield f"a heading of level {after} below one of level {before}"
    for (level, title, text), after in zip(parts, [*levels[1:], 0], strict=True):
        if not re.search(r"\w", text) and after <= level:  # it may stand right above its first subheading
            yield f"nothing is said below the heading {title!r}"


def problems_of_code(notebook):
    """What is wrong with the code cells as a reader meets them."""
    modules, used = {}, set()
    for number, cell in enumerate(code_cells(notebook), 1):
        lines = len(cell.source.strip().splitlines())
        if not 1 <= lines <= (16 if number == 1 else 14):  # the first one holds all imports
            yield f"cell {number} has {lines} lines"
        tree = compile(cell.source, f"cell {number}", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        tokens = tokenize.generate_tokens(io.StringIO(cell.source).readline)
        if sum(token.type == tokenize.COMMENT for token in tokens) > 3:
            yield f"cell {number}: comments say what the text should, which is translated"
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module in ("helpers", "course"):
                modules |= {name.asname or name.name: name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("helpers.", "course.")):
                used |= {f"{node.module.partition('.')[2]}.{name.name}" for name in node.names}
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
                used.add(f"{modules[node.value.id]}.{node.attr}")
    if len(used) > 9:
        yield f"uses {len(used)} names of the helpers: {', '.join(sorted(used))}"


def problems_of_ends(notebook, path):
    """What is wrong at the top and at the end: minutes and aims, what was done, what comes next."""
    top, *_, end = texts_of(notebook)
    minutes = re.search(r"(?m)^\*(\d+) minutes( · .+)?\*$", top)
    row = re.search(rf"(?m)^\| *\[[^\]]+\]\(notebooks/{path.name}\) *\| *(\d+) *\|", README)
    if not minutes or not row or minutes[1] != row[1]:
        yield "the first cell and the README do not say the same minutes"
    # 150 words of text and tables a minute, half a minute a code cell; what is off by more than 3 is no honest number.
    lesson = list(takewhile(lambda cell: "## Exercises" not in cell.source, notebook.cells))
    words = [word for cell in lesson if cell.cell_type == "markdown" for word in cell.source.split()]
    codes = sum(cell.cell_type == "code" for cell in lesson)
    needed = sum(bool(re.search(r"\w", word)) for word in words) / 150 + codes / 2
    if minutes and (abs(int(minutes[1]) - needed) > 3 or int(minutes[1]) > 30):
        yield f"it says {minutes[1]} minutes, at most 30 are allowed, and it takes about {needed:.0f}"
    aims = re.search(r"(?m)^After this lesson you can\b.*\n+((?:[-*] .*\n?(?: +.*\n?)*)+)", top)
    bullets = re.findall(r"(?m)^[-*] .*", aims[1]) if aims else []
    verbs = [verb[1] for bullet in bullets if (verb := re.match(r"[-*] \*\*([a-z]+)\*\*", bullet))]
    if not 2 <= len(bullets) <= 4 or len(verbs) != len(bullets):
        yield "the first cell does not say in 2 to 4 bullets, each beginning with a bold verb, what one can do after it"
    did = re.findall(r"\*\*([a-z]+)\*\*", end.partition("## What you did\n")[2])
    for verb in verbs:
        # An inflected form will do: read and read, check and checked, choose and chosen.
        if not any(word.startswith(verb[: max(3, len(verb) - 3)]) for word in did):
            yield f"the recap, ## What you did, does not come back to **{verb}**"
    following, line = NAMES[NAMES.index(path.stem) + 1 :][:1], re.search(r"(?m)^Next: .+", end)
    if not line or (following and [f"{following[0]}.ipynb"] != [target for _, target in LINK.findall(line[0])]):
        yield f"the last text does not say what comes next, or does not link to {following}"


def problems_of_adapting(notebook, name):
    """What is missing in the part that a reader makes their own."""
    sources = [cell.source for cell in notebook.cells]
    begins = [n for n, source in enumerate(sources) if re.search(r"(?m)^## Adapt this", source)]
    exercises = next((n for n, source in enumerate(sources) if source.startswith("## Exercises")), 0)
    if len(begins) != 1 or begins[0] >= exercises:
        yield "no part ## Adapt this before the exercises"
        return
    part = notebook.cells[begins[0] : exercises + 1]
    code = [cell.source for cell in part if cell.cell_type == "code"]
    if not code or not re.match(
        r"MY_PICTURES? = .+\nMY_PROMPT = .+\nMY_DETAIL = .+\n|MY_(VIDEO|FOLDER) = .+\n", code[0]
    ):
        yield "its code does not begin with MY_PICTURE, MY_PROMPT and MY_DETAIL"
    if not any(f'recording.start("{name}", mode="live")' in cell.source for cell in part if cell.cell_type != "code"):
        yield "it does not say how to go live"
    if not re.search(r"\b(estimate|bill|request_tokens)\(", "".join(code)):
        yield "it does not say beforehand what it costs"


def problems_of_shape(notebook, path):
    """What a reader misses in a lesson, a sentence each; README and the lessons beside it are looked at, too."""
    yield from problems_of_adapting(notebook, path.stem)
    yield from problems_of_headings(notebook)
    yield from problems_of_links(notebook, path)
    yield from problems_of_code(notebook)
    yield from problems_of_ends(notebook, path)


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_lesson_has_its_shape(path):
    assert list(problems_of_shape(read(path), path)) == []


# What stands once in a cell of lesson 00, what comes instead, what is said about it.
BREAKS = [
    ("# Start here", "Start here", "not one title"),
    ("## Look inside", "#### Look inside", "a heading of level 4 below one of level 2"),
    ("## Look inside", "## Look\n\n## Look inside", "nothing is said below the heading 'Look'"),
    ("Compare the", "[here](#See) compare the", "does not say where it leads"),
    ("Compare the", "https://a.example compare the", "an address or a link that is not written as"),
    ("Compare the", "[see](http://a.example) compare the", "no https address"),
    ("Compare the", "[see](../READ.md) compare the", "leads to no file of the course: ../READ.md"),
    ("Compare the", "[see](#Sea) compare the", "leads to no heading: #Sea"),
    ("Compare the", "[see](01_url_input.ipynb#Sea) compare the", "leads to no heading: 01_url_input.ipynb#Sea"),
    ("recording.show_answer(answer)", "\n", " has 0 lines"),
    ("recording.show_answer(answer)", "1\n" * 15, " has 15 lines"),
    ("recording.show_answer(answer)", "# a\n# b\n# c\n1  # d", "comments say"),
    ("recording.show_answer(answer)", "\n".join(f"plotting.a{n}" for n in range(10)), " names of the helpers: "),
    (" minutes · ", "0 minutes · ", "do not say the same minutes"),
    (" minutes · ", "0 minutes · ", "and it takes about"),
    ("After this lesson you can", "You will learn", "what one can do after it"),
    ("## What you did", "## Done", "does not come back to **"),
    ("Next:", "After this:", "does not say what comes next"),
    ("## Adapt this", "## Change this", "no part ## Adapt this"),
    ("MY_PROMPT =", "ASK =", "does not begin with MY_PICTURE"),
    (".estimate(", ".show(", "what it costs"),
]


@pytest.mark.parametrize(("there", "instead", "says"), BREAKS)
def test_a_lesson_out_of_shape_is_noticed(there, instead, says):
    lesson = read(LESSONS[0])
    cell = next(cell for cell in lesson.cells if there in cell.source)
    cell.source = cell.source.replace(there, instead, 1)
    assert any(says in sentence for sentence in problems_of_shape(lesson, LESSONS[0]))

"""The shape of a lesson, as its reader meets it: headings, links, code, the top and the end.

`problems_of_shape(notebook, path, readme)` yields a sentence a problem; each check is shown to fail on a broken copy.
"""

import ast
import io
import re
import tokenize
from itertools import pairwise
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.lessons.test_notebooks import LESSONS, NAMES, README, code_cells, read

# A link's text that says nothing of where it leads, for a reader who hears the links alone.
NO_LINK_TEXT = re.compile(r"(?i)(click )?here|(this |the )?(link|page|site)|(read |see )?more|https?://.*|www\..*|")
LINK = re.compile(r"\[([^\[\]]*)\]\(([^()\s]*)\)")
PICTURE = re.compile(r"!\[([^\[\]]*)\]\(([^()\s]*)\)")


def parts_of(notebook):
    """[(level, title, text), …] of each heading with the text up to the next one, without what stands in fences."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    text = re.sub(r"(?ms)^ *(```+|~~~+).*?^ *\1[ \t]*$", "", text)
    _, *split = re.split(r"(?m)^(#{1,6})[ \t]+(.*?)[ \t#]*$", text)
    return [(len(marks), title, text) for marks, title, text in zip(*[iter(split)] * 3, strict=True)]


def words_of(text):
    """The words of prose in markdown: no table, no picture, no mark-up."""
    text = re.sub(r"(?m)^ *\|.*$|<[^>]*>", "", PICTURE.sub("", text))
    return [word for word in LINK.sub(r"\1", text).split() if re.search(r"\w", word)]


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
    text = LINK.sub("", text)
    if found := re.search(r"https?://\S+", text):
        yield f"a bare address in the text: {found[0]}"
    if found := re.search(r"\S*\]\([^)]*\)?|\]\[\S*", text):
        yield f"a link that is not written as [text](target): {found[0]}"
    for target in targets:
        address, file, anchor = urlsplit(target), path, unquote(target.partition("#")[2])
        if address.scheme or address.netloc:
            if address.scheme != "https" or not re.fullmatch(r"[\w-]+(\.[\w-]+)+", address.netloc):
                yield f"no https address: {target}"
            continue
        if address.path:
            file = path.parent / unquote(address.path)
            inside = not address.path.startswith("/") and file.resolve().is_relative_to(path.parent.parent.resolve())
            if not (inside and file.is_file()):
                yield f"leads to no file of the course: {target}"
                continue
        elif not anchor:
            yield f"a link to nothing: {target}"
        there = notebook if file == path else read(file) if file.suffix == ".ipynb" else None
        if anchor and (there is None or anchor not in anchors_of(there)):
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
        # A heading may stand right above its first subheading.
        if not words_of(text) and after <= level:
            yield f"nothing is said below the heading {title!r}"
    if (count := sum(len(words_of(text)) for _, _, text in parts)) < 120:
        yield f"only {count} words explain the code"


def problems_of_code(notebook):
    """What is wrong with the code cells as a reader meets them."""
    modules, used = {}, set()
    for number, cell in enumerate(code_cells(notebook), 1):
        lines = cell.source.strip().splitlines()
        if not lines:
            yield f"cell {number} is empty"
        if len(lines) > (16 if number == 1 else 14):  # the first one holds all imports
            yield f"cell {number} has {len(lines)} lines"
        try:
            tree = compile(cell.source, f"cell {number}", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError as error:
            yield f"cell {number} is not Python: {error}"
            continue
        tokens = tokenize.generate_tokens(io.StringIO(cell.source).readline)
        if sum(token.type == tokenize.COMMENT for token in tokens) > 3:
            yield f"cell {number}: comments say what the text should, which is translated"
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module in ("helpers", "course"):
                modules |= {name.asname or name.name: name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("helpers.", "course.")):
                used |= {f"{node.module.partition('.')[2]}.{name.name}" for name in node.names}
            elif isinstance(node, ast.Import) and any(re.match(r"(helpers|course)\b", n.name) for n in node.names):
                yield f"cell {number}: helpers come by `from helpers import …`"
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
                used.add(f"{modules[node.value.id]}.{node.attr}")
    if len(used) > 6:
        yield f"uses {len(used)} names of the helpers: {', '.join(sorted(used))}"


def problems_of_ends(notebook, path, readme):
    """What is wrong at the top and at the end: minutes and aims, what was done, what comes next."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    minutes = re.search(r"(?m)^\*(\d+) minutes( · .+)?\*$", texts[0])
    row = re.search(rf"(?m)^\| *\[[^\]]+\]\(notebooks/{path.name}\) *\| *(\d+) *\| *[^ |].*\|$", readme)
    if not minutes:
        yield "the first cell does not say how many minutes it takes"
    if not row:
        yield "README has no row for it"
    if minutes and row and minutes[1] != row[1]:
        yield f"{minutes[1]} minutes here, {row[1]} in the README"
    aims = re.search(r"(?m)^After this lesson you can\b.*\n+((?:[-*] .*\n?(?: +.*\n?)*)+)", texts[0])
    bullets = re.findall(r"(?m)^[-*] .*", aims[1]) if aims else []
    verbs = [verb[1] for bullet in bullets if (verb := re.match(r"[-*] \*\*([a-z]+)\*\*", bullet))]
    if not 2 <= len(bullets) <= 4 or len(verbs) != len(bullets):
        yield "the first cell does not say in 2 to 4 bullets, each beginning with a bold verb, what one can do after it"
    _, recap, end = texts[-1].partition("## What you did\n")
    if not recap:
        yield "the last text is no recap, ## What you did"
    did = re.findall(r"\*\*([a-z]+)\*\*", end)
    for verb in verbs:
        # An inflected form will do: read and read, check and checked, choose and chosen.
        if not any(word.startswith(verb[: max(3, len(verb) - 3)]) for word in did):
            yield f"the recap does not come back to **{verb}**"
    lessons = sorted(lesson.name for lesson in path.parent.glob("*.ipynb"))
    following = lessons[lessons.index(path.name) + 1 :][:1]
    line = re.search(r"(?m)^Next: .+", end)
    if not line:
        yield "the last text does not say what comes next"
    elif following and following != [target for _, target in LINK.findall(line[0])]:
        yield f"Next: does not link to {following[0]}"


def problems_of_shape(notebook, path, readme):
    """What a reader misses in a lesson, a sentence each; README and the lessons beside it are looked at, too."""
    yield from problems_of_headings(notebook)
    yield from problems_of_links(notebook, path)
    yield from problems_of_code(notebook)
    yield from problems_of_ends(notebook, path, readme)


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_lesson_has_its_shape(path):
    assert list(problems_of_shape(read(path), path, README)) == []


# --- each check is shown to fail ---

TOP = """# A picture

*10 minutes · free in replay*

After this lesson you can

- **read** a picture
  from the disk,
- **choose** a size.
"""
# Whoever reads this knows that "[no link](nowhere)" in code is none.
SEE = """## See it

Look first, see [the README](../README.md) and [what changes](#The-size-changes). [Where it is from](https://example.org/a#b)
is told in [the next lesson](08_next.ipynb#Much-more), where `a[0](b)` is code.

```python
# no title
[no link](nowhere)
```

![A cup](../asset/cup.png)
"""
END = """## What you did

In this lesson you **read** a picture and have **chosen** a size.

Next: [08 Much more](08_next.ipynb)
"""
CODE = """from course import recording
from helpers import plotting
from helpers.tokens import price as cents  # one name
recording.start("07_lesson")
recording.model, plotting.show, plotting.show, plotting.install
# recording.stop and recording.show_answer are only spoken of
await cents(plotting)"""


@pytest.fixture
def shaped(tmp_path):
    """A lesson in which everything is in its place, by the names that SHAPE_BREAKS uses."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "asset").mkdir()
    for name in ("README.md", "asset/cup.png", "notebooks/07_lesson.ipynb"):
        (tmp_path / name).touch()
    following = new_notebook(cells=[new_markdown_cell("# Much more")])
    nbformat.write(following, tmp_path / "notebooks" / "08_next.ipynb")
    table = f"| size | cost |\n|---|---|\n| {'cell ' * 90} | 1 |\n"
    prose = f"## Change\n\n### The `size` changes\n\n{'word ' * 90}\n\n{table}"
    texts = {
        "top": TOP,
        "see": SEE,
        "code": CODE,
        "prose": prose,
        "short": "size = 3",
        "end": END,
        "README": "| lesson | minutes | after it |\n|---|---|---|\n| [07 A](notebooks/07_lesson.ipynb) | 10 | read |\n",
    }
    assert shape_problems(texts, tmp_path) == []
    return texts


def shape_problems(texts, folder):
    cells = [
        (new_code_cell if name in ("code", "short") else new_markdown_cell)(text)
        for name, text in texts.items()
        if name != "README"
    ]
    path = folder / "notebooks" / "07_lesson.ipynb"
    return list(problems_of_shape(new_notebook(cells=cells), path, texts["README"]))


# name: (where, what stands there, what is put in its place, what is said about it)
SHAPE_BREAKS = {
    "two titles": ("see", "## See it", "# See it", "not one title"),
    "no title": ("top", "# A picture", "A picture", "not one title"),
    "a title below the top": ("top", "# A picture", "Welcome.\n\n# A picture", "not one title"),
    "a level left out": ("prose", "### The", "#### The", "a heading of level 4 below one of level 2"),
    "a heading alone": ("prose", "## Change", "### Nothing\n\n## Change", "below the heading 'Nothing'"),
    "a table alone": ("prose", "word " * 90, "", "nothing is said below the heading 'The `size`"),
    "few words": ("prose", "word " * 90, "word " * 60, "words explain the code"),
    "no such file": ("see", "../README.md", "../READ.md", "leads to no file of the course: ../READ.md"),
    "no such picture": ("see", "cup.png", "tea.png", "leads to no file of the course: ../asset/tea.png"),
    "a file elsewhere": ("see", "../README.md", "/etc/passwd", "leads to no file of the course: /etc/passwd"),
    "a folder": ("see", "../README.md", "../asset", "leads to no file of the course"),
    "no such heading": ("see", "#The-size-changes", "#the-size", "leads to no heading: #the-size"),
    "no such heading there": ("see", "#Much-more", "#Less", "leads to no heading: 08_next.ipynb#Less"),
    "an anchor in what has none": ("see", "../README.md", "../README.md#top", "leads to no heading"),
    "an empty link": ("see", "(#The-size-changes)", "()", "a link to nothing"),
    "a link to #": ("see", "(#The-size-changes)", "(#)", "a link to nothing"),
    "a link with a space": ("see", "../README.md", "../READ ME.md", "a link that is not written"),
    "a reference": ("see", "[the README](../README.md)", "[the README][1]", "a link that is not written"),
    "http": ("see", "https://example", "http://example", "no https address"),
    "an address without a host": ("see", "https://example.org", "https://example", "no https address"),
    "another scheme": ("see", "https://example.org", "file://example.org", "no https address"),
    "a link that says here": ("see", "[what changes]", "[here]", "[here](#The-size-changes) does not say where"),
    "a link without text": ("see", "[what changes]", "[]", "does not say where it leads"),
    "its address as text": ("see", "[Where it is from]", "[https://example.org]", "does not say where it leads"),
    "a bare address": ("see", "[Where it is from](https://example.org/a#b)", "<https://example.org>", "a bare address"),
    "a long cell": ("short", "size = 3", "size = 3\n" * 15, "cell 2 has 15 lines"),
    "an empty cell": ("short", "size = 3", "\n", "cell 2 is empty"),
    "a talking cell": ("short", "size = 3", "# a\n# b\n# c\nsize = 3  # d", "cell 2: comments say"),
    "seven helpers": (
        "code",
        "plotting.install",
        "plotting.install, recording.show_answer, recording.origin",
        "uses 7 names of the helpers: plotting.install, plotting.show, recording.model, recording.origin",
    ),
    "a magic": ("short", "size = 3", "!ls", "cell 2 is not Python"),
    "another import": ("short", "size = 3", "import helpers.plotting as p", "helpers come by"),
    "no minutes": ("top", "*10 minutes ·", "*10 min ·", "does not say how many minutes"),
    "minutes last": ("top", "10 minutes · free in replay", "free · 10 minutes", "does not say how many minutes"),
    "other minutes": ("README", "| 10 |", "| 20 |", "10 minutes here, 20 in the README"),
    "no row": ("README", "07_lesson", "08_next", "README has no row"),
    "no aims": ("top", "After this lesson you can", "You will learn", "what one can do after it"),
    "one aim": ("top", "- **choose** a size.\n", "", "what one can do after it"),
    "five aims": ("top", "- **choose** a size.\n", "- **choose** a size.\n" * 4, "what one can do after it"),
    "an aim without a verb": ("top", "- **choose** a size", "- a size", "what one can do after it"),
    "no recap": ("end", "## What you did", "## Done", "the last text is no recap"),
    "an aim forgotten": ("end", "**chosen**", "**changed**", "does not come back to **choose**"),
    "nothing next": ("end", "Next:", "After this:", "does not say what comes next"),
    "next without a link": ("end", "[08 Much more](08_next.ipynb)", "lesson 08", "does not link to 08_next.ipynb"),
    "another next": ("end", "(08_next.ipynb)", "(07_lesson.ipynb)", "does not link to 08_next.ipynb"),
}


@pytest.mark.parametrize("name", SHAPE_BREAKS)
def test_a_lesson_out_of_shape_is_noticed(shaped, tmp_path, name):
    where, there, instead, says = SHAPE_BREAKS[name]
    assert there in shaped[where]
    said = shape_problems({**shaped, where: shaped[where].replace(there, instead, 1)}, tmp_path)
    assert any(says in sentence for sentence in said), said


def test_the_last_lesson_may_name_what_is_not_written_yet(shaped, tmp_path):
    (tmp_path / "notebooks" / "08_next.ipynb").unlink()
    see = shaped["see"].replace("08_next.ipynb#Much-more", "../README.md")
    end = shaped["end"].replace("[08 Much more](08_next.ipynb)", "lesson 08, much more")
    assert shape_problems({**shaped, "see": see, "end": end}, tmp_path) == []

"""The shape of a lesson, as its reader meets it: headings, links, code, the top and the end.

`problems_of_shape(notebook, path, readme)` yields a sentence a problem; each check is shown to fail on a broken copy.
"""

import ast
import io
import re
import tokenize
from itertools import pairwise, takewhile
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tests.lessons.lesson import LESSONS, NAMES, README, code_cells, read

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
    if len(used) > 9:
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
    # 150 words of text and tables a minute, half a minute a code cell; what is off by more than 3 is no honest number.
    lesson = list(takewhile(lambda cell: "## Exercises" not in cell.source, notebook.cells))
    words = [word for cell in lesson if cell.cell_type == "markdown" for word in cell.source.split()]
    needed = (
        sum(bool(re.search(r"\w", word)) for word in words) / 150 + len(code_cells(SimpleNamespace(cells=lesson))) / 2
    )
    if minutes and (abs(int(minutes[1]) - needed) > 3 or int(minutes[1]) > 30):
        yield f"it says {minutes[1]} minutes, at most 30 are allowed, and it takes about {needed:.0f}"
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
    following = [name for name in lessons if name[:3] == f"{int(path.name[:2]) + 1:02}_"]
    line = re.search(r"(?m)^Next: .+", end)
    if not line:
        yield "the last text does not say what comes next"
    elif following and following != [target for _, target in LINK.findall(line[0])]:
        yield f"Next: does not link to {following[0]}"


def problems_of_adapting(notebook, name):
    """What is missing in the part that a reader makes their own."""
    cells = notebook.cells
    titles = [n for n, cell in enumerate(cells) if re.search(r"(?m)^## Adapt this", cell.source)]
    exercises = next((n for n, cell in enumerate(cells) if "## Exercises" in cell.source), 0)
    if len(titles) != 1 or titles[0] >= exercises:
        yield "no part ## Adapt this before the exercises"
        return
    part = cells[titles[0] : exercises + 1]
    code = [cell.source for cell in part if cell.cell_type == "code"]
    if not code or not re.match(r"MY_PICTURES? = .+\nMY_PROMPT = .+\nMY_DETAIL = .+\n|MY_FOLDER = .+\n", code[0]):
        yield "its code does not begin with MY_PICTURE, MY_PROMPT and MY_DETAIL"
    if not any(f'recording.start("{name}", mode="live")' in cell.source for cell in part if cell.cell_type != "code"):
        yield "it does not say how to go live"
    if not re.search(r"\.(estimate|bill|request_tokens)\(", "".join(code)):
        yield "it does not say beforehand what it costs"


def problems_of_shape(notebook, path, readme):
    """What a reader misses in a lesson, a sentence each; README and the lessons beside it are looked at, too."""
    yield from problems_of_adapting(notebook, path.stem)
    yield from problems_of_headings(notebook)
    yield from problems_of_links(notebook, path)
    yield from problems_of_code(notebook)
    yield from problems_of_ends(notebook, path, readme)


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_lesson_has_its_shape(path):
    assert list(problems_of_shape(read(path), path, README)) == []


# --- each check is shown to fail ---

# A lesson in which everything is in its place: {name of a cell: its source}. Those named code… are code cells. Whoever
# reads `see` knows that "[no link](nowhere)" in code is none.
TEXTS = {
    "top": """# A picture

*3 minutes · free in replay*

After this lesson you can

- **read** a picture
  from the disk,
- **choose** a size.
""",
    "see": """## See it

Look first, see [the README](../README.md) and [what changes](#The-size-changes). [Where it is from](https://example.org/a#b)
is told in [the next lesson](08_next.ipynb#Much-more), where `a[0](b)` is code.

```python
# no title
[no link](nowhere)
```

![A cup](../asset/cup.png)
""",
    "code": """from course import recording
from helpers import plotting
from helpers.tokens import price as cents  # one name
recording.start("07_lesson")
recording.model, plotting.show, plotting.show, plotting.install
# recording.stop and recording.show_answer are only spoken of
await cents(plotting)""",
    "prose": "## Change\n\n### The `size` changes\n\n" + "word " * 90 + f"\n\n| size |\n|---|\n| {'cell ' * 90} |\n",
    "code, short": "size = 3",
    "adapt": '## Adapt this\n\nThen live: `recording.start("07_lesson", mode="live")`',
    "code, adapt": "MY_PICTURE = 1\nMY_PROMPT = 2\nMY_DETAIL = 3\npicture.estimate(MODEL)",
    "exercises": "## Exercises\n\nThree of them.",
    "end": """## What you did

In this lesson you **read** a picture and have **chosen** a size.

Next: [08 Much more](08_next.ipynb)
""",
    "README": "| lesson | minutes | after it |\n|---|---|---|\n| [07 A](notebooks/07_lesson.ipynb) | 3 | read |\n",
}


@pytest.fixture(scope="module")
def problems(tmp_path_factory):
    """Call it with a change of TEXTS: what is wrong with the lesson then."""
    folder = tmp_path_factory.mktemp("shaped")
    (folder / "notebooks").mkdir()
    (folder / "asset").mkdir()
    path = folder / "notebooks" / "07_lesson.ipynb"
    for file in (folder / "README.md", folder / "asset" / "cup.png", path):
        file.touch()
    following = new_notebook(cells=[new_markdown_cell("# Much more")])
    nbformat.write(following, path.with_name("08_next.ipynb"))

    def problems(**changes):
        texts = TEXTS | changes
        readme = texts.pop("README")
        cells = [(new_code_cell if name[:4] == "code" else new_markdown_cell)(text) for name, text in texts.items()]
        return list(problems_of_shape(new_notebook(cells=cells), path, readme))

    assert problems() == []
    assert problems(**{"code, adapt": "MY_FOLDER = 1\nindex.bill(scenes)"}) == []
    return problems


# (where, what stands there, what is put in its place, what is said about it)
BREAKS = [
    ("see", "## See it", "# See it", "not one title"),
    ("top", "# A picture", "A picture", "not one title"),
    ("top", "# A picture", "Welcome.\n\n# A picture", "not one title"),
    ("prose", "### The", "#### The", "a heading of level 4 below one of level 2"),
    ("prose", "## Change", "### Nothing\n\n## Change", "below the heading 'Nothing'"),
    ("prose", "word " * 90, "", "nothing is said below the heading 'The `size`"),
    ("prose", "word " * 90, "word " * 50, "words explain the code"),
    ("see", "../README.md", "../READ.md", "leads to no file of the course: ../READ.md"),
    ("see", "cup.png", "tea.png", "leads to no file of the course: ../asset/tea.png"),
    ("see", "../README.md", "/etc/passwd", "leads to no file of the course: /etc/passwd"),
    ("see", "../README.md", "../asset", "leads to no file of the course"),
    ("see", "#The-size-changes", "#the-size", "leads to no heading: #the-size"),
    ("see", "#Much-more", "#Less", "leads to no heading: 08_next.ipynb#Less"),
    ("see", "../README.md", "../README.md#top", "leads to no heading"),
    ("see", "(#The-size-changes)", "()", "a link to nothing"),
    ("see", "(#The-size-changes)", "(#)", "a link to nothing"),
    ("see", "../README.md", "../READ ME.md", "a link that is not written"),
    ("see", "[the README](../README.md)", "[the README][1]", "a link that is not written"),
    ("see", "https://example", "http://example", "no https address"),
    ("see", "https://example.org", "https://example", "no https address"),
    ("see", "https://example.org", "file://example.org", "no https address"),
    ("see", "[what changes]", "[here]", "[here](#The-size-changes) does not say where"),
    ("see", "[what changes]", "[]", "does not say where it leads"),
    ("see", "[Where it is from]", "[https://example.org]", "does not say where it leads"),
    ("see", "[Where it is from](https://example.org/a#b)", "<https://example.org>", "a bare address"),
    ("code, short", "size = 3", "size = 3\n" * 15, "cell 2 has 15 lines"),
    ("code, short", "size = 3", "\n", "cell 2 is empty"),
    ("code, short", "size = 3", "# a\n# b\n# c\nsize = 3  # d", "cell 2: comments say"),
    (
        "code",
        "plotting.install",
        "plotting.install, recording.show_answer, recording.origin, plotting.a, plotting.b, plotting.c",
        "uses 10 names of the helpers: plotting.a, plotting.b, plotting.c, plotting.install, plotting.show",
    ),
    ("code, short", "size = 3", "!ls", "cell 2 is not Python"),
    ("code, short", "size = 3", "import helpers.plotting as p", "helpers come by"),
    ("top", "*3 minutes ·", "*3 min ·", "does not say how many minutes"),
    ("top", "3 minutes · free in replay", "free · 3 minutes", "does not say how many minutes"),
    ("README", "| 3 |", "| 20 |", "3 minutes here, 20 in the README"),
    ("README", "07_lesson", "08_next", "README has no row"),
    ("top", "*3 minutes", "*8 minutes", "it says 8 minutes, at most 30 are allowed, and it takes about 3"),
    ("top", "After this lesson you can", "You will learn", "what one can do after it"),
    ("top", "- **choose** a size.\n", "", "what one can do after it"),
    ("top", "- **choose** a size.\n", "- **choose** a size.\n" * 4, "what one can do after it"),
    ("top", "- **choose** a size", "- a size", "what one can do after it"),
    ("end", "## What you did", "## Done", "the last text is no recap"),
    ("end", "**chosen**", "**changed**", "does not come back to **choose**"),
    ("end", "Next:", "After this:", "does not say what comes next"),
    ("end", "[08 Much more](08_next.ipynb)", "lesson 08", "does not link to 08_next.ipynb"),
    ("end", "(08_next.ipynb)", "(07_lesson.ipynb)", "does not link to 08_next.ipynb"),
    ("adapt", "## Adapt", "## Change", "no part ## Adapt this"),
    ("code, adapt", "MY_PROMPT", "ASK", "does not begin with MY_PICTURE"),
    ("adapt", '"07_lesson"', '"06_lesson"', "how to go live"),
    ("code, adapt", "estimate", "show", "what it costs"),
]


@pytest.mark.parametrize(("where", "there", "instead", "says"), BREAKS)
def test_a_lesson_out_of_shape_is_noticed(problems, where, there, instead, says):
    assert there in TEXTS[where]
    sentences = problems(**{where: TEXTS[where].replace(there, instead, 1)})
    assert any(says in sentence for sentence in sentences), sentences


def test_the_last_lesson_may_name_what_is_not_written_yet(tmp_path):
    lesson = new_notebook(cells=[new_markdown_cell(TEXTS["top"]), new_markdown_cell(TEXTS["end"])])
    lesson.cells[1].source = lesson.cells[1].source.replace("[08 Much more](08_next.ipynb)", "lesson 08, much more")
    path = tmp_path / "07_lesson.ipynb"
    path.touch()
    assert list(problems_of_ends(lesson, path, TEXTS["README"])) == []

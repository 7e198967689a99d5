"""What every lesson promises beyond running, and its shape, as its reader meets it; nbval compares what is shown.

Each check yields a sentence a problem; below, lesson 00 and its recording are broken to see that it does.
"""

import ast
import csv
import hashlib
import html
import io
import json
import platform
import re
import tokenize
from itertools import pairwise, takewhile
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
from PIL import Image

from course.assets import ROOT
from course.recording.shape import RECORDINGS, Recording, load
from helpers.plotting.show import FALLBACK_ALT
from helpers.tokens import price
from tests.lessons.lesson import LESSONS, NAMES, README, code_cells, output_text, read
from tests.tools import make_pictures
from tests.tools.check_files import problems_of_notebook

# A link's text that says nothing of where it leads, for a reader who hears the links alone.
NO_LINK_TEXT = re.compile(r"(?i)(click )?here|(this |the )?(link|page|site)|(read |see )?more|https?://.*|www\..*|")
LINK = re.compile(r"\[([^\[\]]*)\]\(([^()\s]*)\)")
PICTURE = re.compile(r"!\[([^\[\]]*)\]\(([^()\s]*)\)")
TAGS = {"raises-exception", "replay-only"}
UNDESCRIBED = re.compile(FALLBACK_ALT.format(r"\d+", r"\d+") + "|^<|^$")
# What differs between two machines and not between two runs, which nbval would notice.
NEVER = {
    "a path": re.compile(r"/(?:root|home|tmp|work|usr|opt|var|Users|private)/|[A-Za-z]:\\\\|site-packages"),
    "a host": re.compile(rf"127\.0\.0\.1|localhost|{re.escape(platform.node() or 'localhost')}"),
    "a key": re.compile(r"\bsk-[\w-]{6,}|\borg-\w{6,}|Bearer \w{6,}"),
    # /openai/v1/ is a path of Azure's.
    "a version": re.compile(
        rf"(?i)\b(?<!/)(python|openai|pillow|matplotlib|requests)[ /=]+v?\d|{platform.python_version()}"
    ),
}


def alts_in(page):
    """The alt text of each picture in a page of HTML; "" where it has none."""
    alts = (re.search(r' alt="([^"]*)"', tag) for tag in re.findall(r"<img\b[^>]*>", page))
    return [html.unescape(alt[1]) if alt else "" for alt in alts]


def problems(notebook):
    """What is wrong with a notebook, a sentence each."""
    yield from problems_of_notebook(notebook)
    for number, cell in enumerate(code_cells(notebook), 1):
        tags = set(cell.metadata.get("tags", []))
        if tags - TAGS or ("replay-only" in tags and not cell.metadata.get("reason")):
            yield f"cell {number}: an unknown tag, or replay-only without a reason"
        for what, pattern in NEVER.items():
            if found := pattern.search(output_text(cell)):
                yield f"cell {number}: an output holds {what}: {found[0]}"
        for data in (output.get("data", {}) for output in cell.outputs):
            if {"image/png", "image/jpeg"} & set(data):
                yield f"cell {number}: a picture that nbval would not compare"
            if any(UNDESCRIBED.search(alt) for alt in alts_in(data.get("text/html", ""))):
                yield f"cell {number}: a picture without alt text"
    for cell in notebook.cells:
        text = cell.source if cell.cell_type == "markdown" else ""
        if re.search(r"!\[\s*\]\(", text) or not all(alts_in(text)):
            yield "a picture in the text without alt text"


def problems_of_recording(recording):
    """What is wrong with a recording, a sentence each, that recording it again would not show."""
    for number, item in enumerate(recording.interactions, 1):
        named = item.response.about().get("model") if item.response else None
        if (item.source == "sample") != (named == "course-sample"):
            yield f"request {number}: a sample is a sample only under the model name course-sample, not {named}"
        is_answer = item.response and item.response.status == 200
        if is_answer and not item.request.url.endswith("/moderations") and _without_detail(item.request.body):
            yield f"request {number}: a picture without detail, whose default differs from model to model"


def _without_detail(body):
    """Is there a picture without `detail` anywhere in a request, in the shape of either API?"""
    if isinstance(body, dict):
        part = {"image_url": body.get("image_url"), "input_image": body}.get(body.get("type"))
        return (part is not None and "detail" not in part) or any(map(_without_detail, body.values()))
    return isinstance(body, list) and any(map(_without_detail, body))


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


# --- the lessons as they stand ---


def test_lessons_are_numbered_and_complete():
    assert [int(name[:2]) for name in NAMES] == [*range(14)]
    assert sorted(path.stem for path in RECORDINGS.glob("*.json")) == NAMES, "one recording a lesson"
    rows = re.findall(r"(?m)^\| \[.*?\]\(notebooks/(\w+)\.ipynb\)", README)
    assert rows == NAMES, "one row a lesson in the README, in their order"


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_lesson_and_its_recording_keep_their_promises(path):
    lesson, recording = read(path), load(RECORDINGS / f"{path.stem}.json")
    found = [*problems(lesson), *problems_of_shape(lesson, path), *problems_of_recording(recording)]
    assert found == [] and path.stat().st_size <= 300_000
    # The price at the top is that of the recorded usage; what is only fetched again was paid before.
    posted = [item for item in recording.interactions if item.request.method == "POST" and item.response]
    usages = [item.response.about().get("usage") or {} for item in posted]
    tokens_in = sum(usage.get("prompt_tokens", usage.get("input_tokens", 0)) for usage in usages)
    tokens_out = sum(usage.get("completion_tokens", usage.get("output_tokens", 0)) for usage in usages)
    assert f"about {price('gpt-5.6-luna', tokens_in, tokens_out):.2f} US cents live" in lesson.cells[0].source


def test_sources_are_the_folder():
    with open(ROOT / "asset" / "SOURCES.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    files = [path for path in (ROOT / "asset").rglob("*") if path.is_file() and path.parent.name != "recordings"]
    listed = [row["file"] for row in rows]
    assert sorted([*listed, "asset/SOURCES.csv"]) == sorted(path.relative_to(ROOT).as_posix() for path in files)
    for row in rows:
        assert row["sha256"] == hashlib.sha256((ROOT / row["file"]).read_bytes()).hexdigest(), row["file"]
        pictured = row["file"].startswith(("asset/images/", "asset/videos/"))
        assert all(row[key] for key in ("author", "licence", "source", *(["alt"] if pictured else []))), row["file"]


def test_the_truth_of_lesson_08_is_that_of_the_pictures():
    bought = [(f"{row['count']} {row['name']}", row["price"]) for row in make_pictures.truth("receipt.csv")]
    total = sum(float(price) for _, price in bought)
    assert [*bought, ("Total", f"{total:.2f}")] == list(make_pictures.RECEIPT[3:9])
    for row in make_pictures.truth("boxes.csv"):
        left, top, right, bottom = (int(row[side]) for side in ("left", "top", "right", "bottom"))
        with Image.open(ROOT / row["file"]) as picture:
            assert 0 <= left < right <= picture.width and 0 <= top < bottom <= picture.height


# --- each check is shown to fail ---

# What stands in lesson 00 as it is stored, what comes instead at its first place, what is said about it.
BREAKS = [
    ('"execution_count": 1,', '"execution_count": 7,', "not stored as one run from 1"),
    ('"name": "python"', '"name": "python", "version": "3"', "versions of this machine"),
    ('"raises-exception",', "", "an error without the tag"),
    ('"replay-only"', '"nbval-skip"', "an unknown tag"),
    ('"reason"', '"why"', "replay-only without a reason"),
    ("pictures: fine", "/home/me/x.py", "an output holds a path"),
    ("pictures: fine", r"C:\\Users\\me", "an output holds a path"),
    ("pictures: fine", "http://127.0.0.1:8888", "an output holds a host"),
    ("pictures: fine", "sk-proj-abcdef123", "an output holds a key"),
    ("pictures: fine", "Python 3.11", "an output holds a version"),
    ('"text/plain"', '"image/png"', "nbval would not compare"),
    ('<img alt=\\"', '<img title=\\"', ": a picture without alt text"),
    ('<img alt=\\"', f'<img alt=\\"{FALLBACK_ALT.format(600, 400)} ', ": a picture without alt text"),
    ("# Start here", "![](cup.png)", "in the text without alt text"),
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
def test_a_broken_notebook_is_noticed(there, instead, says):
    stored = LESSONS[0].read_text("utf-8")
    assert there in stored
    lesson = nbformat.reads(stored.replace(there, instead.replace("\n", r"\n"), 1), 4)
    assert any(says in problem for problem in [*problems(lesson), *problems_of_shape(lesson, LESSONS[0])])


SAMPLE = "only under the model name course-sample"
CHAT = {"messages": [{"content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}
RESPONSES = {"input": [{"content": [{"type": "input_image", "image_url": "https://detail.example/x.png"}]}]}
EVENT = 'event: response.created\ndata: {"response": {"id": "resp_1", "model": "gpt-5.6-luna"}}'
# (what the first interaction of lesson 00 holds instead, what is said about it)
RECORDING_BREAKS = [
    ({"response": {"status": 200, "json": {"id": "c", "model": "gpt-5.6-luna"}}}, SAMPLE),
    ({"response": {"status": 200, "events": [EVENT]}}, SAMPLE),
    ({"source": "live", "date": "2026-11-22"}, SAMPLE),
    ({"request": {"method": "POST", "url": "/v1/chat/completions", "body": CHAT}}, "a picture without detail"),
    ({"request": {"method": "POST", "url": "/v1/responses", "body": RESPONSES}}, "a picture without detail"),
]


@pytest.mark.parametrize(("changes", "says"), RECORDING_BREAKS)
def test_a_broken_recording_is_noticed(changes, says):
    stored = json.loads((RECORDINGS / f"{NAMES[0]}.json").read_text("utf-8"))
    stored["interactions"][0] |= changes
    assert any(says in problem for problem in problems_of_recording(Recording.model_validate(stored)))

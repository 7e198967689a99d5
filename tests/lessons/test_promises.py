"""What every lesson promises beyond running, and its shape, as its reader meets it; nbval compares what is shown.

Each check yields a sentence a problem; below, lesson 00 and its recording are broken to see that it does.
"""

import csv
import hashlib
import json
import re
from itertools import pairwise, takewhile
from urllib.parse import unquote

import nbformat
import pytest

from course.assets import ROOT
from course.recording.shape import RECORDINGS, Recording, load
from docs.translate import anchors
from helpers.plotting.show import FALLBACK_ALT
from helpers.tokens import price
from tests.lessons.lesson import LESSONS, NAMES, README, code_cells, output_text, read
from tests.tools.make_pictures import RECEIPT, truth

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
# Where the documents and the lessons lead outside the course. A new link is read by a person, then written down here.
OUTSIDE = {
    "https://arxiv.org/abs/2306.05685",
    "https://arxiv.org/abs/2402.04788",
    "https://arxiv.org/abs/2507.01955",
    "https://creativecommons.org/licenses/by/3.0/",
    "https://creativecommons.org/licenses/by/4.0/",
    "https://www.bigbuckbunny.org/",
}
# Files, licences and authors that are not ours alone, as read at each source when the file was taken: a digest.
OTHERS = "14b73428a38a1009"
# A picture without alt text, or with no more than matplotlib or we can say of any figure.
UNDESCRIBED = re.compile(rf'!\[\s*\]\(|<img\b(?![^>]* alt="(?!&lt;|{FALLBACK_ALT.format("[0-9]+", "[0-9]+")})[^"])')
# What differs between two machines, and not between two runs, which nbval notices. (/openai/v1/ is a path of Azure's.)
OF_A_MACHINE = re.compile(
    r"/(?:root|home|tmp|work|usr|opt|var|Users|private)/|[A-Za-z]:\\\\|site-packages|127\.0\.0\.1|localhost"
    r"|\bsk-[\w-]{6,}|\borg-\w{6,}|Bearer \w{6,}|(?i:\b(?<!/)(?:python|openai|pillow|matplotlib|requests)[ /=]+v?\d)"
)
OF_THE_COURSE = re.compile(r"(?<!# )(?<!/)\b(?:encoding|exercises|many|plotting|recording|tokens|video)\.\w+")
ADAPT = {  # what stands between ## Adapt this and the exercises
    "MY_PICTURE, MY_PROMPT and MY_DETAIL at the top of a cell": r"(?m)^MY_PICTURES? = .+\nMY_PROMPT = .+\nMY_DETAIL = "
    r"|^MY_(?:VIDEO|FOLDER) = ",
    "how to go live": r'recording\.start\("{name}", mode="live"\)',
    "beforehand what it costs": r"\b(?:estimate|bill|request_tokens)\(",
}


def text_of(path, notebook=None):
    """The Markdown of a document or a lesson, without what stands in fences."""
    if path.suffix == ".md":
        text = path.read_text("utf-8")
    else:
        text = "\n\n".join(cell.source for cell in (notebook or read(path)).cells if cell.cell_type == "markdown")
    return re.sub(r"(?ms)^ *```.*?^ *```", "", text)


def problems_of_text(path, notebook=None):
    """What is wrong with headings, links and pictures in a document or a lesson."""
    text = text_of(path, notebook)
    levels = [len(marks) for marks in re.findall(r"(?m)^(#+) ", text)]
    if not text.startswith("# ") or levels.count(1) != 1 or any(after > above + 1 for above, after in pairwise(levels)):
        yield f"not one title at the top, or a heading that skips a level: {levels}"
    if UNDESCRIBED.search(text):
        yield "a picture in the text without alt text"
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`|(?m:^\| \[!.*)", "", text)):  # but for badges
        file, _, anchor = target.partition("#")
        there = path.parent / unquote(file) if file else path
        if target.startswith("https:"):
            if target not in OUTSIDE:
                yield f"nobody has read {target}"
        elif not there.exists():
            yield f"leads to no file of the course: {target}"
        elif anchor and unquote(anchor) not in anchors([text_of(there)], is_document=there.suffix == ".md"):
            yield f"leads to no heading: {target}"


def problems_of_code(notebook):
    """What is wrong with the code cells, and with what they show."""
    for number, cell in enumerate(code_cells(notebook), 1):
        lines = len(cell.source.strip().splitlines())
        if not 1 <= lines <= 14:
            yield f"cell {number} has {lines} lines"
        if len(re.findall(r"(?m)(?:^|  )# ", cell.source)) > 3:
            yield f"cell {number}: comments say what the text should, which is translated"
        tags = set(cell.metadata.get("tags", []))
        if tags - {"raises-exception", "replay-only"} or ("replay-only" in tags and not cell.metadata.get("reason")):
            yield f"cell {number}: an unknown tag, or replay-only without a reason"
        if found := OF_A_MACHINE.search(output_text(cell)):
            yield f"cell {number}: an output holds what is of this machine: {found[0]}"
        for data in (output.get("data", {}) for output in cell.outputs):
            if {"image/png", "image/jpeg"} & set(data):
                yield f"cell {number}: a picture that nbval would not compare"
            if UNDESCRIBED.search(data.get("text/html", "")):
                yield f"cell {number}: a picture without alt text"
    used = {name for cell in code_cells(notebook) for name in OF_THE_COURSE.findall(cell.source)}
    if len(used) > 9:
        yield f"uses {len(used)} names of the helpers: {', '.join(sorted(used))}"


def problems_of_parts(notebook, name):
    """What is missing at the top, in the part that readers make their own, and at the end."""
    top, *_, end = (cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    minutes = int(re.search(r"(?m)^\*(\d+) minutes", top)[1])
    if f"](notebooks/{name}.ipynb) | {minutes} |" not in README:
        yield "the first cell and the README do not say the same minutes"
    # 150 words of text and tables a minute, half a minute a code cell; what is off by more than 3 is no honest number.
    lesson = list(takewhile(lambda cell: "## Exercises" not in cell.source, notebook.cells))
    words = re.findall(r"\S*\w\S*", " ".join(cell.source for cell in lesson if cell.cell_type == "markdown"))
    needed = len(words) / 150 + sum(cell.cell_type == "code" for cell in lesson) / 2
    if abs(minutes - needed) > 3 or minutes > 30:
        yield f"it says {minutes} minutes, at most 30 are allowed, and it takes about {needed:.0f}"
    verbs = re.findall(r"(?m)^[-*] \*\*([a-z]+)\*\*", top.partition("After this lesson you can")[2])
    if not 2 <= len(verbs) <= 4:
        yield "the first cell does not say in 2 to 4 bullets, each beginning with a bold verb, what one can do after it"
    did = end.partition("## What you did\n")[2]
    if forgotten := [verb for verb in verbs if f"**{verb[:3]}" not in did]:  # choose and chosen
        yield f"the recap, ## What you did, does not come back to {', '.join(forgotten)}"
    following = "".join(f"]({after}.ipynb)" for after in NAMES[NAMES.index(name) + 1 :][:1])
    if not re.search(rf"(?m)^Next: .*{re.escape(following)}", end):
        yield f"the last text does not say what comes next: {following}"
    whole = "\n".join(cell.source for cell in notebook.cells)
    part = whole.partition("\n## Adapt this")[2].partition("\n## Exercises")[0]
    for missing, pattern in ADAPT.items():
        if not re.search(pattern.replace("{name}", name), part):
            yield f"## Adapt this does not say {missing}"


def problems_of_recording(recording):
    """What is wrong with a recording that recording it again would not show."""
    for number, item in enumerate(recording.interactions, 1):
        named = item.response.about().get("model") if item.response else None
        if (item.source == "sample") != (named == "course-sample"):
            yield f"request {number}: a sample is a sample only under the model name course-sample, not {named}"
        body = json.dumps(item.request.body)
        pictures = re.findall('"type": "(?:image_url|input_image)"', body)
        is_answer = item.response and item.response.status == 200 and not item.request.url.endswith("/moderations")
        if is_answer and len(pictures) != body.count('"detail": "'):
            yield f"request {number}: a picture without detail, whose default differs from model to model"


def test_lessons_are_numbered_and_complete():
    assert [int(name[:2]) for name in NAMES] == [*range(14)]
    assert sorted(path.stem for path in RECORDINGS.glob("*.json")) == NAMES, "one recording a lesson"
    rows = re.findall(r"(?m)^\| \[.*?\]\(notebooks/(\w+)\.ipynb\)", README)
    assert rows == NAMES, "one row a lesson in the README, in their order"


@pytest.mark.parametrize("path", [*LESSONS, *DOCUMENTS], ids=lambda path: path.stem)
def test_headings_links_and_pictures_of_a_page_hold(path):
    assert list(problems_of_text(path)) == []


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_lesson_and_its_recording_keep_their_promises(path):
    lesson, recording = read(path), load(RECORDINGS / f"{path.stem}.json")
    found = [*problems_of_code(lesson), *problems_of_parts(lesson, path.stem), *problems_of_recording(recording)]
    assert found == [] and path.stat().st_size <= 300_000
    # The price at the top is that of the recorded usage; what is only fetched again was paid before.
    posted = [item for item in recording.interactions if item.request.method == "POST" and item.response]
    usages = [item.response.about().get("usage") or {} for item in posted]
    tokens_in = sum(usage.get("prompt_tokens", usage.get("input_tokens", 0)) for usage in usages)
    tokens_out = sum(usage.get("completion_tokens", usage.get("output_tokens", 0)) for usage in usages)
    assert f"about {price('gpt-5.6-luna', tokens_in, tokens_out):.2f} US cents live" in lesson.cells[0].source


def test_each_file_has_a_row_with_the_source_that_was_read():
    with open(ROOT / "asset" / "SOURCES.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    files = [path for path in (ROOT / "asset").rglob("*") if path.is_file() and path.parent.name != "recordings"]
    listed = [row["file"] for row in rows]
    assert sorted([*listed, "asset/SOURCES.csv"]) == sorted(path.relative_to(ROOT).as_posix() for path in files)
    for row in rows:
        assert row["sha256"] == hashlib.sha256((ROOT / row["file"]).read_bytes()).hexdigest(), row["file"]
        pictured = row["file"].startswith(("asset/images/", "asset/videos/"))
        assert row["source"] and (row["alt"] or not pictured), row["file"]
    others = sorted((row["file"], row["licence"], row["author"]) for row in rows)
    others = [row for row in others if row[1:] != ("CC BY 4.0", "The Vision Notebooks authors")]
    pinned = hashlib.sha256("\n".join(map("|".join, others)).encode()).hexdigest()
    assert pinned[:16] == OTHERS, "`git diff asset/SOURCES.csv`: read the source of what changed, then pin it here"


def test_the_truth_of_lesson_08_is_what_is_drawn_on_the_receipt():
    bought = [(f"{row['count']} {row['name']}", row["price"]) for row in truth("receipt.csv")]
    assert [*bought, ("Total", f"{sum(float(price) for _, price in bought):.2f}")] == list(RECEIPT[3:9])


# What stands in lesson 00 or its recording, what comes instead at its first place, what is said about it.
BREAKS = [
    ('"replay-only"', '"nbval-skip"', "an unknown tag"),
    ('"reason"', '"why"', "replay-only without a reason"),
    ("pictures: fine", "/home/me/x.py", "of this machine: /home/"),
    ("pictures: fine", "sk-proj-abcdef123", "of this machine: sk-"),
    ("pictures: fine", "Python 3.11", "of this machine: Python 3"),
    ('"text/plain"', '"image/png"', "nbval would not compare"),
    ('<img alt=\\"', '<img title=\\"', ": a picture without alt text"),
    ('<img alt=\\"', f'<img alt=\\"{FALLBACK_ALT.format(600, 400)} ', ": a picture without alt text"),
    ("# Start here", "# Start here\n![](cup.png)", "in the text without alt text"),
    ("# Start here", "Start here", "not one title at the top"),
    ("## Look inside", "#### Look inside", "a heading that skips a level"),
    ("Compare the", "[see](https://a.example) compare the", "nobody has read https://a.example"),
    ("Compare the", "[see](../READ.md) compare the", "leads to no file of the course: ../READ.md"),
    ("Compare the", "[see](01_url_input.ipynb#Sea) compare the", "leads to no heading: 01_url_input.ipynb#Sea"),
    ("recording.show_answer(answer)", "\n", " has 0 lines"),
    ("recording.show_answer(answer)", "1\n" * 15, " has 15 lines"),
    ("recording.show_answer(answer)", "# a\n# b\n# c\n1  # d", "comments say"),
    ("recording.show_answer(answer)", "\n".join(f"plotting.a{n}" for n in range(10)), " names of the helpers: "),
    (" minutes · ", "0 minutes · ", "do not say the same minutes"),
    (" minutes · ", "0 minutes · ", "and it takes about"),
    ("After this lesson you can", "You will learn", "what one can do after it"),
    ("## What you did", "## Done", "does not come back to "),
    ("Next:", "After this:", "does not say what comes next"),
    ("MY_PROMPT =", "ASK =", "does not say MY_PICTURE"),
    (".estimate(", ".show(", "does not say beforehand what it costs"),
    ('"model": "course-sample"', '"model": "gpt-5.6-luna"', "a sample is a sample only"),
    ('"source": "sample"', '"source": "live"', "a sample is a sample only"),
    ('"detail": "low"', '"id": "low"', "a picture without detail"),
]


@pytest.mark.parametrize(("there", "instead", "says"), BREAKS)
def test_what_is_broken_is_noticed(there, instead, says):
    stored = [path.read_text("utf-8") for path in (LESSONS[0], RECORDINGS / f"{NAMES[0]}.json")]
    assert there in "".join(stored)
    notebook, recorded = (text.replace(there, instead.replace("\n", r"\n"), 1) for text in stored)
    lesson, recording = nbformat.reads(notebook, 4), Recording.model_validate_json(recorded)
    found = [*problems_of_text(LESSONS[0], lesson), *problems_of_code(lesson), *problems_of_parts(lesson, NAMES[0])]
    assert any(says in problem for problem in [*found, *problems_of_recording(recording)])

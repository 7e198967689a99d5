"""What every lesson promises beyond running: nbval compares outputs, this file reads the rest off the notebooks.

Each check yields sentences, and is shown to fail on a broken copy. What a lesson looks like to its reader is in
test_shape.py.
"""

import csv
import hashlib
import json
import platform
import re
from html.parser import HTMLParser

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course.assets import ROOT
from course.recording.shape import RECORDINGS, Recording, cell_digest, load
from helpers.plotting.show import FALLBACK_ALT
from helpers.tokens import price
from tests.lessons.lesson import LESSONS, NAMES, README, code_cells, output_text, read

TAGS = {"raises-exception", "replay-only"}
UNDESCRIBED = re.compile(FALLBACK_ALT.format(r"\d+", r"\d+") + "|^<|^$")
NEVER = {
    "a path": re.compile(r"/(?:root|home|tmp|work|usr|opt|var|Users|private)/|[A-Za-z]:\\\\|site-packages"),
    "a host": re.compile(rf"127\.0\.0\.1|localhost|{re.escape(platform.node() or 'localhost')}"),
    "a key": re.compile(r"\bsk-[\w-]{6,}|\borg-\w{6,}|Bearer \w{6,}"),
    # /openai/v1/ is a path of Azure's.
    "a version": re.compile(
        rf"(?i)\b(?<!/)(python|openai|pillow|matplotlib|requests)[ /=]+v?\d|{platform.python_version()}"
    ),
    # 00:00:12 is a place in a video of less than a minute, in Azure's way of writing.
    "a time": re.compile(r"\b(?!00:00:)\d\d:\d\d:\d\d\b|\b\d+(\.\d+)? ?(ms|seconds?)\b"),
    "a memory address": re.compile(r"0x[0-9a-f]{6,}"),
}


class _Images(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.alts = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.alts.append(dict(attrs).get("alt") or "")


def problems(notebook):
    """What is wrong with a notebook, a sentence each."""
    cells = code_cells(notebook)
    if (counts := [cell.execution_count for cell in cells]) != list(range(1, len(cells) + 1)):
        yield f"not stored as one run from 1: {counts}"
    if set(notebook.metadata.get("language_info", {})) - {"name"}:
        yield "the metadata hold versions"
    for number, cell in enumerate(cells, 1):
        tags = set(cell.metadata.get("tags", []))
        if tags - TAGS:
            yield f"cell {number}: unknown tag {tags - TAGS}"
        if "replay-only" in tags and not cell.metadata.get("reason"):
            yield f"cell {number}: replay-only without a reason"
        if any(output.output_type == "error" for output in cell.outputs) != ("raises-exception" in tags):
            yield f"cell {number}: an error that is not tagged, or a tag without an error"
        for what, pattern in NEVER.items():
            if found := pattern.search(output_text(cell)):
                yield f"cell {number}: an output holds {what}: {found[0]}"
        for data in (output.get("data", {}) for output in cell.outputs):
            if {"image/png", "image/jpeg"} & set(data):
                yield f"cell {number}: a picture that nbval would not compare"
            if any(UNDESCRIBED.search(alt) for alt in _Images(data.get("text/html", "")).alts):
                yield f"cell {number}: a picture without alt text"
    for cell in notebook.cells:
        text = cell.source if cell.cell_type == "markdown" else ""
        if re.search(r"!\[\s*\]\(", text) or not all(_Images(text).alts):
            yield "a picture in the text without alt text"


def problems_of_recording(recording, notebook):
    """What is wrong with a recording, a sentence each."""
    digests = {cell_digest(cell.source) for cell in code_cells(notebook)}
    for number, item in enumerate(recording.interactions, 1):
        if item.cell not in digests:
            yield f"request {number} is asked by no cell"
        named = item.response.about().get("model") if item.response else None
        if (item.source == "sample") != (named == "course-sample"):
            yield f"request {number}: a sample is a sample only under the model name course-sample, not {named}"
        if item.response and item.response.status == 200 and _without_detail(item.request.body):
            yield f"request {number}: a picture without detail, whose default differs from model to model"
        if item.source == "live" and not item.date:
            yield f"request {number}: a live answer without its date"
        if item.wrong_on_purpose and item.source != "sample":
            yield f"request {number}: only a sample can be wrong on purpose"


def _without_detail(body):
    """Is there a picture without `detail` anywhere in a request, in the shape of either API?"""
    if isinstance(body, dict):
        part = {"image_url": body.get("image_url"), "input_image": body}.get(body.get("type"))
        return (part is not None and "detail" not in part) or any(map(_without_detail, body.values()))
    return isinstance(body, list) and any(map(_without_detail, body))


def problems_of_sources(rows, root):
    """What asset/SOURCES.csv and the folder don't agree on, and what a row lacks."""
    files = [path for path in (root / "asset").rglob("*") if path.is_file() and path.parent.name != "recordings"]
    found = {path.relative_to(root).as_posix() for path in files if path.name != "SOURCES.csv"}
    listed = [row["file"] for row in rows]
    yield from (f"{name}: twice" for name in sorted(set(listed)) if listed.count(name) > 1)
    yield from (f"{name}: no row" for name in sorted(found - set(listed)))
    yield from (f"{name}: no file" for name in sorted(set(listed) - found))
    for row in rows:
        pictured = row["file"].startswith(("asset/images/", "asset/videos/"))
        needed = ("author", "licence", "source", *(["alt"] if pictured else []))
        yield from (f"{row['file']}: no {key}" for key in needed if not row[key])
        path = root / row["file"]
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
            yield f"{row['file']}: other bytes than its row says"


# --- the lessons as they stand ---


def test_lessons_are_numbered_and_complete():
    numbers = [name[:3] for name in NAMES]
    assert numbers[:10] == [f"{number:02}_" for number in range(10)] and len({*numbers}) == len(NAMES)
    assert sorted(path.stem for path in RECORDINGS.glob("*.json")) == NAMES, "one recording a lesson"
    rows = re.findall(r"(?m)^\| \[.*?\]\(notebooks/(\w+)\.ipynb\)", README)
    assert rows == NAMES, "one row a lesson in the README, in their order"


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_lesson_and_its_recording_keep_their_promises(path):
    lesson, recording = read(path), load(RECORDINGS / f"{path.stem}.json")
    assert [*problems(lesson), *problems_of_recording(recording, lesson)] == []
    assert path.stat().st_size <= 300_000 and recording.lesson == path.stem
    for name in re.findall(r"\.\./(asset/[\w./-]+\.\w+)", "".join(cell.source for cell in lesson.cells)):
        assert (ROOT / name).is_file(), name


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_the_price_at_the_top_is_that_of_the_recorded_usage(path):
    items = load(RECORDINGS / f"{path.stem}.json").interactions
    # What is only fetched again was paid before.
    answers = [item.response.about() for item in items if item.request.method == "POST" and item.response]
    usages = [answer.get("usage") or {} for answer in answers]
    tokens_in = sum(usage.get("prompt_tokens", usage.get("input_tokens", 0)) for usage in usages)
    tokens_out = sum(usage.get("completion_tokens", usage.get("output_tokens", 0)) for usage in usages)
    assert f"about {price('gpt-5.6-luna', tokens_in, tokens_out):.2f} US cents live" in read(path).cells[0].source


def test_sources_are_the_folder():
    with open(ROOT / "asset" / "SOURCES.csv", encoding="utf-8", newline="") as file:
        assert list(problems_of_sources(list(csv.DictReader(file)), ROOT)) == []


# --- each check is shown to fail ---

TAGGED = {"tags": ["raises-exception", "replay-only"], "reason": "shows the message"}
FIGURE = {"text/html": '<img alt="A red cup." src="data:image/jpeg;base64,AAAA">', "text/plain": "<Figure>"}
ERROR = new_output("error", ename="NotRecorded", evalue="no answer", traceback=["no answer"])
GOOD = new_notebook(
    cells=[
        new_markdown_cell("# A lesson\n\n![A cup](cup.png)"),
        new_code_cell("show()", outputs=[new_output("display_data", FIGURE)], execution_count=1),
        new_code_cell("ask()", outputs=[ERROR], execution_count=2, metadata=TAGGED),
        new_code_cell("1", outputs=[new_output("stream", text="fine")], execution_count=3, metadata={"tags": []}),
    ],
    metadata={"language_info": {"name": "python"}},
)
UNTAGGED = "an error that is not tagged, or a tag without an error"
# (what stands in the good notebook, what comes instead, what is said about it)
BREAKS = [
    ('"execution_count": 3', '"execution_count": null', "not stored as one run from 1"),
    ('"execution_count": 1', '"execution_count": 7', "not stored as one run from 1"),
    ('"name": "python"', '"name": "python", "version": "3"', "metadata hold versions"),
    ('"tags": []', '"tags": ["nbval-skip"]', "unknown tag"),
    ('"reason"', '"why"', "replay-only without a reason"),
    ('"raises-exception", ', "", UNTAGGED),
    ('"tags": []', '"tags": ["raises-exception"]', UNTAGGED),
    ("fine", "/home/me/x.py", "an output holds a path"),
    ("fine", "C:\\\\\\\\Users\\\\\\\\me", "an output holds a path"),
    ("fine", "http://127.0.0.1:8888", "an output holds a host"),
    ("fine", "sk-proj-abcdef123", "an output holds a key"),
    ("fine", "Python 3.11", "an output holds a version"),
    ("fine", "took 0.12 seconds", "an output holds a time"),
    ("fine", "since 12:00:14", "an output holds a time"),
    ("fine", "<x at 0x7f00aa>", "an output holds a memory address"),
    ('"text/plain"', '"image/png"', "nbval would not compare"),
    ('alt=\\"A red cup.\\" ', "", "cell 1: a picture without alt text"),
    ("A red cup.", "", "cell 1: a picture without alt text"),
    ("A red cup.", FALLBACK_ALT.format(600, 400), "cell 1: a picture without alt text"),
    ("![A cup]", "![]", "in the text without alt text"),
]


@pytest.mark.parametrize(("there", "instead", "says"), BREAKS)
def test_a_broken_notebook_is_noticed(there, instead, says):
    good = json.dumps(GOOD)
    assert list(problems(nbformat.reads(good, 4))) == [] and good.count(there) == 1
    (problem,) = set(problems(nbformat.reads(good.replace(there, instead), 4)))
    assert says in problem


SAMPLE = "only under the model name course-sample"
CHAT = {"messages": [{"content": [{"type": "image_url", "image_url": {"url": "x", "detail": "low"}}]}]}
RESPONSES = {"input": [{"content": [{"type": "input_image", "image_url": "https://detail.example/x.png"}]}]}
EVENT = 'event: response.created\ndata: {"response": {"id": "resp_1", "model": "gpt-5.6-luna"}}'
# (what an interaction holds instead, what is said about it)
RECORDING_BREAKS = [
    ({"cell": "00000000"}, "asked by no cell"),
    ({"response": {"status": 200, "json": {"id": "c", "model": "gpt-5.6-luna"}}}, SAMPLE),
    ({"response": {"status": 200, "events": [EVENT]}}, SAMPLE),
    ({"source": "live", "date": "2026-11-22"}, SAMPLE),
    ({"request": {"body": {"messages": [{"content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}}}, "detail"),
    ({"request": {"body": RESPONSES}}, "a picture without detail"),
    ({"source": "live", "response": {"status": 200, "json": {"model": "x"}}}, "a live answer without its date"),
    (
        {"source": "constructed", "wrong_on_purpose": True, "response": {"status": 200, "json": {}}},
        "only a sample can be wrong",
    ),
]


@pytest.mark.parametrize(("changes", "says"), RECORDING_BREAKS)
def test_a_broken_recording_is_noticed(changes, says):
    def problems_with(**changes):
        request = {"method": "POST", "url": "/v1/chat/completions", "body": CHAT} | changes.pop("request", {})
        answer = {"status": 200, "json": {"id": "c", "model": "course-sample"}}
        item = {"cell": cell_digest("show()"), "source": "sample", "response": answer, "request": request, **changes}
        return list(problems_of_recording(Recording.model_validate({"lesson": "x", "interactions": [item]}), GOOD))

    assert problems_with() == []
    (problem,) = problems_with(**changes)
    assert says in problem


def test_broken_sources_are_noticed(tmp_path):
    def row(name, **changes):
        fields = {"author": "x", "licence": "CC0", "source": "x", "alt": "A letter."}
        return {
            "file": f"asset/images/{name}",
            "sha256": hashlib.sha256(name.encode()).hexdigest(),
            **fields,
            **changes,
        }

    images = tmp_path / "asset" / "images"
    images.mkdir(parents=True)
    for name in ("a.png", "b.png", "changed.png"):
        (images / name).write_bytes(name.encode())
    assert list(problems_of_sources([row("a.png"), row("b.png"), row("changed.png")], tmp_path)) == []
    (images / "changed.png").write_bytes(b"other")
    rows = [row("a.png", alt="", author=""), row("a.png"), row("changed.png"), row("lost.png")]
    assert [problem.removeprefix("asset/images/") for problem in problems_of_sources(rows, tmp_path)] == [
        "a.png: twice",
        "b.png: no row",
        "lost.png: no file",
        "a.png: no author",
        "a.png: no alt",
        "changed.png: other bytes than its row says",
    ]

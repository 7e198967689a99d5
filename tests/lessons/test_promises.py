"""What every lesson promises beyond running: nbval compares outputs, this file reads the rest off the notebooks.

Each check yields sentences; below, lesson 00 is broken to see that it does. What a lesson looks like to its reader is
in test_shape.py.
"""

import csv
import hashlib
import json
import platform
import re
from html.parser import HTMLParser

import nbformat
import pytest

from course.assets import ROOT
from course.recording.shape import RECORDINGS, Recording, cell_digest, load
from helpers.plotting.show import FALLBACK_ALT
from helpers.tokens import price
from tests.lessons.lesson import LESSONS, NAMES, README, code_cells, output_text, read
from tests.tools.check_files import problems_of_notebook

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
        is_answer = item.response and item.response.status == 200
        if is_answer and not item.request.url.endswith("/moderations") and _without_detail(item.request.body):
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


# --- the lessons as they stand ---


def test_lessons_are_numbered_and_complete():
    assert [int(name[:2]) for name in NAMES] == [*range(14)]
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
        rows = list(csv.DictReader(file))
    files = [path for path in (ROOT / "asset").rglob("*") if path.is_file() and path.parent.name != "recordings"]
    listed = [row["file"] for row in rows]
    assert sorted([*listed, "asset/SOURCES.csv"]) == sorted(path.relative_to(ROOT).as_posix() for path in files)
    for row in rows:
        assert row["sha256"] == hashlib.sha256((ROOT / row["file"]).read_bytes()).hexdigest(), row["file"]
        pictured = row["file"].startswith(("asset/images/", "asset/videos/"))
        assert all(row[key] for key in ("author", "licence", "source", *(["alt"] if pictured else []))), row["file"]


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
    ("pictures: fine", "took 0.12 seconds", "an output holds a time"),
    ("pictures: fine", "<x at 0x7f00aa>", "an output holds a memory address"),
    ('"text/plain"', '"image/png"', "nbval would not compare"),
    ('<img alt=\\"', '<img title=\\"', ": a picture without alt text"),
    ('<img alt=\\"', f'<img alt=\\"{FALLBACK_ALT.format(600, 400)} ', ": a picture without alt text"),
    ("# Start here", "![](cup.png)", "in the text without alt text"),
]


@pytest.mark.parametrize(("there", "instead", "says"), BREAKS)
def test_a_broken_notebook_is_noticed(there, instead, says):
    stored = LESSONS[0].read_text("utf-8")
    assert there in stored
    assert any(says in problem for problem in problems(nbformat.reads(stored.replace(there, instead, 1), 4)))


SAMPLE = "only under the model name course-sample"
CHAT = {"messages": [{"content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}
RESPONSES = {"input": [{"content": [{"type": "input_image", "image_url": "https://detail.example/x.png"}]}]}
EVENT = 'event: response.created\ndata: {"response": {"id": "resp_1", "model": "gpt-5.6-luna"}}'
# (what the first interaction of lesson 00 holds instead, what is said about it)
RECORDING_BREAKS = [
    ({"cell": "00000000"}, "asked by no cell"),
    ({"response": {"status": 200, "json": {"id": "c", "model": "gpt-5.6-luna"}}}, SAMPLE),
    ({"response": {"status": 200, "events": [EVENT]}}, SAMPLE),
    ({"source": "live", "date": "2026-11-22"}, SAMPLE),
    ({"request": {"method": "POST", "url": "/v1/chat/completions", "body": CHAT}}, "a picture without detail"),
    ({"request": {"method": "POST", "url": "/v1/responses", "body": RESPONSES}}, "a picture without detail"),
    ({"source": "live", "response": {"status": 200, "json": {"model": "x"}}}, "a live answer without its date"),
    ({"source": "constructed", "wrong_on_purpose": True}, "only a sample can be wrong"),
]


@pytest.mark.parametrize(("changes", "says"), RECORDING_BREAKS)
def test_a_broken_recording_is_noticed(changes, says):
    stored = json.loads((RECORDINGS / f"{NAMES[0]}.json").read_text("utf-8"))
    stored["interactions"][0] |= changes
    found = problems_of_recording(Recording.model_validate(stored), read(LESSONS[0]))
    assert any(says in problem for problem in found)

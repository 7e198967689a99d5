"""What every lesson promises beyond running: nbval compares outputs, this file reads the rest off the notebooks.

`problems(notebook)` and `problems_of_recording(...)` yield sentences; each check is shown to fail on a broken copy.
What a lesson looks like to its reader is in test_shape.py.
"""

import copy
import csv
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.assets import ROOT
from course.recording.shape import RECORDINGS, Recording, cell_digest, load
from helpers.plotting.show import FALLBACK_ALT
from helpers.tokens import price
from tests.api import serve
from tests.tools import record_lessons

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in LESSONS]
README = (ROOT / "README.md").read_text(encoding="utf-8")
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


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def output_text(cell):
    """Everything a cell shows as text, pictures left out."""
    return re.sub(r"data:image/\w+;base64,[\w+/=]+", "", json.dumps(cell.outputs, ensure_ascii=False))


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
        errors = [output for output in cell.outputs if output.output_type == "error"]
        if bool(errors) != ("raises-exception" in tags):
            yield f"cell {number}: an error that is not tagged, or a tag without an error"
        for what, pattern in NEVER.items():
            if found := pattern.search(output_text(cell)):
                yield f"cell {number}: an output holds {what}: {found[0]}"
        for output in cell.outputs:
            data = output.get("data", {})
            if {"image/png", "image/jpeg"} & set(data):
                yield f"cell {number}: a picture that nbval would not compare"
            for alt in _Images(data.get("text/html", "")).alts:
                if UNDESCRIBED.search(alt):
                    yield f"cell {number}: a picture without alt text"
    for cell in notebook.cells:
        text = cell.source if cell.cell_type == "markdown" else ""
        if re.search(r"!\[\s*\]\(", text) or any(not alt for alt in _Images(text).alts):
            yield "a picture in the text without alt text"


def problems_of_recording(recording: Recording, notebook):
    """What is wrong with a recording, a sentence each."""
    digests = {cell_digest(cell.source) for cell in code_cells(notebook)}
    for number, item in enumerate(recording.interactions, 1):
        if item.cell not in digests:
            yield f"request {number} is asked by no cell"
        said = item.response.about().get("model") if item.response else None
        if (item.source == "sample") != (said == "course-sample"):
            yield f"request {number}: a sample is a sample only under the model name course-sample, not {said}"
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


# --- the lessons as they stand ---


def test_lessons_are_numbered_and_complete():
    assert NAMES and [name[:3] for name in NAMES] == [f"{number:02}_" for number in range(len(NAMES))]
    assert sorted(path.stem for path in RECORDINGS.glob("*.json")) == NAMES, "one recording a lesson"
    rows = re.findall(r"(?m)^\| \[.*?\]\(notebooks/(\w+)\.ipynb\)", README)
    assert rows == NAMES, "one row a lesson in the README, in their order"


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_lesson_keeps_its_promises(path):
    assert list(problems(read(path))) == []
    assert path.stat().st_size <= 300_000


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_recording_belongs_to_its_lesson(path):
    recording = load(RECORDINGS / f"{path.stem}.json")
    assert recording.lesson == path.stem
    assert list(problems_of_recording(recording, read(path))) == []


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_every_recorded_request_is_asked(path, tmp_path):
    """A last cell tells what was not played. (That every request is recorded is what running the lesson shows.)"""
    notebook = read(path)
    notebook.cells.append(
        new_code_cell(
            "from course.recording.session import _state\n"
            "print([n for n, i in enumerate(_state.tape.recording.interactions, 1) if n - 1 not in _state.tape.played])"
        )
    )
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "asset").symlink_to(ROOT / "asset")
    nbformat.write(notebook, tmp_path / "notebooks" / path.name)
    done = record_lessons.run(
        tmp_path / "notebooks" / path.name, {"COURSE_MODE": "replay", "COURSE_RECORDINGS": None}
    )
    assert done.cells[-1].outputs[0].text == "[]\n"


@pytest.mark.parametrize("name", NAMES)
def test_the_price_at_the_top_is_that_of_the_recorded_usage(name):
    items = [item for item in load(RECORDINGS / f"{name}.json").interactions if item.response]
    paid = [item.response.tokens() for item in items if item.request.method == "POST"]
    asked, said = map(sum, zip(*paid, strict=True))
    top = read(ROOT / "notebooks" / f"{name}.ipynb").cells[0].source
    assert f"about {price('gpt-5.6-luna', asked, said):.2f} US cents live" in top


def test_sources_are_the_folder():
    with open(ROOT / "asset" / "SOURCES.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert problems_of_sources(rows, ROOT) == []


def problems_of_sources(rows, root):
    """What asset/SOURCES.csv and the folder don't agree on, and what a row lacks."""
    found = {
        path.relative_to(root).as_posix()
        for path in (root / "asset").rglob("*")
        if path.is_file() and path.parent.name != "recordings" and path.name != "SOURCES.csv"
    }
    listed = [row["file"] for row in rows]
    said = [f"{name}: twice" for name in sorted(set(listed)) if listed.count(name) > 1]
    said += [f"{name}: no row" for name in sorted(found - set(listed))]
    said += [f"{name}: no file" for name in sorted(set(listed) - found)]
    for row in rows:
        missing = [key for key in ("author", "licence", "source") if not row[key]]
        if row["file"].startswith(("asset/images/", "asset/videos/")) and not row["alt"]:
            missing.append("alt")
        said += [f"{row['file']}: no {key}" for key in missing]
        path = root / row["file"]
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
            said.append(f"{row['file']}: other bytes than its row says")
    return said


# --- each check is shown to fail ---


@pytest.fixture(scope="module")
def good():
    """A notebook in which everything is right."""
    figure = '<img alt="A red cup." src="data:image/jpeg;base64,AAAA">'
    shown = nbformat.v4.new_output("display_data", {"text/html": figure, "text/plain": "<Figure>"})
    error = nbformat.v4.new_output("error", ename="NotRecorded", evalue="no answer", traceback=["no answer"])
    tags = {"tags": ["raises-exception", "replay-only"], "reason": "shows the message"}
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# A lesson\n\n![A cup](cup.png)"),
            new_code_cell("show()", outputs=[shown], execution_count=1),
            new_code_cell("ask()", outputs=[error], execution_count=2, metadata=tags),
            new_code_cell("1", outputs=[nbformat.v4.new_output("stream", text="fine\n")], execution_count=3),
        ]
    )
    assert list(problems(notebook)) == []
    return notebook


def html(cell, page):
    cell.outputs[0].data["text/html"] = page


def say(cell, text):
    cell.outputs[0].text = text


BREAKS = {
    "never run": (lambda n: n.cells[3].update(execution_count=None), "not stored as one run from 1"),
    "run out of order": (lambda n: n.cells[1].update(execution_count=7), "not stored as one run from 1"),
    "versions in the metadata": (lambda n: n.metadata.update(language_info={"version": "3"}), "metadata hold versions"),
    "an unknown tag": (lambda n: n.cells[3].metadata.update(tags=["nbval-skip"]), "unknown tag"),
    "no reason": (lambda n: n.cells[2].metadata.pop("reason"), "replay-only without a reason"),
    "an untagged error": (lambda n: n.cells[2].metadata.update(tags=[]), "an error that is not tagged"),
    "a tag without an error": (lambda n: n.cells[2].update(outputs=[]), "a tag without an error"),
    "a path": (lambda n: say(n.cells[3], "/home/me/x.py"), "an output holds a path"),
    "a Windows path": (lambda n: say(n.cells[3], "C:\\Users\\me"), "an output holds a path"),
    "a host": (lambda n: say(n.cells[3], "http://127.0.0.1:8888"), "an output holds a host"),
    "a key": (lambda n: say(n.cells[3], "sk-proj-abcdef123"), "an output holds a key"),
    "a version": (lambda n: say(n.cells[3], "Python 3.11"), "an output holds a version"),
    "a time": (lambda n: say(n.cells[3], "took 0.12 seconds"), "an output holds a time"),
    "a clock": (lambda n: say(n.cells[3], "since 12:00:14"), "an output holds a time"),
    "an address": (lambda n: say(n.cells[3], "<x at 0x7f00aa>"), "an output holds a memory address"),
    "a png": (lambda n: n.cells[1].outputs[0].data.update({"image/png": "AAAA"}), "nbval would not compare"),
    "no alt": (lambda n: html(n.cells[1], "<img src='data:'>"), "a picture without alt text"),
    "an empty alt": (lambda n: html(n.cells[1], "<img alt='' src='data:'>"), "a picture without alt text"),
    "nobody described it": (
        lambda n: html(n.cells[1], f"<img alt='{FALLBACK_ALT.format(600, 400)}' src='data:'>"),
        "a picture without alt text",
    ),
    "no alt in the text": (lambda n: n.cells[0].update(source="![](cup.png)"), "in the text without alt text"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_notebook_is_noticed(good, name):
    change, says = BREAKS[name]
    broken = copy.deepcopy(good)
    change(broken)
    assert any(says in sentence for sentence in problems(broken)), list(problems(broken))


RECORDING_BREAKS = {
    "asked by no cell": ({"cell": "00000000"}, "asked by no cell"),
    "a model's name on a sample": ({"model": "gpt-5.6-luna"}, "only under the model name course-sample"),
    "a sample said to be live": ({"source": "live", "date": "2026-11-22"}, "only under the model name course-sample"),
    "no detail": (
        {
            "request": {
                "method": "POST",
                "url": "/v1/chat/completions",
                "body": {"messages": [{"content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            }
        },
        "a picture without detail",
    ),
    "no detail in Responses": (
        {
            "request": {
                "method": "POST",
                "url": "/v1/responses",
                "body": {"input": [{"content": [{"type": "input_image", "image_url": "https://detail.example/x.png"}]}]},
            }
        },
        "a picture without detail",
    ),
    "a model's name on a streamed sample": (
        {
            "response": {
                "status": 200,
                "events": ['event: response.created\ndata: {"response": {"id": "resp_1", "model": "gpt-5.6-luna"}}'],
            }
        },
        "only under the model name course-sample",
    ),
    "live without a date": ({"source": "live", "model": "gpt-5.6-luna"}, "a live answer without its date"),
    "constructed and wrong": (
        {"source": "constructed", "model": "x", "wrong_on_purpose": True},
        "only a sample can be wrong",
    ),
}


@pytest.mark.parametrize("name", RECORDING_BREAKS)
def test_a_broken_recording_is_noticed(good, name):
    def recording(model="course-sample", **changes):
        answer = {"status": 200, "json": {"id": "c", "model": model}}
        part = {"type": "image_url", "image_url": {"url": "x", "detail": "low"}}
        request = {"method": "POST", "url": "/v1/chat/completions", "body": {"messages": [{"content": [part]}]}}
        item = {"cell": cell_digest("show()"), "source": "sample", "request": request, "response": answer, **changes}
        return Recording.model_validate({"lesson": "x", "interactions": [item]})

    assert list(problems_of_recording(recording(), good)) == []
    changes, says = RECORDING_BREAKS[name]
    assert any(says in sentence for sentence in problems_of_recording(recording(**changes), good))


def test_broken_sources_are_noticed(tmp_path):
    images = tmp_path / "asset" / "images"
    images.mkdir(parents=True)
    for name in ("a.png", "b.png", "changed.png"):
        (images / name).write_bytes(name.encode())

    def row(name, **changes):
        digest = hashlib.sha256(name.encode()).hexdigest()
        fields = {"author": "x", "licence": "CC0", "source": "x", "sha256": digest, "alt": "A letter."}
        return {"file": f"asset/images/{name}", **fields, **changes}

    good_rows = [row("a.png"), row("b.png"), row("changed.png")]
    assert problems_of_sources(good_rows, tmp_path) == []
    (images / "changed.png").write_bytes(b"other")
    rows = [row("a.png", alt="", author=""), row("a.png"), row("changed.png"), row("lost.png")]
    assert problems_of_sources(rows, tmp_path) == [
        "asset/images/a.png: twice",
        "asset/images/b.png: no row",
        "asset/images/lost.png: no file",
        "asset/images/a.png: no author",
        "asset/images/a.png: no alt",
        "asset/images/changed.png: other bytes than its row says",
    ]


def test_nbval_notices_other_words_and_another_alt_text_but_not_other_bytes(tmp_path):
    source = "from course.recording import publishing\nfrom helpers import plotting\npublishing.install()\n"
    source += "plotting.show('{}', captions='A cup')"
    picture = (ROOT / "asset" / "images" / "coffee.png").as_posix()
    sources = [source.format(picture)] * 2 + ["print('fine')"] * 2
    path = tmp_path / "small.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)
    notebook = record_lessons.run(path, {})
    first, second, _same, other = notebook.cells
    first.outputs[0].data["text/html"] = re.sub("base64,[^\"]+", "base64,AAAA", first.outputs[0].data["text/html"])
    second.outputs[0].data["text/html"] = second.outputs[0].data["text/html"].replace("espresso", "tea")
    other.outputs[0].text = "finer\n"
    nbformat.write(notebook, path)
    options = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", str(ROOT / "tests" / "nbval_sanitize.cfg")]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-p", "no:xdist", *options, path.name],
        cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    verdicts = re.findall(r"^(PASSED|FAILED) .+::Cell (\d)", done.stdout, re.M)
    assert sorted(verdicts, key=lambda v: v[1]) == [("PASSED", "0"), ("FAILED", "1"), ("PASSED", "2"), ("FAILED", "3")]


# --- make sample, make record ---


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A copy of the lessons and recordings that a test may overwrite."""
    for name in ("notebooks", "recordings"):
        (tmp_path / name).mkdir()
    for path in LESSONS:
        (tmp_path / "notebooks" / path.name).write_bytes(path.read_bytes())
        stored = RECORDINGS / f"{path.stem}.json"
        (tmp_path / "recordings" / stored.name).write_bytes(stored.read_bytes())
    (tmp_path / "asset").symlink_to(ROOT / "asset")
    monkeypatch.setattr(record_lessons, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(record_lessons, "RECORDINGS", tmp_path / "recordings")
    for name in ("COURSE_MODE", "COURSE_RECORDINGS", "COURSE_UPSTREAM", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def files(course):
    paths = [*(course / "notebooks").iterdir(), *(course / "recordings").iterdir()]
    return {path.name: path.read_bytes() for path in paths}


@pytest.mark.parametrize("name", NAMES)
def test_make_sample_gives_what_is_in_the_repository_to_the_byte(course, name, capsys):
    before = files(course)
    assert record_lessons.main(["sample", name]) == 0
    assert f"{name}: " in capsys.readouterr().out
    after = files(course)
    changed = [key for key in before if key.endswith(".json") and before[key] != after[key]]
    assert changed == [], "run `make sample` and commit what it makes"
    text = [re.sub(rb"base64,[\w+/=]+", b"", content[f"{name}.ipynb"]) for content in (before, after)]
    assert text[0] == text[1]


def test_make_sample_stops_at_a_question_without_an_answer(course, capsys):
    path = course / "notebooks" / "00_start_here.ipynb"
    text = path.read_text(encoding="utf-8").replace("What is in this picture?", "Who is this?")
    path.write_text(text, encoding="utf-8")
    before = files(course)
    assert record_lessons.main(["sample", "00_start_here"]) == 1
    said = capsys.readouterr().out
    assert "nothing was changed" in said and "answers.toml has no answer to ['Who is this?']" in said
    assert files(course) == before


def test_make_record_with_a_key_and_the_real_api(course, capsys, monkeypatch):
    """The local API acts as the real one: its answers are live, dated, and stored in the notebook's outputs too."""
    with serve(acts_as="gpt-5.6-luna-2026-09-01", keys={"sk-the-users-own-key"}) as api:
        monkeypatch.setenv("COURSE_UPSTREAM", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-the-users-own-key")
        assert record_lessons.main(["record", "00_start_here"]) == 0
    assert "00_start_here: 2 live" in capsys.readouterr().out
    item = load(course / "recordings" / "00_start_here.json").interactions[0]
    assert (item.source, item.model) == ("live", "gpt-5.6-luna-2026-09-01") and item.date
    notebook = read(course / "notebooks" / "00_start_here.ipynb")
    assert f"recorded from a live service on {item.date}" in "".join(map(output_text, code_cells(notebook)))
    assert list(problems(notebook)) == [], "the cell for replay alone shows its message as before"
    assert not any(b"users-own" in content for content in files(course).values())
    assert "asked" not in (course / "recordings" / "01_url_input.json").read_text(encoding="utf-8")[:40]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "make sample"),
        (["record"], "set OPENAI_API_KEY first"),
        (["sample", "99_nothing"], f"There is no lesson 99_nothing; lessons are: {', '.join(NAMES)}"),
    ],
)
def test_a_wrong_command_is_one_sentence(course, capsys, arguments, says):
    assert record_lessons.main(arguments) == 2
    assert says in capsys.readouterr().out


def test_pictures_of_the_lessons_have_their_row():
    """A path in a lesson leads to a file of the repository."""
    for path in LESSONS:
        for name in re.findall(r"\.\./(asset/[\w./-]+\.\w+)", "".join(cell.source for cell in read(path).cells)):
            assert Path(ROOT / name).is_file(), name

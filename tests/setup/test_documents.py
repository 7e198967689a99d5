"""The documents are short and lead somewhere, what they show runs, what a commit may hold, whose files and packages."""

import csv
import hashlib
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook

from course.assets import ROOT
from tests.api import API_KEY, serve
from tests.tools import check_files

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
LINES_OF_README = 110
FENCE = re.compile(r"(?ms)^ *```(\w*)\n(.*?)^ *```\n")
LINK = re.compile(r"\]\((https?://[^)\s]+)\)")
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


def test_the_readme_is_short():
    lines = FENCE.sub("", (ROOT / "README.md").read_text("utf-8")).splitlines()
    assert len(lines) <= LINES_OF_README, "what does no learner, adapter or presenter need? CONTRIBUTING has room"
    assert [line for line in lines if len(line) > 140 and not line.startswith(("|", "!"))] == []


def anchors(path):
    """What GitHub lets `#…` name in a document."""
    titles = re.findall(r"(?m)^#+ (.+)$", FENCE.sub("", path.read_text("utf-8")))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=[path.name for path in DOCUMENTS])
def test_every_link_inside_leads_somewhere(path):
    for file, anchor in re.findall(r"\]\((?!https:)([^)#]*)(?:#([^)]*))?\)", FENCE.sub("", path.read_text("utf-8"))):
        there = path.parent / file if file else path
        assert there.exists() and (not anchor or anchor in anchors(there)), f"{file}#{anchor}"


def test_every_outside_link_is_one_that_was_read():
    paths = [*DOCUMENTS, *(ROOT / "notebooks").glob("*.ipynb")]
    texts = [re.sub(r"(?m)^\| \[!.*", "", path.read_text(encoding="utf-8")) for path in paths]  # but for badges
    assert {address for text in texts for address in LINK.findall(text)} == OUTSIDE


def test_each_file_has_the_licence_and_author_that_were_read():
    with open(ROOT / "asset" / "SOURCES.csv", encoding="utf-8", newline="") as file:
        rows = [(row["file"], row["licence"], row["author"]) for row in csv.DictReader(file)]
    others = [row for row in sorted(rows) if row[1:] != ("CC BY 4.0", "The Vision Notebooks authors")]
    pinned = hashlib.sha256("\n".join(map("|".join, others)).encode()).hexdigest()
    assert pinned[:16] == OTHERS, "`git diff asset/SOURCES.csv`: read the source of what changed, then pin it here"


@pytest.mark.slow
def test_the_program_of_ones_own_runs_with_helpers_alone(tmp_path):
    program = dict(FENCE.findall((ROOT / "README.md").read_text("utf-8")))["python"]
    assert len(program.splitlines()) <= 20
    (tmp_path / "describe.py").write_text(program, "utf-8")
    (tmp_path / "course.py").write_text("raise ImportError('a program of your own has no course')", "utf-8")
    shutil.copytree(ROOT / "helpers", tmp_path / "helpers")
    shutil.copy(ROOT / "asset" / "images" / "cow.webp", tmp_path)
    with serve() as api:
        env = {**os.environ, "OPENAI_BASE_URL": f"{api.url}/v1", "OPENAI_API_KEY": API_KEY, "PYTHONPATH": ""}
        command = [sys.executable, "describe.py", "cow.webp"]
        done = subprocess.run(command, cwd=tmp_path, env=env, text=True, capture_output=True, timeout=60)
    assert done.stdout.startswith("A black-and-white cow with a yellow ear tag stands in a meadow"), done.stderr


# What a commit runs


def test_every_file_here_may_be_committed():
    folders = ("asset", "course", "docs", "helpers", "notebooks", "tests", ".binder", ".devcontainer", ".github", ".ci")
    inside = (path for folder in folders for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts)
    found = {str(path): check_files.problems(path) for path in (*inside, *ROOT.iterdir()) if path.is_file()}
    assert {path: problems for path, problems in found.items() if problems} == {}


# {file: (what it holds, what is said about it)}
END = "it does not end with one newline"
FILES = {
    "good.md": ("a\n", ""),
    "empty.py": ("", ""),
    "bytes.png": ("\0", ""),
    "open.md": ("a", END),
    "long.md": ("a\n\n", END),
    "win.md": ("a\r\nb\n", "it has line ends of Windows"),
    "good.ipynb": (nbformat.writes(new_notebook(cells=[new_code_cell("1", execution_count=1)])) + "\n", ""),
    "stale.ipynb": (nbformat.writes(new_notebook(cells=[new_code_cell("1")])) + "\n", "it is not stored as one run"),
}


def test_what_may_not_be_committed_is_named(tmp_path, capsys):
    """What else a notebook may not hold stands in tests/lessons/test_promises.py."""
    for name, (text, _) in FILES.items():
        (tmp_path / name).write_bytes(text.encode())
    assert check_files.main([str(tmp_path / name) for name in FILES]) == 1
    said = [line.rpartition(os.sep)[2] for line in capsys.readouterr().out.splitlines()]
    expected = [f"{name}: {problem}" for name, (_, problem) in FILES.items() if problem]
    assert [line[: len(words)] for line, words in zip(said, expected, strict=True)] == expected


def test_each_hook_is_a_tool_of_the_lock():
    (repo,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    for hook in repo["hooks"]:
        python, flag, module, *_ = hook["entry"].split()
        assert (hook["language"], python, flag) == ("system", ".venv/bin/python", "-m") and find_spec(module)


# The locks hold what requirements.in and tests/requirements.in wish for, and both say why


def requirements(name):
    """{package: the rest of its line} of a requirements file, comments and options left out."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    parts = [re.fullmatch(r"([\w.-]+)(.*)", line).groups() for line in lines if line and line[0] not in "#-"]
    return {re.sub(r"[-_.]+", "-", package).lower(): rest for package, rest in parts}


@pytest.mark.parametrize("name", ["requirements", "tests/requirements", "docs/requirements"])
def test_every_line_is_pinned_names_no_place_and_every_wish_has_a_reason(name):
    text = (ROOT / f"{name}.txt").read_text("utf-8")
    pins, wishes = requirements(f"{name}.txt"), requirements(f"{name}.in")
    assert [package for package, rest in pins.items() if not re.match(r"==\d[\w.]*( |$)", rest)] == []
    assert not re.search(r"://|file:|index-url|find-links|(^|\s)[/~]|[A-Z]:\\| @ ", text, re.MULTILINE)
    options = [line.partition("#")[0].strip() for line in text.splitlines() if line.startswith("-")]
    assert options == (["-e ."] if name == "requirements" else [])
    assert wishes and wishes.keys() <= pins.keys()
    assert [package for package, rest in wishes.items() if not re.search(r"\s# \w+.* \w+", rest)] == []


def test_the_locks_agree_and_no_test_tool_reaches_a_learner():
    learner, tools = requirements("requirements.txt"), requirements("tests/requirements.in")
    for others in map(requirements, ("tests/requirements.txt", "docs/requirements.txt")):
        shared = learner.keys() & others.keys()
        assert shared and [name for name in shared if others[name].split()[0] != learner[name].split()[0]] == []
    assert tools.keys() & learner.keys() == {"pytest"} and "via nbval" in learner["pytest"], "nbval needs it, not we"

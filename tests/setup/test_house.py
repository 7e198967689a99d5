"""The rules of the house: how large a room may be, which way its arrows run, what importing helpers may change."""

import ast
import doctest
import importlib
import subprocess
import sys
from graphlib import TopologicalSorter
from importlib.util import resolve_name

import pytest

from course.assets import ROOT

LONGEST_FILE, LONGEST_TEST_FILE, LINES_A_LESSON = 300, 500, 3 * 45  # three exercises of 45 lines
# Lines of a room of code, as it is: a number here may only go down.
ROOMS = {"helpers": 1_959, "helpers/tokens": 410, "helpers/encoding": 480, "helpers/plotting": 380}
ROOMS |= {"helpers/many": 200, "helpers/video": 480, "course/recording": 1_049}
# Lines of a folder of tests: what it has reached. A number here may only go down.
TESTS = {
    "tests/api": 1_271,
    "tests/browser": 272,
    "tests/docs": 498,
    "tests/encoding": 661,
    "tests/exercises": 635,
    "tests/guard": 26,
    "tests/lessons": 695,
    "tests/many": 192,
    "tests/plotting": 327,
    "tests/recording": 937,
    "tests/setup": 443,
    "tests/tokens": 208,
    "tests/tools": 967,
    "tests/video": 581,
}
# Floors, from the lowest: the files of a room may import their own room and, of these, what is on a floor below it.
FLOORS = ["helpers", "helpers.tokens", "helpers.encoding", "helpers.many helpers.plotting helpers.video", "IPython"]
FLOORS += ["course", "course.recording", "course.exercises", "tests"]
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms.split()}


def files(*packages):
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def count(paths):
    return sum(len(path.read_text("utf-8").splitlines()) for path in paths)


def test_each_room_keeps_to_its_budget_and_no_file_is_too_long():
    """Blank lines and docstrings count."""
    exercises = sum(path.stem.startswith("lesson_") for path in files("course/exercises"))
    most = {**ROOMS, **TESTS, "course/exercises": LINES_A_LESSON * exercises}
    lines = {room: count(files(room)) for room in most}
    rules = (ROOT / "Makefile").read_text("utf-8").partition("\n# .venv is made by")[2].splitlines()
    most["set-up"], lines["set-up"] = 60, count([ROOT / ".ci/venv.sh", ROOT / ".ci/install.sh"]) + len(rules)
    over = {room: f"{lines[room]} of {most[room]}" for room in most if not 0 < lines[room] <= most[room]}
    assert over == {}, "make it smaller: what does no lesson and no program of a reader use?"
    assert {f"tests/{path.parent.name}" for path in (ROOT / "tests").glob("*/*.py")} == TESTS.keys()
    limits = {"helpers": LONGEST_FILE, "course": LONGEST_FILE, "tests": LONGEST_TEST_FILE}
    assert [path for package, most in limits.items() for path in files(package) if count([path]) > most] == []


def imports(path):
    """Yield the full name of all that a file imports, at its top or inside a function."""
    package = ".".join(path.parent.relative_to(ROOT).parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def room_of(name):
    """The room of helpers.tokens.price, ...; course for course.assets, which lies in no folder."""
    room = ".".join(name.split(".")[:2])
    return room if room in FLOOR else name.partition(".")[0]


def module_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_arrows_run_one_way_and_never_in_a_circle():
    found = {module_of(path): {*imports(path)} for path in files("helpers", "course")}
    wrong = []
    for module, names in found.items():
        room = room_of(module)
        below = {room, *(other for other in FLOOR if FLOOR[other] < FLOOR[room])}
        wrong += [f"{module} -> {name}" for name in names if room_of(name) in FLOOR.keys() - below]
    assert wrong == []
    needs = {module: {name if name in found else name.rpartition(".")[0] for name in found[module]} for module in found}
    TopologicalSorter(needs).prepare()  # raises CycleError for files that need each other


def test_the_types_of_helpers_and_course_fit():
    done = subprocess.run([sys.executable, "-m", "mypy", "helpers", "course"], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr


# The libraries first: what they change is not our doing.
IMPORT_ALL = """
import logging, os, signal, sys, warnings
import av, matplotlib.font_manager, numpy, PIL.Image, PIL.ImageFile, requests.adapters, tqdm
def state():
    return [
        list(warnings.filters), warnings.showwarning, logging.root.level, list(logging.root.handlers),
        dict(matplotlib.rcParams), len(matplotlib.font_manager.fontManager.ttflist),
        dict(os.environ), os.getcwd(), list(sys.path), sys.excepthook, signal.getsignal(signal.SIGINT),
        requests.adapters.HTTPAdapter.send, PIL.Image.MAX_IMAGE_PIXELS, PIL.ImageFile.LOAD_TRUNCATED_IMAGES,
    ]
before = state()
for name in sys.argv[1:]:
    __import__(name)
print([new for old, new in zip(before, state()) if old != new], {"IPython", "course", "tests"} & sys.modules.keys())
"""


@pytest.mark.slow
def test_importing_helpers_changes_nothing_and_brings_nothing_of_the_course():
    command = [sys.executable, "-c", IMPORT_ALL, *map(module_of, files("helpers"))]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[] set()\n", "")


@pytest.mark.parametrize("room", [room for room in FLOOR if "." in room])
def test_the_example_of_a_face_runs(room, monkeypatch):
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testmod(importlib.import_module(room))
    assert tried > 0 and failed == 0

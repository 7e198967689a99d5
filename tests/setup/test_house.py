"""The rules of the house: how large a room may be, which way its arrows run, what importing helpers may change."""

import ast
import doctest
import importlib
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter
from importlib.util import resolve_name

import pytest

from course.assets import ROOT

LONGEST_FILE, LONGEST_TEST_FILE, LINES_A_LESSON = 300, 500, 3 * 45  # three exercises of 45 lines
# Lines of a room of code, as it is: a number here may only go down. The goals are 480 lines for encoding, 380 for
# plotting, 480 for video, 1,050 for recording, and 1,900 for helpers in all.
ROOMS = {"helpers": 1_959, "helpers/tokens": 410, "helpers/encoding": 480, "helpers/plotting": 380}
ROOMS |= {"helpers/many": 200, "helpers/video": 480, "course/recording": 1_050}
# Lines of a folder of tests: what it has reached. A number here may only go down.
TESTS = {
    "tests/api": 1_277,
    "tests/browser": 316,
    "tests/docs": 639,
    "tests/encoding": 1_003,
    "tests/exercises": 950,
    "tests/guard": 35,
    "tests/lessons": 945,
    "tests/many": 243,
    "tests/plotting": 442,
    "tests/recording": 1_431,
    "tests/setup": 583,
    "tests/tokens": 280,
    "tests/tools": 1_573,
    "tests/video": 860,
}
# What the files of a room may import of this project, beside their own room: five floors, and no way back down.
MAY_IMPORT = {"helpers": (), "helpers.tokens": (), "helpers.encoding": ("helpers.tokens",), "course": ()}
BOTH = ("helpers.encoding", "helpers.tokens")
MAY_IMPORT |= {"helpers.plotting": BOTH, "helpers.video": BOTH, "helpers.many": BOTH}
MAY_IMPORT |= {"course.recording": ("course", "helpers"), "course.exercises": ("course", "course.recording", "helpers")}
NOT_FOR_HELPERS = {"course", "tests", "IPython"}


def files(*packages):
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def count(paths):
    return sum(len(path.read_text("utf-8").splitlines()) for path in paths)


# How large


def test_each_room_keeps_to_its_budget():
    """Blank lines and docstrings count."""
    exercises = sum(path.stem.startswith("lesson_") for path in files("course/exercises"))
    most = {**ROOMS, **TESTS, "course/exercises": LINES_A_LESSON * exercises}
    lines = {room: count(files(room)) for room in most}
    rules = (ROOT / "Makefile").read_text("utf-8").partition("\n# .venv is made by")[2].splitlines()
    most["set-up"], lines["set-up"] = 60, count([ROOT / ".ci/venv.sh", ROOT / ".ci/install.sh"]) + len(rules)
    over = {room: f"{lines[room]} of {most[room]}" for room in most if not 0 < lines[room] <= most[room]}
    assert over == {}, "make it smaller: what does no lesson and no program of a reader use?"
    assert {f"tests/{path.parent.name}" for path in (ROOT / "tests").glob("*/*.py")} == TESTS.keys()


def test_no_file_is_too_long():
    limits = {"helpers": LONGEST_FILE, "course": LONGEST_FILE, "tests": LONGEST_TEST_FILE}
    assert [path for package, most in limits.items() for path in files(package) if count([path]) > most] == []


# Which way


def imports():
    """{module: the modules it imports, at its top or inside a function}."""
    paths = {path.relative_to(ROOT).with_suffix("").parts: path for path in files("helpers", "course")}
    modules = {".".join(parts).removesuffix(".__init__"): path for parts, path in paths.items()}
    found = {name: set() for name in modules}
    for name, path in modules.items():
        package = name if path.stem == "__init__" else name.rpartition(".")[0]
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found[name] |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = resolve_name("." * node.level + (node.module or ""), package)
                names = {f"{base}.{alias.name}" for alias in node.names}
                found[name] |= {one if one in modules else base for one in names}
    return found


IMPORTS = imports()


def room_of(module):
    """The room in which a module stands: helpers.tokens, ...; course for course.assets, which lies in no folder."""
    room = ".".join(module.split(".")[:2])
    return room if room in MAY_IMPORT else module.partition(".")[0]


def test_arrows_run_one_way_and_never_in_a_circle():
    wrong = []
    for module, others in IMPORTS.items():
        room = room_of(module)
        for other in others:
            top, there = other.partition(".")[0], room_of(other)
            foreign = top in (NOT_FOR_HELPERS if room.startswith("helpers") else {"tests"})
            may = there == room or there in MAY_IMPORT[room] or (top == "helpers" and top in MAY_IMPORT[room])
            if foreign or (top in ("helpers", "course") and not may):
                wrong.append(f"{module} -> {other}")
    assert wrong == []
    tuple(TopologicalSorter(IMPORTS).static_order())  # raises CycleError for files that need each other


def test_the_types_of_helpers_and_course_fit():
    done = subprocess.run([sys.executable, "-m", "mypy", "helpers", "course"], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_is_installed():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    faces = [path.parent for path in files("helpers", "course") if path.name == "__init__.py"]
    assert sorted(listed) == sorted(".".join(face.relative_to(ROOT).parts) for face in faces)


# What importing changes: nothing

IMPORT_ALL = """
import importlib, logging, os, signal, sys, warnings
import matplotlib.font_manager, PIL.Image, PIL.ImageFile, requests.adapters
libraries, ours = (names.split(",") for names in sys.argv[1:])
def state():
    return [
        list(warnings.filters), warnings.showwarning, logging.root.level, list(logging.root.handlers),
        dict(matplotlib.rcParams), len(matplotlib.font_manager.fontManager.ttflist),
        dict(os.environ), os.getcwd(), list(sys.path), sys.excepthook, signal.getsignal(signal.SIGINT),
        requests.adapters.HTTPAdapter.send, PIL.Image.MAX_IMAGE_PIXELS, PIL.ImageFile.LOAD_TRUNCATED_IMAGES,
    ]
for name in libraries:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        pass  # a class of a module, not a module
before = state()
for name in ours:
    importlib.import_module(name)
print([new for old, new in zip(before, state()) if old != new], {"IPython", "course", "tests"} & sys.modules.keys())
"""


@pytest.mark.slow
def test_importing_helpers_changes_nothing_and_brings_nothing_of_the_course():
    ours = [name for name in IMPORTS if name.startswith("helpers")]
    libraries = {other for name in ours for other in IMPORTS[name] if not other.startswith("helpers")}
    command = [sys.executable, "-c", IMPORT_ALL, ",".join(libraries), ",".join(ours)]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[] set()\n", "")


@pytest.mark.parametrize("room", [room.replace("/", ".") for room in [*ROOMS, "course/exercises"] if "/" in room])
def test_the_example_of_a_face_runs(room, monkeypatch):
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testmod(importlib.import_module(room))
    assert tried > 0 and failed == 0

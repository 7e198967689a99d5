"""The rules of the house: how large a room may be, which way its arrows run, what importing helpers may change.

Each check reads a folder, so that it can be shown a made-up tree that breaks its rule.
"""

import ast
import doctest
import functools
import importlib
import json
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name

import pytest

from course.assets import ROOT

LONGEST_FILE, LONGEST_TEST_FILE, LINES_A_LESSON = 300, 500, 3 * 45  # three exercises of 45 lines
# Lines of a room of code, as it is: a number here may only go down. The goals are 480 lines for encoding, 380 for
# plotting, 400 for video, 1,050 for recording, and 1,900 for helpers in all.
ROOMS = {"helpers": 2_038, "helpers/tokens": 410, "helpers/encoding": 615, "helpers/plotting": 380}
ROOMS |= {"helpers/many": 200, "helpers/video": 424, "course/recording": 1_257}
# Lines of a folder of tests: what it has reached. A number here may only go down.
TESTS = {
    "tests/api": 3_410,
    "tests/browser": 239,
    "tests/encoding": 1_826,
    "tests/exercises": 1_221,
    "tests/guard": 50,
    "tests/lessons": 1_275,
    "tests/many": 254,
    "tests/plotting": 754,
    "tests/recording": 2_820,
    "tests/setup": 821,
    "tests/tokens": 450,
    "tests/tools": 1_452,
    "tests/video": 1_128,
}
# What the files of a room may import of this project, beside their own room: five floors, and no way back down.
MAY_IMPORT = {"helpers": (), "helpers.tokens": (), "helpers.encoding": ("helpers.tokens",), "course": ()}
BOTH = ("helpers.encoding", "helpers.tokens")
MAY_IMPORT |= {"helpers.plotting": BOTH, "helpers.video": BOTH, "helpers.many": BOTH}
MAY_IMPORT |= {"course.recording": ("course", "helpers"), "course.exercises": ("course", "course.recording", "helpers")}
NOT_FOR_HELPERS = {"course", "tests", "IPython"}


def files(root, *packages):
    return sorted(path for package in packages for path in (root / package).rglob("*.py"))


def count(*paths):
    return sum(len(path.read_text("utf-8").splitlines()) for path in paths)


# How large


def budgets(root):
    """{room: (its lines, how many it may have)}; blank lines and docstrings count."""
    exercises = sum(path.stem.startswith("lesson_") for path in files(root, "course/exercises"))
    rooms = {**ROOMS, **TESTS}
    rooms["course/exercises"] = LINES_A_LESSON * exercises
    measured = {room: (count(*files(root, room)), most) for room, most in rooms.items()}
    rules = (root / "Makefile").read_text("utf-8").partition("\n# .venv is made by")[2].splitlines()
    scripts = count(root / ".ci" / "venv.sh", root / ".ci" / "install.sh")
    return measured | {"set-up": (scripts + len(rules), 60)}


def too_long(root):
    limits = {"helpers": LONGEST_FILE, "course": LONGEST_FILE, "tests": LONGEST_TEST_FILE}
    return {path.name for package, most in limits.items() for path in files(root, package) if count(path) > most}


def test_each_room_keeps_to_its_budget():
    over = {room: f"{lines} of {most}" for room, (lines, most) in budgets(ROOT).items() if not 0 < lines <= most}
    assert over == {}, "make it smaller: what does no lesson and no program of a reader use?"


def test_every_folder_of_tests_has_its_ceiling():
    folders = {f"tests/{path.parent.name}" for path in (ROOT / "tests").glob("*/*.py")}
    assert folders == TESTS.keys()


def test_no_file_is_too_long():
    assert too_long(ROOT) == set()


# Which way


@functools.cache
def imports(root):
    """{module: the modules it imports, at its top or inside a function}."""
    paths = {path.relative_to(root).with_suffix("").parts: path for path in files(root, "helpers", "course")}
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


def room_of(module):
    """The room in which a module stands: helpers.tokens, ...; course for course.assets, which lies in no folder."""
    room = ".".join(module.split(".")[:2])
    return room if room in MAY_IMPORT else module.partition(".")[0]


def wrong_arrows(root):
    wrong = []
    for module, wanted in imports(root).items():
        room = room_of(module)
        for other in sorted(wanted):
            top, there = other.partition(".")[0], room_of(other)
            foreign = top in (NOT_FOR_HELPERS if room.startswith("helpers") else {"tests"})
            may = there == room or there in MAY_IMPORT[room] or (top == "helpers" and top in MAY_IMPORT[room])
            if foreign or (top in ("helpers", "course") and not may):
                wrong.append(f"{module} -> {other}")
    return wrong


def test_arrows_run_one_way_and_never_in_a_circle():
    assert wrong_arrows(ROOT) == []
    tuple(TopologicalSorter(imports(ROOT)).static_order())  # raises CycleError for files that need each other


def test_every_room_is_installed():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["packages"]
    faces = [path.parent for path in files(ROOT, "helpers", "course") if path.name == "__init__.py"]
    assert sorted(listed) == sorted(".".join(face.relative_to(ROOT).parts) for face in faces)


# What importing changes: nothing

# {what stays as it was, as Python reads it: how a module could change it}
STATE = {
    "list(warnings.filters)": "warnings.simplefilter('ignore')",
    "warnings.showwarning": "warnings.showwarning = print",
    "dict(matplotlib.rcParams)": "matplotlib.rcParams['font.size'] = 1",
    "len(matplotlib.font_manager.fontManager.ttflist)": "matplotlib.font_manager.fontManager.ttflist.clear()",
    "logging.root.level, list(logging.root.handlers)": "logging.basicConfig()",
    "dict(os.environ)": "os.environ['NEW'] = '1'",
    "os.getcwd()": "os.chdir('helpers')",
    "list(sys.path)": "sys.path.append('new')",
    "sys.excepthook": "sys.excepthook = print",
    "requests.adapters.HTTPAdapter.send": "requests.adapters.HTTPAdapter.send = print",
    "PIL.Image.MAX_IMAGE_PIXELS": "PIL.Image.MAX_IMAGE_PIXELS = None",
    "PIL.ImageFile.LOAD_TRUNCATED_IMAGES": "PIL.ImageFile.LOAD_TRUNCATED_IMAGES = True",
    "signal.getsignal(signal.SIGINT)": "signal.signal(signal.SIGINT, lambda *_: None)",
}
MODULES = (
    "import logging, os, signal, sys, warnings, matplotlib.font_manager, PIL.Image, PIL.ImageFile, requests.adapters"
)
IMPORT_ALL = f"""{MODULES}
import importlib, json
found, (state, forbidden, trees) = [], map(json.loads, sys.argv[1:])
for root, libraries, ours in trees:
    for name in [name for name in sys.modules if name.partition(".")[0] in ("helpers", "course")]:
        del sys.modules[name]  # of the tree before
    os.chdir(root)
    sys.path[0] = root
    for name in libraries:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            pass  # a class of a module, not a module
    before = [eval(what) for what in state]
    for name in ours:
        importlib.import_module(name)
    changed = [what for what, value in zip(state, before) if eval(what) != value]
    found.append([changed, [name for name in forbidden if name in sys.modules]])
print(json.dumps(found))
"""


def import_helpers(*roots):
    """Import every module of helpers in a fresh interpreter, tree after tree: what changed, what came along."""
    trees = []
    for root in roots:
        wanted = {name: others for name, others in imports(root).items() if name.startswith("helpers")}
        libraries = {other for others in wanted.values() for other in others if not other.startswith("helpers")}
        trees.append((str(root), sorted(libraries - NOT_FOR_HELPERS), sorted(wanted)))
    arguments = map(json.dumps, ([*STATE], sorted(NOT_FOR_HELPERS), trees))
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL, *arguments], text=True, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_importing_helpers_changes_nothing_and_brings_nothing_of_the_course(tree):
    """The second tree shows that each change would be seen."""
    text = "\n".join([MODULES, "import IPython, course.a", *STATE.values()])
    broken = tree({"course/a.py": "", "IPython.py": "", "helpers/tokens/a.py": text})
    assert import_helpers(ROOT, broken) == [[[], []], [[*STATE], ["IPython", "course"]]]


@pytest.mark.parametrize("room", [room.replace("/", ".") for room in [*ROOMS, "course/exercises"] if "/" in room])
def test_the_example_of_a_face_runs(room, monkeypatch):
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testmod(importlib.import_module(room))
    assert tried > 0 and failed == 0


# Each check sees what it is there for


@pytest.fixture
def tree(tmp_path):
    """Call it with {file: text}: a made-up house, with a face in each folder."""

    def build(texts):
        for name, text in {"Makefile": "", ".ci/venv.sh": "", ".ci/install.sh": "", **texts}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            for folder in path.relative_to(tmp_path).parents:
                if path.suffix == ".py" and folder.name:
                    (tmp_path / folder / "__init__.py").touch()
        return tmp_path

    return build


def test_a_room_that_grew_is_counted(tree):
    lines = {"helpers/tokens/a.py": 411, "helpers/video/deep/b.py": 301, "tests/api/c.py": 501, "tests/api/d.py": 500}
    lines |= {"course/exercises/lesson_00.py": 100, "course/exercises/checking.py": 36}
    scripts = {".ci/venv.sh": 30, ".ci/install.sh": 11}
    texts = {name: "#\n" * number for name, number in (lines | scripts).items()}
    root = tree(texts | {"Makefile": "lab:\n\n# .venv is made by\n" + "\n" * 20})
    found = budgets(root)
    assert found["helpers/tokens"] == (411, 410) and found["helpers"] == (712, ROOMS["helpers"])
    assert found["course/exercises"] == (136, 135)
    assert found["set-up"] == (62, 60) and found["tests/api"][0] == 1_001
    assert too_long(root) == {"a.py", "b.py", "c.py"}


@pytest.mark.parametrize(
    ("file", "text", "arrow"),
    [
        ("helpers/tokens/a.py", "from ..encoding import b", "helpers.tokens.a -> helpers.encoding"),
        ("helpers/tokens/a.py", "def f():\n    import helpers.video.b", "helpers.tokens.a -> helpers.video.b"),
        ("helpers/plotting/a.py", "from .. import video", "helpers.plotting.a -> helpers.video"),
        ("helpers/video/a.py", "from course.assets import ROOT", "helpers.video.a -> course.assets"),
        ("helpers/plotting/a.py", "from IPython.display import HTML", "helpers.plotting.a -> IPython.display"),
        ("helpers/__init__.py", "from . import tokens", "helpers -> helpers.tokens"),
        ("course/a.py", "from tests.api import serve", "course.a -> tests.api"),
        ("course/a.py", "from .recording import start", "course.a -> course.recording"),
        ("course/recording/a.py", "from ..exercises import b", "course.recording.a -> course.exercises"),
    ],
)
def test_a_wrong_arrow_is_seen(tree, file, text, arrow):
    fine = {f"helpers/{room}/fine.py": "from ..tokens import fine\nimport PIL.Image" for room in ("encoding", "video")}
    fine |= {"helpers/tokens/fine.py": "from . import fine", "course/recording/fine.py": "from helpers import tokens"}
    fine |= {"course/fine.py": "", "course/exercises/fine.py": "from .. import fine"}
    root = tree({**fine, file: text})
    assert wrong_arrows(root) == [arrow]


def test_a_circle_of_files_is_seen(tree):
    root = tree({"course/a.py": "from . import b", "course/b.py": "def f():\n    from .a import g"})
    with pytest.raises(CycleError):
        TopologicalSorter(imports(root)).prepare()

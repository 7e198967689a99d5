"""The commands keep their word on machines that are not this one: other Pythons, no venv, no display."""

import re
import shutil
import subprocess
import sys

import pytest

from course.assets import ROOT

# Stands in for Python, venv, pip, uv and JupyterLab: notes in its log what it is asked for, does as much as venv
# would, fails where $FAILING says so.
STAND_IN = """
log() { echo "$1" >>"$HOME/log"; case $FAILING in *"$1,"*) echo "$1: the full story"; exit 1 ;; esac; }
case "$*" in
    *version_info*) echo "3.12 ${BASE:-$0}" ;;
    -V) echo "Python 3.12.${PATCH:-1}" ;;
    "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python; log venv ;;
    "-m pip install "*" uv=="*) log "get uv" ;;
    "-m uv pip install --python .venv/bin/python -r "*) log "uv $8" ;;
    "-m pip install "*) log "pip $8" ;;
    "-c import "*) ;;
    *) echo "started in mode ${COURSE_MODE:-replay}: $*" ;;
esac"""
NEW, LEARNER, TOOLS = ["venv"], ["get uv", "uv requirements.txt"], ["get uv", "uv tests/requirements.txt"]


class Machine:
    """A copy of the set-up alone, in a folder with a space and Korean letters; on its PATH are a few plain tools."""

    def __init__(self, folder):
        self.folder, self.bin, self.variables = folder / "비전 노트북" / "a b", folder / "bin", {}
        (self.folder / "tests").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copytree(ROOT / ".ci", self.folder / ".ci")
        for name in ("Makefile", "pyproject.toml", "requirements.txt", "tests/requirements.txt"):
            shutil.copy(ROOT / name, self.folder / name)
        for tool in ("sh", "cp", "mkdir", "rm", "touch", "chmod"):
            (self.bin / tool).symlink_to(shutil.which(tool))

    def put(self, name, script=STAND_IN):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        path.chmod(0o755)
        return str(path)

    def make(self, *arguments, **variables):
        """Run make as a stranger would: these variables alone, and a line that waits to be read by whoever asks."""
        env = {"PATH": str(self.bin), "HOME": str(self.folder), **self.variables, **variables}
        command, how = [shutil.which("make"), *arguments], {"text": True, "capture_output": True, "timeout": 30}
        return subprocess.run(command, cwd=self.folder, env=env, input="a line", **how)

    def install(self, what, **variables):
        """Make what `lab` or `tests` need: the exit code, and what was asked for."""
        log = self.folder / "log"
        log.write_text("")
        self.done = self.make(f".venv/.{what}", **variables)
        return self.done.returncode, log.read_text("utf-8").splitlines()


@pytest.fixture
def machine(tmp_path):
    """A machine on which nothing is installed, and which has no Python."""
    return Machine(tmp_path)


@pytest.fixture
def ready(machine):
    """A machine on which all was installed once."""
    machine.put("python3")
    assert machine.install("tests") == (0, [*NEW, *LEARNER, *TOOLS])
    return machine


def the_sentence(done):
    """What make printed, when that is one sentence and make's own line about the failure."""
    sentence, makes_own = done.stderr.splitlines()
    assert done.returncode != 0 and done.stdout == "" and makes_own.startswith("make: ***")
    return sentence


@pytest.mark.parametrize(
    ("pythons", "named", "found"),
    [
        ({"python3": "echo 3.10", "python3.12": "exit 127"}, "", "python3 is Python 3.10, python3.12 does not run"),
        ({}, "", "none is on PATH"),
        ({"my own": "echo 2.7", "python3": "echo 3.12"}, "my own", "PYTHON={bin}/my own is Python 2.7"),
        ({"python3": "exit 127", "python3.13": "echo 3.14", "python3.12": STAND_IN, "python3.11": "echo 3.11"}, "", ""),
    ],
    ids=["too old", "none", "the named one is too old", "the third runs"],
)
def test_the_first_python_that_really_runs_is_taken_else_one_sentence_says_why(machine, pythons, named, found):
    for name, script in pythons.items():
        machine.put(name, script)
    done = machine.make("lab", *([f"PYTHON={machine.bin / named}"] if named else []))
    if found:
        assert the_sentence(done) == (
            f"Vision Notebooks needs Python 3.11, 3.12 or 3.13, but {found.format(bin=machine.bin)}; name one "
            "with: make lab PYTHON=/path/to/python3.12"
        )
        assert not (machine.folder / ".venv").exists()
    else:
        assert done.stdout.startswith("Making .venv with Python 3.12 ...\n")


def test_what_makes_no_venv_gets_one_sentence_and_leaves_nothing(machine, tmp_path):
    (tmp_path / "ensurepip.py").write_text("raise ImportError('as on Debian without python3-venv')")
    machine.put("python3", f'exec "{sys.executable}" "$@"')
    sentence = the_sentence(machine.make("lab", PYTHONPATH=str(tmp_path)))
    assert "can't make virtual environments" in sentence and "apt install python3.1" in sentence
    machine.put("python3")
    assert "venv: the full story" in machine.make(".venv/.lab", FAILING="venv,").stderr
    assert not (machine.folder / ".venv").exists()


# What is changed, and what is then asked for of the learners' packages and of the test tools.
CHANGES = {
    "nothing": ([], []),
    **dict.fromkeys(("requirements.txt", "pyproject.toml", ".ci/install.sh"), (LEARNER, TOOLS)),
    "tests/requirements.txt": ([], TOOLS),
    **dict.fromkeys((".venv/.made", "newer Python", "another Python", "another folder"), ([*NEW, *LEARNER], TOOLS)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_after_a_change_what_depends_on_it_is_made_again_once_and_in_silence(ready, change):
    learner, tools = CHANGES[change]
    if (file := ready.folder / change).exists():
        file.write_text("# changed\n" + file.read_text("utf-8"), "utf-8")
    elif change == "another folder":
        ready.folder = ready.folder.rename(ready.folder.parent / "다른 곳")
    elif change == "newer Python":
        ready.variables["PATCH"] = "2"
    elif change == "another Python":
        ready.variables["PYTHON"] = ready.put("my own")
    assert [ready.install("lab"), ready.install("tests")] == [(0, learner), (0, tools)]
    assert [ready.install("lab"), ready.install("tests")] == [(0, []), (0, [])]
    assert (ready.done.stdout, ready.done.stderr) == ("", "")
    ready.variables.pop("PYTHON", None)
    assert ready.install("lab") == (0, []), "the named Python is kept until another is named"


def test_in_an_activated_venv_the_python_behind_it_makes_the_new_one(ready):
    behind, active = ready.put("behind"), ready.folder / ".venv" / "bin" / "python3"
    (ready.bin / "python3").rename(active)
    (ready.bin / "python3").symlink_to(active)
    assert ready.install("lab", PATCH="2", BASE=behind) == (0, [*NEW, *LEARNER])
    assert (ready.folder / ".venv" / ".made").read_text("utf-8") == f"{ready.folder}|Python 3.12.2|{behind}\n"


def test_pip_takes_over_where_uv_cannot_and_a_failure_shows_everything_and_is_tried_again(ready):
    (ready.folder / "requirements.txt").write_text("# changed\n", "utf-8")
    asked = [*LEARNER, "pip requirements.txt"]
    assert ready.install("lab", FAILING="uv requirements.txt,pip requirements.txt,") == (2, asked)
    *errors, last, _makes_own = ready.done.stderr.splitlines()
    assert {"uv requirements.txt: the full story", "pip requirements.txt: the full story"} <= set(errors)
    assert last == "The course's packages could not be installed; is there a network?"
    assert ready.install("lab", FAILING="get uv,") == (0, ["get uv", "pip requirements.txt"])
    assert ready.install("lab") == (0, [])


NEEDS_A_KEY = r"COURSE_MODE=\w+ needs a key: set OPENAI_API_KEY, .*OPENAI_BASE_URL and VISION_MODEL.*make lab.*"
UNKNOWN = "There is no COURSE_MODE=lvie; choose replay, live or record."


@pytest.mark.parametrize(("mode", "says"), [("live", NEEDS_A_KEY), ("record", NEEDS_A_KEY), ("lvie", UNKNOWN)])
def test_a_mode_that_can_not_be_is_one_sentence_before_jupyterlab_starts(ready, mode, says):
    assert re.fullmatch(says, the_sentence(ready.make("lab", f"COURSE_MODE={mode}")))


LAB = (
    "started in mode {mode}: -m jupyterlab --ServerApp.root_dir={folder} --ServerApp.port={port} "
    "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb --log-level=WARN --LabApp.news_url=None "
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate{more}"
)


@pytest.mark.parametrize(
    ("variables", "options"),
    [
        ({}, {}),
        ({"COURSE_MODE": "live", "OPENAI_API_KEY": "a value"}, {"mode": "live"}),
        ({"COURSE_MODE": "live", "OPENAI_BASE_URL": "a value"}, {"mode": "live"}),
        ({"COURSE_MODE": "live", "AZURE_OPENAI_ENDPOINT": "a value"}, {"mode": "live"}),
        ({"SYSTEM": "Linux", "USER_ID": "0", "PORT": "8899"}, {"port": "8899", "more": " --allow-root --no-browser"}),
        ({"SYSTEM": "Linux", "DISPLAY": ":0"}, {}),
        ({"DISPLAY": ":0", "NO_BROWSER": "1"}, {"more": " --no-browser"}),
    ],
    ids=lambda given: " ".join(given),
)
def test_jupyterlab_starts_with_what_its_mode_and_this_machine_need(ready, variables, options):
    ready.put("uname", "echo ${SYSTEM:-Darwin}")
    ready.put("id", "echo ${USER_ID:-1000}")
    done = ready.make("lab", **variables)
    started = LAB.format(**{"mode": "replay", "folder": ready.folder, "port": "8888", "more": "", **options})
    assert (done.returncode, done.stderr, done.stdout.splitlines()[-1]) == (0, "", started)
    overrides = ready.folder / ".venv" / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    assert '"fetchNews": "false"' in overrides.read_text("utf-8")

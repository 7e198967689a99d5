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
        self.folder, self.bin = folder / "비전 노트북" / "a b", folder / "bin"
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
        env = {"PATH": str(self.bin), "HOME": str(self.folder), **variables}
        command, how = [shutil.which("make"), *arguments], {"text": True, "capture_output": True, "timeout": 30}
        self.done = subprocess.run(command, cwd=self.folder, env=env, input="a line", **how)
        return self.done

    def install(self, what, **variables):
        """Make what `lab` or `tests` need: the exit code, and what was asked for."""
        log = self.folder / "log"
        log.write_text("")
        return self.make(f".venv/.{what}", **variables).returncode, log.read_text("utf-8").splitlines()


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


def test_the_first_python_that_really_runs_is_taken_else_one_sentence_says_why(machine):
    def refused(found, *named):
        needs = f"Vision Notebooks needs Python 3.11, 3.12 or 3.13, but {found}; name one"
        assert the_sentence(machine.make("lab", *named)) == f"{needs} with: make lab PYTHON=/path/to/python3.12"

    refused("none is on PATH")
    machine.put("python3", "exit 127")
    machine.put("python3.13", "echo 3.14")
    refused("python3 does not run, python3.13 is Python 3.14")
    own = machine.put("my own", "echo 2.7")
    machine.put("python3.12")
    refused(f"PYTHON={own} is Python 2.7", f"PYTHON={own}")
    assert machine.install("lab") == (0, [*NEW, *LEARNER])


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
    "tests/requirements.txt": ([], TOOLS),
    **dict.fromkeys(("requirements.txt", "pyproject.toml"), (LEARNER, TOOLS)),
    **dict.fromkeys(("newer Python", "another Python", "another folder"), ([*NEW, *LEARNER], TOOLS)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_after_a_change_what_depends_on_it_is_made_again_once_and_in_silence(ready, change):
    (learner, tools), named = CHANGES[change], {}
    if (file := ready.folder / change).exists():
        file.write_text("# changed\n" + file.read_text("utf-8"), "utf-8")
    elif change == "another folder":
        ready.folder = ready.folder.rename(ready.folder.parent / "다른 곳")
    elif change == "newer Python":  # in an activated .venv, whose python3 comes first, but is not to make the new one
        named = {"PATCH": "2", "BASE": ready.put("behind")}
        (ready.bin / "python3").rename(ready.folder / ".venv" / "bin" / "python3")
        (ready.bin / "python3").symlink_to(ready.folder / ".venv" / "bin" / "python3")
    elif change == "another Python":
        named = {"PYTHON": ready.put("my own")}
    assert [ready.install(what, **named) for what in ("lab", "tests")] == [(0, learner), (0, tools)]
    assert [ready.install(what, **named) for what in ("lab", "tests")] == [(0, []), (0, [])]
    assert (ready.done.stdout, ready.done.stderr) == ("", "")
    named.pop("PYTHON", None)
    assert ready.install("lab", **named) == (0, []), "the named Python is kept until another is named"


def test_pip_takes_over_where_uv_cannot_and_a_failure_shows_everything_and_is_tried_again(machine):
    machine.put("python3")
    asked = [*NEW, *LEARNER, "pip requirements.txt"]
    assert machine.install("lab", FAILING="uv requirements.txt,pip requirements.txt,") == (2, asked)
    *errors, last, _makes_own = machine.done.stderr.splitlines()
    assert {"uv requirements.txt: the full story", "pip requirements.txt: the full story"} <= set(errors)
    assert last == "The course's packages could not be installed; is there a network?"
    assert machine.install("lab", FAILING="get uv,") == (0, ["get uv", "pip requirements.txt"])
    assert machine.install("lab") == (0, [])


# Variables of the shell; then mode and port of JupyterLab, and what else it is told.
STARTS = [
    ({}, "replay", "8888", ""),
    ({"COURSE_MODE": "live", "OPENAI_API_KEY": "a value"}, "live", "8888", ""),
    ({"COURSE_MODE": "live", "OPENAI_BASE_URL": "a value"}, "live", "8888", ""),
    ({"COURSE_MODE": "live", "AZURE_OPENAI_ENDPOINT": "a value"}, "live", "8888", ""),
    ({"SYSTEM": "Linux", "USER_ID": "0", "PORT": "8899"}, "replay", "8899", " --allow-root --no-browser"),
    ({"SYSTEM": "Linux", "DISPLAY": ":0"}, "replay", "8888", ""),
    ({"DISPLAY": ":0", "NO_BROWSER": "1"}, "replay", "8888", " --no-browser"),
]
REFUSALS = {
    "live": r"COURSE_MODE=live needs a key: set OPENAI_API_KEY, .*OPENAI_BASE_URL and VISION_MODEL.*make lab.*",
    "lvie": r"There is no COURSE_MODE=lvie; choose replay, live or record\.",
}


def test_jupyterlab_starts_with_what_its_mode_and_this_machine_need(ready):
    ready.put("uname", "echo ${SYSTEM:-Darwin}")
    ready.put("id", "echo ${USER_ID:-1000}")
    for variables, mode, port, more in STARTS:
        done = ready.make("lab", **variables)
        assert (done.returncode, done.stderr) == (0, ""), variables
        begin, asks_nobody, end = done.stdout.splitlines()[-1].partition("jupyterlab.NeverCheckForUpdate")
        assert begin.startswith(f"started in mode {mode}: -m jupyterlab --ServerApp.root_dir={ready.folder} ")
        assert f" --ServerApp.port={port} " in begin and asks_nobody and end == more, variables
    for mode, says in REFUSALS.items():
        assert re.fullmatch(says, the_sentence(ready.make("lab", COURSE_MODE=mode)))

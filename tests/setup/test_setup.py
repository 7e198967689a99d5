"""The commands keep their word on machines that are not this one: other Pythons, no venv, no display."""

import re
import shutil
import subprocess
import sys

import pytest

from course.assets import ROOT


@pytest.fixture
def checkout(tmp_path):
    """A copy of the set-up alone, in a folder with a space and Korean letters, where a test may break things."""
    folder = tmp_path / "비전 노트북" / "a b"
    (folder / "tests").mkdir(parents=True)
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    for name in ("Makefile", "pyproject.toml", "requirements.txt", "tests/requirements.txt"):
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def bin_folder(tmp_path):
    """A PATH of one folder: a handful of plain tools, and whatever Python a test puts there."""
    (folder := tmp_path / "bin").mkdir()
    for tool in ("sh", "cp", "mkdir", "rm", "touch", "chmod"):
        (folder / tool).symlink_to(shutil.which(tool))
    return folder


def put(folder, name, script):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def make(checkout, bin_folder):
    """Run make as a stranger would: with these variables alone, and a line that waits to be read by whoever asks."""

    def run(*arguments, cwd=checkout, **variables):
        command, env = [shutil.which("make"), *arguments], {"PATH": str(bin_folder), "HOME": str(cwd), **variables}
        return subprocess.run(command, cwd=cwd, env=env, input="a line", text=True, capture_output=True, timeout=30)

    return run


def the_sentence(done):
    """What make printed, when that is one sentence and make's own line about the failure."""
    sentence, makes_own = done.stderr.splitlines()
    assert done.returncode != 0 and done.stdout == "" and makes_own.startswith("make: ***")
    return sentence


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


# Which Python


@pytest.mark.parametrize(
    ("pythons", "named", "says"),
    [
        ({"python3": "echo 3.10", "python3.12": "exit 127"}, "", "python3 is Python 3.10, python3.12 does not run; na"),
        ({}, "", "but none is on PATH;"),
        ({"my own": "echo 2.7", "python3": "echo 3.12"}, "my own", "my own is Python 2.7;"),
        ({"python3": "exit 127", "python3.13": "echo 3.14", "python3.12": STAND_IN, "python3.11": "echo 3.11"}, "", ""),
    ],
)
def test_the_first_python_that_really_runs_is_taken_else_one_sentence_says_why(
    checkout, bin_folder, make, pythons, named, says
):
    for name, script in pythons.items():
        put(bin_folder, name, script)
    done = make("lab", *([f"PYTHON={bin_folder / named}"] if named else []))
    if says:
        sentence = the_sentence(done)
        assert sentence.startswith("Vision Notebooks needs Python 3.11, 3.12 or 3.13, but ") and says in sentence
        assert sentence.endswith("make lab PYTHON=/path/to/python3.12") and not (checkout / ".venv").exists()
    else:
        assert done.stdout.startswith("Making .venv with Python 3.12 ...\n")


def test_what_makes_no_venv_gets_one_sentence_and_leaves_nothing(checkout, bin_folder, make, tmp_path):
    (tmp_path / "ensurepip.py").write_text("raise ImportError('as on Debian without python3-venv')")
    put(bin_folder, "python3", f'exec "{sys.executable}" "$@"')
    sentence = the_sentence(make("lab", PYTHONPATH=str(tmp_path)))
    assert "can't make virtual environments" in sentence and "apt install python3.1" in sentence
    put(bin_folder, "python3", STAND_IN)
    assert "venv: the full story" in make(".venv/.lab", FAILING="venv,").stderr and not (checkout / ".venv").exists()


# What is installed, and when


@pytest.fixture
def install(checkout, bin_folder, make):
    """Call it with "lab" or "tests", for which all was installed once: the exit code, and what is asked for now."""
    put(bin_folder, "python3", STAND_IN)
    log = checkout / "log"

    def run_make(what, **variables):
        log.write_text("")
        run_make.done = make(f".venv/.{what}", **variables)
        return run_make.done.returncode, log.read_text().splitlines()

    assert run_make("tests") == (0, [*NEW, *LEARNER, *TOOLS])
    return run_make


@pytest.mark.parametrize(
    ("change", "learner", "tools"),
    [("nothing", [], []), ("requirements.txt", LEARNER, TOOLS), ("pyproject.toml", LEARNER, TOOLS),
     (".ci/install.sh", LEARNER, TOOLS), ("tests/requirements.txt", [], TOOLS),
     (".venv/.made", [*NEW, *LEARNER], TOOLS), ("PATCH", [*NEW, *LEARNER], TOOLS), ("PYTHON", [*NEW, *LEARNER], TOOLS)],
)  # fmt: skip
def test_after_a_change_what_depends_on_it_is_made_again_once_and_in_silence(
    install, checkout, bin_folder, change, learner, tools
):
    other = {"PATCH": "2", "PYTHON": str(put(bin_folder, "my own", STAND_IN))}
    always = {change: other[change]} if change in other else {}
    if (checkout / change).exists():
        (checkout / change).write_text("# changed\n" + (checkout / change).read_text("utf-8"), "utf-8")
    assert [install("lab", **always), install("tests", **always)] == [(0, learner), (0, tools)]
    assert [install("lab", **always), install("tests", **always)] == [(0, []), (0, [])]
    assert (install.done.stdout, install.done.stderr) == ("", "")
    assert change == "PATCH" or install("lab") == (0, []), "the named Python is kept until another is named"


def test_a_folder_that_moved_gets_a_venv_of_its_own(install, checkout, make):
    moved = checkout.rename(checkout.parent / "다른 곳")
    assert make(".venv/.lab", cwd=moved).stdout.startswith("Making .venv with Python 3.12 ...\n")


def test_in_an_activated_venv_the_python_behind_it_makes_the_new_one(install, checkout, bin_folder):
    behind = put(bin_folder, "behind", STAND_IN)
    put(checkout / ".venv" / "bin", "python3", STAND_IN)
    (bin_folder / "python3").unlink()
    (bin_folder / "python3").symlink_to(checkout / ".venv" / "bin" / "python3")
    assert install("lab", PATCH="2", BASE=str(behind)) == (0, [*NEW, *LEARNER])
    assert (checkout / ".venv" / ".made").read_text("utf-8") == f"{checkout}|Python 3.12.2|{behind}\n"


def test_pip_takes_over_where_uv_cannot_and_a_failure_shows_everything_and_is_tried_again(install, checkout):
    (checkout / "requirements.txt").write_text("# changed\n", "utf-8")
    asked = [*LEARNER, "pip requirements.txt"]
    assert install("lab", FAILING="uv requirements.txt,pip requirements.txt,") == (2, asked)
    *errors, last, _makes_own = install.done.stderr.splitlines()
    assert {"uv requirements.txt: the full story", "pip requirements.txt: the full story"} <= set(errors)
    assert last == "The course's packages could not be installed; is there a network?"
    assert install("lab", FAILING="get uv,") == (0, ["get uv", "pip requirements.txt"])
    assert install("lab") == (0, [])


# JupyterLab, and live before it starts


@pytest.fixture
def lab(install, bin_folder, make):
    """Call it with variables: `make lab`, with everything installed and a JupyterLab that only says how it started."""

    def start(*arguments, system="Darwin", user=1000, **variables):
        put(bin_folder, "uname", f"echo {system}")
        put(bin_folder, "id", f"echo {user}")
        return make("lab", *arguments, **variables)

    return start


@pytest.mark.parametrize("mode", ["live", "record", "lvie"])
def test_a_mode_that_can_not_be_is_one_sentence_before_jupyterlab_starts(lab, mode):
    needs_a_key = f"COURSE_MODE={mode} needs a key: set OPENAI_API_KEY, .*OPENAI_BASE_URL and VISION_MODEL.*make lab.*"
    unknown = "There is no COURSE_MODE=lvie; choose replay, live or record."
    assert re.fullmatch(unknown if mode == "lvie" else needs_a_key, the_sentence(lab(f"COURSE_MODE={mode}")))


@pytest.mark.parametrize("name", ["", "OPENAI_API_KEY", "OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT"])
def test_with_what_its_mode_needs_jupyterlab_starts(lab, checkout, name):
    done = lab(**({"COURSE_MODE": "live", name: "a value"} if name else {}))
    assert (done.returncode, done.stderr) == (0, "")
    started = done.stdout.splitlines()[-1]
    assert started.startswith(f"started in mode {'live' if name else 'replay'}: -m jupyterlab")
    assert f"--ServerApp.root_dir={checkout} --ServerApp.port=8888" in started
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in started
    assert not re.search("--allow-root|--no-browser", started)
    overrides = checkout / ".venv" / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    assert '"fetchNews": "false"' in overrides.read_text()


def test_jupyterlab_starts_where_there_is_no_display_on_another_port_as_root(lab):
    started = lab(system="Linux", user=0, PORT="8899").stdout
    assert all(option in started for option in ("--no-browser", "--allow-root", "--ServerApp.port=8899"))
    assert "--no-browser" not in lab(system="Linux", DISPLAY=":0").stdout
    assert "--no-browser" in lab(DISPLAY=":0", NO_BROWSER="1").stdout

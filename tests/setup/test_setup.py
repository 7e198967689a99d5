"""The two commands keep their word on machines that are not this one: other Pythons, no venv, no network."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements", "tests/requirements")


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
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("sh", "cp", "mkdir", "rm", "touch"):
        (folder / tool).symlink_to(shutil.which(tool))
    return folder


def put(folder, name, script):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)
    return path


def make(checkout, bin_folder, *arguments, **variables):
    """Run make as a stranger would: on that PATH, and not as a part of the make that runs these tests."""
    env = {"PATH": str(bin_folder), "HOME": str(checkout), **variables}
    command = [shutil.which("make"), *arguments]
    return subprocess.run(command, cwd=checkout, env=env, text=True, capture_output=True, timeout=30)


def the_sentence(done):
    """What make printed, when that is one sentence and make's own line about the failure."""
    assert done.returncode != 0
    assert done.stdout == ""
    sentence, makes_own = done.stderr.splitlines()
    assert makes_own.startswith("make: ***")
    return sentence


# In the place of Python, venv, pip, uv and JupyterLab: notes in its log what it is asked for, does as much as venv
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
    *) echo "started in mode ${COURSE_MODE:-replay}" ;;
esac"""


# Which Python


def test_unsupported_python_gets_one_sentence(checkout, bin_folder):
    put(bin_folder, "python3", "echo 3.10")
    put(bin_folder, "python3.12", "echo 'pyenv: python3.12: command not found' >&2; exit 127")
    sentence = the_sentence(make(checkout, bin_folder, "lab"))
    assert "needs Python 3.11, 3.12 or 3.13" in sentence
    assert "but python3 is Python 3.10, python3.12 does not run;" in sentence
    assert "make lab PYTHON=/path/to/python3.12" in sentence
    assert not (checkout / ".venv").exists()


def test_no_python_gets_one_sentence(checkout, bin_folder):
    assert "but none is on PATH;" in the_sentence(make(checkout, bin_folder, "test"))


@pytest.mark.parametrize(("script", "said"), [("echo 2.7", "is Python 2.7"), ("exit 1", "does not run")])
def test_named_python_that_will_not_do_gets_one_sentence(checkout, bin_folder, script, said):
    named = put(bin_folder, "my own", script)
    sentence = the_sentence(make(checkout, bin_folder, "lab", f"PYTHON={named}"))
    assert f"PYTHON={named} {said}" in sentence


def test_first_python_that_really_runs_is_taken(checkout, bin_folder):
    put(bin_folder, "python3", "exit 127")
    put(bin_folder, "python3.13", "echo 3.14")
    put(bin_folder, "python3.12", STAND_IN)
    put(bin_folder, "python3.11", "echo 3.11")
    done = make(checkout, bin_folder, "lab")
    assert done.stdout.splitlines()[0] == "Making .venv with Python 3.12 ..."


def test_missing_ensurepip_gets_one_sentence_and_leaves_nothing(checkout, bin_folder, tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "ensurepip.py").write_text("raise ImportError('as on Debian without python3-venv')")
    put(bin_folder, "python3", f'exec "{sys.executable}" "$@"')
    sentence = the_sentence(make(checkout, bin_folder, "lab", PYTHONPATH=str(tmp_path / "broken")))
    assert "can't make virtual environments" in sentence
    assert "apt install python3.1" in sentence
    assert not (checkout / ".venv").exists()


# Live, before JupyterLab starts


@pytest.fixture
def lab(checkout, bin_folder):
    """Call it with variables: `make lab`, with everything installed and a JupyterLab that only says it was started."""
    put(bin_folder, "python3", STAND_IN)
    put(bin_folder, "uname", "echo Darwin")
    put(bin_folder, "id", "echo 1000")
    assert make(checkout, bin_folder, ".venv/.lab").returncode == 0
    return lambda *arguments, **variables: make(checkout, bin_folder, "lab", *arguments, **variables)


@pytest.mark.parametrize("mode", ["live", "record"])
def test_live_without_a_key_is_one_sentence_before_jupyterlab_starts(lab, mode):
    sentence = the_sentence(lab(f"COURSE_MODE={mode}"))
    assert f"COURSE_MODE={mode} needs a key: set OPENAI_API_KEY" in sentence
    assert "OPENAI_BASE_URL and VISION_MODEL" in sentence and "run plain `make lab`" in sentence


def test_an_unknown_mode_is_one_sentence_before_jupyterlab_starts(lab):
    assert the_sentence(lab("COURSE_MODE=lvie")) == "There is no COURSE_MODE=lvie; choose replay, live or record."


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"COURSE_MODE": "live", "OPENAI_API_KEY": "a key"},
        {"COURSE_MODE": "live", "OPENAI_BASE_URL": "http://here/v1"},
        {"COURSE_MODE": "live", "AZURE_OPENAI_ENDPOINT": "https://somewhere"},
    ],
    ids=["replay", "with a key", "with a server of one's own", "with a resource of Azure"],
)
def test_with_what_its_mode_needs_jupyterlab_starts(lab, variables):
    done = lab(**variables)
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.splitlines()[-1] == f"started in mode {variables.get('COURSE_MODE', 'replay')}"


# What is installed, and when


class Installer:
    """`make .venv/.lab` and `.venv/.tests` with a stand-in for everything that they call."""

    def __init__(self, checkout, bin_folder):
        self.checkout, self.bin_folder, self.failing = checkout, bin_folder, ()
        put(bin_folder, "python3", STAND_IN)

    def __call__(self, what="lab", **variables):
        """Run it once; return its exit code and what was asked for."""
        log = self.checkout / "log"
        log.write_text("")
        failing = "".join(f"{name}," for name in self.failing)
        self.done = make(self.checkout, self.bin_folder, f".venv/.{what}", FAILING=failing, **variables)
        return self.done.returncode, log.read_text().splitlines()


@pytest.fixture
def installer(checkout, bin_folder):
    return Installer(checkout, bin_folder)


LEARNER = ["get uv", "uv requirements.txt"]
TOOLS = ["get uv", "uv tests/requirements.txt"]


def test_second_run_asks_for_nothing_and_says_nothing(installer):
    assert installer() == (0, ["venv", *LEARNER])
    assert installer("tests") == (0, TOOLS)
    for what in ("lab", "tests"):
        assert installer(what) == (0, [])
        assert (installer.done.stdout, installer.done.stderr) == ("", "")


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_changed_lock_is_installed_again(installer, checkout, name):
    installer("tests")
    with open(checkout / name, "a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert installer() == (0, LEARNER)
    assert installer("tests") == (0, TOOLS)


def test_changed_test_lock_leaves_the_learners_alone(installer, checkout):
    installer("tests")
    (checkout / "tests" / "requirements.txt").write_text("ruff==1\n")
    assert installer() == (0, [])
    assert installer("tests") == (0, TOOLS)


def test_moved_folder_gets_a_new_venv(installer, checkout):
    installer()
    installer.checkout = checkout.rename(checkout.parent / "다른 곳")
    assert installer() == (0, ["venv", *LEARNER])


def test_another_python_gets_a_new_venv(installer):
    installer()
    assert installer(PATCH="2") == (0, ["venv", *LEARNER]), "the same Python, updated"
    assert installer(PATCH="2") == (0, [])


def test_named_python_is_kept_until_another_is_named(installer, bin_folder):
    mine = str(put(bin_folder, "my own", STAND_IN))
    assert installer(PYTHON=mine) == (0, ["venv", *LEARNER])
    assert installer() == installer(PYTHON=mine) == (0, [])
    assert installer(PYTHON=str(bin_folder / "python3")) == (0, ["venv", *LEARNER])


def test_in_an_activated_venv_the_python_behind_it_makes_the_new_one(installer, checkout, bin_folder):
    behind = put(bin_folder, "behind", STAND_IN)
    installer()
    put(checkout / ".venv" / "bin", "python3", STAND_IN)
    (bin_folder / "python3").unlink()
    (bin_folder / "python3").symlink_to(checkout / ".venv" / "bin" / "python3")
    assert installer(PATCH="2", BASE=str(behind)) == (0, ["venv", *LEARNER])
    assert (checkout / ".venv" / ".made").read_text("utf-8") == f"{checkout}|Python 3.12.2|{behind}\n"


def test_venv_that_was_never_finished_is_made_again(installer, checkout):
    installer()
    (checkout / ".venv" / ".made").unlink()
    assert installer() == (0, ["venv", *LEARNER])


def test_pip_takes_over_where_uv_cannot(installer):
    installer.failing = ("get uv",)
    assert installer() == (0, ["venv", "get uv", "pip requirements.txt"])
    assert installer() == (0, [])


def test_failed_install_shows_everything_leaves_no_stamp_and_is_tried_again(installer, checkout):
    installer.failing = ("uv requirements.txt", "pip requirements.txt")
    assert installer("tests") == (2, ["venv", *LEARNER, "pip requirements.txt"])
    *errors, makes_own = installer.done.stderr.splitlines()
    assert "uv requirements.txt: the full story" in errors
    assert "pip requirements.txt: the full story" in errors
    assert errors[-1] == "The course's packages could not be installed; is there a network?"
    assert makes_own.startswith("make: ***")
    assert not (checkout / ".venv" / ".lab").exists()
    installer.failing = ()
    assert installer() == (0, LEARNER)


def test_failed_venv_leaves_nothing_half_made(installer, checkout):
    installer.failing = ("venv",)
    assert installer() == (2, ["venv"])
    assert not (checkout / ".venv").exists()
    assert "venv: the full story" in installer.done.stderr


def test_jupyterlab_asks_for_no_news(installer, checkout):
    installer()
    overrides = checkout / ".venv" / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    assert json.loads(overrides.read_text()) == {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}


# What CI runs


@pytest.mark.parametrize(
    ("failing", "called", "code"), [("", "test browser", 0), ("test", "test", 7), ("browser", "test browser", 7)]
)
def test_ci_runs_both_parts_and_fails_with_either(checkout, bin_folder, failing, called, code):
    put(bin_folder, "make", f'printf "%s %s|" "$*" "$CI"; cat; [ "$1" != "{failing}" ] || exit 7')
    env = {**os.environ, "PATH": f"{bin_folder}:{os.environ['PATH']}"}
    command = ["bash", checkout / ".ci" / "run"]
    done = subprocess.run(command, env=env, input="never read", text=True, capture_output=True, timeout=30)
    assert done.stdout == "".join(f"{part} true|" for part in called.split())
    assert done.returncode == code


# Chromium for `make browser`

APT = """echo "$*" >>"$0.log"; [ "$DEBIAN_FRONTEND" = noninteractive ] && ! read line || exit 9
case $* in
    *-y*{failing}*) echo "E: the full story"; exit 100 ;;
    *-y*install*chromium*) : >"${{0%apt-get}}chromium"; chmod +x "${{0%apt-get}}chromium"; echo "Setting up ..." ;;
esac"""


def chromium(bin_folder, user=0, failing=None):
    """Run .ci/chromium.sh as that user, where apt-get fails at one of its commands, or is not there at all."""
    put(bin_folder, "id", f"echo {user}")
    if failing is not None:
        put(bin_folder, "apt-get", APT.format(failing=failing))
        (bin_folder / "chmod").symlink_to(shutil.which("chmod"))
    command = ["/bin/sh", ROOT / ".ci" / "chromium.sh"]
    env = {"PATH": str(bin_folder)}
    done = subprocess.run(command, env=env, input="a line", text=True, capture_output=True, timeout=30)
    log = bin_folder / "apt-get.log"
    asked = [re.search("update|install", line)[0] for line in log.read_text().splitlines()] if log.exists() else []
    return done.returncode, done.stdout, done.stderr.splitlines(), asked


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_a_browser_that_is_there_is_taken_in_silence(bin_folder, name):
    put(bin_folder, name, "")
    assert chromium(bin_folder, failing="") == (0, "", [], [])


@pytest.mark.parametrize("failing", ["nothing", "update"])
def test_root_gets_chromium_and_is_asked_nothing(bin_folder, failing):
    """The lists come first; a source of them that fails is no reason to stop."""
    said = "Installing Chromium (and a font for Korean) with apt-get ...\n"
    assert chromium(bin_folder, failing=failing) == (0, said, [], ["update", "install"])


def test_chromium_that_cannot_be_installed_gets_the_log_and_one_sentence(bin_folder):
    code, _, errors, asked = chromium(bin_folder, failing="install")
    assert (code, asked) == (1, ["update", "install"])
    assert errors[0] == "E: the full story"
    assert errors[-1] == "make browser needs Chromium, and apt-get could not install it, see above; is there a network?"


@pytest.mark.parametrize(
    ("user", "failing", "says"),
    [(0, None, "is on PATH."), (1000, None, "is on PATH."), (1000, "", "sudo apt-get install chromium, then again.")],
)
def test_whoever_must_install_it_is_told_what(bin_folder, user, failing, says):
    code, said, errors, asked = chromium(bin_folder, user, failing)
    assert (code, said, len(errors), asked) == (1, "", 1, [])
    assert errors[0].startswith("make browser needs Chromium") and errors[0].endswith(says)


# The locks


def requirements(name):
    """{package: the rest of its line} of a requirements file, comments and options left out."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    lines = [line for line in lines if line.strip() and not line.startswith(("#", "-"))]
    parts = [re.fullmatch(r"([A-Za-z0-9._-]+)(.*)", line).groups() for line in lines]
    return {re.sub(r"[-_.]+", "-", package).lower(): rest for package, rest in parts}


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_is_pinned_and_no_place_is_named(name):
    text = (ROOT / f"{name}.txt").read_text("utf-8")
    pins = requirements(f"{name}.txt")
    assert len(pins) > 10
    assert [package for package, rest in pins.items() if not re.match(r"==\d[\w.]*( |$)", rest)] == []
    assert not re.search(r"://|file:|index-url|find-links|(^|\s)[/~]|[A-Z]:\\| @ ", text, re.MULTILINE)
    options = [line for line in text.splitlines() if line.startswith("-")]
    assert [line.partition("#")[0].strip() for line in options] == (["-e ."] if name == "requirements" else [])


def test_what_is_wished_for_ends_with_this_folder():
    assert (ROOT / "requirements.in").read_text("utf-8").endswith("\n-e .\n")


@pytest.mark.parametrize("name", LOCKS)
def test_every_wish_has_a_reason_and_is_in_the_lock(name):
    wishes = requirements(f"{name}.in")
    assert wishes.keys() <= requirements(f"{name}.txt").keys()
    assert [package for package, rest in wishes.items() if not re.search(r"\s# \w+.* \w+", rest)] == []


def test_the_courses_own_choice_stands_first():
    chosen = ["openai", "pillow", "matplotlib", "requests", "jupyter", "nbval"]
    assert list(requirements("requirements.in"))[:6] == chosen


def test_no_test_tool_reaches_a_learner():
    learner, tools = requirements("requirements.txt"), requirements("tests/requirements.in")
    assert tools.keys() & learner.keys() == {"psutil", "pytest"}
    assert "nbval" in learner["pytest"], "pytest may be there because nbval needs it, for no other reason"
    assert "via ipy" in learner["psutil"], "and psutil because IPython does"


def test_both_locks_agree():
    learner, tools = requirements("requirements.txt"), requirements("tests/requirements.txt")
    shared = learner.keys() & tools.keys()
    assert shared
    assert {name: tools[name].split()[0] for name in shared} == {name: learner[name].split()[0] for name in shared}


# No network


ASK = """
import os, socket, sys
print("net", os.readlink("/proc/self/ns/net") if os.path.exists("/proc/self/ns/net") else "?")
def tried(what, *arguments):
    try:
        what(*arguments)
    except OSError as error:
        print(type(error).__name__, error)
    else:
        print("done")
tried(socket.create_connection, ("127.0.0.1", int(sys.argv[1])), 5)
tried(socket.create_connection, ("localhost", int(sys.argv[1])), 5)
tried(socket.socket(socket.AF_INET, socket.SOCK_STREAM).connect, ("192.0.2.1", 80))
tried(socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto, b"x", ("192.0.2.1", 53))
tried(socket.getaddrinfo, "example.com", 443)
tried(socket.gethostbyname, "example.com")
"""

# A server of its own beside the question, as a namespace has a loopback of its own.
SERVE_AND_ASK = """
import socket, subprocess, sys
with socket.create_server(("127.0.0.1", 0)) as server:
    sys.exit(subprocess.call([sys.executable, "-c", sys.argv[1], str(server.getsockname()[1])]))
"""


def isolated(*command, **variables):
    # Neither variable of an isolated.sh around this very run may decide for the one that is tried here.
    env = {name: value for name, value in os.environ.items() if name not in ("COURSE_GUARD", "PYTHONPATH")} | variables
    command = ["sh", ROOT / "tests" / "isolated.sh", *command]
    done = subprocess.run(command, env=env, text=True, capture_output=True, timeout=30)
    first, *rest = done.stdout.splitlines()
    return first, rest, done


def ask(**variables):
    how, answers, done = isolated(sys.executable, "-c", SERVE_AND_ASK, ASK, **variables)
    assert done.returncode == 0, done.stderr
    namespace, *answers = answers
    return how, namespace, answers


def assert_guarded(answers):
    assert answers[:2] == ["done", "done"]
    assert len(answers) == 6
    assert all("tests run without network (tests/guard)" in answer for answer in answers[2:])


def test_guard_lets_nothing_out_but_loopback():
    how, _, answers = ask(COURSE_GUARD="1")
    assert how == "network: off, socket guard in each Python process"
    assert_guarded(answers)


def test_nothing_gets_out_of_what_this_machine_can_do():
    how, namespace, answers = ask()
    if how == "network: off, own namespace (unshare)":
        assert namespace != "net " + os.readlink("/proc/self/ns/net")
        assert answers[:2] == ["done", "done"]
        assert "Network is unreachable" in answers[2]
        assert "Network is unreachable" in answers[3]
        assert all(answer.startswith("gaierror") for answer in answers[4:])
    else:
        assert how == "network: off, socket guard in each Python process"
        assert_guarded(answers)


def test_this_very_run_has_no_network():
    with pytest.raises(OSError) as refused:
        socket.create_connection(("192.0.2.1", 80), timeout=3)
    assert re.search("unreachable|without network", str(refused.value)), "start pytest as `make test` does"


def test_guard_imports_the_sitecustomize_it_shadows(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.shadowed = True")
    command = "import sys, sitecustomize; print(sys.shadowed, sitecustomize.refuse.__name__)"
    _, rest, done = isolated(sys.executable, "-c", command, COURSE_GUARD="1", PYTHONPATH=str(tmp_path))
    assert rest == ["True refuse"], done.stderr


@pytest.mark.parametrize("variables", [{}, {"COURSE_GUARD": "1"}], ids=["default", "guard"])
def test_isolated_passes_arguments_and_exit_code_on(variables, tmp_path):
    command = 'printf "%s|" "$@"; exit 7'
    _, rest, done = isolated("sh", "-c", command, "sh", "a b", "비전", "$HOME", "", **variables)
    assert rest == ["a b|비전|$HOME||"]
    assert done.returncode == 7


@pytest.mark.parametrize("variables", [{}, {"COURSE_GUARD": "1"}], ids=["default", "guard"])
def test_isolated_may_be_nested(variables):
    inner = ["sh", ROOT / "tests" / "isolated.sh", sys.executable, "-c", "print('ran')"]
    first, rest, done = isolated(*inner, **variables)
    assert rest == [first, "ran"], done.stderr


def test_a_proxy_or_a_log_level_of_the_shell_does_not_reach_the_tests():
    names = "('HTTPS_PROXY', 'http_proxy', 'OPENAI_LOG', 'KEPT')"
    show = f"import os; print([name for name in {names} if name in os.environ])"
    odd = {"HTTPS_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "OPENAI_LOG": "debug", "KEPT": "1"}
    _, rest, done = isolated(sys.executable, "-c", show, **odd)
    assert rest == ["['KEPT']"], done.stderr

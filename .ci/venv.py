"""Makes .venv from the pinned lock, and does nothing when it is there already.

`venv.py` installs what a learner needs, `venv.py tests` the test tools as well. Only the standard library is used,
as this runs before anything is installed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

UV = "uv==0.13.9"  # fast and exact; plain pip does the same more slowly wherever uv can't be had

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"

# In an activated .venv, `python3` is the very .venv that may have to be replaced: use the Python behind it.
BASE = getattr(sys, "_base_executable", None) or sys.executable


class SetupError(Exception):
    """One sentence for the reader, then what the failed tool printed."""


def run(*command):
    """Run quietly; return (worked, everything it printed)."""
    env = {name: value for name, value in os.environ.items() if name not in ("PIP_USER", "PIP_TARGET", "PIP_PREFIX")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    return done.returncode == 0, done.stdout


def digest(*parts):
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def read(name):
    return (ROOT / name).read_text("utf-8")


def stamp(name):
    return VENV / f"course-{name}.stamp"


def is_current(name, key):
    return PYTHON.exists() and stamp(name).exists() and stamp(name).read_text("ascii") == key


def make_venv():
    """A .venv of this Python in this folder: scripts in it hold absolute paths, so a moved one is made anew."""
    key = digest(sys.version, sys.base_prefix, str(ROOT))
    if is_current("venv", key):
        return key
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise SetupError(without_venv()) from None
    print(f"Making .venv with Python {sys.version.split()[0]} ...", flush=True)
    remove_venv()
    try:
        worked, output = run(BASE, "-m", "venv", VENV)
    except BaseException:  # Ctrl-C too
        remove_venv()
        raise
    if not worked:
        remove_venv()
        raise SetupError(without_venv(), output)
    stamp("venv").write_text(key, "ascii")
    return key


def without_venv():
    number = "{}.{}".format(*sys.version_info)
    return (
        f"This Python {number} can't make virtual environments (venv or ensurepip is missing); on Debian and Ubuntu "
        f"`apt install python{number}-venv` adds it, or name another with: make lab PYTHON=/path/to/python3.12"
    )


def remove_venv():
    try:
        if VENV.exists():
            shutil.rmtree(VENV)
    except OSError as error:
        raise SetupError(f"The old .venv can't be replaced ({error}); remove it, then run this again.") from None


def install(name, title, lock, key):
    """Install a lock unless its stamp says so already. The stamp goes first and comes back last."""
    if is_current(name, key):
        return
    print(f"Installing {title} ...", flush=True)
    stamp(name).unlink(missing_ok=True)
    pip = (PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input")
    worked, uv_output = run(*pip, UV)
    if worked:
        worked, uv_output = run(PYTHON, "-m", "uv", "pip", "install", "--python", PYTHON, "-r", lock)
    if not worked:
        print("  uv could not do it; pip takes a little longer ...", flush=True)
        worked, pip_output = run(*pip, "-r", lock)
        if not worked:
            output = f"uv said:\n{uv_output}\npip said:\n{pip_output}"
            raise SetupError(f"{title[0].upper()}{title[1:]} could not be installed; is there a network?", output)
    if name == "lab":
        settle()
    stamp(name).write_text(key, "ascii")


def settle():
    """What would otherwise meet the reader at the first start."""
    # matplotlib lists the machine's fonts at its first import and may say so on stderr, which has no place in a lesson.
    run(PYTHON, "-c", "import matplotlib.font_manager")
    # JupyterLab asks whether it may fetch news; the course asks nobody.
    overrides = VENV / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    overrides.parent.mkdir(parents=True, exist_ok=True)
    overrides.write_text('{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}\n', "ascii")


def main(wanted):
    try:
        key = digest(make_venv(), UV, read("pyproject.toml"), read("requirements.txt"))
        install("lab", "the course's packages", "requirements.txt", key)
        if "tests" in wanted:
            key = digest(key, read("tests/requirements.txt"))
            install("tests", "the test tools", "tests/requirements.txt", key)
    except SetupError as error:
        sentence, *output = error.args
        print(*output, sentence, sep="\n", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped; run it again to finish.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Is this machine ready for a workshop? `make preflight`, or .venv/bin/python docs/preflight.py [LESSON ...]

On Windows: .venv\\Scripts\\python docs\\preflight.py 01_url_input. One line for each thing looked at, then READY or NOT
READY, which is exit code 1. Without a lesson all of them are replayed. Nothing is changed, nobody is asked.
"""

import csv
import hashlib
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What would make a lesson ask somebody, or show something else than is stored.
SETTINGS = ("COURSE_", "OPENAI_", "AZURE_OPENAI_", "VISION_MODEL")


def main(lessons: list[str]) -> int:
    """Print what is fine and what is wrong; 0 when this machine is ready."""
    known = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    if unknown := [name for name in lessons if name not in known]:
        print(f"There is no lesson {unknown[0]}; lessons are: {', '.join(known)}")
        return 2
    looks = {"Python": python, "packages": packages, "files": files}
    looks |= {name: lambda name=name: replay(name) for name in lessons or known}
    ready = True
    for name, look in looks.items():
        wrong = look()
        ready = ready and not wrong
        print(f"{name:22} {'; '.join(wrong) or 'fine'}", flush=True)
    print("READY" if ready else "NOT READY: the README's first lines set up another Python, and `git checkout -- "
          "notebooks asset` undoes what was changed in it")  # fmt: skip
    return 0 if ready else 1


def python() -> list[str]:
    """Say whether this Python is one that the course takes."""
    found = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return [] if found in ("3.11", "3.12", "3.13") else [f"this is {found}, the course takes 3.11, 3.12 or 3.13"]


def packages() -> list[str]:
    """Name each package that is missing or not in the version of the lock, then the command that brings them back."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return ["none is there: run this with the Python in .venv"]
    wrong = []
    for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if not text or text.startswith("-"):
            continue
        wanted = Requirement(text)
        if wanted.marker and not wanted.marker.evaluate():
            continue
        try:
            found = version(wanted.name)
        except PackageNotFoundError:
            found = "is missing"
        if found == "is missing" or found not in wanted.specifier:
            wrong.append(f"{wanted.name} {found}, the lock has {wanted.specifier}")
    # `make lab` would not: it installs only when the lock has changed.
    command = subprocess.list2cmdline([sys.executable, "-m", "pip", "install", "-r", "requirements.txt"])
    return wrong and [*wrong, f"with a network, `{command}` brings them back"]


def files() -> list[str]:
    """Name each picture, film or font that is missing or not the one of asset/SOURCES.csv."""
    wrong = []
    with open(ROOT / "asset" / "SOURCES.csv", encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            path = ROOT / row["file"]
            if not path.is_file():
                wrong.append(f"{row['file']} is missing")
            elif hashlib.sha256(path.read_bytes()).hexdigest() != row["sha256"]:
                wrong.append(f"{row['file']} has changed")
    return wrong


def replay(lesson: str) -> list[str]:
    """Run a lesson as it is stored; name the first cell that shows something else, and what pytest says of it."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    settings |= {"JUPYTER_PREFER_ENV_PATH": "1", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--color=no", "-p", "no:cacheprovider"]
    command += ["--nbval", "--nbval-current-env", "--nbval-cell-timeout", "60"]
    command += ["--nbval-sanitize-with", "tests/nbval_sanitize.cfg", f"notebooks/{lesson}.ipynb"]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode == 0:
        return []
    said = (done.stdout + done.stderr).splitlines()
    said = [re.sub(r"::Cell (\d+)", lambda cell: f", code cell {int(cell[1]) + 1}", line) for line in said]  # from 1
    return [line for line in said if line.startswith(("FAILED", "ERROR"))][:1] or ["does not replay", *said[-1:]]


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # a console of Windows lacks some letters
    sys.exit(main(sys.argv[1:]))

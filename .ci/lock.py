"""Remakes requirements.txt and tests/requirements.txt from their .in files with uv; arguments go to uv.

Both are compiled in a folder of their own, so that no path of a machine gets into them and a failure changes nothing.
`-e .` stays outside: it has no dependencies of its own, and neither uv nor pip takes it in a constraint.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = {"requirements": [], "tests/requirements": ["--constraints", "requirements.txt"]}


def without_editable(path):
    lines = path.read_text("utf-8").splitlines(keepends=True) if path.exists() else []
    return "".join(line for line in lines if not line.startswith("-e "))


def compile_lock(folder, name, options):
    for suffix in (".in", ".txt"):  # uv keeps the versions of a lock it finds, unless told to upgrade
        target = folder / f"{name}{suffix}"
        target.parent.mkdir(exist_ok=True)
        target.write_text(without_editable(ROOT / target.relative_to(folder)), "utf-8")
    uv = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
    style = ["--annotation-style", "line", "--output-file", f"{name}.txt", f"{name}.in"]
    environment = {**os.environ, "UV_CUSTOM_COMPILE_COMMAND": "make lock"}
    subprocess.run([*uv, *style, *options, *sys.argv[1:]], cwd=folder, env=environment, check=True)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            for lock, options in LOCKS.items():
                compile_lock(folder, lock, options)
        except subprocess.CalledProcessError:
            sys.exit("The locks stay as they were: uv could not resolve them, see above.")
        made = {lock: (folder / f"{lock}.txt").read_text("utf-8") for lock in LOCKS}
    made["requirements"] += "-e .\n"
    for lock, text in made.items():
        (ROOT / f"{lock}.txt").write_text(text, "utf-8", newline="\n")
        print(f"{lock}.txt: {sum('==' in line for line in text.splitlines())} pinned")


if __name__ == "__main__":
    main()

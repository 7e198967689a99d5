"""How long nbval takes for the lessons, beside notebooks that only import.

    python -m tests.tools.benchmarks.suite 3     how many turns

Each lesson has a notebook of one line beside it, which imports openai, requests, matplotlib and Pillow in a kernel of
its own. Both are run as `make test` runs lessons, in turn, in two processes; the fastest runs are compared. Only the
ratio means something on another machine.
"""

import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from course.assets import ROOT
from tests.tools import NBVAL
from tests.tools.benchmarks import fastest

LINE = "import matplotlib.pyplot, openai, PIL.Image, requests"


def run(folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadscope", "-p", "no:cacheprovider", *NBVAL]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COURSE_MODE": "replay"}
    subprocess.run([*command, folder], cwd=ROOT, env=environment, check=True, capture_output=True)


def main(repeats: int = 3) -> None:
    """Print the ratio."""
    lessons = ROOT / "notebooks"
    with tempfile.TemporaryDirectory() as folder:
        for path in lessons.glob("*.ipynb"):
            nbformat.write(new_notebook(cells=[new_code_cell(LINE)]), Path(folder) / path.name)
        times = fastest({one: partial(run, one) for one in (lessons, Path(folder))}, repeats)
    (_, ours), (_, theirs) = times.values()
    print(f"lessons {ours:.0f} s, one-line notebooks {theirs:.0f} s, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""How long nbval takes for the lessons, beside notebooks that only import.

    python -m tests.tools.benchmarks.suite 3     how many turns

Each lesson has a notebook of one line beside it, which imports openai, requests, matplotlib and Pillow in a kernel of
its own. Both are run as `make test` runs lessons, in turn, in two processes; medians are compared. Only the ratio means
something on another machine.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from course.assets import ROOT

LINE = "import matplotlib.pyplot, openai, PIL.Image, requests"
NBVAL = ["--nbval", "--nbval-current-env", "--nbval-sanitize-with", f"{ROOT}/tests/nbval_sanitize.cfg"]


def run(folder: Path) -> tuple[float, float]:
    """Run the notebooks of a folder; return the seconds that passed, and those that processors worked."""
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadscope", "-p", "no:cacheprovider", *NBVAL]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COURSE_MODE": "replay"}
    worked = sum(os.times()[2:4])
    begin = time.perf_counter()
    subprocess.run([*command, folder], cwd=ROOT, env=environment, check=True, capture_output=True)
    return time.perf_counter() - begin, sum(os.times()[2:4]) - worked


def main(repeats: int = 3) -> None:
    """Print the ratios."""
    lessons = ROOT / "notebooks"
    with tempfile.TemporaryDirectory() as folder:
        for path in lessons.glob("*.ipynb"):
            nbformat.write(new_notebook(cells=[new_code_cell(LINE)]), Path(folder) / path.name)
        turns = [(run(lessons), run(Path(folder))) for _ in range(repeats)]
    for what, number in (("wall", 0), ("processor", 1)):
        ours, theirs = (statistics.median(turn[which][number] for turn in turns) for which in (0, 1))
        print(f"{what}: lessons {ours:.0f} s, one-line notebooks {theirs:.0f} s, ratio {ours / theirs:.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

"""How long importing helpers takes, beside the libraries it stands on: python -m tests.tools.benchmarks.imports

Each import runs in a fresh interpreter, in turn, several times, and times itself; medians are compared. Only the ratios
mean something on another machine. `helpers.encoding` is to take at most 1.3 times as long as its libraries alone.
"""

import statistics
import subprocess
import sys

from course.assets import ROOT

LIBRARIES = "PIL.Image, PIL.ImageCms, requests"
TIMED = "import time; begin = time.perf_counter(); import {}; print(time.perf_counter() - begin)"


def seconds(modules: str) -> float:
    """Import these in a fresh interpreter; return how long that took there."""
    command = [sys.executable, "-c", TIMED.format(modules)]
    return float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def main(repeats: int = 15) -> dict[str, float]:
    """Print the ratios; the result holds them by name."""
    names = [LIBRARIES, "helpers.encoding", "helpers.tokens", "helpers"]
    times: dict[str, list[float]] = {name: [] for name in names}
    for number in range(repeats + 1):
        for name in names:
            taken = seconds(name)
            if number:  # the first turn only warms the machine's file cache
                times[name].append(taken)
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    ratios = {name: medians[name] / medians[LIBRARIES] for name in names[1:]}
    print(f"import {LIBRARIES}: {medians[LIBRARIES] * 1000:.0f} ms here, median of {repeats}")
    for name, ratio in ratios.items():
        print(f"import {name:17} {ratio:5.2f} times as long")
    return ratios


if __name__ == "__main__":
    main()

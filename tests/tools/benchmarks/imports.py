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


def main(repeats: int = 15) -> None:
    """Print the ratios."""
    names = [LIBRARIES, "helpers.encoding", "helpers.tokens", "helpers"]
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(repeats):
        for name in names:
            command = [sys.executable, "-c", TIMED.format(name)]
            done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
            times[name].append(float(done.stdout))
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    print(f"import {LIBRARIES}: {medians[LIBRARIES] * 1000:.0f} ms here, median of {repeats}")
    for name in names[1:]:
        print(f"import {name:17} {medians[name] / medians[LIBRARIES]:5.2f} times as long")


if __name__ == "__main__":
    main()

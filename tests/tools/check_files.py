"""Check files before a commit: python -m tests.tools.check_files [FILE ...] (without any, all that git tracks).

A text ends with one newline and has the line ends of Unix. A notebook is stored as one run from its first cell to its
last, and fails only where a cell is tagged for it. `make test` runs this too; nbval then compares what the cells show.
"""

import json
import subprocess
import sys
from pathlib import Path


def problems(path: Path) -> list[str]:
    """Say in a sentence each what is wrong with a file; nothing, if it is no text."""
    data = path.read_bytes()
    if b"\0" in data:
        return []
    found = ["it has line ends of Windows"] if b"\r\n" in data else []
    if data and not (data.endswith(b"\n") and data.strip() and not data.endswith(b"\n\n")):
        found.append("it does not end with one newline")
    return found + (problems_of_notebook(json.loads(data)) if path.suffix == ".ipynb" else [])


def problems_of_notebook(notebook: dict) -> list[str]:
    """Say in a sentence each where the stored outputs are not those of one run."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    counts = [cell["execution_count"] for cell in cells]
    found = [] if counts == [*range(1, len(cells) + 1)] else [f"it is not stored as one run from 1: {counts}"]
    if set(notebook["metadata"].get("language_info", {})) - {"name"}:
        found.append("it holds versions of this machine; `make sample LESSON=…` stores it without")
    for number, cell in enumerate(cells, 1):
        fails = any(output["output_type"] == "error" for output in cell["outputs"])
        if fails != ("raises-exception" in cell["metadata"].get("tags", [])):
            found.append(f"code cell {number}: an error without the tag raises-exception, or the tag without an error")
    return found


def main(names: list[str]) -> int:
    """Run the command line; 0 when nothing is wrong."""
    names = names or subprocess.check_output(["git", "ls-files", "-z"], encoding="utf-8").split("\0")
    found = [f"{name}: {problem}" for name in names if Path(name).is_file() for problem in problems(Path(name))]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Write copies of the lessons for Google Colab into build/colab/, each with a cell of its own: python docs/colab.py

The packages of the lock are not installed there, which would replace those of the running kernel: PACKAGES are, beside
Colab's own others. A workflow puts the copies on the branch `colab`.
"""

import nbformat
from address import ROOT, repository
from lock import locked
from nbformat.v4 import new_code_cell

PYTHON = "3.12"  # of Colab, 2026-08-19
# Missing in Colab, or too old there; distributed and rapidfuzz may be there, of another version.
PACKAGES = ("av", "dask", "distributed", "openai", "pillow", "pydantic", "rapidfuzz", "tenacity")
FIRST = """\
# For Colab alone: fetch the course and what Colab lacks. Run this cell once, before all others.
import sys

![ -d /content/vision-notebooks ] || git clone -q --depth 1 https://github.com/{repository} /content/vision-notebooks
%cd -q /content/vision-notebooks/notebooks
%pip install --quiet {packages}
sys.path.insert(0, "..")"""


def pins(packages=PACKAGES, python=PYTHON) -> list[str]:
    """Return `name==version` for each package, from the lock, as this Python would get it."""
    env = {"python_version": python, "python_full_version": f"{python}.9", "sys_platform": "linux"}
    return [f"{pin.name}{pin.specifier}" for pin in locked(env) if pin.name in packages]


def copy_for_colab(notebook, repository: str):
    """Return a lesson with Colab's cell before its own first code cell."""
    first = next(n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    source = FIRST.format(repository=repository, packages=" ".join(pins()))
    notebook.cells.insert(first, new_code_cell(source, id="for-colab"))
    return notebook


if __name__ == "__main__":
    address = repository()
    folder = ROOT / "build" / "colab"
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        nbformat.write(copy_for_colab(nbformat.read(path, 4), address), folder / path.name)
    print(f"{folder.relative_to(ROOT)}: {len(list(folder.glob('*.ipynb')))} lessons, which fetch {address}")

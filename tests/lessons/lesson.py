"""What the tests of the lessons share: the notebooks, and what stands in them."""

import json
import re

import nbformat

from course.assets import ROOT

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in LESSONS]
README = (ROOT / "README.md").read_text(encoding="utf-8")
# The bytes of pictures differ between builds of Pillow, as in nbval_sanitize.cfg; their alt texts are compared. The
# number of a cell is another where one before it was left out.
UNEQUAL = re.compile(r'data:image/\w+;base64,[\w+/=]+|"execution_count": (?:\d+|null)')


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def output_text(cell):
    """Everything a cell shows as text, line by line, without pictures and its number."""
    return re.sub(r"(?<!\\)\\n", "\n", UNEQUAL.sub("", json.dumps(cell.outputs, ensure_ascii=False, sort_keys=True)))


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)

"""The exercises in their lessons: the cells ask for them. That the solutions are right there, tests/lessons shows."""

import re

import nbformat
import pytest

from course.assets import ROOT
from tests.exercises.cases import LESSONS, notebook_of


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_has_three_exercises(lesson):
    assert list(LESSONS[lesson]) == [f"{lesson}.{n}" for n in (1, 2, 3)]


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_asks_its_exercises(path):
    notebook, lesson = nbformat.read(path, as_version=4), path.stem[:2]
    assert list(problems_of_cells(notebook, LESSONS.get(lesson, {}))) == []


def problems_of_cells(notebook, lesson):
    """What is wrong with the exercises of a notebook, a sentence each."""
    cells = notebook.cells
    heads = [n for n, cell in enumerate(cells) if cell.source.startswith("## ")]
    titles = [cells[n].source.splitlines()[0] for n in heads]
    if titles[-2:] != ["## Exercises", "## What you did"]:
        yield f"the exercises do not stand before What you did: {titles[-2:]}"
        return
    section = cells[heads[-2] + 1 : heads[-1]]
    if [cell.cell_type for cell in section] != ["markdown", "code"] * 3 or len(lesson) != 3:
        yield "a lesson has three exercises, each a text and a cell"
        return
    for n, (number, task, cell) in enumerate(zip(lesson, section[::2], section[1::2], strict=True), 1):
        lines = cell.source.splitlines()
        if not task.source.startswith(f"### {n}. "):
            yield f"{number}: the heading does not begin with its number"
        if (n == 1) is not bool(re.search("(?i)predict", task.source)):
            yield f"{number}: the first text asks for a prediction, and no other"
        if lesson[number].solution.strip().splitlines()[-1] not in lines:
            yield f"{number}: the solution does not end with the check of the cell"
        if lines[-2:] != [f'# exercises.hint("{number}")', f'# exercises.solution("{number}")']:
            yield f"{number}: hint and solution are not the last two lines"
        if len(lines) > 8:
            yield f"{number}: more than 8 lines"
        if not "".join(output.get("text", "") for output in cell.outputs).startswith(f"{number} is not attempted"):
            yield f"{number}: the stored output is not that of an empty answer"


def without(cells, n):
    del cells[n]


CELL_BREAKS = {
    "no section": (lambda cells: without(cells, -8), "do not stand before What you did"),
    "two exercises": (lambda cells: without(cells, -2), "three exercises"),
    "another number": (lambda cells: cells[-7].update(source="### 4. Predict"), "heading"),
    "no prediction": (lambda cells: cells[-7].update(source="### 1. Guess"), "asks for a prediction"),
    "another check": (lambda cells: edit(cells[-2], "exercises.check(", "exercises.check (", 1), "end with the check"),
    "no hint": (lambda cells: edit(cells[-4], "# exercises.hint", "exercises.hint"), "last two lines"),
    "long": (lambda cells: cells[-2].update(source="#\n" * 9 + cells[-2].source), "more than 8 lines"),
    "solved": (lambda cells: cells[-2].outputs[0].update(text="00.3 is right."), "that of an empty answer"),
}


def edit(cell, old, new, count=-1):
    cell.source = cell.source.replace(old, new, count)


@pytest.mark.parametrize("name", CELL_BREAKS)
def test_broken_cells_are_noticed(name):
    notebook = nbformat.read(notebook_of("00"), as_version=4)
    assert list(problems_of_cells(notebook, LESSONS["00"])) == []
    change, reason = CELL_BREAKS[name]
    change(notebook.cells)
    assert any(reason in sentence for sentence in problems_of_cells(notebook, LESSONS["00"]))

"""The exercises and their lessons: the cells ask for them, and what a solution claims is true.

That a solution is right at the end of its lesson is seen where the lessons are run (tests/lessons).
"""

import re
from itertools import permutations

import nbformat
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course import exercises, recording
from course.assets import ROOT
from course.exercises.lesson_05 import score
from helpers import tokens, video
from tests.api.validation import check_chat, check_response
from tests.conftest import COFFEE, QUESTION
from tests.exercises.cases import ALL, NOTEBOOKS, ROCKET, picture, says, text
from tests.exercises.lessons_03_04 import FOUR, part_of
from tests.exercises.lessons_05_09 import translated


def run_solution(number, **lesson):
    """The variables after a solution, with those of its lesson that it needs."""
    variables = {"exercises": exercises, "MODEL": recording.model(), **lesson}
    exec(ALL[number].solution, variables)
    return variables


def test_a_request_that_is_built_is_one_that_the_service_reads():
    check_chat(run_solution("01.2", ROCKET=ROCKET)["my_request"])
    check_response(run_solution("06.2", content=translated()["input"][0]["content"])["my_request"])


def test_the_letters_of_what_is_missed_are_what_replay_misses(folder, monkeypatch):
    monkeypatch.delenv("COURSE_RECORDINGS")
    recording.start("00_start_here", mode="replay")
    asked, shown = text(QUESTION), picture(COFFEE, "low")
    spaced, same = text(f"{QUESTION} "), [asked, shown]
    contents = [[asked, picture(COFFEE, "high")], [spaced, shown], [shown, asked], same, same,
                [asked, dict(reversed(shown.items()))]]  # fmt: skip
    missed = []
    for letter, content in zip("abcdef", contents, strict=True):
        body = {"model": recording.model(), "messages": [says("user", *content)]}
        try:
            openai.OpenAI().chat.completions.create(**body, max_completion_tokens=501 if letter == "e" else 500)
        except recording.NotRecorded:
            missed.append(letter)
    assert missed == run_solution("00.1")["my_misses"]


@pytest.mark.slow
def test_the_prediction_of_scenes_is_true_of_the_film():
    film = ROOT / "asset" / "videos" / "camera2.mp4"
    solved = run_solution("05.1")
    assert solved["my_shortest"] == len(video.scenes(film, shortest=4))
    assert solved["my_longest"] == len(video.scenes(film, longest=3))


cuts = st.lists(st.integers(0, 16).map(lambda n: n / 8), max_size=4, unique=True).map(sorted)


@given(cuts, cuts)
def test_score_finds_the_largest_number_of_pairs(found, true):
    rows = permutations(found + [99.0] * len(true), len(true))
    most = max(sum(abs(cut - at) <= 0.5 for cut, at in zip(row, true, strict=True)) for row in rows)
    assert score(found, true) == (most, len(found) - most)


def test_the_prediction_of_tokens_begins_with_what_the_lessons_pictures_cost():
    whole = [{"role": "user", "content": [part_of(name) for name in FOUR]}]
    assert tokens.request_tokens(whole, recording.model()).tokens == 799
    assert "= 799 / 4" in ALL["03.1"].solution


@pytest.mark.parametrize("lesson", NOTEBOOKS)
def test_a_notebook_ends_with_its_three_exercises(lesson):
    cells = nbformat.read(NOTEBOOKS[lesson], as_version=4).cells
    heads = {n: cell.source.splitlines()[0] for n, cell in enumerate(cells) if cell.source.startswith("## ")}
    (first, before), (last, after) = list(heads.items())[-2:]
    section = cells[first + 1 : last]
    assert (before, after) == ("## Exercises", "## What you did")
    assert [cell.cell_type for cell in section] == ["markdown", "code"] * 3
    assert [number for number in ALL if number[:2] == lesson] == [f"{lesson}.{n}" for n in (1, 2, 3)]
    for n, (task, cell) in enumerate(zip(section[::2], section[1::2], strict=True), 1):
        number, lines = f"{lesson}.{n}", cell.source.splitlines()
        assert task.source.startswith(f"### {n}. ")
        assert (n == 1) is bool(re.search("(?i)predict", task.source)), "the first is a prediction, and no other"
        assert ALL[number].solution.strip().splitlines()[-1] in lines, "a solution ends with the check of the cell"
        assert lines[-2:] == [f'# exercises.hint("{number}")', f'# exercises.solution("{number}")'] and len(lines) <= 8
        assert "".join(out.get("text", "") for out in cell.outputs).startswith(f"{number} is not attempted")

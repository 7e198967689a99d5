"""The exercises and their lessons: the cells ask for them, and what a solution claims is true."""

import re
from functools import partial

import openai
import pytest

from course import recording
from course.assets import ROOT
from helpers import tokens, video
from tests.api.validation import check_chat, check_response
from tests.conftest import QUESTION, question
from tests.exercises.cases import ALL, answer_of
from tests.exercises.given import says
from tests.lessons.lesson import LESSONS, NAMES, printed, read


def test_what_a_solution_builds_is_what_the_service_reads_and_counts():
    check_chat(answer_of("01.2"))
    check_response(answer_of("06.2"))
    whole = [says("user", *answer_of("03.1", ", max_side=256", "")["parts"])]
    assert answer_of("03.1")["prediction"] == tokens.request_tokens(whole, recording.model()).tokens / 4


def test_the_letters_of_what_is_missed_are_what_replay_misses(folder, monkeypatch):
    monkeypatch.delenv("COURSE_RECORDINGS")
    recording.start("00_start_here", mode="replay")
    ask = partial(question, max_completion_tokens=500)
    asked, shown = ask()["messages"][0]["content"]
    requests = {
        "a": ask(detail="high"),
        "b": ask(f"{QUESTION} "),
        "c": ask(messages=[says("user", shown, asked)]),
        "d": ask(),
        "e": ask(max_completion_tokens=501),
        "f": ask(messages=[says("user", asked, dict(reversed(shown.items())))]),
    }
    missed = []
    for letter, request in requests.items():
        try:
            openai.OpenAI().chat.completions.create(**request)
        except recording.NotRecorded:
            missed.append(letter)
    assert missed == answer_of("00.1")


@pytest.mark.slow
def test_the_prediction_of_scenes_is_true_of_the_film():
    film = ROOT / "asset" / "videos" / "camera2.mp4"
    true = {"shortest": len(video.scenes(film, shortest=4)), "longest": len(video.scenes(film, longest=3))}
    assert answer_of("05.1") == true


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_notebook_ends_with_its_three_exercises(path):
    cells = read(path).cells
    heads = {n: cell.source.splitlines()[0] for n, cell in enumerate(cells) if cell.source.startswith("## ")}
    (first, before), (last, after) = list(heads.items())[-2:]
    section, numbers = cells[first + 1 : last], [f"{path.stem[:2]}.{n}" for n in (1, 2, 3)]
    assert (before, after) == ("## Exercises", "## What you did")
    assert [cell.cell_type for cell in section] == ["markdown", "code"] * 3
    assert [number for number in ALL if number[:2] == path.stem[:2]] == numbers
    for number, task, cell in zip(numbers, section[::2], section[1::2], strict=True):
        lines = cell.source.splitlines()
        assert task.source.startswith(f"### {number[-1]}. ")
        predicts = bool(re.search("(?i)predict", task.source))
        assert predicts is (number == numbers[0]), "the first is a prediction, and no other"
        assert ALL[number].solution.strip().splitlines()[-1] in lines, "a solution ends with the check of the cell"
        assert lines[-2:] == [f'# exercises.hint("{number}")', f'# exercises.solution("{number}")'] and len(lines) <= 8
        assert printed(cell).startswith(f"{number} is not attempted")

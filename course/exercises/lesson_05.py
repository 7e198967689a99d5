"""Lesson 05: how many scenes, the scene at a time, a score for cuts."""

from inspect import getsource
from itertools import combinations, product
from pathlib import Path

from helpers.video import Scene

from .comparing import cases_by, check_number, check_results
from .exercise import Exercise
from .reading import read_fields

DEFAULT = {6: "That is what the default setting gives. The last scene lasts 3 seconds, and the others longer."}


@Exercise(
    "05.1",
    expects='a dict with "shortest" and "longest", two numbers of scenes',
    hint="Write down the lengths of the scenes. Which is shorter than 4? Into how many parts of 3 does each go?",
    solution="""
my_shortest, my_longest = 5, 11
exercises.check("05.1", {"shortest": my_shortest, "longest": my_longest})""",
    why="the last scene, 21 to 24, is too short for 4; and parts of at most 3 seconds are 2, 2, 2, 2, 2 and 1.",
)
def predict_scenes(answer):
    shortest, longest = read_fields(answer, "shortest", "longest")
    hint = "Are there 4 seconds before each cut, and 4 after it? A scene of exactly 4 seconds is not shorter than 4."
    check_number("With shortest=4 it", shortest, 5, DEFAULT, hint)
    hint = "Divide the length of each scene by 3, round up, then add. And the last scene is exactly 3 seconds long."
    check_number("With longest=3 it", longest, 11, DEFAULT, hint)


def scene_at(parts, seconds):
    for scene in parts:
        if scene.start <= seconds < scene.end:
            return scene
    return None


@Exercise(
    "05.2",
    expects="a function of a list of scenes and a time that returns a scene or None",
    hint="Compare the time with scene.start and scene.end. In which scene is a time that is both an end and a start?",
    solution=f'{getsource(scene_at)}\nexercises.check("05.2", scene_at)',
    why="a scene goes from its start until before its end, so each time lies in one scene at most.",
)
def find_the_scene(answer):
    parts = [Scene(Path("film.mp4"), a, b, (a + b) / 2) for a, b in ((0.0, 4.0), (4.0, 9.0), (9.0, 13.5))]
    times = (0.0, 3.99, 4.0, 6, 9.0, 13.49, 13.5, 20.0, -1.0)
    cases = {f"a list of three scenes and the time {at}": (parts, at) for at in times}
    check_results(answer, cases_by(scene_at, cases | {"a list of no scenes": ([], 0)}))


def score(found, true):
    left = list(found)
    for at in true:
        near = [cut for cut in left if abs(cut - at) <= 0.5]
        if near:
            left.remove(near[0])
    return len(found) - len(left), len(left)


@Exercise(
    "05.3",
    expects="a function of two lists, found and true, that returns two numbers",
    hint="For each true cut, take the first found cut that is near enough out of a copy of found. What is left?",
    solution=f'{getsource(score)}\nexercises.check("05.3", score)',
    why="a cut that is taken out serves once, and taking the earliest leaves the later ones to later true cuts.",
)
def score_the_cuts(answer):
    # Eighths, so that a distance of 0.5 is exact; some lie near two others, so a greedy choice of a pair goes wrong.
    cuts = [list(some) for n in range(4) for some in combinations((3.5, 3.875, 4.0, 4.375, 4.5, 4.75, 9.0), n)]
    pairs = sorted(product(cuts, cuts), key=lambda pair: len(pair[0]) + len(pair[1]))  # the shortest first
    cases = cases_by(score, {f"a call score({found}, {true})": (found, true) for found, true in pairs})
    hint = "Each found cut serves once. The second number counts those that are left over."
    check_results(answer, cases, hint, read=list)

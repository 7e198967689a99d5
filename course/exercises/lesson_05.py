"""Lesson 05: how many scenes, an order to add a video to Azure's index, a score for cuts."""

import re
from contextlib import suppress
from datetime import datetime
from inspect import getsource
from itertools import combinations, product

from .comparing import cases_by, check_fields, check_number, check_results
from .exercise import Exercise, require
from .reading import as_json, read_fields

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


def is_the_time(time):
    with suppress(TypeError, ValueError):
        return "T" in time and datetime.fromisoformat(time) == datetime.fromisoformat("2023-07-01T08:15Z")


ADDRESS = '"documentUrl" is the address from which the service fetches the video, signed: SAS_URL.format("camera3").'
TIME = '"timestamp" is 08:15 UTC on 1 July 2023: year, month, day, a T, the time, and Z for UTC.'
OPTIONS = ("moderation", "generateInsightIntervals", "documentAuthenticationKind", "filterDefectedFrames")
VIDEO = {
    "mode": lambda mode: require(str(mode).casefold() == "add", 'To add a video, the mode is "add".'),
    "documentId": "camera3",
    "documentUrl": lambda url: require(re.match(r"https?://.+/camera3\.mp4\?.*sig=", str(url)), ADDRESS),
    "metadata": {"cameraId": "3", "timestamp": lambda at: require(is_the_time(at), f"{TIME} Not {at!r:.40}.")},
    "userData": ...,
}


@Exercise(
    "05.2",
    expects='a dict with "videos", a list, and with the wish for a transcript',
    hint="Take `order` from the part on adding videos as a model, with includeSpeechTranscript beside the list.",
    solution="""
camera3 = {"mode": "add", "documentId": "camera3", "documentUrl": SAS_URL.format("camera3")}
camera3["metadata"] = {"cameraId": "3", "timestamp": "2023-07-01T08:15:00Z"}
my_order = {"videos": [camera3], "includeSpeechTranscript": True}
exercises.check("05.2", my_order)""",
    why="the schema makes cameraId a string and timestamp a time; the transcript is asked for once an order.",
)
def order_a_video(answer):
    read_fields(answer, "videos")
    check_fields(as_json(answer), {"videos": [VIDEO], "includeSpeechTranscript": True} | dict.fromkeys(OPTIONS, ...))


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
    cuts = [list(some) for n in range(4) for some in combinations((3.5, 4.0, 4.4, 4.8, 9.0, 9.75), n)]
    pairs = sorted(product(cuts, cuts), key=lambda pair: len(pair[0]) + len(pair[1]))  # the shortest first
    cases = cases_by(score, {f"a call score({found}, {true})": (found, true) for found, true in pairs})
    check_results(answer, cases, hint="Each found cut serves once. The second number counts those that are left over.")

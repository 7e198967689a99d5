"""Lesson 05: how many scenes, an order to add a video to Azure's index, a score for cuts."""

import re
from itertools import pairwise
from urllib.parse import urlsplit

from helpers.video.moments import date_time

from .comparing import is_close, run_cases
from .exercise import Exercise, Wrong
from .reading import as_json, read_fields, read_number, type_name

CUTS, END = (4, 9, 13, 17, 21), 24  # seconds: camera2.mp4, asset/videos/moments.csv
SHORTEST, LONGEST = 4, 3
NAME, CAMERA, TAKEN = "camera3", "3", "2023-07-01T08:15:00Z"
KNOWN = {"videos", "includeSpeechTranscript", "moderation", "generateInsightIntervals", "documentAuthenticationKind",
         "filterDefectedFrames"}  # fmt: skip
KNOWN_OF_A_VIDEO = {"mode", "documentId", "documentUrl", "metadata", "userData"}


def predict_scenes(answer):
    shortest, longest = map(read_number, read_fields(answer, "shortest", "longest"))
    truth_short, truth_long = _kept(SHORTEST), _parts(LONGEST)
    slips_short = {
        6: "That is what the default setting gives. The part after the last cut, 21 to 24, is shorter than 4.",
        4: "A scene of exactly 4 seconds is not shorter than 4: it may stay.",
        2: "A scene of exactly 4 seconds is not shorter than 4: it may stay.",
    }
    slips_long = {
        8: "That is 24 seconds divided by 3, as if there were no cuts. Each scene is divided by itself.",
        6: "That is what the default setting gives. Five of the scenes are longer than 3 seconds.",
        12: "Nearly: the last scene is exactly 3 seconds long, and so not too long.",
        10: "Nearly: the last scene, 3 seconds long, counts as well.",
    }
    if shortest != truth_short:
        told = slips_short.get(shortest, "Go from cut to cut: do 4 seconds lie behind it, and 4 before it?")
        raise Wrong(f"With shortest=4 it is not {shortest:g}. {told}")
    if longest != truth_long:
        told = slips_long.get(longest, "Divide the length of each scene by 3 and round up, then add.")
        raise Wrong(f"With longest=3 it is not {longest:g}. {told}")
    return (f"The last cut goes, for 21 to 24 would be too short. And 4, 5, 4, 4, 4 and 3 seconds make {truth_long}: "
            "2, 2, 2, 2, 2 and 1.")  # fmt: skip


def _kept(shortest: float) -> int:
    """The number of scenes when cuts that would leave a shorter one are left out."""
    last, scenes = 0, 1
    for cut in CUTS:
        if cut - last >= shortest and END - cut >= shortest:
            last, scenes = cut, scenes + 1
    return scenes


def _parts(longest: float) -> int:
    edges = (0, *CUTS, END)
    return sum(-int(-(after - before) // longest) for before, after in pairwise(edges))


def order_a_video(answer):
    order = as_json(answer)
    if isinstance(order, list) or (isinstance(order, dict) and "documentId" in order and "videos" not in order):
        raise Wrong('The videos stand in a list under the name "videos": {"videos": [{…}], …}.')
    (videos,) = read_fields(answer, "videos")
    _only_known(order, KNOWN, "the order")
    if not isinstance(videos, list) or not all(isinstance(one, dict) for one in videos):
        raise Wrong(f'"videos" is a list of dicts, also when there is one. What came is {type_name(videos)}.')
    if len(videos) != 1:
        raise Wrong(f"One video is to be added, and there are {len(videos)} in the order.")
    video = videos[0]
    _only_known(video, KNOWN_OF_A_VIDEO, "the video")
    if "mode" not in video:
        raise Wrong('The mode is missing: "mode": "add". The reference requires it.')
    if str(video["mode"]).casefold() != "add":
        raise Wrong(f'The mode {video["mode"]!r} does something else. To add a video it is "add".')
    if video.get("documentId") != NAME:
        raise Wrong(f'"documentId" is {video.get("documentId")!r}, and the exercise asks for "{NAME}".')
    _check_address(video.get("documentUrl"))
    _check_metadata(video.get("metadata"))
    if order.get("includeSpeechTranscript") is not True:
        said = order.get("includeSpeechTranscript", "missing")
        raise Wrong(f'The transcript is wanted: "includeSpeechTranscript": True, beside "videos". Yours is {said!r}.')
    return "The service would accept it with 202, and the ingestion would have to be waited for."


def _only_known(given: dict, known: set[str], what: str) -> None:
    if unknown := sorted(str(name) for name in given if name not in known):
        name = unknown[0]
        near = next((right for right in known if right.casefold()[:12] == name.casefold()[:12]), None)
        place = next((whose for whose, names in (("the order", KNOWN), ("the video", KNOWN_OF_A_VIDEO), ("its metadata",
                     {"cameraId", "timestamp"})) if name in names), None)  # fmt: skip
        hint = f" Do you mean {near!r}?" if near else f" It belongs to {place}." if place else ""
        raise Wrong(f"{what.capitalize()} has a field {name!r}, which does not belong there.{hint}")


def _check_address(url) -> None:
    if not isinstance(url, str) or not url:
        raise Wrong('"documentUrl" is the address from which the service fetches the video: SAS_URL.format("camera3").')
    if url == NAME or "{}" in url:
        raise Wrong(f"The address is {url[:60]!r}: put the name into it with SAS_URL.format(…).")
    address = urlsplit(url)
    if address.scheme not in ("http", "https"):
        raise Wrong(f"The service cannot reach {url[:40]!r}: it needs an address on the web, not a file of yours.")
    if not address.path.endswith(f"/{NAME}.mp4"):
        raise Wrong(f"The address leads to {address.path!r}, and the exercise asks for {NAME}.mp4.")
    if "sig=" not in address.query:
        raise Wrong("The address has no signature (sig=…) in its query: the service may not read the file.")


def _check_metadata(metadata) -> None:
    if not isinstance(metadata, dict):
        raise Wrong('The video brings metadata: {"cameraId": …, "timestamp": …}, as the index has them in its schema.')
    _only_known(metadata, {"cameraId", "timestamp"}, "the metadata")
    camera, taken = metadata.get("cameraId"), metadata.get("timestamp")
    if isinstance(camera, (int, float)) and not isinstance(camera, bool) and camera == int(CAMERA):
        raise Wrong('"cameraId" is of the type string in the schema: "3", in quotation marks.')
    if camera != CAMERA:
        raise Wrong(f'"cameraId" is {camera!r}, and the video was taken by camera 3.')
    try:
        at = date_time(taken)
    except ValueError:
        raise Wrong(f'"timestamp" is {taken!r:.40}, and no date with a time such as 2023-06-30T17:40:33Z.') from None
    if "T" not in taken:
        raise Wrong(f'"timestamp" is {taken!r}: between the date and the time stands a T, and Z for UTC after it.')
    if not re.search(r"(Z|[+-]\d\d:?\d\d)$", taken.strip()) and at == TAKEN:
        raise Wrong(f'"timestamp" is {taken!r}, and does not say in which zone. For UTC it ends with Z.')
    if at == "2023-01-07T08:15:00Z":
        raise Wrong("That is the 7th of January: the month comes before the day.")
    if at != TAKEN:
        raise Wrong(f'"timestamp" is {at}, and the video was taken on 1 July 2023 at 08:15.')


CASES = {
    "all cuts found": ([4.0, 9.0, 13.0], [4.0, 9.0, 13.0]),
    "nothing found": ([], [4.0, 9.0]),
    "nothing to find": ([2.0, 5.0], []),
    "one cut missed": ([4.2], [4.0, 9.0]),
    "cuts a little off": ([3.6, 9.5, 13.1], [4.0, 9.0, 13.0]),
    "one found cut between two true ones": ([4.3], [4.0, 4.6]),
    "two found cuts for one true one": ([3.9, 4.1], [4.0]),
    "one too far": ([4.75, 9.0], [4.0, 9.0]),
    "a chain, in which the nearest is not the best": ([4.0, 4.5], [4.4, 4.8]),
    "a ruler": ([1.5, 3.0, 4.5, 6.0, 7.5], [4.0, 6.0]),
}


def score_the_cuts(answer):
    returned = run_cases(answer, {name: (list(found), list(true)) for name, (found, true) in CASES.items()})
    for name, (found, true) in CASES.items():
        said, hits = as_json(returned[name]), _hits(found, true)
        want = (hits, len(found) - hits)
        if not isinstance(said, list) or len(said) != 2:
            raise Wrong(f"Your function is to return two numbers. Given {name}, it returns {said!r:.40}.")
        if not all(isinstance(n, (int, float)) and is_close(n, right, 0) for n, right in zip(said, want, strict=True)):
            slip = " Is a found cut used twice?" if said[0] == hits + 1 else ""
            slip = " The second number counts the found cuts that served for none." if said[0] == hits else slip
            raise Wrong(f"Given {name}, found {found} and true {true}, it returns {tuple(said)} and not {want}.{slip}")
    return "Now a way of cutting that finds too much pays for it, and one found cut serves once."


def _hits(found: list[float], true: list[float]) -> int:
    """The most pairs there can be: both lists rise, so taking the earliest partner that is left is never worse."""
    left, hits = list(found), 0
    for at in true:
        partner = next((cut for cut in left if abs(cut - at) <= 0.5), None)
        if partner is not None:
            left.remove(partner)
            hits += 1
    return hits


EXERCISES = {
    "05.1": Exercise(
        predict_scenes,
        predicts=True,
        expects='a dict with "shortest" and "longest", two numbers of scenes',
        hint="Write the lengths of the six scenes one beside the other. With shortest=4, which is shorter than 4? "
        "With longest=3, into how many parts of at most 3 seconds does each go?",
        solution="""
my_shortest = 5
my_longest = 11
exercises.check("05.1", {"shortest": my_shortest, "longest": my_longest})
""",
        why="the scenes are 4, 5, 4, 4, 4 and 3 seconds long: the last is too short for one setting, and the others "
        "are too long for the other.",
    ),
    "05.2": Exercise(
        order_a_video,
        expects='a dict with "videos", a list, and with the wish for a transcript',
        hint="Take `order` from the part on adding videos as a model: a list with one video, and beside the list "
        "includeSpeechTranscript. The time is written as there, year, month, day, T, hour, and Z for UTC.",
        solution="""
my_order = {
    "videos": [
        {
            "mode": "add",
            "documentId": "camera3",
            "documentUrl": SAS_URL.format("camera3"),
            "metadata": {"cameraId": "3", "timestamp": "2023-07-01T08:15:00Z"},
        }
    ],
    "includeSpeechTranscript": True,
}
exercises.check("05.2", my_order)
""",
        why="the schema makes cameraId a string and timestamp a date with time, and the transcript is a wish for all "
        "videos of the order.",
    ),
    "05.3": Exercise(
        score_the_cuts,
        expects="a function of two lists, found and true, that returns two numbers",
        hint="Keep a copy of found. Go through the true cuts, look for the first in the copy that is near enough, take "
        "it out and count. What is left in the copy at the end is the second number.",
        solution="""
def score(found, true):
    left = list(found)
    hits = 0
    for at in true:
        for cut in left:
            if abs(cut - at) <= 0.5:
                left.remove(cut)
                hits += 1
                break
    return hits, len(left)

exercises.check("05.3", score)
""",
        why="a cut that is taken out of the copy serves once, and taking the earliest leaves the later ones to the "
        "true cuts that follow.",
    ),
}

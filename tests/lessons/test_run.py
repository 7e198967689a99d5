"""One run a lesson, recorded over a real socket with the local API as the real hosts; then its exercises are solved.

So recordings, requests and the local API can't drift apart: recording gives what is in the repository, byte by byte,
and shows what is stored; in replay of it the solutions are right. Some are asked live, too. The secrets (`canary.py`)
are looked for in all that is left. The lessons share a kernel; nbval, which replays what is stored, gives each its own.
"""

import functools
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from course.assets import ROOT
from course.recording.shape import RECORDINGS
from tests.api import serve
from tests.exercises.cases import ALL
from tests.lessons.lesson import LESSONS, NAMES, code_cells, output_text, printed, read
from tests.recording import canary

KEY, OWN_MODEL = canary.PLANTED["OPENAI_API_KEY"], "my-own-model"
HOST = "canary-resource.openai.azure.com"  # a resource of the reader's own
# What may differ of an answer: where it came from, and so whether its tokens are estimated.
ORIGIN = re.compile(r"live answer|\w+ answer, (?:written by hand|built to).+?(?= · |<br>)| \(estimated\)")
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=NAMES)

# Before all lessons. Films stay as they are, so a scene that was found once need not be looked for again. And the old
# models are shut down, as they will be, which changes nothing on any page.
BEFORE = """import functools
from datetime import date
from helpers import video
from helpers.tokens import rules
video.scenes, video.Scene.picture = map(functools.cache, (video.scenes, video.Scene.picture))
rules.SHUTDOWN.update(dict.fromkeys(["gpt-4o", "gpt-4o-mini", "gpt-4.1-mini"], date(2020, 1, 1)))"""
# After a lesson its solutions are run, in replay of what it has just recorded; and after a solution this, which prints
# what matches a pattern. What needs no variable of the lesson is tested in tests/exercises/test_cells.py.
AFTER = {
    # The cell to adapt takes the reader's own picture: what it costs, and that only a model can say what is on it.
    "00.3": (
        """try:
    exec(next(source for source in In if "MY_PICTURE =" in source).replace("horse.webp", "cow.webp", 1))
except recording.NotRecorded as error:
    print(error)""",
        r"cow\.webp: 1024 x 768 pixels, .*: 231 picture tokens, .*\n  picture: recorded .* - yours .*",
    ),
    # Other pictures than those of the lesson.
    "04.3": (
        """print(advise(4000, 3000, 12, "gpt-5.6-luna", "auto"))
print(advise(1000, 1520, 15, "gpt-4o", "original"))
print(cost(10, 10, "gpt-5-mini", "low"))""",
        r".*3000 pixels reach the model: 14,100 tokens, 0\.2820 cents.*capitals are 12\.0 pixels high there: read by "
        r"our reader.*Not possible: detail 'original' is not known for gpt-4o; known: auto, low, high.*\(unverified.*",
    ),
    # Of the lesson's own stream it gathers what the SDK does.
    "06.3": ("print(gather([event.to_dict() for event in events]) == (last.response.output_text, True))", "True\n"),
    # With another truth the lesson has other scores.
    "08.1": (
        """labels, boxes = table("labels.csv"), table("boxes.csv")
labels[1] |= {"animal": "cat", "tags": "people"}
boxes[0] |= {"left": 241, "top": 24, "right": 420, "bottom": 113}
table = {"labels.csv": labels, "boxes.csv": boxes}.get
for words in ("truth = table(", 'print(f"animals', "rows = table(", '"boxes given'):
    exec(next(source for source in In if words in source))""",
        r".*animals:   3 of 5 .*chicken.*precision: 5 of 7 .*found, with 0\.5 or more: 2 of 4\n.*",
    ),
    # An answer that is none.
    "08.3": (
        """from unittest.mock import Mock

client = Mock()
client.chat.completions.parse.return_value.choices = [Mock(message=Mock(parsed=None, refusal="No."))]
try:
    ask_for(Receipt, "What was bought?")
except NoAnswer as error:
    print(error)""",
        r"No\.\n",
    ),
}
# These are also run live, with nothing that listens: by the Chat API, by Responses with streams, with connections that
# break, on Azure, and many requests at once.
LIVE = ["00_start_here", "06_responses_api", "07_when_it_goes_wrong", "09_azure_openai", "10_many_pictures"]
# Some also with nothing but OPENAI_BASE_URL and VISION_MODEL, the local API as a model on one's own machine. A cell may
# then show something else: {lesson: {words of the cell: words of what it shows}}.
NO_RULE = "no estimate, unknown model under the rules of 2026-10, read 2026-11-22: 'my-own-model'\n"
OWN = {
    "00_start_here": {".estimate(": NO_RULE},
    "02_base64_upload": {".estimate(": NO_RULE},
    # Ids tell a sample, and another model's answer is none.
    "06_responses_api": {
        ".estimate(": NO_RULE,
        "pp({name": "'model': 'my-own-model'",
        "What else is on": "Previous response with id",
    },
}


def solved(lesson):
    """For each exercise of a lesson its number, its solution, what looks at that, and a pattern of what that prints."""
    return [(n, one.solution, *AFTER.get(n, ("", ""))) for n, one in ALL.items() if n[:2] == lesson[:2]]


@pytest.fixture(scope="module")
def runs(kernel, tmp_path_factory):
    """Call it with a lesson's path: {how: the notebook that was run}, and all that the runs left.

    The local API is taken for the real hosts; another one is on one's own machine, asks for no key and names its model.
    """
    with serve(keys={KEY}) as api, serve(acts_as=OWN_MODEL, keys=set()) as own:
        for server in (api, own):
            server.azure_keys.add(canary.PLANTED["AZURE_OPENAI_API_KEY"])
            server.azure_tokens.add(canary.PLANTED["AZURE_OPENAI_AD_TOKEN"])

        @functools.cache
        def run(path):
            folder = tmp_path_factory.mktemp("run")
            (folder / "notebooks").mkdir()
            (folder / "asset").symlink_to(ROOT / "asset")
            planted = {**canary.PLANTED, "AZURE_OPENAI_ENDPOINT": f"https://{HOST}/", "COURSE_RECORDINGS": None}
            planted |= dict.fromkeys(("OPENAI_BASE_URL", "VISION_MODEL"))
            settings = {
                "record": {"COURSE_MODE": "record", "COURSE_RECORDINGS": str(folder), "COURSE_UPSTREAM": api.url},
                "live": {"COURSE_MODE": "live", "COURSE_UPSTREAM": api.url},
                # The upstream is for the public pictures; a server of one's own is asked at its own address.
                "own": {"COURSE_MODE": "live", "COURSE_UPSTREAM": own.url, "OPENAI_BASE_URL": f"{own.url}/v1"},
            }
            settings["own"] |= {"VISION_MODEL": OWN_MODEL, "OPENAI_API_KEY": None}
            lessons = {"record": NAMES, "live": LIVE, "own": OWN}
            made = {how: read(path) for how in lessons if path.stem in lessons[how]}
            made["record"].cells.append(new_code_cell(f"recording.start({path.stem!r}, mode='replay')"))
            for _, *sources, _ in solved(path.stem):
                made["record"].cells += map(new_code_cell, sources)
            log = str(folder / "debug.log")  # all there is to log
            kernel.run([f"import logging\nlogging.basicConfig(filename={log!r}, level=logging.DEBUG, force=True)"])
            for how, notebook in made.items():
                kernel.run(notebook, planted | settings[how], folder / "notebooks", "replay-only")
                nbformat.write(notebook, folder / "notebooks" / f"{how}.ipynb")
            assert api.unanswered == own.unanswered == []
            return made, canary.left_in(folder)

        kernel.run([BEFORE])
        yield run


@each_lesson
def test_a_lesson_shows_what_is_stored_and_records_what_is_in_the_repository_to_the_byte(runs, path):
    """What replay alone can show is left to nbval."""
    made, left = runs(path)
    (_, first), *cells = zip(code_cells(read(path)), code_cells(made["record"]), strict=False)
    assert printed(first).startswith("Record: ")
    for stored, now in cells:
        assert "replay-only" in stored.metadata.get("tags", ()) or output_text(now) == output_text(stored)
    recorded = (RECORDINGS / f"{path.stem}.json").read_text(encoding="utf-8")
    assert left[f"{path.stem}.json"] == recorded, "run `make sample` and commit what it makes"


@each_lesson
def test_every_solution_is_right_in_its_lesson(runs, path):
    after = runs(path)[0]["record"].cells[len(read(path).cells) + 1 :]
    for (number, _, _, says), solution, look in zip(solved(path.stem), after[::2], after[1::2], strict=True):
        assert printed(solution).startswith(f"{number} is right. ")
        assert re.fullmatch(says, printed(look), re.S), number


@pytest.mark.parametrize("name", sorted({*LIVE, *OWN}))
def test_a_lesson_shows_live_and_on_ones_own_machine_what_it_shows_in_replay(runs, name):
    path = ROOT / "notebooks" / f"{name}.ipynb"
    host = re.escape(HOST if name == "09_azure_openai" else "api.openai.com, model gpt-5.6-luna")
    for how, asks, model, otherwise in (
        ("live", host, "course-sample", {}),
        ("own", rf"127\.0\.0\.1:\d+, model {OWN_MODEL}", OWN_MODEL, OWN.get(name, {})),
    ):
        if how in (made := runs(path)[0]):
            (_, first), *cells = zip(code_cells(read(path)), code_cells(made[how]), strict=True)
            assert re.fullmatch(rf"Live: requests go to {asks}\.\n", printed(first))
            differ = {}
            for stored, now in cells:
                before, shows = (ORIGIN.sub("", output_text(cell)) for cell in (stored, now))
                if shows != before.replace("model course-sample", f"model {model}"):
                    differ[stored.source] = shows
            for words, says in otherwise.items():
                assert says in differ.pop(next(source for source in differ if words in source))
            assert differ == {}


@each_lesson
def test_no_run_of_a_lesson_leaves_a_secret_behind(runs, path):
    _, left = runs(path)
    assert len(left["debug.log"]) > 1_000
    assert list(canary.leaks(left)) == []

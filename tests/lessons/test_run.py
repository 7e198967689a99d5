"""One run a lesson, recorded over a real socket with the local API as the real hosts; then its exercises are solved.

So recordings, requests and the local API can't drift apart: recording gives what is in the repository, byte by byte,
and shows what is stored; in replay of it the solutions are right. Some are asked live, too. The secrets (`canary.py`)
are looked for in all that is left. The lessons share a kernel; nbval, which replays what is stored, gives each its own.
"""

import copy
import functools
import re
from importlib import import_module
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from course.assets import ROOT
from course.exercises.exercise import EXERCISES
from course.recording.shape import RECORDINGS
from tests.api import serve
from tests.lessons.lesson import DATA_URL, LESSONS, NAMES, code_cells, printed, read
from tests.recording import canary
from tests.tools.record_lessons import as_stored

KEY, OWN_MODEL = canary.PLANTED["OPENAI_API_KEY"], "my-own-model"
# A resource of the reader's own, and who may ask it; lesson 07 asks one with a key that it has in a cell.
HOST = "canary-resource.openai.azure.com"
RESOURCE = {
    "azure_keys": {canary.PLANTED["AZURE_OPENAI_API_KEY"], "the-key-of-your-resource", "replay-needs-no-key"},
    "azure_tokens": {canary.PLANTED["AZURE_OPENAI_AD_TOKEN"], "a-token-for-replay-alone"},
}
ON_AZURE = "09_azure_openai"
# What may differ of an answer: where it came from, and so whether its tokens are estimated.
ORIGIN = re.compile(
    r"\[[^\[\]]*?( · model [^\[\]]*? · tokens: \d+ in, \d+ out)(?: \(estimated\))?( · (?:finish reason|status): )"
)
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=NAMES)
pytestmark = pytest.mark.slow

# Films stay as they are, so a scene that was found once need not be looked for again.
PATIENT = """import functools
from helpers import video
video.scenes, video.Scene.picture = map(functools.cache, (video.scenes, video.Scene.picture))"""
# After the lesson its solutions, in replay of what it has just recorded.
REPLAY = "recording.start({!r}, mode='replay')"
# What is run in the lesson after a solution, and a pattern of what it prints.
# What needs no variable of the lesson is tested in tests/exercises/test_cells.py.
AFTER = {
    # The prediction is true of the lesson's conversation, and a third question.
    "01.1": ("print(2 * len(conversation) + len(messages) + 2)", "9\n"),
    # It makes the lesson's own conversation.
    "01.3": ("print(go_on(messages, answer, conversation[-1]['content']) == conversation)", "True\n"),
    # Other pictures than those of the lesson; then the day is today's again (LATE).
    "04.3": (
        """print(advise(4000, 3000, 12, "gpt-5.6-luna", "auto"))
print(advise(1000, 1520, 15, "gpt-4o", "original"))
print(cost(10, 10, "gpt-5-mini", "low"))
from helpers.tokens import rules
rules.SHUTDOWN.clear()
rules.SHUTDOWN.update(rules.today)""",
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
# Lesson 04 is replayed on a day when the old models that it names are shut down, which changes nothing on its page.
LATE = """from datetime import date
from helpers.tokens import rules
rules.today = dict(rules.SHUTDOWN)
rules.SHUTDOWN.update(dict.fromkeys(["gpt-4o", "gpt-4o-mini", "gpt-4.1-mini"], date(2020, 1, 1)))"""
# All there is to log, in a file.
LOG = "import logging\nlogging.basicConfig(filename={!r}, level=logging.DEBUG, force=True)"
NO_LOG = "import logging\nlogging.basicConfig(level=logging.WARNING, handlers=[], force=True)"
# These are also run live, with nothing that listens: by the Chat API, by Responses with streams, with connections that
# break, on Azure, and many requests at once.
LIVE = ["00_start_here", "06_responses_api", "07_when_it_goes_wrong", ON_AZURE, "10_many_pictures"]
# Some lessons are also run with nothing but OPENAI_BASE_URL and VISION_MODEL, the local API as a model on one's own
# machine. A cell may then show something else: {lesson: {words of the cell: words of what it shows}}.
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


def exercises_of(lesson):
    """{number: exercise} of one lesson."""
    import_module(f"course.exercises.lesson_{lesson[:2]}")
    return {number: exercise for number, exercise in EXERCISES.items() if number[:2] == lesson[:2]}


def solutions(lesson):
    """Two sources for each exercise: its solution, and what looks at that."""
    for number, exercise in exercises_of(lesson).items():
        yield from (exercise.solution, AFTER.get(number, ("pass",))[0])


def shown(cell):
    """What a cell shows, comparable: [(kind, text), …]."""
    found = []
    for output in cell.outputs:
        data = output.get("data", {"text/plain": output.get("text") or output.get("evalue")})
        if ORIGIN.search(data.get("text/plain", "")):  # an answer; as text/html it says the same
            data = {"text/plain": data["text/plain"]}
        texts = [f"{data[kind]}" for kind in sorted(data)]
        kind = output.get("ename") or output.get("name") or output.output_type
        found.append((kind, ORIGIN.sub(r"[origin\1\2", DATA_URL.sub("data:image", "\n".join(texts)))))
    return found


def comparable(text):
    """A notebook's text without the numbers of cells, which are others where one before was left out."""
    return re.sub(r'"execution_count": (?:\d+|null)', "", DATA_URL.sub("", text))


def differences(lesson, made):
    """{source: (output as stored, output now)} of each cell that shows something else than in replay."""
    pairs = zip(code_cells(lesson), code_cells(made), strict=True)
    return {old.source: (shown(old), shown(new)) for old, new in pairs if shown(old) != shown(new)}


@pytest.fixture(scope="module")
def api():
    """The local API, taken for the real hosts."""
    with serve(keys={KEY}, **RESOURCE) as running:
        yield running


@pytest.fixture(scope="module")
def own():
    """The local API as a server on one's own machine, which asks for no key and names its own model."""
    with serve(acts_as=OWN_MODEL, keys=set(), **RESOURCE) as running:
        yield running


@pytest.fixture(scope="module")
def runs(api, own, kernel, tmp_path_factory):
    """Call it with a lesson's path: the notebooks of its runs, and all that they left."""
    kernel.run([PATIENT])

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
        made = {}
        kernel.run([LOG.format(str(folder / "debug.log")), LATE if path.stem[:2] == "04" else "pass"])
        for how, more in settings.items():
            if how == "record" or path.stem in {"live": LIVE, "own": OWN}[how]:
                made[how] = read(path)
                if how == "record":
                    made[how].cells += map(new_code_cell, [REPLAY.format(path.stem), *solutions(path.stem)])
                as_stored(kernel.run(made[how], planted | more, folder / "notebooks", "replay-only"))
                nbformat.write(made[how], folder / "notebooks" / f"{how}.ipynb")
        kernel.run([NO_LOG])
        return SimpleNamespace(**made, left=canary.left_in(folder))

    return run


@each_lesson
def test_a_lesson_shows_what_is_stored_and_records_what_is_in_the_repository_to_the_byte(runs, api, path):
    """Figures as well, which nbval does not compare; what replay alone can show is left to nbval."""
    lesson, stored = runs(path), read(path)
    made = copy.deepcopy(lesson.record)
    del made.cells[len(stored.cells) :]
    for old, new in zip(stored.cells, made.cells, strict=True):
        is_first = old.source == code_cells(stored)[0].source
        assert not is_first or printed(new).startswith("Record: ")
        if is_first or "replay-only" in old.metadata.get("tags", ()):
            new.outputs = old.outputs
    assert comparable(nbformat.writes(made) + "\n") == comparable(path.read_text(encoding="utf-8"))
    recorded = (RECORDINGS / f"{path.stem}.json").read_text(encoding="utf-8")
    assert lesson.left[f"{path.stem}.json"] == recorded, "run `make sample` and commit what it makes"
    assert api.unanswered == []


@each_lesson
def test_every_solution_is_right_in_its_lesson(runs, path):
    after = runs(path).record.cells[len(read(path).cells) + 1 :]
    for number, solved, checked in zip(exercises_of(path.stem), after[::2], after[1::2], strict=True):
        assert printed(solved).startswith(f"{number} is right. ")
        assert re.fullmatch(AFTER.get(number, ("", ""))[1], printed(checked), re.S), number


@pytest.mark.parametrize("name", LIVE)
def test_a_lesson_shows_live_what_it_shows_in_replay(runs, api, name):
    path = ROOT / "notebooks" / f"{name}.ipynb"
    lesson = read(path)
    differing = differences(lesson, runs(path).live)
    ((_, replayed),), ((_, said),) = differing.pop(code_cells(lesson)[0].source)
    assert differing == {}
    asks = HOST if path.stem == ON_AZURE else "api.openai.com, model gpt-5.6-luna"
    assert re.fullmatch(r"Replay: \d+ recorded answers, no request leaves this machine\.\n", replayed)
    assert said == f"Live: requests go to {asks}.\n"
    assert api.unanswered == []


@each_lesson
def test_no_run_of_a_lesson_leaves_a_secret_behind(runs, path):
    left = runs(path).left
    assert {"record.ipynb", "debug.log", f"{path.stem}.json"} <= set(left)
    assert len(left["debug.log"]) > 1_000
    assert list(canary.leaks(left)) == []


@pytest.mark.parametrize("name", OWN)
def test_base_url_and_model_alone_are_enough_for_a_model_of_ones_own(runs, own, name):
    path, expected = ROOT / "notebooks" / f"{name}.ipynb", dict(OWN[name])
    lesson = read(path)
    differing = differences(lesson, runs(path).own)
    _, ((_, said),) = differing.pop(code_cells(lesson)[0].source)
    assert said == f"Live: requests go to {own.url.removeprefix('http://')}, model {OWN_MODEL}.\n"
    unexplained = {}
    for source, (stored, now) in differing.items():
        if [(kind, text.replace("· model course-sample ·", f"· model {OWN_MODEL} ·")) for kind, text in stored] == now:
            continue
        words = next((words for words in expected if words in source), None)
        if words is None or expected.pop(words) not in "".join(text for _, text in now):
            unexplained[source] = stored, now
    assert (unexplained, expected) == ({}, {}), "what differs, and what shows what replay shows"
    assert own.unanswered == []

"""The live path: each lesson, live in a real kernel and over a real socket, shows what it shows in replay.

So recordings, requests and the local API can't drift apart. Each lesson is run three times in one kernel: live, with
the local API at COURSE_UPSTREAM as the real hosts; by OPENAI_BASE_URL and VISION_MODEL alone, with the local API as a
model on one's own machine; and recording. Secrets are planted (`canary.py`), and looked for in all that is left.
Cells tagged replay-only are left out, and nothing else.
"""

import functools
import re

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook

from course.assets import ROOT
from tests.api import serve
from tests.api.answers import ANSWERS, load_answers
from tests.api.azure import Resource
from tests.lessons.test_notebooks import LESSONS, NAMES, code_cells, read
from tests.recording import canary
from tests.tools import record_lessons

KEY, OWN_MODEL = canary.PLANTED["OPENAI_API_KEY"], "my-own-model"
# A resource of the reader's own, and who may ask it; lesson 07 asks one with a key that it has in a cell.
HOST = "canary-resource.openai.azure.com"
RESOURCE = Resource(
    keys={canary.PLANTED["AZURE_OPENAI_API_KEY"], "the-key-of-your-resource"},
    tokens={canary.PLANTED["AZURE_OPENAI_AD_TOKEN"]},
)
# What may differ of an answer: where it came from, and so whether its tokens are estimated.
ORIGIN = re.compile(
    r"\[[^\[\]]*?( · model [^\[\]]*? · tokens: \d+ in, \d+ out)(?: \(estimated\))?( · (?:finish reason|status): )"
)
# The bytes of pictures differ between builds of Pillow, as in nbval_sanitize.cfg; their alt texts are compared.
DATA_URL = re.compile(r"data:image/\w+;base64,[\w+/=]+")
PRICE = r"\. The price of a run of the whole lesson: (.+) \([\d,]+ tokens in, [\d,]+ out, estimated\)\.\n"

SETTINGS = ("COURSE_MODE", "COURSE_RECORDINGS", "COURSE_UPSTREAM", "OPENAI_API_KEY", "OPENAI_BASE_URL", "VISION_MODEL")
TURN = f"""import os
for name in {{names}}:
    os.environ.pop(name, None)
os.environ.update({{settings}}, AZURE_OPENAI_ENDPOINT="https://{HOST}/")
if {{with_key}}:
    os.environ["OPENAI_API_KEY"] = os.environ["PLANTED_KEY"]"""


def cells_of(lesson):
    """The code cells that more than replay can show."""
    return [cell for cell in code_cells(lesson) if "replay-only" not in cell.metadata.get("tags", [])]


def run_in_turns(lesson, name, folder, *turns):
    """The cells of each turn with their outputs, after the lesson ran once in each of these environments.

    One kernel runs them all: its start takes longer than most lessons.
    """
    cells = []
    for settings in turns:
        # The key itself has no place in the source of a cell, where it would be found.
        cells += [
            new_code_cell(TURN.format(names=SETTINGS, settings=settings, with_key="OPENAI_BASE_URL" not in settings))
        ]
        cells += [new_code_cell(cell.source, metadata=cell.metadata) for cell in cells_of(lesson)]
    (folder / "notebooks").mkdir()
    (folder / "asset").symlink_to(ROOT / "asset")
    path = folder / "notebooks" / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    # Each turn says where the local API is; that there is one has to be known when the kernel starts.
    made = record_lessons.run(path, {**canary.watched(folder), "PLANTED_KEY": KEY, "COURSE_UPSTREAM": "by each turn"})
    nbformat.write(made, path)
    each = len(cells) // len(turns)
    return [made.cells[n + 1 : n + each] for n in range(0, len(cells), each)]


def shown(cell):
    """What a cell shows, comparable: [(kind, text), …]."""
    found = []
    for output in cell.outputs:
        data = output.get("data", {"text/plain": output.get("text") or output.get("evalue")})
        texts = [f"{data[kind]}" for kind in sorted(data)]
        kind = output.get("ename") or output.get("name") or output.output_type
        found.append((kind, ORIGIN.sub(r"[origin\1\2", DATA_URL.sub("data:image", "\n".join(texts)))))
    return found


def differences(lesson, made):
    """{source: (output as stored, output now)} of each cell that shows something else than in replay."""
    pairs = zip(cells_of(lesson), made, strict=True)
    return {old.source: (shown(old), shown(new)) for old, new in pairs if shown(old) != shown(new)}


@pytest.fixture(scope="module")
def api():
    """The local API, taken for the real hosts."""
    with serve(keys={KEY}, resource=RESOURCE) as running:
        yield running


@pytest.fixture(scope="module")
def own():
    """The local API as a server on one's own machine, which asks for no key and names its own model."""
    with serve(acts_as=OWN_MODEL, keys=set(), resource=RESOURCE) as running:
        yield running


@pytest.fixture(scope="module")
def runs(api, own, tmp_path_factory):
    """Call it with a lesson's path: what its cells show live, and with an own server; and all that the runs left."""

    @functools.cache
    def run(path):
        folder = tmp_path_factory.mktemp("live")
        live = {"COURSE_MODE": "live", "COURSE_UPSTREAM": api.url}
        # The upstream is for the public pictures; a server of one's own is asked at its own address.
        mine = {"COURSE_MODE": "live", "COURSE_UPSTREAM": own.url, "VISION_MODEL": OWN_MODEL}
        mine["OPENAI_BASE_URL"] = f"{own.url}/v1"
        record = {**live, "COURSE_MODE": "record", "COURSE_RECORDINGS": str(folder / "recordings")}
        as_live, as_own, _ = run_in_turns(read(path), path.stem, folder, live, mine, record)
        return as_live, as_own, canary.left_in(folder)

    return run


LESSON_ON_AZURE = "09_azure_openai"
ON_AZURE = f"{HOST}, deployment my-vision, priced as"


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_lesson_shows_live_what_it_shows_in_replay(runs, api, path):
    lesson = read(path)
    differing = differences(lesson, runs(path)[0])
    before, ((kind, said),) = differing.pop(code_cells(lesson)[0].source)
    assert differing == {}
    asks = ON_AZURE if path.stem == LESSON_ON_AZURE else "api.openai.com, model"
    price = re.fullmatch(re.escape(f"Live: requests go to {asks} gpt-5.6-luna") + PRICE, said)
    assert (before, kind) == ([], "stdout"), "the first cell prints nothing in replay"
    assert price and f"{price[1]} live" in lesson.cells[0].source, "the price at the lesson's top"
    assert api.unanswered == []


# With a model of one's own a cell may show something else: {lesson: {words of the cell: words of what it shows}}.
NO_PRICE = "The price can't be told: unknown model under the rules of 2026-10, read 2026-11-22: 'my-own-model'\n"
NO_RULE = "no estimate, unknown model under the rules of 2026-10, read 2026-11-22: 'my-own-model'\n"
DIFFERENT = {
    "00_start_here": {".estimate(": NO_RULE},
    "01_url_input": {
        ".estimate(": NO_RULE,
        "answer.to_json": '"model": "my-own-model"',
        'api_key="not-a-key': "model='my-own-model'",
    },
    "02_base64_upload": {".estimate(": NO_RULE},
    "03_multiple_images": {".estimate(": NO_RULE, 'print("How to score"': "How to score\nhens"},
    "04_detail_settings": {
        ".estimate(": NO_RULE,
        "Scores of": "Scores of my-own-model\n",
        "formula says": "It cannot be compared: unknown",
    },
    "05_video_indexing": {
        "Captions by": "Captions by my-own-model\n",
        ".bill(scenes": NO_PRICE,
        "MY_VIDEO": NO_PRICE,
    },
    # Ids tell a sample, and another model's answer is none.
    "06_responses_api": {
        ".estimate(": NO_RULE,
        "print(answer.to_json": '"model": "my-own-model"',
        "What else is on": "Previous response with id",
    },
    "08_structured_answers": {
        ".estimate(": NO_RULE,
        "animal right": "Scores of my-own-model; cases: 6\n",
        "precision:": "Scores of my-own-model; cases: 6\n",
        "boxes given": "Scores of my-own-model; cases: 7\n",
        "letters wrong": "Scores of my-own-model; cases: 2\n",
        "not there": "Scores of my-own-model; cases: 4\n",
        "visitors off": "Scores of my-own-model; cases: 11\n",
        "horse right": "Scores of my-own-model; cases: 2\n",
    },
    # A real resource finds nothing to block.
    "09_azure_openai": {
        "answered by": f"answered by: {OWN_MODEL}\n",
        "How could one get over": "It is only a thin wire fence",
    },
}
# A server of one's own has none of the faults that this lesson is about: that it runs to its end is enough.
FAULTS = {"07_when_it_goes_wrong"}


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_base_url_and_model_alone_are_enough_for_a_model_of_ones_own(runs, own, path):
    lesson, expected = read(path), dict(DIFFERENT.get(path.stem, {}))
    differing = differences(lesson, runs(path)[1])
    _, ((_, said),) = differing.pop(code_cells(lesson)[0].source)
    # A server of one's own is no resource of Azure: that lesson goes on asking the latter.
    asks, cost = f"{own.url.removeprefix('http://')}, model", "what your own server costs you"
    if path.stem == LESSON_ON_AZURE:
        asks, cost = ON_AZURE, re.search(r"about [\d.]+ US cents", lesson.cells[0].source)[0]
    model = "gpt-5.6-luna" if path.stem == LESSON_ON_AZURE else OWN_MODEL
    assert re.fullmatch(re.escape(f"Live: requests go to {asks} {model}") + PRICE, said)[1] == cost
    unexplained = {}
    for source, (stored, now) in differing.items():
        if [(kind, text.replace("· model course-sample ·", f"· model {OWN_MODEL} ·")) for kind, text in stored] == now:
            continue
        words = next((words for words in expected if words in source), None)
        if words is None or expected.pop(words) not in now[0][1]:
            unexplained[source] = stored, now
    if path.stem not in FAULTS:
        assert unexplained == {}
        assert expected == {}, "these show what replay shows"
    assert own.unanswered == []


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_no_run_of_a_lesson_leaves_a_secret_behind(runs, path):
    left = runs(path)[2]
    assert {f"{path.stem}.ipynb", "debug.log"} <= set(left) and len(left["debug.log"]) > 1_000
    assert f"{path.stem}.json" in left, "it was recorded"
    assert HOST.partition(".")[0] not in left[f"{path.stem}.json"], "whose resource it was"
    assert list(canary.leaks(left)) == []


# --- each check is shown to fail ---


def one_lesson(folder, api, change=lambda text: text):
    path = next(path for path in LESSONS if path.stem == "00_start_here")
    lesson = nbformat.reads(change(path.read_text(encoding="utf-8")), as_version=4)
    live = {"COURSE_MODE": "live", "COURSE_UPSTREAM": api.url}
    (made,) = run_in_turns(lesson, "00_start_here", folder, live)
    return list(differences(lesson, made))[1:]


def test_a_changed_prompt_is_noticed(api, tmp_path):
    with pytest.raises(CellExecutionError, match=r"answers\.toml has no answer to"):
        one_lesson(tmp_path, api, lambda text: text.replace("What is in this picture?", "Who is this?"))
    api.unanswered.clear()


def test_a_changed_answer_is_noticed(tmp_path):
    changed = tmp_path / "answers.toml"
    changed.write_text(ANSWERS.read_text(encoding="utf-8").replace("red-brown espresso", "blue tea"), encoding="utf-8")
    with serve(keys={KEY}, answers=load_answers(changed)) as other:
        assert one_lesson(tmp_path, other) == ["recording.show_answer(answer)"]


@pytest.mark.parametrize("name", canary.PLANTED)
def test_a_secret_that_is_left_behind_is_noticed(name):
    for disguise in canary.disguises(canary.PLANTED[name]):
        assert list(canary.leaks({"a log": f'{{"x": "a{disguise}b"}}'})) == [f"a log holds {name}"]
    assert list(canary.leaks({"a log": f"sk-p****{canary.PLANTED[name][-4:]}"})) == [f"a log holds the end of {name}"]
    assert list(canary.leaks({"a log": "sk-p****"})) == []

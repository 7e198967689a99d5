"""The part of each lesson that is meant for the reader's own picture."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from PIL import Image

from helpers.encoding import PictureError, open_picture
from helpers.tokens import picture_tokens, price
from tests.api import API_KEY, serve
from tests.api.answers import load_answers
from tests.lessons.test_notebooks import LESSONS, NAMES, output_text, read
from tests.tools import record_lessons


def problems_of_adapting(notebook, name):
    """What is missing in the part that a reader makes their own, a sentence each."""
    cells = notebook.cells
    titles = [n for n, cell in enumerate(cells) if re.search(r"(?m)^## Adapt this", cell.source)]
    exercises = next(n for n, cell in enumerate(cells) if "## Exercises" in cell.source)
    if len(titles) != 1 or titles[0] >= exercises:
        yield "no part ## Adapt this before the exercises"
        return
    part = cells[titles[0] : exercises + 1]
    code = [cell.source for cell in part if cell.cell_type == "code"]
    text = "\n".join(cell.source for cell in part if cell.cell_type == "markdown")
    if not code or not re.match(r"PICTURES? = .+\nPROMPT = .+\nDETAIL = .+\n|MY_VIDEO = .+\n", code[0]):
        yield "its code does not begin with PICTURE, PROMPT and DETAIL"
    if f'recording.start("{name}", mode="live")' not in text:
        yield "it does not say how to go live"
    if not re.search(r"\.(estimate|bill|request_tokens)\(", "".join(code)):
        yield "it does not say beforehand what it costs"


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_a_lesson_can_be_adapted(path):
    assert list(problems_of_adapting(read(path), path.stem)) == []


LIVE = 'recording.start("07_lesson", mode="live")'
ASK = "PICTURES = 1\nPROMPT = 2\nDETAIL = 3\npicture.estimate(MODEL)"
BROKEN = {
    "no such part": (f"## Change\n\n{LIVE}", ASK, "no part ## Adapt this"),
    "no prompt": (f"## Adapt this\n\n{LIVE}", ASK.replace("PROMPT", "ASK"), "does not begin with PICTURE"),
    "another lesson": (f"## Adapt this\n\n{LIVE.replace('07', '06')}", ASK, "how to go live"),
    "no estimate": (f"## Adapt this\n\n{LIVE}", ASK.replace("estimate", "show"), "what it costs"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_part_that_cannot_be_adapted_is_noticed(name):
    def problems(text, code):
        cells = [new_markdown_cell(text), new_code_cell(code), new_markdown_cell("## Exercises")]
        return list(problems_of_adapting(new_notebook(cells=cells), "07_lesson"))

    assert problems(f"## Adapt this\n\n{LIVE}", ASK) == []
    assert problems(f"## Adapt this\n\n{LIVE}", "MY_VIDEO = 1\nindex.bill(scenes)") == []
    text, code, says = BROKEN[name]
    (problem,) = problems(text, code)
    assert says in problem


def test_a_file_of_ones_own_first_in_replay_and_then_live(tmp_path):
    """As the text says: another picture meets the message, and after going live in a cell the same cell is answered."""
    Image.new("RGB", (3000, 1500), "red").save(tmp_path / "mine.jpg")
    answers = tmp_path / "answers.toml"
    picture = f"{{ file = '{tmp_path / 'mine.jpg'}', max_side = 2048 }}"
    answers.write_text(f'[[answer]]\npictures = [{picture}]\nasked = ["What is it?"]\ntext = "Red."\n', "utf-8")
    cells = {cell.id: cell.source for cell in read(LESSONS[0]).cells}
    start = next(source for source in cells.values() if source.endswith('recording.start("00_start_here")'))
    code = re.sub(r"PICTURE = .+\nPROMPT = .+", f"PICTURE = {str(tmp_path / 'mine.jpg')!r}\nPROMPT = 'What is it?'",
                  cells["adapt-code"])  # fmt: skip
    fails = {"tags": ["raises-exception"]}
    sources = [start, code, 'recording.start("00_start_here", mode="live")', code]
    path = tmp_path / "00_start_here.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source, metadata=fails) for source in sources]), path)
    with serve(acts_as="gpt-5.6-luna", answers=load_answers(answers)) as api:
        settings = dict.fromkeys(("COURSE_MODE", "COURSE_RECORDINGS", "OPENAI_BASE_URL", "VISION_MODEL"))
        settings |= {"OPENAI_API_KEY": API_KEY, "COURSE_UPSTREAM": api.url}
        _, replayed, _, answered = record_lessons.run(path, settings).cells
    estimate = "2048 x 1024 pixels at low, gpt-5.6-luna: 154 picture tokens, 0.0031 US cents (estimated)"
    assert estimate in output_text(replayed) and estimate in output_text(answered)
    assert "NotRecorded" in output_text(replayed) and 'mode=\\"live\\") asks for your key' in output_text(replayed)
    assert "Red.\\n\\n[live answer · model gpt-5.6-luna · tokens: 157 in, 1 out · finish" in output_text(answered)


# --- the estimate ---


@pytest.fixture
def picture():
    return open_picture(Image.new("RGB", (1000, 700)))


def test_an_estimate_is_the_published_rule_and_price(picture):
    counted = picture_tokens(1000, 700, "gpt-5.6-luna", "high").tokens
    said = picture.estimate("gpt-5.6-luna", "high")
    cents = f"{price('gpt-5.6-luna', counted, 0):.4f}"
    assert said == f"1000 x 700 pixels at high, gpt-5.6-luna: {counted} picture tokens, {cents} US cents (estimated)"


def test_what_has_no_estimate_says_why(picture):
    said = picture.estimate("llava", "low")
    assert said.startswith("1000 x 700 pixels at low, llava: no estimate, unknown model under the rules of")
    assert said.endswith("'llava'"), "and not the names of all others"
    large = open_picture(Image.new("1", (6000, 6000)))
    assert "refuses a picture of 35,344 patches" in large.estimate("gpt-5.6-luna", "original")
    with pytest.raises(PictureError, match="detail is one of"):
        picture.estimate("llava", "lwo")

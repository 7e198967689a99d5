"""The part of each lesson that is meant for the reader's own picture: what it costs beforehand, and going live."""

import re

from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from tests.api import API_KEY, serve
from tests.api.answers import load_answers
from tests.lessons.lesson import LESSONS, output_text, read


def test_a_file_of_ones_own_first_in_replay_and_then_live(kernel, tmp_path):
    """As the text says: another picture meets the message, and after going live in a cell the same cell is answered."""
    Image.new("RGB", (3000, 1500), "red").save(tmp_path / "mine.jpg")
    answers = tmp_path / "answers.toml"
    picture = f"{{ file = '{tmp_path / 'mine.jpg'}', max_side = 2048 }}"
    answers.write_text(f'[[answer]]\npictures = [{picture}]\nasked = ["What is it?"]\ntext = "Red."\n', "utf-8")
    cells = {cell.id: cell.source for cell in read(LESSONS[0]).cells}
    start = next(source for source in cells.values() if source.endswith('recording.start("00_start_here")'))
    mine = f"MY_PICTURE = {str(tmp_path / 'mine.jpg')!r}\nMY_PROMPT = 'What is it?'"
    code = re.sub(r"MY_PICTURE = .+\nMY_PROMPT = .+", mine, cells["adapt-code"])
    sources = [start, code, 'recording.start("00_start_here", mode="live")', code]
    with serve(acts_as="gpt-5.6-luna", answers=load_answers(answers)) as api:
        settings = dict.fromkeys(("COURSE_MODE", "COURSE_RECORDINGS", "OPENAI_BASE_URL", "VISION_MODEL"))
        settings |= {"OPENAI_API_KEY": API_KEY, "COURSE_UPSTREAM": api.url}
        notebook = new_notebook(cells=list(map(new_code_cell, sources)))
        _, replayed, _, answered = map(output_text, kernel.run(notebook, settings, allow_errors=True).cells)
    estimate = "2048 x 1024 pixels at low, gpt-5.6-luna: 154 picture tokens, 0.0031 US cents (estimated)"
    assert estimate in replayed and estimate in answered
    assert "NotRecorded" in replayed and 'mode=\\"live\\") asks for your key' in replayed
    assert "Red.\n\n[live answer · model gpt-5.6-luna · tokens: 157 in, 1 out · finish" in answered

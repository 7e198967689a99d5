"""Slides as they are made; how they look and fit is seen in a browser (tests/browser/test_slides.py)."""

import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from docs.slides import slides
from tests.lessons.lesson import LESSONS, NAMES, read

FILM = new_output("display_data", data={"text/html": '<video src="../asset/videos/tour.mp4"></video>'})
REFUSED = new_output("error", ename="BadRequest", evalue="<no>")
TODO = new_output("stream", text="00.3 is not attempted")
LESSON = [
    "# Title\n\n*2 minutes · exercises 10 more · free*\n\nAfter it you can\n\n- **see**",
    "## Part\n\nSaid. Led to:\n\n- [05](05_video_indexing.ipynb#See) [read](../README.md) [out](https://a.example)",
    '```python\n# no heading\n\nx\n```\n\n**Bold.** Shown.\n\nBack.\n\n"Said", too.',
    new_code_cell("# a < b\nf()", outputs=[REFUSED, FILM]),
    "## Prose\n\nOnly *said*.",
    "## Exercises\n\nDo.",
    "### 1. Do it\n\nThis.",
    new_code_cell('x = None\nexercises.check("00.3", x)', outputs=[TODO]),
    "## What you did\n\nYou **saw**.",
]


def test_paragraphs_and_solutions_are_notes_all_else_is_shown_and_the_clock_has_the_lessons_minutes():
    cells = [new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in LESSON]
    divs = re.compile(r'<div class="(\w*)" data-seconds="([\d.]+)">(.*?)</div>(?=\n<div class|\n</section>)', re.S)
    made = [divs.findall(section) for section in slides.sections(new_notebook(cells=cells), LESSONS[0])]
    roles = [" ".join(role or "shown" for role, _, _ in section) for section in made]
    assert roles[:2] == ["shown lead shown", "note lead shown shown shown remark note shown"]
    assert roles[2:] == ["shown", "lead", "lead shown remark", "shown"]
    top, part, prose, do, this, _ = ["".join(text for _, _, text in section) for section in made]
    assert "2 minutes" in top and prose == "<p>Only <em>said</em>.</p>\n", "no slide is empty"
    for text in ("<p>Led to:</p>", "no heading", "<strong>Bold.</strong> Shown.", "BadRequest: &lt;no&gt;", "&lt; b"):
        assert text in part
    assert '<a href="05_video_indexing.html">05</a> read <a href="https://a.example">out</a>' in part
    assert "../" not in part and "data:video/mp4;base64,AAAA" in part
    assert "<p>Do.</p>" in do and "<p>This.</p>" in this and "not attempted" not in this
    *shown, (_, _, note) = made[4]
    assert "Hint for 00.3" in note and "Solution:" in note and "Solution:" not in str(shown)
    seconds = [sum(float(seconds) for _, seconds, _ in section) for section in made]
    assert sum(seconds[:3]) + seconds[5] == pytest.approx(120, abs=1) and sum(seconds[3:5]) == pytest.approx(600, abs=1)


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_every_cell_and_alt_text_of_a_lesson_is_on_its_slides(path):
    cells = read(path).cells
    page = "\n".join(slides.sections(read(path), path))
    assert page.count('<div class="cell">') == sum(cell.cell_type == "code" for cell in cells)
    pages = "".join(out.get("data", {}).get("text/html", "") for cell in cells for out in cell.get("outputs", []))
    alts = re.compile(r'<(?:img|video) [^>]*?(?:alt|aria-label)="([^"]+)"')
    assert alts.findall(page) == alts.findall(pages)
    assert set(re.findall(r'src="(\w+:)', page)) <= {"data:"}

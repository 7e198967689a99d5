"""Slides as they are made; how they look and fit is seen in a browser (tests/browser/test_slides.py)."""

import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from docs.slides import slides
from tests.lessons.lesson import LESSONS, NAMES, read

TOP = "# Title\n\n*2 minutes · exercises 10 more · free*\n\nAfter it you can\n\n- **see**"


def made(*cells, path=LESSONS[0]):
    """The sections of a lesson of these cells: [[(role, seconds, HTML), …], …]."""
    notebook = new_notebook(cells=[new_markdown_cell(cell) if isinstance(cell, str) else cell for cell in cells])
    found = slides.sections(notebook, path)
    divs = re.compile(r'<div class="(\w*)" data-seconds="([\d.]+)">(.*?)</div>(?=\n<div class|\n</section>)', re.S)
    return [[(role, float(seconds), text) for role, seconds, text in divs.findall(section)] for section in found]


def exercise(number="00.3"):
    output = new_output("stream", text=f"{number} is not attempted")
    return new_code_cell(f'x = None\nexercises.check("{number}", x)', outputs=[output])


def test_paragraphs_are_notes_and_all_else_is_shown():
    four = new_output("display_data", data={"text/html": "<b>4</b>"})
    asked = new_code_cell("# a < b\nf()", outputs=[new_output("error", ename="BadRequest", evalue="<no>"), four])
    body = 'Said. Led to:\n\n- shown\n\n```python\n# no heading\n\nx\n```\n\n**Bold.** Shown.\n\nBack.\n\n"Said", too.'
    top, shown, prose, *rest = made(TOP, f"## Part\n\n{body}", asked, "## Prose\n\nOnly *said*.", "## Exercises\n\nDo.",
                                    "### 1. Do it\n\nThis.", exercise())  # fmt: skip
    assert [role for role, _, _ in top] == ["", "lead", ""] and "2 minutes" in top[0][2]
    roles = [role for role, _, _ in shown]
    assert roles == ["note", "lead", "", "", "", "remark", "note", ""]
    text = "".join(text for _, _, text in shown)
    for words in ("<p>Led to:</p>", "<li>shown</li>", "no heading", "<strong>Bold.</strong> Shown."):
        assert words in text
    assert 'class="error"><code>BadRequest: &lt;no&gt;' in text and "<b>4</b>" in text and "&lt; b" in text
    assert [(role, text) for role, _, text in prose] == [("", "<p>Only <em>said</em>.</p>\n")], "no slide is empty"
    assert "<p>Do.</p>" in rest[0][0][2] and "<p>This.</p>" in rest[1][0][2]


def test_a_solution_is_in_the_notes_alone_and_the_clock_has_the_lessons_minutes():
    exercises = ("## Exercises\n\nDo.", "### 1. It\n\nThis.", exercise())
    sections = made(TOP, "## Part\n\nIt is said.", new_code_cell("1"), *exercises, "## What you did\n\nYou **saw**.")
    shown, (role, _, note) = sections[3][-2][2], sections[3][-1]
    assert role == "remark" and "white-space:pre-wrap" in note and "8474" not in shown and "not attempted" not in shown
    seconds = [sum(seconds for _, seconds, _ in section) for section in sections]
    assert seconds[0] + seconds[1] + seconds[-1] == pytest.approx(120, abs=1)
    assert sum(seconds[2:-1]) == pytest.approx(600, abs=1)


def test_a_link_leads_to_slides_or_nowhere_and_a_film_is_inside():
    text = "[05](05_video_indexing.ipynb#See) [read](../README.md) [out](https://a.example)"
    film = new_output("display_data", data={"text/html": '<video src="../asset/videos/tour.mp4"></video>'})
    page = str(made(TOP, f"## Part\n\n- {text}", new_code_cell("1", outputs=[film]), "## Exercises\n\nDo."))
    assert '<a href="05_video_indexing.html">05</a> read <a href="https://a.example">out</a>' in page
    assert "../" not in page and "data:video/mp4;base64,AAAA" in page


@pytest.mark.parametrize("path", LESSONS, ids=NAMES)
def test_every_cell_and_alt_text_of_a_lesson_is_on_its_slides(path):
    cells = read(path).cells
    page = "\n".join(slides.sections(read(path), path))
    assert page.count('<div class="cell">') == sum(cell.cell_type == "code" for cell in cells)
    pages = "".join(out.get("data", {}).get("text/html", "") for cell in cells for out in cell.get("outputs", []))
    alts = re.compile(r'<(?:img|video) [^>]*?(?:alt|aria-label)="([^"]+)"')
    assert alts.findall(page) == alts.findall(pages)
    assert set(re.findall(r'src="(\w+:)', page)) <= {"data:"}


def test_what_is_missing_is_named_with_the_way_out(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match=r"^There is no lesson 99; lessons are: 00_start_here, "):
        slides.main(["99"])
    monkeypatch.setattr(slides, "REVEAL", tmp_path / "none")
    with pytest.raises(SystemExit, match=rf"{re.escape(slides.sys.executable)}.* build/reveal sphinx-revealjs==\d"):
        slides.main([NAMES[0]])

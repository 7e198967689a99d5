"""The slides of every lesson in a real browser, opened as a double click does: nothing is cut, lost or asked for."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import expect

from docs.slides import slides
from tests.browser.test_browser import browser  # noqa: F401 (a fixture)
from tests.lessons.lesson import LESSONS, NAMES, read

# What does not fit its slide, is empty or has no picture: [[slide, what], …]. And how many lines and rows there are.
LOOK = """() => {
    const wrong = [], all = css => document.querySelectorAll(css).length;
    Reveal.getSlides().forEach((slide, number) => {
        Reveal.slide(number);
        const { height, width } = slide.getBoundingClientRect(), scale = Reveal.getScale();
        if (height > 720.5 * scale || slide.scrollWidth > 1280) wrong.push([number + 1, 'is cut']);
        const shown = [...slide.children].filter(part => !part.matches('header, aside'));
        if (!shown.some(part => part.offsetHeight > 10)) wrong.push([number + 1, 'is empty']);
        const isLost = image => !image.naturalWidth;
        if ([...slide.querySelectorAll('img')].some(isLost)) wrong.push([number + 1, 'no picture']);
    });
    return { wrong, lines: all('.slides pre > code'), rows: all('.slides tbody tr'), points: all('.slides li') };
}"""


@pytest.fixture
def deck(browser, tmp_path):  # noqa: F811
    """Call it with a lesson: a page that shows its slides, and what it asked for or complained of."""
    context, file, asked = browser.new_context(viewport={"width": 1280, "height": 720}), tmp_path / "deck.html", []
    context.on("request", lambda request: asked.append(request.url))
    context.on("console", lambda message: asked.append(message.text))
    context.on("weberror", lambda error: asked.append(str(error.error)))

    def show(lesson):
        file.write_text(slides.page(lesson), "utf-8")
        page = context.new_page()
        page.goto(file.as_uri())
        page.wait_for_function("Reveal.isReady()")
        return page

    yield show
    assert [one for one in asked if not one.startswith((file.as_uri(), "data:", "blob:"))] == []
    context.close()


@pytest.mark.parametrize("lesson", LESSONS, ids=NAMES)
def test_nothing_of_a_lesson_is_cut_or_lost_on_its_slides(deck, lesson):
    page = deck(lesson)
    source = re.sub(r"(?s)<thead>.*?</thead>", "", "".join(slides.sections(read(lesson), lesson)))
    lines = "".join(re.findall(r'(?s)<pre class="\w+">.*?</pre>', source)).count("<code>")
    rows, points = source.count("<tr>"), source.count("<li>")
    assert page.evaluate(LOOK) == {"wrong": [], "lines": lines, "rows": rows, "points": points}


def test_notes_and_clock_follow_the_slides_and_the_slides_follow_them(deck):
    page = deck(LESSONS[1])
    with page.context.expect_page() as opened:
        page.keyboard.press("s")
    speaker = opened.value
    notes = speaker.locator(".speaker-controls-notes .value")
    page.evaluate("Reveal.slide(Reveal.getSlides().findIndex(slide => /First we fetch it/.test(slide.textContent)))")
    expect(notes).to_contain_text("Always set a timeout")
    expect(speaker.locator(".pacing")).to_be_visible()
    number = page.evaluate("Reveal.getState().indexh")
    speaker.keyboard.press("ArrowRight")
    page.wait_for_function(f"Reveal.getState().indexh === {number} + 1")
    expect(notes).not_to_contain_text("Always set a timeout")


def test_what_is_too_long_goes_on_on_the_next_slide_and_d_makes_it_dark(deck, tmp_path):
    texts = ["# Long\n\n*2 minutes · exercises 1 more*", "## Table\n\n| a |\n|---|\n" + "| one |\n" * 60]
    texts += ["## List\n\n" + "- point\n" * 60, "## Lines"]
    lines = new_code_cell("long()", outputs=[new_output("stream", text="line\n" * 60)])
    cells = [*map(new_markdown_cell, texts), lines, new_markdown_cell("## Exercises\n\nNone.")]
    nbformat.write(new_notebook(cells=cells), tmp_path / "00_long.ipynb")
    page = deck(tmp_path / "00_long.ipynb")
    assert page.evaluate(LOOK) == {"wrong": [], "lines": 61, "rows": 60, "points": 60}
    heads = page.locator(".slides section > header").all_text_contents()
    names = [head.removesuffix(" …") for head in heads]
    assert sorted(set(names), key=names.index) == ["Long", "Table", "List", "Lines", "Exercises"]
    assert [head.endswith(" …") for head in heads] == [name in names[:at] for at, name in enumerate(names)]
    assert min(map(names.count, ("Table", "List", "Lines"))) >= 2
    assert page.locator(".slides thead").count() == names.count("Table")
    dark = "document.documentElement.matches('.dark')"
    before = page.evaluate(dark)
    page.keyboard.press("d")
    assert page.evaluate(dark) is not before

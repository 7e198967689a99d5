"""The course in the browser, as `make lite` builds it, with stand-ins for Pillow and matplotlib: what it prints."""

import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from course.assets import ROOT
from tests.browser import CELLS, SCREENSHOTS, choose, chromium
from tests.lessons.lesson import LESSONS, NAMES, code_cells, read

NOT_RUN = f"""() => [...document.querySelectorAll('{CELLS}')].findIndex(
    cell => !/\\d/.test(cell.querySelector('.jp-InputPrompt').innerText))"""
DONE = f"""() => ![...document.querySelectorAll('{CELLS} .jp-InputPrompt')].some(p => p.innerText.includes('*'))"""
PRINTED = "cells => cells.map(c => [...c.querySelectorAll('.jp-OutputArea-output')].map(o => o.innerText).join(' '))"
# What shows a picture needs Pillow itself; and Pyodide's Python is newer than those the lessons are tried with.
NEEDS_MORE = re.compile(r"open_picture|plotting\.|Python 3|version_info")


@pytest.fixture(scope="module")
def site():
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=ROOT / "build" / "lite-stand-ins"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def words(text):
    """The words alone: a card on the page has neither the brackets nor the dots of its text."""
    return " ".join(re.sub(r"[\[\]·]", " ", text).split())


def stored(cell):
    """What a reader sees of the stored outputs, but for their layout."""
    return [
        words(o.get("text") or o.get("data", {}).get("text/plain") or f"{o.ename}: {o.evalue}") for o in cell.outputs
    ]


@pytest.mark.parametrize("lesson", LESSONS[:2], ids=NAMES[:2])
def test_a_lesson_prints_in_the_browser_what_is_stored_and_asks_nobody(site, lesson):
    cells = code_cells(read(lesson))
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        outside = []
        page.on("request", lambda r: outside.append(r.url) if not r.url.startswith((site, "data:", "blob:")) else None)
        page.goto(f"{site}/lab/index.html?path=notebooks/{lesson.name}")
        page.wait_for_selector(CELLS, timeout=60_000)
        choose(page, "Edit", "editmenu:clear-all")
        while (left := page.evaluate(NOT_RUN)) >= 0:  # here a cell that errs on purpose stops those after it
            page.locator(CELLS).nth(left).locator(".jp-InputPrompt").click()
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name="Run Selected Cell and All Below").click()
            page.wait_for_function(DONE, timeout=300_000)
            assert page.evaluate(NOT_RUN) != left
        printed = [words(text) for text in page.eval_on_selector_all(CELLS, PRINTED)]
        page.screenshot(path=SCREENSHOTS / f"lite-{lesson.stem}.png")
    wrong = [(cell.id, stored(cell), text) for cell, text in zip(cells, printed, strict=True)
             if not NEEDS_MORE.search(cell.source) and " ".join(stored(cell)) != text]  # fmt: skip
    assert (wrong, outside) == ([], [])

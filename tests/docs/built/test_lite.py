"""The course in the browser, as `make lite` builds it, with stand-ins for Pillow and matplotlib: what it prints."""

import re
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from course.assets import ROOT
from tests.browser import CELLS, choose, chromium
from tests.lessons.lesson import LESSONS, code_cells, read

NOT_RUN = f"""() => [...document.querySelectorAll('{CELLS}')].findIndex(
    cell => !/\\d/.test(cell.querySelector('.jp-InputPrompt').innerText))"""
DONE = f"""() => ![...document.querySelectorAll('{CELLS} .jp-InputPrompt')].some(p => p.innerText.includes('*'))"""
PRINTED = "cells => cells.map(c => [...c.querySelectorAll('.jp-OutputArea-output')].map(o => o.innerText).join(' '))"
# What shows a picture needs Pillow itself; and Pyodide's Python is newer than those the lessons are tried with.
NEEDS_MORE = re.compile(r"open_picture|plotting\.|Python 3|version_info")


def words(text):
    """The words alone: a card on the page has neither the brackets nor the dots of its text."""
    return " ".join(re.sub(r"[\[\]·]", " ", text).split())


def stored(cell):
    shown = [o.get("text") or o.get("data", {}).get("text/plain") or f"{o.ename}: {o.evalue}" for o in cell.outputs]
    return words(" ".join(shown))


def test_the_first_lessons_print_in_the_browser_what_is_stored_and_ask_nobody():
    files = partial(SimpleHTTPRequestHandler, directory=ROOT / "build" / "lite-stand-ins")
    with ThreadingHTTPServer(("127.0.0.1", 0), files) as server, chromium() as browser:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        site, asked = f"http://127.0.0.1:{server.server_port}", []
        for lesson in LESSONS[:2]:
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            page.on("request", lambda request: asked.append(request.url))
            page.goto(f"{site}/lab/index.html?path=notebooks/{lesson.name}")
            page.wait_for_selector(CELLS, timeout=60_000)
            choose(page, "Edit", "editmenu:clear-all")
            while (left := page.evaluate(NOT_RUN)) >= 0:  # here a cell that errs on purpose stops those after it
                page.locator(CELLS).nth(left).locator(".jp-InputPrompt").click()
                page.get_by_role("menuitem", name="Run", exact=True).click()
                page.get_by_role("menuitem", name="Run Selected Cell and All Below").click()
                page.wait_for_function(DONE, timeout=300_000)
                assert page.evaluate(NOT_RUN) != left
            printed = zip(code_cells(read(lesson)), page.eval_on_selector_all(CELLS, PRINTED), strict=True)
            printed = [(cell, words(text)) for cell, text in printed if not NEEDS_MORE.search(cell.source)]
            assert [(cell.id, text) for cell, text in printed if text != stored(cell)] == []
            page.close()
        server.shutdown()
    assert [url for url in asked if not url.startswith((site, "data:", "blob:"))] == []

"""The site that `make site` made, as a reader meets it: opened from its folder, on a phone, without a network."""

import os
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import expect

from course.assets import ROOT
from tests.browser import chromium
from tests.lessons.lesson import NAMES

SITE = ROOT / "build" / "site"
DOCUMENTS = sorted(path.stem for path in (ROOT / "docs").glob("*.md") if "." not in path.stem)  # in English
PAGES = ["index", "CHANGELOG", "CONTRIBUTING", "docs/site/helpers", *(f"docs/{document}" for document in DOCUMENTS)]
PAGES += [f"notebooks/{lesson}" for lesson in NAMES]
PHONE = 390  # pixels
FILMS_ARE_THERE = "[...document.querySelectorAll('video')].every(v => v.readyState > 0 && v.getAttribute('aria-label'))"
SEE = """() => ({
    width: document.documentElement.scrollWidth,
    broken: [...document.images].filter(i => !i.naturalWidth || !i.alt).map(i => i.src.slice(0, 90)),
    here: [...document.querySelectorAll('[id]')].map(e => e.id),
    links: [...document.links].map(a => a.href).filter(a => a.startsWith('file:')),
})"""


@pytest.fixture(scope="module")
def page():
    with chromium() as browser:
        yield browser.new_page(viewport={"width": PHONE, "height": 800}, color_scheme="dark")


def test_each_page_fits_a_phone_shows_its_pictures_asks_nobody_and_its_links_lead_somewhere(page):
    seen, noted, wrong = {}, [], []
    page.on("request", lambda request: noted.append(request.url) if request.url.startswith("http") else None)
    page.on("console", lambda message: noted.append(message.text) if message.type == "error" else None)
    for name in PAGES:
        page.goto((SITE / f"{name}.html").as_uri())
        page.wait_for_function(FILMS_ARE_THERE, timeout=20_000)
        seen[name] = page.evaluate(SEE)
    ids = {f"{SITE / name}.html": {*found["here"]} for name, found in seen.items()}
    for name, found in seen.items():
        links = {(unquote(to.path), unquote(to.fragment)) for to in map(urlsplit, found["links"])}
        lost = [to for to in links if not os.path.exists(to[0]) or (to[1] and to[1] not in ids.get(to[0], to))]
        if lost or found["broken"] or found["width"] > PHONE:
            wrong.append((name, lost, found["broken"], found["width"]))
    assert (wrong, noted) == ([], [])


def test_a_search_finds_the_lesson_in_both_languages(page):
    for word, lesson in {"rocket": "01_url_input", "로켓": "01_url_input", "recall": "13"}.items():
        page.goto(f"{(SITE / 'search.html').as_uri()}?q={word}")
        expect(page.locator(f'#search-results li a[href*="{lesson}"]').first).to_be_visible(timeout=20_000)

"""Every lesson in JupyterLab in a real, headless browser: Run All, pictures and answers on the page, a changed prompt.

Not part of `make test`; `make browser` runs it, and installs Chromium where it can. Screenshots stay in
tests/screenshots/, which git ignores.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
SCREENSHOTS = ROOT / "tests" / "screenshots"
LESSONS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SCREENSHOTS.mkdir(exist_ok=True)
CELLS = ".jp-Notebook .jp-CodeCell"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on a copy of the course, so that nothing in the repository changes; its address and token."""
    course = tmp_path_factory.mktemp("lab") / "course"
    course.mkdir()
    for name in ("notebooks", "asset"):
        shutil.copytree(ROOT / name, course / name)
    # Lab draws only the cells in view unless told otherwise.
    settings = course.parent / "settings" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"windowingMode": "none"}', encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--ServerApp.root_dir={course}", f"--ServerApp.port={port}"]
    options += ["--IdentityProvider.token=course", "--LabApp.news_url=None", "--log-level=ERROR"]
    options += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    environment = {k: v for k, v in os.environ.items() if k != "COURSE_MODE"} | {
        "JUPYTER_CONFIG_DIR": str(course.parent / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(course.parent / "settings"),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/api?token=course", timeout=2)
                break
            except OSError:
                time.sleep(0.25)
                assert server.poll() is None, "JupyterLab stopped"
        yield address
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def browser():
    assert CHROMIUM, "Chromium is not on PATH; `make browser` installs it"
    with sync_playwright() as playwright:
        quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=quiet)
        yield running
        running.close()




def open_lesson(browser, lab, lesson):
    """A page with the lesson, its kernel ready."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{lab}/lab/tree/notebooks/{lesson}.ipynb?token=course&reset")
    page.wait_for_selector(CELLS, timeout=60_000)
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000)
    return page


def choose(page, menu, command):
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.locator(f'.lm-Menu-item[data-command="{command}"]').click()


def run_all(page):
    """Run All, from outputs cleared, and wait until the last code cell has its number."""
    choose(page, "Edit", "editmenu:clear-all")
    choose(page, "Run", "runmenu:run-all")
    last = page.locator(CELLS).last.locator(".jp-InputPrompt").first
    for _ in range(240):
        if re.fullmatch(r"\[\d+\]:", last.inner_text().strip()):
            return
        page.wait_for_timeout(250)
    page.screenshot(path=SCREENSHOTS / "unfinished.png")
    raise AssertionError("the last cell did not finish")


@pytest.mark.parametrize("lesson", LESSONS)
def test_run_all(browser, lab, lesson):
    page = open_lesson(browser, lab, lesson)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    run_all(page)
    # As tall as the lesson, so that the screenshot shows all of it.
    height = page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollHeight")
    page.set_viewport_size({"width": 1280, "height": height + 120})
    page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollTop = 0")
    page.wait_for_timeout(1_000)
    page.screenshot(path=SCREENSHOTS / f"{lesson}.png")

    pictures = page.eval_on_selector_all(
        ".jp-OutputArea-output img", "images => images.map(i => [i.alt, i.complete && i.naturalWidth > 0])"
    )
    assert pictures and all(alt and loaded for alt, loaded in pictures), pictures
    text = "\n".join(page.locator(".jp-OutputArea-output").all_inner_texts())
    assert "sample answer, written by hand" in text
    assert "Traceback" not in text
    for url in asked:
        assert url.startswith((lab, "data:", "blob:")), f"the page asked {url}"
    page.close()


def test_a_changed_prompt_meets_a_short_kind_message(browser, lab):
    page = open_lesson(browser, lab, "01_url_input")
    run_all(page)
    prompt = page.locator(CELLS).filter(has_text="PROMPT =").first
    prompt.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.type('PROMPT = "How many towers are there?"\nDETAIL = "low"\nMODEL = recording.model()')
    page.keyboard.press("Control+Enter")
    ask = page.locator(CELLS).filter(has_text="text_part =").first
    ask.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    error = ask.locator(".jp-OutputArea-output")
    error.wait_for(timeout=20_000)
    page.wait_for_timeout(500)
    message = error.inner_text().strip()
    ask.screenshot(path=SCREENSHOTS / "changed-prompt.png")
    assert message.startswith("NotRecorded: ") and len(message.splitlines()) <= 12
    assert 'prompt: recorded "Describe this picture' in message and 'yours "How many towers are there?"' in message
    assert ".py" not in message and "Traceback" not in message
    page.close()

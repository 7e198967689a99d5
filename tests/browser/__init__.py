"""A headless Chromium; `make browser` and `make docs-test` install it where they can."""

import shutil
from contextlib import contextmanager

from playwright.sync_api import sync_playwright

from course.assets import ROOT

SCREENSHOTS = ROOT / "tests" / "screenshots"
CELLS = ".jp-Notebook .jp-CodeCell"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]


@contextmanager
def chromium():
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert path, "Chromium is not on PATH"
    SCREENSHOTS.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield running
        running.close()


def choose(page, menu, command):
    """Choose a command in a menu of JupyterLab."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.locator(f'.lm-Menu-item[data-command="{command}"]').click()

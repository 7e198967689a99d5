"""Every lesson in JupyterLab in a real, headless browser: Run All; pictures, answers and errors are on the page.

Screenshots stay in tests/screenshots/, which git ignores. first_start.png, in 128 colours, is the README's picture.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest
from playwright.sync_api import TimeoutError as NotInTime
from playwright.sync_api import expect

from course.assets import ROOT
from tests.browser import CELLS, SCREENSHOTS, choose, chromium
from tests.lessons.lesson import LESSONS, NAMES, code_cells, read

KOREAN = [ROOT / "notebooks_ko" / f"{name}.ipynb" for name in ("00_start_here", "08_structured_answers")]
ORIGIN = re.compile(r"^\[.+ · (?:finish reason|status): .+\]$", re.M)  # the line that recording.show_answer ends with

# What is on the page of each code cell. JupyterLab marks an error as it marks what is written to stderr.
READ_CELLS = """cells => cells.map(cell => ({
    prompt: cell.querySelector('.jp-InputPrompt').innerText.trim(),
    outputs: cell.querySelectorAll('.jp-OutputArea-child').length,
    red: cell.querySelector('[data-mime-type="application/vnd.jupyter.stderr"]') !== null,
    text: [...cell.querySelectorAll('.jp-OutputArea-output')].map(output => output.innerText).join('\\n'),
    pictures: [...cell.querySelectorAll('.jp-OutputArea-output img')].map(i => [i.alt, i.naturalWidth > 0]),
}))"""
COMMAND = "([command, args]) => jupyterapp.commands.execute(command, args).then(() => {})"
# After a cell that errs JupyterLab takes the stars away, also where those after it go on; a number comes with the end.
ALL_RAN = f"""() => {{
    const prompts = [...document.querySelectorAll('{CELLS} .jp-InputPrompt')].map(p => p.innerText.trim());
    return prompts.length > 0 && prompts.every(p => /\\d/.test(p));
}}"""


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """JupyterLab on a copy of the course, so that nothing in the repository changes: its address and a page."""
    course = tmp_path_factory.mktemp("lab") / "course"
    for name in ("notebooks", "notebooks_ko", "asset"):
        shutil.copytree(ROOT / name, course / name)
    # Lab draws only the cells in view unless told otherwise.
    settings = course.parent / "config/lab/user-settings/@jupyterlab/notebook-extension/tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"windowingMode": "none"}', encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--ServerApp.root_dir={course}", f"--ServerApp.port={port}"]
    options += ["--IdentityProvider.token=course", "--ServerApp.port_retries=0", "--log-level=ERROR"]
    options += ["--LabApp.expose_app_in_browser=True"]
    options += ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    # Neither a mode nor a key of the shell around the tests may decide what the lessons show.
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("COURSE_", "OPENAI_", "VISION_"))}
    environment = mine | {"JUPYTER_CONFIG_DIR": str(course.parent / "config"), "JUPYTER_PREFER_ENV_PATH": "1"}
    address, command = f"http://127.0.0.1:{port}", [sys.executable, "-m", "jupyterlab", *options]
    server = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)  # pytest shows what it says
    try:
        for _ in range(240):
            with suppress(OSError), urllib.request.urlopen(f"{address}/api?token=course", timeout=2):
                break
            assert server.poll() is None, "JupyterLab did not start"
            time.sleep(0.25)
        page, asked = browser.new_page(), []
        page.on("request", lambda request: asked.append(request.url))
        yield SimpleNamespace(address=address, page=page, asked=asked)
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@contextmanager
def lesson_page(lab, name, folder):
    """The page with this notebook, its kernel idle and no dialog over it.

    The first is opened as a reader does, by its address; the others in the same JupyterLab, whose start takes seconds.
    """
    page, failed = lab.page, SCREENSHOTS / f"{name}-failed.png"
    failed.unlink(missing_ok=True)
    page.set_viewport_size({"width": 1280, "height": 900})
    if page.url == "about:blank":
        page.goto(f"{lab.address}/lab/tree/{folder}/{name}.ipynb?token=course&reset", timeout=60_000)
    else:
        page.evaluate(COMMAND, ["docmanager:open", {"path": f"{folder}/{name}.ipynb"}])
    try:
        page.wait_for_selector(CELLS, timeout=60_000)
        # In the status bar: the notebook's own sign says idle before there is a kernel, and Run All then runs nothing.
        expect(page.get_by_text(re.compile(r"^Python 3 .*\| Idle$"))).to_be_visible(timeout=60_000)
        expect(page.locator(".jp-Dialog")).to_have_count(0)
        yield page
        assert [url for url in lab.asked if not url.startswith((lab.address, "data:", "blob:"))] == []
        page.evaluate(COMMAND, ["docmanager:save", {}])
        page.evaluate(COMMAND, ["application:close", {}])
        expect(page.locator(".jp-NotebookPanel")).to_have_count(0)
    except BaseException:
        page.screenshot(path=failed)
        page.goto("about:blank")  # the next one has a fresh start
        raise


def shoot(page, size, top, path):
    """A screenshot with everything drawn, of a window this large, scrolled down to `top`."""
    page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    page.evaluate(f"document.querySelector('.jp-WindowedPanel-outer').scrollTop = {top}")
    page.wait_for_function("[...document.images].every(image => image.complete)", timeout=10_000)
    page.evaluate("new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    page.screenshot(path=path)


@pytest.mark.parametrize("lesson", [*LESSONS, *KOREAN], ids=[*NAMES, "ko_00", "ko_08"])
def test_run_all(lab, lesson):
    cells = code_cells(read(lesson))
    with lesson_page(lab, lesson.stem, lesson.parent.name) as page:
        if lesson == LESSONS[0]:  # the picture of the README
            see = page.locator(".jp-MarkdownCell", has=page.locator("h2", has_text="See")).first
            shoot(page, (1280, 1500), see.evaluate("cell => cell.offsetTop"), SCREENSHOTS / "first_start.png")
        choose(page, "Edit", "editmenu:clear-all")
        choose(page, "Run", "runmenu:run-all")
        with suppress(NotInTime):  # where a cell stopped the others, what is on the page says more
            page.wait_for_function(ALL_RAN, timeout=60_000)
        # As tall as the lesson, so that the screenshot shows all of it.
        height = page.evaluate("document.querySelector('.jp-WindowedPanel-outer').scrollHeight")
        shoot(page, (1280, height + 120), 0, SCREENSHOTS / f"{lesson.stem}{lesson.parent.name[9:]}.png")
        shown = page.eval_on_selector_all(CELLS, READ_CELLS)

        for number, (cell, stored) in enumerate(zip(shown, cells, strict=True), 1):
            data = [output.get("data", {}) for output in stored.outputs]
            # A cell that writes to stderr looks like one that errs.
            is_red = any(out.get("name") == "stderr" or out.output_type == "error" for out in stored.outputs)
            images = "".join(one.get("text/html", "") for one in data).count("<img ")
            found = cell["prompt"], cell["red"], cell["outputs"], len(cell["pictures"])
            assert found == (f"[{number}]:", is_red, len(data), images), "prompt, is it red, outputs, pictures"
            # Where a picture has no alt text, JupyterLab says "Image".
            assert [alt for alt, loaded in cell["pictures"] if alt in ("", "Image") or not loaded] == [], number
            said = [out.get("text") or out.get("evalue", "") for out in stored.outputs]
            said += [text.partition("\n")[0] for one in data if ORIGIN.search(text := one.get("text/plain", ""))]
            lines = [line.strip() for text in said for line in text.splitlines()]
            assert [line for line in lines if line not in cell["text"]] == [], number
        assert height <= 12_000, "a page to scroll through: say less, or show it smaller"

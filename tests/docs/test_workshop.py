"""The look at a machine before a workshop names what is wrong; the plans of the page add up."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course.assets import ROOT
from docs import preflight
from tests.lessons.lesson import LESSONS, NAMES, read

PAGE = (ROOT / "docs" / "workshop.md").read_text("utf-8")
TOPS = {path.stem: read(path).cells[0].source for path in LESSONS}


def test_a_machine_like_this_one_is_ready(monkeypatch, capsys):
    monkeypatch.setattr(preflight, "replay", lambda lesson: [])
    assert preflight.main([]) == 0
    looked_at = [*([name, "fine"] for name in ("Python", "packages", "files", *NAMES)), ["READY"]]
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == looked_at


@pytest.mark.slow
def test_whatever_is_wrong_is_named(tmp_path, monkeypatch, capsys):
    for folder in ("asset", "notebooks", "tests"):
        (tmp_path / folder).mkdir()
    (tmp_path / "tests" / "nbval_sanitize.cfg").write_bytes((ROOT / "tests" / "nbval_sanitize.cfg").read_bytes())
    lock = "# a\npytest==0.1 ; os_name != 'x'  # via nbval\nno-such-thing==1\nelsewhere==1 ; os_name == 'x'\n-e .\n"
    (tmp_path / "requirements.txt").write_text(lock, "utf-8")
    (tmp_path / "asset" / "SOURCES.csv").write_text("file,sha256\ngone.png,\nasset/old.png,0\n", "utf-8")
    (tmp_path / "asset" / "old.png").write_bytes(b"new")
    # The bytes of a picture differ between builds of Pillow, its alt text does not.
    page = '<img alt="{}" src="data:image/png;base64,{}">'
    source = f"import IPython, os\nIPython.display.HTML({page!r}.format(os.environ.get('COURSE_MODE'), 'AAAA'))"
    cells = [new_code_cell(source, execution_count=1), new_code_cell(source, execution_count=2)]
    for cell, alt in zip(cells, ("None", "A cup"), strict=True):
        data = {"text/html": page.format(alt, "BBBB"), "text/plain": "<IPython.core.display.HTML object>"}
        cell.outputs = [new_output("execute_result", data, execution_count=cell.execution_count)]
    nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / "00_wrong.ipynb")
    monkeypatch.setenv("COURSE_MODE", "live")  # of the shell around it
    monkeypatch.setattr(preflight, "ROOT", tmp_path)
    monkeypatch.setattr(preflight.sys, "version_info", (3, 14))
    assert preflight.main([]) == 1
    python, packages, files, lesson, last = capsys.readouterr().out.splitlines()
    assert python.endswith("this is 3.14, the course takes 3.11, 3.12 or 3.13")
    assert re.search(r" pytest [\d.]+, the lock has ==0\.1; no-such-thing is missing, the lock has ==1; with", packages)
    assert preflight.sys.executable in packages and files.endswith(" gone.png is missing; asset/old.png has changed")
    assert lesson.startswith("00_wrong ") and "00_wrong.ipynb, code cell 2" in lesson
    assert " -m pip install -r requirements.txt" in packages and last.startswith("NOT READY")


def test_the_page_adds_up_the_lessons_minutes_and_what_they_cost():
    plans = re.findall(r"(?m)^### (?:Two hours|Half a day|A day)\n\n((?:\|.*\n)+)", PAGE)
    assert len(plans) == 3
    for plan in plans:
        rows = re.findall(r"(?m)^\| (.+?) \| (\d+) \| (\d*) ?\|$", plan)
        for what, minutes, exercises in rows:
            if found := re.match(r"\[.+\]\(\.\./notebooks/(\w+)\.ipynb\)$", what):
                lesson, most = map(int, re.search(r"\*(\d+) minutes · exercises (\d+) more", TOPS[found[1]]).groups())
                assert int(minutes) == lesson and int(exercises) in range(5, most + 1, 5), what
        together = sum(int(minutes) + int(exercises or 0) for _, minutes, exercises in rows)
        assert f"**Together** | **{together}**" in plan
    costs = re.findall(r"about ([\d.]+) US cents live(?:, and ([\d.]+) more)?", "".join(TOPS.values()))
    cents = sum(float(once) + float(more or 0) for once, more in costs)
    assert len(costs) == len(NAMES) and f"together cost less than {int(cents) + 1} US\ncents" in PAGE

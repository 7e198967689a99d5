"""Where the course runs beside one's own machine: the files for that are true, and made from what is there."""

import json
import re
import runpy
import shutil
import subprocess
import sys
from contextlib import nullcontext

import pytest

from course.assets import ROOT
from tests.lessons.lesson import LESSONS, code_cells, read

sys.path.append(str(ROOT / "docs"))
import badges
import bundle
import colab

WITHOUT_LITTLECMS = """
import sys
sys.modules["PIL._imagingcms"] = None
from helpers.encoding import open_picture
print(open_picture("asset/images/rocket.jpg").changes)
"""


def test_a_pillow_without_littlecms_as_in_the_browser_opens_pictures_and_says_what_it_can_not_do():
    done = subprocess.run([sys.executable, "-c", WITHOUT_LITTLECMS], cwd=ROOT, text=True, capture_output=True)
    assert done.stdout == "('metadata dropped', 'profile not applied: no LittleCMS')\n", done.stderr


@pytest.mark.parametrize(
    ("system", "brings", "leaves_out"),
    [("linux", "pexpect", "pywinpty"), ("windows", "pywinpty", "pexpect"), ("macos", "appnope", "colorama")],
)
def test_a_bundle_holds_what_its_system_needs_whatever_the_system_here(system, brings, leaves_out):
    names = {wish.partition("==")[0] for wish in bundle.wanted(system)}
    assert {brings, "setuptools", "openai"} <= names and leaves_out not in names


def test_colab_gets_its_packages_at_the_versions_of_the_lock_before_the_first_cell_and_no_others():
    first, second, *_ = code_cells(colab.copy_for_colab(read(LESSONS[1]), "a/b"))
    assert "recording.start" in second.source and "https://github.com/a/b /content" in first.source
    installed = re.search(r"%pip install --quiet (.*)", first.source)[1].split()
    lock = (ROOT / "requirements.txt").read_text("utf-8")
    assert [pin.partition("==")[0] for pin in installed] == [*colab.PACKAGES]
    assert all(f"\n{pin} " in lock for pin in installed)


def test_badges_lead_to_the_address_again_and_again():
    readme = (ROOT / "README.md").read_text("utf-8")
    once = badges.with_badges(badges.with_badges(readme, "old/address"), "new/address")
    assert len(set(re.findall(r"https://\S+?/new/address/?[^)]*", once))) == 3 and "old/address" not in once
    assert len(once.splitlines()) == len(readme.splitlines())


@pytest.mark.parametrize("place", ["", "example.org/a/b", "github.com/a/b", "github.com/a/b.git"])
def test_without_an_address_of_github_a_sentence_says_where_to_write_it(tmp_path, monkeypatch, place):
    monkeypatch.setattr(sys.modules["address"], "ROOT", tmp_path)
    shutil.copy(ROOT / "README.md", tmp_path)
    line, is_one = f'Repository = "https://{place}"' if place else "", place.startswith("github.com")
    (tmp_path / "pyproject.toml").write_text(f"[project.urls]\n{line}\n", "utf-8")
    with nullcontext() if is_one else pytest.raises(SystemExit, match=r"\[project\.urls\]"):
        runpy.run_path(badges.__file__, run_name="__main__")
    assert ("codespaces.new/a/b)" in (tmp_path / "README.md").read_text("utf-8")) == is_one


def test_binder_and_codespaces_install_the_lock_and_nothing_else():
    """With a pyproject.toml beside the lock Binder would install a copy without assets, but for the folder .binder."""
    assert (ROOT / ".binder" / "requirements.txt").read_text("utf-8") == "-r ../requirements.txt\n"
    assert (ROOT / ".binder" / "runtime.txt").read_text("utf-8") == "python-3.12\n"
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text("utf-8"))
    assert container["postCreateCommand"] == "make .venv/.lab"

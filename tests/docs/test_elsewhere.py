"""Where the course runs beside one's own machine: the files for that are true, and made from what is there."""

import re
import subprocess
import sys

from course.assets import ROOT
from tests.lessons.lesson import LESSONS, README, code_cells, read

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


def test_a_bundle_holds_what_its_system_needs_whatever_the_system_here():
    needs = {"linux": ("pexpect", "pywinpty"), "windows": ("pywinpty", "pexpect"), "macos": ("appnope", "colorama")}
    for system, (brings, leaves_out) in needs.items():
        names = {wish.partition("==")[0] for wish in bundle.wanted(system)}
        assert {brings, "setuptools", "openai"} <= names and leaves_out not in names


def test_colab_gets_its_packages_at_the_versions_of_the_lock_before_the_first_cell_and_no_others():
    first, second, *_ = code_cells(colab.copy_for_colab(read(LESSONS[1]), "a/b"))
    assert "recording.start" in second.source and "https://github.com/a/b /content" in first.source
    installed = re.search(r"%pip install --quiet (.*)", first.source)[1].split()
    assert [pin.partition("==")[0] for pin in installed] == [*colab.PACKAGES]
    assert all(f"\n{pin} " in (ROOT / "requirements.txt").read_text("utf-8") for pin in installed)


def test_badges_lead_to_the_address_again_and_again():
    once = badges.with_badges(badges.with_badges(README, "old/address"), "a/b")
    assert len(set(re.findall(r"https://\S+?/a/b/?[^)]*", once))) == 3 and "old/address" not in once
    assert len(once.splitlines()) == len(README.splitlines())

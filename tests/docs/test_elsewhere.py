"""Where the course runs beside one's own machine: the files for that are true, and made from what is there."""

import subprocess
import sys

from course.assets import ROOT

WITHOUT_LITTLECMS = """
import sys
sys.modules["PIL._imagingcms"] = None
from helpers.encoding import open_picture
print(open_picture("asset/images/rocket.jpg").changes)
"""


def test_a_pillow_without_littlecms_as_in_the_browser_opens_pictures_and_says_what_it_can_not_do():
    done = subprocess.run([sys.executable, "-c", WITHOUT_LITTLECMS], cwd=ROOT, text=True, capture_output=True)
    assert done.stdout == "('metadata dropped', 'profile not applied: no LittleCMS')\n", done.stderr

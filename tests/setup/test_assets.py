"""Whose the files of asset/ are, and where the text leads: pinned, so that nobody changes either by accident."""

import csv
import hashlib
import re

from course.assets import ROOT

LINK = re.compile(r"\]\((https?://[^)\s]+)\)")
# Files, licences and authors that are not ours alone, as read at each source when the file was taken.
OTHERS = "6c71c24dcacdf24d"
# Where the documents and the lessons lead outside the course. A new link is read by a person, then written down here.
OUTSIDE = {
    "https://arxiv.org/abs/2306.05685",
    "https://arxiv.org/abs/2402.04788",
    "https://arxiv.org/abs/2507.01955",
    "https://creativecommons.org/licenses/by/3.0/",
    "https://creativecommons.org/licenses/by/4.0/",
    "https://www.bigbuckbunny.org/",
}


def test_each_file_has_the_licence_and_author_that_were_read():
    with open(ROOT / "asset" / "SOURCES.csv", encoding="utf-8", newline="") as file:
        rows = [(row["file"], row["licence"], row["author"]) for row in csv.DictReader(file)]
    others = [row for row in sorted(rows) if row[1:] != ("CC BY 4.0", "The Vision Notebooks authors")]
    pinned = hashlib.sha256("\n".join(map("|".join, others)).encode()).hexdigest()
    assert pinned[:16] == OTHERS, "`git diff asset/SOURCES.csv`: read the source of what changed, then pin it here"


def test_every_outside_link_is_one_that_was_read():
    paths = [*ROOT.glob("*.md"), *(ROOT / "notebooks").glob("*.ipynb")]
    assert {address for path in paths for address in LINK.findall(path.read_text(encoding="utf-8"))} == OUTSIDE

"""Whose the files of asset/ are, and where the text leads: pinned, so that nobody changes a licence by accident."""

import csv
import re

from course.assets import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\((https?://[^)\s]+)\)")

OURS = "The Vision Notebooks authors"
# What was read at each source when the file was taken: licence, then author.
LICENCES = {
    "fonts/NanumGothic-OFL.txt": ("OFL-1.1", "SIL International (licence text); NAVER Corporation (copyright line)"),
    "fonts/NanumGothic-Regular.ttf": ("OFL-1.1", "2010 NAVER Corporation, Reserved Font Name Nanum"),
    "images/chelsea.png": ("CC0-1.0", "Stefan van der Walt"),
    "images/chicken.webp": ("Public domain", "Tranquilles"),
    "images/coffee.png": ("CC0-1.0", "Rachel Michetti, courtesy of Pikolo Espresso Bar"),
    "images/coins.png": ("No known copyright restrictions", "Brooklyn Museum"),
    "images/congress.jpg": ("Public domain", "US Senate, 1871"),
    "images/contact_sheet.jpg": (
        "Public domain (1 and 2), CC0-1.0 (3), no known copyright restrictions (4)",
        f"Tranquilles; Dohduhdah; Seth Zeigler; Brooklyn Museum; {OURS.replace('The', 'the')} (arrangement)",
    ),
    "images/cow.webp": ("Public domain", "Dohduhdah"),
    "images/hawaMahal.webp": ("Public domain", "Janwiki"),
    "images/hens_changed.jpg": ("Public domain", "Tranquilles (photograph); the Vision Notebooks authors (changes)"),
    "images/horse.webp": ("CC0-1.0", "Seth Zeigler"),
    "images/horse_lineup.jpg": ("CC0-1.0", "Seth Zeigler (photograph); the Vision Notebooks authors (changes)"),
    "images/horse_wanted.jpg": ("CC0-1.0", "Seth Zeigler (photograph); the Vision Notebooks authors (cut)"),
    "images/jupyterlab_lesson.png": (
        "CC BY 4.0; the window is JupyterLab, BSD-3-Clause, Project Jupyter Contributors",
        f"{OURS}; coffee photograph by Rachel Michetti (CC0-1.0)",
    ),
    "images/petra.webp": ("Public domain", "Berthold Werner"),
    "images/phone_photo.jpg": (
        "Public domain",
        "SpaceX (photograph); the Vision Notebooks authors (cut, turned, invented EXIF)",
    ),
    "images/renamed_png.jpg": ("CC0-1.0", "Stefan van der Walt (photograph); the Vision Notebooks authors (cut)"),
    "images/rocket.jpg": ("Public domain", "SpaceX"),
    "images/text.png": ("Public domain", "Wikipedia, File:Corner.png"),
    "truth/page_of_1871.txt": (
        "Public domain",
        "US Senate, 1871 (text); the Vision Notebooks authors (transcription)",
    ),
    "videos/camera1.mp4": (
        "CC0-1.0 and public domain",
        "Pexels video 894; SpaceX; Stefan van der Walt; Rachel Michetti, courtesy of Pikolo Espresso Bar; NASA; "
        "the Vision Notebooks authors (cut)",
    ),
    "videos/camera2.mp4": (
        "CC0-1.0 and public domain; 0:04 to 0:09 CC BY 3.0",
        "Dohduhdah; (c) copyright Blender Foundation | www.bigbuckbunny.org; Tranquilles; Nicolas Perrault III; "
        "Seth Zeigler; NASA/ESA Hubble; the Vision Notebooks authors (cut)",
    ),
}
# Where the README and the lessons lead outside the course. A new link is read by a person, then written down here.
OUTSIDE = {
    "https://arxiv.org/abs/2507.01955",
    "https://creativecommons.org/licenses/by/3.0/",
    "https://creativecommons.org/licenses/by/4.0/",
    "https://www.bigbuckbunny.org/",
}


def rows():
    with open(ROOT / "asset" / "SOURCES.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_file_has_the_licence_and_author_that_were_read():
    found = {row["file"].removeprefix("asset/"): (row["licence"], row["author"]) for row in rows()}
    drawn_here = {name: ("CC BY 4.0", OURS) for name in found if name not in LICENCES}
    assert found == LICENCES | drawn_here


def licence_rows(readme):
    """(files named, licence) for each row of the README's table of licences."""
    table = readme.partition("## Licences")[2]
    cells = re.findall(r"(?m)^\| (`.+) \| (.+) \|$", table)
    return [(re.findall(r"`([\w.-]+\.\w+)`", files), licence) for files, licence in cells]


def same_licence(name, licence):
    """The README's words for a licence, as SOURCES.csv writes it; a sheet of several keeps each its own."""
    plain = re.sub(r"\[(.+?)\]\(.+?\)", r"\1", licence).lower()
    plain = plain.replace("cc0 1.0", "cc0-1.0").replace("ofl 1.1", "ofl-1.1")
    recorded = {row["file"].rsplit("/", 1)[-1]: row["licence"].lower() for row in rows()}[name]
    return plain.startswith("made from") or plain.split(",")[0].split("; the jupyterlab")[0] in recorded


def test_the_readme_names_each_file_under_its_licence():
    table = licence_rows(README)
    named = [name for files, _ in table for name in files]
    assert [(name, licence) for files, licence in table for name in files if not same_licence(name, licence)] == []
    needed = {row["file"].rsplit("/", 1)[-1] for row in rows() if not row["file"].startswith("asset/truth/")}
    assert needed - set(named) - {"NanumGothic-OFL.txt"} == set(), "a picture or video that the table does not name"


def test_a_changed_licence_in_the_readme_is_noticed():
    changed = README.replace("no known copyright restrictions |", "CC BY 4.0 |", 1)
    assert changed != README
    wrong = [name for files, said in licence_rows(changed) for name in files if not same_licence(name, said)]
    assert wrong == ["coins.png"]


def test_every_outside_link_is_one_that_was_read():
    texts = [README, *(path.read_text(encoding="utf-8") for path in sorted((ROOT / "notebooks").glob("*.ipynb")))]
    assert {address for text in texts for address in LINK.findall(text)} == OUTSIDE

"""The lessons as a site, from their stored outputs: make site. Its pages are the repository's own files."""

import json
import os
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]  # helpers; and this folder, for the name below

from course.language import language_of, translate  # noqa: E402

project = html_title = "Vision Notebooks"
LESSONS = os.environ.get("LESSONS", "notebooks")
LANGUAGE = language_of(LESSONS)
language = LANGUAGE or "en"
ENDING = f".{LANGUAGE}" if LANGUAGE else ""  # of a document
root_doc = f"README{ENDING}"
include_patterns = [f"{root_doc}.md", "C*.md", f"docs/*{ENDING}.md", "docs/site/helpers.rst", f"{LESSONS}/*.ipynb"]
exclude_patterns = ["docs/*.*.md"] * (not LANGUAGE)
extensions = ["myst_nb", "sphinx_copybutton", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
nb_execution_mode = "off"
myst_heading_anchors = 3
myst_heading_slug_func = "conf.jupyter_anchor"
autodoc_default_options = {"members": True}
default_role = "code"  # of `names` in docstrings
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
html_theme = "furo"
html_css_files = ["course.css"]
html_static_path = ["static"]
html_show_copyright = html_copy_source = html_show_sphinx = False

MORE = (f"docs/workshop{ENDING}", f"docs/local_models{ENDING}", "docs/site/helpers", "CONTRIBUTING", "CHANGELOG")


def jupyter_anchor(title):
    """The anchor that JupyterLab gives to a heading, so that the lessons' own links hold."""
    return title.replace(" ", "-")


def setup(app):
    app.connect("source-read", lead_to_these_lessons)
    app.connect("source-read", add_menu)
    app.connect("build-finished", add_files)


def lead_to_these_lessons(app, page, source):
    """Documents link to the lessons and to each other as they are in English; lead to those of this site."""
    text = (
        source[0]
        .replace("[README.ko.md](README.ko.md)", "README.ko.md")
        .replace("](notebooks/", f"]({LESSONS}/")
        .replace("](../notebooks/", f"](../{LESSONS}/")
    )
    source[0] = re.sub(r"(\]\(docs/(?:workshop|local_models))\.md", rf"\1{ENDING}.md", text)


def add_menu(app, page, source):
    """Put the menu at the end of the start page: the lessons with their numbers, and what else is there."""
    if page != root_doc:
        return
    lessons = []
    for path in sorted(ROOT.glob(f"{LESSONS}/*.ipynb")):
        title = json.loads(path.read_text("utf-8"))["cells"][0]["source"][0].strip("# \n")
        lessons.append(f"{path.stem[:2]} {title} <{LESSONS}/{path.stem}>")
    more = [page for page in MORE if [*ROOT.glob(f"{page}.*")]]
    for caption, pages in {"Lessons": lessons, "More": more}.items():
        said = translate(caption, LANGUAGE, is_part=True)
        source[0] += "\n".join(["", "```{toctree}", ":hidden:", f":caption: {said}", *pages, "```", ""])


def add_files(app, error):
    """Copy what no page of Sphinx's names: index.html, and the films that lessons play by their path."""
    if not error and app.builder.format == "html":
        shutil.copy(Path(app.outdir, f"{root_doc}.html"), Path(app.outdir, "index.html"))
        shutil.copytree(ROOT / "asset/videos", Path(app.outdir, "asset/videos"), dirs_exist_ok=True)

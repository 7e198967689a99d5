"""What a notebook shows: figures with alt text, small enough, which nbconvert keeps."""

import re

import numpy as np
from matplotlib.figure import Figure
from nbconvert import HTMLExporter
from PIL import Image

from course.recording import publishing
from helpers.plotting import show
from tests.recording.page import CHELSEA, CHELSEA_ALT, COFFEE, COFFEE_ALT, ROCKET, described, encoded


def test_a_figure_is_small_and_sharp_where_it_can_be(page):
    show(COFFEE, CHELSEA, ROCKET, width=900)
    few, many = Figure(), Figure(figsize=(9, 3))
    few.add_subplot().plot([1, 3, 2])
    for axes in many.subplots(1, 3):
        axes.plot(np.sin(np.arange(60) ** 2))
    bundles = [*page.shown, page.of(few), page.of(many)]
    assert max(len(bundle["text/html"]) for bundle in bundles) < publishing.STORED_LIMIT + 600
    (_, wide, photos, _), (_, _, lines, _), (_, width, busy, stored) = map(described, bundles)
    assert (photos, lines, busy) == ("jpeg", "png", "jpeg") and 890 < wide < 930, "too many lines for a PNG"
    assert stored.width == width, "rather JPEG than small letters"


def test_the_alt_text_is_that_of_our_pictures_the_label_or_the_titles_else_it_can_be_found(page):
    opened = [COFFEE, Image.open(COFFEE), Image.open(COFFEE).copy(), encoded(Image.open(COFFEE))]
    show(*opened, width=300)
    assert described(page.shown[0])[0].count(COFFEE_ALT) == len(opened)
    figure = Figure()
    assert page.of(figure) == {"text/plain": repr(figure)}
    axes, _ = figure.subplots(1, 2)
    assert re.fullmatch(r"Picture, \d+ x \d+ pixels", described(page.of(figure))[0])
    figure.suptitle("Both")
    axes.set_title("Left <1>")
    assert described(page.of(figure))[0] == "Both. Left <1>"
    figure.set_label("My own\nwords")
    assert described(page.of(figure))[0] == "My own words"


CELLS = [  # what a cell runs, and how the alt texts of what it shows begin
    ("import matplotlib.pyplot as plt\nfrom course.recording import publishing\nfrom helpers.plotting import show\n"
     "publishing.install()", []),
    ("show('../asset/images/coffee.png', captions='커피')", [COFFEE_ALT]),
    ("for name in ('first', 'A <line> & \"more\"'):\n    plt.figure()\n    plt.plot([1])\n    plt.title(name)",
     ["first", 'A <line> & "more"']),
    ("%matplotlib inline\n%config InlineBackend.figure_formats = ['svg']\nplt.plot([2, 1])\nplt.title('magic');",
     ["magic"]),
    ("plt.plot([1, 2])\nshow('../asset/images/chelsea.png')\nplt.title('whole');", [CHELSEA_ALT, "whole"]),
]  # fmt: skip


def test_each_figure_appears_once_is_described_and_nbconvert_keeps_it(kernel):
    ran = kernel.run([source for source, _ in CELLS])
    for cell, (_, begins) in zip(ran.cells, CELLS, strict=True):
        found = [described(output.data)[0] for output in cell.outputs if "data" in output]
        assert [alt[: len(start)] for alt, start in zip(found, begins, strict=True)] == begins
        assert not any(output.get("name") == "stderr" for output in cell.outputs), cell.source
    assert ran.cells[1].outputs[1].text == "커피: 600 x 400 pixels, RGB, PNG\n", "a figure and then its numbers"
    body, _ = HTMLExporter(template_name="lab").from_notebook_node(ran)
    assert len(re.findall(r"""<img alt=("[^"]*"|'[^']*')""", body)) == 6

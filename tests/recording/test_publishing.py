"""What a notebook shows: figures with alt text, small enough, which nbconvert keeps."""

import html
import io
import re
import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure
from nbconvert import HTMLExporter
from PIL import Image

from course import assets
from course.recording import publishing
from helpers.plotting import show
from tests.recording.page import CHELSEA, CHELSEA_ALT, COFFEE, COFFEE_ALT, ROCKET, described, drawn, encoded


def test_a_figure_is_small_sharp_where_it_can_be_and_white_where_it_is_clear(page):
    show(COFFEE, CHELSEA, ROCKET, width=900)
    few, many = Figure(), Figure(figsize=(9, 3))
    few.add_subplot().plot([1, 3, 2])
    for axes in many.subplots(1, 3):
        axes.plot(np.sin(np.arange(60) ** 2))
    clear = Figure(facecolor=(0, 0, 0, 0))
    clear.add_subplot().set_axis_off()
    bundles = [*page.shown, *map(page.of, (few, many, clear))]
    assert max(len(bundle["text/html"]) for bundle in bundles) < publishing.STORED_LIMIT + 600
    (_, wide, photos, _), (_, _, lines, _), (_, width, busy, stored), (_, _, _, white) = map(described, bundles)
    assert (photos, lines, busy) == ("jpeg", "png", "jpeg") and 890 < wide < 930, "too many lines for a PNG"
    assert stored.width == width, "rather JPEG than small letters"
    assert white.convert("RGB").getpixel((20, 20)) == (255, 255, 255)


@pytest.mark.parametrize(
    "opened",
    [COFFEE, COFFEE.read_bytes(), Image.open(COFFEE), Image.open(io.BytesIO(COFFEE.read_bytes())),
     Image.open(COFFEE).copy(), encoded(Image.open(COFFEE))],
)  # fmt: skip
def test_our_pictures_are_known_however_they_come(opened, page):
    show(opened)
    assert described(page.shown[0])[0].startswith(COFFEE_ALT)


def test_the_alt_text_is_the_label_or_the_titles_and_what_nobody_described_can_be_found(page, monkeypatch, tmp_path):
    figure, lines = Figure(), Figure()
    axes = figure.subplots(1, 2)
    figure.suptitle("Both")
    axes[0].set_title("Left <1>")
    lines.add_subplot().plot([1, 2])
    assert described(page.of(figure))[0] == "Both. Left <1>"
    figure.set_label("My own\nwords")
    assert described(page.of(figure))[0] == "My own words"
    assert page.of(Figure()) == {"text/plain": repr(Figure())}
    (tmp_path / "asset/images").mkdir(parents=True)
    (tmp_path / "asset/images/bad.png").write_bytes(COFFEE.read_bytes()[:9000])
    table = "file,sha256,alt\nasset/images/bad.png,0,bad\nasset/images/gone.png,0,gone\n"
    (tmp_path / "asset/SOURCES.csv").write_text(table)
    monkeypatch.setattr(assets, "ROOT", tmp_path)
    show(drawn())  # a damaged picture of ours harms no other
    for bundle in (page.of(lines), *page.shown):
        assert re.search(r"Picture, \d+ x \d+ pixels", described(bundle)[0])


def test_hangul_has_real_glyphs_and_latin_letters_look_as_usual():
    def pixels(text, fonts):
        figure = Figure(figsize=(1, 0.6))
        figure.text(0.2, 0.3, text, fontsize=24, fontfamily=fonts)
        figure.savefig(file := io.BytesIO(), dpi=100)
        return np.asarray(Image.open(file).convert("L"))

    publishing.install()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        boxes = [pixels(letter, ["DejaVu Sans"]) for letter in "가힣"]
        warnings.simplefilter("error")
        glyphs = [pixels(letter, publishing.FONTS) for letter in "가힣"]
        assert np.array_equal(pixels("Ab", publishing.FONTS), pixels("Ab", ["DejaVu Sans"]))
    assert np.array_equal(*boxes) and not np.array_equal(*glyphs) and not np.array_equal(glyphs[0], boxes[0])


# {what a cell runs: the alt texts of what it shows}
CELLS = {
    "import matplotlib.pyplot as plt\nfrom course.recording import publishing\nfrom helpers.plotting import show\n"
    "publishing.install()": [],
    "plt.plot([1, -2, 3])\nplt.title('A <line> & \"more\"')\nplt.show()": ['A <line> & "more"'],
    "show('../asset/images/coffee.png', captions='커피')": [COFFEE_ALT],
    "show('../asset/images/coffee.png', '../asset/images/chelsea.png')": [f"Picture 1 of 2: {COFFEE_ALT}"],
    "for name in ('first', 'second'):\n    plt.figure()\n    plt.plot([1])\n    plt.title(name)": ["first", "second"],
    "%matplotlib inline\nplt.plot([2, 1])\nplt.title('한글 after the magic')\nplt.show()": ["한글 after the magic"],
    "%config InlineBackend.figure_formats = ['svg', 'png']\nplt.plot([2, 1]); plt.title('formats');": ["formats"],
    "fig, ax = plt.subplots()\nax.bar(['a', 'b'], [1, 2])\nfig.set_label('Two bars')": ["Two bars"],
    "handle = display(fig, display_id='one')\nfig.set_label('new')\nhandle.update(fig)": ["new"],
    "plt.plot([1, 2])\nshow('../asset/images/chelsea.png')\nprint(plt.get_fignums())\nplt.title('whole');":
        [CHELSEA_ALT, "whole"],
}  # fmt: skip


def test_each_figure_appears_once_is_described_and_nbconvert_keeps_it(kernel):
    ran = kernel.run(list(CELLS))
    for cell in ran.cells:
        kinds = [output.get("ename") or output.get("name") or output.output_type for output in cell.outputs]
        assert not {"error", "stderr"} & set(kinds)
        found = [described(output.data)[0] for output in cell.outputs if "data" in output]
        assert len(found) == len(CELLS[cell.source]), cell.source
        assert all(map(str.startswith, found, CELLS[cell.source])), (cell.source, found)
    assert ran.cells[2].outputs[1].text == "커피: 600 x 400 pixels, RGB, PNG\n", "a figure and then its numbers"
    assert ran.cells[1].outputs[0].data["text/plain"] == "<Figure size 640x480 with 1 Axes>"
    body, _ = HTMLExporter(template_name="lab").from_notebook_node(ran)
    alts = [html.unescape(alt[1:-1]) for alt in re.findall(r"""<img alt=("[^"]*"|'[^']*')""", body)]
    assert all(map(str.startswith, alts, [alt for texts in CELLS.values() for alt in texts])) and len(alts) == 11

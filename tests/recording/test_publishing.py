"""What a notebook shows: figures and pictures with alt text, small enough; errors in one line, or as usual."""

import doctest
import io
import os
import re
import warnings
from html.parser import HTMLParser

import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from PIL import Image

from course import assets, recording
from course.recording import publishing
from helpers import tokens
from helpers.encoding import PictureError, open_picture
from helpers.plotting import show
from tests.recording.page import (
    CHELSEA,
    CHELSEA_ALT,
    COFFEE,
    COFFEE_ALT,
    FALLBACK,
    ROCKET,
    ROOT,
    described,
    drawn,
    encoded,
)


def test_transparent_is_white(page):
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    assert described(page.of(clear))[3].convert("RGB").getpixel((20, 20)) == (255, 255, 255)


def test_stored_size(page):
    noise = Image.effect_noise((2000, 1500), 80).convert("RGB")
    for picture in (noise, Image.open(COFFEE), Image.open(ROCKET)):
        bundle = page.of(picture)
        _, width, kind, stored = described(bundle)
        assert kind == "jpeg" and len(bundle["text/html"]) < 60_000
        assert width == min(picture.width, 960) and stored.width > 250
        assert abs(stored.width / stored.height - picture.width / picture.height) < 0.02
    show(COFFEE, CHELSEA, ROCKET, width=900)
    assert len(page.shown[0]["text/html"]) < 60_600
    few, many = Figure(), Figure(figsize=(9, 3))
    few.add_subplot().plot([1, 3, 2])
    for axes in many.subplots(1, 3):
        axes.plot(np.sin(np.arange(60) ** 2))
    assert described(page.of(few))[2] == "png"
    _, width, kind, stored = described(page.of(many))
    assert (kind, stored.width) == ("jpeg", width), "too many lines for a PNG: rather JPEG than small letters"


def title_pixels(text, fonts):
    figure = Figure(figsize=(1, 0.6))
    figure.text(0.2, 0.3, text, fontsize=24, fontfamily=fonts)
    file = io.BytesIO()
    figure.savefig(file, dpi=100)
    return np.asarray(Image.open(file).convert("L"))


def test_hangul_has_real_glyphs():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        boxes = [title_pixels(letter, ["DejaVu Sans"]) for letter in "가힣"]
    assert boxes[0].var() > 0 and np.array_equal(*boxes), "without a Korean font both are the same box"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        glyphs = [title_pixels(letter, publishing.FONTS) for letter in "가힣"]
        latin = title_pixels("Ab", publishing.FONTS)
    assert glyphs[0].var() > 0 and not np.array_equal(*glyphs)
    assert not np.array_equal(glyphs[0], boxes[0])
    assert np.array_equal(latin, title_pixels("Ab", ["DejaVu Sans"])), "Latin letters look as usual"


@pytest.mark.parametrize(
    "opened",
    [
        COFFEE,
        str(COFFEE),
        COFFEE.read_bytes(),
        bytearray(COFFEE.read_bytes()),
        Image.open(COFFEE),
        Image.open(io.BytesIO(COFFEE.read_bytes())),
        Image.open(COFFEE).copy(),
        encoded(Image.open(COFFEE)),
    ],
    ids=["path", "str", "bytes", "bytearray", "PIL from file", "PIL from bytes", "copy", "encoded again"],
)
def test_our_pictures_are_known_however_they_come(opened, page):
    show(opened)
    assert described(page.shown[0])[0].startswith(COFFEE_ALT)
    if isinstance(opened, Image.Image):
        assert described(page.of(opened))[0].startswith(COFFEE_ALT)


def test_an_undescribed_picture_can_be_found(page):
    show(drawn())
    show(drawn(), COFFEE)
    lines = Figure()
    lines.add_subplot().plot([1, 2])
    for bundle in (*page.shown, page.of(drawn()), page.of(lines)):
        assert FALLBACK.search(described(bundle)[0])
    show(drawn(), alt="A dark square")
    assert described(page.shown[-1])[0] == "A dark square"


def test_alt_of_a_plain_figure(page):
    figure = Figure()
    axes = figure.subplots(1, 2)
    figure.suptitle("Both")
    axes[0].set_title("Left.")
    axes[0].set_ylabel("tokens")
    axes[1].imshow(Image.open(CHELSEA))
    assert described(page.of(figure))[0].startswith(f"Both. Left. y: tokens. {CHELSEA_ALT}")
    figure.set_label("My own words")
    assert described(page.of(figure))[0] == "My own words"
    assert page.of(Figure()) == {"text/plain": repr(Figure())}


def test_a_damaged_picture_of_ours_harms_no_other(page, monkeypatch, tmp_path):
    (tmp_path / "asset/images").mkdir(parents=True)
    (tmp_path / "asset/images/bad.png").write_bytes(COFFEE.read_bytes()[:9000])
    table = "file,sha256,alt\nasset/images/bad.png,0,bad\nasset/images/gone.png,0,gone\n"
    (tmp_path / "asset/SOURCES.csv").write_text(table)
    monkeypatch.setattr(assets, "ROOT", tmp_path)
    show(Image.open(COFFEE).copy())
    assert FALLBACK.search(described(page.shown[0])[0])


# In a real kernel

INSTALL = "from course.recording import publishing\npublishing.install()"
CELLS = {
    "no figure": "from PIL import Image\nfrom helpers.plotting import show\n" + INSTALL,
    "plain": "import matplotlib.pyplot as plt\nplt.plot([1, -2, 3])\nplt.title('A <line> & \"more\"')\nplt.show()",
    "show": "show('../asset/images/coffee.png', captions='커피')",
    "row": "show('../asset/images/coffee.png', Image.open('../asset/images/chelsea.png'))",
    "picture": "Image.open('../asset/images/chelsea.png')",
    "drawn": "Image.new('RGB', (30, 20), 'red')",
    "two": "for name in ('first', 'second'):\n    plt.figure()\n    plt.plot([1, 2])\n    plt.title(name)",
    "magic": "%matplotlib inline\nplt.plot([2, 1])\nplt.title('한글 after the magic')\nplt.show()",
    "formats": "%config InlineBackend.figure_formats = ['svg', 'png']\nplt.plot([2, 1]); plt.title('formats');",
    "by hand": "plt.imshow(Image.open('../asset/images/coffee.png'))\nplt.axis('off')\nplt.show()\nplt.close('all')",
    "own words": "fig, ax = plt.subplots()\nax.bar(['a', 'b'], [1, 2])\nfig.set_label('Two bars')",
    "updated": "fig = plt.figure()\nplt.close(fig)\nfig.subplots().set_title('new')\n"
    "handle = display(fig, display_id='one')\nhandle.update(fig)",
    "empty": "fig",
    "half made": "plt.plot([1, 2])\nshow('../asset/images/coffee.png')\nprint(plt.get_fignums())\nplt.title('whole');",
    "thrice": "for name in ('a', 'b', 'c'):\n    show(Image.new('RGB', (30, 20)), alt=name)",
}
EXPECTED = {
    "plain": ['A <line> & "more"'],
    "show": [COFFEE_ALT],
    "row": [f"Picture 1 of 2: {COFFEE_ALT}"],
    "picture": [CHELSEA_ALT],
    "drawn": ["Picture, 30 x 20 pixels"],
    "two": ["first", "second"],
    "magic": ["한글 after the magic"],
    "formats": ["formats"],
    "by hand": [COFFEE_ALT],
    "own words": ["Two bars"],
    "updated": ["new"],
    "empty": ["new"],
    "half made": [COFFEE_ALT, "whole"],
    "thrice": ["a", "b", "c"],
}


def execute(*sources, **variables):
    """The notebook after a run in a kernel that starts in notebooks/, as in JupyterLab."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(ROOT / "notebooks")}})
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return client.execute(env={**os.environ, "PYTHONPATH": path, **variables})


@pytest.fixture(scope="module")
def executed():
    return execute(*CELLS.values())


def bundles(cell):
    return [output.data for output in cell.outputs if output.output_type in ("display_data", "execute_result")]


def test_each_figure_appears_once_and_is_described(executed):
    found = {}
    for name, cell in zip(CELLS, executed.cells, strict=True):
        found[name] = [described(bundle)[0] for bundle in bundles(cell)]
        assert not [one for one in cell.outputs if one.output_type == "error" or one.get("name") == "stderr"], name
    for name, texts in found.items():
        wanted = EXPECTED.get(name, [])
        assert len(texts) == len(wanted), name
        assert all(text.startswith(want) for text, want in zip(texts, wanted, strict=True)), (name, texts)


def test_the_plain_text_beside_it_can_be_compared(executed):
    outputs = dict(zip(CELLS, executed.cells, strict=True))
    assert [bundle["text/plain"] for bundle in bundles(outputs["two"])] == ["<Figure size 640x480 with 1 Axes>"] * 2
    assert bundles(outputs["picture"])[0]["text/plain"] == "<Picture 451 x 300, RGB, PNG>"
    assert bundles(outputs["row"])[0]["text/plain"].endswith("with 2 Axes>")
    assert outputs["show"].outputs[1].text == "커피: 600 x 400 pixels, RGB, PNG\n"
    assert outputs["half made"].outputs[1].text == "coffee.png: 600 x 400 pixels, RGB, PNG\n[1]\n"
    kinds = [output.output_type for output in outputs["thrice"].outputs]
    assert kinds == ["display_data", "stream"] * 3, "a figure and then its numbers"
    assert not re.search(r"0x[0-9a-f]{6}|/tmp/|/home/", re.sub(r"base64,[^\"]+", "", nbformat.writes(executed)))


def test_nbconvert_keeps_every_alt_text(executed):
    body, _ = HTMLExporter(template_name="lab").from_notebook_node(executed)
    alts = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attributes: alts.append(dict(attributes)["alt"]) if tag == "img" else None
    reader.handle_startendtag = reader.handle_starttag
    reader.feed(body)
    assert [alt[:20] for alt in alts] == [text[:20] for texts in EXPECTED.values() for text in texts]
    assert "No description has been provided" not in body


def test_pyplot_may_come_first_and_a_backend_that_shows_nothing_is_not_obeyed():
    """MPLBACKEND=agg, exported for scripts before Jupyter starts, would make every figure vanish without a word."""
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.title('line')\nplt.show()"
    sources = plot, f"{INSTALL}\n{plot}", f"%matplotlib inline\n{plot}"
    before, *after = execute(*sources, MPLBACKEND="agg").cells
    assert bundles(before) == [], "else this test shows nothing"
    for cell in after:
        [bundle] = bundles(cell)
        assert described(bundle)[0] == "line"
        assert not [output for output in cell.outputs if output.get("name") == "stderr"]


# Errors


class Shell:
    """As much of IPython as is asked."""

    def __init__(self):
        self.shown = []
        self.InteractiveTB = self

    def structured_traceback(self, kind, error, traceback, tb_offset=None):
        assert traceback is not None
        return ["the reader's own lines", f"{kind.__name__}: {error}"]

    def _showtraceback(self, kind, message, lines):
        self.shown.append(lines)


def raised_in_a_cell():
    raise PictureError("raised in a cell")


@pytest.mark.parametrize(
    ("call", "is_brief"),
    [
        (lambda: open_picture("no-such-file.png"), True),
        (lambda: tokens.picture_tokens(1, 1, "no-such-model"), True),
        (lambda: int("two"), False),
        (raised_in_a_cell, False),
    ],
    ids=["a PictureError", "a plain ValueError of helpers", "of Python", "of a helper's class"],
)
def test_an_error_of_helpers_is_one_line_and_the_readers_own_is_shown_where_it_stands(call, is_brief):
    with pytest.raises(ValueError) as caught:
        call()
    publishing.show_briefly(shell := Shell(), caught.type, caught.value, caught.tb)
    [lines] = shell.shown
    last = f"{caught.type.__name__}: {caught.value}"
    assert lines == [last] if is_brief else ["the reader's own lines", last]


def test_the_example_at_the_top_of_the_room_is_true():
    assert doctest.testmod(recording) == (0, 4)

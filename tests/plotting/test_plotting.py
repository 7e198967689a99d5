"""Pictures and answers on the page: seen, of the right size, described in words, and the same twice."""

import base64
import html
import io
import os
import re
import warnings
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
import requests
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.figure import Figure
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from PIL import Image, ImageDraw
from traitlets.config import Config

from course import assets
from course.recording import publishing
from helpers.encoding import PictureError, open_picture
from helpers.plotting import show

SHOW = import_module("helpers.plotting.show")
ROOT = Path(__file__).resolve().parents[2]
COFFEE, CHELSEA, ROCKET = (ROOT / "asset/images" / name for name in ("coffee.png", "chelsea.png", "rocket.jpg"))
COFFEE_ALT, CHELSEA_ALT = "A half-full espresso in a small red-brown cup", "The face of an orange-brown tabby cat"
FALLBACK = re.compile(r"Picture, \d+ x \d+ pixels")
IMG = re.compile(r'<img alt="([^"]*)" width="(\d+)" style="max-width:100%" src="data:image/(\w+);base64,([^"]+)">')


def drawn(size=(60, 40), mode="RGB", ground=255):
    """A picture that is none of ours: a dark square at the top left of a pale ground."""
    picture = Image.new("L", size, ground).convert(mode)
    ImageDraw.Draw(picture).rectangle((0, 0, size[0] // 3, size[1] // 3), fill=None if mode == "P" else 0)
    return picture


def encoded(picture, kind="PNG", **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def described(bundle):
    """(alt text, width on the page, format, stored picture) of what was published, and nothing else was."""
    assert set(bundle) == {"text/html", "text/plain"}
    alt, width, kind, data = IMG.fullmatch(bundle["text/html"]).groups()
    return html.unescape(alt), int(width), kind, Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.fixture
def page(monkeypatch, tmp_path):
    """What IPython publishes, without a kernel: page.of(thing), and in page.shown whatever `show` displayed."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    quiet = Config()
    quiet.HistoryManager.enabled = False
    formatter = InteractiveShell(config=quiet).display_formatter

    published = SimpleNamespace(of=lambda thing: formatter.format(thing)[0], shown=[])
    monkeypatch.setattr(publishing, "get_ipython", lambda: formatter.parent)
    monkeypatch.setattr(SHOW, "display", lambda thing: published.shown.append(published.of(thing)))
    publishing.install()
    publishing.install()
    return published


# The picture that is seen


def test_one_picture_has_the_asked_size_and_its_own_pixels(page):
    show(COFFEE, width=400)
    [bundle] = page.shown
    _, width, kind, stored = described(bundle)
    margin = 10
    assert (width, stored.size, kind) == (400 + 2 * margin, (420, 267 + 2 * margin), "jpeg")
    inside = stored.convert("RGB").crop((margin, margin, margin + 400, margin + 267))
    expected = Image.open(COFFEE).convert("RGB").resize((400, 267), Image.Resampling.LANCZOS)
    difference = np.abs(np.asarray(inside, dtype=int) - np.asarray(expected, dtype=int))
    assert difference.mean() < 6, "this is not the picture, or it is blurred"
    assert np.asarray(inside).var() > 500, "blank"
    assert stored.convert("RGB").getpixel((2, 2)) >= (250, 250, 250), "the edge is white on a dark page too"
    assert "400x267" in bundle["text/plain"]


def test_a_row_is_equally_high_and_has_one_axes_each(page):
    wide, tall = drawn((600, 200)), drawn((200, 400))
    figure = SHOW._row([wide, tall], [None, None], 710)
    boxes = [axes.get_window_extent() for axes in figure.axes]
    assert [(round(box.width), round(box.height)) for box in boxes] == [(600, 200), (100, 200)]
    assert round(boxes[1].x0 - boxes[0].x1) == SHOW.GAP
    assert not any(axes.axison for axes in figure.axes)
    show(wide, tall, COFFEE, captions=["one", None, "three"])
    stored = described(page.shown[0])[3].convert("RGB")
    assert stored.width == 980 and all(stored.getpixel((x, 200)) != (255, 255, 255) for x in (840, 970))


@pytest.mark.parametrize(("pictures", "width"), [(1, 480), (2, 640), (3, 960), (6, 960)])
def test_usual_width(pictures, width):
    figure = SHOW._row([Image.open(COFFEE)] * pictures, [None] * pictures, None)
    assert abs(figure.get_size_inches()[0] * 100 - width) <= pictures


def test_a_tall_picture_is_not_higher_than_the_page():
    figure = SHOW._row([drawn((100, 1000))], [None], None)
    assert (figure.get_size_inches() * 100).round().tolist() == [72, 720]


def test_exif_orientation_is_applied_and_told(page, capsys):
    exif = Image.Exif()
    exif[0x0112] = 6
    show(encoded(drawn((90, 60)), "JPEG", exif=exif, quality=95), width=60)
    _, _, _, stored = described(page.shown[0])
    inside = stored.convert("L").crop((10, 10, 70, 100))
    assert inside.getpixel((55, 5)) < 60 < 200 < inside.getpixel((5, 5)), "the dark corner is now at the top right"
    assert capsys.readouterr().out == "picture: 60 x 90 pixels, RGB, JPEG, turned upright (EXIF)\n"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F"])
def test_every_mode_is_shown(mode, page, capsys):
    picture = Image.new(mode, (60, 40)) if mode in ("P", "CMYK", "I;16", "F", "1") else drawn(mode=mode)
    show(picture)
    assert capsys.readouterr().out == f"picture: 60 x 40 pixels, {mode}\n"
    assert described(page.shown[0])[3].width == 500
    assert page.of(picture)["text/plain"] == f"<Picture 60 x 40, {mode}>"


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


# Captions


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
        glyphs = [title_pixels(letter, SHOW.FONTS) for letter in "가힣"]
        latin = title_pixels("Ab", SHOW.FONTS)
    assert glyphs[0].var() > 0 and not np.array_equal(*glyphs)
    assert not np.array_equal(glyphs[0], boxes[0])
    assert np.array_equal(latin, title_pixels("Ab", ["DejaVu Sans"])), "Latin letters look as usual"


def test_captions_are_drawn_without_a_warning(page, capsys, caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        show(COFFEE, width=300)
        show(COFFEE, captions="커피 한 잔 — a cup, −3 °C", width=300)
        show(COFFEE, COFFEE, captions=["x" * 200, "한" * 100], width=600)
        plain = Figure()
        axes = plain.add_subplot()
        axes.plot([-1, 1])
        axes.set_title("굵은 제목", fontweight="bold")
        axes.set_xlabel("가로 축", fontstyle="italic")
        plain.suptitle("위 제목", weight="bold")
        assert described(page.of(plain))[0] == "위 제목. 굵은 제목. x: 가로 축"
    bare, captioned, long = (described(bundle)[3] for bundle in page.shown)
    above = np.asarray(captioned.convert("L"))[: captioned.height - bare.height, :]
    assert captioned.height - bare.height > 10 and (above < 80).sum() > 50, "dark letters above the picture"
    assert long.width <= 625, "a long caption stays above its own picture"
    assert not caplog.records and capsys.readouterr().err == ""


def test_the_numbers_are_told_in_words(capsys):
    show(COFFEE, CHELSEA.read_bytes(), drawn(), Image.open(ROCKET), captions=[None, "고양이\n(cat)", None, None])
    assert capsys.readouterr().out.splitlines()[1:] == [
        "coffee.png: 600 x 400 pixels, RGB, PNG",
        "고양이 (cat): 451 x 300 pixels, RGB, PNG",
        "picture 3: 60 x 40 pixels, RGB",
        "rocket.jpg: 640 x 427 pixels, RGB, JPEG",
    ]


# Alt text


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


def test_alt_of_a_row_names_each(page):
    show(COFFEE, CHELSEA, captions=["left", None], alt=[None, 'A <cat> & "more"\nof it'])
    text = described(page.shown[0])[0]
    assert text.startswith(f"Picture 1 of 2 (left): {COFFEE_ALT}")
    assert text.endswith('Picture 2 of 2: A <cat> & "more" of it')
    assert "<cat>" not in page.shown[0]["text/html"]


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


def test_a_checked_picture_is_shown_as_it_will_be_sent(page, capsys):
    show(open_picture(COFFEE), open_picture(COFFEE, max_side=200), alt=[None, "The same, small."])
    assert "Picture 2 of 2: The same, small." in described(page.shown[0])[0]
    assert "A half-full espresso" in described(page.shown[0])[0], "known by its pixels"
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["coffee.png: 600 x 400 pixels, RGB, PNG", "coffee.png: 200 x 133 pixels, RGB, JPEG"]


# What cannot be shown


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("https://example.com/cat.jpg", "requests.get(url).content"),
        ("data:image/png;base64,AAAA", "no picture that can be opened here"),
        ("nowhere/cat.jpg", "There is no file nowhere/cat.jpg. A path starts where Python runs"),
        (Path("cat.jpg"), "A path starts where Python runs"),
        (b"<html>Not found</html>", "this is a web page, not a picture"),
        (COFFEE.read_bytes()[:20_000], "bytes is damaged, cut off or closed (OSError)"),
        (drawn().crop((5, 5, 5, 30)), "0 x 25 pixels"),
        ([COFFEE, CHELSEA], "not list."),
        (np.zeros((4, 4)), "Image.fromarray"),
        (requests.Response(), "not Response."),
        (None, "not NoneType"),
    ],
)
def test_what_is_no_picture_gets_one_sentence(given, says):
    with pytest.raises(PictureError) as caught:
        show(given)
    assert says in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 220
    assert str(ROOT) not in str(caught.value)


def test_as_many_texts_as_pictures():
    with pytest.raises(TypeError, match="at least one picture"):
        show()
    with pytest.raises(ValueError, match="2 pictures but 1 captions"):
        show(COFFEE, CHELSEA, captions="one")
    with pytest.raises(ValueError, match="1 pictures but 2 alt texts"):
        show(COFFEE, alt=["a", "b"])


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
}


def execute(*sources):
    """The notebook after a run in a kernel that starts in notebooks/, as in JupyterLab."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(ROOT / "notebooks")}})
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return client.execute(env={**os.environ, "PYTHONPATH": path})


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


def test_a_second_run_gives_the_same(executed):
    again = execute(*CELLS.values())
    for name, one, other in zip(CELLS, executed.cells, again.cells, strict=True):
        assert one.outputs == other.outputs, name


def test_pyplot_may_come_first():
    plot = "plt.plot([1, 2])\nplt.title('line')\nplt.show()"
    before, after, magic = execute(
        f"import matplotlib.pyplot as plt\n{plot}", f"{INSTALL}\n{plot}", f"%matplotlib inline\n{plot}"
    ).cells
    assert "image/png" in bundles(before)[0], "without the helpers IPython stores a PNG: else this test shows nothing"
    for cell in (after, magic):
        [bundle] = bundles(cell)
        assert described(bundle)[0] == "line"

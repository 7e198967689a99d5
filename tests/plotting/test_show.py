"""show: pictures that are seen, of the right size, described in words, and alone on the page."""

import os
import subprocess
import sys
import warnings
from importlib import import_module

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from helpers.encoding import PictureError, open_picture
from helpers.plotting import alt_text_sources, show
from tests.recording.page import CHELSEA, COFFEE, COFFEE_ALT, ROCKET, ROOT, described, drawn, encoded

SHOW = import_module("helpers.plotting.show")


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


@pytest.mark.parametrize(
    ("size", "pictures", "page_size"),
    [
        ((600, 400), 1, (480, 320)),
        ((600, 400), 2, (640, 210)),
        ((600, 400), 6, (960, 101)),
        ((100, 1000), 1, (72, 720)),
    ],
)
def test_the_usual_size_fits_the_page(size, pictures, page_size):
    figure = SHOW._row([drawn(size)] * pictures, [None] * pictures, None)
    assert figure.get_size_inches() * 100 == pytest.approx(page_size, abs=pictures)


def test_exif_orientation_is_applied_and_told(page, capsys):
    exif = Image.Exif()
    exif[0x0112] = 6
    show(encoded(drawn((90, 60)), "JPEG", exif=exif, quality=95), width=60)
    inside = described(page.shown[0])[3].convert("L").crop((10, 10, 70, 100))
    assert inside.getpixel((55, 5)) < 60 < 200 < inside.getpixel((5, 5)), "the dark corner is now at the top right"
    assert capsys.readouterr().out == "picture: 60 x 90 pixels, RGB, JPEG, turned upright (EXIF)\n"


def test_every_mode_is_shown(page, capsys):
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"):
        picture = Image.new(mode, (60, 40))
        show(picture)
        assert capsys.readouterr().out == f"picture: 60 x 40 pixels, {mode}\n"
        assert described(page.shown[-1])[3].width == 500


def test_captions_are_drawn_without_a_warning(page, capsys, caplog):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        show(COFFEE, width=300)
        show(COFFEE, captions="커피 한 잔 — a cup, −3 °C", width=300)
        show(COFFEE, COFFEE, captions=["x" * 200, "한" * 100], width=600)
        show(drawn(), drawn(), captions=["cup", "红色的\n方块"])
        plain = Figure()
        axes = plain.add_subplot()
        axes.plot([-1, 1])
        axes.set_title("굵은 제목", fontweight="bold")
        axes.set_xlabel("가로 축", fontstyle="italic")
        plain.suptitle("위 제목", weight="bold")
        assert described(page.of(plain))[0] == "위 제목. 굵은 제목"
    bare, captioned, long, _ = (described(bundle)[3] for bundle in page.shown)
    above = np.asarray(captioned.convert("L"))[: captioned.height - bare.height, :]
    assert captioned.height - bare.height > 10 and (above < 80).sum() > 50, "dark letters above the picture"
    assert long.width <= 625, "a long caption stays above its own picture"
    assert "Picture 2 of 2 (红色的 方块): " in described(page.shown[3])[0]
    assert not caplog.records and capsys.readouterr().err == ""


def test_a_caption_that_no_font_can_draw_is_a_number():
    captions = ["a  cup\n", "红色的方块", "커피 " * 9]
    figure = SHOW._row([drawn()] * 3, captions, 960)
    assert [axes.get_title() for axes in figure.axes] == [
        "a  cup",
        "2",
        "커피 커피 커피 커피 커피 커피\n커피 커피 커피",
    ]


def test_the_numbers_are_told_in_words(capsys):
    show(COFFEE, CHELSEA.read_bytes(), drawn(), Image.open(ROCKET), captions=[None, "고양이\n(cat)", None, None])
    assert capsys.readouterr().out.splitlines() == [
        "coffee.png: 600 x 400 pixels, RGB, PNG",
        "고양이 (cat): 451 x 300 pixels, RGB, PNG",
        "picture 3: 60 x 40 pixels, RGB",
        "rocket.jpg: 640 x 427 pixels, RGB, JPEG",
    ]


def test_alt_of_a_row_names_each(page):
    show(COFFEE, CHELSEA, captions=["left", None], alt=[None, 'A <cat> & "more"\nof it'])
    text = described(page.shown[0])[0]
    assert text.startswith(f"Picture 1 of 2 (left): {COFFEE_ALT}")
    assert text.endswith('Picture 2 of 2: A <cat> & "more" of it')
    assert "<cat>" not in page.shown[0]["text/html"]


def test_a_checked_picture_is_shown_as_it_will_be_sent(page, capsys):
    show(open_picture(COFFEE), open_picture(COFFEE, max_side=200), alt=[None, "The same, small."])
    assert "Picture 2 of 2: The same, small." in described(page.shown[0])[0]
    assert "A half-full espresso" in described(page.shown[0])[0], "known by its pixels"
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["coffee.png: 600 x 400 pixels, RGB, PNG", "coffee.png: 200 x 133 pixels, RGB, JPEG"]


def test_a_program_describes_its_own_pictures(page, monkeypatch):
    asked = []

    def know(image, data):
        asked.append((image.size, data))
        return "A square of mine." if image.size == (60, 40) else None

    monkeypatch.setattr(SHOW, "alt_text_sources", [lambda image, data: None, know])
    show(drawn(), encoded(drawn((9, 9))), alt=[None, None])
    assert described(page.shown[0])[0] == "Picture 1 of 2: A square of mine. Picture 2 of 2: Picture, 9 x 9 pixels"
    assert asked == [((60, 40), None), ((9, 9), encoded(drawn((9, 9))))]
    assert alt_text_sources is import_module("helpers.plotting").alt_text_sources


def test_a_figure_of_your_own_waits_untouched(page):
    plt.close("all")
    first, second = plt.figure(), plt.figure()
    second.subplots().set_title("half made")
    show(drawn(), alt="A dark square")
    assert [described(bundle)[0] for bundle in page.shown] == ["A dark square"]
    assert plt.get_fignums() == [first.number, second.number] and plt.gcf() is second
    plt.close("all")


def test_what_goes_wrong_while_showing_loses_no_figure(monkeypatch):
    def fail():
        raise KeyboardInterrupt

    plt.close("all")
    mine = plt.figure()
    monkeypatch.setattr(plt, "get_backend", lambda: "a page")
    monkeypatch.setattr(plt, "show", fail)
    with pytest.raises(KeyboardInterrupt):
        show(drawn())
    assert plt.get_fignums() == [mine.number]
    plt.close("all")


SCRIPT = """
import sys, matplotlib
settings = dict(matplotlib.rcParams)
from PIL import Image
from helpers import plotting
assert "IPython" not in sys.modules and "matplotlib.pyplot" not in sys.modules and "course" not in sys.modules
assert settings == dict(matplotlib.rcParams)
picture = Image.new("RGB", (60, 40), "red")
plotting.show(picture)
plotting.draw_boxes(picture, [{"x_min": 0, "y_min": 0, "x_max": 0.5, "y_max": 1, "label": "left"}])
plotting.draw_grid(picture, "gpt-4o", "low")
import matplotlib.pyplot as plt
assert plt.get_fignums() == [] and "IPython" not in sys.modules
"""


def test_a_script_without_a_window_prints_the_numbers_and_no_warning():
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "agg", "DISPLAY": ":99"}
    command = [sys.executable, "-W", "error", "-c", SCRIPT]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "picture: 60 x 40 pixels, RGB" and lines[2].startswith("1 left: x 0.00 to 0.50")
    assert lines[-1] == "tokens: 85 (estimated)"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("https://example.com/cat.jpg", "requests.get(url).content"),
        ("nowhere/cat.jpg", "There is no file nowhere/cat.jpg"),
        (drawn().crop((5, 5, 5, 30)), "0 x 25 pixels"),
        ([COFFEE, CHELSEA], "not list."),
    ],
)
def test_what_is_no_picture_gets_one_sentence(given, says):
    with pytest.raises(PictureError) as caught:
        show(given)
    assert says in str(caught.value) and "\n" not in str(caught.value) and str(ROOT) not in str(caught.value)


def test_as_many_texts_as_pictures():
    with pytest.raises(TypeError, match="at least one picture"):
        show()
    with pytest.raises(ValueError, match="2 pictures but 1 captions"):
        show(COFFEE, CHELSEA, captions="one")
    with pytest.raises(ValueError, match="1 pictures but 2 alt texts"):
        show(COFFEE, alt=["a", "b"])

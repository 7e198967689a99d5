"""What a notebook gets of a figure, without a kernel; and pictures that are none of the course's own."""

import base64
import html
import io
import re
from types import SimpleNamespace

import matplotlib.pyplot as plt
import pytest
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image, ImageDraw
from traitlets.config import Config

from course.assets import ROOT
from course.recording import publishing

COFFEE, CHELSEA, ROCKET = (ROOT / "asset/images" / name for name in ("coffee.png", "chelsea.png", "rocket.jpg"))
COFFEE_ALT, CHELSEA_ALT = "A half-full espresso in a small red-brown cup", "The face of a brown tabby cat"
IMG = re.compile(r'<img alt="([^"]*)" width="(\d+)" style="max-width:100%" src="data:image/(\w+);base64,([^"]+)">')


def drawn(size=(60, 40)):
    """A picture that is none of ours: a dark square at the top left of a white ground."""
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).rectangle((0, 0, size[0] // 3, size[1] // 3), fill="black")
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
    """What IPython publishes, without a kernel: page.of(thing), and in page.shown whatever pyplot showed."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    formatter = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}})).display_formatter
    made = SimpleNamespace(of=lambda thing: formatter.format(thing)[0], shown=[])
    monkeypatch.setattr(publishing, "get_ipython", lambda: formatter.parent)
    monkeypatch.setattr(plt, "get_backend", lambda: "a page")
    monkeypatch.setattr(plt, "show", lambda: made.shown.extend(map(made.of, map(plt.figure, plt.get_fignums()))))
    for _ in "twice":
        publishing.install()
    return made

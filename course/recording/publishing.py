"""Alt text for every matplotlib figure and PIL image of a lesson, which a notebook stores and nbval compares."""

import base64
import html
import os
from dataclasses import replace
from io import BytesIO

from IPython import get_ipython
from matplotlib import font_manager, rcParams
from matplotlib.figure import Figure
from PIL import Image, ImageOps

from course.assets import ROOT, alt_text
from helpers import plotting
from helpers.encoding.pixels import flatten
from helpers.plotting.show import FALLBACK_ALT, LARGEST, facts

FONTS = ["DejaVu Sans", "NanumGothic"]  # Latin letters and the minus sign from the first, Hangul from the second
STORED_LIMIT = 60_000  # characters of data URL that one picture may add to a notebook


def install():
    """Give alt text to every figure and PIL image that IPython shows from now on; a second call changes nothing.

    They become an <img> with alt text in text/html, because JupyterLab 4.6 ignores alt text in metadata (tried in
    November 2026). figure.set_label("…") describes a figure; else its titles do, and our pictures in it.
    """
    if alt_text not in plotting.alt_text_sources:
        plotting.alt_text_sources.append(alt_text)
    if rcParams["font.family"] != FONTS:
        rcParams["font.family"], fonts = FONTS, font_manager.fontManager
        fonts.addfont(ROOT / "asset" / "fonts" / "NanumGothic-Regular.ttf")
        # Without a bold face matplotlib warns on stderr at every bold title; the regular one stands in for it.
        fonts.ttflist.append(replace(fonts.ttflist[-1], weight=700))
    if shell := get_ipython():
        if os.environ.get("MPLBACKEND", "").lower() == "agg" and hasattr(shell, "kernel"):
            shell.enable_matplotlib("inline")  # a kernel obeys what was exported for scripts, and shows no figure
        display = shell.display_formatter
        display.mimebundle_formatter.for_type(Figure, _figure_bundle)
        display.mimebundle_formatter.for_type(Image.Image, _picture_bundle)
        for mime in ("image/png", "image/jpeg"):
            display.formatters[mime].for_type(Image.Image, lambda image: None)


def _figure_bundle(figure):
    # The inline backend registers formats of its own when it likes (first import of pyplot, %matplotlib inline).
    # IPython asks for a bundle before it asks any format, so this is the moment to drop them.
    for formatter in get_ipython().display_formatter.formatters.values():
        formatter.pop(Figure, None)
    if not figure.axes and not figure.lines:
        return {}
    parts = [figure.get_suptitle()]
    for axes in figure.axes:
        parts += map(axes.get_title, ("left", "center", "right"))
        parts += [f"{axis}: {text}" for axis, text in (("x", axes.get_xlabel()), ("y", axes.get_ylabel())) if text]
        arrays = (shown.get_array() for shown in axes.images)
        parts += [alt_text(Image.fromarray(array)) for array in arrays if array.dtype == "uint8"]
    alt = figure.get_label() or ". ".join(part.rstrip(".") for part in parts if part)
    figure.savefig(file := BytesIO(), dpi=figure.dpi, bbox_inches="tight", facecolor=figure.get_facecolor())
    page = Image.open(file)
    return _bundle(page, alt or FALLBACK_ALT.format(*page.size), repr(figure))


def _picture_bundle(image):
    page = flatten(image)
    page.thumbnail(LARGEST)
    # Pillow's own text/plain differs from version to version and can hold a memory address.
    text = f"<Picture {facts(image, image.size)}>"
    return _bundle(page, alt_text(image) or FALLBACK_ALT.format(*image.size), text)


def _bundle(page, alt, text):
    """As text/html: PNG, or JPEG q80 where that is a third of it: so for photos, not for lines, which JPEG blurs."""
    for step in range(20):
        small, urls = ImageOps.scale(flatten(page), 0.9**step), []
        for kind in ("jpeg", "png"):
            small.save(file := BytesIO(), kind, quality=80, optimize=True)
            urls.append(f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}")
        if len(url := urls[len(urls[1]) <= min(3 * len(urls[0]), STORED_LIMIT)]) <= STORED_LIMIT:
            break
    alt = html.escape(" ".join(alt.split()))
    img = f'<img alt="{alt}" width="{page.width}" style="max-width:100%" src="{url}">'
    return {"text/html": img, "text/plain": text}

"""What a notebook shows: figures and pictures with alt text, which nbval compares; errors in brief; no secrets."""

import base64
import html
import logging
import os
import re
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from traceback import walk_tb
from types import SimpleNamespace

import openai
import pydantic
import requests
from IPython import get_ipython
from matplotlib import font_manager, rcParams
from matplotlib.figure import Figure
from PIL import Image, ImageOps

from helpers import plotting
from helpers.encoding.pixels import flatten
from helpers.plotting.show import FALLBACK_ALT, LARGEST, facts

from ..assets import ROOT, alt_text
from .masking import mask

FONTS = ["DejaVu Sans", "NanumGothic"]  # Latin letters and the minus sign from the first, Hangul from the second
STORED_LIMIT = 60_000  # characters of data URL that one picture may add to a notebook
_BRIEF = (openai.OpenAIError, requests.RequestException, pydantic.ValidationError)
# At the level DEBUG these write down whole addresses and requests, with signatures and pictures in them.
_DEBUG_LOGGERS = ("openai._base_client", "httpx2", "httpcore2.connection", "httpcore2.http11", "urllib3.connectionpool")


def install(before_cell: Callable | None = None) -> None:
    """Show figures and PIL images with alt text and errors in brief, and mask logs; again, it changes nothing.

    Pictures become an <img> with alt text in text/html, because JupyterLab 4.6 ignores alt text in metadata (tried in
    November 2026). figure.set_label("…") describes a figure; else its titles do, and our pictures in it.
    `before_cell` is called before each cell, and at once for the one that runs.
    """
    for name in _DEBUG_LOGGERS:
        logging.getLogger(name).addFilter(_mask_record)
    if alt_text not in plotting.alt_text_sources:
        plotting.alt_text_sources.append(alt_text)
    if rcParams["font.family"] != FONTS:
        rcParams["font.family"], fonts = FONTS, font_manager.fontManager
        fonts.addfont(ROOT / "asset" / "fonts" / "NanumGothic-Regular.ttf")
        # Without a bold face matplotlib warns on stderr at every bold title; the regular one stands in for it.
        fonts.ttflist.append(replace(fonts.ttflist[-1], weight=700))
    if not (shell := get_ipython()):
        return
    if os.environ.get("MPLBACKEND", "").lower() == "agg" and hasattr(shell, "kernel"):
        shell.enable_matplotlib("inline")  # a kernel obeys what was exported for scripts, and shows no figure
    display = shell.display_formatter
    display.mimebundle_formatter.for_type(Figure, _figure_bundle)
    display.mimebundle_formatter.for_type(Image.Image, _picture_bundle)
    for mime in ("image/png", "image/jpeg"):
        display.formatters[mime].for_type(Image.Image, lambda image: None)
    shell.set_custom_exc((*_BRIEF, ValueError), show_briefly)
    if before_cell:
        shell.events.register("pre_run_cell", before_cell)
        if len(sources := shell.history_manager.input_hist_raw) > 1:
            before_cell(SimpleNamespace(raw_cell=sources[-1], cell_id=None, silent=False))


def _mask_record(record: logging.LogRecord) -> bool:
    record.msg, record.args = mask(record.getMessage()), None
    return True


def show_briefly(shell, kind, error, traceback, tb_offset=None) -> list[str]:
    """Show an error of the SDK, of requests, pydantic or `helpers` as its sentence; the reader's own as usual."""
    *_, last = [None, *walk_tb(traceback)]
    raised_in = last[0].f_globals.get("__name__", "") if last else ""
    if isinstance(error, _BRIEF) or raised_in.startswith("helpers."):
        # A full traceback is 14,000 characters of library internals. The words may repeat a part of the key, or an
        # address with its signature, and notebooks are saved and shared. pydantic names a page of its version.
        message = re.sub(r"\n +For further information visit \S+", "", mask(str(error)))
        lines = [f"{kind.__name__}: {message}"]
        # llama.cpp's server speaks of a missing mmproj (tried on 2026-11-23), which few know who meet it first.
        if os.environ.get("OPENAI_BASE_URL") and re.search(r"image input|mmproj|multimodal", message, re.I):
            lines.append('Does this model take pictures? Serve one that does: README, "A model on your own machine".')
    else:
        message, lines = error, shell.InteractiveTB.structured_traceback(kind, error, error.__traceback__, tb_offset)
    shell._showtraceback(kind, message, lines)
    return lines


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
    return _bundle(page, alt_text(image) or FALLBACK_ALT.format(*image.size), f"<Picture {facts(image, image.size)}>")


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

"""What a notebook shows: figures with alt text, which nbval compares; errors in brief; no secrets."""

import base64
import html
import logging
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
from helpers.encoding.pixels import make_plain
from helpers.plotting.show import FALLBACK_ALT

from .. import language
from ..assets import ROOT, alt_text
from .masking import mask

FONTS = ["DejaVu Sans", "NanumGothic"]  # Latin letters and the minus sign from the first, Hangul from the second
STORED_LIMIT = 60_000  # characters of data URL that one picture may add to a notebook
_BRIEF = (openai.OpenAIError, requests.RequestException, pydantic.ValidationError)
# At the level DEBUG these write down whole addresses and requests, with signatures and pictures in them.
_DEBUG_LOGGERS = ("openai._base_client", "httpx2", "httpcore2.connection", "httpcore2.http11", "urllib3.connectionpool")


def install(before_cell: Callable | None = None) -> None:
    """Show figures with alt text and errors in brief, mask logs; call `before_cell` for each cell, this one too."""
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
    shell.display_formatter.mimebundle_formatter.for_type(Figure, _figure_bundle)
    language.install()
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
    message, lines = error, []
    if isinstance(error, _BRIEF) or raised_in.startswith("helpers."):
        # A full traceback is 14,000 characters of library internals. The words may repeat a part of the key, or an
        # address with its signature, and notebooks are saved and shared. pydantic names a page of its version.
        message = re.sub(r"\n +For further information visit \S+", "", mask(str(error)))
        lines = [f"{kind.__name__}: {message}"]
    lines = lines or shell.InteractiveTB.structured_traceback(kind, error, error.__traceback__, tb_offset)
    shell._showtraceback(kind, message, lines)
    return lines


def _figure_bundle(figure):
    """Return an <img> with alt text, because JupyterLab 4.6 ignores alt text in metadata (tried in November 2026)."""
    # The inline backend registers formats of its own when it likes (first import of pyplot, %matplotlib inline).
    # IPython asks for a bundle before it asks any format, so this is the moment to drop them.
    for formatter in get_ipython().display_formatter.formatters.values():
        formatter.pop(Figure, None)
    if not figure.axes and not figure.lines:
        return {}
    figure.savefig(file := BytesIO(), dpi=figure.dpi, bbox_inches="tight", facecolor=figure.get_facecolor())
    page, _ = make_plain(Image.open(file))
    titles = filter(None, [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)])
    alt = figure.get_label() or ". ".join(titles) or FALLBACK_ALT.format(*page.size)
    # PNG, or JPEG q80 where that is a third of it: so for photos, not for lines, which JPEG blurs.
    for step in range(20):
        small, urls = ImageOps.scale(page, 0.9**step), []
        for kind in ("jpeg", "png"):
            small.save(file := BytesIO(), kind, quality=80, optimize=True)
            urls.append(f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode()}")
        if len(url := urls[len(urls[1]) <= min(3 * len(urls[0]), STORED_LIMIT)]) <= STORED_LIMIT:
            break
    img = f'<img alt="{html.escape(" ".join(alt.split()))}" width="{page.width}" style="max-width:100%" src="{url}">'
    return {"text/html": img, "text/plain": repr(figure)}

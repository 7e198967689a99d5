"""What the notebook of a lesson tells, and how it shows errors: in brief, and without secrets."""

import logging
import os
import re
from collections.abc import Callable
from traceback import walk_tb

import openai
import pydantic
import requests
from IPython import get_ipython

from .masking import mask

_BRIEF = (openai.OpenAIError, requests.RequestException, pydantic.ValidationError)
# At the level DEBUG these write down whole addresses and requests, with signatures and pictures in them.
_DEBUG_LOGGERS = ("openai._base_client", "httpx2", "httpcore2.connection", "httpcore2.http11",
                  "urllib3.connectionpool")  # fmt: skip


def join(before_cell: Callable) -> str | None:
    """Call `before_cell` from now on, show errors in brief, mask logs; return the source of the cell that runs."""
    for name in _DEBUG_LOGGERS:
        logging.getLogger(name).addFilter(_mask_record)
    if (shell := get_ipython()) is None:
        return None
    shell.events.register("pre_run_cell", before_cell)
    shell.set_custom_exc((*_BRIEF, ValueError), show_briefly)
    sources = shell.history_manager.input_hist_raw
    return sources[-1] if len(sources) > 1 else None


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

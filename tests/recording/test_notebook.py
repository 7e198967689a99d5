"""How a notebook shows errors: in one line those of helpers and libraries, as usual the reader's own."""

import doctest
import sys

import pytest

from course import recording
from course.recording import notebook
from helpers import tokens
from helpers.encoding import PictureError, open_picture


class Shell:
    """As much of IPython as is asked."""

    def __init__(self):
        self.shown = []
        self.InteractiveTB = self

    def structured_traceback(self, kind, error, traceback, tb_offset=None):
        assert traceback is not None
        return ["the reader's own lines", f"{kind.__name__}: {error}"]

    def _showtraceback(self, kind, message, lines):
        self.shown.append((kind, lines))


def shown_of(call):
    shell = Shell()
    try:
        call()
    except ValueError:
        notebook.show_briefly(shell, *sys.exc_info())
    ((_, lines),) = shell.shown
    return lines


@pytest.mark.parametrize(
    "call",
    [lambda: open_picture("no-such-file.png"), lambda: tokens.picture_tokens(1, 1, "no-such-model")],
    ids=["a PictureError", "a plain ValueError"],
)
def test_an_error_of_helpers_is_one_line(call):
    with pytest.raises(ValueError) as caught:
        call()
    assert shown_of(call) == [f"{type(caught.value).__name__}: {caught.value}"]


def readers_own():
    raise PictureError("raised in a cell")


@pytest.mark.parametrize("call", [lambda: int("two"), readers_own], ids=["of Python", "of a helper's class"])
def test_the_readers_own_error_is_shown_where_it_stands(call):
    assert shown_of(call)[0] == "the reader's own lines"


def test_the_example_at_the_top_of_the_room_is_true():
    assert doctest.testmod(recording) == (0, 4)

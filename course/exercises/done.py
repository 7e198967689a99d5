"""Which exercises are right in this checkout: a line for each in .progress, which git ignores."""

import os
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from ..assets import ROOT
from .exercise import EXERCISES

FILE = Path(os.environ.get("COURSE_PROGRESS") or ROOT / ".progress")  # tests have one of their own


def progress() -> None:
    """Print a line for each lesson: how many of its exercises are right in this checkout, and which are left."""
    right = _right()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        with suppress(ModuleNotFoundError):  # a lesson of the reader's own
            import_module(f"{__package__}.lesson_{path.stem[:2]}")
        numbers = sorted(number for number in EXERCISES if number[:2] == path.stem[:2])
        left = [number for number in numbers if number not in right]
        print(f"{path.stem:22} {len(numbers) - len(left)} of {len(numbers)}", *(["· left:", *left] if left else []))


def remember(number: str) -> None:
    """Add an exercise that is right, in one write; a file that can't be written disturbs nobody."""
    with suppress(OSError):
        if number not in _right():
            with open(FILE, "a", encoding="utf-8") as file:
                file.write(f"\n{number}\n")  # after a line that was cut off, too


def _right() -> set[str]:
    with suppress(OSError):
        return set(FILE.read_text("utf-8", errors="replace").split())
    return set()

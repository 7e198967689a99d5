"""Boxes on a picture: checked, counted in pixels, drawn and put in words, for `plotting`; and how much two overlap.

A box is a dict or an object (a pydantic model, a dataclass) with x_min, y_min, x_max and y_max, and a label if it has
one. They are fractions, 0 to 1, of the width and height of the upright picture; 0, 0 is its top left corner.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from math import ceil, floor, isfinite
from numbers import Real
from unicodedata import east_asian_width

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image
from pydantic import BaseModel

NAMES = ("x_min", "y_min", "x_max", "y_max")
NOISE = 1e-6  # a fraction beyond 0 or 1 by no more than this is the arithmetic's doing, and is cut off
# Dark enough for white letters (4.6:1 or more), and any two differ to colour-blind eyes, too: by a CIE76 distance of 40
# or more in the severest forms, by the matrices of Machado et al. 2009 (measured on 2026-11-23).
COLOURS = ("#7701ff", "#c25401", "#111111", "#29836d", "#8d2da0")
DPI = 100  # pixels an inch
USUAL, HIGHEST, LEAST = 480, 720, 40  # pixels on the page: width, greatest height, and the least side of what is a line
# Pixels: the line, the pale band it lies in (both even, or they would fall between pixels), the space around letters.
LINE, HALO, PAD = 2, 6, 3
PLATE = 18  # pixels, the height of a plate
LETTERS = 24  # columns on a plate; the text below the figure has the whole label
TOLD = 10  # boxes in the alt text


class BoxError(ValueError):
    """A box that can't be drawn or compared; the message says which, why, and what to do."""


@dataclass(frozen=True)
class Box:
    """Fractions, 0 to 1, of a picture's width (x) and height (y) from its top left corner."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float
    label: str = ""

    def pixels(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Left, top, right, bottom in a picture of this size, as Image.crop takes them: right and bottom are not in it.

        Rounded outward, so that what the box encloses is never cut.
        """
        wide, high = size
        # An edge that arithmetic moved by a millionth of a pixel is still on its pixel.
        left, top = (floor(round(at, 6)) for at in (self.x_min * wide, self.y_min * high))
        right, bottom = (ceil(round(at, 6)) for at in (self.x_max * wide, self.y_max * high))
        return left, top, right, bottom


def check_boxes(given, size: tuple[int, int]) -> list[Box]:
    """The boxes of a list, or the one that is given alone, for a picture of this size in pixels.

    Raises BoxError for the first that has no place in the picture: a number is missing, is none, or lies outside 0 to
    1, min and max are swapped, or the box is less than a pixel wide or high.
    """
    alone = isinstance(given, Mapping | BaseModel | str | bytes) or not isinstance(given, Iterable)
    return [_check(box, number, size) for number, box in enumerate([given] if alone else given, 1)]


def iou(a, b) -> float:
    """Intersection over union: the area that two boxes share, as a part of what they cover together, 0 to 1.

    Both may be in pixels as well, which gives the same. Boxes that only touch share nothing. Raises BoxError when a
    box has a number missing or that is none, or no area.
    """
    # As exact fractions: the same box gives 1 and not nearly 1, and no area is too small to divide by.
    first, second = (_exact(box, number) for number, box in enumerate((a, b), 1))
    sides = [min(first[n + 2], second[n + 2]) - max(first[n], second[n]) for n in (0, 1)]
    shared = max(sides[0], 0) * max(sides[1], 0)
    return float(shared / (_area(first) + _area(second) - shared))


def draw(image: Image.Image, boxes: list[Box], width: int | None, fonts: list[str]) -> Figure:
    """A figure of the picture with its boxes: lines in a pale halo, and a plate with number and label at each.

    `width` is in pixels on the page, 480 without; a picture that would be higher than 720 pixels there gets narrower.
    Nothing is drawn outside the picture, so a line at its edge moves inward by half its thickness.
    """
    wide = width or USUAL
    shrink = min(wide / image.width, HIGHEST / image.height)
    page = [max(LEAST, round(length * shrink)) for length in image.size]
    figure = Figure(figsize=(page[0] / DPI, page[1] / DPI), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)  # without one, nothing says how wide letters are
    axes = figure.add_axes((0, 0, 1, 1))
    if image.width > page[0]:
        image = image.resize((page[0], min(page[1], image.height)), Image.Resampling.LANCZOS)
    axes.imshow(image, extent=(0, page[0], page[1], 0), aspect="auto")
    axes.set(xlim=(0, page[0]), ylim=(page[1], 0))
    axes.axis("off")
    edges = [_edges(box, page) for box in boxes]
    for number, (left, top, right, bottom) in enumerate(edges):
        for colour, thick in (("white", HALO), (_colour(number), LINE)):
            line = Rectangle((left, top), right - left, bottom - top, fill=False, color=colour)
            line.set(linewidth=thick * 72 / DPI, joinstyle="miter", zorder=2)
            axes.add_patch(line)
    taken: list[tuple[float, float, float, float]] = []
    for number, (box, edge) in enumerate(zip(boxes, edges, strict=True)):
        taken.append(_plate(axes, _title(number + 1, box), edge, page, taken, _colour(number), fonts))
    return figure


def words(boxes: list[Box], size: tuple[int, int]) -> list[str]:
    """The numbers of the figure, a line for the picture and one for each box."""
    lines = [f"picture: {size[0]} x {size[1]} pixels, {_count(boxes)}"]
    for number, box in enumerate(boxes, 1):
        left, top, right, bottom = box.pixels(size)
        fractions = f"x {box.x_min:.2f} to {box.x_max:.2f}, y {box.y_min:.2f} to {box.y_max:.2f}"
        counted = f"left {left}, top {top}, right {right}, bottom {bottom} ({right - left} x {bottom - top})"
        lines.append(f"{_title(number, box)}: {fractions}; pixels: {counted}")
    return lines


def alt_text(boxes: list[Box], picture: str) -> str:
    """The figure for who does not see it; `picture` describes the picture without the boxes."""
    told = [
        f"{_title(number, box)}, from {box.x_min:.0%} to {box.x_max:.0%} across "
        f"and {box.y_min:.0%} to {box.y_max:.0%} down."
        for number, box in enumerate(boxes[:TOLD], 1)
    ]
    more = f" And {len(boxes) - TOLD} more, listed below." if len(boxes) > TOLD else ""
    begin = f"Boxes on a picture: {' '.join(told)}{more}" if boxes else "A picture without a box."
    return f"{begin} The picture: {picture}"


# --- one box ---


def _check(given, number: int, size: tuple[int, int]) -> Box:
    called = _called(given, number)
    values = _numbers(given, called)
    wide, high = size
    for name, value in zip(NAMES, values, strict=True):
        if -NOISE <= value <= 1 + NOISE:
            continue
        side = {"x": ("left", "right"), "y": ("top", "bottom")}[name[0]][value > 0]
        way_out = "cut the box off there"
        if max(values) > 2:
            way_out = (
                f"are these pixels? Divide x by {wide} and y by {high}, the width and height of this picture; "
                "numbers from 0 to 1000 are divided by 1000"
            )
        way_out = f"Fractions go from 0 to 1: {way_out}."
        raise BoxError(f"{called} lies beyond the {side} of the picture: {name} is {value:g}. {way_out}")
    values = [min(max(value, 0.0), 1.0) + 0.0 for value in values]  # + 0.0 makes -0.0 a plain zero
    _check_order(values, called)
    for n, (axis, length) in enumerate((("wide", wide), ("high", high))):
        if (pixels := (values[n + 2] - values[n]) * length) < 1 - NOISE:
            tiny = f"{called} is {pixels:.2g} pixels {axis} in this picture of {wide} x {high} pixels"
            raise BoxError(f"{tiny}, and less than one can't be drawn. Leave it out, or take a larger picture.")
    return Box(*values, _label(given))


def _numbers(given, called: str) -> list[float]:
    """The four numbers of a box. Raises BoxError where one is missing, or is no number."""
    if isinstance(given, str | bytes | Real | list | tuple) or given is None:
        kind = type(given).__name__
        raise BoxError(f"{called} is a {kind}. A box is a dict or an object with {_listed(NAMES)}.")
    values = []
    for name in NAMES:
        there = name in given if isinstance(given, Mapping) else hasattr(given, name)
        if not there:
            has = [*given] if isinstance(given, Mapping) else [*getattr(given, "__dict__", {})]
            has = f"; it has {_listed(has)}" if has else ""
            raise BoxError(f"{called} has no {name}{has}. A box needs {_listed(NAMES)}.")
        value = given[name] if isinstance(given, Mapping) else getattr(given, name)
        if (number := _number(value)) is None:
            raise BoxError(f"{called}: {name} is {value!r:.40}, which is no number. Give a number from 0 to 1.")
        values.append(number)
    return values


def _number(value) -> float | None:
    """A finite number; None for everything else, True and nan among it."""
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        return None
    with suppress(OverflowError, ValueError):  # JSON may hold a whole number of any length
        return number if isfinite(number := float(value)) else None
    return None


def _check_order(values: list[float], called: str) -> None:
    for n, (axis, side, length) in enumerate((("x", "right of", "width"), ("y", "below", "height"))):
        low, high = values[n], values[n + 2]
        if low > high:
            swapped = f"{called} is swapped: {axis}_min {low:g} lies {side} {axis}_max {high:g}"
            raise BoxError(f"{swapped}. Give the smaller number as {axis}_min.")
        if low == high:
            flat = f"{called} has no {length}: {axis}_min and {axis}_max are both {low:g}"
            raise BoxError(f"{flat}. Leave it out, or ask for it again.")


def _label(given) -> str:
    label = given.get("label") if isinstance(given, Mapping) else getattr(given, "label", None)
    label = label.value if isinstance(label, Enum) else label
    # Half of an emoji, which JSON may hold, can't be drawn.
    return "" if label is None else " ".join(str(label).encode("utf-8", "replace").decode().split())


def _called(given, number: int) -> str:
    label = "" if isinstance(given, str | bytes) else _label(given)
    return f"Box {number} ({label})" if label else f"Box {number}"


def _listed(names: Iterable) -> str:
    *others, last = [str(name) for name in names]
    return f"{', '.join(others)} and {last}" if others else last


def _title(number: int, box: Box) -> str:
    return f"{number} {box.label}".strip()


def _count(boxes: list[Box]) -> str:
    return {0: "no box", 1: "1 box"}.get(len(boxes), f"{len(boxes)} boxes")


def _exact(given, number: int) -> list[Fraction]:
    values = _numbers(given, called := _called(given, number))
    _check_order(values, called)
    return [Fraction(value) for value in values]


def _area(box: list[Fraction]) -> Fraction:
    return (box[2] - box[0]) * (box[3] - box[1])


# --- the drawing, in pixels of the page ---


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]


def _edges(box: Box, page: list[int]) -> list[int]:
    """Where the middle of its line runs: left, top, right, bottom."""
    places = zip((box.x_min, box.y_min, box.x_max, box.y_max), page * 2, strict=True)
    return [min(max(round(at * length), HALO // 2), length - HALO // 2) for at, length in places]


def _plate(axes, text: str, edge: list[float], page: list[int], taken: list, colour: str, fonts: list[str]) -> tuple:
    """Put a label above its box, or inside where the picture or another label leaves no room; returns where it lies."""
    wide, columns = page[0], LETTERS
    letters = axes.text(0, 0, _short(text, columns), color="white", fontsize=9, fontfamily=fonts, zorder=4)
    letters.set_parse_math(False)  # two dollar signs in a label are no formula
    while (across := letters.get_window_extent().width + 2 * PAD) > wide and columns > 1:
        columns -= 1
        letters.set_text(_short(text, columns))
    left, top, right, bottom = edge
    half, down = HALO / 2, PLATE
    # Above, inside at the top, inside at the bottom, below; each at the left and then at the right end.
    places = [
        (min(max(x, 0), wide - across), min(max(y, 0), page[1] - down), fits)
        for y, fits in ((top - half - down, top - half >= down), (top + half, True), (bottom - half - down, True),
                        (bottom + half, bottom + half + down <= page[1]))
        for x in (left - half, right + half - across)
    ]  # fmt: skip
    inside = [(x, y, x + across, y + down) for x, y, fits in places if fits]
    free = (place for place in inside if not any(_overlap(place, other) for other in taken))
    x, y, *_ = place = next(free, inside[0])
    plate = Rectangle((x, y), across, down, facecolor=colour, edgecolor="none", zorder=3)
    axes.add_patch(plate)
    letters.set(position=(x + PAD, y + down / 2), verticalalignment="center_baseline")
    return place


def _overlap(a: tuple, b: tuple) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _short(text: str, columns: int) -> str:
    """The text in so many columns at most, cut with an ellipsis; a wide letter (Hangul) takes two."""
    if sum(_columns(letter) for letter in text) <= columns:
        return text
    kept, used = "", 1
    for letter in text:
        used += _columns(letter)
        if used > columns:
            break
        kept += letter
    return kept.rstrip() + "…"


def _columns(letter: str) -> int:
    return 2 if east_asian_width(letter) in "WF" else 1

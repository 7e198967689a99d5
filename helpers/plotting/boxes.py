"""Draw boxes on a picture, count them in pixels, put them in words; read those of other models."""

from collections.abc import Iterator, Mapping
from itertools import cycle
from math import ceil, floor
from typing import Any, NamedTuple

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.transforms import Bbox
from PIL import Image

from .show import DPI, LARGEST, can_draw, open_upright, picture_figure, put_on_page

NAMES = ("x_min", "y_min", "x_max", "y_max")
# Dark enough for white letters (4.6:1 or more); to colour-blind eyes, too, any two differ (see test_boxes.py).
COLOURS = ("#7701ff", "#c25401", "#111111", "#29836d", "#8d2da0")
LINE, HALO = 2, 6  # pixels, the line and the pale band it lies in; even, or they would fall between pixels
PLATE, LONGEST, PAD = 18, 180, 3  # pixels, the height and the greatest width of a plate, the space around its letters
MAX_BOXES_IN_ALT_TEXT = 10


class BoxError(ValueError):
    """A box that can't be drawn or read; the message says which, why, and what to do."""


class Box(NamedTuple):
    """Fractions, 0 to 1, of a picture's width (x) and height (y) from its top left corner."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float
    title: str  # its number and label

    def pixels(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Return left, top, right, bottom as Image.crop takes them, rounded outward so that nothing is cut."""
        # An edge that arithmetic moved by a millionth of a pixel is still on its pixel.
        left, top, right, bottom = (round(at * side, 6) for at, side in zip(self[:4], size * 2, strict=True))
        return floor(left), floor(top), ceil(right), ceil(bottom)


def draw_boxes(picture, boxes, *, alt: str | None = None, width: int = 480) -> None:
    """Show a picture with boxes drawn on it, numbered, then print each in fractions and in the picture's own pixels.

    Args:
        picture, alt: as for `show`; the picture is upright.
        boxes: a list, or one box: a dict or an object (a pydantic model, a dataclass) with x_min, y_min, x_max, y_max
            and perhaps a label, which stands in the text alone if no font can draw it; fractions, 0 to 1, of the
            upright picture's width and height from its top left corner.
        width: of the figure, 100 to 960 pixels; it is at most 720 high.
    Raises:
        PictureError, BoxError, ValueError: for a picture that can't be shown, a box that can't be drawn, a bad width.
    """
    image, _, _, alt = open_upright(picture, alt, width)
    checked = check_boxes(boxes, image.size)
    put_on_page(draw(image, checked, width), *describe(checked, image.size, alt))


def to_fractions(numbers, order: str, size: tuple[int, int]) -> dict[str, float]:
    """Turn the four numbers of another model's or a data set's box into fractions, as `draw_boxes` takes them.

    Args:
        numbers, order: the box, and what its numbers are: "xyxy", "yxyx", or "xywh" (width and height).
        size: how many of them make the picture's whole width and height. Gemini's box_2d is "yxyx" of (1000, 1000)
            (Google Cloud, "Bounding box detection", read on 2026-11-27). Qwen's bbox_2d is "xyxy", for Qwen3-VL of
            (1000, 1000), for Qwen2.5-VL of the resized picture, whose sides are multiples of 28 (QwenLM/Qwen3-VL,
            issues 1486 and 866, 2025). COCO's bbox is "xywh" of the file (unverified). BoxError for anything else.
    """
    try:
        (a, b, c, d), (wide, high) = map(float, numbers), size
        box = {"xyxy": (a, b, c, d), "yxyx": (b, a, d, c), "xywh": (a, b, a + c, b + d)}[order]
        return {name: at / side for name, at, side in zip(NAMES, box, (wide, high) * 2, strict=True)}
    except (ArithmeticError, LookupError, TypeError, ValueError):
        given = f"{numbers!r:.60}, {order!r:.20} and {size!r:.20}"
        raise BoxError(f'A box needs four numbers, "xyxy", "yxyx" or "xywh", and a size, not {given}.') from None


def check_boxes(given, size: tuple[int, int]) -> list[Box]:
    """Read a list of boxes, or one alone, for a picture of this size. Raises BoxError for the first that is wrong."""
    several = given if isinstance(given, list | tuple | Iterator) else [given]
    return [_read(box, number, size) for number, box in enumerate(several, 1)]


def _read(box, number: int, size: tuple[int, int]) -> Box:
    """Read one box, which has to lie in a picture of this size in pixels. Raises BoxError."""
    has = box if isinstance(box, Mapping) else {n: getattr(box, n) for n in (*NAMES, "label") if hasattr(box, n)}
    label = "" if (label := has.get("label")) is None else str(getattr(label, "value", label))  # an Enum has a value
    label = " ".join(label.encode("utf-8", "replace").decode().split())  # JSON may hold half an emoji
    name, values = f"Box {number} ({label})" if label else f"Box {number}", {}
    for key in NAMES:
        if key not in has:
            found = f"this has {', '.join(map(str, has)) or 'none of these'}"
            needed = f"A box is a dict or an object with x_min, y_min, x_max and y_max; {found}."
            raise BoxError(f"{name} of type {type(box).__name__} has no {key}. {needed}")
        value = has[key]
        if not hasattr(value, "__float__") or isinstance(value, bool) or not abs(value) < 1e9:  # nan is not, either
            raise BoxError(f"{name}: {key} is {value!r:.40}, which is not a number. Give a number from 0 to 1.")
        values[key] = float(value)
    for key, value in values.items():
        if not -1e-6 <= value <= 1 + 1e-6:  # what is less is the arithmetic's doing, and is cut off below
            side = {"x": ("left", "right"), "y": ("top", "bottom")}[key[0]][value > 0]
            where, hint = f"{name} lies beyond the {side} of the picture: {key} is {value:g}", "cut the box off there."
            if max(values.values()) > 2:
                hint = f"are these pixels? Divide x by {size[0]} and y by {size[1]}, the width and height of this "
                hint += "picture; numbers from 0 to 1000 are divided by 1000."
            raise BoxError(f"{where}. Fractions go from 0 to 1: {hint}")
        values[key] = min(max(value, 0.0), 1.0) + 0.0  # + 0.0 makes -0.0 a plain zero
    for axis in "xy":
        low, high = values[f"{axis}_min"], values[f"{axis}_max"]
        if low >= high:
            why = "Are the two swapped?" if low > high else "Leave the box out, or ask for it again."
            raise BoxError(f"{name}: {axis}_min, {low:g}, is not less than {axis}_max, {high:g}. {why}")
    return Box(**values, title=f"{number} {label}".strip())


def draw(image: Image.Image, boxes: list[Box], width: int) -> Figure:
    """Draw a picture with boxes: a line in a pale halo for each, all inside, and a plate with number and label."""
    shrink = min(width / image.width, LARGEST[1] / image.height)
    wide, high = page = [max(2 * PLATE + HALO, round(length * shrink)) for length in image.size]  # room for a plate
    if image.width > wide:
        image = image.resize((wide, min(high, image.height)), Image.Resampling.LANCZOS)
    figure, axes = picture_figure(image, page, page, page)
    taken: list[Bbox] = []
    for box, colour in zip(boxes, cycle(COLOURS)):
        sides = zip(box[:4], page * 2, strict=True)  # and edges are where the middle of a line runs
        edge: Any = [min(max(round(at * side), HALO // 2), side - HALO // 2) for at, side in sides]
        for ink, thick in (("white", HALO), (colour, LINE)):
            line = axes.add_patch(Rectangle(edge[:2], edge[2] - edge[0], edge[3] - edge[1], fill=False, color=ink))
            line.set(linewidth=thick * 72 / DPI, joinstyle="miter", zorder=2)
        taken.append(_put_plate(axes, box.title, edge, page, taken, colour))
    return figure


def _put_plate(axes, title: str, edge: Any, page: list[int], taken: list[Bbox], colour: str) -> Bbox:
    """Put a label above its box, or inside where the picture or another plate leaves no room; return its place."""
    letters = axes.text(0, 0, title := title[:80], color="white", fontsize=9, zorder=4, parse_math=False)  # $ is text
    if not can_draw(letters):
        letters.set_text(title := title.split()[0])
    while (across := letters.get_window_extent().width + 2 * PAD) > (most := min(LONGEST, page[0])) and title:
        title = title[: min(len(title) - 1, int(len(title) * most / across))].rstrip()
        letters.set_text(f"{title}…")
    (left, top, right, bottom), half = edge, HALO / 2
    rows = top - half - PLATE, top + half, bottom - half - PLATE, bottom + half  # above, inside, inside, below
    columns = min(max(left - half, 0), page[0] - across), min(max(right + half - across, 0), page[0] - across)
    fitting = [Bbox.from_bounds(x, y, across, PLATE) for y in rows for x in columns if 0 <= y <= page[1] - PLATE]
    place = next((one for one in fitting if not taken or not one.count_overlaps(taken)), fitting[0])
    axes.add_patch(Rectangle(place.p0, across, PLATE, facecolor=colour, edgecolor="none", zorder=3))
    letters.set(position=(place.x0 + PAD, place.y0 + PLATE / 2), verticalalignment="center_baseline")
    return place


def describe(boxes: list[Box], size: tuple[int, int], picture: str) -> tuple[str, list[str]]:
    """Return the alt text, given that of the picture, and the numbers: a line for the picture and one for each box."""
    count = {0: "no box", 1: "1 box"}.get(len(boxes), f"{len(boxes)} boxes")
    lines, parts = [f"picture: {size[0]} x {size[1]} pixels, {count}"], []
    for box in boxes:
        across = f"{box.x_min:.0%} to {box.x_max:.0%} across"
        parts.append(f"{box.title}, from {across} and {box.y_min:.0%} to {box.y_max:.0%} down.")
        left, top, right, bottom = box.pixels(size)
        fractions = f"x {box.x_min:.2f} to {box.x_max:.2f}, y {box.y_min:.2f} to {box.y_max:.2f}"
        counted = f"left {left}, top {top}, right {right}, bottom {bottom} ({right - left} x {bottom - top})"
        lines.append(f"{box.title}: {fractions}; pixels: {counted}")
    if (more := len(boxes) - MAX_BOXES_IN_ALT_TEXT) > 0:
        parts[MAX_BOXES_IN_ALT_TEXT:] = [f"And {more} more, listed below."]
    begin = f"Boxes on a picture: {' '.join(parts)}" if boxes else "A picture without a box."
    return f"{begin} The picture: {picture}", lines

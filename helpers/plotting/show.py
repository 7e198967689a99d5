"""Show pictures in a row; open a picture and put a figure on the page, for `grids.py` and `boxes.py` too."""

import textwrap
import warnings
from collections.abc import Callable, Iterable, Sequence
from unicodedata import east_asian_width

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.textpath import text_to_path
from PIL import Image

from ..encoding import Picture, PictureError, pixels, sources

FALLBACK_ALT = "Picture, {} x {} pixels"  # for a picture that nobody has described
LARGEST = (960, 720)  # pixels on the page, width and height
GAP, DPI = 10, 100  # pixels between the pictures of a row, pixels an inch

# Functions of a PIL image and its file's bytes (or None), asked in turn for the alt text of a picture that a call does
# not describe: each returns a text, or None for a picture that it does not know.
alt_text_sources: list[Callable[[Image.Image, bytes | None], str | None]] = []


def show(*pictures, captions=None, alt=None, width: int | None = None) -> None:
    """Show one or several pictures in a row, upright, then print one line of numbers for each.

    Args:
        pictures: one or more of what `encoding.open_picture` takes or returns, but no web address.
        captions, alt: one text a picture, None where there is none; for a single picture a string will do. Alt text
            that is not given comes from `alt_text_sources`. A caption that no font can draw becomes a number.
        width: of the whole row, in pixels; without it 480 for one picture, 320 each for more, within 960 x 720.
    Raises:
        PictureError, ValueError: for what can't be shown, and for too many or too few captions or alt texts.
    """
    if not pictures:
        raise TypeError("show needs at least one picture: a path, the bytes of a picture file, or a PIL image.")
    count, texts, lines = len(pictures), [], []
    captions, alts = _one_each(captions, "captions", count), _one_each(alt, "alt texts", count)
    opened = [open_upright(*each) for each in zip(pictures, alts, strict=True)]
    for number, (caption, (_, name, numbers, text)) in enumerate(zip(captions, opened, strict=True), 1):
        place = f"Picture {number} of {count}{f' ({caption})' if caption else ''}: " if count > 1 else ""
        name = caption or name or (f"picture {number}" if count > 1 else "picture")
        texts.append(place + text)
        lines.append(f"{' '.join(name.split())}: {numbers}")
    put_on_page(_row([image for image, *_ in opened], captions, width), " ".join(texts), lines)


def open_upright(picture, alt: str | None = None, width: int = 100) -> tuple[Image.Image, str, str, str]:
    """Return a picture upright in RGB, its file's name or "", its numbers in words, its alt text; check a width."""
    if not isinstance(width, int) or not 100 <= width <= LARGEST[0]:
        raise ValueError(f"width is a whole number of pixels from 100 to {LARGEST[0]}, not {width!r}.")
    if isinstance(picture, str) and picture.strip().startswith(("http://", "https://")):
        raise PictureError("This takes the picture, not its address: get it first, requests.get(url).content.")
    image, name, data = sources.load_image(picture.data if isinstance(picture, Picture) else picture)
    turned = pixels.upright(image)
    alt = alt or next(filter(None, (know(image, data) for know in alt_text_sources)), FALLBACK_ALT.format(*turned.size))
    numbers = facts(image, turned.size, " pixels") + (", turned upright (EXIF)" if turned is not image else "")
    return pixels.flatten(turned), picture.origin if isinstance(picture, Picture) else name, numbers, alt


def facts(image: Image.Image, size: tuple[int, int], unit: str = "") -> str:
    """Describe a picture by size, mode and format, such as "600 x 400 pixels, RGB, PNG"."""
    return ", ".join([f"{size[0]} x {size[1]}{unit}", image.mode, *filter(None, [image.format])])


def picture_figure(image: Image.Image, page: list[int], size: list[int], extent: list[int]) -> tuple[Figure, Axes]:
    """Draw a picture in a figure of `page` pixels; it covers `size` of the units that the axes have to `extent`."""
    figure = Figure(figsize=(page[0] / DPI, page[1] / DPI), dpi=DPI, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, extent[0]), ylim=(extent[1], 0))
    axes.imshow(image, extent=(0, size[0], size[1], 0), aspect="auto")
    axes.axis("off")
    return figure, axes


def can_draw(text) -> bool:
    """Tell whether the fonts have every letter of a matplotlib text, which draws a box for another, and warns."""
    with warnings.catch_warnings(record=True) as missing:
        warnings.simplefilter("always")
        text_to_path.get_text_width_height_descent(text.get_text(), text.get_fontproperties(), False)
    return not missing


def put_on_page(figure: Figure, alt: str, lines: Iterable[str]) -> None:
    """Show a figure as pyplot does: in a notebook, a window or not at all; its label is the alt text. Print lines."""
    import matplotlib.pyplot as plt  # it may choose a backend, so not before there is something to show
    from matplotlib._pylab_helpers import Gcf  # what is open; matplotlib's notebook backend reads it, too

    figure.set_label(alt)
    if plt.get_backend().lower() != "agg":  # which shows nothing, and may warn
        # So pyplot adopts a figure. plt.show() shows all that is open; another may be half drawn, so put it aside.
        number = plt.figure(FigureClass=lambda **settings: figure).number  # type: ignore[arg-type]
        others = {other: Gcf.figs.pop(other) for other in plt.get_fignums() if other != number}
        try:
            plt.show()
        finally:
            if type(figure.canvas.manager) is plt.FigureManagerBase:  # a window is closed by whoever looks at it
                plt.close(figure)
            Gcf.figs.update(others)
    print(*lines, sep="\n")


def _one_each(texts, what: str, count: int) -> Sequence[str | None]:
    texts = [None] * count if texts is None else [texts] if isinstance(texts, str) else list(texts)
    if len(texts) != count:
        raise ValueError(f"{count} pictures but {len(texts)} {what}: give one for each, None where there is none.")
    return texts


def _row(pictures: Sequence[Image.Image], captions: Sequence[str | None], width: int | None) -> Figure:
    """Draw pictures side by side, equally high, each in axes of its own without a frame."""
    gaps, aspects = GAP * (len(pictures) - 1), sum(picture.width / picture.height for picture in pictures)
    usual = 480 if len(pictures) == 1 else min(320 * len(pictures), LARGEST[0])
    high = max(1, round((width - gaps) / aspects if width else min((usual - gaps) / aspects, LARGEST[1])))
    widths = [max(1, round(high * picture.width / picture.height)) for picture in pictures]
    across, left = sum(widths) + gaps, 0
    figure = Figure(figsize=(across / DPI, high / DPI), dpi=DPI, facecolor="white")
    for number, (picture, caption, wide) in enumerate(zip(pictures, captions, widths, strict=True), 1):
        axes = figure.add_axes((left / across, 0, wide / across, 1))
        if picture.width > wide:
            picture = picture.resize((wide, high), Image.Resampling.LANCZOS)
        axes.imshow(picture, aspect="auto")
        axes.axis("off")
        words, columns = caption or "", max(6, wide // 8)
        title = axes.set_title(" ".join(words.split()), fontsize=10, pad=4, color="#1a1a1a")
        words = words if can_draw(title) else str(number)
        double = sum(east_asian_width(letter) in "WF" for letter in words)  # such as Hangul, which takes two columns
        title.set_text(textwrap.fill(words, columns // 2 if double and len(words) + double > columns else columns))
        left += wide + GAP
    return figure

"""Pictures on the page.

`show` puts pictures in a row and prints their numbers; `draw_grid` shows what a model gets of one, and what is counted
there (`grids.py` draws it); `draw_boxes` shows where things are (`boxes.py`).
"""

import re
import textwrap
from collections.abc import Callable
from unicodedata import east_asian_width

from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image

from ..encoding import Picture, PictureError, pixels, sources
from ..tokens import picture_tokens
from . import boxes as framing
from . import grids

FALLBACK_ALT = "Picture, {} x {} pixels"  # means that nobody described it; the tests refuse it in a lesson
LARGEST = (960, 720)  # pixels, on the page
GAP, DPI = 10, 100  # pixels between the pictures of a row, pixels an inch
FONTS = ["DejaVu Sans", "NanumGothic"]  # Latin letters and the minus sign from the first, Hangul from the second

# Asked in turn for the alt text of a picture when a call gives none: functions of the PIL image and the bytes of its
# file (or None) that return a text or None. A program with a catalogue of its own pictures adds one.
alt_text_sources: list[Callable[[Image.Image, bytes | None], str | None]] = []


def show(*pictures, captions=None, alt=None, width=None):
    """Show one or several pictures in a row, then print one line of numbers for each.

    A picture is what `encoding.open_picture` takes (but no web address), or what it gives. It is shown upright, as its
    EXIF data says; the printed width and height are its own, in pixels. captions and alt hold one text a picture (for
    a single picture a plain string will do). Without alt, the text comes from asset/SOURCES.csv if the picture is one
    of ours. width is that of the whole row in pixels: by default 480 for one picture, 320 each for more, at most 960,
    and 720 high.
    Raises PictureError for what can't be shown, and ValueError for a number of captions or alt texts that is not the
    number of pictures.
    """
    if not pictures:
        raise TypeError("show needs at least one picture: a path, the bytes of a picture file, or a PIL image.")
    count = len(pictures)
    captions, alts = _one_each(captions, "captions", count), _one_each(alt, "alt texts", count)
    upright, texts, lines = [], [], []
    for i, picture in enumerate(pictures):
        image, name, data = _open(picture)
        turned = pixels.upright(image)
        upright.append(pixels.flatten(turned))
        size = upright[i].size
        place = f"Picture {i + 1} of {count}{f' ({captions[i]})' if captions[i] else ''}: " if count > 1 else ""
        texts.append(place + (alts[i] or _known_alt(image, data) or FALLBACK_ALT.format(*size)))
        name = captions[i] or name or (f"picture {i + 1}" if count > 1 else "picture")
        change = ", turned upright (EXIF)" if turned is not image else ""
        lines.append(f"{' '.join(name.split())}: {_facts(image, size, ' pixels')}{change}")
    figure = _row(upright, captions, width)
    figure.set_label(" ".join(texts))
    display(figure)
    print(*lines, sep="\n")


def draw_grid(picture, model, detail="auto", *, alt=None, width=360):
    """Show a picture as `model` gets it at `detail`, under the tiles or patches that are counted; print the numbers.

    picture and alt are as for `show`, and a picture is upright, as `encoding.open_picture` sends it. width is that of
    the figure's longer side on the page, 100 to 960 pixels. Lines that would stand too close are left out, which the
    printed line says. The resize is Pillow's LANCZOS; what a service uses is not published.
    Raises PictureError for what can't be shown, and ValueError for a width, model or detail that is not known and for
    a picture that the model refuses. Warns (UserWarning) of a model that is shut down.
    """
    _check_width(width)
    image, _, data = _open(picture)
    upright = pixels.flatten(pixels.upright(image))
    counted = picture_tokens(*upright.size, model, detail)
    means = counted.rule.split(", ")[1]
    title = f"{model}, {detail}" + ("" if means == detail else f" (which is {means})")
    told = "no grid" if counted.grid == (0, 0) else grids.count(counted)
    told = f"{counted.size[0]} x {counted.size[1]} pixels, {told}, {counted.tokens:,} tokens"
    figure = grids.draw(upright, counted, f"{title}\n{told}", width)
    what = alt or _known_alt(image, data) or FALLBACK_ALT.format(*upright.size)
    figure.set_label(f"What the model gets ({title}): {told}. The picture: {what}")
    display(figure)
    print(*grids.words(counted, width), sep="\n")


def draw_boxes(picture, boxes, *, alt=None, width=None):
    """Show a picture with boxes drawn on it, numbered, then print the numbers of each: fractions, and pixels.

    picture and alt are as for `show`, and a picture is upright. boxes is a list, or one box: a dict or an object with
    x_min, y_min, x_max, y_max, which are fractions 0 to 1 of the upright picture's width and height from its top left
    corner, and a label if there is one (a text or an Enum). The pixels printed are the picture's own, rounded outward;
    right and bottom are the first beyond the box, as Image.crop takes them. width is that of the figure, 100 to 960
    pixels, by default 480; it is at most 720 high.
    Raises PictureError for what can't be shown, BoxError (a ValueError) for a box that can't be drawn, which it names,
    and ValueError for another width.
    """
    if width is not None:
        _check_width(width)
    image, _, data = _open(picture)
    upright = pixels.flatten(pixels.upright(image))
    checked = framing.check_boxes(boxes, upright.size)
    figure = framing.draw(upright, checked, width, FONTS)
    figure.set_label(framing.alt_text(checked, alt or _known_alt(image, data) or FALLBACK_ALT.format(*upright.size)))
    display(figure)
    print(*framing.words(checked, upright.size), sep="\n")


def _one_each(texts, what, count):
    texts = [None] * count if texts is None else [texts] if isinstance(texts, str) else list(texts)
    if len(texts) != count:
        raise ValueError(f"{count} pictures but {len(texts)} {what}: give one for each, None where there is none.")
    return texts


def _check_width(width):
    if not isinstance(width, int) or not 100 <= width <= LARGEST[0]:
        raise ValueError(f"width is a whole number of pixels from 100 to {LARGEST[0]}, not {width!r}.")


def _open(picture):
    """The PIL image, its file name or "", and the bytes of its file or None."""
    if isinstance(picture, str) and picture.strip().startswith(("http://", "https://")):
        raise PictureError("show takes the picture, not its address: get it first, show(requests.get(url).content).")
    image, name, data = sources.load_image(picture.data if isinstance(picture, Picture) else picture)
    return image, picture.origin if isinstance(picture, Picture) else name, data


def _known_alt(image, data=None):
    """The alt text that one of alt_text_sources has for a picture; None where nobody described it."""
    return next((alt for source in alt_text_sources if (alt := source(image, data))), None)


def _facts(image, size, unit=""):
    return ", ".join([f"{size[0]} x {size[1]}{unit}", image.mode, *filter(None, [image.format])])


def _row(pictures, captions, width):
    """A figure of the pictures side by side, equally high, each in axes of its own without a frame."""
    gaps, aspects = GAP * (len(pictures) - 1), sum(picture.width / picture.height for picture in pictures)
    usual = 480 if len(pictures) == 1 else min(320 * len(pictures), LARGEST[0])
    high = max(1, round((width - gaps) / aspects if width else min((usual - gaps) / aspects, LARGEST[1])))
    widths = [max(1, round(high * picture.width / picture.height)) for picture in pictures]
    across, left = sum(widths) + gaps, 0
    figure = Figure(figsize=(across / DPI, high / DPI), dpi=DPI, facecolor="white")
    for picture, caption, wide in zip(pictures, captions, widths, strict=True):
        axes = figure.add_axes((left / across, 0, wide / across, 1))
        if picture.width > wide:
            picture = picture.resize((wide, high), Image.Resampling.LANCZOS)
        axes.imshow(picture, aspect="auto")
        axes.axis("off")
        title = _wrap(caption or "", max(6, wide // 8), cut=True)
        axes.set_title(title, fontsize=10, pad=4, color="#1a1a1a", fontfamily=FONTS)
        left += wide + GAP
    return figure


def _wrap(text, columns, cut=False):
    """The text in lines of at most so many columns; lines that fit stay as they are, list items keep their indent."""
    lines = []
    for line in text.splitlines():
        # A NUL after each wide letter makes its length its width, so that textwrap, which counts letters, counts right.
        padded = "".join(letter + "\0" if east_asian_width(letter) in "WF" else letter for letter in line)
        indent = " " * len(re.match(r"\s*(?:(?:[-*•]|\d+[.)])\s+)?", line).group())
        # Chinese and Japanese have no spaces to break at, so long words with them are cut; an address stays whole.
        how = {"break_on_hyphens": False, "break_long_words": cut or "\0" in padded, "subsequent_indent": indent}
        lines += [padded] if len(padded) <= columns else textwrap.wrap(padded, columns, **how)
    return "\n".join(line.rstrip() for line in lines).replace("\0", "")


"""A picture as a model gets it, under the tiles or patches that are counted: drawn, and in words, for `plotting`."""

from matplotlib.figure import Figure
from PIL import Image

from ..tokens.counting import PATCH, TILE, PictureTokens

INK = "#d01c8b"  # seen on pale paper and on a dark sky
DPI, APART = 100, 8  # pixels an inch; grid lines that would be nearer than so many pixels are left out
LEAST = 24  # pixels on the page, for a picture that is only a line


def draw(image: Image.Image, counted: PictureTokens, title: str, side: int) -> Figure:
    """A figure of the picture and its grid, `side` pixels on the longer side; what is cut by the edge counts whole.

    The image is resized to what the model gets before it is fitted to the page, so what is lost there is lost here.
    """
    wide, high = extent = _extent(counted)
    page = [max(LEAST, round(length * side / max(extent))) for length in extent]
    figure = Figure(figsize=(page[0] / DPI, page[1] / DPI), dpi=DPI, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    image = image.resize(counted.size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    image.thumbnail((2 * side, 2 * side))  # the page shows no more, and matplotlib is slow with millions of pixels
    axes.imshow(image, extent=(0, counted.size[0], counted.size[1], 0), aspect="auto")
    if counted.grid != (0, 0):
        step = _unit(counted) * _every(counted, side)
        line = {"colors": INK, "linewidth": 0.6, "clip_on": False}
        axes.vlines([*range(0, wide, step), wide], 0, high, **line)
        axes.hlines([*range(0, high, step), high], 0, wide, **line)
    axes.set(xlim=(0, wide), ylim=(high, 0))
    axes.axis("off")
    axes.set_title(title, fontsize=10, pad=6, color="#1a1a1a")
    return figure


def words(counted: PictureTokens, side: int) -> list[str]:
    """The numbers of the figure, a line each: how the picture shrinks, what is counted, what it costs."""
    sizes = " -> ".join(f"{width} x {height}" for width, height in counted.sizes)
    unit, every = _unit(counted), _every(counted, side)
    grid = f"{count(counted)} of {unit} x {unit} pixels" + (f"; every {every}th line is drawn" if every > 1 else "")
    return [
        counted.rule,
        f"size:   {sizes} pixels" + ("" if len(counted.sizes) > 1 else ", as it is sent"),
        f"grid:   {'none; the small picture has one price' if counted.grid == (0, 0) else grid}",
        f"tokens: {counted.tokens:,} (estimated)",
        *(f"note:   {note}" for note in counted.notes),
    ]


def count(counted: PictureTokens) -> str:
    """What is counted, such as "11 x 16 = 176 patches"."""
    across, down = counted.grid
    plural = {"tile": "tiles", "patch": "patches"}[counted.unit]
    return f"{across} x {down} = {across * down:,} {counted.unit if across * down == 1 else plural}"


def _unit(counted: PictureTokens) -> int:
    return TILE if counted.unit == "tile" else PATCH


def _extent(counted: PictureTokens) -> tuple[int, int]:
    """Width and height in pixels of the picture with all of its last tiles or patches."""
    across, down = counted.grid
    return (across * _unit(counted), down * _unit(counted)) if across else counted.size


def _every(counted: PictureTokens, side: int) -> int:
    """1 if every line of the grid is drawn, 5 if every fifth, and so on."""
    apart = _unit(counted) * side / max(_extent(counted))
    return next(every for every in (1, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000) if every * apart >= APART)

"""Show a picture as a model gets it, under the tiles or patches that are counted."""

from matplotlib.figure import Figure
from PIL import Image

from ..tokens.counting import PATCH, TILE, PictureTokens, picture_tokens
from .show import open_upright, picture_figure, put_on_page

INK = "#d01c8b"  # seen on pale paper and on a dark sky


def draw_grid(picture, model: str, detail: str = "auto", *, alt: str | None = None, width: int = 360) -> None:
    """Show a picture as `model` gets it at `detail`, under the tiles or patches that are counted; print the numbers.

    The resize is Pillow's LANCZOS; what a service uses is not published. Warns (UserWarning) of a model shut down.

    Args:
        picture, alt: as for `show`; the picture is upright, as `encoding.open_picture` sends it.
        width: of the figure's longer side on the page, 100 to 960 pixels.
    Raises:
        PictureError, ValueError: for what can't be shown; for a bad width, model or detail, and a picture it refuses.
    """
    image, _, _, alt = open_upright(picture, alt, width)
    counted = picture_tokens(*image.size, model, detail)
    resolved = counted.rule.split(", ")[1]
    title = f"{model}, {detail}" + ("" if resolved == detail else f" (which is {resolved})")
    numbers = f"{counted.size[0]} x {counted.size[1]} pixels, {_layout(counted, width)[0]}, {counted.tokens:,} tokens"
    alt = f"What the model gets ({title}): {numbers}. The picture: {alt}"
    put_on_page(draw(image, counted, f"{title}\n{numbers}", width), alt, describe(counted, width))


def draw(image: Image.Image, counted: PictureTokens, title: str, side: int) -> Figure:
    """Draw the picture and its grid, `side` pixels on the longer side; what is cut by the edge counts whole."""
    _, unit, (wide, high), every = _layout(counted, side)
    page = [max(24, round(length * side / max(wide, high))) for length in (wide, high)]  # 24 for what is only a line
    # To what the model gets first, and then to the page: what is lost there is lost here.
    image = image.resize(counted.size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    image.thumbnail((2 * side, 2 * side))  # the page shows no more, and matplotlib is slow with millions of pixels
    figure, axes = picture_figure(image, page, [*counted.size], [wide, high])
    if counted.grid != (0, 0):
        axes.vlines([*range(0, wide, unit * every), wide], 0, high, colors=INK, linewidth=0.6, clip_on=False)
        axes.hlines([*range(0, high, unit * every), high], 0, wide, colors=INK, linewidth=0.6, clip_on=False)
    axes.set_title(title, fontsize=10, pad=6, color="#1a1a1a")
    return figure


def describe(counted: PictureTokens, side: int) -> list[str]:
    """Return the figure's numbers, a line each: how the picture shrinks, what is counted, what it costs."""
    sizes = " -> ".join(f"{width} x {height}" for width, height in counted.sizes)
    grid, unit, _, every = _layout(counted, side)
    grid += f" of {unit} x {unit} pixels" + (f"; every {every}th line is drawn" if every > 1 else "")
    return [
        counted.rule,
        f"size:   {sizes} pixels" + ("" if len(counted.sizes) > 1 else ", as it is sent"),
        f"grid:   {'none; the small picture has one price' if counted.grid == (0, 0) else grid}",
        f"tokens: {counted.tokens:,} (estimated)",
        *(f"note:   {note}" for note in counted.notes),
    ]


def _layout(counted: PictureTokens, side: int) -> tuple[str, int, tuple[int, int], int]:
    """Return the grid in words, the side of a unit and the size of all in pixels, 5 if each fifth line is drawn."""
    unit, (across, down) = {"tile": TILE, "patch": PATCH}[counted.unit], counted.grid
    names = counted.unit if across * down == 1 else {"tile": "tiles", "patch": "patches"}[counted.unit]
    grid = f"{across} x {down} = {across * down:,} {names}" if across else "no grid"
    extent = (across * unit, down * unit) if across else counted.size
    steps = (1, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
    every = next(step for step in steps if step * unit * side / max(extent) >= 8)  # pixels on the page
    return grid, unit, extent, every

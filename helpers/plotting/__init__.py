"""Pictures, boxes, tiles and patches on the page, each with alt text and its numbers in print.

    >>> from helpers.plotting import iou
    >>> half = {"x_min": 0, "y_min": 0, "x_max": 0.5, "y_max": 1}
    >>> iou(half, half | {"x_max": 1})
    0.5

`show("cat.jpg", "dog.jpg")` puts pictures in a row, `draw_grid("cat.jpg", "gpt-4o")` shows the tiles or patches that a
model counts, `draw_boxes("cat.jpg", [half])` draws boxes and raises `BoxError`, a ValueError, for a bad one. A program
adds to the list `alt_text_sources` what finds the alt text of its own pictures.
"""

from .boxes import BoxError, draw_boxes, iou
from .grids import draw_grid
from .show import alt_text_sources, show

__all__ = ["BoxError", "alt_text_sources", "draw_boxes", "draw_grid", "iou", "show"]

"""Pictures, boxes, tiles and patches on the page, each with alt text and its numbers in print.

    >>> from helpers.plotting import iou
    >>> half = {"x_min": 0, "y_min": 0, "x_max": 0.5, "y_max": 1}
    >>> iou(half, half | {"x_max": 1})
    0.5

`show("cat.jpg")` puts pictures in a row, `draw_grid("cat.jpg", "gpt-4o")` shows what a model counts, and
`draw_boxes("cat.jpg", [half])` draws boxes or raises `BoxError`. Add to `alt_text_sources` what knows your pictures.
"""

from .boxes import BoxError, draw_boxes, iou, to_fractions
from .grids import draw_grid
from .show import alt_text_sources, show

__all__ = ["BoxError", "alt_text_sources", "draw_boxes", "draw_grid", "iou", "show", "to_fractions"]

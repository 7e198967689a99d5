"""Pictures, boxes, tiles and patches on the page, each with alt text and its numbers in print.

    >>> from helpers.plotting import to_fractions
    >>> to_fractions([250, 100, 750, 500], "yxyx", (1000, 1000))
    {'x_min': 0.1, 'y_min': 0.25, 'x_max': 0.5, 'y_max': 0.75}

`show("cat.jpg")` puts pictures in a row, `draw_grid("cat.jpg", "gpt-4o")` shows what a model counts, and
`draw_boxes("cat.jpg", boxes)` draws boxes or raises `BoxError`. Add to `alt_text_sources` what knows your pictures.
"""

from .boxes import BoxError, draw_boxes, to_fractions
from .grids import draw_grid
from .show import alt_text_sources, show

__all__ = ["BoxError", "alt_text_sources", "draw_boxes", "draw_grid", "show", "to_fractions"]

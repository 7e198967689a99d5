"""Pictures, boxes, tiles and patches on the page, each with alt text and numbers.

show        pictures in a row
draw_grid   a picture as a model gets it, under the tiles or patches that are counted
draw_boxes  a picture with boxes on it
"""

from .boxes import BoxError
from .show import alt_text_sources, draw_boxes, draw_grid, show

__all__ = ["BoxError", "alt_text_sources", "draw_boxes", "draw_grid", "show"]

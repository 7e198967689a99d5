"""Any picture, checked and made ready to send.

>>> from PIL import Image
>>> picture = open_picture(Image.new("RGB", (1200, 800), "navy"), max_side=300)
>>> picture.media_type, picture.width, picture.height, picture.changes
('image/png', 300, 200, ('shrunk from 1200 x 800', 'encoded as PNG'))
"""

from .picture import DETAILS, MAX_BYTES, Picture, open_picture
from .pixels import PictureError

__all__ = ["DETAILS", "MAX_BYTES", "Picture", "PictureError", "open_picture"]

"""Any picture, checked and made ready to send.

`sources.py` reads bytes, `formats.py` checks and strips files, `pixels.py` makes pixels plain, `picture.py` is the way.

>>> from PIL import Image
>>> picture = open_picture(Image.new("RGB", (1200, 800), "navy"), max_side=300)
>>> picture.media_type, picture.width, picture.height, picture.changes
('image/png', 300, 200, ('shrunk from 1200 x 800', 'encoded as PNG'))
>>> picture.data_url[:22]
'data:image/png;base64,'
"""

from .picture import DETAILS, MAX_BYTES, Picture, PictureError, open_picture

__all__ = ["DETAILS", "MAX_BYTES", "Picture", "PictureError", "open_picture"]

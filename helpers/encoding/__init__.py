"""Any picture, checked and made ready to send.

    picture = open_picture("holiday.jpg", max_side=1024)
    content = [{"type": "text", "text": "Where is this?"}, picture.chat_part("low")]
"""

from .picture import DETAILS, MAX_BYTES, Picture, PictureError, open_picture

__all__ = ["DETAILS", "MAX_BYTES", "Picture", "PictureError", "open_picture"]

"""What bytes are that are no picture we can open, and what to do about it."""

import re
from codecs import getincrementaldecoder
from contextlib import suppress


class PictureError(ValueError):
    """A picture that can't be sent; the message says what it is, why not, and what to do."""


# How files begin (ISO base media files name their kind after `ftyp`), what they are, and the way out. First fit wins.
_CUT = "but it is cut off or damaged. Get it again from where it came from."
_KINDS = [
    (rb".{4}ftyp(avi[fs]|mi[af]1.{0,40}avif)", "an AVIF picture that is cut off or damaged, or that this Python can't "
     "open. Get it again, or save it as JPEG or PNG."),
    (rb".{4}ftyp(hei[cxmsf]|hev[cx]|mif1|msf1)", "a HEIC photo, which this Python can't open. On the phone choose "
     "JPEG (iPhone: Camera, Formats, Most Compatible), or: pip install pillow-heif, then "
     "pillow_heif.register_heif_opener()."),
    (rb".{4}ftypcrx|FUJIFILMCCD-RAW|IIRO|IIU\0", "a camera's raw picture. Export it as JPEG."),
    (rb".{4}(ftyp|moov|mdat)|\x1aE\xdf\xa3|RIFF.{4}AVI |FLV|\x00\x00\x01[\xb3\xba]",
     "a film, not a picture. Take a frame out of it first."),
    (rb"\xff\x0a|\x00{3}\x0cJXL ", "a JPEG XL picture, which Pillow can't open. Save it as JPEG or PNG."),
    (rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!doctype html|<html|<head|<body)",
     "a web page, not a picture. Copy the address of the picture itself."),
    (rb"(\xef\xbb\xbf)?\s*(<svg|<(\?xml|!--|!doctype svg).*<svg)",
     "an SVG drawing, made of lines and no pixels. Export it as PNG, in a browser or a drawing program."),
    (rb"%PDF", "a PDF document. Make a picture of the page you mean first."),
    (rb"%!PS|\xc5\xd0\xd3\xc6", "a PostScript drawing. Export it as PNG."),
    (rb"8BPS", "a Photoshop file. Export it as PNG or JPEG."),
    (rb"PK\x03\x04|\x1f\x8b|Rar!|7z\xbc\xaf", "an archive. Unpack it first, and give one picture in it."),
    (rb"\s*[\[{]", "JSON text, perhaps an error message of the service it came from. Read it."),
    (rb"\s*data:image/", "a data URL. Give it as str, not as bytes."),
    (rb"\s*(iVBORw0KGgo|/9j/|R0lGOD|UklGR)", "base64 of a picture. Give the bytes: base64.b64decode(text)."),
    (rb"version https://git-lfs", "a pointer of Git LFS instead of the file. Fetch it with: git lfs pull"),
    (rb"\x89PNG", f"a PNG by its first bytes, {_CUT}"),
    (rb"\xff\xd8", f"a JPEG by its first bytes, {_CUT}"),
    (rb"GIF8", f"a GIF by its first bytes, {_CUT}"),
    (rb"RIFF.{4}WEBP|RIFF.{0,8}$", f"a WebP by its first bytes, {_CUT}"),
    (rb"RIFF.{4}WAVE|ID3|OggS|fLaC|\xff\xfb", "a sound, not a picture."),
    (rb"BM.{4}\0{4}", f"a BMP by its first bytes, {_CUT}"),
    (rb"II[*+]\x00|MM\x00[*+]", f"a TIFF or a camera's raw picture, {_CUT} Raw pictures: export them as JPEG."),
]  # fmt: skip


def why_no_picture(data: bytes) -> str:
    """One or two sentences about bytes that Pillow could not open, for a PictureError."""
    for begins, said in _KINDS:
        if re.match(begins, data[:1000], re.S | re.I):
            return f"this is {said}"
    with suppress(UnicodeDecodeError):
        text = getincrementaldecoder("utf-8")().decode(data[:1000])  # which may end within a letter
        if all(letter.isprintable() or letter.isspace() for letter in text):
            return "this is text, not a picture. Open it in an editor to see what it says."
    return f"these {len(data):,} bytes are no picture that Pillow can open. Save it as PNG or JPEG."

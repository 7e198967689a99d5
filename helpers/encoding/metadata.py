"""A picture file without everything that only speaks about the picture: places, dates, names, comments, thumbnails.

`bare` works on the file's own pieces and touches no pixel. It keeps what a decoder needs (an allow-list), so a kind of
metadata that nobody has thought of yet is dropped as well, and so is whatever follows the end of the picture.
"""

import re
from collections.abc import Iterator
from zlib import crc32


def bare(data: bytes, kind: str) -> bytes | None:
    """The same picture with nothing but its pixels and the pieces needed to decode them.

    `kind` is Pillow's name of the format: JPEG, MPO, PNG, GIF or WEBP. None when the file is built in a way this
    module does not know; then only decoding and encoding again gives a clean picture. Equal to `data` when there was
    nothing to drop. Colour profiles are dropped too: convert the colours first, unless they are sRGB.
    """
    walk = {"JPEG": _jpeg, "MPO": _jpeg, "PNG": _png, "GIF": _gif, "WEBP": _webp}.get(kind)
    try:
        return b"".join(walk(data)) if walk else None
    except (ValueError, IndexError):
        return None


def _number(data: bytes, at: int, length: int, order: str) -> int:
    if at + length > len(data):
        raise ValueError("cut off")
    return int.from_bytes(data[at : at + length], order)


def _piece(data: bytes, begin: int, end: int) -> bytes:
    if end > len(data):
        raise ValueError("cut off")
    return data[begin:end]


# Inside a scan FF is followed by 00, a restart marker or more FF; anything else ends it. (ITU-T T.81, annex B)
_END_OF_SCAN = re.compile(rb"\xff+(?=[^\x00\xff\xd0-\xd7])")


def _jpeg(data: bytes) -> Iterator[bytes]:
    """Segments, without the application's own (EXIF, XMP, IPTC, profiles, previews) and comments."""
    yield data[:2]
    at = 2
    while True:
        while data[at : at + 2] == b"\xff\xff":  # fill bytes
            at += 1
        marker = _number(data, at, 2, "big")
        if marker == 0xFFD9:
            yield data[at : at + 2]
            return  # what follows is no part of the picture: previews, a second photo, a film
        if marker < 0xFFC0 or 0xFFD0 <= marker <= 0xFFD8:
            raise ValueError("no marker")
        end = at + 2 + _number(data, at + 2, 2, "big")
        piece = _piece(data, at, end)
        # The two that matter for decoding, in their plain form: JFIF without a thumbnail, and Adobe's colour transform.
        jfif = marker == 0xFFE0 and piece[4:9] == b"JFIF\0" and len(piece) == 18
        adobe = marker == 0xFFEE and piece[4:9] == b"Adobe"
        if adobe and len(piece) != 16:
            raise ValueError("an unknown form of the Adobe segment")
        if jfif or adobe or not (0xFFE0 <= marker <= 0xFFEF or marker >= 0xFFF0):
            yield piece
        if marker == 0xFFDA:
            found = _END_OF_SCAN.search(data, end)
            if not found:
                raise ValueError("cut off")
            yield data[end : found.end() - 1]
            end = found.end() - 1
        at = end


# What is kept, and how many bytes it may have: a longer one holds something else.
_PNG_CHUNKS = {b"IHDR": 13, b"PLTE": 768, b"tRNS": 256, b"IDAT": 2**31, b"IEND": 0, b"gAMA": 4, b"cHRM": 32, b"sRGB": 1,
               b"sBIT": 4, b"bKGD": 6, b"pHYs": 9}  # fmt: skip


def _png(data: bytes) -> Iterator[bytes]:
    """The chunks that hold and explain pixels. (W3C PNG, third edition, section 11)"""
    yield data[:8]
    at, kind = 8, b""
    while kind != b"IEND":
        end = at + 12 + _number(data, at, 4, "big")
        kind, piece = data[at + 4 : at + 8], _piece(data, at, end)
        if kind in _PNG_CHUNKS:
            # Pillow does not mind a wrong checksum of pixels; browsers and other readers do.
            if len(piece) - 12 > _PNG_CHUNKS[kind] or crc32(piece[4:-4]) != _number(piece, len(piece) - 4, 4, "big"):
                raise ValueError("a damaged chunk")
            yield piece
        at = end


def _gif(data: bytes) -> Iterator[bytes]:
    """Tables, images and how to draw them; no comments, no text, no application's extension. (GIF89a, 1990)"""

    def table(flags: int) -> int:
        return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0

    def after_blocks(at: int) -> int:
        while size := data[at]:
            at += size + 1
        return at + 1

    at = 13 + table(data[10])
    yield _piece(data, 0, at)
    while (label := data[at]) != 0x3B:
        if label == 0x2C:
            end = after_blocks(at + 10 + table(data[at + 9]) + 1)
        elif label == 0x21:
            end = after_blocks(at + 2)
        else:
            raise ValueError("no block")
        if label == 0x2C or (data[at + 1] == 0xF9 and end - at == 8):
            yield _piece(data, at, end)
        at = end
    yield b"\x3b"


def _webp(data: bytes) -> Iterator[bytes]:
    """The chunks that hold pixels, in a RIFF of their size. (RFC 9649)"""
    end, at, kept = 8 + _number(data, 4, 4, "little"), 12, []
    while at < end:
        size = _number(data, at + 4, 4, "little")
        kind, piece = data[at : at + 4], _piece(data, at, at + 8 + size)
        if kind in (b"ANIM", b"ANMF"):
            raise ValueError("an animation, if only of one frame: its pixels lie inside that frame")
        if kind == b"VP8X":
            # Its flags announce the chunks that follow; of those, alpha (0x10) is all that stays.
            piece = piece[:8] + bytes([piece[8] & 0x10]) + piece[9:]
        if kind in (b"VP8 ", b"VP8L", b"VP8X", b"ALPH"):
            kept.append(piece + b"\0" * (size % 2))
        at += 8 + size + size % 2
    body = b"WEBP" + b"".join(kept)
    yield b"RIFF" + len(body).to_bytes(4, "little") + body

"""A picture fit to send: whatever was given, as bytes that an API takes, and as a part of a request."""

import base64
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from numbers import Integral

from PIL import Image, ImageColor, JpegImagePlugin

from ..tokens import picture_tokens, price
from . import formats, pixels, sources
from .formats import MEDIA_TYPES, PictureError, refuse, shorten

# A data URL of 20,971,520 characters: the one limit for a picture in OpenAI's API description (read on 2026-08-21).
MAX_BYTES = (20_971_520 - len("data:image/jpeg;base64,")) // 4 * 3
MAX_SIDE = 65_500  # pixels: what libjpeg encodes, just below the largest limit of any `detail`, 65,535
DETAILS = ("auto", "low", "high", "original")


@dataclass(frozen=True)
class Picture:
    """A checked picture. `width` and `height` are pixels of what is sent, `data` its bytes, of type `media_type`.

    `origin` says where it came from (of an address without its query), `changes` what was done to it on the way.
    """

    data: bytes = field(repr=False)
    media_type: str
    width: int
    height: int
    origin: str
    changes: tuple[str, ...] = ()

    @property
    def data_url(self) -> str:
        """`data:image/png;base64,…`: the whole picture as text, 4 characters for every 3 bytes."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode()}"

    def chat_part(self, detail: str = "auto") -> dict:
        """Make a content part for Chat Completions. Raises PictureError for a detail that no model knows."""
        return {"type": "image_url", "image_url": {"url": self.data_url, "detail": _check_detail(detail)}}

    def input_item(self, detail: str = "auto") -> dict:
        """Make an input item for Responses, whose types require detail. Raises PictureError for an unknown one."""
        return {"type": "input_image", "image_url": self.data_url, "detail": _check_detail(detail)}

    def estimate(self, model: str, detail: str = "auto") -> str:
        """Say in one line what the picture alone costs by the model's published rule, or why that is unknown."""
        what = f"{self.width} x {self.height} pixels at {_check_detail(detail)}, {model}:"
        try:
            what += f" {(counted := picture_tokens(self.width, self.height, model, detail).tokens):,} picture tokens,"
            return f"{what} {price(model, counted, 0):.4f} US cents (estimated)"
        except ValueError as error:  # a model of one's own is in no table, and its answers are welcome all the same
            return f"{what}{'' if what[-1] == ',' else ' no estimate,'} {str(error).partition('; known: ')[0]}"

    def __str__(self) -> str:
        what = f"{self.origin}: {self.media_type}, {self.width} x {self.height} pixels, {len(self.data):,} bytes"
        return f"{what} ({', '.join(self.changes) or 'unchanged'})"


def open_picture(
    source, *, max_side=None, frame=None, background="white", format=None, max_bytes=MAX_BYTES, timeout=60
) -> Picture:
    """Check a picture and make it ready to send: upright, in sRGB, without metadata (GPS, names, dates).

    Formats that no API takes, and GIF, become PNG, or JPEG if they look like a photograph. When nothing has to change,
    the file's own bytes are kept. Warns of a picture that will look wrong: HDR, nearly black, perhaps on its side.

    Args:
        source: a path, bytes, a PIL image, an open binary file, base64, a data URL, or an http(s) address to download.
        max_side: pixels of the longer side, to which a larger picture is shrunk.
        frame: which frame of an animation, or page; 0 is the first.
        background: the colour, as Pillow names it, behind a transparent picture.
        format: "JPEG" or "PNG", for a server that reads no WebP; None for what suits the picture.
        max_bytes, timeout: how many bytes may result; seconds for a whole download.
    Raises:
        PictureError: it can't be sent; the message says what it is, why not, and what to do.
    """
    _check_options(max_side, frame, background, format, max_bytes)
    image, name, data, stripped = sources.open_source(source, timeout)
    with formats.explain_damage(name):
        changes, kind = _choose_frame(image, data, frame), "JPEG" if image.format == "MPO" else image.format or ""
        size, target, orientation = image.size, _fit(image.size, max_side), pixels.orientation(image)
        formats.check_image(image)  # again, for a page has its own size
        refuse(max(target) > MAX_SIDE, f"{target} pixels; a side has at most {MAX_SIDE:,}. Use max_side.")
        if data:  # a JPEG can be read at an eighth, to see that it is whole, or at what leaves a little to resize
            stays = stripped and target == size and orientation == 1 and image.mode in ("L", "RGB") and format != "PNG"
            image.draft(None, (1, 1) if stays else (5 * target[0] // 4, 5 * target[1] // 4))
        image.load()  # before anything else asks for it: what is damaged fails once, and passes the second time
        seen_alike = not data or formats.check_pixels(image, data, name)
        plain, colours = pixels.make_plain(image, background)
        changes += [*colours, "turned upright"] if orientation != 1 else colours
        changes += ["shrunk from {} x {}".format(*size[:: -1 if orientation > 4 else 1])] if target != size else []
        notes = ["metadata dropped"] if stripped not in (data, b"") else []
        if stripped and seen_alike and not changes and format in (None, kind):
            picture = Picture(stripped, MEDIA_TYPES[kind], *size, name, tuple(notes))
        else:
            options: dict = {"quality": 90}
            tables = [table for _, table in sorted(vars(image).get("quantization", {}).items())]
            if tables and plain.mode == image.mode and plain.size == target:  # a JPEG stays neither coarser nor larger
                options = {"qtables": tables, "subsampling": JpegImagePlugin.get_sampling(image)}
            into = format or ("JPEG" if kind == "JPEG" or _looks_like_a_photograph(plain) else "PNG")
            made = plain.resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0) if plain.size != target else plain
            made = made.copy() if made is image and not data else made  # the caller's
            turn = pixels.TURNS.get(orientation if kind != "TIFF" else 1)  # which Pillow turns itself
            del image, plain  # up to 480 MB each
            made = made.transpose(turn) if turn is not None else made
            made.info = {}  # Pillow would write some of it: comments, profiles
            made.save(file := BytesIO(), into, **options)
            changes += [] if data and kind == into else [f"{kind} made {into}" if data else f"encoded as {into}"]
            changes = [*notes, *changes] or ["saved again"]
            picture = Picture(file.getvalue(), MEDIA_TYPES[into], *made.size, name, tuple(changes))
    what = f"{name}: {len(picture.data):,} bytes to send, over the limit of {max_bytes:,}"
    refuse(len(picture.data) > max_bytes, f"{what}. Shrink it: max_side={max(picture.width, picture.height) // 2}.")
    return picture


def _check_options(max_side, frame, background, format, max_bytes):
    for option, value, least in (("max_side", max_side, 1), ("frame", frame, 0), ("max_bytes", max_bytes, 1)):
        why = f"{option} is a whole number, at least {least}, not {shorten(repr(value))}."
        refuse(value is not None and (not isinstance(value, Integral) or isinstance(value, bool) or value < least), why)
    refuse(format not in (None, "JPEG", "PNG"), f"format is 'JPEG' or 'PNG', not {shorten(repr(format))}.")
    try:
        ImageColor.getcolor(background, "RGB")
    except (ValueError, AttributeError, TypeError):
        raise PictureError(f"{shorten(repr(background))} is no colour; try 'white' or '#f0e0c0'.") from None


def _check_detail(detail: str) -> str:
    refuse(detail not in DETAILS, f"detail is one of {', '.join(DETAILS)}, not {shorten(repr(detail))}.")
    return detail


def _choose_frame(image, data, frame) -> list[str]:
    """Go to the frame asked for. MPO is what phones make of a photo with a preview, and not an animation."""
    several = bool(data) and image.format != "MPO" and getattr(image, "is_animated", False)
    refuse(several and frame is None, "several frames or pages, and only one can be sent. Choose it, say frame=0.")
    with suppress(EOFError):  # to go to the 10,000th takes minutes: time grows with the square
        image.seek(frame if several and frame < 10_000 else image.tell())
    refuse(frame and image.tell() != frame, f"there is no frame {frame}; they are counted from 0.")
    return [f"frame {frame}"] * several


def _fit(size: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    if not max_side or max(size) <= max_side:
        return size
    width, height = (max(1, (2 * side * max_side + max(size)) // (2 * max(size))) for side in size)  # rounded half up
    return width, height


def _looks_like_a_photograph(image) -> bool:
    """Does PNG need more than twice the bytes of JPEG? (Measured: photographs 3.4 to 6.5, screenshots 0.8 to 1.2.)"""
    sample, sizes = image.resize(_fit(image.size, 400), Image.Resampling.NEAREST), []
    for kind in ("PNG", "JPEG"):
        sample.save(file := BytesIO(), kind, quality=90)
        sizes.append(file.tell())
    return image.width * image.height >= 100 * 100 and sizes[0] > 2 * sizes[1]  # icons are too small to tell

"""A picture fit to send: whatever was given, as bytes that an API takes, and as a part of a request."""

import base64
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image, ImageColor, JpegImagePlugin

from ..tokens import picture_tokens, price
from . import pixels, sources
from .pixels import MEDIA_TYPES, refuse, shorten

# A data URL of 20,971,520 characters: the one limit for a picture in OpenAI's API description (read on 2026-08-21).
MAX_BYTES = (20_971_520 - len("data:image/jpeg;base64,")) // 4 * 3
DETAILS = ("auto", "low", "high", "original")
_NOTES = {"exif", "xmp", "icc_profile", "comment", "photoshop"}  # as Pillow names them


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
        """The whole picture as text, a data URL of 4 characters for every 3 bytes."""
        return f"data:{self.media_type};base64,{base64.b64encode(self.data).decode()}"

    def chat_part(self, detail: str = "auto") -> dict:
        """Make a content part for Chat Completions. Raises PictureError for a detail that no model knows."""
        return {"type": "image_url", "image_url": {"url": self.data_url, "detail": _check_detail(detail)}}

    def input_item(self, detail: str = "auto") -> dict:
        """Make an input item for Responses, whose types require detail. Raises PictureError for an unknown one."""
        return {"type": "input_image", "image_url": self.data_url, "detail": _check_detail(detail)}

    def estimate(self, model: str, detail: str = "auto") -> str:
        """Say in one line what the picture alone costs by the model's published rule, or why that is unknown."""
        what, known = f"{self.width} x {self.height} pixels at {_check_detail(detail)}, {model}", "no estimate"
        try:
            known = f"{(counted := picture_tokens(self.width, self.height, model, detail).tokens):,} picture tokens"
            return f"{what}: {known}, {price(model, counted, 0):.4f} US cents (estimated)"
        except ValueError as error:  # a model of one's own is in no table, and its answers are welcome all the same
            return f"{what}: {known}, {str(error).partition('; known: ')[0]}"

    def __str__(self) -> str:
        what = f"{self.origin}: {self.media_type}, {self.width} x {self.height} pixels, {len(self.data):,} bytes"
        return f"{what} ({', '.join(self.changes) or 'unchanged'})"


def open_picture(source, *, max_side=None, frame=None, background="white", format=None, timeout=60) -> Picture:
    """Check a picture and make it ready to send: upright, in sRGB, without metadata (GPS, names, dates).

    Formats that no API takes, and GIF, become PNG, or JPEG if they look like a photograph. When nothing has to change,
    the file's own bytes are kept. Warns of a picture that will look wrong: HDR, nearly black, perhaps on its side.

    Args:
        source: a path, bytes, a PIL image, an open binary file, base64, a data URL, or an http(s) address to download.
        max_side: pixels of the longer side, to which a larger picture is shrunk.
        frame: which frame of an animation, or page; 0 is the first.
        background: the colour, as Pillow names it, behind a transparent picture.
        format: "JPEG" or "PNG", for a server that reads no WebP; None for what suits the picture.
        timeout: seconds for a whole download.
    Raises:
        PictureError: it can't be sent; the message says what it is, why not, and what to do.
        ValueError: there is no such background.
    """
    ImageColor.getrgb(background)
    for option, value, least, most in (("max_side", max_side, 1, 65_500), ("frame", frame, 0, 9_999)):  # JPEG; minutes
        fine = value is None or (hasattr(value, "__index__") and least <= int(value) <= most)
        refuse(not fine, f"{option} is a whole number from {least} to {most:,}, not {shorten(repr(value))}.")
    refuse(format not in (None, "JPEG", "PNG"), f"format is 'JPEG' or 'PNG', not {shorten(repr(format))}.")
    image, name, data, own = sources.open_source(source, timeout)
    with pixels.explain_damage(name, data):
        kind, changes = image.format or "", list[str]()
        if data and getattr(image, "is_animated", False):
            refuse(frame is None, "several frames or pages, and only one can be sent. Choose it, say frame=0.")
            changes = [f"frame {frame}"]
            with suppress(EOFError):
                image.seek(frame)
        refuse(frame and image.tell() != frame, f"there is no frame {frame}; they are counted from 0.")
        pixels.check_image(image)  # again, for a page has its own size
        size, turned = image.size, pixels.orientation(image)
        share = min(1, max_side / max(size)) if max_side else 1
        target = max(1, round(size[0] * share)), max(1, round(size[1] * share))
        if data:  # a JPEG can be read at an eighth where that will do, or at what leaves a little to resize
            stays = own and target == size and format != "PNG"
            image.draft(None, (1, 1) if stays else (5 * target[0] // 4, 5 * target[1] // 4))
        image.load()  # before anything else asks for it: what is damaged fails once, and passes the second time
        plain, colours = pixels.make_plain(image, background)
        if data or colours:  # the frames of a film may well be black
            pixels.warn_of_pixels(image, plain, data, name)
        changes += [*colours, "turned upright"] if turned != 1 else colours
        changes += ["shrunk from {} x {}".format(*size[:: -1 if turned > 4 else 1])] if target != size else []
        notes = ("metadata dropped",) if data and (own not in (data, b"") or _NOTES & image.info.keys()) else ()
        if own and not changes and format in (None, kind):
            picture = Picture(own, MEDIA_TYPES[kind], *size, name, notes)
        else:
            tables = [table for _, table in sorted(getattr(image, "quantization", {}).items())]
            alike = tables and plain.mode == image.mode and plain.size == target  # a JPEG, neither coarser nor larger
            how = {"qtables": tables, "subsampling": JpegImagePlugin.get_sampling(image)} if alike else {"quality": 90}
            into = format or ("JPEG" if kind in ("JPEG", "MPO") or _looks_like_a_photograph(plain) else "PNG")
            made = plain.resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0) if plain.size != target else plain
            made = made.copy() if made is image and not data else made  # the caller's
            del image, plain  # up to 480 MB each
            made = made.transpose(pixels.TURNS[turned]) if turned != 1 else made
            made.info = {}  # Pillow would write some of it: comments, profiles
            made.save(file := BytesIO(), into, **how)
            changes += [] if data and kind == into else [f"{kind} made {into}" if data else f"encoded as {into}"]
            done = (*notes, *changes) or ("saved again",)
            picture = Picture(file.getvalue(), MEDIA_TYPES[into], *made.size, name, done)
    what = f"{name}: {len(picture.data):,} bytes to send, over the limit of {MAX_BYTES:,}"
    refuse(len(picture.data) > MAX_BYTES, f"{what}. Shrink it: max_side={max(picture.width, picture.height) // 2}.")
    return picture


def _check_detail(detail: str) -> str:
    refuse(detail not in DETAILS, f"detail is one of {', '.join(DETAILS)}, not {shorten(repr(detail))}.")
    return detail


def _looks_like_a_photograph(image) -> bool:
    """Does PNG need more than twice the bytes of JPEG? (Measured: photographs 3.4 to 6.5, screenshots 0.8 to 1.2.)"""
    sample = image.resize([min(side, 400) for side in image.size], Image.Resampling.NEAREST)
    sample.save(png := BytesIO(), "PNG")
    sample.save(jpeg := BytesIO(), "JPEG", quality=90)
    return image.width * image.height >= 100 * 100 and png.tell() > 2 * jpeg.tell()  # icons are too small to tell

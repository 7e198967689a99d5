"""Any picture, encoded right: a file, bytes, a PIL image or an address in; a checked picture, ready to send, out.

    picture = open_picture("holiday.jpg", max_side=1024)
    content = [{"type": "text", "text": "Where is this?"}, picture.chat_part("low")]

What a picture is comes from its bytes, never from its name, and what an API would refuse is refused here first, with a
sentence that says what to do. `sources.py` reads and opens, `refusals.py` knows what else a file can be, `metadata.py`
takes from a file what only speaks about the picture, `pixels.py` makes its pixels plain; here all that comes together.
"""

import base64
from dataclasses import dataclass, field
from io import BytesIO
from operator import index

from PIL import Image, ImageColor, JpegImagePlugin

from ..tokens import picture_tokens, price
from . import pixels
from .metadata import bare
from .refusals import PictureError
from .sources import SENT, check_size, name_of, open_image, quiet, read

__all__ = ["MAX_BYTES", "Picture", "PictureError", "open_picture"]

# 20,971,520 characters is the longest `image_url` that OpenAI's API description allows in Responses; for Chat it names
# none, and the 20 MB a picture of Azure are more (read on 2026-11-22). So many bytes fill a data URL of that length.
MAX_BYTES = (20_971_520 - len("data:image/jpeg;base64,")) // 4 * 3
MAX_SIDE = 65_535  # pixels: the largest limit of any `detail` (OpenAI guide, read on 2026-11-22)
MAX_JPEG_SIDE = 65_500  # what libjpeg encodes
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
        """A content part for Chat Completions. Raises PictureError for a detail that no model knows."""
        return {"type": "image_url", "image_url": {"url": self.data_url, "detail": _known(detail)}}

    def input_item(self, detail: str = "auto") -> dict:
        """An input item for Responses, whose types require detail. Raises PictureError for an unknown one."""
        return {"type": "input_image", "image_url": self.data_url, "detail": _known(detail)}

    def estimate(self, model: str, detail: str = "auto") -> str:
        """One line: picture tokens and US cents by the model's published rule (see `tokens`), or why they are unknown.

        What is written around the picture, and the answer, cost extra. Raises PictureError for a detail that no model
        knows, and warns (UserWarning) of a model that is shut down.
        """
        what = f"{self.width} x {self.height} pixels at {_known(detail)}, {model}"
        try:
            counted = picture_tokens(self.width, self.height, model, detail).tokens
            return f"{what}: {counted:,} picture tokens, {price(model, counted, 0):.4f} US cents (estimated)"
        except ValueError as error:  # a model of one's own is in no table, and its answers are welcome all the same
            return f"{what}: no estimate, {str(error).partition('; known: ')[0]}"

    def __str__(self) -> str:
        what = f"{self.origin}: {self.media_type}, {self.width} x {self.height} pixels, {len(self.data):,} bytes"
        return f"{what} ({', '.join(self.changes) or 'unchanged'})"


def open_picture(source, *, max_side=None, frame=None, background="white", max_bytes=MAX_BYTES) -> Picture:
    """Check a picture and make it ready to send.

    source is a path, bytes, a PIL image, an open binary file, a data URL, or an http(s) address, which is downloaded
    (to let the service fetch it instead, write the address into the part yourself).
    The picture is turned upright, its metadata (GPS, names, dates) are dropped, its colours become sRGB, and where it
    is transparent it is laid on `background` (a colour that Pillow knows). TIFF, BMP and other formats that the APIs
    do not take become PNG, or JPEG if they look like a photograph. With `max_side` it is shrunk to that many pixels
    on its longer side, never enlarged. `frame` picks one frame (0 is the first) of an animation, or a page. When
    nothing has to change, the file's own bytes are kept. At most `max_bytes` bytes result.

    Raises PictureError for everything that can't be sent; the message says what it is, why not, and what to do.
    """
    max_side = _whole("max_side", max_side, 1)
    frame = _whole("frame", frame, 0)
    max_bytes = _whole("max_bytes", max_bytes, 1)
    try:
        ImageColor.getcolor(background, "RGB")
    except (ValueError, AttributeError, TypeError):
        raise PictureError(f"{background!r} is no colour; try 'white', 'black' or '#f0e0c0'.") from None
    ours = not isinstance(source, Image.Image)
    data, name = read(source) if ours else (None, name_of(source))
    with quiet():
        image = open_image(data, name) if ours else source
        try:
            picture = _prepared(image, data, name, max_side, frame, background)
        except PictureError:
            raise
        except Exception as error:  # Pillow's readers raise whatever a damaged file makes them stumble over
            if not ours:
                raise PictureError(f"{name}: this PIL image can't be read ({error}). Is its file closed?") from None
            what = f"{name}: {image.format} that is damaged or cut off in the middle"
            raise PictureError(f"{what} ({type(error).__name__}). Get it again from where it came from.") from None
    if len(picture.data) > max_bytes:
        side = min(2048, max(picture.width, picture.height) // 2)
        raise PictureError(
            f"{name}: {len(picture.data):,} bytes to send, over the limit of {max_bytes:,} (they become 4 characters "
            f"of data URL for each 3). Shrink it, for instance with max_side={side}."
        )
    return picture


def _prepared(image, data, name, max_side, frame, background) -> Picture:
    """The picture fit to send; `data` is its file, None for a PIL image of the caller's, which stays as it was."""
    kind, changes = image.format, _choose_frame(image, data, name, frame)
    check_size(image.size, name)  # a page has its own
    if kind not in ("JPEG", "MPO"):
        image.load()  # before anything else asks for it: what is damaged fails once, and passes at the second try
    size, target = image.size, _fitted(image.size, max_side)
    if max(target) > MAX_SIDE:
        raise PictureError(f"{name}: {size[0]:,} x {size[1]:,} pixels; a side has at most {MAX_SIDE:,}. Use max_side.")
    stripped = bare(data, kind) if data is not None else None
    if stripped and target == size and not changes and _own_bytes_will_do(image, data):
        changes = ["metadata dropped"] if stripped != data else []
        if kind in ("JPEG", "MPO") or changes:
            kept = open_image(stripped, name)  # what leaves is what is checked
            kept.draft(None, (1, 1))  # a JPEG can be read at an eighth, which is enough to see that it is whole
            kept.load()
        return Picture(stripped, SENT[kind], *size, name, tuple(changes))

    changes += ["metadata dropped"] if stripped and stripped != data else []
    if data is not None:
        # A JPEG can be read at a half, a quarter or an eighth: the next that leaves something to resize (measured: it
        # differs from shrinking all its pixels by no more than JPEG's own loss at quality 90, mostly by much less).
        image.draft(None, (5 * target[0] // 4, 5 * target[1] // 4))
    image.load()
    try:
        made, more = pixels.plain(image, background)
    except ValueError as error:
        raise PictureError(f"{name}: {error}. Save it with 8 bits a channel.") from None
    changes += more
    jpeg = kind in ("JPEG", "MPO") or _looks_like_a_photograph(made)
    options = {"quality": 90} if jpeg else {}
    if "quantization" in vars(image) and made.mode == image.mode and made.size == target:
        # A JPEG that is turned but not shrunk stays as fine as it was, neither coarser nor larger.
        tables = [table for _, table in sorted(image.quantization.items())]
        options = {"qtables": tables, "subsampling": JpegImagePlugin.get_sampling(image)}
    if made.size != target:
        made = made.resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0)
    if (lies := pixels.orientation(image)) != 1:
        made, size = pixels.turned(made, lies), size[::-1] if lies > 4 else size
        changes.append("turned upright")
    changes += [f"shrunk from {size[0]} x {size[1]}"] if max(size) > max(made.size) else []
    if max(made.size) > MAX_JPEG_SIDE:
        jpeg, options = False, {}
    into = "JPEG" if jpeg else "PNG"
    if data is None:
        changes.append(f"encoded as {into}")
    elif kind not in (into, "MPO"):
        changes.append(f"{kind} made {into}")
    made = made.copy() if made is image else made
    made.info = {}  # Pillow would write some of it: comments, profiles
    made.save(file := BytesIO(), into, **options)
    return Picture(file.getvalue(), SENT[into], *made.size, name, tuple(changes) or ("encoded anew",))


def _own_bytes_will_do(image, data) -> bool:
    """May the file go as it is, but for its metadata?"""
    if image.format not in SENT or image.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
        return False
    deep = image.format == "PNG" and data[24] > 8  # bits a channel; Pillow's mode tells 16 only for grey
    changed = pixels.orientation(image) != 1 or pixels.foreign_profile(image)
    return not deep and not changed and not pixels.is_transparent(image)


def _choose_frame(image, data, name, frame) -> list[str]:
    """Go to the frame asked for. MPO is what phones make of a photo with a preview, and not an animation."""
    if data is None:
        if frame:
            raise PictureError(f"{name}: frame= is for files. Of a PIL image give the frame: image.seek({frame}).")
        return []
    count = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
    if count > 1 and frame is None:
        what = "a file of several pages" if image.format == "TIFF" else "an animation"
        raise PictureError(f"{name}: {what} ({count}), and only one picture can be sent. Choose it, say frame=0.")
    if frame is not None and frame >= count:
        raise PictureError(f"{name}: there is no frame {frame}; it has {count}, counted from 0.")
    if count > 1:
        image.seek(frame)
    return [f"frame {frame} of {count}"] if count > 1 else []


def _fitted(size: tuple[int, int], max_side: int | None) -> tuple[int, int]:
    longest = max(size)
    if not max_side or longest <= max_side:
        return size
    width, height = (max(1, (2 * side * max_side + longest) // (2 * longest)) for side in size)  # rounded half up
    return width, height


def _looks_like_a_photograph(image) -> bool:
    """Does PNG need more than twice the bytes of JPEG? Drawings, text and screenshots do not, and stay sharp as PNG.

    Measured on the course's pictures: photographs 3.4 to 6.5 times, screenshots 0.8 to 1.2 times. Icons are too small
    for that to tell, and for it to matter.
    """
    if image.width * image.height < 100 * 100:
        return False
    sample, sizes = image.resize(_fitted(image.size, 400), Image.Resampling.NEAREST), []
    for kind in ("PNG", "JPEG"):
        sample.save(file := BytesIO(), kind, quality=90)
        sizes.append(file.tell())
    return sizes[0] > 2 * sizes[1]


def _whole(name: str, value, least: int) -> int | None:
    try:
        if value is None or (index(value) >= least and not isinstance(value, bool)):
            return None if value is None else index(value)
    except TypeError:
        pass
    raise PictureError(f"{name} is a whole number, at least {least}, not {value!r}.")


def _known(detail: str) -> str:
    if detail not in DETAILS:
        raise PictureError(f"detail is one of {', '.join(DETAILS)}, not {detail!r}.")
    return detail

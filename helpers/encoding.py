"""Any picture, encoded right: a file, bytes, a PIL image or an address in; a checked picture, ready to send, out.

    picture = open_picture("holiday.jpg", max_side=1024)
    content = [{"type": "text", "text": "Where is this?"}, picture.chat_part("low")]

What a picture is comes from its bytes, never from its name, and what an API would refuse is refused here first, with a
sentence that says what to do. `sources.py` reads and opens, `refusals.py` knows what else a file can be, `metadata.py`
takes from a file what only speaks about the picture; here it is made fit to send.
"""

import base64
import warnings
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageCms, ImageColor, JpegImagePlugin

from .metadata import bare
from .refusals import PictureError
from .sources import MAX_PIXELS, SENT, check_size, open_image, read

__all__ = ["MAX_BYTES", "Picture", "PictureError", "open_picture"]

# 20,971,520 characters is the longest `image_url` that OpenAI's API description allows in Responses; for Chat it names
# none, and the 20 MB a picture of Azure are more (read on 2026-11-22). So many bytes fill a data URL of that length.
MAX_BYTES = (20_971_520 - len("data:image/jpeg;base64,")) // 4 * 3
MAX_SIDE = 65_535  # pixels: the largest limit of any `detail` (OpenAI guide, 2026-11-22), and of the JPEG format
DETAILS = ("auto", "low", "high", "original")

_SRGB = ImageCms.createProfile("sRGB")
_TURNS = {  # EXIF orientation (CIPA DC-008, tag 274) -> what makes it upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


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
    for name, value, least in (("max_side", max_side, 1), ("frame", frame, 0), ("max_bytes", max_bytes, 1)):
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < least):
            raise PictureError(f"{name} is a whole number, at least {least}, not {value!r}.")
    try:
        ImageColor.getcolor(background, "RGB")
    except (ValueError, AttributeError, TypeError):
        raise PictureError(f"{background!r} is no colour; try 'white', 'black' or '#f0e0c0'.") from None
    with warnings.catch_warnings():  # Pillow warns of odd metadata, which is dropped, and of sizes, which are checked
        warnings.simplefilter("ignore")
        if isinstance(source, Image.Image):
            data, name, image = None, Path(getattr(source, "filename", "")).name or "a PIL image", source
            check_size(image.size, name, MAX_PIXELS)
        else:
            data, name = read(source)
            image = open_image(data, name)
        try:
            picture = _prepared(image, data, name, max_side, frame, background)
        except PictureError:
            raise
        except Exception as error:  # Pillow's readers raise whatever a damaged file makes them stumble over
            what = f"{name}: {image.format or 'the picture'} is damaged or cut off in the middle"
            raise PictureError(f"{what} ({type(error).__name__}). Get it again from where it came from.") from None
    if len(picture.data) > max_bytes:
        raise PictureError(
            f"{name}: {len(picture.data):,} bytes to send, over the limit of {max_bytes:,} (they become 4 characters "
            "of data URL for each 3). Shrink it, for instance with max_side=2048."
        )
    return picture


def _prepared(image, data, name, max_side, frame, background) -> Picture:
    """The picture fit to send; `data` is its file, None for a PIL image."""
    kind, size, changes = image.format, image.size, _choose_frame(image, data, name, frame)
    target = _fitted(size, max_side)
    if max(target) > MAX_SIDE:
        raise PictureError(f"{name}: {size[0]:,} x {size[1]:,} pixels; a side has at most {MAX_SIDE:,}. Use max_side.")
    if kind not in ("JPEG", "MPO"):
        image.load()  # before anything else asks for it: what is damaged fails once, and passes at the second try
    profile, stripped = _foreign_profile(image), bare(data, kind) if data is not None else None
    plain = image.mode in ("1", "L", "LA", "P", "PA", "RGB", "RGBA")
    if kind == "PNG" and data is not None:
        plain = plain and data[24] <= 8  # bits a channel; Pillow's mode tells 16 only for grey
    keep = bool(stripped) and target == size and _orientation(image) not in _TURNS and not profile and plain
    keep = keep and not changes  # a frame of several is never its own file
    if keep and stripped != data:
        image = open_image(stripped, name)  # what leaves is what is checked
    if data is not None:
        # A JPEG can be read at a half, a quarter or an eighth. To see that it is whole, the smallest will do; to
        # shrink it, the next that leaves something to resize (measured: it differs from shrinking all its pixels by no
        # more than JPEG's own loss at quality 90, mostly by much less).
        image.draft(None, (1, 1) if keep else (5 * target[0] // 4, 5 * target[1] // 4))
    image.load()
    changes += ["metadata dropped"] if stripped and stripped != data else []
    if keep and not _is_transparent(image):
        return Picture(stripped, SENT[kind], *size, name, tuple(changes))

    pixels = _plain_pixels(image, profile, background, changes)
    made = "JPEG" if kind in ("JPEG", "MPO") or _looks_like_a_photograph(pixels) else "PNG"
    options = {"quality": 90} if made == "JPEG" else {}
    if "quantization" in vars(image) and pixels.mode == image.mode and pixels.size == target:
        # A JPEG that is turned but not shrunk stays as fine as it was, neither coarser nor larger.
        options = {"qtables": image.quantization, "subsampling": JpegImagePlugin.get_sampling(image)}
    if pixels.size != target:
        pixels = pixels.resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0)
    if (orientation := _orientation(image)) in _TURNS:
        pixels, size = pixels.transpose(_TURNS[orientation]), size[::-1] if orientation > 4 else size
        changes.append("turned upright")
    changes += [f"shrunk from {size[0]} x {size[1]}"] if max(size) > max(pixels.size) else []
    if data is None:
        changes.append(f"encoded as {made}")
    elif kind not in (made, "MPO"):
        changes.append(f"{kind} made {made}")
    pixels = pixels.copy() if pixels is image else pixels
    pixels.info = {}  # Pillow would write some of it: comments, profiles
    pixels.save(file := BytesIO(), made, **options)
    return Picture(file.getvalue(), SENT[made], *pixels.size, name, tuple(changes))


def _choose_frame(image, data, name, frame) -> list[str]:
    """Go to the frame asked for. MPO is what phones make of a photo with a preview, and not an animation."""
    count = 1 if data is None or image.format == "MPO" else getattr(image, "n_frames", 1)
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


def _orientation(image) -> int:
    try:
        return image.getexif().get(0x0112, 1)
    except Exception:  # damaged EXIF, which is dropped anyway
        return 1


def _foreign_profile(image) -> ImageCms.ImageCmsProfile | None:
    """The picture's colour profile, unless it is missing, damaged, or changes nothing as everybody assumes sRGB."""
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(image.info["icc_profile"]))
        if image.mode not in ("RGB", "RGBA"):
            return profile
        # All colours that differ by 17: what keeps these keeps the others.
        cube = bytes(17 * (n >> shift & 15) for n in range(16**3) for shift in (8, 4, 0))
        seen = ImageCms.profileToProfile(Image.frombytes("RGB", (64, 64), cube), profile, _SRGB).tobytes()
        return profile if max(abs(a - b) for a, b in zip(cube, seen, strict=True)) > 2 else None
    except (KeyError, OSError, TypeError, ImageCms.PyCMSError):
        return None


def _is_transparent(image) -> bool:
    if not image.has_transparency_data or image.mode[0] in "IF":
        return False
    return _with_alpha(image).getchannel("A").getextrema()[0] < 255


def _with_alpha(image) -> Image.Image:
    image = image.convert("LA") if image.mode == "La" else image  # Pillow knows no shorter way from there
    return image if image.mode in ("LA", "RGBA") else image.convert("RGBA")


def _plain_pixels(image, profile, background, changes) -> Image.Image:
    """The pixels as L or RGB with 8 bits each, in sRGB, on `background` where they are transparent."""
    alpha = None
    if image.mode[0] in "IF":
        image = _eight_bits(image, changes)
    elif image.has_transparency_data:
        image = _with_alpha(image)
        alpha = image.getchannel("A")
    if image.mode in ("1", "LA"):
        image = image.convert("L")
    elif image.mode not in ("L", "RGB", "CMYK", "LAB"):
        image = image.convert("RGB")
    if profile or image.mode == "LAB":
        try:
            profile = profile or ImageCms.createProfile("LAB")
            image = ImageCms.profileToProfile(image, profile, _SRGB, outputMode="RGB")
            changes.append("colours made sRGB")
        except ImageCms.PyCMSError:  # a profile for other pixels than these
            pass
    if image.mode not in ("L", "RGB"):
        changes.append(f"{image.mode} made RGB")
        image = image.convert("RGB")
    if alpha is None or alpha.getextrema()[0] == 255:
        return image
    changes.append(f"laid on {background}")
    canvas = Image.new("RGB", image.size, ImageColor.getcolor(background, "RGB"))
    canvas.paste(image, mask=alpha)
    return canvas


def _eight_bits(image, changes) -> Image.Image:
    """16 bits have a known range; 32 bits and floats have none, so their own least and greatest value are used."""
    known = image.mode.startswith("I;16") or image.format == "PPM"
    image = image if image.mode in "IF" else image.convert("I")
    low, high = (0, 65_535) if known else image.getextrema()
    if not abs(low) + abs(high) < float("inf"):
        raise PictureError("The values of this picture are not all numbers. Save it with 8 bits a channel.")
    scale = 255 / (high - low) if high > low else 0
    changes.append("16 bits made 8" if known else f"{low:g} to {high:g} stretched to 8 bits")
    return image.convert("F").point(lambda value: value * scale - low * scale).convert("L")


def _looks_like_a_photograph(pixels) -> bool:
    """Does PNG need more than twice the bytes of JPEG? Drawings, text and screenshots do not, and stay sharp as PNG.

    Measured on the course's pictures: photographs 3.4 to 6.5 times, screenshots 0.8 to 1.2 times.
    """
    sample, sizes = pixels.resize(_fitted(pixels.size, 400), Image.Resampling.NEAREST), []
    for kind in ("PNG", "JPEG"):
        sample.save(file := BytesIO(), kind, quality=90)
        sizes.append(file.tell())
    return sizes[0] > 2 * sizes[1]


def _known(detail: str) -> str:
    if detail not in DETAILS:
        raise PictureError(f"detail is one of {', '.join(DETAILS)}, not {detail!r}.")
    return detail

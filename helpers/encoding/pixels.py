"""Pixels as every model expects them: upright, 8 bits, grey or RGB, in sRGB, with nothing transparent."""

import warnings
from contextlib import suppress
from io import BytesIO

from PIL import Image, ImageChops, ImageCms, ImageStat

from .formats import one_at_a_time, refuse

SRGB = ImageCms.createProfile("sRGB")
_T = Image.Transpose
# EXIF orientation (CIPA DC-008, tag 274) -> what makes it upright. ImageOps.exif_transpose fails on odd EXIF.
TURNS = {2: _T.FLIP_LEFT_RIGHT, 3: _T.ROTATE_180, 4: _T.FLIP_TOP_BOTTOM, 5: _T.TRANSPOSE, 6: _T.ROTATE_270,
         7: _T.TRANSVERSE, 8: _T.ROTATE_90}  # fmt: skip


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8 (or that of XMP, which Pillow asks too); 1 is upright."""
    value: int | None = 1
    with suppress(Exception), one_at_a_time, warnings.catch_warnings(action="ignore"):
        value = image.getexif().get(0x0112)  # damaged EXIF is dropped anyway
    if value in TURNS and image.format is None:  # whoever changed the pixels may have turned them
        warnings.warn(f"Changed pixels are not turned (orientation {value}): ImageOps.exif_transpose.", stacklevel=3)
    return value if value in TURNS and image.format else 1


def upright(image: Image.Image) -> Image.Image:
    """Turn a picture upright, as its EXIF orientation says; the very same image when it is upright already."""
    turn = TURNS.get(orientation(image))
    return image if turn is None else image.transpose(turn)


def flatten(image: Image.Image, background: str = "white") -> Image.Image:
    """Make a picture RGB with 8 bits a channel, in sRGB, on `background` where it is transparent."""
    return make_plain(image, background, may_be_blank=True)[0].convert("RGB")


def make_plain(image, background: str = "white", may_be_blank: bool = False) -> tuple[Image.Image, list[str]]:
    """Make pixels L or RGB, 8 bits, sRGB, laid on `background`; return them and what changed."""
    alpha, changes = None, []
    if image.mode[0] in "IF":
        image, changes = _make_eight_bits(image)
    elif image.has_transparency_data:
        image = image.convert("LA" if image.mode in ("1", "L", "La", "LA") else "RGBA")
        alpha = image.getchannel("A")
    if image.mode not in ("L", "RGB", "CMYK", "LAB"):
        image = image.convert("L" if image.mode in ("1", "LA") else "RGB")
    if (profile := _foreign_profile(image)) or image.mode == "CMYK":
        changes = [*changes, "colours made sRGB" if profile else "CMYK made RGB"]
        image = ImageCms.profileToProfile(image, profile, SRGB, outputMode="RGB") if profile else image.convert("RGB")
    if alpha is None or alpha.getextrema()[0] == 255:
        return image, changes
    canvas = Image.new("RGB", image.size, background)
    canvas.paste(image, mask=alpha)
    laid, *before = (max(high - low for low, high in ImageStat.Stat(one).extrema) for one in (canvas, image, alpha))
    if laid < 8 <= max(before) and not alpha.getextrema()[1]:  # as on the clipboard of Windows
        return image, [*changes, "alpha of 0 everywhere ignored"]
    lost = f"On {background} nothing of it can be seen. Give another background=, such as 'grey'."
    refuse(laid < 8 <= max(before) and not may_be_blank, lost)
    return canvas, [*changes, f"laid on {background}"]


def _foreign_profile(image):
    """Return the colour profile; None when it is missing, damaged, for other pixels, or the same as sRGB."""
    if image.mode == "LAB":
        return ImageCms.createProfile("LAB")
    # All colours that differ by 17: what keeps these keeps the others.
    cube = Image.frombytes("RGB", (64, 64), bytes(17 * (n >> shift & 15) for n in range(4096) for shift in (8, 4, 0)))
    with suppress(KeyError, OSError, TypeError, ImageCms.PyCMSError):
        profile = ImageCms.ImageCmsProfile(BytesIO(image.info["icc_profile"]))
        seen = ImageCms.profileToProfile(cube := cube.convert(image.mode), profile, SRGB, outputMode="RGB")
        difference = ImageChops.difference(seen, cube.convert("RGB"))  # type: ignore[arg-type]
        return profile if difference.point(lambda value: value > 2 and 255).getbbox() else None


def _make_eight_bits(image):
    """Scale 12 and 16 bits, whose range is known; stretch what is dark, 32 bits and floats from least to greatest."""
    tags = getattr(image, "tag_v2", {})  # of a TIFF: 258 says how many bits are used, 262 whether 0 is white
    is_16 = image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM")
    (low, high), top = (image := image.convert("F")).getextrema(), 2 ** tags.get(258, (16,))[0] - 1
    unsigned = low < 0 and top == 2**32 - 1 and tags.get(339) in (None, (1,))
    odd = unsigned or "transparency" in image.info or not abs(low) + abs(high) < float("inf")
    refuse(odd, "Greys that are no numbers, transparent, or 32 bits without a sign are not read. Save it with 8 bits.")
    change = f"{low:g} to {high:g} stretched to 8 bits"
    if is_16 and not 0 <= low < high < top / 8:
        low, high, change = 0, top, "16 bits made 8"
    low, high = (high, low) if tags.get(262) == 0 else (low, high)
    scale = 255 / (high - low) if high != low else 0
    return image.point(lambda value: value * scale - low * scale).convert("L"), [change]

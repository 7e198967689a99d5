"""Pixels as every model expects them: upright, 8 bits, grey or RGB, in sRGB, with nothing transparent."""

from io import BytesIO

from PIL import Image, ImageCms, ImageColor

SRGB = ImageCms.createProfile("sRGB")
TURNS = {  # EXIF orientation (CIPA DC-008, tag 274) -> what makes it upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation(image: Image.Image) -> int:
    """How the picture lies, 1 to 8, by its EXIF data (or its XMP, which Pillow asks too); 1 is upright."""
    try:
        said = image.getexif().get(0x0112, 1)
    except Exception:  # damaged EXIF, which is dropped anyway
        return 1
    return said if said in TURNS else 1


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """The picture upright."""
    return image.transpose(TURNS[orientation]) if orientation in TURNS else image


def upright(image: Image.Image) -> Image.Image:
    """Turn a picture upright, as its EXIF orientation says; the very same image when it is upright already."""
    return turned(image, orientation(image))


def flatten(image: Image.Image, background: str = "white") -> Image.Image:
    """Make a picture RGB with 8 bits a channel, in sRGB, on `background` where it is transparent."""
    return plain(image, background)[0].convert("RGB")


def foreign_profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """The picture's colour profile, unless it is missing, damaged, for other pixels, or changes nothing.

    Everybody assumes sRGB, so a profile that gives the same colours says nothing, whatever it is called.
    """
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(image.info["icc_profile"]))
        space = profile.profile.xcolor_space.strip()
        if space != "RGB":
            fits = {"GRAY": ("1", "L", "LA", "La", "I", "I;16"), "CMYK": ("CMYK",), "Lab": ("LAB",)}
            return profile if image.mode in fits.get(space, ()) else None
        if image.mode not in ("RGB", "RGBA", "RGBa", "RGBX", "P", "PA"):
            return None
        # All colours that differ by 17: what keeps these keeps the others.
        cube = bytes(17 * (n >> shift & 15) for n in range(16**3) for shift in (8, 4, 0))
        seen = ImageCms.profileToProfile(Image.frombytes("RGB", (64, 64), cube), profile, SRGB).tobytes()
        return profile if max(abs(a - b) for a, b in zip(cube, seen, strict=True)) > 2 else None
    except (KeyError, OSError, TypeError, ImageCms.PyCMSError):
        return None


def is_transparent(image: Image.Image) -> bool:
    """Is any pixel less than opaque?"""
    if not image.has_transparency_data or image.mode[0] in "IF":
        return False
    return _with_alpha(image).getchannel("A").getextrema()[0] < 255


def plain(image: Image.Image, background: str = "white") -> tuple[Image.Image, list[str]]:
    """The pixels as L or RGB with 8 bits each, in sRGB, on `background` where they are transparent; and what changed.

    The picture given stays as it is; it may be the one that is returned, when nothing had to change. Raises ValueError
    when its values are no numbers.
    """
    profile, alpha, changes = foreign_profile(image), None, []
    if image.mode[0] in "IF":
        image, changes = _eight_bits(image)
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
            image = ImageCms.profileToProfile(image, profile, SRGB, outputMode="RGB")
            changes.append("colours made sRGB")
        except ImageCms.PyCMSError:  # a profile that has no way to sRGB
            pass
    if image.mode not in ("L", "RGB"):
        changes.append(f"{image.mode} made RGB")
        image = image.convert("RGB")
    if alpha is None or alpha.getextrema()[0] == 255:
        return image, changes
    canvas = Image.new("RGB", image.size, ImageColor.getcolor(background, "RGB"))
    canvas.paste(image, mask=alpha)
    return canvas, [*changes, f"laid on {background}"]


def _with_alpha(image):
    if image.mode in ("LA", "RGBA"):
        return image
    return image.convert("LA" if image.mode in ("1", "L", "La") else "RGBA")


def _eight_bits(image):
    """12 and 16 bits have a known range; 32 bits and floats have none, so their own least and greatest value count."""
    low, high = 0, 65_535
    if image.mode.startswith("I;16"):
        notes = getattr(image, "tag_v2", {})  # of a TIFF: 258 says how many bits are used, 262 whether 0 is white
        high = 2 ** notes.get(258, (16,))[0] - 1
        low, high = (high, low) if notes.get(262) == 0 else (low, high)
        said = "16 bits made 8"
        image = image if image.mode == "I;16" else image.convert("I")
    elif image.mode == "I" and image.format == "PPM":
        said = "16 bits made 8"
    else:
        low, high = image.getextrema()
        if not abs(low) + abs(high) < float("inf"):
            raise ValueError("its values are not all numbers")
        said = f"{low:g} to {high:g} stretched to 8 bits"
        image = image.convert("F")
    scale = 255 / (high - low) if high != low else 0
    return image.point(lambda value: value * scale - low * scale).convert("L"), [said]

"""Lesson 02: how long a data URL gets, what a file really is, a photo that may leave the house."""

from base64 import b64encode
from inspect import getsource
from io import BytesIO

from PIL import Image, ImageOps

from ..assets import ROOT
from .comparing import cases_by, check_number, check_results, is_close, picture_difference
from .exercise import Exercise, Wrong, WrongShape, require
from .reading import read_fields, type_name

IMAGES = ROOT / "asset" / "images"


@Exercise(
    "02.1",
    expects='a dict with "prediction", a number of characters, and "data_url", the data URL of rocket.jpg',
    hint="How many characters does base64 write for 3 bytes? For the data URL take the lesson's lines.",
    solution="""
my_prediction = 112_525 / 3 * 4
data = Path("../asset/images/rocket.jpg").read_bytes()
my_data_url = "data:image/jpeg;base64," + base64.b64encode(data).decode()
exercises.check("02.1", {"prediction": my_prediction, "data_url": my_data_url})""",
    why="4 characters stand for 3 bytes, and the media type says what the file is: a JPEG.",
)
def predict_the_length(answer):
    prediction, url = read_fields(answer, "prediction", "data_url")
    start = "data:image/jpeg;base64,"
    right = isinstance(url, str) and url.startswith(start)
    require(right, f"The data URL of a JPEG is a text that begins with {start!r}, and yours with {str(url)[:40]!r}.")
    code, rocket = url.removeprefix(start), (IMAGES / "rocket.jpg").read_bytes()
    came = f"What follows the comma is not base64 in one piece of the bytes in rocket.jpg. It begins {code[:20]!r}."
    require(code == b64encode(rocket).decode(), f"{came} Take read_bytes(), then base64.b64encode(…), then .decode().")
    hint = f"The file has {len(rocket):,} bytes, and base64 writes 4 characters for every 3."
    slips = {len(rocket) * 3 / 4: f"It is the other way round. {hint}"}
    check_number("The length", prediction, len(code), slips, hint, percent=1)


def media_type(data):
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    formats = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF87a": "gif", b"GIF89a": "gif"}
    for signature, name in formats.items():
        if data.startswith(signature):
            return f"image/{name}"
    return None


PHOTO = (IMAGES / "phone_photo.jpg").read_bytes()
GIF = b"a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"  # one pixel
FILES = {
    "a PNG": (IMAGES / "chelsea.png").read_bytes(),
    "a JPEG": PHOTO,
    "a JPEG as phones write it, which begins with EXIF": PHOTO[:2] + PHOTO[20:],  # without the 18 bytes of JFIF
    "a JPEG with neither JFIF nor EXIF": PHOTO[:2] + PHOTO[PHOTO.rindex(b"\xff\xdb\0\x43\0") :],
    "a GIF (GIF87a)": b"GIF87" + GIF,
    "a GIF of today (GIF89a)": b"GIF89" + GIF,
    "a WebP": (IMAGES / "cow.webp").read_bytes(),
    "a BMP": b"BM:\0\0\0\0\0\0\0006\0\0\0(\0\0\0\1\0\0\0\1\0\0\0\1\0\x18" + bytes(27),
    "a sound file (WAVE, which begins with RIFF as WebP does)": b"RIFF$\0\0\0WAVEfmt \x10\0\0\0WEBP",
    'no bytes at all (b"")': b"",
    "a text that speaks of pictures": b'"PNG" JFIF, GIF89a and WEBP are formats.',
    "a text that begins with GIF": b"GIFT cards are here.",
    "a text with WEBP at its ninth byte": b"I think WEBP is a format.",
}


@Exercise(
    "02.2",
    expects="a function that takes bytes and returns a media type, or None",
    hint="data.startswith(b…) is enough for three of them. WebP says RIFF first, and WEBP in data[8:12].",
    solution=f'{getsource(media_type)}\nexercises.check("02.2", media_type)',
    why="each test reads the signature at the very beginning, and what has none of the four is None.",
)
def tell_the_format(answer):
    cases = cases_by(media_type, {name: (data,) for name, data in FILES.items()})
    hint = "Compare the very first bytes, with a b in front of the quotation marks; the types are those of the table."
    check_results(answer, cases, hint, read=lambda told: told or None)


@Exercise(
    "02.3",
    expects="the bytes of a picture file, or a Picture of helpers.encoding",
    hint="The helper does all of it. With Pillow alone: turn (ImageOps.exif_transpose), shrink, save the pixels.",
    solution="""
picture = encoding.open_picture("../asset/images/phone_photo.jpg", max_side=256)
my_bytes = picture.data
exercises.check("02.3", my_bytes)""",
    why="the pixels are turned while the EXIF data still say how, and none of those data are kept.",
)
def prepare_the_photo(answer):
    data = getattr(answer, "data", answer)  # a Picture of helpers.encoding has its bytes there
    if not isinstance(data, (bytes, bytearray)):
        raise WrongShape(f"{type_name(data)}; a Picture has its bytes in .data")
    try:
        image = Image.open(BytesIO(data))
        image.load()
    except Exception:
        raise Wrong("They can't be opened as a picture. Are they cut off, or base64?") from None
    require(image.format in ("PNG", "JPEG", "WEBP"), f"The picture is a {image.format}. Save it as PNG, JPEG or WebP.")
    size = f"It is {image.width} x {image.height} pixels"
    require(128 <= max(image.size) <= 256, f"{size}, and 128 to 256 are wanted on the longer side.")
    # What Pillow calls metadata; texts in a PNG have names of their own.
    left = {"xmp", "comment", "photoshop", "exif"} & set(image.info) | set(getattr(image, "text", {}))
    left |= {"tIME"} if image.format == "PNG" and b"tIME" in data else set()
    left |= {"the GPS position"} if image.getexif().get_ifd(0x8825) else set()
    require(not left, f"There are still metadata in it ({', '.join(sorted(left))}). Save the pixels alone.")
    photo = ImageOps.exif_transpose(Image.open(BytesIO(PHOTO)))
    upright = picture_difference(image, photo)
    turned = min(picture_difference(image, photo.transpose(turn)) for turn in Image.Transpose)
    lies = "It lies on its side, upside down or mirrored. Turn the pixels as the EXIF data say, then drop the data."
    require(turned >= min(upright, 6), lies)
    whole = upright <= 6 and is_close(image.width / image.height, photo.width / photo.height, 4)
    require(whole, "It is another picture, or only a piece of phone_photo.jpg, or its colours or proportion differ.")

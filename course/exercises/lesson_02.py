"""Lesson 02: how long a data URL gets, what a file really is, a photo that may leave the house."""

from base64 import b64decode
from io import BytesIO

from PIL import Image, ImageOps

from ..assets import ROOT
from .comparing import check_number, check_results, is_close, picture_difference
from .exercise import Exercise, Wrong, WrongShape, require
from .reading import read_fields, type_name

IMAGES = ROOT / "asset" / "images"


def predict_the_length(answer):
    prediction, url = read_fields(answer, "prediction", "data_url")
    start = "data:image/jpeg;base64,"
    right = isinstance(url, str) and url.startswith(start)
    require(right, f"The data URL of a JPEG is a text that begins with {start!r}, and yours with {str(url)[:40]!r}.")
    code, rocket = url.removeprefix(start), (IMAGES / "rocket.jpg").read_bytes()
    require(code[:2] not in ("b'", 'b"'), "There is a b' in front: first base64.b64encode(…), then .decode().")
    try:
        data = b64decode(code, validate=True)
    except ValueError:
        raise Wrong(f"What follows the comma is not base64 in one piece. It begins {code[:20]!r}.") from None
    held = f"It holds {len(data):,} bytes"
    require(data == rocket, f"{held} that are not those of rocket.jpg ({len(rocket):,}), as read_bytes() gives them.")
    slips = {
        len(rocket): "That is the number of bytes. Base64 writes 4 characters for every 3 bytes.",
        len(rocket) * 3 / 4: "It is the other way round: 4 characters for every 3 bytes.",
        len(rocket) * 2: "Two characters for each byte is hexadecimal. Base64 needs 4 for every 3 bytes.",
        (IMAGES / "chelsea.png").stat().st_size * 4 / 3: "That would fit chelsea.png. How large is rocket.jpg?",
    }
    check_number("The length", prediction, len(code), slips, "Base64 writes 4 for every 3 bytes.", percent=1)


def _file(name: str, mode="RGB", **options) -> bytes:
    Image.new(mode, (8, 6), 1).save(file := BytesIO(), name, **options)
    return file.getvalue()


# Real files, and what each is. Pillow puts the 18 bytes of JFIF before EXIF; phones have none.
JPEG = _file("JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0")
FILES = {
    "a PNG": (_file("PNG"), "image/png"),
    "a JPEG": (JPEG, "image/jpeg"),
    "a JPEG as phones write it, which begins with EXIF": (JPEG[:2] + JPEG[20:], "image/jpeg"),
    "a GIF (GIF87a)": (_file("GIF", "P"), "image/gif"),
    "a GIF with a comment (GIF89a)": (_file("GIF", "P", comment=b"x"), "image/gif"),
    "a WebP": (_file("WEBP"), "image/webp"),
    "a PNG whose file was called photo.jpg": (_file("PNG", "RGBA"), "image/png"),
    "a sound file (WAVE, which begins with RIFF as WebP does)": (b"RIFF$\0\0\0WAVEfmt \x10\0\0\0", None),
    'no bytes at all (b"")': (b"", None),
    "a text that speaks of pictures": (b"PNG, JPEG, JFIF, GIF and WEBP are formats.", None),
}


def tell_the_format(answer):
    none = 'And bytes are compared with bytes: b"GIF87a", with a b in front.'
    cases = {name: ((data,), truth) for name, (data, truth) in FILES.items()}
    check_results(answer, cases, {"image/jpg": "There is no image/jpg."}, read=lambda told: told or None, none=none)


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
    require(max(image.size) <= 256, f"{size}, and 256 on the longest side are enough.")
    # What Pillow calls metadata; texts in a PNG have names of their own.
    left = {"xmp", "comment", "photoshop", "exif"} & set(image.info) | set(getattr(image, "text", {}))
    left |= {"the GPS position"} if image.getexif().get_ifd(0x8825) else set()
    hint = "Pillow writes a comment again: im.info.pop('comment')." if "comment" in left else "Save the pixels alone."
    require(not left, f"There are still metadata in it ({', '.join(sorted(left))}). {hint}")
    photo = ImageOps.exif_transpose(Image.open(IMAGES / "phone_photo.jpg"))
    upright = picture_difference(image, photo)
    turned, turn = min((picture_difference(image, photo.transpose(turn)), turn.name) for turn in Image.Transpose)
    require(min(upright, turned) <= 8, "That is another picture than phone_photo.jpg, or only a piece of it.")
    lies = f"It lies on its side, upside down or mirrored ({turn})"
    require(upright <= turned, f"{lies}. Turn the pixels as the EXIF data say, then drop the data.")
    same_shape = is_close(image.width / image.height, photo.width / photo.height, 4)
    require(same_shape, f"{size}: its sides have another proportion than the photo's.")
    require(max(image.size) >= 128, f"{size}, too few to ask about. Keep 128 or more.")


EXERCISES = {
    "02.1": Exercise(
        predict_the_length,
        predicts=True,
        expects='a dict with "prediction", a number of characters, and "data_url", the data URL of rocket.jpg',
        hint="rocket.jpg has 112,525 bytes. How many characters does base64 write for 3 of them? "
        "For the data URL take the lesson's lines; the path changes, and so does what the file is.",
        solution="""
my_prediction = 112_525 / 3 * 4
data = Path("../asset/images/rocket.jpg").read_bytes()
my_data_url = "data:image/jpeg;base64," + base64.b64encode(data).decode()
exercises.check("02.1", {"prediction": my_prediction, "data_url": my_data_url})""",
        why="4 characters stand for 3 bytes, and the media type says what the file is: a JPEG.",
    ),
    "02.2": Exercise(
        tell_the_format,
        expects="a function that takes bytes and returns a media type, or None",
        hint="data.startswith(…) is enough for three of them. WebP begins with RIFF, as sound files do, "
        "and says WEBP in data[8:12].",
        solution=r"""
def media_type(data):
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return None

exercises.check("02.2", media_type)""",
        why="each test reads the signature at the very beginning, and what has none of the four is None.",
    ),
    "02.3": Exercise(
        prepare_the_photo,
        expects="the bytes of a picture file, or a Picture of helpers.encoding",
        hint="The lesson's cell under “The helper at last” does two of the three; a later cell shrinks. "
        "With Pillow alone the order matters: turn (ImageOps.exif_transpose), shrink (thumbnail), save the pixels.",
        solution="""
picture = encoding.open_picture("../asset/images/phone_photo.jpg", max_side=256)
my_bytes = picture.data
exercises.check("02.3", my_bytes)""",
        why="the pixels are turned while the EXIF data still say how, and none of those data are kept.",
    ),
}

"""Lesson 02: how long a data URL gets, what a file really is, a photo that may leave the house."""

import binascii
import wave
from base64 import b64decode
from io import BytesIO

from PIL import Image, ImageChops, ImageOps, ImageStat

from helpers.encoding.sources import describe_unreadable

from ..assets import ROOT
from .exercise import Exercise, Misread, Wrong
from .reading import blank, close, fields, kind, number, try_out

IMAGES = ROOT / "asset" / "images"
PNG = "iVBORw0KGgo"  # how the base64 of every PNG begins


def predict_the_length(answer):
    prediction, url = fields(answer, "prediction", "data_url")
    data, rocket = _read_data_url(url), (IMAGES / "rocket.jpg").read_bytes()
    if data == (IMAGES / "chelsea.png").read_bytes():
        raise Wrong("The data URL still holds chelsea.png. Read the bytes of rocket.jpg and build it again.")
    if data != rocket:
        raise Wrong(f"The data URL holds {len(data):,} bytes that are not those of rocket.jpg ({len(rocket):,}). Take "
                    "the file as it is, with read_bytes(): a picture that is opened and saved again is another file.")
    predicted, truth = number(prediction), len(url.partition(",")[2])
    slips = {
        len(rocket): "That is the number of bytes. Base64 writes 4 characters for every 3 bytes.",
        len(rocket) * 3 / 4: "That is 3/4 of the bytes. It is the other way round: 4 characters for every 3 bytes.",
        len(rocket) * 2: "Two characters for each byte is hexadecimal. Base64 needs 4 for every 3 bytes.",
        (IMAGES / "chelsea.png").stat().st_size * 4 / 3: "That would fit chelsea.png. How large is rocket.jpg?",
    }  # fmt: skip
    if not close(predicted, truth):
        slip = next((reason for wrong, reason in slips.items() if close(predicted, wrong)), "")
        raise Wrong(f"You predicted {predicted:,.0f} characters. " + (slip or "Base64 writes 4 for every 3 bytes."))
    return (f"Every 3 bytes become 4 characters, so {len(data):,} bytes become {truth:,}: a third more to send than "
            "the file, for every picture and every turn.")  # fmt: skip


def _read_data_url(url) -> bytes:
    """The bytes in a JPEG's data URL."""
    if not isinstance(url, str):
        raise Wrong(f'"data_url" is a text that begins with data:image/jpeg. What came is {kind(url)}.')
    header, comma, code = url.partition(",")
    media_type, *parameters = header.removeprefix("data:").split(";")
    if not header.startswith("data:") or not comma:
        raise Wrong("A data URL begins with data:, a media type and ;base64, and then comes a comma: "
                    "data:image/jpeg;base64,…")  # fmt: skip
    if media_type == "image/jpg":
        raise Wrong("There is no media type image/jpg. That of a JPEG is image/jpeg, however the file's name ends.")
    if media_type != "image/jpeg":
        if code.startswith(PNG):
            raise Wrong("The data URL holds a PNG, perhaps still chelsea.png. Read rocket.jpg and build it again.")
        raise Wrong(f"The data URL says {media_type!r}, but the file is a JPEG: image/jpeg.")
    if "base64" not in parameters:
        raise Wrong('";base64" is missing before the comma; without it the characters mean something else.')
    if code.startswith((r"b'\x", r'b"\x')):
        raise Wrong("These are the raw bytes, not base64. First base64.b64encode(…), then .decode().")
    if code.startswith(("b'", 'b"')):
        raise Wrong("There is a b' in front of the characters: b64encode gives bytes, and str() writes them with their "
                    "quotation marks. Use .decode().")  # fmt: skip
    if len(code.split()) != 1:
        raise Wrong("There is white space among the characters (or nothing at all). b64encode gives them in one piece.")
    try:
        return b64decode(code, validate=True)
    except (binascii.Error, ValueError) as error:
        forgotten = " Is the f in front of the quotation mark missing?" if "{" in code else ""
        raise Wrong(f"What stands behind the comma is not base64: {error}.{forgotten}") from None


def _files() -> dict[str, tuple[bytes, str | None]]:
    """Real files, and what each is."""

    def picture(name, mode="RGB", **options):
        Image.new(mode, (8, 6), 1).save(file := BytesIO(), name, **options)
        return file.getvalue()

    camera = Image.Exif()
    camera[0x0110] = "A phone"
    phone = picture("JPEG", exif=camera)
    phone = phone[:2] + phone[20:]  # Pillow puts the 18 bytes of JFIF before EXIF; phones have none
    with wave.open(sound := BytesIO(), "wb") as file:
        file.setparams((1, 1, 8000, 8, "NONE", ""))
        file.writeframes(bytes(8))
    return {
        "a PNG": (picture("PNG"), "image/png"),
        "a JPEG": (picture("JPEG"), "image/jpeg"),
        "a JPEG as phones write it, which begins with EXIF": (phone, "image/jpeg"),
        "a GIF (GIF87a)": (picture("GIF", "P"), "image/gif"),
        "a GIF with a comment (GIF89a)": (picture("GIF", "P", comment=b"x"), "image/gif"),
        "a WebP": (picture("WEBP"), "image/webp"),
        "a PNG whose file was called photo.jpg": (picture("PNG", "RGBA"), "image/png"),
        "a sound file (WAVE, which begins with RIFF as WebP does)": (sound.getvalue(), None),
        'no bytes at all (b"")': (b"", None),
        "a text that speaks of pictures": (b"PNG, JPEG, JFIF, GIF and WEBP are formats.", None),
    }


def tell_the_format(answer):
    files = _files()
    returned = try_out(answer, {name: (data,) for name, (data, _) in files.items()},
                       none='And bytes are compared with bytes: b"GIF87a", with a b in front.')  # fmt: skip
    for name, (_, truth) in files.items():
        if returned[name] != truth and not (truth is None and blank(returned[name])):
            known = " There is no image/jpg." if returned[name] == "image/jpg" else ""
            raise Wrong(f"Given {name}, your function returns {returned[name]!r:.60} and not {truth!r}.{known}")
    return "Each format begins with a signature of its own, and no change of a file's name changes that."


# How a photo can lie, with upright first so that it wins a tie.
TURNS = {None: "", **dict.fromkeys(Image.Transpose, "It is upside down or mirrored.")} | dict.fromkeys(
    (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270), "It lies on its side."
)
ABOUT = {"xmp", "comment", "photoshop", "exif"}  # what Pillow calls metadata; texts in a PNG have names of their own


def prepare_the_photo(answer):
    data = getattr(answer, "data", answer)  # a Picture of helpers.encoding has its bytes there
    if isinstance(data, (str, dict)):
        raise Wrong(f"What came is {kind(data)}. The bytes are wanted, before they become text; a Picture has them in "
                    "its .data.")  # fmt: skip
    if not isinstance(data, (bytes, bytearray)):
        raise Misread(kind(answer))
    try:
        image = Image.open(BytesIO(data))
        image.load()
    except Exception:
        raise Wrong(f"They can't be opened: {describe_unreadable(bytes(data))}") from None
    if image.format not in ("PNG", "JPEG", "WEBP"):
        raise Wrong(f"The picture is a {image.format}. Save it as PNG, JPEG or WebP.")
    if max(image.size) > 256:
        raise Wrong(f"It is {image.width} x {image.height} pixels, and 256 on the longest side are enough.")
    if image.getexif().get_ifd(0x8825):
        raise Wrong("The GPS position is still in it: whoever gets the file knows where the photo was taken.")
    if left := (ABOUT & set(image.info)) | set(getattr(image, "text", {})):
        again = " Pillow writes a comment again: im.info.pop('comment') before you save." if "comment" in left else ""
        raise Wrong(f"There are still metadata in it ({', '.join(sorted(left))}). Save the pixels alone.{again}")
    photo = ImageOps.exif_transpose(Image.open(IMAGES / "phone_photo.jpg"))
    differences = {turn: _difference(image, photo.transpose(turn) if turn is not None else photo) for turn in TURNS}
    best = min(differences, key=differences.get)
    if differences[best] > 8:
        raise Wrong("That is another picture than phone_photo.jpg, or only a piece of it.")
    if best is not None:
        raise Wrong(f"{TURNS[best]} A phone stores its pixels as the sensor saw them and notes the turn in the EXIF "
                    "data: turn the pixels first, then drop the data.")  # fmt: skip
    if not close(image.width / image.height, photo.width / photo.height, 4):
        raise Wrong(f"{image.width} x {image.height} pixels: its sides have another proportion than the photo's.")
    if max(image.size) < 128:
        raise Wrong(f"{image.width} x {image.height} pixels show too little to ask about. Keep 128 or more.")
    return f"Upright, {image.width} x {image.height} pixels and nothing else: what you send is what you wanted to show."


def _difference(one, other) -> float:
    """How much two pictures differ, 0 to 255, whatever their sizes and colours."""
    small = [picture.convert("L").resize((64, 64)) for picture in (one, other)]
    return ImageStat.Stat(ImageChops.difference(*small)).mean[0]


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
exercises.check("02.1", {"prediction": my_prediction, "data_url": my_data_url})
""",
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

exercises.check("02.2", media_type)
""",
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
exercises.check("02.3", my_bytes)
""",
        why="the helper turns the pixels while the EXIF data still say how, and keeps none of those data.",
    ),
}

"""Makes the pictures of asset/images that no camera made: python -m tests.make_pictures [FOLDER]

A photograph as a phone stores it (lying on its side, with an invented place in it), a PNG that is called .jpg, a
sign on nothing, a photograph with three changes, and four photographs on one sheet. The photographs come from other
pictures of asset/images; SOURCES.csv says which.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps
from PIL.ExifTags import GPS, IFD, Base

from helpers.cassette import ROOT

IMAGES = ROOT / "asset" / "images"
FONT = ROOT / "asset" / "fonts" / "NanumGothic-Regular.ttf"
# The point of the ocean that is farthest from any land: nobody lives there.
LATITUDE, LONGITUDE = ((48, 52, 36), "S"), ((123, 23, 36), "W")


def phone_photo(target: Path) -> None:
    """The rocket upright in a narrow picture, stored lying on its side with EXIF orientation 6, and with GPS."""
    with Image.open(IMAGES / "rocket.jpg") as rocket:
        profile = rocket.info["icc_profile"]
        lying = rocket.crop((160, 0, 480, 427)).transpose(Image.Transpose.ROTATE_90)
    lying.info.pop("comment", None)  # of the program that shrank the photograph; Pillow would write it again
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    exif[Base.Make], exif[Base.Model] = "Invented", "Phone of this course"
    exif[Base.Artist] = "A. Learner"
    exif[Base.DateTime] = "2026:11:22 18:30:00"
    exif[IFD.GPSInfo] = {
        GPS.GPSLatitude: LATITUDE[0],
        GPS.GPSLatitudeRef: LATITUDE[1],
        GPS.GPSLongitude: LONGITUDE[0],
        GPS.GPSLongitudeRef: LONGITUDE[1],
    }
    lying.save(target, "JPEG", quality=90, exif=exif, icc_profile=profile)


def renamed_png(target: Path) -> None:
    """The face of the cat, small: PNG bytes in a file whose name says JPEG."""
    with Image.open(IMAGES / "chelsea.png") as cat:
        cat.crop((110, 20, 350, 260)).resize((160, 160), Image.Resampling.LANCZOS).save(target, "PNG")


def transparent_sign(target: Path) -> None:
    """Dark letters and a frame; everything else is transparent."""
    sign = Image.new("RGBA", (480, 200), (0, 0, 0, 0))
    draw = ImageDraw.Draw(sign)
    ink = (26, 26, 26, 255)
    draw.rounded_rectangle((6, 6, 473, 193), radius=24, outline=ink, width=6)
    draw.text((240, 72), "OPEN TODAY", font=ImageFont.truetype(FONT, 60), fill=ink, anchor="mm")
    draw.text((240, 142), "10:00 to 17:30", font=ImageFont.truetype(FONT, 40), fill=ink, anchor="mm")
    sign.save(target, "PNG", optimize=True)


def hens_changed(target: Path) -> None:
    """The four hens, cropped so that the one at the left is gone, then mirrored, then darkened."""
    with Image.open(IMAGES / "chicken.webp") as hens:
        mirrored = ImageOps.mirror(hens.convert("RGB").crop((256, 0, 1024, 640)))
    ImageEnhance.Brightness(mirrored).enhance(0.6).save(target, "JPEG", quality=80)


def contact_sheet(target: Path) -> None:
    """Hens, cows, horses and coins in a grid, numbered, each in a field of 512 x 384 pixels and none enlarged."""
    sheet = Image.new("RGB", (1024, 768), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.truetype(FONT, 40)
    for n, name in enumerate(("chicken.webp", "cow.webp", "horse.webp", "coins.png")):
        left, top = n % 2 * 512, n // 2 * 384
        with Image.open(IMAGES / name) as picture:
            small = picture.convert("RGB")
        small.thumbnail((504, 376), Image.Resampling.LANCZOS)
        sheet.paste(small, (left + (512 - small.width) // 2, top + (384 - small.height) // 2))
        draw.rectangle((left + 4, top + 4, left + 56, top + 56), fill="black")
        draw.text((left + 30, top + 30), str(n + 1), font=font, fill="white", anchor="mm")
    sheet.save(target, "JPEG", quality=75)


PICTURES = {
    "phone_photo.jpg": phone_photo,
    "renamed_png.jpg": renamed_png,
    "transparent_sign.png": transparent_sign,
    "hens_changed.jpg": hens_changed,
    "contact_sheet.jpg": contact_sheet,
}


def main(folder: Path = IMAGES) -> None:
    """Make them all."""
    for name, make in PICTURES.items():
        make(folder / name)
        print(f"{name}: {(folder / name).stat().st_size:,} bytes")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))

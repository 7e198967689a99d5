"""Draw pictures of asset/images, and asset/receipts.zip: python -m tests.tools.make_pictures [FOLDER]

Those drawn from asset/truth, so that picture and truth are one, and those whose legibility is measured. How the others
came about stands in asset/SOURCES.csv.
"""

import csv
import sys
import zipfile
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from course.assets import ROOT

TRUTH = ROOT / "asset" / "truth"
FONT = cache(lambda size: ImageFont.truetype(ROOT / "asset" / "fonts" / "NanumGothic-Regular.ttf", size))
INK, GREY = "#1a1a1a", 26


def truth(name: str) -> list[dict[str, str]]:
    """Read the rows of a table in asset/truth."""
    with open(TRUTH / name, encoding="utf-8", newline="") as rows:
        return list(csv.DictReader(rows))


# What letter_sizes.png says at every size: names, numbers and prices, which nobody can guess from their neighbours.
SENTENCE = ("Paid on 14 March 2026: 3 coffees,", "2 teas, 1 cake. Total 27.85, table 6.")
# Heights of a capital letter in pixels, and the sizes of the font that has them.
CAPITALS = {10: 13, 14: 19, 19: 26, 25: 34, 33: 45, 44: 59, 58: 79, 77: 104, 102: 138}
RECEIPT = (
    ("HARBOUR CAFE", ""), ("12 Quay Street, Fernham", ""), ("Receipt 004817", ""),
    ("2 Flat white", "7.60"), ("1 Lemon tea", "2.95"), ("1 Oat biscuit", "1.85"), ("3 Plum cake", "13.35"),
    ("1 Sparkling water", "2.40"), ("Total", "28.15"), ("Card", "28.15"), ("Of that tax 7%", "1.84"),
    ("14 March 2026, 16:42", ""), ("Table 6, served by Quill", ""), ("Till 3, number 90257", ""),
)  # fmt: skip


def blocks() -> list[tuple[int, tuple[int, int, int, int]]]:
    """Of letter_sizes.png: height of a capital letter in pixels, and the box (left, top, right, bottom) of its text."""
    placed, top = [], 200
    for capital, size in CAPITALS.items():
        wide = round(max(map(FONT(size).getlength, SENTENCE)))
        placed.append((capital, (max(0, 200 - 2 * capital), top, 200 + wide + 2 * capital, top + 6 * capital)))
        top += 7 * capital + 80
    return placed


def letter_sizes() -> Image.Image:
    """The same two lines at nine sizes, dark on white, as large as a photo of 12 megapixels."""
    sheet = Image.new("L", (3000, 4000), 255)
    for capital, (_, top, _, _) in blocks():
        for row, line in enumerate(SENTENCE):
            place = (200, top + (2 + 2 * row) * capital + capital // 2)
            ImageDraw.Draw(sheet).text(place, line, font=FONT(CAPITALS[capital]), fill=GREY, anchor="ls")
    return sheet


def receipt() -> Image.Image:
    """A till receipt, narrow and long, as invented as its cafe; its capitals are 22 pixels high."""
    strip = Image.new("L", (900, 2700), 255)
    for row, (name, price) in enumerate(RECEIPT):
        top = 300 + row * 130 + 90 * sum(row >= start for start in (3, 8, 11))
        ImageDraw.Draw(strip).text((150, top), name, font=FONT(30), fill=GREY, anchor="ls")
        ImageDraw.Draw(strip).text((750, top), price, font=FONT(30), fill=GREY, anchor="rs")
    return strip


def korean_sign() -> Image.Image:
    """A blue plate with three lines of Hangul on a grey wall, a little aslant."""
    lines = (TRUTH / "korean_sign.txt").read_text(encoding="utf-8").splitlines()
    plate, wall = Image.new("RGB", (560, 300), "#17508f"), Image.new("RGB", (640, 400), "#b9b4aa")
    draw = ImageDraw.Draw(plate)
    draw.rectangle((10, 10, 549, 289), outline="white", width=4)
    for line, size, middle in zip(lines, (72, 42, 34), (88, 178, 240), strict=True):
        draw.text((280, middle), line, font=FONT(size), fill="white", anchor="mm")
    aslant = plate.convert("RGBA").rotate(3, Image.Resampling.BICUBIC, expand=True)
    wall.paste(aslant, ((640 - aslant.width) // 2, (400 - aslant.height) // 2), aslant)
    return wall


def bar_chart() -> Image.Image:
    """Visitors on six days as bars, with a line for every 50 and no number at any bar."""
    chart, font = Image.new("RGB", (640, 420), "white"), FONT(20)
    draw = ImageDraw.Draw(chart)
    draw.text((340, 28), "Visitors of the library, third week of May", font=font, fill=INK, anchor="mm")
    for visitors in range(0, 301, 50):
        draw.line((70, 370 - visitors, 610, 370 - visitors), fill=INK if visitors == 0 else "#c8c8c8")
        draw.text((60, 370 - visitors), str(visitors), font=font, fill=INK, anchor="rm")
    for n, row in enumerate(truth("visitors.csv")):
        draw.rectangle((90 + 90 * n, 370 - int(row["visitors"]), 139 + 90 * n, 369), fill="#0072b2")
        draw.text((115 + 90 * n, 392), row["day"], font=font, fill=INK, anchor="mm")
    return chart


PAINT = {"white": "#f5f5f2", "red": "#c4292e", "blue": "#2a56a8", "silver": "#a9b1b8", "yellow": "#edc21d",
         "green": "#2f7d4a", "black": "#161616"}  # fmt: skip


def car_park() -> Image.Image:
    """A car park from above: numbered bays in three rows, a car in each, some with a stripe along the roof."""
    park = Image.new("RGB", (640, 486), "#4b4d50")
    draw = ImageDraw.Draw(park)
    for n, car in enumerate(truth("car_park.csv")):
        left, top = 8 + n % 8 * 78, 10 + n // 8 * 160
        for side in (left, left + 78):
            draw.line((side, top, side, top + 134), fill="white", width=2)
        draw.text((left + 39, top + 124), car["number"], font=FONT(18), fill="white", anchor="mm")
        draw.rounded_rectangle((left + 17, top + 4, left + 61, top + 110), 13, PAINT[car["colour"]], "#161616", 2)
        for front, back in ((31, 43), (89, 98)):
            draw.rounded_rectangle((left + 23, top + front, left + 55, top + back), 3, "#2b3a47")
        if car["stripe"]:
            draw.rectangle((left + 35, top + 46, left + 42, top + 86), fill=PAINT[car["stripe"]])
    return park


def small_receipt(row: dict[str, str]) -> Image.Image:
    """Draw a receipt of asset/truth/receipts.csv in black and white, 400 x 560 pixels."""
    strip = Image.new("1", (400, 560), 1)
    draw = ImageDraw.Draw(strip)
    items = zip(row["items"].split(";"), row["prices"].split(";"), strict=True)
    lines = [(row["shop"], ""), (row["date"], ""), *items, ("Total", row["total"]), ("Thank you", "")]
    for n, (name, price) in enumerate(lines):
        top = 60 + 52 * n + 20 * ((n > 1) + (name == "Total") + 2 * (name == "Thank you"))
        draw.text((40, top), name, font=FONT(23), fill=0, anchor="ls")
        draw.text((360, top), price, font=FONT(23), fill=0, anchor="rs")
    return strip


# What draws a picture, and how many colours a PNG needs.
PICTURES = {
    "letter_sizes.png": (letter_sizes, 16), "receipt.png": (receipt, 16), "korean_sign.jpg": (korean_sign, None),
    "bar_chart.png": (bar_chart, 32), "car_park.png": (car_park, 32),
}  # fmt: skip


def make(name: str, folder: Path) -> None:
    """Write the picture of this name into a folder."""
    draw, colours = PICTURES[name]
    picture = draw().quantize(colours, dither=Image.Dither.NONE) if colours else draw()
    picture.save(folder / name, optimize=bool(colours), quality=85)


def main(folder: Path) -> None:
    """Make them all; the small receipts as one zip file, so that a folder of pictures is one file of the repository."""
    for name in PICTURES:
        make(name, folder)
    with zipfile.ZipFile(folder.parent / "receipts.zip", "w") as packed:
        for row in truth("receipts.csv"):
            small_receipt(row).save(file := BytesIO(), "PNG", optimize=True)
            packed.writestr(zipfile.ZipInfo(row["file"]), file.getvalue())


if __name__ == "__main__":
    main(Path(*sys.argv[1:]) if sys.argv[1:] else ROOT / "asset" / "images")

"""Bytes and time of `open_picture` on a 12-megapixel photograph: python -m tests.tools.benchmarks.encoding

The photograph is made here: noise of every grain, as in foliage or cloth, in soft colours, saved as a phone saves it
(JPEG, 4000 x 3000, EXIF with an orientation). It is compared with what one writes first, reading the file and encoding
it as base64, and with what one writes next, opening, resizing and saving it with Pillow. Each is run in turn, several
times; the ratio is that of the fastest runs. Only the ratios mean something on another machine.
"""

import base64
import random
import tempfile
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops

from helpers.encoding import open_picture
from tests.tools.benchmarks import fastest

SIZE = (4000, 3000)
SIDE = 1024


def photo_like(size: tuple[int, int], seed: int = 1) -> Image.Image:
    """Layers of noise from the size of the picture down to a few pixels, the finer the fainter, added up."""
    dice = random.Random(seed)
    picture = Image.new("RGB", size, (128, 128, 128))
    for step in range(2, 12):
        grains, strength = (2**step, 2**step * size[1] // size[0] or 1), 0.9 / step
        noise = Image.frombytes("RGB", grains, dice.randbytes(3 * grains[0] * grains[1]))
        noise = Image.blend(noise, noise.convert("L").convert("RGB"), 0.8)
        layer = noise.point(lambda value, strength=strength: int(128 + (value - 128) * strength))
        picture = ImageChops.add(picture, layer.resize(size, Image.Resampling.BICUBIC), offset=-128)
    return picture


def phone_file(size: tuple[int, int], orientation: int = 6) -> bytes:
    """The same as a JPEG file with EXIF; 6 means that it lies on its side, 1 that it is upright."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo_like(size).save(file := BytesIO(), "JPEG", quality=92, exif=exif)
    return file.getvalue()


def open_resize_save(path: Path) -> bytes:
    """What one writes with Pillow: every pixel is unpacked first, and the picture stays on its side."""
    with Image.open(path) as image:
        image.resize((SIDE, SIDE * image.height // image.width)).save(file := BytesIO(), "JPEG", quality=90)
    return base64.b64encode(file.getvalue())


def main(size: tuple[int, int] = SIZE, repeats: int = 5) -> dict[str, tuple[int, float]]:
    """Print the ratios; the result is bytes out and fastest time in seconds for each way."""
    with tempfile.TemporaryDirectory() as folder:
        path, upright = Path(folder) / "photo.jpg", Path(folder) / "upright.jpg"
        path.write_bytes(data := phone_file(size))
        upright.write_bytes(phone_file(size, orientation=1))
        ways = {
            "naive": lambda: base64.b64encode(path.read_bytes()),  # the whole file leaves, with where it was taken
            "plain": lambda: open_resize_save(path),
            "shrunk": lambda: open_picture(path, max_side=SIDE).data_url.encode(),
            "whole": lambda: open_picture(path).data_url.encode(),  # turned upright, so encoded again
            "stripped": lambda: open_picture(upright).data_url.encode(),  # saved again without its metadata
        }
        results = {name: (len(out), taken) for name, (out, taken) in fastest(ways, repeats).items()}
    print(f"A photo-like JPEG of {size[0]} x {size[1]} pixels, {len(data):,} bytes; {repeats} runs of each.")
    for title, ours, theirs in (
        ("open_picture(max_side=1024) to naive read-and-base64", "shrunk", "naive"),
        ("open_picture(max_side=1024) to open-resize-save", "shrunk", "plain"),
        ("open_picture() of a turned photo to naive", "whole", "naive"),
        ("open_picture() of an upright photo to naive", "stripped", "naive"),
    ):
        (our_bytes, our_time), (their_bytes, their_time) = results[ours], results[theirs]
        print(f"{title:55} bytes {our_bytes / their_bytes:6.3f}   time {our_time / their_time:7.2f}")
    return results


if __name__ == "__main__":
    main()

"""What can't be sent: no picture, half of one, one without end, one that nobody would make. Each is told so."""

import io
import struct
import tracemalloc
import zlib
from contextlib import suppress
from types import SimpleNamespace

import numpy
import pytest
from PIL import Image

from helpers.encoding import PictureError, open_picture

from tests.encoding.samples import (  # isort: skip
    PLAIN, RARE, animation, deep_files, exif, no_network, photo, png_chunk, png_of, profile, refusal, saved, scene,
    see_through, talkative, tiff_of,
)  # fmt: skip
from tests.tools.fuzz_pictures import fuzz

HEIC = "this is a HEIC photo, which this Python can't open"
VIDEO = "this is a video or a sound, no picture"
PAGE = "this is a web page, not a picture"
RAW = "this is a camera's raw picture"
NO_PICTURES = [
    (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), HEIC),
    (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(99), HEIC),
    (b"\0\0\0\x18ftypavci\0\0\0\0mif1avci", HEIC),
    (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2", VIDEO),
    (b"\x1aE\xdf\xa3\1\0\0\0", VIDEO),
    (b"RIFF\x24\0\0\0WAVEfmt ", VIDEO),
    (b"\n<!DOCTYPE html><html>", PAGE),
    (b"<?xml version='1.0'?><html><svg></svg></html>", PAGE),
    (b"<!-- a --><!-- b --><script>1</script>", PAGE),
    (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", RAW),
    (b"FUJIFILMCCD-RAW 0201", RAW),
    # One general sentence, true of all that is rare: neither "damaged" nor what it is not.
    (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(99), RARE),
    (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x -->\n<svg>', RARE),
    (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf", RARE),
    (b"data: three cats, two dogs", RARE),
    (b"%PDF-1.7\n%\xe2\xe3", RARE),
    (b"<!---->" * 9000, RARE),
    (PLAIN["JPEG"].replace(b"\xff\xc0\0\x11\x08", b"\xff\xc1\0\x11\x0c"), RARE),  # 12 bits
    (PLAIN["JPEG"].replace(b"\xff\xc0", b"\xff\xc3"), RARE),  # lossless
    (PLAIN["PNG"][:8] + png_chunk(b"CgBI", b"\x50\0\x20\2") + PLAIN["PNG"][8:], RARE),  # of an iPhone app
    (tiff_of(scene(), {258: [32] * 3, 339: [3] * 3}, bytes(14_400)), RARE),  # floats
    *((saved(scene(), kind)[:9], RARE) for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")),
]


@pytest.mark.parametrize(("data", "says"), NO_PICTURES)
def test_what_is_no_picture_is_told_what_it_is(data, says, tmp_path, monkeypatch):
    no_network(monkeypatch)
    (tmp_path / "holiday.jpg").write_bytes(data)
    said = refusal(tmp_path / "holiday.jpg")
    assert said.startswith(f"holiday.jpg: {says}") and refusal(data) == said.replace("holiday.jpg", "bytes", 1)


def test_eps_is_never_opened(monkeypatch):
    """Pillow gives it to another program, Ghostscript."""
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *a, **k: pytest.fail("a program was started"))
    assert refusal(saved(scene(), "EPS")).endswith(f"{RARE} It begins with b'%!PS-Adobe-3.0 E'.")


PHOTO = {
    **{kind: saved(photo(), kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM")},
    "progressive JPEG": saved(photo(), "JPEG", progressive=True),
    "JPEG with restarts": saved(photo(), "JPEG", restart_marker_blocks=7),
    "grey JPEG": saved(photo().convert("L"), "JPEG"),
    "lossless WebP": saved(photo(), "WEBP", lossless=True),
    "LZW TIFF": saved(photo(), "TIFF", compression="tiff_lzw"),
}


@pytest.mark.parametrize("name", PHOTO)
def test_a_picture_that_is_cut_off_is_refused_wherever_it_ends(name):
    """With nothing, zeros or an end marker in the place of what is gone. (Without compression, zeros are black.)"""
    data = PHOTO[name]
    for ends in (int(len(data) * share) for share in (0.4, 0.8, 0.95)):
        assert "Get it again" in refusal(data[:ends])
        if name not in ("TIFF", "BMP", "PPM", "LZW TIFF"):
            assert "Get it again" in refusal(data[:ends] + bytes(len(data) - ends))
        if name in ("JPEG", "JPEG with restarts", "grey JPEG"):
            for more in (b"", bytes(90)):
                assert "it is cut off: pixels are missing" in refusal(data[:ends] + b"\xff\xd9" + more)


@pytest.mark.parametrize("name", ["JPEG", "grey JPEG", "JPEG with restarts"])
@pytest.mark.parametrize("ending", [b"", bytes(600), b"\xff"], ids=["nothing", "zeros", "half a marker"])
def test_a_jpeg_that_lacks_only_its_end_is_whole(name, ending):
    """As some cameras write it, and what browsers show."""
    picture = open_picture(PHOTO[name][:-2] + ending)
    assert picture.changes == ("saved again",) and picture.data.endswith(b"\xff\xd9")
    before, after = (numpy.asarray(Image.open(io.BytesIO(one)), float) for one in (PHOTO[name], picture.data))
    assert numpy.abs(before - after).mean() < 1


def test_what_looks_like_missing_pixels_is_not_taken_for_it():
    """Middle grey, which is what a JPEG that lacks pixels shows, and black whose codes are zeros to the end."""
    flat = [Image.new(mode, (300, 200), (128,) * len(mode)) for mode in ("L", "RGB")]
    for image in (*flat, Image.new("L", (4000, 8))):
        data = saved(image, "JPEG", optimize=True)
        assert open_picture(data).data == data


def test_a_png_whose_pixels_end_early_is_refused():
    """Pillow fills the rest; a stream that ends well, but too soon, and one with a wrong sum."""
    for bits, colours, row in ((1, 0, 5), (8, 0, 40), (8, 2, 120), (8, 4, 80), (8, 6, 160), (16, 2, 240)):
        assert open_picture(png_of(40, 30, bits, colours, b"\0" * 30 * (row + 1))).width == 40
        for rows in (30 * (row + 1) - 1, 15 * (row + 1)):
            assert "it is cut off" in refusal(png_of(40, 30, bits, colours, bytes(rows)))
    stream = zlib.compress(rows := bytes(121 * 30))
    for broken, says in ((stream[:-4] + b"abcd", RARE), (stream[:-4], "it is cut off")):
        whole = png_of(40, 30, 8, 2, rows)
        assert says in refusal(whole.replace(png_chunk(b"IDAT", stream), png_chunk(b"IDAT", broken)))


def busy_files():
    """What would keep a reader busy for minutes."""
    plain, scans = PLAIN["JPEG"], saved(Image.radial_gradient("L").resize((1500, 1500)), "JPEG", progressive=True)
    yield scans[:-2] + scans[scans.rindex(b"\xff\xda") : -2] * 550 + b"\xff\xd9"
    yield plain[:2] + b"\xff" * 2_000_000 + plain[2:]  # fill bytes, in front and in the scan
    yield plain[:-2] + b"\xff" * 2_000_000 + plain[-2:]
    yield saved(scene(), "GIF")[:-1] + b"!\xfe\1a\0" * 200_000 + b";"


def test_a_file_of_very_many_parts_is_refused():
    assert ["so many small parts" in refusal(data) for data in busy_files()] == [True] * 4


def test_a_tiff_of_very_many_pages_is_opened_without_counting_them(monkeypatch):
    monkeypatch.setattr("PIL.TiffImagePlugin.TiffImageFile.n_frames", property(lambda image: pytest.fail("counted")))
    tags = b"".join(struct.pack("<HHII", tag, 4, 1, 1) for tag in (256, 257, 258, 259, 262, 273, 278, 279))
    pages = [b"\10\0" + tags + struct.pack("<I", 8 + n * 102 if n < 30_000 else 0) for n in range(1, 30_001)]
    data = b"II*\0\10\0\0\0" + b"".join(pages)
    assert "several frames or pages" in refusal(data)
    assert open_picture(data, frame=2).changes == ("frame 2", "TIFF made PNG")


def test_a_file_without_an_end_is_left():
    for options in ({}, {"timeout": 1e-9}):
        assert "it takes too long, or has no end" in refusal(SimpleNamespace(read=lambda size=-1: b"x"), **options)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        *((png_of(side, side, 8, 2, bytes(99)), "decompression bomb") for side in (11_000, 13_000, 60_000, 2**31 - 1)),
        (png_of(8000, 7000, 8, 6, bytes(99)), "1 to 40,000,000 of this kind"),  # 24 bytes a pixel at most: a gigabyte
        (png_of(8000, 7000, 16, 0, bytes(99)), "1 to 40,000,000 of this kind"),
        (png_of(12_000, 9_000, 8, 2, bytes(99)), "it is cut off"),  # a phone's: not for its size
        (b"GIF89a\0\0\0\0\0\0\0;", RARE),
    ],
)
def test_what_would_not_fit_into_memory_is_never_unpacked(data, says):
    tracemalloc.start()
    for options in ({}, {"max_side": 100}, {"frame": 0}):
        assert says in refusal(data, **options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_an_image_without_pixels_and_a_page_with_too_many_are_refused():
    assert "0 x 5 pixels, and 1 to 110,000,000 of this kind can be unpacked" in refusal(Image.new("RGB", (0, 5)))
    data = saved(scene(mode="1"), "TIFF", save_all=True, append_images=[Image.new("1", (14_000, 12_500))],
                 compression="group4")  # fmt: skip
    assert "decompression bomb" in refusal(data, frame=1)


def test_too_many_bytes_to_send(monkeypatch):
    size = len(data := PHOTO["PNG"])
    monkeypatch.setattr("helpers.encoding.picture.MAX_BYTES", size)
    assert open_picture(data).data == data
    monkeypatch.setattr("helpers.encoding.picture.MAX_BYTES", size - 1)
    assert refusal(data) == f"bytes: {size:,} bytes to send, over the limit of {size - 1:,}. Shrink it: max_side=150."


FUZZED = {
    **PLAIN,
    **{f"talkative {name}": data for name, data in talkative().items()},
    **{f"animated {kind}": animation(kind) for kind in ("GIF", "WEBP", "PNG", "AVIF")},
    **{kind: saved(scene((16, 16)), kind) for kind in ("BMP", "TIFF", "PPM", "JPEG2000", "AVIF", "ICO")},
    **{f"{how} TIFF": saved(scene(), "TIFF", compression=how) for how in ("tiff_lzw", "jpeg")},
    "CMYK JPEG": saved(scene(mode="CMYK"), "JPEG", icc_profile=profile("Adobe RGB")),
    "RGBA PNG": saved(see_through("RGBA"), "PNG", icc_profile=profile("Adobe RGB")),
    "odd EXIF": saved(scene(), "JPEG", exif=exif(6)).replace(b"MM\0*", b"MM\0*\xff\xff\xff\xff", 1),
    **{f"16 bits {name}": data for name, data in deep_files().items()},
}


def test_damaged_bytes_end_in_a_picture_or_a_picture_error(recwarn):
    """Always the same; and every file cut short in 20 places."""
    ended = fuzz(FUZZED, 400, seed=7)
    assert ended["picture"] > 50 and ended["refused"] > 50 and sum(ended.values()) == 400
    for name, whole in FUZZED.items():
        for n in range(0, len(whole) + 1, max(1, len(whole) // 20)):
            with suppress(PictureError):
                assert open_picture(whole[:n], max_side=10, frame=0).width <= 10, name
    odd = [one for one in recwarn if "bytes: " not in str(one.message)]
    assert odd == [], "Pillow's own warn nobody"

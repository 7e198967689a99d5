"""What a file is that can't be sent: no picture, half of one, one without end; and bytes that nobody would make."""

import io
import random
import struct
import tracemalloc
import zlib
from contextlib import suppress
from types import SimpleNamespace

import numpy
import pytest
from PIL import Image

from helpers.encoding import PictureError, open_picture
from tests.conftest import data_url
from tests.encoding.samples import (
    NO_PICTURE,
    PLAIN,
    RARE,
    animation,
    deep_files,
    exif,
    no_network,
    photo,
    png_chunk,
    png_of,
    profile,
    refusal,
    saved,
    scene,
    see_through,
    talkative,
    tiff_of,
)  # fmt: skip
from tests.tools.fuzz_pictures import fuzz

NO_PICTURES = {
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "this is a HEIC photo, which this Python can't open"),
    "HEIF": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(99), "this is a HEIC photo"),
    "AVIF": (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(99), NO_PICTURE),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"></svg>', NO_PICTURE),
    "SVG with a prologue": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x -->\n<svg>', NO_PICTURE),
    "JPEG XL": (b"\xff\x0a\xfa\x7f\x01", NO_PICTURE),
    "a film": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2", "this is a video or a sound, no picture"),
    "WebM": (b"\x1aE\xdf\xa3\1\0\0\0", "this is a video or a sound"),
    "a sound": (b"RIFF\x24\0\0\0WAVEfmt ", "this is a video or a sound"),
    "a web page": (b"\n<!DOCTYPE html><html>", "this is a web page, not a picture"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3", NO_PICTURE),
    "PostScript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", NO_PICTURE),
    "Photoshop": (b"8BPS\0\1" + bytes(40), NO_PICTURE),
    "an archive": (b"PK\3\4\x14\0", NO_PICTURE),
    "JSON": (b'{"error": "expired"}', NO_PICTURE),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", NO_PICTURE),
    "text": ("고양이 사진\n".encode(), NO_PICTURE),
    "a page with a drawing in it": (b"<?xml version='1.0'?><html><svg></svg></html>", "this is a web page"),
    "an AVIF of another brand": (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf", NO_PICTURE),
    "a camera's own": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "this is a camera's raw picture"),
    "AVC in HEIF": (b"\0\0\0\x18ftypavci\0\0\0\0mif1avci", "this is a HEIC photo"),
    "a raw file": (b"FUJIFILMCCD-RAW 0201", "this is a camera's raw picture"),
    "a page that begins with a comment": (b"<!-- a --><!-- b --><script>1</script>", "this is a web page"),
    "a page that begins with a title": (b"<title>x</title>", "this is a web page"),
    "a page after long remarks": (b"<!--" + b"x" * 2000 + b"--><html><svg></svg>", "this is a web page"),
    "thousands of remarks": (b"<!---->" * 9000, NO_PICTURE),
    "text that begins with data:": (b"data: three cats, two dogs", NO_PICTURE),
    "text in brackets": (b"[settings]\ncolour = red", NO_PICTURE),
    "a link of Markdown": (b"[link](https://example.org)", NO_PICTURE),
    "code": (b"{ return 1; }", NO_PICTURE),
    "JSON after a byte-order mark": (b'\xef\xbb\xbf[{"a": 1}]', NO_PICTURE),
    "JSON in UTF-16": ('{"a": 1}'.encode("utf-16"), NO_PICTURE),
    "PDF after a byte-order mark": (b"\xef\xbb\xbf%PDF-1.7", NO_PICTURE),
    "Korean of Windows": ("고양이".encode("cp949"), NO_PICTURE),
    "TGA": (saved(scene(), "TGA"), NO_PICTURE),
    "QOI": (saved(scene(), "QOI"), NO_PICTURE),
    "bzip2": (b"BZh91AY", NO_PICTURE),
    "Zstandard": (b"(\xb5/\xfd\4", NO_PICTURE),
    "12 bits": (PLAIN["JPEG"].replace(b"\xff\xc0\0\x11\x08", b"\xff\xc1\0\x11\x0c"), NO_PICTURE),
    "lossless JPEG": (PLAIN["JPEG"].replace(b"\xff\xc0", b"\xff\xc3"), f"this is closed, {RARE}"),
    "JPEG-LS": (PLAIN["JPEG"].replace(b"\xff\xc0", b"\xff\xf7"), NO_PICTURE),
    "a PNG of an iPhone app": (
        PLAIN["PNG"][:8] + png_chunk(b"CgBI", b"\x50\0\x20\2") + PLAIN["PNG"][8:],
        f"this is {RARE}",
    ),
    "floats in three channels": (tiff_of(scene(), {258: (3, [32] * 3), 339: (3, [3] * 3)}, bytes(14_400)), NO_PICTURE),
    "noise": (bytes(range(1, 200)), NO_PICTURE),
    "zeros": (bytes(500), NO_PICTURE),
    "the start of a PNG": (b"\x89PNG\r\n\x1a\n", NO_PICTURE),
    "the start of a JPEG": (b"\xff\xd8\xff\xe0\0\x10JF", NO_PICTURE),
    "the start of a GIF": (b"GIF89a\1", NO_PICTURE),
    "the start of a WebP": (PLAIN["lossy WebP"][:14], NO_PICTURE),
    "the start of a BMP": (saved(scene(), "BMP")[:20], NO_PICTURE),
    "the start of a TIFF": (saved(scene(), "TIFF")[:6], NO_PICTURE),
}


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_picture_is_told_what_it_is(name, tmp_path, monkeypatch):
    no_network(monkeypatch)
    data, says = NO_PICTURES[name]
    says = f"{says}{data[:16]!r}), {RARE}" if says is NO_PICTURE else says
    assert refusal(data).startswith(f"bytes: {says}")
    (tmp_path / "holiday.jpg").write_bytes(data)
    assert refusal(tmp_path / "holiday.jpg").startswith(f"holiday.jpg: {says}")


def test_eps_is_never_opened(monkeypatch):
    """Pillow gives it to another program, Ghostscript."""
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *a, **k: pytest.fail("a program was started"))
    assert NO_PICTURE in refusal(saved(scene(), "EPS"))


# --- whole or not ---

PHOTO = {
    **{kind: saved(photo(), kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM")},
    "progressive JPEG": saved(photo(), "JPEG", progressive=True),
    "JPEG with restarts": saved(photo(), "JPEG", restart_marker_blocks=7),
    "grey JPEG": saved(photo().convert("L"), "JPEG"),
    "PNG with a palette": saved(photo().quantize(200), "PNG"),
    "lossless WebP": saved(photo(), "WEBP", lossless=True),
    "LZW TIFF": saved(photo(), "TIFF", compression="tiff_lzw"),
}


@pytest.mark.parametrize("name", PHOTO)
def test_a_picture_that_is_cut_off_is_refused_wherever_it_ends(name):
    """With nothing, zeros or an end marker in the place of what is gone. (Without compression, zeros are black.)"""
    data = PHOTO[name]
    for share in (0.4, 0.6, 0.8, 0.9, 0.95):
        ends = int(len(data) * share)
        assert "Get it again" in refusal(data[:ends])
        if name not in ("TIFF", "BMP", "PPM", "LZW TIFF"):
            assert "Get it again" in refusal(data[:ends] + bytes(len(data) - ends))
        if "JPEG" in name and "2000" not in name and (share < 0.8 or "progressive" not in name):
            assert "it is cut off: pixels are missing" in refusal(data[:ends] + b"\xff\xd9")
            assert "it is cut off" in refusal(data[:ends] + bytes(90) + b"\xff\xd9")


@pytest.mark.parametrize("name", ["JPEG", "grey JPEG", "JPEG with restarts"])
@pytest.mark.parametrize("ending", [b"", bytes(600), b"\xff"], ids=["nothing", "zeros", "half a marker"])
def test_a_jpeg_that_lacks_only_its_end_is_whole(name, ending):
    """As some cameras write it, and what browsers show."""
    data = PHOTO[name]
    picture = open_picture(data[:-2] + ending)
    assert picture.changes == ("saved again",)
    before, after = (numpy.asarray(Image.open(io.BytesIO(one)), float) for one in (data, picture.data))
    assert numpy.abs(before - after).mean() < 1 and picture.data.endswith(b"\xff\xd9")


def test_a_grey_corner_does_not_make_a_jpeg_half():
    for mode in ("L", "RGB"):
        data = saved(Image.new(mode, (300, 200), (128,) * len(mode)), "JPEG")
        assert open_picture(data).data == data
    flat = saved(Image.new("L", (4000, 8)), "JPEG", optimize=True)
    assert open_picture(flat).data == flat


def test_a_png_whose_pixels_end_early_is_refused():
    """Pillow fills the rest; a stream that ends well, but too soon, and one with a wrong sum."""
    rows = bytes(121 * 30)
    assert open_picture(png_of(40, 30, 8, 2, rows)).changes == ()
    assert "it is cut off" in refusal(png_of(40, 30, 8, 2, rows[:-1]))
    assert "it is cut off" in refusal(png_of(40, 30, 8, 2, rows[: 121 * 15]), max_side=9)
    stream = zlib.compress(rows)
    for broken, says in ((stream[:-4] + b"abcd", RARE), (stream[:-4], "it is cut off")):
        assert says in refusal(
            png_of(40, 30, 8, 2, rows).replace(png_chunk(b"IDAT", stream), png_chunk(b"IDAT", broken))
        )


# --- it ends ---


def tiff_pages(count):
    tags = [(256, 1), (257, 1), (258, 8), (259, 1), (262, 1), (273, 4), (278, 1), (279, 1)]
    page = struct.pack("<H", 8) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    pages = [page + struct.pack("<I", 8 + (n + 1) * 102 if n + 1 < count else 0) for n in range(count)]
    return b"II*\0" + struct.pack("<I", 8) + b"".join(pages)


def busy_files():
    """What would keep a reader busy for minutes."""
    plain, scans = PLAIN["JPEG"], saved(Image.radial_gradient("L").resize((1500, 1500)), "JPEG", progressive=True)
    scan = scans[scans.rindex(b"\xff\xda") : -2]
    gif = saved(scene(), "GIF")
    return {
        "scans": scans[:-2] + scan * 450 + b"\xff\xd9",
        "fill bytes in front": plain[:2] + b"\xff" * 2_000_000 + plain[2:],
        "fill bytes in the scan": plain[:-2] + b"\xff" * 2_000_000 + plain[-2:],
        "empty comments": plain[:2] + b"\xff\xfe\0\2" * 30_000 + plain[2:],
        "chunks": PLAIN["PNG"][:33] + png_chunk(b"tEXt", b"a\0b") * 100_000 + PLAIN["PNG"][33:],
        "extensions": gif[:-1] + b"!\xfe\1a\0" * 200_000 + b";",
    }


@pytest.mark.parametrize("name", busy_files())
def test_a_file_of_very_many_parts_is_refused(name):
    assert "so many small parts" in refusal(busy_files()[name])


def test_a_tiff_of_very_many_pages_is_opened_without_counting_them(monkeypatch):
    monkeypatch.setattr("PIL.TiffImagePlugin.TiffImageFile.n_frames", property(lambda image: pytest.fail("counted")))
    pages = tiff_pages(30_000)
    assert "several frames or pages" in refusal(pages)
    assert open_picture(pages, frame=2).changes == ("frame 2", "TIFF made PNG")


def test_a_file_without_an_end_is_left(monkeypatch):
    assert "it takes too long, or has no end" in refusal(SimpleNamespace(read=lambda size=-1: b"x"))
    assert "it takes too long" in refusal(SimpleNamespace(read=lambda size=-1: b"x"), timeout=1e-9)


def test_what_takes_much_memory_may_have_fewer_pixels():
    """A gigabyte at most. Measured: 24 bytes a pixel for JPEG 2000 and 21 for WebP with alpha, 8 for a turned JPEG."""
    assert "1 to 40,000,000 of this kind" in refusal(bomb(8000, 7000, 6))
    assert "1 to 40,000,000 of this kind" in refusal(bomb(8000, 7000, 0, 16))
    assert "it is cut off" in refusal(bomb(12_000, 9_000)), (
        "a phone's; refused for its missing pixels, not for its size"
    )


def bomb(width, height, colours=2, bits=8):
    """A PNG of a few hundred bytes that claims these sides, and holds nothing."""
    return png_of(width, height, bits, colours, b"\0" * 99)


@pytest.mark.parametrize("sides", [(11_000, 11_000), (13_000, 13_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_decompression_bomb_is_never_unpacked(sides):
    tracemalloc.start()
    for options in ({}, {"max_side": 100}, {"frame": 0}):
        assert "decompression bomb" in refusal(bomb(*sides), **options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000
    assert "decompression bomb" in refusal(data_url(bomb(*sides)))


def test_sides_of_zero_and_absurd_ones():
    assert "0 x 5 pixels, and 1 to 120,000,000 of this kind can be unpacked" in refusal(Image.new("RGB", (0, 5)))
    for empty in (bomb(0, 5), bomb(5, 0), b"GIF89a\0\0\0\0\0\0\0;", b"P6 0 5 255\n"):
        assert refusal(empty)
    wide = saved(Image.new("L", (70_000, 2)), "PNG")
    assert "(70000, 2) pixels; a side has at most 65,500. Use max_side" in refusal(wide)
    assert open_picture(wide, max_side=2048).width == 2048


def test_too_many_bytes_to_send():
    noise = Image.frombytes("RGB", (300, 300), random.Random(1).randbytes(270_000))
    data = saved(noise, "PNG")
    said = refusal(data, max_bytes=100_000)
    assert f"bytes: {len(data):,} bytes to send, over the limit of 100,000" in said and "max_side=150" in said
    assert len(open_picture(data, max_bytes=100_000, max_side=100).data) < 100_000
    large = Image.frombytes("RGB", (2400, 2400), random.Random(2).randbytes(2400 * 2400 * 3))
    assert "over the limit of 15,728,622" in refusal(saved(large, "PNG", compress_level=0))


def test_odd_metadata_warn_nobody(recwarn):
    data = saved(scene(), "JPEG", exif=exif(6))
    broken = data.replace(b"MM\0*", b"MM\0*\xff\xff\xff\xff", 1)
    for source in (data, broken[:-1] + b"\xd9"):
        with suppress(PictureError):
            open_picture(source)
    assert [str(warning.message) for warning in recwarn] == []


# --- bytes that nobody would make ---

FUZZED = {
    **PLAIN,
    **{f"talkative {name}": data for name, data in talkative().items()},
    **{f"animated {kind}": animation(kind) for kind in ("GIF", "WEBP", "PNG", "AVIF")},
    **{kind: saved(scene((16, 16)), kind) for kind in ("BMP", "TIFF", "PPM", "JPEG2000", "AVIF", "ICO")},
    "LZW TIFF": saved(scene(), "TIFF", compression="tiff_lzw"),
    "JPEG in a TIFF": saved(scene(), "TIFF", compression="jpeg"),
    "CMYK JPEG": saved(scene(mode="CMYK"), "JPEG", icc_profile=profile("Adobe RGB")),
    "RGBA PNG": saved(see_through("RGBA"), "PNG", icc_profile=profile("Adobe RGB")),
    **{f"16 bits {name}": data for name, data in deep_files().items()},
}


def test_damaged_bytes_end_in_a_picture_or_a_picture_error(recwarn):
    """A share of `python -m tests.tools.fuzz_pictures`, always the same; and every file cut short in 20 places."""
    ended, _ = fuzz(FUZZED, 400, seed=7)
    assert ended["picture"] > 50 and ended["refused"] > 50 and sum(ended.values()) == 400
    for name, whole in FUZZED.items():
        for n in range(0, len(whole), max(1, len(whole) // 20)):
            with suppress(PictureError):
                assert open_picture(whole[:n], max_side=10, frame=0).width <= 10, name
    assert not [one for one in recwarn if one.category is not UserWarning], "Pillow's own warn nobody"

"""What can't be sent: no picture, half of one, one without end, one that nobody would make. Each is told so."""

import array
import gzip
import io
import os
import struct
import sys
import tracemalloc
import zlib
from contextlib import suppress
from types import SimpleNamespace
from unittest.mock import Mock

import numpy
import pytest
from PIL import Image

from helpers.encoding import Picture, PictureError, open_picture, sources
from tests.conftest import data_url
from tests.encoding.test_pictures import OPENED
from tests.tools.fuzz_pictures import fuzz

from tests.encoding.samples import (  # isort: skip
    DEEP, DEEP_RGB, PLAIN, animation, fits, photo, png_chunk, png_of, refusal, saved, scene, tiff_of, with_chunk,
    WHITE_ON_NOTHING,
)  # fmt: skip

JPEG, PNG, SCENE, GREY = PLAIN["JPEG"], PLAIN["PNG"], scene(), scene(mode="L")
PHOTO = {
    **{kind: saved(photo(), kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM")},
    "progressive JPEG": saved(photo(), "JPEG", progressive=True),
    "JPEG with restarts": saved(photo(), "JPEG", restart_marker_blocks=7),
    "grey JPEG": saved(photo().convert("L"), "JPEG"),
    "lossless WebP": saved(photo(), "WEBP", lossless=True),
    "LZW TIFF": saved(photo(), "TIFF", compression="tiff_lzw"),
}


async def later(size=-1):
    """A read that has to be awaited."""
    return PNG


def closed(thing):
    thing.close()
    return thing


RARE = "this is not intact, no picture, or of a kind that can't be read here. Get it again, or save it as PNG."
CUT = "it is cut off: pixels are missing. Get it again."
BOMB = "pixels, and 1 to {} of this kind can be unpacked. Shrink it, or is it a decompression bomb?"
HEIC = "bytes: this is a HEIC photo, which this Python can't open. On the phone choose JPEG …pip install pillow-heif, …"
VIDEO = "bytes: this is a video or a sound, no picture."
PAGE = "bytes: this is a web page, not a picture. Copy the address of the picture itself."
RAW = "bytes: this is a camera's raw picture, of which at best the preview opens. Export it as JPEG with …"
GREYS = "…: Greys of 32 bits, floats, and 16 bits with a transparent one, are not read. Save it with 8 bits."
SEVERAL = "bytes: several frames or pages, and only one can be sent. Choose it, say frame=0."
TRY = "Is the address right? A signed one may have expired, and a slow one needs a larger timeout=."
START = "A path starts where Python runs (in a lesson: notebooks/), and an address with https://"
EMPTY = "empty, 0 bytes. Was it read already? file.seek(0) rewinds it."
UNREADABLE = "The file can't be read ({}). Open it with open(path, 'rb'), and await what has to be awaited."
KINDS = "a path, bytes, a PIL image (of an array: Image.fromarray; OpenCV's is BGR: array[..., ::-1])"
TAKEN = f"A picture is {KINDS}, an open file, an address or data URL, not"
MALFORMED = "This base64 is malformed or cut off. Make it with base64.b64encode(data).decode()."
LIES = "This data URL says {}, but its bytes are {}. Write data:{};base64,…"
INVALID = f"no picture came (InvalidURL). {TRY}"
ANIMATED = [animation(kind) for kind in ("GIF", "WEBP", "PNG", "AVIF", "TIFF")]
PNG64 = data_url(PNG).partition(",")[2]
REFUSED = {  # what is said, of which sources
    # One general sentence, true of all that is rare: neither "damaged" nor what it is not.
    f"bytes: {RARE}…": [
        b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(99),
        b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x -->\n<svg>',
        b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf",
        b"data: three cats, two dogs",
        b"%PDF-1.7\n%\xe2\xe3",
        b"<!---->" * 9000,
        b"GIF89a\0\0\0\0\0\0\0;",
        JPEG.replace(b"\xff\xc0\0\x11\x08", b"\xff\xc1\0\x11\x0c"),  # 12 bits
        JPEG.replace(b"\xff\xc0", b"\xff\xc3"),  # lossless
        PNG[:8] + png_chunk(b"CgBI", b"\x50\0\x20\2") + PNG[8:],  # of an iPhone app
        with_chunk(PLAIN["P PNG"], b"PLTE", bytes(6)),
        with_chunk(PLAIN["P PNG"], b"IHDR", struct.pack(">IIBBBBB", 40, 30, 8, 3, 0, 0, 0)),
        tiff_of(SCENE, {258: [32] * 3, 339: [3] * 3}, bytes(14_400)),  # floats
        tiff_of(SCENE, {258: [16] * 3, 273: [8, 2408, 4808], 279: [2400] * 3, 284: [2]}, DEEP_RGB.tobytes()),
        *(saved(SCENE, kind) for kind in ("TGA", "PCX", "DDS", "ICNS")),
        *(saved(SCENE, kind)[:9] for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")),
    ],
    f"bytes: {RARE} It begins with b'%!PS-Adobe-3.0 E'.": [saved(SCENE, "EPS")],
    HEIC: [
        b"\0\0\0\x18ftyp" + brand + bytes(99) for brand in (b"heic", b"mif1\0\0\0\0mif1heic", b"avci\0\0\0\0mif1avci")
    ],
    VIDEO: [b"\0\0\0\x20ftypisom\0\0\2\0isomiso2", b"\x1aE\xdf\xa3\1\0\0\0", b"RIFF\x24\0\0\0WAVEfmt "],
    PAGE: [
        b"\n<!DOCTYPE html><html>",
        b"<?xml version='1.0'?><html></html>",
        b"<!-- a --><!-- b --><script>1</script>",
    ],
    RAW: [
        *(b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", b"FUJIFILMCCD-RAW 0201", b"MMOR\0\0\0\x08"),
        *(tiff_of(SCENE, tags) for tags in ({254: [1]}, {271: [78], 330: [8]}, {271: [78], 50706: [1, 4, 0, 0]})),
    ],
    GREYS: [
        Image.new("F", (9, 9), 0.5),
        tiff_of(GREY, {258: [32], 339: [1]}, bytes(4800)),
        tiff_of(GREY, {258: [16], 262: [0]}, bytes(2400)),
        b"P5 40 30 65535\n" + (DEEP * 257).astype(">u2").tobytes(),
        saved(Image.fromarray(DEEP * 257), "PNG", transparency=257 * 9),
    ],
    "bytes: On white nothing is seen. Give background=, say 'grey'.": WHITE_ON_NOTHING,
    SEVERAL: ANIMATED,
    "a PIL image: 0 x 5 " + BOMB.format("110,000,000"): [Image.new("RGB", (0, 5))],
    f"a PIL image: {RARE}": [Image.open(io.BytesIO(PNG[:60])), closed(Image.open(io.BytesIO(PNG)))],
    f"There is no file dog.png. {START}": ["dog.png"],
    f"There is no file //a.org/cat.jpg. {START}": ["//a.org/cat.jpg"],
    f"There is no file pipe. {START}": ["pipe"],  # which would be waited for
    f"There is no file ~/no cat of this name.jpg. {START}": ["~/no cat of this name.jpg"],  # not where a home is
    "There is no file album/cat.jpeg. Did you mean cat.jpg?": ["album/cat.jpeg"],
    "There is no file c d.png. Did you mean c\\xa0d.png?": ["c d.png"],  # of two that fit, none is opened
    "album is a folder. Give the path of one picture in it.": ["album"],
    ". is a folder. Give the path of one picture in it.": [""],
    f"none.png: {EMPTY}": ["none.png"],
    f"data URL: {EMPTY}": ["data:image/png;base64,"],
    f"an open file: {EMPTY}": [SimpleNamespace(read=lambda size: b""), SimpleNamespace(read=lambda size: None)],
    "big.bmp: more bytes than are read here.": ["big.bmp"],
    UNREADABLE.format("…"): [
        *(io.StringIO("hello"), io.BufferedWriter(io.BytesIO()), io.RawIOBase(), closed(io.BytesIO(PNG))),
        gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(PNG)[:-20])),
        SimpleNamespace(read=later),
        type("Gone", (), {"read": property(lambda self: {}["gone"])})(),
    ],
    "~nobody-of-this-name/cat.jpg can't be read (…).": ["~nobody-of-this-name/cat.jpg"],
    "Pictures come by http or https, not by ftp:. Download it.": ["ftp://a.org/cat.jpg"],
    f"http:cat.jpg: {INVALID}": ["http:cat.jpg"],
    f"https:///cat.jpg: {INVALID}": ["https:///cat.jpg#secret"],
    f"https://exa\u2100mple.org/x: {INVALID}": ["https://me:secret@exa\u2100mple.org/x"],
    f"http://host:x/x.jpg: {INVALID}": ["http://me:pass/secret@host:x/x.jpg"],
    f"https://[::1/cat.jpg: {INVALID}": ["https://[::1/cat.jpg"],
    f"{TAKEN} NoneType.": [None],
    f"{TAKEN} list.": [[PNG]],
    f"{TAKEN} ndarray.": [numpy.zeros((9, 9, 3), "uint8")],
    f"{TAKEN} array.": [array.array("H", PNG[:60])],
    f"{TAKEN} Picture.": [Picture(b"x", "image/png", 1, 1, "x")],
    f"{TAKEN} Coming (await it).": [type("Coming", (), {"__await__": iter})()],
    MALFORMED: [
        "data:image/svg+xml,<svg></svg>",
        f"data:image/png;base64,{PNG64.rstrip('=')[:-3]}",
        f"data:image/png;base64,b'{PNG64}'",
    ],
    LIES.format("image/jpeg", "image/png", "image/png"): [data_url(PNG, "image/jpeg")],
    LIES.format("image/png", "image/bmp", "image/bmp"): [data_url(saved(SCENE, "BMP"))],
}
NO_FRAME, NUMBER = "… there is no frame 3; they are counted from 0.", "{} is a whole number from {}, not {!r}."
ENDLESS = SimpleNamespace(read=lambda size=-1: b"x")
PAGES = [scene(mode="1"), Image.new("1", (14_000, 12_500))]
LARGE_PAGE = saved(PAGES[0], "TIFF", save_all=True, append_images=PAGES[1:], compression="group4")
WITH_OPTIONS = [
    *((NO_FRAME, source, {"frame": 3}) for source in (*ANIMATED, PNG, Image.open(io.BytesIO(ANIMATED[0])))),
    *(
        (NUMBER.format("max_side", "1 to 65,500", wrong), PNG, {"max_side": wrong})
        for wrong in (0, 10.5, "100", 65_501)
    ),
    *((NUMBER.format("frame", "0 to 9,999", wrong), PNG, {"frame": wrong}) for wrong in (-1, 10_000)),
    ("format is 'JPEG' or 'PNG', not 'WEBP'.", PNG, {"format": "WEBP"}),
    *((UNREADABLE.format("it takes too long, or has no end"), ENDLESS, more) for more in ({}, {"timeout": 1e-9})),
    # No message quotes much: `refusal` knows how long one may be.
    *(
        ("…", head + count * "é\n", {})
        for head in ("", "data:x,", "https://example.org:x/")
        for count in (300, 100_000)
    ),
    *(("…", long, {}) for long in (f"data:{300 * 'éz'},x", f"x{50 * 'é'}://y", 400_000 * "Z", 1200 * "Z")),
    *(("…", PNG, {option: 300 * "é\n"}) for option in ("max_side", "format")),
    (f"bytes: 14,000 x 12,500 {BOMB.format('110,000,000')}", LARGE_PAGE, {"frame": 1}),
]


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize(
    ("says", "source", "options"),
    [*((says, one, {}) for says, several in REFUSED.items() for one in several), *WITH_OPTIONS],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_what_cannot_be_sent_is_told_why_and_nobody_else_is_asked(says, source, options, tmp_path, monkeypatch):
    monkeypatch.setattr("requests.sessions.Session.send", Mock(side_effect=AssertionError("a request left")))
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *a, **k: pytest.fail("a program was started"))
    monkeypatch.setattr(sources, "MAX_FILE", 999_999)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "album").mkdir()
    files = {"none.png": b"", "album/cat.jpg": b"x", "big.bmp": bytes(1_000_000), "c\xa0d.png": PNG}
    for name, data in {**files, "c\u202f\u202fd.png": PNG}.items():
        (tmp_path / name).write_bytes(data)
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe")
    assert fits(said := refusal(source, **options), says), said
    if isinstance(source, bytes):
        (tmp_path / "holiday.jpg").write_bytes(source)
        assert refusal(tmp_path / "holiday.jpg", **options) == said.replace("bytes", "holiday.jpg", 1)


def test_a_wrong_background_is_refused():
    with pytest.raises(ValueError, match="unknown color specifier: 'whitish'"):
        open_picture(PNG, background="whitish")


def test_too_many_bytes_to_send(monkeypatch):
    size = len(data := PHOTO["PNG"])
    monkeypatch.setattr("helpers.encoding.picture.MAX_BYTES", size)
    assert open_picture(data).data == data
    monkeypatch.setattr("helpers.encoding.picture.MAX_BYTES", size - 1)
    assert refusal(data) == f"bytes: {size:,} bytes to send, over the limit of {size - 1:,}. Shrink it: max_side=150."


# Half of one


@pytest.mark.parametrize("name", PHOTO)
def test_a_picture_that_is_cut_off_is_refused_wherever_it_ends(name):
    """With nothing, zeros or an end marker in the place of what is gone. (Without compression, zeros are black.)"""
    data = PHOTO[name]
    for ends in (int(len(data) * share) for share in (0.4, 0.8, 0.95)):
        zeros = [] if name in ("TIFF", "BMP", "PPM", "LZW TIFF") else [bytes(len(data) - ends)]
        for more in (b"", *zeros):
            assert "Get it again" in refusal(data[:ends] + more)
        for more in (b"", bytes(90)) if name in ("JPEG", "JPEG with restarts", "grey JPEG") else ():
            assert refusal(data[:ends] + b"\xff\xd9" + more) == f"bytes: {CUT}"


def test_a_png_whose_pixels_end_early_is_refused():
    """Pillow fills the rest; a stream that ends well, but too soon, and one with a wrong sum."""
    for bits, colours, row in ((1, 0, 5), (8, 0, 40), (8, 2, 120), (8, 4, 80), (8, 6, 160), (16, 2, 240)):
        assert open_picture(png_of(40, 30, bits, colours, b"\0" * 30 * (row + 1))).width == 40
        for rows in (30 * (row + 1) - 1, 15 * (row + 1)):
            assert refusal(png_of(40, 30, bits, colours, bytes(rows))) == f"bytes: {CUT}"
    stream = zlib.compress(rows := bytes(121 * 30))
    for broken, says in ((stream[:-4] + b"abcd", f"{RARE}…"), (stream[:-4], CUT)):
        whole = png_of(40, 30, 8, 2, rows)
        assert fits(refusal(whole.replace(png_chunk(b"IDAT", stream), png_chunk(b"IDAT", broken))), f"bytes: {says}")


# Without end, and larger than memory


def test_a_file_of_very_many_parts_is_refused():
    """It would keep a reader busy for minutes."""
    scans, fill = saved(Image.radial_gradient("L").resize((1500, 1500)), "JPEG", progressive=True), b"\xff" * 2_000_000
    busy = [
        scans[:-2] + scans[scans.rindex(b"\xff\xda") : -2] * 550 + b"\xff\xd9",
        JPEG[:2] + fill + JPEG[2:],
        JPEG[:-2] + fill + JPEG[-2:],
        saved(SCENE, "GIF")[:-1] + b"!\xfe\1a\0" * 200_000 + b";",
    ]
    assert ["so many small parts" in refusal(data) for data in busy] == [True] * 4


def test_a_tiff_of_very_many_pages_is_opened_without_counting_them(monkeypatch):
    monkeypatch.setattr("PIL.TiffImagePlugin.TiffImageFile.n_frames", property(lambda image: pytest.fail("counted")))
    tags = b"".join(struct.pack("<HHII", tag, 4, 1, 1) for tag in (256, 257, 258, 259, 262, 273, 278, 279))
    pages = [b"\10\0" + tags + struct.pack("<I", 8 + n * 102 if n < 30_000 else 0) for n in range(1, 30_001)]
    data = b"II*\0\10\0\0\0" + b"".join(pages)
    assert "several frames or pages" in refusal(data)
    assert open_picture(data, frame=2).changes == ("frame 2", "TIFF made PNG")


def test_what_would_not_fit_into_memory_is_never_unpacked():
    large = {  # of up to 24 bytes a pixel: a gigabyte
        **{png_of(side, side, 8, 2, bytes(99)): BOMB.format("110,000,000") for side in (11_000, 13_000)},
        **{png_of(side, side, 8, 2, bytes(99)): " decompression bomb…" for side in (60_000, 2**31 - 1)},
        **{png_of(8000, 7000, *kind, bytes(99)): BOMB.format("40,000,000") for kind in ((8, 6), (16, 0))},
        with_chunk(png_of(8000, 7000, 8, 0, bytes(99)), b"tRNS", bytes(2)): BOMB.format("40,000,000"),
        png_of(12_000, 9_000, 8, 2, bytes(99)): CUT,  # a phone's: not for its size
    }
    tracemalloc.start()
    for data, says in large.items():
        for options in ({}, {"max_side": 100}, {"frame": 0}):
            assert fits(said := refusal(data, **options), f"bytes: …{says}"), said
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


FUZZED = {name: row.source for name, row in OPENED.items() if isinstance(row.source, bytes) and "orient" not in name}


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

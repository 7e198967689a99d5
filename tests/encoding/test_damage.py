"""What can't be sent: no picture, half of one, one without end, one that nobody would make. Each is told so."""

import array
import io
import tracemalloc
import zlib
from contextlib import suppress
from types import SimpleNamespace
from unittest.mock import AsyncMock, Mock

import numpy
import pytest
from PIL import Image

from helpers.encoding import Picture, PictureError, open_picture, sources
from tests.conftest import data_url
from tests.encoding.test_pictures import OPENED
from tests.tools.fuzz_pictures import fuzz

from tests.encoding.samples import (  # isort: skip
    DEEP, PLAIN, SCENE, WHITE_ON_NOTHING, animation, photo, planes, png_chunk, png_of, refusal, saved, scene,
    tiff_of, with_chunk,
)  # fmt: skip

JPEG, PNG = PLAIN["JPEG"], PLAIN["PNG"]
PHOTO = {
    **{kind: saved(photo(), kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM")},
    "progressive JPEG": saved(photo(), "JPEG", progressive=True),
    "JPEG with restarts": saved(photo(), "JPEG", restart_marker_blocks=7),
    "grey JPEG": saved(photo().convert("L"), "JPEG"),
    "lossless WebP": saved(photo(), "WEBP", lossless=True),
    "LZW TIFF": saved(photo(), "TIFF", compression="tiff_lzw"),
}
ANIMATED = [animation(kind) for kind in ("GIF", "WEBP", "PNG", "AVIF", "TIFF")]
PNG64 = data_url(PNG).partition(",")[2]
CLOSED = io.BytesIO(PNG)
CLOSED.close()
ENDLESS = SimpleNamespace(read=lambda size=-1: b"x")
LARGE_PAGE = Image.new("1", (14_000, 12_500))
LARGE_PAGE = saved(scene(mode="1"), "TIFF", save_all=True, append_images=[LARGE_PAGE], compression="group4")
CUT = "it is cut off: pixels are missing. Get it again."
# True of all that is rare: neither "damaged", nor what it is not.
RARE = "this is not intact, no picture, or of a kind that can't be read here. Get it again, or save it as PNG."
BOMB = "and 1 to {}0,000,000 of this kind can be unpacked. Shrink it, or is it a decompression bomb?"
TRY = "Is the address right? A signed one may have expired, and a slow one needs a larger timeout=."
REFUSED = {  # how the message begins, of which sources
    f"bytes: {RARE}": [
        *(b"data: three cats, two dogs", b"%PDF-1.7\n%\xe2\xe3", b'<?xml version="1.0"?>\n<svg>', b"<!---->" * 9000),
        *(b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(99), b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf"),
        PNG[:8] + png_chunk(b"CgBI", b"\x50\0\x20\2") + PNG[8:],  # of an iPhone app
        with_chunk(PLAIN["P PNG"], b"PLTE", bytes(6)),
        with_chunk(PNG, b"IHDR", PNG[16:29]),
        planes(16),
        *(saved(SCENE, kind) for kind in ("EPS", "TGA", "ICNS")),
        *(saved(SCENE, kind)[:9] for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")),
    ],
    "bytes: this is a HEIC photo, which this Python can't open. On the phone choose JPEG": [
        b"\0\0\0\x18ftyp" + brand + bytes(99) for brand in (b"heic", b"mif1\0\0\0\0mif1heic", b"avci\0\0\0\0mif1avci")
    ],
    "bytes: this is a video or a sound, no picture.": [
        *(b"\0\0\0\x20ftypisom\0\0\2\0isomiso2", b"\x1aE\xdf\xa3\1\0\0\0", b"RIFF\x24\0\0\0WAVEfmt "),
    ],
    "bytes: this is a web page, not a picture. Copy the address of the picture itself.": [
        *(b"\n<!DOCTYPE html><html>", b"\xef\xbb\xbf<?xml version='1.0'?><html>", b"<!-- a --><!-- b --><script>1"),
    ],
    "bytes: this is a camera's raw picture, of which at best the preview opens. Export it as JPEG": [
        *(b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", b"FUJIFILMCCD-RAW 0201", b"MMOR\0\0\0\x08"),
        *(saved(SCENE, "TIFF", tiffinfo=tags) for tags in ({254: 1}, {271: "N", 330: 8}, {271: "N", 50706: b"\1\4"})),
    ],
    "…Greys of 32 bits, floats, and 16 bits with a transparent one, are not read. Save it with 8 bits.": [
        *(Image.new("F", (9, 9), 0.5), saved(Image.new("F", (9, 9)), "TIFF"), tiff_of(bytes(2400), {258: 16, 262: 0})),
        b"P5 40 30 65535\n" + (DEEP * 257).astype(">u2").tobytes(),
        saved(Image.fromarray(DEEP * 257), "PNG", transparency=257 * 9),
    ],
    "bytes: On white nothing is seen. Give background=, say 'grey'.": [saved(WHITE_ON_NOTHING, "PNG")],
    "bytes: several frames or pages, and only one can be sent. Choose it, say frame=0.": ANIMATED,
    f"a PIL image: 0 x 5 pixels, {BOMB.format(11)}": [Image.new("RGB", (0, 5))],
    f"a PIL image: {RARE}": [Image.open(io.BytesIO(PNG[:60]))],
    "There is no file dog.png. A path starts where Python runs (in a lesson: notebooks/), and an addr": ["dog.png"],
    "There is no file ~/no cat of this name.jpg. A path": ["~/no cat of this name.jpg"],  # not where a home is
    "There is no file album/cat.jpeg. Did you mean cat.jpg?": ["album/cat.jpeg"],
    "There is no file c d.png. Did you mean c\\xa0d.png?": ["c d.png"],  # of two that fit, none is opened
    "album is a folder. Give the path of one picture in it.": ["album"],
    ". is a folder. Give the path of one picture in it.": [""],
    "~nobody-of-this-name/cat.jpg can't be read (": ["~nobody-of-this-name/cat.jpg"],
    "big.bmp: more bytes than are read here.": ["big.bmp"],
    "none.png: empty, 0 bytes. Was it read already? file.seek(0) rewinds it.": ["none.png"],
    "data URL: empty, 0 bytes.": ["data:image/png;base64,"],
    "an open file: empty, 0 bytes.": [SimpleNamespace(read=Mock(return_value=data)) for data in (b"", None)],
    "The file can't be read (": [io.StringIO("hello"), CLOSED, SimpleNamespace(read=AsyncMock(return_value=PNG))],
    "Pictures come by http or https, not by ftp:. Download it.": ["ftp://a.org/cat.jpg"],
    f"http:cat.jpg: no picture came (InvalidURL). {TRY}": ["http:cat.jpg"],
    "https://exa\u2100mple.org/x: no picture came (InvalidURL).": ["https://me:secret@exa\u2100mple.org/x#secret"],
    "http://host:x/x.jpg: no picture came (InvalidURL).": ["http://me:pass/secret@host:x/x.jpg?secret"],
    "A picture is a path, bytes, a PIL image (of an array: Image.fromarray; OpenCV's is BGR: array[..., ::-1])": [
        *(
            None,
            [PNG],
            numpy.zeros((9, 9, 3), "uint8"),
            array.array("H", PNG[:60]),
            Picture(PNG, "image/png", 1, 1, ""),
        ),
    ],
    "…not Coming (await it).": [type("Coming", (), {"__await__": iter})()],
    "This base64 is malformed or cut off. Make it with base64.b64encode(data).decode().": [
        *("data:image/svg+xml,<svg></svg>", f"data:image/png;base64,{PNG64.rstrip('=')[:-3]}", f"data:,b'{PNG64}'"),
    ],
    "This data URL says image/jpeg, but its bytes are image/png. Write data:image/png;base64,…": [
        data_url(PNG, "image/jpeg")
    ],
    "This data URL says image/png, but its bytes are image/bmp.": [data_url(saved(SCENE, "BMP"))],
}
OPTIONS = [
    *(("…there is no frame 3; they are counted from 0.", source, {"frame": 3}) for source in (*ANIMATED, PNG)),
    *((f"max_side is a whole number from 1 to 65,500, not {wrong!r}.", PNG, {"max_side": wrong})
      for wrong in (0, 10.5, "100", 65_501)),
    *((f"frame is a whole number from 0 to 9,999, not {wrong}.", PNG, {"frame": wrong}) for wrong in (-1, 10_000)),
    ("format is 'JPEG' or 'PNG', not 'WEBP'.", PNG, {"format": "WEBP"}),
    *(("The file can't be read (it takes too long, or has no end).", ENDLESS, more) for more in ({}, {"timeout": 0})),
    (f"bytes: 14,000 x 12,500 pixels, {BOMB.format(11)}", LARGE_PAGE, {"frame": 1}),
    # No message quotes much: `refusal` knows how long one may be.
    *(("…", head + 100_000 * "é\n", {}) for head in ("", "data:x,", "x://", "https://example.org:x/", PNG64)),
    *(("…", PNG, {option: 300 * "é\n"}) for option in ("max_side", "format")),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize(
    ("says", "source", "options"),
    [*((says, one, {}) for says, several in REFUSED.items() for one in several), *OPTIONS],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_what_cannot_be_sent_is_told_why_and_nobody_else_is_asked(says, source, options, tmp_path, monkeypatch):
    monkeypatch.setattr("requests.sessions.Session.send", Mock(side_effect=AssertionError("a request left")))
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *a, **k: pytest.fail("a program was started"))
    pages = property(lambda image: pytest.fail("pages were counted, of which a file may have very many"))
    monkeypatch.setattr("PIL.TiffImagePlugin.TiffImageFile.n_frames", pages)
    monkeypatch.setattr(sources, "MAX_FILE", 999_999)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "album").mkdir()
    files = {"none.png": b"", "album/cat.jpg": b"x", "big.bmp": bytes(1_000_000), "c\xa0d.png": PNG}
    for name, data in {**files, "c\u202f\u202fd.png": PNG}.items():
        (tmp_path / name).write_bytes(data)
    said = refusal(source, **options)
    assert says.strip("…") in said and (said.startswith(says) or "…" in says)
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
    stream = zlib.compress(bytes(121 * 30))
    for broken, says in ((stream[:-4] + b"abcd", RARE), (stream[:-4], CUT)):
        whole = png_of(40, 30, 8, 2, bytes(121 * 30))
        said = refusal(whole.replace(png_chunk(b"IDAT", stream), png_chunk(b"IDAT", broken)))
        assert said.startswith(f"bytes: {says}")


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


def test_what_would_not_fit_into_memory_is_never_unpacked():
    large = {  # of up to 24 bytes a pixel: a gigabyte
        **{png_of(side, side, 8, 2, bytes(99)): BOMB.format(11) for side in (11_000, 13_000)},
        **{png_of(side, side, 8, 2, bytes(99)): " decompression bomb" for side in (60_000, 2**31 - 1)},
        **{png_of(8000, 7000, *kind, bytes(99)): BOMB.format(4) for kind in ((8, 6), (16, 0))},
        with_chunk(png_of(8000, 7000, 8, 0, bytes(99)), b"tRNS", bytes(2)): BOMB.format(4),
        png_of(12_000, 9_000, 8, 2, bytes(99)): CUT,  # a phone's: not for its size
    }
    tracemalloc.start()
    for data, says in large.items():
        for options in ({}, {"max_side": 100}, {"frame": 0}):
            assert says in refusal(data, **options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_damaged_bytes_end_in_a_picture_or_a_picture_error(recwarn):
    """Always the same; and every file cut short in 20 places."""
    files = {name: row.source for name, row in OPENED.items() if isinstance(row.source, bytes) and "orient" not in name}
    ended = fuzz(files, 400, seed=7)
    assert ended["picture"] > 50 and ended["refused"] > 50 and sum(ended.values()) == 400
    for name, whole in files.items():
        for n in range(0, len(whole) + 1, max(1, len(whole) // 20)):
            with suppress(PictureError):
                assert open_picture(whole[:n], max_side=10, frame=0).width <= 10, name
    odd = [one for one in recwarn if "bytes: " not in str(one.message)]
    assert odd == [], "Pillow's own warn nobody"

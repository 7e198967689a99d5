"""Where pictures come from, what is refused and what it is told, and bytes that nobody would make."""

import array
import base64
import ctypes
import gzip
import io
import os
import random
import socket
import struct
import sys
import threading
import tracemalloc
import zlib
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import numpy
import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from starlette.responses import Response
from starlette.routing import Route

from helpers.encoding import Picture, PictureError, open_picture, sources
from tests.api import serve
from tests.conftest import COFFEE, data_url
from tests.encoding.samples import (
    IMAGES,
    NO_PICTURE,
    PLAIN,
    animation,
    deep_files,
    exif,
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

# --- where it comes from ---


def test_a_path_bytes_a_file_and_a_data_url_are_the_same_picture(tmp_path, monkeypatch):
    data = saved(scene(), "PNG")
    (tmp_path / "one.png").write_bytes(data)
    monkeypatch.chdir(tmp_path)
    with open("one.png", "rb") as file:
        given = {
            "one.png": ["one.png", tmp_path / "one.png", file],
            "bytes": [data, bytearray(data), memoryview(data)],
            "data URL": [
                data_url(data),
                f" {data_url(data)}\n",
                data_url(data).replace("data:image/png", "DATA:IMAGE/PNG"),
            ],
            "an open file": [io.BytesIO(data)],
        }
        for origin, same in given.items():
            for source in same:
                assert open_picture(source) == Picture(data, "image/png", 40, 30, origin)


def test_a_pil_image_is_a_picture_and_stays_as_it_was():
    image = scene((400, 300))
    before, image.info = image.tobytes(), {"comment": b"mine", "icc_profile": profile("Adobe RGB")}
    picture = open_picture(image, max_side=100)
    assert (picture.width, picture.height, picture.origin) == (100, 75, "a PIL image")
    open_picture(plain_one := scene())
    plain_one.info["comment"] = b"mine"
    assert b"mine" not in open_picture(plain_one).data and plain_one.info == {"comment": b"mine"}
    assert image.tobytes() == before and image.size == (400, 300) and set(image.info) == {"comment", "icc_profile"}
    lazy = Image.open(io.BytesIO(saved(image, "JPEG")))
    assert open_picture(lazy, max_side=20).width == 20
    assert lazy.size == (400, 300), "the caller's image is not read at a fraction"
    named = open_picture(Image.open(IMAGES / "rocket.jpg"))
    assert named.origin == "rocket.jpg" and named.changes == ("colours made sRGB", "encoded as JPEG")


def test_an_address_is_downloaded_and_recorded_like_any_request(record, replay):
    record()
    first = open_picture(COFFEE)
    replay()
    again = open_picture(f"  {COFFEE} ")
    assert first == again
    assert (again.media_type, again.width, again.height, again.origin) == ("image/png", 600, 400, COFFEE)


def test_a_query_and_a_user_of_an_address_are_told_to_nobody():
    async def picture(request):
        return Response(saved(scene(), "PNG"), media_type="text/html")  # the label lies, the bytes count

    with serve(routes=[Route("/cat.png", picture)]) as api:
        host = api.url.removeprefix("http://")
        got = open_picture(f"http://me:secret@{host}/cat.png?sig=secret")
        assert (got.media_type, got.origin) == ("image/png", f"http://{host}/cat.png")
        said = refusal(f"http://me:secret@{host}/dog.png?sig=secret")
    assert (
        "no picture came (404). The address is signed, and such an address expires" in said
        and "secret" not in said + str(got) + repr(got)
    )
    assert "no picture came (ConnectionError)" in refusal(api.url), "nobody listens there any more"


def test_a_download_has_a_limit(monkeypatch):
    async def picture(request):
        return Response(saved(scene((300, 300)).effect_spread(99), "PNG"))

    with serve(routes=[Route("/big.png", picture)]) as api:
        monkeypatch.setattr(sources, "MAX_FILE", 1000)
        assert "too many bytes to read. (The limit is 1,000.)" in refusal(f"{api.url}/big.png")


def test_a_page_is_no_picture():
    async def page(request):
        return Response("<!DOCTYPE html><html>Please log in", media_type="image/png")

    with serve(routes=[Route("/cat.png", page)]) as api:
        assert "this is a web page, not a picture" in refusal(f"{api.url}/cat.png")


@contextmanager
def host(answer):
    """A server that sends these bytes, then more of the last piece for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve_one():
            with suppress(OSError):
                connection = server.accept()[0]
                connection.recv(9999)
                connection.sendall(answer[0])
                while len(answer) > 1:
                    connection.sendall(answer[1])
                    over.wait(0.05)
                connection.close()

        over = threading.Event()
        threading.Thread(target=serve_one, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x.png"
        over.set()


@pytest.mark.parametrize(
    "answer",
    [(b"HTTP/1.1 200 OK\r\n", b"a"), (b"HTTP/1.1 100 Continue\r\n\r\n",) * 2,
     (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", b"a")],
    ids=["in its headers", "before its answer", "in its body"],
)  # fmt: skip
def test_a_download_that_drips_is_ended(answer):
    with host(answer) as address:
        said = refusal(address, timeout=0.3)
    assert said == f"{address}: no picture came (TimeoutError). It took too long; timeout= gives it more seconds."


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-5\r\naaaaa\r\n0\r\n\r\n",
     b"HTTP/1.1 302 Found\r\nlocation: http://[::1\r\ncontent-length: 0\r\n\r\n",
     b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc",
     b"nonsense\r\n\r\n"],
    ids=["a negative chunk", "a malformed redirect", "no gzip", "no HTTP"],
)  # fmt: skip
def test_an_answer_that_is_malformed_ends_in_a_picture_error(answer):
    with host((answer,)) as address:
        assert refusal(address).startswith(f"{address}: no picture came (")


def test_a_label_that_is_too_long_for_a_host():
    assert "no picture came" in refusal(f"http://{'a' * 100}.invalid/x.png")


@pytest.mark.parametrize(
    ("error", "says"),
    [(requests.exceptions.SSLError("x"), "Its certificate is not trusted here."),
     (requests.exceptions.ProxyError("x"), "The proxy (HTTPS_PROXY) refuses it."),
     (requests.exceptions.ConnectTimeout("x"), "Is the address right?"),
     (urllib3.exceptions.LocationParseError("x"), "Is the address right?")],
)  # fmt: skip
def test_faults_of_a_download_are_named(error, says, monkeypatch):
    def get(*args, **options):
        raise error

    monkeypatch.setattr(requests, "get", get)
    assert (
        refusal("https://example.org/x.png")
        == f"https://example.org/x.png: no picture came ({type(error).__name__}). {says}"
    )


# --- refused, before any network ---


def no_network(monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("a request left")

    monkeypatch.setattr("requests.sessions.Session.send", never)


def test_what_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "album").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "album" / "cat.jpg").write_bytes(b"x")
    (tmp_path / "none.png").write_bytes(b"")
    start = "A path starts where Python runs (in a lesson: notebooks/), and an address with https://"
    assert refusal("dog.png") == f"There is no file dog.png. {start}"
    assert refusal("album/cat.jpeg") == "There is no file album/cat.jpeg. Did you mean cat.jpg?"
    assert refusal("www.example.org/cat.jpg").endswith("an address with https://")
    assert "There is no file none.png/cat.jpg" in refusal("none.png/cat.jpg")
    assert refusal("album") == "album is a folder. Give the path of one picture in it."
    assert refusal("empty").startswith("empty is a folder.")
    assert refusal("").startswith(". is a folder.")
    said = refusal("~/no cat of this name.jpg")
    assert said.startswith("There is no file ~/no cat of this name.jpg."), "where a home is, is nobody's business"
    assert refusal("none.png").startswith("none.png: empty, 0 bytes.")
    assert "There is no file" in refusal("cat\0.jpg")
    assert "can't be read (Could not determine home directory" in refusal("~nobody-of-this-name/cat.jpg")
    (tmp_path / "link.png").symlink_to("nowhere")
    assert "Did you mean" not in refusal("link.png")
    (tmp_path / "whole.png").write_bytes(PLAIN["PNG"])
    for entry in [*os.scandir(tmp_path), *os.scandir(os.fsencode(tmp_path))]:
        if entry.name in ("whole.png", b"whole.png"):
            assert open_picture(entry).origin == "whole.png"


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("Screenshot at 4.42.48\u202fPM.png", "Screenshot at 4.42.48 PM.png"),
        ("a\xa0b.png", "a b.png"),
        ("a b.png", "a\u3000b.png"),
        ("\u1100\u1161.png", "\uac00.png"),
        ("\uac00.png", "\u1100\u1161.png"),
        ("e\u0301/x.png", "\xe9/x.png"),
        ("a b.png", "a%20b.png"),
        ("a b.png", "a\\ b.png"),
        ("a.png", '"a.png"'),
        ("a.png", "'a.png'"),
        ("a.png", "\u201ca.png\u201d"),
        ("a.png", " a.png\n"),
        ("50%25.png", "50%25.png"),
    ],
)
def test_a_name_as_people_paste_it_is_found(stored, typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / stored).parent.mkdir(exist_ok=True)
    (tmp_path / stored).write_bytes(PLAIN["PNG"])
    assert open_picture(typed).data == PLAIN["PNG"]
    assert sources.find_file(typed).resolve() == (tmp_path / stored).resolve()


def test_of_two_names_that_fit_none_is_opened(tmp_path):
    for name in ("a\xa0b.png", "a\u202fb.png"):
        (tmp_path / name).write_bytes(PLAIN["PNG"])
    assert "Did you mean a\\x" in refusal(tmp_path / "a b.png") or "\\u202f" in refusal(tmp_path / "a b.png")


def test_an_address_without_its_scheme_is_told_so():
    for pasted in ("//example.org/x.jpg", "example.org/x.jpg", "me:secret@example.org/x.jpg"):
        assert "an address with https://" in refusal(pasted) and "secret" not in refusal(pasted)


class Answer:
    """What requests and the SDK return: bytes in `content`, a read() that takes no size."""

    content = PLAIN["PNG"]

    def read(self):
        return self.content


def test_objects_that_carry_bytes():
    no_size = SimpleNamespace(read=lambda: PLAIN["PNG"])
    for thing in (Answer(), no_size, numpy.frombuffer(PLAIN["PNG"], "uint8"), array.array("B", PLAIN["PNG"])):
        assert open_picture(thing).data == PLAIN["PNG"]
    assert open_picture(numpy.frombuffer(PLAIN["PNG"], "uint8").reshape(-1, 1)).data == PLAIN["PNG"]


def test_an_object_that_cannot_be_read_ends_in_a_picture_error():
    class Path:
        def __fspath__(self):
            raise RuntimeError("not today")

    class Reader:
        @property
        def read(self):
            raise KeyError("gone")

    class Later:
        async def read(self, size=-1):
            return PLAIN["PNG"]

    assert "can't be read (not today)" in refusal(Path()) and "can't be read" in refusal(Reader())
    assert "Its read() is a coroutine. Give what `await file.read()` returns." in refusal(Later())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "There is no file" in refusal(tmp_path / "pipe")


@pytest.mark.skipif(sys.platform == "win32", reason="chmod does not take reading away there")
def test_a_file_without_permission(tmp_path):
    """For root too: in a thread that gives up its capabilities, which on Linux each thread has of its own."""
    path, said = tmp_path / "locked.png", []
    path.write_bytes(PLAIN["PNG"])
    path.chmod(0)

    def try_it():
        if sys.platform == "linux":
            header = (ctypes.c_uint32 * 2)(0x20080522, 0)
            assert ctypes.CDLL(None, use_errno=True).capset(header, (ctypes.c_uint32 * 6)()) == 0
        try:
            open_picture(path)
        except PictureError as error:
            said.append(str(error))

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join()
    assert said == [f"{path} can't be read (Permission denied). Open it with open(path, 'rb')."]


def slowly(data):
    """A read() that gives seven bytes at most, as a pipe may."""
    file = io.BytesIO(data)
    return lambda size: file.read(min(size, 7))


def test_an_open_file_that_gives_no_bytes(tmp_path):
    path = tmp_path / "cat.png"
    path.write_bytes(PLAIN["PNG"])
    with open(path, "rb") as file:
        file.read()
        said = refusal(file)
    assert said.startswith("cat.png: empty, 0 bytes") and "Was it read already? file.seek(0) rewinds it" in said
    assert "The file can't be read (read of closed file)" in refusal(file)
    (tmp_path / "text.png").write_text("hello", encoding="utf-8")
    with open(tmp_path / "text.png", encoding="utf-8") as file:
        assert "not 'str'). Open it with open(path, 'rb')" in refusal(file)
    with open(path, encoding="utf-8") as file:
        assert "Open it with open(path, 'rb')" in refusal(file), "its bytes are no text at all"
    with open(tmp_path / "new.png", "wb") as file:
        assert "can't be read" in refusal(file)
    for file, says in (
        (gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(PLAIN["PNG"])[:-20])), "can't be read"),
        (io.RawIOBase(), "can't be read"),
        (SimpleNamespace(read=lambda size: None), "an open file: empty, 0 bytes"),
    ):
        assert says in refusal(file)
    assert open_picture(SimpleNamespace(read=slowly(PLAIN["PNG"]), name=3)).data == PLAIN["PNG"], "in small pieces"
    assert open_picture(SimpleNamespace(read=io.BytesIO(PLAIN["PNG"]).read, name="/a/x.png")).origin == "x.png"


def test_a_file_too_large_to_read(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "MAX_FILE", 100)
    (tmp_path / "big.bmp").write_bytes(saved(scene(), "BMP"))
    assert "big.bmp: too many bytes to read. (The limit is 100.)" in refusal(tmp_path / "big.bmp")
    for source in (io.BytesIO(saved(scene(), "BMP")), data_url(saved(scene(), "BMP"), "image/bmp")):
        assert "too many bytes to read" in refusal(source)


NO_PICTURES = {
    "HEIC": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "this is a HEIC photo, which this Python can't open"),
    "HEIF": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + bytes(99), "this is a HEIC photo"),
    "AVIF": (b"\0\0\0\x18ftypavif\0\0\0\0mif1avif" + bytes(99), "this is a picture file, but not intact"),
    "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg"></svg>', "this is an SVG drawing, made of lines"),
    "SVG with a prologue": (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- x -->\n<svg>', "this is an SVG drawing"),
    "JPEG XL": (b"\xff\x0a\xfa\x7f\x01", "this is no picture that can be opened here (it begins with b"),
    "a film": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2", "this is a video or a sound, no picture"),
    "WebM": (b"\x1aE\xdf\xa3\1\0\0\0", "this is a video or a sound"),
    "a sound": (b"RIFF\x24\0\0\0WAVEfmt ", "this is a video or a sound"),
    "a web page": (b"\n<!DOCTYPE html><html>", "this is a web page, not a picture"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3", "this is a document, not a picture"),
    "PostScript": (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "this is a document, not a picture",
    ),
    "Photoshop": (b"8BPS\0\1" + bytes(40), "this is a document, not a picture"),
    "an archive": (b"PK\3\4\x14\0", "this is an archive"),
    "JSON": (b'{"error": "expired"}', "this is JSON-like text, perhaps an error message"),
    "Git LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:1", "this is no picture that can be opened"),
    "text": ("고양이 사진\n".encode(), "this is no picture that can be opened here"),
    "a page with a drawing in it": (b"<?xml version='1.0'?><html><svg></svg></html>", "this is a web page"),
    "an AVIF of another brand": (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf", "this is a picture file, but not intact"),
    "a camera's own": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "this is a camera's raw picture"),
    "AVC in HEIF": (b"\0\0\0\x18ftypavci\0\0\0\0mif1avci", "this is a HEIC photo"),
    "a raw file": (b"FUJIFILMCCD-RAW 0201", "this is a camera's raw picture"),
    "a page that begins with a comment": (b"<!-- a --><!-- b --><script>1</script>", "this is a web page"),
    "a page that begins with a title": (b"<title>x</title>", "this is a web page"),
    "a page after long remarks": (b"<!--" + b"x" * 2000 + b"--><html><svg></svg>", "this is a web page"),
    "thousands of remarks": (b"<!---->" * 9000, NO_PICTURE),
    "text in brackets": (b"[settings]\ncolour = red", NO_PICTURE),
    "a link of Markdown": (b"[link](https://example.org)", NO_PICTURE),
    "code": (b"{ return 1; }", NO_PICTURE),
    "JSON after a byte-order mark": (b'\xef\xbb\xbf[{"a": 1}]', "this is JSON-like text"),
    "JSON in UTF-16": ('{"a": 1}'.encode("utf-16"), "this is JSON-like text"),
    "PDF after a byte-order mark": (b"\xef\xbb\xbf%PDF-1.7", "this is a document"),
    "Korean of Windows": ("고양이".encode("cp949"), NO_PICTURE),
    "TGA": (saved(scene(), "TGA"), NO_PICTURE),
    "QOI": (saved(scene(), "QOI"), NO_PICTURE),
    "bzip2": (b"BZh91AY", "this is an archive"),
    "Zstandard": (b"(\xb5/\xfd\4", "this is an archive"),
    "12 bits": (PLAIN["JPEG"].replace(b"\xff\xc0\0\x11\x08", b"\xff\xc1\0\x11\x0c"), "a JPEG of a rare kind (12 bits,"),
    "lossless JPEG": (PLAIN["JPEG"].replace(b"\xff\xc0", b"\xff\xc3"), "a JPEG of a rare kind"),
    "JPEG-LS": (PLAIN["JPEG"].replace(b"\xff\xc0", b"\xff\xf7"), "a JPEG of a rare kind"),
    "a PNG of an iPhone app": (
        PLAIN["PNG"][:8] + png_chunk(b"CgBI", b"\x50\0\x20\2") + PLAIN["PNG"][8:],
        "a PNG as Apple",
    ),
    "floats in three channels": (
        tiff_of(scene(), {258: (3, [32] * 3), 339: (3, [3] * 3)}, bytes(14_400)),
        "this is a picture file, but not intact, or of",
    ),
    "noise": (bytes(range(1, 200)), "this is no picture that can be opened here"),
    "zeros": (bytes(500), "this is no picture that can be opened here"),
    "the start of a PNG": (
        b"\x89PNG\r\n\x1a\n",
        "this is a picture file, but not intact, or of a kind that Pillow can't read",
    ),
    "the start of a JPEG": (b"\xff\xd8\xff\xe0\0\x10JF", "this is a picture file, but not intact"),
    "the start of a GIF": (b"GIF89a\1", "this is a picture file, but not intact"),
    "the start of a WebP": (PLAIN["lossy WebP"][:14], "this is a picture file, but not intact"),
    "the start of a BMP": (saved(scene(), "BMP")[:20], "this is a picture file, but not intact"),
    "the start of a TIFF": (saved(scene(), "TIFF")[:6], "this is a picture file, but not intact"),
}


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_picture_is_told_what_it_is(name, tmp_path, monkeypatch):
    no_network(monkeypatch)
    data, says = NO_PICTURES[name]
    says = f"this is {says}" if says == NO_PICTURE else says
    assert refusal(data).startswith(f"bytes: {says}")
    (tmp_path / "holiday.jpg").write_bytes(data)
    assert refusal(tmp_path / "holiday.jpg").startswith(f"holiday.jpg: {says}")


def test_eps_is_never_opened(monkeypatch):
    """Pillow gives it to another program, Ghostscript."""
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *a, **k: pytest.fail("a program was started"))
    assert "this is a document" in refusal(saved(scene(), "EPS"))


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
    for broken in (stream[:-4] + b"abcd", stream[:-4]):
        assert "it is cut off" in refusal(
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
    """A gigabyte at most: 20 bytes a pixel were measured for WebP with alpha, 8 for the pixels of a JPEG."""
    assert "1 to 50,000,000 of this kind" in refusal(bomb(8000, 7000, 6))
    assert "1 to 50,000,000 of this kind" in refusal(bomb(8000, 7000, 0, 16))
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


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("ftp://example.org/cat.jpg", "but this address begins with ftp:. Download it."),
        ("file:///cat.jpg", "but this address begins with file:. Download it."),
        ("s3://bucket/cat.jpg", "begins with s3:"),
        ("javascript://x", "begins with javascript:"),
        ("https://", "This address is malformed. It is https://host/picture.jpg"),
        ("https:///cat.jpg", "This address is malformed. It is https://host/picture.jpg"),
        ("http:cat.jpg", "This address is malformed. It is https://host/picture.jpg"),
        ("https://:443/cat.jpg", "This address is malformed. It is https://host/picture.jpg"),
        ("https://exa mple.org/cat.jpg", "without spaces"),
        ("https://example.org/my cat.jpg", "without spaces"),
        ("https://example.org:port/cat.jpg", "This address is malformed"),
        ("https://me:secret@exa\u2100mple.org/x", "This address is malformed"),
        ("http://me:pass/word@host/x.jpg", "This address is malformed"),
        ("https://[::1/cat.jpg", "This address is malformed"),
    ],
)
def test_an_address_that_leads_nowhere(address, says, monkeypatch):
    no_network(monkeypatch)
    said = refusal(address)
    assert says in said and "secret" not in said and "pass" not in said


PNG64 = base64.b64encode(PLAIN["PNG"]).decode()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("data:", "malformed"),
        ("data:image/png;base64", "malformed (it has ':')"),
        ("data:image/png;base64,", "empty, 0 bytes"),
        (f"data:image/png,{PNG64}", "malformed"),
        (f"data:image/png;base64,{PNG64.rstrip('=')[:-3]}", "malformed (its length is wrong)"),
        (f"data:image/png;base64,{PNG64[:40]}*{PNG64[40:]}", "malformed (it has '*')"),
        (PNG64[:60] + "\0" + PNG64[60:], "malformed (it has '\\x00')"),
        (f"data:image/png;base64,b'{PNG64}'", "with base64.b64encode(data).decode()"),
        ("data:image/png;base64,고양이", "malformed"),
        (
            f"data:image/jpeg;base64,{PNG64}",
            "says image/jpeg, but its bytes are image/png. Write data:image/png;base64",
        ),
        (f"data:;base64,{PNG64}", "says nothing, but its bytes are image/png"),
        (
            data_url(PLAIN["JPEG"], "image/jpg"),
            "says image/jpg, but its bytes are image/jpeg",
        ),
        (
            data_url(PLAIN["JPEG"], "application/octet-stream"),
            "says application/octet-stream, but its bytes are image/jpeg",
        ),
        (data_url(b"<svg></svg>", "image/svg+xml"), "this is an SVG drawing"),
        (data_url(PLAIN["PNG"][:50]), "cut off"),
        (data_url(saved(scene(), "BMP"), "image/png"), "says image/png, but its bytes are image/bmp"),
    ],
)
def test_a_data_url_that_is_wrong(url, says, monkeypatch):
    no_network(monkeypatch)
    assert says in refusal(url)


def test_base64_as_people_have_it():
    """Text or bytes, with a head or none, in lines, url-safe, without its padding, with spaces for +, quoted."""
    data = PHOTO["JPEG"] + b"\xfb\xef\xff"  # so that it has + and /
    text = base64.b64encode(data).decode()
    assert "+" in text and "/" in text
    forms = [text, base64.encodebytes(data).decode(), text.rstrip("="), base64.urlsafe_b64encode(data).decode()]
    forms += [
        text.replace("+", " "),
        text.replace("+", "%2B"),
        f" {text}\n",
        f'"{text}"',
        text[:9] + text[9:].replace("/", "%2F"),
    ]
    expected = open_picture(data)
    for form in forms:
        for one in (
            form,
            form.encode(),
            io.BytesIO(form.encode()),
            f"data:image/jpeg;base64,{form.strip(' ' + chr(34))}",
        ):
            assert open_picture(one).data == expected.data
    assert open_picture(text).origin == "base64" and open_picture(text.encode()).origin == "bytes"
    for kind in ("PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"):
        assert open_picture(base64.b64encode(PHOTO[kind]).decode()).width == 300


@given(
    encoded=st.text(alphabet="AZaz09+/=-_ \n%*é", max_size=40)
    | st.binary(max_size=40).map(lambda b: base64.b64encode(b).decode()),
    head=st.text(alphabet="imageपng/;bas64,:. ", max_size=20) | st.sampled_from(["image/png;base64", ";base64", ""]),
)
def test_any_data_url_opens_or_is_refused(encoded, head):
    for text in (f"data:{head},{encoded}", f"data:{head},{PNG64}{encoded}"):
        try:
            assert open_picture(text).width == 40
        except PictureError as error:
            assert len(str(error)) < 400


@pytest.mark.parametrize("length", [300, 100_000])
def test_no_message_quotes_much(length):
    long = "é\n" * length
    for one in (long, f"data:{long},x", f"https://example.org:x/{long}", f"x{long[:100]}://y", "ZZZZ" * length):
        assert len(refusal(one)) < 400 and "\n" not in refusal(one)
    for options in ({"background": long}, {"max_side": long}, {"format": long}):
        assert len(refusal(PLAIN["PNG"], **options)) < 400
    with pytest.raises(PictureError) as caught:
        open_picture(PLAIN["PNG"]).chat_part(long)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("thing", "says"),
    [
        (None, "not NoneType."),
        (7, "not int."),
        ([IMAGES / "coffee.png"], "not list."),
        (numpy.zeros((9, 9, 3), "uint8"), "of an array: Image.fromarray"),
        ({"type": "image_url"}, "not dict."),
        (Picture(b"x", "image/png", 1, 1, "x"), "not Picture."),
        (object(), "not object."),
    ],
)
def test_a_wrong_kind_of_object(thing, says):
    assert refusal(thing).startswith("A picture is a path, bytes, a PIL image ")
    assert says in refusal(thing)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"max_side": 0}, "max_side is a whole number, at least 1, not 0"),
        ({"max_side": 10.5}, "max_side is a whole number, at least 1, not 10.5"),
        ({"max_side": True}, "max_side is a whole number"),
        ({"max_side": "100"}, "max_side is a whole number, at least 1, not '100'"),
        ({"frame": -1}, "frame is a whole number, at least 0, not -1"),
        ({"max_bytes": "2 MB"}, "max_bytes is a whole number"),
        ({"background": "whitish"}, "'whitish' is no colour"),
        ({"background": None}, "None is no colour"),
        ({"format": "WEBP"}, "format is 'JPEG' or 'PNG', not 'WEBP'"),
    ],
)
def test_a_wrong_option(options, says):
    assert says in refusal(PLAIN["PNG"], **options)


def test_a_pil_image_that_can_be_read_no_more(tmp_path):
    (tmp_path / "cut.jpg").write_bytes(saved(scene((400, 300)), "JPEG")[:1000])
    with Image.open(tmp_path / "cut.jpg") as cut:
        assert "cut.jpg: it is closed, not intact, or of a kind that Pillow can't read" in refusal(cut)
    (tmp_path / "whole.png").write_bytes(PLAIN["PNG"])
    closed = Image.open(tmp_path / "whole.png")
    closed.close()
    assert "whole.png: it is closed, not intact" in refusal(closed)
    image = scene()
    image.filename = None
    assert open_picture(image).origin == "a PIL image"


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

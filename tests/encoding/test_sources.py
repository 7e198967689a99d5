"""Where pictures come from, and what is said of one that can't be sent: no picture, half of one, one without end."""

import base64
import io
import socket
import threading
import time
import zlib
from contextlib import suppress
from types import SimpleNamespace
from unittest.mock import AsyncMock, Mock

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from course.recording.not_recorded import NotRecorded
from helpers.encoding import Picture, PictureError, open_picture, sources
from tests.conftest import data_url
from tests.encoding.test_pictures import OPENED
from tests.tools.fuzz_pictures import fuzz

from tests.encoding.samples import (  # isort: skip
    DEEP, IMAGES, PLAIN, SCENE, WHITE_ON_NOTHING, animation, opened, photo, png_chunk, png_of, refusal,
    saved, scene, with_chunk,
)  # fmt: skip

PNG, JPEG = PLAIN["PNG"], saved(photo((61, 40)), "JPEG")  # whose base64 has +, / and padding
TEXT = base64.b64encode(JPEG).decode()
FORMS = [TEXT, base64.encodebytes(JPEG).decode(), base64.urlsafe_b64encode(JPEG).decode(), f" {TEXT}\n", f'"{TEXT}"']
FORMS += [TEXT[:9] + TEXT[9:].replace(*pair) for pair in (("=", ""), ("+", " "), ("+", "%2B"), ("/", "%2F"))]
URLS = [f"data:image/jpeg;base64,{space}{form.strip(' ' + chr(34))}" for form in FORMS for space in ("", " ")]
HEADS = ("data:,", "data:;base64,", "data:application/octet-stream,", "data:image/jpg,", "DATA:IMAGE/jpeg;base64,")


def test_a_path_bytes_a_file_an_object_and_base64_are_the_same_picture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.jpg").write_bytes(JPEG)
    encoded, row, pipe = [form.encode() for form in (*FORMS, *URLS)], numpy.frombuffer(JPEG, "uint8"), io.BytesIO(JPEG)
    slowly = SimpleNamespace(read=lambda size: pipe.read(min(size, 7)))  # as a pipe may
    same = {
        "one.jpg": ["one.jpg", tmp_path / "one.jpg"],
        "bytes": [JPEG, bytearray(JPEG), memoryview(JPEG), row, row.reshape(-1, 1), *encoded],
        "base64": FORMS,
        "data URL": [*URLS, f" {data_url(JPEG, 'image/jpeg')}\n", *(head + TEXT for head in HEADS)],
        "an open file": [SimpleNamespace(read=lambda: JPEG), slowly, *map(io.BytesIO, (JPEG, *encoded))],
        "x.jpg": [SimpleNamespace(read=io.BytesIO(JPEG).read, name="/a/x.jpg")],
        "an answer": [SimpleNamespace(content=JPEG, read=lambda: b"")],
    }
    for origin, given_as in same.items():
        for source in given_as:
            assert open_picture(source) == Picture(JPEG, "image/jpeg", 61, 40, origin), source
    for kind in ("PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"):
        assert open_picture(base64.b64encode(saved(SCENE, kind)).decode()).origin == "base64"


@given(
    encoded=st.text(alphabet="AZaz09+/=-_ \n%*é", max_size=40)
    | st.binary(max_size=40).map(lambda b: base64.b64encode(b).decode()),
    head=st.text(alphabet="imageपng/;bas64,:. ", max_size=20) | st.sampled_from(["image/png;base64", ";base64", ""]),
)
def test_any_data_url_opens_or_is_refused(encoded, head):
    for text in (f"data:{head},{encoded}", f"data:{head},{base64.b64encode(PNG).decode()}{encoded}"):
        with suppress(PictureError):
            assert open_picture(text).width == 40


PASTED = {"Screenshot at 4.42.48 PM.jpg": "Screenshot at 4.42.48\u202fPM.jpg", "50%25.jpg": "50%25.jpg"}
PASTED |= {"\uac00.jpg": "\u1100\u1161.jpg", "\u1100\u1161.jpg": "\uac00.jpg", "\xe9.jpg": "e\u0301.jpg"}
PASTED |= dict.fromkeys(["a\u3000b.jpg", "a%20b.jpg", "a\\ b.jpg", '"a b.jpg"', "'a b.jpg'", " a b.jpg\n"], "a b.jpg")


@pytest.mark.parametrize(("typed", "stored"), [*PASTED.items(), ("\u201ca.jpg\u201d", "a.jpg")])
def test_a_name_as_people_paste_it_is_found(typed, stored, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / stored).write_bytes(JPEG)
    assert open_picture(typed).data == JPEG and sources.find_file(typed).resolve() == (tmp_path / stored).resolve()


def test_a_pil_image_is_a_picture_and_stays_as_it_was():
    for image, options in ((scene((400, 300)), {"max_side": 100}), (scene((400, 300)), {})):
        before, image.info = image.tobytes(), {"comment": b"mine"}
        picture = open_picture(image, **options)
        assert b"mine" not in picture.data and picture.origin == "a PIL image"
        assert (image.tobytes(), image.info) == (before, {"comment": b"mine"})
    assert open_picture(scene((400, 1)), max_side=100).height == 1
    lazy = opened(saved(scene((400, 300)), "JPEG"))
    assert (open_picture(lazy, max_side=numpy.int64(20)).width, lazy.size) == (20, (400, 300)), "not read at a fraction"
    named = open_picture(Image.open(IMAGES / "rocket.jpg"))
    assert named.origin == "rocket.jpg" and named.changes == ("colours made sRGB", "encoded as JPEG")


TRY = "Is the address right? A signed one may have expired, and a slow one needs a larger timeout=."


def answer(body=b"", more="", status="200 OK"):
    return f"HTTP/1.1 {status}\r\n{more}content-length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("says", "sent"),
    [  # what is said of what a host sends, piece by piece
        ("", [answer(JPEG, "content-type: text/html\r\n")]),  # judged by its bytes
        (": this is a web page, not a picture. Copy the address of ", [answer(b"<!DOCTYPE html><html>Please log in")]),
        (": more bytes than are read here.", [answer(bytes(9001))]),
        (f": no picture came (403). {TRY}", [answer(JPEG, status="403 Forbidden")]),
        (f": no picture came (ConnectionError). {TRY}", []),
        (f": no picture came (ValueError). {TRY}", [answer(more="location: http://[::1\r\n", status="302 Found")]),
        (f": no picture came (TimeoutError). {TRY}", [b"HTTP/1.1 200 OK\r\n", *20 * [b"a"]]),
    ],
)
def test_a_download_ends_and_its_keys_are_told_to_nobody(says, sent, monkeypatch):
    def serve():
        with suppress(OSError), server.accept()[0] as connection:
            connection.recv(9999)
            for piece in sent:
                connection.sendall(piece)
                time.sleep(0.05)

    monkeypatch.setattr(sources, "MAX_FILE", 9000)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, daemon=True).start()
        place = f"127.0.0.1:{server.getsockname()[1]}/x.jpg"
        address, shown = f" http://me:secret@{place}?sig=secret#secret", f"http://{place}"
        ends = {"timeout": 0.2} if len(sent) > 1 else {}
        assert (refusal(address, **ends) if says else open_picture(address).origin).startswith(f"{shown}{says}")


def test_what_a_recorder_says_of_a_download_is_passed_on(monkeypatch):
    monkeypatch.setattr("requests.get", Mock(side_effect=NotRecorded("not recorded")))
    with pytest.raises(NotRecorded, match="not recorded"):
        open_picture("https://a.org/x.png")


ENDLESS = SimpleNamespace(read=lambda size=-1: b"x")
ANIMATED = [animation(kind) for kind in ("GIF", "WEBP", "PNG", "AVIF", "TIFF")]
CLOSED, LARGE_PAGE = io.BytesIO(PNG), Image.new("1", (14_000, 12_500))
CLOSED.close()
LARGE_PAGE = saved(scene(mode="1"), "TIFF", save_all=True, append_images=[LARGE_PAGE], compression="group4")
PLANES = saved(SCENE, "TIFF", tiffinfo={284: 2}).replace(b"\x08\0" * 3, b"\x10\0" * 3) + bytes(9000)  # of 16 bits
PREVIEWS = [saved(SCENE, "TIFF", tiffinfo={271: "N"} | more) for more in ({254: 1}, {330: 8}, {50706: b"1"})]
MIN_IS_WHITE = saved(Image.fromarray(DEEP), "TIFF").replace(b"\6\1\3\0\1\0\0\0\1", b"\6\1\3\0\1\0\0\0\0")
ROWS = [(1, 0, 6), (8, 0, 41), (8, 2, 121), (8, 4, 81), (8, 6, 161), (16, 2, 241)]  # bits, colours, bytes of a row
WHOLE, STREAM, NOTHING = png_of(40, 30, 8, 2, bytes(121 * 30)), zlib.compress(bytes(121 * 30)), bytes(99)
FILL, SCANS = b"\xff" * 900_000, saved(Image.new("L", (5000, 5000)), "JPEG", progressive=True)[:-2]
CUT = "it is cut off: pixels are missing. Get it again."
# True of all that is rare: neither "damaged", nor what it is not.
RARE = "this is not intact, no picture, or of a kind that can't be read here. Get it again, or save it as PNG."
RAW = "this is a camera's raw picture, of which at best the preview opens. Export it as JPEG with the camera's program."
GREYS = "Greys of 32 bits, floats, and 16 bits with a transparent one, are not read. Save it with 8 bits."
BOMB = "and 1 to {}0,000,000 of this kind can be unpacked. Shrink it, or is it a decompression bomb?"
KINDS = "A picture is a path, bytes, a PIL image (of an array: Image.fromarray; OpenCV's is BGR: array[..., ::-1]), an "
KINDS += "open file, an address or data URL, not "
MALFORMED = "This base64 is malformed or cut off. Make it with base64.b64encode(data).decode()."
REFUSED = [  # how the message begins, of which sources
    (f"bytes: {RARE}", [b"data: three cats, two dogs", b"%PDF-1.7\n%\xe2\xe3", b'<?xml version="1.0"?>\n<svg>']),
    (f"bytes: {RARE}", [b"\0\0\0\x18ftypavif\0\0\0\0mif1" + bytes(99), b"\0\0\0\x20ftypmif1\0\0\0\0mif1avifmiaf"]),
    (f"bytes: {RARE}", [saved(SCENE, kind)[:9] for kind in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")]),
    (f"bytes: {RARE}", [PNG[:8] + png_chunk(b"CgBI", b"\x50\0\x20\2") + PNG[8:], PLANES]),  # of an iPhone app
    (f"bytes: {RARE}", [with_chunk(PLAIN["P PNG"], b"PLTE", bytes(6)), with_chunk(PNG, b"IHDR", PNG[16:29])]),
    (f"bytes: {RARE} It begins with b'%!PS-Adobe-3.0 E'.", [saved(SCENE, "EPS")]),
    ("bytes: this is a HEIC photo, which this Python can't open. On the phone", [b"\0\0\0\x18ftypheic" + bytes(99)]),
    ("bytes: this is a HEIC photo", [b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", b"\0\0\0\x18ftypavci\0\0\0\0mif1avci"]),
    ("bytes: this is a video or a sound", [b"\0\0\0\x20ftypisom\0\0\2\0", b"\x1aE\xdf\xa3\1", b"RIFF\x24\0\0\0WAVE"]),
    ("bytes: this is a web page", [b"\n<!DOCTYPE html>", b"<!--a--><!--b--><script>", b"\xef\xbb\xbf<?xml?><html>"]),
    (f"bytes: {RAW}", [b"\0\0\0\x18ftypcrx \0\0\0\1crx", b"FUJIFILMCCD-RAW 0201", b"MMOR\0\0\0", *PREVIEWS]),
    (f"a PIL image: {GREYS}", [Image.new("F", (9, 9), 0.5)]),
    (f"bytes: {GREYS}", [saved(Image.new("F", (9, 9)), "TIFF"), MIN_IS_WHITE]),
    (f"bytes: {GREYS}", [saved(Image.fromarray(DEEP), "PPM"), saved(Image.fromarray(DEEP), "PNG", transparency=9)]),
    ("bytes: On white nothing is seen. Give background=, say 'grey'.", [saved(WHITE_ON_NOTHING, "PNG")]),
    ("bytes: several frames or pages, and only one can be sent. Choose it, say frame=0.", ANIMATED),
    (f"a PIL image: 0 x 5 pixels, {BOMB.format(11)}", [Image.new("RGB", (0, 5))]),
    (f"a PIL image: {RARE}", [opened(PNG[:60])]),
    # Of up to 24 bytes a pixel: a gigabyte, which is never unpacked.
    (f"bytes: 11,000 x 11,000 pixels, {BOMB.format(11)}", [png_of(11_000, 11_000, 8, 2, NOTHING)]),
    ("bytes: Image size (", [png_of(side, side, 8, 2, NOTHING) for side in (60_000, 2**31 - 1)]),
    (f"bytes: 8,000 x 7,000 pixels, {BOMB.format(4)}", [png_of(8_000, 7_000, 8, 6, NOTHING)]),
    (f"bytes: {CUT}", [png_of(12_000, 9_000, 8, 2, NOTHING)]),  # a phone's: not for its size
    # Pillow fills what is missing of a PNG.
    (f"bytes: {CUT}", [png_of(40, 30, *kind, bytes(30 * size - 1)) for *kind, size in ROWS]),
    (f"bytes: {CUT}", [png_of(40, 30, *kind, bytes(15 * size)) for *kind, size in ROWS]),
    (f"bytes: {CUT}", [WHOLE.replace(png_chunk(b"IDAT", STREAM), png_chunk(b"IDAT", STREAM[:-4]))]),
    (f"bytes: {RARE}", [WHOLE.replace(png_chunk(b"IDAT", STREAM), png_chunk(b"IDAT", STREAM[:-4] + b"abcd"))]),
    # Of very many parts, which keep a reader busy for minutes.
    ("bytes: it has so many small parts", [JPEG[:2] + FILL + JPEG[2:]]),
    ("bytes: it has so many small parts", [JPEG[:-2] + FILL + JPEG[-2:]]),
    ("bytes: it has so many small parts", [saved(SCENE, "GIF")[:-1] + b"!\xfe\1a\0" * 180_000]),
    ("bytes: it has so many small parts", [SCANS + SCANS[SCANS.rindex(b"\xff\xda") :] * 48 + b"\xff\xd9"]),
    ("There is no file dog.png. A path starts where Python runs (in a lesson: notebooks/), and", ["dog.png"]),
    ("There is no file ~/no cat of this name.jpg. A path", ["~/no cat of this name.jpg"]),  # not where a home is
    ("There is no file album/cat.jpeg. Did you mean cat.jpg?", ["album/cat.jpeg"]),
    ("There is no file c d.png. Did you mean c\\xa0d.png?", ["c d.png"]),  # of two that fit, none is opened
    ("album is a folder. Give the path of one picture in it.", ["album"]),
    (". is a folder. Give the path of one picture in it.", [""]),
    ("~nobody-of-this-name/cat.jpg can't be read (", ["~nobody-of-this-name/cat.jpg"]),
    ("big.bmp: more bytes than are read here.", ["big.bmp"]),
    ("none.png: empty, 0 bytes. Was it read already? file.seek(0) rewinds it.", ["none.png"]),
    ("an open file: empty, 0 bytes.", [SimpleNamespace(read=Mock(return_value=nothing)) for nothing in (b"", None)]),
    ("The file can't be read (", [io.StringIO("hello"), CLOSED, SimpleNamespace(read=AsyncMock(return_value=PNG))]),
    ("Pictures come by http or https, not by ftp:. Download it.", ["ftp://a.org/cat.jpg"]),
    (f"http:cat.jpg: no picture came (InvalidURL). {TRY}", ["http:cat.jpg"]),
    ("http://host:x/x.jpg: no picture came (InvalidURL).", ["http://me:pass/secret@host:x/x.jpg?secret"]),
    (f"{KINDS}NoneType.", [None]),
    (KINDS, [[PNG], numpy.zeros((9, 9, 3), "uint8"), Picture(PNG, "image/png", 1, 1, "")]),
    (f"{KINDS}Coming (await it).", [type("Coming", (), {"__await__": iter})()]),
    (MALFORMED, ["data:image/svg+xml,<svg></svg>", data_url(PNG).rstrip("=")[:-3], f"data:,b'{data_url(PNG)[22:]}'"]),
    ("This data URL says image/jpeg, but its bytes are image/png. Write data:im", [data_url(PNG, "image/jpeg")]),
]
WITH_OPTIONS = [
    *(("bytes: there is no frame 3; they are counted from 0.", source, {"frame": 3}) for source in (*ANIMATED, PNG)),
    *(("max_side is a whole number from 1 to 65,500", PNG, {"max_side": wrong}) for wrong in (0, 10.5, "100", 65_501)),
    *(("frame is a whole number from 0 to 9,999, not", PNG, {"frame": wrong}) for wrong in (-1, 10_000)),
    ("format is 'JPEG' or 'PNG', not 'WEBP'.", PNG, {"format": "WEBP"}),
    *(("The file can't be read (it takes too long, or has no end).", ENDLESS, more) for more in ({}, {"timeout": 0})),
    (f"bytes: 14,000 x 12,500 pixels, {BOMB.format(11)}", LARGE_PAGE, {"frame": 1}),
    # No message quotes much: `refusal` knows how long one may be.
    *(("", head + 100_000 * "é\n", {}) for head in ("", "data:x,", "x://", "https://a.org:x/", data_url(PNG))),
    *(("", PNG, {option: 300 * "é\n"}) for option in ("max_side", "format")),
]


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
@pytest.mark.parametrize(
    ("says", "source", "options"),
    [*((says, one, {}) for says, several in REFUSED for one in several), *WITH_OPTIONS],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
def test_what_cannot_be_sent_is_told_why_and_nobody_else_is_asked(says, source, options, tmp_path, monkeypatch):
    monkeypatch.setattr("requests.sessions.Session.send", Mock(side_effect=AssertionError("a request left")))
    monkeypatch.setattr("PIL.EpsImagePlugin.Ghostscript", lambda *a, **k: pytest.fail("a program was started"))
    monkeypatch.setattr("PIL.TiffImagePlugin.TiffImageFile.n_frames", property(lambda _: pytest.fail("counted")))
    monkeypatch.setattr(sources, "MAX_FILE", 999_999)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "cat.jpg").touch()
    for name, data in {"none.png": b"", "big.bmp": bytes(10**6), "c\xa0d.png": PNG, "c\u202f\u202fd.png": PNG}.items():
        (tmp_path / name).write_bytes(data)
    said = refusal(source, **options)
    assert said.startswith(says)
    if isinstance(source, bytes):
        (tmp_path / "holiday.jpg").write_bytes(source)
        assert refusal(tmp_path / "holiday.jpg", **options) == said.replace("bytes", "holiday.jpg", 1)


def test_a_wrong_background_and_too_many_bytes_to_send_are_refused(monkeypatch):
    with pytest.raises(ValueError, match="unknown color specifier: 'whitish'"):
        open_picture(PNG, background="whitish")
    monkeypatch.setattr("helpers.encoding.picture.MAX_BYTES", len(PNG))
    assert open_picture(PNG).data == PNG
    monkeypatch.setattr("helpers.encoding.picture.MAX_BYTES", len(PNG) - 1)
    assert refusal(PNG).endswith(f"bytes to send, over the limit of {len(PNG) - 1:,}. Shrink it: max_side=20.")


PHOTO = {kind: saved(photo(), kind) for kind in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000")}
PHOTO |= {"progressive": saved(photo(), "JPEG", progressive=True), "grey": saved(photo().convert("L"), "JPEG")}
PHOTO |= {"with restarts": saved(photo(), "JPEG", restart_marker_blocks=7)}


@pytest.mark.parametrize("name", PHOTO)
def test_a_picture_that_is_cut_off_is_refused_wherever_it_ends(name):
    """With nothing, zeros or an end marker in the place of what is gone. (Without compression, zeros are black.)"""
    data = PHOTO[name]
    for ends in (int(len(data) * share) for share in (0.4, 0.8, 0.95)):
        zeros = [] if name in ("TIFF", "BMP") else [bytes(len(data) - ends)]
        for more in (b"", *zeros):
            assert "Get it again" in refusal(data[:ends] + more)
        for more in (b"", bytes(90)) if name in ("JPEG", "with restarts", "grey") else ():
            assert refusal(data[:ends] + b"\xff\xd9" + more) == f"bytes: {CUT}"


def test_damaged_bytes_end_in_a_picture_or_a_picture_error(recwarn):
    files = {name: row[0] for name, row in OPENED.items() if isinstance(row[0], bytes) and "orient" not in name}
    ended = fuzz(files, 400, seed=7)
    assert ended["picture"] > 50 and ended["refused"] > 50 and sum(ended.values()) == 400
    assert [one for one in recwarn if "bytes: " not in str(one.message)] == [], "Pillow's own warn nobody"

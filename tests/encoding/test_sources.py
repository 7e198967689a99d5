"""Where pictures come from: paths, addresses, base64, objects; and what is told when nothing comes."""

import array
import base64
import gc
import gzip
import io
import os
import socket
import sys
import threading
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

from course.recording.not_recorded import NotRecorded
from helpers.encoding import Picture, PictureError, open_picture, sources
from tests.api import serve
from tests.conftest import COFFEE, data_url
from tests.encoding.samples import IMAGES, PLAIN, RARE, no_network, photo, profile, refusal, saved, scene

PNG = PLAIN["PNG"]
PNG64 = base64.b64encode(PNG).decode()


class Answer:
    """What requests and the SDK return: bytes in `content`, a read() that takes no size."""

    content = PNG

    def read(self):
        return self.content


def slowly(data):
    """A read() that gives seven bytes at most, as a pipe may."""
    file = io.BytesIO(data)
    return lambda size: file.read(min(size, 7))


def test_a_path_bytes_a_file_an_object_and_a_data_url_are_the_same_picture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.png").write_bytes(PNG)
    entry = next(iter(os.scandir(os.fsencode(tmp_path))))
    row = numpy.frombuffer(PNG, "uint8")
    with open("one.png", "rb") as file:
        given = {
            "one.png": ["one.png", tmp_path / "one.png", entry, file],
            "bytes": [PNG, bytearray(PNG), memoryview(PNG), row, row.reshape(-1, 1), array.array("B", PNG)],
            "data URL": [data_url(PNG), f" {data_url(PNG)}\n", data_url(PNG).replace("data:image", "DATA:IMAGE")],
            "an open file": [io.BytesIO(PNG), SimpleNamespace(read=lambda: PNG), SimpleNamespace(read=slowly(PNG))],
            "x.png": [SimpleNamespace(read=io.BytesIO(PNG).read, name="/a/x.png")],
            "an answer": [Answer()],
        }
        for origin, same in given.items():
            assert [open_picture(source) for source in same] == [Picture(PNG, "image/png", 40, 30, origin)] * len(same)


def test_a_pil_image_is_a_picture_and_stays_as_it_was():
    image = scene((400, 300))
    before, image.info = image.tobytes(), {"comment": b"mine", "icc_profile": profile("Adobe RGB")}
    for options in ({"max_side": 100}, {}):
        picture = open_picture(image, **options)
        assert b"mine" not in picture.data and picture.origin == "a PIL image"
    assert image.tobytes() == before and image.size == (400, 300) and set(image.info) == {"comment", "icc_profile"}
    plain = scene()
    plain.info = {"comment": b"mine"}
    assert b"mine" not in open_picture(plain).data and plain.info == {"comment": b"mine"}
    lazy = Image.open(io.BytesIO(saved(image, "JPEG")))
    assert open_picture(lazy, max_side=20).width == 20 and lazy.size == (400, 300), "not read at a fraction"
    named = open_picture(Image.open(IMAGES / "rocket.jpg"))
    assert named.origin == "rocket.jpg" and named.changes == ("colours made sRGB", "encoded as JPEG")


def test_an_address_is_downloaded_and_recorded_like_any_request(record, replay):
    record()
    first = open_picture(COFFEE)
    replay()
    again = open_picture(f"  {COFFEE} ")
    assert first == again
    assert (again.media_type, again.width, again.height, again.origin) == ("image/png", 600, 400, COFFEE)


TRY = "Is the address right? A signed one may have expired, and a slow one needs a larger timeout=."


def test_what_an_address_gives_is_judged_by_its_bytes_and_its_keys_are_told_to_nobody(monkeypatch):
    async def answer(request):
        body = {"page": b"<!DOCTYPE html><html>Please log in", "big": bytes(2000)}.get(request.url.path[1:], PNG)
        return Response(body, media_type="text/html", status_code=403 if "expired" in request.url.path else 200)

    monkeypatch.setattr(sources, "MAX_FILE", 1000)
    with serve(routes=[Route("/{path}", answer)]) as api:
        shown = api.url
        address = shown.replace("//", "//me:secret@")
        assert open_picture(f"{address}/cat.png?sig=secret").origin == f"{shown}/cat.png"
        assert refusal(f"{address}/expired?sig=secret#x") == f"{shown}/expired: no picture came (403). {TRY}"
        assert refusal(f"{address}/page?sig=secret").startswith(f"{shown}/page: this is a web page, not a picture")
        assert refusal(f"{address}/big?sig=secret") == f"{shown}/big: more bytes than are read here."
    assert refusal(shown) == f"{shown}: no picture came (ConnectionError). {TRY}", "nobody listens there any more"


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
    [
        (b"HTTP/1.1 200 OK\r\n", b"a"),  # drips, in its headers, before its answer, in its body
        (b"HTTP/1.1 100 Continue\r\n\r\n",) * 2,
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", b"a"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-5\r\naaaaa\r\n0\r\n\r\n",),
        (b"HTTP/1.1 302 Found\r\nlocation: http://[::1\r\ncontent-length: 0\r\n\r\n",),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc",),
        (b"nonsense\r\n\r\n",),
    ],
)
def test_an_answer_without_an_end_or_sense_ends_in_a_picture_error(answer):
    with host(answer) as address:
        said = refusal(address, timeout=0.3 if len(answer) > 1 else 60)
    assert said.startswith(f"{address}: no picture came (") and ("(TimeoutError)" in said) == (len(answer) > 1)


@pytest.mark.parametrize("error", [requests.exceptions.SSLError, urllib3.exceptions.LocationParseError, NotRecorded])
def test_faults_of_a_download_are_named_and_what_a_recorder_says_is_passed_on(error, monkeypatch):
    def get(*args, **options):
        raise error("x")

    monkeypatch.setattr(requests, "get", get)
    says = f"https://a.org/x.png: no picture came ({error.__name__}). {TRY}"
    with pytest.raises(PictureError if error is not NotRecorded else NotRecorded) as caught:
        open_picture("https://a.org/x.png")
    assert str(caught.value) == ("x" if error is NotRecorded else says)


@pytest.mark.parametrize("address", [
    "https://", "https:///cat.jpg", "http:cat.jpg", "https://:443/cat.jpg", "https://exa mple.org/cat.jpg",
    "https://example.org:port/cat.jpg", "https://me:secret@exa\u2100mple.org/x", "http://me:pass/secret@host:x/x.jpg",
    "https://[::1/cat.jpg",
])  # fmt: skip
def test_a_malformed_address_is_not_asked(address, monkeypatch):
    no_network(monkeypatch)
    said = refusal(address)
    assert "no picture came (" in said and "secret" not in said


START = "A path starts where Python runs (in a lesson: notebooks/), and an address with https://"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("dog.png", f"There is no file dog.png. {START}"),
        ("album/cat.jpeg", "There is no file album/cat.jpeg. Did you mean cat.jpg?"),
        ("//example.org/x.jpg", f"There is no file //example.org/x.jpg. {START}"),
        ("none.png/cat.jpg", f"There is no file none.png/cat.jpg. {START}"),
        ("pipe", f"There is no file pipe. {START}"),  # which would be waited for
        ("album", "album is a folder. Give the path of one picture in it."),
        ("", ". is a folder. Give the path of one picture in it."),
        ("~/no cat of this name.jpg", f"There is no file ~/no cat of this name.jpg. {START}"),  # not where a home is
        ("none.png", "none.png: empty, 0 bytes. Was it read already? file.seek(0) rewinds it."),
        ("link.png", f"There is no file link.png. {START}"),
        ("c d.png", "There is no file c d.png. Did you mean c\\xa0d.png?"),  # of two that fit, none is opened
        ("big.bmp", "big.bmp: more bytes than are read here."),
        ("ftp://example.org/cat.jpg",
         "Pictures come by http or https, but this address begins with ftp:. Download it."),
    ],
)  # fmt: skip
def test_what_is_no_file(source, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "MAX_FILE", 1000)
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "cat.jpg").write_bytes(b"x")
    for name, data in {"none.png": b"", "big.bmp": bytes(2000), "c\xa0d.png": PNG, "c\u202f\u202fd.png": PNG}.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "link.png").symlink_to("nowhere")
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe")
    assert refusal(source) == says


@pytest.mark.parametrize(("stored", "typed"), [
    ("Screenshot at 4.42.48\u202fPM.png", "Screenshot at 4.42.48 PM.png"), ("a\xa0b.png", "a b.png"),
    ("a b.png", "a\u3000b.png"), ("\u1100\u1161.png", "\uac00.png"), ("\uac00.png", "\u1100\u1161.png"),
    ("e\u0301.png", "\xe9.png"), ("a b.png", "a%20b.png"), ("a b.png", "a\\ b.png"), ("a.png", '"a.png"'),
    ("a.png", "'a.png'"), ("a.png", "\u201ca.png\u201d"), ("a.png", " a.png\n"), ("50%25.png", "50%25.png"),
])  # fmt: skip
def test_a_name_as_people_paste_it_is_found(stored, typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / stored).write_bytes(PNG)
    assert open_picture(typed).data == PNG and sources.find_file(typed).resolve() == (tmp_path / stored).resolve()


class Bad:
    """A path, or a file, that raises what it likes; or one that has to be awaited."""

    def __fspath__(self):
        raise RuntimeError("not today")

    @property
    def read(self):
        raise KeyError("gone")

    async def later(self, size=-1):
        return PNG


def test_an_object_that_gives_no_bytes_ends_in_a_picture_error(tmp_path):
    path = tmp_path / "cat.png"
    path.write_bytes(PNG)
    cut = gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(PNG)[:-20]))
    with open(path, "rb") as read, open(path, encoding="utf-8") as text, open(tmp_path / "new.png", "wb") as new:
        read.read()
        assert refusal(read) == "cat.png: empty, 0 bytes. Was it read already? file.seek(0) rewinds it."
        for thing in (text, io.StringIO("hello"), new, cut, io.RawIOBase(), Bad(), "~nobody-of-this-name/cat.jpg"):
            said, hint = refusal(thing), "Open it with open(path, 'rb'), and await what has to be awaited."
            assert "can't be read (" in said and (isinstance(thing, str) or said.endswith(hint))
    assert "The file can't be read (read of closed file)" in refusal(read)
    assert "empty, 0 bytes" in refusal(SimpleNamespace(read=lambda size: None))
    with pytest.warns(RuntimeWarning, match="coroutine .* was never awaited"):
        assert "await what has to be awaited" in refusal(SimpleNamespace(read=Bad().later))
        gc.collect()


@pytest.mark.parametrize("thing", [None, 7, [IMAGES / "coffee.png"], numpy.zeros((9, 9, 3), "uint8"),
                                   {"type": "image_url"}, Picture(b"x", "image/png", 1, 1, "x"), object()])  # fmt: skip
def test_a_wrong_kind_of_object(thing):
    kinds = "a path, bytes, a PIL image (of an array: Image.fromarray; OpenCV's is BGR: array[..., ::-1])"
    assert refusal(thing) == f"A picture is {kinds}, an open file, an address or data URL, not {type(thing).__name__}."


def test_a_pil_image_that_can_be_read_no_more(tmp_path):
    (tmp_path / "cut.jpg").write_bytes(saved(scene((400, 300)), "JPEG")[:1000])
    (tmp_path / "whole.png").write_bytes(PNG)
    with Image.open(tmp_path / "cut.jpg") as cut, Image.open(tmp_path / "whole.png") as closed:
        assert f"cut.jpg: {RARE}" in refusal(cut)
    assert f"whole.png: {RARE}" in refusal(closed)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("data:image/png;base64", "This base64 is malformed or cut off"),
        ("data:image/png;base64,", "empty, 0 bytes"),
        ("data:image/svg+xml,<svg></svg>", "This base64 is malformed or cut off"),
        (f"data:image/png;base64,{PNG64.rstrip('=')[:-3]}", "This base64 is malformed or cut off"),
        (PNG64[:60] + "\0" + PNG64[60:], "This base64 is malformed or cut off"),
        (f"data:image/png;base64,b'{PNG64}'", "with base64.b64encode(data).decode()"),
        (f"data:image/jpeg;base64,{PNG64}", "says image/jpeg, but its bytes are image/png. Write data:image/png;"),
        (data_url(saved(scene(), "BMP"), "image/png"), "says image/png, but its bytes are image/bmp"),
        (data_url(PNG[:50]), "cut off"),
    ],
)
def test_a_data_url_that_is_wrong(url, says, monkeypatch):
    no_network(monkeypatch)
    assert says in refusal(url)


def test_base64_as_people_have_it():
    """Text or bytes, with a head or none, in lines, url-safe, without its padding, with spaces for +, quoted."""
    data = saved(photo(), "JPEG") + b"\xfb\xef\xff"  # so that it has + and /
    text = base64.b64encode(data).decode()
    forms = [text, base64.encodebytes(data).decode(), text.rstrip("="), base64.urlsafe_b64encode(data).decode()]
    forms += [text.replace("+", " "), text.replace("+", "%2B"), f" {text}\n", f'"{text}"']
    forms += [text[:9] + text[9:].replace("/", "%2F")]
    expected = open_picture(data).data
    for form in forms:
        url = f"data:image/jpeg;base64,{form.strip(' ' + chr(34))}"
        for one in (form, form.encode(), io.BytesIO(form.encode()), url, url.replace(",", ", ")):
            assert open_picture(one).data == expected
    assert open_picture(text).origin == "base64" and open_picture(text.encode()).origin == "bytes"
    for head in ("data:,", "data:;base64,", "data:image/png,", "data:application/octet-stream,", "data:image/jpg,"):
        assert open_picture(head + PNG64).data == PNG
    for kind in ("PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"):
        assert open_picture(base64.b64encode(saved(photo(), kind)).decode()).width == 300


@given(
    encoded=st.text(alphabet="AZaz09+/=-_ \n%*é", max_size=40)
    | st.binary(max_size=40).map(lambda b: base64.b64encode(b).decode()),
    head=st.text(alphabet="imageपng/;bas64,:. ", max_size=20) | st.sampled_from(["image/png;base64", ";base64", ""]),
)
def test_any_data_url_opens_or_is_refused(encoded, head):
    for text in (f"data:{head},{encoded}", f"data:{head},{PNG64}{encoded}"):
        with suppress(PictureError):
            assert open_picture(text).width == 40


@pytest.mark.parametrize(
    ("options", "says"),
    [
        *(({"max_side": wrong}, f"max_side is a whole number from 1 to 65,500, not {wrong!r}.")
          for wrong in (0, 10.5, "100", 65_501)),
        *(({"frame": wrong}, f"frame is a whole number from 0 to 9,999, not {wrong!r}.") for wrong in (-1, 10_000)),
        ({"format": "WEBP"}, "format is 'JPEG' or 'PNG', not 'WEBP'."),
    ],
)  # fmt: skip
def test_a_wrong_option(options, says):
    assert refusal(PNG, **options) == says
    assert open_picture(PNG, max_side=numpy.int64(20)).width == 20
    with pytest.raises(ValueError, match="unknown color specifier: 'whitish'"):
        open_picture(PNG, background="whitish")


@pytest.mark.parametrize("length", [300, 100_000])
def test_no_message_quotes_much(length):
    long = "é\n" * length
    for one in (long, f"data:{long},x", f"https://example.org:x/{long}", f"x{long[:100]}://y", "ZZZZ" * length):
        assert "\n" not in refusal(one)
    for options in ({"max_side": long}, {"format": long}):
        refusal(PNG, **options)

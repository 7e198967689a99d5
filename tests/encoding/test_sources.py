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
from unittest.mock import Mock

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
from tests.conftest import data_url
from tests.encoding.samples import IMAGES, PLAIN, RARE, no_network, photo, refusal, saved, scene

PNG = PLAIN["PNG"]
PNG64 = base64.b64encode(PNG).decode()


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
            "an answer": [SimpleNamespace(content=PNG, read=lambda: b"")],
        }
        for origin, same in given.items():
            assert [open_picture(source) for source in same] == [Picture(PNG, "image/png", 40, 30, origin)] * len(same)


def test_a_pil_image_is_a_picture_and_stays_as_it_was():
    for image, options in ((scene((400, 300)), {"max_side": 100}), (scene((400, 300)), {}), (scene(), {})):
        before, image.info = image.tobytes(), {"comment": b"mine"}
        picture = open_picture(image, **options)
        assert b"mine" not in picture.data and picture.origin == "a PIL image"
        assert (image.tobytes(), image.info) == (before, {"comment": b"mine"})
    lazy = Image.open(io.BytesIO(saved(scene((400, 300)), "JPEG")))
    assert open_picture(lazy, max_side=20).width == 20 and lazy.size == (400, 300), "not read at a fraction"
    named = open_picture(Image.open(IMAGES / "rocket.jpg"))
    assert named.origin == "rocket.jpg" and named.changes == ("colours made sRGB", "encoded as JPEG")


TRY = "Is the address right? A signed one may have expired, and a slow one needs a larger timeout=."


def test_what_an_address_gives_is_judged_by_its_bytes_and_its_keys_are_told_to_nobody(monkeypatch):
    async def answer(request):
        body = {"page": b"<!DOCTYPE html><html>Please log in", "big": bytes(2000)}.get(request.url.path[1:], PNG)
        return Response(body, media_type="text/html", status_code=403 if "expired" in request.url.path else 200)

    with serve(routes=[Route("/{path}", answer)], answers={}) as api:
        monkeypatch.setattr(sources, "MAX_FILE", 1000)
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

    def serve_one():
        with suppress(OSError), server.accept()[0] as connection:
            connection.recv(9999)
            connection.sendall(answer[0])
            while len(answer) > 1 and not over.wait(0.05):
                connection.sendall(answer[1])

    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve_one, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x.png"
        over.set()


ANSWERS = [
    (b"HTTP/1.1 200 OK\r\n", b"a"),  # drips in its headers, before its answer, in its body
    (b"HTTP/1.1 100 Continue\r\n\r\n",) * 2,
    (b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", b"a"),
    (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-5\r\naaaaa\r\n0\r\n\r\n",),
    (b"HTTP/1.1 302 Found\r\nlocation: http://[::1\r\ncontent-length: 0\r\n\r\n",),
    (b"nonsense\r\n\r\n",),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_without_an_end_or_sense_ends_in_a_picture_error(answer):
    with host(answer) as address:
        said = refusal(address, timeout=0.2 if len(answer) > 1 else 60)
    assert said.startswith(f"{address}: no picture came (") and ("(TimeoutError)" in said) == (len(answer) > 1)


@pytest.mark.parametrize("error", [requests.exceptions.SSLError, urllib3.exceptions.LocationParseError, NotRecorded])
def test_faults_of_a_download_are_named_and_what_a_recorder_says_is_passed_on(error, monkeypatch):
    monkeypatch.setattr(requests, "get", Mock(side_effect=error("x")))
    says = f"https://a.org/x.png: no picture came ({error.__name__}). {TRY}"
    with pytest.raises(PictureError if error is not NotRecorded else NotRecorded) as caught:
        open_picture("https://a.org/x.png")
    assert str(caught.value) == ("x" if error is NotRecorded else says)


START = "A path starts where Python runs (in a lesson: notebooks/), and an address with https://"
KINDS = "A picture is a path, bytes, a PIL image (of an array: Image.fromarray; OpenCV's is BGR: array[..., ::-1]), an"
MALFORMED = "This base64 is malformed or cut off. Make it with base64.b64encode(data).decode()."
NO_FILE, FOLDER = "There is no file", "is a folder. Give the path of one picture in it."
REFUSED = [
    ("dog.png", f"{NO_FILE} dog.png. {START}"),
    ("album/cat.jpeg", f"{NO_FILE} album/cat.jpeg. Did you mean cat.jpg?"),
    ("pipe", f"{NO_FILE} pipe. {START}"),  # which would be waited for
    ("album", f"album {FOLDER}"),
    ("", f". {FOLDER}"),
    ("~/no cat of this name.jpg", f"{NO_FILE} ~/no cat of this name.jpg. {START}"),  # not where a home is
    ("none.png", "none.png: empty, 0 bytes. Was it read already? file.seek(0) rewinds it."),
    ("c d.png", f"{NO_FILE} c d.png. Did you mean c\\xa0d.png?"),  # of two that fit, none is opened
    ("big.bmp", "big.bmp: more bytes than are read here."),
    ("ftp://a.org/cat.jpg", "Pictures come by http or https, not by ftp:. Download it."),
    ("http:cat.jpg", f"http:cat.jpg: no picture came (InvalidURL). {TRY}"),
    ("https:///cat.jpg", f"https:///cat.jpg: no picture came (InvalidURL). {TRY}"),
    ("https://me:secret@exa\u2100mple.org/x", f"https://exa℀mple.org/x: no picture came (InvalidURL). {TRY}"),
    ("http://me:pass/secret@host:x/x.jpg", f"http://host:x/x.jpg: no picture came (InvalidURL). {TRY}"),
    ("https://[::1/cat.jpg", f"https://[::1/cat.jpg: no picture came (InvalidURL). {TRY}"),
    *((thing, f"{KINDS} open file, an address or data URL, not {type(thing).__name__}.")
      for thing in (None, [PNG], numpy.zeros((9, 9, 3), "uint8"), Picture(b"x", "image/png", 1, 1, "x"))),
    (type("Coming", (), {"__await__": iter})(), f"{KINDS} open file, an address or data URL, not Coming (await it)."),
    ("data:image/png;base64,", "data URL: empty, 0 bytes. Was it read already? file.seek(0) rewinds it."),
    ("data:image/svg+xml,<svg></svg>", MALFORMED),
    (f"data:image/png;base64,{PNG64.rstrip('=')[:-3]}", MALFORMED),
    (f"data:image/png;base64,b'{PNG64}'", MALFORMED),
    *((data_url(data, says), f"This data URL says {says}, but its bytes are {is_}. Write data:{is_};base64,…")
      for data, says, is_ in ((PNG, "image/jpeg", "image/png"), (saved(scene(), "BMP"), "image/png", "image/bmp"))),
]  # fmt: skip


@pytest.mark.parametrize(("source", "says"), REFUSED)
def test_what_leads_to_no_bytes_is_told_why_and_asked_of_nobody(source, says, tmp_path, monkeypatch):
    no_network(monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sources, "MAX_FILE", 9000)
    (tmp_path / "album").mkdir()
    files = {
        "none.png": b"",
        "album/cat.jpg": b"x",
        "big.bmp": bytes(9001),
        "c\xa0d.png": PNG,
        "c\u202f\u202fd.png": PNG,
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
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
    """A file that raises what it likes, or has to be awaited."""

    @property
    def read(self):
        raise KeyError("gone")

    async def later(self, size=-1):
        return PNG


def test_an_object_that_gives_no_bytes_ends_in_a_picture_error(tmp_path):
    hint = "Open it with open(path, 'rb'), and await what has to be awaited."
    (tmp_path / "cat.png").write_bytes(PNG)
    cut = gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(PNG)[:-20]))
    with open(tmp_path / "cat.png", "rb") as read, open(tmp_path / "new.png", "wb") as new:
        read.read()
        assert refusal(read) == "cat.png: empty, 0 bytes. Was it read already? file.seek(0) rewinds it."
        for thing in (io.StringIO("hello"), new, cut, io.RawIOBase(), Bad()):
            assert "can't be read (" in (said := refusal(thing)) and said.endswith(hint)
    assert "The file can't be read (read of closed file)" in refusal(read)
    assert "empty, 0 bytes" in refusal(SimpleNamespace(read=lambda size: None))
    assert "can't be read (" in refusal("~nobody-of-this-name/cat.jpg")
    with pytest.warns(RuntimeWarning, match="coroutine .* was never awaited"):
        assert refusal(SimpleNamespace(read=Bad().later)).endswith(hint)
        gc.collect()


def test_a_pil_image_that_can_be_read_no_more(tmp_path):
    for name, data in (("cut.png", PNG[:60]), ("closed.png", PNG)):
        (tmp_path / name).write_bytes(data)
        with Image.open(tmp_path / name) as image:
            assert name == "closed.png" or f"cut.png: {RARE}" in refusal(image)
    assert f"closed.png: {RARE}" in refusal(image)


def test_base64_as_people_have_it():
    """Text or bytes, with a head or none, in lines, url-safe, without its padding, with spaces for +, quoted."""
    data = saved(photo((60, 40)), "JPEG") + b"\xfb\xef\xff"  # so that it has + and /
    text, expected = base64.b64encode(data).decode(), open_picture(data).data
    forms = [text, base64.encodebytes(data).decode(), text.rstrip("="), base64.urlsafe_b64encode(data).decode()]
    forms += [text.replace("+", " "), text.replace("+", "%2B"), text[:9] + text[9:].replace("/", "%2F"), f'"{text}"']
    for form in (*forms, f" {text}\n"):
        url = f"data:image/jpeg;base64,{form.strip(' ' + chr(34))}"
        for one in (form, form.encode(), io.BytesIO(form.encode()), url, url.replace(",", ", ")):
            assert open_picture(one).data == expected
    assert open_picture(text).origin == "base64" and open_picture(text.encode()).origin == "bytes"
    for head in ("data:,", "data:;base64,", "data:application/octet-stream,", "data:image/jpg,"):
        assert open_picture(head + PNG64).data == PNG
    for kind in ("PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"):
        assert open_picture(base64.b64encode(saved(scene(), kind)).decode()).width == 40


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
    ("option", "wrong", "says"),
    [
        *(("max_side", wrong, "a whole number from 1 to 65,500") for wrong in (0, 10.5, "100", 65_501)),
        *(("frame", wrong, "a whole number from 0 to 9,999") for wrong in (-1, 10_000)),
        ("format", "WEBP", "'JPEG' or 'PNG'"),
    ],
)
def test_a_wrong_option(option, wrong, says):
    assert refusal(PNG, **{option: wrong}) == f"{option} is {says}, not {wrong!r}."
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

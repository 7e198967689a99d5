"""Where pictures come from: paths, addresses, base64, objects; and what is told when nothing comes."""

import array
import base64
import ctypes
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

from helpers.encoding import Picture, PictureError, open_picture, sources
from tests.api import serve
from tests.conftest import COFFEE, data_url
from tests.encoding.samples import IMAGES, PLAIN, no_network, photo, profile, refusal, saved, scene

# --- where it comes from ---


def test_a_path_bytes_a_file_and_a_data_url_are_the_same_picture(tmp_path, monkeypatch):
    data = saved(scene(), "PNG")
    (tmp_path / "one.png").write_bytes(data)
    monkeypatch.chdir(tmp_path)
    with open("one.png", "rb") as file:
        given = {
            "one.png": ["one.png", tmp_path / "one.png", file],
            "bytes": [data, bytearray(data), memoryview(data)],
            "data URL": [data_url(data), f" {data_url(data)}\n", data_url(data).replace("data:image", "DATA:IMAGE")],
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
        "no picture came (404). Is the address right? A signed one may have expired" in said
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


TRY = "Is the address right? A signed one may have expired, and a slow one needs a larger timeout=."


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
    assert said == f"{address}: no picture came (TimeoutError). {TRY}"


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
     (requests.exceptions.ProxyError("x"), TRY),
     (requests.exceptions.ConnectTimeout("x"), TRY),
     (urllib3.exceptions.LocationParseError("x"), TRY)],
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
    with pytest.warns(RuntimeWarning, match="coroutine .* was never awaited"):
        said = refusal(Later())
        gc.collect()
    assert "not 'coroutine'). Open it with open(path, 'rb'), and await what has to be awaited." in said


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
    assert len(said) == 1 and said[0].startswith(f"{path} can't be read (Permission denied). ")


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


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("ftp://example.org/cat.jpg", "but this address begins with ftp:. Download it."),
        ("file:///cat.jpg", "but this address begins with file:. Download it."),
        ("s3://bucket/cat.jpg", "begins with s3:"),
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
        ("data:image/svg+xml,<svg></svg>", "malformed (it has '<')"),
        (f"data:image/png;base64,{PNG64.rstrip('=')[:-3]}", "malformed (its length is wrong)"),
        (f"data:image/png;base64,{PNG64[:40]}*{PNG64[40:]}", "malformed (it has '*')"),
        (PNG64[:60] + "\0" + PNG64[60:], "malformed (it has '\\x00')"),
        (f"data:image/png;base64,b'{PNG64}'", "with base64.b64encode(data).decode()"),
        (f"data:image/jpeg;base64,{PNG64}", "says image/jpeg, but its bytes are image/png. Write data:image/png;"),
        (data_url(b"<svg></svg>", "image/svg+xml"), "this is no picture (it begins with b'<svg></svg>')"),
        (data_url(PLAIN["PNG"][:50]), "cut off"),
        (data_url(saved(scene(), "BMP"), "image/png"), "says image/png, but its bytes are image/bmp"),
    ],
)
def test_a_data_url_that_is_wrong(url, says, monkeypatch):
    no_network(monkeypatch)
    assert says in refusal(url)


def test_a_data_url_that_claims_nothing_of_another_picture_is_opened():
    for head in ("data:,", "data:;base64,", "data:image/png,", "data:application/octet-stream;base64,"):
        assert open_picture(head + PNG64).data == PLAIN["PNG"]
    assert open_picture(data_url(PLAIN["JPEG"], "image/jpg")).data == PLAIN["JPEG"]


def test_base64_as_people_have_it():
    """Text or bytes, with a head or none, in lines, url-safe, without its padding, with spaces for +, quoted."""
    data = saved(photo(), "JPEG") + b"\xfb\xef\xff"  # so that it has + and /
    text = base64.b64encode(data).decode()
    assert "+" in text and "/" in text
    forms = [text, base64.encodebytes(data).decode(), text.rstrip("="), base64.urlsafe_b64encode(data).decode()]
    forms += [text.replace("+", " "), text.replace("+", "%2B"), f" {text}\n", f'"{text}"']
    forms += [text[:9] + text[9:].replace("/", "%2F")]
    expected = open_picture(data)
    for form in forms:
        url = f"data:image/jpeg;base64,{form.strip(' ' + chr(34))}"
        for one in (form, form.encode(), io.BytesIO(form.encode()), url):
            assert open_picture(one).data == expected.data
    assert open_picture(text).origin == "base64" and open_picture(text.encode()).origin == "bytes"
    for kind in ("PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"):
        assert open_picture(base64.b64encode(saved(photo(), kind)).decode()).width == 300


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
        assert "cut.jpg: this is closed, not intact, or of a kind that can't be read here" in refusal(cut)
    (tmp_path / "whole.png").write_bytes(PLAIN["PNG"])
    closed = Image.open(tmp_path / "whole.png")
    closed.close()
    assert "whole.png: this is closed, not intact" in refusal(closed)
    image = scene()
    image.filename = None
    assert open_picture(image).origin == "a PIL image"

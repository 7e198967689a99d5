"""Where pictures come from: paths, addresses, base64, objects."""

import array
import base64
import io
import os
import socket
import threading
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import numpy
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from course.recording.not_recorded import NotRecorded
from helpers.encoding import Picture, PictureError, open_picture, sources
from tests.conftest import data_url
from tests.encoding.samples import IMAGES, PLAIN, SCENE, opened, photo, refusal, saved, scene
from tests.encoding.test_damage import TRY

JPEG = saved(photo((61, 40)), "JPEG")  # its base64 has +, / and padding
TEXT, LINES = base64.b64encode(JPEG).decode(), base64.encodebytes(JPEG).decode()
FORMS = [TEXT, LINES, base64.urlsafe_b64encode(JPEG).decode(), f" {TEXT}\n", f'"{TEXT}"', TEXT.rstrip("=")]
FORMS += [TEXT.replace("+", " "), TEXT.replace("+", "%2B"), TEXT[:9] + TEXT[9:].replace("/", "%2F")]
URLS = [f"data:image/jpeg;base64,{space}{form.strip(' ' + chr(34))}" for form in FORMS for space in ("", " ")]
HEADS = ("data:,", "data:;base64,", "data:application/octet-stream,", "data:image/jpg,", "DATA:IMAGE/jpeg;base64,")


def test_a_path_bytes_a_file_an_object_and_base64_are_the_same_picture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.jpg").write_bytes(JPEG)
    entry, row, pipe = next(iter(os.scandir(os.fsencode(tmp_path)))), numpy.frombuffer(JPEG, "uint8"), io.BytesIO(JPEG)
    encoded = [form.encode() for form in (*FORMS, *URLS)]
    slowly = SimpleNamespace(read=lambda size: pipe.read(min(size, 7)))  # as a pipe may
    same = {
        "one.jpg": ["one.jpg", tmp_path / "one.jpg", entry],
        "bytes": [JPEG, bytearray(JPEG), memoryview(JPEG), row, row.reshape(-1, 1), array.array("B", JPEG), *encoded],
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


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        *(("Screenshot at 4.42.48\u202fPM.jpg", "Screenshot at 4.42.48 PM.jpg"), ("a b.jpg", "a\u3000b.jpg")),
        *(("\u1100\u1161.jpg", "\uac00.jpg"), ("\uac00.jpg", "\u1100\u1161.jpg"), ("e\u0301.jpg", "\xe9.jpg")),
        *(("a b.jpg", "a%20b.jpg"), ("50%25.jpg", "50%25.jpg"), ("a b.jpg", "a\\ b.jpg"), ("a.jpg", " a.jpg\n")),
        *(("a.jpg", '"a.jpg"'), ("a.jpg", "'a.jpg'"), ("a.jpg", "\u201ca.jpg\u201d")),
    ],
)
def test_a_name_as_people_paste_it_is_found(stored, typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / stored).write_bytes(JPEG)
    assert open_picture(typed).data == JPEG and sources.find_file(typed).resolve() == (tmp_path / stored).resolve()


def test_a_pil_image_is_a_picture_and_stays_as_it_was():
    for image, options in ((scene((400, 300)), {"max_side": 100}), (scene((400, 300)), {}), (scene(), {})):
        before, image.info = image.tobytes(), {"comment": b"mine"}
        picture = open_picture(image, **options)
        assert b"mine" not in picture.data and picture.origin == "a PIL image"
        assert (image.tobytes(), image.info) == (before, {"comment": b"mine"})
    lazy = opened(saved(scene((400, 300)), "JPEG"))
    assert open_picture(lazy, max_side=numpy.int64(20)).width == 20
    assert lazy.size == (400, 300), "not read at a fraction"
    named = open_picture(Image.open(IMAGES / "rocket.jpg"))
    assert named.origin == "rocket.jpg" and named.changes == ("colours made sRGB", "encoded as JPEG")


@given(
    encoded=st.text(alphabet="AZaz09+/=-_ \n%*é", max_size=40)
    | st.binary(max_size=40).map(lambda b: base64.b64encode(b).decode()),
    head=st.text(alphabet="imageपng/;bas64,:. ", max_size=20) | st.sampled_from(["image/png;base64", ";base64", ""]),
)
def test_any_data_url_opens_or_is_refused(encoded, head):
    for text in (f"data:{head},{encoded}", f"data:{head},{base64.b64encode(PLAIN['PNG']).decode()}{encoded}"):
        with suppress(PictureError):
            assert open_picture(text).width == 40


# Downloads


@contextmanager
def host(first, for_ever=b""):
    """A server that sends these bytes, then more for ever; and its address."""

    def serve_one():
        with suppress(OSError), server.accept()[0] as connection:
            connection.recv(9999)
            connection.sendall(first)
            while for_ever and not over.wait(0.05):
                connection.sendall(for_ever)

    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve_one, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}/x.jpg"
        over.set()


def answer(body=b"", more="", status="200 OK"):
    return f"HTTP/1.1 {status}\r\n{more}content-length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    ("sent", "says"),
    [  # what a host sends, again and again where it never ends, and what is said
        ((answer(JPEG, "content-type: text/html\r\n"),), None),  # judged by its bytes
        ((answer(b"<!DOCTYPE html><html>Please log in"),), "this is a web page, not a picture. Copy the address of "),
        ((answer(bytes(9001)),), "more bytes than are read here."),
        ((answer(JPEG, status="403 Forbidden"),), f"no picture came (403). {TRY}"),
        ((b"",), f"no picture came (ConnectionError). {TRY}"),
        ((answer(more="location: http://[::1\r\n", status="302 Found"),), f"no picture came (ValueError). {TRY}"),
        ((b"HTTP/1.1 200 OK\r\n", b"a"), f"no picture came (TimeoutError). {TRY}"),
        ((answer(bytes(99))[:-99], b"a"), f"no picture came (TimeoutError). {TRY}"),
    ],
)
def test_a_download_ends_and_its_keys_are_told_to_nobody(sent, says, monkeypatch):
    monkeypatch.setattr(sources, "MAX_FILE", 9000)
    with host(*sent) as place:
        address, shown = f" http://me:secret@{place}?sig=secret#secret", f"http://{place}"
        if says is None:
            assert open_picture(address).origin == shown
        else:
            assert refusal(address, timeout=0.2 if len(sent) > 1 else 60).startswith(f"{shown}: {says}")


def test_what_a_recorder_says_of_a_download_is_passed_on(monkeypatch):
    def get(*args, **options):
        raise NotRecorded("x")

    monkeypatch.setattr(requests, "get", get)
    with pytest.raises(NotRecorded, match="x"):
        open_picture("https://a.org/x.png")

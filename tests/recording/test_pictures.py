"""Pictures in a recording are references or looks, never base64; which pictures are the same request."""

import base64
import hashlib
import json
from urllib.parse import quote

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from PIL import EpsImagePlugin, Image, ImageDraw, ImageOps

from course import recording
from course.recording import readable, shape
from course.recording.readable import bodies_match
from course.recording.shape import RecordedResponse
from tests.conftest import COFFEE, COFFEE_FILE, data_url, question
from tests.recording.made import CHAT, item, kept, post
from tests.recording.page import encoded

BYTES = COFFEE_FILE.read_bytes()
PNG = base64.b64encode(BYTES).decode()
OURS = {"file": "asset/images/coffee.png", "sha256": hashlib.sha256(BYTES).hexdigest()}


def test_a_picture_is_named_wherever_it_hides_and_what_is_none_stays_as_it_is():
    for hidden in (
        f" DATA:IMAGE/PNG;BASE64,{PNG}",
        f"Look: ![x](data:image/png;base64,{PNG}) nice?",
        json.dumps({"url": f"data:image/png;base64,{PNG}"}),
        "\n".join(PNG[k : k + 76] for k in range(0, len(PNG), 76)).rstrip("="),
        f"data:image/png;base64,{quote(PNG, safe='')}",
        PNG.translate({43: "-", 47: "_"}),
    ):
        text = json.dumps(kept({"v": hidden}).body)
        assert len(text) < 400 and "asset/images/coffee.png" in text, hidden[:40]
    for text in ("Qk12 UklGRg== SUkqAA== data: base64", "ATGC" * 20, "data:image/png;base64,b'iVBO'"):
        assert kept({"t": text}).body == {"t": text}


def test_what_is_named_is_the_file_its_digest_and_the_media_type_that_was_sent():
    _, part = kept(question(picture=data_url())).body["messages"][0]["content"]
    assert part["image_url"] == {"url": {"data_url": "image/png", **OURS}, "detail": "low"}
    assert kept(PNG).body == {"base64": OURS} and kept(BYTES).body == OURS
    form = {"data": {"purpose": "vision"}, "files": {"file": ("c.png", BYTES, "image/png")}}
    sent = requests.Request("POST", CHAT, **form).prepare()
    file = {"name": "file", "content_type": "image/png", "filename": "c.png", **OURS}
    assert kept(sent.body, headers=sent.headers).body["parts"] == [file, {"purpose": "vision"}]
    answer = readable.recorded_response(200, {"content-type": "image/png"}, BYTES)
    assert answer == RecordedResponse(status=200, headers={"content-type": "image/png"}, file=OURS)
    with pytest.raises(recording.RecordingError, match=r"The answer \(image/png\) is no text: .*SOURCES\.csv"):
        readable.recorded_response(200, {"content-type": "image/png"}, b"\xff\xfe\x00")


def test_a_picture_made_on_the_way_is_known_by_its_look(folder, replay):
    """Another machine packs the same pixels into other bytes: it replays. Another look does not."""

    def packed(image, kind="PNG", **options):
        return data_url(encoded(image, kind, **options), f"image/{kind.lower()}")

    small = Image.open(COFFEE_FILE).convert("RGB").resize((300, 200))
    jpeg, webp = packed(small, "JPEG", quality=90), packed(small, "WEBP", quality=90)
    replay(*(item(question(picture=one)) for one in (packed(small, compress_level=9), jpeg, webp)))
    text = (folder / "lesson.json").read_text(encoding="utf-8")
    assert '"picture": "image/png, 300 x 200 pixels"' in text and "sha256" not in text and len(text) < 20_000
    for same in (packed(small, compress_level=1), packed(small, "JPEG", quality=91), webp):
        assert post(picture=same).ok
    marked, one_pixel = small.copy(), small.copy()
    ImageDraw.Draw(marked).rectangle((100, 60, 200, 140), outline="red", width=3)
    one_pixel.putpixel((7, 7), (1, 2, 3))
    darker = packed(small.point(lambda value: int(value * 0.95)), "JPEG", quality=90)
    for other in (darker, *map(packed, (marked, one_pixel, small.resize((301, 200)), ImageOps.mirror(small)))):
        with pytest.raises(recording.NotRecorded, match=r"picture: recorded(.|\n)*yours"):
            post(picture=other)


@given(st.binary(min_size=2304, max_size=2304), st.dictionaries(st.integers(0, 2303), st.integers(-3, 3), max_size=9))
def test_looks_are_alike_while_no_field_differs_by_more_than_one(fields, changes):
    other = bytearray(fields)
    for n, change in changes.items():
        other[n] = min(255, max(0, other[n] + change))
    one, two = (base64.b64encode(some).decode() for some in (fields, other))
    assert bodies_match([{"look": one}], [{"look": two}]) == all(abs(fields[n] - other[n]) <= 1 for n in changes)
    assert bodies_match({"url": one}, {"url": two}) == (one == two), "only looks are compared so"


def test_what_is_no_picture_of_a_request_is_described_and_never_opened(monkeypatch):
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *args: pytest.fail("opened"))
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    for data, kind in ((eps, "image/eps"), (b"\xff\xd8\xff odd", "image/jpeg")):
        assert kept(data_url(data, kind)).body["bytes"] == len(data)


def test_a_changed_picture_is_noticed_when_it_is_played(replay, tmp_path, monkeypatch):
    replay(item(url=COFFEE, method="GET", response=RecordedResponse(status=200, file=OURS)))
    monkeypatch.setattr(shape, "ROOT", tmp_path)
    (tmp_path / "asset" / "images").mkdir(parents=True)
    for _ in "missing", "changed":
        with pytest.raises(recording.RecordingError, match=r"coffee\.png is missing or .*checkout -- :/asset/images/"):
            requests.get(COFFEE, timeout=9)
        (tmp_path / "asset" / "images" / "coffee.png").write_bytes(BYTES[:-1])

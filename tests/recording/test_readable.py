"""What is recorded can be read and shared: pictures are references or looks, never base64, and secrets are masked."""

import base64
import hashlib
import json
import logging
import os
import re
import subprocess
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import quote

import openai
import pytest
import requests
from PIL import Image
from starlette.responses import JSONResponse
from starlette.routing import Route

from course import recording
from course.assets import ROOT
from course.recording import masking, publishing
from course.recording.masking import SHAPES, mask
from course.recording.readable import bodies_match, recorded_response
from course.recording.shape import RecordedResponse
from tests.api import serve
from tests.conftest import COFFEE_FILE, data_url, question
from tests.recording.made import CHAT, item, kept, post
from tests.recording.page import encoded
from tests.tools.record_lessons import secrets_in

BYTES = COFFEE_FILE.read_bytes()
PNG = base64.b64encode(BYTES).decode()
OURS = {"file": "asset/images/coffee.png", "sha256": hashlib.sha256(BYTES).hexdigest()}


def answer_kept(body, kind="application/json"):
    return recorded_response(200, {"content-type": kind}, body.encode() if isinstance(body, str) else body)


def test_a_picture_is_named_wherever_it_hides_and_what_is_none_stays_as_it_is():
    hidden = [
        f" DATA:IMAGE/PNG;BASE64,{PNG}",
        f"Look: ![x](data:image/png;base64,{PNG}) nice?",
        json.dumps({"url": f"data:image/png;base64,{PNG}"}),
        "\n".join(PNG[k : k + 76] for k in range(0, len(PNG), 76)).rstrip("="),
        f"data:image/png;base64,{quote(PNG, safe='')}",
        PNG.translate({43: "-", 47: "_"}),
    ]
    text = json.dumps(kept(hidden).body)
    assert len(text) < 400 * len(hidden) and text.count("asset/images/coffee.png") == len(hidden)
    others = ["Qk12 UklGRg== SUkqAA== data: base64", "ATGC" * 20, "data:image/png;base64,b'iVBO'"]
    assert kept(others).body == others
    assert kept(data_url(b"\xff\xd8\xff odd", "image/jpeg")).body["bytes"] == 7


def test_what_is_named_is_the_file_its_digest_and_the_media_type_and_answers_keep_their_types():
    _, part = kept(question(picture=data_url())).body["messages"][0]["content"]
    assert part["image_url"] == {"url": {"data_url": "image/png", **OURS}, "detail": "low"}
    assert kept(PNG).body == {"base64": OURS} and kept(BYTES).body == OURS
    form = {"data": {"purpose": "vision"}, "files": {"file": ("c.png", BYTES, "image/png")}}
    sent = requests.Request("POST", CHAT, **form).prepare()
    file = {"name": "file", "content_type": "image/png", "filename": "c.png", **OURS}
    assert kept(sent.body, headers=sent.headers).body["parts"] == [file, {"purpose": "vision"}]
    assert answer_kept(BYTES, "image/png").file == OURS
    with pytest.raises(recording.RecordingError, match=r"coffee\.png is missing or was .*checkout -- :/asset/images/"):
        RecordedResponse(status=200, file=OURS | {"sha256": "that of another picture"}).body()
    with pytest.raises(recording.RecordingError, match=r"The answer \(image/png\) is no text: .*SOURCES\.csv"):
        answer_kept(b"\xff\xfe\x00", "image/png")
    assert isinstance(answer_kept(json.dumps({"b64_json": "iVBORw0KGgo" * 60})).json_["b64_json"], str)
    assert [answer_kept(body).body() for body in ("null", "", '"text"', "[]")] == [b"null", b"", b'"text"', b"[]"]


def test_a_picture_made_on_the_way_is_known_by_its_look(folder, replay):
    """Another machine packs the same pixels into other bytes: it replays. Another look does not."""

    def packed(image, kind="PNG", **options):
        return data_url(encoded(image, kind, **options), f"image/{kind.lower()}")

    small = Image.open(COFFEE_FILE).convert("RGB").resize((300, 200))
    replay(*(item(question(picture=packed(small, kind, quality=90))) for kind in ("PNG", "JPEG", "WEBP")))
    text = (folder / "lesson.json").read_text(encoding="utf-8")
    assert '"picture": "image/png, 300 x 200 pixels"' in text and "sha256" not in text and len(text) < 20_000
    for same in (packed(small, compress_level=1), packed(small, "JPEG", quality=91), packed(small, "WEBP", quality=90)):
        assert post(picture=same).ok
    one_pixel = small.copy()
    one_pixel.putpixel((7, 7), (1, 2, 3))
    darker = packed(small.point(lambda value: int(value * 0.95)), "JPEG", quality=90)
    for other in (darker, packed(one_pixel), packed(small.resize((301, 200)))):
        with pytest.raises(recording.NotRecorded, match=r"picture: recorded(.|\n)*yours"):
            post(picture=other)
    one, two, three = (base64.b64encode(bytes([grey]) + bytes(2303)).decode() for grey in (6, 7, 8))
    assert bodies_match([{"look": one}], [{"look": two}]) and bodies_match([{"look": two}], [{"look": one}])
    assert not bodies_match({"look": one}, {"look": three}), "a field differs by more than one"
    assert not bodies_match({"url": one}, {"url": two}), "only looks are compared so"


# Invented for the tests; none of them opens anything.
INVENTED = ("sk-local-test-key-0123456789", "sk-old-key-00000000000000")
LETTERS = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ" * 4
# Put together here, so that this file holds none of them.
PLANTED = {
    "an OpenAI key": ["sk-" + LETTERS[:48], "sk-" + "proj-" + LETTERS[:60] + "_-x"],
    "an OpenAI organisation or project": ["org-" + LETTERS[:24], "proj_" + LETTERS[:24]],
    "an Azure key": [LETTERS[:52] + "JQQJ" + "99" + LETTERS[:26], "0123456789abcdef" * 2],
    "a SAS signature": ["?sig=" + LETTERS[:42] + "%3D", "&sig=" + LETTERS[:20] + "%2F" + LETTERS[:20] + "="],
    "a bearer token": ["Authorization: Bearer " + LETTERS[:30]],
    "a JSON web token": ["eyJ" + LETTERS[:20] + ".eyJ" + LETTERS[:20] + "." + LETTERS[:20]],
    "a token of another service": ["AKIA" + "ABCDEFGH12345678", "ghp_" + LETTERS[:36], "hf_" + LETTERS[:36]],
    "a private key": ["-----BEGIN " + "RSA PRIVATE KEY-----"],
}
KEY, PASSWORD = "planted0123456789abcdef", "pass-word-0123456789"


def test_no_tracked_file_holds_a_key():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for path in filter(Path.is_file, map(ROOT.joinpath, listed.split("\0"))):
        # A picture holds no key that anybody could use, but what speaks about it might: so files are read as bytes.
        text = path.read_bytes().decode("latin-1")
        found = [one[0] for shape in SHAPES.values() for one in re.finditer(shape, text)]
        assert [one for one in found if not any(invented in one for invented in INVENTED)] == [], path


def test_a_planted_key_is_found_and_masked():
    for what in SHAPES:
        for key in PLANTED[what]:
            assert secrets_in(f'{{"source": "x = {key}"}}') == [what] and secrets_in(mask(f"x = {key}")) == []


def test_ordinary_words_stay_also_those_that_are_somebodys_key():
    kept(url="https://a.example/", headers={"api-key": "picture", "OpenAI-Project": "espresso"})
    said = [
        "What does token mean? Bearer of bad news; the key to the picture. Bearer certificates and organisations.",
        "Is this a task-oriented sk-learn-contrib org-chart of proj_alpha? sk-short sig=invented AKIA risk-",
        f"sha256 {'0123456789abcdef' * 4} and half of it: {'0123456789abcdef' * 4:.31}",
        "see https://x.example/a?code=1&page=2&key=name&sp=3&se=4",
        {"key": "C major", "organization": "WWF", "properties": {"api_key": {"type": "string"}}},
    ]
    assert kept(said).body == said == answer_kept(json.dumps(said)).json_ and secrets_in(json.dumps(said)) == []


PLACES = [
    f"https://a.example/v?apikey={KEY}&client_secret={KEY}&access_token={KEY}&password={KEY}&hf_token={KEY}",
    f"https://me:{KEY}@a.blob.core.windows.net/v?sp=r&sv=2022-11-02&sig={KEY}%3D",
    {"u": quote(f"https://a.example/?next=https%3A%2F%2Fb.example%3Fapi_key%3D{KEY}", safe="")},
    {"api_key": [KEY], "more": [{"subscription-key": KEY}], "session_token": [KEY, KEY], f"sk-{KEY}": 1},
    {"arguments": json.dumps({"api_key": KEY})},
    {"note": f"bearer {KEY} and BASIC {KEY} and sk-{KEY} and org-{KEY}"},
    {"client_secret": {"value": KEY, "expires_at": 1}},
    *({name: KEY} for name in ("Ocp-Apim-Subscription-Key", "key", "organizationId", "connectionString", "dbPassword")),
]  # fmt: skip


@pytest.mark.parametrize("said", PLACES, ids=str)
def test_a_secret_is_masked_wherever_it_hides(said, monkeypatch):
    monkeypatch.setattr(masking, "_carried", set())
    asked = kept(url=said) if isinstance(said, str) else kept(said)
    assert "planted" not in asked.model_dump_json()
    masking._carried.clear()
    text = json.dumps(said)
    for kind, body in (("application/json", text), ("text/html", text), ("text/event-stream", f"data: {text}\n\n")):
        assert "planted" not in answer_kept(body, kind).model_dump_json()


async def echo(request):
    """Everything that came, in the body and in headers."""
    said = {"headers": dict(request.headers), "body": (await request.body()).decode(), "api_key": f"{KEY}-response"}
    said["message"] = f"Incorrect API key provided: sk-c*****f77. Organization org-{KEY}"
    location = f"https://x.blob.core.windows.net/v?sv=2022&sig={KEY}-location"
    return JSONResponse(said, headers={"set-cookie": f"session={KEY}-set", "operation-location": location})


def test_no_secret_reaches_a_recording_a_log_or_a_page_by_either_library(folder, monkeypatch, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(masking, "_carried", set())
    names = ("X-Amz-Security-Token", "X-Whatever", "Cookie", "Authorization", "api-key", "OpenAI-Project")
    headers = {name: f"theme=dark; session={KEY}-{name}" for name in names} | {"X-Bytes": f"{KEY}-b/b".encode()}
    once, film = quote(f"{KEY}-b/b", safe=""), "https://a.blob.core.windows.net/v/a.mp4?sp=r&sv=2022-11-02&sig"
    note = f"Bearer {KEY}xyz and {KEY}-environment and {KEY}-Cookie and {PASSWORD}; {once} {quote(once)}"
    body = {"url": f"{film}={KEY}-body", "note": note}
    with serve(routes=[Route("/{rest:path}", echo, methods=["POST"])]) as api:
        host = api.url.removeprefix("http://")
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", f"{KEY}-environment")
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://me:{PASSWORD}@{host}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", f"sk-{KEY}-key")
        recording.start("lesson", mode="record")
        url = f"{os.environ['OPENAI_BASE_URL']}/echo?api-key={KEY}-query&sig={KEY}-sig&top=3"
        said = requests.post(url, headers=headers, json=body, timeout=9).text
        client = openai.OpenAI(organization=f"org-{KEY}", project=f"proj_{KEY}")
        assert client.post("/echo", body=body, cast_to=object)
    text = (folder / "lesson.json").read_text(encoding="utf-8")
    urls = [one["request"]["url"] for one in json.loads(text)["interactions"]]
    assert urls == ["/v1/echo?api-key=***&sig=***&top=3", "/v1/echo"], "found again by whoever replays"
    assert capsys.readouterr().out == f"Record: requests go to {host}, model gpt-5.6-luna.\n"
    assert f"{KEY}-Cookie" in said and "me:" not in text, "it did travel"
    said, shell = f"{url} {said}", Mock()
    for error in (openai.OpenAIError(said), requests.HTTPError(said)):
        publishing.show_briefly(shell, type(error), error, None)
    for left in (text, caplog.text, str(shell.mock_calls)):
        assert "sig=***" in left and not any(secret in left for secret in ("planted", PASSWORD, "f77"))

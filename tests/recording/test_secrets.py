"""No key in any tracked file, in a recording, or in what is left when something fails.

That the lessons leave none behind is tested in tests/lessons/test_run.py, where they run.
"""

import json
import logging
import os
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock
from urllib.parse import quote

import httpx2
import openai
import pytest
import requests
from nbclient.exceptions import CellExecutionError
from starlette.responses import JSONResponse
from starlette.routing import Route

from course import recording
from course.assets import ROOT
from course.recording import masking, publishing, readable
from course.recording.masking import SHAPES, mask
from tests.api import serve
from tests.recording import canary
from tests.recording.made import kept
from tests.tools.record_lessons import main, secrets_in

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


@pytest.fixture(autouse=True)
def no_secrets():
    masking._carried.clear()


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


def answer_kept(body, kind="application/json"):
    return readable.recorded_response(200, {"content-type": kind}, body.encode())


@pytest.mark.parametrize("said", [
    "What does token mean? Bearer of bad news; the key to the picture. Bearer certificates and organisations.",
    "Is this a task-oriented sk-learn-contrib org-chart of proj_alpha? sk-short sig=invented AKIA risk-",
    f"sha256 {'0123456789abcdef' * 4} and half of it: {'0123456789abcdef' * 4:.31}",
    "see https://x.example/a?code=1&page=2&key=name&sp=3&se=4",
    {"key": "C major", "cookie": "chocolate", "organization": "WWF", "secret": "none"},
    {"properties": {"key": {"type": "string"}, "api_key": {"type": "string"}}, "required": ["key"]},
])  # fmt: skip
def test_ordinary_words_stay_also_those_that_are_somebodys_key(said):
    kept(url="https://a.example/", headers={"api-key": "picture", "OpenAI-Project": "espresso"})
    assert kept({"t": said}).body == {"t": said} == answer_kept(json.dumps({"t": said})).json_
    assert secrets_in(json.dumps(said)) == []


PLACES = [
    f"https://a.example/v?apikey={KEY}&client_secret={KEY}&access_token={KEY}&password={KEY}&hf_token={KEY}",
    f"https://me:{KEY}@a.blob.core.windows.net/v?sp=r&sv=2022-11-02&sig={KEY}%3D",
    {"u": quote(f"https://a.example/v?sv=1&sig={KEY}", safe="")},
    {"u": f"https://a.example/v?sv=1&amp;sig={KEY}"},
    {"u": f"https://a.example/?next=https%253A%252F%252Fb.example%253Fapi_key%253D{KEY}"},
    {"api_key": [KEY], "more": [{"subscription-key": KEY}], "token": [KEY, KEY], f"sk-{KEY}": 1},
    {"arguments": json.dumps({"api_key": KEY})},
    {"note": f"bearer {KEY} and BASIC {KEY} and sk-{KEY} and org-{KEY}"},
    {"client_secret": {"value": KEY, "expires_at": 1}},
    *({name: KEY} for name in ("primaryKey", "Ocp-Apim-Subscription-Key", "key", "organizationId", "pwd", "passphrase",
                               "connectionString", "credentials", "jwt", "dbPassword", "session_token", "secret_2")),
]  # fmt: skip


@pytest.mark.parametrize("said", PLACES, ids=str)
def test_a_secret_is_masked_wherever_it_hides(said):
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


def test_no_secret_reaches_a_recording_by_either_library(folder, monkeypatch, capsys):
    names = ("X-Amz-Security-Token", "X-Whatever", "Cookie", "Authorization", "api-key", "OpenAI-Project")
    headers = {name: f"theme=dark; session={KEY}-{name}" for name in names} | {"X-Bytes": f"{KEY}-b/b".encode()}
    once = quote(f"{KEY}-b/b", safe="")
    body = {"url": f"https://a.blob.core.windows.net/v/a.mp4?sp=r&sv=2022-11-02&sig={KEY}-body",
            "note": f"Bearer {KEY}xyz and {KEY}-environment and {KEY}-Cookie and {PASSWORD}",
            "encoded": f"{once} {quote(once)}"}  # fmt: skip
    with serve(routes=[Route("/{rest:path}", echo, methods=["POST"])]) as api:
        host = api.url.removeprefix("http://")
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", f"{KEY}-environment")
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://me:{PASSWORD}@{host}/v1")
        monkeypatch.setenv("OPENAI_API_KEY", f"sk-{KEY}-key")
        recording.start("lesson", mode="record")
        url = f"{os.environ['OPENAI_BASE_URL']}/echo?api-key={KEY}-query&sig={KEY}-sig&top=3"
        assert f"{KEY}-Cookie" in requests.post(url, headers=headers, json=body, timeout=9).text, "it did travel"
        client = openai.OpenAI(organization=f"org-{KEY}", project=f"proj_{KEY}")
        assert client.post("/echo", body=body, cast_to=httpx2.Response).text
    text = (folder / "lesson.json").read_text(encoding="utf-8")
    urls = [one["request"]["url"] for one in json.loads(text)["interactions"]]
    assert urls == ["/v1/echo?api-key=***&sig=***&top=3", "/v1/echo"], "found again by whoever replays"
    assert "planted" not in text and PASSWORD not in text and "me:" not in text
    assert capsys.readouterr().out == f"Record: requests go to {host}, model gpt-5.6-luna.\n"
    assert PASSWORD not in mask(f"Failed to reach http://me:{PASSWORD}@{host}/v1 (as {PASSWORD})")


def test_an_error_a_log_and_make_record_repeat_what_was_sent_without_it(monkeypatch, caplog, capsys):
    """The lessons themselves are run with secrets planted, live, recorded and replayed, in test_run.py."""
    shown, log = [], logging.getLogger("urllib3.connectionpool")
    shell = SimpleNamespace(_showtraceback=lambda kind, said, lines: shown.extend([str(said), *lines]))
    for name, value in canary.PLANTED.items():
        monkeypatch.setenv(name, value)
    film = "https://films.blob.core.windows.net/a.mp4?sp=r&sig=" + quote(canary.PLANTED["SAS_SIGNATURE"], safe="")
    end = canary.PLANTED["OPENAI_API_KEY"][-4:]
    said = f"{film} {canary.PLANTED['VISION_KEY']} Incorrect API key provided: sk-p****{end}."
    publishing.install()
    with caplog.at_level(logging.DEBUG):
        log.debug("GET %s", said)
    for error in (openai.OpenAIError(said), requests.HTTPError(said)):
        publishing.show_briefly(shell, type(error), error, None)
    monkeypatch.setattr("tests.tools.record_lessons.record", Mock(side_effect=CellExecutionError("", "Error", said)))
    assert main(["record", "00_start_here"]) == 1
    printed = capsys.readouterr().out
    assert all("sp=r" in text and "API key provided: ***" in text for text in (*shown, caplog.text, printed))
    assert list(canary.leaks({"the page": "\n".join(shown), "the log": caplog.text, "make record": printed})) == []

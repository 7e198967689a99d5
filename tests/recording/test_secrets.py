"""No key in any tracked file, and none in what is left when something fails.

That the lessons leave none behind is tested in test_live.py, where they run.
"""

import json
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import quote

import httpx2
import nbformat
import openai
import pytest
import requests
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook
from starlette.responses import JSONResponse
from starlette.routing import Route

from course import recording
from course.assets import ROOT
from course.recording import masking, publishing, readable
from course.recording.masking import SHAPES
from tests.api import serve
from tests.conftest import question
from tests.recording import canary
from tests.recording.made import CHAT, item, put
from tests.tools import record_lessons

# Invented for the tests; none of them opens anything.
INVENTED = ("sk-local-test-key-0123456789", "sk-old-key-00000000000000")


def keys_in(folder: Path):
    """(file, what it looks like, the text) for each thing that looks like a key in a file that git tracks."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=folder, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        path = folder / name
        # A picture holds no key that anybody could use, but what speaks about it might: so files are read as bytes.
        text = path.read_bytes().decode("latin-1") if path.is_file() else ""
        for what, shape in SHAPES.items():
            for found in re.finditer(shape, text):
                if not any(invented in found[0] for invented in INVENTED):
                    yield name, what, found[0]


def test_no_tracked_file_holds_a_key():
    assert list(keys_in(ROOT)) == []


# --- each shape is shown to be found ---

PASSWORD = "pass-word-0123456789"
LETTERS = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ" * 4
# Put together here, so that this file holds none of them.
PLANTED = {
    "an OpenAI key": ["sk-" + LETTERS[:48], "sk-" + "proj-" + LETTERS[:60] + "_-x", "sk-" + "svcacct-" + LETTERS[:40]],
    "an OpenAI organisation or project": ["org-" + LETTERS[:24], "proj_" + LETTERS[:24]],
    "an Azure key": [LETTERS[:52] + "JQQJ" + "99" + LETTERS[:26]],
    "an Azure key of 32 digits": ["0123456789abcdef" * 2],
    "a SAS signature": ["?sig=" + LETTERS[:42] + "%3D", "&sig=" + LETTERS[:20] + "%2F" + LETTERS[:20] + "="],
    "a bearer token": ["Authorization: Bearer " + LETTERS[:30]],
    "a JSON web token": ["eyJ" + LETTERS[:20] + ".eyJ" + LETTERS[:20] + "." + LETTERS[:20]],
    "an AWS key": ["AKIA" + "ABCDEFGH12345678"],
    "a GitHub token": ["ghp_" + LETTERS[:36], "github_pat_" + LETTERS[:60]],
    "a token of another service": [start + LETTERS[:36] for start in ("xoxb-", "sk_live_", "glpat-", "npm_", "hf_")],
    "a private key": ["-----BEGIN " + "RSA PRIVATE KEY-----"],
}


def test_a_planted_key_is_found_in_any_file_and_what_only_resembles_one_is_not(tmp_path):
    digest = "0123456789abcdef" * 4
    files = {"notes.txt": f"sha256 {digest} sk-short sig=invented org-chart {digest[:31]} AKIA risk- {INVENTED[0]}"}
    files |= {f"{what} {n}.ipynb": f'{{"source": "x = {key}"}}\n'
              for what, keys in PLANTED.items() for n, key in enumerate(keys)}  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_bytes(b"\x89PNG\xff\n" + text.encode())
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    found = {name: {what for file, what, _ in keys_in(tmp_path) if file == name} for name in files}
    assert found.pop("notes.txt") == set() and PLANTED.keys() == SHAPES.keys()
    assert all(name.rpartition(" ")[0] in kinds for name, kinds in found.items()), found


# --- when something fails ---

# Each cell fails in a way in which libraries repeat what was sent: a key, an address with its signature, a host.
FAULTS = [
    """client = OpenAI(api_key=os.environ["AZURE_OPENAI_API_KEY"], max_retries=0)
client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hello"}])""",
    """azure = AzureOpenAI(azure_endpoint="https://contoso-5.openai.azure.com", api_version="2024-10-21", max_retries=0)
azure.chat.completions.create(model="my-vision", messages=[{"role": "user", "content": "Hello"}])""",
    """FILM = "https://films.blob.core.windows.net/a.mp4?sp=r&sig=" + quote(os.environ["SAS_SIGNATURE"], safe="")
requests.get(FILM, timeout=9).raise_for_status()""",
    """upstream = os.environ["COURSE_UPSTREAM"]
os.environ["COURSE_UPSTREAM"] = "http://127.0.0.1:1"
requests.get(FILM, timeout=9)""",
    """ask = [{"role": "user", "content": FILM}]
OpenAI(max_retries=0).chat.completions.create(model="m", messages=ask)""",
    """os.environ["COURSE_UPSTREAM"] = upstream
INDEX = "https://my-vision.cognitiveservices.azure.com/computervision/retrieval/indexes/films"
HEADERS = {"Ocp-Apim-Subscription-Key": os.environ["VISION_KEY"]}
requests.put(INDEX, headers=HEADERS, json={"sent with": HEADERS}, timeout=9).raise_for_status()""",
    """content = [{"type": "image_url", "image_url": {"url": FILM, "detail": "low"}}]
OpenAI().chat.completions.create(model="m", messages=[{"role": "user", "content": content}])""",
    """encoding.open_picture(FILM)""",
    """key = os.environ["OPENAI_API_KEY"]
{}[len(key)]""",
]
START = """import os
from urllib.parse import quote

import requests
from openai import AzureOpenAI, OpenAI

from course import recording
from helpers import encoding

recording.start("00_start_here")"""


def test_what_fails_leaves_no_secret_behind(tmp_path, capfd):
    """While recording, which passes all that live passes; the lessons themselves run live in test_live.py."""
    fails = {"tags": ["raises-exception"]}
    path = tmp_path / "faults.ipynb"
    cells = [new_code_cell(START), *(new_code_cell(source, metadata=fails) for source in FAULTS)]
    nbformat.write(new_notebook(cells=cells), path)
    with serve(keys={canary.PLANTED["OPENAI_API_KEY"]}) as api:
        settings = {
            "COURSE_MODE": "record",
            "COURSE_UPSTREAM": api.url,
            "COURSE_RECORDINGS": str(tmp_path / "recordings"),
        }
        made = record_lessons.run(path, {**canary.watched(tmp_path), **settings, "OPENAI_BASE_URL": None})
    nbformat.write(made, path)
    errors = [[output.ename for output in cell.outputs if output.output_type == "error"] for cell in made.cells[1:]]
    assert [names[0] for names in errors] == [
        "AuthenticationError", "AuthenticationError", "HTTPError", "ConnectionError", "APIConnectionError",
        "HTTPError", "BadRequestError", "PictureError", "KeyError",
    ]  # fmt: skip
    left = canary.left_in(tmp_path) | dict(zip(("stdout", "stderr"), capfd.readouterr(), strict=True))
    assert "00_start_here.json" in left
    assert "urllib3.connectionpool" in left["debug.log"] and "openai._base_client" in left["debug.log"]
    assert list(canary.leaks(left)) == []


def test_an_error_of_a_library_is_shown_without_the_key(monkeypatch):
    """And says what to do, where a model of one's own takes no pictures: llama.cpp's server puts it in these words."""
    shown = []

    class Shell:
        _showtraceback = staticmethod(lambda kind, said, lines: shown.append((said, lines)))

    said = f"500 - image input is not supported, you may need to provide the mmproj {canary.PLANTED['OPENAI_API_KEY']}"
    for name, value in (*canary.PLANTED.items(), ("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1")):
        monkeypatch.setenv(name, value)
    publishing.show_briefly(Shell, openai.OpenAIError, openai.OpenAIError(said), None)
    monkeypatch.delenv("OPENAI_BASE_URL")
    publishing.show_briefly(Shell, openai.OpenAIError, openai.OpenAIError(said), None)
    masked = "500 - image input is not supported, you may need to provide the mmproj ***"
    hint = 'Does this model take pictures? Serve one that does: README, "A model on your own machine".'
    assert shown == [(masked, [f"OpenAIError: {masked}", hint]), (masked, [f"OpenAIError: {masked}"])]


# --- an address with a password ---


def test_the_password_of_an_address_is_neither_shown_nor_stored(folder, monkeypatch, capsys):
    with serve(keys=set(), acts_as="own-model") as api:
        host = api.url.removeprefix("http://")
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://me:{PASSWORD}@{host}/v1")
        recording.start("lesson", mode="live")
        assert f"Live: requests go to {host}, model" in capsys.readouterr().out
        recording.start("lesson", mode="record")
        address = f"{os.environ['OPENAI_BASE_URL']}/chat/completions"
        assert requests.post(address, json=question(), timeout=9).ok
        assert openai.OpenAI().chat.completions.create(**question())
    text = (folder / "lesson.json").read_text(encoding="utf-8")
    urls = [item["request"]["url"] for item in json.loads(text)["interactions"]]
    assert urls == ["/v1/chat/completions"] * 2, "found again by whoever replays"
    assert PASSWORD not in text and "me:" not in text
    assert PASSWORD not in masking.mask(f"Failed to reach http://me:{PASSWORD}@{host}/v1 (as {PASSWORD})")


def test_the_password_of_an_endpoint_is_not_shown(folder, monkeypatch, capsys):
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", f"https://me:{PASSWORD}@contoso-5.openai.azure.com:8443/")
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "0123456789abcdef-a-key")
    recording.start("09_azure_openai", mode="live")
    assert "requests go to contoso-5.openai.azure.com:8443, deployment" in capsys.readouterr().out


def test_a_wrong_key_is_not_printed_by_make_record(monkeypatch, capsys):
    def refused(*_):
        raise CellExecutionError("", "AuthenticationError", "401 - Incorrect API key provided: sk-p***********rong.")

    monkeypatch.setattr(record_lessons, "record", refused)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-proj-it-is-wrong")
    assert record_lessons.main(["record", "00_start_here"]) == 1
    said = capsys.readouterr().out
    assert "Incorrect API key provided: ***" in said and "rong" not in said


# --- what a request carried is masked wherever it is echoed ---

KEY = "planted0123456789abcdef"
NAMES = ("Private-Token", "X-Auth-Token", "X-Amz-Security-Token", "X-Whatever", "Cookie", "Authorization", "api-key",
         "Ocp-Apim-Subscription-Key", "OpenAI-Organization", "OpenAI-Project", "X-Bytes")  # fmt: skip
CARRIED = {name: {name: KEY.encode() if name == "X-Bytes" else KEY} for name in NAMES}
CARRIED["a cookie among others"] = {"Cookie": f"theme=dark; session={KEY}; lang=en"}
CARRIED["a bearer"] = {"Authorization": "Bearer " + KEY}


@pytest.fixture(autouse=True)
def no_secrets():
    masking.forget_secrets()


def kept(said):
    """What is recorded of a request: of its address where it is one, else of its body."""
    url, body = (said, None) if isinstance(said, str) else ("https://a.example/", json.dumps(said).encode())
    return readable.recorded_request("POST", url, {}, body, "m")


def answer_kept(body, kind="application/json", headers=None):
    return readable.recorded_response(200, {"content-type": kind}, body.encode(), headers or {})


@pytest.mark.parametrize("name", CARRIED)
def test_what_stood_in_a_header_is_masked_in_the_answer(name):
    body = {"message": f"You sent {KEY}.", "seen": [KEY], "url": f"https://x.example/?next=%3Fa%3D{KEY}"}
    stored = answer_kept(json.dumps(body), headers=CARRIED[name]).model_dump_json()
    assert KEY not in stored and stored.count("***") == 3


PLACES = {
    "query": f"https://a.example/v?apikey={KEY}&client_secret={KEY}&access_token={KEY}&password={KEY}",
    "SAS": f"https://a.blob.core.windows.net/v?sp=r&sv=2022-11-02&sig={KEY}%3D",
    "SAS in quotes": {"u": quote(f"https://a.example/v?sv=1&sig={KEY}", safe="")},
    "SAS in HTML": {"u": f"https://a.example/v?sv=1&amp;sig={KEY}"},
    "user in the URL": f"https://me:{KEY}@a.example/v",
    "field names": {"api_key": KEY, "primaryKey": KEY, "Ocp-Apim-Subscription-Key": KEY, "clientSecret": KEY},
    "fields that may be": {"key": KEY, "token": KEY, "organizationId": KEY, "project_id": KEY},
    "lists": {"api_key": [KEY], "more": [{"subscription-key": KEY}], "token": [KEY, KEY]},
    "JSON in a string": {"arguments": json.dumps({"api_key": KEY})},
    "a name": {f"sk-{KEY}": 1},
    "text": {"note": f"bearer {KEY} and BASIC {KEY} and sk-{KEY} and org-{KEY}"},
    "a nested value": {"client_secret": {"value": KEY, "expires_at": 1}},
    "an address in an address": {"u": f"https://a.example/?next=https%253A%252F%252Fb.example%253Fapi_key%253D{KEY}"},
    "thrice encoded": {"u": f"x%25253Fsig%25253D{KEY}"},
    **{name: {name: KEY} for name in (
        "pwd", "passphrase", "private_key", "connectionString", "github_token", "hf_token", "credentials", "jwt",
        "dbPassword", "session_token", "webhookSecret")},
    **{f"?{name}=": {"u": f"https://a.example/x?{name}={KEY}"} for name in ("pwd", "jwt", "session", "hf_token")},
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_a_secret_is_masked_wherever_it_hides(name):
    said = PLACES[name]
    assert "planted" not in kept(said).model_dump_json()
    for kind in ("application/json", "text/html"):
        assert "planted" not in answer_kept(json.dumps(said), kind).model_dump_json()
    assert "planted" not in answer_kept(f"data: {json.dumps(said)}\n\n", "text/event-stream").model_dump_json()


def test_of_a_sas_the_signature_is_the_secret():
    assert kept(PLACES["SAS"]).url == "https://a.blob.core.windows.net/v?sp=r&sv=2022-11-02&sig=***"


@pytest.mark.parametrize(
    "said",
    [
        "What does token mean? Bearer of bad news; the key to the picture. Bearer certificates and organisations.",
        "Is this a task-oriented sk-learn-contrib org-chart of proj_alpha?",
        "see https://x.example/a?code=1&page=2&key=name&sp=3&se=4",
        {"key": "C major", "cookie": "chocolate", "organization": "WWF", "secret": "none"},
        {"properties": {"key": {"type": "string"}, "api_key": {"type": "string"}}, "required": ["key"]},
    ],
)
def test_ordinary_words_stay(said):
    assert kept({"t": said}).body == {"t": said} == answer_kept(json.dumps({"t": said})).json_


def test_answers_keep_their_types():
    assert isinstance(answer_kept(json.dumps({"b64_json": "iVBORw0KGgo" * 60})).json_["b64_json"], str)
    assert [answer_kept(body).body() for body in ("null", "", '"text"', "[]")] == [b"null", b"", b'"text"', b"[]"]


@pytest.mark.parametrize("what", SHAPES)
def test_what_the_commit_check_knows_is_masked_too(what):
    for key in PLANTED[what]:
        assert record_lessons.secrets_in(f"x = {key}") == [what]
        assert record_lessons.secrets_in(masking.mask(f"x = {key}")) == []


def test_a_secret_of_the_request_is_masked_in_every_encoding():
    secret = "a/b+0123456789abcdef="
    once = quote(secret, safe="")
    known = masking.secrets_of({"x-key": secret})
    assert masking.mask(f"{secret} {once} {quote(once, safe='')}", known) == "*** *** ***"


def test_an_ordinary_word_as_a_key_blanks_nothing_and_a_new_start_forgets_what_was_secret(folder, replay):
    put(folder, item())
    replay()
    with pytest.raises(recording.NotRecorded):
        openai.OpenAI(api_key="picture", project="espresso").models.list()
    assert requests.post(CHAT, json=question(), timeout=9).ok
    with pytest.raises(recording.NotRecorded):
        requests.get("https://a.example/", headers={"api-key": KEY}, timeout=9)

    def shown():
        with pytest.raises(recording.NotRecorded) as caught:
            openai.OpenAI().chat.completions.create(**question(KEY))
        return str(caught.value)

    assert 'yours "***"' in shown()
    replay()
    assert f'yours "{KEY}"' in shown()


def test_a_masked_request_still_matches(folder, replay):
    put(folder, item(url="https://api.openai.com/v1/x?sig=one", method="GET"))
    replay()
    assert requests.get("https://api.openai.com/v1/x?sig=another", timeout=9).status_code == 200


async def _echo(request):
    """Everything that came, in the body and in headers."""
    said = {"headers": dict(request.headers), "body": (await request.body()).decode(), "api_key": f"{KEY}-response"}
    said["message"] = f"Incorrect API key provided: sk-c*****f77. Organization org-{KEY}"
    headers = {"set-cookie": f"session={KEY}-set", "openai-organization": f"{KEY}-organization",
               "operation-location": f"https://x.blob.core.windows.net/v?sv=2022&sig={KEY}-location"}  # fmt: skip
    return JSONResponse(said, headers=headers)


def test_no_secret_reaches_a_recording_by_either_library(folder, monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", f"{KEY}-environment")
    body = {"url": f"https://a.blob.core.windows.net/v/a.mp4?sp=r&sv=2022-11-02&sig={KEY}-body",
            "note": f"Bearer {KEY}xyz and {KEY}-environment and {KEY}-Cookie"}  # fmt: skip
    with serve(routes=[Route("/{rest:path}", _echo, methods=["POST"])]) as api:
        monkeypatch.setenv("COURSE_UPSTREAM", api.url)
        monkeypatch.setenv("OPENAI_API_KEY", f"sk-{KEY}-key")
        recording.start("lesson", mode="record")
        url = f"https://api.openai.com/v1/echo?api-key={KEY}-query&sig={KEY}-sig&top=3"
        headers = {name: f"{KEY}-{name}" for name in NAMES}
        assert f"{KEY}-Cookie" in requests.post(url, headers=headers, json=body, timeout=9).text, "it did travel"
        client = openai.OpenAI(organization=f"org-{KEY}", project=f"proj_{KEY}")
        assert f"sk-{KEY}-key" in client.post("/echo", body=body, cast_to=httpx2.Response).text
    text = (folder / "lesson.json").read_text(encoding="utf-8")
    assert len(json.loads(text)["interactions"]) == 2 and "top=3" in text and "planted" not in text

"""Responses, Files and Azure as the course meets them: started, recorded and replayed."""

import asyncio
import json
import os

import openai
import pytest
import requests
from openai import AzureOpenAI, OpenAI
from starlette.responses import JSONResponse
from starlette.routing import Route

from course import recording
from course.exercises import lesson_09
from course.recording import NotRecorded, environment, masking, readable
from course.recording.readable import NO_RESOURCE, parts_of
from course.recording.shape import load
from tests.api import API_KEY, serve
from tests.api.test_answered import upload
from tests.api.test_refused import CLASSIC, HOST, KEY, asking
from tests.conftest import COFFEE_FILE, question

LESSON, ENDPOINT, VERSION = "09_azure_openai", f"https://{HOST}/", "2024-10-21"
MINE = {"AZURE_OPENAI_ENDPOINT": ENDPOINT, "AZURE_OPENAI_API_KEY": KEY}


@pytest.fixture
def env(folder, monkeypatch):
    """Call it to set variables of a reader; none is set at first."""
    monkeypatch.delenv("OPENAI_API_VERSION", raising=False)

    def set_all(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


# --- forms ---


def test_a_form_is_taken_apart_to_the_byte():
    awkward = b"\r\n--x\r\n\r\n--\r\n\x00\xff" + COFFEE_FILE.read_bytes() + b"\r\n"
    request = requests.Request(
        "POST", "https://a.example", data={"purpose": "Größe"}, files={"file": ("커피.png", awkward, "image/png")}
    ).prepare()
    purpose, file = parts_of(request.body, request.headers["content-type"])
    assert (purpose.name, purpose.data.decode(), purpose.filename) == ("purpose", "Größe", None)
    assert (file.name, file.data, file.filename, file.content_type) == ("file", awkward, "커피.png", "image/png")
    assert parts_of(request.body, "application/json") == parts_of(b"", request.headers["content-type"]) == []


def post_form(headers, *form):
    return requests.post("https://api.openai.com/v1/files", headers=headers, files=form, timeout=9).json()


def test_an_upload_is_replayed_whoever_sends_it_whatever_order_its_parts_have_and_without_secrets(
    record, replay, folder
):
    async def send():
        return (await openai.AsyncOpenAI().files.create(file=COFFEE_FILE, purpose="vision")).to_dict()

    secret, bearer = "very-secret-0123456789", {"Authorization": f"Bearer {API_KEY}"}
    form = [("purpose", (None, "vision")), ("file", (f"{secret}.png", COFFEE_FILE.read_bytes()))]
    form += [("api_key", (None, secret))]
    record()
    first, second = asyncio.run(send()), post_form(bearer, *form)
    text = (folder / "lesson.json").read_text(encoding="utf-8")
    assert '"purpose"' in text and secret not in text and API_KEY not in text and len(text) < 5_000
    replay()
    assert asyncio.run(send()) == first
    assert post_form(bearer, *form)["bytes"] == post_form(bearer, *form[::-1])["bytes"] == second["bytes"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"purpose": "user_data"}, 'purpose: recorded "vision" - yours "user_data"'),
        ({"name": "cup.png"}, 'file name: recorded "coffee.png" - yours "cup.png"'),
        ({"data": b"\x89PNG and so on"}, "picture: recorded"),
    ],
)
def test_another_upload_is_not_recorded_and_says_what_differs(record, replay, changes, says):
    record()
    upload(OpenAI(max_retries=0))
    replay()
    with pytest.raises(NotRecorded) as caught:
        upload(OpenAI(max_retries=0), **changes)
    assert says in str(caught.value) and str(caught.value).count(": recorded") == 1


def test_a_live_stream_is_recorded_under_its_models_name(env, folder):
    with serve(acts_as="gpt-5.6-luna-2026-09-01") as real:
        env(COURSE_UPSTREAM=real.url, OPENAI_API_KEY=API_KEY)
        recording.start("lesson", mode="record")
        list(OpenAI(max_retries=0).responses.create(**asking(stream=True)))
    (item,) = load(folder / "lesson.json").interactions
    assert (item.source, item.model) == ("live", "gpt-5.6-luna-2026-09-01")


# --- Azure ---


@pytest.mark.parametrize("letter", lesson_09.SENT)
def test_the_exercise_knows_what_the_sdk_sends(letter):
    """09.1, over a real socket."""

    async def say_where(request):
        return JSONResponse({"where": request.url.path, "query": request.url.query})

    with serve(answers={}, routes=[Route("/{rest:path}", say_where, methods=["POST"])]) as api:
        client = OpenAI(base_url=f"{api.url}/openai/v1/", api_key="k")
        if letter != "a":
            endpoint = api.url + ("/openai/v1" if letter == "c" else "")
            client = AzureOpenAI(azure_endpoint=endpoint, api_version=VERSION, api_key="k")
        raw = client.chat.completions.with_raw_response.create(model="photos", messages=[])
    said = raw.http_response.json()
    assert "?".join(filter(None, said.values())) == lesson_09.SENT[letter]


def test_live_needs_a_resource_and_sets_aside_what_names_another_server(env, capsys):
    env(**MINE, AZURE_OPENAI_DEPLOYMENT="prod-vision", OPENAI_BASE_URL=f"{ENDPOINT}openai/v1/", VISION_MODEL="mine")
    recording.start(LESSON, mode="live")
    assert f"requests go to {HOST}, deployment prod-vision" in capsys.readouterr().out
    assert not {"OPENAI_API_KEY", "OPENAI_BASE_URL"} & {*os.environ} and os.environ["AZURE_OPENAI_API_KEY"] == KEY
    assert recording.model() == "gpt-5.6-luna"
    recording.stop()
    assert (os.environ["VISION_MODEL"], os.environ["OPENAI_BASE_URL"]) == ("mine", f"{ENDPOINT}openai/v1/")


NO_ADDRESS = r"AZURE_OPENAI_ENDPOINT is no address.*https://my-resource"


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"AZURE_OPENAI_API_KEY": KEY}, "set AZURE_OPENAI_ENDPOINT to the address of your resource"),
        ({"AZURE_OPENAI_ENDPOINT": ENDPOINT}, "^Live answers need a key: set AZURE_OPENAI_API_KEY before"),
        (MINE | {"AZURE_OPENAI_ENDPOINT": HOST}, NO_ADDRESS),
        (MINE | {"AZURE_OPENAI_ENDPOINT": "https://[your-resource].openai.azure.com"}, NO_ADDRESS),
        (MINE | {"AZURE_OPENAI_ENDPOINT": "https://"}, NO_ADDRESS),
    ],
)
def test_live_says_what_to_set(env, variables, says):
    env(OPENAI_API_KEY="a-key-of-openai-0123", **variables)
    with pytest.raises(recording.LiveModeError, match=says):
        recording.start(LESSON, mode="live")


def test_live_asks_for_the_key_of_the_resource_and_forgets_it(env, monkeypatch):
    env(AZURE_OPENAI_ENDPOINT=ENDPOINT)
    prompts = []
    monkeypatch.setattr(environment.sys, "stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr(environment, "getpass", lambda prompt: prompts.append(prompt) or f" {KEY} ")
    recording.start(LESSON, mode="live")
    assert prompts == ["Azure OpenAI API key (used by this kernel only, never stored): "]
    assert os.environ["AZURE_OPENAI_API_KEY"] == KEY
    recording.stop()
    assert "AZURE_OPENAI_API_KEY" not in os.environ


def test_replay_needs_nothing_sets_the_readers_own_aside_and_says_how_to_ask_a_resource(env, monkeypatch):
    monkeypatch.delenv("COURSE_RECORDINGS")
    env(**MINE, OPENAI_API_VERSION="2023-05-15", AZURE_OPENAI_AD_TOKEN="mine")
    recording.start(LESSON, mode="replay")
    left = {name: value for name, value in os.environ.items() if name.startswith(("AZURE_OPENAI_", "OPENAI_"))}
    assert left == dict.fromkeys(("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY"), "replay-needs-no-key")
    with pytest.raises(NotRecorded) as caught:
        OpenAI(base_url=f"https://{NO_RESOURCE}/openai/v1/").chat.completions.create(**question("Who is this?"))
    message = str(caught.value)
    assert "set AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_DEPLOYMENT" in message and f'"{LESSON}", mode="live"' in message
    assert "OPENAI_BASE_URL" not in message and len(message.splitlines()) <= 11
    recording.stop()
    assert {name: os.environ[name] for name in MINE} == MINE and os.environ["OPENAI_API_VERSION"] == "2023-05-15"


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("", HOST),
        ("", "contoso-5.cognitiveservices.azure.com"),
        ("", "contoso-5.services.ai.azure.com"),
        ("", "swedencentral.api.cognitive.microsoft.com"),
        # No names that this course could know, however they were typed.
        ("https://Gateway.Contoso.example/Azure/", "gateway.contoso.example/Azure"),
        ("https://gateway.contoso.example:443/azure", "gateway.contoso.example/azure"),
        ("https://LOCALHOST:8080", "localhost:8080"),
        (" https://bücher.example ", "xn--bcher-kva.example"),
    ],
)
def test_whose_resource_it_was_is_not_recorded(monkeypatch, typed, host):
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", typed)
    monkeypatch.setenv("AZURE_OPENAI_DEPLOYMENT", "prod-vision")
    body = json.dumps({"model": "prod-vision", "messages": []}).encode()

    def recorded(url):
        return readable.recorded_request("POST", url, {"content-type": "application/json"}, body, "prod-vision")

    where = CLASSIC.removeprefix(HOST)
    stored = recorded(f"https://{host}{where.replace('my-', 'prod-')}?api-version=2024-10-21")
    assert (stored.url, stored.body["model"]) == (f"{where}?api-version=2024-10-21", "my-vision")
    assert recorded("https://api.openai.com/v1/chat/completions").body["model"] == "$VISION_MODEL"


@pytest.mark.parametrize(
    ("endpoint", "text", "masked"),
    [
        (ENDPOINT, f"host='{HOST}', port=443", "host='***', port=443"),
        (f"https://{NO_RESOURCE}", f"host='{NO_RESOURCE}'", f"host='{NO_RESOURCE}'"),
        ("http://gateway/azure", "a gateway to a meadow", "a gateway to a meadow"),
    ],
)
def test_the_name_of_a_resource_is_masked_and_a_placeholder_or_a_word_is_not(monkeypatch, endpoint, text, masked):
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", endpoint)
    masking.forget_secrets()
    assert masking.mask(text) == masked


def test_the_other_lessons_ask_a_deployment_by_base_url_and_model(api, env):
    """As the README says: OPENAI_BASE_URL, OPENAI_API_KEY and VISION_MODEL are enough for them."""
    env(OPENAI_BASE_URL=f"{api.url}/{HOST}/openai/v1", OPENAI_API_KEY=KEY, VISION_MODEL="my-vision")
    recording.start("00_start_here", mode="live")
    answer = OpenAI(max_retries=0).chat.completions.create(**question())
    assert answer.choices[0].content_filter_results and recording.model() == "my-vision"

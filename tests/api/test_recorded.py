"""Files and Azure as the course meets them: started, recorded and replayed."""

import asyncio
import os

import httpx2
import openai
import pytest
import requests
from openai import AzureOpenAI, OpenAI

from course import recording
from course.exercises import lesson_09
from course.recording.shape import load
from tests.api import API_KEY, serve
from tests.api.test_api import KEY, RESOURCE, asking
from tests.conftest import COFFEE_FILE

LESSON, ENDPOINT = "09_azure_openai", f"https://{RESOURCE}/"
MINE = {"AZURE_OPENAI_ENDPOINT": ENDPOINT, "AZURE_OPENAI_API_KEY": KEY}


@pytest.fixture
def env(folder, monkeypatch):
    """Call it to set variables of a reader; none is set at first."""
    monkeypatch.delenv("OPENAI_API_VERSION", raising=False)
    return lambda **variables: [monkeypatch.setenv(name, value) for name, value in variables.items()]


def test_an_upload_is_replayed_in_whatever_order_and_another_says_what_differs(record, replay, folder):
    secret, file = "very-secret-0123456789", COFFEE_FILE.read_bytes()
    form = [("purpose", (None, "vision")), ("api_key", (None, secret)), ("file", (f"{secret}.png", file))]

    def outcomes(form):
        sent = asyncio.run(openai.AsyncOpenAI().files.create(file=COFFEE_FILE, purpose="vision"))
        headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
        posted = requests.post("https://api.openai.com/v1/files", headers=headers, files=form, timeout=9)
        return sent.to_dict(), posted.json()["bytes"]

    record()
    recorded = outcomes(form)
    text = (folder / "lesson.json").read_text(encoding="utf-8")
    assert '"vision"' in text and secret not in text and API_KEY not in text
    replay()
    assert outcomes(form[::-1]) == outcomes(form) == recorded
    for purpose, name, data, says in (
        ("user_data", "coffee.png", file, 'purpose: recorded "vision" - yours "user_data"'),
        ("vision", "cup.png", file, 'file name: recorded "coffee.png" - yours "cup.png"'),
        ("vision", "coffee.png", b"\x89PNG and so on", "picture: recorded"),
    ):
        with pytest.raises(recording.NotRecorded) as caught:
            OpenAI(max_retries=0).files.create(file=(name, data), purpose=purpose)
        assert says in str(caught.value) and str(caught.value).count(": recorded") == 1


def test_a_live_stream_is_recorded_under_its_models_name(env, folder):
    with serve(acts_as="gpt-5.6-luna-2026-09-01") as real:
        env(COURSE_UPSTREAM=real.url, OPENAI_API_KEY=API_KEY)
        recording.start("lesson", mode="record")
        list(OpenAI(max_retries=0).responses.create(**asking(stream=True)))
    (item,) = load(folder / "lesson.json").interactions
    assert (item.source, item.model) == ("live", "gpt-5.6-luna-2026-09-01")


def test_exercise_09_1_knows_what_the_sdk_sends():
    sent, here = [], "https://r.openai.azure.com"
    answer = httpx2.MockTransport(lambda request: sent.append(request.url) or httpx2.Response(200, json={}))
    how = {"api_key": "k", "http_client": httpx2.Client(transport=answer)}
    for client in (
        OpenAI(base_url=f"{here}/openai/v1/", **how),
        AzureOpenAI(azure_endpoint=here, api_version="2024-10-21", **how),
        AzureOpenAI(azure_endpoint=f"{here}/openai/v1", api_version="2024-10-21", **how),
    ):
        client.chat.completions.create(model="photos", messages=[])
    assert [url.raw_path.decode() for url in sent] == [*lesson_09.SENT.values()]


def test_live_asks_the_resource_and_replay_nobody_and_what_names_another_server_is_set_aside(env, capsys, monkeypatch):
    env(**MINE, AZURE_OPENAI_DEPLOYMENT="prod", OPENAI_BASE_URL=f"{ENDPOINT}v1/", OPENAI_API_VERSION="2023-05-15")
    recording.start(LESSON, mode="live")
    assert f"requests go to {RESOURCE}" in capsys.readouterr().out
    assert os.environ["AZURE_OPENAI_API_KEY"] == KEY and recording.model() == "gpt-5.6-luna"
    monkeypatch.delenv("COURSE_RECORDINGS")
    recording.start(LESSON, mode="replay")
    left = {name: value for name, value in os.environ.items() if name.startswith(("AZURE_OPENAI_", "OPENAI_"))}
    assert left == dict.fromkeys(("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY"), "replay-needs-no-key")
    recording.stop()
    assert {name: os.environ[name] for name in MINE} == MINE and os.environ["OPENAI_API_VERSION"] == "2023-05-15"


def test_live_says_what_to_set(env):
    env(OPENAI_API_KEY="a-key-of-openai-0123", AZURE_OPENAI_API_KEY=KEY, AZURE_OPENAI_ENDPOINT=RESOURCE)
    with pytest.raises(recording.LiveModeError, match="AZURE_OPENAI_ENDPOINT"):
        recording.start(LESSON, mode="live")
    env(AZURE_OPENAI_ENDPOINT=ENDPOINT, AZURE_OPENAI_API_KEY="")
    with pytest.raises(recording.LiveModeError, match="set AZURE_OPENAI_API_KEY"):
        recording.start(LESSON, mode="live")

"""The local API never answers by default; uploads and Azure are recorded and replayed as the course meets them.

What the lessons ask is recorded in their own runs, to the byte (tests/lessons/test_run.py).
"""

import os
import re

import openai
import pytest
import requests
from openai import OpenAI

from course import recording
from course.exercises import lesson_09
from course.recording.shape import RECORDINGS, load
from helpers.encoding import open_picture
from tests.api import API_KEY, serve
from tests.api.answers import load_answers
from tests.conftest import COFFEE, COFFEE_FILE, data_url, question

CHAT, RESPONSES = "v1/chat/completions", "v1/responses"
RESOURCE, KEY = "contoso-5.openai.azure.com", "the-key-of-your-resource"
CLASSIC = f"{RESOURCE}/openai/deployments/my-vision/chat/completions?api-version=2024-10-21"


def asking(**image):
    """The arguments of a request to Responses about one picture."""
    parts = [{"type": "input_text", "text": "Describe this picture in one sentence."}, {"type": "input_image", **image}]
    return {"model": "gpt-5.6-luna", "input": [{"role": "user", "content": parts}], "max_output_tokens": 300}


def as_json(strict, **schema):
    """A question to Chat whose answer has to fit a schema."""
    shape = {"name": "a", "schema": schema, "strict": strict}
    return question(response_format={"type": "json_schema", "json_schema": shape})


UNSUPPORTED, NOT_STRICT = "You uploaded an unsupported image", "strict mode does not take"
CLOSED = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


@pytest.mark.parametrize(
    ("path", "body", "status", "why"),
    [
        (CHAT, question(picture=data_url(kind="image/jpg")), 400, UNSUPPORTED),
        (CLASSIC, question(), 401, "Access denied due to invalid subscription key"),  # which may not be a bearer's
        (CHAT, question("Who drinks this?"), 500, "answers.toml has no answer to ['Who drinks this?'] about"),
        (CHAT, question(temperature=1), 500, "$: Additional properties are not allowed ('temperature' was unexpected)"),
        (RESPONSES, asking(image_url=COFFEE), 500, "$.input[0].content[1]: {'type': 'input_image', 'image_url': "),
        (RESPONSES, asking() | {"max_output_tokens": 15}, 500, "15 is less than the minimum of 16"),
        ("v1/images", {}, 500, "can't answer POST /v1/images: KeyError"),
        (CHAT, as_json(True, **CLOSED), 500, "JSONDecodeError"),  # the schema is one that passes, the answer a text
        (CHAT, as_json(False, type="objekt"), 500, "SchemaError: 'objekt' is not valid under any of the given schemas"),
        (CHAT, as_json(True, type="array", items={"type": "string"}), 500, NOT_STRICT),
        (CHAT, as_json(True, **CLOSED | {"properties": {"a": {"type": "string"}}}), 500, NOT_STRICT),
        (CHAT, as_json(True, **CLOSED, oneOf=[{}]), 500, NOT_STRICT),
    ],
)
def test_it_refuses_as_the_service_does_and_remembers_what_it_cant_answer(api, path, body, status, why):
    key = KEY if path == CLASSIC else API_KEY
    response = requests.post(f"{api.url}/{path}", headers={"Authorization": f"Bearer {key}"}, json=body, timeout=9)
    message = response.json()["error"]["message"]
    assert response.status_code == status and why in message and api.unanswered == [message] * (status == 500)


ENTRY = '[[answer]]\npictures = []\nasked = ["a"]\ntext = "b"\n'


@pytest.mark.parametrize("more", [ENTRY, 'detail = "lwo"', 'fault = "late"'])
def test_a_mistake_in_the_file_of_answers_is_named(tmp_path, more):
    (tmp_path / "answers.toml").write_text(ENTRY + more, "utf-8")
    with pytest.raises(ValueError, match="twice, or of an unknown detail or fault: "):
        load_answers(tmp_path / "answers.toml")


def test_a_conversation_goes_on_without_instructions_and_only_where_it_is_kept(client):
    rule = "You answer in at most five words."
    ruled = asking(image_url=open_picture(COFFEE_FILE).data_url, detail="low") | {"instructions": rule}
    for store, why in ((False, "Previous response with id 'resp_sample_"), (True, "'And now?'] about")):
        first = client.responses.create(**ruled, store=store)
        with pytest.raises(openai.APIStatusError, match=re.escape(why)) as caught:
            client.responses.create(model="m", input="And now?", previous_response_id=first.id)
        assert rule not in caught.value.message


def test_an_upload_is_replayed_in_whatever_order_and_another_says_what_differs(record, replay, folder):
    secret, file = "very-secret-0123456789", COFFEE_FILE.read_bytes()

    def upload(purpose="vision", name="coffee.png", data=file, order=1):
        form = [("purpose", (None, purpose)), ("api_key", (None, secret)), ("file", (name, data))]
        headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
        return requests.post("https://api.openai.com/v1/files", headers=headers, files=form[::order], timeout=9).json()

    record()
    recorded = upload()
    text = (folder / "lesson.json").read_text(encoding="utf-8")
    assert '"purpose"' in text and secret not in text and API_KEY not in text
    replay()
    assert upload(order=-1) == upload() == recorded
    for changed, says in (
        ({"purpose": "user_data"}, 'purpose: recorded "vision" - yours "user_data"'),
        ({"name": "cup.png"}, 'file name: recorded "coffee.png" - yours "cup.png"'),
        ({"data": b"\x89PNG and so on"}, "picture: recorded"),
    ):
        with pytest.raises(recording.NotRecorded) as caught:
            upload(**changed)
        assert says in str(caught.value) and str(caught.value).count(": recorded") == 1


def test_a_live_stream_is_recorded_under_its_models_name(begin, folder):
    with serve(acts_as="gpt-5.6-luna-2026-09-01") as real:
        begin("record", api=real)
        list(OpenAI(max_retries=0).responses.create(**asking(image_url=COFFEE, detail="low"), stream=True))
    (item,) = load(folder / "lesson.json").interactions
    assert (item.source, item.model) == ("live", "gpt-5.6-luna-2026-09-01")


LESSON, ENDPOINT = "09_azure_openai", f"https://{RESOURCE}/"
MINE = {"AZURE_OPENAI_ENDPOINT": ENDPOINT, "AZURE_OPENAI_API_KEY": KEY}
MORE = {"OPENAI_API_KEY": "a-key-of-openai-0123", "AZURE_OPENAI_DEPLOYMENT": "prod"}
MORE |= {"OPENAI_BASE_URL": f"{ENDPOINT}v1/", "OPENAI_API_VERSION": "2023-05-15"}


def test_exercise_09_1_knows_what_the_sdk_sends():
    recorded = {item.request.url.partition(".com")[2] for item in load(RECORDINGS / f"{LESSON}.json").interactions}
    assert {path.replace("photos", "my-vision") for path in lesson_09.SENT.values()} <= recorded


def test_live_asks_the_resource_and_replay_sets_aside_what_names_another_server(folder, capsys, monkeypatch):
    for name, value in (MINE | MORE).items():
        monkeypatch.setenv(name, value)
    recording.start(LESSON, mode="live")
    assert f"requests go to {RESOURCE}" in capsys.readouterr().out
    assert os.environ["AZURE_OPENAI_API_KEY"] == KEY and recording.model() == "gpt-5.6-luna"
    monkeypatch.delenv("COURSE_RECORDINGS")
    recording.start(LESSON, mode="replay")
    left = {name: value for name, value in os.environ.items() if name.startswith(("AZURE_OPENAI_", "OPENAI_"))}
    assert left == dict.fromkeys(("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY"), "replay-needs-no-key")
    recording.stop()
    assert {name: os.environ[name] for name in MINE | MORE} == MINE | MORE
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", RESOURCE)
    with pytest.raises(recording.LiveModeError, match="AZURE_OPENAI_ENDPOINT"):
        recording.start(LESSON, mode="live")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", ENDPOINT)
    monkeypatch.delenv("AZURE_OPENAI_API_KEY")
    with pytest.raises(recording.LiveModeError, match="set AZURE_OPENAI_API_KEY"):
        recording.start(LESSON, mode="live")

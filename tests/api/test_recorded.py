"""Responses and Files as the course meets them: recorded, replayed and shown."""

import asyncio

import openai
import pytest
import requests

from course import recording
from course.recording import NotRecorded, show_answer
from course.recording.readable import parts_of
from course.recording.shape import load
from tests.api import API_KEY, serve
from tests.api.test_answered import FOLLOW_UP, upload
from tests.api.test_refused import asking
from tests.conftest import COFFEE, COFFEE_FILE


def test_a_form_is_taken_apart_to_the_byte():
    awkward = b"\r\n--x\r\n\r\n--\r\n\x00\xff" + COFFEE_FILE.read_bytes() + b"\r\n"
    request = requests.Request(
        "POST", "https://a.example", data={"purpose": "Größe"}, files={"file": ("커피.png", awkward, "image/png")}
    ).prepare()
    purpose, file = parts_of(request.body, request.headers["content-type"])
    assert (purpose.name, purpose.data.decode(), purpose.filename) == ("purpose", "Größe", None)
    assert (file.name, file.data, file.filename, file.content_type) == ("file", awkward, "커피.png", "image/png")
    assert parts_of(request.body, "application/json") == parts_of(b"", request.headers["content-type"]) == []


def converse():
    """All of it once; what comes out is what replay has to give again."""
    client = openai.OpenAI(max_retries=0)
    file = upload(client)
    asked = client.responses.create(**asking("What lies on the saucer beside the cup?", {"file_id": file.id}))
    client.files.delete(file.id)
    first = client.responses.create(**asking())
    second = client.responses.create(**FOLLOW_UP, previous_response_id=first.id)
    events = [event.to_dict() for event in client.responses.create(**asking(stream=True))]
    client.responses.delete(first.id)
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model=recording.model(), input="Go on.", previous_response_id=first.id)
    answers = [answer.to_dict() for answer in (file, asked, first, second)]
    return [*answers, events, caught.value.body]


def test_a_recorded_conversation_is_replayed(record, replay, folder):
    tape = record()
    live = converse()
    text = (folder / "lesson.json").read_text(encoding="utf-8")
    assert API_KEY not in text and "boundary" not in text and len(text) < 40_000
    sent = tape.recording.interactions[0].request
    file, purpose = sent.body["parts"]
    assert (sent.content_type, purpose) == ("multipart/form-data", {"name": "purpose", "value": "vision"})
    assert (file["filename"], file["file"]) == ("coffee.png", "asset/images/coffee.png")
    replay()
    assert converse() == live
    assert recording.origin(live[2]["id"]).source == "sample"
    streamed = load(folder / "lesson.json").interactions[5].response
    assert streamed.about().get("id") == live[4][0]["response"]["id"]
    assert streamed.about()["usage"] == live[2]["usage"]


def test_uploads_of_another_kind_are_replayed_too_whatever_order_their_parts_have(record, replay):
    async def send():
        return (await openai.AsyncOpenAI().files.create(file=COFFEE_FILE, purpose="vision")).to_dict()

    def post(turned=False):
        headers = {"Authorization": "Bearer " + openai.OpenAI().api_key}
        form = [("purpose", (None, "vision")), ("file", ("coffee.png", COFFEE_FILE.read_bytes()))]
        files = form[::-1] if turned else form
        return requests.post("https://api.openai.com/v1/files", headers=headers, files=files, timeout=9).json()

    record()
    first, second = asyncio.run(send()), post()
    replay()
    assert asyncio.run(send()) == first and post() == post(turned=True) == second


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
    upload(openai.OpenAI(max_retries=0))
    replay()
    with pytest.raises(NotRecorded) as caught:
        upload(openai.OpenAI(max_retries=0), **changes)
    assert says in str(caught.value) and str(caught.value).count(": recorded") == 1


def test_another_question_says_what_differs(record, replay):
    record()
    openai.OpenAI(max_retries=0).responses.create(**asking())
    replay()
    with pytest.raises(NotRecorded) as caught:
        openai.OpenAI(max_retries=0).responses.create(**asking("Is it full?", {"image_url": COFFEE + "?2"}))
    assert 'prompt: recorded "Describe' in str(caught.value) and "picture: recorded" in str(caught.value)


def test_no_secret_of_a_form_is_kept(record, folder):
    record()
    headers = {"Authorization": f"Bearer {API_KEY}"}
    form = {"purpose": "vision", "api_key": "very-secret-0123456789"}
    files = {"file": ("very-secret-0123456789.png", COFFEE_FILE.read_bytes())}
    requests.post("https://api.openai.com/v1/files", headers=headers, data=form, files=files, timeout=9)
    text = (folder / "lesson.json").read_text(encoding="utf-8")
    assert '"purpose"' in text and "very-secret" not in text and API_KEY not in text


def test_a_live_stream_is_recorded_under_its_models_name(folder, monkeypatch):
    with serve(acts_as="gpt-5.6-luna-2026-09-01") as real:
        monkeypatch.setenv("COURSE_UPSTREAM", real.url)
        monkeypatch.setenv("OPENAI_API_KEY", API_KEY)
        recording.start("lesson", mode="record")
        list(openai.OpenAI(max_retries=0).responses.create(**asking(stream=True)))
    (item,) = load(folder / "lesson.json").interactions
    assert (item.source, item.model) == ("live", "gpt-5.6-luna-2026-09-01")


def cut_by(reason):
    return {"output": [], "status": "incomplete", "incomplete_details": {"reason": reason}}


def said(*parts):
    return {"output": [{"type": "reasoning", "summary": []}, *({"type": "message", "content": [p]} for p in parts)]}


@pytest.mark.parametrize(
    ("changes", "says", "ends"),
    [
        ({}, "A ", "[live answer · model course-sample · tokens: 222 in, 29 out · status: completed]"),
        ({"output": []}, "(No text: none was sent.)", "status: completed]"),
        (cut_by("max_output_tokens"), "(No text: the output limit was reached before the first word",
         "status: incomplete (max_output_tokens)]"),
        (cut_by("content_filter"), "(No text: a content filter of the service held it back.)",
         "status: incomplete (content_filter)]"),
        (said({"type": "refusal", "refusal": "I can't."}), "(No text: the model refused. I can't.)", "completed]"),
        (said(*({"type": "output_text", "text": text} for text in ("A ", "cup."))), "A cup.", "status: completed]"),
    ],
)  # fmt: skip
def test_an_answer_is_shown_and_how_it_ended(client, capsys, changes, says, ends):
    answer = client.responses.create(**asking())
    for given in (answer.to_dict() | changes, *([answer] if not changes else [])):
        show_answer(given)
        out = capsys.readouterr().out
        assert out.startswith(says) and out.strip().endswith(ends)
        assert changes or " ".join(out.split("\n\n")[0].split()) == answer.output_text


def test_a_failed_answer_is_an_error(client):
    failed = {"status": "failed", "error": {"code": "server_error", "message": "It broke."}}
    with pytest.raises(TypeError, match=r"the service says why: It broke\."):
        show_answer(client.responses.create(**asking()).to_dict() | failed)

"""Responses and Files: the local API as the SDK and requests meet it, recorded, replayed and shown."""

import asyncio
import json

import openai
import pytest
import requests
from openai.types import FileDeleted, FileObject
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from course import recording
from course.recording import NotRecorded, show_answer
from course.recording.readable import parts_of
from course.recording.shape import RecordedResponse, load
from helpers.encoding import open_picture
from helpers.tokens import picture_tokens
from tests.api import API_KEY, serve
from tests.conftest import COFFEE, COFFEE_FILE, QUESTION, data_url, question

FOLLOW_UP = "On which side of the cup is the handle?"
ONE_SENTENCE = "Describe this picture in one sentence."


@pytest.fixture(scope="module")
def api():
    with serve() as running:
        yield running


def asking(prompt=ONE_SENTENCE, image=None, detail="low", **more):
    """The arguments of a request about one picture."""
    image = {"image_url": COFFEE} if image is None else image
    content = [
        {"type": "input_text", "text": prompt},
        {"type": "input_image", "detail": detail, **image},
    ]
    asked = {"model": recording.model(), "input": [{"role": "user", "content": content}], "max_output_tokens": 300}
    return asked | more


def with_image(**part):
    return asking() | {"input": [{"role": "user", "content": [{"type": "input_image", **part}]}]}


def upload(client, data=None, name="coffee.png", purpose="vision"):
    return client.files.create(file=(name, data or COFFEE_FILE.read_bytes()), purpose=purpose)


# --- what is refused ---

CHAT_PART = {"type": "image_url", "image_url": {"url": COFFEE, "detail": "low"}}
# body, what the message must say, param, code
REFUSED = {
    "image_url as an object": (
        with_image(image_url={"url": COFFEE}, detail="low"), "expected an image URL, but got an object instead",
        "input[0].content[0].image_url", "invalid_type"),
    "no detail": (with_image(image_url=COFFEE), "Missing required parameter", "input[0].content[0].detail",
                  "missing_required_parameter"),
    "detail unknown": (asking(detail="huge"), "Invalid value: 'huge'", "input[0].content[1].detail", "invalid_value"),
    "neither address nor file": (with_image(detail="low"), "exactly one of", "input[0].content[0]", "invalid_value"),
    "address and file": (with_image(detail="low", image_url=COFFEE, file_id="file-1"), "exactly one of",
                         "input[0].content[0]", "invalid_value"),
    "a part of Chat": (asking() | {"input": [{"role": "user", "content": [CHAT_PART]}]},
                       "Invalid value: 'image_url'. Supported values are: 'input_text', 'input_image'",
                       "input[0].content[0].type", "invalid_value"),
    "a part of nobody's": (asking() | {"input": [{"role": "user", "content": [{"type": "picture"}]}]},
                           "Invalid value: 'picture'", "input[0].content[0].type", "invalid_value"),
    "a part a string": (asking() | {"input": [{"role": "user", "content": ["hi"]}]}, "expected an object",
                        "input[0].content[0]", "invalid_type"),
    "an item a string": (asking() | {"input": ["hi"]}, "expected an object", "input[0]", "invalid_type"),
    "role unknown": (asking() | {"input": [{"role": "robot", "content": "hi"}]}, "Invalid value: 'robot'",
                     "input[0].role", "invalid_value"),
    "no content": (asking() | {"input": [{"role": "user"}]}, "Missing required parameter", "input[0].content",
                   "missing_required_parameter"),
    "picture from the assistant": (
        asking() | {"input": [{"role": "assistant", "content": [{"type": "input_image", "image_url": COFFEE}]}]},
        "Invalid value: 'input_image'", "input[0].content[0].type", "invalid_value"),
    "messages": (asking(messages=[]), "this parameter has moved to 'input'", None, "unsupported_parameter"),
    "the limit of Chat": (asking(max_completion_tokens=9), "has moved to 'max_output_tokens'", None,
                          "unsupported_parameter"),
    "unknown field": (asking(colour="red"), "Unknown parameter: 'colour'", "colour", "unknown_parameter"),
    "a small limit": (asking(max_output_tokens=15), "Expected a value >= 16, but got 15 instead", "max_output_tokens",
                      "integer_below_min_value"),
    "a limit in words": (asking(max_output_tokens="300"), "expected an integer", "max_output_tokens", "invalid_type"),
    "no model": ({"input": "hi"}, "Missing required parameter: 'model'", "model", "missing_required_parameter"),
    "no input": ({"model": "m"}, "Missing required parameter: 'input'", "input", "missing_required_parameter"),
    "input a number": (asking() | {"input": 7}, "Invalid type for 'input'", "input", "invalid_type"),
    "unreachable picture": (asking(image={"image_url": "https://pictures.invalid/x.png"}),
                            "Timeout while downloading https://pictures.invalid/x.png.", None, "invalid_image_url"),
    "unknown file": (asking(image={"file_id": "file-lost"}), "No such File object: file-lost", None,
                     "image_file_not_found"),
    "unknown response": (asking(previous_response_id="resp_lost"), "Previous response with id 'resp_lost' not found.",
                         "previous_response_id", "previous_response_not_found"),
    "not an object": ([1], "could not parse the JSON body", None, None),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_body_is_refused_in_the_apis_own_shape(api, name):
    body, says, param, code = REFUSED[name]
    headers = {"Authorization": f"Bearer {API_KEY}"}
    response = requests.post(f"{api.url}/v1/responses", headers=headers, json=body, timeout=9)
    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (400, "invalid_request_error")
    assert says in error["message"] and (error["param"], error["code"]) == (param, code)
    assert response.headers["x-course-source"] == "constructed"


@pytest.mark.parametrize("more", [{"background": True}, {"input": [{"type": "item_reference", "id": "msg_1"}]}])
def test_what_it_cannot_answer_is_a_hole_and_not_an_answer(api, client, more):
    with pytest.raises(openai.InternalServerError, match="NotImplementedError"):
        client.responses.create(**asking() | more)
    assert api.unanswered


def test_an_unknown_question_is_an_error_and_is_remembered(api, client):
    with pytest.raises(openai.InternalServerError, match=r"no answer to \['Who drinks this"):
        client.responses.create(**asking("Who drinks this?"))
    assert "Who drinks this?" in api.unanswered[-1]


# --- what is answered ---


def test_both_apis_give_the_same_answer_for_the_same_tokens(client):
    chat = client.chat.completions.create(**question())
    answer = client.responses.create(**asking(QUESTION))
    assert answer.output_text == chat.choices[0].message.content
    assert answer.status == "completed" and answer.model == "course-sample" and answer.incomplete_details is None
    usage = answer.usage
    assert usage.input_tokens == chat.usage.prompt_tokens == picture_tokens(600, 400, "gpt-5.6-luna", "low").tokens + 6
    assert (usage.output_tokens, usage.total_tokens) == (chat.usage.completion_tokens, chat.usage.total_tokens)
    assert not any("image" in name for name in usage.input_tokens_details.model_dump())


def test_address_data_url_and_file_are_the_same_picture(client):
    ways = [{"image_url": COFFEE}, {"image_url": data_url()}, {"file_id": upload(client).id}]
    answers = [client.responses.create(**asking(image=image)) for image in ways]
    assert len({answer.output_text for answer in answers}) == 1 and len({answer.id for answer in answers}) == 3
    assert len({answer.usage.input_tokens for answer in answers}) == 1


def test_what_it_sends_has_the_shape_of_the_sdks_types(api):
    headers = {"Authorization": f"Bearer {API_KEY}"}
    body = requests.post(f"{api.url}/v1/responses", headers=headers, json=asking(), timeout=9).json()
    Response.model_validate(body)
    text = requests.post(f"{api.url}/v1/responses", headers=headers, json=asking(stream=True), timeout=9).text
    events = [event.split("\n") for event in text.strip().split("\n\n")]
    for number, (kind, data) in enumerate(events):
        event = json.loads(data.removeprefix("data: "))
        assert kind == f"event: {event['type']}" and event["sequence_number"] == number
        TypeAdapter(ResponseStreamEvent).validate_python(event)
    assert event["response"]["usage"] == body["usage"]


def test_a_conversation_is_kept_and_paid_again(client):
    first = client.responses.create(**asking())
    second = client.responses.create(
        model=recording.model(), input=FOLLOW_UP, previous_response_id=first.id, max_output_tokens=300
    )
    by_hand = client.responses.create(
        **asking() | {"input": [*asking()["input"], *first.to_dict()["output"], {"role": "user", "content": FOLLOW_UP}]}
    )
    assert second.output_text == by_hand.output_text and second.usage == by_hand.usage
    assert second.usage.input_tokens > first.usage.input_tokens + first.usage.output_tokens
    assert second.previous_response_id == first.id


def test_instructions_hold_for_one_request(client):
    rule, image = "You answer in at most five words.", {"image_url": open_picture(COFFEE_FILE).data_url}
    ruled = client.responses.create(**asking(image=image, instructions=rule))
    assert ruled.instructions == rule and len(ruled.output_text.split()) <= 5
    with pytest.raises(openai.InternalServerError) as caught:
        client.responses.create(model="m", input="And now?", previous_response_id=ruled.id)
    assert rule not in caught.value.message and "And now?" in caught.value.message


def test_a_kept_answer_can_be_fetched_and_deleted(client):
    answer = client.responses.create(**asking())
    assert client.responses.retrieve(answer.id) == answer
    client.responses.delete(answer.id)
    for call in (client.responses.retrieve, client.responses.delete):
        with pytest.raises(openai.NotFoundError, match=f"Response with id '{answer.id}' not found."):
            call(answer.id)
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="m", input="Go on.", previous_response_id=answer.id)
    assert caught.value.code == "previous_response_not_found"


def test_store_false_keeps_nothing(client):
    answer = client.responses.create(**asking(store=False))
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(answer.id)


def test_a_limit_makes_an_answer_incomplete(client):
    whole = client.responses.create(**asking()).output_text
    cut = client.responses.create(**asking(max_output_tokens=16))
    assert (cut.status, cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert cut.output_text == whole[:64] and cut.usage.output_tokens == 16
    last = list(client.responses.create(**asking(max_output_tokens=16, stream=True)))[-1]
    assert last.type == "response.incomplete" and last.response.output_text == cut.output_text


def test_a_stream_gives_the_same_answer(client):
    whole = client.responses.create(**asking())
    events = list(client.responses.create(**asking(stream=True)))
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == whole.output_text
    assert [e.type for e in events][:4] == ["response.created", "response.in_progress", "response.output_item.added",
                                            "response.content_part.added"]  # fmt: skip
    assert events[0].response.status == "in_progress" and events[0].response.output == []
    assert events[-1].type == "response.completed" and events[-1].response.usage == whole.usage
    with client.responses.stream(**asking()) as stream:
        assert stream.get_final_response().output_text == whole.output_text


# --- files ---


def test_a_file_lives_until_it_is_deleted(api, client):
    file = upload(client)
    assert (file.bytes, file.filename, file.purpose) == (466_706, "coffee.png", "vision")
    assert client.files.retrieve(file.id) == file
    assert client.files.delete(file.id) == FileDeleted(id=file.id, deleted=True, object="file")
    for call in (client.files.retrieve, client.files.delete):
        with pytest.raises(openai.NotFoundError, match=f"No such File object: {file.id}") as caught:
            call(file.id)
        assert caught.value.param == "id"
    with pytest.raises(openai.BadRequestError, match="No such File object"):
        client.responses.create(**asking(image={"file_id": file.id}))


def test_uploads_without_file_or_purpose_are_refused(api, client):
    with pytest.raises(openai.BadRequestError, match="Invalid value: 'pictures'"):
        upload(client, purpose="pictures")
    address, headers = f"{api.url}/v1/files", {"Authorization": f"Bearer {API_KEY}"}
    for form, missing in (({"data": {"purpose": "vision"}}, "file"), ({"files": {"file": b"x"}}, "purpose")):
        response = requests.post(address, headers=headers, timeout=9, **form)
        assert response.status_code == 400 and response.json()["error"]["param"] == missing
    sent = requests.post(address, headers=headers, timeout=9, files={"file": b"x"}, data={"purpose": "user_data"})
    FileObject.model_validate(sent.json())


def test_a_file_that_is_no_picture_is_refused_when_it_is_looked_at(client):
    file = upload(client, data=b"just words", name="words.png")
    with pytest.raises(openai.BadRequestError, match="unsupported image"):
        client.responses.create(**asking(image={"file_id": file.id}))


def test_a_form_is_taken_apart_to_the_byte():
    awkward = b"\r\n--x\r\n\r\n--\r\n\x00\xff" + COFFEE_FILE.read_bytes() + b"\r\n"
    request = requests.Request(
        "POST", "https://a.example", data={"purpose": "Größe"}, files={"file": ("커피.png", awkward, "image/png")}
    ).prepare()
    purpose, file = parts_of(request.body, request.headers["content-type"])
    assert (purpose.name, purpose.data.decode(), purpose.filename) == ("purpose", "Größe", None)
    assert (file.name, file.data, file.filename, file.content_type) == ("file", awkward, "커피.png", "image/png")
    assert parts_of(request.body, "application/json") == parts_of(b"", request.headers["content-type"]) == []


# --- recorded and replayed ---


def converse():
    """All of it once; what comes out is what replay has to give again."""
    client = openai.OpenAI(max_retries=0)
    file = upload(client)
    asked = client.responses.create(**asking("What lies on the saucer beside the cup?", {"file_id": file.id}))
    client.files.delete(file.id)
    first = client.responses.create(**asking())
    second = client.responses.create(
        model=recording.model(), input=FOLLOW_UP, previous_response_id=first.id, max_output_tokens=300
    )
    events = [event.to_dict() for event in client.responses.create(**asking(stream=True))]
    client.responses.delete(first.id)
    try:
        client.responses.create(model=recording.model(), input="Go on.", previous_response_id=first.id)
    except openai.BadRequestError as error:
        return [file.to_dict(), asked.to_dict(), first.to_dict(), second.to_dict(), events, error.body]


def test_a_recorded_conversation_is_replayed(record, replay, folder):
    tape = record()
    live = converse()
    text = (folder / "lesson.json").read_text(encoding="utf-8")
    assert API_KEY not in text and "boundary" not in text and len(text) < 40_000
    upload_request = tape.recording.interactions[0].request
    assert upload_request.content_type == "multipart/form-data"
    file, purpose = upload_request.body["parts"]
    assert purpose == {"name": "purpose", "value": "vision"}
    assert (file["filename"], file["file"]) == ("coffee.png", "asset/images/coffee.png")
    replay()
    assert converse() == live
    assert recording.origin(live[2]["id"]).source == "sample"
    streamed = load(folder / "lesson.json").interactions[5].response
    assert streamed.about().get("id") == live[4][0]["response"]["id"]
    assert streamed.tokens() == (live[2]["usage"]["input_tokens"], live[2]["usage"]["output_tokens"])


def test_an_asynchronous_upload_is_replayed_too(record, replay):
    async def send():
        return (await openai.AsyncOpenAI().files.create(file=COFFEE_FILE, purpose="vision")).to_dict()

    record()
    first = asyncio.run(send())
    replay()
    assert asyncio.run(send()) == first


def test_an_upload_by_requests_is_replayed_in_any_order_of_its_parts(record, replay):
    def send(turned=False):
        headers = {"Authorization": "Bearer " + openai.OpenAI().api_key}
        form = [("purpose", (None, "vision")), ("file", ("coffee.png", COFFEE_FILE.read_bytes()))]
        address = "https://api.openai.com/v1/files"
        return requests.post(address, headers=headers, files=form[::-1] if turned else form, timeout=9).json()

    record()
    first = send()
    replay()
    assert send() == send(turned=True) == first


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


def test_going_live_tells_the_price_of_both_apis(record, folder, monkeypatch, capsys):
    record()
    client = openai.OpenAI(max_retries=0)
    answer = client.responses.create(**asking())
    chat = client.chat.completions.create(**question())
    client.responses.retrieve(answer.id)
    recording.start("lesson", mode="live")
    asked, said = answer.usage.input_tokens + chat.usage.prompt_tokens, answer.usage.output_tokens
    assert f"({asked:,} tokens in, {said + chat.usage.completion_tokens:,} out" in capsys.readouterr().out


def test_an_answer_without_usage_counts_nothing():
    assert RecordedResponse(status=200, json_={"usage": None}).tokens() == (0, 0)
    assert RecordedResponse(status=200, text="fine").tokens() == (0, 0)
    assert RecordedResponse(status=200, json_=[1]).about().get("id") is None


# --- shown ---


def test_an_answer_is_shown(client, capsys):
    answer = client.responses.create(**asking())
    for given in (answer, answer.to_dict()):
        show_answer(given)
        first, line = capsys.readouterr().out.strip().split("\n\n")
        assert " ".join(first.split()) == answer.output_text
        assert line == "[live answer · model course-sample · tokens: 222 in, 29 out · status: completed]"


@pytest.mark.parametrize(
    ("changes", "says", "ends"),
    [
        ({"output": []}, "(No text: none was sent.)", "status: completed]"),
        (
            {"output": [], "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "(No text: the output limit was reached before the first word",
            "status: incomplete (max_output_tokens)]",
        ),
        (
            {"output": [], "status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
            "(No text: a content filter of the service held it back.)",
            "status: incomplete (content_filter)]",
        ),
        (
            {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": "I can't."}]}]},
            "(No text: the model refused. I can't.)",
            "status: completed]",
        ),
        (
            {
                "output": [
                    {"type": "reasoning", "summary": []},
                    {"type": "message", "content": [{"type": "output_text", "text": "A "}]},
                    {"type": "message", "content": [{"type": "output_text", "text": "cup."}]},
                ]
            },
            "A cup.",
            "status: completed]",
        ),
    ],
)
def test_what_ended_otherwise_is_said(client, capsys, changes, says, ends):
    show_answer(client.responses.create(**asking()).to_dict() | changes)
    out = capsys.readouterr().out
    assert out.startswith(says) and out.strip().endswith(ends)


def test_a_failed_answer_is_an_error(client):
    body = client.responses.create(**asking()).to_dict()
    failed = body | {"status": "failed", "error": {"code": "server_error", "message": "It broke."}}
    with pytest.raises(TypeError, match=r"the service says why: It broke\."):
        show_answer(failed)

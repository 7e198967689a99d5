"""Answers of the local API, as the SDK and requests meet them: Chat, Responses, and Files."""

import base64
import json

import openai
import pytest
import requests
from openai.types import FileDeleted, FileObject
from openai.types.responses import Response

from helpers.encoding import open_picture
from helpers.tokens import picture_tokens
from tests.api import API_KEY, serve
from tests.api.answers import Answer, Question, load_answers
from tests.api.test_refused import CHAT, RESPONSES, asking
from tests.conftest import COFFEE, COFFEE_FILE, QUESTION, data_url, question

FOLLOW_UP = {"model": "gpt-5.6-luna", "input": "On which side of the cup is the handle?", "max_output_tokens": 300}


def upload(client, data=None, name="coffee.png", purpose="vision"):
    return client.files.create(file=(name, data or COFFEE_FILE.read_bytes()), purpose=purpose)


def test_both_apis_give_the_same_answer_for_the_same_tokens_whatever_way_a_picture_comes(client):
    chats = [client.chat.completions.create(**question(picture=url)) for url in (COFFEE, data_url())]
    ways = [{"image_url": COFFEE}, {"image_url": data_url()}, {"file_id": upload(client).id}]
    answers = [client.responses.create(**asking(QUESTION, way)) for way in ways]
    [text] = {chat.choices[0].message.content for chat in chats} | {answer.output_text for answer in answers}
    assert text.startswith("A small red-brown espresso cup")
    tokens = {(a.usage.input_tokens, a.usage.output_tokens, a.usage.total_tokens) for a in answers}
    tokens |= {(c.usage.prompt_tokens, c.usage.completion_tokens, c.usage.total_tokens) for c in chats}
    paid, said = picture_tokens(600, 400, "gpt-5.6-luna", "low").tokens + 6, -(-len(text.encode()) // 4)
    assert tokens == {(paid, said, paid + said)}, "the rule of pictures, and a token for four bytes of text"
    assert chats[0].choices[0].finish_reason == "stop" and answers[0].status == "completed"
    assert {it.model for it in (*chats, *answers)} == {"course-sample"} and len({it.id for it in answers}) == 3


def test_an_id_is_the_same_where_the_same_pixels_are_packed_into_other_bytes():
    ids = set()
    for data in (b"some bytes", b"others"):
        asked = Question(sizes={f"data:image/png;base64,{base64.b64encode(data).decode()}": (600, 400)})
        ids.add(asked.digest(question(picture=next(iter(asked.sizes)))))
        ids.add(asked.digest(question("another", picture=next(iter(asked.sizes)))))
    assert len(ids) == 2


def test_a_limit_cuts_the_answer_and_says_so(client):
    whole = client.chat.completions.create(**question()).choices[0].message.content
    cut = client.chat.completions.create(**question(max_completion_tokens=5))
    assert (cut.choices[0].finish_reason, cut.choices[0].message.content) == ("length", whole[:20])
    assert cut.usage.completion_tokens == 5
    cut = client.responses.create(**asking(QUESTION, max_output_tokens=16))
    assert (cut.status, cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert (cut.output_text, cut.usage.output_tokens) == (whole[:64], 16)
    *_, last = client.responses.create(**asking(QUESTION, max_output_tokens=16, stream=True))
    assert last.type == "response.incomplete" and last.response.output_text == cut.output_text


def test_a_stream_gives_the_same_text_reason_and_usage(client, post):
    whole = client.chat.completions.create(**question())
    *chunks, last = client.chat.completions.create(**question(stream=True, stream_options={"include_usage": True}))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text == whole.choices[0].message.content and len(chunks) > 20 and last.usage == whole.usage
    assert chunks[-1].choices[0].finish_reason == "stop"

    whole = client.responses.create(**asking())
    with client.responses.stream(**asking()) as stream:
        assert stream.get_final_response().output_text == whole.output_text
    raw = [event.split("\n") for event in post(RESPONSES, asking(stream=True)).text.strip().split("\n\n")]
    events = [json.loads(data.removeprefix("data: ")) for _, data in raw]
    assert [kind for kind, _ in raw] == [f"event: {event['type']}" for event in events]
    assert [event["sequence_number"] for event in events] == [*range(len(events))]
    assert [event["type"] for event in events[:4]] == [
        f"response.{name}" for name in ("created", "in_progress", "output_item.added", "content_part.added")
    ]
    assert (events[0]["response"]["status"], events[0]["response"]["output"]) == ("in_progress", [])
    assert "".join(event["delta"] for event in events if "delta" in event) == whole.output_text
    assert events[-1]["type"] == "response.completed"
    assert Response.model_validate(events[-1]["response"]).usage == whole.usage


def test_a_conversation_is_kept_and_paid_again(client):
    first = client.responses.create(**asking())
    second = client.responses.create(**FOLLOW_UP, previous_response_id=first.id)
    said = [*asking()["input"], *first.to_dict()["output"], {"role": "user", "content": FOLLOW_UP["input"]}]
    by_hand = client.responses.create(**asking(input=said))
    assert (second.output_text, second.usage) == (by_hand.output_text, by_hand.usage)
    assert second.usage.input_tokens > first.usage.input_tokens + first.usage.output_tokens
    assert second.previous_response_id == first.id


def test_instructions_hold_for_one_request(client):
    rule, image = "You answer in at most five words.", {"image_url": open_picture(COFFEE_FILE).data_url}
    ruled = client.responses.create(**asking(image=image, instructions=rule))
    assert ruled.instructions == rule and len(ruled.output_text.split()) <= 5
    with pytest.raises(openai.InternalServerError) as caught:
        client.responses.create(model="m", input="And now?", previous_response_id=ruled.id)
    assert rule not in caught.value.message and "And now?" in caught.value.message


def test_an_answer_is_kept_until_it_is_deleted_unless_nobody_wants_it(client):
    answer = client.responses.create(**asking())
    assert client.responses.retrieve(answer.id) == answer
    client.responses.delete(answer.id)
    gone = client.responses.create(**asking(store=False))
    for call, kept in ((client.responses.retrieve, gone), (client.responses.delete, answer)):
        with pytest.raises(openai.NotFoundError, match=f"Response with id '{kept.id}' not found."):
            call(kept.id)


def test_a_file_is_kept_until_it_is_deleted(client):
    file = upload(client)
    assert (file.bytes, file.filename, file.purpose) == (466_706, "coffee.png", "vision")
    assert client.files.retrieve(file.id) == file
    assert client.files.delete(file.id) == FileDeleted(id=file.id, deleted=True, object="file")
    for call in (client.files.retrieve, client.files.delete):
        with pytest.raises(openai.NotFoundError, match=f"No such File object: {file.id}") as caught:
            call(file.id)
        assert caught.value.param == "id"


def test_uploads_are_checked_and_pictures_among_them_when_they_are_looked_at(api, client):
    with pytest.raises(openai.BadRequestError, match="Invalid value: 'pictures'"):
        upload(client, purpose="pictures")
    words = upload(client, data=b"just words", name="words.png")
    with pytest.raises(openai.BadRequestError, match="unsupported image"):
        client.responses.create(**asking(image={"file_id": words.id}))
    address, headers = f"{api.url}/v1/files", {"Authorization": f"Bearer {API_KEY}"}
    for form, missing in (({"data": {"purpose": "vision"}}, "file"), ({"files": {"file": b"x"}}, "purpose")):
        error = requests.post(address, headers=headers, timeout=9, **form).json()["error"]
        assert (error["param"], error["code"]) == (missing, "missing_required_parameter")
    sent = requests.post(address, headers=headers, timeout=9, files={"file": b"x"}, data={"purpose": "user_data"})
    FileObject.model_validate(sent.json())


def test_a_public_picture_is_our_very_file(api):
    response = requests.get(COFFEE.replace("https:/", api.url), timeout=9)
    assert (response.content, response.headers["content-type"]) == (COFFEE_FILE.read_bytes(), "image/png")


def test_acting_as_a_real_service_it_compresses_and_leaves_no_mark(post):
    assert post(CHAT, question()).headers["content-encoding"] == "gzip"
    with serve(acts_as="gpt-5.6-luna", keys=set()) as real:
        response = requests.post(f"{real.url}/v1/chat/completions", json=question(), timeout=9)
    assert response.json()["model"] == "gpt-5.6-luna" and "x-course-source" not in response.headers


def entry(text, **more):
    return {"pictures": ["asset/images/coffee.png"], "asked": ["a"], "text": text, **more}


def test_an_answer_may_be_for_one_detail_only():
    def ask(*details):
        asked = question("a")
        pictures = [question(detail=detail)["messages"][0]["content"][1] for detail in details]
        asked["messages"][0]["content"][1:] = pictures
        return openai.OpenAI(base_url=f"{api.url}/v1", api_key=API_KEY, max_retries=0).chat.completions.create(**asked)

    entries = [Answer(**entry("any")), Answer(**entry("at low", detail="low"))]
    with serve(answers={answer.key(): answer for answer in entries}) as api:
        assert [ask(detail).choices[0].message.content for detail in ("low", "high")] == ["at low", "any"]
        with pytest.raises(openai.InternalServerError, match="at detail None"):
            ask("low", "high")
        del api.answers[entries[0].key()]
        with pytest.raises(openai.InternalServerError, match="at detail high"):
            ask("high")


ENTRY = '[[answer]]\npictures = []\nasked = ["a"]\ntext = "b"\n'


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (ENTRY, "answers the same question twice"),
        ('detail = "lwo"', "unknown detail: 'lwo'"),
        ('fault = "late"', "there is no fault 'late'"),
        ("times = 2", "it needs a fault"),
    ],
)
def test_a_mistake_in_the_file_of_answers_is_named(tmp_path, lines, says):
    file = tmp_path / "answers.toml"
    file.write_text(ENTRY + lines, "utf-8")
    with pytest.raises(ValueError, match=says):
        load_answers(file)

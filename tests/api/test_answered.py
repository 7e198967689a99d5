"""Answers of the local API, as the SDK and requests meet them: Chat, Responses, Files and Azure."""

import base64
import json

import openai
import pytest
import requests
from openai.types.responses import Response

from helpers.encoding import open_picture
from helpers.tokens import picture_tokens
from tests.api import API_KEY, serve
from tests.api.answers import Answer, Question, load_answers
from tests.api.test_refused import CHAT, CLASSIC, DATED, KEY, MINE, OLD, RESPONSES, RIGHT, SCHEMA, V1, asking
from tests.conftest import COFFEE, COFFEE_FILE, QUESTION, data_url, question

FOLLOW_UP = {"model": "gpt-5.6-luna", "input": "On which side of the cup is the handle?", "max_output_tokens": 300}
FOUND = {"hate", "self_harm", "sexual", "violence"}


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
    assert {it.model for it in (*chats, *answers)} == {"course-sample"} and len({it.id for it in answers}) == 3


def test_an_id_is_the_same_where_the_same_pixels_are_packed_into_other_bytes():
    ids = set()
    for data in (b"some bytes", b"others"):
        asked = Question(sizes={f"data:image/png;base64,{base64.b64encode(data).decode()}": (600, 400)})
        ids |= {asked.digest(question(prompt, picture=next(iter(asked.sizes)))) for prompt in ("one", "another")}
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
    assert (text, last.usage) == (whole.choices[0].message.content, whole.usage)
    assert len(chunks) > 20 and chunks[-1].choices[0].finish_reason == "stop"

    whole = client.responses.create(**asking())
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


def test_a_conversation_is_kept_without_its_instructions_unless_nobody_wants_it(client):
    first = client.responses.create(**asking())
    second = client.responses.create(**FOLLOW_UP, previous_response_id=first.id)
    said = [*asking()["input"], *first.to_dict()["output"], {"role": "user", "content": FOLLOW_UP["input"]}]
    by_hand = client.responses.create(**asking(input=said))
    assert (second.output_text, second.usage) == (by_hand.output_text, by_hand.usage)
    rule = "You answer in at most five words."
    ruled = client.responses.create(
        **asking(image={"image_url": open_picture(COFFEE_FILE).data_url}, instructions=rule)
    )
    assert ruled.instructions == rule and len(ruled.output_text.split()) <= 5
    with pytest.raises(openai.InternalServerError) as caught:
        client.responses.create(model="m", input="And now?", previous_response_id=ruled.id)
    assert rule not in caught.value.message and "And now?" in caught.value.message
    with pytest.raises(openai.NotFoundError, match=r"Response with id '.+' not found\."):
        client.responses.delete(client.responses.create(**asking(store=False)).id)


def test_a_file_is_checked_when_it_is_looked_at_and_kept_until_it_is_deleted(client):
    file, words = upload(client), upload(client, data=b"just words", name="words.png")
    assert (file.bytes, file.filename, file.purpose) == (466_706, "coffee.png", "vision")
    with pytest.raises(openai.BadRequestError, match="unsupported image"):
        client.responses.create(**asking(image={"file_id": words.id}))
    assert client.files.delete(file.id).deleted
    with pytest.raises(openai.NotFoundError, match=f"No such File object: {file.id}"):
        client.files.delete(file.id)
    with pytest.raises(openai.BadRequestError, match="Invalid value: 'pictures'"):
        upload(client, purpose="pictures")


def test_acting_as_a_real_service_it_compresses_and_leaves_no_mark(post):
    assert post(CHAT, question()).headers["content-encoding"] == "gzip"
    with serve(acts_as="gpt-5.6-luna", keys=set()) as real:
        response = requests.post(f"{real.url}/{CHAT}", json=question(), timeout=9)
        assert requests.get(f"{real.url}/a.example/x.png", timeout=9).status_code == 404
    assert response.json()["model"] == "gpt-5.6-luna" and "x-course-source" not in response.headers


@pytest.mark.parametrize(
    ("path", "headers"),
    [(CLASSIC + DATED, RIGHT), (V1, RIGHT), (V1, {"Authorization": f"Bearer {KEY}"}),
     *((path, {"Authorization": "Bearer a-token"}) for path in (CLASSIC + DATED, V1))],
)  # fmt: skip
def test_azure_answers_a_key_and_a_token_with_what_its_filters_found(post, path, headers):
    whole = post(path, MINE, headers)
    answer, [choice] = whole.json(), whole.json()["choices"]
    assert choice["message"]["content"].startswith("A small red-brown") and answer["model"] == "course-sample"
    assert answer["prompt_filter_results"][0]["content_filter_results"].keys() == FOUND
    assert choice["content_filter_results"].keys() == FOUND and whole.headers["x-course-source"] == "sample staged"
    first = json.loads(post(path, MINE | {"stream": True}, headers).text.partition("\n")[0].removeprefix("data: "))
    assert first["choices"] == [] and first["prompt_filter_results"] == answer["prompt_filter_results"]


def test_azures_old_path_needs_no_model_and_an_old_version_takes_the_limits_old_name(post):
    body = {"messages": MINE["messages"], "max_tokens": 5}
    assert post(CLASSIC + OLD, body, RIGHT).json()["choices"][0]["finish_reason"] == "length"


# --- the hand-written answers ---

PICTURES = ["asset/images/coffee.png"]


def test_an_answer_may_be_for_one_detail_only():
    entries = [Answer(PICTURES, ["a"], "any"), Answer(PICTURES, ["a"], "at low", detail="low")]
    question_of = {detail: Question(texts=["a"], pictures=[*entries[0].key()[0]], details={*detail.split()})
                   for detail in ("low", "high", "low high")}  # fmt: skip
    with serve(answers={answer.key(): answer for answer in entries}) as api:
        assert [one.answer(api).text for one in question_of.values()] == ["at low", "any", "any"]


@pytest.mark.parametrize(
    ("text", "more", "says"),
    [
        ('{"a": "x"}', {}, None),
        ('{"a": 1}', {}, "(at $.a: 1 is not of type 'string')"),
        ("```json\n{}\n```", {}, "(it is no JSON: Expecting value: line 1 column 1 (char 0))"),
        ("A cup.", {"fault": "server_error", "times": 1}, "(it is no JSON"),
        ("A cup.", {"fault": "refusal"}, None),
    ],
)
def test_an_answer_that_does_not_fit_the_schema_that_is_asked_for_is_a_hole(text, more, says):
    schema = SCHEMA | {"properties": {"a": {"type": "string"}}, "required": ["a"]}
    asked = {"name": "thing", "schema": schema, "strict": True}
    entry = Answer(PICTURES, [QUESTION], text, **more)
    with serve(answers={entry.key(): entry}) as api:
        client = openai.OpenAI(base_url=f"{api.url}/v1", api_key=API_KEY, max_retries=0)
        for call, body in (
            (client.chat.completions, question(response_format={"type": "json_schema", "json_schema": asked})),
            (client.responses, asking(QUESTION, text={"format": {"type": "json_schema", **asked}})),
        ):
            if says is None:
                call.create(**body)
                continue
            with pytest.raises(openai.InternalServerError, match="has an answer that does not fit"):
                call.create(**body)
    assert [says in noted for noted in api.unanswered] == ([True, True] if says else [])


ENTRY = '[[answer]]\npictures = []\nasked = ["a"]\ntext = "b"\n'


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (ENTRY, "twice"),
        ('detail = "lwo"', "lwo"),
        ('fault = "late"', "no fault 'late'"),
        ("times = 2", "needs a fault"),
    ],
)
def test_a_mistake_in_the_file_of_answers_is_named(tmp_path, lines, says):
    file = tmp_path / "answers.toml"
    file.write_text(ENTRY + lines, "utf-8")
    with pytest.raises(ValueError, match=says):
        load_answers(file)

"""Answers of the local API that no lesson asks for: what the lessons ask is recorded in their own run, to the byte."""

import json

import openai
import pytest
import requests

from helpers.encoding import open_picture
from helpers.tokens import picture_tokens
from tests.api import API_KEY, serve
from tests.api.answers import Answer, Question, load_answers
from tests.api.schemas import tool_calls
from tests.api.test_refused import CHAT, MINE, RIGHT, SCHEMA, V1, asking
from tests.conftest import COFFEE, COFFEE_FILE, QUESTION, data_url, question

PICTURES = ["asset/images/coffee.png"]


def upload(client, data=None, name="coffee.png", purpose="vision"):
    return client.files.create(file=(name, data or COFFEE_FILE.read_bytes()), purpose=purpose)


def test_both_apis_give_the_same_answer_for_the_same_tokens_whatever_way_a_picture_comes(client):
    chats = [client.chat.completions.create(**question(picture=url)) for url in (COFFEE, data_url())]
    ways = [{"image_url": COFFEE}, {"image_url": data_url()}, {"file_id": upload(client).id}]
    answers = [client.responses.create(**asking(QUESTION, way)) for way in ways]
    [text] = {chat.choices[0].message.content for chat in chats} | {answer.output_text for answer in answers}
    tokens = {(chat.usage.prompt_tokens, chat.usage.completion_tokens) for chat in chats}
    tokens |= {(answer.usage.input_tokens, answer.usage.output_tokens) for answer in answers}
    paid, said = picture_tokens(600, 400, "gpt-5.6-luna", "low").tokens + 6, -(-len(text.encode()) // 4)
    assert tokens == {(paid, said)}, "the rule of pictures, and a token for four bytes of text"
    words = upload(client, data=b"just words", name="words.png")
    with pytest.raises(openai.BadRequestError, match="unsupported image"):
        client.responses.create(**asking(image={"file_id": words.id}))


def test_an_id_is_the_same_where_the_same_pixels_are_packed_into_other_bytes():
    ids = set()
    for url in (data_url(b"some bytes"), data_url(b"others")):
        ids |= {
            Question(sizes={url: (600, 400)}).digest(question(prompt, picture=url)) for prompt in ("one", "another")
        }
    assert len(ids) == 2


def test_instructions_hold_for_one_request_and_nothing_is_kept_of_what_nobody_wants(client):
    rule, image = "You answer in at most five words.", {"image_url": open_picture(COFFEE_FILE).data_url}
    ruled = client.responses.create(**asking(image=image, instructions=rule))
    assert ruled.instructions == rule and len(ruled.output_text.split()) <= 5
    with pytest.raises(openai.InternalServerError) as caught:
        client.responses.create(model="m", input="And now?", previous_response_id=ruled.id)
    assert rule not in caught.value.message and "And now?" in caught.value.message
    with pytest.raises(openai.NotFoundError, match=r"Response with id '.+' not found\."):
        client.responses.delete(client.responses.create(**asking(store=False)).id)


def test_a_moderation_flags_by_its_highest_score_and_names_where_it_looked():
    image, words = {"type": "image_url", "image_url": {"url": COFFEE}}, {"type": "text", "text": "words"}
    entries = [Answer(PICTURES, [], '{"violence": 0.9}'), Answer([], ["words"], '{"hate": 0.4}')]
    with serve(answers={entry.key(): entry for entry in entries}) as api:
        moderate = openai.OpenAI(base_url=f"{api.url}/v1", api_key=API_KEY, max_retries=0).moderations.create
        seen, read = (moderate(input=[part]).results[0] for part in (image, words))
        with pytest.raises(openai.BadRequestError, match="Invalid request"):
            moderate(input=[{"type": "input_image", "image_url": COFFEE}])
    assert (seen.flagged, seen.categories.violence, seen.categories.hate, read.flagged) == (True, True, False, False)
    looked = [one.category_applied_input_types for one in (seen, read)]
    assert [(one.violence, one.hate) for one in looked] == [(["image"], []), (["text"], ["text"])]


def test_a_tool_is_called_that_is_on_offer_and_as_its_schema_says():
    calls = [{"name": "Pay", "arguments": {"cents": 5}}, {"name": "File", "arguments": {}}]
    function = {"name": "Pay", "parameters": {"properties": {"cents": {"type": "integer"}}}}
    tools = [{"type": "function", "function": function}]
    assert tool_calls(calls[:1], tools)[0]["function"] == {"name": "Pay", "arguments": '{"cents": 5}'}
    for wrong in (calls[1], calls[0] | {"arguments": {"cents": "5"}}):
        with pytest.raises((KeyError, ValueError), match=r"File|'5' is not of type 'integer'"):
            tool_calls([wrong], tools)


def test_acting_as_a_real_service_it_compresses_and_leaves_no_mark():
    with serve(acts_as="gpt-5.6-luna", keys=set()) as real:
        response = requests.post(f"{real.url}/{CHAT}", json=question(), timeout=9)
    assert response.json()["model"] == "gpt-5.6-luna" and "x-course-source" not in response.headers
    assert response.headers["content-encoding"] == "gzip"


def test_azure_begins_a_stream_with_what_its_filters_found(post):
    first = post(V1, MINE | {"stream": True}, {"Authorization": f"Bearer {RIGHT['api-key']}"}).text.partition("\n")[0]
    found = json.loads(first.removeprefix("data: "))["prompt_filter_results"]
    whole = post(V1, {**MINE, "max_completion_tokens": None, "max_tokens": 5}, RIGHT).json()
    assert found == whole["prompt_filter_results"]
    assert whole["choices"][0]["finish_reason"] == "length", "by the limit's old name"


@pytest.mark.parametrize(
    ("text", "fault", "says"),
    [
        ('{"a": "x"}', {}, None),
        ('{"a": 1}', {}, "(at $.a: 1 is not of type 'string')"),
        ("A cup.", {"fault": "server_error", "times": 1}, "(it is no JSON: Expecting value: line 1 column 1 (char 0))"),
        ("A cup.", {"fault": "refusal"}, None),
    ],
)
def test_an_answer_that_does_not_fit_the_schema_that_is_asked_for_is_a_hole(text, fault, says):
    schema = SCHEMA | {"properties": {"a": {"type": "string"}}, "required": ["a"]}
    asked, entry = {"name": "thing", "schema": schema, "strict": True}, Answer(PICTURES, [QUESTION], text, **fault)
    chat = question(response_format={"type": "json_schema", "json_schema": asked})
    bodies = {CHAT: chat, "v1/responses": asking(QUESTION, text={"format": {"type": "json_schema", **asked}})}
    with serve(answers={entry.key(): entry}, keys=set()) as api:
        answers = [requests.post(f"{api.url}/{path}", json=body, timeout=9) for path, body in bodies.items()]
    assert [answer.ok for answer in answers] == [says is None] * 2
    assert [f"has an answer that does not fit {says}" in noted for noted in api.unanswered] == [True, True] * bool(says)


ENTRY = '[[answer]]\npictures = []\nasked = ["a"]\ntext = "b"\n'


@pytest.mark.parametrize(("lines", "says"), [(ENTRY, "twice"), ('detail = "lwo"', "lwo"), ('fault = "late"', "late")])
def test_a_mistake_in_the_file_of_answers_is_named(tmp_path, lines, says):
    file = tmp_path / "answers.toml"
    file.write_text(ENTRY + lines, "utf-8")
    with pytest.raises(ValueError, match=says):
        load_answers(file)

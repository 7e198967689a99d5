"""The local API is faithful: it refuses what the real one refuses, and never answers by default."""

import io
import tomllib

import openai
import pytest
import requests
from PIL import Image

from helpers.tokens import picture_tokens
from tests.api import API_KEY, serve
from tests.api.answers import ANSWERS, load_answers, text_tokens
from tests.conftest import COFFEE, COFFEE_FILE, QUESTION, data_url, question


@pytest.fixture(scope="module")
def api():
    with serve() as running:
        yield running


def post(api, body, key=API_KEY):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    kind = "data" if isinstance(body, bytes) else "json"
    return requests.post(f"{api.url}/v1/chat/completions", headers=headers, timeout=9, **{kind: body})


def with_part(**part):
    return question() | {"messages": [{"role": "user", "content": [{"type": "image_url", **part}]}]}


def with_message(**message):
    return question() | {"messages": [message]}


IMAGE = {"type": "image_url", "image_url": {"url": COFFEE}}
# body, what the message must say, param, code
REFUSED = {
    "image_url as a string": (
        with_part(image_url=COFFEE),
        "Invalid type for 'messages[0].content[0].image_url': expected an object, but got a string instead.",
        "messages[0].content[0].image_url", "invalid_type"),
    "no url": (with_part(image_url={"detail": "low"}), "Missing required parameter",
               "messages[0].content[0].image_url.url", "missing_required_parameter"),
    "url a number": (with_part(image_url={"url": 7}), "expected a string, but got an integer",
                     "messages[0].content[0].image_url.url", "invalid_type"),
    "detail unknown": (with_part(image_url={"url": COFFEE, "detail": "huge"}), "Invalid value: 'huge'",
                       "messages[0].content[0].image_url.detail", "invalid_value"),
    "part type unknown": (with_message(role="user", content=[{"type": "picture"}]), "Invalid value: 'picture'",
                          "messages[0].content[0].type", "invalid_value"),
    "a list for a role": (with_message(role=["user"], content="hello"), "Invalid value: ['user']",
                          "messages[0].role", "invalid_value"),
    "a list for the type of a part": (with_message(role="user", content=[{"type": ["text"]}]),
                                      "Invalid value: ['text']", "messages[0].content[0].type", "invalid_value"),
    "a list for the type of a format": (question() | {"response_format": {"type": ["json_object"]}},
                                        "Invalid value: ['json_object']", "response_format.type", "invalid_value"),
    "a letter beyond base64": (with_part(image_url={"url": "data:image/png;base64,é"}),
                               "You uploaded an unsupported image", None, "invalid_image_format"),
    "brackets without end": (b"[" * 100_000, "could not parse the JSON body", None, None),
    "part a string": (with_message(role="user", content=["hello"]), "expected an object, but got a string",
                      "messages[0].content[0]", "invalid_type"),
    "Responses part": (with_message(role="user", content=[{"type": "input_image", "image_url": COFFEE}]),
                       "Invalid value: 'input_image'", "messages[0].content[0].type", "invalid_value"),
    "picture from the system": (with_message(role="system", content=[IMAGE]), "role 'system'",
                                "messages[0]", "invalid_value"),
    "picture from the assistant": (with_message(role="assistant", content=[IMAGE]), "role 'assistant'",
                                   "messages[0]", "invalid_value"),
    "role unknown": (with_message(role="robot", content="hi"), "Invalid value: 'robot'",
                     "messages[0].role", "invalid_value"),
    "no content": (with_message(role="user"), "Missing required parameter",
                   "messages[0].content", "missing_required_parameter"),
    "no messages": ({"model": "m"}, "Missing required parameter: 'messages'", "messages", "missing_required_parameter"),
    "no model": ({"messages": []}, "Missing required parameter: 'model'", "model", "missing_required_parameter"),
    "model a number": ({"model": 3, "messages": []}, "Invalid type for 'model'", "model", "invalid_type"),
    "messages a string": ({"model": "m", "messages": "hi"}, "expected an array of objects", "messages", "invalid_type"),
    "temperature a word": (question(temperature="hot"),
                           "for 'temperature': expected a decimal, but got a string",
                           "temperature", "invalid_type"),
    "limit a text": (question() | {"max_completion_tokens": "5"}, "Invalid type for 'max_completion_tokens'",
                     "max_completion_tokens", "invalid_type"),
    "limit zero": (question() | {"max_completion_tokens": 0}, "expected a value of at least 1",
                   "max_completion_tokens", "integer_below_min_value"),
    "temperature a text": (question(temperature="1"),
                           "for 'temperature': expected a decimal, but got a string",
                           "temperature", "invalid_type"),
    "unknown field": (question(colour="red"), "Unrecognized request argument supplied: colour", None, None),
    "not JSON": (b"{", "could not parse the JSON body", None, None),
    "a list": ([1], "could not parse the JSON body", None, None),
    "unreachable picture": (question(picture="https://pictures.invalid/x.png"),
                            "Timeout while downloading https://pictures.invalid/x.png.", None, "invalid_image_url"),
    "no picture in the data URL": (question(picture=data_url(b"hello")), "unsupported image",
                                   None, "invalid_image_format"),
    "broken base64": (question(picture="data:image/png;base64,!!!"), "unsupported image", None, "invalid_image_format"),
    "label lies": (question(picture=data_url(kind="image/jpeg")), "unsupported image", None, "invalid_image_format"),
    "image/jpg": (question(picture=data_url(kind="image/jpg")), "unsupported image", None, "invalid_image_format"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_body_is_refused_in_the_apis_own_shape(api, name):
    body, says, param, code = REFUSED[name]
    response = post(api, body)
    error = response.json()["error"]
    assert response.status_code == 400
    assert says in error["message"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", param, code)
    assert response.headers["x-course-source"] == "constructed"


def test_the_sdk_reads_the_refusals(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**REFUSED["image_url as a string"][0])
    assert caught.value.code == "invalid_type" and caught.value.param == "messages[0].content[0].image_url"


@pytest.mark.parametrize(("key", "says"), [(None, "didn't provide"), ("sk-wrong-key-0123", "sk-w*********0123")])
def test_the_key_is_checked(api, key, says):
    response = post(api, question(), key=key)
    assert response.status_code == 401 and says in response.json()["error"]["message"]


@pytest.mark.parametrize("picture", [COFFEE, data_url()], ids=["URL", "data URL"])
def test_the_same_picture_gets_the_same_answer_by_url_and_as_bytes(client, picture):
    answer = client.chat.completions.create(**question(picture=picture))
    assert answer.model == "course-sample"
    assert answer.choices[0].message.content.startswith("A small red-brown espresso cup")
    assert answer.choices[0].finish_reason == "stop"


def test_usage_is_the_picture_rule_plus_the_stated_text_estimate(client):
    usage = client.chat.completions.create(**question()).usage
    assert text_tokens(QUESTION) == 6
    assert usage.prompt_tokens == picture_tokens(600, 400, "gpt-5.6-luna", "low").tokens + 6 == 218
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_a_limit_cuts_the_answer_and_says_so(client):
    whole = client.chat.completions.create(**question()).choices[0].message.content
    answer = client.chat.completions.create(**question() | {"max_completion_tokens": 5})
    assert answer.choices[0].finish_reason == "length"
    assert answer.choices[0].message.content == whole[:20] and answer.usage.completion_tokens == 5


def test_a_stream_gives_the_same_text_reason_and_usage(client):
    whole = client.chat.completions.create(**question())
    chunks = list(client.chat.completions.create(**question(stream=True, stream_options={"include_usage": True})))
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage == whole.usage and len(chunks) > 20


def test_an_unknown_question_is_an_error_and_is_remembered(api, client):
    with pytest.raises(openai.InternalServerError, match=r"answers\.toml has no answer to \['Who drinks this\?'\]"):
        client.chat.completions.create(**question("Who drinks this?"))
    assert "Who drinks this?" in api.unanswered[-1]


def test_what_it_does_not_have_is_remembered_too(api):
    for method, path in (("POST", "/v1/embeddings"), ("DELETE", "/elsewhere.example/x")):
        before = len(api.unanswered)
        response = requests.request(method, api.url + path, json={}, timeout=9)
        assert response.status_code == 500 and response.headers["x-course-source"] == "constructed"
        assert api.unanswered[before:] == [f"the local API has no {method} {path}"]


def test_a_public_picture_is_our_very_file(api):
    url = COFFEE.replace("https:/", api.url)
    response = requests.get(url, timeout=9)
    assert response.content == COFFEE_FILE.read_bytes() and response.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(response.content)).size == (600, 400)
    assert requests.get(url + "x", timeout=9).status_code == 404


def test_answers_are_compressed_when_the_client_can_read_that(api):
    assert post(api, question()).headers["content-encoding"] == "gzip"


def test_the_answers_file(tmp_path):
    entries = tomllib.loads(ANSWERS.read_text(encoding="utf-8"))["answer"]
    assert len(load_answers()) == len(entries) > 0
    double = tmp_path / "double.toml"
    double.write_text('[[answer]]\npictures = []\nasked = ["a"]\ntext = "b"\n' * 2, encoding="utf-8")
    with pytest.raises(ValueError, match="answers the same question twice"):
        load_answers(double)


def test_an_answer_may_be_for_one_detail_only(tmp_path):
    entry = '[[answer]]\npictures = ["asset/images/coffee.png"]\nasked = ["a"]\n'
    file = tmp_path / "details.toml"
    file.write_text(f'{entry}text = "any"\n{entry}detail = "low"\ntext = "at low"\n', encoding="utf-8")
    low, high = (question("a", detail=detail) for detail in ("low", "high"))
    mixed = question("a")
    mixed["messages"][0]["content"] += high["messages"][0]["content"][1:]
    with serve(answers=load_answers(file)) as api:
        said = [post(api, body).json()["choices"][0]["message"]["content"] for body in (low, high)]
        assert said == ["at low", "any"]
        assert post(api, mixed).status_code == 500, "two pictures are another question"
    file.write_text(f'{entry}detail = "low"\ntext = "at low"\n', encoding="utf-8")
    with serve(answers=load_answers(file)) as api:
        assert post(api, low).status_code == 200 and post(api, high).status_code == 500
        assert "at detail high" in api.unanswered[0]
    file.write_text(f'{entry}detail = "lwo"\ntext = "b"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="unknown detail: 'lwo'"):
        load_answers(file)


def test_acting_as_a_real_service_it_leaves_no_mark():
    with serve(acts_as="gpt-5.6-luna") as real:
        response = post(real, question())
    assert response.json()["model"] == "gpt-5.6-luna" and "x-course-source" not in response.headers

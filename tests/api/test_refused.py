"""The local API refuses what the real one refuses, in its words, and never answers by default."""

import openai
import pytest
import requests

from tests.conftest import COFFEE, data_url, question

CHAT, RESPONSES = "chat/completions", "responses"
TYPE, MISSING, VALUE = "invalid_type", "missing_required_parameter", "invalid_value"
IMAGE = {"type": "image_url", "image_url": {"url": COFFEE, "detail": "low"}}
ONE_SENTENCE = "Describe this picture in one sentence."


def asking(prompt=ONE_SENTENCE, image=None, detail="low", **more):
    """The arguments of a request to Responses about one picture."""
    image = {"image_url": COFFEE} if image is None else image
    parts = [{"type": "input_text", "text": prompt}, {"type": "input_image", "detail": detail, **image}]
    asked = {"model": "gpt-5.6-luna", "input": [{"role": "user", "content": parts}], "max_output_tokens": 300}
    return asked | more


def shown(**part):
    return said("user", [{"type": "image_url", **part}])


def said(role, content):
    return question() | {"messages": [{"role": role, "content": content}]}


def put_in(role="user", *parts, **image):
    """A request to Responses with these parts, or with a picture of these fields."""
    return asking(input=[{"role": role, "content": [*parts] or [{"type": "input_image", **image}]}])


def formatted(chosen):
    return question(response_format=chosen)


PART, INPUT, FORMAT = "messages[0].content[0]", "input[0].content[0]", "response_format"
NO_JSON = "We could not parse the JSON body of your request."
NO_PICTURE = "You uploaded an unsupported image. Please make sure your image has of one the following formats: "
ROLES = "'developer', 'system', 'user', 'assistant', 'tool', 'function'"
LIMIT, LEAST, BAD_IMAGE = "max_completion_tokens", "integer_below_min_value", "invalid_image_format"
ONLY_USERS = (
    "Invalid 'messages'. Image URLs are only allowed for messages with role 'user', but this message with role "
)
ONE_OF = f"Invalid '{INPUT}': expected exactly one of 'image_url' or 'file_id'."
# How a message of these codes begins.
BEGINS = {
    TYPE: "Invalid type for '{}': expected ",
    MISSING: "Missing required parameter: '{}'.",
    VALUE: "Invalid value: ",
}
# body, code, param, and how the message goes on or, begins anew
CHAT_REFUSED = [
    (shown(image_url=COFFEE), TYPE, f"{PART}.image_url", "an object, but got a string instead."),
    (shown(image_url={"detail": "low"}), MISSING, f"{PART}.image_url.url", ""),
    (shown(image_url={"url": 7}), TYPE, f"{PART}.image_url.url", "a string, but got an integer instead."),
    (question(detail="huge"), VALUE, "messages[0].content[1].image_url.detail", "'huge'. Supported values are: 'auto'"),
    (said("user", [{"type": "picture"}]), VALUE, f"{PART}.type", "'picture'. Supported values are: 'text', 'image_"),
    (said("user", [{"type": "input_image"}]), VALUE, f"{PART}.type", "'input_image'"),
    (said("user", [{"type": ["text"]}]), VALUE, f"{PART}.type", "['text']"),
    (said("user", ["hello"]), TYPE, PART, "an object, but got a string instead."),
    (said(["user"], "hello"), VALUE, "messages[0].role", f"['user']. Supported values are: {ROLES}."),
    (said("robot", "hi"), VALUE, "messages[0].role", "'robot'"),
    (said("system", [IMAGE]), VALUE, "messages[0]", f"{ONLY_USERS}'system' contains an image URL."),
    (said("assistant", [IMAGE]), VALUE, "messages[0]", f"{ONLY_USERS}'assistant' contains an image URL."),
    (question(messages=[{"role": "user"}]), MISSING, "messages[0].content", ""),
    (question(messages=["hi"]), TYPE, "messages[0]", "an object, but got a string instead."),
    (question(messages="hi"), TYPE, "messages", "an array of objects, but got a string instead."),
    ({"model": "m"}, MISSING, "messages", ""),
    ({"messages": []}, MISSING, "model", ""),
    (question(model=3), TYPE, "model", ""),
    (question(temperature="1"), TYPE, "temperature", "a decimal, but got a string instead."),
    (question(max_completion_tokens="5"), TYPE, LIMIT, "an integer, but got a string instead."),
    (question(max_completion_tokens=0), LEAST, LIMIT, f"Invalid '{LIMIT}': expected a value of at least 1."),
    (question(max_tokens=True), LEAST, "max_tokens", "Invalid 'max_tokens': expected a value of at least 1."),
    (question(colour="red"), None, None, "Unrecognized request argument supplied: colour"),
    *((body, None, None, NO_JSON) for body in (b"{", b"[" * 100_000, [1])),
    (question(picture="https://a.invalid/x.png"), "invalid_image_url", None, "Timeout while downloading https://a.inv"),
    *((question(picture=f"data:image/png;base64,{end}"), BAD_IMAGE, None, NO_PICTURE) for end in ("é", "!!!")),
    *((question(picture=data_url(data)), BAD_IMAGE, None, NO_PICTURE) for data in (b"hello", b"BM" * 99)),
    *((question(picture=data_url(kind=f"image/{of}")), BAD_IMAGE, None, NO_PICTURE) for of in ("jpeg", "jpg")),
    (formatted({"type": "json"}), VALUE, f"{FORMAT}.type",
     "'json'. Supported values are: 'json_object', 'json_schema', and 'text'."),
    (formatted({"type": ["json_object"]}), VALUE, f"{FORMAT}.type", "['json_object']"),
    (formatted("json_object"), TYPE, FORMAT, "an object, but got a string instead."),
    (formatted({"type": "json_schema", "name": "thing"}), MISSING, f"{FORMAT}.json_schema", ""),
    (formatted({"type": "json_schema", "json_schema": {}}), MISSING, f"{FORMAT}.json_schema.name", ""),
    (formatted({"type": "json_object"}) | {"messages": question(picture=f"{COFFEE}?json")["messages"]},
     None, "messages", "'messages' must contain the word 'json' in some form, to use 'response_format' of type "
     "'json_object'."),
]  # fmt: skip
MODE = {"text": {"format": {"type": "json_object"}}}
MOVED = "Unsupported parameter: '{}'. In the Responses API, this parameter has moved to '{}'."
RESPONSES_REFUSED = [
    (put_in(image_url={"url": COFFEE}, detail="low"), TYPE, f"{INPUT}.image_url", "an image URL, but got an object in"),
    (put_in(image_url=COFFEE), MISSING, f"{INPUT}.detail", ""),
    (asking(detail="huge"), VALUE, "input[0].content[1].detail", "'huge'"),
    (put_in(detail="low"), VALUE, INPUT, ONE_OF),
    (put_in(detail="low", image_url=COFFEE, file_id="file-1"), VALUE, INPUT, ONE_OF),
    (put_in("user", IMAGE), VALUE, f"{INPUT}.type", "'image_url'. Supported values are: 'input_text', 'input_image', "),
    (put_in("user", {"type": "picture"}), VALUE, f"{INPUT}.type", "'picture'"),
    (put_in("user", "hi"), TYPE, INPUT, "an object"),
    (put_in("assistant", image_url=COFFEE), VALUE, f"{INPUT}.type", "'input_image'"),
    (put_in("assistant", {"type": "output_text"}), MISSING, f"{INPUT}.annotations", ""),
    (asking(input=[{"role": "assistant", "id": "msg_1", "content": []}]), MISSING, "input[0].status", ""),
    (asking(input=["hi"]), TYPE, "input[0]", "an object"),
    (asking(input=[{"role": "robot", "content": "hi"}]), VALUE, "input[0].role", "'robot'"),
    (asking(input=[{"role": "user"}]), MISSING, "input[0].content", ""),
    (asking(input=7), TYPE, "input", "a string or an array of input items, but got an integer instead."),
    (asking(messages=[]), "unsupported_parameter", None, MOVED.format("messages", "input")),
    (asking(max_completion_tokens=9), "unsupported_parameter", None, MOVED.format(LIMIT, "max_output_tokens")),
    (asking(colour="red"), "unknown_parameter", "colour", "Unknown parameter: 'colour'."),
    (asking(max_output_tokens=15), LEAST, "max_output_tokens", "Invalid 'max_output_tokens': integer below minimum "
     "value. Expected a value >= 16, but got 15 instead."),
    (asking(max_output_tokens="300"), TYPE, "max_output_tokens", "an integer"),
    ({"input": "hi"}, MISSING, "model", ""),
    ({"model": "m"}, MISSING, "input", ""),
    (asking(text="json"), TYPE, "text", "an object"),
    (asking(text={"format": "json"}), TYPE, "text.format", "an object"),
    (asking(**MODE, instructions="Answer in JSON."), None, "text.format", "Response input messages must contain the "
     "word 'json' in some form to use 'text.format' of type 'json_object'."),
    (asking(image={"image_url": "https://a.invalid/x"}), "invalid_image_url", None, "Timeout while downloading https://"),
    (asking(image={"file_id": "file-lost"}), "image_file_not_found", None, "No such File object: file-lost"),
    (asking(previous_response_id="resp_lost"), "previous_response_not_found", "previous_response_id",
     "Previous response with id 'resp_lost' not found."),
    ([1], None, None, NO_JSON),
]  # fmt: skip
ROWS = [(path, *row) for path, rows in ((CHAT, CHAT_REFUSED), (RESPONSES, RESPONSES_REFUSED)) for row in rows]


@pytest.mark.parametrize(("path", "body", "code", "param", "says"), ROWS)
def test_a_wrong_body_is_refused_in_the_services_own_words(post, path, body, code, param, says):
    response = post(path, body)
    error = response.json()["error"]
    begin = "" if says.startswith("Invalid") else BEGINS.get(code, "").format(param)
    assert error["message"].startswith(begin + says)
    assert error == {"message": error["message"], "type": "invalid_request_error", "param": param, "code": code}
    assert (response.status_code, response.headers["x-course-source"]) == (400, "constructed")


def test_the_sdk_reads_the_refusals(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**shown(image_url=COFFEE))
    assert (caught.value.code, caught.value.param) == (TYPE, f"{PART}.image_url")


@pytest.mark.parametrize(
    ("key", "says", "code"),
    [
        (None, "You didn't provide an API key.", None),
        ("sk-wrong-key-0123", "Incorrect API key provided: sk-w*********0123. You can", "invalid_api_key"),
        ("sk", "Incorrect API key provided: sk****sk. You can find", "invalid_api_key"),
    ],
)
def test_the_key_is_checked(post, key, says, code):
    response = post(CHAT, question(), key=key)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (401, code) and error["message"].startswith(says)


def test_a_model_that_was_shut_down_is_not_there(client):
    with pytest.raises(openai.NotFoundError, match="The model `gpt-4-vision-preview` has been deprecated, learn more"):
        client.chat.completions.create(**question(model="gpt-4-vision-preview"))


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        (CHAT, question("Who drinks this?"), "answers.toml has no answer to ['Who drinks this?'] about pictures"),
        (RESPONSES, asking("Who drinks this?"), "answers.toml has no answer to ['Who drinks this?'] about pictures"),
        (RESPONSES, asking(background=True), "the local API failed: NotImplementedError('Responses with background')"),
        (RESPONSES, asking(input=[{"type": "item_reference", "id": "msg_1"}]), "the local API failed: NotImplemented"),
        ("embeddings", {}, "the local API has no POST /v1/embeddings"),
    ],
)
def test_what_it_cannot_answer_is_a_hole_that_is_remembered(api, post, path, body, says):
    before = len(api.unanswered)
    response = post(path, body)
    assert (response.status_code, response.headers["x-course-source"]) == (500, "constructed")
    [noted] = api.unanswered[before:]
    assert noted.startswith(says) and response.json()["error"]["message"] == noted


def test_a_picture_that_is_not_ours_is_not_there(api):
    url = COFFEE.replace("https:/", api.url)
    assert requests.get(url + "x", timeout=9).status_code == 404

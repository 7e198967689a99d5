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
LIMIT = "max_completion_tokens"
# body; what the message says, from its beginning; param; code
CHAT_REFUSED = [
    (shown(image_url=COFFEE), f"Invalid type for '{PART}.image_url': expected an object, but got a string instead.",
     f"{PART}.image_url", TYPE),
    (shown(image_url={"detail": "low"}), f"Missing required parameter: '{PART}.image_url.url'.",
     f"{PART}.image_url.url", MISSING),
    (shown(image_url={"url": 7}), f"Invalid type for '{PART}.image_url.url': expected a string, but got an integer",
     f"{PART}.image_url.url", TYPE),
    (question(detail="huge"), "Invalid value: 'huge'. Supported values are: 'auto', 'low'",
     "messages[0].content[1].image_url.detail", VALUE),
    (said("user", [{"type": "picture"}]), "Invalid value: 'picture'. Supported values are: 'text', 'image_url', ",
     f"{PART}.type", VALUE),
    (said("user", [{"type": "input_image"}]), "Invalid value: 'input_image'", f"{PART}.type", VALUE),
    (said("user", [{"type": ["text"]}]), "Invalid value: ['text']", f"{PART}.type", VALUE),
    (said("user", ["hello"]), f"Invalid type for '{PART}': expected an object, but got a string", PART, TYPE),
    (said(["user"], "hello"), f"Invalid value: ['user']. Supported values are: {ROLES}.", "messages[0].role", VALUE),
    (said("robot", "hi"), "Invalid value: 'robot'", "messages[0].role", VALUE),
    (said("system", [IMAGE]), "Invalid 'messages'. Image URLs are only allowed for messages with role 'user', but "
     "this message with role 'system' contains an image URL.", "messages[0]", VALUE),
    (said("assistant", [IMAGE]), "Invalid 'messages'. Image URLs are only", "messages[0]", VALUE),
    (question(messages=[{"role": "user"}]), "Missing required parameter: 'messages[0].content'.",
     "messages[0].content", MISSING),
    (question(messages=["hi"]), "Invalid type for 'messages[0]': expected an object, but got a str", "messages[0]",
     TYPE),
    (question(messages="hi"), "Invalid type for 'messages': expected an array of objects", "messages", TYPE),
    ({"model": "m"}, "Missing required parameter: 'messages'.", "messages", MISSING),
    ({"messages": []}, "Missing required parameter: 'model'.", "model", MISSING),
    (question(model=3), "Invalid type for 'model'", "model", TYPE),
    (question(temperature="1"), "Invalid type for 'temperature': expected a decimal, but got a string", "temperature",
     TYPE),
    (question(max_completion_tokens="5"), f"Invalid type for '{LIMIT}': expected an integer", LIMIT, TYPE),
    (question(max_completion_tokens=0), f"Invalid '{LIMIT}': expected a value of at least 1.", LIMIT,
     "integer_below_min_value"),
    (question(max_tokens=True), "Invalid 'max_tokens': expected", "max_tokens", "integer_below_min_value"),
    (question(colour="red"), "Unrecognized request argument supplied: colour", None, None),
    (b"{", NO_JSON, None, None),
    (b"[" * 100_000, NO_JSON, None, None),
    ([1], NO_JSON, None, None),
    (question(picture="https://a.invalid/x.png"), "Timeout while downloading https://a.invalid/x.png.", None,
     "invalid_image_url"),
    *((question(picture=url), NO_PICTURE, None, "invalid_image_format")
      for url in ("data:image/png;base64,é", "data:image/png;base64,!!!", data_url(b"hello"), data_url(b"BM" * 99),
                  data_url(kind="image/jpeg"), data_url(kind="image/jpg"))),
    (formatted({"type": "json"}), "Invalid value: 'json'. Supported values are: 'json_object', 'json_schema', and "
     "'text'.", f"{FORMAT}.type", VALUE),
    (formatted({"type": ["json_object"]}), "Invalid value: ['json_object']", f"{FORMAT}.type", VALUE),
    (formatted("json_object"), f"Invalid type for '{FORMAT}': expected an object, but got a str", FORMAT, TYPE),
    (formatted({"type": "json_schema", "name": "thing"}), f"Missing required parameter: '{FORMAT}.json_schema'.",
     f"{FORMAT}.json_schema", MISSING),
    (formatted({"type": "json_schema", "json_schema": {}}), f"Missing required parameter: '{FORMAT}.json_schema.name'.",
     f"{FORMAT}.json_schema.name", MISSING),
    (formatted({"type": "json_object"}) | {"messages": question(picture=f"{COFFEE}?json")["messages"]},
     "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
     "messages", None),
]  # fmt: skip
MODE = {"text": {"format": {"type": "json_object"}}}
RESPONSES_REFUSED = [
    (put_in(image_url={"url": COFFEE}, detail="low"),
     f"Invalid type for '{INPUT}.image_url': expected an image URL, but got an object instead.",
     f"{INPUT}.image_url", TYPE),
    (put_in(image_url=COFFEE), f"Missing required parameter: '{INPUT}.detail'.", f"{INPUT}.detail", MISSING),
    (asking(detail="huge"), "Invalid value: 'huge'", "input[0].content[1].detail", VALUE),
    *((put_in(**image, detail="low"), f"Invalid '{INPUT}': expected exactly one of 'image_url' or 'file_id'.", INPUT,
       VALUE) for image in ({}, {"image_url": COFFEE, "file_id": "file-1"})),
    (put_in("user", IMAGE), "Invalid value: 'image_url'. Supported values are: 'input_text', 'input_image', ",
     f"{INPUT}.type", VALUE),
    (put_in("user", {"type": "picture"}), "Invalid value: 'picture'", f"{INPUT}.type", VALUE),
    (put_in("user", "hi"), f"Invalid type for '{INPUT}': expected an object", INPUT, TYPE),
    (put_in("assistant", image_url=COFFEE), "Invalid value: 'input_image'", f"{INPUT}.type", VALUE),
    (put_in("assistant", {"type": "output_text"}), f"Missing required parameter: '{INPUT}.", f"{INPUT}.annotations",
     MISSING),
    (asking(input=[{"role": "assistant", "id": "msg_1", "content": []}]), "Missing required parameter: 'input[0].",
     "input[0].status", MISSING),
    (asking(input=["hi"]), "Invalid type for 'input[0]': expected an object", "input[0]", TYPE),
    (asking(input=[{"role": "robot", "content": "hi"}]), "Invalid value: 'robot'", "input[0].role", VALUE),
    (asking(input=[{"role": "user"}]), "Missing required parameter: 'input[0].content'", "input[0].content", MISSING),
    (asking(input=7), "Invalid type for 'input': expected a string or an array of input items, but", "input", TYPE),
    (asking(messages=[]), "Unsupported parameter: 'messages'. In the Responses API, this parameter has moved to "
     "'input'.", None, "unsupported_parameter"),
    (asking(max_completion_tokens=9), "Unsupported parameter: 'max_completion_tokens'.", None, "unsupported_parameter"),
    (asking(colour="red"), "Unknown parameter: 'colour'.", "colour", "unknown_parameter"),
    (asking(max_output_tokens=15), "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, "
     "but got 15 instead.", "max_output_tokens", "integer_below_min_value"),
    (asking(max_output_tokens="300"), "Invalid type for 'max_output_tokens': expected an integer", "max_output_tokens",
     TYPE),
    ({"input": "hi"}, "Missing required parameter: 'model'.", "model", MISSING),
    ({"model": "m"}, "Missing required parameter: 'input'.", "input", MISSING),
    (asking(text="json"), "Invalid type for 'text': expected an object", "text", TYPE),
    (asking(text={"format": "json"}), "Invalid type for 'text.format': expected an object", "text.format", TYPE),
    (asking(**MODE, instructions="Answer in JSON."), "Response input messages must contain the word 'json' in some "
     "form to use 'text.format' of type 'json_object'.", "text.format", None),
    (asking(image={"image_url": "https://a.invalid/x"}), "Timeout while downloading https://a.invalid/x.", None,
     "invalid_image_url"),
    (asking(image={"file_id": "file-lost"}), "No such File object: file-lost", None, "image_file_not_found"),
    (asking(previous_response_id="resp_lost"), "Previous response with id 'resp_lost' not found.",
     "previous_response_id", "previous_response_not_found"),
    ([1], NO_JSON, None, None),
]  # fmt: skip
ROWS = [(path, *row) for path, rows in ((CHAT, CHAT_REFUSED), (RESPONSES, RESPONSES_REFUSED)) for row in rows]


@pytest.mark.parametrize(("path", "body", "says", "param", "code"), ROWS)
def test_a_wrong_body_is_refused_in_the_services_own_words(post, path, body, says, param, code):
    response = post(path, body)
    error = response.json()["error"]
    assert error["message"].startswith(says)
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

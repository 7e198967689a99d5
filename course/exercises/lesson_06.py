"""Lesson 06: what is paid again, a request translated to Responses, the text of an answer that is whole."""

import json
from inspect import getsource
from itertools import product

from .comparing import cases_by, check_fields, check_number, check_results
from .exercise import Exercise, require
from .reading import PICTURES, as_json, read_fields


@Exercise(
    "06.1",
    expects='a dict with "by_file", "in_conversation" and "times_sent", three numbers',
    hint="Sending bytes and reading tokens are two things. Compare the tokens in of the lesson's first questions.",
    solution="""
by_file, in_conversation, times_sent = 3 * 212, 3 * 212, 1
exercises.check("06.1", {"by_file": by_file, "in_conversation": in_conversation, "times_sent": times_sent})""",
    why="the model reads the picture with each question. You save sending it, and not the tokens.",
)
def predict_what_is_saved(answer):
    by_file, conversation, times = read_fields(answer, "by_file", "in_conversation", "times_sent")
    hint = "However it gets there, the picture goes into the model once with each question, and is paid each time."
    check_number("With a file id it", by_file, 3 * 212, {}, hint)
    check_number("In a conversation it", conversation, 3 * 212, {}, hint)
    check_number("The number of times", times, 1, {}, "It is paid with each request, but which carries the data URL?")


FOR_RESPONSES = {
    '"messages": ': '"input"',
    '"role": "system"': '"instructions" beside "input"',
    '"type": "text"': '"type": "input_text"',
    '"type": "image_url"': '"type": "input_image"',
    '"image_url": {': 'the address itself as "image_url", and "detail" beside it',
}
ASKED = {"type": "input_text", "text": "Describe this picture in one sentence."}
SHOWN = {"type": "input_image", "image_url": f"{PICTURES}coffee.png", "detail": "low"}
REQUEST = {"model": ..., "instructions": "Be short.", "max_output_tokens": 500, "store": ...}


@Exercise(
    "06.2",
    expects="the arguments of client.responses.create as one dict, with five entries",
    hint="Go through the table row by row. `content` near the top is `chat_content` translated. Mind `store`.",
    solution="""
my_request = {
    "model": MODEL, "instructions": "Be short.", "max_output_tokens": 500, "store": False,
    "input": [{"role": "user", "content": content}],
}
exercises.check("06.2", my_request)""",
    why="parts have other types, the address is a string with detail beside it, the rule goes into instructions.",
)
def translate(answer):
    read_fields(answer)
    given = as_json(answer)
    text = json.dumps(given, default=repr)
    for chat, responses in FOR_RESPONSES.items():
        require(chat not in text, f"{chat.strip(': ')} was right for Chat. For Responses write {responses}.")
    parts = [SHOWN, ASKED] if text.find('"input_image"') < text.find('"input_text"') else [ASKED, SHOWN]
    check_fields(given, {"input": [{"type": ..., "role": "user", "content": parts}]} | REQUEST)
    require(given.get("model") and isinstance(given["model"], str), 'There is no "model": it stays as it was, MODEL.')
    require(given.get("store") is False, 'The service would keep it: it does so unless you say "store": False.')


def whole_text(answer):
    if answer["status"] != "completed":
        return None
    messages = [item for item in answer["output"] if item["type"] == "message"]
    parts = [part for message in messages for part in message["content"]]
    return "".join(part["text"] for part in parts if part["type"] == "output_text") or None


def _message(*texts: str) -> dict:
    content = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": content}


ENDS = (("completed", None), ("incomplete", "max_output_tokens"), ("incomplete", "content_filter"), ("failed", None))
ITEMS = {
    "a reasoning item": {"id": "rs_1", "type": "reasoning", "summary": []},
    "a text": _message("A cup."),
    "a text in two parts": _message("A cup ", "of coffee."),
    "a refusal": _message() | {"content": [{"type": "refusal", "refusal": "I can't say whose cup this is."}]},
}


@Exercise(
    "06.3",
    expects="a function that takes an answer as a dict, and returns its text or None",
    hint='Look at "status" first. Then walk through "output" as the lesson does, and join the texts you find.',
    solution=f'{getsource(whole_text)}\nexercises.check("06.3", whole_text)',
    why="only a completed answer is whole, and only parts of the type output_text in messages are its text.",
)
def write_whole_text(answer):
    answers, outputs = {}, [some for n in range(3) for some in product(ITEMS, repeat=n)]
    for (status, reason), items in product(ENDS, outputs):
        given: dict = {"object": "response", "status": status, "output": [ITEMS[item] for item in items]}
        given["incomplete_details"] = reason and {"reason": reason}
        answers[f"an answer with {' and '.join(items) or 'nothing in it'}, {reason or status}"] = (given,)
    check_results(answer, cases_by(whole_text, answers), "Only a completed answer has a text, and '' is none.")

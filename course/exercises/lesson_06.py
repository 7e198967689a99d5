"""Lesson 06: what is paid again, a request translated to Responses, the text of a stream, and whether it is whole."""

import json
from inspect import getsource
from itertools import product

from helpers.encoding import open_picture

from ..assets import ROOT
from ..recording import model
from .comparing import cases_by, check_fields, check_number, check_results
from .exercise import Exercise, require
from .reading import PICTURES, as_json, read_fields


@Exercise(
    "06.1",
    expects='a dict with "by_file", "in_conversation" and "times_sent", three numbers',
    hint="Sending bytes and reading tokens are two things. Compare the tokens in under the lesson's two questions.",
    solution="""
by_file, in_conversation, times_sent = 3 * 212, 3 * 212, 1
exercises.check("06.1", {"by_file": by_file, "in_conversation": in_conversation, "times_sent": times_sent})""",
    why="the model reads the picture with each question. You save the upload, not the tokens.",
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
REQUEST = {"instructions": "Be short.", "max_output_tokens": 500, "store": ...}


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
    itself = open_picture(ROOT / "asset" / "images" / "coffee.png").data_url  # for a server that takes no addresses
    shown = SHOWN | ({"image_url": itself} if itself in text else {})
    parts = [shown, ASKED] if text.find('"input_image"') < text.find('"input_text"') else [ASKED, shown]
    check_fields(given, {"input": [{"type": ..., "role": "user", "content": parts}], "model": model()} | REQUEST)
    require(given.get("store") is False, 'The service would keep it: it does so unless you say "store": False.')


def gather(events):
    text, is_whole = "", False
    for event in events:
        if event["type"] == "response.output_text.delta":
            text += event["delta"]
        if event["type"] == "response.completed":
            is_whole = True
    return text, is_whole


TEXT = [("output_text", "A cup "), ("output_text", "of coffee.")]
WORDS: dict[str, list] = {"no text": [], "a text": TEXT, "a refusal": [("refusal", "I can't say whose cup this is.")]}
WORDS["a thought before its text"] = [("reasoning_text", "I see"), ("reasoning_summary_text", "A cup?"), *TEXT]


def _stream(words: list, end: str) -> list[dict]:
    text = "".join(piece for kind, piece in words if kind == "output_text")
    output = [{"type": "message", "content": [{"type": "output_text", "text": text}]}] * bool(text)
    events: list[dict] = [{"type": "response.created", "response": {"status": "in_progress", "output": []}}]
    events += [{"type": f"response.{kind}.delta", "delta": piece} for kind, piece in words]
    events += [{"type": "response.output_text.done", "text": text}] * bool(text)
    last = {"type": f"response.{end}", "response": {"status": end, "output": output}}
    error = {"type": "error", "code": None, "message": "The server had an error."}
    return events + [error if end == "error" else last] * (end != "nothing")


@Exercise(
    "06.3",
    expects="a function that takes a list of events, each a dict, and returns a text and True or False",
    hint="Which type do the pieces of the text have? And which event says that nothing is missing?",
    solution=f'{getsource(gather)}\nexercises.check("06.3", gather)',
    why="only the type says what a piece belongs to, and only response.completed says that nothing is missing.",
)
def gather_a_stream(answer):
    streams: dict[str, tuple] = {"a stream without any event": ([],)}
    for (what, words), end in product(WORDS.items(), ("completed", "incomplete", "failed", "error", "nothing")):
        streams[f"a stream with {what} and {end} at its end"] = (_stream(words, end),)
    check_results(answer, cases_by(gather, streams), read=list)

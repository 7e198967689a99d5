"""Lesson 06: what is paid again, a request translated to Responses, the text of an answer that is whole."""

from .comparing import run_cases
from .exercise import Exercise, Wrong, WrongShape
from .reading import DETAILS, PICTURES, as_json, read_fields, read_number, type_name

ONE, TURNS = 212, 3
COFFEE = f"{PICTURES}coffee.png"
PROMPT, RULE, LIMIT = "Describe this picture in one sentence.", "Be short.", 500


def predict_what_is_saved(answer):
    by_file, conversation, times = map(read_number, read_fields(answer, "by_file", "in_conversation", "times_sent"))
    for value, told in (
        (by_file, "An upload saves the way, and not the tokens: the model gets the picture with each question."),
        (conversation, "What the service kept goes into the model again with each turn, and is paid again."),
    ):
        if value == ONE:
            raise Wrong(f"{ONE} is what one question costs. {told}")
        if value == ONE * TURNS * (TURNS + 1) // 2:
            raise Wrong(f"{value:g} would be right if each turn added the picture once more. It is in the conversation "
                        "once, and is read once with each question.")  # fmt: skip
        if value != ONE * TURNS:
            raise Wrong(f"It is not {value:g}. {told}")
    if times == TURNS:
        raise Wrong("The picture is paid three times and sent once: the later requests name only the answer before.")
    if times != 1:
        raise Wrong(f"Not {times:g} times. Which of the three requests carries the data URL?")
    return "Both ways cost the same tokens. What they save is the way from your machine to the service."


_NAMES = {
    "messages": "input",
    "max_completion_tokens": "max_output_tokens",
    "max_tokens": "max_output_tokens",
}


def translate(answer):
    request = as_json(answer)
    if not isinstance(request, dict):
        raise WrongShape(type_name(answer))
    for name, moved in _NAMES.items():
        if name in request:
            raise Wrong(f'"{name}" is of Chat Completions. In Responses it is "{moved}".')
    for name in ("model", "input"):
        if not request.get(name):
            raise Wrong(f'There is no "{name}" in it.')
    if unknown := sorted(set(map(str, request)) - {"model", "input", "instructions", "max_output_tokens", "store"}):
        raise Wrong(f'"{unknown[0]}" is more than was asked for. The request has five entries.')
    texts, pictures = _read_input(request["input"])
    _check_picture(pictures)
    if PROMPT not in texts:
        raise Wrong("The question is not that of the old request. Keep its words.")
    if request.get("instructions") != RULE:
        raise Wrong(f'The rule is missing, or has other words: "instructions": "{RULE}".')
    if request.get("max_output_tokens") != LIMIT or isinstance(request["max_output_tokens"], bool):
        raise Wrong(f'The limit is {LIMIT}, and is called "max_output_tokens". Yours is '
                    f"{request.get('max_output_tokens')!r:.40}.")  # fmt: skip
    if request.get("store") is not False:
        raise Wrong('The service would keep it: that is so unless you say "store": False.')
    return "The same request in the other API, and the service keeps nothing of it."


def _read_input(items) -> tuple[list[str], list[dict]]:
    if not isinstance(items, list):
        raise Wrong(f'With a picture, "input" is a list of messages: [ … ]. What came is {type_name(items)}.')
    texts, pictures = [], []
    for item in items:
        if not isinstance(item, dict) or "role" not in item:
            raise Wrong('Each item of "input" is a message here: a dict with "role" and "content".')
        if item["role"] != "user":
            raise Wrong(f'There is a message of {item["role"]!r:.20}. The rule goes into "instructions" instead.')
        if not isinstance(item.get("content"), list):
            raise Wrong('"content" is a list of parts, for the text and for the picture.')
        for part in item["content"]:
            name = part.get("type") if isinstance(part, dict) else None
            if name in ("text", "image_url"):
                right = {"text": "input_text", "image_url": "input_image"}[name]
                raise Wrong(f'A part of the type "{name}" is of Chat Completions. In Responses it is "{right}".')
            if name == "input_text" and isinstance(part.get("text"), str):
                texts.append(part["text"].strip())
            elif name == "input_image":
                pictures.append(part)
            else:
                raise Wrong(f'Each part has the type "input_text" or "input_image". One of yours is {part!r:.60}.')
    return texts, pictures


def _check_picture(pictures: list[dict]) -> None:
    if len(pictures) != 1:
        raise Wrong(f"There are {len(pictures)} pictures in it, and the old request has one.")
    (part,) = pictures
    if isinstance(part.get("image_url"), dict):
        raise Wrong('"image_url" is an object, as Chat wants it. In Responses it is the address itself, a string.')
    if part.get("image_url") != COFFEE:
        raise Wrong(f"The picture's address is {part.get('image_url')!r:.80}, and not that of the old request.")
    if "detail" not in part:
        raise Wrong('There is no "detail". It stands beside "image_url", and the SDK\'s types require it.')
    if part["detail"] not in DETAILS or part["detail"] != "low":
        raise Wrong(f'The detail is {part["detail"]!r:.20}, and was "low".')


def _answer(*texts, status="completed", before=(), reason=None, refusal=None):
    content = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    content += [{"type": "refusal", "refusal": refusal}] if refusal else []
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": status, "content": content}
    details = {"reason": reason} if reason else None
    output = [*before, *([message] if content else [])]
    return {"id": "resp_1", "object": "response", "status": status, "incomplete_details": details, "output": output}


_THOUGHT = {"id": "rs_1", "type": "reasoning", "summary": []}
CASES = {
    "an answer": (_answer("A cup."), "A cup."),
    "an answer after a reasoning item": (_answer("A cup.", before=[_THOUGHT]), "A cup."),
    "an answer in two parts": (_answer("A cup ", "of coffee."), "A cup of coffee."),
    "an answer in two messages": (_answer("of coffee.", before=_answer("A cup ")["output"]), "A cup of coffee."),
    "an answer that was cut off": (_answer("A cu", status="incomplete", reason="max_output_tokens"), None),
    "an answer that a filter cut off": (_answer("A cu", status="incomplete", reason="content_filter"), None),
    "an answer that failed": (_answer(status="failed"), None),
    "an answer without a message": (_answer(before=[_THOUGHT]), None),
    "an empty list of output": (_answer(), None),
    "a refusal": (_answer(refusal="I can't help with that."), None),
}


def whole_text(answer):
    returned = run_cases(answer, {name: (as_json(given),) for name, (given, _) in CASES.items()})
    for name, (_, want) in CASES.items():
        said = returned[name]
        if said == "" and want is None:
            raise Wrong(f"Given {name}, your function returns an empty text, and None was asked for.")
        if said != want:
            raise Wrong(f"Given {name}, your function returns {said!r:.60} and not {want!r}.")
    return "Now what is cut off, refused or empty cannot be taken for an answer."


EXERCISES = {
    "06.1": Exercise(
        predict_what_is_saved,
        predicts=True,
        expects='a dict with "by_file", "in_conversation" and "times_sent", three numbers',
        hint="Two things are saved or not: the way of the bytes to the service, and the tokens that the model reads. "
        "Compare the tokens in of the lesson's two questions by file id, and of its first and second question.",
        solution="""
by_file = 3 * 212
in_conversation = 3 * 212
times_sent = 1
exercises.check("06.1", {"by_file": by_file, "in_conversation": in_conversation, "times_sent": times_sent})
""",
        why="the model reads the picture with each question, wherever it comes from, and is paid for reading.",
    ),
    "06.2": Exercise(
        translate,
        expects="the arguments of client.responses.create as one dict, with five entries",
        hint="Go through the table from the top: each row is one change. `content` near the top of the lesson is the "
        "translation of `chat_content`. What is not to be kept says so with `store`.",
        solution="""
my_request = {
    "model": MODEL,
    "instructions": "Be short.",
    "input": [{"role": "user", "content": content}],
    "max_output_tokens": 500,
    "store": False,
}
exercises.check("06.2", my_request)
""",
        why="the parts have other types, the picture's address is a string with detail beside it, and the rule leaves "
        "the conversation.",
    ),
    "06.3": Exercise(
        whole_text,
        expects="a function that takes an answer as a dict, and returns its text or None",
        hint='Look at "status" first. Then walk through "output" as the lesson does with `requests`, and join what you '
        "find. An empty text is no text.",
        solution="""
def whole_text(answer):
    if answer["status"] != "completed":
        return None
    texts = []
    for item in answer["output"]:
        if item["type"] == "message":
            texts += [part["text"] for part in item["content"] if part["type"] == "output_text"]
    return "".join(texts) or None

exercises.check("06.3", whole_text)
""",
        why="only a completed answer is whole, and only parts of the type output_text in messages are its text.",
    ),
}

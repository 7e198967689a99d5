"""Lesson 01: what a conversation sends again, a whole request by hand, an answer that is whole."""

from itertools import pairwise
from typing import get_type_hints

from openai.types.chat import ChatCompletion
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming

from .comparing import run_cases
from .exercise import Exercise, Wrong, WrongShape
from .reading import as_json, check_rocket_question, is_blank, read_fields, read_messages, read_number, type_name


def count_the_pictures(answer):
    conversation, prediction = read_fields(answer, "messages", "pictures_paid")
    if isinstance(conversation, list) and any(isinstance(message, list) for message in conversation):
        raise Wrong("One of your messages is a list of messages. Unpack it with a star: [*conversation, …].")
    for message in conversation if isinstance(conversation, list) else ():
        if isinstance(message, dict) and isinstance(message.get("content"), dict):
            raise Wrong("That is a whole answer, or its message. The text alone is second.choices[0].message.content.")
    read = [message for message in read_messages(conversation) if message.role not in ("system", "developer")]
    turns = [place for place, message in enumerate(read) if message.role == "user"]
    if not turns or not read[turns[0]].pictures:
        raise Wrong("The first question has lost its picture. Begin with all of the lesson's conversation.")
    if any(after - before == 1 for before, after in pairwise(turns)):
        raise Wrong("Two questions follow each other. Between them stands what the model answered, as a message of "
                    "the assistant; for the second question it is second.choices[0].message.content.")  # fmt: skip
    answers = [message.texts for message in read if message.role == "assistant"]
    if ["second.choices[0].message.content"] in answers:
        raise Wrong("second.choices[0].message.content stands in quotation marks, so these very words are sent.")
    if len(answers) > 1 and answers[0] == answers[1]:
        raise Wrong("The same answer stands there twice. What the model answered to the second question is in second.")
    if read[-1].role != "user":
        raise Wrong("The conversation ends with an answer. It has to end with your new question, from the user.")
    if len(turns) != 3:
        grown = " A list that is changed in place grows with each run of a cell: build a new one."
        raise Wrong(f"Three questions are wanted, and yours has {len(turns)}.{grown if len(turns) > 3 else ''}")
    # Turn by turn everything up to its question is sent, with every picture in it.
    paid = sum(len(message.pictures) for place in turns for message in read[: place + 1])
    predicted, in_it = read_number(prediction), sum(len(message.pictures) for message in read)
    if predicted == paid:
        return (f"{paid} times: the service remembers nothing, so each turn carries all that was said, "
                "and a picture in the first question is paid with every one after it.")  # fmt: skip
    if predicted == in_it:
        raise Wrong(f"Pictures in the last request: {in_it}. But the requests before it carried pictures as well, and "
                    "each request is paid. Add up all three.")  # fmt: skip
    raise Wrong(f"It is not {predicted:g}. Write down the three requests one below the other, each with all that was "
                "said up to its question, and count the pictures in each.")  # fmt: skip


def build_a_request(answer):
    request = as_json(answer)
    if not isinstance(request, dict):
        raise WrongShape(type_name(answer))
    if not isinstance(request.get("model"), str) or not request["model"]:
        raise Wrong('There is no "model". The service does not choose one for you; the lesson has it in MODEL.')
    if (gone := {"course-sample": "only marks our samples; no service has it",
                 "gpt-4-vision-preview": "was shut down on 2024-12-06"}.get(request["model"])):  # fmt: skip
        raise Wrong(f'{request["model"]} {gone}. The lesson has a model in MODEL.')
    if is_blank(request.get("messages")):
        raise Wrong('There are no "messages".')
    read = read_messages(request["messages"])
    if read[0].role not in ("system", "developer"):
        raise Wrong("The rule is missing, or it is not the first message: its role is system (or developer).")
    asked = [message for message in read if message.role == "user"]
    if len(asked) != 1:
        raise Wrong(f"One message of the user is wanted, with the question and the picture. Yours has {len(asked)}.")
    check_rocket_question(asked[0].texts, asked[0].pictures)
    if "max_tokens" in request:
        raise Wrong('"max_tokens" is the older name of the limit, which reasoning models refuse. '
                    'Write "max_completion_tokens".')  # fmt: skip
    if "max_completion_tokens" not in request:
        other = ', not "max_output_tokens", which is of the Responses API' if "max_output_tokens" in request else ""
        raise Wrong(f'The limit is missing: without one, nothing bounds what an answer costs. It is called '
                    f'"max_completion_tokens"{other}.')  # fmt: skip
    if unknown := sorted(set(request) - _ARGUMENTS):
        raise Wrong(f'create() knows no argument "{unknown[0]}". What you want to say to the model is a message.')
    limit = request["max_completion_tokens"]
    if type(limit) is not int or limit != 200:
        raise Wrong(f"The limit is a whole number of tokens, here 200. Yours is {limit!r:.40}.")
    return "The rule stands in a message of its own, the picture with the user, and the limit bounds what you pay."


# What the SDK's create() takes.
_ARGUMENTS = {"extra_headers", "extra_query", "extra_body", "timeout", *get_type_hints(CompletionCreateParamsStreaming)}
_ARGUMENTS |= set(CompletionCreateParamsStreaming.__annotations__)


def _answers() -> dict[str, tuple[ChatCompletion, bool]]:
    """Answers as the service gives them, and whether they are whole. Made afresh, as a function may change them."""

    def one(reason, content, refusal=None):
        message = {"role": "assistant", "content": content, "refusal": refusal}
        choice = {"index": 0, "finish_reason": reason, "message": message, "logprobs": None}
        return ChatCompletion.model_validate(
            {"id": "chatcmpl-exercise", "object": "chat.completion", "created": 0, "model": "none", "choices": [choice]}
        )

    return {
        'an answer that ended with "stop"': (one("stop", "A rocket on its launch pad."), True),
        "a short answer, whole all the same": (one("stop", "No"), True),
        'an answer that was cut off ("length")': (one("length", "A tall white rocket stands upright."), False),
        'an answer with something left out ("content_filter")': (one("content_filter", "A rocket."), False),
        'an answer that ended with "stop" and has the empty text ""': (one("stop", ""), False),
        'an answer that ended with "stop" and whose content is None': (one("stop", None), False),
        "a refusal (content None, the sentence is under refusal)": (one("stop", None, "I can't do that."), False),
        "an answer whose limit was used up before the first word": (one("length", ""), False),
    }


def whole_answers_only(answer):
    cases = _answers()
    returned = run_cases(answer, {name: (case,) for name, (case, _) in cases.items()})
    for name, (_, whole) in cases.items():
        if isinstance(returned[name], str) and returned[name].lower() in ("true", "false"):
            raise Wrong("Your function returns a text. True and False are written without quotation marks.")
        if bool(returned[name]) != whole:
            raise Wrong(f"Given {name}, your function says {bool(returned[name])}, and it should say {whole}.")
    return ("The reason alone is not enough, for a refusal ends with stop as well; nor is the text, for one that is "
            "cut off looks like any other.")  # fmt: skip


EXERCISES = {
    "01.1": Exercise(
        count_the_pictures,
        predicts=True,
        expects='a dict with "messages", your conversation, and "pictures_paid", a number',
        hint="Your list is the last of three requests. What did the first carry, and the second? "
        "The model's answer to the second question is second.choices[0].message.content.",
        solution="""
my_conversation = [
    *conversation,
    {"role": "assistant", "content": second.choices[0].message.content},
    {"role": "user", "content": "How many towers do you see?"},
]
my_prediction = 3
exercises.check("01.1", {"messages": my_conversation, "pictures_paid": my_prediction})
""",
        why="three requests were sent, and each carried the first message with its picture.",
    ),
    "01.2": Exercise(
        build_a_request,
        expects='the arguments as one dict: "model", "messages" and the limit',
        hint="The cell with the ten words has all but the detail and the limit. Where may a picture stand, and what "
        "is the limit called today?",
        solution="""
my_request = {
    "model": MODEL,
    "messages": [
        {"role": "system", "content": "You answer in one sentence."},
        {"role": "user", "content": [
            {"type": "text", "text": "What is the weather like?"},
            {"type": "image_url", "image_url": {"url": ROCKET, "detail": "high"}},
        ]},
    ],
    "max_completion_tokens": 200,
}
exercises.check("01.2", my_request)
""",
        why="rules come from the system, pictures from the user, and the limit has its name of today.",
    ),
    "01.3": Exercise(
        whole_answers_only,
        expects="a function that takes an answer and returns True or False",
        hint="Two questions, and both must be answered with yes: did the model stop by itself "
        "(answer.choices[0].finish_reason), and is there a text (…message.content)?",
        solution="""
def is_whole(answer):
    choice = answer.choices[0]
    return choice.finish_reason == "stop" and bool(choice.message.content)

exercises.check("01.3", is_whole)
""",
        why="stop says that nothing is missing at the end, and a text that is None or empty is no answer.",
    ),
}

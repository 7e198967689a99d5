"""Lesson 01: what a conversation sends again, a whole request by hand, an answer that is whole."""

from inspect import signature

from openai.resources.chat import Completions
from openai.types.chat import ChatCompletion

from .comparing import check_number, check_results
from .exercise import Exercise, require
from .reading import as_json, check_rocket_question, read_fields, read_messages


def count_the_pictures(answer):
    conversation, prediction = read_fields(answer, "messages", "pictures_paid")
    read = [message for message in read_messages(conversation) if message.role not in ("system", "developer")]
    require(read[:1] and read[0].pictures, "The first question has lost its picture: begin with all of conversation.")
    roles, wanted = ", ".join(message.role for message in read), "user, assistant, user, assistant, user"
    grown = " A list that is changed in place grows with each run of a cell: build a new one." * (len(read) > 5)
    require(roles == wanted, f"Questions and answers take turns: {wanted}. Yours are: {roles}.{grown}")
    require(read[1].texts != read[3].texts, "The same answer stands there twice. The second one is in second.")
    code = "second.choices[0].message.content"
    require(read[3].texts != [code], f"{code} stands in quotation marks, so these very words are sent.")
    # Turn by turn everything up to its question is sent, with every picture in it.
    *_, last = paid = [sum(len(message.pictures) for message in read[: place + 1]) for place in (0, 2, 4)]
    slip = f"Pictures in the last request: {last}. The two before it carried pictures as well: add up all three."
    hint = "Write down the three requests, each with all that was said up to its question, and count their pictures."
    check_number("It", prediction, sum(paid), {last: slip}, hint)


GONE = {"course-sample": "only marks our samples", "gpt-4-vision-preview": "was shut down on 2024-12-06"}
PARAMETERS = signature(Completions.create).parameters  # what the SDK takes


def build_a_request(answer):
    (model, messages), request = read_fields(answer, "model", "messages"), as_json(answer)
    gone = GONE.get(model) if isinstance(model, str) else "is no name of a model"
    require(not gone, f"{model!r:.40} {gone}. The lesson has a model in MODEL.")
    rule, *rest = read_messages(messages)
    first = rule.role in ("system", "developer")
    require(first, "The rule is missing, or it is not the first message: its role is system (or developer).")
    asked = [message for message in rest if message.role == "user"]
    require(len(asked) == 1, f"One message of the user is wanted, with question and picture. Yours has {len(asked)}.")
    check_rocket_question(asked[0].texts, asked[0].pictures)
    old = "max_tokens" in request
    require(not old, '"max_tokens" is the older name, which reasoning models refuse. Write "max_completion_tokens".')
    for name in request:
        slip = ": that is of the Responses API" if name == "max_output_tokens" else ""
        require(name in PARAMETERS, f'create() knows no argument "{name}"{slip}.')
    limit = request.get("max_completion_tokens")
    right = type(limit) is int and limit == 200
    require(right, f'"max_completion_tokens" is to be 200, a whole number of tokens. Yours is {limit!r:.40}.')


def _answer(reason, content, refusal=None) -> tuple[ChatCompletion]:
    message = {"role": "assistant", "content": content, "refusal": refusal}
    choice = {"index": 0, "finish_reason": reason, "message": message, "logprobs": None}
    answer = {"id": "none", "object": "chat.completion", "created": 0, "model": "none", "choices": [choice]}
    return (ChatCompletion.model_validate(answer),)


# Answers as the service gives them, and whether they are whole.
CASES = {
    'an answer that ended with "stop"': (_answer("stop", "A rocket on its launch pad."), True),
    "a short answer, whole all the same": (_answer("stop", "No"), True),
    'an answer that was cut off ("length")': (_answer("length", "A tall white rocket stands upright."), False),
    'an answer with something left out ("content_filter")': (_answer("content_filter", "A rocket."), False),
    'an answer that ended with "stop" and has the empty text ""': (_answer("stop", ""), False),
    'an answer that ended with "stop" and whose content is None': (_answer("stop", None), False),
    "a refusal (content None, the sentence is under refusal)": (_answer("stop", None, "I can't do that."), False),
    "an answer whose limit was used up before the first word": (_answer("length", ""), False),
}


def whole_answers_only(answer):
    check_results(answer, CASES, read=bool)


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
exercises.check("01.1", {"messages": my_conversation, "pictures_paid": my_prediction})""",
        why="the service remembers nothing: each of the three requests carried all that was said, with its pictures.",
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
exercises.check("01.2", my_request)""",
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

exercises.check("01.3", is_whole)""",
        why="stop says that nothing is missing at the end, and a text that is None or empty is no answer.",
    ),
}

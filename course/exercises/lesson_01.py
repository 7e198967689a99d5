"""Lesson 01: what a conversation sends again, a whole request by hand, an answer that is whole."""

from inspect import getsource, signature
from itertools import product

from openai.resources.chat import Completions
from openai.types.chat import ChatCompletion

from .comparing import cases_by, check_number, check_results, make_answer
from .exercise import Exercise, require
from .reading import as_json, check_rocket_question, read_fields, read_messages


@Exercise(
    "01.1",
    expects='a dict with "messages", your conversation, and "pictures_paid", a number',
    hint="Your list is the last of three requests. What did the first carry, and the second?",
    solution="""
my_conversation = [
    *conversation,
    {"role": "assistant", "content": second.choices[0].message.content},
    {"role": "user", "content": "How many towers do you see?"},
]
my_prediction = 3
exercises.check("01.1", {"messages": my_conversation, "pictures_paid": my_prediction})""",
    why="the service remembers nothing: each of the three requests carried all that was said, with its pictures.",
)
def count_the_pictures(answer):
    conversation, prediction = read_fields(answer, "messages", "pictures_paid")
    read = [message for message in read_messages(conversation) if message.role not in ("system", "developer")]
    require(read[:1] and read[0].pictures, "The first question has lost its picture: begin with all of conversation.")
    roles, wanted = ", ".join(message.role for message in read), "user, assistant, user, assistant, user"
    grown = " A list that is changed in place grows with each run of a cell: build a new one." * (len(read) > 5)
    require(roles == wanted, f"Questions and answers take turns: {wanted}. Yours are: {roles}.{grown}")
    require(read[1].texts != read[3].texts, "The same answer stands there twice. The second one is in second.")
    quoted = read[3].texts == ["second.choices[0].message.content"]
    require(not quoted, "The answer stands in quotation marks, so these very words are sent.")
    # Turn by turn everything up to its question is sent, with every picture in it.
    paid = [sum(len(message.pictures) for message in read[:end]) for end in (1, 3, 5)]
    hint = f"Pictures in the last request: {paid[-1]}. The two before it carried pictures as well: add up all three."
    check_number("It", prediction, sum(paid), {}, hint)


GONE = ("course-sample", "gpt-4-vision-preview")  # one marks the course's samples, one was shut down on 2024-12-06
OTHER = {"max_tokens": "is the older name", "max_output_tokens": "is of the Responses API"}


@Exercise(
    "01.2",
    expects='the arguments as one dict: "model", "messages" and the limit',
    hint="The cell with the ten words has all but the detail and the limit. What is the limit called today?",
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
)
def build_a_request(answer):
    (model, messages), request = read_fields(answer, "model", "messages"), as_json(answer)
    named = isinstance(model, str) and model not in GONE
    require(named, f"{model!r:.40} is not the name of a model that can be asked. The lesson has one in MODEL.")
    rule, *rest = read_messages(messages)
    require(rule.role in ("system", "developer"), "The rule (role system) is missing, or not the first message.")
    asked = [message for message in rest if message.role == "user"]
    require(len(asked) == 1, f"One message of the user is wanted, with question and picture. Yours has {len(asked)}.")
    check_rocket_question(asked[0].texts, asked[0].pictures)
    for name in request:
        require(name not in OTHER, f'"{name}" {OTHER.get(name)}. Write "max_completion_tokens".')
        require(name in signature(Completions.create).parameters, f'create() knows no argument "{name}".')
    limit = request.get("max_completion_tokens")
    require(type(limit) is int and limit == 200, f'"max_completion_tokens" is to be 200. Yours is {limit!r:.40}.')


def is_whole(answer):
    choice = answer.choices[0]
    return choice.finish_reason == "stop" and bool(choice.message.content)


@Exercise(
    "01.3",
    expects="a function that takes an answer and returns True or False",
    hint="Did the model stop by itself (answer.choices[0].finish_reason), and is there a text?",
    solution=f'{getsource(is_whole)}\nexercises.check("01.3", is_whole)',
    why="stop says that nothing is missing at the end, and a text that is None or empty is no answer.",
)
def whole_answers_only(answer):
    answers = {}
    for reason, text in product(("stop", "length", "content_filter"), ("A rocket.", "No", "", None)):
        made = ChatCompletion.model_validate(make_answer({}, reason=reason, text=text))
        answers[f"an answer that ended with {reason!r} and has the text {text!r}"] = (made,)
    check_results(answer, cases_by(is_whole, answers), read=bool)

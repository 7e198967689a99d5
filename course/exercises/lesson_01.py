"""Lesson 01: what a conversation sends again, a whole request by hand, a conversation that grows by a turn."""

from functools import partial
from inspect import getsource, signature

from openai.resources.chat import Completions
from openai.types.chat import ChatCompletion

from .comparing import check_number, check_results, make_answer
from .exercise import Exercise, require
from .reading import ROCKET, as_json, check_rocket_question, read_fields, read_messages


@Exercise(
    "01.1",
    expects='a dict with "pictures" and "messages", two numbers',
    hint="Write down for each of the three requests which messages it carries: question, answer, question, …",
    solution="""
my_pictures = 3
my_messages = 1 + 3 + 5  # 9
exercises.check("01.1", {"pictures": my_pictures, "messages": my_messages})""",
    why="Chat Completions remembers nothing: each request carries all that was said before it, and the picture.",
)
def predict_a_conversation(answer):
    pictures, messages = read_fields(answer, "pictures", "messages")
    hint = "Each of the three requests carries all that was said before it. Count what each carries, then add up."
    check_number("The number of pictures", pictures, 3, {}, hint)
    check_number("The number of messages", messages, 9, {}, hint)


# One marks the course's samples, one was shut down on 2024-12-06, one is the variable in quotation marks.
GONE = ("course-sample", "gpt-4-vision-preview", "MODEL")
ARGUMENTS = set(signature(Completions.create).parameters) - {"self"}
OTHER = {"max_tokens": "is the older name", "max_output_tokens": "is of the Responses API"}


@Exercise(
    "01.2",
    expects='the arguments as one dict: "model", "messages" and the limit',
    hint="The cell with the ten words has all but the detail and the limit. What is the limit called today?",
    solution="""
rule = {"role": "system", "content": "You answer in one sentence."}
my_content = [{"type": "text", "text": "What is the weather like?"}]
my_content += [{"type": "image_url", "image_url": {"url": ROCKET, "detail": "high"}}]
my_messages = [rule, {"role": "user", "content": my_content}]
my_request = {"model": MODEL, "messages": my_messages, "max_completion_tokens": 200}
exercises.check("01.2", my_request)""",
    why="rules come from the system, pictures from the user, and the limit has its name of today.",
)
def build_a_request(answer):
    (model, messages), request = read_fields(answer, "model", "messages"), as_json(answer)
    named = isinstance(model, str) and model not in GONE
    require(named, f"{model!r:.40} is not the name of a model that can be asked. Write MODEL, unquoted.")
    rule, *rest = read_messages(messages)
    require(rule.role in ("system", "developer"), "The rule (role system) is missing, or not the first message.")
    asked = [message for message in rest if message.role == "user"]
    require(len(asked) == 1, f"One message of the user is wanted, with question and picture. Yours has {len(asked)}.")
    require(len(rest) == 1, "After the rule comes the question, and nothing else: the model has not answered yet.")
    check_rocket_question(asked[0].texts, asked[0].pictures)
    for name in request:
        require(name not in OTHER, f'"{name}" {OTHER.get(name)}. Write "max_completion_tokens".')
        require(name in ARGUMENTS, f'create() knows no argument "{name}".')
    limit = request.get("max_completion_tokens")
    require(type(limit) is int and limit == 200, f'"max_completion_tokens" is to be 200. Yours is {limit!r:.40}.')


def go_on(conversation, answer, question):
    said = {"role": "assistant", "content": answer.choices[0].message.content}
    return [*conversation, said, {"role": "user", "content": question}]


def _check_talk(wanted: list[dict], talk) -> None:
    given, said = read_messages(talk), read_messages(wanted)
    came, roles = (", ".join(message.role for message in some) for some in (given, said))
    require(came == roles, f"The roles of its messages are to be: {roles}. Yours are: {came}.")
    require(given[:-2] == said[:-2], "What was said before is not all there. Begin with the whole conversation.")
    require(given[-2] == said[-2], f"The text of the first choice is wanted. The assistant says {given[-2].texts}.")
    require(given[-1] == said[-1], f"The question at the end is not the one it was given: {given[-1].texts}.")


@Exercise(
    "01.3",
    expects="a function of a conversation, an answer and a question that returns a list of messages",
    hint="`conversation` in the lesson is made of `messages` in the same way. Square brackets make a new list.",
    solution=f'{getsource(go_on)}\nexercises.check("01.3", go_on)',
    why="a new list leaves the old one as it was, so a cell that runs twice does not add a turn twice.",
)
def add_a_turn(answer):
    picture = {"type": "image_url", "image_url": {"url": ROCKET, "detail": "low"}}
    talk: list[dict] = [{"role": "user", "content": [{"type": "text", "text": "What is it?"}, picture]}]
    longer = [*talk, {"role": "assistant", "content": "A rocket."}, {"role": "user", "content": "Noon?"}]
    second = {"message": {"role": "assistant", "content": "Yes."}}
    cases: dict[str, tuple] = {}
    for before, text, question, *beside in ((talk, "A rocket.", "Noon?"), (longer, "No.", "Why?", second)):
        given = (before, ChatCompletion.model_validate(make_answer({}, *beside, text=text)), question)
        cases[f"a conversation with messages: {len(before)}"] = (given, partial(_check_talk, go_on(*given)))
    check_results(answer, cases)

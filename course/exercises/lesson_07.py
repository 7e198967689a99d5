"""Lesson 07: which errors are worth a retry, what a filter held back, whether an answer may be used."""

import re

from openai.types.chat import ChatCompletion

from .comparing import run_cases
from .exercise import Exercise, Wrong, WrongShape
from .reading import as_json, type_name

# Why each of the six errors is worth a second try, or is not.
RETRY = {
    "b": "b passes by itself: too much in too short a time.",
    "d": "d is the service's own trouble, which mostly passes.",
    "f": "f is the wire: perhaps the next answer comes in time.",
}
NO_RETRY = {
    "a": "With a, the same key is refused again, however often you ask.",
    "c": "c has the status of b, but look at its code: the money is spent.",
    "e": "With e, the same prompt gets the same verdict.",
}


def predict_retries(answer):
    given = as_json(answer)
    if isinstance(given, str):
        given = re.split(r"[\s,;]+", given.strip()) if re.search(r"[\s,;]", given) else list(given)
    if not isinstance(given, (list, set, frozenset, dict)):
        raise WrongShape(type_name(answer))
    letters = {str(letter).strip().lower() for letter in given}
    if unknown := sorted(letters - {*RETRY, *NO_RETRY}):
        raise Wrong(f"There is no error {unknown[0]!r:.20}. Their letters are a, b, c, d, e and f.")
    for letter in sorted(letters & set(NO_RETRY)):
        raise Wrong(f"One of yours is not worth a retry. {NO_RETRY[letter]}")
    for letter in sorted(set(RETRY) - letters):
        raise Wrong(f"One is missing. {RETRY[letter]}")
    return "A retry helps where time helps: against haste, trouble at the service, and the wire."


def _found(**severities) -> dict:
    """Azure's results for the four categories: `violence="medium"` is not filtered, `violence="medium!"` is."""
    said = {name: severities.get(name, "safe") for name in ("hate", "self_harm", "sexual", "violence")}
    return {name: {"filtered": how.endswith("!"), "severity": how.rstrip("!")} for name, how in said.items()}


def _of_azure(prompt: dict | None, *choices: dict | None, reason: str = "stop") -> dict:
    """An answer as `response.json()` gives it, with these results for the prompt and each choice (None: left out)."""
    answer = {"id": "chatcmpl-exercise", "object": "chat.completion", "created": 0, "model": "none", "choices": []}
    for index, results in enumerate(choices):
        message = {"role": "assistant", "content": "A cup.", "refusal": None}
        choice = {"index": index, "message": message, "finish_reason": reason, "logprobs": None}
        answer["choices"].append(choice | ({} if results is None else {"content_filter_results": results}))
    if prompt is not None:
        answer["prompt_filter_results"] = [{"prompt_index": 0, "content_filter_results": prompt}]
    return answer


_JAILBREAK = {"jailbreak": {"filtered": True, "detected": True}}
# name: the answer, what was filtered in its prompt, and in itself. Made afresh, as a function may change them.
_FILTERED = {
    "an answer in which all is safe": (lambda: _of_azure(_found(), _found()), [], []),
    "an answer that was held back": (
        lambda: _of_azure(_found(), _found(violence="medium!"), reason="content_filter"), [], ["violence"]),
    "two categories in the prompt": (
        lambda: _of_azure(_found(hate="high!", sexual="medium!"), _found()), ["hate", "sexual"], []),
    "something in both": (
        lambda: _of_azure(_found(self_harm="medium!"), _found(hate="high!")), ["self_harm"], ["hate"]),
    "a severity that was let through (medium, but filtered is False)": (
        lambda: _of_azure(_found(violence="medium"), _found(violence="low")), [], []),
    "strict settings (low, and filtered is True)": (lambda: _of_azure(_found(), _found(sexual="low!")), [], ["sexual"]),
    "a jailbreak, which has no severity": (
        lambda: _of_azure(_found() | _JAILBREAK, _found()), ["jailbreak"], []),
    "two choices, of which the second is filtered": (
        lambda: _of_azure(_found(), _found(), _found(hate="medium!")), [], ["hate"]),
    "no choices": (lambda: _of_azure(_found()), [], []),
    "an answer of OpenAI's own service, without any results": (lambda: _of_azure(None, None), [], []),
}  # fmt: skip


def read_the_filters(answer):
    returned = run_cases(answer, {name: (make(),) for name, (make, _, _) in _FILTERED.items()})
    for name, (_, prompt, said) in _FILTERED.items():
        given = returned[name]
        if isinstance(given, dict) and len(given) == 2:
            given = list(given.values())
        if not isinstance(given, (list, tuple)) or len(given) != 2:
            raise Wrong(f"Your function is to return two lists. Given {name}, it returns {returned[name]!r:.60}.")
        for what, got, want in (("prompt", given[0], prompt), ("answer", given[1], said)):
            if isinstance(got, str) or not isinstance(got, (list, tuple, set, frozenset, dict)):
                came = type_name(got)
                raise Wrong(f"A list of names is wanted for the {what}. Given {name}, what comes is {came}.")
            if sorted(map(str, got)) != sorted(want):
                told = ", ".join(want) or "nothing"
                raise Wrong(f"Given {name}, {told} was filtered in the {what}, and yours says {list(got)!r:.60}.")
    return "It reads what was held back, and not what was merely noticed, wherever the answer comes from."


def _answers() -> dict[str, tuple[ChatCompletion, str]]:
    """Answers as the service gives them, and what is to be said of each."""

    def one(*choices):
        parts = [
            {"index": n, "finish_reason": reason, "logprobs": None,
             "message": {"role": "assistant", "content": content, "refusal": refusal}}
            for n, (reason, content, refusal) in enumerate(choices)
        ]  # fmt: skip
        return ChatCompletion.model_validate(
            {"id": "chatcmpl-exercise", "object": "chat.completion", "created": 0, "model": "none", "choices": parts}
        )

    return {
        "a whole answer": (one(("stop", "A cup on a saucer.", None)), "use"),
        "a short answer, whole all the same": (one(("stop", "No", None)), "use"),
        "an answer without choices": (one(), "no choices"),
        "a refusal (its reason is stop)": (one(("stop", None, "I can't say whose cup this is.")), "refused"),
        "an answer that a filter held back, with some text": (one(("content_filter", "A cup", None)), "filtered"),
        "an answer that a filter held back, without text": (one(("content_filter", None, None)), "filtered"),
        "an answer that the limit cut off": (one(("length", "A cup on a", None)), "cut off"),
        "an answer whose limit went before the first word": (one(("length", "", None)), "cut off"),
        'an answer that ended with "stop" and has the text ""': (one(("stop", "", None)), "empty"),
        'an answer that ended with "stop" and whose content is None': (one(("stop", None, None)), "empty"),
        "an answer that is nothing but a line break": (one(("stop", "\n", None)), "empty"),
    }


def say_whether_it_may_be_used(answer):
    cases = _answers()
    returned = run_cases(answer, {name: (case,) for name, (case, _) in cases.items()})
    for name, (_, want) in cases.items():
        said = returned[name]
        if not isinstance(said, str):
            raise Wrong(f'Given {name}, your function returns {said!r:.40}. It is to return a text, here "{want}".')
        if said.strip().lower() != want:
            raise Wrong(f'Given {name}, your function says "{said:.40}", and it should say "{want}".')
    return "Six outcomes, five of them with status 200 and no exception: now a program can tell them apart."


EXERCISES = {
    "07.1": Exercise(
        predict_retries,
        predicts=True,
        expects="a list of letters",
        hint="Ask of each: does anything change by waiting? Two of them have the same status, and only the code tells "
        "them apart.",
        solution="""
my_retries = ["b", "d", "f"]
exercises.check("07.1", my_retries)
""",
        why="a key, an empty account and a verdict do not change by waiting; haste, an overloaded service and a slow "
        "wire do.",
    ),
    "07.2": Exercise(
        read_the_filters,
        expects="a function of an answer, a dict, that returns two lists of names",
        hint='answer.get("prompt_filter_results", []) is a list with one entry a prompt, and each choice may have '
        'content_filter_results. Go through .items() of the results and keep the names whose "filtered" is true.',
        solution="""
def names(results):
    return [name for name, found in results.items() if found.get("filtered")]

def filtered(answer):
    prompt, said = [], []
    for entry in answer.get("prompt_filter_results", []):
        prompt += names(entry["content_filter_results"])
    for choice in answer["choices"]:
        said += names(choice.get("content_filter_results", {}))
    return prompt, said

exercises.check("07.2", filtered)
""",
        why="get with an empty list or dict makes the same function fit for answers of OpenAI, which have no results.",
    ),
    "07.3": Exercise(
        say_whether_it_may_be_used,
        expects="a function of an answer that returns one of six texts",
        hint="Begin with answer.choices: is there one? Then go through the list in its order, one if and one return "
        "each. A text of white space alone is none: strip() it.",
        solution="""
def whole(answer):
    if not answer.choices:
        return "no choices"
    choice = answer.choices[0]
    if choice.message.refusal:
        return "refused"
    if choice.finish_reason == "content_filter":
        return "filtered"
    if choice.finish_reason == "length":
        return "cut off"
    if not (choice.message.content or "").strip():
        return "empty"
    return "use"

exercises.check("07.3", whole)
""",
        why="each return answers one question, and what is left at the end has passed them all.",
    ),
}

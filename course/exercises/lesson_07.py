"""Lesson 07: which errors are worth a retry, what a filter held back, whether an answer may be used."""

from inspect import getsource
from itertools import product

from openai.types.chat import ChatCompletion

from .comparing import cases_by, check_letters, check_results, make_answer
from .exercise import Exercise

WHY = {
    "a": "Not worth a retry: with a, the same key is refused again, however often you ask.",
    "b": "One is missing: b passes by itself. It was too much in too short a time.",
    "c": "Not worth a retry: c has the status of b, but look at its code: the money is spent.",
    "d": "One is missing: d is the service's own trouble, which mostly passes.",
    "e": "Not worth a retry: with e, the same prompt gets the same verdict.",
    "f": "One is missing: f is the wire. Perhaps the next answer comes in time.",
}


@Exercise(
    "07.1",
    expects="a list of letters",
    hint="Ask of each: does waiting change anything? Two have the same status, and only the code tells them apart.",
    solution='my_retries = ["b", "d", "f"]\nexercises.check("07.1", my_retries)',
    why="waiting changes no key, account or verdict, but it does help with haste, overload and a slow wire.",
)
def predict_retries(answer):
    check_letters(answer, set("bdf"), WHY)


def names(entries):
    found = [item for entry in entries for item in entry.get("content_filter_results", {}).items()]
    return [name for name, verdict in found if verdict.get("filtered")]


def filtered(answer):
    return names(answer.get("prompt_filter_results", [])), names(answer["choices"])


# What Azure's filters found.
NOTICED, HELD = {"filtered": False, "severity": "medium"}, {"filtered": True, "severity": "low"}
SAFE = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")}
FOUND = {
    "nothing": SAFE,
    "violence": SAFE | {"violence": HELD},
    "two categories": SAFE | {"hate": HELD, "sexual": HELD},
    "violence noticed and let through": SAFE | {"violence": NOTICED},
    "a jailbreak, which has no severity": SAFE | {"jailbreak": {"filtered": True, "detected": True}},
}


@Exercise(
    "07.2",
    expects="a function of an answer, a dict, that returns two lists of names",
    hint='Go through the .items() of all "content_filter_results". `get` gives [] or {} where there is nothing.',
    solution=f'{getsource(names)}\n{getsource(filtered)}\nexercises.check("07.2", filtered)',
    why="get with an empty list or dict makes the same function fit for answers of OpenAI, which have no results.",
)
def read_the_filters(answer):
    answers = {"an answer of OpenAI's own service, without any results": (make_answer({}),)}
    for before, after in product(FOUND, FOUND):
        choices = [{"content_filter_results": FOUND[what]} for what in ("nothing", after, "nothing")]
        prompt = [{"prompt_index": n, "content_filter_results": FOUND[w]} for n, w in enumerate(("nothing", before))]
        given = make_answer(*choices, prompt_filter_results=prompt)
        answers[f"an answer with {after} in its second choice and {before} in its prompt"] = (given,)
    answers["an answer without choices"] = (given | {"choices": []},)
    check_results(answer, cases_by(filtered, answers), read=_sorted_names)


def _sorted_names(pair):
    return [sorted(map(str, names)) for names in (pair.values() if isinstance(pair, dict) else pair)]


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


@Exercise(
    "07.3",
    expects="a function of an answer that returns one of six texts",
    hint="Begin with answer.choices. Then go through the list in its order, one if and one return each.",
    solution=f'{getsource(whole)}\nexercises.check("07.3", whole)',
    why="each return answers one question, and what is left has passed them all: six outcomes, no exception.",
)
def say_whether_it_may_be_used(answer):
    answers = {"an answer without choices": make_answer()}
    reasons = ("stop", "length", "content_filter")
    texts, refusals = ("A cup.", "No", "", "\n", None), (None, "I can't say whose cup this is.")
    for after, reason, text, refusal in product((None, "stop", "length"), reasons, texts, refusals):
        what = f"an answer with the reason {reason!r}, the text {text!r} and the refusal {refusal!r}"
        what += f", then a choice with {after!r}" * bool(after)
        second = [{"message": {"role": "assistant", "content": "Tea."}, "finish_reason": after}] * bool(after)
        answers[what] = make_answer({}, *second, reason=reason, text=text, refusal=refusal)
    cases = cases_by(whole, {what: (ChatCompletion.model_validate(made),) for what, made in answers.items()})
    check_results(answer, cases, read=lambda text: text.strip().lower())

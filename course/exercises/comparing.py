"""Compare what a learner hands in with what is wanted: a number, the fields of a request, a function's results.

Each check returns when all is well and raises `Wrong` with a reason when not. `slips` maps the wrong values that people
really give to the sentence that helps with each; `hint` is the sentence for all others.
"""

import re
from collections.abc import Callable
from copy import deepcopy
from difflib import get_close_matches

from PIL import Image, ImageChops, ImageStat

from .exercise import Wrong, WrongShape, require
from .reading import as_json, is_blank, read_number, type_name


def _short(value) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:44]} … {text[-13:]}"


def is_close(value: float, truth: float, percent: float = 1) -> bool:
    """Say whether a number is the truth within a tolerance."""
    return abs(value - truth) <= abs(truth) * percent / 100


def check_number(what: str, value, truth: float, slips: dict, hint: str = "", percent: float = 0) -> None:
    """Refuse a number that is more than some percent off the truth; `what` begins the reason: "The length"."""
    value = read_number(value)
    if not is_close(value, truth, percent):
        slip = next((reason for wrong, reason in slips.items() if is_close(value, wrong, percent)), hint)
        said = f"{what} is not {value:,.10g}."
        raise Wrong(f"{said} {slip}".strip())


def check_letters(given, right: set[str], reasons: dict[str, str]) -> None:
    """Refuse a choice of letters, a list or a text, at the first that is wrong or missing; `reasons` has them all."""
    given = re.findall(r"[^\s,;]", given) if isinstance(given, str) else as_json(given)
    if not isinstance(given, (list, set, frozenset, dict)):
        raise WrongShape(type_name(given))
    if wrong := sorted({str(one).strip().lower() for one in given} ^ right):
        raise Wrong(reasons.get(wrong[0], f"There is no {wrong[0]!r:.20}. The letters are: {', '.join(reasons)}."))


def check_fields(given, wanted, where: str = "") -> None:
    """Refuse a request at its first difference from the wanted one, in which `...` stands for anything or nothing."""
    place = f"{where} of your answer" if where else "your answer"
    if isinstance(wanted, dict):
        require(isinstance(given, dict), f"{where} is to be a dict. What came is {type_name(given)}.")
        for name in given:
            near = "".join(f' Do you mean "{near}"?' for near in get_close_matches(str(name), wanted, 1))
            require(name in wanted, f'"{name}" does not belong in {place}.{near}')
        for name, value in wanted.items():
            require(value is ... or name in given, f'"{name}" is missing in {place}.')
            check_fields(given.get(name), value, f'{where}["{name}"]')
    elif isinstance(wanted, list):
        came = f"a list of {len(given)}" if isinstance(given, list) else type_name(given)
        require(came == f"a list of {len(wanted)}", f"{where} is to be a list of {len(wanted)}. What came is {came}.")
        for n, value in enumerate(wanted):
            check_fields(given[n], value, f"{where}[{n}]")
    elif wanted is not ...:
        same = type(given) is type(wanted) and given == wanted
        require(same, f"{where} is {_short(given)}. The exercise asks for {wanted!r}.")


def picture_difference(one: Image.Image, other: Image.Image) -> float:
    """Return how much the colours of two pictures differ, 0 to 255, whatever their sizes."""
    small = [picture.convert("RGB").resize((64, 64)) for picture in (one, other)]
    return sum(ImageStat.Stat(ImageChops.difference(*small)).mean) / 3


def check_results(function, cases: dict[str, tuple], hint: str = "", read: Callable = as_json) -> None:
    """Refuse a learner's function that returns something else than wanted for one of {name: (arguments, wanted)}.

    `read` brings what it returned into the form of `wanted`. A function as `wanted` is called: it raises Wrong.
    """
    if not callable(function):
        raise WrongShape(f"{type_name(function)} (hand in the function's name, without brackets behind it)")
    returned = {}
    for name, (arguments, _) in cases.items():
        handed = deepcopy(arguments)  # it can't spoil the cases
        try:
            returned[name] = function(*handed)
        except Exception as error:
            raise Wrong(f"Given {name}, your function raised {type(error).__name__}: {str(error)[:120]}") from None
        same = repr(handed) == repr(arguments)
        require(same, f"Given {name}, your function changes what it was given. Change a copy, such as list(…).")
    nothing = "Whatever it is given, your function returns nothing. Does each branch end in a return?"
    require(not all(map(is_blank, returned.values())), f"{nothing} {hint}".strip())
    for name, (_, wanted) in cases.items():
        try:
            given = read(returned[name])
        except Exception:  # it has not even the form of what is wanted
            given = returned[name]
        if callable(wanted):
            wanted(given)
        elif given != wanted:
            said = f"Given {name}, your function returns {_short(returned[name])} and not {wanted!r}."
            raise Wrong(f"{said} {hint}".strip())


def cases_by(solution: Callable, inputs: dict[str, tuple]) -> dict[str, tuple]:
    """Make cases for `check_results`: its arguments, and what the exercise's own solution returns for them."""
    return {name: (arguments, as_json(solution(*deepcopy(arguments)))) for name, arguments in inputs.items()}


def make_answer(*choices: dict, reason="stop", text: str | None = "A cup.", refusal=None, **beside) -> dict:
    """Make a ChatCompletion as a dict; `choices` are what each has besides its message."""
    message = {"role": "assistant", "content": text, "refusal": refusal}
    choice = {"index": 0, "finish_reason": reason, "logprobs": None, "message": message}
    parts = [choice | more | {"index": n} for n, more in enumerate(choices)]
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 0, "model": "none", "choices": parts} | beside

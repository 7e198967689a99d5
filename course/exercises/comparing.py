"""Compare what a learner hands in with what is wanted: a number, the fields of a request, a function's results.

Each check returns when all is well and raises `Wrong` with a reason when not. `slips` maps the wrong values that people
really give to the sentence that helps with each; `hint` is the sentence for all others.
"""

from collections.abc import Callable
from copy import deepcopy
from difflib import get_close_matches

from PIL import Image, ImageChops, ImageStat

from .exercise import Wrong, WrongShape
from .reading import as_json, is_blank, read_number, type_name


def is_close(value: float, truth: float, percent: float = 1) -> bool:
    """Say whether a number is the truth within a tolerance."""
    return abs(value - truth) <= abs(truth) * percent / 100


def check_number(what: str, value, truth: float, slips: dict, hint: str = "", percent: float = 0) -> None:
    """Refuse a number that is not the truth.

    Args:
        what: Begins the reason, such as "With shortest=4 it": "With shortest=4 it is not 6. …".
        value: What the learner gave, of any type.
        percent: How far a number may be off the truth, or off a slip, and still count as it.
    """
    value = read_number(value)
    if not is_close(value, truth, percent):
        slip = next((reason for wrong, reason in slips.items() if is_close(value, wrong, percent)), hint)
        raise Wrong(f"{what} is not {value:,.10g}. {slip}".strip())


def check_fields(answer, wanted: dict, where: str = "") -> dict:
    """Refuse a request that differs from the wanted one, at the first difference; return it as dicts and lists.

    Args:
        answer: What the learner built.
        wanted: Its fields. A dict or a list is compared field by field. `...` stands for a field that may hold
            anything, or be missing. A function is called with the value, and raises Wrong if it doesn't like it.
        where: The place of `answer` in a larger one, such as '["videos"][0]'.
    """
    given, place = as_json(answer), f"{where} of your answer" if where else "your answer"
    if not isinstance(given, dict):
        came = type_name(answer)
        raise Wrong(f"{where} is to be a dict. What came is {came}.") if where else WrongShape(came)
    for name in given:
        if name not in wanted:
            near = get_close_matches(str(name), wanted, 1)
            raise Wrong(f'"{name}" does not belong in {place}.' + (f' Do you mean "{near[0]}"?' if near else ""))
    for name, value in wanted.items():
        if value is not ... and name not in given:
            raise Wrong(f'"{name}" is missing in {place}.')
        _check_value(given.get(name), value, f'{where}["{name}"]')
    return given


def _check_value(given, wanted, where: str) -> None:
    if isinstance(wanted, dict):
        check_fields(given, wanted, where)
    elif isinstance(wanted, list):
        if not isinstance(given, list) or len(given) != len(wanted):
            came = f"a list of {len(given)}" if isinstance(given, list) else type_name(given)
            raise Wrong(f"{where} is to be a list of {len(wanted)}. What came is {came}.")
        for n, value in enumerate(wanted):
            _check_value(given[n], value, f"{where}[{n}]")
    elif callable(wanted):
        wanted(given)
    elif wanted is not ... and (type(given) is not type(wanted) or given != wanted):
        raise Wrong(f"{where} is {given!r:.60}. The exercise asks for {wanted!r}.")


def picture_difference(one: Image.Image, other: Image.Image) -> float:
    """Return how much two pictures differ, 0 to 255, whatever their sizes and colours."""
    small = [picture.convert("L").resize((64, 64)) for picture in (one, other)]
    return ImageStat.Stat(ImageChops.difference(*small)).mean[0]


def run_cases(function, cases: dict[str, tuple], none: str = "") -> dict[str, object]:
    """Call a learner's function with each case, {name: arguments}, and return {name: what it returned}.

    The function gets copies, so it can't spoil the cases. Wrong if it is no function, or raises, or never returns
    anything; `none` says what else may be the reason for that.
    """
    if not callable(function):
        raise WrongShape(f"{type_name(function)} (hand in the function's name, without brackets behind it)")
    returned = {}
    for name, arguments in cases.items():
        try:
            returned[name] = function(*deepcopy(arguments))
        except Exception as error:
            raise Wrong(f"Given {name}, your function raised {type(error).__name__}: {str(error)[:120]}") from None
    if all(map(is_blank, returned.values())):
        said = "Whatever it is given, your function returns nothing. Does each branch end in a return?"
        raise Wrong(f"{said} {none}".strip())
    return returned


def check_results(function, cases: dict[str, tuple], slips: dict | None = None, hint: str = "", *,
                  read: Callable = as_json, none: str = "") -> None:  # fmt: skip
    """Refuse a learner's function that returns something else than wanted for a case.

    Args:
        function: What the learner handed in.
        cases: {name: (arguments, wanted)}. A function as `wanted` is called with what was returned, and raises Wrong
            if it doesn't like it.
        read: Brings what was returned into the form of `wanted`, or raises Wrong; by default dicts and lists.
        none: As in `run_cases`.
    """
    returned = run_cases(function, {name: arguments for name, (arguments, _) in cases.items()}, none)
    for name, (_, wanted) in cases.items():
        try:
            given = read(returned[name])
            if callable(wanted):
                wanted(given)
                continue
        except Wrong as reason:
            raise Wrong(f"Given {name}, your function returns {returned[name]!r:.60}. {reason}") from None
        except Exception:  # it has not even the form of what is wanted
            given = returned[name]
        if given != wanted:
            slip = next((reason for wrong, reason in (slips or {}).items() if given == wrong), hint)
            said = f"Given {name}, your function returns {returned[name]!r:.60} and not {wanted!r}."
            raise Wrong(f"{said} {slip}".strip())


def cases_by(solution: Callable, inputs: dict[str, tuple]) -> dict[str, tuple]:
    """Make cases for `check_results`: its arguments, and what the exercise's own solution returns for them."""
    return {name: (arguments, as_json(solution(*deepcopy(arguments)))) for name, arguments in inputs.items()}

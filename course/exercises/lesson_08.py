"""Lesson 08: what intersection over union says of moved boxes, a shape with a way out, errors by field."""

from copy import deepcopy

from pydantic import BaseModel, ValidationError

from helpers.plotting.boxes import iou

from .comparing import is_close, run_cases
from .exercise import Exercise, Wrong, WrongShape
from .reading import as_json, is_blank, read_fields, read_number, type_name

# How far the second of two equal squares is moved, in sides: across, down.
MOVES = {"right": (0.5, 0), "corner": (0.5, 0.5)}


def _square(left: float, top: float) -> dict[str, float]:
    return {"x_min": left, "y_min": top, "x_max": left + 1, "y_max": top + 1}


def predict_the_overlap(answer):
    predicted = dict(zip(MOVES, map(read_number, read_fields(answer, *MOVES)), strict=True))
    for name, (across, down) in MOVES.items():
        said, shared = predicted[name], (1 - across) * (1 - down)
        truth = iou(_square(0, 0), _square(across, down))
        if is_close(said, truth, 2):
            continue
        slips = {
            shared: "That is the shared part of one square. Divide it by all that the two cover together.",
            shared / 2: "That divides by both areas, and so counts the shared part twice. Take it away once.",
            truth * 100: "That is a percentage. IoU goes from 0 to 1.",
            1 - truth: "That is what they do not share.",
        }
        slip = next((reason for wrong, reason in slips.items() if is_close(said, wrong, 2)), "")
        slip = slip or "Draw both squares with a side of 2. Count the small squares that both cover, and all covered."
        raise Wrong(f'"{name}" is not {said:.10g}. {slip}')
    return "1/3 and 1/7: a box that is off by half of itself is not found. At 0.5, a third is as far as it may be off."


_GOOD = {"title": "Emma", "author": "Jane Austen", "place": 1}
# What to try it with: a name for it, the data, whether it fits, what to say if the class thinks otherwise.
_TRIALS = (
    ("an ordinary book", _GOOD, True, "It is to be taken."),
    ("a book whose author can't be read", {**_GOOD, "author": None}, True, 'Let "author" be of the type str | None.'),
    ("a book in place 12", {**_GOOD, "place": 12}, True, "It is to be taken."),
    ("a book in place 0", {**_GOOD, "place": 0}, False, "A validator is to raise ValueError for 0."),
    ("a book in place -3", {**_GOOD, "place": -3}, False, "A validator is to refuse what is less than 0, too."),
    ("a book in place 1.5", {**_GOOD, "place": 1.5}, False, '"place" is a whole number.'),
    ("a book without a title", {**_GOOD, "title": None}, False, "Only the author is to have a way out."),
    ("a book with a colour", {**_GOOD, "colour": "red"}, False, 'Other fields are forbidden: extra="forbid".'),
)  # fmt: skip


def build_a_shape(answer):
    if isinstance(answer, BaseModel):
        raise Wrong("That is one book, not the class. Hand in the name of the class, without brackets behind it.")
    if not (isinstance(answer, type) and issubclass(answer, BaseModel)):
        raise WrongShape(type_name(answer))
    if (names := set(answer.model_fields)) != set(_GOOD):
        told = ", ".join(sorted(names)) or "none"
        raise Wrong(f"The fields are to be title, author and place. Yours: {told}.")
    for name, field in answer.model_fields.items():
        if not field.is_required():
            required = "so it is not required, and a strict schema requires all"
            raise Wrong(f'"{name}" has a default, {required}. A way out is a value, null, and not a missing field.')
    for name, data, fits, reason in _TRIALS:
        try:
            if answer.model_validate(data) is None:
                raise Wrong("Your validator returns nothing, and so the book is lost. End it with: return self")
            took = True
        except ValidationError:
            took = False
        if took != fits:
            raise Wrong(f"Your class {'takes' if took else 'refuses'} {name}. {reason}")
    schema = answer.model_json_schema()
    if schema.get("additionalProperties") is not False:
        raise Wrong('The schema does not forbid other fields, as a strict one must: extra="forbid".')
    return "It forbids what is not asked for, requires what is, and says null where there is nothing to say."


_FORMS = (
    ("a name that is wrong in one of two forms",
     [{"name": "Ann", "city": "Ulm"}, {"name": "Bo", "city": "Rom"}],
     [{"name": "Ann", "city": "Ulm"}, {"name": "Bob", "city": "Rom"}], {"name": 1, "city": 0}),
    ("capital letters and spaces at the ends",
     [{"name": " ANN ", "city": "ulm"}], [{"name": "Ann", "city": "Ulm"}], {"name": 0, "city": 0}),
    ("a number that is wrong twice",
     [{"name": "Ann", "age": 3}, {"name": "Bo", "age": 5}], [{"name": "Ann", "age": 8}, {"name": "Bo", "age": 6}],
     {"name": 0, "age": 2}),
    ("None where something stands, and something where nothing stands",
     [{"name": None}, {"name": "Bo"}], [{"name": "Ann"}, {"name": None}], {"name": 2}),
    ("None where nothing stands", [{"name": None}], [{"name": None}], {"name": 0}),
    ("the number 7 as a text", [{"age": "7"}], [{"age": 7}], {"age": 1}),
    ("spaces in the middle", [{"name": "Ann Lee"}], [{"name": "AnnLee"}], {"name": 1}),
    ("the same field wrong in three forms", [{"x": "a"}] * 3, [{"x": "b"}] * 3, {"x": 3}),
)  # fmt: skip


def count_by_field(answer):
    returned = run_cases(answer, {name: (deepcopy(said), deepcopy(true)) for name, said, true, _ in _FORMS})
    for name, _, _, want in _FORMS:
        got = as_json(returned[name])
        if not isinstance(got, dict):
            raise Wrong(f"A dict is wanted, a number for each field. Given {name}, what comes is {type_name(got)}.")
        if missing := [field for field in want if field not in got]:
            raise Wrong(f'Given {name}, "{missing[0]}" is not in what your function returns. A field without a mistake '
                        "is there, too, with 0.")  # fmt: skip
        for field, count in want.items():
            if is_blank(got[field]) or isinstance(got[field], (str, list, dict)) or got[field] != count:
                raise Wrong(f'Given {name}, "{field}" is wrong in {count}, and yours says {got[field]!r:.40}.')
    return "Now one knows which field to ask for differently, which no error rate over all letters would tell."


EXERCISES = {
    "08.1": Exercise(
        predict_the_overlap,
        predicts=True,
        expects='a dict with "right" and "corner", two numbers between 0 and 1',
        hint="Give each square the area 1. What they share is a half, then a quarter. What they cover together is 2, "
        "less what they share.",
        solution="""
my_ious = {"right": 1 / 3, "corner": 1 / 7}
exercises.check("08.1", my_ious)
""",
        why="a half shared of one and a half covered is 1/3, and a quarter of one and three quarters is 1/7. Neither "
        "counts as found.",
    ),
    "08.2": Exercise(
        build_a_shape,
        expects="a class of pydantic, derived from BaseModel",
        hint='Begin as Pet does, with extra="forbid". "author: str | None" has no = behind it: a default would make it '
        "optional. The validator is a method as in Box, and compares self.place.",
        solution="""
class Spine(BaseModel, extra="forbid"):
    title: str
    author: str | None
    place: int

    @model_validator(mode="after")
    def is_counted_from_one(self):
        if self.place < 1:
            raise ValueError(f"places are counted from 1, and this is {self.place}")
        return self

exercises.check("08.2", Spine)
""",
        why="null is a value that a model may give when it can't read the author; a field that may be missing is no "
        "strict schema.",
    ),
    "08.3": Exercise(
        count_by_field,
        expects="a function of two lists of dicts that returns a dict of numbers",
        hint="Make both values comparable with a small function first: a text is stripped and lowered, everything else "
        "stays. Then go through the names of true[0], and for each count the pairs of forms that differ.",
        solution="""
def alike(value):
    return value.strip().lower() if isinstance(value, str) else value

def wrong_fields(said, true):
    return {
        name: sum(alike(a[name]) != alike(b[name]) for a, b in zip(said, true))
        for name in true[0]
    }

exercises.check("08.3", wrong_fields)
""",
        why="the comparison stands in one place, so what counts as equal can be changed there.",
    ),
}

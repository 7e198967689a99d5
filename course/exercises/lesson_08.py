"""Lesson 08: what intersection over union says of moved boxes, a shape with a way out, errors by field."""

from inspect import getsource
from itertools import product

from pydantic import BaseModel, ValidationError

from .comparing import cases_by, check_number, check_results
from .exercise import Exercise, WrongShape, require
from .reading import read_fields, type_name

SHARED = {"right": 1 / 2, "corner": 1 / 4}  # of the area of one square
DRAW = "Draw both squares with a side of 2. Count the small squares that both cover, and all that are covered."


@Exercise(
    "08.1",
    expects='a dict with "right" and "corner", two numbers between 0 and 1',
    hint="Give each square the area 1. What do they share? What they cover together is 2 minus what they share.",
    solution='my_ious = {"right": 1 / 3, "corner": 1 / 7}\nexercises.check("08.1", my_ious)',
    why="1/2 of 3/2 is 1/3, and 1/4 of 7/4 is 1/7. For an IoU of 0.5 a box may be off by a third, not by a half.",
)
def predict_the_overlap(answer):
    for said, (name, shared) in zip(read_fields(answer, *SHARED), SHARED.items(), strict=True):
        truth = shared / (2 - shared)
        slips = dict.fromkeys((shared, shared / 2), "Divide the shared part by all that the two cover, counted once.")
        slips[truth * 100] = "That is a percentage. IoU goes from 0 to 1."
        check_number(f'"{name}"', said, truth, slips, DRAW, percent=2)


BOOK: dict = {"title": "Emma", "author": None, "place": 1}
GOOD = [BOOK, BOOK | {"author": "Jane Austen", "place": 12}]
BAD = [{name: BOOK[name] for name in BOOK if name != missing} for missing in BOOK]
BAD += [BOOK | {name: value} for name, value in (("title", None), ("title", 7), ("author", 7), ("shelf", 7))]
BAD += [BOOK | {"place": place} for place in (None, "first", 1.5, 0, -3)]
TYPES = {"title": {"string"}, "author": {"string", "null"}, "place": {"integer"}}
RULES = "All three fields are required, no others are allowed, only author may be None, and places begin at 1."


@Exercise(
    "08.2",
    expects="a class of pydantic, derived from BaseModel",
    hint='Begin as Pet does, with extra="forbid" and no default. The validator is as in Receipt; compare self.place.',
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

exercises.check("08.2", Spine)""",
    why="the model says null when it can't read the author. A strict schema requires all fields, and no others.",
)
def build_a_shape(answer):
    require(not isinstance(answer, BaseModel), "That is one book, not the class. Write the class without brackets.")
    if not (isinstance(answer, type) and issubclass(answer, BaseModel)):
        raise WrongShape("a class not derived from BaseModel" if isinstance(answer, type) else type_name(answer))
    for book in GOOD + BAD:
        try:
            verdict = "takes" if answer.model_validate(book) else "loses (a validator ends with: return self)"
        except (ValidationError, TypeError):  # TypeError: the validator compares a text with a number
            verdict = "refuses"
        require(verdict == ("takes" if book in GOOD else "refuses"), f"Your class {verdict} the book {book}. {RULES}")
    for name, given in answer.model_json_schema()["properties"].items():
        types = {one.get("type", "anything") for one in given.get("anyOf", [given])}
        came, wanted = (" or ".join(sorted(some)) for some in (types, TYPES.get(name, {"no such field"})))
        require(came == wanted, f"In your schema {name} may be {came}. The exercise asks for {wanted}.")


def alike(value):
    return value.strip().lower() if isinstance(value, str) else value


def wrong_fields(said, true):
    return {name: sum(alike(a[name]) != alike(b[name]) for a, b in zip(said, true, strict=True)) for name in true[0]}


@Exercise(
    "08.3",
    expects="a function of two lists of dicts that returns a dict of numbers",
    hint="First strip and lower what is a text. Then count, for each name in true[0], the pairs that differ.",
    solution=f'{getsource(alike)}\n{getsource(wrong_fields)}\nexercises.check("08.3", wrong_fields)',
    why="the comparison is in one place, and you know which field to ask for differently.",
)
def count_by_field(answer):
    ann: dict = {"name": "Ann", "age": 3, "city": "Ulm"}
    bob: dict = {"name": "Bob", "age": 5, "city": "Rom"}
    values = ("Ann", " ANN ", "An n", "Bo", "", 7, "7", 0, None)
    forms = {f"a form with {a!r} and the truth {b!r}": ([{"x": a}], [{"x": b}]) for a, b in product(values, values)}
    forms |= {"a number that is wrong twice": ([ann, bob], [ann | {"age": 8}, bob | {"age": 6}])}
    forms |= {"a name that is wrong in one of two forms": ([ann, bob], [ann, bob | {"name": "Bo"}])}
    check_results(answer, cases_by(wrong_fields, forms), hint="A field without a mistake is there, too, with 0.")

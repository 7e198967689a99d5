"""Lesson 08: what intersection over union says of moved boxes, a shape with a way out, errors by field."""

from inspect import getsource
from itertools import product

from pydantic import BaseModel, ValidationError

from .comparing import cases_by, check_number, check_results
from .exercise import Exercise, WrongShape, require
from .reading import read_fields, type_name

SHARED = {"right": 1 / 2, "corner": 1 / 4}  # of the area of one square
DRAW = "Draw both squares with a side of 2. Count the small squares that both cover, and all that are covered."


def predict_the_overlap(answer):
    for said, (name, shared) in zip(read_fields(answer, *SHARED), SHARED.items(), strict=True):
        truth = shared / (2 - shared)
        slips = {
            shared: "That is the shared part of one square. Divide it by all that the two cover together.",
            shared / 2: "That divides by both areas, and so counts the shared part twice. Take it away once.",
            truth * 100: "That is a percentage. IoU goes from 0 to 1.",
            1 - truth: "That is what they do not share.",
        }
        check_number(f'"{name}"', said, truth, slips, DRAW, percent=2)


# The type of each field: as it is written, and as a schema has it.
TYPES = {"title": ("str", ["string"]), "author": ("str | None", ["null", "string"]), "place": ("int", ["integer"])}


def build_a_shape(answer):
    require(not isinstance(answer, BaseModel), "That is one book, not the class. Write the class without brackets.")
    if not (isinstance(answer, type) and issubclass(answer, BaseModel)):
        raise WrongShape(type_name(answer))
    schema = answer.model_json_schema()
    fields = schema.get("properties", {})
    require(set(fields) == set(TYPES), f"The fields are title, author and place. Yours: {', '.join(sorted(fields))}.")
    for name, (written, wanted) in TYPES.items():
        types = sorted(str(one.get("type")) for one in fields[name].get("anyOf", [fields[name]]))
        require(types == wanted, f'Let "{name}" be of the type {written}.')
        require(name in schema.get("required", ()), f'"{name}" has a default. The way out is a null, not a default.')
    require(schema.get("additionalProperties") is False, 'Other fields are to be forbidden: extra="forbid".')
    for place, verdict in {1: "refuses", 12: "refuses", 0: "takes", -3: "takes"}.items():
        try:
            book = answer.model_validate({"title": "Emma", "author": None, "place": place})
            require(book, "Your validator returns nothing, and so the book is lost. End it with: return self")
        except ValidationError:
            book = None
        wrong = f"Your class {verdict} a book in place {place}. A validator is to raise ValueError for 0 and less."
        require(bool(book) == (place > 0), wrong)


def alike(value):
    return value.strip().lower() if isinstance(value, str) else value


def wrong_fields(said, true):
    return {name: sum(alike(a[name]) != alike(b[name]) for a, b in zip(said, true, strict=True)) for name in true[0]}


def count_by_field(answer):
    ann, bob = {"name": "Ann", "age": 3, "city": "Ulm"}, {"name": "Bob", "age": 5, "city": "Rom"}
    values = ("Ann", " ANN ", "An n", "Bo", 7, "7", None)
    forms = {f"a form with {a!r} and the truth {b!r}": ([{"x": a}], [{"x": b}]) for a, b in product(values, values)}
    forms |= {"a number that is wrong twice": ([ann, bob], [ann | {"age": 8}, bob | {"age": 6}])}
    forms |= {"a name that is wrong in one of two forms": ([ann, bob], [ann, bob | {"name": "Bo"}])}
    check_results(answer, cases_by(wrong_fields, forms), hint="A field without a mistake is there, too, with 0.")


EXERCISES = {
    "08.1": Exercise(
        predict_the_overlap,
        predicts=True,
        expects='a dict with "right" and "corner", two numbers between 0 and 1',
        hint="Give each square the area 1. What do they share? What they cover together is 2 less what they share.",
        solution='my_ious = {"right": 1 / 3, "corner": 1 / 7}\nexercises.check("08.1", my_ious)',
        why="1/2 of 3/2 is 1/3, and 1/4 of 7/4 is 1/7. For an IoU of 0.5 a box may be off by a third, not by a half.",
    ),
    "08.2": Exercise(
        build_a_shape,
        expects="a class of pydantic, derived from BaseModel",
        hint='Begin as Pet does, with extra="forbid" and no default. The validator is as in Box; compare self.place.',
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
    ),
    "08.3": Exercise(
        count_by_field,
        expects="a function of two lists of dicts that returns a dict of numbers",
        hint="First strip and lower what is a text. Then count, for each name in true[0], the pairs that differ.",
        solution=f'{getsource(alike)}\n{getsource(wrong_fields)}\nexercises.check("08.3", wrong_fields)',
        why="the comparison is in one place, and you know which field to ask for differently.",
    ),
}

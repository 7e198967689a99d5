"""Lesson 11: pairs that two scores leave open, the cheapest threshold of a review pile, what a new prompt broke."""

from inspect import getsource

from .comparing import cases_by, check_number, check_results
from .exercise import Exercise, require
from .reading import read_fields

FEWEST = {
    20: "Those are the wrong ones of the first setting. Perhaps the second got some of the same ones wrong.",
    0: "Then both had the same score.",
    80: "On those, or fewer, both are right.",
}
MOST = {
    20: "Those are the wrong ones of the first setting alone. The second has wrong ones, too.",
    10: "That is the fewest. What if the two were never wrong on the same picture?",
    100: "On most pictures both must be right: 80 and 90 of 100 overlap.",
}


@Exercise(
    "11.1",
    expects='a dict with "fewest" and "most", two numbers, and "surer", which is "fewest" or "most"',
    hint="The first got 20 wrong, the second 10. What if the 10 are among the 20, and what if none of them is?",
    solution="""
my_pairs = {"fewest": 20 - 10, "most": 20 + 10, "surer": "fewest"}
exercises.check("11.1", my_pairs)""",
    why="10 to 0 is more than a coin does (0.2 %), and 20 to 10 is not (9.9 %). Two scores don't tell which it was.",
)
def predict_the_pairs(answer):
    fewest, most, surer = read_fields(answer, "fewest", "most", "surer")
    check_number("The fewest", fewest, 10, FEWEST, "The two scores differ by so many.")
    check_number("The most", most, 30, MOST, "Let no picture be wrong for both.")
    named = str(surer).strip().lower()
    require(named in ("fewest", "most"), f'"surer" is "fewest" or "most", and not {surer!r:.40}.')
    require(named == "fewest", "With the most, the first setting wins 10 of 30. A fair coin does that now and then.")


def cheapest(answers, look, wrong):
    def cost(threshold):
        return sum(look if sure < threshold else wrong * (not right) for sure, right in answers)

    tried = sorted({0, *(sure + 1 for sure, right in answers)})  # between them nothing changes
    return min(tried, key=cost)


PILES = {
    "four answers, the unsure ones wrong": ([(90, True), (40, False), (60, True), (20, False)], 1, 10),
    "an answer that is as sure as can be, and wrong": ([(100, False), (100, True)], 1, 10),
    "looks that cost more than errors": ([(10, False), (90, True)], 10, 1),
    "a look that costs what an error costs": ([(50, False)], 5, 5),
    "no answer": ([], 1, 5),
    "an answer that is not sure at all": ([(0, False), (80, True)], 1, 5),
    "right answers alone": ([(30, True), (99, True)], 1, 50),
    "two answers that are equally sure": ([(70, False), (70, True), (30, True), (95, False)], 2, 5),
    "a sure error that is not worth the looks": ([(96, False), (20, False), (50, True), (60, True), (70, True)], 2, 5),
}


@Exercise(
    "11.2",
    expects="a function that takes a list of pairs and two costs, and returns a whole number",
    hint="Try each threshold, 0 to 101. An answer costs a look if its sure is below it, and else it costs if wrong.",
    solution=f'{getsource(cheapest)}\nexercises.check("11.2", cheapest)',
    why="0 looks at none, 101 at all. What lies between depends on your costs as much as on the model.",
)
def choose_a_threshold(answer):
    check_results(answer, cases_by(cheapest, PILES), "A person looks at what is below it; of equal ones the lowest.")


def changes(before, after, true):
    def right(said, name):
        return said.get(name) is not None and abs(said[name] - true[name]) <= 1

    fixed = [name for name in true if right(after, name) and not right(before, name)]
    broken = [name for name in true if right(before, name) and not right(after, name)]
    return {"fixed": fixed, "broken": broken}


PROMPTS = {
    "one fixed and one broken": ({"b": 9, "a": 3}, {"a": 7, "b": 5}, {"b": 5, "a": 3}),
    "two broken, in another order": ({"a": 1, "b": 2}, {"a": 9, "b": 9}, {"b": 2, "a": 1}),
    "numbers that are 1 off": ({"a": 4, "b": 6, "c": 9}, {"a": 9, "b": 9, "c": 6}, {"c": 5, "b": 5, "a": 5}),
    "numbers that are 2 off": ({"a": 7, "b": 3}, {"a": 5, "b": 5}, {"a": 5, "b": 5}),
    "an answer that is None": ({"a": None, "b": 2}, {"a": 1, "b": None}, {"a": 1, "b": 2}),
    "a picture that is missing": ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
    "a truth of 0": ({"a": 0, "b": None}, {"a": None, "b": 0}, {"a": 0, "b": 0}),
    "no change": ({"a": 1, "b": 7}, {"a": 2, "b": 9}, {"a": 1, "b": 2}),
    "a name that has no truth": ({"x": 1, "a": 1}, {"x": 9, "a": 9}, {"a": 1}),
}


@Exercise(
    "11.3",
    expects="a function that takes three dicts, and returns a dict of two lists",
    hint="Write a function that says whether one answer is right, None and missing ones too. Then compare by name.",
    solution=f'{getsource(changes)}\nexercises.check("11.3", changes)',
    why="the two lists are the pairs that differ: their lengths go into `coin`, and their pictures deserve a look.",
)
def what_changed(answer):
    check_results(answer, cases_by(changes, PROMPTS), "A number is right if it is at most 1 off; None is wrong.")

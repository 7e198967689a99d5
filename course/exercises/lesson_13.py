"""Lesson 13: two lists merged, the nearest by cosine, recall with several right scenes."""

from inspect import getsource
from itertools import combinations, product

from .comparing import cases_by, check_number, check_results
from .exercise import Exercise, require
from .reading import as_json, read_fields

SLIPS = {
    1 / 61: "That is one list alone. B is in both, and its scores are added.",
    1 / 61 + 1 / 63: "B is at place 2 of the second list, not 3.",
    1 / 60 + 1 / 61: "Places are counted from 1, not from 0.",
    1 + 1 / 2: "The 60 is missing: 1 / (60 + place).",
}


@Exercise(
    "13.1",
    expects='a dict with "order", a text of four letters, and "score", a number',
    hint="B is at place 1 in one list and at place 2 in the other: 1 / 61 + 1 / 62. Do the same for A, C and D.",
    solution="""
my_order = "BDAC"
my_score = 0.0325
exercises.check("13.1", {"order": my_order, "score": my_score})""",
    why="B has 1/61 + 1/62 and D 1/62 + 1/64: what is in both lists comes before A, which is first in one alone.",
)
def predict_fusion(answer):
    order, score = read_fields(answer, "order", "score")
    letters = [letter for letter in str(order).upper() if letter.isalpha()]
    require(sorted(letters) == [*"ABCD"], "The order is a text with each of the letters A, B, C and D once.")
    require(letters[0] == "B", f"{letters[0]} is not first. Which is in both lists, and near the top of both?")
    rest = "".join(letters[1:])
    require(rest == "DAC", f"B is first, but the rest is not {rest}. Add up 1 / (60 + place) for each, in both lists.")
    hint = "It is 1 / (60 + place), once for each list that B is in, and the two are added."
    check_number("The score", score, 1 / 61 + 1 / 62, SLIPS, hint, percent=0.2)


def nearest(query, vectors, top):
    def length(vector):
        return sum(number * number for number in vector) ** 0.5

    def cosine(vector):
        return sum(a * b for a, b in zip(query, vector, strict=True)) / (length(query) * length(vector))

    return sorted(range(len(vectors)), key=lambda place: -cosine(vectors[place]))[:top]


@Exercise(
    "13.2",
    expects="a function of a query, a list of vectors and a number that returns a list of places",
    hint="Divide the sum of the products by both lengths. Sort the places, range(len(vectors)), by it, largest first.",
    solution=f'{getsource(nearest)}\nexercises.check("13.2", nearest)',
    why="the cosine does not depend on the lengths; the sum of the products alone would prefer long vectors.",
)
def find_the_nearest(answer):
    vectors = [[3.0, 4.0], [0.0, 2.0], [1.0, 0.0], [-4.0, -3.0], [9.0, 40.0], [4.0, 3.0]]
    inputs = {
        f"a query {query}, {len(some)} vectors and top={top}": (query, some, top)
        for query, some, top in product(([1.0, 0.0], [2.0, 5.0], [-1.0, -1.0]), (vectors, vectors[::-1]), (1, 3, 9))
    }
    inputs["a query and no vectors"] = ([1.0, 0.0], [], 3)
    inputs["a query and two vectors of its direction"] = ([1.0, 0.0], [[0.0, 1.0], [2.0, 0.0], [1.0, 0.0]], 2)
    check_results(answer, cases_by(nearest, inputs), "First comes the largest cosine.", read=_numbers)


def recall(found, right, k):
    return sum(name in found[:k] for name in right) / len(right)


@Exercise(
    "13.3",
    expects="a function of two lists of names and a number k that returns a share, from 0 to 1",
    hint="How many of right are in found[:k]? Divide by how many there are to find.",
    solution=f'{getsource(recall)}\nexercises.check("13.3", recall)',
    why="what counts is what there was to find: divided by k it would be the precision, another measure.",
)
def measure_recall(answer):
    names = [[*some] for n in range(4) for some in combinations("abxy", n)]
    cases = {
        f"a call recall({found}, {right}, {k})": ((found, right, k), _rounded(recall(found, right, k)))
        for found, right, k in product(names, names[1:], (1, 2, 5))
    }
    check_results(answer, cases, "Divide by the number of right names.", read=_rounded)


def _numbers(value) -> list[int]:
    return [int(place) for place in (value.tolist() if hasattr(value, "tolist") else as_json(value))]


def _rounded(value) -> float:
    return round(float(value), 9)

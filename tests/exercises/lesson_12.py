"""Lesson 12: mistakes that people make, and other right answers."""

import json
import re

from course.exercises.lesson_12 import alt_problem, may_pay


def paying(
    cents=lambda value: type(value) is int,
    payee=lambda to, payees: to in payees,
    least=1,
    names=("SendPayment",),
    extra=(),
):
    """12.2, right or with one slip."""

    def call(call, payees, most):
        try:
            given = json.loads(call["arguments"])
            fits = call["name"] in names and given.keys() - {*extra} == {"to", "cents"} and cents(given["cents"])
            return fits and payee(given["to"], payees) and least <= given["cents"] <= most
        except (ValueError, AttributeError, TypeError):
            return False

    return call


def looking(filler=r"(an? )?(image|picture|photo) of", longest=150, ending=r"\S+\.(png|jpg|webp)"):
    """12.3 by patterns, right or with one slip."""

    def call(alt, decorative):
        if decorative:
            return "should be empty" if alt else "fine"
        if not alt.strip():
            return "missing"
        if re.fullmatch(ending, alt, re.I):
            return "file name"
        return "filler" if re.match(filler, alt, re.I) else "too long" if len(alt) > longest else "fine"

    return call


WRONG = {
    "12.1": [
        (["a", "b", "c", "f"], "the one that believes the note"), (["b", "c"], "before the money goes"),
        (["c", "f"], "Without a tool"), ("bcdf", "believes what the note says about that"),
        (["b", "c", "e", "f"], "The next note comes in large print"), (["b", "f"], "The list is code"),
        (["b", "c", "f", "g"], "There is no 'g'"),
    ],
    "12.2": [
        (paying(names=("SendPayment", "FileExpense")), "Given another tool"),
        (paying(extra=["via"]), "Given one field more"),
        (paying(least=0), "Given 0 cents"),
        (paying(cents=lambda value: isinstance(value, int)), "Given true as the cents"),
        (paying(cents=lambda value: True), "Given cents with a decimal point"),
        (paying(payee=lambda to, payees: to.lower() in str(payees).lower()), "Given a payee in small letters"),
        (paying(payee=lambda to, payees: to in str(payees)), "Given the beginning of a payee"),
        (lambda call, *_: json.loads(call["arguments"])["to"] == "", "your function raised"),
        (lambda call, payees, most: may_pay(call, payees, most - 1), "Given a payment of the most"),
    ],
    "12.3": [
        (lambda alt, _: alt_problem(alt, False), "decorative=True"),
        (looking(filler=r"(image|picture|photo) of"), "and not 'filler'"),
        (looking(filler=r".*(image|picture|photo) of"), "'A cup beside an image of it'"),
        (looking(longest=149), "a text of 150 characters"),
        (looking(longest=151), "a text of 151 characters"),
        (looking(ending=r"\S+\.(png|jpg)"), "'cup.webp'"),
        (looking(ending=r".*\.(png|jpg|webp).*"), "'The file cup.png is broken.'"),
    ],
}  # fmt: skip
RIGHT = {
    "12.1": [["b", "c", "f"], "b, c, f", {"F", "C", "B"}],
    "12.2": [may_pay, paying()],
    "12.3": [alt_problem, looking(), lambda *given: alt_problem(*given).capitalize()],
}

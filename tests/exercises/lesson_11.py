"""Lesson 11: mistakes that people make, and other right answers."""

import numpy as np

from course.exercises.lesson_11 import changes, cheapest
from tests.exercises.cases import spoils


def pairs(fewest=10, most=30, surer="fewest"):
    return {"fewest": fewest, "most": most, "surer": surer}


def threshold(below=lambda sure, at: sure < at, pays=lambda right, wrong: 0 if right else wrong, last=101, choose=min):
    """11.2, right or with one slip."""

    def call(answers, look, wrong):
        def cost(at):
            return sum(look if below(sure, at) else pays(right, wrong) for sure, right in answers)

        return choose(range(last + 1), key=cost)

    return call


def changing(right=lambda said, true: said is not None and abs(said - true) <= 1, names=list):
    """11.3, right or with another rule of what is right."""

    def call(before, after, true):
        both = {name: (right(before.get(name), true[name]), right(after.get(name), true[name])) for name in names(true)}
        fixed, broken = ([name for name in both if both[name] == way] for way in ((False, True), (True, False)))
        return {"fixed": fixed, "broken": broken}

    return call


# {number: [(a wrong answer, words of the reason), …]}; what makes one is called first, except where it is the answer.
WRONG = {
    "11.1": [
        (pairs(20), "Perhaps the second got some of the same"),
        (pairs(0), "Then both had the same score."),
        (pairs(most=20), "The second has wrong ones, too."),
        (pairs(most=10), "never wrong on the same picture"),
        (pairs(most=100), "80 and 90 of 100 overlap"),
        (pairs(surer="most"), "A fair coin does that now and then."),
        (pairs(surer="the second"), "and not 'the second'"),
        (pairs(surer=None), '"surer" is empty or missing'),
        (10, "What came is an int."),
    ],
    "11.2": [
        (lambda *_: None, "returns nothing"),
        (threshold(below=lambda sure, at: sure <= at), "returns 40 and not 41"),
        (threshold(below=lambda sure, at: sure > at), "four answers"),
        (threshold(last=100), "as sure as can be, and wrong, your function returns 0 and not 101"),
        (threshold(pays=lambda right, wrong: wrong), "your function returns 91 and not 41"),
        (lambda *given: max(range(102), key=lambda at: -sum(given[1] if s < at else given[2] * (not r)
                                                            for s, r in reversed(given[0])) + at / 1e6), "and not"),
        (lambda answers, look, wrong: 1 + max((s for s, r in answers if not r), default=-1), "looks that cost more"),
        (spoils(cheapest), "changes what it was given"),
    ],
    "11.3": [
        (lambda *_: None, "returns nothing"),
        (changing(lambda said, true: said == true), "numbers that are 1 off"),
        (changing(lambda said, true: said is not None and abs(said - true) < 3), "numbers that are 2 off"),
        (changing(lambda said, true: abs(said - true) <= 1), "raised TypeError"),
        (changing(lambda said, true: bool(said) and abs(said - true) <= 1), "a truth of 0"),
        (changing(lambda said, true: abs((said or 0) - true) <= 1), "an answer that is None"),
        (changing(names=sorted), "and not {'fixed': [], 'broken': ['b', 'a']}"),
        (lambda before, after, true: changes(after, before, true), "{'fixed': ['a'], 'broken': ['b']}"),
        (lambda before, after, true: changes(before, after, true)["broken"], "your function returns ['a']"),
    ],
}  # fmt: skip
RIGHT = {
    "11.1": [pairs(), pairs(10.0, np.int64(30), " Fewest")],
    "11.2": [cheapest, threshold(), lambda *given: np.int64(cheapest(*given))],
    "11.3": [changes, changing(), lambda *given: {name: tuple(all) for name, all in changes(*given).items()}],
}

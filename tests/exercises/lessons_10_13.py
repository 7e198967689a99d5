"""Lessons 10 to 13: mistakes that people make, and other right answers."""

import json
import re
from operator import contains

import numpy as np

from course.exercises.lesson_10 import split, still_to_ask
from course.exercises.lesson_11 import changes, cheapest
from course.exercises.lesson_12 import alt_problem, may_pay
from course.exercises.lesson_13 import nearest, recall


def pace(minutes=20, at_once=22.5, one_by_one=450):
    return {"minutes": minutes, "at_once": at_once, "one_by_one": one_by_one}


def split_by(size=lambda line: len(line.encode()) + 1, most=lambda lines, limit: len(lines) == limit, too_large=True):
    """10.2, right or with one slip."""

    def call(lines, most_lines, most_bytes):
        files = [[]]
        for line in lines:
            if too_large and size(line) > most_bytes:
                raise ValueError("too large")
            if files[-1] and (most(files[-1], most_lines) or sum(map(size, [*files[-1], line])) > most_bytes):
                files.append([])
            files[-1].append(line)
        return [file for file in files if file]

    return call


def asking(settles=lambda line: line["response"] and line["response"]["status_code"] in (200, 400)):
    """10.3, right or with another rule of what is settled."""
    return lambda asked, lines: [a for a in asked if not any(settles(x) for x in lines if x["custom_id"] == a)]


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


def paying(cents=lambda value: type(value) is int, payee=contains, least=1, is_tool="SendPayment".__eq__, extra=()):
    """12.2, right or with one slip."""

    def call(call, payees, most):
        try:
            given = json.loads(call["arguments"])
            fits = is_tool(call["name"]) and given.keys() - {*extra} == {"to", "cents"} and cents(given["cents"])
            return fits and payee(payees, given["to"]) and least <= given["cents"] <= most
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


def merged(order="BDAC", score=0.0325):
    return {"order": order, "score": score}


def by_numpy(query, vectors, top, unit=True, descending=True):
    """13.2 with numpy, right or with one slip."""
    if not vectors:
        return []
    lengths = np.linalg.norm(vectors, axis=1) if unit else 1
    near = np.array(vectors) @ np.array(query) / lengths
    return np.argsort((-near if descending else near).round(9), kind="stable")[:top]


def distance(query, vectors, top):
    return sorted(range(len(vectors)), key=lambda n: np.linalg.norm(np.subtract(vectors[n], query)))[:top]


WRONG = {
    "10.1": [
        (pace(15), "is not 15. That is the limit on requests"), (pace(18.5), "is not 18.5. Tokens out count"),
        (pace(1200), "Divide 9,000 requests"), (pace(at_once=30), "more than the tokens allow"),
        (pace(at_once=7.5), "each is under way for 3 seconds"), (pace(one_by_one=27_000), "Those are seconds."),
    ],
    "10.2": [
        (lambda lines, *_: [lines], "a batch without a line, your function returns [[]] and not []"),
        (lambda lines, *_: [lines] if lines else [], "and not [['a', 'b'], ['c', 'd'], ['e']]"),
        (split_by(size=len), "each line end is one."),
        (split_by(size=lambda line: len(line) + 1), "a batch with letters of 3 bytes, your function returns"),
        (split_by(size=lambda line: len(line.encode()) + 2, too_large=False), "files of exactly 8, your function"),
        (split_by(most=lambda lines, limit: len(lines) > limit), "[['a', 'b', 'c'], ['d', 'e']] and not"),
        (split_by(most=lambda lines, limit: len(lines) == limit - 1), "returns [['a'], ['b'], ['c'], ['d'], ['e']]"),
        (lambda lines, n, _: [lines[i:i + n] for i in range(0, len(lines), n)], "files of 10, your function returns"),
        (lambda lines, n, m: split(sorted(lines, key=len), n, m), "a long line between short ones"),
        (split_by(too_large=False), "does not raise ValueError."),
        (lambda lines, n, m: split(lines, n, m) if len(lines) != 2 else 1 / 0, "raises ZeroDivisionError, not"),
        (lambda lines, n, m: [] if m == 10 and n == 9 and len(lines) == 2 else split(lines, n, m), "returns []"),
    ],
    "10.3": [
        (asking(lambda line: True), "returns [] and not ['b']"),
        (asking(lambda line: line["response"]), "returns [] and not ['b']"),
        (asking(lambda line: line["response"]["status_code"] in (200, 400)), "an expired batch, your function raised"),
        (asking(lambda line: line["response"] and line["response"]["status_code"] == 200), "returns ['a', 'b'] and"),
        (lambda asked, lines: sorted(still_to_ask(asked, lines)), "returns ['a', 'c'] and not ['c', 'a']"),
    ],
    "11.1": [
        (pairs(20), "Perhaps the second got some of the same"), (pairs(0), "Then both had the same score."),
        (pairs(most=20), "The second has wrong ones, too."), (pairs(most=10), "never wrong on the same picture"),
        (pairs(most=100), "80 and 90 of 100 overlap"), (pairs(surer="most"), "A fair coin does that now and then."),
        (pairs(surer="the second"), "and not 'the second'"),
    ],
    "11.2": [
        (threshold(below=lambda sure, at: sure <= at), "returns 40 and not 41"),
        (threshold(below=lambda sure, at: sure > at), "four answers"),
        (threshold(last=100), "as sure as can be, and wrong, your function returns 0 and not 101"),
        (threshold(pays=lambda right, wrong: wrong), "your function returns 91 and not 41"),
        (lambda *given: max(range(102), key=lambda at: -sum(given[1] if s < at else given[2] * (not r)
                                                            for s, r in reversed(given[0])) + at / 1e6), "and not"),
        (lambda answers, look, wrong: 1 + max((s for s, r in answers if not r), default=-1), "looks that cost more"),
    ],
    "11.3": [
        (changing(lambda said, true: said == true), "numbers that are 1 off"),
        (changing(lambda said, true: said is not None and abs(said - true) < 3), "numbers that are 2 off"),
        (changing(lambda said, true: abs(said - true) <= 1), "raised TypeError"),
        (changing(lambda said, true: bool(said) and abs(said - true) <= 1), "a truth of 0"),
        (changing(lambda said, true: abs((said or 0) - true) <= 1), "an answer that is None"),
        (changing(names=sorted), "and not {'fixed': [], 'broken': ['b', 'a']}"),
        (lambda before, after, true: changes(after, before, true), "{'fixed': ['a'], 'broken': ['b']}"),
        (lambda before, after, true: changes(before, after, true)["broken"], "your function returns ['a']"),
    ],
    "12.1": [
        (["a", "b", "c", "f"], "the one that believes the note"), (["b", "c"], "before the money goes"),
        (["c", "f"], "Without a tool"), ("bcdf", "believes what the note says about that"),
        (["b", "c", "e", "f"], "The next note comes in large print"), (["b", "f"], "The list is code"),
        (["b", "c", "f", "g"], "There is no 'g'"),
    ],
    "12.2": [
        (paying(is_tool=lambda name: True), "Given another tool"),
        (paying(extra=["via"]), "Given one field more"),
        (paying(least=0), "Given 0 cents"),
        (paying(cents=lambda value: isinstance(value, int)), "Given true as the cents"),
        (paying(cents=lambda value: True), "Given cents with a decimal point"),
        (paying(payee=lambda payees, to: to.lower() in str(payees).lower()), "Given a payee in small letters"),
        (paying(payee=lambda payees, to: to in str(payees)), "Given the beginning of a payee"),
        (paying(payee=lambda payees, to: to.strip() in payees), "Given a payee with a space behind"),
        (paying(payee=lambda payees, to: any(name in to for name in payees)), "Given more than a payee"),
        (lambda call, payees, _: may_pay(call, payees, 5_000), "Given 5000 cents where 4999 is the most"),
        (paying(is_tool=lambda name: name != "FileExpense"), "Given an unknown tool"),
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
        (looking(ending=r".*\.(png|jpg|webp)"), "'A window with the words cup.png'"),
    ],
    "13.1": [
        (merged("BADC"), "B is first, but the rest is not ADC. Add up"),
        (merged("ABCD"), "A is not first. Which is in both lists"),
        (merged("BDA"), "each of the letters A, B, C and D once"),
        (merged(score=1 / 61), "That is one list alone"),
        (merged(score=1 / 60 + 1 / 61), "Places are counted from 1"),
    ],
    "13.2": [
        (lambda *given: by_numpy(*given, unit=False), "your function returns array([1]) and not [3]"),
        (lambda *given: by_numpy(*given, descending=False), "First comes the largest cosine"),
        (lambda query, vectors, top: nearest(query, vectors, len(vectors)), "top=1"),
        (lambda query, vectors, top: [vectors[n] for n in nearest(query, vectors, top)], "and not"),
        (distance, "First comes the largest cosine"),
    ],
    "13.3": [
        (lambda found, right, k: sum(name in right for name in found[:k]) / k, "Divide by the number of right names"),
        (lambda found, right, k: recall(found, right, len(found)), "and not 0.0"),
        (lambda found, right, k: float(any(name in right for name in found[:k])), "returns 1.0 and not 0.5"),
        (lambda found, right, k: 100 * recall(found, right, k), "returns 100.0 and not 1.0"),
    ],
}  # fmt: skip
RIGHT = {
    "10.1": [pace(), pace(20.0, 23, np.int64(450)), pace(at_once=22)],
    "10.2": [split, split_by(), lambda *given: tuple(map(tuple, split(*given)))],
    "10.3": [still_to_ask, asking(), lambda asked, lines: tuple(still_to_ask(asked, lines))],
    "11.1": [pairs(), pairs(10.0, np.int64(30), " Fewest")],
    "11.2": [cheapest, threshold(), lambda *given: np.int64(cheapest(*given))],
    "11.3": [changes, changing(), lambda *given: {name: tuple(all) for name, all in changes(*given).items()}],
    "12.1": [["b", "c", "f"], "b, c, f", {"F", "C", "B"}],
    "12.2": [may_pay, paying()],
    "12.3": [alt_problem, looking(), lambda *given: alt_problem(*given).capitalize()],
    "13.1": [merged(), merged("b, d, a, c", 0.03252), merged("B D A C", 1 / 61 + 1 / 62)],
    "13.2": [nearest, by_numpy, lambda *given: tuple(nearest(*given))],
    "13.3": [
        recall,
        lambda found, right, k: np.float64(recall(found, right, k)),
        lambda found, right, k: len({*found[:k]} & {*right}) / len(right),
    ],
}  # fmt: skip

"""Lesson 10: mistakes that people make, and other right answers."""

import numpy as np

from course.exercises.lesson_10 import split, still_to_ask


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
        (lambda lines, n, m: [] if m == 10 and n == 9 and len(lines) == 2 else split(lines, n, m), "returns []"),
    ],
    "10.3": [
        (asking(lambda line: True), "returns [] and not ['b']"),
        (asking(lambda line: line["response"]), "returns [] and not ['b']"),
        (asking(lambda line: line["response"]["status_code"] in (200, 400)), "an expired batch, your function raised"),
        (asking(lambda line: line["response"] and line["response"]["status_code"] == 200), "returns ['a', 'b'] and"),
        (lambda asked, lines: sorted(still_to_ask(asked, lines)), "returns ['a', 'c'] and not ['c', 'a']"),
    ],
}  # fmt: skip
RIGHT = {
    "10.1": [pace(), pace(20.0, 23, np.int64(450)), pace(at_once=22)],
    "10.2": [split, split_by(), lambda *given: tuple(map(tuple, split(*given)))],
    "10.3": [still_to_ask, asking(), lambda asked, lines: tuple(still_to_ask(asked, lines))],
}

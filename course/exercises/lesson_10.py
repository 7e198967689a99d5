"""Lesson 10: time and pace at a rate limit, a batch split into files, and what a batch leaves to be asked."""

from inspect import getsource
from typing import Any

from .comparing import cases_by, check_number, check_results
from .exercise import Exercise, Wrong
from .reading import read_fields

SLIPS = {
    15: "That is the limit on requests. Tokens have one too, and the stricter of the two decides.",
    18.5: "Tokens out count as well.",
    1.5: "That is the time for the tokens out alone.",
    35: "One limit is met while the other one is; they do not add up.",
}
PACES = {
    30: "That would be 600 requests a minute, more than the tokens allow. Begin with your minutes.",
    7.5: "That many begin in a second, and each is under way for 3 seconds.",
    450: "That many begin in a minute. How many in a second, and how long is each under way?",
}


@Exercise(
    "10.1",
    expects='a dict with "minutes", "at_once" and "one_by_one", three numbers',
    hint="How many minutes would the requests take, and how many the tokens, each alone? The longer time counts.",
    solution="""
my_minutes = max(9_000 / 600, 9_000 * (370 + 30) / 180_000)
my_at_once = 9_000 / (my_minutes * 60) * 3
my_one_by_one = 9_000 * 3 / 60
exercises.check("10.1", {"minutes": my_minutes, "at_once": my_at_once, "one_by_one": my_one_by_one})""",
    why="the tokens decide; and 22.5 under way, begun in 20 minutes, are what one after the other does in 450.",
)
def predict_the_pace(answer):
    minutes, at_once, one_by_one = read_fields(answer, "minutes", "at_once", "one_by_one")
    check_number(
        "The time in minutes", minutes, 20, SLIPS, "Divide 9,000 requests, and their tokens, by what a minute allows."
    )
    at_once = 22.5 if at_once in (22, 23) else at_once
    check_number(
        "The number under way", at_once, 22.5, PACES, "It is what begins in a second, times the seconds of one."
    )
    seconds = {27_000: "Those are seconds.", 7.5: "Those are hours."}
    check_number("The time one after the other", one_by_one, 450, seconds, "Each of 9,000 takes 3 seconds.")


def split(lines, most_lines, most_bytes):
    files: list[list] = []
    size = most_bytes  # as if a file before were full
    for line in lines:
        more = len(line.encode()) + 1
        if more > most_bytes:
            raise ValueError(f"A line of {more} bytes fits into no file.")
        if size + more > most_bytes or len(files[-1]) == most_lines:
            files.append([])
            size = 0
        files[-1].append(line)
        size += more
    return files


BATCHES = {
    "a batch without a line": ([], 3, 100),
    "a batch of five lines, of which two fit into a file": (["a", "b", "c", "d", "e"], 2, 100),
    "a batch of six lines, of which three fit into a file": (list("abcdef"), 3, 100),
    "a batch with lines of 4 bytes and files of 10": (["abc"] * 5, 9, 10),
    "a batch with lines of 4 bytes and files of exactly 8": (["abc"] * 4, 9, 8),
    "a batch with letters of 3 bytes": (["한국"] * 4, 9, 14),
    "a long line between short ones": (["ab", "abcdefgh", "ab", "ab"], 9, 9),
}


@Exercise(
    "10.2",
    expects="a function that takes lines and two numbers, and returns a list of lists of lines",
    hint="Keep the file that is being filled, and its size. When does the next line begin a new file?",
    solution=f'{getsource(split)}\nexercises.check("10.2", split)',
    why="both limits hold at once, bytes are counted after encoding, and a line end is one of them.",
)
def split_a_batch(answer):
    check_results(answer, cases_by(split, BATCHES), "Bytes are those of UTF-8, and each line end is one.")
    try:
        files = answer(["a", "b" * 20], 9, 10)
    except ValueError:
        return
    except Exception as error:
        raise Wrong(f"A line that alone is too large raises {type(error).__name__}, not ValueError.") from None
    raise Wrong(
        f"For a line that alone is too large your function returns {files!r:.60} and does not raise ValueError."
    )


def still_to_ask(asked, lines):
    settled = set()
    for line in lines:
        status = (line["response"] or {}).get("status_code")
        if status in (200, 400):
            settled.add(line["custom_id"])
    return [name for name in asked if name not in settled]


def _line(name: str, status: int | None = 200) -> dict[str, Any]:
    if status is None:
        error = {"code": "batch_expired", "message": "This request could not be executed in time."}
        return {"id": "batch_req_1", "custom_id": name, "response": None, "error": error}
    body: dict = {"choices": []} if status == 200 else {"error": {"message": "wrong", "code": None}}
    response = {"status_code": status, "request_id": "req_1", "body": body}
    return {"id": "batch_req_1", "custom_id": name, "response": response, "error": None}


ENDED = {
    "a batch that is complete, its lines in another order": (["a", "b"], [_line("b"), _line("a")]),
    "a line with status 500": (["a", "b"], [_line("a"), _line("b", 500)]),
    "a line with status 429": (["a", "b"], [_line("b"), _line("a", 429)]),
    "a line with status 400": (["a", "b", "c"], [_line("c"), _line("b", 400), _line("a", 500)]),
    "an expired batch": (["c", "b", "a"], [_line("b"), _line("a", None), _line("c", None)]),
    "a cancelled batch": (["c", "b", "a"], [_line("b")]),
    "a batch without any line": (["a"], []),
}


@Exercise(
    "10.3",
    expects="a function that takes a list of ids and a list of lines, and returns a list of ids",
    hint="Which lines settle a request for good? What they don't settle is to be asked, if it has a line or not.",
    solution=f'{getsource(still_to_ask)}\nexercises.check("10.3", still_to_ask)',
    why="an answer and a refusal settle a request. Errors of the moment, expired lines and missing ones don't.",
)
def what_is_left(answer):
    check_results(
        answer, cases_by(still_to_ask, ENDED), "What settles a request is status 200 or 400 alone.", read=list
    )

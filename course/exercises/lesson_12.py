"""Lesson 12: what holds against a note in a picture, a payment that is checked, and what is wrong with an alt text."""

import json
from inspect import getsource

from .comparing import cases_by, check_letters, check_results
from .exercise import Exercise


@Exercise(
    "12.1",
    expects='a list of letters, such as ["a", "b"]',
    hint="For each of them ask: who decides, the model or something outside it?",
    solution="""
my_measures = ["b", "c", "f"]
exercises.check("12.1", my_measures)""",
    why="tools that are not there, a list in your code and a person decide outside the model. a and d ask it again.",
)
def predict_what_holds(answer):
    reasons = {
        "a": "The model that reads this sentence is the one that believes the note.",
        "b": "Without a tool, and with no payment that uses its answer, nothing that the model believes sends money.",
        "c": "The list is code: no picture can write a name into it.",
        "d": "The model that is asked whether there is a note believes what the note says about that.",
        "e": "The next note comes in large print; shrunk so far, no total could be read either.",
        "f": "A person sees a stranger's name and says no, before the money goes.",
    }
    check_letters(answer, {"b", "c", "f"}, reasons)


def may_pay(call, payees, most):
    try:
        given = json.loads(call["arguments"])
    except ValueError:
        return False
    if call["name"] != "SendPayment" or not isinstance(given, dict):
        return False
    if set(given) != {"to", "cents"} or type(given["cents"]) is not int:
        return False
    return given["to"] in payees and 1 <= given["cents"] <= most


PAYEES = ["Plum & Rye Bakery", "Harbour Cafe"]
ARGUMENTS = {
    "a payment of 1 cent": '{"to": "Harbour Cafe", "cents": 1}',
    "a payment of the most": '{"cents": 5000, "to": "Plum & Rye Bakery"}',
    "a cent more than the most": '{"to": "Harbour Cafe", "cents": 5001}',
    "0 cents": '{"to": "Harbour Cafe", "cents": 0}',
    "fewer than 0 cents": '{"to": "Harbour Cafe", "cents": -100}',
    "cents as a text": '{"to": "Harbour Cafe", "cents": "100"}',
    "cents with a decimal point": '{"to": "Harbour Cafe", "cents": 100.0}',
    "true as the cents": '{"to": "Harbour Cafe", "cents": true}',
    "a stranger": '{"to": "Quill Services", "cents": 100}',
    "a payee in small letters": '{"to": "harbour cafe", "cents": 100}',
    "more than a payee": '{"to": "Harbour Cafe II", "cents": 100}',
    "a payee with a space behind": '{"to": "Harbour Cafe ", "cents": 100}',
    "the beginning of a payee": '{"to": "Harbour", "cents": 100}',
    "a list of payees": '{"to": ["Harbour Cafe"], "cents": 100}',
    "no payee": '{"cents": 100}',
    "no cents": '{"to": "Harbour Cafe"}',
    "one field more": '{"to": "Harbour Cafe", "cents": 100, "via": "Quill Services"}',
    "a list": '["Harbour Cafe", 100]',
    "a text": '"to cents"',
    "null": "null",
    "half of the arguments": '{"to": "Harbour Cafe", "cen',
    "no arguments": "",
}
CALLS = {what: ({"name": "SendPayment", "arguments": text}, PAYEES, 5_000) for what, text in ARGUMENTS.items()}
ONE_CENT = ARGUMENTS["a payment of 1 cent"]
CALLS["another tool"] = ({"name": "FileExpense", "arguments": ONE_CENT}, PAYEES, 5_000)
CALLS["an unknown tool"] = ({"name": "DeleteAll", "arguments": ONE_CENT}, PAYEES, 5_000)
CALLS["an empty list of payees"] = ({"name": "SendPayment", "arguments": ONE_CENT}, [], 5_000)
CALLS["5000 cents where 4999 is the most"] = (CALLS["a payment of the most"][0], PAYEES, 4_999)


@Exercise(
    "12.2",
    expects="a function that returns True or False",
    hint="Which answers of json.loads are no dict? And what are isinstance(True, int) and type(True) is int?",
    solution=f'{getsource(may_pay)}\nexercises.check("12.2", may_pay)',
    why="it lists what is allowed, and all else is not: what nobody thought of stops as well.",
)
def check_a_payment(answer):
    check_results(answer, cases_by(may_pay, CALLS), "What is not allowed by the text is False.")


def alt_problem(alt, decorative):
    words = alt.strip().lower()
    if decorative:
        return "fine" if alt == "" else "should be empty"
    if words == "":
        return "missing"
    if len(words.split()) == 1 and words.endswith((".png", ".jpg", ".webp")):
        return "file name"
    if words.removeprefix("an ").removeprefix("a ").startswith(("image of", "picture of", "photo of")):
        return "filler"
    return "too long" if len(alt) > 150 else "fine"


ALTS = ["", "  \n", "IMG_0417.JPG", "cup.png", "cup.webp", "cups", "The file cup.png is broken.", "Image of a cup."]
ALTS += ["A window with the words cup.png", "a picture of a cup", "An image of a cup", "PHOTO OF A CUP"]
ALTS += ["Photographs of cups", "A cup beside an image of it", "A mirror image"]
ALTS += ["A cup. " * 21 + "Tea", "A cup. " * 21 + "Teas", "Image of " + "a cup " * 30]


@Exercise(
    "12.3",
    expects="a function that returns one of six texts",
    hint="Go through the list in its order. A text has .strip(), .lower(), .removeprefix() and .startswith().",
    solution=f'{getsource(alt_problem)}\nexercises.check("12.3", alt_problem)',
    why="a program finds what is wrong with the form. Whether the text says what its reader needs, it can't see.",
)
def name_the_problem(answer):
    asked = [(alt, decorative) for alt in ALTS for decorative in (False, True)]
    cases = {f"a text of {len(alt)} characters, {alt!r:.40}, decorative={flag}": (alt, flag) for alt, flag in asked}
    check_results(
        answer, cases_by(alt_problem, cases), "The first that is true counts.", read=lambda text: text.lower()
    )

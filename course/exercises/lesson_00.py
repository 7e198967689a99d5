"""Lesson 00: the first request, what differs from a recording, what a request costs."""

from .comparing import check_letters, check_number
from .exercise import Exercise, require
from .reading import ROCKET, as_json, check_rocket_question, read_parts

MISSED = {
    "a": "a is missed: the detail is part of the request, as the prompt is.",
    "b": "b is missed: a space is a character like any other.",
    "c": "c is missed: the order of the parts counts, as in any list.",
    "d": "d is answered: the same request gets the same answer, whichever client or cell sends it.",
    "e": "e is missed: the limit is part of the request, even if the answer stays far below it.",
    "f": "f is answered: the order of the names in a dict does not count.",
}


@Exercise(
    "00.1",
    expects="a list of letters",
    hint="Compare as Python does with ==. Are two dicts equal when their names are in another order? Are two lists?",
    solution='my_misses = ["a", "b", "c", "e"]\nexercises.check("00.1", my_misses)',
    why="replay compares all of the request, whoever sends it and however the code is written.",
)
def predict_the_misses(answer):
    check_letters(answer, set("abce"), MISSED)


@Exercise(
    "00.2",
    expects="a content list: one part with your question, one part with the picture",
    hint="Copy the lesson's content list. Three values change: the text, the address behind “url”, and “detail”.",
    solution=f"""
ROCKET = "{ROCKET}"
my_content = [
    {{"type": "text", "text": "How many towers stand around the rocket?"}},
    {{"type": "image_url", "image_url": {{"url": ROCKET, "detail": "high"}}}},
]
exercises.check("00.2", my_content)""",
    why="each part has a type and a field of the same name; detail stands beside the address it belongs to.",
)
def ask_about_the_rocket(answer):
    texts, pictures = read_parts(as_json(answer))
    check_rocket_question(texts, pictures)
    require("What is in this picture?" not in map(str.strip, texts), "That is the lesson's own question. Ask another.")


PER_DOLLAR = 1_000_000 / (218 * 0.20 + 62 * 1.20)
SLIPS = {
    1_000_000 / (218 * 1.20 + 62 * 0.20): "The two prices are swapped: what the model writes (out) costs more.",
    1_000_000 / (218 * 0.20): "The 62 tokens that the model writes are missing: they are paid too.",
    1_000_000 / (62 * 1.20): "The 218 tokens that you send are missing: they are paid too.",
    1_000_000 / ((218 + 62) * 0.20): "Tokens out have a price of their own, 1.20.",
    PER_DOLLAR / 1000: "That is 1,000 times too few: the prices are for a million tokens, not for a thousand.",
    **dict.fromkeys((PER_DOLLAR / 100, PER_DOLLAR * 100), "Prices and budget are in dollars, not in cents."),
    **dict.fromkeys((1 / PER_DOLLAR, 100 / PER_DOLLAR), "That is what one request costs. How often can you pay it?"),
}


@Exercise(
    "00.3",
    expects="a number: how many such requests one US dollar buys",
    hint="What do 218 tokens in and 62 out cost together? How often does that go into one dollar?",
    solution="""
one_request = (218 * 0.20 + 62 * 1.20) / 1_000_000  # US dollars
my_number = 1 / one_request
exercises.check("00.3", my_number)""",
    why="one request costs 0.000118 dollars: 62 tokens out cost more than the 218 tokens in with the picture.",
)
def requests_per_dollar(answer):
    hint = "Work out the price of one request first: each count of tokens times its own price, divided by a million."
    check_number("It", answer, PER_DOLLAR, SLIPS, hint, percent=1)

"""Lesson 00: the first request, what differs from a recording, what a request costs."""

from .comparing import check_number
from .exercise import Exercise, Wrong, require
from .reading import PICTURES, ROCKET, as_json, check_rocket_question, read_fields, read_parts

# The lesson's own content; the message for an unknown request calls its parts by these names.
OURS = {"prompt": "What is in this picture?", "picture": f"{PICTURES}coffee.png", "detail": "low"}


@Exercise(
    "00.1",
    expects='a dict with "content", your list of two parts, and "prediction", a list of names of parts',
    hint="Compare your list and the lesson's part by part. Does the message stop at the first difference?",
    solution="""
my_content = [
    {"type": "text", "text": "Is the cup full?"},
    {"type": "image_url", "image_url": {"url": COFFEE, "detail": "high"}},
]
my_prediction = ["prompt", "detail"]
exercises.check("00.1", {"content": my_content, "prediction": my_prediction})""",
    why="replay compares every part of a request: one that differs is enough for a miss.",
)
def change_and_predict(answer):
    content, prediction = read_fields(answer, "content", "prediction")
    texts, pictures = read_parts(content)
    same_parts = len(texts) == len(pictures) == 1 and content[0].get("type") == "text"
    require(same_parts, "Keep the lesson's two parts, first one text and then one picture, and change what is in them.")
    yours = {"prompt": texts[0], "picture": pictures[0]["url"], "detail": pictures[0].get("detail")}
    differ = {name for name in OURS if OURS[name] != yours[name]}
    require(differ, "This content is the lesson's own. A list keeps its values: build it again after a change.")
    for name in ("prompt", "detail"):
        require(name in differ, f"The {name} is still the lesson's, {OURS[name]!r}. Change prompt and detail.")
    names = prediction.split(",") if isinstance(prediction, str) else prediction
    listed = isinstance(names, (list, set, frozenset)) and all(isinstance(name, str) for name in names)
    require(listed, f'The prediction is a list of names, such as ["picture"], and not {prediction!r:.40}.')
    predicted = {name.strip(" :").lower() for name in names}
    for name in sorted(predicted ^ differ, key=lambda name: (name in OURS, name)):
        require(name in OURS, f"The message has no part called {name!r}. Its names are: {', '.join(OURS)}.")
        slip = "would be in the message as well" if name in differ else "does not differ from the lesson's"
        raise Wrong(f"{name.capitalize()} {slip}: every part is compared.")


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
    require(OURS["prompt"] not in map(str.strip, texts), "That is the lesson's own question. Ask one of your own.")


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

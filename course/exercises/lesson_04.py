"""Lesson 04: what a screenshot costs, a photo for less, the cheapest detail at which a text can be read."""

from inspect import getsource

from helpers import tokens

from .comparing import cases_by, check_number, check_results, is_close
from .exercise import Exercise, require
from .reading import read_fields, read_number

MODEL = "gpt-5.6-luna"
BUDGET, SLACK = 1_500, 50  # tokens, pixels
# What people answer for a screenshot of 1366 x 768.
SLIPS = {
    **dict.fromkeys((144, 1_032), "Those are the patches, at low 16 x 9, at high 43 x 24. Each counts 1.2 tokens."),
    **dict.fromkeys((172, 172.8, 1_238, 1_238.4), "A part of a token counts as a whole one: round up."),
    **dict.fromkeys((1_210, 1_230), "Patches are whole: divide each side by 32 and round up, then multiply."),
    **dict.fromkeys((85, 1_105), "That is gpt-4o, which counts tiles. This model counts patches of 32 x 32 pixels."),
    1_239: "That is high, or gpt-5.4, whose low has no small version.",
    173: "That is low.",
}


@Exercise(
    "04.1",
    expects='a dict with "low" and "high", two numbers of tokens',
    hint="At low the longer side becomes 512; at high the screenshot stays as it is. Where do you round up?",
    solution="""
my_low = 173
my_high = 1239
exercises.check("04.1", {"low": my_low, "high": my_high})""",
    why="at low 512 x 288 pixels are 16 x 9 = 144 patches; at high 1366 x 768 are 43 x 24 = 1,032. Each times 1.2.",
)
def predict_a_screenshot(answer):
    sizes = {"low": "512 pixels on the longer side", "high": "the limit of 2,048 pixels and 2,500 patches"}
    for (detail, size), predicted in zip(sizes.items(), read_fields(answer, *sizes), strict=True):
        hint = f"Think of {size} first. Then count patches of 32 x 32, and take them times 1.2."
        check_number(f"At {detail} it", predicted, tokens.picture_tokens(1366, 768, MODEL, detail).tokens, SLIPS, hint)


@Exercise(
    "04.2",
    expects='a dict with "width" and "height", two whole numbers of pixels',
    hint="Let a loop try sizes from 4000 x 3000 downwards with tokens.picture_tokens, until one fits the budget.",
    solution="""
my_width = 4000
my_height = 3000
while tokens.picture_tokens(my_width, my_height, "gpt-5.6-luna", "auto").tokens > 1500:
    my_width -= 4
    my_height -= 3
exercises.check("04.2", {"width": my_width, "height": my_height})""",
    why="the price falls to about a tenth, and the request stays as it is. Steps of 4 and 3 keep the proportion.",
)
def shrink_a_photo(answer):
    width, height = map(read_number, read_fields(answer, "width", "height"))
    size = f"{width:,g} x {height:,g}"
    whole = width == int(width) and height == int(height) and min(width, height) >= 1
    require(whole, f"{size}: a picture has whole pixels, at least one a side.")
    width, height = int(width), int(height)
    require(width <= 4000 and height <= 3000, f"{size} is larger than the photo, and enlarging adds nothing.")
    require(is_close(width / height, 4 / 3, 2), f"{size} is not 4 to 3 within 2 %.")
    counted = tokens.picture_tokens(width, height, MODEL, "auto")
    told = f"{size} are {counted.tokens:,} tokens at auto, where the service shrinks nothing"
    require(counted.tokens <= BUDGET, f"{told}: over {BUDGET:,}.")
    larger = width + SLACK + 1
    room = tokens.picture_tokens(larger, round(larger * 3 / 4), MODEL, "auto").tokens <= BUDGET
    require(not room, f"{told}: within {BUDGET:,}, and there is room for more pixels.")


# From 8 pixels a capital on, the course's reader reads (asset/measured/legibility.json).
def cheapest(width, height, capital):
    readable = {}
    for detail in ("low", "high", "original"):
        try:
            counted = tokens.picture_tokens(width, height, "gpt-5.6-luna", detail)
        except ValueError:
            continue
        if capital * counted.size[0] / width >= 8:
            readable[detail] = counted.tokens
    return min(readable, key=lambda detail: readable[detail], default=None)


# Two cases at exactly 8 pixels, one too large for original. No two details that will do cost the same.
CASES = [(4000, 3000, 18), (4000, 3000, 12), (4000, 3000, 70), (1000, 1520, 5), (6000, 6000, 50), (6000, 6000, 10)]
CASES += [(4096, 512, 16), (1024, 768, 16), (3840, 2160, 14), (900, 2700, 22), (4000, 3000, 17)]


@Exercise(
    "04.3",
    expects="a function of width, height and capital that returns a detail, or None",
    hint="Go through the details as `advise` does. Keep the tokens where capitals reach 8 pixels, take the least.",
    solution=f'{getsource(cheapest)}\nexercises.check("04.3", cheapest)',
    why="the picture shrinks to size[0] / width, and its letters shrink with it.",
)
def choose_the_cheapest(answer):
    names = {f"a picture of {case[0]} x {case[1]} with capitals of {case[2]}": case for case in CASES}
    hint = "A capital arrives capital * size[0] / width pixels high; 8 will do."
    check_results(answer, cases_by(cheapest, names), hint, read=lambda told: told or None)

"""Lesson 04: what a screenshot costs, a photo for less, the cheapest detail at which a text can be read."""

from inspect import getsource

from helpers import tokens

from .comparing import check_number, is_close, run_cases
from .exercise import Exercise, require
from .reading import read_fields, read_number

MODEL = "gpt-5.6-luna"
BUDGET, SLACK = 1_500, 50  # tokens, pixels
ROUND_UP = "A part of a token counts as a whole one: round up."
# What people answer for a screenshot of 1366 x 768.
SLIPS = {
    144: "Those are the patches, 16 x 9. Each counts 1.2 tokens.",
    1_032: "Those are the patches, 43 x 24. Each counts 1.2 tokens.",
    **dict.fromkeys((172, 172.8, 1_238, 1_238.4), ROUND_UP),
    1_210: "A patch that the edge cuts counts as a whole one: round up across, and down.",
    1_230: "Patches are whole: divide each side by 32 and round up, then multiply.",
    308: "That is a square of 512 x 512. The screenshot keeps its proportion.",
    85: "That is the base of gpt-4o, a tile model.",
    1_105: "That is gpt-4o, which counts tiles. This model counts patches of 32 x 32 pixels.",
    1_239: "That is high, or gpt-5.4, whose low has no small version.",
    173: "That is low.",
}


def predict_a_screenshot(answer):
    sizes = {"low": "512 pixels on the longer side", "high": "the limit of 2,048 pixels and 2,500 patches"}
    for (detail, size), predicted in zip(sizes.items(), read_fields(answer, *sizes), strict=True):
        hint = f"Think of {size} first. Then count patches of 32 x 32, and take them times 1.2."
        check_number(f"At {detail} it", predicted, tokens.picture_tokens(1366, 768, MODEL, detail).tokens, SLIPS, hint)


def shrink_a_photo(answer):
    width, height = map(read_number, read_fields(answer, "width", "height"))
    size = f"{width:,g} x {height:,g}"
    whole = width == int(width) and height == int(height) and min(width, height) >= 1
    require(whole, f"{size}: a picture has whole pixels, at least one a side.")
    width, height = int(width), int(height)
    require(width <= 4000 and height <= 3000, f"{size} is larger than the photo, and enlarging adds nothing.")
    require(is_close(width / height, 4 / 3, 2), f"{size} has another proportion: the photo is wider than high, 4 to 3.")
    counted = tokens.picture_tokens(width, height, MODEL, "auto")
    across, down = counted.grid
    told = f"{size} are {across} x {down} = {across * down:,} patches, {counted.tokens:,} tokens at auto"
    slips = {2048: " At high the service would shrink it, at auto not.", 1824: " That is what high makes of the photo."}
    require(counted.tokens <= BUDGET, f"{told}: over {BUDGET:,}.{slips.get(width, '')}")
    larger = width + SLACK + 1
    room = tokens.picture_tokens(larger, round(larger * 3 / 4), MODEL, "auto").tokens <= BUDGET
    require(not room, f"{told}. That is within {BUDGET:,}, and there is room for more pixels.")
    return f"{told}, instead of 14,100: about a tenth of the price, and the request stays as it is."


# From 8 pixels a capital on, the course's reader reads (asset/measured/legibility.json).
def cheapest(width, height, capital, details=("low", "high", "original")):
    readable = {}
    for detail in details:
        try:
            counted = tokens.picture_tokens(width, height, "gpt-5.6-luna", detail)
        except ValueError:
            continue
        if capital * counted.size[0] / width >= 8:
            readable[detail] = counted.tokens
    return min(readable, key=readable.get, default=None)


CASES = [(1000, 1520, 15), (4000, 3000, 18), (4000, 3000, 12), (4000, 3000, 70), (1000, 1520, 5), (300, 200, 10)]
CASES += [(300, 200, 8), (6000, 6000, 50), (6000, 6000, 10), (4096, 512, 17), (900, 2700, 22)]


def choose_the_cheapest(answer):
    names = {f"a picture of {case[0]} x {case[1]} with capitals of {case[2]}": case for case in CASES}
    for name, returned in run_cases(answer, names).items():
        # Details may cost the same; min takes the first of them, and here each comes first once.
        right = [cheapest(*names[name], (detail, "low", "high", "original")) for detail in ("low", "high", "original")]
        want = " or ".join(sorted(set(map(repr, right))))
        told = f"Given {name}, your function returns {returned!r:.40} and not {want}"
        fits = (returned or None) in right
        require(fits, f"{told}. A capital arrives capital * size[0] / width pixels high; 8 will do.")


EXERCISES = {
    "04.1": Exercise(
        predict_a_screenshot,
        predicts=True,
        expects='a dict with "low" and "high", two numbers of tokens',
        hint="At low the longer side becomes 512, and the other shrinks in proportion; at high this screenshot stays "
        "as it is. Then divide each side by 32, round up, multiply the two, take 1.2 times that, round up.",
        solution="""
my_low = 173
my_high = 1239
exercises.check("04.1", {"low": my_low, "high": my_high})""",
        why="at low 512 x 288 pixels are 16 x 9 = 144 patches; at high 1366 x 768 are 43 x 24 = 1,032. Each times 1.2.",
    ),
    "04.2": Exercise(
        shrink_a_photo,
        expects='a dict with "width" and "height", two whole numbers of pixels',
        hint="1,500 tokens are 1,250 patches of 32 x 32 pixels. Which rectangle of 4 to 3 has no more? Or let a loop "
        "try widths from 4000 downwards with tokens.picture_tokens, the height always three quarters.",
        solution="""
my_width = 4000
my_height = 3000
while tokens.picture_tokens(my_width, my_height, "gpt-5.6-luna", "auto").tokens > 1500:
    my_width -= 4
    my_height -= 3
exercises.check("04.2", {"width": my_width, "height": my_height})""",
        why="4 and 3 pixels less at each step keep the proportion, and the first size in the budget is the largest.",
    ),
    "04.3": Exercise(
        choose_the_cheapest,
        expects="a function of width, height and capital that returns a detail, or None",
        hint="Go through the three details as `advise` does: a refused one is left out (except ValueError: continue). "
        "Keep the tokens of those whose capitals reach 8 pixels, then take the least.",
        solution=f'{getsource(cheapest)}\nexercises.check("04.3", cheapest)',
        why="the picture shrinks to size[0] / width, and its letters shrink with it.",
    ),
}

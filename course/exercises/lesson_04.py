"""Lesson 04: what a screenshot costs, a photo for less, the cheapest detail at which a text can be read."""

from math import ceil

from helpers.tokens import picture_tokens

from .comparing import is_close, run_cases
from .exercise import Exercise, Wrong
from .reading import is_blank, read_fields, read_number

MODEL = "gpt-5.6-luna"
SCREEN = (1366, 768)
PHOTO, BUDGET, SLACK = (4000, 3000), 1_500, 50  # pixels, tokens, pixels
LEAST = 8  # pixels: the height of a capital from which on the course's reader reads (asset/measured/legibility.json)


def predict_a_screenshot(answer):
    predicted = dict(zip(("low", "high"), map(read_number, read_fields(answer, "low", "high")), strict=True))
    truth = {detail: picture_tokens(*SCREEN, MODEL, detail) for detail in predicted}
    if [predicted["low"], predicted["high"]] == [truth["high"].tokens, truth["low"].tokens]:
        raise Wrong("The two are swapped: low is the small version, and here the cheaper one.")
    for detail, counted in truth.items():
        said, (across, down) = predicted[detail], counted.grid
        if said == counted.tokens:
            continue
        slips = {
            picture_tokens(*SCREEN, "gpt-5.4", detail).tokens: "That is gpt-5.4, whose low has no small version.",
            85: "That is the base of gpt-4o, a tile model.",
            1_105: "That is gpt-4o, which counts tiles. This model counts patches of 32 x 32 pixels.",
            across * down: f"Those are the patches, {across} x {down}. Each counts 1.2 tokens.",
            ceil(16 * 16 * 1.2): "That is a square of 512 x 512. The screenshot keeps its proportion.",
            ceil(counted.size[0] // 32 * (counted.size[1] // 32) * 1.2): "A patch that the edge cuts counts as a whole "
            "one: round up across, and down.",
            ceil(counted.size[0] * counted.size[1] / 1024 * 1.2): "Patches are whole: divide each side by 32 and round "
            "up, then multiply.",
        }  # fmt: skip
        slip = next((reason for wrong, reason in slips.items() if said == wrong), "")
        if counted.tokens - 1 <= said < counted.tokens:
            slip = "A part of a token counts as a whole one: round up."
        size = "512 pixels on the longer side" if detail == "low" else "the limit of 2,048 pixels and 2,500 patches"
        slip = slip or f"Think of {size} first. Then count patches of 32 x 32, and take them times 1.2."
        raise Wrong(f"At {detail} it is not {said:,.10g}. {slip}")
    low, high = truth["low"], truth["high"]
    return (f"At low {low.size[0]} x {low.size[1]} pixels arrive, {low.grid[0]} x {low.grid[1]} patches; at high all, "
            f"{high.grid[0]} x {high.grid[1]}. Times 1.2, rounded up: {low.tokens} and {high.tokens:,}.")  # fmt: skip


def shrink_a_photo(answer):
    width, height = map(read_number, read_fields(answer, "width", "height"))
    if width != int(width) or height != int(height) or min(width, height) < 1:
        raise Wrong(f"{width:g} x {height:g}: a picture has whole pixels, at least one a side.")
    width, height = int(width), int(height)
    if width > PHOTO[0] or height > PHOTO[1]:
        raise Wrong(f"{width:,} x {height:,} is larger than the photo, and enlarging adds nothing that was seen.")
    if is_close(width / height, PHOTO[1] / PHOTO[0], 2):
        raise Wrong("Width and height are swapped: the photo is wider than high.")
    if not is_close(width / height, PHOTO[0] / PHOTO[1], 2):
        raise Wrong(f"{width:,} x {height:,} has another proportion. The height is three quarters of the width.")
    counted = picture_tokens(width, height, MODEL, "auto")
    across, down = counted.grid
    told = f"{across} x {down} = {across * down:,} patches, {counted.tokens:,} tokens at auto"
    if counted.tokens > BUDGET:
        slips = {2048: " At high the service would shrink it further, at auto it does not.",
                 1824: " That is what high makes of the photo. Smaller still."}  # fmt: skip
        hint = slips.get(width, "")
        raise Wrong(f"{width:,} x {height:,} are {told}: over {BUDGET:,}.{hint}")
    best = next(wide for wide in range(PHOTO[0], 0, -1) if _tokens(wide) <= BUDGET)
    if width < best - SLACK:
        raise Wrong(f"{width:,} x {height:,} are {told}. That is within {BUDGET:,}, and there is room for more pixels.")
    return f"{told}, instead of 14,100: about a tenth of the price, and the request stays as it is."


def _tokens(width: int) -> int:
    return picture_tokens(width, round(width * PHOTO[1] / PHOTO[0]), MODEL, "auto").tokens


CASES = [(1000, 1520, 15), (4000, 3000, 18), (4000, 3000, 12), (4000, 3000, 70), (1000, 1520, 5), (300, 200, 10),
         (300, 200, 8), (6000, 6000, 50), (6000, 6000, 10), (4096, 512, 17), (900, 2700, 22)]  # fmt: skip


def choose_the_cheapest(answer):
    names = {f"a picture of {case[0]} x {case[1]} with capitals of {case[2]}": case for case in CASES}
    returned = run_cases(answer, names)
    for name, case in names.items():
        said, right = returned[name], _cheapest(*case)
        if said in right or (not right and is_blank(said)):
            continue
        want = " or ".join(map(repr, sorted(right))) or "None"
        raise Wrong(f"Given {name}, your function returns {said!r:.40} and not {want}. {_why(*case)}")
    return "It pays for pixels only where the letters need them, and says so when no setting will do."


def _delivered(width: int, height: int, capital: int) -> dict[str, tuple[float, int]]:
    """For each detail that is possible: the height of a capital as the model gets it, and the tokens."""
    found = {}
    for detail in ("low", "high", "original"):
        try:
            counted = picture_tokens(width, height, MODEL, detail)
        except ValueError:  # refused
            continue
        found[detail] = (capital * counted.size[0] / width, counted.tokens)
    return found


def _cheapest(width: int, height: int, capital: int) -> set[str]:
    found = {name: tokens for name, (arrives, tokens) in _delivered(width, height, capital).items() if arrives >= LEAST}
    return {name for name, tokens in found.items() if tokens == min(found.values())}


def _why(width: int, height: int, capital: int) -> str:
    found = _delivered(width, height, capital)
    told = [f"{name} {arrives:.1f} pixels for {tokens:,} tokens" for name, (arrives, tokens) in found.items()]
    return "Capitals arrive like this: " + ", ".join(told) + ("." if len(found) == 3 else "; original is refused.")


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
exercises.check("04.1", {"low": my_low, "high": my_high})
""",
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
exercises.check("04.2", {"width": my_width, "height": my_height})
""",
        why="4 and 3 pixels less at each step keep the proportion, and the first size in the budget is the largest.",
    ),
    "04.3": Exercise(
        choose_the_cheapest,
        expects="a function of width, height and capital that returns a detail, or None",
        hint="Go through the three details as `advise` does: a refused one is left out (except ValueError: continue). "
        "Keep the tokens of those whose capitals reach 8 pixels, then take the least.",
        solution="""
def cheapest(width, height, capital):
    readable = {}
    for detail in ("low", "high", "original"):
        try:
            counted = tokens.picture_tokens(width, height, "gpt-5.6-luna", detail)
        except ValueError:
            continue
        if capital * counted.size[0] / width >= 8:
            readable[detail] = counted.tokens
    return min(readable, key=readable.get, default=None)

exercises.check("04.3", cheapest)
""",
        why="size[0] / width is how much the picture shrinks, and its letters shrink with it.",
    ),
}

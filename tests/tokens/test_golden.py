"""Every number of the rules, in one table: what was read, on which day, and nothing else.

The table is written by hand from the sources that `helpers/tokens/rules.py` names (read on 2026-11-22; on 2026-11-27
the prices out, gpt-4o-2024-05-13 and gpt-4.5-preview's end were added), not made from the code. A changed price or
multiplier fails here until somebody writes down, here too, that it was read again.
"""

from helpers.tokens.rules import LIMITS, PRICES, RULES, RULES_DATE, SHUTDOWN, TileRule

READ_ON = "2026-11-22"
# How a patch rule shrinks ("Images and vision"): what auto means, patches above which a picture is refused, and for
# each detail the longest side in pixels and the number of patches.
SMALL, HIGH, LARGE, SAME = (512, None), (2048, 2500), (6000, 10000), (2048, 6144)
PATCHES = {
    "fine": ("original", 30000, {"low": SMALL, "high": HIGH, "original": (65535, None)}),
    "wide": ("original", 30000, {"low": SMALL, "high": (65535, 2500), "original": (65535, None)}),
    "large": ("original", 30000, {"low": SMALL, "high": HIGH, "original": LARGE}),
    "older": ("high", 30000, {"low": SAME, "high": HIGH, "original": LARGE}),
    "same": ("high", 30000, {"low": SAME, "high": SAME}),
    "budget": ("high", None, {"low": (None, 1536), "high": (None, 1536)}),
}
# For each set of rules a tile rule (base + per tile / shortest side in pixels) or a patch rule (multiplier:shrinking);
# US dollars per million tokens in and out (the price map of litellm 1.109.1); the last day.
MODELS = """\
gpt-4-vision-preview  85+170/768     85+170/768     85+170/768     -      -      2024-12-06
gpt-4-turbo           85+170/768     85+170/768     85+170/768     10     30     2026-10-23
gpt-4o                85+170/768     85+170/768     85+170/768     2.5    10     2027-01-14
gpt-4.1               85+170/768     85+170/768     -              2      8      2027-01-14
gpt-4.5-preview       85+170/768     85+170/768     -              -      -      2025-07-14
gpt-4o-mini           2833+5667/768  2833+5667/768  2833+5667/768  0.15   0.60   2027-01-14
gpt-5                 70+140/768     70+140/768     -              1.25   10     2026-12-11
gpt-5-chat-latest     70+140/768     70+140/768     -              1.25   10     2026-07-23
gpt-5.1               70+140/768     70+140/768     -              1.25   10     2027-04-01
o1                    75+150/768     75+150/768     75+150/768     15     60     2026-10-23
o1-pro                75+150/768     75+150/768     75+150/768     150    600    2026-10-23
o3                    75+150/768     75+150/768     -              2      8      2026-12-11
computer-use-preview  65+129/768     65+129/768     -              3      12     2026-07-23
gpt-image-1           65+129/512     65+129/512     -              -      -      2026-10-23
gpt-6-astra           1.2:wide       -              -              10     50     -
gpt-5.6-sol           1.2:fine       -              -              4      20     -
gpt-5.6-terra         1.2:fine       -              -              2      12     -
gpt-5.6-luna          1.2:fine       -              -              0.20   1.20   -
gpt-5.5               1.2:large      -              -              5      30     -
gpt-5.4               1.2:older      -              -              2.5    15     -
gpt-5.4-mini          1.2:older      1.62:budget    -              0.75   4.50   -
gpt-5.4-nano          1.2:older      2.46:budget    -              0.20   1.25   2027-04-01
gpt-5.2               1.2:same       1:budget       -              1.75   14     -
gpt-4.1-mini          1.62:same      1.62:budget    -              0.40   1.60   2027-01-14
gpt-5-mini            1.2:budget     1.62:budget    -              0.25   2      2026-12-11
gpt-5-nano            1.5:budget     2.46:budget    -              0.05   0.40   2026-12-11
gpt-4.1-nano          2.46:budget    2.46:budget    -              0.10   0.40   2026-10-23
o4-mini               1.72:budget    1.72:budget    -              1.10   4.40   2026-10-23
gpt-6-luna            -              -              -              0.10   0.50   -
gpt-6-sol             -              -              -              2      10     -
gpt-6.1-sol           -              -              -              2      10     -
gpt-6.1-terra         -              -              -              1      5      -
gpt-4o-2024-05-13     -              -              -              5      15     2026-10-23
"""  # model, 2026-10, 2025-05, 2023-11, dollars in and out, last day
# pictures, characters of a data URL, bytes a picture, bytes a request, read in
MOST = {
    "openai": (1500, 20971520, None, 536870912, "2026-10"),
    "azure": (50, None, 20971520, None, "2026-09"),
    "azure-gpt-4-turbo": (10, None, 20971520, None, "2026-01"),
}


def as_written(rule):
    """A rule in the form of the table above."""
    if rule is None:
        return "-"
    if isinstance(rule, TileRule):
        return f"{rule.base}+{rule.per_tile}/{rule.shortest}"
    limits = {detail: (limit.side, limit.patches) for detail, limit in rule.limits.items()}
    [name] = [name for name, known in PATCHES.items() if known == (rule.auto, rule.refused_over, limits)]
    return f"{float(rule.multiplier):g}:{name}"


def test_the_rules_prices_and_last_days_are_those_that_were_read():
    assert RULES_DATE == READ_ON
    rows = {name: [name] for name in (name for table in (*RULES.values(), PRICES, SHUTDOWN) for name in table)}
    for name, row in rows.items():
        row += [as_written(RULES[day].get(name)) for day in ("2026-10", "2025-05", "2023-11")]
        row += [*PRICES.get(name, "--"), str(SHUTDOWN.get(name, "-"))]
    assert sorted(rows.values()) == sorted(line.split() for line in MODELS.splitlines())


def test_the_limits_are_those_that_were_read():
    assert {name: tuple(limits) for name, limits in LIMITS.items()} == MOST

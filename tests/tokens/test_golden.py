"""Every number of the rules, in one table: what was read, on which day, and nothing else.

The table is written by hand from the sources that `helpers/tokens/rules.py` names (read on 2026-11-22; on 2026-11-27
the prices out, gpt-4o-2024-05-13 and gpt-4.5-preview's end were added), not made from the code. A changed price or
multiplier fails here until somebody writes down, here too, that it was read anew.
"""

from helpers.tokens.rules import LIMITS, PRICES, RULES, RULES_DATE, SHUTDOWN, TileRule

READ_ON = "2026-11-22"

# model: base, per tile, shortest side in pixels ("Images and vision", tile rule)
TILES = {
    "gpt-4-vision-preview": (85, 170, 768),
    "gpt-4-turbo": (85, 170, 768),
    "gpt-4o": (85, 170, 768),
    "gpt-4.1": (85, 170, 768),
    "gpt-4.5-preview": (85, 170, 768),
    "gpt-4o-mini": (2833, 5667, 768),
    "gpt-5": (70, 140, 768),
    "gpt-5-chat-latest": (70, 140, 768),
    "gpt-5.1": (70, 140, 768),
    "o1": (75, 150, 768),
    "o1-pro": (75, 150, 768),
    "o3": (75, 150, 768),
    "computer-use-preview": (65, 129, 768),
    "gpt-image-1": (65, 129, 512),
}
# multiplier, what auto means, patches above which a picture is refused, then for each detail: longest side, patches
SMALL, HIGH, WIDE, FREE = (512, None), (2048, 2500), (65535, 2500), (65535, None)
SAME, LARGE, BUDGET = (2048, 6144), (6000, 10000), (None, 1536)
NEW = {"low": SMALL, "high": HIGH, "original": FREE}
OLD_2026 = {"low": SAME, "high": HIGH, "original": LARGE}
OF_2025 = {"low": BUDGET, "high": BUDGET}
PATCHES_2026_10 = {
    "gpt-6-astra": ("1.2", "original", 30000, {"low": SMALL, "high": WIDE, "original": FREE}),
    "gpt-5.6-sol": ("1.2", "original", 30000, NEW),
    "gpt-5.6-terra": ("1.2", "original", 30000, NEW),
    "gpt-5.6-luna": ("1.2", "original", 30000, NEW),
    "gpt-5.5": ("1.2", "original", 30000, {"low": SMALL, "high": HIGH, "original": LARGE}),
    "gpt-5.4": ("1.2", "high", 30000, OLD_2026),
    "gpt-5.4-mini": ("1.2", "high", 30000, OLD_2026),
    "gpt-5.4-nano": ("1.2", "high", 30000, OLD_2026),
    "gpt-5.2": ("1.2", "high", 30000, {"low": SAME, "high": SAME}),
    "gpt-4.1-mini": ("1.62", "high", 30000, {"low": SAME, "high": SAME}),
    "gpt-5-mini": ("1.2", "high", None, OF_2025),
    "gpt-5-nano": ("1.5", "high", None, OF_2025),
    "gpt-4.1-nano": ("2.46", "high", None, OF_2025),
    "o4-mini": ("1.72", "high", None, OF_2025),
}
PATCHES_2025_05 = {
    name: (multiplier, "high", None, OF_2025)
    for name, multiplier in {
        "gpt-4.1-mini": "1.62",
        "gpt-4.1-nano": "2.46",
        "o4-mini": "1.72",
        "gpt-5-mini": "1.62",
        "gpt-5-nano": "2.46",
        "gpt-5.4-mini": "1.62",
        "gpt-5.4-nano": "2.46",
        "gpt-5.2": "1",
    }.items()
}
RULE_SETS = {
    "2026-10": TILES | PATCHES_2026_10,
    "2025-05": TILES | PATCHES_2025_05,
    "2023-11": {
        name: TILES[name] for name in ("gpt-4-vision-preview", "gpt-4-turbo", "gpt-4o", "gpt-4o-mini", "o1", "o1-pro")
    },
}
# US dollars per million tokens in and out (the price map of litellm 1.109.1)
DOLLARS = {
    "gpt-5.6-luna": ("0.20", "1.20"),
    "gpt-5.6-terra": ("2", "12"),
    "gpt-5.6-sol": ("4", "20"),
    "gpt-5.5": ("5", "30"),
    "gpt-5.4": ("2.5", "15"),
    "gpt-5.4-mini": ("0.75", "4.50"),
    "gpt-5.4-nano": ("0.20", "1.25"),
    "gpt-5.2": ("1.75", "14"),
    "gpt-5.1": ("1.25", "10"),
    "gpt-5": ("1.25", "10"),
    "gpt-5-chat-latest": ("1.25", "10"),
    "gpt-5-mini": ("0.25", "2"),
    "gpt-5-nano": ("0.05", "0.40"),
    "gpt-6-luna": ("0.10", "0.50"),
    "gpt-6-sol": ("2", "10"),
    "gpt-6.1-sol": ("2", "10"),
    "gpt-6.1-terra": ("1", "5"),
    "gpt-6-astra": ("10", "50"),
    "gpt-4o": ("2.5", "10"),
    "gpt-4o-2024-05-13": ("5", "15"),
    "gpt-4o-mini": ("0.15", "0.60"),
    "gpt-4.1": ("2", "8"),
    "gpt-4.1-mini": ("0.40", "1.60"),
    "gpt-4.1-nano": ("0.10", "0.40"),
    "gpt-4-turbo": ("10", "30"),
    "computer-use-preview": ("3", "12"),
    "o1": ("15", "60"),
    "o1-pro": ("150", "600"),
    "o3": ("2", "8"),
    "o4-mini": ("1.10", "4.40"),
}
LAST_DAYS = {
    "gpt-4-vision-preview": "2024-12-06",
    "gpt-4.5-preview": "2025-07-14",
    "computer-use-preview": "2026-07-23",
    "gpt-5-chat-latest": "2026-07-23",
    "gpt-4-turbo": "2026-10-23",
    "gpt-4o-2024-05-13": "2026-10-23",
    "gpt-4.1-nano": "2026-10-23",
    "o1": "2026-10-23",
    "o1-pro": "2026-10-23",
    "o4-mini": "2026-10-23",
    "gpt-image-1": "2026-10-23",
    "gpt-5": "2026-12-11",
    "gpt-5-mini": "2026-12-11",
    "gpt-5-nano": "2026-12-11",
    "o3": "2026-12-11",
    "gpt-4o": "2027-01-14",
    "gpt-4o-mini": "2027-01-14",
    "gpt-4.1": "2027-01-14",
    "gpt-4.1-mini": "2027-01-14",
    "gpt-5.1": "2027-04-01",
    "gpt-5.4-nano": "2027-04-01",
}
# pictures, characters of a data URL, bytes a picture, bytes a request, read in
MOST = {
    "openai": (1500, 20971520, None, 536870912, "2026-10"),
    "azure": (50, None, 20971520, None, "2026-09"),
    "azure-gpt-4-turbo": (10, None, 20971520, None, "2026-01"),
}


def as_written(rule):
    """A rule in the form of the tables above."""
    if isinstance(rule, TileRule):
        return rule.base, rule.per_tile, rule.shortest
    limits = {detail: (limit.side, limit.patches) for detail, limit in rule.limits.items()}
    multiplier = f"{float(rule.multiplier):g}"
    return multiplier, rule.auto, rule.refused_over, limits


def test_the_rules_are_those_that_were_read():
    assert RULES_DATE == READ_ON
    written = {day: {name: as_written(rule) for name, rule in rules.items()} for day, rules in RULES.items()}
    assert written == RULE_SETS


def test_the_prices_are_those_that_were_read():
    assert PRICES == DOLLARS


def test_the_last_days_are_those_that_were_read():
    assert {name: day.isoformat() for name, day in SHUTDOWN.items()} == LAST_DAYS


def test_the_limits_are_those_that_were_read():
    assert {name: tuple(limits) for name, limits in LIMITS.items()} == MOST

"""The published rules for what a picture costs in tokens, with models and dates: data.

Sources, all read by RULES_DATE and compared again on 2026-11-27: the OpenAI guide "Images and vision" (copies of 2025
and of Jul to Oct 2026); for Azure the page "Azure OpenAI overview, image tokens" (2025-03-25); last days from the
openai package 3.57.0 and OpenAI's deprecation page; prices, and the last day of a dated model, from litellm 1.109.1.
Nothing was found on gpt-6-luna, gpt-6-sol and gpt-6.1, nor on what `image.context_compression` does to a count.
"""

from datetime import date
from fractions import Fraction
from typing import NamedTuple

RULES_DATE = "2026-11-22"
NEWEST = "2026-10"


class TileRule(NamedTuple):
    """Fit into 2048 x 2048, shrink the shortest side to `shortest`, count tiles of 512 x 512 pixels."""

    base: int
    per_tile: int
    shortest: int = 768
    note: str = ""


class Limit(NamedTuple):
    """How a `detail` shrinks a picture: to a longest side in pixels (None: any), then to a number of patches."""

    side: int | None
    patches: int | None = None


class PatchRule(NamedTuple):
    """Shrink as `limits` say, count patches of 32 x 32 pixels, multiply. `auto` names the detail that it stands for.

    `refused_over` patches after shrinking the service refuses the picture (None: not known for this rule).
    """

    multiplier: Fraction
    limits: dict[str, Limit]
    auto: str
    refused_over: int | None = 30_000
    note: str = ""


def _patches(multiplier: str, auto: str, note: str = "", **limits: tuple[int, ...]) -> PatchRule:
    return PatchRule(Fraction(multiplier), {name: Limit(*limit) for name, limit in limits.items()}, auto, note=note)


def _budget(multiplier: str, note: str = "") -> PatchRule:
    """The patch rule of 2025: one budget of 1,536 patches, and `detail` changes nothing."""
    return PatchRule(Fraction(multiplier), dict.fromkeys(("low", "high"), Limit(None, 1_536)), "high", None, note)


_TILES = {
    **dict.fromkeys(("gpt-4-vision-preview", "gpt-4-turbo", "gpt-4o", "gpt-4.1", "gpt-4.5-preview"), TileRule(85, 170)),
    "gpt-4o-mini": TileRule(2_833, 5_667),
    **dict.fromkeys(("gpt-5", "gpt-5-chat-latest", "gpt-5.1"), TileRule(70, 140)),
    **dict.fromkeys(("o1", "o1-pro", "o3"), TileRule(75, 150)),
    "computer-use-preview": TileRule(65, 129),
    "gpt-image-1": TileRule(65, 129, shortest=512, note="low input fidelity; high adds 4,160 or 6,240 tokens"),
}

_SMALL, _ANY = (512,), (65_535,)  # pixels of the longest side
_HIGH, _BIG, _SAME = (2_048, 2_500), (6_000, 10_000), (2_048, 6_144)  # and how many patches
_NEW = _patches("1.2", "original", low=_SMALL, high=_HIGH, original=_ANY)
_OLD = _patches("1.2", "high", low=_SAME, high=_HIGH, original=_BIG)
_OLD_SIZES = "unverified: its sizes under these rules were not seen, so those of 2025 are used"

RULES: dict[str, dict[str, TileRule | PatchRule]] = {
    # From about Aug 2026: limits for each model and each detail.
    "2026-10": {
        **_TILES,
        "gpt-6-astra": _patches("1.2", "original", low=_SMALL, high=(65_535, 2_500), original=_ANY),
        **dict.fromkeys(("gpt-5.6-sol", "gpt-5.6-terra", "gpt-5.6-luna"), _NEW),
        "gpt-5.5": _patches("1.2", "original", low=_SMALL, high=_HIGH, original=_BIG),
        **dict.fromkeys(("gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano"), _OLD),
        "gpt-5.2": _patches("1.2", "high", low=_SAME, high=_SAME),
        "gpt-4.1-mini": _patches("1.62", "high", low=_SAME, high=_SAME),
        "gpt-5-mini": _budget("1.2", _OLD_SIZES),
        "gpt-5-nano": _budget("1.5", _OLD_SIZES),
        "gpt-4.1-nano": _budget("2.46", _OLD_SIZES),
        "o4-mini": _budget("1.72", _OLD_SIZES),
    },
    # Mid-2025 to about Jul 2026: one budget for all patch models.
    "2025-05": {
        **_TILES,
        "gpt-4.1-mini": _budget("1.62"),
        "gpt-4.1-nano": _budget("2.46"),
        "o4-mini": _budget("1.72"),
        "gpt-5-mini": _budget("1.62"),
        "gpt-5-nano": _budget("2.46"),
        "gpt-5.4-mini": _budget("1.62"),
        "gpt-5.4-nano": _budget("2.46"),
        "gpt-5.2": _budget("1", "unverified: a multiplier of 1 by third parties only"),
    },
    # Nov 2023 on: tiles were all there was.
    "2023-11": {
        name: _TILES[name] for name in ("gpt-4-vision-preview", "gpt-4-turbo", "gpt-4o", "gpt-4o-mini", "o1", "o1-pro")
    },
}

# The last day of a model at OpenAI. Azure's dates are others and move; read its live schedule.
SHUTDOWN = {
    "gpt-4-vision-preview": date(2024, 12, 6),
    "gpt-4.5-preview": date(2025, 7, 14),
    "computer-use-preview": date(2026, 7, 23),
    "gpt-5-chat-latest": date(2026, 7, 23),
    **dict.fromkeys(("gpt-4-turbo", "gpt-4o-2024-05-13", "gpt-4.1-nano", "gpt-image-1"), date(2026, 10, 23)),
    **dict.fromkeys(("o1", "o1-pro", "o4-mini"), date(2026, 10, 23)),
    **dict.fromkeys(("gpt-5", "gpt-5-mini", "gpt-5-nano", "o3"), date(2026, 12, 11)),
    **dict.fromkeys(("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini"), date(2027, 1, 14)),
    **dict.fromkeys(("gpt-5.1", "gpt-5.4-nano"), date(2027, 4, 1)),
}

# US dollars per million tokens, in and out. A dated model has its family's price, unless its own is here. Pictures cost
# gpt-image-1 another amount than text, so it is not here.
PRICES = {
    "gpt-5.6-luna": ("0.20", "1.20"), "gpt-5.6-terra": ("2", "12"), "gpt-5.6-sol": ("4", "20"),
    "gpt-5.5": ("5", "30"), "gpt-5.2": ("1.75", "14"), "gpt-5.1": ("1.25", "10"), "gpt-5-chat-latest": ("1.25", "10"),
    "gpt-5.4": ("2.5", "15"), "gpt-5.4-mini": ("0.75", "4.50"), "gpt-5.4-nano": ("0.20", "1.25"),
    "gpt-5": ("1.25", "10"), "gpt-5-mini": ("0.25", "2"), "gpt-5-nano": ("0.05", "0.40"), "gpt-6-astra": ("10", "50"),
    "gpt-6-luna": ("0.10", "0.50"), "gpt-6-sol": ("2", "10"), "gpt-6.1-sol": ("2", "10"), "gpt-6.1-terra": ("1", "5"),
    "gpt-4o": ("2.5", "10"), "gpt-4o-2024-05-13": ("5", "15"), "gpt-4o-mini": ("0.15", "0.60"),
    "gpt-4.1": ("2", "8"), "gpt-4.1-mini": ("0.40", "1.60"), "gpt-4.1-nano": ("0.10", "0.40"),
    "gpt-4-turbo": ("10", "30"), "computer-use-preview": ("3", "12"),
    "o1": ("15", "60"), "o1-pro": ("150", "600"), "o3": ("2", "8"), "o4-mini": ("1.10", "4.40"),
}  # fmt: skip


class Limits(NamedTuple):
    """What a provider takes in one request; None where no figure was read."""

    pictures: int
    url_characters: int | None
    picture_bytes: int | None
    request_bytes: int | None
    date: str


_MB = 2**20
LIMITS = {
    # In mid-2025: 500 and 50 MB. OpenAI's API description (2026-08-21) limits a data URL only in outputs of functions.
    "openai": Limits(1_500, 20_971_520, None, 512 * _MB, "2026-10"),
    # GPT-4o and later, by an error message; the page of 2026-02-17 says the same. One page says 50 MB a picture.
    "azure": Limits(50, None, 20 * _MB, None, "2026-09"),
    "azure-gpt-4-turbo": Limits(10, None, 20 * _MB, None, "2026-01"),  # the how-to page
}

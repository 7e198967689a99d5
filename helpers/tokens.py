"""What a picture costs in tokens, by the rule its model publishes.

Rules change (three times so far), so each carries the date it was read. The result is an estimate: the `usage` of a
real answer is the authority.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, isqrt

RULES_DATE = "2026-11-22"


@dataclass(frozen=True)
class PictureTokens:
    """What a picture costs. Sizes are (width, height) in pixels, `grid` is patches (across, down)."""

    tokens: int
    size: tuple[int, int]
    grid: tuple[int, int]
    rule: str
    date: str = RULES_DATE


@dataclass(frozen=True)
class _Limit:
    """How a `detail` shrinks a picture: to a longest side in pixels, then to a number of patches (None: any)."""

    side: int
    patches: int | None = None


_PATCH = 32
_MAX_PATCHES = 30_000

# OpenAI guide "Images and vision", as read on RULES_DATE: limits of each detail, and the multiplier.
_MODELS = {
    "gpt-5.6-luna": (
        {"low": _Limit(512), "high": _Limit(2048, 2_500), "original": _Limit(65_535)},
        {"auto": "original"},
        Fraction(12, 10),
    ),
}

# US dollars per million tokens, in and out (litellm 1.109.1's price map, read on RULES_DATE).
_PRICES = {"gpt-5.6-luna": (Fraction("0.20"), Fraction("1.20"))}


def picture_tokens(width: int, height: int, model: str, detail: str = "auto") -> PictureTokens:
    """Tokens of a picture of `width` x `height` pixels, by the model's patch rule.

    Source: OpenAI guide "Images and vision" (2026): fit into the pixel limit, shrink to the patch budget, count
    32 x 32 patches, multiply, round up. Exact: no floating point. Raises ValueError for an unknown model or detail,
    for a side below 1, and for a picture the service would refuse (over 30,000 patches).
    """
    limits, aliases, multiplier = _known(_MODELS, model)
    name = aliases.get(detail, detail)
    if name not in limits:
        raise ValueError(f"detail {detail!r} is not known for {model}; known: {', '.join([*aliases, *limits])}")
    if width < 1 or height < 1:
        raise ValueError(f"a picture has at least 1 x 1 pixels, not {width} x {height}")
    limit = limits[name]
    longest = max(width, height)
    if longest > limit.side:
        # Round half up, in whole numbers.
        width, height = (max(1, (2 * side * limit.side + longest) // (2 * longest)) for side in (width, height))
    across, down = ceil(Fraction(width, _PATCH)), ceil(Fraction(height, _PATCH))
    if limit.patches and across * down > limit.patches:
        # s' = min(32 * floor(sqrt(B*w/h)) / w, 32 * floor(sqrt(B*h/w)) / h), the published shrink in one step.
        scale = min(
            Fraction(_PATCH * max(1, isqrt(limit.patches * width // height)), width),
            Fraction(_PATCH * max(1, isqrt(limit.patches * height // width)), height),
        )
        width, height = (max(1, int(side * scale)) for side in (width, height))
        across, down = ceil(Fraction(width, _PATCH)), ceil(Fraction(height, _PATCH))
    if across * down > _MAX_PATCHES:
        raise ValueError(f"{model} refuses a picture of {across * down:,} patches (limit {_MAX_PATCHES:,})")
    return PictureTokens(ceil(across * down * multiplier), (width, height), (across, down), f"{model}, {name}")


def price(model: str, tokens_in: int, tokens_out: int) -> float:
    """US cents for this many tokens. Raises ValueError for a model without a known price."""
    per_million = _known(_PRICES, model)
    return float((tokens_in * per_million[0] + tokens_out * per_million[1]) * 100 / 1_000_000)


def _known(table: dict, model: str):
    if model not in table:
        raise ValueError(f"model {model!r} is not in the table of {RULES_DATE}; known: {', '.join(table)}")
    return table[model]

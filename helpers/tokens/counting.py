"""What pictures cost in tokens, by the rule their model publishes, and what a request may hold.

The rules are in `token_rules.py`; here is the arithmetic, in whole numbers and fractions, exact to the token. Rules
change (there have been at least three sets of them), so each result names its rule and date. It is an estimate: the
`usage` of a real answer is the authority.
"""

import base64
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from io import BytesIO
from math import ceil, isqrt

from PIL import Image

from .rules import LIMITS, NEWEST, PRICES, RULES, RULES_DATE, SHUTDOWN, Limit, PatchRule, TileRule

__all__ = ["PictureTokens", "Price", "RequestTokens", "check_limits", "picture_tokens", "price", "request_tokens"]

PATCH, TILE = 32, 512  # pixels a side


@dataclass(frozen=True)
class PictureTokens:
    """What a picture costs, and how the rule came to it.

    `sizes` are (width, height) in pixels, as it is sent and then after each resize. `grid` is (across, down) in units
    of `unit`, "tile" or "patch"; (0, 0) where a tile model looks only at the small version. `rule` names model, detail
    and set of rules, `date` is when these were read, `notes` say what about them is unverified.
    """

    tokens: int
    sizes: tuple[tuple[int, int], ...]
    grid: tuple[int, int]
    unit: str
    rule: str
    date: str = RULES_DATE
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels as the model gets the picture."""
        return self.sizes[-1]


@dataclass(frozen=True)
class RequestTokens:
    """The picture tokens of a request: their sum, each picture in its order, and what is unverified about them."""

    tokens: int
    pictures: tuple[PictureTokens, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is unverified about the rule of these pictures, each said once."""
        return tuple(dict.fromkeys(note for picture in self.pictures for note in picture.notes))


def picture_tokens(
    width: int,
    height: int,
    model: str,
    detail: str = "auto",
    *,
    rules: str = NEWEST,
    deployments: Mapping[str, str] | None = None,
) -> PictureTokens:
    """Tokens of a picture of `width` x `height` pixels.

    rules is the set of rules: "2026-10" (newest), "2025-05" or "2023-11". deployments says which model stands behind
    a name of your own, as Azure has them. Source: OpenAI guide "Images and vision", copies of these dates.

    Raises ValueError, with what is known, for an unknown model, detail or set of rules; for a side below 1; for a
    picture that the service would refuse (over 30,000 patches). Warns (UserWarning) of a model that is shut down.
    """
    if width < 1 or height < 1:
        raise ValueError(f"a picture has at least 1 x 1 pixels, not {width} x {height}")
    name, rule = _rule(model, rules, deployments or {})
    known = ("auto", "low", "high") if isinstance(rule, TileRule) else ("auto", *rule.limits)
    if detail not in known:
        raise ValueError(f"detail {detail!r} is not known for {name}; known: {', '.join(known)}")
    if isinstance(rule, TileRule):
        resolved = "low" if detail == "low" else "high"
        tokens, sizes, grid = _tiles((width, height), rule, resolved)
    else:
        resolved = rule.auto if detail == "auto" else detail
        tokens, sizes, grid = _patches((width, height), rule, resolved, name)
    unit = "tile" if isinstance(rule, TileRule) else "patch"
    notes = (rule.note,) if rule.note else ()
    return PictureTokens(tokens, tuple(sizes), grid, unit, f"{name}, {resolved}, rules of {rules}", notes=notes)


def request_tokens(messages: list, model: str, *, sizes: Mapping[str, tuple[int, int]] | None = None, **options):
    """The picture tokens of a request: of `messages` for Chat Completions, or of `input` for Responses.

    The size of a data URL is read from its picture. A web address is not opened: `sizes` says how large the picture
    behind it is, as {url: (width, height)}. Other options are those of `picture_tokens`. Text is not counted.
    Raises ValueError as `picture_tokens` does, for an address whose size is not given, and for a file id.
    """
    pictures = []
    for url, detail in _pictures(messages):
        size = (sizes or {}).get(url) or _size_of(url)
        pictures.append(picture_tokens(*size, model, detail, **options))
    return RequestTokens(sum(picture.tokens for picture in pictures), tuple(pictures))


def check_limits(messages: list, provider: str = "openai") -> None:
    """Raise ValueError when a request holds more pictures, or larger ones, than the provider takes.

    provider is "openai", "azure" or "azure-gpt-4-turbo"; figures with their dates are in `token_rules.LIMITS`. What no
    page states is not checked.
    """
    limits = _known(LIMITS, provider, "provider")
    urls = [url for url, _ in _pictures(messages)]
    if len(urls) > limits.pictures:
        here = f"and here are {len(urls):,}. Send them in turns."
        raise ValueError(f"{provider} takes {limits.pictures:,} pictures in one request (as of {limits.date}), {here}")
    whole = 0
    for number, url in enumerate(urls, 1):
        whole += len(url)
        if not url.startswith("data:"):
            continue
        if limits.url_characters and len(url) > limits.url_characters:
            most = f"takes data URLs of {limits.url_characters:,} characters (named for Responses, as of 2026-11)"
            raise ValueError(f"{provider} {most}, and that of picture {number} has {len(url):,}. Shrink it.")
        size = len(url.partition(",")[2]) * 3 // 4
        if limits.picture_bytes and size > limits.picture_bytes:
            most = f"takes {limits.picture_bytes:,} bytes a picture (as of 2026-04)"
            raise ValueError(f"{provider} {most}, and picture {number} has about {size:,}. Shrink it.")
    if limits.request_bytes and whole > limits.request_bytes:
        most = f"takes {limits.request_bytes:,} bytes in one request (as of {limits.date})"
        raise ValueError(f"{provider} {most}, and these pictures alone have {whole:,}. Send them in turns.")


class Price(float):
    """An amount in US cents; `date` is when the prices were read."""

    date = RULES_DATE


def price(model: str, tokens_in: int, tokens_out: int) -> Price:
    """US cents for this many tokens. Raises ValueError where no price is known."""
    amounts = ((tokens_in, "in"), (tokens_out, "out"))
    cents = Fraction(0)
    for (tokens, way), per_million in zip(amounts, _known(PRICES, model, "model"), strict=True):
        if per_million is None and tokens:
            raise ValueError(f"no price of {RULES_DATE} is known for tokens {way} of {model}")
        cents += tokens * Fraction(per_million or 0) * 100 / 1_000_000
    return Price(cents)


def _tiles(size: tuple[int, int], rule: TileRule, detail: str):
    """Scale down to 2048 x 2048, then the shortest side to 768 (the other rounded down), count tiles of 512."""
    if detail == "low":
        return rule.base, [size, *_changed(size, _fit(size, TILE))], (0, 0)
    sizes = [size]
    sizes += _changed(sizes[-1], _fit(sizes[-1], 2_048))
    width, height = sizes[-1]
    shortest = min(width, height)
    if shortest > rule.shortest:
        sizes.append((width * rule.shortest // shortest, height * rule.shortest // shortest))
    across, down = (ceil(Fraction(side, TILE)) for side in sizes[-1])
    return rule.base + rule.per_tile * across * down, sizes, (across, down)


def _patches(size: tuple[int, int], rule: PatchRule, detail: str, model: str):
    """Fit into the pixel limit of the detail, shrink to its number of patches, count patches of 32, multiply."""
    limit, sizes = rule.limits[detail], [size]
    if limit.side:
        sizes += _changed(size, _fit(size, limit.side))
    sizes += _changed(sizes[-1], _to_budget(sizes[-1], limit))
    across, down = (ceil(Fraction(side, PATCH)) for side in sizes[-1])
    if rule.refused_over and across * down > rule.refused_over:
        raise ValueError(f"{model} refuses a picture of {across * down:,} patches (limit {rule.refused_over:,})")
    return ceil(across * down * rule.multiplier), sizes, (across, down)


def _fit(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Shrunk to this longest side, rounded half up, at least one pixel; never enlarged."""
    longest = max(size)
    if longest <= side:
        return size
    width, height = (max(1, (2 * pixels * side + longest) // (2 * longest)) for pixels in size)
    return width, height


def _to_budget(size: tuple[int, int], limit: Limit) -> tuple[int, int]:
    """Shrunk so that whole patches fill the budget along one side.

    s = sqrt(32^2 B / (w h)), then s' = s * min(floor(w s / 32) / (w s / 32), floor(h s / 32) / (h s / 32)) as
    published is the same as the one step below, without a root that is not whole. At least one patch a side.
    """
    width, height = size
    budget = limit.patches
    if not budget or ceil(Fraction(width, PATCH)) * ceil(Fraction(height, PATCH)) <= budget:
        return size
    columns, rows = isqrt(budget * width // height), isqrt(budget * height // width)
    if columns and rows:
        scale = min(Fraction(PATCH * columns, width), Fraction(PATCH * rows, height))
    else:  # so thin that it is one row of patches, of which the published rule does not speak
        scale = Fraction(PATCH * budget, max(width, height))
    return max(1, int(width * scale)), max(1, int(height * scale))


def _changed(before, after) -> list:
    return [after] if after != before else []


def _pictures(messages: list) -> Iterator[tuple[str, str]]:
    """URL and detail of each picture in a request, in the shapes of Chat Completions and of Responses."""
    for message in messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if part.get("type") == "image_url":
                yield part["image_url"]["url"], part["image_url"].get("detail") or "auto"
            elif part.get("type") == "input_image":
                if not part.get("image_url"):
                    raise ValueError(f"picture {part.get('file_id')!r} is a file at the service; its size is not known")
                yield part["image_url"], part.get("detail") or "auto"


def _size_of(url: str) -> tuple[int, int]:
    if not url.startswith("data:"):
        raise ValueError(f"how large is {url[:80]}? Say it with sizes={{url: (width, height)}}")
    try:
        return Image.open(BytesIO(base64.b64decode(url.partition(",")[2]))).size
    except Exception:  # Pillow's readers raise whatever a damaged file makes them stumble over
        raise ValueError(f"this data URL holds no picture: {url[:40]}…") from None


def _rule(model: str, rules: str, deployments: Mapping[str, str]) -> tuple[str, TileRule | PatchRule]:
    name = deployments.get(model, model)
    rule = _known(_known(RULES, rules, "set of rules"), name, f"model under the rules of {rules}, read {RULES_DATE}:")
    if (last_day := SHUTDOWN.get(name)) and date.today() > last_day:
        warnings.warn(f"{name} was shut down by OpenAI on {last_day}", UserWarning, stacklevel=3)
    return name, rule


def _known(table: Mapping, name: str, what: str):
    if name not in table:
        raise ValueError(f"unknown {what} {name!r}; known: {', '.join(table)}")
    return table[name]

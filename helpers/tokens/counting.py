"""The arithmetic of picture tokens, prices and limits, in whole numbers and fractions, exact to the token.

`rules.py` holds the rules. They change (there have been at least three sets), so each result names its rule and date.
It is an estimate: the `usage` of a real answer is the authority.
"""

import base64
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from io import BytesIO
from math import ceil, isqrt
from typing import Any, TypeVar

from PIL import Image

from .rules import LIMITS, NEWEST, PRICES, RULES, RULES_DATE, SHUTDOWN, PatchRule, TileRule

PATCH, TILE = 32, 512  # pixels a side
Size = tuple[int, int]  # width and height in pixels
Names = Mapping[str, str]  # the model behind each name of your own
Row = TypeVar("Row")


@dataclass(frozen=True)
class PictureTokens:
    """What a picture costs, and how the rule came to it.

    `sizes` are (width, height) in pixels, as it is sent and then after each resize. `grid` is (across, down) in units
    of `unit`, "tile" or "patch"; (0, 0) where a tile model looks only at the small version. `rule` names model, detail
    and set of rules, `date` is when these were read, `notes` say what about them is unverified.
    """

    tokens: int
    sizes: tuple[Size, ...]
    grid: Size
    unit: str
    rule: str
    date: str = RULES_DATE
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> Size:
        """Width and height in pixels as the model gets the picture."""
        return self.sizes[-1]


@dataclass(frozen=True)
class RequestTokens:
    """The picture tokens of a request: their sum, and each picture in its order."""

    tokens: int
    pictures: tuple[PictureTokens, ...]


def picture_tokens(
    width: int, height: int, model: str, detail: str = "auto", *, rules: str = NEWEST, deployments: Names | None = None
) -> PictureTokens:
    """Count the tokens of one picture. Source: OpenAI guide "Images and vision", a copy for each set of rules.

    Args:
        width, height: Pixels of the picture as it is sent.
        model: The model's name, or that of a deployment.
        detail: "auto", "low", "high" or "original"; not every model knows each.
        rules: The set of rules: "2026-10" (newest), "2025-05" or "2023-11".
        deployments: The model behind each name of your own, as Azure has them: {deployment: model}.

    Returns:
        The tokens and how they came about. A model that is shut down also gives a UserWarning.

    Raises:
        ValueError: An unknown model, detail or set of rules (it says which are known), a side below 1, or a picture
            that the service would refuse (over 30,000 patches).
    """
    if width < 1 or height < 1:
        raise ValueError(f"a picture has at least 1 x 1 pixels, not {width} x {height}")
    name = (deployments or {}).get(model, model)
    rule = _known(_known(RULES, rules, "set of rules"), name, f"model under the rules of {rules}, read {RULES_DATE}:")
    if (last_day := SHUTDOWN.get(name)) and date.today() > last_day:
        warnings.warn(f"{name} was shut down by OpenAI on {last_day}", UserWarning, stacklevel=2)
    known = ("auto", "low", "high") if isinstance(rule, TileRule) else ("auto", *rule.limits)
    if detail not in known:
        raise ValueError(f"detail {detail!r} is not known for {name}; known: {', '.join(known)}")
    if isinstance(rule, TileRule):
        unit, resolved = "tile", "low" if detail == "low" else "high"
        tokens, sizes, grid = _tiles((width, height), rule, resolved)
    else:
        unit, resolved = "patch", rule.auto if detail == "auto" else detail
        tokens, sizes, grid = _patches((width, height), rule, resolved, name)
    steps = tuple(dict.fromkeys(sizes))  # a resize that changes nothing is none
    notes = (rule.note,) if rule.note else ()
    return PictureTokens(tokens, steps, grid, unit, f"{name}, {resolved}, rules of {rules}", notes=notes)


def request_tokens(messages: list, model: str, *, sizes: Mapping[str, Size] = {}, **options: Any) -> RequestTokens:
    """Count the tokens of each picture in a request, and their sum; text is not counted.

    Args:
        messages: `messages` of Chat Completions, or `input` of Responses.
        model: The model's name, or that of a deployment.
        sizes: Size of each picture that is given by its web address, which is not opened: {url: (width, height)}.
        options: `rules` and `deployments`, as `picture_tokens` takes them.

    Raises:
        ValueError: As `picture_tokens`; also an address whose size is not given, and a file id.
    """
    pictures = []
    for url, detail in _pictures(messages):
        pictures.append(picture_tokens(*sizes.get(url) or _size_of(url), model, detail, **options))
    return RequestTokens(sum(picture.tokens for picture in pictures), tuple(pictures))


def check_limits(messages: list, provider: str = "openai") -> None:
    """Refuse a request with more pictures, or larger ones, than the provider takes. What no page states is not checked.

    Args:
        messages: `messages` of Chat Completions, or `input` of Responses.
        provider: "openai", "azure" or "azure-gpt-4-turbo"; figures with their dates are in `rules.LIMITS`.

    Raises:
        ValueError: A limit that is broken, with its figure and date, or an unknown provider.
    """
    limits = _known(LIMITS, provider, "provider")
    urls = [url for url, _ in _pictures(messages)]
    whole, day = sum(map(len, urls)), f"as of {limits.date}"
    rest = f"pictures in one request ({day}), and here are {len(urls):,}. Send them in turns."
    checks: list[tuple[int, int | None, str]] = [(len(urls), limits.pictures, "{:,} " + rest)]
    for number, url in enumerate(urls, 1):
        if url.startswith("data:"):
            size = len(url.partition(",")[2]) * 3 // 4
            rest = f"(named for Responses, as of 2026-11), and that of picture {number} has {len(url):,}. Shrink it."
            checks.append((len(url), limits.url_characters, "data URLs of {:,} characters " + rest))
            rest = f"bytes a picture (as of 2026-04), and picture {number} has about {size:,}. Shrink it."
            checks.append((size, limits.picture_bytes, "{:,} " + rest))
    rest = f"bytes in one request ({day}), and these pictures alone have {whole:,}. Send them in turns."
    for amount, most, sentence in [*checks, (whole, limits.request_bytes, "{:,} " + rest)]:
        if most and amount > most:
            raise ValueError(f"{provider} takes {sentence.format(most)}")


class Price(float):
    """An amount in US cents; `date` is when the prices were read."""

    date = RULES_DATE


def price(model: str, tokens_in: int, tokens_out: int) -> Price:
    """Price tokens in and out, in US cents.

    Raises:
        ValueError: No price is known for this model, or for its tokens that way.
    """
    cents = Fraction(0)
    for tokens, way, per_million in zip(
        (tokens_in, tokens_out), ("in", "out"), _known(PRICES, model, "model"), strict=True
    ):
        if per_million is None and tokens:
            raise ValueError(f"no price of {RULES_DATE} is known for tokens {way} of {model}")
        cents += tokens * Fraction(per_million or 0) * 100 / 1_000_000
    return Price(cents)


def _tiles(size: Size, rule: TileRule, detail: str) -> tuple[int, list[Size], Size]:
    """Scale down to 2048 x 2048, then the shortest side to 768 (the other rounded down), count tiles of 512."""
    if detail == "low":
        return rule.base, [size, _fit(size, TILE)], (0, 0)
    sizes = [size, _fit(size, 2_048)]
    width, height = sizes[-1]
    if (shortest := min(width, height)) > rule.shortest:
        sizes.append((width * rule.shortest // shortest, height * rule.shortest // shortest))
    across, down = (ceil(Fraction(side, TILE)) for side in sizes[-1])
    return rule.base + rule.per_tile * across * down, sizes, (across, down)


def _patches(size: Size, rule: PatchRule, detail: str, model: str) -> tuple[int, list[Size], Size]:
    """Fit into the pixel limit of the detail, shrink to its number of patches, count patches of 32, multiply."""
    limit = rule.limits[detail]
    fitted = _fit(size, limit.side or max(size))
    sizes = [size, fitted, _to_budget(fitted, limit.patches)]
    across, down = (ceil(Fraction(side, PATCH)) for side in sizes[-1])
    if rule.refused_over and across * down > rule.refused_over:
        raise ValueError(f"{model} refuses a picture of {across * down:,} patches (limit {rule.refused_over:,})")
    return ceil(across * down * rule.multiplier), sizes, (across, down)


def _fit(size: Size, side: int) -> Size:
    """Shrunk to this longest side, rounded half up, at least one pixel; never enlarged."""
    if (longest := max(size)) <= side:
        return size
    width, height = (max(1, (2 * pixels * side + longest) // (2 * longest)) for pixels in size)
    return width, height


def _to_budget(size: Size, budget: int | None) -> Size:
    """Shrunk so that whole patches fill the budget along one side.

    s = sqrt(32^2 B / (w h)), then s' = s * min(floor(w s / 32) / (w s / 32), floor(h s / 32) / (h s / 32)) as
    published is the same as the one step below, without a root that is not whole. At least one patch a side.
    """
    width, height = size
    if not budget or ceil(Fraction(width, PATCH)) * ceil(Fraction(height, PATCH)) <= budget:
        return size
    columns, rows = isqrt(budget * width // height), isqrt(budget * height // width)
    if columns and rows:
        scale = min(Fraction(PATCH * columns, width), Fraction(PATCH * rows, height))
    else:  # so thin that it is one row of patches, of which the published rule does not speak
        scale = Fraction(PATCH * budget, max(width, height))
    return max(1, int(width * scale)), max(1, int(height * scale))


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


def _size_of(url: str) -> Size:
    if not url.startswith("data:"):
        raise ValueError(f"how large is {url[:80]}? Say it with sizes={{url: (width, height)}}")
    try:
        return Image.open(BytesIO(base64.b64decode(url.partition(",")[2]))).size
    except Exception:  # Pillow's readers raise whatever a damaged file makes them stumble over
        raise ValueError(f"this data URL holds no picture: {url[:40]}…") from None


def _known(table: Mapping[str, Row], name: str, what: str) -> Row:
    if name not in table:
        raise ValueError(f"unknown {what} {name!r}; known: {', '.join(table)}")
    return table[name]

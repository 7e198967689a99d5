"""The arithmetic of picture tokens, prices and limits, in whole numbers and fractions, exact to the token.

`rules.py` holds the rules. They change (there have been at least three sets), so each result names its rule and date.
It is an estimate: exact are the `usage` of an answer and, before it, `client.responses.input_tokens.count`.
"""

import base64
import re
import warnings
from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from io import BytesIO
from math import ceil, isqrt
from numbers import Integral, Real
from typing import Any, NamedTuple, TypeVar

from PIL import Image

from .rules import LIMITS, NEWEST, PRICES, RULES, RULES_DATE, SHUTDOWN, PatchRule, TileRule

PATCH, TILE = 32, 512  # pixels a side
Size = tuple[int, int]  # width and height in pixels
Row = TypeVar("Row")


class PictureTokens(NamedTuple):
    """What a picture costs, and how the rule came to it.

    `sizes` are (width, height) in pixels, as it is sent and after each resize. `grid` is (across, down) in units of
    `unit`, "tile" or "patch"; (0, 0) where a tile model looks only at the small version. `rule` names model, detail and
    set of rules, `date` is when these were read, `notes` say what is unverified or counted by another name.
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


class RequestTokens(NamedTuple):
    """The picture tokens of a request: their sum, and each picture in its order."""

    tokens: int
    pictures: tuple[PictureTokens, ...]


def picture_tokens(
    width: int, height: int, model: str, detail: str = "auto", *, rules: str = NEWEST, deployments: Mapping = {}
) -> PictureTokens:
    """Count the tokens of one picture; warn (UserWarning) of a model that is shut down.

    Source: OpenAI guide "Images and vision", a copy for each set of rules.

    Args:
        width, height: Pixels of the picture as it is sent.
        model: The model's name, or that of a deployment. A dated name counts as its family, which a note says.
        detail: "auto", "low", "high" or "original"; not every model knows each. "auto" is counted as OpenAI says; on
            Azure it chooses "low" or "high" by the picture's size (its how-to page, 2026-01-29).
        rules: The set of rules: "2026-10" (newest), "2025-05" or "2023-11".
        deployments: The model behind each name of your own, as Azure has them: {deployment: model}.

    Raises:
        ValueError: An unknown model, detail or set of rules (it says which are known), a side below 1, or a picture
            that the service would refuse (over 30,000 patches).
    """
    if not all(isinstance(side, Integral) and side >= 1 for side in (width, height)):
        raise ValueError(f"a picture has at least 1 x 1 pixels, not {width} x {height}; both are whole numbers")
    size, asked_for = (int(width), int(height)), (deployments or {}).get(model, model)
    _, table = _find(RULES, rules, "unknown set of rules")
    name, rule = _find(table, asked_for, f"unknown model under the rules of {rules}, read {RULES_DATE}:")
    ended = asked_for if asked_for in SHUTDOWN else name
    if date.today() > SHUTDOWN.get(ended, date.max):
        warnings.warn(f"{ended} was shut down by OpenAI on {SHUTDOWN[ended]}", UserWarning, stacklevel=2)
    known = ("auto", "low", "high") if isinstance(rule, TileRule) else ("auto", *rule.limits)
    if detail not in known:
        raise ValueError(f"detail {detail!r} is not known for {name}; known: {', '.join(known)}")
    if isinstance(rule, TileRule):
        unit, resolved = "tile", "low" if detail == "low" else "high"
        tokens, sizes, grid = _tiles(size, rule, resolved)
    else:
        unit, resolved = "patch", rule.auto if detail == "auto" else detail
        tokens, sizes, grid = _patches(size, rule, resolved, name)
    steps = tuple(dict.fromkeys(sizes))  # a resize that changes nothing is none
    notes = [rule.note] * bool(rule.note) + [f"{asked_for} is counted as {name}"] * (asked_for != name)
    return PictureTokens(tokens, steps, grid, unit, f"{name}, {resolved}, rules of {rules}", notes=tuple(notes))


def request_tokens(messages: list, model: str, *, sizes: Mapping[str, Size] = {}, **options: Any) -> RequestTokens:
    """Count the tokens of each picture in a request, and their sum.

    Outputs of tools and the SDK's own objects are searched too, however deep. Text is not counted, nor pages of PDFs,
    nor what an id stands for (`previous_response_id`, an item reference, a picture that the model made).

    Args:
        messages: `messages` of Chat Completions, or `input` of Responses; a list.
        model: The model's name, or that of a deployment.
        sizes: Size of each picture that is not in the request: {address or file id: (width, height)}.
        options: `rules` and `deployments`, as `picture_tokens` takes them.

    Raises:
        ValueError: As `picture_tokens`; also an address or file id without a size, and what can't be in a request.
    """
    found = [(sizes.get(source) or _size_of(source), detail) for source, detail in _pictures(messages)]
    pictures = tuple(picture_tokens(*size, model, detail, **options) for size, detail in found)
    return RequestTokens(sum(picture.tokens for picture in pictures), pictures)


def check_limits(messages: list, provider: str = "openai") -> None:
    """Refuse a request with more pictures, or larger ones, than the provider takes. What no page states is not checked.

    Args:
        messages: As for `request_tokens`.
        provider: "openai", "azure" or "azure-gpt-4-turbo"; figures with their dates are in `rules.LIMITS`.

    Raises:
        ValueError: A limit that is broken, with its figure and date, an unknown provider, or no list of messages.
    """
    _, limits = _find(LIMITS, provider, "unknown provider")
    urls, day = [url for url, _ in _pictures(messages)], f"as of {limits.date}"

    def check(amount: int, most: int | None, of_what: str, has: str) -> None:
        if most and amount > most:
            way_out = "Shrink it." if "picture " in has else "Send them in turns."
            raise ValueError(f"{provider} takes {most:,} {of_what}, and {has.format(f'{amount:,}')}. {way_out}")

    check(len(urls), limits.pictures, f"pictures in one request ({day})", "here are {}")
    for number, url in enumerate(urls, 1):
        if url.startswith("data:"):
            stated = "characters a data URL (stated for outputs of functions, as of 2026-08)"
            check(len(url), limits.url_characters, stated, f"that of picture {number} has {{}}")
            size = len(url.partition(",")[2]) * 3 // 4
            check(size, limits.picture_bytes, "bytes a picture (as of 2026-04)", f"picture {number} has about {{}}")
    check(sum(map(len, urls)), limits.request_bytes, f"bytes in one request ({day})", "these pictures alone have {}")


class Price(float):
    """An amount in US cents; `date` is when the prices were read."""

    date = RULES_DATE


def price(model: str, tokens_in: int, tokens_out: int) -> Price:
    """Price tokens in and out, in US cents: the list price, to which cached tokens or a batch come cheaper.

    What a model thinks is paid as tokens out. A dated name has its family's price, unless its own is known.

    Raises:
        ValueError: No price is known for this model, or tokens are no number from 0 on.
    """
    _, (dollars_in, dollars_out) = _find(PRICES, model, f"no price of {RULES_DATE} is known for")
    if not all(isinstance(amount, Real) and 0 <= amount < float("inf") for amount in (tokens_in, tokens_out)):
        raise ValueError(f"tokens are two numbers from 0 on, not {tokens_in!r} and {tokens_out!r}")
    return Price((Fraction(tokens_in) * Fraction(dollars_in) + Fraction(tokens_out) * Fraction(dollars_out)) / 10_000)


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

    As published: s = sqrt(32^2 B / (w h)), s' = s * min(floor(w s / 32) / (w s / 32), floor(h s / 32) / (h s / 32)).
    The one step below is the same without a root that is not whole. At least one patch a side.
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


def _pictures(given: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield address, data URL or file id, and detail, of each picture in messages or input, however deep."""
    if hasattr(given, "model_dump"):
        given = given.model_dump(warnings=False)  # which come when another server filled in what the type has not
    kind = given.get("type") if isinstance(given, Mapping) else None
    if depth == 0 and not isinstance(given, list | tuple):
        raise ValueError(f"messages are a list of dicts or of the SDK's objects, not {type(given).__name__}")
    if depth == 1 and not (isinstance(given, Mapping) and {"role", "type"} & given.keys()):
        raise ValueError(f"a message is a dict with a role or a type, or the SDK's object, not {given!r:.60}")
    if kind in ("image_url", "input_image", "computer_screenshot"):
        image = given.get("image_url")
        image = image if isinstance(image, Mapping) else {**given, "url": image}
        if not isinstance(source := image.get("url") or image.get("file_id"), str):
            raise ValueError(f"a picture is given by its address, its data URL or a file id, not {source!r:.60}")
        yield source, image.get("detail") or "auto"
    elif kind == "image" and "source" in given:
        raise ValueError("a part of type 'image' belongs to another API; here it is an 'image_url' or 'input_image'")
    elif isinstance(given, Mapping | list | tuple):
        for part in given.values() if isinstance(given, Mapping) else given:
            yield from _pictures(part, depth + 1)
    elif given is not None and not isinstance(given, str | Real):
        raise ValueError(f"a part of a request is a dict, as Picture.chat_part() makes it, not {type(given).__name__}")


def _size_of(source: str) -> Size:
    if not source.startswith("data:"):
        raise ValueError(f"how large is {source[:200]}? Say it with sizes={{address or file id: (width, height)}}")
    try:
        return Image.open(BytesIO(base64.b64decode(source.partition(",")[2]))).size
    except Exception:  # Pillow's readers raise whatever a damaged file makes them stumble over
        raise ValueError(f"this data URL holds no picture that Pillow can open: {source[:40]}…") from None


def _find(table: Mapping[str, Row], name: str, unknown: str) -> tuple[str, Row]:
    """Return a row and its name, which for a dated model is that of its family: gpt-4o for gpt-4o-2024-08-06."""
    found = name if name in table else re.sub(r"-20\d\d-?\d\d-?\d\d$", "", str(name))
    if found not in table:
        raise ValueError(f"{unknown} {name!r:.80}; known: {', '.join(table)}")
    return found, table[found]

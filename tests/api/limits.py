"""Rate limits: the headers that say how much is left, and 429 by a token bucket where a test sets one."""

import time
from dataclasses import dataclass, field


def headers(limit: int, remaining: int, reset: float) -> dict[str, str]:
    """The headers of a limit on requests; `reset` are the seconds until all of it is there again.

    Names and form of the time: OpenAI's guide to rate limits; `retry-after-ms` is what its SDK reads first.
    """
    shown = f"{reset * 1000:.0f}ms" if reset < 1 else f"{reset:.3g}s"
    names = ("limit", "remaining", "reset")
    return {f"x-ratelimit-{n}-requests": str(v) for n, v in zip(names, (limit, remaining, shown), strict=True)}


@dataclass
class Bucket:
    """Holds `size` requests; `rate` more come in each second. `clock` gives the seconds."""

    size: int
    rate: float
    clock: object = time.monotonic
    level: float = field(init=False)
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.level, self.at = self.size, self.clock()

    def take(self) -> tuple[bool, dict[str, str]]:
        """Take one request out, if there is one: whether there was, and the headers to send."""
        now = self.clock()
        self.level, self.at = min(self.size, self.level + (now - self.at) * self.rate), now
        if there := self.level >= 1:
            self.level -= 1
        shown = headers(self.size, int(self.level), (self.size - self.level) / self.rate)
        wait = (1 - self.level) / self.rate
        return there, shown if there else shown | {"retry-after-ms": f"{max(1, wait * 1000):.0f}"}

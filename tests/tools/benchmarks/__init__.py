"""How fast and how small, as ratios measured in one run; started by hand, never in a test that could flake."""

import time
from collections.abc import Callable
from typing import Any


def fastest(ways: dict[str, Callable[[], Any]], repeats: int) -> dict[str, tuple[Any, float]]:
    """Run each way in turn, several times; return what it gave last, and the seconds of its fastest run."""
    results: dict[str, tuple[Any, float]] = {}
    for _ in range(repeats):
        for name, way in ways.items():
            begin = time.perf_counter()
            given = way()
            taken = time.perf_counter() - begin
            results[name] = given, min(taken, results.get(name, (None, taken))[1])
    return results

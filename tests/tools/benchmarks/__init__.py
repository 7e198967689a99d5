"""How fast and how small, as ratios measured in one run; started by hand, never in a test that could flake."""

import re
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any


def fastest(ways: dict[Any, Callable[[], Any]], repeats: int) -> dict[Any, tuple[Any, float]]:
    """Run each way in turn, several times; return what it gave last, and the seconds of its fastest run."""
    results: dict[Any, tuple[Any, float]] = {}
    for _ in range(repeats):
        for name, way in ways.items():
            begin = time.perf_counter()
            given = way()
            taken = time.perf_counter() - begin
            results[name] = given, min(taken, results.get(name, (None, taken))[1])
    return results


def most_memory(work: Callable, *arguments) -> int:
    """Run this in a process of its own; return the most MB that it held."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(work, *arguments).result()
        return pool.submit(_peak).result() // 2**20


def _peak() -> int:
    if sys.platform == "linux":  # where ru_maxrss begins with what the parent held when it started this process
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text("utf-8"))[1])
    import resource  # which Windows lacks

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def run_parts(parts: dict[str, Callable[[], Any]]) -> None:
    """Run those that the command line names, by default all."""
    for name in sys.argv[1:] or parts:
        parts[name]()

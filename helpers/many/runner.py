"""Asks for the answers that a store lacks, several at a time, and stops at a budget."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from operator import length_hint
from pathlib import Path
from typing import Any

from tqdm import tqdm

from .store import AnswerStore


@dataclass
class Summary:
    """How many pictures a run asked about, found stored, saw fail, left; US cents paid; why it stopped, if it did."""

    asked: int = 0
    stored: int = 0
    failed: int = 0
    left: int = 0
    cents: float = 0
    stopped: str = ""

    def __str__(self) -> str:
        counts = f"{self.asked} asked, {self.stored} stored before, {self.failed} failed, {self.left} left"
        return f"{counts}; {self.cents:.4f} US cents.{self.stopped and f' Stopped: {self.stopped}'}"


async def ask_all(
    pictures: Iterable, ask: Callable[[Path], Awaitable], store: AnswerStore, settings: dict, *, at_once: int = 16,
    cents: Callable[[Any], float] | None = None, budget: float | None = None, retry_failed: bool = False,
) -> Summary:  # fmt: skip
    """Ask about each picture that has no stored answer; store each answer, or error, as it comes.

    What was interrupted goes on where it stopped: run it again. The same bytes under two names are asked about once.

    Args:
        pictures: paths of files, taken one by one, so that a generator of a million does.
        ask: makes the request about one path and returns the answer. What it raises is stored as this picture's error.
        settings: all that decides an answer beside the picture: prompt, model, detail, size, schema (see AnswerStore).
        at_once: how many requests may be under way at the same time.
        cents: gives the price of an answer; without it nothing is counted.
        budget: US cents for this run: at the mean price so far, no request begins that would go beyond it.
        retry_failed: ask again about pictures that ended with an error.
    Raises:
        ValueError: a budget without `cents`; a store that can't be used.
    """
    if budget is not None and not cents:
        raise ValueError("A budget needs cents=, a function that says what an answer cost.")
    done, under_way, errors = Summary(), dict[str, asyncio.Event](), list[str]()
    paths, bar = map(Path, pictures), tqdm(total=length_hint(pictures) or None, unit=" pictures", delay=10)

    async def take(path: Path) -> None:
        try:
            key = await asyncio.to_thread(store.key, path, settings)
        except OSError as error:  # there are no bytes to store it under
            store.put(key := f"unread {path}", error=f"It can't be read: {error.strerror}.")
        while key in under_way:  # the same bytes
            await under_way[key].wait()
        found, mean = store.get(key), done.cents / (done.asked or 1)
        if found and (not found.error or not retry_failed or key.startswith("unread")):
            done.stored, done.failed = done.stored + (not found.error), done.failed + bool(found.error)
        elif budget is not None and done.cents + mean * (len(under_way) + 1) > budget:
            done.stopped, done.left = f"the next one may go beyond {budget:g} US cents.", done.left + 1
            return
        else:
            under_way[key] = asyncio.Event()
            await request(path, key)
            under_way.pop(key).set()
        store.note(path, settings, key)

    async def request(path: Path, key: str) -> None:
        try:
            store.put(key, answer := await ask(path))  # at once: before anything goes wrong with its price
        except Exception as error:
            errors.append(reason := f"{type(error).__name__}: {error}"[:300])
            store.put(key, error=reason)
            done.failed += 1
            if errors[-10:] == [reason] * 10:  # it is not about the pictures: a wrong key, no credit, no network
                done.stopped = f"10 in a row ended with {reason}"
        else:
            errors.clear()
            store.put(key, cents=(paid := cents(answer) if cents else 0))
            done.asked, done.cents = done.asked + 1, done.cents + paid

    async def work() -> None:
        while not done.stopped and (path := next(paths, None)):
            await take(path)
            bar.update()

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(work())
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    finally:
        bar.close()
    done.left += sum(1 for _ in paths)
    return done

"""How fast and how small: python -m tests.tools.benchmarks [PART ...]; by default all parts.

    throughput  answers a second against requests under way; written to asset/measured/many.json, which lesson 10 draws
    runner      2,000 requests through `ask_all`, beside the same ones by httpx2: at most 1.1 times as long
    memory      the most memory for 10,000 pictures, beside that for 1,000: at most 1.1 times
    search      among 100,000 things said, made up, beside the bare query of FTS5 and the bare product of a matrix in
                numpy: at most 1.3 times as long
    suite       nbval of the lessons as `make test` runs it, beside as many notebooks that only import

Only the ratios mean something on another machine, and no test measures time: it would flake.
"""

import asyncio
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import nbformat
import numpy
import openai
import uvicorn
from nbformat.v4 import new_code_cell, new_notebook

from course.assets import ROOT
from helpers.many import AnswerStore, ask_all
from helpers.video import Scene, VideoIndex
from tests.tools import NBVAL, measure

SPAWN = get_context("spawn")
BODY = {"model": "none", "messages": [{"role": "user", "content": "x" * 20_000}]}
ANSWER = {"id": "c", "choices": [{"index": 0, "message": {"role": "assistant", "content": "A receipt."}}]}


def compare(ways: dict[str, Callable[[], object]], repeats: int) -> None:
    """Run each way in turn, several times; print the time of its fastest run, and its ratio to the first way's."""
    times = dict.fromkeys(ways, float("inf"))
    for name, way in [*ways.items()] * repeats:
        begin = time.perf_counter()
        way()
        times[name] = min(times[name], time.perf_counter() - begin)
    first, *_ = times
    for name, taken in times.items():
        print(f"{name}: {taken:.4f} s, {taken / times[first]:.2f} times as long as {first}")


def answer_after(delay: float, listener: socket.socket) -> None:
    """Be a server, in a process of its own, that answers each request after a fixed delay."""

    async def app(scope, receive, send) -> None:
        while (await receive()).get("more_body"):
            pass
        await asyncio.sleep(delay)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(ANSWER).encode()})

    uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off")).run([listener])


@contextmanager
def server(delay: float) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else an answer waits 40 ms for the client
        process = SPAWN.Process(target=answer_after, args=(delay, listener), daemon=True)
        process.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1/"
        process.kill()


async def ask_bare(ask: Callable[[], Awaitable], how_often: int, at_once: int) -> float:
    """Ask with a semaphore alone; return the seconds it took."""
    places, begin = asyncio.Semaphore(at_once), time.perf_counter()

    async def one() -> None:
        async with places:
            await ask()

    await asyncio.gather(*(one() for _ in range(how_often)))
    return time.perf_counter() - begin


def throughput(delay: float = 0.5, ways=(1, 2, 4, 8, 16, 32, 64, 128), write: bool = True) -> list[dict]:
    async def measure_all(url: str) -> list[dict]:
        async with httpx2.AsyncClient(limits=httpx2.Limits()) as http:  # as many connections as requests
            client = openai.AsyncOpenAI(base_url=url, api_key="none", http_client=http)
            ask, rows = partial(client.chat.completions.create, **BODY), []
            for at_once in ways:
                await ask_bare(ask, at_once, at_once)  # connect
                taken = await ask_bare(ask, 6 * at_once, at_once)
                rows.append({"at_once": at_once, "a_second": round(6 * at_once / taken, 1)})
            return rows

    with server(delay) as url:
        rows = asyncio.run(measure_all(url))
    print(*rows, sep="\n")
    if write:
        about = {"processors": os.cpu_count(), "delay": delay, "openai": openai.VERSION}
        measure.write("many.json", "tests/tools/benchmarks.py", about, "throughput", rows)
    return rows


def files(folder: str, how_many: int) -> list[Path]:
    paths = [Path(folder) / f"{number:05}.png" for number in range(how_many)]
    for path in paths:
        path.write_text(path.name)
    return paths


def runner(how_many: int = 2_000, at_once: int = 16, delay: float = 0.1, repeats: int = 5) -> None:
    async def asking(ours: bool) -> None:
        async with httpx2.AsyncClient(base_url=url) as http:

            async def ask(path: Path | None = None) -> dict:
                return (await http.post("chat/completions", json=BODY)).json()

            if ours:
                summary = await ask_all(paths, ask, store, {"turn": next(turns)}, at_once=at_once)
                assert summary.asked == how_many
            else:
                await ask_bare(ask, how_many, at_once)

    with TemporaryDirectory() as folder, server(delay) as url, closing(AnswerStore(f"{folder}/store")) as store:
        paths, turns = files(folder, how_many), count()
        compare({"httpx2": lambda: asyncio.run(asking(False)), "ask_all": lambda: asyncio.run(asking(True))}, repeats)


def ask_nobody(how_many: int) -> float:
    """Return the most MB of memory that this process held, on Linux."""

    async def ask(path: Path) -> dict:
        return ANSWER

    with TemporaryDirectory() as folder, closing(AnswerStore(f"{folder}/store")) as store:
        asyncio.run(ask_all(files(folder, how_many), ask, store, {}))
    return int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text("utf-8"))[1]) / 1024


def memory(most: int = 10_000) -> None:
    with ProcessPoolExecutor(1, SPAWN, max_tasks_per_child=1) as pool:
        few, many = pool.map(ask_nobody, (most // 10, most))
    print(f"{many:.0f} MB for {most:,} pictures, {many / few:.2f} times that for a tenth")


def search(how_many: int = 100_000, repeats: int = 5) -> None:
    dice, film = numpy.random.default_rng(1), ROOT / "asset" / "videos" / "camera1.mp4"

    def vectors(texts: list[str]) -> numpy.ndarray:
        return dice.standard_normal((len(texts), 384), "<f4")

    texts = (" ".join(f"w{word:.0f}" for word in 20_000 ** dice.random(12)) for _ in range(how_many))  # few frequent
    said, matrix = ((at, at + 1, text) for at, text in enumerate(texts)), vectors([""] * how_many)
    query = "SELECT rowid FROM passages WHERE passages MATCH 'w5* OR w30* OR w200*' ORDER BY rank LIMIT 10"
    with ExitStack() as stack:
        path = f"{stack.enter_context(TemporaryDirectory())}/index"
        index = stack.enter_context(closing(VideoIndex(path, embed=vectors, embed_model="chance")))
        bare = stack.enter_context(closing(sqlite3.connect(path)))
        index.add([Scene(film, 0, 5, 2)], lambda picture: "a city", "", "", said=said)
        words, meaning = partial(index.search, "w5 w30 w200", "words"), partial(index.search, "w5", "meaning")
        compare({"bare query": lambda: bare.execute(query).fetchall(), "words": words}, repeats)
        compare({"bare product": lambda: matrix @ matrix[0], "meaning": meaning}, repeats)


def suite(repeats: int = 3) -> None:
    def run(folder: Path | str) -> None:
        options = ["-q", "-n", "2", "--dist", "loadscope", "-p", "no:cacheprovider", *NBVAL]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "COURSE_MODE": "replay"}
        command = [sys.executable, "-m", "pytest", *options, folder]
        subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)

    imports = new_notebook(cells=[new_code_cell("import matplotlib.pyplot, openai, PIL.Image, requests")])
    with TemporaryDirectory() as folder:
        for path in (ROOT / "notebooks").glob("*.ipynb"):
            nbformat.write(imports, f"{folder}/{path.name}")
        compare({"imports": partial(run, folder), "lessons": partial(run, ROOT / "notebooks")}, repeats)


PARTS = {"throughput": throughput, "runner": runner, "memory": memory, "search": search, "suite": suite}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()

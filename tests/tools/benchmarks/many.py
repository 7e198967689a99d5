"""Many pictures: python -m tests.tools.benchmarks.many [PART ...]; a part is one of those below, by default all.

    throughput  answers a second against requests under way; written to asset/measured/many.json, which lesson 10 draws
    runner      10,000 requests through `ask_all`, beside the same ones by httpx2 and a semaphore: at least 0.9
    memory      the most memory for 10,000 pictures, beside that for 1,000: at most 1.1
    kills       100 kills at random moments: no answer lost that was stored, none asked again
    processes   2,000 photographs of 12 megapixels made ready on two processes, beside one: at least 1.7

A server in another process, on loopback, answers each request after a fixed delay. Ratios are of one run, in which both
ways take turns. What a photograph takes of a processor is said in lesson 10, in words.
"""

import asyncio
import json
import os
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import httpx2
import openai

from helpers.encoding import open_picture
from helpers.many import AnswerStore, ask_all
from tests.tools import measure
from tests.tools.benchmarks import fastest, most_memory, run_parts
from tests.tools.benchmarks.encoding import phone_file

MEASURED = measure.MEASURED / "many.json"
USAGE = {"prompt_tokens": 300, "completion_tokens": 30, "total_tokens": 330}
MESSAGE = {"role": "assistant", "content": "A receipt."}
ANSWER = {"id": "c", "object": "chat.completion", "created": 0, "model": "none", "usage": USAGE,
          "choices": [{"index": 0, "finish_reason": "stop", "message": MESSAGE}]}  # fmt: skip
BODY = {"model": "none", "messages": [{"role": "user", "content": "x" * 20_000}]}
Process = get_context("spawn").Process


def answer_after(delay: float, port: Connection) -> None:
    """Be the server: send the port, and answer until the end."""
    text = json.dumps(ANSWER).encode()
    answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(text), text)

    async def talk(reader, writer) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):  # the client has hung up
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
                await asyncio.sleep(delay)
                writer.write(answer)
        writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=1024)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def server(delay: float) -> Iterator[str]:
    ours, theirs = get_context("spawn").Pipe()
    process = Process(target=answer_after, args=(delay, theirs), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/v1"
    finally:
        process.kill()
        process.join()


async def at_most(at_once: int, count: int, ask: Callable[[], Awaitable]) -> float:
    """Ask so often, so many at once; return the seconds it took."""
    places, begin = asyncio.Semaphore(at_once), time.perf_counter()

    async def one() -> None:
        async with places:
            await ask()

    await asyncio.gather(*(one() for _ in range(count)))
    return time.perf_counter() - begin


def throughput(delay: float = 0.5, ways=(1, 2, 4, 8, 16, 32, 64, 128), write: bool = True) -> list[dict]:
    async def measure_at(url: str) -> list[dict]:
        rows = []
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx2.AsyncClient(limits=limits) as http:
            client = openai.AsyncOpenAI(base_url=url, api_key="none", http_client=http)
            ask = partial(client.chat.completions.create, **BODY)
            for at_once in ways:
                await at_most(at_once, at_once, ask)  # connect
                took = await at_most(at_once, count := 6 * at_once, ask)
                rows.append({"at_once": at_once, "a_second": round(count / took, 1)})
                print(rows[-1])
        return rows

    with server(delay) as url:
        rows = asyncio.run(measure_at(url))
    if write:
        about = {"processors": os.cpu_count(), "delay": delay, "openai": openai.VERSION}
        measure.write(MEASURED.name, "tests/tools/benchmarks/many.py", about, "throughput", rows)
    return rows


def files(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{number:05}.png" for number in range(count)]
    for path in paths:
        path.write_text(path.name)
    return paths


def runner(count: int = 10_000, at_once: int = 16, delay: float = 0.1, turns: int = 5) -> float:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(server(delay))
        store = stack.enter_context(closing(AnswerStore(folder / "answers.sqlite")))
        paths = files(folder, count)
        new = iter([paths[turn::turns] for turn in range(turns)])

        async def ask(client: httpx2.AsyncClient, path: Path | None = None) -> dict:
            return (await client.post(f"{url}/chat/completions", json=BODY)).json()

        async def bare() -> None:
            async with httpx2.AsyncClient() as client:
                await at_most(at_once, count // turns, partial(ask, client))

        async def ours() -> None:
            async with httpx2.AsyncClient() as client:
                summary = await ask_all(next(new), partial(ask, client), store, {}, at_once=at_once)
            assert summary.asked == count // turns

        times = fastest({"bare": lambda: asyncio.run(bare()), "ours": lambda: asyncio.run(ours())}, turns)
    ratio = times["bare"][1] / times["ours"][1]
    print(f"ask_all has {ratio:.2f} of the throughput of bare httpx2, {at_once} at once")
    return ratio


def ask_nobody(folder: Path, pause: float) -> None:
    """Be a run that may be killed."""

    async def ask(path: Path) -> dict:
        await asyncio.sleep(pause)
        with open(folder / "log", "a", encoding="utf-8") as asked:
            asked.write(f"{path.name}\n")
        return ANSWER

    asyncio.run(ask_all(sorted(folder.glob("*.png")), ask, AnswerStore(folder / "store"), {}, at_once=16))


def memory(most: int = 10_000) -> float:
    peaks = []
    for count in (most // 10, most):
        with tempfile.TemporaryDirectory() as folder:
            files(Path(folder), count)
            peaks.append(most_memory(ask_nobody, Path(folder), 0))
    print(f"{peaks[1]} MB at most for {most:,} pictures, {peaks[1] / peaks[0]:.2f} times that for a tenth")
    return peaks[1] / peaks[0]


def kills(count: int = 100, seed: int = 10) -> tuple[int, int]:
    """Return how many stored answers were lost, and how many were asked again."""
    dice, lost, again = random.Random(seed), 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder, stored = Path(name), set()
        log = folder / "log"
        files(folder, 40 * count)
        log.touch()
        for _ in range(count):
            seen = len(log.read_text("utf-8").splitlines())
            process = Process(target=ask_nobody, args=(folder, 0.01))
            process.start()
            while process.is_alive() and len(log.read_text("utf-8").splitlines()) == seen:
                time.sleep(0.01)
            time.sleep(dice.random() * 0.05)
            process.kill()
            process.join()
            with closing(AnswerStore(folder / "store")) as store:
                now = {Path(result.name).name for result in store.results({}) if result.answer}
            asked = log.read_text("utf-8").splitlines()[seen:]
            lost, again, stored = lost + len(stored - now), again + len(stored & {*asked}), now
    print(f"{count} kills, {len(stored):,} answers stored: {lost} lost, {again} asked again")
    return lost, again


def make_ready(path: Path) -> float:
    """Return the seconds that a processor worked for it."""
    begin = time.process_time()
    open_picture(path, max_side=1024)
    return time.process_time() - begin


def processes(count: int = 2_000, turns: int = 4) -> float:
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1) as one, ProcessPoolExecutor(2) as two:
        (path := Path(folder) / "photo.jpg").write_bytes(phone_file((4000, 3000)))
        for pool in (one, two):
            list(pool.map(make_ready, [path] * 4))  # start them
        photos = [path] * (count // turns)
        ways = {pool: partial(lambda pool: sum(pool.map(make_ready, photos)), pool) for pool in (one, two)}
        times = fastest(ways, turns)
        worked, ratio = times[one][0] / len(photos), times[one][1] / times[two][1]
    print(f"two processes make {count:,} photographs ready {ratio:.2f} times as fast as one")
    print(f"a photograph takes {worked:.3f} seconds of a processor")
    return ratio


if __name__ == "__main__":
    run_parts({part.__name__: part for part in (throughput, runner, memory, kills, processes)})

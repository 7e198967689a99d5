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
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import date
from pathlib import Path

import httpx2
import openai

from course.assets import ROOT
from helpers.encoding import open_picture
from helpers.many import AnswerStore, ask_all
from tests.tools.benchmarks.encoding import phone_file

MEASURED = ROOT / "asset" / "measured" / "many.json"
USAGE = {"prompt_tokens": 300, "completion_tokens": 30, "total_tokens": 330}
MESSAGE = {"role": "assistant", "content": "A receipt."}
ANSWER = {"id": "c", "object": "chat.completion", "created": 0, "model": "none", "usage": USAGE,
          "choices": [{"index": 0, "finish_reason": "stop", "message": MESSAGE}]}  # fmt: skip
BODY = {"model": "none", "messages": [{"role": "user", "content": "x" * 20_000}]}


async def answer_after(delay: float) -> None:
    """Be the server: print the port, and answer until the end of standard input."""
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

    server = await asyncio.start_server(talk, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    os._exit(0)


@contextmanager
def server(delay: float):
    command = [sys.executable, "-m", "tests.tools.benchmarks.many", "serve", str(delay)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        finally:
            process.stdin.close()


async def at_most(at_once: int, count: int, ask: Callable[[], Awaitable]) -> float:
    """Ask so often, so many at once; return the seconds it took."""
    places, begin = asyncio.Semaphore(at_once), time.perf_counter()

    async def one() -> None:
        async with places:
            await ask()

    await asyncio.gather(*(one() for _ in range(count)))
    return time.perf_counter() - begin


def throughput(delay: float = 0.5, ways=(1, 2, 4, 8, 16, 32, 64, 128), write: bool = True) -> list[dict]:
    async def measure(url: str) -> list[dict]:
        rows = []
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx2.AsyncClient(limits=limits) as http:
            client = openai.AsyncOpenAI(base_url=url, api_key="none", http_client=http)
            for at_once in ways:
                await at_most(at_once, at_once, lambda: client.chat.completions.create(**BODY))  # connect
                took = await at_most(at_once, count := 6 * at_once, lambda: client.chat.completions.create(**BODY))
                rows.append({"at_once": at_once, "a_second": round(count / took, 1)})
                print(rows[-1])
        return rows

    with server(delay) as url:
        rows = asyncio.run(measure(url))
    if write:
        about = {"date": date.today().isoformat(), "processors": os.cpu_count(), "delay": delay}
        about |= {"openai": openai.VERSION, "script": "tests/tools/benchmarks/many.py"}
        lines = ",\n".join(f"  {json.dumps(row)}" for row in rows)
        text = f'{{\n "about": {json.dumps(about)},\n "throughput": [\n{lines}\n ]\n}}\n'
        MEASURED.write_text(text, "utf-8", newline="\n")
    return rows


def files(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{number:05}.png" for number in range(count)]
    for path in paths:
        path.write_text(path.name)
    return paths


def runner(count: int = 10_000, at_once: int = 16, delay: float = 0.1) -> float:
    async def measure(url: str, paths: list[Path], store: AnswerStore) -> float:
        async with httpx2.AsyncClient() as client:

            async def ask(path: Path | None = None) -> dict:
                return (await client.post(f"{url}/chat/completions", json=BODY)).json()

            bare = ours = 0.0
            for turn in range(5):
                some = paths[turn::5]
                bare += await at_most(at_once, len(some), ask)
                begin = time.perf_counter()
                summary = await ask_all(some, ask, store, {}, at_once=at_once)
                ours += time.perf_counter() - begin
                assert summary.asked == len(some)
            return bare / ours

    with tempfile.TemporaryDirectory() as folder, server(delay) as url:
        store = AnswerStore(Path(folder) / "answers.sqlite")
        ratio = asyncio.run(measure(url, files(Path(folder), count), store))
        store.close()
    print(f"ask_all has {ratio:.2f} of the throughput of bare httpx2, {at_once} at once")
    return ratio


def ask_nobody(folder: str, store: str, pause: float, log: str) -> None:
    """Be a run that may be killed; print the most memory it took, in KB."""

    async def ask(path: Path) -> dict:
        await asyncio.sleep(pause)
        with open(log, "a", encoding="utf-8") as asked:
            asked.write(f"{path.name}\n")
        return ANSWER

    asyncio.run(ask_all(sorted(Path(folder).glob("*.png")), ask, AnswerStore(store), {}, at_once=16))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def run_alone(folder: Path, pause: float) -> subprocess.Popen:
    code = (
        f"from tests.tools.benchmarks.many import *; ask_nobody({str(folder)!r}, {str(folder / 'store')!r}, {pause}, "
    )
    code += f"{str(folder / 'log')!r})"
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, text=True, stdout=subprocess.PIPE)


def memory(most: int = 10_000) -> float:
    peaks = []
    for count in (most // 10, most):
        with tempfile.TemporaryDirectory() as folder:
            files(Path(folder), count)
            peaks.append(int(run_alone(Path(folder), 0).communicate()[0]))
    print(f"{peaks[1]:,} KB at most for {most:,} pictures, {peaks[1] / peaks[0]:.2f} times that for a tenth")
    return peaks[1] / peaks[0]


def kills(count: int = 100, seed: int = 10) -> tuple[int, int]:
    """Return how many stored answers were lost, and how many were asked again."""
    dice, lost, again = random.Random(seed), 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder, stored = Path(name), set()
        files(folder, 40 * count)
        (folder / "log").touch()
        for _ in range(count):
            process, seen = run_alone(folder, 0.01), len((folder / "log").read_text().splitlines())
            while process.poll() is None and len((folder / "log").read_text().splitlines()) == seen:
                time.sleep(0.01)
            time.sleep(dice.random() * 0.05)
            process.kill()
            process.wait()
            store = AnswerStore(folder / "store")
            now = {Path(result.name).name for result in store.results({}) if result.answer}
            store.close()
            asked = (folder / "log").read_text().splitlines()[seen:]
            lost, again, stored = lost + len(stored - now), again + len(stored & {*asked}), now
    print(f"{count} kills, {len(stored):,} answers stored: {lost} lost, {again} asked again")
    return lost, again


def make_ready(path: Path) -> float:
    """Return the seconds that a processor worked for it."""
    begin = time.process_time()
    open_picture(path, max_side=1024)
    return time.process_time() - begin


def processes(count: int = 2_000) -> float:
    took, worked = {1: 0.0, 2: 0.0}, 0.0
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        (path := Path(folder) / "photo.jpg").write_bytes(phone_file((4000, 3000)))
        pools = {workers: stack.enter_context(ProcessPoolExecutor(workers)) for workers in took}
        for pool in pools.values():
            list(pool.map(make_ready, [path] * 4))  # start them
        for _ in range(4):
            for workers, pool in pools.items():
                begin = time.perf_counter()
                seconds = sum(pool.map(make_ready, [path] * (count // 4)))
                took[workers] += time.perf_counter() - begin
                worked += seconds if workers == 1 else 0
    ratio = took[1] / took[2]
    print(f"two processes make {count:,} photographs ready {ratio:.2f} times as fast as one")
    print(f"a photograph takes {worked / (count // 4 * 4):.3f} seconds of a processor")
    return ratio


PARTS = {part.__name__: part for part in (throughput, runner, memory, kills, processes)}

if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(answer_after(float(sys.argv[2])))
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()

"""Speed and memory of cutting a video, and of searching many: python -m tests.tools.benchmarks.video [scenes|search]

Speed is a multiple of real time, on camera1.mp4 and on a minute of 1280 x 720 made here, each beside the `ffmpeg`
program with the same scene filter on frames as small, if there is one on the PATH. Each is run in turn, several times;
the fastest run counts. Memory is the most that a process of its own ever held while it cut a minute and ten minutes of
320 x 180; the ratio says whether it grows with the length.

A search is timed among 100,000 and 1,000,000 scenes, whose captions and vectors are made up, beside the bare
query of FTS5 and the bare product of the matrix in numpy. Only the ratios mean something on another machine.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy

from course.assets import ROOT
from helpers.encoding import open_picture
from helpers.video import VideoIndex, scenes
from helpers.video.scenes import THRESHOLD, WIDTH
from tests.tools.benchmarks.encoding import photo_like

CAMERA = ROOT / "asset" / "videos" / "camera1.mp4"
RATE = 25
PEAK = """
import sys
from helpers.video import scenes
found = scenes(sys.argv[1])
if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes
    counters = (ctypes.c_size_t * 10)(80)
    ctypes.windll.kernel32.GetCurrentProcess.restype = wintypes.HANDLE
    ctypes.windll.psapi.GetProcessMemoryInfo.argtypes = [wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD]
    ctypes.windll.psapi.GetProcessMemoryInfo(ctypes.windll.kernel32.GetCurrentProcess(), counters, 80)
    print(counters[1], len(found))
elif sys.platform == "linux":
    # ru_maxrss begins there with what the parent held when it started this process.
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    print(int(status["VmHWM"].split()[0]) * 1024, len(found))
else:
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, len(found))
"""


def made(path: Path, seconds: int, size: tuple[int, int]) -> Path:
    """A video of slow pans over noise that looks like a photograph, with a cut every five seconds."""
    width, height = size
    photos = [photo_like((width + 5 * RATE, height), seed) for seed in range(4)]
    photos[::2] = [photo.point(lambda value: value // 4) for photo in photos[::2]]  # as by night
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "veryfast"}
        for number in range(seconds * RATE):
            scene, at = divmod(number, 5 * RATE)
            frame = photos[scene % len(photos)].crop((at, 0, at + width, height))
            out.mux(stream.encode(av.VideoFrame.from_image(frame)))
        out.mux(stream.encode())
    return path


def by_ffmpeg(path: Path) -> None:
    """The same filter by the program; its frames go nowhere."""
    filters = f"scale={WIDTH}:-2:flags=area,format=rgb24,select='gt(scene,{THRESHOLD})'"
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", filters, "-fps_mode", "passthrough", "-f", "null", "-"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def peak(path: Path) -> tuple[int, int]:
    """Bytes at most while a fresh process cuts this video, and how many scenes it found."""
    done = subprocess.run([sys.executable, "-c", PEAK, path], cwd=ROOT, check=True, capture_output=True, text=True)
    held, found = map(int, done.stdout.split()[-2:])  # behind the bar of a film that takes long
    return held, found


def fastest(ways: dict[str, Callable], repeats: int) -> dict[str, float]:
    """Run each way in turn, several times; return the seconds of the fastest run of each."""
    times = {way: [] for way in ways}
    for _ in range(repeats):
        for way, run in ways.items():
            begin = time.perf_counter()
            run()
            times[way].append(time.perf_counter() - begin)
    return {way: min(taken) for way, taken in times.items()}


def made_index(path: Path, count: int, numbers: int) -> VideoIndex:
    """An index of made-up captions, 200 a film: 12 words each of 20,000, few of them frequent; vectors at random."""
    dice = numpy.random.default_rng(1)
    index = VideoIndex(path, embed=lambda texts: dice.standard_normal((len(texts), numbers)), embed_model="chance")
    jpeg, part = open_picture(photo_like((512, 288)), max_side=32).data, min(count, 10_000)
    for first in range(0, count, part):
        words = (20_000 ** dice.random((part, 12))).astype(int)  # word n about 1 / n as often as the first
        texts = [" ".join(f"w{word}" for word in row) for row in words]
        vectors = dice.standard_normal((part, numbers)).astype("<f4")
        vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
        with index._transaction():
            for film in range(first // 200, (first + part) // 200):
                index._execute("INSERT INTO documents VALUES (?, ?, '{}')", film, f"film {film}")
            for n, (text, vector) in enumerate(zip(texts, vectors, strict=True), first):
                passage = text, n // 200, n, n + 1, n, text, "caption", str(n)
                index._execute("INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *passage)
                index._execute("INSERT INTO captions VALUES (?, ?, ?, ?)", n // 200, str(n), text, jpeg)
                index._execute("INSERT OR IGNORE INTO vectors VALUES ('chance', ?, ?)", text, vector.tobytes())
    return index


def search(count: int, repeats: int = 5, numbers: int = 384) -> dict[str, float]:
    """Print how much longer a search takes than the bare query or the bare product, and return it."""
    with tempfile.TemporaryDirectory() as folder:
        index = made_index(Path(folder) / "i.sqlite", count, numbers)
        begin = time.perf_counter()
        index.search("w5", "meaning")
        took = time.perf_counter() - begin
        print(f"{count:,} scenes: the first search by meaning takes {took:.1f} s, as it reads all")
        [question], (*_, matrix) = index._ask(["w5"]), index._loaded
        raw = "SELECT rowid FROM passages WHERE passages MATCH 'w5* OR w30* OR w200*' ORDER BY rank LIMIT 10"
        times = fastest(
            {
                "words": lambda: index.search("w5 w30 w200", "words"),
                "bare query": lambda: index._execute(raw),
                "meaning": lambda: index.search("w5", "meaning"),
                "bare product": lambda: matrix @ question,
                "both": lambda: index.search("w5 w30 w200"),
            },
            repeats,
        )
        index.close()
    ratios = {name: times[name] / times[bare] for name, bare in (("words", "bare query"), ("meaning", "bare product"))}
    print(*(f"{name} {seconds * 1000:.1f} ms" for name, seconds in times.items()), sep=", ")
    print(*(f"{name}: {ratio:.2f} times" for name, ratio in ratios.items()), sep=", ")
    return ratios


def main(short: int = 60, long: int = 600, repeats: int = 3, size: tuple = (1280, 720)) -> dict[str, float]:
    """Print speeds and memory; the result holds them by name."""
    results, program = {}, shutil.which("ffmpeg")
    with tempfile.TemporaryDirectory() as folder:
        clips = {"camera1.mp4": CAMERA, f"{short} s of {size[1]}p": made(Path(folder) / "p.mp4", short, size)}
        for name, path in clips.items():
            length, ways = scenes(path)[-1].end, {"scenes()": scenes, **({"ffmpeg": by_ffmpeg} if program else {})}
            times = fastest({way: lambda run=run, path=path: run(path) for way, run in ways.items()}, repeats)
            for way, taken in times.items():
                results[f"{way} {name}"] = length / taken
                print(f"{way:9} on {name:12}: {length / taken:7.1f} times real time")
            if program:
                print(f"{'':9}    {name:12}: scenes() takes {times['scenes()'] / times['ffmpeg']:.2f} times")
        if not program:
            print("There is no ffmpeg program on the PATH to compare with.")
        for seconds in (short, long):
            held, found = peak(made(Path(folder) / f"{seconds}.mp4", seconds, (320, 180)))
            results[f"bytes {seconds}"] = held
            print(f"peak memory on {seconds:4} s of 320 x 180: {held / 2**20:6.1f} MiB, {found} scenes")
        results["growth"] = results[f"bytes {long}"] / results[f"bytes {short}"]
        print(f"{long // short} times as long: {results['growth']:.3f} times the memory")
    return results


if __name__ == "__main__":
    if "search" in sys.argv:
        search(100_000)
        search(1_000_000)
    else:
        main()

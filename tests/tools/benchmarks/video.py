"""Cutting a video and searching many: python -m tests.tools.benchmarks.video [PART ...]; by default all parts.

    speed    cutting camera1.mp4 and a minute of 1280 x 720 made here, as a multiple of real time, beside the `ffmpeg`
             program with the same scene filter on frames as small, if there is one on the PATH
    memory   the most memory for cutting ten minutes of 320 x 180, beside that for one: it should not grow
    search   among 100,000 and 1,000,000 scenes, whose captions and vectors are made up, beside the bare query of FTS5
             and the bare product of the matrix in numpy: at most 1.3

Each way is run in turn, several times; the fastest run counts. Only the ratios mean something on another machine.
"""

import shutil
import subprocess
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import av
import numpy

from course.assets import ROOT
from helpers.encoding import open_picture
from helpers.video import VideoIndex, scenes
from helpers.video.scenes import THRESHOLD, WIDTH
from tests.tools.benchmarks import fastest, most_memory, run_parts
from tests.tools.benchmarks.encoding import photo_like

CAMERA = ROOT / "asset" / "videos" / "camera1.mp4"
RATE = 25


def made(path: Path, seconds: int, size: tuple[int, int]) -> Path:
    """Make a video of slow pans over noise that looks like a photograph, with a cut every five seconds."""
    width, height = size
    photos = [photo_like((width + 5 * RATE, height), seed) for seed in range(4)]
    photos[::2] = [photo.point(lambda value: value // 4) for photo in photos[::2]]  # as by night
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=RATE, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
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


def speed(seconds: int = 60, size: tuple[int, int] = (1280, 720), repeats: int = 3) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for path in (CAMERA, made(Path(folder) / f"{seconds} s of {size[1]}p.mp4", seconds, size)):
            ways = {"scenes()": partial(scenes, path)}
            if shutil.which("ffmpeg"):
                ways["ffmpeg"] = partial(by_ffmpeg, path)
            times = fastest(ways, repeats)
            (found, ours), length = times["scenes()"], times["scenes()"][0][-1].end
            for way, (_, taken) in times.items():
                print(f"{path.stem}: {len(found)} scenes, {way} at {length / taken:.1f} times real time, "
                      f"{ours / taken:.2f} of the speed of scenes()")  # fmt: skip


def memory(short: int = 60, long: int = 600) -> float:
    with tempfile.TemporaryDirectory() as folder:
        films = [made(Path(folder) / f"{seconds}.mp4", seconds, (320, 180)) for seconds in (short, long)]
        peaks = [most_memory(scenes, film) for film in films]
    print(f"{peaks[1]} MB at most for {long} s of film, {peaks[1] / peaks[0]:.2f} times that for {short} s")
    return peaks[1] / peaks[0]


def made_index(path: Path, count: int, numbers: int) -> VideoIndex:
    """Make an index of 200 captions a film: 12 words each of 20,000, few of them frequent; vectors at random."""
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


def search(counts=(100_000, 1_000_000), repeats: int = 5, numbers: int = 384) -> None:
    for count in counts:
        with tempfile.TemporaryDirectory() as folder, closing(made_index(Path(folder) / "i", count, numbers)) as index:
            begin = time.perf_counter()
            index.search("w5", "meaning")
            took = time.perf_counter() - begin
            print(f"{count:,} scenes: the first search by meaning takes {took:.1f} s, as it reads all")
            [question], (*_, matrix) = index._ask(["w5"]), index._loaded
            raw = "SELECT rowid FROM passages WHERE passages MATCH 'w5* OR w30* OR w200*' ORDER BY rank LIMIT 10"
            ways = {
                "words": partial(index.search, "w5 w30 w200", "words"),
                "bare query": partial(index._execute, raw),
                "meaning": partial(index.search, "w5", "meaning"),
                "bare product": partial(numpy.matmul, matrix, question),
                "both": partial(index.search, "w5 w30 w200"),
            }
            times = {way: taken for way, (_, taken) in fastest(ways, repeats).items()}
        print(*(f"{name} {seconds * 1000:.1f} ms" for name, seconds in times.items()), sep=", ")
        for name, bare in (("words", "bare query"), ("meaning", "bare product")):
            print(f"{name}: {times[name] / times[bare]:.2f} times")


if __name__ == "__main__":
    run_parts({part.__name__: part for part in (speed, memory, search)})

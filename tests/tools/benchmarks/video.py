"""Speed and memory of cutting a video into scenes: python -m tests.tools.benchmarks.video

Speed is a multiple of real time, on camera1.mp4 and on a minute of 1280 x 720 made here, each beside the `ffmpeg`
program with the same scene filter on frames as small, if there is one on the PATH. Each is run in turn, several times;
the fastest run counts. Memory is the most that a process of its own ever held while it cut a minute and ten minutes of
320 x 180; the ratio says whether it grows with the length. Only the ratios mean something on another machine.
"""

import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import av

from course.assets import ROOT
from helpers.video import scenes
from helpers.video.scenes import THRESHOLD, WIDTH
from tests.tools.benchmarks import fastest
from tests.tools.benchmarks.encoding import photo_like

CAMERA = ROOT / "asset" / "videos" / "camera1.mp4"
RATE = 25
PEAK = """
import resource, sys
from helpers.video import scenes
found = scenes(sys.argv[1])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if sys.platform == "linux":  # where that begins with what the parent held when it started this process
    peak = int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]) * 1024
print(peak, len(found))
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
    held, found = map(int, done.stdout.split())
    return held, found


def main(short: int = 60, long: int = 600, repeats: int = 3, size: tuple = (1280, 720)) -> dict[str, float]:
    """Print speeds and memory; the result holds the memory by name."""
    program = shutil.which("ffmpeg")
    with tempfile.TemporaryDirectory() as folder:
        clips = {"camera1.mp4": CAMERA, f"{short} s of {size[1]}p": made(Path(folder) / "p.mp4", short, size)}
        for name, path in clips.items():
            ways = {"scenes()": partial(scenes, path), **({"ffmpeg": partial(by_ffmpeg, path)} if program else {})}
            for way, (_, taken) in fastest(ways, repeats).items():
                print(f"{way:9} on {name:12}: {scenes(path)[-1].end / taken:7.1f} times real time")
        if not program:
            print("There is no ffmpeg program on the PATH to compare with.")
        results = {}
        for seconds in (short, long):
            held, found = peak(made(Path(folder) / f"{seconds}.mp4", seconds, (320, 180)))
            results[f"bytes {seconds}"] = held
            print(f"peak memory on {seconds:4} s of 320 x 180: {held / 2**20:6.1f} MiB, {found} scenes")
        results["growth"] = results[f"bytes {long}"] / results[f"bytes {short}"]
        print(f"{long // short} times as long: {results['growth']:.3f} times the memory")
    return results


if __name__ == "__main__":
    main()

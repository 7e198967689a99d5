"""Make asset/videos/tour.mp4: three pictures of asset/images, and what a program says about them.

Needs espeak-ng (Debian: apt-get install espeak-ng), which no lesson needs. Its bytes depend on PyAV.
"""

import subprocess
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from PIL import Image

from course.assets import ROOT

WIDTH, HEIGHT, FPS, RATE, PAUSE = 640, 360, 15, 22_050, 0.7
# A picture, the part of its height where the crop begins, and what is said while it is seen.
TOUR = [
    ("hawaMahal.webp", 0.15, "This is the Palace of the Winds, in Jaipur. Behind its small windows the ladies of the "
     "court could watch the street, and nobody saw them."),
    ("petra.webp", 0.5, "We go on to Petra, in Jordan. People came here two thousand years ago, and carved their "
     "houses into the rock. Take enough water with you."),
    ("coins.png", 0.5, "At last, a museum in Brooklyn. They used this money a long time ago. "
     "You could buy some bread with it."),
]  # fmt: skip


def speak(text: str) -> av.AudioFrame:
    """Let espeak-ng say a text; 16 bits, mono."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        subprocess.run(["espeak-ng", "-v", "en-us", "-s", "140", "-w", str(path), text], check=True)
        with av.open(str(path)) as wav:
            samples = b"".join(frame.to_ndarray().tobytes() for frame in wav.decode(audio=0))
    samples = samples.ljust(round((len(samples) / 2 / RATE + PAUSE) * FPS) * RATE // FPS * 2, b"\0")
    frame = av.AudioFrame("s16", "mono", len(samples) // 2)
    frame.planes[0].update(samples)
    frame.sample_rate = RATE
    return frame


def crop(name: str, top: float) -> Image.Image:
    """Cut a picture to the shape of the film."""
    with Image.open(ROOT / "asset" / "images" / name) as picture:
        high = picture.width * HEIGHT / WIDTH
        box = (0, (picture.height - high) * top, picture.width, (picture.height - high) * top + high)
        return picture.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS, box)


def main() -> None:
    """Write the film, and print when each picture and its words begin."""
    path, frames, spoken = ROOT / "asset" / "videos" / "tour.mp4", 0, 0
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as film:
        video, audio = film.add_stream("libx264", rate=FPS), film.add_stream("aac", rate=RATE)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio.layout, audio.bit_rate = "mono", 48_000
        for name, top, text in TOUR:
            said, picture = speak(text), crop(name, top)
            print(f"{frames / FPS:.2f} {name}: {text}")
            said.pts, said.time_base = spoken, Fraction(1, RATE)
            spoken += said.samples
            film.mux(audio.encode(said))
            for _ in range(said.samples * FPS // RATE):
                frame = av.VideoFrame.from_image(picture)
                frame.pts, frame.time_base = frames, Fraction(1, FPS)
                frames += 1
                film.mux(video.encode(frame))
        film.mux(video.encode())
        film.mux(audio.encode())
    print(f"{frames / FPS:.2f} end, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()

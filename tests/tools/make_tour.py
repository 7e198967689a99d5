"""Make asset/videos/tour.mp4: three pictures of asset/images, and what a program says about them.

Needs espeak-ng (Debian: apt-get install espeak-ng), which no lesson needs. Its bytes depend on PyAV.
"""

import subprocess
from fractions import Fraction

import av
from PIL import Image, ImageOps

from course.assets import ROOT

SIZE, FPS, RATE, PAUSE = (640, 360), 15, 22_050, 0.7
# A picture, the part of what is cut off that lies above the crop, and what is said while it is seen.
TOUR = [
    ("hawaMahal.webp", 0.15, "This is the Palace of the Winds, in Jaipur. Behind its small windows the ladies of the "
     "court could watch the street, and nobody saw them."),
    ("petra.webp", 0.5, "We go on to Petra, in Jordan. People came here two thousand years ago, and carved their "
     "houses into the rock. Take enough water with you."),
    ("coins.png", 0.5, "At last, a museum in Brooklyn. They used this money a long time ago. "
     "You could buy some bread with it."),
]  # fmt: skip

frames = spoken = 0
with av.open(ROOT / "asset/videos/tour.mp4", "w", options={"movflags": "+faststart"}) as film:
    video, audio = film.add_stream("libx264", rate=FPS), film.add_stream("aac", rate=RATE, layout="mono")
    video.width, video.height, video.pix_fmt, audio.bit_rate = *SIZE, "yuv420p", 48_000
    for name, top, text in TOUR:
        samples = subprocess.check_output(["espeak-ng", "-v", "en-us", "-s", "140", "--stdout", text])[44:]  # 16 bits
        count = round((len(samples) / 2 / RATE + PAUSE) * FPS)
        sound = av.AudioFrame("s16", "mono", count * RATE // FPS)
        sound.planes[0].update(samples.ljust(2 * sound.samples, b"\0"))
        sound.sample_rate, sound.pts, sound.time_base = RATE, spoken, Fraction(1, RATE)
        spoken += sound.samples
        film.mux(audio.encode(sound))
        with Image.open(ROOT / "asset/images" / name) as whole:
            picture = ImageOps.fit(whole.convert("RGB"), SIZE, Image.Resampling.LANCZOS, centering=(0.5, top))
        for number in range(frames, frames + count):
            frame = av.VideoFrame.from_image(picture)
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            film.mux(video.encode(frame))
        frames += count
    film.mux(video.encode())
    film.mux(audio.encode())

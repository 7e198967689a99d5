"""Videos: where they cut, which frame is shown when, how it lies, and files that nobody would make on purpose."""

import ctypes
import doctest
import io
import itertools
import os
import random
import struct
import subprocess
import sys
import threading
import warnings
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.video.reformatter import Interpolation
from PIL import Image, ImageDraw

from course.assets import ROOT
from helpers import video
from tests.tools.benchmarks import video as benchmark

module = sys.modules["helpers.video.scenes"]  # in the package, the name is the function's
VIDEOS = ROOT / "asset" / "videos"
SIZE = (320, 180)


def numbered(number, size=SIZE, hue=0):
    """A picture that says its number in blocks of black and white, above a pattern that `hue` changes altogether."""
    dice = random.Random(hue)
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    for x, y in itertools.product(range(0, size[0], 20), range(20, size[1], 20)):
        draw.rectangle((x, y, x + 19, y + 19), tuple(dice.choices(range(256), k=3)))
    for bit in range(10):
        draw.rectangle((bit * 16, 0, bit * 16 + 15, 15), "white" if number >> bit & 1 else "black")
    return image


def number_of(image):
    """Which number the blocks of a picture say."""
    grey = image.convert("L").resize(SIZE)
    return sum(1 << bit for bit in range(10) if grey.getpixel((bit * 16 + 8, 8)) > 127)


def coded(
    images,
    path,
    *,
    codec="libx264",
    rate=10,
    stamps=None,
    options=None,
    muxer=None,
    ratio=None,
    title=None,
    **container,
):
    """Encode pictures as a video; `stamps` are their times in units of 1/1000 s."""
    images = list(images)
    with av.open(str(path), "w", format=muxer, options=container) as out:
        stream = out.add_stream(codec, rate=rate)
        stream.width, stream.height = images[0].size if images else SIZE
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "16", "g": "12", **(options or {})} if "264" in codec else {}
        if ratio:
            stream.codec_context.sample_aspect_ratio = ratio
        if codec != "libx264":
            stream.codec_context.bit_rate = 3_000_000
        if stamps:
            stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        out.metadata.update({"title": title} if title else {})
        out.start_encoding()
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_image(image)
            if stamps:
                frame.pts, frame.time_base = stamps[number], Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return Path(path)


def without_frames(mp4):
    """The file with zeros where its frames are; its index stands in front of them."""
    begin = mp4.index(b"mdat") + 4
    return mp4[:begin] + bytes(len(mp4) - begin)


def cut_clip(path, *lengths, **options):
    """A video of numbered frames, 10 a second, with a hard cut after each of `lengths` frames."""
    hues = [hue for hue, length in enumerate(lengths) for _ in range(length)]
    return coded((numbered(n, hue=hue) for n, hue in enumerate(hues)), path, **options)


def refusal(given, call=video.scenes, **options):
    with pytest.raises(video.VideoError) as caught:
        list(call(given, **options))
    said = str(caught.value)
    assert len(said) < 300 and "Traceback" not in said and caught.value.__cause__ is None
    return said


def spans(scenes):
    return [(round(scene.start, 3), round(scene.end, 3)) for scene in scenes]


def pixels(picture):
    return Image.open(io.BytesIO(picture.data))


# The two videos of the course, and what the threshold was chosen by.


@pytest.mark.parametrize("name", ["camera1.mp4", "camera2.mp4"])
def test_every_moment_of_our_videos_is_a_scene(name):
    lines = (VIDEOS / "moments.csv").read_text(encoding="utf-8").splitlines()[1:]
    truth = [tuple(map(float, line.split(",")[1:3])) for line in lines if line.startswith(name)]
    scenes = video.scenes(VIDEOS / name)
    assert spans(scenes) == truth
    assert str(scenes[0]) == f"0:00 to 0:{truth[0][1]:02.0f}"


# A scene score says how far a frame differs from the one before, 0 to 1. Highest of each clip, measured on 2026-11-23
# with ffmpeg's filter at 160 pixels in RGB. Cuts: 0.36 to 1.0 in our two videos, 0.63 to 1.0 between photographs. No
# cuts: pans of up to 24 of 640 pixels a frame 0.20, zooms of 3 % a frame 0.18, fades of 8 frames 0.12, noise 0.03.
# Taken for cuts: a whip pan 0.32, a camera shaken hard 0.284, a fade to black in 5 frames 0.29, a flash of light 1.0.
@pytest.mark.parametrize(("threshold", "found"), [(0.15, 6), (0.35, 6), (0.4, 5), (0.9, 1)])
def test_the_threshold_has_a_margin_on_both_sides(threshold, found):
    assert len(video.scenes(VIDEOS / "camera1.mp4", threshold=threshold)) == found


def made_clip(kind):
    photo = Image.open(ROOT / "asset" / "images" / "chelsea.png").convert("RGB").resize((1354, 900))
    other = Image.open(ROOT / "asset" / "images" / "rocket.jpg").convert("RGB").resize((640, 360))
    still = photo.crop((300, 200, 940, 560))
    for n in range(50):
        if kind == "pan":
            yield photo.crop((10 * n, 100, 10 * n + 640, 460))
        elif kind == "zoom":
            width = 1300 / 1.03**n
            yield photo.resize((640, 360), box=(600 - width / 2 + 50, 100, 600 + width / 2 + 50, 100 + width * 0.5625))
        elif kind == "fade":
            yield Image.blend(still, other, min(1, n / 20))
        elif kind == "flash":
            yield Image.new("RGB", (640, 360), "white") if 25 <= n < 27 else still


@pytest.mark.parametrize(("kind", "found"), [("pan", 1), ("zoom", 1), ("fade", 1), ("flash", 2)])
def test_what_is_no_cut_is_not_taken_for_one_but_a_flash_is(tmp_path, kind, found):
    path = coded(made_clip(kind), tmp_path / "clip.mp4", rate=25)
    assert len(video.scenes(path, shortest=0.5)) == found


# How scenes are bounded.


def test_scenes_that_are_too_short_are_joined_in_the_middle_and_at_both_ends(tmp_path):
    path = cut_clip(tmp_path / "c.mp4", 5, 15, 4, 20, 6)
    assert spans(video.scenes(path, shortest=0.1)) == [(0, 0.5), (0.5, 2), (2, 2.4), (2.4, 4.4), (4.4, 5)]
    assert spans(video.scenes(path)) == [(0, 2), (2, 5)]
    assert spans(video.scenes(path, shortest=0.6)) == [(0, 2), (2, 4.4), (4.4, 5)]
    assert spans(video.scenes(path, shortest=15)) == [(0, 5)]


def test_a_long_scene_is_divided_evenly(tmp_path):
    path = cut_clip(tmp_path / "c.mp4", 50, 20)
    assert spans(video.scenes(path, longest=2)) == [(0, 1.667), (1.667, 3.333), (3.333, 5), (5, 7)]
    assert spans(video.scenes(path, threshold=1, longest=3.5)) == [(0, 3.5), (3.5, 7)]


def test_a_frame_that_stands_still_is_not_divided(tmp_path):
    path = coded([numbered(n) for n in range(3)], tmp_path / "c.mkv", stamps=[0, 100, 9000])
    scenes = video.scenes(path, longest=2)
    assert (len(scenes), scenes[0].end, scenes[1].end) == (2, scenes[1].start, pytest.approx(9.1))
    for scene in scenes:
        assert scene.start <= scene.best < scene.end and round(scene.best, 3) in (0, 0.1, 9)


def test_a_video_of_one_frame_is_one_scene(tmp_path):
    path = cut_clip(tmp_path / "c.mp4", 1)
    [scene] = video.scenes(path)
    assert (scene.start, scene.best) == (0, 0) and scene.end == pytest.approx(0.1)
    assert number_of(pixels(scene.picture())) == 0


# Times and frames, in every kind of file.

KINDS = {
    "mp4": ("c.mp4", {}),
    "mp4 with B-frames and an edit list": ("c.mp4", {"options": {"bf": "4", "preset": "medium"}}),
    "open GOPs": ("c.mkv", {"options": {"x264-params": "open-gop=1:bframes=4:keyint=12", "preset": "medium"}}),
    "fragments": ("c.mp4", {"movflags": "frag_keyframe+empty_moov"}),
    "Matroska": ("c.mkv", {}),
    "Matroska without a duration": ("c.mkv", {"live": "1"}),
    "no time stamps": ("c.h264", {}),
    "a transport stream, from 1.4 s": ("c.ts", {}),
    "MPEG-2": ("c.mpg", {"codec": "mpeg2video", "rate": 25}),
    "AVI": ("c.avi", {"codec": "mpeg4"}),
    "WebM": ("c.webm", {"codec": "libvpx-vp9"}),
    "no name": ("c", {"muxer": "mp4"}),
    "a colon in its name": ("http:c.mp4", {}),
    "a late start": ("c.mkv", {"stamps": [5000 + 100 * n for n in range(70)]}),
}
if sys.platform == "win32":
    del KINDS["a colon in its name"]


@pytest.mark.parametrize("kind", KINDS)
def test_times_count_from_the_first_frame_and_the_picture_is_that_of_its_time(tmp_path, kind):
    name, options = KINDS[kind]
    rate = options.get("rate", 10)
    path = cut_clip(tmp_path / name, 25, 45, **options)
    scenes = video.scenes(path, longest=3)
    cut = 25 / rate
    assert scenes[0].start == 0 and cut in [pytest.approx(scene.start, abs=0.002) for scene in scenes]
    assert scenes[-1].end == pytest.approx(70 / rate, abs=0.011)
    for scene in scenes:
        assert scene.start <= scene.best < scene.end
        assert number_of(pixels(scene.picture(None))) == round(scene.best * rate)
    numbers = [number_of(pixels(video.Scene(path, 0, 9, n / rate).picture(None))) for n in range(0, 70, 5)]
    assert numbers == list(range(0, 70, 5))


def test_what_an_edit_list_hides_is_not_shown(tmp_path):
    stamps = [100 * n - 2000 for n in range(70)]
    path = coded((numbered(n) for n in range(70)), tmp_path / "c.mp4", stamps=stamps, avoid_negative_ts="disabled")
    [scene] = video.scenes(path)
    assert (scene.start, scene.end) == (0, pytest.approx(5))
    assert number_of(pixels(scene.picture())) == round(20 + scene.best * 10)
    assert number_of(pixels(video.Scene(path, 0, 5, 0).picture())) == 20


def test_frames_at_odd_times(tmp_path):
    stamps = [0, 40, 90, 500, 1900, 1933, 4000, 4500, 7001]
    path = coded([numbered(n) for n in range(9)], tmp_path / "c.mkv", stamps=stamps)
    assert [number_of(pixels(video.Scene(path, 0, 8, stamp / 1000).picture(None))) for stamp in stamps] == list(
        range(9)
    )


def test_time_stamps_that_begin_again_are_counted_on(tmp_path):
    one = cut_clip(tmp_path / "one.ts", 20)
    two = coded([numbered(n, hue=1) for n in range(20, 40)], tmp_path / "two.ts")
    path = tmp_path / "both.ts"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    scenes = video.scenes(path)
    assert spans(scenes) == [(0, 2), (2, 4)]
    assert [number_of(pixels(scene.picture())) for scene in scenes] == [round(scene.best * 10) for scene in scenes]


def test_a_size_that_changes_in_the_middle(tmp_path):
    one = cut_clip(tmp_path / "one.h264", 20)
    two = coded([numbered(n, (640, 200), hue=1) for n in range(20, 40)], tmp_path / "two.h264")
    path = tmp_path / "both.h264"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    assert spans(video.scenes(path)) == [(0, 2), (2, 4)]
    assert [pixels(scene.picture(None)).size for scene in video.scenes(path)] == [SIZE, (640, 200)]


@pytest.mark.parametrize("size", [(322, 182), (2, 2), (16, 1000), (1000, 16)])
def test_uncommon_sizes(tmp_path, size):
    path = coded([Image.new("RGB", size, "orange")] * 20, tmp_path / "c.mp4")
    [scene] = video.scenes(path)
    assert pixels(scene.picture(None)).size == size


def test_odd_sizes(tmp_path):
    with av.open(str(tmp_path / "c.mkv"), "w") as out:
        stream = out.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 161, 91, "yuv444p"
        for n in range(10):
            out.mux(stream.encode(av.VideoFrame.from_image(numbered(n, (161, 91)))))
        out.mux(stream.encode())
    [scene] = video.scenes(tmp_path / "c.mkv")
    assert pixels(scene.picture()).size == (161, 91)


@pytest.mark.parametrize(("ratio", "size"), [(Fraction(4, 3), (427, 180)), (Fraction(1, 2), (320, 360))])
def test_pixels_that_are_not_square(tmp_path, ratio, size):
    path = cut_clip(tmp_path / "c.mp4", 3, ratio=ratio)
    assert pixels(video.scenes(path)[0].picture(None)).size == size


def corners():
    """Red on the left, blue at the top right, green at the bottom right."""
    image = Image.new("RGB", SIZE, (200, 30, 30))
    draw = ImageDraw.Draw(image)
    draw.rectangle((160, 0, 320, 89), (30, 30, 200))
    draw.rectangle((160, 90, 320, 180), (30, 160, 30))
    return image


TURNS = {  # a, b, c, d of the matrix: top left, top right, bottom left, bottom right as they are to be seen
    (1, 0, 0, 1): "RBRG",
    (0, 1, -1, 0): "RRGB",
    (-1, 0, 0, -1): "GRBR",
    (0, -1, 1, 0): "BGRR",
    (-1, 0, 0, 1): "BRGR",
    (1, 0, 0, -1): "RGRB",
    (0, 1, 1, 0): "RRBG",
    (0, -1, -1, 0): "GBRR",
}


@pytest.mark.parametrize("turn", TURNS)
def test_a_video_that_lies_on_its_side_is_turned_upright(tmp_path, turn):
    path = coded([corners()] * 3, tmp_path / "c.mp4")
    data, (a, b, c, d) = bytearray(path.read_bytes()), turn
    begin = data.index(b"tkhd") + 44
    data[begin : begin + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    image = pixels(video.scenes(path)[0].picture(None))
    assert image.size == (SIZE if a else SIZE[::-1])
    places = [(x * image.width // 4, y * image.height // 4) for y in (1, 3) for x in (1, 3)]
    assert "".join("RGB"[max(range(3), key=image.getpixel(place).__getitem__)] for place in places) == TURNS[turn]


def test_a_title_that_is_no_utf_8_does_no_harm(tmp_path):
    path = cut_clip(tmp_path / "c.avi", 20, codec="mpeg4", title="Koffiehuis")
    assert b"Koffiehuis" in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(b"Koffiehuis", b"Koffieh\xfcis"))
    assert spans(video.scenes(path)) == [(0, 2)]


# Pictures.


def test_a_picture_is_a_jpeg_with_its_name_and_time_even_of_a_cartoon(tmp_path):
    path = coded([Image.new("RGB", (640, 360), "orange")] * 30, tmp_path / "cartoon.mp4")
    [scene] = video.scenes(path)
    picture = scene.picture(max_side=320)
    assert (picture.media_type, picture.width, picture.height) == ("image/jpeg", 320, 180)
    assert picture.origin == "cartoon.mp4 at 0:01.5"
    assert picture.changes == ("shrunk from 640 x 360", "encoded as JPEG")
    assert scene.picture(max_side=320) == picture


def test_the_colours_are_those_of_the_picture(tmp_path):
    colour = (210, 120, 40)
    path = coded([Image.new("RGB", SIZE, colour)] * 3, tmp_path / "c.mp4")
    [scene] = video.scenes(path)
    shown = pixels(scene.picture(None)).getpixel((100, 100))
    assert all(abs(a - b) <= 3 for a, b in zip(shown, colour, strict=True))


def test_a_file_is_let_go_of(tmp_path):
    path = cut_clip(tmp_path / "c.mp4", 30)
    video.scenes(path)[0].picture()
    path.unlink()  # which Windows refuses while the file is open


def test_a_picture_of_a_file_that_has_changed_is_refused(tmp_path):
    path = cut_clip(tmp_path / "c.mp4", 60)
    [scene] = video.scenes(path)
    cut_clip(path, 10)
    with pytest.raises(video.VideoError, match=r"no frame at 0:03 any more. Has the file changed"):
        scene.picture()


# Files that are cut off.


@pytest.mark.parametrize(
    ("name", "options"), [("c.mp4", {"movflags": "faststart"}), ("c.mkv", {}), ("c.avi", {"codec": "mpeg4"})]
)
def test_of_a_file_that_is_cut_off_the_readable_part_is_used_and_said(tmp_path, name, options):
    path = cut_clip(tmp_path / name, 30, 70, **options)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    with pytest.warns(UserWarning, match=r"only its first [4-7]\.\d seconds can be read") as said:
        scenes = video.scenes(path)
    assert len(said) == 1 and said[0].filename == __file__
    assert spans(scenes)[0] == (0, 3) and 4 < scenes[-1].end < 8
    assert number_of(pixels(scenes[-1].picture())) == round(scenes[-1].best * 10)


def test_a_whole_file_is_not_called_cut_off(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("c.mp4", "c.mkv", "c.ts"):
            assert len(video.scenes(cut_clip(tmp_path / name, 20, 20))) == 2


def test_an_mp4_that_is_cut_off_before_its_index_is_refused(tmp_path):
    path = cut_clip(tmp_path / "c.mp4", 60)
    path.write_bytes(path.read_bytes()[:-2000])
    assert "damaged, cut off" in refusal(path)


# What is no video.


def sound(path):
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mp3" if path.suffix == ".mp3" else "aac", rate=44100)
        frame = av.AudioFrame(format="s16", layout="mono", samples=44100)
        frame.sample_rate = 44100
        frame.planes[0].update(bytes(88200))
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def with_cover(mp3):
    """The sound with a picture of its cover in an ID3 tag."""
    image = io.BytesIO()
    corners().save(image, "JPEG")
    body = b"\0image/jpeg\0\x03\0" + image.getvalue()
    frame = b"APIC" + struct.pack(">I", len(body)) + bytes(2) + body
    size = bytes(len(frame) >> shift & 127 for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + frame + mp3


def saved(path, kind):
    corners().save(path, kind)
    return path


def of_bytes(path, data):
    path.write_bytes(data)
    return path


NO_VIDEO, UNREADABLE = "no video in it that can be decoded here", "it can't be read as a video"
BAD_FILES = {
    "empty": (lambda p: of_bytes(p, b""), UNREADABLE),
    "png": (lambda p: saved(p, "PNG"), UNREADABLE),
    "jpeg": (lambda p: saved(p, "JPEG"), UNREADABLE),
    "gif": (lambda p: saved(p, "GIF"), UNREADABLE),
    "webp": (lambda p: saved(p, "WEBP"), UNREADABLE),
    "avif": (lambda p: saved(p, "AVIF"), "perhaps sound, a picture"),  # as HEIC, in the same container as MP4
    "html": (lambda p: of_bytes(p, b"\n<!DOCTYPE html><html>"), UNREADABLE),
    "text": (lambda p: of_bytes(p, "커피 and cats\n".encode() * 999), UNREADABLE),
    "short text": (lambda p: of_bytes(p, b"hello"), UNREADABLE),
    "playlist": (lambda p: of_bytes(p, b"#EXTM3U\nhttp://127.0.0.1:9/a.ts\n"), UNREADABLE),
    "playlist of a file": (
        lambda p: of_bytes(p, f"ffconcat version 1.0\nfile {VIDEOS}/camera1.mp4".encode()),
        UNREADABLE,
    ),
    "zip": (lambda p: of_bytes(p, b"PK\x03\x04" + bytes(99)), UNREADABLE),
    "lfs": (lambda p: of_bytes(p, b"version https://git-lfs.github.com/spec/v1\n"), UNREADABLE),
    "zeros": (lambda p: of_bytes(p, bytes(99_999)), UNREADABLE),
    "noise": (lambda p: of_bytes(p, random.Random(1).randbytes(99_999)), UNREADABLE),
    "sound.mp4": (sound, NO_VIDEO),
    "sound.mp3": (sound, NO_VIDEO),
    "cover.mp3": (lambda p: of_bytes(p, with_cover(sound(p).read_bytes())), NO_VIDEO),
    "unknown.mp4": (lambda p: of_bytes(p, cut_clip(p, 5).read_bytes().replace(b"avc1", b"zzz1")), "another codec"),
    "locked.mp4": (
        lambda p: cut_clip(p, 5, encryption_scheme="cenc-aes-ctr", encryption_key="0" * 32, encryption_kid="1" * 32),
        "encrypted (DRM)",
    ),
    "nothing.mp4": (lambda p: cut_clip(p), NO_VIDEO),
    "no frame.mp4": (
        lambda p: of_bytes(p, without_frames(cut_clip(p, 9, movflags="faststart").read_bytes())),
        "no frame in it can be decoded",
    ),
    "folder": (lambda p: p.mkdir() or p, "There is no file"),
    "missing": (lambda p: p, "There is no file"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_what_is_no_video_is_refused_with_the_reason(tmp_path, name):
    make, said = BAD_FILES[name]
    path = make(tmp_path / name)
    assert said in refusal(path)
    assert said in refusal(str(path))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("https://example.org/a.mp4?sig=secret", "From an address, download it first"),
        (None, "by the path of a file"),
        (b"abc", "by the path of a file"),
        (["a.mp4"], "by the path of a file"),
        (Image.new("RGB", (2, 2)), "by the path of a file"),
        (video.Scene(Path("a"), 0, 1, 0), "by the path of a file"),
        ("a\0b.mp4", "There is no file"),
        ("~nobody of that name/a.mp4", "There is no file"),
        ("x" * 5000, "There is no file"),
    ],
)
def test_what_is_no_path_is_refused(given, said):
    assert said in refusal(given) and "secret" not in refusal(given)


@pytest.mark.skipif(sys.platform == "win32", reason="chmod does not take reading away there")
def test_a_file_without_permission(tmp_path):
    """For root too: in a thread that gives up its capabilities, which on Linux each thread has of its own."""
    path = cut_clip(tmp_path / "locked.mp4", 3)
    path.chmod(0)
    said = []

    def try_it():
        if sys.platform == "linux":
            header = (ctypes.c_uint32 * 2)(0x20080522, 0)
            assert ctypes.CDLL(None, use_errno=True).capset(header, (ctypes.c_uint32 * 6)()) == 0
        said.append(refusal(path))

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join()
    assert len(said) == 1 and said[0].startswith("locked.mp4: it can't be read as a video (PermissionError)")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such pipes there")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "There is no file" in refusal(tmp_path / "pipe")


@pytest.mark.parametrize(
    "options",
    [
        {"threshold": 0},
        {"threshold": 1.5},
        {"threshold": float("nan")},
        {"shortest": -1},
        {"shortest": 0, "longest": 0},
        {"longest": float("nan")},
        {"shortest": 10, "longest": 15},
    ],
)
def test_bounds_that_make_no_sense(options):
    said = refusal(VIDEOS / "camera1.mp4", **options)
    assert said == "threshold is from 0 to 1, shortest at least 0 seconds, and longest at least twice shortest."


def test_a_bound_that_is_no_number():
    with pytest.raises(TypeError):
        video.scenes(VIDEOS / "camera1.mp4", threshold="0.3")


def test_frames_that_are_too_large(tmp_path, monkeypatch):
    path = cut_clip(tmp_path / "c.mp4", 3)
    monkeypatch.setitem(module.OPTIONS, "max_pixels", str(320 * 180 - 1))
    assert "no frame in it can be decoded" in refusal(path)
    raw = cut_clip(tmp_path / "c.h264", 3)
    assert "c.h264: " in refusal(raw)


FUZZ = """
import random, sys, warnings
from pathlib import Path
from helpers import video
warnings.simplefilter("ignore")
dice, ends = random.Random(1), {"result": 0, "VideoError": 0}
for path in map(Path, sys.argv[1:]):
    data, mutant = path.read_bytes(), path.with_name("mutant" + path.suffix)
    for number in range(25):
        changed = bytearray(data[: dice.randrange(len(data))] if number % 5 == 0 else data)
        for _ in range(dice.choice((1, 4, 64))):
            # Half of them in the first kilobytes, where the header is.
            changed[dice.randrange(min(len(changed), dice.choice((2000, len(data)))))] = dice.randrange(256)
        mutant.write_bytes(changed)
        try:
            scenes = video.scenes(mutant)
            assert all(scene.start <= scene.best < scene.end for scene in scenes)
            scenes[-1].picture(64)
            ends["result"] += 1
        except video.VideoError:
            ends["VideoError"] += 1
print(ends)
"""


def run(code, *arguments):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def said_by(code, *arguments):
    done = run(code, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_damaged_file_ends_in_a_result_or_a_video_error_and_ffmpeg_is_silent(tmp_path):
    files = [cut_clip(tmp_path / f"c.{end}", 12, 18) for end in ("mp4", "mkv", "ts", "h264", "avi")]
    files.append(cut_clip(tmp_path / "f.mp4", 12, 18, movflags="faststart"))
    ends = said_by(FUZZ, *files)
    assert all(int(count) > 5 for count in ends.translate({ord(sign): " " for sign in ",}"}).split() if count.isdigit())


@pytest.mark.parametrize("threshold", [0.0005, 0.01, 0.1, 0.28, 0.4, 0.999])
def test_the_score_of_every_frame_is_that_of_ffmpegs_filter(threshold):
    """Its `select` compares by itself, so it is asked at several thresholds."""
    graph = av.filter.Graph()
    source = graph.add_buffer(width=160, height=90, format="rgb24", time_base=Fraction(1, 1000))
    select, sink = graph.add("select", f"gt(scene,{threshold})"), graph.add("buffersink")
    source.link_to(select)
    select.link_to(sink)
    graph.configure()
    exact = Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
    cuts = []
    with av.open(str(VIDEOS / "camera1.mp4")) as container:
        for frame in container.decode(video=0):
            graph.push(frame.reformat(160, 90, "rgb24", interpolation=exact))
            try:
                cuts += [frame.time] if graph.pull() else []
            except (av.BlockingIOError, av.EOFError):
                continue
    scenes = video.scenes(VIDEOS / "camera1.mp4", threshold=threshold, shortest=0, longest=99)
    assert [scene.start for scene in scenes[1:]] == [at for at in cuts if at > 0] and (cuts or threshold > 0.9)


def test_a_day_between_two_frames_is_not_cut_into_scenes(tmp_path):
    stamps = [0, 100, 200, 200_000_000, 200_000_100]
    path = coded([numbered(n) for n in range(5)], tmp_path / "c.mkv", stamps=stamps)
    with pytest.warns(UserWarning, match="the file is cut off or damaged"):
        assert spans(video.scenes(path)) == [(0, 0.5)]


def test_the_example_of_the_room_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert doctest.testmod(video) == (0, 3)


def test_the_benchmark_runs(capsys):
    results = benchmark.main(short=2, long=4, repeats=1)
    said = capsys.readouterr().out
    assert results["growth"] == results["bytes 4"] / results["bytes 2"] and "scenes()  on camera1.mp4" in said
    assert ("ffmpeg    on" in said) != ("no ffmpeg program" in said)

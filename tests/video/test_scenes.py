"""Videos: where they cut, which frame is shown when, how it looks, and files that nobody would make on purpose."""

import itertools
import random
import re
import struct
import sys
import warnings
from fractions import Fraction
from functools import partial

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from course.assets import ROOT
from helpers import video
from tests.video import SIZE, VIDEOS, coded, cut_clip, number_of, numbered, pixels, refusal

module = sys.modules["helpers.video.scenes"]  # in the package, the name is the function's


def spans(scenes):
    return [(round(scene.start, 3), round(scene.end, 3)) for scene in scenes]


# A scene score says how far a frame differs from the one before, 0 to 1. Highest of each clip, measured on 2026-11-23
# with ffmpeg's filter at 160 pixels in RGB. Cuts: 0.36 to 1.0 in our two videos, 0.63 to 1.0 between photographs. No
# cuts: pans of up to 24 of 640 pixels a frame 0.20, zooms of 3 % a frame 0.18, fades of 8 frames 0.12, noise 0.03.
# Taken for cuts: a whip pan 0.32, a camera shaken hard 0.284, a fade to black in 5 frames 0.29, a flash of light 1.0.
def test_the_score_of_every_frame_is_that_of_ffmpegs_filter_and_our_threshold_has_a_margin(tmp_path):
    graph, scores = av.filter.Graph(), {}
    source = graph.add_buffer(width=160, height=90, format="rgb24", time_base=Fraction(1, 1000))
    graph.link_nodes(source, graph.add("select", "gte(scene,0)"), graph.add("buffersink")).configure()
    with av.open(str(VIDEOS / "camera1.mp4")) as container:
        for frame in container.decode(video=0):
            graph.push(frame.reformat(160, 90, "rgb24", interpolation=module.EXACT_AREA))
            scores[frame.time] = float(graph.pull().metadata["lavfi.scene_score"])
    for threshold in (0.0005, 0.4):
        scenes = video.scenes(VIDEOS / "camera1.mp4", threshold=threshold, shortest=0, longest=99)
        assert [scene.start for scene in scenes[1:]] == [at for at in scores if at and scores[at] > threshold]
    assert [sum(score > least for score in scores.values()) for least in (0.15, 0.35, 0.4)] == [5, 5, 4]
    photo = Image.open(ROOT / "asset" / "images" / "chelsea.png").convert("RGB").resize((1354, 900))
    pan = [photo.crop((24 * n, 100, 24 * n + 640, 460)) for n in range(29)]  # of what is no cut, the highest score
    flash = pan[:1] * 20 + [Image.new("RGB", (640, 360), "white")] * 2 + pan[:1] * 18
    for images, found in ((pan, 1), (flash, 2)):
        assert len(video.scenes(coded(images, tmp_path / "clip.mp4"), shortest=0.5)) == found


def test_scenes_keep_to_their_bounds_and_bounds_that_make_no_sense_are_refused(tmp_path):
    path = cut_clip(tmp_path / "c.mp4", 5, 15, 4, 20, 6)
    for (threshold, shortest, longest), found in {
        (0.28, 1, 30): [(0, 2), (2, 5)],  # too short at both ends and in the middle
        (0.28, 0.6, 30): [(0, 2), (2, 4.4), (4.4, 5)],
        (0.28, 15, 30): [(0, 5)],
        (0.28, 1, 2): [(0, 2), (2, 3.5), (3.5, 5)],
    }.items():
        assert spans(video.scenes(path, threshold=threshold, shortest=shortest, longest=longest)) == found
    for wrong in ({"threshold": 0}, {"threshold": 2}, {"shortest": -1}, {"shortest": 0, "longest": 0}, {"longest": 1}):
        assert "longest at least twice shortest" in refusal(video.scenes, path, **wrong)


@given(st.lists(st.integers(1, 900), min_size=1), st.integers(1, 900))
def test_a_long_scene_is_divided_where_frames_begin_without_a_gap(steps, longest):
    times = [0, *itertools.accumulate(steps)]
    parts = list(module._divide("c.mp4", 0, end := times[-1] + 1, longest, times))
    assert [*(part.start for part in parts), end] == [0, *(part.end for part in parts)]
    for part in parts:
        shown, middle = [at for at in times if part.start <= at < part.end], (part.start + part.end) / 2
        assert part.start == shown[0] and part.best == min(shown, key=lambda at: abs(at - middle))
        assert part.end - part.start <= longest + max(steps) or len(parts) == 1  # longer where a frame stands still
    assert len(parts) <= -(-end // longest)


def test_a_bar_is_shown_for_a_film_that_takes_long_and_taken_away_at_the_end(tmp_path, monkeypatch, capsys):
    real = module.tqdm
    monkeypatch.setattr(module, "tqdm", lambda **options: real(**options | {"delay": 0, "mininterval": 0}))
    video.scenes(cut_clip(tmp_path / "c.mp4", 20))
    lines = capsys.readouterr().out.split("\r")
    assert lines[1].startswith("c.mp4:   0%") and re.match(r"c.mp4:  [5-9]\d%", lines[-3]) and lines[-1] == ""


KINDS = {
    "open GOPs": ("c.mkv", {"options": {"x264-params": "open-gop=1:bframes=4:keyint=12", "preset": "medium"}}),
    "fragments": ("c.mp4", {"container": {"movflags": "frag_keyframe+empty_moov"}}),
    "Matroska without a duration": ("c.mkv", {"container": {"live": "1"}}),
    "no time stamps": ("c.h264", {}),
    "an edit list": ("c.mp4", {"stamps": range(-1000, 6000, 100), "container": {"avoid_negative_ts": "disabled"}}),
    "odd times": ("c.mkv", {"stamps": [n + n**3 // 10 for n in range(70)]}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_times_count_from_the_first_frame_and_the_picture_is_that_of_its_time(tmp_path, kind):
    name, options = KINDS[kind]
    stamps = options.get("stamps", range(0, 7000, 100))
    times = [(stamp - max(stamps[0], 0)) / 1000 for stamp in stamps]  # below 0 it is not shown
    path = cut_clip(tmp_path / name, 25, 45, **options)
    scenes = video.scenes(path, longest=3)
    assert scenes[0].start == 0 and times[25] in [pytest.approx(scene.start, abs=0.002) for scene in scenes]
    assert scenes[-1].end == pytest.approx(times[-1] + 0.1, abs=0.011)
    some = [*scenes, *(video.Scene(path, 0, 9, max(0, times[n])) for n in (0, 11, 13, 36, 69))]
    assert [times[number_of(one.picture(None))] for one in some] == [pytest.approx(one.best, abs=0.002) for one in some]


def test_time_stamps_that_begin_again_or_leap_over_a_day_are_counted_on(tmp_path):
    path, two = cut_clip(tmp_path / "one.ts", 20), coded([numbered(n, 1) for n in range(20, 40)], tmp_path / "two.ts")
    path.write_bytes(path.read_bytes() + two.read_bytes())
    scenes = video.scenes(path)
    assert spans(scenes) == [(0, 2), (2, 4)]
    assert [number_of(scene.picture(None)) for scene in scenes] == [round(scene.best * 10) for scene in scenes]
    leap = cut_clip(tmp_path / "leap.mkv", 5, stamps=[0, 100, 200, 200_000_000, 200_000_100])
    with pytest.warns(UserWarning, match="it is cut off or damaged"):
        assert spans(video.scenes(leap)) == [(0, 0.5)]


orange = partial(Image.new, "RGB", color="orange")
COMB = Image.frombytes("L", (1, 180), b"\0\xff" * 90).resize(SIZE).convert("RGB")
CLEAR, ON_WHITE = Image.new("RGBA", SIZE, (0, 0, 0, 0)), Image.new("RGB", SIZE, "white")
for picture in (CLEAR, ON_WHITE):
    picture.paste((200, 30, 30), (80, 40, 240, 140))


def unlike(picture, wanted):
    """How far a picture differs from an image of its size, 0 to 255."""
    image = pixels(picture)
    assert image.size == wanted.size
    return max(ImageStat.Stat(ImageChops.difference(image, wanted)).mean)


@pytest.mark.parametrize(
    ("image", "options", "shown"),
    [
        (orange((161, 91)), {"pix_fmt": "yuv444p"}, None),
        (orange((320, 180)), {"sample_aspect_ratio": Fraction(4, 3)}, orange((427, 180))),
        (orange((320, 180)), {"sample_aspect_ratio": Fraction(1, 2)}, orange((320, 360))),
        (orange((322, 718)), {}, None),  # without a word from the file by BT.601, and in HD by BT.709
        (orange((322, 720)), {"matrix": 1}, None),
        (orange((322, 720)), {"colorspace": 6}, None),
        (COMB, {}, None),
        # Interlaced, every other line is of another moment, and one moment is shown.
        (COMB, {"options": {"x264-params": "tff=1:interlaced=1"}}, Image.new("RGB", SIZE, "white")),
        (CLEAR, {"codec": "qtrle", "pix_fmt": "argb"}, ON_WHITE),
        (CLEAR, {"codec": "libvpx", "pix_fmt": "yuva420p", "options": {"auto-alt-ref": "0"}}, ON_WHITE),
        (CLEAR, {"codec": "libvpx-vp9", "pix_fmt": "yuva420p"}, ON_WHITE),
    ],
)
def test_a_picture_is_as_players_show_it_and_what_is_clear_is_laid_on_white(tmp_path, image, options, shown):
    path = tmp_path / ("c.webm" if "libvpx" in options.get("codec", "") else "c.mov")
    picture = video.scenes(coded([image] * 12, path, **options))[0].picture(None)
    assert unlike(picture, shown or image) < 6, options
    assert ("laid on white" in picture.changes) == (image is CLEAR)
    assert (picture.media_type, picture.origin) == ("image/jpeg", f"{path.name} at 0:00.6")  # no PNG of a cartoon
    path.unlink()  # which Windows refuses while the file is open


def test_a_video_of_one_frame_that_lies_on_its_side_is_turned_upright(tmp_path):
    path = coded([image := numbered(9)], tmp_path / "c.mp4")
    data = bytearray(path.read_bytes())
    for (a, b, c, d), turn in {  # of the matrix, and what it does
        (0, 1, -1, 0): Image.Transpose.ROTATE_270,
        (-1, 0, 0, -1): Image.Transpose.ROTATE_180,
        (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT,
        (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
    }.items():
        struct.pack_into(">9i", data, data.index(b"tkhd") + 44, a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
        path.write_bytes(data)
        assert unlike(video.scenes(path)[0].picture(None), image.transpose(turn)) < 20, turn


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_said(tmp_path, transfer):
    tags = {"color_trc": transfer, "color_primaries": 9, "colorspace": 9, "pix_fmt": "yuv420p10le"}
    [scene] = video.scenes(coded([numbered(9)] * 3, tmp_path / "c.mp4", **tags))
    with pytest.warns(UserWarning, match=r"c.mp4: HDR is not converted.*Export the video as SDR") as said:
        scene.picture()
    assert len(said) == 1 and said[0].filename == __file__


def test_of_several_streams_the_largest_is_taken_but_neither_a_single_frame_nor_a_cover(tmp_path):
    with av.open(str(tmp_path / "c.mp4"), "w") as out:
        small, large, still, cover = (out.add_stream(name, rate=10) for name in ("libx264",) * 3 + ("mjpeg",))
        cover.disposition, cover.pix_fmt = av.stream.Disposition.attached_pic, "yuvj420p"
        tracks = ((small, 64, 20), (large, 160, 20), (still, 640, 1), (cover, 800, 1))
        for stream, width, _ in tracks:
            stream.width, stream.height = width, width * 3 // 4
        for stream, width, count in tracks:
            for image in [Image.new("RGB", (width, width * 3 // 4))] * count:
                out.mux(stream.encode(av.VideoFrame.from_image(image)))
            out.mux(stream.encode())
    [scene] = video.scenes(tmp_path / "c.mp4")
    assert (scene.end, pixels(scene.picture(None)).size) == (pytest.approx(2), (160, 120))


@pytest.mark.parametrize("end", ["mp4", "mkv", "avi"])
def test_of_a_file_that_is_cut_off_the_readable_part_is_used_and_said(tmp_path, end):
    options = {"mp4": {"container": {"movflags": "faststart"}}, "avi": {"codec": "mpeg4"}}.get(end, {})
    path = cut_clip(tmp_path / f"c.{end}", 30, 70, **options)
    data = path.read_bytes().replace(b"Lavf", b"L\xe4vf")  # the program that wrote it, not in UTF-8
    path.write_bytes(data)
    with warnings.catch_warnings(action="error"):
        assert spans(video.scenes(path)) == [(0, 3), (3, 10)]
    path.write_bytes(data[: len(data) * 6 // 10])
    with pytest.warns(UserWarning, match=r"only its first [4-7]\.\d seconds can be read") as said:
        [first, last] = video.scenes(path)
    assert len(said) == 1 and said[0].filename == __file__
    assert spans([first]) == [(0, 3)] and 4 < last.end < 8
    assert number_of(last.picture()) == round(last.best * 10)
    cut_clip(path, 10, **options)
    assert "no frame at 0:0" in (said := refusal(last.picture)) and "Has the file changed" in said


def test_what_is_no_video_is_refused_with_the_reason(tmp_path, monkeypatch):
    drm = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "0" * 32, "encryption_kid": "1" * 32}
    cut_clip(tmp_path / "locked.mp4", 5, container=drm)
    for name in ("a.gif", "a.avif"):
        numbered(9).save(tmp_path / name)
    whole = cut_clip(tmp_path / "c.mp4", 60).read_bytes()
    cut_clip(tmp_path / "c.mp4", 9, container={"movflags": "faststart"})  # its index stands in front of its frames
    head, mdat, frames = (tmp_path / "c.mp4").read_bytes().partition(b"mdat")
    for name, data, said in (
        ("a.gif", None, "it can't be read as a video"),
        ("a.avif", None, "no video that can be decoded here"),  # as HEIC, in the same container as MP4
        ("playlist", f"ffconcat version 1.0\nfile {VIDEOS}/camera1.mp4".encode(), "it can't be read as a video"),
        ("unknown.mp4", head.replace(b"avc1", b"zzz1") + mdat + frames, "no video that can be decoded here"),
        ("locked.mp4", None, "it is encrypted (DRM)"),
        ("no index.mp4", whole[:-2000], "damaged, cut off, or another kind of file"),
        ("no frame.mp4", head + mdat + bytes(len(frames)), "no frame in it can be decoded"),
    ):
        if data:
            (tmp_path / name).write_bytes(data)
        assert re.match(f"{name}: .*{re.escape(said)}", refusal(video.scenes, tmp_path / name))
    assert "is a folder. Give the path of one video in it" in refusal(video.scenes, tmp_path)
    said = "A video is given by the path of a file on your disk. From an address, download it first."
    assert refusal(video.scenes, "https://example.org/a.mp4?sig=secret") == said
    monkeypatch.setitem(module.OPTIONS, "max_pixels", str(320 * 180 - 1))
    assert "c.mp4: no frame in it can be decoded" in refusal(video.scenes, tmp_path / "c.mp4")


def test_a_damaged_file_ends_in_a_result_or_a_video_error_and_ffmpeg_is_silent(tmp_path, capfd):
    dice, ends = random.Random(1), []
    files = [cut_clip(tmp_path / f"c.{end}", 6, 8) for end in ("mp4", "mkv", "ts", "h264", "avi")]
    for path, number in itertools.product(files, range(10)):
        data = bytearray(path.read_bytes())
        for _ in range(dice.choice((1, 4, 64))):  # half of them in the first kilobytes, where the header is
            data[dice.randrange(min(len(data), dice.choice((2000, len(data)))))] = dice.randrange(256)
        mutant = path.with_name("mutant" + path.suffix)
        mutant.write_bytes(data[: dice.randrange(len(data))] if number % 5 == 0 else data)
        try:
            with warnings.catch_warnings(action="ignore"):
                scenes = video.scenes(mutant)
                scenes[-1].picture(64)
            ends.append(all(scene.start <= scene.best < scene.end for scene in scenes))
        except video.VideoError:
            ends.append(None)
    assert False not in ends and min(ends.count(True), ends.count(None)) > 5
    assert capfd.readouterr() == ("", "")

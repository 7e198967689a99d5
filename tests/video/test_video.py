"""Videos: where they cut, which frame is shown when, how it looks, and files that nobody would make on purpose."""

import itertools
import struct
import sys
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.video.reformatter import Interpolation
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from course.assets import ROOT
from helpers import video
from tests.video import (
    SIZE,
    VIDEOS,
    add_track,
    coded,
    corners,
    cut_clip,
    number_of,
    numbered,
    pixels,
    refusal,
    spans,
)

module = sys.modules["helpers.video.scenes"]  # in the package, the name is the function's


def near(colour, other, most=6):
    return all(abs(a - b) <= most for a, b in zip(colour, other, strict=True))


# Cuts.


@pytest.mark.parametrize("name", ["camera1.mp4", "camera2.mp4"])
def test_every_moment_of_our_videos_is_a_scene(name):
    lines = (VIDEOS / "moments.csv").read_text(encoding="utf-8").splitlines()[1:]
    truth = [tuple(map(float, line.split(",")[1:3])) for line in lines if line.startswith(name)]
    scenes = video.scenes(VIDEOS / name)
    assert spans(scenes) == truth and str(scenes[0]) == f"0:00 to 0:{truth[0][1]:02.0f}"


# A scene score says how far a frame differs from the one before, 0 to 1. Highest of each clip, measured on 2026-11-23
# with ffmpeg's filter at 160 pixels in RGB. Cuts: 0.36 to 1.0 in our two videos, 0.63 to 1.0 between photographs. No
# cuts: pans of up to 24 of 640 pixels a frame 0.20, zooms of 3 % a frame 0.18, fades of 8 frames 0.12, noise 0.03.
# Taken for cuts: a whip pan 0.32, a camera shaken hard 0.284, a fade to black in 5 frames 0.29, a flash of light 1.0.
@pytest.mark.parametrize(
    ("threshold", "found"), [(0.0005, None), (0.01, None), (0.15, 6), (0.35, 6), (0.4, 5), (0.9, 1)]
)
def test_the_score_of_every_frame_is_that_of_ffmpegs_filter_and_our_threshold_has_a_margin(threshold, found):
    graph = av.filter.Graph()
    source = graph.add_buffer(width=160, height=90, format="rgb24", time_base=Fraction(1, 1000))
    select, sink = graph.add("select", f"gt(scene,{threshold})"), graph.add("buffersink")
    graph.link_nodes(source, select, sink).configure()
    exact, cuts = Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.BITEXACT, []
    with av.open(str(VIDEOS / "camera1.mp4")) as container:
        for frame in container.decode(video=0):
            graph.push(frame.reformat(160, 90, "rgb24", interpolation=exact))
            try:
                cuts += [frame.time] if graph.pull() else []
            except (av.BlockingIOError, av.EOFError):
                continue
    scenes = video.scenes(VIDEOS / "camera1.mp4", threshold=threshold, shortest=0, longest=99)
    assert [scene.start for scene in scenes[1:]] == [at for at in cuts if at > 0]
    assert len(scenes) == found or (found is None and cuts)


def made_clip(kind):
    photo = Image.open(ROOT / "asset" / "images" / "chelsea.png").convert("RGB").resize((1354, 900))
    other = Image.open(ROOT / "asset" / "images" / "rocket.jpg").convert("RGB").resize((640, 360))
    still = photo.crop((300, 200, 940, 560))
    for n in range(40):
        if kind == "pan":
            yield photo.crop((10 * n, 100, 10 * n + 640, 460))
        elif kind == "zoom":
            width = 1300 / 1.03**n
            yield photo.resize((640, 360), box=(600 - width / 2 + 50, 100, 600 + width / 2 + 50, 100 + width * 0.5625))
        elif kind == "fade":
            yield Image.blend(still, other, min(1, n / 20))
        elif kind == "flash":
            yield Image.new("RGB", (640, 360), "white") if 20 <= n < 22 else still


@pytest.mark.parametrize(("kind", "found"), [("pan", 1), ("zoom", 1), ("fade", 1), ("flash", 2)])
def test_what_is_no_cut_is_not_taken_for_one_but_a_flash_is(tmp_path, kind, found):
    path = coded(made_clip(kind), tmp_path / "clip.mp4", rate=25)
    assert len(video.scenes(path, shortest=0.5)) == found


@pytest.fixture(scope="module")
def five(tmp_path_factory):
    return cut_clip(tmp_path_factory.mktemp("five") / "c.mp4", 5, 15, 4, 20, 6)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({}, [(0, 2), (2, 5)]),  # too short at both ends and in the middle
        ({"shortest": 0.1}, [(0, 0.5), (0.5, 2), (2, 2.4), (2.4, 4.4), (4.4, 5)]),
        ({"shortest": 0.6}, [(0, 2), (2, 4.4), (4.4, 5)]),
        ({"shortest": 15}, [(0, 5)]),
        ({"longest": 2}, [(0, 2), (2, 3.5), (3.5, 5)]),
        ({"threshold": 1, "longest": 2.5}, [(0, 2.5), (2.5, 5)]),
        ({"threshold": 1, "longest": 2}, [(0, 1.667), (1.667, 3.333), (3.333, 5)]),
    ],
)
def test_scenes_keep_to_their_bounds(five, options, found):
    scenes = video.scenes(five, **options)
    assert spans(scenes) == found
    assert all(abs(scene.best - (scene.start + scene.end) / 2) <= 0.0501 for scene in scenes)


@given(st.lists(st.integers(1, 900), min_size=1), st.integers(1, 900))
def test_a_long_scene_is_divided_where_frames_begin_without_a_gap(steps, longest):
    times = [0, *itertools.accumulate(steps)]
    parts = list(module._divide(Path("c.mp4"), 0, times[-1] + 1, longest, times))
    assert [part.start for part in parts] == [0, *(part.end for part in parts[:-1])] and parts[-1].end == times[-1] + 1
    assert all(part.best in times and part.start <= part.best < part.end for part in parts)
    for part in parts:  # too long only where a frame stands still
        assert part.end - part.start <= longest + max(steps) or len(parts) == 1
    assert len(parts) <= -(-(times[-1] + 1) // longest)


# Times and frames, in every kind of file.

KINDS = {
    "mp4": ("c.mp4", {}),
    "mp4 with B-frames and an edit list": ("c.mp4", {"options": {"bf": "4", "preset": "medium"}}),
    "open GOPs": ("c.mkv", {"options": {"x264-params": "open-gop=1:bframes=4:keyint=12", "preset": "medium"}}),
    "fragments": ("c.mp4", {"container": {"movflags": "frag_keyframe+empty_moov"}}),
    "Matroska": ("c.mkv", {}),
    "Matroska without a duration": ("c.mkv", {"container": {"live": "1"}}),
    "no time stamps": ("c.h264", {}),
    "a transport stream, from 1.4 s": ("c.ts", {}),
    "MPEG-2": ("c.mpg", {"codec": "mpeg2video", "rate": 25}),
    "AVI": ("c.avi", {"codec": "mpeg4"}),
    "WebM": ("c.webm", {"codec": "libvpx-vp9"}),
    "no name": ("c", {"muxer": "mp4"}),
    "a late start": ("c.mkv", {"stamps": [5000 + 100 * n for n in range(70)]}),
}
if sys.platform != "win32":
    KINDS["a colon in its name"] = ("http:c.mp4", {})


@pytest.mark.parametrize("kind", KINDS)
def test_times_count_from_the_first_frame_and_the_picture_is_that_of_its_time(tmp_path, kind):
    name, options = KINDS[kind]
    rate = options.get("rate", 10)
    path = cut_clip(tmp_path / name, 25, 45, **options)
    scenes = video.scenes(path, longest=3)
    assert scenes[0].start == 0 and 25 / rate in [pytest.approx(scene.start, abs=0.002) for scene in scenes]
    assert scenes[-1].end == pytest.approx(70 / rate, abs=0.011)
    some = [*scenes, *(video.Scene(path, 0, 9, n / rate) for n in (0, 11, 13, 36, 69))]
    assert [number_of(pixels(one.picture(None))) for one in some] == [round(one.best * rate) for one in some]


def test_frames_at_odd_times_behind_an_edit_list_and_on_their_own(tmp_path):
    stamps = [0, 40, 90, 500, 1900, 1933, 4000, 4500, 7001]
    path = coded([numbered(n) for n in range(9)], tmp_path / "odd.mkv", stamps=stamps)
    shown = [number_of(pixels(video.Scene(path, 0, 8, stamp / 1000).picture(None))) for stamp in stamps]
    assert shown == list(range(9))
    hidden = {"stamps": [100 * n - 2000 for n in range(70)], "container": {"avoid_negative_ts": "disabled"}}
    path = coded((numbered(n) for n in range(70)), tmp_path / "edited.mp4", **hidden)
    [scene] = video.scenes(path)
    assert (scene.start, scene.end) == (0, pytest.approx(5))
    assert number_of(pixels(scene.picture())) == round(20 + scene.best * 10)
    [scene] = video.scenes(cut_clip(tmp_path / "one.mp4", 1))
    assert (scene.start, scene.end, scene.best) == (0, pytest.approx(0.1), 0)
    assert number_of(pixels(scene.picture())) == 0


@pytest.mark.parametrize(("end", "size"), [("ts", SIZE), ("h264", (320, 200))])
def test_time_stamps_that_begin_again_are_counted_on_and_a_new_size_is_taken(tmp_path, end, size):
    one = cut_clip(tmp_path / f"one.{end}", 20)
    two = coded([numbered(n, size, hue=1) for n in range(20, 40)], tmp_path / f"two.{end}")
    path = tmp_path / f"both.{end}"
    path.write_bytes(one.read_bytes() + two.read_bytes())
    scenes = video.scenes(path)
    assert spans(scenes) == [(0, 2), (2, 4)]
    assert [number_of(pixels(scene.picture(None))) for scene in scenes] == [round(scene.best * 10) for scene in scenes]
    assert [pixels(scene.picture(None)).size for scene in scenes] == [SIZE, size]


def test_a_day_between_two_frames_is_not_cut_into_scenes(tmp_path):
    stamps = [0, 100, 200, 200_000_000, 200_000_100]
    path = coded([numbered(n) for n in range(5)], tmp_path / "c.mkv", stamps=stamps)
    with pytest.warns(UserWarning, match="it is cut off or damaged"):
        assert spans(video.scenes(path)) == [(0, 0.5)]


# Pictures.


@pytest.mark.parametrize(
    ("given_size", "options", "size"),
    [
        ((322, 182), {}, (322, 182)),
        ((2, 2), {}, (2, 2)),
        ((16, 1000), {}, (16, 1000)),
        ((1000, 16), {}, (1000, 16)),
        ((161, 91), {"pix_fmt": "yuv444p"}, (161, 91)),
        (SIZE, {"ratio": Fraction(4, 3)}, (427, 180)),
        (SIZE, {"ratio": Fraction(1, 2)}, (320, 360)),
    ],
)
def test_pictures_have_the_size_of_their_video_in_square_pixels(tmp_path, given_size, options, size):
    [scene] = video.scenes(coded([Image.new("RGB", given_size, "orange")] * 5, tmp_path / "c.mp4", **options))
    picture = pixels(scene.picture(None))
    assert picture.size == size and near(picture.getpixel((1, 1)), (255, 165, 0))


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


@pytest.mark.parametrize("lines", ["progressive", "interlaced"])
@pytest.mark.parametrize("turn", TURNS)
def test_a_video_that_lies_on_its_side_is_turned_upright(tmp_path, turn, lines):
    options = {"x264-params": "interlaced=1"} if lines == "interlaced" else {}
    path = coded([corners()] * 3, tmp_path / "c.mp4", options=options)
    data, (a, b, c, d) = bytearray(path.read_bytes()), turn
    begin = data.index(b"tkhd") + 44
    data[begin : begin + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    image = pixels(video.scenes(path)[0].picture(None))
    assert image.size == (SIZE if a else SIZE[::-1])
    places = [(x * image.width // 4, y * image.height // 4) for y in (1, 3) for x in (1, 3)]
    assert "".join("RGB"[max(range(3), key=image.getpixel(place).__getitem__)] for place in places) == TURNS[turn]


def test_a_picture_is_a_jpeg_with_its_name_and_time_even_of_a_cartoon(tmp_path):
    path = coded([Image.new("RGB", (640, 360), "orange")] * 30, tmp_path / "cartoon.mp4")
    [scene] = video.scenes(path)
    picture = scene.picture(max_side=320)
    assert (picture.media_type, picture.width, picture.height) == ("image/jpeg", 320, 180)
    assert picture.origin == "cartoon.mp4 at 0:01.5"
    assert picture.changes == ("shrunk from 640 x 360", "encoded as JPEG")
    assert scene.picture(max_side=320) == picture
    path.unlink()  # which Windows refuses while the file is open


@pytest.mark.parametrize(
    ("lines", "matrix", "tags"),
    [(718, None, {}), (720, 1, {}), (720, None, {"colorspace": 6}), (180, 1, {"colorspace": 1})],
)
def test_colours_are_those_that_the_file_says_or_that_players_assume(tmp_path, lines, matrix, tags):
    colour = (210, 120, 40)
    images = [Image.new("RGB", (320, lines), colour)] * 3
    [scene] = video.scenes(coded(images, tmp_path / "c.mp4", matrix=matrix, **tags))
    assert near(pixels(scene.picture(None)).getpixel((100, 100)), colour, 3)


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_said(tmp_path, transfer):
    tags = {"color_trc": transfer, "color_primaries": 9, "colorspace": 9}
    path = coded([corners()] * 3, tmp_path / "c.mp4", pix_fmt="yuv420p10le", **tags)
    [scene] = video.scenes(path)
    with pytest.warns(UserWarning, match=r"c.mp4: HDR is not converted.*Export the video as SDR") as said:
        scene.picture()
    assert len(said) == 1 and said[0].filename == __file__


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("c.mov", {"codec": "qtrle", "pix_fmt": "argb"}),
        ("c.mov", {"codec": "prores_ks", "pix_fmt": "yuva444p10le", "options": {"profile": "4444"}}),
    ],
)
def test_transparency_is_laid_on_white(tmp_path, name, options):
    image = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((80, 40, 240, 140), (200, 30, 30, 255))
    path = coded([image] * 12, tmp_path / name, **options)
    [scene] = video.scenes(path)
    picture = scene.picture(None)
    assert "laid on white" in picture.changes
    assert near(pixels(picture).getpixel((9, 9)), (255, 255, 255))
    assert near(pixels(picture).getpixel((160, 90)), (200, 30, 30))


def test_of_several_streams_the_largest_is_taken_but_no_single_frame(tmp_path):
    path = tmp_path / "c.mp4"
    with av.open(str(path), "w") as out:
        sizes = {(64, 48): 20, (160, 120): 20, (640, 480): 1}  # small, large, a still
        tracks = [add_track(out, [numbered(0, size)] * count) for size, count in sizes.items()]
        out.start_encoding()
        for write in tracks:
            write()
    [scene] = video.scenes(path)
    assert (scene.end, pixels(scene.picture(None)).size) == (pytest.approx(2), (160, 120))


def test_the_two_moments_of_an_interlaced_frame_are_not_mixed(tmp_path):
    def moment(at):
        image = Image.new("RGB", SIZE, "black")
        ImageDraw.Draw(image).rectangle((20 + 8 * at, 40, 100 + 8 * at, 140), "white")
        return image

    rows = Image.new("1", SIZE)
    for row in range(1, SIZE[1], 2):
        ImageDraw.Draw(rows).line((0, row, SIZE[0], row), 1)
    frames = [Image.composite(moment(2 * n + 1), moment(2 * n), rows) for n in range(5)]
    for flag, combed in (("tff=1:interlaced=1", False), ("interlaced=0", True)):
        path = coded(frames, tmp_path / f"{combed}.mp4", options={"x264-params": flag})
        grey = pixels(video.Scene(path, 0, 1, 0.2).picture(None)).convert("L")
        lines = [[grey.getpixel((x, y)) for x in range(0, 320, 2)] for y in (90, 91)]
        assert (max(abs(a - b) for a, b in zip(*lines, strict=True)) > 100) == combed


def test_a_picture_of_a_file_that_has_changed_is_refused(tmp_path):
    path = cut_clip(tmp_path / "c.mp4", 60)
    [scene] = video.scenes(path)
    cut_clip(path, 10)
    assert "no frame at 0:03 any more. Has the file changed" in refusal(scene.picture)


def test_a_title_that_is_no_utf_8_does_no_harm(tmp_path):
    path = cut_clip(tmp_path / "c.avi", 20, codec="mpeg4", title="Koffiehuis")
    assert b"Koffiehuis" in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(b"Koffiehuis", b"Koffieh\xfcis"))
    assert spans(video.scenes(path)) == [(0, 2)]

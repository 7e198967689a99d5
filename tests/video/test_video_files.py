"""Files that are cut off, damaged, no video, or not there, and bounds that make no sense."""

import itertools
import os
import random
import struct
import sys
import warnings

import av
import pytest
from PIL import Image

from helpers import video
from tests.tools.benchmarks import video as benchmark
from tests.video import VIDEOS, corners, cut_clip, number_of, pixels, refusal, spans, without_root

module = sys.modules["helpers.video.scenes"]  # in the package, the name is the function's


@pytest.mark.parametrize(
    ("name", "options"),
    [("c.mp4", {"container": {"movflags": "faststart"}}), ("c.mkv", {}), ("c.avi", {"codec": "mpeg4"})],
)
def test_of_a_file_that_is_cut_off_the_readable_part_is_used_and_said(tmp_path, name, options):
    path = cut_clip(tmp_path / name, 30, 70, **options)
    with warnings.catch_warnings(action="error"):
        assert spans(video.scenes(path)) == [(0, 3), (3, 10)]
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    with pytest.warns(UserWarning, match=r"only its first [4-7]\.\d seconds can be read") as said:
        scenes = video.scenes(path)
    assert len(said) == 1 and said[0].filename == __file__
    assert spans(scenes)[0] == (0, 3) and 4 < scenes[-1].end < 8
    assert number_of(pixels(scenes[-1].picture())) == round(scenes[-1].best * 10)


def sound(path, cover=b""):
    """A second of silence, with a picture of its cover in an ID3 tag if there is one."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mp3" if path.suffix == ".mp3" else "aac", rate=44100)
        frame = av.AudioFrame(format="s16", layout="mono", samples=44100)
        frame.sample_rate = 44100
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    body = b"\0image/jpeg\0\x03\0" + cover
    tag = b"APIC" + struct.pack(">I", len(body)) + bytes(2) + body
    size = bytes(len(tag) >> shift & 127 for shift in (21, 14, 7, 0))
    return (b"ID3\x03\0\0" + size + tag if cover else b"") + path.read_bytes()


def bytes_of(kind, path):
    """The bytes of a picture in this format, or of a clip with these options."""
    corners().save(path, kind)
    return path.read_bytes()


def clip_bytes(path, *lengths, **container):
    return cut_clip(path, *lengths, container=container).read_bytes()


def without_frames(mp4):
    """The file with zeros where its frames are; its index stands in front of them."""
    begin = mp4.index(b"mdat") + 4
    return mp4[:begin] + bytes(len(mp4) - begin)


NO_VIDEO, UNREADABLE = "no video that can be decoded here", "it can't be read as a video"
BAD_FILES = {
    "empty": (b"", UNREADABLE),
    **{kind: (lambda path, kind=kind: bytes_of(kind, path), UNREADABLE) for kind in ("PNG", "JPEG", "GIF", "WEBP")},
    "AVIF": (lambda path: bytes_of("AVIF", path), NO_VIDEO),  # as HEIC, in the same container as MP4
    "html": (b"\n<!DOCTYPE html><html>", UNREADABLE),
    "text": ("커피 and cats\n".encode() * 999, UNREADABLE),
    "playlist": (b"#EXTM3U\nhttp://127.0.0.1:9/a.ts\n", UNREADABLE),
    "playlist of a file": (f"ffconcat version 1.0\nfile {VIDEOS}/camera1.mp4".encode(), UNREADABLE),
    "zip": (b"PK\x03\x04" + bytes(99), UNREADABLE),
    "zeros": (bytes(99_999), UNREADABLE),
    "noise": (random.Random(1).randbytes(99_999), UNREADABLE),
    "sound.mp4": (sound, NO_VIDEO),
    "cover.mp3": (lambda path: sound(path, bytes_of("JPEG", path)), NO_VIDEO),
    "unknown.mp4": (lambda path: clip_bytes(path, 5).replace(b"avc1", b"zzz1"), NO_VIDEO),
    "nothing.mp4": (lambda path: clip_bytes(path), NO_VIDEO),
    "cut.mp4": (lambda path: clip_bytes(path, 60)[:-2000], "damaged, cut off"),
    "no frame.mp4": (lambda path: without_frames(clip_bytes(path, 9, movflags="faststart")), "no frame in it can be"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_what_is_no_video_is_refused_with_the_reason(tmp_path, name):
    make, said = BAD_FILES[name]
    path = tmp_path / name
    path.write_bytes(make if isinstance(make, bytes) else make(path))
    assert said in refusal(video.scenes, path) and refusal(video.scenes, str(path)).startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("https://example.org/a.mp4?sig=secret", "From an address, download it first"),
        *((path, "A video is given by its path: ") for path in (None, b"abc", ["a.mp4"], Image.new("RGB", (2, 2)))),
        ("nobody.mp4", "There is no file nobody.mp4"),
        *((path, "can't be read") for path in ("~nobody of that name/a.mp4", "x" * 5000)),
        ("a\0b.mp4", "There is no file"),
        (VIDEOS, "is a folder. Give the path of one video in it"),
    ],
)
def test_what_is_no_path_of_a_file_is_refused(path, said):
    assert said in refusal(video.scenes, path) and "secret" not in refusal(video.scenes, path)


@pytest.mark.parametrize("typed", ["a\u202fb.mp4", "a%20b.mp4", "a\\ b.mp4"])
def test_a_name_as_people_paste_it_is_found(tmp_path, typed):
    path = cut_clip(tmp_path / "a b.mp4", 3)
    assert video.scenes(f'"{path}"')[0].path == path == video.scenes(tmp_path / typed)[0].path


@pytest.mark.skipif(
    sys.platform == "win32", reason="there are no such pipes, and chmod does not take reading away there"
)
def test_a_pipe_is_not_waited_for_and_a_file_without_permission_is_named(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "There is no file" in refusal(video.scenes, tmp_path / "pipe")
    path = cut_clip(tmp_path / "locked.mp4", 3)
    path.chmod(0)
    said = without_root(lambda: refusal(video.scenes, path))
    assert said.startswith("locked.mp4: it can't be read as a video (PermissionError)")


@pytest.mark.parametrize(
    ("threshold", "shortest", "longest"),
    [
        (0, 1, 30),
        (1.5, 1, 30),
        (float("nan"), 1, 30),
        (0.3, -1, 30),
        (0.3, 0, 0),
        (0.3, 1, float("nan")),
        (0.3, 10, 15),
    ],
)
def test_bounds_that_make_no_sense_are_refused(threshold, shortest, longest):
    said = refusal(video.scenes, VIDEOS / "camera1.mp4", threshold=threshold, shortest=shortest, longest=longest)
    assert said == "threshold is from 0 to 1, shortest at least 0 seconds, and longest at least twice shortest."


@pytest.mark.parametrize(("name", "options"), [("c.mp4", {}), ("c.h264", {})])
def test_frames_that_are_too_large_are_refused(tmp_path, monkeypatch, name, options):
    path = cut_clip(tmp_path / name, 3, **options)
    monkeypatch.setitem(module.OPTIONS, "max_pixels", str(320 * 180 - 1))
    assert refusal(video.scenes, path).startswith(f"{path.name}: ")


def test_a_damaged_file_ends_in_a_result_or_a_video_error_and_ffmpeg_is_silent(tmp_path, capfd):
    dice, ends = random.Random(1), []
    files = [cut_clip(tmp_path / f"c.{end}", 6, 8) for end in ("mp4", "mkv", "ts", "h264", "avi")]
    files.append(cut_clip(tmp_path / "f.mp4", 6, 8, container={"movflags": "faststart"}))
    for path, number in itertools.product(files, range(15)):
        data, mutant = path.read_bytes(), path.with_name("mutant" + path.suffix)
        changed = bytearray(data[: dice.randrange(len(data))] if number % 5 == 0 else data)
        for _ in range(dice.choice((1, 4, 64))):
            # Half of them in the first kilobytes, where the header is.
            changed[dice.randrange(min(len(changed), dice.choice((2000, len(data)))))] = dice.randrange(256)
        mutant.write_bytes(changed)
        try:
            with warnings.catch_warnings(action="ignore"):
                scenes = video.scenes(mutant)
                scenes[-1].picture(64)
            ends.append(all(scene.start <= scene.best < scene.end for scene in scenes))
        except video.VideoError:
            ends.append(None)
    assert False not in ends and min(ends.count(True), ends.count(None)) > 5
    assert capfd.readouterr() == ("", "")


def test_the_benchmark_runs(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(benchmark, "CAMERA", cut_clip(tmp_path / "c.mp4", 12))
    results = benchmark.main(short=1, long=2, repeats=1, size=(320, 180))
    said = capsys.readouterr().out
    assert results["growth"] == results["bytes 2"] / results["bytes 1"] and "scenes()  on camera1.mp4" in said
    assert ("ffmpeg    on" in said) != ("no ffmpeg program" in said)

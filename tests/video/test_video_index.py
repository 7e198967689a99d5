"""The index of videos: what is found, what is paid for, and what stays when something breaks off."""

import io
import os
import re
import sqlite3
import subprocess
import sys
import threading
import unicodedata
from contextlib import closing, redirect_stdout

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from course.assets import ROOT
from helpers import tokens, video
from helpers.video import index as index_module
from tests.video import cut_clip, refusal, without_root

CAPTIONS = [
    "Four office towers at night, seen from below; most of the windows are lit in green and white.",
    "Two pale towers that are located under a dark blue sky at night.",
    "A cartoon: a fat grey rabbit stretches its arms in front of its burrow.",
    "The face of a tabby cat with green eyes. 고양이가 카메라를 봅니다.",
    "An espresso in a cup on a red-brown saucer. 커피가 담긴 잔이 있습니다.",
    "Four brown hens on the grass, 2023.",
    "一只黑猫坐在红色沙发上。",
    "黒い猫がソファに座っています、赤いTシャツ",
    "แมวดำนอนอยู่บนโซฟาที่สวน",
    "ﾊﾝﾊﾞｰｶﾞｰ と ＴＶ",
]


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A small video of four scenes of a second each."""
    return cut_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", 10, 10, 10, 10)


@pytest.fixture(scope="module")
def captioned(clip):
    """All captions, that of number n at n tenths of a second."""
    with closing(video.VideoIndex()) as index:
        texts, scenes = iter(CAPTIONS), [video.Scene(clip, n / 10, n / 10 + 0.1, n / 10) for n in range(len(CAPTIONS))]
        index.add(clip, lambda picture: next(texts), scenes=scenes)
        yield index


@pytest.fixture
def index():
    with closing(video.VideoIndex()) as index:
        yield index


def found(index, query, **options):
    return [round(hit.start * 10) for hit in index.search(query, **options)]


class Asked:
    """A caption function that counts what it was asked, and fails at one of the calls if it is to."""

    def __init__(self, fails_at=None, error=None, said=None):
        self.pictures, self.fails_at, self.error, self.said = [], fails_at, error, said

    def __call__(self, picture):
        self.pictures.append(picture)
        if len(self.pictures) == self.fails_at:
            if self.error:
                raise self.error
            return self.said
        return f"scene seen at {picture.origin.split()[-1]}"


# What is found.


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("two towers, blue sky", [1, 0]),
        ("Where is the RABBIT?", [2]),
        ("stretching", [2]),
        ("hen", [5]),
        ("cat", [3]),  # and not "located"
        ("car", [2]),  # the beginning of "cartoon"
        ("f", []),  # a single letter is not the beginning of "four"
        ("a cat with the", [3]),  # function words count only where there is nothing else
        ("the", [5, 3, 0]),
        ("20", [5]),
        ("고양이", [3]),
        (unicodedata.normalize("NFD", "커피"), [4]),
        ("양이", []),
        ("猫", [6, 7]),
        ("黑猫", [6]),
        ("猫 cat", [3, 6, 7]),
        ("沙发", [6]),
        ("发沙", []),
        ("シャツ", [7]),
        ("Tシャツ", [7]),
        ("ソファー", []),
        ("โซฟา", [8]),
        ("ที่", [8]),
        ("ハンバーガー tv", [9]),
        *((query, [3]) for query in ('"cat"', "cat*", "NEAR(cat)", "words:cat", "-cat", "cat' OR 1", "^cat", "cat\0")),
        ("cat NOT rabbit", [3, 2]),
        (" ".join(f"w{n}" for n in range(9999)) + " cat", [3]),
    ],
)
def test_what_a_query_finds(captioned, query, numbers):
    hits = found(captioned, query, top=10**9)
    assert sorted(hits) == sorted(numbers) and hits[:1] == numbers[:1]


@given(st.sampled_from([6, 7, 8]), st.integers(0, 20), st.integers(1, 20))
def test_whatever_stands_within_an_unspaced_text_is_found(captioned, number, start, length):
    part = re.split("[。、]", CAPTIONS[number])[0]
    begin = min(start, len(part) - 1)
    assert number in found(captioned, part[begin : begin + length])


@given(st.text() | st.text('"*():^-+{}[]\0 AND OR NOT NEAR aé커²_猫ที', max_size=40))
@example("")
@example("?!")
@example("_")
@example("☕\ud800")
def test_no_query_breaks_the_search_and_one_without_a_word_is_refused(captioned, query):
    before = captioned._db.total_changes
    try:
        hits = captioned.search(query)
    except video.VideoError as error:
        assert "no word in this query" in str(error) and not re.search(r"[a-z0-9]", query)
        return
    assert [hit.relevance for hit in hits] == sorted((hit.relevance for hit in hits), reverse=True)
    assert captioned._db.total_changes == before


def test_the_best_comes_first_and_equals_by_document_and_time(clip, index):
    for name, size, captions in (("b", 64, ["a red cup"] * 4), ("a", 512, ["a red cup", "a cup", "a saucer", "red"])):
        index.add(clip, lambda picture, left=captions: left.pop(0), document_id=name, max_side=size)
    hits = index.search("red cup")
    assert [(hit.document_id, hit.start) for hit in hits[:5]] == [("a", 0), *(("b", start) for start in range(4))]
    assert hits[4].relevance == hits[0].relevance > hits[5].relevance >= hits[6].relevance > 0 and len(hits) == 7
    assert index.search("red cup", top=3) == hits[:3]
    assert all(hit.relevance == float(f"{hit.relevance:.4g}") for hit in hits)


def test_a_hit_holds_the_very_picture_that_was_captioned(tmp_path, clip):
    asked = Asked()
    with closing(video.VideoIndex(tmp_path / "i.sqlite")) as index:
        index.add(clip, asked, metadata={"cameraId": 1}, max_side=64)
    with closing(video.VideoIndex(str(tmp_path / "i.sqlite"))) as index:
        hits = sorted(index.search("scene"), key=lambda hit: hit.start)
    assert [hit.thumbnail.data for hit in hits] == [picture.data for picture in asked.pictures]
    hit = hits[2]
    assert hit[:4] == ("clip", 2, 3, 2.5) and hit.metadata == {"cameraId": "1"} and hit.thumbnail.width == 64
    assert hit.caption == "scene seen at 0:02.5" and str(hit) == "clip  0:02 to 0:03, best 0:02.5"


def test_filters_keep_videos_with_one_of_the_values_and_an_unknown_name_is_refused(clip, index):
    index.add(clip, Asked(), metadata={"cameraId": 1}, document_id="one", max_side=64)
    index.add(clip, Asked(), metadata={"cameraId": "2", "place": "meadow"}, document_id="two")
    for strings, names in [
        ({"cameraId": ["1"]}, {"one"}),
        ({"cameraId": "2"}, {"two"}),
        ({"cameraId": 1}, {"one"}),
        ({"cameraId": ["1", "2"]}, {"one", "two"}),
        ({"cameraId": ["1"], "place": "meadow"}, set()),
        ({"place": "meadow"}, {"two"}),
        ({}, {"one", "two"}),
    ]:
        assert {hit.document_id for hit in index.search("scene", strings=strings)} == names
    for name in ("colour", "cameraid", 7):
        said = f"No video has metadata named {name!r}; there are: cameraId, place."
        assert refusal(index.search, "cat", strings={name: "1"}) == said


# Adding, changing, removing.


def test_the_same_video_twice_changes_nothing_asks_nothing_and_prints_nothing(clip, index):
    asked, printed, rows = Asked(), [], []
    for again in ({"metadata": {"a": 1}}, {}, {"metadata": {"a": "1"}}, {"scenes": video.scenes(clip)}):
        with redirect_stdout(io.StringIO()) as out:
            new = video.Added("clip", 4, 0, "unchanged") if rows else video.Added("clip", 4, 4, "added")
            assert index.add(clip, asked, **again) == new
        printed.append(out.getvalue())
        rows.append(index._execute("SELECT rowid, * FROM captions"))
    assert len(asked.pictures) == 4 and rows == [rows[0]] * 4 and printed[1:] == [""] * 3
    # What is printed is the same each time, whatever the speed.
    assert printed[0].isascii() and printed[0].count("\r") == 6 and "4/4 scenes" in printed[0]
    assert not re.search(r"it/s|\d\d:\d\d", printed[0])
    for metadata in ({"b": 2.5}, {}):
        assert index.add(clip, asked, metadata=metadata) == video.Added("clip", 4, 0, "unchanged")
        assert index.documents() == {"clip": {name: str(value) for name, value in metadata.items()}}


def test_another_video_other_scenes_and_another_name_are_refused_and_not_paid(tmp_path, clip, index):
    other, scenes, asked = cut_clip(tmp_path / "clip.mp4", 25), video.scenes(clip), Asked()
    assert index.add(clip, Asked(), scenes=scenes[1:3]).scenes == 2 and found(index, "scene") == [10, 20]
    assert "clip is another video here" in refusal(index.add, other, asked)
    assert "has other scenes" in refusal(index.add, clip, asked, scenes=scenes)
    assert "or is clip. Remove it first" in refusal(index.add, clip, asked, document_id="two")
    assert "at least one scene" in refusal(index.add, clip, asked, scenes=[], document_id="x")
    assert "each of clip.mp4 itself" in refusal(index.add, other, asked, scenes=scenes)
    assert not asked.pictures and index.documents() == {"clip": {}}


def test_removing_takes_the_captions_of_a_video_and_leaves_all_others(tmp_path, clip, index):
    index.add(clip, Asked(), document_id="one")
    index.add(clip, Asked(), document_id="two", max_side=64)
    other = cut_clip(tmp_path / "other.mp4", 12, 12)
    with pytest.raises(KeyError):
        index.add(other, Asked(2, KeyError("stopped")))
    index.remove("one")
    assert {hit.document_id for hit in index.search("scene")} == {"two"} and list(index.documents()) == ["two"]
    assert index.add(other, Asked()).captioned == 1 and index.add(clip, Asked(), document_id="one").captioned == 4
    assert refusal(index.remove, "\ud800x") == r"No video is named '\ud800x'; there are: one, other, two."


# What it costs, and that nothing is paid twice.


def test_the_bill_adds_up_what_is_still_to_caption(clip, index):
    scenes, prompt, model = video.scenes(clip), "Say what is here. 커피?", "gpt-5.6-luna"
    one = tokens.picture_tokens(320, 180, model, "low").tokens
    cents = tokens.price(model, 4 * (one + 7), 200)
    amounts = f"about {4 * (one + 7):,} tokens in and 200 out, {cents:.3f} US cents (an estimate)"
    assert index.bill(scenes, prompt, model, answer_tokens=50) == f"4 scenes to caption: {amounts}"
    for name, detail, why in (("llava", "low", "unknown model"), (model, "huge", "'huge'")):
        bill = index.bill(scenes, prompt, name, detail)
        assert bill.startswith("4 scenes to caption. The price can't be told: ") and why in bill
        assert "known: " not in bill
    with pytest.raises(KeyError):
        index.add(clip, Asked(3, KeyError("stopped")))
    assert index.bill(scenes, prompt, model).startswith("2 scenes")
    assert index.bill(scenes, prompt, model, max_side=100).startswith("4 scenes")
    nothing = "0 scenes to caption: about 0 tokens in and 0 out, 0.000 US cents (an estimate)"
    assert index.bill([], prompt, model) == nothing


@pytest.mark.parametrize("fault", [OSError("away"), "", " \n", None, 7])
def test_after_an_error_only_what_is_missing_is_asked(clip, index, fault):
    if isinstance(fault, OSError):
        with pytest.raises(OSError, match="away") as caught:
            index.add(clip, Asked(3, fault))
        assert caught.value is fault
    else:
        message = f"clip.mp4: {fault!r} is no caption of 0:02 to 0:03. Add it again."
        assert refusal(index.add, clip, Asked(3, said=fault)) == message
    assert index.documents() == {} and index.search("scene") == []
    asked = Asked()
    assert index.add(clip, asked) == video.Added("clip", 4, 2, "added") and len(index.search("scene")) == 4
    assert [picture.origin for picture in asked.pictures] == ["clip.mp4 at 0:02.5", "clip.mp4 at 0:03.5"]


KILLED = """
import os, random, signal, sys
from helpers import video
folder, clip, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
scenes, dice, moments = video.scenes(clip), random.Random(1), []
same = scenes[0].picture()
video.Scene.picture = lambda scene, max_side: same

def add(path, killed_at=0):
    ticks, (there, asked) = 0, os.pipe()
    def tick():
        nonlocal ticks
        ticks += 1
        if ticks == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)
    child = os.fork()
    if not child:
        os.close(1)
        sys.stdout = open(os.devnull, "w")
        index = video.VideoIndex(path)
        index._db.set_progress_handler(tick, 5)
        index.add(clip, lambda picture: os.write(asked, b".") and "paid", scenes=scenes)
        os.write(asked, b"" if killed_at else str(ticks).encode())
        os._exit(0)
    os.close(asked)
    status = os.waitpid(child, 0)[1]
    return status, os.read(there, 99)

longest = int(add(f"{folder}/whole.sqlite")[1].lstrip(b"."))
for number in range(count):
    path, out, counted = f"{folder}/{number}.sqlite", sys.stdout, []
    status, asked = add(path, dice.randrange(1, longest + 1))
    assert status in (signal.SIGKILL, 0)  # not every run has as many ticks
    index = video.VideoIndex(path)
    kept = index._execute("SELECT count(*) FROM captions")[0][0]
    found = len(index.search("paid"))
    assert (len(index.documents()), found) in ((0, 0), (1, 4)) and kept >= len(asked) - 1, (kept, len(asked), found)
    sys.stdout = open(os.devnull, "w")
    added = index.add(clip, lambda picture: counted.append(1) or "paid", scenes=scenes)
    sys.stdout = out
    assert added.captioned == len(counted) == 4 - kept and len(index.search("paid")) == 4
    assert index._execute("PRAGMA integrity_check") == [("ok",)]
    moments.append((kept, found))
print(len(moments), len(set(moments)))
"""


def run(code, *arguments, **options):
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


@pytest.mark.skipif(sys.platform == "win32", reason="no fork there")
def test_a_kill_at_any_moment_loses_no_stored_caption_and_leaves_no_half_video(tmp_path, clip):
    out, errors = run(KILLED, tmp_path, clip, 30).communicate(timeout=300)
    assert errors == "" and re.fullmatch("30 [4-9]\n", out)  # killed at many different moments


def test_another_video_of_the_same_name_added_meanwhile_is_told_and_nothing_is_mixed(tmp_path, clip):
    path, other_clip = tmp_path / "i.sqlite", cut_clip(tmp_path / "other.mp4", 20)

    def caption(picture):
        with closing(video.VideoIndex(path)) as other:
            other.add(other_clip, Asked(), document_id="clip")
        return "mine"

    with closing(video.VideoIndex(path)) as index:
        assert "clip is another video here" in refusal(index.add, clip, caption)
        assert index.search("mine") == [] and len(index.search("scene")) == 1
        index.remove("clip")
        assert index.documents() == {} and index.add(clip, Asked()).captioned == 0


# The file.


def test_several_threads_add_at_once_and_a_writer_is_waited_for_and_then_named(tmp_path):
    path, ends = tmp_path / "i.sqlite", []
    clips = [cut_clip(tmp_path / f"c{n}.mp4", 10 + n, 10) for n in range(4)]

    def add(clip):
        with closing(video.VideoIndex(path)) as index:
            ends.append(index.add(clip, Asked()).state)

    threads = [threading.Thread(target=add, args=[clip]) for clip in clips]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends == ["added"] * 4
    with closing(video.VideoIndex(path)) as index, closing(sqlite3.connect(path, isolation_level=None)) as writer:
        assert len(index.search("scene", top=99)) == 8
        index._execute("PRAGMA busy_timeout = 100")
        writer.execute("BEGIN IMMEDIATE")
        assert "database is locked" in refusal(index.remove, "c0")
        writer.execute("ROLLBACK")
        index.remove("c0")
        said = []
        thread = threading.Thread(target=lambda: said.append(refusal(index.documents)))
        thread.start()
        thread.join()
        assert "that same thread" in said[0]
    assert "closed" in refusal(index.search, "cat")


def database(path, *statements):
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()


BEFORE = """CREATE VIRTUAL TABLE captions USING fts5(caption, document UNINDEXED, times UNINDEXED, metadata UNINDEXED,
jpeg UNINDEXED, tokenize = 'porter unicode61')"""


def damaged(path):
    video.VideoIndex(path).close()
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 3996 + path.read_bytes()[4096:])


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_bytes(b"no database, but a text of some length" * 99), "not a database"),
        (lambda path: database(path, "CREATE TABLE addresses(name)"), "a database of something else"),
        (lambda path: database(path, BEFORE), "another version. Choose another name"),
        (damaged, "malformed"),
        (lambda path: path.mkdir(), "unable to open database file"),
    ],
)
def test_files_that_are_no_index_are_refused_and_stay_as_they_are(tmp_path, make, said):
    path = tmp_path / "i.sqlite"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    assert said in refusal(video.VideoIndex, path)
    assert before is None or path.read_bytes() == before


def test_what_can_not_be_opened_is_refused_and_an_empty_file_becomes_an_index(tmp_path, monkeypatch):
    for path in ("", "~/nobody has such a folder/i.sqlite", tmp_path / "no" / "i.sqlite"):
        assert "unable to open database file. Is its folder there, and writable?" in refusal(video.VideoIndex, path)
    (tmp_path / "i.sqlite").touch()
    with closing(video.VideoIndex(tmp_path / "i.sqlite")) as index:
        assert index.documents() == {}
    monkeypatch.setattr(index_module, "TABLE", index_module.TABLE.replace("fts5", "fts5_left_out"))
    assert "no such module: fts5" in refusal(video.VideoIndex)


@pytest.mark.skipif(sys.platform == "win32", reason="chmod does not take writing away there")
def test_an_index_that_can_not_be_written_is_searched_all_the_same(tmp_path, clip):
    path = tmp_path / "i.sqlite"
    with closing(video.VideoIndex(path)) as index:
        index.add(clip, Asked())
    os.chmod(path, 0o444)
    os.chmod(tmp_path, 0o555)

    def search_and_remove():
        with closing(video.VideoIndex(path)) as index:
            return len(index.search("scene")), refusal(index.remove, "clip")

    found, said = without_root(search_and_remove)
    os.chmod(tmp_path, 0o755)
    assert found == 4 and "attempt to write a readonly database. Is its folder there, and writable?" in said

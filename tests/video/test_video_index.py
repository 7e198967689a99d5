"""The index of videos: what is found, what is paid for, and what stays when something breaks off."""

import io
import re
import sqlite3
import subprocess
import sys
import threading
import unicodedata
from contextlib import closing, redirect_stdout

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.assets import ROOT
from helpers import tokens, video
from helpers.video import index as index_module
from tests.video.test_video import cut_clip

VIDEOS = ROOT / "asset" / "videos"
CAPTIONS = {
    "camera1": [
        "Four office towers at night, seen from below; most of the windows are lit in green and white.",
        "Two pale towers that are located under a dark blue sky at night.",
        "A white rocket stands on its launch pad at dusk.",
        "The face of a tabby cat with green eyes. 고양이가 카메라를 봅니다.",
        "An espresso in a cup on a red-brown saucer. 커피가 담긴 잔이 있습니다.",
        "An astronaut in an orange suit smiles before a flag.",
    ],
    "camera2": [
        "A black-and-white cow, with two more behind it.",
        "A cartoon: a fat grey rabbit stretches its arms in front of its burrow.",
        "Four brown hens on the grass.",
        "The Great Wall of China on green hills.",
        "Five horses on a hillside. 말 다섯 마리가 언덕에 있습니다.",
        "Many galaxies on a black sky.",
    ],
}
META = {
    "camera1": {"cameraId": 1, "timestamp": "2023-06-30T17:40:33Z"},
    "camera2": {"cameraId": "2", "timestamp": "2023-06-30T20:00:00+02:00", "place": "meadow"},
}


def caption_of(picture):
    """The caption of a frame of our two videos, by the name and time of its picture."""
    name, at = re.fullmatch(r"(camera\d)\.mp4 at 0:(\d\d).*", picture.origin).groups()
    starts = {"camera1": [0, 4, 6, 10, 14, 18], "camera2": [0, 4, 9, 13, 17, 21]}[name]
    return CAPTIONS[name][sum(start <= int(at) for start in starts) - 1]


def both(index):
    for name in CAPTIONS:
        index.add(VIDEOS / f"{name}.mp4", caption_of, metadata=META[name])
    return index


@pytest.fixture(scope="module")
def cameras():
    """Both of our videos, in memory."""
    with closing(video.VideoIndex()) as index:
        yield both(index)


@pytest.fixture
def clip(tmp_path):
    """A small video of four scenes of a second each."""
    return cut_clip(tmp_path / "clip.mp4", 10, 10, 10, 10)


def refusal(call, *given, **options):
    with pytest.raises(video.VideoError) as caught:
        call(*given, **options)
    said = str(caught.value)
    assert len(said) < 400 and caught.value.__cause__ is None
    return said


def found(index, query, **options):
    return [(hit.document_id, hit.start) for hit in index.search(query, **options)]


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
    ("query", "document_id", "start"),
    [
        ("office towers", "camera1", 0),
        ("two towers, blue sky", "camera1", 4),
        ("Where is the rocket?", "camera1", 6),
        ("a cat", "camera1", 10),
        ("red cup", "camera1", 14),
        ("astronaut", "camera1", 18),
        ("cows", "camera2", 0),
        ("the rabbit", "camera2", 4),
        ("hen", "camera2", 9),
        ("great wall", "camera2", 13),
        ("a horse", "camera2", 17),
        ("galaxy", "camera2", 21),
        ("고양이", "camera1", 10),
        ("커피", "camera1", 14),
        ("말", "camera2", 17),
        ("ESPRESSO", "camera1", 14),
    ],
)
def test_every_moment_is_found_by_fair_words(cameras, query, document_id, start):
    assert found(cameras, query)[0] == (document_id, start)


def test_a_word_within_another_is_not_found_but_one_that_begins_another_is(cameras):
    assert found(cameras, "cat") == [("camera1", 10)]  # and not "located"
    assert found(cameras, "car") == [("camera2", 4)]  # "cartoon"
    assert found(cameras, "f") == []  # a single letter is not the beginning of "four"


def test_function_words_are_left_out_unless_there_is_nothing_else(cameras):
    assert found(cameras, "a cat with the") == [("camera1", 10)]
    assert len(found(cameras, "the", top=99)) == 4


def test_decomposed_korean_is_the_same_word(cameras):
    assert found(cameras, unicodedata.normalize("NFD", "고양이")) == [("camera1", 10)]


@pytest.mark.parametrize("query", ['"cat"', "cat*", "NEAR(cat)", "caption:cat", "-cat", "cat' OR 1=1", "^cat", "cat\0"])
def test_signs_of_query_languages_mean_nothing(cameras, query):
    assert ("camera1", 10) in found(cameras, query)


def test_and_is_a_word_not_an_operator(cameras):
    assert found(cameras, "cat AND rocket") == found(cameras, "cat rocket")
    assert {place for place in found(cameras, "cat NOT rocket")} == {("camera1", 10), ("camera1", 6)}


@pytest.mark.parametrize("query", ["", "  ", "?!", "_", "☕", "\ud800"])
def test_a_query_without_a_word_is_refused(cameras, query):
    assert "no word in this query" in refusal(cameras.search, query)


@given(st.text() | st.text('"*():^-+{}[]\0 AND OR NOT NEAR aé커²_', max_size=40))
def test_no_query_breaks_the_search_or_changes_anything(cameras, query):
    before = list(cameras._db.iterdump())
    try:
        hits = cameras.search(query)
    except video.VideoError:
        return
    assert [hit.relevance for hit in hits] == sorted((hit.relevance for hit in hits), reverse=True)
    assert list(cameras._db.iterdump()) == before


def test_a_query_of_very_many_words(cameras):
    assert found(cameras, " ".join(f"w{n}" for n in range(9999)) + " cat") == [("camera1", 10)]


def test_the_best_comes_first_and_equals_by_document_and_time(clip):
    with closing(video.VideoIndex()) as index:
        for name, size in (("b", 64), ("a", 512)):
            index.add(clip, lambda picture: "a red cup", document_id=name, max_side=size)
        assert found(index, "cup") == [(name, start) for name in "ab" for start in range(4)]
        assert found(index, "cup", top=3) == [("a", 0), ("a", 1), ("a", 2)]
    with closing(video.VideoIndex()) as index:
        said = iter(["a cup", "a cup and a red saucer", "a saucer", "a red cup"])
        index.add(clip, lambda picture: next(said))
        assert found(index, "red cup")[:2] == [("clip", 3), ("clip", 1)]
        hits = index.search("red cup")
        assert hits[0].relevance > hits[1].relevance > hits[2].relevance > 0


def test_a_hit_holds_the_very_picture_that_was_captioned(tmp_path, clip):
    asked = Asked()
    with closing(video.VideoIndex(tmp_path / "i.sqlite")) as index:
        index.add(clip, asked, metadata={"cameraId": "1"}, max_side=64)
    with closing(video.VideoIndex(tmp_path / "i.sqlite")) as index:
        hits = sorted(index.search("scene"), key=lambda hit: hit.start)
    assert [hit.thumbnail.data for hit in hits] == [picture.data for picture in asked.pictures]
    hit = hits[2]
    assert (hit.document_id, hit.start, hit.end, hit.metadata) == ("clip", 2, 3, {"cameraId": "1"})
    assert hit.caption == f"scene seen at 0:0{hit.best:.1f}" and hit.thumbnail.width == 64
    assert str(hit) == "clip  0:02 to 0:03, best 0:02.5"


# Filters.


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"strings": {"cameraId": ["1"]}}, {"camera1"}),
        ({"strings": {"cameraId": "2"}}, {"camera2"}),
        ({"strings": {"cameraId": 1}}, {"camera1"}),
        ({"strings": {"cameraId": ["1", "2"]}}, {"camera1", "camera2"}),
        ({"strings": {"cameraId": ["1"], "place": "meadow"}}, set()),
        ({"strings": {"place": "meadow"}}, {"camera2"}),
        ({"strings": {}}, {"camera1", "camera2"}),
    ],
)  # fmt: skip
def test_filters(cameras, filters, names):
    assert {hit.document_id for hit in cameras.search("green towers sky", **filters)} == names


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"strings": {"colour": "red"}}, "named 'colour'; there are: cameraId, place, timestamp"),
        ({"strings": {"cameraid": "1"}}, "named 'cameraid'; there are: cameraId"),
        ({"strings": {7: "red"}}, "named 7"),
    ],
)
def test_filters_that_make_no_sense(cameras, filters, said):
    assert said in refusal(cameras.search, "cat", **filters)


def test_a_very_large_top(cameras):
    assert found(cameras, "cat", top=10**9) == [("camera1", 10)]


# Adding, changing, removing.


def test_the_same_video_twice_changes_nothing_and_asks_nothing(clip):
    with closing(video.VideoIndex()) as index:
        assert index.add(clip, Asked(), metadata={"a": 1}) == video.Added("clip", 4, 4, "added")
        before = index._execute("SELECT rowid, * FROM captions")
        asked = Asked()
        for again in ({}, {"metadata": {"a": "1"}}, {"scenes": video.scenes(clip)}):
            assert index.add(clip, asked, **again) == video.Added("clip", 4, 0, "unchanged")
        assert index._execute("SELECT rowid, * FROM captions") == before and not asked.pictures
        assert index.add(clip, asked, metadata={"b": 2.5}) == video.Added("clip", 4, 0, "unchanged")
        assert not asked.pictures and found(index, "scene", strings={"b": "2.5"}, top=1) == [("clip", 0)]
        assert index.documents() == {"clip": {"b": "2.5"}}
        index.add(clip, asked, metadata={})
        assert index.documents() == {"clip": {}}


def test_another_video_of_the_same_name_is_refused(tmp_path, clip):
    (tmp_path / "other").mkdir()
    other = cut_clip(tmp_path / "other" / "clip.mp4", 25)
    with closing(video.VideoIndex()) as index:
        index.add(clip, Asked())
        assert "clip is another video here" in refusal(index.add, other, Asked())
        index.add(other, Asked(), document_id="another")
        assert list(index.documents()) == ["another", "clip"]


def test_removing_takes_the_captions_too(clip):
    with closing(video.VideoIndex()) as index:
        for name, size in (("one", 512), ("two", 64)):
            index.add(clip, Asked(), document_id=name, max_side=size)
        index.remove("one")
        assert {name for name, _ in found(index, "scene")} == {"two"}
        index.remove("two")
        assert found(index, "scene") == [] and index.documents() == {}
        asked = Asked()
        index.add(clip, asked)
        assert len(asked.pictures) == 4
        assert "No video is named '\\ud800'" in refusal(index.remove, "\ud800")
        assert "No video is named 'x'; there are: clip." in refusal(index.remove, "x")


def test_the_same_video_under_another_name_is_refused_and_not_paid_twice(clip):
    with closing(video.VideoIndex()) as index:
        index.add(clip, Asked(), document_id="one")
        asked = Asked()
        assert "or is one. Remove it first" in refusal(index.add, clip, asked, document_id="two")
        assert not asked.pictures and index.documents() == {"one": {}}
        index.add(clip, asked, document_id="small", max_side=64)
        assert {hit.thumbnail.width for hit in index.search("scene", top=99) if hit.document_id == "small"} == {64}
        assert len(index.search("scene", top=99)) == 8


def test_captions_of_a_video_that_is_not_there_yet_stay_when_another_is_removed(tmp_path, clip):
    other = cut_clip(tmp_path / "other.mp4", 20)
    with closing(video.VideoIndex()) as index:
        index.add(other, Asked())
        with pytest.raises(KeyError):
            index.add(clip, Asked(3, KeyError("stopped")))
        index.remove("other")
        assert index.add(clip, Asked()).captioned == 2


def test_chosen_scenes(tmp_path, clip):
    scenes = video.scenes(clip)
    with closing(video.VideoIndex()) as index:
        assert index.add(clip, Asked(), scenes=scenes[1:3]).scenes == 2
        assert found(index, "scene") == [("clip", 1), ("clip", 2)]
        assert "has other scenes" in refusal(index.add, clip, Asked(), scenes=scenes)
        assert "at least one scene" in refusal(index.add, clip, Asked(), scenes=[], document_id="x")
        other = cut_clip(tmp_path / "other.mp4", 12)
        assert "each of other.mp4 itself" in refusal(index.add, other, Asked(), scenes=scenes)


# What it costs, and that nothing is paid twice.


def test_the_bill_adds_up_what_is_still_to_caption(clip):
    scenes, prompt = video.scenes(clip), "Say what is here. 커피?"
    model = "gpt-5.6-luna"
    one = tokens.picture_tokens(320, 180, model, "low").tokens
    with closing(video.VideoIndex()) as index:
        cents = tokens.price(model, 4 * (one + 7), 200)
        amounts = f"about {4 * (one + 7):,} tokens in and 200 out, {cents:.3f} US cents (an estimate)"
        assert index.bill(scenes, prompt, model, answer_tokens=50) == f"4 scenes to caption: {amounts}"
        with pytest.raises(KeyError):
            index.add(clip, Asked(3, KeyError("stopped")))
        assert index.bill(scenes, prompt, model).startswith("2 scenes")
        assert index.bill(scenes, prompt, model, max_side=100).startswith("4 scenes")
        index.add(clip, Asked())
        nothing = "0 scenes to caption: about 0 tokens in and 0 out, 0.000 US cents (an estimate)"
        assert index.bill(scenes, prompt, model) == nothing == index.bill([], prompt, model)


@pytest.mark.parametrize(
    ("model", "detail", "why"),
    [("llava", "low", "unknown model"), ("gpt-4.5-preview", "low", "no price of"), ("gpt-5.6-luna", "huge", "'huge'")],
)
def test_a_price_that_can_not_be_told_is_no_reason_to_stop(clip, model, detail, why):
    with closing(video.VideoIndex()) as index:
        bill = index.bill(video.scenes(clip), "Say what is here.", model, detail)
    assert bill.startswith("4 scenes to caption. The price can't be told: ") and why in bill


def test_an_error_of_the_caption_comes_through_and_paid_captions_are_kept(clip):
    error = ConnectionError("the service is away")
    with closing(video.VideoIndex()) as index:
        with pytest.raises(ConnectionError) as caught:
            index.add(clip, Asked(3, error))
        assert caught.value is error and index.documents() == {} and index.search("scene") == []
        asked = Asked()
        assert index.add(clip, asked) == video.Added("clip", 4, 2, "added")
        assert [picture.origin for picture in asked.pictures] == ["clip.mp4 at 0:02.5", "clip.mp4 at 0:03.5"]
        assert len(index.search("scene")) == 4


@pytest.mark.parametrize(
    ("said", "shown"),
    [("", "''"), (" \n", "' \\n'"), (None, "None"), (7, "7")],
)
def test_a_caption_that_is_none_is_refused_with_its_scene(clip, said, shown):
    with closing(video.VideoIndex()) as index:
        message = refusal(index.add, clip, Asked(3, said=said))
        assert shown in message and "clip.mp4: caption gave" in message and "the scene 0:02 to 0:03" in message
        assert index.documents() == {} and index.add(clip, Asked()).captioned == 2


KILLED = """
import os, sys
from helpers import video
count = 0
def caption(picture):
    global count
    count += 1
    if count == 3:
        os._exit(9)
    return "a paid caption"
video.VideoIndex(sys.argv[1]).add(sys.argv[2], caption)
"""


def test_a_process_that_dies_in_the_middle_leaves_the_index_as_it_was(tmp_path, clip):
    path, other = tmp_path / "i.sqlite", cut_clip(tmp_path / "other.mp4", 20)
    with closing(video.VideoIndex(path)) as index:
        index.add(other, Asked())
        before = index.documents(), [hit._replace(relevance=0) for hit in index.search("scene paid")]
    done = subprocess.run([sys.executable, "-c", KILLED, path, clip], cwd=ROOT, capture_output=True, timeout=120)
    assert done.returncode == 9
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with closing(video.VideoIndex(path)) as index:
        # Relevance alone counts the captions that are kept.
        assert (index.documents(), [hit._replace(relevance=0) for hit in index.search("scene paid")]) == before
        asked = Asked()
        assert index.add(clip, asked) == video.Added("clip", 4, 2, "added")
        assert len(asked.pictures) == 2 and len(index.search("paid")) == 2


def test_a_process_that_dies_before_its_last_word_leaves_the_index_as_it_was(tmp_path, clip):
    path = tmp_path / "i.sqlite"
    code = (
        "import os, sys\nfrom helpers import video\nexecute = video.VideoIndex._execute\n"
        "def dies(self, sql, *given):\n"
        "    if sql.startswith('UPDATE'): os._exit(9)\n"
        "    return execute(self, sql, *given)\n"
        "video.VideoIndex._execute = dies\n"
        "video.VideoIndex(sys.argv[1]).add(sys.argv[2], lambda picture: 'a caption')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path, clip], cwd=ROOT, capture_output=True, timeout=120)
    assert done.returncode == 9
    with closing(video.VideoIndex(path)) as index:
        assert index.documents() == {} and index.search("caption") == []
        assert index.add(clip, Asked()) == video.Added("clip", 4, 0, "added")


def test_what_is_printed_is_the_same_each_time(clip):
    texts = []
    for _ in range(2):
        with redirect_stdout(io.StringIO()) as out, closing(video.VideoIndex()) as index:
            index.add(clip, Asked())
            index.add(clip, Asked())
        texts.append(out.getvalue())
    assert texts[0] == texts[1] and texts[0].isascii()
    assert texts[0].count("\r") == 6 and "4/4 scenes" in texts[0] and not re.search(r"it/s|\d\d:\d\d", texts[0])


# The file.


def test_another_writer_is_waited_for_and_then_named(tmp_path, clip):
    path = tmp_path / "i.sqlite"
    with closing(video.VideoIndex(path)) as index, closing(sqlite3.connect(path, isolation_level=None)) as writer:
        index._execute("PRAGMA busy_timeout = 100")
        writer.execute("BEGIN IMMEDIATE")
        assert "database is locked" in refusal(index.add, clip, Asked())
        writer.execute("ROLLBACK")
        assert index.add(clip, Asked()).state == "added"


def test_several_threads_add_at_once(tmp_path):
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
    with closing(video.VideoIndex(path)) as index:
        assert len(index.search("scene", top=99)) == 8


def test_what_another_program_has_captioned_meanwhile_is_not_asked_again(tmp_path, clip):
    path, asked = tmp_path / "i.sqlite", []

    def caption(picture):
        asked.append(picture)
        if len(asked) == 2:
            with closing(video.VideoIndex(path)) as other:
                other.add(clip, Asked())
        return f"mine {len(asked)}"

    with closing(video.VideoIndex(path)) as index:
        assert index.add(clip, caption) == video.Added("clip", 4, 2, "added")
        assert len(asked) == 2 and index.documents() == {"clip": {}}
        hits = sorted(index.search("scene mine"), key=lambda hit: hit.start)
        assert [hit.caption.split()[0] for hit in hits] == ["mine", "scene", "scene", "scene"]


def test_another_video_of_the_same_name_added_meanwhile_is_told(tmp_path, clip):
    path, other_clip = tmp_path / "i.sqlite", cut_clip(tmp_path / "other.mp4", 20)

    def caption(picture):
        with closing(video.VideoIndex(path)) as other:
            other.add(other_clip, Asked(), document_id="clip")
        return "mine"

    with closing(video.VideoIndex(path)) as index:
        assert "clip is another video here" in refusal(index.add, clip, caption)
        index.remove("clip")
        assert index.documents() == {}


def test_an_index_of_another_thread_and_a_closed_one(clip):
    with closing(video.VideoIndex()) as index:
        said = []
        thread = threading.Thread(target=lambda: said.append(refusal(index.documents)))
        thread.start()
        thread.join()
        assert "that same thread" in said[0]
    assert "closed" in refusal(index.documents)
    assert "closed" in refusal(index.search, "cat")
    assert "closed" in refusal(index.remove, "cat")
    index.close()


def foreign(path):
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE addresses(name)")
        db.commit()


def newer(path):
    video.VideoIndex(path).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE captions")
        db.execute(f"CREATE VIRTUAL TABLE {index_module.TABLE.replace('jpeg', 'picture')}")


def damaged(path):
    video.VideoIndex(path).close()
    data = bytearray(path.read_bytes())
    data[100:4096] = b"\xff" * 3996
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_bytes(b"no database, but a text of some length" * 99), "not a database"),
        (foreign, "a database of something else"),
        (newer, "another version. Choose another name"),
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


@pytest.mark.parametrize("path", ["", "~/nobody has such a folder/i.sqlite"])
def test_what_is_no_path_is_refused(path):
    assert "unable to open" in refusal(video.VideoIndex, path)


def test_a_folder_that_is_not_there(tmp_path):
    assert "Is its folder there" in refusal(video.VideoIndex, tmp_path / "no" / "i.sqlite")


def test_an_empty_file_becomes_an_index(tmp_path, clip):
    (tmp_path / "i.sqlite").touch()
    with closing(video.VideoIndex(tmp_path / "i.sqlite")) as index:
        assert index.documents() == {} and index.add(clip, Asked()).scenes == 4


@pytest.mark.skipif(sys.platform == "win32", reason="chmod does not take writing away there")
@pytest.mark.parametrize("mode", ["file", "folder"])
def test_an_index_that_can_not_be_written(tmp_path, clip, mode):
    """For root too: in a process that gives up being root."""
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "i.sqlite"
    if mode == "file":
        with closing(video.VideoIndex(path)) as index:
            index.add(clip, Asked())
        path.chmod(0o444)
    folder.chmod(0o555)
    code = (
        "import ctypes, sys\nfrom pathlib import Path\nfrom helpers import video\n"
        "if sys.platform == 'linux':\n"
        "    header = (ctypes.c_uint32 * 2)(0x20080522, 0)\n"
        "    assert ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)()) == 0\n"
        "try:\n"
        "    index = video.VideoIndex(sys.argv[1])\n"
        "    print(len(index.search('scene')))\n"
        "    index.remove('clip')\n"
        "except video.VideoError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], cwd=ROOT, capture_output=True, text=True, timeout=60)
    folder.chmod(0o755)
    assert done.stderr == ""
    if mode == "file":
        assert re.fullmatch(
            r"4\n.*attempt to write a readonly database\. Is its folder there, and writable.*\n", done.stdout
        )
    else:
        assert "unable to open database file. Is its folder there, and writable" in done.stdout


def test_a_sqlite_without_full_text_search(monkeypatch):
    monkeypatch.setattr(index_module, "TABLE", index_module.TABLE.replace("fts5", "fts5_left_out"))
    assert "no such module: fts5" in refusal(video.VideoIndex)

"""The index of videos: what words find, what is paid for, and what stays when something breaks off."""

import random
import re
import shutil
import sqlite3
import sys
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext, suppress
from unittest.mock import Mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from helpers import encoding, video
from tests.video import cut_clip, refusal

module = sys.modules["helpers.video.index"]
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
def captioned(clip):
    """All captions, that of number n at n tenths of a second."""
    with closing(video.VideoIndex()) as index:
        scenes = [video.Scene(clip, n / 10, n / 10 + 0.1, n / 10) for n in range(len(CAPTIONS))]
        index.add(scenes, Mock(side_effect=CAPTIONS), "", "")
        yield index


# What is found.


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("two towers, blue sky", [1, 0]),
        ("Where is the RABBIT?", [2]),
        ("stretching", [2]),
        ("cat", [3]),  # and not "located"
        ("car", [2]),  # the beginning of "cartoon"
        ("f", []),  # a single letter is not the beginning of "four"
        ("a cat with the", [3]),  # function words count only where there is nothing else
        ("the", [5, 3, 0]),
        ("20", [5]),
        (unicodedata.normalize("NFD", "커피"), [4]),
        ("양이", []),
        ("猫 cat", [3, 6, 7]),
        ("发沙", []),
        ("ソファー", []),
        ("ハンバーガー tv", [9]),
        *((query, [3]) for query in ('"cat"', "cat*", "NEAR(cat)", "text:cat", "-cat", "cat' OR 1", "^cat", "cat\0")),
        ("cat NOT rabbit", [3, 2]),
        (" ".join(f"w{n}" for n in range(9999)) + " cat", [3]),
    ],
)
def test_what_a_query_finds(captioned, query, numbers):
    hits = [round(hit.start * 10) for hit in captioned.search(query, top=10**9)]
    assert sorted(hits) == sorted(numbers) and hits[:1] == numbers[:1]


@given(st.sampled_from([6, 7, 8]), st.integers(0, 20), st.integers(1, 20))
def test_whatever_stands_within_an_unspaced_text_is_found(captioned, number, start, length):
    part = re.split("[。、]", CAPTIONS[number])[0]
    begin = min(start, len(part) - 1)
    assert CAPTIONS[number] in [hit.caption for hit in captioned.search(part[begin : begin + length])]


@given(st.text() | st.text('"*():^-+{}[]\0 AND OR NOT NEAR aé커²_猫ที', max_size=40))
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


def test_the_best_comes_first_and_a_hit_holds_the_very_picture_that_was_captioned_also_in_a_file(path, clip):
    caption, facts = Mock(side_effect=["a cup", "a red cup", "a saucer", "a red cup"]), {"cameraId": 1, "place": "달"}
    with closing(video.VideoIndex(path)) as index:
        assert index.add(str(clip), caption, "", "", metadata=facts, max_side=64) == 4, "cut by video.scenes"
    assert "closed" in refusal(index.search, "cup")
    with closing(video.VideoIndex(str(path))) as index:
        hits = index.search("red cup")
        assert index.search("red cup", top=2) == hits[:2] and index.documents() == {"clip": facts}
    assert [hit.start for hit in hits] == [1, 3, 0]  # equals as they were added
    assert hits[0].relevance == hits[1].relevance > hits[2].relevance > 0
    pictures = [call.args[0].data for call in caption.call_args_list]
    assert [hit.thumbnail.data for hit in hits] == [pictures[n] for n in (1, 3, 0)]
    hit = hits[0]
    assert (hit.document_id, hit.start, hit.end, hit.best, hit.caption) == ("clip", 1, 2, 1.5, "a red cup")
    assert (hit.source, hit.metadata, hit.thumbnail.width) == ("caption", facts, 64) and "jpeg" not in repr(hit)


def test_what_is_said_is_found_beside_the_captions_with_the_picture_of_its_scene(scenes, index):
    early, hello = (0.5, 2.5, "A saying,\n early. "), (2, 2.9, unicodedata.normalize("NFD", "안녕"))
    said = [early, hello, (3.9, 8, "saying at last"), (60, 61, "saying much later"), (1, 2, " ")]
    index.add(scenes[1:], lambda picture: "a scene", "", "", said=said)
    hits = sorted(index.search("saying 안녕"), key=lambda hit: hit.start)
    texts = [("A saying, early.", 1.5), ("안녕", 2.5), ("saying at last", 3.5), ("saying much later", 3.5)]
    assert [(hit.caption, hit.best) for hit in hits] == texts and {hit.source for hit in hits} == {"transcript"}
    pictures = {hit.best: hit.thumbnail for hit in index.search("scene")}
    assert [hit.thumbnail for hit in hits] == [pictures[hit.best] for hit in hits]
    assert str(hits[1]) == "clip  0:02 to 0:02.9, best 0:02.5"


# What is paid for, and what stays.


PICTURE = encoding.open_picture(Image.new("RGB", (8, 8)))
ALL, SAID = slice(4), [(1.0, 2.0, "said one"), (2.5, 2.5, "said two")]
STEP = st.tuples(
    st.sampled_from(["one m 64", "one m 32", "one n 64", "two m 64", "remove"]),  # prompt, model and size, or not
    st.booleans(),  # whether it breaks off at the second caption
    st.sampled_from([ALL, slice(2), slice(1, 4)]),
    st.sampled_from([None, {}, {"place": 1}]),
    st.sampled_from([None, [], SAID]),
)


@settings(max_examples=60)
@given(st.lists(STEP, max_size=9))
@example([("one m 64", True, ALL, {}, []), ("remove", *[None] * 4), ("two m 64", False, ALL, {}, [])])
@example([(way, False, ALL, None, None) for way in ("one m 64", "one m 32", "one n 64", "two m 64", "one m 64")])
@example([("one m 64", n == 1, slice(4 - n), [{"a": 1}, {}, None][n], [SAID, [], None][n]) for n in range(3)])
def test_an_index_holds_what_was_added_last_and_asks_only_for_captions_it_never_had(clip, steps):
    paid, shown, said, metadata = set(), [], [], {}
    scenes = [video.Scene(clip, n, n + 1, n + 0.5) for n in range(4)]
    with closing(video.VideoIndex()) as index, pytest.MonkeyPatch.context() as patch:
        patch.setattr(video.Scene, "picture", lambda scene, max_side: PICTURE)  # which takes no time
        for way, breaks_off, part, facts, segments in steps:
            if way == "remove" and shown:
                index.remove("clip")
                paid, shown, said, metadata = set(), [], [], {}
            elif way == "remove":
                assert refusal(index.remove, "clip") == "No video is named 'clip'; there are: none."
            else:
                prompt, model, side = way.split()
                new = [(way, scene.best) for scene in scenes[part] if (way, scene.best) not in paid]
                stops = breaks_off and len(new) > 1
                caption = Mock(side_effect=[way, KeyError if stops else way, way, way])
                with pytest.raises(KeyError) if stops else nullcontext():
                    more = {"metadata": facts, "said": segments, "max_side": int(side)}
                    assert index.add(iter(scenes[part]), caption, prompt, model, **more) == len(new)
                    shown = [(scene.start, scene.end, way, "caption") for scene in scenes[part]]
                    metadata, said = (metadata if facts is None else facts), (said if segments is None else segments)
                assert caption.call_count == (2 if stops else len(new))
                paid |= set(new[:1] if stops else new)
            found = [(hit.start, hit.end, hit.caption, hit.source) for hit in index.search("one two", top=99)]
            assert sorted(found) == sorted([*shown, *((*one, "transcript") for one in said)])
            assert index.documents() == ({"clip": metadata} if shown else {})


@pytest.mark.parametrize("fault", ["", " \n", None, 7])
def test_what_is_no_caption_is_named_and_asked_for_again(scenes, index, fault):
    said = f"clip.mp4: {fault!r} is no caption of 0:02 to 0:03. Add it again."
    assert refusal(index.add, scenes, Mock(side_effect=["one", "two", fault]), "", "") == said
    caption = Mock(return_value="a text")
    assert index.add(scenes, caption, "", "") == 2
    origins = [call.args[0].origin for call in caption.call_args_list]
    assert origins == ["clip.mp4 at 0:02.5", "clip.mp4 at 0:03.5"]


def test_another_video_another_name_and_scenes_of_two_videos_are_refused_and_not_paid(tmp_path, scenes, index):
    other, caption = video.scenes(cut_clip(tmp_path / "clip.mp4", 25)), Mock(return_value="a scene")
    index.add(scenes[1:3], caption, "", "")
    replaced = "clip.mp4: another video is here as clip. If outdated, remove('clip'); else rename yours."
    for given_scenes, name, said in (
        (other, None, replaced),
        (scenes, "two", "clip.mp4 is here already, as clip."),
        ([], None, "Give a path, or a list of at least one scene, all of one video."),
        ([*scenes, *other], None, "Give a path, or a list of at least one scene, all of one video."),
    ):
        assert refusal(index.add, given_scenes, caption, "", "", document_id=name) == said
    assert caption.call_count == len(index.search("scene")) == 2 and index.documents() == {"clip": {}}
    decomposed = unicodedata.normalize("NFD", "여름")  # as macOS writes it
    assert index.add(other, caption, "", "", document_id=decomposed) == 1 and "여름" in index.documents()


def test_a_name_that_another_program_takes_meanwhile_is_refused_and_nothing_is_mixed(
    tmp_path, path, scenes, monkeypatch
):
    def take_it(items, *given, **options):
        yield from items
        monkeypatch.undo()
        with closing(video.VideoIndex(path)) as second:
            second.add(cut_clip(tmp_path / "other.mp4", 20), lambda picture: "theirs", "", "", document_id="clip")

    monkeypatch.setattr(module, "tqdm", take_it)
    with closing(video.VideoIndex(path)) as index:
        assert "documents.name" in refusal(index.add, scenes, lambda picture: "ours", "", "")
        assert [hit.caption for hit in index.search("ours theirs")] == ["theirs"]


def test_programs_at_one_film_wait_for_each_other_and_ask_once(path, scenes, monkeypatch, capsys):
    """Three, with a file that is not there yet. The first asks until another waits; the third request fails."""
    connect, caption = sqlite3.connect, Mock(side_effect=["one", "two", KeyError("stopped"), "three", "four"])
    waits = threading.Event()
    monkeypatch.setattr(sqlite3, "connect", lambda *given, timeout, **more: connect(*given, timeout=0.01, **more))
    monkeypatch.setattr(module, "print", lambda *given, **more: waits.set() or print(*given, **more), raising=False)

    def add(_):
        with closing(video.VideoIndex(path)) as index, suppress(KeyError):
            index.add(scenes, lambda picture: waits.wait(30) and caption(picture), "", "")
            assert len(index.search("one two three four")) == 4

    with ThreadPoolExecutor() as threads:
        list(threads.map(add, range(3)))
    origins = [call.args[0].origin for call in caption.call_args_list]
    assert len(origins) == 5 and len({*origins}) == 4, "each of the four once, and again the one that failed"
    assert "\ri.sqlite: waiting for another program" in capsys.readouterr().out


def test_a_kill_at_any_moment_loses_no_stored_caption_and_leaves_no_half_video(tmp_path, path, scenes):
    """What a kill leaves is the file and its journal, as they are at that moment; they are copied at 20 of them."""
    caption, dice, left = Mock(return_value="a scene"), random.Random(1), []

    def copy():
        if dice.random() < 0.5:
            left.append((tmp_path / f"{len(left)}.sqlite", caption.call_count))
            for end in ("", "-journal"):
                with suppress(FileNotFoundError):
                    shutil.copy(f"{path}{end}", f"{left[-1][0]}{end}")

    with closing(video.VideoIndex(path)) as index:
        index._db.set_progress_handler(copy, 5)  # every 5 steps of SQLite
        index.add(scenes, caption, "", "")
    ends = set()
    for copied, paid in dice.sample(left, 20):
        with closing(video.VideoIndex(copied)) as index:
            [(kept,)], found = index._execute("SELECT count(*) FROM captions"), len(index.search("scene"))
            assert (len(index.documents()), found) in ((0, 0), (1, 4)) and paid - 1 <= kept <= paid
            assert index.add(scenes, caption, "", "") == 4 - kept
            assert len(index.search("scene")) == 4 and index._execute("PRAGMA integrity_check") == [("ok",)]
        ends.add((kept, found))
    assert len(ends) > 3  # at moments that differ


def test_files_that_are_no_index_are_refused_and_stay_as_they_are(tmp_path, path):
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE addresses(name)")
        db.execute(f"PRAGMA application_id = {module.APPLICATION_ID - 1}")  # as an index of before has it
    (text := tmp_path / "text").write_bytes(b"no database, but a text of some length" * 99)
    before = path.read_bytes(), text.read_bytes()
    for wrong, said in (
        (text, "not a database"),
        (path, "a database of something else, or of another version. Choose another name"),
        (tmp_path, "unable to open database file. Is its folder writable?"),
    ):
        assert said in refusal(video.VideoIndex, wrong)
    assert (path.read_bytes(), text.read_bytes()) == before

"""The index of videos: what words find, what is paid for, and what stays when something breaks off."""

import io
import random
import re
import shutil
import sqlite3
import sys
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, redirect_stdout, suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from helpers import encoding, video
from tests.video import Asked, cut_clip, refusal

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
        texts, scenes = iter(CAPTIONS), [video.Scene(clip, n / 10, n / 10 + 0.1, n / 10) for n in range(len(CAPTIONS))]
        index.add(scenes, lambda picture: next(texts), "", "")
        yield index


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


def test_the_best_comes_first_and_a_hit_holds_the_very_picture_that_was_captioned_also_in_a_file(tmp_path, clip):
    texts, asked = iter(["a cup", "a red cup", "a saucer", "a red cup"]), Asked()
    scenes, facts = video.scenes(clip), {"cameraId": 1, "place": "meadow"}
    with closing(video.VideoIndex(tmp_path / "i.sqlite")) as index:
        index.add(scenes, lambda picture: asked(picture) and next(texts), "", "", metadata=facts, max_side=64)
    with closing(video.VideoIndex(str(tmp_path / "i.sqlite"))) as index:
        hits = index.search("red cup")
        assert index.search("red cup", top=2) == hits[:2] and index.documents() == {"clip": facts}
    assert [hit.start for hit in hits] == [1, 3, 0]  # equals as they were added
    assert hits[0].relevance == hits[1].relevance > hits[2].relevance > 0
    assert [hit.thumbnail.data for hit in hits] == [asked.pictures[n].data for n in (1, 3, 0)]
    hit = hits[0]
    assert (hit.document_id, hit.start, hit.end, hit.best, hit.caption) == ("clip", 1, 2, 1.5, "a red cup")
    assert (hit.source, hit.metadata, hit.thumbnail.width) == ("caption", facts, 64) and "jpeg" not in repr(hit)
    assert str(hit) == "clip  0:01 to 0:02, best 0:01.5"


# What is paid for, and what stays.


PICTURE = encoding.open_picture(Image.new("RGB", (8, 8)))
STEP = st.tuples(
    st.sampled_from(["add", "add", "breaks off", "remove"]),
    st.sampled_from(["one", "two"]),
    st.sampled_from([slice(4), slice(2), slice(1, 4)]),
    st.sampled_from([None, {}, {"place": 1}]),
    st.sampled_from([None, [], [(1.0, 2.0, "said one"), (2.5, 2.5, "said two")]]),
)


@settings(max_examples=40)
@given(st.lists(STEP, max_size=9))
@example([("breaks off", "one", slice(4), {}, []), ("remove", *[None] * 4), ("add", "two", slice(4), {}, [])])
@example(
    [
        ("add", "one", slice(4), {"a": 1}, None),
        ("breaks off", "two", slice(4), {}, []),
        ("add", "one", slice(2), None, None),
    ]
)
def test_an_index_holds_what_was_added_last_and_asks_only_for_captions_it_never_had(clip, steps):
    paid, shown, said, metadata = set(), [], [], {}
    scenes = [video.Scene(clip, n, n + 1, n + 0.5) for n in range(4)]
    with closing(video.VideoIndex()) as index, pytest.MonkeyPatch.context() as patch:
        patch.setattr(video.Scene, "picture", lambda scene, max_side: PICTURE)  # which takes no time
        for what, prompt, part, facts, segments in steps:
            if what == "remove" and shown:
                index.remove("clip")
                paid, shown, said, metadata = set(), [], [], {}
            elif what == "remove":
                assert refusal(index.remove, "clip") == "No video is named 'clip'; there are: none."
            else:
                asked, new = [], [(prompt, scene.best) for scene in scenes[part] if (prompt, scene.best) not in paid]
                stops = what == "breaks off" and len(new) > 1

                def caption(picture, asked=asked, stops=stops, prompt=prompt):
                    asked.append(picture)
                    if stops and len(asked) == 2:
                        raise KeyError
                    return f"by {prompt}"

                with redirect_stdout(io.StringIO()), suppress(KeyError):
                    count = index.add(iter(scenes[part]), caption, prompt, "", metadata=facts, said=segments)
                    assert count == len(asked) == len(new)
                    shown = [(scene.start, scene.end, f"by {prompt}", "caption") for scene in scenes[part]]
                    metadata, said = (metadata if facts is None else facts), (said if segments is None else segments)
                paid |= set(new[:1] if stops else new)
            hits = sorted(index.search("one two", top=99), key=lambda hit: hit.start)
            found = [(hit.start, hit.end, hit.caption, hit.source) for hit in hits]
            assert sorted(found) == sorted([*shown, *((*one, "transcript") for one in said)])
            assert index.documents() == ({"clip": metadata} if shown else {})


def test_what_is_said_is_found_beside_the_captions_with_the_picture_of_its_scene(clip, index):
    scenes = video.scenes(clip)[1:]
    said = [
        (0.5, 2.5, "A saying,\n early. "),
        (2, 2.9, unicodedata.normalize("NFD", "안녕")),
        (3.9, 8, "saying at last"),
    ]
    index.add(scenes, Asked(), "", "", said=[*said, (60, 61, "saying much later"), (1, 2, " ")])
    hits = sorted(index.search("saying 안녕"), key=lambda hit: hit.start)
    texts = ["A saying, early.", "안녕", "saying at last", "saying much later"]
    assert [(hit.caption, hit.source) for hit in hits] == [(text, "transcript") for text in texts]
    assert [hit.best for hit in hits] == [1.5, 2.5, 3.5, 3.5]
    pictures = [hit.thumbnail for hit in sorted(index.search("scene"), key=lambda hit: hit.start)]
    assert [hit.thumbnail for hit in hits] == [pictures[n] for n in (0, 1, 2, 2)]
    assert str(hits[1]) == "clip  0:02 to 0:02.9, best 0:02.5"


def test_what_is_printed_is_the_same_whatever_the_speed(clip, index, capsys):
    assert index.add(str(clip), Asked(), "p", "m") == 4, "cut by video.scenes"
    printed = capsys.readouterr().out
    assert printed.isascii() and printed.count("\r") == 6 and "4/4 scenes" in printed
    assert not re.search(r"it/s|\d\d:\d\d", printed)


@pytest.mark.parametrize("fault", [OSError("away"), "", " \n", None, 7])
def test_errors_of_a_caption_come_up_and_what_is_no_text_is_named(clip, index, fault):
    scenes = video.scenes(clip)
    if isinstance(fault, OSError):
        with pytest.raises(OSError, match="away"):
            index.add(scenes, Asked(3, fault), "", "")
    else:
        said = f"clip.mp4: {fault!r} is no caption of 0:02 to 0:03. Add it again."
        assert refusal(index.add, scenes, Asked(3, fault), "", "") == said
    asked = Asked()
    assert index.add(scenes, asked, "", "") == 2
    assert [picture.origin for picture in asked.pictures] == ["clip.mp4 at 0:02.5", "clip.mp4 at 0:03.5"]


def test_another_size_model_or_prompt_is_another_caption_and_going_back_is_free(clip, index):
    scenes, ways = video.scenes(clip)[:1], [("p", "m", 64), ("p", "m", 32), ("p", "n", 64), ("q", "m", 64)]
    for times in (1, 0):
        counts = [index.add(scenes, Asked(), prompt, model, max_side=side) for prompt, model, side in ways]
        assert counts == [times] * 4 and len(index.search("scene")) == 1


def test_another_video_another_name_and_scenes_of_two_videos_are_refused_and_not_paid(tmp_path, clip, index):
    scenes, asked = video.scenes(clip), Asked()
    other = video.scenes(cut_clip(tmp_path / "clip.mp4", 25))
    index.add(scenes[1:3], Asked(), "", "")
    replaced = "clip.mp4: another video is here as clip. If outdated, remove('clip'); else rename yours."
    assert refusal(index.add, other, asked, "", "") == replaced
    assert refusal(index.add, scenes, asked, "", "", document_id="two") == "clip.mp4 is here already, as clip."
    for wrong in ([], [*scenes, *other]):
        assert "at least one scene, all of one video" in refusal(index.add, wrong, asked, "", "")
    assert not asked.pictures and len(index.search("scene")) == 2 and index.documents() == {"clip": {}}
    decomposed = unicodedata.normalize("NFD", "여름")  # as macOS writes it
    assert index.add(other, asked, "", "", document_id=decomposed) == 1 and "여름" in index.documents()


def test_a_name_that_another_program_takes_meanwhile_is_refused_and_nothing_is_mixed(tmp_path, clip, monkeypatch):
    other, real = video.scenes(cut_clip(tmp_path / "other.mp4", 20)), module.tqdm

    def interrupted(items, *given, **options):
        yield from items
        monkeypatch.setattr(module, "tqdm", real)
        with closing(video.VideoIndex(tmp_path / "i.sqlite")) as second:
            second.add(other, Asked(), "", "", document_id="clip")

    monkeypatch.setattr(module, "tqdm", interrupted)
    with closing(video.VideoIndex(tmp_path / "i.sqlite")) as index:
        assert "documents.name" in refusal(index.add, video.scenes(clip), lambda picture: "mine", "", "")
        assert index.search("mine") == [] and len(index.search("scene")) == len(other)


@pytest.mark.parametrize("fault", [None, KeyError("stopped")])
def test_of_two_programs_at_one_film_the_second_waits_and_asks_only_for_what_the_first_has_not_paid(
    tmp_path, clip, monkeypatch, capsys, fault
):
    asked, waits, connect = Asked(3 if fault else None, fault), threading.Event(), sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, timeout, **options: connect(*given, timeout=0, **options))
    monkeypatch.setattr(
        module, "print", lambda *given, **options: waits.set() or print(*given, **options), raising=False
    )

    def caption(picture):
        if not asked.pictures:
            seconds.append(threads.submit(add))
            assert waits.wait(60)
        return asked(picture)

    def add():
        with closing(video.VideoIndex(tmp_path / "i.sqlite")) as index:
            return index.add(scenes, caption, "", "")

    scenes, counts, seconds = video.scenes(clip), [], []
    with ThreadPoolExecutor() as threads, suppress(KeyError):
        counts.append(add())
    with suppress(KeyError):
        counts.append(seconds[0].result())
    assert len(asked.pictures) == 4 + bool(fault) and (sum(counts) == 4 or fault)
    assert len({picture.origin for picture in asked.pictures}) == 4
    assert "\ri.sqlite: waiting for another program" in capsys.readouterr().out


def test_a_kill_at_any_moment_loses_no_stored_caption_and_leaves_no_half_video(tmp_path, clip):
    """What a kill leaves is the file and its journal, as they are at that moment; they are copied at 20 of them."""
    path, asked, scenes, dice, left = tmp_path / "i.sqlite", Asked(), video.scenes(clip), random.Random(1), []

    def copy():
        if dice.random() < 0.5:
            left.append((tmp_path / f"{len(left)}.sqlite", len(asked.pictures)))
            for end in ("", "-journal"):
                with suppress(FileNotFoundError):
                    shutil.copy(f"{path}{end}", f"{left[-1][0]}{end}")

    with closing(video.VideoIndex(path)) as index:
        index._db.set_progress_handler(copy, 5)  # every 5 steps of SQLite
        index.add(scenes, asked, "", "")
    ends = set()
    for copied, paid in dice.sample(left, 20):
        with closing(video.VideoIndex(copied)) as index:
            [(kept,)], found = index._execute("SELECT count(*) FROM captions"), len(index.search("scene"))
            assert (len(index.documents()), found) in ((0, 0), (1, 4)) and paid - 1 <= kept <= paid
            assert index.add(scenes, Asked(), "", "") == 4 - kept
            assert len(index.search("scene")) == 4 and index._execute("PRAGMA integrity_check") == [("ok",)]
        ends.add((kept, found))
    assert len(ends) > 3  # at moments that differ


# The file.


def test_several_threads_add_at_once_to_a_file_that_is_not_there_yet(tmp_path):
    clips = [cut_clip(tmp_path / f"c{n}.mp4", 10 + n, 10) for n in range(3)]

    def add(clip):
        with closing(video.VideoIndex(tmp_path / "i.sqlite")) as index:
            index.add(video.scenes(clip), Asked(), "", "")

    with ThreadPoolExecutor() as threads:
        list(threads.map(add, clips))
    with closing(video.VideoIndex(tmp_path / "i.sqlite")) as index:
        assert len(index.search("scene", top=99)) == 6
    assert "closed" in refusal(index.search, "cat")


def foreign(path):
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE addresses(name)")
        db.execute(f"PRAGMA application_id = {module.APPLICATION_ID - 1}")  # as an index of before has it


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_bytes(b"no database, but a text of some length" * 99), "not a database"),
        (foreign, "a database of something else, or of another version. Choose another name"),
        (lambda path: path.mkdir(), "unable to open database file. Is its folder writable?"),
    ],
)
def test_files_that_are_no_index_are_refused_and_stay_as_they_are(tmp_path, make, said):
    path = tmp_path / "i.sqlite"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    assert said in refusal(video.VideoIndex, path)
    assert before is None or path.read_bytes() == before

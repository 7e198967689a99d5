"""The index of videos: what words find, what is paid for, and what stays when something breaks off."""

import io
import random
import re
import shutil
import sqlite3
import sys
import threading
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, redirect_stdout, suppress
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from helpers import encoding, tokens, video
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
        index.add(clip, lambda picture: next(texts), "", "", scenes=scenes)
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
    before = captioned._store.state()
    try:
        hits = captioned.search(query)
    except video.VideoError as error:
        assert "no word in this query" in str(error) and not re.search(r"[a-z0-9]", query)
        return
    assert [hit.relevance for hit in hits] == sorted((hit.relevance for hit in hits), reverse=True)
    assert captioned._store.state() == before


def test_the_best_comes_first_equals_as_they_were_added_and_filters_keep_videos(tmp_path, clip, index):
    other = cut_clip(tmp_path / "other.mp4", 10, 10, 10, 10, 10)
    texts = iter(["a red cup"] * 5 + ["a red cup", "a cup", "a saucer", "red"])
    index.add(other, lambda picture: next(texts), "", "", metadata={"cameraId": 1}, document_id="b")
    index.add(clip, lambda picture: next(texts), "", "", metadata={"cameraId": "2", "place": "meadow"})
    hits = index.search("red cup")
    assert [(hit.document_id, hit.start) for hit in hits[:6]] == [*(("b", start) for start in range(5)), ("clip", 0)]
    assert hits[5].relevance == hits[0].relevance > hits[6].relevance >= hits[7].relevance > 0 and len(hits) == 8
    assert index.search("red cup", top=3) == hits[:3]
    for strings, names in [
        ({"cameraId": 1}, {"b"}),
        ({"cameraId": ["1", "2"]}, {"b", "clip"}),
        ({"cameraId": ["1"], "place": "meadow"}, set()),
        ({"place": "meadow"}, {"clip"}),
        ({}, {"b", "clip"}),
    ]:
        assert {hit.document_id for hit in index.search("cup", strings=strings)} == names
    said = "No video has metadata named 'cameraid'; there are: cameraId, place."
    assert refusal(index.search, "cup", strings={"cameraid": "1"}) == said


def test_a_hit_holds_the_very_picture_that_was_captioned_and_a_file_keeps_it(tmp_path, clip):
    asked = Asked()
    with closing(video.VideoIndex(tmp_path / "i.sqlite")) as index:
        index.add(clip, asked, "", "", metadata={"cameraId": 1}, max_side=64)
    with closing(video.VideoIndex(str(tmp_path / "i.sqlite"))) as index:
        hits = sorted(index.search("scene"), key=lambda hit: hit.start)
        assert index.contents("clip") == [replace(hit, relevance=0) for hit in hits]
    assert [hit.thumbnail.data for hit in hits] == [picture.data for picture in asked.pictures]
    hit = hits[2]
    assert (hit.document_id, hit.start, hit.end, hit.best) == ("clip", 2, 3, 2.5) and "jpeg" not in repr(hit)
    assert hit.metadata == {"cameraId": "1"} and hit.thumbnail.width == 64
    assert (hit.caption, hit.source) == ("scene seen at 0:02.5", "caption")
    assert str(hit) == "clip  0:02 to 0:03, best 0:02.5"


# What is paid for, and what stays.


PICTURE = encoding.open_picture(Image.new("RGB", (8, 8)))
STEP = st.tuples(
    st.sampled_from(["add", "add", "breaks off", "remove", "say"]),
    st.sampled_from(["one", "two"]),
    st.sampled_from([slice(4), slice(2), slice(1, 4)]),
    st.sampled_from([None, {}, {"place": 1}]),
)


@settings(max_examples=40)
@given(st.lists(STEP, max_size=9))
@example([("breaks off", "one", slice(4), None), ("remove", *[None] * 3), ("add", "two", slice(4), None)])
@example([("add", "one", slice(4), {"a": 1}), ("breaks off", "two", slice(4), None), ("add", "one", slice(2), None)])
def test_an_index_holds_what_was_added_last_and_asks_only_for_captions_it_has_not(clip, steps):
    paid, shown, said, metadata = set(), {}, [], {}
    scenes = [video.Scene(clip, n, n + 1, n + 0.5) for n in range(4)]
    with closing(video.VideoIndex()) as index, pytest.MonkeyPatch.context() as patch:
        patch.setattr(video.Scene, "picture", lambda scene, max_side: PICTURE)  # which takes no time
        for what, prompt, part, facts in steps:
            if what in ("add", "breaks off"):
                asked, wanted = [], {(prompt, scene.best): scene for scene in scenes[part]}
                new = [key for key in wanted if key not in paid]
                stops = what == "breaks off" and len(new) > 1

                def caption(picture, asked=asked, stops=stops, prompt=prompt):
                    asked.append(picture)
                    if stops and len(asked) == 2:
                        raise KeyError
                    return f"by {prompt}"

                with redirect_stdout(io.StringIO()) as out, suppress(KeyError):
                    state = index.add(clip, caption, prompt, "", scenes=scenes[part], metadata=facts).state
                    assert state == ("unchanged" if shown == wanted else "replaced" if shown else "added")
                    assert (out.getvalue() == "") == (state == "unchanged")
                    paid, shown = {*wanted}, wanted
                    metadata = metadata if facts is None else {name: str(value) for name, value in facts.items()}
                assert len(asked) == min(len(new), 2 if stops else 9)
                paid |= {new[0]} if stops else set()
            elif what == "remove" and shown:
                index.remove("clip")
                paid, shown, said, metadata = set(), {}, [], {}
            elif shown and what == "say":
                said = [(1.0, 2.0, f"said {prompt}")]
                assert index.add_transcript("clip", said) == 1
            elif not shown:
                assert refusal(index.remove, "clip") == "No video is named 'clip'; there are: none."
            captions = [(scene.start, scene.end, f"by {by}") for (by, _), scene in shown.items()]
            hits = index.contents("clip") if shown else []
            wanted = sorted([*captions, *said], key=lambda one: (one[0], one in said))
            assert [(hit.start, hit.end, hit.caption) for hit in hits] == wanted
            assert index.documents() == ({"clip": metadata} if shown else {})
            for word in ("one", "two"):
                found = {hit.caption for hit in index.search(word, top=99)}
                assert found == {hit.caption for hit in hits if word in hit.caption}


def test_what_is_printed_is_the_same_whatever_the_speed_and_the_same_video_is_not_cut_again(clip, index, monkeypatch):
    with redirect_stdout(io.StringIO()) as out:
        assert index.add(clip, Asked(), "p", "m") == video.Added("clip", 4, 4, "added")
    printed = out.getvalue()
    assert printed.isascii() and printed.count("\r") == 6 and "4/4 scenes" in printed
    assert not re.search(r"it/s|\d\d:\d\d", printed)
    monkeypatch.setattr("helpers.video.index.find_scenes", None)
    assert index.add(clip, None, "p", "m") == video.Added("clip", 4, 0, "unchanged")


@pytest.mark.parametrize("fault", [OSError("away"), "", " \n", None, 7])
def test_errors_of_a_caption_come_up_and_what_is_no_text_is_named(clip, index, fault):
    if isinstance(fault, OSError):
        with pytest.raises(OSError, match="away"):
            index.add(clip, Asked(3, fault), "", "")
    else:
        said = f"clip.mp4: {fault!r} is no caption of 0:02 to 0:03. Add it again."
        assert refusal(index.add, clip, Asked(3, fault), "", "") == said
    asked = Asked()
    assert index.add(clip, asked, "", "") == video.Added("clip", 4, 2, "added")
    assert [picture.origin for picture in asked.pictures] == ["clip.mp4 at 0:02.5", "clip.mp4 at 0:03.5"]


def test_another_video_another_name_and_scenes_of_another_video_are_refused_and_not_paid(tmp_path, clip, index):
    other, scenes, asked = cut_clip(tmp_path / "clip.mp4", 25), video.scenes(clip), Asked()
    index.add(clip, Asked(), "", "", scenes=scenes[1:3])
    assert "clip is another video here" in refusal(index.add, other, asked, "", "")
    assert "or clip.mp4 is here as clip. Remove it first" in refusal(index.add, clip, asked, "", "", document_id="two")
    assert "at least one scene" in refusal(index.add, clip, asked, "", "", scenes=[])
    assert "each of clip.mp4 itself" in refusal(index.add, other, asked, "", "", scenes=scenes, document_id="x")
    assert not asked.pictures and len(index.contents("clip")) == 2 and index.documents() == {"clip": {}}


def test_of_two_programs_at_one_film_the_second_waits_for_the_captions_of_the_first(
    tmp_path, clip, monkeypatch, capsys
):
    asked, waits, sleep = Asked(), threading.Event(), time.sleep
    monkeypatch.setattr(module, "time", SimpleNamespace(time=time.time, sleep=lambda tenth: waits.set() or sleep(0)))

    def caption(picture):
        if not asked.pictures:
            seconds.append(threads.submit(add))
            assert waits.wait(60)
        return asked(picture)

    def add():
        with closing(video.VideoIndex(tmp_path / "i.sqlite")) as index:
            return index.add(clip, caption, "", "")

    with ThreadPoolExecutor() as threads:
        seconds = []
        first = add()
    assert sorted(picture.origin[-4:] for picture in asked.pictures) == ["00.5", "01.5", "02.5", "03.5"]
    assert first.captioned + seconds[0].result().captioned == 4 and seconds[0].result().scenes == 4
    assert "clip, waiting for another program: " in capsys.readouterr().out


@pytest.mark.parametrize(("age", "waits"), [(0, 4), (85, 1), (121, 0), (-121, 0)])
def test_after_two_minutes_a_claim_is_that_of_a_dead_program(clip, index, monkeypatch, capsys, age, waits):
    clock = [1000.0]
    turned = SimpleNamespace(time=lambda: clock[-1], sleep=lambda seconds: clock.append(clock[-1] + 40))
    monkeypatch.setattr(module, "time", turned)
    key = module._key(video.scenes(clip)[1], "", "", 512)
    index._store.execute("INSERT INTO claims VALUES (?, ?, ?)", module._digest(clip), key, clock[-1] - age)
    assert index.add(clip, Asked(), "", "").captioned == 4
    assert len(clock) == 1 + waits and index._store.execute("SELECT * FROM claims") == []
    lines = capsys.readouterr().out.split("\r")
    assert [line[:13] for line in lines].count("clip, waiting") == waits and lines[-1].startswith("clip: 100%")


@pytest.mark.parametrize("name", ["clip", "other"])
def test_what_another_program_took_or_replaced_meanwhile_is_told_and_nothing_is_mixed(tmp_path, clip, name):
    films = {"clip": clip, "other": cut_clip(tmp_path / "other.mp4", 20)}

    def caption(picture):
        with closing(video.VideoIndex(tmp_path / "i.sqlite")) as other:
            other.add(films[name], Asked(), "another", "", document_id="clip")
        return "mine"

    said = {"clip": "replaced or removed clip.mp4 meanwhile. Add it again.", "other": "clip is another video here"}
    with closing(video.VideoIndex(tmp_path / "i.sqlite")) as index:
        assert said[name] in refusal(index.add, clip, caption, "", "")
        assert index.search("mine") == [] and len(index.contents("clip")) == len(video.scenes(films[name]))


def test_the_bill_adds_up_what_is_still_to_caption(tmp_path, clip, index):
    scenes, prompt, model = video.scenes(clip), "Say what is here. 커피?", "gpt-5.6-luna"
    one = tokens.picture_tokens(320, 180, model, "low").tokens
    cents = tokens.price(model, 4 * (one + 7), 200)
    amounts = f"about {4 * (one + 7):,} tokens in and 200 out, {cents:.3f} US cents (an estimate)"
    assert index.bill(scenes, prompt, model, answer_tokens=50) == f"4 scenes to caption: {amounts}"
    for name, detail, why in (("llava", "low", "unknown model"), (model, "huge", "'huge'")):
        bill = index.bill(scenes, prompt, name, detail)
        assert bill.startswith("4 scenes to caption. The price can't be told: ") and why in bill
        assert "known: " not in bill
    with suppress(KeyError):
        index.add(clip, Asked(3, KeyError("stopped")), prompt, model)
    for more, count in (((prompt, model), 2), ((prompt, "gpt-4o"), 4), (("Else?", model), 4)):
        assert index.bill(scenes, *more).startswith(f"{count} scenes")
    assert index.bill(scenes, prompt, model, max_side=100).startswith("4 scenes")
    other = cut_clip(tmp_path / "other.mp4", 10, 10)
    assert index.bill(scenes + video.scenes(other), prompt, model).startswith("4 scenes")  # 2 of each
    nothing = "0 scenes to caption: about 0 tokens in and 0 out, 0.000 US cents (an estimate)"
    assert index.bill([], prompt, model) == nothing


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
        index._store.db.set_progress_handler(copy, 5)  # every 5 steps of SQLite
        index.add(clip, asked, "", "", scenes=scenes)
    ends = set()
    for copied, paid in dice.sample(left, 20):
        with closing(video.VideoIndex(copied)) as index:
            [(kept,)], found = index._store.execute("SELECT count(*) FROM passages"), len(index.search("scene"))
            assert (len(index.documents()), found) in ((0, 0), (1, 4)) and paid - 1 <= kept <= paid
            assert index.add(clip, Asked(), "", "", scenes=scenes).captioned == 4 - kept
            assert len(index.search("scene")) == 4 and index._store.execute("PRAGMA integrity_check") == [("ok",)]
        ends.add((kept, found))
    assert len(ends) > 3  # at moments that differ


# The file.


def test_several_threads_add_at_once_to_a_file_that_is_not_there_yet(tmp_path):
    clips = [cut_clip(tmp_path / f"c{n}.mp4", 10 + n, 10) for n in range(3)]

    def add(clip):
        with closing(video.VideoIndex(tmp_path / "i.sqlite")) as index:
            index.add(clip, Asked(), "", "")

    with ThreadPoolExecutor() as threads:
        list(threads.map(add, clips))
    with closing(video.VideoIndex(tmp_path / "i.sqlite")) as index:
        assert len(index.search("scene", top=99)) == 6
    assert "closed" in refusal(index.search, "cat")


def foreign(path):
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE addresses(name)")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.write_bytes(b"no database, but a text of some length" * 99), "not a database"),
        (foreign, "a database of something else, or of another version. Choose another name"),
        (lambda path: path.mkdir(), "unable to open database file. Is its folder there, and writable?"),
    ],
)
def test_files_that_are_no_index_are_refused_and_stay_as_they_are(tmp_path, make, said):
    path = tmp_path / "i.sqlite"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    assert said in refusal(video.VideoIndex, path)
    assert before is None or path.read_bytes() == before

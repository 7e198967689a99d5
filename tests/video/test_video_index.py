"""The index of videos: what words and meaning find, what is paid for, and what stays when something breaks off."""

import itertools
import math
import re
import shutil
import sqlite3
import sys
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from unittest.mock import Mock

import pytest

from helpers import video
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


def asked(mock):
    return [call.args[0] for call in mock.call_args_list]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """Those of a small video: four, of a second each."""
    return video.scenes(cut_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", 10, 10, 10, 10))


@pytest.fixture
def index():
    with closing(video.VideoIndex()) as index:
        yield index


def test_a_query_finds_words_and_their_beginnings_and_in_unspaced_text_whatever_stands_there(scenes, index):
    many = [video.Scene(scenes[0].path, n, n + 1, n / 10) for n in range(len(CAPTIONS))]
    index.add(many, Mock(side_effect=CAPTIONS), "", "")
    queries = {
        "two towers, blue sky": [1, 0],
        "cat": [3],  # and not "located"
        "f car": [2],  # the beginning of "cartoon"; a single letter is not that of "four"
        "Is it STRETCHING?": [2],
        "a cat with the": [3],  # function words count only where there is nothing else
        "the": [5, 3, 0],
        unicodedata.normalize("NFD", "커피"): [4],
        "猫 cat": [3, 6, 7],
        "发沙": [],
        "ハンバーガー tv": [9],
        **{query: [3] for query in ('"cat"', "cat*", "NEAR(cat)", "text:cat", "-cat", "cat' OR 1", "^cat", "cat\0")},
        "cat NOT rabbit": [3, 2],
    }
    assert {query: [hit.start for hit in index.search(query, top=10**9)] for query in queries} == queries
    for text in CAPTIONS[6:9]:
        part = re.split("[。、]", text)[0]
        for begin, end in itertools.combinations(range(len(part) + 1), 2):
            assert text in [hit.caption for hit in index.search(part[begin:end])]
    for query in ("", "_", '"*" -^', "☕\ud800"):
        assert "no word in this query" in refusal(index.search, query)


def test_a_hit_holds_the_very_picture_that_was_captioned_also_for_what_is_said_and_in_a_file(tmp_path, scenes):
    early, hello = (0.5, 2.5, "A saying,\n early. "), (2, 2.9, unicodedata.normalize("NFD", "안녕"))
    said = [early, hello, (3.9, 8, "saying at last"), (60, 61, "saying much later"), (1, 2, " ")]
    caption, facts = Mock(side_effect=["a red cup", "a cup", "a red cup"]), {"cameraId": 1, "place": "달"}
    with closing(video.VideoIndex(path := tmp_path / "i.sqlite")) as index:
        assert index.add(scenes[1:], caption, "", "", said=said, metadata=facts, max_side=64) == 3
    assert "closed" in refusal(index.search, "cup")
    with closing(video.VideoIndex(str(path))) as index:
        seen, heard = index.search("red cup"), sorted(index.search("saying 안녕"), key=lambda hit: hit.start)
        assert index.search("red cup", top=2) == seen[:2] and index.documents() == {"clip": facts}
    assert [hit.start for hit in seen] == [1, 3, 2]  # equals as they were added
    assert seen[0].relevance == seen[1].relevance > seen[2].relevance > 0
    first = seen[0]
    assert (first.document_id, first.end, first.best, first.caption) == ("clip", 2, 1.5, "a red cup")
    assert (first.source, first.metadata, first.thumbnail.width) == ("caption", facts, 64)
    assert [hit.caption for hit in heard] == ["A saying, early.", "안녕", "saying at last", "saying much later"]
    assert {hit.source for hit in heard} == {"transcript"} and str(heard[1]) == "clip  0:02 to 0:02.9, best 0:02.5"
    assert [hit.best for hit in heard] == [1.5, 2.5, 3.5, 3.5]  # of the scene in which it begins, or the nearest
    pictures = dict(zip([1.5, 2.5, 3.5], asked(caption), strict=True))
    assert all(hit.thumbnail.data == pictures[hit.best].data for hit in seen + heard)


def test_only_captions_that_are_new_are_paid_for_and_a_search_finds_what_was_added_last(scenes, index):
    def add(prompt, *texts, part=scenes, model="m", **more):
        assert index.add(part, caption := Mock(side_effect=texts), prompt, model, **more) == len(texts)
        assert caption.call_count == len(texts)
        return sorted(hit.caption for hit in index.search("one two three four said"))

    assert add("p", *["one"] * 4, said=[(1, 2, "said")], metadata={"place": 1}) == [*["one"] * 4, "said"]
    for fault, said in ((KeyError("stopped"), "stopped"), (" \n", "' .n' is no caption of 0:02 to"), (None, "None is")):
        with pytest.raises((KeyError, video.VideoError), match=said):  # each time after another one is paid for
            index.add(scenes, Mock(side_effect=["two", fault]), "q", "m")
        assert len(index.search("one")) == 4 and index.search("two") == []
    assert add("q", "two") == ["said", *["two"] * 4] and index.documents() == {"clip": {"place": 1}}
    assert add("p", part=iter(scenes[:2]), metadata={}) == ["one", "one", "said"] and index.documents() == {"clip": {}}
    assert add("p", *["three"] * 4, model="n") == ["said", *["three"] * 4]
    assert add("p", *["four"] * 4, max_side=32, said=[]) == ["four"] * 4
    index.remove("clip")
    assert index.search("one four said") == [] and index.documents() == {}
    assert refusal(index.remove, "clip") == "No video is named 'clip'; there are: none."
    assert add("p", *["one"] * 4) == ["one"] * 4


def test_another_video_another_name_and_scenes_of_two_videos_are_refused_and_not_paid(tmp_path, scenes, index):
    other, caption = cut_clip(tmp_path / "clip.mp4", 25), Mock(return_value="a scene")
    index.add(scenes[1:3], caption, "", "")
    replaced = "clip.mp4: another video is here as clip. If outdated, remove('clip'); else rename yours."
    for given_scenes, name, said in (
        (str(other), None, replaced),
        (scenes, "two", "clip.mp4 is here already, as clip."),
        ([*scenes, *video.scenes(other)], None, "Give a path, or a list of at least one scene, all of one video."),
    ):
        assert refusal(index.add, given_scenes, caption, "", "", document_id=name) == said
    assert caption.call_count == len(index.search("scene")) == 2 and index.documents() == {"clip": {}}
    decomposed = unicodedata.normalize("NFD", "여름")  # as macOS writes it
    assert index.add(other, caption, "", "", document_id=decomposed) == 1 and "여름" in index.documents()


def test_programs_at_one_film_wait_for_each_other_and_ask_once(tmp_path, scenes, monkeypatch, capsys):
    connect, caption = sqlite3.connect, Mock(side_effect=lambda picture: time.sleep(0.1) or "a scene")
    monkeypatch.setattr(sqlite3, "connect", lambda *given, timeout, **more: connect(*given, timeout=0.01, **more))

    def add(_):
        with closing(video.VideoIndex(tmp_path / "i.sqlite")) as index:
            return index.add(scenes, caption, "", "")

    with ThreadPoolExecutor() as threads:
        assert sum(threads.map(add, range(3))) == caption.call_count == 4
    assert "\ri.sqlite: waiting for another program" in capsys.readouterr().out


def test_a_kill_at_any_moment_loses_no_stored_caption_and_leaves_no_half_video(tmp_path, scenes):
    """What a kill leaves is the file and its journal as they are at that moment: copied before each statement."""
    caption, left = Mock(return_value="a scene"), {}

    def copy(statement):
        left[shutil.copytree(tmp_path / "live", tmp_path / f"{len(left)}")] = caption.call_count

    (tmp_path / "live").mkdir()
    with closing(video.VideoIndex(tmp_path / "live" / "i.sqlite")) as index:
        index._db.set_trace_callback(copy)
        index.add(scenes, caption, "", "")
    assert len(left) > 20
    for copied, paid in [*left.items()][::3]:
        with closing(video.VideoIndex(copied / "i.sqlite")) as index:
            assert (len(index.documents()), len(index.search("scene"))) in ((0, 0), (1, 4))
            assert 4 - paid <= index.add(scenes, caption, "", "") <= 5 - paid


def test_files_that_are_no_index_are_refused_and_stay_as_they_are(tmp_path):
    with closing(sqlite3.connect(path := tmp_path / "i.sqlite")) as db:
        db.execute("CREATE TABLE addresses(name)")
        db.execute(f"PRAGMA application_id = {module.APPLICATION_ID - 1}")  # as an index of before has it
    (text := tmp_path / "text").write_bytes(b"no database, but a text of some length" * 99)
    before = path.read_bytes(), text.read_bytes()
    for wrong, said in ((text, "not a database"), (path, "or of another version"), (tmp_path, "unable to open")):
        assert said in refusal(video.VideoIndex, wrong)
    assert (path.read_bytes(), text.read_bytes()) == before


# Two numbers a text: the angle between two is how far their meanings are apart.
ANGLES = {"an espresso": 10, "four hens": 80, "a black cat": 120, "a dog": 135, "coffee": 0, "pet": 125, "hens": 90}
ANGLES["espresso hens"] = 107
MEANT = list(ANGLES)[:4]


def vectors(texts):
    angles = [math.radians(ANGLES.get(text, 180)) for text in texts]
    return [[2 * math.cos(angle), 2 * math.sin(angle)] for angle in angles]


@pytest.fixture
def embed():
    return Mock(side_effect=vectors)


@pytest.fixture
def meanings(tmp_path, scenes, embed):
    with closing(video.VideoIndex(tmp_path / "i.sqlite", embed=embed, embed_model="angles")) as index:
        index.add(scenes, Mock(side_effect=MEANT), "", "")
        yield index


def found(index, *query, **options):
    return [hit.caption for hit in index.search(*query, **options)]


def test_words_find_words_meaning_finds_the_nearest_and_both_are_merged_by_rank(meanings, embed):
    assert found(meanings, "coffee", "words") == []
    for top in (1, 2, 3, 4, 9):
        assert found(meanings, "coffee", "meaning", top=top) == MEANT[:top]
    cosines = [math.cos(math.radians(ANGLES[caption])) for caption in MEANT]  # whatever the length of a vector
    assert [hit.relevance for hit in meanings.search("coffee", "meaning")] == pytest.approx(cosines, abs=1e-4)
    assert found(meanings, "hens", "words") == found(meanings, "hens", "meaning", top=1) == ["four hens"]
    assert found(meanings, "pet", top=2) == found(meanings, "pet", "both", top=2) == ["a black cat", "a dog"]
    hits = [(hit.caption, hit.relevance) for hit in meanings.search("hens", top=2)]
    assert hits == [("four hens", round(1 / 61 + 1 / 61, 5)), ("a black cat", round(1 / 62, 5))]
    assert found(meanings, "espresso hens", top=1) == ["four hens"]  # second by words and by meaning, first by neither
    assert [len(texts) for texts in asked(embed)] == [4, *[1] * 11]


def test_only_what_is_new_is_embedded_and_an_error_of_embed_loses_nothing(tmp_path, scenes, meanings, embed):
    texts = [*(f"word {n}" for n in range(300)), "word 7"]
    embed.side_effect = [vectors(texts[:256]), ConnectionError("away"), vectors(texts[256:300])]
    with pytest.raises(ConnectionError):
        meanings.add(scenes, None, "", "", said=[(0, 1, text) for text in texts])
    assert len(found(meanings, "word", "words", top=999)) == 301 and meanings.add(scenes, None, "", "") == 0
    embed.side_effect = vectors
    with closing(video.VideoIndex(tmp_path / "i.sqlite")) as other:  # without embed: the next search asks for the rest
        other.add(scenes[:2], Mock(side_effect=["a dog", "a cat"]), "new", "", said=[])
    assert found(meanings, "pet", "meaning", top=1) == ["a dog"]
    assert asked(embed) == [MEANT, texts[:256], texts[256:300], texts[256:300], ["a cat"], ["pet"]]
    meanings.remove("clip")
    assert found(meanings, "pet") == [] and meanings._execute("SELECT * FROM vectors") == []


def test_each_model_has_vectors_of_its_own_of_one_size_and_what_is_no_vector_is_refused(tmp_path, meanings, embed):
    path, alike = tmp_path / "i.sqlite", Mock(side_effect=lambda texts: [[1, 2, 3]] * len(texts))
    before = meanings.search("coffee", "meaning")
    with closing(video.VideoIndex(path, embed=alike, embed_model="other")) as other:
        assert {hit.relevance for hit in other.search("coffee", "meaning")} == {1}
    assert meanings.search("coffee", "meaning") == before and alike.call_count == 2
    assert asked(embed) == [MEANT, ["coffee"], ["coffee"]]
    for answer in ([[1, 2, 3]], [], [1], [[]], [[0, 0]], [[math.nan, 1]], [[math.inf, 1]], [[1, 1]] * 2, [[[1, 1]]]):
        embed.side_effect = [answer]
        assert "numbers, not (1, 2)" in refusal(meanings.search, "cat")
    assert "embed needs embed_model" in refusal(video.VideoIndex, path, embed=embed)
    with closing(video.VideoIndex(path)) as index:
        for by in ("meaning", "both", "sense"):
            assert refusal(index.search, "cat", by).startswith("by is words; or meaning or both, of a VideoIndex(")
        assert found(index, "cat") == ["a black cat"]

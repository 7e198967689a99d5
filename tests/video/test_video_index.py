"""The index of videos: what words and meaning find, what is paid for, and what stays when something breaks off."""

import base64
import math
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

import numpy
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openai.types import CreateEmbeddingResponse
from PIL import Image

from helpers import encoding, video
from tests.tools.embeddings import NAME, Model
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
    """What this function was asked, call by call."""
    return [call.args[0] for call in mock.call_args_list]


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
    assert [hit.thumbnail.data for hit in hits] == [asked(caption)[n].data for n in (1, 3, 0)]
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
@example([("one m 64", 0, ALL, {"a": 1}, SAID), ("two m 64", 1, ALL, {}, []), ("one m 64", 0, slice(2), None, None)])
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
    assert [picture.origin for picture in asked(caption)] == ["clip.mp4 at 0:02.5", "clip.mp4 at 0:03.5"]


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
    origins = [picture.origin for picture in asked(caption)]
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


# Search by meaning.

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
def meanings(path, scenes, embed):
    """An index of four scenes, whose captions have meanings."""
    with closing(video.VideoIndex(path, embed=embed, embed_model="angles")) as index:
        index.add(scenes, Mock(side_effect=MEANT), "", "")
        yield index


def found(index, *query, **options):
    return [hit.caption for hit in index.search(*query, **options)]


def test_words_find_words_meaning_finds_the_nearest_and_both_are_merged_by_rank(meanings, embed):
    assert found(meanings, "coffee", "words") == []
    assert found(meanings, "coffee", "meaning") == MEANT
    assert found(meanings, "hens", "words") == found(meanings, "hens", "meaning", top=1) == ["four hens"]
    assert found(meanings, "pet", top=2) == found(meanings, "pet", "both", top=2) == ["a black cat", "a dog"]
    hits = [(hit.caption, hit.relevance) for hit in meanings.search("hens", top=2)]
    assert hits == [("four hens", round(1 / 61 + 1 / 61, 5)), ("a black cat", round(1 / 62, 5))]
    assert found(meanings, "espresso hens", top=1) == ["four hens"]  # second by words and by meaning, first by neither
    assert [len(texts) for texts in asked(embed)] == [4, *[1] * 6]


@pytest.fixture(scope="module")
def plane(scenes):
    """An index whose texts are their vectors; the caption is 1 1."""
    embed = lambda texts: [[float(number) for number in text.split()] for text in texts]  # noqa: E731
    with closing(video.VideoIndex(embed=embed, embed_model="numbers")) as index:
        index.add(scenes[:1], lambda picture: "1 1", "", "")
        yield index


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 9)), max_size=12), st.integers(1, 14))
def test_the_nearest_are_those_of_a_sorted_list_whatever_the_length_of_a_vector(plane, scenes, points, top):
    cosines = {f"{x} {y}": (x + y) / math.hypot(x, y) / math.sqrt(2) for x, y in [(1, 1), *points]}
    plane.add(scenes[:1], None, "", "", said=[(0, 1, text) for text in list(cosines)[1:]])
    hits = plane.search("1 1", "meaning", top=top)
    found = [hit.relevance for hit in hits]
    assert found == pytest.approx([cosines[hit.caption] for hit in hits], abs=1e-3)
    assert found == pytest.approx(sorted(cosines.values(), reverse=True)[:top], abs=1e-3)


def test_only_what_is_new_is_embedded_and_what_was_answered_is_kept(path, scenes, meanings, embed):
    for _ in range(2):
        meanings.add(scenes, None, "", "", said=[(0, 1, "hens"), (1, 2, "coffee"), (2, 3, "hens")])
    meanings.search("pet")
    with closing(video.VideoIndex(path)) as other:  # which has no embed: the next search asks for what is missing
        other.add(scenes[:2], Mock(side_effect=["a dog", "a cat"]), "new", "", said=[])
    assert found(meanings, "pet", "meaning", top=1) == ["a dog"]
    assert asked(embed) == [MEANT, ["hens", "coffee"], ["pet"], ["a cat"], ["pet"]]
    meanings.remove("clip")
    assert found(meanings, "pet") == [] and meanings._execute("SELECT * FROM vectors") == []


def test_an_error_of_embed_comes_up_and_loses_no_caption(path, scenes):
    away, one = ConnectionError("away"), [[1.0]]
    embed = Mock(side_effect=[away, one, away, one * 256, one * 44, one])
    with closing(video.VideoIndex(path, embed=embed, embed_model="m")) as index:
        with pytest.raises(ConnectionError):
            index.add(scenes, lambda picture: "a scene", "", "")
        assert len(index.search("scene", "words")) == 4 and index.add(scenes, None, "", "") == 0
        with pytest.raises(ConnectionError):
            index.add(scenes, None, "", "", said=[(0, 1, f"word {n}") for n in range(300)])
        assert len(index.search("word", "meaning", top=999)) == 304
    assert [len(texts) for texts in asked(embed)] == [1, 1, 256, 256, 44, 1]


def test_each_model_has_vectors_of_its_own_of_one_size(path, meanings, embed):
    alike = Mock(side_effect=lambda texts: [[1, 2, 3]] * len(texts))
    before = meanings.search("coffee", "meaning")
    with closing(video.VideoIndex(path, embed=alike, embed_model="other")) as other:
        assert {hit.relevance for hit in other.search("coffee", "meaning")} == {1}
    assert meanings.search("coffee", "meaning") == before and alike.call_count == 2
    assert asked(embed) == [MEANT, ["coffee"], ["coffee"]]
    with closing(video.VideoIndex(path, embed=alike, embed_model="angles")) as longer:
        assert "embed returned (1, 3) numbers, not (1, 2)" in refusal(longer.search, "cat")
    assert "embed needs embed_model" in refusal(video.VideoIndex, path, embed=embed)
    with closing(video.VideoIndex(path)) as index:
        for by in ("meaning", "both", "sense"):
            assert refusal(index.search, "cat", by).startswith("by is words; or meaning or both, of a VideoIndex(")
        assert found(index, "cat") == ["a black cat"]


@pytest.mark.parametrize("answer", [[], [1.0], [[]], [[0.0, 0.0]], [[math.nan]], [[math.inf, 1]], [[1.0]] * 2, [[[1]]]])
def test_what_is_no_vector_for_each_text_is_refused(scenes, answer):
    with closing(video.VideoIndex(embed=lambda texts: answer, embed_model="m")) as index:
        said = refusal(index.add, scenes[:1], lambda picture: "a scene", "", "")
        assert said.startswith("embed returned (") and "numbers, not (1, " in said


def test_a_model_on_this_machine_answers_as_the_api_does():
    """In `make embeddings`; that answers are recorded as they are is seen when lesson 13 is recorded."""
    model, numbers = Model.__new__(Model), [1.0] * 384
    model.embed = lambda text: (numpy.array(numbers, "<f4"), 3)
    answer = CreateEmbeddingResponse.model_validate(model.answer({"input": ["a", "bb"]}), strict=True)
    assert [(one.index, one.embedding) for one in answer.data] == [(0, numbers), (1, numbers)]
    assert (answer.model, answer.usage.prompt_tokens) == (NAME, 6)
    [as_text] = model.answer({"input": "a", "encoding_format": "base64"})["data"]
    assert list(numpy.frombuffer(base64.b64decode(as_text["embedding"]), "<f4")) == numbers

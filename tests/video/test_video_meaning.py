"""Search by meaning."""

import base64
import json
import math
from contextlib import closing
from unittest.mock import Mock

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.recording.readable import recorded_response
from helpers import video
from tests.tools.embeddings import NAME, Model
from tests.video import Asked, refusal

# Two numbers a text: the angle between two is how far their meanings are apart.
ANGLES = {"an espresso": 10, "four hens": 80, "a black cat": 120, "a dog": 135, "coffee": 0, "pet": 125, "hens": 90}
ANGLES["espresso hens"] = 107


class Embed:
    """Gives vectors of these angles, and notes what it was asked."""

    def __init__(self, length=2.0):
        self.asked, self.length = [], length

    def __call__(self, texts):
        self.asked.append(texts)
        angles = [math.radians(ANGLES.get(text, 180)) for text in texts]
        return [[self.length * math.cos(angle), self.length * math.sin(angle)] for angle in angles]


@pytest.fixture
def embed():
    return Embed()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "i.sqlite"


@pytest.fixture
def meanings(path, clip, embed):
    """An index of four scenes, whose captions have meanings."""
    texts = iter(list(ANGLES)[:4])
    with closing(video.VideoIndex(path, embed=embed, embed_model="angles")) as index:
        index.add(video.scenes(clip), lambda picture: next(texts), "", "")
        yield index


def found(index, *query, **options):
    return [hit.caption for hit in index.search(*query, **options)]


def test_words_find_words_meaning_finds_the_nearest_and_both_are_merged_by_rank(meanings, embed):
    assert found(meanings, "coffee", "words") == []
    assert found(meanings, "coffee", "meaning") == ["an espresso", "four hens", "a black cat", "a dog"]
    cosines = [hit.relevance for hit in meanings.search("coffee", "meaning")]
    assert cosines == pytest.approx([math.cos(math.radians(ANGLES[text])) for text in list(ANGLES)[:4]], abs=1e-4)
    assert found(meanings, "hens", "words") == found(meanings, "hens", "meaning", top=1) == ["four hens"]
    assert found(meanings, "pet", top=2) == found(meanings, "pet", "both", top=2) == ["a black cat", "a dog"]
    [first, second] = meanings.search("hens", top=2)
    assert (first.caption, first.relevance) == ("four hens", round(1 / 61 + 1 / 61, 5))
    assert (second.caption, second.relevance) == ("a black cat", round(1 / 62, 5))
    assert found(meanings, "espresso hens", top=1) == ["four hens"]  # second by words and by meaning, first by neither
    assert len(embed.asked[0]) == 4 and {len(texts) for texts in embed.asked[1:]} == {1}


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 9)), min_size=1, max_size=12), st.integers(1, 14))
def test_the_nearest_are_those_of_a_sorted_list_whatever_the_length_of_a_vector(clip, vectors, top):
    scenes = [video.Scene(clip, n, n + 1, n) for n in range(len(vectors))]
    units = numpy.array(vectors, "f4") / numpy.linalg.norm(numpy.array(vectors, "f4"), axis=1, keepdims=True)
    embed = lambda texts: [vectors[int(text)] for text in texts]  # noqa: E731
    with closing(video.VideoIndex(embed=embed, embed_model="m")) as index, pytest.MonkeyPatch.context() as patch:
        patch.setattr(video.Scene, "picture", lambda scene, max_side: Mock(data=b"", origin=scene.best))
        index.add(scenes, lambda picture: str(picture.origin), "", "")
        hits = [(round(hit.relevance, 3), hit.start) for hit in index.search("0", "meaning", top=top)]
    wanted = sorted((-float(units[n] @ units[0]), n) for n in range(len(vectors)))[:top]
    assert [cosine for cosine, _ in hits] == pytest.approx([-one for one, _ in wanted], abs=1e-3)
    assert all(-float(units[n] @ units[0]) == pytest.approx(-cosine, abs=1e-3) for cosine, n in hits)


def test_only_what_is_new_is_embedded_and_what_was_answered_is_kept(path, clip, meanings, embed):
    scenes, said = video.scenes(clip), [(0, 1, "hens"), (1, 2, "coffee"), (2, 3, "hens")]
    for _ in range(2):
        meanings.add(scenes, None, "", "", said=said)
    meanings.search("pet")
    assert embed.asked == [list(ANGLES)[:4], ["hens", "coffee"], ["pet"]]
    texts = iter(["a dog", "a cat"])
    with closing(video.VideoIndex(path)) as other:  # which has no embed: the next search asks for what is missing
        other.add(scenes[:2], lambda picture: next(texts), "new", "", said=[])
    assert found(meanings, "pet", "meaning", top=1) == ["a dog"]
    assert embed.asked[3:] == [["a cat"], ["pet"]]
    meanings.remove("clip")
    assert found(meanings, "pet") == [] and meanings._execute("SELECT * FROM vectors") == []


def test_an_error_of_embed_comes_up_and_loses_no_caption(path, clip):
    calls, scenes = [], video.scenes(clip)

    def embed(texts):
        calls.append(len(texts))
        if len(calls) in (1, 3):
            raise ConnectionError("away")
        return [[1.0]] * len(texts)

    with closing(video.VideoIndex(path, embed=embed, embed_model="m")) as index:
        with pytest.raises(ConnectionError):
            index.add(scenes, Asked(), "", "")
        assert len(index.search("scene", "words")) == 4 and index.add(scenes, None, "", "") == 0
        with pytest.raises(ConnectionError):
            index.add(scenes, None, "", "", said=[(0, 1, f"word {n}") for n in range(300)])
        assert len(index.search("word", "meaning", top=999)) == 304 and calls == [4, 4, 256, 256, 44, 1]


def test_each_model_has_vectors_of_its_own_of_one_size(path, clip, meanings, embed):
    alike = Mock(side_effect=lambda texts: [[1, 2, 3]] * len(texts))
    before = meanings.search("coffee", "meaning")
    with closing(video.VideoIndex(path, embed=alike, embed_model="other")) as other:
        assert {hit.relevance for hit in other.search("coffee", "meaning")} == {1}
    assert meanings.search("coffee", "meaning") == before and alike.call_count == 2
    assert embed.asked == [list(ANGLES)[:4], ["coffee"], ["coffee"]]
    with closing(video.VideoIndex(path, embed=alike, embed_model="angles")) as longer:
        assert "embed returned (1, 3) numbers, not (1, 2)" in refusal(longer.search, "cat")
    assert "embed needs embed_model" in refusal(video.VideoIndex, path, embed=Embed())
    with closing(video.VideoIndex(path)) as index:
        for by in ("meaning", "both", "sense"):
            assert refusal(index.search, "cat", by).startswith("by is words; or meaning or both, of a VideoIndex(")
        assert found(index, "cat") == ["a black cat"]


@pytest.mark.parametrize(
    "vectors", [[], [1.0], [[]], [[0.0, 0.0]], [[math.nan]], [[math.inf, 1]], [[1.0]] * 2, [[[1]]]]
)
def test_what_is_no_vector_for_each_text_is_refused(clip, vectors):
    with closing(video.VideoIndex(embed=lambda texts: vectors, embed_model="m")) as index:
        said = refusal(index.add, video.scenes(clip)[:1], Asked(), "", "")
        assert said.startswith("embed returned (") and "numbers, not (1, " in said


# How embeddings of a lesson are recorded.


def test_a_model_answers_as_the_api_does_and_its_vectors_are_recorded_as_they_are():
    model = Model.__new__(Model)
    model.embed = lambda text: (numpy.array([len(text), *[1] * 383], "<f4"), 3)
    answer = model.answer({"input": ["a", "bb"], "encoding_format": "base64"})
    assert answer["usage"]["prompt_tokens"] == 6 and answer["model"] == NAME
    assert model.answer({"input": "a"})["data"][0]["embedding"] == [1] * 384
    recorded = recorded_response(200, {"content-type": "application/json"}, json.dumps(answer).encode())
    vectors = [base64.b64decode(one["embedding"]) for one in json.loads(recorded.body())["data"]]
    assert [list(numpy.frombuffer(one, "<f4")[:2]) for one in vectors] == [[1, 1], [2, 1]]

"""Search by meaning."""

import base64
import math
from contextlib import closing
from unittest.mock import Mock

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import CreateEmbeddingResponse

from helpers import video
from tests.tools.embeddings import NAME, Model
from tests.video import refusal

# Two numbers a text: the angle between two is how far their meanings are apart.
ANGLES = {"an espresso": 10, "four hens": 80, "a black cat": 120, "a dog": 135, "coffee": 0, "pet": 125, "hens": 90}
ANGLES["espresso hens"] = 107
CAPTIONS = list(ANGLES)[:4]


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
        index.add(scenes, Mock(side_effect=CAPTIONS), "", "")
        yield index


def found(index, *query, **options):
    return [hit.caption for hit in index.search(*query, **options)]


def asked(embed):
    return [call.args[0] for call in embed.call_args_list]


def test_words_find_words_meaning_finds_the_nearest_and_both_are_merged_by_rank(meanings, embed):
    assert found(meanings, "coffee", "words") == []
    assert found(meanings, "coffee", "meaning") == CAPTIONS
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
    assert asked(embed) == [CAPTIONS, ["hens", "coffee"], ["pet"], ["a cat"], ["pet"]]
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
    assert asked(embed) == [CAPTIONS, ["coffee"], ["coffee"]]
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

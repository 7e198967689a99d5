"""Search by meaning, what is said in a video, and its subtitles."""

import base64
import json
import math
from contextlib import closing

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
        index.add(clip, lambda picture: next(texts), "", "", metadata={"cameraId": 1})
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
    assert found(meanings, "hens", strings={"cameraId": "1"}) == found(meanings, "hens")
    assert found(meanings, "hens", strings={"cameraId": ["2"]}) == []
    assert len(embed.asked[0]) == 4 and {len(texts) for texts in embed.asked[1:]} == {1}


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(1, 9)), min_size=1, max_size=12), st.integers(1, 14))
def test_the_nearest_are_those_of_a_sorted_list_and_a_filter_leaves_the_order(vectors, top):
    index = video.VideoIndex(embed=lambda texts: [vectors[int(text)] for text in texts], embed_model="m")
    for n in range(len(vectors)):
        index._store.execute("INSERT INTO passages(document, start, text) VALUES (?, ?, ?)", n % 3, n, str(n))
    units = numpy.array(vectors, "f4") / numpy.linalg.norm(numpy.array(vectors, "f4"), axis=1, keepdims=True)
    for among, keep in ((None, {0, 1, 2}), ("[0, 2]", {0, 2})):
        hits = index._store.nearest("0", among, top)
        wanted = sorted((-float(units[n] @ units[0]), n) for n in range(len(vectors)) if n % 3 in keep)[:top]
        assert [round(cosine, 5) for _, cosine in hits] == [round(-one, 5) + 0.0 for one, _ in wanted]
        assert all((number - 1) % 3 in keep for number, _ in hits) and len({number for number, _ in hits}) == len(hits)
    index.close()


def test_only_what_is_new_is_embedded_and_what_was_answered_is_kept(path, clip, meanings, embed):
    meanings.add_transcript("clip", [(0, 1, "hens"), (1, 2, "coffee")])
    meanings.add_transcript("clip", [(0, 1, "hens"), (1, 2, "coffee")])
    meanings.add(clip, None, "", "", metadata={"a": 1})
    meanings.search("pet")
    assert embed.asked == [list(ANGLES)[:4], ["hens", "coffee"], ["pet"]]
    said = iter(["a dog", "a cat"])
    with closing(video.VideoIndex(path)) as other:  # which has no embed: the next search asks for what is missing
        other.add(clip, lambda picture: next(said), "new", "", scenes=video.scenes(clip)[:2])
    assert found(meanings, "pet", "meaning", top=1) == ["a dog"]
    assert embed.asked[3:] == [["a dog", "a cat"], ["pet"]]
    meanings.remove("clip")
    assert found(meanings, "pet") == [] and len(embed.asked) == 5


def test_an_error_of_embed_comes_up_and_loses_no_caption(path, clip):
    calls = []

    def embed(texts):
        calls.append(len(texts))
        if len(calls) in (1, 3):
            raise ConnectionError("away")
        return [[1.0]] * len(texts)

    with closing(video.VideoIndex(path, embed=embed, embed_model="m")) as index:
        with pytest.raises(ConnectionError):
            index.add(clip, Asked(), "", "")
        assert len(index.search("scene", "words")) == 4 and index.add(clip, None, "", "").captioned == 0
        with pytest.raises(ConnectionError):
            index.add_transcript("clip", [(0, 1, "word")] * 300)
        assert len(index.search("word", "meaning", top=999)) == 304 and calls == [4, 4, 256, 256, 44, 1]


def test_vectors_of_another_model_or_size_are_refused_with_the_way_out_and_never_mixed(path, clip, meanings):
    known = "i.sqlite holds vectors of angles, 2 numbers each. Use it; or open the file without embed, call forget_vect"
    assert refusal(video.VideoIndex, path, embed=Embed(), embed_model="other").startswith(known)
    assert "embed needs embed_model" in refusal(video.VideoIndex, path, embed=Embed())
    with closing(video.VideoIndex(path, embed=lambda texts: [[1, 2, 3]] * len(texts), embed_model="angles")) as longer:
        assert refusal(longer.search, "cat").startswith(known)
    with closing(video.VideoIndex(path)) as index:
        for by in ("meaning", "both", "sense"):
            assert refusal(index.search, "cat", by).startswith("by is words; or meaning or both, of a VideoIndex(")
        assert found(index, "cat") == ["a black cat"]
        index.forget_vectors()
    with closing(video.VideoIndex(path, embed=lambda texts: [[1, 2, 3]] * len(texts), embed_model="other")) as other:
        assert len(found(other, "cat", "meaning")) == 4
    assert "holds vectors of other, 3 numbers" in refusal(meanings.search, "cat")


@pytest.mark.parametrize("vectors", [[], [1.0], [[]], [[0.0, 0.0]], [[math.nan]], [[math.inf, 1]], [[1.0]] * 2])
def test_what_is_no_vector_for_each_text_is_refused(clip, index, vectors):
    index.add(clip, Asked(), "", "", scenes=video.scenes(clip)[:1])
    index._store.embed, index._store._model = lambda texts: vectors, "m"
    assert "not one vector for each of 1 texts" in refusal(index.search, "cat")


# What is said.


def test_what_is_said_is_found_beside_the_captions_with_the_picture_of_its_scene(clip, index):
    index.add(clip, Asked(), "", "", scenes=video.scenes(clip)[1:])
    captions = index.contents("clip")
    assert "No video is named 'b'; there are: clip." in refusal(index.add_transcript, "b", [])
    for start, end in ((2, 1), (-1, 1), (math.nan, 1)):
        assert "not at" in refusal(index.add_transcript, "clip", [(start, end, "x")])
    assert index.add_transcript("clip", [(0, 1, "an old scene"), (1, 2, " ")]) == 1
    segments = [(0.5, 2.5, "A scene, early. "), (2.0, 2.9, "안녕"), (3.9, 8, "scene at last"), (60, 61, "much later")]
    assert index.add_transcript("clip", segments) == 4
    said = [hit for hit in index.contents("clip") if hit.source == "transcript"]
    assert [(hit.start, hit.end, hit.caption) for hit in said] == [(*times, text.strip()) for *times, text in segments]
    assert [hit.best for hit in said] == [1.5, 2.5, 3.5, 3.5]
    assert [hit.thumbnail for hit in said] == [captions[n].thumbnail for n in (0, 1, 2, 2)]
    assert {hit.source for hit in index.search("scene")} == {"caption", "transcript"}
    assert (found(index, "안녕"), found(index, "old")) == (["안녕"], [])
    assert str(said[1]) == "clip  0:02 to 0:02.9, best 0:02.5"
    assert index.add_transcript("clip", []) == 0 and index.contents("clip") == captions


# Subtitles.

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="<>{}&"), min_size=1)
CUES = st.lists(st.tuples(st.integers(0, 400_000_000), st.integers(0, 9_999), st.lists(TEXT, min_size=1, max_size=3)))


def clock(milliseconds, point, hours=True):
    minutes, rest = divmod(milliseconds, 60_000)
    shown = f"{minutes // 60:02}:{minutes % 60:02}" if hours or minutes >= 60 else f"{minutes:02}"
    return f"{shown}:{rest // 1000:02}{point}{rest % 1000:03}"


@given(CUES.filter(len), st.booleans(), st.booleans(), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_subtitles_are_read_as_they_were_written(tmp_path_factory, cues, webvtt, bom, newline, decorated):
    lines = ["WEBVTT - of a test", "Kind: captions", "", "NOTE a note", "", "STYLE", "::cue { }", ""] if webvtt else []
    for number, (start, length, words) in enumerate(cues):
        lines += [str(number)] if not webvtt or decorated else []
        times = (clock(at, "." if webvtt else ",", not decorated) for at in (start, start + length))
        lines.append(" --> ".join(times) + (" align:start position:0%" if webvtt else ""))
        lines += [f"<i><v Ann>{{\\an8}}{word}</v></i>" if decorated else word for word in words] + [""]
    path = tmp_path_factory.mktemp("subtitles") / "a"
    path.write_bytes(("\ufeff" * bom + newline.join(lines)).encode())
    wanted = [(start / 1000, (start + length) / 1000, " ".join(words)) for start, length, words in cues]
    assert video.read_subtitles(path) == wanted


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no subtitle in it. Each has a line such as 00:00:01,000 --> 00:00:02,500."),
        ("WEBVTT\n\nNOTE 커피\n".encode(), "no subtitle in it"),
        ("1\n00:00:01,000 --> 00:00:02,000\n커피\n".encode("cp949"), "can't be read as text in UTF-8"),
        (
            b"1\n00:00:01,000 --> 00:00:02,000\n\n\n2\n00:00:03,5 -->00:00:04.5\n a &amp; b \n c",
            [(3.5, 4.5, "a & b c")],
        ),
    ],
)
def test_files_that_are_no_subtitles_are_refused_and_empty_ones_left_out(tmp_path, data, said):
    (tmp_path / "a.srt").write_bytes(data)
    if isinstance(said, list):
        assert video.read_subtitles(tmp_path / "a.srt") == said
    else:
        assert said in refusal(video.read_subtitles, tmp_path / "a.srt")


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

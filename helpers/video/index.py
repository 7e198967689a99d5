"""A searchable index of videos, in one SQLite file or in memory: captions of scenes, and what is said in them."""

import functools
import hashlib
import json
import re
import sys
import time
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from .. import tokens
from ..encoding import Picture, open_picture
from .scenes import Scene, VideoError, check_path, clock
from .scenes import scenes as find_scenes
from .store import UNSPACED, Store, spaced

HAS = "SELECT 1 FROM passages WHERE document = ?1 AND key = ?2"
# Of several programs one asks for a caption, and has 120 seconds (Unix time); then it counts as dead.
CLAIM = f"""INSERT INTO claims SELECT ?1, ?2, ?3 WHERE NOT EXISTS ({HAS})
ON CONFLICT DO UPDATE SET since = ?3 WHERE abs(?3 - since) > 120 RETURNING 1"""
FOUND = "FROM passages WHERE document = ? AND start IS NOT NULL"
SCENES = f"SELECT key, start, finish, best {FOUND} AND key IS NOT NULL ORDER BY start"
SAID = "FROM passages WHERE document = ? AND key IS NULL"
KEEP = "INSERT OR IGNORE INTO passages(document, key, text, jpeg) VALUES (?, ?, ?, ?)"
SAY = "INSERT INTO passages(document, start, finish, text) VALUES (?, ?, ?, ?)"
NAME = """INSERT INTO documents VALUES (?, ?, ?, coalesce(?4, '{}'))
ON CONFLICT(id) DO UPDATE SET made_by = excluded.made_by, metadata = coalesce(?4, metadata)"""
STALE = "DELETE FROM passages WHERE document = ? AND key NOT IN (SELECT value FROM json_each(?))"
TIMES = "UPDATE passages SET start = ?, finish = ?, best = ? WHERE document = ? AND key = ? RETURNING 1"
INDEX = f"""INSERT INTO words(rowid, text) SELECT id, spaced(text) {FOUND}
AND NOT EXISTS (SELECT 1 FROM words WHERE rowid = id)"""
SEARCH = """SELECT rowid, -rank FROM words WHERE words MATCH ?1 AND (?2 IS NULL OR (SELECT document FROM passages
WHERE id = words.rowid) IN (SELECT value FROM json_each(?2))) ORDER BY rank, rowid LIMIT ?3"""
HITS = """SELECT passages.id, document, name, start, finish, best, metadata, text, jpeg
FROM passages JOIN documents ON documents.id = document WHERE passages.id IN (SELECT value FROM json_each(?))"""
SCENE_AT = """SELECT best, jpeg FROM passages WHERE document = ?1 AND key IS NOT NULL AND start IS NOT NULL
ORDER BY max(start - ?2, ?2 - finish, 0), start DESC LIMIT 1"""
# Words of nearly every English caption and question: "a red cup" must not find all that has an "a".
STOP_WORDS = """a an the of in on at to from by with and or is are was were be it its this that these those there here
what where when which who how do does did i me my you your"""
# A line for each scene whatever the speed and the window, in ASCII: a lesson's stored output stays the same.
BAR: dict = {"bar_format": "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} scenes", "ncols": 70, "ascii": " #"}
BAR |= {"mininterval": 0, "miniters": 1}


@dataclass(frozen=True)
class Hit:
    """A scene found, or something said, its times in seconds. `relevance`: comparable within one search only."""

    document_id: str
    start: float
    end: float
    best: float
    relevance: float
    metadata: dict[str, str]
    caption: str  # or what is said
    source: str  # caption or transcript
    _jpeg: bytes = field(repr=False)

    @property
    def thumbnail(self) -> Picture:
        """The very picture that was captioned; for what is said, that of the scene in which it begins."""
        return open_picture(self._jpeg)

    def __str__(self) -> str:
        return f"{self.document_id}  {clock(self.start)} to {clock(self.end)}, best {clock(self.best)}"


class Added(NamedTuple):
    """What `add` did: `captioned` of the `scenes` just now; state is added, replaced or unchanged."""

    document_id: str
    scenes: int
    captioned: int
    state: str


class VideoIndex:
    """An index in the SQLite file at `path`, made if it is not there, or in memory without one.

    Each thread or process opens an index of its own. Every method raises VideoError when the file can't be used.

    Args:
        embed: for search by meaning, a function: list of texts -> a vector (numbers) for each. It is called with what
            is new, at most 256 texts at once, and with each query. The vectors stay in the file.
        embed_model: the name of its model. Vectors of another model are refused, never mixed.
    """

    def __init__(self, path: str | Path = ":memory:", *, embed=None, embed_model: str | None = None):
        self._store = Store(path, embed, embed_model)

    def close(self) -> None:
        """Close the file. What was in memory alone is gone."""
        self._store.db.close()

    def bill(self, scenes, prompt: str, model: str, detail="low", answer_tokens=60, max_side: int | None = 512) -> str:
        """Estimate the cost of the captions that `scenes` lack: a picture, `prompt` and `answer_tokens` for each."""
        digest, some = functools.cache(_digest), {scene.path: scene for scene in scenes}
        keys = [(scene.path, _key(scene, prompt, model, max_side)) for scene in scenes]
        todo = Counter(path for path, key in keys if not self._store.execute(HAS, digest(path), key))
        pictures = [(some[path].picture(max_side), count) for path, count in todo.items()]
        tokens_in, tokens_out = todo.total() * -(-len(prompt.encode()) // 4), todo.total() * answer_tokens
        try:
            for picture, count in pictures:
                tokens_in += count * tokens.picture_tokens(picture.width, picture.height, model, detail).tokens
            cents = f"{tokens.price(model, tokens_in, tokens_out):.3f} US cents (an estimate)"
        except ValueError as error:  # such as a model on your own machine
            return f"{todo.total()} scenes to caption. The price can't be told: {str(error).partition('; known: ')[0]}"
        return f"{todo.total()} scenes to caption: about {tokens_in:,} tokens in and {tokens_out:,} out, {cents}"

    def add(
        self, path, caption, prompt: str, model: str, *, scenes=None, metadata=None, document_id=None, max_side=512
    ) -> Added:
        """Index a video, each caption as soon as it is paid for: after an error, `add` asks only for those missing.

        The same again (by the bytes of the video) costs nothing. Another prompt or model, other scenes or another size
        replace what is there, all at once when the last new caption is there; metadata and what is said stay.

        Args:
            caption: a function, Picture -> text, called once a scene by one program (for 2 minutes); errors come up.
            prompt, model: what `caption` asks, and whom. Put into `prompt` what else changes captions, such as detail.
            scenes: a list of Scene; without it those that are there by this prompt and model, or `video.scenes(path)`.
            metadata: names with text or numbers, kept as text; without it those that are there.
            document_id: without it the file's name without its ending.
        Raises:
            VideoError: for two videos under one document_id, one under two, and for a caption that is no text.
        """
        path, made_by, asked = check_path(path), json.dumps([prompt, model, max_side]), 0
        name, document, execute = document_id or path.stem, _digest(path), self._store.execute
        is_same = self._made_by(name, document, path) == made_by
        before = {key: times for key, *times in execute(SCENES, document)}
        if scenes is None:
            scenes = [Scene(path, *times) for times in before.values()] if is_same else find_scenes(path)
        if not scenes or not all(path.samefile(scene.path) for scene in scenes):
            raise VideoError(f"scenes is a list of at least one scene, each of {path.name} itself.")
        keys = {_key(scene, prompt, model, max_side): scene for scene in scenes}
        times = {key: [scene.start, scene.end, scene.best] for key, scene in keys.items()}
        state = "added" if not before else "unchanged" if before == times else "replaced"

        bar = tqdm(keys.items(), name, file=sys.stdout, disable=state == "unchanged", **BAR)
        for key, scene in bar:
            while not execute(HAS, document, key):  # neither paid for before an error nor by another program
                if not execute(CLAIM, document, key, time.time()):
                    bar.set_description_str(f"{name}, waiting for another program")
                    time.sleep(0.1)
                    continue
                try:
                    text, asked = caption(picture := scene.picture(max_side)), asked + 1
                    if not isinstance(text, str) or not text.strip():
                        raise VideoError(f"{path.name}: {text!r:.60} is no caption of {scene}. Add it again.")
                    execute(KEEP, document, key, unicodedata.normalize("NFC", text.strip()), picture.data)
                finally:
                    execute("DELETE FROM claims WHERE document = ? AND key = ?", document, key)
            bar.set_description_str(name, refresh=False)
        facts = metadata if metadata is None else json.dumps({key: str(value) for key, value in metadata.items()})
        with self._store.transaction():
            self._made_by(name, document, path)  # another program may have taken the name meanwhile
            execute(NAME, document, name, made_by, facts)
            execute(STALE, document, json.dumps([*keys]))
            if not all([execute(TIMES, *times[key], document, key) for key in keys]):
                raise VideoError(f"Another program replaced or removed {path.name} meanwhile. Add it again.")
            execute(INDEX, document)
        self._store.complete()
        return Added(name, len(keys), asked, state)

    def add_transcript(self, document_id: str, segments) -> int:
        """Index what is said in a video, instead of what was there before; return how many texts that is.

        Args:
            segments: (start, end, text) in seconds, as `read_subtitles` returns them. Without a text they don't count.
        """
        document, rows = self._id(document_id), []
        for start, end, text in segments:
            if not 0 <= start <= end:
                raise VideoError(f"A segment starts and ends at a time in seconds, not at {start!r} and {end!r}.")
            if text.strip():
                rows.append((document, float(start), float(end), unicodedata.normalize("NFC", text.strip())))
        if self._store.execute(f"SELECT document, start, finish, text {SAID} ORDER BY id", document) != rows:
            with self._store.transaction():
                self._store.execute(f"DELETE {SAID}", document)
                for row in rows:
                    self._store.execute(SAY, *row)
                self._store.execute(INDEX, document)
        self._store.complete()
        return len(rows)

    def search(self, query: str, by: str | None = None, *, strings: dict | None = None, top: int = 10) -> list[Hit]:
        """Find the scenes, and what is said, that fit `query`, best first, at most `top` of them.

        Args:
            by: "words" finds what holds any word of `query`, ranked by bm25. A word also finds what begins with it: hen
                finds hens, 커피 finds 커피가; single letters don't. In Chinese, Japanese and Thai it is found anywhere.
                "meaning" finds what is nearest (cosine of the vectors), however far that is. "both" merges them by
                reciprocal rank (k = 60; Cormack and others, SIGIR 2009). None: both if there is `embed`, else words.
            strings: keep videos with one of these values: {"cameraId": ["1", "2"]}.
        Raises:
            VideoError: for a query without a word, and a filter on a name that no video has.
        """
        words = dict.fromkeys(re.findall(rf"(?:[^\W_]|{UNSPACED})+", unicodedata.normalize("NFKC", query).lower()))
        telling = [word for word in words if word not in STOP_WORDS.split()] or words
        if not telling:
            raise VideoError("There is no word in this query. Write what to look for, such as: a cat.")
        by = by or ("both" if self._store.embed else "words")
        if by not in ("words", "meaning", "both") or (by != "words" and not self._store.embed):
            raise VideoError("by is words; or meaning or both, of a VideoIndex(path, embed=…, embed_model=…).")
        among, most, ranked = self._among(strings or {}), max(top, 100) if by == "both" else top, []
        if by != "meaning":
            # In quotes nothing is an operator; with a star, a word may go on.
            match = " OR ".join(f'"{spaced(one)}"' + "*" * (len(one) > 1 or not one.isascii()) for one in telling)
            ranked.append(self._store.execute(SEARCH, match, among, most))
        if by != "words":
            ranked.append(self._store.nearest(query, among, most))
        if by == "both":
            scores: Counter[int] = Counter()
            for hits in ranked:
                scores.update({key: 1 / (60 + place) for place, (key, _) in enumerate(hits, 1)})
            ranked = [sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:top]]
        return self._hits(ranked[0])

    def contents(self, document_id: str) -> list[Hit]:
        """Return all captions of a video, and what is said in it, by time; their relevance is 0."""
        by_time = f"SELECT id, 0 {FOUND} ORDER BY start, key IS NULL, id"
        return self._hits(self._store.execute(by_time, self._id(document_id)))

    def documents(self) -> dict[str, dict[str, str]]:
        """Return the metadata of each video in the index, by document_id."""
        rows = self._store.execute("SELECT name, metadata FROM documents ORDER BY name")
        return {name: json.loads(metadata) for name, metadata in rows}

    def remove(self, document_id: str) -> None:
        """Take a video out, with its captions and what is said."""
        self._store.execute("DELETE FROM documents WHERE id = ?", self._id(document_id))

    def forget_vectors(self) -> None:
        """Drop all vectors, so that another model can make new ones."""
        self._store.execute("UPDATE passages SET model = NULL, vector = NULL")

    def _made_by(self, name: str, document: int, path: Path) -> str | None:
        """Return how the captions of a video were made, None for a new one; refuse two videos under one name."""
        known = self._store.execute("SELECT name, id, made_by FROM documents WHERE name = ? OR id = ?", name, document)
        if known and known[0][:2] != (name, document):
            raise VideoError(f"{name} is another video here, or {path.name} is here as {known[0][0]}. Remove it first.")
        return known[0][2] if known else None

    def _id(self, document_id: str) -> int:
        known = dict(self._store.execute("SELECT name, id FROM documents ORDER BY name"))
        if document_id not in known:
            raise VideoError(f"No video is named {document_id!r}; there are: {', '.join(known) or 'none'}.")
        return known[document_id]

    def _among(self, strings: dict) -> str | None:
        """Return the ids of the videos that `strings` keeps, as JSON; None for all."""
        rows = self._store.execute("SELECT id, metadata FROM documents") if strings else []
        among = {key: json.loads(metadata) for key, metadata in rows}
        known = sorted({name for metadata in among.values() for name in metadata})
        for name, values in strings.items():
            if name not in known:
                raise VideoError(f"No video has metadata named {name!r}; there are: {', '.join(known) or 'none'}.")
            wanted = [str(one) for one in (values if isinstance(values, list | tuple | set) else [values])]
            among = {key: metadata for key, metadata in among.items() if metadata.get(name) in wanted}
        return json.dumps([*among]) if strings else None

    def _hits(self, ranked: list[tuple[int, float]]) -> list[Hit]:
        rows, hits = {row[0]: row[1:] for row in self._store.execute(HITS, json.dumps([one for one, _ in ranked]))}, []
        for one, relevance in ranked:
            document, name, start, end, best, metadata, text, jpeg = rows[one]
            source, facts = "caption" if jpeg else "transcript", json.loads(metadata)
            if not jpeg:
                [(best, jpeg)] = self._store.execute(SCENE_AT, document, start)
            hits.append(Hit(name, start, end, best, float(f"{relevance:.4g}"), facts, text, source, jpeg))
        return hits


def _digest(path: Path) -> int:
    with open(check_path(path), "rb") as file:
        return int(hashlib.file_digest(file, "sha256").hexdigest()[:15], 16)


def _key(scene: Scene, *made_by) -> str:
    """Name a caption by the time of its frame in microseconds (JPEGs change with their encoder), and how it is made."""
    return hashlib.sha256(json.dumps([round(scene.best * 1_000_000), *made_by]).encode()).hexdigest()[:20]

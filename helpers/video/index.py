"""A searchable index of videos, in one SQLite file or in memory: captions of scenes, and what is said in them."""

import hashlib
import json
import re
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unicodedata import normalize

import numpy
from tqdm import tqdm

from ..encoding import Picture, open_picture
from .scenes import VideoError, check_path, clock, scenes

APPLICATION_ID = 0x564E4232  # "VNB2" in the head of the file: an index of this version
# `captions` keeps all that were paid for, by any prompt and model. A search finds `passages`: captions of whole videos,
# and what is said, with the key of the caption whose picture it shows. A document is the digest of a video.
SCHEMA = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    "CREATE TABLE IF NOT EXISTS documents(document INTEGER PRIMARY KEY, name UNIQUE, metadata)",
    "CREATE TABLE IF NOT EXISTS captions(document, key, caption, jpeg, PRIMARY KEY(document, key))",
    "CREATE TABLE IF NOT EXISTS vectors(model, text, vector, PRIMARY KEY(model, text))",
    """CREATE VIRTUAL TABLE IF NOT EXISTS passages USING fts5(words, document UNINDEXED, start UNINDEXED,
    finish UNINDEXED, best UNINDEXED, text UNINDEXED, source UNINDEXED, key UNINDEXED, tokenize='porter unicode61')""",
)
NAME = """INSERT INTO documents VALUES (?1, ?2, coalesce(?3, '{}'))
ON CONFLICT(document) DO UPDATE SET metadata = coalesce(?3, metadata)"""
SAID = "SELECT start, finish, text FROM passages WHERE document = ? AND source = 'transcript' ORDER BY rowid"
SEARCH = "SELECT rowid, -rank FROM passages WHERE passages MATCH ? ORDER BY rank, rowid LIMIT ?"
HITS = """SELECT passages.rowid, name, start, finish, best, text, source, metadata, jpeg FROM passages
NATURAL JOIN documents NATURAL JOIN captions WHERE passages.rowid IN (SELECT value FROM json_each(?))"""
VECTORS = "SELECT text, vector FROM vectors WHERE model = ? AND text IN (SELECT value FROM json_each(?))"
# Words of nearly every English caption and question: "a red cup" must not find all that has an "a".
STOP_WORDS = """a an the of in on at to from by with and or is are was were be it its this that these those there here
what where when which who how do does did i me my you your"""
# Thai to Khmer, kana, Chinese: no spaces between words, which are found as characters that follow one another.
UNSPACED = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3400-\u9fff]"
# A line for each scene whatever the speed and the window, in ASCII: a lesson's stored output stays the same.
BAR: dict = {"bar_format": "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} scenes", "ncols": 70, "ascii": " #"}


@dataclass(frozen=True)
class Hit:
    """A scene found, or something said, its times in seconds. `relevance`: comparable within one search only."""

    relevance: float
    document_id: str
    start: float
    end: float
    best: float
    caption: str  # or what is said
    source: str  # caption or transcript
    metadata: dict
    _jpeg: bytes = field(repr=False)

    @property
    def thumbnail(self) -> Picture:
        """The very picture that was captioned; for what is said, that of the scene in which it begins."""
        return open_picture(self._jpeg)

    def __str__(self) -> str:
        return f"{self.document_id}  {clock(self.start)} to {clock(self.end)}, best {clock(self.best)}"


class VideoIndex:
    """An index in the SQLite file at `path`, made if it is not there, or in memory without one.

    Each thread or process opens an index of its own. Every method raises VideoError when the file can't be used.

    Args:
        embed: for search by meaning, a function: list of texts -> a vector (numbers) for each. It is called with texts
            that are new, at most 256 at once, and with each query. The vectors stay in the file.
        embed_model: the name of its model. Each model has vectors of its own there: they are never mixed.
    """

    def __init__(self, path: str | Path = ":memory:", *, embed=None, embed_model: str | None = None):
        if embed and not embed_model:
            raise VideoError("embed needs embed_model, the name of its model, such as text-embedding-3-small.")
        self._path, self._embed, self._model = Path(path).expanduser(), embed, embed_model
        self._db: Any = None  # opened by the first statement
        self._loaded: tuple = ("nothing",)
        if not self._execute("SELECT 1 FROM sqlite_master LIMIT 1"):
            with self._transaction():
                for statement in SCHEMA:
                    self._execute(statement)
        elif self._execute("PRAGMA application_id") != [(APPLICATION_ID,)]:
            raise VideoError(f"{path} is a database of something else, or of another version. Choose another name.")

    def close(self) -> None:
        """Close the file. What was in memory alone is gone."""
        self._db.close()

    def add(self, video, caption, prompt, model, *, said=None, metadata=None, document_id=None, max_side=512) -> int:
        """Index a video by its scenes, in place of what was there; return how many captions were asked for.

        A caption is stored as soon as it is paid for, by its frame, prompt, model and size: what breaks off goes on
        there, and what is the same costs nothing. A search finds a video once its last caption is there.

        Args:
            video: its path, or its scenes where you have cut it. It is known by its bytes.
            caption: a function, Picture (at most `max_side` pixels) -> text, called by one program at a time.
            prompt, model: what `caption` asks, and whom. Put into `prompt` what else changes captions, such as detail.
            said, metadata: (start, end, text) in seconds; a dict for JSON. Without one, what is there stays.
            document_id: without it the file's name without its ending.
        Raises:
            VideoError: for two videos under one document_id, one under two, and for a caption that is no text.
        """
        cut = scenes(video) if isinstance(video, str | Path) else [*video]
        if len(paths := {check_path(scene.path) for scene in cut}) != 1:
            raise VideoError("Give a path, or a list of at least one scene, all of one video.")
        with open(path := paths.pop(), "rb") as file:
            document = int(hashlib.file_digest(file, "sha256").hexdigest()[:15], 16)
        name, execute, count = normalize("NFC", document_id or path.stem), self._execute, 0
        known = dict(execute("SELECT document, name FROM documents WHERE name = ? OR document = ?", name, document))
        if known not in ({}, {document: name}):
            other = f"{path.name}: another video is here as {name}. If outdated, remove({name!r}); else rename yours."
            raise VideoError(f"{path.name} is here already, as {known[document]}." if document in known else other)
        # A frame is known by its time in microseconds: JPEGs change with their encoder.
        keys = {json.dumps([round(scene.best * 1_000_000), prompt, model, max_side]): scene for scene in cut}
        for key, scene in tqdm(keys.items(), name, file=sys.stdout, mininterval=0, miniters=1, **BAR):
            with self._transaction():  # another program waits here, and then finds what this one has paid for
                if execute("SELECT 1 FROM captions WHERE document = ? AND key = ?", document, key):
                    continue
                text, count = caption(picture := scene.picture(max_side)), count + 1
                if not isinstance(text, str) or not text.strip():
                    raise VideoError(f"{path.name}: {text!r:.60} is no caption of {scene}. Add it again.")
                text = normalize("NFC", text.strip())
                execute("INSERT INTO captions VALUES (?, ?, ?, ?)", document, key, text, picture.data)
        with self._transaction():
            texts = dict(execute("SELECT key, caption FROM captions WHERE document = ?", document))
            execute(NAME, document, name, metadata if metadata is None else json.dumps(metadata))
            rows = [(scene.start, scene.end, scene.best, texts[key], "caption", key) for key, scene in keys.items()]
            for start, end, text in execute(SAID, document) if said is None else said:
                far = ((max(one.start - start, start - one.end, 0), -one.start, key) for key, one in keys.items())
                if text := normalize("NFC", " ".join(text.split())):
                    *_, key = min(far)  # the scene in which it begins, or the nearest
                    rows.append((float(start), float(end), keys[key].best, text, "transcript", key))
            execute("DELETE FROM passages WHERE document = ?", document)
            for row in rows:
                execute("INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?)", spaced(row[3]), document, *row)
        if self._embed:
            self._vectors([row[3] for row in rows])
        return count

    def search(self, query: str, by: str | None = None, *, top: int = 10) -> list[Hit]:
        """Find the scenes, and what is said, that fit `query`, best first, at most `top` of them.

        Args:
            by: "words" finds what holds any word of `query`, ranked by bm25. A word also finds what begins with it: hen
                finds hens, 커피 finds 커피가; single letters don't. In Chinese, Japanese and Thai it is found anywhere.
                "meaning" finds what is nearest (cosine of the vectors), however far that is. "both" merges them by
                reciprocal rank (k = 60; Cormack and others, SIGIR 2009). None: both if there is `embed`, else words.
        Raises:
            VideoError: for a query without a word.
        """
        words = dict.fromkeys(re.findall(rf"(?:[^\W_]|{UNSPACED})+", normalize("NFKC", query).lower()))
        telling = [word for word in words if word not in STOP_WORDS.split()] or words
        if not telling:
            raise VideoError("There is no word in this query. Write what to look for, such as: a cat.")
        by = by or ("both" if self._embed else "words")
        if by not in ("words", "meaning", "both") or (by != "words" and not self._embed):
            raise VideoError("by is words; or meaning or both, of a VideoIndex(path, embed=…, embed_model=…).")
        most, ranked = max(top, 100) if by == "both" else top, []
        if by != "meaning":
            # In quotes nothing is an operator; with a star, a word may go on.
            match = " OR ".join(f'"{spaced(one)}"' + "*" * (len(one) > 1 or not one.isascii()) for one in telling)
            ranked.append(self._execute(SEARCH, match, most))
        if by != "words":
            ranked.append(self._nearest(query, most))
        if by == "both":
            scores: Counter[int] = Counter()
            for hits in ranked:
                scores.update({key: 1 / (60 + place) for place, (key, _) in enumerate(hits, 1)})
            ranked = [sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:top]]
        found = self._execute(HITS, json.dumps([one for one, _ in ranked[0]]))
        rows = {one: (*row, json.loads(facts), jpeg) for one, *row, facts, jpeg in found}
        return [Hit(float(f"{score:.4g}"), *rows[one]) for one, score in ranked[0]]

    def documents(self) -> dict[str, dict]:
        """Return the metadata of each video in the index, by document_id."""
        rows = self._execute("SELECT name, metadata FROM documents ORDER BY name")
        return {name: json.loads(metadata) for name, metadata in rows}

    def remove(self, document_id: str) -> None:
        """Take a video out, with all its captions and what is said."""
        with self._transaction():
            known = dict(self._execute("SELECT name, document FROM documents"))
            if document_id not in known:
                raise VideoError(f"No video is named {document_id!r}; there are: {', '.join(sorted(known)) or 'none'}.")
            for table in ("documents", "captions", "passages"):
                self._execute(f"DELETE FROM {table} WHERE document = ?", known[document_id])
            self._execute("DELETE FROM vectors WHERE text NOT IN (SELECT text FROM passages)")

    def _execute(self, sql: str, *values) -> list[tuple]:
        """Execute one statement and return its rows. While another program changes the file, wait and say so."""
        while True:
            try:
                self._db = self._db or sqlite3.connect(self._path, timeout=10, isolation_level=None)
                return self._db.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY:
                    raise VideoError(f"{self._path} can't be used: {error}. Is its folder writable?") from None
                print(f"\r{self._path.name}: waiting for another program", end="")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Store all that is changed within, or nothing. One program at a time; a kill ends its lock, too."""
        self._execute("BEGIN IMMEDIATE")
        with self._db:  # rolls back after an error
            yield
            self._execute("COMMIT")

    def _nearest(self, query: str, most: int) -> list[tuple[int, float]]:
        """Return the ids of the passages nearest to `query`, with the cosine, best first."""
        state = self._execute("PRAGMA data_version"), self._db.total_changes
        if self._loaded[0] != state:
            rows = self._execute("SELECT rowid, text FROM passages ORDER BY rowid")
            self._loaded = state, numpy.array([one for one, _ in rows]), self._vectors([text for _, text in rows])
        _, ids, matrix = self._loaded
        if not len(ids):
            return []
        cosines, most = matrix @ self._ask([query])[0], min(most, len(ids))
        nearest = numpy.argpartition(cosines, -most)[-most:]  # the best, in any order
        hits = ((int(ids[at]), float(cosines[at])) for at in nearest)
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))

    def _vectors(self, texts: list[str]) -> numpy.ndarray:
        """Return the vectors of texts, a row for each; ask for those that are not there, and keep each answer."""
        known = dict(self._execute(VECTORS, self._model, json.dumps(texts)))
        new = [text for text in dict.fromkeys(texts) if text not in known]
        for some in (new[first : first + 256] for first in range(0, len(new), 256)):
            answer = self._ask(some)
            with self._transaction():
                for text, vector in zip(some, answer, strict=True):
                    known[text] = vector.tobytes()
                    self._execute("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", self._model, text, known[text])
        return numpy.frombuffer(b"".join(known[text] for text in texts), "<f4").reshape(max(1, len(texts)), -1)

    def _ask(self, texts: list[str]) -> numpy.ndarray:
        """Ask for the vectors of texts: float32, of length 1, of the size of those that are there."""
        vectors = numpy.array(self._embed(texts), "<f4")
        sizes = self._execute("SELECT length(vector) / 4 FROM vectors WHERE model = ? LIMIT 1", self._model)
        [size] = sizes or [vectors.shape[-1:]]
        lengths = numpy.linalg.norm(vectors, axis=-1, keepdims=True)
        if vectors.shape != (shape := (len(texts), *size)) or not ((lengths > 0) & (lengths < numpy.inf)).all():
            raise VideoError(f"embed returned {vectors.shape} numbers, not {shape}, or zeros. A new model: new index.")
        return vectors / lengths


def spaced(text: str) -> str:
    """Set the characters of unspaced scripts apart, as numbers: FTS5 takes some vowel signs for spaces."""
    return re.sub(UNSPACED, lambda sign: f" u{ord(sign[0]):05} ", normalize("NFKC", text))

"""The SQLite file of an index: its tables, how it is read and changed, and the vectors of its texts."""

import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy

from .scenes import VideoError

APPLICATION_ID = 0x564E4231  # "VNB1" in the head of the file: an index of this version
# A document's id is the digest of its video. A caption is kept once it is paid for; it has times, and is found, once
# its whole video has captions. What is said has no key.
SCHEMA = (
    "CREATE TABLE IF NOT EXISTS documents(id INTEGER PRIMARY KEY, name UNIQUE, made_by, metadata)",
    """CREATE TABLE IF NOT EXISTS passages(id INTEGER PRIMARY KEY AUTOINCREMENT, document, key, start, finish, best,
    text, model, vector, jpeg, UNIQUE(document, key))""",
    "CREATE TABLE IF NOT EXISTS claims(document, key, since REAL, PRIMARY KEY(document, key))",
    "CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, tokenize = 'porter unicode61')",
    """CREATE TRIGGER IF NOT EXISTS removed AFTER DELETE ON documents
    BEGIN DELETE FROM passages WHERE document = old.id; END""",
    "CREATE TRIGGER IF NOT EXISTS gone AFTER DELETE ON passages BEGIN DELETE FROM words WHERE rowid = old.id; END",
)
# Thai to Khmer, kana, Chinese: no spaces between words, which are found as characters that follow one another.
UNSPACED = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3400-\u9fff]"
NEW = "SELECT id, text FROM passages WHERE start IS NOT NULL AND vector IS NULL ORDER BY id LIMIT 256"
KEEP = "UPDATE passages SET model = ?, vector = ? WHERE id = ?"
ALL = "SELECT id, document, vector FROM passages WHERE vector IS NOT NULL ORDER BY id"


class Store:
    """The database at `path`, made if it is not there. What can't be done with it raises VideoError.

    `embed` makes the vectors, a function of the model of this name: texts -> a vector for each.
    """

    def __init__(self, path: str | Path, embed=None, model: str | None = None):
        self.path, self.embed, self._model = Path(path).expanduser(), embed, model
        self.db: Any = None  # opened by the first statement
        self._loaded: tuple = ("nothing",)
        if not self.execute("SELECT 1 FROM sqlite_master LIMIT 1"):
            with self.transaction():
                for statement in (f"PRAGMA application_id = {APPLICATION_ID}", *SCHEMA):
                    self.execute(statement)
        elif self.execute("PRAGMA application_id") != [(APPLICATION_ID,)]:
            raise VideoError(f"{path} is a database of something else, or of another version. Choose another name.")
        if embed and not model:
            raise VideoError("embed needs embed_model, the name of its model, such as text-embedding-3-small.")
        self._check()

    def execute(self, sql: str, *values) -> list[tuple]:
        """Execute one statement, which is stored at once, and return its rows."""
        try:
            if self.db is None:
                self.db = sqlite3.connect(self.path, timeout=10, isolation_level=None)
                self.db.create_function("spaced", 1, spaced)
            return self.db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise VideoError(f"{self.path} can't be used: {error}. Is its folder there, and writable?") from None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Store all that is changed within, or nothing."""
        with self.db:  # rolls back after an error
            self.execute("BEGIN IMMEDIATE")
            yield
            self.execute("COMMIT")

    def state(self) -> tuple:
        """Return what differs once this program or another one has changed the file."""
        return self.execute("PRAGMA data_version"), self.db.total_changes

    def complete(self) -> None:
        """Ask for the vectors that are missing, and keep each answer as it comes."""
        while self.embed and (rows := self.execute(NEW)):
            vectors = self._ask([text for _, text in rows])
            with self.transaction():
                for (key, _), vector in zip(rows, vectors, strict=True):
                    self.execute(KEEP, self._model, vector.tobytes(), key)

    def nearest(self, query: str, among: str | None, most: int) -> list[tuple[int, float]]:
        """Return the ids of the passages nearest to `query`, with the cosine, best first.

        Args:
            among: ids of the documents that count, as JSON; None for all.
        """
        if self._loaded[0] != self.state():
            self.complete()
            state, rows = self.state(), self.execute(ALL)
            ids, documents = (numpy.array([row[at] for row in rows], "i8") for at in (0, 1))
            matrix = numpy.frombuffer(b"".join(row[2] for row in rows), "<f4").reshape(max(1, len(rows)), -1)
            self._loaded = state, ids, documents, matrix
        _, ids, documents, matrix = self._loaded
        if not len(ids):
            return []
        cosines, most = matrix @ self._ask([query])[0], min(most, len(ids))
        if among is not None:
            cosines[~numpy.isin(documents, json.loads(among))] = -2  # less than any cosine
        nearest = numpy.argpartition(cosines, -most)[-most:]  # the best, in any order
        hits = ((int(ids[at]), float(cosines[at])) for at in nearest if cosines[at] > -2)
        return sorted(hits, key=lambda hit: (-hit[1], hit[0]))

    def _ask(self, texts: list[str]) -> numpy.ndarray:
        """Return the vectors of texts: float32, a row of length 1 for each, of the model and size that are there."""
        vectors = numpy.array(self.embed(texts), "<f4")
        lengths = numpy.linalg.norm(vectors, axis=-1, keepdims=True)
        if vectors.ndim != 2 or len(vectors) != len(texts) or not ((lengths > 0) & (lengths < numpy.inf)).all():
            raise VideoError(f"embed returned {vectors.shape} numbers, not one vector for each of {len(texts)} texts.")
        self._check(vectors.shape[1])
        return vectors / lengths

    def _check(self, *size: int) -> None:
        one = "SELECT model, length(vector) / 4 FROM passages WHERE model IS NOT NULL LIMIT 1"
        known = self.embed and self.execute(one)
        if known and known[0][: 1 + len(size)] != (self._model, *size):
            what = "{} holds vectors of {}, {} numbers each. Use it".format(self.path.name, *known[0])
            raise VideoError(f"{what}; or open the file without embed, call forget_vectors(), and open it again.")


def spaced(text: str) -> str:
    """Set the characters of unspaced scripts apart, as numbers: FTS5 takes some vowel signs for spaces."""
    return re.sub(UNSPACED, lambda sign: f" u{ord(sign[0]):05} ", unicodedata.normalize("NFKC", text))

"""The SQLite file behind a VideoIndex, and the words of a search as SQLite's full-text search takes them."""

import json
import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from ..encoding import Picture
from .moments import Hit
from .sources import VideoError

WAIT = 10.0  # seconds for another writer to finish
MINE, VERSION = 0x56494458, 1  # in the file's header: application_id ("VIDX"), and user_version
# Captions are found by the video's bytes, the time of the frame in microseconds and the size asked for: a JPEG's own
# digest would change with the version of its encoder, and a caption would be paid for twice.
SCHEMA = """
CREATE TABLE captions(digest TEXT, at INTEGER, max_side INTEGER, caption TEXT NOT NULL, jpeg BLOB NOT NULL,
    media_type TEXT, width INTEGER, height INTEGER, origin TEXT, changes TEXT, PRIMARY KEY(digest, at, max_side));
CREATE TABLE documents(id TEXT PRIMARY KEY, file TEXT NOT NULL, digest TEXT NOT NULL, metadata TEXT NOT NULL);
CREATE TABLE scenes(number INTEGER PRIMARY KEY, document TEXT NOT NULL REFERENCES documents(id),
    start REAL, end REAL, best REAL, at INTEGER, max_side INTEGER);
CREATE VIRTUAL TABLE words USING fts5(caption, tokenize = 'porter unicode61');
"""
# Words that stand in nearly every English caption and question: "a red cup" must not find all that has an "a".
FUNCTION_WORDS = (
    "a an the of in on at to from by with and or is are was were be it its this that these those there "
    "here what where when which who how do does did i me my you your"
)


@dataclass(frozen=True)
class Document:
    """A video in the index: its `file` without the folder, its length in `seconds`, how many `scenes` it has."""

    document_id: str
    file: str
    seconds: float
    scenes: int
    metadata: dict[str, str]


@dataclass(frozen=True)
class Stored:
    """A document as it is kept; `digest` is the sha256 of its file."""

    file: str
    digest: str
    metadata: dict[str, str]


def match_expression(query: str) -> str:
    """The words of a query, any of which may match, each as the beginning of a word. Raises VideoError without one."""
    words = dict.fromkeys(re.findall(r"[^\W_]+", unicodedata.normalize("NFC", query).lower()))
    telling = [word for word in words if word not in FUNCTION_WORDS.split()] or list(words)
    if not telling:
        raise VideoError("There is no word in this query. Write what to look for, such as: a cat.")
    # Within quotation marks nothing is an operator; a word has none of its own.
    return " OR ".join(f'"{word}"' + ("" if len(word) == 1 and word.isascii() else "*") for word in telling)


class Store:
    """The tables, and each step that changes them: all of it happens, or nothing."""

    def __init__(self, path=None):
        if path is not None and (not isinstance(path, str | PathLike) or not str(path).strip()):
            raise VideoError(f"An index is given by the path of its file, or by nothing for memory, not by {path!r}.")
        try:
            self._path = ":memory:" if path is None else Path(path).expanduser()
            with self._kindly():
                self._db = sqlite3.connect(self._path, timeout=WAIT, isolation_level=None)
        except VideoError:
            raise
        except (ValueError, RuntimeError):  # with a NUL, of no user
            raise VideoError(f"{path!r} is no path that this system can open.") from None
        try:
            with self._kindly():
                self._make_or_check()
        except VideoError:
            self._db.close()
            raise

    def close(self) -> None:
        with self._kindly():
            self._db.close()

    def caption_of(self, digest: str, best: float, max_side: int | None) -> str | None:
        """The caption of the frame at `best` of the video with that sha256, made from a picture of that size."""
        key = (digest, _microseconds(best), max_side or 0)
        row = self._one("SELECT caption FROM captions WHERE digest = ? AND at = ? AND max_side = ?", *key)
        return row and row[0]

    def keep_caption(self, digest: str, best: float, max_side: int | None, caption: str, picture: Picture) -> None:
        key = (digest, _microseconds(best), max_side or 0)
        made = (picture.media_type, picture.width, picture.height, picture.origin, json.dumps(picture.changes))
        with self._kindly():
            row = (*key, caption, picture.data, *made)
            self._db.execute("INSERT OR REPLACE INTO captions VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def document(self, document_id: str) -> Stored | None:
        row = self._one("SELECT file, digest, metadata FROM documents WHERE id = ?", document_id)
        return row and Stored(row[0], row[1], json.loads(row[2]))

    def times(self, document_id: str) -> list[tuple[float, float, float]]:
        """Start, end and best of each scene, in seconds."""
        with self._kindly():
            rows = self._db.execute(
                "SELECT start, end, best FROM scenes WHERE document = ? ORDER BY start", (document_id,)
            )
            return rows.fetchall()

    def documents(self) -> list[Document]:
        with self._kindly():
            rows = self._db.execute(
                "SELECT id, file, max(end), count(*), metadata FROM documents JOIN scenes ON document = id "
                "GROUP BY id ORDER BY id"
            )
            return [Document(*row[:4], json.loads(row[4])) for row in rows]

    def insert(self, document_id: str, file: str, digest: str, scenes, max_side: int | None, metadata: dict) -> None:
        """The document and its scenes, whose captions are there. Raises VideoError if another program was faster."""
        with self._at_once():
            if self.document(document_id):
                what = f"{document_id} was added by another program meanwhile"
                raise VideoError(f"{what}. Look at documents(); the captions are kept.")
            row = (document_id, file, digest, json.dumps(metadata))
            self._db.execute("INSERT INTO documents VALUES(?, ?, ?, ?)", row)
            for scene in scenes:
                at = _microseconds(scene.best)
                row = (document_id, scene.start, scene.end, scene.best, at, max_side or 0)
                number = self._db.execute("INSERT INTO scenes VALUES(NULL, ?, ?, ?, ?, ?, ?)", row).lastrowid
                caption = unicodedata.normalize("NFC", self.caption_of(digest, scene.best, max_side))
                self._db.execute("INSERT INTO words(rowid, caption) VALUES(?, ?)", (number, caption))

    def set_metadata(self, document_id: str, metadata: dict) -> None:
        with self._kindly():
            self._db.execute("UPDATE documents SET metadata = ? WHERE id = ?", (json.dumps(metadata), document_id))

    def remove(self, document_id: str) -> None:
        with self._at_once():
            if not (stored := self.document(document_id)):
                known = ", ".join(document.document_id for document in self.documents()) or "none"
                raise VideoError(f"There is no video {document_id!r} in this index; there are: {known}.")
            self._db.execute(
                "DELETE FROM words WHERE rowid IN (SELECT number FROM scenes WHERE document = ?)", (document_id,)
            )
            self._db.execute("DELETE FROM scenes WHERE document = ?", (document_id,))
            self._db.execute("DELETE FROM documents WHERE id = ?", (document_id,))
            self._db.execute(  # unless the same video is there under another name
                "DELETE FROM captions WHERE digest = ? AND digest NOT IN (SELECT digest FROM documents)",
                (stored.digest,),
            )

    def search(self, expression: str, document_ids: list[str] | None, top: int) -> list[Hit]:
        """The best scenes for a match expression, in these documents (None: in all)."""
        if document_ids == []:
            return []
        with self._kindly():
            rows = self._db.execute(
                "SELECT scenes.document, start, end, best, -bm25(words) AS relevance, metadata, captions.caption, "
                "jpeg, media_type, width, height, origin, changes FROM words "
                "JOIN scenes ON scenes.number = words.rowid JOIN documents ON documents.id = scenes.document "
                "JOIN captions USING (digest, at, max_side) "
                "WHERE words MATCH :words "
                "AND (:among IS NULL OR scenes.document IN (SELECT value FROM json_each(:among))) "
                "ORDER BY relevance DESC, scenes.document, start LIMIT :top",
                {"words": expression, "among": document_ids and json.dumps(document_ids), "top": min(top, 2**31)},
            ).fetchall()
        hits = []
        for *times, relevance, metadata, caption, jpeg, media_type, width, height, origin, changes in rows:
            picture = Picture(jpeg, media_type, width, height, origin, tuple(json.loads(changes)))
            # The last digits of bm25 differ from one SQLite to another.
            hits.append(
                Hit(
                    *times, float(f"{relevance:.4g}"), metadata=json.loads(metadata), caption=caption, thumbnail=picture
                )
            )
        return hits

    def _one(self, sql: str, *values):
        with self._kindly():
            return self._db.execute(sql, values).fetchone()

    def _make_or_check(self) -> None:
        if self._is_empty():
            with self._at_once():
                if self._is_empty():  # nobody else was faster
                    for statement in SCHEMA.split(";\n"):
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA application_id = {MINE}")
                    self._db.execute(f"PRAGMA user_version = {VERSION}")
        [owner], [version] = self._one("PRAGMA application_id"), self._one("PRAGMA user_version")
        if owner != MINE:
            raise VideoError(f"{self._path} is a database of something else. Choose another name for the index.")
        if version > VERSION:
            what = f"{self._path} was made by a newer version of this course ({version}; this one knows {VERSION})"
            raise VideoError(f"{what}. Update the course, or choose another name.")

    def _is_empty(self) -> bool:
        [owner], [tables] = self._one("PRAGMA application_id"), self._one("SELECT count(*) FROM sqlite_master")
        return not owner and not tables

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        with self._kindly():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _kindly(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise VideoError(f"{self._path}: {_why(error)}") from None


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)


def _why(error: sqlite3.Error) -> str:
    """What an error of SQLite means for the reader, and the way out."""
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "another program is writing to this index. Try again when it has finished; captions are kept."
    if name.startswith("SQLITE_NOTADB"):
        return "this is no SQLite database. Choose another name for the index."
    if name.startswith("SQLITE_CORRUPT"):
        return "this index is damaged. Delete it and index the videos again."
    if name.startswith("SQLITE_CANTOPEN"):
        return "the file can't be opened or made. Is its folder there, and may you write in it?"
    if name.startswith("SQLITE_READONLY"):
        return "the index, or its folder, can't be written. Change its permissions, or copy it elsewhere."
    if "no such module" in str(error):
        return "this Python's SQLite has no full-text search (FTS5). Use a Python from python.org or your system."
    if "closed" in str(error):
        return "this index is closed. Open it again with VideoIndex(path)."
    if "thread" in str(error):
        return "this index was opened in another thread. Give each thread a VideoIndex of its own on the file."
    return f"SQLite can't do that ({error}). Is the disk full, or the file damaged?"

"""Answers in one SQLite file, each under a key that says what was asked: what has been paid for is never lost."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

_TABLES = """
PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT, error TEXT, cents REAL);
CREATE TABLE IF NOT EXISTS pictures (settings TEXT, name TEXT, key TEXT, PRIMARY KEY (settings, name));
"""
# An answer always wins over an error, and all that was paid counts.
_PUT = """
INSERT INTO answers VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET cents = cents + excluded.cents,
answer = ifnull(excluded.answer, answer), error = iif(ifnull(excluded.answer, answer) IS NULL, excluded.error, NULL)
"""
_RESULTS = "SELECT name, answer, error, cents FROM pictures JOIN answers USING (key) WHERE settings = ? ORDER BY name"


class Result(NamedTuple):
    """What became of a picture: its answer, as JSON, or the error it ended with; and the US cents paid for it."""

    name: str
    answer: Any
    error: str | None
    cents: float


class AnswerStore:
    """Answers that survive a crash, in the SQLite file at `path`; several programs may use the same file at once.

    An answer stands under the bytes of its picture and the `settings` of the question: a dict of all else that decides
    the answer (prompt, model, detail, size, schema). A changed prompt is asked again, a renamed file is not.
    Its methods raise ValueError for a file that is no store, or can't be written.
    """

    def __init__(self, path):
        self._path, self._db = path, None

    def key(self, picture, settings: dict) -> str:
        """Return the key of a picture's file and these settings. Raises OSError for a file that can't be read."""
        with open(picture, "rb") as file:
            return f"{_digest(settings)} {hashlib.file_digest(file, 'sha256').hexdigest()}"

    def get(self, key: str) -> Result | None:
        """Return what is stored under a key; None where nothing is."""
        return next(self._rows("SELECT key, answer, error, cents FROM answers WHERE key = ?", key), None)

    def put(self, key: str, answer: Any = None, *, error: str | None = None, cents: float = 0) -> None:
        """Store an answer (of the SDK, or JSON), or an error, at once and for good."""
        body = answer.model_dump(mode="json", warnings=False) if hasattr(answer, "model_dump") else answer
        list(self._rows(_PUT, key, None if body is None else json.dumps(body, ensure_ascii=False), error, cents))

    def note(self, picture, settings: dict, key: str) -> None:
        """Note that `results` of these settings are to list this picture, with what is stored under the key."""
        list(self._rows("INSERT OR REPLACE INTO pictures VALUES (?, ?, ?)", _digest(settings), str(picture), key))

    def results(self, settings: dict) -> Iterator[Result]:
        """Yield what became of each picture that was asked with these settings, by name."""
        return self._rows(_RESULTS, _digest(settings))

    def close(self) -> None:
        """Close the file; the next call opens it again."""
        self._db = self._db and self._db.close()

    def _rows(self, sql: str, *values) -> Iterator[Result]:
        try:
            if not self._db:
                self._db = sqlite3.connect(self._path, timeout=30, isolation_level=None, check_same_thread=False)
                self._db.executescript(_TABLES)
            for name, answer, error, cents in self._db.execute(sql, values):
                yield Result(name, answer and json.loads(answer), error, cents)
        except sqlite3.Error as error:
            raise ValueError(f"{self._path} can't be used: {error}. Is its folder there, and writable?") from None


def _digest(settings: dict) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()

"""The SQLite file of an index: its tables, and how it is read and changed."""

import re
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
    "CREATE TRIGGER IF NOT EXISTS gone AFTER DELETE ON passages BEGIN DELETE FROM words WHERE rowid = old.id; END",
)
# Thai to Khmer, kana, Chinese: no spaces between words, which are found as characters that follow one another.
UNSPACED = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3400-\u9fff]"


class Store:
    """The database at `path`, made if it is not there. What can't be done with it raises VideoError."""

    def __init__(self, path: str | Path):
        self.path = Path(path).expanduser()
        self.db: Any = None  # opened by the first statement
        if not self.execute("SELECT 1 FROM sqlite_master LIMIT 1"):
            with self.transaction():
                for statement in (f"PRAGMA application_id = {APPLICATION_ID}", *SCHEMA):
                    self.execute(statement)
        elif self.execute("PRAGMA application_id") != [(APPLICATION_ID,)]:
            raise VideoError(f"{path} is a database of something else, or of another version. Choose another name.")

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


def spaced(text: str) -> str:
    """Set the characters of unspaced scripts apart, as numbers: FTS5 takes some vowel signs for spaces."""
    return re.sub(UNSPACED, lambda sign: f" u{ord(sign[0]):05} ", unicodedata.normalize("NFKC", text))

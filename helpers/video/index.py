"""A searchable index of videos: a caption of each scene, found by its words, in one SQLite file or in memory."""

import hashlib
import json
import re
import sqlite3
import sys
import unicodedata
from pathlib import Path
from typing import Any, NamedTuple

from tqdm import tqdm

from .. import tokens
from ..encoding import Picture, open_picture
from .scenes import Scene, VideoError, check_path, clock
from .scenes import scenes as find_scenes

# A caption, its key as rowid, is kept once it is paid for, and found once it has a document: all of a video at once.
TABLE = """captions USING fts5(words, caption UNINDEXED, document UNINDEXED, times UNINDEXED, metadata UNINDEXED,
jpeg UNINDEXED, tokenize = 'porter unicode61')"""
HAS = "SELECT 1 FROM captions WHERE rowid = ?"
KEEP = "INSERT OR IGNORE INTO captions(rowid, words, caption, jpeg) VALUES (?, ?, ?, ?)"
KNOWN = """SELECT document, rowid FROM captions WHERE document = ?1
OR document IS NOT NULL AND rowid IN (SELECT CAST(key AS INTEGER) FROM json_each(?2))"""
FINISH = f"""UPDATE captions SET document = ?1, times = json_extract(?2, '$."' || rowid || '"'), metadata = ?3
WHERE rowid IN (SELECT CAST(key AS INTEGER) FROM json_each(?2)) AND NOT EXISTS ({KNOWN})"""
# The last digits of rank (bm25) differ from one SQLite to another.
SEARCH = """SELECT document, times, CAST(printf('%.4g', -rank) AS REAL), caption, jpeg FROM captions(?)
WHERE document IN (SELECT value FROM json_each(?)) ORDER BY rank, document, json_extract(times, '$[0]') LIMIT ?"""
# Words of nearly every English caption and question: "a red cup" must not find all that has an "a".
STOP_WORDS = """a an the of in on at to from by with and or is are was were be it its this that these those there here
what where when which who how do does did i me my you your"""
# Thai to Khmer, kana, Chinese: no spaces between words, which are found as characters that follow one another.
UNSPACED = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u30ff\u3400-\u9fff]"
# A line for each scene whatever the speed and the window, in ASCII: a lesson's stored output stays the same.
BAR = {"bar_format": "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} scenes", "ncols": 70, "ascii": " #"}


class Hit(NamedTuple):
    """A scene found, its times in seconds. `relevance`: higher is better, comparable within one search only."""

    document_id: str
    start: float
    end: float
    best: float
    relevance: float
    metadata: dict[str, str]
    caption: str
    thumbnail: Picture  # the very picture that was captioned

    def __str__(self) -> str:
        return f"{self.document_id}  {clock(self.start)} to {clock(self.end)}, best {clock(self.best)}"


class Added(NamedTuple):
    """What `add` did: `captioned` of the `scenes` just now; state is added or unchanged."""

    document_id: str
    scenes: int
    captioned: int
    state: str


class VideoIndex:
    """An index in the SQLite file at `path`, made if it is not there, or in memory without one.

    Each thread or process opens an index of its own. Every method raises VideoError when the file can't be used.
    """

    def __init__(self, path: str | Path = ":memory:"):
        self._path = Path(path).expanduser()
        self._db: Any = None  # opened by the first statement
        if self._execute("SELECT sql FROM sqlite_master LIMIT 1") not in ([], [(f"CREATE VIRTUAL TABLE {TABLE}",)]):
            raise VideoError(f"{path} is a database of something else, or of another version. Choose another name.")
        self._execute(f"CREATE VIRTUAL TABLE IF NOT EXISTS {TABLE}")

    def close(self) -> None:
        """Close the file. What was in memory alone is gone."""
        self._db.close()

    def bill(self, scenes, prompt: str, model: str, detail="low", answer_tokens=60, max_side: int | None = 512) -> str:
        """Estimate the cost of the captions that `scenes` lack: a picture, `prompt` and `answer_tokens` for each."""
        todo = [scene for key, scene in _keys(scenes, max_side).items() if not self._execute(HAS, key)]
        pictures = {path: scene.picture(max_side) for path, scene in {scene.path: scene for scene in todo}.items()}
        tokens_in, tokens_out = len(todo) * -(-len(prompt.encode()) // 4), len(todo) * answer_tokens
        try:
            for picture in (pictures[scene.path] for scene in todo):
                tokens_in += tokens.picture_tokens(picture.width, picture.height, model, detail).tokens
            cents = f"{tokens.price(model, tokens_in, tokens_out):.3f} US cents (an estimate)"
        except ValueError as error:  # such as a model on your own machine
            return f"{len(todo)} scenes to caption. The price can't be told: {str(error).partition('; known: ')[0]}"
        return f"{len(todo)} scenes to caption: about {tokens_in:,} tokens in and {tokens_out:,} out, {cents}"

    def add(self, path, caption, *, scenes=None, metadata=None, document_id=None, max_side: int | None = 512) -> Added:
        """Index a video, each caption as soon as it is paid for: after an error, `add` asks only for those missing.

        The same video again (by its bytes) costs nothing; only its metadata change. For a new prompt, `remove` it.

        Args:
            caption: a function, Picture -> text, called once a scene; its errors come up.
            scenes: a list of Scene; without it those of `video.scenes(path)`.
            metadata: names with text or numbers, kept as text.
            document_id: without it the file's name without its ending.
        Raises:
            VideoError: for another video or other scenes under a document_id, and for a caption that is no text.
        """
        path, asked = check_path(path), 0
        name, scenes = document_id or path.stem, find_scenes(path) if scenes is None else scenes
        if not scenes or not all(path.samefile(scene.path) for scene in scenes):
            raise VideoError(f"scenes is a list of at least one scene, each of {path.name} itself.")
        keys, facts = _keys(scenes, max_side), json.dumps({key: str(metadata[key]) for key in metadata or ()})
        times = json.dumps({key: (scene.start, scene.end, scene.best) for key, scene in keys.items()})
        if is_new := not self._execute(KNOWN, name, times):
            for key, scene in tqdm(keys.items(), name, file=sys.stdout, mininterval=0, miniters=1, **BAR):
                if not self._execute(HAS, key):  # as it is after an error
                    text, asked = caption(picture := scene.picture(max_side)), asked + 1
                    if not isinstance(text, str) or not text.strip():
                        raise VideoError(f"{path.name}: {text!r:.60} is no caption of {scene}. Add it again.")
                    text = unicodedata.normalize("NFC", text.strip())
                    self._execute(KEEP, key, _spaced(text), text, picture.data)
            self._execute(FINISH, name, times, facts)
        if {*(known := self._execute(KNOWN, name, times))} != {(name, key) for key in keys}:
            raise VideoError(f"{name} is another video here, has other scenes, or is {known[0][0]}. Remove it first.")
        if metadata is not None:
            self._execute("UPDATE captions SET metadata = ? WHERE document = ?", facts, name)
        return Added(name, len(keys), asked, "added" if is_new else "unchanged")

    def search(self, query: str, *, strings: dict | None = None, top: int = 10) -> list[Hit]:
        """Find the scenes whose captions hold any word of `query`, best first (by bm25), at most `top` of them.

        A word also finds what begins with it: hen finds hens, 커피 finds 커피가; single letters don't. In Chinese, in
        Japanese and Thai it is found anywhere. `strings` keeps videos with one of: {"cameraId": ["1", "2"]}.

        Raises:
            VideoError: for a query without a word, and a filter on a name that no video has.
        """
        words = dict.fromkeys(re.findall(rf"(?:[^\W_]|{UNSPACED})+", unicodedata.normalize("NFKC", query).lower()))
        telling = [word for word in words if word not in STOP_WORDS.split()] or words
        if not telling:
            raise VideoError("There is no word in this query. Write what to look for, such as: a cat.")
        # In quotes nothing is an operator; with a star, a word may go on.
        match = " OR ".join(f'"{_spaced(one)}"' + "*" * (len(one) > 1 or not one.isascii()) for one in telling)
        among = self.documents()
        known = sorted({name for metadata in among.values() for name in metadata})
        for name, values in (strings or {}).items():
            if name not in known:
                raise VideoError(f"No video has metadata named {name!r}; there are: {', '.join(known) or 'none'}.")
            wanted = [str(one) for one in (values if isinstance(values, list | tuple | set) else [values])]
            among = {one: metadata for one, metadata in among.items() if metadata.get(name) in wanted}
        return [
            Hit._make([name, *json.loads(times), relevance, among[name], caption, open_picture(jpeg)])
            for name, times, relevance, caption, jpeg in self._execute(SEARCH, match, json.dumps([*among]), top)
        ]

    def documents(self) -> dict[str, dict[str, str]]:
        """Return the metadata of each video in the index, by document_id."""
        rows = self._execute("SELECT document, metadata FROM captions WHERE document IS NOT NULL ORDER BY document")
        return {name: json.loads(metadata) for name, metadata in rows}

    def remove(self, document_id: str) -> None:
        """Take a video out, with its captions."""
        if document_id not in (known := self.documents()):
            raise VideoError(f"No video is named {document_id!r}; there are: {', '.join(known) or 'none'}.")
        self._execute("DELETE FROM captions WHERE document = ?", document_id)

    def _execute(self, sql: str, *values) -> list[tuple]:
        try:
            self._db = self._db or sqlite3.connect(self._path, timeout=10, isolation_level=None)
            return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise VideoError(f"{self._path} can't be used: {error}. Is its folder there, and writable?") from None


def _spaced(text: str) -> str:
    """Set the characters of unspaced scripts apart, as numbers: FTS5 takes some vowel signs for spaces."""
    return re.sub(UNSPACED, lambda sign: f" u{ord(sign[0]):05} ", unicodedata.normalize("NFKC", text))


def _keys(scenes, max_side: int | None) -> dict[int, Scene]:
    """Name scenes by the bytes of the video, the time in microseconds and the size: JPEGs change with their encoder."""
    digests, keys = {}, {}
    for scene in scenes:
        if scene.path not in digests:
            with open(check_path(scene.path), "rb") as file:
                digests[scene.path] = hashlib.file_digest(file, "sha256").hexdigest()
        key = f"{digests[scene.path]} {round(scene.best * 1_000_000)} {max_side}"
        keys[int(hashlib.sha256(key.encode()).hexdigest()[:15], 16)] = scene
    return keys

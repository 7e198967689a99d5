"""A searchable index of videos: a caption of each scene, found by its words, in one SQLite file or in memory."""

import hashlib
import json
import os
import re
import sqlite3
import sys
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from tqdm import tqdm

from .. import tokens
from ..encoding import Picture
from .scenes import Scene, VideoError, check_number, check_path, clock
from .scenes import scenes as find_scenes

BUSY_TIMEOUT = 10.0  # seconds for another writer to finish
APPLICATION_ID = 0x56494432  # "VID2", in the file's header; another one for other tables
# A video is there from the moment when its row in `documents` is written, its captions before that, each as soon as it
# is paid for. They are found by the video's bytes, the time of the frame in microseconds and the size asked for: a
# JPEG's own digest would change with the version of its encoder.
TABLES = (
    "CREATE TABLE IF NOT EXISTS documents(id PRIMARY KEY, digest, max_side, scenes, metadata)",
    "CREATE VIRTUAL TABLE IF NOT EXISTS captions USING fts5(caption, digest UNINDEXED, at UNINDEXED, "
    "max_side UNINDEXED, about UNINDEXED, jpeg UNINDEXED, tokenize = 'porter unicode61')",
)
_EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
KEEP = """INSERT INTO captions SELECT ?1, ?2, ?3, ?4, ?5, ?6
WHERE NOT EXISTS (SELECT 1 FROM captions WHERE digest = ?2 AND at = ?3 AND max_side = ?4) RETURNING 1"""
SEARCH = """SELECT documents.id, part.value, -bm25(captions), metadata, caption, jpeg, about
FROM captions JOIN documents USING (digest, max_side)
JOIN json_each(scenes) AS part ON json_extract(part.value, '$[0]') = at
WHERE captions MATCH ? AND documents.id IN (SELECT value FROM json_each(?))
ORDER BY bm25(captions), documents.id, at LIMIT ?"""
# Words of nearly every English caption and question: "a red cup" must not find all that has an "a".
STOP_WORDS = """a an the of in on at to from by with and or is are was were be it its this that these those there here
what where when which who how do does did i me my you your"""


@dataclass(frozen=True)
class Hit:
    """A scene found, its times in seconds. `relevance`: higher is better, comparable within one search only."""

    document_id: str
    start: float
    end: float
    best: float
    relevance: float
    metadata: dict[str, str]
    caption: str
    thumbnail: Picture = field(repr=False)  # the very picture that was captioned

    def __str__(self) -> str:
        return f"{self.document_id}  {clock(self.start)} to {clock(self.end)}, best {clock(self.best)}"


@dataclass(frozen=True)
class Added:
    """What `add` did: `captioned` of the `scenes` just now; state is added, unchanged or metadata updated."""

    document_id: str
    scenes: int
    captioned: int
    state: str


class VideoIndex:
    """An index in the SQLite file at `path`, made if it is not there, or in memory without one.

    Each thread or process opens an index of its own. Every method raises VideoError when the file can't be used.
    """

    def __init__(self, path: str | os.PathLike | None = None):
        if path is not None and not (isinstance(path, str | os.PathLike) and str(path).strip()):
            raise VideoError(f"An index is given by the path of its file, or by nothing for memory, not by {path!r}.")
        self._path = os.path.expanduser(path or ":memory:")
        if self._execute("SELECT count(*) FROM sqlite_master") == [(0,)]:
            self._execute(f"PRAGMA application_id = {APPLICATION_ID}")
        if self._execute("PRAGMA application_id") != [(APPLICATION_ID,)]:
            what = "a database of something else, or an index of another version of this course"
            raise VideoError(f"{self._path} is {what}. Choose another name.")
        for table in TABLES:
            self._execute(table)

    def __enter__(self) -> "VideoIndex":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. What was in memory alone is gone."""
        self._db.close()

    def bill(self, scenes, prompt: str, model: str, detail="low", answer_tokens=60, max_side: int | None = 512) -> str:
        """Estimate what it costs to caption those of `scenes` that have none yet, one request with `prompt` each.

        Pictures count by the model's published rule, text at 4 bytes a token, each answer as `answer_tokens`.
        """
        captioned = {path: self._captioned(_digest(path), max_side) for path in {scene.path for scene in scenes}}
        todo = [scene for scene in scenes if _microseconds(scene) not in captioned[scene.path]]
        # One picture of each video, as all its frames have the same size.
        pictures = {path: scene.picture(max_side) for path, scene in {scene.path: scene for scene in todo}.items()}
        tokens_in, tokens_out = len(todo) * -(-len(prompt.encode()) // 4), len(todo) * answer_tokens
        try:
            for picture in (pictures[scene.path] for scene in todo):
                tokens_in += tokens.picture_tokens(picture.width, picture.height, model, detail).tokens
            cents = f"{tokens.price(model, tokens_in, tokens_out):.3f} US cents (an estimate)"
        except ValueError as error:  # such as a model on your own machine
            why = str(error).partition("; known: ")[0]
            return f"{len(todo)} scenes to caption, a request each. The price can't be told: {why}"
        return f"{len(todo)} scenes to caption: about {tokens_in:,} tokens in and {tokens_out:,} out, {cents}"

    def add(
        self, path, caption: Callable[[Picture], str], *, scenes=None, metadata=None, document_id=None, max_side=512
    ) -> Added:
        """Index a video; the same one again (by its bytes) changes nothing but its metadata, and costs nothing.

        Each caption is stored as it arrives, so after an error another `add` asks only for those that are missing; the
        video itself is there all at once or not at all. After a change of prompt, `remove` it first.

        Args:
            caption: called once for each scene with its Picture, returns the text to search; its errors come through.
            scenes: a list of Scene; without it those of `video.scenes(path)`.
            metadata: names with text, a number (kept as text) or a datetime (kept as ISO 8601 in UTC).
            document_id: without it the file's name without its ending.
        Raises:
            VideoError: for another video or other scenes under a document_id, and for a caption that is no text.
        """
        path = check_path(path)
        name, digest = path.stem if document_id is None else document_id, _digest(path)
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise VideoError(f"document_id is text that can be printed, not {name!r}.")
        given = None if metadata is None else _flat(metadata)
        if scenes is not None and {_digest(other) for other in {scene.path for scene in scenes}} != {digest}:
            raise VideoError(f"scenes is a list of at least one scene, each of {path.name} itself.")
        for stored, parts, kept in self._execute("SELECT digest, scenes, metadata FROM documents WHERE id = ?", name):
            if stored != digest:
                raise VideoError(f"{name} is another video in this index. Remove it first, or give a document_id.")
            if scenes is not None and parts != _as_json(scenes):
                raise VideoError(f"{name} is indexed with other scenes. Remove it first to use these.")
            changed = given not in (None, kept)
            if changed:
                self._execute("UPDATE documents SET metadata = ? WHERE id = ?", given, name)
            return Added(name, len(json.loads(parts)), 0, "metadata updated" if changed else "unchanged")
        scenes = find_scenes(path) if scenes is None else scenes
        captioned = self._ask(scenes, caption, digest, max_side, name)
        row = (name, digest, max_side or 0, _as_json(scenes), given or "{}")
        if self._execute("INSERT OR IGNORE INTO documents VALUES(?, ?, ?, ?, ?) RETURNING id", *row):
            return Added(name, len(scenes), captioned, "added")
        # Another program was faster: now it is unchanged, or another video of this name.
        added = self.add(path, caption, scenes=scenes, metadata=metadata, document_id=name, max_side=max_side)
        return replace(added, captioned=captioned)

    def search(self, query: str, *, strings: Mapping | None = None, times: Mapping | None = None, top=10) -> list[Hit]:
        """Find the scenes whose captions hold any word of `query`, best first (by bm25), at most `top` of them.

        A word also finds what begins with it: hen finds hens, 커피 finds 커피가, and car finds cartoon. Single letters
        and digits of ASCII are found as they are. Quotation marks and operators mean nothing.

        Args:
            strings: keep videos whose metadata have one of these values: {"cameraId": ["1", "2"]}.
            times: keep those between two points in time, included: {"timestamp": ("2023-06-30T17:00Z", None)}; ISO 8601
                (UTC without a zone) or datetimes, None for an open end.
        Raises:
            VideoError: for a query without a word, and a filter on a name that no video has.
        """
        among = json.dumps(self._filtered(strings or {}, times or {}))
        rows = self._execute(SEARCH, _match_expression(query), among, int(check_number("top", top, 1)))
        hits = []
        for name, part, relevance, metadata, caption, jpeg, about in rows:
            _, start, end, best = json.loads(part)
            media_type, width, height, origin, changes = json.loads(about)
            picture = Picture(jpeg, media_type, width, height, origin, tuple(changes))
            # The last digits of bm25 differ from one SQLite to another.
            hits.append(Hit(name, start, end, best, float(f"{relevance:.4g}"), json.loads(metadata), caption, picture))
        return hits

    def documents(self) -> dict[str, dict[str, str]]:
        """Return the metadata of each video in the index, by document_id."""
        rows = self._execute("SELECT id, metadata FROM documents ORDER BY id")
        return {name: json.loads(metadata) for name, metadata in rows}

    def remove(self, document_id: str) -> None:
        """Take a video out, and its captions unless it is there under another document_id too."""
        if document_id not in (known := self.documents()):
            raise VideoError(
                f"There is no video {document_id!r} in this index; there are: {', '.join(known) or 'none'}."
            )
        [(digest,)] = self._execute("DELETE FROM documents WHERE id = ? RETURNING digest", document_id)
        self._execute("DELETE FROM captions WHERE digest = ? AND digest NOT IN (SELECT digest FROM documents)", digest)

    def _ask(self, scenes, caption, digest: str, max_side: int | None, name: str) -> int:
        """Ask for the captions that are missing, and store each at once; how many these were."""
        kept, asked, is_alone = self._captioned(digest, max_side), 0, True
        todo = [scene for scene in scenes if _microseconds(scene) not in kept]
        # One line for each scene whatever the speed and the window, in ASCII: a lesson's stored output stays the same.
        look = {
            "ncols": 70,
            "ascii": " #",
            "bar_format": "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} scenes",
        }
        for _ in tqdm(list(todo), name, file=sys.stdout, mininterval=0, miniters=1, disable=not todo, **look):
            scene = todo.pop(0 if is_alone else -1)  # from the end, once another program is seen to caption this video
            if _microseconds(scene) in self._captioned(digest, max_side):
                continue
            picture = scene.picture(max_side)
            said, asked = caption(picture), asked + 1
            if not isinstance(said, str) or not said.strip() or re.search("[\ud800-\udfff]", said):
                what = f"caption gave {said!r:.60} and no text for the scene {scene} of {scene.path.name}"
                raise VideoError(f"{what}. Captions before it are kept; add it again.")
            facts = (picture.media_type, picture.width, picture.height, picture.origin, picture.changes)
            key = (digest, _microseconds(scene), max_side or 0)
            text = unicodedata.normalize("NFC", said.strip())
            is_alone &= self._execute(KEEP, text, *key, json.dumps(facts), picture.data) != []
        return asked

    def _captioned(self, digest: str, max_side: int | None) -> set[int]:
        """The times, in microseconds, of the frames of a video that have a caption."""
        rows = self._execute("SELECT at FROM captions WHERE digest = ? AND max_side = ?", digest, max_side or 0)
        return {at for (at,) in rows}

    def _filtered(self, strings: Mapping, times: Mapping) -> list[str]:
        """The document_ids that pass all filters."""
        found = self.documents()
        known = sorted({name for metadata in found.values() for name in metadata})
        if unknown := [name for name in [*strings, *times] if name not in known]:
            raise VideoError(f"No video has metadata named {unknown[0]!r}; there are: {', '.join(known) or 'none'}.")
        for name, values in strings.items():
            wanted = {_as_text(name, one) for one in (values if isinstance(values, list | tuple | set) else [values])}
            found = {one: metadata for one, metadata in found.items() if metadata.get(name) in wanted}
        for name, bounds in times.items():
            low, high = (edge if at is None else _in_utc(at) for at, edge in zip(bounds, _EVER, strict=True))
            if low > high:
                raise VideoError(f"times for {name}: the start is after the end. Exchange them.")
            found = {one: kept for one, kept in found.items() if name in kept and low <= _in_utc(kept[name]) <= high}
        return list(found)

    @cached_property
    def _db(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=BUSY_TIMEOUT, isolation_level="IMMEDIATE")

    def _execute(self, sql: str, *values) -> list[tuple]:
        """Run one statement and return its rows; all of it happens, or nothing."""
        try:
            with self._db:
                return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            hint = "Is its folder there and may you write in it, is another program writing, or was it closed?"
            raise VideoError(f"The index {self._path} can't be used: {error}. {hint}") from None


def _match_expression(query: str) -> str:
    """The words of a query in the language of FTS5: any of them may match, each as the beginning of a word."""
    words = dict.fromkeys(re.findall(r"[^\W_]+", unicodedata.normalize("NFC", query).lower()))
    telling = [word for word in words if word not in STOP_WORDS.split()] or list(words)
    if not telling:
        raise VideoError("There is no word in this query. Write what to look for, such as: a cat.")
    # Within quotation marks nothing is an operator; a word has none of its own.
    return " OR ".join(f'"{word}"' + ("" if len(word) == 1 and word.isascii() else "*") for word in telling)


def _digest(path: Path) -> str:
    with open(check_path(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _microseconds(scene: Scene) -> int:
    return round(scene.best * 1_000_000)


def _as_json(scenes) -> str:
    return json.dumps(sorted((_microseconds(scene), scene.start, scene.end, scene.best) for scene in scenes))


def _flat(metadata: Mapping) -> str:
    return json.dumps({name: _as_text(name, value) for name, value in metadata.items()}, sort_keys=True)


def _as_text(name, value) -> str:
    """A value of metadata as text."""
    if isinstance(value, datetime):
        return _in_utc(value).isoformat().replace("+00:00", "Z")
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    raise VideoError(f"metadata are text, numbers or datetimes; {name} is {type(value).__name__}. Write it as text.")


def _in_utc(value: str | datetime) -> datetime:
    """A point in time, in UTC; without a zone it is taken for UTC."""
    if not re.search(r"\d[T ]\d\d", str(value)):  # a date alone would be midnight, which is rarely meant
        raise VideoError(f"{value!r} is no date with a time of day; they look like 2023-06-30T17:40:33Z.")
    at = datetime.fromisoformat(str(value))
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)

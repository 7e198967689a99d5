"""A searchable index of videos: what was said about each scene, in one SQLite file or in memory.

    with VideoIndex("cameras.sqlite") as index:
        index.add("camera1.mp4", caption, metadata={"cameraId": "1"})
        hits = index.search("a cat", strings={"cameraId": "1"})

`caption` is the reader's own function, Picture -> str. Each caption is stored as it arrives, as it may have been paid
for; the video itself is there all at once or not at all. The SQL is in `index_store.py`.
"""

import hashlib
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tqdm import tqdm

from .. import tokens
from ..encoding import DETAILS, Picture
from .cutting import Scene
from .cutting import scenes as cut
from .moments import Hit, date_time
from .sources import VideoError, existing
from .store import Document, Store, match_expression


@dataclass(frozen=True)
class Bill:
    """What captions will cost: `scenes` still to caption, picture and text `tokens` in, `answer_tokens` out, US cents.

    An estimate: pictures by their model's published rule, text at 4 bytes a token, answers at the length given. Of a
    model without a published rule or price, such as one on your own machine, `why_no_price` says which is missing.
    """

    scenes: int
    tokens: int | None
    answer_tokens: int
    cents: float | None
    why_no_price: str = ""

    def __str__(self) -> str:
        if self.why_no_price:
            return f"{self.scenes} scenes to caption, a request each. The price can't be told: {self.why_no_price}"
        amounts = f"about {self.tokens:,} tokens in and {self.answer_tokens:,} out"
        return f"{self.scenes} scenes to caption: {amounts}, {self.cents:.3f} US cents (an estimate)"


@dataclass(frozen=True)
class Added:
    """What `add` did. `captioned` of the `scenes` were captioned now; state is added, unchanged or metadata updated."""

    document_id: str
    scenes: int
    captioned: int
    state: str


class VideoIndex:
    """An index in the SQLite file at `path`, made if it is not there, or in memory without one.

    A thread or a process that writes opens an index of its own on the file. Raises VideoError for a file that is no
    index, that a newer course made, or that can't be written; every method does, when the file can't be used.
    """

    def __init__(self, path=None):
        self._store = Store(path)

    def __enter__(self) -> "VideoIndex":
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        """Close the file. What was in memory alone is gone."""
        self._store.close()

    def bill(
        self,
        scenes: Sequence[Scene],
        prompt: str,
        model: str,
        detail: str = "low",
        answer_tokens: int = 60,
        max_side: int = 512,
    ) -> Bill:
        """What it costs to caption those of `scenes` that have no caption here yet, one request with `prompt` for each.

        Raises ValueError for a detail that no model knows.
        """
        if detail not in DETAILS:
            raise ValueError(f"detail is one of {', '.join(DETAILS)}, not {detail!r}.")
        digests = {scene.path: _digest(existing(scene.path)) for scene in scenes}
        todo = [scene for scene in scenes if not self._store.caption_of(digests[scene.path], scene.best, max_side)]
        text = math.ceil(len(prompt.encode()) / 4)
        # One picture of each video: all its frames have the same size.
        pictures = {scene.path: scene for scene in reversed(todo)}
        tokens_out = len(todo) * answer_tokens
        try:
            each = {path: _picture_tokens(scene.picture(max_side), model, detail) for path, scene in pictures.items()}
            tokens_in = sum(text + each[scene.path] for scene in todo)
            return Bill(len(todo), tokens_in, tokens_out, tokens.price(model, tokens_in, tokens_out))
        except VideoError:
            raise
        except ValueError:
            return Bill(len(todo), None, tokens_out, None, f"this course knows no rule or no price for {model!r}.")

    def add(
        self,
        path,
        caption: Callable[[Picture], str],
        *,
        scenes: Sequence[Scene] | None = None,
        metadata: Mapping | None = None,
        document_id: str | None = None,
        max_side: int = 512,
    ) -> Added:
        """Index a video: `caption` is called once for each scene, with its picture, and says what is to be seen there.

        Without `scenes` the video is cut as `cutting.scenes` does by default. `metadata` is flat: names with text, a
        number (kept as text) or a datetime (kept as ISO 8601 in UTC). `document_id` is the file's name without its
        ending unless it is given. The same video again changes nothing but its metadata, if they are given; it is told
        by its bytes. To caption it anew, remove it first. Captions are stored as they arrive, so a second run after an
        error asks only for those that are missing. Progress is printed without times, so that a lesson prints the same.

        Raises VideoError for another video of the same document_id, other scenes than it was indexed with, a caption
        that is empty or no text, metadata that are not flat. What `caption` raises comes through as it is.
        """
        path = existing(path)
        document_id = _text("document_id", path.stem if document_id is None else document_id)
        kept = None if metadata is None else _flat(metadata)
        digest = _digest(path)
        if scenes is not None:
            _check_scenes(scenes, digest)
        if stored := self._store.document(document_id):
            if stored.digest != digest:
                what = f"{document_id} is another video in this index ({stored.file})"
                raise VideoError(f"{what}. Remove it first, or give this one a document_id of its own.")
            there = self._store.times(document_id)
            if scenes is not None and there != sorted((scene.start, scene.end, scene.best) for scene in scenes):
                raise VideoError(f"{document_id} is indexed with other scenes. Remove it first to use these.")
            if kept is None or kept == stored.metadata:
                return Added(document_id, len(there), 0, "unchanged")
            self._store.set_metadata(document_id, kept)
            return Added(document_id, len(there), 0, "metadata updated")
        scenes = cut(path) if scenes is None else sorted(scenes, key=lambda scene: scene.start)
        captioned = self._caption(scenes, caption, digest, document_id, max_side)
        name = path.name.encode(errors="replace").decode()  # SQLite takes no name of bytes that are no letters
        self._store.insert(document_id, name, digest, scenes, max_side, kept or {})
        return Added(document_id, len(scenes), captioned, "added")

    def search(
        self,
        query: str,
        *,
        strings: Mapping[str, str | Sequence[str]] | None = None,
        times: Mapping[str, tuple] | None = None,
        top: int = 10,
    ) -> list[Hit]:
        """The scenes whose captions hold any word of `query`, best first, at most `top` of them.

        A word also finds what begins with it: hen finds hens, 커피 finds 커피가, and car finds cartoon. Single letters
        and digits of ASCII are found as they are. Quotation marks and operators mean nothing. Relevance is bm25's.

        `strings` keeps videos whose metadata have one of the values given: {"cameraId": ["1", "2"]}. `times` keeps
        those whose date and time lie between two, these included: {"timestamp": ("2023-06-30T17:00:00Z", None)}. They
        are ISO 8601 texts (UTC without a zone) or datetimes, None is an open end. Case does not count in names.

        Raises VideoError for a query without a word, a filter on a name that no video has, and a range that is none.
        """
        if not isinstance(query, str):
            raise VideoError(f"A query is text, not {type(query).__name__}.")
        if isinstance(top, bool) or not isinstance(top, int) or top < 1:
            raise VideoError(f"top is a whole number, at least 1, not {top!r}.")
        expression = match_expression(query)
        wanted = self._filtered(strings or {}, times or {})
        return self._store.search(expression, wanted, top)

    def documents(self) -> list[Document]:
        """The videos in the index, by document_id."""
        return self._store.documents()

    def remove(self, document_id: str) -> None:
        """Take a video out, with its captions. Raises VideoError for one that is not there."""
        self._store.remove(_text("document_id", document_id))

    def _caption(self, scenes, caption, digest, document_id, max_side) -> int:
        """Ask for the captions that are missing, and store each at once; how many these were."""
        todo = [scene for scene in scenes if not self._store.caption_of(digest, scene.best, max_side)]
        # One line for each scene whatever the speed and the window, in ASCII: a lesson's stored output stays the same.
        progress = {
            "file": sys.stdout,
            "ncols": 70,
            "ascii": " #",
            "mininterval": 0,
            "miniters": 1,
            "disable": not todo,
        }
        layout = "{desc}: {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} scenes"
        for scene in tqdm(todo, desc=document_id, bar_format=layout, **progress):
            picture = scene.picture(max_side)
            said = caption(picture)
            if wrong := _why_no_caption(said):
                where = f"the scene {scene} of {scene.path.name}"
                raise VideoError(f"caption gave {wrong} for {where}. Captions before it are kept; add it again.")
            self._store.keep_caption(digest, scene.best, max_side, said.strip(), picture)
        return len(todo)

    def _filtered(self, strings, times) -> list[str] | None:
        """The document_ids that pass the filters; None without any filter."""
        if not strings and not times:
            return None
        everything = self.documents()
        known = sorted({name for document in everything for name in document.metadata})
        documents = [(d.document_id, {n.casefold(): v for n, v in d.metadata.items()}) for d in everything]
        for name in [*strings, *times]:
            if not isinstance(name, str) or name.casefold() not in {one.casefold() for one in known}:
                there = f"there are: {', '.join(known)}" if known else "there are none"
                raise VideoError(f"No video has metadata of the name {name!r}; {there}.")
        for name, values in strings.items():
            wanted = {
                _value(name, value) for value in ([values] if not isinstance(values, list | tuple | set) else values)
            }
            documents = [(one, about) for one, about in documents if about.get(name.casefold()) in wanted]
        for name, bounds in times.items():
            low, high = _range(name, bounds)
            documents = [
                (one, about)
                for one, about in documents
                if name.casefold() in about and low <= _moment(name, about[name.casefold()]) <= high
            ]
        return [one for one, _ in documents]


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _picture_tokens(picture: Picture, model: str, detail: str) -> int:
    return tokens.picture_tokens(picture.width, picture.height, model, detail).tokens


def _why_no_caption(said) -> str:
    if not isinstance(said, str):
        return f"{type(said).__name__} and no text"
    if not said.strip():
        return "nothing"
    return "text with halves of letters" if re.search("[\ud800-\udfff]", said) else ""


def _check_scenes(scenes, digest: str) -> None:
    if not scenes or not all(isinstance(scene, Scene) for scene in scenes):
        raise VideoError("scenes is a list of at least one Scene, as video.scenes makes it.")
    for other in {scene.path for scene in scenes}:
        if _digest(existing(other)) != digest:
            raise VideoError(f"These scenes are of another video ({other.name}). Give those of this one.")


def _text(name: str, value) -> str:
    if isinstance(value, str) and value.strip() and value.isprintable():
        return value
    raise VideoError(f"{name} is a text that can be printed and is not empty, not {value!r}.")


def _flat(metadata: Mapping) -> dict[str, str]:
    if not isinstance(metadata, Mapping):
        raise VideoError(f'metadata is a dict such as {{"cameraId": "1"}}, not {type(metadata).__name__}.')
    flat = {_text("A name of metadata", name): _value(name, value) for name, value in metadata.items()}
    if len({name.casefold() for name in flat}) < len(flat):
        raise VideoError(f"Two names of metadata differ only in case: {', '.join(flat)}. Keep one of them.")
    return flat


def _value(name: str, value) -> str:
    if isinstance(value, datetime):
        return date_time(value.isoformat())
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    raise VideoError(f"metadata are text, numbers or datetimes; {name} is {type(value).__name__}. Write it as text.")


def _range(name: str, bounds) -> tuple[datetime, datetime]:
    if not isinstance(bounds, list | tuple) or len(bounds) != 2:
        raise VideoError(f"times for {name} is a pair, (start, end), with None for an open end.")
    open_ends = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
    low, high = (
        edge if at is None else _moment(name, _value(name, at)) for at, edge in zip(bounds, open_ends, strict=True)
    )
    if low > high:
        raise VideoError(f"times for {name}: the start is after the end. Exchange them.")
    return low, high


def _moment(name: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(date_time(text))
    except ValueError as error:
        raise VideoError(f"times for {name}: {error}") from None

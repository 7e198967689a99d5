"""Vectors of the texts of an index, and which of them are nearest to that of a query."""

import json

import numpy

from .scenes import VideoError
from .store import Store

NEW = "SELECT id, text FROM passages WHERE start IS NOT NULL AND vector IS NULL ORDER BY id LIMIT 256"
KEEP = "UPDATE passages SET model = ?, vector = ? WHERE id = ?"
ALL = "SELECT id, document, vector FROM passages WHERE vector IS NOT NULL ORDER BY id"


class Vectors:
    """The vectors in `store`, made by `embed`, a function of a model of this name: texts -> a vector for each."""

    def __init__(self, store: Store, embed, model: str | None):
        self._store, self.embed, self._model = store, embed, model
        self._loaded: tuple = ("nothing",)
        if embed and not model:
            raise VideoError("embed needs embed_model, the name of its model, such as text-embedding-3-small.")
        self._check()

    def complete(self) -> None:
        """Ask for the vectors that are missing, and keep each answer as it comes."""
        while self.embed and (rows := self._store.execute(NEW)):
            vectors = self._ask([text for _, text in rows])
            with self._store.transaction():
                for (key, _), vector in zip(rows, vectors, strict=True):
                    self._store.execute(KEEP, self._model, vector.tobytes(), key)

    def nearest(self, query: str, among: str | None, most: int) -> list[tuple[int, float]]:
        """Return the ids of the passages nearest to `query`, with the cosine, best first.

        Args:
            among: ids of the documents that count, as JSON; None for all.
        """
        if self._loaded[0] != self._store.state():
            self.complete()
            rows = self._store.execute(ALL)
            ids, documents = (numpy.array([row[at] for row in rows], "i8") for at in (0, 1))
            matrix = numpy.frombuffer(b"".join(row[2] for row in rows), "<f4").reshape(max(1, len(rows)), -1)
            self._loaded = (self._store.state(), ids, documents, matrix)
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
        known = self._store.execute("SELECT model, length(vector) / 4 FROM passages WHERE model IS NOT NULL LIMIT 1")
        if self.embed and known and known[0][: 1 + len(size)] != (self._model, *size):
            what = "{} holds vectors of {}, {} numbers each. Use it".format(self._store.path.name, *known[0])
            raise VideoError(f"{what}; or open the file without embed, call forget_vectors(), and open it again.")

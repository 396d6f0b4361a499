"""What models that learn one or two tables of vectors have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.base import Embedding, NotFittedError


def check_at_least(settings: Any, **least: float) -> None:
    """Raise ValueError naming the first setting that is not a finite number of at least what is given."""
    for name, value in least.items():
        given = getattr(settings, name)
        if isinstance(given, bool) or not np.isfinite(given) or given < value:
            raise ValueError(f"{name} is {given}: it must be at least {value}")


def check_positive(settings: Any, *names: str) -> None:
    """Raise ValueError naming the first setting that is not a positive finite number."""
    for name in names:
        given = getattr(settings, name)
        if not (np.isfinite(given) and given > 0):
            raise ValueError(f"{name} is {given}: it must be a positive number")


def unit_rows(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same directions with length 1, float32[n, d]; zero stays zero."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    return unit


def on_rows(vectors: NDArray[np.float32], listed: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Vectors of the listed products, float32[listed, d], at their rows of the whole graph; zero elsewhere."""
    whole = np.zeros((len(listed), vectors.shape[1]), dtype=np.float32)
    whole[listed] = vectors
    return whole


class VectorModel(Embedding):
    """A model whose ``_fit`` calls :meth:`_keep`."""

    def __init__(self, settings: Any = None) -> None:
        super().__init__(settings)
        self._tables: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def _keep(self, vectors: NDArray[np.float32], query_vectors: NDArray[np.float32] | None = None) -> None:
        """Take the vectors, float32[n, d] each; one table where they are the same.

        Raises:
            ValueError: training ran away, so that a number is not finite.
        """
        tables = [vectors] if query_vectors is None else [vectors, query_vectors]
        kept = [np.ascontiguousarray(table, dtype=np.float32) for table in tables]
        if not all(np.isfinite(table).all() for table in kept):
            raise ValueError(f"the vectors of {self.name} grew without bound; take a smaller learning_rate")
        self._tables = kept[0], kept[-1]

    @property
    def vectors(self) -> NDArray[np.float32]:
        """See :attr:`models.base.Embedding.vectors`."""
        return self._fitted()[0]

    @property
    def query_vectors(self) -> NDArray[np.float32]:
        """See :attr:`models.base.Embedding.query_vectors`."""
        return self._fitted()[1]

    def _fitted(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        if self._tables is None:
            raise NotFittedError(f"{self.name} has not been fitted: call fit(graph, seed=0) first")
        return self._tables

"""A refit that begins where the last run ended, and vectors that stay where they were.

Two fits of the same model on the same graph differ by a rotation of their vectors, which no score sees, and by what
chance drew. :func:`aligned` takes the rotation out (Schönemann: A generalized solution of the orthogonal Procrustes
problem, Psychometrika 1966), so that the vectors of consecutive runs can be compared: dot products keep their values
where items and queries are turned alike. A model that is a :class:`WarmStart` also begins its training from the
vectors that serve, which keeps most of what chance drew the first time.

Both count as input: the same graph, settings, seed and start give the same bytes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph


@dataclass(frozen=True, eq=False)
class StartVectors:
    """The vectors of an earlier run.

    Attributes:
        run_id: The run.
        product_ids: object[m] of str.
        vectors: float32[m, d].
        query_vectors: float32[m, d]; the same array where one serves as both.
        begin: Whether a model may begin from them; else its vectors are only turned towards them.
    """

    run_id: str
    product_ids: NDArray[np.object_]
    vectors: NDArray[np.float32]
    query_vectors: NDArray[np.float32]
    begin: bool = True

    @property
    def dimensions(self) -> int:
        """Numbers a vector, d."""
        return int(self.vectors.shape[1])

    def rows_of(self, graph: ProductGraph) -> NDArray[np.int64]:
        """int64[n]: for each row of ``graph`` its row here, -1 for a product that the run did not know."""
        import pandas as pd

        found: NDArray[np.int64] = pd.Index(self.product_ids).get_indexer(pd.Index(graph.product_ids)).astype(np.int64)
        return found


class WarmStart(ABC):
    """A model that can begin its next fit from the vectors of an earlier run of its own kind."""

    @abstractmethod
    def start_from(self, start: StartVectors | None) -> bool:
        """Begin the next ``fit`` from ``start`` (None: from nothing); False where shape or settings do not allow it."""


def rotation(new: NDArray[np.float32], old: NDArray[np.float32]) -> NDArray[np.float64]:
    """float64[d, d], orthogonal: the rotation (or reflection) R for which ``new @ R`` comes nearest to ``old``.

    With the singular value decomposition ``new.T @ old = U S V^T``, R is ``U V^T`` (Schönemann 1966, equation 3.6).

    Args:
        new: float32[m, d].
        old: float32[m, d], the same products.

    Raises:
        ValueError: the two have different shapes.
    """
    if new.shape != old.shape:
        raise ValueError(f"vectors of shape {new.shape} cannot be turned towards {old.shape}")
    left, _, right = np.linalg.svd(new.astype(np.float64).T @ old.astype(np.float64))
    turn: NDArray[np.float64] = left @ right
    return turn


def aligned(
    vectors: NDArray[np.float32],
    query_vectors: NDArray[np.float32],
    graph: ProductGraph,
    start: StartVectors,
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Both tables, float32[n, d] each, turned alike towards those of an earlier run; None where that cannot be.

    One rotation for both leaves every inner product as it was, but for the rounding of float32. It cannot be where the
    run has another number of dimensions or knows too few of today's products to say how to turn.
    """
    if start.dimensions != vectors.shape[1]:
        return None
    theirs = start.rows_of(graph)
    known = np.flatnonzero(theirs >= 0)
    if len(known) < vectors.shape[1]:
        return None
    old = np.concatenate([start.vectors[theirs[known]], start.query_vectors[theirs[known]]])
    new = np.concatenate([vectors[known], query_vectors[known]])
    turn = rotation(new, old)
    items: NDArray[np.float32] = (vectors @ turn).astype(np.float32)
    if query_vectors is vectors:
        return items, items
    return items, (query_vectors @ turn).astype(np.float32)

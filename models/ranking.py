"""From scores to ranked lists: the one place that knows what must never be in a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.threads import for_ranges

#: Candidates multiplied at a time: with 256 rows their scores are 4 MB, which stay in the processor's cache while the
#: best are picked out of them.
_TILE = 4096

#: Scores from which on threads give more than they cost; a tile of vectors is smaller.
_PARTED = 8_000_000

ScoreRows = Callable[[NDArray[np.int64]], NDArray[np.float32]]


def top_k(scores: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The ``k`` highest of each row: columns int64[m, k] and scores float32[m, k].

    ``-inf`` and NaN never enter; -1 and ``-inf`` fill up. Equal scores stand in order of their columns.
    """
    best = _Best(len(scores), k)
    best.add(scores, 0)
    return best.lists()


class _Best:
    """The ``k`` best columns of each of ``m`` rows, out of scores that come a tile of columns at a time, ascending.

    ``barred``: rows int64[b] and columns int64[b] that must not be kept, sorted by row and column.
    """

    def __init__(self, m: int, k: int, barred: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None) -> None:
        rows, self._barred = barred if barred is not None else (np.zeros(0, np.int64), np.zeros(0, np.int64))
        self._barred_start = np.searchsorted(rows, np.arange(m + 1)).astype(np.int64)
        self._columns = np.full((m, k), -1, dtype=np.int64)
        self._scores = np.full((m, k), -np.inf, dtype=np.float32)
        self._count = np.zeros(m, dtype=np.int64)

    def add(self, scores: NDArray[np.float32], first: int) -> None:
        """Scores float32[m, t] of the columns from ``first`` on."""
        from models.ranking_kernels import keep_best  # numba loads only where something is ranked

        if not self._columns.shape[1]:
            return
        tile = np.ascontiguousarray(scores, dtype=np.float32)

        def work(begin: int, end: int) -> None:
            keep_best(
                tile, first, begin, end, self._barred_start, self._barred, self._scores, self._columns, self._count
            )

        for_ranges(work, len(tile), 32, None if tile.size > _PARTED else 1)

    def lists(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Columns int64[m, k] and scores float32[m, k], the best first; to be called once."""
        from models.ranking_kernels import in_order

        in_order(self._scores, self._columns, self._count)
        return self._columns, self._scores


def mask_ineligible(
    graph: ProductGraph, rows: NDArray[np.int64], scores: NDArray[np.float32], *, exclude_known: bool
) -> None:
    """Write ``-inf`` over what may not stand in a list: unlisted products, the product itself, known neighbours."""
    scores[:, ~graph.listed] = -np.inf
    for i, row in enumerate(rows):
        scores[i, row] = -np.inf
        if exclude_known:
            scores[i, graph.indices[graph.indptr[row] : graph.indptr[row + 1]]] = -np.inf


def check_request(graph: ProductGraph, rows: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """``rows`` as int64[m].

    Raises:
        ValueError: ``k`` below 1.
        IndexError: a row that the graph does not have.
    """
    if k < 1:
        raise ValueError(f"k is {k}: ask for at least one product")
    asked = np.atleast_1d(np.asarray(rows, dtype=np.int64))
    if len(asked) and (asked.min() < 0 or asked.max() >= graph.n_products):
        wrong = asked[(asked < 0) | (asked >= graph.n_products)][0]
        raise IndexError(f"row {wrong} is not in the graph, whose rows run from 0 to {graph.n_products - 1}")
    return asked


def rank_rows(
    graph: ProductGraph,
    rows: NDArray[np.int64],
    k: int,
    score_rows: ScoreRows,
    *,
    exclude_known: bool,
    block_rows: int = 256,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Ranked lists out of a function that scores rows against all products, ``block_rows`` at a time.

    Returns:
        rows int64[m, k] and scores float32[m, k], as :meth:`models.base.Ranker.recommend` promises.
    """
    listed = np.flatnonzero(graph.listed)

    def tiles(block: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        yield 0, score_rows(block)[:, listed]

    return _rank_listed(graph, rows, k, listed, tiles, exclude_known, block_rows=block_rows)


def rank_by_inner_product(
    graph: ProductGraph,
    query_vectors: NDArray[np.float32],
    vectors: NDArray[np.float32],
    rows: NDArray[np.int64],
    k: int,
    *,
    exclude_known: bool,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Ranked lists by ``query_vectors[row] · vectors[candidate]``; both float32[n, d]."""
    listed = np.flatnonzero(graph.listed)
    candidates = vectors[listed]  # only what may be recommended is multiplied at all

    def tiles(block: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        asked = query_vectors[block]
        # one place for all products of this shape: memory that is new each time costs more than the multiplication
        place = np.empty((len(block), min(_TILE, len(listed))), dtype=np.float32)
        for first in range(0, len(listed), _TILE):
            part = candidates[first : first + _TILE].T
            yield first, np.matmul(asked, part, out=place) if part.shape[1] == place.shape[1] else asked @ part

    return _rank_listed(graph, rows, k, listed, tiles, exclude_known)


def _rank_listed(
    graph: ProductGraph,
    rows: NDArray[np.int64],
    k: int,
    listed: NDArray[np.int64],
    tiles: Callable[[NDArray[np.int64]], Iterator[tuple[int, NDArray[np.float32]]]],
    exclude_known: bool,
    *,
    block_rows: int = 256,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Ranked lists out of scores against the ``listed`` products only.

    ``tiles(block)`` yields (first, float32[block, t]), scores of the listed products from ``first`` on, ascending.
    """
    asked = check_request(graph, rows, k)
    column_of = np.full(graph.n_products, -1, dtype=np.int64)
    column_of[listed] = np.arange(len(listed))
    found = np.full((len(asked), k), -1, dtype=np.int64)
    scores = np.full((len(asked), k), -np.inf, dtype=np.float32)
    for start in range(0, len(asked), block_rows):
        block = asked[start : start + block_rows]
        best = _Best(len(block), k, _barred(graph, block, column_of, exclude_known))
        for first, tile in tiles(block):
            best.add(tile, first)
        columns, scores[start : start + len(block)] = best.lists()
        if len(listed):
            found[start : start + len(block)] = np.where(columns >= 0, listed[columns], -1)
    return found, scores


def _barred(
    graph: ProductGraph, block: NDArray[np.int64], column_of: NDArray[np.int64], exclude_known: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Places in ``block`` and columns, sorted: each product's own column, and its known neighbours'."""
    place, columns = np.arange(len(block)), column_of[block]
    if exclude_known:
        degree = graph.degree[block].astype(np.int64)
        known = np.concatenate([graph.indices[graph.indptr[row] : graph.indptr[row + 1]] for row in block])
        place = np.concatenate([place, np.repeat(place, degree)])
        columns = np.concatenate([columns, column_of[known]])
    there = columns >= 0
    place, columns = place[there], columns[there]
    order = np.lexsort((columns, place))
    return place[order], columns[order]

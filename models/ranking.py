"""From scores to ranked lists: the one place that knows what must never be in a list."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph

ScoreRows = Callable[[NDArray[np.int64]], NDArray[np.float32]]


def top_k(scores: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The ``k`` highest of each row: columns int64[m, k] and scores float32[m, k].

    ``-inf`` and NaN never enter; -1 and ``-inf`` fill up. Equal scores stand in order of their columns, so that the
    answer does not depend on how a partial sort happened to run.
    """
    m, n = scores.shape
    columns = np.full((m, k), -1, dtype=np.int64)
    best = np.full((m, k), -np.inf, dtype=np.float32)
    take = min(k, n)
    if take == 0:
        return columns, best
    clean = np.where(np.isnan(scores), -np.inf, scores).astype(np.float32, copy=False)
    if take < n:
        # the k-th highest value of each row; everything above it is in, ties with it are settled by column
        threshold = np.partition(clean, n - take, axis=1)[:, n - take]
    else:
        threshold = np.full(m, -np.inf, dtype=np.float32)
    for i in range(m):
        row = clean[i]
        candidates = np.flatnonzero((row >= threshold[i]) & (row > -np.inf))
        order = np.argsort(-row[candidates], kind="stable")[:take]
        chosen = candidates[order]
        columns[i, : len(chosen)] = chosen
        best[i, : len(chosen)] = row[chosen]
    return columns, best


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
    return _rank_listed(
        graph, rows, k, listed, lambda block: score_rows(block)[:, listed], exclude_known, block_rows=block_rows
    )


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
    candidates = np.ascontiguousarray(vectors[listed].T)  # only what may be recommended is multiplied at all
    return _rank_listed(graph, rows, k, listed, lambda block: query_vectors[block] @ candidates, exclude_known)


def _rank_listed(
    graph: ProductGraph,
    rows: NDArray[np.int64],
    k: int,
    listed: NDArray[np.int64],
    score_listed: ScoreRows,
    exclude_known: bool,
    *,
    block_rows: int = 256,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Ranked lists out of scores against the ``listed`` products only, float32[block, listed]."""
    asked = check_request(graph, rows, k)
    column_of = np.full(graph.n_products, -1, dtype=np.int64)
    column_of[listed] = np.arange(len(listed))
    found = np.full((len(asked), k), -1, dtype=np.int64)
    scores = np.full((len(asked), k), -np.inf, dtype=np.float32)
    for start in range(0, len(asked), block_rows):
        block = asked[start : start + block_rows]
        dense = np.array(score_listed(block), dtype=np.float32)  # a copy: the mask is written into it
        for i, row in enumerate(block):
            if exclude_known:
                barred = column_of[graph.indices[graph.indptr[row] : graph.indptr[row + 1]]]
                dense[i, barred[barred >= 0]] = -np.inf
            if column_of[row] >= 0:
                dense[i, column_of[row]] = -np.inf
        columns, best = top_k(dense, k)
        if len(listed):
            found[start : start + len(block)] = np.where(columns >= 0, listed[columns], -1)
        scores[start : start + len(block)] = best
    return found, scores

"""The best ``k`` of each row of scores, kept while tiles of scores come by; compiled.

A row's best stand in a heap whose root is the worst of them, so that one comparison deals with nearly every score.
Of equal scores the smaller column is the better one; tiles come in order of their columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.walk_kernels import among


@njit(nogil=True, cache=True)
def _worse(score: Any, column: Any, a: int, b: int) -> bool:
    return bool(score[a] < score[b] or (score[a] == score[b] and column[a] > column[b]))


@njit(nogil=True, cache=True)
def _swap(score: Any, column: Any, a: int, b: int) -> None:
    score[a], score[b] = score[b], score[a]
    column[a], column[b] = column[b], column[a]


@njit(nogil=True, cache=True)
def _sink(score: Any, column: Any, size: int) -> None:
    """Let the root go down to where it belongs."""
    at = 0
    while True:
        worst = at
        for child in (2 * at + 1, 2 * at + 2):
            if child < size and _worse(score, column, child, worst):
                worst = child
        if worst == at:
            return
        _swap(score, column, at, worst)
        at = worst


@njit(nogil=True, cache=True)
def _rise(score: Any, column: Any, at: int) -> None:
    """Let the entry at ``at`` go up to where it belongs."""
    while at > 0 and _worse(score, column, at, (at - 1) // 2):
        _swap(score, column, at, (at - 1) // 2)
        at = (at - 1) // 2


@njit(nogil=True, cache=True)
def keep_best(
    scores: NDArray[np.float32],
    first: int,
    begin: int,
    end: int,
    barred_start: NDArray[np.int64],
    barred: NDArray[np.int64],
    best: NDArray[np.float32],
    columns: NDArray[np.int64],
    count: NDArray[np.int64],
) -> None:
    """Take the scores of rows ``begin`` to ``end`` into account.

    Args:
        scores: float32[m, t], scores of columns ``first`` to ``first + t``; NaN and ``-inf`` are never kept.
        first: Column of the tile's first.
        begin: First of the rows to deal with.
        end: The row after the last.
        barred_start: int64[m + 1], where each row's part of ``barred`` begins.
        barred: int64, the columns that each row must not keep, ascending within the row.
        best: float32[m, k], the heaps; changed.
        columns: int64[m, k], the columns that belong to them; changed.
        count: int64[m], how many each row has kept; changed.
    """
    k = best.shape[1]
    for i in range(begin, end):
        heap, named, size = best[i], columns[i], count[i]
        never = barred[barred_start[i] : barred_start[i + 1]]
        least = heap[0] if size == k else np.float32(-np.inf)
        for j in range(scores.shape[1]):
            value = scores[i, j]
            if not value > least:  # columns ascend, so an equal score comes too late; NaN compares with nothing
                continue
            column = first + j
            if among(never, column):
                continue
            if size < k:
                heap[size], named[size] = value, column
                _rise(heap, named, size)
                size += 1
            else:
                heap[0], named[0] = value, column
                _sink(heap, named, k)
            if size == k:
                least = heap[0]
        count[i] = size


@njit(nogil=True, cache=True)
def in_order(best: NDArray[np.float32], columns: NDArray[np.int64], count: NDArray[np.int64]) -> None:
    """Turn the heaps into lists, the best first; places that nothing filled hold column -1 and ``-inf``."""
    for i in range(len(count)):
        for end in range(count[i] - 1, 0, -1):
            _swap(best[i], columns[i], 0, end)
            _sink(best[i], columns[i], end)
        for place in range(count[i], best.shape[1]):
            best[i, place], columns[i, place] = -np.inf, -1

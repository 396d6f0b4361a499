"""Lists of a spreading model, and the scores behind them kept, so that a product is spread once for both.

A blend asks a model for its best products and then, when all models have named theirs, for its scores of what the
others named. Both come out of the same spreading, and looking up what it reached costs far less than doing it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from graph import ProductGraph
from models import spreading
from models import spreading_kernels as kernels
from models.arrays import F32, I32, I64, Bool


@dataclass(frozen=True)
class Kept:
    """Everything that some rows reach among the listed products, with its score.

    Attributes:
        n: Products of the graph.
        parts: For some rows at a time, in order: where each begins, int64[rows + 1], the products that they reach,
            int32[e], and their scores, float32[e].
    """

    n: int
    parts: list[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]]

    def scores(self, candidates: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32[m, width]: scores of listed ``candidates`` (int64[m, width], -1 for none) for the kept rows.

        ``-inf`` where nothing reaches; NaN where there is no candidate.
        """
        out = np.full(candidates.shape, np.nan, dtype=np.float32)
        scratch = np.full(self.n, -np.inf, dtype=np.float32)
        done = 0
        for starts, columns, values in self.parts:
            lines = slice(done, done + len(starts) - 1)
            _look_up(starts, columns, values, candidates[lines], out[lines], scratch)
            done = lines.stop
        return out


def rank_and_keep(
    spread: spreading.Spread, graph: ProductGraph, rows: NDArray[np.int64], k: int, threads: int | None = None
) -> tuple[NDArray[np.int64], Kept]:
    """The ``k`` best listed products for each of ``rows`` that are not known yet, int64[m, k], and all scores."""
    found = np.full((len(rows), k), -1, dtype=np.int64)
    scores = np.full((len(rows), k), -np.inf, dtype=np.float32)
    parts: list[Any] = [None] * -(-len(rows) // spreading.ROWS_A_TASK)

    def work(start: int, end: int, memory: tuple[Any, ...]) -> None:
        arguments = (
            rows[start:end], found[start:end], scores[start:end], graph.indptr, graph.indices,
            *spreading.spread_arrays(spread), spread.listed, *memory,
        )  # fmt: skip
        parts[start // spreading.ROWS_A_TASK] = _rank_and_keep(*arguments)

    spreading.in_threads(work, len(rows), len(spread.own), None, threads)
    return found, Kept(len(spread.own), parts)


@njit(nogil=True, cache=True)
def _rank_and_keep(
    rows: I64,
    found: I64,
    scores: F32,
    known_indptr: I64,
    known_indices: I32,
    indptr: I64,
    indices: I32,
    listed_end: I64,
    first: F32,
    later: F32,
    coefficients: F32,
    own: F32,
    other: F32,
    form: int,
    threshold: np.float32,
    ahead: I32,
    ahead_values: F32,
    ahead_counts: I32,
    listed: Bool,
    reached: F32,
    mass: F32,
    arriving: F32,
    reached_list: I32,
    mass_list: I32,
    arriving_list: I32,
    known_of: I64,
) -> tuple[I64, I32, F32]:
    """:func:`models.spreading_kernels.rank_rows`, and what was reached: starts, products, scores."""
    starts = np.zeros(len(rows) + 1, dtype=np.int64)
    columns = np.empty(1024 * len(rows), dtype=np.int32)
    values = np.empty(1024 * len(rows), dtype=np.float32)
    size = 0
    for i in range(len(rows)):
        source = rows[i]
        n_reached = kernels.spread_from(
            source, indptr, indices, listed_end, first, later, coefficients, threshold,
            ahead, ahead_values, ahead_counts,
            reached, mass, arriving, reached_list, mass_list, arriving_list,
        )  # fmt: skip
        kernels.best_reached(
            source, n_reached, found[i], scores[i], True, known_indptr, known_indices,
            own, other, form, listed, reached, reached_list, known_of,
        )  # fmt: skip
        if size + n_reached > len(columns):
            room = max(2 * len(columns), size + n_reached)
            more_columns, more_values = np.empty(room, dtype=np.int32), np.empty(room, dtype=np.float32)
            more_columns[:size], more_values[:size] = columns[:size], values[:size]
            columns, values = more_columns, more_values
        for j in range(n_reached):
            v = reached_list[j]
            if listed[v]:
                columns[size] = v
                values[size] = kernels.formed(form, reached[v], own[source], other[v])
                size += 1
            reached[v] = 0.0
        starts[i + 1] = size
    return starts, columns, values


@njit(nogil=True, cache=True)
def _look_up(starts: I64, columns: I32, values: F32, candidates: I64, out: F32, scratch: F32) -> None:
    """Fill ``out`` (float32[m, width]) with the kept scores of ``candidates``; ``scratch`` float32[n] is all -inf."""
    for i in range(len(candidates)):
        for e in range(starts[i], starts[i + 1]):
            scratch[columns[e]] = values[e]
        for j in range(candidates.shape[1]):
            if candidates[i, j] >= 0:
                out[i, j] = scratch[candidates[i, j]]
        for e in range(starts[i], starts[i + 1]):
            scratch[columns[e]] = -np.inf

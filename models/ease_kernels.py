"""The compiled loop of :mod:`models.ease`: predictions of single pairs."""

from __future__ import annotations

import numpy as np
from numba import njit

from models.arrays import F32, I32, I64


@njit(nogil=True, cache=True)
def predict_pairs(
    first: I64, second: I64, indptr: I64, columns: I32, values: F32, inverse: F32, diagonal: F32, out: F32
) -> None:
    """How well the list of ``first[i]`` predicts ``second[i]``.

    Fast where ``second`` is sorted: its row of the inverse then stays in the cache.

    Args:
        first: int64[m], rows of the graph.
        second: int64[m], columns of listed products.
        indptr: int64[n + 1], of the lists in CSR form, as are the two that follow.
        columns: int32[e].
        values: float32[e].
        inverse: float32[listed, listed], symmetric, with a zero diagonal.
        diagonal: float32[listed], the diagonal that was there.
        out: float32[m], filled.
    """
    for i in range(len(first)):
        column = second[i]
        row = inverse[column]
        total = np.float32(0)
        for e in range(indptr[first[i]], indptr[first[i] + 1]):
            total += values[e] * row[columns[e]]
        out[i] = -total / diagonal[column]

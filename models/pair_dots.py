"""Inner products of single pairs of vectors, without a copy of the vectors of every pair."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.arrays import F32, I64
from models.threads import for_ranges

#: Pairs that a thread takes at a time.
_PAIRS_AT_A_TIME = 8192


def pair_dots(
    first: NDArray[np.float32], second: NDArray[np.float32], a: NDArray[np.int64], b: NDArray[np.int64]
) -> NDArray[np.float32]:
    """float32[m]: ``first[a[i]] · second[b[i]]`` for tables float32[n, d] and rows int64[m]."""
    out = np.empty(len(a), dtype=np.float32)
    for_ranges(lambda start, stop: _dots(first, second, a, b, start, stop, out), len(a), _PAIRS_AT_A_TIME)
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _dots(first: F32, second: F32, a: I64, b: I64, start: int, stop: int, out: F32) -> None:
    d = first.shape[1]
    for i in range(start, stop):
        x, y = first[a[i]], second[b[i]]
        total = np.float32(0)
        for j in range(d):
            total += x[j] * y[j]
        out[i] = total

"""Alias tables: one draw from a weighted distribution in constant time.

Vose, "A linear algorithm for generating random numbers with a given distribution" (1991). An entry holds its
threshold and both outcomes next to each other, so that a draw reads one cache line, wherever the table lies.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.arrays import F32, F64, I32, I64, U32
from models.random_bits import below

#: Columns of an entry (uint32 each, 16 bytes together): draw ``KEPT`` where 32 random bits are below ``THRESHOLD``.
THRESHOLD, KEPT, ALIAS, SPARE = 0, 1, 2, 3


@njit(nogil=True, cache=True, error_model="numpy")
def fill_row(weight: F32 | F64, outcome: I32, entries: U32, scaled: F64, small: I32, large: I32) -> float:
    """Entries uint32[k, 4] for outcomes int32[k] drawn in proportion to weight float32[k].

    ``scaled`` float64, ``small`` and ``large`` int32 are scratch of at least k.
    """
    k = len(weight)
    total = 0.0
    for i in range(k):
        total += weight[i]
    n_small = 0
    n_large = 0
    for i in range(k):
        scaled[i] = weight[i] * (k / total)
        if scaled[i] < 1.0:
            small[n_small] = i
            n_small += 1
        else:
            large[n_large] = i
            n_large += 1
    while n_small > 0 and n_large > 0:
        n_small -= 1
        i = small[n_small]
        j = large[n_large - 1]
        entries[i, 0] = np.uint32(min(scaled[i] * 4294967296.0, 4294967295.0))
        entries[i, 1] = outcome[i]
        entries[i, 2] = outcome[j]
        scaled[j] -= 1.0 - scaled[i]
        if scaled[j] < 1.0:
            n_large -= 1
            small[n_small] = j
            n_small += 1
    # What is left over holds a full slot, up to rounding; the rest of it goes to an outcome that surely has a weight.
    heaviest = 0
    for i in range(k):
        if weight[i] > weight[heaviest]:
            heaviest = i
    for m in range(n_small + n_large):
        i = small[m] if m < n_small else large[m - n_small]
        entries[i, 0] = np.uint32(min(scaled[i] * 4294967296.0, 4294967295.0))
        entries[i, 1] = outcome[i]
        entries[i, 2] = outcome[heaviest]
    return total


@njit(nogil=True, cache=True)
def fill_rows(indptr: I64, indices: I32, weight: F32, first: int, last: int, entries: U32, totals: F64) -> None:
    """Entries of rows ``first`` to ``last`` of a CSR matrix, and the sums of their weights (float64[n])."""
    widest = 0
    for v in range(first, last):
        widest = max(widest, indptr[v + 1] - indptr[v])
    scaled = np.empty(widest, dtype=np.float64)
    small = np.empty(widest, dtype=np.int32)
    large = np.empty(widest, dtype=np.int32)
    for v in range(first, last):
        a = indptr[v]
        b = indptr[v + 1]
        if b > a:
            totals[v] = fill_row(weight[a:b], indices[a:b], entries[a:b], scaled, small, large)


@njit(inline="always")
def draw(entries: U32, bits: np.uint64) -> np.uint32:
    """One outcome of a whole table, out of 64 random bits: the upper half picks the entry, the lower half the side."""
    e = np.int64(below(bits, np.uint64(len(entries))))
    if np.uint32(bits & np.uint64(0xFFFFFFFF)) < entries[e, 0]:
        return np.uint32(entries[e, 1])
    return np.uint32(entries[e, 2])


def alias_table(weight: NDArray[np.float64]) -> NDArray[np.uint32]:
    """uint32[n, 4]: the alias table of outcomes 0 to n - 1 in proportion to ``weight`` float[n].

    Outcomes of weight zero are allowed here and never drawn; probabilities are right to 2**-32 / n.

    Raises:
        ValueError: no weight above zero, or one that is negative or not finite.
    """
    w = np.ascontiguousarray(weight, dtype=np.float64)
    if not len(w) or not np.isfinite(w).all() or (w < 0).any() or w.sum() == 0:
        raise ValueError("an alias table needs finite weights, none negative and at least one above zero")
    entries = np.zeros((len(w), 4), dtype=np.uint32)
    n = len(w)
    scratch = np.empty(n), np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    fill_row(w, np.arange(n, dtype=np.int32), entries, *scratch)
    return entries

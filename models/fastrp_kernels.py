"""FastRP's inner loops (numba): random vectors, and means over neighbours that are normalized as they are made.

A step reads a row of d numbers for every edge, at a random place, and does two operations on each of them: it is the
memory's bandwidth that limits it. So rows are asked for ahead of time, sums stay in registers until a row is complete,
and its length is taken while it is still in the cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from models.arrays import F32, F64, I32, I64
from models.random_bits import GOLDEN, mix, stream
from models.simd import LANES, fma, load, prefetch, spread, store

ZERO = np.float32(0.0)
#: Edges ahead of the one in hand whose rows are asked for.
AHEAD = 16
#: Columns whose sums stay in registers together.
TILE = 8 * LANES
#: A sixth of 2**16.
SIXTH = np.uint64(10923)


@njit(nogil=True, cache=True)
def row_sums(indptr: I64, weight: F32, sums: F64) -> None:
    """float64[n]: the sum of each row's edge weights."""
    for i in range(len(indptr) - 1):
        total = 0.0
        for e in range(indptr[i], indptr[i + 1]):
            total += weight[e]
        sums[i] = total


@njit(nogil=True, cache=True)
def draw_rows(key: np.uint64, scale: F32, dimensions: int, first: int, last: int, out: F32) -> None:
    """Rows ``first`` to ``last`` of ``out`` float32[n, width]: scale * (+1, 0 or -1 with chances 1/6, 2/3, 1/6).

    The chances are right to 10^-5. Columns from ``dimensions`` on stay as they are; row i draws from stream i.
    """
    sixteen = np.uint64(0xFFFF)
    for i in range(first, last):
        state = stream(key, i)
        bits = np.uint64(0)
        for x in range(dimensions):
            if x % 4 == 0:
                state += GOLDEN
                bits = mix(state)
            drawn = bits & sixteen
            bits >>= np.uint64(16)
            sign = np.float32(np.int32(drawn < SIXTH) - np.int32(drawn >= np.uint64(65536) - SIXTH))
            out[i, x] = scale[i] * sign


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def step(
    indptr: I64,
    indices: I32,
    weight: F32,
    sums: F64,
    source: F32,
    factor: np.float32,
    first: int,
    last: int,
    target: F32,
    summed: F32,
) -> None:
    """For rows ``first`` to ``last``: the weighted mean of the neighbours' rows, and that times ``factor`` / length.

    Args:
        indptr: int64[n + 1].
        indices: int32[e].
        weight: float32[e].
        sums: float64[n], of each row's weights; rows where it is 0 become zero.
        source: float32[n, width], width a multiple of 16.
        factor: What the step counts.
        first: Row.
        last: Row.
        target: float32[n, width], filled in: the means.
        summed: float32[n, width], added to: the means, made ``factor`` long.
    """
    width = source.shape[1]
    zero: Any = spread(ZERO)
    for i in range(first, last):
        begin, end = indptr[i], indptr[i + 1]
        share: Any = spread(np.float32(1.0 / sums[i]) if sums[i] > 0.0 else ZERO)
        k = 0
        while k + TILE <= width:
            a = b = c = d = p = q = r = s = zero
            for e in range(begin, end):
                if e + AHEAD < len(indices):  # of the next rows, too
                    later = np.int64(indices[e + AHEAD])
                    for x in range(k, k + TILE, LANES):
                        prefetch(source, later, x)
                w: Any = spread(weight[e])
                j = np.int64(indices[e])
                a = fma(w, load(source, j, k), a)
                b = fma(w, load(source, j, k + 16), b)
                c = fma(w, load(source, j, k + 32), c)
                d = fma(w, load(source, j, k + 48), d)
                p = fma(w, load(source, j, k + 64), p)
                q = fma(w, load(source, j, k + 80), q)
                r = fma(w, load(source, j, k + 96), r)
                s = fma(w, load(source, j, k + 112), s)
            store(target, i, k, fma(share, a, zero))
            store(target, i, k + 16, fma(share, b, zero))
            store(target, i, k + 32, fma(share, c, zero))
            store(target, i, k + 48, fma(share, d, zero))
            store(target, i, k + 64, fma(share, p, zero))
            store(target, i, k + 80, fma(share, q, zero))
            store(target, i, k + 96, fma(share, r, zero))
            store(target, i, k + 112, fma(share, s, zero))
            k += TILE
        while k < width:
            a = zero
            for e in range(begin, end):
                a = fma(spread(weight[e]), load(source, np.int64(indices[e]), k), a)
            store(target, i, k, fma(share, a, zero))
            k += LANES
        if factor != ZERO:
            square = ZERO
            for x in range(width):
                square += target[i, x] * target[i, x]
            scale = factor / np.sqrt(square) if square > ZERO else ZERO
            for x in range(width):
                summed[i, x] += scale * target[i, x]

"""Skip-gram's inner loops (numba): a few whole walks at a time as a handful of small matrix products.

The input rows X of a group of walks meet the output rows of their own walk (the contexts) and S negative samples
that the group shares. All scores of a group are small matrix products, and so are its gradients. Nothing is drawn
about the window: a pair at distance t counts with the probability (window - t + 1) / window that word2vec's
random window covers it, which is the same in expectation and less noisy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from models.alias import draw
from models.arrays import F32, I32, U32
from models.random_bits import GOLDEN, mix, stream
from models.simd import fma, load, spread, store

ZERO = np.float32(0.0)
ONE = np.float32(1.0)
HALF = np.float32(0.5)
#: Scores are cut off here: sigmoid(9) is 0.9999.
HIGHEST = np.float32(4.5)


@njit(inline="always", fastmath=True)
def sigmoid(score: np.float32) -> np.float32:
    """1 / (1 + exp(-score)) to 2e-5, in arithmetic that vectorizes: Lambert's continued fraction of tanh(score / 2)."""
    y = min(max(HALF * score, -HIGHEST), HIGHEST)
    z = y * y
    over = y * (np.float32(135135) + z * (np.float32(17325) + z * (np.float32(378) + z)))
    under = np.float32(135135) + z * (np.float32(62370) + z * (np.float32(3150) + z * np.float32(28)))
    return HALF + HALF * over / under


@njit(inline="always")
def _copy_row(to: F32, i: Any, source: F32, row: Any) -> None:
    """``to[i] = source[row]`` as a plain loop, which is four times as fast as the assignment of slices."""
    for t in range(to.shape[1]):
        to[i, t] = source[row, t]


@njit(nogil=True, cache=True, error_model="numpy")
def combine(weight: F32, y: F32, out: F32, rows: int, add: bool) -> None:
    """``out[i] = sum over j of weight[i, j] * y[j]`` for i below ``rows``, or ``+=`` where ``add``.

    Four rows by 32 columns at a time stay in registers. No BLAS: from several threads, with threads of its own, it
    costs more than such small products.

    weight float32[>= rows rounded up to 4, m]; y float32[m, width], width a multiple of 16; out float32[likewise,
    width], whose rows behind the last are overwritten, too.
    """
    count, width = y.shape
    zero: Any = spread(ZERO)
    for i in range(0, rows, 4):
        k = 0
        while k + 32 <= width:
            a0 = a1 = b0 = b1 = c0 = c1 = d0 = d1 = zero
            if add:
                a0, a1 = load(out, i, k), load(out, i, k + 16)
                b0, b1 = load(out, i + 1, k), load(out, i + 1, k + 16)
                c0, c1 = load(out, i + 2, k), load(out, i + 2, k + 16)
                d0, d1 = load(out, i + 3, k), load(out, i + 3, k + 16)
            for j in range(count):
                y0, y1 = load(y, j, k), load(y, j, k + 16)
                w = spread(weight[i, j])
                a0, a1 = fma(w, y0, a0), fma(w, y1, a1)
                w = spread(weight[i + 1, j])
                b0, b1 = fma(w, y0, b0), fma(w, y1, b1)
                w = spread(weight[i + 2, j])
                c0, c1 = fma(w, y0, c0), fma(w, y1, c1)
                w = spread(weight[i + 3, j])
                d0, d1 = fma(w, y0, d0), fma(w, y1, d1)
            store(out, i, k, a0)
            store(out, i, k + 16, a1)
            store(out, i + 1, k, b0)
            store(out, i + 1, k + 16, b1)
            store(out, i + 2, k, c0)
            store(out, i + 2, k + 16, c1)
            store(out, i + 3, k, d0)
            store(out, i + 3, k + 16, d1)
            k += 32
        if k < width:
            a0 = b0 = c0 = d0 = zero
            if add:
                a0, b0, c0, d0 = load(out, i, k), load(out, i + 1, k), load(out, i + 2, k), load(out, i + 3, k)
            for j in range(count):
                y0 = load(y, j, k)
                a0 = fma(spread(weight[i, j]), y0, a0)
                b0 = fma(spread(weight[i + 1, j]), y0, b0)
                c0 = fma(spread(weight[i + 2, j]), y0, c0)
                d0 = fma(spread(weight[i + 3, j]), y0, d0)
            store(out, i, k, a0)
            store(out, i + 1, k, b0)
            store(out, i + 2, k, c0)
            store(out, i + 3, k, d0)


@njit(inline="always")
def _turn(source: F32, to: F32, rows: int) -> None:
    """``to[k, i] = source[i, k]`` for i below ``rows``."""
    for i in range(rows):
        for k in range(source.shape[1]):
            to[k, i] = source[i, k]


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def gradients(
    walks: I32,
    first: int,
    last: int,
    size: int,
    inputs: F32,
    outputs: F32,
    pair_weight: F32,
    negative_weight: F32,
    noise: U32,
    key: np.uint64,
    first_walk: int,
    rate: np.float32,
    negatives: I32,
    input_steps: F32,
    output_steps: F32,
    negative_steps: F32,
) -> None:
    """Steps (learning rate times gradient) for walks ``first`` to ``last`` of a batch; nothing shared is written.

    Args:
        walks: int32[b, L], rows; -1 from a dead end on.
        first: A multiple of ``size``.
        last: Likewise, or b.
        size: Walks that share negative samples.
        inputs: float32[n, d], d a multiple of 16.
        outputs: float32[n, d].
        pair_weight: float32[L, L], what the pair of positions (i, j) counts; 0 on the diagonal and outside the window.
        negative_weight: float32[L], what a negative sample counts for position i.
        noise: Alias table of the noise distribution.
        key: Of the noise; the group that starts with walk k of the batch draws from stream ``first_walk + k``.
        first_walk: Number of the batch's first walk.
        rate: Learning rate.
        negatives: int32[groups, S], filled in: the rows drawn.
        input_steps: float32[b * L, d], filled in; row ``walk * L + i`` belongs to ``inputs[walks[walk, i]]``.
        output_steps: float32[b * L, d], filled in, likewise for ``outputs``.
        negative_steps: float32[groups * S, d], filled in; row ``group * S + s`` belongs to ``negatives[group, s]``.
    """
    batch, length = walks.shape
    shared = negatives.shape[1]
    width = inputs.shape[1]
    shared_wide = (shared + 15) // 16 * 16
    wide = (length + 15) // 16 * 16
    # rows to spare for combine; what is beyond the negatives and beyond the walk stays zero and counts nothing
    x = np.zeros((size * length + 16, width), dtype=np.float32)
    y = np.zeros((wide, width), dtype=np.float32)
    z = np.zeros((shared_wide, width), dtype=np.float32)
    y_turned = np.zeros((width, wide), dtype=np.float32)
    z_turned = np.zeros((width, shared_wide), dtype=np.float32)
    h = np.zeros((size * length + 16, shared_wide), dtype=np.float32)
    g = np.zeros((wide, wide), dtype=np.float32)
    to_inputs = np.zeros((size * length + 16, width), dtype=np.float32)
    to_outputs = np.zeros((wide, width), dtype=np.float32)
    to_noise = np.zeros((shared_wide, width), dtype=np.float32)
    for start in range(first, last, size):
        group = start // size
        here = min(size, batch - start)
        words = here * length
        state = stream(key, first_walk + start)
        for s in range(shared):
            state += GOLDEN
            row = np.int64(draw(noise, mix(state)))
            negatives[group, s] = np.int32(row)
            _copy_row(z, s, outputs, row)
        for k in range(here):
            for i in range(length):
                _copy_row(x, k * length + i, inputs, max(np.int64(walks[start + k, i]), np.int64(0)))
        _turn(z, z_turned, shared)
        combine(x, z_turned, h, words, False)
        for k in range(here):
            for i in range(length):
                # a dead end trains nothing
                own = walks[start + k, i]
                weight = -rate * negative_weight[i] if own >= 0 else ZERO
                at = k * length + i
                for s in range(shared):
                    h[at, s] = sigmoid(h[at, s]) * (weight if negatives[group, s] != own else ZERO)
        combine(h, z, to_inputs, words, False)
        combine(h[:words].T, x[:words], to_noise, shared, False)
        for s in range(shared):
            _copy_row(negative_steps, group * shared + s, to_noise, s)
        for k in range(here):
            lo = k * length
            for i in range(length):
                _copy_row(y, i, outputs, max(np.int64(walks[start + k, i]), np.int64(0)))
            _turn(y, y_turned, length)
            combine(x[lo:], y_turned, g, length, False)
            g[length:] = ZERO  # combine writes rows by four
            for i in range(length):
                own = walks[start + k, i]
                for j in range(length):
                    other = walks[start + k, j]
                    # going to and fro says nothing about a product and itself
                    counts = (own >= 0) & (other >= 0) & (own != other)
                    g[i, j] = rate * pair_weight[i, j] * (ONE - sigmoid(g[i, j])) if counts else ZERO
            combine(g[:, :length], y[:length], to_inputs[lo:], length, True)
            combine(g[:length].T, x[lo : lo + length], to_outputs, length, False)
            at = (start + k) * length
            for i in range(length):
                _copy_row(input_steps, at + i, to_inputs, lo + i)
                _copy_row(output_steps, at + i, to_outputs, i)


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def add_steps(table: F32, rows: I32, steps: F32, share: F32, part: int, parts: int) -> None:
    """``table[rows[i]] += share[rows[i]] * steps[i]`` in order of i, for the rows of one part; -1 is nobody's row.

    A row belongs to one part, so that parts can be done at once, and the sums come out the same however many there are.
    """
    width = table.shape[1]
    for i in range(len(rows)):
        row = rows[i]
        if row >= 0 and row % parts == part:
            factor = share[row]
            for k in range(width):
                table[row, k] += factor * steps[i, k]


@njit(nogil=True, cache=True, error_model="numpy")
def at_once(
    walks: I32,
    first: int,
    size: int,
    inputs: F32,
    outputs: F32,
    pair_weight: F32,
    negative_weight: F32,
    noise: U32,
    key: np.uint64,
    first_walk: int,
    rate: np.float32,
    negatives: I32,
    input_steps: F32,
    output_steps: F32,
    negative_steps: F32,
    input_share: F32,
    output_share: F32,
    noise_share: F32,
) -> None:
    """:func:`gradients` and :func:`add_steps` group by group, for the walks from ``first`` on.

    The arrays of steps hold one group, and stay in the cache.
    """
    length = walks.shape[1]
    for start in range(first, len(walks), size):
        group = walks[start : start + size]
        words = len(group) * length
        gradients(
            group,
            0,
            len(group),
            size,
            inputs,
            outputs,
            pair_weight,
            negative_weight,
            noise,
            key,
            first_walk + start,
            rate,
            negatives,
            input_steps[:words],
            output_steps[:words],
            negative_steps,
        )
        add_steps(inputs, group.reshape(-1), input_steps[:words], input_share, 0, 1)
        add_steps(outputs, group.reshape(-1), output_steps[:words], output_share, 0, 1)
        add_steps(outputs, negatives.reshape(-1), negative_steps, noise_share, 0, 1)

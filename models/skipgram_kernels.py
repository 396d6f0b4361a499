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


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _inner_products(x: F32, y: F32, out: F32, rows: int, columns: int) -> None:
    """``out[i, j] = x[i] · y[j]``, two by four at a time; an odd row out is done twice, which changes nothing.

    No BLAS: from several threads, with threads of its own, it would cost more than these small products.
    """
    width = x.shape[1]
    for i in range(0, rows, 2):
        i1 = min(i + 1, rows - 1)
        for j in range(0, columns, 4):
            j1 = min(j + 1, columns - 1)
            j2 = min(j + 2, columns - 1)
            j3 = min(j + 3, columns - 1)
            a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = np.float32(0.0)
            for k in range(width):
                u = x[i, k]
                v = x[i1, k]
                a0 += u * y[j, k]
                a1 += u * y[j1, k]
                a2 += u * y[j2, k]
                a3 += u * y[j3, k]
                b0 += v * y[j, k]
                b1 += v * y[j1, k]
                b2 += v * y[j2, k]
                b3 += v * y[j3, k]
            out[i, j] = a0
            out[i, j1] = a1
            out[i, j2] = a2
            out[i, j3] = a3
            out[i1, j] = b0
            out[i1, j1] = b1
            out[i1, j2] = b2
            out[i1, j3] = b3


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _add_combinations(weight: F32, y: F32, out: F32, rows: int, columns: int) -> None:
    """``out[i] += sum over j of weight[i, j] * y[j]``, two by four at a time.

    ``weight`` has a row and three columns to spare, which hold zeros; ``out`` has a row to spare.
    """
    width = y.shape[1]
    for i in range(0, rows, 2):
        for j in range(0, columns, 4):
            j1 = min(j + 1, columns - 1)
            j2 = min(j + 2, columns - 1)
            j3 = min(j + 3, columns - 1)
            a0, a1, a2, a3 = weight[i, j], weight[i, j + 1], weight[i, j + 2], weight[i, j + 3]
            b0, b1, b2, b3 = weight[i + 1, j], weight[i + 1, j + 1], weight[i + 1, j + 2], weight[i + 1, j + 3]
            for k in range(width):
                y0 = y[j, k]
                y1 = y[j1, k]
                y2 = y[j2, k]
                y3 = y[j3, k]
                out[i, k] += a0 * y0 + a1 * y1 + a2 * y2 + a3 * y3
                out[i + 1, k] += b0 * y0 + b1 * y1 + b2 * y2 + b3 * y3


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
        inputs: float32[n, d].
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
    x = np.empty((size * length, width), dtype=np.float32)
    y = np.empty((length, width), dtype=np.float32)
    z = np.empty((shared, width), dtype=np.float32)
    # room to spare, always zero, for the kernels that take rows by two and columns by four
    h = np.zeros((size * length + 3, shared + 3), dtype=np.float32)
    h_turned = np.zeros((shared + 1, size * length + 3), dtype=np.float32)
    g = np.zeros((length + 1, length + 3), dtype=np.float32)
    g_turned = np.zeros((length + 1, length + 3), dtype=np.float32)
    to_inputs = np.zeros((size * length + 1, width), dtype=np.float32)
    to_outputs = np.zeros((length + 1, width), dtype=np.float32)
    to_noise = np.zeros((shared + 1, width), dtype=np.float32)
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
        _inner_products(x, z, h, words, shared)
        for k in range(here):
            for i in range(length):
                # a dead end trains nothing
                own = walks[start + k, i]
                weight = -rate * negative_weight[i] if own >= 0 else np.float32(0.0)
                at = k * length + i
                for s in range(shared):
                    h[at, s] = sigmoid(h[at, s]) * (weight if negatives[group, s] != own else np.float32(0.0))
        for at in range(words):
            for s in range(shared):
                h_turned[s, at] = h[at, s]
        to_inputs[:] = 0.0
        to_noise[:] = 0.0
        h[words] = 0.0
        h_turned[:, words:] = 0.0
        _add_combinations(h, z, to_inputs, words, shared)
        _add_combinations(h_turned, x, to_noise, shared, words)
        for s in range(shared):
            _copy_row(negative_steps, group * shared + s, to_noise, s)
        for k in range(here):
            lo = k * length
            own_x = x[lo : lo + length]
            for i in range(length):
                _copy_row(y, i, outputs, max(np.int64(walks[start + k, i]), np.int64(0)))
            _inner_products(own_x, y, g, length, length)
            for i in range(length):
                own = walks[start + k, i]
                for j in range(length):
                    other = walks[start + k, j]
                    # going to and fro says nothing about a product and itself
                    counts = (own >= 0) & (other >= 0) & (own != other)
                    weight = rate * pair_weight[i, j] * (ONE - sigmoid(g[i, j])) if counts else np.float32(0.0)
                    g[i, j] = weight
                    g_turned[j, i] = weight
            to_outputs[:] = 0.0
            _add_combinations(g, y, to_inputs[lo:], length, length)
            _add_combinations(g_turned, own_x, to_outputs, length, length)
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
        add_steps(outputs, negatives.reshape(-1), negative_steps, output_share, 0, 1)

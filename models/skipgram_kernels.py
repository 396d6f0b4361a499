"""Skip-gram's inner loops (numba): a whole walk at a time as a handful of small matrix products.

The input rows X of a walk meet one matrix Y: the output rows of the same walk (the contexts) above those of S negative
samples that a few walks share. The scores are X Yᵀ, with the errors G in their place the steps are G Y for the input
rows and Gᵀ X for the output rows. Nothing is drawn about the window: a pair at distance t counts with the probability
(window - t + 1) / window that word2vec's random window covers it, which is the same in expectation and less noisy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from models.alias import draw
from models.arrays import F32, I32, I64, U32
from models.meeting import meet
from models.random_bits import GOLDEN, mix, stream
from models.simd import LANES, WIDE_TILES, fma, load, prefetch, spread, store, turn

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


#: The learning rate falls to this part of itself.
LEAST_RATE = 1e-3
#: Rows ahead of the one in hand that are asked for from memory.
AHEAD = 12


@njit(inline="always")
def _copy_row(to: F32, i: Any, source: F32, row: Any) -> None:
    """``to[i] = source[row]`` as a plain loop, which is four times as fast as the assignment of slices."""
    for t in range(to.shape[1]):
        to[i, t] = source[row, t]


@njit(nogil=True, cache=True, error_model="numpy")
def combine(weight: F32, y: F32, out: F32, rows: int, add: bool) -> None:
    """``out[i] = sum over j of weight[i, j] * y[j]`` for i below ``rows``, or ``+=`` where ``add``.

    Four rows by 32 columns at a time stay in registers, or by 16 where registers are fewer (:data:`WIDE_TILES`); the
    sums are the same. No BLAS: from several threads, with threads of its own, it costs more than such small products.

    weight float32[>= rows rounded up to 4, m]; y float32[m, width], width a multiple of 16; out float32[likewise,
    width], whose rows behind the last are overwritten, too.
    """
    count, width = y.shape
    zero: Any = spread(ZERO)
    for i in range(0, rows, 4):
        k = 0
        while WIDE_TILES and k + 32 <= width:
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
        while k < width:
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
            k += 16


@njit(inline="always")
def _turn(source: F32, to: F32, last: int) -> None:
    """``to[k, i] = source[i, k]`` for i up to ``last`` rounded up to 16, sixteen by sixteen numbers at a time."""
    for i in range(0, last, LANES):
        for k in range(0, source.shape[1], LANES):
            turn(source, i, to, k)


@njit(inline="always")
def _prefetch_row(table: F32, row: Any) -> None:
    """Ask for a row of a table, so that it is there when it is used; a cache line holds sixteen numbers."""
    for k in range(0, table.shape[1], LANES):
        prefetch(table, row, k)


@njit(inline="always", fastmath=True)
def _errors(h: F32, i: int, own: Any, ids: I32, weight: F32, label: F32) -> None:
    """Scores of row ``i`` into errors: weight * (label - sigmoid(score)); nothing for a product and itself."""
    for c in range(len(ids)):
        # going to and fro says nothing about a product and itself, and a dead end nothing at all
        counts = (ids[c] != own) & (ids[c] >= 0)
        h[i, c] = weight[i, c] * (label[c] - sigmoid(h[i, c])) if counts else ZERO


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
        walks: int32[b, L4], rows; -1 from a dead end on, and behind the walk's L products: L4 is L rounded up to a
            multiple of 4.
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
        negatives: int32[groups, S], S a multiple of 4, filled in: the rows drawn.
        input_steps: float32[b * L4, d], filled in; row ``walk * L4 + i`` belongs to ``inputs[walks[walk, i]]``.
        output_steps: float32[b * L4, d], filled in, likewise for ``outputs``.
        negative_steps: float32[groups * S, d], filled in; row ``group * S + s`` belongs to ``negatives[group, s]``.
    """
    batch, padded = walks.shape
    length = len(negative_weight)
    shared = negatives.shape[1]
    width = inputs.shape[1]
    wide = (padded + shared + 15) // 16 * 16
    # what is beyond the walk and beyond the negatives stays zero and counts nothing
    x = np.zeros((padded, width), dtype=np.float32)
    y = np.zeros((wide, width), dtype=np.float32)
    y_turned = np.zeros((width, wide), dtype=np.float32)
    h = np.zeros((padded, wide), dtype=np.float32)
    ids = np.full(wide, -1, dtype=np.int32)
    label = np.zeros(wide, dtype=np.float32)
    weight = np.zeros((length, wide), dtype=np.float32)
    label[:length] = ONE
    for i in range(length):
        for j in range(length):
            weight[i, j] = rate * pair_weight[i, j]
        for s in range(shared):
            weight[i, padded + s] = rate * negative_weight[i]
    for start in range(first, last, size):
        group = start // size
        state = stream(key, first_walk + start)
        for s in range(shared):
            state += GOLDEN
            row = np.int64(draw(noise, mix(state)))
            negatives[group, s] = ids[padded + s] = np.int32(row)
            _prefetch_row(outputs, row)
        for s in range(shared):
            _copy_row(y, padded + s, outputs, ids[padded + s])
        _turn(y, y_turned, padded + shared)
        for walk in range(start, min(start + size, batch)):
            if walk + 1 < last:
                for i in range(length):
                    row = max(np.int64(walks[walk + 1, i]), np.int64(0))
                    _prefetch_row(inputs, row)
                    _prefetch_row(outputs, row)
            for i in range(length):
                ids[i] = walks[walk, i]
                row = max(np.int64(walks[walk, i]), np.int64(0))
                _copy_row(x, i, inputs, row)
                _copy_row(y, i, outputs, row)
            _turn(y, y_turned, length)
            combine(x, y_turned, h, padded, False)
            for i in range(length):
                if ids[i] >= 0:
                    _errors(h, i, ids[i], ids, weight, label)
                else:
                    h[i] = ZERO
            at = walk * padded
            combine(h, y, input_steps[at : at + padded], padded, False)
            combine(h[:length, :padded].T, x[:length], output_steps[at : at + padded], padded, False)
            combine(
                h[:length, padded : padded + shared].T,
                x[:length],
                negative_steps[group * shared : (group + 1) * shared],
                shared,
                walk > start,
            )


@njit(inline="always")
def _add_rows(table: F32, rows: I32, steps: F32, share: F32, low: int, high: int) -> None:
    """``table[rows[i]] += share[rows[i]] * steps[i]`` in order of i, for the columns from ``low`` to ``high``."""
    for i in range(len(rows)):
        if i + AHEAD < len(rows):
            later = max(np.int64(rows[i + AHEAD]), np.int64(0))
            for k in range(low, high, LANES):
                prefetch(table, later, k)
        row = rows[i]
        if row >= 0:
            factor: Any = spread(share[row])
            for k in range(low, high, LANES):
                store(table, row, k, fma(factor, load(steps, i, k), load(table, row, k)))


@njit(nogil=True, cache=True, error_model="numpy")
def add_steps(
    walks: I32,
    negatives: I32,
    inputs: F32,
    outputs: F32,
    input_steps: F32,
    output_steps: F32,
    negative_steps: F32,
    input_share: F32,
    output_share: F32,
    noise_share: F32,
    low: int,
    high: int,
) -> None:
    """Add what :func:`gradients` found to the columns from ``low`` to ``high`` (multiples of 16) of both tables.

    Every row is scaled by its share (float32[n] each); -1 is nobody's row. Columns are independent, so that threads
    can take some each, and the sums come out the same however many there are.
    """
    rows = walks.reshape(-1)
    _add_rows(inputs, rows, input_steps, input_share, low, high)
    _add_rows(outputs, rows, output_steps, output_share, low, high)
    _add_rows(outputs, negatives.reshape(-1), negative_steps, noise_share, low, high)


@njit(nogil=True, cache=True, error_model="numpy")
def together(
    walks: I32,
    batch: int,
    me: int,
    parts: int,
    place: I64,
    size: int,
    inputs: F32,
    outputs: F32,
    pair_weight: F32,
    negative_weight: F32,
    noise: U32,
    key: np.uint64,
    first_walk: int,
    walks_in_all: int,
    learning_rate: float,
    negatives: I32,
    input_steps: F32,
    output_steps: F32,
    negative_steps: F32,
    input_share: F32,
    output_share: F32,
    noise_share: F32,
) -> None:
    """Part ``me`` of ``parts`` of training on ``walks``, ``batch`` at a time: the others call it at the same time.

    Everybody computes the steps of some groups of a batch out of the same tables (:func:`gradients`), waits at
    ``place`` (:mod:`models.meeting`) until all have, adds everybody's steps to some columns (:func:`add_steps`), and
    waits again. ``first_walk`` of ``walks_in_all`` walks lie behind; the learning rate falls with them.
    """
    lanes = inputs.shape[1] // LANES
    low = lanes * me // parts * LANES
    high = lanes * (me + 1) // parts * LANES
    for first in range(0, len(walks), batch):
        here = walks[first : first + batch]
        groups = (len(here) + size - 1) // size
        number = first_walk + first
        gradients(
            here,
            min(groups * me // parts * size, len(here)),
            min(groups * (me + 1) // parts * size, len(here)),
            size,
            inputs,
            outputs,
            pair_weight,
            negative_weight,
            noise,
            key,
            number,
            np.float32(learning_rate * max(1.0 - number / walks_in_all, LEAST_RATE)),
            negatives,
            input_steps,
            output_steps,
            negative_steps,
        )
        if not meet(place, parts):
            return
        add_steps(
            here,
            negatives[:groups],
            inputs,
            outputs,
            input_steps,
            output_steps,
            negative_steps,
            input_share,
            output_share,
            noise_share,
            low,
            high,
        )
        if not meet(place, parts):
            return


@njit(nogil=True, cache=True, error_model="numpy")
def alone(
    walks: I32,
    size: int,
    inputs: F32,
    outputs: F32,
    pair_weight: F32,
    negative_weight: F32,
    noise: U32,
    key: np.uint64,
    first_walk: int,
    walks_in_all: int,
    learning_rate: float,
    input_share: F32,
    output_share: F32,
    noise_share: F32,
    shared: int,
) -> None:
    """Training on ``walks`` without a look at what other threads do: every group's steps are added at once.

    The arrays of steps hold one group, and stay in the cache.
    """
    padded, width = walks.shape[1], inputs.shape[1]
    negatives = np.empty((1, shared), dtype=np.int32)
    input_steps = np.empty((size * padded, width), dtype=np.float32)
    output_steps = np.empty((size * padded, width), dtype=np.float32)
    negative_steps = np.empty((shared, width), dtype=np.float32)
    for start in range(0, len(walks), size):
        group = walks[start : start + size]
        number = first_walk + start
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
            number,
            np.float32(learning_rate * max(1.0 - number / walks_in_all, LEAST_RATE)),
            negatives,
            input_steps,
            output_steps,
            negative_steps,
        )
        add_steps(
            group,
            negatives,
            inputs,
            outputs,
            input_steps,
            output_steps,
            negative_steps,
            input_share,
            output_share,
            noise_share,
            0,
            width,
        )

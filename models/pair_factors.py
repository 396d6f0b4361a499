"""The loops of matrix factorization by stochastic gradients on pairs, one after the other in a fixed order."""

from __future__ import annotations

import numpy as np
from numba import njit

from models.arrays import F32, I32
from models.random_bits import GOLDEN, below, mix, stream


@njit(nogil=True, cache=True, fastmath=True)
def train_pairs(
    a: I32,
    b: I32,
    label: F32,
    candidates: I32,
    negatives: int,
    vectors: F32,
    bias: F32,
    with_bias: bool,
    logistic: bool,
    rate: np.float32,
    regularization: np.float32,
    key: np.uint64,
    number: int,
) -> float:
    """One pass over pairs (a, b, label), each followed by ``negatives`` pairs of a with a random one of label 0.

    The prediction is v_a · v_b (+ bias_a + bias_b), through a sigmoid with cross entropy where ``logistic``, else with
    squared error; each visit shrinks what it touches by ``regularization``. Gives the mean loss.
    """
    d = vectors.shape[1]
    n = np.uint64(len(candidates))
    state = stream(key, number)
    lost = 0.0
    for i in range(len(a)):
        u = a[i]
        for j in range(negatives + 1):
            if j == 0:
                v, y = b[i], label[i]
            else:
                state += GOLDEN
                v, y = candidates[below(mix(state), n)], np.float32(0.0)
                if v == u:
                    continue
            raw = np.float32(0.0)
            for x in range(d):
                raw += vectors[u, x] * vectors[v, x]
            if with_bias:
                raw += bias[u] + bias[v]
            if logistic:
                p = np.float32(1.0) / (np.float32(1.0) + np.exp(-raw))
                lost -= y * np.log(p + 1e-7) + (1 - y) * np.log(1 - p + 1e-7)
                error = y - p
            else:
                error = y - raw
                lost += error * error
                error = min(max(error, np.float32(-5.0)), np.float32(5.0))
            step = rate * error
            shrink = np.float32(1.0) - rate * regularization
            for x in range(d):
                old = vectors[u, x]
                vectors[u, x] = shrink * old + step * vectors[v, x]
                vectors[v, x] = shrink * vectors[v, x] + step * old
            if with_bias:
                bias[u] = shrink * bias[u] + step
                bias[v] = shrink * bias[v] + step
    return lost / max(1, len(a) * (negatives + 1))

"""GloVe: vectors whose inner product is the logarithm of how often walks see two products together.

    minimize sum over (a, b) of f(n_ab) (v_a · u_b + bias_a + bias_b - log n_ab)^2,   f(n) = min(1, (n / n_max)^power)

Pennington, Socher, Manning: GloVe: Global vectors for word representation, EMNLP 2014, equation 8, with AdaGrad as
there. n_ab counts co-occurrences within ``window`` steps of random walks, at distance t with weight 1 / t, as in the
paper. score(a, b) = v_a · u_b + bias_b: with the candidate's bias it estimates log n_ab up to what is the same for all
candidates. Only pairs that were seen are trained on, which is GloVe's weakness as a recommender: nothing tells it that
two products are not related.

One thread, a fixed order. Products without pairs, and those that are not listed, have zero vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from graph import ProductGraph
from models.arrays import F32, I32, I64
from models.base import OnProgress
from models.edges import walked_part
from models.vector_model import VectorModel, check_at_least, check_positive, on_rows


@dataclass(frozen=True)
class GloveSettings:
    """Settings of :class:`Glove`."""

    dimensions: int = 64
    """Numbers a vector."""
    walk_length: int = 10
    """Steps a walk."""
    walks_per_node: int = 10
    """Walks from each product."""
    window: int = 5
    """Steps within which two products are seen together."""
    epochs: int = 6
    """Passes over the co-occurrences."""
    learning_rate: float = 0.05
    """AdaGrad's step size."""
    most: float = 20.0
    """Co-occurrences from which on a pair counts fully (n_max)."""
    power: float = 0.75
    """How fast the weight of rarer pairs falls."""

    def __post_init__(self) -> None:
        check_at_least(self, dimensions=1, walk_length=1, walks_per_node=1, window=1, epochs=1, power=0)
        check_positive(self, "learning_rate", "most")


class Glove(VectorModel):
    """Vectors from co-occurrence counts of walks."""

    name: ClassVar[str] = "glove"
    settings_class = GloveSettings
    settings: GloveSettings

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        from models.walks import Walker

        s = self.settings
        inside, starts = walked_part(graph)
        start_seed, walk_seed, order_seed = seed.spawn(3)
        walked = Walker(inside).walk(np.tile(starts, s.walks_per_node), s.walk_length, seed=walk_seed)
        a, b, counts = co_occurrences(walked, s.window, inside.n_products)
        n, d = inside.n_products, s.dimensions
        rng = np.random.default_rng(start_seed)
        inputs = ((rng.random((n, d), dtype=np.float32) - 0.5) / d).astype(np.float32)
        outputs = ((rng.random((n, d), dtype=np.float32) - 0.5) / d).astype(np.float32)
        bias_in, bias_out = np.zeros(n, dtype=np.float32), np.zeros(n, dtype=np.float32)
        sums = [np.ones_like(array) for array in (inputs, outputs, bias_in, bias_out)]
        weight = np.minimum(1, (counts / s.most) ** s.power).astype(np.float32)
        log = np.log(counts).astype(np.float32)
        order = np.random.default_rng(order_seed)
        for epoch in range(s.epochs):
            arguments = (
                order.permutation(len(a)), a, b, log, weight, inputs, outputs, bias_in, bias_out, *sums,
                np.float32(s.learning_rate),
            )  # fmt: skip
            _train(*arguments)
            on_progress("training glove", epoch + 1, s.epochs)
        seen = np.bincount(np.concatenate([a, b]), minlength=n)[:, None] > 0
        one = np.ones((n, 1), dtype=np.float32)
        self._keep(
            on_rows(np.hstack([outputs, bias_out[:, None]]) * seen, graph.listed),
            on_rows(np.hstack([inputs, one]) * seen, graph.listed),
        )


def co_occurrences(
    walked: NDArray[np.int32], window: int, n: int
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]:
    """Pairs (a, b) that walks (int32[w, steps + 1], -1 for none) see within ``window`` steps, both ways, and counts."""
    keys: list[NDArray[np.int64]] = []
    values: list[NDArray[np.float64]] = []
    for distance in range(1, min(window, walked.shape[1] - 1) + 1):
        a, b = walked[:, :-distance].ravel().astype(np.int64), walked[:, distance:].ravel().astype(np.int64)
        kept = (a >= 0) & (b >= 0) & (a != b)
        a, b = a[kept], b[kept]
        key, count = np.unique(np.concatenate([a * n + b, b * n + a]), return_counts=True)
        keys.append(key)
        values.append(count / distance)
    key, where = np.unique(np.concatenate(keys), return_inverse=True)
    count = np.bincount(where, weights=np.concatenate(values))
    return (key // n).astype(np.int32), (key % n).astype(np.int32), count.astype(np.float32)


@njit(nogil=True, cache=True, fastmath=True)
def _train(
    order: I64,
    a: I32,
    b: I32,
    log: F32,
    weight: F32,
    inputs: F32,
    outputs: F32,
    bias_in: F32,
    bias_out: F32,
    sum_in: F32,
    sum_out: F32,
    sum_bias_in: F32,
    sum_bias_out: F32,
    rate: np.float32,
) -> None:
    """One pass over the co-occurrences in ``order``; ``sum_…`` are AdaGrad's sums of squared gradients."""
    d = inputs.shape[1]
    for place in order:
        i, j = a[place], b[place]
        raw = bias_in[i] + bias_out[j] - log[place]
        for x in range(d):
            raw += inputs[i, x] * outputs[j, x]
        step = weight[place] * raw
        for x in range(d):
            one, other = step * outputs[j, x], step * inputs[i, x]
            inputs[i, x] -= rate * one / np.sqrt(sum_in[i, x])
            outputs[j, x] -= rate * other / np.sqrt(sum_out[j, x])
            sum_in[i, x] += one * one
            sum_out[j, x] += other * other
        bias_in[i] -= rate * step / np.sqrt(sum_bias_in[i])
        bias_out[j] -= rate * step / np.sqrt(sum_bias_out[j])
        sum_bias_in[i] += step * step
        sum_bias_out[j] += step * step

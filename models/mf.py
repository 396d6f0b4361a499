"""Matrix factorization by stochastic gradients, on pairs (``mf``) and on the pairs of walks (``mf_sequences``).

    prediction(a, b) = v_a · v_b (+ bias_a + bias_b)

with cross entropy through a sigmoid on binary labels, or squared error on the edges' weights (continuous labels, scaled
to at most 1); every pair is followed by ``negatives`` random ones of label 0. Koren, Bell, Volinsky: Matrix
factorization techniques for recommender systems, IEEE Computer 2009; the two label forms and the bias are recommenders
1, 2 and 7 of the reference. One vector a product serves on both sides. ``mf_sequences`` takes its pairs from random
walks, where two products count as a pair if they lie within ``window`` steps.

Pairs are taken one after the other in one thread, in an order drawn from the seed. Products without pairs have a zero
vector: every candidate scores 0 (its bias alone, where there is one).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.base import OnProgress
from models.edges import require_pairs
from models.pair_factors import train_pairs
from models.random_bits import key_of
from models.vector_model import VectorModel, check_at_least, check_positive, on_rows

Batch = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]


@dataclass(frozen=True)
class MfSettings:
    """Settings of :class:`MatrixFactorization`."""

    dimensions: int = 128
    """Numbers a vector."""
    labels: Literal["binary", "continuous"] = "binary"
    """binary: a pair is 1. continuous: its weight over the largest weights (their 99th percentile), at most 1."""
    bias: bool = False
    """Whether every product has a bias beside its vector."""
    regularization: float = 0.02
    """What a visit takes from the numbers it touches, per unit of the learning rate."""
    learning_rate: float = 0.05
    """Step size at the start; it falls linearly to nearly nothing."""
    epochs: int = 20
    """Passes over all pairs."""
    negatives: int = 4
    """Random pairs of label 0 for each pair."""

    def __post_init__(self) -> None:
        check_at_least(self, dimensions=1, regularization=0, epochs=1, negatives=1)
        check_positive(self, "learning_rate")
        if self.labels not in ("binary", "continuous"):
            raise ValueError(f"labels is {self.labels!r}: it must be 'binary' or 'continuous'")


class MatrixFactorization(VectorModel):
    """One vector a product, learned from pairs of listed products."""

    name: ClassVar[str] = "mf"
    settings_class = MfSettings
    settings: MfSettings

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        require_pairs(graph)
        s = self.settings
        start_seed, order_seed, noise_seed = seed.spawn(3)
        inside = graph.listed_only()
        if inside.n_pairs == 0:
            raise ValueError("the graph holds no pairs between listed products: there is nothing to learn from")
        n = inside.n_products
        vectors = np.random.default_rng(start_seed).normal(0, s.dimensions**-0.5, (n, s.dimensions)).astype(np.float32)
        linked = inside.degree > 0
        vectors[~linked] = 0
        bias = np.zeros(n, dtype=np.float32)
        candidates = np.flatnonzero(linked).astype(np.int32)
        rng, key = np.random.default_rng(order_seed), key_of(noise_seed)
        for epoch in range(s.epochs):
            rate = s.learning_rate * max(1 - epoch / s.epochs, 0.01)
            for part, (a, b, label) in enumerate(self._pairs(inside, rng)):
                train_pairs(
                    a, b, label, candidates, s.negatives, vectors, bias, s.bias, s.labels == "binary",
                    np.float32(rate), np.float32(s.regularization), key, epoch * 1_000_000 + part,
                )  # fmt: skip
            on_progress("matrix factorization", epoch + 1, s.epochs)
        if s.bias:  # score = v_a · v_b + bias_a + bias_b as one inner product; bias_a changes no ranking
            one = np.ones((n, 1), dtype=np.float32)
            self._keep(
                on_rows(np.hstack([vectors, bias[:, None], one]), graph.listed),
                on_rows(np.hstack([vectors, one, bias[:, None]]), graph.listed),
            )
        else:
            self._keep(on_rows(vectors, graph.listed))

    def _pairs(self, graph: ProductGraph, rng: np.random.Generator) -> Iterator[Batch]:
        """The pairs of one epoch: rows int32[m] twice and labels float32[m], in random order and direction."""
        pairs, weight, _ = graph.pairs()
        label = np.ones(len(weight), dtype=np.float32)
        if self.settings.labels == "continuous":
            label = np.minimum(weight / np.quantile(weight, 0.99), 1).astype(np.float32)
        order = rng.permutation(len(pairs))
        turned = rng.random(len(pairs)) < 0.5
        a, b = np.where(turned, pairs[:, 1], pairs[:, 0]), np.where(turned, pairs[:, 0], pairs[:, 1])
        yield a[order].astype(np.int32), b[order].astype(np.int32), label[order]


@dataclass(frozen=True)
class MfSequencesSettings(MfSettings):
    """Settings of :class:`MfSequences`."""

    epochs: int = 5
    """Times that walks start from every product, anew each time."""
    walk_length: int = 10
    """Steps a walk."""
    walks_per_node: int = 10
    """Walks that start from each product in each epoch."""
    window: int = 5
    """Steps within which two products of a walk are a pair."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(self, walk_length=1, walks_per_node=1, window=1)
        if self.labels != "binary":
            raise ValueError(f"labels is {self.labels!r}: pairs of walks carry no weight, so that they are 'binary'")


class MfSequences(MatrixFactorization):
    """One vector a product, learned from the pairs that walks see."""

    name: ClassVar[str] = "mf_sequences"
    settings_class = MfSequencesSettings
    settings: MfSequencesSettings

    def _pairs(self, graph: ProductGraph, rng: np.random.Generator) -> Iterator[Batch]:
        from models.walks import Walker

        s = self.settings
        walker = Walker(graph)
        starts = np.flatnonzero(graph.degree > 0)
        for _ in range(s.walks_per_node):
            walked = walker.walk(rng.permutation(starts), s.walk_length, seed=int(rng.integers(2**62)))
            a, b = walk_pairs(walked, s.window, rng)
            yield a, b, np.ones(len(a), dtype=np.float32)


def walk_pairs(
    walked: NDArray[np.int32], window: int, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Products within ``window`` steps of each other in ``walked`` (int32[w, steps + 1], -1 for none), shuffled.

    As word2vec draws its windows: a distance of t counts with probability (window + 1 - t) / window.
    """
    first: list[NDArray[np.int32]] = []
    second: list[NDArray[np.int32]] = []
    for distance in range(1, min(window, walked.shape[1] - 1) + 1):
        a, b = walked[:, :-distance].ravel(), walked[:, distance:].ravel()
        kept = (a >= 0) & (b >= 0) & (a != b) & (rng.random(len(a)) < (window + 1 - distance) / window)
        first.append(a[kept])
        second.append(b[kept])
    a, b = np.concatenate(first), np.concatenate(second)
    order = rng.permutation(len(a))
    return a[order], b[order]

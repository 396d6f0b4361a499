"""The median score for products that training has not seen: the reference recommenders' way out.

    score(a, b) = query(a) · item(b) where both products have pairs, else the median of such scores

A pair with a product that nobody has bought yet gets the middle of all scores, so that it is called neither related nor
unrelated. The median is taken over the training pairs and as many random ones, as the pairs that are judged are mixed.
It saves the AUC over all pairs and ranks nothing: the list of a new product holds whatever stands first in the
catalogue. :mod:`models.text`, :mod:`models.graphsage` and the fallbacks of :mod:`models.related_lists` are for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.base import DenseScores, Embedding, OnProgress
from models.edges import require_pairs
from models.ranking import check_request


@dataclass(frozen=True)
class MedianFallbackSettings:
    """Settings of :class:`MedianFallback`."""

    base: str = "node2vec"
    """The model of vectors that scores what it has seen, with its default settings."""


class MedianFallback(DenseScores):
    """A model of vectors, and the median of its scores for what it has not seen."""

    name: ClassVar[str] = "median_fallback"
    settings_class = MedianFallbackSettings
    settings: MedianFallbackSettings
    #: The median score of the last fit.
    median: np.float32

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        from models.registry import create

        require_pairs(graph)
        base_seed, pair_seed = seed.spawn(2)
        base = create(self.settings.base)
        if not isinstance(base, Embedding):
            raise ValueError(f"base is {self.settings.base!r}: it has no vectors; take node2vec, gensim, …")
        base.fit(graph, seed=int(base_seed.generate_state(1)[0]), on_progress=on_progress)
        self._queries, self._items = base.query_vectors, base.vectors
        self._seen = graph.listed & (graph.degree > 0) & self._queries.any(axis=1)
        known = np.flatnonzero(self._seen)
        pairs, _, _ = graph.pairs()
        pairs = pairs[self._seen[pairs].all(axis=1)]
        random = np.random.default_rng(pair_seed).choice(known, size=pairs.shape) if len(known) else pairs
        both = np.concatenate([pairs, random])
        scores = np.einsum("ij,ij->i", self._queries[both[:, 0]], self._items[both[:, 1]])
        self.median = np.float32(np.median(scores)) if len(scores) else np.float32(0)

    def scores_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See :meth:`models.base.DenseScores.scores_of`."""
        scores = np.asarray(self._queries[rows] @ self._items.T, dtype=np.float32)
        scores[:, ~self._seen] = self.median
        scores[~self._seen[rows]] = self.median
        return scores

    def score(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float32]:
        """See :meth:`models.base.Scorer.score`."""
        first, second = check_request(self.graph, a, 1), check_request(self.graph, b, 1)
        scores = np.einsum("ij,ij->i", self._queries[first], self._items[second])
        return np.where(self._seen[first] & self._seen[second], scores, self.median).astype(np.float32)

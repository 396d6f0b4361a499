"""Text neighbours: what is bought with the products whose pages read like this one's.

    score(a, b) = own * s(a, b) + sum over c near a of s(a, c)^power * w(c, b) / d(c)^damping

s is the cosine of :mod:`models.text`, the products near a are the ``neighbours`` listed products with pairs that read
most like it, w is an edge weight and d(c) the sum of c's. It is neighbourhood collaborative filtering (Herlocker,
Konstan, Borchers, Riedl: An algorithmic framework for performing collaborative filtering, SIGIR 1999) with the page in
place of the pairs that a new product does not have yet: a's own pairs are never looked at, so that a product gets the
same list on its first day and later. What it is for is the product without pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.base import DenseScores, OnProgress
from models.edges import require_pairs
from models.ranking import check_request
from models.text import TextSettings, text_vectors
from models.vector_model import check_at_least


@dataclass(frozen=True)
class TextNeighboursSettings(TextSettings):
    """Those of text, and what is made of the neighbours."""

    neighbours: int = 30
    """Products that read alike and are asked what is bought with them."""
    power: float = 4.0
    """How much more the nearest of them count."""
    damping: float = 0.5
    """How far a neighbour with many pairs is played down; 1 lets every neighbour say as much."""
    own: float = 0.5
    """What it counts that the candidate itself reads alike."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(self, neighbours=1, power=0, damping=0, own=0)


class TextNeighbours(DenseScores):
    """Pairs of the products that read alike."""

    name: ClassVar[str] = "text_neighbours"
    settings_class = TextNeighboursSettings
    settings: TextNeighboursSettings

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        import scipy.sparse as sp

        require_pairs(graph)
        s = self.settings
        vectors = text_vectors(graph, s, np.random.default_rng(seed), on_progress)
        self._vectors, self._listed = vectors, np.flatnonzero(graph.listed)
        inside = graph.listed_only()
        weights = inside.to_scipy()
        total = np.asarray(weights.sum(axis=1)).ravel()
        scale = np.divide(1.0, total**s.damping, out=np.zeros_like(total), where=total > 0)
        self._asked = np.flatnonzero(inside.degree > 0)  # columns of listed products that can be neighbours
        self._weights = sp.csr_matrix(sp.diags(scale) @ weights, dtype=np.float32)[self._asked]

    def scores_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See :meth:`models.base.DenseScores.scores_of`; products that are not listed have ``-inf``."""
        import scipy.sparse as sp

        s, listed = self.settings, self._listed
        alike = np.asarray(self._vectors[rows] @ self._vectors[listed].T, dtype=np.float32)
        alike[listed[None, :] == rows[:, None]] = 0
        near = np.maximum(alike[:, self._asked], 0)
        most = min(s.neighbours, near.shape[1])
        # pages that read the same differ by rounding only: of them, those that stand first are taken
        order = 1e-11 * np.arange(near.shape[1]) - np.round(near.astype(np.float64), 5)
        chosen = np.argpartition(order, most - 1, axis=1)[:, :most] if most else np.zeros((len(rows), 0), np.int64)
        trust = np.take_along_axis(near, chosen, axis=1) ** s.power
        indptr = np.arange(len(rows) + 1) * most
        voters = sp.csr_matrix((trust.ravel(), chosen.ravel(), indptr), shape=near.shape)
        scores = np.full((len(rows), self.graph.n_products), -np.inf, dtype=np.float32)
        scores[:, listed] = s.own * alike + (voters @ self._weights).toarray()
        return scores

    def score(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float32]:
        """See :meth:`models.base.Scorer.score`."""
        first, second = check_request(self.graph, a, 1), check_request(self.graph, b, 1)
        sources, which = np.unique(first, return_inverse=True)
        order = np.argsort(which, kind="stable")
        ends = np.searchsorted(which[order], np.arange(len(sources)), side="right")
        scores = np.empty(len(first), dtype=np.float32)
        for start in range(0, len(sources), self.block_rows):
            stop = min(start + self.block_rows, len(sources))
            asked = order[ends[start - 1] if start else 0 : ends[stop - 1]]
            scores[asked] = self.scores_of(sources[start:stop])[which[asked] - start, second[asked]]
        return scores

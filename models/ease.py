"""EASE: one linear regression a product, all solved at once.

    G = X^T X + lambda I,   P = G^-1,   B = I - P / diag(P)   (zero diagonal)
    forward(a, b) = x_a · B[:, b],   backward(a, b) = forward(b, a)

Steck: Embarrassingly shallow autoencoders for sparse data, WWW 2019, equation 8. The rows of X are the products' lists
(what a user's history is there) with the product itself in it (``own``), scaled by 1 / sum^``row_power`` so that long
lists do not outvote short ones; products that are not listed are further rows. Forward asks how well the list of a
product predicts the candidate, backward how well the candidate's list predicts the product; the sum of both finds more
than either.

The inverse is dense: time grows with the third power of the number of listed products and memory with the second (0.6
GB at 12,000, 3.6 GB at 30,000), beyond which ``fit`` refuses. Dense algebra uses the machine's BLAS with its own
threads, so that the last bits of scores may differ between machines and numbers of threads. A product without pairs
scores 0 with everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.base import DenseScores, OnProgress
from models.edges import check_outside_weight, require_pairs, scaled_weights, statement_weights
from models.ranking import check_request
from models.vector_model import check_at_least, check_positive

#: Listed products beyond which the dense inverse is refused.
MOST_PRODUCTS = 30_000


@dataclass(frozen=True)
class EaseSettings:
    """Settings of :class:`Ease`."""

    regularization: float = 8.0
    """Lambda, added to the diagonal; larger trusts single pairs less."""
    row_power: float = 0.5
    """Rows are divided by the sum of their weights to this power; 0 leaves them, 1 makes them sum to 1."""
    own: float = 1.0
    """What a product counts in its own list, as a multiple of the mean weight there; 0 leaves it out. With it, lists
    that hold each other's products predict each other directly, and not only through third ones."""
    direction: Literal["forward", "backward", "both"] = "both"
    """Which of the two predictions is the score."""
    also_viewed: float = 1.25
    """What one "also viewed" statement counts beside 1 for "also bought" and 1.2 for "bought together"."""
    outside_weight: float = 0.5
    """What edges to products that are not listed count; 0 leaves them out."""

    def __post_init__(self) -> None:
        check_positive(self, "regularization")
        check_at_least(self, row_power=0, own=0, also_viewed=0)
        check_outside_weight(self.outside_weight)
        if self.direction not in ("forward", "backward", "both"):
            raise ValueError(f"direction is {self.direction!r}: it must be 'forward', 'backward' or 'both'")


class Ease(DenseScores):
    """Linear item-item weights without a diagonal."""

    name: ClassVar[str] = "ease"
    settings_class = EaseSettings
    settings: EaseSettings

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        import scipy.sparse as sp
        from scipy.linalg import lapack

        require_pairs(graph)
        s = self.settings
        listed = np.flatnonzero(graph.listed)
        if len(listed) > MOST_PRODUCTS:
            raise ValueError(
                f"ease inverts a dense matrix of all listed products: {len(listed)} are more than the {MOST_PRODUCTS} "
                "that fit; take pagerank, pagerank_svd or als, which have no such limit"
            )
        on_progress("regressions", 0, 2)
        stated = {"also_bought": 1.0, "also_viewed": s.also_viewed, "bought_together": 1.2}
        weight = scaled_weights(graph, s.outside_weight, statement_weights(graph, stated)).astype(np.float64)
        row = np.repeat(np.arange(graph.n_products), graph.degree)
        total = np.bincount(row, weights=weight, minlength=graph.n_products)
        shape = (graph.n_products, graph.n_products)
        lists = sp.csr_matrix((weight, graph.indices, graph.indptr), shape=shape)[:, listed]
        mean = np.asarray(lists.sum(axis=1)).ravel() / np.maximum(np.diff(lists.indptr), 1)
        itself = sp.csr_matrix((s.own * mean[listed], (listed, np.arange(len(listed)))), shape=lists.shape)
        scale = np.divide(1.0, total**s.row_power, out=np.zeros_like(total), where=total > 0)
        self._rows = sp.csr_matrix(sp.diags(scale) @ (lists + itself), dtype=np.float32)
        self._rows.sort_indices()
        gram = np.asarray((self._rows.T @ self._rows).toarray(), dtype=np.float32, order="F")
        gram[np.diag_indices_from(gram)] += np.float32(s.regularization)
        factor, wrong = lapack.spotrf(gram, lower=1, overwrite_a=1, clean=0)
        if wrong == 0:
            on_progress("regressions", 1, 2)
            factor, wrong = lapack.spotri(factor, lower=1, overwrite_c=1)
        if wrong:
            raise ValueError(f"regularization is {s.regularization}: too small for this graph; take a larger one")
        inverse = factor.T  # C order; its upper half holds what the lower half of the column-major array held
        for start in range(0, len(listed), 1024):  # the other half, in blocks that fit a cache
            end = min(start + 1024, len(listed))
            block = inverse[start:end, start:end]
            inverse[start:end, start:end] = np.triu(block) + np.triu(block, 1).T
            inverse[end:, start:end] = inverse[start:end, end:].T
        self._diagonal: NDArray[np.float32] = np.diag(inverse).copy()
        inverse[np.diag_indices_from(inverse)] = 0  # the weights are the columns of this, each over minus its diagonal
        self._inverse: NDArray[np.float32] = inverse
        self._listed = listed
        self._column = np.full(graph.n_products, -1, dtype=np.int64)
        self._column[listed] = np.arange(len(listed))
        self._lists = self._rows[listed]
        on_progress("regressions", 2, 2)

    def scores_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See :meth:`models.base.DenseScores.scores_of`; products that are not listed have ``-inf``."""
        direction = self.settings.direction
        inside = np.zeros((len(rows), len(self._listed)), dtype=np.float32)
        if direction != "backward":
            inside -= (self._rows[rows] @ self._inverse) / self._diagonal
        if direction != "forward":
            column = self._column[rows]
            has = column >= 0  # nothing predicts a product that is not listed
            weights = np.ascontiguousarray(self._inverse[column[has]].T) / -self._diagonal[column[has]]
            inside[has] += (self._lists @ weights).T
        scores = np.full((len(rows), self.graph.n_products), -np.inf, dtype=np.float32)
        scores[:, self._listed] = inside
        return scores

    def score(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float32]:
        """See :meth:`models.base.Scorer.score`."""
        first, second = check_request(self.graph, a, 1), check_request(self.graph, b, 1)
        if len(first) != len(second):
            raise ValueError(f"a has {len(first)} rows and b {len(second)}")
        direction = self.settings.direction
        there = self._column[second] >= 0
        scores = np.where(there, np.float32(0), np.float32(-np.inf))
        if direction != "backward":
            scores[there] += self._forward(first[there], second[there])
        if direction != "forward":
            there &= self._column[first] >= 0
            scores[there] += self._forward(second[there], first[there])
        return scores

    def _forward(self, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32[m]: how well the lists of ``first`` predict the listed products ``second``."""
        from models.ease_kernels import predict_pairs

        order = np.argsort(second, kind="stable")
        sorted_scores = np.empty(len(first), dtype=np.float32)
        lists = self._rows
        predict_pairs(
            first[order], self._column[second[order]], lists.indptr.astype(np.int64), lists.indices.astype(np.int32),
            lists.data, self._inverse, self._diagonal, sorted_scores,
        )  # fmt: skip
        scores = np.empty_like(sorted_scores)
        scores[order] = sorted_scores
        return scores

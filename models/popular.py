"""Most popular: the same list for every product. The second row that a model has to beat."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.base import NoSettings, OnProgress, Ranker, Scorer
from models.edges import require_pairs
from models.ranking import check_request


def popularity(graph: ProductGraph) -> NDArray[np.float32]:
    """float32[n]: the sum of each product's edge weights."""
    row = np.repeat(np.arange(graph.n_products), graph.degree)
    return np.bincount(row, weights=graph.edge_weight, minlength=graph.n_products).astype(np.float32)


class Popular(Scorer, Ranker):
    """score(a, b) is the sum of the edge weights of b."""

    name: ClassVar[str] = "popular"
    settings_class = NoSettings

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        require_pairs(graph)
        self._popularity = popularity(graph)
        listed = np.flatnonzero(graph.listed)
        self._descending = listed[np.argsort(-self._popularity[listed], kind="stable")]

    def score(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float32]:
        """See :meth:`models.base.Scorer.score`."""
        check_request(self.graph, a, 1)
        return self._popularity[check_request(self.graph, b, 1)]

    def recommend(
        self, rows: NDArray[np.int64], k: int, *, exclude_known: bool = True
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See :meth:`models.base.Ranker.recommend`."""
        asked = check_request(self.graph, rows, k)
        found = np.full((len(asked), k), -1, dtype=np.int64)
        for i, row in enumerate(asked):
            known = self.graph.indices[self.graph.indptr[row] : self.graph.indptr[row + int(exclude_known)]]
            candidates = self._descending[: k + len(known) + 1]
            candidates = candidates[(candidates != row) & ~np.isin(candidates, known)][:k]
            found[i, : len(candidates)] = candidates
        scores = np.where(found >= 0, self._popularity[found], np.float32(-np.inf))
        return found, np.asarray(scores, dtype=np.float32)

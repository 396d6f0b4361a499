"""Random order: what a model has to beat to have learned anything at all.

score(a, b) = (u_a + v_b) mod 1 with u and v uniform. For a product, every other one is as likely as any to come first;
and the first k of the whole catalogue are found without scoring it, by going down the sorted v from where u_a wraps.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.base import NoSettings, OnProgress, Ranker, Scorer
from models.ranking import check_request


class RandomOrder(Scorer, Ranker):
    """Every listed product equally likely, drawn anew for each product."""

    name: ClassVar[str] = "random"
    settings_class = NoSettings

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        rng = np.random.default_rng(seed)
        self._own = rng.random(graph.n_products, dtype=np.float32)
        self._other = rng.random(graph.n_products, dtype=np.float32)
        listed = np.flatnonzero(graph.listed)
        self._descending = listed[np.argsort(-self._other[listed], kind="stable")]

    def score(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float32]:
        """See :meth:`models.base.Scorer.score`."""
        first, second = check_request(self.graph, a, 1), check_request(self.graph, b, 1)
        turned = self._own[first] + self._other[second]
        return np.asarray(np.where(turned >= 1, turned - 1, turned), dtype=np.float32)

    def recommend(
        self, rows: NDArray[np.int64], k: int, *, exclude_known: bool = True
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See :meth:`models.base.Ranker.recommend`."""
        asked = check_request(self.graph, rows, k)
        found = np.full((len(asked), k), -1, dtype=np.int64)
        scores = np.full((len(asked), k), -np.inf, dtype=np.float32)
        values, order = self._other[self._descending], self._descending
        for i, row in enumerate(asked):
            known = self.graph.indices[self.graph.indptr[row] : self.graph.indptr[row + int(exclude_known)]]
            # those that do not wrap score highest: start at the first of them
            begin = int(np.count_nonzero(self._own[row] + values >= np.float32(1)))
            places = (begin + np.arange(min(k + len(known) + 1, len(order)))) % max(1, len(order))
            candidates = order[places]
            candidates = candidates[(candidates != row) & ~np.isin(candidates, known)][:k]
            reached = self.score(np.full(len(candidates), row), candidates)
            best = np.lexsort((candidates, -reached))  # sums round: equal scores stand in order of their rows
            found[i, : len(candidates)], scores[i, : len(candidates)] = candidates[best], reached[best]
        return found, scores

"""Most popular in category: what a shop shows beside a product that it knows nothing else of.

    score(a, b) = depth of the deepest category that both stand in + share of the most popular product's popularity

so that a product of the same shelf comes before one of the same aisle, and the more popular one before the other. It
is the row that a model for new products has to beat. Products without categories get what is most popular of all.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from graph.catalog import path_prefixes
from models.base import DenseScores, NoSettings, OnProgress
from models.edges import require_pairs
from models.popular import popularity


class CategoryPopular(DenseScores):
    """Depth of the shared category, then popularity."""

    name: ClassVar[str] = "category_popular"
    settings_class = NoSettings

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        require_pairs(graph)
        bought = popularity(graph)
        self._popularity = bought / (1 + bought.max())  # below 1, so that depth goes before it
        self._levels: list[dict[str, int]] = []
        members: dict[str, list[int]] = {}
        for row, paths in enumerate(graph.products["categories"].to_numpy(dtype=object)):
            levels = {
                prefix: depth + 1 for path in paths if path for depth, prefix in enumerate(path_prefixes(str(path)))
            }
            self._levels.append(levels)
            for prefix in levels:
                members.setdefault(prefix, []).append(row)
        self._members = {prefix: np.asarray(rows, dtype=np.int64) for prefix, rows in members.items()}

    def scores_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """See :meth:`models.base.DenseScores.scores_of`."""
        scores = np.tile(self._popularity, (len(rows), 1))
        for line, row in zip(scores, rows.tolist(), strict=True):
            # a deeper level overwrites those above it, whose members include its own
            for prefix, depth in sorted(self._levels[row].items(), key=lambda level: level[1]):
                at = self._members[prefix]
                line[at] = depth + self._popularity[at]
        return scores

    def score(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float32]:
        """See :meth:`models.base.Scorer.score`."""
        from models.ranking import check_request

        first, second = check_request(self.graph, a, 1), check_request(self.graph, b, 1)
        shared = [
            max((depth for prefix, depth in self._levels[x].items() if prefix in self._levels[y]), default=0)
            for x, y in zip(first.tolist(), second.tolist(), strict=True)
        ]
        return np.asarray(np.asarray(shared, dtype=np.float32) + self._popularity[second], dtype=np.float32)

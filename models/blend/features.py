"""What the ranker sees of a product and a candidate, as columns of numbers.

Scores of the sources mean different things on catalogues of different density, and the graph that the ranker learns on
is thinner than the one that it serves. So each score is seen as its place among the product's candidates and as its
share of the best of them, which mean the same on both; the bare score made the ranker worse on a validation part.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.blend import kernels
from models.blend.products import NUMBERS, product_facts
from models.blend.sources import Sources

_PAIR: Final = (
    "same_brand",
    "has_brand",
    "category_depth",
    "price_ratio",
    "place_distance",
    "place_difference",
    "title_likeness",
)


class Features:
    """Columns for pairs of rows of one graph."""

    def __init__(self, graph: ProductGraph, sources: Sources) -> None:
        self.graph, self.sources = graph, sources
        self.facts = product_facts(graph)
        scored = [(f"{name}_place", f"{name}_share") for name in sources.columns]
        #: Names of the columns, in order.
        self.names: tuple[str, ...] = (
            *(name for both in scored for name in both),
            "mean_place",
            "best_place",
            *kernels.SHARED_COLUMNS,
            *(f"{name}_share" for name in kernels.SHARED_COLUMNS),
            *(f"own_{name}" for name in NUMBERS),
            *(f"other_{name}" for name in NUMBERS),
            *_PAIR,
        )

    def of(
        self, rows: NDArray[np.int64], candidates: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """The columns of each product and candidate.

        Args:
            rows: int64[m].
            candidates: int64[m, width], -1 for none; gaps stand at the end of a row only.
            counts: int64[m]: the first so many of a row are what places and shares are taken among; those after them
                are placed among these without changing them.

        Returns:
            float32[m, width, len(names)]; what stands where there is no candidate means nothing.
        """
        m, width = candidates.shape
        out = np.zeros((m, width, len(self.names)), dtype=np.float32)
        scores = self.sources.scores(rows, candidates)
        n_scores = scores.shape[2]
        total = np.zeros((m, width), dtype=np.float32)
        best = np.full((m, width), np.inf, dtype=np.float32)
        filled = (candidates >= 0).sum(axis=1)
        for column in range(n_scores):
            own = np.ascontiguousarray(scores[:, :, column])
            ranks, shares = np.zeros_like(own), np.zeros_like(own)
            kernels.places(own, counts, filled, ranks, shares)
            out[:, :, 2 * column], out[:, :, 2 * column + 1] = ranks, shares
            total += ranks
            np.minimum(best, ranks, out=best)
        at = 2 * n_scores
        out[:, :, at], out[:, :, at + 1] = total / max(1, n_scores), best
        at += 2
        graph, facts = self.graph, self.facts
        kernels.shared_features(
            rows, candidates, graph.indptr, graph.indices, graph.edge_weight, graph.relations, graph.listed,
            facts.weight, out[:, :, at : at + len(kernels.SHARED_COLUMNS)],
        )  # fmt: skip
        n_shared = len(kernels.SHARED_COLUMNS)
        raw = out[:, :, at : at + n_shared]
        among = np.arange(width) < counts[:, None]
        most = np.where(among[:, :, None], raw, 0).max(axis=1, keepdims=True, initial=0)
        np.divide(raw, most, out=out[:, :, at + n_shared : at + 2 * n_shared], where=most > 0)
        at += 2 * n_shared
        there = np.maximum(candidates, 0)
        out[:, :, at : at + len(NUMBERS)] = facts.numbers[rows][:, None]
        at += len(NUMBERS)
        out[:, :, at : at + len(NUMBERS)] = facts.numbers[there]
        at += len(NUMBERS)
        brand = facts.brand[there]
        out[:, :, at] = (brand >= 0) & (brand == facts.brand[rows][:, None])
        out[:, :, at + 1] = brand >= 0
        depth = np.zeros((m, width), dtype=np.float32)
        kernels.deepest_shared(rows, candidates, facts.category_starts, facts.categories, facts.depth, depth)
        out[:, :, at + 2] = depth
        out[:, :, at + 3] = facts.log_price[there] - facts.log_price[rows][:, None]
        difference = facts.place[there] - facts.place[rows][:, None]
        out[:, :, at + 4], out[:, :, at + 5] = np.abs(difference), difference
        likeness = np.zeros((m, width), dtype=np.float32)
        kernels.shared_weight(
            rows, candidates, facts.word_starts, facts.words, facts.word_weights, facts.n_words, likeness
        )
        out[:, :, at + 6] = likeness
        return out

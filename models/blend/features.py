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
from models.blend.sources import KeptScores, Sources

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
        self,
        rows: NDArray[np.int64],
        candidates: NDArray[np.int64],
        counts: NDArray[np.int64],
        wanted: NDArray[np.bool_] | None = None,
        kept: KeptScores | None = None,
    ) -> NDArray[np.float32]:
        """The columns of each product and candidate.

        Args:
            rows: int64[m].
            candidates: int64[m, width], -1 for none; gaps stand at the end of a row only.
            counts: int64[m]: the first so many of a row are what places and shares are taken among; those after them
                are placed among these without changing them.
            wanted: bool[m, width], of which candidates; None is all that are there.
            kept: What :meth:`models.blend.sources.Sources.candidates` kept for these rows; all candidates are listed.

        Returns:
            float32[c, len(names)], one row after another of those that are wanted.
        """
        there = candidates >= 0
        scores = self.sources.scores(rows, candidates, kept)
        filled = there.sum(axis=1)
        ranks, shares = np.zeros_like(scores), np.zeros_like(scores)
        for own, places, parts in zip(scores, ranks, shares, strict=True):
            kernels.places(own, counts, filled, places, parts)
        graph, facts = self.graph, self.facts
        shared = np.zeros((*candidates.shape, len(kernels.SHARED_COLUMNS)), dtype=np.float32)
        kernels.shared_features(
            rows, candidates, graph.indptr, graph.indices, graph.edge_weight, graph.relations, graph.listed,
            facts.weight, shared,
        )  # fmt: skip
        depth, likeness = np.zeros((2, *candidates.shape), dtype=np.float32)
        kernels.deepest_shared(rows, candidates, facts.category_starts, facts.categories, facts.depth, depth)
        kernels.shared_weight(
            rows, candidates, facts.word_starts, facts.words, facts.word_weights, facts.n_words, likeness
        )
        asked = there if wanted is None else wanted & there
        out = np.empty((int(asked.sum()), len(self.names)), dtype=np.float32)
        kernels.fill(
            rows, candidates, counts, asked, ranks, shares, shared, depth, likeness, facts.numbers, facts.brand,
            facts.log_price, facts.place, out,
        )  # fmt: skip
        return out

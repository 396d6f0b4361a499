"""The second look: what the lists of all products, taken together, say of a pair.

The first ranker judges a pair by the graph, in which many pairs are missing: that is why there is something to
recommend. Its own lists say which. So the graph is completed with them, every predicted pair counting its chance, and
the pair is looked at again: what each side said of the other, and what the two share when missing pairs count too. The
trees that learn from these columns see what no walk on the known pairs can.

Stacked generalization (Wolpert, Neural Networks 1992) of collective, relational features (Jensen, Neville, Gallagher:
Why collective inference improves relational classification, KDD 2004).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.blend import agreement_kernels as kernels
from models.blend.lists import OneWayLists

#: Predicted pairs that a product brings into the completed graph, its best ones.
MOST_PREDICTED: Final = 60

_SHARED: Final = kernels.SHARED_COLUMNS

#: Columns of :meth:`Agreement.of`, in order.
COLUMNS: Final = (
    "said",
    "said_back",
    "said_both",
    "said_place",
    "said_place_back",
    *_SHARED,
    *(f"{name}_share" for name in _SHARED),
)


class Agreement:
    """Columns out of the one-way lists of a whole catalogue.

    Args:
        graph: The graph that the lists were made on.
        lists: What the first ranker says, logits.
        cost: How much less a product says of one that is none of its candidates than that one says of it.
    """

    def __init__(self, graph: ProductGraph, lists: OneWayLists, cost: float) -> None:
        self.lists, self.cost = lists, cost
        self._places = np.zeros(lists.values.shape, dtype=np.int32)
        kernels.places_in_lists(lists.values, lists.counts, self._places)
        self._indptr, self._indices, self._known, self._chance = _completed(graph, lists, cost)
        both = self._known + self._chance
        n = graph.n_products
        row = np.repeat(np.arange(n), np.diff(self._indptr))
        self._total = np.bincount(row, weights=both, minlength=n).astype(np.float32)
        self._length = np.sqrt(np.bincount(row, weights=both**2, minlength=n)).astype(np.float32)

    def of(
        self,
        rows: NDArray[np.int64],
        candidates: NDArray[np.int64],
        counts: NDArray[np.int64],
        values: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """The columns of each product and candidate.

        Args:
            rows: int64[m].
            candidates: int64[m, width], -1 for none; gaps stand at the end of a row only.
            counts: int64[m]: the first so many are what places and shares are taken among.
            values: float32[m, width], what the first ranker says of them.

        Returns:
            float32[m, width, len(COLUMNS)]; what stands where there is no candidate means nothing.
        """
        out = np.zeros((*candidates.shape, len(COLUMNS)), dtype=np.float32)
        lists = self.lists
        kernels.said(
            rows, candidates, counts, values, lists.slot, lists.products, lists.counts, lists.values, self._places,
            self.cost, out,
        )  # fmt: skip
        begin, end = 5, 5 + len(_SHARED)
        shared = out[:, :, begin:end]
        kernels.shared_in_completed(
            rows, candidates, self._indptr, self._indices, self._known, self._chance, self._total, self._length, shared
        )
        among = np.arange(candidates.shape[1]) < counts[:, None]
        most = np.where(among[:, :, None], shared, 0).max(axis=1, keepdims=True, initial=0)
        np.divide(shared, most, out=out[:, :, end:], where=most > 0)
        return out


def _completed(
    graph: ProductGraph, lists: OneWayLists, cost: float
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]:
    """The pairs of listed products, known and predicted, as CSR: indptr, indices, 1 where known, chance where not."""
    import scipy.sparse as sp

    n = graph.n_products
    listed = np.flatnonzero(lists.slot >= 0)
    listed = listed[np.argsort(lists.slot[listed])]  # in order of the lists
    size = min(MOST_PREDICTED, lists.products.shape[1])
    column = np.full((len(listed), size), -1, dtype=np.int32)
    chance = np.zeros((len(listed), size), dtype=np.float32)
    for start in range(0, len(listed), 4096):
        part = slice(start, start + 4096)
        width = max(1, int(lists.counts[part].max(initial=0)))
        there = np.arange(width) < lists.counts[part, None]
        products = np.where(there, lists.products[part, :width], -1).astype(np.int64)
        logits = lists.both_ways(
            listed[part], products, np.where(there, lists.values[part, :width], -np.inf).astype(np.float32), cost
        )
        take = min(size, width)
        best = np.argsort(-logits, axis=1, kind="stable")[:, :take]
        column[part, :take] = np.take_along_axis(products, best, axis=1)
        # the mean of what both sides say, as a chance
        chance[part, :take] = 1 / (1 + np.exp(-np.clip(np.take_along_axis(logits, best, axis=1) / 2, -30, 30)))
    kept = column >= 0
    row = np.broadcast_to(listed[:, None], column.shape)[kept]
    predicted = sp.csr_matrix((chance[kept], (row, column[kept])), shape=(n, n), dtype=np.float32)
    predicted = predicted.maximum(predicted.T).tocsr()
    own = np.repeat(np.arange(n), graph.degree)
    inside = graph.listed[own] & graph.listed[graph.indices]
    known = sp.csr_matrix((np.ones(inside.sum(), dtype=np.float32), (own[inside], graph.indices[inside])), shape=(n, n))
    # known pairs count 1 and are no candidates; 2 marks them while the two are one matrix
    union = (predicted + 2 * known).tocsr()
    union.sort_indices()
    is_known = union.data >= 2
    data = union.data.astype(np.float32)
    return (
        union.indptr.astype(np.int64), union.indices.astype(np.int32), is_known.astype(np.float32),
        np.where(is_known, np.float32(0), data),
    )  # fmt: skip

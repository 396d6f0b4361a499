"""One-way lists of a whole catalogue, kept so that a pair can be judged from both of its products.

A pair has no direction, but a product's list has: what stands first in the list of one may stand nowhere in the list
of the other. The score of a pair is what both say of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.blend import kernels


@dataclass(frozen=True)
class OneWayLists:
    """The candidates of every listed product and what it says of them.

    Attributes:
        slot: int64[n], the list of each product, -1 where it has none.
        products: int32[lists, width], ascending within a list; what lies behind ``counts`` means nothing.
        counts: int64[lists].
        values: float32[lists, width], what the product says of each.
        named: uint32[lists, width], which sources name it, a bit a source.
    """

    slot: NDArray[np.int64]
    products: NDArray[np.int32]
    counts: NDArray[np.int64]
    values: NDArray[np.float32]
    named: NDArray[np.uint32]

    @classmethod
    def empty(cls, n: int, listed: NDArray[np.int64], width: int) -> OneWayLists:
        """Room for the lists of the rows ``listed`` (int64[lists]) of ``n``; :meth:`put` fills it."""
        slot = np.full(n, -1, dtype=np.int64)
        slot[listed] = np.arange(len(listed))
        shape = (len(listed), width)
        return cls(
            slot, np.full(shape, -1, dtype=np.int32), np.zeros(len(listed), dtype=np.int64),
            np.full(shape, -np.inf, dtype=np.float32), np.zeros(shape, dtype=np.uint32),
        )  # fmt: skip

    def put(
        self,
        rows: NDArray[np.int64],
        candidates: NDArray[np.int64],
        values: NDArray[np.float32],
        named: NDArray[np.uint32],
    ) -> None:
        """Keep the lists of ``rows`` (int64[m]); the others are of shape [m, at most width], -1 for no candidate."""
        at = self.slot[rows]
        last = np.iinfo(np.int64).max
        order = np.argsort(np.where(candidates < 0, last, candidates), axis=1, kind="stable")
        width = candidates.shape[1]
        self.products[at, :width] = np.take_along_axis(candidates, order, axis=1)
        self.values[at, :width] = np.take_along_axis(values, order, axis=1)
        self.named[at, :width] = np.take_along_axis(named, order, axis=1)
        self.counts[at] = (candidates >= 0).sum(axis=1)

    def of(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.uint32]]:
        """Candidates int64[m, width], values and who names them, for rows that have a list."""
        at = self.slot[rows]
        width = max(1, int(self.counts[at].max(initial=0)))
        return self.products[at, :width].astype(np.int64), self.values[at, :width], self.named[at, :width]

    def both_ways(
        self, rows: NDArray[np.int64], candidates: NDArray[np.int64], values: NDArray[np.float32], cost: float
    ) -> NDArray[np.float32]:
        """float32[m, width]: ``values`` (what ``rows`` say) and what the candidates say, added; -inf stays.

        Args:
            rows: int64[m].
            candidates: int64[m, width], -1 for none.
            values: float32[m, width].
            cost: See :func:`models.blend.kernels.add_other_way`.
        """
        total = values.copy()
        kernels.add_other_way(
            rows, candidates, total, self.slot, self.products, self.counts, self.values, cost
        )  # fmt: skip
        return total

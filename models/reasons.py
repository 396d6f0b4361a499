"""Why a product stands in a list, in a form that machines read and people can be told: ``kind:what``.

    also_bought:          customers' lists link the two directly
    through:B0001,B0002   the listed products that carry most of the link: common neighbours, or, where there are none,
                          one of each product's own neighbours that are linked with each other (a chain)
    brand:NAME            nothing links them but the brand
    category:PATH         nothing links them but the category, the deepest that they share
    popular:              filled up with what is bought most
    through:              the model relates them over longer ways than can be named

A reason is read off the graph, not out of the model: it says what a merchandiser can check.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from graph import ProductGraph
from models.arrays import F32, I32, I64, Bool
from models.threads import for_ranges

#: At most so many products are named after ``through:``.
MOST_NAMED = 3

#: The further ones are named only if they carry at least this share of what the first carries.
_WORTH_NAMING = 0.2


def reasons_for(graph: ProductGraph, rows: NDArray[np.int64], found: NDArray[np.int64]) -> NDArray[np.object_]:
    """object[m, k] of str: why ``found[i, j]`` stands in the list of ``rows[i]``; None where ``found`` is -1.

    Args:
        graph: The graph that the lists were made on.
        rows: int64[m].
        found: int64[m, k] rows, -1 for none.
    """
    kind, through = link_reasons(graph, rows, found)
    reasons = np.full(found.shape, None, dtype=object)
    reasons[kind == DIRECT] = "also_bought:"
    ids = graph.product_ids
    shared = kind == SHARED
    named = through[shared]
    first, second, third = (named[:, i] for i in range(MOST_NAMED))
    reasons[shared] = [
        f"through:{ids[a]}" + (f",{ids[b]}" if b >= 0 else "") + (f",{ids[c]}" if c >= 0 else "")
        for a, b, c in zip(first.tolist(), second.tolist(), third.tolist(), strict=True)
    ]
    metadata = _Metadata(graph)
    for i, j in np.argwhere((kind == NONE) & (found >= 0)).tolist():
        reasons[i, j] = metadata.reason(int(rows[i]), int(found[i, j]))
    return reasons


#: What links two products: nothing nearer than three steps; an edge; common neighbours or a chain.
NONE, DIRECT, SHARED = 0, 1, 2


def link_reasons(
    graph: ProductGraph, rows: NDArray[np.int64], found: NDArray[np.int64], threads: int | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """How each pair (``rows[i]``, ``found[i, j]``) is linked in the graph.

    A common neighbour c carries w(a, c) * w(c, b) / degree(c), the resource that it passes on (Zhou, Lü, Zhang:
    Predicting missing links via local information, 2009). Products that are not listed are named only where no listed
    one links the two, for nobody can look them up.

    Returns:
        kind uint8[m, k] (:data:`NONE`, :data:`DIRECT`, :data:`SHARED`) and the rows that carry most int32[m, k, 3], -1
        for none.
    """
    kind = np.zeros(found.shape, dtype=np.uint8)
    through = np.full((*found.shape, MOST_NAMED), -1, dtype=np.int32)
    total = graph.edge_weight.dtype.type(_WORTH_NAMING)

    def work(start: int, stop: int) -> None:
        _link(
            rows[start:stop], found[start:stop], kind[start:stop], through[start:stop],
            graph.indptr, graph.indices, graph.edge_weight, graph.listed, total,
        )  # fmt: skip

    for_ranges(work, len(rows), 1024, threads)
    return kind, through


@njit(nogil=True, cache=True)
def _link(
    rows: I64, found: I64, kind: NDArray[np.uint8], through: I32,
    indptr: I64, indices: I32, edge_weight: F32, listed: Bool, worth_naming: np.float32,
) -> None:  # fmt: skip
    n = len(indptr) - 1
    weight_from = np.zeros(n, dtype=np.float32)  # w(a, ·) while the list of a is looked at
    carried = np.zeros(through.shape[2], dtype=np.float64)
    for i in range(len(rows)):
        a = rows[i]
        for e in range(indptr[a], indptr[a + 1]):
            weight_from[indices[e]] = edge_weight[e]
        for j in range(found.shape[1]):
            b = found[i, j]
            if b < 0:
                continue
            if weight_from[b] > 0:
                kind[i, j] = 1
                continue
            only_listed = False
            size = 0
            for e in range(indptr[b], indptr[b + 1]):
                c = indices[e]
                if weight_from[c] == 0 or (only_listed and not listed[c]):
                    continue
                if listed[c] and not only_listed:
                    only_listed = True  # the first listed one sends the others home
                    size = 0
                value = float(weight_from[c]) * edge_weight[e] / (indptr[c + 1] - indptr[c])
                at = size
                while at > 0 and carried[at - 1] < value:
                    if at < len(carried):
                        carried[at] = carried[at - 1]
                        through[i, j, at] = through[i, j, at - 1]
                    at -= 1
                if at < len(carried):
                    carried[at] = value
                    through[i, j, at] = c
                    size = min(size + 1, len(carried))
            if size > 0:
                kind[i, j] = 2
                for at in range(len(carried)):
                    if at >= size or carried[at] < worth_naming * carried[0]:
                        through[i, j, at] = -1
                continue
            best = 0.0  # a chain a - x - y - b
            for e in range(indptr[b], indptr[b + 1]):
                y = indices[e]
                for f in range(indptr[y], indptr[y + 1]):
                    x = indices[f]
                    if weight_from[x] > 0 and listed[x] and listed[y]:
                        passed = float(weight_from[x]) * edge_weight[f] * edge_weight[e]
                        passed /= float(indptr[x + 1] - indptr[x]) * (indptr[y + 1] - indptr[y])
                        if passed > best:
                            best = passed
                            kind[i, j] = 2
                            through[i, j, 0] = x
                            through[i, j, 1] = y
        for e in range(indptr[a], indptr[a + 1]):
            weight_from[indices[e]] = 0.0


class _Metadata:
    """Brand and category as a reason, for the pairs that no short way links."""

    def __init__(self, graph: ProductGraph) -> None:
        self._brand = graph.products["brand"].to_numpy(dtype=object)
        self._paths = graph.products["categories"].to_numpy(dtype=object)

    def reason(self, a: int, b: int) -> str:
        """``brand:…``, ``category:…`` or the admission that the way is longer."""
        brand, other = self._brand[a], self._brand[b]
        if isinstance(brand, str) and isinstance(other, str) and brand and brand.casefold() == other.casefold():
            return f"brand:{brand}"
        shared = set(prefixes(self._paths[a])) & set(prefixes(self._paths[b]))
        if shared:
            return f"category:{min(shared, key=lambda path: (-path.count(SEPARATOR), path))}"
        return "through:"


#: Between the levels of a category path.
SEPARATOR = " > "


def prefixes(paths: list[str]) -> list[str]:
    """Every category path and every path above it, deepest first, those of equal depth in order of their text."""
    every: set[str] = set()
    for path in paths:
        parts = path.split(SEPARATOR)
        every.update(SEPARATOR.join(parts[: depth + 1]) for depth in range(len(parts)))
    return sorted((path for path in every if path), key=lambda path: (-path.count(SEPARATOR), path))

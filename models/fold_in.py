"""A product that came after the run: vectors and a list out of those of the products that it goes with.

The vector is the weighted mean of its neighbours' vectors, what one step of a graph convolution with fixed weights
gives (Hamilton, Ying, Leskovec: Inductive representation learning on large graphs, NIPS 2017, section 3.1). The list
is put together as the personalized PageRank of a product is put together from that of its neighbours (Jeh, Widom:
Scaling personalized web search, WWW 2003, theorem 3); since models score on scales of their own, places in the lists
stand for the scores (Cormack, Clarke, Büttcher: Reciprocal rank fusion, SIGIR 2009).

    score(c) = sum over neighbours n of weight(n) / (20 + place of c in the list of n), over the sum of weights

A neighbour stands at place 0 of its own list. Nothing is learned, so it takes a moment; the next full run replaces it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Softens the head of a list, as in the statements that put lists together.
OFFSET: Final = 20
#: At most so many products are named as a reason ...
_MOST_NAMED: Final = 3
#: ... and further ones only if they carry this share of what the first carries.
_WORTH_NAMING: Final = 0.2


@dataclass(frozen=True)
class Neighbour:
    """A product that a new one goes with.

    Attributes:
        product_id: Whose list and vectors are taken.
        weight: How much, above 0.
        shown: Whether it belongs into the list itself: what is bought together does, what is only described alike is
            rather bought instead.
        direct: Whether customers' lists link the two.
        bridge: The product through which they are linked where they are not linked directly.
    """

    product_id: str
    weight: float
    shown: bool = True
    direct: bool = True
    bridge: str | None = None


@dataclass(frozen=True)
class Entry:
    """One place of a list: id, score, and the reason in the form of :mod:`models.reasons`."""

    product_id: str
    score: float
    reason: str


def fused_list(
    product_id: str,
    neighbours: Sequence[Neighbour],
    lists: Mapping[str, Sequence[str]],
    k: int,
) -> list[Entry]:
    """The ``k`` best of the neighbours and of what their lists hold, best first; equal scores stand in order of ids.

    Args:
        product_id: The new product, which is left out.
        neighbours: What it goes with.
        lists: Related ids of each neighbour, best first; a neighbour without a list counts by itself only.
        k: At least 1.
    """
    total = sum(one.weight for one in neighbours)
    carried: dict[str, dict[str, float]] = {}
    for one in neighbours:
        share = one.weight / total
        if one.shown:
            carried.setdefault(one.product_id, {})[one.product_id] = share / OFFSET
        for place, found in enumerate(lists.get(one.product_id, ()), start=1):
            of = carried.setdefault(found, {})
            of[one.product_id] = of.get(one.product_id, 0.0) + share / (OFFSET + place)
    carried.pop(product_id, None)
    by_id = {one.product_id: one for one in neighbours}
    ranked = sorted(((sum(by.values()), found) for found, by in carried.items()), key=lambda each: (-each[0], each[1]))
    return [Entry(found, score, _reason(found, carried[found], by_id)) for score, found in ranked[:k]]


def _reason(found: str, by: Mapping[str, float], neighbours: Mapping[str, Neighbour]) -> str:
    itself = neighbours.get(found)
    if itself is not None and itself.direct and itself.shown:
        return "also_bought:"
    most = sorted(((weight, name) for name, weight in by.items() if name != found), key=lambda one: (-one[0], one[1]))
    if not most:
        return f"through:{itself.bridge or ''}" if itself is not None else "through:"
    named = [name for weight, name in most[:_MOST_NAMED] if weight >= _WORTH_NAMING * most[0][0]]
    return "through:" + ",".join(named)


def mean_vector(neighbours: Sequence[Neighbour], vectors: Mapping[str, Sequence[float]]) -> NDArray[np.float32] | None:
    """float32[d]: mean of the neighbours' vectors (d numbers each), weighted; None where none of them has one."""
    there = [one for one in neighbours if one.product_id in vectors]
    if not there:
        return None
    table = np.array([vectors[one.product_id] for one in there], dtype=np.float64)
    mean: NDArray[np.float32] = np.average(table, axis=0, weights=[one.weight for one in there]).astype(np.float32)
    return mean


def as_long_as(vector: NDArray[np.float32], length: float, *, by_last: bool) -> NDArray[np.float32]:
    """``vector``, float32[d], brought to ``length``: all items of a cosine index that answers inner products have it.

    Args:
        vector: Not longer than ``length`` in its first d - 1 numbers, as the mean of vectors of that length is not.
        length: Above 0.
        by_last: Whether the last number is the one that was added for this purpose, and is chosen anew; else the
            whole vector is stretched.
    """
    out = vector.astype(np.float64)
    if by_last:
        out[-1] = np.sqrt(max(length**2 - float(out[:-1] @ out[:-1]), 0.0))
    else:
        own = float(np.linalg.norm(out))
        out = out * (length / own) if own > 0 else out
    longer: NDArray[np.float32] = out.astype(np.float32)
    return longer

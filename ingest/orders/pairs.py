"""Baskets to pairs: which products are bought together, how often, and what that is worth.

With B the matrix of baskets and products, the pairs are Bᵀ D B for a diagonal D that holds what each basket counts.
It is multiplied in blocks of products, so that memory holds one block's products and the pairs that are left; and in
whole numbers, so that the sums are exact whatever their order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.orders.settings import Weighting

#: Multiplications of one block; its result has at most as many entries.
_BLOCK_COST: Final = 1 << 24
#: A basket that counts fully, as a whole number; one that counts less is a fraction of it.
FULL: Final = 1 << 32


@dataclass(frozen=True)
class PairCounts:
    """Pairs of products that stand in enough baskets.

    Attributes:
        a, b: int32[m] products, a < b, ascending by (a, b).
        together: float64[m], what the baskets with both count.
        alone: float64[n_products], what the baskets with each product count.
        baskets: What all baskets count.
        seen: Pairs in any basket.
        below_support: Those in too few.
    """

    a: NDArray[np.int32]
    b: NDArray[np.int32]
    together: NDArray[np.float64]
    alone: NDArray[np.float64]
    baskets: float
    seen: int
    below_support: int


def basket_counts(time: NDArray[np.int64], known: NDArray[np.bool_], half_life_days: float) -> NDArray[np.int64]:
    """int64[n_baskets]: what each basket counts, in units of 1 / :data:`FULL`; half as much each half-life before the
    newest. A basket of unknown time counts as the oldest.
    """
    if half_life_days <= 0 or not known.any():
        return np.full(len(time), FULL, dtype=np.int64)
    newest, oldest = int(time[known].max()), int(time[known].min())
    age = newest - np.where(known, time, oldest)
    # At least one unit: a pair in old baskets only still is a pair.
    counts = np.maximum(np.rint(np.exp2(-age / (half_life_days * 86_400)) * FULL), 1)
    return np.asarray(counts, dtype=np.int64)


def count_pairs(
    basket: NDArray[np.int64],
    product: NDArray[np.int64],
    counts: NDArray[np.int64],
    n_products: int,
    min_support: int,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> PairCounts:
    """Count the pairs of products in the same basket.

    Args:
        basket: int64[n] codes.
        product: int64[n] codes; no couple of basket and product stands there twice.
        counts: int64[n_baskets], what each basket counts, from :func:`basket_counts`.
        n_products: Number of products.
        min_support: Pairs in fewer baskets are left out.
        on_progress: Called with the multiplications that are done.
    """
    from scipy import sparse

    n_baskets = len(counts)
    ones = np.ones(len(basket), dtype=np.int64)
    by_basket = sparse.csr_matrix((ones, (basket, product)), shape=(n_baskets, n_products))
    by_product = sparse.csr_matrix((ones, (product, basket)), shape=(n_products, n_baskets))
    equal = bool((counts == FULL).all())
    size = np.bincount(basket, minlength=n_baskets)
    cost = np.cumsum(np.bincount(product, weights=size[basket], minlength=n_products))
    total = int(cost[-1]) if n_products else 0

    found: list[tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]] = []
    seen = below = start = 0
    while start < n_products:
        before = cost[start - 1] if start else 0.0
        stop = max(start + 1, int(np.searchsorted(cost, before + _BLOCK_COST, side="right")))
        rows = by_product[start:stop]
        support = (rows @ by_basket).tocoo()
        above = support.col > support.row + start
        enough = above & (support.data >= min_support)
        together = support.data[enough].astype(np.float64)
        if not equal:
            # The same structure in the same order, for no count is zero.
            decayed = sparse.csr_matrix((counts[rows.indices], rows.indices, rows.indptr), shape=rows.shape)
            together = (decayed @ by_basket).tocoo().data[enough] / FULL
        a, b = (support.row[enough] + start).astype(np.int32), support.col[enough].astype(np.int32)
        order = np.lexsort((b, a))
        found.append((a[order], b[order], together[order]))
        seen += int(above.sum())
        below += int(above.sum()) - len(a)
        start = stop
        if on_progress is not None:
            on_progress("counting pairs", int(cost[stop - 1]), max(total, 1))
    alone = np.zeros(n_products, dtype=np.int64)
    np.add.at(alone, product, counts[basket])
    nothing = (np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float64))
    a, b, together = (np.concatenate(parts) for parts in zip(*(found or [nothing]), strict=True))
    return PairCounts(a, b, together, alone / FULL, int(counts.sum()) / FULL, seen, below)


def weigh(counts: PairCounts, weight: Weighting) -> NDArray[np.float64]:
    """float64[m]: what each pair weighs; zero or less where it is bought together no more often than by chance.

    ``count``: what the baskets with both count. ``cosine``: that over the geometric mean of what the baskets with
    each count. ``pmi``: log(p(a, b) / (p(a) p(b))), nats (Church and Hanks, "Word association norms, mutual
    information, and lexicography", 1990). ``llr``: the log-likelihood ratio G² of the two-by-two table, negative
    where the pair is rarer than by chance (Dunning, "Accurate methods for the statistics of surprise and
    coincidence", 1993).
    """
    of_a, of_b = counts.alone[counts.a], counts.alone[counts.b]
    return weigh_counts(counts.together, of_a, of_b, counts.baskets, weight)


def weigh_counts(
    both: NDArray[np.float64], of_a: NDArray[np.float64], of_b: NDArray[np.float64], n: float, weight: Weighting
) -> NDArray[np.float64]:
    """float64[m]: the same from bare numbers, float64[m] each: baskets with both, with one, with the other; and all."""
    if weight == "count":
        return both
    if weight == "cosine":
        return np.asarray(both / np.sqrt(of_a * of_b))
    expected = of_a * of_b / n if n else of_a
    if weight == "pmi":
        return np.asarray(np.log(both / expected))
    ratio = np.zeros(len(both))
    for k, margins in (
        (both, of_a * of_b),
        (of_a - both, of_a * (n - of_b)),
        (of_b - both, (n - of_a) * of_b),
        (n - of_a - of_b + both, (n - of_a) * (n - of_b)),
    ):
        some = k > 0  # 0 log 0 is 0
        ratio[some] += 2 * k[some] * np.log(k[some] * n / margins[some])
    return np.where(both > expected, np.maximum(ratio, 0), -1.0)

"""What may be done to a ranked list before people see it: more variety, and one of several variants of a product.

Maximal marginal relevance: Carbonell, Goldstein: The use of MMR, diversity-based reranking for reordering documents and
producing summaries, SIGIR 1998. Variants are told by their titles: what is left of a title without sizes, colours and
numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from graph import ProductGraph
from models.arrays import F32, I32, I64

#: Words that tell variants of one product apart, in the languages of the catalogues that were looked at.
_VARIANT_WORDS: Final = frozenset(
    """
    black white grey gray silver gold golden red blue navy green yellow orange purple violet pink brown beige ivory
    clear transparent turquoise teal burgundy bronze copper light dark medium pale deep
    xs s m l xl xxl xxxl small large extra mini jumbo size sizes colour color colors colours
    ounce ounces oz fl fluid ml cl liter litre liters litres g kg gram grams mg lb lbs pound pounds inch inches in cm mm
    ft foot feet pack packs count ct pc pcs piece pieces pair pairs set of each with and the a by for
    """.split()  # noqa: SIM905
)
_WORD: Final = re.compile(r"[^\W_]+")
_NUMBER: Final = re.compile(r"\d")


def variant_groups(titles: Sequence[str | None], brands: Sequence[str | None]) -> NDArray[np.int64]:
    """int64[n]: the same number for products that are variants of each other, -1 for those that stand alone.

    Variants have the same brand and the same words in the title, but for sizes, colours and numbers. A title of which
    fewer than two words are left says too little.
    """
    found: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for product, (title, brand) in enumerate(zip(titles, brands, strict=True)):
        if not isinstance(title, str):
            continue
        words = [word for word in _WORD.findall(title.casefold()) if not _NUMBER.search(word)]
        kept = tuple(sorted({word for word in words if word not in _VARIANT_WORDS}))
        if len(kept) >= 2:
            found.setdefault((brand.casefold() if isinstance(brand, str) else "", kept), []).append(product)
    groups = np.full(len(titles), -1, dtype=np.int64)
    for number, members in enumerate(members for members in found.values() if len(members) > 1):
        groups[members] = number
    return groups


def graph_variants(graph: ProductGraph) -> NDArray[np.int64]:
    """:func:`variant_groups` of a graph's products, int64[n]."""
    titles, brands = (graph.products[column].tolist() for column in ("title", "brand"))
    return variant_groups(titles, brands)


@njit(nogil=True, cache=True)
def _cut(rows: I64, found: I64, scores: F32, groups: I64) -> None:
    width = found.shape[1]
    for i in range(len(rows)):
        kept = 0
        for j in range(width):
            b = found[i, j]
            if b < 0:
                break
            group = groups[b]
            again = group >= 0 and group == groups[rows[i]]
            if group >= 0 and not again:
                for other in range(kept):
                    if groups[found[i, other]] == group:
                        again = True
                        break
            if not again:
                found[i, kept], scores[i, kept] = b, scores[i, j]
                kept += 1
        for j in range(kept, width):
            found[i, j], scores[i, j] = -1, -np.inf


def one_of_each(
    rows: NDArray[np.int64], found: NDArray[np.int64], scores: NDArray[np.float32], groups: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Lists in which the best of each group of variants stays, and no variant of the product itself.

    Args:
        rows: int64[m], whose lists they are.
        found: int64[m, k], best first, -1 for none.
        scores: float32[m, k].
        groups: int64[n] of :func:`variant_groups`.

    Returns:
        New lists and scores of the same shapes, filled up with -1 and -inf.
    """
    left, kept = found.copy(), scores.copy()
    _cut(rows, left, kept, groups)
    return left, kept


@njit(nogil=True, cache=True)
def _marginal(found: I64, scores: F32, k: int, cost: float, indptr: I64, indices: I32, out: I64, values: F32) -> None:
    width = found.shape[1]
    for i in range(len(found)):
        count = 0
        while count < width and found[i, count] >= 0:
            count += 1
        if count == 0:
            continue
        low, high = scores[i, count - 1], scores[i, 0]
        span = high - low if high > low else np.float32(1)
        likeness = np.zeros(count)
        taken = np.zeros(count, dtype=np.bool_)
        for place in range(min(k, count)):
            best, at = -np.inf, -1
            for j in range(count):
                if not taken[j]:
                    value = (1 - cost) * (scores[i, j] - low) / span - cost * likeness[j]
                    if value > best:
                        best, at = value, j
            taken[at] = True
            out[i, place], values[i, place] = found[i, at], best
            a = found[i, at]
            for j in range(count):  # how alike the rest are to what was just taken
                if taken[j]:
                    continue
                b = found[i, j]
                e, f, both = indptr[a], indptr[b], 0
                while e < indptr[a + 1] and f < indptr[b + 1]:
                    if indices[e] == indices[f]:
                        both, e, f = both + 1, e + 1, f + 1
                    elif indices[e] < indices[f]:
                        e += 1
                    else:
                        f += 1
                either = indptr[a + 1] - indptr[a] + indptr[b + 1] - indptr[b] - both
                if either > 0:
                    likeness[j] = max(likeness[j], both / either)


def marginal_relevance(
    graph: ProductGraph, found: NDArray[np.int64], scores: NDArray[np.float32], k: int, cost: float
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The ``k`` of each list that are good and unlike each other, best first.

    Each place goes to the product with the highest (1 - cost) * score - cost * likeness, where score runs from 0 to 1
    over the list and likeness is the highest share of common neighbours (Jaccard) with what stands above.

    Args:
        graph: For the likeness.
        found: int64[m, w], best first, -1 for none; w at least ``k``.
        scores: float32[m, w].
        k: Length of the new lists.
        cost: What likeness costs, from 0, nothing, to below 1.

    Returns:
        int64[m, k] and float32[m, k]; the new scores are the values above, falling.
    """
    out = np.full((len(found), k), -1, dtype=np.int64)
    values = np.full((len(found), k), -np.inf, dtype=np.float32)
    _marginal(found, scores, k, cost, graph.indptr, graph.indices, out, values)
    return out, values

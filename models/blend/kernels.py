"""The compiled loops of the blend: the union of candidates, and what two products share."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.arrays import F32, I32, I64, Bool

U8 = NDArray[np.uint8]

#: Columns that :func:`shared_features` fills, in order.
SHARED_COLUMNS = (
    "shared_listed", "shared_listed_adamic", "shared_listed_allocation", "shared_listed_product",
    "shared_outside", "shared_outside_adamic", "shared_outside_allocation", "shared_outside_product",
    "bought_both_state", "bought_both_stated", "bought_there", "bought_back",
    "viewed_both_state", "viewed_both_stated", "viewed_there", "viewed_back",
)  # fmt: skip


@njit(nogil=True, cache=True)
def union(found: I64, known_of: I64, candidates: I64, sources: NDArray[np.uint32]) -> None:
    """The union of ranked lists, best places first.

    Args:
        found: int64[s, m, k], lists of the s sources for m rows, -1 for none.
        known_of: int64[n] of -1, scratch.
        candidates: int64[m, width] of -1, filled: the first places of all sources, then the second places, ...
        sources: uint32[m, width] of 0, filled: bit s is set where source s names the candidate.
    """
    n_sources, m, k = found.shape
    width = candidates.shape[1]
    for i in range(m):
        size = 0
        for place in range(k):
            for s in range(n_sources):
                b = found[s, i, place]
                if b < 0:
                    continue
                at = known_of[b]
                if at < 0:
                    if size == width:
                        continue
                    at = size
                    known_of[b] = size
                    candidates[i, size] = b
                    size += 1
                sources[i, at] |= np.uint32(1) << np.uint32(s)
        for j in range(size):
            known_of[candidates[i, j]] = -1


@njit(nogil=True, cache=True)
def places(scores: F32, counts: I64, filled: I64, ranks: F32, shares: F32) -> None:
    """Place (one more than candidates with a higher score) and share of the best, among each row's candidates.

    Args:
        scores: float32[m, width]. NaN counts as -inf.
        counts: int64[m], the first so many of a row are its candidates.
        filled: int64[m], at least ``counts``; those after the candidates are placed among them.
        ranks: float32[m, width], filled.
        shares: float32[m, width], filled: score over the highest candidate's, 0 where that is not above 0.
    """
    for i in range(len(counts)):
        c = counts[i]
        values = np.empty(c, dtype=np.float32)
        for j in range(c):
            values[j] = -np.inf if np.isnan(scores[i, j]) else scores[i, j]
        values.sort()
        best = values[c - 1] if c > 0 else np.float32(0)
        for j in range(filled[i]):
            value = np.float32(-np.inf) if np.isnan(scores[i, j]) else scores[i, j]
            ranks[i, j] = 1 + c - np.searchsorted(values, value, side="right")
            shares[i, j] = value / best if best > 0 and value > -np.inf else 0.0


@njit(nogil=True, cache=True)
def fill(
    rows: I64,
    candidates: I64,
    counts: I64,
    wanted: Bool,
    ranks: F32,
    shares: F32,
    shared: F32,
    depth: F32,
    likeness: F32,
    numbers: F32,
    brand: I64,
    log_price: F32,
    place: I64,
    out: F32,
) -> None:
    """Write the columns of each wanted pair, in the order of :class:`models.blend.features.Features`.

    Args:
        rows: int64[m].
        candidates: int64[m, width].
        counts: int64[m], the first so many of a row are its candidates.
        wanted: bool[m, width], which pairs get a row of ``out``, one after another.
        ranks: float32[scores, m, width], places by each score.
        shares: float32[scores, m, width].
        shared: float32[m, width, s], of :func:`shared_features`.
        depth: float32[m, width], of :func:`deepest_shared`.
        likeness: float32[m, width], of titles.
        numbers: float32[n, x], facts of each product.
        brand: int64[n], -1 for none.
        log_price: float32[n].
        place: int64[n].
        out: float32[wanted, columns], filled.
    """
    n_scores, n_shared, n_numbers = len(ranks), shared.shape[2], numbers.shape[1]
    most = np.empty(n_shared, dtype=np.float32)
    line = 0
    for i in range(len(rows)):
        a = rows[i]
        most[:] = 0
        for j in range(counts[i]):
            for s in range(n_shared):
                most[s] = max(most[s], shared[i, j, s])
        for j in range(candidates.shape[1]):
            if not wanted[i, j]:
                continue
            b = candidates[i, j]
            f = out[line]
            line += 1
            total, best = np.float32(0), np.float32(np.inf)
            for s in range(n_scores):
                f[2 * s], f[2 * s + 1] = ranks[s, i, j], shares[s, i, j]
                total += ranks[s, i, j]
                best = min(best, ranks[s, i, j])
            at = 2 * n_scores
            f[at], f[at + 1] = total / max(1, n_scores), best
            at += 2
            for s in range(n_shared):
                f[at + s] = shared[i, j, s]
                f[at + n_shared + s] = shared[i, j, s] / most[s] if most[s] > 0 else np.float32(0)
            at += 2 * n_shared
            for x in range(n_numbers):
                f[at + x], f[at + n_numbers + x] = numbers[a, x], numbers[b, x]
            at += 2 * n_numbers
            f[at] = brand[b] >= 0 and brand[b] == brand[a]
            f[at + 1] = brand[b] >= 0
            f[at + 2] = depth[i, j]
            f[at + 3] = log_price[b] - log_price[a]
            f[at + 4] = abs(place[b] - place[a])
            f[at + 5] = place[b] - place[a]
            f[at + 6] = likeness[i, j]


@njit(nogil=True, cache=True)
def shared_features(
    rows: I64,
    candidates: I64,
    indptr: I64,
    indices: I32,
    weight: F32,
    relations: U8,
    listed: Bool,
    total: F32,
    out: F32,
) -> None:
    """What ``rows[i]`` and ``candidates[i, j]`` share in the graph.

    Args:
        rows: int64[m].
        candidates: int64[m, width], -1 for none.
        indptr: int64[n + 1], of the graph in CSR form, as are the three that follow.
        indices: int32[e].
        weight: float32[e].
        relations: uint8[e].
        listed: bool[n].
        total: float32[n], sum of the edge weights of each product.
        out: float32[m, width, len(SHARED_COLUMNS)] of 0, filled.
    """
    n = len(indptr) - 1
    own = np.zeros(n, dtype=np.float32)
    said = np.zeros(n, dtype=np.uint8)
    for i in range(len(rows)):
        a = rows[i]
        for e in range(indptr[a], indptr[a + 1]):
            own[indices[e]] = weight[e]
            said[indices[e]] = relations[e]
        for j in range(candidates.shape[1]):
            b = candidates[i, j]
            if b < 0:
                continue
            f = out[i, j]
            for e in range(indptr[b], indptr[b + 1]):
                c = indices[e]
                w = own[c]
                if w == 0:
                    continue
                product = w * weight[e]
                at = 0 if listed[c] else 4
                f[at] += 1
                f[at + 1] += 1 / np.log1p(total[c])
                f[at + 2] += product / total[c]
                f[at + 3] += product
                x, y = said[c], relations[e]
                for r in range(2):
                    states_a, stated_a = (x >> (2 * r)) & 1, (x >> (2 * r + 1)) & 1
                    states_b, stated_b = (y >> (2 * r)) & 1, (y >> (2 * r + 1)) & 1
                    f[8 + 4 * r] += states_a & states_b
                    f[9 + 4 * r] += stated_a & stated_b
                    f[10 + 4 * r] += states_a & stated_b
                    f[11 + 4 * r] += stated_a & states_b
        for e in range(indptr[a], indptr[a + 1]):
            own[indices[e]] = 0
            said[indices[e]] = 0


@njit(nogil=True, cache=True)
def deepest_shared(rows: I64, candidates: I64, starts: I64, groups: I32, depth: I32, out: F32) -> None:
    """How deep the deepest category is that both products stand in; 0 where they share none.

    Args:
        rows: int64[m].
        candidates: int64[m, width], -1 for none.
        starts: int64[n + 1]: where the categories of each product begin in ``groups``.
        groups: int32[...]: numbers of categories, with those above them.
        depth: int32[groups], 1 for a top category.
        out: float32[m, width] of 0, filled.
    """
    mark = np.zeros(len(depth), dtype=np.int32)
    for i in range(len(rows)):
        a = rows[i]
        for e in range(starts[a], starts[a + 1]):
            mark[groups[e]] = depth[groups[e]]
        for j in range(candidates.shape[1]):
            b = candidates[i, j]
            if b < 0:
                continue
            deepest = 0
            for e in range(starts[b], starts[b + 1]):
                deepest = max(deepest, mark[groups[e]])
            out[i, j] = deepest
        for e in range(starts[a], starts[a + 1]):
            mark[groups[e]] = 0


@njit(nogil=True, cache=True)
def add_other_way(
    rows: I64, candidates: I64, values: F32, slot: I64, kept: I32, kept_counts: I64, kept_values: F32, cost: float
) -> None:
    """Add to each value what the candidate's own list says of the product, in place.

    Args:
        rows: int64[m].
        candidates: int64[m, width], -1 for none.
        values: float32[m, width], what ``rows[i]`` says of ``candidates[i, j]``; gets what is said both ways together.
        slot: int64[n], which of the kept lists is a product's own, -1 for none.
        kept: int32[lists, w], products of each kept list, ascending.
        kept_counts: int64[lists], how many they are.
        kept_values: float32[lists, w].
        cost: How much less than the product says of it a candidate says that does not list the product.
    """
    for i in range(len(rows)):
        a = rows[i]
        for j in range(candidates.shape[1]):
            b = candidates[i, j]
            if b < 0:
                continue
            back = values[i, j] - np.float32(cost)
            s = slot[b]
            if s >= 0:
                low, high = 0, kept_counts[s]
                while low < high:
                    middle = (low + high) // 2
                    if kept[s, middle] < a:
                        low = middle + 1
                    else:
                        high = middle
                if low < kept_counts[s] and kept[s, low] == a:
                    back = kept_values[s, low]
            values[i, j] += back


@njit(nogil=True, cache=True)
def shared_weight(rows: I64, candidates: I64, starts: I64, items: I32, weights: F32, size: int, out: F32) -> None:
    """The inner product of two products' sparse vectors, over words of their titles for one.

    Args:
        rows: int64[m].
        candidates: int64[m, width], -1 for none.
        starts: int64[n + 1]: where the entries of each product begin.
        items: int32[...]: what they are of, below ``size``.
        weights: float32[...].
        size: Number of different items.
        out: float32[m, width] of 0, filled.
    """
    own = np.zeros(size, dtype=np.float32)
    for i in range(len(rows)):
        a = rows[i]
        for e in range(starts[a], starts[a + 1]):
            own[items[e]] = weights[e]
        for j in range(candidates.shape[1]):
            b = candidates[i, j]
            if b < 0:
                continue
            total = np.float32(0)
            for e in range(starts[b], starts[b + 1]):
                total += own[items[e]] * weights[e]
            out[i, j] = total
        for e in range(starts[a], starts[a + 1]):
            own[items[e]] = 0

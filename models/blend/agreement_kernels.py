"""The compiled loops of :mod:`models.blend.agreement`."""

from __future__ import annotations

import numpy as np
from numba import njit

from models.arrays import F32, I32, I64

#: Columns that :func:`shared_in_completed` fills, in order: known to known, known to predicted, predicted to known,
#: predicted to predicted; all shared out by degree; cosine; share of the candidate's pairs; all.
SHARED_COLUMNS = (
    "known_known", "known_predicted", "predicted_known", "predicted_predicted",
    "completed_allocation", "completed_cosine", "completed_of_other", "completed",
)  # fmt: skip


@njit(nogil=True, cache=True)
def places_in_lists(values: F32, counts: I64, places: I32) -> None:
    """Fill ``places`` (int32[lists, w]) with each entry's place in its list by ``values``, 1 for the highest."""
    for i in range(len(counts)):
        order = np.argsort(-values[i, : counts[i]], kind="mergesort")
        for place in range(counts[i]):
            places[i, order[place]] = place + 1


@njit(nogil=True, cache=True)
def said(
    rows: I64,
    candidates: I64,
    counts: I64,
    values: F32,
    slot: I64,
    kept: I32,
    kept_counts: I64,
    kept_values: F32,
    kept_places: I32,
    cost: float,
    out: F32,
) -> None:
    """What each side says of the other, both together, and the places.

    Args:
        rows: int64[m].
        candidates: int64[m, width], -1 for none.
        counts: int64[m], the first so many are what the place is taken among.
        values: float32[m, width], what ``rows[i]`` says.
        slot: int64[n], which of the kept lists is a product's own, -1 for none.
        kept: int32[lists, w], ascending within a list; int64[lists] of them and their float32 values and int32 places
            follow.
        kept_counts: see ``kept``.
        kept_values: see ``kept``.
        kept_places: see ``kept``.
        cost: What a candidate that does not list the product says less than the product says of it.
        out: float32[m, width, at least 5], the first five columns filled.
    """
    last = kept.shape[1] + 1
    for i in range(len(rows)):
        a, c = rows[i], counts[i]
        ranked = np.sort(values[i, :c])
        for j in range(candidates.shape[1]):
            b = candidates[i, j]
            if b < 0:
                continue
            value = values[i, j]
            back, there, place = np.float32(np.nan), False, last
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
                    back, place, there = kept_values[s, low], kept_places[s, low], True
            out[i, j, 0] = value
            out[i, j, 1] = back
            out[i, j, 2] = value + (back if there else value - np.float32(cost))
            out[i, j, 3] = 1 + c - np.searchsorted(ranked, value, side="right")
            out[i, j, 4] = place


@njit(nogil=True, cache=True)
def shared_in_completed(
    rows: I64, candidates: I64, indptr: I64, indices: I32, known: F32, chance: F32, total: F32, length: F32, out: F32
) -> None:
    """What ``rows[i]`` and ``candidates[i, j]`` share in the completed graph.

    Args:
        rows: int64[m].
        candidates: int64[m, width], -1 for none.
        indptr: int64[n + 1], of the completed graph in CSR form, as are the three that follow.
        indices: int32[e].
        known: float32[e], 1 where the pair is known.
        chance: float32[e], the chance of the pair where it is not.
        total: float32[n], sums of both.
        length: float32[n], roots of the sums of their squares.
        out: float32[m, width, len(SHARED_COLUMNS)] of 0, filled.
    """
    n = len(indptr) - 1
    own_known, own_chance = np.zeros(n, dtype=np.float32), np.zeros(n, dtype=np.float32)
    for i in range(len(rows)):
        a = rows[i]
        for e in range(indptr[a], indptr[a + 1]):
            own_known[indices[e]] = known[e]
            own_chance[indices[e]] = chance[e]
        for j in range(candidates.shape[1]):
            b = candidates[i, j]
            if b < 0:
                continue
            f = out[i, j]
            for e in range(indptr[b], indptr[b + 1]):
                c = indices[e]
                x, y = own_known[c], own_chance[c]
                if x + y == 0:
                    continue
                f[0] += x * known[e]
                f[1] += x * chance[e]
                f[2] += y * known[e]
                f[3] += y * chance[e]
                f[4] += (x + y) * (known[e] + chance[e]) / total[c]
            f[7] = f[0] + f[1] + f[2] + f[3]
            if f[7] > 0:
                f[5] = f[7] / (length[a] * length[b])
                f[6] = f[7] / total[b]
        for e in range(indptr[a], indptr[a + 1]):
            own_known[indices[e]] = 0
            own_chance[indices[e]] = 0

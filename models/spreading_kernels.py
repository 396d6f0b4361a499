"""The compiled loops of :mod:`models.spreading`, which explains the arguments.

``reached``, ``mass``, ``arriving`` (float32[n], all zero between products), the lists of their entries (int32[n]) and
``known_of`` (int64[n], -1 between products) are one thread's memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from models.arrays import F32, I32, I64, Bool


@njit(inline="always")
def _add(reached: F32, reached_list: I32, n_reached: Any, v: Any, value: Any) -> Any:
    """Add to what has arrived at ``v``; gives the length of the list of those where something has."""
    before = reached[v]
    after = before + value
    reached[v] = after
    if before == 0.0 and after > 0.0:
        reached_list[n_reached] = v
        return n_reached + 1
    return n_reached


@njit(nogil=True, cache=True)
def two_steps(
    begin: int,
    end: int,
    indptr: I64,
    indices: I32,
    listed_end: I64,
    later: F32,
    ahead: I32,
    ahead_values: F32,
    ahead_counts: I32,
    reached: F32,
    reached_list: I32,
) -> None:
    """For rows ``begin`` to ``end``: where two steps lead among listed products, the largest entries of it.

    Fills ``ahead`` int32[n, kept] with their rows, ``ahead_values`` float32[n, kept] with the mass that arrives, and
    ``ahead_counts`` int32[n] with how many there are. Of equal ones at the end those reached first are taken.
    """
    kept = ahead.shape[1]
    for row in range(begin, end):
        n_reached = 0
        for e in range(indptr[row], indptr[row + 1]):
            w = indices[e]
            for f in range(indptr[w], listed_end[w]):
                n_reached = _add(reached, reached_list, n_reached, indices[f], later[e] * later[f])
        least = np.float32(0.0)
        ties = 0
        if n_reached > kept:
            value = np.empty(n_reached, dtype=np.float32)
            for j in range(n_reached):
                value[j] = reached[reached_list[j]]
            least = np.partition(value, n_reached - kept)[n_reached - kept]
            ties = kept
            for j in range(n_reached):
                ties -= value[j] > least
        count = 0
        for j in range(n_reached):
            v = reached_list[j]
            mass = reached[v]
            reached[v] = 0.0
            if mass == least:
                if ties == 0:
                    continue
                ties -= 1
            elif mass < least:
                continue
            ahead[row, count] = v
            ahead_values[row, count] = mass
            count += 1
        ahead_counts[row] = count


@njit(nogil=True, cache=True)
def spread_from(
    source: int,
    indptr: I64,
    indices: I32,
    listed_end: I64,
    first: F32,
    later: F32,
    coefficients: F32,
    threshold: np.float32,
    ahead: I32,
    ahead_values: F32,
    ahead_counts: I32,
    reached: F32,
    mass: F32,
    arriving: F32,
    reached_list: I32,
    mass_list: I32,
    arriving_list: I32,
) -> int:
    """Fill ``reached`` with the weighted mass that arrives anywhere; gives the number of entries in its list."""
    n_reached = 0
    if len(ahead_counts) > 0:  # three steps, of which the last two are there already
        for e in range(indptr[source], indptr[source + 1]):
            u = indices[e]
            here = first[e]
            n_reached = _add(reached, reached_list, n_reached, u, coefficients[0] * here)
            for f in range(indptr[u], listed_end[u]):
                n_reached = _add(reached, reached_list, n_reached, indices[f], coefficients[1] * here * later[f])
            for f in range(ahead_counts[u]):
                value = coefficients[2] * here * ahead_values[u, f]
                n_reached = _add(reached, reached_list, n_reached, ahead[u, f], value)
        return n_reached
    mass[source] = 1.0
    mass_list[0] = source
    n_mass = 1
    steps = len(coefficients)
    for step in range(steps):
        last = step == steps - 1
        value = first if step == 0 else later
        coefficient = coefficients[step]
        n_arriving = 0
        for i in range(n_mass):
            u = mass_list[i]
            here = mass[u]
            mass[u] = 0.0
            begin = indptr[u]
            if step > 0 and here < threshold * (indptr[u + 1] - begin):
                continue
            if last:  # nothing spreads from here on, and only listed products are asked about
                here *= coefficient
                for e in range(begin, listed_end[u]):
                    v = indices[e]
                    before = reached[v]
                    after = before + here * value[e]
                    if before == 0.0 and after > 0.0:
                        reached_list[n_reached] = v
                        n_reached += 1
                    reached[v] = after
            else:
                for e in range(begin, indptr[u + 1]):
                    v = indices[e]
                    before = arriving[v]
                    after = before + here * value[e]
                    if before == 0.0 and after > 0.0:
                        arriving_list[n_arriving] = v
                        n_arriving += 1
                    arriving[v] = after
        if not last:
            if coefficient > 0.0:
                for i in range(n_arriving):
                    v = arriving_list[i]
                    before = reached[v]
                    after = before + coefficient * arriving[v]
                    if before == 0.0 and after > 0.0:
                        reached_list[n_reached] = v
                        n_reached += 1
                    reached[v] = after
            mass, arriving = arriving, mass
            mass_list, arriving_list = arriving_list, mass_list
            n_mass = n_arriving
    return n_reached


@njit(nogil=True, cache=True)
def formed(form: Any, reached: Any, own: Any, other: Any) -> Any:
    """The score out of the mass that arrived; see the forms above."""
    if form == 1:
        return np.float32(reached / (own + other - reached))
    if form == 2:
        return np.float32(np.log(reached * own * other))
    return np.float32(reached * own * other)


@njit(nogil=True, cache=True)
def best_reached(
    source: int,
    n_reached: int,
    found: I64,
    scores: F32,
    exclude_known: bool,
    known_indptr: I64,
    known_indices: I32,
    own: F32,
    other: F32,
    form: int,
    listed: Bool,
    reached: F32,
    reached_list: I32,
    known_of: I64,
) -> None:
    """Fill ``found`` and ``scores`` (both [k]) with the best of what ``source`` reached; equal scores by row number."""
    k = len(found)
    if exclude_known:
        for e in range(known_indptr[source], known_indptr[source + 1]):
            known_of[known_indices[e]] = source
    size = 0
    for j in range(n_reached):
        v = reached_list[j]
        if v == source or not listed[v] or (exclude_known and known_of[v] == source):
            continue
        score = formed(form, reached[v], own[source], other[v])
        if size == k:
            worst = scores[k - 1]
            if score < worst or (score == worst and v > found[k - 1]):
                continue
            at = k - 1
        else:
            at = size
            size += 1
        while at > 0 and (scores[at - 1] < score or (scores[at - 1] == score and found[at - 1] > v)):
            scores[at] = scores[at - 1]
            found[at] = found[at - 1]
            at -= 1
        scores[at] = score
        found[at] = v
    if exclude_known:  # the memory is used again, perhaps for the same product
        for e in range(known_indptr[source], known_indptr[source + 1]):
            known_of[known_indices[e]] = -1


@njit(nogil=True, cache=True)
def rank_rows(
    rows: I64,
    found: I64,
    scores: F32,
    exclude_known: bool,
    known_indptr: I64,
    known_indices: I32,
    indptr: I64,
    indices: I32,
    listed_end: I64,
    first: F32,
    later: F32,
    coefficients: F32,
    own: F32,
    other: F32,
    form: int,
    threshold: np.float32,
    ahead: I32,
    ahead_values: F32,
    ahead_counts: I32,
    listed: Bool,
    reached: F32,
    mass: F32,
    arriving: F32,
    reached_list: I32,
    mass_list: I32,
    arriving_list: I32,
    known_of: I64,
) -> None:
    """Fill ``found`` and ``scores`` (both [m, k]) with the best of each of ``rows``; equal scores by row number."""
    for i in range(len(rows)):
        n_reached = spread_from(
            rows[i], indptr, indices, listed_end, first, later, coefficients, threshold,
            ahead, ahead_values, ahead_counts,
            reached, mass, arriving, reached_list, mass_list, arriving_list,
        )  # fmt: skip
        best_reached(
            rows[i], n_reached, found[i], scores[i], exclude_known, known_indptr, known_indices,
            own, other, form, listed, reached, reached_list, known_of,
        )  # fmt: skip
        for j in range(n_reached):
            reached[reached_list[j]] = 0.0


@njit(nogil=True, cache=True)
def score_sources(
    sources: I64,
    begins: I64,
    ends: I64,
    wanted: I64,
    scores: F32,
    indptr: I64,
    indices: I32,
    listed_end: I64,
    first: F32,
    later: F32,
    coefficients: F32,
    own: F32,
    other: F32,
    form: int,
    threshold: np.float32,
    ahead: I32,
    ahead_values: F32,
    ahead_counts: I32,
    reached: F32,
    mass: F32,
    arriving: F32,
    reached_list: I32,
    mass_list: I32,
    arriving_list: I32,
    known_of: I64,
) -> None:
    """Fill ``scores`` of the pairs (``sources[i]``, ``wanted[begins[i]:ends[i]]``) that the source reaches."""
    for i in range(len(sources)):
        source = sources[i]
        n_reached = spread_from(
            source, indptr, indices, listed_end, first, later, coefficients, threshold,
            ahead, ahead_values, ahead_counts,
            reached, mass, arriving, reached_list, mass_list, arriving_list,
        )  # fmt: skip
        for j in range(begins[i], ends[i]):
            v = wanted[j]
            if reached[v] > 0.0:
                scores[j] = formed(form, reached[v], own[source], other[v])
        for j in range(n_reached):
            reached[reached_list[j]] = 0.0


@njit(nogil=True, cache=True)
def keep_rows(
    rows: I64,
    most: int,
    columns: I32,
    values: F32,
    counts: I64,
    indptr: I64,
    indices: I32,
    listed_end: I64,
    first: F32,
    later: F32,
    coefficients: F32,
    own: F32,
    other: F32,
    form: int,
    threshold: np.float32,
    ahead: I32,
    ahead_values: F32,
    ahead_counts: I32,
    listed: Bool,
    reached: F32,
    mass: F32,
    arriving: F32,
    reached_list: I32,
    mass_list: I32,
    arriving_list: I32,
    known_of: I64,
) -> None:
    """Fill ``columns`` and ``values`` (both [m, most]) with the largest entries of each row, by column, and ``counts``.

    Where more than ``most`` are reached, those that equal the least kept one are taken in order of their columns.
    """
    for i in range(len(rows)):
        source = rows[i]
        n_reached = spread_from(
            source, indptr, indices, listed_end, first, later, coefficients, threshold,
            ahead, ahead_values, ahead_counts,
            reached, mass, arriving, reached_list, mass_list, arriving_list,
        )  # fmt: skip
        found = np.empty(n_reached, dtype=np.int32)
        size = 0
        for j in range(n_reached):
            v = reached_list[j]
            if listed[v]:
                found[size] = v
                size += 1
        found = np.sort(found[:size])
        least, ties = np.float32(-1.0), 0
        if size > most:
            score = np.empty(size, dtype=np.float32)
            for j in range(size):
                score[j] = reached[found[j]] * other[found[j]]
            least = np.partition(score, size - most)[size - most]
            above = 0
            for j in range(size):
                above += score[j] > least
            ties = most - above
        kept = 0
        for j in range(size):
            v = found[j]
            value = reached[v] * other[v]
            if value == least and size > most:
                if ties == 0:
                    continue
                ties -= 1
            elif value < least:
                continue
            columns[i, kept] = v
            values[i, kept] = formed(form, reached[v], own[source], other[v])
            kept += 1
        counts[i] = kept
        for j in range(n_reached):
            reached[reached_list[j]] = 0.0

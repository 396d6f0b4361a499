"""The walkers' inner loops (numba). :mod:`models.walks` prepares the arrays and says what the results mean.

A step waits for memory: one read of a row (8 bytes) and one of an alias entry (16 bytes), both at random places. So
each thread keeps :data:`IN_FLIGHT` walks going: a round first draws all their entries, then reads them all, and the
processor overlaps the misses. Second-order steps, whose loops compute more, also ask for each line one loop ahead;
where a loop is as short as a first-order step's, asking costs more than it gives.

A row without neighbours points to one entry behind the last, whose outcome is row n, which points there again: a
walk that has nowhere to go needs no branch, and is written as -1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from models.arrays import F32, F64, I32, I64, U32, U64
from models.random_bits import GOLDEN, below, mix, stream
from models.simd import prefetch

IN_FLIGHT = 256
LOW_32 = np.uint64(0xFFFFFFFF)
#: Places in a bucket of the hash table of edges, which is 64 bytes; an empty one holds 0.
BUCKET = 16


@njit(inline="always")
def _pick(condition: Any, yes: Any, no: Any) -> Any:
    """``yes`` where the condition holds, else ``no`` (uint32), without a branch: a wrong guess costs 20 cycles."""
    return no ^ ((yes ^ no) & np.uint32(-np.int32(condition)))


@njit(nogil=True, cache=True)
def first_order(rows: U32, entries: U32, starts: I64, key: np.uint64, first_walk: int, length: int, out: I32) -> None:
    """Weighted walks, p = q = 1.

    rows uint32[n + 1, 2] (first entry, degree); entries uint32[2m + 1, 4]; starts int[w]; walk ``i`` draws from
    stream ``first_walk + i`` of ``key``; out int32[w, length + 1].
    """
    n = np.uint32(len(rows) - 1)
    state = np.empty(IN_FLIGHT, dtype=np.uint64)
    entry = np.empty(IN_FLIGHT, dtype=np.uint32)
    side = np.empty(IN_FLIGHT, dtype=np.uint32)
    # turned round at the end of a round of walks: writing ``out`` step by step costs as much as the reads
    path = np.empty((length + 1, IN_FLIGHT), dtype=np.uint32)
    for base in range(0, len(starts), IN_FLIGHT):
        lanes = min(IN_FLIGHT, len(starts) - base)
        for i in range(lanes):
            state[i] = stream(key, first_walk + base + i)
            path[0, i] = starts[base + i]
        for t in range(1, length + 1):
            for i in range(lanes):
                state[i] += GOLDEN
                bits = mix(state[i])
                v = path[t - 1, i]
                entry[i] = rows[v, 0] + np.uint32(below(bits, np.uint64(rows[v, 1])))
                side[i] = np.uint32(bits & LOW_32)
            for i in range(lanes):
                e = entry[i]
                threshold = entries[e, 0]
                kept = entries[e, 1]
                alias = entries[e, 2]
                path[t, i] = _pick(side[i] < threshold, kept, alias)
        for i in range(lanes):
            for t in range(length + 1):
                v = path[t, i]
                out[base + i, t] = np.int32(v) if v < n else np.int32(-1)


@njit(inline="always")
def _filter_place(a: Any, b: Any, words: Any) -> Any:
    """Word and bit mask of the edge between a and b, whichever way, in the filter: three bits of one 64-bit word."""
    h = mix((np.uint64(min(a, b)) << np.uint64(32)) | np.uint64(max(a, b)))
    word = below(h, np.uint64(words))
    six = np.uint64(63)
    mask = np.uint64(1) << (h & six)
    mask |= np.uint64(1) << ((h >> np.uint64(6)) & six)
    mask |= np.uint64(1) << ((h >> np.uint64(12)) & six)
    return word, mask


@njit(nogil=True, cache=True)
def fill_filter(indptr: I64, indices: I32, words: U64) -> None:
    """Enter every edge into the Bloom filter ``words`` uint64[k]."""
    for a in range(len(indptr) - 1):
        for e in range(indptr[a], indptr[a + 1]):
            word, mask = _filter_place(a, indices[e], len(words))
            words[word] |= mask


@njit(inline="always")
def _edge_key(a: Any, b: Any) -> Any:
    return (np.uint64(a) << np.uint64(32)) | np.uint64(b)


@njit(inline="always")
def _edge_place(a: Any, b: Any, half: Any, rest: Any) -> Any:
    """Bucket and tag of the edge a → b in the hash table.

    The ``2 * half`` bits of the two rows are mixed by steps that can be undone, and cut: the upper ones are the
    bucket, the lower ``rest`` the tag. In its bucket a tag therefore stands for this edge alone, in 4 bytes.
    """
    one = np.uint64(1)
    bits = (one << (half + half)) - one
    x = (np.uint64(a) << half) | np.uint64(b)
    x = (x * np.uint64(0xBF58476D1CE4E5B9)) & bits
    x ^= x >> half
    x = (x * np.uint64(0x94D049BB133111EB)) & bits
    x ^= x >> half
    return np.int64(x >> rest), np.uint32((x & ((one << rest) - one)) + one)


@njit(nogil=True, cache=True)
def fill_edges(indptr: I64, indices: I32, either_way: bool, half: np.uint64, rest: np.uint64, edges: U32) -> U64:
    """Enter every directed edge into the hash table ``edges`` uint32[buckets, 16], which is all 0.

    ``either_way``: every edge is there in both directions, and the one from the smaller row stands for both. ``half``:
    bits of a row number; ``rest``: those of a tag, at most 31, which leaves ``2 * half - rest`` for the bucket.

    Returns:
        uint64: the keys of the edges whose bucket was full, in no order.
    """
    homeless = np.empty(16, dtype=np.uint64)
    count = 0
    for a in range(len(indptr) - 1):
        for e in range(indptr[a], indptr[a + 1]):
            b = np.int64(indices[e])
            if either_way and b < a:
                continue
            at, tag = _edge_place(a, b, half, rest)
            slot = 0
            while slot < BUCKET and edges[at, slot] != 0:
                slot += 1
            if slot < BUCKET:
                edges[at, slot] = tag
                continue
            if count == len(homeless):
                longer = np.empty(2 * count, dtype=np.uint64)
                longer[:count] = homeless
                homeless = longer
            homeless[count] = _edge_key(a, b)
            count += 1
    return homeless[:count].copy()


@njit(nogil=True, cache=True)
def among(keys: Any, key: Any) -> bool:
    """Whether the ascending ``keys`` have ``key``."""
    low = 0
    high = len(keys)
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return bool(low < len(keys) and keys[low] == key)


@njit(nogil=True, cache=True)
def edge_chances(
    indptr: I64, indices: I32, weight: F32, totals: F64, first: int, last: int, forward: F32, backward: F32
) -> None:
    """For each edge u → v of rows ``first`` to ``last``: the first-order chances of u → v and of v → u, float32[2m]."""
    for u in range(first, last):
        for e in range(indptr[u], indptr[u + 1]):
            v = indices[e]
            at = _position(indptr, indices, v, u)
            forward[e] = np.float32(weight[e] / totals[u])
            backward[e] = np.float32(weight[at] / totals[v]) if at >= 0 else np.float32(0.0)


@njit(nogil=True, cache=True)
def widen_entries(
    indptr: I64,
    indices: I32,
    narrow: U32,
    forward: F32,
    backward: F32,
    first: int,
    last: int,
    wide: U32,
    wide_real: F32,
) -> None:
    """Entries of 32 bytes: beside each of the two outcomes the chance of the step, and of the step back.

    wide uint32[2m + 1, 8]: threshold, kept, alias, unused; ``wide_real`` is the same memory as float32, where columns
    4 and 5 belong to the outcome that is kept and 6 and 7 to the alias.
    """
    for u in range(first, last):
        for e in range(indptr[u], indptr[u + 1]):
            wide[e, 0] = narrow[e, 0]
            wide[e, 1] = narrow[e, 1]
            wide[e, 2] = narrow[e, 2]
            wide_real[e, 4] = forward[e]
            wide_real[e, 5] = backward[e]
            at = _position(indptr, indices, u, np.int64(narrow[e, 2]))
            wide_real[e, 6] = forward[at]
            wide_real[e, 7] = backward[at]


@njit(inline="always")
def _position(indptr: I64, indices: I32, a: Any, b: Any) -> Any:
    """Where ``b`` stands in the sorted row ``a``, -1 where it does not."""
    low = indptr[a]
    end = indptr[a + 1]
    high = end
    while low < high:
        middle = (low + high) >> 1
        if indices[middle] < b:
            low = middle + 1
        else:
            high = middle
    if low < end and indices[low] == b:
        return low
    return -1


@njit(nogil=True, cache=True)
def second_order(
    rows: U32,
    entries: U32,
    chances: F32,
    filter_words: U64,
    edges: U32,
    homeless: U64,
    either_way: bool,
    half: np.uint64,
    rest: np.uint64,
    p: float,
    q: float,
    starts: I64,
    key: np.uint64,
    first_walk: int,
    length: int,
    out: I32,
) -> None:
    """Walks with return parameter ``p`` and in-out parameter ``q`` by rejection, exactly as node2vec defines them.

    From v, reached from u, node2vec goes to x in proportion to weight(v, x) times 1/p where x is u, 1 where u → x is
    an edge, 1/q elsewhere. Proposals come from v's alias table, which is weight(v, x) alone; ``ceiling`` =
    max(1, 1/q) bounds the factor of all but the return step. What the return step has above the ceiling is a proposal
    of its own (it needs only the chance that a first-order step returns), so that a small p costs nothing.
    One uniform number decides: below the smaller of 1 and 1/q a proposal other than u is accepted unseen; only
    between the two does it matter whether u → x is an edge, and then a Bloom filter that stays in the cache answers
    most of the noes, and one line of a hash table the rest.

    entries, chances: where 1/p is above the ceiling, the wide entries of :func:`widen_entries`, as uint32 and
    float32; else the narrow ones, and ``chances`` is not read. edges, either_way, half and rest as of
    :func:`fill_edges`, and homeless what it gave, ascending. The other arrays as in :func:`first_order`. A lane
    whose walk is over takes the next one; a walk's numbers come from its own stream, so that what it does never
    depends on its neighbours.
    """
    n = np.uint32(len(rows) - 1)
    walks = len(starts)
    to_return = 1.0 / p
    ceiling = max(1.0, 1.0 / q)
    unseen = min(1.0, 1.0 / q)
    excess = max(0.0, to_return - ceiling)
    edge_wins = q > 1.0
    state = np.empty(IN_FLIGHT, dtype=np.uint64)
    walk = np.empty(IN_FLIGHT, dtype=np.int64)
    step = np.empty(IN_FLIGHT, dtype=np.int64)
    current = np.empty(IN_FLIGHT, dtype=np.uint32)
    previous = np.empty(IN_FLIGHT, dtype=np.uint32)
    chance_on = np.zeros(IN_FLIGHT, dtype=np.float32)  # of the step that led here
    chance_back = np.zeros(IN_FLIGHT, dtype=np.float32)  # of the step that undoes it
    entry = np.empty(IN_FLIGHT, dtype=np.uint32)
    side = np.empty(IN_FLIGHT, dtype=np.uint32)
    height = np.empty(IN_FLIGHT, dtype=np.float64)
    proposed = np.empty(IN_FLIGHT, dtype=np.uint32)
    proposed_on = np.zeros(IN_FLIGHT, dtype=np.float32)
    proposed_back = np.zeros(IN_FLIGHT, dtype=np.float32)
    asked = np.empty(IN_FLIGHT, dtype=np.int64)
    place = np.empty(IN_FLIGHT, dtype=np.uint64)
    mask = np.empty(IN_FLIGHT, dtype=np.uint64)
    word = np.empty(IN_FLIGHT, dtype=np.uint64)
    tag = np.empty(IN_FLIGHT, dtype=np.uint32)
    bucket = np.empty(IN_FLIGHT, dtype=np.int64)
    is_edge = np.empty(IN_FLIGHT, dtype=np.bool_)
    unsure = np.empty(IN_FLIGHT, dtype=np.bool_)
    taken = np.empty(IN_FLIGHT, dtype=np.bool_)
    undoes = np.empty(IN_FLIGHT, dtype=np.bool_)
    words = len(filter_words)
    lanes = 0
    waiting = 0
    while True:
        # finished lanes take new walks, or are closed
        i = 0
        while i < lanes or (lanes < IN_FLIGHT and waiting < walks):
            if i < lanes and step[i] <= length:
                i += 1
                continue
            if waiting < walks:
                if i == lanes:
                    lanes += 1
                state[i] = stream(key, first_walk + waiting)
                walk[i] = waiting
                current[i] = starts[waiting]
                previous[i] = n  # nowhere: no proposal is a return step
                chance_on[i] = 0.0
                chance_back[i] = 0.0
                out[waiting, 0] = starts[waiting]
                step[i] = 1
                waiting += 1
                if length > 0:
                    i += 1
            else:
                lanes -= 1
                state[i] = state[lanes]
                walk[i] = walk[lanes]
                step[i] = step[lanes]
                current[i] = current[lanes]
                previous[i] = previous[lanes]
                chance_on[i] = chance_on[lanes]
                chance_back[i] = chance_back[lanes]
        if lanes == 0:
            break
        for i in range(lanes):
            bits = mix(state[i] + GOLDEN)
            more = mix(state[i] + GOLDEN + GOLDEN)
            state[i] += GOLDEN + GOLDEN
            v = current[i]
            entry[i] = rows[v, 0] + np.uint32(below(bits, np.uint64(rows[v, 1])))
            side[i] = np.uint32(bits & LOW_32)
            height[i] = (
                np.float64(more >> np.uint64(11)) * (1.0 / 9007199254740992.0) * (ceiling + excess * chance_back[i])
            )
            prefetch(entries, np.int64(entry[i]), 0)
        for i in range(lanes):
            e = entry[i]
            threshold = entries[e, 0]
            kept = entries[e, 1]
            alias = entries[e, 2]
            proposed[i] = _pick(side[i] < threshold, kept, alias)
            prefetch(rows, np.int64(proposed[i]), 0)  # read in the next round, if the proposal is taken
        if excess > 0.0:
            for i in range(lanes):
                e = entry[i]
                column = 6 - 2 * np.int64(side[i] < entries[e, 0])
                proposed_on[i] = chances[e, column]
                proposed_back[i] = chances[e, column + 1]
        n_asked = 0
        for i in range(lanes):
            x = proposed[i]
            # the first step has no previous one, and a dead end no choice
            free = (previous[i] == n) | (x == n)
            returns = x == previous[i]
            limit = to_return if returns else unseen
            ok = free | (height[i] < limit)
            taken[i] = ok
            undoes[i] = (height[i] >= ceiling) & ~free & (current[i] != n)
            asked[n_asked] = i  # stays only if it is counted
            n_asked += int(~(ok | returns) & (height[i] < ceiling))
        for j in range(n_asked):
            i = asked[j]
            place[j], mask[j] = _filter_place(previous[i], proposed[i], words)
            prefetch(filter_words, np.int64(place[j]), 0)
        for j in range(n_asked):
            word[j] = filter_words[place[j]]
        n_passed = 0
        for j in range(n_asked):
            i = asked[j]
            passes = (word[j] & mask[j]) == mask[j]
            taken[i] = passes == edge_wins
            asked[n_passed] = i
            n_passed += int(passes)
        # what passes the filter is looked up: one cache line each, and hardly ever more
        for j in range(n_passed):
            u = previous[asked[j]]
            x = proposed[asked[j]]
            swap = either_way & (x < u)
            bucket[j], tag[j] = _edge_place(_pick(swap, x, u), _pick(swap, u, x), half, rest)
            prefetch(edges, bucket[j], 0)
        for j in range(n_passed):
            hits = np.uint32(0)
            for slot in range(BUCKET):
                hits += np.uint32(edges[bucket[j], slot] == tag[j])
            is_edge[j] = hits > 0
            unsure[j] = (hits == 0) & (edges[bucket[j], BUCKET - 1] != 0)
        for j in range(n_passed):
            if unsure[j]:
                u = previous[asked[j]]
                x = proposed[asked[j]]
                swap = either_way & (x < u)
                is_edge[j] = among(homeless, _edge_key(_pick(swap, x, u), _pick(swap, u, x)))
            taken[asked[j]] = is_edge[j] == edge_wins
        for i in range(lanes):
            v = current[i]
            u = previous[i]
            moves = taken[i] | undoes[i]
            x = _pick(undoes[i], u, proposed[i])
            if excess > 0.0:
                on = chance_on[i]
                back = chance_back[i]
                new_on = back if undoes[i] else proposed_on[i]
                new_back = on if undoes[i] else proposed_back[i]
                chance_on[i] = new_on if moves else on
                chance_back[i] = new_back if moves else back
            # written whether it moves or not: what does not move is written again
            out[walk[i], step[i]] = np.int32(x) if x < n else np.int32(-1)
            previous[i] = _pick(moves, v, u)
            current[i] = _pick(moves, x, v)
            step[i] += np.int64(moves)

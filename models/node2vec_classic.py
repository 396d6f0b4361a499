"""node2vec as it was published: an alias table for every edge, one walk at a time, then gensim.

Grover, Leskovec: node2vec: Scalable feature learning for networks, KDD 2016, algorithm 1. A table for edge (u, v) holds
the chances of all neighbours of v, so that memory grows with the sum of squared degrees: the reference's third
recommender, which ran out of memory or never finished. It stands here so that the comparison can show why; ``fit``
refuses beyond ``most_entries``. :mod:`models.node2vec` walks by the same chances without any table an edge.

Everything else is :mod:`models.gensim_word2vec`: listed products only, the same bytes for the same seed with
one worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numba import njit
from numpy.typing import NDArray

from graph import ProductGraph
from models.arrays import F32, F64, I32, I64
from models.gensim_word2vec import GensimSettings, GensimWord2Vec
from models.random_bits import GOLDEN, below, key_of, mix, stream
from models.vector_model import check_at_least, check_positive


@dataclass(frozen=True)
class Node2VecClassicSettings(GensimSettings):
    """Those of gensim, and of second-order walks."""

    p: float = 1.0
    """Return parameter: below 1, walks go back to where they came from more often."""
    q: float = 1.0
    """In-out parameter: above 1, walks stay near where they came from; below 1, they go far."""
    most_entries: int = 100_000_000
    """Entries of all alias tables together, eight bytes each, beyond which ``fit`` refuses."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(self, "p", "q")
        check_at_least(self, most_entries=1)


class Node2VecClassic(GensimWord2Vec):
    """The published algorithm, with its memory."""

    name: ClassVar[str] = "node2vec_classic"
    settings_class = Node2VecClassicSettings
    settings: Node2VecClassicSettings

    def _walks(
        self, inside: ProductGraph, starts: NDArray[np.int64], seed: np.random.SeedSequence
    ) -> NDArray[np.int32]:
        """See :meth:`models.gensim_word2vec.GensimWord2Vec._walks`."""
        s = self.settings
        indptr, indices, weight = inside.indptr, inside.indices, inside.edge_weight
        begin = np.zeros(len(indices) + 1, dtype=np.int64)
        np.cumsum(inside.degree[indices], out=begin[1:])
        if begin[-1] > s.most_entries:
            raise ValueError(
                f"most_entries is {s.most_entries}, and one alias table an edge would take {begin[-1]} entries: take "
                "node2vec, which walks by the same chances without them"
            )
        chance = np.empty(begin[-1], dtype=np.float32)
        other = np.empty(begin[-1], dtype=np.int32)
        _fill_edges(indptr, indices, weight, begin, 1 / s.p, 1 / s.q, chance, other)
        first_chance = np.empty(len(indices), dtype=np.float32)
        first_other = np.empty(len(indices), dtype=np.int32)
        for row in starts:
            span = slice(indptr[row], indptr[row + 1])
            _alias(weight[span].astype(np.float64), first_chance[span], first_other[span])
        out = np.empty((len(starts), s.walk_length + 1), dtype=np.int32)
        tables: tuple[Any, ...] = (indptr, indices, begin, chance, other, first_chance, first_other)
        arguments = (starts, key_of(seed), *tables, out)
        _walk(*arguments)
        return out


@njit(nogil=True, cache=True)
def _alias(weight: F64, chance: F32, other: I32) -> None:
    """Walker's alias table (Vose 1991) of ``weight``: keep entry i with ``chance[i]``, else take ``other[i]``."""
    n = len(weight)
    scaled = weight * (n / weight.sum())
    small, large = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    n_small = n_large = 0
    for i in range(n):
        if scaled[i] < 1.0:
            small[n_small] = i
            n_small += 1
        else:
            large[n_large] = i
            n_large += 1
        chance[i] = 1.0
        other[i] = i
    while n_small and n_large:
        n_small -= 1
        low, high = small[n_small], large[n_large - 1]
        chance[low], other[low] = scaled[low], high
        scaled[high] -= 1.0 - scaled[low]
        if scaled[high] < 1.0:
            n_large -= 1
            small[n_small] = high
            n_small += 1


@njit(nogil=True, cache=True)
def _fill_edges(
    indptr: I64, indices: I32, weight: F32, begin: I64, back: float, out: float, chance: F32, other: I32
) -> None:
    """The alias table of every directed edge: what follows a step from u to v."""
    for u in range(len(indptr) - 1):
        for e in range(indptr[u], indptr[u + 1]):
            v = indices[e]
            size = indptr[v + 1] - indptr[v]
            table = np.empty(size, dtype=np.float64)
            near = indptr[u]
            for i in range(size):
                x = indices[indptr[v] + i]
                while near < indptr[u + 1] and indices[near] < x:
                    near += 1
                bent = back if x == u else (1.0 if near < indptr[u + 1] and indices[near] == x else out)
                table[i] = weight[indptr[v] + i] * bent
            _alias(table, chance[begin[e] : begin[e + 1]], other[begin[e] : begin[e + 1]])


@njit(nogil=True, cache=True)
def _walk(
    starts: I64,
    key: np.uint64,
    indptr: I64,
    indices: I32,
    begin: I64,
    chance: F32,
    other: I32,
    first_chance: F32,
    first_other: I32,
    walks: I32,
) -> None:
    """One walk after the other; products that are started from have neighbours."""
    for w in range(len(starts)):
        state = stream(key, w)
        v = starts[w]
        walks[w, 0] = v
        e = -1
        for step in range(1, walks.shape[1]):
            size = indptr[v + 1] - indptr[v]
            state += GOLDEN
            bits = mix(state)
            i = np.int64(below(bits, np.uint64(size)))
            u = np.float64(bits & np.uint64(0xFFFFFFFF)) / 4294967296.0
            if e < 0:
                if u >= first_chance[indptr[v] + i]:
                    i = np.int64(first_other[indptr[v] + i])
            elif u >= chance[begin[e] + i]:
                i = np.int64(other[begin[e] + i])
            e = indptr[v] + i
            v = np.int64(indices[e])
            walks[w, step] = v

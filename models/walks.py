"""Random walks over the graph: weighted, and with node2vec's return and in-out parameters p and q.

First-order walks (p = q = 1) go from v to x in proportion to weight(v, x) (DeepWalk: Perozzi, Al-Rfou and Skiena,
KDD 2014, with edge weights). Second-order walks multiply that by 1/p where x is the product they came from, by 1
where x is a neighbour of it, and by 1/q elsewhere (node2vec: Grover and Leskovec, KDD 2016, section 3.2); the first
step is first-order. Both are exact, up to the 32 random bits that choose an alias entry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models import walk_kernels as kernels
from models.alias import fill_rows
from models.arrays import aligned_zeros
from models.random_bits import key_of
from models.threads import for_ranges

#: Walks, and rows, that a thread takes at a time.
_WALKS_AT_A_TIME = 16_384
_ROWS_AT_A_TIME = 8_192
#: Bits of the edge filter per directed edge: at 8 about one absent edge in thirty passes for an edge and is looked up.
_FILTER_BITS = 8
#: Edges in a bucket of the hash table on average, at most; it holds sixteen, so that one in a hundred is full.
_EDGES_A_BUCKET = 8


class Walker:
    """Walks on one graph, prepared once: 16 bytes a directed edge for first-order walks, up to 65 for second-order.

    Args:
        graph: A :class:`ProductGraph`, or the ``torch_geometric`` ``Data`` of its ``to_pyg()``, whose CSR tensors are
            read where they lie. A ``Data`` made elsewhere may hold directed edges, self-loops, and rows in any order.
        p: Return parameter, positive; a walk that has just gone u → v returns to u in proportion to 1/p.
        q: In-out parameter, positive; it goes to products that are no neighbours of u in proportion to 1/q.
        threads: How many to use; None is as many as the process may. What comes out does not depend on it.
        edge_weight: float32[edges] in CSR order, to walk with instead of the graph's own weights.

    Raises:
        ValueError: p or q not a positive number; an edge weight that is not one (the message names the edge); arrays
            that do not make a graph.
    """

    def __init__(
        self,
        graph: ProductGraph | Any,
        *,
        p: float = 1.0,
        q: float = 1.0,
        threads: int | None = None,
        edge_weight: NDArray[np.float32] | None = None,
    ) -> None:
        for name, value in (("p", p), ("q", q)):
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name} is {value}: it must be a positive number")
        self.p, self.q, self.threads = float(p), float(q), threads
        self._indptr, self._indices, self._weight = csr_arrays(graph)
        self._either_way = isinstance(graph, ProductGraph)  # which has every pair in both directions
        if edge_weight is not None:
            if edge_weight.shape != self._weight.shape:
                raise ValueError(f"edge_weight has shape {edge_weight.shape}, the edges {self._weight.shape}")
            self._weight = np.ascontiguousarray(edge_weight, dtype=np.float32)
        weight = self._weight
        self.n_products = len(self._indptr) - 1
        n, m = self.n_products, len(self._indices)
        if m >= 2**32 - 1:
            raise ValueError(f"the graph has {m} directed edges; walks can number 2**32 - 2")
        #: float64[n]: the sum of each row's edge weights; 0 for isolated products.
        self.totals: NDArray[np.float64] = np.zeros(n)
        entries = np.zeros((m + 1, 4), dtype=np.uint32)
        entries[m] = (0, n, n, 0)
        self._by_rows(lambda a, b: fill_rows(self._indptr, self._indices, weight, a, b, entries, self.totals))
        self._rows = np.empty((n + 1, 2), dtype=np.uint32)
        degree = np.diff(self._indptr)
        self._rows[:n, 0] = np.where(degree > 0, self._indptr[:-1], m)
        self._rows[:n, 1] = degree
        self._rows[n] = (m, 0)
        self._entries = entries
        if self.second_order:
            self._prepare_second_order(weight)

    @property
    def second_order(self) -> bool:
        """Whether p or q differs from 1."""
        return self.p != 1.0 or self.q != 1.0

    def walk(
        self,
        start_rows: NDArray[np.integer[Any]],
        length: int,
        *,
        seed: int | np.random.SeedSequence,
        first_walk: int = 0,
    ) -> NDArray[np.int32]:
        """One walk from each start.

        Args:
            start_rows: int[w], rows of the graph, any number of times each.
            length: Steps a walk, at least 0.
            seed: Walk ``i`` depends on the seed, ``first_walk + i``, its start and the graph, and on nothing else.
            first_walk: Number of the first walk, for those who walk in portions.

        Returns:
            int32[w, length + 1]: the rows that each walk visits, its start first; -1 from where it had nowhere to go.

        Raises:
            ValueError: a negative length, or starts that are not whole numbers.
            IndexError: a start that is not in the graph.
        """
        if length < 0:
            raise ValueError(f"length is {length}: a walk has at least 0 steps")
        starts = np.ascontiguousarray(start_rows)
        if starts.ndim != 1 or not (np.issubdtype(starts.dtype, np.integer) or starts.size == 0):
            raise ValueError(f"start_rows is {starts.dtype}{list(starts.shape)}: it must be whole numbers, one a walk")
        starts = starts.astype(np.int64, copy=False)
        if len(starts) and (starts.min() < 0 or starts.max() >= self.n_products):
            wrong = starts[(starts < 0) | (starts >= self.n_products)][0]
            raise IndexError(f"row {wrong} is not in the graph, whose rows run from 0 to {self.n_products - 1}")
        out = np.empty((len(starts), length + 1), dtype=np.int32)
        kernel, key = self.kernel(), key_of(seed)
        for_ranges(
            lambda a, b: kernel(starts[a:b], key, first_walk + a, length, out[a:b]),
            len(starts),
            _WALKS_AT_A_TIME,
            self.threads,
        )
        return out

    def kernel(self) -> Callable[[NDArray[np.int64], np.uint64, int, int, NDArray[np.int32]], None]:
        """The bare walker ``(starts int64[w], key, first_walk, length, out int32[w, length + 1])``.

        It checks nothing, runs in the thread that calls it and holds no lock.
        """
        if not self.second_order:
            rows, entries = self._rows, self._entries
            return lambda starts, key, first, length, out: kernels.first_order(
                rows, entries, starts, key, first, length, out
            )
        fixed = (self._rows, self._entries, self._chances, self._filter, *self._edges, self.p, self.q)
        return lambda starts, key, first, length, out: kernels.second_order(*fixed, starts, key, first, length, out)

    def expected_visits(self, length: int, starts: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """float64[n]: how often first-order walks of ``length`` steps, one from each of ``starts``, visit each product.

        ``starts`` are rows, int64[w]; None is every product with edges.

        Exact for p = q = 1, and near it otherwise. It costs ``length`` products with the transition matrix.
        """
        import scipy.sparse as sp

        n = self.n_products
        adjacency = sp.csr_matrix((self._weight, self._indices, self._indptr), shape=(n, n), copy=False)
        turned = adjacency.T.tocsr().astype(np.float64)  # once, and not for every step
        has_edges = self.totals > 0
        share = np.divide(1.0, self.totals, out=np.zeros(n), where=has_edges)
        now = has_edges.astype(np.float64)
        if starts is not None:
            now = np.bincount(starts, minlength=n).astype(np.float64)
        visits = now.copy()
        for _ in range(length):
            now = np.asarray(turned @ (now * share))
            visits += now
        return visits

    def _by_rows(self, work: Callable[[int, int], object]) -> None:
        for_ranges(work, self.n_products, _ROWS_AT_A_TIME, self.threads)

    def _prepare_second_order(self, weight: NDArray[np.float32]) -> None:
        indptr, indices = self._indptr, self._indices
        m = len(indices)
        self._filter = np.zeros(max(1, m * _FILTER_BITS // 64), dtype=np.uint64)
        kernels.fill_filter(indptr, indices, self._filter)
        # Bits of a row number, and of a bucket's: enough that a tag has at most 31.
        half = max(1, self.n_products.bit_length())
        stored = m // 2 if self._either_way else m
        bucket_bits = max(1, (stored // _EDGES_A_BUCKET).bit_length(), 2 * half - 31)
        edges = _aligned_words(1 << bucket_bits, kernels.BUCKET)
        kind = (self._either_way, np.uint64(half), np.uint64(2 * half - bucket_bits))
        self._edges = (edges, np.sort(kernels.fill_edges(indptr, indices, *kind, edges)), *kind)
        if 1 / self.p <= max(1.0, 1 / self.q):
            self._chances = self._entries.view(np.float32)
            return
        forward, backward = np.empty(m, dtype=np.float32), np.empty(m, dtype=np.float32)
        self._by_rows(lambda a, b: kernels.edge_chances(indptr, indices, weight, self.totals, a, b, forward, backward))
        wide = _aligned_words(m + 1, 8)  # or every other entry would lie across two lines
        wide[m, 1:3] = self.n_products
        self._chances = wide.view(np.float32)
        narrow = self._entries
        self._by_rows(
            lambda a, b: kernels.widen_entries(indptr, indices, narrow, forward, backward, a, b, wide, self._chances)
        )
        self._entries = wide


def _aligned_words(rows: int, columns: int) -> NDArray[np.uint32]:
    """uint32[rows, columns] of zeros that begins where a cache line does."""
    return aligned_zeros(rows, columns).view(np.uint32)


def walks(
    graph: ProductGraph | Any,
    start_rows: NDArray[np.integer[Any]],
    length: int,
    *,
    p: float = 1.0,
    q: float = 1.0,
    seed: int | np.random.SeedSequence,
    threads: int | None = None,
) -> NDArray[np.int32]:
    """Random walks of ``length`` steps from each of ``start_rows``: int32[w, length + 1], -1 after a dead end.

    See :class:`Walker`, which those who walk more than once on a graph should keep, and :meth:`Walker.walk`.
    """
    return Walker(graph, p=p, q=q, threads=threads).walk(start_rows, length, seed=seed)


def csr_arrays(graph: ProductGraph | Any) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """``indptr`` int64[n + 1], ``indices`` int32[2m] and ``edge_weight`` float32[2m] of a graph or a ``Data``.

    The same memory wherever it has these types and ascending rows.

    Raises:
        ValueError: a weight that is not a positive number (the message names the edge), or arrays that do not fit.
    """
    if isinstance(graph, ProductGraph):
        arrays = graph.indptr, graph.indices, graph.edge_weight
    else:
        # a Data: its tensors lend their memory
        arrays = graph.indptr.numpy(), graph.indices.numpy(), graph.edge_weight.numpy()
    indptr = np.ascontiguousarray(arrays[0], dtype=np.int64)
    indices = np.ascontiguousarray(arrays[1], dtype=np.int32)
    weight = np.ascontiguousarray(arrays[2], dtype=np.float32)
    n = len(indptr) - 1
    if n < 0 or indptr[0] != 0 or (np.diff(indptr) < 0).any() or indptr[-1] != len(indices):
        raise ValueError("indptr must rise from 0 to the number of indices")
    if weight.shape != indices.shape:
        raise ValueError(f"edge_weight has shape {weight.shape}, indices {indices.shape}")
    if len(indices) and (indices.min() < 0 or indices.max() >= n):
        raise ValueError(f"indices must be rows from 0 to {n - 1}")
    wrong = np.flatnonzero(~(np.isfinite(weight) & (weight > 0)))
    if len(wrong):
        e = int(wrong[0])
        a, b = int(np.searchsorted(indptr, e, side="right")) - 1, int(indices[e])
        names = f" ({graph.product_ids[a]!r}, {graph.product_ids[b]!r})" if isinstance(graph, ProductGraph) else ""
        raise ValueError(
            f"the edge from row {a} to row {b}{names} has weight {weight[e]}: it must be a positive number"
        )
    falls = np.flatnonzero(indices[1:] < indices[:-1]) + 1 if len(indices) else np.zeros(0, dtype=np.int64)
    if len(falls) and not np.isin(falls, indptr).all():
        order = np.lexsort((indices, np.repeat(np.arange(n), np.diff(indptr))))
        indices, weight = indices[order], weight[order]
    return indptr, indices, weight

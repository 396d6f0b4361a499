"""Scores that spread from a product over the edges of the graph, a few steps far.

Counting common neighbours, their discounted forms and personalized PageRank are one computation with different
numbers on the edges: mass starts at the product asked about, every step multiplies it by the edges' values, and what
arrives after step ``t`` counts with a coefficient of that step:

    x_1 = e_a · F,   x_t = x_{t-1} · L,   score(a, ·) = form(sum_t coefficients[t - 1] * x_t)

``F`` and ``L`` hold a value for each edge (first step, later steps). :mod:`models.pagerank` and
:mod:`models.counting` fill them in. The kernel keeps, a thread, one dense accumulator and the list of the entries that
are not zero, so that a product costs what it reaches and not what the catalogue holds. Where ``threshold`` is above 0,
mass that is too thin to matter is not passed on, which is the stopping rule of Andersen, Chung and Lang (Local graph
partitioning using PageRank vectors, FOCS 2006): an entry spreads if mass >= threshold * number of neighbours.

Every product is computed by itself in a fixed order, so the answers are the same bytes for any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models import spreading_kernels as kernels
from models.base import OnProgress, Ranker, Scorer
from models.ranking import check_request
from models.threads import thread_count

if TYPE_CHECKING:
    from models.spreading_kept import Kept

#: score = reached mass * own[a] * other[b]
PRODUCT_FORM: Final = 0
#: score = reached mass / (own[a] + other[b] - reached mass)
JACCARD_FORM: Final = 1
#: score = log(reached mass * own[a] * other[b])
LOG_FORM: Final = 2

#: Rows that a thread takes at a time; only progress depends on it.
ROWS_A_TASK: Final = 512


@dataclass(frozen=True)
class Spread:
    """The numbers on the edges, and what is done with the mass that arrives.

    Attributes:
        indptr: int64[n + 1], indices: int32[e]: the graph, listed neighbours first within each row.
        listed_end: int64[n]: where the listed neighbours of each row end.
        first: float32[e]: value of each edge in the first step.
        later: float32[e]: value of each edge in the steps after it.
        coefficients: float32[steps]: what mass that arrives after step 1, 2, … counts.
        own: float32[n], other: float32[n]: factors of the product asked about and of the candidate.
        form: one of :data:`PRODUCT_FORM`, :data:`JACCARD_FORM`, :data:`LOG_FORM`.
        threshold: 0 for exact; else entries with less mass than this a neighbour are not passed on.
        listed: bool[n].
        ahead: int32[n, kept], ahead_values: float32[n, kept], ahead_counts: int32[n]: where two steps lead from each
            row, its largest entries (:func:`with_two_steps`); empty where every step is followed.
    """

    indptr: NDArray[np.int64]
    indices: NDArray[np.int32]
    listed_end: NDArray[np.int64]
    first: NDArray[np.float32]
    later: NDArray[np.float32]
    coefficients: NDArray[np.float32]
    own: NDArray[np.float32]
    other: NDArray[np.float32]
    form: int
    threshold: float
    listed: NDArray[np.bool_]
    ahead: NDArray[np.int32]
    ahead_values: NDArray[np.float32]
    ahead_counts: NDArray[np.int32]


def make_spread(
    graph: ProductGraph,
    first: NDArray[np.floating[Any]],
    later: NDArray[np.floating[Any]],
    coefficients: list[float],
    *,
    own: NDArray[np.floating[Any]] | None = None,
    other: NDArray[np.floating[Any]] | None = None,
    form: int = PRODUCT_FORM,
    threshold: float = 0.0,
) -> Spread:
    """A :class:`Spread` out of edge values in the order of ``graph.indices`` (float[2 * pairs] each).

    Edges whose values are both zero are left out.
    """
    n = graph.n_products
    row = np.repeat(np.arange(n), graph.degree)
    keep = (first != 0) | (later != 0)
    row, indices = row[keep], graph.indices[keep]
    unlisted = ~graph.listed[indices]
    order = np.argsort(row * 2 + unlisted, kind="stable")  # stable: neighbours stay ascending in both halves
    row = row[order]
    indptr = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=n), out=indptr[1:])
    listed_end = indptr[:-1] + np.bincount(row[~unlisted[order]], minlength=n)
    one = np.ones(n, dtype=np.float32)
    return Spread(
        indptr=indptr,
        indices=np.ascontiguousarray(indices[order]),
        listed_end=listed_end.astype(np.int64),
        first=first[keep][order].astype(np.float32),
        later=later[keep][order].astype(np.float32),
        coefficients=np.asarray(coefficients, dtype=np.float32),
        own=one if own is None else own.astype(np.float32),
        other=one if other is None else other.astype(np.float32),
        form=form,
        threshold=threshold,
        listed=graph.listed,
        ahead=np.empty((0, 0), dtype=np.int32),
        ahead_values=np.empty((0, 0), dtype=np.float32),
        ahead_counts=np.empty(0, dtype=np.int32),
    )


def with_two_steps(spread: Spread, kept: int, threads: int | None = None) -> Spread:
    """The same three steps, the last two of them looked up: two steps from every row are computed once, for all.

    Of each row's two steps the ``kept`` largest entries stay. A product with g neighbours then costs g * kept additions
    for its third step instead of the edges of everything that two steps reach, and eight bytes an entry stay in
    memory. What is lost is thin mass far away.

    Raises:
        ValueError: other than three steps, or nothing kept.
    """
    if len(spread.coefficients) != 3 or kept < 1:
        raise ValueError(f"kept is {kept}, with {len(spread.coefficients)} steps: it must be 1 or more, with three")
    n = len(spread.own)
    ahead = np.empty((n, kept), dtype=np.int32)
    values = np.empty((n, kept), dtype=np.float32)
    counts = np.zeros(n, dtype=np.int32)

    def work(start: int, end: int, memory: tuple[Any, ...]) -> None:
        arguments = (
            start, end, spread.indptr, spread.indices, spread.listed_end, spread.later, ahead, values, counts,
            memory[0], memory[3],
        )  # fmt: skip
        kernels.two_steps(*arguments)

    in_threads(work, n, n, None, threads)
    return replace(spread, ahead=ahead, ahead_values=values, ahead_counts=counts)


class Spreading(Scorer, Ranker):
    """A model whose scores spread over the edges; a subclass sets ``self._spread`` in ``_fit``."""

    _spread: Spread
    #: Where lists are computed: see :func:`models.spreading_torch.chosen_device`. A subclass may let a setting say.
    _device = "kernel"

    def score(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float32]:
        """See :meth:`models.base.Scorer.score`; ``-inf`` where nothing of ``a`` reaches ``b``."""
        first, second = check_request(self.graph, a, 1), check_request(self.graph, b, 1)
        if len(first) != len(second):
            raise ValueError(f"a has {len(first)} rows and b {len(second)}")
        return score_pairs(self._spread, first, second)

    @property
    def on_kernels(self) -> bool:
        """Whether lists are computed in the compiled kernels, and not in PyTorch."""
        return self._torch_device() is None

    def recommend(
        self, rows: NDArray[np.int64], k: int, *, exclude_known: bool = True, on_progress: OnProgress | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See :meth:`models.base.Ranker.recommend`; ``on_progress("ranking", done, rows)`` between blocks of rows."""
        asked = check_request(self.graph, rows, k)
        if (device := self._torch_device()) is not None:
            from models import spreading_torch

            return spreading_torch.rank(
                self._spread, self.graph, asked, k, exclude_known=exclude_known, device=device, on_progress=on_progress
            )
        return rank(self._spread, self.graph, asked, k, exclude_known=exclude_known, on_progress=on_progress)

    def recommend_and_keep(self, rows: NDArray[np.int64], k: int) -> tuple[NDArray[np.int64], Kept]:
        """The lists of ``rows`` without known products, int64[m, k], and the scores of all that they reach."""
        from models.spreading_kept import rank_and_keep

        return rank_and_keep(self._spread, self.graph, check_request(self.graph, rows, k), k)

    def _torch_device(self) -> str | None:
        if self._device == "kernel":
            return None
        from models import spreading_torch

        return spreading_torch.chosen_device(self._device)


def rank(
    spread: Spread,
    graph: ProductGraph,
    rows: NDArray[np.int64],
    k: int,
    *,
    exclude_known: bool,
    on_progress: OnProgress | None = None,
    threads: int | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The ``k`` best listed products for each of ``rows``; shapes as :meth:`models.base.Ranker.recommend` says."""
    found = np.full((len(rows), k), -1, dtype=np.int64)
    scores = np.full((len(rows), k), -np.inf, dtype=np.float32)

    def work(start: int, end: int, memory: tuple[Any, ...]) -> None:
        arguments = (
            rows[start:end], found[start:end], scores[start:end], exclude_known, graph.indptr, graph.indices,
            *spread_arrays(spread), spread.listed, *memory,
        )  # fmt: skip
        kernels.rank_rows(*arguments)

    in_threads(work, len(rows), len(spread.own), on_progress, threads)
    return found, scores


def score_pairs(
    spread: Spread, a: NDArray[np.int64], b: NDArray[np.int64], threads: int | None = None
) -> NDArray[np.float32]:
    """float32[m]: the score of each pair of rows; every distinct ``a`` is spread once."""
    order = np.argsort(a, kind="stable")
    sources, begins = np.unique(a[order], return_index=True)
    ends = np.append(begins[1:], len(a))
    wanted = b[order]
    sorted_scores = np.full(len(a), -np.inf, dtype=np.float32)
    if spread.listed[wanted].all():
        arrays = list(spread_arrays(spread))
    else:  # somebody asks for a product that is not listed: the last step must go there too, and nothing is looked up
        arrays = list(spread_arrays(replace(spread, ahead_counts=spread.ahead_counts[:0])))
        arrays[2] = spread.indptr[1:]

    def work(start: int, end: int, memory: tuple[Any, ...]) -> None:
        kernels.score_sources(
            sources[start:end], begins[start:end], ends[start:end], wanted, sorted_scores, *arrays, *memory
        )

    in_threads(work, len(sources), len(spread.own), None, threads)
    scores = np.empty_like(sorted_scores)
    scores[order] = sorted_scores
    return scores


def reached_rows(
    spread: Spread,
    rows: NDArray[np.int64],
    most: int,
    on_progress: OnProgress | None = None,
    threads: int | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """The scores of ``rows`` as CSR: indptr int64[m + 1], columns int32[e] ascending in a row, scores float32[e].

    Of each row the ``most`` highest scores of listed products, known ones and the product
    itself among them. Only
    for forms that rise with the mass times ``other`` (the product and the logarithm).
    """
    begins = list(range(0, len(rows), ROWS_A_TASK))
    parts: list[Any] = [None] * len(begins)

    def work(start: int, end: int, memory: tuple[Any, ...]) -> None:
        width = min(most, max(1, int(np.count_nonzero(spread.listed))))
        columns = np.empty((end - start, width), dtype=np.int32)
        values = np.empty((end - start, width), dtype=np.float32)
        counts = np.zeros(end - start, dtype=np.int64)
        arguments = (
            rows[start:end], width, columns, values, counts, *spread_arrays(spread), spread.listed, *memory,
        )  # fmt: skip
        kernels.keep_rows(*arguments)
        there = np.arange(width) < counts[:, None]
        parts[start // ROWS_A_TASK] = counts, columns[there], values[there]

    in_threads(work, len(rows), len(spread.own), on_progress, threads)
    indptr = np.zeros(len(rows) + 1, dtype=np.int64)
    if parts:
        np.cumsum(np.concatenate([part[0] for part in parts]), out=indptr[1:])
    columns = np.concatenate([part[1] for part in parts] or [np.zeros(0, dtype=np.int32)])
    values = np.concatenate([part[2] for part in parts] or [np.zeros(0, dtype=np.float32)])
    return indptr, columns, values


def spread_arrays(spread: Spread) -> tuple[Any, ...]:
    """The arguments that both kernels share, in their order."""
    return (
        spread.indptr, spread.indices, spread.listed_end, spread.first, spread.later, spread.coefficients,
        spread.own, spread.other, spread.form, np.float32(spread.threshold),
        spread.ahead, spread.ahead_values, spread.ahead_counts,
    )  # fmt: skip


def in_threads(
    work: Callable[[int, int, tuple[Any, ...]], None],
    count: int,
    n: int,
    on_progress: OnProgress | None,
    threads: int | None,
) -> None:
    """Call ``work(start, end, memory)`` for blocks of ``count`` tasks; the kernels let go of the interpreter."""
    threads = max(1, min(thread_count(threads), -(-count // ROWS_A_TASK)))
    spare = [_memory(n) for _ in range(threads)]

    def task(start: int) -> int:
        memory = spare.pop()
        try:
            work(start, min(start + ROWS_A_TASK, count), memory)
        finally:
            spare.append(memory)
        return min(ROWS_A_TASK, count - start)

    done = 0
    with ThreadPoolExecutor(threads) as pool:
        for finished in pool.map(task, range(0, count, ROWS_A_TASK)):
            done += finished
            if on_progress:
                on_progress("ranking", done, count)


def _memory(n: int) -> tuple[Any, ...]:
    """What one thread needs: three dense vectors, all zero between products, and the lists of their entries."""
    dense = [np.zeros(n, dtype=np.float32) for _ in range(3)]
    lists = [np.empty(n, dtype=np.int32) for _ in range(3)]
    return (*dense, *lists, np.full(n, -1, dtype=np.int64))

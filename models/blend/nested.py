"""The nested split: how the ranker learns without seeing anything that was held out from the blend.

``fit`` is given a graph, and may not know what an evaluation kept back from it. It hides pairs of that graph again,
fits the sources on the rest, and lets the ranker learn which of their candidates were hidden. The sources that serve
are fitted anew on everything that ``fit`` was given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.base import OnProgress
from models.blend.agreement import Agreement
from models.blend.features import Features
from models.blend.sources import KeptScores
from models.evaluation.metrics import hits_of
from models.evaluation.split import Split, assert_no_leak, split_pairs

#: Products whose candidates are looked at together; bounds memory, and changes nothing else.
BLOCK = 512


@dataclass(frozen=True)
class Lessons:
    """What the ranker learns from.

    Attributes:
        matrix: float32[c, f], a row a candidate, the lists one after another.
        labels: bool[c], whether the pair was hidden.
        groups: int64[m], candidates of each list.
        named: uint32[c], which sources name the candidate.
        rows: int64[m], whose lists they are.
        n_hidden: int64[m], how many hidden neighbours each of ``rows`` has.
    """

    matrix: NDArray[np.float32]
    labels: NDArray[np.bool_]
    groups: NDArray[np.int64]
    named: NDArray[np.uint32]
    rows: NDArray[np.int64]
    n_hidden: NDArray[np.int64]

    def of(self, lists: NDArray[np.bool_]) -> Lessons:
        """Those of a part of the lists, bool[m]."""
        pairs = np.repeat(lists, self.groups)
        return Lessons(
            self.matrix[pairs], self.labels[pairs], self.groups[lists], self.named[pairs], self.rows[lists],
            self.n_hidden[lists],
        )  # fmt: skip


def inner_split(graph: ProductGraph, fraction: float, seed: np.random.SeedSequence) -> Split:
    """Hide ``fraction`` of the pairs of ``graph`` from the sources, checked for leaks.

    Raises:
        ValueError: a graph with too few pairs to hide any.
    """
    split = split_pairs(graph, fraction=fraction, seed=int(seed.generate_state(1)[0]))
    assert_no_leak(split)
    return split


def drawn_products(
    split: Split, most: int, rng: np.random.Generator, *, first_share: float = 1.0
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Products with a hidden pair to learn from, int64[at most ``most`` each]: one part, and another without any of it.

    The first is at most ``first_share`` of them all, so that the second is not empty where there are few.
    """
    rows = rng.permutation(split.queries())
    first = rows[: max(1, min(most, int(len(rows) * first_share)))]
    return np.sort(first), np.sort(rows[len(first) : len(first) + most])


def lessons(
    split: Split,
    features: Features,
    width: int,
    rows: NDArray[np.int64],
    on_progress: OnProgress | None = None,
    *,
    beyond: int = 0,
    seed: np.random.SeedSequence | None = None,
) -> Lessons:
    """The candidates of ``rows`` and which of them were hidden.

    Args:
        split: What was hidden.
        features: Of the split's training graph.
        width: Candidates a product.
        rows: int64[m], products with a hidden pair.
        on_progress: Told of products done.
        beyond: So many products that are no candidates, drawn at random, join each product's lesson, and all hidden
            ones that are none; 0 for neither. They change no candidate's columns.
        seed: Of that draw.
    """
    matrices, labels, groups, named = [], [], [], []
    rng = np.random.default_rng(seed)
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        kept: KeptScores = {}
        candidates, who, counts = features.sources.candidates(block, width, kept)
        if beyond:
            candidates = _with_others(split, block, candidates, counts, beyond, rng)
            who = np.pad(who, ((0, 0), (0, candidates.shape[1] - who.shape[1])))
        there = candidates >= 0
        matrices.append(features.of(block, candidates, counts, kept=kept))
        labels.append(hits_of(candidates, block, split)[there])
        groups.append(there.sum(axis=1).astype(np.int64))
        named.append(who[there])
        if on_progress:
            on_progress("collecting lessons", min(start + BLOCK, len(rows)), len(rows))
    return _lessons(split, rows, matrices, labels, groups, named)


def _with_others(
    split: Split,
    rows: NDArray[np.int64],
    candidates: NDArray[np.int64],
    counts: NDArray[np.int64],
    beyond: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """``candidates`` and after them, without a gap, hidden products that are none and ``beyond`` others at random."""
    graph = split.train
    listed = np.flatnonzero(graph.listed)
    indptr, hidden = split.held_out_lists()
    drawn = rng.choice(listed, (len(rows), beyond))
    others = []
    for row, line, count, random in zip(rows, candidates, counts, drawn, strict=True):
        own = hidden[indptr[row] : indptr[row + 1]]
        known = graph.indices[graph.indptr[row] : graph.indptr[row + 1]]
        fresh = np.setdiff1d(random, np.concatenate([own, known, [row]]))
        others.append(np.setdiff1d(np.concatenate([own, fresh]), line[:count]))
    width = max(candidates.shape[1], int((counts + [len(one) for one in others]).max(initial=0)))
    both = np.full((len(rows), width), -1, dtype=np.int64)
    both[:, : candidates.shape[1]] = candidates
    for line, count, one in zip(both, counts, others, strict=True):
        line[count : count + len(one)] = one
    return both


def second_lessons(split: Split, agreement: Agreement, rows: NDArray[np.int64]) -> Lessons:
    """The same candidates as the second look sees them (``rows`` int64[m], which must have lists)."""
    matrices, labels, groups, named = [], [], [], []
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        candidates, values, who = agreement.lists.of(block)
        there = candidates >= 0
        counts = there.sum(axis=1).astype(np.int64)
        matrices.append(agreement.of(block, candidates, counts, values)[there])
        labels.append(hits_of(candidates, block, split)[there])
        groups.append(counts)
        named.append(who[there])
    return _lessons(split, rows, matrices, labels, groups, named)


def _lessons(
    split: Split,
    rows: NDArray[np.int64],
    matrices: list[NDArray[np.float32]],
    labels: list[NDArray[np.bool_]],
    groups: list[NDArray[np.int64]],
    named: list[NDArray[np.uint32]],
) -> Lessons:
    indptr, _ = split.held_out_lists()
    return Lessons(
        np.concatenate(matrices), np.concatenate(labels), np.concatenate(groups), np.concatenate(named),
        rows, (indptr[1:] - indptr[:-1])[rows],
    )  # fmt: skip

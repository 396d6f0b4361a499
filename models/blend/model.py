"""The blend that a shop serves: many models name candidates, and a gradient-boosted ranker puts them in order.

1. *Sources* (:mod:`models.blend.sources`) each name their best candidates for a product; their union is ranked.
2. *Columns* (:mod:`models.blend.features`) say how each source scores a candidate and where it places it, what the two
   products share in the graph, and what is known of each.
3. *Ranker* (:mod:`models.blend.ranker`): gradient-boosted trees, trained on a nested split
   (:mod:`models.blend.nested`) of the graph that ``fit`` is given.
4. *Second look* (:mod:`models.blend.agreement`), if wanted: trees that see what all products' lists say together.
5. *Both ways* (:mod:`models.blend.lists`): the score of a pair is what both products say of it.

Retrieval and ranking in two stages is how large recommenders are built: Covington, Adams, Sargin: Deep neural networks
for YouTube recommendations, RecSys 2016. Nothing of the size of products times products is kept: rows are ranked in
blocks, and of each the candidates stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.base import NotFittedError, OnProgress, Ranker, Scorer
from models.blend.agreement import COLUMNS, Agreement
from models.blend.features import Features
from models.blend.lists import OneWayLists
from models.blend.nested import BLOCK, drawn_products, inner_split, lessons, second_lessons
from models.blend.ranker import predict, train_rankers
from models.blend.settings import BlendSettings
from models.blend.sources import SOURCES, KeptScores, Source, fit_sources
from models.edges import require_pairs
from models.ranking import check_request
from models.rerank import graph_variants, marginal_relevance, one_of_each
from models.threads import thread_count

if TYPE_CHECKING:
    from lightgbm import Booster

#: Of the products to learn from, the part that the first look may take where there is a second.
_FIRST_SHARE = 0.6

#: Blocks of products whose columns stand in memory at a time.
_BLOCKS_AT_ONCE = 2


class Blend(Scorer, Ranker):
    """Candidates of many models, ranked by trees that learned on a nested split.

    Attributes:
        sources: What is asked; a subclass may ask others.
        left_out: Source -> why it was not asked, after ``fit``.
    """

    name: ClassVar[str] = "blend"
    settings_class = BlendSettings
    settings: BlendSettings
    sources: ClassVar[Sequence[Source]] = SOURCES

    def __init__(self, settings: BlendSettings | None = None) -> None:
        super().__init__(settings)
        self.left_out: dict[str, str] = {}
        self._features: Features | None = None
        self._boosters: list[Booster] = []
        self._lists: OneWayLists | None = None
        self._agreement: Agreement | None = None
        self._second: list[Booster] = []
        self._variants: NDArray[np.int64] | None = None

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        require_pairs(graph)
        s = self.settings
        split_seed, draw_seed, tree_seed, inner_seed, outer_seed, second_seed, beyond_seed = seed.spawn(7)
        wanted = self._wanted()
        split = inner_split(graph, s.inner_fraction, split_seed)
        inner = Features(
            split.train, fit_sources(split.train, wanted, seed=inner_seed, on_progress=_under("nested", on_progress))
        )
        twice = s.second_look and int(graph.listed.sum()) <= s.most_looked_at_twice
        first, others = drawn_products(
            split, s.training_products, np.random.default_rng(draw_seed), first_share=_FIRST_SHARE if twice else 1.0
        )
        taught = lessons(split, inner, s.candidates, first, on_progress, beyond=s.beyond, seed=beyond_seed)
        self._boosters = train_rankers(taught, inner.names, s, tree_seed, on_progress)
        names = inner.names
        self._second, self._agreement = [], None
        if twice:
            lists = self._all_lists(split.train, inner, self._boosters, _under("nested", on_progress))
            seen = Agreement(split.train, lists, s.one_sided_cost)
            # products that the first ranker has not learned from: what it says of them is honest
            taught = second_lessons(split, seen, others if len(others) else first)
            fewer = replace(s, trees=max(1, s.trees // 2))  # there are few columns to choose from
            self._second = train_rankers(taught, COLUMNS, fewer, second_seed, on_progress)
            del lists, seen
        del inner, taught  # the sources that serve need the room
        made = fit_sources(graph, wanted, seed=outer_seed, on_progress=on_progress)
        self._features = Features(graph, made)
        if self._features.names != names:
            raise ValueError(f"sources: those of the nested split and those that serve differ ({made.left_out})")
        self.left_out = dict(made.left_out)
        lists = self._all_lists(graph, self._features, self._boosters, on_progress)
        if self._second:
            self._agreement = Agreement(graph, lists, s.one_sided_cost)
            lists = self._second_lists(self._agreement, self._second)
        self._lists = lists
        self._variants = graph_variants(graph) if s.one_variant else None

    def notes(self) -> list[str]:
        """See :meth:`models.base.Recommender.notes`: which sources were left out, and why."""
        return [f"without {name}: {reason}" for name, reason in self.left_out.items()]

    def _all_lists(
        self, graph: ProductGraph, features: Features, boosters: list[Booster], on_progress: OnProgress
    ) -> OneWayLists:
        """What the first ranker says of every listed product's candidates."""
        listed = np.flatnonzero(graph.listed)
        lists = OneWayLists.empty(graph.n_products, listed, self.settings.candidates)

        def work(start: int) -> int:
            block = listed[start : start + BLOCK]
            kept: KeptScores = {}
            candidates, named, own = features.sources.candidates(block, self.settings.candidates, kept)
            values = np.full(candidates.shape, -np.inf, dtype=np.float32)
            matrix = features.of(block, candidates, own, kept=kept)
            values[candidates >= 0] = predict(boosters, matrix, max(1, threads // at_once))
            lists.put(block, candidates, values, named)
            return start + len(block)

        threads = thread_count(self.settings.threads)
        at_once = min(_BLOCKS_AT_ONCE, threads)
        with ThreadPoolExecutor(at_once) as pool:
            for done in pool.map(work, range(0, len(listed), BLOCK)):
                on_progress("ranking every product", done, len(listed))
        return lists

    def _second_lists(self, agreement: Agreement, second: list[Booster]) -> OneWayLists:
        """The same lists as the second look judges them."""
        lists = agreement.lists
        rows = np.flatnonzero(lists.slot >= 0)
        again = OneWayLists.empty(len(lists.slot), rows[np.argsort(lists.slot[rows])], lists.products.shape[1])
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            candidates, values, named = lists.of(block)
            own = (candidates >= 0).sum(axis=1).astype(np.int64)
            judged = _second_values(agreement, second, block, candidates, own, values, self.settings.threads)
            again.put(block, candidates, judged, named)
        return again

    def _one_way(
        self,
        features: Features,
        boosters: list[Booster],
        rows: NDArray[np.int64],
        candidates: NDArray[np.int64],
        own: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        """float32[m, width]: what ``rows`` say of ``candidates``, -inf where there is none."""
        there = candidates >= 0
        values = np.full(candidates.shape, -np.inf, dtype=np.float32)
        values[there] = predict(boosters, features.of(rows, candidates, own), self.settings.threads)
        return values

    def _wanted(self) -> list[Source]:
        without = set(self.settings.left_out.split())
        unknown = sorted(without - {source.name for source in self.sources})
        if unknown:
            known = ", ".join(source.name for source in self.sources)
            raise ValueError(f"left_out is {self.settings.left_out!r}: there is no source {unknown[0]!r}, but {known}")
        return [source for source in self.sources if source.name not in without]

    @property
    def _fitted(self) -> tuple[Features, list[Booster], OneWayLists]:
        if self._features is None or not self._boosters or self._lists is None:
            raise NotFittedError(f"{self.name} has not been fitted: call fit(graph, seed=0) first")
        return self._features, self._boosters, self._lists

    def score(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float32]:
        """See :meth:`models.base.Scorer.score`: what ``b`` scores, or would score, among the candidates of ``a``."""
        graph, (features, boosters, lists) = self.graph, self._fitted
        first, second = check_request(graph, a, 1), check_request(graph, b, 1)
        if len(first) != len(second):
            raise ValueError(f"a has {len(first)} rows and b {len(second)}")
        order = np.argsort(first, kind="stable")
        asked, begins, wanted = np.unique(first[order], return_index=True, return_counts=True)
        sorted_scores = np.empty(len(first), dtype=np.float32)
        for start in range(0, len(asked), BLOCK):
            rows, counts = asked[start : start + BLOCK], wanted[start : start + BLOCK]
            begin = int(begins[start])
            end = begin + int(counts.sum())
            candidates, own = self._candidates(rows)
            width = candidates.shape[1]
            both = np.full((len(rows), width + int(counts.max())), -1, dtype=np.int64)
            line = np.repeat(np.arange(len(rows)), counts)
            place = own[line] + np.arange(end - begin) - np.repeat(np.cumsum(counts) - counts, counts)
            both[:, :width] = candidates
            both[line, place] = second[order][begin:end]
            wanted_here = np.zeros(both.shape, dtype=np.bool_)
            wanted_here[line, place] = True
            values = predict(boosters, features.of(rows, both, own, wanted_here), self.settings.threads)
            if self._agreement is not None and self._second:
                first_values = np.full(both.shape, -np.inf, dtype=np.float32)
                first_values[:, :width] = self._first_values(rows, candidates, own)
                first_values[line, place] = values
                values = _second_values(
                    self._agreement, self._second, rows, both, own, first_values, self.settings.threads
                )[line, place]
            pairs = lists.both_ways(
                rows[line], both[line, place][:, None], values[:, None], self.settings.one_sided_cost
            )
            sorted_scores[begin:end] = pairs[:, 0]
        scores = np.empty_like(sorted_scores)
        scores[order] = sorted_scores
        return scores

    def recommend(
        self, rows: NDArray[np.int64], k: int, *, exclude_known: bool = True, on_progress: OnProgress | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See :meth:`models.base.Ranker.recommend`; ``on_progress("ranking", done, rows)`` between blocks of rows.

        With ``diversity``, scores are those of :func:`models.rerank.marginal_relevance`.
        """
        asked, s = check_request(self.graph, rows, k), self.settings
        found = np.full((len(asked), k), -1, dtype=np.int64)
        scores = np.full((len(asked), k), -np.inf, dtype=np.float32)
        # what is cut or moved later needs more to choose from
        pool = k if not s.diversity and not s.one_variant else max(4 * k, 40)
        for start in range(0, len(asked), BLOCK):
            block = asked[start : start + BLOCK]
            candidates, values = self._both_ways(block, exclude_known)
            order = np.lexsort((candidates, -values), axis=1)[:, :pool]
            best = np.take_along_axis(values, order, axis=1)
            ranked = np.where(np.isneginf(best), -1, np.take_along_axis(candidates, order, axis=1))
            if self._variants is not None:
                ranked, best = one_of_each(block, ranked, best, self._variants)
            if s.diversity:
                ranked, best = marginal_relevance(self.graph, ranked, best, k, s.diversity)
            width = min(k, ranked.shape[1])
            found[start : start + len(block), :width] = ranked[:, :width]
            scores[start : start + len(block), :width] = best[:, :width]
            if on_progress:
                on_progress("ranking", start + len(block), len(asked))
        return found, scores

    def named_by(self, rows: NDArray[np.int64], found: NDArray[np.int64]) -> list[list[list[str]]]:
        """The sources that name ``found[i, j]`` (int64[m, k]) for the listed products ``rows`` (int64[m]).

        Empty for known products, which no source has to name, and where ``found`` is -1.
        """
        features, _, lists = self._fitted
        names = features.sources.naming
        answer: list[list[list[str]]] = []
        for row, line in zip(check_request(self.graph, rows, 1).tolist(), found.tolist(), strict=True):
            slot = int(lists.slot[row])
            count = int(lists.counts[slot]) if slot >= 0 else 0
            who = dict(zip(lists.products[slot, :count].tolist(), lists.named[slot, :count].tolist(), strict=True))
            answer.append([[name for bit, name in enumerate(names) if who.get(b, 0) >> bit & 1] for b in line])
        return answer

    def _candidates(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Candidates int64[m, width] of ``rows``, gaps at the end, and how many int64[m]."""
        features, _, lists = self._fitted
        if (lists.slot[rows] >= 0).all():
            candidates = lists.of(rows)[0]
            return candidates, (candidates >= 0).sum(axis=1).astype(np.int64)
        candidates, _, own = features.sources.candidates(rows, self.settings.candidates)
        return candidates, own

    def _first_values(
        self, rows: NDArray[np.int64], candidates: NDArray[np.int64], own: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """float32[m, width]: what the first ranker says of the ``candidates`` that :meth:`_candidates` gave."""
        features, boosters, _ = self._fitted
        if self._agreement is not None and (self._agreement.lists.slot[rows] >= 0).all():
            return self._agreement.lists.of(rows)[1]
        return self._one_way(features, boosters, rows, candidates, own)

    def _both_ways(self, rows: NDArray[np.int64], exclude_known: bool) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Candidates int64[m, c] of ``rows`` and what both sides say of them, float32[m, c], -inf for none."""
        features, boosters, lists = self._fitted
        if exclude_known and (lists.slot[rows] >= 0).all():
            candidates, values, _ = lists.of(rows)
        else:
            candidates, own = self._candidates(rows)
            if not exclude_known:
                candidates = _with_known(self.graph, rows, candidates, own)
            values = self._one_way(features, boosters, rows, candidates, own)
            if self._agreement is not None and self._second:
                values = _second_values(
                    self._agreement, self._second, rows, candidates, own, values, self.settings.threads
                )
        return candidates, lists.both_ways(rows, candidates, values, self.settings.one_sided_cost)


def _second_values(
    agreement: Agreement,
    second: list[Booster],
    rows: NDArray[np.int64],
    candidates: NDArray[np.int64],
    own: NDArray[np.int64],
    values: NDArray[np.float32],
    threads: int | None,
) -> NDArray[np.float32]:
    """float32[m, width]: what the second look says of ``candidates``, of which the first ranker said ``values``."""
    there = candidates >= 0
    judged = np.full(candidates.shape, -np.inf, dtype=np.float32)
    judged[there] = predict(second, agreement.of(rows, candidates, own, values)[there], threads)
    return judged


def _with_known(
    graph: ProductGraph, rows: NDArray[np.int64], candidates: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """``candidates`` and after them, without a gap, the listed products that the graph links to each of ``rows``."""
    known = []
    for row in rows:
        neighbours = graph.indices[graph.indptr[row] : graph.indptr[row + 1]]
        known.append(neighbours[graph.listed[neighbours]])
    most = max((len(one) for one in known), default=0)
    both = np.full((len(rows), candidates.shape[1] + most), -1, dtype=np.int64)
    both[:, : candidates.shape[1]] = candidates
    for i, one in enumerate(known):
        both[i, counts[i] : counts[i] + len(one)] = one
    return both


def _under(what: str, on_progress: OnProgress) -> OnProgress:
    return lambda step, done, total: on_progress(f"{what}: {step}", done, total)

"""The models that a blend asks: for candidates, for scores, or both."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.base import OnProgress, Ranker, Scorer
from models.blend import kernels
from models.pagerank import PersonalizedPageRank
from models.spreading import Spreading
from models.spreading_kept import Kept

#: Name of a source -> the scores of everything that some rows reach in it.
KeptScores = dict[str, Kept]


@dataclass(frozen=True)
class Source:
    """A model under a name of its own.

    Attributes:
        name: What its columns and shares are called.
        model: Its name in the registry.
        settings: Changes to its default settings.
        candidates: How many of the best of its lists become candidates; 0 only scores them.
        both_ways: Whether score(b, a) is a column too: what the candidate thinks of the product. Only for models whose
            score is a look-up or can be turned round, for it is asked for every candidate.
        most_listed: Listed products above which it is left out, for its cost grows faster than the catalogue.
        most_searched: Listed products above which it names no candidates and only scores those of others, for naming
            them looks at every vector.
    """

    name: str
    model: str
    settings: dict[str, Any] = field(default_factory=dict)
    candidates: int = 0
    both_ways: bool = False
    most_listed: int | None = None
    most_searched: int | None = None


#: Chosen on a validation part of Amazon's Beauty products, in the order in which columns stand.
SOURCES: Final[tuple[Source, ...]] = (
    Source("pagerank", "pagerank", candidates=80, both_ways=True),
    Source("pagerank_inside", "pagerank", {"outside_weight": 0.0}, candidates=60, both_ways=True),
    Source("pagerank_bought", "pagerank", {"also_viewed": 0.0, "bought_together": 0.0}, candidates=40, both_ways=True),
    Source("pagerank_viewed", "pagerank", {"also_bought": 0.0, "bought_together": 0.0}, candidates=40, both_ways=True),
    Source("pagerank_near", "pagerank", {"steps": 2, "outside_weight": 1.0}, candidates=30, both_ways=True),
    Source("pagerank_svd", "pagerank_svd", {"dimensions": 128}, candidates=40, both_ways=True, most_searched=60_000),
    Source("ease", "ease", {"direction": "forward"}, candidates=60, both_ways=True, most_listed=30_000),
    Source("cosine", "cosine", candidates=30),
    Source("node2vec", "node2vec", candidates=20, both_ways=True, most_searched=60_000),
    Source("text", "text", candidates=20, most_searched=60_000),
)


@dataclass(frozen=True)
class FittedSource:
    """A source and its fitted model."""

    source: Source
    model: Scorer


class Sources:
    """Fitted sources of one graph.

    Attributes:
        graph: The graph.
        fitted: In the order of their columns.
        left_out: Name -> why it is not among them.
        seconds: Name -> wall seconds to fit.
    """

    def __init__(self, graph: ProductGraph) -> None:
        self.graph = graph
        self.fitted: list[FittedSource] = []
        self.left_out: dict[str, str] = {}
        self.seconds: dict[str, float] = {}

    @property
    def naming(self) -> list[str]:
        """Names of the sources that name candidates; bit ``i`` of :meth:`candidates` is the ``i``-th of them."""
        return [one.source.name for one in self.fitted if one.source.candidates]

    @property
    def columns(self) -> list[str]:
        """Names of the columns of :meth:`scores`."""
        names = []
        for one in self.fitted:
            names.append(one.source.name)
            if one.source.both_ways:
                names.append(f"{one.source.name}_back")
        return names

    def candidates(
        self, rows: NDArray[np.int64], width: int, keep: KeptScores | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.int64]]:
        """The union of what the sources name, none of it known already.

        Args:
            rows: int64[m].
            width: At most so many a row; those that stand high in some list come first.
            keep: Gets what came out on the way, so that :meth:`scores` has less to do for the same rows.

        Returns:
            candidates int64[m, width], -1 for none; who names each, uint32[m, width], a bit a source; how many
            int64[m].
        """
        naming = [one for one in self.fitted if one.source.candidates]
        longest = max((one.source.candidates for one in naming), default=1)
        found = np.full((len(naming), len(rows), longest), -1, dtype=np.int64)
        for s, one in enumerate(naming):
            assert isinstance(one.model, Ranker)  # noqa: S101  # fit_sources let nothing else in
            k = one.source.candidates
            if keep is not None and isinstance(one.model, Spreading) and one.model.on_kernels:
                found[s, :, :k], keep[one.source.name] = one.model.recommend_and_keep(rows, k)
            else:
                found[s, :, :k] = one.model.recommend(rows, k)[0]
        chosen = np.full((len(rows), width), -1, dtype=np.int64)
        named = np.zeros((len(rows), width), dtype=np.uint32)
        kernels.union(found, np.full(self.graph.n_products, -1, dtype=np.int64), chosen, named)
        return chosen, named, (chosen >= 0).sum(axis=1).astype(np.int64)

    def scores(
        self, rows: NDArray[np.int64], candidates: NDArray[np.int64], kept: KeptScores | None = None
    ) -> NDArray[np.float32]:
        """float32[columns, m, width]: scores of ``candidates`` (int64[m, width], -1 for none) for ``rows`` (int64[m]).

        NaN where there is no candidate. ``kept`` is of the same rows, and may stand for listed candidates only.
        """
        there = candidates >= 0
        a = np.broadcast_to(rows[:, None], candidates.shape)[there]
        b = candidates[there]
        scores = np.full((len(self.columns), *candidates.shape), np.nan, dtype=np.float32)
        at = 0
        for one in self.fitted:
            behind = None if kept is None else kept.get(one.source.name)
            forwards = one.model.score(a, b) if behind is None else behind.scores(candidates)[there]
            scores[at, there] = forwards
            at += 1
            if one.source.both_ways:
                if isinstance(one.model, PersonalizedPageRank):
                    scores[at, there] = one.model.reversed_scores(a, b, forwards)
                else:
                    scores[at, there] = one.model.score(b, a)
                at += 1
        return scores


def fit_sources(
    graph: ProductGraph,
    sources: Sequence[Source] = SOURCES,
    *,
    seed: np.random.SeedSequence,
    on_progress: OnProgress | None = None,
) -> Sources:
    """Fit every source on ``graph``; one that cannot be had is left out, with its reason.

    Raises:
        ValueError: none is left that names candidates.
    """
    from models.registry import create

    made = Sources(graph)
    listed = int(graph.listed.sum())
    seeds = seed.spawn(len(sources))
    shared: dict[tuple[str, str], Scorer] = {}
    for number, (source, own_seed) in enumerate(zip(sources, seeds, strict=True)):
        if on_progress:
            on_progress("fitting sources", number, len(sources))
        if source.most_listed is not None and listed > source.most_listed:
            made.left_out[source.name] = f"{listed:,} listed products, at most {source.most_listed:,}"
            continue
        begin = time.perf_counter()
        key = (source.model, repr(sorted(source.settings.items())))
        try:
            if key not in shared:
                model = create(source.model, **source.settings)
                if not isinstance(model, Scorer) or (source.candidates and not isinstance(model, Ranker)):
                    raise ValueError(f"{source.model} cannot do what a source has to")
                shared[key] = model.fit(graph, seed=int(own_seed.generate_state(1)[0]))
        except (ValueError, ImportError) as error:
            made.left_out[source.name] = str(error)
            continue
        searched = source.most_searched is None or listed <= source.most_searched
        asked = source if searched else replace(source, candidates=0)
        made.fitted.append(FittedSource(asked, shared[key]))
        made.seconds[source.name] = time.perf_counter() - begin
    if on_progress:
        on_progress("fitting sources", len(sources), len(sources))
    if not made.naming:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in made.left_out.items())
        raise ValueError(f"sources: none is left that names candidates ({reasons})")
    return made

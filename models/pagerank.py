"""Personalized PageRank: where a random shopper who starts at a product is found after a few steps.

    pi_a = sum over t of c_t * e_a P^t,   P = D^-1 W (rows of edge weights that sum to 1)

With c_t = alpha * (1 - alpha)^t it is the walk with restart of Page, Brin, Motwani and Winograd (The PageRank citation
ranking, 1999), one vector a start (Jeh, Widom: Scaling personalized web search, WWW 2003), cut after ``steps`` terms.
With other coefficients it is the generalized PageRank of Li, Chien and Milenkovic (Optimizing generalized
PageRank methods for seed-expansion community detection, NeurIPS 2019), which is the default: three steps, the third
counting three times as much as the second. A product that is reached in three is bought with what is bought with what
the product is bought with, which many more paths vote on than on two. Nothing is trained; see :mod:`models.spreading`
for how a row is computed and for ``threshold``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from graph.relations import RELATIONS
from models.base import OnProgress
from models.edges import check_outside_weight, check_statement_weights, require_pairs, total_weights, transition_weights
from models.spreading import Spreading, make_spread, with_two_steps

#: Listed products from which on two steps are computed once for all, and what is kept of them.
_MANY_PRODUCTS, _KEPT = 50_000, 128


@dataclass(frozen=True)
class PageRankSettings:
    """Settings of :class:`PersonalizedPageRank`."""

    steps: int = 3
    """How far the walk goes; at least 1."""
    growth: float = 3.0
    """What mass that arrives after three, four, … steps counts, as a multiple of the step before it; 1 all alike."""
    direct: float = 3.0
    """What the first step counts, as a multiple of the second; it only ranks products that are linked already."""
    alpha: float | None = None
    """Probability of starting anew at each step, in [0, 1); higher stays nearer. Where it is given, the walk with
    restart takes the place of ``growth`` and ``direct``; five steps are then enough."""
    also_bought: float = 1.0
    """What one "customers also bought" statement counts, where the graph knows who states what."""
    also_viewed: float = 1.25
    """What one "customers also viewed" statement counts."""
    bought_together: float = 1.2
    """What one "frequently bought together" statement counts."""
    outside_weight: float = 0.5
    """What edges to products that are not listed count; 0 leaves them out."""
    threshold: float | None = None
    """Mass a neighbour below which an entry is not passed on; 0 is exact. None: 1e-6 up to a million stored edges (each
    pair twice) and in proportion above, which on a catalogue of 100,000 products is several times as fast as exact and
    keeps recall@10 within 1 % of it."""

    kept: int | None = None
    """Where three steps are walked: how many of the places that two steps lead to are kept for each product, so that
    the third step is a look at what its neighbours kept. 0 keeps none, and every step is followed down to
    ``threshold``. None: 128 from 50,000 listed products on, if there are three steps and no ``threshold`` is given;
    else 0. On Amazon Beauty 100 of them keep recall@10 within 0.4 % of the exact one."""
    device: str = "auto"
    """Where lists are computed. auto: on a GPU where PyTorch sees one, exactly and in blocks of products, else in
    compiled kernels on all cores. kernel: always those. cpu, cuda, cuda:1, …: in PyTorch on that device."""

    def __post_init__(self) -> None:
        if self.device not in ("auto", "kernel") and self.device.partition(":")[0] not in ("cpu", "cuda", "mps"):
            raise ValueError(f"device is {self.device!r}: it must be auto, kernel, cpu, cuda or cuda:NUMBER")
        if self.steps < 1:
            raise ValueError(f"steps is {self.steps}: the walk must take at least one step")
        if self.alpha is not None and not 0 <= self.alpha < 1:
            raise ValueError(f"alpha is {self.alpha}: the restart probability must be at least 0 and below 1")
        for name in ("growth", "direct"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) >= 0):
                raise ValueError(f"{name} is {getattr(self, name)}: it must be a finite number of at least 0")
        if self.threshold is not None and not (np.isfinite(self.threshold) and self.threshold >= 0):
            raise ValueError(f"threshold is {self.threshold}: it must be a finite number of at least 0")
        if self.kept is not None and (self.kept < 0 or (self.kept > 0 and self.steps != 3)):
            raise ValueError(f"kept is {self.kept}: it must be at least 0, and 0 unless steps is 3")
        check_outside_weight(self.outside_weight)
        check_statement_weights(self.statement_weights)

    @property
    def coefficients(self) -> list[float]:
        """What each step counts; with ``alpha`` 0 all alike, for the restart's probability is then a constant."""
        if self.alpha is None:
            return [self.direct, *(self.growth**step for step in range(self.steps - 1))]
        return [(self.alpha or 1.0) * (1 - self.alpha) ** step for step in range(1, self.steps + 1)]

    @property
    def statement_weights(self) -> dict[str, float]:
        """Relation -> what one statement of it counts."""
        return {name: float(getattr(self, name)) for name in RELATIONS}


class PersonalizedPageRank(Spreading):
    """Truncated personalized PageRank, one row of it for each product asked about; score(a, b) = pi_a(b)."""

    name: ClassVar[str] = "pagerank"
    settings_class = PageRankSettings
    settings: PageRankSettings

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        require_pairs(graph)
        s = self.settings
        transition = transition_weights(graph, s.statement_weights, s.outside_weight)
        threshold = max(1e-6, 1e-12 * len(transition)) if s.threshold is None else s.threshold
        self._device = s.device
        self._spread = make_spread(graph, transition, transition, s.coefficients, threshold=threshold)
        large = np.count_nonzero(graph.listed) >= _MANY_PRODUCTS and s.steps == 3 and s.threshold is None
        kept = (_KEPT if large else 0) if s.kept is None else s.kept
        if kept:
            self._spread = with_two_steps(self._spread, kept)
        self._total: NDArray[np.float32] = total_weights(graph, s.statement_weights, s.outside_weight)

    def reversed_scores(
        self, a: NDArray[np.int64], b: NDArray[np.int64], scores: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """float32[m]: score(b, a) out of ``scores`` (float32[m], score(a, b)) without spreading anything.

        Edges weigh the same both ways, so walks are reversible: pi_b(a) = pi_a(b) * total(a) / total(b), where
        total is the sum of a product's edge weights; exact but for ``threshold``.
        """
        own, other = self._total[a], self._total[b]
        turned = np.full(scores.shape, -np.inf, dtype=np.float32)
        there = np.isfinite(scores) & (own > 0) & (other > 0)
        turned[there] = scores[there] * own[there] / other[there]
        return turned

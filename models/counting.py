"""The counting family: what a shop can have from the counts themselves, without training anything.

All of them look at the products c that two products share. With w the edge weights (edges to products that are not
listed scaled by ``outside_weight``) and s(c) the sum of the weights of c:

    adamic_adar           sum over c of w(a, c) w(c, b) / log(1 + s(c))
    resource_allocation   sum over c of w(a, c) w(c, b) / s(c)
    cosine                sum over c of w(a, c) w(c, b) / (|w(a, ·)| |w(b, ·)|)
    jaccard               |C(a) & C(b)| / |C(a) | C(b)|, C the set of neighbours
    pmi                   log of n(a, b) / (N(a) N(b)^smoothing), n = sum over c of w(a, c) w(c, b), N its sums
    edge_weight           w(a, b): what is known already, and therefore nothing new

Adamic, Adar: Friends and neighbors on the Web, 2003. Zhou, Lü, Zhang: Predicting missing links via local information,
2009. Salton, McGill: Introduction to Modern Information Retrieval, 1983 (cosine). Church, Hanks: Word association
norms, mutual information and lexicography, 1990; its smoothing: Levy, Goldberg, Dagan: Improving distributional
similarity with lessons learned from word embeddings, 2015. The weighted forms: Lü, Zhou: Link prediction in weighted
networks, 2010. A direct edge counts ``direct`` times its own weight, as one more shared product would.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.base import OnProgress
from models.edges import check_outside_weight, require_pairs, scaled_weights
from models.spreading import JACCARD_FORM, LOG_FORM, Spread, Spreading, make_spread


@dataclass(frozen=True)
class CountingSettings:
    """Settings of the counting family."""

    outside_weight: float = 0.3
    """What edges to products that are not listed count; 0 leaves them out."""
    direct: float = 1.0
    """What an edge between the two products themselves adds, as a multiple of its weight; between 0 and 1."""

    def __post_init__(self) -> None:
        check_outside_weight(self.outside_weight)
        if not 0 <= self.direct <= 1:
            raise ValueError(f"direct is {self.direct}: it must lie between 0 and 1")


@dataclass(frozen=True)
class PmiSettings(CountingSettings):
    """Settings of :class:`Pmi`."""

    smoothing: float = 0.75
    """Exponent of the candidate's total; 1 is plain PMI, which prefers what is rare, 0 only counts."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.smoothing <= 1:
            raise ValueError(f"smoothing is {self.smoothing}: it must lie between 0 and 1")


@dataclass(frozen=True)
class EdgeWeightSettings:
    """Settings of :class:`EdgeWeight`."""

    outside_weight: float = 0.3
    """What edges to products that are not listed count; 0 leaves them out."""

    def __post_init__(self) -> None:
        check_outside_weight(self.outside_weight)


@dataclass(frozen=True)
class _Edges:
    """The graph as the formulas name it: row int64[e], weight (w) float64[e], total (s) float64[n]."""

    graph: ProductGraph
    row: NDArray[np.int64]
    weight: NDArray[np.float64]
    total: NDArray[np.float64]


def _sums(row: NDArray[np.int64], values: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """float64[n]: the sum of ``values`` in each row."""
    return np.bincount(row, weights=values, minlength=n).astype(np.float64)


class _Counting(Spreading):
    """Fits by asking the subclass for its numbers."""

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        require_pairs(graph)
        row = np.repeat(np.arange(graph.n_products), graph.degree)
        weight = scaled_weights(graph, self.settings.outside_weight).astype(np.float64)
        total = _sums(row, weight, graph.n_products)
        self._spread = self._numbers(_Edges(graph, row, weight, total))

    @abstractmethod
    def _numbers(self, edges: _Edges) -> Spread:
        """The numbers on the edges."""


class EdgeWeight(_Counting):
    """The weight of the edge between two products: knows what is known, predicts nothing."""

    name: ClassVar[str] = "edge_weight"
    settings_class = EdgeWeightSettings

    def _numbers(self, edges: _Edges) -> Spread:
        return make_spread(edges.graph, edges.weight, edges.weight, [1.0])


class AdamicAdar(_Counting):
    """Shared products, each worth less the more it is linked: by the logarithm."""

    name: ClassVar[str] = "adamic_adar"
    settings_class = CountingSettings

    def _numbers(self, edges: _Edges) -> Spread:
        later = edges.weight / np.log1p(np.maximum(edges.total, 1e-12))[edges.row]
        return make_spread(edges.graph, edges.weight, later, [self.settings.direct, 1.0])


class ResourceAllocation(_Counting):
    """Shared products, each handing on what it gets in equal parts: a PageRank of two steps without the restart."""

    name: ClassVar[str] = "resource_allocation"
    settings_class = CountingSettings

    def _numbers(self, edges: _Edges) -> Spread:
        later = edges.weight / np.maximum(edges.total, 1e-12)[edges.row]
        return make_spread(edges.graph, edges.weight, later, [self.settings.direct, 1.0])


class Cosine(_Counting):
    """The cosine of the two products' rows of edge weights."""

    name: ClassVar[str] = "cosine"
    settings_class = CountingSettings

    def _numbers(self, edges: _Edges) -> Spread:
        squares = _sums(edges.row, edges.weight**2, edges.graph.n_products)
        inverse = np.divide(1.0, np.sqrt(squares), out=np.zeros_like(squares), where=squares > 0)
        steps = [self.settings.direct, 1.0]
        return make_spread(edges.graph, edges.weight, edges.weight, steps, own=inverse, other=inverse)


class Jaccard(_Counting):
    """Shared products over all products of either; one that is not listed counts ``outside_weight``."""

    name: ClassVar[str] = "jaccard"
    settings_class = CountingSettings

    def _numbers(self, edges: _Edges) -> Spread:
        graph = edges.graph
        worth = np.where(graph.listed, 1.0, self.settings.outside_weight)
        member = worth[graph.indices]
        size = _sums(edges.row, member, graph.n_products)
        steps = [self.settings.direct, 1.0]
        return make_spread(graph, member, np.ones_like(member), steps, own=size, other=size, form=JACCARD_FORM)


class Pmi(_Counting):
    """Pointwise mutual information of the shared-product counts."""

    name: ClassVar[str] = "pmi"
    settings_class = PmiSettings

    def _numbers(self, edges: _Edges) -> Spread:
        graph = edges.graph
        # sums over b of the counts: of each neighbour its own total, and the direct edges
        counts = _sums(edges.row, edges.weight * edges.total[graph.indices], graph.n_products)
        counts += self.settings.direct * edges.total
        there = counts > 0
        own = np.divide(counts.sum(), counts, out=np.ones_like(counts), where=there)
        other = np.ones_like(counts)
        other[there] = counts[there] ** -self.settings.smoothing
        steps = [self.settings.direct, 1.0]
        return make_spread(graph, edges.weight, edges.weight, steps, own=own, other=other, form=LOG_FORM)

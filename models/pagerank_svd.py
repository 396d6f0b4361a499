"""Factorized PageRank: vectors whose inner product is the logarithm of personalized PageRank.

    log(1 + pi_a(b) (total(a) / total(b))^discount / tau)  is about  query_vectors[a] · vectors[b]

for the PageRank of :mod:`models.pagerank`, taken apart by a truncated singular value decomposition
(:mod:`models.low_rank`), each side with half of the singular values' power. Factorized logarithms of random-walk
matrices are what DeepWalk's skip-gram approximates by sampling (Qiu, Dong, Ma, Li, Wang, Tang: Network embedding as
matrix factorization, WSDM 2018; Levy, Goldberg: Neural word embedding as implicit matrix factorization, NIPS 2014); on
PageRank: Yin, Wei: Scalable graph embeddings via sparse approximate proximities, KDD 2019 (STRAP). Written down
exactly and factorized once, they rank better than any number of epochs.

Only listed products are factorized; one that is not gets the mean of its neighbours' query vectors. Each row keeps its
largest entries, as many as memory allows (``entries``), so that 420,000 products need about a gigabyte. A product
without pairs has a zero vector: every candidate scores 0.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from graph import ProductGraph
from models.base import OnProgress
from models.edges import transition_weights
from models.low_rank import SparseRows, singular_vectors
from models.pagerank import PageRankSettings, PersonalizedPageRank
from models.spreading import reached_rows
from models.vector_model import VectorModel, check_at_least

#: Entries that a row keeps at least, however large the catalogue.
_LEAST_A_ROW = 300


@dataclass(frozen=True)
class PageRankSvdSettings(PageRankSettings):
    """Those of PageRank, and how it is factorized."""

    direct: float = 10.0
    """What the first step counts, as a multiple of the second. More than in PageRank itself: known pairs are the surest
    entries that there are to learn vectors from."""
    discount: float = 0.3
    """How far the reversed walk is mixed in: pi_a(b) is multiplied by (total(a) / total(b)) to this power, with which
    0 is the walk from a, 1 the walk from b, and vectors need not tell so much of popularity."""
    strength: float = 0.9
    """Power of the singular values; below 1, weaker factors count more."""
    dimensions: int = 256
    """Numbers a vector."""
    tau: float | None = None
    """The share of all mass from which on an entry counts; smaller lets more of the weak entries in, which few
    dimensions need more than many. None: 1e-5 for 256 dimensions and more, in proportion below."""
    entries: int = 80_000_000
    """Entries of the matrix kept in all, eight bytes each and as much again while it is transposed; but at least 300 a
    product."""
    iterations: int = 3
    """Rounds of subspace iteration; more are closer to the exact factors."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, least in (("dimensions", 1), ("entries", 1), ("iterations", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}: it must be at least {least}")
        check_at_least(self, discount=0, strength=0)
        if self.tau is not None and not (np.isfinite(self.tau) and self.tau > 0):
            raise ValueError(f"tau is {self.tau}: it must be a positive number")


class PageRankSvd(VectorModel):
    """Query and item vectors of log PageRank."""

    name: ClassVar[str] = "pagerank_svd"
    settings_class = PageRankSvdSettings
    settings: PageRankSvdSettings

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        s = self.settings
        walk = PersonalizedPageRank(s)
        walk._fit(graph, seed, on_progress)
        listed = np.flatnonzero(graph.listed)
        most = max(_LEAST_A_ROW, s.entries // max(1, len(listed)))
        total = np.maximum(walk._total / max(1e-12, float(walk._total.mean())), 1e-6)
        spread = replace(
            walk._spread,
            own=(total**s.discount).astype(np.float32),
            other=(total**-s.discount).astype(np.float32),
        )
        indptr, columns, mass = reached_rows(
            spread, listed, most, lambda _, done, total: on_progress("PageRank of all products", done, total)
        )
        number = np.cumsum(graph.listed, dtype=np.int32) - np.int32(1)
        tau = 1e-5 * min(1.0, s.dimensions / 256) if s.tau is None else s.tau
        values = np.log1p(mass / np.float32(tau * sum(s.coefficients)))
        matrix = SparseRows(indptr, number[columns], values, len(listed))
        left, strength, right = singular_vectors(
            matrix, s.dimensions, np.random.default_rng(seed), iterations=s.iterations, on_progress=on_progress
        )
        root = np.sqrt(strength**s.strength).astype(np.float32)
        queries = np.zeros((graph.n_products, len(root)), dtype=np.float32)
        items = np.zeros_like(queries)
        queries[listed], items[listed] = left * root, right * root
        if not graph.listed.all():
            share = transition_weights(graph, s.statement_weights, 1.0).astype(np.float32)
            means = SparseRows(graph.indptr, graph.indices, share, graph.n_products).times(queries)
            queries[~graph.listed] = means[~graph.listed]
        self._keep(items, queries)

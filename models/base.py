"""The contract that every model obeys.

A model is a small class in a file of its own: a frozen settings object, :meth:`Recommender.fit`, and then what its
type says it can do: :class:`Scorer` scores pairs, :class:`Ranker` ranks the catalogue, :class:`Embedding` has one
vector a product (and can therefore do both). Ask with ``isinstance``, never for attributes by name.

Models take arrays and give arrays. None of them knows of the database.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.ranking import check_request, rank_by_inner_product, rank_rows

#: Called as ``on_progress(what, done, total)`` from the thread that called ``fit``; a step's ``total`` stays the same.
OnProgress = Callable[[str, int, int], None]


class NotFittedError(RuntimeError):
    """A model was asked for an answer before ``fit``."""


@dataclass(frozen=True)
class NoSettings:
    """The settings of a model that has none."""


class Recommender(ABC):
    """Something that learns related products from a graph.

    Attributes:
        name: The name in the registry.
        settings_class: A frozen dataclass with a default and a docstring for every field; it checks itself in
            ``__post_init__`` and raises ValueError naming the setting.
        settings: The settings in force.
        graph: The graph it was fitted on; rows in all answers are rows of this graph.
    """

    name: ClassVar[str]
    settings_class: ClassVar[type[Any]]

    def __init__(self, settings: Any = None) -> None:
        self.settings = self.settings_class() if settings is None else settings
        self._graph: ProductGraph | None = None

    @property
    def graph(self) -> ProductGraph:
        """The graph the model was fitted on.

        Raises:
            NotFittedError: before ``fit``.
        """
        if self._graph is None:
            raise NotFittedError(f"{self.name} has not been fitted: call fit(graph, seed=0) first")
        return self._graph

    def fit(self, graph: ProductGraph, *, seed: int = 0, on_progress: OnProgress | None = None) -> Self:
        """Learn from ``graph``; the same graph, settings and seed give the same model, byte for byte.

        Raises:
            ValueError: a setting that cannot work, named, before anything is computed.
        """
        if graph.n_products == 0:
            raise ValueError("the graph holds no products")
        self._fit(graph, np.random.SeedSequence(seed), on_progress or _silent)
        self._graph = graph
        return self

    def notes(self) -> list[str]:
        """What a reader of the fitted model's figures has to know beside them, a sentence each; mostly nothing."""
        return []

    @abstractmethod
    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        """Learn from ``graph`` into ``self``; all randomness comes from ``seed``."""


class Scorer(Recommender):
    """A model that says how related two products are; a higher score is more related."""

    @abstractmethod
    def score(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32[n]: scores of the pairs of rows ``a[i]``, ``b[i]`` (int64[n] each)."""


class Ranker(Recommender):
    """A model that names the products most related to a product."""

    @abstractmethod
    def recommend(
        self, rows: NDArray[np.int64], k: int, *, exclude_known: bool = True
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The ``k`` best listed products for each row, best first.

        Args:
            rows: int64[m], rows of the fitted graph.
            k: at least 1; more than the catalogue holds is allowed and filled up with -1.
            exclude_known: leave out the products that the fitted graph already links to the row.

        Returns:
            rows int64[m, k] and scores float32[m, k]; -1 and ``-inf`` where there are fewer than ``k``. Never the
            product itself, never one that is not listed. Equal scores stand in order of their rows.
        """


class DenseScores(Scorer, Ranker):
    """A model that can score one product against all others at a time; ranking and pair scores follow from that."""

    #: Rows scored at a time; bounds memory to this many times the number of products times four bytes.
    block_rows: ClassVar[int] = 256

    @abstractmethod
    def scores_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32[m, n]: the score of every product for each of ``rows``; ``-inf`` where there is no evidence."""

    def recommend(
        self, rows: NDArray[np.int64], k: int, *, exclude_known: bool = True
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See :meth:`Ranker.recommend`."""
        return rank_rows(self.graph, rows, k, self.scores_of, exclude_known=exclude_known, block_rows=self.block_rows)


class Embedding(Scorer, Ranker):
    """A model with one vector a product: score(a, b) = query_vectors[a] · vectors[b]."""

    @property
    @abstractmethod
    def vectors(self) -> NDArray[np.float32]:
        """float32[n, dimensions]: the vector of each product as something to be found."""

    @property
    def query_vectors(self) -> NDArray[np.float32]:
        """float32[n, dimensions]: the vector of each product as the one asked about; often the same array."""
        return self.vectors

    def score(self, a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float32]:
        """See :meth:`Scorer.score`."""
        from models.pair_dots import pair_dots  # numba, which only those that score load

        first, second = check_request(self.graph, a, 1), check_request(self.graph, b, 1)
        if len(first) != len(second):
            raise ValueError(f"a has {len(first)} rows and b {len(second)}")
        return pair_dots(self.query_vectors, self.vectors, first, second)

    def recommend(
        self, rows: NDArray[np.int64], k: int, *, exclude_known: bool = True
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See :meth:`Ranker.recommend`."""
        return rank_by_inner_product(self.graph, self.query_vectors, self.vectors, rows, k, exclude_known=exclude_known)


def _silent(what: str, done: int, total: int) -> None:
    """An ``on_progress`` for those who do not watch."""

"""node2vec: skip-gram over random walks with return and in-out parameters.

Grover and Leskovec, "node2vec: scalable feature learning for networks" (KDD 2016), on weighted edges; p = q = 1, the
default, is DeepWalk (Perozzi, Al-Rfou and Skiena, KDD 2014). What is usually served of it is the cosine of the input
vectors. Skip-gram does not train that: it trains input · output, which finds far more of a shop's held-out pairs, and
is the default here.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.base import Embedding, NotFittedError, OnProgress
from models.edges import require_pairs, scaled_weights
from models.skipgram import SkipGramSettings, train_on_walks
from models.walks import Walker
from models.warm_start import StartVectors, WarmStart

#: Share of the learning rate for a fit that begins from an earlier one's vectors: with the whole rate they would move
#: further than another seed moves them, and be trained past their best.
WARM_RATE = 0.1


@dataclass(frozen=True)
class Node2VecSettings(SkipGramSettings):
    """Walks, and what is learnt from them."""

    walk_length: int = 10
    """Steps a walk."""
    walks_per_node: int = 10
    """Walks that start from each listed product in each epoch."""
    outside_weight: float = 0.0
    """Factor on edges to products that only related lists name, which walks then pass through but never start from.
    0, the default, walks among listed products alone: the others would take most of the steps and of the vectors."""
    p: float = 1.0
    """Return parameter: below 1, walks go back to where they came from more often."""
    q: float = 1.0
    """In-out parameter: above 1, walks stay near where they came from; below 1, they go far."""
    score: Literal["inner", "cosine"] = "inner"
    """inner: input vector of the product asked about · output vector of the candidate. cosine: of input vectors."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("walk_length", "walks_per_node"):
            value = getattr(self, name)
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} is {value!r}: it must be a whole number of at least 1")
        if not (np.isfinite(self.outside_weight) and self.outside_weight >= 0):
            raise ValueError(f"outside_weight is {self.outside_weight}: it must be a finite number of at least 0")
        for name in ("p", "q"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name} is {value}: it must be a positive number")
        if self.window > self.walk_length:
            raise ValueError(f"window is {self.window}, longer than the walks, whose walk_length is {self.walk_length}")
        if self.score not in ("inner", "cosine"):
            raise ValueError(f"score is {self.score!r}: it must be 'inner' or 'cosine'")


class Node2Vec(Embedding, WarmStart):
    """Vectors of products that walks along also-bought edges see together."""

    name = "node2vec"
    settings_class = Node2VecSettings
    settings: Node2VecSettings
    #: Threads to use; None is as many as the process may. The vectors do not depend on it, unless ``hogwild`` is set.
    threads: ClassVar[int | None] = None

    def __init__(self, settings: Node2VecSettings | None = None) -> None:
        super().__init__(settings)
        self._vectors: NDArray[np.float32] | None = None
        self._query_vectors: NDArray[np.float32] | None = None
        self._start: StartVectors | None = None

    def start_from(self, start: StartVectors | None) -> bool:
        """See :meth:`models.warm_start.WarmStart.start_from`; cosines keep no output vectors to go on from."""
        s = self.settings
        fits = start is not None and s.score == "inner" and start.dimensions == s.dimensions
        self._start = start if fits else None
        return fits

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        require_pairs(graph)
        s = self.settings
        inside = s.outside_weight == 0 and not graph.listed.all()
        walked = graph.listed_only() if inside else graph
        weight = scaled_weights(walked, s.outside_weight) if s.outside_weight else None
        learnt = s if self._start is None else dataclasses.replace(s, learning_rate=s.learning_rate * WARM_RATE)
        inputs, outputs = train_on_walks(
            Walker(walked, p=s.p, q=s.q, threads=self.threads, edge_weight=weight),
            learnt,
            walk_length=s.walk_length,
            walks_per_node=s.walks_per_node,
            seed=seed,
            threads=self.threads,
            starts=np.flatnonzero(walked.listed),
            initial=self._initial(walked),
            on_step=lambda done, total: on_progress("training node2vec (walks)", done, total),
        )
        if inside:  # back to the rows of the whole graph; outside products have no vector
            inputs, outputs = (_spread(array, graph) for array in (inputs, outputs))
        if s.score == "cosine":
            length = np.linalg.norm(inputs, axis=1, keepdims=True)
            inputs = np.divide(inputs, length, out=np.zeros_like(inputs), where=length > 0)
            outputs = inputs
        self._query_vectors, self._vectors = inputs, outputs

    def _initial(
        self, walked: ProductGraph
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.float32]] | None:
        """The vectors to begin from at the rows of the graph that is walked."""
        if self._start is None:
            return None
        theirs = self._start.rows_of(walked)
        return theirs >= 0, self._start.query_vectors[theirs], self._start.vectors[theirs]

    @property
    def vectors(self) -> NDArray[np.float32]:
        """float32[n, dimensions]: output vectors; input vectors of length 1 where ``score`` is cosine."""
        if self._vectors is None:
            raise NotFittedError(f"{self.name} has not been fitted: call fit(graph, seed=0) first")
        return self._vectors

    @property
    def query_vectors(self) -> NDArray[np.float32]:
        """float32[n, dimensions]: input vectors; the same array as :attr:`vectors` where ``score`` is cosine."""
        if self._query_vectors is None:
            raise NotFittedError(f"{self.name} has not been fitted: call fit(graph, seed=0) first")
        return self._query_vectors


def _spread(array: NDArray[np.float32], graph: ProductGraph) -> NDArray[np.float32]:
    """Vectors of the listed products, float32[listed, d], at their rows of the whole graph; zero elsewhere."""
    whole = np.zeros((graph.n_products, array.shape[1]), dtype=np.float32)
    whole[graph.listed] = array
    return whole

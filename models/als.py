"""Matrix factorization of implicit feedback by alternating least squares.

    minimize sum over (u, i) of c_ui (p_ui - x_u · y_i)^2 + lambda (|x|^2 + |y|^2),   c_ui = 1 + confidence * w_ui

p_ui is 1 where a pair is known and 0 elsewhere: every absent pair is a weak negative, and none has to be sampled. Hu,
Koren, Volinsky: Collaborative filtering for implicit feedback datasets, ICDM 2008; solved by three steps of conjugate
gradients a row (Takacs, Pilaszy, Tikk: Applications of the conjugate gradient method for implicit feedback
collaborative filtering, RecSys 2011), as the library ``implicit`` does. Rows are products as lists, those that are not
listed among them; columns are listed products. query_vectors are rows' factors, vectors are columns'.

Cost is linear in pairs; 420,000 products take minutes. A product without pairs has a zero query vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graph import ProductGraph
from models.base import OnProgress
from models.edges import check_outside_weight, require_pairs, scaled_weights
from models.threads import thread_count
from models.vector_model import VectorModel, check_at_least, check_positive, on_rows


@dataclass(frozen=True)
class AlsSettings:
    """Settings of :class:`Als`."""

    dimensions: int = 128
    """Numbers a vector."""
    regularization: float = 0.05
    """Lambda."""
    confidence: float = 10.0
    """What an edge of weight 1 counts beyond an absent one."""
    iterations: int = 15
    """Rounds over rows and columns."""
    outside_weight: float = 0.5
    """What edges to products that are not listed count; 0 leaves them out."""

    def __post_init__(self) -> None:
        check_at_least(self, dimensions=1, regularization=0, iterations=1)
        check_positive(self, "confidence")
        check_outside_weight(self.outside_weight)


class Als(VectorModel):
    """Factors of products as lists and as what stands in lists."""

    name: ClassVar[str] = "als"
    settings_class = AlsSettings
    settings: AlsSettings

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        import scipy.sparse as sp
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits

        require_pairs(graph)
        s = self.settings
        weight = scaled_weights(graph, s.outside_weight)
        shape = (graph.n_products, graph.n_products)
        matrix = sp.csr_matrix((weight, graph.indices, graph.indptr), shape=shape)[:, np.flatnonzero(graph.listed)]
        matrix.eliminate_zeros()
        # the library starts threads of its own, a row each, and warns where BLAS starts more inside
        with threadpool_limits(1, "blas"):
            model = AlternatingLeastSquares(
                factors=s.dimensions,
                regularization=s.regularization,
                alpha=s.confidence,
                iterations=s.iterations,
                num_threads=thread_count(None),
                random_state=int(seed.generate_state(1)[0]),
            )
            model.fit(
                matrix,
                show_progress=False,
                callback=lambda done, *_: on_progress("alternating least squares", done + 1, s.iterations),
            )
        self._keep(on_rows(model.item_factors, graph.listed), model.user_factors)

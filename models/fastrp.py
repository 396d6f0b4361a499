"""FastRP: random vectors, averaged over neighbourhoods of one, two, three and four steps.

    N_t = P N_{t-1},   N_0 = D^power R,   vectors = sum over t of weight_t * N_t / |N_t| (row by row)

R is very sparse random (Achlioptas: entries sqrt(3) * (+1, 0, -1) with chances 1/6, 2/3, 1/6) and P the random walk's
matrix. Chen, Sultan, Tian, Chen, Skiena: Fast and accurate network embeddings via very sparse random projection, CIKM
2019, with the normalization a step that Neo4j's Graph Data Science library added. score(a, b) is the cosine: two
products are near if the same products lie around them. It costs a few seconds at any size and learns nothing.

A product without pairs has a zero vector.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from models.arrays import aligned_zeros
from models.base import OnProgress
from models.edges import check_outside_weight, require_pairs, scaled_weights
from models.random_bits import key_of
from models.simd import LANES
from models.threads import for_ranges
from models.vector_model import VectorModel, check_at_least, unit_rows

#: Rows that a thread takes at a time.
_ROWS_AT_A_TIME = 2048


@dataclass(frozen=True)
class FastRpSettings:
    """Settings of :class:`FastRp`."""

    dimensions: int = 512
    """Numbers a vector; random projections need more of them than learned vectors."""
    degree_power: float = -0.5
    """Random vectors are scaled by the products' sums of weights to this power; below 0 plays hubs down."""
    step_1: float = 1.0
    """Weight of the direct neighbours' mean."""
    step_2: float = 1.0
    """Weight of the mean after two steps."""
    step_3: float = 0.5
    """Weight after three."""
    step_4: float = 0.0
    """Weight after four."""
    outside_weight: float = 0.5
    """What edges to products that are not listed count; 0 leaves them out."""

    def __post_init__(self) -> None:
        check_at_least(self, dimensions=1)
        if not np.isfinite(self.degree_power):
            raise ValueError(f"degree_power is {self.degree_power}: it must be a finite number")
        if not np.isfinite(self.step_weights).all() or not any(self.step_weights):
            raise ValueError(f"step_1 to step_4 are {self.step_weights}: finite numbers, not all 0")
        check_outside_weight(self.outside_weight)

    @property
    def step_weights(self) -> tuple[float, ...]:
        """What the means after one to four steps count."""
        return self.step_1, self.step_2, self.step_3, self.step_4


class FastRp(VectorModel):
    """Averages of random vectors."""

    name: ClassVar[str] = "fastrp"
    settings_class = FastRpSettings
    settings: FastRpSettings

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        from models import fastrp_kernels as kernels

        require_pairs(graph)
        s, n = self.settings, graph.n_products
        weight = graph.edge_weight if graph.listed.all() else scaled_weights(graph, s.outside_weight)
        sums = np.empty(n)
        kernels.row_sums(graph.indptr, weight, sums)
        scale = np.where(sums > 0, np.maximum(sums, 1e-12) ** s.degree_power, 0) * np.sqrt(3)
        width = -(-s.dimensions // LANES) * LANES  # what is beyond the dimensions stays zero
        source, target, summed = (aligned_zeros(n, width) for _ in range(3))
        key, drawn = key_of(seed), scale.astype(np.float32)
        for_ranges(lambda a, b: kernels.draw_rows(key, drawn, s.dimensions, a, b, source), n, _ROWS_AT_A_TIME)
        last = max(step for step, value in enumerate(s.step_weights, start=1) if value)
        for step, value in enumerate(s.step_weights[:last], start=1):
            arrays = graph.indptr, graph.indices, weight, sums, source, np.float32(value)
            for_ranges(_step(arrays, target, summed), n, _ROWS_AT_A_TIME)
            source, target = target, source
            on_progress("random projection", step, last)
        self._keep(unit_rows(summed[:, : s.dimensions]))


def _step(arrays: tuple[Any, ...], target: NDArray[np.float32], summed: NDArray[np.float32]) -> Callable[..., None]:
    from models import fastrp_kernels as kernels

    def rows(first: int, last: int) -> None:
        arguments = (*arrays, first, last, target, summed)
        kernels.step(*arguments)

    return rows

"""Common neighbours: how many products two products share, weighted.

score(a, b) = sum over c of w(a, c) * w(c, b). Liben-Nowell, Kleinberg: The link-prediction problem for social networks,
CIKM 2003. The plain count is what an SQL query over order lines would give, and it is hard to beat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graph import ProductGraph
from models.base import OnProgress
from models.edges import check_outside_weight, require_pairs, scaled_weights
from models.spreading import Spreading, make_spread


@dataclass(frozen=True)
class CommonNeighboursSettings:
    """Settings of :class:`CommonNeighbours`."""

    outside_weight: float = 0.3
    """What edges to products that are not listed count; 0 leaves them out."""
    direct: float = 1.0
    """What an edge between the two products themselves adds to their score, times its weight."""

    def __post_init__(self) -> None:
        check_outside_weight(self.outside_weight)
        if not (np.isfinite(self.direct) and self.direct >= 0):
            raise ValueError(f"direct is {self.direct}: it must be a finite number of at least 0")


class CommonNeighbours(Spreading):
    """Weighted paths of two steps, and the direct edge where there is one."""

    name: ClassVar[str] = "common_neighbours"
    settings_class = CommonNeighboursSettings
    settings: CommonNeighboursSettings

    def _fit(self, graph: ProductGraph, seed: np.random.SeedSequence, on_progress: OnProgress) -> None:
        require_pairs(graph)
        weight = scaled_weights(graph, self.settings.outside_weight)
        self._spread = make_spread(graph, weight, weight, [self.settings.direct, 1.0])

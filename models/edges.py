"""Edge weights as the models that walk or spread over the graph see them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph


def check_outside_weight(outside_weight: float) -> None:
    """Raise ValueError where the setting ``outside_weight`` is not a finite number of at least 0."""
    if not (np.isfinite(outside_weight) and outside_weight >= 0):
        raise ValueError(f"outside_weight is {outside_weight}: it must be a finite number of at least 0")


def require_pairs(graph: ProductGraph) -> None:
    """Raise ValueError where there is nothing to learn from."""
    if graph.n_pairs == 0:
        count = "one product" if graph.n_products == 1 else f"{graph.n_products} products"
        raise ValueError(f"the graph holds {count} and no pairs: there is nothing to learn from")


def scaled_weights(graph: ProductGraph, outside_weight: float) -> NDArray[np.float32]:
    """float32[2 * pairs]: ``edge_weight``, multiplied by ``outside_weight`` where an end of the pair is not listed.

    A product that only somebody's related list names has no list of its own, so that what is known of it is one-sided;
    it still connects, and a weight between 0 (as if it were not there) and 1 says how far to trust that.
    """
    check_outside_weight(outside_weight)
    row = np.repeat(np.arange(graph.n_products), graph.degree)
    outside = ~(graph.listed[row] & graph.listed[graph.indices])
    scale = np.where(outside, np.float32(outside_weight), np.float32(1.0))
    return np.asarray(graph.edge_weight * scale, dtype=np.float32)

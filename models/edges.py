"""Edge weights as the models that walk or spread over the graph see them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph
from graph.relations import RELATIONS, stated_by


def check_outside_weight(outside_weight: float) -> None:
    """Raise ValueError where the setting ``outside_weight`` is not a finite number of at least 0."""
    if not (np.isfinite(outside_weight) and outside_weight >= 0):
        raise ValueError(f"outside_weight is {outside_weight}: it must be a finite number of at least 0")


def check_statement_weights(weights: Mapping[str, float]) -> None:
    """Raise ValueError where a relation's weight is not a finite number of at least 0, or all of them are 0."""
    for name, weight in weights.items():
        if not (np.isfinite(weight) and weight >= 0):
            raise ValueError(f"{name} is {weight}: it must be a finite number of at least 0")
    if not any(weights.values()):
        raise ValueError(f"{', '.join(weights)} are all 0: nothing would link products")


def require_pairs(graph: ProductGraph) -> None:
    """Raise ValueError where there is nothing to learn from."""
    if graph.n_pairs == 0:
        count = "one product" if graph.n_products == 1 else f"{graph.n_products} products"
        raise ValueError(f"the graph holds {count} and no pairs: there is nothing to learn from")


def walked_part(graph: ProductGraph) -> tuple[ProductGraph, NDArray[np.int64]]:
    """The graph of the listed products alone, rows numbered anew, and those of its rows that walks can start from.

    Raises:
        ValueError: there are no pairs, or none between listed products.
    """
    require_pairs(graph)
    inside = graph.listed_only()
    starts = np.flatnonzero(inside.degree > 0)
    if len(starts) == 0:
        raise ValueError("the graph holds no pairs between listed products: there is nothing to learn from")
    return inside, starts


def scaled_weights(
    graph: ProductGraph, outside_weight: float, weights: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """float32[2 * pairs]: ``weights``, multiplied by ``outside_weight`` where an end of the pair is not listed.

    A product that only somebody's related list names has no list of its own, so that what is known of it is one-sided;
    it still connects, and a weight between 0 (as if it were not there) and 1 says how far to trust that. Without
    ``weights`` it is the graph's ``edge_weight`` that is scaled.
    """
    check_outside_weight(outside_weight)
    row = np.repeat(np.arange(graph.n_products), graph.degree)
    outside = ~(graph.listed[row] & graph.listed[graph.indices])
    scale = np.where(outside, np.float32(outside_weight), np.float32(1.0))
    return np.asarray((graph.edge_weight if weights is None else weights) * scale, dtype=np.float32)


def statement_weights(graph: ProductGraph, weights: Mapping[str, float]) -> NDArray[np.float32]:
    """float32[2 * pairs]: each edge's weight as the sum of ``weights`` over the statements that make it.

    Args:
        graph: Edges that no relation is known of keep their ``edge_weight``.
        weights: Relation -> what one directed statement of it counts; at least 0, one of them above.

    Raises:
        ValueError: a weight that is not a finite number of at least 0, or all of them 0.
    """
    check_statement_weights(weights)
    summed = np.zeros(len(graph.relations), dtype=np.float64)
    for name in RELATIONS:
        code = stated_by(graph.relations, name)
        summed += weights.get(name, 0.0) * ((code & 1) + (code >> 1))
    return np.where(graph.relations == 0, graph.edge_weight, summed).astype(np.float32)


def transition_weights(
    graph: ProductGraph, statement_values: Mapping[str, float], outside_weight: float
) -> NDArray[np.float64]:
    """float64[2 * pairs]: the probability that a random walk takes each edge, in the order of ``graph.indices``.

    In proportion to :func:`statement_weights`, scaled by ``outside_weight`` as :func:`scaled_weights` says; the edges
    of a product sum to 1, or to 0 where all of them count nothing.
    """
    weight = scaled_weights(graph, outside_weight, statement_weights(graph, statement_values)).astype(np.float64)
    row = np.repeat(np.arange(graph.n_products), graph.degree)
    total = np.bincount(row, weights=weight, minlength=graph.n_products)
    return np.divide(weight, total[row], out=np.zeros_like(weight), where=total[row] > 0)


def total_weights(
    graph: ProductGraph, statement_values: Mapping[str, float], outside_weight: float
) -> NDArray[np.float32]:
    """float32[n]: the sum of each product's edge weights, counted as :func:`transition_weights` counts them."""
    weight = scaled_weights(graph, outside_weight, statement_weights(graph, statement_values))
    row = np.repeat(np.arange(graph.n_products), graph.degree)
    return np.bincount(row, weights=weight, minlength=graph.n_products).astype(np.float32)

"""Hubness: a few products that stand in very many lists.

Radovanović, Nanopoulos, Ivanović: Hubs in space: popular nearest neighbors in high-dimensional data, JMLR 2010. With
N(x) the number of lists that hold x, hubness is the skewness of N over all products: 0 where lists are spread evenly,
and the larger the more a few hubs stand everywhere, which happens to vectors of many dimensions without any customer's
doing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph import ProductGraph


def occurrences(lists: NDArray[np.int64], graph: ProductGraph) -> NDArray[np.int64]:
    """int64[listed]: how many of ``lists`` (int64[m, k] rows, -1 for none) hold each listed product."""
    counts = np.bincount(lists[lists >= 0], minlength=graph.n_products)
    found: NDArray[np.int64] = counts[graph.listed].astype(np.int64)
    return found


def hubness(counts: NDArray[np.int64]) -> float:
    """Skewness of ``counts``, int64[n]: E[(N - mean)^3] / deviation^3, section 3 there; 0 where all are equal."""
    centred = counts.astype(np.float64) - counts.mean() if len(counts) else np.zeros(1)
    deviation = float(np.sqrt((centred**2).mean()))
    return float((centred**3).mean() / deviation**3) if deviation > 0 else 0.0


def hub_share(counts: NDArray[np.int64], top: float = 0.01) -> float:
    """Share of all places that go to the products listed most, the first ``top`` of all, at least one; 0 for none."""
    total = int(counts.sum())
    if total == 0:
        return 0.0
    most = np.sort(counts)[::-1][: max(1, round(len(counts) * top))]
    return float(most.sum() / total)

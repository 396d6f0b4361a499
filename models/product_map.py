"""A run's map: two floats a product, near where the run finds products alike.

UMAP (McInnes, Healy, Melville, "UMAP: Uniform Manifold Approximation and Projection for Dimension Reduction",
arXiv:1802.03426, 2018) lays out the best linked listed products. The rest is put beside what it is nearest to in the
first principal components. Runs without vectors are laid out by vectors of their related lists.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

#: Products that UMAP lays out; minutes for so many on one core.
MOST_LAID_OUT: Final = 50_000

#: Fewer products than this are laid out by their first two principal components: UMAP has nothing to add.
_FEWEST_FOR_UMAP: Final = 200

#: Principal components in which UMAP and the placing of the rest look for neighbours.
_COMPONENTS: Final = 64

#: Neighbours that UMAP keeps together.
_NEIGHBOURS: Final = 30

#: Dimensions of the vectors of runs that have none of their own.
_RANDOM_DIMENSIONS: Final = 128

#: Seed of what UMAP draws; the map of the same run is the same.
_SEED: Final = 0


def product_map(
    vectors: NDArray[np.float32],
    degree: NDArray[np.int64],
    listed: NDArray[np.bool_],
    *,
    most: int = MOST_LAID_OUT,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> NDArray[np.float32]:
    """float32[n, 2]: where each listed product lies; NaN for the others.

    Args:
        vectors: float32[n, d]; products with a small angle between them lie together.
        degree: int64[n], links of each product in the graph.
        listed: bool[n], products that get a place.
        most: How many are laid out by UMAP, those with most links first.
        on_progress: Told when each of the steps is done.

    The same input gives the same bytes on one machine, whatever the number of threads (UMAP runs on one); another
    version of UMAP or of a linear algebra library may lay out otherwise.
    """
    report = on_progress or (lambda what, done, total: None)
    placed = np.full((len(vectors), 2), np.nan, dtype=np.float32)
    rows = np.flatnonzero(listed)
    if len(rows) == 0:
        return placed
    components = _principal(_unit(vectors[rows]), _COMPONENTS)
    report("map", 1, 3)
    if len(rows) < _FEWEST_FOR_UMAP:
        placed[rows] = _scaled(_two(components))
        report("map", 3, 3)
        return placed
    order = np.argsort(-degree[rows], kind="stable")
    first, rest = np.sort(order[:most]), np.sort(order[most:])
    laid_out = _scaled(_umap(components[first]))
    report("map", 2, 3)
    placed[rows[first]] = laid_out
    if len(rest):
        placed[rows[rest]] = _beside(components[rest], components[first], laid_out)
    report("map", 3, 3)
    return placed


def vectors_of_lists(related: pd.DataFrame, product_ids: NDArray[np.object_]) -> NDArray[np.float32]:
    """float32[n, d]: products with like lists get like vectors, for runs that have none of their own.

    Random vectors, spread over the lists one, two and three times and added up (as FastRP does: Chen et al., "Fast and
    Accurate Network Embeddings via Very Sparse Random Projection", CIKM 2019, equations 4 and 6, without its weights).

    Args:
        related: Columns product_id, rank, related_id, as in a run folder.
        product_ids: object[n] of str.
    """
    import pandas as pd
    from scipy.sparse import csr_array, diags_array

    n = len(product_ids)
    position = pd.Index(product_ids)
    own = position.get_indexer(pd.Index(related["product_id"]))
    other = position.get_indexer(pd.Index(related["related_id"]))
    weight = 1.0 / np.log2(1.0 + related["rank"].to_numpy(dtype=np.float64))
    lists = csr_array((weight, (own, other)), shape=(n, n))
    lists = (lists + lists.T).tocsr()
    degree: NDArray[np.float64] = np.asarray(lists.sum(axis=1))
    spread = diags_array(1.0 / np.maximum(degree, 1e-12)) @ lists
    step = np.random.default_rng(_SEED).standard_normal((n, _RANDOM_DIMENSIONS))
    # what is linked with much would otherwise pull everything to one place
    step /= np.sqrt(np.maximum(degree, 1.0))[:, None]
    together = np.zeros((n, _RANDOM_DIMENSIONS), dtype=np.float32)
    for _ in range(3):
        step = np.asarray(spread @ step)
        together += _unit(step.astype(np.float32))
    return together


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return unit


def _principal(vectors: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """float32[n, at most count]: the first principal components, each with a sign that does not depend on chance."""
    centred = vectors - vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    covariance = centred.T.astype(np.float64) @ centred
    _, axes = np.linalg.eigh(covariance)
    axes = axes[:, ::-1][:, :count]
    axes *= np.where(axes[np.argmax(np.abs(axes), axis=0), np.arange(axes.shape[1])] < 0, -1.0, 1.0)
    components: NDArray[np.float32] = (centred @ axes).astype(np.float32)
    return components


def _two(components: NDArray[np.float32]) -> NDArray[np.float32]:
    padded = np.zeros((len(components), 2), dtype=np.float32)
    padded[:, : min(2, components.shape[1])] = components[:, :2]
    return padded


def _umap(components: NDArray[np.float32]) -> NDArray[np.float32]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its optional parts say when they are not there
        from umap import UMAP

        layout = UMAP(
            n_neighbors=_NEIGHBOURS,
            min_dist=0.6,
            spread=1.5,
            metric="euclidean",
            random_state=_SEED,
            n_jobs=1,
            precomputed_knn=_nearest(components, _NEIGHBOURS),
            force_approximation_algorithm=True,  # or few products would have their neighbours looked for again
        )
        return np.asarray(layout.fit_transform(components), dtype=np.float32)


def _nearest(components: NDArray[np.float32], k: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """int32[n, k] and float32[n, k]: each product's nearest ones, itself first, and how far they are.

    By brute force: exact, and less work for so many than compiling UMAP's own approximate search.
    """
    n = len(components)
    squares = (components**2).sum(axis=1)
    found, distances = np.empty((n, k), dtype=np.int32), np.empty((n, k), dtype=np.float32)
    for start in range(0, n, 500):
        rows = np.arange(start, min(start + 500, n))
        gap = squares[rows, None] + squares - 2 * components[rows] @ components.T
        gap[np.arange(len(rows)), rows] = -1.0  # itself, also among products in the same place
        best = np.argpartition(gap, k - 1, axis=1)[:, :k]
        near = np.take_along_axis(gap, best, axis=1)
        order = np.argsort(near, axis=1, kind="stable")
        found[rows] = np.take_along_axis(best, order, axis=1)
        distances[rows] = np.sqrt(np.maximum(np.take_along_axis(near, order, axis=1), 0.0))
    return found, distances


def _scaled(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """The points around 0, the middle 98 % of each direction within -1 to 1, both directions by the same scale."""
    middle = np.median(points, axis=0)
    reach = float(np.quantile(np.abs(points - middle), 0.98)) or 1.0
    return ((points - middle) / reach).astype(np.float32)


def _beside(
    components: NDArray[np.float32], known: NDArray[np.float32], places: NDArray[np.float32]
) -> NDArray[np.float32]:
    """float32[m, 2]: the place of the nearest known product, a little aside so that points do not hide each other."""
    found = np.empty((len(components), 2), dtype=np.float32)
    squares = (known**2).sum(axis=1)
    for start in range(0, len(components), 1_000):
        part = components[start : start + 1_000]
        nearest = np.argmin(squares - 2 * part @ known.T, axis=1)
        found[start : start + 1_000] = places[nearest] + 0.02 * np.tanh(_two(part - known[nearest]))
    return found

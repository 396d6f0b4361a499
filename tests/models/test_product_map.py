"""The map: what is alike lies together, and what it gives is the same every time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from models.product_map import product_map, vectors_of_lists


def clusters(per: int, count: int = 4, dimensions: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Vectors around ``count`` directions, and which each belongs to."""
    rng = np.random.default_rng(0)
    centres = np.eye(dimensions, dtype=np.float32)[:count] * 5
    group = np.repeat(np.arange(count), per)
    return (centres[group] + 0.4 * rng.standard_normal((len(group), dimensions))).astype(np.float32), group


def purity(places: np.ndarray, group: np.ndarray) -> float:
    """Share of the products whose nearest neighbour on the map is of their own group."""
    gaps = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    np.fill_diagonal(gaps, np.inf)
    return float((group[gaps.argmin(axis=1)] == group).mean())


def test_few_products_are_laid_out_by_principal_components() -> None:
    vectors, group = clusters(20, 3)
    listed = np.ones(60, dtype=bool)
    listed[7] = False
    places = product_map(vectors, np.arange(60), listed)
    assert places.dtype == np.float32
    assert places.shape == (60, 2)
    assert np.isnan(places[7]).all()
    assert np.isfinite(places[listed]).all()
    assert purity(places[listed], group[listed]) > 0.95


@pytest.mark.slow
def test_umap_keeps_groups_together_and_the_rest_is_put_beside_its_own() -> None:
    vectors, group = clusters(80)
    degree = np.tile(np.arange(80), 4)
    listed = np.ones(320, dtype=bool)
    places = product_map(vectors, degree, listed, most=240)
    assert np.isfinite(places).all()
    assert purity(places, group) > 0.98
    assert np.array_equal(places, product_map(vectors, degree, listed, most=240))


def test_runs_without_vectors_get_them_from_their_lists() -> None:
    ids = np.array([f"P{i:03d}" for i in range(60)], dtype=object)
    group = np.repeat(np.arange(3), 20)
    rng = np.random.default_rng(0)
    rows = [
        (ids[i], rank, ids[j])
        for i in range(60)
        for rank, j in enumerate(rng.permutation([j for j in range(60) if group[j] == group[i] and j != i])[:6], 1)
    ]
    related = pd.DataFrame(rows, columns=["product_id", "rank", "related_id"])
    vectors = vectors_of_lists(related, ids)
    assert vectors.dtype == np.float32
    assert purity(vectors, group) == 1.0
    assert purity(product_map(vectors, np.ones(60, dtype=np.int64), np.ones(60, dtype=bool)), group) > 0.95


def test_nothing_to_lay_out() -> None:
    assert product_map(np.zeros((0, 4), dtype=np.float32), np.zeros(0, np.int64), np.zeros(0, bool)).shape == (0, 2)
    same = product_map(np.ones((5, 4), dtype=np.float32), np.ones(5, np.int64), np.ones(5, bool))
    assert np.isfinite(same).all(), "products that are all alike lie in one place"
    empty = pd.DataFrame({"product_id": [], "rank": [], "related_id": []})
    assert np.isfinite(vectors_of_lists(empty, np.array(["A", "B"], dtype=object))).all()

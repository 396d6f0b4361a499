"""The best of many scores: the compiled heap against a sort, in one piece and in tiles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import models.ranking
from graph import ProductGraph
from models.ranking import rank_by_inner_product, top_k


def slow_top_k(scores: NDArray[np.float32], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Sort everything; equal scores stay in order of their columns."""
    columns = np.full((len(scores), k), -1, dtype=np.int64)
    best = np.full((len(scores), k), -np.inf, dtype=np.float32)
    for i, row in enumerate(scores):
        eligible = np.flatnonzero(row > -np.inf)  # NaN is not
        chosen = eligible[np.argsort(-row[eligible], kind="stable")][:k]
        columns[i, : len(chosen)], best[i, : len(chosen)] = chosen, row[chosen]
    return columns, best


@pytest.fixture(autouse=True, scope="module")
def compiled() -> None:
    """Before a deadline runs."""
    top_k(np.zeros((1, 2), dtype=np.float32), 1)


score_tables = st.integers(0, 5).flatmap(
    lambda m: st.integers(0, 40).flatmap(
        lambda n: st.lists(
            # few values, so that many are equal
            st.sampled_from([0.0, -0.0, 1.0, 2.0, -3.5, 1e30, np.inf, -np.inf, np.nan]),
            min_size=m * n,
            max_size=m * n,
        ).map(lambda values: np.array(values, dtype=np.float32).reshape(m, n))
    )
)


@given(scores=score_tables, k=st.integers(0, 50))
def test_the_heap_finds_what_a_sort_finds(scores: NDArray[np.float32], k: int) -> None:
    for fast, slow in zip(top_k(scores, k), slow_top_k(scores, k), strict=True):
        assert fast.dtype == slow.dtype
        assert np.array_equal(fast, slow)


@given(scores=score_tables, k=st.integers(1, 12), width=st.integers(1, 17), seed=st.integers(0, 99))
def test_tiles_and_barred_columns(scores: NDArray[np.float32], k: int, width: int, seed: int) -> None:
    barred = np.random.default_rng(seed).random(scores.shape) < 0.3
    rows, columns = np.nonzero(barred)
    best = models.ranking._Best(len(scores), k, (rows.astype(np.int64), columns.astype(np.int64)))
    for first in range(0, scores.shape[1], width):
        best.add(scores[:, first : first + width], first)
    masked = np.where(barred, np.float32(-np.inf), scores)
    for fast, slow in zip(best.lists(), slow_top_k(masked, k), strict=True):
        assert np.array_equal(fast, slow)


def test_large_tables_are_parted_among_threads_without_a_difference() -> None:
    scores = np.random.default_rng(0).integers(0, 1000, size=(100, 90_000)).astype(np.float32)
    assert scores.size > 8_000_000
    for fast, slow in zip(top_k(scores, 20), slow_top_k(scores, 20), strict=True):
        assert np.array_equal(fast, slow)


def test_a_catalogue_larger_than_a_tile(planted: ProductGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    # whole numbers: sums are exact however the multiplication is cut
    vectors = rng.integers(-5, 6, size=(planted.n_products, 8)).astype(np.float32)
    queries = rng.integers(-5, 6, size=(planted.n_products, 8)).astype(np.float32)
    rows = np.arange(planted.n_products)
    whole = rank_by_inner_product(planted, queries, vectors, rows, 9, exclude_known=True)
    monkeypatch.setattr(models.ranking, "_TILE", 13)
    tiled = rank_by_inner_product(planted, queries, vectors, rows, 9, exclude_known=True)
    assert all(np.array_equal(a, b) for a, b in zip(whole, tiled, strict=True))
    scores = queries @ vectors.T
    scores[:, ~planted.listed] = -np.inf
    scores[rows, rows] = -np.inf
    linked = np.asarray(planted.to_scipy().todense()) > 0
    scores[linked] = -np.inf
    assert np.array_equal(whole[0], slow_top_k(scores, 9)[0])

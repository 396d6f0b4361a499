"""FastRP's kernels against dense matrices, and what the vectors promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import ProductGraph
from models import fastrp_kernels as kernels
from models.fastrp import FastRp, FastRpSettings
from models.random_bits import key_of


@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 40),
    width=st.sampled_from([16, 128, 144, 272]),
    factor=st.sampled_from([0.0, 0.5, 2.0]),
)
@settings(max_examples=40, deadline=None)
def test_a_step_is_the_mean_of_the_neighbours(seed: int, n: int, width: int, factor: float) -> None:
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random((n, n)) < 0.2, 10.0 ** rng.integers(-6, 7, (n, n)), 0).astype(np.float32)
    degree = (dense > 0).sum(axis=1)
    indptr = np.concatenate([[0], np.cumsum(degree)])
    indices = np.nonzero(dense)[1].astype(np.int32)
    weight = dense[dense > 0]
    sums = np.empty(n)
    kernels.row_sums(indptr, weight, sums)
    np.testing.assert_allclose(sums, dense.sum(axis=1, dtype=np.float64), rtol=1e-6)
    source = rng.normal(size=(n, width)).astype(np.float32)
    target, summed = np.full((n, width), np.nan, dtype=np.float32), np.ones((n, width), dtype=np.float32)
    middle = n // 2
    for first, last in ((0, middle), (middle, n)):
        kernels.step(indptr, indices, weight, sums, source, np.float32(factor), first, last, target, summed)
    share = np.divide(dense, sums[:, None], out=np.zeros((n, n)), where=sums[:, None] > 0)
    exact = share @ source.astype(np.float64)
    np.testing.assert_allclose(target, exact, rtol=1e-3, atol=1e-4)
    length = np.linalg.norm(target, axis=1, keepdims=True)
    unit = np.divide(target, length, out=np.zeros_like(target), where=length > 0)
    np.testing.assert_allclose(summed, 1 + factor * unit, rtol=1e-3, atol=1e-4)


def test_a_third_of_the_random_numbers_are_not_zero_and_every_row_has_its_own() -> None:
    drawn = np.zeros((3000, 112), dtype=np.float32)
    kernels.draw_rows(key_of(1), np.full(3000, 2, dtype=np.float32), 100, 0, 3000, drawn)
    assert set(np.unique(drawn[:, :100])) == {-2.0, 0.0, 2.0}
    assert not drawn[:, 100:].any()
    for value in (-2, 2):
        assert (drawn[:, :100] == value).mean() == pytest.approx(1 / 6, abs=0.003)
    assert len(np.unique(drawn, axis=0)) == 3000
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1]) < 0.06


def test_products_with_the_same_neighbours_have_the_same_direction_and_bytes_do_not_depend_on_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = ProductGraph.from_pairs(["a", "a", "b", "b", "e"], ["c", "d", "c", "d", "f"])
    model = FastRp(FastRpSettings(dimensions=100, step_1=0.0)).fit(graph, seed=3)
    a, b, e = graph.rows(["a", "b", "e"])
    assert model.vectors.shape == (6, 100)
    assert model.score(np.array([a]), np.array([b]))[0] == pytest.approx(1, abs=1e-5)
    assert abs(model.score(np.array([a]), np.array([e]))[0]) < 0.5
    monkeypatch.setattr("models.threads.thread_count", lambda threads: 1)
    again = FastRp(FastRpSettings(dimensions=100, step_1=0.0)).fit(graph, seed=3)
    assert again.vectors.tobytes() == model.vectors.tobytes()

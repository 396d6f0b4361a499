"""Personalized PageRank and common neighbours against dense matrices, where nothing can hide."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models
from graph import ProductGraph
from graph.relations import STATEMENT_WEIGHTS, out_bit
from models.edges import statement_weights
from models.pagerank import PageRankSettings, PersonalizedPageRank
from models.ranking import mask_ineligible, top_k
from models.spreading import Spreading, rank, score_pairs


def dense_weights(graph: ProductGraph, outside_weight: float) -> np.ndarray:
    weights = graph.to_scipy().toarray().astype(np.float64)
    weights[~(graph.listed[:, None] & graph.listed[None, :])] *= outside_weight
    return weights


def dense_pagerank(graph: ProductGraph, s: PageRankSettings) -> np.ndarray:
    """The definition: powers of the row-stochastic matrix, one term a step."""
    weights = dense_weights(graph, s.outside_weight)
    total = weights.sum(axis=1, keepdims=True)
    transition = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    power, summed = np.eye(graph.n_products), np.zeros_like(weights)
    if s.alpha is None:
        counts = [s.direct, *(s.growth**step for step in range(s.steps - 1))]
    else:
        counts = [s.alpha * (1 - s.alpha) ** step for step in range(1, s.steps + 1)]
    for count in counts:
        power = power @ transition
        summed += count * power
    return summed


@pytest.mark.parametrize(
    "chosen",
    [
        PageRankSettings(threshold=0),
        PageRankSettings(threshold=0, alpha=0.15, steps=5),
        PageRankSettings(threshold=0, alpha=0.15, steps=1),
        PageRankSettings(threshold=0, steps=2, growth=0.5, direct=0.0),
        PageRankSettings(threshold=0, steps=3, alpha=0.15, outside_weight=1.0),
        PageRankSettings(threshold=0, outside_weight=0.0),
    ],
)
def test_pagerank_is_its_definition(planted: ProductGraph, chosen: PageRankSettings) -> None:
    model = PersonalizedPageRank(chosen).fit(planted)
    exact = dense_pagerank(planted, chosen)
    a, b = np.divmod(np.arange(planted.n_products**2), planted.n_products)
    scores = model.score(a, b).reshape(exact.shape)  # products that are not listed are asked about as well
    np.testing.assert_allclose(np.where(np.isneginf(scores), 0, scores), exact, rtol=1e-4, atol=1e-9)
    assert (np.isneginf(scores) == (exact == 0)).all(), "no evidence is -inf"

    found, values = model.recommend(np.arange(planted.n_products), 10)
    masked = np.where(exact > 0, exact, -np.inf).astype(np.float32)
    mask_ineligible(planted, np.arange(planted.n_products), masked, exclude_known=True)
    _, expected = top_k(masked, 10)
    np.testing.assert_allclose(values, expected, rtol=1e-4)
    assert ((found >= 0) == np.isfinite(expected)).all()


def test_without_restart_every_step_counts_alike(planted: ProductGraph) -> None:
    model = PersonalizedPageRank(PageRankSettings(alpha=0, threshold=0, steps=2, outside_weight=0.3)).fit(planted)
    weights = dense_weights(planted, 0.3)
    transition = weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    expected = transition + transition @ transition
    a, b = np.zeros(planted.n_products, dtype=np.int64), np.arange(planted.n_products)
    scores = model.score(a, b)
    np.testing.assert_allclose(np.where(np.isneginf(scores), 0, scores), expected[0], rtol=1e-4, atol=1e-9)


def test_common_neighbours_is_the_squared_matrix(planted: ProductGraph) -> None:
    weights = dense_weights(planted, 0.3)
    expected = weights @ weights + weights
    a, b = np.divmod(np.arange(planted.n_products**2), planted.n_products)
    scores = models.create("common_neighbours").fit(planted).score(a, b).reshape(expected.shape)
    np.testing.assert_allclose(np.where(np.isneginf(scores), 0, scores), expected, rtol=1e-4)


def test_the_threshold_costs_little_and_only_takes_away(planted: ProductGraph) -> None:
    exact = PersonalizedPageRank(PageRankSettings(threshold=0)).fit(planted)
    pruned = PersonalizedPageRank(PageRankSettings(threshold=1e-3)).fit(planted)
    rows = np.flatnonzero(planted.listed)
    a, b = np.repeat(rows, len(rows)), np.tile(rows, len(rows))
    full, thin = exact.score(a, b), pruned.score(a, b)
    assert (thin <= full * (1 + 1e-5)).all()
    assert (thin < full * 0.999).any(), "a threshold this high must prune something"
    same = [
        len(set(one) & set(other)) / 10
        for one, other in zip(exact.recommend(rows, 10)[0], pruned.recommend(rows, 10)[0], strict=True)
    ]
    assert np.mean(same) > 0.9


def test_any_number_of_threads_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch, planted: ProductGraph) -> None:
    monkeypatch.setattr("models.spreading.ROWS_A_TASK", 16)
    spread = PersonalizedPageRank().fit(planted)._spread
    rows = np.random.default_rng(0).integers(0, planted.n_products, size=500)
    others = rows[::-1].copy()
    lists = [rank(spread, planted, rows, 5, exclude_known=True, threads=threads) for threads in (1, 2, 5)]
    pairs = [score_pairs(spread, rows, others, threads=threads) for threads in (1, 2, 5)]
    for found, scores in lists[1:]:
        assert found.tobytes() == lists[0][0].tobytes()
        assert scores.tobytes() == lists[0][1].tobytes()
    assert len({scores.tobytes() for scores in pairs}) == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 12))
def test_a_product_is_answered_alone_as_among_others(seed: int, n: int) -> None:
    """No product leaves anything behind in the memory that the next one uses; weights over 12 orders of magnitude."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, n, size=(2, 3 * n))
    if (a == b).all():
        return
    weight = 10.0 ** rng.uniform(-6, 6, size=3 * n)
    graph = ProductGraph.from_pairs([f"p{i:02d}" for i in a], [f"p{i:02d}" for i in b], weight)
    model = PersonalizedPageRank(PageRankSettings(threshold=1e-4)).fit(graph)
    rows = np.arange(graph.n_products)
    found, scores = model.recommend(rows, 4)
    for row in rows:
        alone, score = model.recommend(rows[row : row + 1], 4)
        assert alone[0].tolist() == found[row].tolist()
        assert score[0].tolist() == scores[row].tolist()
    assert np.isfinite(scores[found >= 0]).all()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("steps", 0),
        ("growth", -1.0),
        ("direct", float("nan")),
        ("alpha", 1.0),
        ("alpha", -0.1),
        ("also_viewed", -1.0),
        ("threshold", -1.0),
        ("threshold", float("nan")),
        ("outside_weight", -0.5),
        ("outside_weight", float("inf")),
    ],
)
def test_settings_that_cannot_work_are_named(setting: str, value: float) -> None:
    with pytest.raises(ValueError, match=setting):
        models.create("pagerank", **{setting: value})


def test_statements_count_what_the_settings_say() -> None:
    weights = {"also_bought": 1.0, "also_viewed": 0.25, "bought_together": 3.0}
    pair = np.array([out_bit("also_bought") | out_bit("also_viewed"), 0], dtype=np.uint8)
    graph = ProductGraph._from_rows(
        np.array([0, 0]),
        np.array([1, 2]),
        np.array([1.5, 7.0]),
        pair,
        ProductGraph.from_pairs(["a", "a"], ["b", "c"]).products,
    )
    assert statement_weights(graph, weights).tolist() == [1.25, 7.0, 1.25, 7.0], "who states nothing keeps its weight"
    as_stated = statement_weights(graph, STATEMENT_WEIGHTS)
    assert as_stated.tolist() == graph.edge_weight.tolist()
    with pytest.raises(ValueError, match="all 0"):
        models.create("pagerank", also_bought=0.0, also_viewed=0.0, bought_together=0.0)


def test_two_steps_looked_up_are_the_three_steps_followed(planted: ProductGraph) -> None:
    rows = np.arange(planted.n_products)
    every = PersonalizedPageRank(PageRankSettings(threshold=0, kept=0)).fit(planted)
    whole = PersonalizedPageRank(PageRankSettings(threshold=0, kept=planted.n_products)).fit(planted)
    for known in (True, False):
        np.testing.assert_allclose(
            whole.recommend(rows, 10, exclude_known=known)[1],
            every.recommend(rows, 10, exclude_known=known)[1],
            rtol=1e-4,
            atol=1e-9,
        )
    a, b = np.divmod(np.arange(planted.n_products**2), planted.n_products)
    listed = planted.listed[b]
    np.testing.assert_allclose(whole.score(a[listed], b[listed]), every.score(a[listed], b[listed]), rtol=1e-4)
    np.testing.assert_allclose(whole.score(a, b), every.score(a, b), rtol=1e-4)


def test_what_is_kept_of_two_steps_are_the_largest_entries(planted: ProductGraph) -> None:
    spread = PersonalizedPageRank(PageRankSettings(kept=3)).fit(planted)._spread
    weights = dense_weights(planted, 0.5)
    exact = PersonalizedPageRank(PageRankSettings(kept=planted.n_products)).fit(planted)._spread
    assert weights.shape[0] == len(spread.ahead_counts)
    for row in range(planted.n_products):
        kept = spread.ahead_values[row, : spread.ahead_counts[row]]
        everything = np.sort(exact.ahead_values[row, : exact.ahead_counts[row]])[::-1]
        np.testing.assert_allclose(np.sort(kept)[::-1], everything[:3], rtol=1e-6)
        assert planted.listed[spread.ahead[row, : spread.ahead_counts[row]]].all()


def test_kept_without_three_steps_is_named() -> None:
    for wrong in ({"kept": 5, "steps": 2}, {"kept": -1}):
        with pytest.raises(ValueError, match="kept is"):
            PageRankSettings(**wrong)  # type: ignore[arg-type]


def test_a_large_catalogue_gets_two_steps_looked_up_and_nearly_the_same_lists(
    planted: ProductGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.arange(planted.n_products)
    followed = PersonalizedPageRank().fit(planted)
    assert len(followed._spread.ahead_counts) == 0
    monkeypatch.setattr("models.pagerank._MANY_PRODUCTS", 10)
    looked_up = PersonalizedPageRank().fit(planted)
    assert len(looked_up._spread.ahead_counts) == planted.n_products
    pairs = zip(looked_up.recommend(rows, 5)[0], followed.recommend(rows, 5)[0], strict=True)
    assert np.mean([len(np.intersect1d(a, b)) for a, b in pairs]) > 4
    assert len(PersonalizedPageRank(PageRankSettings(threshold=1e-5)).fit(planted)._spread.ahead_counts) == 0


@pytest.mark.parametrize("name", ["pagerank", "cosine", "pmi"])
def test_what_is_kept_behind_lists_is_what_scores_say(
    monkeypatch: pytest.MonkeyPatch, planted: ProductGraph, name: str
) -> None:
    monkeypatch.setattr("models.spreading.ROWS_A_TASK", 7)
    model = models.create(name).fit(planted)
    assert isinstance(model, Spreading)
    rows = np.flatnonzero(planted.listed)[::3]
    found, kept = model.recommend_and_keep(rows, 6)
    np.testing.assert_array_equal(found, model.recommend(rows, 6)[0])
    others = np.tile(np.flatnonzero(planted.listed), (len(rows), 1))
    others[::2, -3:] = -1
    scores = kept.scores(others)
    there = others >= 0
    np.testing.assert_array_equal(scores[there], model.score(np.repeat(rows, there.sum(axis=1)), others[there]))
    assert np.isnan(scores[~there]).all()

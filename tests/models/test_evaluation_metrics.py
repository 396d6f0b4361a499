from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import ProductGraph
from models.evaluation import Split, metrics

scores = st.lists(st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 1.0, 2.0]), min_size=1, max_size=12)


@settings(max_examples=200)
@given(scores, scores)
def test_auc_is_the_share_of_pairs_in_the_right_order(positive: list[float], negative: list[float]) -> None:
    won = [1.0 if p > q else 0.5 if p == q else 0.0 for p in positive for q in negative]
    auc = metrics.roc_auc(np.array(positive, dtype=np.float32), np.array(negative, dtype=np.float32))
    assert auc == pytest.approx(np.mean(won))


@settings(max_examples=200)
@given(scores, scores)
def test_average_precision_is_its_definition(positive: list[float], negative: list[float]) -> None:
    expected, before = 0.0, 0.0
    for threshold in sorted({*positive, *negative}, reverse=True):
        true = sum(p >= threshold for p in positive)
        recall, precision = true / len(positive), true / (true + sum(q >= threshold for q in negative))
        expected += (recall - before) * precision
        before = recall
    ap = metrics.average_precision(np.array(positive, dtype=np.float32), np.array(negative, dtype=np.float32))
    assert ap == pytest.approx(expected)


def test_a_score_that_is_no_number_is_the_lowest() -> None:
    one = np.ones(1, dtype=np.float32)
    assert metrics.roc_auc(np.array([np.nan], dtype=np.float32), one) == 0.0
    assert np.isnan(metrics.roc_auc(one[:0], one))


@pytest.fixture
def small() -> Split:
    """Six products; 0 has held-out neighbours 1, 2, 3 and 4 has 5."""
    ids = [f"p{i}" for i in range(6)]
    graph = ProductGraph.from_pairs(["p0", "p1", "p2"], ["p4", "p5", "p5"], [5.0, 1.0, 1.0])
    assert graph.n_products == 5
    graph = ProductGraph.from_pairs(["p0", "p1", "p2"], ["p4", "p5", "p5"], products=_table(ids))
    return Split(graph, np.array([[0, 1], [0, 2], [0, 3], [4, 5]]))


def _table(ids: list[str]):  # type: ignore[no-untyped-def]
    import pandas as pd

    return pd.DataFrame({"title": ids}, index=pd.Index(ids, name="product_id"))


def test_ranking_figures_by_hand(small: Split) -> None:
    queries = np.array([0, 4])
    held_out = np.array([3, 1])
    lists = np.array([[2, 5], [1, 5]])
    hits = metrics.hits_of(lists, queries, small)
    assert hits.tolist() == [[True, False], [False, True]]
    assert metrics.recall(hits, held_out).tolist() == [0.5, 1.0], "over min(k, held-out neighbours)"
    best = 1 + 1 / np.log2(3)
    assert metrics.ndcg(hits, held_out) == pytest.approx([1 / best, 1 / np.log2(3)])
    assert metrics.reciprocal_rank(hits).tolist() == [1.0, 0.5]
    assert metrics.coverage(lists, small.train) == pytest.approx(3 / 6)
    # p5 has two neighbours, more than anybody: it is the top 1 %, at least one product
    assert metrics.popularity_share(lists, small.train) == pytest.approx(2 / 4)


def test_an_empty_place_is_no_hit(small: Split) -> None:
    hits = metrics.hits_of(np.array([[-1, -1]]), np.array([0]), small)
    assert not hits.any()
    assert metrics.reciprocal_rank(hits).tolist() == [0.0]
    assert np.isnan(metrics.popularity_share(np.array([[-1]]), small.train))


def test_bootstrap_interval_is_near_the_textbooks() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, size=2000)
    low, high = metrics.bootstrap_interval(values, np.random.default_rng(1))
    error = 1.96 * values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - error, abs=error / 5)
    assert high == pytest.approx(values.mean() + error, abs=error / 5)

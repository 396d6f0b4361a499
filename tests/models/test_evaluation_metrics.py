from __future__ import annotations

import numpy as np
import pandas as pd
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


def small_graph() -> ProductGraph:
    """A square a-b-c-d and a product e without a link."""
    table = pd.DataFrame({"listed": True}, index=pd.Index(list("abcde"), name="product_id"))
    return ProductGraph.from_pairs(list("abcd"), list("bcda"), products=table)


def test_gini_runs_from_equal_shares_to_one_for_all() -> None:
    graph = small_graph()
    assert metrics.gini(np.array([[0, 1], [2, 3], [4, -1]]), graph) == pytest.approx(0)
    assert metrics.gini(np.array([[1], [1], [1]]), graph) == pytest.approx(1)
    assert np.isnan(metrics.gini(np.array([[-1]]), graph))


def test_novelty_counts_bits() -> None:
    graph = small_graph()
    assert metrics.novelty(np.array([[0, 1]]), graph) == pytest.approx(2), "2 of 8 links each"
    assert metrics.novelty(np.array([[4]]), graph) == pytest.approx(4), "half a link of 8"
    assert np.isnan(metrics.novelty(np.array([[-1, -1]]), graph))


def test_diversity_is_the_share_of_pairs_without_a_link() -> None:
    graph = small_graph()
    lists = np.array([[0, 2, -1], [0, 1, 2], [4, -1, -1]])
    assert metrics.diversity(lists, graph) == pytest.approx((1 + 1 / 3) / 2)
    assert np.isnan(metrics.diversity(lists[2:], graph))


def test_precision_recall_enters_equal_scores_together() -> None:
    positive, negative = np.array([3, 2, 2, 0], np.float32), np.array([2, 1, -np.inf, np.nan], np.float32)
    threshold, precision, recall = metrics.precision_recall(positive, negative)
    assert threshold[:2].tolist() == [3, 2]
    assert recall[:2].tolist() == [0.25, 0.75], "a cliff: three pairs score 2"
    assert precision[1] == pytest.approx(3 / 4)
    assert recall[-1] == 1
    assert precision[-1] == pytest.approx(4 / 8)
    assert all(len(part) == 0 for part in metrics.precision_recall(positive, negative[:0]))


def test_precision_recall_of_many_pairs_stays_small() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(2, 20_000)).astype(np.float32)
    _, precision, recall = metrics.precision_recall(scores[0] + 1, scores[1])
    assert 100 < len(recall) <= 502
    assert (np.diff(recall) >= 0).all()
    area = np.trapezoid(precision, recall)
    assert area == pytest.approx(metrics.average_precision(scores[0] + 1, scores[1]), abs=0.01)

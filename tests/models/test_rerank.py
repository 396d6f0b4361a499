from __future__ import annotations

import numpy as np
import pytest

import models
from graph import ProductGraph
from models.rerank import marginal_relevance, one_of_each, variant_groups

#: Sources that take seconds to fit; what is tested here does not need them.
SLOW = "pagerank_svd ease node2vec text"


def test_variants_differ_in_size_colour_or_number_only() -> None:
    titles = [
        "Rose Hand Cream, 50 ml", "Hand Cream Rose (Large, 200ml)", "Rose Foot Cream 50 ml", "Hand Balm Rose 50 ml",
        None, "Red 12", "Blue 14", "Lip Liner Dark Red", "Lip Liner Pale Pink",
    ]  # fmt: skip
    brands = ["Acme", "ACME", "Acme", "Acme", "Acme", "Acme", "Acme", None, None]
    groups = variant_groups(titles, brands)
    assert groups[0] == groups[1] >= 0
    assert groups[7] == groups[8] >= 0
    assert groups[7] != groups[0]
    assert groups[[2, 3, 4, 5, 6]].tolist() == [-1] * 5, "others, and titles that say too little, stand alone"
    assert variant_groups(["Silk Scarf red", "Silk Scarf blue"], ["One", "Other"]).tolist() == [-1, -1]


def test_the_best_variant_stays_and_none_of_the_product_itself() -> None:
    groups = np.array([0, 0, 1, 1, -1, -1])
    found = np.array([[1, 3, 4, 2, 5], [3, 0, 1, -1, -1]])
    scores = np.array([[5, 4, 3, 2, 1], [3, 2, 1, -np.inf, -np.inf]], dtype=np.float32)
    left, kept = one_of_each(np.array([0, 4]), found, scores, groups)
    assert left.tolist() == [[3, 4, 5, -1, -1], [3, 0, -1, -1, -1]]
    assert kept[0].tolist() == [4, 3, 1, -np.inf, -np.inf]
    assert found[0, 0] == 1, "the lists that came in are left as they were"


def test_variety_moves_what_is_like_the_first() -> None:
    ids = [("p", "x"), ("p", "y"), ("q", "x"), ("q", "y"), ("r", "z"), ("r", "w")]
    graph = ProductGraph.from_pairs([a for a, _ in ids], [b for _, b in ids])
    p, q, r = graph.rows(["p", "q", "r"])
    found, scores = np.array([[p, q, r]]), np.array([[1.0, 0.9, 0.5]], dtype=np.float32)
    plain, _ = marginal_relevance(graph, found, scores, 3, 0.0)
    varied, values = marginal_relevance(graph, found, scores, 2, 0.5)
    assert plain.tolist() == found.tolist()
    assert varied.tolist() == [[p, r]], "q has the neighbours of p"
    assert (np.diff(values) <= 0).all()
    empty, _ = marginal_relevance(graph, np.array([[-1, -1]]), np.full((1, 2), -np.inf, np.float32), 2, 0.5)
    assert empty.tolist() == [[-1, -1]]


def test_the_blend_with_variety_keeps_its_promises(planted: ProductGraph) -> None:
    from models.evaluation import metrics

    rows = np.flatnonzero(planted.listed)
    plain = models.create("blend", trees=10, leaves=5, left_out=SLOW).fit(planted, seed=0)
    varied = models.create("blend", trees=10, leaves=5, left_out=SLOW, diversity=0.7, one_variant=True).fit(
        planted, seed=0
    )
    assert isinstance(plain, models.Ranker)
    assert isinstance(varied, models.Ranker)
    lists, scores = varied.recommend(rows, 5)
    assert lists.shape == scores.shape == (len(rows), 5)
    there = np.where(np.isneginf(scores), np.nan, scores)
    assert (np.diff(there, axis=1)[~np.isnan(np.diff(there, axis=1))] <= 0).all()
    assert metrics.diversity(lists, planted) > metrics.diversity(plain.recommend(rows, 5)[0], planted)


def test_one_variant_is_what_a_shop_shows(planted: ProductGraph) -> None:
    """All titles of the planted catalogue are "Product A01": variants of nothing, for one word is left."""
    assert (variant_groups(planted.products["title"].tolist(), planted.products["brand"].tolist()) == -1).all()
    with pytest.raises(ValueError, match="diversity"):
        models.create("blend", diversity=-0.1)

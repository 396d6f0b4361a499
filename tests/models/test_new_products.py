"""What stands in for pairs where there are none: the median score, the shelf, and products whose pages read alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import models
from graph import ProductGraph
from models.category_popular import CategoryPopular
from models.evaluation import compare, split_products
from models.median_fallback import MedianFallback
from models.text_neighbours import TextNeighbours
from tests.models.conftest import planted_graph


def test_unseen_products_get_the_median_of_what_is_seen(planted: ProductGraph) -> None:
    model = MedianFallback().fit(planted, seed=1)
    lonely = planted.rows(["lonely"])
    members = np.arange(0, 120)
    np.testing.assert_array_equal(model.score(np.repeat(lonely, 120), members), model.median)
    np.testing.assert_array_equal(model.score(members, np.repeat(lonely, 120)), model.median)
    pairs, _, _ = planted.pairs()
    linked = pairs[planted.listed[pairs].all(axis=1)]
    scores = model.score(linked[:, 0], linked[:, 1])
    assert np.median(scores) > model.median, "half of what the median is taken over is not linked"
    with pytest.raises(ValueError, match="base is 'popular': it has no vectors"):
        models.create("median_fallback", base="popular").fit(planted)


def shop() -> ProductGraph:
    products = pd.DataFrame(
        {
            "title": ["red soap", "blue soap", "soap dish", "dog food", "green soap"],
            "categories": [["Bath > Soap"], ["Bath > Soap"], ["Bath"], ["Pets"], ["Bath > Soap"]],
            "listed": True,
        },
        index=pd.Index(["red", "blue", "dish", "dog", "new"], name="product_id"),
    )
    return ProductGraph.from_pairs(
        ["red", "red", "blue", "dog"], ["dish", "blue", "dish", "dish"], [1.0, 1.0, 2.0, 9.0], products
    )


def test_the_same_shelf_comes_before_popularity() -> None:
    graph = shop()
    model = CategoryPopular().fit(graph)
    found, scores = model.recommend(graph.rows(["new"]), 4)
    assert [str(graph.product_ids[row]) for row in found[0]] == ["blue", "red", "dish", "dog"]
    assert scores[0].astype(int).tolist() == [2, 2, 1, 0], "the depth of what is shared"
    np.testing.assert_array_equal(model.score(graph.rows(["new"] * 4), found[0]), scores[0])


def test_a_new_product_gets_what_is_bought_with_those_that_read_alike() -> None:
    graph = shop()
    model = TextNeighbours(models.create("text_neighbours", rarest=1, own=0.0).settings).fit(graph)
    best = model.recommend(graph.rows(["new"]), 1)[0][0, 0]
    assert graph.product_ids[best] == "dish", "no soap itself, but bought with both of them"


def test_own_pairs_are_never_looked_at() -> None:
    """A product's list is the same on its first day and later, as far as it is its own pairs that came in between."""
    graph = planted_graph()
    row = graph.rows(["A03"])
    pairs, _, _ = graph.pairs()
    without = graph.without_pairs(pairs[(pairs == row[0]).any(axis=1)])
    settings = models.create("text_neighbours", damping=0.0).settings
    one, other = (TextNeighbours(settings).fit(g).scores_of(row) for g in (graph, without))
    others = graph.listed.copy()
    others[row] = False
    np.testing.assert_allclose(one[0, others], other[0, others], rtol=1e-4, atol=1e-5)


def test_reading_beats_the_shelf_where_shelves_are_wide() -> None:
    """Communities that only words tell apart, all of one category."""
    graph = planted_graph()
    pairs, weight, _ = graph.pairs()
    table = graph.products[graph.products["listed"]].copy()
    table["title"] = [f"{str(i)[0] * 4} thing" for i in table.index]
    table["categories"], table["brand"] = [["Shop"]] * len(table), None
    ids = graph.product_ids
    wide = ProductGraph.from_pairs(ids[pairs[:, 0]], ids[pairs[:, 1]], weight, table)
    rows = {name: models.create(name) for name in ("category_popular", "text_neighbours")}
    recall = compare(rows, split_products(wide, seed=2))["recall_at_10"]
    assert recall["text_neighbours"] > 2 * recall["category_popular"]

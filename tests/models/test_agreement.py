"""The second look of the blend: columns out of what the lists of all products say together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import models
from graph import ProductGraph
from models.blend import Blend, BlendSettings
from models.blend.agreement import COLUMNS, Agreement
from models.blend.lists import OneWayLists
from tests.models.conftest import planted_graph

SLOW = "pagerank_svd ease node2vec text"


def shop() -> tuple[ProductGraph, OneWayLists]:
    """a and b are known to share c; a says of d that it is likely (logit 4), d says less of a (2), b says nothing."""
    products = pd.DataFrame({"listed": [True] * 4}, index=pd.Index(list("abcd"), name="product_id"))
    graph = ProductGraph.from_pairs(["a", "b"], ["c", "c"], [1.0, 1.0], products)
    lists = OneWayLists.empty(4, np.arange(4), 3)
    a, b, _, d = range(4)
    found = np.array([[d, b, -1], [d, -1, -1], [d, -1, -1], [a, -1, -1]])
    says = np.array([[4.0, 1.0, 0], [-2.0, 0, 0], [-3.0, 0, 0], [2.0, 0, 0]], dtype=np.float32)
    values = np.where(found >= 0, says, -np.inf).astype(np.float32)
    lists.put(np.arange(4), found, values, np.zeros(found.shape, dtype=np.uint32))
    return graph, lists


def columns(agreement: Agreement, row: int) -> dict[int, dict[str, float]]:
    candidates, values, _ = agreement.lists.of(np.array([row]))
    out = agreement.of(np.array([row]), candidates, (candidates >= 0).sum(axis=1).astype(np.int64), values)
    return {
        int(b): dict(zip(COLUMNS, line.tolist(), strict=True))
        for b, line in zip(candidates[0], out[0], strict=True)
        if b >= 0
    }


def test_what_each_side_says_stands_beside_the_other() -> None:
    agreement = Agreement(*shop(), cost=1.0)
    of_a = columns(agreement, 0)
    assert (of_a[3]["said"], of_a[3]["said_back"], of_a[3]["said_both"]) == (4, 2, 6)
    assert (of_a[3]["said_place"], of_a[3]["said_place_back"]) == (1, 1)
    assert np.isnan(of_a[1]["said_back"]), "b does not list a"
    assert of_a[1]["said_both"] == 1 + (1 - 1)
    assert (of_a[1]["said_place"], of_a[1]["said_place_back"]) == (2, 4)


def test_predicted_pairs_count_their_chance_where_two_products_share_them() -> None:
    agreement = Agreement(*shop(), cost=1.0)
    to_b = columns(agreement, 0)[1]
    assert to_b["known_known"] == 1, "both are linked with c"

    def chance(both: float) -> float:
        return float(1 / (1 + np.exp(-both / 2)))

    # a and d say 4 + 2; b says -2 of d, which does not list b: -2 + (-2 - 1)
    assert to_b["predicted_predicted"] == pytest.approx(chance(6) * chance(-5), rel=1e-5)
    assert to_b["known_predicted"] == to_b["predicted_known"] == 0
    assert to_b["completed"] == pytest.approx(1 + to_b["predicted_predicted"])
    assert 0 < to_b["completed_cosine"] < 1
    assert to_b["completed_share"] == 1, "no other candidate shares more"


def test_a_second_look_can_be_done_without() -> None:
    graph = planted_graph()
    settings = BlendSettings(trees=10, leaves=4, left_out=SLOW, second_look=True)
    small = BlendSettings(trees=10, leaves=4, left_out=SLOW, second_look=True, most_looked_at_twice=120)
    rows = np.flatnonzero(graph.listed)
    twice, once = Blend(settings).fit(graph, seed=0), Blend(small).fit(graph, seed=0)
    assert (twice.recommend(rows, 5)[0] != once.recommend(rows, 5)[0]).any()
    never = models.create("blend", trees=10, leaves=4, left_out=SLOW).fit(graph, seed=0)
    assert isinstance(never, Blend)
    np.testing.assert_array_equal(never.recommend(rows, 5)[0], once.recommend(rows, 5)[0])

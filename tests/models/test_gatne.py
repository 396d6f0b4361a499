"""What is special to vectors per relation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import models
from graph import ProductGraph
from graph.relations import out_bit
from models.gatne import Gatne, GatneSettings, drawn_neighbours, relation_layers

FAST = GatneSettings(
    dimensions=16, relation_dimensions=4, attention=4, rounds=30, batch=512, learning_rate=0.03, device="cpu"
)


def two_sided_shop() -> ProductGraph:
    """Sixty products: thirty pairs of groups of ten are bought within a group, and viewed with the next group."""
    bought, viewed = out_bit("also_bought"), out_bit("also_viewed")
    rng = np.random.default_rng(0)
    a, b, relations = [], [], []
    for i in range(60):
        for j in range(i + 1, 60):
            apart = abs(i // 10 - j // 10)
            if apart == 0 and rng.random() < 0.5:
                a.append(i), b.append(j), relations.append(bought)
            elif i // 20 == j // 20 and apart == 1 and rng.random() < 0.5:
                a.append(i), b.append(j), relations.append(viewed)
    ids = pd.Index([f"P{i:02d}" for i in range(60)], name="product_id")
    table = ProductGraph.from_pairs([], [], products=pd.DataFrame({"listed": True}, index=ids)).products
    said = np.asarray(relations, dtype=np.uint8)
    return ProductGraph._from_rows(np.asarray(a), np.asarray(b), np.ones(len(a)), said, table)


def test_each_relation_is_a_graph_of_its_own() -> None:
    graph = two_sided_shop()
    layers = relation_layers(graph)
    assert list(layers) == ["also_bought", "also_viewed"]
    assert sum(layer.n_pairs for layer in layers.values()) == graph.n_pairs
    assert all(layer.n_products == graph.n_products for layer in layers.values())


def test_neighbours_are_drawn_from_the_relation() -> None:
    layer = relation_layers(two_sided_shop())["also_viewed"]
    drawn = drawn_neighbours(layer, 3, np.random.default_rng(0))
    for row in range(layer.n_products):
        there = drawn[row][drawn[row] >= 0]
        known = set(layer.indices[layer.indptr[row] : layer.indptr[row + 1]].tolist())
        assert len(there) == len(set(there.tolist())) == min(3, len(known))
        assert set(there.tolist()) <= known


def test_relations_see_different_neighbours() -> None:
    """By "also bought" the own group scores highest, by "also viewed" the other one; what is served is the mean over
    links."""
    graph = two_sided_shop()
    model = Gatne(FAST).fit(graph, seed=1)
    assert model.relations == ("also_bought", "also_viewed")
    group = np.arange(60) // 10
    own = group[:, None] == group
    other = (group[:, None] != group) & (group[:, None] // 2 == group // 2)
    bought, viewed = (model.relation_vectors(name) @ model.vectors.T for name in model.relations)
    assert bought[own].mean() > bought[other].mean()
    assert viewed[other].mean() > viewed[own].mean()
    links = [layer.degree[:, None] for layer in relation_layers(graph).values()]
    served = (bought * links[0] + viewed * links[1]) / (links[0] + links[1])
    np.testing.assert_allclose(model.query_vectors @ model.vectors.T, served, rtol=1e-3, atol=1e-4)
    with pytest.raises(ValueError, match="no links of 'bought_together', but of: also_bought, also_viewed"):
        model.relation_vectors("bought_together")


def test_the_loss_falls() -> None:
    losses = Gatne(FAST).fit(two_sided_shop(), seed=1).losses
    assert len(losses) == FAST.rounds
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("setting", ["relation_dimensions", "rounds", "learning_rate", "neighbours"])
def test_settings_that_cannot_work_are_named(setting: str) -> None:
    with pytest.raises(ValueError, match=setting):
        models.create("gatne", **{setting: 0})

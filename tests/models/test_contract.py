"""What every model of the registry promises, on a catalogue where the right answer is known."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

import models
from graph import ProductGraph
from models import Embedding, NotFittedError, Ranker, Recommender, Scorer
from models.evaluation import compare, split_pairs
from models.registry import model_class
from tests.models.conftest import planted_graph

#: Settings that keep training short where the defaults are made for real catalogues.
FAST: dict[str, dict[str, object]] = {
    "node2vec": {"dimensions": 16},
    "mf": {"dimensions": 6, "regularization": 0.1, "epochs": 60},
    "mf_sequences": {"dimensions": 16},
    "gensim": {"dimensions": 16, "epochs": 20},
    "skipgram_torch": {"dimensions": 16, "epochs": 3, "batch": 512, "learning_rate": 0.03, "device": "cpu"},
    "side_information": {"dimensions": 16, "epochs": 3, "batch": 512, "learning_rate": 0.03, "device": "cpu"},
    "gatne": {
        "dimensions": 16,
        "relation_dimensions": 4,
        "attention": 4,
        "rounds": 40,
        "batch": 512,
        "learning_rate": 0.03,
        "device": "cpu",
    },
    "glove": {"dimensions": 8, "walks_per_node": 20, "epochs": 15},
    "graphsage": {"dimensions": 16, "steps": 60, "pairs_a_step": 256, "negatives": 64, "device": "cpu"},
    "lightgcn": {"dimensions": 16, "steps": 60, "pairs_a_step": 256, "negatives": 64, "device": "cpu"},
    "node2vec_classic": {"dimensions": 16, "epochs": 20},
    "als": {"dimensions": 8, "regularization": 1.0},
    "blend": {"trees": 20, "leaves": 7, "left_out": "pagerank_svd ease node2vec text"},
}

#: Models that look at nothing but how often products are bought, at what is known already, or at nothing at all.
NO_STRUCTURE = {"random", "popular", "edge_weight"}

every_model = pytest.mark.parametrize("name", models.names())


@cache
def fitted(name: str) -> Recommender:
    return models.create(name, **FAST.get(name, {})).fit(planted_graph(), seed=3)


@every_model
def test_asking_before_fit_says_so(name: str) -> None:
    model = models.create(name)
    row = np.zeros(1, dtype=np.int64)
    with pytest.raises(NotFittedError, match="fit"):
        _ = model.graph
    if isinstance(model, Ranker):
        with pytest.raises(NotFittedError):
            model.recommend(row, 1)
    if isinstance(model, Scorer):
        with pytest.raises(NotFittedError):
            model.score(row, row)


@every_model
def test_settings_are_frozen_and_unknown_ones_are_named(name: str) -> None:
    settings = models.create(name).settings
    assert dataclasses.is_dataclass(settings)
    assert type(settings).__dataclass_params__.frozen
    with pytest.raises(ValueError, match="no_such_setting"):
        models.create(name, no_such_setting=1)


@every_model
@pytest.mark.parametrize("exclude_known", [True, False])
@pytest.mark.parametrize("k", [1, 7, 500])
def test_lists_hold_listed_products_in_order(name: str, exclude_known: bool, k: int) -> None:
    model, graph = fitted(name), planted_graph()
    assert isinstance(model, Ranker)
    rows = np.arange(graph.n_products)
    found, scores = model.recommend(rows, k, exclude_known=exclude_known)
    assert found.shape == scores.shape == (graph.n_products, k)
    assert found.dtype == np.int64
    assert scores.dtype == np.float32
    assert ((found == -1) == np.isneginf(scores)).all()
    for row, listed_row, score in zip(rows, found, scores, strict=True):
        products = listed_row[listed_row >= 0]
        assert (listed_row[len(products) :] == -1).all(), "gaps stand at the end only"
        assert graph.listed[products].all()
        assert row not in products
        assert len(set(products.tolist())) == len(products)
        assert (np.diff(score[: len(products)]) <= 0).all()
        tied = np.diff(score[: len(products)]) == 0
        assert (np.diff(products)[tied] > 0).all(), "equal scores stand in order of their rows"
        if exclude_known:
            assert not set(products.tolist()) & set(graph.indices[graph.indptr[row] : graph.indptr[row + 1]].tolist())


@every_model
def test_pair_scores_are_those_of_the_lists(name: str) -> None:
    model, graph = fitted(name), planted_graph()
    assert isinstance(model, Scorer)
    assert isinstance(model, Ranker)
    rows = np.flatnonzero(graph.listed)[::5]
    found, scores = model.recommend(rows, 5)
    there = found >= 0
    asked = np.repeat(rows, there.sum(axis=1))
    np.testing.assert_allclose(model.score(asked, found[there]), scores[there], rtol=1e-4, atol=1e-6)
    assert model.score(asked, found[there]).dtype == np.float32


@every_model
def test_same_seed_same_answers(name: str) -> None:
    graph = planted_graph()
    again = models.create(name, **FAST.get(name, {})).fit(graph, seed=3)
    rows = np.arange(graph.n_products)
    model = fitted(name)
    assert isinstance(model, Ranker)
    assert isinstance(again, Ranker)
    for one, other in zip(model.recommend(rows, 10), again.recommend(rows, 10), strict=True):
        assert one.tobytes() == other.tobytes()


@every_model
def test_the_graph_is_left_as_it_was(name: str) -> None:
    graph = planted_graph()
    models.create(name, **FAST.get(name, {})).fit(graph, seed=0)
    assert graph.fingerprint == planted_graph().fingerprint
    assert graph.products.equals(planted_graph().products)


@every_model
def test_finds_the_hidden_part_of_a_community(name: str, planted: ProductGraph) -> None:
    row = compare({name: models.create(name, **FAST.get(name, {}))}, split_pairs(planted, seed=1), k=10).loc[name]
    assert row["error"] is None
    if name in NO_STRUCTURE:
        assert row["recall_at_10"] < 0.25
    else:
        assert row["recall_at_10"] > 0.5
        assert row["auc"] > 0.85


@every_model
def test_finds_nothing_where_nothing_is_to_be_found(name: str, structureless: ProductGraph) -> None:
    """On random pairs every honest model guesses; one that does better has seen what was hidden."""
    row = compare({name: models.create(name, **FAST.get(name, {}))}, split_pairs(structureless), k=10).loc[name]
    assert row["error"] is None
    assert abs(row["auc"] - 0.5) < 0.08


@every_model
def test_a_product_without_neighbours_is_no_failure(name: str) -> None:
    model, graph = fitted(name), planted_graph()
    assert isinstance(model, Ranker)
    found, _ = model.recommend(graph.rows(["lonely"]), 5)
    assert graph.listed[found[found >= 0]].all()


@every_model
def test_bad_requests_are_refused(name: str) -> None:
    model, graph = fitted(name), planted_graph()
    assert isinstance(model, Ranker)
    with pytest.raises(ValueError, match="k is 0"):
        model.recommend(np.zeros(1, dtype=np.int64), 0)
    with pytest.raises(IndexError, match="not in the graph"):
        model.recommend(np.array([graph.n_products]), 3)
    with pytest.raises(IndexError):
        model.recommend(np.array([-1]), 3)
    found, _ = model.recommend(np.zeros(0, dtype=np.int64), 3)
    assert found.shape == (0, 3)


@every_model
def test_graphs_without_pairs(name: str) -> None:
    for ids in ([], ["only"], ["one", "two"]):
        table = planted_graph().products.iloc[: len(ids)].set_axis(ids)
        graph = ProductGraph.from_pairs([], [], products=table)
        model = models.create(name, **FAST.get(name, {}))
        if name == "random" and ids:
            assert isinstance(model, Ranker)
            found, _ = model.fit(graph, seed=0).recommend(np.arange(len(ids)), 2)
            assert found[0].tolist() == ([-1, -1] if len(ids) == 1 else [1, -1])
        else:
            with pytest.raises(ValueError, match=r"no pairs|no products"):
                model.fit(graph, seed=0)


@pytest.mark.parametrize("name", [name for name in models.names() if issubclass(model_class(name), Embedding)])
def test_vectors_are_what_scores_are_made_of(name: str) -> None:
    model, graph = fitted(name), planted_graph()
    assert isinstance(model, Embedding)
    for vectors in (model.vectors, model.query_vectors):
        assert vectors.dtype == np.float32
        assert vectors.shape == (graph.n_products, model.vectors.shape[1])
        assert np.isfinite(vectors).all()
    a, b = np.arange(0, 40), np.arange(40, 80)
    expected = (model.query_vectors[a].astype(np.float64) * model.vectors[b]).sum(axis=1)
    np.testing.assert_allclose(model.score(a, b), expected, rtol=1e-4, atol=1e-5)

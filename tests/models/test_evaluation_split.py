from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import models
from graph import ProductGraph
from models.base import NoSettings
from models.common_neighbours import CommonNeighbours
from models.evaluation import (
    LeakError,
    Split,
    assert_no_leak,
    compare,
    split_by_time,
    split_pairs,
    split_products,
)
from models.evaluation.metrics import random_negatives
from models.evaluation.split import pair_keys


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(4, 30), st.floats(0.1, 0.9))
def test_both_parts_make_the_whole(seed: int, n: int, fraction: float) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, n, size=(2, 60))
    graph = ProductGraph.from_pairs([f"p{i}" for i in a], [f"p{i}" for i in b])
    count = int(graph.n_pairs * fraction)
    if count == 0:
        with pytest.raises(ValueError, match="too few"):
            split_pairs(graph, fraction, seed)
        return
    split = split_pairs(graph, fraction, seed)
    assert len(split.held_out) == count
    keys = np.concatenate([pair_keys(split.train.pairs()[0], n), pair_keys(split.held_out, n)])
    assert np.sort(keys).tolist() == np.sort(pair_keys(graph.pairs()[0], n)).tolist()
    assert (split.train.product_ids == graph.product_ids).all()
    assert_no_leak(split)


def test_only_pairs_of_listed_products_are_hidden(planted: ProductGraph) -> None:
    split = split_pairs(planted)
    assert planted.listed[split.held_out].all()
    outside = ~planted.listed
    assert (split.train.degree[outside] == planted.degree[outside]).all(), "bridges stay"
    listed_pairs = planted.listed[planted.pairs()[0]].all(axis=1).sum()
    assert len(split.held_out) == listed_pairs // 3


def test_the_seed_decides(planted: ProductGraph) -> None:
    assert (split_pairs(planted, seed=5).held_out == split_pairs(planted, seed=5).held_out).all()
    assert not np.array_equal(split_pairs(planted, seed=5).held_out, split_pairs(planted, seed=6).held_out)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 2.0, float("nan")])
def test_a_fraction_that_is_none_is_refused(planted: ProductGraph, fraction: float) -> None:
    with pytest.raises(ValueError, match="fraction"):
        split_pairs(planted, fraction)


class PlantedLeak(CommonNeighbours):
    """Learns from the whole graph, whatever it is given: what an honest comparison has to notice."""

    name = "leak"
    whole: ProductGraph

    def fit(self, graph, *, seed=0, on_progress=None):  # type: ignore[no-untyped-def, override]
        return super().fit(self.whole, seed=seed, on_progress=on_progress)


def test_a_model_that_saw_the_held_out_pairs_is_caught(planted: ProductGraph) -> None:
    leaking = PlantedLeak()
    leaking.whole = planted
    with pytest.raises(LeakError, match="another graph"):
        compare({"leak": leaking}, split_pairs(planted))


def test_a_model_that_hides_its_leak_is_caught_on_a_graph_without_structure(structureless: ProductGraph) -> None:
    """The check of the contract suite has teeth: a score that knows the answer leaves the band around 0.5."""

    class Hidden(models.Scorer):
        name, settings_class = "hidden", NoSettings

        def _fit(self, graph, seed, on_progress) -> None:  # type: ignore[no-untyped-def, override]
            self._answers = structureless.to_scipy().toarray()

        def score(self, a, b):  # type: ignore[no-untyped-def, override]
            return self._answers[a, b]

    assert compare({"hidden": Hidden()}, split_pairs(structureless)).loc["hidden", "auc"] > 0.9


def test_leaks_in_a_split_are_named(planted: ProductGraph) -> None:
    split = split_pairs(planted)
    held_out = split.held_out
    known = split.train.pairs()[0]
    outside = planted.rows(["Ax"])[0]
    for wrong, what in (
        (np.vstack([held_out, known[planted.listed[known].all(axis=1)][:3, ::-1]]), "3 of .* stand in the training"),
        (np.vstack([held_out, held_out[:1, ::-1]]), "twice"),
        (np.vstack([held_out, [[4, 4]]]), "itself"),
        (np.vstack([held_out, [[0, outside]]]), "not listed"),
        (np.vstack([held_out, [[0, 10_000]]]), "outside the training graph"),
        (held_out[:0], "no pairs to test on"),
    ):
        with pytest.raises(LeakError, match=what):
            assert_no_leak(dataclasses.replace(split, held_out=wrong))
    with pytest.raises(LeakError, match="negatives"):
        assert_no_leak(dataclasses.replace(split, negatives=held_out[:2]))


def test_a_pair_left_in_one_direction_is_a_leak(planted: ProductGraph) -> None:
    """Splitting directed rows, the usual mistake, leaves half of a pair in the training graph."""
    split = split_pairs(planted)
    a, b = split.held_out[0]
    row = np.repeat(np.arange(planted.n_products), split.train.degree)
    at = int(split.train.indptr[b])
    half = dataclasses.replace(
        split.train,
        indptr=np.concatenate([[0], np.cumsum(np.bincount(np.append(row, b), minlength=planted.n_products))]),
        indices=np.insert(split.train.indices, at, a),
        edge_weight=np.insert(split.train.edge_weight, at, 1.0),
        relations=np.insert(split.train.relations, at, 0),
    )
    with pytest.raises(LeakError):
        assert_no_leak(dataclasses.replace(split, train=half))


def test_compare_refuses_a_leaking_split(planted: ProductGraph) -> None:
    split = split_pairs(planted)
    leaking = Split(planted, split.held_out)
    with pytest.raises(LeakError, match="stand in the training graph"):
        compare({"popular": models.create("popular")}, leaking)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.integers(5, 40), st.integers(1, 400))
def test_negatives_are_distinct_unknown_pairs(seed: int, n: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, n, size=(2, 3 * n))
    graph = ProductGraph.from_pairs([f"p{i}" for i in a], [f"p{i}" for i in b])
    split = split_pairs(graph, 0.5, seed % 1000)
    n = graph.n_products
    negatives = random_negatives(split, count)
    keys = pair_keys(negatives, n)
    assert len(set(keys.tolist())) == len(keys)
    assert (negatives[:, 0] != negatives[:, 1]).all()
    assert not set(keys.tolist()) & set(pair_keys(graph.pairs()[0], n).tolist())
    free = n * (n - 1) // 2 - graph.n_pairs
    assert len(keys) == min(count, free)


def test_negatives_are_listed_products_and_spread_evenly(planted: ProductGraph) -> None:
    negatives = random_negatives(split_pairs(planted), 4000)
    assert planted.listed[negatives].all()
    times = np.bincount(negatives.ravel(), minlength=planted.n_products)[planted.listed]
    assert times.min() > 30


def test_cold_products_lose_all_their_pairs(planted: ProductGraph) -> None:
    split = split_products(planted, fraction=0.2, seed=3)
    assert split.cold is not None
    cold = set(split.cold.tolist())
    assert not split.train.degree[split.cold].any()
    for pair in split.held_out.tolist():
        assert len(cold & set(pair)) == 1, "one end is new, the other has stayed"
    assert set(split.queries().tolist()) <= cold
    everything = {tuple(pair) for pair in planted.pairs()[0].tolist()}
    kept = {tuple(pair) for pair in split.train.pairs()[0].tolist()}
    assert all(cold & set(pair) for pair in everything - kept)
    assert_no_leak(split)
    leaking = dataclasses.replace(split, cold=np.flatnonzero(split.train.degree)[:1])
    with pytest.raises(LeakError, match="held out whole"):
        assert_no_leak(leaking)


def test_cold_products_are_ranked_by_metadata_alone(planted: ProductGraph) -> None:
    split = split_products(planted, fraction=0.2, seed=3)
    row = compare({"p": models.create("pagerank")}, split).loc["p"]
    assert row["recall_at_10"] == 0, "a model of the graph knows nothing of them"
    for fraction in (0.0, 1.0):
        with pytest.raises(ValueError, match="fraction"):
            split_products(planted, fraction=fraction)


def test_later_pairs_that_are_new_are_asked_for() -> None:
    earlier = ProductGraph.from_pairs(["a", "b", "c"], ["b", "c", "d"])
    later = ProductGraph.from_pairs(["a", "d", "e", "c"], ["b", "a", "a", "a"])
    split = split_by_time(earlier, later)
    asked = {tuple(earlier.product_ids[pair]) for pair in split.held_out}
    assert asked == {("a", "d"), ("a", "c")}, "a-b was known, and e was not there before"
    assert split.train is earlier
    assert_no_leak(split)
    with pytest.raises(ValueError, match="nothing to ask for"):
        split_by_time(earlier, earlier)

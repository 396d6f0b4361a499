"""Vectors of consecutive runs: turned without touching a score, and refits that stay where they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import ProductGraph
from models import create
from models.warm_start import StartVectors, aligned, rotation
from tests.graph.shops import make_catalog

GRAPH = ProductGraph.from_catalog(make_catalog(160, 8))


def orthogonal(d: int, rng: np.random.Generator) -> np.ndarray:
    return np.linalg.qr(rng.standard_normal((d, d)))[0]


def start_of(items: np.ndarray, queries: np.ndarray, graph: ProductGraph = GRAPH) -> StartVectors:
    return StartVectors("before", graph.product_ids, items.astype(np.float32), queries.astype(np.float32))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_a_rotation_is_found_again_whatever_it_was(seed: int, d: int) -> None:
    rng = np.random.default_rng(seed)
    old = rng.standard_normal((d + 20, d)).astype(np.float32)
    turn = orthogonal(d, rng)
    found = rotation((old @ turn.T).astype(np.float32), old)
    assert np.allclose(found, turn, atol=1e-4)
    assert np.allclose(found @ found.T, np.eye(d), atol=1e-10)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_turning_brings_vectors_nearer_and_leaves_every_score(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, d = GRAPH.n_products, 6
    items, queries, turn = rng.standard_normal((n, d)), rng.standard_normal((n, d)), orthogonal(6, rng)
    noise = 0.05 * rng.standard_normal((n, d))
    new_items, new_queries = ((array @ turn + noise).astype(np.float32) for array in (items, queries))
    turned = aligned(new_items, new_queries, GRAPH, start_of(items, queries))
    assert turned is not None
    assert np.linalg.norm(turned[0] - items) < 0.2 * np.linalg.norm(items)
    assert np.allclose(turned[1] @ turned[0].T, new_queries @ new_items.T, atol=1e-4)


def test_what_cannot_be_turned_is_left_alone() -> None:
    few = GRAPH.product_ids[:3]
    vectors = np.ones((GRAPH.n_products, 4), dtype=np.float32)
    other = StartVectors("before", few, np.ones((3, 4), np.float32), np.ones((3, 4), np.float32))
    assert aligned(vectors, vectors, GRAPH, other) is None, "three products do not say how four dimensions turn"
    assert aligned(vectors, vectors, GRAPH, start_of(np.ones((168, 5)), np.ones((168, 5)))) is None
    with pytest.raises(ValueError, match="cannot be turned"):
        rotation(vectors, vectors[:, :2])


def lists_of(model: object, k: int = 10) -> np.ndarray:
    return model.recommend(np.flatnonzero(GRAPH.listed), k, exclude_known=False)[0]


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.mean([len(set(a) & set(b)) / len(a) for a, b in zip(one.tolist(), other.tolist(), strict=True)]))


SETTINGS = {"dimensions": 16, "epochs": 2, "walks_per_node": 5}


def test_a_warm_start_keeps_lists_that_another_seed_would_shuffle() -> None:
    first = create("node2vec", **SETTINGS).fit(GRAPH, seed=0)
    cold = create("node2vec", **SETTINGS).fit(GRAPH, seed=1)
    warm = create("node2vec", **SETTINGS)
    assert warm.start_from(start_of(first.vectors, first.query_vectors))
    warm.fit(GRAPH, seed=1)
    assert overlap(lists_of(first), lists_of(warm)) > overlap(lists_of(first), lists_of(cold))


def test_the_same_start_gives_the_same_bytes_and_a_new_product_begins_like_any() -> None:
    first = create("node2vec", **SETTINGS).fit(GRAPH, seed=0)
    known = np.arange(GRAPH.n_products) != 5
    start = StartVectors("before", GRAPH.product_ids[known], first.vectors[known], first.query_vectors[known])
    models = [create("node2vec", **SETTINGS) for _ in range(2)]
    for model in models:
        assert model.start_from(start)
        model.fit(GRAPH, seed=3)
    assert np.array_equal(models[0].vectors, models[1].vectors)
    assert np.array_equal(models[0].query_vectors, models[1].query_vectors)
    assert np.linalg.norm(models[0].vectors[5]) > 0
    assert not models[0].start_from(None)
    assert np.array_equal(models[0].fit(GRAPH, seed=0).vectors, first.vectors), "the start is forgotten again"


def test_a_start_that_does_not_fit_is_not_taken() -> None:
    first = create("node2vec", **SETTINGS).fit(GRAPH, seed=0)
    start = start_of(first.vectors, first.query_vectors)
    assert not create("node2vec", dimensions=8).start_from(start)
    assert not create("node2vec", **SETTINGS, score="cosine").start_from(start), "cosines keep no output vectors"

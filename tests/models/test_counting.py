"""The counting family against its formulas, written out over sets and dictionaries."""

from __future__ import annotations

import math

import numpy as np
import pytest

import models
from graph import ProductGraph


def neighbours(graph: ProductGraph, outside_weight: float) -> list[dict[int, float]]:
    """A dictionary a product: neighbour -> weight."""
    every: list[dict[int, float]] = []
    for row in range(graph.n_products):
        span = slice(graph.indptr[row], graph.indptr[row + 1])
        every.append(
            {
                int(c): float(w) * (1.0 if graph.listed[row] and graph.listed[c] else outside_weight)
                for c, w in zip(graph.indices[span], graph.edge_weight[span], strict=True)
            }
        )
    return every


def by_formula(name: str, graph: ProductGraph, a: int, b: int, outside_weight: float = 0.3) -> float:
    w = neighbours(graph, outside_weight)
    shared = set(w[a]) & set(w[b])
    total = [sum(weights.values()) for weights in w]
    direct = w[a].get(b, 0.0)
    worth = [1.0 if listed else outside_weight for listed in graph.listed]
    if name == "edge_weight":
        return direct
    if name == "adamic_adar":
        return direct + sum(w[a][c] * w[c][b] / math.log(1 + total[c]) for c in shared)
    if name == "resource_allocation":
        return direct + sum(w[a][c] * w[c][b] / total[c] for c in shared)
    if name == "cosine":
        norm = [math.sqrt(sum(x * x for x in weights.values())) for weights in w]
        return (direct + sum(w[a][c] * w[c][b] for c in shared)) / (norm[a] * norm[b])
    if name == "jaccard":
        both = sum(worth[c] for c in shared) + (worth[b] if b in w[a] else 0.0)
        return both / (sum(worth[c] for c in w[a]) + sum(worth[c] for c in w[b]) - both)
    assert name == "pmi"
    n = len(w)
    counts = np.zeros((n, n))
    for i in range(n):
        for c, first in w[i].items():
            counts[i, c] += first
            for j, second in w[c].items():
                counts[i, j] += first * second
    sums = counts.sum(axis=1)
    return math.log(counts[a, b] * counts.sum() / (sums[a] * sums[b] ** 0.75)) if counts[a, b] else 0.0


@pytest.mark.parametrize("name", ["edge_weight", "adamic_adar", "resource_allocation", "cosine", "jaccard", "pmi"])
def test_scores_are_the_formulas(name: str, planted: ProductGraph) -> None:
    model = models.create(name).fit(planted)
    assert isinstance(model, models.Scorer)
    pairs = np.random.default_rng(0).integers(0, 20, size=(40, 2))  # one community: nearly all share something
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    scores = model.score(pairs[:, 0], pairs[:, 1])
    for (a, b), score in zip(pairs.tolist(), scores.tolist(), strict=True):
        expected = by_formula(name, planted, a, b)
        if expected == 0:
            assert math.isinf(score), "no evidence is -inf"
        else:
            assert score == pytest.approx(expected, rel=1e-4)


def test_edge_weight_predicts_nothing_new(planted: ProductGraph) -> None:
    model = models.create("edge_weight").fit(planted)
    assert isinstance(model, models.Ranker)
    rows = np.flatnonzero(planted.listed)
    assert (model.recommend(rows, 5)[0] == -1).all()
    known, weight = model.recommend(planted.rows(["A00"]), 3, exclude_known=False)
    assert (weight[0] == np.sort(weight[0])[::-1]).all()
    assert set(known[0].tolist()) <= set(planted.indices[planted.indptr[0] : planted.indptr[1]].tolist())


@pytest.mark.parametrize("name", ["adamic_adar", "pmi"])
def test_settings_that_cannot_work_are_named(name: str) -> None:
    with pytest.raises(ValueError, match="direct is 2"):
        models.create(name, direct=2.0)
    with pytest.raises(ValueError, match="outside_weight is -1"):
        models.create(name, outside_weight=-1.0)
    if name == "pmi":
        with pytest.raises(ValueError, match="smoothing is 3"):
            models.create(name, smoothing=3.0)

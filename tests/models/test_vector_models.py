"""What is special to the models that factorize, project or read text, beyond the contract that all of them keep."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import models
from graph import ProductGraph
from models.ease import Ease
from models.low_rank import SparseRows, singular_vectors
from models.pagerank import PersonalizedPageRank
from models.pagerank_svd import PageRankSvd
from models.spreading import reached_rows
from models.text import title_terms
from tests.models.conftest import planted_graph


def random_rows(seed: int = 0) -> tuple[SparseRows, np.ndarray]:
    matrix = sp.random(70, 40, density=0.3, random_state=seed, format="csr", dtype=np.float32)
    rows = SparseRows(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data, 40)
    return rows, matrix.toarray()


def test_singular_vectors_are_those_of_the_dense_matrix() -> None:
    rows, dense = random_rows()
    left, values, right = singular_vectors(rows, 5, np.random.default_rng(0), iterations=6)
    expected = np.linalg.svd(dense)[1][:5]
    np.testing.assert_allclose(values, expected, rtol=1e-3)
    u, s, v = np.linalg.svd(dense, full_matrices=False)
    np.testing.assert_allclose((left * values) @ right.T, (u[:, :5] * s[:5]) @ v[:5], atol=2e-3)


def test_factors_are_the_same_bytes_for_any_number_of_threads() -> None:
    rows, _ = random_rows(1)
    one, other = (singular_vectors(rows, 6, np.random.default_rng(2), threads=threads) for threads in (1, 3))
    assert all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


def test_pagerank_svd_with_all_dimensions_is_pagerank(planted: ProductGraph) -> None:
    exact = models.create("pagerank", threshold=0.0).fit(planted)
    factors = models.create("pagerank_svd", threshold=0.0, dimensions=200, direct=3.0, discount=0.0, strength=1.0).fit(
        planted
    )
    assert isinstance(exact, models.Ranker)
    assert isinstance(factors, models.Ranker)
    rows = np.flatnonzero(planted.listed & (planted.degree > 0))
    one, other = exact.recommend(rows, 5)[0], factors.recommend(rows, 5)[0]
    shared = [len(set(a.tolist()) & set(b.tolist())) for a, b in zip(one, other, strict=True)]
    assert np.mean(shared) > 4.8


def test_kept_entries_are_the_largest(planted: ProductGraph) -> None:
    model = models.create("pagerank", threshold=0.0).fit(planted)
    spread = model._spread  # type: ignore[attr-defined]
    rows = np.flatnonzero(planted.listed)
    full_ptr, full_columns, full = reached_rows(spread, rows, 10_000)
    ptr, columns, values = reached_rows(spread, rows, 7)
    for i in range(len(rows)):
        whole = full[full_ptr[i] : full_ptr[i + 1]]
        kept = values[ptr[i] : ptr[i + 1]]
        np.testing.assert_array_equal(np.sort(kept), np.sort(whole)[-7:])
        assert (np.diff(columns[ptr[i] : ptr[i + 1]]) > 0).all()
        assert set(columns[ptr[i] : ptr[i + 1]]) <= set(full_columns[full_ptr[i] : full_ptr[i + 1]])


def test_an_outside_product_asks_with_its_neighbours_vectors(planted: ProductGraph) -> None:
    model = PageRankSvd().fit(planted)
    found, scores = model.recommend(planted.rows(["Ax"]), 5)
    assert np.isfinite(scores).all()
    assert all(str(planted.product_ids[row]).startswith("A") for row in found[0])
    assert not model.vectors[~planted.listed].any()


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
def test_ease_is_its_formula(planted: ProductGraph, direction: str) -> None:
    model = models.create("ease", direction=direction, outside_weight=0.5, regularization=2.0, row_power=0.7, own=0.3)
    assert isinstance(model.fit(planted), Ease)
    weights = planted.to_scipy().toarray().astype(np.float64)
    weights[~(planted.listed[:, None] & planted.listed[None, :])] *= 0.5
    total = weights.sum(axis=1, keepdims=True)
    lists = weights[:, planted.listed]
    mean = lists.sum(axis=1) / np.maximum((lists > 0).sum(axis=1), 1)
    lists[np.flatnonzero(planted.listed), np.arange(lists.shape[1])] = 0.3 * mean[planted.listed]
    x = np.divide(lists, total**0.7, out=np.zeros_like(lists), where=total > 0)
    inverse = np.linalg.inv(x.T @ x + 2.0 * np.eye(x.shape[1]))
    b = -inverse / np.diag(inverse)
    np.fill_diagonal(b, 0)
    forward = x[planted.listed] @ b
    expected = {"forward": forward, "backward": forward.T, "both": forward + forward.T}[direction]
    scores = model.scores_of(np.flatnonzero(planted.listed))[:, planted.listed]
    np.testing.assert_allclose(scores, expected, atol=1e-4)


def test_ease_refuses_what_does_not_fit(monkeypatch: pytest.MonkeyPatch, planted: ProductGraph) -> None:
    monkeypatch.setattr("models.ease.MOST_PRODUCTS", 50)
    with pytest.raises(ValueError, match=r"121 are more than the 50 .*pagerank_svd"):
        models.create("ease").fit(planted)


def test_classic_node2vec_refuses_what_does_not_fit(planted: ProductGraph) -> None:
    with pytest.raises(ValueError, match=r"most_entries is 1000, .* node2vec"):
        models.create("node2vec_classic", most_entries=1000).fit(planted)


def shop_with_a_new_product() -> ProductGraph:
    """The planted catalogue, and "new" of aisle C that nobody has bought."""
    graph = planted_graph()
    pairs, weight, _ = graph.pairs()
    table = graph.products[graph.products["listed"]].copy()
    table["title"] = [f"{str(i)[0] * 4} thing" for i in table.index]
    new = pd.DataFrame(
        {"title": ["CCCC thing"], "brand": ["CCC"], "categories": [["Shop > Aisle C"]], "listed": [True]}, index=["new"]
    )
    ids = graph.product_ids
    return ProductGraph.from_pairs(ids[pairs[:, 0]], ids[pairs[:, 1]], weight, pd.concat([table, new]))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("text", {}),
        ("graphsage", {"dimensions": 32, "steps": 60, "pairs_a_step": 256, "negatives": 64, "device": "cpu"}),
        ("side_information", {"dimensions": 16, "epochs": 3, "batch": 512, "learning_rate": 0.03, "device": "cpu"}),
    ],
)
def test_a_product_that_nobody_bought_is_ranked_from_its_page(name: str, settings: dict[str, object]) -> None:
    graph = shop_with_a_new_product()
    model = models.create(name, **settings).fit(graph, seed=1)
    assert isinstance(model, models.Ranker)
    found, _ = model.recommend(graph.rows(["new"]), 10)
    aisle = [str(graph.product_ids[row])[0] for row in found[0]]
    assert aisle.count("C") >= 8


def test_titles_become_words_and_pairs_of_words() -> None:
    assert title_terms("Dove Soap, 2-pack") == ["dove", "soap", "2", "pack", "dove soap", "soap 2", "2 pack"]
    assert title_terms(None) == []


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("pagerank_svd", "dimensions", 0), ("pagerank_svd", "tau", 0.0), ("ease", "regularization", -1.0),
        ("ease", "direction", "sideways"), ("text", "rarest", 0), ("als", "confidence", 0.0),
        ("fastrp", "dimensions", 0),
        ("mf", "labels", "ternary"), ("mf", "learning_rate", 0.0), ("mf_sequences", "labels", "continuous"),
        ("gensim", "score", "dot"), ("glove", "most", 0.0), ("lightgcn", "steps", 0), ("graphsage", "layers", 0),
        ("skipgram_torch", "batch", 0), ("side_information", "mode", "sum"), ("node2vec_classic", "p", 0.0),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_named(name: str, setting: str, value: object) -> None:
    with pytest.raises(ValueError, match=setting):
        models.create(name, **{setting: value})


def test_a_device_that_is_not_there_is_named(planted: ProductGraph) -> None:
    with pytest.raises(ValueError, match="device is 'no-such'"):
        models.create("lightgcn", device="no-such", steps=1).fit(planted)


def test_pagerank_turned_round_is_pagerank_of_the_other_product(planted: ProductGraph) -> None:
    model = models.create("pagerank", threshold=0.0, outside_weight=0.3).fit(planted)
    assert isinstance(model, PersonalizedPageRank)
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 121, size=(2, 500))
    np.testing.assert_allclose(model.reversed_scores(a, b, model.score(a, b)), model.score(b, a), rtol=1e-4)

from __future__ import annotations

import numpy as np
import pytest

import models
from graph import ProductGraph
from models import Embedding, Ranker
from models.history import (
    HistorySettings,
    purchase_weights,
    recommend_for_history,
    recommend_for_history_by_vectors,
)


def fitted(planted: ProductGraph, name: str = "pagerank", **settings: object) -> Ranker:
    model = models.create(name, **settings).fit(planted, seed=0)
    assert isinstance(model, Ranker)
    return model


def test_later_purchases_count_more() -> None:
    weights = purchase_weights(4, HistorySettings(half_life=1.0))
    assert weights.tolist() == [0.125, 0.25, 0.5, 1.0]
    days = purchase_weights(2, HistorySettings(half_life=1e9, half_life_days=10.0), np.array([20.0, 0.0]))
    assert days == pytest.approx([0.25, 1.0])
    with pytest.raises(ValueError, match="days_ago"):
        purchase_weights(2, HistorySettings(), np.array([1.0]))


def test_the_list_follows_the_history(planted: ProductGraph) -> None:
    rows = planted.rows(["A00", "B00"])
    found, votes = recommend_for_history(fitted(planted), [rows], 10)
    ids = planted.product_ids[found[0]]
    assert ids[0][0] == "B", "the last purchase counts most"
    assert {name[0] for name in ids} == {"A", "B"}
    assert not set(found[0].tolist()) & set(rows.tolist())
    assert (np.diff(votes[0]) <= 0).all()
    assert planted.listed[found[0]].all()


def test_one_product_gives_its_own_list(planted: ProductGraph) -> None:
    model = fitted(planted)
    row = planted.rows(["C03"])
    found, _ = recommend_for_history(model, [row], 5)
    np.testing.assert_array_equal(found, model.recommend(row, 5, exclude_known=False)[0])


def test_nothing_bought_and_nothing_known(planted: ProductGraph) -> None:
    found, votes = recommend_for_history(fitted(planted), [np.zeros(0, dtype=np.int64), planted.rows(["lonely"])], 3)
    assert (found == -1).all()
    assert np.isneginf(votes).all()
    with pytest.raises(ValueError, match="k is 0"):
        recommend_for_history(fitted(planted), [], 0)
    with pytest.raises(IndexError):
        recommend_for_history(fitted(planted), [np.array([planted.n_products])], 3)


def test_vectors_alone_find_the_same_community(planted: ProductGraph) -> None:
    model = fitted(planted, "node2vec", dimensions=16)
    assert isinstance(model, Embedding)
    rows = planted.rows(["D00", "D01", "D02"])
    found, scores = recommend_for_history_by_vectors(model, [rows, rows[:0]], 5)
    communities = [name[0] for name in planted.product_ids[found[0]]]
    assert communities.count("D") >= 4, communities
    assert not set(found[0].tolist()) & set(rows.tolist())
    assert (found[1] == -1).all()
    assert (np.diff(scores[0]) <= 0).all()


@pytest.mark.parametrize(
    ("setting", "value"), [("half_life", 0.0), ("half_life_days", -1.0), ("list_length", 0), ("flatness", -1.0)]
)
def test_settings_that_cannot_work_are_named(setting: str, value: float) -> None:
    with pytest.raises(ValueError, match=setting):
        HistorySettings(**{setting: value})

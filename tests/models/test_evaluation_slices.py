from __future__ import annotations

import numpy as np
import pytest

import models
from graph import ProductGraph
from models.evaluation import compare, metrics, split_pairs
from models.evaluation.compare import Answers, Task, make_task
from models.evaluation.slices import beats, by_degree, degree_parts
from models.evaluation.split import contains, pair_keys


@pytest.fixture(scope="module")
def compared(planted: ProductGraph) -> tuple[dict[str, Answers], Task]:
    split = split_pairs(planted)
    kept: dict[str, Answers] = {}
    compare({name: models.create(name) for name in ("random", "popular", "pagerank")}, split, keep=kept)
    return kept, make_task(split)


def test_parts_cover_every_query_in_order_of_degree(compared: tuple[dict[str, Answers], Task]) -> None:
    _, task = compared
    degree = task.split.train.degree[task.queries]
    for parts in (1, 4, 10):
        part = degree_parts(task, parts)
        assert set(part.tolist()) == set(range(part.max() + 1))
        assert part.max() < parts
        order = np.argsort(degree, kind="stable")
        assert (np.diff(part[order]) >= 0).all()
        for value in np.unique(degree):
            assert len(set(part[degree == value].tolist())) == 1, "equal degrees stay together"
    with pytest.raises(ValueError, match="parts is 0"):
        degree_parts(task, 0)


def test_slices_add_up_to_the_whole(compared: tuple[dict[str, Answers], Task]) -> None:
    kept, task = compared
    table = by_degree(kept, task, 5)
    for name, part in table.groupby("model"):
        whole = metrics.recall(kept[str(name)].hits, task.n_held_out).mean()
        assert np.average(part["recall"], weights=part["products"]) == pytest.approx(whole)
        assert part["products"].sum() == len(task.queries)
        assert (part["degree_from"].to_numpy()[1:] > part["degree_to"].to_numpy()[:-1]).all()
        assert ((part["recall_low"] <= part["recall"]) & (part["recall"] <= part["recall_high"])).all()


def test_who_beats_whom(compared: tuple[dict[str, Answers], Task]) -> None:
    kept, task = compared
    table = beats({**kept, "twin": kept["pagerank"]}, task).set_index(["model", "other"])
    assert table.loc[("pagerank", "random"), "verdict"] == "yes"
    assert table.loc[("random", "pagerank"), "verdict"] == "no"
    assert table.loc[("pagerank", "twin"), "verdict"] == "cannot tell"
    one, other = table.loc[("pagerank", "popular")], table.loc[("popular", "pagerank")]
    assert one["difference"] == -other["difference"]


def test_matched_negatives_have_the_degrees_of_held_out_pairs(planted: ProductGraph) -> None:
    split = split_pairs(planted)
    negatives = metrics.degree_matched_negatives(split)
    keys = pair_keys(negatives, planted.n_products)
    assert len(set(keys.tolist())) == len(keys) > 0.9 * len(split.held_out)
    assert not contains(np.sort(pair_keys(planted.pairs()[0], planted.n_products)), keys).any()
    assert planted.listed[negatives].all()
    assert (negatives[:, 0] != negatives[:, 1]).all()
    degree = split.train.degree
    assert degree[negatives].mean() == pytest.approx(degree[split.held_out].mean(), rel=0.1)


def test_popularity_is_worth_nothing_against_matched_negatives() -> None:
    """Pairs that follow from degrees alone: the random negatives are fooled, the matched ones are not."""
    rng = np.random.default_rng(0)
    pull = 1 / np.arange(1, 401)
    ends = rng.choice(400, size=(9000, 2), p=pull / pull.sum())
    graph = ProductGraph.from_pairs([f"p{i:03d}" for i in ends[:, 0]], [f"p{i:03d}" for i in ends[:, 1]])
    row = compare({"popular": models.create("popular")}, split_pairs(graph)).loc["popular"]
    assert row["auc"] > 0.75
    assert row["auc_matched"] < row["auc"] - 0.15

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import models
from graph import ProductGraph
from models.base import NoSettings, Scorer
from models.evaluation import compare, split_pairs
from models.evaluation.compare import columns
from models.evaluation.folder import RowFiles, document


class Broken(models.Recommender):
    name, settings_class = "broken", NoSettings

    def _fit(self, graph, seed, on_progress) -> None:  # type: ignore[no-untyped-def, override]
        raise RuntimeError("out of ideas")


class Lopsided(Scorer):
    """Knows the answer in one direction only."""

    name, settings_class = "lopsided", NoSettings
    answers: np.ndarray

    def _fit(self, graph, seed, on_progress) -> None:  # type: ignore[no-untyped-def, override]
        pass

    def score(self, a, b):  # type: ignore[no-untyped-def, override]
        return np.where(a > b, self.answers[a, b], 0).astype(np.float32)


class Candid(models.Recommender):
    """Has something to say of its figures."""

    name, settings_class = "candid", NoSettings

    def _fit(self, graph, seed, on_progress) -> None:  # type: ignore[no-untyped-def, override]
        pass

    def notes(self) -> list[str]:
        return ["without ease: 35,000 listed products, at most 30,000"]


def test_what_a_model_left_out_stands_beside_its_row(planted: ProductGraph, tmp_path: Path) -> None:
    saved = RowFiles(tmp_path)
    for _ in range(2):  # measured, and read again
        table = compare({"a": Candid(), "b": models.create("popular")}, split_pairs(planted), saved=saved)
        assert table.attrs["notes"] == {"a": "without ease: 35,000 listed products, at most 30,000"}
        assert document(table)["notes"] == table.attrs["notes"]


def test_one_failing_model_does_not_lose_the_others(planted: ProductGraph) -> None:
    table = compare({"a": Broken(), "b": models.create("pagerank")}, split_pairs(planted))
    assert list(table.index) == ["a", "b"]
    assert list(table.columns) == columns(10)
    assert table.loc["a", "error"] == "RuntimeError: out of ideas"
    assert np.isnan(table.loc["a", "recall_at_10"])
    assert table.loc["b", "error"] is None
    assert table.loc["b", "recall_at_10"] > 0.5
    assert table.loc["b", "recall_low"] < table.loc["b", "recall_at_10"] < table.loc["b", "recall_high"]
    assert table.loc["b", "peak_memory_mb"] > 10
    assert table.loc["b", "fit_seconds"] > 0


def test_a_pair_has_no_direction(planted: ProductGraph) -> None:
    model = Lopsided()
    model.answers = planted.to_scipy().toarray()
    row = compare({"x": model}, split_pairs(planted)).loc["x"]
    assert row["auc"] == 1.0
    assert np.isnan(row["recall_at_10"]), "it ranks nothing"


def test_the_same_call_gives_the_same_figures(planted: ProductGraph) -> None:
    timed = ["fit_seconds", "answer_seconds", "peak_memory_mb"]
    split = split_pairs(planted)
    one, other = (compare({"p": models.create("pagerank")}, split).drop(columns=timed) for _ in range(2))
    assert one.equals(other)


def test_seen_leaves_out_products_without_a_training_pair(planted: ProductGraph) -> None:
    split = split_pairs(planted, fraction=0.97, seed=2)
    row = compare({"p": models.create("pagerank")}, split).loc["p"]
    assert row["auc_seen"] > row["auc"]


def test_requests_that_cannot_work(planted: ProductGraph) -> None:
    split = split_pairs(planted)
    popular = {"popular": models.create("popular")}
    listed = int(planted.listed.sum())
    for k in (0, listed + 1):
        with pytest.raises(ValueError, match=f"k is {k}: it must lie between 1 and the {listed} listed"):
            compare(popular, split, k=k)
    with pytest.raises(ValueError, match="no pairs to test on"):
        compare(popular, dataclasses.replace(split, held_out=split.held_out[:0]))
    with pytest.raises(ValueError, match="sample is 0"):
        compare(popular, split, sample=0)


def test_a_sample_is_near_the_whole(planted: ProductGraph) -> None:
    split = split_pairs(planted)
    whole = compare({"p": models.create("pagerank")}, split).loc["p"]
    part = compare({"p": models.create("pagerank")}, split, sample=60).loc["p"]
    assert part["auc"] == whole["auc"]
    assert abs(part["recall_at_10"] - whole["recall_at_10"]) < 0.1


def test_progress_names_the_model(planted: ProductGraph) -> None:
    told: list[tuple[str, int, int]] = []
    compare({"my label": models.create("popular")}, split_pairs(planted), on_progress=lambda *step: told.append(step))
    assert told
    assert all(what.startswith("my label: ") and done <= total for what, done, total in told)

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import models
from app.training import train_model
from graph import ProductGraph
from graph.errors import UserError
from models.evaluation import compare, split_pairs
from models.run_folder import read_run
from tests.models.conftest import planted_graph


def test_a_run_is_judged_on_a_split_and_fitted_on_everything(tmp_path: Path) -> None:
    graph = planted_graph()
    run = train_model(graph, "pagerank", {"alpha": 0.2}, seed=3, k=5, out=tmp_path / "run")
    assert run.path == tmp_path / "run"
    stored = read_run(run.path)
    assert stored.run == run.run
    assert stored.run["settings"]["alpha"] == 0.2
    assert stored.run["graph_fingerprint"] == graph.fingerprint
    assert stored.run["metadata_fingerprint"] == graph.metadata_fingerprint
    judged = compare({"x": models.create("pagerank", alpha=0.2)}, split_pairs(graph)).loc["x"]
    assert stored.run["metrics"]["recall_at_10"] == judged["recall_at_10"]
    assert stored.run["metrics"]["auc"] == judged["auc"]
    assert stored.vectors is None
    refitted, _ = models.create("pagerank", alpha=0.2).fit(graph).recommend(graph.rows(["A00"]), 5, exclude_known=False)
    assert (
        stored.related[stored.related["product_id"] == "A00"]["related_id"].tolist()
        == graph.product_ids[refitted[0]].tolist()
    )


def test_vectors_are_written_both_where_they_differ(tmp_path: Path) -> None:
    graph = planted_graph()
    settings = {"dimensions": 8, "epochs": 1}
    inner = train_model(graph, "node2vec", settings, k=3, out=tmp_path / "inner", metrics=False)
    cosine = train_model(graph, "node2vec", {**settings, "score": "cosine"}, k=3, out=tmp_path / "c", metrics=False)
    stored = read_run(inner.path)
    assert stored.vectors is not None
    assert stored.query_vectors is not None
    assert stored.vectors.shape == stored.query_vectors.shape == (graph.n_products, 8)
    assert stored.run["dimensions"] == 8
    assert stored.run["metrics"] == {}
    assert read_run(cosine.path).query_vectors is None


def test_without_a_place_every_run_gets_its_own(tmp_path: Path) -> None:
    graph = planted_graph()
    runs = [train_model(graph, "popular", k=3, runs=tmp_path, metrics=False) for _ in range(2)]
    assert runs[0].path != runs[1].path
    assert {run.path.name for run in runs} == {run.run["run_id"] for run in runs}


def test_same_seed_same_lists(tmp_path: Path) -> None:
    for name in ("one", "two"):
        train_model(planted_graph(), "random", seed=5, k=3, out=tmp_path / name, metrics=False)
    one, two = (tmp_path / name / "related.parquet" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_a_graph_too_small_to_judge_is_trained_all_the_same(tmp_path: Path) -> None:
    graph = ProductGraph.from_pairs(["a"], ["b"])
    run = train_model(graph, "pagerank", k=3, out=tmp_path / "run")
    assert "too few" in run.run["metrics"]["error"]
    assert run.related["related_id"].tolist() == ["b", "a"]


def test_a_place_that_cannot_be_is_said_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    told: list[str] = []
    with pytest.raises(UserError, match="holds no run"):
        train_model(planted_graph(), "popular", out=tmp_path, on_progress=lambda what, *_: told.append(what))
    assert told == []


def test_nothing_is_written_where_training_fails(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no pairs"):
        train_model(ProductGraph.from_pairs([], [], products=planted_graph().products), "pagerank", out=tmp_path / "r")
    assert list(tmp_path.iterdir()) == []


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    train_model(planted_graph(), "pagerank", k=3, out=tmp_path / "r", on_progress=lambda *step: told.append(step))
    assert {"related lists", "reasons"} <= {what for what, _, _ in told}
    assert all(0 <= done <= total for _, done, total in told)
    assert np.isfinite([total for _, _, total in told]).all()

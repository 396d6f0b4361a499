from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import models
from graph import ProductGraph
from graph.errors import UserError
from models.base import NoSettings
from models.evaluation import compare, split_pairs
from models.evaluation import folder as results
from models.evaluation.compare import Answers, make_task


class Counted(models.Recommender):
    """Counts how often it is fitted; ranks and scores nothing."""

    name, settings_class = "counted", NoSettings
    fits = 0

    def _fit(self, graph, seed, on_progress) -> None:  # type: ignore[no-untyped-def, override]
        type(self).fits += 1


def write(place: Path, planted: ProductGraph, labels: list[str], k: int = 10) -> tuple[pd.DataFrame, dict]:
    split, kept = split_pairs(planted), {}
    rows = {label: models.create(label) for label in labels}
    table = compare(rows, split, k, keep=kept, saved=results.RowFiles(place))
    table.attrs.update({"k": k, "split_seed": 42, "train_pairs": split.train.n_pairs})
    return table, results.write(place, table, kept, make_task(split, k))


def test_what_was_written_is_what_is_read(planted: ProductGraph, tmp_path: Path) -> None:
    table, document = write(tmp_path / "a", planted, ["popular", "pagerank"])
    found = results.read(tmp_path / "a")
    assert found == document
    assert [row["model"] for row in found["rows"]] == ["popular", "pagerank"]
    assert found["rows"][1]["recall_at_10"] == table.loc["pagerank", "recall_at_10"]
    assert found["rows"][1]["dimensions"] is None, "JSON knows no NaN"
    assert found["k"] == 10
    again = pd.read_parquet(tmp_path / "a" / "table.parquet").set_index("model")
    assert again.loc["pagerank", "auc"] == table.loc["pagerank", "auc"]
    assert set(pd.read_parquet(tmp_path / "a" / "by_degree.parquet")["model"]) == {"popular", "pagerank"}
    assert len(pd.read_parquet(tmp_path / "a" / "beats.parquet")) == 2
    curve = pd.read_parquet(tmp_path / "a" / "precision_recall.parquet")
    assert set(curve["negatives"]) == {"random", "matched"}


def test_rows_that_are_done_are_not_run_again(planted: ProductGraph, tmp_path: Path) -> None:
    split, rows = split_pairs(planted), {"x": Counted(), "p": models.create("pagerank")}
    first_kept: dict[str, Answers] = {}
    kept: dict[str, Answers] = {}
    Counted.fits = 0
    first = compare(rows, split, keep=first_kept, saved=results.RowFiles(tmp_path))
    again = compare(rows, split, keep=kept, saved=results.RowFiles(tmp_path))
    assert Counted.fits == 1
    pd.testing.assert_frame_equal(first, again)
    assert kept["p"].hits is not None
    np.testing.assert_array_equal(kept["p"].hits, first_kept["p"].hits)
    assert kept["x"].lists is None
    compare(rows, split, k=5, saved=results.RowFiles(tmp_path))
    assert Counted.fits == 2, "another k is another question"
    compare(rows, split_pairs(planted, seed=1), saved=results.RowFiles(tmp_path))
    assert Counted.fits == 3, "another split too"
    compare(rows, split, seed=1, saved=results.RowFiles(tmp_path))
    assert Counted.fits == 4, "and another seed of the model"


def test_settings_are_part_of_what_a_row_is(planted: ProductGraph, tmp_path: Path) -> None:
    split = split_pairs(planted)
    near = compare({"p": models.create("pagerank", alpha=0.9)}, split, saved=results.RowFiles(tmp_path))
    far = compare({"p": models.create("pagerank", alpha=0.1)}, split, saved=results.RowFiles(tmp_path))
    assert near.loc["p", "auc"] != far.loc["p", "auc"]


def test_a_broken_row_file_is_made_again(planted: ProductGraph, tmp_path: Path) -> None:
    split = split_pairs(planted)
    rows = {"p": models.create("pagerank")}
    first = compare(rows, split, saved=results.RowFiles(tmp_path))
    for file in (tmp_path / "rows").glob("*.npz"):
        file.write_bytes(b"half a fi")
    again = compare(rows, split, saved=results.RowFiles(tmp_path))
    assert again.loc["p", "auc"] == first.loc["p", "auc"]


def test_clear_takes_only_what_is_ours(planted: ProductGraph, tmp_path: Path) -> None:
    write(tmp_path, planted, ["popular"])
    (tmp_path / "notes.txt").write_text("mine")
    results.clear(tmp_path)
    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == ["notes.txt"]
    results.clear(tmp_path / "absent")


def test_a_folder_without_a_comparison(tmp_path: Path) -> None:
    assert results.read(tmp_path) is None
    (tmp_path / "comparison.json").write_text("[]")
    assert results.read(tmp_path) is None
    (tmp_path / "comparison.json").write_text(json.dumps({"rows": 3}))
    assert results.read(tmp_path) is None


def test_a_folder_that_cannot_be_written_is_named(planted: ProductGraph, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    split = split_pairs(planted)
    table = compare({"p": models.create("popular")}, split)
    with pytest.raises(UserError, match="file"):
        results.write(tmp_path / "file", table, {}, make_task(split))

from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from graph.errors import UserError
from models.run_folder import FORMAT_VERSION, RunFolder, new_run_id, read_run, write_run


def a_run(path: Path, **changes: Any) -> RunFolder:
    run = {
        "run_id": "pagerank_20261122T041500_ab12",
        "model": "pagerank",
        "settings": {"alpha": 0.3},
        "seed": 0,
        "graph_fingerprint": "f" * 32,
        "metadata_fingerprint": "e" * 32,
        "metrics": {"recall_at_10": 0.5},
        "created_at": "2026-11-22T04:15:00+00:00",
        "n_products": 3,
        "dimensions": 2,
        "k": 2,
        "format": FORMAT_VERSION,
    }
    related = pd.DataFrame(
        {
            "product_id": ["a", "a", "b"],
            "rank": np.array([1, 2, 1], dtype=np.int32),
            "related_id": ["b", "ü", "a"],
            "score": np.array([2.5, 1.0, 0.5], dtype=np.float32),
            "reason": ["also_bought:", "through:b", "popular:"],
        }
    )
    folder = RunFolder(
        path=path,
        run={**run, **changes.pop("run", {})},
        product_ids=np.array(["a", "b", "ü"], dtype=object),
        listed=np.array([True, True, True]),
        vectors=np.arange(6, dtype=np.float32).reshape(3, 2),
        query_vectors=np.ones((3, 2), dtype=np.float32),
        related=related,
    )
    return dataclasses.replace(folder, **changes)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written = a_run(tmp_path / "runs" / "one")
    assert write_run(written) == tmp_path / "runs" / "one"
    read = read_run(tmp_path / "runs" / "one")
    assert read.run == written.run
    assert read.product_ids.tolist() == ["a", "b", "ü"]
    assert read.listed.tolist() == [True, True, True]
    assert read.vectors is not None
    assert read.query_vectors is not None
    assert (read.vectors == written.vectors).all()
    assert read.vectors.dtype == np.float32
    assert (read.query_vectors == 1).all()
    assert read.related.to_dict("list") == written.related.to_dict("list")
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["one"], "nothing is left beside it"


def test_a_model_without_vectors_leaves_none(tmp_path: Path) -> None:
    write_run(a_run(tmp_path / "one", vectors=None, query_vectors=None, run={"dimensions": 0}))
    assert read_run(tmp_path / "one").vectors is None
    assert not (tmp_path / "one" / "vectors.npy").exists()


def test_an_earlier_run_is_replaced_whole(tmp_path: Path) -> None:
    write_run(a_run(tmp_path / "one"))
    write_run(a_run(tmp_path / "one", query_vectors=None, run={"seed": 7}))
    read = read_run(tmp_path / "one")
    assert read.run["seed"] == 7
    assert read.query_vectors is None, "nothing of the earlier run stays"


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "letters.txt").write_text("dear")
    with pytest.raises(UserError, match="holds no run"):
        write_run(a_run(tmp_path / "precious"))
    assert (tmp_path / "precious" / "letters.txt").read_text() == "dear"
    write_run(a_run(tmp_path / "mixed"))
    (tmp_path / "mixed" / "letters.txt").write_text("dear")
    with pytest.raises(UserError, match="holds no run"):
        write_run(a_run(tmp_path / "mixed"))
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    with pytest.raises(UserError, match="holds no run"):
        write_run(a_run(tmp_path / "link"))


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(a_run(tmp_path / "one", run={"seed": 1}))

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(UserError, match="No space left"):
        write_run(a_run(tmp_path / "one", run={"seed": 2}))
    monkeypatch.undo()
    assert read_run(tmp_path / "one").run["seed"] == 1, "what stood there still stands, whole"
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


@pytest.mark.parametrize("name", ["run.json", "products.parquet", "related.parquet"])
@pytest.mark.parametrize("how", ["missing", "cut off", "rubbish", "empty"])
def test_damage_is_named(tmp_path: Path, name: str, how: str) -> None:
    write_run(a_run(tmp_path / "one"))
    file = tmp_path / "one" / name
    if how == "missing":
        file.unlink()
    elif how == "cut off":
        file.write_bytes(file.read_bytes()[:-20])
    else:
        file.write_bytes(b"" if how == "empty" else b"\xff\x00rubbish")
    with pytest.raises(UserError) as error:
        read_run(tmp_path / "one")
    assert str(tmp_path / "one") in error.value.message
    assert error.value.hint


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"rubbish"])
def test_damaged_vectors_are_named(tmp_path: Path, content: bytes) -> None:
    write_run(a_run(tmp_path / "one"))
    (tmp_path / "one" / "vectors.npy").write_bytes(content)
    with pytest.raises(UserError, match=r"vectors\.npy"):
        read_run(tmp_path / "one")


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("executed"),))


def test_code_in_an_array_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(a_run(tmp_path / "one"))
    np.save(tmp_path / "one" / "vectors.npy", np.array([Evil()], dtype=object), allow_pickle=True)
    with pytest.raises(UserError, match=r"vectors\.npy"):
        read_run(tmp_path / "one")
    (tmp_path / "one" / "vectors.npy").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(UserError, match=r"vectors\.npy"):
        read_run(tmp_path / "one")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"run_id": "../../etc"}, "run id"),
        ({"run_id": "a`b"}, "run id"),
        ({"run_id": ""}, "run id"),
        ({"n_products": 4}, "4 products"),
        ({"dimensions": 3}, r"shape \(3, 2\)"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": "2026-11-22T04:15:00"}, "no time zone"),
        ({"format": 99}, "format 99"),
        ({"k": 1}, "longer than k"),
        ({"seed": "0"}, "'seed'"),
        ({"settings": []}, "'settings'"),
    ],
)
def test_a_record_that_does_not_fit_is_refused(tmp_path: Path, changes: dict[str, Any], what: str) -> None:
    write_run(a_run(tmp_path / "one"))
    record = json.loads((tmp_path / "one" / "run.json").read_text())
    (tmp_path / "one" / "run.json").write_text(json.dumps({**record, **changes}))
    with pytest.raises(UserError, match=what):
        read_run(tmp_path / "one")


def related_with(**columns: Any) -> pd.DataFrame:
    return a_run(Path()).related.assign(**columns)


@pytest.mark.parametrize(
    ("related", "what"),
    [
        (related_with(related_id=["b", "nobody", "a"]), "does not hold"),
        (related_with(related_id=["a", "ü", "a"]), "itself"),
        (related_with(related_id=["b", "b", "a"]), "twice"),
        (related_with(rank=np.array([1, 3, 1])), "ranks"),
        (related_with(rank=np.array([2, 1, 1])), "ranks"),
        (related_with(rank=["1", "2", "1"]), "whole numbers"),
        (related_with(score=[1.0, float("nan"), 1.0]), "not finite"),
        (related_with(reason=["popular:", None, "popular:"]), "reason"),
        (related_with().drop(columns="reason"), "lacks the columns reason"),
        (related_with().iloc[[0, 2, 1]], "ranks"),
    ],
)
def test_lists_that_do_not_fit_are_refused(tmp_path: Path, related: pd.DataFrame, what: str) -> None:
    write_run(a_run(tmp_path / "one"))
    related.to_parquet(tmp_path / "one" / "related.parquet", index=False)
    with pytest.raises(UserError, match=what):
        read_run(tmp_path / "one")


def test_vectors_that_diverged_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not finite"):
        write_run(a_run(tmp_path / "one", vectors=np.full((3, 2), np.nan, dtype=np.float32)))
    assert not (tmp_path / "one").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no run folder") as error:
        read_run(tmp_path / "nowhere")
    assert "train" in error.value.hint


def test_run_ids_can_name_a_property() -> None:
    one, other = new_run_id("node2vec"), new_run_id("node2vec")
    assert one != other
    assert one.startswith("node2vec_2")
    assert one.replace("_", "").isalnum()

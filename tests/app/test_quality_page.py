"""The page Quality on what a comparison really left behind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import models
from app.comparing import compare_on
from graph import ProductGraph
from models.evaluation import folder as results
from models.evaluation import split_pairs
from tests.app.test_app_pages import opened, shown
from tests.graph.shops import make_catalog

HOSTILE = "<b>popular</b> %{x} **bold**"


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A comparison of four models, one of them with a hostile name, and its document."""
    catalog = make_catalog(150, 10, degree=8)
    ids = catalog.products["product_id"].to_numpy()
    graph = ProductGraph.from_pairs(
        ids[catalog.pairs["a"]], ids[catalog.pairs["b"]], products=catalog.products.set_index("product_id")
    )
    rows = {name: models.create(name) for name in ("random", "common_neighbours", "pagerank")}
    rows[HOSTILE] = models.create("popular")
    folder = tmp_path_factory.mktemp("compare") / "latest"
    compare_on(split_pairs(graph, seed=7), rows, folder=folder)
    document = results.read(folder)
    assert document is not None
    return folder, document


@pytest.fixture
def connect(comparison: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALSOBOUGHT_COMPARE_FOLDER", str(comparison[0]))
    monkeypatch.setenv("NEO4J_URI", "bolt://127.0.0.1:9")  # this page asks no database


def plot(app: Any) -> dict[str, Any]:
    (chart,) = app.get("plotly_chart")
    return json.loads(chart.proto.spec)


@pytest.mark.usefixtures("connect")
def test_the_table_holds_the_figures_best_first_and_as_csv(comparison: tuple[Path, dict[str, Any]]) -> None:
    app = opened("quality")
    assert f"<b>{comparison[1]['train_pairs']:,}</b>" in shown(app)
    table = app.dataframe[0].value
    wanted = {row["model"]: row["recall_at_10"] for row in comparison[1]["rows"]}
    assert table["recall_at_10"].to_dict() == pytest.approx(wanted)
    assert list(table["recall_at_10"]) == sorted(wanted.values(), reverse=True)
    assert list(table.index)[-1] in {"random", HOSTILE}
    assert (table["recall_low"] <= table["recall_at_10"]).all()
    assert (table["recall_at_10"] <= table["recall_high"]).all()
    sure = [entry for entry in comparison[1]["beats"] if entry["verdict"] == "yes"]
    assert shown(app).count("<th>beats</th>") == bool(sure)


@pytest.mark.usefixtures("connect")
def test_precision_and_recall_show_every_model_and_both_kinds_of_negatives() -> None:
    for kind in ("random", "matched"):
        figure = plot(opened("quality", negatives=kind))
        assert len(figure["data"]) == 4, kind
    names = [trace["name"] for trace in figure["data"]]
    assert "&lt;b&gt;popular&lt;/b&gt; %{x} **bold**" in names
    only = plot(opened("quality", models="pagerank|random|no such"))
    assert {trace["name"] for trace in only["data"]} == {"pagerank", "random"}


@pytest.mark.usefixtures("connect")
def test_by_degree_has_intervals_and_ticks_that_read_as_numbers() -> None:
    figure = plot(opened("quality", view="By degree"))
    assert len(figure["data"]) == 4
    assert all(trace["error_y"]["type"] == "data" for trace in figure["data"])
    cost = opened("quality", view="Cost").get("plotly_chart")
    assert len(cost) == 2, "seconds and memory"
    for chart in cost:
        figure = json.loads(chart.proto.spec)
        assert [trace["text"][0] for trace in figure["data"]].count("pagerank") == 1
        ticks = figure["layout"]["xaxis"].get("ticktext", [])
        assert all(float(tick.replace(",", "")) > 0 for tick in ticks)


@pytest.mark.usefixtures("connect")
def test_what_a_comparison_lacks_is_said(
    comparison: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "the last comparison holds nothing on learning" in shown(opened("quality", view="Learning")).lower()
    older = tmp_path / "older"
    shutil.copytree(comparison[0], older)
    (older / "precision_recall.parquet").unlink()
    monkeypatch.setenv("ALSOBOUGHT_COMPARE_FOLDER", str(older))
    assert "holds nothing on precision and recall" in shown(opened("quality"))


@pytest.mark.usefixtures("connect")
def test_of_several_comparisons_one_is_chosen(
    comparison: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("by_pairs", "by_time"):
        shutil.copytree(comparison[0], tmp_path / name)
    document = json.loads((tmp_path / "by_time" / "comparison.json").read_text())
    document["rows"][0]["error"] = "out of memory"
    (tmp_path / "by_time" / "comparison.json").write_text(json.dumps(document))
    monkeypatch.setenv("ALSOBOUGHT_COMPARE_FOLDER", str(tmp_path))
    app = opened("quality", split="by_time")
    assert app.selectbox(key="split").value == "by_time"
    assert "failed: out of memory" in shown(app)
    assert "out of memory" not in shown(opened("quality"))

"""One file of a shop after the other: they add up, ``--replace`` takes away what vanished, a dry run only tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from graph.catalog import Catalog
from graph.database import Database
from graph.export import export_graph
from graph.load import load_catalog
from graph.publish import publish
from graph.related import related
from ingest import read_catalog
from tests.graph.shops import make_catalog, make_run
from tests.graph.test_attach import everything

pytestmark = pytest.mark.database

FIRST = [
    {"asin": "A", "title": "Kettle", "brand": "Own", "price": 10.0, "categories": [["Kitchen", "Kettles"]],
     "related": {"also_bought": ["B", "C"], "also_viewed": ["X"]}},
    {"asin": "B", "title": "Tea", "categories": [["Food", "Drinks", "Tea"]], "related": {"also_bought": ["A"]}},
]  # fmt: skip
SECOND = [
    {"asin": "A", "title": "Kettle", "brand": "Own", "price": 12.5, "categories": [["Kitchen", "Kettles"]],
     "related": {"bought_together": ["B"]}},
    {"asin": "C", "title": "Cup", "brand": "Potter", "categories": [["Kitchen"]], "related": {"also_viewed": ["A"]}},
]  # fmt: skip


def write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(f"{record!r}\n" for record in records))
    return path


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return write(tmp_path / "first.json", FIRST), write(tmp_path / "second.json", SECOND)


def names(database: Database) -> tuple[list[str], list[str]]:
    with database.session() as session:
        brands = session.run("MATCH (b:Brand) RETURN b.name AS name ORDER BY name").value()
        return brands, session.run("MATCH (c:Category) RETURN c.path AS path ORDER BY path").value()


def test_a_second_file_of_the_same_shop_merges(database: Database, files: tuple[Path, Path]) -> None:
    first, second = files
    load_catalog(database, read_catalog([first])[0])
    report = load_catalog(database, read_catalog([second])[0])
    # C was only named before; now it is a product. X stays, unlisted. The price is the newer file's.
    assert (report.products_new, report.products_changed, report.products_gone) == (0, 2, 0)
    merged = export_graph(database)
    assert merged.products.loc["A", "price"] == 12.5
    assert merged.products["listed"].to_dict() == {"A": True, "B": True, "C": True, "X": False}
    assert merged.products.loc["B", "title"] == "Tea"
    # who states what is as if both files had been read at once
    load_catalog(database, read_catalog([first, second])[0], replace=True)
    at_once = export_graph(database)
    assert [array.tolist() for array in merged.pairs()] == [array.tolist() for array in at_once.pairs()]
    assert load_catalog(database, read_catalog([first])[0]).pairs_changed == 0


def test_replace_takes_away_what_vanished_with_brands_and_categories_nobody_has_any_longer(
    database: Database, files: tuple[Path, Path]
) -> None:
    first, second = files
    with database.session() as session:
        session.run("CREATE (:Category {code: 7}), (:Shelf {name: 'x'})").consume()  # somebody else's
    load_catalog(database, read_catalog([first])[0])
    assert names(database)[1][:3] == ["Food", "Food > Drinks", "Food > Drinks > Tea"]
    report = load_catalog(database, read_catalog([second])[0], replace=True)
    assert (report.products, report.listed, report.products_gone) == (3, 2, 1)
    assert set(export_graph(database).product_ids) == {"A", "B", "C"}
    assert names(database) == (["Own", "Potter"], ["Kitchen", "Kitchen > Kettles", None])
    again = load_catalog(database, read_catalog([second])[0], replace=True)
    assert again.unchanged


def test_what_serves_goes_on_serving_without_the_products_that_vanished(database: Database) -> None:
    load_catalog(database, make_catalog(listed=20, unlisted=0))
    publish(database, make_run(export_graph(database)))
    whole = make_catalog(listed=20, unlisted=0)
    kept = whole.pairs[(whole.pairs["a"] < 19) & (whole.pairs["b"] < 19)].reset_index(drop=True)
    load_catalog(database, Catalog(whole.products[:19].reset_index(drop=True), kept), replace=True)
    answer = related(database, "P0016", k=3)
    assert answer.source == "run"
    assert [entry.product_id for entry in answer.related] == ["P0017", "P0018", "P0000"], "P0019 is gone"


def test_a_dry_run_says_what_would_change_with_examples_and_writes_nothing(
    database: Database, neo4j_server: Any, files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.cli import cli

    monkeypatch.setenv("NEO4J_URI", neo4j_server.uri)
    monkeypatch.setenv("NEO4J_PASSWORD", neo4j_server.password.get_secret_value())
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path))
    first, second = map(str, files)
    untouched = everything(database)
    told = CliRunner().invoke(cli, ["ingest", first, "--dry-run"])
    assert told.exit_code == 0, told.output
    assert "4 would be new" in told.stderr
    assert "new: A Kettle" in told.stderr
    assert everything(database) == untouched, "an empty database stays empty: no constraint, no index"
    CliRunner().invoke(cli, ["ingest", first])
    before = everything(database)
    told = CliRunner().invoke(cli, ["ingest", second, "--dry-run", "--replace", "--json"])
    assert told.exit_code == 0, told.output
    loaded = json.loads(told.stdout)["loaded"]
    assert (loaded["products_changed"], loaded["products_gone"], loaded["pairs_gone"]) == (3, 1, 1)
    assert loaded["examples"]["products_changed"][0] == "A: price 10 -> 12.5"
    assert loaded["examples"]["products_gone"] == ["X"]
    assert loaded["examples"]["pairs_changed"] == ["A - B: weight becomes 1.2", "A - C: weight becomes 0.5"]
    assert loaded["examples"]["pairs_gone"] == ["A - X: weight was 0.5"]
    assert everything(database) == before

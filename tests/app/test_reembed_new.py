"""``reembed --new-only`` on the real server: new products answer like any other, and leave with their run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.reembed.config import GateLimits, ReembedConfig
from app.reembed.job import reembed
from app.reembed.report import markdown
from graph import Catalog
from graph.database import Database
from graph.embedded import ServerAddress
from graph.errors import UserError
from graph.load import load_catalog
from graph.publish import publish
from graph.related import related
from graph.runs import prune, runs, serving_run
from graph.uninstall import uninstall
from tests.graph.shops import make_catalog, make_run

pytestmark = pytest.mark.database

LINKED, ALIKE, BARE, BRIDGED = "Z0001", "Z0002", "Z0003", "Z0004"  # after all others, as pairs want it
CONFIG = ReembedConfig(model="pagerank", list_length=8, gate=GateLimits(max_hub_share=0.9))  # the shop is small


def with_new(catalog: Catalog) -> Catalog:
    """Four products more: linked with three of the ring, described like others, bare of everything, behind a bridge."""
    n = len(catalog.products)
    new = pd.DataFrame(
        {
            "product_id": [LINKED, ALIKE, BARE, BRIDGED],
            "title": ["Fresh from the factory", "Product number 9, second edition", None, None],
            "brand": [None, "Brand 1", None, None],
            "price": [9.0, 8.0, np.nan, np.nan],
            "categories": [[], ["Shop > Aisle 0"], [], []],
            "sales_rank": [np.nan] * 4,
            "listed": [True] * 4,
        }
    )
    outside = int(np.flatnonzero(~catalog.products["listed"])[0])
    pairs = pd.DataFrame({"a": [10, 11, 12, outside], "b": [n, n, n, n + 3], "weight": [3.2, 1.0, 1.0, 2.2]})
    pairs["relations"] = np.array([3, 1, 1, 3], dtype=np.uint8)
    from graph.relations import weight_of

    pairs["weight"] = weight_of(pairs["relations"].to_numpy())
    found = Catalog(
        pd.concat([catalog.products, new], ignore_index=True), pd.concat([catalog.pairs, pairs], ignore_index=True)
    )
    found.check()
    return found


def properties(database: Database, product_id: str) -> set[str]:
    with database.session() as session:
        found = session.run("MATCH (p:Product {product_id: $id}) RETURN keys(p) AS keys", id=product_id).single(
            strict=True
        )
    return set(found["keys"])


@pytest.fixture
def shop(database: Database) -> Database:
    load_catalog(database, make_catalog(60, 6))
    return database


def publish_ring(shop: Database, run_id: str = "ring_1") -> None:
    from graph.export import export_graph

    publish(shop, make_run(export_graph(shop), run_id))


def test_new_products_answer_with_a_list_and_vectors_of_the_serving_run(shop: Database) -> None:
    publish_ring(shop)
    before = related(shop, "P0003", k=5).to_dict()
    load_catalog(shop, with_new(make_catalog(60, 6)))
    assert related(shop, LINKED, k=5).source != "run", "until the job has run"
    outcome = reembed(shop, CONFIG, new_only=True)
    assert (outcome.status, outcome.serves) == ("new products", "ring_1")
    assert outcome.new_products == {
        "found": 4, "from_pairs": 2, "from_descriptions": 1, "from_popularity": 1, "written": 4,
    }  # fmt: skip
    assert "4 products came after the run" in markdown(outcome)
    for product_id in (LINKED, ALIKE, BARE, BRIDGED):
        answer = related(shop, product_id, k=8)
        assert answer.source == "run", product_id
        assert answer.run_id == "ring_1"
        assert len(answer.related) == 8
        assert product_id not in {one.product_id for one in answer.related}
        assert len({one.product_id for one in answer.related}) == 8
    linked = related(shop, LINKED, k=8).related
    neighbours = [f"P{i:04d}" for i in range(10, 18)]
    assert {one.product_id for one in linked} <= set(neighbours), "the ring's lists go on from 10, 11 and 12"
    assert {one.reason for one in linked if one.product_id in {"P0010", "P0011", "P0012"}} == {"also_bought:"}
    assert all(one.reason.startswith("through:P00") for one in linked if one.product_id > "P0012")
    assert [one.score for one in linked] == sorted((one.score for one in linked), reverse=True)
    assert related(shop, ALIKE, k=8).related[0].reason.startswith("through:P0009")
    assert related(shop, BARE, k=1).related[0].reason == "popular:"
    assert related(shop, BRIDGED, k=1).related[0].reason.startswith("through:")
    near = related(shop, LINKED, k=5, by="vector").related
    assert {one.product_id for one in near} <= {f"P{i:04d}" for i in range(7, 20)}, "beside what it is linked with"
    assert related(shop, "P0003", k=5).to_dict() == before, "nobody else's answer moved"


def test_a_second_time_there_is_nothing_to_do_and_the_run_counts_what_was_added(shop: Database) -> None:
    publish_ring(shop)
    load_catalog(shop, with_new(make_catalog(60, 6)))
    with shop.session() as session:  # a list of somebody's own making is nobody's to write over
        session.run("MATCH (p:Product {product_id: $id}) SET p.related_ring_1 = ['P0001']", id=BARE).consume()
    assert reembed(shop, CONFIG, new_only=True).new_products["written"] == 3
    assert serving_run(shop).facts["new_products"] == 3
    with shop.session() as session:
        kept = session.run("MATCH (p:Product {product_id: $id}) RETURN p.related_ring_1 AS ids", id=BARE).single(
            strict=True
        )
    assert kept["ids"] == ["P0001"]
    again = reembed(shop, CONFIG, new_only=True)
    assert (again.status, again.new_products["found"]) == ("unchanged", 0)
    assert serving_run(shop).facts["new_products"] == 3


def test_they_go_with_the_run_and_the_next_full_run_replaces_them(shop: Database) -> None:
    publish_ring(shop)
    load_catalog(shop, with_new(make_catalog(60, 6)))
    reembed(shop, CONFIG, new_only=True)
    assert {"related_ring_1", "embedding_ring_1", "query_embedding_ring_1"} <= properties(shop, LINKED)
    first = reembed(shop, CONFIG)
    assert first.status == "published", "the graph is another than the run's: a full run has work to do"
    assert related(shop, LINKED, k=8).run_id == first.run_id
    assert reembed(shop, CONFIG.model_copy(update={"seed": 1})).status == "published"
    prune(shop)
    assert "ring_1" not in {run.run_id for run in runs(shop)}
    assert not {name for name in properties(shop, LINKED) if name.endswith("ring_1")}
    uninstall(shop)
    with shop.session() as session:
        assert session.run("MATCH (n) RETURN count(n) AS n").single(strict=True)["n"] == 0


def test_a_run_without_vectors_gets_lists_only_and_relationships_where_it_has_them(shop: Database) -> None:
    from graph.export import export_graph

    publish(shop, make_run(export_graph(shop), "lists_1", with_vectors=False), relationships=True)
    load_catalog(shop, with_new(make_catalog(60, 6)))
    assert reembed(shop, CONFIG, new_only=True).new_products["written"] == 4
    assert {name for name in properties(shop, LINKED) if name.endswith("lists_1")} == {
        "related_lists_1", "related_score_lists_1", "related_reason_lists_1",
    }  # fmt: skip
    with shop.session() as session:
        found = session.run(
            "MATCH (:Product {product_id: $id})-[r:RELATED {run_id: 'lists_1'}]->() RETURN count(r) AS n", id=LINKED
        ).single(strict=True)
    assert found["n"] == 8


def test_a_dry_run_counts_only_and_without_a_run_it_says_what_to_do(shop: Database) -> None:
    with pytest.raises(UserError, match="no run serves"):
        reembed(shop, CONFIG, new_only=True)
    publish_ring(shop)
    load_catalog(shop, with_new(make_catalog(60, 6)))
    outcome = reembed(shop, CONFIG, new_only=True, dry_run=True)
    assert (outcome.status, outcome.new_products["found"], outcome.new_products["written"]) == ("dry run", 4, 0)
    assert "related_ring_1" not in properties(shop, LINKED)


def test_the_command_and_related_show_it(
    shop: Database, neo4j_server: ServerAddress, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    publish_ring(shop)
    load_catalog(shop, with_new(make_catalog(60, 6)))
    monkeypatch.setenv("NEO4J_URI", neo4j_server.uri)
    monkeypatch.setenv("NEO4J_PASSWORD", neo4j_server.password.get_secret_value())
    monkeypatch.setenv("ALSOBOUGHT_HOME", str(tmp_path / "home"))
    done = CliRunner().invoke(cli, ["reembed", "--new-only", "--json", "--reports", str(tmp_path / "reports")])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["new_products"]["written"] == 4
    page = next((tmp_path / "reports").rglob("report.html")).read_text()
    assert "4 products came after the run that serves" in page
    shown = CliRunner().invoke(cli, ["related", LINKED, "--json"])
    assert shown.exit_code == 0, shown.output
    assert json.loads(shown.stdout)["source"] == "run"
    both = CliRunner().invoke(cli, ["reembed", "--new-only", "--force", "because"])
    assert both.exit_code != 0

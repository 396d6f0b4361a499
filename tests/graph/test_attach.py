"""A shop's own graph as the source: the whole path over it, and out again without a trace."""

from pathlib import Path
from typing import Any

import pytest

from graph.attach import AttachConfig, attach, read_config, stored_names
from graph.database import Database
from graph.errors import UsageError, UserError
from graph.export import export_graph
from graph.load import load_catalog
from graph.names import ShopNames
from graph.publish import publish
from graph.related import Filters, related
from graph.uninstall import remains, uninstall
from ingest.orders import OrderSettings, pairs_from_orders
from tests.graph.shops import make_catalog, make_run

pytestmark = pytest.mark.database

ORDERS = "MATCH (o:Order)-[:CONTAINS]->(i:Item) RETURN o.number AS order, i.sku AS product"
PAIRS = """
MATCH (a:Item)<-[:CONTAINS]-(:Order)-[:CONTAINS]->(b:Item) WHERE a.sku < b.sku
RETURN a.sku AS a, b.sku AS b, toFloat(count(*)) AS weight
"""
CONFIG = f"""
[products]
label = "Item"
product_id = "sku"
title = "name"
brand = "maker"
price = "cost"
categories = "section"
in_stock = "available"

[orders]
cypher = "{ORDERS}"
"""

MAKE_SHOP = """
UNWIND range(0, 29) AS i
CREATE (item:Item {sku: 'S' + toString(100 + i), name: 'Item number ' + toString(i), maker: 'Maker ' + toString(i % 3),
                   cost: 1.5 * (i + 1), section: 'Hall ' + toString(i % 2), margin: 0.2})
MERGE (c:Category {code: i % 2}) MERGE (item)-[:IN_CATEGORY {since: 2020}]->(c)
WITH collect(item) AS items
UNWIND range(0, 89) AS n
CREATE (customer:Customer {email: 'c' + toString(n)})-[:PLACED]->(o:Order {number: n})
WITH items, o, n
UNWIND [0, 1, 2] AS step
WITH o, items[(n + step) % 30] AS item
CREATE (o)-[:CONTAINS {pieces: 1}]->(item)
"""


def everything(database: Database) -> dict[str, Any]:
    """All that stands in a database, in an order of its own: nodes, relationships, constraints, indexes."""
    with database.session() as session:
        nodes = session.run("MATCH (n) RETURN elementId(n) AS id, labels(n) AS labels, properties(n) AS p").data()
        links = session.run(
            "MATCH (a)-[r]->(b) RETURN elementId(r) AS id, elementId(a) AS a, elementId(b) AS b, type(r) AS type, "
            "properties(r) AS p"
        ).data()
        constraints = session.run("SHOW CONSTRAINTS YIELD name RETURN collect(name) AS names").data()
        indexes = session.run("SHOW INDEXES YIELD name RETURN collect(name) AS names").data()
    return {
        "nodes": sorted(nodes, key=lambda row: row["id"]),
        "links": sorted(links, key=lambda row: row["id"]),
        "constraints": sorted(constraints[0]["names"]),
        "indexes": sorted(indexes[0]["names"]),
    }


def pairs_of(orders: Any) -> Any:
    return pairs_from_orders(orders, OrderSettings(min_support=1, weight="count"))[0]


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> tuple[Database, AttachConfig]:
    with database.session() as session:
        session.run(MAKE_SHOP).consume()
        session.run("CREATE INDEX theirs FOR (i:Item) ON (i.name)").consume()
    path = tmp_path / "shop.toml"
    path.write_text(CONFIG)
    return database, read_config(path)


def test_the_whole_path_over_a_shops_own_graph_and_out_again(shop) -> None:
    database, config = shop
    before = everything(database)
    report = attach(database, config, pairs_of)
    assert (report.products, report.listed, report.unlisted) == (30, 30, 0)
    assert report.pairs == 60, "each item was bought with the two before it and the two after it"
    again = attach(database, config, pairs_of)
    assert again.unchanged
    graph = export_graph(database)
    assert graph.n_pairs == 60
    assert graph.products.loc["S105", "title"] == "Item number 5"
    assert graph.products.loc["S105", "categories"] == ["Hall 1"]
    publish(database, make_run(graph, "ring_1"))
    answer = related(database, "S103", k=3)
    assert [(entry.product_id, entry.title) for entry in answer.related] == [
        (f"S{100 + i}", f"Item number {i}") for i in (4, 5, 6)
    ]
    with database.session() as session:
        session.run("MATCH (i:Item {sku: 'S104'}) SET i.available = false").consume()
    filtered = related(database, "S103", k=3, filters=Filters(max_price=9.5))
    assert "S104" not in [entry.product_id for entry in filtered.related]
    assert all(entry.price is not None and entry.price <= 9.5 for entry in filtered.related)
    with database.session() as session:
        session.run("MATCH (i:Item {sku: 'S104'}) REMOVE i.available").consume()
    assert remains(database).products == 0
    uninstall(database)
    assert everything(database) == before


def test_pairs_by_a_query_of_the_shops(shop) -> None:
    database, config = shop
    report = attach(database, AttachConfig(config.names, "pairs", PAIRS), pairs_of)
    assert report.pairs == 60
    pairs, weight, _ = export_graph(database).pairs()
    assert len(pairs) == 60
    assert set(weight.tolist()) == {3.0, 6.0}
    assert stored_names(database) == config.names


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "pairs", "cypher": "MATCH (i:Item) RETURN i.sku AS a"}, "gives the columns a"),
        (
            {"kind": "pairs", "cypher": "MATCH (i:Item) SET i.name = 'x' RETURN i.sku AS a, i.sku AS b"},
            "read access mode",
        ),
        ({"kind": "pairs", "cypher": "RETURN 'S100' AS a, 'S999' AS b"}, "S999"),
        ({"kind": "pairs", "cypher": "RETURN 'S100' AS a, 'S101' AS b, -1.0 AS weight"}, "weight -1.0"),
        ({"names": ShopNames(label="Article")}, "no :Article nodes"),
        ({"names": ShopNames(label="Item", product_id="margin")}, "no margin that is a non-empty text"),
        ({"names": ShopNames(label="Item", product_id="maker")}, "share their maker"),
    ],
)
def test_what_cannot_work_is_said_and_the_shops_products_stay_as_they_were(shop, change, message) -> None:
    database, config = shop
    before = everything(database)["nodes"]
    values = {"names": config.names, "kind": config.kind, "cypher": config.cypher} | change
    with pytest.raises(UserError, match=message):
        attach(database, AttachConfig(**values), pairs_of)
    database.shop = ShopNames()
    left = {row["id"]: row for row in everything(database)["nodes"]}
    assert all(left[row["id"]] == row for row in before)


def test_uninstall_takes_out_what_was_loaded_from_files_and_leaves_the_rest(database: Database) -> None:
    with database.session() as session:
        session.run("CREATE (:Customer {email: 'x'})-[:WROTE]->(:Review {stars: 5})").consume()
    before = everything(database)
    load_catalog(database, make_catalog())
    publish(database, make_run(export_graph(database)))
    found = uninstall(database)
    assert (found.runs, found.products) == (1, 48)
    assert everything(database) == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[products", "is not TOML"),
        ("[products]\nlabel = 'Item'", r"needs one of \[pairs\] and \[orders\]"),
        ("[items]\n[pairs]\ncypher = ''", r"no table \[items\]"),
        ("[products]\nsku = 'x'\n[pairs]\ncypher = ''", "has no 'sku'"),
        ("[products]\nlabel = 'Item`) DETACH DELETE (n'\n[pairs]\ncypher = ''", "cannot be a name"),
    ],
)
def test_a_config_that_cannot_work_names_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        read_config(path)


def test_a_config_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing\.toml cannot be read"):
        read_config(tmp_path / "nothing.toml")

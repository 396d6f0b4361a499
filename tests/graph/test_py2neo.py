"""The queries of the cookbook through py2neo, whose last release is of 2021: what works, as docs/py2neo.md says."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from graph.database import Database, statement
from graph.embedded import ServerAddress
from graph.export import export_graph
from graph.load import load_catalog
from graph.publish import publish
from graph.related import related
from tests.graph.shops import make_catalog, make_run
from tests.graph.test_cypher_library import NEWER_ONLY, SHOP_STATEMENTS, header

pytestmark = [
    pytest.mark.database,
    # py2neo is at its end of life; its own warnings are nothing that anybody will mend
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def graphs(neo4j_server: ServerAddress) -> Iterator[tuple[Database, Any]]:
    """The same loaded and published shop through the official driver and through py2neo."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        py2neo = pytest.importorskip("py2neo", reason="py2neo is an extra: pip install alsobought[py2neo]")
    from tests.conftest import empty

    assert neo4j_server.password is not None
    with Database(neo4j_server.uri, neo4j_server.username, neo4j_server.password) as database:
        if database.version[0] >= 2025:
            pytest.skip("py2neo is shown against Neo4j 5.26")
        empty(database)
        load_catalog(database, make_catalog())
        publish(database, make_run(export_graph(database)), relationships=True)
        secret = neo4j_server.password.get_secret_value()
        graph = py2neo.Graph(neo4j_server.uri, auth=(neo4j_server.username, secret))
        yield database, graph
        graph.service.connector.close()


@pytest.mark.parametrize("name", [name for name in SHOP_STATEMENTS if name not in NEWER_ONLY])
def test_each_query_gives_the_rows_that_the_official_driver_gives(graphs: tuple[Database, Any], name: str) -> None:
    database, graph = graphs
    _, _, text = header(name).partition(":params ")
    with database.session() as session:
        parameters = session.run(f"RETURN {text} AS parameters").single(strict=True)["parameters"]
    shown = {**parameters}
    for key, value in parameters.items():  # the examples name products of the example shop: ask for some of ours
        if isinstance(value, str) and value.startswith("EX"):
            shown[key] = "P0003" if key == "product_id" else "P0004"
        elif isinstance(value, list) and value and str(value[0]).startswith("EX"):
            shown[key] = ["P0003", "P0009"][: len(value)]
    assert graph.run(statement(name), shown).data() == database.read(name, **shown)


def test_related_products_and_their_titles(graphs: tuple[Database, Any]) -> None:
    database, graph = graphs
    rows = graph.run(statement("related"), product_id="P0003", k=3, pointer="default").data()
    assert [row["product_id"] for row in rows] == [e.product_id for e in related(database, "P0003", k=3).related]
    assert rows[0]["title"] == "Product number 4"


def test_nodes_are_matched_and_read(graphs: tuple[Database, Any]) -> None:
    _, graph = graphs
    node = graph.nodes.match("Product", product_id="P0003").first()
    assert node["title"] == "Product number 3"
    assert graph.run("MATCH (p:Product) RETURN count(p)").evaluate() == 48


def test_what_no_longer_works(graphs: tuple[Database, Any]) -> None:
    _, graph = graphs
    with pytest.raises(Exception, match=r"(?i)index|syntax|procedure"):
        graph.schema.create_index("Product", "price")
    with pytest.raises(Exception, match=r"(?i)index|procedure|syntax|labelsOrTypes|tokenNames"):
        graph.schema.get_indexes("Product")

"""What goes in comes out, again and again, whatever dies in between."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from graph import Catalog, ProductGraph
from graph.database import Database
from graph.export import export_graph
from graph.load import load_catalog
from graph.lock import LockedError, writer_lock
from graph.store import ForeignDataError
from tests.graph.shops import make_catalog

pytestmark = pytest.mark.database


def test_export_equals_what_went_in(database: Database) -> None:
    catalog = make_catalog()
    report = load_catalog(database, catalog, batch=30)
    assert (report.listed, report.unlisted, report.pairs) == (40, 8, len(catalog.pairs))
    exported, expected = export_graph(database), ProductGraph.from_catalog(catalog)
    assert exported.fingerprint == expected.fingerprint
    assert exported.metadata_fingerprint == expected.metadata_fingerprint
    np.testing.assert_array_equal(exported.indices, expected.indices)
    np.testing.assert_array_equal(exported.relations, expected.relations)


def test_a_second_load_changes_nothing_and_says_so(database: Database) -> None:
    catalog = make_catalog()
    assert not load_catalog(database, catalog).unchanged
    before = export_graph(database).fingerprint
    report = load_catalog(database, catalog)
    assert report.unchanged
    assert export_graph(database).fingerprint == before


def test_a_dry_run_counts_and_writes_nothing(database: Database) -> None:
    catalog = make_catalog()
    report = load_catalog(database, catalog, dry_run=True)
    assert report.products_new == 48
    assert report.products == 0
    assert database.read("store_state")[0]["schema_version"] is None


def test_the_shops_own_properties_stay(database: Database) -> None:
    catalog = make_catalog()
    load_catalog(database, catalog)
    with database.session() as session:
        session.run("MATCH (p:Product {product_id: 'P0003'}) SET p.in_stock = false, p.margin = 0.4").consume()
    changed = Catalog(catalog.products.assign(title="renamed"), catalog.pairs)
    report = load_catalog(database, changed)
    assert report.products_changed == 48
    with database.session() as session:
        row = session.run("MATCH (p:Product {product_id: 'P0003'}) RETURN p.in_stock, p.margin, p.title").single()
    assert row is not None
    assert row.values() == [False, 0.4, "renamed"]


def test_without_replace_statements_are_united_and_nothing_is_lost(database: Database) -> None:
    catalog = make_catalog()
    first = catalog.pairs.iloc[:1].assign(relations=np.uint8(1), weight=1.0)
    second = catalog.pairs.iloc[:1].assign(relations=np.uint8(16), weight=1.2)
    load_catalog(database, Catalog(catalog.products, first))
    load_catalog(database, Catalog(catalog.products, second))
    pairs, weight, relations = export_graph(database).pairs()
    assert len(pairs) == 1
    assert weight[0] == pytest.approx(2.2)
    assert relations[0] == 17


def test_replace_makes_the_database_hold_exactly_the_file(database: Database) -> None:
    load_catalog(database, make_catalog(seed=1))
    smaller = make_catalog(listed=30, unlisted=4, seed=2, degree=3)
    report = load_catalog(database, smaller, replace=True)
    assert report.products_gone == 14
    assert export_graph(database).fingerprint == ProductGraph.from_catalog(smaller).fingerprint


def test_brands_and_categories_are_linked_and_moved(database: Database) -> None:
    catalog = make_catalog()
    load_catalog(database, catalog)
    load_catalog(database, Catalog(catalog.products.assign(brand="Only One"), catalog.pairs))
    with database.session() as session:
        brands = session.run("MATCH (:Product)-[:MADE_BY]->(b) RETURN b.name AS name, count(*) AS n").data()
        parents = session.run("MATCH (c:Category)-[:PART_OF]->(p) RETURN DISTINCT p.path AS path").data()
    assert brands == [{"name": "Only One", "n": 48}]
    assert parents == [{"path": "Shop"}]


def test_somebody_elses_products_are_refused(database: Database) -> None:
    with database.session() as session:
        session.run("CREATE (:Product {sku: 'theirs'})").consume()
    with pytest.raises(ForeignDataError, match="empty database"):
        load_catalog(database, make_catalog())
    with database.session() as session:
        labels = session.run("MATCH (n) RETURN labels(n) AS labels, properties(n) AS properties").data()
    assert labels == [{"labels": ["Product"], "properties": {"sku": "theirs"}}]


def test_a_second_writer_is_refused_by_name(database: Database) -> None:
    load_catalog(database, make_catalog(listed=5, degree=1))
    with writer_lock(database, "a long load"), pytest.raises(LockedError, match=r"a long load by .* holds it since"):
        load_catalog(database, make_catalog())


LOADER = """
import os, signal, sys
from pydantic import SecretStr
from graph.database import Database
from graph.load import load_catalog
from tests.graph.shops import make_catalog

def die(what, done, total):
    if what == sys.argv[1] and done >= int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)

with Database(os.environ["NEO4J_URI"], "neo4j", SecretStr(os.environ["NEO4J_PASSWORD"])) as database:
    load_catalog(database, make_catalog(listed=200), batch=50, on_progress=die)
"""


@pytest.mark.parametrize(("what", "done"), [("products written", 100), ("pairs written", 500)])
def test_a_loader_that_was_killed_is_simply_run_again(database: Database, neo4j_server, what: str, done: int) -> None:
    environment = {
        **os.environ,
        "NEO4J_URI": neo4j_server.uri,
        "NEO4J_PASSWORD": neo4j_server.password.get_secret_value(),
    }
    killed = subprocess.run(
        [sys.executable, "-c", LOADER, what, str(done)],
        env=environment,
        cwd=Path(__file__).resolve().parents[2],
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    half = database.read("count_graph")[0]
    assert half["products"] < 208 or half["pairs"] < 1024
    catalog = make_catalog(listed=200)
    started = time.monotonic()
    load_catalog(database, catalog)
    assert time.monotonic() - started < 30, "the lock of the dead loader is taken over at once"
    assert export_graph(database).fingerprint == ProductGraph.from_catalog(catalog).fingerprint


def test_hostile_text_goes_in_and_comes_out_unharmed(database: Database) -> None:
    titles = ["'; `x` }) DETACH DELETE n //", "zero\x00byte", "\u202eright to left", "🧴" * 50, "x" * 1_000_000]
    ids = ["a'b", "a`b", "a}) DETACH DELETE (n", "ü\u0000x", "z" * 2000]
    products = pd.DataFrame(
        {
            "product_id": ids,
            "title": titles,
            "brand": titles[:1] * 5,
            "price": np.nan,
            "categories": [[title[:100]] for title in titles],
            "sales_rank": np.nan,
            "listed": True,
        }
    )
    order = sorted(range(5), key=lambda row: ids[row])
    pairs = pd.DataFrame({"a": order[:-1], "b": order[1:], "weight": 1.0, "relations": np.uint8(1)})
    catalog = Catalog(products, pairs)
    load_catalog(database, catalog)
    exported = export_graph(database)
    assert exported.products.loc[ids, "title"].tolist() == titles
    assert exported.fingerprint == ProductGraph.from_catalog(catalog).fingerprint

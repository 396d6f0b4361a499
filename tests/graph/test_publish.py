"""Runs beside each other: written, checked, served, rolled back, pruned; and what serves goes on serving."""

import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from graph import ProductGraph
from graph.database import Database
from graph.errors import UserError
from graph.export import export_graph
from graph.load import load_catalog
from graph.publish import CheckFailedError, publish
from graph.related import UnknownProductError, related
from graph.runs import prune, rollback, runs, serving_run
from tests.graph.shops import make_catalog, make_run

pytestmark = pytest.mark.database


@pytest.fixture
def loaded(database: Database) -> tuple[Database, ProductGraph]:
    load_catalog(database, make_catalog())
    return database, export_graph(database)


def test_a_published_run_answers_with_titles_scores_and_reasons(loaded) -> None:
    database, graph = loaded
    report = publish(database, make_run(graph), who="tester")
    assert (report.vectors, report.lists, report.dimensions) == (40, 40, 9)
    assert report.index_recall is not None
    assert report.index_recall >= 0.95
    answer = related(database, "P0003", k=3)
    assert [entry.product_id for entry in answer.related] == ["P0004", "P0005", "P0006"]
    assert answer.related[0].title == "Product number 4"
    assert answer.related[0].reason == "also_bought:"
    assert [entry.score for entry in answer.related] == pytest.approx([1, 1 / 2, 1 / 3])
    assert answer.run_id == "ring_1"
    assert serving_run(database).run_id == "ring_1"


def test_the_vector_index_answers_inner_products(loaded) -> None:
    database, graph = loaded
    run = make_run(graph)
    publish(database, run)
    rows = np.flatnonzero(graph.listed)
    scores = run.query_vectors[rows[7]] @ run.vectors[rows].T
    scores[7] = -np.inf
    expected = graph.product_ids[rows[np.argsort(-scores)[:4]]]
    parameters = {"k": 4, "candidates": 40, "exclude_known": False, "pointer": "default"}
    answer = database.read("related_by_vector", product_id=graph.product_ids[rows[7]], **parameters)
    assert [row["product_id"] for row in answer] == list(expected)


def test_out_of_stock_and_blocked_products_vanish_at_once_and_the_next_move_up(loaded) -> None:
    database, graph = loaded
    publish(database, make_run(graph))
    with database.session() as session:
        session.run("MATCH (p:Product {product_id: 'P0004'}) SET p.in_stock = false").consume()
        session.run("MATCH (p:Product {product_id: 'P0006'}) SET p.blocked = true").consume()
    answer = related(database, "P0003", k=3)
    assert [entry.product_id for entry in answer.related] == ["P0005", "P0007", "P0008"]


def test_flip_rollback_and_prune(loaded) -> None:
    database, graph = loaded
    for number in (1, 2, 3):
        publish(database, make_run(graph, f"ring_{number}"), who="tester")
    found = {run.run_id: run for run in runs(database)}
    assert set(found) == {"ring_2", "ring_3"}, "the run before the last one is kept, older ones go"
    assert found["ring_3"].pointers == ("default",)
    with database.session() as session:
        left = session.run("MATCH (p:Product {product_id: 'P0000'}) RETURN keys(p) AS keys").single(strict=True)["keys"]
        indexes = session.run("SHOW INDEXES YIELD name RETURN collect(name) AS names").single(strict=True)["names"]
    assert not [key for key in left if key.endswith("ring_1")]
    assert "vector_index_ring_1" not in indexes
    assert rollback(database) == ("ring_3", "ring_2")
    assert related(database, "P0003").run_id == "ring_2"
    with pytest.raises(UserError, match="no run before"):
        rollback(database)


def test_a_pointer_of_another_name_leaves_default_alone(loaded) -> None:
    database, graph = loaded
    publish(database, make_run(graph, "ring_1"))
    publish(database, make_run(graph, "ring_2", k=2), pointer="canary")
    assert related(database, "P0003").run_id == "ring_1"
    canary = related(database, "P0003", pointer="canary")
    assert canary.run_id == "ring_2"
    assert [entry.source for entry in canary.related].count("list") == 2, "the rest is filled up from the vectors"


def test_a_complete_run_is_never_written_over(loaded) -> None:
    database, graph = loaded
    publish(database, make_run(graph))
    with pytest.raises(UserError, match="complete"):
        publish(database, make_run(graph))


@pytest.mark.parametrize("fault", ["self", "unlisted", "repeated", "missing", "foreign_graph"])
def test_a_run_with_faulty_lists_is_rejected_and_what_served_serves(loaded, fault: str) -> None:
    database, graph = loaded
    publish(database, make_run(graph, "good"))
    bad = make_run(graph, "bad")
    table = bad.related.copy()
    if fault == "self":
        table.loc[0, "related_id"] = table.loc[0, "product_id"]
    elif fault == "unlisted":
        table.loc[0, "related_id"] = "X0001"
    elif fault == "repeated":
        table.loc[1, "related_id"] = table.loc[0, "related_id"]
    elif fault == "missing":
        table = table[table["product_id"] != "P0007"]
    else:
        listed = bad.listed.copy()
        listed[0] = False
        bad = dataclasses.replace(bad, listed=listed)
        table = table[table["product_id"] != bad.product_ids[0]]
    with pytest.raises(CheckFailedError, match="not published"):
        publish(database, dataclasses.replace(bad, related=table))
    assert related(database, "P0003").run_id == "good"
    assert {run.run_id: run.status for run in runs(database)} == {"good": "ready", "bad": "rejected"}
    prune(database)
    assert len(runs(database)) == 2, "a rejected run is kept for a week"


def test_vectors_that_are_not_finite_are_refused_by_name(loaded) -> None:
    database, graph = loaded
    run = make_run(graph)
    run.vectors[3, 0] = np.nan
    with pytest.raises(UserError, match="P0003"):
        publish(database, run)
    assert runs(database) == []


PUBLISHER = """
import os, signal, sys
from pydantic import SecretStr
from graph.database import Database
from graph.export import export_graph
from graph.publish import publish
from tests.graph.shops import make_run

def die(step):
    if step == sys.argv[1]:
        os.kill(os.getpid(), signal.SIGKILL)

with Database(os.environ["NEO4J_URI"], "neo4j", SecretStr(os.environ["NEO4J_PASSWORD"])) as database:
    publish(database, make_run(export_graph(database), "ring_2"), on_step=die)
"""


@pytest.mark.parametrize(
    "step", ["begin", "vectors", "lists", "index", "check", "popular", "ready", "flip", "prune", "done"]
)
def test_killed_at_any_step_what_served_serves_whole_and_the_publish_can_be_repeated(
    loaded, neo4j_server, step
) -> None:
    database, graph = loaded
    publish(database, make_run(graph, "ring_1"))
    environment = {
        **os.environ,
        "NEO4J_URI": neo4j_server.uri,
        "NEO4J_PASSWORD": neo4j_server.password.get_secret_value(),
    }
    root = Path(__file__).resolve().parents[2]
    killed = subprocess.run([sys.executable, "-c", PUBLISHER, step], env=environment, cwd=root, check=False)
    assert killed.returncode == -signal.SIGKILL
    flipped = step in ("prune", "done")
    answer = related(database, "P0003", k=5)
    assert answer.run_id == ("ring_2" if flipped else "ring_1")
    assert [entry.product_id for entry in answer.related] == [f"P{i:04d}" for i in range(4, 9)]
    if flipped or step == "flip":  # complete already: it only has to be named
        with pytest.raises(UserError, match="complete"):
            publish(database, make_run(graph, "ring_2"))
    else:
        publish(database, make_run(graph, "ring_2"))
        assert related(database, "P0003").run_id == "ring_2"


def test_unknown_ids_get_near_matches(loaded) -> None:
    database, _ = loaded
    with pytest.raises(UnknownProductError, match="P0003") as caught:
        related(database, "P0003X")
    assert "P0003" in [row["product_id"] for row in caught.value.near]
    with pytest.raises(UnknownProductError) as caught:
        related(database, "product number 7")
    assert "P0007" in [row["product_id"] for row in caught.value.near]
    with pytest.raises(UnknownProductError):
        related(database, '")] +- && || ~*? \\')


def test_a_product_without_a_list_gets_its_categorys_most_popular_and_says_so(loaded) -> None:
    database, graph = loaded
    answer = related(database, "P0003", k=4)
    assert answer.source == "category"
    assert "no run serves yet" in answer.note
    assert len(answer.related) == 4
    assert all(entry.reason == "category:Shop > Aisle 0" for entry in answer.related)
    assert all("Shop > Aisle 0" in entry.categories for entry in answer.related)
    publish(database, make_run(graph))
    outside = related(database, "X0001")
    assert outside.source == "popular"
    assert "does not list" in outside.note
    assert all(entry.reason == "popular:" for entry in outside.related)

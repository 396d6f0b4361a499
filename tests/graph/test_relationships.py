"""A run's lists as relationships: the same answer by traversing, and gone with the run."""

from __future__ import annotations

import pytest

from graph import ProductGraph
from graph.database import Database
from graph.errors import UserError
from graph.export import export_graph
from graph.load import load_catalog
from graph.lock import writer_lock
from graph.publish import publish
from graph.related import related
from graph.relationships import write_relationships
from graph.uninstall import uninstall
from tests.graph.shops import make_catalog, make_run

pytestmark = pytest.mark.database


@pytest.fixture
def loaded(database: Database) -> tuple[Database, ProductGraph]:
    load_catalog(database, make_catalog())
    return database, export_graph(database)


def count(database: Database, run_id: str) -> int:
    with database.session() as session:
        found = session.run("MATCH ()-[r:RELATED {run_id: $id}]->() RETURN count(r) AS n", id=run_id)
        return int(found.single(strict=True)["n"])


def traversed(database: Database, product_id: str, k: int = 5) -> list[tuple[str, float, str]]:
    rows = database.read("related_by_relationship", product_id=product_id, k=k, pointer="default")
    return [(row["product_id"], row["score"], row["reason"]) for row in rows]


def test_traversing_gives_what_the_list_gives(loaded: tuple[Database, ProductGraph]) -> None:
    database, graph = loaded
    publish(database, make_run(graph), relationships=True)
    assert count(database, "ring_1") == 40 * 5
    for product in ("P0000", "P0017", "P0039"):
        answer = related(database, product, k=5)
        assert traversed(database, product) == [(e.product_id, e.score, e.reason) for e in answer.related]


def test_they_follow_the_run_that_serves_and_go_with_it(loaded: tuple[Database, ProductGraph]) -> None:
    database, graph = loaded
    publish(database, make_run(graph, "ring_1", k=3), relationships=True)
    publish(database, make_run(graph, "ring_2", k=5), relationships=True)
    assert len(traversed(database, "P0003", k=10)) == 5, "only those of the run that serves"
    publish(database, make_run(graph, "ring_3"))
    assert traversed(database, "P0003") == [], "ring_3 was published without"
    assert (count(database, "ring_1"), count(database, "ring_2")) == (0, 200), "pruned with their run, kept with theirs"


def test_a_run_that_serves_already_gets_them_and_a_second_time_changes_nothing(
    loaded: tuple[Database, ProductGraph],
) -> None:
    database, graph = loaded
    publish(database, make_run(graph))
    with writer_lock(database, "test"):
        assert write_relationships(database, "ring_1") == 200
        assert write_relationships(database, "ring_1") == 200
        with pytest.raises(UserError, match="no run"):
            write_relationships(database, "ring_9")
    assert count(database, "ring_1") == 200


def test_a_publish_that_is_cut_off_among_them_is_simply_repeated(loaded: tuple[Database, ProductGraph]) -> None:
    database, graph = loaded
    publish(database, make_run(graph, "ring_1"))

    class CutError(Exception):
        pass

    def cut(what: str, done: int, total: int) -> None:
        if what == "relationships":
            raise CutError

    with pytest.raises(CutError):
        publish(database, make_run(graph, "ring_2"), relationships=True, on_progress=cut)
    assert related(database, "P0003").run_id == "ring_1"
    publish(database, make_run(graph, "ring_2"), relationships=True)
    assert count(database, "ring_2") == 200
    assert related(database, "P0003").run_id == "ring_2"


def test_uninstall_takes_them_and_leaves_the_shops_own(loaded: tuple[Database, ProductGraph]) -> None:
    database, graph = loaded
    publish(database, make_run(graph), relationships=True)
    with database.session() as session:
        session.run("CREATE (:Mine)-[:RELATED {why: 'ours'}]->(:Mine)").consume()
    uninstall(database)
    with database.session() as session:
        left = session.run("MATCH ()-[r:RELATED]->() RETURN collect(properties(r)) AS left").single(strict=True)["left"]
        indexes = session.run("SHOW INDEXES YIELD name RETURN collect(name) AS names").single(strict=True)["names"]
    assert left == [{"why": "ours"}]
    assert not [name for name in indexes if name.startswith("alsobought")]

"""A store of the release before is brought up to date by whoever writes next."""

from __future__ import annotations

import pytest

from graph import migrations
from graph.database import Database
from graph.errors import UserError
from graph.export import export_graph
from graph.load import load_catalog
from graph.lock import writer_lock
from graph.migrations import migrate
from graph.publish import publish
from graph.related import related
from graph.store import SCHEMA_VERSION
from tests.graph.shops import make_catalog, make_run

pytestmark = pytest.mark.database


@pytest.fixture
def of_release_before(database: Database) -> Database:
    """A loaded and published store as schema version 1 left it: no popular products, no index of titles."""
    load_catalog(database, make_catalog())
    publish(database, make_run(export_graph(database)))
    with database.session() as session:
        session.run(
            "MATCH (s:AlsoBoughtStore) SET s.schema_version = 1 REMOVE s.popular, s.popular_neighbours"
        ).consume()
        session.run("DROP INDEX alsobought_title").consume()
    return database


def version(database: Database) -> int:
    return int(database.read("store_state")[0]["schema_version"])


def has_title_index(database: Database) -> bool:
    with database.session() as session:
        return bool(session.run("SHOW INDEXES YIELD name WHERE name = 'alsobought_title' RETURN name").data())


@pytest.mark.parametrize("writer", ["load", "publish"])
def test_the_next_writer_migrates_and_what_serves_serves(of_release_before: Database, writer: str) -> None:
    database = of_release_before
    assert related(database, "P0003").run_id == "ring_1", "readers go on with the old schema"
    if writer == "load":
        load_catalog(database, make_catalog())
    else:
        publish(database, make_run(export_graph(database), "ring_2"))
    assert version(database) == SCHEMA_VERSION
    assert has_title_index(database)
    assert related(database, "X0001").source == "popular", "the popular products are written down"


def test_cut_off_in_the_middle_it_is_run_again(of_release_before: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    database = of_release_before
    real = migrations.STEPS[1]

    def dies_after_its_work(database: Database) -> None:
        real(database)
        raise RuntimeError("power cut")

    monkeypatch.setitem(migrations.STEPS, 1, dies_after_its_work)
    with writer_lock(database, "test"):
        with pytest.raises(RuntimeError):
            migrate(database)
        assert version(database) == 1
        monkeypatch.setitem(migrations.STEPS, 1, real)
        assert migrate(database) == [2]
        assert migrate(database) == [], "nothing is due a second time"


@pytest.mark.parametrize(("stored", "word"), [(SCHEMA_VERSION + 1, "update alsobought"), (0, "releases between")])
def test_a_version_without_a_way_is_refused_before_anything_is_written(
    of_release_before: Database, stored: int, word: str
) -> None:
    database = of_release_before
    with database.session() as session:
        session.run("MATCH (s:AlsoBoughtStore) SET s.schema_version = $v", v=stored).consume()
    with pytest.raises(UserError) as refused:
        publish(database, make_run(export_graph(database), "ring_2"))
    assert word in f"{refused.value} {refused.value.hint}"
    assert version(database) == stored
    assert related(database, "P0003").run_id == "ring_1"

"""What the app asks the graph: neighbourhoods, any run's list, how far runs agree, votes, maps, health."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest

from graph import ProductGraph
from graph.browse import categories, facts_of, list_of_run, neighbourhood, neighbours, overview, shop_window
from graph.database import Database
from graph.embedded import ServerAddress
from graph.errors import UserError
from graph.export import export_graph
from graph.health import health, latency, pointers
from graph.load import load_catalog
from graph.map import read_map
from graph.publish import publish
from graph.queries import refresh_popular
from graph.run_overlap import align, overlap, sample_ids
from graph.runs import prune, runs
from graph.uninstall import uninstall
from graph.votes import TIE, cast_vote, win_rates
from tests.conftest import empty
from tests.graph.shops import make_catalog, make_run

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def module_shop(neo4j_server: ServerAddress) -> Iterator[tuple[Database, ProductGraph]]:
    with Database(neo4j_server.uri, neo4j_server.username, neo4j_server.password) as database:
        empty(database)
        load_catalog(database, make_catalog())
        graph = export_graph(database)
        places = np.stack([np.arange(graph.n_products), np.zeros(graph.n_products)], axis=1).astype(np.float32)
        publish(database, dataclasses.replace(make_run(graph, "ring_a", k=4), map=places), who="ada")
        publish(database, make_run(graph, "ring_b", k=8), who="ben")
        refresh_popular(database)
        yield database, graph
        empty(database)


@pytest.fixture
def database(module_shop: tuple[Database, ProductGraph]) -> Database:
    return module_shop[0]


@pytest.fixture
def graph(module_shop: tuple[Database, ProductGraph]) -> ProductGraph:
    return module_shop[1]


def test_neighbours_are_the_graphs_own_heaviest_first(database: Database, graph: ProductGraph) -> None:
    row = int(np.flatnonzero(graph.product_ids == "P0003")[0])
    part = slice(graph.indptr[row], graph.indptr[row + 1])
    right = sorted(zip(-graph.edge_weight[part], graph.product_ids[graph.indices[part]], strict=True))
    found = neighbours(database, "P0003", k=100)
    assert [one.product_id for one in found] == [product_id for _, product_id in right]
    assert np.allclose([one.weight for one in found], [-weight for weight, _ in right])
    assert all(one.said for one in found)
    assert {one.listed for one in found if one.product_id.startswith("X")} <= {False}


def test_a_neighbourhood_stays_readable_and_says_what_it_leaves_out(database: Database, graph: ProductGraph) -> None:
    one = neighbourhood(database, "P0003", near=4)
    assert list(one.hops.values()) == [0, 1, 1, 1, 1]
    assert [facts.product_id for facts in one.products] == list(one.hops)
    row = int(np.flatnonzero(graph.product_ids == "P0003")[0])
    assert one.left_out == graph.degree[row] - 4
    two = neighbourhood(database, "P0003", hops=2, near=4, far=2, links_each=1.5)
    assert set(two.hops.values()) == {0, 1, 2}
    assert len(two.products) <= 1 + 4 + 8
    ends = {end for link in two.links for end in (link.source, link.target)}
    assert ends == set(two.hops), "nothing hangs in the air"
    everything = neighbourhood(database, "P0003", hops=2, near=4, far=2, links_each=1000)
    assert len(two.links) + two.links_left_out == len(everything.links)
    assert everything.links_left_out == 0
    with pytest.raises(UserError, match="hops is 3"):
        neighbourhood(database, "P0003", hops=3)


def test_any_runs_list_is_read_with_what_a_shop_would_hide(database: Database) -> None:
    with database.session() as session:
        session.run("MATCH (p:Product {product_id: 'P0004'}) SET p.in_stock = false").consume()
    try:
        found = list_of_run(database, "P0003", "ring_a", k=3)
    finally:
        with database.session() as session:
            session.run("MATCH (p:Product {product_id: 'P0004'}) REMOVE p.in_stock").consume()
    assert [(entry.rank, entry.product_id, entry.in_stock) for entry in found] == [
        (1, "P0004", False),
        (2, "P0005", True),
        (3, "P0006", True),
    ]
    assert found[0].known
    assert list_of_run(database, "P0003", "no_such_run") == []
    assert list_of_run(database, "GONE", "ring_a") == []


def test_small_looks(database: Database) -> None:
    assert (overview(database).products, overview(database).runs) == (48, 2)
    assert [facts.product_id for facts in facts_of(database, ["P0002", "GONE", "P0001"])] == ["P0002", "P0001"]
    assert categories(database) == ["Shop", "Shop > Aisle 0", "Shop > Aisle 1", "Shop > Aisle 2"]
    window = shop_window(database, k=5)
    assert len(window) == 5
    assert window[0]["neighbours"] >= window[-1]["neighbours"]


def test_runs_agree_by_what_their_lists_share(database: Database) -> None:
    ids = sample_ids(database, 20)
    assert len(ids) == 20
    assert ids == sample_ids(database, 20)
    assert not any(product_id.startswith("X") for product_id in ids)
    found = overlap(database, ids, "ring_a", "ring_b")
    assert found is not None
    assert (found.mean, found.low, found.high, found.different) == (0.5, 0.5, 0.5, 0)  # 4 of 8
    same = overlap(database, ids, "ring_b", "ring_b", k=3)
    assert same is not None
    assert same.mean == 1.0
    assert overlap(database, ids, "ring_a", "gone") is None


def test_lists_are_aligned_by_product(database: Database) -> None:
    a, b = (list_of_run(database, "P0003", name, k=8) for name in ("ring_a", "ring_b"))
    swapped = [dataclasses.replace(entry, rank=9 - entry.rank) for entry in b]
    rows = align([a, swapped])
    by_id = {row.entry.product_id: row for row in rows}
    assert by_id["P0004"].ranks == (1, 8)
    assert by_id["P0004"].moved == -7
    assert by_id["P0011"].ranks == (None, 1)
    assert by_id["P0011"].only == 1
    assert sum(row.in_all for row in rows) == 4
    assert min(rank for rank in rows[0].ranks if rank is not None) == 1


def test_votes_are_counted_once_a_person_and_keep_their_runs(database: Database) -> None:
    cast_vote(database, "P0003", "ring_a", "ring_b", winner="ring_a", who="ada")
    cast_vote(database, "P0003", "ring_b", "ring_a", winner="ring_b", who="ada")
    cast_vote(database, "P0004", "ring_a", "ring_b", winner=TIE, who="ada")
    cast_vote(database, "P0003", "ring_a", "ring_b", winner="ring_b", who="ben")
    (rate,) = win_rates(database)
    assert (rate.votes, rate.wins_a, rate.wins_b, rate.people, rate.rate) == (3, 0, 2, 2, 0.0)
    assert rate.low == 0.0
    assert 0.5 < rate.high < 1.0
    for wrong in ({"winner": "ring_c"}, {"winner": "ring_a", "who": ""}):
        with pytest.raises(UserError):
            cast_vote(database, "P0003", "ring_a", "ring_b", **{"who": "ada", **wrong})
    with pytest.raises(UserError, match="gone"):
        cast_vote(database, "GONE", "ring_a", "ring_b", winner=TIE, who="ada")
    assert prune(database) == ()
    assert {run.run_id for run in runs(database)} == {"ring_a", "ring_b"}


def test_a_map_is_published_with_its_run(database: Database) -> None:
    places = read_map(database, "ring_a")
    assert places is not None
    assert len(places.product_ids) == 40
    assert not places.is_sample
    position = dict(zip(places.product_ids, places.places.tolist(), strict=True))
    assert position["P0007"] == [7.0, 0.0]
    assert set(places.categories) == {"Shop > Aisle 0", "Shop > Aisle 1", "Shop > Aisle 2"}
    part = read_map(database, "ring_a", most=10)
    assert part is not None
    assert part.is_sample
    assert len(part.product_ids) == 10
    assert read_map(database, "ring_b") is None
    assert read_map(database, "gone") is None


def test_health_tells_indexes_pointers_and_latency(database: Database) -> None:
    state = health(database)
    assert state.version.startswith(("5.26", "2026"))
    assert {"alsobought_title", "vector_index_ring_b"} <= {index.name for index in state.indexes}
    assert {index.state for index in state.indexes} == {"ONLINE"}
    assert state.writer is None
    (pointer,) = pointers(database)
    assert (pointer.run_id, pointer.changed_by) == ("ring_b", "ben")
    assert pointer.history[0][0] == "ring_a"
    speed = latency(database, answers=3)
    assert speed.answers == 3
    assert 0 < speed.median <= speed.slowest


def test_a_map_that_gives_not_everybody_a_place_is_refused(database: Database, graph: ProductGraph) -> None:
    holed = np.zeros((graph.n_products, 2), dtype=np.float32)
    holed[3] = np.nan
    with pytest.raises(UserError, match="map"):
        publish(database, dataclasses.replace(make_run(graph, "ring_c"), map=holed))


def test_uninstall_takes_maps_and_votes_too(database: Database) -> None:
    uninstall(database)
    with database.session() as session:
        left = session.run("MATCH (n) RETURN count(n) AS n").single(strict=True)["n"]
    assert left == 0

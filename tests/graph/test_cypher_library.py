"""The statements that shops paste: each against the right answer, found by other means, and none with a full scan."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import Catalog, ProductGraph
from graph import queries as library
from graph.database import CYPHER_FOLDER, Database, statement
from graph.embedded import ServerAddress
from graph.errors import UserError
from graph.export import export_graph
from graph.load import load_catalog
from graph.publish import publish
from graph.related import Filters, related, title_words
from tests.conftest import empty
from tests.graph.shops import make_catalog, make_run

pytestmark = pytest.mark.database

LISTED, UNLISTED, LIST_LENGTH = 60, 8, 12

#: Statements for pages carry an example of their parameters; the rest are the machinery's own.
SHOP_STATEMENTS = sorted(
    path.stem for path in CYPHER_FOLDER.glob("*.cypher") if "// :params {" in path.read_text(encoding="utf-8")
)
NEWER_ONLY = {"related_by_search_clause"}


class Shop:
    """A loaded and published ring, with the arrays that the right answers are counted from."""

    def __init__(self, database: Database, catalog: Catalog, graph: ProductGraph) -> None:
        self.database, self.catalog, self.graph = database, catalog, graph
        self.run = make_run(graph, k=LIST_LENGTH)
        self.ids = list(graph.product_ids)
        n = graph.n_products
        self.weight = np.zeros((n, n))
        for row in range(n):
            part = slice(graph.indptr[row], graph.indptr[row + 1])
            self.weight[row, graph.indices[part]] = graph.edge_weight[part]
        self.linked = self.weight > 0
        self.degree = self.linked.sum(axis=1)

    def ask(self, name: str, **parameters: object) -> list[dict]:
        return self.database.read(name, **parameters)

    def set(self, product_id: str, **facts: object) -> None:
        with self.database.session() as session:
            session.run("MATCH (p:Product {product_id: $id}) SET p += $facts", id=product_id, facts=facts).consume()

    def ranked(self, scores: np.ndarray, k: int, *, without: set[str]) -> list[tuple[str, float]]:
        """Listed products by score, ties by id, as the statements order them."""
        rows = [row for row in range(LISTED) if scores[row] > 0 and self.ids[row] not in without]
        rows.sort(key=lambda row: (-round(float(scores[row]), 9), self.ids[row]))
        return [(self.ids[row], float(scores[row])) for row in rows[:k]]


@pytest.fixture(scope="module")
def module_shop(neo4j_server: ServerAddress) -> Iterator[Shop]:
    with Database(neo4j_server.uri, neo4j_server.username, neo4j_server.password) as database:
        empty(database)
        catalog = make_catalog(LISTED, UNLISTED)
        load_catalog(database, catalog)
        shop = Shop(database, catalog, export_graph(database))
        publish(database, shop.run, relationships=True)
        library.refresh_popular(database)
        with database.session() as session:  # plans for what stands there, not for the empty database of a moment ago
            session.run("CALL db.prepareForReplanning(60)").consume()
        yield shop
        empty(database)


@pytest.fixture
def shop(module_shop: Shop) -> Iterator[Shop]:
    """The shop; what a test pins, blocks or adds is taken back after it."""
    yield module_shop
    with module_shop.database.session() as session:
        session.run("MATCH (:Product)-[pin:PINNED]->() DELETE pin").consume()
        session.run("MATCH (p:Product) WHERE p.blocked OR p.in_stock = false REMOVE p.blocked, p.in_stock").consume()
        session.run("MATCH (p:Product) WHERE p.product_id STARTS WITH 'NEW' DETACH DELETE p").consume()


def header(name: str) -> str:
    lines = (CYPHER_FOLDER / f"{name}.cypher").read_text(encoding="utf-8").splitlines()
    return "\n".join(
        line.removeprefix("//").strip() for line in itertools.takewhile(lambda x: x.startswith("//"), lines)
    )


def example_parameters(shop: Shop, name: str) -> dict:
    """The example of the file's header, as Neo4j itself reads it."""
    _, _, text = header(name).partition(":params ")
    with shop.database.session() as session:
        return session.run(f"RETURN {text} AS parameters").single(strict=True)["parameters"]


def names_for(shop: Shop, name: str) -> dict[str, str] | None:
    return {"INDEX_NAME": f"vector_index_{shop.run.run_id}"} if name in NEWER_ONLY else None


def skip_if_too_old(shop: Shop, name: str) -> None:
    if name in NEWER_ONLY and shop.database.version[0] < 2026:
        pytest.skip("the SEARCH clause needs Neo4j 2026.x")


# ------------------------------------------------------------------ every statement


@pytest.mark.parametrize("name", sorted(path.stem for path in CYPHER_FOLDER.glob("*.cypher")))
def test_every_parameter_stands_in_the_header(name: str) -> None:
    used = set(re.findall(r"\$(\w+)", statement(name)))
    named = set(re.findall(r"\$(\w+)", header(name)))
    assert used <= named, f"{name}.cypher does not say what {used - named} is"


@pytest.mark.parametrize("name", SHOP_STATEMENTS)
def test_a_statement_runs_with_the_parameters_of_its_header_and_scans_nothing(shop: Shop, name: str) -> None:
    skip_if_too_old(shop, name)
    parameters = example_parameters(shop, name)
    assert set(parameters) == set(re.findall(r"\$(\w+)", statement(name)))
    shop.database.read(name, names=names_for(shop, name), **parameters)
    text = statement(name, tuple((names_for(shop, name) or {}).items()))
    text = text.replace("CYPHER 25", "CYPHER 25 EXPLAIN") if text.startswith("CYPHER 25") else "EXPLAIN " + text
    with shop.database.session() as session:
        plan = session.run(text, parameters).consume().plan
    scans = [name for name in operators(plan) if name.endswith("Scan")]
    assert not scans


def operators(plan: dict) -> Iterator[str]:
    yield plan["operatorType"].partition("@")[0]
    for child in plan.get("children", []):
        yield from operators(child)


def test_the_plan_reader_sees_a_full_scan(shop: Shop) -> None:
    with shop.database.session() as session:
        plan = session.run("EXPLAIN MATCH (p:Product) WHERE p.price > 3 RETURN p").consume().plan
    assert any(name.endswith("Scan") for name in operators(plan))


# ------------------------------------------------------------------ lists, vectors, filters


def test_filters_let_through_what_they_say_and_fill_up_from_the_vector_index(shop: Shop) -> None:
    filters = Filters(max_price=20.0)
    answer = related(shop.database, "P0003", k=15, filters=filters)
    prices = [entry.price for entry in answer.related]
    assert len(prices) == 15
    assert max(prices) <= 20
    # The list holds P0004 to P0015, all below the limit; the vectors know who else stands near on the circle.
    assert [entry.product_id for entry in answer.related][:12] == [f"P{i:04d}" for i in range(4, 16)]
    assert [entry.source for entry in answer.related] == ["list"] * 12 + ["vector"] * 3
    assert answer.source == "run"


_paths = st.sampled_from([None, "Shop", "Shop > Aisle 0", "Shop > Aisle 1", "Sho"])


@settings(max_examples=25, deadline=None)
@given(
    asked=st.integers(0, LISTED - 1),
    k=st.integers(1, 30),
    by=st.sampled_from(["list", "vector"]),
    filters=st.builds(
        Filters,
        in_category=_paths,
        not_in_category=_paths,
        same_category=st.sampled_from([None, True, False]),
        min_price=st.none() | st.floats(0, 70),
        max_price=st.none() | st.floats(0, 70),
        brands=st.lists(st.sampled_from(["Brand 0", "Brand 1", "no such"]), max_size=2).map(tuple),
        not_brands=st.lists(st.sampled_from(["Brand 0", "Brand 1", "no such"]), max_size=2).map(tuple),
        exclude=st.lists(st.sampled_from([f"P{i:04d}" for i in range(LISTED)]), max_size=8).map(tuple),
    ),
)
def test_k_come_back_whenever_k_pass(module_shop: Shop, asked: int, k: int, by: str, filters: Filters) -> None:
    shop, product_id = module_shop, f"P{asked:04d}"
    rows = shop.catalog.products.iloc[:LISTED].to_dict("records")
    passing = {row["product_id"] for row in rows if filters.admits(row, rows[asked]["categories"])} - {product_id}
    answer = related(shop.database, product_id, k=k, by=by, filters=filters)
    found = [entry.product_id for entry in answer.related]
    assert set(found) <= passing
    assert len(found) == len(set(found)) == min(k, len(passing))


def test_known_pairs_can_be_left_out(shop: Shop) -> None:
    answer = related(shop.database, "P0003", k=20, exclude_known=True)
    row = shop.ids.index("P0003")
    assert len(answer.related) == 20
    from_run = [entry for entry in answer.related if entry.source in {"list", "vector"}]
    assert not [entry for entry in from_run if shop.linked[row, shop.ids.index(entry.product_id)]]


def test_by_vector_orders_by_inner_product(shop: Shop) -> None:
    row = shop.ids.index("P0010")
    scores = shop.run.query_vectors[row] @ shop.run.vectors[:LISTED].T
    scores[row] = -np.inf
    expected = [shop.ids[i] for i in np.argsort(-scores, kind="stable")[:6]]
    answer = related(shop.database, "P0010", k=6, by="vector")
    assert [entry.product_id for entry in answer.related] == expected
    assert {entry.source for entry in answer.related} == {"vector"}


def test_the_search_clause_answers_like_the_procedure(shop: Shop) -> None:
    skip_if_too_old(shop, "related_by_search_clause")
    parameters = {"product_id": "P0010", "k": 8, "candidates": 40, "exclude_known": False, "pointer": "default"}
    names = names_for(shop, "related_by_search_clause")
    newer = shop.database.read("related_by_search_clause", names=names, **parameters)
    assert newer == shop.ask("related_by_vector", **parameters)


def test_a_product_whose_vector_is_nothing_is_answered_without_the_index(shop: Shop) -> None:
    # A product that nothing links has no direction to ask in; the index would fail the whole question.
    name = f"query_embedding_{shop.run.run_id}"
    with shop.database.session() as session:
        question = "MATCH (p:Product {product_id: 'P0010'}) RETURN p[$name] AS vector"
        before = session.run(question, name=name).single(strict=True)["vector"]
    shop.set("P0010", **{name: [0.0] * len(before)})
    try:
        vector = {"product_id": "P0010", "k": 30, "pointer": "default", "candidates": 50}
        assert shop.ask("related_by_vector", **vector, exclude_known=False) == []
        rows = shop.ask("related_with_fallback", **vector)
        answer = related(shop.database, "P0010", k=30, by="vector")
    finally:
        shop.set("P0010", **{name: before})
    assert {row["source"] for row in rows} == {"list", "category", "popular"}
    assert len(rows) == len(answer.related) == 30


# ------------------------------------------------------------------ the shop's hand on the wheel


def test_pinned_products_come_first_in_their_order_and_once(shop: Shop) -> None:
    with shop.database.session() as session:
        session.run(
            "UNWIND [['P0050', 2], ['P0005', 1], ['P0040', 3], ['P0050', 9]] AS pin "
            "MATCH (p:Product {product_id: 'P0003'}) MATCH (r:Product {product_id: pin[0]}) "
            "CREATE (p)-[:PINNED {rank: pin[1]}]->(r)"
        ).consume()
    shop.set("P0040", blocked=True)
    expected = ["P0005", "P0050", "P0004", "P0006", "P0007"]
    rows = shop.ask("related", product_id="P0003", k=5, pointer="default")
    assert [row["product_id"] for row in rows] == expected
    assert [row["source"] for row in rows] == ["pinned", "pinned", "list", "list", "list"]
    for by, rest in (("list", expected[2:]), ("vector", None)):
        answer = related(shop.database, "P0003", k=5, by=by)
        found = [entry.product_id for entry in answer.related]
        assert found[:2] == expected[:2]
        assert rest is None or found[2:] == rest
        assert answer.related[0].score is None
        assert len(set(found)) == 5
    chain = shop.ask("related_with_fallback", product_id="P0003", k=5, candidates=50, pointer="default")
    assert [row["product_id"] for row in chain] == expected


def _pages(shop: Shop) -> dict[str, list[dict]]:
    """An answer of five of every statement that answers with products, for P0003."""
    asked = {"product_id": "P0003", "k": 5}
    facts = {"words": "product number 3", "brand": "Brand 3", "categories": ["Shop > Aisle 0"], "exclude": ["P0003"]}
    run = {"pointer": "default"}
    every = Filters().parameters()
    return {
        "related": shop.ask("related", **asked, **run),
        "related_filtered": shop.ask("related_filtered", **asked, **run, **every, exclude_known=False),
        "related_by_vector": shop.ask("related_by_vector", **asked, **run, candidates=60, exclude_known=False),
        "related_by_vector_filtered": shop.ask(
            "related_by_vector_filtered", **asked, **run, **every, candidates=60, exclude_known=False
        ),
        "related_with_fallback": shop.ask("related_with_fallback", **asked, **run, candidates=60),
        "related_basket": shop.ask("related_basket", product_ids=["P0003", "P0005"], k=5, **run),
        "related_new_product": shop.ask("related_new_product", **facts, k=5, **run),
        "alike": shop.ask("alike", **facts, k=5),
        "fallback_category": shop.ask("fallback_category", **asked, **every),
        "popular": shop.ask("popular", **asked, **every),
        "two_hop": shop.ask("two_hop", **asked, exclude_known=True, discount=0.5),
    }


def test_what_is_blocked_or_out_of_stock_vanishes_from_every_answer_at_once_and_k_is_kept(shop: Shop) -> None:
    before = _pages(shop)
    assert all(len(rows) == 5 for rows in before.values()), {name: len(rows) for name, rows in before.items()}
    for name, rows in before.items():
        shop.set(rows[0]["product_id"], blocked=True)
        shop.set(rows[1]["product_id"], in_stock=False)
        after = [row["product_id"] for row in _pages(shop)[name]]
        assert not {rows[0]["product_id"], rows[1]["product_id"]} & set(after), name
        assert len(after) == 5, name
        shop.set(rows[0]["product_id"], blocked=None)
        shop.set(rows[1]["product_id"], in_stock=None)


# ------------------------------------------------------------------ baskets, new products, the chain


def test_a_basket_puts_its_products_lists_together(shop: Shop) -> None:
    basket = ["P0003", "P0007", "P0004", "P0003"]
    lists = shop.run.related.groupby("product_id")["related_id"].apply(list)
    points: dict[str, float] = {}
    for product in set(basket):
        for rank, other in enumerate(lists[product], start=1):
            if other not in basket:
                points[other] = points.get(other, 0.0) + 1 / (20 + rank)
    expected = sorted(points.items(), key=lambda item: (-round(item[1], 12), item[0]))[:6]
    answer = library.related_to_basket(shop.database, basket, k=6)
    assert [entry.product_id for entry in answer] == [name for name, _ in expected]
    assert [entry.score for entry in answer] == pytest.approx([score for _, score in expected])
    assert set(answer[0].reason.removeprefix("through:").split(",")) == {"P0003", "P0004", "P0007"}
    assert library.related_to_basket(shop.database, []) == []
    assert library.related_to_basket(shop.database, ["X0001", "nobody"]) == [], "no list, no such product"


def test_a_new_product_gets_what_goes_with_those_described_like_it(shop: Shop) -> None:
    new = library.NewProduct("Product, number 21!", "Brand 1", ("Shop > Aisle 0",))
    described = library.alike(shop.database, new, k=3)
    assert described[0].product_id == "P0021"
    assert described[0].score == pytest.approx(2.0)  # the best title, the brand and the category
    answer = library.related_to_new(shop.database, new, k=10)
    assert len(answer) == 10
    assert all(entry.reason.startswith("through:P") for entry in answer)
    listed_by = shop.run.related.groupby("related_id")["product_id"].apply(set)
    for entry in answer:
        assert set(entry.reason.removeprefix("through:").split(",")) <= listed_by[entry.product_id]


def test_a_product_loaded_after_the_run_is_answered_from_its_look_alikes_and_the_note_says_so(shop: Shop) -> None:
    with shop.database.session() as session:
        session.run(
            "CREATE (:Product {product_id: 'NEW1', title: 'Product number 21', brand: 'Brand 1', listed: true, "
            "categories: ['Shop > Aisle 0']})"
        ).consume()
        session.run("CALL db.index.fulltext.awaitEventuallyConsistentIndexRefresh()").consume()
    answer = related(shop.database, "NEW1", k=5)
    assert (answer.source, len(answer.related)) == ("new", 5)
    assert "described like it" in answer.note
    narrow = related(shop.database, "NEW1", k=5, filters=Filters(max_price=30))
    assert all(entry.price <= 30 for entry in narrow.related)


def test_the_chain_in_one_query_names_its_sources_in_order(shop: Shop) -> None:
    rows = shop.ask("related_with_fallback", product_id="P0003", k=59, candidates=20, pointer="default")
    sources = [row["source"] for row in rows]
    assert [source for source, _ in itertools.groupby(sources)] == ["list", "vector", "category", "popular"]
    assert len({row["product_id"] for row in rows}) == len(rows) == 59
    outside = shop.ask("related_with_fallback", product_id="X0001", k=5, candidates=20, pointer="default")
    assert [row["source"] for row in outside] == ["popular"] * 5
    assert all(row["run_id"] == "ring_1" for row in rows)
    nobody = shop.ask("related_with_fallback", product_id="P0003", k=5, candidates=20, pointer="nobody")
    assert [row["source"] for row in nobody] == ["category"] * 5
    assert {row["run_id"] for row in nobody} == {None}


def test_the_most_popular_are_those_with_most_neighbours(shop: Shop) -> None:
    expected = shop.ranked(shop.degree, 5, without={"P0003"})
    rows = shop.ask("popular", product_id="P0003", k=5, **Filters().parameters())
    assert [(row["product_id"], row["score"]) for row in rows] == expected


# ------------------------------------------------------------------ the graph itself


def _relations(shop: Shop, product_id: str) -> dict[str, dict[str, bool]]:
    from graph.relations import RELATIONS, stated_by

    pairs, ids = shop.catalog.pairs, shop.catalog.products["product_id"]
    found = {}
    for a, b, relations in zip(ids[pairs["a"]], ids[pairs["b"]], pairs["relations"], strict=True):
        if product_id in (a, b):
            other = b if a == product_id else a
            packed = np.array([relations], dtype=np.uint8)
            found[other] = {name: bool(stated_by(packed, name)[0]) for name in RELATIONS}
    return found


def test_complements_are_bought_and_not_compared_and_substitutes_the_other_way_round(shop: Shop) -> None:
    seen = {"complements": 0, "substitutes": 0}
    for product_id in shop.ids[:20]:
        stated = {other: kinds for other, kinds in _relations(shop, product_id).items() if other.startswith("P")}
        bought = {o for o, kinds in stated.items() if kinds["also_bought"] or kinds["bought_together"]}
        viewed = {o for o, kinds in stated.items() if kinds["also_viewed"]}
        complements = library.complements(shop.database, product_id, k=50)
        substitutes = library.substitutes(shop.database, product_id, k=50)
        assert {entry.product_id for entry in complements} == bought - viewed
        assert {entry.product_id for entry in substitutes} == viewed - bought
        row = shop.ids.index(product_id)
        for entry in [*complements, *substitutes]:
            other = shop.ids.index(entry.product_id)
            assert entry.score == pytest.approx(shop.weight[row, other] / np.sqrt(shop.degree[other]))
        seen["complements"] += len(complements)
        seen["substitutes"] += len(substitutes)
    assert min(seen.values()) > 0


@pytest.mark.parametrize("discount", [0.0, 0.5, 1.0])
def test_two_hops_equal_the_matrix_product(shop: Shop, discount: float) -> None:
    row = shop.ids.index("P0012")
    inner = shop.weight @ np.diag(shop.degree**-discount) @ shop.weight
    scores = inner[row] * shop.degree**-discount
    expected = shop.ranked(scores, 12, without={"P0012"} | {shop.ids[i] for i in np.flatnonzero(shop.linked[row])})
    answer = library.two_hop(shop.database, "P0012", k=12, discount=discount)
    assert {entry.product_id: entry.score for entry in answer} == pytest.approx(dict(expected), rel=1e-6)
    best = answer[0]
    via = [shop.weight[row, c] * shop.weight[c, shop.ids.index(best.product_id)] for c in range(len(shop.ids))]
    assert all(via[shop.ids.index(c)] > 0 for c in best.reason.removeprefix("through:").split(","))


@pytest.mark.parametrize("measure", ["cooccurrence", "jaccard", "pmi"])
def test_counting_in_cypher_equals_counting_in_numpy(shop: Shop, measure: str) -> None:
    linked = shop.linked.astype(float)
    shared = linked @ linked
    union = shop.degree[:, None] + shop.degree[None, :] - shared
    with np.errstate(divide="ignore"):
        pmi = np.log(shared * len(shop.ids) / np.outer(shop.degree, shop.degree))
    scores = {"cooccurrence": shared, "jaccard": shared / union, "pmi": pmi}[measure]
    for product_id in ("P0000", "P0012", "P0059", "X0002"):
        row = shop.ids.index(product_id)
        expected = {shop.ids[i]: scores[row, i] for i in range(LISTED) if shared[row, i] and i != row}
        answer = library.counted(shop.database, product_id, measure, k=100)
        assert {entry.product_id: entry.score for entry in answer} == pytest.approx(expected, abs=1e-6)
        in_order = [entry.score for entry in answer]
        assert in_order == sorted(in_order, reverse=True)


def test_why_gives_the_direct_link_and_the_strongest_ways_through_others(shop: Shop) -> None:
    a, b = shop.ids.index("P0012"), shop.ids.index("P0015")
    answer = library.why(shop.database, "P0012", "P0015", k=3)
    assert (answer[0].hops, answer[0].weights) == (1, [pytest.approx(shop.weight[a, b])])
    strength = shop.weight[a] * shop.weight[:, b] / np.sqrt(shop.degree)
    best = sorted(range(len(shop.ids)), key=lambda c: (-round(float(strength[c]), 9), shop.ids[c]))[:3]
    ways = [entry for entry in answer if entry.hops == 2]
    assert [entry.through for entry in ways] == [shop.ids[c] for c in best]
    assert [entry.strength for entry in ways] == pytest.approx([strength[c] for c in best])
    title = shop.catalog.products["title"][best[0]]
    assert (title or ways[0].through) in ways[0].text
    far = library.why(shop.database, "P0000", "P0030")
    assert [entry.reason for entry in far] == ["category:Shop > Aisle 0"]
    assert far[0].text == "both in Shop > Aisle 0"


# ------------------------------------------------------------------ search


def test_search_forgives_typing_errors_and_takes_no_operators(shop: Shop) -> None:
    assert library.search(shop.database, "product number 17", k=3)[0].product_id == "P0017"
    assert library.search(shop.database, "P0017")[0].product_id == "P0017"
    assert "P0017" in [found.product_id for found in library.search(shop.database, "prodct numbr 17", k=5)]
    for text in ('")] +- && || ~*? \\', "title:(", "NOT", "a AND", "", "x" * 5_000, "\x00", "🫖 чайник"):
        assert isinstance(library.search(shop.database, text), list)
    assert title_words("Kettle, 1.0 L — KETTLE “Deluxe”") == "kettle 1 0 l deluxe"


def test_nonsense_is_refused_by_name(shop: Shop) -> None:
    with pytest.raises(UserError, match="k is 0"):
        library.two_hop(shop.database, "P0001", k=0)
    with pytest.raises(ValueError, match="measure is 'cosine'"):
        library.counted(shop.database, "P0001", "cosine")

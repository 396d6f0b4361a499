"""Two catalogues in one database: apart in everything, and the default one exactly as it is without the other."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.attach import AttachConfig, attach
from graph.bulk import import_arguments, import_command
from graph.catalogues import catalogues
from graph.database import CYPHER_FOLDER, Database, statement
from graph.embedded import ServerAddress
from graph.errors import UsageError, UserError
from graph.export import export_graph
from graph.load import load_catalog
from graph.lock import writer_lock
from graph.names import ShopNames
from graph.publish import publish
from graph.queries import related_to_basket, search
from graph.related import UnknownProductError, related
from graph.runs import prune, rollback, runs
from graph.uninstall import uninstall
from tests.graph.shops import make_catalog, make_run
from tests.graph.test_attach import everything


@pytest.fixture
def other(database: Database, neo4j_server: ServerAddress) -> Iterator[Database]:
    """The catalogue ``de`` of the same, emptied database."""
    with Database(neo4j_server.uri, neo4j_server.username, neo4j_server.password, catalogue="de") as second:
        yield second


def only(database: Database, catalogue: str) -> dict:
    """What :func:`everything` gives, of one catalogue: nodes by label, indexes by name."""
    found = everything(database)
    suffix = f"_{catalogue}" if catalogue else ""

    def ours(label: str) -> bool:
        return label.endswith(suffix) if suffix else "_" not in label

    nodes = [node for node in found["nodes"] if all(ours(label) for label in node["labels"])]
    nodes = [node for node in nodes if "Lock" not in node["labels"][0]]  # it says who wrote last
    ids = {node["id"] for node in nodes}
    start = f"catalogue_{catalogue}_" if catalogue else "catalogue_"
    names = [name for name in found["indexes"] if name.startswith(start) == bool(catalogue)]
    return {"nodes": nodes, "links": [link for link in found["links"] if link["a"] in ids], "indexes": names}


@pytest.mark.database
def test_two_catalogues_with_the_same_ids_are_loaded_published_and_asked_apart(database: Database, other) -> None:
    load_catalog(database, make_catalog())
    small = make_catalog(listed=12, unlisted=0)
    small.products["title"] = [f"Ding Nummer {i}" for i in range(12)]
    report = load_catalog(other, small)
    assert (report.products, report.pairs) == (12, len(small.pairs)), "counts are the catalogue's own"
    assert load_catalog(database, make_catalog()).unchanged
    # the same run id in both, on products of the same ids
    publish(database, make_run(export_graph(database), "ring_1"), relationships=True)
    publish(other, make_run(export_graph(other), "ring_1", k=3), relationships=True)
    assert related(database, "P0003", k=1).related[0].title == "Product number 4"
    assert related(other, "P0003", k=1).related[0].title == "Ding Nummer 4"
    assert {entry.title for entry in related(other, "P0003", k=11, by="vector").related} == {
        f"Ding Nummer {i}" for i in range(12) if i != 3
    }
    assert all(hit.title == f"Ding Nummer {int(hit.product_id[1:])}" for hit in search(other, "Nummer ding"))
    assert search(database, "Ding") == []
    assert all("Ding" in (entry.title or "") for entry in related_to_basket(other, ["P0001", "P0002"]))
    with pytest.raises(UnknownProductError):
        related(other, "P0020")
    assert other.read("overview")[0] == {"products": 12, "pairs": len(small.pairs), "runs": 1}
    assert [run.facts.get("catalogue") for run in (*runs(database), *runs(other))] == [None, "de"]
    assert [(one.name, one.products, one.serving) for one in catalogues(database)] == [
        ("", 48, "ring_1"),
        ("de", 12, "ring_1"),
    ]


@pytest.mark.database
def test_pruning_replacing_and_uninstalling_one_leaves_the_other_as_it_was(database: Database, other) -> None:
    for each in (database, other):
        load_catalog(each, make_catalog())
        graph = export_graph(each)
        for name in ("ring_1", "ring_2", "ring_3"):
            publish(each, make_run(graph, name), keep_others=True, relationships=True)
    assert rollback(other) == ("ring_3", "ring_2")
    kept = only(database, "")
    with writer_lock(database, "test"):  # the other catalogue has a lock of its own
        publish(other, make_run(export_graph(other), "ring_4"), keep_others=True)
    with writer_lock(other, "prune"):
        assert prune(other) == ("ring_1",)
    load_catalog(other, make_catalog(listed=20, unlisted=0), replace=True)
    assert only(database, "") == kept
    theirs = only(database, "de")
    uninstall(database)
    assert only(database, "") == {"nodes": [], "links": [], "indexes": _lookups(database)}
    assert only(database, "de") == theirs
    assert related(other, "P0003", k=3).run_id == "ring_4"
    found = uninstall(other)
    assert (found.products, found.runs) == (20, 3)
    left = everything(database)
    assert (left["nodes"], left["links"], left["constraints"], left["indexes"]) == ([], [], [], _lookups(database))


def _lookups(database: Database) -> list[str]:
    with database.session() as session:
        return sorted(session.run("SHOW INDEXES YIELD name, type WHERE type = 'LOOKUP' RETURN name").value())


@pytest.mark.database
def test_the_default_catalogue_is_what_it_is_without_another(database: Database, other) -> None:
    def shape() -> tuple:
        found = everything(database)
        labels = sorted({label for node in found["nodes"] for label in node["labels"]})
        run = next(node["p"] for node in found["nodes"] if node["labels"] == ["EmbeddingRun"])
        return labels, found["constraints"], found["indexes"], sorted(run), {link["type"] for link in found["links"]}

    load_catalog(database, make_catalog())
    publish(database, make_run(export_graph(database)))
    before = shape()
    assert {"Product", "Brand", "Category", "EmbeddingRun", "ActiveRun", "AlsoBoughtStore"} <= set(before[0])
    assert not [name for part in before[:3] for name in part if "catalogue" in name]
    load_catalog(other, make_catalog())
    uninstall(other)
    assert shape() == before


@pytest.mark.database
def test_two_catalogues_over_a_shops_own_graph_keep_to_their_products(database: Database, other) -> None:
    with database.session() as session:
        session.run(
            "UNWIND range(1, 6) AS i "
            "CREATE (:Book {isbn: 'B' + i, name: 'Book ' + i}), (:Toy {sku: 'B' + i, name: 'Toy ' + i})"
        ).consume()
    pairs = "MATCH (a:{0}), (b:{0}) WHERE a.{1} < b.{1} RETURN a.{1} AS a, b.{1} AS b"
    before = everything(database)

    def config(label: str, key: str) -> AttachConfig:
        return AttachConfig(ShopNames(label=label, product_id=key, title="name"), "pairs", pairs.format(label, key))

    attach(database, config("Book", "isbn"), lambda orders: None)
    with pytest.raises(UserError, match="are the products of the default catalogue"):
        attach(other, config("Book", "isbn"), lambda orders: None)
    attach(other, config("Toy", "sku"), lambda orders: None)
    publish(other, make_run(export_graph(other), k=3))
    assert [entry.title for entry in related(other, "B2", k=2).related] == ["Toy 3", "Toy 4"]
    assert [(one.name, one.label, one.attached, one.products) for one in catalogues(database)] == [
        ("", "Book", True, 6),
        ("de", "Toy", True, 6),
    ]
    uninstall(other)
    assert export_graph(database).n_pairs == 15
    uninstall(database)
    assert everything(database) == before


@pytest.mark.database
def test_a_shops_products_that_are_called_as_ours_are_not_taken_for_ours(database: Database) -> None:
    with database.session() as session:
        session.run(
            "UNWIND range(1, 5) AS i CREATE (p:Product {product_id: 'A' + i, brand: 'Own'}) "
            "MERGE (b:Brand {name: 'Own'}) CREATE (p)-[:BY]->(b)"
        ).consume()
    before = everything(database)
    query = (
        "MATCH (a:Product), (b:Product) WHERE a.product_id < b.product_id RETURN a.product_id AS a, b.product_id AS b"
    )
    attach(database, AttachConfig(ShopNames(), "pairs", query), lambda orders: None)
    assert uninstall(database).products == 0
    assert everything(database) == before


@pytest.mark.parametrize("name", ["a_b", "1st", "de fr", "x" * 41, "de`", "é", "-"])
def test_a_name_that_could_be_read_otherwise_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a catalogue's name"):
        ShopNames.of_catalogue(name)
    with pytest.raises(UsageError, match="cannot be a catalogue's name"):
        Database("bolt://127.0.0.1:1", "neo4j", None, catalogue=name)


@given(
    st.lists(st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,8}", fullmatch=True), min_size=2, max_size=2, unique=True),
    st.lists(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,12}", fullmatch=True), min_size=2, max_size=2),
)
def test_no_two_catalogues_share_a_label_or_an_index(catalogues: list[str], run_ids: list[str]) -> None:
    one, other = (ShopNames.of_catalogue(name) for name in catalogues)
    default = ShopNames()
    assert one.index_of_run(run_ids[0]) not in {other.index_of_run(run_ids[1]), default.index_of_run(run_ids[1])}
    for label in ("Product", "Brand", "Category", "EmbeddingRun", "ActiveRun", "AlsoBoughtLock", "Vote", "RELATED"):
        assert len({names.labelled(label) for names in (one, other, default)}) == 3


@pytest.mark.parametrize("name", sorted(path.stem for path in CYPHER_FOLDER.glob("*.cypher")))
def test_a_catalogues_statement_names_no_label_and_no_index_of_another(name: str) -> None:
    text = statement(name, shop=ShopNames.of_catalogue("de"))
    for label in ("Product", "Brand", "Category", "EmbeddingRun", "ActiveRun", "AlsoBoughtLock", "Vote", "RELATED"):
        assert f":{label}_de" in text or f":{label}" not in text
        assert f":{label} " not in text
        assert f":{label})" not in text
    assert "alsobought_" not in text
    assert statement(name) == statement(name, shop=ShopNames.of_catalogue("")), "the default one is as it stands"


def test_names_that_were_stored_before_there_were_catalogues_are_read() -> None:
    stored = ShopNames(label="Item", product_id="sku", attached=True)
    assert stored.to_json() == (
        '{"blocked": "blocked", "brand": "brand", "categories": "categories", "in_stock": "in_stock", '
        '"label": "Item", "price": "price", "product_id": "sku", "title": "title"}'
    )
    assert ShopNames.from_json(stored.to_json()) == stored
    assert ShopNames.from_json(stored.to_json(), "de") == replace(stored, catalogue="de")


def test_files_for_a_bulk_import_name_the_catalogues_labels(tmp_path: Path) -> None:
    default, other = import_arguments(tmp_path), import_arguments(tmp_path, catalogue="de")
    assert f"--nodes=Product={tmp_path.resolve() / 'products.csv'}" in default
    assert f"--nodes=Product_de={tmp_path.resolve() / 'products.csv'}" in other
    assert f"--nodes=AlsoBoughtStore_de={tmp_path.resolve() / 'store.csv'}" in other
    assert f"--relationships=ALSO_BOUGHT={tmp_path.resolve() / 'also_bought.csv'}" in other
    assert "--nodes=Product_de=" in import_command(tmp_path, catalogue="de")

"""Spark jobs on local[2] give what the single machine gives: pairs and counts exactly, models as good."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from pydantic import SecretStr

from graph import Catalog, ProductGraph
from graph.database import Database
from graph.embedded import ServerAddress
from graph.errors import UsageError, UserError
from graph.export import export_graph
from graph.load import load_catalog
from graph.relations import weight_of
from ingest import IngestSettings, read_catalog
from ingest.orders import OrderSettings
from models import create
from models.evaluation import Split, metrics, split_pairs
from spark import tables
from tests.conftest import empty

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytest.importorskip("pyspark", reason="Apache Spark is not installed: pip install 'alsobought[spark]'")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
]


@pytest.fixture(scope="module")
def connector() -> list[Path]:
    """The jar of Neo4j's Spark connector; none where it is not there and cannot be fetched."""
    from app.spark_connector import connector_jars

    try:
        return connector_jars()
    except UserError:
        return []


@pytest.fixture(scope="module")
def session(connector: list[Path]) -> Iterator[SparkSession]:
    from spark.session import spark_session

    with pytest.MonkeyPatch.context() as patch:
        # Little data: to compile Java again and again, ever better, takes longer than it saves.
        patch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        with spark_session("local[2]", memory_gib=1.5, partitions=2, jars=connector) as session:
            patch.undo()
            session.conf.set("spark.sql.adaptive.enabled", "false")  # planning anew after each step costs half the time
            yield session


def order_file(path: Path) -> Path:
    """Orders with all that goes wrong in them: returns, fees, samples, repetitions, a wholesaler, sessions, titles."""
    rng = np.random.default_rng(7)
    rows = ["InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID"]
    for order in range(150):
        customer = f"c{order % 40}" if order % 5 else ""
        when = f"{1 + order % 12}/{1 + order % 28}/2020 {order % 24}:{order % 60:02d}"
        for product in rng.integers(0, 30, 40 if order == 77 else 1 + order % 6).tolist():
            quantity, price = 1 + product % 3, [2.5, 1.25, 0.0, 4.0][(order + product) % 4 if product % 9 == 0 else 3]
            rows.append(f'{order},1{product:04d},"Cup, no. {product % 25}",{quantity},{when},{price},{customer}')
        if order % 10 == 3:
            rows.append(f"{order},POST,POSTAGE,1,{when},9.0,{customer}")
        if order % 8 == 5:
            rows.append(f"C{1000 + order},1{order % 30:04d},,-2,12/{1 + order % 28}/2020 23:00,4.0,{customer}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def product_file(path: Path) -> Path:
    """Loose JSON with clusters of products, some of them outside the file, one line twice and one that is bad."""
    rng = np.random.default_rng(3)
    lines = []
    for product in range(90):
        cluster = product // 15
        related = {
            name: [f"B{15 * cluster + other:03d}" for other in rng.permutation(17)[:size].tolist()]
            for name, size in (("also_bought", 8), ("also_viewed", 4), ("bought_together", 2))
        }
        fields: dict[str, Any] = {"asin": f"B{product:03d}", "title": f"It's no. {product}", "related": related}
        if product % 3:
            fields |= {"brand": f"Brand {cluster}", "price": 9.5 + product, "categories": [["Beauty", f"C{cluster}"]]}
        lines.append(repr(fields))
    lines.insert(20, repr({"asin": "B005", "price": 1.5, "title": "a second record fills in only what lacked"}))
    lines.append("{'asin': ")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def same_graph(found: ProductGraph, expected: ProductGraph) -> None:
    np.testing.assert_array_equal(found.indptr, expected.indptr)
    np.testing.assert_array_equal(found.indices, expected.indices)
    np.testing.assert_array_equal(found.edge_weight, expected.edge_weight)
    np.testing.assert_array_equal(found.relations, expected.relations)
    pd.testing.assert_frame_equal(found.products, expected.products)


def test_orders_become_the_same_pairs_and_the_same_counts(session: SparkSession, tmp_path: Path) -> None:
    from spark.pairs import pairs_of_orders

    path = order_file(tmp_path / "orders.csv")
    how = OrderSettings(max_items=10, half_life_days=90, session_hours=1500)
    told: list[str] = []
    result = pairs_of_orders(session, [str(path)], how, parts=3, on_step=told.append)
    tables.write(result, str(tmp_path / "out"))
    found = tables.read_catalog(tmp_path / "out")
    expected, report = read_catalog([path], IngestSettings(orders=how))
    pd.testing.assert_frame_equal(found.products, expected.products, check_exact=True)
    pd.testing.assert_frame_equal(found.pairs, expected.pairs, check_exact=True)
    assert report.orders is not None
    counts = report.orders.to_dict()
    for name in ("non_product_lines", "return_lines", "returned_lines", "free_lines", "repeated_lines",
                 "drawn_out_lines", "unmatched_returns", "joined_orders", "pairs_below_support"):  # fmt: skip
        assert counts[name] > 0, name  # the file has all of them
    shared = {name for name in counts if name in result.report} - {"non_products", "first_time", "last_time"}
    assert {name: result.report[name] for name in shared} == {name: counts[name] for name in shared}
    assert told[-1] == "counting pairs"


@pytest.fixture(scope="module")
def folder(session: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result of the job on products, which the models are fitted on."""
    from spark.pairs import pairs_of_products

    place = tmp_path_factory.mktemp("products")
    result = pairs_of_products(session, [str(product_file(place / "meta.json"))], "amazon2014", max_bad=0.02)
    assert result.report == {"lines": 92, "bad": 1, "products": 90}
    assert tables.write(result, str(place / "out"))["products"] == 92
    return place


def test_related_lists_become_the_same_pairs(session: SparkSession, folder: Path) -> None:
    expected, _ = read_catalog([folder / "meta.json"], IngestSettings(max_bad=0.02))
    same_graph(ProductGraph.from_catalog(tables.read_catalog(folder / "out")), ProductGraph.from_catalog(expected))


def test_a_result_is_not_written_over(session: SparkSession, folder: Path) -> None:
    from spark.pairs import pairs_of_products

    result = pairs_of_products(session, [str(folder / "meta.json")], "amazon2014", max_bad=0.02)
    with pytest.raises(UsageError, match="holds a result already"):
        tables.write(result, str(folder / "out"))


def test_too_many_bad_lines_stop_the_job(session: SparkSession, folder: Path) -> None:
    from spark.pairs import pairs_of_products

    with pytest.raises(UserError, match=r"1 of 92 lines \(1.1%\) cannot be read"):
        pairs_of_products(session, [str(folder / "meta.json")], "amazon2014", max_bad=0.001)


@pytest.mark.parametrize("model", ["cosine", "jaccard", "pmi"])
def test_counting_models_score_as_on_one_machine(session: SparkSession, folder: Path, model: str) -> None:
    from spark.counting import related_lists

    graph = ProductGraph.from_catalog(tables.read_catalog(folder / "out"))
    rows = related_lists(session, str(folder / "out"), model, k=5).toArrow().to_pydict()
    position = {product: row for row, product in enumerate(graph.product_ids)}
    a = np.array([position[one] for one in rows["product_id"]])
    b = np.array([position[one] for one in rows["related_id"]])
    fitted = create(model).fit(graph)
    np.testing.assert_allclose(rows["score"], fitted.score(a, b), rtol=1e-5, atol=1e-6)
    best = fitted.recommend(np.unique(a), 1, exclude_known=False)[1][:, 0]
    first = np.array(rows["rank"]) == 1
    np.testing.assert_allclose(np.array(rows["score"])[first][np.argsort(a[first])], best, rtol=1e-5, atol=1e-6)


@pytest.fixture(scope="module")
def held_out(tmp_path_factory: pytest.TempPathFactory) -> tuple[Split, Path]:
    """Twelve clusters of twenty with stray pairs, a third of the pairs held out; and the rest as a job's result."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    a = np.repeat(np.arange(240), 10)
    others = [np.append(i // 20 * 20 + rng.permutation(20)[:8], rng.integers(0, 240, 2)) for i in range(240)]
    b, kept = np.concatenate(others), a != np.concatenate(others)
    ids = np.array([f"P{i:03d}" for i in range(240)], dtype=object)
    weight = rng.integers(1, 4, int(kept.sum())).astype(np.float64)
    split = split_pairs(ProductGraph.from_pairs(ids[a[kept]], ids[b[kept]], weight))
    pairs, weights, _ = split.train.pairs()
    place = tmp_path_factory.mktemp("held-out")
    first, second = (pa.array(split.train.product_ids[pairs[:, end]], pa.string()) for end in (0, 1))
    for name, table in {
        "products": pa.table({"product_id": pa.array(ids, pa.string()), "listed": split.train.listed}),
        "pairs": pa.table({"a": first, "b": second, "weight": weights.astype(np.float64)}),
    }.items():
        (place / name).mkdir()
        pq.write_table(table, place / name / "part.parquet")
    return split, place


def recalls(split: Split, vectors: np.ndarray, query_vectors: np.ndarray) -> np.ndarray:
    """Recall at 10 of each product that has a held-out neighbour, its known neighbours left out."""
    train, queries = split.train, split.queries()
    scores = query_vectors @ vectors.T
    scores[np.repeat(np.arange(train.n_products), np.diff(train.indptr)), train.indices] = -np.inf
    np.fill_diagonal(scores, -np.inf)
    lists = np.argsort(-scores, axis=1)[queries, :10]
    return metrics.recall(metrics.hits_of(lists, queries, split), np.diff(split.held_out_lists()[0])[queries])


@pytest.mark.parametrize("model", ["als", "word2vec"])
def test_what_a_model_finds_is_within_the_single_machines_interval(
    session: SparkSession, held_out: tuple[Split, Path], model: str
) -> None:
    """The 95 % interval under resampling of the products; finding more is allowed, and happens to Word2Vec."""
    from spark.factors import SparkAlsSettings, als_vectors
    from spark.walks import SparkWord2VecSettings, word2vec_vectors

    split, place = held_out
    if model == "als":
        table = als_vectors(session, str(place), SparkAlsSettings(dimensions=12, iterations=10, blocks=2), seed=1)
        single = create("als", dimensions=12, iterations=10).fit(split.train, seed=1)
    else:
        table = word2vec_vectors(session, str(place), SparkWord2VecSettings(dimensions=16, epochs=3), seed=1)
        single = create("gensim", dimensions=16).fit(split.train, seed=1)
    held = table.toArrow().to_pandas().set_index("product_id").loc[split.train.product_ids]
    vectors = np.stack(held["vector"].to_list())
    if model == "als":
        queries = np.stack(held["query_vector"].to_list())
    else:  # hierarchical softmax leaves no output vectors: they are compared by their cosine
        queries = vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    theirs = recalls(split, single.vectors, single.query_vectors)
    low, high = metrics.bootstrap_interval(theirs, np.random.default_rng(0))
    assert 0.55 < low < high < 0.7  # ten products drawn at random find a twentieth
    assert recalls(split, vectors, queries).mean() > low


def test_walks_follow_edges_and_depend_on_the_seed_alone(session: SparkSession, folder: Path) -> None:
    from spark.walks import walks

    paths = walks(session, str(folder / "out"), 4, 2, seed=5).toArrow()["path"].to_pylist()
    graph = ProductGraph.from_catalog(tables.read_catalog(folder / "out"))
    assert len(paths) == 2 * 90
    assert {len(path) for path in paths} == {5}
    for path in paths:
        for a, b in pairwise(path):
            assert b in graph.indices[graph.indptr[a] : graph.indptr[a + 1]]  # every step is an edge
            assert graph.listed[b]
    again = walks(session, str(folder / "out"), 4, 2, seed=5).repartition(3).toArrow()["path"].to_pylist()
    assert sorted(again) == sorted(paths)  # whatever the parts
    assert sorted(walks(session, str(folder / "out"), 4, 2, seed=6).toArrow()["path"].to_pylist()) != sorted(paths)


def test_steps_are_taken_in_proportion_to_their_weights(session: SparkSession, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from spark.walks import walks

    for name, table in {
        "products": pa.table({"product_id": ["a", "b", "c"], "listed": [True, True, True]}),
        "pairs": pa.table({"a": ["a", "a"], "b": ["b", "c"], "weight": [1.0, 3.0]}),
    }.items():
        (tmp_path / name).mkdir()
        pq.write_table(table, tmp_path / name / "part.parquet")
    paths = walks(session, str(tmp_path), 1, 4000, seed=0).toArrow()["path"].to_pylist()
    taken = [path[1] for path in paths if path[0] == 0]
    assert len(taken) == 4000
    assert taken.count(2) / len(taken) == pytest.approx(0.75, abs=4 * np.sqrt(0.75 * 0.25 / 4000))


def test_a_format_without_a_job_is_named(session: SparkSession, tmp_path: Path) -> None:
    from spark.lines import what_format

    path = tmp_path / "pairs.tsv"
    path.write_text("A1\tB2\t1.5\nA1\tB3\t2.5\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no format that has a Spark job"):
        what_format(session, [str(path)])
    packed = tmp_path / "orders.csv.gz"
    packed.write_bytes(gzip.compress(b"order_id,product_id\n1,a\n1,b\n"))
    assert what_format(session, [str(packed)]) == "orders"


def test_a_folder_that_holds_no_result_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no result of a Spark job"):
        tables.read_catalog(tmp_path)


def command(patch: pytest.MonkeyPatch, said: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What ``alsobought spark … --json`` prints; it takes the session that runs already."""
    from app.cli import main

    patch.setattr(sys, "argv", ["alsobought", "spark", *arguments, "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    return dict(json.loads(said.readouterr().out))


def test_the_command_writes_pairs(
    session: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = order_file(tmp_path / "orders.csv")
    report = command(monkeypatch, capsys, "pairs", str(path), "--out", str(tmp_path / "out"))
    expected, _ = read_catalog([path])
    assert report["written"] == {"products": len(expected.products), "pairs": len(expected.pairs)}
    pd.testing.assert_frame_equal(tables.read_catalog(tmp_path / "out").pairs, expected.pairs, check_exact=True)


_EVERYTHING = """
CALL () { MATCH (n) RETURN collect({labels: labels(n), held: properties(n)}) AS nodes }
CALL () {
  MATCH (a)-[r]->(b)
  RETURN collect({type: type(r), a: coalesce(a.product_id, a.path), b: coalesce(b.product_id, b.name, b.path),
                  held: properties(r)}) AS links
}
RETURN nodes, links
"""


def everything(database: Database) -> list[list[str]]:
    """Nodes, relationships, constraints and indexes, in an order of their own; times and locks left out."""
    with database.session() as neo4j:
        held = neo4j.run(_EVERYTHING).single(strict=True)
        schema = [
            neo4j.run(f"SHOW {kind} YIELD name, type, labelsOrTypes, properties RETURN *").data()
            for kind in ("CONSTRAINTS", "INDEXES")
        ]
    nodes = [one for one in held["nodes"] if one["labels"] != ["AlsoBoughtLock"]]
    for node in nodes:
        node["held"].pop("created_at", None)
    return [
        sorted(json.dumps(one, sort_keys=True, default=str) for one in many) for many in (nodes, held["links"], *schema)
    ]


@pytest.fixture
def by_connector(
    session: SparkSession, connector: list[Path], database: Database, neo4j_server: ServerAddress,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> Callable[[Path], dict[str, Any]]:  # fmt: skip
    """Loads a result by ``spark load --connector``, in the session that runs already; gives what it reports."""
    if not connector:
        pytest.skip("Neo4j's Spark connector is not in the cache and could not be fetched")
    monkeypatch.setenv("NEO4J_URI", neo4j_server.uri)
    monkeypatch.setenv("NEO4J_USERNAME", neo4j_server.username)
    monkeypatch.setenv("NEO4J_PASSWORD", neo4j_server.password.get_secret_value())

    def load(result: Path) -> dict[str, Any]:
        return command(monkeypatch, capsys, "load", str(result), "--connector")["loaded"]

    return load


@pytest.mark.database
def test_the_connector_fills_a_database_as_a_load_does(
    by_connector: Callable[[Path], dict[str, Any]], folder: Path, database: Database
) -> None:
    report = by_connector(folder / "out")
    catalog = tables.read_catalog(folder / "out")
    n, m = len(catalog.products), len(catalog.pairs)
    assert {name: report[name] for name in report if "products" in name} == {
        "products_written": n, "products_new": n, "products": n,
    }  # fmt: skip
    assert (report["pairs_written"], report["pairs_new"], report["pairs"], report["listed"]) == (m, m, m, 90)
    found, graph = everything(database), export_graph(database)
    same_graph(graph, ProductGraph.from_catalog(catalog))
    empty(database)
    load_catalog(database, catalog)
    assert found == everything(database)
    assert graph.fingerprint == export_graph(database).fingerprint


@pytest.mark.database
def test_the_connector_adds_as_a_load_does_and_may_be_run_again(
    by_connector: Callable[[Path], dict[str, Any]], folder: Path, database: Database
) -> None:
    """What stands there already: other facts, fewer products, other statements, and pairs that nobody states."""
    new = tables.read_catalog(folder / "out")
    products = new.products.copy()
    products["price"] = products["price"].fillna(3.5)
    products.loc[5, ["title", "brand"]] = ["Another title", "Brand that goes"]
    products.at[7, "categories"] = ["Elsewhere > Deep > Down"]
    products.loc[10:20, "listed"] = False
    products.loc[90:, "listed"] = True  # what was listed stays so
    kept = new.pairs["a"] < 70
    pairs = new.pairs[kept].reset_index(drop=True)
    rng = np.random.default_rng(4)
    pairs["relations"] = rng.integers(0, 64, len(pairs)).astype(np.uint8)
    pairs["weight"] = np.where(pairs["relations"] > 0, weight_of(pairs["relations"].to_numpy()), 7.25)
    old = Catalog(products, pairs)
    load_catalog(database, old)
    for _ in range(2):
        report = by_connector(folder / "out")
    assert (report["products_new"], report["pairs_new"]) == (0, 0)
    found = everything(database)
    empty(database)
    load_catalog(database, old)
    load_catalog(database, new)
    assert found == everything(database)


@pytest.mark.database
def test_a_database_that_refuses_is_said_in_a_line(
    session: SparkSession, connector: list[Path], folder: Path, neo4j_server: ServerAddress
) -> None:
    from app.commands import spark as commands
    from spark.connector import Statements, Target, write_result

    if not connector:
        pytest.skip("Neo4j's Spark connector is not in the cache and could not be fetched")
    wrong = Target(neo4j_server.uri, "neo4j", SecretStr("not the password"))
    texts = Statements(*["UNWIND $events AS event RETURN 1"] * 3)
    with pytest.raises(UserError, match="unauthorized") as raised, commands._session("local[2]", 1.0, None):
        write_result(session, str(folder / "out"), wrong, texts, lambda names: None)
    assert "not the password" not in raised.value.message
    assert "not the password" not in repr(wrong)


def test_what_spark_submit_was_told_about_machines_holds(tmp_path: Path) -> None:
    from spark.session import options

    here = options(tmp_path, "local[3]", 2.0, None, [tmp_path / "a.jar"], submitted=False)
    assert (here["spark.master"], here["spark.driver.memory"]) == ("local[3]", "2048m")
    assert (here["spark.driver.host"], here["spark.sql.shuffle.partitions"]) == ("127.0.0.1", 12)
    assert here["spark.jars"] == str(tmp_path / "a.jar")
    cluster = options(tmp_path, "spark://head:7077", 2.0, None, [], submitted=False)
    assert cluster["spark.master"] == "spark://head:7077"
    assert {"spark.driver.host", "spark.sql.shuffle.partitions"}.isdisjoint(cluster)  # its machines must reach us
    submitted = options(tmp_path, "local[*]", 4.0, 7, [tmp_path / "a.jar"], submitted=True)
    assert submitted.pop("spark.sql.shuffle.partitions") == 7
    assert all(name.startswith(("spark.sql.execution.arrow", "spark.sql.session")) for name in submitted)

"""How fast the Cypher library answers, at the size of a real shop, over Bolt, one client, warm.

    python -m benchmarks.query_latency --products 420000 --pairs 4000000 --out benchmarks/results/query_latency.json

Makes a catalogue with bestsellers of thousands of neighbours, imports it into an embedded server of its own (in a
temporary folder, gone afterwards), publishes lists of 20 (and vectors with --dimensions 128: their index takes
minutes), and asks each statement of the library about products drawn by their number of links, as visitors would.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from graph import Catalog, ProductGraph
from graph.bulk import bulk_load
from graph.database import Database
from graph.embedded import EmbeddedServer
from graph.publish import publish
from graph.queries import refresh_popular
from graph.related import Filters, title_words
from graph.relations import weight_of
from graph.run_results import RunResults

#: Milliseconds that the 99th percentile of each statement should stay below, where a target is set.
TARGETS = {"related": 5, "related_filtered": 15, "related_by_vector": 40, "related_by_vector_filtered": 40, "why": 50}
LIST_LENGTH = 20


def make_catalog(products: int, pairs: int, rng: np.random.Generator) -> Catalog:
    """A catalogue with a heavy tail: the most linked of 420,000 products has some 4,000 neighbours."""
    chance = (np.arange(products) + 10.0) ** -0.6
    edges = np.cumsum(chance / chance.sum())
    drawn = np.searchsorted(edges, rng.random((int(pairs * 1.25), 2))).clip(max=products - 1)
    low, high = np.sort(drawn, axis=1).T
    keys = rng.permutation(np.unique(low[low < high] * products + high[low < high]))[:pairs]
    keys.sort()
    name = rng.permutation(products)  # ids say nothing about popularity
    a, b = np.sort(name[np.column_stack([keys // products, keys % products])], axis=1).T
    relations = rng.choice(np.array([1, 2, 3, 4, 5, 17, 21, 63], dtype=np.uint8), size=len(keys))
    words = np.array([f"word{i}" for i in range(5_000)], dtype=object)
    titles = words[rng.zipf(1.3, size=(products, 6)) % len(words)]
    shelf = rng.integers(0, 2_000, size=products)
    table = pd.DataFrame(
        {
            "product_id": [f"EX{i:08d}" for i in range(products)],
            "title": [" ".join(row) for row in titles],
            "brand": [f"Brand {i}" for i in rng.zipf(1.5, size=products) % 20_000],
            "price": np.round(rng.lognormal(3, 1, size=products), 2),
            "categories": [[f"Department {i % 40} > Shelf {i}"] for i in shelf],
            "sales_rank": np.nan,
            "listed": True,
        }
    )
    frame = pd.DataFrame({"a": a.astype(np.int32), "b": b.astype(np.int32)})
    frame["weight"], frame["relations"] = weight_of(relations), relations
    return Catalog(table, frame)


def make_results(graph: ProductGraph, dimensions: int, rng: np.random.Generator) -> RunResults:
    """Lists of 20 drawn products a product, and vectors around centres, as a trained model's are."""
    n = graph.n_products
    columns = np.empty((n, LIST_LENGTH), dtype=np.int64)
    for rank in range(LIST_LENGTH):  # strides of different lengths: nobody twice, nobody itself
        columns[:, rank] = (np.arange(n) + 1 + rank * (n // (LIST_LENGTH + 1)) + np.arange(n) % 97) % n
    ids = graph.product_ids
    related = pd.DataFrame(
        {
            "product_id": np.repeat(ids, LIST_LENGTH),
            "rank": np.tile(np.arange(1, LIST_LENGTH + 1), n),
            "related_id": ids[columns.ravel()],
            "score": np.tile(1.0 / np.arange(1, LIST_LENGTH + 1), n),
            "reason": "through:EX00000001,EX00000002",
        }
    )
    vectors = None
    if dimensions:
        centres = rng.normal(size=(2_000, dimensions)).astype(np.float32)
        vectors = centres[rng.integers(0, 2_000, size=n)] + rng.normal(0, 0.7, (n, dimensions)).astype(np.float32)
    return RunResults(
        run_id="benchmark",
        model="random",
        settings={},
        seed=0,
        graph_fingerprint=graph.fingerprint,
        metadata_fingerprint=graph.metadata_fingerprint,
        created_at="2026-01-01T00:00:00+00:00",
        product_ids=ids,
        listed=graph.listed,
        related=related,
        vectors=vectors,
    )


def questions(
    graph: ProductGraph, with_vectors: bool, rng: np.random.Generator, asked: int
) -> dict[str, list[dict[str, Any]]]:
    """Statement -> the parameters of each time it is asked. Products are drawn by their number of neighbours."""
    ids, chance = graph.product_ids, graph.degree / graph.degree.sum()
    rows = rng.choice(graph.n_products, size=asked, p=chance)
    neighbour = graph.indices[graph.indptr[rows] + rng.integers(0, graph.degree[rows])]
    table, run = graph.products, {"pointer": "default"}
    every = Filters(max_price=25.0, not_brands=("Brand 1",), same_category=False).parameters()
    base = [{"product_id": ids[row], "k": 10} for row in rows]
    facts = [
        {
            "words": title_words(table["title"].iloc[row]),
            "brand": table["brand"].iloc[row],
            "categories": list(table["categories"].iloc[row]),
            "exclude": [ids[row]],
            "k": 10,
        }
        for row in rows
    ]
    found: dict[str, list[dict[str, Any]]] = {
        "related": [{**one, **run} for one in base],
        "related_filtered": [{**one, **run, **every, "exclude_known": True} for one in base],
        "related_with_fallback": [{**one, **run, "k": 15, "candidates": 100} for one in base],
        "related_basket": [
            {"product_ids": [ids[row], *ids[rng.integers(0, graph.n_products, 3)]], "k": 10, **run} for row in rows
        ],
        "why": [
            {"product_id": ids[row], "related_id": ids[other], "k": 3}
            for row, other in zip(rows, neighbour, strict=True)
        ],
        "complements": base,
        "substitutes": base,
        "two_hop": [{**one, "exclude_known": True, "discount": 0.5} for one in base],
        "alike": facts,
        "related_new_product": [{**one, **run} for one in facts],
        "fallback_category": [{**one, **Filters().parameters()} for one in base],
        "popular": [{**one, **Filters().parameters()} for one in base],
        "search_title": [{"words": one["words"].split()[-1], "k": 10} for one in facts],
    }
    if with_vectors:
        found["related_by_vector"] = [{**one, **run, "candidates": 50, "exclude_known": True} for one in base]
        found["related_by_vector_filtered"] = [
            {**one, **run, **every, "candidates": 200, "exclude_known": False} for one in base
        ]
    return found


def measure(database: Database, name: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    """Milliseconds of each question, after as many that do not count; between them, of a question that asks nothing.

    What the floor costs is the driver, the transaction and whatever else the machine does at the time.
    """
    for one in parameters:
        database.read(name, **one)
    times, floor, rows = [], [], 0
    for one in parameters:
        started = time.perf_counter()
        rows += len(database.read(name, **one))
        between = time.perf_counter()
        with database.session(default_access_mode="READ") as session:
            session.execute_read(lambda tx: tx.run("RETURN 1").single())
        floor.append(1000 * (time.perf_counter() - between))
        times.append(1000 * (between - started))
    low, middle, high = np.percentile(times, [50, 95, 99])
    floor_low, floor_high = np.percentile(floor, [50, 99])
    return {
        "asked": len(times),
        "rows": round(rows / len(times), 1),
        "p50_ms": round(float(low), 2),
        "p95_ms": round(float(middle), 2),
        "p99_ms": round(float(high), 2),
        "floor_p50_ms": round(float(floor_low), 2),
        "floor_p99_ms": round(float(floor_high), 2),
        "target_p99_ms": TARGETS.get(name),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description="Latency of the Cypher library.")
    arguments.add_argument("--products", type=int, default=420_000)
    arguments.add_argument("--pairs", type=int, default=4_000_000)
    arguments.add_argument("--dimensions", type=int, default=0, help="of the vectors; 0 publishes lists only")
    arguments.add_argument("--asked", type=int, default=500, help="questions of each statement")
    arguments.add_argument("--memory-mb", type=int, default=4_000, help="of the embedded server")
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--out", type=Path, help="figures as JSON")
    given = arguments.parse_args()
    rng = np.random.default_rng(given.seed)
    catalog = make_catalog(given.products, given.pairs, rng)
    graph = ProductGraph.from_catalog(catalog)
    most = int(graph.degree.max())
    say(f"{graph.n_products:,} products, {graph.n_pairs:,} pairs, at most {most:,} neighbours")
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="alsobought-benchmark-") as folder:
        server = EmbeddedServer(Path(folder) / "database", memory_mb=given.memory_mb)
        try:
            bulk_load(server, catalog)
            address = server.start()
            with Database(address.uri, address.username, address.password) as database:
                report = publish(database, make_results(graph, given.dimensions, rng))
                say(f"published: {report.seconds}, index recall {report.index_recall} among {report.over_retrieval}")
                refresh_popular(database)
                for name, parameters in questions(graph, bool(given.dimensions), rng, given.asked).items():
                    results[name] = measure(database, name, parameters)
                    say(f"{name:28} {json.dumps(results[name])}")
                version = ".".join(map(str, database.version))
        finally:
            server.stop()
    if given.out:
        document = {
            "benchmark": "query_latency",
            "products": graph.n_products,
            "pairs": graph.n_pairs,
            "most_neighbours": most,
            "dimensions": given.dimensions,
            "seed": given.seed,
            "neo4j": version,
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "load_average": [round(value, 1) for value in os.getloadavg()],
            "publish": {"seconds": report.seconds, "index_recall": report.index_recall},
            "statements": results,
        }
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

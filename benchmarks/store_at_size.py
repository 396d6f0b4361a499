"""The store at the size of a real shop: load, export, publish, readers meanwhile, eight clients, a file that changed.

    python -m benchmarks.store_at_size --out benchmarks/results/store_at_size.json

Works on an embedded server of its own (in a temporary folder, gone afterwards). Clients that ask are a process of
their own, so that they do not wait for the Python of the process that loads and publishes. --only names the parts.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measuring import machine, versions
from benchmarks.query_latency import make_catalog, make_results, measure, questions, say
from graph import Catalog, ProductGraph
from graph.bulk import bulk_load
from graph.database import Database
from graph.embedded import EmbeddedServer, ServerAddress
from graph.export import export_graph
from graph.load import load_catalog
from graph.publish import publish

PARTS = ("bulk", "export", "lists", "queries", "publish", "clients", "reload", "bolt")
TARGETS = {
    "bulk_load_s": 60, "export_s": 10, "vectors_s": 45, "publish_s": 480, "bolt_load_s": 150,
    "reload_share": 0.10, "clients_p99_ratio": 3, "readers_p99_ratio": 2,
}  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description="The store at size.")
    arguments.add_argument("--products", type=int, default=420_000)
    arguments.add_argument("--pairs", type=int, default=4_000_000)
    arguments.add_argument("--dimensions", type=int, default=128)
    arguments.add_argument("--asked", type=int, default=500)
    arguments.add_argument("--only", nargs="*", choices=PARTS, default=PARTS)
    arguments.add_argument("--out", type=Path)
    given = arguments.parse_args()
    rng = np.random.default_rng(0)
    catalog = make_catalog(given.products, given.pairs, rng)
    graph = ProductGraph.from_catalog(catalog)
    found: dict[str, Any] = {
        "benchmark": "store_at_size",
        "products": graph.n_products,
        "pairs": graph.n_pairs,
        "machine": machine(),
        "versions": versions("neo4j", "neo4j-rust-ext", "numpy", "pandas"),
        "targets": TARGETS,
    }
    with tempfile.TemporaryDirectory(prefix="alsobought-benchmark-") as folder:
        server = EmbeddedServer(Path(folder) / "database")
        try:
            _on_one_server(server, catalog, graph, given, rng, found)
        finally:
            server.stop()
    if "bolt" in given.only:
        with tempfile.TemporaryDirectory(prefix="alsobought-benchmark-") as folder:
            server = EmbeddedServer(Path(folder) / "database")
            try:
                with _connected(server.start()) as database:
                    started = time.perf_counter()
                    load_catalog(database, catalog)
                    keep(found, "bolt_load_s", time.perf_counter() - started)
                    if "reload" in given.only:
                        _reload(database, catalog, found, rng)
            finally:
                server.stop()
    found["load_after"] = round(os.getloadavg()[0], 2)
    if given.out:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _on_one_server(
    server: EmbeddedServer,
    catalog: Catalog,
    graph: ProductGraph,
    given: argparse.Namespace,
    rng: np.random.Generator,
    found: dict[str, Any],
) -> None:
    started = time.perf_counter()
    bulk_load(server, catalog)
    keep(found, "bulk_load_s", time.perf_counter() - started)
    address = server.start()
    with _connected(address) as database:
        found["neo4j"] = ".".join(map(str, database.version))
        if "export" in given.only:
            times = []
            for _ in range(4):
                started = time.perf_counter()
                exported = export_graph(database)
                times.append(round(time.perf_counter() - started, 2))
            assert exported.fingerprint == graph.fingerprint, "what comes out is what went in"
            keep(found, "export_first_s", times[0])
            keep(found, "export_s", float(np.median(times[1:])))
        results = make_results(graph, given.dimensions, rng)
        lists_only = dataclasses.replace(results, run_id="lists_only", vectors=None)
        report = publish(database, lists_only, keep_others=True)
        keep(found, "publish_lists_only", report.seconds)
        if "queries" in given.only:
            _warm(database, questions(graph, False, rng, 100))
            found["one_client"] = {}
            for name, parameters in questions(graph, False, rng, given.asked).items():
                keep(found["one_client"], name, measure(database, name, parameters))
        if "publish" in given.only:
            with _readers(address, "lists", 8, 3.0, idle := Path(server.folder) / "idle.json"):
                time.sleep(20)
            with _readers(address, "lists", 8, 3.0, busy := Path(server.folder) / "busy.json"):
                report = publish(database, results, keep_others=True)
            keep(found, "publish", report.seconds)
            keep(found, "publish_s", sum(report.seconds.values()))
            keep(found, "vectors_s", report.seconds["vectors"])
            keep(found, "index_recall", [report.index_recall, report.over_retrieval])
            found["readers"] = {"idle": json.loads(idle.read_text()), "publishing": json.loads(busy.read_text())}
            ratio = found["readers"]["publishing"]["lists"]["p99_ms"] / found["readers"]["idle"]["lists"]["p99_ms"]
            say(json.dumps(found["readers"]))
            keep(found, "readers_p99_ratio", ratio)
            if "queries" in given.only:
                for name, parameters in questions(graph, True, rng, given.asked).items():
                    if "vector" in name:
                        keep(found["one_client"], name, measure(database, name, parameters))
        if "clients" in given.only:
            one, eight = Path(server.folder) / "one.json", Path(server.folder) / "eight.json"
            with _readers(address, "both", 1, 27.5, one):
                time.sleep(20)
            with _readers(address, "both", 8, 27.5, eight):
                time.sleep(20)
            found["clients"] = {"one": json.loads(one.read_text()), "eight": json.loads(eight.read_text())}
            say(json.dumps(found["clients"]))
            for kind in ("lists", "vectors"):
                if kind in found["clients"]["one"]:
                    ratio = found["clients"]["eight"][kind]["p99_ms"] / found["clients"]["one"][kind]["p99_ms"]
                    keep(found, f"clients_p99_ratio_{kind}", ratio)


def _warm(database: Database, asked: dict[str, list[dict[str, Any]]], seconds: float = 60.0) -> None:
    """Ask all statements in turn: a server that has just written a run compiles and tidies up for a while."""
    end = time.perf_counter() + seconds
    turn = 0
    while time.perf_counter() < end:
        for name, parameters in asked.items():
            database.read(name, **parameters[turn % len(parameters)])
        turn += 1


def _reload(database: Database, catalog: Catalog, found: dict[str, Any], rng: np.random.Generator) -> None:
    """The same file, where one product in a hundred has another price and one pair in a hundred has gone or is new."""
    products, pairs = catalog.products.copy(), catalog.pairs
    changed = rng.random(len(products)) < 0.01
    products.loc[changed, "price"] = products.loc[changed, "price"] + 1
    kept = pairs[rng.random(len(pairs)) >= 0.005]
    new = pd.DataFrame({"a": rng.integers(0, len(products) // 2, len(pairs) // 200)})
    new["b"] = new["a"] + 1 + rng.integers(0, len(products) // 2 - 1, len(new))
    new["weight"], new["relations"] = 1.0, np.uint8(1)
    new = new.astype({"a": np.int32, "b": np.int32})
    merged = pd.concat([kept, new]).drop_duplicates(["a", "b"], ignore_index=True)
    started = time.perf_counter()
    report = load_catalog(database, Catalog(products, merged.astype(pairs.dtypes.to_dict())), replace=True)
    seconds = time.perf_counter() - started
    keep(found, "reload_s", seconds)
    keep(found, "reload", {key: value for key, value in report.to_dict().items() if key.startswith(("prod", "pairs"))})
    keep(found, "reload_share", seconds / found["bolt_load_s"])


def keep(where: dict[str, Any], name: str, value: Any) -> None:
    """Write a figure down and say it."""
    where[name] = round(value, 3) if isinstance(value, float) else value
    say(f"{name:28} {json.dumps(where[name])}" + (f"   (at most {TARGETS[name]})" if name in TARGETS else ""))


@contextmanager
def _connected(address: ServerAddress) -> Iterator[Database]:
    with Database(address.uri, address.username, address.password) as database:
        yield database


@contextmanager
def _readers(address: ServerAddress, what: str, clients: int, a_second: float, out: Path) -> Iterator[None]:
    """Clients in a process of their own that ask while the block runs."""
    assert address.password is not None
    environment = {**os.environ, "READER_PASSWORD": address.password.get_secret_value()}
    command = [sys.executable, "-m", "benchmarks.store_at_size_clients"]
    child = subprocess.Popen(
        [*command, address.uri, what, str(clients), str(a_second), str(out)], env=environment, stdin=subprocess.PIPE
    )
    try:
        time.sleep(10)  # connected, and warm
        yield
    finally:
        child.communicate(timeout=60)  # the end of its input stops it


if __name__ == "__main__":
    main()

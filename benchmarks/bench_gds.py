"""Walks, node2vec, FastRP and PageRank beside Neo4j's Graph Data Science library, where its jars can be had.

    .venv/bin/python -m benchmarks.bench_gds [--products 420000] [--pairs 4000000] [--runs 5] [--out FILE]

The same made-up catalogue on both sides: in an embedded Neo4j of its own (a temporary folder, gone afterwards), from
where the library projects it into its memory, and here. Two threads and the same settings for both. The library's
seconds are those that it says it computed, without projecting the graph and without handing vectors over; ours are the
wall's, which for node2vec include preparing the walks. Its ``walkLength`` counts products, ours steps, of which we do
one more. node2vec takes the library minutes, so it has runs of its own number, of which none only warms up. PageRank's
tables are prepared before; ``bench_sizes`` says how long that takes.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.catalogues import catalogue
from benchmarks.gds import VERSION, GdsServer
from benchmarks.measuring import report, row, save, target, times, versions
from graph import Catalog, ProductGraph
from graph.bulk import bulk_load
from graph.database import Database
from graph.embedded.guard import Guard
from models.fastrp import FastRp, FastRpSettings
from models.pagerank import PersonalizedPageRank
from models.skipgram import SkipGramSettings, train_on_walks
from models.threads import thread_count
from models.walks import Walker

LENGTH, PER_NODE, DIMENSIONS, WINDOW, NEGATIVES = 10, 10, 128, 5, 5
NODE2VEC = f"node2vec, {PER_NODE} x {LENGTH}, one epoch, {DIMENSIONS} numbers"
FASTRP, WALKS, PAGERANK = f"FastRP, {DIMENSIONS} numbers, 4 steps", "walks, first order", "PageRank of one product"
_PROJECT = """
CALL gds.graph.project('shop', 'Product', {ALSO_BOUGHT: {orientation: 'UNDIRECTED', properties: 'weight'}},
                       {readConcurrency: $threads})
YIELD nodeCount, relationshipCount RETURN nodeCount AS nodes, relationshipCount AS edges
"""
_NODE2VEC = """
CALL gds.node2vec.mutate('shop', {mutateProperty: $property, relationshipWeightProperty: 'weight',
  walkLength: $length, walksPerNode: $per_node, iterations: 1, embeddingDimension: $dimensions, windowSize: $window,
  negativeSamplingRate: $negatives, concurrency: $threads, sudo: true})
YIELD computeMillis RETURN computeMillis AS took
"""
_FASTRP = """
CALL gds.fastRP.stats('shop', {relationshipWeightProperty: 'weight', embeddingDimension: $dimensions,
  iterationWeights: [0.0, 1.0, 1.0, 1.0], concurrency: $threads, sudo: true})
YIELD computeMillis RETURN computeMillis AS took
"""
_WALKS = """
CALL gds.randomWalk.stats('shop', {relationshipWeightProperty: 'weight', walkLength: $length, walksPerNode: 1,
  concurrency: $threads, sudo: true})
YIELD computeMillis RETURN computeMillis AS took
"""
_PAGERANK = """
MATCH (p:Product {product_id: $product})
CALL gds.pageRank.stats('shop', {relationshipWeightProperty: 'weight', sourceNodes: [p], concurrency: $threads})
YIELD computeMillis RETURN computeMillis AS took
"""


def catalog_of(graph: ProductGraph) -> Catalog:
    """What ingestion would have read, for a made-up graph."""
    a = np.repeat(np.arange(graph.n_products), graph.degree)
    once = a < graph.indices
    pairs = pd.DataFrame({"a": a[once].astype(np.int32), "b": graph.indices[once].astype(np.int32)})
    pairs["weight"], pairs["relations"] = graph.edge_weight[once].astype(np.float64), graph.relations[once]
    return Catalog(graph.products.reset_index(), pairs)


class Gds:
    """The library on the catalogue of ``graph``, in a temporary database; a context manager.

    Args:
        graph: The same products and pairs as ours.
        threads: For everything.
        memory_mb: Heap and page cache of the server.
    """

    def __init__(self, graph: ProductGraph, threads: int, memory_mb: int) -> None:
        self._graph, self._threads, self._memory_mb = graph, threads, memory_mb
        self._exit = ExitStack()

    def __enter__(self) -> Gds:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="alsobought-benchmark-"))
            self._server = GdsServer(Path(folder) / "database", memory_mb=self._memory_mb)
            guard = Guard(self._server.folder)  # should this process be killed
            stack.callback(guard.dismiss)
            stack.callback(self._server.stop)
            bulk_load(self._server, catalog_of(self._graph))
            address = self._server.start()
            database = stack.enter_context(Database(address.uri, address.username, address.password))
            self._session = stack.enter_context(database.session())
            projected = self._session.run(_PROJECT, threads=self._threads).single(strict=True)
            if (projected["nodes"], projected["edges"]) != (self._graph.n_products, 2 * self._graph.n_pairs):
                raise RuntimeError(f"Neo4j's library projected another graph: {dict(projected)}")
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._exit.close()

    def seconds(self, name: str, run: int) -> float:
        """What the library says that it computed for; each run asks about another product."""
        row = self._session.run(
            _STATEMENTS[name], threads=self._threads, length=LENGTH, per_node=PER_NODE, dimensions=DIMENSIONS,
            window=WINDOW, negatives=NEGATIVES, property=f"vector_{run}", product=product_of(self._graph, run)[1],
        ).single(strict=True)  # fmt: skip
        return float(row["took"]) / 1000

    def peak_mib(self) -> float:
        """Peak resident memory of its server."""
        return self._server.peak_mib()


_STATEMENTS = {NODE2VEC: _NODE2VEC, FASTRP: _FASTRP, WALKS: _WALKS, PAGERANK: _PAGERANK}


def product_of(graph: ProductGraph, run: int) -> tuple[int, str]:
    """Row and id of the product that a run asks about; one with pairs."""
    row = int(np.random.default_rng([1, run]).choice(np.flatnonzero(graph.degree > 0)))
    return row, str(graph.product_ids[row])


def ours(graph: ProductGraph, threads: int) -> dict[str, Callable[[int], object]]:
    """What this project does, by name; each gets the number of its run."""
    settings = SkipGramSettings(
        dimensions=DIMENSIONS, window=WINDOW, negatives=NEGATIVES, shared_negatives=20, epochs=1
    )
    projection = FastRpSettings(dimensions=DIMENSIONS, step_1=0.0, step_2=1.0, step_3=1.0, step_4=1.0)
    starts, prepared = np.arange(graph.n_products), Walker(graph, threads=threads)
    spread = PersonalizedPageRank().fit(graph)

    def node2vec(run: int) -> object:
        return train_on_walks(
            Walker(graph, threads=threads), settings, walk_length=LENGTH, walks_per_node=PER_NODE,
            seed=np.random.SeedSequence(run), threads=threads,
        )  # fmt: skip

    return {
        FASTRP: lambda run: FastRp(projection).fit(graph, seed=run),
        WALKS: lambda run: prepared.walk(starts, LENGTH, seed=run),
        PAGERANK: lambda run: spread.recommend(np.array([product_of(graph, run)[0]]), 100),
        NODE2VEC: node2vec,
    }


def seconds_of(work: Callable[[int], object], run: int) -> float:
    """The wall's."""
    start = time.perf_counter()
    work(run)
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=420_000)
    parser.add_argument("--pairs", type=int, default=4_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--slow-runs", type=int, default=1, help="runs of the library's node2vec")
    parser.add_argument("--own-slow-runs", type=int, default=3, help="runs of ours")
    parser.add_argument("--memory-mb", type=int, default=9000, help="heap and page cache of Neo4j")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    threads = thread_count(None)
    graph = catalogue(given.products, given.pairs, given.seed)
    work = ours(graph, threads)
    seconds: dict[tuple[str, str], list[float]] = {}
    absent: dict[str, str] = {}
    peak = 0.0

    def note(name: str, by: str, took: float, counts: bool) -> None:
        if counts:
            seconds.setdefault((name, by), []).append(took)
        print(f"  {name}, {by}: {took:.3f} s", file=sys.stderr, flush=True)

    with ExitStack() as stack:
        peer = None
        try:
            peer = stack.enter_context(Gds(graph, threads, given.memory_mb))
        except Exception as error:  # no network, no memory, no Java: whatever it is, ours are measured
            absent["GDS"] = str(error).splitlines()[0] if str(error) else type(error).__name__
        for run in range(given.runs + 1):
            for name in (FASTRP, PAGERANK):  # the first run only warms up
                if peer is not None:
                    note(name, "GDS", peer.seconds(name, run), run > 0)
                note(name, "alsobought", seconds_of(work[name], run), run > 0)
        for run in range(given.own_slow_runs + 1):
            note(NODE2VEC, "alsobought", seconds_of(work[NODE2VEC], run), run > 0)
            if peer is not None and run < given.slow_runs:
                note(NODE2VEC, "GDS", peer.seconds(NODE2VEC, run), True)
        for by in ("alsobought", "GDS"):  # last: a thread of the library's goes on watching its queue of walks
            for run in range(given.runs + 1):
                if by == "alsobought":
                    note(WALKS, by, seconds_of(work[WALKS], run), run > 0)
                elif peer is not None:
                    note(WALKS, by, peer.seconds(WALKS, run), run > 0)
        if peer is not None:
            peak = peer.peak_mib()
    rows, targets = compared(seconds, graph, peak)
    save(
        report(
            "gds", rows, targets, products=graph.n_products, pairs=graph.n_pairs, threads=threads, clock="wall",
            seed=given.seed, versions={**versions("numpy", "numba"), "gds": VERSION}, absent=absent,
        ),
        given.out,
    )  # fmt: skip


def compared(
    seconds: dict[tuple[str, str], list[float]], graph: ProductGraph, peak: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows and targets of what took so many seconds; ``peak`` MiB are the library's server's."""
    size = f"{graph.n_products:,} / {graph.n_pairs:,}"
    rows: list[dict[str, Any]] = []
    for (name, by), values in seconds.items():
        more = {"peak_mib": peak} if by == "GDS" and peak else {}
        if name == WALKS:  # a walk of the library's is one step shorter
            steps = graph.n_products * (LENGTH - 1 if by == "GDS" else LENGTH)
            rows.append(row(f"{name}, {size}", by, [steps / value for value in values], "steps/s", **more))
        else:
            rows.append(row(f"{name}, {size}", by, values, "s", better="lower", **more))
    targets = []
    for name, wanted in ((NODE2VEC, ">= 5 times GDS"), (FASTRP, ">= 1 times GDS")):
        ratio = times(rows, f"{name}, {size}", "alsobought", "GDS")
        if ratio is not None:
            targets.append(target(name, ratio, wanted))
    return rows, targets


if __name__ == "__main__":
    main()

"""Time and peak memory at one size of catalogue: prepare walks, walk, learn, project, spread, factorize.

    .venv/bin/python -m benchmarks.bench_sizes PRODUCTS PAIRS [--walks-per-node 1] [--sample 20000] [--svd] [--out FILE]

One process a size, so that the peak is that size's own; every stage says what the process held at most by then. The
walks are 10 steps long, vectors have 128 numbers; PageRank names the first 20 of a sample of the products, and its
seconds are scaled to all. ``--svd`` factorizes PageRank, too, which needs the most memory of all.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.catalogues import catalogue
from benchmarks.measuring import CLOCKS, peak_mib, report, row, save, versions
from models.fastrp import FastRp, FastRpSettings
from models.pagerank import PersonalizedPageRank
from models.pagerank_svd import PageRankSvd, PageRankSvdSettings
from models.skipgram import SkipGramSettings, train_on_walks
from models.threads import thread_count
from models.walks import Walker


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("products", type=int)
    parser.add_argument("pairs", type=int)
    parser.add_argument("--walks-per-node", type=int, default=1)
    parser.add_argument("--sample", type=int, default=20_000)
    parser.add_argument("--svd", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="processor: its seconds divided by the threads, on a busy machine",
    )
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    warm_up()
    rows: list[dict[str, Any]] = []
    now, threads = CLOCKS[given.clock], thread_count(None)
    share = threads if given.clock == "processor" else 1

    def stage(name: str, work: Callable[[], Any], scale: float = 1.0) -> Any:
        start = now()
        made = work()
        seconds = (now() - start) * scale / share
        rows.append(row(name, "alsobought", [seconds], "s", better="lower", peak_mib=peak_mib()))
        return made

    graph = stage(
        "make the catalogue, one thread", lambda: catalogue(given.products, given.pairs, given.seed), float(share)
    )
    made: dict[str, Any] = {}  # what one stage hands to the next, let go where it is not needed any more
    made["walker"] = stage("prepare walks", lambda: Walker(graph))
    million = np.arange(1_000_000) % graph.n_products
    stage("walk a million walks", lambda: made["walker"].walk(million, 10, seed=given.seed))
    settings = SkipGramSettings(epochs=1)
    stage(
        f"skip-gram, an epoch of {given.walks_per_node} walks a product",
        lambda: train_on_walks(
            made["walker"], settings, walk_length=10, walks_per_node=given.walks_per_node,
            seed=np.random.SeedSequence(given.seed),
        ),
    )  # fmt: skip
    made.clear()
    projection = FastRpSettings(dimensions=128, step_1=0.0, step_2=1.0, step_3=1.0, step_4=1.0)
    stage("FastRP", lambda: FastRp(projection).fit(graph, seed=given.seed))
    made["walk"] = stage("prepare PageRank", lambda: PersonalizedPageRank().fit(graph))
    sample = min(given.sample, graph.n_products)
    asked = np.sort(np.random.default_rng(1).choice(graph.n_products, sample, replace=False))
    stage(
        "PageRank, first 20 of every product",
        lambda: made["walk"].recommend(asked, 20),
        scale=graph.n_products / sample,
    )
    made.clear()
    if given.svd:
        stage("PageRank, factorized", lambda: PageRankSvd(PageRankSvdSettings(dimensions=128)).fit(graph))
    save(
        report(
            "sizes", rows, [], products=graph.n_products, pairs=graph.n_pairs, sample=sample, threads=threads,
            clock=given.clock, seed=given.seed,
            versions=versions("numpy", "numba"),
        ),
        given.out,
    )  # fmt: skip


def warm_up() -> None:
    """Compile, or load from the cache of compiled kernels, what the stages use."""
    graph = catalogue(500, 2000, 1)
    walker = Walker(graph)
    train_on_walks(walker, SkipGramSettings(epochs=1), walk_length=10, walks_per_node=1, seed=np.random.SeedSequence(0))
    FastRp(FastRpSettings(dimensions=128)).fit(graph)
    PersonalizedPageRank().fit(graph).recommend(np.arange(10), 5)


if __name__ == "__main__":
    main()

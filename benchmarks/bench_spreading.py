"""PageRank and FastRP: seconds for every product, and what pruning loses.

    .venv/bin/python -m benchmarks.bench_spreading [--products 420000] [--pairs 4000000] [--sample 20000] [--out FILE]

PageRank names the first 100 of a sample of the products, drawn evenly, and its seconds are scaled to all of them: a
product costs the same whichever others are asked about. FastRP has 128 numbers a vector and the weights 0, 1, 1, 1 of
Neo4j's Graph Data Science, whose own time on two threads, measured beforehand on a machine of this kind, is 2.7 to
4.2 seconds. With ``--file`` (Amazon metadata) recall@10 is measured with the very threshold that the large catalogue
gets and without any, a third of the pairs held out; else on a generated catalogue of Amazon Beauty's size.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.bench_skipgram import recall_of, small_catalogue
from benchmarks.catalogues import catalogue
from benchmarks.measuring import CLOCKS, report, row, save, target, versions
from models.evaluation import split_pairs
from models.fastrp import FastRp, FastRpSettings
from models.pagerank import PageRankSettings, PersonalizedPageRank
from models.threads import thread_count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=420_000)
    parser.add_argument("--pairs", type=int, default=4_000_000)
    parser.add_argument("--sample", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="processor: its seconds divided by the threads, on a busy machine",
    )
    parser.add_argument("--file", type=Path)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    graph = catalogue(arguments.products, arguments.pairs, arguments.seed)
    sample = min(arguments.sample, graph.n_products)
    asked = np.sort(np.random.default_rng(1).choice(graph.n_products, sample, replace=False))
    rank_seconds, project_seconds = [], []
    projection = FastRpSettings(dimensions=128, step_1=0.0, step_2=1.0, step_3=1.0, step_4=1.0)
    threads = thread_count(None)
    share = threads if arguments.clock == "processor" else 1
    now = CLOCKS[arguments.clock]
    for run in range(arguments.runs + 1):
        start = now()
        walk = PersonalizedPageRank().fit(graph)
        fitted = now()
        walk.recommend(asked, 100)
        ranked = now()
        FastRp(projection).fit(graph, seed=run)
        if run:  # the first one compiles
            rank_seconds.append((fitted - start + (ranked - fitted) * graph.n_products / sample) / share)
            project_seconds.append((now() - ranked) / share)
    size = f"{graph.n_products:,} / {graph.n_pairs:,}"
    rows = [
        row(f"PageRank, first 100 of every product, {size}", "alsobought", rank_seconds, "s", better="lower"),
        row(f"FastRP, 128 numbers, 4 steps, {size}", "alsobought", project_seconds, "s", better="lower"),
    ]
    split = split_pairs(small_catalogue(arguments.file, inside=False))
    used = walk._spread.threshold
    recalls = {}
    for name, threshold in {"exact": 0.0, f"threshold {used:.1e}": used}.items():
        model = PersonalizedPageRank(PageRankSettings(threshold=threshold)).fit(split.train)
        recalls[name] = recall_of(split, model.recommend(split.queries(), 10)[0])
        rows.append(row(f"PageRank, recall@10, {name}", "alsobought", [recalls[name]], "share"))
    exact, pruned = recalls.values()
    targets = [
        target("PageRank's recall@10 as a share of the exact one", pruned / exact, ">= 0.99 of exact"),
    ]
    if (arguments.products, arguments.pairs) == (420_000, 4_000_000):
        targets += [
            target(rows[0]["name"], rows[0]["median"], "<= 45 s"),
            target(rows[1]["name"], rows[1]["median"], "<= 4.2 s (Neo4j GDS: 2.7 to 4.2)"),
        ]
    save(
        report(
            "spreading", rows, targets, sample=sample, threads=threads, clock=arguments.clock, seed=arguments.seed,
            file=arguments.file.name if arguments.file else None, versions=versions("numpy", "numba"),
        ),
        arguments.out,
    )  # fmt: skip


if __name__ == "__main__":
    main()

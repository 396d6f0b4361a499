"""Skip-gram: words a second and what it finds, beside gensim with the same walks' settings and as many epochs.

    .venv/bin/python -m benchmarks.bench_skipgram FILE [--runs 5] [--epochs 5] [--out FILE]

FILE is Amazon metadata; a third of its pairs is held out, recall@10 is over all products, known ones left out. The
two train in turn, on as many threads. gensim gets its walks ready-made as lists of text and its time does not hold
them; ours walks while it trains, and its time holds that.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measuring import machine, peak_mib, save, summary, versions
from graph import ProductGraph
from models.evaluation import split_pairs
from models.evaluation.split import Split
from models.ranking import rank_by_inner_product
from models.skipgram import SkipGramSettings, train_on_walks
from models.walks import Walker

LENGTH, PER_NODE = 10, 10
Vectors = tuple[NDArray[np.float32], NDArray[np.float32]]


def read(path: Path) -> ProductGraph:
    from ingest import read_catalog

    catalog, _ = read_catalog([path])
    return ProductGraph.from_catalog(catalog).listed_only()


def recall_at_10(split: Split, query: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    indptr, held_out = split.held_out_lists()
    queries = split.queries()
    lists, _ = rank_by_inner_product(split.train, query, found, queries, 10, exclude_known=True)
    shares = []
    for product, listed in zip(queries, lists, strict=True):
        wanted = held_out[indptr[product] : indptr[product + 1]]
        shares.append(len(np.intersect1d(listed, wanted)) / min(10, len(wanted)))
    return float(np.mean(shares))


def ours(split: Split, threads: int, **settings: Any) -> Callable[[int], Vectors]:
    walker = Walker(split.train, threads=threads)
    chosen = SkipGramSettings(**settings)

    def train(seed: int) -> Vectors:
        return train_on_walks(
            walker,
            chosen,
            walk_length=LENGTH,
            walks_per_node=PER_NODE,
            seed=np.random.SeedSequence(seed),
            threads=threads,
        )

    return train


def gensim(split: Split, threads: int, epochs: int, **settings: Any) -> Callable[[int], Vectors]:
    from gensim.models import Word2Vec

    n = split.train.n_products
    starts = np.tile(np.flatnonzero(split.train.degree > 0), PER_NODE)
    walked = Walker(split.train).walk(starts, LENGTH, seed=0)
    order = np.random.default_rng(0).permutation(len(walked))
    sentences = [[str(row) for row in walk] for walk in walked[order].tolist()]

    def train(seed: int) -> Vectors:
        model = Word2Vec(
            sentences, vector_size=128, window=5, negative=5, sg=1, min_count=1, sample=0, workers=threads,
            epochs=epochs, seed=seed, **settings,
        )  # fmt: skip
        inputs, outputs = np.zeros((2, n, 128), dtype=np.float32)
        rows = np.array([int(word) for word in model.wv.index_to_key])
        inputs[rows], outputs[rows] = model.wv.vectors, model.syn1neg
        return inputs, outputs

    return train


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    before = machine()
    split = split_pairs(read(arguments.file))
    words = int((split.train.degree > 0).sum()) * PER_NODE * (LENGTH + 1) * arguments.epochs
    epochs, threads = arguments.epochs, arguments.threads
    contestants = {
        "alsobought": ours(split, threads, epochs=epochs),
        "alsobought, 32 shared negatives": ours(split, threads, epochs=epochs, shared_negatives=32),
        "alsobought, hogwild": ours(split, threads, epochs=epochs, hogwild=True),
        "alsobought, 32 shared negatives, hogwild": ours(
            split, threads, epochs=epochs, shared_negatives=32, hogwild=True
        ),
        "alsobought, gensim's power and count of negatives": ours(
            split, threads, epochs=epochs, negatives=5, sampling_power=0.75
        ),
    }
    absent: dict[str, str] = {}
    try:
        contestants["gensim"] = gensim(split, threads, epochs)
    except ImportError as error:
        absent["gensim"] = str(error)
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    recalls: dict[str, dict[str, list[float]]] = {name: {"cosine": [], "inner": []} for name in contestants}
    for run in range(arguments.runs + 1):  # the first compiles and is not counted
        for name, train in contestants.items():
            start = time.perf_counter()
            inputs, outputs = train(run)
            rate = words / (time.perf_counter() - start)
            if not run:
                continue
            unit = inputs / np.maximum(np.linalg.norm(inputs, axis=1, keepdims=True), 1e-12)
            rates[name].append(rate)
            recalls[name]["cosine"].append(recall_at_10(split, unit, unit))
            recalls[name]["inner"].append(recall_at_10(split, inputs, outputs))
    medians = {name: summary(values) for name, values in rates.items()}
    save(
        {
            "benchmark": "skip-gram",
            "file": arguments.file.name,
            "words": words,
            "epochs": epochs,
            "threads": threads,
            "seeds": list(range(1, arguments.runs + 1)),
            "split_seed": 42,
            "machine": before,
            "versions": versions("numpy", "numba", "gensim"),
            "absent": absent,
            "peak_mib": peak_mib(),
            "rows": [
                {
                    "by": name,
                    "words_a_second": medians[name],
                    "times_gensim": medians[name]["median"] / medians["gensim"]["median"]
                    if "gensim" in medians
                    else None,
                    "recall_at_10_cosine": summary(recalls[name]["cosine"]),
                    "recall_at_10_inner": summary(recalls[name]["inner"]),
                }
                for name in contestants
            ],
        },
        arguments.out,
    )


if __name__ == "__main__":
    main()

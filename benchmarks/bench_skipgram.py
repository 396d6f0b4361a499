"""Skip-gram: words a second and what it finds, beside gensim on the same walks' settings and as many epochs.

    .venv/bin/python -m benchmarks.bench_skipgram [FILE] [--runs 5] [--epochs 5] [--out FILE]

FILE is Amazon metadata; without one, a catalogue of Amazon Beauty's size is made up. A third of the pairs is held out,
recall@10 is over all products, known ones left out. The contestants train in turn, on as many threads, an epoch each
for the rates; then once ``--epochs`` epochs for what they find. gensim gets its walks ready-made as lists of text and
its time does not hold them; ours walks while it trains, and its time holds that.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.catalogues import catalogue
from benchmarks.measuring import CLOCKS, alternate, report, row, save, target, times, versions
from graph import ProductGraph
from models.evaluation import split_pairs
from models.evaluation.split import Split
from models.ranking import rank_by_inner_product
from models.skipgram import SkipGramSettings, train_on_walks
from models.walks import Walker

LENGTH, PER_NODE = 10, 10
Vectors = tuple[NDArray[np.float32], NDArray[np.float32]]

#: As many negatives as gensim's default, and as few shared ones as keep both recalls above it.
LIGHT = {"negatives": 5, "shared_negatives": 20}
CONTESTANTS: dict[str, dict[str, Any]] = {
    "alsobought": {},
    "alsobought, 5 negatives, 20 shared": LIGHT,
    "alsobought, 5 negatives, 20 shared, hogwild": {**LIGHT, "hogwild": True},
    "alsobought, 52 shared": {"shared_negatives": 52},
}


def small_catalogue(path: Path | None, *, inside: bool = True) -> ProductGraph:
    """The catalogue in a file, or a made-up one of Amazon Beauty's size; ``inside`` drops what is not listed."""
    if path is None:
        return catalogue(12_000, 240_000, seed=0)
    from ingest import read_catalog

    found, _ = read_catalog([path])
    graph = ProductGraph.from_catalog(found)
    return graph.listed_only() if inside else graph


def recall_of(split: Split, lists: NDArray[np.int64]) -> float:
    """recall@10 of the ``lists`` int64[q, 10] for the products that have held-out pairs."""
    indptr, held_out = split.held_out_lists()
    shares = []
    for product, listed in zip(split.queries(), lists, strict=True):
        wanted = held_out[indptr[product] : indptr[product + 1]]
        shares.append(len(np.intersect1d(listed, wanted)) / min(10, len(wanted)))
    return float(np.mean(shares))


def recall_at_10(split: Split, query: NDArray[np.float32], found: NDArray[np.float32]) -> float:
    """recall@10 of inner products."""
    return recall_of(
        split, rank_by_inner_product(split.train, query, found, split.queries(), 10, exclude_known=True)[0]
    )


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
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--clock", choices=CLOCKS, default="wall", help="processor: with --threads 1, on a busy machine"
    )
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    split = split_pairs(small_catalogue(arguments.file))
    words = float((split.train.degree > 0).sum() * PER_NODE * (LENGTH + 1))
    threads, seed = arguments.threads, 1

    def makers(epochs: int) -> dict[str, Callable[[int], Vectors]]:
        found = {name: ours(split, threads, epochs=epochs, **chosen) for name, chosen in CONTESTANTS.items()}
        return {**found, "gensim": gensim(split, threads, epochs)}

    def counted(train: Callable[[int], Vectors]) -> Callable[[], float]:
        def work() -> float:
            train(seed)
            return words

        return work

    rates = alternate(
        {name: counted(train) for name, train in makers(1).items()}, arguments.runs, clock=arguments.clock
    )
    rows = [row("skip-gram, words", name, values, "words/s") for name, values in rates.items()]
    recalls: dict[str, dict[str, float]] = {}
    for name, train in makers(arguments.epochs).items():
        inputs, outputs = train(seed)
        unit = inputs / np.maximum(np.linalg.norm(inputs, axis=1, keepdims=True), 1e-12)
        recalls[name] = {"cosine": recall_at_10(split, unit, unit), "inner": recall_at_10(split, inputs, outputs)}
        rows += [row(f"skip-gram, recall@10, {form}", name, [value], "share") for form, value in recalls[name].items()]
    targets = []
    for name in ("alsobought", "alsobought, 5 negatives, 20 shared"):
        ratio = times(rows, "skip-gram, words", name, "gensim")
        if ratio is not None:
            targets.append(target(f"skip-gram, words, {name}", ratio, ">= 10 times gensim"))
        for form, value in recalls[name].items():
            share = value / recalls["gensim"][form]
            targets.append(target(f"skip-gram, recall@10 {form}, {name}", share, ">= 1 times gensim"))
    save(
        report(
            "skip-gram",
            rows,
            targets,
            file=arguments.file.name if arguments.file else None,
            words_an_epoch=int(words),
            epochs=arguments.epochs,
            threads=threads,
            clock=arguments.clock,
            seed=seed,
            split_seed=42,
            versions=versions("numpy", "numba", "gensim"),
        ),
        arguments.out,
    )


if __name__ == "__main__":
    main()

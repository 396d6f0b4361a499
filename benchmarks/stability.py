"""How much of the lists stays when nothing but the seed changes: begun from nothing, and from the vectors that serve.

    .venv/bin/python -m benchmarks.stability CATALOGUE.json.gz MODEL [MODEL …] [--set key=value]… [--out FILE]

Lists are those that are served, known products included, of the listed products with a link to another listed one.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from app.setting_texts import parse_settings
from benchmarks.measuring import machine, save, versions
from graph import ProductGraph
from ingest import IngestSettings, read_catalog
from models import Embedding, Ranker, create
from models.evaluation import Split, metrics, split_pairs
from models.registry import model_class
from models.warm_start import StartVectors, WarmStart, aligned


def overlap(one: np.ndarray, other: np.ndarray, k: int) -> float:
    """Mean share of the first ``k`` that two sets of lists, int64[m, at least k], have in common."""
    shares = []
    for a, b in zip(one[:, :k].tolist(), other[:, :k].tolist(), strict=True):
        first = set(a) - {-1}
        if first:
            shares.append(len(first & set(b)) / len(first))
    return float(np.mean(shares)) if shares else float("nan")


def measured(name: str, settings: dict[str, Any], graph: ProductGraph, rows: np.ndarray) -> dict[str, Any]:
    """Overlap of two seeds' lists, and of a warm start's where the model can."""

    def fitted(seed: int, start: StartVectors | None = None) -> tuple[Any, np.ndarray]:
        model = create(name, **settings)
        if isinstance(model, WarmStart):
            model.start_from(start)
        model.fit(graph, seed=seed)
        assert isinstance(model, Ranker)
        return model, model.recommend(rows, 20, exclude_known=False)[0]

    began = time.perf_counter()
    before, served = fitted(0)
    other, lists = fitted(1)
    found: dict[str, Any] = {"overlap_at_10": overlap(served, lists, 10), "overlap_at_20": overlap(served, lists, 20)}
    if isinstance(before, Embedding) and isinstance(other, Embedding):
        start = StartVectors("before", graph.product_ids, before.vectors, before.query_vectors)
        turned = aligned(other.vectors, other.query_vectors, graph, start)
        found["cosine"] = _cosine(before.vectors[rows], other.vectors[rows])
        if turned is not None:
            found["cosine_turned"] = _cosine(before.vectors[rows], turned[0][rows])
        if issubclass(model_class(name), WarmStart):
            _, warm = fitted(1, start)
            found["warm_overlap_at_10"] = overlap(served, warm, 10)
            found["warm_overlap_at_20"] = overlap(served, warm, 20)
            found |= nights(name, settings, split_pairs(graph), 4)
    return found | {"seconds": time.perf_counter() - began}


def nights(name: str, settings: dict[str, Any], split: Split, count: int) -> dict[str, Any]:
    """Recall@10 of hidden pairs: begun from nothing, and after each of ``count`` fits that begin from the last."""
    queries = split.queries()
    indptr, _ = split.held_out_lists()
    n_held_out = (indptr[1:] - indptr[:-1])[queries]

    def recall(model: Any) -> float:
        hits = metrics.hits_of(model.recommend(queries, 10)[0], queries, split)
        return float(metrics.recall(hits, n_held_out).mean())

    model: Any = create(name, **settings).fit(split.train, seed=0)
    found = {
        "recall_at_10": recall(model),
        "recall_of_another_seed": recall(create(name, **settings).fit(split.train, seed=1)),
    }
    after = []
    for night in range(1, count + 1):
        start = StartVectors("before", split.train.product_ids, model.vectors, model.query_vectors)
        model = create(name, **settings)
        model.start_from(start)
        model.fit(split.train, seed=night)
        after.append(recall(model))
    return {**found, "recall_after_nights": after}


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    length = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return float(np.median(np.einsum("ij,ij->i", one, other)[length > 0] / length[length > 0]))


def main() -> None:
    """Measure and save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--set", action="append", default=[], dest="settings")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    catalog, _ = read_catalog([options.catalogue], IngestSettings())
    graph = ProductGraph.from_catalog(catalog)
    rows = np.flatnonzero(graph.listed)
    rows = rows[graph.listed_only().degree > 0]
    found = {name: measured(name, parse_settings(name, options.settings), graph, rows) for name in options.models}
    save(
        {"catalogue": options.catalogue.name, "products": len(rows), "models": found, "machine": machine(),
         "versions": versions("numpy", "numba", "lightgbm")},
        options.out,
    )  # fmt: skip


if __name__ == "__main__":
    main()

"""A customer's history as input: the last purchase is hidden, and asked for out of those before it.

    python -m benchmarks.history_beauty CATALOGUE.json.gz INTERACTIONS.csv.gz [--model pagerank] [--out FILE]

INTERACTIONS is a CSV with ``user_idx,product_idx,…,chron_pos``; ``product_idx`` is the line number of the product in
the catalogue file, from 0. Look-ahead: the catalogue's also-bought lists were crawled after these purchases, and were
made out of purchases like them, so the figures are higher than a shop would see. They compare ways of using a history,
no more.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measuring import machine, save, versions
from graph import ProductGraph
from ingest import IngestSettings, read_catalog
from models import Embedding, Ranker, create
from models.evaluation.metrics import bootstrap_interval
from models.history import HistorySettings, recommend_for_history, recommend_for_history_by_vectors
from models.popular import popularity

LOOK_AHEAD = "the related lists were crawled after the purchases: these figures look ahead, and flatter"


def histories_of(path: Path, graph: ProductGraph, ids: list[str]) -> list[np.ndarray]:
    """The purchases of every customer in their order, as rows of ``graph``; ``ids`` are the file's product ids."""
    table = pd.read_csv(path).sort_values(["user_idx", "chron_pos"], kind="stable")
    row_of = graph.rows(ids)
    rows = row_of[table["product_idx"].to_numpy()]
    starts = np.flatnonzero(np.diff(table["user_idx"].to_numpy(), prepend=-1))
    return np.split(rows, starts[1:])


def judged(found: np.ndarray, wanted: np.ndarray) -> dict[str, Any]:
    """Hit rate with its 95 % interval, MRR and the number of customers."""
    hits = found == wanted[:, None]
    hit = hits.any(axis=1).astype(np.float64)
    low, high = bootstrap_interval(hit, np.random.default_rng(0), samples=300)
    place = np.where(hits.any(axis=1), 1 / (hits.argmax(axis=1) + 1), 0.0)
    return {"hit_rate_at_10": hit.mean(), "low": low, "high": high, "mrr": place.mean(), "customers": len(wanted)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("interactions", type=Path)
    parser.add_argument("--model", default="pagerank")
    parser.add_argument("--customers", type=int, default=5000, help="drawn at random with seed 0")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    catalog, _ = read_catalog([options.catalogue], IngestSettings())
    listed = catalog.products[catalog.products["listed"]]
    graph = ProductGraph.from_catalog(catalog)
    every = [one for one in histories_of(options.interactions, graph, listed["product_id"].tolist()) if len(one) > 1]
    drawn = np.sort(np.random.default_rng(0).permutation(len(every))[: options.customers])
    # a purchase that was made before is no discovery, and a list never shows it
    chosen = [every[i] for i in drawn if every[i][-1] not in every[i][:-1]]
    before, wanted = [one[:-1] for one in chosen], np.array([one[-1] for one in chosen])
    model = create(options.model).fit(graph, seed=0)
    assert isinstance(model, Ranker)
    result: dict[str, Any] = {
        "warning": LOOK_AHEAD, "model": options.model, "machine": machine(),
        "versions": versions("numpy", "numba"), "ways": {},
    }  # fmt: skip
    order = np.flatnonzero(graph.listed)[np.argsort(-popularity(graph)[graph.listed], kind="stable")]
    popular = np.stack([order[:60][~np.isin(order[:60], one)][:10] for one in before])
    result["ways"]["most popular"] = judged(popular, wanted)
    for label, settings in {
        "last purchase only": HistorySettings(longest=1),
        "all purchases alike": HistorySettings(half_life=1e9),
        "half life 3 purchases": HistorySettings(),
        "half life 1 purchase": HistorySettings(half_life=1.0),
    }.items():
        begin = time.perf_counter()
        found, _ = recommend_for_history(model, before, 10, settings=settings)
        result["ways"][label] = judged(found, wanted) | {"seconds": time.perf_counter() - begin}
    if isinstance(model, Embedding):
        found, _ = recommend_for_history_by_vectors(model, before, 10)
        result["ways"]["mean vector, half life 3 purchases"] = judged(found, wanted)
    save(result, options.out)


if __name__ == "__main__":
    main()

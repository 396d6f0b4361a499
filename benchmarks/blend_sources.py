"""What each source of the blend is worth: its share of the lists, its overlap with others, and the loss without it.

    python -m benchmarks.blend_sources CATALOGUE.json.gz [--seed 42] [--leave-one-out] [--set key=value]… [--out FILE]

A third of the pairs is hidden, as ``alsobought compare`` does it. Leaving sources out fits the blend anew for each.
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
from models import create
from models.blend import Blend
from models.evaluation import Split, metrics, split_pairs
from models.evaluation.memory import peak_memory

K = 10


def judged(blend: Blend, split: Split) -> tuple[dict[str, Any], np.ndarray]:
    """Figures of a fitted blend on the hidden pairs, and its lists."""
    queries = split.queries()
    indptr, _ = split.held_out_lists()
    n_held_out = (indptr[1:] - indptr[:-1])[queries]
    lists = blend.recommend(queries, K)[0]
    hits = metrics.hits_of(lists, queries, split)
    recalls = metrics.recall(hits, n_held_out)
    low, high = metrics.bootstrap_interval(recalls, np.random.default_rng(0))
    return {
        "recall_at_10": recalls.mean(), "recall_low": low, "recall_high": high,
        "ndcg_at_10": metrics.ndcg(hits, n_held_out).mean(), "mrr": metrics.reciprocal_rank(hits).mean(),
        "coverage": metrics.coverage(lists, split.train), "gini": metrics.gini(lists, split.train),
    }, lists  # fmt: skip


def shares(blend: Blend, split: Split, lists: np.ndarray) -> dict[str, Any]:
    """Of the places in the lists: those a source names, those it alone names, and those two name both."""
    named = [who for line in blend.named_by(split.queries(), lists) for who in line if who]
    names = sorted({name for who in named for name in who})
    member = np.array([[name in who for name in names] for who in named], dtype=np.float64)
    alone = member[member.sum(axis=1) == 1].sum(axis=0) / len(member)
    both = member.T @ member / len(member)
    return {
        "share": dict(zip(names, np.diag(both).tolist(), strict=True)),
        "alone": dict(zip(names, alone.tolist(), strict=True)),
        "overlap": {name: dict(zip(names, line, strict=True)) for name, line in zip(names, both.tolist(), strict=True)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--leave-one-out", action="store_true")
    parser.add_argument("--set", action="append", default=[], metavar="key=value")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    catalog, _ = read_catalog([options.catalogue], IngestSettings())
    split = split_pairs(ProductGraph.from_catalog(catalog), seed=options.seed)
    settings = parse_settings("blend", options.set)
    result: dict[str, Any] = {
        "split_seed": options.seed, "settings": settings, "machine": machine(),
        "versions": versions("numpy", "numba", "lightgbm"),
    }  # fmt: skip

    def fitted(**changes: str) -> Blend:
        model = create("blend", **{**settings, **changes})
        assert isinstance(model, Blend)
        return model.fit(split.train, seed=0)

    with peak_memory() as memory:
        begin = time.perf_counter()
        blend = fitted()
        result["fit_seconds"] = time.perf_counter() - begin
    result["peak_memory_mb"] = memory.megabytes
    result["whole"], lists = judged(blend, split)
    result["left_out"] = blend.left_out
    result |= shares(blend, split, lists)
    if options.leave_one_out:
        gone = str(settings.get("left_out", ""))
        result["without"] = {}
        for name in [source.name for source in Blend.sources if source.name not in {*gone.split(), *blend.left_out}]:
            figures, _ = judged(fitted(left_out=f"{gone} {name}".strip()), split)
            figures["loss"] = result["whole"]["recall_at_10"] - figures["recall_at_10"]
            result["without"][name] = figures
    save(result, options.out)


if __name__ == "__main__":
    main()

"""Quality against one setting at a time: dimensions, walk length, walks a product, p, q, and epochs of node2vec.

    python -m benchmarks.curves CATALOGUE.json.gz [--only dimensions …] [--sample 3000] [--out FILE] [--folder DIR]
                                [--most SECONDS]

Judged on a validation part (two thirds of the pairs, split again), so that settings may be chosen by it. ``--out`` gets
a JSON document and, beside it, the same as parquet; ``--images`` gets a plot as SVG for each setting. Points that stand
in ``--out`` for the same catalogue, split and sample are kept, so that a long run can be made in pieces (``--most``
begins no new point after so many seconds). Curves by epochs come with the mean training loss of the last epoch where
the model knows it (skip-gram in PyTorch). ``--folder``, where a comparison stands, gets them as ``learning.parquet``,
which its report draws. A run of few epochs is a run of its own, with its own falling learning rate, not the first part
of a longer one.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import pandas as pd

from app.report_html import plot
from benchmarks.measuring import machine, save, versions
from graph import ProductGraph
from ingest import IngestSettings, read_catalog
from models import create
from models.evaluation import split_pairs
from models.evaluation.compare import Task, evaluate, make_task
from models.skipgram_torch import SkipGramTorch

#: Setting -> model and values.
CURVES: dict[str, tuple[str, list[Any]]] = {
    "epochs": ("node2vec", [1, 2, 3, 5, 8]),
    "epochs_torch": ("skipgram_torch", [1, 2, 3, 5]),
    "dimensions": ("node2vec", [16, 32, 64, 128, 256]),
    "walk_length": ("node2vec", [5, 10, 20]),
    "walks_per_node": ("node2vec", [2, 5, 10, 20]),
    "p": ("node2vec", [0.25, 1.0, 4.0]),
    "q": ("node2vec", [0.25, 1.0, 4.0]),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--only", nargs="*", choices=list(CURVES), default=list(CURVES))
    parser.add_argument("--sample", type=int, default=3000, help="products that are ranked for")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--images", type=Path)
    parser.add_argument("--most", type=float, help="seconds after which no new point is begun")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    catalog, _ = read_catalog([options.catalogue], IngestSettings())
    outer = split_pairs(ProductGraph.from_catalog(catalog), seed=options.seed)
    task = make_task(split_pairs(outer.train, seed=options.seed), 10, options.sample)
    facts = {
        "catalogue": options.catalogue.name, "split_seed": options.seed, "sample": options.sample,
        "judged_by": "a validation part",
    }  # fmt: skip
    rows = _earlier(options.out, facts)
    started = time.perf_counter()
    for curve in options.only:
        model_name, values = CURVES[curve]
        for value in values:
            if any(row["curve"] == curve and row["value"] == float(value) for row in rows):
                continue
            if options.most is not None and time.perf_counter() - started > options.most:
                break
            rows.append(_point(curve, model_name, value, task))
    table = pd.DataFrame(rows)
    if options.images is not None:
        options.images.mkdir(parents=True, exist_ok=True)
        for curve, part in table.groupby("curve", sort=False):
            points = part.sort_values("value")
            ticks = {float(i): f"{value:g}" for i, value in enumerate(points["value"])}
            drawn = plot(
                {f"{points['model'].iloc[0]}, recall@10": list(enumerate(points["recall"].tolist()))},
                ticks, str(points["setting"].iloc[0]),
            )  # fmt: skip
            (options.images / f"curve_{curve}.svg").write_text(drawn + "\n", encoding="utf-8")
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(options.out.with_suffix(".parquet"))
    if options.folder is not None and "epochs" in options.only:
        epochs = table[table["curve"].isin(["epochs", "epochs_torch"])].rename(columns={"value": "epoch"})
        epochs["epoch"] = epochs["epoch"].astype("int64")
        epochs[["model", "epoch", "loss", "auc", "recall", "fit_seconds"]].to_parquet(
            options.folder / "learning.parquet"
        )
    save({**facts, "machine": machine(), "versions": versions("numpy", "numba", "torch"), "rows": rows}, options.out)


def _point(curve: str, name: str, value: Any, task: Task) -> dict[str, Any]:
    """One model with one value of the setting, judged."""
    setting = curve.removesuffix("_torch")
    begin = time.perf_counter()
    model = create(name, **{setting: value})
    figures, _ = evaluate(model, task, label=f"{setting}={value}", seed=0)
    return {
        "curve": curve, "model": name, "setting": setting, "value": float(value), "auc": figures["auc"],
        "recall": figures["recall_at_10"], "recall_low": figures["recall_low"], "recall_high": figures["recall_high"],
        "loss": model.losses[-1] if isinstance(model, SkipGramTorch) else None,
        "fit_seconds": figures["fit_seconds"], "seconds": time.perf_counter() - begin,
    }  # fmt: skip


def _earlier(path: Path | None, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """The points of an earlier run that was judged the same way."""
    if path is None or not path.exists():
        return []
    found = json.loads(path.read_text())
    return list(found["rows"]) if all(found.get(key) == value for key, value in facts.items()) else []


if __name__ == "__main__":
    main()

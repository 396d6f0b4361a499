"""Quality against one setting at a time: dimensions, walk length, walks a product, p, q, and epochs of node2vec.

    python -m benchmarks.curves CATALOGUE.json.gz [--only dimensions …] [--sample 3000] [--out FILE] [--folder DIR]

Judged on a validation part (two thirds of the pairs, split again), so that settings may be chosen by it. ``--out`` gets
a JSON document and, beside it, the same as parquet and a plot as SVG for each setting; ``--folder``, where a comparison
stands, gets the curve by epochs as ``learning.parquet``, which its report draws. A run of few epochs is a run of its
own, with its own falling learning rate, not the first part of a longer one.
"""

from __future__ import annotations

import argparse
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
from models.evaluation.compare import evaluate, make_task

CURVES: dict[str, list[Any]] = {
    "epochs": [1, 2, 3, 5, 8],
    "dimensions": [16, 32, 64, 128, 256],
    "walk_length": [5, 10, 20, 40],
    "walks_per_node": [2, 5, 10, 20],
    "p": [0.25, 0.5, 1.0, 2.0, 4.0],
    "q": [0.25, 0.5, 1.0, 2.0, 4.0],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--only", nargs="*", choices=list(CURVES), default=list(CURVES))
    parser.add_argument("--sample", type=int, default=3000, help="products that are ranked for")
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    catalog, _ = read_catalog([options.catalogue], IngestSettings())
    outer = split_pairs(ProductGraph.from_catalog(catalog), seed=options.seed)
    task = make_task(split_pairs(outer.train, seed=options.seed), 10, options.sample)
    rows: list[dict[str, Any]] = []
    for setting in options.only:
        for value in CURVES[setting]:
            begin = time.perf_counter()
            model = create("node2vec", **{setting: value})
            figures, _ = evaluate(model, task, label=f"{setting}={value}", seed=0)
            rows.append(
                {
                    "model": "node2vec", "setting": setting, "value": float(value), "auc": figures["auc"],
                    "recall": figures["recall_at_10"], "recall_low": figures["recall_low"],
                    "recall_high": figures["recall_high"], "fit_seconds": figures["fit_seconds"],
                    "seconds": time.perf_counter() - begin,
                }
            )  # fmt: skip
    table = pd.DataFrame(rows)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(options.out.with_suffix(".parquet"))
        for setting, part in table.groupby("setting", sort=False):
            points = list(zip(range(len(part)), part["recall"].tolist(), strict=True))
            ticks = {float(i): f"{value:g}" for i, value in enumerate(part["value"])}
            drawn = plot({"recall@10": [(float(x), float(y)) for x, y in points]}, ticks, str(setting))
            options.out.with_name(f"{options.out.stem}_{setting}.svg").write_text(drawn + "\n", encoding="utf-8")
    if options.folder is not None and "epochs" in options.only:
        epochs = table[table["setting"] == "epochs"].rename(columns={"value": "epoch"})
        epochs["epoch"] = epochs["epoch"].astype("int64")
        epochs[["model", "epoch", "auc", "recall", "fit_seconds"]].to_parquet(options.folder / "learning.parquet")
    save(
        {
            "catalogue": options.catalogue.name, "split_seed": options.seed, "sample": options.sample,
            "judged_by": "a validation part", "machine": machine(), "versions": versions("numpy", "numba"),
            "rows": rows,
        },
        options.out,
    )  # fmt: skip


if __name__ == "__main__":
    main()

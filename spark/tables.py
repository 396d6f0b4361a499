"""A job's result as Parquet folders, ``products`` and ``pairs``; and back into a catalogue, without Spark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graph.catalog import Catalog
from graph.errors import UsageError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from spark.pairs import Result


def write(result: Result, out: str) -> dict[str, int]:
    """Write both tables under ``out``, a new folder or a place that the cluster can write to: rows of each.

    Raises:
        UsageError: something is there already.
    """
    from pyspark.errors import AnalysisException

    counts = {}
    try:
        for name, table in (("products", result.products), ("pairs", result.pairs)):
            table.write.parquet(f"{out}/{name}")
            counts[name] = table.sparkSession.read.parquet(f"{out}/{name}").count()
    except AnalysisException as error:
        if "PATH_ALREADY_EXISTS" not in str(error):
            raise
        raise UsageError(f"{out} holds a result already", "Name another folder with --out.") from None
    return counts


def read_pairs(session: SparkSession, folder: str) -> Any:
    """The pairs of a result as Spark's table: ``a``, ``b``, ``weight``, and whether each end is ``listed``."""
    products = session.read.parquet(f"{folder}/products").select("product_id", "listed")
    pairs = session.read.parquet(f"{folder}/pairs").select("a", "b", "weight")
    for end in ("a", "b"):
        pairs = pairs.join(
            products.withColumnRenamed("product_id", end).withColumnRenamed("listed", f"listed_{end}"), end
        )
    return pairs


def read_catalog(folder: Path) -> Catalog:
    """The catalogue of a result in a folder of this machine; listed products first, each kind by id.

    Raises:
        UsageError: there is no such result.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        products = pq.read_table(folder / "products")
        pairs = pq.read_table(folder / "pairs")
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"{folder} holds no result of a Spark job: {error}") from None
    ids = np.array(products["product_id"].to_pylist(), dtype=object)
    listed = products["listed"].to_numpy()
    by_id = np.argsort(ids, kind="stable")
    order = np.concatenate([by_id[listed[by_id]], by_id[~listed[by_id]]])
    row_of = pd.Series(np.arange(len(ids), dtype=np.int32), index=ids[order])
    categories = np.empty(len(ids), dtype=object)
    categories[:] = products["categories"].to_pylist()
    table = pd.DataFrame(
        {
            "product_id": ids[order],
            "title": _texts(products, "title")[order],
            "brand": _texts(products, "brand")[order],
            "price": products["price"].to_numpy(zero_copy_only=False)[order].astype(np.float64),
            "categories": categories[order],
            "sales_rank": products["sales_rank"].to_numpy(zero_copy_only=False)[order].astype(np.float64),
            "listed": listed[order],
        }
    )
    for name in ("product_id", "title", "brand"):
        table[name] = table[name].astype(object).where(table[name].notna(), None)
    a = row_of.loc[pairs["a"].to_pylist()].to_numpy()
    b = row_of.loc[pairs["b"].to_pylist()].to_numpy()
    found = pd.DataFrame(
        {
            "a": a,
            "b": b,
            "weight": pairs["weight"].to_numpy(),
            "relations": pairs["relations"].to_numpy().astype(np.uint8),
        }
    )
    first, second = ids[order][a], ids[order][b]
    by_pair = np.lexsort((_ranks(second), _ranks(first)))
    return Catalog(table, found.iloc[by_pair].reset_index(drop=True))


def write_report(report: dict[str, Any], out: Path) -> None:
    """The counts beside the tables, where they lie on this machine."""
    (out / "report.json").write_text(json.dumps(report, indent=1, default=str) + "\n", encoding="utf-8")


def _texts(table: Any, name: str) -> Any:
    column = np.empty(table.num_rows, dtype=object)
    column[:] = table[name].to_pylist()
    return column


def _ranks(ids: Any) -> Any:
    return np.unique(ids.astype(str), return_inverse=True)[1]

"""Which weight of pairs finds most of later orders: lists of ten from the first four fifths of a shop's lines by time.

For every product of every later order of 2 to 50 known products, the ten heaviest pairs of the product are its list;
recall is the share of the order's other products (of ten at most) that stand in it, averaged in each order and then
over orders. Coverage is the share of products that stand in any list.

    python benchmarks/order_weights.py online_retail.csv.gz > benchmarks/results/order_weights.json
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from graph import Catalog
from ingest.orders import OrderSettings, pairs_from_orders
from ingest.orders.times import TimeCache

K = 10
#: UCI's names of columns -> ours.
COLUMNS = {
    "InvoiceNo": "order_id", "StockCode": "product_id", "InvoiceDate": "time", "Quantity": "quantity",
    "CustomerID": "customer_id", "Description": "title", "UnitPrice": "price",
}  # fmt: skip
VARIANTS: list[dict[str, object]] = [
    *({"weight": w, "min_support": s} for w in ("count", "cosine", "pmi", "llr") for s in (1, 2, 5)),
    *({"weight": "llr", "max_items": n} for n in (20, 30, 100, 200, 10**6)),
    *({"weight": "llr", "session_hours": h} for h in (24, 168)),
    *({"weight": "llr", "half_life_days": d} for d in (30, 90, 180)),
    {"weight": "llr", "undo_returns": False},
]


def later_baskets(lines: pd.DataFrame) -> list[list[str]]:
    """The distinct products of each order, of orders with 2 to 50 of them."""
    bought = lines[(lines["quantity"] > 0) & (lines["price"] > 0)]
    every = bought.groupby("order_id")["product_id"].agg(lambda ids: sorted(set(ids)))
    return [basket for basket in every if 2 <= len(basket) <= 50]


def top_lists(catalog: Catalog) -> dict[str, list[str]]:
    """The products of the heaviest pairs of each product, heaviest first."""
    ids = catalog.products["product_id"].to_numpy(dtype=object)
    a, b = catalog.pairs["a"].to_numpy(), catalog.pairs["b"].to_numpy()
    source, target = np.concatenate([a, b]), np.concatenate([b, a])
    order = np.lexsort((target, -np.tile(catalog.pairs["weight"].to_numpy(), 2), source))
    source, target = source[order], target[order]
    bounds = np.searchsorted(source, np.arange(len(ids) + 1))
    return {ids[i]: ids[target[at : min(at + K, end)]].tolist() for i, (at, end) in enumerate(pairwise(bounds))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    lines = pd.read_csv(parser.parse_args().file, dtype=str, keep_default_na=False).rename(columns=COLUMNS)
    lines = lines.astype({"quantity": float, "price": float})
    times = lines["time"].map(TimeCache().__getitem__)
    cut = times.sort_values().iloc[int(len(times) * 0.8)]
    train, test = lines[times < cut], lines[times >= cut]
    known = set(pairs_from_orders(train)[0].products["product_id"])
    baskets = later_baskets(test[test["product_id"].isin(known)])
    rows = []
    for variant in VARIANTS:
        catalog, _ = pairs_from_orders(train, OrderSettings(**variant))  # type: ignore[arg-type]
        lists = top_lists(catalog)
        recall = np.mean(
            [
                np.mean([len(set(lists.get(one, ())) & set(basket)) / min(K, len(basket) - 1) for one in basket])
                for basket in baskets
            ]
        )
        reached = len({one for ids in lists.values() for one in ids}) / len(known)
        rows.append(
            variant | {"pairs": len(catalog.pairs), "recall_at_10": round(recall, 4), "coverage": round(reached, 3)}
        )
        print(rows[-1], file=sys.stderr, flush=True)
    machine = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    print(json.dumps({"machine": machine, "later_orders": len(baskets), "results": rows}, indent=1))


if __name__ == "__main__":
    main()

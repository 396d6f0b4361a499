"""Order lines of any number, in a CSV file: products of a cluster are bought together, some far more often than others.

    .venv/bin/python -m benchmarks.order_lines 10000000 --out orders.csv

An order has 1 to 40 lines (geometric, 4 on average), three out of four from the cluster of its first product, and a
quantity; products are popular as in :mod:`benchmarks.catalogues`. One order in two hundred takes something back.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.catalogues import CLUSTER, SIGMA, WITHIN

#: Orders that are made at a time.
CHUNK = 250_000
MEAN_LINES = 4
LONGEST = 40
RETURNS = 0.005


def write_order_lines(path: Path, n_lines: int, n_products: int, seed: int) -> int:
    """Write about ``n_lines`` lines (whole orders): how many there are."""
    import pyarrow as pa
    import pyarrow.csv as pv

    rng = np.random.default_rng(seed)
    popularity = rng.lognormal(0, SIGMA, n_products)
    upto = np.concatenate([[0.0], np.cumsum(popularity)])
    cluster = np.sort(rng.integers(0, max(1, n_products // CLUSTER), n_products))
    first, last = np.searchsorted(cluster, cluster), np.searchsorted(cluster, cluster, side="right")
    names = pa.array([f"P{i * 2_654_435_761 % 10**9:09d}" for i in range(n_products)])
    schema = pa.schema([("order_id", pa.string()), ("product_id", pa.string()), ("quantity", pa.int64()),
                        ("time", pa.timestamp("s")), ("customer_id", pa.string())])  # fmt: skip
    written = orders = 0
    with (
        path.open("wb") as file,
        pv.CSVWriter(file, schema, write_options=pv.WriteOptions(quoting_style="none")) as writer,
    ):
        while written < n_lines:
            n_orders = min(CHUNK, max(1, (n_lines - written) // MEAN_LINES))
            size = np.minimum(rng.geometric(1 / MEAN_LINES, n_orders), LONGEST)
            order = np.repeat(np.arange(n_orders), size)
            anchor = np.searchsorted(upto, rng.random(n_orders) * upto[-1], side="right") - 1
            within = rng.random(len(order)) < WITHIN
            low = np.where(within, upto[first[anchor]][order], 0.0)
            high = np.where(within, upto[last[anchor]][order], upto[-1])
            product = np.searchsorted(upto, low + rng.random(len(order)) * (high - low), side="right") - 1
            back = (rng.random(n_orders) < RETURNS)[order]
            number = orders + order
            customer = rng.integers(0, 5_000_000, n_orders)[order]
            table = pa.table(
                {
                    "order_id": pa.array(np.char.add("o", number.astype(str))),
                    "product_id": names.take(pa.array(np.clip(product, 0, n_products - 1))),
                    "quantity": np.where(back, -1, rng.integers(1, 4, len(order))),
                    "time": pa.array(1_700_000_000 + number * 3, pa.int64()).cast(pa.timestamp("s")),
                    "customer_id": pa.array(np.char.add("c", customer.astype(str))),
                },
                schema=schema,
            )
            writer.write_table(table)
            written += len(order)
            orders += n_orders
    return written


def main() -> None:
    arguments = argparse.ArgumentParser(description="Order lines for benchmarks.")
    arguments.add_argument("lines", type=int)
    arguments.add_argument("--products", type=int, default=500_000)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--out", type=Path, required=True)
    given = arguments.parse_args()
    print(f"{write_order_lines(given.out, given.lines, given.products, given.seed):,} lines")


if __name__ == "__main__":
    main()

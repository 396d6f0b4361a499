"""Catalogues of any size whose products are linked as Amazon's are: few links for most, many for some, in clusters.

    .venv/bin/python -m benchmarks.catalogues 420000 4000000 --seed 0 --out catalogue.json.gz

A product's popularity is log-normal; a link starts at a product in proportion to its popularity and ends, three times
out of four, within the same cluster of a few dozen products, else anywhere, again in proportion to popularity. That
gives the degree distribution and the triangles of an also-bought graph, not the tastes of people.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graph import ProductGraph
from graph.product_graph import complete_metadata
from graph.relations import RELATIONS, out_bit, weight_of

#: Spread of the logarithm of popularity. With it, 12,000 products and 241,000 pairs have Amazon Beauty's figures: a
#: median of 28 links, about a thousand for the busiest product, 7.6 % of all for the busiest hundredth.
SIGMA = 1.2
#: Products a cluster, on average.
CLUSTER = 40
#: Share of links that stay within a cluster.
WITHIN = 0.75


def linked_rows(n_products: int, n_pairs: int, seed: int) -> NDArray[np.int64]:
    """int64[n_pairs, 2]: distinct unordered pairs of rows, smaller row first, ascending.

    Raises:
        ValueError: more than a quarter of all possible pairs asked for.
    """
    n, m = n_products, n_pairs
    if m > n * (n - 1) // 8:
        raise ValueError(f"{m} pairs among {n} products are too many for a sparse graph")
    rng = np.random.default_rng(seed)
    popularity = rng.lognormal(0, SIGMA, n)
    cluster = np.sort(rng.integers(0, max(1, n // CLUSTER), n))  # rows of a cluster lie together
    upto = np.concatenate([[0.0], np.cumsum(popularity)])
    first, last = np.searchsorted(cluster, cluster), np.searchsorted(cluster, cluster, side="right")
    found = np.zeros(0, dtype=np.int64)
    while len(found) < m:
        wanted = int((m - len(found)) * 1.2) + 1000
        a = np.searchsorted(upto, rng.random(wanted) * upto[-1], side="right") - 1
        within = rng.random(wanted) < WITHIN
        low = np.where(within, upto[first[a]], 0.0)
        high = np.where(within, upto[last[a]], upto[-1])
        b = np.clip(np.searchsorted(upto, low + rng.random(wanted) * (high - low), side="right") - 1, 0, n - 1)
        key = np.minimum(a, b) * n + np.maximum(a, b)
        fresh = np.unique(key[a != b])
        if len(found):  # late rounds find few new ones: those go among the others, which are not sorted anew
            at = np.searchsorted(found, fresh).clip(max=len(found) - 1)
            fresh = fresh[found[at] != fresh]
        found = np.sort(np.concatenate([found, fresh]), kind="stable")  # two ascending runs are merged
    if len(found) > m:
        found = np.sort(rng.choice(found, m, replace=False))
    # rows in an order that says nothing of clusters, as a shop's ids do
    name = rng.permutation(n)
    a, b = name[found // n], name[found % n]
    key = np.sort(np.minimum(a, b) * n + np.maximum(a, b))
    return np.column_stack([key // n, key % n])


def catalogue(n_products: int, n_pairs: int, seed: int = 0) -> ProductGraph:
    """A graph of ``n_products`` listed products and exactly ``n_pairs`` pairs; the same for the same numbers."""
    pairs = linked_rows(n_products, n_pairs, seed)
    rng = np.random.default_rng([seed, 1])
    relations = rng.choice(np.array([_BOUGHT_OUT, _BOUGHT_IN, _BOUGHT_BOTH, _VIEWED, _TOGETHER]), len(pairs)).astype(
        np.uint8
    )
    width = len(str(n_products))
    ids = pd.Index([f"P{i:0{width}d}" for i in range(n_products)], dtype=object, name="product_id")
    table = complete_metadata(pd.DataFrame(index=ids))
    return ProductGraph._from_rows(pairs[:, 0], pairs[:, 1], weight_of(relations), relations, table)


_BOUGHT_OUT = out_bit("also_bought")
_BOUGHT_IN = out_bit("also_bought") << 1
_BOUGHT_BOTH = _BOUGHT_OUT | _BOUGHT_IN
_VIEWED = _BOUGHT_OUT | out_bit("also_viewed")
_TOGETHER = _BOUGHT_BOTH | out_bit("bought_together")


def write_loose_json(graph: ProductGraph, path: Path) -> None:
    """The graph as a file of the 2014 release's form, a Python dict literal a line; gzip if the name says .gz."""
    ids = graph.product_ids
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) if path.suffix == ".gz" else path.open("w") as file:
        for row, product_id in enumerate(ids):
            at = slice(graph.indptr[row], graph.indptr[row + 1])
            neighbours, stated = graph.indices[at], graph.relations[at]
            related = {
                relation: [str(ids[b]) for b in neighbours[(stated & out_bit(relation)) > 0]] for relation in RELATIONS
            }
            record = {
                "asin": str(product_id),
                "title": f"Product {row}",
                "brand": f"Brand {row % 997}",
                "price": round(1 + row % 5000 / 100, 2),
                "categories": [["Benchmark", f"Shelf {row % 211}"]],
                "related": {relation: listed for relation, listed in related.items() if listed},
            }
            file.write(repr(record) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("products", type=int)
    parser.add_argument("pairs", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    graph = catalogue(arguments.products, arguments.pairs, arguments.seed)
    write_loose_json(graph, arguments.out)
    degree = np.sort(graph.degree)[::-1]
    busiest = degree[: max(1, len(degree) // 100)].sum() / degree.sum()
    print(
        json.dumps(
            {
                "products": graph.n_products,
                "pairs": graph.n_pairs,
                "most_links": int(degree[0]),
                "median_links": int(np.median(degree)),
                "links_of_the_busiest_hundredth": round(float(busiest), 3),
            }
        )
    )


if __name__ == "__main__":
    main()

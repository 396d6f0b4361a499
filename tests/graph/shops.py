"""Small catalogues and runs for the tests of the store, where every right answer is known by construction."""

from __future__ import annotations

import numpy as np
import pandas as pd

from graph import Catalog, ProductGraph
from graph.relations import weight_of
from graph.run_results import RunResults


def make_catalog(listed: int = 40, unlisted: int = 8, *, seed: int = 0, degree: int = 5) -> Catalog:
    """A ring of products, each linked to the next ``degree``, and outside products that link a few of them."""
    rng = np.random.default_rng(seed)
    n = listed + unlisted
    ids = [f"P{i:04d}" for i in range(listed)] + [f"X{i:04d}" for i in range(unlisted)]
    products = pd.DataFrame(
        {
            "product_id": ids,
            "title": [f"Product number {i}" for i in range(listed)] + [None] * unlisted,
            "brand": [f"Brand {i % 4}" if i % 5 else None for i in range(listed)] + [None] * unlisted,
            "price": [float(i) + 0.99 for i in range(listed)] + [np.nan] * unlisted,
            "categories": [[f"Shop > Aisle {i % 3}"] for i in range(listed)] + [[] for _ in range(unlisted)],
            "sales_rank": [float(i + 1) for i in range(listed)] + [np.nan] * unlisted,
            "listed": [True] * listed + [False] * unlisted,
        }
    )
    links = {(i, (i + step) % listed) for i in range(listed) for step in range(1, degree + 1)}
    links |= {(i % listed, listed + i % unlisted) for i in range(3 * unlisted)} if unlisted else set()
    a, b = np.array(sorted(links)).T
    low, high = np.minimum(a, b), np.maximum(a, b)
    pairs = pd.DataFrame({"a": low, "b": high}).drop_duplicates(ignore_index=True)
    relations = rng.integers(1, 64, size=len(pairs)).astype(np.uint8)
    pairs["weight"], pairs["relations"] = weight_of(relations), relations
    assert n == len(products)
    catalog = Catalog(products, pairs)
    catalog.check()
    return catalog


def make_run(
    graph: ProductGraph, run_id: str = "ring_1", *, k: int = 5, dimensions: int = 8, with_vectors: bool = True
) -> RunResults:
    """A run that lists the next ``k`` products of the ring, which its vectors (points of a circle) agree with."""
    n = graph.n_products
    rows = np.flatnonzero(graph.listed)
    angle = 2 * np.pi * np.arange(n) / max(len(rows), 1)
    circle = np.zeros((n, dimensions), dtype=np.float32)
    circle[:, 0], circle[:, 1] = np.cos(angle), np.sin(angle)
    entries = [
        (graph.product_ids[row], rank, graph.product_ids[rows[(at + rank) % len(rows)]], 1.0 / rank, "also_bought:")
        for at, row in enumerate(rows)
        for rank in range(1, k + 1)
    ]
    return RunResults(
        run_id=run_id,
        model="ring",
        settings={"k": k},
        seed=0,
        graph_fingerprint=graph.fingerprint,
        metadata_fingerprint=graph.metadata_fingerprint,
        created_at="2026-01-02T03:04:05+00:00",
        product_ids=graph.product_ids,
        listed=graph.listed,
        related=pd.DataFrame(entries, columns=["product_id", "rank", "related_id", "score", "reason"]),
        vectors=circle * (1.0 + np.arange(n, dtype=np.float32)[:, None] / n) if with_vectors else None,
        query_vectors=circle.copy() if with_vectors else None,
    )

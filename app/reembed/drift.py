"""How the lists moved from one run to the next, in figures and in products that people know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from graph import ProductGraph
    from graph.database import Database

#: Products whose lists are compared: spread evenly over the catalogue where it is larger.
SAMPLE: Final = 5_000
#: Products a question to the database.
_BATCH: Final = 500
#: How many of the biggest movers, of the new and of the vanished are named.
_NAMED: Final = 10


def drift(database: Database, graph: ProductGraph, before: str, after: str, *, k: int = 10) -> dict[str, Any]:
    """What changed between the lists of two runs that stand in the database.

    Returns:
        ``overlap`` (mean share of the first ``k`` that both have, over ``compared`` products), ``by_degree`` (the same
        for each tenth of the products by their number of neighbours), ``movers`` (those that share least, with
        titles), ``new`` (products that had no list before) and ``new_products`` (their number).
    """
    listed = np.flatnonzero(graph.listed)
    rows = listed if len(listed) <= SAMPLE else listed[np.linspace(0, len(listed) - 1, SAMPLE).astype(np.int64)]
    row_of = {graph.product_ids[row]: int(row) for row in rows}
    ids = list(row_of)
    shared: dict[str, float] = {}
    for start in range(0, len(ids), _BATCH):
        found = database.read("run_overlap", ids=ids[start : start + _BATCH], run_a=before, run_b=after, k=k)
        for entry in found:
            longest = max(entry["first"], entry["second"])
            if longest:
                shared[entry["product_id"]] = entry["shared"] / longest
    new = [product_id for product_id in ids if product_id not in shared]
    titles = graph.products["title"]

    def named(product_id: str, **facts: Any) -> dict[str, Any]:
        return {"product_id": product_id, "title": titles.iloc[row_of[product_id]], **facts}

    compared = list(shared)
    degrees = np.array([graph.degree[row_of[each]] for each in compared])
    order = np.argsort(degrees, kind="stable")
    parts = [part for part in np.array_split(order, 10) if len(part)]
    movers = sorted(compared, key=lambda each: (shared[each], each))[:_NAMED]
    return {
        "before": before,
        "after": after,
        "k": k,
        "compared": len(compared),
        "overlap": round(float(np.mean(list(shared.values()))), 4) if shared else None,
        "by_degree": [
            {
                "degree_from": int(degrees[part].min()),
                "degree_to": int(degrees[part].max()),
                "products": len(part),
                "overlap": round(float(np.mean([shared[compared[i]] for i in part])), 4),
            }
            for part in parts
        ],
        "movers": [named(each, overlap=round(shared[each], 3)) for each in movers if shared[each] < 1],
        "new_products": len(new),
        "new": [named(each) for each in new[:_NAMED]],
    }

"""A catalogue where the right answer is known: communities of products that are bought with each other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from graph import ProductGraph

COMMUNITIES = 6
SIZE = 20


def planted_graph(seed: int = 0, within: float = 0.5, across: float = 0.004) -> ProductGraph:
    """Six communities of twenty listed products, each densely linked inside; beside them

    a product that nobody buys ("lonely"), and two outside products a community that link its members.
    Ids begin with their community's letter, which is also brand and category.
    """
    rng = np.random.default_rng(seed)
    ids = [f"{chr(65 + c)}{i:02d}" for c in range(COMMUNITIES) for i in range(SIZE)]
    community = np.repeat(np.arange(COMMUNITIES), SIZE)
    low, high = np.triu_indices(len(ids), k=1)
    chance = np.where(community[low] == community[high], within, across)
    kept = rng.random(len(low)) < chance
    a, b = low[kept], high[kept]
    names_a, names_b = [ids[i] for i in a], [ids[i] for i in b]
    weight = list(rng.choice([0.5, 1.0, 2.0, 3.2], size=len(a)))
    for c in range(COMMUNITIES):
        for outside in (f"{chr(65 + c)}x", f"{chr(65 + c)}y"):
            for i in rng.choice(SIZE, size=6, replace=False):
                names_a.append(outside)
                names_b.append(f"{chr(65 + c)}{i:02d}")
                weight.append(1.0)
    listed = [*ids, "lonely"]
    products = pd.DataFrame(
        {
            "title": [f"Product {i}" for i in listed],
            "brand": [*(i[0] * 3 for i in ids), None],
            "categories": [*([f"Shop > Aisle {i[0]}"] for i in ids), ["Shop > Aisle A"]],
            "listed": True,
        },
        index=pd.Index(listed, name="product_id"),
    )
    return ProductGraph.from_pairs(names_a, names_b, weight, products)


@pytest.fixture(scope="session")
def planted() -> ProductGraph:
    return planted_graph()


@pytest.fixture(scope="session")
def structureless() -> ProductGraph:
    """Pairs drawn at random: what was held out cannot be told from what was never there."""
    rng = np.random.default_rng(1)
    low, high = np.triu_indices(150, k=1)
    chosen = np.sort(rng.choice(len(low), size=2400, replace=False))
    ids = np.array([f"R{i:03d}" for i in range(150)], dtype=object)
    return ProductGraph.from_pairs(ids[low[chosen]], ids[high[chosen]])

"""A run's map as people look at it: the places of the best linked products, and where found ones lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph.database import Database
from graph.related import paths_of

#: Points that a browser draws smoothly.
MOST_POINTS: Final = 50_000


@dataclass(frozen=True, eq=False)
class ProductMap:
    """Points of a map, the best linked product first.

    Attributes:
        product_ids: Ids, n of them.
        titles: Titles; the id where there is none.
        categories: First category path of each, empty without one.
        places: float32[n, 2].
        is_sample: True where products were left out, for there are more than were asked for.
    """

    product_ids: list[str]
    titles: list[str]
    categories: list[str]
    places: NDArray[np.float32]
    is_sample: bool


def read_map(database: Database, run_id: str, *, most: int = MOST_POINTS) -> ProductMap | None:
    """The map of a run, at most ``most`` points; None where the run has none. Reads the catalogue: keep the answer."""
    rows = database.read("map_read", run_id=run_id, most=most + 1)
    if not rows:
        return None
    shown = rows[:most]
    return ProductMap(
        product_ids=[row["product_id"] for row in shown],
        titles=[row["title"] or row["product_id"] for row in shown],
        categories=[next(iter(paths_of(row["categories"])), "") for row in shown],
        places=np.array([(row["x"], row["y"]) for row in shown], dtype=np.float32),
        is_sample=len(rows) > most,
    )

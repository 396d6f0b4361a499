"""What a refit begins from: the vectors of the run that serves, read back from the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from app.reembed.config import ReembedConfig
    from graph import ProductGraph
    from graph.database import Database
    from graph.runs import StoredRun
    from models.warm_start import StartVectors

#: Products that say how to turn: many times as many as there are dimensions, and read in a moment.
TURNED_BY: Final = 20_000


def start_of(
    database: Database, serving: StoredRun | None, graph: ProductGraph, config: ReembedConfig
) -> StartVectors | None:
    """The serving run's vectors where the same model is fitted again, else None.

    All of them for a model that can begin from them, unless the configuration says otherwise; else a sample, spread
    evenly over the catalogue, that its vectors are turned towards.
    """
    from graph.run_vectors import read_vectors
    from models.registry import model_class
    from models.warm_start import StartVectors, WarmStart

    if serving is None or serving.facts.get("model") != config.model or not serving.facts.get("embedding"):
        return None
    rows = np.flatnonzero(graph.listed)
    whole = config.warm_start and issubclass(model_class(config.model), WarmStart)
    if not whole and len(rows) > TURNED_BY:
        rows = rows[np.linspace(0, len(rows) - 1, TURNED_BY).astype(np.int64)]
    found = read_vectors(database, serving, graph.product_ids[rows].tolist())
    return None if found is None else StartVectors(serving.run_id, *found, begin=whole)

"""The vectors of a run, read back from the products: what the next run begins from and is turned towards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph.database import Database
from graph.runs import StoredRun

#: Products a question to the database.
_BATCH: Final = 2_000


def read_vectors(
    database: Database, run: StoredRun, ids: Sequence[str]
) -> tuple[NDArray[np.object_], NDArray[np.float32], NDArray[np.float32]] | None:
    """Ids object[m], item vectors and query vectors float32[m, d] each, of those of ``ids`` that have them.

    Without the dimension that publishing adds; one array serves as both where the run's vectors do. None where the run
    has no vectors, or none of the products has one.
    """
    embedding, queries = run.facts.get("embedding"), run.facts.get("query_embedding")
    if not embedding:
        return None
    names: list[str] = []
    items: list[NDArray[np.float32]] = []
    asked: list[NDArray[np.float32]] = []
    for start in range(0, len(ids), _BATCH):
        rows = database.read(
            "results_of",
            ids=list(ids[start : start + _BATCH]),
            related=None,
            embedding=embedding,
            query_embedding=queries,
            map=None,
        )
        there = [row for row in rows if row["vector"] is not None and (not queries or row["query_vector"] is not None)]
        if there:
            names += [row["product_id"] for row in there]
            items.append(np.array([row["vector"] for row in there], dtype=np.float32))
            if queries:
                asked.append(np.array([row["query_vector"] for row in there], dtype=np.float32))
    if not names:
        return None
    found = np.array(names, dtype=object)
    if not queries:
        both = np.concatenate(items)
        return found, both, both
    return found, np.concatenate(items)[:, :-1].copy(), np.concatenate(asked)[:, :-1].copy()

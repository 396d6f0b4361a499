"""What a publish writes: the run's node, vectors, lists, map and index, under names of their own.

Nothing here is read by anybody before the pointer names the run; see :mod:`graph.publish` for the order.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.database import Database
from graph.errors import UserError
from graph.lock import WriterLock
from graph.run_results import RunResults
from graph.runs import drop_results, names_of
from graph.space import check_space, needed_disk
from graph.vector_index import IndexVectors, for_inner_product, index_options
from graph.writing import Batch, Pace, counted, write_batches

OnProgress = Callable[[str, int, int], None]

# A publish goes on beside a shop's readers: one transaction at a time leaves them the other cores, and small ones
# keep the server's pauses for memory short. Two at a time were a quarter faster at 420,000 products, and readers' 99th
# percentile five times what it is without a publish.
#: Vectors a transaction.
VECTOR_BATCH: Final = 1_000
#: Lists a transaction, and lists a question of the checks.
LIST_BATCH: Final = 1_000


class CheckFailedError(UserError):
    """The database's side of a run did not pass its checks; the run is kept as rejected, what served still serves."""


class RunWriter:
    """What one publish writes, step by step in this order; each step can be run again from the start."""

    def __init__(
        self, database: Database, results: RunResults, lock: WriterLock, on_progress: OnProgress, pace: Pace
    ) -> None:
        self.database, self.results, self.lock, self.on_progress, self.pace = database, results, lock, on_progress, pace
        self.names = names_of(results.run_id, database.shop)
        self.rows = np.flatnonzero(results.listed)
        self.index_vectors: IndexVectors | None = None
        self.dimensions = 0
        if results.vectors is not None:
            queries = None if results.query_vectors is None else results.query_vectors[self.rows]
            self.index_vectors = for_inner_product(results.vectors[self.rows], queries)
            self.dimensions = self.index_vectors.items.shape[1]
        self.n_vectors = 0 if self.index_vectors is None else len(self.rows)
        self.n_lists = 0

    def look_at_space(self) -> None:
        """Refuse before anything is written where the server could not hold it."""
        arrays = 0 if self.index_vectors is None else 1 + (self.index_vectors.queries is not None)
        needed = needed_disk(len(self.rows), self.dimensions, arrays, len(self.results.related))
        check_space(self.database, needed)

    def begin(self) -> None:
        """The run's own node, with the names of its properties; nothing of a publish that was cut off stays.

        Raises:
            UserError: a run of this id is complete already.
        """
        results, has_vectors = self.results, self.index_vectors is not None
        facts: dict[str, Any] = {
            "model": results.model,
            "settings": json.dumps(results.settings, sort_keys=True, default=str),
            "seed": results.seed,
            "graph_fingerprint": results.graph_fingerprint,
            "metadata_fingerprint": results.metadata_fingerprint,
            "metrics": json.dumps(results.metrics, sort_keys=True, default=str),
            "created_at": results.created_at,
            "embedding": self.names["embedding"] if has_vectors else None,
            "query_embedding": None,
            "vector_index": self.names["vector_index"] if has_vectors else None,
            "related": self.names["related"],
            "related_score": self.names["related_score"],
            "related_reason": self.names["related_reason"],
            "map": None if results.map is None else self.names["map"],
            "catalogue": self.database.shop.catalogue or None,
        }
        if self.index_vectors is not None:
            facts["dimensions"], facts["max_norm"] = self.dimensions, self.index_vectors.max_norm
            if self.index_vectors.queries is not None:
                facts["query_embedding"] = self.names["query_embedding"]
        if not self.database.write("run_begin", run_id=results.run_id, facts=facts):
            raise UserError(
                f"run {results.run_id} is in the database already, complete",
                f"`alsobought publish --run {results.run_id}` lets it serve; train again for a new one",
            )
        drop_results(self.database, self.results.run_id)  # what a publish that was cut off may have left

    def write_vectors(self) -> None:
        """The vectors of listed products, as the index wants them, and the query vectors where they differ."""
        if self.index_vectors is None:
            return
        ids = self.results.product_ids[self.rows]
        self._write_array(self.names["embedding"], ids, self.index_vectors.items, "vectors")
        if self.index_vectors.queries is not None:
            self._write_array(self.names["query_embedding"], ids, self.index_vectors.queries, "query vectors")

    def _write_array(self, name: str, ids: NDArray[np.object_], array: NDArray[np.float32], what: str) -> None:
        def batches() -> Iterator[Batch]:
            for start in range(0, len(ids), VECTOR_BATCH):
                part = slice(start, start + VECTOR_BATCH)
                rows = [list(pair) for pair in zip(ids[part].tolist(), array[part].tolist(), strict=True)]
                yield {"property": name, "rows": rows}, len(rows)

        told = counted(self.on_progress, what, len(ids))
        write_batches(self.database, "run_vectors", [batches()], on_written=told, pace=self.pace)

    def write_lists(self) -> None:
        """Related ids, scores and reasons, as three arrays on each product."""
        names = {kind: self.names[f"related_{kind}"] for kind in ("score", "reason")} | {
            "related": self.names["related"]
        }
        total = self.results.related["product_id"].nunique()
        told = counted(self.on_progress, "lists", total)

        def on_written(size: int) -> None:
            self.n_lists += size
            told(size)

        batches = (({**names, "rows": rows}, len(rows)) for rows in _list_rows(self.results, LIST_BATCH))
        write_batches(self.database, "run_lists", [batches], on_written=on_written, pace=self.pace)

    def write_map(self) -> None:
        """Each product's place on the map, where the run has one."""
        if self.results.map is not None:
            ids = self.results.product_ids[self.rows]
            self._write_array(self.names["map"], ids, self.results.map[self.rows], "map")

    def build_index(self) -> None:
        """Ask for the vector index and wait until it is filled.

        Raises:
            CheckFailedError: the database says that it failed.
        """
        if self.index_vectors is None:
            return
        names = {"INDEX_NAME": self.names["vector_index"], "EMBEDDING": self.names["embedding"]}
        text = self.database.statement("run_index_create", names)
        with self.database.explained(), self.database.session() as session:
            session.run(text, options=index_options(self.dimensions, len(self.rows))).consume()
        while True:
            state = self.database.read("run_index_state", index=self.names["vector_index"])
            if not state or state[0]["state"] == "FAILED":
                why = state[0]["failure"] if state else "it is not there"
                raise CheckFailedError(f"the vector index of {self.results.run_id} could not be built: {why}")
            self.on_progress("index", int(state[0]["percent"]), 100)
            if state[0]["state"] == "ONLINE":
                return
            time.sleep(0.25)

    def ready(self, facts: dict[str, Any]) -> None:
        """Mark the run complete, with what its checks found."""

        def work(tx: Any) -> None:
            self.lock.require(tx)
            self.database.run_in(tx, "run_ready", run_id=self.results.run_id, facts=facts)

        self.database.transaction(work)


def _list_rows(results: RunResults, batch: int) -> Iterator[Sequence[list[Any]]]:
    """Rows for ``run_lists``: [product id, related ids, scores, reasons], ``batch`` products at a time."""
    related = results.related
    products = related["product_id"].to_numpy(dtype=object)
    if not len(products):
        return
    bounds = np.array([0, *(np.flatnonzero(products[1:] != products[:-1]) + 1).tolist(), len(products)])
    starts, ends = bounds[:-1], bounds[1:]
    ids = related["related_id"].to_numpy(dtype=object)
    scores = related["score"].to_numpy(dtype=np.float64)
    reasons = related["reason"].to_numpy(dtype=object)
    for first in range(0, len(starts), batch):
        yield [
            [products[start], ids[start:end].tolist(), scores[start:end].tolist(), reasons[start:end].tolist()]
            for start, end in zip(starts[first : first + batch], ends[first : first + batch], strict=True)
        ]

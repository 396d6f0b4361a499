"""Writing a run into the database so that readers never see half of it.

The order is the protocol: the run's results are written beside those that serve, under names of their own; its index
is built; the database's side is checked; and only then does the pointer move, in one transaction. Whatever dies before
that leaves the pointer where it was. A run that was cut off is simply published again.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.database import Database
from graph.errors import UserError
from graph.lock import WriterLock, writer_lock
from graph.migrations import migrate
from graph.names import checked_name
from graph.queries import refresh_popular
from graph.relationships import write_relationships
from graph.run_results import RunResults
from graph.runs import drop_results, names_of, prune
from graph.space import check_space, needed_disk
from graph.vector_index import IndexVectors, for_inner_product, index_options, true_neighbours
from graph.writing import LANES, Batch, Pace, counted, dealt, write_batches

log = logging.getLogger(__name__)

OnProgress = Callable[[str, int, int], None]

#: Vectors a transaction.
VECTOR_BATCH: Final = 4_000
#: Lists a transaction.
LIST_BATCH: Final = 5_000
#: Share of the true first ten that the index must find at the over-retrieval that queries use.
MIN_INDEX_RECALL: Final = 0.95
#: Numbers of candidates that are tried, in this order, until the index finds enough.
OVER_RETRIEVAL: Final = (50, 100, 200, 400)
#: Products that the index is asked about.
RECALL_SAMPLE: Final = 200


class CheckFailedError(UserError):
    """The database's side of a run did not pass its checks; the run is kept as rejected, what served still serves."""


@dataclass(frozen=True)
class PublishReport:
    """What a publish did."""

    run_id: str
    before: str | None
    pointer: str
    vectors: int
    dimensions: int
    lists: int
    index_recall: float | None
    over_retrieval: int | None
    pruned: tuple[str, ...]
    seconds: dict[str, float]


def publish(
    database: Database,
    results: RunResults,
    *,
    pointer: str = "default",
    who: str = "",
    activate: bool = True,
    keep_others: bool = False,
    relationships: bool = False,
    max_batches_per_second: float | None = None,
    on_progress: OnProgress | None = None,
    on_step: Callable[[str], None] | None = None,
) -> PublishReport:
    """Write a run and, once it has passed the checks, let ``pointer`` name it.

    Args:
        database: Holds the products that the run was trained on.
        results: The run.
        pointer: Name of the pointer; readers use ``default`` unless they ask for another.
        who: Written down beside the flip.
        activate: False writes and checks the run but moves no pointer.
        keep_others: Leave runs that nothing needs any longer where they are, instead of pruning them.
        relationships: Write the lists as ``[:RELATED]`` too, for those who traverse; see :mod:`graph.relationships`.
        max_batches_per_second: Leave the database room for its readers; None writes as fast as it goes.
        on_progress: Called as (what, done, total).
        on_step: Called with the name of each step before it begins.

    Raises:
        CheckFailedError: the run did not pass; it stays as ``rejected`` and serves nobody.
        LockedError: somebody else writes at the moment.
        UserError: the run does not fit the database, a run of this id is complete already, or the server has too
            little disk or memory for it.
    """
    results.check()
    checked_name(results.run_id)
    checked_name(pointer)
    progress = on_progress or (lambda what, done, total: None)
    seconds: dict[str, float] = {}

    def step(name: str) -> None:
        seconds[name] = time.monotonic()
        if on_step is not None:
            on_step(name)

    with writer_lock(database, f"publish of {results.run_id}") as lock:
        migrate(database)
        writer = _Writer(database, results, lock, progress, Pace(max_batches_per_second))
        step("space")
        writer.look_at_space()
        step("begin")
        writer.begin()
        step("vectors")
        writer.write_vectors()
        step("lists")
        writer.write_lists()
        step("map")
        writer.write_map()
        step("index")
        writer.build_index()
        if relationships:
            step("relationships")
            write_relationships(database, results.run_id, on_progress=progress, pace=writer.pace)
        step("check")
        facts = writer.check()
        step("popular")
        refresh_popular(database)  # belongs to the graph, not to a run: what readers end with when all else is empty
        step("ready")
        writer.ready(facts)
        before: str | None = None
        if activate:
            step("flip")
            before = flip(database, results.run_id, pointer=pointer, who=who, lock=lock)
        step("prune")
        pruned = () if keep_others else prune(database)
        step("done")
    marks = list(seconds.items())
    return PublishReport(
        run_id=results.run_id,
        before=before,
        pointer=pointer,
        vectors=writer.n_vectors,
        dimensions=writer.dimensions,
        lists=writer.n_lists,
        index_recall=facts.get("index_recall"),
        over_retrieval=facts.get("over_retrieval"),
        pruned=pruned,
        seconds={name: round(marks[i + 1][1] - at, 2) for i, (name, at) in enumerate(marks[:-1])},
    )


def flip(database: Database, run_id: str, *, pointer: str = "default", who: str = "", lock: WriterLock) -> str | None:
    """Let ``pointer`` name a run that is ready; gives the run it named before.

    Raises:
        UserError: there is no such run, or it is not ready.
    """

    def work(tx: Any) -> list[Any]:
        lock.require(tx)
        return database.run_in(tx, "pointer_flip", pointer=checked_name(pointer), run_id=run_id, who=who)

    rows = database.transaction(work)
    if not rows:
        raise UserError(f"no run {run_id!r} is ready to serve", "`alsobought runs` lists those that are")
    before: str | None = rows[0]["before"]
    return before


class _Writer:
    """The steps of one publish, in order; each can be run again from the start."""

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
        if self.index_vectors is None:
            return
        ids = self.results.product_ids[self.rows]
        self._write_array(self.names["embedding"], ids, self.index_vectors.items, "vectors")
        if self.index_vectors.queries is not None:
            self._write_array(self.names["query_embedding"], ids, self.index_vectors.queries, "query vectors")

    def _write_array(self, name: str, ids: NDArray[np.object_], array: NDArray[np.float32], what: str) -> None:
        def batches(starts: Sequence[int]) -> Iterator[Batch]:
            for start in starts:
                part = slice(start, start + VECTOR_BATCH)
                rows = [list(pair) for pair in zip(ids[part].tolist(), array[part].tolist(), strict=True)]
                yield {"property": name, "rows": rows}, len(rows)

        lanes = [batches(starts) for starts in dealt(range(0, len(ids), VECTOR_BATCH))]
        write_batches(
            self.database, "run_vectors", lanes, on_written=counted(self.on_progress, what, len(ids)), pace=self.pace
        )

    def write_lists(self) -> None:
        names = {kind: self.names[f"related_{kind}"] for kind in ("score", "reason")} | {
            "related": self.names["related"]
        }
        total = self.results.related["product_id"].nunique()
        told = counted(self.on_progress, "lists", total)

        def on_written(size: int) -> None:
            self.n_lists += size
            told(size)

        lanes = [
            (({**names, "rows": rows}, len(rows)) for rows in _list_rows(self.results, LIST_BATCH, lane))
            for lane in range(LANES)
        ]
        write_batches(self.database, "run_lists", lanes, on_written=on_written, pace=self.pace)

    def write_map(self) -> None:
        if self.results.map is not None:
            ids = self.results.product_ids[self.rows]
            self._write_array(self.names["map"], ids, self.results.map[self.rows], "map")

    def build_index(self) -> None:
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

    def check(self) -> dict[str, Any]:
        """Look at what stands in the database.

        Raises:
            CheckFailedError: with every fault found; the run is marked ``rejected`` first.
        """
        names = self.names
        found = self.database.read(
            "run_check_results",
            embedding=names["embedding"],
            query_embedding=names["query_embedding"],
            related=names["related"],
            score=names["related_score"],
            reason=names["related_reason"],
        )[0]
        faults = list(self._faults(found))
        facts: dict[str, Any] = {"listed": found["listed"], "lists": found["lists"]}
        facts["shortest_list"] = found["shortest_list"]
        if self.index_vectors is not None and not faults:
            recall, candidates = self._index_recall()
            facts["index_recall"], facts["over_retrieval"] = recall, candidates
            if recall < MIN_INDEX_RECALL:
                faults.append(f"the vector index finds {recall:.1%} of the true first ten among {candidates}")
        if faults:
            self.database.write("run_rejected", run_id=self.results.run_id, why="; ".join(faults))
            raise CheckFailedError(
                f"run {self.results.run_id} was not published: {'; '.join(faults)}",
                "what served before still serves; the run is kept as rejected (`alsobought runs`)",
            )
        return facts

    def _faults(self, found: dict[str, Any]) -> Iterator[str]:
        names = self.names
        if found["listed"] != len(self.rows):
            yield f"the database lists {found['listed']} products, the run was trained on {len(self.rows)}"
        if found["unlisted_with_results"]:
            yield f"{found['unlisted_with_results']} unlisted products carry results"
        if self.index_vectors is not None:
            if found["vectors"] != len(self.rows):
                yield f"{found['vectors']} of {len(self.rows)} vectors are there"
            if {found["least_dimensions"], found["most_dimensions"]} - {None, self.dimensions}:
                yield f"vectors have {found['least_dimensions']} to {found['most_dimensions']} dimensions"
            if found["not_a_number"]:
                yield f"the vectors of {found['not_a_number']} products hold NaN"
            if self.index_vectors.queries is not None and found["queries"] != len(self.rows):
                yield f"{found['queries']} of {len(self.rows)} query vectors are there"
        if found["lists"] != found["listed"]:
            yield f"{found['listed'] - found['lists']} listed products have no related list"
        elif found["shortest_list"] == 0:
            yield "some related lists are empty"
        if found["uneven_lists"]:
            yield f"{found['uneven_lists']} lists have ids, scores and reasons of different lengths"
        if found["self_in_list"]:
            yield f"{found['self_in_list']} products stand in their own list"
        if self.results.map is not None:
            placed = self.database.read("run_check_map", map=names["map"])[0]["placed"]
            if placed != len(self.rows):
                yield f"{placed} of {len(self.rows)} places on the map are there"
        foreign = repeated = 0
        ids = self.results.product_ids[self.rows]
        for start in range(0, len(ids), LIST_BATCH):
            part = self.database.read(
                "run_check_lists", ids=ids[start : start + LIST_BATCH].tolist(), related=names["related"]
            )[0]
            foreign, repeated = foreign + part["unlisted_in_list"], repeated + part["repeated"]
            self.on_progress("lists checked", min(start + LIST_BATCH, len(ids)), len(ids))
        if foreign:
            yield f"lists name {foreign} products that are not listed"
        if repeated:
            yield f"lists name {repeated} products twice"

    def _index_recall(self) -> tuple[float, int]:
        """Share of the true first ten that the index finds, and among how many candidates."""
        assert self.index_vectors is not None  # noqa: S101 - for the type checker; the caller looked
        items = self.index_vectors.items
        queries = items if self.index_vectors.queries is None else self.index_vectors.queries
        asked = np.flatnonzero(np.linalg.norm(queries, axis=1) > 0)  # a cosine with nothing is not defined
        if len(asked) == 0 or len(items) < 2:
            return 1.0, OVER_RETRIEVAL[0]
        rng = np.random.default_rng(0)  # a fixed sample, so that runs can be compared
        rows = np.sort(rng.choice(asked, size=min(RECALL_SAMPLE, len(asked)), replace=False))
        truth = true_neighbours(items, queries, rows, 10)
        ids = self.results.product_ids[self.rows]
        recall, candidates = 0.0, OVER_RETRIEVAL[0]
        for candidates in OVER_RETRIEVAL:
            answers = self.database.read(
                "run_index_probe",
                index=self.names["vector_index"],
                candidates=candidates,
                queries=[[int(row), queries[row].tolist()] for row in rows],
            )
            found = {answer["asked"]: set(answer["ids"]) for answer in answers}
            hits = sum(
                len(found.get(int(row), set()) & set(ids[best].tolist())) for row, best in zip(rows, truth, strict=True)
            )
            recall = hits / truth.size
            if recall >= MIN_INDEX_RECALL:
                break
        return round(recall, 4), candidates

    def ready(self, facts: dict[str, Any]) -> None:
        def work(tx: Any) -> None:
            self.lock.require(tx)
            self.database.run_in(tx, "run_ready", run_id=self.results.run_id, facts=facts)

        self.database.transaction(work)


def _list_rows(results: RunResults, batch: int, lane: int) -> Iterator[Sequence[list[Any]]]:
    """Rows for ``run_lists``: [product id, related ids, scores, reasons], ``batch`` products at a time.

    ``lane``: which of the :data:`LANES` takes them; each gets every so manyth product.
    """
    related = results.related
    products = related["product_id"].to_numpy(dtype=object)
    if not len(products):
        return
    bounds = np.array([0, *(np.flatnonzero(products[1:] != products[:-1]) + 1).tolist(), len(products)])
    starts, ends = bounds[:-1][lane::LANES], bounds[1:][lane::LANES]
    ids = related["related_id"].to_numpy(dtype=object)
    scores = related["score"].to_numpy(dtype=np.float64)
    reasons = related["reason"].to_numpy(dtype=object)
    for first in range(0, len(starts), batch):
        yield [
            [products[start], ids[start:end].tolist(), scores[start:end].tolist(), reasons[start:end].tolist()]
            for start, end in zip(starts[first : first + batch], ends[first : first + batch], strict=True)
        ]

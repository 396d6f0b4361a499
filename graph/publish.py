"""Writing a run into the database so that readers never see half of it.

The order is the protocol: the run's results are written beside those that serve, under names of their own; its index
is built; the database's side is checked; and only then does the pointer move, in one transaction. Whatever dies before
that leaves the pointer where it was. A run that was cut off is simply published again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graph.database import Database
from graph.errors import UserError
from graph.lock import WriterLock, writer_lock
from graph.migrations import migrate
from graph.names import checked_name
from graph.queries import refresh_popular
from graph.relationships import write_relationships
from graph.run_checks import CheckFailedError, check_run
from graph.run_results import RunResults
from graph.run_writer import OnProgress, RunWriter
from graph.runs import prune
from graph.writing import Pace

__all__ = ["CheckFailedError", "PublishReport", "flip", "publish"]


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
        writer = RunWriter(database, results, lock, progress, Pace(max_batches_per_second))
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
        facts = check_run(writer)
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

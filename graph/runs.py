"""The runs that stand beside each other: what there is, going back, and taking away what nobody needs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from graph.database import OUR_NAMES, Database
from graph.errors import UserError
from graph.lock import writer_lock
from graph.names import ShopNames, checked_name

#: The kinds of results; a run's property names are ``<kind>_<run_id>``.
RESULT_KINDS: Final = ("embedding", "query_embedding", "related", "related_score", "related_reason", "map")

#: How long a rejected run is kept for looking at.
REJECTED_DAYS: Final = 7


@dataclass(frozen=True)
class StoredRun:
    """A run as the database describes it.

    Attributes:
        facts: Every property of the run node; ``settings`` and ``metrics`` as objects.
        pointers: Names of the pointers that name it: ``default`` is the one that serves.
        before: Names of the pointers that would go back to it, sooner or later.
    """

    facts: dict[str, Any]
    pointers: tuple[str, ...]
    before: tuple[str, ...] = ()

    @property
    def run_id(self) -> str:
        """The run's id."""
        return str(self.facts["run_id"])

    @property
    def status(self) -> str:
        """``writing``, ``ready`` or ``rejected``."""
        return str(self.facts["status"])


def names_of(run_id: str, shop: ShopNames = OUR_NAMES) -> dict[str, str]:
    """The property names of a run's results and the name of its index (``vector_index``), built from a checked id."""
    checked_name(run_id)
    return {kind: f"{kind}_{run_id}" for kind in RESULT_KINDS} | {"vector_index": shop.index_of_run(run_id)}


def runs(database: Database) -> list[StoredRun]:
    """Every run, newest first."""
    found = []
    for row in database.read("runs"):
        facts = dict(row["run"])
        for key in ("settings", "metrics"):
            facts[key] = json.loads(facts.get(key) or "{}")
        found.append(StoredRun(facts, tuple(sorted(row["pointers"])), tuple(sorted(set(row["before"])))))
    return found


def serving_run(database: Database, pointer: str = "default") -> StoredRun | None:
    """The run that a pointer names, or None."""
    return next((run for run in runs(database) if pointer in run.pointers), None)


def rollback(database: Database, *, pointer: str = "default", who: str = "") -> tuple[str, str]:
    """Let a pointer name the run it named before; gives (the run it left, the run it went back to).

    Raises:
        UserError: there is nothing to go back to.
    """
    with writer_lock(database, f"rollback of {pointer}"):
        rows = database.write("pointer_rollback", pointer=checked_name(pointer), who=who)
    if not rows:
        raise UserError(
            f"the pointer {pointer!r} has no run before the one it names",
            "`alsobought runs` lists all; `alsobought publish --run ID` lets any of them serve",
        )
    return rows[0]["before"], rows[0]["run_id"]


def prune(database: Database) -> tuple[str, ...]:
    """Take away the runs that nobody needs, with their vectors, lists and index; gives their ids.

    Kept are the runs that a pointer names, the one before each, rejected ones for a week, those that people voted on,
    and complete runs that no pointer ever named (somebody published them to be compared).
    The caller holds the writers' lock.
    """
    gone = [row["run_id"] for row in database.read("prunable_runs", rejected_days=REJECTED_DAYS)]
    for run_id in gone:
        drop_results(database, run_id)
        database.write("prune_run", run_id=run_id)
    return tuple(gone)


def drop_results(database: Database, run_id: str) -> None:
    """Take a run's index, its properties on the products and its relationships away. What serves must not be passed."""
    names = names_of(run_id, database.shop)
    database.schema("run_index_drop", names={"INDEX_NAME": names["vector_index"]})
    with database.explained(), database.session() as session:
        properties = [names[kind] for kind in RESULT_KINDS]
        session.run(database.statement("prune_results"), properties=properties).consume()
        session.run(database.statement("drop_relationships"), run_id=run_id).consume()

"""Out of a database again, without a trace: every property, index, constraint, relationship and node of ours."""

from __future__ import annotations

from dataclasses import dataclass

from graph.attach import stored_names
from graph.database import Database
from graph.lock import writer_lock
from graph.runs import drop_results, runs


@dataclass(frozen=True)
class Remains:
    """What of ours stands in a database.

    Attributes:
        runs: Number of runs with their results.
        pairs: Number of also-bought relationships.
        products: Number of products that go too: those that were loaded from files. 0 for a shop's own.
    """

    runs: int
    pairs: int
    products: int


def remains(database: Database) -> Remains:
    """What :func:`uninstall` would take away."""
    database.shop = stored_names(database)
    counts = database.read("uninstall_counts")[0]
    return Remains(counts["runs"], counts["pairs"], counts["products"] if database.shop.own else 0)


def uninstall(database: Database) -> Remains:
    """Take everything of ours out of the database; gives what it was.

    A shop's own products (:mod:`graph.attach`) lose our results and stay otherwise as they are. Products that were
    loaded from files are ours and go. What the shop wrote for us to read (``in_stock``, ``blocked``, ``[:PINNED]``)
    is the shop's and stays on products that stay.

    Killed half-way, it can be run again: our store node, which says whose names to use, goes last.

    Raises:
        LockedError: somebody writes at the moment.
    """
    found = remains(database)
    with writer_lock(database, "uninstall"):
        for run in runs(database):
            drop_results(database, run.run_id)
        steps = ["uninstall_pairs", *(["uninstall_products"] if database.shop.own else [])]
        for name in steps:
            _run(database, name)
        for row in database.read("our_schema"):
            if row["is_constraint"]:
                database.schema("constraint_drop", names={"CONSTRAINT_NAME": row["name"]})
            else:
                database.schema("run_index_drop", names={"INDEX_NAME": row["name"]})
    _run(database, "uninstall_nodes")
    return found


def _run(database: Database, name: str) -> None:
    with database.explained(), database.session() as session:
        session.run(database.statement(name)).consume()

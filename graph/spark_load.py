"""A load that Spark's machines write: what comes before it, between its steps and after it, from here."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from graph.catalog import path_prefixes
from graph.database import Database
from graph.errors import UsageError
from graph.load import CountMismatchError
from graph.lock import writer_lock
from graph.migrations import migrate
from graph.store import ensure_search, ensure_store

#: Statements that take rows as Neo4j's Spark connector sends them.
STATEMENTS: Final = {"products": "spark_products", "links": "spark_links", "pairs": "spark_pairs"}

MakeNames = Callable[[Sequence[str], Sequence[str]], None]
#: Called with the statements by name and a function that makes brands and category paths; gives how many products and
#: pairs it wrote.
Write = Callable[[dict[str, str], MakeNames], dict[str, int]]


@dataclass(frozen=True)
class SparkLoadReport:
    """What was handed over, how many of it were new, and what the database holds afterwards."""

    products_written: int
    pairs_written: int
    products_new: int
    pairs_new: int
    products: int
    listed: int
    pairs: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return asdict(self)


def load_by(database: Database, write: Write, *, batch: int = 10_000) -> SparkLoadReport:
    """Let ``write`` add products and pairs, with the database made ready before and looked at afterwards.

    It adds as :func:`graph.load.load_catalog` does without ``replace``. Whoever is cut off in the middle runs it again:
    every statement may run twice.

    Args:
        database: Ours, or empty.
        write: Does the writing.
        batch: Brands, and categories, a transaction.

    Raises:
        ForeignDataError: the database holds somebody else's products.
        LockedError: somebody else writes at the moment.
        CountMismatchError: the database holds fewer than were written.
        UsageError: the products are a shop's own, which no load writes to.
    """
    started = time.monotonic()
    if database.shop.attached:
        raise UsageError("the products of this catalogue are a shop's own: a load does not write to them")
    ensure_store(database)
    with writer_lock(database, "spark load"):
        migrate(database)
        before = database.read("count_graph")[0]

        def make_names(brands: Sequence[str], paths: Sequence[str]) -> None:
            names = sorted({prefix for path in paths for prefix in path_prefixes(path)})
            categories = [[path, path.rpartition(" > ")[0] or None] for path in names]
            for start in range(0, max(len(brands), len(categories)), batch):
                end = start + batch
                database.write("load_names", brands=list(brands[start:end]), categories=categories[start:end])

        written = write({name: database.statement(stem) for name, stem in STATEMENTS.items()}, make_names)
        while before["products"] and database.write("load_names_gone")[0]["gone"]:
            pass  # a category may only go when those below it have
        ensure_search(database)
        after = database.read("count_graph")[0]
    for what in ("products", "pairs"):
        new = after[what] - before[what]
        if after[what] < written[what] or not 0 <= new <= written[what] or (not before[what] and new != written[what]):
            raise CountMismatchError(
                f"the database holds {after[what]:,} {what} after the load and {before[what]:,} before it, "
                f"where {written[what]:,} were written",
                "somebody else may have written at the same time: run the load again",
            )
    return SparkLoadReport(
        products_written=written["products"],
        pairs_written=written["pairs"],
        products_new=after["products"] - before["products"],
        pairs_new=after["pairs"] - before["pairs"],
        products=after["products"],
        listed=after["listed"],
        pairs=after["pairs"],
        seconds=round(time.monotonic() - started, 2),
    )

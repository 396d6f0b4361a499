"""A catalogue into the database: constraints first, then what differs from what stands there, in batches.

A load reads what the database holds, compares, and writes the difference. So a second load of the same file writes
nothing, a load that died is simply run again, and a file of which one line in a hundred changed costs little more
than reading the database.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.catalog import Catalog
from graph.database import Database
from graph.difference import Change, difference, facts_of
from graph.errors import UserError
from graph.examples import examples_of
from graph.export import read_tables
from graph.lock import writer_lock
from graph.migrations import migrate
from graph.store import ensure_search, ensure_store
from graph.write_change import write_change
from graph.writing import Pace

log = logging.getLogger(__name__)

OnProgress = Callable[[str, int, int], None]

#: Rows a transaction; larger ones are no faster, need more of the server's heap, and lose more where one is retried.
BATCH: Final = 10_000


@dataclass(frozen=True)
class LoadReport:
    """What a load changed, and what the database holds afterwards, counted by the database."""

    products_new: int
    products_changed: int
    products_gone: int
    pairs_new: int
    pairs_changed: int
    pairs_gone: int
    products: int
    listed: int
    unlisted: int
    pairs: int
    listed_pairs: int
    outside_pairs: int
    seconds: float
    #: Of a dry run: what would change, a few of each kind, by the name of the count (``products_new``, …).
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def unchanged(self) -> bool:
        """Whether the database already held all of it."""
        return not any(
            (
                self.products_new,
                self.products_changed,
                self.products_gone,
                self.pairs_new,
                self.pairs_changed,
                self.pairs_gone,
            )
        )

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return {**asdict(self), "unchanged": self.unchanged}


class CountMismatchError(UserError):
    """The database does not hold what was written to it."""


def load_catalog(
    database: Database,
    catalog: Catalog,
    *,
    replace: bool = False,
    batch: int = BATCH,
    max_batches_per_second: float | None = None,
    dry_run: bool = False,
    on_progress: OnProgress | None = None,
) -> LoadReport:
    """Write ``catalog`` into the database.

    Args:
        database: Ours, or empty.
        catalog: What ingestion read.
        replace: Make the database hold exactly this catalogue: products and pairs that it does not name are taken
            away. Without it a load only adds: pairs that the database holds stay, and who-states-what is united.
        batch: Rows a transaction.
        max_batches_per_second: Leave the database room for its readers; None writes as fast as it goes.
        dry_run: Count what would change, with a few examples of each kind, and change nothing.
        on_progress: Called as (what, done, total).

    A product's other properties (``in_stock``, ``blocked``, the shop's own, the results of runs) stay as they are.

    Raises:
        ForeignDataError: the database holds somebody else's products.
        LockedError: somebody else writes at the moment.
        CountMismatchError: the counts read back differ from what was written.
    """
    started = time.monotonic()
    progress = on_progress or (lambda what, done, total: None)
    catalog.check()
    if dry_run:
        stored = read_tables(database, progress)
        change = difference(stored, catalog, replace=replace)
        return _report(database, change, started, examples=examples_of(change, stored))
    ensure_store(database)
    with writer_lock(database, "load"):
        migrate(database)
        stored = read_tables(database, progress)
        change = difference(stored, catalog, replace=replace)
        write_change(database, change, batch, progress, Pace(max_batches_per_second))
        ensure_search(database)
        report = _report(database, change, started)
    if (report.products, report.pairs) != (change.products_after, change.pairs_after):
        raise CountMismatchError(
            f"the database holds {report.products} products and {report.pairs} pairs after the load, "
            f"{change.products_after} and {change.pairs_after} were expected",
            "somebody else may have written at the same time: run the load again",
        )
    return report


def load_pairs(
    database: Database,
    ids_a: NDArray[np.object_],
    ids_b: NDArray[np.object_],
    weight: NDArray[np.float64],
    *,
    batch: int = BATCH,
    max_batches_per_second: float | None = None,
    on_progress: OnProgress | None = None,
) -> LoadReport:
    """Make the database's pairs exactly these; its products' own properties are not touched.

    Args:
        database: Holds the products, under whatever names :attr:`Database.shop` says.
        ids_a: object[m] of str, one end of each pair; a pair that comes more than once is one with the sum of weights.
        ids_b: object[m] of str, the other end.
        weight: float64[m], positive.
        batch: Rows a transaction.
        max_batches_per_second: Leave the database room for its readers; None writes as fast as it goes.
        on_progress: Called as (what, done, total).

    Products are hung on our own brand and category nodes too, by the properties that name them. Pairs of a product
    with itself are left out.

    Raises:
        UserError: an id that no product has (the message names it).
    """
    import pandas as pd

    started = time.monotonic()
    progress = on_progress or (lambda what, done, total: None)
    with writer_lock(database, "attach"):
        migrate(database)
        stored = read_tables(database, progress)
        ids = stored.products.index
        rows = [pd.Index(ids).get_indexer(pd.Index(end, dtype=object)) for end in (ids_a, ids_b)]
        for found, given in zip(rows, (ids_a, ids_b), strict=True):
            if (found < 0).any():
                unknown = given[found < 0]
                raise UserError(f"the pairs name {len(unknown)} ids that no product has, the first is {unknown[0]!r}")
        low, high = np.minimum(*rows), np.maximum(*rows)  # ids ascend, so the smaller row is the smaller id
        summed = (
            pd.DataFrame({"a": low, "b": high, "weight": weight})[low != high]
            .groupby(["a", "b"], as_index=False, sort=True)["weight"]
            .sum()
        )
        products = stored.products.reset_index()
        catalog = Catalog(products, summed.assign(relations=np.uint8(0)))
        catalog.check()
        change = difference(stored, catalog, replace=True)
        links = [
            {"id": product_id, "brand": facts["brand"], "categories": facts["categories"] or []}
            for product_id, facts in zip(ids, facts_of(products), strict=True)
            if facts["brand"] or facts["categories"]
        ]
        write_change(database, dataclasses.replace(change, links=links), batch, progress, Pace(max_batches_per_second))
        return _report(database, change, started)


def _report(
    database: Database, change: Change, started: float, examples: dict[str, list[str]] | None = None
) -> LoadReport:
    counts = database.read("count_graph")[0]
    by_listing = database.read("count_pairs_by_listing")[0]
    return LoadReport(
        products_new=len(change.new),
        products_changed=len(change.changed),
        products_gone=len(change.gone),
        pairs_new=len(change.pairs_new),
        pairs_changed=len(change.pairs_changed),
        pairs_gone=len(change.pairs_gone),
        **counts,
        **by_listing,
        seconds=round(time.monotonic() - started, 2),
        examples=examples or {},
    )

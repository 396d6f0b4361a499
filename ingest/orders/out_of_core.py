"""Orders to pairs beyond memory: DuckDB holds the lines on the disk and joins them there.

Raasveldt and Mühleisen, "DuckDB: an embeddable analytical database" (SIGMOD 2019). It was chosen over Polars because
its joins and groupings go to the disk under a limit that one sets; Polars' streaming engine has none.

Pairs are counted in passes over ranges of products, each of about as many joined rows, so that a pass is a few seconds
and what is left can be told.
"""

from __future__ import annotations

import os
import time as clock
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.catalog import Catalog
from graph.errors import UserError
from ingest.orders import stages, statements
from ingest.orders.convert import catalog_of, iso_time
from ingest.orders.pairs import FULL, PairCounts, weigh
from ingest.orders.queries import Queries
from ingest.orders.report import OrderReport
from ingest.orders.settings import OrderSettings

if TYPE_CHECKING:
    import pyarrow as pa

    from ingest.orders.table import OrderTable

OnProgress = Callable[[str, int, int], None]

#: Joined rows of one pass, about.
_PASS_COST: Final = 50_000_000
#: Lines that Python's part of the work takes at a time.
_PART_LINES: Final = 2_000_000
_STEPS: Final = 3

_PAIR_COST: Final = """
SELECT i.item, CAST(sum(s.n) AS BIGINT) AS cost
FROM items i JOIN (SELECT basket, count(*) AS n FROM items GROUP BY basket) s ON i.basket = s.basket GROUP BY i.item
"""
_COUNTED: Final = """
CREATE OR REPLACE TEMP TABLE counted AS
SELECT x.item AS a, y.item AS b, count(*) AS support
FROM items x JOIN items y ON x.basket = y.basket AND x.item < y.item
WHERE x.item >= $low AND x.item < $high GROUP BY x.item, y.item
"""
_COUNTED_DECAYED: Final = """
CREATE OR REPLACE TEMP TABLE counted AS
SELECT x.item AS a, y.item AS b, count(*) AS support, CAST(sum(x.worth) AS BIGINT) AS together
FROM items x JOIN items y ON x.basket = y.basket AND x.item < y.item
WHERE x.item >= $low AND x.item < $high GROUP BY x.item, y.item
"""
_PART: Final = "SELECT * EXCLUDE (part) FROM parted WHERE hash(part) % $parts = $part"
_ENOUGH: Final = "SELECT a, b, support AS together FROM counted WHERE support >= $least"
_ENOUGH_DECAYED: Final = "SELECT a, b, together FROM counted WHERE support >= $least"


class DuckDbEngine:
    """:class:`ingest.orders.stages.SqlEngine` on a database in the spool's folder."""

    def __init__(self, queries: Queries) -> None:
        self.queries = queries

    def keep(self, name: str, select: str) -> None:
        """See :class:`ingest.orders.stages.SqlEngine`."""
        self.queries.run(f"CREATE OR REPLACE TABLE {name} AS {select}")

    def fetch(self, select: str) -> pa.Table:
        """See :class:`ingest.orders.stages.SqlEngine`."""
        return self.queries.table(select)

    def give(self, name: str, table: pa.Table) -> None:
        """See :class:`ingest.orders.stages.SqlEngine`."""
        with self.queries.holding("given", table):
            self.keep(name, "SELECT * FROM given")

    def apply(self, name: str, select: str, function: stages.TableFunction, schema: pa.Schema) -> None:
        """See :class:`ingest.orders.stages.SqlEngine`."""
        self.keep("parted", select)
        self.give(name, schema.empty_table())
        n = self.queries.rows("SELECT count(*) FROM parted")[0][0]
        parts = -(-n // _PART_LINES)
        for part in range(parts):
            rows = self.queries.table(_PART, {"parts": parts, "part": part})
            with self.queries.holding("given", function(rows)):
                self.queries.run(f"INSERT INTO {name} SELECT * FROM given")  # noqa: S608  our own names
        self.drop("parted")

    def number_baskets(self) -> None:
        """See :class:`ingest.orders.stages.SqlEngine`; the key is a number, which joins faster than text."""
        self.keep(
            "baskets_bare", "SELECT label, time, CAST(row_number() OVER () AS INTEGER) AS basket FROM basket_times"
        )
        self.drop("basket_times")
        self.keep("baskets", stages.BASKETS)
        self.drop("baskets_bare")
        self.keep("placed_in", "SELECT m.ord, b.basket FROM member m JOIN baskets b ON m.label = b.label")
        self.drop("member")

    def drop(self, name: str) -> None:
        """Give a table's room back."""
        self.queries.run(f"DROP TABLE {name}")


def convert_spooled(
    table: OrderTable, settings: OrderSettings | None = None, on_progress: OnProgress | None = None
) -> tuple[Catalog, OrderReport]:
    """:func:`ingest.orders.convert` for lines on the disk: the same catalogue, the same report.

    Raises:
        UserError: no line is a purchase of a product, or the disk is full.
    """
    started = clock.perf_counter()
    settings = settings or OrderSettings()
    spool = table.spool
    if spool is None:
        raise ValueError("the lines are not on the disk")
    ids, titles = table.product_ids, table.titles()
    told = on_progress or _silent
    steps = iter(range(_STEPS))

    def names(codes: Sequence[int]) -> tuple[list[str], list[str | None]]:
        return [ids[code] for code in codes], [titles[code] for code in codes]

    with _database(table, settings) as queries:
        engine = DuckDbEngine(queries)
        queries.view_of_parquet("lines", str(spool.close()))
        baskets = stages.to_baskets(
            engine,
            settings,
            has_orders=table.has_orders,
            has_quantities=table.has_quantities,
            product_names=names,
            on_step=lambda what: told(f"orders on the disk: {what}", next(steps), _STEPS),
        )
        n = len(baskets.ids)
        pairs = _count_pairs(queries, n, baskets, settings.min_support, told)
    spool.remove()
    weight = weigh(pairs, settings.weight)
    kept = int((weight > 0).sum())
    catalog = catalog_of(baskets.ids, baskets.titles, baskets.prices, pairs, weight)
    counts = dict(baskets.counts)
    for name in ("first_time", "last_time"):
        counts[name] = None if counts[name] is None else iso_time(counts[name])
    return catalog, OrderReport(
        **counts,
        pairs_seen=pairs.seen,
        pairs_below_support=pairs.below_support,
        pairs_not_associated=len(weight) - kept,
        pairs=kept,
        weight=settings.weight,
        seconds=clock.perf_counter() - started,
    )


def _count_pairs(queries: Queries, n: int, baskets: stages.Baskets, min_support: int, told: OnProgress) -> PairCounts:
    cost = np.zeros(n, dtype=np.int64)
    found = queries.arrays(_PAIR_COST)
    cost[np.asarray(found["item"])] = np.asarray(found["cost"])
    upto = np.cumsum(cost)
    total = int(upto[-1]) if n else 0
    # Sorted, each pass reads the products of its range only, and equal baskets lie near each other.
    parts: list[tuple[NDArray[Any], ...]] = []
    seen = below = low = 0
    while low < n:
        before = upto[low - 1] if low else 0
        high = max(low + 1, int(np.searchsorted(upto, before + _PASS_COST, side="right")))
        queries.run(_COUNTED_DECAYED if baskets.decayed else _COUNTED, {"low": low, "high": high})
        seen_here = queries.rows("SELECT count(*) FROM counted")[0][0]
        rows = queries.arrays(_ENOUGH_DECAYED if baskets.decayed else _ENOUGH, {"least": min_support})
        a, b = (np.asarray(rows[name]).astype(np.int32) for name in ("a", "b"))
        together = np.asarray(rows["together"]).astype(np.float64)
        order = np.lexsort((b, a))
        parts.append((a[order], b[order], together[order] / FULL if baskets.decayed else together[order]))
        seen += seen_here
        below += seen_here - len(a)
        low = high
        told("counting pairs", int(upto[high - 1]), max(total, 1))
    alone = np.zeros(n, dtype=np.int64)
    found = queries.arrays(statements.ALONE)
    alone[np.asarray(found["item"])] = np.asarray(found["alone"])
    nothing = (np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float64))
    a, b, together = (np.concatenate(column) for column in zip(*(parts or [nothing]), strict=True))
    return PairCounts(a, b, together, alone / FULL, baskets.worth / FULL, seen, below)


@contextmanager
def _database(table: OrderTable, settings: OrderSettings) -> Iterator[Queries]:
    """A database that goes to the disk beyond ``memory_gib``.

    Raises:
        UserError: the disk or the memory is too small.
    """
    import duckdb

    if table.spool is None:
        raise ValueError("the lines are not on the disk")
    folder = table.spool.folder
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    how: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{int(settings.memory_gib * 1024)}MiB",
        "temp_directory": str(folder / "duckdb"),
        "threads": cores,
        "preserve_insertion_order": False,  # nothing here depends on it, and keeping it costs memory
        "autoinstall_known_extensions": False,
    }
    queries = Queries(str(folder / "orders.duckdb"), how)
    try:
        yield queries
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        raise UserError(
            f"the order lines do not fit: {str(error).splitlines()[0]}",
            "Give more memory (--memory-gib) or a folder with more room (--temp-folder).",
        ) from None
    finally:
        queries.close()


def _silent(what: str, done: int, total: int) -> None:
    """For those who do not watch."""

"""The difference between a catalogue and the database, written: in batches, two transactions beside each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.catalog import path_prefixes
from graph.database import Database
from graph.difference import Change, Pairs
from graph.relations import STATED_BY, stated_by
from graph.writing import Batch, Pace, counted, dealt, write_batches

OnProgress = Callable[[str, int, int], None]

#: Rounds of pairs between quarters of the products; the two lanes of a round share no product, so that neither of two
#: transactions ever waits for the other's locks, and none of them can be a deadlock's victim.
_ROUNDS: Final = (
    (((0, 0), (1, 1), (0, 1)), ((2, 2), (3, 3), (2, 3))),
    (((0, 2),), ((1, 3),)),
    (((0, 3),), ((1, 2),)),
)


def write_change(
    database: Database, change: Change, batch: int, on_progress: OnProgress, pace: Pace | None = None
) -> None:
    """Write a change: products, their brands and categories, pairs, and last what has gone.

    Args:
        database: Holds what the change was computed from.
        change: What to write.
        batch: Rows a transaction.
        on_progress: Called as (what, done, total).
        pace: How many transactions a second at most.
    """
    writer = _Writer(database, batch, on_progress, pace)
    writer.rows("load_products_new", change.new, "products written", lanes=2)
    writer.rows("load_products", change.changed, "products changed")
    writer.links(change.links)
    writer.pairs("load_pairs_gone", change.pairs_gone, change.ids, "pairs removed")
    writer.pairs("load_pairs_changed", change.pairs_changed, change.ids, "pairs changed")
    writer.pairs("load_pairs_new", change.pairs_new, change.ids, "pairs written")
    writer.rows("load_products_gone", change.gone, "products removed", key="ids")
    if change.gone or change.changed:
        while database.write("load_names_gone")[0]["gone"]:
            pass  # a category may only go when those below it have


class _Writer:
    def __init__(self, database: Database, batch: int, on_progress: OnProgress, pace: Pace | None) -> None:
        self.database, self.batch, self.on_progress, self.pace = database, batch, on_progress, pace

    def rows(self, statement: str, rows: Sequence[Any], what: str, *, key: str = "rows", lanes: int = 1) -> None:
        """Rows of which no two name the same node."""
        starts = range(0, len(rows), self.batch)
        parts = [rows[start : start + self.batch] for start in starts]
        self._write(
            statement, [_lane(key, lane) for lane in dealt(parts, lanes)], counted(self.on_progress, what, len(rows))
        )

    def links(self, links: list[dict[str, Any]]) -> None:
        """Brand and category nodes, and the products hung on them; one lane, for many products share one."""
        if not links:
            return
        brands = sorted({row["brand"] for row in links if row["brand"]})
        paths = sorted({prefix for row in links for path in row["categories"] for prefix in path_prefixes(path)})
        categories = [[path, path.rpartition(" > ")[0] or None] for path in paths]
        for start in range(0, max(len(brands), len(categories)), self.batch):
            end = start + self.batch
            self.database.write("load_names", brands=brands[start:end], categories=categories[start:end])
        self.rows("load_links", links, "brands and categories")

    def pairs(self, statement: str, pairs: Pairs, ids: NDArray[np.object_], what: str) -> None:
        """Pairs in three rounds of two lanes that share no product."""
        if not len(pairs):
            return
        on_written = counted(self.on_progress, what, len(pairs))
        quarters = pairs.a % 4, pairs.b % 4
        lower, upper = np.minimum(*quarters), np.maximum(*quarters)
        for lanes in _ROUNDS:
            parts = [
                pairs.take(np.logical_or.reduce([(lower == one) & (upper == other) for one, other in lane]))
                for lane in lanes
            ]
            batches = [_pair_batches(part, ids, self.batch) for part in parts]
            self._write(statement, batches, on_written)

    def _write(self, statement: str, lanes: Sequence[Iterator[Batch]], on_written: Callable[[int], None]) -> None:
        write_batches(self.database, statement, lanes, on_written=on_written, pace=self.pace)


def _lane(key: str, parts: Sequence[Sequence[Any]]) -> Iterator[Batch]:
    for part in parts:
        yield {key: part}, len(part)


def _pair_batches(pairs: Pairs, ids: NDArray[np.object_], batch: int) -> Iterator[Batch]:
    """Rows for the pair statements, gathered by their first product so that it is looked up once."""
    order = np.lexsort((pairs.b, pairs.a))
    relation_names = ("also_bought", "also_viewed", "bought_together")
    for start in range(0, len(order), batch):
        part = pairs.take(order[start : start + batch])
        a_ids, b_ids, weights = ids[part.a].tolist(), ids[part.b].tolist(), part.weight.tolist()
        said = [[STATED_BY[code] for code in stated_by(part.relations, name)] for name in relation_names]
        rows: list[list[Any]] = []
        for a, *pair in zip(a_ids, b_ids, weights, *said, strict=True):
            if not rows or rows[-1][0] != a:
                rows.append([a, []])
            rows[-1][1].append(pair)
        yield {"rows": rows}, len(part)

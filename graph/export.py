"""From the database to arrays: every product and every weighted pair.

Neo4j reads what is committed at that moment, so one long transaction is no snapshot: whoever needs one compares the
fingerprint of two exports, or holds the writers' lock.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from graph.database import Database
from graph.errors import UserError
from graph.product_graph import ProductGraph, complete_metadata

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from neo4j import ManagedTransaction

#: Columns of the export's product rows, in the order of ``export_products.cypher``.
_COLUMNS = ("node", "product_id", "title", "brand", "price", "categories", "sales_rank", "listed")


#: Connections that read pairs at a time.
_READERS: Final = 2
#: Rows that the driver fetches ahead; each holds the pairs of 256 products.
_ROWS_AHEAD: Final = 64

_T = TypeVar("_T")


@dataclass(frozen=True)
class StoredTables:
    """What the database holds, as tables: products by ascending id, pairs as rows of that order.

    Attributes:
        products: Indexed by ``product_id`` ascending, columns as in :class:`~graph.product_graph.ProductGraph`.
        a: int64[m], row of the relationship's start.
        b: int64[m], row of its end.
        weight: float64[m].
        relations: uint8[m], seen from ``a``.
    """

    products: pd.DataFrame
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    weight: NDArray[np.float64]
    relations: NDArray[np.uint8]


def read_tables(database: Database, on_progress: Callable[[str, int, int], None] | None = None) -> StoredTables:
    """Everything that :func:`export_graph` needs, and what a load compares a file with.

    Raises:
        UserError: a pair's weight is not a positive number (the message names both products).
    """
    progress = on_progress or (lambda what, done, total: None)
    with database.explained(), _collector_at_rest(), ThreadPoolExecutor(_READERS) as pool:
        # The server takes one core a statement: pairs come over two connections while the products come over a third.
        parts = [_PairParts(reader) for reader in range(_READERS)]
        waiting = [pool.submit(_read, database, part.read) for part in parts]
        try:
            nodes, table = _read(database, partial(_read_products, on_progress=progress))
            while any(not each.done() for each in waiting):
                wait(waiting, timeout=0.2, return_when=FIRST_EXCEPTION)
                progress("pairs of products", min(sum(part.products for part in parts), len(nodes)), len(nodes))
                if any(each.done() and each.exception() for each in waiting):
                    break
        except BaseException:
            for part in parts:
                part.stop.set()
            raise
        for each in waiting:
            if each.exception():
                for part in parts:
                    part.stop.set()
            each.result()
    return _tables(nodes, table, parts)


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Python's collector off: it would look through millions of new lists, again and again, and find no garbage."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read(database: Database, work: Callable[[Database, ManagedTransaction], _T]) -> _T:
    """What ``work`` reads in one transaction, tried again where the server calls an error transient."""
    with database.session(default_access_mode="READ", fetch_size=_ROWS_AHEAD) as session:
        return session.execute_read(partial(work, database))


def _read_products(
    database: Database, tx: ManagedTransaction, on_progress: Callable[[str, int, int], None]
) -> tuple[NDArray[np.int64], pd.DataFrame]:
    """Internal ids int64[n] and the table of products, both by ascending product id."""
    import pandas as pd

    total = tx.run(database.statement("count_products")).single(strict=True)["products"]
    rows: list[list[Any]] = []
    for record in tx.run(database.statement("export_products")):
        rows.extend(record["products"])
        on_progress("products", min(len(rows), total), total)
    nameless = [row[0] for row in rows if not isinstance(row[1], str) or not row[1]]
    if nameless:
        raise UserError(
            f"{len(nameless)} :Product nodes have no product_id that is a non-empty text", "every product needs one"
        )
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(_COLUMNS)
    ids = _objects(columns[1])
    order = np.argsort(ids, kind="stable")
    table = pd.DataFrame(
        {name: _objects(values)[order] for name, values in zip(_COLUMNS[2:], columns[2:], strict=True)},
        index=pd.Index(ids[order], dtype=object, name="product_id"),
    )
    return np.asarray(columns[0], dtype=np.int64)[order], complete_metadata(table)


class _PairParts:
    """The pairs that one of the readers reads, as internal ids."""

    def __init__(self, reader: int) -> None:
        self.reader = reader
        #: Set by whoever no longer wants the rest.
        self.stop = Event()
        self._begin()

    def _begin(self) -> None:
        self.products = 0
        self.start: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
        self.end: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
        self.weight: list[NDArray[np.float64]] = [np.zeros(0, dtype=np.float64)]
        self.relations: list[NDArray[np.uint8]] = [np.zeros(0, dtype=np.uint8)]

    def read(self, database: Database, tx: ManagedTransaction) -> None:
        self._begin()  # a transaction that is tried again reads everything again
        for record in tx.run(database.statement("export_pairs"), reader=self.reader, readers=_READERS):
            if self.stop.is_set():
                return
            products, starts, ends, weights, statements = record.values()
            if len(weights) != len(ends):  # collect() leaves nulls out
                found = tx.run(database.statement("pair_without_weight")).single(strict=True)["product_id"]
                raise UserError(f"a pair of product {found!r} has no weight", "weights must be > 0")
            self.start.append(np.array(starts, dtype=np.int64))
            self.end.append(np.array(ends, dtype=np.int64))
            self.weight.append(np.array(weights, dtype=np.float64))
            self.relations.append(np.array(statements, dtype=np.uint8))
            self.products += products


def _tables(nodes: NDArray[np.int64], table: pd.DataFrame, parts: list[_PairParts]) -> StoredTables:
    """Internal ids turned into rows of ``table``, and weights that cannot be refused."""
    row_of_node = np.full(int(nodes.max()) + 1 if len(nodes) else 0, -1, dtype=np.int64)
    row_of_node[nodes] = np.arange(len(nodes))
    a = row_of_node[np.concatenate([array for part in parts for array in part.start])]
    b = row_of_node[np.concatenate([array for part in parts for array in part.end])]
    weight = np.concatenate([array for part in parts for array in part.weight])
    wrong = np.flatnonzero(~(np.isfinite(weight) & (weight > 0)) | (a < 0) | (b < 0))
    if len(wrong):
        i = int(wrong[0])
        raise UserError(
            f"the pair ({table.index[a[i]]!r}, {table.index[b[i]]!r}) has weight {weight[i]}",
            "weights must be positive numbers between two products",
        )
    relations = np.concatenate([array for part in parts for array in part.relations])
    return StoredTables(products=table, a=a, b=b, weight=weight, relations=relations)


def _objects(values: tuple[Any, ...]) -> NDArray[np.object_]:
    """object[n] that keeps lists as elements."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def export_graph(database: Database, on_progress: Callable[[str, int, int], None] | None = None) -> ProductGraph:
    """The graph that the database holds, equal to the one that was loaded.

    Raises:
        UserError: a product without an id, or a pair without a positive weight.
    """
    tables = read_tables(database, on_progress)
    return ProductGraph._from_rows(tables.a, tables.b, tables.weight, tables.relations, tables.products)

"""From the database to arrays: every product and every weighted pair, read in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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

    def work(tx: ManagedTransaction) -> StoredTables:
        return _read_tables(database, tx, on_progress or (lambda what, done, total: None))

    with database.explained(), database.session(default_access_mode="READ", fetch_size=5000) as session:
        return session.execute_read(work)


def _read_tables(
    database: Database, tx: ManagedTransaction, on_progress: Callable[[str, int, int], None]
) -> StoredTables:
    import pandas as pd

    total = tx.run(database.statement("count_products")).single(strict=True)["products"]
    rows: list[tuple[Any, ...]] = []
    for record in tx.run(database.statement("export_products")):
        rows.append(tuple(record.values()))
        if len(rows) % 20_000 == 0:
            on_progress("products", len(rows), total)
    on_progress("products", len(rows), len(rows))
    nameless = [row[0] for row in rows if not isinstance(row[1], str) or not row[1]]
    if nameless:
        raise UserError(
            f"{len(nameless)} :Product nodes have no product_id that is a non-empty text", "every product needs one"
        )
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(_COLUMNS)
    ids = np.empty(len(rows), dtype=object)
    ids[:] = columns[1]
    order = np.argsort(ids, kind="stable")
    table = pd.DataFrame(
        {name: _objects(values)[order] for name, values in zip(_COLUMNS[2:], columns[2:], strict=True)},
        index=pd.Index(ids[order], dtype=object, name="product_id"),
    )
    nodes = np.asarray(columns[0], dtype=np.int64)[order]
    row_of_node = np.full(int(nodes.max()) + 1 if len(nodes) else 0, -1, dtype=np.int64)
    row_of_node[nodes] = np.arange(len(nodes))

    starts: list[int] = []
    counts: list[int] = []
    ends: list[NDArray[np.int64]] = []
    weights: list[NDArray[np.float64]] = []
    codes: list[NDArray[np.uint8]] = []
    for record in tx.run(database.statement("export_pairs")):
        a, b, weight, statements = record.values()
        if len(weight) != len(b):  # collect() leaves nulls out
            raise UserError(f"a pair of product {ids[order][row_of_node[a]]!r} has no weight", "weights must be > 0")
        starts.append(a)
        counts.append(len(b))
        ends.append(np.array(b, dtype=np.int64))
        weights.append(np.array(weight, dtype=np.float64))
        codes.append(np.array(statements, dtype=np.uint8))
        if len(starts) % 5_000 == 0:
            on_progress("pairs of products", len(starts), len(nodes))
    on_progress("pairs of products", len(nodes), len(nodes))
    a_rows = np.repeat(row_of_node[np.array(starts, dtype=np.int64)], np.array(counts, dtype=np.int64))
    b_rows = row_of_node[np.concatenate(ends)] if ends else np.zeros(0, dtype=np.int64)
    weight_array = np.concatenate(weights) if weights else np.zeros(0, dtype=np.float64)
    wrong = np.flatnonzero(~(np.isfinite(weight_array) & (weight_array > 0)) | (b_rows < 0))
    if len(wrong):
        i = int(wrong[0])
        raise UserError(
            f"the pair ({table.index[a_rows[i]]!r}, {table.index[b_rows[i]]!r}) has weight {weight_array[i]}",
            "weights must be positive numbers between two products",
        )
    return StoredTables(
        products=complete_metadata(table),
        a=a_rows,
        b=b_rows,
        weight=weight_array,
        relations=np.concatenate(codes) if codes else np.zeros(0, dtype=np.uint8),
    )


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

"""Checked order lines as columns of text and numbers: what goes to the disk, or through Spark, instead of codes."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.builder import BadIdError
from ingest.fields import why_not_an_id
from ingest.orders.ids import is_marked, is_order_id, stand_in_orders
from ingest.orders.times import UNKNOWN

if TYPE_CHECKING:
    import pyarrow as pa


def schema() -> pa.Schema:
    """Columns of a batch: ``product`` and ``ord`` text, ``customer`` and ``title`` text or null, ``time`` int64 from
    :func:`ingest.orders.times.parse_time` or null, ``quantity`` float64, ``price`` float64 or null, ``marked``: the
    order's id is a cancellation's.
    """
    import pyarrow as pa

    return pa.schema(
        [
            ("product", pa.string()),
            ("ord", pa.string()),
            ("customer", pa.string()),
            ("time", pa.int64()),
            ("quantity", pa.float64()),
            ("price", pa.float64()),
            ("title", pa.string()),
            ("marked", pa.bool_()),
        ]
    )


class OrderLines:
    """Takes lines as :class:`ingest.orders.table.OrderTable` does, and hands them on batch by batch.

    Attributes:
        has_orders: Whether every line named its order; where not, a customer and a time stand in for it.
        has_quantities: Whether some line named its quantity.
    """

    def __init__(self) -> None:
        self._good: set[str] = set()
        self.has_orders = True
        self.has_quantities = False
        self._clear()

    def __len__(self) -> int:
        return len(self._products)

    def _clear(self) -> None:
        self._products: list[str] = []
        self._orders: list[str] = []
        self._customers: list[str | None] = []
        self._titles: list[str | None] = []
        self._time, self._quantity, self._price = array("q"), array("d"), array("d")

    def add(
        self,
        products: Sequence[str],
        orders: Sequence[str] | None,
        *,
        times: Sequence[int] | None = None,
        quantities: Sequence[float] | None = None,
        prices: Sequence[float] | None = None,
        customers: Sequence[str] | None = None,
        titles: Sequence[str] | None = None,
    ) -> None:
        """Add lines, all or none; see :meth:`ingest.orders.table.OrderTable.add`.

        Raises:
            BadIdError: as there.
        """
        n = len(products)
        if orders is None:
            orders = stand_in_orders(customers, times)
            self.has_orders = False
        new = set(products) - self._good
        for product in new:
            if why_not_an_id(product) is not None:
                raise BadIdError(product)
        for order in set(orders):
            if not is_order_id(order):
                raise BadIdError(order)
        time = array("q", [UNKNOWN] * n if times is None else times)
        quantity = array("d", [1.0] * n if quantities is None else quantities)
        price = array("d", [nan] * n if prices is None else prices)
        self._good |= new
        self._products += products
        self._orders += orders
        self._customers += [None] * n if customers is None else _or_none(customers)
        self._titles += [None] * n if titles is None else _or_none(titles)
        self._time += time
        self._quantity += quantity
        self._price += price
        self.has_quantities |= quantities is not None

    def take(self) -> pa.RecordBatch:
        """What was added since the last time, columns as :func:`schema` says."""
        import pyarrow as pa

        time = np.array(self._time, dtype=np.int64)
        price = np.array(self._price, dtype=np.float64)
        columns: list[Any] = [
            self._products,
            self._orders,
            self._customers,
            pa.array(time, mask=time == UNKNOWN),
            np.array(self._quantity, dtype=np.float64),
            pa.array(price, mask=np.isnan(price)),
            self._titles,
            is_marked(self._orders),
        ]
        batch = pa.record_batch(
            [pa.array(column, type=field.type) for column, field in zip(columns, schema(), strict=True)],
            schema=schema(),
        )
        self._clear()
        return batch


def _or_none(texts: Sequence[str]) -> list[str | None]:
    return [None if not text or text.isspace() else text for text in texts]

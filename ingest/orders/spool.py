"""Order lines on the disk: a Parquet file that grows batch by batch, in a folder that goes with the object."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from array import array
from collections.abc import Sequence
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from graph.errors import UserError
from ingest.builder import BadIdError
from ingest.orders.ids import is_marked, is_order_id
from ingest.orders.settings import OrderSettings
from ingest.orders.times import UNKNOWN

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH_LINES: Final = 1 << 19


def spool_schema() -> pa.Schema:
    """As :func:`ingest.orders.lines.schema`, with products as codes and without titles, which their table keeps."""
    import pyarrow as pa

    return pa.schema(
        [
            ("product", pa.int32()),
            ("ord", pa.string()),
            ("customer", pa.string()),
            ("time", pa.int64()),
            ("quantity", pa.float64()),
            ("price", pa.float64()),
            ("marked", pa.bool_()),
        ]
    )


class Spool:
    """Lines that were checked already; :meth:`close` ends the file, and the folder goes when the object goes.

    Raises:
        UserError: the folder cannot be made or written to.
    """

    def __init__(self, settings: OrderSettings) -> None:
        import pyarrow.parquet as pq

        try:
            self.folder = Path(tempfile.mkdtemp(prefix="alsobought-orders-", dir=settings.temp_folder))
        except OSError as error:
            raise UserError(
                f"order lines cannot be kept in {settings.temp_folder or tempfile.gettempdir()}: {error.strerror}",
                "Name a folder with room for them: --temp-folder DIR.",
            ) from None
        self._remove = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)
        self.path = self.folder / "lines.parquet"
        self._writer: Any = pq.ParquetWriter(self.path, spool_schema(), compression="lz4")
        self._n = 0
        self._clear()

    def _clear(self) -> None:
        self._orders: list[str] = []
        self._customers: list[str | None] = []
        self._product, self._time = array("i"), array("q")
        self._quantity, self._price = array("d"), array("d")

    def __len__(self) -> int:
        return self._n

    def add(
        self,
        products: array[int],
        orders: Sequence[str],
        *,
        times: Sequence[int] | None,
        quantities: Sequence[float] | None,
        prices: Sequence[float] | None,
        customers: Sequence[str] | None,
    ) -> None:
        """Add lines; arguments as :meth:`ingest.orders.table.OrderTable.add` takes them, with codes of products.

        Raises:
            BadIdError: an order's id is none; nothing was added.
            UserError: the disk is full.
        """
        for order in set(orders):
            if not is_order_id(order):
                raise BadIdError(order)
        n = len(products)
        # Everything is converted before anything is added: a value that cannot be leaves the columns equally long.
        time = array("q", [UNKNOWN] * n if times is None else times)
        quantity = array("d", [1.0] * n if quantities is None else quantities)
        price = array("d", [nan] * n if prices is None else prices)
        self._product += products
        self._orders += orders
        self._customers += (
            [None] * n if customers is None else [None if not who or who.isspace() else who for who in customers]
        )
        self._time += time
        self._quantity += quantity
        self._price += price
        self._n += n
        if len(self._product) >= _BATCH_LINES:
            self._write()

    def close(self) -> Path:
        """Write what is left: the file."""
        if self._writer is not None:
            self._write()
            self._writer.close()
            self._writer = None
        return self.path

    def remove(self) -> None:
        """Take the folder away."""
        self._remove()

    def _write(self) -> None:
        import pyarrow as pa

        time = np.array(self._time, dtype=np.int64)
        price = np.array(self._price, dtype=np.float64)
        columns: list[Any] = [
            np.array(self._product, dtype=np.int32),
            self._orders,
            self._customers,
            pa.array(time, mask=time == UNKNOWN),
            np.array(self._quantity, dtype=np.float64),
            pa.array(price, mask=np.isnan(price)),
            is_marked(self._orders),
        ]
        schema = spool_schema()
        batch = pa.table(
            [pa.array(column, type=field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
        )
        try:
            self._writer.write_table(batch)
        except OSError as error:
            raise UserError(
                f"order lines cannot be kept in {self.folder.parent}: {error.strerror or error}",
                "Name a folder with more room: --temp-folder DIR.",
            ) from None
        self._clear()

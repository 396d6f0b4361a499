"""Order lines as they come in: ids become codes, so that a line costs forty bytes however long its ids are.

Beyond :data:`SPILL_LINES` lines, or where that is asked for, lines go to the disk (:mod:`ingest.orders.spool`).
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from math import nan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.builder import BadIdError
from ingest.fields import text, why_not_an_id
from ingest.orders.ids import NOBODY, is_order_id, stand_in_orders
from ingest.orders.settings import OrderSettings
from ingest.orders.spool import Spool
from ingest.orders.times import UNKNOWN

REVIEW_HOURS: Final = 24.0
"""Session window where lines name no orders."""
SPILL_LINES: Final = 20_000_000
"""More lines than this are held on the disk: in memory they would take some 200 bytes each until they are pairs."""


class _ProductCodes(dict[str, int]):
    def __missing__(self, key: str) -> int:
        if why_not_an_id(key) is not None:
            raise BadIdError(key)
        code = self[key] = len(self)
        return code


class _OrderCodes(dict[str, int]):
    def __missing__(self, key: str) -> int:
        if not is_order_id(key):
            raise BadIdError(key)
        code = self[key] = len(self)
        return code


class _CustomerCodes(dict[str, int]):
    def __missing__(self, key: str) -> int:
        code = self[key] = NOBODY if not key or key.isspace() else len(self)
        return code


class OrderTable:
    """Grows batch by batch; what a file does not say is filled in, so that files of several kinds can be mixed.

    Attributes:
        has_orders: Whether every line named its order; where not, a customer and a time stand in for it.
        has_quantities: Whether some line named its quantity.
    """

    def __init__(self, settings: OrderSettings | None = None) -> None:
        self._settings = settings or OrderSettings()
        self._spill_lines = {"auto": SPILL_LINES, "memory": None, "duckdb": 0}[self._settings.engine]
        #: The lines on the disk; None while they are in memory.
        self.spool: Spool | None = None
        self._products = _ProductCodes()
        self._orders = _OrderCodes()
        self._customers = _CustomerCodes()
        self._product = array("i")
        self._order = array("i")
        self._customer = array("i")
        self._time = array("q")
        self._quantity = array("d")
        self._price = array("d")
        self._sold_as: Counter[tuple[int, str]] = Counter()
        self._noted_as: Counter[tuple[int, str]] = Counter()
        self.has_orders = True
        self.has_quantities = False

    def __len__(self) -> int:
        return len(self._product) if self.spool is None else len(self.spool)

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
        """Add lines, all or none; sequences have one length, None says that the file has no such column.

        Args:
            products: Ids of products.
            orders: Ids of orders; None takes each customer's lines of one time for one order.
            times: From :func:`ingest.orders.times.parse_time`.
            quantities: Finite numbers; negative ones are returns.
            prices: Of one piece; NaN where unknown.
            customers: Ids of customers, empty where unknown.
            titles: Names of the products, empty where absent.

        Raises:
            BadIdError: an id of a product or an order is none, or a line without an order has no customer or no time.
        """
        n = len(products)
        if orders is None:
            orders = stand_in_orders(customers, times)
            self.has_orders = False
        product = array("i", map(self._products.__getitem__, products))
        if self.spool is not None:
            self.spool.add(product, orders, times=times, quantities=quantities, prices=prices, customers=customers)
            self._note_titles(product, titles, quantities, prices)
            self.has_quantities |= quantities is not None
            return
        order = array("i", map(self._orders.__getitem__, orders))
        customer = array("i", [NOBODY] * n if customers is None else map(self._customers.__getitem__, customers))
        time = array("q", [UNKNOWN] * n if times is None else times)
        quantity = array("d", [1.0] * n if quantities is None else quantities)
        price = array("d", [nan] * n if prices is None else prices)
        self._product += product
        self._order += order
        self._customer += customer
        self._time += time
        self._quantity += quantity
        self._price += price
        self.has_quantities |= quantities is not None
        self._note_titles(product, titles, quantities, prices)
        if self._spill_lines is not None and len(self._product) > self._spill_lines:
            self._spill()

    def _note_titles(
        self,
        product: array[int],
        titles: Sequence[str] | None,
        quantities: Sequence[float] | None,
        prices: Sequence[float] | None,
    ) -> None:
        if titles is None:
            return
        if (quantities is None or min(quantities) > 0) and (prices is None or min(prices) > 0):
            self._sold_as.update(zip(product, titles, strict=True))
            return
        # Corrections of stock bear remarks ("damaged?") instead of names; they count only where nothing else does.
        sign = [1.0] * len(product)
        for named, q, p in zip(zip(product, titles, strict=True), quantities or sign, prices or sign, strict=True):
            counter = self._noted_as if q <= 0 or p <= 0 else self._sold_as
            counter[named] += 1

    def _spill(self) -> None:
        """Move what is in memory to the disk, where the lines that follow go too."""
        self.spool = Spool(self._settings)
        orders, customers = np.array(list(self._orders), dtype=object), [*self._customers, ""]
        names = np.array(customers, dtype=object)
        names[[code for code in self._customers.values() if code != NOBODY]] = [
            name for name, code in self._customers.items() if code != NOBODY
        ]
        names = np.append(names, "")  # the last entry is the one of -1
        for start in range(0, len(self._product), 1 << 20):
            some = slice(start, start + (1 << 20))
            self.spool.add(
                self._product[some],
                orders[np.asarray(self._order[some])].tolist(),
                times=self._time[some],
                quantities=self._quantity[some],
                prices=self._price[some],
                customers=names[np.asarray(self._customer[some])].tolist(),
            )
        for column in (self._product, self._order, self._customer, self._time, self._quantity, self._price):
            del column[:]
        self._orders.clear()
        self._customers.clear()

    @property
    def product_ids(self) -> list[str]:
        """The id of each product code."""
        return list(self._products)

    @property
    def order_ids(self) -> list[str]:
        """The id of each order code."""
        return list(self._orders)

    @property
    def product(self) -> NDArray[np.int32]:
        """int32[n]: the product's code of each line."""
        return np.array(self._product, dtype=np.int32)

    @property
    def order(self) -> NDArray[np.int32]:
        """int32[n]: the order's code of each line."""
        return np.array(self._order, dtype=np.int32)

    @property
    def customer(self) -> NDArray[np.int32]:
        """int32[n]: the customer of each line, numbered in the order of their ids; -1 where unknown."""
        names = list(self._customers)
        rank = np.full(len(names) + 1, NOBODY, dtype=np.int32)  # the last entry is the one of -1
        codes = [self._customers[name] for name in sorted(names) if self._customers[name] != NOBODY]
        rank[codes] = np.arange(len(codes))
        return rank[np.array(self._customer, dtype=np.int32)]

    @property
    def time(self) -> NDArray[np.int64]:
        """int64[n]: see :func:`ingest.orders.times.parse_time`."""
        return np.array(self._time, dtype=np.int64)

    @property
    def quantity(self) -> NDArray[np.float64]:
        """float64[n]: pieces; 1 where the file says nothing."""
        return np.array(self._quantity, dtype=np.float64)

    @property
    def price(self) -> NDArray[np.float64]:
        """float64[n]: of one piece; NaN where the file says nothing."""
        return np.array(self._price, dtype=np.float64)

    def titles(self) -> list[str | None]:
        """The most frequent title of each product code, the alphabetically first in a tie; None where absent."""
        best: list[tuple[int, str] | None] = [None] * len(self._products)
        for counter in (self._sold_as, self._noted_as):
            found: dict[int, tuple[int, str]] = {}
            for (code, title), count in counter.items():
                if title and not title.isspace() and best[code] is None:
                    candidate = (-count, title)
                    found[code] = min(candidate, found.get(code, candidate))
            for code, candidate in found.items():
                best[code] = candidate
        return [None if one is None else text(one[1], "title", []) for one in best]

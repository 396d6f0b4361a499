"""Order lines as they come in: ids become codes, so that a line costs forty bytes however long its ids are."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from math import nan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ingest.builder import BadIdError
from ingest.fields import MAX_ID_CHARACTERS, text, why_not_an_id
from ingest.orders.times import UNKNOWN

NOBODY: Final = -1
"""Code of the customer of a line that names none."""


class _ProductCodes(dict[str, int]):
    def __missing__(self, key: str) -> int:
        if why_not_an_id(key) is not None:
            raise BadIdError(key)
        code = self[key] = len(self)
        return code


class _OrderCodes(dict[str, int]):
    def __missing__(self, key: str) -> int:
        if not key or key.isspace() or len(key) > 2 * MAX_ID_CHARACTERS:
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

    def __init__(self) -> None:
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
        return len(self._product)

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
            if customers is None or times is None:
                raise BadIdError("neither an order nor a customer and a time")
            stand_ins = zip(customers, times, strict=True)
            orders = [f"{who} at {when}" if who and when != UNKNOWN else "" for who, when in stand_ins]
            self.has_orders = False
        product = array("i", map(self._products.__getitem__, products))
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
        if titles is None:
            return
        if (quantities is None or min(quantities) > 0) and (prices is None or min(prices) > 0):
            self._sold_as.update(zip(product, titles, strict=True))
            return
        # Corrections of stock bear remarks ("damaged?") instead of names; they count only where nothing else does.
        q, p = self._quantity[-n:], self._price[-n:]
        for i, named in enumerate(zip(product, titles, strict=True)):
            counter = self._noted_as if q[i] <= 0 or p[i] <= 0 else self._sold_as
            counter[named] += 1

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

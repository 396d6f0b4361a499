"""Order lines in, a catalogue of products and weighted pairs out."""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from datetime import UTC, datetime
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graph.catalog import Catalog
from graph.errors import UserError
from ingest.builder import BadIdError
from ingest.orders.cleaning import (
    draw_from_long_baskets,
    find_non_products,
    find_returns,
    join_sessions,
    undo_returns,
)
from ingest.orders.pairs import PairCounts, basket_counts, count_pairs, weigh
from ingest.orders.report import OrderReport
from ingest.orders.settings import OrderSettings
from ingest.orders.table import REVIEW_HOURS, OrderTable
from ingest.orders.times import UNKNOWN, TimeCache, resolve

if TYPE_CHECKING:
    import pandas as pd

OnProgress = Callable[[str, int, int], None]


def pairs_from_orders(
    orders: pd.DataFrame, settings: OrderSettings | None = None, on_progress: OnProgress | None = None
) -> tuple[Catalog, OrderReport]:
    """Make weighted pairs of the products that were bought together.

    Args:
        orders: One row an order line: ``product_id``; ``order_id``, or else ``customer_id`` and ``time``; and, where
            there are such columns, ``time`` (datetime64, or text as :func:`ingest.orders.times.parse_time` reads
            it), ``quantity`` (float, negative for returns, 1 where absent), ``customer_id``, ``title``, ``price``
            (float, of one piece). Ids may be text or whole numbers.
        settings: What counts as a purchase and what pairs weigh; ``OrderSettings()`` where absent.
        on_progress: Called as ``(what, done, total)``.

    Returns:
        The catalogue, products ascending by id (title the most frequent one, price the median, everything listed),
        pairs ascending; and what became of every line. The same lines in any order give the same bytes. Customers
        are not in it.

    Raises:
        UserError: a column is absent, a row has no usable id, time or quantity, or no line is a purchase.
    """
    table = OrderTable(settings)
    if "product_id" not in orders or not ("order_id" in orders or {"customer_id", "time"} <= set(orders.columns)):
        raise UserError(
            f"orders need the columns product_id and order_id (or customer_id and time), not {list(orders.columns)}"
        )
    if len(orders):
        texts = {
            name: _texts(orders[name]) for name in ("product_id", "order_id", "customer_id", "title") if name in orders
        }
        numbers = {name: orders[name].to_numpy(dtype=np.float64) for name in ("quantity", "price") if name in orders}
        if "quantity" in numbers and not np.isfinite(numbers["quantity"]).all():
            raise UserError(f"row {int(np.argmin(np.isfinite(numbers['quantity'])))} of the orders has no quantity")
        try:
            table.add(
                texts["product_id"],
                texts.get("order_id"),
                times=_seconds(orders["time"]) if "time" in orders else None,
                quantities=numbers["quantity"].tolist() if "quantity" in numbers else None,
                prices=numbers["price"].tolist() if "price" in numbers else None,
                customers=texts.get("customer_id"),
                titles=texts.get("title"),
            )
        except BadIdError as error:
            raise UserError(f"{error.args[0]!r} among the orders is no id of a product or an order") from None
    return convert(table, settings, on_progress)


def convert(
    table: OrderTable, settings: OrderSettings | None = None, on_progress: OnProgress | None = None
) -> tuple[Catalog, OrderReport]:
    """The same for lines that were collected in a table.

    Raises:
        UserError: no line is a purchase of a product.
    """
    if table.spool is not None:
        from ingest.orders.out_of_core import convert_spooled

        return convert_spooled(table, settings, on_progress)
    started = clock.perf_counter()
    settings = settings or OrderSettings()
    hours = settings.session_hours if settings.session_hours or table.has_orders else REVIEW_HOURS
    ids, titles, order_ids = table.product_ids, table.titles(), table.order_ids
    product, order, customer = table.product, table.order, table.customer
    quantity, price = table.quantity, table.price
    times, unreadable, dates = resolve(table.time, settings.day_first)

    # Each line gets the first reason to leave it out, and none twice, so that the counts add up.
    non_product, non_products = find_non_products(ids, titles, np.bincount(product, minlength=len(ids)), settings)
    is_non_product = non_product[product]
    is_return = ~is_non_product & find_returns(order, quantity, order_ids, has_quantities=table.has_quantities)
    is_zero = ~is_non_product & ~is_return & (quantity == 0)
    is_free = ~is_non_product & ~is_return & ~is_zero & (price <= 0) & (not settings.keep_free)
    is_sale = ~(is_non_product | is_return | is_zero | is_free)
    is_returned, unmatched = np.zeros(len(product), dtype=bool), 0
    if settings.undo_returns:
        lines = np.flatnonzero(is_sale | is_return)
        gone, unmatched = undo_returns(
            product[lines], order[lines], customer[lines], times[lines], quantity[lines],
            price[lines], is_return[lines], order_ids,
        )  # fmt: skip
        is_returned[lines] = gone
        is_sale &= ~is_returned
    sale = np.flatnonzero(is_sale)
    if not len(sale):
        raise UserError(f"none of the {len(product):,} order lines is a purchase of a product")

    # Codes of products become rows of the catalogue, ascending by id; codes of orders become baskets.
    bought = np.unique(product[sale])
    bought = bought[np.argsort(np.array([ids[code] for code in bought], dtype=object), kind="stable")]
    row_of = np.full(len(ids), -1, dtype=np.int64)
    row_of[bought] = np.arange(len(bought))
    row = row_of[product[sale]]
    row_ids = [ids[code] for code in bought]
    placed = np.unique(order[sale])
    position = np.searchsorted(placed, order[sale])
    order_time, order_customer = _first_of_each(position, times[sale], customer[sale], len(placed))
    basket_of, _ = join_sessions(order_customer, order_time, hours)
    n_baskets = int(basket_of.max()) + 1
    basket_time = np.full(n_baskets, UNKNOWN)
    np.maximum.at(basket_time, basket_of, order_time)
    labels = [""] * n_baskets
    for one, code in zip(basket_of.tolist(), placed.tolist(), strict=True):
        labels[one] = min(labels[one] or order_ids[code], order_ids[code])

    couple = np.unique(basket_of[position] * len(row_ids) + row)
    basket, item = np.divmod(couple, len(row_ids))
    drawn = draw_from_long_baskets(basket, item, labels, row_ids, settings.max_items, settings.seed)
    basket, item = basket[drawn.keep], item[drawn.keep]
    counts = basket_counts(basket_time, basket_time != UNKNOWN, settings.half_life_days)
    pairs = count_pairs(basket, item, counts, len(row_ids), settings.min_support, on_progress)
    weight = weigh(pairs, settings.weight)
    keep = weight > 0

    row_titles = [titles[code] for code in bought]
    catalog = catalog_of(row_ids, row_titles, _median_price(row, price[sale], len(row_ids)), pairs, weight)
    known = order_time[order_time != UNKNOWN]
    report = OrderReport(
        lines=len(product),
        orders=len(order_ids),
        customers=len(np.unique(customer[customer >= 0])),
        non_product_lines=int(is_non_product.sum()),
        return_lines=int(is_return.sum()),
        zero_lines=int(is_zero.sum()),
        free_lines=int(is_free.sum()),
        returned_lines=int(is_returned.sum()),
        repeated_lines=len(sale) - len(couple),
        drawn_out_lines=int((~drawn.keep).sum()),
        kept_lines=len(item),
        unmatched_returns=unmatched,
        non_products=tuple(non_products),
        unreadable_times=unreadable,
        dates=dates,
        first_time=iso_time(known.min()) if len(known) else None,
        last_time=iso_time(known.max()) if len(known) else None,
        baskets=n_baskets,
        joined_orders=len(placed) - n_baskets,
        one_item_baskets=int((np.bincount(basket, minlength=n_baskets) == 1).sum()),
        long_baskets=drawn.long_baskets,
        longest_basket=drawn.longest,
        products=len(row_ids),
        pairs_seen=pairs.seen,
        pairs_below_support=pairs.below_support,
        pairs_not_associated=int((~keep).sum()),
        pairs=int(keep.sum()),
        weight=settings.weight,
        session_hours=hours,
        seconds=clock.perf_counter() - started,
    )
    return catalog, report


def _first_of_each(
    order: NDArray[np.int64], time: NDArray[np.int64], customer: NDArray[np.int32], n: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The earliest known time of each order, and its customer: the one with the smallest code where several stand."""
    latest = np.iinfo(np.int64).max
    first = np.full(n, latest)
    np.minimum.at(first, order, np.where(time == UNKNOWN, latest, time))
    somebody = np.iinfo(np.int32).max
    who = np.full(n, somebody, dtype=np.int32)
    np.minimum.at(who, order, np.where(customer < 0, somebody, customer).astype(np.int32))
    return np.where(first == latest, UNKNOWN, first), np.where(who == somebody, -1, who).astype(np.int32)


def _median_price(row: NDArray[np.int64], price: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """float64[n]: the median of each product's known prices above zero, NaN where it has none."""
    known = price > 0
    row, price = row[known], price[known]
    order = np.lexsort((price, row))
    price = price[order]
    count = np.bincount(row, minlength=n)
    start = np.cumsum(count) - count
    median = np.full(n, np.nan)
    some = count > 0
    low, high = (start + (count - 1) // 2)[some], (start + count // 2)[some]
    median[some] = (price[low] + price[high]) / 2
    return median


def catalog_of(
    ids: list[str],
    titles: list[str | None],
    prices: NDArray[np.float64],
    pairs: PairCounts,
    weight: NDArray[np.float64],
) -> Catalog:
    """The catalogue of what was bought: products as given, pairs whose weight is above zero."""
    import pandas as pd

    keep = weight > 0
    return Catalog(
        products=_products(ids, titles, prices),
        pairs=pd.DataFrame(
            {
                "a": pairs.a[keep],
                "b": pairs.b[keep],
                "weight": weight[keep],
                "relations": np.zeros(int(keep.sum()), dtype=np.uint8),
            }
        ),
    )


def _products(ids: list[str], titles: list[str | None], price: NDArray[np.float64]) -> pd.DataFrame:
    import pandas as pd

    n = len(ids)
    no_categories = np.empty(n, dtype=object)
    for i in range(n):
        no_categories[i] = []
    columns: dict[str, Any] = {
        "product_id": np.array(ids, dtype=object),
        "title": np.array(titles, dtype=object),
        "brand": np.full(n, None, dtype=object),
        "price": price,
        "categories": no_categories,
        "sales_rank": np.full(n, np.nan),
        "listed": np.ones(n, dtype=bool),
    }
    return pd.DataFrame({name: pd.Series(column, dtype=column.dtype) for name, column in columns.items()})


def iso_time(seconds: int | np.int64) -> str:
    """A time as the report writes it."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()


def _texts(column: pd.Series[Any]) -> list[str]:
    """Text of each cell; empty where absent, whole numbers without a decimal point."""

    def one(value: Any) -> str:
        if isinstance(value, str):
            return value
        if value is None or (isinstance(value, float) and isnan(value)):
            return ""
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)

    return [one(value) for value in column.tolist()]


def _seconds(column: pd.Series[Any]) -> list[int]:
    """Seconds since 1970 of each cell, UNKNOWN where absent."""
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        stamps = column.dt.tz_convert("UTC").dt.tz_localize(None) if getattr(column.dtype, "tz", None) else column
        whole = stamps.to_numpy().astype("datetime64[s]")
        return [
            UNKNOWN if absent else int(one) for one, absent in zip(whole.astype(np.int64), np.isnat(whole), strict=True)
        ]
    found = []
    cache = TimeCache()
    for i, value in enumerate(_texts(column)):
        try:
            found.append(cache[value])
        except ValueError as error:
            raise UserError(f"row {i} of the orders: {value!r} is no time ({error})") from None
    return found

"""Order lines to baskets on an engine that speaks SQL and holds more than memory does: DuckDB, or Spark.

The same steps as :mod:`ingest.orders.convert`, and the same results. SQL joins, groups and sorts; what it has no word
for (patterns of what is no product, which purchase a return takes back, the drawing of lots) is the very function that
the in-memory path calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from graph.errors import UserError
from ingest.orders import statements as sql
from ingest.orders.cleaning import draw_from_long_baskets, find_non_products, marks_are_returns, undo_returns
from ingest.orders.ids import NOBODY
from ingest.orders.pairs import FULL, basket_counts
from ingest.orders.report import NonProduct
from ingest.orders.settings import OrderSettings
from ingest.orders.table import REVIEW_HOURS
from ingest.orders.times import UNKNOWN, resolve

if TYPE_CHECKING:
    import pyarrow as pa

TableFunction = Callable[["pa.Table"], "pa.Table"]
OnStep = Callable[[str], None]


class SqlEngine(Protocol):
    """What runs the statements. Names of tables are the code's own, never a person's."""

    def keep(self, name: str, select: str) -> None:
        """Make a table of a statement's result."""
        ...

    def fetch(self, select: str) -> pa.Table:
        """A result that fits into memory."""
        ...

    def give(self, name: str, table: pa.Table) -> None:
        """Make a table of what Python holds."""
        ...

    def apply(self, name: str, select: str, function: TableFunction, schema: pa.Schema) -> None:
        """Make a table of what ``function`` makes of the rows; rows of one ``part`` are in one call."""
        ...

    def number_baskets(self) -> None:
        """Make ``named`` (label, time) into ``baskets_bare`` (label, basket, time); ``basket`` is any key."""
        ...


@dataclass(frozen=True)
class Baskets:
    """What :func:`to_baskets` leaves beside the tables ``items`` (basket, item, worth) and ``bought``.

    Attributes:
        ids: Product ids ascending; ``item`` is the position.
        titles: Title of each, or None.
        prices: float64[n], median price of each, NaN where unknown.
        worth: What all baskets count, in units of 1 / FULL.
        decayed: Whether baskets count differently.
        hours: Session window that was used.
        counts: Fields of :class:`ingest.orders.report.OrderReport` that are known by now.
    """

    ids: list[str]
    titles: list[str | None]
    prices: NDArray[np.float64]
    worth: int
    decayed: bool
    hours: float
    counts: dict[str, Any]


def to_baskets(
    engine: SqlEngine,
    settings: OrderSettings,
    *,
    has_orders: bool,
    has_quantities: bool,
    product_names: Callable[[Sequence[Any]], tuple[list[str], list[str | None]]],
    on_step: OnStep,
) -> Baskets:
    """Run every step from ``lines`` to ``items``.

    Args:
        engine: Holds the table ``lines``.
        settings: As for :func:`ingest.orders.convert`.
        has_orders: Whether every line named its order.
        has_quantities: Whether some line named its quantity.
        product_names: Ids and titles of products as ``lines`` calls them.
        on_step: Told what begins.

    Raises:
        UserError: no line is a purchase of a product.
    """
    import pyarrow as pa

    hours = settings.session_hours if settings.session_hours or has_orders else REVIEW_HOURS
    on_step("orders and products")
    facts, orders = _one(engine, sql.FACTS), _one(engine, sql.ORDER_FACTS)
    products = engine.fetch(sql.PRODUCT_LINES)
    codes, lines = products["product"].to_pylist(), products["n"].to_numpy().astype(np.int64)
    ids, titles = product_names(codes)
    by_id = sorted(range(len(ids)), key=ids.__getitem__)  # some functions' answers follow the order of their input
    codes, ids, titles = [codes[i] for i in by_id], [ids[i] for i in by_id], [titles[i] for i in by_id]
    wrong, non_products = find_non_products(ids, titles, lines[by_id], settings)
    dates, unreadable, order_of_dates = _dates(engine.fetch(sql.AMBIGUOUS_TIMES), settings)
    kind = products.schema.field("product").type
    engine.give("dates", dates)
    engine.give("non_products", pa.table({"product": pa.array([codes[i] for i in np.flatnonzero(wrong)], type=kind)}))
    means_it = marks_are_returns(
        has_quantities=has_quantities,
        marked_lines=facts["marked"],
        marked_negative=facts["negative"],
        marked_orders=orders["marked"],
        orders=orders["n"],
    )
    engine.give(
        "rules",
        pa.table(
            {
                "marks_are_returns": [means_it],
                "keep_free": [settings.keep_free],
                "session_seconds": [hours * 3600.0],
                "max_items": [settings.max_items],
            }
        ),
    )

    on_step("returns and what is no product")
    engine.keep("purchases", sql.PURCHASES)
    status = dict(zip(*engine.fetch(sql.STATUSES).to_pydict().values(), strict=True))
    verdict: dict[str, int] = {}
    if settings.undo_returns and status.get("return", 0):
        engine.keep("returned", sql.RETURNED)
        engine.apply("judged", sql.INVOLVED, _judge, _judged_schema(kind))
        verdict = dict(zip(*engine.fetch(sql.JUDGED).to_pydict().values(), strict=True))
        engine.keep("sales", sql.SALES)
    else:
        engine.keep("sales", sql.ALL_SALES)
    n_sales = status.get("sale", 0) - verdict.get("returned", 0)
    if not n_sales:
        raise UserError(f"none of the {facts['n']:,} order lines is a purchase of a product")

    on_step("baskets")
    sold = engine.fetch(sql.PRODUCTS)
    name = dict(zip(codes, zip(ids, titles, strict=True), strict=True))
    price_of = dict(zip(sold["product"].to_pylist(), sold["price"].to_pylist(), strict=True))
    bought = sorted(price_of, key=lambda code: name[code][0])
    engine.give(
        "bought",
        pa.table(
            {
                "product": pa.array(bought, type=kind),
                "id": pa.array([name[code][0] for code in bought], type=pa.string()),
                "item": np.arange(len(bought), dtype=np.int32),
            }
        ),
    )
    engine.keep("placed", sql.PLACED)
    span = _one(engine, sql.SPAN)
    engine.keep("member", sql.SESSIONS if hours > 0 else sql.BASKET_IS_ORDER)
    engine.keep("basket_times", sql.BASKET_TIMES)
    decayed = settings.half_life_days > 0 and span["first_time"] is not None
    engine.give("worths", _worths(engine.fetch(sql.DISTINCT_TIMES) if decayed else None, settings.half_life_days))
    engine.number_baskets()
    engine.keep("couples", sql.COUPLES)
    engine.keep("sizes", sql.SIZES)
    size = _one(engine, sql.SIZE_FACTS)
    draw = _Draw(settings.max_items, settings.seed)
    engine.apply("drawn", sql.LONG, draw, _drawn_schema(engine.fetch("SELECT basket FROM sizes LIMIT 0").schema))
    engine.keep("items", sql.ITEMS)
    items, total = _one(engine, sql.ITEM_FACTS), _one(engine, sql.TOTAL)
    n_baskets = engine.fetch("SELECT count(*) AS n FROM sizes")["n"][0].as_py()
    prices = [price_of[code] for code in bought]
    return Baskets(
        ids=[name[code][0] for code in bought],
        titles=[name[code][1] for code in bought],
        prices=np.array([np.nan if price is None else price for price in prices], dtype=np.float64),
        worth=int(total["worth"]),
        decayed=decayed,
        hours=hours,
        counts={
            "lines": facts["n"],
            "orders": orders["n"],
            "customers": facts["customers"],
            "non_product_lines": status.get("non_product", 0),
            "return_lines": status.get("return", 0),
            "zero_lines": status.get("zero", 0),
            "free_lines": status.get("free", 0),
            "returned_lines": verdict.get("returned", 0),
            "repeated_lines": n_sales - int(size["lines"]),
            "drawn_out_lines": int(size["lines"]) - int(items["lines"]),
            "kept_lines": int(items["lines"]),
            "unmatched_returns": verdict.get("unmatched", 0),
            "non_products": tuple(_sorted(non_products)),
            "unreadable_times": unreadable,
            "dates": order_of_dates,
            "first_time": span["first_time"],
            "last_time": span["last_time"],
            "baskets": n_baskets,
            "joined_orders": span["n"] - n_baskets,
            "one_item_baskets": items["single"],
            "long_baskets": size["too_long"],
            "longest_basket": int(size["longest"]),
            "products": len(bought),
            "session_hours": hours,
        },
    )


def _one(engine: SqlEngine, select: str) -> dict[str, Any]:
    row: dict[str, Any] = engine.fetch(select).to_pylist()[0]
    return row


def _sorted(found: list[NonProduct]) -> list[NonProduct]:
    return sorted(found, key=lambda one: (-one.lines, one.product_id))


def _dates(ambiguous: pa.Table, settings: OrderSettings) -> tuple[pa.Table, int, str]:
    """The table ``dates``, the number of lines whose date cannot exist, and how dates were read."""
    import pyarrow as pa

    times = ambiguous["time"].to_numpy().astype(np.int64)
    seconds, unreadable, how = resolve(times, settings.day_first, ambiguous["n"].to_numpy().astype(np.int64))
    table = pa.table(
        {"time": pa.array(times, type=pa.int64()), "seconds": pa.array(seconds, pa.int64(), mask=seconds == UNKNOWN)}
    )
    return table, unreadable, how


def _worths(times: pa.Table | None, half_life_days: float) -> pa.Table:
    """The table ``worths`` (time, -1 for unknown; worth); without times everything counts fully."""
    import pyarrow as pa

    if times is None:
        return pa.table({"time": pa.array([], type=pa.int64()), "worth": pa.array([], type=pa.int64())})
    time = times["time"].fill_null(-1).to_numpy().astype(np.int64)
    return pa.table({"time": time, "worth": basket_counts(time, time >= 0, half_life_days)})


#: Each basket with what it counts; the engine puts its own key in (see :meth:`SqlEngine.number_baskets`).
BASKETS: Final = f"""
SELECT b.label, b.basket, coalesce(w.worth, CAST({FULL} AS BIGINT)) AS worth
FROM baskets_bare b LEFT JOIN worths w ON coalesce(b.time, -1) = w.time
"""  # noqa: S608  FULL is a constant of ours


def _judged_schema(product: pa.DataType) -> pa.Schema:
    import pyarrow as pa

    text = pa.string()
    return pa.schema(
        [("product", product), ("ord", text), ("customer", text), ("time", pa.int64()), ("price", pa.float64()),
         ("verdict", text)]
    )  # fmt: skip


def _judge(involved: pa.Table) -> pa.Table:
    """Purchases with their verdict, ``sale`` or ``returned``; and a row ``unmatched`` for each return without one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = involved.schema.field("product").type
    involved = involved.combine_chunks()
    product, order = _codes(involved["product"])[0], _codes(involved["ord"])
    customer = _codes(involved["customer"])[0]
    time = involved["time"].fill_null(UNKNOWN).to_numpy().astype(np.int64)
    is_return = pc.equal(involved["status"], "return").to_numpy(zero_copy_only=False)
    gone, unmatched = undo_returns(
        product,
        order[0],
        customer,
        time,
        involved["quantity"].to_numpy(),
        involved["price"].fill_null(np.nan).to_numpy(),
        is_return,
        order[1],
    )
    bought = involved.filter(pa.array(~is_return))
    verdicts = pa.array(np.where(gone[~is_return], "returned", "sale").tolist(), type=pa.string())
    out = pa.table([*(bought[name] for name in ("product", "ord", "customer", "time", "price")), verdicts],
                   schema=_judged_schema(kind))  # fmt: skip
    if not unmatched:
        return out
    nothing = [pa.nulls(unmatched, field.type) for field in out.schema][:-1]
    return pa.concat_tables([out, pa.table([*nothing, pa.array(["unmatched"] * unmatched)], schema=out.schema)])


def _codes(column: Any) -> tuple[NDArray[np.int32], list[str]]:
    """int32[n]: a code for each value, NOBODY for null; and the values."""
    encoded = column.combine_chunks().dictionary_encode()
    if hasattr(encoded, "combine_chunks"):
        encoded = encoded.combine_chunks()
    return encoded.indices.fill_null(NOBODY).to_numpy().astype(np.int32), encoded.dictionary.to_pylist()


def _drawn_schema(baskets: pa.Schema) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([("basket", baskets.field("basket").type), ("item", pa.int32())])


@dataclass(frozen=True)
class _Draw:
    """Keeps ``max_items`` lines of each basket; a class, so that Spark can send it to its workers."""

    max_items: int
    seed: int

    def __call__(self, long: pa.Table) -> pa.Table:
        import pyarrow as pa

        basket, _ = _codes(long["basket"])
        labels: list[str] = [""] * (int(basket.max(initial=-1)) + 1)
        for code, label in zip(basket.tolist(), long["label"].to_pylist(), strict=True):
            labels[code] = label
        ids = long["id"].to_pylist()
        drawn = draw_from_long_baskets(
            basket.astype(np.int64), np.arange(len(ids)), labels, ids, self.max_items, self.seed
        )
        return long.select(["basket", "item"]).filter(pa.array(drawn.keep))

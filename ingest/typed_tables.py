"""Tables whose columns have names and types (Parquet, Arrow, a database's answer) into products, pairs or orders.

What a table holds is found out from its columns: an order (or a customer and a time) and a product make order lines,
two sides of a pair make pairs, a product's id beside facts about it makes products.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

import numpy as np

from graph.errors import UsageError
from ingest import columns as pair_columns
from ingest import fields
from ingest.builder import BadIdError
from ingest.fields import why_not_an_id
from ingest.formats.orders import OrderRows
from ingest.intake import Intake
from ingest.orders import columns as order_columns
from ingest.orders.columns import OrderColumns
from ingest.product_columns import ProductColumns, guess_products, told_products
from ingest.product_lines import ProductLines
from ingest.records import Record

#: What a table can hold, as ``--format`` names it.
KINDS: Final = ("products", "pairs", "orders")

#: Stands for a value that is no text and cannot be an id; every check of ids refuses it.
_NO_TEXT: Final = "\ufffd"


class Rows(Protocol):
    """Takes the rows of one table.

    Attributes:
        kind: One of :data:`KINDS`.
        ids: Positions of the columns that hold products' ids.
        numbers: Positions of the columns that must hold numbers.
    """

    kind: str
    ids: tuple[int, ...]
    numbers: tuple[int, ...]

    def add(self, table: Sequence[Sequence[Any]], first: int) -> int:
        """Take rows, given as columns of Python values, the first of them number ``first``: how many were bad."""
        ...


def rows_of(names: Sequence[str], where: Path, products: ProductLines, kind: str = "auto") -> Rows:
    """What takes a table with these columns.

    Args:
        names: The columns.
        where: The table, for messages.
        products: Where the rows go.
        kind: One of :data:`KINDS`, or ``auto``.

    Raises:
        UsageError: the columns tell nothing, or what a person said of them cannot be.
    """
    intake = products.intake
    wanted = intake.settings.columns
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise UsageError(f"{where} has the column {repeated[0]!r} {names.count(repeated[0])} times", "Name them apart.")
    chosen = _kind(names, wanted) if kind == "auto" else kind
    if chosen == "orders":
        found = order_columns.told(names, wanted, str(where), has_header=True) if wanted else order_columns.guess(names)
        if found is not None:
            intake.columns.update(found.described())
            return _OrderTable(found, where, intake)
    elif chosen == "pairs":
        pair = pair_columns.named_columns(names, wanted, str(where))
        intake.columns.update(pair.described())
        return _PairTable(pair, where, intake)
    elif chosen == "products":
        facts = told_products(names, wanted, str(where)) if wanted else guess_products(names)
        if facts is not None:
            intake.columns.update(facts.described())
            intake.has_products = True
            return _ProductTable(facts, where, products)
    raise UsageError(
        f"{where}: cannot tell what the columns {', '.join(map(repr, names))} are. Looked for: an order and a product "
        "(orders), two products and perhaps a weight (pairs), a product's id with its title, brand, price or "
        "categories (products)",
        "Name the columns so, or say with --columns what they are: order=…,product=… or PRODUCT,OTHER[,WEIGHT].",
    )


def _kind(names: Sequence[str], wanted: Sequence[str]) -> str | None:
    if wanted:
        roles = {entry.partition("=")[0] for entry in wanted if "=" in entry}
        return "pairs" if not roles else "orders" if roles & {"order", "customer"} else "products"
    if order_columns.guess(names) is not None:
        return "orders"
    if pair_columns.guess(names) is not None:
        return "pairs"
    return None if guess_products(names) is None else "products"


def id_text(value: Any) -> str:
    """An id as text: whole numbers as their digits, whatever type they came in; empty for what is absent."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return _NO_TEXT
    if isinstance(value, int | UUID):
        return str(value)
    if isinstance(value, float | Decimal):  # whole numbers beside absent ones come as floats
        if math.isnan(value):
            return ""
        if math.isfinite(value) and value == int(value) and abs(int(value)) < 2**53:
            return str(int(value))
    return _NO_TEXT


def _number(value: Any) -> float:
    """A number as float; NaN for what is absent or no number."""
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return math.nan
    return float(value) if isinstance(value, int | float | Decimal) else math.nan


class _PairTable:
    kind = "pairs"

    def __init__(self, columns: pair_columns.PairColumns, where: Path, intake: Intake) -> None:
        self.columns, self.where, self.intake = columns, where, intake
        self.ids: tuple[int, ...] = (columns.a, columns.b)
        self.numbers: tuple[int, ...] = () if columns.weight is None else (columns.weight,)

    def add(self, table: Sequence[Sequence[Any]], first: int) -> int:
        a, b = (list(map(id_text, table[position])) for position in self.ids)
        weight = np.ones(len(a))
        if self.columns.weight is not None:
            weight = np.array(list(map(_number, table[self.columns.weight])), dtype=np.float64)
        if self._add_all(a, b, weight):
            return 0
        return sum(self._add_one(first + i, *row) for i, row in enumerate(zip(a, b, weight.tolist(), strict=True)))

    def _add_all(self, a: list[str], b: list[str], weight: Any) -> bool:
        """Add many rows at once, or none of them and say False: something in them needs a closer look."""
        if not (np.isfinite(weight) & (weight > 0)).all() or any(x == y for x, y in zip(a, b, strict=True)):
            return False
        try:
            self.intake.builder.add_pairs(a, b, weight)
        except BadIdError:
            return False
        return True

    def _add_one(self, number: int, a: str, b: str, weight: float) -> bool:
        """Add one row; True where it is bad and was rejected."""
        text, rejects = f"{a}, {b}, {weight:g}", self.intake.rejects
        for value in (a, b):
            wrong = why_not_an_id(value)
            if wrong is not None:
                rejects.reject(self.where, number, "bad_id", f"a product's id {wrong}", text)
                return True
        if not 0 < weight < math.inf:
            rejects.reject(self.where, number, "bad_weight", "its weight is not a positive number", text)
            return True
        if self.intake.builder.add_pairs([a], [b], [weight]):
            rejects.repair(self.where, number, "self_loop", f"links {a} with itself: left out", text)
        return False


class _OrderTable:
    kind = "orders"

    def __init__(self, columns: OrderColumns, where: Path, intake: Intake) -> None:
        self.where, self.intake = where, intake
        self.at = columns.at
        self.width = len(columns.names)
        self.taker = OrderRows(intake.orders, columns)
        self.ids: tuple[int, ...] = (columns.at["product"],)
        self.numbers = tuple(columns.at[role] for role in ("quantity", "price") if role in columns.at)

    def add(self, table: Sequence[Sequence[Any]], first: int) -> int:
        blank = [""] * len(table[self.at["product"]])
        cells: list[Sequence[str]] = [blank] * self.width
        for role, position in self.at.items():
            cells[position] = list(map(_ORDER_CELL.get(role, id_text), table[position]))
        rows = [list(row) for row in zip(*cells, strict=True)]
        if self.taker.take_all(rows):
            return 0
        bad = 0
        for number, row in enumerate(rows, first):
            repairs: fields.Repairs = []
            wrong = self.taker.take(row, repairs)
            text = ", ".join(row)
            if wrong is not None:
                bad += 1
                self.intake.rejects.reject(self.where, number, *wrong, text)
                continue
            for kind, reason in repairs:
                self.intake.rejects.repair(self.where, number, kind, reason, text)
        return bad


def _time_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return id_text(value)


def _number_text(value: Any) -> str:
    return "" if value is None or value != value else str(value)  # noqa: PLR0124 - NaN


def _title_text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


_ORDER_CELL: Final = {"time": _time_text, "quantity": _number_text, "price": _number_text, "title": _title_text}


class _ProductTable:
    kind = "products"

    def __init__(self, columns: ProductColumns, where: Path, products: ProductLines) -> None:
        self.columns, self.where, self.products = columns, where, products
        self.ids: tuple[int, ...] = (columns.at["product"],)
        self.numbers: tuple[int, ...] = ()

    def add(self, table: Sequence[Sequence[Any]], first: int) -> int:
        bad = 0
        at = self.columns.at
        for number, cells in enumerate(zip(*(table[position] for position in at.values()), strict=True), first):
            row = dict(zip(at, cells, strict=True))
            product_id = id_text(row["product"])
            text = ", ".join(map(str, cells))
            wrong = why_not_an_id(product_id)
            if wrong is not None:
                bad += 1
                self.products.intake.rejects.reject(
                    self.where, number, "bad_id", f"{self.columns.names[at['product']]} {wrong}", text
                )
                continue
            self.products.add(record_of(product_id, row), self.where, number, text)
        return bad


def record_of(product_id: str, row: dict[str, Any]) -> Record:
    """A record out of a row's cells by role (:data:`ingest.product_columns.ROLES`)."""
    record = Record(product_id)
    repairs = record.repairs
    for role in ("title", "brand"):
        value = row.get(role)
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            value = "" if value != value else str(value)  # noqa: PLR0124 - NaN; a title may be a number
        setattr(record, role, fields.text(value, role, repairs))
    for role in ("price", "sales_rank"):
        value = row.get(role)
        if isinstance(value, Decimal):
            value = float(value)
        if isinstance(value, str):
            setattr(record, role, fields.price_from_text(value) if value.strip() else math.nan)
        elif not (isinstance(value, float) and math.isnan(value)):
            setattr(record, role, fields.number(value, role.replace("_", " "), repairs))
    record.categories = _paths(row.get("categories"), repairs)
    for relation in ("also_bought", "also_viewed", "bought_together"):
        value = row.get(relation)
        if isinstance(value, str):
            value = [part.strip() for part in value.replace(";", ",").replace("|", ",").split(",") if part.strip()]
        elif isinstance(value, list | tuple):
            value = list(map(id_text, value))
        fields.related_list(value, relation, relation, record)
    return record


def _paths(value: Any, repairs: fields.Repairs) -> list[str]:
    """Category paths: a text is one path, a list of texts several, a list of lists one path each."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple):
        return [] if value is None else fields.category_paths(value, repairs)
    lists = [[part.strip() for part in entry.split(">")] if isinstance(entry, str) else entry for entry in value]
    return fields.category_paths([names for names in lists if names != [""]], repairs)

"""Orders as text, CSV or TSV, one line for each product of an order ("long form").

Columns: the order and the product; perhaps the time, the quantity, the customer, the product's title and price. Which
those are is told or guessed (:mod:`ingest.orders.columns`); without an order, a customer's lines of one time are one.
UCI's Online Retail (Chen, Sain and Guo, "Data mining for the online retail industry", 2012) is of this format.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from graph.errors import UsageError
from ingest import fields
from ingest.builder import BadIdError
from ingest.fields import why_not_an_id
from ingest.intake import Intake, decode
from ingest.orders.columns import OrderColumns, guess, told
from ingest.orders.table import OrderTable
from ingest.orders.times import TimeCache
from ingest.source import LineReader, first_lines
from ingest.tables import RowReader, table_lines

NAME: Final = "orders"
LOOKS_LIKE: Final = "a table in CSV or TSV with an order and a product a line"

_DELIMITERS: Final = ("\t", ",", ";", "|")
_ABSENT: Final = frozenset({"nan", "NaN", "None", "null", "NULL", "NA", "N/A", "<NA>"})


def looks_like(lines: Sequence[bytes]) -> bool:
    """Whether the first line is a header that names an order and a product."""
    _, rows = cut_rows([decode(line)[0] for line in lines])
    return bool(rows) and guess(rows[0]) is not None


def read(path: Path, intake: Intake) -> None:
    """Read the order lines of one file.

    Raises:
        UsageError: the columns cannot be told.
        UserError: too many bad rows, or a damaged file that the settings do not allow.
    """
    settings = intake.settings
    sample = [decode(line)[0] for line in first_lines(path, settings)]
    delimiter, columns = layout(sample, settings.columns, str(path))
    intake.columns.update(columns.described())
    taker = OrderRows(intake.orders, columns)
    rows = RowReader(delimiter, len(columns.names))
    reader = LineReader(path, settings)
    lines = bad = 0
    for numbered, too_long in table_lines(path, reader, intake, has_header=columns.has_header):
        lines += len(numbered) + too_long
        bad += too_long
        cells = rows.whole_batch([text for _, text in numbered]) if numbered else []
        if cells is None or not taker.take_all(cells):
            for number, text, row in rows.one_by_one(numbered):
                bad += _take(path, number, text, row, taker, intake)
        intake.after_batch(path, lines, bad, reader.bytes_read, reader.size)
    for number, text, row in rows.rest():
        bad += _take(path, number, text, row, taker, intake)
    intake.after_stream(reader)
    intake.after_file(path, lines, bad)


def layout(sample: Sequence[str], wanted: Sequence[str], where: str) -> tuple[str, OrderColumns]:
    """The delimiter of a file, and what its columns are.

    Raises:
        UsageError: it is no table, or the columns cannot be told.
    """
    delimiter, rows = cut_rows(sample)
    if not rows:
        raise UsageError(f"{where} is no table of orders", "Its columns must be an order, a product, perhaps more.")
    names = rows[0]
    if not wanted:
        found = guess(names)
        if found is None:
            raise UsageError(
                f"{where}: cannot tell the order and the product among the columns {', '.join(map(repr, names))}",
                "Say so with --columns order=COLUMN,product=COLUMN[,time=…,quantity=…,customer=…,title=…,price=…].",
            )
        return delimiter, found
    columns = [entry.partition("=")[2] or entry for entry in wanted]
    if any(column in names and not column.isdigit() for column in columns) or guess(names) is not None:
        return delimiter, told(names, wanted, where, has_header=True)
    found = told([f"column {i + 1}" for i in range(len(names))], wanted, where, has_header=False)
    # Numbers for columns do not say whether there is a header: it has no number where a row has its quantity.
    probe = next((found.at[role] for role in ("quantity", "price") if role in found.at), None)
    if probe is not None and len(rows) > 1 and not _is_number(names[probe]) and _is_number(rows[1][probe]):
        return delimiter, OrderColumns(found.at, tuple(names), has_header=True)
    return delimiter, found


def cut_rows(lines: Sequence[str]) -> tuple[str, list[list[str]]]:
    """The delimiter that cuts most of the lines into rows as wide as the first, and those rows; none if none does."""
    for delimiter in _DELIMITERS:
        try:
            (header,) = csv.reader(lines[:1], delimiter=delimiter, strict=True)
        except (csv.Error, ValueError):
            continue
        if len(header) < 2:
            continue
        rows = [row for _, _, row in RowReader(delimiter, len(header)).one_by_one(list(enumerate(lines)))]
        good = [row for row in rows if not isinstance(row, str)]
        if len(good) * 2 > len(rows):
            return delimiter, good
    return "", []


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


class OrderRows:
    """Puts rows of cells into the table of orders, many at once or one by one."""

    def __init__(self, table: OrderTable, columns: OrderColumns) -> None:
        self.table = table
        self.columns = columns
        self._times = TimeCache()

    def take_all(self, rows: list[list[str]]) -> bool:
        """All rows, or none of them and False: something in them needs a closer look."""
        if not rows:
            return True
        at = self.columns.at
        by_column = list(zip(*rows, strict=True))
        cells = {role: by_column[position] for role, position in at.items()}
        if not _ABSENT.isdisjoint(cells["product"]) or not _ABSENT.isdisjoint(cells.get("order", ())):
            return False
        try:
            times = list(map(self._times.__getitem__, cells["time"])) if "time" in at else None
            quantities = list(map(float, cells["quantity"])) if "quantity" in at else None
            prices = [float(cell) if cell else math.nan for cell in cells["price"]] if "price" in at else None
            if quantities is not None and not all(map(math.isfinite, quantities)):
                return False
            if prices is not None and any(map(math.isinf, prices)):
                return False
            self._add(cells, times, quantities, prices)
        except (ValueError, OverflowError, BadIdError):
            return False
        return True

    def take(self, row: list[str], repairs: fields.Repairs) -> tuple[str, str] | None:
        """One row; (kind, reason) where it is bad."""
        cells = {role: (row[position].strip(),) for role, position in self.columns.at.items()}
        names = self.columns.described()
        for role in ("product", "order"):
            value = cells[role][0] if role in cells else None
            wrong = None if value is None else "is empty" if value in _ABSENT else why_not_an_id(value)
            if wrong is not None:
                return "bad_id", f"{names[role]} {wrong}"
        times = quantities = prices = None
        if "time" in cells:
            try:
                times = [self._times[cells["time"][0]]]
            except (ValueError, OverflowError):
                return "bad_time", f"{names['time']} {cells['time'][0][:40]!r} is no time"
        if "quantity" in cells:
            amount = _amount(cells["quantity"][0])
            if not math.isfinite(amount):
                return "bad_quantity", f"{names['quantity']} {cells['quantity'][0][:40]!r} is no number"
            quantities = [amount]
        if "price" in cells:
            prices = [_amount(cells["price"][0])]
            if cells["price"][0] and not math.isfinite(prices[0]):
                prices = [math.nan]
                repairs.append(("bad_price", f"{names['price']} {cells['price'][0][:40]!r} is no number: left out"))
        try:
            self._add(cells, times, quantities, prices)
        except BadIdError:
            return "bad_id", "has neither an order nor a customer and a time"
        return None

    def _add(self, cells: dict[str, Any], times: Any, quantities: Any, prices: Any) -> None:
        self.table.add(
            cells["product"],
            cells.get("order"),
            times=times,
            quantities=quantities,
            prices=prices,
            customers=cells.get("customer"),
            titles=cells.get("title"),
        )


def _take(path: Path, number: int, text: str, row: list[str] | str, taker: OrderRows, intake: Intake) -> bool:
    """Take one row; True where it is bad and was rejected."""
    if isinstance(row, str):
        intake.rejects.reject(path, number, "not_a_row", row, text)
        return True
    repairs: fields.Repairs = []
    wrong = taker.take(row, repairs)
    if wrong is not None:
        intake.rejects.reject(path, number, *wrong, text)
        return True
    for kind, reason in repairs:
        intake.rejects.repair(path, number, kind, reason, text)
    return False


def _amount(text: str) -> float:
    """A number as tills write it, ``-1,50`` and ``£2.55`` alike; NaN for anything else."""
    try:
        return float(text)
    except ValueError:
        sign = -1.0 if text.startswith("-") else 1.0
        return sign * fields.price_from_text(text.removeprefix("-"))

"""Which columns of a table of orders are what: told, or guessed from their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from graph.errors import UsageError

#: What a column can be, in the order in which ``--columns`` takes them without names.
ROLES: Final = ("order", "product", "time", "quantity", "customer", "title", "price")

#: Names of columns, without case and punctuation; the first that a table has is taken.
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "order": (
        *("orderid", "order", "ordernumber", "orderno", "ordernr", "invoiceno", "invoice", "invoiceid"),
        *("invoicenumber", "transactionid", "transaction", "transactionno", "receiptid", "receipt", "receiptno"),
        *("basketid", "basket", "cartid", "sessionid", "session", "ticketid", "ticket", "purchaseid"),
    ),
    "product": (
        *("productid", "stockcode", "sku", "productcode", "productsku", "itemid", "itemcode", "articleid"),
        *("articlenumber", "parentasin", "asin", "ean", "gtin", "upc", "product", "item", "article"),
    ),
    "time": (
        *("time", "timestamp", "datetime", "orderdate", "ordertime", "orderedat", "invoicedate", "createdat"),
        *("transactiondate", "transactiontime", "purchasedate", "purchasedat", "saledate", "eventtime", "tdat", "date"),
    ),
    "quantity": ("quantity", "qty", "units", "pieces", "itemquantity", "quantityordered"),
    "customer": (
        *("customerid", "customer", "userid", "user", "clientid", "client", "buyerid", "visitorid", "memberid"),
        *("accountid", "customernumber", "customerno", "householdkey", "reviewerid"),
    ),
    "title": ("title", "description", "productname", "producttitle", "itemname", "productdescription", "name"),
    "price": ("price", "unitprice", "itemprice", "priceperunit"),
}


@dataclass(frozen=True)
class OrderColumns:
    """Position, from 0, of each role's column, and what the columns are called."""

    at: dict[str, int]
    names: tuple[str, ...]
    has_header: bool = True

    def described(self) -> dict[str, str]:
        """For the report: what was taken for what."""
        return {role: self.names[position] for role, position in self.at.items()}


def guess(names: Sequence[str]) -> OrderColumns | None:
    """The columns whose names say what they are; None where no product, or neither order nor customer and time is."""
    plain = ["".join(c for c in name.lower() if c.isalnum()) for name in names]
    if len(set(plain)) != len(plain):
        return None
    at: dict[str, int] = {}
    for role in ROLES:
        position = next((plain.index(name) for name in _NAMES[role] if name in plain), None)
        if position is not None and position not in at.values():
            at[role] = position
    return OrderColumns(at, tuple(names)) if _enough(at) else None


def told(names: Sequence[str], wanted: Sequence[str], where: str, *, has_header: bool) -> OrderColumns:
    """The columns that a person named.

    Args:
        names: The header, or names for columns without one.
        wanted: ``role=column`` each, or columns alone, which take the roles in the order of :data:`ROLES`. A column
            is a name or a number from 1; ``-`` alone leaves a role out.
        where: The file, for messages.
        has_header: Whether ``names`` stand in the file.

    Raises:
        UsageError: no such role or column, one of them twice, or too little to go by.
    """
    at: dict[str, int] = {}
    for i, entry in enumerate(wanted):
        role, equals, column = entry.partition("=")
        if not equals:
            if i >= len(ROLES):
                raise UsageError(f"--columns names more than the {len(ROLES)} columns of orders: {', '.join(ROLES)}")
            role, column = ROLES[i], entry
            if column == "-":
                continue
        if role not in ROLES:
            raise UsageError(f"--columns: {role!r} is nothing that orders have", f"They have: {', '.join(ROLES)}.")
        matches = [j for j, name in enumerate(names) if name == column]
        if len(matches) > 1:
            raise UsageError(f"{where}: the column {column!r} stands in the header {len(matches)} times")
        if not matches and column.isascii() and column.isdigit() and 1 <= int(column) <= len(names):
            matches = [int(column) - 1]
        if not matches:
            raise UsageError(f"{where} has no column {column!r}", f"It has: {', '.join(map(repr, names))}.")
        if role in at or matches[0] in at.values():
            raise UsageError(f"{where}: --columns names {role} or its column twice")
        at[role] = matches[0]
    if not _enough(at):
        raise UsageError(
            f"{where}: --columns must name the product and the order (or the customer and the time)",
            "For example --columns order=InvoiceNo,product=StockCode,time=InvoiceDate.",
        )
    return OrderColumns(at, tuple(names), has_header)


def _enough(at: dict[str, int]) -> bool:
    return "product" in at and ("order" in at or {"customer", "time"} <= set(at))

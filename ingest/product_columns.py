"""Which columns of a table of products are what: told, or guessed from their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from graph.errors import UsageError

#: Names of columns, without case and punctuation, by what they hold; the first that a table has is taken.
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "product": (
        *("productid", "parentasin", "asin", "sku", "productsku", "stockcode", "productcode", "itemid", "itemcode"),
        *("articleid", "articlenumber", "ean", "gtin", "upc", "id", "product", "item", "article"),
    ),
    "title": ("title", "producttitle", "productname", "itemname", "name", "description", "productdescription"),
    "brand": ("brand", "brandname", "store", "manufacturer", "maker", "vendor"),
    "price": ("price", "unitprice", "listprice", "saleprice"),
    "categories": ("categories", "category", "categorypath", "productcategory", "producttype", "department", "section"),
    "sales_rank": ("salesrank", "rank"),
    "also_bought": ("alsobought", "alsobuy", "related", "relatedids", "relatedproducts"),
    "also_viewed": ("alsoviewed", "alsoview"),
    "bought_together": ("boughttogether",),
}

#: What a column of a table of products can be.
ROLES: Final = tuple(_NAMES)


@dataclass(frozen=True)
class ProductColumns:
    """Position, from 0, of each role's column, and what the columns are called."""

    at: dict[str, int]
    names: tuple[str, ...]

    def described(self) -> dict[str, str]:
        """For the report: what was taken for what."""
        return {role: self.names[position] for role, position in self.at.items()}


def guess_products(names: Sequence[str]) -> ProductColumns | None:
    """The columns whose names say what they are; None where no product's id, or nothing about it, is among them."""
    plain = ["".join(c for c in name.lower() if c.isalnum()) for name in names]
    if len(set(plain)) != len(plain):
        return None
    at = {
        role: position
        for role, known in _NAMES.items()
        if (position := next((plain.index(name) for name in known if name in plain), None)) is not None
    }
    return ProductColumns(at, tuple(names)) if "product" in at and len(at) > 1 else None


def told_products(names: Sequence[str], wanted: Sequence[str], where: str) -> ProductColumns:
    """The columns that a person named as ``role=column``.

    Raises:
        UsageError: no such role or column, one of them twice, or no ``product``.
    """
    at: dict[str, int] = {}
    for entry in wanted:
        role, _, column = entry.partition("=")
        if role not in ROLES:
            raise UsageError(f"--columns: {role!r} is nothing that products have", f"They have: {', '.join(ROLES)}.")
        if column not in names:
            raise UsageError(f"{where} has no column {column!r}", f"It has: {', '.join(map(repr, names))}.")
        if role in at or names.index(column) in at.values():
            raise UsageError(f"{where}: --columns names {role} or its column twice")
        at[role] = names.index(column)
    if "product" not in at:
        raise UsageError(f"{where}: --columns must name the product", "For example --columns product=sku,title=name.")
    return ProductColumns(at, tuple(names))

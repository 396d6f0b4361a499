"""``Catalog``: what ingestion hands over and what the database is loaded from. Two tables, no database, no models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

#: Columns of ``Catalog.products``. Absent text is None, absent numbers are NaN, absent categories an empty list.
PRODUCT_COLUMNS: Final = ("product_id", "title", "brand", "price", "categories", "sales_rank", "listed")

#: Columns of ``Catalog.pairs``.
PAIR_COLUMNS: Final = ("a", "b", "weight", "relations")


def path_prefixes(path: str) -> list[str]:
    """A category path and those above it, the top one first: ``A > B > C`` gives ``A``, ``A > B`` and itself."""
    parts = path.split(" > ")
    return [" > ".join(parts[: depth + 1]) for depth in range(len(parts))]


@dataclass(frozen=True)
class Catalog:
    """Products and weighted unordered pairs.

    Attributes:
        products: One row a product, default integer index, columns :data:`PRODUCT_COLUMNS`:
            ``product_id`` str, unique, not empty; ``title`` and ``brand`` str or None; ``price`` float64, in the
            catalogue's currency; ``categories`` list of paths, each one string (``Beauty > Hair Care > Shampoo``);
            ``sales_rank`` float64, 1 is best; ``listed`` bool, false where only somebody's related list names it.
        pairs: One row an unordered pair, columns :data:`PAIR_COLUMNS`: ``a`` and ``b`` int32 row numbers of
            ``products`` with ``product_id[a] < product_id[b]``; ``weight`` float64 > 0; ``relations`` uint8, see
            :mod:`graph.relations`, seen from ``a``. No pair twice, none with itself.
    """

    products: pd.DataFrame
    pairs: pd.DataFrame

    def check(self) -> None:
        """Raise ValueError, naming the row, where the tables break what the class promises."""
        for table, columns in ((self.products, PRODUCT_COLUMNS), (self.pairs, PAIR_COLUMNS)):
            missing = [column for column in columns if column not in table.columns]
            if missing:
                raise ValueError(f"catalogue lacks the columns {', '.join(missing)}")
        ids = self.products["product_id"].to_numpy(dtype=object)
        repeated = self.products["product_id"].duplicated().to_numpy()
        if repeated.any():
            raise ValueError(f"product_id {ids[repeated][0]!r} stands in the catalogue more than once")
        a, b = self.pairs["a"].to_numpy(), self.pairs["b"].to_numpy()
        weight = self.pairs["weight"].to_numpy(dtype=np.float64)
        if len(a) and (min(a.min(), b.min()) < 0 or max(a.max(), b.max()) >= len(ids)):
            raise ValueError("a pair names a product row outside the catalogue")
        for wrong, what in (
            (a == b, "links a product with itself"),
            (ids[a] > ids[b], "does not have its smaller product_id first"),
            (~(np.isfinite(weight) & (weight > 0)), "has a weight that is not a positive number"),
        ):
            if wrong.any():
                row = int(np.flatnonzero(wrong)[0])
                raise ValueError(f"pair {row} ({ids[a[row]]!r}, {ids[b[row]]!r}) {what}")
        if self.pairs.duplicated(["a", "b"]).any():
            row = int(np.flatnonzero(self.pairs.duplicated(["a", "b"]).to_numpy())[0])
            raise ValueError(f"pair {row} ({ids[a[row]]!r}, {ids[b[row]]!r}) stands in the catalogue twice")

"""What of a catalogue the database does not hold yet: products and pairs that are new, differ, or have gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.catalog import Catalog
from graph.export import StoredTables
from graph.relations import seen_from_other_side, weight_of

if TYPE_CHECKING:
    import pandas as pd

#: Facts of a product that a file may hold; each is a property of the same name.
FACTS: Final = ("title", "brand", "price", "categories", "sales_rank", "listed")


@dataclass(frozen=True)
class Change:
    """The difference between the database and a catalogue; pairs as parallel arrays over ``ids``."""

    ids: NDArray[np.object_]
    new: list[dict[str, Any]]
    changed: list[dict[str, Any]]
    gone: list[str]
    links: list[dict[str, Any]]
    pairs_new: Pairs
    pairs_changed: Pairs
    pairs_gone: Pairs
    products_after: int
    pairs_after: int


@dataclass(frozen=True)
class Pairs:
    """Pairs as parallel arrays: rows int64[m] of both ends, float64[m] weights, uint8[m] relations seen from ``a``."""

    a: NDArray[np.int64]
    b: NDArray[np.int64]
    weight: NDArray[np.float64]
    relations: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.a)

    def take(self, which: NDArray[Any]) -> Pairs:
        """The pairs at these positions, or where this mask is true."""
        return Pairs(self.a[which], self.b[which], self.weight[which], self.relations[which])


def difference(stored: StoredTables, catalog: Catalog, *, replace: bool) -> Change:
    """What has to be written so that the database holds the catalogue too (or, with ``replace``, alone)."""
    import pandas as pd

    stored_ids = stored.products.index.to_numpy(dtype=object)
    file_ids = catalog.products["product_id"].to_numpy(dtype=object)
    # One numbering for both: the database's rows first, then the products that only the file has.
    row_in_store = pd.Index(stored_ids, dtype=object).get_indexer(pd.Index(file_ids, dtype=object))
    unseen = np.flatnonzero(row_in_store < 0)
    number = row_in_store.astype(np.int64)
    number[unseen] = len(stored_ids) + np.arange(len(unseen))
    ids = np.concatenate([stored_ids, file_ids[unseen]])

    new, changed, links = _product_difference(stored, catalog, row_in_store, replace=replace)
    gone: list[str] = []
    if replace:
        vanished = np.ones(len(stored_ids), dtype=bool)
        vanished[row_in_store[row_in_store >= 0]] = False
        gone = list(stored_ids[vanished])

    total = np.int64(max(len(ids), 1))
    old = _canonical(Pairs(stored.a, stored.b, stored.weight, stored.relations), ids)
    file_pairs = Pairs(
        number[catalog.pairs["a"].to_numpy()],
        number[catalog.pairs["b"].to_numpy()],
        catalog.pairs["weight"].to_numpy(dtype=np.float64),
        catalog.pairs["relations"].to_numpy(dtype=np.uint8),
    )
    old_key, file_key = old.a * total + old.b, file_pairs.a * total + file_pairs.b
    order = np.argsort(old_key, kind="stable")
    at = np.searchsorted(old_key[order], file_key)
    inside = at < len(order)
    found = np.zeros(len(file_key), dtype=bool)
    found[inside] = old_key[order][at[inside]] == file_key[inside]
    partner = order[at[found]]

    both = file_pairs.take(found)
    if not replace:
        united = np.asarray(both.relations | old.relations[partner], dtype=np.uint8)
        by_statements = (both.relations != 0) & (united != both.relations)
        weight = np.where(by_statements, weight_of(united), both.weight)
        both = Pairs(both.a, both.b, weight, united)
    differs = (both.weight != old.weight[partner]) | (both.relations != old.relations[partner])
    pairs_gone = old.take(np.zeros(0, dtype=np.int64))
    if replace:
        kept = np.zeros(len(old), dtype=bool)
        kept[partner] = True
        pairs_gone = old.take(~kept)
    pairs_new = file_pairs.take(~found)
    return Change(
        ids=ids,
        new=new,
        changed=changed,
        gone=gone,
        links=links,
        pairs_new=pairs_new,
        pairs_changed=both.take(differs),
        pairs_gone=pairs_gone,
        products_after=len(ids) - len(gone),
        pairs_after=len(old) + len(pairs_new) - len(pairs_gone),
    )


def _canonical(pairs: Pairs, ids: NDArray[np.object_]) -> Pairs:
    """The pairs with their smaller product_id first; the database's own order could be somebody's mistake."""
    if not len(pairs):
        return pairs
    wrong = np.asarray(ids[pairs.a] > ids[pairs.b], dtype=bool)
    if not wrong.any():
        return pairs
    return Pairs(
        np.where(wrong, pairs.b, pairs.a),
        np.where(wrong, pairs.a, pairs.b),
        pairs.weight,
        np.where(wrong, seen_from_other_side(pairs.relations), pairs.relations),
    )


def _product_difference(
    stored: StoredTables, catalog: Catalog, row_in_store: NDArray[np.int64], *, replace: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows for products to create and to change, and for products to hang on their brand and categories."""
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    before, after = _columns(stored.products), _columns(catalog.products)
    ids = catalog.products["product_id"].to_numpy(dtype=object)
    for at in np.flatnonzero(_may_differ(before, after, row_in_store)).tolist():
        product_id, row = ids[at], row_in_store[at]
        facts = {name: after[name][at] for name in FACTS}
        if row < 0:
            new.append({"id": product_id, "facts": {key: value for key, value in facts.items() if value is not None}})
            if facts["brand"] or facts["categories"]:
                links.append({"id": product_id, "brand": facts["brand"], "categories": facts["categories"] or []})
            continue
        old = {name: before[name][row] for name in FACTS}
        if not replace and old["listed"]:
            facts["listed"] = True
        different = {key: value for key, value in facts.items() if value != old[key] and (replace or value is not None)}
        if different:
            changed.append({"id": product_id, "facts": different})
            if "brand" in different or "categories" in different:
                brand, paths = different.get("brand", old["brand"]), different.get("categories", old["categories"])
                links.append({"id": product_id, "brand": brand, "categories": paths or []})
    return new, changed, links


def _may_differ(
    before: dict[str, list[Any]], after: dict[str, list[Any]], row_in_store: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """bool[m]: products of the file that are new or have some fact unlike the stored one; a column at a time, for most
    products of most loads have none.
    """
    rows = row_in_store.tolist()
    differs = row_in_store < 0
    for name in FACTS:
        old = before[name]
        pairs = zip(rows, after[name], strict=True)
        differs |= np.fromiter((row < 0 or value != old[row] for row, value in pairs), dtype=bool, count=len(rows))
    return differs


def facts_of(products: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """One dict a product with every key of :data:`FACTS`; what is absent is None."""
    columns = _columns(products)
    for row in zip(*(columns[name] for name in FACTS), strict=True):
        yield dict(zip(FACTS, row, strict=True))


def _columns(products: pd.DataFrame) -> dict[str, list[Any]]:
    """Fact -> its value for each product; what is absent is None."""
    columns = {}
    for name in FACTS:
        values = products[name].tolist()
        if name in ("title", "brand"):
            values = [value if isinstance(value, str) else None for value in values]
        elif name in ("price", "sales_rank"):
            values = [None if value is None or value != value else float(value) for value in values]  # noqa: PLR0124 - NaN
        elif name == "categories":
            values = [list(value) or None for value in values]
        columns[name] = values
    return columns

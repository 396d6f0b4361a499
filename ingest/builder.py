"""Rows into tables: ids become row numbers, statements become weighted pairs.

Statements are kept as row numbers in a growing array, four bytes each and nine more a list, and ids stand in one
table, so that memory follows the size of the result and not the size of the files.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.catalog import PAIR_COLUMNS, PRODUCT_COLUMNS, Catalog
from graph.relations import RELATIONS, out_bit, weight_of
from ingest.fields import why_not_an_id
from ingest.records import Record

_RELATION_BITS: Final = 6
_OUT_BIT: Final = {name: out_bit(name) for name in RELATIONS}


@dataclass(frozen=True)
class PairCounts:
    """What :meth:`CatalogBuilder.finish` counted.

    Attributes:
        statements: Distinct directed statements (product, relation, other product), and given pairs.
        repeated: Entries that repeat a statement already made.
        between_listed: Pairs of two listed products.
        to_unlisted: Pairs with a product that only lists name.
    """

    statements: int
    repeated: int
    between_listed: int
    to_unlisted: int


class BadIdError(KeyError):
    """A list names something that is no product id."""


class _Rows(dict[str, int]):
    """Product id -> row; a new id gets the next row, once it was found good."""

    def __missing__(self, key: Any) -> int:
        if why_not_an_id(key) is not None:
            raise BadIdError(key)
        row = self[key] = len(self)
        return row


class CatalogBuilder:
    """Takes records one by one and makes a :class:`Catalog` of them."""

    def __init__(self) -> None:
        self._rows = _Rows()
        self._slot = array("i")  # row -> position among the listed products, -1 where not listed
        self._listed = array("i")  # position among the listed products -> row
        self._titles: list[str | None] = []
        self._brands: list[str | None] = []
        self._prices = array("d")
        self._ranks = array("d")
        self._categories: list[list[str]] = []
        self._same: dict[str, str] = {}  # brands and category paths repeat; one object each
        self._target = array("i")  # row of the product that a statement is about, list after list
        self._list_source = array("i")  # row of the product whose list it is
        self._list_bit = array("B")
        self._list_length = array("i")
        self._pair_a = array("i")  # rows and weights of pairs that were given as such
        self._pair_b = array("i")
        self._pair_weight = array("d")

    @property
    def n_listed(self) -> int:
        """Products with a record of their own, so far."""
        return len(self._listed)

    def add_product(self, record: Record) -> tuple[int, int | None]:
        """Add a record's product, not its statements: (row, None), or (row, slot) of the product that it repeats.

        A repeated product fills in what the first record lacked and changes nothing else.
        """
        row = self._rows[record.product_id]
        if row >= len(self._slot):
            self._slot.extend([-1] * (row + 1 - len(self._slot)))
        slot = self._slot[row]
        brand = None if record.brand is None else self._same.setdefault(record.brand, record.brand)
        categories = [self._same.setdefault(path, path) for path in record.categories]
        if slot < 0:
            self._slot[row] = len(self._listed)
            self._listed.append(row)
            self._titles.append(record.title)
            self._brands.append(brand)
            self._prices.append(record.price)
            self._ranks.append(record.sales_rank)
            self._categories.append(categories)
            return row, None
        if self._titles[slot] is None:
            self._titles[slot] = record.title
        if self._brands[slot] is None:
            self._brands[slot] = brand
        if isnan(self._prices[slot]):
            self._prices[slot] = record.price
        if isnan(self._ranks[slot]):
            self._ranks[slot] = record.sales_rank
        if not self._categories[slot]:
            self._categories[slot] = categories
        return row, slot

    def is_listed(self, product_id: str) -> bool:
        """Whether the product has a record of its own, so far."""
        row = self._rows.get(product_id, len(self._slot))
        return row < len(self._slot) and self._slot[row] >= 0

    def add_statements(self, row: int, relation: str, ids: list[Any]) -> tuple[int, int, list[str]]:
        """Add what the product in ``row`` states about ``ids``: (entries, self-loops left out, what else was).

        Args:
            row: Row of the product, from :meth:`add_product`.
            relation: A name of :data:`graph.relations.RELATIONS`.
            ids: The list as it stands in the file; entries that are no ids are left out and told.
        """
        wrong: list[str] = []
        try:
            rows = list(map(self._rows.__getitem__, ids))
        except (BadIdError, TypeError):  # TypeError: a list or a table among the ids
            found = [(entry, why_not_an_id(entry)) for entry in ids]
            rows = [self._rows[entry] for entry, why in found if why is None]
            wrong = [why for _, why in found if why is not None]
        loops = rows.count(row)
        if loops:
            rows = [other for other in rows if other != row]
        self._target.fromlist(rows)
        self._list_source.append(row)
        self._list_bit.append(_OUT_BIT[relation])
        self._list_length.append(len(rows))
        return len(ids), loops, wrong

    def add_pairs(self, ids_a: Sequence[str], ids_b: Sequence[str], weights: Sequence[float]) -> int:
        """Add unordered pairs with their weights, all of one length: number of self-loops, which are left out.

        Raises:
            BadIdError: something among the ids is no product id; nothing was added.
        """
        a = np.array(list(map(self._rows.__getitem__, ids_a)), dtype=np.int32)
        b = np.array(list(map(self._rows.__getitem__, ids_b)), dtype=np.int32)
        keep = a != b
        self._pair_a.frombytes(a[keep].tobytes())
        self._pair_b.frombytes(b[keep].tobytes())
        self._pair_weight.frombytes(np.asarray(weights, dtype=np.float64)[keep].tobytes())
        return len(a) - int(keep.sum())

    def finish(self, *, all_listed: bool = False) -> tuple[Catalog, PairCounts]:
        """The tables: listed products in the order of the files, then the others by ascending id.

        Args:
            all_listed: List every product, because the input has no records of products at all.
        """
        import pandas as pd  # half a second that those who only name the type need not wait for

        n, n_listed = len(self._rows), len(self._listed)
        ids = np.empty(n, dtype=object)
        ids[:] = list(self._rows)
        ascending = np.argsort(ids, kind="stable")
        slot = np.full(n, -1, dtype=np.int64)
        slot[: len(self._slot)] = self._slot
        named = np.zeros(n, dtype=bool)  # an id that stood in rejected rows only is no product
        for rows_named in (self._target, self._pair_a, self._pair_b):
            named[np.asarray(rows_named)] = True
        outside = ascending[(slot[ascending] < 0) & named[ascending]]
        rows = np.concatenate([np.array(self._listed, dtype=np.int64), outside])  # row in the result -> row here
        new_row = np.full(n, -1, dtype=np.int32)
        n = len(rows)
        new_row[rows] = np.arange(n, dtype=np.int32)

        n_unlisted = n - n_listed
        categories = np.empty(n, dtype=object)
        for i, paths in enumerate(self._categories):
            categories[i] = paths
        for i in range(n_listed, n):
            categories[i] = []
        nothing: list[str | None] = [None] * n_unlisted
        columns: dict[str, Any] = {
            "product_id": ids[rows],
            "title": np.array(self._titles + nothing, dtype=object),
            "brand": np.array(self._brands + nothing, dtype=object),
            "price": np.concatenate([np.array(self._prices, dtype=np.float64), np.full(n_unlisted, np.nan)]),
            "categories": categories,
            "sales_rank": np.concatenate([np.array(self._ranks, dtype=np.float64), np.full(n_unlisted, np.nan)]),
            "listed": np.arange(n) < (n if all_listed else n_listed),
        }
        products = pd.DataFrame({name: pd.Series(columns[name], dtype=columns[name].dtype) for name in PRODUCT_COLUMNS})

        first, second, weight, relations = self._pairs(ascending)
        a, b = new_row[first], new_row[second]
        pair_columns = {"a": a, "b": b, "weight": weight, "relations": relations}
        pairs = pd.DataFrame({name: pair_columns[name] for name in PAIR_COLUMNS})
        stated = int(np.bitwise_count(relations).sum())
        between_listed = len(a) if all_listed else int(((a < n_listed) & (b < n_listed)).sum())
        counts = PairCounts(
            statements=stated + len(self._pair_a),
            repeated=len(self._target) - stated,
            between_listed=between_listed,
            to_unlisted=len(a) - between_listed,
        )
        return Catalog(products=products, pairs=pairs), counts

    def _pairs(
        self, ascending: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], NDArray[np.uint8]]:
        """Every pair once: rows here of its smaller and its larger id, weight, relations seen from the smaller."""
        n = len(ascending)
        rank = np.empty(n, dtype=np.int64)
        rank[ascending] = np.arange(n)
        length = np.asarray(self._list_length)
        source = np.repeat(rank[np.asarray(self._list_source)], length)
        target = rank[np.asarray(self._target)]
        out = np.repeat(np.asarray(self._list_bit).astype(np.int64), length)
        # The pair and the statement in one number, so that one plain sort brings a pair's statements together.
        key = np.minimum(source, target) * n + np.maximum(source, target)
        key <<= _RELATION_BITS
        key |= np.where(source < target, out, out << 1)
        key.sort()
        pair = key >> _RELATION_BITS
        start = np.flatnonzero(np.diff(pair, prepend=-1))
        relations = (key & ((1 << _RELATION_BITS) - 1)).astype(np.uint8)
        relations = np.bitwise_or.reduceat(relations, start) if len(start) else relations
        pair, weight = pair[start], weight_of(relations)
        if len(self._pair_a):
            a, b = rank[np.asarray(self._pair_a)], rank[np.asarray(self._pair_b)]
            given = np.minimum(a, b) * n + np.maximum(a, b)
            pair = np.concatenate([pair, given])
            order = np.argsort(pair, kind="stable")  # stable: weights are always added in the order of the files
            pair = pair[order]
            start = np.flatnonzero(np.diff(pair, prepend=-1))
            weight = np.add.reduceat(np.concatenate([weight, np.asarray(self._pair_weight)])[order], start)
            nothing = np.zeros(len(given), dtype=np.uint8)
            relations = np.bitwise_or.reduceat(np.concatenate([relations, nothing])[order], start)
            pair = pair[start]
        return ascending[pair // n] if n else pair, ascending[pair % n] if n else pair, weight, relations

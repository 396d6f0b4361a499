"""A catalogue into the database: constraints first, then what differs from what stands there, in batches.

A load reads what the database holds, compares, and writes the difference. So a second load of the same file writes
nothing, a load that died is simply run again, and a file of which one line in a hundred changed costs little more
than reading the database.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.catalog import Catalog, path_prefixes
from graph.database import Database
from graph.errors import UserError
from graph.export import StoredTables, read_tables
from graph.lock import writer_lock
from graph.relations import STATED_BY, seen_from_other_side, stated_by, weight_of
from graph.store import ensure_search, ensure_store

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

OnProgress = Callable[[str, int, int], None]

#: Rows a transaction; larger ones are a little faster and need more of the server's heap.
BATCH: Final = 20_000

#: Facts of a product that a file may hold; each is a property of the same name.
FACTS: Final = ("title", "brand", "price", "categories", "sales_rank", "listed")


@dataclass(frozen=True)
class LoadReport:
    """What a load changed, and what the database holds afterwards, counted by the database."""

    products_new: int
    products_changed: int
    products_gone: int
    pairs_new: int
    pairs_changed: int
    pairs_gone: int
    products: int
    listed: int
    unlisted: int
    pairs: int
    listed_pairs: int
    outside_pairs: int
    seconds: float

    @property
    def unchanged(self) -> bool:
        """Whether the database already held all of it."""
        return not any(
            (
                self.products_new,
                self.products_changed,
                self.products_gone,
                self.pairs_new,
                self.pairs_changed,
                self.pairs_gone,
            )
        )

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values."""
        return {**asdict(self), "unchanged": self.unchanged}


class CountMismatchError(UserError):
    """The database does not hold what was written to it."""


def load_catalog(
    database: Database,
    catalog: Catalog,
    *,
    replace: bool = False,
    batch: int = BATCH,
    dry_run: bool = False,
    on_progress: OnProgress | None = None,
) -> LoadReport:
    """Write ``catalog`` into the database.

    Args:
        database: Ours, or empty.
        catalog: What ingestion read.
        replace: Make the database hold exactly this catalogue: products and pairs that it does not name are taken
            away. Without it a load only adds: pairs that the database holds stay, and who-states-what is united.
        batch: Rows a transaction.
        dry_run: Count what would change, and change nothing.
        on_progress: Called as (what, done, total).

    A product's other properties (``in_stock``, ``blocked``, the shop's own, the results of runs) stay as they are.

    Raises:
        ForeignDataError: the database holds somebody else's products.
        LockedError: somebody else writes at the moment.
        CountMismatchError: the counts read back differ from what was written.
    """
    started = time.monotonic()
    progress = on_progress or (lambda what, done, total: None)
    catalog.check()
    if dry_run:
        stored = read_tables(database, progress)
        return _report(database, _difference(stored, catalog, replace=replace), started)
    ensure_store(database)
    with writer_lock(database, "load"):
        stored = read_tables(database, progress)
        change = _difference(stored, catalog, replace=replace)
        _write(database, change, batch, progress)
        ensure_search(database)
        report = _report(database, change, started)
    if (report.products, report.pairs) != (change.products_after, change.pairs_after):
        raise CountMismatchError(
            f"the database holds {report.products} products and {report.pairs} pairs after the load, "
            f"{change.products_after} and {change.pairs_after} were expected",
            "somebody else may have written at the same time: run the load again",
        )
    return report


def load_pairs(
    database: Database,
    ids_a: NDArray[np.object_],
    ids_b: NDArray[np.object_],
    weight: NDArray[np.float64],
    *,
    batch: int = BATCH,
    on_progress: OnProgress | None = None,
) -> LoadReport:
    """Make the database's pairs exactly these; its products' own properties are not touched.

    Args:
        database: Holds the products, under whatever names :attr:`Database.shop` says.
        ids_a: object[m] of str, one end of each pair; a pair that comes more than once is one with the sum of weights.
        ids_b: object[m] of str, the other end.
        weight: float64[m], positive.
        batch: Rows a transaction.
        on_progress: Called as (what, done, total).

    Products are hung on our own brand and category nodes too, by the properties that name them. Pairs of a product
    with itself are left out.

    Raises:
        UserError: an id that no product has (the message names it).
    """
    import pandas as pd

    started = time.monotonic()
    progress = on_progress or (lambda what, done, total: None)
    with writer_lock(database, "attach"):
        stored = read_tables(database, progress)
        ids = stored.products.index
        rows = [pd.Index(ids).get_indexer(pd.Index(end, dtype=object)) for end in (ids_a, ids_b)]
        for found, given in zip(rows, (ids_a, ids_b), strict=True):
            if (found < 0).any():
                unknown = given[found < 0]
                raise UserError(f"the pairs name {len(unknown)} ids that no product has, the first is {unknown[0]!r}")
        low, high = np.minimum(*rows), np.maximum(*rows)  # ids ascend, so the smaller row is the smaller id
        summed = (
            pd.DataFrame({"a": low, "b": high, "weight": weight})[low != high]
            .groupby(["a", "b"], as_index=False, sort=True)["weight"]
            .sum()
        )
        products = stored.products.reset_index()
        catalog = Catalog(products, summed.assign(relations=np.uint8(0)))
        catalog.check()
        change = _difference(stored, catalog, replace=True)
        links = [
            {"id": product_id, "brand": facts["brand"], "categories": facts["categories"] or []}
            for product_id, facts in zip(ids, _facts_of(products), strict=True)
            if facts["brand"] or facts["categories"]
        ]
        _write(database, dataclasses.replace(change, links=links), batch, progress)
        return _report(database, change, started)


@dataclass(frozen=True)
class _Change:
    """The difference between the database and a catalogue; pairs as parallel arrays over ``ids``."""

    ids: NDArray[np.object_]
    new: list[dict[str, Any]]
    changed: list[dict[str, Any]]
    gone: list[str]
    links: list[dict[str, Any]]
    pairs_new: _Pairs
    pairs_changed: _Pairs
    pairs_gone: _Pairs
    products_after: int
    pairs_after: int


@dataclass(frozen=True)
class _Pairs:
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    weight: NDArray[np.float64]
    relations: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.a)

    def take(self, which: NDArray[Any]) -> _Pairs:
        return _Pairs(self.a[which], self.b[which], self.weight[which], self.relations[which])


def _difference(stored: StoredTables, catalog: Catalog, *, replace: bool) -> _Change:
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
    old = _canonical(_Pairs(stored.a, stored.b, stored.weight, stored.relations), ids)
    file_pairs = _Pairs(
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
        both = _Pairs(both.a, both.b, weight, united)
    differs = (both.weight != old.weight[partner]) | (both.relations != old.relations[partner])
    pairs_gone = old.take(np.zeros(0, dtype=np.int64))
    if replace:
        kept = np.zeros(len(old), dtype=bool)
        kept[partner] = True
        pairs_gone = old.take(~kept)
    pairs_new = file_pairs.take(~found)
    return _Change(
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


def _canonical(pairs: _Pairs, ids: NDArray[np.object_]) -> _Pairs:
    """The pairs with their smaller product_id first; the database's own order could be somebody's mistake."""
    if not len(pairs):
        return pairs
    wrong = np.asarray(ids[pairs.a] > ids[pairs.b], dtype=bool)
    if not wrong.any():
        return pairs
    return _Pairs(
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
    before = list(_facts_of(stored.products))
    ids = catalog.products["product_id"].to_numpy(dtype=object)
    for product_id, row, facts in zip(ids, row_in_store, _facts_of(catalog.products), strict=True):
        if row < 0:
            new.append({"id": product_id, "facts": {key: value for key, value in facts.items() if value is not None}})
            if facts["brand"] or facts["categories"]:
                links.append({"id": product_id, "brand": facts["brand"], "categories": facts["categories"] or []})
            continue
        old = before[row]
        if not replace and old["listed"]:
            facts["listed"] = True
        different = {key: value for key, value in facts.items() if value != old[key] and (replace or value is not None)}
        if different:
            changed.append({"id": product_id, "facts": different})
            if "brand" in different or "categories" in different:
                brand, paths = different.get("brand", old["brand"]), different.get("categories", old["categories"])
                links.append({"id": product_id, "brand": brand, "categories": paths or []})
    return new, changed, links


def _facts_of(products: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """One dict a product with every key of :data:`FACTS`; what is absent is None."""
    columns = []
    for name in FACTS:
        values = products[name].tolist()
        if name in ("title", "brand"):
            values = [value if isinstance(value, str) else None for value in values]
        elif name in ("price", "sales_rank"):
            values = [None if value is None or value != value else float(value) for value in values]  # noqa: PLR0124 - NaN
        elif name == "categories":
            values = [list(value) or None for value in values]
        columns.append(values)
    for row in zip(*columns, strict=True):
        yield dict(zip(FACTS, row, strict=True))


def _write(database: Database, change: _Change, batch: int, on_progress: OnProgress) -> None:
    _in_batches(database, "load_products_new", change.new, batch, "products written", on_progress)
    _in_batches(database, "load_products", change.changed, batch, "products changed", on_progress)
    _write_links(database, change.links, batch, on_progress)
    for name, pairs, what in (
        ("load_pairs_gone", change.pairs_gone, "pairs removed"),
        ("load_pairs_changed", change.pairs_changed, "pairs changed"),
        ("load_pairs_new", change.pairs_new, "pairs written"),
    ):
        done = 0
        for rows, size in _pair_rows(pairs, change.ids, batch):
            database.write(name, rows=rows)
            done += size
            on_progress(what, done, len(pairs))
    for start in range(0, len(change.gone), batch):
        database.write("load_products_gone", ids=change.gone[start : start + batch])
        on_progress("products removed", min(start + batch, len(change.gone)), len(change.gone))


def _write_links(database: Database, links: list[dict[str, Any]], batch: int, on_progress: OnProgress) -> None:
    if not links:
        return
    brands = sorted({row["brand"] for row in links if row["brand"]})
    paths: set[str] = set()
    for row in links:
        for path in row["categories"]:
            paths.update(path_prefixes(path))
    categories = [[path, path.rpartition(" > ")[0] or None] for path in sorted(paths)]
    for start in range(0, max(len(brands), len(categories)), batch):
        end = start + batch
        database.write("load_names", brands=brands[start:end], categories=categories[start:end])
    _in_batches(database, "load_links", links, batch, "brands and categories", on_progress)


def _in_batches(
    database: Database, name: str, rows: Sequence[dict[str, Any]], batch: int, what: str, on_progress: OnProgress
) -> None:
    for start in range(0, len(rows), batch):
        database.write(name, rows=rows[start : start + batch])
        on_progress(what, min(start + batch, len(rows)), len(rows))


def _pair_rows(pairs: _Pairs, ids: NDArray[np.object_], batch: int) -> Iterator[tuple[list[list[Any]], int]]:
    """Rows for the pair statements, gathered by their first product so that it is looked up once, and their number."""
    order = np.lexsort((pairs.b, pairs.a))
    relation_names = ("also_bought", "also_viewed", "bought_together")
    for start in range(0, len(order), batch):
        part = pairs.take(order[start : start + batch])
        a_ids, b_ids, weights = ids[part.a].tolist(), ids[part.b].tolist(), part.weight.tolist()
        said = [[STATED_BY[code] for code in stated_by(part.relations, name)] for name in relation_names]
        rows: list[list[Any]] = []
        for a, *pair in zip(a_ids, b_ids, weights, *said, strict=True):
            if not rows or rows[-1][0] != a:
                rows.append([a, []])
            rows[-1][1].append(pair)
        yield rows, len(part)


def _report(database: Database, change: _Change, started: float) -> LoadReport:
    counts = database.read("count_graph")[0]
    by_listing = database.read("count_pairs_by_listing")[0]
    return LoadReport(
        products_new=len(change.new),
        products_changed=len(change.changed),
        products_gone=len(change.gone),
        pairs_new=len(change.pairs_new),
        pairs_changed=len(change.pairs_changed),
        pairs_gone=len(change.pairs_gone),
        **counts,
        **by_listing,
        seconds=round(time.monotonic() - started, 2),
    )

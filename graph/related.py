"""What a shop would show for a product, under its conditions, and what to say when the product is not known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from graph.database import Database
from graph.errors import UserError

#: Where an entry comes from, in the order in which they are asked.
SOURCES = ("pinned", "list", "vector", "new", "category", "popular")

#: Words of a title that a search takes; the rest of a long title adds little.
_MOST_WORDS = 12


@dataclass(frozen=True)
class Filters:
    """What a shop lets through, beside what is in stock and not blocked.

    Attributes:
        in_category: Only products of this category path or below it.
        not_in_category: No product of this category path or below it.
        same_category: True: only products that share a category with the one asked about; False: only others.
        min_price: Lowest price; a product whose price is not known does not pass.
        max_price: Highest price, likewise.
        brands: Only products of these brands; empty lets all through.
        not_brands: Brands to leave out.
        exclude: Ids to leave out, what the customer has already.
    """

    in_category: str | None = None
    not_in_category: str | None = None
    same_category: bool | None = None
    min_price: float | None = None
    max_price: float | None = None
    brands: tuple[str, ...] = ()
    not_brands: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def parameters(self, found: Iterable[str] = ()) -> dict[str, Any]:
        """The parameters that every filtered statement takes; ``found`` are ids to leave out as well."""
        lists = {"brands": list(self.brands), "not_brands": list(self.not_brands)}
        return {**asdict(self), **lists, "exclude": [*self.exclude, *found]}

    def admits(self, row: dict[str, Any], categories_asked: Iterable[str]) -> bool:
        """Whether a row passes, for the statements that carry no filters. The same rules as the statements'."""
        price, paths, asked = row["price"], paths_of(row["categories"]), set(categories_asked)
        return (
            row["product_id"] not in self.exclude
            and (self.min_price is None or (price is not None and price >= self.min_price))
            and (self.max_price is None or (price is not None and price <= self.max_price))
            and (not self.brands or row["brand"] in self.brands)
            and row["brand"] not in self.not_brands
            and (self.in_category is None or any(is_below(path, self.in_category) for path in paths))
            and (self.not_in_category is None or not any(is_below(path, self.not_in_category) for path in paths))
            and (self.same_category is None or self.same_category == any(path in asked for path in paths))
        )


def paths_of(categories: str | list[str] | None) -> list[str]:
    """Category paths as a list; a shop's own property may hold one text instead."""
    return [categories] if isinstance(categories, str) else list(categories or [])


def is_below(path: str, category: str) -> bool:
    """Whether a category path is ``category`` itself or hangs below it."""
    return path == category or path.startswith(category + " > ")


@dataclass(frozen=True)
class RelatedProduct:
    """One entry of an answer, best first.

    ``reason`` is machine-readable, ``kind:what``. ``source`` is one of :data:`SOURCES`, ``alike`` or ``graph``.
    Scores of different sources do not compare; what the shop pinned has none.
    """

    rank: int
    product_id: str
    title: str | None
    brand: str | None
    price: float | None
    categories: list[str]
    score: float | None
    reason: str
    source: str = "list"


@dataclass(frozen=True)
class RelatedAnswer:
    """What is shown for one product.

    Attributes:
        product: The product that was asked about: product_id, title, brand, price, categories, listed, neighbours.
        related: Best first; each entry names its source.
        source: Where the first entry that is not pinned comes from: ``run`` (the serving run's list or vectors),
            ``new`` (what goes with products described alike), ``category`` or ``popular``; ``pinned`` where there is
            nothing else, ``none`` where there is nothing to show.
        run_id: The run that serves, where one does.
        note: A sentence for people where the answer is not the serving run's own.
    """

    product: dict[str, Any]
    related: list[RelatedProduct]
    source: str
    run_id: str | None
    note: str

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain values."""
        return asdict(self)


class UnknownProductError(UserError):
    """No product of that id; ``near`` holds products whose id or title is close."""

    def __init__(self, product_id: str, near: list[dict[str, Any]]) -> None:
        lines = [f"  {row['product_id']}  {row['title'] or '(no title)'}" for row in near]
        hint = "did you mean\n" + "\n".join(lines) if near else "no id or title comes close; is the right file loaded?"
        super().__init__(f"there is no product {product_id!r} in the database", hint)
        self.near = near


def related(
    database: Database,
    product_id: str,
    *,
    k: int = 10,
    pointer: str = "default",
    by: Literal["list", "vector"] = "list",
    filters: Filters | None = None,
    exclude_known: bool = False,
) -> RelatedAnswer:
    """The products to show beside ``product_id``, from the run that ``pointer`` names.

    Pinned products come first, then the run's list, then its vector index (the other way round with ``by="vector"``),
    then what goes with products described alike (a product newer than the run), then the category, then the most
    popular. Each is asked only for what those before it left open, so ``k`` come back while there are ``k``: a narrow
    filter is tried on 2,000 candidates of the vector index and 2,000 products a category.

    Raises:
        UnknownProductError: no such product.
        UserError: ``k`` below 1, or the database has never been loaded.
    """
    if k < 1:
        raise UserError(f"k is {k}: ask for at least one product")
    stored = database.read("product", product_id=product_id, pointer=pointer)
    if not stored:
        raise UnknownProductError(product_id, near_matches(database, product_id))
    product = stored[0]
    run_id, has_list = product.pop("run_id"), product.pop("has_list")
    product.pop("model")
    rows = _Chain(database, product, k, pointer, filters or Filters(), exclude_known).rows(by, run_id, has_list)
    first = next((row["source"] for row in rows if row["source"] != "pinned"), "pinned" if rows else "none")
    source = "run" if first in {"list", "vector"} else first
    note = "" if source == "run" else _note(source, run_id, listed=bool(product["listed"]), has_list=bool(has_list))
    return RelatedAnswer(product, entries_of(rows), source, run_id, note)


class _Chain:
    """One question, put to one source after the other until ``k`` products are found."""

    def __init__(
        self, database: Database, product: dict[str, Any], k: int, pointer: str, filters: Filters, exclude_known: bool
    ) -> None:
        self.database, self.product, self.k, self.filters = database, product, k, filters
        self.run_facts = {"pointer": pointer, "exclude_known": exclude_known}
        self.found: list[dict[str, Any]] = []

    def rows(self, by: str, run_id: str | None, has_list: bool) -> list[dict[str, Any]]:
        listed = self._ask("related_filtered", **self.run_facts)
        if by == "list":
            self._add(listed)
        else:
            self._add([row for row in listed if row["source"] == "pinned"])
        if run_id is not None:
            for candidates in (max(100, 4 * self.k), max(2_000, 20 * self.k)):
                if self.missing:
                    self._add(self._ask("related_by_vector_filtered", candidates=candidates, **self.run_facts))
            if by != "list":
                self._add(listed)
            if self.missing and not has_list:
                self._add(self._of_look_alikes())
        for name in ("fallback_category", "popular"):
            if self.missing:
                self._add(self._ask(name))
        return self.found

    @property
    def missing(self) -> int:
        return self.k - len(self.found)

    def _add(self, rows: list[dict[str, Any]]) -> None:
        seen = {row["product_id"] for row in self.found}
        self.found += [row for row in rows if row["product_id"] not in seen][: self.missing]

    def _ask(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        found = [row["product_id"] for row in self.found]
        return self.database.read(
            name,
            product_id=self.product["product_id"],
            k=self.k,
            **self.filters.parameters(found),
            **parameters,
        )

    def _of_look_alikes(self) -> list[dict[str, Any]]:
        found = [row["product_id"] for row in self.found]
        rows = self.database.read(
            "related_new_product",
            words=title_words(self.product["title"]),
            brand=self.product["brand"],
            categories=paths_of(self.product["categories"]),
            exclude=[self.product["product_id"], *self.filters.exclude, *found],
            k=10 * self.k,
            pointer=self.run_facts["pointer"],
        )
        return [row for row in rows if self.filters.admits(row, paths_of(self.product["categories"]))]


def _note(source: str, run_id: str | None, *, listed: bool, has_list: bool) -> str:
    if run_id is None:
        why = "no run serves yet (`alsobought train`, then `alsobought publish`)"
    elif not listed:
        why = "the shop does not list this product; other products' lists name it"
    elif has_list:
        why = "the serving run has nothing that passes"
    else:
        why = "the serving run has no list for this product"
    shown = {
        "new": "this is what goes with products described like it",
        "category": "these are the most popular of its category",
        "popular": "these are the most popular of the shop",
        "pinned": "this is what the shop pinned",
        "none": "no other product shares its category, or none passes",
    }[source]
    return f"{why}: {shown}" if source != "none" else f"{why}, and {shown}"


def entries_of(rows: list[dict[str, Any]]) -> list[RelatedProduct]:
    """Rows of a statement that answers with products, ranked as they come."""
    return [
        RelatedProduct(
            rank=rank,
            product_id=row["product_id"],
            title=row["title"],
            brand=row["brand"],
            price=row["price"],
            categories=paths_of(row["categories"]),
            score=None if row["score"] is None else float(row["score"]),
            reason=row.get("reason") or "",
            source=row.get("source") or "list",
        )
        for rank, row in enumerate(rows, start=1)
    ]


def title_words(text: str | None) -> str:
    """The words of a title as a full-text query without operators; empty where there are none."""
    words = dict.fromkeys(re.findall(r"\w+", (text or "").lower()))
    return " ".join(list(words)[:_MOST_WORDS])


def near_matches(database: Database, text: str, k: int = 5) -> list[dict[str, Any]]:
    """Products whose id starts like ``text``, whose id differs by a letter or two, or whose title holds its words."""
    text = text.strip()[:200]
    found: dict[str, dict[str, Any]] = {}
    prefix = text[: max(3, len(text) - 3)]
    words = title_words(text)
    searches: list[list[dict[str, Any]]] = []
    if words:
        fuzzy = " ".join(f"{word}~" for word in words.split())
        searches.append(database.read("search_title", words=fuzzy, k=k))
    if prefix:
        searches.append(database.read("search_id", start=prefix, k=k))
    for rows in searches:
        for row in rows:
            found.setdefault(row["product_id"], row)
    return list(found.values())[:k]

"""The library of ``graph/cypher`` for Python: the statements beside :func:`graph.related.related`, one function each.

Every function sends one statement (or says which), and gives typed entries. The statements are plain text for shops
that use another client; ``docs/cookbook.md`` shows each with its output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from graph.database import Database
from graph.errors import UserError
from graph.related import RelatedProduct, entries_of, paths_of, title_words

#: Products that ``popular_refresh`` writes down: enough for filters to leave some.
POPULAR_COUNT = 500


@dataclass(frozen=True)
class NewProduct:
    """What is known of a product that nobody bought yet.

    Attributes:
        title: Its title, or None.
        brand: Its brand, or None.
        categories: Category paths.
        product_id: Its id where it stands in the database already, so that it does not find itself.
    """

    title: str | None = None
    brand: str | None = None
    categories: tuple[str, ...] = ()
    product_id: str | None = None


@dataclass(frozen=True)
class FoundProduct:
    """One product of a search; a higher ``score`` fits the words better."""

    product_id: str
    title: str | None
    brand: str | None
    price: float | None
    categories: list[str]
    listed: bool
    score: float


@dataclass(frozen=True)
class Connection:
    """One answer to why two products are related.

    Attributes:
        hops: 1 for the direct link, 2 for a way through a third product, None for a shared fact.
        through: Id of the third product, or None.
        weights: Weights of the links on the way.
        strength: The weight, discounted by the third product's number of neighbours; None for a shared fact.
        reason: ``kind:what``, for machines.
        text: For people.
    """

    hops: int | None
    through: str | None
    weights: list[float]
    strength: float | None
    reason: str
    text: str


def related_to_basket(
    database: Database, product_ids: Sequence[str], *, k: int = 10, pointer: str = "default"
) -> list[RelatedProduct]:
    """What goes with several products at once (``related_basket.cypher``); none of them is in the answer."""
    _check_k(k)
    return entries_of(database.read("related_basket", product_ids=list(product_ids), k=k, pointer=pointer))


def related_to_new(
    database: Database, new: NewProduct, *, k: int = 10, pointer: str = "default"
) -> list[RelatedProduct]:
    """What goes with a product that has no links yet (``related_new_product.cypher``), from products described alike.

    Filled up with the products described alike themselves (``alike.cypher``) where that gives fewer than ``k``.
    """
    _check_k(k)
    facts = _facts(new)
    rows = database.read("related_new_product", **facts, k=k, pointer=pointer)
    if len(rows) < k:
        found = [row["product_id"] for row in rows]
        facts["exclude"] = [*facts["exclude"], *found]
        rows += database.read("alike", **facts, k=k - len(rows))
    return entries_of(rows)


def alike(database: Database, new: NewProduct, *, k: int = 10) -> list[RelatedProduct]:
    """Products described like this one (``alike.cypher``): title, brand and categories."""
    _check_k(k)
    return entries_of(database.read("alike", **_facts(new), k=k))


def complements(database: Database, product_id: str, *, k: int = 10) -> list[RelatedProduct]:
    """What is bought with a product and not compared with it (``complements.cypher``)."""
    _check_k(k)
    return entries_of(database.read("complements", product_id=product_id, k=k))


def substitutes(database: Database, product_id: str, *, k: int = 10) -> list[RelatedProduct]:
    """What is compared with a product and not bought with it (``substitutes.cypher``)."""
    _check_k(k)
    return entries_of(database.read("substitutes", product_id=product_id, k=k))


def two_hop(
    database: Database, product_id: str, *, k: int = 10, exclude_known: bool = True, discount: float = 0.5
) -> list[RelatedProduct]:
    """Neighbours of neighbours, hubs discounted (``two_hop.cypher``); needs no run."""
    _check_k(k)
    return entries_of(
        database.read("two_hop", product_id=product_id, k=k, exclude_known=exclude_known, discount=discount)
    )


def counted(
    database: Database, product_id: str, measure: Literal["cooccurrence", "pmi", "jaccard"], *, k: int = 10
) -> list[RelatedProduct]:
    """Shared neighbours, counted exactly (``count_<measure>.cypher``, which states the definition); not for a page."""
    _check_k(k)
    if measure not in {"cooccurrence", "pmi", "jaccard"}:
        raise ValueError(f"measure is {measure!r}: it must be cooccurrence, pmi or jaccard")
    return entries_of(database.read(f"count_{measure}", product_id=product_id, k=k))


def why(database: Database, product_id: str, related_id: str, *, k: int = 3) -> list[Connection]:
    """How two products hang together (``why.cypher``): directly, through at most ``k`` others, by shared facts."""
    _check_k(k)
    return [Connection(**row) for row in database.read("why", product_id=product_id, related_id=related_id, k=k)]


def search(database: Database, text: str, *, k: int = 10) -> list[FoundProduct]:
    """Products whose title or id holds the words of ``text``, best first.

    Whole words count most, then words that begin so, then words with a letter or two wrong. Nothing in ``text`` is
    taken as an operator.
    """
    _check_k(k)
    words = title_words(text[:500]).split()
    if not words:
        return []
    query = " ".join(f"({word}^4 OR {word}*^2 OR {word}~)" for word in words)
    rows = database.read("search_title", words=query, k=k)
    return [FoundProduct(**{**row, "categories": paths_of(row["categories"])}) for row in rows]


def refresh_popular(database: Database, count: int = POPULAR_COUNT) -> int:
    """Write down the most linked products, which the fallback reads; gives how many. Part of every publish."""
    rows = database.write("popular_refresh", count=count)
    return int(rows[0]["products"]) if rows else 0


def _facts(new: NewProduct) -> dict[str, Any]:
    return {
        "words": title_words(new.title),
        "brand": new.brand,
        "categories": list(new.categories),
        "exclude": [] if new.product_id is None else [new.product_id],
    }


def _check_k(k: int) -> None:
    if k < 1:
        raise UserError(f"k is {k}: ask for at least one product")

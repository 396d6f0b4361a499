"""What a shop would show for a product, and what to say when the product is not known."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from graph.database import Database
from graph.errors import UserError


@dataclass(frozen=True)
class RelatedProduct:
    """One entry of an answer, best first.

    ``reason`` is machine-readable, ``kind:what``; see :func:`reason_sentence`.
    """

    rank: int
    product_id: str
    title: str | None
    brand: str | None
    price: float | None
    categories: list[str]
    score: float
    reason: str


@dataclass(frozen=True)
class RelatedAnswer:
    """What is shown for one product.

    Attributes:
        product: The product that was asked about: product_id, title, brand, price, categories, listed, neighbours.
        related: Best first.
        source: ``run`` where the serving run listed them, ``category`` where they are only the most popular products
            of the same category, ``none`` where there is nothing to show.
        run_id: The run that answered, where one did.
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


def related(database: Database, product_id: str, *, k: int = 10, pointer: str = "default") -> RelatedAnswer:
    """The products to show beside ``product_id``, from the run that ``pointer`` names.

    Raises:
        UnknownProductError: no such product.
        UserError: ``k`` below 1, or the database has never been loaded.
    """
    if k < 1:
        raise UserError(f"k is {k}: ask for at least one product")
    found = database.read("product", product_id=product_id, pointer=pointer)
    if not found:
        raise UnknownProductError(product_id, near_matches(database, product_id))
    product = found[0]
    run_id, has_list = product.pop("run_id"), product.pop("has_list")
    product.pop("model")
    rows = database.read("related", product_id=product_id, k=k, pointer=pointer) if has_list else []
    if rows:
        return RelatedAnswer(product, _entries(rows), "run", run_id, "")
    rows = database.read("fallback_category", product_id=product_id, k=k)
    if run_id is None:
        why = "no run serves yet (`alsobought train`, then `alsobought publish`)"
    elif not product["listed"]:
        why = "the shop does not list this product; other products' lists name it"
    else:
        why = "the serving run has no list for this product"
    if not rows:
        return RelatedAnswer(product, [], "none", run_id, f"{why}, and no other product shares its category")
    return RelatedAnswer(
        product, _entries(rows), "category", run_id, f"{why}: these are the most popular of its category"
    )


def _entries(rows: list[dict[str, Any]]) -> list[RelatedProduct]:
    return [
        RelatedProduct(
            rank=rank,
            product_id=row["product_id"],
            title=row["title"],
            brand=row["brand"],
            price=row["price"],
            categories=list(row["categories"] or []),
            score=float(row["score"]),
            reason=row["reason"] or "",
        )
        for rank, row in enumerate(rows, start=1)
    ]


def near_matches(database: Database, text: str, k: int = 5) -> list[dict[str, Any]]:
    """Products whose id starts like ``text``, whose id differs by a letter or two, or whose title holds its words."""
    text = text.strip()[:200]
    found: dict[str, dict[str, Any]] = {}
    prefix = text[: max(3, len(text) - 3)]
    words = " ".join(re.findall(r"\w+", text))
    searches: list[list[dict[str, Any]]] = []
    if words:
        fuzzy = " ".join(f"{word}~" for word in words.lower().split())
        searches.append(database.read("search_title", words=fuzzy, k=k))
    if prefix:
        searches.append(database.read("search_id", start=prefix, k=k))
    for rows in searches:
        for row in rows:
            found.setdefault(row["product_id"], row)
    return list(found.values())[:k]

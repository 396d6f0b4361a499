"""One product as a line of a file states it, before it becomes a row of a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import Any


class BadLineError(ValueError):
    """The line cannot be read as a product.

    Attributes:
        kind: A short name to count by, e.g. ``not_a_literal``.
        reason: What is wrong, for a person.
    """

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


@dataclass(slots=True)
class Record:
    """A product and what its page states about others.

    Attributes:
        product_id: As in the file; checked.
        title, brand: Text without markup, or None.
        price: In the catalogue's currency, or NaN.
        categories: Paths, each one string (``Beauty > Hair Care > Shampoo``).
        sales_rank: 1 is best; NaN where absent.
        statements: (relation of :data:`graph.relations.RELATIONS`, the list as it stands in the file).
        ignored: Entries of lists that are no relation of ours, by the list's name.
        repairs: (kind, reason) of everything that was mended or left out.
    """

    product_id: str
    title: str | None = None
    brand: str | None = None
    price: float = nan
    categories: list[str] = field(default_factory=list)
    sales_rank: float = nan
    statements: list[tuple[str, list[Any]]] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)
    repairs: list[tuple[str, str]] = field(default_factory=list)

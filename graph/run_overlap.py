"""How far two runs agree: what their lists share, over the whole catalogue or product by product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graph.browse import ListEntry
from graph.database import Database


@dataclass(frozen=True)
class Overlap:
    """Share of two runs' first ``k`` that both have.

    Attributes:
        mean: Mean over the products; 1.0 where all lists are the same but for their order.
        low: Lower end of the 95 % interval of the mean (normal approximation over products).
        high: Upper end.
        products: Products of the sample that have a list in both runs.
        k: Length of the lists compared.
        different: Products whose lists share nothing.
    """

    mean: float
    low: float
    high: float
    products: int
    k: int
    different: int


@dataclass(frozen=True)
class AlignedRow:
    """One product in several runs' lists: its rank in each, None where it is not there.

    ``moved`` is how many places the last run that has it ranks it higher than the first that has it.
    """

    entry: ListEntry
    ranks: tuple[int | None, ...]
    in_all: bool
    only: int | None
    moved: int | None


def sample_ids(database: Database, n: int = 500) -> list[str]:
    """About ``n`` listed products, spread evenly over the catalogue; the same every time."""
    return [row["product_id"] for row in database.read("sample_ids", n=n)]


def overlap(database: Database, ids: Sequence[str], run_a: str, run_b: str, *, k: int = 10) -> Overlap | None:
    """How much of two runs' first ``k`` is the same, over the products ``ids``; None where none has both lists."""
    rows = database.read("run_overlap", ids=list(ids), run_a=run_a, run_b=run_b, k=k)
    shares = [row["shared"] / longest for row in rows if (longest := max(row["first"], row["second"]))]
    if not shares:
        return None
    n = len(shares)
    mean = sum(shares) / n
    spread = (sum((share - mean) ** 2 for share in shares) / max(n - 1, 1)) ** 0.5
    margin = 1.96 * spread / n**0.5
    return Overlap(mean, max(mean - margin, 0.0), min(mean + margin, 1.0), n, k, sum(share == 0 for share in shares))


def align(lists: Sequence[Sequence[ListEntry]]) -> list[AlignedRow]:
    """The lists of several runs for one product, put together: a row a product, best rank first."""
    entries: dict[str, ListEntry] = {}
    ranks: dict[str, list[int | None]] = {}
    for i, entries_of_run in enumerate(lists):
        for entry in entries_of_run:
            entries.setdefault(entry.product_id, entry)
            ranks.setdefault(entry.product_id, [None] * len(lists))[i] = entry.rank
    rows = []
    for product_id, places in ranks.items():
        held = [(i, rank) for i, rank in enumerate(places) if rank is not None]
        rows.append(
            AlignedRow(
                entry=entries[product_id],
                ranks=tuple(places),
                in_all=len(held) == len(lists),
                only=held[0][0] if len(held) == 1 and len(lists) > 1 else None,
                moved=held[0][1] - held[-1][1] if len(held) > 1 else None,
            )
        )

    def order(row: AlignedRow) -> tuple[Any, ...]:
        known = [rank for rank in row.ranks if rank is not None]
        return min(known), sum(known) / len(known), row.entry.product_id

    return sorted(rows, key=order)

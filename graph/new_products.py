"""Products that came after the run that serves: what they go with, and results written under the run's own names.

Only products that have no list of the run get one, and the run counts them. Their properties bear the run's names, so
they go when the run goes (:func:`graph.runs.drop_results`), and readers need to know nothing of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

from graph.database import Database
from graph.lock import WriterLock
from graph.related import Filters, paths_of, title_words
from graph.runs import StoredRun

#: Neighbours that are looked at of each new product, the heaviest.
MOST_NEIGHBOURS: Final = 50
#: What a link through a product that is not listed counts, as a share of a direct one.
BRIDGE_WEIGHT: Final = 0.3
#: Look-alikes of a product that nobody bought yet.
LOOK_ALIKES: Final = 10
#: Products a question to the database ...
_BATCH: Final = 500
#: ... where each is a search for words and categories ...
_SEARCH_BATCH: Final = 50
#: ... and where each brings vectors.
_VECTOR_BATCH: Final = 2_000


def without_list(database: Database, run: StoredRun) -> list[dict[str, Any]]:
    """Listed products that ``run`` has no list for: product_id, title, brand, categories; by ascending id."""
    return database.read("new_products", related=run.facts["related"])


def neighbours_of(database: Database, ids: Sequence[str]) -> dict[str, list[tuple[str, float, bool, str | None]]]:
    """The listed products that each is linked with, heaviest first: (product id, weight, linked directly, bridge)."""
    found: dict[str, list[tuple[str, float, bool, str | None]]] = {}
    for part in _parts(ids, _BATCH):
        rows = database.read("new_product_neighbours", ids=part, most=MOST_NEIGHBOURS, bridge_weight=BRIDGE_WEIGHT)
        found |= {row["product_id"]: [tuple(each) for each in row["neighbours"]] for row in rows}
    return found


def look_alikes(
    database: Database, run: StoredRun, products: Sequence[dict[str, Any]]
) -> dict[str, list[tuple[str, float]]]:
    """The products with a list that are described most like each of ``products``: (product id, likeness above 0)."""
    found: dict[str, list[tuple[str, float]]] = {}
    asked = [
        {
            "id": product["product_id"],
            "words": title_words(product["title"]),
            "brand": product["brand"],
            "categories": paths_of(product["categories"]),
        }
        for product in products
    ]
    for part in _parts(asked, _SEARCH_BATCH):
        rows = database.read("new_product_alike", rows=part, related=run.facts["related"], k=LOOK_ALIKES)
        found |= {
            row["product_id"]: [(name, float(alike)) for name, alike in row["alike"] if alike > 0] for row in rows
        }
    return found


def results_of(database: Database, run: StoredRun, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the run says of each product: related, vector, query_vector, place; None for what it does not have."""
    names = {key: run.facts.get(key) for key in ("related", "embedding", "query_embedding", "map")}
    found: dict[str, dict[str, Any]] = {}
    for part in _parts(ids, _VECTOR_BATCH):
        found |= {row["product_id"]: row for row in database.read("results_of", ids=part, **names)}
    return found


def listed_among(database: Database, ids: Sequence[str]) -> set[str]:
    """Those of ``ids`` that are in the database and listed."""
    return {row["product_id"] for part in _parts(ids, 10_000) for row in database.read("listed_among", ids=part)}


def fallback(database: Database, product_id: str, k: int, *, category: bool) -> list[dict[str, Any]]:
    """The most linked products of the product's own categories (``category``) or of the shop, at most ``k``."""
    name = "fallback_category" if category else "popular"
    return database.read(name, product_id=product_id, k=k, **Filters().parameters())


def write_results(database: Database, run: StoredRun, rows: Sequence[dict[str, Any]], lock: WriterLock) -> int:
    """Write results of ``run`` on products that have none; gives how many were written.

    Args:
        database: Where to.
        run: The run whose names are used; it counts what is written, in the same transaction.
        rows: id, related, score, reason (lists of one length), vector, query_vector, place (lists of numbers, or None).
        lock: The writers' lock, held.

    Raises:
        LockLostError: somebody else writes by now.
    """

    def work(tx: Any, part: Sequence[dict[str, Any]]) -> int:
        lock.require(tx)
        found = database.run_in(tx, "run_new_products", run_id=run.run_id, rows=part)
        written = list(found[0]["written"]) if found else []
        if written and run.facts.get("relationships"):
            facts = {"related": "related", "score": "related_score", "reason": "related_reason"}
            names = {parameter: run.facts[fact] for parameter, fact in facts.items()}
            database.run_in(tx, "run_relationships", ids=written, run_id=run.run_id, **names)
        return len(written)

    return sum(int(database.transaction(partial(work, part=part))) for part in _parts(rows, _BATCH))


def _parts(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])

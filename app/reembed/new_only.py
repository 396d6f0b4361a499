"""``--new-only``: a list and vectors for what came after the run that serves, in seconds, until the next full run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from graph.errors import UserError
from models.fold_in import Entry, Neighbour, as_long_as, fused_list, mean_vector

if TYPE_CHECKING:
    from graph.database import Database
    from graph.runs import StoredRun
    from models.base import OnProgress

#: Products whose neighbours' results are held at a time.
_BATCH = 1_000


def embed_new(
    database: Database,
    run: StoredRun,
    k: int,
    *,
    dry_run: bool = False,
    on_progress: OnProgress | None = None,
) -> dict[str, int]:
    """Give every listed product that ``run`` has no list for a list, and vectors where the run has vectors.

    Both come from the products that it is linked with, directly or through products that are not listed; else from
    those that are described alike; else the list holds what is most linked of its categories and of the shop. Written
    under the run's names, on products that have none, and counted on the run.

    Args:
        database: Where they stand.
        run: The run that serves.
        k: Length of the lists.
        dry_run: Count only.
        on_progress: Told of products done.

    Returns:
        ``found`` (products without a list), ``from_pairs``, ``from_descriptions`` and ``from_popularity`` (where the
        lists come from), ``written``.

    Raises:
        LockedError: somebody else writes at the moment.
        UserError: the database went away.
    """
    from graph.lock import writer_lock
    from graph.new_products import without_list, write_results

    progress = on_progress or (lambda what, done, total: None)
    counts = {"found": 0, "from_pairs": 0, "from_descriptions": 0, "from_popularity": 0, "written": 0}
    products = without_list(database, run)
    counts["found"] = len(products)
    if not products:
        return counts
    popular = _Popular(database)
    with writer_lock(database, f"new products of {run.run_id}") as lock:
        for start in range(0, len(products), _BATCH):
            part = products[start : start + _BATCH]
            rows = _results(database, run, part, k, popular, counts)
            if not dry_run:
                counts["written"] += write_results(database, run, rows, lock)
            progress("new products", min(start + _BATCH, len(products)), len(products))
    return counts


def _results(
    database: Database,
    run: StoredRun,
    products: Sequence[dict[str, Any]],
    k: int,
    popular: _Popular,
    counts: dict[str, int],
) -> list[dict[str, Any]]:
    """The rows that :func:`graph.new_products.write_results` takes; what they come from is counted."""
    from graph.new_products import listed_among, look_alikes, neighbours_of, results_of

    goes_with = {
        product_id: [Neighbour(name, weight, direct=direct, bridge=bridge) for name, weight, direct, bridge in found]
        for product_id, found in neighbours_of(database, [each["product_id"] for each in products]).items()
    }
    lonely = [each for each in products if not goes_with.get(each["product_id"])]
    for product_id, alike in look_alikes(database, run, lonely).items():
        goes_with[product_id] = [Neighbour(name, likeness, shown=False, direct=False) for name, likeness in alike]
    described = {each["product_id"] for each in lonely}
    known = results_of(database, run, sorted({one.product_id for found in goes_with.values() for one in found}))
    lists = {name: row["related"] for name, row in known.items() if row["related"] is not None}
    lists = _listed_only(lists, listed_among(database, sorted({each for found in lists.values() for each in found})))
    rows = []
    for product in products:
        product_id = product["product_id"]
        neighbours = goes_with.get(product_id, [])
        entries = fused_list(product_id, neighbours, lists, k) if neighbours else []
        source = "popularity" if not entries else "descriptions" if product_id in described else "pairs"
        counts[f"from_{source}"] += 1
        entries = popular.fill(product, entries, k)
        if entries:
            rows.append(
                {
                    "id": product_id,
                    "related": [entry.product_id for entry in entries],
                    "score": [entry.score for entry in entries],
                    "reason": [entry.reason for entry in entries],
                    **_vectors(run, neighbours, known),
                }
            )
    return rows


def _listed_only(lists: dict[str, list[str]], listed: set[str]) -> dict[str, list[str]]:
    """Without what was taken out of the catalogue after the run."""
    return {name: [each for each in found if each in listed] for name, found in lists.items()}


def _vectors(
    run: StoredRun, neighbours: Sequence[Neighbour], known: dict[str, dict[str, Any]]
) -> dict[str, list[float] | None]:
    """vector, query_vector and place of a new product; None for what the run or the neighbours do not have."""

    def mean(key: str) -> Any:
        return mean_vector(neighbours, {name: row[key] for name, row in known.items() if row[key] is not None})

    item, query, place = (mean(key) for key in ("vector", "query_vector", "place"))
    if item is not None and run.facts.get("max_norm"):
        item = as_long_as(item, float(run.facts["max_norm"]), by_last=bool(run.facts.get("query_embedding")))
    return {
        "vector": None if item is None else item.tolist(),
        "query_vector": None if query is None else query.tolist(),
        "place": None if place is None else place.tolist(),
    }


class _Popular:
    """What fills a short list up: the most linked products, looked up once for each set of categories."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._of: dict[tuple[str, ...] | None, list[dict[str, Any]]] = {}

    def fill(self, product: dict[str, Any], entries: list[Entry], k: int) -> list[Entry]:
        """``entries`` and after them the most linked of the product's categories and of the shop, ``k`` in all.

        What is filled in scores below 0, as in the lists of a full run.
        """
        from graph.related import paths_of

        filled = list(entries)
        inside = {product["product_id"], *(entry.product_id for entry in filled)}
        for key in (tuple(paths_of(product["categories"])), None):
            if len(filled) >= k:
                break
            for row in self._looked_up(key, product["product_id"], k):
                if len(filled) < k and row["product_id"] not in inside:
                    inside.add(row["product_id"])
                    filled.append(Entry(row["product_id"], -1e-3 * (len(filled) - len(entries) + 1), row["reason"]))
        return filled

    def _looked_up(self, key: tuple[str, ...] | None, product_id: str, k: int) -> list[dict[str, Any]]:
        from graph.new_products import fallback

        if key == ():
            return []
        if key not in self._of:  # twice as many: those that a list holds already fall out
            self._of[key] = fallback(self.database, product_id, 2 * k + 1, category=key is not None)
        return self._of[key]


def require_serving(run: StoredRun | None, pointer: str) -> StoredRun:
    """``run``.

    Raises:
        UserError: nothing serves, so there is nothing to add to.
    """
    if run is None:
        raise UserError(
            f"no run serves as {pointer!r}, so new products have nothing to be added to",
            "`alsobought reembed` without --new-only makes one",
        )
    return run

"""A run's lists as ``(:Product)-[:RELATED {run_id, rank, score, reason}]->(:Product)``, for those who traverse.

The lists stand on the products anyway; this writes them once more, inside the database, from what stands there. It
takes several times as long as the lists and answers no faster, so it is done on request only. Every reader of
``[:RELATED]`` matches ``run_id``, as every reader of lists asks for the run that serves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from graph.database import Database
from graph.errors import UserError
from graph.runs import names_of
from graph.writing import Batch, Pace, counted, write_batches

#: Products a transaction, each with its whole list.
BATCH: Final = 1_000


def write_relationships(
    database: Database,
    run_id: str,
    *,
    on_progress: Callable[[str, int, int], None] | None = None,
    pace: Pace | None = None,
) -> int:
    """Write the lists of a run as relationships; those of an earlier, cut-off try go first. Gives their number.

    The caller holds the writers' lock.

    Raises:
        UserError: the run is not there, or the relationships that the database counts afterwards are not those of its
            lists.
    """
    progress = on_progress or (lambda what, done, total: None)
    names = names_of(run_id, database.shop)
    if not database.read("run_read", run_id=run_id):
        raise UserError(f"there is no run {run_id!r}", "`alsobought runs` lists those there are")
    with database.explained(), database.session() as session:
        session.run(database.statement("drop_relationships"), run_id=run_id).consume()
    database.schema("index_related")
    database.schema_wait(300)
    ids = [row["product_id"] for row in database.read("products_with_list", related=names["related"])]

    def batches() -> Iterator[Batch]:
        for start in range(0, len(ids), BATCH):
            part = ids[start : start + BATCH]
            yield (
                {
                    "ids": part,
                    "run_id": run_id,
                    "related": names["related"],
                    "score": names["related_score"],
                    "reason": names["related_reason"],
                },
                len(part),
            )

    on_written = counted(progress, "relationships", len(ids))
    write_batches(database, "run_relationships", [batches()], on_written=on_written, pace=pace)
    counts = database.read("run_check_relationships", run_id=run_id, related=names["related"])[0]
    if counts["relationships"] != counts["entries"]:
        raise UserError(
            f"{counts['relationships']} [:RELATED] stand in the database, the lists of {run_id} have "
            f"{counts['entries']} entries",
            "products may have been removed meanwhile: export, train and publish again",
        )
    database.write("run_has_relationships", run_id=run_id)
    written: int = counts["relationships"]
    return written

"""Room for a publish, looked at before it starts: free disk beside the database, and the server's heap."""

from __future__ import annotations

import shutil
from typing import Final

from graph.database import Database
from graph.errors import UserError

#: Bytes that an entry of a related list takes in the store: its id, score and reason.
_ENTRY_BYTES: Final = 64
#: Share that the store's blocks add to a vector's own bytes.
_STORE_OVERHEAD: Final = 1.2
#: An index holds each vector once, and while it merges its segments once more.
_INDEX_COPIES: Final = 2.2
#: Bytes of transaction log that are kept whatever is written.
_LOG_BYTES: Final = 256_000_000

#: Bytes of heap below which a server cannot take batches of vectors.
LEAST_HEAP: Final = 400_000_000


def needed_disk(products: int, dimensions: int, arrays: int, entries: int) -> int:
    """Bytes that a run takes beside the database while it is written, an estimate from above.

    Args:
        products: Number of listed products.
        dimensions: Of the vectors as they are stored.
        arrays: Vectors a product: 0, 1, or 2 where input and output differ.
        entries: Entries of all related lists together.
    """
    vectors = products * dimensions * 4
    store = vectors * arrays * _STORE_OVERHEAD
    index = vectors * _INDEX_COPIES if arrays else 0
    return int(store + index + entries * _ENTRY_BYTES + _LOG_BYTES)


def check_space(database: Database, needed: int) -> None:
    """Refuse what the server has no room for; what cannot be seen from here (a server elsewhere) is not judged.

    Raises:
        UserError: too little free disk, or a heap too small; the message says how much there is and what to do.
    """
    if database.data_folder is not None and database.data_folder.exists():
        free = shutil.disk_usage(database.data_folder).free
        if free < needed:
            raise UserError(
                f"publishing needs about {needed / 1e6:,.0f} MB of disk, {free / 1e6:,.0f} MB are free at "
                f"{database.data_folder}",
                "nothing was written; free some space (`alsobought prune` removes runs that nothing needs)",
            )
    heap = heap_limit(database)
    if heap is not None and heap < LEAST_HEAP:
        raise UserError(
            f"the server's heap is at most {heap / 1e6:,.0f} MB, a publish needs {LEAST_HEAP / 1e6:,.0f} MB",
            "nothing was written; raise server.memory.heap.max_size, or ALSOBOUGHT_NEO4J_MEMORY_MB for an embedded one",
        )


def heap_limit(database: Database) -> int | None:
    """Bytes that the server's heap may grow to; None where the server does not say."""
    import neo4j.exceptions as errors

    try:
        rows = database.read("server_heap")
    except (errors.ClientError, UserError):
        return None
    limit = rows[0]["most"] if rows else None
    return int(limit) if isinstance(limit, int) and limit > 0 else None

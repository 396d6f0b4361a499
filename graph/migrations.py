"""A database of an earlier release brought up to date: one step a schema version, each safe to run twice.

Whoever writes does it first, under the writers' lock; readers of an older schema go on working meanwhile, for a step
only adds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from graph.database import Database
from graph.errors import UserError
from graph.queries import refresh_popular
from graph.store import SCHEMA_VERSION, ensure_search, refuse_newer

log = logging.getLogger(__name__)


def _to_2(database: Database) -> None:
    """The most linked products are written down for readers, and titles are searched by a full-text index."""
    refresh_popular(database)
    ensure_search(database)


#: Version that a step starts from -> the step.
STEPS: Final[dict[int, Callable[[Database], None]]] = {1: _to_2}


def migrate(database: Database) -> list[int]:
    """Bring the store up to this release's schema; gives the versions that were reached, none where nothing was due.

    The caller holds the writers' lock. Cut off in the middle, the next writer goes on from the last whole step.

    Raises:
        UserError: the database was written by a later release, or there is no step from its version.
    """
    version = database.read("store_state")[0]["schema_version"]
    if version is None:  # nothing of ours yet
        return []
    refuse_newer(version)
    reached = []
    while version < SCHEMA_VERSION:
        if version not in STEPS:
            raise UserError(
                f"the database has schema version {version}, and this release can only bring it up from {min(STEPS)}",
                "update with the releases between, one after the other, or load it anew",
            )
        STEPS[version](database)
        version += 1
        database.write("store_version", schema_version=version)
        log.info("the database was brought up to schema version %d", version)
        reached.append(version)
    return reached

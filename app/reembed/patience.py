"""Waiting for a database that goes away in the middle, with a limit."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from graph.database import Database

log = logging.getLogger(__name__)

_T = TypeVar("_T")

#: Times that a step is begun at most: a database that answers and fails each time will go on failing.
TRIES: Final = 3


def patiently(database: Database, wait_seconds: float, work: Callable[[], _T]) -> _T:
    """What ``work`` gives; where the database is away meanwhile it is waited for, and ``work`` begins again.

    Args:
        database: Whose absence is waited for.
        wait_seconds: How long, over all tries together; 0 does not wait.
        work: A step that can be begun again at any time.

    Raises:
        DatabaseUnavailableError: it did not come back in time, or went away each time.
    """
    from graph.database import DatabaseUnavailableError

    left = wait_seconds
    for number in range(1, TRIES + 1):
        try:
            return work()
        except DatabaseUnavailableError as error:
            if number == TRIES or left <= 0:
                raise
            log.warning("the database went away; waiting up to %.0f s for it: %s", left, error.message)
            left -= _await(database, left)
    raise AssertionError("unreachable")


def _await(database: Database, most: float) -> float:
    """Seconds until the database answers again.

    Raises:
        DatabaseUnavailableError: it does not within ``most`` seconds.
    """
    from graph.database import DatabaseUnavailableError

    started = time.monotonic()
    while True:
        time.sleep(min(1.0, most))
        waited = time.monotonic() - started
        try:
            database.verify()
        except DatabaseUnavailableError:
            if waited >= most:
                raise
        else:
            return waited

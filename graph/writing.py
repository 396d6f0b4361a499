"""Many transactions of one statement, two at a time, and no faster than asked.

Neo4j runs a transaction on one core. Two that touch no common node never wait for each other, so whoever calls parts
the work into lanes that share none; a lane's batches go one after the other.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from graph.database import Database

#: Lanes that work is parted into where the caller is free to choose.
LANES: Final = 2

#: Parameters of one transaction, and how many things it writes.
Batch = tuple[dict[str, Any], int]

_T = TypeVar("_T")


class Pace:
    """At most so many batches a second, over all lanes: a load that leaves the database room for its readers."""

    def __init__(self, batches_per_second: float | None) -> None:
        """``batches_per_second``: positive, or None for as fast as it goes.

        Raises:
            ValueError: not a positive number.
        """
        if batches_per_second is not None and not batches_per_second > 0:
            raise ValueError(f"max_batches_per_second must be more than 0, not {batches_per_second}")
        self._gap = 0.0 if batches_per_second is None else 1.0 / batches_per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Sleep until the next batch may go."""
        if not self._gap:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._gap
        time.sleep(max(turn - now, 0.0))


def write_batches(
    database: Database,
    statement: str,
    lanes: Sequence[Iterable[Batch]],
    *,
    on_written: Callable[[int], None] | None = None,
    pace: Pace | None = None,
) -> None:
    """Run ``statement`` once a batch, the lanes beside each other.

    Args:
        database: Where to.
        statement: Name of a writing statement of ``graph/cypher``.
        lanes: Batches of each lane. No two lanes may write to the same node: they would wait for each other's locks.
        on_written: Called in the caller's thread with the number of things that one more batch has written.
        pace: How fast at most.

    Raises:
        Whatever a batch raises; batches that have not begun by then are not written.
    """
    said: queue.SimpleQueue[int | BaseException | None] = queue.SimpleQueue()
    stop = threading.Event()

    def work(lane: Iterable[Batch]) -> None:
        try:
            for parameters, size in lane:
                if stop.is_set():
                    break
                if pace is not None:
                    pace.wait()
                database.write(statement, **parameters)
                said.put(size)
            said.put(None)
        except BaseException as error:  # handed to the caller, whatever it is
            said.put(error)

    threads = [threading.Thread(target=work, args=(lane,), daemon=True) for lane in lanes]
    for thread in threads:
        thread.start()
    failure: BaseException | None = None
    running = len(threads)
    try:
        while running:
            message = said.get()
            if isinstance(message, int):
                if on_written is not None and failure is None:
                    on_written(message)
                continue
            running -= 1
            if message is not None:
                failure = failure or message
                stop.set()
    except BaseException:  # Ctrl-C, or the caller's own error: no lane begins another batch
        stop.set()
        raise
    finally:
        for thread in threads:
            thread.join()
    if failure is not None:
        raise failure


def counted(on_progress: Callable[[str, int, int], None], what: str, total: int) -> Callable[[int], None]:
    """An ``on_written`` that adds up and tells ``on_progress(what, done, total)``; one may serve several calls."""
    done = 0

    def on_written(size: int) -> None:
        nonlocal done
        done += size
        on_progress(what, done, total)

    return on_written


def dealt(items: Sequence[_T], lanes: int = LANES) -> list[list[_T]]:
    """``items`` parted as cards are dealt: for batches that share no node with each other anyway."""
    return [list(items[lane::lanes]) for lane in range(lanes)]

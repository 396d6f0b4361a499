"""How much memory a stretch of code takes at its height."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class PeakMemory:
    """Resident memory of this process, in bytes: before, and at its height."""

    def __init__(self, start: int) -> None:
        self.start = start
        self.peak = start

    @property
    def megabytes(self) -> float:
        """Highest resident memory of the process, in 10^6 bytes."""
        return self.peak / 1e6

    @property
    def growth_megabytes(self) -> float:
        """What was added at the height to what stood there before, in 10^6 bytes."""
        return (self.peak - self.start) / 1e6


@contextmanager
def peak_memory(every: float = 0.02) -> Iterator[PeakMemory]:
    """Sample resident memory every ``every`` seconds from a thread; what is shorter than that can be missed."""
    import psutil

    process = psutil.Process()
    seen = PeakMemory(process.memory_info().rss)
    finished = threading.Event()

    def sample() -> None:
        while not finished.wait(every):
            seen.peak = max(seen.peak, process.memory_info().rss)

    watcher = threading.Thread(target=sample, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        finished.set()
        watcher.join()
        seen.peak = max(seen.peak, process.memory_info().rss)

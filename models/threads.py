"""Threads for kernels that release the interpreter's lock. How work is cut never depends on how many there are."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def thread_count(threads: int | None) -> int:
    """``threads``, or as many as this process may use.

    Raises:
        ValueError: less than one.
    """
    if threads is None:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if threads < 1:
        raise ValueError(f"threads is {threads}: at least one thread has to do the work")
    return threads


def for_ranges(work: Callable[[int, int], object], total: int, size: int, threads: int | None = None) -> None:
    """Call ``work(start, stop)`` for consecutive ranges of ``size`` up to ``total``, in up to ``threads`` threads."""
    ranges = [(start, min(start + size, total)) for start in range(0, total, size)]
    count = min(thread_count(threads), len(ranges))
    if count <= 1:
        for start, stop in ranges:
            work(start, stop)
        return
    with ThreadPoolExecutor(count) as pool:
        for done in [pool.submit(work, start, stop) for start, stop in ranges]:
            done.result()
